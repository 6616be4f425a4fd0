//! Locks the rows that an approved plan changes, and looks at them once more.
//!
//! Between reading and writing others may have been at work: nothing is changed that is not as the
//! decision saw it. Rows are locked in order of table and key, and none is ever waited for, so whoever
//! waits for us waits for somebody who waits for nobody. Only the token made here can be applied.
//!
//! What may differ are columns that neither the decision read nor the change writes; what the ledger
//! keeps as the row before is the row as it is held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use serde_json::value::RawValue;

use super::{Action, Approved, Columns, Hold, Plan, Step, TouchRef};
use crate::db::{Binds, Dialect, Read, TableExtras, Transaction, Transient, Value, table_extras};
use crate::exit::Exit;
use crate::sql::{Sql, quote_name};

/// Lists of rows are padded to one of these lengths, so that the database parses few statements.
const LIST_LENGTHS: [usize; 3] = [1, 50, ROWS];
/// Rows locked with one statement: as many as an IN list may hold.
pub(super) const ROWS: usize = 1_000;

/// A plan whose rows are locked, and as they were when it was made. Only [`hold`] makes one, and
/// only this can be applied.
#[derive(Debug)]
pub struct Held {
    plan: Plan,
    extras: BTreeMap<String, TableExtras>,
}

impl Held {
    /// The plan, to look at.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, to show; it can't be applied any more.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// What else there is about the tables it writes, by their names.
    pub(super) fn extras(&self) -> &BTreeMap<String, TableExtras> {
        &self.extras
    }
}

/// How much of a row may have changed since the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leeway {
    /// What the decision did not read and the change does not write.
    OtherColumns,
    /// Nothing at all: somebody has looked at the whole row and saved the plan.
    None,
}

/// Locks all rows that the plan changes, or rests on, and compares them with what it read.
///
/// # Errors
/// `Exit::Drifted`, worth another try: a row is locked by somebody else, is gone, or differs. The
/// caller must then drop the connection: all is rolled back. Else what the database says.
pub fn hold(approved: Approved, leeway: Leeway, db: &mut dyn Transaction) -> anyhow::Result<Held> {
    let mut plan = approved.into_plan();
    let tables: Vec<&str> = written_tables(&plan).into_iter().collect();
    let extras = table_extras(&tables, db)?;
    // The embedded database has one writer, and that is this run.
    if db.dialect() == Dialect::Oracle {
        let spots = spots(&plan);
        for ((table, found_by), mut spots) in spots {
            spots.sort_by_cached_key(|spot| sort_key(&spot.key(&plan)));
            let invisible = extras.get(&*table).map_or("", |extras| &extras.invisible);
            let place = Place { table: &table, found_by, invisible };
            for batch in spots.chunks(ROWS) {
                hold_batch(place, batch, leeway, &mut plan, db)?;
            }
        }
    }
    Ok(Held { plan, extras })
}

/// The applications' tables whose rows are written, or held.
pub(super) fn written_tables(plan: &Plan) -> BTreeSet<&str> {
    let is_written = |step: &&Step| step.hold != Hold::Nothing && !step.touches.is_empty();
    let written = plan.steps.iter().filter(is_written).map(|step| &*step.table);
    written.chain(plan.kept.iter().map(|kept| &*kept.table)).collect()
}

/// By what a table's rows are found: the column, or their address.
pub(super) type FoundBy = Option<&'static str>;

/// Where rows are held.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'a str,
    pub(super) found_by: FoundBy,
    /// Columns that `*` leaves out, as they stand behind it.
    pub(super) invisible: &'a str,
}

/// Where the plan speaks of a row.
#[derive(Clone, Copy)]
enum RowSpot {
    /// Step, touch, and which of its binds names the row.
    Change(usize, usize, usize),
    /// One of the rows that are there already.
    Kept(usize),
}

impl RowSpot {
    /// What is to be done to the row.
    fn touch<'a>(&self, plan: &'a Plan) -> Option<TouchRef<'a>> {
        match *self {
            RowSpot::Change(step, touch, _) => plan.steps[step].touches.get(touch),
            RowSpot::Kept(_) => None,
        }
    }

    fn key(&self, plan: &Plan) -> Value {
        match *self {
            RowSpot::Change(_, _, bind) => {
                self.touch(plan).map_or(Value::Null, |touch| touch.bind(bind).into())
            }
            RowSpot::Kept(at) => plan.kept[at].row_id.clone(),
        }
    }

    /// The row in words.
    fn name<'a>(&self, plan: &'a Plan) -> &'a str {
        match *self {
            RowSpot::Change(..) => self.touch(plan).map_or("", TouchRef::key),
            RowSpot::Kept(at) => &plan.kept[at].key,
        }
    }

    /// The row as the plan read it.
    fn seen<'a>(&self, plan: &'a Plan) -> &'a str {
        match *self {
            RowSpot::Change(..) => {
                let touch = self.touch(plan);
                touch.and_then(|touch| touch.before().or(touch.seen())).unwrap_or("{}")
            }
            RowSpot::Kept(at) => &plan.kept[at].image,
        }
    }
}

fn spots(plan: &Plan) -> BTreeMap<(Arc<str>, FoundBy), Vec<RowSpot>> {
    let mut spots: BTreeMap<(Arc<str>, FoundBy), Vec<RowSpot>> = BTreeMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some((found_by, bind)) = found_by(step) {
            let places = (0..step.touches.len()).map(|touch| RowSpot::Change(at, touch, bind));
            spots.entry((Arc::clone(&step.table), found_by)).or_default().extend(places);
        }
    }
    for (at, kept) in plan.kept.iter().enumerate() {
        spots.entry((Arc::clone(&kept.table), None)).or_default().push(RowSpot::Kept(at));
    }
    spots
}

/// By which column a step's rows are found, and which bind holds it.
pub(super) fn found_by(step: &Step) -> Option<(FoundBy, usize)> {
    let bind = |name: &str| step.names.iter().position(|known| known == name);
    match step.hold {
        Hold::Nothing | Hold::New(_) => None,
        Hold::Row(_) => Some((None, bind("row_id")?)),
        Hold::Key(column, _) => Some((Some(column), bind(&column.to_lowercase())?)),
    }
}

/// Numbers by their size, everything else as text.
fn sort_key(key: &Value) -> (i64, String) {
    match key {
        Value::Int(n) => (*n, String::new()),
        other => (i64::MAX, other.display()),
    }
}

fn hold_batch(
    place: Place<'_>,
    batch: &[RowSpot],
    leeway: Leeway,
    plan: &mut Plan,
    db: &mut dyn Transaction,
) -> anyhow::Result<()> {
    let Place { table, .. } = place;
    let keys: Vec<Value> = batch.iter().map(|spot| spot.key(plan)).collect();
    let mut held = match lock(place, &keys, "NOWAIT", db) {
        Err(error) if Exit::of(&error) == Exit::Busy => {
            let free = lock(place, &keys, "SKIP LOCKED", db);
            return Err(free.map_or(error, |free| name_locked(table, batch, &free, plan)));
        }
        held => held?,
    };
    for (spot, key) in batch.iter().zip(&keys) {
        let Some(rows) = held.get_mut(&key.display()) else {
            return Err(drifted(format!("{table} `{}` is gone", spot.name(plan))));
        };
        // Of rows that share a key one must be as it was; which of them is changed, the statement says.
        let difference = |row: &String| difference(spot, row, leeway, plan);
        match rows.iter().position(|row| difference(row).is_none()) {
            Some(at) => take_over(spot, &mut rows[at], plan),
            None => {
                let column = rows.first().and_then(difference).unwrap_or_default();
                let name = spot.name(plan);
                return Err(drifted(format!(
                    "{table} `{name}`: its column {column} was changed since it was looked at"
                )));
            }
        }
    }
    Ok(())
}

fn drifted(told: String) -> anyhow::Error {
    anyhow!("{told}; all was rolled back").context(Transient).context(Exit::Drifted)
}

/// What stands in rows, by what they were found by.
type HeldRows = HashMap<String, Vec<String>>;

/// Locks rows, and tells what stands in them.
fn lock(
    place: Place<'_>,
    keys: &[Value],
    manner: &str,
    db: &mut dyn Read,
) -> anyhow::Result<HeldRows> {
    let mut held = HeldRows::with_capacity(keys.len());
    read_rows(place, keys, &format!(" FOR UPDATE {manner}"), db, &mut |key, image| {
        held.entry(key.display()).or_default().push(image);
    })?;
    Ok(held)
}

/// Reads the rows with these keys, a thousand at most; hands each key and what stands in its row to `each`.
pub(super) fn read_rows(
    place: Place<'_>,
    keys: &[Value],
    manner: &str,
    db: &mut dyn Read,
    each: &mut dyn FnMut(&Value, String),
) -> anyhow::Result<()> {
    let Place { table, found_by, .. } = place;
    let n_keys = LIST_LENGTHS.into_iter().find(|length| *length >= keys.len()).unwrap_or(ROWS);
    let names: Vec<String> = (0..n_keys).map(|at| format!("k{at}")).collect();
    let last = keys.last().unwrap_or(&Value::Null);
    let values = keys.iter().chain(std::iter::repeat(last)).cloned();
    let binds: Vec<(&str, Value)> = names.iter().map(String::as_str).zip(values).collect();
    let binds: Binds<'_> = &binds;
    db.each(&statement(place, &names, manner), binds, &mut |row| {
        let key = match found_by {
            None => &row.values[0],
            Some(column) => row.get(column)?,
        };
        each(key, row.image_from(1));
        Ok(())
    })
    .with_context(|| format!("holding rows of {table}"))
}

fn statement(place: Place<'_>, names: &[String], manner: &str) -> Sql {
    let Place { table, found_by, invisible } = place;
    let column = found_by.map_or_else(|| "rowid".to_owned(), quote_name);
    let text = format!(
        "SELECT t.rowid AS row_id, t.*{invisible} FROM {} t WHERE t.{column} IN (:{}){manner}",
        quote_name(table),
        names.join(", :")
    );
    Sql::made(format!("hold/{table}"), text)
}

/// Some row of a batch is locked: it is not among those that were free.
fn name_locked(table: &str, batch: &[RowSpot], free: &HeldRows, plan: &Plan) -> anyhow::Error {
    let spot = batch.iter().find(|spot| !free.contains_key(&spot.key(plan).display()));
    drifted(match spot {
        Some(spot) => format!("{table} `{}` is locked by another session", spot.name(plan)),
        None => format!("rows of {table} were locked by another session"),
    })
}

/// The first column that matters and holds something else than it did.
fn difference(spot: &RowSpot, held: &str, leeway: Leeway, plan: &Plan) -> Option<String> {
    let seen = spot.seen(plan);
    if seen == held {
        return None;
    }
    let (Some(seen), Some(held)) = (columns_of(seen), columns_of(held)) else {
        return Some(String::new());
    };
    let matters = ComparedColumns::of(spot, leeway, plan);
    seen.iter()
        .filter(|(column, _)| matters.column(column))
        .find(|(column, value)| held.get(*column).map(|held| held.get()) != Some(value.get()))
        .map(|(column, _)| column.clone())
}

type Image<'a> = BTreeMap<String, &'a RawValue>;

fn columns_of(image: &str) -> Option<Image<'_>> {
    serde_json::from_str(image).ok()
}

/// The columns in which a row may not differ.
enum ComparedColumns {
    All,
    /// What the decision read, and what the change writes.
    Some(&'static [&'static str], Vec<String>),
}

impl ComparedColumns {
    fn of(spot: &RowSpot, leeway: Leeway, plan: &Plan) -> Self {
        let (RowSpot::Change(step, ..), Some(touch)) = (*spot, spot.touch(plan)) else {
            return ComparedColumns::All;
        };
        match (leeway, plan.steps[step].hold) {
            (
                Leeway::OtherColumns,
                Hold::Row(Columns::These(read)) | Hold::Key(_, Columns::These(read)),
            ) => {
                let written = touch.after().filter(|_| touch.action() == Action::Update);
                let written = written.as_deref().and_then(columns_of).unwrap_or_default();
                ComparedColumns::Some(read, written.into_keys().collect())
            }
            _ => ComparedColumns::All,
        }
    }

    fn column(&self, column: &str) -> bool {
        match self {
            ComparedColumns::All => true,
            ComparedColumns::Some(read, written) => {
                read.contains(&column) || written.iter().any(|name| name == column)
            }
        }
    }
}

/// The row before the change is the row as it is held.
fn take_over(spot: &RowSpot, held: &mut String, plan: &mut Plan) {
    let RowSpot::Change(step, touch, _) = *spot else { return };
    let touches = &mut plan.steps[step].touches;
    let before = touches.get(touch).and_then(TouchRef::before);
    if before.is_some_and(|before| before != held) {
        touches.set_before(touch, held);
    }
}
