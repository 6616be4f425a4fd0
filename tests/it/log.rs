//! What the log says at 02:00: whose line it is, and what was done when.

use std::fs;
use std::process::Output;

use serde_json::Value as Json;

use crate::harness::World;

fn world() -> World {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2\nresponse USER=E3");
    world
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Adds this to the world's config, under a name of its own.
fn config_with(world: &World, more: &str) {
    let text = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.folder.path().join("own.toml"), text + more).unwrap();
}

#[test]
fn every_line_of_a_run_tells_job_and_run() {
    let world = world();
    let output = world.recert("revoke --as-of 2026-01-31 -vv").output().unwrap();
    let run_id = world.one("SELECT run_id FROM recert_run");
    let said = stderr(&output);
    assert!(said.lines().count() > 5, "{said}");
    for line in said.lines() {
        assert!(line.contains(&format!("[revoke {run_id}]")), "{line}");
    }
    let output = world.recert("revoke --config nowhere.toml --log-format json").output().unwrap();
    for line in stderr(&output).lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        assert_eq!(line["job"], "revoke");
        assert_eq!(line["run_id"].as_str().unwrap().len(), 36);
        assert_eq!(line["schema"], "recert/log/1");
    }
}

#[test]
fn verbose_tells_config_database_and_account_and_twice_every_statement() {
    let world = world();
    let once = stderr(&world.recert("revoke --as-of 2026-01-31 -v").output().unwrap());
    assert!(once.contains("recert.toml") && once.contains("database=sqlite:"), "{once}");
    assert!(!once.contains("statement=revoke/select_active"), "{once}");
    let twice = stderr(&world.recert("revoke --as-of 2026-01-31 -vv").output().unwrap());
    assert!(
        twice.contains("statement=revoke/select_active") && twice.contains(" rows="),
        "{twice}"
    );
}

#[test]
fn verbose_tells_how_long_each_step_of_the_road_took() {
    let said =
        stderr(&world().recert("revoke --as-of 2026-01-31 -v --log-format json").output().unwrap());
    let lines: Vec<Json> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let timed = lines.iter().filter(|line| line["ms"].is_f64());
    let steps: Vec<&str> = timed.filter_map(|line| line["message"].as_str()).collect();
    let road = [
        "connection opened",
        "locked",
        "planned",
        "held against limits",
        "held",
        "ledger written",
        "applied",
        "read again",
        "looked once more",
        "committed",
    ];
    assert_eq!(steps, road, "{said}");
}

#[test]
fn a_kind_of_finding_is_one_warning_with_its_number() {
    let world = world();
    let said = stderr(&world.recert("revoke --as-of 2026-01-31 -q").output().unwrap());
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(warnings[0].contains("undated: 2") && warnings[0].contains("n=2"), "{said}");
}

#[test]
fn the_log_file_takes_every_event_as_json_whatever_q_says_and_is_opened_afresh() {
    let world = world();
    config_with(&world, "[log]\nfile = \"recert.log\"\n");
    let log = world.folder.path().join("recert.log");
    let run = |more: &str| {
        let command = format!("revoke --as-of 2026-01-31 --config own.toml -q {more}");
        let output = world.recert(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    run("");
    let first = fs::read_to_string(&log).unwrap();
    assert!(first.lines().count() >= 2, "{first}");
    for line in first.lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        assert_eq!(line["job"], "revoke");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    assert!(first.contains("\"message\":\"ended\""), "{first}");
    assert!(first.contains("\"message\":\"config read\""), "as much as `-v` tells: {first}");
    assert!(!first.contains("\"level\":\"TRACE\""), "{first}");
    run("");
    assert!(fs::read_to_string(&log).unwrap().starts_with(&first), "it is appended to");
    fs::rename(&log, world.folder.path().join("recert.log.1")).unwrap();
    run("");
    assert!(log.exists(), "logrotate moved it, and it is there again");
}

#[test]
fn a_log_file_that_can_not_be_written_is_3_before_anything_is_done() {
    let world = world();
    for file in ["nowhere/recert.log", "recert.db", ".", "own.toml", "/dev/full"] {
        config_with(&world, &format!("[log]\nfile = \"{file}\"\n"));
        let output = world.recert("revoke --as-of 2026-01-31 --config own.toml").output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{file}: {}", stderr(&output));
        assert_eq!(world.dump("MAP_RAP_USER_ROLE").len(), 1, "{file}");
    }
}

#[test]
fn mistakes_in_the_config_stand_one_a_line_with_their_lines_and_the_nearest_key() {
    let world = world();
    let text =
        "[database]\nurl = \"oracle:scott/tiger@db\"\nretrys = 1\n\n[time]\nzone = \"Mars\"\n";
    fs::write(world.folder.path().join("own.toml"), text).unwrap();
    let output = world.recert("revoke --config own.toml --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    for part in [
        "line 2: database.url",
        "line 3: database.retrys: no such key; did you mean `retries`?",
        "line 6: time.zone",
    ] {
        assert_eq!(
            said.lines()
                .filter(|line| line.contains("ERROR")
                    && line.contains(part)
                    && !line.contains("3 mistakes"))
                .count(),
            1,
            "{part}: {said}"
        );
    }
    assert!(!said.contains("tiger"), "{said}");
    let summary: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["findings"].as_array().unwrap().len(), 3, "{summary}");
}

#[test]
fn quiet_tells_a_kind_again_only_when_its_number_has_changed() {
    let world = world();
    let warnings = |command: &str| {
        let said = stderr(&world.recert(command).output().unwrap());
        said.lines().filter(|line| line.contains("WARN")).count()
    };
    assert_eq!(warnings("revoke --as-of 2026-01-31 -q"), 1, "the first run");
    assert_eq!(warnings("revoke --as-of 2026-01-31 -q"), 0, "as many as before");
    assert_eq!(warnings("revoke --as-of 2026-01-31"), 1, "without -q it is told");
    world.put("response USER=E4");
    assert_eq!(warnings("revoke --as-of 2026-01-31 -q"), 1, "one more");
}
