//! How recert speaks: suggestions, quiet, colour.

use std::process::Command as Process;

use crate::harness::{World, recert, skipped};

const ESCAPE: char = '\u{1b}';

#[test]
fn a_mistyped_word_is_answered_with_the_right_one() {
    for (typed, meant) in [
        ("revok", "revoke"),
        ("previw", "preview"),
        ("revoke --alow-changes 5", "--allow-changes"),
        ("revoke --output jsn", "json"),
        ("preview --formt sql", "--format"),
    ] {
        let output = recert(typed).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{typed}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("'{meant}'")), "{typed}: {said}");
        assert!(output.stdout.is_empty(), "{typed}");
    }
}

#[test]
fn quiet_says_nothing_of_a_run_that_went_well() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31");
    let output = world.recert("revoke --as-of 2026-01-31 -q").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!output.stdout.is_empty(), "the result still goes to stdout");
}

#[test]
fn quiet_still_says_what_went_wrong_on_one_line() {
    let world = World::sqlite();
    world.tamper("DROP TABLE recreate_response");
    let output = world.recert("revoke --as-of 2026-01-31 -q").output().unwrap();
    assert_ne!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("ERROR"), "{said}");
}

/// What the binary says on a terminal.
fn on_a_terminal(world: &World, command: &str, no_color: Option<&str>) -> Option<String> {
    let line = format!("{} {command}", env!("CARGO_BIN_EXE_recert"));
    let mut script = Process::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color");
    script.env("RECERT_CONFIG", world.config_file()).current_dir(world.folder.path());
    match no_color {
        Some(value) => script.env("NO_COLOR", value),
        None => script.env_remove("NO_COLOR"),
    };
    let output = script.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn colour_is_for_terminals_and_never_with_no_color() {
    let world = World::sqlite();
    for command in ["revoke --as-of 2026-01-31", "revok"] {
        let Some(coloured) = on_a_terminal(&world, command, None) else {
            return skipped(
                "colour_is_for_terminals_and_never_with_no_color",
                "script (Debian package bsdutils)",
            );
        };
        assert!(coloured.contains(ESCAPE), "{coloured:?}");
        let plain = on_a_terminal(&world, command, Some("1")).unwrap();
        assert!(!plain.contains(ESCAPE) && !plain.is_empty(), "{plain:?}");
        let piped = world.recert(command).env_remove("NO_COLOR").output().unwrap();
        assert!(!String::from_utf8_lossy(&piped.stderr).contains(ESCAPE));
    }
}
