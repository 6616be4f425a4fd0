//! Counts calls into a file that a test can read, also right after a SIGKILL.
//!
//! `OCI_STANDIN_COUNTERS` names the file, or a directory that gets one `counters.<pid>` for each process.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

/// What is counted, in the order of the file's lines.
#[derive(Clone, Copy)]
pub enum Counter {
    ServerAttach,
    SessionBegin,
    StmtPrepare2,
    StmtExecute,
    StmtFetch2,
    TransCommit,
    TransRollback,
    Ping,
    Break,
    /// Trips a real client would make, by Oracle's documented rules.
    RoundTrips,
    /// Flights over the wire to PostgreSQL, and those nobody waited for. Not for asserting on.
    WireFlights,
    WireBehind,
    /// Rows of array DML.
    Iterations,
    RowsFetched,
}

const NAMES: [&str; 14] = [
    "OCIServerAttach",
    "OCISessionBegin",
    "OCIStmtPrepare2",
    "OCIStmtExecute",
    "OCIStmtFetch2",
    "OCITransCommit",
    "OCITransRollback",
    "OCIPing",
    "OCIBreak",
    "oracle_round_trips",
    "wire_flights",
    "wire_behind",
    "iterations",
    "rows_fetched",
];

static COUNTS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];
static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();

fn open() -> Option<Mutex<File>> {
    let mut path = PathBuf::from(std::env::var_os("OCI_STANDIN_COUNTERS")?);
    if path.is_dir() {
        path.push(format!("counters.{}", std::process::id()));
    }
    match File::create(&path) {
        Ok(file) => Some(Mutex::new(file)),
        Err(err) => {
            eprintln!("oci-standin: cannot write counters to {}: {err}", path.display());
            None
        }
    }
}

/// Adds to one counter and rewrites the file's lines, which have a fixed width.
pub fn count(counter: Counter, by: u64) {
    COUNTS[counter as usize].fetch_add(by, Ordering::Relaxed);
    let Some(file) = FILE.get_or_init(open) else { return };
    let Ok(file) = file.lock() else { return };
    let text: String = NAMES
        .iter()
        .zip(&COUNTS)
        .map(|(name, count)| format!("{name:<20} {:>15}\n", count.load(Ordering::Relaxed)))
        .collect();
    // A test that asserts on the counters will notice their absence; the caller can't do anything about it.
    let _ = file.write_all_at(text.as_bytes(), 0);
}
