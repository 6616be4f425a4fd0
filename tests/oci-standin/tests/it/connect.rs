//! Logging on: identifiers, passwords, accounts; what a session says about itself.

use crate::util::*;
use clntsh::support::cluster;
use oracle::{ConnStatus, Connector};

#[test]
fn a_session_tells_who_and_what_it_is() {
    let db = database();
    let conn = Connector::new(&db.user, &db.password, &db.identifier)
        .driver_name("recert : 1.0")
        .stmt_cache_size(7)
        .connect()
        .unwrap();
    assert_eq!(conn.status().unwrap(), ConnStatus::Normal);
    assert_eq!(conn.server_version().unwrap().0.to_string(), "19.20.0.0.0");
    assert_eq!(conn.stmt_cache_size().unwrap(), 7);
    conn.ping().unwrap();
    conn.set_module("recert").unwrap();
    conn.set_action("revoke").unwrap();
    conn.set_client_identifier("run-1").unwrap();
    let sql = "SELECT SYS_CONTEXT('USERENV', 'MODULE') || ' ' || SYS_CONTEXT('USERENV', 'ACTION') || ' ' ||
                      SYS_CONTEXT('USERENV', 'CLIENT_IDENTIFIER') FROM dual";
    assert_eq!(one::<String>(&conn, sql), "recert revoke run-1");
    conn.rollback().unwrap();
    assert_eq!(one::<String>(&conn, sql), "recert revoke run-1");
    let user = db.user.to_uppercase();
    assert_eq!(one::<String>(&conn, "SELECT USER FROM dual"), user);
    assert_eq!(one::<String>(&conn, "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"), user);
    assert_eq!(one::<String>(&conn, "SELECT SYS_CONTEXT('userenv', 'service_name') FROM dual"), db.name);
    assert_eq!(fails(conn.query("SELECT SYS_CONTEXT('USERENV', 'NONSENSE') FROM dual", &[])), 2003);
    let other = connect(&db);
    let seen = "SELECT module || '/' || action || '/' || client_identifier FROM v$session WHERE module IS NOT NULL";
    assert_eq!(one::<String>(&other, seen), "recert/revoke/run-1");
}

#[test]
fn the_module_survives_a_rollback_of_its_transaction() {
    let (_db, conn) = connection(&["CREATE TABLE t (a NUMBER)", "INSERT INTO t VALUES (1)"]);
    conn.set_module("late").unwrap();
    conn.execute("INSERT INTO t VALUES (2)", &[]).unwrap();
    conn.rollback().unwrap();
    assert_eq!(one::<String>(&conn, "SELECT SYS_CONTEXT('USERENV', 'MODULE') FROM dual"), "late");
}

#[test]
fn the_library_lies_beside_the_tests() {
    assert!(clntsh::support::library_dir().join("libclntsh.so").exists());
}

#[test]
fn names_fold_as_in_oracle() {
    let db = database();
    let identifier = db.identifier.to_uppercase();
    Connector::new(db.user.to_uppercase(), &db.password, identifier).connect().unwrap();
}

#[test]
fn logging_on_fails_with_oracles_codes() {
    let db = database();
    let server = cluster().unwrap();
    let code =
        |user: &str, password: &str, identifier: &str| fails(Connector::new(user, password, identifier).connect());
    assert_eq!(code(&db.user, "wrong", &db.identifier), 1017);
    assert_eq!(code("nobody", &db.password, &db.identifier), 1017);
    assert_eq!(code(&db.user, &db.password, &format!("//{}:{}/nowhere", server.host, server.port)), 12514);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(code(&db.user, &db.password, &format!("//127.0.0.1:{free}/x")), 12541);
    assert_eq!(code(&db.user, &db.password, "no_such_alias"), 12154);
    assert_eq!(code(&db.user, &db.password, "//no-such-host.invalid:1/x"), 12545);
    db.lock_account().unwrap();
    assert_eq!(code(&db.user, &db.password, &db.identifier), 28000);
}

#[test]
fn passwords_may_be_kept_for_scram() {
    let db = database();
    db.psql(&format!("SET password_encryption = 'scram-sha-256'; ALTER ROLE {} PASSWORD 'Ünlike md5'", db.user))
        .unwrap();
    Connector::new(&db.user, "Ünlike md5", &db.identifier).connect().unwrap();
    assert_eq!(fails(Connector::new(&db.user, "wrong", &db.identifier).connect()), 1017);
}

#[test]
fn a_listener_that_never_answers_is_a_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let identifier = format!("//127.0.0.1:{port}/x?connect_timeout=1");
    assert_eq!(fails(Connector::new("a", "b", identifier).connect()), 12170);
}

#[test]
fn full_descriptors_try_their_addresses_in_turn() {
    let db = database();
    let server = cluster().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let identifier = format!(
        "(DESCRIPTION=(CONNECT_TIMEOUT=5)(ADDRESS_LIST=(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={free}))
         (ADDRESS=(PROTOCOL=TCP)(HOST={})(PORT={})))(CONNECT_DATA=(SERVICE_NAME={})))",
        server.host, server.port, db.name
    );
    Connector::new(&db.user, &db.password, identifier).connect().unwrap();
}

#[test]
fn another_schema_can_be_the_current_one() {
    let (db, conn) = connection(&["CREATE TABLE t (a NUMBER)", "INSERT INTO t VALUES (7)"]);
    conn.commit().unwrap();
    let app = db.add_user("app").unwrap();
    let guest = Connector::new(&app, &db.password, &db.identifier).connect().unwrap();
    let sql = format!("SELECT a FROM {}.t", db.user);
    assert_eq!(fails(guest.query(&sql, &[])), 942);
    conn.execute(&format!("GRANT SELECT, UPDATE ON {}.t TO {app}", db.user), &[]).unwrap();
    assert_eq!(one::<i64>(&guest, &sql), 7);
    guest.set_current_schema(&db.user.to_uppercase()).unwrap();
    assert_eq!(one::<i64>(&guest, "SELECT a FROM t"), 7);
    assert_eq!(
        one::<String>(&guest, "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"),
        db.user.to_uppercase()
    );
    assert_eq!(fails(guest.execute("DELETE FROM t", &[])), 1031);
    guest.execute(&format!("ALTER SESSION SET CURRENT_SCHEMA = {app}"), &[]).unwrap();
    assert_eq!(fails(guest.query("SELECT a FROM t", &[])), 942);
    assert_eq!(fails(guest.execute("ALTER SESSION SET CURRENT_SCHEMA = nobody_here", &[])), 1435);
    assert_eq!(one::<i64>(&guest, &sql), 7);
}
