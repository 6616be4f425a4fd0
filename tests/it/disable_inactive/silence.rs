//! Sessions that are not being recorded make everybody look idle: that is a doubt, not a reason.

use super::{RUN, inactive, ops_worlds};
use crate::harness::{World, exit, ok};
use recert::door::exit::Exit;

/// The moment of [`RUN`], less fourteen days.
const WITHIN: &str = "2026-11-16 23:59:59";
const BEFORE: &str = "2026-11-16 23:59:58";

/// The actor and five more accounts: one more than may be idle in good faith.
fn put_accounts(world: &World, latest: &str) {
    for id in 1..=4 {
        world.put(&format!("account ID={id}\nsession ID={id}0 OF={id} ACTIVE=1 LAST=2026-01-01"));
    }
    world.put(&format!("account ID=5\nsession ID=50 OF=5 ACTIVE=1 \"LAST={latest}\""));
}

#[test]
fn disable_inactive_doubts_that_nobody_at_all_was_active_lately() {
    for world in ops_worlds() {
        put_accounts(&world, BEFORE);
        let ended = world.run(RUN);
        assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
        let said = ended.summary.error.unwrap();
        assert!(said.contains(&format!("the latest activity is of {BEFORE} UTC: ")), "{said}");
        assert_eq!(inactive(&world), Vec::<String>::new());
    }
}

#[test]
fn disable_inactive_believes_the_sessions_when_one_was_active_lately() {
    for world in ops_worlds() {
        put_accounts(&world, WITHIN);
        ok(&world.run(RUN));
        assert_eq!(inactive(&world), ["1", "2", "3", "4"], "{}", world.name);
    }
}

#[test]
fn disable_inactive_takes_activity_after_its_moment_for_no_proof_that_sessions_are_recorded() {
    for later in ["2026-12-01 00:00:00", "2999-12-31"] {
        for world in ops_worlds() {
            put_accounts(&world, later);
            let ended = world.run(RUN);
            assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
            let said = ended.summary.error.unwrap();
            assert!(said.contains("UTC, after the run's moment"), "{said}");
        }
    }
}

#[test]
fn disable_inactive_hears_nothing_of_exempt_accounts_when_it_doubts() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.exempt_oidc_ids = vec!["interface".to_owned()];
        put_accounts(&world, "2026-01-01");
        world.put("account ID=6 OIDC=interface\nsession ID=60 OF=6 ACTIVE=1 LAST=2026-11-30");
        assert_eq!(exit(&world.run(RUN)), Exit::Refused, "{}", world.name);
    }
}

#[test]
fn disable_inactive_does_not_doubt_a_handful_of_idle_accounts() {
    for world in ops_worlds() {
        put_accounts(&world, "2026-01-01");
        world.tamper("DELETE FROM user_session WHERE user_id = 5");
        world.tamper("DELETE FROM ops_user WHERE id = 5");
        ok(&world.run(RUN));
        assert_eq!(inactive(&world), ["1", "2", "3", "4"], "{}", world.name);
    }
}

#[test]
fn disable_inactive_says_that_no_session_holds_any_activity() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.silent_days = 400;
        put_accounts(&world, "2026-01-01");
        ok(&world.preview(RUN));
        world.tamper("UPDATE user_session SET last_active_at = NULL");
        let said = world.run(RUN).summary.error.unwrap_or_default();
        assert!(said.contains("no session says when it was active"), "{}: {said}", world.name);
    }
}
