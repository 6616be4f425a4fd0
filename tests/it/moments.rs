//! Moments that runs write: unchanged in every type of column that `check` lets hold them, and nowhere else.

use chrono::{DateTime, TimeDelta, Utc};
use recert::door::commands::check;
use recert::door::config::directory::DirectorySettings;
use recert::door::run::{self, Ended, Request};

use crate::disable_inactive;
use crate::fake_ldap::{Fake, all_report_to_the_boss};
use crate::harness::{World, now, ok, parse, printed};
use crate::import_users::{DAY, import_of};
use crate::restore::tables;
use crate::sync_managers::asking;
use crate::verify::holds;

/// The columns that runs write moments and days to.
const WRITTEN: [(&str, &str); 9] = [
    ("USER_TAB", "UPDATED_DATE"),
    ("OPS_USER", "UPDATED_ON"),
    ("USER_SESSION", "UPDATED_ON"),
    ("OPS_EVENT", "CREATED_ON"),
    ("OPS_DB_HISTORY", "CREATED_ON"),
    ("PM_USER", "IMPORTED_AT"),
    ("PM_USER", "INITIAL_ENTRY"),
    ("PM_USER", "LEAVING_DATE"),
    ("PM_USER", "DELETE_AT"),
];

const ROWS: &str = "staff ID=E1 MGR=old
    account ID=7 UPDATED=2026-01-01
    session ID=71 OF=7 ACTIVE=1 LAST=2026-03-01
    account ID=99
    session ID=99 OF=99 LAST=2030-06-15
    org
    person ID=U9 EMAIL=nina@example.org
    role USER=U9";

/// The tests' moment with the microseconds that a real one has.
fn a_real_now() -> DateTime<Utc> {
    now() + TimeDelta::microseconds(123_456)
}

fn run_now(world: &World, command: &str) -> Ended {
    let (job, as_of) = parse(command);
    let run_id = uuid::Uuid::now_v7().to_string();
    let config = &world.config;
    let request = Request {
        job: &job,
        preview: false,
        rehearse: false,
        as_of,
        config,
        clock: &a_real_now,
        open: &recert::door::db::open,
        run_id,
    };
    let ended = run::run(&request).unwrap_or_else(|error| panic!("`{command}`: {error:#}"));
    ok(&ended);
    ended
}

/// The columns that `check` refuses.
fn refused(world: &World) -> Vec<String> {
    let summary = check::run(&check::Args::default(), &world.context()).unwrap().summary;
    let missing = summary.findings.into_iter().filter(|line| line.kind == "missing");
    missing.map(|line| line.key).filter(|key| key.contains('.')).collect()
}

/// A world whose columns for moments are of this type.
fn world_with(data_type: &str) -> Option<World> {
    let world = World::oracle()?;
    for (table, column) in WRITTEN {
        world.define(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
        world.define(&format!("ALTER TABLE {table} ADD {column} {data_type}"));
    }
    Some(world)
}

#[test]
fn every_moment_a_run_writes_comes_back_from_every_type_that_check_accepts() {
    let fake = Fake::start(all_report_to_the_boss);
    let directory = DirectorySettings {
        urls: vec![fake.url()],
        base_dn: "DC=corp,DC=example".to_owned(),
        anonymous: true,
        allow_plaintext: true,
        ..DirectorySettings::default()
    };
    for data_type in [
        "DATE",
        "TIMESTAMP(0)",
        "TIMESTAMP(3)",
        "TIMESTAMP(9)",
        "TIMESTAMP(0) WITH TIME ZONE",
        "TIMESTAMP(9) WITH TIME ZONE",
        "TIMESTAMP(3) WITH LOCAL TIME ZONE",
        "TIMESTAMP WITH LOCAL TIME ZONE",
    ] {
        let Some(world) = world_with(data_type) else { return };
        let mut world = asking(world, directory.clone());
        world.config.limits.restore.floor = 1_000;
        disable_inactive::set_up(&mut world);
        world.put(ROWS);
        assert_eq!(refused(&world), Vec::<String>::new(), "{data_type}");
        let row = "INITIAL_ENTRY=2020-02-29|LEAVING_DATE=2030-12-31";
        let import = import_of(&world, &[row]).replace(DAY, "");
        for command in ["sync-managers", "disable-inactive", &import] {
            let before = tables(&world);
            let ran = run_now(&world, command);
            assert!(!printed(&ran).is_empty(), "{data_type}: `{command}` does nothing");
            let after = tables(&world);
            let again = run_now(&world, command);
            assert_eq!(printed(&again), Vec::<String>::new(), "{data_type}: `{command}` again");
            holds(&world);
            let restored = run_now(&world, &format!("restore {}", ran.summary.run_id));
            assert_eq!(tables(&world), before, "{data_type}: `{command}` restored");
            run_now(&world, &format!("restore {}", restored.summary.run_id));
            assert_eq!(tables(&world), after, "{data_type}: that restore restored");
        }
    }
}

#[test]
fn check_refuses_every_type_that_would_not_bring_a_moment_back() {
    for data_type in ["VARCHAR2(40)", "CHAR(40)", "NUMBER", "CLOB", "RAW(16)"] {
        let Some(world) = world_with(data_type) else { return };
        let refused = refused(&world);
        for (table, column) in WRITTEN {
            let name = format!("{table}.{column}");
            assert!(refused.contains(&name), "{name} as {data_type} is not in {refused:?}");
        }
    }
}

#[test]
fn the_ledgers_own_moments_need_all_their_digits_as_its_hashes_hold_them() {
    for data_type in ["DATE", "TIMESTAMP(3)", "TIMESTAMP(6) WITH TIME ZONE"] {
        let Some(world) = World::oracle() else { return };
        world.define("ALTER TABLE recert_run DROP COLUMN finished_at");
        world.define(&format!("ALTER TABLE recert_run ADD finished_at {data_type}"));
        assert_eq!(refused(&world), ["RECERT_RUN.FINISHED_AT"], "{data_type}");
    }
}
