//! recert takes back revoked access, brings line managers, disables inactive accounts, imports
//! people, and proves what it did. One run is one transaction and ends with one number.
//!
//! In reading order: [`exit`] the numbers · [`config`] what is set, whose files are believed, secrets ·
//! [`run`] the one road · [`jobs`] what should change · [`plan`] the change as a value, its approval, hold
//! and application · [`ledger`] the evidence · [`db`] and [`directory`] the ports to database and directory ·
//! [`import`] the files of HR systems, read · [`report`] what the year came to · [`commands`] the subcommands
//! that are no jobs · [`outcome`] and [`summary`] what each of them returns and says · [`cli`] what
//! can be typed, the log, the metrics, and the one place that tells an outcome.
//!
//! Below all of them: [`files`] outputs that are whole or absent · [`text`] made harmless for terminals and
//! spreadsheets · [`signature`] of approvals and heads · [`script`] statements as text for a DBA ·
//! [`schema`] the tables, [`mod@sql`] the statements · [`ldap_text`] names and filters · [`who`] runs it · [`client_library`] where Oracle's is · [`fingerprint`] rows and people by a hash · [`guard`], [`progress`].
//!
//! Imports point one way: cli → commands → run, report → jobs → import, ledger → plan → db, directory → config →
//! files → sql, exit.
//!
//! What `main` and the tests get of all this stands in [`door`]. What a new job, command, statement or column takes is
//! listed in `tests/README.md`, "Adding".
//!
//! Absent on purpose, because code can't say so: async above the directory's adapter, a connection
//! pool, global state, a clock below `run.rs`, SQL in Rust strings (but for a restore's, which are made of the
//! columns that an image holds, the look of a hold at the rows of any table, the trials of `check`, which name tables
//! as the dictionary does, and the DDL of missing columns), a driver's name outside `src/db/`, `process::exit`.

mod cli;
mod client_library;
mod commands;
mod config;
mod db;
mod directory;
pub mod door;
mod exit;
mod files;
mod fingerprint;
mod guard;
mod import;
mod jobs;
mod ldap_text;
mod ledger;
mod outcome;
mod plan;
mod progress;
mod report;
mod run;
mod schema;
mod script;
mod signature;
mod sql;
mod summary;
mod text;
mod who;

#[cfg(test)]
mod mutated_inputs;
