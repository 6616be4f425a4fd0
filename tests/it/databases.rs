//! The databases at hand besides the embedded one: a real Oracle where the environment names one,
//! else the stand-in; and how many tests ran on each.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};

use clntsh::support::Database;
use recert::door::config::DatabaseConfig;
use recert::door::db::{self, SessionSpec};
use recert::door::schema;
use recert::door::sql::Sql;
use tempfile::TempDir;

use crate::control_m::repo;
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
const OF_TESTS: [&str; 8] = ["CONTRACT", "EVEN", "FILLED", "FITS", "KEPT", "ODD", "SECRETS", "T"];

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

#[test]
fn every_table_that_a_test_makes_is_dropped_again_on_a_real_oracle() {
    // These run on the embedded database, on the stand-in, or on PostgreSQL itself.
    const ELSEWHERE: [&str; 5] = ["DUAL", "PLAN_TABLE", "HEARD", "BADGE", "SEEN"];
    let mut known: BTreeSet<String> =
        schema::tables().iter().map(|table| table.name.to_owned()).collect();
    known.extend(OF_TESTS.iter().chain(&ELSEWHERE).map(|name| (*name).to_owned()));
    let mut made = BTreeSet::new();
    for path in rust_files(&repo("tests/it")) {
        // What the rules of SQL are tried on is never made.
        if path.components().any(|part| part.as_os_str() == "sql_files")
            && !path.ends_with("plans.rs")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for rest in text.split("CREATE TABLE ").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.{}".contains(c));
            let name = rest[..end.unwrap_or(rest.len())].rsplit('.').next().unwrap();
            if !name.is_empty() && !name.contains('{') {
                made.insert(name.to_uppercase());
            }
        }
    }
    made.remove("IF");
    let forgotten: Vec<_> = made.difference(&known).collect();
    assert!(forgotten.is_empty(), "not in OF_TESTS: {forgotten:?}");
    assert!(made.len() > OF_TESTS.len(), "{made:?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// `tests/oracle/run` with false programs instead of an engine, a database and cargo.
struct FalseRun {
    folder: TempDir,
}

impl FalseRun {
    fn new(engines: &[&str]) -> FalseRun {
        let run = FalseRun { folder: tempfile::tempdir().unwrap() };
        let bin = run.path("bin");
        std::fs::create_dir_all(run.path("target/tmp")).unwrap();
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(run.path("client")).unwrap();
        std::fs::write(run.path("client/libclntsh.so"), "").unwrap();
        std::fs::write(run.path("target/tmp/tests-by-database.txt"), "oracle: 9 tests\n").unwrap();
        for tool in ["bash", "env", "dirname", "mktemp", "rm", "cat", "seq", "stat", "grep", "wc"] {
            let real = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool));
            let real = real.iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(real, bin.join(tool)).unwrap();
        }
        for engine in engines {
            // The account is there at the third asking.
            run.program(
                engine,
                r#"case "$*" in
  *" up "*) exit "${UP:-0}" ;;
  *sqlplus*) [ "$(grep -c sqlplus "$LOG")" -ge "${READY:-3}" ] ;;
esac"#,
            );
        }
        run.program("sleep", "");
        run.program(
            "cargo",
            r#"echo "$RECERT_TEST_ORACLE_USERNAME at $RECERT_TEST_ORACLE_URL by $(stat -c %a "$RECERT_TEST_ORACLE_PASSWORD_FILE") $(cat "$RECERT_TEST_ORACLE_PASSWORD_FILE")" >> "$LOG"
exit 7"#,
        );
        run
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, does: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path("bin").join(name);
        let text = format!("#!/usr/bin/env bash\necho \"{name} $*\" >> \"$LOG\"\n{does}\n");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The number it ends with, what was called but for `sleep`, and what it said.
    fn end(&self, environment: &[(&str, &str)]) -> (Option<i32>, Vec<String>, String) {
        let output = std::process::Command::new("/bin/bash")
            .arg(repo("tests/oracle/run"))
            .arg("db_contract")
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("TMPDIR", self.folder.path())
            .env("LOG", self.path("log"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("RECERT_TEST_ORACLE_CLIENT_LIB_DIR", self.path("client"))
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let calls = log.lines().filter(|line| !line.starts_with("sleep")).map(str::to_owned);
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).unwrap().flatten().collect();
        assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("tmp.")));
        (output.status.code(), calls.collect(), said.concat())
    }
}

const COMPOSE: &str = "compose -f tests/oracle/compose.yaml";

#[test]
fn the_run_on_a_real_oracle_waits_for_the_account_runs_the_tests_and_tidies_up() {
    for engine in ["docker", "podman"] {
        let (code, calls, said) = FalseRun::new(&[engine]).end(&[]);
        assert_eq!(code, Some(7), "cargo's own number: {said}");
        let ask = format!(
            "{engine} {COMPOSE} exec -T oracle sqlplus -S -L recert_test/Tests-only-1@//localhost:1521/FREEPDB1"
        );
        let wanted = [
            format!("{engine} {COMPOSE} up --detach"),
            ask.clone(),
            ask.clone(),
            ask,
            "cargo test --test it -- --test-threads=1 db_contract".to_owned(),
            "recert_test at oracle://127.0.0.1:1521/FREEPDB1 by 600 Tests-only-1".to_owned(),
            format!("{engine} {COMPOSE} down --volumes"),
        ];
        assert_eq!(calls, wanted);
        assert!(said.contains("oracle: 9 tests"), "{said}");
    }
    let (_, calls, _) = FalseRun::new(&["docker"]).end(&[("KEEP", "1")]);
    assert!(!calls.iter().any(|call| call.contains(" down ")), "{calls:?}");
}

#[test]
fn the_run_on_a_real_oracle_says_what_is_missing_and_leaves_nothing_half_up() {
    let (code, calls, said) = FalseRun::new(&[]).end(&[]);
    assert_eq!((code, calls.len()), (Some(3), 0), "{said}");
    assert!(said.contains("neither docker nor podman"), "{said}");
    let no_client = [("RECERT_TEST_ORACLE_CLIENT_LIB_DIR", "/nowhere")];
    let (code, calls, said) = FalseRun::new(&["docker"]).end(&no_client);
    assert_eq!((code, calls.len()), (Some(3), 0), "{said}");
    assert!(said.contains("Instant Client"), "{said}");
    let elsewhere = FalseRun::new(&["docker"]);
    let by_path = elsewhere.path("client").display().to_string();
    let (code, ..) = elsewhere.end(&[no_client[0], ("LD_LIBRARY_PATH", &by_path)]);
    assert_eq!(code, Some(7));
    for (environment, code) in [([("UP", "9")], 9), ([("READY", "1000")], 1)] {
        let (ended, calls, said) = FalseRun::new(&["docker"]).end(&environment);
        assert_eq!(ended, Some(code), "{said}");
        assert!(!calls.iter().any(|call| call.starts_with("cargo")), "{calls:?}");
        assert_eq!(calls.last().unwrap(), &format!("docker {COMPOSE} down --volumes"));
    }
}
