//! `recert history`: the runs in the ledger; and how its old images are archived.

mod archive;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::show::ShownChange;
use super::{CommandContext, ListFormat, day, to_the_second};
use crate::db::{self, Read, SessionSpec, parse_date};
use crate::jobs::Job;
use crate::ledger::canonical::Canonical;
use crate::ledger::person::each_change_of_person;
use crate::ledger::read::each_run;
use crate::ledger::row::LedgerChange;
use crate::ledger::{LedgerChain, LedgerRun};
use crate::outcome::Outcome;
use crate::sql;
use crate::summary::Status;
use crate::text::{guarded, plain};

/// What the JSON object of `history` is called; a change of its shape gets another number.
const SCHEMA: &str = "recert/history/1";

/// `recert history`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Only runs of this job
    #[arg(long, value_name = "JOB", value_parser = PossibleValuesParser::new(Job::ALL.iter().map(|spec| spec.name).chain(["archive"])))]
    pub job: Option<String>,
    /// Only runs that began on this day or later, in the configured time zone
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub since: Option<NaiveDate>,
    /// Only runs that began on this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
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
        value_parser = day,
        requires = "out",
        conflicts_with_all = ["job", "since", "until", "status", "person", "format"]
    )]
    pub archive_before: Option<NaiveDate>,
    /// The archive's file, which must not be there yet
    #[arg(long, value_name = "F", requires = "archive_before")]
    pub out: Option<PathBuf>,
}

/// Lists the runs; or archives, and says what came of it.
///
/// # Errors
/// What the databases say, classed (`Exit`); an archive that can't be written.
pub fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    if let (Some(before), Some(path)) = (args.archive_before, &args.out) {
        return archive::run(before, path, args.database.as_deref(), context);
    }
    let format = args.format.or_json(context.json);
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
pub struct ListedRun {
    /// The name of the database whose ledger it is in.
    pub database: &'static str,
    /// Its row.
    #[serde(flatten)]
    pub run: LedgerRun,
    /// How many rows it changed.
    pub changes: u64,
    /// Whether the chain reaches it, and its hash and those of its changes fit.
    pub believed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// With `--person`: what it did to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    of_person: Vec<ShownChange>,
}

/// The runs that the filters leave, the latest first.
///
/// # Errors
/// What the databases say, classed (`Exit`).
pub fn list(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Vec<ListedRun>> {
    let zone = context.config.time.tz()?;
    let day =
        |moment: &str| parse_date(moment).map(|at| at.and_utc().with_timezone(&zone).date_naive());
    let mut listed = Vec::new();
    for (database, config) in context.config.databases_named(args.database.as_deref())? {
        let mut db = db::open(config, &SessionSpec::reading("history"))?;
        let chain = LedgerChain::read(&mut *db)?;
        let mut runs = Vec::new();
        each_run(&mut *db, &mut |run| {
            let began = day(&run.started_at);
            let wanted = args.job.as_ref().is_none_or(|job| *job == run.job)
                && args.status.as_ref().is_none_or(|status| *status == run.status)
                && args.since.is_none_or(|since| began.is_some_and(|day| day >= since))
                && args.until.is_none_or(|until| began.is_some_and(|day| day <= until));
            if wanted {
                runs.push(run);
            }
            Ok(())
        })?;
        let mut of_person =
            args.person.as_deref().map(|id| changes_of(id, &mut *db)).transpose()?;
        if let Some(of_person) = &of_person {
            runs.retain(|run| of_person.contains_key(&run.run_id));
        }
        for (run, fits, changes) in hash_runs(runs, &mut *db)? {
            let doubt = chain.doubt(&run.run_id, fits);
            let of_person =
                of_person.as_mut().and_then(|of| of.remove(&run.run_id)).unwrap_or_default();
            listed.push(ListedRun {
                database,
                changes,
                believed: doubt.is_none(),
                doubt,
                of_person,
                run,
            });
        }
    }
    listed.sort_by(|a, b| b.run.started_at.cmp(&a.run.started_at));
    Ok(listed)
}

/// What each run did to a person.
fn changes_of(
    person: &str,
    db: &mut dyn Read,
) -> anyhow::Result<HashMap<String, Vec<ShownChange>>> {
    let mut runs: HashMap<String, Vec<ShownChange>> = HashMap::new();
    each_change_of_person(person, db, &mut |entry| {
        runs.entry(entry.change.run_id.to_string()).or_default().push(ShownChange::of(entry));
        Ok(())
    })?;
    Ok(runs)
}

/// Whether each run's hash fits its columns and its changes', theirs fit too, and how many those are.
fn hash_runs(
    runs: Vec<LedgerRun>,
    db: &mut dyn Read,
) -> anyhow::Result<Vec<(LedgerRun, bool, u64)>> {
    /// What is known of a run while its changes come.
    struct HashedRun {
        hash: Canonical,
        n_changes: u64,
        changes_fit: bool,
    }
    let begin = |run: &LedgerRun| {
        let hashed = HashedRun { hash: run.begin_hash(), n_changes: 0, changes_fit: true };
        (run.run_id.clone(), hashed)
    };
    let mut hashes: HashMap<String, HashedRun> = runs.iter().map(begin).collect();
    let ids = || runs.iter().map(|run| run.run_id.as_str());
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return Ok(Vec::new()) };
    let binds = [("first_run", first.into()), ("last_run", last.into())];
    db.each(&sql!("ledger/select_changes_between"), &binds, &mut |row| {
        let change = LedgerChange::of(&row.values)?;
        if let Some(run) = hashes.get_mut(&*change.run_id) {
            run.hash.text(&change.sha256);
            run.n_changes += 1;
            run.changes_fit &= change.fits();
        }
        Ok(())
    })
    .context("reading the hashes of the changes")?;
    let hashed = |run: LedgerRun| {
        let HashedRun { hash, n_changes, changes_fit } = hashes.remove(&run.run_id)?;
        let fits = changes_fit && hash.finish().as_slice() == run.sha256.as_bytes();
        Some((run, fits, n_changes))
    };
    Ok(runs.into_iter().filter_map(hashed).collect())
}

fn write_text(runs: &[ListedRun], out: &mut dyn Write) -> anyhow::Result<()> {
    if runs.is_empty() {
        writeln!(out, "no such runs")?;
        return Ok(());
    }
    let job = runs.iter().map(|listed| listed.run.job.chars().count()).max().unwrap_or(0).max(3);
    let by = |run: &LedgerRun| plain(&format!("{}@{}", run.os_user, run.host)).into_owned();
    writeln!(
        out,
        "{:19}  {:36}  {:job$}  {:9}  {:10}  {:>7}  by",
        "began (UTC)", "run", "job", "status", "as of", "changes"
    )?;
    for ListedRun { run, changes, doubt, of_person, .. } in runs {
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
        if let Some(doubt) = doubt {
            writeln!(out, "{:19}  NOT TO BE BELIEVED: {}", "", plain(doubt))?;
        }
        if !run.reason.is_empty() {
            writeln!(out, "{:19}  {}", "", plain(&run.reason))?;
        }
        for change in of_person {
            change.write_text(out)?;
        }
    }
    Ok(())
}

fn write_json(runs: &[ListedRun], out: &mut dyn Write) -> anyhow::Result<()> {
    write!(out, "{{\"schema\":\"{SCHEMA}\",\"command\":\"history\",\"runs\":[")?;
    for (at, listed) in runs.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, listed)?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

/// The columns of RECERT_RUN in their order, and among them how many rows were changed. With
/// `--person` a line for each change, else one for each run.
fn write_csv(runs: &[ListedRun], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let (what, came) = LedgerRun::COLUMNS.split_at(10);
    let of_person = runs.iter().any(|listed| !listed.of_person.is_empty());
    // A run has a hash as well, and programs find columns by their names.
    let of_change =
        ShownChange::COLUMNS.map(|name| if name == "sha256" { "change_sha256" } else { name });
    let of_change: &[&str] = if of_person { &of_change } else { &[] };
    csv.write_record([&["database"], what, &["changes"], came, &["doubt"], of_change].concat())?;
    for ListedRun { database, run, changes, doubt, of_person, .. } in runs {
        let mut record = vec![(*database).to_owned()];
        record.extend(run.columns().map(|(_, text)| guarded(text).into_owned()));
        record.insert(1 + what.len(), changes.to_string());
        record.push(doubt.clone().unwrap_or_default());
        if of_person.is_empty() {
            csv.write_record(&record)?;
        }
        for change in of_person {
            csv.write_record(record.iter().cloned().chain(change.texts()))?;
        }
    }
    csv.flush()?;
    Ok(())
}
