//! Section 5 of the spec, a sentence a test.

mod unsure;

use crate::harness::{World, check, check_on, exit, ok, printed, worlds};
use recert::door::config::OnConflict;
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
