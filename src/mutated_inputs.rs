//! Inputs with bytes turned, cut and repeated: each is read or refused, and none ends the program.
//!
//! `RECERT_TEST_MUTATIONS=4000 cargo test --lib mutated_inputs` tries 20,000.

use std::path::Path;

use crate::commands::repair_sql::tests::repair;
use crate::config::Config;
use crate::exit::Exit;
use crate::import::people::people;
use crate::ledger::heads::Heads;
use crate::plan::SavedPlan;

/// xorshift: the same inputs every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap()
    }

    fn mutated(&mut self, input: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, b"\0'\"[{;=\\\xff\n"[self.below(10)]),
                2 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let part = bytes[at..end].repeat(1 + self.below(50));
                    bytes.splice(at..at, part);
                }
                3 => drop(bytes.drain(at..(at + self.below(20)).min(bytes.len()))),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        bytes
    }
}

fn each_mutation(input: &[u8], mut read: impl FnMut(&[u8], &Path)) {
    let n = std::env::var("RECERT_TEST_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.csv");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..n {
        let bytes = dice.mutated(input);
        std::fs::write(&path, &bytes).unwrap();
        read(&bytes, &path);
    }
}

#[test]
fn mutated_configs_are_read_or_refused_and_never_quoted() {
    let example = include_str!("../config.example.toml").replace("RECERT_APP", "hunter2");
    each_mutation(example.as_bytes(), |bytes, _| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(error) = Config::parse(&text) {
            assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        }
    });
}

#[test]
fn mutated_scripts_are_mended_or_reported_and_twice_is_once() {
    let script = "UPDATE USER_TAB SET LINEMANAGER_NAME = 'O'Brien, Pat', RAP = ‘1’\n WHERE EMPLOYEE_ID = ‘5’;\n/* c */ UPDATE T SET LINEMANAGER_MAIL_ID = 'o\\'b@x' WHERE ID = 'é';\n".repeat(4);
    each_mutation(script.as_bytes(), |bytes, _| {
        let once = repair(bytes);
        let again = repair(&once.output);
        assert_eq!(again.mended, 0, "{}", bytes.escape_ascii());
    });
}

#[test]
fn mutated_plans_are_refused() {
    let plan = br#"{"schema":"recert/plan/2","recert_plan":2,"job":"revoke","database":"sqlite:x","as_of":"2026-01-31","moment":"2026-01-31T00:00:00Z","parameters":{},"preview":"x","saved_by":"op","saved_at":"2026-01-31T00:00:00Z","units":[],"sha256":"00"}"#;
    each_mutation(plan, |_, path| {
        assert_eq!(Exit::of(&SavedPlan::read(path).unwrap_err()), Exit::BadInput);
    });
}

#[test]
fn mutated_heads_are_read_or_refused() {
    let heads = br#"{"schema":"recert/heads/1","recert_heads":1,"written_at":"2026-01-31T00:00:00.000000Z","databases":[{"name":"main","url":"sqlite:x","head_sha256":"00","runs":[["a","00"]]}]}"#;
    each_mutation(heads, |_, path| {
        if let Err(error) = Heads::read(path, None, chrono::DateTime::UNIX_EPOCH) {
            assert_eq!(Exit::of(&error), Exit::BadInput, "{error:#}");
        }
    });
}

#[test]
fn mutated_import_files_are_read_row_by_row_or_refused() {
    let file = "id;firstName;lastName;email;city;costCenter;personnelAreaText\n1;Anna;\"O;B\";a@b.example;Graz;12345;x\n".repeat(5);
    each_mutation(file.as_bytes(), |bytes, _| {
        if let Ok(rows) = people(bytes, "people.csv") {
            rows.for_each(drop);
        }
    });
}
