//! The readers of the import files, sentence by sentence, without any database.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that can't go on fails")]

mod availability;
mod csv;
mod fields;
pub(crate) mod harness;
mod header;
mod invariants;
mod open;
mod people;
mod properties;
mod rejects;
