//! Bytes → records: a strict, streaming reader of `;`-separated UTF-8 (RFC 4180 otherwise) that knows where it is.
//!
//! - LF, CRLF and CR end a record; empty lines are none. Inside quotes they are text, and count as lines.
//! - A quote inside an unquoted field is text (`12" disk`). Text after a closing quote is a [`CsvFault`] of the record. A quote
//!   that is never closed is a bad file, because it has swallowed every row after it.
//! - Memory does not grow with the file: a field, a record and the number of fields are limited; what goes beyond is read to
//!   its end and dropped, and is a [`CsvFault`].

use std::fmt;
use std::io::Read;

use super::encoding::Utf8Source;
use super::fault::{BadFile, ColumnPlace};

/// The most bytes of one field that are kept.
pub const FIELD_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of one record that are kept.
pub(crate) const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// The most fields of one record whose text is kept.
pub const FIELDS_MAX: usize = 1024;

/// What is wrong with a record as CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvFaultKind {
    /// `"ab"c`: something stands between the closing quote and the separator.
    TextAfterQuote,
    /// The field or the record is longer than the limits.
    TooLong,
}

/// What was expected instead.
impl fmt::Display for CsvFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CsvFaultKind::TextAfterQuote => f.write_str("a separator after the closing quote"),
            CsvFaultKind::TooLong => {
                write!(
                    f,
                    "at most {FIELD_BYTES_MAX} bytes a cell and {RECORD_BYTES_MAX} bytes a row"
                )
            }
        }
    }
}

/// The first fault of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvFault {
    /// The field it is in, counted from 0.
    pub field: usize,
    /// What it is.
    pub kind: CsvFaultKind,
}

/// One record; its buffers are used again for the next.
#[derive(Debug, Default)]
pub struct CsvRecord {
    /// The line it begins on, counted from 1.
    pub line: u64,
    /// The line it ends on; a later one when a quoted field holds line breaks.
    pub last_line: u64,
    /// Fields in the file, also those beyond [`FIELDS_MAX`].
    pub n_fields: usize,
    /// The first thing that is wrong with it.
    pub fault: Option<CsvFault>,
    /// No line end follows: it is the last record of a file that doesn't end with one.
    pub unterminated: bool,
    text: String,
    ends: Vec<usize>,
}

impl CsvRecord {
    /// The text of field `n`, counted from 0, without quotes; empty for one that isn't there.
    pub fn field(&self, n: usize) -> &str {
        let start = if n == 0 { Some(0) } else { self.ends.get(n - 1).copied() };
        let end = self.ends.get(n).copied();
        start.zip(end).and_then(|(start, end)| self.text.get(start..end)).unwrap_or("")
    }

    /// All fields whose text was kept.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|n| self.field(n))
    }

    /// The text of all fields, one behind the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line on which field `n` begins.
    pub fn line_of(&self, n: usize) -> u64 {
        self.line + (0..n.min(self.ends.len())).map(|n| line_breaks(self.field(n))).sum::<u64>()
    }

    fn begin(&mut self, line: u64) -> Vec<u8> {
        self.line = line;
        self.n_fields = 0;
        self.fault = None;
        self.unterminated = false;
        self.ends.clear();
        let mut text = std::mem::take(&mut self.text).into_bytes();
        text.clear();
        text
    }

    fn blame(&mut self, kind: CsvFaultKind) {
        self.fault.get_or_insert(CsvFault { field: self.n_fields, kind });
    }

    /// Adds to the current field what the limits allow. A cut never goes through a character.
    fn push(&mut self, text: &mut Vec<u8>, bytes: &[u8]) {
        let in_field = text.len() - self.ends.last().copied().unwrap_or(0);
        let room = FIELD_BYTES_MAX
            .saturating_sub(in_field)
            .min(RECORD_BYTES_MAX.saturating_sub(text.len()));
        if bytes.len() <= room && self.n_fields < FIELDS_MAX {
            text.extend_from_slice(bytes);
            return;
        }
        self.blame(CsvFaultKind::TooLong);
        if self.n_fields < FIELDS_MAX {
            let is_inside = |at: usize| bytes.get(at).is_some_and(|b| b & 0xC0 == 0x80);
            let cut = (0..=room).rev().find(|&at| !is_inside(at)).unwrap_or(0);
            text.extend_from_slice(bytes.get(..cut).unwrap_or_default());
        }
    }

    fn end_field(&mut self, text: &[u8]) {
        if self.n_fields < FIELDS_MAX {
            self.ends.push(text.len());
        }
        self.n_fields += 1;
    }
}

/// Line breaks in a text: LF, CRLF or CR, each once.
fn line_breaks(text: &str) -> u64 {
    let mut previous = 0;
    let mut n = 0;
    for b in text.bytes() {
        n += u64::from(b == b'\r' || (b == b'\n' && previous != b'\r'));
        previous = b;
    }
    n
}

/// Reads records off a file.
pub struct CsvReader<R> {
    source: Utf8Source<R>,
    /// The header's names, for messages.
    names: Vec<String>,
    header_line: u64,
}

impl<R: Read> CsvReader<R> {
    /// `name` is what messages call the file.
    pub fn new(input: R, name: &str) -> CsvReader<R> {
        CsvReader { source: Utf8Source::new(input, name), names: Vec::new(), header_line: 1 }
    }

    /// The file, as messages call it.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The line the header begins on, once it is read.
    pub(super) fn line_of_header(&self) -> u64 {
        self.header_line
    }

    /// From here on messages name the columns.
    pub fn set_names(&mut self, line: u64, names: Vec<String>) {
        self.header_line = line;
        self.names = names;
    }

    /// PersonColumn `n`, counted from 0.
    pub fn place(&self, n: usize) -> ColumnPlace {
        ColumnPlace { number: n + 1, name: self.names.get(n).cloned().unwrap_or_default() }
    }

    /// Reads the next record into `record`; `false` at the end of the file.
    ///
    /// # Errors
    /// `Exit::BadInput`: the file can't be read, is not UTF-8, or ends inside a quoted field.
    pub fn read(&mut self, record: &mut CsvRecord) -> anyhow::Result<bool> {
        let mut text = record.begin(0);
        let read = self
            .read_into(record, &mut text)
            .map_err(|bad| self.with_column(*bad, record).error())?;
        record.last_line = self.source.line();
        record.text = String::from_utf8(text).map_err(|_| {
            BadFile::at(self.name(), record.line, None, "expected UTF-8 throughout").error()
        })?;
        Ok(read)
    }

    /// Reads up to the line end, and leaves it: what follows must not spoil a record that is whole.
    fn read_into(
        &mut self,
        record: &mut CsvRecord,
        text: &mut Vec<u8>,
    ) -> Result<bool, Box<BadFile>> {
        loop {
            match self.source.peek()? {
                None => return Ok(false),
                Some(b'\n' | b'\r') => self.source.end_line()?,
                Some(_) => break,
            }
        }
        record.line = self.source.line();
        loop {
            let end = if self.source.peek()? == Some(b'"') {
                self.quoted(record, text)?
            } else {
                self.bare(record, text)?
            };
            record.end_field(text);
            match end {
                Some(b';') => self.source.skip(1),
                Some(_) => return Ok(true),
                None => {
                    record.unterminated = true;
                    return Ok(true);
                }
            }
        }
    }

    /// Up to the next separator, line end or end of file, which it returns and leaves.
    fn bare(
        &mut self,
        record: &mut CsvRecord,
        text: &mut Vec<u8>,
    ) -> Result<Option<u8>, Box<BadFile>> {
        loop {
            let chunk = self.source.chunk()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            match memchr::memchr3(b';', b'\n', b'\r', chunk) {
                Some(at) => {
                    let end = chunk.get(at).copied();
                    record.push(text, chunk.get(..at).unwrap_or_default());
                    self.source.skip(at);
                    return Ok(end);
                }
                None => {
                    record.push(text, chunk);
                    let len = chunk.len();
                    self.source.skip(len);
                }
            }
        }
    }

    /// From the opening quote to the separator behind the closing one.
    fn quoted(
        &mut self,
        record: &mut CsvRecord,
        text: &mut Vec<u8>,
    ) -> Result<Option<u8>, Box<BadFile>> {
        let opened = self.source.line();
        self.source.skip(1);
        loop {
            let chunk = self.source.chunk()?;
            if chunk.is_empty() {
                let what = "the quote that opens here is never closed: the file is cut off, or the quote stands alone";
                return Err(Box::new(BadFile::at(self.name(), opened, None, what)));
            }
            let at = memchr::memchr(b'"', chunk);
            let inside = at.and_then(|at| chunk.get(..at)).unwrap_or(chunk);
            record.push(text, inside);
            let len = inside.len();
            self.source.skip_text(len);
            if at.is_none() {
                continue;
            }
            self.source.skip(1);
            match self.source.peek()? {
                Some(b'"') => {
                    record.push(text, b"\"");
                    self.source.skip(1);
                }
                end @ (None | Some(b';' | b'\n' | b'\r')) => return Ok(end),
                Some(_) => {
                    record.blame(CsvFaultKind::TextAfterQuote);
                    return self.bare(record, text);
                }
            }
        }
    }

    /// An error that names a line happened in the field being read.
    fn with_column(&self, mut bad: BadFile, record: &CsvRecord) -> BadFile {
        if bad.line.is_some() {
            bad.column = Some(self.place(record.n_fields));
        }
        bad
    }
}
