//! The end of every command: what stands can be told badly, and still ends with 0.

use std::fs::File;
use std::process::{Output, Stdio};

use serde_json::Value as Json;

use crate::harness::World;

fn world() -> World {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2");
    world
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_committed_run_that_can_not_be_told_ends_with_0_and_one_warning_that_holds_it() {
    for format in ["", " --output json"] {
        let world = world();
        let command =
            format!("revoke --as-of 2026-01-31 --metrics-file r.prom --log-format json -q{format}");
        let output = world.recert(&command).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = stderr(&output);
        let warnings: Vec<Json> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Json| line["summary"].is_string())
            .collect();
        let [warning] = warnings.as_slice() else { panic!("{said}") };
        assert_eq!(warning["level"], "WARN");
        let run_id = world.one("SELECT run_id FROM recert_run");
        assert_eq!(warning["run_id"], run_id.as_str());
        let summary: Json = serde_json::from_str(warning["summary"].as_str().unwrap()).unwrap();
        assert_eq!(summary["counts"]["mappings_deleted"], 1);
        let metrics = std::fs::read_to_string(world.folder.path().join("r.prom")).unwrap();
        assert!(metrics.contains(&format!("run_id=\"{run_id}\",status=\"applied\"")), "{metrics}");
        assert!(metrics.contains("recert_run_exit_code{job=\"revoke\"} 0"), "{metrics}");
    }
}

#[test]
fn what_reads_can_not_be_told_and_so_it_failed() {
    let world = world();
    for command in ["history", "history --output json", "preview --as-of 2026-01-31", "verify"] {
        let output = world.recert(command).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let world = world();
    assert!(world.recert("revoke --as-of 2026-01-31").output().unwrap().status.success());
    let run_id = world.one("SELECT run_id FROM recert_run");
    let show = format!("show {run_id}");
    let mut commands = vec!["check", "verify", "report --all", "completions bash", "man"];
    let formats = ["--format text", "--format json", "--format csv", "--output json"];
    let with = |start: &str| formats.map(|format| format!("{start} {format}"));
    let made = [with("history"), with(&show), with("preview"), with("report --year 2026")].concat();
    let more = ["preview --format sql", "migrate --format sql", "revoke", "revoke --output json"];
    commands.extend(more);
    commands.extend(
        made.iter().map(String::as_str).filter(|c| *c != "report --year 2026 --format text"),
    );
    for command in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = world.recert(&format!("{command} -q")).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {}", stderr(&output));
        assert!(!stderr(&output).contains("ERROR"), "{command}: {}", stderr(&output));
    }
}

#[test]
fn a_refused_and_a_failed_run_print_their_summaries_too() {
    let world = world();
    world.put("mapping AT=77\nresponse AT=77 MGR=2026-01-31");
    let config = world.config_file();
    let text = std::fs::read_to_string(&config).unwrap().replace("floor = 1000", "floor = 0");
    let strict = world.folder.path().join("strict.toml");
    std::fs::write(&strict, text).unwrap();
    let output = world.recert("revoke --as-of 2026-01-31 --config strict.toml").output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("revoke: refused") && said.contains("mappings_deleted     2"), "{said}");

    let output = world.recert("revoke --as-of 2026-01-31 --config nowhere.toml").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("revoke: failed"), "{output:?}");

    let output = world.recert("history --config nowhere.toml").output().unwrap();
    assert!(output.stdout.is_empty(), "data was asked for: {output:?}");
}

#[test]
fn metrics_turn_green_again_with_the_next_success_of_any_command() {
    let world = world();
    let dir = world.folder.path().join("pages");
    let man = format!("man --out {}", dir.display());
    for command in ["show", "history", "migrate --format sql", "completions bash", man.as_str()] {
        let metrics = world.folder.path().join("m.prom");
        std::fs::write(
            &metrics,
            "# HELP recert_run_exit_code x\nrecert_run_exit_code{job=\"x\"} 3\n",
        )
        .unwrap();
        let command = match command {
            "show" => {
                world.recert("revoke --as-of 2026-01-31").output().unwrap();
                format!("show {}", world.one("SELECT run_id FROM recert_run"))
            }
            other => other.to_owned(),
        };
        let output = world.recert(&format!("{command} --metrics-file m.prom")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {}", stderr(&output));
        let text = std::fs::read_to_string(&metrics).unwrap();
        assert!(
            text.lines().any(|l| l.starts_with("recert_run_exit_code") && l.ends_with("} 0")),
            "{command}: {text}"
        );
    }
}
