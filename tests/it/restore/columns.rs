//! Columns that a writer may not name, or does not see, and rows that are all alike.

use super::{REVOKE, command, cycle, restore, tables, unlimited};
use crate::harness::{World, ok, printed, worlds};

#[test]
fn restore_leaves_out_columns_that_the_database_fills() {
    let Some(world) = World::standin() else { return };
    world.define(
        "ALTER TABLE map_rap_user_role ADD place NUMBER GENERATED ALWAYS AS (rmm_id + 1) VIRTUAL",
    );
    cycle(world, "mapping\nmapping\nmapping AT=8\nresponse MGR=2026-11-30", REVOKE);
}

#[test]
fn a_row_comes_back_under_another_identity_and_is_known_to_be_back() {
    let Some(world) = World::standin() else { return };
    let world = unlimited(world);
    world.define("ALTER TABLE map_rap_user_role ADD place NUMBER GENERATED ALWAYS AS IDENTITY");
    world.put("mapping\nmapping\nresponse MGR=2026-11-30");
    let run = world.run(REVOKE);
    ok(&run);
    assert_eq!(world.dump("map_rap_user_role").len(), 0);
    restore(&world, &run, "");
    assert_eq!(world.dump("map_rap_user_role").len(), 2);
    assert_eq!(printed(&restore(&world, &run, "")), Vec::<String>::new(), "restored twice");
}

#[test]
fn restore_brings_back_what_stood_in_invisible_columns() {
    let Some(world) = World::standin() else { return };
    let world = unlimited(world);
    world.define("ALTER TABLE map_rap_user_role ADD (granted_by VARCHAR2(20) INVISIBLE)");
    world.tamper(
        "INSERT INTO map_rap_user_role (user_id, rmm_id, granted_by) VALUES ('E1', 7, 'Žofie')",
    );
    world.put("response MGR=2026-11-30");
    let run = world.run(REVOKE);
    ok(&run);
    restore(&world, &run, "");
    assert_eq!(world.one("SELECT granted_by FROM map_rap_user_role"), "Žofie");
    assert_eq!(printed(&restore(&world, &run, "")), Vec::<String>::new(), "restored twice");
}

#[test]
fn the_image_of_a_row_that_is_changed_holds_its_invisible_columns_too() {
    let Some(world) = World::standin() else { return };
    world.define("ALTER TABLE recreate_response ADD (asked_by VARCHAR2(20) INVISIBLE)");
    world.put("response MGR=2026-11-30");
    world.tamper("UPDATE recreate_response SET asked_by = 'Žofie'");
    ok(&world.run(REVOKE));
    let image = world.one("SELECT before_image FROM recert_image");
    assert!(image.contains(r#""ASKED_BY":"Žofie""#), "{image}");
}

#[test]
fn rows_that_are_all_alike_come_back_as_many_as_were_taken() {
    for world in worlds() {
        let world = unlimited(world);
        world.put("mapping\nmapping\nmapping\nresponse MGR=2026-11-30");
        let before = tables(&world);
        let run = world.run(REVOKE);
        ok(&run);
        // One of them was given again since: it is one of the three.
        world.put("mapping");
        let restored = world.run(&command(&run, ""));
        ok(&restored);
        assert_eq!(restored.summary.counts.get("rows_inserted"), 2);
        assert_eq!(tables(&world), before, "{}", world.name);
    }
}

#[test]
fn rows_of_one_key_are_counted_as_they_come_and_go() {
    for world in worlds() {
        let world = unlimited(world);
        world.define("ALTER TABLE map_rap_user_role ADD role VARCHAR2(10)");
        for role in ["'ADMIN'", "'USER'", "NULL"] {
            world.tamper(&format!(
                "INSERT INTO map_rap_user_role (user_id, rmm_id, role) VALUES ('E1', 7, {role})"
            ));
        }
        cycle(world, "response MGR=2026-11-30", REVOKE);
    }
}
