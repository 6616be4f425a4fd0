//! A second session between any two steps of a run, on the stand-in: it changes, adds, deletes and locks rows
//! that the run is about to change, or rests on. Whatever it does, the run is whole or nothing, and no
//! before-image is another row than the one that was changed.

mod archive;
mod scene;

pub(crate) use scene::wait_for;
use scene::{Before, Scene};

use crate::disable_inactive::set_up;
use crate::harness::World;
use crate::import_availability;
use crate::import_users::import_of;
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Slapd};

fn noted(world: &World, table: &str) {
    world.define(&format!("ALTER TABLE {table} ADD note VARCHAR2(10)"));
}

#[test]
fn revoke_beside_a_second_session() {
    let scene = Scene {
        job: "revoke",
        tables: &["map_rap_user_role", "recreate_response"],
        reads: "FROM RECREATE_RESPONSE",
        changes: "DELETE FROM MAP_RAP_USER_ROLE",
        change: "UPDATE recreate_response SET access_status = 'APPROVED'",
        touch: "UPDATE recreate_response SET note = 'seen'",
        add: "INSERT INTO map_rap_user_role (user_id, rmm_id) VALUES ('E1', 7)",
        added_until: Before::Apply,
        delete: "DELETE FROM map_rap_user_role",
        lock: "SELECT * FROM recreate_response FOR UPDATE",
        any_column: false,
        is_for_good: false,
    };
    scene.play(&|world| {
        noted(world, "recreate_response");
        world.put("mapping\nresponse MGR=2025-01-31");
        "revoke".to_owned()
    });
}

#[test]
fn restore_beside_a_second_session() {
    let scene = Scene {
        job: "restore",
        tables: &["map_rap_user_role", "recreate_response"],
        reads: "FROM \"MAP_RAP_USER_ROLE\"",
        changes: "UPDATE \"RECREATE_RESPONSE\"",
        change: "UPDATE recreate_response SET access_status = 'APPROVED'",
        touch: "UPDATE recreate_response SET note = 'seen'",
        add: "INSERT INTO map_rap_user_role (user_id, rmm_id) VALUES ('E1', 7)",
        added_until: Before::Apply,
        delete: "DELETE FROM recreate_response",
        lock: "SELECT * FROM recreate_response FOR UPDATE",
        any_column: true,
        is_for_good: true,
    };
    scene.play(&|world| {
        noted(world, "recreate_response");
        world.put("mapping\nresponse MGR=2025-01-31");
        let run = world.recert_ok("revoke");
        format!("restore {}", run["run_id"].as_str().unwrap())
    });
}

#[test]
fn disable_inactive_beside_a_second_session() {
    let scene = Scene {
        job: "disable-inactive",
        tables: &["ops_user", "user_session"],
        reads: "FROM OPS_USER",
        changes: "UPDATE OPS_USER",
        change: "UPDATE ops_user SET updated_on = LOCALTIMESTAMP WHERE id = 7",
        touch: "UPDATE ops_user SET note = 'seen' WHERE id = 7",
        add: "INSERT INTO user_session (id, user_id, is_active, last_active_at) VALUES (72, 7, 1, LOCALTIMESTAMP)",
        added_until: Before::Apply,
        delete: "DELETE FROM ops_user WHERE id = 7",
        lock: "SELECT * FROM ops_user WHERE id = 7 FOR UPDATE",
        any_column: true, // OPS_DB_HISTORY tells the whole row.
        is_for_good: false,
    };
    scene.play(&|world| {
        set_up(world);
        noted(world, "ops_user");
        world.put("account ID=7 UPDATED=2025-01-01\nsession ID=71 OF=7 ACTIVE=1 LAST=2025-01-01");
        "disable-inactive".to_owned()
    });
}

#[test]
fn sync_managers_beside_a_second_session() {
    needs_slapd!();
    let boss = Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss");
    let staff = ["E1", "E9"].map(|id| Person::new(id).managed_by(&boss.dn));
    let slapd = Slapd::with(ldif(staff.iter().chain([&boss])));
    let scene = Scene {
        job: "sync-managers",
        tables: &["user_tab"],
        reads: "FROM USER_TAB",
        changes: "UPDATE USER_TAB",
        change: "UPDATE user_tab SET linemanager_id = 'other' WHERE employee_id = 'E1'",
        touch: "UPDATE user_tab SET note = 'seen' WHERE employee_id = 'E1'",
        add: "INSERT INTO user_tab (employee_id, rap) VALUES ('E9', 1)",
        added_until: Before::Plan, // Who comes is asked about by the next run.
        delete: "DELETE FROM user_tab WHERE employee_id = 'E1'",
        lock: "SELECT * FROM user_tab WHERE employee_id = 'E1' FOR UPDATE",
        any_column: false,
        is_for_good: false,
    };
    scene.play(&|world| {
        world.ask(slapd.settings());
        noted(world, "user_tab");
        world.put("staff");
        "sync-managers".to_owned()
    });
}

#[test]
fn import_users_beside_a_second_session() {
    let scene = Scene {
        job: "import-users",
        tables: &["pm_user", "pm_user_role"],
        reads: "FROM PM_USER",
        changes: "UPDATE PM_USER",
        change: "UPDATE pm_user SET city = 'Olten'",
        touch: "UPDATE pm_user SET note = 'seen'",
        add: "INSERT INTO pm_user (id, email) VALUES ('X', 'x@x')",
        added_until: Before::Plan, // Nothing rests on who else is there.
        delete: "DELETE FROM pm_user WHERE id = 'U1'",
        lock: "SELECT * FROM pm_user WHERE id = 'U1' FOR UPDATE",
        any_column: false,
        is_for_good: false,
    };
    scene.play(&|world| {
        noted(world, "pm_user");
        world.put("org\nperson CITY=Bern");
        today(&import_of(world, &["city=Basel"]))
    });
}

#[test]
fn import_users_that_purges_beside_a_second_session() {
    let scene = Scene {
        job: "import-users, purging",
        tables: &["pm_user", "pm_user_role"],
        reads: "FROM PM_USER",
        changes: "DELETE FROM PM_USER",
        change: "UPDATE pm_user SET delete_at = DATE '2099-01-01'",
        touch: "UPDATE pm_user SET note = 'seen'",
        add: "INSERT INTO pm_user_role (user_id, role_name, is_management) VALUES ('P1', 'R9', 0)",
        added_until: Before::Apply,
        delete: "DELETE FROM pm_user WHERE id = 'P1'",
        lock: "SELECT * FROM pm_user WHERE id = 'P1' FOR UPDATE",
        any_column: false,
        is_for_good: false,
    };
    scene.play(&|world| {
        noted(world, "pm_user");
        world.put("org\nperson ID=P1 EMAIL=p1@x DEL=1 DELETE_AT=2020-01-01");
        today(&import_of(world, &["id=NEW|email=new@x"]))
    });
}

#[test]
fn import_availability_beside_a_second_session() {
    let scene = Scene {
        job: "import-availability",
        tables: &["pm_availability"],
        reads: "FROM PM_AVAILABILITY",
        changes: "INSERT INTO PM_AVAILABILITY",
        change: "UPDATE pm_availability SET free_pt = 0.75",
        touch: "UPDATE pm_availability SET note = 'seen'",
        add: "INSERT INTO pm_availability (user_id, month, free_pt) VALUES ('U1', '2026-02', 0.75)",
        added_until: Before::Apply,
        delete: "DELETE FROM pm_availability WHERE month = '2026-01'",
        lock: "SELECT * FROM pm_availability FOR UPDATE",
        any_column: false,
        is_for_good: false,
    };
    scene.play(&|world| {
        noted(world, "pm_availability");
        world.put("person\nmonth FREE=0.25");
        let file = "email;2026-01;2026-02\nanna@example.org;0.5;0.5\n";
        today(&import_availability::command(world, file))
    });
}

/// The binary's clock is the machine's.
fn today(command: &str) -> String {
    command.split(" --as-of").next().unwrap().to_owned()
}
