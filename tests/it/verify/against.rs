//! The chain held against heads that were kept elsewhere.

use std::process::Command as Process;

use recert::commands::verify::{Args, run};
use recert::exit::Exit;

use super::{holds, python, verify, with_runs};
use crate::harness::{World, ok, worlds};

#[test]
fn verify_against_kept_heads_finds_a_chain_that_was_cut_or_rewritten() {
    for world in worlds() {
        let kept = world.folder.path().join("heads.json");
        let export = Args { export: Some(kept.clone()), ..Args::default() };
        let against = Args { against: Some(kept), ..Args::default() };
        let ids = with_runs(&world);
        assert_eq!(verify(&world, &export).1, Exit::Done);
        assert_eq!(verify(&world, &against).1, Exit::Done);
        ok(&world.run("revoke --as-of 2026-11-30"));
        assert_eq!(
            verify(&world, &against).1,
            Exit::Done,
            "a chain that went on is the same chain"
        );

        // Cut so well that the ledger itself fits: only the kept heads know better.
        for table in ["recert_run", "recert_change", "recert_image"] {
            world.tamper(&format!("DELETE FROM {table} WHERE run_id = '{}'", ids[3]));
        }
        let last = world.one("SELECT MAX(run_id) FROM recert_run");
        world.tamper(&format!("DELETE FROM recert_run WHERE run_id = '{last}'"));
        world.tamper(&format!(
            "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{}') WHERE job = 'ledger'",
            ids[2]
        ));
        holds(&world);
        let (_, exit, said) = verify(&world, &against);
        assert_eq!(exit, Exit::Evidence);
        assert!(said.contains(&format!("the chain was cut at its end: run {}", ids[3])), "{said}");

        // Gone on from there, it is another chain.
        ok(&world.run("revoke --as-of 2026-11-30"));
        holds(&world);
        let (_, exit, said) = verify(&world, &against);
        assert_eq!(exit, Exit::Evidence);
        assert!(
            said.contains(&format!("run {} was removed: the kept heads hold it", ids[3])),
            "{said}"
        );
    }
}

#[test]
fn verify_against_kept_heads_finds_a_run_that_was_rewritten_with_all_its_hashes() {
    let world = World::sqlite();
    let kept = world.folder.path().join("heads.json");
    let ids = with_runs(&world);
    verify(&world, &Args { export: Some(kept.clone()), ..Args::default() });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_ledger.py");
    let Some(python) = python() else { return };
    world.tamper(&format!("UPDATE recert_run SET reason = 'another' WHERE run_id = '{}'", ids[1]));
    let path = world.config.database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let output = Process::new(python).args([script, "--forge", &path]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    holds(&world);
    let (_, exit, said) = verify(&world, &Args { against: Some(kept), ..Args::default() });
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains(&format!("run {} was rewritten", ids[1])), "{said}");
}

#[test]
fn verify_refuses_kept_heads_it_cannot_read() {
    let world = World::sqlite();
    let path = world.folder.path().join("heads.json");
    std::fs::write(&path, "{\"recert_heads\":1,\n nonsense").unwrap();
    let error =
        run(&Args { against: Some(path), ..Args::default() }, &world.context()).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::BadInput);
    assert!(format!("{error:#}").contains("line 2"), "{error:#}");
}
