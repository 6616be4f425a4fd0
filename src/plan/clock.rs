//! Whether the host's clock can be right: dates decide whose access goes.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// So far apart may two clocks be.
pub(crate) const APART_MAX: TimeDelta = TimeDelta::minutes(5);

/// What speaks against the clock, as doubts of a plan.
///
/// `host_ahead`: of the database's clock. `last_finished_at`: of the chain's last run; this one
/// began at `started_at`, in its first attempt.
pub(crate) fn doubts(
    host_ahead: TimeDelta,
    started_at: DateTime<Utc>,
    last_finished_at: Option<DateTime<Utc>>,
) -> Vec<String> {
    let mut doubts = Vec::new();
    if host_ahead.abs() > APART_MAX {
        let side = if host_ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        let apart = told(host_ahead.abs());
        doubts.push(format!("this host's clock is {apart} {side} the database's"));
    }
    if let Some(last) = last_finished_at.filter(|last| *last - started_at > APART_MAX) {
        doubts.push(format!(
            "the ledger's last run ended at {}, {} after this one began: one of their clocks is wrong",
            last.to_rfc3339_opts(SecondsFormat::Secs, true),
            told(last - started_at)
        ));
    }
    doubts
}

fn told(apart: TimeDelta) -> String {
    match apart.num_days() {
        0 => format!("{} minutes", apart.num_minutes()),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_more_than_five_minutes_apart_are_doubted() {
        let now: DateTime<Utc> = "2026-11-30T02:00:00Z".parse().unwrap();
        let minutes = TimeDelta::minutes;
        let of = |ahead, last: Option<TimeDelta>| doubts(ahead, now, last.map(|last| now + last));
        let second = TimeDelta::seconds(1);
        for fine in [
            of(minutes(5), None),
            of(minutes(-5), Some(minutes(5))),
            of(minutes(0), Some(minutes(-90_000))),
        ] {
            assert_eq!(fine, [] as [&str; 0]);
        }
        for (doubts, said) in [
            (of(minutes(5) + second, None), "5 minutes ahead of the database's"),
            (of(minutes(-6), None), "6 minutes behind the database's"),
            (of(minutes(0), Some(minutes(5) + second)), "ended at 2026-11-30T02:05:01Z"),
            (of(minutes(0), Some(minutes(90_000))), "62 days after this one began"),
        ] {
            assert_eq!(doubts.len(), 1);
            assert!(doubts[0].contains(said), "{}", doubts[0]);
        }
        assert_eq!(of(minutes(6), Some(minutes(6))).len(), 2);
    }
}
