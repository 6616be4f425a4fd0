//! What day it is for a run, and which moment it stands for.

use anyhow::anyhow;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};

use super::Request;
use crate::config::Config;
use crate::exit::Exit;
use crate::jobs::Job;
use crate::plan::{Plan, SavedFor, SavedPlan};

/// The day and the moment a plan was made for.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// The day.
    pub as_of: NaiveDate,
    /// The moment.
    pub moment: DateTime<Utc>,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
}

impl Planned {
    /// The plan as `--save` writes it.
    #[must_use]
    pub fn saved(&self, plan: &Plan, job: &Job, config: &Config, preview: &str) -> SavedPlan {
        let made = SavedFor {
            job: job.name(),
            database: &job.database(config).url,
            as_of: self.as_of,
            moment: self.moment,
            parameters: job.parameters(),
            preview,
            saved_at: self.planned_at,
        };
        SavedPlan::of(plan, made)
    }
}

/// The day is today in the configured zone, unless somebody names another.
pub(super) fn decide_when(
    request: &Request<'_>,
    saved: Option<&SavedPlan>,
    now: DateTime<Utc>,
) -> anyhow::Result<Planned> {
    let zone = request.config.time.tz()?;
    let today = now.with_timezone(&zone).date_naive();
    let when = match (saved, request.as_of) {
        (Some(saved), _) => Planned { as_of: saved.as_of, moment: saved.moment, planned_at: now },
        (None, Some(as_of)) => Planned { as_of, moment: end_of_day(as_of, zone), planned_at: now },
        (None, None) => Planned { as_of: today, moment: now, planned_at: now },
    };
    if when.as_of > today && !request.preview && request.job.write_args().reason.is_none() {
        return Err(anyhow!(
            "`--as-of {}` is after today, {today} in {zone}; a job that writes needs `--reason` for that",
            when.as_of
        )
        .context(Exit::Usage));
    }
    Ok(when)
}

/// The last second of a day in a zone, also where the clocks change at midnight.
pub(super) fn end_of_day(day: NaiveDate, zone: chrono_tz::Tz) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
    // A midnight that the clocks skip stands for the first moment after it: the same instant.
    let midnight = zone.from_local_datetime(&next).earliest().map_or_else(
        || {
            let hour = chrono::TimeDelta::hours(1);
            zone.from_local_datetime(&(next + hour))
                .earliest()
                .map_or(next.and_utc(), |at| at.to_utc())
        },
        |at| at.to_utc(),
    );
    midnight - chrono::TimeDelta::seconds(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_a_second_before_the_next_one_also_where_midnight_is_skipped() {
        for (zone, day, end) in [
            ("UTC", "2026-11-30", "2026-11-30T23:59:59Z"),
            ("Europe/Zurich", "2026-03-29", "2026-03-29T21:59:59Z"),
            ("America/Sao_Paulo", "2018-11-03", "2018-11-04T02:59:59Z"),
        ] {
            let (zone, day) = (zone.parse().unwrap(), day.parse().unwrap());
            assert_eq!(
                end_of_day(day, zone),
                end.parse::<DateTime<Utc>>().unwrap(),
                "{day} {zone}"
            );
        }
    }
}
