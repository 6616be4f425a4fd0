//! Archiving beside others: a run of another job that comes in between, and somebody who takes an image away.

use std::sync::mpsc::channel;

use super::scene::{Outcome, as_somebody, wait_for, waits};
use crate::harness::World;

const ARCHIVE: &str = "history --archive-before 2100-01-01 --out old.jsonl";

/// Where it is stopped, and what comes of it: beside another run, and when an image is taken away.
const STEPS: [(&str, Outcome, Outcome); 5] = [
    ("FROM RECERT_IMAGE", Outcome::Done, Outcome::Done),
    ("INSERT INTO RECERT_CHANGE", Outcome::Done, Outcome::Drifted),
    ("UPDATE RECERT_IMAGE", Outcome::Done, Outcome::Drifted),
    ("UPDATE RECERT_LOCK", Outcome::Done, Outcome::DoneOtherWaits),
    ("INSERT INTO RECERT_RUN", Outcome::DoneOtherWaits, Outcome::DoneOtherWaits),
];

/// Stops an archive before a statement, lets another do something, and lets it go on.
fn beside(world: &World, statement: &str, other: &(dyn Fn(&World) + Sync)) -> (Outcome, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = world.recert(ARCHIVE);
    run.env("OCI_STANDIN_FAULT", format!("1:execute/{statement}:pause"));
    run.env("OCI_STANDIN_PAUSE", folder.path()).stdout(std::process::Stdio::null());
    let run = run.stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for(&folder.path().join("paused"), statement);
    let (waits, output) = std::thread::scope(|scope| {
        let (done, heard) = channel();
        scope.spawn(move || {
            other(world);
            let _ = done.send(()); // Nobody hears it if the run has ended before.
        });
        let waits = waits(world, &heard);
        std::fs::write(folder.path().join("go"), "").unwrap();
        (waits, run.wait_with_output().unwrap())
    });
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let outcome = match (output.status.code(), waits) {
        (Some(0), false) => Outcome::Done,
        (Some(0), true) => Outcome::DoneOtherWaits,
        (Some(77), false) => Outcome::Drifted,
        (code, _) => panic!("{code:?} before {statement}: {log}"),
    };
    (outcome, log)
}

fn kept(world: &World) -> String {
    world.one("SELECT COUNT(*) AS n FROM recert_image WHERE before_image IS NOT NULL")
}

#[test]
fn an_archive_beside_a_second_session() {
    let revoke = |world: &World| drop(world.recert_ok("revoke"));
    let delete = |world: &World| as_somebody(world, "DELETE FROM recert_image WHERE seq = 1");
    for (statement, beside_run, beside_delete) in STEPS {
        for (other, expected) in
            [(&revoke as &(dyn Fn(&World) + Sync), beside_run), (&delete, beside_delete)]
        {
            let Some(mut world) = World::standin() else { return };
            world.config.database.retries = 0;
            world.config.limits.revoke.floor = 100;
            world.put("mapping\nresponse MGR=2025-01-31");
            world.recert_ok("revoke");
            world.put("mapping USER=E2\nresponse USER=E2 MGR=2025-01-31");
            let (outcome, log) = beside(&world, statement, other);
            assert_eq!(outcome, expected, "before {statement}: {log}");
            if outcome == Outcome::Drifted {
                assert_eq!(kept(&world), "1", "half a state before {statement}: {log}");
                let again = world.recert(ARCHIVE).output().unwrap();
                let log = String::from_utf8_lossy(&again.stderr);
                assert_eq!(again.status.code(), Some(0), "again: {log}");
                assert_eq!(kept(&world), "0");
            }
        }
    }
}
