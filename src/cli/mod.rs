//! What can be typed: the global options, and one variant a subcommand.

mod log;
mod metrics;
mod paths;
mod tell;

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Instant;

use chrono::{NaiveDate, Utc};
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::client_library;
use crate::commands::{
    CommandContext, CommandFacts, check, completions, day, demo, history, man, migrate, preview,
    repair_sql, report, schema, show, verify,
};
use crate::config::{Config, ConfigMistakes, without_login};
use crate::db;
use crate::exit::Exit;
use crate::guard;
use crate::jobs::Job;
use crate::outcome::{Outcome, Stdout};
use crate::plan::Finding;
use crate::run::{self, Request};
use crate::summary::Status;

use tell::OutcomeTelling;

pub(crate) use log::LogHandle;
pub use log::{LogFormat, LogOrigin, start as start_log};

/// Takes back revoked access and proves it
#[derive(Debug, Parser)]
#[command(name = "recert", version, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Config file; else ./recert.toml, /etc/recert/recert.toml, or the embedded database ./recert.db
    #[arg(long, global = true, value_name = "PATH", env = "RECERT_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// The day to act for, instead of today in the configured time zone
    #[arg(long, global = true, value_name = "YYYY-MM-DD", value_parser = day)]
    pub as_of: Option<NaiveDate>,
    /// How the result is written to stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: OutputForm,
    /// How the log is written to stderr
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Log more; twice: everything
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Log only warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Write the run's figures here, in Prometheus' text format
    #[arg(long, global = true, value_name = "F")]
    pub metrics_file: Option<PathBuf>,
    /// Every path of the command line, with its option.
    #[arg(skip)]
    paths: Vec<paths::NamedPath>,
}

/// `--output`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// A summary a person reads
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// One variant a subcommand; the jobs are in [`Job`].
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check everything a run needs, and say how to mend what is missing
    Check(check::Args),
    /// See the main job at work on a sample database
    Demo(demo::Args),
    /// Create recert's tables, and add missing columns; never drops
    Migrate(migrate::Args),
    /// Show the plan of a job, without writing
    Preview(preview::Args),
    /// List the runs in the ledger, or archive its old images
    History(history::Args),
    /// Show one run, and every change it made
    Show(show::Args),
    /// Hold the ledger against its hashes, and name the first thing that was tampered with
    Verify(verify::Args),
    /// Mend an old generated update script whose names or mail addresses hold bare apostrophes
    RepairSql(repair_sql::Args),
    /// Report a year's recertification, with evidence
    Report(report::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the JSON Schemas of what recert writes as JSON
    Schema(schema::Args),
    /// Print the man page, or write those of all subcommands
    Man(man::Args),
    /// A job that writes.
    #[command(flatten)]
    Job(Job),
}

impl Cli {
    /// Reads a command line, and notes every path in it.
    ///
    /// # Errors
    /// It is wrong, or asks for help.
    pub fn read(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
        let matches = Cli::command().try_get_matches_from(words)?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        cli.global.paths = paths::named(&Cli::command(), &matches);
        if let Command::Report(args) = &cli.command {
            cli.global.paths.extend(args.accesses_file().map(paths::beside_out));
        }
        Ok(cli)
    }

    /// Starts the log as the options say.
    fn start_log(&self, facts: &CommandFacts) -> LogHandle {
        let Global { log_format, verbose, quiet, .. } = self.global;
        let origin = LogOrigin { job: facts.job.to_owned(), run_id: facts.run_id.clone() };
        start_log(log_format, verbose, quiet, origin)
    }

    /// What was typed first, for what is said of the command; of a job under preview, `preview`.
    fn word(&self) -> &'static str {
        match &self.command {
            Command::Preview(_) => "preview",
            _ => self.job(),
        }
    }

    /// What the summary and the metrics are about.
    fn job(&self) -> &'static str {
        match &self.command {
            Command::Job(job) => job.name(),
            Command::Preview(args) => args.job.as_ref().map_or("revoke", Job::name),
            Command::Migrate(_) => "migrate",
            Command::Demo(_) => "demo",
            Command::Check(_) => "check",
            Command::RepairSql(_) => "repair-sql",
            Command::Report(_) => "report",
            Command::History(args) if args.archive_before.is_some() => "archive",
            Command::History(_) => "history",
            Command::Show(_) => "show",
            Command::Verify(_) => "verify",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
            Command::Schema(_) => "schema",
        }
    }

    /// Whether stdout is for data alone, so that a failure says nothing there but as JSON.
    fn answers_with_data(&self) -> bool {
        match &self.command {
            Command::History(args) => args.archive_before.is_none(),
            Command::Report(args) => args.out.is_none(),
            Command::Migrate(args) => args.format.is_some() && args.out.is_none(),
            Command::Preview(args) => args.answers_with_data(),
            Command::Show(_) | Command::Completions(_) | Command::Man(_) | Command::Schema(_) => {
                true
            }
            _ => false,
        }
    }

    /// Whether its findings go into the log, too: those of a run, and of `verify`, which nobody may be there to read.
    fn warns(&self) -> bool {
        match &self.command {
            Command::Job(_) | Command::Verify(_) => true,
            Command::History(args) => args.archive_before.is_some(),
            _ => false,
        }
    }

    /// Whether the whole of it may be tried again: it changes nothing, and is no run, which sees to that itself.
    fn only_reads(&self) -> bool {
        match &self.command {
            Command::History(args) => args.archive_before.is_none(),
            Command::Report(_) | Command::Show(_) | Command::Verify(_) => true,
            _ => false,
        }
    }

    /// The config, of commands that need one.
    fn config(&self) -> anyhow::Result<Config> {
        if matches!(
            self.command,
            Command::Demo(_) | Command::Completions(_) | Command::Man(_) | Command::Schema(_)
        ) {
            return Config::parse(""); // A mistake in it is no reason to withhold the manual.
        }
        Config::load(self.global.config.as_deref())
    }
}

/// Starts the program once more where Oracle's client library needs that; first of all, while
/// there is nothing to lose: no thread, no file, no secret.
pub fn find_client_library(cli: &Cli) {
    // A mistake in the config is told when it is read for good.
    if let Ok(config) = cli.config() {
        client_library::put_into_search_path(&config);
    }
}

/// Carries out a command line, tells what came of it, and returns the number to end with.
#[must_use]
pub fn run(cli: &Cli) -> Exit {
    let facts = CommandFacts {
        command: cli.word(),
        job: cli.job(),
        run_id: uuid::Uuid::now_v7().to_string(),
        began: Instant::now(),
    };
    let log = cli.start_log(&facts); // First, so that a bad config is heard.
    let out = Stdout::default();
    let mut metrics_file = None;
    let ended = guard::against_defects(|| {
        let config = cli.config();
        metrics_file = paths::metrics_file(&cli.global.paths, config.as_ref().ok());
        let config = config?;
        log.add_file(&config)?;
        tell_config(cli, &config);
        paths::check(&cli.global.paths, &config)?;
        carry_out(cli, &config, &facts, &out)
    });
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            let as_of = cli.global.as_of.unwrap_or_else(|| now().date_naive());
            let status = match Exit::of(&error) {
                Exit::Refused => Status::Refused,
                _ => Status::Failed,
            };
            let mut summary = facts.summary(status, as_of);
            summary.findings.extend(mistakes(&error));
            let outcome = Outcome::of(summary).with_error(Some(error));
            let json = cli.global.output == OutputForm::Json && !out.has_left();
            let is_run = !cli.answers_with_data() && outcome.exit() != Exit::Usage;
            if json || is_run { outcome } else { outcome.said() }
        }
    };
    let how = OutcomeTelling {
        json: cli.global.output == OutputForm::Json,
        warns: cli.warns(),
        is_quiet: cli.global.quiet,
        metrics_file,
    };
    tell::tell(outcome, &how, &facts, &out)
}

/// Each mistake of a config, for programs that read the summary.
fn mistakes(error: &anyhow::Error) -> Vec<Finding> {
    let Some(mistakes) = error.downcast_ref::<ConfigMistakes>() else { return Vec::new() };
    let finding = |said: &str| {
        let (key, message) = (String::new(), said.to_owned());
        Finding { kind: tell::CONFIG, key, message }
    };
    mistakes.iter().map(finding).collect()
}

/// What a person at 02:00 asks first.
fn tell_config(cli: &Cli, config: &Config) {
    let database = match &cli.command {
        Command::Job(job) => job.database(config),
        Command::Preview(args) => {
            args.job.as_ref().map_or(&config.database, |job| job.database(config))
        }
        _ => &config.database,
    };
    let path = config.path.as_ref().and_then(|path| std::path::absolute(path).ok());
    let account = match (&database.username, database.external_auth) {
        (Some(name), _) => name,
        (None, true) => "external",
        (None, false) => "none",
    };
    tracing::debug!(
        config = path.map_or_else(|| "none".to_owned(), |path| path.display().to_string()),
        config_sha256 = config.sha256,
        database = without_login(&database.url),
        account,
        schema = database.schema.as_deref(),
        "config read"
    );
}

fn carry_out(
    cli: &Cli,
    config: &Config,
    facts: &CommandFacts,
    out: &Stdout,
) -> anyhow::Result<Outcome> {
    let context = CommandContext {
        config,
        as_of: cli.global.as_of,
        json: cli.global.output == OutputForm::Json,
        clock: &now,
        facts,
        out,
    };
    let mut pauses = (1..).zip(config.database.pauses());
    loop {
        let error = match dispatch(cli, &context) {
            Err(error) if cli.only_reads() && db::is_transient(&error) && !out.has_left() => error,
            ended => return ended,
        };
        let Some((attempt, pause)) = pauses.next() else { return Err(error) };
        tracing::warn!(attempt, "{}; trying again", Exit::tell(&error));
        sleep(pause);
    }
}

fn dispatch(cli: &Cli, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    match &cli.command {
        Command::Check(args) => check::run(args, context),
        Command::Demo(args) => demo::run(args, context),
        Command::Migrate(args) => migrate::run(args, context),
        Command::Completions(args) => completions::run(args, Cli::command(), context),
        Command::Man(args) => man::run(args, Cli::command(), context),
        Command::Schema(args) => schema::run(args, context),
        Command::RepairSql(args) => repair_sql::run(args, context),
        Command::Preview(args) => preview::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::History(args) => history::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Job(job) => {
            let CommandContext { as_of, config, clock, facts, .. } = *context;
            let run_id = facts.run_id.clone();
            run::run(&Request {
                job,
                preview: false,
                rehearse: false,
                as_of,
                config,
                clock,
                open: &db::open,
                run_id,
            })
            .map(Outcome::from)
        }
    }
}

/// The one clock; everything below is told what time it is.
#[expect(clippy::disallowed_methods, reason = "this is the place that knows")]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

/// The numbers, below every `--help`.
fn after_help() -> String {
    let mut help = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        help.push_str(&format!(
            "  {:>2}  {:<11}  {}\n",
            exit.code(),
            exit.to_string(),
            exit.meaning()
        ));
    }
    help
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_defined_without_contradiction() {
        Cli::command().debug_assert();
    }
}
