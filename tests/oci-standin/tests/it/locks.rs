//! Rows and tables held by others, lost lines, timeouts.

use crate::util::*;
use oracle::{ConnStatus, Connection};
use std::time::{Duration, Instant};

const T: &[&str] =
    &["CREATE TABLE t (id NUMBER, v NUMBER)", "INSERT INTO t VALUES (1, 0)", "INSERT INTO t VALUES (2, 0)"];

fn two() -> (clntsh::support::Database, Connection, Connection) {
    let (db, first) = connection(T);
    first.commit().unwrap();
    let second = connect(&db);
    (db, first, second)
}

#[test]
fn a_locked_row_is_busy_at_once_or_after_waiting() {
    let (_db, first, second) = two();
    first.query("SELECT id FROM t WHERE id = 1 FOR UPDATE", &[]).unwrap();
    assert_eq!(fails(second.query("SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", &[])), 54);
    assert_eq!(fails(second.query("SELECT t.id FROM t WHERE t.id = 1 FOR UPDATE OF t.id NOWAIT", &[])), 54);
    let start = Instant::now();
    assert_eq!(fails(second.query("SELECT id FROM t WHERE id = 1 FOR UPDATE WAIT 1", &[])), 30006);
    assert!(start.elapsed() >= Duration::from_millis(950));
    let free: Vec<i64> =
        second.query_as("SELECT id FROM t FOR UPDATE SKIP LOCKED", &[]).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(free, [2]);
    first.rollback().unwrap();
    second.query("SELECT id FROM t WHERE id = 1 FOR UPDATE WAIT 1", &[]).unwrap();
}

#[test]
fn a_deadlock_hits_one_of_the_two() {
    let (db, first, second) = two();
    first.execute("UPDATE t SET v = 1 WHERE id = 1", &[]).unwrap();
    second.execute("UPDATE t SET v = 1 WHERE id = 2", &[]).unwrap();
    let other = std::thread::spawn(move || {
        let code = fails(second.execute("UPDATE t SET v = 2 WHERE id = 1", &[]));
        second.rollback().unwrap();
        code
    });
    db.wait_for_waiters(1).unwrap();
    let mine = fails(first.execute("UPDATE t SET v = 2 WHERE id = 2", &[]));
    first.rollback().unwrap();
    let mut codes = [mine, other.join().unwrap()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 60]);
}

#[test]
fn ddl_on_a_table_in_use_is_busy() {
    let (_db, first, second) = two();
    first.execute("UPDATE t SET v = 1", &[]).unwrap();
    assert_eq!(fails(second.execute("ALTER TABLE t ADD (w NUMBER)", &[])), 54);
    first.commit().unwrap();
    second.execute("ALTER TABLE t ADD (w NUMBER)", &[]).unwrap();
}

#[test]
fn a_reader_holds_nothing_once_it_has_read() {
    let (_db, first, second) = two();
    assert_eq!(one::<i64>(&first, "SELECT COUNT(*) FROM t"), 2);
    second.execute("ALTER TABLE t ADD (w NUMBER)", &[]).unwrap();
}

#[test]
fn a_call_that_takes_too_long_is_timed_out_and_the_session_lives() {
    let (_db, first, second) = two();
    first.execute("UPDATE t SET v = 1", &[]).unwrap();
    second.set_call_timeout(Some(Duration::from_millis(300))).unwrap();
    let start = Instant::now();
    let err = second.execute("UPDATE t SET v = 2", &[]).unwrap_err();
    assert_eq!(err.dpi_code(), Some(1067), "{err}");
    assert!(start.elapsed() < Duration::from_secs(3));
    second.ping().unwrap();
    assert_eq!(one::<i64>(&second, "SELECT SUM(v) FROM t"), 0);
}

#[test]
fn a_break_from_another_thread_cancels() {
    let (db, first, second) = two();
    first.execute("UPDATE t SET v = 1", &[]).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| fails(second.execute("UPDATE t SET v = 2", &[])));
        db.wait_for_waiters(1).unwrap();
        second.break_execution().unwrap();
        assert_eq!(waiting.join().unwrap(), 1013);
    });
    assert_eq!(one::<i64>(&second, "SELECT SUM(v) FROM t"), 0);
}

#[test]
fn a_killed_session_is_dead_for_good_and_its_work_undone() {
    let (db, first, second) = two();
    drop(second);
    first.execute("UPDATE t SET v = 1", &[]).unwrap();
    assert_eq!(first.status().unwrap(), ConnStatus::Normal);
    db.kill_sessions().unwrap();
    let err = first.commit().unwrap_err();
    assert_eq!((err.dpi_code(), ora(&err)), (Some(1080), 28), "{err}");
    assert_eq!(first.status().unwrap(), ConnStatus::Closed);
    assert_eq!(first.ping().unwrap_err().dpi_code(), Some(1010));
    first.close().unwrap();
    assert_eq!(one::<i64>(&connect(&db), "SELECT SUM(v) FROM t"), 0);
}

#[test]
fn a_session_killed_while_it_waits_hears_of_it() {
    let (db, first, second) = two();
    first.execute("UPDATE t SET v = 1", &[]).unwrap();
    let waiting = std::thread::spawn(move || second.execute("UPDATE t SET v = 2", &[]).map(drop).unwrap_err());
    db.wait_for_waiters(1).unwrap();
    db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        .unwrap();
    let err = waiting.join().unwrap();
    assert_eq!((err.dpi_code(), ora(&err)), (Some(1080), 28), "{err}");
    first.commit().unwrap();
}

#[test]
fn a_failed_statement_holds_nothing() {
    let (_db, first, second) = two();
    assert_eq!(fails(first.query("SELECT 1/v FROM t", &[])), 1476);
    assert_eq!(fails(first.execute("UPDATE t SET v = 1/v", &[])), 1476);
    assert_eq!(fails(first.query("SELECT x FROM t", &[])), 904);
    // This one fails while it is fetched: the first row is good.
    let mut statement = first.statement("SELECT 1/(2 - id) FROM t ORDER BY id").prefetch_rows(0).build().unwrap();
    assert_eq!(fails(statement.query_row_as::<i64>(&[])), 1476);
    second.execute("ALTER TABLE t ADD (w NUMBER)", &[]).unwrap();
}

#[test]
fn tables_can_be_locked() {
    let (_db, first, second) = two();
    first.execute("LOCK TABLE t IN EXCLUSIVE MODE NOWAIT", &[]).unwrap();
    assert_eq!(fails(second.execute("LOCK TABLE t IN EXCLUSIVE MODE NOWAIT", &[])), 54);
    first.rollback().unwrap();
    second.execute("LOCK TABLE t IN EXCLUSIVE MODE NOWAIT", &[]).unwrap();
}

#[test]
fn of_ten_that_start_at_once_exactly_one_gets_the_lock() {
    let (db, first, _second) = two();
    first.commit().unwrap();
    let all_tried = std::sync::Barrier::new(10);
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let run = || {
            let conn = connect(&db);
            conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", &[]).unwrap();
            let code = fails(conn.query("SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", &[]));
            all_tried.wait();
            conn.rollback().unwrap();
            code
        };
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 54).count(), 9);
}

#[test]
fn rows_are_locked_by_a_list_of_rowids_and_found_after_others_changed_them() {
    let (_db, first, second) = two();
    let mut rowids = first.query_as::<String>("SELECT rowid FROM t ORDER BY id", &[]).unwrap();
    let (one_row, other) = (rowids.next().unwrap().unwrap(), rowids.next().unwrap().unwrap());
    second.execute("UPDATE t SET v = 5 WHERE id = 1", &[]).unwrap();
    let list = "SELECT id, v FROM t WHERE rowid IN (:a, :b) ORDER BY rowid FOR UPDATE";
    let held = |how: &str| -> oracle::Result<Vec<(i64, i64)>> {
        first.query_as::<(i64, i64)>(&format!("{list} {how}"), &[&one_row, &other])?.collect()
    };
    assert_eq!(fails(held("NOWAIT")), 54);
    assert_eq!(fails(held("WAIT 1")), 30006);
    assert_eq!(held("SKIP LOCKED").unwrap(), [(2, 0)]);
    second.commit().unwrap();
    assert_eq!(held("NOWAIT").unwrap(), [(1, 5), (2, 0)]);
    first.execute("UPDATE t SET v = 6 WHERE rowid = :a", &[&one_row]).unwrap();
    first.commit().unwrap();
    assert_eq!(one::<i64>(&second, "SELECT v FROM t WHERE id = 1"), 6);
}
