//! The bytes of one line as SQL's smallest parts: blanks, comments, words and quotes of all kinds.

use memchr::{memchr, memchr_iter, memmem};

/// The columns whose values are mended.
pub(super) const TARGETS: [&str; 2] = ["LINEMANAGER_NAME", "LINEMANAGER_MAIL_ID"];

/// A quotation mark that can stand round a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    Straight,
    /// `‘ ’ ‚ ‛`
    CurlySingle,
    /// `“ ” „ ‟`
    CurlyDouble,
}

/// Blanks and comments between two parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenGap {
    pub(super) end: usize,
    /// A comment in it holds a quote, so what looks like a comment may be a name.
    pub(super) quote_in_comment: bool,
    /// Ends within a comment that goes on below.
    pub(super) opens_comment: bool,
}

/// One line without its line end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn at(&self, i: usize) -> Option<u8> {
        self.bytes.get(i).copied()
    }

    /// The bytes from `start` to `end`, empty where there are none.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The quotation mark at `i`, and its length in bytes.
    pub(super) fn quote_at(&self, i: usize) -> Option<(Quote, usize)> {
        match self.at(i)? {
            b'\'' => Some((Quote::Straight, 1)),
            0xe2 if self.at(i + 1) == Some(0x80) => match self.at(i + 2)? {
                0x98..=0x9b => Some((Quote::CurlySingle, 3)),
                0x9c..=0x9f => Some((Quote::CurlyDouble, 3)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The next quotation mark from `i` on, with its place and length.
    pub(super) fn next_quote(&self, mut i: usize) -> Option<(usize, Quote, usize)> {
        while i < self.bytes.len() {
            if let Some((quote, length)) = self.quote_at(i) {
                return Some((i, quote, length));
            }
            i += 1;
        }
        None
    }

    pub(super) fn gap(&self, start: usize) -> TokenGap {
        let mut gap = TokenGap { end: start, quote_in_comment: false, opens_comment: false };
        loop {
            match (self.at(gap.end), self.at(gap.end + 1)) {
                (Some(blank), _) if is_blank(blank) => gap.end += 1,
                (Some(b'-'), Some(b'-')) => self.pass_comment(&mut gap, self.bytes.len()),
                (Some(b'/'), Some(b'*')) => {
                    match memmem::find(self.slice(gap.end + 2, self.bytes.len()), b"*/") {
                        Some(length) => {
                            let end = gap.end + 2 + length + 2;
                            self.pass_comment(&mut gap, end);
                        }
                        None => {
                            gap.opens_comment = true;
                            self.pass_comment(&mut gap, self.bytes.len());
                        }
                    }
                }
                _ => return gap,
            }
        }
    }

    fn pass_comment(&self, gap: &mut TokenGap, end: usize) {
        gap.quote_in_comment |= memchr(b'\'', self.slice(gap.end, end)).is_some();
        gap.end = end;
    }

    /// Where the word that starts at `start` ends; `start` itself if none does. A quotation mark is no part of it.
    pub(super) fn word_end(&self, start: usize) -> usize {
        let mut end = start;
        while self.at(end).is_some_and(is_word) && self.quote_at(end).is_none() {
            end += 1;
        }
        end
    }

    /// The end of a name, plain or in double quotes.
    pub(super) fn name_end(&self, start: usize) -> Option<usize> {
        if self.at(start) == Some(b'"') {
            let length = memchr(b'"', self.slice(start + 1, self.bytes.len()))?;
            return Some(start + 1 + length + 1);
        }
        let end = self.word_end(start);
        (end > start).then_some(end)
    }

    /// The end of a dotted path such as `S.USER_TAB.RAP`, and where its last name starts.
    pub(super) fn path(&self, start: usize) -> Option<(usize, usize)> {
        let (mut last, mut end) = (start, self.name_end(start)?);
        while self.at(end) == Some(b'.')
            && let Some(next) = self.name_end(end + 1)
        {
            (last, end) = (end + 1, next);
        }
        Some((last, end))
    }

    /// A name without its double quotes.
    pub(super) fn name(&self, start: usize, end: usize) -> &'a [u8] {
        let name = self.slice(start, end);
        name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name)
    }

    /// The end of the string that opens at `start`, as SQL reads it: pairs are apostrophes.
    pub(super) fn string_end(&self, start: usize) -> Option<usize> {
        let mut i = start + 1;
        loop {
            i += memchr(b'\'', self.slice(i, self.bytes.len()))? + 1;
            if self.at(i) != Some(b'\'') {
                return Some(i);
            }
            i += 1;
        }
    }

    /// The end of `'[…]'`, the string after a `q`.
    pub(super) fn alternative_string_end(&self, start: usize) -> Option<usize> {
        let close = match self.at(start + 1)? {
            b'[' => b']',
            b'{' => b'}',
            b'(' => b')',
            b'<' => b'>',
            same => same,
        };
        let length = memmem::find(self.slice(start + 2, self.bytes.len()), &[close, b'\''])?;
        Some(start + 2 + length + 2)
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// Bytes of a name or number. Those beyond ASCII are letters here, whatever the encoding.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || byte >= 0x80
}

pub(super) fn is_target(name: &[u8]) -> bool {
    TARGETS.iter().any(|target| name.eq_ignore_ascii_case(target.as_bytes()))
}

/// True if the text names one of the columns, be it in a comment.
pub(super) fn names_a_column(content: &[u8]) -> bool {
    const PREFIX: &[u8] = b"LINEMANAGER_";
    memchr_iter(b'_', content).any(|underscore| {
        let Some(start) = (underscore + 1).checked_sub(PREFIX.len()) else {
            return false;
        };
        let tail = content.get(start..).unwrap_or_default();
        let length = tail.iter().position(|b| !is_word(*b)).unwrap_or(tail.len());
        let before = start.checked_sub(1).and_then(|at| content.get(at));
        !before.is_some_and(|b| is_word(*b)) && is_target(tail.get(..length).unwrap_or_default())
    })
}
