//! `recert check`: everything a run needs, and how to mend what is missing. It changes nothing: what it tries touches no row, and is rolled back.
//!
//! One line a thing looked at, with the statement or command that mends it; whoever mends the first
//! line need not come back for the second.

use anyhow::anyhow;

use super::{CommandContext, migrate};
use crate::config::{Config, DatabaseConfig};
use crate::exit::Exit;
use crate::outcome::Outcome;
use crate::plan::{Counts, Finding};
use crate::signature::Signers;
use crate::summary::{Status, Summary};

mod allowance;
mod columns;
mod database;
mod directory;
mod grants;
mod hazards;
mod place;
mod scope;
mod tables;
mod trials;

use scope::CheckScope;
pub use scope::CheckedJob;

/// `recert check`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Look at what these jobs need; without any, at everything
    #[arg(value_enum, value_name = "JOB")]
    pub jobs: Vec<CheckedJob>,
}

/// What was looked at so far, and what came of it.
#[derive(Default)]
struct Report {
    lines: Vec<Finding>,
}

/// The kinds of line, as they stand in the output.
const OK: &str = "ok";
const WARNING: &str = "warning";
const MISSING: &str = "missing";
const UNAVAILABLE: &str = "unavailable";
const ABSENT: &str = "absent";

impl Report {
    fn ok(&mut self, what: impl Into<String>, message: impl Into<String>) {
        self.line(OK, what, message);
    }

    /// Runs do without it, but somebody should know.
    fn warn(&mut self, what: impl Into<String>, message: impl Into<String>) {
        self.line(WARNING, what, message);
    }

    /// An application that is not in this database, which is nobody's mistake.
    fn absent(&mut self, what: impl Into<String>, message: impl Into<String>) {
        self.line(ABSENT, what, message);
    }

    /// A run would fail; the message ends with what mends it.
    fn missing(&mut self, what: impl Into<String>, message: impl Into<String>) {
        self.line(MISSING, what, message);
    }

    /// An error that ends what was being looked at.
    fn failed(&mut self, what: impl Into<String>, error: &anyhow::Error) {
        let kind = match Exit::of(error) {
            Exit::Unavailable | Exit::Busy | Exit::Drifted => UNAVAILABLE,
            _ => MISSING,
        };
        self.line(kind, what, Exit::tell(error));
    }

    fn line(&mut self, kind: &'static str, what: impl Into<String>, message: impl Into<String>) {
        self.lines.push(Finding { kind, key: what.into(), message: message.into() });
    }

    fn n(&self, kind: &str) -> u64 {
        self.lines.iter().filter(|line| line.kind == kind).count() as u64
    }
}

/// Looks at everything, and says what is missing.
///
/// # Errors
/// The config names no time zone there is. All else is a line of the summary, whose number is 3
/// when something is missing, and 75 when only somebody did not answer.
pub fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let mut report = Report::default();
    look_at_config(context, &mut report);
    look_at_signers(context.config, &mut report);
    let scope = CheckScope(args.jobs.clone());
    for (database, owners) in migrate::databases(context.config) {
        if scope.wants_any(&owners) {
            database::look(database, &owners, &scope, context, &mut report);
        }
    }
    if scope.wants_directory() {
        directory::look(context.config, scope.names_directory(), &mut report);
    }

    let mut counts = Counts::named(&["ok", "warnings", "missing", "absent"]);
    counts.add("ok", report.n(OK));
    counts.add("warnings", report.n(WARNING));
    counts.add("missing", report.n(MISSING) + report.n(UNAVAILABLE));
    counts.add("absent", report.n(ABSENT));
    let error = verdict(&report);
    let status = if error.is_none() { Status::Unchanged } else { Status::Failed };
    let summary = Summary { counts, findings: report.lines, ..context.summary(status)? };
    Ok(Outcome::of(summary).with_error(error))
}

/// What a person must mend comes before what may answer by itself the next time.
fn verdict(report: &Report) -> Option<anyhow::Error> {
    let exit = match (report.n(MISSING), report.n(UNAVAILABLE)) {
        (0, 0) => return None,
        (0, _) => Exit::Unavailable,
        _ => Exit::Config,
    };
    let named: Vec<&str> = report
        .lines
        .iter()
        .filter(|line| matches!(line.kind, MISSING | UNAVAILABLE))
        .map(|line| line.key.as_str())
        .collect();
    Some(anyhow!("to be mended: {}", named.join(", ")).context(exit))
}

/// A config with mistakes never gets here: they are all reported while it is read.
fn look_at_config(context: &CommandContext<'_>, report: &mut Report) {
    match &context.config.path {
        Some(path) => report.ok("config", format!("`{}`", path.display())),
        None => report.ok(
            "config",
            "no file: the embedded database `./recert.db`; start from config.example.toml",
        ),
    }
}

/// Who may sign, as the run that needs a signature would read it.
fn look_at_signers(config: &Config, report: &mut Report) {
    let named = [("approval", &config.approval.signers), ("ledger", &config.ledger.signers)];
    for (section, path) in named {
        let Some(path) = path else { continue };
        match Signers::read(path) {
            Ok(_) => report.ok("signers", format!("`[{section}] signers`: `{}`", path.display())),
            Err(error) => report.failed("signers", &error),
        }
    }
}

/// The password's file or variable; what it holds is shown nowhere.
fn look_at_secret(database: &DatabaseConfig, report: &mut Report) {
    match database.password() {
        Err(error) => report.failed("password", &error),
        Ok(None) if database.external_auth => {
            report.ok("password", "from the external password store (wallet)");
        }
        Ok(None) => {}
        Ok(Some(_)) => match (&database.password_file, &database.password_env) {
            (Some(path), _) => {
                report.ok("password", format!("`{}`, for its owner and group", path.display()));
            }
            (None, Some(name)) => {
                report.ok("password", format!("environment variable `{name}`"));
            }
            (None, None) => report.ok("password", "from the program of `password_command`"),
        },
    }
}
