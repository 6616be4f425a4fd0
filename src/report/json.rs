//! One JSON document: verdict, figures, findings, evidence, and then the rows.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::body::BodyFile;
use super::row::{ACCESS_COLUMNS, AccessCells, COLUMNS, Cells, ReportColumn, RowCell};
use super::{ReportContent, ReportFormat, ReportPart, verdict};
use crate::db::write_day;
use crate::text::write_json_text;

/// Which object this is; another number says that a reader must look again.
const SCHEMA: &str = "recert/report/2";

/// A JSON document under way.
pub(super) struct Json {
    body: BodyFile,
    accesses: BodyFile,
    /// What stands in front of each value of a response, and of an access.
    keys: Vec<String>,
    access_keys: Vec<String>,
    line: String,
    /// The part of the last row.
    part: ReportPart,
    is_empty: bool,
    has_accesses: bool,
}

/// Between the rows with a due date and those without.
const APART: &str = "\n],\n\"undated_rows\":[";
/// Between these and the accesses.
const ACCESSES: &str = "\n],\n\"accesses\":[";

impl Json {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Json> {
        Ok(Json {
            body: BodyFile::new(folder)?,
            accesses: BodyFile::new(folder)?,
            keys: keys(&COLUMNS),
            access_keys: keys(&ACCESS_COLUMNS),
            line: String::with_capacity(1 << 10),
            part: ReportPart::Dated,
            is_empty: true,
            has_accesses: false,
        })
    }
}

fn keys(columns: &[ReportColumn]) -> Vec<String> {
    let begins = std::iter::once('{').chain(std::iter::repeat(','));
    begins.zip(columns).map(|(begin, column)| format!("{begin}\"{}\":", column.name)).collect()
}

fn put_object(keys: &[String], cells: &[RowCell], out: &mut String) {
    for (key, cell) in keys.iter().zip(cells) {
        out.push_str(key);
        match cell {
            RowCell::Empty => out.push_str("null"),
            RowCell::Text(text) => write_json_text(text, out),
            RowCell::Number(text) => out.push_str(text),
            RowCell::Day(day) => {
                out.push('"');
                write_day(*day, out);
                out.push('"');
            }
        }
    }
    out.push('}');
}

impl ReportFormat for Json {
    fn row(&mut self, part: ReportPart, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        if part != self.part {
            self.line.push_str(APART);
            (self.part, self.is_empty) = (part, true);
        }
        self.line.push_str(if self.is_empty { "\n" } else { ",\n" });
        self.is_empty = false;
        put_object(&self.keys, cells, &mut self.line);
        Ok(self.body.write_all(self.line.as_bytes())?)
    }

    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()> {
        self.line.clear();
        self.line.push_str(if self.has_accesses { ",\n" } else { "\n" });
        self.has_accesses = true;
        put_object(&self.access_keys, cells, &mut self.line);
        Ok(self.accesses.write_all(self.line.as_bytes())?)
    }

    fn finish(
        self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        _: Option<&mut File>,
    ) -> anyhow::Result<()> {
        let verdict = json!({
            "sentence": verdict::sentence(content),
            "proof": verdict::proof(content),
            "proven": content.evidence.problems.is_empty(),
            "note": verdict::note(content),
        });
        let head = format!(
            "{{\"schema\":\"{SCHEMA}\",\n\"verdict\":{verdict},\n\"figures\":{},\n\"findings\":{},\n\"evidence\":{},\n\"summary\":{},\n\"other_statuses\":{},\n\"rows\":[",
            verdict::json(content),
            json!(content.summary.findings),
            content.evidence.json(content.tally),
            serde_json::to_string(content.summary)?,
            json!(content.tally.others),
        );
        let foot = if self.part == ReportPart::Dated {
            format!("{APART}{ACCESSES}")
        } else {
            ACCESSES.to_owned()
        };
        self.body.finish(head.as_bytes(), foot.as_bytes(), out)?;
        self.accesses.finish(b"", b"\n]}\n", out)
    }
}
