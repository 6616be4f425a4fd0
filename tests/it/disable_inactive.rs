//! Section 7 of the spec, a sentence a test.

mod evidence;
mod exempt;
mod moments;
mod places;
mod room;
mod silence;
mod trips;
mod warnings;

use crate::harness::{World, check_on, exit, ok, printed, worlds};
use recert::door::exit::Exit;
use recert::door::run::Ended;

/// The run that most tests look at: its moment is 2026-11-30 23:59:59, its cutoff [`CUTOFF`].
pub(crate) const RUN: &str = "disable-inactive --as-of 2026-11-30";
/// Sixty days before that moment.
const CUTOFF: &str = "2026-10-01 23:59:59";
/// The first second that is not too long ago.
const AFTER: &str = "2026-10-02 00:00:00";

/// Databases with an actor, 900, whom nobody has seen for years.
fn ops_worlds() -> Vec<World> {
    let mut worlds = worlds();
    worlds.iter_mut().for_each(set_up);
    worlds
}

/// The embedded database alone, for rows that Oracle's types do not take.
fn ops_sqlite() -> World {
    let mut world = World::sqlite();
    set_up(&mut world);
    world
}

pub(crate) fn set_up(world: &mut World) {
    world.config.disable_inactive.actor_oidc_id = Some("robot".to_owned());
    world.config.limits.disable_inactive.floor = 1_000;
    world.put("account ID=900 OIDC=robot CREATED=2020-01-01");
}

/// Runs a command, and again to see nothing happen; which accounts it disabled.
fn disabled(world: &World, command: &str) -> Vec<String> {
    let before = inactive(world);
    let ended = world.run(command);
    ok(&ended);
    let again = world.run(command);
    ok(&again);
    assert_eq!(printed(&again), Vec::<String>::new(), "{}: a second time", world.name);
    inactive(world).into_iter().filter(|id| !before.contains(id)).collect()
}

fn inactive(world: &World) -> Vec<String> {
    let rows = world.query("SELECT id FROM ops_user WHERE status = 'INACTIVE' ORDER BY id");
    rows.iter().map(|row| row.values[0].display()).collect()
}

/// These rows, this run: these accounts are disabled and no other, on every database at hand.
fn check_disabled(rows: &str, command: &str, expected: &[&str]) {
    for world in ops_worlds() {
        world.put(rows);
        assert_eq!(disabled(&world, command), expected, "{}: {rows}", world.name);
    }
}

fn count(ended: &Ended, name: &str) -> u64 {
    ended.summary.counts.get(name)
}

#[test]
fn disable_inactive_plans_every_row_it_writes() {
    for world in ops_worlds() {
        let set = r#""UPDATED_BY":900,"UPDATED_ON":"2026-11-30T23:59:59"}"#;
        let why = "inactive; last active 2026-09-30 10:00:00 UTC, not after 2026-10-01 23:59:59 UTC (60 days)";
        let plan = format!(
            "update OPS_USER 7 {{\"STATUS\":\"INACTIVE\",{set}: {why}
             update USER_SESSION 71 {{\"IS_ACTIVE\":0,{set}: {why}
             insert OPS_EVENT 7: {why}
             insert OPS_DB_HISTORY User/7: {why}
             insert OPS_DB_HISTORY UserSession/71: {why}"
        );
        let rows = "account ID=7 UPDATED=2026-01-01
                    session ID=70 OF=7 ACTIVE=0 \"LAST=2026-09-30 10:00:00\"
                    session ID=71 OF=7 ACTIVE=1 LAST=2026-09-01
                    account ID=8
                    session ID=80 OF=8 ACTIVE=1 LAST=2026-11-29";
        check_on(&world, rows, RUN, &plan);
    }
}

#[test]
fn disable_inactive_acts_at_the_cutoff_and_not_a_second_later() {
    check_disabled(&format!("account\nsession \"LAST={CUTOFF}\""), RUN, &["1"]);
    check_disabled(&format!("account\nsession \"LAST={AFTER}\""), RUN, &[]);
}

#[test]
fn disable_inactive_goes_by_the_latest_activity_over_all_sessions() {
    for late in ["ACTIVE=1", "ACTIVE=0", "ACTIVE=NULL"] {
        let rows = format!(
            "account
             session ID=1 ACTIVE=1 LAST=2025-01-01
             session ID=2 {late} \"LAST={AFTER}\"
             session ID=3 ACTIVE=1 LAST=2026-01-01
             session ID=4 ACTIVE=1 LAST=NULL"
        );
        check_disabled(&rows, RUN, &[]);
        check_disabled(&rows.replace(AFTER, CUTOFF), RUN, &["1"]);
    }
}

#[test]
fn disable_inactive_takes_no_account_for_the_sessions_of_another() {
    check_disabled(
        "account ID=1\nsession ID=1 OF=1 LAST=2026-01-01
         account ID=2\nsession ID=2 OF=2 LAST=2026-11-30
         session ID=3 OF=NULL LAST=2026-11-30\nsession ID=4 OF=77 LAST=2026-11-30",
        RUN,
        &["1"],
    );
}

#[test]
fn disable_inactive_leaves_an_account_its_grace_after_it_was_touched() {
    let with = |updated: &str| format!("account {updated}\nsession LAST=2026-01-01");
    check_disabled(&with(&format!("\"UPDATED={AFTER}\"")), RUN, &[]);
    check_disabled(&with("UPDATED=2026-11-29"), RUN, &[]);
    check_disabled(&with(&format!("\"UPDATED={CUTOFF}\"")), RUN, &["1"]);
    check_disabled(&with("UPDATED=NULL"), RUN, &["1"]);
}

#[test]
fn disable_inactive_disables_again_an_account_that_stays_idle_after_its_grace() {
    for world in ops_worlds() {
        world.put("account\nsession ACTIVE=1 LAST=2026-01-01");
        assert_eq!(disabled(&world, RUN), ["1"]);
        world.tamper("UPDATE ops_user SET status = 'ACTIVE', updated_on = NULL WHERE id = 1");
        assert_eq!(disabled(&world, RUN), ["1"], "{}", world.name);
        assert_eq!(world.one("SELECT COUNT(*) FROM ops_event"), "2");
    }
}

#[test]
fn disable_inactive_without_a_session_goes_by_the_latest_of_updated_and_created() {
    for (dates, expected) in [
        (format!("\"CREATED={CUTOFF}\""), vec!["1"]),
        (format!("\"CREATED={AFTER}\""), vec![]),
        (format!("\"UPDATED={CUTOFF}\""), vec!["1"]),
        (format!("\"UPDATED={AFTER}\""), vec![]),
        (format!("CREATED=2020-01-01 \"UPDATED={CUTOFF}\""), vec!["1"]),
        (format!("UPDATED=2020-01-01 \"CREATED={CUTOFF}\""), vec!["1"]),
        (format!("CREATED=2020-01-01 \"UPDATED={AFTER}\""), vec![]),
        (format!("UPDATED=2020-01-01 \"CREATED={AFTER}\""), vec![]),
    ] {
        check_disabled(&format!("account {dates}"), RUN, &expected);
    }
}

#[test]
fn disable_inactive_keeps_an_account_without_any_date_and_names_it() {
    for world in ops_worlds() {
        world.put("account ID=5");
        let ended = world.run(RUN);
        assert_eq!(printed(&ended), Vec::<String>::new(), "{}", world.name);
        assert_eq!((count(&ended, "undated"), count(&ended, "never_active")), (1, 1));
        let finding = &ended.summary.findings[0];
        assert_eq!((finding.kind, finding.key.as_str()), ("undated", "5"));
        assert!(finding.message.starts_with("it has no session,"), "{}", finding.message);
    }
}

#[test]
fn disable_inactive_keeps_an_account_whose_sessions_have_no_date_and_names_it() {
    for world in ops_worlds() {
        world.put("account ID=5 CREATED=2020-01-01 UPDATED=2020-01-01\nsession OF=5 ACTIVE=1");
        let ended = world.run(RUN);
        assert_eq!(printed(&ended), Vec::<String>::new(), "{}", world.name);
        assert_eq!((count(&ended, "undated"), count(&ended, "never_active")), (1, 0));
        let finding = &ended.summary.findings[0];
        assert_eq!((finding.kind, finding.key.as_str()), ("undated", "5"));
        assert!(finding.message.starts_with("it has sessions,"), "{}", finding.message);
    }
}

#[test]
fn disable_inactive_never_touches_inactive_and_locked_accounts() {
    for status in ["INACTIVE", "LOCKED", "NULL", "PENDING"] {
        for world in ops_worlds() {
            world.put(&format!(
                "account STATUS={status} CREATED=2020-01-01\nsession ACTIVE=1 LAST=2020-01-01"
            ));
            let before = (world.dump("ops_user"), world.dump("user_session"));
            let ended = world.run(RUN);
            ok(&ended);
            assert_eq!(printed(&ended), Vec::<String>::new(), "{}: {status}", world.name);
            assert_eq!((world.dump("ops_user"), world.dump("user_session")), before);
        }
    }
}

#[test]
fn disable_inactive_counts_what_it_met() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.exempt_oidc_ids = vec!["system".to_owned()];
        world.put(
            "account ID=1\nsession ID=11 OF=1 ACTIVE=1 LAST=2026-01-01\nsession ID=12 OF=1 ACTIVE=1
             session ID=13 OF=1 ACTIVE=0 LAST=2026-01-02
             account ID=2 CREATED=2020-01-01\naccount ID=3 CREATED=2026-11-30\naccount ID=4
             account ID=5\nsession ID=51 OF=5 ACTIVE=1 LAST=2026-11-30
             account ID=6 OIDC=system CREATED=2020-01-01
             account ID=7 STATUS=LOCKED\naccount ID=8 STATUS=INACTIVE",
        );
        let counts: Vec<_> = world.run(RUN).summary.counts.iter().collect();
        let expected = [
            ("active", 7), // 1 to 6, and the actor.
            ("disabled", 2),
            ("sessions_closed", 2),
            ("exempt", 1),
            ("never_active", 3),
            ("undated", 1),
            ("future", 0),
            ("warned", 0),
            ("unreadable", 0),
        ];
        assert_eq!(counts, expected, "{}", world.name);
    }
}

#[test]
fn disable_inactive_is_refused_above_its_limit_of_active_accounts() {
    for mut world in ops_worlds() {
        world.config.limits.disable_inactive.floor = 2;
        let rows: Vec<String> =
            (1..=3).map(|id| format!("account ID={id} CREATED=2020-01-01")).collect();
        world.put(&rows.join("\n"));
        let ended = world.run(RUN);
        assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
        assert!(ended.summary.error.unwrap().contains("takes away 3 of 4 rows"));
        assert_eq!(inactive(&world), Vec::<String>::new());

        // Sessions and the application's own records do not count.
        let allowed = format!("{RUN} --allow-changes 3 --reason \"first run\"");
        assert_eq!(disabled(&world, &allowed), ["1", "2", "3"]);
    }
}
