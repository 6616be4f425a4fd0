//! When an account is inactive. Times are UTC; a fraction of a second counts for nothing.

use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeDelta};

use crate::db::{Row, Value};
use crate::plan::APART_MAX;

/// What is to become of an account.
pub(super) enum AccountVerdict {
    /// It is in use, or was re-activated lately: since when it counts as idle, unless nothing tells.
    Keep(Option<NaiveDateTime>),
    /// Nothing tells when it was last in use; a person should look.
    Undated(&'static str),
    /// It is in use at a moment that is still to come, which no clock explains; a person should look.
    Future(NaiveDateTime),
    /// It goes, and why.
    Disable(Arc<str>),
}

/// The cutoff: what lies at or before it is too long ago. And where the future begins.
pub(super) struct InactivityRule {
    cutoff: NaiveDateTime,
    /// The last moment that may have been, as far as clocks may be apart.
    latest: NaiveDateTime,
    days: u32,
}

impl InactivityRule {
    /// `days` of 24 hours before `moment`, a moment of whole seconds. Of a day that is past, what was until `now` has been.
    pub(super) fn new(moment: NaiveDateTime, now: NaiveDateTime, days: u32) -> Self {
        // Before the year 1 there is no activity, and no date that Oracle takes.
        let earliest =
            NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN);
        let cutoff = TimeDelta::try_days(i64::from(days))
            .and_then(|days| moment.checked_sub_signed(days))
            .map_or(earliest, |cutoff| cutoff.max(earliest));
        let latest = moment.max(now.trunc_subsecs(0)) + APART_MAX;
        InactivityRule { cutoff, latest, days }
    }

    /// Judges a row of `select_idle`.
    pub(super) fn judge(&self, user: &Row) -> anyhow::Result<AccountVerdict> {
        let updated = user.date("UPDATED_ON")?;
        let has_sessions = user.int("HAS_SESSIONS")? != Some(0);
        let last = if has_sessions {
            user.date("LATEST_ACTIVITY")?
        } else {
            updated.max(user.date("CREATED_ON")?)
        };
        if let Some(at) =
            last.max(updated).map(|at| at.trunc_subsecs(0)).filter(|at| *at > self.latest)
        {
            return Ok(AccountVerdict::Future(at));
        }
        // Whoever was touched lately has their grace, whatever the sessions say.
        let idle_since = last.map(|at| updated.map_or(at, |updated| updated.max(at)));
        if updated.is_some_and(|at| !self.is_past(at)) {
            return Ok(AccountVerdict::Keep(idle_since));
        }
        Ok(match last {
            Some(at) if !self.is_past(at) => AccountVerdict::Keep(idle_since),
            Some(at) => AccountVerdict::Disable(self.why(at, has_sessions)),
            None if has_sessions => AccountVerdict::Undated(
                "it has sessions, and none of them says when it was active: left as it is",
            ),
            None => AccountVerdict::Undated(
                "it has no session, and neither UPDATED_ON nor CREATED_ON: left as it is",
            ),
        })
    }

    /// The first second that is not too long ago: what the statement that disables asks once more.
    pub(super) fn after_cutoff(&self) -> Value {
        Value::Date(self.cutoff + TimeDelta::seconds(1))
    }

    /// A day on which activity is surely after the cutoff, and after that of any run in the next `ahead` days,
    /// although a text that holds it may name another offset than UTC.
    pub(super) fn surely_later(&self, ahead: u32) -> Value {
        let days = Days::new(2 + u64::from(ahead));
        self.cutoff.date().checked_add_days(days).unwrap_or(NaiveDate::MAX).into()
    }

    /// A moment before which surely nothing is still to come.
    pub(super) fn perhaps_to_come(&self) -> Value {
        Value::Date(self.latest)
    }

    /// From when on an account is inactive that is idle since then.
    pub(super) fn disabled_from(&self, idle_since: NaiveDateTime) -> Option<NaiveDateTime> {
        let days = TimeDelta::try_days(i64::from(self.days))?;
        idle_since.trunc_subsecs(0).checked_add_signed(days)
    }

    fn is_past(&self, at: NaiveDateTime) -> bool {
        at.trunc_subsecs(0) <= self.cutoff
    }

    fn why(&self, at: NaiveDateTime, has_sessions: bool) -> Arc<str> {
        let (at, cutoff, days) = (at.trunc_subsecs(0), self.cutoff, self.days);
        let what = if has_sessions { "last active" } else { "never active, last touched" };
        format!("inactive; {what} {at} UTC, not after {cutoff} UTC ({days} days)").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_days_after_the_cutoff_activity_is_late_in_every_zone() {
        let moment =
            NaiveDate::from_ymd_opt(2026, 11, 30).unwrap().and_hms_opt(23, 59, 59).unwrap();
        let rule = InactivityRule::new(moment, moment, 60);
        let day = |month, day| Value::from(NaiveDate::from_ymd_opt(2026, month, day).unwrap());
        assert_eq!(rule.surely_later(0), day(10, 3));
        assert_eq!(rule.surely_later(1), day(10, 4));
        assert_eq!(rule.surely_later(10), day(10, 13));
    }
}
