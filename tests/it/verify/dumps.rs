//! `verify --dump`: what an auditor gets to check, and what the verifier in Python says that it has not looked at.

use std::process::Command as Process;

use super::{holds, python, with_runs};
use crate::harness::World;

/// What the verifier in Python ended with and said.
type Checked = (Option<i32>, String);

/// The number and the words of `verify --dump`, the dump, and number and words of the verifier in Python on it.
fn dumped(world: &World, options: &str) -> (Option<i32>, String, String, Option<Checked>) {
    let ran = world.recert(&format!("verify --dump dump.jsonl {options}")).output().unwrap();
    let path = world.folder.path().join("dump.jsonl");
    let dump = std::fs::read_to_string(&path).unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    let python = python().map(|python| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/control-m/recert-verify-ledger");
        let output = Process::new(&python).arg(script).arg(&path).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    });
    (ran.status.code(), said, dump, python)
}

#[test]
fn a_value_that_can_not_be_read_is_named_and_the_auditor_gets_what_can_be_had() {
    for (table, which, before) in [
        ("recert_change", "why", "change 1 of run"),
        ("recert_image", "before_image", "change 1 of run"),
        ("recert_run", "os_user", "run "),
        ("recert_lock", "head_sha256", ""),
    ] {
        let world = World::sqlite();
        let ids = with_runs(&world);
        let row = match table {
            "recert_run" => format!("run_id = '{}'", ids[0]),
            "recert_lock" => "job = 'ledger'".to_owned(),
            _ => format!("run_id = '{}' AND seq = 2", ids[0]),
        };
        world.tamper(&format!("UPDATE {table} SET {which} = CAST(x'c3' AS TEXT) WHERE {row}"));
        let (code, said, dump, python) = dumped(&world, "--with-images");
        assert_eq!(code, Some(6), "{table}: {said}");
        let column = format!("column `{}`", which.to_uppercase());
        assert!(said.contains(&column), "{table}: {said}");
        let lines: Vec<&str> = dump.lines().filter(|line| line.contains("unreadable")).collect();
        assert_eq!(lines.len(), 1, "{table}: {dump}");
        assert!(lines[0].contains(&column) && lines[0].contains(before), "{}", lines[0]);
        // The other tables are whole.
        let n_of = |kind: &str| dump.lines().filter(|line| line.starts_with(kind)).count();
        let runs = if table == "recert_run" { 3 } else { 4 };
        let changes = if matches!(table, "recert_change" | "recert_image") { 1 } else { 7 };
        assert_eq!((n_of("{\"run\""), n_of("{\"change\"")), (runs, changes), "{table}: {dump}");
        if let Some((code, said)) = python {
            assert_eq!(code, Some(6), "{table}: {said}");
            assert!(said.contains("a value can't be read") && said.contains(&column), "{said}");
        }
    }
}

#[test]
fn without_images_the_verifier_says_that_it_has_not_looked_at_them() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    holds(&world);
    world.tamper(&format!(
        "UPDATE recert_image SET before_image = '{{}}' WHERE run_id = '{}' AND seq = 2",
        ids[0]
    ));
    let note = "images are not in the dump and were not checked";
    let (code, _, dump, python) = dumped(&world, "");
    assert_eq!(code, Some(6), "recert itself looks at the images");
    assert!(!dump.contains("before_image"), "{dump}");
    if let Some((code, said)) = python {
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(note), "{said}");
    }
    if let (_, _, _, Some((code, said))) = dumped(&world, "--with-images") {
        assert_eq!(code, Some(6), "{said}");
        assert!(
            said.contains(&format!("the image of change 2 of run {} was edited", ids[0])),
            "{said}"
        );
        assert!(!said.contains(note), "{said}");
    }
}
