//! What a run would change, as a value: it can be printed, saved, held against limits, applied.
//!
//! A job makes it and can do nothing else. [`mod@approve`] alone turns it into something that [`mod@hold`]
//! takes, and [`mod@hold`] alone into something that [`mod@apply`] takes. Those three files are the whole
//! safety of the tool.

mod again;
mod apply;
mod approve;
mod clock;
mod hold;
mod last_look;
mod limit;
mod lines;
pub(crate) mod row_image;
mod saved;
mod touches;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::db::{Read, Value};
use crate::sql::Sql;

pub(crate) use again::read_again;
pub use apply::apply;
pub use approve::{Allowance, Approval, Approved, approve};
pub(crate) use approve::{PlanSignature, RefusedPlan};
pub(crate) use clock::{APART_MAX, doubts as clock_doubts};
pub use hold::{Held, Leeway, hold};
pub(crate) use last_look::{Expected, LastLook, look_again};
pub(crate) use limit::{HeldLimit, LimitLeft, UNANSWERED};
pub(crate) use limit::{TakenEach, taken};
pub(crate) use lines::PlannedLines;
pub(crate) use saved::{SavedChange, SavedFor, SavedPlan, SavedUnit};
pub use touches::TouchRef;
pub(crate) use touches::Touches;

/// All that one run would do, and what it noticed on the way.
#[derive(Debug, Default)]
pub struct Plan {
    /// Statements in the order they are to run.
    pub steps: Vec<Step>,
    /// How many rows the job's limit in percent is taken of.
    pub population: u64,
    /// The job's counts; what the steps count themselves is added by [`Plan::counts`].
    pub noticed: Counts,
    /// What a person should know of, although the run goes on.
    pub findings: Vec<Finding>,
    /// Why the source of this plan looks wrong: any of them refuses it.
    pub doubts: Vec<String>,
    /// What is added to a file for others to act on.
    pub lines: Option<PlannedLines>,
    /// A file that is on the disk before a row is held: what is erased is in it.
    pub file: Option<Box<dyn PlannedFile>>,
    /// Touches of recert's own rows, by key, that touch so many of them; all others touch one.
    pub rows_by_key: HashMap<Box<str>, u64>,
    /// What the job's next run will want to know of this one; kept in the run's PARAMETERS, beside the job's arguments.
    pub remembered: serde_json::Map<String, serde_json::Value>,
    /// Rows that are there already and stay as they are, because the plan rests on that: held too.
    pub kept: Vec<KeptRow>,
    /// What is looked at once more before COMMIT.
    pub last_looks: Vec<LastLook>,
}

/// What a run writes down elsewhere before it changes anything.
pub trait PlannedFile: fmt::Debug {
    /// Puts it on the disk, whole.
    ///
    /// # Errors
    /// `Exit::Config`: it can't be written; `Exit::Drifted`: it is not as planned any more.
    fn write(&self, db: &mut dyn Read) -> anyhow::Result<()>;
}

/// A row that a plan rests on and does not change.
#[derive(Debug)]
pub struct KeptRow {
    /// Its table, upper case.
    pub table: Arc<str>,
    /// Which row; of a person their id, never a name or mail.
    pub key: Box<str>,
    /// Where it stands.
    pub row_id: Value,
    /// The whole row as it was read, JSON.
    pub image: Box<str>,
}

/// How the rows of a step are found again to be locked, and what of them must be as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// There is nothing to hold: its rows are recert's own, which the run's lock guards.
    Nothing,
    /// Its rows are new; one that was written is found again by this column, upper case.
    New(&'static str),
    /// By the bind `row_id`, which says where a row stands.
    Row(Columns),
    /// By this column, whose name in lower case is a bind.
    Key(&'static str, Columns),
}

/// Columns of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All there are.
    All,
    /// Those that the decision read, upper case; what the change writes need not be among them.
    These(&'static [&'static str]),
}

/// One statement and all the rows it is to touch: it travels as array DML.
#[derive(Debug)]
pub struct Step {
    /// What it does, in words, for errors and the preview.
    pub say: &'static str,
    /// The statement.
    pub sql: Sql,
    /// Names of its binds, in the order of every touch's values.
    pub names: Vec<String>,
    /// The table it changes, upper case.
    pub table: Arc<str>,
    /// The counts that each row changed adds one to.
    pub counts: &'static [&'static str],
    /// How its rows are held.
    pub hold: Hold,
    /// What of it counts against the job's limit.
    pub takes: Takes,
    /// One entry for each time it is carried out.
    pub touches: Touches,
}

/// What of a step is held against the job's limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takes {
    /// It takes nothing from anybody.
    #[default]
    Nothing,
    /// Each row it touches.
    Rows,
    /// Each row it touches, against a limit of its own: access that nobody answered for.
    UnansweredRows,
    /// Each unit once, in however many such steps of the plan it stands: people.
    Units,
}

/// One execution of a step's statement: its binds, and the one row it must touch.
#[derive(Debug)]
pub struct Touch {
    /// What it is a part of, and which is done whole or not at all: an access (`user/location`), an
    /// account, a person, a restored row. Shared by all the touches of the unit.
    pub unit: Arc<str>,
    /// One value a bind.
    pub binds: Vec<Value>,
    /// What it does to that row; no row, or more than one, means that the world has drifted.
    pub change: Change,
    /// The row as it was read, JSON, where the ledger keeps no image that says so.
    pub seen: Option<Box<str>>,
}

/// One row that changes, as the ledger keeps it.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which row; of a person their id, never a name or mail.
    pub key: Box<str>,
    /// What happens to it.
    pub action: Action,
    /// The rule, and the dates that decided.
    pub why: Arc<str>,
    /// `Applied`, or why there was nothing left to do.
    pub result: ChangeResult,
    /// The whole row as JSON, all columns, before an update or a delete.
    pub before: Option<Box<str>>,
    /// The changed columns of an update, or the whole row of an insert, as JSON.
    pub after: Option<Arc<str>>,
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A new row.
    Insert,
    /// Some columns get other values.
    Update,
    /// The row goes.
    Delete,
}

impl Action {
    /// The word in RECERT_CHANGE.ACTION.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::Insert => "insert",
            Action::Update => "update",
            Action::Delete => "delete",
        }
    }
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeResult {
    /// It took effect.
    Applied,
    /// What it asks for was the case before: the access was gone already.
    AlreadyAbsent,
}

impl ChangeResult {
    /// The word in RECERT_CHANGE.RESULT.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ChangeResult::Applied => "applied",
            ChangeResult::AlreadyAbsent => "already_absent",
        }
    }
}

/// Something a person should know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A short fixed word, to filter by.
    pub kind: &'static str,
    /// The row or person it is about; an id, never a name or mail.
    pub key: String,
    /// What was found, and what was done about it.
    pub message: String,
}

/// Named numbers, in the order they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<(&'static str, u64)>);

impl Counts {
    /// These names, all zero: a job names all its counts, so that none is ever missing.
    #[must_use]
    pub fn named(names: &[&'static str]) -> Self {
        Counts(names.iter().map(|name| (*name, 0)).collect())
    }

    /// Adds to one of them.
    pub fn add(&mut self, name: &'static str, n: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += n,
            None => self.0.push((name, n)),
        }
    }

    /// One of them; zero if there is none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().copied()
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Step {
    /// How many rows it changes.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.touches.len() as u64
    }
}

impl Plan {
    /// Every change, in the order of the ledger's SEQ.
    pub fn changes(&self) -> impl Iterator<Item = (&Step, TouchRef<'_>)> {
        self.steps.iter().flat_map(|step| step.touches.iter().map(move |touch| (step, touch)))
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.touches.is_empty())
    }

    /// The job's counts, with what the steps add.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.noticed.clone();
        for step in &self.steps {
            for name in step.counts {
                counts.add(name, step.rows());
            }
        }
        counts
    }

    /// How many findings there are of each kind.
    #[must_use]
    pub fn findings_by_kind(&self) -> serde_json::Value {
        let mut kinds = std::collections::BTreeMap::<&str, u64>::new();
        for finding in &self.findings {
            *kinds.entry(finding.kind).or_default() += 1;
        }
        kinds.into_iter().map(|(kind, n)| (kind.to_owned(), serde_json::Value::from(n))).collect()
    }

    /// Notes something a person should know of.
    pub fn find(&mut self, kind: &'static str, key: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding { kind, key: key.into(), message: message.into() });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn step(takes: Takes, units: &[&str]) -> Step {
        touches(takes, units.iter().map(|unit| (*unit, "told so")))
    }

    pub(super) fn touches<'a>(
        takes: Takes,
        units: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Step {
        let touch = |(unit, why): (&str, &str)| Touch {
            unit: unit.into(),
            seen: None,
            binds: Vec::new(),
            change: Change {
                key: unit.into(),
                action: Action::Delete,
                why: why.into(),
                result: ChangeResult::Applied,
                before: None,
                after: None,
            },
        };
        Step {
            say: "taking",
            sql: Sql::made("test".to_owned(), String::new()),
            names: Vec::new(),
            table: "T".into(),
            hold: Hold::Nothing,
            counts: &[],
            takes,
            touches: units.map(touch).collect(),
        }
    }

    #[test]
    fn findings_are_counted_by_their_kind() {
        let mut plan = Plan::default();
        for kind in ["near_match", "undated", "near_match", "near_match"] {
            plan.find(kind, "a", "b");
        }
        assert_eq!(plan.findings_by_kind(), serde_json::json!({"near_match": 3, "undated": 1}));
    }

    #[test]
    fn a_person_counts_once_and_a_row_each_time() {
        let person = [step(Takes::Units, &["a", "b"]), step(Takes::Units, &["b", "b"])];
        let plan = Plan { steps: person.into(), ..Plan::default() };
        assert_eq!((taken(&plan, "x").n, taken(&plan, "x").each), (2, TakenEach::Unit));
        let rows = [step(Takes::Rows, &["a", "a"]), step(Takes::Nothing, &["c"])];
        let plan = Plan { steps: rows.into(), ..Plan::default() };
        assert_eq!((taken(&plan, "x").n, taken(&plan, "x").each), (2, TakenEach::Row));
        assert_eq!(taken(&plan, "x").places.first(), Some(&(0..2)));
    }
}
