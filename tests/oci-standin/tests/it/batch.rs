//! Array DML by the crate's `Batch`.

use crate::util::*;
use oracle::Connection;

fn table() -> (clntsh::support::Database, Connection) {
    connection(&["CREATE TABLE t (id NUMBER(5) PRIMARY KEY, name VARCHAR2(4000), doc CLOB)"])
}

fn count(conn: &Connection) -> i64 {
    one(conn, "SELECT COUNT(*) FROM t")
}

#[test]
fn five_thousand_rows_go_in_and_are_counted_one_by_one() {
    let (_db, conn) = table();
    let mut batch = conn.batch("INSERT INTO t (id, name) VALUES (:id, :name)", 1000).with_row_counts().build().unwrap();
    for id in 0..5000_i64 {
        batch.append_row_named(&[("id", &id), ("name", &format!("row {id}"))]).unwrap();
    }
    batch.execute().unwrap();
    assert_eq!(count(&conn), 5000);
    let sql = "UPDATE t SET name = :name WHERE id BETWEEN :low AND :high AND name <> :name";
    let mut batch = conn.batch(sql, 3).with_row_counts().build().unwrap();
    for (low, high) in [(1_i64, 10_i64), (20_000, 30_000), (5, 12)] {
        batch.set("name", &"same").unwrap();
        batch.set("low", &low).unwrap();
        batch.append_row_named(&[("high", &high)]).unwrap();
    }
    assert_eq!(batch.row_counts().unwrap(), [10, 0, 2]);
}

#[test]
fn nulls_come_first_and_strings_grow() {
    let (_db, conn) = table();
    let mut batch =
        conn.batch("INSERT INTO t (id, name, doc) VALUES (:id, :name, :doc)", 10).with_row_counts().build().unwrap();
    let sizes = [0, 10, 100, 4000];
    for (id, size) in sizes.iter().enumerate() {
        let name = (*size > 0).then(|| "n".repeat(*size));
        let doc = (*size > 0).then(|| "d".repeat(size * 8));
        batch.append_row_named(&[("id", &(id as i64)), ("name", &name), ("doc", &doc)]).unwrap();
    }
    batch.execute().unwrap();
    assert_eq!(batch.row_counts().unwrap(), [1; 4]);
    let lengths: Vec<(Option<i64>, Option<i64>)> = conn
        .query_as("SELECT LENGTH(name), LENGTH(doc) FROM t ORDER BY id", &[])
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(lengths, [(None, None), (Some(10), Some(80)), (Some(100), Some(800)), (Some(4000), Some(32000))]);
}

#[test]
fn strings_beyond_32767_bytes_go_into_a_clob() {
    let (_db, conn) = table();
    let mut batch = conn.batch("INSERT INTO t (id, doc) VALUES (:id, :doc)", 3).with_row_counts().build().unwrap();
    let long = "é".repeat(50_000);
    for id in 0..3_i64 {
        batch.append_row_named(&[("id", &id), ("doc", &long)]).unwrap();
    }
    batch.execute().unwrap();
    assert_eq!(one::<String>(&conn, "SELECT doc FROM t WHERE id = 2"), long);
}

#[test]
fn rows_before_a_bad_one_stay() {
    let (_db, conn) = table();
    let mut batch = conn.batch("INSERT INTO t (id) VALUES (:id)", 5).with_row_counts().build().unwrap();
    let mut failure = None;
    for id in [1_i64, 2, 2, 3, 4] {
        if let Err(err) = batch.append_row_named(&[("id", &id)]) {
            failure = Some(err);
        }
    }
    assert_eq!(failure.map(|err| ora(&err)), Some(1));
    assert_eq!(batch.row_counts().unwrap(), [1, 1]);
    assert_eq!(count(&conn), 2);
    conn.rollback().unwrap();
    assert_eq!(count(&conn), 0);
}

#[test]
fn batch_errors_name_their_rows_and_the_others_go_in() {
    let (_db, conn) = table();
    let sql = "INSERT INTO t (id, name) VALUES (:id, :name)";
    let mut batch = conn.batch(sql, 6).with_batch_errors().with_row_counts().build().unwrap();
    let long = "x".repeat(4001);
    let rows: [(i64, &str); 6] = [(1, "a"), (1, "b"), (2, "c"), (100_000, "d"), (3, &long), (4, "e")];
    for (id, name) in rows {
        batch.append_row_named(&[("id", &id), ("name", &name)]).unwrap();
    }
    let err = batch.execute().unwrap_err();
    let found: Vec<(u32, i32)> = err.batch_errors().unwrap().iter().map(|e| (e.offset(), e.code())).collect();
    assert_eq!(found, [(1, 1), (3, 1438), (4, 12899)]);
    assert_eq!(batch.row_counts().unwrap(), [1, 0, 1, 0, 0, 1]);
    assert_eq!(count(&conn), 3);
}

#[test]
fn deletes_and_merges_count_each_row() {
    let (_db, conn) = table();
    for id in 1..=4_i64 {
        conn.execute("INSERT INTO t (id, name) VALUES (:1, 'x')", &[&id]).unwrap();
    }
    let mut batch = conn.batch("DELETE FROM t WHERE id > :low AND id <= :high", 2).with_row_counts().build().unwrap();
    batch.append_row_named(&[("low", &0_i64), ("high", &2_i64)]).unwrap();
    batch.append_row_named(&[("low", &0_i64), ("high", &3_i64)]).unwrap();
    assert_eq!(batch.row_counts().unwrap(), [2, 1]);
    let merge = "MERGE INTO t USING (SELECT :id AS id, :name AS name FROM dual) s ON (t.id = s.id)
        WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)";
    let mut batch = conn.batch(merge, 2).with_row_counts().build().unwrap();
    batch.append_row_named(&[("id", &4_i64), ("name", &"new")]).unwrap();
    batch.append_row_named(&[("id", &5_i64), ("name", &"five")]).unwrap();
    assert_eq!(batch.row_counts().unwrap(), [1, 1]);
    assert_eq!(one::<String>(&conn, "SELECT MIN(name) || MAX(name) FROM t"), "fivenew");
}

#[test]
fn a_batch_by_rowid_deletes_exactly_its_rows() {
    let (_db, conn) = table();
    for id in 1..=300_i64 {
        conn.execute("INSERT INTO t (id, name) VALUES (:1, 'x')", &[&id]).unwrap();
    }
    let rows: Vec<String> = conn
        .query_as("SELECT ROWIDTOCHAR(t.rowid) FROM t WHERE MOD(id, 2) = 0", &[])
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut batch = conn.batch("DELETE FROM t WHERE rowid = :row_id", rows.len()).with_row_counts().build().unwrap();
    for row in &rows {
        batch.append_row_named(&[("row_id", row)]).unwrap();
    }
    assert_eq!(batch.row_counts().unwrap(), vec![1; 150]);
    assert_eq!(count(&conn), 150);
}
