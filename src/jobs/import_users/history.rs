//! What earlier imports did, by runs that the ledger's verified chain reaches, and by no others.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::Value as Json;

use super::changes::PURGES;
use crate::db::Row;
use crate::jobs::World;
use crate::ledger::LedgerMember;
use crate::sql;

/// What a run notes of its file in its PARAMETERS, for the next one.
pub(super) const ROWS: &str = "rows";
pub(super) const ENDS_A_LINE: &str = "ends_a_line";

/// An earlier import that ended `applied` or `unchanged`.
pub(super) struct EarlierImport {
    pub(super) as_of: NaiveDate,
    /// Its place from the end of the chain.
    order: usize,
    finished_at: DateTime<Utc>,
    /// Rows of its file.
    pub(super) n_rows: u64,
    /// Of its file.
    pub(super) sha256: String,
    /// Whether its file's last row had a line end, where the run knew.
    pub(super) ends_a_line: Option<bool>,
}

/// The earlier imports, the latest first, back to the last one whose source a person accepted: with that all
/// comparing starts afresh.
#[derive(Default)]
pub(super) struct ImportHistory {
    pub(super) imports: Vec<EarlierImport>,
    pub(super) marks: RunMarks,
    /// The runs of any job that may be believed, by their place from the end of the chain.
    order: HashMap<String, usize>,
}

/// Which of the marks that stand a run of recert's has set.
#[derive(Default)]
pub(super) struct RunMarks(HashMap<(String, NaiveDate), MarkSetter>);

struct MarkSetter {
    /// A person let the run through, whatever limits or doubts said.
    was_let_through: bool,
}

/// A mark as the ledger tells of it; whether its run may be believed, is another matter.
struct ToldMark {
    run_id: String,
    user_id: String,
    delete_at: NaiveDate,
}

impl RunMarks {
    /// Whether a run of recert's has set this mark.
    pub(super) fn has_set(&self, id: &str, delete_at: NaiveDate) -> bool {
        self.0.contains_key(&(id.to_owned(), delete_at))
    }

    /// Whether a run has set it that a person let through.
    pub(super) fn were_let_through(&self, id: &str, delete_at: NaiveDate) -> bool {
        self.0.get(&(id.to_owned(), delete_at)).is_some_and(|setter| setter.was_let_through)
    }
}

impl ImportHistory {
    /// `has_marks`: anybody in PM_USER is marked.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn read(
        job: &str,
        sha256: &str,
        has_marks: bool,
        world: &mut World<'_>,
    ) -> anyhow::Result<ImportHistory> {
        let mut oldest = oldest_needed(job, sha256, world)?;
        let marks = if has_marks { read_marks(&mut oldest, world)? } else { Vec::new() };
        let Some(oldest) = oldest else { return Ok(ImportHistory::default()) };
        let chain = world.ledger.chain(world.db)?;
        // A moment earlier: not every database keeps all digits of a moment that is looked for.
        let members = chain.since(oldest - TimeDelta::seconds(1), world.db)?;

        let is_import = |m: &LedgerMember| {
            m.run.job == job && matches!(&*m.run.status, "applied" | "unchanged")
        };
        let mut imports = Vec::new();
        for (order, member) in members.iter().enumerate().filter(|(_, m)| is_import(m)) {
            imports.extend(EarlierImport::of(member, order));
            if member.parameters["accept_source"] == true {
                break;
            }
        }
        let let_through: HashMap<&str, bool> =
            members.iter().map(|m| (m.run.run_id.as_str(), was_let_through(m))).collect();
        let mut set = HashMap::new();
        for mark in marks {
            if let Some(&was_let_through) = let_through.get(mark.run_id.as_str()) {
                set.insert((mark.user_id, mark.delete_at), MarkSetter { was_let_through });
            }
        }
        let order =
            members.into_iter().enumerate().map(|(at, member)| (member.run.run_id, at)).collect();
        Ok(ImportHistory { imports, marks: RunMarks(set), order })
    }

    /// How many of these people came, or got other data, in runs after that import.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn brought_since(
        &self,
        import: &EarlierImport,
        people: &HashSet<&str>,
        world: &mut World<'_>,
    ) -> anyhow::Result<u64> {
        let mut met = HashSet::new();
        let binds = [("since", import.finished_at.naive_utc().into())];
        world
            .db
            .each(&sql!("import/select_brought"), &binds, &mut |row| {
                let id = row.text("USER_ID")?;
                let order = self.order.get(&row.text("RUN_ID")?);
                let is_later = order.is_some_and(|order| *order < import.order);
                if is_later && people.contains(id.as_str()) {
                    met.insert(id);
                }
                Ok(())
            })
            .context("looking for people who came or changed since an earlier import")?;
        Ok(met.len() as u64)
    }
}

impl EarlierImport {
    fn of(member: &LedgerMember, order: usize) -> Option<EarlierImport> {
        let parameters = &member.parameters;
        Some(EarlierImport {
            as_of: member.as_of()?,
            order,
            finished_at: member.finished_at()?,
            n_rows: parameters[ROWS].as_u64().unwrap_or_else(|| member.count(ROWS)),
            sha256: parameters["sha256"].as_str().unwrap_or_default().to_owned(),
            ends_a_line: parameters[ENDS_A_LINE].as_bool(),
        })
    }
}

fn was_let_through(member: &LedgerMember) -> bool {
    let parameters = &member.parameters;
    parameters["accept_source"] == true || parameters.get("allow_changes").is_some()
}

/// When the oldest import ended that anything is compared with: the last one, those of the grace's days, and those of the
/// same file.
fn oldest_needed(
    job: &str,
    sha256: &str,
    world: &mut World<'_>,
) -> anyhow::Result<Option<DateTime<Utc>>> {
    let first_day = first_day(world);
    let mut oldest = None;
    let mut is_afresh = false;
    world
        .db
        .each(&sql!("import/select_imports"), &[("job", job.into())], &mut |row| {
            let parameters: Json =
                serde_json::from_str(&row.text("PARAMETERS")?).unwrap_or_default();
            let as_of = row.date("AS_OF")?.map(|at| at.date());
            let is_needed = oldest.is_none()
                || as_of.is_none_or(|day| day >= first_day)
                || parameters["sha256"] == sha256;
            if is_needed && !is_afresh {
                oldest = finished_at(row)?.or(oldest);
            }
            is_afresh |= parameters["accept_source"] == true;
            Ok(())
        })
        .context("looking for earlier imports")?;
    Ok(oldest)
}

/// The first of the grace's days before the run.
pub(super) fn first_day(world: &World<'_>) -> NaiveDate {
    let grace = Days::new(u64::from(world.config.import.grace_days));
    world.as_of.checked_sub_days(grace).unwrap_or(NaiveDate::MIN)
}

fn finished_at(row: &Row) -> anyhow::Result<Option<DateTime<Utc>>> {
    Ok(row.date("FINISHED_AT")?.map(|at| at.and_utc()))
}

/// The marks that stand, as runs told of them.
fn read_marks(
    oldest: &mut Option<DateTime<Utc>>,
    world: &mut World<'_>,
) -> anyhow::Result<Vec<ToldMark>> {
    let mut marks = Vec::new();
    world
        .db
        .each(&sql!("import/select_marks"), &[], &mut |row| {
            let why = row.text("WHY")?;
            let day = why.rsplit_once(PURGES).and_then(|(_, rest)| rest.get(..10));
            if let Some(delete_at) = day.and_then(|day| day.parse().ok()) {
                let (run_id, user_id) = (row.text("RUN_ID")?, row.text("USER_ID")?);
                marks.push(ToldMark { run_id, user_id, delete_at });
                *oldest = [*oldest, finished_at(row)?].into_iter().flatten().min();
            }
            Ok(())
        })
        .context("looking for the runs that marked people")?;
    Ok(marks)
}
