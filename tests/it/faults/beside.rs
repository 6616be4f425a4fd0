//! Sessions beside a run: locks of runs and rows, and the end of the chain, which everybody waits for.

use std::time::{Duration, Instant};

use recert::door::db::BindArray;
use recert::door::ledger::{self, LedgerRun, canonical};
use recert::door::sql::Sql;

use super::{End, REVOKE, assert_end, case, judge, repeat, tables, undisturbed, world, write_down};
use crate::harness::{World, now};
use crate::round_trips::{Watched, watched};

#[test]
fn a_job_whose_lock_is_held_ends_busy_and_writes_nothing() {
    let Some(world) = world() else { return };
    let before = tables(&world);
    let mut other = world.open();
    ledger::lock("access", "revoke", now(), &mut *other).unwrap();
    let ran = watched(&world, REVOKE, "");
    drop(other);
    let busy = case("lock held by another run", "", 76, End::Untouched, "another run of this job");
    judge(&busy, &world, &before, &ran);
    assert_eq!(world.one("SELECT COUNT(*) AS n FROM recert_run"), "0");
    repeat("lock held by another run", &world);
}

/// Somebody else has touched E2's mappings and not committed yet.
const TOUCH: &str = "UPDATE map_rap_user_role SET rmm_id = rmm_id WHERE user_id = 'E2'";

fn touch(world: &World) -> Box<dyn recert::door::db::Transaction> {
    let mut other = world.open();
    let sql = Sql::made("test".to_owned(), TOUCH.to_owned());
    other.change_many(&sql, &BindArray::of(&[], &[&[]])).unwrap();
    other
}

#[test]
fn a_row_that_stays_locked_is_named_and_never_waited_for() {
    let Some(mut world) = world() else { return };
    world.config.database.call_timeout = Duration::from_secs(60);
    let before = tables(&world);
    let other = touch(&world);
    let ran = watched(&world, REVOKE, "");
    drop(other);
    let locked = "MAP_RAP_USER_ROLE `E2/7` is locked by another session";
    let mut case = case("row locked by another session", "", 77, End::Untouched, locked);
    case.logins = Some(3); // Two tries, and the row that tells of their failure.
    judge(&case, &world, &before, &ran);
    assert_eq!(world.one("SELECT status FROM recert_run"), "failed");
    repeat("row locked by another session", &world);
}

/// Runs a revoke that will wait for somebody's lock; once it does, `then` happens.
fn while_waiting(world: &World, then: impl FnOnce()) -> Watched {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| watched(world, REVOKE, ""));
        world.standin_database().wait_for_waiters(1).unwrap();
        then();
        run.join().unwrap()
    })
}

/// Another job of the schema that is about to end: it holds the chain's end.
fn ending(world: &World) -> Box<dyn recert::door::db::Transaction> {
    let mut other = world.open();
    let end = ledger::take_end(Duration::ZERO, &mut *other).unwrap();
    ledger::write_run(foreign_run(), &ledger::ChangeHashes::default(), &end, &mut *other).unwrap();
    other
}

#[test]
fn two_jobs_that_end_at_once_both_get_into_the_one_chain_at_the_first_try() {
    let Some(world) = world() else { return };
    let before = tables(&world);
    let other = ending(&world);
    let ran = while_waiting(&world, || other.commit().unwrap());
    assert!(!ran.log.contains("trying"), "{}", ran.log);
    let both = case("another job ends at the same moment", "", 0, End::Done, "");
    judge(&both, &world, &before, &ran);
    repeat("another job ends at the same moment", &world);
}

/// Carries out a statement in a session of its own.
fn elsewhere(world: &World, statement: &str) -> anyhow::Result<()> {
    let mut session = world.open();
    let sql = Sql::made("test".to_owned(), statement.to_owned());
    session.rows(&sql, &[]).map(drop)
}

#[test]
fn what_is_held_nobody_else_can_lock_and_what_comes_later_comes_after_the_run() {
    let Some(world) = world() else { return };
    let other = ending(&world);
    let ran = while_waiting(&world, || {
        let mine = "SELECT * FROM recreate_response WHERE reportees_id = 'E1' FOR UPDATE NOWAIT";
        let error = elsewhere(&world, mine).unwrap_err();
        assert_eq!(
            recert::door::exit::Exit::of(&error),
            recert::door::exit::Exit::Busy,
            "{error:#}"
        );
        let free = "SELECT * FROM recreate_response WHERE reportees_id = 'E5' FOR UPDATE NOWAIT";
        elsewhere(&world, free).unwrap();
        world.tamper("INSERT INTO map_rap_user_role (user_id, rmm_id) VALUES ('E1', 7)");
        other.commit().unwrap();
    });
    assert_eq!(ran.code, Some(0), "{}", ran.log);
    assert!(!ran.log.contains("trying"), "{}", ran.log);
    let [mappings, responses] = tables(&world);
    assert_eq!(mappings.len(), 2, "given again while the run was under way: {mappings:?}");
    assert_eq!(responses, undisturbed()[1]);
}

#[test]
fn a_run_that_is_absent_is_not_believed_to_be_while_somebody_holds_the_chains_end() {
    let Some(mut world) = world() else { return };
    world.config.database.lock_timeout = Duration::from_secs(1);
    let before = tables(&world);
    let other = ending(&world);
    let world = &world;
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| watched(world, REVOKE, "1:commit:kill-before"));
        world.standin_database().wait_for_waiters(1).unwrap();
        // Behind the run in the queue: it stands for the lost session, which may live on.
        let next = scope.spawn(|| {
            let mut session = world.open();
            ledger::take_end(Duration::from_secs(30), &mut *session).unwrap();
            std::thread::sleep(Duration::from_secs(8));
        });
        world.standin_database().wait_for_waiters(2).unwrap();
        other.commit().unwrap();
        let ran = run.join().unwrap();
        next.join().unwrap();
        ran
    });
    let unknown =
        case("COMMIT lost, chain's end held", "", 7, End::Untouched, "can't be looked up");
    judge(&unknown, world, &before, &ran);
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run WHERE status = 'failed'"), "0");
}

#[test]
fn a_run_that_does_not_get_the_chains_end_in_time_is_rolled_back_and_tried_again() {
    let Some(mut world) = world() else { return };
    world.config.database.lock_timeout = Duration::from_secs(1);
    let before = tables(&world);
    let other = ending(&world);
    let ran = watched(&world, REVOKE, "");
    drop(other);
    let late = case("chain's end held too long", "", 77, End::Untouched, "within 1 seconds");
    // Its failure can't be written down either, while the end is held.
    judge(&late, &world, &before, &ran);
    repeat("chain's end held too long", &world);
}

#[test]
fn a_run_killed_by_a_dba_while_it_waits_does_not_log_on_for_another_try() {
    let Some(world) = world() else { return };
    let before = tables(&world);
    let other = ending(&world);
    let ran = while_waiting(&world, || {
        world.standin_database().kill_waiters().unwrap();
        drop(other);
    });
    let killed =
        case("session killed while the run waits for a row", "", 75, End::Untouched, "killed");
    judge(&killed, &world, &before, &ran);
    repeat("session killed while the run waits", &world);
}

pub(super) fn foreign_run() -> LedgerRun {
    LedgerRun {
        run_id: "01890000-0000-7000-8000-000000000000".to_owned(),
        job: "restore".to_owned(),
        as_of: "2025-01-31".to_owned(),
        status: "unchanged".to_owned(),
        started_at: canonical::moment(now()),
        finished_at: canonical::moment(now()),
        os_user: "test".to_owned(),
        host: "test".to_owned(),
        config_sha256: "0".repeat(64),
        parameters: "{}".to_owned(),
        counts: "{}".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    }
}

#[test]
fn ten_revokes_started_at_once_do_the_work_of_one() {
    let Some(world) = world() else { return };
    let mut runs: Vec<_> = (0..10)
        .map(|_| {
            let mut run = world.recert(REVOKE);
            run.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            run.spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = runs.iter_mut().map(|run| run.wait().unwrap().code()).collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 76))), "{codes:?}");
    assert_end("ten at once", &world, &undisturbed(), End::Done);
    let name = "ten started at once (each ends 0, or 76 by the lock)";
    write_down(&case(name, "", 0, End::Done, ""));
}

#[test]
fn a_reader_whose_table_is_altered_meanwhile_looks_again() {
    let Some(world) = world() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut preview = world.recert("preview revoke");
    preview.env("OCI_STANDIN_FAULT", "1:execute/FROM RECREATE_RESPONSE:pause");
    preview.env("OCI_STANDIN_PAUSE", folder.path()).stderr(std::process::Stdio::piped());
    let preview = preview.stdout(std::process::Stdio::null()).spawn().unwrap();
    crate::second_session::wait_for(&folder.path().join("paused"), "preview");
    world.define("ALTER TABLE recreate_response ADD answered_at DATE");
    std::fs::write(folder.path().join("go"), "").unwrap();
    let output = preview.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("ORA-01466") && log.contains("trying the whole run again"), "{log}");
}

/// `lock_timeout` is for the chain's end alone: COMMIT has as long as any other call.
#[test]
fn what_comes_after_the_chains_end_may_take_longer_than_the_wait_for_it() {
    let Some(mut world) = world() else { return };
    world.config.database.lock_timeout = Duration::from_secs(1);
    let folder = tempfile::tempdir().unwrap();
    let mut run = world.recert(REVOKE);
    run.env("OCI_STANDIN_FAULT", "1:execute/INSERT INTO RECERT_RUN:pause");
    run.env("OCI_STANDIN_PAUSE", folder.path()).stderr(std::process::Stdio::piped());
    let run = run.stdout(std::process::Stdio::null()).spawn().unwrap();
    crate::second_session::wait_for(&folder.path().join("paused"), "COMMIT");
    let user = &world.standin_database().user;
    let slow =
        format!("BEGIN; LOCK TABLE {user}.recert_run IN SHARE MODE; SELECT pg_sleep(3); COMMIT");
    let (output, took) = std::thread::scope(|scope| {
        scope.spawn(|| world.standin_database().psql(&slow).unwrap());
        std::thread::sleep(Duration::from_millis(500));
        let since = Instant::now();
        std::fs::write(folder.path().join("go"), "").unwrap();
        (run.wait_with_output().unwrap(), since.elapsed())
    });
    assert!(took > Duration::from_secs(1), "nobody was in its way: it took {took:?}");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(!log.contains("trying"), "{log}");
}
