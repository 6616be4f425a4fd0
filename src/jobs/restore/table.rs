//! The rows of a run, held against the table as it is now.
//!
//! The table is read once, whole, and only the rows that a change speaks of are kept: no look-up a
//! row, however many there are. Rows are known by all their columns, as no key is promised; of rows
//! that are all alike it does not matter which one is meant.
//!
//! Most rows are passed over by a few columns, those that tell rows apart best.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::found::{FoundRows, RowNow};
use super::source::ChangedRow;
use crate::db::{Column, Dialect, Read, Row, Value, invisible};
use crate::exit::Exit;
use crate::fingerprint::{Fingerprint, FingerprintKeys, FingerprintMap};
use crate::plan::row_image::{RowImage, RowMeanings, value_of};
use crate::schema::{Owner, tables};
use crate::sql::{Sql, quote_name};

/// Columns by which rows are counted before one like them is added, and whether the application promises
/// that they name one row; of a month, recert adds it only where there is none.
pub(super) const KEYS: [(&str, &[&str], bool); 8] = [
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

/// Where columns stand in a row of the answer.
struct ColumnPlaces {
    lists: Vec<Vec<Option<usize>>>,
    lead: Vec<Option<usize>>,
}

impl ColumnPlaces {
    fn of(row: &Row, lists: &[Vec<String>], lead: &[String]) -> Self {
        // The first column is the row's address.
        let place = |column: &String| (1..row.columns.len()).find(|at| row.columns[*at] == *column);
        let of_list = |list: &[String]| list.iter().map(place).collect();
        ColumnPlaces {
            lists: lists.iter().map(|list| of_list(list)).collect(),
            lead: of_list(lead),
        }
    }
}

/// So many columns of a table without a key tell most of its rows apart.
const LEAD_COLUMNS: usize = 2;
/// What the fingerprint of the lead is of; the lists of columns are numbered from 0.
const LEAD: usize = usize::MAX;

/// A table as it is now, as far as the run's rows are concerned.
pub(super) struct TableNow {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    dialect: Dialect,
    key: &'static [&'static str],
    /// Whether the key names one row.
    is_unique: bool,
    /// The columns by which rows are passed over: the key, or the first ones.
    lead: Vec<String>,
    /// A change speaks of a row by something else than its lead: none is passed over.
    looks_at_all: bool,
    /// The lists of columns by which rows are compared.
    lists: Vec<Vec<String>>,
    /// Where all these columns stand in a row; known once a row was seen.
    places: Option<ColumnPlaces>,
    fingerprints: FingerprintKeys,
    /// The rows that changes speak of, by number.
    numbers: FingerprintMap<u32>,
    found: FoundRows,
    /// How many rows of a lead are there, of those asked for.
    leads: FingerprintMap<i64>,
    /// What the row that is looked at means.
    meanings: RowMeanings,
    /// The columns that were bound last: mostly those of the next row too.
    bound: Arc<[String]>,
    pub(super) n_rows: u64,
    /// Whether rows of it go again that count against the limit.
    pub(super) takes_away: bool,
}

impl TableNow {
    /// Reads the table, and tells each change by which numbers its row is known.
    ///
    /// # Errors
    /// `Exit::Config`: it is not there; `Exit::Usage`: it is none that a restore may write to.
    pub(super) fn read<'a>(
        name: &str,
        changes: impl Iterator<Item = &'a mut ChangedRow>,
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
        let lead: Vec<String> = match key {
            [] => columns.iter().take(LEAD_COLUMNS).map(|column| column.name.clone()).collect(),
            key => key.iter().map(|column| (*column).to_owned()).collect(),
        };
        // What the database itself gives a row is another value when the row comes back.
        let is_kept = |name: &String| {
            columns.iter().any(|column| column.name == *name && column.is_writable())
        };
        let looks_at_all = !lead.iter().all(is_kept);
        let mut table = TableNow {
            name: name.to_owned(),
            columns,
            dialect: db.dialect(),
            key,
            is_unique,
            lead,
            looks_at_all,
            lists: Vec::new(),
            places: None,
            fingerprints: FingerprintKeys::default(),
            numbers: FingerprintMap::default(),
            found: FoundRows::default(),
            leads: FingerprintMap::default(),
            meanings: RowMeanings::default(),
            bound: Arc::from([]),
            n_rows: 0,
            takes_away: false,
        };
        for change in changes {
            let (before, after) =
                change.images().with_context(|| format!("change {}", change.seq))?;
            let before = before.map(|image| table.expect(&image));
            let after = after.map(|image| table.expect(&image));
            (change.known_before, change.known_after) = (before, after);
            change.forget_unset()?;
        }
        table.found.expect(table.numbers.len());
        table.scan(db)?;
        table.numbers = FingerprintMap::default(); // Asked for no more: each change knows its own.
        if table.key.is_empty() {
            table.leads = FingerprintMap::default();
        }
        Ok(table)
    }

    /// Notes that a change speaks of a row like this; returns its number.
    fn expect(&mut self, image: &RowImage<'_>) -> u32 {
        match self.lead_of(image) {
            Some(lead) => _ = self.leads.entry(lead).or_default(),
            None => self.looks_at_all = true,
        }
        let identity = self.identity(image);
        // A run has no more changes than a SEQ of nine digits can count.
        let next = self.numbers.len() as u32;
        *self.numbers.entry(identity).or_insert(next)
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
            self.places.get_or_insert_with(|| ColumnPlaces::of(row, &self.lists, &self.lead));
        let dialect = self.dialect;
        self.meanings.clear();
        for place in &places.lead {
            self.meanings.add_value(place.map(|at| &row.values[at]), dialect);
        }
        let lead = self.fingerprints.of(LEAD, self.meanings.iter());
        match self.leads.get_mut(&lead) {
            Some(n) => *n += 1,
            None if self.looks_at_all => {}
            None => return,
        }
        let mut kept = None;
        for (list, columns) in places.lists.iter().enumerate() {
            self.meanings.clear();
            for place in columns {
                self.meanings.add_value(place.map(|at| &row.values[at]), dialect);
            }
            let identity = self.fingerprints.of(list, self.meanings.iter());
            if let Some(number) = self.numbers.get(&identity) {
                self.found.add(*number, row, &mut kept);
            }
        }
    }

    /// By what a row with this image is known: the columns that still are there, and what they hold.
    fn identity(&mut self, image: &RowImage<'_>) -> Fingerprint {
        // What the database itself gives a row is another value when the row comes back.
        let is_there = |name: &str| {
            self.columns.iter().any(|column| column.name == name && column.is_writable())
        };
        let held = || image.0.iter().filter(|(name, _)| is_there(name));
        let list = self.lists.iter().position(|list| list.iter().eq(held().map(|(name, _)| name)));
        let list = list.unwrap_or_else(|| {
            self.lists.push(held().map(|(name, _)| name.to_string()).collect());
            self.lists.len() - 1
        });
        self.meanings.clear();
        for (_, raw) in held() {
            self.meanings.add_json(raw.get(), self.dialect);
        }
        self.fingerprints.of(list, self.meanings.iter())
    }

    /// The lead of a row, where the row names all of it.
    fn lead_of(&mut self, image: &RowImage<'_>) -> Option<Fingerprint> {
        self.meanings.clear();
        for column in &self.lead {
            self.meanings.add_json(image.get(column)?, self.dialect);
        }
        Some(self.fingerprints.of(LEAD, self.meanings.iter()))
    }

    fn has_key_of(&mut self, image: &RowImage<'_>) -> bool {
        self.is_unique && self.count_like(image).is_some_and(|(_, n)| n > 0)
    }

    /// The key of a row like this, and how many such rows were there when the table was read; `None`: the table
    /// has no key, or the row does not name all of it.
    pub(super) fn count_like(&mut self, image: &RowImage<'_>) -> Option<(Fingerprint, i64)> {
        if self.key.is_empty() {
            return None;
        }
        let key = self.lead_of(image)?;
        let n = self.leads.get(&key).copied().unwrap_or_default();
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
        if let Some(now) = change.known_before.and_then(|before| self.found.take(before)) {
            return Ok(RowTodo::IsThere(now));
        }
        let now = change.known_after.and_then(|after| self.found.take(after));
        let mut is_taken =
            |image: Option<RowImage<'_>>| image.is_some_and(|image| self.has_key_of(&image));
        Ok(match (change.known_before, change.known_after) {
            (Some(_), None) if is_taken(change.before()?) => RowTodo::ChangedSince,
            (Some(_), None) => RowTodo::Insert,
            (Some(_), Some(_)) => now.map_or(RowTodo::ChangedSince, RowTodo::Update),
            (None, Some(_)) => match now {
                Some(now) => RowTodo::Delete(now),
                None if is_taken(change.after()?) => RowTodo::ChangedSince,
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
