//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod any_world;
mod cli;
mod db_contract;
mod disable_inactive;
mod harness;
mod import_availability;
mod import_files;
mod import_users;
mod revoke;
mod road;
mod script_psql;
