//! The run's own rows: what it was, what it changed, and what stood there before.
//!
//! They are committed with the changes they speak of. Each run's hash covers its own columns, its
//! changes in order, and the hash of the run before it (section 4 of the spec).

pub(crate) mod applied;
pub(crate) mod archive;
pub(crate) mod canonical;
mod chain;
mod diagnose;
pub(crate) mod dump;
mod erasures;
pub(crate) mod heads;
mod lock;
mod members;
pub(crate) mod person;
pub(crate) mod read;
pub(crate) mod row;
mod since_heads;
pub(crate) mod taken;
mod time_order;
pub(crate) mod verify;
mod write;

pub(crate) use lock::late_runs;
pub use lock::{RunStart, lock, look, take_end};
pub use members::LedgerChain;
pub(crate) use members::{LedgerMember, LedgerReader};
pub use row::LedgerRun;
pub use write::{ChangeHashes, write_changes, write_run};
pub(crate) use write::{contains, counts_json, write_run_and_commit};
