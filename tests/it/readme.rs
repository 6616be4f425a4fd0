//! The README says what the code does: its numbers, and the run it shows.

use std::path::Path;

use recert::door::exit::Exit;

use crate::harness::recert;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_readmes_table_of_numbers_is_the_codes() {
    let readme = readme();
    for exit in Exit::ALL {
        let row = format!("| {} | {exit} | {} |", exit.code(), exit.meaning());
        assert!(readme.contains(&row), "the README has no row `{row}`");
    }
}

#[test]
fn the_run_the_readme_shows_is_the_demos() {
    let folder = tempfile::tempdir().unwrap();
    let output = recert("demo").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let readme = readme();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // Dates and ids are of the day.
    let timeless =
        |line: &&str| !line.contains("20") && !line.trim().is_empty() && !line.contains("…");
    let shown: Vec<&str> = shown.lines().filter(timeless).collect();
    assert!(shown.len() > 7, "{shown:?}");
    for line in shown {
        assert!(said.lines().any(|said| said == line), "the demo does not say `{line}`:\n{said}");
    }
}

#[test]
fn the_readme_names_both_commands_and_every_subcommand() {
    use clap::CommandFactory as _;
    let readme = readme();
    assert!(readme.contains("cargo run --release -- demo") && readme.contains("tests/run"));
    for command in recert::door::cli::Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(name == "help" || readme.contains(name), "the README does not name `{name}`");
    }
}
