//! A stand-in for Oracle's client library: the OCI calls that ODPI-C makes, carried out on a PostgreSQL server.
//!
//! In reading order: `env`, `connect`, `attr` and `stmt` export the calls, one file for each chapter of OCI's manual;
//! `handle` and `abi` are what they stand on. `session` carries statements out, over `wire`, after `sql` has
//! translated them. `transfer` and `value` move data between OCI's buffers and PostgreSQL's text. `support` is for
//! tests that want a server and a database.
//!
//! The README says what this proves and what it doesn't.

mod abi;
mod attr;
mod connect;
mod counters;
mod env;
mod error;
mod fault;
mod handle;
mod session;
mod sql;
mod stmt;
pub mod support;
mod tns;
mod transfer;
mod value;
mod wire;

use std::sync::OnceLock;

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "1")
}

/// Says something on stderr when `OCI_STANDIN_TRACE=1`.
fn trace(text: impl FnOnce() -> String) {
    static ON: OnceLock<bool> = OnceLock::new();
    if *ON.get_or_init(|| is_set("OCI_STANDIN_TRACE")) {
        eprintln!("oci-standin: {}", text());
    }
}

/// Whether to refuse what Oracle refuses; `OCI_STANDIN_LENIENT=1` switches it off.
fn is_strict() -> bool {
    static STRICT: OnceLock<bool> = OnceLock::new();
    *STRICT.get_or_init(|| !is_set("OCI_STANDIN_LENIENT"))
}
