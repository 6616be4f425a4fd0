//! One JSON document: `{"evidence", "summary", "other_statuses", "rows", "undated_rows"}`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::body::Body;
use super::entry::{COLUMNS, Cell, Cells};
use super::{Format, Part, Told};
use crate::db::write_json_text;

/// A JSON document under way.
pub(super) struct Json {
    body: Body,
    line: String,
    /// The part of the last row.
    part: Part,
    empty: bool,
}

/// Between the rows with a due date and those without.
const APART: &str = "\n],\n\"undated_rows\":[";

impl Json {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Json> {
        let body = Body::new(folder)?;
        Ok(Json { body, line: String::with_capacity(1 << 10), part: Part::Dated, empty: true })
    }
}

impl Format for Json {
    fn row(&mut self, part: Part, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        if part != self.part {
            self.line.push_str(APART);
            (self.part, self.empty) = (part, true);
        }
        self.line.push_str(if self.empty { "\n" } else { ",\n" });
        self.empty = false;
        for (place, (column, cell)) in COLUMNS.iter().zip(cells).enumerate() {
            self.line.push_str(if place == 0 { "{\"" } else { ",\"" });
            self.line.push_str(column.name);
            self.line.push_str("\":");
            match cell {
                Cell::Empty => self.line.push_str("null"),
                Cell::Text(text) => write_json_text(text, &mut self.line),
                Cell::Number(text) => self.line.push_str(text),
                Cell::Day(day) => self.line.push_str(&format!("\"{day}\"")),
            }
        }
        self.line.push('}');
        Ok(self.body.write_all(self.line.as_bytes())?)
    }

    fn finish(self: Box<Self>, told: &Told<'_>, out: &mut File) -> anyhow::Result<()> {
        let head = format!(
            "{{\"evidence\":{},\n\"summary\":{},\n\"other_statuses\":{},\n\"rows\":[",
            told.evidence.json(told.tally),
            serde_json::to_string(told.summary)?,
            json!(told.tally.others),
        );
        let foot =
            if self.part == Part::Dated { format!("{APART}]}}\n") } else { "\n]}\n".to_owned() };
        self.body.finish(head.as_bytes(), foot.as_bytes(), out)
    }
}
