//! Columns of the application that hold less than recert would write: what has no room is left as it is and named, or the
//! run ends before it writes anything; `check` tells so beforehand. Never ORA-12899 at night.

use recert::door::exit::Exit;
use recert::door::run::Ended;

use crate::check::check;
use crate::harness::{World, exit, ok, worlds};
use crate::import_availability;
use crate::import_users::import_of;

fn found(ended: &Ended, kind: &str) -> Vec<String> {
    let found = ended.summary.findings.iter().filter(|finding| finding.kind == kind);
    found.map(|finding| format!("{}: {}", finding.key, finding.message)).collect()
}

fn warned(world: &World, what: &str) -> String {
    let summary = check(world);
    let line = summary.findings.iter().find(|line| line.key == what && line.kind == "warning");
    line.unwrap_or_else(|| panic!("nothing is told of {what}")).message.clone()
}

fn replace(world: &World, table: &str, column: &str, now: &str) {
    world.define(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
    world.define(&format!("ALTER TABLE {table} ADD {column} {now}"));
}

#[test]
fn nobody_gets_a_made_id_that_has_no_room_and_everybody_else_comes() {
    let Some(world) = World::standin() else { return };
    let owner = world.config.database.username.clone().unwrap();
    let narrow = |bytes: usize| {
        let sql = format!(
            "ALTER TABLE {owner}.pm_user DROP CONSTRAINT \"oralen$256$id\", ALTER COLUMN id TYPE varchar({bytes}),
                 ADD CONSTRAINT \"oralen${bytes}$id\" CHECK (octet_length(id) <= {bytes})"
        );
        world.standin_database().psql(&sql).unwrap();
    };
    narrow(35);
    world.put("org");
    let import = import_of(&world, &["id=|email=made@x", "id=P1|email=own@x"]);
    let ended = world.run(&import);
    ok(&ended);
    assert_eq!(world.one("SELECT id FROM pm_user"), "P1");
    assert_eq!(ended.summary.counts.get("created"), 1);
    let told = found(&ended, "unreadable");
    assert!(told[0].contains("PM_USER.ID has no room"), "{told:?}");
    assert!(warned(&world, "PM_USER.ID").contains("36 characters"));
    assert_eq!(world.run(&import).summary.counts.get("created"), 0);
}

#[test]
fn a_column_too_short_for_not_specified_ends_the_import_before_it_writes() {
    for world in worlds() {
        world.put("org");
        replace(&world, "pm_user", "manager_email", "VARCHAR2(12)");
        let ended = world.run(&import_of(&world, &["id=P1|email=own@x"]));
        let error = ended.summary.error.clone().unwrap_or_default();
        assert_eq!(exit(&ended), Exit::Config, "{error}");
        assert!(
            error.contains("PM_USER.MANAGER_EMAIL is too short for `Not Specified`"),
            "{error}"
        );
        assert!(check(&world).error.unwrap().contains("PM_USER.MANAGER_EMAIL"));
        replace(&world, "pm_user", "manager_email", "VARCHAR2(13)");
        ok(&world.run(&import_of(&world, &["id=P1|email=own@x"])));
    }
}

#[test]
fn months_of_an_id_that_has_no_room_are_left_and_all_others_written() {
    for world in worlds() {
        world.put("person ID=U1\nperson ID=LONG1 EMAIL=long@x");
        if world.is_sqlite() {
            world.define("DROP INDEX pm_availability_ix");
        }
        replace(&world, "pm_availability", "user_id", "VARCHAR2(4)");
        let file = "email;2026-01\nanna@example.org;0.5\nlong@x;0.5\n";
        let ended = world.run(&import_availability::command(&world, file));
        ok(&ended);
        assert_eq!(world.one("SELECT user_id FROM pm_availability"), "U1", "{}", world.name);
        let told = found(&ended, "unreadable");
        assert_eq!(
            told,
            ["LONG1: its id is longer than PM_AVAILABILITY.USER_ID: left as it is"],
            "{}",
            world.name
        );
        assert!(warned(&world, "PM_AVAILABILITY.USER_ID").contains("shorter than PM_USER.ID"));
    }
}

/// Also beside a trigger, for which what is written is read again, and after a restore.
#[test]
fn a_value_is_written_with_the_digits_that_its_column_keeps() {
    for (declared, cell, kept, told) in [
        ("NUMBER(3,1)", "0.75", "0.8", "rounded"),
        ("NUMBER(3)", "0.5", "1", "rounded"),
        ("NUMBER(5,2)", "0.75", "0.75", ""),
        ("NUMBER", "0.123456789", "0.123456789", ""),
        ("NUMBER(2,1)", "10", "0", "unreadable"),
    ] {
        let Some(world) = World::standin() else { return };
        let owner = world.config.database.username.clone().unwrap();
        replace(&world, "pm_availability", "free_pt", declared);
        world.put("person\nmonth FREE=0");
        let sql = format!(
            "CREATE FUNCTION {owner}.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER looks BEFORE UPDATE OR INSERT ON {owner}.pm_availability
                 FOR EACH ROW EXECUTE FUNCTION {owner}.nothing()"
        );
        world.standin_database().psql(&sql).unwrap();
        let file = format!("email;2026-01;2026-02\nanna@example.org;{cell};{cell}\n");
        let import = import_availability::command(&world, &file);
        let ended = world.run(&import);
        ok(&ended);
        let stored = "SELECT free_pt FROM pm_availability WHERE month = '2026-01'";
        assert_eq!(world.one(stored), kept, "{declared}");
        let kinds: Vec<&str> = ended.summary.findings.iter().map(|finding| finding.kind).collect();
        assert!(kinds.iter().all(|kind| *kind == told), "{declared}: {kinds:?}");
        assert_eq!(kinds.is_empty(), told.is_empty(), "{declared}");
        let again = world.run(&import);
        assert_eq!(again.summary.counts.get("values_written"), 0, "{declared}: once more");
        if told != "unreadable" {
            ok(&world.run(&format!("restore {}", ended.summary.run_id)));
            assert_eq!(world.one(stored), "0", "{declared}: back");
        }
        if !told.is_empty() {
            assert!(warned(&world, "PM_AVAILABILITY.FREE_PT").contains("rounded"), "{declared}");
        }
    }
}
