//! What `revoke` is not sure of: keys, statuses, dates and access that a person should look at.

use super::BY_MANAGER;
use crate::harness::{World, check, check_on, exit, printed, worlds};
use recert::door::config::{OnNearMatch, Unanswered};
use recert::door::exit::Exit;

/// The kinds and keys of a run's findings.
fn findings(ended: &recert::door::run::Ended) -> Vec<(&str, &str)> {
    ended.summary.findings.iter().map(|finding| (finding.kind, finding.key.as_str())).collect()
}

#[test]
fn revoke_leaves_a_response_alone_that_names_no_user_or_no_location_unless_told_to_close_it() {
    for (row, key) in
        [("response USER=NULL MGR=2026-11-30", "/7"), ("response AT=NULL MGR=2026-11-30", "E1/")]
    {
        check(&format!("mapping\n{row}"), "revoke --as-of 2026-11-30", "");
        for mut world in worlds() {
            world.put(&format!("mapping\n{row}"));
            let ended = world.run("revoke --as-of 2026-11-30");
            assert_eq!(findings(&ended), [("no_key", key)], "{}", world.name);
            assert_eq!(ended.summary.counts.get("unmatched"), 1);
            world.config.revoke.on_near_match = OnNearMatch::Close;
            let ended = world.run("revoke --as-of 2026-11-30");
            let plan = format!(
                "update RECREATE_RESPONSE {key} {{\"IS_ACTIVE\":0}} (already absent): revoked; {BY_MANAGER}"
            );
            assert_eq!(printed(&ended), [plan], "{}", world.name);
        }
    }
}

#[test]
fn revoke_leaves_a_response_alone_whose_access_stands_under_a_key_that_is_nearly_its_own() {
    for id in ["E1 ", " E1", "e1", "0E1", "E1\u{a0}"] {
        for mut world in worlds() {
            world.put(&format!("mapping \"USER={id}\"\nresponse MGR=2026-11-30"));
            let ended = world.run("revoke --as-of 2026-11-30");
            assert_eq!(printed(&ended), Vec::<String>::new(), "{} {id:?}", world.name);
            assert_eq!(findings(&ended), [("near_match", "E1/7")]);
            assert_eq!(
                (ended.summary.counts.get("due"), ended.summary.counts.get("unmatched")),
                (1, 1)
            );
            world.config.revoke.on_near_match = OnNearMatch::Close;
            let ended = world.run("revoke --as-of 2026-11-30");
            assert_eq!(ended.summary.counts.get("already_absent"), 1);
            assert_eq!(findings(&ended), [("near_match", "E1/7")]);
        }
    }
}

#[test]
fn revoke_closes_a_response_whose_near_match_goes_with_the_same_run() {
    check(
        "mapping USER=e1\nresponse USER=e1 MGR=2026-11-30\nresponse USER=E1 MGR=2026-11-30",
        "revoke --as-of 2026-11-30",
        &format!(
            "delete MAP_RAP_USER_ROLE e1/7: revoked; {BY_MANAGER}
             update RECREATE_RESPONSE e1/7 {{\"IS_ACTIVE\":0}}: revoked; {BY_MANAGER}
             update RECREATE_RESPONSE E1/7 {{\"IS_ACTIVE\":0}} (already absent): revoked; {BY_MANAGER}"
        ),
    );
}

#[test]
fn revoke_names_every_status_that_it_does_not_know_once_with_its_number() {
    for world in worlds() {
        world.put(
            "response STATUS=DELEGATED\nresponse STATUS=delegated USER=E2\nresponse STATUS=X ACTIVE=0
             response STATUS=APPROVED\nresponse STATUS=PENDING\nresponse STATUS=NULL\nresponse \"STATUS=RE VOKED\"",
        );
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(
            findings(&ended),
            [("unknown_status", "DELEGATED"), ("unknown_status", "RE VOKED")]
        );
        assert!(ended.summary.findings[0].message.starts_with("2 active responses"));
    }
}

#[test]
fn revoke_takes_what_nobody_answered_after_the_grace_when_configured_so() {
    let rows = "mapping\nresponse STATUS=PENDING DUE=2026-11-16
                mapping USER=E2\nresponse USER=E2 STATUS=NULL DUE=2026-11-16
                mapping USER=E3\nresponse USER=E3 STATUS=PENDING DUE=2026-11-17
                mapping USER=E4\nresponse USER=E4 STATUS=PENDING MGR=2026-01-01";
    check(rows, "revoke --as-of 2026-11-30", "");
    let why = "unanswered; due 2026-11-30, 14 days after the recertification due date";
    let plan = format!(
        "delete MAP_RAP_USER_ROLE E1/7: {why}\ndelete MAP_RAP_USER_ROLE E2/7: {why}
         update RECREATE_RESPONSE E1/7 {{\"IS_ACTIVE\":0}}: {why}
         update RECREATE_RESPONSE E2/7 {{\"IS_ACTIVE\":0}}: {why}"
    );
    for mut world in worlds() {
        world.config.revoke.unanswered = Unanswered::Revoke;
        let ended = world.preview("revoke --as-of 2026-11-30");
        assert_eq!(ended.summary.counts.get("unanswered"), 0);
        check_on(&world, rows, "revoke --as-of 2026-11-30", &plan);
    }
}

#[test]
fn revoke_doubts_a_mapping_table_that_most_due_responses_do_not_match() {
    let due =
        |n: u32| (0..n).map(|n| format!("response USER=A{n} MGR=2026-11-30\n")).collect::<String>();
    let there = |n: u32| {
        (0..n)
            .map(|n| format!("mapping USER=B{n}\nresponse USER=B{n} MGR=2026-11-30\n"))
            .collect::<String>()
    };
    for (absent, present, doubted) in
        [(10, 0, false), (11, 0, true), (11, 11, false), (12, 11, true)]
    {
        let world = World::sqlite();
        world.put(&(due(absent) + &there(present)));
        let ended = world.run("revoke --as-of 2026-11-30");
        let expected = if doubted { Exit::Refused } else { Exit::Done };
        assert_eq!(exit(&ended), expected, "{absent} of {}", absent + present);
        assert_eq!(
            world.dump("map_rap_user_role").len(),
            if doubted { present as usize } else { 0 }
        );
    }
}

#[test]
fn revoke_names_access_that_came_back_after_it_was_found_gone_in_every_run() {
    for world in worlds() {
        world.put("response MGR=2026-11-30\nresponse USER=E2 MGR=2026-11-30\nmapping USER=E3\nresponse USER=E3 MGR=2026-11-30");
        assert_eq!(findings(&world.run("revoke --as-of 2026-11-30")), []);
        world.put("mapping\nmapping USER=E3");
        for _ in 0..2 {
            assert_eq!(
                findings(&world.run("revoke --as-of 2026-11-30")),
                [("came_back", "E1/7")],
                "{}",
                world.name
            );
        }
        // A new response about it is no closed one.
        world.tamper("UPDATE recreate_response SET is_active = 1, access_status = 'APPROVED'");
        assert_eq!(findings(&world.run("revoke --as-of 2026-11-30")), []);
    }
}

#[test]
fn revoke_believes_only_the_verified_chain_of_what_came_back() {
    for tamper in [
        "UPDATE recert_run SET counts = '{}'",
        "UPDATE recert_change SET result = 'already_absent', why = 'revoked'",
        "UPDATE recert_image SET before_image = '{}'",
    ] {
        for world in worlds() {
            world.put("response MGR=2026-11-30");
            let run = world.run("revoke --as-of 2026-11-30").summary.run_id;
            world.put("mapping");
            world.tamper(tamper);
            let again = world.run("revoke --as-of 2026-11-30");
            assert_eq!(findings(&again), [("run_not_believed", &*run)], "{tamper}");
        }
    }
}

#[test]
fn revoke_closes_no_response_whose_access_is_given_again_before_it_is_marked() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-11-30");
    world.define(
        "CREATE TRIGGER again AFTER DELETE ON map_rap_user_role BEGIN
           INSERT INTO map_rap_user_role (user_id, rmm_id) VALUES (OLD.user_id, OLD.rmm_id); END",
    );
    assert_eq!(exit(&world.run("revoke --as-of 2026-11-30")), Exit::Drifted);
    assert_eq!(world.one("SELECT is_active FROM recreate_response"), "1");
}

#[test]
fn revoke_reads_an_empty_date_as_none_and_names_one_that_nobody_meant() {
    let world = World::sqlite();
    let insert = |id: &str, by_manager: &str, due: &str| {
        world.tamper(&format!(
            "INSERT INTO recreate_response (reportees_id, rmm_id, access_status, is_active, access_revoke_date_by_line_manager, recertification_due_date)
             VALUES ('{id}', 7, 'REVOKED', 1, '{by_manager}', '{due}')"
        ))
    };
    insert("E1", "", "2026-11-30");
    insert("E2", "", "");
    insert("E3", "", "0026-11-30");
    world.put("mapping\nmapping USER=E3");
    let ended = world.run("revoke --as-of 9999-12-31 --reason test");
    assert_eq!(findings(&ended), [("undated", "E2/7"), ("implausible_date", "E3/7")]);
    assert_eq!(world.dump("map_rap_user_role").len(), 0);
}

#[test]
fn revoke_says_nothing_of_a_table_that_it_has_not_looked_at() {
    for row in ["access", "ledger"] {
        let world = World::sqlite();
        world.put("response MGR=2026-11-30\nmapping");
        world.tamper(&format!("DELETE FROM recert_lock WHERE job = '{row}'"));
        let run = world.run("revoke --as-of 2026-11-30");
        assert_eq!(exit(&run), Exit::Config, "without `{row}`");
        // A preview takes no lock; what it says, it has seen.
        let preview = world.preview("revoke --as-of 2026-11-30");
        if exit(&preview) == Exit::Done {
            assert_eq!(preview.summary.counts.get("due"), 1, "without `{row}`");
        }
    }
}
