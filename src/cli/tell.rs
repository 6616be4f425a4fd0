//! The end of every command: summary, closing log line, metrics, number, in that order of duty.
//!
//! What a run did is done. What can't be told of it is one warning that holds the whole summary, and
//! turns no 0 into something else.

use std::path::Path;

use anyhow::Context as _;

use super::{metrics, now};
use crate::commands::CommandFacts;
use crate::config::ConfigMistakes;
use crate::exit::Exit;
use crate::outcome::{Outcome, Stdout};
use crate::summary::Status;
use crate::text::plain;

/// The kind of finding that a mistake of the config is.
pub(super) const CONFIG: &str = "config";

/// How it is told.
pub(super) struct OutcomeTelling<'a> {
    /// `--output json`
    pub(super) json: bool,
    /// A job that writes, or `verify`: its findings are warned of.
    pub(super) warns: bool,
    /// `-q`
    pub(super) is_quiet: bool,
    /// Where the metrics go.
    pub(super) metrics_file: Option<&'a Path>,
}

/// Tells what came of a command, and returns the number to end with.
pub(super) fn tell(
    mut outcome: Outcome,
    how: &OutcomeTelling<'_>,
    facts: &CommandFacts,
    out: &Stdout,
) -> Exit {
    outcome.summary.duration_ms = facts.took_ms();
    if let Err(error) = say(&outcome, how.json, out) {
        if outcome.is_lasting || outcome.error.is_some() {
            warn_untold(&outcome, &error);
        } else {
            outcome = outcome.with_error(Some(error));
        }
    }
    if how.warns {
        warn_of_findings(&outcome, how.is_quiet);
    }
    close(&outcome);
    if let Some(path) = how.metrics_file
        && let Err(error) = metrics::write(path, &outcome.summary, now())
    {
        warn_untold(&outcome, &error);
    }
    outcome.exit()
}

fn say(outcome: &Outcome, json: bool, out: &Stdout) -> anyhow::Result<()> {
    if outcome.is_said {
        return Ok(());
    }
    out.write(|out| outcome.summary.write(json, out)).context("writing the summary to stdout")
}

/// The whole summary into the log: where it belonged it could not be written.
fn warn_untold(outcome: &Outcome, error: &anyhow::Error) {
    let summary = &outcome.summary;
    let whole = serde_json::to_string(summary).unwrap_or_default();
    tracing::warn!(run_id = %summary.run_id, status = summary.status.word(), summary = %whole,
        "what the run did stands, and can't be told where it should be: {}", Exit::tell(error));
}

/// One line a kind of finding, with its number; which rows they were stands in the summary. A number
/// that is what it was in the job's last run is no news, so that `-q` leaves it out.
fn warn_of_findings(outcome: &Outcome, is_quiet: bool) {
    let summary = &outcome.summary;
    // A config's mistakes are each an error of their own.
    for (kind, found) in summary.findings_by_kind().into_iter().filter(|of| of.0 != CONFIG) {
        let n = found.len() as u64;
        let before =
            summary.findings_before.as_ref().map(|all| all.get(kind).copied().unwrap_or(0));
        let first = found.first().map(|one| one.message.as_str()).unwrap_or_default();
        let told = format!("{kind}: {n} (such as: {first})");
        let run_id = &summary.run_id;
        if before == Some(n) && is_quiet {
            tracing::info!(run_id, kind, n, "{told}; as many as in the last run");
        } else {
            tracing::warn!(run_id, kind, n, before, "{told}");
        }
    }
}

fn close(outcome: &Outcome) {
    let summary = &outcome.summary;
    let (job, run_id, status) = (summary.job, &summary.run_id, summary.status.word());
    let (duration_ms, exit_code) = (summary.duration_ms, outcome.exit().code());
    let ledger_head = summary.ledger_head.as_deref();
    match &outcome.error {
        Some(error) => {
            // One a line, so that each is read; one alone stands below.
            for mistake in error.downcast_ref::<ConfigMistakes>().iter().flat_map(|all| all.iter())
            {
                tracing::error!(job, run_id, exit_code, "{}", plain(mistake));
            }
            tracing::error!(
                job,
                run_id,
                status,
                exit_code,
                ledger_head,
                duration_ms,
                "{}",
                Exit::tell(error)
            );
        }
        // Data was asked for, and is there: no run ended.
        None if outcome.is_said && !outcome.is_lasting && summary.status == Status::Unchanged => {
            tracing::debug!(job, run_id, exit_code, duration_ms, "ended");
        }
        None => {
            tracing::info!(job, run_id, status, exit_code, ledger_head, duration_ms, "ended");
        }
    }
}
