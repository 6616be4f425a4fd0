//! What no hash forbids and recert never writes: runs out of their order in time, ids of another
//! kind or time, jobs and statuses that there are not. Clocks can be wrong, so these are findings.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::chain::ChainOrder;
use super::row::LedgerRun;
use crate::db::parse_date;
use crate::plan::Finding;

/// How far the time in a run's id may be from STARTED_AT: the id is made as the process begins.
const APART: TimeDelta = TimeDelta::minutes(5);
/// The jobs that write runs; the test below holds them against the list of jobs.
const JOBS: [&str; 7] = [
    "archive",
    "disable-inactive",
    "import-availability",
    "import-users",
    "restore",
    "revoke",
    "sync-managers",
];
const STATUSES: [&str; 4] = ["applied", "failed", "refused", "unchanged"];

/// When each run began and ended, in the order they were read.
#[derive(Default)]
pub(super) struct TimeOrder {
    runs: Vec<(String, Option<DateTime<Utc>>)>,
    pub(super) findings: Vec<Finding>,
}

impl TimeOrder {
    /// Looks at one run alone.
    pub(super) fn push(&mut self, run: &LedgerRun) {
        let time = |text: &str| parse_date(text).map(|at| at.and_utc());
        let (started, finished) = (time(&run.started_at), time(&run.finished_at));
        if let (Some(started), Some(finished)) = (started, finished)
            && finished < started
        {
            self.find(
                "ended_before_it_began",
                run,
                format!("{} is before {}", run.finished_at, run.started_at),
            );
        }
        match (id_time(&run.run_id), started) {
            (None, _) => self.find(
                "foreign_id",
                run,
                "its id is no UUIDv7: recert gave it none like this".to_owned(),
            ),
            (Some(made), Some(started)) if (made - started).abs() > APART => {
                let made = super::canonical::moment(made);
                self.find(
                    "foreign_id",
                    run,
                    format!("its id was made at {made}, and it began at {}", run.started_at),
                );
            }
            _ => {}
        }
        if !JOBS.contains(&run.job.as_str()) {
            self.find("unknown_job", run, format!("there is no job `{}`", run.job));
        }
        if !STATUSES.contains(&run.status.as_str()) {
            self.find("unknown_status", run, format!("no run ends `{}`", run.status));
        }
        self.runs.push((run.run_id.clone(), finished));
    }

    /// Looks at the runs in the order of the chain: each is written when the one before is committed.
    pub(super) fn check(&mut self, order: &ChainOrder) {
        let mut latest: Option<DateTime<Utc>> = None;
        let mut found = Vec::new();
        for at in &order.order[..order.reached] {
            let (run_id, Some(finished)) = &self.runs[*at] else { continue };
            if latest.is_some_and(|latest| *finished < latest) {
                found.push(run_id.clone());
            }
            latest = latest.max(Some(*finished));
        }
        for key in found {
            let message = "it ended before the run before it in the chain: a clock was wrong, or it was inserted".to_owned();
            self.findings.push(Finding { kind: "out_of_order", key, message });
        }
    }

    fn find(&mut self, kind: &'static str, run: &LedgerRun, message: String) {
        self.findings.push(Finding { kind, key: run.run_id.clone(), message });
    }
}

/// The moment in a UUIDv7.
fn id_time(run_id: &str) -> Option<DateTime<Utc>> {
    let id = Uuid::try_parse(run_id).ok().filter(|id| id.get_version_num() == 7)?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_that_write_runs_are_those_there_are() {
        let mut jobs: Vec<&str> = crate::jobs::Job::ALL.iter().map(|spec| spec.name).collect();
        jobs.retain(|job| *job != super::super::archive::JOB);
        jobs.push(super::super::archive::JOB);
        jobs.sort_unstable();
        assert_eq!(jobs, JOBS);
    }

    /// 2026-11-30T02:00:00Z, and 10 ms more: so exact is an id's time.
    const ID: &str = "01a22a2e-310a-7000-8000-000000000000";

    fn kinds(run: &LedgerRun) -> Vec<&'static str> {
        let mut order = TimeOrder::default();
        order.push(run);
        order.findings.iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn ids_jobs_statuses_and_times_that_recert_never_writes_are_found() {
        let made = id_time(ID).unwrap();
        let moment =
            |millis| super::super::canonical::moment(made + TimeDelta::milliseconds(millis));
        let run = LedgerRun {
            run_id: ID.to_owned(),
            job: "revoke".to_owned(),
            status: "applied".to_owned(),
            started_at: moment(0),
            finished_at: moment(0),
            ..LedgerRun::default()
        };
        let at = |started, finished| LedgerRun {
            started_at: moment(started),
            finished_at: moment(finished),
            ..run.clone()
        };
        let minutes = 60_000;
        for (run, found) in [
            (run.clone(), &[][..]),
            (at(5 * minutes, 6 * minutes), &[]),
            (at(-5 * minutes, 0), &[]),
            (at(5 * minutes + 1, 6 * minutes), &["foreign_id"]),
            (at(-5 * minutes - 1, 0), &["foreign_id"]),
            (at(1, 0), &["ended_before_it_began"]),
            (LedgerRun { run_id: "x".to_owned(), ..run.clone() }, &["foreign_id"]),
            (LedgerRun { run_id: ID.replace("-7000", "-4000"), ..run.clone() }, &["foreign_id"]),
            (LedgerRun { job: "revoked".to_owned(), ..run.clone() }, &["unknown_job"]),
            (LedgerRun { status: "done".to_owned(), ..run.clone() }, &["unknown_status"]),
        ] {
            assert_eq!(kinds(&run), found, "{run:?}");
        }
    }

    #[test]
    fn a_run_that_ended_before_an_earlier_one_of_the_chain_is_out_of_order() {
        let mut times = TimeOrder::default();
        for (id, finished) in [("b", "2026-11-30T02:00:00Z"), ("a", "2026-11-30T01:00:00Z")] {
            let finished_at = finished.to_owned();
            times.push(&LedgerRun { run_id: id.to_owned(), finished_at, ..LedgerRun::default() });
        }
        let mut found = |order: Vec<usize>, reached| {
            times.findings.clear();
            times.check(&ChainOrder { order, position: Vec::new(), reached, breaks: Vec::new() });
            times.findings.iter().map(|finding| finding.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(vec![0, 1], 2), ["a"]);
        assert_eq!(
            found(vec![0, 0, 1], 2),
            [""; 0],
            "at the same moment, and one that is not reached"
        );
        assert_eq!(found(vec![1, 0, 1], 3), ["a"]);
    }
}
