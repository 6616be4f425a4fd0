//! Imports as runs: limits, previews, saved plans, standard input, own database, two at once, a crash in the middle.

use std::io::Write as _;
use std::process::Stdio;

use recert::door::commands::migrate;
use recert::door::config::DatabaseConfig;
use recert::door::exit::Exit;
use serde_json::Value as Json;

use super::{DAY, counts, file, import, import_of};
use crate::harness::{World, exit, ok, printed, worlds};
use crate::import_files::harness::people_file;

/// `n` people in the file, of whom the first `absent` are left out.
fn rows(n: usize, absent: usize) -> Vec<String> {
    (absent..n).map(|n| format!("id=P{n}|email=p{n}@x")).collect()
}

fn import_rows(world: &World, rows: &[String], rest: &str) -> recert::door::run::Ended {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let command = import_of(world, &rows);
    world.run(&format!("{command} {rest}"))
}

#[test]
fn the_limit_counts_people_marked_and_purged_of_all_people() {
    for mut world in worlds() {
        world.config.limits.import_users.floor = 10;
        world.put("org");
        ok(&import_rows(&world, &rows(110, 0), ""));
        world.tamper(
            "UPDATE pm_user SET to_delete = 1, delete_at = imported_at WHERE id IN ('P0', 'P1')",
        );
        // 2 purged and 10 marked of 110 are 12: above the floor and above 10 %.
        let ended = import_rows(&world, &rows(110, 12), "");
        assert_eq!(exit(&ended), Exit::Refused);
        assert!(ended.summary.error.unwrap().contains("12 of 110 rows"));
        assert_eq!(world.one("SELECT COUNT(*) FROM pm_user WHERE to_delete = 1"), "2");
        let ended = import_rows(&world, &rows(110, 11), "");
        ok(&ended);
        assert_eq!(counts(&ended), "rows=99 unchanged=99 marked=9 purged=2");
        // Marks that are there already don't count again, but what was taken today does.
        assert_eq!(exit(&import_rows(&world, &rows(110, 20), "")), Exit::Refused);
        world.config.limits.import_users.hours = 0;
        let ended = import_rows(&world, &rows(110, 20), "");
        ok(&ended);
        assert_eq!(ended.summary.counts.get("marked"), 9);
    }
}

#[test]
fn a_preview_says_who_and_why_in_every_format_and_writes_nothing() {
    let world = World::sqlite();
    world.put("org\nperson CITY=Bern\nperson ID=U2 EMAIL=b@x\nperson ID=U3 EMAIL=c@x DEL=1 DELETE_AT=2026-01-01");
    let before = world.dump("pm_user");
    let path = file(&world, "users.csv", &people_file(&["", "id=U9|email=n@x|lastName=O'Neil"]));
    let preview = |format: &str| {
        let command = format!("preview --format {format} import-users {} {DAY}", path.display());
        let output = world.recert(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = preview("text");
    for line in [
        r#"update PM_USER U1 {"CITY":"Zürich","#,
        r#" was {"CITY":"Bern","IMPORTED_AT":"2026-01-01"}: changed in the file"#,
        "update PM_USER U2 {\"TO_DELETE\":1,",
        "no longer in the file",
        "delete PM_USER U3: purged",
        "insert PM_USER U9 {\"ID\":\"U9\",",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let json: Json = serde_json::from_str(&preview("json")).unwrap();
    let changes = json["changes"].as_array().unwrap();
    let update = changes.iter().find(|change| change["key"] == "U1").unwrap();
    assert_eq!(
        (&update["before"]["CITY"], &update["after"]["CITY"]),
        (&"Bern".into(), &"Zürich".into())
    );
    let purge = changes.iter().find(|change| change["key"] == "U3").unwrap();
    assert!(purge["before"].is_null() && purge["after"].is_null());
    assert!(preview("csv").contains("insert") && preview("csv").contains("no longer in the file"));
    let sql = preview("sql");
    assert!(sql.contains("'O''Neil'") && sql.contains("DELETE FROM pm_user"), "{sql}");
    assert_eq!(world.dump("pm_user"), before);
    assert_eq!(world.dump("recert_run").len(), 0);
}

#[test]
fn a_saved_plan_is_applied_to_the_letter_also_with_generated_ids() {
    let world = World::sqlite();
    world.put("org\nperson\nperson ID=U2 EMAIL=b@x");
    let rows = ["id=|email=new@x", "id=U2|email=other@x", ""];
    let path = file(&world, "users.csv", &people_file(&rows));
    let plan = world.folder.path().join("plan.json");
    let command = format!("preview import-users {} --save {}", path.display(), plan.display());
    assert_eq!(world.recert(&command).output().unwrap().status.code(), Some(0));
    let apply = format!("import-users {} --plan {}", path.display(), plan.display());
    let output = world.recert(&apply).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "4");

    // The same name with other bytes is another plan.
    file(&world, "users.csv", &people_file(&rows[..2]));
    let output = world.recert(&apply).output().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(Exit::BadInput.code())));
}

#[test]
fn the_ledger_holds_the_files_name_and_sha256_and_no_personal_data_but_images() {
    let world = World::sqlite();
    world.put("org");
    let ended = import(&world, &["firstName=Zoë|lastName=Unmistakable|email=zoe@x"]);
    ok(&ended);
    let parameters: Json =
        serde_json::from_str(&world.one("SELECT parameters FROM recert_run")).unwrap();
    assert_eq!(parameters["file"], "users.csv");
    assert_eq!(parameters["sha256"].as_str().unwrap().len(), 64);
    let told = world.dump("recert_run").concat() + &world.dump("recert_change").concat();
    assert!(!told.contains("Unmistakable") && !told.contains("zoe@x"));
    assert!(world.dump("recert_image").concat().contains("Unmistakable"));
}

#[test]
fn a_dash_reads_standard_input_for_the_plan_and_the_ledger() {
    let world = World::sqlite();
    world.put("org");
    let mut process = world
        .recert("import-users - --output json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(people_file(&["", "id=|email=b@x"]).as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let summary: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["created"], 2);
    let parameters = world.one("SELECT parameters FROM recert_run");
    assert!(parameters.contains(r#""file":"-","sha256":""#), "{parameters}");
}

#[test]
fn imports_work_on_a_database_of_their_own() {
    let mut world = World::sqlite();
    let url = format!("sqlite:{}", world.folder.path().join("pm.db").display());
    world.config.import.database = Some(DatabaseConfig { url, ..DatabaseConfig::default() });
    let args = migrate::Args { base_tables: true, ..migrate::Args::default() };
    migrate::run(&args, &world.context()).unwrap();
    let own = world.config.import.database.clone().unwrap();
    let main = std::mem::replace(&mut world.config.database, own);
    world.put("org");
    world.config.database = main;
    let ended = import(&world, &[""]);
    ok(&ended);
    assert_eq!(counts(&ended), "rows=1 created=1");
    assert_eq!(world.dump("recert_run").len(), 0, "the ledger is where the people are");
    world.config.database = world.config.import.database.clone().unwrap();
    assert_eq!(world.dump("recert_run").len(), 1);
    assert_eq!(world.dump("pm_user").len(), 1);
    let there: Vec<String> = world
        .query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .iter()
        .map(|row| row.text("NAME").unwrap())
        .collect();
    assert!(
        there.contains(&"RECERT_LOCK".to_lowercase()) && !there.contains(&"user_tab".to_owned())
    );
}

#[test]
fn an_import_while_another_one_runs_ends_with_76() {
    let world = World::sqlite();
    world.put("org");
    let other = world.open(); // Holds the write lock, as a run does from its first moment.
    let ended = import(&world, &[""]);
    assert_eq!(exit(&ended), Exit::Busy);
    drop(other);
    ok(&import(&world, &[""]));
}

#[test]
fn two_imports_at_once_leave_what_one_would() {
    let world = World::sqlite();
    world.put("org");
    let path = file(&world, "users.csv", &people_file(&["", "id=|email=b@x"]));
    let command = format!("import-users {} -q", path.display());
    let mut runs: Vec<_> = (0..2).map(|_| world.recert(&command).spawn().unwrap()).collect();
    for run in &mut runs {
        let code = run.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 76)), "{code:?}");
    }
    assert_eq!(world.dump("pm_user").len(), 2);
}

#[test]
fn a_failure_in_the_middle_leaves_the_old_state() {
    let world = World::sqlite();
    world.put(
        "org\nperson CITY=Bern\nperson ID=U2 EMAIL=b@x DEL=1 DELETE_AT=2026-01-01\nrole USER=U2",
    );
    world.tamper(
        "CREATE TRIGGER refuse BEFORE INSERT ON pm_user WHEN new.id = 'U9' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    let before = (world.dump("pm_user"), world.dump("pm_user_role"), world.dump("recert_change"));
    let ended = import(&world, &["", "id=U8|email=c@x", "id=U9|email=d@x"]);
    assert_eq!(exit(&ended), Exit::Failed);
    let after = (world.dump("pm_user"), world.dump("pm_user_role"), world.dump("recert_change"));
    assert_eq!(after, before);
    world.tamper("DROP TRIGGER refuse");
    let ended = import(&world, &["", "id=U8|email=c@x", "id=U9|email=d@x"]);
    assert_eq!(counts(&ended), "rows=3 created=2 updated=1 purged=1");
}

#[test]
fn more_combinations_of_columns_than_statements_are_worth_still_change_what_they_should() {
    use recert::door::import::PersonColumn;
    let columns = [
        PersonColumn::PersonnelArea,
        PersonColumn::PersonnelSubarea,
        PersonColumn::City,
        PersonColumn::Job,
        PersonColumn::Company,
        PersonColumn::NamePrefix,
        PersonColumn::JobLevel,
        PersonColumn::CompanyCode,
    ];
    for world in worlds() {
        world.put("org");
        let before: Vec<String> = (0..256).map(|n| format!("id=P{n}|email=p{n}@x|job=x")).collect();
        ok(&import_rows(&world, &before, ""));
        let after: Vec<String> = (0..256)
            .map(|n| {
                let set = columns.iter().enumerate().filter(|(bit, _)| n >> bit & 1 == 1);
                let set: String =
                    set.map(|(_, column)| format!("|{}=new", column.name())).collect();
                let job = if set.contains("|job=") { "" } else { "|job=x" };
                format!("id=P{n}|email=p{n}@x{set}{job}")
            })
            .collect();
        let ended = import_rows(&world, &after, "");
        ok(&ended);
        assert_eq!(counts(&ended), "rows=256 updated=255 unchanged=1");
        assert!(ended.plan.as_ref().unwrap().steps.len() < 120);
        assert!(printed(&ended).iter().any(|line| line.starts_with(&format!(
            "update PM_USER P128 {{\"COMPANY_CODE\":\"new\",{}}}",
            super::NOW
        ))));
        assert_eq!(counts(&import_rows(&world, &after, "")), "rows=256 unchanged=256");
    }
}
