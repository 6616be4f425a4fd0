//! Who runs recert, and where: what ledger rows, saved plans and reports say of it.

/// The name of the account that this process runs as; `unknown` where the system has none for it
/// (a container's bare number).
pub(crate) fn os_user() -> String {
    whoami::username().unwrap_or_else(|_| UNKNOWN.to_owned())
}

/// The name this machine gives itself.
pub(crate) fn host() -> String {
    whoami::hostname().unwrap_or_else(|_| UNKNOWN.to_owned())
}

const UNKNOWN: &str = "unknown";
