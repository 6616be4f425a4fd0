//! Rows that somebody changed or put back since the run, and ledgers that somebody edited.

use recert::door::exit::Exit;
use recert::door::run::Ended;

use super::{REVOKE, TWO, command, restore, tables, unlimited};
use crate::harness::{World, exit, worlds};
use crate::verify::holds;

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
fn restore_names_people_who_go_again_and_leave_roles_or_months_behind() {
    for world in worlds() {
        world.put("org");
        let rows = ["", "id=U2|email=b@x", "id=U3|email=c@x"];
        let run = world.run(&crate::import_users::import_of(&world, &rows));
        world.put("role\nrole NAME=R2\nmonth USER=U3\nmonth USER=U9");
        let ended = world.preview(&command(&run, ""));
        let left = ended.summary.findings.iter().filter(|found| found.kind == "left_behind");
        assert_eq!(left.map(|found| found.key.as_str()).collect::<Vec<_>>(), ["U1", "U3"]);
        assert_eq!(ended.summary.counts.get("rows_deleted"), 3);
    }
}

#[test]
fn restore_neither_takes_nor_adds_a_row_whose_key_somebody_else_uses_by_now() {
    for world in worlds() {
        world.put("org");
        let run = world.run(&crate::import_users::import_of(&world, &["", "id=U2|email=b@x"]));
        let drifted = |run: &Ended, key: &str| {
            let ended = world.run(&command(run, ""));
            assert_eq!(exit(&ended), Exit::Drifted, "{}", world.name);
            let said = ended.summary.error.unwrap();
            assert!(said.contains(&format!("PM_USER {key}")), "{said}");
        };
        world.tamper("UPDATE pm_user SET city = 'Elsewhere' WHERE id = 'U2'");
        drifted(&run, "U2");
        let undone = restore(&world, &run, "--skip-changed");
        assert_eq!(undone.summary.counts.get("rows_deleted"), 1);
        world.tamper("INSERT INTO pm_user (id, email) VALUES ('U1', 'somebody@else')");
        drifted(&undone, "U1");
    }
}
