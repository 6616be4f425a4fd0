//! Whatever happened to the tables: a program that shares nothing with recert counts the report again.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use recert::door::config::{OnConflict, OnNearMatch};

use crate::harness::{World, skipped};
use crate::report::report;

/// Worlds of the suite; `RECERT_WORLDS` asks for another number.
const N_WORLDS: usize = 12;

/// What happens in a world, one thing after the other.
#[derive(Clone, Debug)]
enum Happening {
    Response(String),
    Mapping(&'static str, i64),
    Revoke(&'static str),
    /// The how manieth latest run, and what of it.
    Restore(usize, &'static str),
    ForeignDelete(&'static str, i64),
    ClosedByHand(&'static str, i64),
    EditedByHand(&'static str, i64),
    OpenedByHand(&'static str, i64),
}

fn user() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["E1", "E2", "e2", "E3", "E1/7", "E9"])
}

fn happening() -> impl Strategy<Value = Happening> {
    let date = || {
        prop::sample::select(vec!["NULL", "2025-11-29", "2026-11-29", "2026-11-30", "2026-12-01"])
    };
    let status = prop::sample::select(vec![
        "REVOKED",
        "REVOKED",
        "REVOKED",
        " revoked ",
        "APPROVED",
        "PENDING",
        "NULL",
        "DELEGATED",
    ]);
    let active = prop::sample::select(vec!["1", "1", "1", "0", "NULL"]);
    let day = prop::sample::select(vec!["2026-11-29", "2026-11-30", "2026-12-01"]);
    let only = prop::sample::select(vec![
        "",
        "",
        " --skip-changed",
        " --only MAP_RAP_USER_ROLE",
        " --only RECREATE_RESPONSE",
        " --only MAP_RAP_USER_ROLE:E1/7",
    ]);
    let place = || (user(), 7..9_i64);
    let response = (place(), status, active, date(), date()).prop_map(
        |((user, at), status, active, by_manager, due)| {
            Happening::Response(format!(
                "response \"USER={user}\" AT={at} \"STATUS={status}\" ACTIVE={active} MGR={by_manager} DUE={due}"
            ))
        },
    );
    prop_oneof![
        6 => response,
        6 => place().prop_map(|(user, at)| Happening::Mapping(user, at)),
        4 => day.prop_map(Happening::Revoke),
        4 => (0..4_usize, only).prop_map(|(back, only)| Happening::Restore(back, only)),
        1 => place().prop_map(|(user, at)| Happening::ForeignDelete(user, at)),
        1 => place().prop_map(|(user, at)| Happening::ClosedByHand(user, at)),
        1 => place().prop_map(|(user, at)| Happening::EditedByHand(user, at)),
        1 => place().prop_map(|(user, at)| Happening::OpenedByHand(user, at)),
    ]
}

impl Happening {
    fn happen(&self, world: &World, runs: &mut Vec<String>) {
        let at =
            |user: &str, at: &i64| format!("= '{}' AND rmm_id = {at}", user.replace('\'', "''"));
        match self {
            Happening::Response(row) => world.put(row),
            Happening::Mapping(user, at) => world.put(&format!("mapping \"USER={user}\" AT={at}")),
            Happening::Revoke(day) => {
                runs.push(world.run(&format!("revoke --as-of {day}")).summary.run_id);
            }
            Happening::Restore(back, only) => {
                let Some(run) = runs.iter().rev().nth(*back) else { return };
                // What can't be restored is refused, and nothing happens.
                if let Ok(ended) = world.try_run(&format!("restore {run}{only}"), false) {
                    runs.push(ended.summary.run_id);
                }
            }
            Happening::ForeignDelete(user, place) => {
                world.tamper(&format!(
                    "DELETE FROM map_rap_user_role WHERE user_id {}",
                    at(user, place)
                ));
            }
            Happening::ClosedByHand(user, place) => {
                update(world, "is_active = 0", &at(user, place))
            }
            Happening::OpenedByHand(user, place) => {
                update(world, "is_active = 1", &at(user, place))
            }
            Happening::EditedByHand(user, place) => {
                update(world, "access_level = 'EDITED'", &at(user, place))
            }
        }
    }
}

fn update(world: &World, set: &str, key: &str) {
    world.tamper(&format!("UPDATE recreate_response SET {set} WHERE reportees_id {key}"));
}

#[test]
fn a_report_is_counted_again_by_a_program_that_shares_nothing_with_it() {
    let name = "a_report_is_counted_again_by_a_program_that_shares_nothing_with_it";
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return skipped(name, "python3");
    }
    let n = std::env::var("RECERT_WORLDS").ok().and_then(|n| n.parse().ok()).unwrap_or(N_WORLDS);
    let mut runner = TestRunner::default();
    let happenings = prop::collection::vec(happening(), 10..40);
    let mut worlds = Vec::new();
    for number in 0..n {
        let mut world = World::sqlite();
        world.config.revoke.absent_percent = 100.0;
        world.config.limits.restore.floor = 1_000;
        world.config.limits.revoke.hours = 0;
        world.config.revoke.on_conflict =
            if number % 3 == 0 { OnConflict::Skip } else { OnConflict::Revoke };
        world.config.revoke.on_near_match =
            if number % 4 == 0 { OnNearMatch::Close } else { OnNearMatch::Keep };
        world.put("staff ID=E1\nstaff ID=E2\nstaff ID=E3");
        let mut runs = Vec::new();
        for happening in happenings.new_tree(&mut runner).unwrap().current() {
            happening.happen(&world, &mut runs);
        }
        report(&world, "report --all --as-of 2026-11-30");
        worlds.push(world);
        if worlds.len() == 100 || number + 1 == n {
            recount(&worlds);
            worlds.clear();
        }
    }
}

fn recount(worlds: &[World]) {
    let mut python = std::process::Command::new("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recount_report.py"));
    for world in worlds {
        python
            .arg(world.folder.path().join("recert.db"))
            .arg(world.folder.path().join("report.json"));
    }
    let output = python.output().unwrap();
    let (said, failed) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{failed}");
}
