//! The findings of a run, beside those of the job's last one; and what was planned, for `-v`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::jobs::{Job, World};
use crate::plan::Plan;
use crate::summary::Status;

/// In a run's PARAMETERS: how many findings of each kind it had.
pub(super) const FINDINGS: &str = "findings";

/// How many of each kind the job's last run had that came to its end; `None` if there is none that
/// may be believed. Nobody asks where there is nothing to tell.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(super) fn before(
    job: &Job,
    plan: &Plan,
    world: &mut World<'_>,
) -> anyhow::Result<Option<BTreeMap<String, u64>>> {
    if plan.findings.is_empty() {
        return Ok(None);
    }
    let ended = [Status::Applied.word(), Status::Unchanged.word()];
    let last = world.ledger.chain(world.db)?.last(job.name(), &ended, world.db)?;
    Ok(last.and_then(|run| serde_json::from_value(run.parameters[FINDINGS].clone()).ok()))
}

pub(super) fn tell_planned(plan: &Plan, took: Duration) {
    tracing::debug!(
        ms = took.as_secs_f64() * 1_000.0,
        changes = plan.changes().count(),
        findings = plan.findings.len(),
        counts = serde_json::to_string(&plan.counts()).unwrap_or_default(),
        "planned"
    );
}
