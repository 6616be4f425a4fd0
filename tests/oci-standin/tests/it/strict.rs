//! What PostgreSQL would take and Oracle refuses, as the application sees it. The full list of forms is in
//! `src/sql/strict.rs`, which is tested there.

use crate::util::*;
use chrono::NaiveDate;

const T: &[&str] =
    &["CREATE TABLE t (id NUMBER, v VARCHAR2(10), d DATE, c CLOB)", "INSERT INTO t VALUES (1, 'a', SYSDATE, 'c')"];

#[test]
fn binds_must_exist_and_must_all_be_bound() {
    let (_db, conn) = connection(T);
    assert_eq!(fails(conn.query_named("SELECT id FROM t WHERE id = :a AND v = :b", &[("a", &1_i64)])), 1008);
    let mut statement = conn.statement("SELECT id FROM t WHERE id = :a").build().unwrap();
    assert_eq!(statement.bind_names(), ["A"]);
    // The crate checks names itself before OCI would answer ORA-01036.
    assert!(statement.bind("b", &1_i64).is_err());
    assert_eq!(fails(conn.query_named("SELECT id FROM t WHERE id = :size", &[("size", &1_i64)])), 1745);
    assert_eq!(fails(conn.execute_named("CREATE TABLE u (a NUMBER DEFAULT :x)", &[("x", &1_i64)])), 1027);
}

#[test]
fn statements_of_other_databases_are_refused() {
    let (_db, conn) = connection(T);
    let cases = [
        (911, "SELECT id FROM t;"),
        (923, "SELECT 1"),
        (933, "SELECT id FROM t LIMIT 1"),
        (933, "SELECT id FROM t AS x"),
        (904, "SELECT id FROM t WHERE 1 = TRUE"),
        (904, "SELECT ifnull(v, 'x') FROM t"),
        (900, "PRAGMA table_info(t)"),
        (900, "SHOW TABLES"),
        (900, "BEGIN IMMEDIATE"),
        (902, "CREATE TABLE u (a TEXT)"),
        (923, "SELECT id = 1 FROM t"),
        (920, "SELECT id FROM t WHERE id"),
        (979, "SELECT v, COUNT(*) FROM t"),
        (918, "SELECT id FROM t a, t b"),
        (936, "SELECT id, FROM t"),
        (913, "INSERT INTO t (id) VALUES (1, 2)"),
        (947, "INSERT INTO t (id, v) VALUES (1)"),
        (1789, "SELECT id FROM t UNION ALL SELECT id, v FROM t"),
        (932, "SELECT DISTINCT c FROM t"),
        (932, "SELECT id FROM t WHERE c = 'c'"),
        (932, "SELECT id FROM t ORDER BY c"),
        (942, "SELECT id FROM sqlite_master"),
    ];
    for (code, sql) in cases {
        let outcome = conn
            .statement(sql)
            .build()
            .and_then(|mut s| if s.is_query() { s.query(&[]).map(drop) } else { s.execute(&[]) });
        assert_eq!(fails(outcome), code, "{sql}");
    }
}

#[test]
fn a_string_is_no_date() {
    let (_db, conn) = connection(T);
    assert_eq!(fails(conn.query_named("SELECT id FROM t WHERE d < :d", &[("d", &"2026-01-01")])), 1861);
    assert_eq!(fails(conn.execute_named("INSERT INTO t (d) VALUES (:d)", &[("d", &"2026-01-01")])), 1861);
    conn.execute_named("INSERT INTO t (d) VALUES (:d)", &[("d", &None::<String>)]).unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    conn.query_named("SELECT id FROM t WHERE d < :d", &[("d", &day)]).unwrap();
    conn.query_named("SELECT id FROM t WHERE d < TO_DATE(:d, 'YYYY-MM-DD')", &[("d", &"2026-01-01")]).unwrap();
}

#[test]
fn an_empty_string_is_null_both_ways() {
    let (_db, conn) = connection(T);
    conn.execute_named("INSERT INTO t (id, v) VALUES (2, :v)", &[("v", &"")]).unwrap();
    conn.execute("INSERT INTO t (id, v) VALUES (3, '')", &[]).unwrap();
    conn.execute("INSERT INTO t (id, v) VALUES (4, TRIM(' '))", &[]).unwrap();
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t WHERE v IS NULL"), 3);
    assert_eq!(conn.query_row_as_named::<i64>("SELECT COUNT(*) FROM t WHERE v = :v", &[("v", &"")]).unwrap(), 0);
}

#[test]
fn a_long_text_must_not_stand_behind_a_lob() {
    let (_db, conn) = connection(&["CREATE TABLE wide (c CLOB, v VARCHAR2(4000), d CLOB)"]);
    let insert = |columns: &str, length: usize| {
        let (text, doc) = ("x".repeat(length), "y".repeat(10));
        let sql = format!("INSERT INTO wide ({columns}) VALUES (:{})", columns.replace(", ", ", :"));
        fails(conn.execute_named(&sql, &[("c", &doc), ("v", &text), ("d", &doc)]))
    };
    assert_eq!(insert("c, v, d", 1001), 24816);
    assert_eq!(insert("c, v, d", 1000), 0);
    assert_eq!(insert("v, c, d", 4000), 0);
}
