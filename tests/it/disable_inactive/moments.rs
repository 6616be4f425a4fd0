//! Sixty days, to the second: in every zone, over every change of the clocks, in every form a time is held.

use super::{AFTER, CUTOFF, RUN, check_disabled, count, disabled, ops_sqlite, ops_worlds};
use crate::harness::{exit, ok, recert as binary};
use recert::door::config::Config;
use recert::door::exit::Exit;

/// In this zone, on this day: activity at `past` is too long ago, a second later is not.
fn check_cutoff(zone: &str, command: &str, past: &str) {
    for mut world in ops_worlds() {
        world.config.time.zone = zone.to_owned();
        let at = recert::door::db::parse_date(past).unwrap();
        let later = at + chrono::TimeDelta::seconds(1);
        world.put(&format!(
            "account ID=1\nsession ID=1 OF=1 \"LAST={at}\"\naccount ID=2\nsession ID=2 OF=2 \"LAST={later}\""
        ));
        assert_eq!(disabled(&world, command), ["1"], "{}: {zone}, {command}", world.name);
    }
}

#[test]
fn disable_inactive_takes_the_end_of_the_day_in_the_configured_zone() {
    check_cutoff("UTC", RUN, CUTOFF);
    check_cutoff("Europe/Berlin", RUN, "2026-10-01 22:59:59");
    check_cutoff("America/Los_Angeles", RUN, "2026-10-02 07:59:59");
    check_cutoff("Pacific/Kiritimati", RUN, "2026-10-01 09:59:59");
    check_cutoff("Asia/Kathmandu", RUN, "2026-10-01 18:14:59");
}

#[test]
fn disable_inactive_counts_days_of_24_hours_over_a_change_of_the_clocks() {
    // Berlin: 23 hours long, 25 hours long, the days before and after.
    for (day, past) in [
        ("2026-03-28", "2026-01-27 22:59:59"),
        ("2026-03-29", "2026-01-28 21:59:59"),
        ("2026-03-30", "2026-01-29 21:59:59"),
        ("2026-10-24", "2026-08-25 21:59:59"),
        ("2026-10-25", "2026-08-26 22:59:59"),
        ("2026-10-26", "2026-08-27 22:59:59"),
    ] {
        check_cutoff("Europe/Berlin", &format!("disable-inactive --as-of {day}"), past);
    }
    // Beirut skips the midnight that ends 2026-03-28.
    check_cutoff("Asia/Beirut", "disable-inactive --as-of 2026-03-28", "2026-01-27 21:59:59");
}

#[test]
fn disable_inactive_counts_the_leap_day() {
    check_cutoff("UTC", "disable-inactive --as-of 2028-02-29", "2027-12-31 23:59:59");
    check_cutoff("UTC", "disable-inactive --as-of 2028-04-29", "2028-02-29 23:59:59");
    check_cutoff("UTC", "disable-inactive --as-of 2027-04-30", "2027-03-01 23:59:59");
    check_cutoff("UTC", "disable-inactive --as-of 2028-03-01 --days 1", "2028-02-29 23:59:59");
}

#[test]
fn disable_inactive_without_a_day_goes_by_the_moment_of_the_run() {
    // The tests' clock stands at 2030-06-15 12:00:00.
    check_cutoff("Europe/Berlin", "disable-inactive", "2030-04-16 12:00:00");
    check_cutoff("Pacific/Kiritimati", "disable-inactive --days 1", "2030-06-14 12:00:00");
}

#[test]
fn disable_inactive_takes_a_session_in_the_future_for_activity() {
    check_disabled("account\nsession ID=1 LAST=2026-01-01\nsession ID=2 LAST=2999-12-31", RUN, &[]);
    check_disabled("account UPDATED=2999-12-31\nsession LAST=2026-01-01", RUN, &[]);
}

#[test]
fn disable_inactive_takes_its_days_from_the_command_line_first() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.days = 30;
        world.put("account ID=1\nsession ID=1 OF=1 \"LAST=2026-10-31 23:59:59\"");
        world.put("account ID=2\nsession ID=2 OF=2 \"LAST=2026-11-29 23:59:59\"");
        assert_eq!(disabled(&world, &format!("{RUN} --days 31")), Vec::<String>::new());
        assert_eq!(disabled(&world, RUN), ["1"]);
        let command = format!("{RUN} --days 1");
        assert_eq!(disabled(&world, &command), ["2"]);
        let parameters = "SELECT parameters FROM recert_run WHERE status = 'applied' ORDER BY started_at, run_id";
        let parameters: Vec<_> =
            world.query(parameters).iter().map(|row| row.values[0].display()).collect();
        let days = |text: &String| {
            let parameters: serde_json::Value = serde_json::from_str(text).unwrap();
            parameters.get("days").and_then(serde_json::Value::as_u64)
        };
        let days: Vec<_> = parameters.iter().map(days).collect();
        assert_eq!(days, [None, Some(1)], "{}", world.name);
    }
}

#[test]
fn disable_inactive_refuses_days_below_one() {
    let output = binary("disable-inactive --days 0").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for days in ["0", "-1"] {
        let error = Config::parse(&format!("[disable_inactive]\ndays = {days}")).unwrap_err();
        assert!(format!("{error:#}").contains("disable_inactive.days"), "{error:#}");
    }
}

#[test]
fn disable_inactive_finds_nobody_inactive_since_before_the_calendar_began() {
    check_disabled("account CREATED=1970-01-01", &format!("{RUN} --days {}", u32::MAX), &[]);
}

/// Puts an account with one session whose time stands there as this text.
fn with_text(text: &str, expected: &[&str]) {
    let world = ops_sqlite();
    world.put("account ID=1\naccount ID=2 UPDATED=2026-11-30");
    world.tamper(
        "INSERT INTO user_session (id, user_id, last_active_at) VALUES (1, 1, '2026-01-01')",
    );
    world.tamper(&format!(
        "INSERT INTO user_session (id, user_id, is_active, last_active_at) VALUES (2, 1, 1, '{text}')"
    ));
    assert_eq!(disabled(&world, RUN), expected, "{text}");
    let open = if expected.is_empty() { "1" } else { "0" };
    assert_eq!(world.one("SELECT is_active FROM user_session WHERE id = 2"), open, "{text}");
}

#[test]
fn disable_inactive_reads_a_time_in_every_form_that_sqlite_files_hold() {
    for past in [
        "2026-10-01",
        "2026-10-01T23:59:59Z",
        "2026-10-01T23:59:59",
        "2026-10-01 23:59:59.999",
        "2026-10-01T23:59:59.000000+00:00",
        "2026-10-01 23:59",
        "2026-10-02T01:59:59+02:00",
        "2026-10-02 13:59:59+14:00",
    ] {
        with_text(past, &["1"]);
    }
    for later in [
        "2026-10-02",
        "2026-10-02T00:00:00Z",
        "2026-10-02 00:00",
        "2026-10-02T00:00:00.001",
        "2026-10-01 22:00:00-02:00",
        "2026-10-01T10:00:00-14:00",
    ] {
        with_text(later, &[]);
    }
}

#[test]
fn disable_inactive_takes_an_empty_time_for_null_as_oracle_does() {
    with_text("", &["1"]);
    let world = ops_sqlite();
    world.put("account ID=1");
    world.tamper(
        "INSERT INTO user_session (id, user_id, last_active_at) VALUES (1, 1, ''), (2, 1, NULL)",
    );
    let ended = world.run(RUN);
    assert_eq!(exit(&ended), Exit::Done, "{:?}", ended.summary.error);
    let found: Vec<_> = ended.summary.findings.iter().map(|f| (f.kind, &*f.key)).collect();
    assert_eq!(found, [("undated", "1")]);
}

#[test]
fn disable_inactive_finds_the_latest_among_times_of_different_forms() {
    let world = ops_sqlite();
    world.put("account ID=1\naccount ID=2");
    world.tamper(&format!(
        "INSERT INTO user_session (id, user_id, last_active_at)
         SELECT 1, 1, '2026-10-01T00:00:00Z' UNION ALL SELECT 2, 1, '{CUTOFF}' UNION ALL
         SELECT 3, 2, '2026-10-01T00:00:00Z' UNION ALL SELECT 4, 2, '{AFTER}'"
    ));
    assert_eq!(disabled(&world, RUN), ["1"]);
    let why = world.one("SELECT why FROM recert_change WHERE table_name = 'OPS_USER'");
    assert!(why.contains("last active 2026-10-01 23:59:59 UTC"), "{why}");
}

#[test]
fn disable_inactive_fails_on_a_time_it_cannot_read_rather_than_pass_it_over() {
    for text in ["30.11.2026", "soon", "2026-13-01", "1790000000", "12:00:00", "now"] {
        let world = ops_sqlite();
        world.put("account ID=1\nsession ID=1 LAST=2026-01-01");
        world.tamper(&format!(
            "INSERT INTO user_session (id, user_id, last_active_at) VALUES (2, 1, '{text}')"
        ));
        let ended = world.run(RUN);
        assert_eq!(exit(&ended), Exit::Failed, "{text}");
        let error = ended.summary.error.unwrap();
        assert!(error.contains("account `1`") && error.contains("is not a date"), "{error}");
        assert_eq!(world.one("SELECT status FROM ops_user WHERE id = 1"), "ACTIVE");
    }
}

/// The tests' clock stands at 2030-06-15 12:00:00: five minutes later is no fault of a clock yet.
#[test]
fn disable_inactive_names_accounts_whose_last_activity_is_still_to_come() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.exempt_oidc_ids = vec!["system".to_owned()];
        for (id, oidc, at) in [
            (1, "a", "2030-06-15 12:05:00"),
            (2, "b", "2030-06-15 12:05:01"),
            (3, "system", "2999-12-31"),
            (4, "d", "2999-12-31"),
        ] {
            world.put(&format!("account ID={id} OIDC={oidc}\nsession ID={id}0 OF={id} \"LAST={at}\"\nsession ID={id}1 OF={id} LAST=2026-11-29"));
        }
        world.put("account ID=5 UPDATED=2999-12-31\nsession ID=50 OF=5 LAST=2026-01-01");
        world.put("account ID=6 CREATED=2999-12-31\nsession ID=900 OF=900 LAST=2030-06-14");
        // Of a day that is long past, activity since then is no surprise.
        for command in ["disable-inactive", RUN] {
            for ended in [world.preview(command), world.run(command)] {
                ok(&ended);
                let found = ended.summary.findings.iter().map(|found| (found.kind, &*found.key));
                let future = [("future", "2"), ("future", "4"), ("future", "5"), ("future", "6")];
                assert_eq!(found.collect::<Vec<_>>(), future, "{}: {command}", world.name);
                assert_eq!(count(&ended, "future"), 4, "{}", world.name);
                let told = &ended.summary.findings[0].message;
                assert!(told.contains("2030-06-15 12:05:01 UTC, is still to come"), "{told}");
            }
        }
    }
}

#[test]
fn disable_inactive_reads_a_time_to_come_in_every_form_that_sqlite_files_hold() {
    for (text, is_future) in [
        ("2030-06-15T12:05:01Z", true),
        ("2030-06-15 02:05:01-10:00", true),
        ("2030-06-15T12:05:00Z", false),
        ("2030-06-16 02:05:00+14:00", false),
    ] {
        let world = ops_sqlite();
        world.put("account ID=1");
        world.tamper(&format!(
            "INSERT INTO user_session (id, user_id, last_active_at) VALUES (1, 1, '{text}')"
        ));
        assert_eq!(count(&world.run("disable-inactive"), "future"), u64::from(is_future), "{text}");
    }
}
