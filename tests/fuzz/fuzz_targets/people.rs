//! The people reader on any bytes: `cargo fuzz run --fuzz-dir tests/fuzz people`, on a stable toolchain
//! `cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none people -- -max_total_time=60 -dict=tests/fuzz/people.dict`.
#![no_main]

#[path = "../../it/import_files/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::fuzz_people(bytes));
