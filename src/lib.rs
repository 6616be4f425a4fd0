//! recert takes back revoked access, brings line managers, disables inactive accounts, imports
//! people, and proves what it did. One run is one transaction and ends with one number.
//!
//! In reading order: [`exit`] the numbers · [`config`] · [`run`] the one road · [`jobs`] what should
//! change · [`plan`] the change as a value, its approval and its application · [`ledger`] the
//! evidence · [`db`] and [`directory`] the ports to
//! database and directory · [`cli`] the door.
//!
//! Imports point one way: cli, run → jobs, commands → plan, ledger → db, directory, files →
//! sql, exit.
//!
//! Absent on purpose, because code can't say so: async above the directory's adapter, a connection
//! pool, global state, a clock below `run.rs`, SQL in Rust strings, a driver's name outside
//! `src/db/`, `process::exit`.

pub mod cli;
pub mod commands;
pub mod config;
pub mod db;
pub mod directory;
pub mod exit;
pub mod files;
pub mod guard;
pub mod hex;
pub mod import;
pub mod jobs;
mod ldap_text;
pub mod ledger;
pub mod outcome;
pub mod plan;
pub mod preview;
pub mod progress;
pub mod report;
pub mod run;
pub mod schema;
pub mod script;
pub(crate) mod signature;
pub mod sql;
pub mod summary;
pub mod text;
