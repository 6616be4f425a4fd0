//! What happened: one text a person reads, or one JSON object a program reads.

use std::collections::BTreeMap;
use std::io;

use chrono::NaiveDate;
use serde::Serialize;

use crate::plan::{Counts, Finding, LimitLeft};
use crate::text::plain;

/// How many findings of a kind a person is shown.
const SHOWN_MAX: usize = 10;

/// Which object this is; another number says that a reader must look again.
pub(crate) const SCHEMA: &str = "recert/summary/1";

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
    /// How many findings of each kind the job's run before had, if that is known: `-q` tells a kind when its
    /// number is another one.
    #[serde(skip)]
    pub findings_before: Option<BTreeMap<String, u64>>,
    /// What of the job's limits is used and left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitLeft>,
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
        if let Some(error) = &self.error {
            writeln!(out, "{}", plain(error))?; // First, for it is what a person must act on.
        }
        let width = self.counts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, n) in self.counts.iter() {
            writeln!(out, "  {name:width$}  {n}")?;
        }
        self.write_findings(out)?;
        for LimitLeft { limit, hours, earlier, left, .. } in &self.limits {
            // A preview says how much there is left; a run, when it is not alone.
            if *earlier > 0 || self.status == Status::Planned {
                writeln!(
                    out,
                    "limit {limit}: {left} left; earlier runs took {earlier} in {hours} hours"
                )?;
            }
        }
        if let Some(head) = &self.ledger_head {
            writeln!(out, "ledger: {head}")?;
        }
        Ok(())
    }

    /// By kind, with their number, and of each kind the first few; what `check` looked at, all of it.
    fn write_findings(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let in_order = self.command == "check"; // What it looked at, thing by thing.
        let kinds = self.findings_by_kind();
        if !kinds.is_empty() {
            let numbers: Vec<String> =
                kinds.iter().map(|(kind, found)| format!("{} {kind}", found.len())).collect();
            writeln!(out, "findings: {} ({})", self.findings.len(), numbers.join(", "))?;
        }
        if in_order {
            return self.findings.iter().try_for_each(|finding| write_finding(finding, out));
        }
        for (kind, found) in &kinds {
            for finding in found.iter().take(SHOWN_MAX) {
                write_finding(finding, out)?;
            }
            if found.len() > SHOWN_MAX {
                let n = found.len() - SHOWN_MAX;
                writeln!(out, "  {kind} … and {n} more; `--output json` lists them all")?;
            }
        }
        Ok(())
    }

    /// The findings by kind, in the order in which the kinds first came.
    #[must_use]
    pub fn findings_by_kind(&self) -> Vec<(&'static str, Vec<&Finding>)> {
        let mut kinds: Vec<(&'static str, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            match kinds.iter_mut().find(|(kind, _)| *kind == finding.kind) {
                Some((_, found)) => found.push(finding),
                None => kinds.push((finding.kind, vec![finding])),
            }
        }
        kinds
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

fn write_finding(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let blank = if finding.key.is_empty() { "" } else { " " };
    let (key, message) = (plain(&finding.key), plain(&finding.message));
    writeln!(out, "  {}{blank}{key}: {message}", finding.kind)
}
