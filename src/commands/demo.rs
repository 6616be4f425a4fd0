//! `recert demo`: the main job, tried on people who do not exist.
//!
//! Everything happens in one folder, by the same code as in production.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use uuid::Uuid;

use super::{CommandContext, CommandFacts, migrate, report, verify};
use crate::config::Config;
use crate::db;
use crate::exit::Exit;
use crate::files::{open_regular, write_whole};
use crate::jobs::Job;
use crate::outcome::Outcome;
use crate::run::{self, Ended, Request};
use crate::summary::Summary;

mod sample;

/// `recert demo`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The folder to make; nothing outside it is touched
    #[arg(long, default_value = "recert-demo")]
    pub dir: PathBuf,
}

/// First line of the config in the folder: by it the demo knows a folder of its own.
const MARK: &str = "# Made by `recert demo`; it makes the folder anew each time.";

/// Builds the sample, previews, revokes, revokes again, reports, verifies, and takes it all back.
///
/// # Errors
/// `Exit::Config`: the folder holds something that is not the demo's; else as any run.
pub(crate) fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let config = make_folder(&args.dir)?;
    let today = context.day()?;
    let context = CommandContext { config: &config, ..*context };
    let demo = Demo { context: &context };
    let made = demo.build(today)?;
    let story = DemoStory { silent: context.json, context: &context };
    story.say(&format!(
        "A bank that does not exist: {} people, {} access rights, {} answers of line managers.",
        made.users, made.mappings, made.responses
    ))?;

    let preview = demo.run(&Job::default(), true)?;
    story.say("\n1. Look first: recert preview. Nothing is changed.\n")?;
    story.show(&preview.summary)?;
    story.changes(&preview, 6)?;

    let revoke = demo.run(&Job::default(), false)?;
    story.say(
        "\n2. Take the access away: recert revoke. One transaction, every change in the ledger.\n",
    )?;
    story.show(&revoke.summary)?;

    let again = demo.run(&Job::default(), false)?;
    story.say("\n3. Again, as the scheduler will next hour: nothing is left to do.\n")?;
    story.show(&again.summary)?;

    let page = args.dir.join(format!("recertification-{}.html", today.year()));
    story.say(&format!("\n4. Report the year, for auditors: {}\n", page.display()))?;
    story.show(&demo.report(today, page)?)?;

    story.say("\n5. Prove it: recert verify. Nobody edited the ledger.\n")?;
    story.show(&demo.verify()?)?;

    story.say("\n6. It was a mistake? recert restore takes the run back, row by row.\n")?;
    let restore = demo.run(&Job::restore_of(&revoke.summary.run_id), false)?;
    story.show(&restore.summary)?;

    story.say(&try_next(&args.dir, today, &revoke.summary.run_id))?;
    let outcome = Outcome::of(Summary { command: "demo".to_owned(), ..revoke.summary }).lasting();
    // Its story is told already.
    Ok(if context.json { outcome } else { outcome.said() })
}

fn try_next(dir: &Path, today: NaiveDate, run_id: &str) -> String {
    let recert = format!("recert --config {}", dir.join("recert.toml").display());
    let month_on = today + TimeDelta::days(30);
    format!(
        "\nIt is all in {}. Try next:\n\
         \x20 {recert} preview --as-of {month_on} --format sql   # a month from now, as a script\n\
         \x20 {recert} show {run_id}   # what was changed, and why\n\
         \x20 {recert} history",
        dir.display()
    )
}

struct Demo<'a> {
    context: &'a CommandContext<'a>,
}

impl Demo<'_> {
    /// The tables, and the made-up people in them.
    fn build(&self, today: NaiveDate) -> anyhow::Result<sample::SampleSize> {
        let args = migrate::Args { base_tables: true, ..migrate::Args::default() };
        migrate::run(&args, self.context)?;
        let session = db::SessionSpec {
            action: "demo".to_owned(),
            run_id: Uuid::now_v7().to_string(),
            writes: true,
            defines: false,
        };
        let mut db = db::open(&self.context.config.database, &session)?;
        let made = sample::fill(&mut *db, today)?;
        db.commit()?;
        Ok(made)
    }

    fn run(&self, job: &Job, preview: bool) -> anyhow::Result<Ended> {
        let CommandContext { as_of, clock, config, .. } = *self.context;
        let run_id = Uuid::now_v7().to_string();
        let ended = run::run(&Request {
            job,
            preview,
            rehearse: false,
            as_of,
            config,
            clock,
            open: &db::open,
            run_id,
        })?;
        match ended.error {
            Some(error) => Err(error),
            None => Ok(ended),
        }
    }

    fn report(&self, today: NaiveDate, page: PathBuf) -> anyhow::Result<Summary> {
        let args = report::Args {
            year: Some(today.year()),
            all: false,
            format: Vec::new(), // By the file's ending.
            out: Some(page),
        };
        let facts = CommandFacts::of("report");
        let outcome = report::run(&args, &CommandContext { facts: &facts, ..*self.context })?;
        outcome.error.map_or(Ok(outcome.summary), Err)
    }

    fn verify(&self) -> anyhow::Result<Summary> {
        let args = verify::Args::default();
        let facts = CommandFacts::of("verify");
        let outcome = verify::run(&args, &CommandContext { facts: &facts, ..*self.context })?;
        outcome.error.map_or(Ok(outcome.summary), Err)
    }
}

/// What is told on the way; nothing with `--output json`.
struct DemoStory<'a> {
    silent: bool,
    context: &'a CommandContext<'a>,
}

impl DemoStory<'_> {
    fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.silent {
            return Ok(());
        }
        self.context.out.write(|out| Ok(writeln!(out, "{text}")?))
    }

    fn show(&self, summary: &Summary) -> anyhow::Result<()> {
        if self.silent { Ok(()) } else { self.context.say(summary) }
    }

    fn changes(&self, ended: &Ended, n: usize) -> anyhow::Result<()> {
        let mut text = Vec::new();
        if let Some(plan) = &ended.plan {
            super::preview::write_text(plan, &mut text)?;
        }
        let text = String::from_utf8(text)?;
        let total = text.lines().count();
        for line in text.lines().take(n) {
            self.say(&format!("  {line}"))?;
        }
        self.say(&format!("  … and {} more, all of them in the preview", total.saturating_sub(n)))
    }
}

/// Makes the folder anew, if it is not there or the demo's own.
fn make_folder(dir: &Path) -> anyhow::Result<Config> {
    let make = || -> anyhow::Result<Config> {
        let (config_path, db_path) = (dir.join("recert.toml"), dir.join("recert.db"));
        let read =
            || -> anyhow::Result<_> { Ok(std::io::read_to_string(open_regular(&config_path)?)?) };
        let ours = read().is_ok_and(|text| text.starts_with(MARK));
        if !ours && fs::read_dir(dir).is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(anyhow!("it holds something else; name another with `--dir`"));
        }
        // Its config is believed only where nobody else can write.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        for leftover in ["recert.db", "recert.db-journal"] {
            match fs::remove_file(dir.join(leftover)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        let db_path = std::path::absolute(db_path)?;
        let url = toml::Value::String(format!("sqlite:{}", db_path.display()));
        let text = format!("{MARK}\n[database]\nurl = {url}\n");
        write_whole(&config_path, |out| Ok(out.write_all(text.as_bytes())?))?;
        Config::load(Some(&config_path))
    };
    make()
        .with_context(|| format!("making the demo's folder `{}`", dir.display()))
        .context(Exit::Config)
}
