//! One database: client library, log-on, who the session is there, its clock; then the tables.

use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::Access;
use uuid::Uuid;

use super::place::SessionSeen;
use super::scope::CheckScope;
use super::trials::{self, Trial};
use super::{OK, Report, allowance, look_at_secret, tables};
use crate::commands::CommandContext;
use crate::config::{Config, DatabaseConfig, Url};
use crate::db::{self, Dialect, SessionSpec, Transaction};
use crate::files::folder_of;
use crate::jobs::find_actor;
use crate::schema::Owner;
use crate::sql;

/// Clocks further apart than this make the ledger's times hard to match with the database's.
const CLOCK_SECONDS_MAX: i64 = 60;

/// Looks at one database, as far as it lets.
pub(super) fn look(
    database: &DatabaseConfig,
    owners: &[Owner],
    scope: &CheckScope,
    context: &CommandContext<'_>,
    report: &mut Report,
) {
    look_at_secret(database, report);
    if matches!(database.target(), Ok(Url::Oracle(_))) {
        match db::oracle_client(database) {
            Ok(version) => report.ok("client library", format!("Oracle client {version}")),
            Err(error) => return report.failed("client library", &error),
        }
    }
    let session = SessionSpec {
        action: "check".to_owned(),
        run_id: Uuid::now_v7().to_string(),
        writes: false,
        defines: false,
    };
    let mut db = match db::open(database, &session) {
        Ok(db) => db,
        Err(error) => return report.failed("database", &error),
    };
    match db.version() {
        Ok(version) => report.ok("database", format!("`{}`: {version}", database.url.trim())),
        Err(error) => return report.failed("database", &error),
    }
    match look_inside(&mut *db, database, owners, scope, context, report) {
        Ok(trials) => {
            drop(db); // One session at a time.
            trials::look(database, &trials, report);
        }
        Err(error) => report.failed("database", &error),
    }
    if let Ok(Url::Sqlite(path)) = database.target() {
        look_at_rights(&path, report);
    }
}

/// A run writes to the file, and makes its journal beside it.
fn look_at_rights(path: &Path, report: &mut Report) {
    for place in [path, folder_of(path)] {
        if let Err(error) = rustix::fs::access(place, Access::WRITE_OK) {
            let told =
                format!("`{0}` can't be written to ({error}): chmod u+w {0}", place.display());
            return report.missing("rights", told);
        }
    }
    report.ok("rights", format!("`{}` can be written to", path.display()));
}

fn look_inside(
    db: &mut dyn Transaction,
    database: &DatabaseConfig,
    owners: &[Owner],
    scope: &CheckScope,
    context: &CommandContext<'_>,
    report: &mut Report,
) -> anyhow::Result<Vec<Trial>> {
    let rows = db.rows(&sql!("check/select_session", dialects), &[])?;
    let mut seen = None;
    if let (Some(row), Dialect::Oracle) = (rows.first(), db.dialect()) {
        let (user, schema) = (row.text("SESSION_USER")?, row.text("CURRENT_SCHEMA")?);
        report.ok("schema", format!("{schema}, logged on as {user}"));
        look_at_module(&row.text("MODULE")?, report);
        if let Some(theirs) = row.date("DATABASE_NOW")? {
            look_at_clock(theirs.and_utc(), (context.clock)(), report);
        }
        look_at_characters(&row.text("CHARACTER_SET")?, report);
        let session = SessionSeen { user, schema, role: row.text("DATABASE_ROLE")? };
        if session.is_primary() {
            report.ok("role", "PRIMARY: a run may write here");
        } else {
            report.missing(
                "role",
                format!("this is a {}: reports may read here, but every job that writes needs the primary; look at `[database] url`", session.role),
            );
        }
        seen = Some(session);
    }
    let n_missing = report.n(super::MISSING);
    let trials = tables::look(db, owners, scope, seen.as_ref(), report)?;
    // Where a table or a grant is missing, that comes first.
    if report.n(super::MISSING) == n_missing {
        allowance::look(db, database, scope, context, report).context("looking at the ledger")?;
    }
    if owners.contains(&Owner::Ops) && scope.wants_actor() {
        look_at_actor(db, scope, context.config, report);
    }
    Ok(trials)
}

/// In whose name accounts are disabled; without the table there is nobody.
fn look_at_actor(
    db: &mut dyn Transaction,
    scope: &CheckScope,
    config: &Config,
    report: &mut Report,
) {
    if !report.lines.iter().any(|line| line.kind == OK && line.key == "OPS_USER") {
        return;
    }
    let is_named = scope.names_application(Owner::Ops);
    match find_actor(config, db) {
        Ok(_) => report.ok("actor", "`[disable_inactive] actor_oidc_id` is in OPS_USER"),
        Err(_) if config.disable_inactive.actor_oidc_id.is_none() && !is_named => {
            report.ok("actor", "none is configured; `disable-inactive` would need one");
        }
        Err(error) => report.failed("actor", &error),
    }
}

fn look_at_module(module: &str, report: &mut Report) {
    if module == "recert" {
        report.ok("module", "the DBA sees `recert` in V$SESSION.MODULE");
    } else {
        report.warn(
            "module",
            format!("the DBA sees `{module}` in V$SESSION.MODULE instead of `recert`: look for a log-on trigger that sets it"),
        );
    }
}

/// What a character set lacks is stored as `¿`: read again it differs from what was written.
fn look_at_characters(set: &str, report: &mut Report) {
    if matches!(set, "AL32UTF8" | "UTF8") {
        report.ok("character set", set);
    } else {
        report.warn(
            "character set",
            format!("{set}: a name that it can't hold is stored with ¿ in it, is written again every night, and its image would not verify; recert is made for AL32UTF8"),
        );
    }
}

fn look_at_clock(theirs: DateTime<Utc>, ours: DateTime<Utc>, report: &mut Report) {
    let apart = (theirs - ours).num_seconds();
    if TimeDelta::seconds(apart).abs() <= TimeDelta::seconds(CLOCK_SECONDS_MAX) {
        report.ok("clock", format!("{apart} s from the database's"));
    } else {
        report.warn(
            "clock",
            format!("{apart} s from the database's: let both follow the same time server (timedatectl set-ntp true)"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_a_minute_apart() {
        let ours: DateTime<Utc> = "2026-01-31T12:00:00Z".parse().unwrap();
        for (seconds, warnings) in [(0, 0), (60, 0), (-60, 0), (61, 1), (-3_600, 1)] {
            let mut report = Report::default();
            look_at_clock(ours + TimeDelta::seconds(seconds), ours, &mut report);
            assert_eq!(report.n(super::super::WARNING), warnings, "{seconds} s");
        }
    }

    #[test]
    fn a_module_that_somebody_else_sets_is_named() {
        let mut report = Report::default();
        look_at_module("APEX", &mut report);
        assert!(report.lines[0].message.contains("`APEX`"));
    }
}
