//! Runs that were edited, removed, inserted, reordered, or cut away.

use recert::door::commands::verify::Args;
use recert::door::exit::Exit;

use super::{holds, tampered, verify, with_runs};
use crate::harness::{World, exit, worlds};

#[test]
fn verify_names_a_run_whose_columns_were_edited() {
    for edit in [
        "job = 'restore'",
        "as_of = as_of + 1",
        "status = 'unchanged'",
        "os_user = 'nobody'",
        "host = 'elsewhere'",
        "version = '9.9.9'",
        "config_sha256 = 'f00d'",
        "parameters = '{}x'",
        "counts = '{}'",
        "reason = 'because'",
        "sha256 = 'f00d'",
        "previous_sha256 = 'f00d'",
    ] {
        let edit = edit.replace("as_of + 1", "(SELECT DATE '2026-01-01' FROM dual)");
        for world in worlds() {
            let ids = with_runs(&world);
            let edit = match world.name.as_str() {
                "sqlite" => edit.replace("(SELECT DATE '2026-01-01' FROM dual)", "'2026-01-01'"),
                _ => edit.clone(),
            };
            world.tamper(&format!("UPDATE recert_run SET {edit} WHERE run_id = '{}'", ids[2]));
            let (_, exit, said) = verify(&world, &Args::default());
            assert_eq!(exit, Exit::Evidence, "{edit}");
            assert!(said.contains(&format!("run {} was edited", ids[2])), "{edit}: {said}");
        }
    }
}

#[test]
fn verify_sees_a_moment_or_a_day_edited_however_little() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    for edit in [
        "started_at = '2030-06-15 12:00:00.000001'",
        "started_at = '2030-06-15 12:00:00.000000001'",
        "finished_at = '2030-06-15 11:59:59'",
        "as_of = '2026-11-30 00:00:01'",
    ] {
        let (column, _) = edit.split_once(' ').unwrap();
        let old =
            world.one(&format!("SELECT {column} FROM recert_run WHERE run_id = '{}'", ids[0]));
        let old = old.replace('T', " ");
        world.tamper(&format!("UPDATE recert_run SET {edit} WHERE run_id = '{}'", ids[0]));
        let (_, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence, "{edit}");
        assert!(said.contains(&format!("run {} was edited", ids[0])), "{edit}: {said}");
        world.tamper(&format!(
            "UPDATE recert_run SET {column} = '{old}' WHERE run_id = '{}'",
            ids[0]
        ));
        holds(&world);
    }
}

#[test]
fn verify_names_a_run_that_was_removed_from_the_middle() {
    let run = "DELETE FROM recert_run WHERE run_id = '{2}'";
    tampered(&[run], "run {3} a run was removed");
    let run = "DELETE FROM recert_run WHERE run_id = '{1}'";
    tampered(&[run], "between its beginning and run {2} a run was removed");
    tampered(
        &[
            "DELETE FROM recert_run WHERE run_id = '{3}'",
            "DELETE FROM recert_change WHERE run_id = '{3}'",
            "DELETE FROM recert_image WHERE run_id = '{3}'",
        ],
        "between run {2} and run {4} a run was removed",
    );
}

#[test]
fn verify_names_a_chain_that_was_cut_at_its_end() {
    let cut = [
        "DELETE FROM recert_run WHERE run_id = '{4}'",
        "DELETE FROM recert_change WHERE run_id = '{4}'",
        "DELETE FROM recert_image WHERE run_id = '{4}'",
    ];
    tampered(
        &cut,
        "the chain was cut at its end, or its last run was edited and hashed anew: it ends with run {3}",
    );
}

#[test]
fn verify_names_a_run_that_was_inserted() {
    let insert = "INSERT INTO recert_run (run_id, job, as_of, status, started_at, finished_at, os_user, host, version,
                         config_sha256, parameters, counts, reason, previous_sha256, sha256)
                  SELECT 'ffffffff', job, as_of, status, started_at, finished_at, os_user, host, version,
                         config_sha256, parameters, counts, reason, sha256, 'f00d'
                    FROM recert_run WHERE run_id = '{4}'";
    tampered(&[insert], "run ffffffff was edited"); // Behind the head, with a hash that fits nothing.
    tampered(
        &[&insert.replace("reason, sha256, 'f00d'", "reason, 'cafe', 'f00d'")],
        "run ffffffff was edited",
    );
}

#[test]
fn verify_names_the_second_of_two_runs_that_follow_the_same_one() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    // The table itself forbids it; somebody who can edit it can do without.
    unconstrained(&world);
    world.tamper(&format!(
        "INSERT INTO recert_run SELECT 'ffffffff', job, as_of, status, started_at, finished_at, os_user, host, version,
                config_sha256, parameters, counts, reason, previous_sha256, 'f00d' FROM recert_run WHERE run_id = '{}'",
        ids[2]
    ));
    let (_, exit, said) = verify(&world, &Args::default());
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains("run ffffffff was"), "{said}");

    let world = World::sqlite();
    let ids = with_runs(&world);
    unconstrained(&world);
    world.tamper(&format!(
        "INSERT INTO recert_run SELECT * FROM recert_run WHERE run_id = '{}'",
        ids[1]
    ));
    let (_, exit, said) = verify(&world, &Args::default());
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains("was inserted: it and run"), "{said}");
}

/// RECERT_RUN without its keys.
fn unconstrained(world: &World) {
    world.define("ALTER TABLE recert_run RENAME TO honest_run");
    world.define("CREATE TABLE recert_run AS SELECT * FROM honest_run");
}

#[test]
fn verify_names_an_edited_or_missing_head() {
    tampered(
        &[
            "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{2}') WHERE job = 'ledger'",
        ],
        "the chain goes on behind its head",
    );
    tampered(
        &["UPDATE recert_lock SET head_sha256 = 'f00d' WHERE job = 'ledger'"],
        "the chain was cut at its end",
    );
    tampered(&["DELETE FROM recert_lock WHERE job = 'ledger'"], "RECERT_LOCK has no row `ledger`");
}

#[test]
fn a_run_on_a_ledger_whose_end_was_taken_out_ends_with_3_for_trying_again_mends_nothing() {
    for world in worlds() {
        with_runs(&world);
        world.tamper("UPDATE recert_lock SET head_sha256 = NULL WHERE job = 'ledger'");
        for ended in [world.run("revoke"), world.preview("revoke")] {
            assert_eq!(exit(&ended), Exit::Config, "{}", world.name);
            assert!(ended.summary.error.unwrap().contains("holds no hash"), "{}", world.name);
        }
        assert_eq!(verify(&world, &Args::default()).1, Exit::Evidence);
    }
}
