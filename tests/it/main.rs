//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod cli;
mod harness;
mod import_availability;
mod import_files;
mod import_users;
mod revoke;
