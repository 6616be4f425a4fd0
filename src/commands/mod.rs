//! The subcommands that are no jobs: each has its `Args` and its `run`.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod history;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod preview;
pub(crate) mod repair_sql;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod verify;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::Config;
use crate::db::parse_date;
use crate::files::write_whole;
use crate::outcome::Stdout;
use crate::plan::Counts;
use crate::summary::{SCHEMA, Status, Summary};

/// What is known of a command before it begins.
#[derive(Debug)]
pub struct CommandFacts {
    /// What was typed first.
    pub command: &'static str,
    /// The job it is about.
    pub job: &'static str,
    /// The run's id (UUIDv7); of what is no run, an id that stands nowhere else.
    pub run_id: String,
    /// When it began.
    pub began: Instant,
}

impl CommandFacts {
    /// Those of a command in a test, or of one that another carries out.
    #[must_use]
    pub fn of(command: &'static str) -> CommandFacts {
        let run_id = uuid::Uuid::now_v7().to_string();
        CommandFacts { command, job: command, run_id, began: Instant::now() }
    }

    /// How long it has taken by now, in milliseconds.
    #[must_use]
    pub fn took_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A summary with nothing counted or found yet.
    #[must_use]
    pub fn summary(&self, status: Status, as_of: NaiveDate) -> Summary {
        Summary {
            schema: SCHEMA,
            command: self.command.to_owned(),
            job: self.job,
            run_id: self.run_id.clone(),
            status,
            as_of,
            counts: Counts::default(),
            findings: Vec::new(),
            findings_before: None,
            limits: Vec::new(),
            ledger_head: None,
            held_ms: None,
            duration_ms: self.took_ms(),
            exit_code: 0,
            error: None,
        }
    }
}

/// A day as options take it: `2026-01-31` and nothing else, so that none is guessed.
///
/// # Errors
/// In words, for who typed it.
pub(crate) fn day(typed: &str) -> Result<NaiveDate, String> {
    let is_day = typed.len() == "2026-01-31".len();
    let day = parse_date(typed).filter(|_| is_day);
    day.map(|at| at.date()).ok_or_else(|| "a day is written as `2026-01-31`".to_owned())
}

/// What every command is given.
pub struct CommandContext<'a> {
    /// The config.
    pub config: &'a Config,
    /// `--as-of`
    pub as_of: Option<NaiveDate>,
    /// Whether the result is to be JSON.
    pub json: bool,
    /// What time it is.
    pub clock: &'a dyn Fn() -> DateTime<Utc>,
    /// What is known of the command before it begins.
    pub facts: &'a CommandFacts,
    /// Where its result goes.
    pub out: &'a Stdout,
}

impl CommandContext<'_> {
    /// Today, in the configured zone, or the day that was named.
    ///
    /// # Errors
    /// `Exit::Config`: there is no such zone.
    pub fn day(&self) -> anyhow::Result<NaiveDate> {
        let zone = self.config.time.tz()?;
        Ok(self.as_of.unwrap_or_else(|| (self.clock)().with_timezone(&zone).date_naive()))
    }

    /// The summary of this command, with nothing counted or found yet.
    ///
    /// # Errors
    /// As [`CommandContext::day`].
    pub fn summary(&self, status: Status) -> anyhow::Result<Summary> {
        Ok(self.facts.summary(status, self.day()?))
    }

    /// Writes to a file, or to stdout when none is named.
    ///
    /// # Errors
    /// As [`write_whole`] and [`Stdout::write`].
    pub fn write_out(
        &self,
        path: Option<&Path>,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match path {
            Some(path) => write_whole(path, write),
            None => self.out.write(write),
        }
    }

    /// Puts a summary on stdout, as text or JSON.
    ///
    /// # Errors
    /// stdout can't be written to.
    pub fn say(&self, summary: &Summary) -> anyhow::Result<()> {
        self.out.write(|out| summary.write(self.json, out))
    }
}

/// `--format` of lists
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// A table for people
    #[default]
    Text,
    /// One object
    Json,
    /// One line a row, for programs
    Csv,
}

impl ListFormat {
    /// With `--output json`, JSON, unless another format was asked for.
    fn or_json(self, json: bool) -> ListFormat {
        if json && self == ListFormat::Text { ListFormat::Json } else { self }
    }
}

/// `2026-01-31 17:00:00`, as people read it.
pub(super) fn to_the_second(moment: &str) -> String {
    moment.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
