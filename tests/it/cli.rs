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
fn a_run_prints_one_json_object_and_nothing_else() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-11-30");
    let output = world.recert("revoke --as-of 2026-11-30 --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["command"], "revoke");
    assert_eq!(summary["status"], "applied");
    assert_eq!(summary["as_of"], "2026-11-30");
    assert_eq!(summary["counts"]["mappings_deleted"], 1);
    assert!(summary["findings"].as_array().unwrap().is_empty());
}
