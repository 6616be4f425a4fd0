//! `recert history --archive-before`: a run of its own, with lock, ledger and retries.

use std::path::Path;
use std::thread::sleep;

use anyhow::anyhow;
use chrono::{DateTime, NaiveDate, SubsecRound as _, Utc};
use serde_json::json;

use super::super::{Context, databases};
use crate::config::DatabaseConfig;
use crate::db::{self, CommitUnanswered};
use crate::exit::Exit;
use crate::ledger::{
    self, LedgerRun,
    archive::{JOB, archive, remove},
    canonical,
};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::summary::{Status, Summary};

/// One archiving under way.
struct Archiving<'a> {
    before: NaiveDate,
    path: &'a Path,
    database: &'a DatabaseConfig,
    context: &'a Context<'a>,
    run_id: String,
    started_at: DateTime<Utc>,
}

pub(super) fn run(
    before: NaiveDate,
    path: &Path,
    database: Option<&str>,
    context: &Context<'_>,
) -> anyhow::Result<Outcome> {
    let [(_, database)] = databases::chosen(context.config, database)?[..] else {
        return Err(anyhow!("the config has several databases; name one with `--database`")
            .context(Exit::Usage));
    };
    let run_id = context.facts.run_id.clone();
    let started_at = (context.clock)().trunc_subsecs(6);
    let archiving = Archiving { before, path, database, context, run_id, started_at };
    let plan = archiving.try_until_done()?;
    let status = if plan.is_empty() { Status::Unchanged } else { Status::Applied };
    let summary = Summary { counts: plan.counts(), ..context.summary(status)? };
    Ok(Outcome::of(summary).lasting())
}

impl Archiving<'_> {
    fn try_until_done(&self) -> anyhow::Result<Plan> {
        let mut pause = self.database.retry_delay;
        for attempt in 1.. {
            match self.attempt() {
                Err(error) if attempt <= self.database.retries && db::is_transient(&error) => {
                    tracing::warn!(run_id = %self.run_id, attempt, "{}; trying the whole run again", Exit::tell(&error));
                    sleep(pause);
                    pause *= 2;
                }
                ended => return ended.inspect_err(|error| self.record_failure(error)),
            }
        }
        Err(anyhow!("no attempt was made"))
    }

    fn attempt(&self) -> anyhow::Result<Plan> {
        let mut db = databases::open(self.database, JOB, Some(&self.run_id))?;
        ledger::lock("people", &mut *db)?;
        let plan = archive(&self.run_id, self.before, self.path, &mut *db)?;
        let status = if plan.is_empty() { Status::Unchanged } else { Status::Applied };
        let hashes = ledger::write_changes(&self.run_id, &plan, &mut *db)?;
        let end = ledger::take_end(self.database.lock_timeout, &mut *db)?;
        let written = self
            .ledger_run(status, &plan, None)
            .and_then(|run| ledger::write_run(run, &hashes, &end, &mut *db))
            .and_then(|_| db.commit());
        match written {
            Err(error) if error.downcast_ref::<CommitUnanswered>().is_some() => {
                self.look_up(plan, error)
            }
            // Rolled back: the database still has all that is in the file.
            Err(error) => {
                if !plan.is_empty() {
                    remove(self.path);
                }
                Err(error)
            }
            Ok(()) => Ok(plan),
        }
    }

    /// COMMIT was sent and its answer lost: the ledger knows. Until it has said that nothing was
    /// erased, the file may be all there is.
    fn look_up(&self, plan: Plan, lost: anyhow::Error) -> anyhow::Result<Plan> {
        let known = || -> anyhow::Result<bool> {
            let mut db = databases::open(self.database, JOB, Some(&self.run_id))?;
            ledger::take_end(self.database.lock_timeout, &mut *db)?;
            ledger::contains(&self.run_id, &mut *db)
        };
        match known() {
            Ok(true) => Ok(plan),
            Ok(false) => {
                if !plan.is_empty() {
                    remove(self.path);
                }
                Err(anyhow!(
                    "the run is not in the ledger: nothing was erased ({})",
                    Exit::tell(&lost)
                )
                .context(Exit::Unavailable))
            }
            Err(error) => Err(anyhow!(
                "{}, and the run can't be looked up ({}); keep `{}`",
                Exit::tell(&lost),
                Exit::tell(&error),
                self.path.display()
            )
            .context(Exit::Unknown)),
        }
    }

    /// A failed run leaves a row, as well as it goes; one that never got the lock leaves none.
    fn record_failure(&self, error: &anyhow::Error) {
        if matches!(Exit::of(error), Exit::Busy | Exit::Unavailable | Exit::Unknown | Exit::Config)
        {
            return;
        }
        let record = || -> anyhow::Result<()> {
            let mut db = databases::open(self.database, JOB, Some(&self.run_id))?;
            let end = ledger::take_end(self.database.lock_timeout, &mut *db)?;
            let run = self.ledger_run(Status::Failed, &Plan::default(), Some(Exit::tell(error)))?;
            ledger::write_run(run, &ledger::ChangeHashes::default(), &end, &mut *db)?;
            db.commit()
        };
        if let Err(second) = record() {
            tracing::warn!(run_id = %self.run_id, "the failure could not be written to the ledger: {}", Exit::tell(&second));
        }
    }

    fn ledger_run(
        &self,
        status: Status,
        plan: &Plan,
        reason: Option<String>,
    ) -> anyhow::Result<LedgerRun> {
        Ok(LedgerRun {
            run_id: self.run_id.clone(),
            job: JOB.to_owned(),
            as_of: canonical::day(self.context.day()?),
            status: status.word().to_owned(),
            started_at: canonical::moment(self.started_at),
            finished_at: canonical::moment((self.context.clock)().trunc_subsecs(6)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            os_user: whoami::username(),
            host: whoami::fallible::hostname().unwrap_or_else(|_| "unknown".to_owned()),
            config_sha256: self.context.config.sha256.clone(),
            parameters: json!({"before": self.before}).to_string(),
            counts: ledger::counts_json(&plan.counts()),
            reason: reason.unwrap_or_default(),
            ..LedgerRun::default()
        })
    }
}
