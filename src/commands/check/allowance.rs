//! How much of the day's allowance each job has left, by the ledger: what the next run may take before a limit refuses it.

use anyhow::Context as _;

use super::scope::{CheckScope, application};
use super::{ABSENT, Report};
use crate::commands::CommandContext;
use crate::config::{DatabaseConfig, Limits};
use crate::db::Read;
use crate::exit::Exit;
use crate::jobs::{Job, JobSpec};
use crate::ledger::taken::{RunMoment, held};
use crate::ledger::{self, LedgerChain};
use crate::plan::{HeldLimit, Plan};
use crate::sql::Sql;

/// A line for each limit of the jobs that work on this database.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(super) fn look(
    db: &mut dyn Read,
    database: &DatabaseConfig,
    scope: &CheckScope,
    context: &CommandContext<'_>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let now = (context.clock)();
    let mut chain = LedgerChain::read(db)?;
    if let Some(told) = chain.broken() {
        let told = format!("its chain is broken: {told}; `recert verify` says more");
        match ledger::look("", now, db) {
            // No run can be added to a chain without an end.
            Err(error) if Exit::of(&error) == Exit::Config => report.missing("ledger", told),
            _ => report.warn("ledger", told),
        }
        return Ok(());
    }
    for spec in Job::ALL {
        let is_here = (spec.database)(context.config).is_same_place(database);
        if !is_here || !scope.wants_job(spec.name) || is_absent(spec, report) {
            continue;
        }
        let limits = spec.limits_in(context.config);
        let limits = held(spec.name, limits, RunMoment { moment: now, now }, &mut chain, db)?;
        let population = spec.population.map(|query| count(&query(), db)).transpose()?;
        let plan = Plan { population: population.unwrap_or_default(), ..Plan::default() };
        for limit in limits {
            report.ok(format!("allowance of {}", limit.name), told(&limit, &plan, spec));
        }
    }
    Ok(())
}

fn count(query: &Sql, db: &mut dyn Read) -> anyhow::Result<u64> {
    let rows = db.rows(query, &[]).context("counting what a limit in percent is taken of")?;
    let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
    Ok(n.unwrap_or_default().unsigned_abs())
}

/// Whether the tables that the job works on are not in this database, which has a line of its own.
fn is_absent(spec: &JobSpec, report: &Report) -> bool {
    let Some(owner) = spec.application else { return false };
    let (name, _) = application(owner);
    report.lines.iter().any(|line| line.kind == ABSENT && line.key == name)
}

fn told(limit: &HeldLimit<'_>, plan: &Plan, spec: &JobSpec) -> String {
    let left = limit.left_for(plan).left;
    let Limits { hours, percent, .. } = *limit.limits;
    let earlier = match (hours, limit.earlier) {
        (0, _) => "each run is held alone".to_owned(),
        (_, n) => format!("{n} taken in the last {hours} hours"),
    };
    match spec.population {
        Some(_) => format!("{earlier}; {left} may be taken yet"),
        None => format!(
            "{earlier}; at least {left} may be taken yet, and more as far as `percent` ({percent}) of what a run counts allows"
        ),
    }
}
