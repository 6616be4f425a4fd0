//! `recert show RUN_ID`: one run, and every change it made, with old and new values.

use std::io::Write;

use anyhow::anyhow;
use serde::Serializer as _;

use super::Context;
use super::databases;
use super::history::{ListFormat, plain, to_the_second};
use crate::db::Read;
use crate::exit::Exit;
use crate::ledger::LedgerRun;
use crate::ledger::read::{each_change_of, find_run};
use crate::ledger::row::{ImageState, LedgerEntry, LedgerJson};
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

fn write_text(run: &LedgerRun, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
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
    line(out, "parameters", &run.parameters)?;
    line(out, "counts", &run.counts)?;
    if !run.reason.is_empty() {
        line(out, "reason", &run.reason)?;
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

fn write_change(entry: &LedgerEntry<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let change = &entry.change;
    let absent = if change.result == "applied" {
        String::new()
    } else {
        format!(" ({})", plain(&change.result))
    };
    writeln!(
        out,
        "{:>6}  {:6}  {:20}  {:24}  {}{absent}",
        change.seq,
        plain(&change.action),
        plain(&change.table_name),
        plain(&change.row_key),
        plain(&change.why),
    )?;
    match images(entry) {
        "erased" => writeln!(out, "{:16}(the values were erased)", "")?,
        "missing" => writeln!(out, "{:16}(the values are missing)", "")?,
        "none" => writeln!(out, "{:16}(no values were kept)", "")?,
        _ => {
            for line in values(entry) {
                writeln!(out, "{:16}{}", "", plain(&line))?;
            }
        }
    }
    Ok(())
}

/// What is left of the images: the word that programs read.
fn images(entry: &LedgerEntry<'_>) -> &'static str {
    match (entry.image_is(), &entry.image) {
        (ImageState::Missing, _) => "missing",
        (ImageState::Erased, _) => "erased",
        (_, Some(image)) if image.is_blank() => "none",
        (ImageState::Kept | ImageState::Edited, _) => "kept",
    }
}

/// Of an update each column with its old and new value, else the whole row. An image that somebody
/// made unreadable is shown as it is.
fn values(entry: &LedgerEntry<'_>) -> Vec<String> {
    type Object = serde_json::Map<String, serde_json::Value>;
    let read = |image: &str| match image {
        "" => Ok(Object::new()),
        image => serde_json::from_str(image),
    };
    let Some(image) = &entry.image else { return Vec::new() };
    let (Ok(before), Ok(after)) = (read(&image.before), read(&image.after)) else {
        let there = [&image.before, &image.after].into_iter().filter(|text| !text.is_empty());
        return there.map(ToString::to_string).collect();
    };
    if entry.change.action == "update" {
        let old = |name: &String| before.get(name).map_or("null".to_owned(), ToString::to_string);
        return after.iter().map(|(name, new)| format!("{name}: {} -> {new}", old(name))).collect();
    }
    let row = if before.is_empty() { after } else { before };
    row.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

/// A change as programs read it: all that its hashes are taken over, with names.
fn fields<'a>(entry: &'a LedgerEntry<'_>) -> [(&'static str, &'a str); 12] {
    let LedgerEntry { change, image } = entry;
    let (salt, before, after) =
        image.as_ref().map_or(("", "", ""), |image| (&*image.salt, &*image.before, &*image.after));
    [
        ("seq", &change.seq),
        ("table", &change.table_name),
        ("key", &change.row_key),
        ("action", &change.action),
        ("result", &change.result),
        ("why", &change.why),
        ("images", images(entry)),
        ("before", before),
        ("after", after),
        ("salt", salt),
        ("image_sha256", &change.image_sha256),
        ("sha256", &change.sha256),
    ]
}

fn write_json(run: &LedgerRun, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    write!(out, "{{\"command\":\"show\",\"run\":")?;
    serde_json::to_writer(&mut *out, run)?;
    write!(out, ",\"changes\":[")?;
    let mut comma = "\n";
    each_change_of(&run.run_id, db, &mut |entry| {
        write!(out, "{}", std::mem::replace(&mut comma, ",\n"))?;
        let mut serializer = serde_json::Serializer::new(&mut *out);
        let fields =
            fields(entry).into_iter().map(|(name, text)| (name, json_of(name, text, entry)));
        Ok(serializer.collect_map(fields)?)
    })?;
    writeln!(out, "]}}")?;
    Ok(())
}

fn json_of<'a>(name: &str, text: &'a str, entry: &LedgerEntry<'_>) -> LedgerJson<'a> {
    match name {
        "seq" => LedgerJson::Number(entry.change.number()),
        "before" | "after" => LedgerJson::of(text),
        _ => LedgerJson::text(text),
    }
}

fn write_csv(run: &LedgerRun, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let names = fields(&LedgerEntry::default()).map(|(name, _)| name);
    csv.write_record(std::iter::once("run_id").chain(names))?;
    each_change_of(&run.run_id, db, &mut |entry| {
        let texts = fields(entry).map(|(name, text)| match name {
            "before" | "after" => text.into(), // JSON begins with a brace.
            _ => harmless(text),
        });
        csv.write_field(&run.run_id)?;
        for text in texts {
            csv.write_field(&*text)?;
        }
        Ok(csv.write_record(None::<&[u8]>)?)
    })?;
    csv.flush()?;
    Ok(())
}
