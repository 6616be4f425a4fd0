//! Not a test but a measurement: `cargo test --release --test it throughput -- --ignored --nocapture`.

use crate::util::*;
use std::time::Instant;

#[test]
#[ignore = "a measurement"]
fn throughput() {
    let (db, conn) = connection(&["CREATE TABLE t (id NUMBER(9) PRIMARY KEY, a VARCHAR2(40), b NUMBER, d DATE)"]);
    let start = Instant::now();
    let mut batch = conn.batch("INSERT INTO t VALUES (:id, :a, :b, SYSDATE)", 1000).with_row_counts().build().unwrap();
    for id in 0..100_000_i64 {
        batch.append_row_named(&[("id", &id), ("a", &"some text of a row"), ("b", &(id * 3))]).unwrap();
    }
    batch.execute().unwrap();
    conn.commit().unwrap();
    println!("insert 100,000 rows by 1000: {:?}", start.elapsed());
    let start = Instant::now();
    let mut statement = conn.statement("SELECT id, a, b, d FROM t").fetch_array_size(1000).build().unwrap();
    let n = statement.query_as::<(i64, String, i64, chrono::NaiveDateTime)>(&[]).unwrap().map(Result::unwrap).count();
    println!("fetch {n} rows: {:?}", start.elapsed());
    let start = Instant::now();
    let rowids: Vec<String> =
        conn.query_as("SELECT ROWIDTOCHAR(t.rowid) FROM t", &[]).unwrap().collect::<Result<_, _>>().unwrap();
    let mut batch = conn.batch("DELETE FROM t WHERE rowid = :row_id", 1000).with_row_counts().build().unwrap();
    rowids.iter().for_each(|row| batch.append_row_named(&[("row_id", row)]).unwrap());
    batch.execute().unwrap();
    conn.rollback().unwrap();
    println!("delete 100,000 rows by rowid: {:?}", start.elapsed());
    let start = Instant::now();
    for id in 0..2000_i64 {
        conn.execute("UPDATE t SET b = 0 WHERE id = :1", &[&id]).unwrap();
    }
    println!("2000 single updates: {:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..50 {
        drop(connect(&db));
    }
    println!("50 connections: {:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..10 {
        drop(database());
    }
    println!("10 databases: {:?}", start.elapsed());
}
