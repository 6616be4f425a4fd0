//! Whatever columns hold comes back as it was, also in columns recert does not know.

use recert::door::db::{BindArray, Value};
use recert::door::exit::Exit;
use recert::door::sql::Sql;

use super::{REVOKE, command, cycle, restore, unlimited};
use crate::harness::{World, exit, ok};

/// A world whose tables have columns recert does not know, with values that are hard to keep.
fn hostile() -> World {
    let world = World::sqlite();
    for column in [
        "note TEXT",
        "share REAL",
        "big INTEGER",
        "anything",
        "raw BLOB",
        "granted_on DATE",
        "\"Odd \"\"name\" TEXT",
    ] {
        world.define(&format!("ALTER TABLE map_rap_user_role ADD {column}"));
        world.define(&format!("ALTER TABLE recreate_response ADD {column}"));
    }
    for values in [
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        "'', 1e300, 9007199254740993, '', x'', '2020-02-29', ''",
        "'O''Brien \"Pat\"' || char(10) || char(13) || char(9) || char(0) || 'Žofie 🦀 \\', -0.0, -9223372036854775808, 1.0, x'00ff10', '2020-02-29 23:59:59', ';--'",
        "'1', 0.1, 1, 1, 'text in a blob', 20200229, '{\"a\":1}'",
        "'null', 9e999, 0, x'6e756c6c', 7, '29.02.2020', '{\"$hex\":\"00\"}'",
        "'2020-02-29', -9e999, 0, '1', 0.5, 1.5, '\\u0041'",
        "'2020-02-29', 1e16, 0, 1e16, 1e-7, '', '='",
    ] {
        world.tamper(&format!("INSERT INTO map_rap_user_role VALUES ('E1', 7, {values})"));
        world.tamper(&format!(
            "INSERT INTO recreate_response VALUES ('E1', 7, 'REVOKED', NULL, 1, '2020-02-29', NULL, {values})"
        ));
    }
    world
}

#[test]
fn restore_brings_back_whatever_columns_hold() {
    cycle(hostile(), "", REVOKE);
}

#[test]
fn restore_keeps_the_kind_of_every_value_as_the_database_itself_sees_it() {
    let world = unlimited(hostile());
    let query = "SELECT user_id, typeof(note) || quote(note) || typeof(share) || quote(share) || typeof(big) || quote(big)
        || typeof(anything) || quote(anything) || typeof(raw) || quote(raw) || typeof(granted_on) || quote(granted_on)
        || typeof(\"Odd \"\"name\") || quote(\"Odd \"\"name\") FROM map_rap_user_role";
    let look = || {
        let mut rows: Vec<_> =
            world.query(query).iter().map(|row| row.values[1].display()).collect();
        rows.sort();
        rows
    };
    let before = look();
    let run = world.run(REVOKE);
    ok(&run);
    assert!(look().is_empty());
    restore(&world, &run, "");
    assert_eq!(look(), before);
}

#[test]
fn restore_says_when_a_column_is_gone_and_leaves_a_new_one_to_its_default() {
    let world = unlimited(World::sqlite());
    world.define("ALTER TABLE map_rap_user_role ADD role VARCHAR2(10)");
    world.tamper("INSERT INTO map_rap_user_role VALUES ('E1', 7, 'ADMIN')");
    world.put("mapping\nresponse MGR=2026-11-30");
    let run = world.run(REVOKE);
    world.define("ALTER TABLE map_rap_user_role DROP COLUMN role");
    let ended = world.run(&command(&run, ""));
    assert_eq!(exit(&ended), Exit::Config);
    assert!(
        ended
            .summary
            .error
            .unwrap()
            .contains("the column ROLE of MAP_RAP_USER_ROLE is not there any more")
    );
    world.define("ALTER TABLE map_rap_user_role ADD role VARCHAR2(10)");
    world.define("ALTER TABLE map_rap_user_role ADD origin VARCHAR2(10) DEFAULT 'new'");
    restore(&world, &run, "");
    assert_eq!(world.query("SELECT * FROM map_rap_user_role WHERE origin = 'new'").len(), 2);
}

#[test]
fn restore_brings_back_every_type_of_column_that_oracle_has() {
    let Some(world) = World::oracle() else { return };
    for column in [
        "granted_on DATE",
        "seen_at TIMESTAMP(6)",
        "zoned_at TIMESTAMP(6) WITH TIME ZONE",
        "portion NUMBER",
        "amount NUMBER(38,10)",
        "ratio BINARY_DOUBLE",
        "token RAW(16)",
        "note CLOB",
        "grade CHAR(5)",
    ] {
        world.define(&format!("ALTER TABLE map_rap_user_role ADD {column}"));
    }
    let at = |text: &str| recert::door::db::parse_date(text).unwrap();
    let zoned = |text: &str| Value::TimestampTz(text.parse().unwrap());
    let number = |text: &str| Value::Number(text.to_owned());
    let rows = [
        [const { Value::Null }; 9],
        [
            Value::Date(at("2020-02-29")),
            Value::Timestamp(at("2020-02-29 23:59:59.123456")),
            zoned("2020-02-29T23:59:59.123456+00:00"),
            number("0.1234567890123456789"),
            number("-1234567890123456789.0123456789"),
            Value::Real(1.5),
            Value::Bytes(vec![0, 255, 16]),
            "O'Brien \"Pat\"\r\n\tŽofie 🦀".into(),
            "A".into(),
        ],
        [
            Value::Date(at("2020-02-29 13:14:15")),
            Value::Timestamp(at("2020-02-29")),
            Value::Null,
            Value::Int(9_007_199_254_740_993),
            number("0.5"),
            Value::Real(0.1),
            Value::Bytes(vec![255]),
            "Žluťoučký kůň; ".repeat(10_000).into(),
            "BCDEF".into(),
        ],
    ];
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let sql = Sql::made(
        "test".to_owned(),
        "INSERT INTO map_rap_user_role
                (user_id, rmm_id, granted_on, seen_at, zoned_at, portion, amount, ratio, token, note, grade)
         VALUES ('E1', 7, :a, :b, :c, :d, :e, :f, :g, :h, :i)"
            .to_owned(),
    );
    let mut db = world.open();
    for row in &rows {
        db.change_many(&sql, &BindArray::of(&names, &[row])).unwrap();
    }
    db.commit().unwrap();
    cycle(world, "response MGR=2026-11-30", REVOKE);
}
