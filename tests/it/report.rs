//! Section 9 of the spec, a sentence a test: what the report says. `report_files.rs` is about how.

use clap::Parser as _;
use recert::cli::{Cli, Command};
use recert::commands::{Context, report};
use recert::exit::Exit;
use recert::summary::{Status, Summary};
use serde_json::Value as Json;

use crate::harness::{World, ok, worlds};

/// Runs `report` by its command line; `--out` must be in it.
pub(crate) fn try_report(world: &World, command: &str) -> anyhow::Result<Summary> {
    let cli = Cli::try_parse_from(std::iter::once("recert").chain(command.split(' '))).unwrap();
    let Command::Report(args) = &cli.command else { panic!("`{command}` is no report") };
    let as_of = cli.global.as_of;
    let context = Context { as_of, ..world.context() };
    report::run(args, &context).map(|outcome| outcome.summary)
}

/// The report as JSON.
pub(crate) fn report(world: &World, command: &str) -> Json {
    let path = world.folder.path().join("report.json");
    let command = format!("{command} --format json --out {}", path.display());
    let told = try_report(world, &command);
    told.unwrap_or_else(|error| panic!("{}: `{command}`: {}", world.name, Exit::tell(&error)));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn counts(report: &Json, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| report["summary"]["counts"][name].as_u64().unwrap()).collect()
}

/// One column of all rows.
fn column<'a>(report: &'a Json, part: &str, name: &str) -> Vec<&'a Json> {
    report[part].as_array().unwrap().iter().map(|row| &row[name]).collect()
}

/// The states of `E1`, `E2`, …, of the rows with a due date.
fn states(report: &Json) -> Vec<&str> {
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
        let finding = &told["summary"]["findings"][0];
        assert_eq!(
            (finding["kind"].as_str(), finding["key"].as_str()),
            (Some("other_status"), Some("DELEGATED"))
        );
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
            "state": "scheduled for 2026-12-24", "executed_on": null, "run_id": null,
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
fn report_says_what_is_overdue_scheduled_and_open() {
    for world in worlds() {
        world.put(
            "response USER=E1 DUE=2026-11-29\nresponse USER=E2 DUE=2026-11-30\nresponse USER=E3 DUE=2026-12-01
             response USER=E4 STATUS=PENDING DUE=2026-11-29\nresponse USER=E5 STATUS=PENDING DUE=2026-11-30
             response USER=E6 STATUS=APPROVED DUE=2026-11-29\nresponse USER=E7 ACTIVE=0 DUE=2026-11-29
             response USER=E8 STATUS=PENDING ACTIVE=0 DUE=2026-11-29",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        let expected = [
            "overdue",
            "scheduled for 2026-11-30",
            "scheduled for 2026-12-01",
            "overdue",
            "open",
            "open",
            "open",
            "open",
        ];
        assert_eq!(states(&told), expected, "{}", world.name);
        let names =
            ["overdue", "overdue_revoked", "overdue_pending", "scheduled", "executed", "open"];
        assert_eq!(counts(&told, &names), [2, 1, 1, 2, 0, 4]);
        assert_eq!(told["summary"]["findings"][0]["kind"], "unproven");
    }
}

#[test]
fn report_schedules_nothing_that_revoke_will_leave_alone() {
    for mut world in worlds() {
        world.config.revoke.access_levels = vec!["EDITOR".to_owned()];
        world.put(
            "response USER=E1 LEVEL=editor DUE=2026-12-01\nresponse USER=E2 LEVEL=VIEWER DUE=2026-12-01
             response USER=E3 LEVEL=VIEWER DUE=2026-11-01",
        );
        let told = report(&world, "report --year 2026 --as-of 2026-11-30");
        assert_eq!(
            states(&told),
            ["scheduled for 2026-12-01", "open", "overdue"],
            "{}",
            world.name
        );
    }
}

#[test]
fn report_names_the_run_that_took_the_access_and_its_day() {
    for mut world in worlds() {
        world.config.time.zone = "Pacific/Auckland".to_owned(); // 12:00 UTC is the next day there.
        world.put("mapping\nresponse DUE=2026-11-30");
        let ended = world.run("revoke --as-of 2026-11-30");
        ok(&ended);
        let told = report(&world, "report --year 2026");
        let run = ended.summary.run_id;
        assert_eq!(
            states(&told),
            [format!("executed on 2030-06-16 by run {run}")],
            "{}",
            world.name
        );
        assert_eq!(told["rows"][0]["executed_on"], "2030-06-16");
        assert_eq!(told["rows"][0]["run_id"], run);
        assert_eq!(counts(&told, &["executed"]), [1]);
    }
}

#[test]
fn report_tells_responses_of_the_same_access_apart() {
    for world in worlds() {
        world.put("response LEVEL=A DUE=2026-11-01\nresponse LEVEL=B DUE=2026-11-02\nresponse LEVEL=C DUE=2026-11-03");
        let first = world.run("revoke --as-of 2026-11-01").summary.run_id;
        let second = world.run("revoke --as-of 2026-11-02").summary.run_id;
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        let runs = column(&told, "rows", "run_id");
        assert_eq!(runs, [&Json::from(first), &second.into(), &Json::Null], "{}", world.name);
        assert_eq!(column(&told, "rows", "access_level"), ["A", "B", "C"]);
        assert_eq!(states(&told)[2], "scheduled for 2026-11-03");
    }
}

#[test]
fn report_takes_a_restored_response_for_active_again_until_another_run() {
    for world in worlds() {
        world.put("response DUE=2026-11-01");
        ok(&world.run("revoke --as-of 2026-11-01"));
        // As `restore` does it.
        world.tamper("UPDATE recreate_response SET is_active = 1");
        restored(&world);
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(states(&told), ["overdue"], "{}", world.name);
        let again = world.run("revoke --as-of 2026-11-02").summary.run_id;
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(column(&told, "rows", "run_id"), [&Json::from(again)]);
        // Somebody closes it after a second restore: no run did.
        restored(&world);
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(states(&told), ["open"], "{}", world.name);
        assert_eq!(told["summary"]["findings"][0]["kind"], "unproven");
    }
}

/// Writes the ledger rows of a restore of the one response.
fn restored(world: &World) {
    // All runs of the tests end at the same moment: then the ids say which was later.
    let latest = world.one("SELECT MAX(run_id) FROM recert_run");
    let run = format!("{}g", &latest[..35]);
    let copy = |table: &str, columns: &str, values: &str| {
        world.tamper(&format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE run_id = (SELECT MIN(run_id) FROM recert_run)"
        ));
    };
    copy(
        "recert_run",
        "run_id, job, as_of, status, started_at, finished_at, os_user, host, version, config_sha256, previous_sha256, sha256",
        &format!(
            "'{run}', 'restore', as_of, status, started_at, finished_at, os_user, host, version, config_sha256, '{run}', '{run}'"
        ),
    );
    copy(
        "recert_change",
        "run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256",
        &format!("'{run}', seq, table_name, row_key, action, why, result, image_sha256, sha256"),
    );
    copy(
        "recert_image",
        "run_id, seq, salt, before_image, after_image",
        &format!(
            "'{run}', seq, salt, REPLACE(before_image, '\"IS_ACTIVE\":1', '\"IS_ACTIVE\":0'), '{{\"IS_ACTIVE\":1}}'"
        ),
    );
}

#[test]
fn report_knows_the_run_of_ids_that_hold_anything() {
    for world in worlds() {
        for id in ["O'Brien", "a/b", "%", "Žofie 🦀", "NULL"] {
            world.put(&format!("response \"USER={id}\" DUE=2026-11-01"));
        }
        world.put("response AT=NULL DUE=2026-11-01");
        ok(&world.run("revoke --as-of 2026-11-01"));
        let told = report(&world, "report --year 2026");
        assert_eq!(counts(&told, &["executed", "open"]), [6, 0], "{}", world.name);
    }
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
        assert_eq!(counts(&told, &["population", "executed", "table_rows"]), [3, 3, 3]);
        assert_eq!(told["summary"]["findings"][0]["kind"], "double_user");
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

#[test]
fn report_reconciles_and_says_how() {
    for world in worlds() {
        world.put(
            "response DUE=2026-11-01\nresponse STATUS=APPROVED DUE=2026-11-01\nresponse STATUS=X DUE=2026-11-01
             response STATUS=NULL DUE=2026-11-01\nresponse DUE=2025-11-01\nresponse",
        );
        let told = report(&world, "report --year 2026");
        let sums = told["evidence"]["reconciliation"].as_array().unwrap();
        for sum in sums {
            let parts = sum["parts"].as_object().unwrap().values();
            let total: u64 = parts.map(|n| n.as_u64().unwrap()).sum();
            assert_eq!(sum["total"], total, "{sum}");
            assert_eq!(sum["adds_up"], true);
        }
        assert_eq!(sums[0]["of"], "population");
        assert_eq!(sums[0]["total"], 4);
        assert_eq!(sums[2]["total"], 6);
    }
}

#[test]
fn report_that_does_not_reconcile_ends_with_6_and_leaves_no_file() {
    let world = World::sqlite();
    // An index that has lost a row: who reads by it does not see the row, who reads the table does.
    let path = world.folder.path().join("recert.db");
    let batch =
        |batch: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(batch).unwrap();
    batch(
        "CREATE TABLE kept AS SELECT * FROM sqlite_master WHERE name = 'recreate_response_ix';
         PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'recreate_response_ix'",
    );
    world.put("response DUE=2026-11-01");
    batch("PRAGMA writable_schema = ON; INSERT INTO sqlite_master SELECT * FROM kept");
    world.put("response DUE=2026-11-01\nresponse DUE=2026-11-01");
    let folder = world.folder.path().join("out");
    let command = format!("report --all --format csv,xlsx --out {}/", folder.display());
    let error = try_report(&world, &command).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Evidence);
    let said = Exit::tell(&error);
    assert!(said.contains("rows of RECREATE_RESPONSE 3 ≠ population 2"), "{said}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn report_changes_nothing() {
    for world in worlds() {
        world.put("user\nmapping\nresponse DUE=2026-11-01\nresponse STATUS=PENDING DUE=2026-11-01");
        ok(&world.run("revoke --as-of 2026-11-01"));
        let tables =
            ["recreate_response", "user_tab", "map_rap_user_role", "recert_run", "recert_change"];
        let before = tables.map(|table| world.dump(table));
        let path = world.folder.path().join("r.csv");
        let summary =
            try_report(&world, &format!("report --all --out {}", path.display())).unwrap();
        assert_eq!(summary.status, Status::Unchanged);
        assert_eq!(tables.map(|table| world.dump(table)), before, "{}", world.name);
    }
}

#[test]
fn report_fails_on_a_date_it_cannot_read_and_leaves_the_old_file() {
    let world = World::sqlite();
    world.put("response DUE=2026-11-01");
    world.tamper("INSERT INTO recreate_response (reportees_id, rmm_id, recertification_due_date) VALUES ('E9', 1, '30.11.2026')");
    let folder = world.folder.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("recertification-2026.csv");
    std::fs::write(&path, "old").unwrap();
    let error =
        try_report(&world, &format!("report --year 2026 --out {}", folder.display())).unwrap_err();
    let said = Exit::tell(&error);
    assert!(
        said.contains("response of `E9/1`") && said.contains("`30.11.2026` is not a date"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}
