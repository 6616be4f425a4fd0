//! The run's own rows: what it was, what it changed, and what stood there before.
//!
//! They are committed with the changes they speak of. Each run's hash covers its own columns, its
//! changes in order, and the hash of the run before it (section 4 of the spec).

pub(crate) mod applied;
pub mod archive;
pub mod canonical;
mod chain;
mod diagnose;
pub mod dump;
mod erasures;
pub mod heads;
mod lock;
mod members;
pub mod person;
pub mod read;
pub mod row;
mod since_heads;
pub(crate) mod taken;
mod time_order;
pub mod verify;
mod write;

pub use lock::{ChainEnd, RunStart, lock, look, take_end};
pub use members::{LedgerChain, LedgerMember, LedgerReader};
pub use row::LedgerRun;
pub use write::{
    ChangeHashes, contains, counts_json, write_changes, write_run, write_run_and_commit,
};
