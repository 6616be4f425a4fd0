//! The chain held against heads that were kept elsewhere.

use std::process::Command as Process;

use recert::door::commands::verify::{Args, run};
use recert::door::exit::Exit;
use serde_json::{Value as Json, json};

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
fn where_a_run_is_gone_from_the_middle_the_kept_heads_say_which() {
    let world = World::sqlite();
    let kept = world.folder.path().join("heads.json");
    let ids = with_runs(&world);
    verify(&world, &Args { export: Some(kept.clone()), ..Args::default() });
    for table in ["recert_run", "recert_change", "recert_image"] {
        world.tamper(&format!("DELETE FROM {table} WHERE run_id = '{}'", ids[1]));
    }
    let (_, _, said) = verify(&world, &Args::default());
    assert!(!said.contains(&ids[1]), "{said}");
    let (_, exit, said) = verify(&world, &Args { against: Some(kept), ..Args::default() });
    assert_eq!(exit, Exit::Evidence);
    assert!(
        said.contains(&format!("run {} was removed: the kept heads hold it", ids[1])),
        "{said}"
    );
    assert!(!said.contains(&ids[2]), "it is there: {said}");
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

#[test]
fn heads_that_contradict_themselves_or_speak_of_another_ledger_are_bad_input() {
    let world = World::sqlite();
    with_runs(&world);
    let path = world.folder.path().join("heads.json");
    let args = Args { export: Some(path.clone()), ..Args::default() };
    verify(&world, &args);
    let good: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(good["schema"], "recert/heads/1");
    let other = World::sqlite();
    with_runs(&other);
    let elsewhere = other.folder.path().join("heads.json");
    verify(&other, &Args { export: Some(elsewhere.clone()), ..Args::default() });
    let foreign: Json = serde_json::from_slice(&std::fs::read(&elsewhere).unwrap()).unwrap();

    let edited = |edit: &dyn Fn(&mut Json)| {
        let mut heads = good.clone();
        edit(&mut heads);
        heads
    };
    let of = "/databases/0";
    let cases: Vec<(&str, Json, Exit)> = vec![
        ("as they were", good.clone(), Exit::Done),
        ("no database", edited(&|heads| heads["databases"] = json!([])), Exit::BadInput),
        (
            "another name",
            edited(&|heads| heads["databases"][0]["name"] = json!("else")),
            Exit::Done,
        ),
        ("no runs", edited(&|heads| heads["databases"][0]["runs"] = json!([])), Exit::BadInput),
        (
            "another end",
            edited(&|heads| heads["databases"][0]["head_sha256"] = json!("0".repeat(64))),
            Exit::BadInput,
        ),
        (
            "a run twice",
            edited(&|heads| {
                let runs = heads.pointer_mut(of).unwrap()["runs"].as_array_mut().unwrap();
                runs.insert(0, runs[0].clone());
            }),
            Exit::BadInput,
        ),
        (
            "a run twice, with another hash",
            edited(&|heads| {
                let runs = heads.pointer_mut(of).unwrap()["runs"].as_array_mut().unwrap();
                runs.insert(0, json!([runs[0][0], "a".repeat(64)]));
            }),
            Exit::BadInput,
        ),
        (
            "a hash twice, of another run",
            edited(&|heads| {
                let runs = heads.pointer_mut(of).unwrap()["runs"].as_array_mut().unwrap();
                runs.insert(0, json!(["another", runs[0][1]]));
            }),
            Exit::BadInput,
        ),
        (
            "no hash",
            edited(&|heads| heads["databases"][0]["runs"][0][1] = json!("f00d")),
            Exit::BadInput,
        ),
        ("another format", edited(&|heads| heads["recert_heads"] = json!(2)), Exit::BadInput),
        ("another key", edited(&|heads| heads["more"] = json!(2)), Exit::BadInput),
        (
            "erased of nobody",
            edited(&|heads| heads["databases"][0]["erased"] = json!({"x": "1"})),
            Exit::BadInput,
        ),
        (
            "the same database twice",
            edited(&|heads| {
                let databases = heads["databases"].as_array_mut().unwrap();
                databases.push(databases[0].clone());
            }),
            Exit::BadInput,
        ),
        ("another ledger's", foreign, Exit::BadInput),
        (
            "another hash of the first run",
            edited(&|heads| heads["databases"][0]["runs"][0][1] = json!("a".repeat(64))),
            Exit::Evidence,
        ),
        (
            "of the first edition",
            edited(&|heads| {
                heads.as_object_mut().unwrap().remove("schema");
                heads.pointer_mut(of).unwrap().as_object_mut().unwrap().remove("erased");
            }),
            Exit::Done,
        ),
    ];
    for (name, heads, expected) in cases {
        std::fs::write(&path, heads.to_string()).unwrap();
        let args = Args { against: Some(path.clone()), ..Args::default() };
        let exit = match run(&args, &world.context()) {
            Ok(outcome) => outcome.exit(),
            Err(error) => Exit::of(&error),
        };
        assert_eq!(exit, expected, "{name}");
    }
}

#[test]
fn heads_without_runs_protect_nothing_and_say_so() {
    let world = World::sqlite();
    let path = world.folder.path().join("heads.json");
    verify(&world, &Args { export: Some(path.clone()), ..Args::default() });
    with_runs(&world);
    let (summary, exit, _) = verify(&world, &Args { against: Some(path), ..Args::default() });
    assert_eq!((exit, summary.counts.get("behind_heads")), (Exit::Done, 4));
    assert!(summary.findings.iter().any(|finding| finding.kind == "heads_without_runs"));
    let output = world.recert("verify --against heads.json -q --output json").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("WARN") && said.contains("they protect nothing"), "{said}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let head = world.one("SELECT head_sha256 FROM recert_lock WHERE job = 'ledger'");
    assert_eq!(told["ledger_head"], head.as_str(), "verify tells where the chain ends");
}

#[test]
fn new_heads_are_written_only_when_the_ledger_continues_the_kept_ones() {
    let world = World::sqlite();
    let [kept, new] = ["kept.json", "new.json"].map(|name| world.folder.path().join(name));
    let ids = with_runs(&world);
    verify(&world, &Args { export: Some(kept.clone()), ..Args::default() });
    ok(&world.run("revoke --as-of 2026-11-30"));
    let both = Args { against: Some(kept.clone()), export: Some(new.clone()), ..Args::default() };
    let (summary, exit, _) = verify(&world, &both);
    assert_eq!((exit, summary.counts.get("behind_heads"), new.exists()), (Exit::Done, 1, true));
    std::fs::remove_file(&new).unwrap();
    // Rolled back to what it was before: every hash fits, and three runs are gone.
    world.tamper(&format!("DELETE FROM recert_run WHERE run_id > '{}'", ids[0]));
    world.tamper(&format!("DELETE FROM recert_change WHERE run_id > '{}'", ids[0]));
    world.tamper(&format!("DELETE FROM recert_image WHERE run_id > '{}'", ids[0]));
    world.tamper(
        "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run) WHERE job = 'ledger'",
    );
    holds(&world);
    let (_, exit, said) = verify(&world, &both);
    assert_eq!((exit, new.exists()), (Exit::Evidence, false));
    assert!(
        said.contains(&format!("3 runs are gone: {}, {}, {}", ids[1], ids[2], ids[3])),
        "{said}"
    );
}

#[test]
fn with_signers_heads_must_come_with_their_signature() {
    let keygen = |args: &[&str]| Process::new("ssh-keygen").args(args).output();
    let mut world = World::sqlite();
    with_runs(&world);
    let folder = world.folder.path().to_owned();
    let path = |name: &str| folder.join(name).display().to_string();
    if keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "anna", "-f", &path("key")]).is_err() {
        crate::harness::skipped("signed heads", "ssh-keygen");
        return;
    }
    let key = std::fs::read_to_string(path("key.pub")).unwrap();
    std::fs::write(path("signers"), format!("anna namespaces=\"recert-heads\" {key}")).unwrap();
    let heads = folder.join("heads.json");
    verify(&world, &Args { export: Some(heads.clone()), ..Args::default() });
    world.config.ledger.signers = Some(folder.join("signers"));
    let args = Args { against: Some(heads.clone()), ..Args::default() };
    let exit = |world: &World| match run(&args, &world.context()) {
        Ok(outcome) => outcome.exit(),
        Err(error) => Exit::of(&error),
    };
    assert_eq!(exit(&world), Exit::BadInput);
    let sign = |name: &str| {
        let _ = std::fs::remove_file(path("heads.json.sig"));
        keygen(&["-Y", "sign", "-q", "-n", name, "-f", &path("key"), &path("heads.json")]).unwrap();
    };
    sign("recert-plan");
    assert_eq!(exit(&world), Exit::BadInput);
    sign("recert-heads");
    assert_eq!(exit(&world), Exit::Done);
    let mut text = std::fs::read_to_string(&heads).unwrap();
    text.push('\n');
    std::fs::write(&heads, text).unwrap();
    assert_eq!(exit(&world), Exit::BadInput);
}
