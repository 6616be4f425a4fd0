//! What the ledger says, read once: verified, and what it knows of responses, in the same pass.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveDate};
use serde_json::Value as Json;

use super::state::CitedRun;
use crate::db::{Read, parse_date};
use crate::jobs::revoke::closings::{ClosingRuns, RunPlace};
use crate::ledger::row::{LedgerEntry, LedgerRun};
use crate::ledger::verify::{LedgerWitness, Verified, verify_seeing};
use crate::sql;

/// What the ledger came to.
pub(super) struct LedgerFacts {
    /// Which run closed which response; its runs are places in `runs`.
    pub(super) closings: ClosingRuns,
    /// The runs that may be believed, in the order of the chain.
    pub(super) runs: Vec<Option<Arc<CitedRun>>>,
    /// What verifying found.
    pub(super) verdict: LedgerVerdict,
    /// Limits lifted, doubts accepted, plans approved, restores.
    pub(super) exceptions: Vec<LedgerException>,
}

/// What verifying the ledger came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerVerdict {
    pub(crate) runs: u64,
    /// The end of the chain.
    pub(crate) head: String,
    /// The first thing that is wrong.
    pub(crate) problem: Option<String>,
}

impl LedgerVerdict {
    /// In one sentence.
    pub(crate) fn told(&self) -> String {
        match &self.problem {
            None => format!("verified: {} runs", self.runs),
            Some(problem) => format!("NOT VERIFIED: {problem}"),
        }
    }
}

/// A run in which a person let through what recert would not have done by itself.
#[derive(Clone, Debug)]
pub(crate) struct LedgerException {
    pub(crate) run: String,
    pub(crate) job: String,
    /// The day it ended, in the configured zone.
    pub(crate) day: NaiveDate,
    /// Who ran it.
    pub(crate) who: String,
    /// `limit lifted to 800`, `doubt accepted`, …
    pub(crate) what: String,
    /// The reason given.
    why: String,
}

impl LedgerException {
    /// The reason given, or that there is none.
    pub(crate) fn reason(&self) -> &str {
        if self.why.is_empty() { "no reason given" } else { &self.why }
    }
}

/// Looks on while the ledger is verified.
struct ReportWitness {
    closings: ClosingRuns,
    zone: chrono_tz::Tz,
    year: Option<i32>,
    runs: Vec<SeenRun>,
}

struct SeenRun {
    run: Arc<CitedRun>,
    restores: bool,
    exception: Option<LedgerException>,
}

impl LedgerWitness for ReportWitness {
    fn run(&mut self, _: usize, run: &LedgerRun) {
        let ended = parse_date(&run.finished_at).unwrap_or_default();
        let day = ended.and_utc().with_timezone(&self.zone).date_naive();
        let is_asked_for = self.year.is_none_or(|year| day.year() >= year);
        self.runs.push(SeenRun {
            run: Arc::new(CitedRun { id: run.run_id.clone(), day }),
            restores: run.job == "restore",
            exception: exception(run, day).filter(|_| is_asked_for),
        });
    }

    fn change(&mut self, place: usize, entry: &LedgerEntry<'_>) {
        let restores = self.runs.get(place).is_some_and(|seen| seen.restores);
        self.closings.hear(entry, place as RunPlace, restores);
    }
}

/// What of a run an auditor asks about.
fn exception(run: &LedgerRun, day: NaiveDate) -> Option<LedgerException> {
    let parameters: Json = serde_json::from_str(&run.parameters).unwrap_or_default();
    let mut what = Vec::new();
    if run.status == "applied" || run.status == "unchanged" {
        if let Some(n) = parameters.get("allow_changes").and_then(Json::as_u64) {
            what.push(format!("limit lifted to {n}"));
        }
        if parameters.get("accept_source").is_some_and(|accepted| *accepted != Json::Bool(false)) {
            what.push("doubts about the source accepted".to_owned());
        }
        let approvers = parameters.get("approved_by").or_else(|| parameters.get("approval"));
        if let Some(by) = approvers.filter(|by| !by.is_null()) {
            let by = by.as_str().map_or_else(|| by.to_string(), str::to_owned);
            what.push(format!("plan approved by {by}"));
        }
        if run.job == "restore" && run.status == "applied" {
            what.push("restore".to_owned());
        }
    }
    (!what.is_empty()).then(|| LedgerException {
        run: run.run_id.clone(),
        job: run.job.clone(),
        day,
        who: format!("{} on {}", run.os_user, run.host),
        what: what.join(", "),
        why: run.reason.clone(),
    })
}

impl LedgerFacts {
    /// Reads and verifies the whole ledger, once.
    ///
    /// # Errors
    /// What the database says, classed. A ledger that is wrong is no error here.
    pub(super) fn read(
        db: &mut dyn Read,
        zone: chrono_tz::Tz,
        year: Option<i32>,
    ) -> anyhow::Result<LedgerFacts> {
        let columns = db.columns("RECREATE_RESPONSE")?;
        let names =
            columns.iter().filter(|column| !column.invisible).map(|column| column.name.as_str());
        let rows = db
            .rows(&sql!("report/count_closings"), &[])
            .context("counting the ledger's changes")?;
        let n = rows.first().map_or(Ok(None), |row| row.int("N"))?.unwrap_or_default();
        let closings = ClosingRuns::new(names, usize::try_from(n).unwrap_or_default());
        let mut witness = ReportWitness { closings, zone, year, runs: Vec::new() };
        let verified = verify_seeing(db, None, &mut witness)?;
        Ok(witness.end(verified))
    }

    /// A run by its place.
    pub(super) fn run(&self, place: RunPlace) -> Option<Arc<CitedRun>> {
        self.runs.get(place as usize).cloned().flatten()
    }
}

impl ReportWitness {
    fn end(self, verified: Verified) -> LedgerFacts {
        let ReportWitness { mut closings, runs: seen, .. } = self;
        let Verified { places, heads, problem, runs: n_runs, .. } = verified;
        closings.settle(|place| places.get(place as usize).copied().flatten());
        let mut runs = vec![None; seen.len()];
        let mut exceptions: Vec<(u32, LedgerException)> = Vec::new();
        for (seen, place) in seen.into_iter().zip(&places) {
            let Some(place) = *place else { continue };
            runs[place as usize] = Some(seen.run);
            exceptions.extend(seen.exception.map(|exception| (place, exception)));
        }
        exceptions.sort_by_key(|(place, _)| *place);
        let head = heads.last().map(|head| head.1.clone()).unwrap_or_default();
        LedgerFacts {
            closings,
            runs,
            verdict: LedgerVerdict { runs: n_runs, head, problem },
            exceptions: exceptions.into_iter().map(|(_, exception)| exception).collect(),
        }
    }
}
