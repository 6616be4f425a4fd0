//! The binary itself: what it prints where, and the number it ends with.

use serde_json::Value as Json;

use crate::harness::{World, recert};

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_was_meant() {
    let output = recert("revok").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("revoke"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_day_is_written_in_one_way_alone() {
    let world = World::sqlite();
    for typed in ["2026-1-31", "-1-01-01", "2026-01-31 ", "20260131", "2026-02-30", "31.01.2026"] {
        for option in ["revoke --as-of", "history --since", "history --until"] {
            let (command, option) = option.split_once(' ').unwrap();
            let mut process = world.recert(command);
            let output = process.arg(format!("{option}={typed}")).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{command} {option} `{typed}`");
        }
    }
    assert_eq!(world.dump("RECERT_RUN"), Vec::<String>::new());
}

#[test]
fn a_script_alone_is_committed_in_parts() {
    let world = World::sqlite();
    for (format, code) in [("sql", 0), ("text", 2), ("json", 2)] {
        let command = format!("preview --format {format} --commit-every 3");
        assert_eq!(world.recert(&command).output().unwrap().status.code(), Some(code), "{format}");
    }
}

#[test]
fn a_reason_that_nobody_can_see_is_none() {
    let world = World::sqlite();
    for reason in ["", " ", "\t", "\u{200b}\u{a0}", "\u{3164}", "\u{115f} \u{1160}", "\u{2800}"] {
        let mut process = world.recert("revoke --as-of 2099-01-01 --reason");
        let output = process.arg(reason).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{reason:?}");
    }
}

#[test]
fn a_run_prints_one_json_object_and_nothing_else() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31");
    let output = world.recert("revoke --as-of 2026-01-31 --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["command"], "revoke");
    assert_eq!(summary["status"], "applied");
    assert_eq!(summary["as_of"], "2026-01-31");
    assert_eq!(summary["counts"]["mappings_deleted"], 1);
    assert!(summary["findings"].as_array().unwrap().is_empty());
}

#[test]
fn repair_sql_mends_what_it_can_and_ends_with_5_for_the_rest() {
    let world = World::sqlite();
    let script = "UPDATE USER_TAB SET LINEMANAGER_NAME = 'Pat O'Brien' WHERE EMPLOYEE_ID = '1';\n\
                  UPDATE USER_TAB SET LINEMANAGER_NAME = 'James'' WHERE EMPLOYEE_ID = '2';\n";
    std::fs::write(world.folder.path().join("old.sql"), script).unwrap();
    let output = world.recert("repair-sql old.sql --out new.sql --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let summary: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&summary["counts"]["mended"], &summary["counts"]["unsure"]),
        (&1.into(), &1.into())
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 2"));
    let mended = std::fs::read_to_string(world.folder.path().join("new.sql")).unwrap();
    assert_eq!(mended, script.replace("O'Brien", "O''Brien"));
}

#[test]
fn what_comes_to_no_run_is_one_json_object_too() {
    let world = World::sqlite();
    std::fs::write(world.folder.path().join("bad.toml"), "[database]\nurll = 1\n").unwrap();
    for (command, code) in [
        ("revoke --config bad.toml", 3),
        ("revoke --as-of 2999-01-01", 2),
        ("revoke --plan nowhere.json", 5),
        ("show 01234567", 2),
    ] {
        let output = world.recert(&format!("{command} --output json")).output().unwrap();
        let summary: Json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{command}: {error}: {output:?}"));
        assert_eq!(summary["status"], "failed", "{command}");
        assert_eq!(summary["exit_code"], output.status.code().unwrap(), "{command}");
        if !command.starts_with("show") {
            assert_eq!(output.status.code(), Some(code), "{command}");
        }
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1, "{command}");
    }
}
