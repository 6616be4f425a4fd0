//! What is of a whole process: counters, faults, TNS_ADMIN, the session's time zone, memory. One test at a time.

#[path = "it/util.rs"]
mod util;

use clntsh::support::cluster;
use oracle::{Connection, Connector};
use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard};
use util::*;

/// The counters' file is opened once a process.
static COUNTERS: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("counters-{}", std::process::id()));
    set("OCI_STANDIN_COUNTERS", path.to_str().unwrap());
    path
});

fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let guard = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    LazyLock::force(&COUNTERS);
    set("OCI_STANDIN_FAULT", "");
    guard
}

fn set(name: &str, value: &str) {
    // Every test of this file waits for its turn, so nobody reads the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

fn read(path: &std::path::Path) -> HashMap<String, u64> {
    let text = std::fs::read_to_string(path).unwrap();
    let pairs = text.lines().map(|line| line.split_once(' ').unwrap());
    pairs.map(|(name, n)| (name.to_owned(), n.trim().parse().unwrap())).collect()
}

/// What a piece of work adds to some counters.
fn counted<const N: usize>(names: [&str; N], work: impl FnOnce()) -> [u64; N] {
    let before = read(&COUNTERS);
    work();
    let after = read(&COUNTERS);
    names.map(|name| after[name] - before[name])
}

const TRIPS: [&str; 2] = ["oracle_round_trips", "OCIStmtExecute"];

#[test]
fn round_trips_are_counted_as_a_real_client_would_make_them() {
    let _alone = alone();
    let (db, conn) = connection(&["CREATE TABLE t (id NUMBER(9))"]);
    assert_eq!(counted(TRIPS, || drop(one::<String>(&conn, "SELECT dummy FROM dual"))), [1, 1]);
    let insert = || {
        let mut batch = conn.batch("INSERT INTO t VALUES (:id)", 1000).build().unwrap();
        (0..5000_i64).for_each(|id| batch.append_row_named(&[("id", &id)]).unwrap());
    };
    assert_eq!(counted(["oracle_round_trips", "iterations", "OCIStmtPrepare2"], insert), [5, 5000, 1]);
    assert_eq!(counted(["oracle_round_trips", "OCITransCommit"], || conn.commit().unwrap()), [1, 1]);
    let fetch = || {
        let mut statement = conn.statement("SELECT id FROM t WHERE id < 1000").fetch_array_size(100).build().unwrap();
        assert_eq!(statement.query_as::<i64>(&[]).unwrap().count(), 1000);
    };
    assert_eq!(counted(["oracle_round_trips", "OCIStmtFetch2", "rows_fetched"], fetch), [12, 11, 1000]);
    let tag = || {
        conn.set_module("m").unwrap();
        conn.execute("UPDATE t SET id = id", &[]).unwrap();
    };
    assert_eq!(counted(TRIPS, tag), [1, 1]);
    assert_eq!(counted(["OCISessionBegin", "OCITransRollback"], || drop(connect(&db))), [1, 0]);
}

fn counting_table() -> (clntsh::support::Database, Connection) {
    let (db, conn) = connection(&["CREATE TABLE t (id NUMBER)"]);
    conn.execute("INSERT INTO t VALUES (1)", &[]).unwrap();
    (db, conn)
}

fn left(db: &clntsh::support::Database) -> String {
    db.psql(&format!("SELECT count(*) FROM {}.t", db.user)).unwrap().trim().to_owned()
}

#[test]
fn a_commit_that_never_arrives_leaves_nothing() {
    let _alone = alone();
    let (db, conn) = counting_table();
    set("OCI_STANDIN_FAULT", "1:commit:kill-before");
    let err = conn.commit().unwrap_err();
    assert_eq!((err.dpi_code(), ora(&err)), (Some(1080), 3113), "{err}");
    assert_eq!(left(&db), "0");
    assert_eq!(conn.ping().unwrap_err().dpi_code(), Some(1010));
}

#[test]
fn a_commit_whose_answer_is_lost_has_happened() {
    let _alone = alone();
    let (db, conn) = counting_table();
    set("OCI_STANDIN_FAULT", "1:commit:kill-after");
    let err = conn.commit().unwrap_err();
    assert_eq!((err.dpi_code(), ora(&err)), (Some(1080), 3113), "{err}");
    assert_eq!(left(&db), "1");
}

#[test]
fn the_nth_statement_that_says_so_fails_with_the_code_asked_for() {
    let _alone = alone();
    let (_db, conn) = counting_table();
    set("OCI_STANDIN_FAULT", "2:execute/INSERT INTO T:8177");
    conn.execute("INSERT INTO t VALUES (2)", &[]).unwrap();
    conn.execute("DELETE FROM t WHERE id = 2", &[]).unwrap();
    assert_eq!(fails(conn.execute("INSERT INTO t VALUES (3)", &[])), 8177);
    conn.execute("INSERT INTO t VALUES (4)", &[]).unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT SUM(id) FROM t"), 5);
}

#[test]
fn lines_break_at_logon_execution_and_fetch() {
    let _alone = alone();
    let (db, conn) = counting_table();
    conn.commit().unwrap();
    let log_on = || fails(Connector::new(&db.user, &db.password, &db.identifier).connect());
    set("OCI_STANDIN_FAULT", "1:connect:kill-before,2:connect:12514");
    assert_eq!([log_on(), log_on(), log_on()], [12537, 12514, 0]);
    set("OCI_STANDIN_FAULT", "1:fetch:kill-before");
    assert_eq!(fails(conn.query_row("SELECT id FROM t", &[])), 3113);
    let conn = connect(&db);
    set("OCI_STANDIN_FAULT", "1:execute:kill-after");
    assert_eq!(fails(conn.execute("DELETE FROM t", &[])), 3113);
    assert_eq!(left(&db), "1");
}

/// Not a test: what a child process does. It says what it gets done.
#[test]
#[ignore = "run by other tests in a process of its own"]
fn child() {
    let from = |name| std::env::var(name).unwrap();
    let conn = Connector::new(from("CHILD_USER"), from("CHILD_PASSWORD"), from("CHILD_IDENTIFIER")).connect().unwrap();
    for sql in from("CHILD_SQL").split(';') {
        let outcome = match sql.trim() {
            "COMMIT" => conn.commit(),
            sql if sql.starts_with("SELECT") => conn.query(sql, &[]).map(drop),
            sql => conn.execute(sql, &[]).map(drop),
        };
        println!("said {}", fails(outcome));
    }
}

fn run_child(db: &clntsh::support::Database, sql: &str, more: &[(&str, &str)]) -> std::process::Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env("CHILD_SQL", sql);
    command.env("CHILD_USER", &db.user).env("CHILD_PASSWORD", &db.password).env("CHILD_IDENTIFIER", &db.identifier);
    command.envs(more.iter().copied()).output().unwrap()
}

#[test]
fn a_process_killed_at_its_commit_leaves_nothing_or_all() {
    let _alone = alone();
    for (fault, rows) in [("1:commit:exit", "0"), ("1:commit:exit-after", "1")] {
        let (db, conn) = connection(&["CREATE TABLE t (id NUMBER)"]);
        drop(conn);
        let counters = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("child-{}-{rows}", std::process::id()));
        std::fs::create_dir_all(&counters).unwrap();
        let settings = [("OCI_STANDIN_FAULT", fault), ("OCI_STANDIN_COUNTERS", counters.to_str().unwrap())];
        let output = run_child(&db, "INSERT INTO t VALUES (1);COMMIT", &settings);
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        let file = std::fs::read_dir(&counters).unwrap().next().unwrap().unwrap().path();
        assert_eq!(read(&file)["OCITransCommit"], 1);
        for _ in 0..100 {
            if left(&db) == rows {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(left(&db), rows, "{fault}");
        std::fs::remove_dir_all(&counters).unwrap();
    }
}

#[test]
fn leniency_can_be_asked_for() {
    let _alone = alone();
    let db = database();
    let said = |settings: &[(&str, &str)]| {
        let output = run_child(&db, "SELECT 1 AS x LIMIT 1", settings);
        String::from_utf8_lossy(&output.stdout).lines().find(|line| line.starts_with("said")).map(str::to_owned)
    };
    assert_eq!(said(&[]).as_deref(), Some("said 933"));
    assert_eq!(said(&[("OCI_STANDIN_LENIENT", "1")]).as_deref(), Some("said 0"));
}

#[test]
fn a_typo_in_a_fault_ends_the_process() {
    let _alone = alone();
    let db = database();
    let output = run_child(&db, "COMMIT", &[("OCI_STANDIN_FAULT", "1:comit:exit")]);
    assert_eq!(output.status.signal(), Some(6), "{output:?}");
}

#[test]
fn aliases_come_from_tns_admin() {
    let _alone = alone();
    let db = database();
    let server = cluster().unwrap();
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tns-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let entry = format!(
        "recert, other =\n (DESCRIPTION = (ADDRESS = (PROTOCOL = TCP)(HOST = {})(PORT = {}))\n  (CONNECT_DATA = (SERVICE_NAME = {})))\n",
        server.host, server.port, db.name
    );
    std::fs::write(dir.join("tnsnames.ora"), entry).unwrap();
    set("TNS_ADMIN", dir.to_str().unwrap());
    Connector::new(&db.user, &db.password, "RECERT").connect().unwrap();
    assert_eq!(fails(Connector::new(&db.user, &db.password, "nobody").connect()), 12154);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_wallet_is_played_by_the_environment() {
    let _alone = alone();
    let db = database();
    let log_on = || Connector::new("", "", &db.identifier).external_auth(true).connect();
    assert_eq!(fails(log_on()), 1017);
    set("OCI_STANDIN_EXTERNAL_USER", &db.user);
    set("OCI_STANDIN_EXTERNAL_PASSWORD", &db.password);
    assert_eq!(one::<String>(&log_on().unwrap(), "SELECT USER FROM dual"), db.user.to_uppercase());
}

#[test]
fn the_sessions_time_zone_is_the_clients() {
    let _alone = alone();
    let db = database();
    let zone = |conn: &Connection| one::<String>(conn, "SELECT TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') FROM dual");
    assert_eq!(zone(&connect(&db)), "+02:00");
    set("ORA_SDTZ", "+05:30");
    let conn = connect(&db);
    assert_eq!(zone(&conn), "+05:30");
    // SYSDATE is the server's clock all the same.
    let hours = "SELECT ROUND((CAST(SYSTIMESTAMP AS DATE) - SYSDATE) * 24, 1) FROM dual";
    assert_eq!(one::<String>(&conn, hours), "5.5");
    unsafe { std::env::remove_var("ORA_SDTZ") };
}

#[test]
fn a_call_timeout_may_leave_the_session_or_take_it_along() {
    let _alone = alone();
    for (code, driver, later) in [(3136, 1067, None), (3156, 1080, Some(1010))] {
        let (_db, conn) = connection(&["CREATE TABLE t (id NUMBER)"]);
        conn.set_call_timeout(Some(std::time::Duration::from_secs(9))).unwrap();
        set("OCI_STANDIN_FAULT", &format!("1:execute/DELETE FROM t:{code}"));
        let err = conn.execute("DELETE FROM t", &[]).unwrap_err();
        assert_eq!(err.dpi_code(), Some(driver), "{err}");
        assert!(err.to_string().contains(&format!("ORA-{code:05}")), "{err}");
        let next = conn.execute("DELETE FROM t", &[]);
        assert_eq!(next.err().and_then(|err| err.dpi_code()), later);
    }
}

fn resident_kb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn two_hundred_thousand_rows_stream_in_bounded_memory() {
    let _alone = alone();
    let (db, conn) = connection(&["CREATE TABLE many (id NUMBER(9), v VARCHAR2(100))"]);
    db.psql(&format!("INSERT INTO {}.many SELECT i, repeat('x', 100) FROM generate_series(1, 200000) i", db.user))
        .unwrap();
    let mut statement =
        conn.statement("SELECT id, v FROM many").fetch_array_size(1000).prefetch_rows(1000).build().unwrap();
    let (mut n, mut sum, mut after_first) = (0_i64, 0_i64, 0);
    for row in statement.query_as::<(i64, String)>(&[]).unwrap() {
        let (id, v) = row.unwrap();
        assert_eq!(v.len(), 100);
        n += 1;
        sum += id;
        if n == 2000 {
            after_first = resident_kb();
        }
    }
    assert_eq!((n, sum), (200_000, 20_000_100_000));
    let grown = resident_kb() - after_first;
    // The rows themselves are more than 20 MB.
    assert!(grown < 16_000, "grew by {grown} kB");
}
