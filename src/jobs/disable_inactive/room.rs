//! Whether what is told of an account has room in the application's columns: an account that does not fit is left as it
//! is and named, where the database would end the whole run (ORA-12899).

use std::collections::HashMap;

use crate::db::{Column, ColumnLength};

/// How long the texts may be that the job writes, by table and column.
pub(super) struct HistoryRoom(HashMap<(&'static str, String), ColumnLength>);

impl HistoryRoom {
    /// By the columns of these tables.
    pub(super) fn of(tables: &[(&'static str, &[Column])]) -> Self {
        let columns = tables.iter().flat_map(|(table, columns)| {
            columns.iter().map(move |column| ((*table, column.name.clone()), column.length))
        });
        HistoryRoom(columns.filter_map(|(name, length)| Some((name, length?))).collect())
    }

    /// Whether not every text has room there.
    pub(super) fn is_bounded(&self, table: &'static str, column: &str) -> bool {
        self.0.contains_key(&(table, column.to_owned()))
    }

    /// The first of these columns that has no room for its text, in words.
    pub(super) fn lacks(&self, table: &'static str, texts: &[(&str, &str)]) -> Option<String> {
        texts.iter().find_map(|(column, text)| {
            let length = self.0.get(&(table, (*column).to_owned()))?;
            let unit = if length.in_bytes { "bytes" } else { "characters" };
            let told = || format!("{table}.{column}, which holds {} {unit}", length.most);
            (!length.holds(text)).then(told)
        })
    }
}
