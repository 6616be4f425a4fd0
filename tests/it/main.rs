//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod any_world;
mod check;
mod cli;
mod databases;
mod db_contract;
mod faults;
mod harness;
mod kill;
mod revoke;
mod road;
mod round_trips;
mod script_psql;
mod sql_files;
