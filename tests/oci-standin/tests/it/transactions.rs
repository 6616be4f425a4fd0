//! Commit, rollback, isolation, and what a failing statement leaves.

use crate::util::*;

const T: &[&str] =
    &["CREATE TABLE t (id NUMBER(3) PRIMARY KEY, v VARCHAR2(5) NOT NULL)", "INSERT INTO t VALUES (1, 'a')"];

#[test]
fn nothing_is_seen_by_others_before_the_commit() {
    let (db, one_) = connection(T);
    let other = connect(&db);
    assert_eq!(one::<i64>(&other, "SELECT COUNT(*) FROM t"), 0);
    one_.commit().unwrap();
    assert_eq!(one::<i64>(&other, "SELECT COUNT(*) FROM t"), 1);
    one_.execute("DELETE FROM t", &[]).unwrap();
    one_.rollback().unwrap();
    assert_eq!(one::<i64>(&one_, "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn dropping_a_connection_rolls_back() {
    let (db, conn) = connection(T);
    conn.commit().unwrap();
    conn.execute("DELETE FROM t", &[]).unwrap();
    drop(conn);
    assert_eq!(one::<i64>(&connect(&db), "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn a_failing_statement_undoes_only_itself() {
    let (_db, conn) = connection(T);
    let cases = [
        (1, "INSERT INTO t VALUES (1, 'b')"),
        (1400, "INSERT INTO t (id) VALUES (2)"),
        (1407, "UPDATE t SET v = NULL"),
        (1438, "INSERT INTO t VALUES (1000, 'b')"),
        (12899, "INSERT INTO t VALUES (2, 'toolong')"),
        (12899, "UPDATE t SET v = 'äöü'"),
        (1722, "INSERT INTO t VALUES ('x', 'b')"),
        (1476, "UPDATE t SET id = 1/0"),
        (942, "DELETE FROM nowhere"),
        (904, "UPDATE t SET w = 1"),
        (1427, "UPDATE t SET id = (SELECT 1 FROM dual UNION ALL SELECT 2 FROM dual)"),
    ];
    for (code, sql) in cases {
        assert_eq!(fails(conn.execute(sql, &[])), code, "{sql}");
    }
    conn.execute("INSERT INTO t VALUES (2, 'b')", &[]).unwrap();
    conn.commit().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 2);
}

#[test]
fn errors_point_at_their_place_in_the_statement() {
    let (_db, conn) = connection(T);
    let sql = "SELECT id,\n       wrong FROM t";
    let err = conn.query(sql, &[]).unwrap_err();
    assert_eq!(err.db_error().unwrap().offset() as usize, sql.find("wrong").unwrap());
    assert!(err.to_string().starts_with("OCI Error: ORA-00904: \"WRONG\": invalid identifier"), "{err}");
}

#[test]
fn serializable_sees_one_snapshot_and_fails_on_newer_rows() {
    let (db, conn) = connection(T);
    conn.commit().unwrap();
    conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", &[]).unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 1);
    let other = connect(&db);
    other.execute("UPDATE t SET v = 'b'", &[]).unwrap();
    other.execute("INSERT INTO t VALUES (2, 'c')", &[]).unwrap();
    other.commit().unwrap();
    assert_eq!(one::<String>(&conn, "SELECT MAX(v) || COUNT(*) FROM t"), "a1");
    assert_eq!(fails(conn.execute("UPDATE t SET v = 'x' WHERE id = 1", &[])), 8177);
    assert_eq!(fails(conn.query("SELECT id FROM t FOR UPDATE NOWAIT", &[])), 8177);
    conn.rollback().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 2);
}

#[test]
fn serializable_falls_at_the_first_row_of_a_table_and_again_and_again_in_a_long_one() {
    let (_db, conn) = connection(&["CREATE TABLE fresh (id NUMBER)"]);
    let serializable = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    conn.execute(serializable, &[]).unwrap();
    assert_eq!(fails(conn.execute("INSERT INTO fresh VALUES (1)", &[])), 8177);
    conn.rollback().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM fresh"), 0);
    // The segment is there now: a short transaction may end.
    conn.execute(serializable, &[]).unwrap();
    let outcomes: Vec<i32> =
        (0..250_i64).map(|id| fails(conn.execute("INSERT INTO fresh VALUES (:id)", &[&id]))).collect();
    assert!(outcomes.contains(&8177) && outcomes.contains(&0), "{outcomes:?}");
    conn.rollback().unwrap();
    for id in 0..250_i64 {
        conn.execute("INSERT INTO fresh VALUES (:id)", &[&id]).unwrap();
    }
}

#[test]
fn set_transaction_must_come_first() {
    let (_db, conn) = connection(T);
    assert_eq!(fails(conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", &[])), 1453);
    conn.commit().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 1);
    conn.execute("SET TRANSACTION READ ONLY", &[]).unwrap();
    assert_eq!(fails(conn.execute("DELETE FROM t", &[])), 1456);
    conn.commit().unwrap();
    conn.execute("DELETE FROM t", &[]).unwrap();
}

#[test]
fn ddl_commits() {
    let (_db, conn) = connection(T);
    conn.execute("CREATE TABLE u (id NUMBER)", &[]).unwrap();
    conn.rollback().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 1);
    assert_eq!(fails(conn.execute("CREATE TABLE u (id NUMBER)", &[])), 955);
    assert_eq!(fails(conn.execute("ALTER TABLE u ADD (id NUMBER)", &[])), 1430);
    assert_eq!(fails(conn.execute("DROP TABLE nowhere PURGE", &[])), 942);
}

#[test]
fn foreign_keys_and_checks_have_their_codes() {
    let (_db, conn) = connection(&[
        "CREATE TABLE p (id NUMBER PRIMARY KEY)",
        "CREATE TABLE c (id NUMBER REFERENCES p (id), s VARCHAR2(8) CHECK (s IN ('ON', 'OFF')))",
        "INSERT INTO p VALUES (1)",
        "INSERT INTO c VALUES (1, 'ON')",
    ]);
    assert_eq!(fails(conn.execute("INSERT INTO c VALUES (2, 'ON')", &[])), 2291);
    assert_eq!(fails(conn.execute("DELETE FROM p", &[])), 2292);
    assert_eq!(fails(conn.execute("INSERT INTO c VALUES (1, 'X')", &[])), 2290);
}

#[test]
fn a_closed_connection_can_close_with_work_undone() {
    let (db, conn) = connection(T);
    conn.commit().unwrap();
    conn.execute("DELETE FROM t", &[]).unwrap();
    conn.close().unwrap();
    assert_eq!(one::<i64>(&connect(&db), "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn a_read_only_transaction_sees_one_moment_and_changes_nothing() {
    let (db, conn) = connection(&["CREATE TABLE t (id NUMBER)", "INSERT INTO t VALUES (1)"]);
    conn.commit().unwrap();
    let other = connect(&db);
    conn.execute("SET TRANSACTION READ ONLY", &[]).unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 1);
    other.execute("INSERT INTO t VALUES (2)", &[]).unwrap();
    other.commit().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 1);
    assert_eq!(fails(conn.execute("INSERT INTO t VALUES (3)", &[])), 1456);
    assert_eq!(fails(conn.query("SELECT id FROM t FOR UPDATE NOWAIT", &[])), 1456);
    conn.rollback().unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 2);
    conn.execute("INSERT INTO t VALUES (3)", &[]).unwrap();
}

#[test]
fn a_reader_meets_a_table_that_was_altered_since_its_snapshot() {
    let (db, conn) = connection(T);
    conn.execute("CREATE TABLE u (id NUMBER)", &[]).unwrap();
    for ddl in ["ALTER TABLE t ADD w NUMBER", "ALTER TABLE t DROP COLUMN w", "DROP TABLE t"] {
        let reader = connect(&db);
        reader.execute("SET TRANSACTION READ ONLY", &[]).unwrap();
        assert_eq!(one::<i64>(&reader, "SELECT COUNT(*) FROM u"), 0);
        conn.execute(ddl, &[]).unwrap();
        assert_eq!(one::<i64>(&reader, "SELECT COUNT(*) FROM u"), 0);
        assert_eq!(fails(reader.query_row("SELECT COUNT(*) FROM t", &[])), 1466, "{ddl}");
        reader.rollback().unwrap();
    }
}
