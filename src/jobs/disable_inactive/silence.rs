//! Whether sessions are still being recorded: where nobody at all was active lately, the table lies, not everybody.

use anyhow::{Context as _, anyhow};
use chrono::{Days, NaiveDate, NaiveDateTime, SubsecRound as _, TimeDelta};

use super::exempt::ExemptAccounts;
use crate::db::Value;
use crate::jobs::World;
use crate::sql;

/// So few accounts may all be idle in good faith.
const FEW_ACCOUNTS: u64 = 5;

/// Why the sessions can't be believed, if they can't: none of the ACTIVE accounts that are not exempt was active in the
/// `silent_days` before the run's moment. Activity after it proves nothing: one row of the year 2999 would be believed for ever.
pub(super) fn doubt(
    n_accounts: u64,
    moment: NaiveDateTime,
    exempt: &ExemptAccounts,
    world: &mut World<'_>,
) -> anyhow::Result<Option<String>> {
    let days = world.config.disable_inactive.silent_days;
    if n_accounts <= FEW_ACCOUNTS {
        return Ok(None);
    }
    let earliest = NaiveDate::from_ymd_opt(1, 1, 3).unwrap_or_default().and_hms_opt(0, 0, 0);
    let since = TimeDelta::try_days(i64::from(days))
        .and_then(|days| moment.checked_sub_signed(days))
        .max(earliest)
        .unwrap_or(moment);
    if is_anybody_active(since, moment, exempt, world)? {
        return Ok(None);
    }
    let latest = match latest_activity(exempt, world)? {
        Some(at) if at.trunc_subsecs(0) > moment => {
            format!("the latest activity is of {at} UTC, after the run's moment")
        }
        Some(at) => format!("the latest activity is of {at} UTC"),
        None => "no session says when it was active".to_owned(),
    };
    Ok(Some(format!(
        "none of {n_accounts} active accounts was active within {days} days (`[disable_inactive] silent_days`), {latest}: \
         are sessions still being recorded?"
    )))
}

fn is_anybody_active(
    since: NaiveDateTime,
    moment: NaiveDateTime,
    exempt: &ExemptAccounts,
    world: &mut World<'_>,
) -> anyhow::Result<bool> {
    // A text that holds the time may name another offset than UTC.
    let perhaps: Value = since.date().checked_sub_days(Days::new(2)).unwrap_or(since.date()).into();
    let mut is_active = false;
    let looked = world.db.each(
        &sql!("disable_inactive/select_recent"),
        &[("perhaps_since", perhaps)],
        &mut |row| {
            // One that can't be read is an error of the look that decides, and named there.
            let at = row.date("LAST_ACTIVE_AT").ok().flatten();
            let is_recent = at.is_some_and(|at| at >= since && at.trunc_subsecs(0) <= moment);
            if is_recent && !exempt.names(row)? {
                is_active = true;
                return Err(anyhow!("found: nothing more needs to be read"));
            }
            Ok(())
        },
    );
    if is_active {
        return Ok(true);
    }
    looked.map(|()| false).context("looking whether sessions are being recorded")
}

fn latest_activity(
    exempt: &ExemptAccounts,
    world: &mut World<'_>,
) -> anyhow::Result<Option<NaiveDateTime>> {
    let mut latest = None;
    world
        .db
        .each(&sql!("disable_inactive/select_activity"), &[], &mut |row| {
            if !exempt.names(row)? {
                latest = latest.max(row.date("LAST_ACTIVE_AT").ok().flatten());
            }
            Ok(())
        })
        .context("looking for the latest activity")?;
    Ok(latest)
}
