//! The SQL that recert uses, with Oracle's results.

use crate::util::*;
use chrono::NaiveDateTime;
use oracle::Connection;

fn people() -> (clntsh::support::Database, Connection) {
    connection(&[
        "CREATE TABLE people (id NUMBER PRIMARY KEY, name VARCHAR2(40), dept VARCHAR2(10), joined DATE, pay NUMBER(8,2))",
        "INSERT INTO people VALUES (1, 'Ada', 'X', DATE '2020-01-31', 100)",
        "INSERT INTO people VALUES (2, 'Bob  ', 'X', TO_DATE('2021-06-30 12:34:56', 'YYYY-MM-DD HH24:MI:SS'), 50.5)",
        "INSERT INTO people VALUES (3, 'Cid', NULL, NULL, NULL)",
    ])
}

fn text(conn: &Connection, expression: &str) -> Option<String> {
    one::<Option<String>>(conn, &format!("SELECT {expression} FROM dual"))
}

#[test]
fn string_functions_answer_as_oracle_does() {
    let (_db, conn) = connection(&[]);
    let cases = [
        ("UPPER('ž') || LOWER('Ä')", Some("Žä")),
        ("TRIM('  x ')", Some("x")),
        ("TRIM('   ')", None),
        ("RTRIM('x  ')", Some("x")),
        ("RTRIM('xyy', 'y')", Some("x")),
        ("TRIM(BOTH '-' FROM '--x-')", Some("x")),
        ("SUBSTR('abcdef', 2, 3)", Some("bcd")),
        ("SUBSTR('abcdef', -2)", Some("ef")),
        ("SUBSTR('abc', 0, 2)", Some("ab")),
        ("SUBSTR('abc', 5)", None),
        ("SUBSTR('abc', 1, 0)", None),
        ("REPLACE('a-b', '-')", Some("ab")),
        ("'a' || NULL || 'b'", Some("ab")),
        ("NULL || NULL", None),
        ("'' || 'x'", Some("x")),
        ("1 || '-' || 2", Some("1-2")),
        ("NVL('', 'none')", Some("none")),
        ("COALESCE(NULL, '', 'z')", Some("z")),
        ("TO_CHAR(1.50)", Some("1.5")),
        ("TO_CHAR(0.5)", Some(".5")),
        ("TO_CHAR(-0.25)", Some("-.25")),
        ("TO_CHAR(7)", Some("7")),
        ("CASE WHEN '' IS NULL THEN 'null' ELSE 'not null' END", Some("null")),
        ("CAST('abc' AS VARCHAR2(10))", Some("abc")),
    ];
    for (expression, expected) in cases {
        assert_eq!(text(&conn, expression).as_deref(), expected, "{expression}");
    }
}

#[test]
fn numbers_divide_and_round_as_oracle_does() {
    let (_db, conn) = connection(&[]);
    let cases = [
        ("7/2", "3.5"),
        ("COUNT(*)/2", "0.5"),
        ("INSTR('abcabc', 'c')", "3"),
        ("INSTR('abcabc', 'c', 4)", "6"),
        ("LENGTH('日本')", "2"),
        ("LENGTHB('日本')", "6"),
        ("ROUND(2.345, 2)", "2.35"),
        ("ROUND(5)", "5"),
        ("TRUNC(2.9)", "2"),
        ("MOD(7, 3)", "1"),
        ("TO_NUMBER('12.5')", "12.5"),
        ("SIGN(-3)", "-1"),
        ("GREATEST(1, 3, 2)", "3"),
    ];
    for (expression, expected) in cases {
        assert_eq!(text(&conn, expression).as_deref(), Some(expected), "{expression}");
    }
}

#[test]
fn dates_are_numbers_of_days_apart() {
    let (_db, conn) = connection(&[]);
    let cases = [
        ("TO_CHAR(DATE '2026-03-01' - 1, 'YYYY-MM-DD')", "2026-02-28"),
        ("TO_CHAR(DATE '2026-03-01' + 1/24, 'YYYY-MM-DD HH24:MI:SS')", "2026-03-01 01:00:00"),
        ("TO_CHAR(DATE '2026-03-01' - DATE '2026-02-01')", "28"),
        (
            "TO_CHAR(TRUNC(TO_DATE('2026-03-05 23:59:59', 'YYYY-MM-DD HH24:MI:SS')), 'YYYY-MM-DD HH24:MI:SS')",
            "2026-03-05 00:00:00",
        ),
        (
            "TO_CHAR(TO_TIMESTAMP('2026-01-02T03:04:05.678', 'YYYY-MM-DD\"T\"HH24:MI:SS.FF'), 'HH24:MI:SS.FF3')",
            "03:04:05.678",
        ),
        (
            "TO_CHAR(SYS_EXTRACT_UTC(TO_TIMESTAMP_TZ('2026-01-01 02:00 +03:00', 'YYYY-MM-DD HH24:MI TZH:TZM')), 'YYYY-MM-DD HH24:MI')",
            "2025-12-31 23:00",
        ),
        ("TO_CHAR(DATE '2026-01-01' + INTERVAL '1' DAY, 'YYYY-MM-DD')", "2026-01-02"),
        ("TO_CHAR(EXTRACT(YEAR FROM DATE '2026-05-05'))", "2026"),
    ];
    for (expression, expected) in cases {
        assert_eq!(text(&conn, expression).as_deref(), Some(expected), "{expression}");
    }
}

#[test]
fn the_clock_tells_whole_seconds_or_the_instant() {
    let (_db, conn) = connection(&[]);
    #[expect(clippy::disallowed_methods, reason = "compared with the server's clock")]
    let now = chrono::Utc::now().naive_utc();
    let (date, utc): (NaiveDateTime, NaiveDateTime) =
        conn.query_row_as("SELECT SYSDATE, SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM dual", &[]).unwrap();
    assert!((date - now).num_seconds().abs() <= 5 && (utc - now).num_seconds().abs() <= 5);
    assert_eq!(date.and_utc().timestamp_subsec_nanos(), 0);
}

#[test]
fn queries_join_group_and_rank() {
    let (_db, conn) = people();
    let sql = "-- who earns most
        SELECT v.name, v.rn
          FROM (SELECT p.name, p.dept, ROW_NUMBER() OVER (PARTITION BY p.dept ORDER BY p.pay DESC) AS rn FROM people p)
               v
          LEFT JOIN (SELECT dept, COUNT(*) AS n, SUM(pay) AS s, MAX(joined) AS last FROM people GROUP BY dept) d
            ON (d.dept = v.dept)
         WHERE v.rn = 1 /* the first */ AND NOT EXISTS (SELECT 1 FROM people x WHERE x.dept = v.dept AND x.pay > 1000)
         ORDER BY v.dept NULLS FIRST
         FETCH FIRST 5 ROWS ONLY";
    let rows: Vec<(String, i64)> = conn.query_as(sql, &[]).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows, [("Cid".to_owned(), 1), ("Ada".to_owned(), 1)]);
}

#[test]
fn named_binds_may_occur_often_and_be_of_any_type() {
    let (_db, conn) = people();
    let n: i64 = conn
        .query_row_as_named(
            "SELECT COUNT(*) FROM people WHERE (:dept IS NULL OR dept = :dept) AND id IN (:a, :b, :a)
                AND (joined < :limit OR :limit IS NULL) AND pay >= :least",
            &[
                ("dept", &"X"),
                ("a", &1_i64),
                ("b", &2_i64),
                ("limit", &chrono::NaiveDate::from_ymd_opt(2021, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap()),
                ("least", &99.5_f64),
            ],
        )
        .unwrap();
    assert_eq!(n, 1);
    let n: i64 = conn
        .query_row_as_named(
            "SELECT COUNT(*) FROM people WHERE :dept IS NULL OR dept = :dept",
            &[("dept", &None::<String>)],
        )
        .unwrap();
    assert_eq!(n, 3);
}

#[test]
fn strings_and_numbers_convert_where_oracle_converts() {
    let (_db, conn) = people();
    let count = |sql: &str, value: &dyn oracle::sql_type::ToSql| -> i64 {
        conn.query_row_as_named(sql, &[("v", value)]).unwrap_or_else(|err| panic!("{sql}: {err}"))
    };
    assert_eq!(count("SELECT COUNT(*) FROM people WHERE id = :v", &"2"), 1);
    assert_eq!(count("SELECT COUNT(*) FROM people WHERE TO_CHAR(id) = :v", &2_i64), 1);
    assert_eq!(count("SELECT COUNT(*) FROM (SELECT id FROM people FETCH FIRST :v ROWS ONLY)", &2_i64), 2);
    assert_eq!(count("SELECT LENGTH(SUBSTR('abcdef', :v)) FROM dual", &3_i64), 4);
    assert_eq!(
        fails(conn.query_row_as_named::<i64>("SELECT COUNT(*) FROM people WHERE id = :v", &[("v", &"x")])),
        1722
    );
}

#[test]
fn changes_with_subqueries_touch_the_right_rows() {
    let (_db, conn) = people();
    let count = |sql: &str| conn.execute(sql, &[]).unwrap_or_else(|err| panic!("{sql}: {err}")).row_count().unwrap();
    assert_eq!(
        count(
            "UPDATE people p SET p.pay = (SELECT MAX(x.pay) FROM people x), p.name = TRIM(p.name) WHERE p.pay IS NULL"
        ),
        1
    );
    assert_eq!(count("INSERT INTO people (id, name) SELECT id + 10, name FROM people WHERE id < 3"), 2);
    assert_eq!(count("DELETE FROM people WHERE id IN (SELECT id FROM people WHERE id > 10)"), 2);
    assert_eq!(one::<i64>(&conn, "SELECT pay FROM people WHERE id = 3"), 100);
    let merge =
        "MERGE INTO people t USING (SELECT 3 AS id, 'Cyd' AS name FROM dual UNION ALL SELECT 4, 'Dee' FROM dual) s
        ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.name = s.name
        WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)";
    assert_eq!(count(merge), 2);
    assert_eq!(one::<String>(&conn, "SELECT name FROM people WHERE id = 3"), "Cyd");
}

#[test]
fn sequences_and_identities_count() {
    let (_db, conn) = connection(&[
        "CREATE SEQUENCE seq START WITH 5 INCREMENT BY 2 NOCACHE",
        "CREATE TABLE ids (id NUMBER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n NUMBER)",
        "INSERT INTO ids (n) VALUES (seq.NEXTVAL)",
        "INSERT INTO ids (n) VALUES (seq.NEXTVAL)",
    ]);
    assert_eq!(one::<String>(&conn, "SELECT MAX(id) || ':' || MAX(n) FROM ids"), "2:7");
    assert_eq!(fails(conn.execute("INSERT INTO ids (id, n) VALUES (9, 9)", &[])), 32795);
}

#[test]
fn a_cursor_outlives_commits_and_other_statements() {
    let (_db, conn) = connection(&["CREATE TABLE many (id NUMBER)"]);
    conn.execute("INSERT INTO many SELECT 1 FROM dual", &[]).unwrap();
    for _ in 0..9 {
        conn.execute("INSERT INTO many SELECT id FROM many", &[]).unwrap();
    }
    conn.commit().unwrap();
    let mut statement = conn.statement("SELECT id FROM many").fetch_array_size(10).prefetch_rows(10).build().unwrap();
    let mut n = 0;
    for row in statement.query_as::<i64>(&[]).unwrap() {
        row.unwrap();
        n += 1;
        if n % 100 == 0 {
            conn.execute("DELETE FROM many WHERE id = 2", &[]).unwrap();
            assert_eq!(fails(conn.query("SELECT nothing FROM many", &[])), 904);
            if n % 200 == 0 { conn.commit().unwrap() } else { conn.rollback().unwrap() }
        }
    }
    assert_eq!(n, 512);
}

#[test]
fn a_statement_survives_a_change_of_its_table() {
    let (_db, conn) = connection(&["CREATE TABLE grows (a NUMBER)", "INSERT INTO grows VALUES (1)"]);
    let mut statement = conn.statement("SELECT g.* FROM grows g").build().unwrap();
    assert_eq!(statement.query_row(&[]).unwrap().column_info().len(), 1);
    conn.execute("ALTER TABLE grows ADD (b VARCHAR2(10) DEFAULT 'x' NOT NULL)", &[]).unwrap();
    let mut again = conn.statement("SELECT g.* FROM grows g").build().unwrap();
    let row = again.query_row(&[]).unwrap();
    assert_eq!((row.get::<_, i64>(0).unwrap(), row.get::<_, String>(1).unwrap()), (1, "x".to_owned()));
}

#[test]
fn function_based_unique_indexes_ignore_case() {
    let (_db, conn) = connection(&[
        "CREATE TABLE mails (email VARCHAR2(50))",
        "CREATE UNIQUE INDEX mails_u ON mails (UPPER(email))",
        "INSERT INTO mails VALUES ('A@x.org')",
    ]);
    assert_eq!(fails(conn.execute("INSERT INTO mails VALUES ('a@X.org')", &[])), 1);
}
