//! The tables in the READMEs of `sql/` and `tests/`, held equal to the files they speak of.
//!
//! After a statement or a test file was added or changed: `RECERT_TEST_WRITE_PAGES=1 cargo test --test it -- pages plans::`
//! writes them anew, and the script that asks for the plans of statements.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::control_m::{repo, text};

const BEGIN: &str =
    "<!-- made from the files' own first sentences; `tests/it/pages.rs` says how -->\n";

/// Holds the table of a page to what the files say, or writes it.
fn hold(page: &str, table: &str) {
    let is = text(page);
    let (before, made) = is.split_once(BEGIN).unwrap_or_else(|| panic!("{page} has no table"));
    if std::env::var_os("RECERT_TEST_WRITE_PAGES").is_some() {
        std::fs::write(repo(page), format!("{before}{BEGIN}{table}")).unwrap();
    } else {
        assert!(
            made == table,
            "{page} is out of date: tests/it/pages.rs says how to write it anew"
        );
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The first sentence of a file's header: of the lines that begin so, up to a blank one.
fn first_sentence(path: &Path, begin: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let header: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix(begin))
        .map(str::trim)
        .take_while(|line| !line.is_empty() && !line.starts_with(':') && !line.starts_with("->"))
        .collect();
    let header = header.join(" ");
    assert!(!header.is_empty(), "{} says nothing of itself", path.display());
    let end = header.find(". ").map_or(header.trim_end_matches('.').len(), |at| at);
    header[..end].replace('|', "\\|")
}

#[test]
fn the_page_of_the_statements_names_every_one() {
    let folder = repo("sql");
    let mut folders: BTreeMap<String, BTreeMap<String, (String, usize)>> = BTreeMap::new();
    for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|is| is == "sql"))
    {
        let within = path.strip_prefix(&folder).unwrap();
        let name =
            within.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        let parent = within.parent().unwrap().display().to_string();
        let wordings = &mut folders.entry(parent).or_default().entry(name).or_default();
        wordings.1 += 1;
        if wordings.0.is_empty() {
            wordings.0 = first_sentence(path, "--");
        }
    }
    let mut table = String::new();
    for (folder, statements) in folders {
        table.push_str(&format!("\n## sql/{folder}\n\n| statement | what it does |\n|---|---|\n"));
        for (name, (does, wordings)) in statements {
            let twice = if wordings > 1 { " (in two wordings)" } else { "" };
            table.push_str(&format!("| `{name}` | {does}{twice} |\n"));
        }
    }
    hold("sql/README.md", &table);
}

#[test]
fn the_map_of_the_tests_names_every_file() {
    let folder = repo("tests/it");
    let mut table = String::from("\n| file | what it holds |\n|---|---|\n");
    for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|is| is == "rs")) {
        let within = path.strip_prefix(&folder).unwrap().display();
        table.push_str(&format!("| `{within}` | {} |\n", first_sentence(path, "//!")));
    }
    hold("tests/README.md", &table);
}
