//! The rows of a run, held against the table as it is now.
//!
//! The table is read once, whole, and only the rows that a change speaks of are kept: no look-up a
//! row, however many there are. Rows are known by all their columns, as no key is promised; of rows
//! that are all alike it does not matter which one is meant.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::image::{RowImage, meaning_of, value_of, write_meaning_of};
use super::source::ChangedRow;
use crate::db::{Column, Dialect, Read, Row, Value, invisible};
use crate::exit::Exit;
use crate::schema::{Owner, tables};
use crate::sql::{Sql, quote_name};

/// Columns by which rows are counted before one like them is added, and whether the application promises
/// that they name one row; of a month, recert adds it only where there is none.
const KEYS: [(&str, &[&str], bool); 8] = [
    ("MAP_RAP_USER_ROLE", &["USER_ID", "RMM_ID"], false),
    ("OPS_USER", &["ID"], true),
    ("USER_SESSION", &["ID"], true),
    ("OPS_EVENT", &["ID"], true),
    ("OPS_DB_HISTORY", &["ID"], true),
    ("PM_USER", &["ID"], true),
    ("PM_USER_ROLE", &["USER_ID", "ROLE_NAME"], false),
    ("PM_AVAILABILITY", &["USER_ID", "MONTH"], true),
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
    pub(super) image: Box<str>,
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
    /// Whether the key names one row.
    is_unique: bool,
    /// The lists of columns by which rows are compared.
    lists: Vec<Vec<String>>,
    /// Where their columns, and those of the key, stand in a row; known once a row was seen.
    places: Option<ColumnPlaces>,
    /// Rows by list and meaning, those not yet spoken for.
    rows: HashMap<RowIdentity, Vec<usize>>,
    identities: RowIdentities,
    /// What the row that is looked at means.
    meanings: RowMeanings,
    /// The columns that were bound last: mostly those of the next row too.
    bound: Arc<[String]>,
    found: Vec<Option<RowNow>>,
    /// How many rows of a key are there, of the keys asked for.
    keys: HashMap<String, i64>,
    /// For the key of the row that is looked at.
    room: String,
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
        let known = KEYS.iter().find(|(table, ..)| *table == name);
        let (key, is_unique) = known.map_or((&[][..], false), |(_, key, unique)| (*key, *unique));
        let mut table = Table {
            name: name.to_owned(),
            columns,
            dialect: db.dialect(),
            key,
            is_unique,
            lists: Vec::new(),
            places: None,
            rows: HashMap::new(),
            identities: RowIdentities::default(),
            meanings: RowMeanings::default(),
            bound: Arc::from([]),
            found: Vec::new(),
            keys: HashMap::new(),
            room: String::new(),
            n_rows: 0,
        };
        for change in changes {
            for image in [change.before()?, change.after()?].into_iter().flatten() {
                let identity = table.identity(&image);
                table.rows.entry(identity).or_default();
                if let Some(key) = table.key_of(&image) {
                    table.keys.entry(key).or_default();
                }
            }
        }
        table.scan(db)?;
        Ok(table)
    }

    fn scan(&mut self, db: &mut dyn Read) -> anyhow::Result<()> {
        let invisible = invisible(&self.columns);
        let name = quote_name(&self.name);
        let text = format!("SELECT t.rowid AS row_id, t.*{invisible} FROM {name} t");
        let sql = Sql::made(format!("restore/select {}", self.name), text);
        db.each(&sql, &[], &mut |row| {
            self.n_rows += 1;
            self.look_at(row);
            Ok(())
        })
        .with_context(|| format!("reading the table {}", self.name))
    }

    /// Keeps a row if a change speaks of it.
    fn look_at(&mut self, row: &Row) {
        let places =
            self.places.get_or_insert_with(|| ColumnPlaces::of(row, &self.lists, self.key));
        self.meanings.read(row, self.dialect);
        let held = |at: &Option<usize>| at.map_or("", |at| self.meanings.of(at));
        let mut kept = None;
        for (list, columns) in places.lists.iter().enumerate() {
            let identity = self.identities.of(list, columns.iter().map(held));
            if let Some(rows) = self.rows.get_mut(&identity) {
                let at = *kept.get_or_insert_with(|| {
                    let now =
                        RowNow { row_id: row.values[0].clone(), image: row.image_from(1).into() };
                    self.found.push(Some(now));
                    self.found.len() - 1
                });
                rows.push(at);
            }
        }
        if !self.keys.is_empty() {
            self.room.clear();
            write_joined(places.key.iter().map(held), &mut self.room);
            if let Some(n) = self.keys.get_mut(&self.room) {
                *n += 1;
            }
        }
    }

    /// By what a row with this image is known: the columns that still are there, and what they hold.
    fn identity(&mut self, image: &RowImage<'_>) -> RowIdentity {
        // What the database itself gives a row is another value when the row comes back.
        let is_there = |name: &str| {
            self.columns.iter().any(|column| column.name == name && column.is_writable())
        };
        let held: Vec<_> = image.0.iter().filter(|(name, _)| is_there(name)).collect();
        let list = self.lists.iter().position(|list| {
            list.len() == held.len() && list.iter().zip(&held).all(|(a, (b, _))| a == b)
        });
        let list = list.unwrap_or_else(|| {
            self.lists.push(held.iter().map(|(name, _)| name.to_string()).collect());
            self.lists.len() - 1
        });
        let meanings: Vec<String> =
            held.iter().map(|(_, raw)| meaning_of(raw.get(), self.dialect)).collect();
        self.identities.of(list, meanings.iter().map(String::as_str))
    }

    /// The key of a row, where the table has one and the row names all of it.
    fn key_of(&self, image: &RowImage<'_>) -> Option<String> {
        if self.key.is_empty() {
            return None;
        }
        let held: Option<Vec<String>> = self
            .key
            .iter()
            .map(|column| image.get(column).map(|raw| meaning_of(raw, self.dialect)))
            .collect();
        held.map(|held| joined(held.iter().map(String::as_str)))
    }

    /// A row like this one, if there is one that is not spoken for.
    fn take(&mut self, image: &RowImage<'_>) -> Option<RowNow> {
        let identity = self.identity(image);
        let places = self.rows.get_mut(&identity)?;
        while let Some(at) = places.pop() {
            if let Some(now) = self.found[at].take() {
                return Some(now);
            }
        }
        None
    }

    fn has_key_of(&self, image: &RowImage<'_>) -> bool {
        self.is_unique && self.count_like(image).is_some_and(|(_, n)| n > 0)
    }

    /// The key of a row like this, and how many such rows were there when the table was read.
    pub(super) fn count_like(&self, image: &RowImage<'_>) -> Option<(String, i64)> {
        let key = self.key_of(image)?;
        let n = self.keys.get(&key).copied().unwrap_or_default();
        Some((key, n))
    }

    /// Where the values of the key stand among these columns; `None`: they are not all there, or not all of them
    /// say anything, or one is too long to be bound where a query's columns are.
    pub(super) fn key_places(&self, columns: &[String], binds: &[Value]) -> Option<Vec<usize>> {
        let is_long = |value: &Value| match value {
            Value::Text(text) => text.len() > LONG_BYTES,
            Value::Bytes(bytes) => bytes.len() > LONG_BYTES / 2,
            _ => false,
        };
        if self.key.is_empty() || binds.iter().any(is_long) {
            return None;
        }
        let place = |key: &&str| {
            columns.iter().position(|column| column == key).filter(|at| !binds[*at].is_null())
        };
        self.key.iter().map(place).collect()
    }

    /// What is to be done so that the row is again as it was before the run.
    ///
    /// # Errors
    /// An image can't be read.
    pub(super) fn decide(&mut self, change: &ChangedRow) -> anyhow::Result<RowTodo> {
        let (before, after) = (change.before()?, change.after()?);
        if let Some(now) = before.as_ref().and_then(|before| self.take(before)) {
            return Ok(RowTodo::IsThere(now));
        }
        Ok(match (&before, &after) {
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
        })
    }

    /// One bind for each of these columns, as they stood in the image.
    ///
    /// # Errors
    /// `Exit::Config`: a column that held something is not there any more.
    pub(super) fn binds(
        &mut self,
        image: &RowImage<'_>,
        only: Option<&[String]>,
    ) -> anyhow::Result<(Arc<[String]>, Vec<Value>)> {
        let n_columns = image.0.len();
        let (mut names, mut values) =
            (Vec::with_capacity(n_columns), Vec::with_capacity(n_columns + 1));
        for (name, raw) in &image.0 {
            if only.is_some_and(|only| !only.iter().any(|wanted| wanted == name)) {
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
            if !column.is_writable() {
                continue;
            }
            let value = value_of(raw.get(), self.dialect, &column.data_type)
                .with_context(|| format!("column {name} of {}", self.name))?;
            names.push(&**name);
            values.push(value);
        }
        if !names.iter().copied().eq(self.bound.iter().map(String::as_str)) {
            self.bound = names.into_iter().map(str::to_owned).collect();
        }
        Ok((Arc::clone(&self.bound), values))
    }
}

/// Bytes of text that Oracle binds where a query's columns are (ORA-01461 beyond); of bytes, half as many.
const LONG_BYTES: usize = 4_000;

/// A row as it is known: a hash of the list of its columns and of what they mean.
type RowIdentity = u128;

/// Makes them. Two keys that nobody knows: two rows that differ have the same identity once in 2^128, as nobody can
/// choose them to.
#[derive(Default)]
struct RowIdentities([RandomState; 2]);

impl RowIdentities {
    fn of<'a>(&self, list: usize, values: impl Iterator<Item = &'a str>) -> RowIdentity {
        let [mut high, mut low] = [self.0[0].build_hasher(), self.0[1].build_hasher()];
        for hasher in [&mut high, &mut low] {
            hasher.write_usize(list);
        }
        for value in values {
            for hasher in [&mut high, &mut low] {
                hasher.write_usize(value.len());
                hasher.write(value.as_bytes());
            }
        }
        u128::from(high.finish()) << 64 | u128::from(low.finish())
    }
}

/// What the values of a row mean, one behind the other.
#[derive(Default)]
struct RowMeanings {
    text: String,
    ends: Vec<usize>,
    room: String,
}

impl RowMeanings {
    fn read(&mut self, row: &Row, dialect: Dialect) {
        self.text.clear();
        self.ends.clear();
        for value in &row.values {
            write_meaning_of(value, dialect, &mut self.room, &mut self.text);
            self.ends.push(self.text.len());
        }
    }

    fn of(&self, at: usize) -> &str {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[begin..self.ends[at]]
    }
}

/// Values in a row, kept apart by their lengths.
fn joined<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    write_joined(values, &mut out);
    out
}

fn write_joined<'a>(values: impl Iterator<Item = &'a str>, out: &mut String) {
    for value in values {
        let _ = write!(out, "{}:", value.len());
        out.push_str(value);
    }
}
