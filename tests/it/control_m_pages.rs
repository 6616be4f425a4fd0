//! The pages and lines beside the job definitions in `control-m/`: the numbers, a section for each, command lines, cron.

use std::process::{Command as Process, Output};

use recert::door::exit::Exit;

use crate::control_m::{parsed, recert_calls, text};
use crate::harness::World;

#[test]
fn the_table_of_numbers_is_the_one_recert_ends_with() {
    for path in ["control-m/README.md", "control-m/RUNBOOK.md"] {
        let rows: Vec<[String; 3]> = text(path)
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
                cells[0].parse::<u8>().ok()?;
                Some([cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned()])
            })
            .collect();
        let contract = Exit::ALL
            .map(|exit| [exit.code().to_string(), exit.to_string(), exit.meaning().to_owned()]);
        assert_eq!(rows, contract, "{path}");
    }
}

#[test]
fn the_runbook_has_a_section_for_every_number() {
    let text = text("control-m/RUNBOOK.md");
    for exit in Exit::ALL {
        let heading = format!("\n## {} {exit}\n", exit.code());
        assert!(text.contains(&heading), "no section{heading}");
    }
}

#[test]
fn command_lines_in_the_pages_are_ones_that_recert_takes() {
    let mut n = 0;
    for path in ["control-m/README.md", "control-m/RUNBOOK.md", "control-m/THREATS.md"] {
        let mut fenced = false;
        for line in text(path).lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if fenced && let Some(call) = called(line) {
                parsed(&call);
                n += 1;
            }
        }
    }
    assert!(n > 20, "only {n} are looked at");
}

/// `sudo -u recert recert …  # why`, without what is round it.
fn called(line: &str) -> Option<String> {
    let line = line.split(" #").next().unwrap_or_default().split(" >").next().unwrap_or_default();
    let line = line.trim().trim_start_matches("sudo -u recert ");
    line.starts_with("recert ").then(|| line.replace('"', ""))
}

#[test]
fn every_command_of_the_runbook_names_its_config() {
    let page = text("control-m/RUNBOOK.md");
    let blocks = page.split("```sh\n").skip(1).filter_map(|block| block.split_once("```"));
    let lines: Vec<&str> = blocks.flat_map(|(block, _)| block.lines()).collect();
    assert!(lines.len() > 15);
    for line in
        lines.iter().filter(|line| line.contains("recert ") && !line.starts_with("ssh-keygen"))
    {
        assert!(line.contains("recert --config /etc/recert/recert.toml "), "{line}");
    }
}

#[test]
fn cron_lines_are_quiet_unless_something_is_wrong() {
    let mut calls = 0;
    for line in text("control-m/recert.cron").lines().filter(|line| !line.starts_with('#')) {
        if line.is_empty() || line.split_whitespace().next().unwrap().contains('=') {
            continue;
        }
        let when: Vec<&str> = line.split_whitespace().take(6).collect();
        let known = |word: &&str| word.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c));
        assert!(when[..5].iter().all(known), "{line}");
        assert_eq!(when[5], "recert", "the account: {line}");
        assert!(!line.contains('%'), "cron reads a percent sign as the end of the line: {line}");
        for call in recert_calls(line.split_once("recert ").unwrap().1) {
            assert!(parsed(&call).global.quiet, "{line}");
            calls += 1;
        }
        let (talking, silenced) =
            (line.matches("recert --config").count(), line.matches(" >/dev/null").count());
        assert_eq!(talking, silenced, "every summary goes nowhere: {line}");
    }
    assert!(calls >= 7, "only {calls} calls");
}

/// The lines that the three schedulers hand to a shell, each with its commands behind one another.
fn lines_of_schedulers() -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let cron = text("control-m/recert.cron");
    for line in cron.lines().filter(|line| line.contains("recert-once run ")) {
        let (_, after) = line.split_once("recert-once run ").unwrap();
        lines.push(("cron", after.split_once(' ').unwrap().1.to_owned()));
    }
    let folders: serde_json::Value = serde_json::from_str(&text("control-m/recert.json")).unwrap();
    for folder in folders.as_object().unwrap().values() {
        let jobs = folder.as_object().unwrap().values();
        let commands = jobs.filter_map(|job| job["Command"].as_str());
        lines.extend(
            commands
                .map(|command| ("Control-M", command.rsplit(" || ").next().unwrap().to_owned())),
        );
    }
    for job in ["revoke", "report", "verify", "import-users", "import-availability"] {
        let own = crate::control_m::repo(&format!("control-m/systemd/recert@{job}.service.d"));
        let unit = match own.is_dir() {
            true => text(&format!("control-m/systemd/recert@{job}.service.d/command.conf")),
            false => text("control-m/systemd/recert@.service"),
        };
        let starts = unit.lines().filter_map(|line| {
            line.strip_prefix("ExecStart=").or(line.strip_prefix("ExecStartPost="))
        });
        let starts: Vec<&str> = starts.filter(|line| !line.is_empty()).collect();
        lines.push(("systemd", starts.join(" && ").replace("%i", job)));
    }
    lines
}

/// A line on a world of its own: its folders, its config, the program that was built.
fn tried(line: &str, world: &World) -> Output {
    let at = world.folder.path().display().to_string();
    let program = env!("CARGO_BIN_EXE_recert");
    let line = line
        .replace("/usr/lib/recert/recert-warn", "true")
        .replace("/usr/bin/recert ", "recert ")
        .replace(
            "recert --config /etc/recert/recert.toml",
            &format!("{program} --config {at}/recert.toml"),
        )
        .replace("/var/lib/recert", &at);
    Process::new("sh").args(["-c", &line]).current_dir(&at).output().unwrap()
}

#[test]
fn no_line_of_a_scheduler_is_refused_and_the_weekly_verify_goes_on_week_after_week() {
    let mut verified = 0;
    for (scheduler, line) in lines_of_schedulers() {
        let world = World::sqlite();
        world.config_file();
        for folder in ["metrics", "import/done", "reports", "warnings", "previews", "done"] {
            std::fs::create_dir_all(world.folder.path().join(folder)).unwrap();
        }
        let kept = world.folder.path().join("heads.json");
        world.recert_ok("verify --export heads.json");
        for week in 1..=2 {
            world.put(&format!("response USER=E{week} DUE=2026-11-30\nmapping USER=E{week}"));
            world.recert_ok("revoke");
            let head = world.one("SELECT head_sha256 FROM recert_lock WHERE job = 'ledger'");
            let output = tried(&line, &world);
            assert_ne!(output.status.code(), Some(2), "{scheduler}: {line}: {output:?}");
            if line.contains(" verify ") {
                assert_eq!(output.status.code(), Some(0), "{scheduler}: {line}: {output:?}");
                assert!(std::fs::read_to_string(&kept).unwrap().contains(&head), "{scheduler}");
                verified += 1;
            }
        }
    }
    assert_eq!(verified, 6, "three schedulers, two weeks");
}
