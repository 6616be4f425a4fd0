//! The rows behind the header, and whether each has its shape. The same for both files.

use std::io::Read;

use super::csv::{CsvFault, CsvReader, CsvRecord, FIELDS_MAX};
use super::fault::{BadFile, RejectIdentity, RejectedRow, found};
use super::identity::mended;

/// The most bytes of a rejected row that are kept for the rejects file.
const ROW_BYTES_MAX: usize = 4096;

/// The records of a file behind its header, one at a time.
pub(super) struct ShapedRows<R> {
    pub(super) reader: CsvReader<R>,
    /// The row just read.
    pub(super) record: CsvRecord,
    n_columns: usize,
    has_rows: bool,
    is_done: bool,
    /// The row just read ends with the file, and not with a line end.
    is_unterminated: bool,
}

impl<R: Read> ShapedRows<R> {
    pub(super) fn new(reader: CsvReader<R>, n_columns: usize) -> ShapedRows<R> {
        ShapedRows {
            reader,
            record: CsvRecord::default(),
            n_columns,
            has_rows: false,
            is_done: false,
            is_unterminated: false,
        }
    }

    /// Whether the last row read has a line end.
    pub(super) fn ends_a_line(&self) -> bool {
        !self.is_unterminated
    }

    /// Reads the next row that is not blank into `record`; a reject when it hasn't the header's shape. Ends after an error.
    pub(super) fn advance(&mut self) -> Option<anyhow::Result<Result<(), Box<RejectedRow>>>> {
        if self.is_done {
            return None;
        }
        let row = self.read_row().transpose();
        self.is_done = !matches!(row, Some(Ok(_)));
        row
    }

    fn read_row(&mut self) -> anyhow::Result<Option<Result<(), Box<RejectedRow>>>> {
        while self.reader.read(&mut self.record)? {
            // A blank row behind the last one shows that its line ended.
            self.is_unterminated = self.record.unterminated && !is_blank(&self.record);
            if is_blank(&self.record) {
                continue;
            }
            self.has_rows = true;
            let fault = fault(&self.reader, &self.record, self.n_columns)?;
            return Ok(Some(fault.map_or(Ok(()), |reject| Err(Box::new(reject)))));
        }
        if self.has_rows {
            return Ok(None);
        }
        Err(BadFile::whole(self.reader.name(), "the file has a header and no rows").error())
    }
}

/// ShapedRows that hold nothing but separators and blanks are no rows: spreadsheets leave them at the end.
pub(super) fn is_blank(record: &CsvRecord) -> bool {
    record.fault.is_none() && record.text().trim().is_empty()
}

/// Whether a record has the header's shape; `None` when it has.
///
/// # Errors
/// `Exit::BadInput` when quoted text runs over several lines and may have swallowed other rows: their people would be
/// taken for gone.
pub(super) fn fault<R: Read>(
    reader: &CsvReader<R>,
    record: &CsvRecord,
    n_columns: usize,
) -> anyhow::Result<Option<RejectedRow>> {
    if record.last_line > record.line {
        refuse_swallowed_rows(reader, record, n_columns)?;
    }
    // Too many fields for the limit are too many for the header; that says more.
    if let Some(CsvFault { field, kind }) = record.fault.filter(|_| record.n_fields <= FIELDS_MAX) {
        let found = found(record.field(field));
        return Ok(Some(misshapen(reader, record, field, kind.to_string(), found)));
    }
    if record.n_fields != n_columns {
        let first = record.n_fields.min(n_columns);
        return Ok(Some(misshapen(
            reader,
            record,
            first,
            format!("{n_columns} columns"),
            format!("{}", record.n_fields),
        )));
    }
    if record.text().contains('\0')
        && let Some(n) = (0..n_columns).find(|&n| record.field(n).contains('\0'))
    {
        return Ok(Some(misshapen(
            reader,
            record,
            n,
            "text without NUL bytes".to_owned(),
            found(record.field(n)),
        )));
    }
    Ok(None)
}

/// A quote that stands alone makes text of everything up to the next quote, rows included. Such a record has the wrong
/// number of fields, or text after the closing quote, or a field that holds at least a row's separators.
fn refuse_swallowed_rows<R: Read>(
    reader: &CsvReader<R>,
    record: &CsvRecord,
    n_columns: usize,
) -> anyhow::Result<()> {
    let is_multi_line = |n: &usize| record.field(*n).contains(['\n', '\r']);
    let opened = (0..record.n_fields.min(FIELDS_MAX)).find(is_multi_line).unwrap_or(0);
    let separators = (0..record.n_fields.min(FIELDS_MAX))
        .filter(is_multi_line)
        .map(|n| record.field(n).matches(';').count())
        .max()
        .unwrap_or(0);
    if record.fault.is_none() && record.n_fields == n_columns && separators + 1 < n_columns.max(2) {
        return Ok(());
    }
    let what = format!(
        "quoted text opens here and runs on to line {}: a quote that stands alone seems to have swallowed rows",
        record.last_line
    );
    Err(BadFile::at(reader.name(), record.line_of(opened), Some(reader.place(opened)), what)
        .error())
}

/// A reject of a row whose fields may stand in other columns than their own.
fn misshapen<R: Read>(
    reader: &CsvReader<R>,
    record: &CsvRecord,
    field: usize,
    expected: String,
    found: String,
) -> RejectedRow {
    let identity = candidates(record);
    RejectedRow { misshapen: true, ..reject(reader, record, field, expected, found, identity) }
}

/// A reject because of field `n`, counted from 0.
pub(super) fn reject<R: Read>(
    reader: &CsvReader<R>,
    record: &CsvRecord,
    n: usize,
    expected: String,
    found: String,
    identity: RejectIdentity,
) -> RejectedRow {
    let place = reader.place(n);
    RejectedRow {
        line: record.line_of(n),
        column: place.name,
        column_number: place.number,
        expected,
        found,
        identity,
        row: row(record),
        cut_off: record.unterminated,
        misshapen: false,
    }
}

/// Every piece of text in the row that may be an id or a mail address.
fn candidates(record: &CsvRecord) -> RejectIdentity {
    let mut identity = RejectIdentity::default();
    let pieces = record.fields().flat_map(|field| field.split([';', '"', '\n', '\r', '\0']));
    for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
        if piece.contains('@') {
            identity.emails.push(mended(piece));
        } else {
            identity.ids.push(mended(piece));
        }
    }
    identity
}

/// The row as CSV again.
fn row(record: &CsvRecord) -> String {
    let mut row = String::new();
    for (n, field) in record.fields().enumerate() {
        if n > 0 {
            row.push(';');
        }
        if field.contains([';', '"', '\n', '\r']) {
            row.extend(["\"", &field.replace('"', "\"\""), "\""]);
        } else {
            row.push_str(field);
        }
        if row.len() > ROW_BYTES_MAX {
            let cut = (0..=ROW_BYTES_MAX).rev().find(|&at| row.is_char_boundary(at)).unwrap_or(0);
            row.truncate(cut);
            row.push('…');
            break;
        }
    }
    row
}
