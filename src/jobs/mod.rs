//! The jobs: each looks at the [`World`] and returns a [`Plan`]; none can write.
//!
//! A new job is a file here, its statements in `sql/`, its tests, and its three lines below.

mod disable_inactive;
mod import_availability;
mod import_file;
mod import_users;
mod restore;
mod revoke;
mod sync_managers;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::config::{Config, DatabaseConfig, Limits};
use crate::db::Read;
use crate::plan::Plan;

/// All that a job may look at.
pub struct World<'a> {
    /// The database, to read from.
    pub db: &'a mut dyn Read,
    /// The config.
    pub config: &'a Config,
    /// The day the run stands for.
    pub as_of: NaiveDate,
    /// The moment the run stands for: now, or with `--as-of` the end of that day in the configured zone.
    pub moment: DateTime<Utc>,
}

/// Options of every job that writes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options of jobs that write")]
pub struct WriteArgs {
    /// Apply exactly this saved plan, or nothing when its rows have changed since
    #[arg(long, value_name = "F")]
    pub plan: Option<std::path::PathBuf>,
    /// Let this one run take away up to N rows, whatever the limits say
    #[arg(long, value_name = "N", requires = "reason")]
    pub allow_changes: Option<u64>,
    /// Why a limit is lifted, or a day after today is meant; kept in the ledger
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
}

/// A job's own arguments, and those of every job that writes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct With<A: clap::Args> {
    /// The job's own.
    #[command(flatten)]
    pub args: A,
    /// Those of every job that writes.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// One variant a job.
#[derive(Clone, Debug, Subcommand)]
pub enum Job {
    /// Take back the access whose revoke date has come
    Revoke(With<revoke::Args>),
    /// Import people: who comes, changes and goes
    ImportUsers(With<import_users::Args>),
    /// Import how much of each month people have free
    ImportAvailability(With<import_availability::Args>),
    /// Bring line managers from the directory into USER_TAB
    SyncManagers(With<sync_managers::Args>),
    /// Disable accounts without activity
    DisableInactive(With<disable_inactive::Args>),
    /// Put back what a run took or changed
    Restore(With<restore::Args>),
}

impl Default for Job {
    fn default() -> Self {
        Job::Revoke(With::default())
    }
}

impl Job {
    /// Names of all jobs: one row of RECERT_LOCK each.
    pub const NAMES: [&'static str; 6] = [
        "revoke",
        "sync-managers",
        "disable-inactive",
        "import-users",
        "import-availability",
        "restore",
    ];

    /// The job that takes a whole run of the main database back.
    #[must_use]
    pub fn restore_of(run_id: &str) -> Job {
        let args = restore::Args::of(run_id);
        Job::Restore(With { args, write: WriteArgs::default() })
    }

    /// The subcommand's name; also the name of its lock.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Job::Revoke(_) => "revoke",
            Job::ImportUsers(_) => "import-users",
            Job::ImportAvailability(_) => "import-availability",
            Job::SyncManagers(_) => "sync-managers",
            Job::DisableInactive(_) => "disable-inactive",
            Job::Restore(_) => "restore",
        }
    }

    /// What the job would change. It looks, and can't write.
    ///
    /// # Errors
    /// What the sources of the plan say, classed (`Exit`).
    pub fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        match self {
            Job::Revoke(with) => revoke::plan(&with.args, world),
            Job::ImportUsers(with) => import_users::plan(&with.args, world),
            Job::ImportAvailability(with) => import_availability::plan(&with.args, world),
            Job::SyncManagers(with) => sync_managers::plan(&with.args, world),
            Job::DisableInactive(with) => disable_inactive::plan(&with.args, world),
            Job::Restore(with) => restore::plan(&with.args, world),
        }
    }

    /// The options every job that writes has.
    #[must_use]
    pub fn write_args(&self) -> &WriteArgs {
        match self {
            Job::Revoke(with) => &with.write,
            Job::ImportUsers(with) => &with.write,
            Job::ImportAvailability(with) => &with.write,
            Job::SyncManagers(with) => &with.write,
            Job::DisableInactive(with) => &with.write,
            Job::Restore(with) => &with.write,
        }
    }

    /// The job's own arguments, for the ledger and for saved plans.
    #[must_use]
    pub fn parameters(&self) -> Json {
        match self {
            Job::ImportUsers(with) => with.args.import.parameters(),
            Job::ImportAvailability(with) => with.args.import.parameters(),
            Job::Revoke(_) | Job::SyncManagers(_) => json!({}),
            Job::DisableInactive(with) => with.args.parameters(),
            Job::Restore(with) => with.args.parameters(),
        }
    }

    /// How much one run of the job may take away.
    #[must_use]
    pub fn limits<'a>(&self, config: &'a Config) -> &'a Limits {
        match self {
            Job::Revoke(_) => &config.limits.revoke,
            Job::ImportUsers(_) => &config.limits.import_users,
            Job::ImportAvailability(_) => &config.limits.import_availability,
            Job::SyncManagers(_) => &config.limits.sync_managers,
            Job::DisableInactive(_) => &config.limits.disable_inactive,
            Job::Restore(_) => &config.limits.restore,
        }
    }

    /// The database the job works on.
    #[must_use]
    pub fn database<'a>(&self, config: &'a Config) -> &'a DatabaseConfig {
        match self {
            Job::ImportUsers(_) | Job::ImportAvailability(_) => {
                config.import.database.as_ref().unwrap_or(&config.database)
            }
            Job::Revoke(_) | Job::SyncManagers(_) => &config.database,
            Job::DisableInactive(_) => {
                config.disable_inactive.database.as_ref().unwrap_or(&config.database)
            }
            Job::Restore(with) => with.args.database(config),
        }
    }
}
