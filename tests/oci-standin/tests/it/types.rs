//! Every type there and back.

use crate::util::*;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use oracle::sql_type::OracleType;

const TABLE: &str = "CREATE TABLE every_type (id NUMBER(9) PRIMARY KEY, flag NUMBER(1), amount NUMBER(10,2), n NUMBER, \
    name VARCHAR2(40), code CHAR(5), born DATE, at TIMESTAMP(6), zoned TIMESTAMP WITH TIME ZONE, doc CLOB, \
    raw_id RAW(16), image BLOB, f BINARY_DOUBLE)";

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

#[test]
fn columns_are_described_as_oracle_describes_them() {
    let (_db, conn) = connection(&[TABLE]);
    let mut statement =
        conn.statement("SELECT t.*, t.rowid, COUNT(*) OVER () AS cnt FROM every_type t").build().unwrap();
    let rows = statement.query(&[]).unwrap();
    let found: Vec<(String, OracleType)> =
        rows.column_info().iter().map(|c| (c.name().to_owned(), c.oracle_type().clone())).collect();
    let expected = [
        ("ID", OracleType::Number(9, 0)),
        ("FLAG", OracleType::Number(1, 0)),
        ("AMOUNT", OracleType::Number(10, 2)),
        ("N", OracleType::Number(0, -127)),
        ("NAME", OracleType::Varchar2(40)),
        ("CODE", OracleType::Char(5)),
        ("BORN", OracleType::Date),
        ("AT", OracleType::Timestamp(6)),
        ("ZONED", OracleType::TimestampTZ(6)),
        ("DOC", OracleType::CLOB),
        ("RAW_ID", OracleType::Raw(2000)),
        ("IMAGE", OracleType::BLOB),
        ("F", OracleType::BinaryDouble),
        ("ROWID", OracleType::Rowid),
        ("CNT", OracleType::Number(0, -127)),
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.0.as_str(), &found.1), (expected.0, &expected.1));
    }
    assert_eq!(found.len(), 15);
}

#[test]
fn every_type_survives_there_and_back() {
    let (_db, conn) = connection(&[TABLE]);
    let born: NaiveDateTime = day(1999, 12, 31).and_hms_opt(23, 59, 58).unwrap();
    let at = day(2026, 2, 28).and_hms_micro_opt(1, 2, 3, 456_789).unwrap();
    let zoned = DateTime::parse_from_rfc3339("2026-05-01T12:00:00.25+05:30").unwrap();
    let name = "O'Brien Ž, \\ \"x\" 日本".to_owned();
    let doc = "Zeile é\n".repeat(9000);
    let image: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
    let raw: Vec<u8> = (0..16).collect();
    conn.execute_named(
        "INSERT INTO every_type (id, flag, amount, n, name, code, born, at, zoned, doc, raw_id, image, f)
         VALUES (:id, :flag, :amount, :n, :name, :code, :born, :at, :zoned, :doc, :raw_id, :image, :f)",
        &[
            ("id", &1_i64),
            ("flag", &1_i64),
            ("amount", &"-12345.67"),
            ("n", &0.000125_f64),
            ("name", &name),
            ("code", &"ab"),
            ("born", &born),
            ("at", &at),
            ("zoned", &zoned),
            ("doc", &doc),
            ("raw_id", &raw),
            ("image", &image),
            ("f", &2.5_f64),
        ],
    )
    .unwrap();
    let row = conn.query_row("SELECT t.* FROM every_type t", &[]).unwrap();
    assert_eq!(row.get::<_, i64>("ID").unwrap(), 1);
    assert_eq!(row.get::<_, i64>("FLAG").unwrap(), 1);
    assert_eq!(row.get::<_, String>("AMOUNT").unwrap(), "-12345.67");
    assert_eq!(row.get::<_, f64>("N").unwrap(), 0.000125);
    assert_eq!(row.get::<_, String>("NAME").unwrap(), name);
    assert_eq!(row.get::<_, String>("CODE").unwrap(), "ab   ");
    assert_eq!(row.get::<_, NaiveDateTime>("BORN").unwrap(), born);
    assert_eq!(row.get::<_, NaiveDateTime>("AT").unwrap(), at);
    assert_eq!(row.get::<_, DateTime<FixedOffset>>("ZONED").unwrap(), zoned);
    assert_eq!(row.get::<_, String>("DOC").unwrap(), doc);
    assert_eq!(row.get::<_, Vec<u8>>("RAW_ID").unwrap(), raw);
    assert_eq!(row.get::<_, Vec<u8>>("IMAGE").unwrap(), image);
    assert_eq!(row.get::<_, f64>("F").unwrap(), 2.5);
}

#[test]
fn nulls_of_every_type_are_null_and_empty_strings_are_too() {
    let (_db, conn) = connection(&[TABLE]);
    conn.execute_named(
        "INSERT INTO every_type (id, amount, name, born, at, zoned, doc, raw_id, image, f)
         VALUES (2, :amount, :name, :born, :at, :zoned, :doc, :raw_id, :image, :f)",
        &[
            ("amount", &None::<i64>),
            ("name", &""),
            ("born", &None::<NaiveDateTime>),
            ("at", &None::<NaiveDateTime>),
            ("zoned", &None::<DateTime<FixedOffset>>),
            ("doc", &OracleType::CLOB.into_null()),
            ("raw_id", &None::<Vec<u8>>),
            ("image", &None::<Vec<u8>>),
            ("f", &None::<f64>),
        ],
    )
    .unwrap();
    let row = conn.query_row("SELECT t.* FROM every_type t WHERE name IS NULL AND t.doc IS NULL", &[]).unwrap();
    for column in ["AMOUNT", "NAME", "BORN", "AT", "ZONED", "DOC", "F"] {
        assert_eq!(row.get::<_, Option<String>>(column).unwrap(), None, "{column}");
    }
    assert_eq!(row.get::<_, Option<Vec<u8>>>("RAW_ID").unwrap(), None);
    assert_eq!(row.get::<_, Option<Vec<u8>>>("IMAGE").unwrap(), None);
}

/// The crate binds `None::<String>` as a string; a CLOB column takes it.
trait IntoNull {
    fn into_null(self) -> Option<String>;
}

impl IntoNull for OracleType {
    fn into_null(self) -> Option<String> {
        None
    }
}

#[test]
fn numbers_keep_every_digit_as_text() {
    let (_db, conn) = connection(&["CREATE TABLE nums (n NUMBER)"]);
    for text in ["12345678901234567890123456789012345678", "-0.00000000000000000001", "9.99", "0", "-1", "1000000"] {
        conn.execute("DELETE FROM nums", &[]).unwrap();
        // Bound as text: the crate's own check of NUMBER binds overflows beyond 19 digits in a debug build.
        conn.execute("INSERT INTO nums VALUES (TO_NUMBER(:1))", &[&text]).unwrap();
        assert_eq!(one::<String>(&conn, "SELECT n FROM nums"), text);
    }
}

#[test]
fn dates_have_whole_seconds_and_timestamps_microseconds() {
    let (_db, conn) = connection(&["CREATE TABLE d (a DATE, b TIMESTAMP)"]);
    let fine = day(2026, 3, 4).and_hms_micro_opt(5, 6, 7, 250_000).unwrap();
    conn.execute_named("INSERT INTO d VALUES (:a, :a)", &[("a", &fine)]).unwrap();
    let (a, b) = conn.query_row_as::<(NaiveDateTime, NaiveDateTime)>("SELECT a, b FROM d", &[]).unwrap();
    assert_eq!(a, day(2026, 3, 4).and_hms_opt(5, 6, 7).unwrap());
    assert_eq!(b, fine);
}

#[test]
fn a_clob_of_a_megabyte_passes_in_pieces() {
    let (_db, conn) = connection(&["CREATE TABLE docs (id NUMBER, doc CLOB)"]);
    let doc = "0123456789abcdef".repeat(1 << 16);
    conn.execute_named("INSERT INTO docs (id, doc) VALUES (1, :doc)", &[("doc", &doc)]).unwrap();
    conn.execute("INSERT INTO docs (id, doc) VALUES (2, NULL)", &[]).unwrap();
    let found: Vec<Option<String>> = conn
        .query_as::<Option<String>>("SELECT doc FROM docs ORDER BY id", &[])
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(found, [Some(doc), None]);
}

#[test]
fn zoned_times_keep_the_instant() {
    let (_db, conn) = connection(&["CREATE TABLE z (at TIMESTAMP WITH TIME ZONE, d DATE)"]);
    let zoned = DateTime::parse_from_rfc3339("2026-05-01T01:30:00+05:30").unwrap();
    conn.execute_named("INSERT INTO z (at) VALUES (:at)", &[("at", &zoned)]).unwrap();
    let utc: NaiveDateTime = one(&conn, "SELECT SYS_EXTRACT_UTC(at) FROM z");
    assert_eq!(utc, day(2026, 4, 30).and_hms_opt(20, 0, 0).unwrap());
}

#[test]
fn rowids_find_their_row_again() {
    let (_db, conn) =
        connection(&["CREATE TABLE r (id NUMBER)", "INSERT INTO r VALUES (1)", "INSERT INTO r VALUES (2)"]);
    let text: String = one(&conn, "SELECT ROWIDTOCHAR(m.rowid) FROM r m WHERE id = 2");
    let direct: String = one(&conn, "SELECT rowid FROM r WHERE id = 2");
    assert_eq!(text, direct);
    let by_bind =
        conn.query_row_as_named::<i64>("SELECT id FROM r WHERE rowid = :row_id", &[("row_id", &text)]).unwrap();
    let by_function = conn
        .query_row_as_named::<i64>("SELECT id FROM r WHERE rowid = CHARTOROWID(:row_id)", &[("row_id", &text)])
        .unwrap();
    assert_eq!((by_bind, by_function), (2, 2));
    assert_eq!(fails(conn.execute("DELETE FROM r WHERE rowid = :1", &[&"nonsense"])), 1410);
}

#[test]
fn a_rowid_stays_with_its_row_and_no_star_brings_it() {
    let (_db, conn) = connection(&["CREATE TABLE r (id NUMBER, v NUMBER)", "INSERT INTO r VALUES (1, 0)"]);
    let rowid: String = one(&conn, "SELECT rowid FROM r");
    conn.execute("UPDATE r SET v = 1 WHERE id = 1", &[]).unwrap();
    assert_eq!(one::<String>(&conn, "SELECT rowid FROM r"), rowid);
    let columns = |sql: &str| {
        let rows = conn.query(sql, &[]).unwrap();
        rows.column_info().iter().map(|c| c.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(columns("SELECT * FROM r"), ["ID", "V"]);
    assert_eq!(columns("SELECT r.rowid AS row_id, r.*, id + 1 AS n FROM r"), ["ROW_ID", "ID", "V", "N"]);
    let n: i64 = conn.query_row("SELECT r.*, 7 AS n FROM r", &[]).unwrap().get("N").unwrap();
    assert_eq!(n, 7);
    conn.execute("CREATE TABLE copied AS SELECT * FROM r", &[]).unwrap();
    assert_eq!(columns("SELECT c.rowid, c.* FROM copied c"), ["ROWID", "ID", "V"]);
}

#[test]
fn the_session_has_the_time_zone_it_asks_for() {
    let (_db, conn) = connection(&["CREATE TABLE z (at TIMESTAMP WITH TIME ZONE)"]);
    let noon = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    for (zone, hour) in [("+05:30", "06:30"), ("Europe/Berlin", "11:00"), ("UTC", "12:00"), ("-03:00", "15:00")] {
        conn.execute(&format!("ALTER SESSION SET TIME_ZONE = '{zone}'"), &[]).unwrap();
        conn.execute("DELETE FROM z", &[]).unwrap();
        conn.execute("INSERT INTO z VALUES (:at)", &[&noon]).unwrap();
        assert_eq!(one::<String>(&conn, "SELECT TO_CHAR(SYS_EXTRACT_UTC(at), 'HH24:MI') FROM z"), hour, "{zone}");
        conn.rollback().unwrap();
    }
    assert_eq!(fails(conn.execute("ALTER SESSION SET TIME_ZONE = 'Mars/Base'", &[])), 1882);
    assert_eq!(one::<i64>(&conn, "SELECT COUNT(*) FROM z"), 0);
}

#[test]
fn a_session_has_a_zone_of_its_own_unless_it_asks_for_another() {
    let (_db, conn) = connection(&["CREATE TABLE z (at TIMESTAMP WITH TIME ZONE)"]);
    conn.execute("INSERT INTO z VALUES (:at)", &[&day(2026, 1, 1).and_hms_opt(12, 0, 0).unwrap()]).unwrap();
    assert_eq!(one::<String>(&conn, "SELECT TO_CHAR(SYS_EXTRACT_UTC(at), 'HH24:MI') FROM z"), "10:00");
}

#[test]
fn a_char_meets_a_varchar2_with_all_its_blanks() {
    let (_db, conn) = connection(&[
        "CREATE TABLE padded (code CHAR(5), name VARCHAR2(5))",
        "INSERT INTO padded VALUES ('ab', 'ab')",
        "INSERT INTO padded VALUES ('cd', 'x')",
    ]);
    let n = |condition: &str, bind: &str| {
        let sql = format!("SELECT COUNT(*) FROM padded WHERE {condition}");
        conn.query_row_as_named::<i64>(&sql, &[("bind", &bind)]).unwrap()
    };
    for (condition, bind, found) in [
        ("code = :bind", "ab", 0),
        ("code = :bind", "ab   ", 1),
        (":bind = code", "ab", 0),
        ("code <> :bind", "ab", 2),
        ("code IN (:bind, 'zz')", "ab", 0),
        ("TRIM(code) = :bind", "ab", 1),
        ("code = name AND :bind = 'b'", "b", 0),
        ("TRIM(code) = name AND :bind = 'b'", "b", 1),
        // A literal is a CHAR, which is padded.
        ("code = 'ab' AND :bind = 'b'", "b", 1),
        ("LENGTH(code) = 5 AND :bind = 'b'", "b", 2),
        ("code || '.' = 'ab   .' AND :bind = 'b'", "b", 1),
    ] {
        assert_eq!(n(condition, bind), found, "{condition} with `{bind}`");
    }
    let touched = conn.execute_named("UPDATE padded SET code = :new WHERE name = 'x'", &[("new", &"ef")]).unwrap();
    assert_eq!(touched.row_count().unwrap(), 1);
    assert_eq!(n("code = :bind", "ef   "), 1);
}

#[test]
fn text_that_is_no_such_moment_has_the_error_of_what_is_wrong() {
    let (_db, conn) = connection(&[]);
    let read = |text: &str, format: &str| {
        let sql = format!("SELECT TO_CHAR(TO_TIMESTAMP(:text, '{format}'), 'YYYY-MM-DD HH24:MI:SS.FF9') FROM dual");
        conn.query_row_as_named::<String>(&sql, &[("text", &text)])
    };
    const DAY: &str = "YYYY-MM-DD";
    const ALL: &str = "YYYY-MM-DD HH24:MI:SS.FF";
    for (text, format, code) in [
        ("2026-01", DAY, 1840),
        ("2026-01-31 12", DAY, 1830),
        ("2026-01-x1", DAY, 1858),
        ("xxxx-01-01", DAY, 1858),
        ("2026-13-01", DAY, 1843),
        ("2026-01-32", DAY, 1847),
        ("2026-02-29", DAY, 1839),
        ("0000-01-01", DAY, 1841),
        ("2026-01-01T10:00:00.0", ALL, 1861),
        ("2026-01-01 24:00:00.0", ALL, 1850),
        ("2026-01-01 10:60:00.0", ALL, 1851),
        ("2026-01-01 10:00:60.0", ALL, 1852),
        ("2026-01-01", "YYYY-MM-JJ", 1821),
    ] {
        assert_eq!(fails(read(text, format)), code, "{text} as {format}");
    }
    for (text, format, wanted) in [
        ("2026-01-31", DAY, "2026-01-31 00:00:00.000000000"),
        ("20260131", DAY, "2026-01-31 00:00:00.000000000"),
        ("2026/1/9", DAY, "2026-01-09 00:00:00.000000000"),
        ("2026-01-31 01:02:03.123456789", ALL, "2026-01-31 01:02:03.123457000"),
        ("2026-01-31 01:02:03.5", ALL, "2026-01-31 01:02:03.500000000"),
        ("2026-01-31T01:02", "YYYY-MM-DD\"T\"HH24:MI", "2026-01-31 01:02:00.000000000"),
    ] {
        assert_eq!(read(text, format).unwrap(), wanted, "{text} as {format}");
    }
    let zoned =
        "SELECT TO_CHAR(SYS_EXTRACT_UTC(TO_TIMESTAMP_TZ(:t, 'YYYY-MM-DD HH24:MI TZH:TZM')), 'HH24:MI') FROM dual";
    for (text, utc) in [("2026-01-31 12:00 +05:30", "06:30"), ("2026-01-31 12:00 -03:30", "15:30")] {
        assert_eq!(conn.query_row_as_named::<String>(zoned, &[("t", &text)]).unwrap(), utc);
    }
    let date = "SELECT TO_DATE(:t, 'YYYY-MM-DD') FROM dual";
    assert_eq!(fails(conn.query_row_as_named::<NaiveDateTime>(date, &[("t", &"2026-02-30")])), 1839);
}

#[test]
fn a_literal_with_a_zone_is_the_instant_it_says() {
    let (_db, conn) = connection(&[]);
    for (literal, utc) in [("12:00:00 +05:30", "06:30"), ("12:00:00.25 Europe/Berlin", "11:00"), ("12:00:00", "10:00")]
    {
        let at = format!("CAST(TIMESTAMP '2026-01-31 {literal}' AS TIMESTAMP WITH TIME ZONE)");
        let sql = format!("SELECT TO_CHAR(SYS_EXTRACT_UTC({at}), 'HH24:MI') FROM dual");
        assert_eq!(one::<String>(&conn, &sql), utc, "{literal}");
    }
}

#[test]
fn a_nul_in_a_text_comes_back() {
    let (_db, conn) = connection(&["CREATE TABLE nul (v VARCHAR2(20), doc CLOB)"]);
    let long = "a\0b".repeat(20_000);
    conn.execute("INSERT INTO nul VALUES (:v, :doc)", &[&"\0a\0", &long]).unwrap();
    let found = conn.query_row_as::<(String, String)>("SELECT v, doc FROM nul", &[]).unwrap();
    assert_eq!(found, ("\0a\0".to_owned(), long));
    assert_eq!(one::<i64>(&conn, "SELECT LENGTH(v) FROM nul"), 3);
}

#[test]
fn a_character_set_of_one_byte_makes_question_marks_of_what_it_lacks() {
    let db = database();
    db.psql(&format!("ALTER DATABASE {} SET oci.nls_characterset = 'WE8ISO8859P1'", db.name)).unwrap();
    let conn = connect(&db);
    conn.execute("CREATE TABLE narrow (v VARCHAR2(20))", &[]).unwrap();
    conn.execute("INSERT INTO narrow VALUES (:v)", &[&"Čapek é"]).unwrap();
    assert_eq!(one::<String>(&conn, "SELECT v FROM narrow"), "¿apek é");
}
