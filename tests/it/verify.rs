//! Section 4 of the spec: the ledger as evidence. Each kind of tampering, done by hand, is found by name.

mod against;
mod chain;
mod changes;
mod dumps;
mod forgeries;
mod images;
mod made;
mod members;

use std::path::PathBuf;
use std::process::{Command as Process, Stdio};

use recert::door::commands::verify::{Args, run};
use recert::door::exit::Exit;
use recert::door::outcome::Outcome;
use recert::door::summary::Summary;

pub(crate) use self::made::{Made, image_sha256, write_changes, write_ended, write_run};
use crate::harness::{World, exit, ok, skipped, worlds};

/// Runs 1 to 4: four changes, none, two, one; and their ids.
pub(crate) fn with_runs(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for rows in [
        "mapping\nmapping USER=E2\nresponse MGR=2026-11-30\nresponse USER=E2 MGR=2026-11-30",
        "",
        "mapping USER=E3\nresponse USER=E3 DUE=2026-11-30",
        "response USER=E4 DUE=2026-11-30",
    ] {
        world.put(rows);
        let ended = world.run("revoke --as-of 2026-11-30");
        ok(&ended);
        ids.push(ended.summary.run_id);
    }
    ids
}

/// What verify says: its summary, and the error's number and words.
pub(crate) fn verify(world: &World, args: &Args) -> (Summary, Exit, String) {
    let Outcome { summary, error, .. } = run(args, &world.context()).unwrap();
    let said = error.as_ref().map(Exit::tell).unwrap_or_default();
    (summary, error.as_ref().map_or(Exit::Done, Exit::of), said)
}

pub(crate) fn holds(world: &World) -> Summary {
    let (summary, exit, said) = verify(world, &Args::default());
    assert_eq!(exit, Exit::Done, "{}: {said}", world.name);
    summary
}

/// Tampers with a fresh ledger of four runs, and expects to hear this; `{1}` is the first run's id.
fn tampered(statements: &[&str], expected: &str) {
    for world in worlds() {
        let ids = with_runs(&world);
        holds(&world);
        let named = |text: &str| {
            ids.iter().enumerate().fold(text.to_owned(), |text, (at, id)| {
                text.replace(&format!("{{{}}}", at + 1), id)
            })
        };
        for statement in statements {
            assert!(world.tamper(&named(statement)) > 0, "touches nothing: {statement}");
        }
        let (summary, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence, "{}: {statements:?}", world.name);
        assert_eq!(summary.status.word(), "failed");
        assert!(
            said.contains(&named(expected)),
            "{}: {statements:?}\n{said}\nwants {}",
            world.name,
            named(expected)
        );
        python_agrees(&world, false);
    }
}

#[test]
fn verify_walks_the_whole_chain_and_counts() {
    for world in worlds() {
        with_runs(&world);
        let counts: Vec<_> = holds(&world).counts.iter().collect();
        assert_eq!(counts, [("runs", 4), ("changes", 7), ("images", 7), ("erased", 0)]);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_holds_for_a_ledger_without_runs() {
    for world in worlds() {
        assert_eq!(holds(&world).counts.get("runs"), 0);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_holds_after_failed_and_refused_runs_too() {
    for mut world in worlds() {
        world.config.limits.revoke.floor = 0;
        world.config.limits.revoke.count = 0;
        world.put("mapping\nresponse MGR=2026-11-30");
        assert_eq!(exit(&world.run("revoke --as-of 2026-11-30")), Exit::Refused);
        ok(&world
            .run("revoke --as-of 2026-11-30 --allow-changes 5 --reason \"Žofie's 'big' day;\""));
        let runs = world.query("SELECT status FROM recert_run");
        assert_eq!(runs.len(), 2);
        holds(&world);
        python_agrees(&world, true);
    }
}

#[test]
fn a_ledger_that_can_t_be_read_is_no_edited_one() {
    for world in worlds() {
        world.define("DROP TABLE recert_image");
        let error = run(&Args::default(), &world.context()).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Config, "{}: {error:#}", world.name);
    }
}

#[test]
fn verify_ends_with_6_and_the_reason_on_stderr() {
    let world = World::sqlite();
    with_runs(&world);
    let output = world.recert("verify --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["changes"], 7);
    world.tamper("UPDATE recert_change SET why = 'x'");
    let output = world.recert("verify").output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("verify: failed"), "{told}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("was edited (the first of"), "{said}");
}

#[test]
fn runs_of_several_jobs_and_processes_at_once_leave_one_chain() {
    let world = World::sqlite();
    world.put(&"mapping\nresponse MGR=2020-11-30\n".repeat(50));
    let first = world.recert_ok("revoke --as-of 2020-11-30");
    let first = first["run_id"].as_str().unwrap();
    world.put(&"mapping USER=E2\nresponse USER=E2 MGR=2020-11-30\n".repeat(50));
    let restore = format!("restore {first} --only MAP_RAP_USER_ROLE -q");
    let archive = "history --archive-before 2000-01-01 --out old.jsonl -q";
    let revoke = "revoke --as-of 2020-11-30 -q";
    let children: Vec<_> = [revoke, &restore, archive, revoke, &restore, archive, revoke, &restore]
        .iter()
        .map(|command| world.recert(command).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    let codes: Vec<_> =
        children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    assert!(codes.iter().all(|code| matches!(code, 0 | 76)), "{codes:?}");
    let done = codes.iter().filter(|code| **code == 0).count() as u64;
    assert_eq!(holds(&world).counts.get("runs"), done + 1);
    python_agrees(&world, true);
}

#[test]
fn a_run_that_is_killed_leaves_a_chain_that_verifies() {
    let world = World::sqlite();
    world.put(&"mapping\nresponse MGR=2020-11-30\n".repeat(400));
    for delay in [5, 20, 40, 80, 160] {
        let mut child =
            world.recert("revoke --as-of 2020-11-30 -q").stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        holds(&world);
    }
    ok(&world.run("revoke --as-of 2026-11-30"));
    assert_eq!(holds(&world).counts.get("changes"), 800);
    assert!(world.dump("map_rap_user_role").is_empty());
}

/// The script in another language that follows `sql/ledger/README.md` comes to the same end.
pub(crate) fn python_agrees(world: &World, fits: bool) {
    let Some(python) = python() else { return };
    let dump = world.folder.path().join("dump.jsonl");
    let args = Args { dump: Some(dump.clone()), with_images: true, ..Args::default() };
    verify(world, &args);
    let file = world.config.database.url.strip_prefix("sqlite:").map(PathBuf::from);
    for path in file.iter().chain([&dump]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/control-m/recert-verify-ledger");
        let output = Process::new(&python).arg(script).arg(path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let expected = Some(if fits { 0 } else { 6 });
        assert_eq!(output.status.code(), expected, "{}: {said}", path.display());
    }
}

/// Python, if it is there; without it, the tests that use it say so and hold only the rest.
pub(crate) fn python() -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("python3"))
        .find(|path| path.exists());
    if found.is_none() {
        skipped("the second verifier, recert-verify-ledger", "python3");
    }
    found
}
