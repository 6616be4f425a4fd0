//! What can be typed: the global options, and one variant a subcommand.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, Utc};
use clap::{ArgAction, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::commands::{
    Context, check, completions, demo, history, man, migrate, preview, repair_sql, report, show,
    verify,
};
use crate::config::Config;
use crate::exit::Exit;
use crate::files::write_out;
use crate::jobs::Job;
use crate::log::{self, LogFormat};
use crate::metrics;
use crate::plan::Counts;
use crate::run::{self, Ended, Request};
use crate::summary::{Status, Summary};

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
    #[arg(long, global = true, value_name = "YYYY-MM-DD")]
    pub as_of: Option<NaiveDate>,
    /// How the result is written to stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Output,
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
    /// Whether they are written already.
    #[arg(skip)]
    told: Cell<bool>,
    /// Whether a summary is on stdout already.
    #[arg(skip)]
    said: Cell<bool>,
}

/// `--output`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
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
    /// Print the man page, or write those of all subcommands
    Man(man::Args),
    /// A job that writes.
    #[command(flatten)]
    Job(Job),
}

impl Cli {
    /// Starts the log as the options say.
    pub fn start_log(&self) {
        log::start(self.global.log_format, self.global.verbose, self.global.quiet);
    }

    /// What was typed first, for what is said of a command that came to no run.
    fn word(&self) -> &'static str {
        match &self.command {
            Command::Job(job) => job.name(),
            Command::Preview(_) => "preview",
            Command::Migrate(_) => "migrate",
            Command::Demo(_) => "demo",
            Command::Check(_) => "check",
            Command::RepairSql(_) => "repair-sql",
            Command::Report(_) => "report",
            Command::History(_) => "history",
            Command::Show(_) => "show",
            Command::Verify(_) => "verify",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// The config, trusted as far as the command's reach: what writes takes it from nobody's folder but
    /// its own.
    fn config(&self) -> anyhow::Result<Config> {
        if matches!(self.command, Command::Demo(_) | Command::Completions(_) | Command::Man(_)) {
            return Config::parse(""); // A mistake in it is no reason to withhold the manual.
        }
        let config = Config::load(self.global.config.as_deref())?;
        let writes = match &self.command {
            Command::Job(_) | Command::Migrate(_) => true,
            Command::History(args) => args.archive_before.is_some(),
            _ => false,
        };
        if writes {
            config.must_be_trusted()?;
        }
        Ok(config)
    }
}

/// Carries out a command line, and returns the number to end with.
///
/// # Errors
/// What went wrong, classed (`Exit`).
pub fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let ended = carry_out(cli);
    let global = &cli.global;
    if let (Err(error), Some(path), false) = (&ended, &global.metrics_file, global.told.get()) {
        // It came to no run, and the metrics must not keep saying that all is well.
        let exit = Exit::of(error);
        if let Err(second) = metrics::write_failure(path, cli.word(), exit, began.elapsed(), now())
        {
            tracing::warn!("{}", Exit::tell(&second));
        }
    }
    match ended {
        Err(error) if global.output == Output::Json && !global.said.get() => {
            say_failure(cli, &error, began.elapsed())?;
            Err(error)
        }
        ended => ended,
    }
}

/// What came to no run is told to programs too: one JSON object, whatever happens.
fn say_failure(cli: &Cli, error: &anyhow::Error, took: Duration) -> anyhow::Result<()> {
    let summary = Summary {
        command: cli.word().to_owned(),
        job: cli.word(),
        run_id: uuid::Uuid::now_v7().to_string(),
        status: if Exit::of(error) == Exit::Refused { Status::Refused } else { Status::Failed },
        as_of: cli.global.as_of.unwrap_or_else(|| now().date_naive()),
        counts: Counts::default(),
        findings: Vec::new(),
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        exit_code: Exit::of(error).code(),
        error: Some(Exit::tell(error)),
    };
    write_out(None, |out| Ok(summary.write_json(out)?))
}

fn carry_out(cli: &Cli) -> anyhow::Result<Exit> {
    let config = cli.config()?;
    let context = Context {
        config: &config,
        as_of: cli.global.as_of,
        json: cli.global.output == Output::Json,
        clock: &now,
    };
    match &cli.command {
        Command::Check(args) => done(&cli.global, &context, &check::run(args, &context)?),
        Command::Demo(args) => {
            let summary = demo::run(args, &context)?; // Its story is told already.
            if context.json { done(&cli.global, &context, &summary) } else { Ok(Exit::Done) }
        }
        Command::Migrate(args) => {
            let summary = migrate::run(args, &context)?;
            // A script on stdout leaves no room for a summary.
            if args.format.is_some() && args.out.is_none() {
                Ok(Exit::Done)
            } else {
                done(&cli.global, &context, &summary)
            }
        }
        Command::Completions(args) => completions::run(args, Cli::command()).map(|()| Exit::Done),
        Command::Man(args) => man::run(args, Cli::command()).map(|()| Exit::Done),
        Command::RepairSql(args) => done(&cli.global, &context, &repair_sql::run(args, &context)?),
        Command::Preview(args) => {
            let (ended, exit) = preview::run(args, &context)?;
            end(&cli.global, ended).map(|done| if done == Exit::Done { exit } else { done })
        }
        Command::Report(args) => {
            let (summary, stdout_taken) = report::run(args, &context)?;
            if stdout_taken {
                write_metrics(&cli.global, &summary)?;
                Ok(Exit::Done)
            } else {
                done(&cli.global, &context, &summary)
            }
        }
        Command::History(args) => match history::run(args, &context)? {
            Some(summary) => done(&cli.global, &context, &summary),
            None => Ok(Exit::Done),
        },
        Command::Show(args) => show::run(args, &context).map(|()| Exit::Done),
        Command::Verify(args) => {
            let (summary, error) = verify::run(args, &context)?;
            match error {
                None => done(&cli.global, &context, &summary),
                Some(error) => {
                    write_metrics(&cli.global, &summary)?;
                    if context.json {
                        context.say(&summary)?;
                        cli.global.said.set(true);
                    }
                    Err(error)
                }
            }
        }
        Command::Job(job) => {
            let request = Request {
                job,
                preview: false,
                as_of: cli.global.as_of,
                config: &config,
                clock: &now,
            };
            let ended = run::run(&request)?;
            if ended.error.is_none() || context.json {
                context.say(&ended.summary)?;
            }
            end(&cli.global, ended)
        }
    }
}

/// The one clock; everything below is told what time it is.
#[expect(clippy::disallowed_methods, reason = "this is the place that knows")]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

/// Ends a command that is no run: what it found wrong is in its summary.
fn done(global: &Global, context: &Context<'_>, summary: &Summary) -> anyhow::Result<Exit> {
    write_metrics(global, summary)?;
    context.say(summary)?;
    global.said.set(true);
    if let Some(error) = &summary.error {
        tracing::error!(exit_code = summary.exit_code, "{error}");
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == summary.exit_code).unwrap_or(Exit::Failed))
}

fn end(global: &Global, ended: Ended) -> anyhow::Result<Exit> {
    global.said.set(true);
    let Summary { command, job, run_id, status, duration_ms, .. } = &ended.summary;
    let metrics = write_metrics(global, &ended.summary);
    match ended.error {
        Some(error) => {
            if let Err(second) = metrics {
                tracing::warn!("{}", Exit::tell(&second));
            }
            Err(error)
        }
        None => {
            // The changes are committed: a metrics file that can't be written does not undo them.
            if let Err(error) = metrics {
                tracing::error!("{}", Exit::tell(&error));
            }
            tracing::info!(command, job, run_id, status = status.word(), duration_ms, "ended");
            Ok(Exit::Done)
        }
    }
}

fn write_metrics(global: &Global, summary: &Summary) -> anyhow::Result<()> {
    match &global.metrics_file {
        Some(path) => {
            global.told.set(true);
            metrics::write(path, summary, now())
        }
        None => Ok(()),
    }
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
