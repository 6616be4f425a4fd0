//! The jobs: each looks at the [`World`] and returns a [`Plan`]; none can write.
//!
//! What a new job takes is listed in `tests/README.md`, "Adding".

mod archive;
mod disable_inactive;
mod import_availability;
mod import_users;
mod restore;
pub(crate) mod revoke;
mod sync_managers;

use std::path::Path;

use anyhow::anyhow;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::config::{Config, DatabaseConfig, Limits};
use crate::db::Read;
use crate::exit::Exit;
use crate::import::args::ImportArgs;
use crate::import::claim::{FileClaimant, ImportKind};
use crate::ledger::LedgerReader;
use crate::plan::{Allowance, Plan, UNANSWERED};
use crate::schema::Owner;
use crate::sql::Sql;
use crate::text::is_invisible;

pub(crate) use disable_inactive::find_actor;
pub(crate) use sync_managers::sample_ids as sync_managers_sample;

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
    /// When it began: what lies after it has not happened yet, whatever moment the run stands for.
    pub now: DateTime<Utc>,
    /// The job's earlier runs, as far as they may be believed: `world.ledger.chain(world.db)?`.
    pub ledger: LedgerReader,
}

/// Options of every job that writes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options of jobs that write")]
pub struct WriteArgs {
    /// Apply exactly this saved plan, or nothing when its rows have changed since
    #[arg(long, value_name = "F")]
    pub plan: Option<std::path::PathBuf>,
    /// A second person's signature under the saved plan, made with `ssh-keygen -Y sign -n recert-plan`
    #[arg(long, value_name = "F", requires = "plan")]
    pub approval: Option<std::path::PathBuf>,
    /// Let this one run take away up to N rows, whatever the limits say
    #[arg(long, value_name = "N", requires = "reason")]
    pub allow_changes: Option<u64>,
    /// Let this one run through although its source looks wrong; lifts no limit
    #[arg(long, requires = "reason")]
    pub accept_source: bool,
    /// Why a limit or a doubt is lifted, or a day after today is meant; kept in the ledger
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
}

impl WriteArgs {
    /// What a person lifts for this run.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        Allowance { changes: self.allow_changes, source: self.accept_source }
    }

    /// What was lifted and why, for the ledger.
    pub(crate) fn note_in(&self, parameters: &mut serde_json::Map<String, Json>) {
        let mut note = |name: &str, value: Json| parameters.insert(name.to_owned(), value);
        if let Some(changes) = self.allow_changes {
            note("allow_changes", changes.into());
        }
        if self.accept_source {
            note("accept_source", true.into());
        }
        if let Some(reason) = &self.reason {
            note("reason", reason.as_str().into());
        }
    }
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_alphanumeric() && !is_invisible(c)) {
        Ok(text.to_owned())
    } else {
        Err("a reason without a word is no reason".to_owned())
    }
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
    /// Old images go to a file: `history` asks for it
    #[command(skip)]
    Archive(With<archive::Args>),
}

impl Default for Job {
    fn default() -> Self {
        Job::Revoke(With::default())
    }
}

/// A job's facts, each of them once.
#[derive(Debug)]
pub struct JobSpec {
    /// The subcommand's name, and JOB in RECERT_RUN.
    pub name: &'static str,
    /// The lock of what it writes, a row of RECERT_LOCK; `None`: that of the run it takes back.
    pub lock: Option<&'static str>,
    /// How much it may take away; `None`: it takes nothing, and has no section under `[limits]`.
    limits: Option<fn(&Config) -> &Limits>,
    /// The application whose tables it writes; `None`: those of any.
    pub application: Option<Owner>,
    /// The database it works on, unless its arguments name another.
    pub database: fn(&Config) -> &DatabaseConfig,
    /// What the limit in percent is taken of, where one query counts it.
    pub population: Option<fn() -> Sql>,
}

impl JobSpec {
    /// How much the job may take away: its limit by the name of its section, and those held apart.
    pub(crate) fn limits_in<'a>(&self, config: &'a Config) -> Vec<(&'static str, &'a Limits)> {
        let mut limits: Vec<_> =
            self.limits.map(|limits| (self.name, limits(config))).into_iter().collect();
        if self.name == revoke::SPEC.name {
            limits.push((UNANSWERED, &config.limits.revoke_unanswered));
        }
        limits
    }
}

/// What a job's `Args` can do. It looks, and can't write.
pub(crate) trait PlanJob {
    /// The job's facts.
    fn spec(&self) -> &'static JobSpec;

    /// The lock of what it writes.
    ///
    /// # Errors
    /// What finding it says, classed (`Exit`).
    fn lock(&self, _: &mut dyn Read) -> anyhow::Result<&'static str> {
        self.spec().lock.ok_or_else(|| anyhow!("the job {} has no lock", self.spec().name))
    }

    /// What should change.
    ///
    /// # Errors
    /// What the sources of the plan say, classed (`Exit`).
    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan>;

    /// The job's own arguments, for the ledger and for saved plans.
    fn parameters(&self) -> Json {
        json!({})
    }

    /// The file that it imports, if it does: a run may make it its own (`--claim-into`).
    fn import(&self) -> Option<(&ImportArgs, ImportKind)> {
        None
    }

    /// The database it works on.
    fn database<'a>(&self, config: &'a Config) -> &'a DatabaseConfig {
        (self.spec().database)(config)
    }
}

impl Job {
    /// All jobs' facts, in the order of the help.
    pub const ALL: [&'static JobSpec; 6] = [
        &revoke::SPEC,
        &import_users::SPEC,
        &import_availability::SPEC,
        &sync_managers::SPEC,
        &disable_inactive::SPEC,
        &restore::SPEC,
    ];

    /// The one list of what each variant holds.
    fn parts(&self) -> (&dyn PlanJob, &WriteArgs) {
        match self {
            Job::Revoke(with) => (&with.args, &with.write),
            Job::ImportUsers(with) => (&with.args, &with.write),
            Job::ImportAvailability(with) => (&with.args, &with.write),
            Job::SyncManagers(with) => (&with.args, &with.write),
            Job::DisableInactive(with) => (&with.args, &with.write),
            Job::Restore(with) => (&with.args, &with.write),
            Job::Archive(with) => (&with.args, &with.write),
        }
    }

    /// The job that moves the images of all runs that began before a day to a file.
    #[must_use]
    pub(crate) fn archive(before: NaiveDate, out: &Path, database: &str, run_id: &str) -> Job {
        let (out, database, run_id) = (out.to_owned(), database.to_owned(), run_id.to_owned());
        let args = archive::Args { before, out, database, run_id };
        Job::Archive(With { args, write: WriteArgs::default() })
    }

    /// The job that takes a whole run of the main database back.
    #[must_use]
    pub fn restore_of(run_id: &str) -> Job {
        let args = restore::Args::of(run_id);
        Job::Restore(With { args, write: WriteArgs::default() })
    }

    /// The subcommand's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.parts().0.spec().name
    }

    /// The lock of what the job writes.
    ///
    /// # Errors
    /// What finding it says, classed (`Exit`).
    pub fn lock(&self, db: &mut dyn Read) -> anyhow::Result<&'static str> {
        self.parts().0.lock(db)
    }

    /// What the job would change.
    ///
    /// # Errors
    /// What the sources of the plan say, classed (`Exit`).
    pub fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        self.parts().0.plan(world)
    }

    /// Makes the file that the job imports the run's own, if it is to be; only with its lock in hand. What a killed run
    /// had claimed may be taken up first: not with a saved plan.
    ///
    /// # Errors
    /// It can't be had, classed (`Exit`).
    pub(crate) fn claim(
        &self,
        run_id: &str,
        takes_up: bool,
        db: &mut dyn Read,
    ) -> anyhow::Result<()> {
        match self.parts().0.import() {
            Some((import, reads)) => import.claim(&FileClaimant { run_id, takes_up, reads }, db),
            None => Ok(()),
        }
    }

    /// Gives back what was claimed, if an end is one after which the scheduler runs again.
    pub(crate) fn give_back_after(&self, exit: Exit) {
        if matches!(exit, Exit::Unknown | Exit::Unavailable | Exit::Busy | Exit::Drifted)
            && let Some((import, _)) = self.parts().0.import()
        {
            import.give_back();
        }
    }

    /// The options every job that writes has.
    #[must_use]
    pub fn write_args(&self) -> &WriteArgs {
        self.parts().1
    }

    /// The job's own arguments, for the ledger and for saved plans.
    #[must_use]
    pub fn parameters(&self) -> Json {
        self.parts().0.parameters()
    }

    /// How much the job may take away: its limit by the name of its section, and those held apart.
    #[must_use]
    pub fn limits<'a>(&self, config: &'a Config) -> Vec<(&'static str, &'a Limits)> {
        self.parts().0.spec().limits_in(config)
    }

    /// The database the job works on.
    #[must_use]
    pub fn database<'a>(&self, config: &'a Config) -> &'a DatabaseConfig {
        self.parts().0.database(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `migrate` makes the locks of [`Job::ALL`], and `history --job` knows them by it.
    #[test]
    fn every_job_that_can_be_typed_is_in_the_list_of_facts() {
        let command = Job::augment_subcommands(clap::Command::new("recert"));
        let mut typed: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut listed: Vec<_> = Job::ALL.iter().map(|spec| spec.name).collect();
        typed.sort_unstable();
        listed.sort_unstable();
        assert_eq!(typed, listed);
    }
}
