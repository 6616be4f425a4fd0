//! What lets a plan through: the saved plan it must be a part of, the clocks, the limits with what
//! earlier runs took of them, and the people who lift what these forbid.

use super::{Planned, Run, end_of_day};
use crate::db::clock;
use crate::jobs::World;
use crate::ledger::applied;
use crate::ledger::taken::{RunMoment, held};
use crate::plan::{Approved, Plan, RefusedPlan, approve, clock_doubts};

impl Run<'_> {
    /// The plan as it may be applied, or the plan and why not.
    pub(super) fn let_through(
        &mut self,
        mut plan: Plan,
        world: &mut World<'_>,
    ) -> anyhow::Result<Result<Approved, RefusedPlan>> {
        let chain = world.ledger.chain(world.db)?;
        if let Some(saved) = &self.saved {
            plan = applied::narrow(saved, plan, chain, world.db)?;
        }
        let ahead = clock::host_ahead(world.db)?;
        plan.doubts.extend(clock_doubts(ahead, self.started_at, chain.last_finished_at()));
        let job = self.request.job;
        let limits = job.limits(self.request.config);
        let limits = held(job.name(), limits, self.before(), chain, world.db)?;
        world.ledger.tell(&mut plan);
        self.limits = limits.iter().map(|limit| limit.left_for(&plan)).collect();
        let allowance = job.write_args().allowance();
        Ok(approve(plan, &limits, allowance, &self.approval))
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
