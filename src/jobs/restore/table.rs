//! The rows of a run, held against the table as it is now.
//!
//! The table is read once, whole, and only the rows that a change speaks of are kept: no look-up a
//! row, however many there are. Rows are known by all their columns, as no key is promised; of rows
//! that are all alike it does not matter which one is meant.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, anyhow};

use super::image::{RowImage, meaning_of, value_of};
use super::source::ChangedRow;
use crate::db::{Column, Dialect, Read, Row, Value};
use crate::exit::Exit;
use crate::schema::{Owner, tables};
use crate::sql::{Sql, quote_name};

/// Columns that name one row, where the application promises that; of a month, that recert adds it
/// only where there is none. The same role may stand in several rows of a person.
const KEYS: [(&str, &[&str]); 6] = [
    ("OPS_USER", &["ID"]),
    ("USER_SESSION", &["ID"]),
    ("OPS_EVENT", &["ID"]),
    ("OPS_DB_HISTORY", &["ID"]),
    ("PM_USER", &["ID"]),
    ("PM_AVAILABILITY", &["USER_ID", "MONTH"]),
];

/// What is to be done about a row.
pub(super) enum RowTodo {
    /// It is not there, as before the run.
    Nothing,
    /// It is as it was before the run.
    IsThere(RowNow),
    /// Somebody changed it since the run.
    ChangedSince,
    /// It is to come back.
    Insert,
    /// It is to get its old values.
    Update(RowNow),
    /// It is to go again.
    Delete(RowNow),
}

/// A row as it is now.
#[derive(Clone)]
pub(super) struct RowNow {
    pub(super) row_id: Value,
    pub(super) image: String,
}

/// Where columns stand in a row of the answer.
struct ColumnPlaces {
    lists: Vec<Vec<Option<usize>>>,
    key: Vec<Option<usize>>,
}

impl ColumnPlaces {
    fn of(row: &Row, lists: &[Vec<String>], key: &[&str]) -> Self {
        // The first column is the row's address.
        let place = |column: &str| (1..row.columns.len()).find(|at| row.columns[*at] == column);
        let of_list = |list: &Vec<String>| list.iter().map(|column| place(column)).collect();
        ColumnPlaces {
            lists: lists.iter().map(of_list).collect(),
            key: key.iter().map(|column| place(column)).collect(),
        }
    }
}

/// A table as it is now, as far as the run's rows are concerned.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    dialect: Dialect,
    key: &'static [&'static str],
    /// The lists of columns by which rows are compared.
    lists: Vec<Vec<String>>,
    /// Where their columns, and those of the key, stand in a row; known once a row was seen.
    places: Option<ColumnPlaces>,
    /// Rows by list and meaning, those not yet spoken for.
    rows: HashMap<(usize, String), Vec<usize>>,
    found: Vec<Option<RowNow>>,
    /// Keys of rows that are there, of those asked for.
    keys: HashSet<String>,
    pub(super) n_rows: u64,
}

impl Table {
    /// Reads the table.
    ///
    /// # Errors
    /// `Exit::Config`: it is not there; `Exit::Usage`: it is none that a restore may write to.
    pub(super) fn read(
        name: &str,
        changes: &[&ChangedRow],
        db: &mut dyn Read,
    ) -> anyhow::Result<Self> {
        if !tables().iter().any(|table| table.name == name && table.owner != Owner::Own) {
            return Err(
                anyhow!("changes of the table `{name}` can't be restored").context(Exit::Usage)
            );
        }
        let columns = db.columns(name).with_context(|| format!("looking at the table {name}"))?;
        if columns.is_empty() {
            return Err(anyhow!("the table {name} is not there any more").context(Exit::Config));
        }
        let key = KEYS.iter().find(|(table, _)| *table == name).map_or(&[][..], |(_, key)| *key);
        let mut table = Table {
            name: name.to_owned(),
            columns,
            dialect: db.dialect(),
            key,
            lists: Vec::new(),
            places: None,
            rows: HashMap::new(),
            found: Vec::new(),
            keys: HashSet::new(),
            n_rows: 0,
        };
        let mut wanted_keys = HashSet::new();
        for change in changes {
            for image in [&change.before, &change.after].into_iter().flatten() {
                let identity = table.identity(image);
                table.rows.entry(identity).or_default();
                wanted_keys.extend(table.key_of(|column| image.get(column).map(str::to_owned)));
            }
        }
        table.scan(&wanted_keys, db)?;
        Ok(table)
    }

    fn scan(&mut self, wanted_keys: &HashSet<String>, db: &mut dyn Read) -> anyhow::Result<()> {
        let text = format!("SELECT t.rowid AS row_id, t.* FROM {} t", quote_name(&self.name));
        let sql = Sql::made(format!("restore/select {}", self.name), text);
        db.each(&sql, &[], &mut |row| {
            self.n_rows += 1;
            self.look_at(row, wanted_keys);
            Ok(())
        })
        .with_context(|| format!("reading the table {}", self.name))
    }

    /// Keeps a row if a change speaks of it.
    fn look_at(&mut self, row: &Row, wanted_keys: &HashSet<String>) {
        let places =
            self.places.get_or_insert_with(|| ColumnPlaces::of(row, &self.lists, self.key));
        let mut raw = String::new();
        let mut meaning = |value: &Value| {
            raw.clear();
            value.write_json(&mut raw);
            meaning_of(&raw, self.dialect)
        };
        let meanings: Vec<String> = row.values.iter().map(&mut meaning).collect();
        let held = |at: &Option<usize>| at.map_or("", |at| meanings[at].as_str());
        let mut kept = None;
        for (list, columns) in places.lists.iter().enumerate() {
            let identity = (list, joined(columns.iter().map(held)));
            if let Some(rows) = self.rows.get_mut(&identity) {
                let at = *kept.get_or_insert_with(|| {
                    let now = RowNow { row_id: row.values[0].clone(), image: row.image_from(1) };
                    self.found.push(Some(now));
                    self.found.len() - 1
                });
                rows.push(at);
            }
        }
        if !wanted_keys.is_empty() {
            let key = joined(places.key.iter().map(held));
            if wanted_keys.contains(&key) {
                self.keys.insert(key);
            }
        }
    }

    /// By what a row with this image is known: the columns that still are there, and what they hold.
    fn identity(&mut self, image: &RowImage) -> (usize, String) {
        let is_there = |name: &str| self.columns.iter().any(|column| column.name == name);
        let held: Vec<_> = image.0.iter().filter(|(name, _)| is_there(name)).collect();
        let list = self.lists.iter().position(|list| {
            list.len() == held.len() && list.iter().zip(&held).all(|(a, (b, _))| a == b)
        });
        let list = list.unwrap_or_else(|| {
            self.lists.push(held.iter().map(|(name, _)| name.clone()).collect());
            self.lists.len() - 1
        });
        let meanings: Vec<String> =
            held.iter().map(|(_, raw)| meaning_of(raw.get(), self.dialect)).collect();
        (list, joined(meanings.iter().map(String::as_str)))
    }

    /// The key of a row, where the table has one and the row names all of it.
    fn key_of(&self, raw: impl Fn(&str) -> Option<String>) -> Option<String> {
        if self.key.is_empty() {
            return None;
        }
        let held: Option<Vec<String>> = self
            .key
            .iter()
            .map(|column| raw(column).map(|raw| meaning_of(&raw, self.dialect)))
            .collect();
        held.map(|held| joined(held.iter().map(String::as_str)))
    }

    /// A row like this one, if there is one that is not spoken for.
    fn take(&mut self, image: &RowImage) -> Option<RowNow> {
        let identity = self.identity(image);
        let places = self.rows.get_mut(&identity)?;
        while let Some(at) = places.pop() {
            if let Some(now) = self.found[at].take() {
                return Some(now);
            }
        }
        None
    }

    fn has_key_of(&self, image: &RowImage) -> bool {
        self.key_of(|column| image.get(column).map(str::to_owned))
            .is_some_and(|key| self.keys.contains(&key))
    }

    /// What is to be done so that the row is again as it was before the run.
    pub(super) fn decide(&mut self, change: &ChangedRow) -> RowTodo {
        if let Some(now) = change.before.as_ref().and_then(|before| self.take(before)) {
            return RowTodo::IsThere(now);
        }
        match (&change.before, &change.after) {
            (Some(before), None) if self.has_key_of(before) => RowTodo::ChangedSince,
            (Some(_), None) => RowTodo::Insert,
            (Some(_), Some(after)) => {
                self.take(after).map_or(RowTodo::ChangedSince, RowTodo::Update)
            }
            (None, Some(after)) => match self.take(after) {
                Some(now) => RowTodo::Delete(now),
                None if self.has_key_of(after) => RowTodo::ChangedSince,
                None => RowTodo::Nothing,
            },
            (None, None) => RowTodo::Nothing,
        }
    }

    /// One bind for each of these columns, as they stood in the image.
    ///
    /// # Errors
    /// `Exit::Config`: a column that held something is not there any more.
    pub(super) fn binds(
        &self,
        image: &RowImage,
        only: Option<&[String]>,
    ) -> anyhow::Result<(Vec<String>, Vec<Value>)> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, raw) in &image.0 {
            if only.is_some_and(|only| !only.contains(name)) {
                continue;
            }
            let Some(column) = self.columns.iter().find(|column| column.name == *name) else {
                if raw.get() == "null" {
                    continue;
                }
                return Err(anyhow!(
                    "the column {name} of {} is not there any more; add it, then restore",
                    self.name
                )
                .context(Exit::Config));
            };
            let value = value_of(raw.get(), self.dialect, &column.data_type)
                .with_context(|| format!("column {name} of {}", self.name))?;
            names.push(name.clone());
            values.push(value);
        }
        Ok((names, values))
    }
}

/// Values in a row, kept apart by their lengths.
fn joined<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for value in values {
        out.push_str(&value.len().to_string());
        out.push(':');
        out.push_str(value);
    }
    out
}
