//! Comma-separated values (RFC 4180), UTF-8 without a mark in front.
//!
//! Every line has as many fields as there are columns, so that no parser stumbles: the evidence stands above the
//! column names in rows whose first field begins with `# ` and whose second holds the value. Text that a spreadsheet
//! would run as a formula gets an apostrophe in front, also behind a `;`, where a German one splits.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::body::BodyFile;
use super::row::{ACCESS_COLUMNS, AccessCells, COLUMNS, Cells, Column, RowCell, push_day};
use super::{ReportContent, ReportFormat, ReportPart, verdict};
use crate::text::guarded;

/// A CSV file under way, and one beside it.
pub(super) struct Csv {
    rows: BodyFile,
    accesses: BodyFile,
    line: Vec<u8>,
}

impl Csv {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Csv> {
        Ok(Csv { rows: BodyFile::new(folder)?, accesses: BodyFile::new(folder)?, line: Vec::new() })
    }
}

impl ReportFormat for Csv {
    fn row(&mut self, _: ReportPart, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        put_record(cells, &mut self.line);
        Ok(self.rows.write_all(&self.line)?)
    }

    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()> {
        self.line.clear();
        put_record(cells, &mut self.line);
        Ok(self.accesses.write_all(&self.line)?)
    }

    fn finish(
        self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        beside: Option<&mut File>,
    ) -> anyhow::Result<()> {
        self.rows.finish(&head(content, &COLUMNS), b"", out)?;
        match beside {
            Some(beside) => self.accesses.finish(&head(content, &ACCESS_COLUMNS), b"", beside),
            None => Ok(()),
        }
    }
}

/// The evidence, and the names of the columns.
fn head(content: &ReportContent<'_>, columns: &[Column]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut evidence = |name: &str, value: &str| {
        let mut record = vec![RowCell::Empty; columns.len()];
        record[0] = RowCell::text(format!("# {name}"));
        record[1] = RowCell::text(value);
        put_record(&record, &mut out);
    };
    evidence("title", &content.scope.title());
    evidence("verdict", &verdict::sentence(content));
    for (name, value) in content.evidence.lines(content.tally) {
        evidence(name, &value);
    }
    for (status, n) in &content.tally.others {
        evidence("other status", &format!("{status}: {n}"));
    }
    for (name, value) in verdict::figures(content) {
        evidence(name, &value);
    }
    for finding in &content.summary.findings {
        evidence(
            &format!("finding {}", finding.kind),
            &format!("{}: {}", finding.key, finding.message),
        );
    }
    let names: Vec<RowCell> = columns.iter().map(|column| RowCell::text(column.name)).collect();
    put_record(&names, &mut out);
    out
}

fn put_record(cells: &[RowCell], out: &mut Vec<u8>) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match cell {
            RowCell::Empty => {}
            RowCell::Text(text) => put_text(&guarded(text), out),
            RowCell::Number(text) => out.extend_from_slice(text.as_bytes()),
            RowCell::Day(day) => push_day(*day, out),
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Quoted where any spreadsheet might split.
fn put_text(text: &str, out: &mut Vec<u8>) {
    if !text.bytes().any(|byte| matches!(byte, b',' | b';' | b'"' | b'\r' | b'\n' | b'\t')) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_semicolon_is_quoted() {
        let mut out = Vec::new();
        put_record(
            &[
                RowCell::text("a;b"),
                RowCell::text("c\"d"),
                RowCell::Empty,
                RowCell::Number("-7".to_owned()),
            ],
            &mut out,
        );
        assert_eq!(String::from_utf8(out).unwrap(), "\"a;b\",\"c\"\"d\",,-7\r\n");
    }
}
