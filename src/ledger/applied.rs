//! A saved plan that is applied again: what of it was done already, and by which run.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::taken::undone;
use super::{LedgerChain, read};
use crate::db::Read;
use crate::plan::{Plan, SavedChange, SavedPlan, SavedUnit};

/// The count of units that an earlier run has applied.
const COUNT: &str = "already_applied";

/// Of a fresh plan what was saved. A saved unit that is not in it must have been applied, by a run
/// that may be believed, and not put back since.
///
/// # Errors
/// `Exit::Drifted`: a unit is there in part or otherwise, or is missing and no run has applied it; else what the
/// database says.
pub(crate) fn narrow(
    saved: &SavedPlan,
    plan: Plan,
    chain: &mut LedgerChain,
    db: &mut dyn Read,
) -> anyhow::Result<Plan> {
    let missing = saved.missing_in(&plan)?;
    let mut plan = saved.keep(plan);
    plan.noticed.add(COUNT, missing.len() as u64);
    if missing.is_empty() {
        return Ok(plan);
    }
    let mut by_run: BTreeMap<String, u64> = BTreeMap::new();
    let runs = AppliedRuns::read(saved, &missing, chain, db)?;
    for unit in missing {
        let run_id = runs.of(unit).ok_or_else(|| unit.stale("would not be done any more"))?;
        *by_run.entry(run_id.to_owned()).or_default() += 1;
    }
    for (run_id, n) in by_run {
        let told =
            format!("{n} of {} in the saved plan were applied by run {run_id}", saved.units.len());
        plan.find(COUNT, run_id, told);
    }
    Ok(plan)
}

/// How often the job's runs since the plan was made did what is asked for.
struct AppliedRuns {
    runs: Vec<(String, HashMap<String, usize>)>,
}

impl AppliedRuns {
    fn read(
        saved: &SavedPlan,
        missing: &[&SavedUnit],
        chain: &mut LedgerChain,
        db: &mut dyn Read,
    ) -> anyhow::Result<Self> {
        let wanted: HashSet<String> =
            missing.iter().flat_map(|unit| unit.changes.iter().map(asked)).collect();
        let members = chain.applied_since(&saved.job, saved.moment.min(saved.saved_at), db)?;
        let undone = undone(&members, db)?;
        let mut runs = Vec::new();
        for member in members.iter().filter(|member| member.run.job == saved.job) {
            let run_id = &member.run.run_id;
            let undone = undone.get(run_id);
            let mut found: HashMap<String, usize> = HashMap::new();
            read::each_change_of(run_id, db, &mut |entry| {
                let change = &entry.change;
                let seq = u64::try_from(change.number()).unwrap_or_default();
                let done = said([&change.table_name, &change.row_key, &change.action, &change.why]);
                let stands = !undone.is_some_and(|undone| undone.contains(&seq));
                if stands && wanted.contains(&done) && change.fits() {
                    *found.entry(done).or_default() += 1;
                }
                Ok(())
            })?;
            runs.push((run_id.clone(), found));
        }
        Ok(AppliedRuns { runs })
    }

    /// The run that did all that belongs to a unit.
    fn of(&self, unit: &SavedUnit) -> Option<&str> {
        let mut wanted: HashMap<String, usize> = HashMap::new();
        for change in &unit.changes {
            *wanted.entry(asked(change)).or_default() += 1;
        }
        let did_all = |found: &HashMap<String, usize>| {
            wanted.iter().all(|(done, n)| found.get(done).is_some_and(|found| found >= n))
        };
        self.runs.iter().find(|(_, found)| did_all(found)).map(|(run_id, _)| run_id.as_str())
    }
}

fn asked(change: &SavedChange) -> String {
    said([&change.table, &change.key, &change.action, &change.why])
}

/// Table, key, action and reason of a change, as one text.
fn said(parts: [&str; 4]) -> String {
    parts.join("\0")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_has_done_a_unit_only_if_it_did_each_of_its_changes_as_often() {
        let change =
            json!({"table": "T", "key": "E1/7", "action": "delete", "why": "due", "sha256": ""});
        let unit = json!({"unit": "E1/7", "changes": [change, change]});
        let unit: SavedUnit = serde_json::from_value(unit).unwrap();
        let did = |run: &str, n| (run.to_owned(), HashMap::from([(asked(&unit.changes[0]), n)]));
        let runs = AppliedRuns { runs: vec![did("once", 1), did("twice", 2)] };
        assert_eq!(runs.of(&unit), Some("twice"));
    }
}
