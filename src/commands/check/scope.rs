//! What is to be looked at: everything, or what the named jobs need.

use clap::ValueEnum as _;

use crate::jobs::{Job, JobSpec};
use crate::schema::{Owner, Table};

/// A job that `check` may be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckedJob {
    /// Tables of responses and mappings
    Revoke,
    /// USER_TAB and the directory
    SyncManagers,
    /// Tables of accounts and sessions
    DisableInactive,
    /// Tables of people
    ImportUsers,
    /// Tables of people and months
    ImportAvailability,
    /// All tables
    Restore,
}

impl CheckedJob {
    fn is(self, name: &str) -> bool {
        self.to_possible_value().is_some_and(|value| value.get_name() == name)
    }
}

use CheckedJob::{DisableInactive, ImportAvailability, ImportUsers, Restore, Revoke, SyncManagers};

/// The jobs named; none: all.
#[derive(Clone, Debug, Default)]
pub(super) struct CheckScope(pub(super) Vec<CheckedJob>);

impl CheckScope {
    fn names(&self, jobs: &[CheckedJob]) -> bool {
        self.0.iter().any(|job| jobs.contains(job))
    }

    pub(super) fn wants_directory(&self) -> bool {
        self.0.is_empty() || self.names_directory()
    }

    /// Whether a job that does not run without one was named.
    pub(super) fn names_directory(&self) -> bool {
        self.names(&[SyncManagers])
    }

    /// Whether the account in whose name accounts are disabled is to be looked at.
    pub(super) fn wants_actor(&self) -> bool {
        self.0.is_empty() || self.names_application(Owner::Ops)
    }

    /// Whether this job was named, or all are meant.
    pub(super) fn wants_job(&self, name: &str) -> bool {
        self.0.is_empty() || self.is_named(name)
    }

    fn is_named(&self, name: &str) -> bool {
        self.0.iter().any(|job| job.is(name))
    }

    /// Whether a job named needs this table, or all are meant.
    pub(super) fn wants(&self, table: &Table) -> bool {
        self.0.is_empty()
            || table.owner == Owner::Own
            || self.names(&[Restore])
            || self.names(jobs_of(table.name))
    }

    /// Whether a job of this application was named: its tables must be there then.
    pub(super) fn names_application(&self, owner: Owner) -> bool {
        let is_of = |spec: &&JobSpec| spec.application == Some(owner) && self.is_named(spec.name);
        owner == Owner::Own || Job::ALL.iter().any(is_of)
    }

    /// Whether anything in a database of these owners is to be looked at.
    pub(super) fn wants_any(&self, owners: &[Owner]) -> bool {
        self.0.is_empty()
            || self.names(&[Restore])
            || owners.iter().any(|owner| *owner != Owner::Own && self.names_application(*owner))
    }
}

fn jobs_of(table: &str) -> &'static [CheckedJob] {
    match table {
        "RECREATE_RESPONSE" | "MAP_RAP_USER_ROLE" => &[Revoke],
        "USER_TAB" => &[SyncManagers],
        "OPS_USER" | "USER_SESSION" | "OPS_EVENT" | "OPS_DB_HISTORY" => &[DisableInactive],
        "PM_USER" | "PM_AVAILABILITY" => &[ImportUsers, ImportAvailability],
        _ => &[ImportUsers],
    }
}

/// The application's name, and its jobs.
pub(super) fn application(owner: Owner) -> (&'static str, &'static str) {
    match owner {
        Owner::Own => ("recert", "all"),
        Owner::Rap => ("RAP", "revoke, sync-managers and report"),
        Owner::Ops => ("OPS", "disable-inactive"),
        Owner::ProfileMap => ("ProfileMap", "import-users and import-availability"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tables;

    #[test]
    fn every_job_can_be_asked_about() {
        for spec in Job::ALL {
            let is_known = CheckedJob::value_variants().iter().any(|job| job.is(spec.name));
            assert!(is_known, "`check {}` is no command", spec.name);
        }
    }

    #[test]
    fn a_named_job_wants_its_own_tables_and_recerts() {
        let wanted = |jobs: &[CheckedJob]| -> Vec<&str> {
            let scope = CheckScope(jobs.to_vec());
            let tables = tables().into_iter().filter(|table| scope.wants(table));
            tables.map(|table| table.name).filter(|name| !name.starts_with("RECERT_")).collect()
        };
        assert_eq!(wanted(&[Revoke]), ["RECREATE_RESPONSE", "MAP_RAP_USER_ROLE"]);
        assert_eq!(wanted(&[SyncManagers]), ["USER_TAB"]);
        assert_eq!(wanted(&[ImportAvailability]), ["PM_USER", "PM_AVAILABILITY"]);
        assert_eq!(wanted(&[]).len(), wanted(&[Restore]).len());
        assert!(!CheckScope(vec![Revoke]).wants_directory());
    }
}
