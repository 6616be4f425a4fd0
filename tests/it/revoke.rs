//! Section 5 of the spec, a sentence a test.

use crate::harness::{World, check, check_on, exit, ok, printed, worlds};
use recert::door::config::{OnConflict, OnNearMatch, Unanswered};
use recert::door::exit::Exit;

/// What a revoke at `2026-11-30` does to the one response and mapping of `E1/7`, due by `why`.
fn taken(why: &str) -> String {
    format!(
        "delete MAP_RAP_USER_ROLE E1/7: revoked; {why}
         update RECREATE_RESPONSE E1/7 {{\"IS_ACTIVE\":0}}: revoked; {why}"
    )
}

const BY_MANAGER: &str = "due 2026-11-30 by the line manager's date";
const BY_DUE_DATE: &str = "due 2026-11-30 by the recertification due date";

#[test]
fn revoke_takes_the_mapping_and_marks_the_response() {
    check("mapping\nresponse MGR=2026-11-30", "revoke --as-of 2026-11-30", &taken(BY_MANAGER));
}

#[test]
fn revoke_waits_for_the_line_managers_date() {
    check("mapping\nresponse MGR=2026-12-01 DUE=2026-01-01", "revoke --as-of 2026-11-30", "");
}

#[test]
fn revoke_goes_by_the_line_managers_date_even_when_the_due_date_is_later() {
    check(
        "mapping\nresponse MGR=2026-11-30 DUE=2027-06-01",
        "revoke --as-of 2026-11-30",
        &taken(BY_MANAGER),
    );
}

#[test]
fn revoke_goes_by_the_due_date_when_the_line_manager_gave_none() {
    check("mapping\nresponse DUE=2026-11-30", "revoke --as-of 2026-11-30", &taken(BY_DUE_DATE));
}

#[test]
fn revoke_acts_on_the_day_itself_whatever_time_the_date_holds() {
    for time in ["00:00:00", "00:00:01", "12:30:00", "23:59:59"] {
        check(
            &format!("mapping\nresponse \"MGR=2026-11-30 {time}\""),
            "revoke --as-of 2026-11-30",
            &taken(BY_MANAGER),
        );
        check(
            &format!("mapping\nresponse \"MGR=2026-12-01 {time}\""),
            "revoke --as-of 2026-11-30",
            "",
        );
    }
}

#[test]
fn revoke_compares_the_status_without_case_and_surrounding_blanks() {
    let unseen = ["REVOKED\t", "\u{a0}REVOKED", "REVOKED\r", "\u{feff}REVOKED\u{200b}"];
    for status in ["REVOKED", "revoked", "Revoked", "  rEvOkEd "].into_iter().chain(unseen) {
        check(
            &format!("mapping\nresponse \"STATUS={status}\" MGR=2026-11-30"),
            "revoke --as-of 2026-11-30",
            &taken(BY_MANAGER),
        );
    }
    for status in ["APPROVED", "PENDING", "NULL", "REVOKED2", "RE VOKED", "REVOKED|APPROVED", "|"] {
        check(
            &format!("mapping\nresponse \"STATUS={status}\" MGR=2026-11-30"),
            "revoke --as-of 2026-11-30",
            "",
        );
    }
}

#[test]
fn revoke_acts_on_every_configured_status_with_letters_of_any_language() {
    for mut world in worlds() {
        world.config.revoke.statuses = vec![" révoqué ".to_owned(), "Removed".to_owned()];
        let plan = "delete MAP_RAP_USER_ROLE E1/7: revoked; due 2026-11-30 by the line manager's date
                    delete MAP_RAP_USER_ROLE E2/7: revoked; due 2026-11-30 by the line manager's date
                    update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date
                    update RECREATE_RESPONSE E2/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date";
        let rows = "mapping\nmapping USER=E2\nmapping USER=E3
                    response STATUS=RÉVOQUÉ MGR=2026-11-30
                    response USER=E2 STATUS=removed MGR=2026-11-30
                    response USER=E3 STATUS=REVOKED MGR=2026-11-30";
        check_on(&world, rows, "revoke --as-of 2026-11-30", plan);
    }
}

#[test]
fn revoke_leaves_inactive_responses_alone() {
    for active in ["0", "NULL", "2"] {
        check(
            &format!("mapping\nresponse ACTIVE={active} MGR=2026-11-30"),
            "revoke --as-of 2026-11-30",
            "",
        );
    }
}

#[test]
fn revoke_acts_on_the_configured_access_levels_only() {
    for mut world in worlds() {
        world.config.revoke.access_levels = vec!["editor".to_owned()];
        let rows = "mapping\nresponse LEVEL=VIEWER MGR=2026-11-30
                    mapping USER=E2\nresponse USER=E2 LEVEL=NULL MGR=2026-11-30
                    mapping USER=E3\nresponse USER=E3 \"LEVEL= Editor \" MGR=2026-11-30";
        let plan = "delete MAP_RAP_USER_ROLE E3/7: revoked; due 2026-11-30 by the line manager's date
                    update RECREATE_RESPONSE E3/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date";
        check_on(&world, rows, "revoke --as-of 2026-11-30", plan);
    }
}

#[test]
fn revoke_takes_every_mapping_row_of_the_location_and_of_no_other() {
    check(
        "mapping\nmapping\nmapping AT=8\nmapping USER=E2\nresponse MGR=2026-11-30",
        "revoke --as-of 2026-11-30",
        "delete MAP_RAP_USER_ROLE E1/7: revoked; due 2026-11-30 by the line manager's date
         delete MAP_RAP_USER_ROLE E1/7: revoked; due 2026-11-30 by the line manager's date
         update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date",
    );
    for world in worlds() {
        world.put("mapping\nmapping AT=8\nmapping USER=E2\nresponse MGR=2026-11-30");
        ok(&world.run("revoke --as-of 2026-11-30"));
        let left = world.dump("map_rap_user_role");
        assert_eq!(
            left,
            [r#"{"USER_ID":"E1","RMM_ID":8}"#, r#"{"USER_ID":"E2","RMM_ID":7}"#],
            "{}",
            world.name
        );
    }
}

#[test]
fn revoke_touches_nothing_but_its_two_tables() {
    for world in worlds() {
        world.tamper("INSERT INTO user_tab (employee_id, rap, packbuilder) VALUES ('E1', 1, 1)");
        let before = world.dump("user_tab");
        world.put("mapping\nresponse MGR=2026-11-30");
        ok(&world.run("revoke --as-of 2026-11-30"));
        assert_eq!(world.dump("user_tab"), before, "{}", world.name);
    }
}

#[test]
fn revoke_marks_a_response_whose_access_was_gone_already() {
    check(
        "mapping AT=8\nresponse MGR=2026-11-30",
        "revoke --as-of 2026-11-30",
        "update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0} (already absent): revoked; due 2026-11-30 by the line manager's date",
    );
    for world in worlds() {
        world.put("response MGR=2026-11-30");
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(ended.summary.counts.get("already_absent"), 1);
        assert_eq!(ended.summary.counts.get("responses_processed"), 1);
        assert_eq!(world.one("SELECT result FROM recert_change"), "already_absent");
    }
}

#[test]
fn revoke_processes_every_response_that_speaks_of_the_same_access() {
    check(
        "mapping
         response MGR=2026-11-30
         response MGR=2026-11-30
         response DUE=2026-11-30
         response MGR=2027-01-01
         response STATUS=PENDING MGR=2026-11-30",
        "revoke --as-of 2026-11-30",
        "delete MAP_RAP_USER_ROLE E1/7: revoked; due 2026-11-30 by the line manager's date
         update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date
         update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the line manager's date
         update RECREATE_RESPONSE E1/7 {\"IS_ACTIVE\":0}: revoked; due 2026-11-30 by the recertification due date",
    );
}

#[test]
fn revoke_names_a_response_without_any_date_and_leaves_it() {
    for world in worlds() {
        world.put("mapping\nresponse");
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(printed(&ended), Vec::<String>::new());
        assert_eq!(ended.summary.counts.get("undated"), 1);
        let findings = &ended.summary.findings;
        assert_eq!((findings[0].kind, findings[0].key.as_str()), ("undated", "E1/7"));
    }
}

#[test]
fn revoke_takes_access_that_is_approved_as_well_and_names_it() {
    let rows = "mapping\nresponse MGR=2026-11-30\nresponse STATUS=approved DUE=2027-11-30";
    check(rows, "revoke --as-of 2026-11-30", &taken(BY_MANAGER));
    for world in worlds() {
        world.put(rows);
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(ended.summary.counts.get("conflicts"), 1);
        assert_eq!(ended.summary.findings[0].kind, "conflict");
        assert_eq!(
            world.one("SELECT is_active FROM recreate_response WHERE access_status = 'approved'"),
            "1"
        );
    }
}

#[test]
fn revoke_leaves_access_alone_that_is_approved_as_well_when_configured_so() {
    for mut world in worlds() {
        world.config.revoke.on_conflict = OnConflict::Skip;
        world.put("mapping\nresponse MGR=2026-11-30\nresponse STATUS=APPROVED");
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(printed(&ended), Vec::<String>::new());
        assert_eq!(ended.summary.counts.get("conflicts"), 1);
        assert_eq!(ended.summary.counts.get("due"), 1);
    }
}

#[test]
fn revoke_sees_no_conflict_in_an_approval_that_is_inactive_or_of_another_location() {
    for world in worlds() {
        world.put(
            "mapping\nresponse MGR=2026-11-30
             response STATUS=APPROVED ACTIVE=0\nresponse STATUS=APPROVED AT=8\nresponse STATUS=APPROVED USER=E2",
        );
        let ended = world.run("revoke --as-of 2026-11-30");
        assert_eq!(ended.summary.counts.get("conflicts"), 0);
        assert!(ended.summary.findings.is_empty());
    }
}

#[test]
fn revoke_counts_what_it_met() {
    for world in worlds() {
        world.put(
            "mapping\nmapping\nmapping USER=E2
             response MGR=2026-11-30\nresponse USER=E2 DUE=2026-10-01\nresponse USER=E3 DUE=2026-11-29
             response USER=E4 MGR=2026-12-01\nresponse USER=E5\nresponse USER=E6 STATUS=APPROVED",
        );
        let ended = world.run("revoke --as-of 2026-11-30");
        let counts: Vec<_> = ended.summary.counts.iter().collect();
        let expected = [
            ("due", 3),
            ("mappings_deleted", 3),
            ("responses_processed", 3),
            ("already_absent", 1),
            ("waiting", 1),
            ("undated", 1),
            ("conflicts", 0),
            ("unmatched", 0),
            ("unanswered", 0),
        ];
        assert_eq!(counts, expected, "{}", world.name);
    }
}

#[test]
fn revoke_takes_hostile_ids_as_they_are() {
    for id in
        ["O'Brien", "a/b", "%", "_", "'; DROP TABLE map_rap_user_role; --", "Žofie 🦀", "E 1", "&x"]
    {
        let plan = taken(BY_MANAGER).replace("E1", id);
        check(
            &format!("mapping \"USER={id}\"\nmapping\nresponse \"USER={id}\" MGR=2026-11-30"),
            "revoke --as-of 2026-11-30",
            &plan,
        );
    }
}

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
fn revoke_keeps_every_column_of_a_row_it_takes() {
    let world = World::sqlite();
    world.tamper("ALTER TABLE map_rap_user_role ADD granted_on DATE");
    world.tamper("ALTER TABLE map_rap_user_role ADD share REAL");
    world.tamper("INSERT INTO map_rap_user_role VALUES ('E1', 7, '2020-02-29', 1.0)");
    world.put("response MGR=2026-11-30");
    ok(&world.run("revoke --as-of 2026-11-30"));
    let image = world.one("SELECT before_image FROM recert_image WHERE seq = 1");
    assert_eq!(image, r#"{"USER_ID":"E1","RMM_ID":7,"GRANTED_ON":"2020-02-29","SHARE":1.0}"#);
    let after = world.one("SELECT after_image FROM recert_image WHERE seq = 2");
    assert_eq!(after, r#"{"IS_ACTIVE":0}"#);
}

#[test]
fn revoke_fails_on_a_date_it_cannot_read_rather_than_pass_it_over() {
    for date in [
        "30.11.2026",
        "2026-9-01 10:00:00",
        "2026-02-30",
        "2026-02-30 10:00:00",
        "2026-11-30 ",
        "2026-11-30 7:00",
    ] {
        fails_on(date);
    }
}

fn fails_on(date: &str) {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-11-30");
    world.tamper(&format!(
        "INSERT INTO recreate_response (reportees_id, rmm_id, access_status, is_active, recertification_due_date)
         VALUES ('E9', 1, 'REVOKED', 1, '{date}')",
    ));
    let ended = world.run("revoke --as-of 2026-11-30");
    assert_eq!(exit(&ended), Exit::Failed);
    let error = ended.summary.error.unwrap();
    assert!(
        error.contains("`E9/1`") && error.contains(&format!("`{date}` is not a date")),
        "{error}"
    );
    assert_eq!(world.dump("map_rap_user_role").len(), 1);
}
