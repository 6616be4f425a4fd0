//! Section 4 of the spec: `history` and `show`, for people and for programs.

use recert::door::commands::history::{Args, list};
use serde_json::Value as Json;

use crate::harness::{World, recert};

/// A database with a revoke, an idle revoke and a failed one; and the id of the first.
fn world() -> (World, String) {
    let world = World::sqlite();
    world.put("mapping\nmapping USER=E2\nresponse MGR=2020-11-30\nresponse USER=E2 DUE=2020-11-29");
    let id = summary(&world, "revoke --as-of 2020-11-30")["run_id"].as_str().unwrap().to_owned();
    summary(&world, "revoke --as-of 2020-11-30");
    world.tamper(
        "INSERT INTO recreate_response (reportees_id, rmm_id, access_status, is_active, recertification_due_date)
         VALUES ('E9', 1, 'REVOKED', 1, 'soon')",
    );
    let failed = world.recert("revoke").output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    (world, id)
}

fn summary(world: &World, command: &str) -> Json {
    serde_json::from_str(&said(world, &format!("{command} --output json"))).unwrap()
}

/// What a command that ends with 0 puts on stdout.
fn said(world: &World, command: &str) -> String {
    let output = world.recert(command).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_format_that_is_asked_for_is_the_one_of_output_json_too() {
    let (world, id) = world();
    for command in ["history".to_owned(), format!("show {id}")] {
        let csv = said(&world, &format!("{command} --format csv"));
        assert_eq!(said(&world, &format!("{command} --format csv --output json")), csv);
        let json = said(&world, &format!("{command} --output json"));
        assert!(json.starts_with("{\"schema\""), "{json}");
    }
}

fn statuses(world: &World, filter: &str) -> Vec<String> {
    let listed = summary(world, &format!("history {filter}"));
    let runs = listed["runs"].as_array().unwrap().clone();
    runs.iter().map(|run| run["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn history_lists_the_latest_run_first() {
    let (world, id) = world();
    assert_eq!(statuses(&world, ""), ["failed", "unchanged", "applied"]);
    let text = said(&world, "history");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("began (UTC)"), "{text}");
    assert!(lines[1].contains("failed"), "{text}");
    assert!(lines[2].contains("`soon` is not a date"), "{text}");
    let last = lines.last().unwrap();
    assert!(last.contains(&id) && last.contains(" 4  "), "{text}");
    let listed = summary(&world, "history");
    assert_eq!(listed["command"], "history");
    assert_eq!(listed["runs"][2]["counts"]["mappings_deleted"], 2);
    assert_eq!(listed["runs"][2]["changes"], 4);
}

#[test]
fn history_filters_by_job_status_days_and_person() {
    let (world, _) = world();
    assert_eq!(statuses(&world, "--status applied"), ["applied"]);
    assert_eq!(statuses(&world, "--job revoke").len(), 3);
    assert_eq!(statuses(&world, "--job restore").len(), 0);
    assert_eq!(statuses(&world, "--since 2020-01-01").len(), 3);
    assert_eq!(statuses(&world, "--until 2020-01-01").len(), 0);
    assert_eq!(statuses(&world, "--since 9999-01-01").len(), 0);
    assert_eq!(statuses(&world, "--person E1"), ["applied"]);
    assert_eq!(statuses(&world, "--person E1/7"), ["applied"]);
    assert_eq!(statuses(&world, "--person E").len(), 0);
    assert_eq!(said(&world, "history --person nobody"), "no such runs\n");
    for wrong in ["history --status done", "history --since soon"] {
        assert_eq!(recert(wrong).output().unwrap().status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn history_days_are_those_of_the_configured_zone() {
    let (mut world, _) = world();
    // Midnight there is 17:00 in UTC the day before.
    world.tamper(
        "UPDATE recert_run SET started_at = '2020-11-30 18:00:00.000000' WHERE status = 'applied'",
    );
    let n_until = |world: &World, day: &str| {
        let args = Args { until: Some(day.parse().unwrap()), ..Args::default() };
        list(&args, &world.context()).unwrap().len()
    };
    assert_eq!(n_until(&world, "2020-11-30"), 1);
    world.config.time.zone = "Asia/Bangkok".to_owned();
    assert_eq!(n_until(&world, "2020-11-30"), 0);
    assert_eq!(n_until(&world, "2020-12-01"), 1);
}

#[test]
fn history_and_show_write_csv_for_programs() {
    let (world, id) = world();
    let text = said(&world, "history --format csv --status applied");
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0][0], &rows[0][1], &rows[0][11]), ("main", id.as_str(), "4"));

    let text = said(&world, &format!("show {id} --format csv"));
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0][1], &rows[0][2], &rows[0][3]), ("1", "MAP_RAP_USER_ROLE", "E1/7"));
    assert_eq!(&rows[0][8], r#"{"USER_ID":"E1","RMM_ID":7}"#);
    assert_eq!(&rows[3][9], r#"{"IS_ACTIVE":0}"#);
}

#[test]
fn show_tells_every_change_with_why_and_old_and_new_values() {
    let (world, id) = world();
    let text = said(&world, &format!("show {id}"));
    for part in [
        id.as_str(),
        "revoke, as of 2020-11-30, applied",
        "delete  MAP_RAP_USER_ROLE     E1/7                      revoked; due 2020-11-30 by the line manager's date",
        "USER_ID: \"E1\"",
        "update  RECREATE_RESPONSE     E2/7                      revoked; due 2020-11-29 by the recertification due date",
        "IS_ACTIVE: 1 -> 0",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    let shown = summary(&world, &format!("show {}", &id[..30]));
    assert_eq!(shown["run"]["run_id"], id.as_str());
    assert_eq!(shown["run"]["counts"]["due"], 2);
    assert_eq!(shown["changes"].as_array().unwrap().len(), 4);
    assert_eq!(shown["changes"][3]["before"]["IS_ACTIVE"], 1);
    assert_eq!(shown["changes"][3]["after"]["IS_ACTIVE"], 0);
}

#[test]
fn show_refuses_a_run_it_does_not_know_and_one_of_several() {
    let (world, id) = world();
    for (id, said) in
        [("ffffffff-0000", "no run `ffffffff-0000`"), ("abc", "too short"), ("", "too short")]
    {
        let output = world.recert("show").arg(id).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{id}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(said), "{told}");
    }
    // Runs of the same minute share the beginning of their ids.
    let output = world.recert(&format!("show {}", &id[..8])).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("3 runs begin with"), "{told}");
}

#[test]
fn show_lets_nothing_in_the_ledger_steer_the_terminal() {
    let world = World::sqlite();
    world.tamper(
        "INSERT INTO map_rap_user_role VALUES ('E' || char(27) || '[31m' || char(10) || 'x', 7)",
    );
    world.tamper(
        "INSERT INTO recreate_response (reportees_id, rmm_id, access_status, is_active, recertification_due_date)
         VALUES ('E' || char(27) || '[31m' || char(10) || 'x', 7, 'REVOKED', 1, '2020-01-01')",
    );
    let id = summary(&world, "revoke")["run_id"].as_str().unwrap().to_owned();
    let text = said(&world, &format!("show {id}"));
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("E\\u{1b}[31m\\nx/7"), "{text}");
}

#[test]
fn history_and_show_still_work_on_a_ledger_that_was_tampered_with() {
    let (world, id) = world();
    world.tamper("UPDATE recert_run SET counts = 'x', parameters = '{'");
    world.tamper("UPDATE recert_image SET before_image = '{x' WHERE seq = 1");
    assert_eq!(statuses(&world, "").len(), 3);
    said(&world, "history");
    assert!(said(&world, &format!("show {id}")).contains("  {x\n"));
    assert_eq!(summary(&world, &format!("show {id}"))["changes"][0]["before"], "{x");
}

#[test]
fn history_and_show_mark_a_run_that_was_inserted_or_edited() {
    let (world, id) = world();
    let listed = summary(&world, "history");
    assert_eq!(
        (&listed["runs"][2]["believed"], &listed["schema"]),
        (&true.into(), &"recert/history/1".into())
    );
    assert_eq!(summary(&world, &format!("show {id}"))["believed"], true);
    assert!(!said(&world, "history").contains("NOT TO BE BELIEVED"));
    world.tamper(
        "INSERT INTO recert_run (run_id, job, as_of, status, started_at, finished_at, os_user, host, version,
                config_sha256, parameters, counts, reason, previous_sha256, sha256)
         SELECT 'ffffffff-0000', job, as_of, status, '2040-01-01', '2040-01-01', os_user, host, version,
                config_sha256, parameters, counts, reason, sha256, 'f00d'
           FROM recert_run WHERE status = 'failed'",
    );
    world.tamper("UPDATE recert_run SET reason = 'x' WHERE status = 'unchanged'");
    let listed = summary(&world, "history");
    let believed: Vec<bool> = listed["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["believed"].as_bool().unwrap())
        .collect();
    assert_eq!(believed, [false, true, false, true], "{listed}");
    assert!(listed["runs"][0]["doubt"].as_str().unwrap().contains("does not reach it"), "{listed}");
    let text = said(&world, "history");
    assert_eq!(text.matches("NOT TO BE BELIEVED").count(), 2, "{text}");
    let text = said(&world, "show ffffffff-0000");
    assert!(text.contains("NOT TO BE BELIEVED: the ledger's chain does not reach it"), "{text}");
    // A change or an image edited alone doubts its run, and is marked itself.
    world.tamper("UPDATE recert_change SET why = 'x' WHERE seq = 2");
    let listed = summary(&world, "history");
    assert_eq!(listed["runs"][3]["believed"], false, "{listed}");
    world.tamper("UPDATE recert_image SET salt = 'x' WHERE seq = 3");
    let shown = summary(&world, &format!("show {id}"));
    assert_eq!(shown["doubt"], "change 2 does not fit its hashes");
    assert_eq!(
        (&shown["changes"][1]["fits"], &shown["changes"][2]["images"]),
        (&false.into(), &"edited".into())
    );
    let text = said(&world, &format!("show {id}"));
    assert!(
        text.contains("(EDITED: its hash does not fit)") && text.contains("(EDITED: the values"),
        "{text}"
    );
}

#[test]
fn show_and_history_carry_what_an_auditor_needs_to_recompute_every_hash() {
    let (world, id) = world();
    let shown = summary(&world, &format!("show {id}"));
    let change = &shown["changes"][3];
    let image = crate::verify::image_sha256(
        change["salt"].as_str().unwrap(),
        Some(&change["before"].to_string()),
        Some(&change["after"].to_string()),
    );
    assert_eq!(change["image_sha256"], image.as_str());
    let runs = &summary(&world, "history")["runs"];
    assert_eq!(runs[0]["previous_sha256"], runs[1]["sha256"]);
    assert_eq!(runs[1]["previous_sha256"], runs[2]["sha256"]);
}

#[test]
fn history_of_a_person_tells_everything_that_was_done_to_them_and_nobody_else() {
    let (world, id) = world();
    let listed = summary(&world, "history --person E2");
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1);
    let keys: Vec<_> = listed["runs"][0]["of_person"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["key"])
        .collect();
    assert_eq!(keys, ["E2/7", "E2/7"]);
    let text = said(&world, "history --person E2");
    assert!(text.contains("IS_ACTIVE: 1 -> 0") && !text.contains("E1/7"), "{text}");
    let text = said(&world, "history --person E2 --format csv");
    assert_eq!(text.lines().count(), 3, "{text}");
    let mut columns: Vec<_> = text.lines().next().unwrap().split(',').collect();
    columns.sort_unstable();
    assert!(columns.is_sorted_by(|a, b| a < b), "a column's name stands once: {columns:?}");
    let shown = summary(&world, &format!("show {id} --person E2"));
    assert_eq!(shown["changes"].as_array().unwrap().len(), 2);
    assert!(said(&world, &format!("show {id} --person nobody")).contains("no changes"));
}
