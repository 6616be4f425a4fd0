//! `recert migrate`: goes on where it broke off, and writes scripts without a database.

use recert::door::commands::{check, migrate};
use recert::door::config::DatabaseConfig;
use recert::door::exit::Exit;

use crate::harness::{World, recert, worlds};

#[test]
fn migrate_goes_on_after_it_broke_off_and_says_what_it_had_made() {
    let Some(world) = World::standin() else { return };
    let migrate = |fault: &str| {
        let mut run = world.recert("migrate");
        run.env("OCI_STANDIN_FAULT", fault).output().unwrap()
    };
    for table in ["recert_image", "recert_change"] {
        world.define(&format!("DROP TABLE {table}"));
    }
    let broken = migrate("*:execute/CREATE INDEX:54");
    let told = String::from_utf8(broken.stderr).unwrap();
    assert_eq!(broken.status.code(), Some(1), "{told}");
    assert!(told.contains("made and kept: schema/own/recert_change; not made:"), "{told}");
    assert!(told.contains("schema/own/recert_change_key"), "{told}");
    assert!(!told.contains("another run of this job"), "{told}");
    let again = migrate("");
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    let told = String::from_utf8(again.stdout).unwrap();
    assert!(told.contains("indexes_added"), "{told}");
    let looked = check::run(&check::Args { jobs: Vec::new() }, &world.context()).unwrap().summary;
    assert_eq!(looked.findings.iter().filter(|line| line.kind == "missing").count(), 0);
}

#[test]
fn migrate_that_changed_one_database_does_not_end_as_if_it_had_changed_nothing() {
    let mut world = World::sqlite();
    world.define("DROP TABLE recert_image");
    let elsewhere = "oracle://127.0.0.1:1/OPS?connect_timeout=1";
    world.config.disable_inactive.database = Some(DatabaseConfig {
        url: elsewhere.to_owned(),
        retries: 0,
        ..world.config.database.clone()
    });
    let error = migrate::run(&migrate::Args::default(), &world.context()).unwrap_err();
    let told = Exit::tell(&error);
    assert_eq!(Exit::of(&error), Exit::Failed, "{told}");
    assert!(
        told.contains("tables_created 1") && told.contains("run `recert migrate` again"),
        "{told}"
    );
    // Nothing was left to add: then nothing was changed.
    let error = migrate::run(&migrate::Args::default(), &world.context()).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Unavailable, "{error:#}");
}

#[test]
fn migrate_that_breaks_off_at_the_locks_says_what_it_had_made() {
    let Some(world) = World::standin() else { return };
    world.define("DROP TABLE recert_image");
    world.tamper("DELETE FROM recert_lock WHERE job = 'people'");
    let mut run = world.recert("migrate");
    let broken =
        run.env("OCI_STANDIN_FAULT", "*:execute/INSERT INTO RECERT_LOCK:3113").output().unwrap();
    let told = String::from_utf8(broken.stderr).unwrap();
    assert_eq!(broken.status.code(), Some(1), "{told}");
    assert!(told.contains("made and kept: schema/own/recert_image"), "{told}");
    assert!(told.contains("not made: the rows of RECERT_LOCK for people"), "{told}");
}

#[test]
fn migrate_writes_a_script_for_oracle_without_any_login() {
    let mut world = World::sqlite();
    world.config.database.url = "oracle://127.0.0.1:1/RAP?a=1&b=2".to_owned();
    let out = world.folder.path().join("oracle.sql");
    let args = migrate::Args {
        base_tables: false,
        format: Some(migrate::ScriptFormat::Sql),
        dialect: Some(migrate::ScriptDialect::Oracle),
        out: Some(out.clone()),
    };
    assert_eq!(migrate::run(&args, &world.context()).unwrap().summary.exit_code, 0);
    let script = std::fs::read_to_string(out).unwrap();
    assert!(script.starts_with("SET DEFINE OFF\nWHENEVER SQLERROR EXIT FAILURE ROLLBACK\n"));
    for text in ["CREATE TABLE recert_run (", "SEGMENT CREATION IMMEDIATE", "'ledger'", "COMMIT;"] {
        assert!(script.contains(text), "no `{text}` in {script}");
    }
    assert!(!script.contains("pm_user"), "an application's tables come with it: {script}");
}

#[test]
fn migrate_writes_a_script_that_an_embedded_database_takes_as_it_stands() {
    let script = recert("migrate --format sql --dialect sqlite -q").output().unwrap().stdout;
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch(std::str::from_utf8(&script).unwrap()).unwrap();
    let locks = db.query_row("SELECT COUNT(*) FROM recert_lock", [], |row| row.get::<_, u32>(0));
    assert_eq!(locks.unwrap(), 5);
}

#[test]
fn migrate_adds_the_indexes_of_the_ledger_to_a_database_that_runs_without_them() {
    for world in worlds() {
        for index in ["recert_run_sha256", "recert_run_ended"] {
            world.define(&format!("DROP INDEX {index}"));
        }
        world.put("response MGR=2026-12-01\nmapping");
        assert_eq!(world.run("revoke --as-of 2026-12-01").summary.exit_code, 0, "{}", world.name);
        let migrated = migrate::run(&migrate::Args::default(), &world.context()).unwrap().summary;
        let added: Vec<(&str, u64)> = migrated.counts.iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(added, [("indexes_added", 2)], "{}", world.name);
        assert_eq!(world.run("revoke --as-of 2026-12-01").summary.exit_code, 0, "{}", world.name);
    }
}
