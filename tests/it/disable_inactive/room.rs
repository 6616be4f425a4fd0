//! What is told of an account has no room in the application's columns: it is left, and everybody else is disabled.

use super::{RUN, disabled, ops_worlds};
use crate::harness::{World, ok};

/// The history's column as a text of so many bytes.
fn shorten(world: &World, column: &str, bytes: usize) {
    world.define(&format!("ALTER TABLE ops_db_history DROP COLUMN {column}"));
    world.define(&format!("ALTER TABLE ops_db_history ADD {column} VARCHAR2({bytes})"));
}

fn found(world: &World) -> Vec<(String, String)> {
    let ended = world.preview(RUN);
    ok(&ended);
    assert_eq!(ended.summary.counts.get("unreadable"), ended.summary.findings.len() as u64);
    let of_kind = ended.summary.findings.into_iter().filter(|found| found.kind == "unreadable");
    of_kind.map(|found| (found.key, found.message)).collect()
}

#[test]
fn disable_inactive_leaves_an_account_whose_row_is_too_long_for_the_history_and_disables_the_others()
 {
    for world in ops_worlds() {
        shorten(&world, "event_details", 300);
        // In characters it would fit.
        let mail = "\u{17e}".repeat(110);
        world.put(&format!(
            "account ID=7 MAIL=short@x CREATED=2020-01-01\naccount ID=8 MAIL={mail} CREATED=2020-01-01
             session ID=70 OF=7 ACTIVE=1 LAST=2026-01-01\nsession ID=80 OF=8 ACTIVE=1 LAST=2026-01-01"
        ));
        let found = found(&world);
        assert_eq!(found.len(), 1, "{}: {found:?}", world.name);
        assert_eq!(found[0].0, "8");
        assert!(
            found[0].1.contains("OPS_DB_HISTORY.EVENT_DETAILS, which holds 300 bytes"),
            "{found:?}"
        );
        assert_eq!(disabled(&world, RUN), ["7"], "{}", world.name);
        let open = world.query("SELECT id FROM user_session WHERE is_active = 1");
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].values[0].display(), "80", "with its session");
    }
}

#[test]
fn disable_inactive_leaves_an_account_one_of_whose_sessions_is_too_long() {
    for world in ops_worlds() {
        world.define("ALTER TABLE user_session ADD agent VARCHAR2(400)");
        shorten(&world, "event_details", 400);
        world.put(
            "account ID=7 CREATED=2020-01-01\nsession ID=70 OF=7 ACTIVE=1 LAST=2026-01-01
             session ID=71 OF=7 ACTIVE=1 LAST=2026-01-01\naccount ID=8 CREATED=2020-01-01",
        );
        world.tamper(&format!(
            "UPDATE user_session SET agent = '{}' WHERE id = 71",
            "x".repeat(390)
        ));
        let found = found(&world);
        assert_eq!((found.len(), found[0].0.as_str()), (1, "7"), "{}: {found:?}", world.name);
        assert_eq!(disabled(&world, RUN), ["8"], "{}", world.name);
    }
}

#[test]
fn disable_inactive_leaves_everybody_where_no_change_has_room() {
    for world in ops_worlds() {
        shorten(&world, "changes", 20);
        world.put("account ID=7 CREATED=2020-01-01");
        assert_eq!(found(&world).len(), 1, "{}", world.name);
        assert_eq!(disabled(&world, RUN), [] as [&str; 0]);
    }
}
