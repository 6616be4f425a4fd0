//! Leaks of sessions, many threads.

use crate::util::*;

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
