//! What lets a plan through: the saved plan it must be a part of, the clocks, the limits with what
//! earlier runs took of them, and the people who lift what these forbid.

use anyhow::anyhow;

use super::when::end_of_day;
use super::{Planned, Run};
use crate::db::{Read, Transient};
use crate::exit::Exit;
use crate::jobs::World;
use crate::ledger::taken::{RunMoment, held, untouched};
use crate::ledger::{RunStart, applied, late_runs};
use crate::plan::{Approved, HeldLimit, Plan, RefusedPlan, approve, clock_doubts, taken};

impl Run<'_> {
    /// The plan as it may be applied, or the plan and why not.
    pub(super) fn let_through(
        &mut self,
        mut plan: Plan,
        start: &RunStart,
        world: &mut World<'_>,
    ) -> anyhow::Result<Result<Approved, RefusedPlan>> {
        if let Some(saved) = &self.saved {
            plan = applied::narrow(saved, plan, world.ledger.chain(world.db)?, world.db)?;
        }
        let RunStart { host_ahead, last_finished_at, .. } = *start;
        plan.doubts.extend(clock_doubts(host_ahead, self.started_at, last_finished_at));
        let limits = self.held_limits(start, world)?;
        world.ledger.tell(&mut plan);
        self.limits = limits.iter().map(|limit| limit.left_for(&plan)).collect();
        if self.limits.iter().any(|limit| limit.taken > 0) {
            // What can't be believed counts nothing: that must not let more through.
            plan.doubts.extend(world.ledger.doubt());
        }
        let allowance = self.request.job.write_args().allowance();
        Ok(approve(plan, &limits, allowance, &self.approval))
    }

    /// The limits, with what earlier runs took of them. The chain is walked where one of the job's took something
    /// lately, and where it may be broken: a run that is the first of its day asks nothing for it.
    fn held_limits<'a>(
        &self,
        start: &RunStart,
        world: &mut World<'a>,
    ) -> anyhow::Result<Vec<HeldLimit<'a>>> {
        let job = self.request.job;
        let limits = job.limits(world.config);
        if start.n_late > 0 || !start.is_whole {
            let chain = world.ledger.chain(world.db)?;
            return held(job.name(), limits, self.before(), chain, world.db);
        }
        Ok(untouched(limits))
    }

    /// Some run has come since this one was held against the limits, and the chain's end is held now: looks whether
    /// it was one of the job's that took something, as it got its lock, or under another lock, as restores do.
    pub(super) fn must_be_only_one(
        &self,
        plan: &Plan,
        start: &RunStart,
        db: &mut dyn Read,
    ) -> anyhow::Result<()> {
        let job = self.request.job;
        let mut limits = job.limits(self.request.config).into_iter();
        if limits.all(|(name, _)| taken(plan, name).n == 0) {
            return Ok(());
        }
        if late_runs(job.name(), self.limits_since(), db)? == start.n_late {
            return Ok(());
        }
        Err(anyhow!(
            "another run of {} took something while this one was under way; all was rolled back",
            job.name()
        )
        .context(Transient)
        .context(Exit::Drifted))
    }

    /// The run's moment, and now. A plan that was saved a while ago is held against what was taken since, too.
    pub(super) fn before(&self) -> RunMoment {
        let Planned { as_of, moment, .. } = self.when;
        let zone = self.request.config.time.tz().unwrap_or(chrono_tz::UTC);
        let is_replay = moment == end_of_day(as_of, zone);
        let moment = if is_replay { moment } else { self.started_at };
        RunMoment { moment, now: self.started_at }
    }
}
