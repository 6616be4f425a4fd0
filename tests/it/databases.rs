//! The databases at hand besides the embedded one: a real Oracle where the environment names one,
//! else the stand-in; and how many tests ran on each.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock};

use clntsh::support::Database;
use recert::door::config::DatabaseConfig;
use recert::door::db::{self, SessionSpec};
use recert::door::schema;
use recert::door::sql::Sql;
use tempfile::TempDir;

use crate::harness::{migrate, write_secret};

/// What keeps a world's Oracle alive and clean.
pub(crate) enum Oracle {
    StandIn(Box<Database>),
    Real(#[expect(dead_code, reason = "cleans up when it goes")] Box<RealOracle>),
}

/// The settings of an Oracle for one test, migrated.
pub(crate) fn oracle() -> Result<(DatabaseConfig, Oracle, TempDir), String> {
    if std::env::var_os("RECERT_TEST_WITHOUT_ORACLE").is_some() {
        return Err("left out by RECERT_TEST_WITHOUT_ORACLE".to_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    if let Some(config) = real_config() {
        let real = RealOracle::take_turn(config.clone());
        migrate(&config);
        return Ok((config, Oracle::Real(Box::new(real)), folder));
    }
    let database = template()?.copy()?;
    let config = standin_config(&database, &folder);
    Ok((config, Oracle::StandIn(Box::new(database)), folder))
}

/// What `config.database` must hold to reach this stand-in.
pub(crate) fn standin_config(database: &Database, folder: &TempDir) -> DatabaseConfig {
    let password_file = folder.path().join("password");
    write_secret(&password_file, &database.password);
    DatabaseConfig {
        url: format!("oracle:{}", database.identifier),
        username: Some(database.user.clone()),
        password_file: Some(password_file),
        ..DatabaseConfig::default()
    }
}

/// A migrated database that every other is a copy of: tables are created once a test run.
fn template() -> Result<&'static Database, String> {
    static TEMPLATE: OnceLock<Result<Database, String>> = OnceLock::new();
    let made = TEMPLATE.get_or_init(|| {
        let database = clntsh::support::database()?;
        let folder = tempfile::tempdir().unwrap();
        migrate(&standin_config(&database, &folder));
        Ok(database)
    });
    made.as_ref().map_err(Clone::clone)
}

/// `RECERT_TEST_ORACLE_URL`, `_USERNAME` and `_PASSWORD_FILE`: a schema that is the tests' own.
fn real_config() -> Option<DatabaseConfig> {
    let named = |name: &str| std::env::var(format!("RECERT_TEST_ORACLE_{name}")).ok();
    let needed = |name: &str| named(name).unwrap_or_else(|| panic!("no RECERT_TEST_ORACLE_{name}"));
    let url = named("URL")?;
    // One process loads one client library, and the stand-in's lies beside the test binary.
    let library = named("CLIENT_LIB_DIR").map(PathBuf::from).or_else(installed_client);
    let library = library.unwrap_or_else(|| needed("CLIENT_LIB_DIR").into());
    Some(DatabaseConfig {
        url,
        username: Some(needed("USERNAME")),
        password_file: Some(needed("PASSWORD_FILE").into()),
        client_lib_dir: Some(library),
        ..DatabaseConfig::default()
    })
}

fn installed_client() -> Option<PathBuf> {
    let path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let home = std::env::var_os("ORACLE_HOME").map(|home| PathBuf::from(home).join("lib"));
    std::env::split_paths(&path).chain(home).find(|dir| dir.join("libclntsh.so").exists())
}

/// The one schema on a real Oracle: a test at a time has it, and finds it empty.
pub(crate) struct RealOracle {
    config: DatabaseConfig,
    _turn: MutexGuard<'static, ()>,
}

thread_local! {
    /// Whether this test has its turn: a second would wait for the first for ever.
    static OWN_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Tables that tests make beside recert's.
const OF_TESTS: [&str; 4] = ["CONTRACT", "KEPT", "SECRETS", "T"];

impl RealOracle {
    fn take_turn(config: DatabaseConfig) -> RealOracle {
        static TURN: Mutex<()> = Mutex::new(());
        let taken = OWN_TURN.replace(true);
        assert!(!taken, "one world at a time: all of them have the one schema");
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let real = RealOracle { config, _turn: turn };
        real.clean_up();
        real
    }

    /// Drops the tables recert and the tests make, and refuses a schema that holds others.
    fn clean_up(&self) {
        let ours: Vec<&str> =
            schema::tables().iter().map(|table| table.name).chain(OF_TESTS).collect();
        let session = SessionSpec {
            action: "test".to_owned(),
            run_id: "test".to_owned(),
            writes: true,
            defines: true,
        };
        let mut db = db::open(&self.config, &session).unwrap();
        let made = |text: String| Sql::made("test".to_owned(), text);
        let query = made("SELECT table_name FROM user_tables".to_owned());
        for row in db.rows(&query, &[]).unwrap() {
            let name = row.text("TABLE_NAME").unwrap();
            assert!(
                ours.contains(&name.as_str()),
                "the schema holds the table {name}: tests on a real Oracle need one of their own"
            );
            db.define(&made(format!("DROP TABLE {name} CASCADE CONSTRAINTS PURGE"))).unwrap();
        }
    }
}

impl Drop for RealOracle {
    fn drop(&mut self) {
        OWN_TURN.set(false);
        if !std::thread::panicking() {
            self.clean_up();
        }
    }
}

/// Notes that the running test has a world on this database; the numbers are in
/// `target/tmp/tests-by-database.txt` after a run.
pub(crate) fn count(database: &str) {
    static SEEN: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let mut seen = SEEN.lock().unwrap();
    if seen.entry(database.to_owned()).or_default().insert(test) {
        let mut text = String::new();
        for (database, tests) in &*seen {
            let _ = writeln!(text, "{database}: {} tests", tests.len());
        }
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tests-by-database.txt");
        std::fs::write(path, text).unwrap();
    }
}
