//! What recert is built from, by Cargo's own account. `.deny.toml` says the same to `cargo deny`, which
//! not every machine has; this test needs nothing but Cargo.

use std::collections::BTreeSet;
use std::process::Command as Process;

use serde_json::Value as Json;

use crate::control_m::{repo, text};
use crate::harness::skipped;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The crates that recert is built from on Linux, itself left out.
fn crates() -> Vec<Json> {
    let output = Process::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    let members = metadata["workspace_members"].as_array().unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.filter(|package| !members.contains(&package["id"])).cloned().collect()
}

/// A list of `.deny.toml`.
fn listed(section: &str, key: &str) -> BTreeSet<String> {
    let deny: toml::Table = text(".deny.toml").parse().unwrap();
    let list = deny[section][key].as_array().unwrap().iter();
    list.map(|entry| entry.as_str().or_else(|| entry["crate"].as_str()).unwrap().to_owned())
        .collect()
}

/// Whether an SPDX expression can be met by licences of the list. `OR` binds weaker than `AND`.
fn can_be_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    let mut rest = expression.as_str();
    any_of(&mut rest, allowed)
}

fn any_of(rest: &mut &str, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(rest, allowed);
    while let Some(after) = rest.trim_start().strip_prefix("OR ") {
        *rest = after;
        met |= all_of(rest, allowed);
    }
    met
}

fn all_of(rest: &mut &str, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(rest, allowed);
    while let Some(after) = rest.trim_start().strip_prefix("AND ") {
        *rest = after;
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &str, allowed: &BTreeSet<String>) -> bool {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let met = any_of(rest, allowed);
        *rest = rest.trim_start().strip_prefix(')').unwrap();
        return met;
    }
    let end = [" OR ", " AND ", ")"]
        .iter()
        .filter_map(|word| rest.find(word))
        .min()
        .unwrap_or(rest.len());
    let (licence, after) = rest.split_at(end);
    *rest = after;
    allowed.contains(licence.trim())
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("(MIT OR GPL-3.0-only) AND Unicode-3.0", true),
        ("(LGPL-2.1 OR GPL-3.0-only) AND MIT", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Unlicense/MIT", true),
        ("MIT OR GPL-3.0-only AND LGPL-2.1", true),
    ] {
        assert_eq!(can_be_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn every_crate_is_of_a_licence_that_is_allowed() {
    let allowed = listed("licenses", "allow");
    for package in crates() {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(can_be_met(licence, &allowed), "{}: `{licence}`", package["name"]);
    }
}

#[test]
fn every_crate_comes_from_crates_io_and_none_is_banned() {
    let banned = listed("bans", "deny");
    let crates = crates();
    assert!(crates.len() > 50);
    for package in crates {
        assert_eq!(package["source"], CRATES_IO, "{}", package["name"]);
        assert!(!banned.contains(package["name"].as_str().unwrap()), "{}", package["name"]);
    }
}

#[test]
fn cargo_deny_agrees() {
    let built = repo("target/tools/bin/cargo-deny");
    let cargo_deny = if built.exists() { built } else { "cargo-deny".into() };
    let output = Process::new(&cargo_deny)
        // Not offline: it looks at the crates of all systems, also at those that were never built here.
        .args(["check", "bans", "licenses", "sources"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let Ok(output) = output else {
        return skipped("cargo_deny_agrees", "cargo-deny (tests/tools)");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
