//! Comma-separated values (RFC 4180), UTF-8 without a mark in front.
//!
//! Every line has as many fields as there are columns, so that no parser stumbles: the evidence stands above the
//! column names in rows whose first field begins with `# ` and whose second holds the value. Text that a spreadsheet
//! would run as a formula gets an apostrophe in front, also behind a `;`, where a German one splits.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::body::BodyFile;
use super::row::{ACCESS_COLUMNS, AccessCells, COLUMNS, Cells, ReportColumn, RowCell};
use super::{ReportContent, ReportFormat, ReportPart, verdict};
use crate::db::write_day;
use crate::text::{guarded, is_formula};

/// A CSV file under way, and one beside it.
pub(super) struct Csv {
    rows: BodyFile,
    accesses: BodyFile,
    line: String,
}

impl Csv {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Csv> {
        Ok(Csv {
            rows: BodyFile::new(folder)?,
            accesses: BodyFile::new(folder)?,
            line: String::new(),
        })
    }
}

impl ReportFormat for Csv {
    fn row(&mut self, _: ReportPart, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        put_record(cells, &mut self.line);
        Ok(self.rows.write_all(self.line.as_bytes())?)
    }

    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()> {
        self.line.clear();
        put_record(cells, &mut self.line);
        Ok(self.accesses.write_all(self.line.as_bytes())?)
    }

    fn finish(
        self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        beside: Option<&mut File>,
    ) -> anyhow::Result<()> {
        self.rows.finish(head(content, &COLUMNS).as_bytes(), b"", out)?;
        match beside {
            Some(beside) => {
                self.accesses.finish(head(content, &ACCESS_COLUMNS).as_bytes(), b"", beside)
            }
            None => Ok(()),
        }
    }
}

/// The evidence, and the names of the columns.
fn head(content: &ReportContent<'_>, columns: &[ReportColumn]) -> String {
    let mut out = String::new();
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

fn put_record(cells: &[RowCell], out: &mut String) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        match cell {
            RowCell::Empty => {}
            RowCell::Text(text) => put_text(text, out),
            RowCell::Number(text) => out.push_str(text),
            RowCell::Day(day) => write_day(*day, out),
        }
    }
    out.push_str("\r\n");
}

/// Guarded, and quoted where any spreadsheet might split.
fn put_text(text: &str, out: &mut String) {
    let splits = |byte: u8| matches!(byte, b',' | b';' | b'"' | b'\r' | b'\n' | b'\t');
    // Of all bytes, and not until the first: that is seen many bytes at a time.
    if !text.bytes().fold(false, |found, byte| found | splits(byte)) {
        if is_formula(text, 0) {
            out.push('\'');
        }
        return out.push_str(text);
    }
    let text = guarded(text);
    out.push('"');
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_semicolon_is_quoted() {
        let mut out = String::new();
        put_record(
            &[
                RowCell::text("a;b"),
                RowCell::text("c\"d"),
                RowCell::Empty,
                RowCell::Number("-7".into()),
            ],
            &mut out,
        );
        assert_eq!(out, "\"a;b\",\"c\"\"d\",,-7\r\n");
    }
}
