//! `recert show RUN_ID`: one run, and every change it made, with old and new values.

use std::io::Write;

use anyhow::anyhow;
use serde::{Serialize, Serializer};

use super::{CommandContext, ListFormat, to_the_second};
use crate::config::DatabaseConfig;
use crate::db::{self, Read, SessionSpec, Transaction};
use crate::exit::Exit;
use crate::ledger::person::tells_of;
use crate::ledger::read::{each_change_of, find_run};
use crate::ledger::row::{ImageState, LedgerEntry, LedgerJson};
use crate::ledger::{LedgerChain, LedgerRun};
use crate::outcome::Outcome;
use crate::summary::Status;
use crate::text::{guarded, plain};

/// What the JSON object of `show` is called; a change of its shape gets another number.
const SCHEMA: &str = "recert/show/1";

/// `recert show`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The run, or at least eight characters of the beginning of its id
    pub run_id: String,
    /// Only changes that tell of the person with this id
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
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
pub(crate) fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let databases = context.config.databases_named(args.database.as_deref())?;
    let format = args.format.or_json(context.json);
    let (run, mut db) = find(&args.run_id, &databases)?;
    let doubt = doubt(&run, &mut *db)?;
    let shown = ShownRun { run, doubt, person: args.person.as_deref() };
    context.out.write(|out| match format {
        ListFormat::Text => shown.write_text(&mut *db, out),
        ListFormat::Json => shown.write_json(&mut *db, out),
        ListFormat::Csv => shown.write_csv(&mut *db, out),
    })?;
    Ok(Outcome::of(context.summary(Status::Unchanged)?).said())
}

/// The run, and the database that holds it: a beginning that runs of several share is none's.
fn find(
    id: &str,
    databases: &[(&'static str, &DatabaseConfig)],
) -> anyhow::Result<(LedgerRun, Box<dyn Transaction>)> {
    let mut found = Vec::new();
    for (name, database) in databases {
        let mut db = db::open(database, &SessionSpec::reading("show"))?;
        let Some(run) = find_run(id, &mut *db)? else { continue };
        if run.run_id.eq_ignore_ascii_case(id.trim()) {
            return Ok((run, db));
        }
        found.push((name, run, db));
    }
    if found.len() > 1 {
        let runs: Vec<String> =
            found.iter().map(|(name, run, _)| format!("{} in {name}", run.run_id)).collect();
        return Err(anyhow!(
            "runs of several databases begin with `{id}`: {}; give more of the id",
            runs.join(", ")
        )
        .context(Exit::Usage));
    }
    let found = found.pop().map(|(_, run, db)| (run, db));
    found.ok_or_else(|| {
        let names: Vec<&str> = databases.iter().map(|(name, _)| *name).collect();
        anyhow!(
            "no run `{id}` is in the ledger of: {}; `recert history` lists them",
            names.join(", ")
        )
        .context(Exit::Usage)
    })
}

/// Why the run can't be believed, if so: all of it is hashed, as all of it is shown.
fn doubt(run: &LedgerRun, db: &mut dyn Read) -> anyhow::Result<Option<String>> {
    let chain = LedgerChain::read(db)?;
    let (mut hash, mut n_changes, mut unfit) = (run.begin_hash(), 0, None);
    each_change_of(&run.run_id, db, &mut |entry| {
        hash.text(&entry.change.sha256);
        n_changes += 1;
        let in_order = entry.change.number() == n_changes && entry.change.fits();
        let has_image = matches!(entry.image_is(), ImageState::Kept | ImageState::Erased);
        if unfit.is_none() && !(in_order && has_image) {
            unfit = Some(format!("change {} does not fit its hashes", entry.change.seq));
        }
        Ok(())
    })?;
    let fits = hash.finish().as_slice() == run.sha256.as_bytes();
    Ok(chain.doubt(&run.run_id, fits).or(unfit))
}

/// A run on its way to a reader.
struct ShownRun<'a> {
    run: LedgerRun,
    doubt: Option<String>,
    /// Only changes that tell of this person.
    person: Option<&'a str>,
}

impl ShownRun<'_> {
    fn each_change(
        &self,
        db: &mut dyn Read,
        each: &mut dyn FnMut(&ShownChange) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        each_change_of(&self.run.run_id, db, &mut |entry| {
            if self.person.is_none_or(|person| tells_of(entry, person)) {
                each(&ShownChange::of(entry))?;
            }
            Ok(())
        })
    }

    fn write_text(&self, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
        let run = &self.run;
        let mut line = |name: &str, value: &str| writeln!(out, "{name:10}  {}", plain(value));
        line("run", &run.run_id)?;
        if let Some(doubt) = &self.doubt {
            line("", &format!("NOT TO BE BELIEVED: {doubt}; `recert verify` says more"))?;
        }
        line("job", &format!("{}, as of {}, {}", run.job, run.as_of, run.status))?;
        let (from, to) = (to_the_second(&run.started_at), to_the_second(&run.finished_at));
        line("time", &format!("{from} to {to} UTC"))?;
        let (version, config) = (&run.version, &run.config_sha256);
        line("by", &format!("{}@{}, recert {version}, config {config}", run.os_user, run.host))?;
        line("parameters", &run.parameters)?;
        line("counts", &run.counts)?;
        if !run.reason.is_empty() {
            line("reason", &run.reason)?;
        }
        line("hash", &run.sha256)?;
        line("previous", &run.previous_sha256)?;
        let mut any = false;
        self.each_change(db, &mut |change| {
            if !any {
                writeln!(out, "\n{:>6}  {:6}  {:20}  {:24}  why", "seq", "action", "table", "key")?;
                any = true;
            }
            change.write_text(out)
        })?;
        if !any {
            writeln!(out, "\nno changes")?;
        }
        Ok(())
    }

    fn write_json(&self, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
        write!(out, "{{\"schema\":\"{SCHEMA}\",\"command\":\"show\",\"run\":")?;
        serde_json::to_writer(&mut *out, &self.run)?;
        write!(out, ",\"believed\":{}", self.doubt.is_none())?;
        if let Some(doubt) = &self.doubt {
            write!(out, ",\"doubt\":{}", serde_json::to_string(doubt)?)?;
        }
        write!(out, ",\"changes\":[")?;
        let mut comma = "\n";
        self.each_change(db, &mut |change| {
            write!(out, "{}", std::mem::replace(&mut comma, ",\n"))?;
            Ok(serde_json::to_writer(&mut *out, change)?)
        })?;
        writeln!(out, "]}}")?;
        Ok(())
    }

    fn write_csv(&self, db: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record([&["run_id"], &ShownChange::COLUMNS[..], &["doubt"]].concat())?;
        self.each_change(db, &mut |change| {
            let mut record = vec![self.run.run_id.clone()];
            record.extend(change.texts());
            record.push(self.doubt.clone().unwrap_or_default());
            Ok(csv.write_record(record)?)
        })?;
        csv.flush()?;
        Ok(())
    }
}

/// A change as it is shown: with all that its hashes are taken over.
#[derive(Debug)]
pub(super) struct ShownChange(LedgerEntry<'static>);

impl ShownChange {
    /// Names for programs, in the order of the columns.
    pub(super) const COLUMNS: [&'static str; 13] = [
        "seq",
        "table",
        "key",
        "action",
        "result",
        "why",
        "images",
        "before",
        "after",
        "salt",
        "image_sha256",
        "sha256",
        "fits",
    ];

    pub(super) fn of(entry: &LedgerEntry<'_>) -> Self {
        ShownChange(entry.to_owned_row())
    }

    fn fields(&self) -> [&str; 13] {
        let LedgerEntry { change, image } = &self.0;
        let (salt, before, after) = image
            .as_ref()
            .map_or(("", "", ""), |image| (&*image.salt, &*image.before, &*image.after));
        [
            &change.seq,
            &change.table_name,
            &change.row_key,
            &change.action,
            &change.result,
            &change.why,
            self.images(),
            before,
            after,
            salt,
            &change.image_sha256,
            &change.sha256,
            if change.fits() { "true" } else { "false" },
        ]
    }

    /// Its columns for a spreadsheet; an image is JSON and begins with a brace.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let guarded = |text: &str| {
            if text.starts_with('{') { text.into() } else { guarded(text).into_owned() }
        };
        self.fields().map(guarded).into_iter()
    }

    /// What is left of the images: the word that programs read.
    fn images(&self) -> &'static str {
        match (self.0.image_is(), &self.0.image) {
            (ImageState::Missing, _) => "missing",
            (ImageState::Erased, _) => "erased",
            (ImageState::Edited, _) => "edited",
            (ImageState::Kept, Some(image)) if image.is_blank() => "none",
            (ImageState::Kept, _) => "kept",
        }
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let change = &self.0.change;
        let mut told = String::new();
        if change.result != "applied" {
            told += &format!(" ({})", plain(&change.result));
        }
        if !change.fits() {
            told += " (EDITED: its hash does not fit)";
        }
        writeln!(
            out,
            "{:>6}  {:6}  {:20}  {:24}  {}{told}",
            plain(&change.seq),
            plain(&change.action),
            plain(&change.table_name),
            plain(&change.row_key),
            plain(&change.why),
        )?;
        match self.images() {
            "erased" => writeln!(out, "{:16}(the values were erased)", "")?,
            "missing" => writeln!(out, "{:16}(the values are missing)", "")?,
            "none" => writeln!(out, "{:16}(no values were kept)", "")?,
            images => {
                if images == "edited" {
                    writeln!(out, "{:16}(EDITED: the values do not fit their hash)", "")?;
                }
                for line in values(&self.0) {
                    writeln!(out, "{:16}{}", "", plain(&line))?;
                }
            }
        }
        Ok(())
    }
}

impl Serialize for ShownChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = |(name, text)| match name {
            "seq" => LedgerJson::Number(self.0.change.number()),
            "fits" | "before" | "after" => LedgerJson::of(text),
            _ => LedgerJson::text(text),
        };
        let fields = Self::COLUMNS.into_iter().zip(self.fields());
        serializer.collect_map(fields.map(|(name, text)| (name, json((name, text)))))
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
