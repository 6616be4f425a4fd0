//! The directory: all its servers, and people of USER_TAB looked up through to their managers.

use uuid::Uuid;

use super::Report;
use crate::config::Config;
use crate::db::{self, SessionSpec};
use crate::directory::{self, CheckLine};
use crate::jobs::sync_managers_sample;

pub(super) fn look(config: &Config, is_named: bool, report: &mut Report) {
    if config.directory.is_none() {
        return if is_named {
            report.missing("directory", "none is configured: add `[directory]` to the config");
        } else {
            report.ok("directory", "none is configured; `sync-managers` would need one");
        };
    }
    let samples = samples(config).unwrap_or_default();
    match directory::of(config).and_then(|mut directory| directory.check(&samples)) {
        Err(error) => report.failed("directory", &error),
        Ok(lines) => {
            for line in lines {
                match line {
                    CheckLine::Ok(line) => report.ok("directory", line),
                    CheckLine::Warning(line) => report.warn("directory", line),
                    CheckLine::Missing(line) => report.missing("directory", line),
                }
            }
        }
    }
}

/// Ids of a few users. A database that gives none has lines of its own.
fn samples(config: &Config) -> anyhow::Result<Vec<String>> {
    let session = SessionSpec {
        action: "check".to_owned(),
        run_id: Uuid::now_v7().to_string(),
        writes: false,
        defines: false,
    };
    let mut db = db::open(&config.database, &session)?;
    sync_managers_sample(&mut *db, config)
}
