//! Comma-separated values (RFC 4180), UTF-8 without a mark in front.
//!
//! Every line has as many fields as there are columns, so that no parser stumbles: the evidence
//! stands above the column names in rows whose first field begins with `# ` and whose second holds
//! the value. Text that a spreadsheet would run as a formula gets an apostrophe in front.

use std::fs::File;
use std::path::Path;

use csv::{Terminator, Writer, WriterBuilder};

use super::body::Body;
use super::entry::{COLUMNS, Cell, Cells, push_day};
use super::{Format, Part, Told};
use crate::text::guarded;

/// A CSV file under way.
pub(super) struct Csv {
    rows: Writer<Body>,
    room: Vec<u8>,
}

fn writer<W: std::io::Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

impl Csv {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Csv> {
        Ok(Csv { rows: writer(Body::new(folder)?), room: Vec::new() })
    }
}

impl Format for Csv {
    fn row(&mut self, _: Part, cells: &Cells) -> anyhow::Result<()> {
        for cell in cells {
            match cell {
                Cell::Empty => self.rows.write_field("")?,
                Cell::Text(text) => self.rows.write_field(guarded(text).as_bytes())?,
                Cell::Number(text) => self.rows.write_field(text)?,
                Cell::Day(day) => {
                    self.room.clear();
                    push_day(*day, &mut self.room);
                    self.rows.write_field(&self.room)?;
                }
            }
        }
        Ok(self.rows.write_record(None::<&[u8]>)?)
    }

    fn finish(self: Box<Self>, told: &Told<'_>, out: &mut File) -> anyhow::Result<()> {
        let mut head = writer(Vec::new());
        let mut evidence = |name: &str, value: &str| {
            let mut record = vec![String::new(); COLUMNS.len()];
            record[0] = format!("# {name}");
            record[1] = guarded(value).into_owned();
            head.write_record(&record)
        };
        evidence("title", &told.scope.title())?;
        for (name, value) in told.evidence.lines(told.tally) {
            evidence(name, &value)?;
        }
        for (status, n) in &told.tally.others {
            evidence("other status", &format!("{status}: {n}"))?;
        }
        head.write_record(COLUMNS.map(|column| column.name))?;
        let head = head.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let rows = self.rows.into_inner().map_err(csv::IntoInnerError::into_error)?;
        rows.finish(&head, b"", out)
    }
}
