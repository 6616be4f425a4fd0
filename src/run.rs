//! The one road: open, lock, plan, approve, hold, apply, ledger, commit.
//!
//! The only place that knows a preview from a run, and what day it is. A run is one transaction; an
//! error that may pass repeats the whole of it, never a part, and never once COMMIT was sent.

mod afterwards;
mod findings;
mod gate;
mod given;
mod when;

use std::collections::{BTreeMap, HashSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, SubsecRound as _, Utc};

use crate::config::Config;
use crate::db::{self, CommitUnanswered, OpenDatabase, Read, SessionSpec, Transaction};
use crate::exit::Exit;
use crate::jobs::{Job, World};
use crate::ledger::taken;
use crate::ledger::{self, ChangeHashes, LedgerReader, LedgerRun, RunStart, canonical};
use crate::plan::{
    Approval, Held, Leeway, LimitLeft, Plan, SavedPlan, apply, hold, look_again, read_again,
};
use crate::summary::{SCHEMA, Status, Summary};
pub(crate) use when::Planned;
use when::decide_when;

/// What is asked for.
pub struct Request<'a> {
    /// What to do.
    pub job: &'a Job,
    /// Only say what would be done.
    pub preview: bool,
    /// Of a preview: carry it out, and roll it back.
    pub rehearse: bool,
    /// `--as-of`
    pub as_of: Option<NaiveDate>,
    /// The config.
    pub config: &'a Config,
    /// What time it is.
    pub clock: &'a dyn Fn() -> DateTime<Utc>,
    /// Who opens its database.
    pub open: OpenDatabase<'a>,
    /// The run's id (UUIDv7).
    pub run_id: String,
}

/// How a run ended: whatever happened, there is a summary.
pub struct Ended {
    /// What to say.
    pub summary: Summary,
    /// What was planned, as far as it came to that.
    pub plan: Option<Plan>,
    /// What a saved plan of this run must know.
    pub as_planned: Planned,
    /// What went wrong; classed.
    pub error: Option<anyhow::Error>,
}

/// One run under way.
struct Run<'a> {
    request: &'a Request<'a>,
    saved: Option<SavedPlan>,
    approval: Approval,
    when: Planned,
    session: SessionSpec,
    started_at: DateTime<Utc>,
    /// Whether an attempt met a key that was taken meanwhile: a second time it is no accident.
    met_taken_key: bool,
    /// Lines that an attempt has added to a file: the next one does not add them again.
    lines_added: HashSet<String>,
    /// How many findings of each kind the job's last run had.
    findings_before: Option<BTreeMap<String, u64>>,
    /// Whether the run got as far as its lock, so that its failure belongs into the ledger.
    reached: bool,
    /// The chain's end, as this run left it.
    ledger_head: Option<String>,
    /// What of the job's limits is used and left.
    limits: Vec<LimitLeft>,
}

/// What came of one attempt.
struct AttemptEnd {
    status: Status,
    plan: Plan,
    refusal: Option<anyhow::Error>,
    /// How long rows were held, until COMMIT was answered.
    held: Option<Duration>,
}

impl AttemptEnd {
    fn looked(status: Status, plan: Plan) -> Self {
        AttemptEnd { status, plan, refusal: None, held: None }
    }
}

/// Carries out a request, and tries again what may pass.
///
/// # Errors
/// `Exit::Usage` or `Exit::BadInput`: the request itself is wrong, so that there was no run. All
/// that goes wrong later is told in [`Ended`].
pub fn run(request: &Request<'_>) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let started_at = (request.clock)().trunc_subsecs(6);
    let (saved, approval) = given::read(request, started_at)?;
    let when = decide_when(request, saved.as_ref(), started_at)?;
    let action = if request.preview { "preview" } else { request.job.name() }.to_owned();
    let session = SessionSpec {
        action,
        run_id: request.run_id.clone(),
        writes: !request.preview || request.rehearse,
        defines: false,
    };
    let mut run = Run {
        request,
        saved,
        approval,
        when,
        session,
        started_at,
        met_taken_key: false,
        lines_added: HashSet::new(),
        reached: false,
        ledger_head: None,
        limits: Vec::new(),
        findings_before: None,
    };

    let came = run.try_until_done();
    if let Err(error) = &came {
        // First, so that nothing is put away unread should the run be killed here.
        request.job.give_back_after(Exit::of(error));
        run.record_failure(error);
    }
    Ok(run.end(came, began.elapsed()))
}

impl Run<'_> {
    fn try_until_done(&mut self) -> anyhow::Result<AttemptEnd> {
        let mut pauses = (1..).zip(self.request.job.database(self.request.config).pauses());
        loop {
            let error = match self.attempt() {
                Err(error) if db::is_transient(&error) => error,
                // Somebody else has just used a key that was free when the plan was made; the next plan knows.
                Err(error) if !self.met_taken_key && db::is_taken_key(&error) => {
                    self.met_taken_key = true;
                    error.context(Exit::Drifted)
                }
                ended => return ended,
            };
            let Some((attempt, pause)) = pauses.next() else { return Err(error) };
            tracing::warn!(run_id = %self.session.run_id, attempt, "{}; trying the whole run again", Exit::tell(&error));
            sleep(pause);
        }
    }

    /// The whole of a run, from opening the connection to COMMIT.
    fn attempt(&mut self) -> anyhow::Result<AttemptEnd> {
        let Request { job, config, preview, .. } = *self.request;
        let mut db = (self.request.open)(job.database(config), &self.session)?;
        let writes = self.session.writes;
        let start = match writes {
            true => timed("locked", || self.lock(&mut *db))?,
            false => self.look(&mut *db)?,
        };
        if !preview {
            let takes_up = self.saved.is_none();
            job.claim(&self.session.run_id, takes_up, &mut *db)?;
        }

        let Planned { as_of, moment, .. } = self.when;
        let ledger = LedgerReader::default();
        // A DATE keeps whole seconds, TIMESTAMP(3) thousandths: what every column holds unchanged
        // is what a restore, or the next run, finds again.
        let moment = moment.trunc_subsecs(0);
        let now = self.started_at;
        let mut world = World { db: &mut *db, config, as_of, moment, now, ledger };
        let began = Instant::now();
        let plan = job.plan(&mut world)?;
        findings::tell_planned(&plan, began.elapsed());
        self.findings_before = findings::before(job, &plan, &mut world)?;
        let approved =
            match timed("held against limits", || self.let_through(plan, &start, &mut world))? {
                Ok(approved) => approved,
                Err(refused) => {
                    let (plan, refusal) = *refused;
                    let refusal = Some(refusal);
                    return Ok(AttemptEnd { refusal, ..AttemptEnd::looked(Status::Refused, plan) });
                }
            };
        if !writes {
            return Ok(AttemptEnd::looked(Status::Planned, approved.into_plan()));
        }

        if let Some(lines) = approved.plan().lines.as_ref().filter(|_| !preview) {
            lines.add(&mut self.lines_added)?;
        }
        if let Some(file) = approved.plan().file.as_ref().filter(|_| !preview) {
            file.write(&mut *db)?;
        }
        let since = Instant::now();
        let leeway = if self.saved.is_some() { Leeway::None } else { Leeway::OtherColumns };
        let held = timed("held", || hold(approved, leeway, &mut *db))?;
        let hashes = self.change(&held, &mut *db)?;
        if preview {
            drop(db); // A rehearsal: all of it is rolled back.
            return Ok(AttemptEnd::looked(Status::Planned, held.into_plan()));
        }
        let status = timed("committed", || self.close(held.plan(), &hashes, start, db))?;
        let held_for = Some(since.elapsed());
        Ok(AttemptEnd { held: held_for, ..AttemptEnd::looked(status, held.into_plan()) })
    }

    /// The lock of what the job writes. Where that is to be learned from the ledger, the run has reached it.
    fn lock(&mut self, db: &mut dyn Transaction) -> anyhow::Result<RunStart> {
        let belongs = !self.request.preview;
        let lock = self.request.job.lock(db).inspect_err(|_| self.reached = belongs)?;
        let start = ledger::lock(lock, self.request.job.name(), self.limits_since(), db)?;
        self.reached = belongs;
        Ok(start)
    }

    fn look(&self, db: &mut dyn Transaction) -> anyhow::Result<RunStart> {
        ledger::look(self.request.job.name(), self.limits_since(), db)
    }

    /// From when on what the job took counts against its limits.
    fn limits_since(&self) -> DateTime<Utc> {
        self.before().since(&self.request.job.limits(self.request.config))
    }

    /// The ledger's changes, the changes themselves, and a last look at what they rest on. From here to COMMIT no
    /// file and no directory is touched: others may wait.
    fn change(&self, held: &Held, db: &mut dyn Transaction) -> anyhow::Result<ChangeHashes> {
        let run_id = &self.session.run_id;
        let hashes = timed("ledger written", || ledger::write_changes(run_id, held.plan(), db))?;
        timed("applied", || apply(held, db))?;
        timed("read again", || read_again(held, db))?;
        timed("looked once more", || look_again(held.plan(), db))?;
        Ok(hashes)
    }

    /// The run's own row behind the end of the chain, and COMMIT.
    fn close(
        &mut self,
        plan: &Plan,
        hashes: &ChangeHashes,
        start: RunStart,
        db: Box<dyn Transaction>,
    ) -> anyhow::Result<Status> {
        let patience = self.request.job.database(self.request.config).lock_timeout;
        let status = if plan.is_empty() { Status::Unchanged } else { Status::Applied };
        let run = || self.ledger_run(status, plan, None);
        let moved = |db: &mut dyn Read| self.must_be_only_one(plan, &start, db);
        match ledger::write_run_and_commit(&run, hashes, &start.end, &moved, patience, db) {
            Err(error) if error.downcast_ref::<CommitUnanswered>().is_some() => {
                tracing::warn!(run_id = %self.session.run_id, "{}; looking the run up", Exit::tell(&error));
                self.look_up(error)?;
            }
            ended => self.ledger_head = Some(ended?),
        }
        Ok(status)
    }

    fn ledger_run(&self, status: Status, plan: &Plan, error: Option<String>) -> LedgerRun {
        let Request { job, config, clock, .. } = *self.request;
        let mut parameters = job.parameters();
        let write = job.write_args();
        if let Some(object) = parameters.as_object_mut() {
            object.extend(plan.remembered.clone());
            write.note_in(object);
            object.insert(findings::FINDINGS.to_owned(), plan.findings_by_kind());
            given::note_in(object, self.saved.as_ref(), &self.approval);
            if status == Status::Applied {
                let names = job.limits(config).into_iter().map(|(name, _)| name);
                taken::note_in(object, plan, names, self.before());
            }
        }
        LedgerRun {
            run_id: self.session.run_id.clone(),
            job: job.name().to_owned(),
            as_of: canonical::day(self.when.as_of),
            status: status.word().to_owned(),
            started_at: canonical::moment(self.started_at),
            finished_at: canonical::moment(clock().trunc_subsecs(6)),
            os_user: crate::who::os_user(),
            host: crate::who::host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_sha256: config.sha256.clone(),
            parameters: parameters.to_string(),
            counts: ledger::counts_json(&plan.counts()),
            reason: error.or_else(|| write.reason.clone()).unwrap_or_default(),
            ..LedgerRun::default()
        }
    }

    fn end(mut self, came: anyhow::Result<AttemptEnd>, took: Duration) -> Ended {
        let (mut status, plan, mut error, held) = match came {
            Ok(AttemptEnd { status, plan, refusal, held }) => (status, Some(plan), refusal, held),
            Err(error) => (Status::Failed, None, Some(error), None),
        };
        let mut findings = plan.as_ref().map(|plan| plan.findings.clone()).unwrap_or_default();
        if let Some(refusal) = error.take_if(|_| status == Status::Refused && self.request.preview)
        {
            // A preview shows that a limit would refuse, and does not fail for it.
            status = Status::Planned;
            let message = format!("a run would be refused: {}", Exit::tell(&refusal));
            let limit = crate::plan::Finding { kind: "limit", key: String::new(), message };
            findings.insert(0, limit); // Before all else, for it is what stands in the way.
        }
        if let (Status::Refused, Some(refusal), Some(plan)) = (status, &error, &plan) {
            self.record(Status::Refused, plan, refusal);
        }
        if status == Status::Applied {
            self.limits
                .iter_mut()
                .for_each(|limit| limit.left = limit.left.saturating_sub(limit.taken));
        }
        let summary = Summary {
            schema: SCHEMA,
            command: self.session.action.clone(),
            job: self.request.job.name(),
            run_id: self.session.run_id.clone(),
            status,
            as_of: self.when.as_of,
            counts: plan.as_ref().map(Plan::counts).unwrap_or_default(),
            findings,
            findings_before: self.findings_before,
            limits: self.limits,
            ledger_head: self.ledger_head,
            held_ms: held.map(milliseconds),
            duration_ms: milliseconds(took),
            exit_code: error.as_ref().map_or(Exit::Done, Exit::of).code(),
            error: error.as_ref().map(Exit::tell),
        };
        Ended { summary, plan, as_planned: self.when, error }
    }
}

/// Does a step of the road, and tells `-v` how long it took.
fn timed<T>(step: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let began = Instant::now();
    let done = work();
    if done.is_ok() {
        tracing::debug!(ms = began.elapsed().as_secs_f64() * 1_000.0, "{step}");
    }
    done
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_whole_milliseconds() {
        assert_eq!(milliseconds(Duration::from_micros(1_500_999)), 1_500);
    }
}
