//! A database and a connection for each test.

use clntsh::support::{self, Database};
use oracle::{Connection, Connector, Error};

/// A database of the test's own. Without PostgreSQL there is nothing to test, loudly.
pub fn database() -> Database {
    support::database().unwrap_or_else(|why| panic!("the stand-in's tests need PostgreSQL: {why}"))
}

pub fn connect(db: &Database) -> Connection {
    Connector::new(&db.user, &db.password, &db.identifier).connect().unwrap()
}

/// A connection to a fresh database in which these statements were run.
pub fn connection(statements: &[&str]) -> (Database, Connection) {
    let db = database();
    let conn = connect(&db);
    for statement in statements {
        conn.execute(statement, &[]).unwrap_or_else(|err| panic!("{statement}: {err}"));
    }
    (db, conn)
}

/// The ORA number of an error, also of one that the crate has wrapped.
pub fn ora(err: &Error) -> i32 {
    if let Some(code) = err.oci_code().filter(|code| *code != 0) {
        return code;
    }
    let text = err.to_string();
    let digits =
        text.split("ORA-").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

pub fn fails<T>(outcome: oracle::Result<T>) -> i32 {
    match outcome {
        Ok(_) => 0,
        Err(err) => ora(&err),
    }
}

pub fn one<T: oracle::sql_type::FromSql>(conn: &Connection, sql: &str) -> T {
    conn.query_row_as::<T>(sql, &[]).unwrap_or_else(|err| panic!("{sql}: {err}"))
}
