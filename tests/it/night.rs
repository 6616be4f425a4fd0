//! A session at 02:00: one failure of each number, as whoever is called out reads it: the command, its log, what
//! stands on stdout, the number. Read them as that person would: is it said what happened and what to do?
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test --test it night`, and read the difference.

use std::fmt::Write as _;
use std::process::Output;

use crate::harness::{World, write_secret};

/// What was said, without what is another every night.
fn told(world: &World, command: &str, output: &Output, text: &mut String) {
    let said = |bytes: &[u8]| {
        let folder = world.folder.path().display().to_string();
        let said = String::from_utf8_lossy(bytes).replace(&folder, "FOLDER");
        let lines: Vec<String> = said.lines().map(|line| timeless(line, world)).collect();
        lines.join("\n")
    };
    let (log, result) = (said(&output.stderr), said(&output.stdout));
    let code = output.status.code().unwrap();
    writeln!(text, "$ recert {command}\n{}\n→ {code}\n", format!("{log}\n{result}").trim())
        .unwrap();
}

/// A line without times, ids, hashes and addresses.
fn timeless(line: &str, world: &World) -> String {
    let uuid =
        |word: &str| word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4;
    let hash = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let address = world.config.database.url.trim_start_matches("oracle:");
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        match word.split_once('=') {
            Some((name @ ("duration_ms" | "ledger_head"), _)) => format!("{name}=…"),
            _ if uuid(bare) => word.replace(bare, "RUN"),
            _ if hash(bare) => word.replace(bare, "HASH"),
            _ => word.to_owned(),
        }
    };
    let line = line.get(28..).filter(|_| line.starts_with("20")).unwrap_or(line);
    let line = line.replace(address, "ADDRESS");
    let line = match line.split_once(", as of ") {
        Some((before, after)) => format!("{before}, as of TODAY{}", &after["2026-01-31".len()..]),
        None => line,
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A database that each command is tried on, and what is said of it.
struct Night {
    world: World,
    text: String,
}

impl Night {
    fn on(world: World) -> Night {
        Night { world, text: String::new() }
    }

    fn runs(&mut self, command: &str, code: i32) {
        self.runs_with_fault(command, "", code);
    }

    fn runs_with_fault(&mut self, command: &str, fault: &str, code: i32) {
        let output = self.world.recert(command).env("OCI_STANDIN_FAULT", fault).output().unwrap();
        told(&self.world, command, &output, &mut self.text);
        assert_eq!(output.status.code(), Some(code), "{}", self.text);
    }

    fn file(&self, name: &str, text: &str) {
        write_secret(&self.world.folder.path().join(name), text);
    }
}

#[test]
fn one_failure_of_each_number_says_what_happened_and_what_to_do() {
    let mut world = World::sqlite();
    world.config.limits.revoke.floor = 10;
    world.config.database.retries = 0;
    let mut night = Night::on(world);
    let put = |night: &Night, users: std::ops::Range<u32>| {
        let rows = users.map(|n| format!("mapping USER=E{n}\nresponse USER=E{n} DUE=2020-01-31\n"));
        night.world.put(&rows.collect::<String>());
    };

    night.world.put("response USER=E90 DUE=2020-01-31");
    let spoil = "UPDATE recreate_response SET recertification_due_date = ";
    night.world.tamper(&format!("{spoil}'31.01.2020'"));
    night.runs("revoke", 1);
    night.world.tamper(&format!("{spoil}'2020-01-31'"));

    night.runs("revoke --allow-changes 50", 2);

    night.file("typo.toml", "[database]\nurll = 1\n\n[revoke]\nstatuses = 'REVOKED'\n");
    night.runs("revoke --config typo.toml", 3);

    put(&night, 0..30);
    night.runs("revoke", 4);
    night
        .world
        .tamper("DELETE FROM recreate_response WHERE reportees_id NOT IN ('E0', 'E1', 'E2')");

    night.file("people.csv", "id;firstName;lastName\n1;Anna;Berg\n");
    night.runs("import-users people.csv", 5);

    night.runs("preview revoke --save plan.json --detailed-exitcode", 10);
    night.world.tamper("DELETE FROM map_rap_user_role WHERE user_id = 'E0'");
    night.runs("revoke --plan plan.json", 77);

    let other = night.world.open();
    night.runs("revoke", 76);
    drop(other);

    night.runs("revoke", 0);
    night.world.tamper("UPDATE recert_change SET why = 'nothing to see here' WHERE seq = 1");
    night.runs("verify", 6);
    insta::assert_snapshot!(night.text);
}

#[test]
fn what_only_a_server_can_do_says_what_happened_and_what_to_do() {
    let Some(mut world) = World::standin() else { return };
    world.config.database.retries = 1;
    world.put("mapping\nresponse DUE=2020-01-31");
    let mut night = Night::on(world);
    let nobody = |from: u32| {
        let all: Vec<String> = (from..from + 4).map(|n| format!("{n}:connect:12541")).collect();
        all.join(",")
    };
    night.runs_with_fault("revoke", &nobody(1), 75);
    night.runs_with_fault("revoke", &format!("1:commit:kill-before,{}", nobody(2)), 7);
    night.runs("revoke", 0);
    insta::assert_snapshot!(night.text);
}
