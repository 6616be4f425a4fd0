//! Its own database: made by migrate, worked on by the job, apart from that of `[database]`.

use std::path::Path;

use super::{RUN, set_up};
use crate::harness::{World, ok};
use recert::door::commands::migrate::{self, ScriptFormat};
use recert::door::config::{Config, DatabaseConfig};
use recert::door::db::{self, SessionSpec};

const OPS: [&str; 4] = ["OPS_USER", "USER_SESSION", "OPS_EVENT", "OPS_DB_HISTORY"];
const RAP: [&str; 3] = ["RECREATE_RESPONSE", "MAP_RAP_USER_ROLE", "USER_TAB"];
const OWN: [&str; 4] = ["RECERT_LOCK", "RECERT_RUN", "RECERT_CHANGE", "RECERT_IMAGE"];

fn sqlite(path: &Path) -> DatabaseConfig {
    DatabaseConfig { url: format!("sqlite:{}", path.display()), ..DatabaseConfig::default() }
}

/// A config with two databases that do not exist yet.
fn two_places(folder: &Path) -> Config {
    let mut config = Config::parse("").unwrap();
    config.database = sqlite(&folder.join("rap.db"));
    config.disable_inactive.database = Some(sqlite(&folder.join("ops.db")));
    config
}

fn migrate(world: &World, args: &migrate::Args) -> Vec<(&'static str, u64)> {
    migrate::run(args, &world.context()).unwrap().summary.counts.iter().collect()
}

fn has(database: &DatabaseConfig, table: &str) -> bool {
    let session = SessionSpec {
        action: "test".to_owned(),
        run_id: "test".to_owned(),
        writes: false,
        defines: false,
    };
    !db::open(database, &session).unwrap().columns(table).unwrap().is_empty()
}

fn with_base_tables() -> migrate::Args {
    migrate::Args { base_tables: true, ..migrate::Args::default() }
}

#[test]
fn migrate_puts_each_application_into_its_own_database_with_a_ledger_each() {
    let mut world = World::sqlite();
    world.config = two_places(world.folder.path());
    let counts = migrate(&world, &with_base_tables());
    assert_eq!(counts[0], ("tables_created", 19));
    let (rap, ops) =
        (&world.config.database, world.config.disable_inactive.database.as_ref().unwrap());
    assert!(OWN.iter().all(|table| has(rap, table) && has(ops, table)));
    assert!(RAP.iter().all(|table| has(rap, table) && !has(ops, table)));
    assert!(OPS.iter().all(|table| !has(rap, table) && has(ops, table)));
    let again = migrate(&world, &with_base_tables());
    assert!(again.iter().all(|(_, n)| *n == 0), "{again:?}");
}

#[test]
fn migrate_visits_a_database_once_that_several_sections_name() {
    let mut world = World::sqlite();
    world.config = two_places(world.folder.path());
    let same = world.folder.path().join(".").join("rap.db");
    world.config.disable_inactive.database = Some(DatabaseConfig { retries: 9, ..sqlite(&same) });
    let counts = migrate(&world, &with_base_tables());
    assert_eq!(counts[0], ("tables_created", 15));
}

#[test]
fn migrate_writes_a_script_that_names_each_database() {
    let mut world = World::sqlite();
    world.config = two_places(world.folder.path());
    let out = world.folder.path().join("migrate.sql");
    let args = migrate::Args {
        format: Some(ScriptFormat::Sql),
        out: Some(out.clone()),
        ..with_base_tables()
    };
    migrate(&world, &args);
    let script = std::fs::read_to_string(out).unwrap();
    let (rap, ops) = script.split_at(script.rfind("-- recert").unwrap());
    assert!(rap.contains("rap.db`") && rap.contains("CREATE TABLE user_tab"));
    assert!(ops.contains("ops.db`") && ops.contains("CREATE TABLE ops_user"));
    assert!(!rap.contains("ops_user") && !ops.contains("user_tab"));
}

#[test]
fn disable_inactive_works_on_its_own_database_alone() {
    let mut ops = World::sqlite();
    set_up(&mut ops);
    ops.put("account CREATED=2020-01-01\nsession ACTIVE=1 LAST=2020-01-01");
    let mut main = World::sqlite();
    set_up(&mut main);
    main.put("account ID=2 CREATED=2020-01-01");
    main.config.disable_inactive.database = Some(ops.config.database.clone());

    ok(&main.run(RUN));
    assert_eq!(ops.one("SELECT status FROM ops_user WHERE id = 1"), "INACTIVE");
    assert_eq!(ops.one("SELECT COUNT(*) FROM recert_run"), "1");
    assert_eq!(main.one("SELECT status FROM ops_user WHERE id = 2"), "ACTIVE");
    assert_eq!(main.one("SELECT COUNT(*) FROM recert_run"), "0");
}

#[test]
fn config_checks_the_jobs_own_database() {
    let text = "[disable_inactive.database]\nurl = \"nowhere\"\nretires = 1\n[disable_inactive]\nactor_oidc_id = \" \"";
    let message = format!("{:#}", Config::parse(text).unwrap_err());
    for part in
        ["disable_inactive.database.url", "disable_inactive.database.retires", "actor_oidc_id"]
    {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}
