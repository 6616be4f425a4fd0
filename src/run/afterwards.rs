//! What is owed to the ledger once a run's own transaction is over: whether a COMMIT whose answer was lost took
//! effect, and a row that tells of a failure or a refusal.

use std::thread::sleep;
use std::time::Duration;

use anyhow::anyhow;

use super::Run;
use crate::exit::Exit;
use crate::ledger::{self, ChangeHashes};
use crate::plan::Plan;
use crate::summary::Status;

/// How long a failure may take to be written down: the scheduler waits for the number meanwhile.
const RECORD_TIMEOUT: Duration = Duration::from_secs(10);

impl Run<'_> {
    /// COMMIT was sent and its answer lost: the ledger knows, on a new connection.
    pub(super) fn look_up(&mut self, lost: anyhow::Error) -> anyhow::Result<()> {
        let database = self.request.job.database(self.request.config);
        let mut pauses = database.pauses();
        loop {
            match self.is_in_ledger() {
                Ok(true) => {
                    tracing::warn!(run_id = %self.session.run_id, "the run is in the ledger: its COMMIT took effect");
                    return Ok(());
                }
                // Not worth another attempt here: after COMMIT only the scheduler runs again.
                Ok(false) => {
                    return Err(anyhow!(
                        "the run is not in the ledger: nothing was changed; run it again ({})",
                        Exit::tell(&lost)
                    )
                    .context(Exit::Unavailable));
                }
                Err(error) => {
                    tracing::warn!(run_id = %self.session.run_id, "{}", Exit::tell(&error));
                }
            }
            let Some(pause) = pauses.next() else { break };
            sleep(pause);
        }
        Err(anyhow!(
            "whether COMMIT took effect can't be looked up; run it again ({})",
            Exit::tell(&lost)
        )
        .context(Exit::Unknown))
    }

    /// Whether this run's COMMIT took effect, for good.
    ///
    /// That it is absent counts only with the chain's end in hand: while the lost session lives on,
    /// it holds that end, and its COMMIT may still come. That it is there counts in any case.
    fn is_in_ledger(&mut self) -> anyhow::Result<bool> {
        let database = self.request.job.database(self.request.config);
        let mut db = (self.request.open)(database, &self.session)?;
        let end = ledger::take_end(database.lock_timeout.min(RECORD_TIMEOUT), &mut *db);
        let there = ledger::contains(&self.session.run_id, &mut *db)?;
        self.ledger_head = end.as_ref().ok().map(|end| end.sha256().to_owned());
        if there { Ok(true) } else { end.map(|_| false) }
    }

    /// A run that failed after it reached the database leaves a row: in a transaction of its own,
    /// and as well as it goes.
    pub(super) fn record_failure(&mut self, error: &anyhow::Error) {
        if leaves_a_row(self.reached, Exit::of(error)) {
            self.record(Status::Failed, &Plan::default(), error);
        }
    }

    pub(super) fn record(&mut self, status: Status, plan: &Plan, error: &anyhow::Error) {
        let mut database = self.request.job.database(self.request.config).clone();
        database.call_timeout = database.call_timeout.min(RECORD_TIMEOUT);
        let record = || -> anyhow::Result<String> {
            let mut db = (self.request.open)(&database, &self.session)?;
            let patience = database.lock_timeout.min(RECORD_TIMEOUT);
            let end = ledger::take_end(patience, &mut *db)?;
            let run = || self.ledger_run(status, plan, Some(Exit::tell(error)));
            let none = ChangeHashes::default();
            ledger::write_run_and_commit(&run, &none, &end, &|_| Ok(()), patience, db)
        };
        match record() {
            Ok(head) => self.ledger_head = Some(head),
            Err(second) => {
                tracing::warn!(run_id = %self.session.run_id, "the failure could not be written to the ledger: {}", Exit::tell(&second));
            }
        }
    }
}

/// Whether a run that went wrong is told by the ledger: not one that did not get as far as its lock, nor one that may
/// have taken effect.
fn leaves_a_row(reached: bool, exit: Exit) -> bool {
    reached && !matches!(exit, Exit::Busy | Exit::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_a_row_but_before_the_lock_or_where_the_run_may_have_taken_effect() {
        let rowless: Vec<Exit> =
            Exit::ALL.into_iter().filter(|exit| !leaves_a_row(true, *exit)).collect();
        assert_eq!(rowless, [Exit::Unknown, Exit::Busy]);
        assert!(Exit::ALL.into_iter().all(|exit| !leaves_a_row(false, exit)));
    }
}
