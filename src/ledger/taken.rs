//! What the job's earlier runs took of its limits, by the ledger, and what was given back since.
//!
//! A run that takes says so in its PARAMETERS: `"takes": [{"limit": "revoke", "n": 30, "each": "row", "seq": [[1, 30]]}]`,
//! where `seq` names the changes that count. A restore's WHY names the change it undoes, and a restore
//! may have been undone itself. Runs that `--allow-changes` let through don't count.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{LedgerChain, LedgerMember, read};
use crate::config::Limits;
use crate::db::Read;
use crate::plan::{HeldLimit, Plan, TakenEach, taken};

/// What one run took of one limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TakenOf {
    limit: String,
    n: u64,
    each: TakenEach,
    seq: Vec<(u64, u64)>,
}

/// What a plan takes of these limits, as its run remembers it.
fn takes(plan: &Plan, names: impl Iterator<Item = &'static str>) -> Vec<TakenOf> {
    let of = |name: &'static str| {
        let taken = taken(plan, name);
        let seq = taken.places.iter().map(|place| (place.start as u64 + 1, place.end as u64));
        TakenOf { limit: name.to_owned(), n: taken.n, each: taken.each, seq: seq.collect() }
    };
    names.map(of).filter(|taken| taken.n > 0).collect()
}

/// Notes in a run's PARAMETERS what it takes, and for when, where that is not when it ran.
pub(crate) fn note_in(
    parameters: &mut serde_json::Map<String, Json>,
    plan: &Plan,
    names: impl Iterator<Item = &'static str>,
    before: RunMoment,
) {
    let takes = takes(plan, names);
    if takes.is_empty() {
        return;
    }
    parameters.insert("takes".to_owned(), serde_json::json!(takes));
    if before.moment != before.now {
        parameters.insert("moment".to_owned(), serde_json::json!(before.moment));
    }
}

/// The moment a run stands for, and the time it is: the hours are those before either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunMoment {
    /// The run's moment.
    pub(crate) moment: DateTime<Utc>,
    /// When it began.
    pub(crate) now: DateTime<Utc>,
}

impl RunMoment {
    /// From when on what a job took may count against these limits.
    pub(crate) fn since(self, limits: &[(&'static str, &Limits)]) -> DateTime<Utc> {
        let hours = limits.iter().map(|(_, limits)| limits.hours).max().unwrap_or_default();
        self.moment.min(self.now) - TimeDelta::hours(i64::from(hours))
    }
}

/// A job's limits, of which no earlier run took anything.
pub(crate) fn untouched<'a>(limits: Vec<(&'static str, &'a Limits)>) -> Vec<HeldLimit<'a>> {
    limits.into_iter().map(|(name, limits)| HeldLimit { name, limits, earlier: 0 }).collect()
}

/// A job's limits, with what its earlier runs took of them.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn held<'a>(
    job: &str,
    limits: Vec<(&'static str, &'a Limits)>,
    before: RunMoment,
    chain: &mut LedgerChain,
    db: &mut dyn Read,
) -> anyhow::Result<Vec<HeldLimit<'a>>> {
    let earlier = EarlierRuns::read(job, before.since(&limits), chain, db)?;
    let held = limits.into_iter().map(|(name, limits)| HeldLimit {
        name,
        limits,
        earlier: earlier.of(name, limits.hours, before),
    });
    Ok(held.collect())
}

/// The job's earlier runs that took something.
#[derive(Debug)]
struct EarlierRuns {
    runs: Vec<EarlierRun>,
}

/// One of them: when it was, and what of it still stands.
#[derive(Debug)]
struct EarlierRun {
    finished_at: DateTime<Utc>,
    moment: DateTime<Utc>,
    taken: HashMap<String, u64>,
}

impl EarlierRuns {
    /// Reads what the job's runs took since then.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    fn read(
        job: &str,
        since: DateTime<Utc>,
        chain: &mut LedgerChain,
        db: &mut dyn Read,
    ) -> anyhow::Result<Self> {
        let members = chain.applied_since(job, since, db)?;
        let undone = undone(&members, db)?;
        let mut runs = Vec::new();
        for member in members.iter().filter(|member| counts(job, member)) {
            let (Some(finished_at), Ok(takes)) = (
                member.finished_at(),
                serde_json::from_value::<Vec<TakenOf>>(member.parameters["takes"].clone()),
            ) else {
                continue;
            };
            let moment = member.parameters["moment"].as_str().and_then(|at| at.parse().ok());
            let moment = moment.unwrap_or(finished_at);
            let undone = undone.get(&member.run.run_id);
            let mut taken = HashMap::new();
            for of in takes {
                let left = match undone {
                    Some(undone) => still_taken(&of, undone, &member.run.run_id, db)?,
                    None => of.n,
                };
                taken.insert(of.limit, left);
            }
            runs.push(EarlierRun { finished_at, moment, taken });
        }
        Ok(EarlierRuns { runs })
    }

    /// How much of a limit they took in so many hours.
    fn of(&self, limit: &str, hours: u32, before: RunMoment) -> u64 {
        let hours = TimeDelta::hours(i64::from(hours));
        let RunMoment { moment, now } = before;
        // A run of a past day counts among the runs of that day, and what was taken lately among those of now:
        // it came before this run, whatever its clock says.
        let until = if moment >= now { DateTime::<Utc>::MAX_UTC } else { moment };
        let is_in = |run: &&EarlierRun| {
            let since = moment - hours;
            (run.moment > since && run.moment <= moment)
                || (run.finished_at > since && run.finished_at <= until)
        };
        self.runs.iter().filter(is_in).filter_map(|run| run.taken.get(limit)).sum()
    }
}

fn counts(job: &str, member: &LedgerMember) -> bool {
    member.run.job == job && member.parameters["allow_changes"].is_null()
}

/// Which changes of which runs were put back: a restore that was put back itself did nothing.
pub(super) fn undone(
    members: &[LedgerMember],
    db: &mut dyn Read,
) -> anyhow::Result<HashMap<String, HashSet<u64>>> {
    let mut undone: HashMap<String, HashSet<u64>> = HashMap::new();
    for restore in members.iter().filter(|member| member.run.job == "restore") {
        let id = &restore.run.run_id;
        let mut targets = Vec::new();
        read::each_change_of(id, db, &mut |entry| {
            let change = &entry.change;
            let seq = u64::try_from(change.number()).unwrap_or_default();
            let is_undone = undone.get(id).is_some_and(|seqs| seqs.contains(&seq));
            if change.fits() && !is_undone {
                targets.extend(target(&change.why));
            }
            Ok(())
        })?;
        for (run_id, seq) in targets {
            undone.entry(run_id).or_default().insert(seq);
        }
    }
    Ok(undone)
}

/// `restores change SEQ of run RUN_ID (…)`
fn target(why: &str) -> Option<(String, u64)> {
    let (seq, rest) = why.strip_prefix("restores change ")?.split_once(" of run ")?;
    Some((rest.split(' ').next()?.to_owned(), seq.parse().ok()?))
}

/// What is still taken of a run some of whose changes were put back: a person goes on counting
/// until nothing is left of what counted.
fn still_taken(
    of: &TakenOf,
    undone: &HashSet<u64>,
    run_id: &str,
    db: &mut dyn Read,
) -> anyhow::Result<u64> {
    let is_of = |seq: u64| of.seq.iter().any(|(from, to)| (*from..=*to).contains(&seq));
    if of.each == TakenEach::Row {
        let back = undone.iter().filter(|seq| is_of(**seq)).count() as u64;
        return Ok(of.n.saturating_sub(back));
    }
    let mut left: HashMap<String, bool> = HashMap::new();
    read::each_change_of(run_id, db, &mut |entry| {
        let seq = u64::try_from(entry.change.number()).unwrap_or_default();
        if is_of(seq) {
            // A row of a person's has their id before the first `/` of its key.
            let person = entry.change.row_key.split('/').next().unwrap_or_default();
            *left.entry(person.to_owned()).or_default() |= !undone.contains(&seq);
        }
        Ok(())
    })?;
    let back = left.values().filter(|left| !**left).count() as u64;
    Ok(of.n.saturating_sub(back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Takes;
    use crate::plan::tests::step;

    #[test]
    fn a_run_remembers_which_of_its_changes_counted() {
        let steps = vec![step(Takes::Nothing, &["a"; 3]), step(Takes::Rows, &["b", "c"])];
        let plan = Plan { steps, ..Plan::default() };
        let taken = takes(&plan, ["revoke", "revoke-unanswered"].into_iter());
        let told: Vec<_> = taken.iter().map(|of| (&*of.limit, of.n, &*of.seq)).collect();
        assert_eq!(told, [("revoke", 2, &[(4, 5)][..])]);
    }

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    /// What a run took that stood for one hour and ended in another, asked by a run 100 hours on, over 24 hours.
    fn counted(moment: i64, finished: i64, before: RunMoment) -> bool {
        let taken = HashMap::from([("revoke".to_owned(), 1)]);
        let run = EarlierRun { finished_at: at(finished), moment: at(moment), taken };
        EarlierRuns { runs: vec![run] }.of("revoke", 24, before) == 1
    }

    #[test]
    fn the_hours_are_those_before_a_runs_moment_and_whatever_ended_since() {
        let now = RunMoment { moment: at(100), now: at(100) };
        for (moment, finished, counts) in [
            (76, 76, false),
            (77, 76, true),
            (76, 77, true),
            (100, 0, true),
            (101, 0, false),
            (0, 200, true), // Whatever its clock says, it came before this one.
        ] {
            assert_eq!(counted(moment, finished, now), counts, "{moment} {finished}");
        }
    }

    #[test]
    fn a_replay_counts_what_was_taken_by_its_day_and_no_later() {
        let replay = RunMoment { moment: at(50), now: at(100) };
        for (moment, finished, counts) in
            [(50, 99, true), (51, 99, false), (99, 50, true), (99, 51, false), (99, 26, false)]
        {
            assert_eq!(counted(moment, finished, replay), counts, "{moment} {finished}");
        }
        let limits = |hours| Limits { hours, ..Limits::default() };
        let (day, none) = (limits(24), limits(0));
        assert_eq!(replay.since(&[("a", &none), ("b", &day)]), at(26));
        assert_eq!(RunMoment { moment: at(100), now: at(50) }.since(&[("a", &day)]), at(26));
    }

    #[test]
    fn a_restore_says_which_change_of_which_run_it_takes_back() {
        let why = "restores change 12 of run 0190-x (revoke)";
        assert_eq!(target(why), Some(("0190-x".to_owned(), 12)));
        for other in ["revoked; due 2026-01-01", "restores change x of run 0190-x (revoke)"] {
            assert_eq!(target(other), None);
        }
    }
}
