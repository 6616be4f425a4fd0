//! `recert history`: the runs in the ledger; and how its old images are archived.

mod archive;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::Context;
use super::databases;
use crate::db::{Read, parse_date};
use crate::jobs::Job;
use crate::ledger::LedgerRun;
use crate::ledger::read::each_run;
use crate::outcome::Outcome;
use crate::preview::harmless;
use crate::sql;
use crate::summary::Status;

/// `recert history`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Only runs of this job
    #[arg(long, value_name = "JOB", value_parser = PossibleValuesParser::new(Job::ALL.iter().map(|spec| spec.name).chain(["archive"])))]
    pub job: Option<String>,
    /// Only runs that began on this day or later, in the configured time zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub since: Option<NaiveDate>,
    /// Only runs that began on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<NaiveDate>,
    /// Only runs that ended so: applied, unchanged, refused or failed
    #[arg(long, value_name = "STATUS", value_parser = ["applied", "unchanged", "refused", "failed"])]
    pub status: Option<String>,
    /// Only runs that changed a row of the person with this id
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// How the runs are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
    /// Only the ledger of this database of the config; else of each
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Write the images of all runs that began before this day (UTC) to `--out`, and erase them
    #[arg(
        long,
        value_name = "YYYY-MM-DD",
        requires = "out",
        conflicts_with_all = ["job", "since", "until", "status", "person", "format"]
    )]
    pub archive_before: Option<NaiveDate>,
    /// The archive's file, which must not be there yet
    #[arg(long, value_name = "F", requires = "archive_before")]
    pub out: Option<PathBuf>,
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

/// Lists the runs; or archives, and says what came of it.
///
/// # Errors
/// What the databases say, classed (`Exit`); an archive that can't be written.
pub fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<Outcome> {
    if let (Some(before), Some(path)) = (args.archive_before, &args.out) {
        return archive::run(before, path, args.database.as_deref(), context);
    }
    let format = if context.json { ListFormat::Json } else { args.format };
    let runs = list(args, context)?;
    context.out.write(|out| match format {
        ListFormat::Text => write_text(&runs, out),
        ListFormat::Json => write_json(&runs, out),
        ListFormat::Csv => write_csv(&runs, out),
    })?;
    Ok(Outcome::of(context.summary(Status::Unchanged)?).said())
}

/// A run with what is known of it from elsewhere.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The name of the database whose ledger it is in.
    pub database: &'static str,
    /// Its row.
    #[serde(flatten)]
    pub run: LedgerRun,
    /// How many rows it changed.
    pub changes: u64,
}

/// The runs that the filters leave, the latest first.
///
/// # Errors
/// What the databases say, classed (`Exit`).
pub fn list(args: &Args, context: &Context<'_>) -> anyhow::Result<Vec<Listed>> {
    let zone = context.config.time.tz()?;
    let day =
        |moment: &str| parse_date(moment).map(|at| at.and_utc().with_timezone(&zone).date_naive());
    let mut runs = Vec::new();
    for (database, config) in databases::chosen(context.config, args.database.as_deref())? {
        let mut db = databases::open(config, "history", None)?;
        let of_person = args.person.as_deref().map(|id| runs_of(id, &mut *db)).transpose()?;
        let changes = count_changes(&mut *db)?;
        each_run(&mut *db, &mut |run| {
            let began = day(&run.started_at);
            let wanted = args.job.as_ref().is_none_or(|job| *job == run.job)
                && args.status.as_ref().is_none_or(|status| *status == run.status)
                && args.since.is_none_or(|since| began.is_some_and(|day| day >= since))
                && args.until.is_none_or(|until| began.is_some_and(|day| day <= until))
                && of_person.as_ref().is_none_or(|runs| runs.contains(&run.run_id));
            if wanted {
                let changes = changes.get(&run.run_id).copied().unwrap_or_default();
                runs.push(Listed { database, run, changes });
            }
            Ok(())
        })?;
    }
    runs.sort_by(|a, b| b.run.started_at.cmp(&a.run.started_at));
    Ok(runs)
}

fn runs_of(person: &str, db: &mut dyn Read) -> anyhow::Result<HashSet<String>> {
    let rows = db
        .rows(&sql!("ledger/select_person_runs"), &[("person", person.into())])
        .context("looking for the person's runs")?;
    rows.iter().map(|row| row.text("RUN_ID")).collect()
}

fn count_changes(db: &mut dyn Read) -> anyhow::Result<HashMap<String, u64>> {
    let mut counts = HashMap::new();
    db.each(&sql!("ledger/count_changes"), &[], &mut |row| {
        counts.insert(row.text("RUN_ID")?, row.int("N")?.unwrap_or_default().unsigned_abs());
        Ok(())
    })
    .context("counting the changes")?;
    Ok(counts)
}

/// `2026-01-31 17:00:00`, as people read it.
pub(super) fn to_the_second(moment: &str) -> String {
    moment.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Text from the ledger on a terminal: on one line, and without what would steer the terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn write_text(runs: &[Listed], out: &mut dyn Write) -> anyhow::Result<()> {
    if runs.is_empty() {
        writeln!(out, "no such runs")?;
        return Ok(());
    }
    let width =
        |of: fn(&Listed) -> usize, least: usize| runs.iter().map(of).max().unwrap_or(0).max(least);
    let job = width(|listed| listed.run.job.chars().count(), 3);
    let by = |run: &LedgerRun| plain(&format!("{}@{}", run.os_user, run.host));
    writeln!(
        out,
        "{:19}  {:36}  {:job$}  {:9}  {:10}  {:>7}  by",
        "began (UTC)", "run", "job", "status", "as of", "changes"
    )?;
    for Listed { run, changes, .. } in runs {
        writeln!(
            out,
            "{:19}  {:36}  {:job$}  {:9}  {:10}  {changes:>7}  {}",
            to_the_second(&run.started_at),
            plain(&run.run_id),
            plain(&run.job),
            plain(&run.status),
            plain(&run.as_of),
            by(run)
        )?;
        if !run.reason.is_empty() {
            writeln!(out, "{:19}  {}", "", plain(&run.reason))?;
        }
    }
    Ok(())
}

fn write_json(runs: &[Listed], out: &mut dyn Write) -> anyhow::Result<()> {
    write!(out, "{{\"command\":\"history\",\"runs\":[")?;
    for (at, listed) in runs.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, listed)?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

/// The columns of RECERT_RUN in their order, and among them how many rows were changed.
fn write_csv(runs: &[Listed], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let (what, came) = LedgerRun::COLUMNS.split_at(10);
    csv.write_record([&["database"], what, &["changes"], came].concat())?;
    for Listed { database, run, changes } in runs {
        let mut record = vec![(*database).to_owned()];
        record.extend(run.columns().map(|(_, text)| harmless(text).into_owned()));
        record.insert(1 + what.len(), changes.to_string());
        csv.write_record(record)?;
    }
    csv.flush()?;
    Ok(())
}
