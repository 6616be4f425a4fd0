//! The bytes of a file, handed out only once they are known to be UTF-8, and the position in it.

use std::io::{ErrorKind, Read};

use super::fault::BadFile;

const BUFFER_BYTES: usize = 128 * 1024;

/// What the first bytes say when a file is not UTF-8 text. The order matters: UTF-32's mark begins with UTF-16's.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "PDF"),
];

/// A buffered input. `buffer[at..valid]` is checked text not yet taken, `buffer[valid..end]` the start of a character.
pub(super) struct Utf8Source<R> {
    input: R,
    name: String,
    buffer: Box<[u8]>,
    at: usize,
    valid: usize,
    end: usize,
    /// No more bytes to come.
    is_eof: bool,
    /// `buffer[valid]` can't begin a UTF-8 character.
    is_bad: bool,
    has_begun: bool,
    line: u64,
    /// Bytes of the current line taken before `buffer[0]`, less those of earlier lines in the buffer.
    line_offset: i64,
    /// The last byte taken was a CR inside quotes: an LF now belongs to the same line break.
    after_cr: bool,
}

impl<R: Read> Utf8Source<R> {
    pub(super) fn new(input: R, name: &str) -> Utf8Source<R> {
        Utf8Source {
            input,
            name: name.to_owned(),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            at: 0,
            valid: 0,
            end: 0,
            is_eof: false,
            is_bad: false,
            has_begun: false,
            line: 1,
            line_offset: 0,
            after_cr: false,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The line of the next byte, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next byte; `None` at the end of the file.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Box<BadFile>> {
        Ok(self.chunk()?.first().copied())
    }

    /// Some bytes that come next, whole characters; none only at the end of the file.
    #[inline]
    pub(super) fn chunk(&mut self) -> Result<&[u8], Box<BadFile>> {
        if self.at == self.valid {
            self.fill()?;
        }
        Ok(self.buffer.get(self.at..self.valid).unwrap_or_default())
    }

    /// Takes `n` bytes of the chunk, none of them a line break.
    #[inline]
    pub(super) fn skip(&mut self, n: usize) {
        self.at += n;
        self.after_cr = false;
    }

    /// Takes `n` bytes of the chunk that may hold line breaks.
    pub(super) fn skip_text(&mut self, n: usize) {
        let to = self.at + n;
        while let Some(b) = self.buffer.get(self.at).copied().filter(|_| self.at < to) {
            self.at += 1;
            if b == b'\n' && self.after_cr {
                self.begin_line();
            } else if b == b'\n' || b == b'\r' {
                self.line += 1;
                self.begin_line();
            }
            self.after_cr = b == b'\r';
        }
    }

    /// Takes the line break that comes next: LF, CRLF or CR.
    pub(super) fn end_line(&mut self) -> Result<(), Box<BadFile>> {
        let is_cr = self.peek()? == Some(b'\r');
        self.skip(1);
        self.line += 1;
        self.begin_line();
        if is_cr && self.peek()? == Some(b'\n') {
            self.skip(1);
            self.begin_line();
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_wrap, reason = "a place in a buffer of 128 KiB")]
    fn begin_line(&mut self) {
        self.line_offset = -(self.at as i64);
    }

    /// Reads until there is checked text, or the file's end. Errs at the first bad byte once all before it is taken.
    #[cold]
    fn fill(&mut self) -> Result<(), Box<BadFile>> {
        while self.at == self.valid {
            if self.is_bad {
                return Err(self.not_utf8());
            }
            if self.is_eof {
                return Ok(());
            }
            self.drop_taken();
            self.read_more()?;
            self.check();
            if !self.has_begun {
                self.begin()?;
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_wrap, reason = "a place in a buffer of 128 KiB")]
    fn drop_taken(&mut self) {
        self.buffer.copy_within(self.at..self.end, 0);
        self.line_offset += self.at as i64;
        self.end -= self.at;
        (self.at, self.valid) = (0, 0);
    }

    fn read_more(&mut self) -> Result<(), Box<BadFile>> {
        // The signatures need four bytes; a pipe may give fewer at first.
        let wanted = if self.has_begun { self.end + 1 } else { 4 };
        while self.end < wanted && !self.is_eof {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => self.is_eof = true,
                Ok(n) => self.end += n,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => {
                    let what = format!("reading failed after line {}: {err}", self.line);
                    return Err(Box::new(BadFile::whole(&self.name, what)));
                }
            }
        }
        Ok(())
    }

    fn check(&mut self) {
        match std::str::from_utf8(self.buffer.get(..self.end).unwrap_or_default()) {
            Ok(_) => self.valid = self.end,
            Err(err) => {
                self.valid = err.valid_up_to();
                self.is_bad = err.error_len().is_some() || self.is_eof;
            }
        }
    }

    /// Looks at the first bytes: other encodings are named, a UTF-8 BOM is skipped.
    fn begin(&mut self) -> Result<(), Box<BadFile>> {
        self.has_begun = true;
        let bytes = self.buffer.get(..self.end).unwrap_or_default();
        let signed = SIGNATURES
            .iter()
            .find(|(signature, _)| bytes.starts_with(signature))
            .map(|(_, what)| *what);
        let what = signed.or(match bytes {
            [0, b, ..] | [b, 0, ..] if *b != 0 => Some("UTF-16"),
            _ => None,
        });
        if let Some(what) = what {
            let what = format!("expected UTF-8 text, found {what}: save the file as UTF-8");
            return Err(Box::new(BadFile::at(&self.name, 1, None, what)));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
            self.begin_line();
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_wrap, reason = "a place in a buffer of 128 KiB")]
    fn not_utf8(&self) -> Box<BadFile> {
        let position = self.line_offset + self.valid as i64 + 1;
        let bad = self.buffer.get(self.valid).copied().unwrap_or_default();
        let tail = self.buffer.get(self.valid..self.end).unwrap_or_default();
        let is_cut = std::str::from_utf8(tail).is_err_and(|err| err.error_len().is_none());
        let cause = if is_cut {
            "the file is cut off inside a character"
        } else {
            "the file looks like Windows-1252 or ISO 8859-1: save it as UTF-8"
        };
        let what = format!(
            "expected UTF-8, found byte 0x{bad:02X} at byte {position} of the line: {cause}"
        );
        Box::new(BadFile::at(&self.name, self.line, None, what))
    }
}
