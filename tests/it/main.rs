//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod any_world;
mod archive;
mod browser;
mod check;
mod cli;
mod control_m;
mod databases;
mod db_contract;
mod directory;
mod directory_failures;
mod directory_login;
mod directory_speed;
mod disable_inactive;
mod fake_ldap;
mod faults;
mod gate;
mod harness;
mod history;
mod import_availability;
mod import_files;
mod import_users;
mod kill;
mod ledgers;
mod licences;
mod man;
mod manners;
mod metrics;
mod outcome;
mod pages;
mod readme;
mod report;
mod report_files;
mod restore;
mod revoke;
mod road;
mod round_trips;
mod script_psql;
mod security;
mod slapd;
mod snapshots;
mod sql_files;
mod sync_managers;
mod systemd;
mod verify;
