//! The end of every command: summary, closing log line, metrics, number, in that order of duty.
//!
//! What a run did is done. What can't be told of it is one warning that holds the whole summary, and
//! turns no 0 into something else.

use anyhow::Context as _;

use super::{Global, Output, metrics, now};
use crate::commands::Facts;
use crate::exit::Exit;
use crate::outcome::{Outcome, Stdout};
use crate::summary::Status;

/// Tells what came of a command, and returns the number to end with.
pub(super) fn tell(mut outcome: Outcome, global: &Global, facts: &Facts, out: &Stdout) -> Exit {
    outcome.summary.duration_ms = facts.took_ms();
    if let Err(error) = say(&outcome, global, out) {
        if outcome.is_lasting || outcome.error.is_some() {
            warn_untold(&outcome, &error);
        } else {
            outcome = outcome.with_error(Some(error));
        }
    }
    close(&outcome);
    if let Some(path) = &global.metrics_file
        && let Err(error) = metrics::write(path, &outcome.summary, now())
    {
        warn_untold(&outcome, &error);
    }
    outcome.exit()
}

fn say(outcome: &Outcome, global: &Global, out: &Stdout) -> anyhow::Result<()> {
    if outcome.is_said {
        return Ok(());
    }
    out.write(|out| outcome.summary.write(global.output == Output::Json, out))
        .context("writing the summary to stdout")
}

/// The whole summary into the log: where it belonged it could not be written.
fn warn_untold(outcome: &Outcome, error: &anyhow::Error) {
    let summary = &outcome.summary;
    let whole = serde_json::to_string(summary).unwrap_or_default();
    tracing::warn!(run_id = %summary.run_id, status = summary.status.word(), summary = %whole,
        "what the run did stands, and can't be told where it should be: {}", Exit::tell(error));
}

fn close(outcome: &Outcome) {
    let summary = &outcome.summary;
    let (job, run_id, status) = (summary.job, &summary.run_id, summary.status.word());
    let (duration_ms, exit_code) = (summary.duration_ms, outcome.exit().code());
    let ledger_head = summary.ledger_head.as_deref();
    match &outcome.error {
        Some(error) => {
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
