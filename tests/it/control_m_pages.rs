//! The pages and lines beside the job definitions in `control-m/`: the numbers, a section for each, command lines, cron.

use recert::door::exit::Exit;

use crate::control_m::{parsed, recert_calls, text};

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
    for path in ["control-m/README.md", "control-m/RUNBOOK.md", "control-m/THREATS.md"] {
        let mut fenced = false;
        for line in text(path).lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if fenced && let Some(call) = called(line) {
                parsed(&call);
            }
        }
    }
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
