//! `recert man` and `recert completions`: of every subcommand, and never out of date.

use std::collections::BTreeSet;
use std::process::Command as Process;

use clap::CommandFactory as _;
use recert::door::cli::Cli;
use recert::door::exit::Exit;

use crate::harness::{recert, skipped};

/// The pages of all subcommands, in a folder.
fn pages() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = recert("man --out").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    folder
}

fn names_below(command: &clap::Command, prefix: &str, names: &mut BTreeSet<String>) {
    names.insert(prefix.to_owned());
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        names_below(below, &format!("{prefix}-{}", below.get_name()), names);
    }
}

#[test]
fn man_has_a_page_for_every_subcommand() {
    let folder = pages();
    let mut expected = BTreeSet::new();
    names_below(&Cli::command(), "recert", &mut expected);
    let written: BTreeSet<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".1", ""))
        .collect();
    assert_eq!(written, expected);
    assert!(written.contains("recert-preview-revoke"));
}

#[test]
fn man_pages_name_every_exit_code_the_files_and_the_variables() {
    for page in std::fs::read_dir(pages().path()).unwrap() {
        let page = page.unwrap().path();
        let text = std::fs::read_to_string(&page).unwrap();
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "\"EXIT STATUS\"",
            "FILES",
            "ENVIRONMENT",
        ] {
            assert!(
                text.contains(&format!("\n.SH {section}\n")),
                "{}: no {section}",
                page.display()
            );
        }
        for exit in Exit::ALL {
            assert!(
                text.contains(&format!(
                    "\\fB{}\\fR \\fI{}",
                    exit.code(),
                    exit.to_string().replace('-', "\\-")
                )),
                "{}: {exit}",
                page.display()
            );
        }
        for word in ["RECERT_CONFIG", "NO_COLOR", "/etc/recert/recert.toml"] {
            assert!(text.contains(word), "{}: no {word}", page.display());
        }
    }
}

#[test]
fn man_pages_are_what_mandoc_takes() {
    if Process::new("mandoc").arg("-V").output().is_err() {
        return skipped("man_pages_are_what_mandoc_takes", "mandoc (Debian package mandoc)");
    }
    for page in std::fs::read_dir(pages().path()).unwrap() {
        let output = Process::new("mandoc")
            .args(["-T", "lint", "-W", "error"])
            .arg(page.unwrap().path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn man_prints_the_main_page_and_needs_no_config() {
    let output = recert("man --config /nowhere/recert.toml").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(".TH RECERT 1"), "{text}");
    assert!(text.contains("revoke"));
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = recert(&format!("completions {shell}")).output().unwrap();
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("revoke") && script.contains("detailed-exitcode"), "{shell}");
    }
}

#[test]
fn completions_for_bash_complete() {
    let script = recert("completions bash").output().unwrap().stdout;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recert.bash");
    std::fs::write(&path, script).unwrap();
    let ask = format!(
        ". {}; COMP_WORDS=(recert rev); COMP_CWORD=1; _recert recert rev recert; echo ${{COMPREPLY[@]}}",
        path.display()
    );
    let Ok(output) = Process::new("bash").args(["-c", &ask]).output() else {
        return skipped("completions_for_bash_complete", "bash");
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "revoke",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
