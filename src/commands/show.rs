//! `recert show RUN_ID`: one run, and every change it made, with old and new values.

use std::io::Write;

use anyhow::anyhow;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Context;
use super::databases;
use super::history::{ListFormat, plain, to_the_second};
use crate::db::Read;
use crate::exit::Exit;
use crate::ledger::read::{Entry, Held, RunRow, each_change_of, find_run};
use crate::outcome::Outcome;
use crate::preview::harmless;
use crate::summary::Status;

/// `recert show`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The run, or at least eight characters of the beginning of its id
    pub run_id: String,
    /// How the run and its changes are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
    /// Only look in the ledger of this database of the config; else in each
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// A change as JSON shows it.
#[derive(Serialize)]
struct Shown<'a> {
    seq: i64,
    table: &'a str,
    key: Option<&'a str>,
    action: &'a str,
    result: &'a str,
    why: Option<&'a str>,
    images: &'static str,
    before: Option<&'a RawValue>,
    after: Option<&'a RawValue>,
    sha256: &'a str,
}

/// Shows a run.
///
/// # Errors
/// `Exit::Usage`: no ledger holds it; else what the databases say.
pub fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<Outcome> {
    let databases = databases::chosen(context.config, args.database.as_deref())?;
    let format = if context.json { ListFormat::Json } else { args.format };
    for (_, database) in &databases {
        let mut db = databases::open(database, "show", None)?;
        if let Some(run) = find_run(&args.run_id, &mut *db)? {
            context.out.write(|out| match format {
                ListFormat::Text => write_text(&run, &mut *db, out),
                ListFormat::Json => write_json(&run, &mut *db, out),
                ListFormat::Csv => write_csv(&run, &mut *db, out),
            })?;
            return Ok(Outcome::of(context.summary(Status::Unchanged)?).said());
        }
    }
    let names: Vec<&str> = databases.iter().map(|(name, _)| *name).collect();
    Err(anyhow!(
        "no run `{}` is in the ledger of: {}; `recert history` lists them",
        args.run_id,
        names.join(", ")
    )
    .context(Exit::Usage))
}

fn write_text(run: &RunRow, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    let line =
        |out: &mut dyn Write, name: &str, value: &str| writeln!(out, "{name:10}  {}", plain(value));
    line(out, "run", &run.run_id)?;
    line(out, "job", &format!("{}, as of {}, {}", run.job, run.as_of, run.status))?;
    line(
        out,
        "time",
        &format!("{} to {} UTC", to_the_second(&run.started_at), to_the_second(&run.finished_at)),
    )?;
    line(
        out,
        "by",
        &format!(
            "{}@{}, recert {}, config {}",
            run.os_user, run.host, run.version, run.config_sha256
        ),
    )?;
    line(out, "parameters", run.parameters.as_deref().unwrap_or_default())?;
    line(out, "counts", run.counts.as_deref().unwrap_or_default())?;
    if let Some(reason) = &run.reason {
        line(out, "reason", reason)?;
    }
    line(out, "hash", &run.sha256)?;
    let mut any = false;
    each_change_of(&run.run_id, db, &mut |entry| {
        if !any {
            writeln!(out, "\n{:>6}  {:6}  {:20}  {:24}  why", "seq", "action", "table", "key")?;
            any = true;
        }
        write_change(entry, out)
    })?;
    if !any {
        writeln!(out, "\nno changes")?;
    }
    Ok(())
}

fn write_change(entry: &Entry<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let absent = if entry.result == "applied" {
        String::new()
    } else {
        format!(" ({})", plain(&entry.result))
    };
    writeln!(
        out,
        "{:>6}  {:6}  {:20}  {:24}  {}{absent}",
        entry.seq,
        plain(&entry.action),
        plain(&entry.table),
        plain(entry.key.as_deref().unwrap_or_default()),
        plain(entry.why.as_deref().unwrap_or_default()),
    )?;
    match entry.held {
        Held::Erased => writeln!(out, "{:16}(the values were erased)", "")?,
        Held::Missing => writeln!(out, "{:16}(the values are missing)", "")?,
        Held::Kept if is_imageless(entry) => writeln!(out, "{:16}(no values were kept)", "")?,
        Held::Kept => {
            for line in values(entry) {
                writeln!(out, "{:16}{}", "", plain(&line))?;
            }
        }
    }
    Ok(())
}

/// Of an update each column with its old and new value, else the whole row. An image that somebody
/// made unreadable is shown as it is.
fn values(entry: &Entry<'_>) -> Vec<String> {
    type Object = serde_json::Map<String, serde_json::Value>;
    let read = |image: Option<&str>| image.map_or(Ok(Object::new()), serde_json::from_str);
    let (Ok(before), Ok(after)) = (read(entry.before.as_deref()), read(entry.after.as_deref()))
    else {
        return [&entry.before, &entry.after]
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
    };
    if entry.action == "update" {
        let old = |name: &String| before.get(name).map_or("null".to_owned(), ToString::to_string);
        return after.iter().map(|(name, new)| format!("{name}: {} -> {new}", old(name))).collect();
    }
    let row = if before.is_empty() { after } else { before };
    row.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

fn write_json(run: &RunRow, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    let head = serde_json::json!({
        "run_id": run.run_id, "job": run.job, "as_of": run.as_of, "status": run.status,
        "started_at": run.started_at, "finished_at": run.finished_at, "os_user": run.os_user,
        "host": run.host, "version": run.version, "config_sha256": run.config_sha256,
        "parameters": raw(run.parameters.as_deref())?, "counts": raw(run.counts.as_deref())?, "reason": run.reason,
        "previous_sha256": run.previous_sha256, "sha256": run.sha256,
    });
    write!(out, "{{\"command\":\"show\",\"run\":{head},\"changes\":[")?;
    let mut comma = "\n";
    each_change_of(&run.run_id, db, &mut |entry| {
        let (before, after) = (raw(entry.before.as_deref())?, raw(entry.after.as_deref())?);
        write!(out, "{}", std::mem::replace(&mut comma, ",\n"))?;
        serde_json::to_writer(
            &mut *out,
            &Shown {
                seq: entry.seq,
                table: &entry.table,
                key: entry.key.as_deref(),
                action: &entry.action,
                result: &entry.result,
                why: entry.why.as_deref(),
                images: word(entry),
                before: before.as_deref(),
                after: after.as_deref(),
                sha256: &entry.sha256,
            },
        )?;
        Ok(())
    })?;
    writeln!(out, "]}}")?;
    Ok(())
}

/// JSON as it stands; what somebody made unreadable, as a text.
fn raw(text: Option<&str>) -> anyhow::Result<Option<Box<RawValue>>> {
    let read = |text: &str| serde_json::from_str(text).or_else(|_| to_raw_value(text));
    Ok(text.map(read).transpose()?)
}

/// Whether there never was an image, as with a purge.
fn is_imageless(entry: &Entry<'_>) -> bool {
    entry.before.is_none() && entry.after.is_none()
}

fn word(entry: &Entry<'_>) -> &'static str {
    match entry.held {
        Held::Kept if is_imageless(entry) => "none",
        Held::Kept => "kept",
        Held::Erased => "erased",
        Held::Missing => "missing",
    }
}

fn write_csv(run: &RunRow, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record([
        "run_id", "seq", "table", "key", "action", "result", "why", "images", "before", "after",
    ])?;
    each_change_of(&run.run_id, db, &mut |entry| {
        csv.write_record([
            &*run.run_id,
            &entry.seq.to_string(),
            &*entry.table,
            &harmless(entry.key.as_deref().unwrap_or_default()),
            &*entry.action,
            &*entry.result,
            entry.why.as_deref().unwrap_or_default(),
            word(entry),
            entry.before.as_deref().unwrap_or_default(),
            entry.after.as_deref().unwrap_or_default(),
        ])?;
        Ok(())
    })?;
    csv.flush()?;
    Ok(())
}
