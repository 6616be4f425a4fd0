//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod any_world;
mod browser;
mod cli;
mod control_m;
mod db_contract;
mod directory;
mod directory_failures;
mod directory_login;
mod directory_speed;
mod disable_inactive;
mod fake_ldap;
mod harness;
mod licences;
mod man;
mod manners;
mod metrics;
mod pages;
mod report;
mod report_files;
mod revoke;
mod road;
mod script_psql;
mod security;
mod slapd;
mod sync_managers;
mod systemd;
