//! What `--help` says, and how errors read, kept as they were looked at.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test --test it snapshots`, and read the difference.

use clap::CommandFactory as _;
use recert::door::cli::Cli;

use crate::harness::{World, recert};

#[test]
fn help_of_every_subcommand() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut all = command.render_long_help().to_string();
    let names: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    for name in names.iter().filter(|name| *name != "help") {
        let subcommand = command.find_subcommand_mut(name).unwrap();
        all.push_str(&format!("\n======== recert {name}\n{}", own_help(subcommand)));
    }
    insta::assert_snapshot!(all);
}

/// A subcommand's help without the options and numbers that every help ends with.
fn own_help(command: &mut clap::Command) -> String {
    let help = command.render_help().to_string();
    let end = help.find("Options of every command:").unwrap_or(help.len());
    help[..end].to_owned()
}

#[test]
fn errors_with_their_numbers() {
    let world = World::sqlite();
    world.put("mapping\nresponse DUE=2026-01-31");
    let folder = world.folder.path();
    std::fs::write(
        folder.join("bad.toml"),
        "[database]\nurll = 1\nretries = 'x'\n[time]\nzone = 'Mars'\n",
    )
    .unwrap();
    std::fs::write(folder.join("gone.toml"), "[database]\nurl = 'sqlite:gone.db'\n").unwrap();
    std::fs::write(
        folder.join("oracle.toml"),
        "[database]\nurl = 'oracle://127.0.0.1:1/X'\nusername = 'A'\n",
    )
    .unwrap();
    std::fs::write(folder.join("people.csv"), "id;firstName\n1;Anna\n").unwrap();
    let mut told = String::new();
    for command in [
        "revok",
        "revoke --allow-changes 5",
        "revoke --as-of 31.01.2026",
        "revoke --plan nowhere.json",
        "revoke --config nowhere.toml",
        "revoke --config bad.toml",
        "revoke --config gone.toml",
        "revoke --config oracle.toml",
        "import-users nowhere.csv",
        "import-users people.csv",
        "sync-managers",
        "disable-inactive",
        "restore 01234567-89ab-7def-8123-456789abcdef",
        "report",
    ] {
        let output = world.recert(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr)
            .replace(&folder.display().to_string(), "FOLDER");
        let said: Vec<String> = said
            .lines()
            .map(|line| line.get(28..).filter(|_| line.starts_with("20")).unwrap_or(line))
            .map(timeless)
            .collect();
        told.push_str(&format!(
            "$ recert {command}\n{}\n→ {}\n\n",
            said.join("\n").trim(),
            output.status.code().unwrap()
        ));
    }
    insta::assert_snapshot!(told);
    assert_eq!(recert("--version").output().unwrap().status.code(), Some(0));
}

/// A line without what is another in every run.
fn timeless(line: &str) -> String {
    let word = |word: &str| match word.split_once('=') {
        Some((name @ ("duration_ms" | "ledger_head"), _)) => format!("{name}=…"),
        _ if word.len() == 37 && word.ends_with(']') => "RUN]".to_owned(),
        _ => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
