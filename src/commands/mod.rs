//! The subcommands that are no jobs: each has its `Args` and its `run`.

pub mod check;
pub mod completions;
pub mod databases;
pub mod demo;
pub mod history;
pub mod man;
pub mod migrate;
pub mod preview;
pub mod repair_sql;
pub mod report;
pub mod show;
pub mod verify;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::Config;
use crate::summary::Summary;

/// What every command is given.
pub struct Context<'a> {
    /// The config.
    pub config: &'a Config,
    /// `--as-of`
    pub as_of: Option<NaiveDate>,
    /// Whether the result is to be JSON.
    pub json: bool,
    /// What time it is.
    pub clock: &'a dyn Fn() -> DateTime<Utc>,
}

impl Context<'_> {
    /// Today, in the configured zone, or the day that was named.
    ///
    /// # Errors
    /// `Exit::Config`: there is no such zone.
    pub fn day(&self) -> anyhow::Result<NaiveDate> {
        let zone = self.config.time.tz()?;
        Ok(self.as_of.unwrap_or_else(|| (self.clock)().with_timezone(&zone).date_naive()))
    }

    /// Puts a summary on stdout, as text or JSON.
    ///
    /// # Errors
    /// stdout can't be written to.
    pub fn say(&self, summary: &Summary) -> anyhow::Result<()> {
        crate::files::write_out(None, |out| {
            if self.json {
                summary.write_json(out)?
            } else {
                summary.write_text(out)?
            }
            Ok(())
        })
    }
}
