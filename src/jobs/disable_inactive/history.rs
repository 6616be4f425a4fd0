//! The JSON texts of OPS_EVENT and OPS_DB_HISTORY: names in lower case, numbers as numbers, dates
//! in ISO 8601, NULL as null; blanks as the application writes them.

use std::collections::HashSet;

use crate::db::{Column, Dialect, Row, Value, parse_date};
use crate::text::write_json_text;

/// Columns whose text stands for a date: SQLite has no type for it, and Oracle needs none of this.
pub(super) struct DateColumns(HashSet<String>);

impl DateColumns {
    /// Those of a table's, by their declared type.
    pub(super) fn of(dialect: Dialect, columns: &[Column]) -> Self {
        if dialect == Dialect::Oracle {
            return DateColumns(HashSet::new());
        }
        let is_date = |data_type: &str| data_type == "DATE" || data_type.starts_with("TIMESTAMP");
        let columns = columns.iter().filter(|column| is_date(&column.data_type));
        DateColumns(columns.map(|column| column.name.clone()).collect())
    }

    fn write_json(&self, column: &str, value: &Value, out: &mut String) {
        match value {
            Value::Text(text) if self.0.contains(column) => match parse_date(text) {
                Some(at) => Value::Timestamp(at).write_json(out),
                None => value.write_json(out),
            },
            other => other.write_json(out),
        }
    }
}

/// OPS_EVENT.EVENT_DETAILS
pub(super) fn event_details(user_id: &Value) -> String {
    let mut out = String::from("{\"user_id\": ");
    user_id.write_json(&mut out);
    out.push_str(", \"message\": \"User deactivated via automated process.\"}");
    out
}

/// OPS_DB_HISTORY.EVENT_DETAILS: the row as it stands after the change, all columns.
pub(super) fn whole_row(row: &Row, new: &[(&str, &Value)], dates: &DateColumns) -> String {
    let mut out = String::from("{");
    for (at, (name, old)) in row.columns.iter().zip(&row.values).enumerate() {
        let value =
            new.iter().find(|(changed, _)| changed == name).map_or(old, |(_, value)| *value);
        begin_pair(at, name, &mut out);
        dates.write_json(name, value, &mut out);
    }
    out.push('}');
    out
}

/// OPS_DB_HISTORY.CHANGES: of each changed column what it is and what it was.
pub(super) fn changes(
    row: &Row,
    new: &[(&str, &Value)],
    dates: &DateColumns,
) -> anyhow::Result<String> {
    let mut out = String::from("{");
    for (at, (name, value)) in new.iter().enumerate() {
        begin_pair(at, name, &mut out);
        out.push_str("{\"new\": ");
        dates.write_json(name, value, &mut out);
        out.push_str(", \"old\": ");
        dates.write_json(name, row.get(name)?, &mut out);
        out.push('}');
    }
    out.push('}');
    Ok(out)
}

fn begin_pair(at: usize, name: &str, out: &mut String) {
    if at > 0 {
        out.push_str(", ");
    }
    write_json_text(&name.to_lowercase(), out);
    out.push_str(": ");
}
