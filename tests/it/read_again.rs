//! Where a trigger may change what is written, the rows are read again before anything is committed: the ledger says
//! of no row what does not stand there.

use recert::door::exit::Exit;
use recert::door::run::Ended;

use crate::disable_inactive::set_up;
use crate::harness::{World, exit, ok};
use crate::import_availability;
use crate::import_users::import_of;
use crate::round_trips::watched;

const REVOKE: &str = "revoke --as-of 2026-11-30";

/// From here on the table's rows are changed behind recert's back.
fn trigger(world: &World, event: &str, table: &str, then: &str) {
    world.define(&format!("CREATE TRIGGER meddles AFTER {event} ON {table} BEGIN {then}; END"));
}

fn refused(ended: &Ended, told: &str) {
    let error = ended.summary.error.clone().unwrap_or_default();
    assert_eq!(exit(ended), Exit::Config, "{told}: {error}");
    for part in [told, ": trigger MEDDLES", " may have changed it"] {
        assert!(error.to_uppercase().contains(&part.to_uppercase()), "no `{part}` in: {error}");
    }
}

/// Something to do for each job, and its command line.
fn prepared(world: &mut World, job: &str) -> String {
    match job {
        "revoke" => {
            world.put("mapping\nresponse MGR=2025-01-31");
            REVOKE.to_owned()
        }
        "restore" => {
            world.put("mapping\nresponse MGR=2025-01-31");
            format!("restore {}", world.run(REVOKE).summary.run_id)
        }
        "disable-inactive" => {
            set_up(world);
            world.put(
                "account ID=7 CREATED=2020-01-01\nsession ID=71 OF=7 ACTIVE=1 LAST=2025-01-01",
            );
            "disable-inactive --as-of 2026-11-30".to_owned()
        }
        "import-users" => {
            world.put("org\nperson CITY=Bern");
            import_of(world, &["city=Basel", "id=NEW|email=new@x"])
        }
        _ => {
            world.put("person\nmonth FREE=0.25");
            let file = "email;2026-01;2026-02\nanna@example.org;0.5;0.75\n";
            import_availability::command(world, file)
        }
    }
}

#[test]
fn a_run_whose_rows_a_trigger_changes_ends_with_3_and_names_table_key_and_column() {
    let is = |id: &str| format!("WHERE {id} = new.{id}");
    for (job, event, table, set, of, told) in [
        (
            "revoke",
            "UPDATE",
            "recreate_response",
            "is_active = 2",
            is("rowid"),
            "RECREATE_RESPONSE `E1/7`: its column IS_ACTIVE",
        ),
        (
            "restore",
            "INSERT",
            "map_rap_user_role",
            "user_id = 'E9'",
            is("rowid"),
            "MAP_RAP_USER_ROLE `E1/7` is not there",
        ),
        (
            "restore",
            "UPDATE",
            "recreate_response",
            "is_active = 2",
            is("rowid"),
            "RECREATE_RESPONSE `E1/7`: its column IS_ACTIVE",
        ),
        (
            "disable-inactive",
            "UPDATE",
            "ops_user",
            "updated_by = 1",
            is("id"),
            "OPS_USER `7`: its column UPDATED_BY",
        ),
        (
            "disable-inactive",
            "UPDATE",
            "user_session",
            "is_active = 2",
            is("id"),
            "USER_SESSION `71`: its column IS_ACTIVE",
        ),
        (
            "disable-inactive",
            "INSERT",
            "ops_event",
            "created_by = 1",
            is("id"),
            "OPS_EVENT `7`: its column CREATED_BY",
        ),
        (
            "disable-inactive",
            "INSERT",
            "ops_db_history",
            "changes = 'x'",
            is("id"),
            "OPS_DB_HISTORY `UserSession/71`: its column CHANGES",
        ),
        (
            "import-users",
            "UPDATE",
            "pm_user",
            "city = 'Olten'",
            is("id"),
            "PM_USER `U1`: its column CITY",
        ),
        (
            "import-users",
            "INSERT",
            "pm_user",
            "city = 'Olten'",
            is("id"),
            "PM_USER `NEW`: its column CITY",
        ),
        (
            "import-availability",
            "UPDATE",
            "pm_availability",
            "free_pt = 1",
            is("rowid"),
            "PM_AVAILABILITY `U1/2026-01`: its column FREE_PT",
        ),
        (
            "import-availability",
            "INSERT",
            "pm_availability",
            "free_pt = 1",
            is("rowid"),
            "PM_AVAILABILITY `U1/2026-02`: its column FREE_PT",
        ),
    ] {
        let mut world = World::sqlite();
        let command = prepared(&mut world, job);
        let before = world.dump(table);
        trigger(&world, event, table, &format!("UPDATE {table} SET {set} {of}"));
        refused(&world.rehearse(&command), told);
        refused(&world.run(&command), told);
        assert_eq!(world.dump(table), before, "{job}: nothing was changed");
        world.define("DROP TRIGGER meddles");
        ok(&world.run(&command));
    }
}

#[test]
fn a_trigger_of_one_table_that_changes_what_was_written_in_another_ends_the_run_with_3() {
    let mut world = World::sqlite();
    let command = prepared(&mut world, "disable-inactive");
    let meddle = "UPDATE ops_user SET updated_by = 1 WHERE id = 7";
    trigger(&world, "INSERT", "ops_event", meddle);
    let told = "OPS_USER `7`: its column UPDATED_BY does not hold what was written";
    refused(&world.run(&command), told);
    assert_eq!(world.one("SELECT status FROM ops_user WHERE id = 7"), "ACTIVE");
    world.define("DROP TRIGGER meddles");
    ok(&world.run(&command));
}

#[test]
fn a_restored_row_whose_key_is_a_number_is_read_again_too() {
    let world = World::sqlite();
    world.define("DROP TABLE map_rap_user_role");
    world.define("CREATE TABLE map_rap_user_role (user_id INTEGER, rmm_id INTEGER)");
    world.put("mapping USER=4711\nresponse USER=4711 MGR=2025-01-31");
    let restore = format!("restore {}", world.run(REVOKE).summary.run_id);
    let meddle = "UPDATE map_rap_user_role SET rmm_id = 8 WHERE rowid = new.rowid";
    trigger(&world, "INSERT", "map_rap_user_role", meddle);
    refused(&world.run(&restore), "MAP_RAP_USER_ROLE `4711/7`: its column RMM_ID");
    world.define("DROP TRIGGER meddles");
    ok(&world.run(&restore));
    assert_eq!(world.one("SELECT rmm_id FROM map_rap_user_role"), "7");
}

#[test]
fn a_trigger_that_leaves_alone_what_recert_writes_stops_no_job() {
    for (job, table) in [
        ("revoke", "recreate_response"),
        ("restore", "recreate_response"),
        ("disable-inactive", "ops_event"),
        ("import-users", "pm_user"),
        ("import-availability", "pm_availability"),
    ] {
        let mut world = World::sqlite();
        world.define("CREATE TABLE heard (what TEXT)");
        let command = prepared(&mut world, job);
        let event = if job == "disable-inactive" { "INSERT" } else { "UPDATE" };
        trigger(&world, event, table, "INSERT INTO heard VALUES (new.rowid)");
        ok(&world.run(&command));
        assert_ne!(world.one("SELECT COUNT(*) AS n FROM heard"), "0", "{job}");
    }
}

#[test]
fn a_before_trigger_on_oracle_that_changes_what_is_written_ends_a_run_with_3() {
    let Some(world) = World::standin() else { return };
    world.put("mapping\nresponse MGR=2025-01-31");
    let owner = world.config.database.username.clone().unwrap();
    let meddle = |value: &str| {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION {owner}.meddle() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.{value}; RETURN NEW; END';
             DROP TRIGGER IF EXISTS meddles ON {owner}.recreate_response;
             CREATE TRIGGER meddles BEFORE UPDATE ON {owner}.recreate_response
                 FOR EACH ROW EXECUTE FUNCTION {owner}.meddle()"
        );
        world.standin_database().psql(&sql).unwrap();
    };
    meddle("is_active := 2");
    refused(&world.run(REVOKE), "RECREATE_RESPONSE `E1/7`: its column IS_ACTIVE");
    assert_eq!(world.one("SELECT COUNT(*) AS n FROM map_rap_user_role"), "1");
    meddle("access_level := ''seen''");
    ok(&world.run(REVOKE));
}

#[test]
fn a_row_that_a_trigger_puts_back_ends_the_run_with_3() {
    let columns = |table: &str, world: &World| {
        let rows = world.query(&format!("SELECT name FROM pragma_table_info('{table}')"));
        rows.iter().map(|row| row.values[0].display()).collect::<Vec<_>>().join(", ")
    };
    for (job, table, told) in [
        ("purge", "pm_user", "PM_USER `U2` is there, although it was deleted"),
        ("restore", "pm_availability", "PM_AVAILABILITY `U1/2026-02` is there, although"),
    ] {
        let mut world = World::sqlite();
        let command = match job {
            "purge" => {
                world.put(
                    "org\nperson CITY=Bern\nperson ID=U2 EMAIL=b@x DEL=1 DELETE_AT=2026-11-30",
                );
                import_of(&world, &["city=Bern"])
            }
            _ => {
                let import = prepared(&mut world, "import-availability");
                format!("restore {}", world.run(&import).summary.run_id)
            }
        };
        let before = world.dump(table);
        let columns = columns(table, &world);
        let old = columns.split(", ").map(|c| format!("old.{c}")).collect::<Vec<_>>().join(", ");
        let back = format!("INSERT INTO {table} (rowid, {columns}) VALUES (old.rowid, {old})");
        trigger(&world, "DELETE", table, &back);
        refused(&world.run(&command), told);
        assert_eq!(world.dump(table), before, "{job}: nothing was changed");
        world.define("DROP TRIGGER meddles");
        ok(&world.run(&command));
        assert_ne!(world.dump(table), before, "{job}");
    }
}

#[test]
fn rows_are_read_again_where_a_trigger_fires_at_what_is_done_and_nowhere_else() {
    let Some(mut world) = World::standin() else { return };
    set_up(&mut world);
    let owner = world.config.database.username.clone().unwrap();
    let psql = |sql: &str| world.standin_database().psql(sql).unwrap();
    psql(&format!(
        "CREATE FUNCTION {owner}.hears() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    ));
    // Each time a run disables one account more: it updates OPS_USER, and deletes nothing.
    let mut id = 10;
    let mut round_trips = || {
        id += 1;
        world.put(&format!("account ID={id} CREATED=2020-01-01"));
        let run = watched(&world, "disable-inactive", "");
        assert_eq!(run.code, Some(0), "{}", run.log);
        run.counted("oracle_round_trips")
    };
    // What it writes is read again, table by table: OPS_USER, OPS_EVENT, OPS_DB_HISTORY.
    round_trips(); // Those that follow it find its run in the ledger.
    let untouched = round_trips();
    for (event, kind, again) in [
        ("AFTER DELETE", "", 0),
        ("BEFORE INSERT OR DELETE", "", 0),
        ("BEFORE UPDATE", "", 3),
        ("AFTER UPDATE OF status", "", 3),
        ("AFTER INSERT OR UPDATE OR DELETE", "", 3),
        ("AFTER DELETE", "compound", 3),
    ] {
        let on = format!("hears ON {owner}.ops_user");
        psql(&format!("DROP TRIGGER IF EXISTS {on}"));
        let trigger = on.replace("hears ON", &format!("hears {event} ON"));
        psql(&format!("CREATE TRIGGER {trigger} FOR EACH ROW EXECUTE FUNCTION {owner}.hears()"));
        psql(&format!("COMMENT ON TRIGGER {on} IS '{kind}'"));
        assert_eq!(round_trips(), untouched + again, "{event} {kind}");
    }
}

/// The run deletes a mapping; whether a response was deleted with it, by a foreign key, only the database knows.
#[test]
fn rows_are_read_again_where_a_trigger_may_fire_as_others_are_deleted() {
    let round_trips = |event: &str| {
        let world = World::standin()?;
        let owner = world.config.database.username.clone().unwrap();
        world.put("mapping\nresponse MGR=2025-01-31");
        let sql = format!(
            "CREATE FUNCTION {owner}.hears() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER hears AFTER {event} ON {owner}.recreate_response
                 FOR EACH ROW EXECUTE FUNCTION {owner}.hears()"
        );
        world.standin_database().psql(&sql).unwrap();
        let run = watched(&world, "revoke", "");
        assert_eq!(run.code, Some(0), "{}", run.log);
        Some(run.counted("oracle_round_trips"))
    };
    let Some(at_insert) = round_trips("INSERT") else { return };
    assert_eq!(round_trips("DELETE"), Some(at_insert + 2), "both tables");
}

/// A policy of a virtual private database: what it hides is not there for whoever reads.
#[test]
fn rows_that_a_policy_hides_once_they_are_written_end_a_run_with_3() {
    let Some(world) = World::standin() else { return };
    world.put("mapping\nresponse MGR=2025-01-31");
    let owner = world.config.database.username.clone().unwrap();
    let hides = |what: &str| {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION {owner}.shows(is_active numeric) RETURNS boolean LANGUAGE plpgsql AS
                 'BEGIN RETURN {what} OR current_query() ILIKE ''UPDATE%''; END';
             DROP POLICY IF EXISTS hides ON {owner}.recreate_response;
             CREATE POLICY hides ON {owner}.recreate_response USING ({owner}.shows(is_active));
             ALTER TABLE {owner}.recreate_response ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        );
        world.standin_database().psql(&sql).unwrap();
    };
    hides("is_active = 1");
    let ended = world.run(REVOKE);
    let error = ended.summary.error.clone().unwrap_or_default();
    assert_eq!(exit(&ended), Exit::Config, "{error}");
    let told = "RECREATE_RESPONSE `E1/7` is not there as it was written: policy HIDES";
    assert!(error.contains(told), "{error}");
    assert_eq!(world.one("SELECT COUNT(*) AS n FROM map_rap_user_role"), "1");
    hides("is_active >= 0");
    ok(&world.run(REVOKE));
}
