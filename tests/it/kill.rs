//! kill -9 at any moment, then the next run: the tables end as if nobody had been killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::World;
use crate::round_trips::watched;

const REVOKE: &str = "revoke --as-of 2025-01-31";
const PEOPLE: usize = 1_500;

fn put_people(world: &mut World) {
    world.config.limits.revoke.floor = 1_000_000;
    let rows = |n| format!("mapping USER=K{n:04}\nresponse USER=K{n:04} MGR=2025-01-31\n");
    world.put(&(0..PEOPLE).map(rows).collect::<String>());
    world.put("mapping USER=LATER\nresponse USER=LATER MGR=2999-01-01");
}

/// The next run of the scheduler, and the next, until one gets through.
fn run_until_done(world: &World) {
    for _ in 0..100 {
        let ran = world.recert(REVOKE).output().unwrap();
        match ran.status.code() {
            Some(0) => return,
            // A killed process's session may live on for a moment.
            Some(75 | 76) => std::thread::sleep(Duration::from_millis(50)),
            code => panic!("{}: {code:?}: {}", world.name, String::from_utf8_lossy(&ran.stderr)),
        }
    }
    panic!("{}: the lock of a killed run is never released", world.name);
}

fn assert_done_once(world: &World, when: &str) {
    let name = &world.name;
    let count = |query: &str| world.one(&format!("SELECT COUNT(*) AS n FROM {query}"));
    let left = world.dump("map_rap_user_role");
    assert_eq!(left, [r#"{"USER_ID":"LATER","RMM_ID":7}"#], "{name}, {when}");
    assert_eq!(count("recreate_response WHERE is_active = 1"), "1", "{name}, {when}");
    assert_eq!(count("recert_run WHERE status = 'applied'"), "1", "{name}, {when}");
    let changes = (2 * PEOPLE).to_string();
    assert_eq!(count("recert_change"), changes, "{name}, {when}");
    assert_eq!(count("recert_image"), changes, "{name}, {when}");
    let people = count("recert_change WHERE row_key LIKE 'K%' AND result = 'applied'");
    assert_eq!(people, changes, "{name}, {when}");
}

/// How long a run takes, from start to number.
fn time_undisturbed(mut world: World) -> Duration {
    put_people(&mut world);
    let began = Instant::now();
    run_until_done(&world);
    let whole = began.elapsed();
    assert_done_once(&world, "undisturbed");
    whole
}

#[test]
fn a_run_killed_at_any_moment_is_made_good_by_the_next() {
    let kinds: [fn() -> Option<World>; 2] = [|| Some(World::sqlite()), World::oracle];
    for kind in kinds {
        // A world at a time: on a real Oracle all have the one schema.
        let Some(whole) = kind().map(time_undisturbed) else { return };
        let mut killed = 0;
        for tenth in 1..=8 {
            let Some(mut world) = kind() else { return };
            put_people(&mut world);
            let mut run = world.recert(REVOKE);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * tenth / 9);
            run.kill().unwrap(); // SIGKILL
            killed += u32::from(run.wait().unwrap().code().is_none());
            run_until_done(&world);
            assert_done_once(&world, &format!("killed after {tenth}/9 of {whole:?}"));
        }
        assert!(killed > 0, "every run was done before it could be killed");
    }
}

#[test]
fn a_run_killed_before_or_after_any_call_is_made_good_by_the_next() {
    for fault in (1..=12).map(|n| format!("{n}:execute:exit")).chain([
        "1:commit:exit".to_owned(),
        "1:commit:exit-after".to_owned(),
        "3:execute:exit-after".to_owned(),
        "1:execute/INSERT INTO RECERT_RUN:exit-after".to_owned(),
    ]) {
        let Some(mut world) = World::standin() else { return };
        put_people(&mut world);
        let ran = watched(&world, REVOKE, &fault);
        assert_eq!(ran.code, None, "{fault}: {}", ran.log);
        run_until_done(&world);
        assert_done_once(&world, &fault);
    }
}
