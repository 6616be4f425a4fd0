//! Section 4 of the spec: what a run took comes back, to the letter, and nothing else is touched.

use recert::db::{BindArray, Value};
use recert::exit::Exit;
use recert::run::Ended;
use recert::sql::Sql;

use crate::harness::{World, exit, ok, printed, worlds};
use crate::verify::{holds, python_agrees, write_changes};

/// The tables that jobs write to, row by row.
fn tables(world: &World) -> Vec<(String, Vec<String>)> {
    recert::schema::tables()
        .iter()
        .filter(|table| table.owner != recert::schema::Owner::Own)
        .map(|table| (table.name.to_owned(), world.dump(table.name)))
        .collect()
}

/// Rows of a test are few, so that restoring them is more than ten percent.
fn unlimited(mut world: World) -> World {
    world.config.limits.restore.floor = 1_000;
    world
}

/// The whole cycle of a job: run, verify, restore; then every table is as it was, byte for byte.
/// A second restore changes nothing, and a restore of the restore brings the run's result back.
pub(crate) fn cycle(world: World, rows: &str, command: &str) {
    let world = unlimited(world);
    let name = &world.name;
    world.put(rows);
    let before = tables(&world);
    let run = world.run(command);
    ok(&run);
    assert!(!printed(&run).is_empty(), "{name}: `{command}` changes nothing");
    let after = tables(&world);
    holds(&world);

    let restored = restore(&world, &run, "");
    assert_eq!(tables(&world), before, "{name}: after the restore");
    let again = restore(&world, &run, "");
    assert_eq!(printed(&again), Vec::<String>::new(), "{name}: restored twice");
    let undone = restore(&world, &restored, "");
    assert_eq!(printed(&undone).len(), printed(&restored).len());
    assert_eq!(tables(&world), after, "{name}: after the restore of the restore");
    restore(&world, &undone, "");
    assert_eq!(tables(&world), before, "{name}: and once more");
    holds(&world);
    python_agrees(&world, true);
}

fn command(run: &Ended, options: &str) -> String {
    format!("restore {} {options}", run.summary.run_id)
}

fn restore(world: &World, run: &Ended, options: &str) -> Ended {
    let command = command(run, options);
    let preview = world.preview(&command);
    let ended = world.run(&command);
    ok(&ended);
    assert_eq!(printed(&preview), printed(&ended), "{}: preview and run", world.name);
    ended
}

const TWO: &str = "mapping\nmapping\nmapping AT=8\nmapping USER=E2
    response MGR=2026-11-30\nresponse USER=E2 \"DUE=2026-11-29 13:14:15\" STATUS=revoked
    response USER=E3 DUE=2026-11-30\nresponse USER=E4 STATUS=APPROVED";
const REVOKE: &str = "revoke --as-of 2026-11-30";

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
fn restore_of_a_revoke_brings_every_table_back_to_the_letter() {
    for world in worlds() {
        cycle(world, TWO, REVOKE);
    }
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
fn restore_counts_and_says_what_the_next_run_will_do() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "");
        let counts: Vec<_> = ended.summary.counts.iter().collect();
        let expected = [
            ("changes", 6),
            ("rows_inserted", 3),
            ("rows_updated", 3),
            ("rows_deleted", 0),
            ("already_restored", 0),
            ("changed_since", 0),
            ("erased", 0),
        ];
        assert_eq!(counts, expected);
        let finding = &ended.summary.findings[0];
        assert_eq!(finding.kind, "due_again");
        assert!(finding.message.starts_with("3 responses"), "{}", finding.message);
        assert!(finding.message.contains("--only MAP_RAP_USER_ROLE"));
        let again = world.run(REVOKE);
        assert_eq!(printed(&again).len(), 6, "the next run takes it again, as the finding says");
    }
}

#[test]
fn restore_of_one_table_brings_the_access_back_for_good() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "--only map_rap_user_role");
        assert_eq!(ended.summary.counts.get("rows_inserted"), 3);
        assert!(ended.summary.findings.is_empty());
        assert_eq!(world.dump("map_rap_user_role").len(), 4);
        assert_eq!(printed(&world.run(REVOKE)), Vec::<String>::new());
        let rest = restore(&world, &run, "");
        assert_eq!(rest.summary.counts.get("already_restored"), 3);
        assert_eq!(rest.summary.counts.get("rows_updated"), 3);
    }
}

#[test]
fn restore_of_one_key_takes_the_key_or_its_first_part() {
    for world in worlds() {
        world.put("mapping\nmapping AT=8\nmapping USER=E11\nresponse MGR=2026-11-30\nresponse AT=8 MGR=2026-11-30\nresponse USER=E11 MGR=2026-11-30");
        let run = world.run(REVOKE);
        let plan = |only: &str| printed(&world.preview(&command(&run, only)));
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1/8").len(), 1);
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1").len(), 2);
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1 --only RECREATE_RESPONSE:E11/7").len(), 3);
        let ended = world.run(&command(&run, "--only MAP_RAP_USER_ROLE:E2"));
        assert_eq!(exit(&ended), Exit::Usage);
        assert!(ended.summary.error.unwrap().contains("`--only` names none"));
    }
}

#[test]
fn restore_overwrites_no_row_that_somebody_changed_since() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        world.tamper(
            "UPDATE recreate_response SET access_level = 'EDITOR' WHERE reportees_id = 'E2'",
        );
        world.tamper("DELETE FROM recreate_response WHERE reportees_id = 'E3'");
        let before = tables(&world);
        let ended = world.run(&command(&run, ""));
        assert_eq!(exit(&ended), Exit::Drifted);
        let said = ended.summary.error.unwrap();
        assert!(
            said.contains(
                "2 rows were changed since the run: RECREATE_RESPONSE E3/7, RECREATE_RESPONSE E2/7"
            ),
            "{said}"
        );
        assert_eq!(tables(&world), before);

        let ended = restore(&world, &run, "--skip-changed");
        assert_eq!(ended.summary.counts.get("changed_since"), 2);
        assert_eq!(ended.summary.counts.get("rows_updated"), 1);
        assert_eq!(ended.summary.counts.get("rows_inserted"), 3);
        let named: Vec<_> = ended
            .summary
            .findings
            .iter()
            .filter(|finding| finding.kind == "changed_since")
            .collect();
        assert_eq!(named.len(), 2);
        assert_eq!(
            world.one("SELECT is_active FROM recreate_response WHERE reportees_id = 'E2'"),
            "0"
        );
        holds(&world);
    }
}

#[test]
fn restore_leaves_a_row_alone_that_somebody_put_back_already() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        world.put("mapping");
        let ended = restore(&world, &run, "--only MAP_RAP_USER_ROLE");
        assert_eq!(ended.summary.counts.get("already_restored"), 1);
        assert_eq!(
            world
                .query("SELECT user_id FROM map_rap_user_role WHERE user_id = 'E1' AND rmm_id = 7")
                .len(),
            2
        );
    }
}

#[test]
fn restore_of_a_restore_takes_away_only_rows_that_are_unchanged() {
    let world = unlimited(World::sqlite());
    world.define("ALTER TABLE map_rap_user_role ADD role VARCHAR2(10)");
    world.put(TWO);
    let run = world.run(REVOKE);
    let restored = restore(&world, &run, "--only MAP_RAP_USER_ROLE");
    world.tamper("UPDATE map_rap_user_role SET role = 'ADMIN' WHERE user_id = 'E2'");
    let undone = restore(&world, &restored, "");
    assert_eq!(undone.summary.counts.get("rows_deleted"), 2);
    assert_eq!(world.query("SELECT * FROM map_rap_user_role WHERE user_id = 'E2'").len(), 1);
}

#[test]
fn restore_that_takes_much_away_is_refused() {
    for mut world in worlds() {
        world.config.limits.restore.floor = 1;
        world.put(TWO);
        let run = world.run(REVOKE);
        let restored = restore(&world, &run, "");
        let refused = world.run(&command(&restored, ""));
        assert_eq!(exit(&refused), Exit::Refused);
        ok(&world.run(&command(&restored, "--allow-changes 3 --reason mistake")));
        holds(&world);
    }
}

#[test]
fn restore_applies_exactly_a_saved_plan() {
    let world = World::sqlite();
    world.put(TWO.replace("2026", "2020").as_str());
    let run = world.run("revoke --as-of 2020-11-30");
    let command = command(&run, "");
    let saved = world.recert(&format!("preview {command} --save plan.json")).output().unwrap();
    assert_eq!(saved.status.code(), Some(0), "{}", String::from_utf8_lossy(&saved.stderr));
    let applied =
        world.recert(&format!("{command} --plan plan.json --output json")).output().unwrap();
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&applied.stdout).unwrap();
    assert_eq!(summary["counts"]["rows_inserted"], 3);
}

#[test]
fn restore_knows_a_run_by_the_beginning_of_its_id_and_refuses_what_it_does_not_know() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let id = &run.summary.run_id;
        let short = world.preview(&format!("restore {}", &id[..20].to_uppercase()));
        assert_eq!(printed(&short).len(), 6);
        for (id, said) in [("00000000-0000", "no run `00000000-0000`"), (&id[..5], "too short")] {
            let ended = world.run(&format!("restore {id}"));
            assert_eq!(exit(&ended), Exit::Usage);
            assert!(
                ended.summary.error.as_ref().unwrap().contains(said),
                "{:?}",
                ended.summary.error
            );
        }
        let ended = world.run(&format!("restore {id} --database elsewhere"));
        assert_eq!(exit(&ended), Exit::Usage);
    }
}

#[test]
fn restore_believes_nothing_that_was_edited() {
    for edit in [
        "UPDATE recert_image SET before_image = '{\"USER_ID\":\"ME\",\"RMM_ID\":7}' WHERE seq = 1",
        "UPDATE recert_change SET row_key = 'ME/7' WHERE seq = 1",
        "UPDATE recert_run SET reason = 'x'",
        "DELETE FROM recert_change WHERE seq = 1",
        "DELETE FROM recert_image WHERE seq = 1",
    ] {
        for world in worlds() {
            world.put(TWO);
            let run = world.run(REVOKE);
            world.tamper(edit);
            let before = tables(&world);
            let ended = world.run(&command(&run, ""));
            assert_eq!(exit(&ended), Exit::Evidence, "{edit}");
            assert_eq!(tables(&world), before);
        }
    }
}

#[test]
fn restore_of_a_run_without_changes_changes_nothing() {
    for world in worlds() {
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "");
        assert_eq!(ended.summary.status.word(), "unchanged");
    }
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
fn restore_takes_as_many_statements_as_there_are_kinds_of_change_not_rows() {
    let world = unlimited(World::sqlite());
    world.put(&"mapping\nresponse MGR=2026-11-30\n".repeat(300));
    let run = world.run(REVOKE);
    let ended = restore(&world, &run, "");
    assert_eq!(ended.plan.unwrap().steps.len(), 2);
    assert_eq!(ended.summary.counts.get("rows_inserted"), 300);
}

#[test]
fn restore_names_changes_whose_images_were_erased_and_puts_back_the_others() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let erase = "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL";
        world.tamper(&format!("{erase} WHERE seq = 1"));
        let ended = restore(&world, &run, "");
        assert_eq!(ended.summary.counts.get("erased"), 1);
        assert_eq!(ended.summary.counts.get("rows_inserted"), 2);
        assert_eq!(ended.summary.findings[0].kind, "erased");
        world.tamper(&format!("{erase} WHERE run_id = '{}'", run.summary.run_id));
        let refused = world.run(&command(&run, ""));
        assert_eq!(exit(&refused), Exit::Refused);
        assert!(refused.summary.error.unwrap().contains("nothing of it can be restored"));
    }
}

/// USER_TAB as a run left it that updated one user twice, inserted one, and inserted and deleted a third.
fn users_changed() -> (World, String) {
    let world = unlimited(World::sqlite());
    world.tamper("INSERT INTO user_tab (employee_id, linemanager_id, updated_date) VALUES ('E1', 'M3', '2026-02-02')");
    world.tamper("INSERT INTO user_tab (employee_id, employee_name, created_date) VALUES ('E2', 'Zoë', '2026-02-01')");
    let mut row = world.query("SELECT * FROM user_tab WHERE employee_id = 'E1'").remove(0);
    let mut image = |manager: &str, date: &str| {
        for (name, value) in [("LINEMANAGER_ID", manager), ("UPDATED_DATE", date)] {
            let at = row.columns.iter().position(|column| column == name).unwrap();
            row.values[at] = value.into();
        }
        row.image_from(0)
    };
    let (first, second) = (image("M1", "2026-01-01 10:00:00"), image("M2", "2026-02-01"));
    let changes = [
        (
            "USER_TAB",
            "E1",
            "update",
            "first",
            Some(first.as_str()),
            Some(r#"{"LINEMANAGER_ID":"M2","UPDATED_DATE":"2026-02-01T00:00:00"}"#),
        ),
        (
            "USER_TAB",
            "E2",
            "insert",
            "new",
            None,
            Some(
                r#"{"EMPLOYEE_ID":"E2","EMPLOYEE_NAME":"Zoë","CREATED_DATE":"2026-02-01T00:00:00"}"#,
            ),
        ),
        ("USER_TAB", "E3", "insert", "mistaken", None, Some(r#"{"EMPLOYEE_ID":"E3"}"#)),
        ("USER_TAB", "E3", "delete", "mended", Some(r#"{"EMPLOYEE_ID":"E3","RAP":null}"#), None),
        (
            "USER_TAB",
            "E1",
            "update",
            "second",
            Some(second.as_str()),
            Some(r#"{"LINEMANAGER_ID":"M3","UPDATED_DATE":"2026-02-02T00:00:00"}"#),
        ),
    ];
    let id = write_changes(&world, &changes);
    (world, id)
}

#[test]
fn restore_undoes_a_row_that_was_changed_twice_in_one_step_and_takes_inserted_rows_away() {
    let (world, id) = users_changed();
    let ended = world.run(&format!("restore {id}"));
    ok(&ended);
    let expected = [
        format!(
            r#"update USER_TAB E1 {{"LINEMANAGER_ID":"M1","UPDATED_DATE":"2026-01-01 10:00:00"}}: restores change 5 of run {id} (import-users)"#
        ),
        format!("delete USER_TAB E2: restores change 2 of run {id} (import-users)"),
    ];
    assert_eq!(printed(&ended), expected);
    assert_eq!(
        world.one("SELECT linemanager_id || updated_date FROM user_tab"),
        "M12026-01-01 10:00:00"
    );
    ok(&world.run(&format!("restore {id}")));
    assert_eq!(world.dump("user_tab").len(), 1);
    // And back: the row that was inserted comes with all its columns.
    ok(&world.run(&format!("restore {}", ended.summary.run_id)));
    assert_eq!(world.one("SELECT linemanager_id FROM user_tab WHERE employee_id = 'E1'"), "M3");
    assert_eq!(
        world.one("SELECT created_date FROM user_tab WHERE employee_id = 'E2'"),
        "2026-02-01"
    );
    holds(&world);
}

#[test]
fn restore_says_that_the_next_run_brings_the_directorys_managers_again() {
    let (world, id) = users_changed();
    let ended = world.preview(&format!("restore {id}"));
    assert!(ended.summary.findings[0].message.contains("`recert sync-managers`"));
}

#[test]
fn restore_writes_to_no_table_that_is_none_of_the_jobs() {
    let world = World::sqlite();
    world.define("CREATE TABLE secrets (id INTEGER)");
    for (table, said) in
        [("SECRETS", "`SECRETS` can't be restored"), ("RECERT_LOCK", "`RECERT_LOCK` can't")]
    {
        let id = write_changes(&world, &[(table, "1", "delete", "x", Some(r#"{"ID":1}"#), None)]);
        let ended = world.run(&format!("restore {id}"));
        assert_eq!(exit(&ended), Exit::Usage);
        assert!(ended.summary.error.as_ref().unwrap().contains(said), "{:?}", ended.summary.error);
    }
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
    let at = |text: &str| recert::db::parse_date(text).unwrap();
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
