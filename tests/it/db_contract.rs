//! What the port promises, each sentence once, held against every database at hand.

use chrono::{NaiveDate, NaiveDateTime};
use recert::door::db::{
    BindArray, Column, ColumnFill, ColumnLength, FailedRow, Transaction, Value,
};
use recert::door::exit::Exit;
use recert::door::sql::Sql;

use crate::harness::{World, exit, worlds};

fn sql(text: &str) -> Sql {
    Sql::made("test".to_owned(), text.to_owned())
}

/// A table with a column of each kind.
fn with_table(test: impl Fn(&World, &mut dyn Transaction)) {
    for world in worlds() {
        world.define(
            "CREATE TABLE contract (
               id    NUMBER(9) NOT NULL,
               text  VARCHAR2(40),
               big   NUMBER,
               day   DATE,
               at    TIMESTAMP(6),
               body  CLOB,
               CONSTRAINT contract_pk PRIMARY KEY (id)
             )",
        );
        let mut db = world.open();
        test(&world, &mut *db);
    }
}

const INSERT: &str = "INSERT INTO contract (id, text, big, day, at, body) VALUES (:id, :text, :big, :day, :at, :body)";
const NAMES: [&str; 6] = ["id", "text", "big", "day", "at", "body"];

fn insert(db: &mut dyn Transaction, rows: &[Vec<Value>]) -> anyhow::Result<Vec<u64>> {
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    db.change_many(&sql(INSERT), &BindArray::of(&NAMES, &rows))
}

fn row(id: i64) -> Vec<Value> {
    vec![id.into(), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]
}

fn moment(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[test]
fn values_come_back_as_they_went_in() {
    with_table(|world, db| {
        let long = "Ž'\"&;\n".repeat(2_000);
        let mut full = row(1);
        full[1] = "O'Brien, Ž 🦀 -- ;".into();
        full[2] = Value::Int(9_007_199_254_740_993);
        full[3] = Value::Date(moment("2024-02-29T23:59:59"));
        full[4] = Value::Timestamp(moment("2024-02-29T23:59:59.123456"));
        full[5] = long.as_str().into();
        insert(db, &[full.clone(), row(2)]).unwrap();
        let rows = db.rows(&sql("SELECT * FROM contract ORDER BY id"), &[]).unwrap();
        assert_eq!(rows[0].text("TEXT").unwrap(), "O'Brien, Ž 🦀 -- ;", "{}", world.name);
        assert_eq!(rows[0].int("BIG").unwrap(), Some(9_007_199_254_740_993));
        assert_eq!(rows[0].date("DAY").unwrap(), Some(moment("2024-02-29T23:59:59")));
        assert_eq!(rows[0].date("AT").unwrap(), Some(moment("2024-02-29T23:59:59.123456")));
        assert_eq!(rows[0].text("BODY").unwrap(), long);
        assert!(rows[1].values[1..].iter().all(Value::is_null));
    });
}

#[test]
fn a_day_is_compared_as_a_day_whatever_time_it_holds() {
    with_table(|world, db| {
        let days = [
            "2026-01-30T23:59:59",
            "2026-01-31T00:00:00",
            "2026-01-31T00:00:01",
            "2026-02-01T00:00:00",
        ];
        for (id, day) in days.iter().enumerate() {
            let mut row = row(id as i64);
            row[3] = Value::Date(moment(day));
            insert(db, &[row]).unwrap();
        }
        let before = |day: &str, db: &mut dyn Transaction| {
            let day: NaiveDate = day.parse().unwrap();
            db.rows(
                &sql("SELECT id FROM contract WHERE day < :day_bound"),
                &[("day_bound", day.into())],
            )
            .unwrap()
            .len()
        };
        assert_eq!(before("2026-01-31", db), 1, "{}", world.name);
        assert_eq!(before("2026-02-01", db), 3, "{}", world.name);
    });
}

#[test]
fn an_empty_text_is_null() {
    with_table(|world, db| {
        let mut empty = row(1);
        empty[1] = Value::from("");
        insert(db, &[empty]).unwrap();
        let rows = db.rows(&sql("SELECT text FROM contract WHERE text IS NULL"), &[]).unwrap();
        assert_eq!(rows.len(), 1, "{}", world.name);
        assert_eq!(rows[0].text_opt("TEXT").unwrap(), None);
    });
}

#[test]
fn upper_and_lower_know_all_letters() {
    for world in worlds() {
        let mut db = world.open();
        let from = if world.is_sqlite() { "" } else { "FROM dual" };
        let rows = db
            .rows(&sql(&format!("SELECT UPPER('žofie é') AS u, LOWER('ŽOFIE É') AS l {from}")), &[])
            .unwrap();
        assert_eq!(
            (rows[0].text("U").unwrap(), rows[0].text("L").unwrap()),
            ("ŽOFIE É".into(), "žofie é".into())
        );
    }
}

#[test]
fn array_dml_counts_the_rows_of_each_execution() {
    with_table(|world, db| {
        let rows: Vec<Vec<Value>> = (0..2_500).map(row).collect();
        assert_eq!(insert(db, &rows).unwrap(), vec![1; 2_500], "{}", world.name);
        let bounds: Vec<Vec<Value>> = [10, 0, 2_490, 1].map(|n: i64| vec![n.into()]).to_vec();
        let bounds: Vec<&[Value]> = bounds.iter().map(Vec::as_slice).collect();
        let array = BindArray::of(&["bound"], &bounds);
        let touched =
            db.change_many(&sql("DELETE FROM contract WHERE id < :bound"), &array).unwrap();
        assert_eq!(touched, [10, 0, 2_480, 0], "{}", world.name);
    });
}

#[test]
fn array_dml_takes_nulls_first_and_longer_texts_later() {
    with_table(|world, db| {
        let mut rows: Vec<Vec<Value>> = (0..30).map(row).collect();
        for (n, row) in rows.iter_mut().enumerate().skip(3) {
            row[1] = "x".repeat(n).as_str().into();
            row[5] = "y".repeat(n * 1_500).as_str().into();
            row[2] =
                if n % 2 == 0 { Value::Int(n as i64) } else { Value::Number(format!("{n}.25")) };
        }
        insert(db, &rows).unwrap();
        let rows = db.rows(&sql("SELECT * FROM contract ORDER BY id"), &[]).unwrap();
        assert_eq!(rows[29].text("TEXT").unwrap().len(), 29, "{}", world.name);
        assert_eq!(rows[29].text("BODY").unwrap().len(), 43_500, "{}", world.name);
        assert_eq!(rows[29].text("BIG").unwrap(), "29.25", "{}", world.name);
        assert!(rows[0].get("TEXT").unwrap().is_null());
    });
}

#[test]
fn a_forgotten_or_unknown_bind_is_refused() {
    with_table(|world, db| {
        let query = sql("SELECT id FROM contract WHERE id = :id");
        assert!(db.rows(&query, &[]).is_err(), "{}: forgotten", world.name);
    });
    with_table(|world, db| {
        let query = sql("SELECT id FROM contract WHERE id = :id");
        assert!(
            db.rows(&query, &[("id", 1.into()), ("other", 2.into())]).is_err(),
            "{}: unknown",
            world.name
        );
    });
}

#[test]
fn a_bind_may_stand_in_a_statement_several_times() {
    with_table(|world, db| {
        insert(db, &[row(1), row(2)]).unwrap();
        let query = sql("SELECT id FROM contract WHERE id = :id OR id = :id + 1 OR :id IS NULL");
        assert_eq!(db.rows(&query, &[("id", 1.into())]).unwrap().len(), 2, "{}", world.name);
    });
}

#[test]
fn nothing_happened_without_commit() {
    for world in worlds() {
        world.put("mapping");
        let mut db = world.open();
        let none = BindArray::of(&[], &[&[]]);
        db.change_many(&sql("DELETE FROM map_rap_user_role"), &none).unwrap();
        drop(db);
        assert_eq!(world.dump("map_rap_user_role").len(), 1, "{}", world.name);
    }
}

#[test]
fn a_missing_table_or_column_is_a_matter_of_config() {
    for world in worlds() {
        for query in ["SELECT x FROM no_such_table", "SELECT no_such_column FROM user_tab"] {
            let error = world.open().rows(&sql(query), &[]).unwrap_err();
            assert_eq!(Exit::of(&error), Exit::Config, "{}: {error:#}", world.name);
        }
    }
}

#[test]
fn a_file_that_is_no_whole_database_is_a_matter_of_config() {
    let world = World::sqlite();
    let file = world.config.database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let whole = std::fs::read(&file).unwrap();
    for bytes in [&whole[..whole.len() / 2 / 4_096 * 4_096], b"no database at all"] {
        std::fs::write(&file, bytes).unwrap();
        let ended = world.run("revoke");
        assert_eq!(exit(&ended), Exit::Config, "{:?}", ended.summary.error);
    }
}

#[test]
fn the_dictionary_names_columns_in_order_and_upper_case() {
    for world in worlds() {
        let columns = world.open().columns("map_rap_user_role").unwrap();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["USER_ID", "RMM_ID"], "{}", world.name);
        assert_eq!(columns[0].data_type, "VARCHAR2", "{}", world.name);
        assert_eq!(columns[0].filled, ColumnFill::Writer, "{}", world.name);
        assert!(world.open().columns("no_such_table").unwrap().is_empty());
    }
}

#[test]
fn the_dictionary_tells_what_fits_into_a_column() {
    for world in worlds() {
        world.define(
            "CREATE TABLE fits (
               id    NUMBER(9) NOT NULL,
               bytes VARCHAR2(4),
               fixed CHAR(3),
               day   DATE,
               body  CLOB
             )",
        );
        let columns = world.open().columns("fits").unwrap();
        let column = |name: &str| columns.iter().find(|column| column.name == name).unwrap();
        let length = |name: &str| column(name).length.map(|length| (length.most, length.in_bytes));
        assert_eq!(length("BYTES"), Some((4, true)), "{}", world.name);
        assert_eq!(length("FIXED"), Some((3, true)), "{}", world.name);
        assert_eq!((length("ID"), length("DAY"), length("BODY")), (None, None, None));
        assert!(column("BYTES").holds("žž") && !column("BYTES").holds("žžž"));
        assert!(column("BODY").holds(&"x".repeat(5_000)));
        assert_eq!((column("ID").nullable, column("DAY").nullable), (false, true));
    }
}

#[test]
fn the_dictionary_tells_what_no_writer_may_fill() {
    for world in worlds() {
        world.define(
            "CREATE TABLE filled (
               name  VARCHAR2(9),
               shout VARCHAR2(20) GENERATED ALWAYS AS (UPPER(name)) VIRTUAL
             )",
        );
        let columns = world.open().columns("filled").unwrap();
        let writable: Vec<bool> = columns.iter().map(Column::is_writable).collect();
        assert_eq!(writable, [true, false], "{}", world.name);
        assert_eq!(columns[1].filled, ColumnFill::Expression, "{}", world.name);
    }
}

#[test]
fn hidden_columns_and_identities_are_in_oracles_dictionary() {
    for world in worlds().into_iter().filter(|world| world.name != "sqlite") {
        world.define(
            "CREATE TABLE odd (
               id     NUMBER GENERATED ALWAYS AS IDENTITY,
               other  NUMBER,
               hidden VARCHAR2(9 CHAR) INVISIBLE,
               at     TIMESTAMP(3)
             )",
        );
        world.define("CREATE TABLE even (id NUMBER GENERATED BY DEFAULT AS IDENTITY)");
        let odd = world.open().columns("odd").unwrap();
        let names: Vec<&str> = odd.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["ID", "OTHER", "HIDDEN", "AT"]);
        assert_eq!(odd[0].filled, ColumnFill::IdentityAlways);
        assert_eq!(odd[2].length, Some(ColumnLength { most: 9, in_bytes: false }));
        assert_eq!((odd[1].invisible, odd[2].invisible), (false, true));
        assert_eq!((odd[1].fraction_digits, odd[3].fraction_digits), (None, Some(3)));
        let even = world.open().columns("even").unwrap();
        assert_eq!(even[0].filled, ColumnFill::IdentityByDefault);
        assert!(even[0].is_writable() && !odd[0].is_writable());
    }
}

#[test]
fn a_row_is_found_again_by_its_rowid() {
    with_table(|world, db| {
        insert(db, &[row(1), row(2)]).unwrap();
        let rows = db
            .rows(&sql("SELECT c.rowid AS row_id, c.* FROM contract c WHERE id = 2"), &[])
            .unwrap();
        let row_id = [rows[0].get("ROW_ID").unwrap().clone()];
        let touched = db
            .change_many(
                &sql("DELETE FROM contract WHERE rowid = :row_id"),
                &BindArray::of(&["row_id"], &[&row_id]),
            )
            .unwrap();
        assert_eq!(touched, [1], "{}", world.name);
        let left = db.rows(&sql("SELECT id FROM contract"), &[]).unwrap();
        assert_eq!(left[0].int("ID").unwrap(), Some(1));
    });
}

#[test]
fn a_large_answer_streams() {
    with_table(|world, db| {
        let rows: Vec<Vec<Value>> = (0..5_000).map(row).collect();
        insert(db, &rows).unwrap();
        let mut seen = 0;
        db.each(&sql("SELECT id FROM contract ORDER BY id"), &[], &mut |row| {
            assert_eq!(row.int("ID").unwrap(), Some(seen));
            seen += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, 5_000, "{}", world.name);
    });
}

#[test]
fn a_run_is_not_serializable_which_the_first_row_of_a_table_would_end() {
    let Some(world) = World::standin() else { return };
    let rows: Vec<Vec<Value>> = (0..450).map(row).collect();
    let table = |name: &str| {
        world.define(&format!("CREATE TABLE {name} (id NUMBER(9), text VARCHAR2(40), big NUMBER, day DATE, at TIMESTAMP(6), body CLOB)"));
        sql(&INSERT.replace("contract", name))
    };
    let (fresh, other) = (table("fresh"), table("other"));
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    let mut db = world.open();
    assert_eq!(db.change_many(&fresh, &BindArray::of(&NAMES, &rows)).unwrap(), [1; 450]);
    drop(db);
    let mut db = world.open();
    db.define(&sql("ALTER SESSION SET ISOLATION_LEVEL = SERIALIZABLE")).unwrap();
    let error = db.change_many(&other, &BindArray::of(&NAMES, &rows[..1])).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Drifted, "{error:#}");
    assert!(format!("{error:#}").contains("ORA-08177"), "{error:#}");
}

#[test]
fn an_error_of_many_rows_names_the_one_that_failed() {
    with_table(|world, db| {
        let mut rows: Vec<Vec<Value>> = (1..=5).map(row).collect();
        rows[3][0] = Value::Null;
        let error = insert(db, &rows).unwrap_err();
        let failed = error.downcast_ref::<FailedRow>().map(|FailedRow(at)| *at);
        assert_eq!(
            (failed, Exit::of(&error)),
            (Some(3), Exit::Failed),
            "{}: {error:#}",
            world.name
        );
        let error = insert(db, &rows[3..4]).unwrap_err();
        assert!(error.downcast_ref::<FailedRow>().is_some(), "{}: {error:#}", world.name);
    });
}
