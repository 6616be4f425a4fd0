//! Memory, leaks of sessions, many threads.

use crate::util::*;

fn resident_kb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn two_hundred_thousand_rows_stream_in_bounded_memory() {
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
    // Other tests of this process allocate, too; the rows themselves are more than 20 MB.
    assert!(grown < 16_000, "grew by {grown} kB");
}

#[test]
fn sessions_end_with_their_connections() {
    let db = database();
    for _ in 0..20 {
        let conn = connect(&db);
        let mut statement = conn.statement("SELECT dummy FROM dual").build().unwrap();
        let _open = statement.query(&[]).unwrap();
    }
    for _ in 0..100 {
        let left = db
            .psql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .unwrap();
        if left.trim() == "0" {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("sessions are left");
}

#[test]
fn threads_have_connections_of_their_own() {
    let (db, conn) = connection(&["CREATE TABLE t (id NUMBER PRIMARY KEY)"]);
    std::thread::scope(|scope| {
        for thread in 0..8_i64 {
            let db = &db;
            scope.spawn(move || {
                let conn = connect(db);
                for i in 0..50_i64 {
                    conn.execute("INSERT INTO t VALUES (:1)", &[&(thread * 100 + i)]).unwrap();
                }
                conn.commit().unwrap();
            });
        }
    });
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM t"), 400);
}
