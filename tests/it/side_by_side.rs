//! Beside an application that works on the same rows in another order: it never hears of a deadlock, and beside
//! another application of the schema: both end at the first try.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disable_inactive::set_up;
use crate::harness::World;

const ROUNDS: u64 = 100;
const PEOPLE: usize = 20;
/// So many small runs a day are more than its limit lets through.
const SMALL: &str = "disable-inactive --allow-changes 1 --reason beside";

fn people(world: &World) {
    let rows = |n| format!("mapping USER=E{n:02}\nresponse USER=E{n:02} MGR=2025-01-31\n");
    world.put(&(0..PEOPLE).map(rows).collect::<String>());
}

/// Locks responses and then mappings, where recert takes mappings and then responses, and within each the last
/// first; waits as applications do. Answers what it was told, if it was refused.
fn works_backwards(world: &World) -> Result<(), String> {
    let user = &world.standin_database().user;
    let mut sql = format!("SET search_path = {user}, oracle, public; BEGIN;");
    for n in (0..PEOPLE).rev() {
        sql += &format!(
            "UPDATE recreate_response SET access_level = access_level WHERE reportees_id = 'E{n:02}';"
        );
    }
    for n in (0..PEOPLE).rev() {
        sql += &format!("UPDATE map_rap_user_role SET rmm_id = rmm_id WHERE user_id = 'E{n:02}';");
    }
    world.standin_database().psql(&(sql + "COMMIT;")).map(drop)
}

#[test]
fn an_application_that_locks_the_other_way_round_never_hears_of_a_deadlock() {
    let Some(mut world) = World::standin() else { return };
    world.config.database.retries = 0;
    world.config.limits.revoke.floor = 1_000_000;
    people(&world);
    let (world, is_over) = (&world, &AtomicBool::new(false));
    let (done, drifted, rounds) = std::thread::scope(|scope| {
        let application = scope.spawn(move || {
            let mut rounds = 0;
            while !is_over.load(Ordering::Relaxed) || rounds < ROUNDS {
                works_backwards(world).unwrap_or_else(|told| panic!("round {rounds}: {told}"));
                rounds += 1;
            }
            rounds
        });
        let (mut done, mut drifted) = (0, 0);
        while done + drifted < ROUNDS {
            let output = world.recert("revoke").output().unwrap();
            match output.status.code() {
                Some(0) => {
                    done += 1;
                    // There is something to do again.
                    people(world);
                }
                Some(77) => drifted += 1,
                code => panic!("{code:?}: {}", String::from_utf8_lossy(&output.stderr)),
            }
        }
        is_over.store(true, Ordering::Relaxed);
        (done, drifted, application.join().unwrap())
    });
    assert!(rounds >= ROUNDS && done > 0, "{rounds} rounds, {done} runs done, {drifted} drifted");
}

fn started(world: &World, command: &str) -> Child {
    let mut run = world.recert(command);
    run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// `RECERT_TEST_SIDE_BY_SIDE=100000` for as many rows as an operator prepares for weeks.
#[test]
fn a_large_run_and_small_ones_of_another_application_both_end_at_the_first_try() {
    let Some(mut world) = World::standin() else { return };
    let n = std::env::var("RECERT_TEST_SIDE_BY_SIDE").ok().and_then(|n| n.parse().ok());
    let n: usize = n.unwrap_or(5_000);
    world.config.database.retries = 0;
    world.config.limits.revoke.floor = 1_000_000;
    set_up(&mut world);
    let rows = |n| format!("mapping USER=L{n:06}\nresponse USER=L{n:06} MGR=2025-01-31\n");
    world.put(&(0..n).map(rows).collect::<String>());
    let mut large = started(&world, "revoke");
    let mut small = 0;
    while large.try_wait().unwrap().is_none() {
        let id = 1_000 + small;
        world.put(&format!("account ID={id} UPDATED=2025-01-01"));
        let output = started(&world, SMALL).wait_with_output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert!(!log.contains("trying"), "{log}");
        small += 1;
    }
    let output = large.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(!log.contains("trying"), "{log}");
    assert!(small > 0, "nobody was beside it");
    let told =
        format!("{n} accesses taken beside {small} runs of another job, all at the first try\n");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("side_by_side.txt"), told).unwrap();
    assert_eq!(world.one("SELECT COUNT(*) AS n FROM map_rap_user_role"), "0");
}
