//! Runs that changed a row more than once, and tables that are none of the jobs.

use recert::door::exit::Exit;

use super::unlimited;
use crate::harness::{World, exit, ok, printed};
use crate::verify::{holds, write_changes};

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
