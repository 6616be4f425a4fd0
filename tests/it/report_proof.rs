//! Section 9 of the spec, a sentence a test: how a report proves its numbers, what it does with cells that nobody can
//! read, and with which number it ends.

use recert::door::exit::Exit;
use recert::door::summary::Status;
use serde_json::Value as Json;

use crate::harness::{World, ok, worlds};
use crate::report::{counts, findings, report, try_report};

#[test]
fn report_shows_a_text_that_is_no_utf_8_counts_it_and_goes_on() {
    let world = World::sqlite();
    world.put("user NAME=x\nresponse DUE=2026-11-01\nmapping AT=8");
    world.tamper("UPDATE user_tab SET employee_name = CAST(X'4DFC6C6C6572' AS TEXT)");
    let told = report(&world, "report --year 2026");
    assert_eq!(told["rows"][0]["reportee_name"], "M\u{fffd}ller");
    assert!(findings(&told).contains(&("not_utf8", "E1/7")), "{:?}", findings(&told));
    // The access of a response of another year is listed, and so is its person.
    world.tamper("DELETE FROM map_rap_user_role");
    world.put("mapping");
    let other_year = report(&world, "report --year 2027");
    assert_eq!(other_year["accesses"][0]["user_name"], "M\u{fffd}ller");
    assert!(findings(&other_year).contains(&("not_utf8", "E1/7")), "{:?}", findings(&other_year));
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
fn report_that_does_not_reconcile_ends_with_6_and_its_files_say_so() {
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
    let outcome = try_report(&world, &command).unwrap();
    assert_eq!(outcome.exit(), Exit::Evidence);
    let said = outcome.summary.error.unwrap();
    assert!(said.contains("rows of RECREATE_RESPONSE 3 ≠ population 2"), "{said}");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 3, "{files:?}");
    for csv in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "csv")) {
        assert!(std::fs::read_to_string(csv).unwrap().contains("# NOT PROVEN,"), "{csv:?}");
    }
}

#[test]
fn report_counts_an_empty_due_date_as_none() {
    let world = World::sqlite();
    world.put("response DUE=2026-11-01\nresponse USER=E2");
    world.tamper(
        "UPDATE recreate_response SET recertification_due_date = '' WHERE reportees_id = 'E2'",
    );
    let told = report(&world, "report --year 2026");
    assert_eq!(counts(&told, &["population", "undated", "table_rows"]), [1, 1, 2]);
    assert_eq!(told["evidence"]["proven"], true, "{told}");
}

#[test]
fn report_holds_the_number_that_it_ends_with() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31");
    world.recert_ok("revoke --as-of 2026-01-31");
    world.tamper("UPDATE recert_change SET why = 'x'");
    let output = world.recert("report --all --format json").output().unwrap();
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &told["summary"]["exit_code"]), (Some(6), &6.into()));
    assert!(told["summary"]["error"].as_str().unwrap().starts_with("evidence (6)"), "{told}");
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
        let outcome =
            try_report(&world, &format!("report --all --out {}", path.display())).unwrap();
        assert_eq!(outcome.summary.status, Status::Unchanged);
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
    let path = folder.join("recertification-2026_2030-06-15.csv");
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
