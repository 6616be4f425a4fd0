//! Section 4 of the spec, retention: old images leave the database, and the chain still verifies.

use std::io::BufRead as _;

use chrono::NaiveDate;
use recert::door::commands::CommandContext;
use recert::door::commands::history::{Args, run};
use recert::door::commands::verify;
use recert::door::exit::Exit;
use recert::door::summary::Summary;
use serde_json::Value as Json;

use crate::harness::{World, exit, ok, worlds};
use crate::verify::{holds, image_sha256, python_agrees, with_runs};

fn archive_at(world: &World, before: &str, file: &str, now: &str) -> anyhow::Result<Summary> {
    let now: chrono::DateTime<chrono::Utc> = now.parse()?;
    let args = Args {
        archive_before: Some(before.parse::<NaiveDate>()?),
        out: Some(world.folder.path().join(file)),
        ..Args::default()
    };
    let clock = move || now;
    let outcome = run(&args, &CommandContext { clock: &clock, ..world.context() })?;
    outcome.error.map_or(Ok(outcome.summary), Err)
}

/// A run of the tests' own day, which is before the one on which they archive.
const LATER: &str = "revoke --as-of 2026-11-30 --accept-source --reason clock";

/// The tests' runs all begin on 2030-06-15.
fn archive(world: &World, before: &str, file: &str) -> Summary {
    archive_at(world, before, file, "2030-07-01T12:00:00Z").unwrap()
}

fn lines(world: &World, file: &str) -> Vec<Json> {
    let file = std::fs::File::open(world.folder.path().join(file)).unwrap();
    let lines = std::io::BufReader::new(file).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

#[test]
fn archive_writes_old_images_with_their_hashes_erases_them_and_keeps_the_chain_whole() {
    for world in worlds() {
        let ids = with_runs(&world);
        let before =
            world.query("SELECT before_image FROM recert_image WHERE seq = 1 ORDER BY run_id");
        let summary = archive(&world, "2030-06-16", "old.jsonl");
        let counts: Vec<_> = summary.counts.iter().collect();
        assert_eq!(counts, [("runs_archived", 3), ("images_archived", 7)]);
        assert_eq!(summary.limits, [], "it takes nothing, and no section of the config limits it");
        assert_eq!(
            world.one("SELECT COUNT(*) FROM recert_image WHERE before_image IS NOT NULL"),
            "0"
        );

        let lines = lines(&world, "old.jsonl");
        assert_eq!(lines[0]["recert_archive"], 1);
        assert_eq!(lines[0]["run_id"], summary.run_id.as_str());
        assert_eq!(lines.len(), 8);
        assert_eq!((&lines[1]["run_id"], &lines[1]["seq"]), (&ids[0].as_str().into(), &1.into()));
        assert_eq!(lines[1]["before"].as_str().unwrap(), before[0].text("BEFORE_IMAGE").unwrap());
        for line in &lines[1..] {
            let hash = image_sha256(
                line["salt"].as_str().unwrap(),
                line["before"].as_str(),
                line["after"].as_str(),
            );
            assert_eq!(hash, line["image_sha256"].as_str().unwrap());
        }

        let verified = holds(&world);
        assert_eq!(verified.counts.get("runs"), 5);
        assert_eq!(verified.counts.get("erased"), 7);
        python_agrees(&world, true);
        let why = world
            .one("SELECT why FROM recert_change WHERE table_name = 'RECERT_IMAGE' ORDER BY seq");
        let sha256 = sha256_of(&world, "old.jsonl");
        assert_eq!(why, format!("archived; 4 images in the file with SHA-256 {sha256}"));
    }
}

fn sha256_of(world: &World, file: &str) -> String {
    let output = std::process::Command::new("sha256sum")
        .arg(world.folder.path().join(file))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn archive_leaves_runs_of_the_day_itself_and_later() {
    for world in worlds() {
        with_runs(&world);
        let summary = archive(&world, "2030-06-15", "none.jsonl");
        assert_eq!(
            (summary.status.word(), summary.counts.get("images_archived")),
            ("unchanged", 0)
        );
        assert!(!world.folder.path().join("none.jsonl").exists());
        assert_eq!(holds(&world).counts.get("images"), 7);
    }
}

#[test]
fn archive_again_takes_only_what_came_since() {
    for world in worlds() {
        with_runs(&world);
        archive(&world, "2030-06-16", "first.jsonl");
        world.put("response USER=E9 DUE=2026-11-30");
        ok(&world.run(LATER));
        assert_eq!(archive(&world, "2030-06-16", "second.jsonl").counts.get("images_archived"), 1);
        assert_eq!(archive(&world, "2030-06-16", "third.jsonl").counts.get("images_archived"), 0);
        // An archiving run keeps nothing of itself that another would take, whatever the cutoff.
        for file in ["second.jsonl", "fourth.jsonl"] {
            let again = archive_at(&world, "2031-01-01", file, "2030-07-01T12:01:00Z").unwrap();
            assert_eq!(again.status.word(), "unchanged", "{}: {file}", world.name);
        }
        assert!(!world.folder.path().join("fourth.jsonl").exists());
        holds(&world);
        python_agrees(&world, true);
    }
}

#[test]
fn archive_never_replaces_a_file_and_then_erases_nothing() {
    for world in worlds() {
        with_runs(&world);
        std::fs::write(world.folder.path().join("old.jsonl"), "precious").unwrap();
        let error =
            archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Usage);
        assert_eq!(
            std::fs::read_to_string(world.folder.path().join("old.jsonl")).unwrap(),
            "precious"
        );
        assert_eq!(holds(&world).counts.get("images"), 7);
    }
}

#[test]
fn archive_never_replaces_nor_takes_away_an_earlier_archive() {
    let world = World::sqlite();
    with_runs(&world);
    archive(&world, "2030-06-16", "old.jsonl");
    world.put("response USER=E9 DUE=2026-11-30");
    ok(&world.run(LATER));
    let path = world.folder.path().join("old.jsonl");
    let before = std::fs::read(&path).unwrap();
    let error = archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Usage);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn an_archive_whose_images_could_not_be_erased_is_taken_away() {
    let world = World::sqlite();
    with_runs(&world);
    world.define(
        "CREATE TRIGGER guarded BEFORE UPDATE ON recert_image BEGIN SELECT RAISE(ABORT, 'not today'); END",
    );
    let error = archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
    assert!(format!("{error:#}").contains("not today"), "{error:#}");
    assert!(!world.folder.path().join("old.jsonl").exists());
    assert_eq!(holds(&world).counts.get("images"), 7);
}

#[test]
fn archive_refuses_an_image_that_was_edited() {
    for world in worlds() {
        with_runs(&world);
        world.tamper("UPDATE recert_image SET before_image = '{}' WHERE seq = 2");
        let error =
            archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Evidence);
        assert!(!world.folder.path().join("old.jsonl").exists());
        assert_eq!(world.one("SELECT COUNT(*) FROM recert_image WHERE salt IS NULL"), "0");
    }
}

#[test]
fn an_archive_excuses_no_image_of_a_later_run() {
    for world in worlds() {
        with_runs(&world);
        archive(&world, "2030-06-16", "old.jsonl");
        world.put("response USER=E9 DUE=2026-11-30");
        let later = world.run(LATER).summary.run_id;
        world.tamper(&format!(
            "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE run_id = '{later}'"
        ));
        let error = verify::run(&verify::Args::default(), &world.context()).unwrap().error;
        let said = Exit::tell(&error.unwrap());
        assert!(
            said.contains(&format!("the image of change 1 of run {later} was erased")),
            "{said}"
        );
    }
}

#[test]
fn an_archived_run_is_not_restored_and_says_why() {
    for world in worlds() {
        let ids = with_runs(&world);
        let archived = archive(&world, "2030-06-16", "old.jsonl");
        let ended = world.run(&format!("restore {}", ids[0]));
        assert_eq!(exit(&ended), Exit::Refused);
        assert_eq!(ended.summary.counts.get("erased"), 4);
        let ended = world.run(&format!("restore {}", archived.run_id));
        assert_eq!(exit(&ended), Exit::Usage);
        holds(&world);
    }
}

#[test]
fn archive_needs_a_file_and_no_filter() {
    for wrong in [
        "history --archive-before 2026-01-01",
        "history --out f",
        "history --archive-before 2026-01-01 --out f --job revoke",
    ] {
        let output = crate::harness::recert(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

/// A file as a run leaves it that died between writing and COMMIT: nothing was erased.
fn leave(world: &World, file: &str) {
    archive(world, "2030-06-16", file);
    let run = world.one("SELECT run_id FROM recert_run WHERE job = 'archive'");
    let before = world.one("SELECT previous_sha256 FROM recert_run WHERE job = 'archive'");
    for table in ["recert_run", "recert_change", "recert_image"] {
        world.tamper(&format!("DELETE FROM {table} WHERE run_id = '{run}'"));
    }
    world.tamper(&format!("UPDATE recert_lock SET head_sha256 = '{before}' WHERE job = 'ledger'"));
}

#[test]
fn archive_again_after_a_kill_before_commit_is_not_blocked_by_the_file_it_left() {
    let (world, other) = (World::sqlite(), World::sqlite());
    with_runs(&world);
    let copy = world.folder.path().join("copy");
    let database = world.config.database.url.strip_prefix("sqlite:").unwrap().to_owned();
    std::fs::copy(&database, &copy).unwrap();
    leave(&world, "old.jsonl");
    let left = std::fs::read(world.folder.path().join("old.jsonl")).unwrap();
    std::fs::copy(&copy, &database).unwrap(); // The images are there, as before that run.
    assert_eq!(holds(&world).counts.get("images"), 7);
    let summary = archive(&world, "2030-06-16", "old.jsonl");
    assert_eq!((summary.status.word(), summary.counts.get("images_archived")), ("applied", 7));
    assert_eq!(lines(&world, "old.jsonl").len(), 8);
    holds(&world);
    // Neither one that a run has committed, nor another ledger's.
    world.put("response USER=E9 DUE=2026-11-30");
    ok(&world.run(LATER));
    let error = archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Usage);
    with_runs(&other);
    std::fs::write(other.folder.path().join("old.jsonl"), left).unwrap();
    let error = archive_at(&other, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Usage);
}

#[test]
fn archive_takes_nothing_of_a_ledger_whose_chain_is_broken() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    world.tamper(&format!("DELETE FROM recert_run WHERE run_id = '{}'", ids[1]));
    let error = archive_at(&world, "2030-06-16", "old.jsonl", "2030-07-01T12:00:00Z").unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Evidence);
    assert!(!world.folder.path().join("old.jsonl").exists());
}
