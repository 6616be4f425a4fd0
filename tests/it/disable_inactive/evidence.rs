//! What is written: the account, its sessions, OPS_EVENT, OPS_DB_HISTORY, and recert's own ledger.

use serde_json::{Value as Json, json};

use super::{CUTOFF, RUN, disabled, ops_sqlite, ops_worlds};
use crate::harness::{World, ok, parse, printed};

const ROWS: &str = "account ID=7 OIDC=\"o'b;--\" MAIL=a@example.org CREATED=2020-02-29 BY=5 \"UPDATED=2026-01-01 08:30:00\"
     session ID=70 OF=7 ACTIVE=0 \"LAST=2026-02-01 10:00:00\"
     session ID=71 OF=7 ACTIVE=1 \"LAST=2026-03-01 10:00:00\"
     session ID=72 OF=7 ACTIVE=NULL LAST=2026-01-01
     session ID=73 OF=7 ACTIVE=1 LAST=NULL
     session ID=80 OF=8 ACTIVE=1 LAST=2026-01-01";

const MOMENT: &str = "2026-11-30T23:59:59";

/// One row of a query with its dates as JSON has them.
fn one(world: &World, query: &str) -> Vec<String> {
    let rows = world.query(query);
    assert_eq!(rows.len(), 1, "{}: {query}", world.name);
    rows[0].values.iter().map(|value| value.display().replace(' ', "T")).collect()
}

fn jsons(world: &World, query: &str) -> Vec<Json> {
    let rows = world.query(query);
    rows.iter().map(|row| serde_json::from_str(&row.values[0].display()).unwrap()).collect()
}

#[test]
fn disable_inactive_sets_status_and_stamp_of_the_account_and_nothing_else() {
    for world in ops_worlds() {
        world.put(ROWS);
        assert_eq!(disabled(&world, RUN), ["7"]);
        let row = one(
            &world,
            "SELECT status, updated_by, updated_on, oidc_id, email, created_on FROM ops_user WHERE id = 7",
        );
        assert_eq!(row[..5], ["INACTIVE", "900", MOMENT, "o'b;--", "a@example.org"]);
        assert!(row[5].starts_with("2020-02-29"), "{}", row[5]);
    }
}

#[test]
fn disable_inactive_closes_open_sessions_and_leaves_their_last_activity() {
    for world in ops_worlds() {
        world.put(ROWS);
        disabled(&world, RUN);
        let session = |id: i64| {
            one(
                &world,
                &format!(
                    "SELECT is_active, updated_by, updated_on, last_active_at FROM user_session WHERE id = {id}"
                ),
            )
        };
        assert_eq!(session(71), ["0", "900", MOMENT, "2026-03-01T10:00:00"], "{}", world.name);
        assert_eq!(session(73), ["0", "900", MOMENT, ""]);
        assert_eq!(session(70)[..3], ["0", "", ""]);
        assert_eq!(session(72)[..3], ["", "", ""]);
        assert_eq!(session(80)[..3], ["1", "", ""], "of no account");
    }
}

#[test]
fn disable_inactive_tells_the_application_once_an_account() {
    for world in ops_worlds() {
        world.put(ROWS);
        world.put(&format!("account ID=3 \"CREATED={CUTOFF}\""));
        disabled(&world, RUN);
        let events =
            world.query("SELECT event_type, event_status, created_by, created_on FROM ops_event");
        assert_eq!(events.len(), 2, "{}", world.name);
        for event in &events {
            let values: Vec<_> =
                event.values.iter().map(|value| value.display().replace(' ', "T")).collect();
            assert_eq!(values, ["UPDATE_USER", "SUCCESS", "900", MOMENT]);
        }
        let details = world.query("SELECT event_details FROM ops_event ORDER BY id");
        let details: Vec<_> = details.iter().map(|row| row.values[0].display()).collect();
        let expected = [3, 7].map(|id| {
            format!(r#"{{"user_id": {id}, "message": "User deactivated via automated process."}}"#)
        });
        assert_eq!(details, expected);
        assert_eq!(world.one("SELECT COUNT(DISTINCT id) FROM ops_event WHERE id IS NOT NULL"), "2");
    }
}

#[test]
fn disable_inactive_keeps_the_history_of_every_row_it_changes() {
    for world in ops_worlds() {
        world.put(ROWS);
        disabled(&world, RUN);
        let kept = world.query("SELECT class_name, row_key, event_type, created_by, created_on FROM ops_db_history ORDER BY id");
        let kept: Vec<Vec<_>> = kept
            .iter()
            .map(|row| row.values.iter().map(|value| value.display().replace(' ', "T")).collect())
            .collect();
        let of = |class, key| vec![class, key, "UPDATED", "900", MOMENT];
        assert_eq!(
            kept,
            [of("User", "7"), of("UserSession", "71"), of("UserSession", "73")],
            "{}",
            world.name
        );
    }
}

#[test]
fn disable_inactive_keeps_whole_rows_with_iso_dates_and_numbers_as_numbers() {
    for world in ops_worlds() {
        world.put(ROWS);
        disabled(&world, RUN);
        let details = jsons(&world, "SELECT event_details FROM ops_db_history ORDER BY id");
        assert_eq!(
            details[0],
            json!({"id": 7, "oidc_id": "o'b;--", "email": "a@example.org", "status": "INACTIVE",
                   "created_on": "2020-02-29T00:00:00", "updated_by": 900, "updated_on": MOMENT})
        );
        assert_eq!(
            details[1],
            json!({"id": 71, "user_id": 7, "is_active": 0, "last_active_at": "2026-03-01T10:00:00",
                   "created_on": null, "updated_by": 900, "updated_on": MOMENT})
        );
        assert_eq!(details[2]["last_active_at"], Json::Null);
    }
}

#[test]
fn disable_inactive_keeps_new_and_old_of_every_column_it_changes() {
    for world in ops_worlds() {
        world.put(ROWS);
        disabled(&world, RUN);
        let changes = jsons(&world, "SELECT changes FROM ops_db_history ORDER BY id");
        assert_eq!(
            changes[0],
            json!({"status": {"new": "INACTIVE", "old": "ACTIVE"},
                   "updated_by": {"new": 900, "old": 5},
                   "updated_on": {"new": MOMENT, "old": "2026-01-01T08:30:00"}})
        );
        assert_eq!(
            changes[1],
            json!({"is_active": {"new": 0, "old": 1},
                   "updated_by": {"new": 900, "old": null},
                   "updated_on": {"new": MOMENT, "old": null}})
        );
    }
}

#[test]
fn disable_inactive_keeps_columns_it_does_not_know() {
    let world = ops_sqlite();
    world.tamper("ALTER TABLE ops_user ADD \"Last Seen\" DATE");
    world.tamper("ALTER TABLE ops_user ADD share REAL");
    world.tamper("ALTER TABLE ops_user ADD note VARCHAR2(99)");
    world.put("account CREATED=2020-01-01");
    world.tamper("UPDATE ops_user SET \"Last Seen\" = '2026-01-31', share = 1.0, note = '2026-01-31 10:00:00' WHERE id = 1");
    disabled(&world, RUN);
    let details = &jsons(&world, "SELECT event_details FROM ops_db_history")[0];
    assert_eq!(details["last seen"], "2026-01-31T00:00:00");
    assert_eq!(details["share"].to_string(), "1.0");
    assert_eq!(details["note"], "2026-01-31 10:00:00", "a text is no date");
    let before = &jsons(&world, "SELECT before_image FROM recert_image WHERE seq = 1")[0];
    assert_eq!((&before["STATUS"], &before["NOTE"]), (&json!("ACTIVE"), &details["note"]));
}

#[test]
fn disable_inactive_keeps_inserted_rows_in_the_ledger_as_they_stand_there() {
    for world in ops_worlds() {
        world.put(ROWS);
        disabled(&world, RUN);
        for (table, key) in [("OPS_EVENT", "7"), ("OPS_DB_HISTORY", "User/7")] {
            let query = format!(
                "SELECT i.after_image FROM recert_change c JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq
                  WHERE c.table_name = '{table}' AND c.row_key = '{key}'"
            );
            let image = &jsons(&world, &query)[0];
            let row = &world.query(&format!("SELECT * FROM {table} ORDER BY id"))[0];
            for (column, value) in row.columns.iter().zip(&row.values).skip(1) {
                let held = if column == "CREATED_ON" {
                    value.display().replace(' ', "T")
                } else {
                    value.display()
                };
                let told = image[column].as_str().map_or(image[column].to_string(), str::to_owned);
                assert_eq!(told, held, "{}: {table}.{column}", world.name);
            }
            assert_eq!(image.as_object().unwrap().len(), row.columns.len() - 1, "all but the ID");
        }
    }
}

#[test]
fn disable_inactive_takes_hostile_ids_as_they_are() {
    for id in ["O''Brien", "a/b", "%", "''; DROP TABLE ops_user; --", "Žofie 🦀", "\"x\"\\", "&x"]
    {
        let world = ops_sqlite();
        world.tamper(&format!(
            "INSERT INTO ops_user (id, status, created_on) VALUES ('{id}', 'ACTIVE', '2020-01-01')"
        ));
        world.tamper(&format!(
            "INSERT INTO user_session (id, user_id, is_active, last_active_at) VALUES ('{id}', '{id}', 1, '2020-01-01')"
        ));
        let id = id.replace("''", "'");
        assert_eq!(disabled(&world, RUN), [id.as_str()]);
        assert_eq!(jsons(&world, "SELECT event_details FROM ops_event")[0]["user_id"], id);
        assert_eq!(world.one("SELECT is_active FROM user_session"), "0");
        assert_eq!(
            world.one("SELECT row_key FROM ops_db_history WHERE class_name = 'UserSession'"),
            id
        );
    }
}

#[test]
fn disable_inactive_applies_a_saved_plan_once_or_says_that_it_is_stale() {
    for world in ops_worlds() {
        world.put("account ID=1 CREATED=2020-01-01\naccount ID=2 CREATED=2020-01-01");
        let path = world.folder.path().join("plan.json");
        let preview = world.preview("disable-inactive --days 90");
        let (job, _) = parse("disable-inactive --days 90");
        let saved = preview.as_planned.saved(
            preview.plan.as_ref().unwrap(),
            &job,
            &world.config,
            "preview",
        );
        std::fs::write(&path, serde_json::to_string(&saved).unwrap()).unwrap();

        world.put("account ID=3 CREATED=2020-01-01"); // Not in the plan, so left alone.
        let command = format!("disable-inactive --days 90 --plan {}", path.display());
        world.tamper("UPDATE ops_user SET email = 'other@x' WHERE id = 2");
        let stale = world.run(&command);
        assert_eq!(crate::harness::exit(&stale), recert::door::exit::Exit::Drifted);
        world.tamper("UPDATE ops_user SET email = NULL WHERE id = 2");
        let ended = world.run(&command);
        ok(&ended);
        assert_eq!(printed(&ended), printed(&preview), "{}", world.name);
        let again = world.run(&command);
        ok(&again);
        assert_eq!(again.summary.counts.get("already_applied"), 2);
        assert_eq!(world.one("SELECT status FROM ops_user WHERE id = 3"), "ACTIVE");
    }
}
