//! What happened: one text a person reads, or one JSON object a program reads.

use std::io;

use chrono::NaiveDate;
use serde::Serialize;

use crate::plan::{Counts, Finding};

/// Which object this is; another number says that a reader must look again.
pub const SCHEMA: &str = "recert/summary/1";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Changes were made, and are committed.
    Applied,
    /// There was nothing to change.
    Unchanged,
    /// A preview: nothing was to be changed.
    Planned,
    /// A limit or the source's sanity forbade it.
    Refused,
    /// It did not get through.
    Failed,
}

impl Status {
    /// The word in the summary and in RECERT_RUN.STATUS.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Applied => "applied",
            Status::Unchanged => "unchanged",
            Status::Planned => "planned",
            Status::Refused => "refused",
            Status::Failed => "failed",
        }
    }
}

/// What a command says at its end.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Which object this is, for programs.
    pub schema: &'static str,
    /// The subcommand.
    pub command: String,
    /// The job it was about.
    pub job: &'static str,
    /// The run's id (UUIDv7); of a preview, an id that stands nowhere else.
    pub run_id: String,
    /// How it ended.
    pub status: Status,
    /// The day it stood for.
    pub as_of: NaiveDate,
    /// The job's counts.
    pub counts: Counts,
    /// What a person should know of.
    pub findings: Vec<Finding>,
    /// The end of the ledger's chain after the run, in hexadecimal: what `verify` can be held against.
    pub ledger_head: Option<String>,
    /// How long rows of the applications were held, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_ms: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The number the process ends with.
    pub exit_code: u8,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Summary {
    /// Writes it, for a program or for a person.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, json: bool, out: &mut dyn io::Write) -> anyhow::Result<()> {
        if json {
            self.write_json(out)?
        } else {
            self.write_text(out)?
        }
        Ok(())
    }

    /// Writes it for a person.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(
            out,
            "{}: {}, as of {}, run {}",
            self.command,
            self.status.word(),
            self.as_of,
            self.run_id
        )?;
        let width = self.counts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, n) in self.counts.iter() {
            writeln!(out, "  {name:width$}  {n}")?;
        }
        if !self.findings.is_empty() {
            writeln!(out, "findings: {}", self.findings.len())?;
        }
        for finding in &self.findings {
            let blank = if finding.key.is_empty() { "" } else { " " };
            writeln!(out, "  {}{blank}{}: {}", finding.kind, finding.key, finding.message)?;
        }
        if let Some(head) = &self.ledger_head {
            writeln!(out, "ledger: {head}")?;
        }
        if let Some(error) = &self.error {
            writeln!(out, "{error}")?;
        }
        Ok(())
    }

    /// Writes it for a program: one JSON object on one line.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}
