//! Section 9 of the spec, a sentence a test: what the report says. `report_files.rs` is about how.

use clap::Parser as _;
use recert::door::cli::{Cli, Command};
use recert::door::commands::{CommandContext, report};
use recert::door::config::Unanswered;
use recert::door::exit::Exit;
use recert::door::outcome::Outcome;
use serde_json::Value as Json;

use crate::harness::{World, ok, worlds};

/// Runs `report` by its command line; `--out` must be in it.
pub(crate) fn try_report(world: &World, command: &str) -> anyhow::Result<Outcome> {
    let cli = Cli::try_parse_from(std::iter::once("recert").chain(command.split(' '))).unwrap();
    let Command::Report(args) = &cli.command else { panic!("`{command}` is no report") };
    let as_of = cli.global.as_of;
    let context = CommandContext { as_of, ..world.context() };
    report::run(args, &context)
}

/// The report as JSON.
pub(crate) fn report(world: &World, command: &str) -> Json {
    let path = world.folder.path().join("report.json");
    let command = format!("{command} --format json --out {}", path.display());
    let told = try_report(world, &command);
    told.unwrap_or_else(|error| panic!("{}: `{command}`: {}", world.name, Exit::tell(&error)));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn counts(report: &Json, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| report["summary"]["counts"][name].as_u64().unwrap()).collect()
}

/// One column of all rows.
pub(crate) fn column<'a>(report: &'a Json, part: &str, name: &str) -> Vec<&'a Json> {
    report[part].as_array().unwrap().iter().map(|row| &row[name]).collect()
}

/// The states of `E1`, `E2`, …, of the rows with a due date.
pub(crate) fn states(report: &Json) -> Vec<&str> {
    column(report, "rows", "state").into_iter().map(|state| state.as_str().unwrap()).collect()
}

#[test]
fn report_puts_every_row_of_the_table_in_exactly_one_place() {
    for world in worlds() {
        world.put(
            "response USER=E1 DUE=2026-01-01\nresponse USER=E2 DUE=2026-12-31
             response USER=E3 DUE=2025-12-31\nresponse USER=E4 DUE=2027-01-01
             response USER=E5\nresponse USER=E6 MGR=2026-06-01",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-06-01");
        assert_eq!(column(&told, "rows", "reportee_id"), ["E1", "E2"], "{}", world.name);
        assert_eq!(column(&told, "undated_rows", "reportee_id"), ["E5", "E6"], "{}", world.name);
        let names = ["population", "other_years", "undated", "table_rows"];
        assert_eq!(counts(&told, &names), [2, 2, 2, 6], "{}", world.name);
        assert_eq!(told["evidence"]["row_count"], 4);

        let all = report(&world, "report --all");
        assert_eq!(column(&all, "rows", "reportee_id"), ["E1", "E2", "E3", "E4"]);
        assert_eq!(column(&all, "undated_rows", "reportee_id"), ["E5", "E6"]);
        assert_eq!(counts(&all, &names), [4, 0, 2, 6]);
    }
}

#[test]
fn report_takes_the_year_of_a_due_date_whatever_time_it_holds() {
    for world in worlds() {
        world.put(
            "response USER=E1 \"DUE=2026-12-31 23:59:59\"\nresponse USER=E2 \"DUE=2027-01-01 00:00:00\"
             response USER=E3 \"DUE=2026-01-01 00:00:00\"\nresponse USER=E4 \"DUE=2025-12-31 23:59:59\"",
        );
        let told = report(&world, "report --year 2026");
        assert_eq!(column(&told, "rows", "reportee_id"), ["E1", "E3"], "{}", world.name);
    }
}

#[test]
fn report_classes_every_status_and_names_the_others() {
    for mut world in worlds() {
        world.config.revoke.statuses = vec!["REVOKED".to_owned(), "Removed".to_owned()];
        for (n, status) in [
            "APPROVED",
            " approved ",
            "revoked",
            "REMOVED",
            "PENDING",
            "NULL",
            "  ",
            "Delegated",
            "delegated",
        ]
        .iter()
        .enumerate()
        {
            world.put(&format!("response USER=E{n} \"STATUS={status}\" DUE=2026-05-01"));
        }
        let told = report(&world, "report --year 2026");
        let classes: Vec<&str> = column(&told, "rows", "class")
            .into_iter()
            .map(|class| class.as_str().unwrap())
            .collect();
        let expected = [
            "Approved", "Approved", "Revoked", "Revoked", "Pending", "Pending", "Pending", "Other",
            "Other",
        ];
        assert_eq!(classes, expected, "{}", world.name);
        let names = ["population", "approved", "revoked", "pending", "other"];
        assert_eq!(counts(&told, &names), [9, 2, 2, 3, 2]);
        assert_eq!(told["other_statuses"], serde_json::json!({"DELEGATED": 2}));
        assert!(findings(&told).contains(&("other_status", "DELEGATED")));
    }
}

#[test]
fn report_shows_who_where_what_and_when() {
    for world in worlds() {
        world.put(
            "user \"NAME=Siobhán O'Brien\" MAIL=so@example.com MANAGER=M1 \"MANAGER_NAME=Žofie Ng\" MANAGER_MAIL=zn@example.com
             response LEVEL=EDITOR MGR=2026-12-24 DUE=2026-11-30",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-12-01");
        let expected = serde_json::json!({
            "reportee_id": "E1", "reportee_name": "Siobhán O'Brien", "reportee_mail": "so@example.com",
            "line_manager_id": "M1", "line_manager_name": "Žofie Ng", "line_manager_mail": "zn@example.com",
            "rmm_id": 7, "access_level": "EDITOR", "access_status": "REVOKED", "class": "Revoked",
            "is_active": 1, "access_revoke_date_by_line_manager": "2026-12-24",
            "recertification_due_date": "2026-11-30", "effective_revoke_date": "2026-12-24",
            "state": "scheduled for 2026-12-24", "executed_on": null, "run_id": null, "access": 0,
        });
        assert_eq!(told["rows"][0], expected, "{}", world.name);
    }
}

#[test]
fn report_gives_an_effective_revoke_date_to_what_is_revoked_alone() {
    for world in worlds() {
        world.put(
            "response USER=E1 DUE=2026-11-30\nresponse USER=E2 MGR=2026-10-01 DUE=2026-11-30
             response USER=E3 STATUS=APPROVED MGR=2026-10-01 DUE=2026-11-30",
        );
        let told = report(&world, "report --year 2026");
        let dates = column(&told, "rows", "effective_revoke_date");
        assert_eq!(dates, [&Json::from("2026-11-30"), &"2026-10-01".into(), &Json::Null]);
    }
}

#[test]
fn report_says_what_became_of_every_response_by_looking_at_its_access() {
    for mut world in worlds() {
        world.config.revoke.access_levels = vec!["EDITOR".to_owned()];
        world.put(
            "response USER=E1 LEVEL=EDITOR DUE=2026-11-30\nmapping USER=E1
             response USER=E2 LEVEL=EDITOR DUE=2026-11-30
             response USER=E3 LEVEL=EDITOR DUE=2026-12-01
             response USER=E4 LEVEL=VIEWER DUE=2026-11-30\nmapping USER=E4
             response USER=E5 ACTIVE=0 DUE=2026-11-30\nmapping USER=E5
             response USER=E6 ACTIVE=0 DUE=2026-11-30
             response USER=E7 ACTIVE=0 DUE=2026-12-01\nmapping USER=E7
             response USER=E8 STATUS=PENDING DUE=2026-11-29
             response USER=E81 STATUS=PENDING DUE=2026-11-30
             response USER=E82 STATUS=NULL ACTIVE=0 DUE=2026-11-01
             response USER=E83 STATUS=APPROVED DUE=2026-11-29
             response USER=E84 STATUS=X DUE=2026-11-29
             response USER=E85 LEVEL=EDITOR DUE=2026-11-30\nmapping \"USER=e85 \"
             response USER=E9\nresponse USER=E91 STATUS=PENDING",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let expected = [
            "access remains",
            "gone already",
            "scheduled for 2026-12-01",
            "left alone (access level)",
            "access remains, closed",
            "closed elsewhere",
            "closed elsewhere",
            "unanswered since 2026-11-29",
            "awaited until 2026-11-30",
            "unanswered since 2026-11-01",
            "approved",
            "unknown status",
            "left alone (near_match)",
        ];
        assert_eq!(states(&told), expected, "{}", world.name);
        assert_eq!(column(&told, "undated_rows", "state"), ["undated", "undated"]);
        let names = ["access_remains", "left_alone", "unanswered", "scheduled", "executed"];
        assert_eq!(counts(&told, &names), [2, 2, 2, 1, 0]);
        let access = column(&told, "rows", "access");
        assert_eq!(access.iter().filter(|n| ***n == 1).count(), 4);
    }
}

#[test]
fn report_leaves_alone_what_a_conflict_or_a_missing_key_leaves_alone() {
    for mut world in worlds() {
        world.config.revoke.on_conflict = recert::door::config::OnConflict::Skip;
        world.put(
            "mapping\nresponse DUE=2026-11-01\nresponse STATUS=APPROVED LEVEL=Z DUE=2026-11-01
             response USER=NULL DUE=2026-11-01",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let mut states = states(&told);
        states.sort_unstable();
        let expected = ["approved", "left alone (conflict skipped)", "left alone (no_key)"];
        assert_eq!(states, expected, "{}", world.name);
        let kinds = findings(&told);
        assert!(kinds.contains(&("contradiction", "E1/7")), "{kinds:?}");
    }
}

fn has_finding(told: &Json, kind: &str, message: &str) -> bool {
    let findings = told["findings"].as_array().unwrap();
    findings.iter().any(|finding| finding["kind"] == kind && finding["message"] == message)
}

#[test]
fn report_leaves_no_response_alone_for_access_that_the_next_run_takes() {
    for world in worlds() {
        world.put(
            "mapping USER=E1\nresponse USER=E1 DUE=2026-11-01\nresponse USER=e1 DUE=2026-11-01
             mapping USER=E2\nresponse USER=E2 DUE=2026-12-01\nresponse USER=e2 DUE=2026-11-01",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let mut found: Vec<(&str, &str)> = column(&told, "rows", "reportee_id")
            .into_iter()
            .map(|id| id.as_str().unwrap())
            .zip(states(&told))
            .collect();
        found.sort_unstable();
        let expected = [
            ("E1", "access remains"),
            ("E2", "scheduled for 2026-12-01"),
            ("e1", "gone already"),
            ("e2", "left alone (near_match)"),
        ];
        assert_eq!(found, expected, "{}", world.name);
        ok(&world.run("revoke --as-of 2026-11-30"));
        assert_eq!(
            world.one("SELECT COUNT(*) AS n FROM recreate_response WHERE is_active = 1"),
            "2"
        );
    }
}

/// The kinds and keys of the findings.
pub(crate) fn findings(told: &Json) -> Vec<(&str, &str)> {
    told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["kind"].as_str().unwrap(), finding["key"].as_str().unwrap()))
        .collect()
}

#[test]
fn report_counts_every_access_once_asked_about_or_not() {
    for world in worlds() {
        world.put(
            "staff ID=E1\nstaff ID=E2\nstaff ID=E3 RAP=0\nstaff ID=E4\nstaff ID=E5
             mapping USER=E1\nmapping USER=E1\nresponse USER=E1 STATUS=APPROVED DUE=2026-05-01
             mapping USER=E2\nresponse USER=E2 DUE=2026-05-01\nresponse USER=E2 STATUS=APPROVED DUE=2026-05-01
             mapping USER=E3\nresponse USER=E3 STATUS=PENDING DUE=2026-05-01
             mapping USER=E4\nresponse USER=E4 STATUS=X DUE=2026-05-01
             mapping USER=E5\nresponse USER=E5 STATUS=APPROVED DUE=2025-05-01
             mapping USER=E5 AT=8\nmapping USER=E6",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let names = [
            "accesses",
            "accesses_approved",
            "accesses_revoked",
            "accesses_pending",
            "accesses_other",
            "never_asked",
            "orphans",
            "without_application",
        ];
        assert_eq!(counts(&told, &names), [7, 1, 1, 1, 1, 3, 1, 1], "{}", world.name);
        let listed: Vec<(&str, &str)> = told["accesses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|access| (access["user_id"].as_str().unwrap(), access["review"].as_str().unwrap()))
            .collect();
        let expected = [
            ("E2", "revoked and still there"),
            ("E3", "pending"),
            ("E5", "never asked"),
            ("E5", "never asked"),
            ("E6", "never asked"),
        ];
        assert_eq!(listed, expected);
        let all = report(&world, "report --all --as-of 2026-11-30");
        assert_eq!(counts(&all, &["accesses", "never_asked"]), [7, 2]);
    }
}

#[test]
fn report_names_managers_who_answer_for_themselves_or_approve_everything() {
    for world in worlds() {
        for n in 1..=5 {
            world.put(&format!(
                "staff ID=E{n} MGR=M1\nresponse USER=E{n} STATUS=APPROVED DUE=2026-05-01"
            ));
        }
        world.put(
            "staff ID=E6 MGR=e6\nresponse USER=E6 DUE=2026-05-01\nstaff ID=M2\nresponse USER=M2 STATUS=PENDING DUE=2026-05-01",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-05-11");
        let mut found = findings(&told);
        found.retain(|(kind, _)| !["never_asked", "orphan", "without_application"].contains(kind));
        let expected = [
            ("self_managed", "E6"),
            ("unknown_manager", "M2"),
            ("approves_all", "M1"),
            ("departed_manager", "M1"),
            ("departed_manager", "e6"),
        ];
        found.sort_unstable();
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        assert_eq!(found, sorted, "{}", world.name);
        let managers = told["figures"]["line_managers"].as_array().unwrap();
        assert_eq!(managers[0]["unanswered"], 1);
        assert_eq!(managers[0]["oldest_days"], 10);
    }
}

#[test]
fn report_measures_the_days_to_removal_against_what_was_promised() {
    let world = World::sqlite();
    for (n, due) in (1..).zip(["2030-06-15", "2030-06-14", "2030-06-13", "2030-06-05"]) {
        world.put(&format!("mapping USER=E{n}\nresponse USER=E{n} DUE={due}"));
    }
    ok(&world.run("revoke"));
    let removal = &report(&world, "report --year 2030")["figures"]["removal"];
    let expected = serde_json::json!({
        "executed": 4, "median_days": 1, "p95_days": 10, "longest_days": 10, "sla_days": 1, "within_sla": 2,
    });
    assert_eq!(*removal, expected);
}

#[test]
fn report_says_of_which_day_the_access_is_whatever_day_is_named() {
    for world in worlds() {
        world.put("mapping\nresponse STATUS=PENDING DUE=2026-11-29");
        let told = &report(&world, "report --year 2026 --as-of 2026-11-30")["verdict"];
        let sentence = told["sentence"].as_str().unwrap();
        assert!(sentence.starts_with("On 2026-11-30, 1 access stands. "), "{sentence}");
        let note =
            "The access shown is that of 2030-06-15, not of 2026; what is due goes by 2026-11-30.";
        assert_eq!(told["note"], note, "{}", world.name);
        assert_eq!(report(&world, "report --year 2030")["verdict"]["note"], Json::Null);
    }
}

#[test]
fn report_looks_whether_a_response_is_active_whatever_type_says_so() {
    let world = World::sqlite(); // The stand-in compares no text with a number, as Oracle would.
    world.define("ALTER TABLE recreate_response DROP COLUMN is_active");
    world.define("ALTER TABLE recreate_response ADD is_active VARCHAR2(1)");
    world.put("mapping\nresponse DUE=2026-11-01");
    let state = || states(&report(&world, "report --all --as-of 2026-11-01"))[0].to_owned();
    for _ in 0..2 {
        assert_eq!(state(), "access remains");
        let run = world.run("revoke --as-of 2026-11-01").summary.run_id;
        assert_eq!(state(), format!("executed on 2030-06-15 by run {run}"));
        ok(&world.run(&format!("restore {run}")));
    }
}

#[test]
fn report_asks_nobody_for_an_answer_that_a_run_did_not_wait_for() {
    for mut world in worlds() {
        world.config.revoke.unanswered = Unanswered::Revoke;
        world.put(
            "staff ID=E1 MGR=M1\nmapping\nresponse STATUS=PENDING DUE=2026-05-01
             response STATUS=PENDING DUE=2026-12-01 AT=8",
        );
        ok(&world.run("revoke --as-of 2026-11-30"));
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let manager = &told["figures"]["line_managers"][0];
        assert_eq!((&manager["open"], &manager["unanswered"]), (&1.into(), &0.into()), "{told}");
        let message = "the line manager of 2 responses is not in USER_TAB";
        assert!(has_finding(&told, "departed_manager", message), "{told}");
    }
}

#[test]
fn report_tells_revoked_access_that_is_still_there_from_access_that_is_not_due_yet() {
    let world = World::sqlite();
    world.put(
        "mapping USER=E1\nresponse USER=E1 DUE=2026-05-01
         mapping USER=E2\nresponse USER=E2 DUE=2026-12-01
         mapping USER=E3\nresponse USER=E3 DUE=2026-12-01 ACTIVE=0
         response USER=E4 DUE=2026-05-01",
    );
    let told = report(&world, "report --year 2026 --as-of 2026-11-30");
    let sentence = told["verdict"]["sentence"].as_str().unwrap();
    let wanted = "4 were revoked: 1 is gone, 3 are still there (2 not due yet), 0 came back.";
    assert!(sentence.contains(wanted), "{sentence}");
    let revoked =
        serde_json::json!({"gone": 1, "still_there": 3, "still_there_not_due": 2, "came_back": 0});
    assert_eq!(told["figures"]["revoked"], revoked);
}

#[test]
fn report_shows_a_response_once_however_often_its_person_stands_in_user_tab() {
    for world in worlds() {
        world.put(
            "user NAME=Old UPDATED=2024-01-01\nuser NAME=New UPDATED=2026-01-01\nuser NAME=Never
             response AT=1 DUE=2026-11-01\nresponse AT=1 DUE=2026-11-01\nresponse AT=2 DUE=2026-11-01",
        );
        ok(&world.run("revoke --as-of 2026-11-01"));
        let told = report(&world, "report --year 2026");
        assert_eq!(column(&told, "rows", "reportee_name"), ["New", "New", "New"], "{}", world.name);
        assert_eq!(counts(&told, &["population", "already_absent", "table_rows"]), [3, 3, 3]);
        let message = "3 responses are about people who stand in USER_TAB more than once; the row updated last is shown";
        assert!(has_finding(&told, "double_user", message), "{told}");
        // Those of other years are in other reports.
        world.put("response AT=1 DUE=2025-11-01");
        assert!(has_finding(&report(&world, "report --year 2026"), "double_user", message));
    }
}

#[test]
fn report_shows_a_person_who_is_not_in_user_tab_by_their_id() {
    for world in worlds() {
        world.put(
            "user ID=E2 NAME=Other\nresponse DUE=2026-11-01\nresponse USER=NULL DUE=2026-11-01",
        );
        let told = report(&world, "report --year 2026");
        assert_eq!(counts(&told, &["population"]), [2], "{}", world.name);
        assert_eq!(column(&told, "rows", "reportee_name"), [&Json::Null, &Json::Null]);
    }
}
