//! What is wrong with a file, and what is wrong with a row: where, what was expected, what stood there.

use std::fmt;

use crate::exit::Exit;
use crate::text::is_invisible;

/// The most characters of a cell that a message repeats.
const FOUND_CHARS_MAX: usize = 60;

/// A column of the file: its number, counted from 1, and its header name where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Counted from 1.
    pub number: usize,
    /// As in the header; empty where it has no such column.
    pub name: String,
}

impl fmt::Display for ColumnPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}", self.number)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " (`{}`)", shown(&self.name)) }
    }
}

/// Why a whole file can't be used. Reaches the caller as an error of class [`Exit::BadInput`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// Its path, or `standard input`.
    pub file: String,
    /// Counted from 1.
    pub line: Option<u64>,
    /// The column that was being read.
    pub column: Option<ColumnPlace>,
    /// What was expected and what was found, and what to do about it.
    pub what: String,
}

impl BadFile {
    /// The file as a whole is wrong: no line to name.
    pub fn whole(file: &str, what: impl Into<String>) -> BadFile {
        BadFile { file: file.to_owned(), line: None, column: None, what: what.into() }
    }

    /// One place in the file is wrong.
    pub fn at(
        file: &str,
        line: u64,
        column: Option<ColumnPlace>,
        what: impl Into<String>,
    ) -> BadFile {
        BadFile { file: file.to_owned(), line: Some(line), column, what: what.into() }
    }

    /// The error the run ends with.
    pub fn error(self) -> anyhow::Error {
        anyhow::Error::new(self).context(Exit::BadInput)
    }
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", shown(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for BadFile {}

/// Whose row was rejected, as far as it can be read. A stored person with one of these ids or mail addresses (compared
/// without case) counts as delivered. A row with the right number of fields gives its own id, msgId and email; in a row whose
/// fields may have shifted, every piece of text is a candidate: better one person too many kept than one deleted by a typo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectIdentity {
    /// The id, the msgId.
    pub ids: Vec<String>,
    /// The mail address.
    pub emails: Vec<String>,
}

/// A row that can't be used. Holds personal data: for the rejects file, not for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// The line on which the faulty cell begins, counted from 1.
    pub line: u64,
    /// The faulty column's header name; empty where the header has no such column.
    pub column: String,
    /// Counted from 1.
    pub column_number: usize,
    /// What the column takes.
    pub expected: String,
    /// What stood there, shortened, control characters escaped.
    pub found: String,
    /// Whose row it is.
    pub identity: RejectIdentity,
    /// The row as it stood in the file (the start of it, when it is very long).
    pub row: String,
    /// The file ends in this row, without a line end: it is cut, and more rows may be missing after it.
    pub cut_off: bool,
    /// The row hasn't the header's shape, so that `identity` holds every piece of it.
    pub misshapen: bool,
}

impl RejectedRow {
    /// Expected and found, in one sentence.
    pub fn reason(&self) -> String {
        format!("expected {}, found {}", self.expected, self.found)
    }
}

/// Where and why, with what stood there.
impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = ColumnPlace { number: self.column_number, name: self.column.clone() };
        write!(f, "line {}, {place}: {}", self.line, self.reason())
    }
}

/// Text for a message: short, on one line, and without characters that would act on a terminal.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == FOUND_CHARS_MAX {
            shown.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A cell for a message: in backticks, or the word for an empty one.
pub(super) fn found(cell: &str) -> String {
    if cell.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(cell)) }
}
