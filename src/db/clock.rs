//! Two clocks beside each other: the host's and the database's.

use std::time::SystemTime;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, TimeDelta, Utc};

use super::Read;
use crate::sql;

/// How far the host's clock is ahead of the database's; behind, where it is negative.
///
/// The host's own, and not the run's `started_at`: what is measured is the difference of two clocks at one moment.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn host_ahead(db: &mut dyn Read) -> anyhow::Result<TimeDelta> {
    let rows = db
        .rows(&sql!("db/select_now", dialects), &[])
        .context("asking the database what time it is")?;
    let now = rows.first().map(|row| row.date("NOW")).transpose()?.flatten();
    let now = now.ok_or_else(|| anyhow!("the database does not say what time it is"))?;
    let host: DateTime<Utc> = SystemTime::now().into();
    Ok(host - now.and_utc())
}
