//! The dictionary views.

use crate::util::*;

const T: &[&str] = &[
    "CREATE TABLE t (id NUMBER(9) GENERATED ALWAYS AS IDENTITY, name VARCHAR2(40) NOT NULL, note VARCHAR2(10 CHAR), \
        pay NUMBER(8,2), born DATE, at TIMESTAMP(3), doc CLOB, key RAW(16), CONSTRAINT t_pk PRIMARY KEY (id), \
        CONSTRAINT t_uk UNIQUE (name, born))",
    "CREATE UNIQUE INDEX t_upper ON t (UPPER(name), pay DESC)",
];

fn rows(conn: &oracle::Connection, sql: &str) -> Vec<String> {
    conn.query_as::<String>(sql, &[]).unwrap_or_else(|err| panic!("{sql}: {err}")).collect::<Result<_, _>>().unwrap()
}

#[test]
fn columns_are_listed_in_upper_case_with_their_types() {
    let (_db, conn) = connection(T);
    let sql = "SELECT c.column_name || ' ' || c.data_type || ' ' || c.data_length || ' ' || c.data_precision || ',' ||
                      c.data_scale || ' ' || c.char_length || ' ' || c.nullable || ' ' || c.identity_column
                 FROM all_tab_columns c
                WHERE c.table_name = 'T' AND c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') ORDER BY c.column_id";
    assert_eq!(
        rows(&conn, sql),
        [
            "ID NUMBER 22 , 0 N YES",
            "NAME VARCHAR2 40 , 40 N NO",
            "NOTE VARCHAR2 40 , 10 Y NO",
            "PAY NUMBER 22 8,2 0 Y NO",
            "BORN DATE 7 , 0 Y NO",
            "AT TIMESTAMP(3) 11 ,3 0 Y NO",
            "DOC CLOB 4000 , 0 Y NO",
            "KEY RAW 16 , 0 Y NO",
        ]
    );
    assert_eq!(rows(&conn, "SELECT table_name FROM user_tables"), ["T"]);
}

#[test]
fn keys_and_indexes_are_listed_with_their_columns() {
    let (_db, conn) = connection(T);
    let keys = "SELECT c.constraint_name || ' ' || c.constraint_type || ' ' || k.column_name || ' ' || k.position
                  FROM all_constraints c JOIN all_cons_columns k ON (k.owner = c.owner AND k.constraint_name = c.constraint_name)
                 WHERE c.table_name = 'T' AND c.constraint_type IN ('P', 'U') ORDER BY 1";
    assert_eq!(rows(&conn, keys), ["T_PK P ID 1", "T_UK U BORN 2", "T_UK U NAME 1"]);
    let indexes = "SELECT i.index_name || ' ' || i.uniqueness || ' ' || c.column_name || ' ' || c.descend
                     FROM user_indexes i JOIN user_ind_columns c ON (c.index_name = i.index_name)
                    WHERE i.table_name = 'T' ORDER BY i.index_name, c.column_position";
    assert_eq!(
        rows(&conn, indexes),
        [
            "T_PK UNIQUE ID ASC",
            "T_UK UNIQUE NAME ASC",
            "T_UK UNIQUE BORN ASC",
            "T_UPPER UNIQUE SYS_NC00001$ ASC",
            "T_UPPER UNIQUE PAY DESC"
        ]
    );
}

#[test]
fn privileges_are_listed_for_those_who_have_them() {
    let (db, conn) = connection(T);
    let app = db.add_user("app").unwrap();
    conn.execute(&format!("GRANT SELECT, UPDATE ON {}.t TO {app}", db.user), &[]).unwrap();
    let guest = oracle::Connector::new(&app, &db.password, &db.identifier).connect().unwrap();
    let sql = "SELECT p.table_name || ' ' || p.privilege FROM all_tab_privs p WHERE p.grantee = USER ORDER BY 1";
    assert_eq!(rows(&guest, sql), ["T SELECT", "T UPDATE"]);
    assert_eq!(rows(&conn, sql), Vec::<String>::new());
    let privileges = rows(&guest, "SELECT privilege FROM session_privs ORDER BY privilege");
    assert_eq!(privileges, ["CREATE SEQUENCE", "CREATE SESSION", "CREATE TABLE", "CREATE VIEW"]);
    assert_eq!(rows(&guest, "SELECT table_name FROM all_tables"), ["T"]);
    assert_eq!(rows(&guest, "SELECT table_name FROM user_tables"), Vec::<String>::new());
}
