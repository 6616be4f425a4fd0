//! What Oracle's errors mean for a run: which number it ends with, whether another try may help,
//! and what a person does about it.

use anyhow::anyhow;

use crate::db::Transient;
use crate::exit::Exit;

/// ORA numbers that say the line or the instance is gone, was never there, or takes nobody in now.
const LOST: [i32; 46] = [
    18, 20, 22, 28, 31, 45, 378, 602, 603, 609, 1012, 1033, 1034, 1041, 1043, 1089, 1090, 1092,
    2391, 2396, 3113, 3114, 3122, 3135, 3136, 12153, 12170, 12514, 12516, 12518, 12519, 12520,
    12526, 12527, 12528, 12537, 12541, 12543, 12545, 12547, 12570, 12571, 12583, 25402, 25408,
    27146,
];
/// ODPI-C's own: not connected, call timeout, connection closed.
const LOST_DPI: [i32; 3] = [1010, CALL_TIMEOUT, 1080];
const CALL_TIMEOUT: i32 = 1067;

/// Whether the server may not have heard the call, or its answer did not get here.
pub(super) fn is_lost(error: &oracle::Error) -> bool {
    error.oci_code().is_some_and(|code| LOST.contains(&code))
        || error.dpi_code().is_some_and(|code| LOST_DPI.contains(&code))
}

/// Whether the same run may well succeed in a moment. A call timeout is none of it: it has waited
/// long, and four times as long would keep the job's lock from the scheduler's next run.
fn passes(error: &oracle::Error) -> bool {
    (is_lost(error) && error.dpi_code() != Some(CALL_TIMEOUT))
        || matches!(error.oci_code(), Some(60 | 1555 | 8177))
}

/// Gives an error of the driver's its exit code and, where it is known, what to do about it.
pub(super) fn classed(error: oracle::Error) -> anyhow::Error {
    let (exit, advice) = match (error.oci_code().unwrap_or(0), error.dpi_code().unwrap_or(0)) {
        (0, 0) => (Exit::Failed, ""),
        (0, code) => of_driver(&error, code),
        (code, _) => {
            of_login(code).or_else(|| of_statement(code)).unwrap_or_else(|| of_line(&error))
        }
    };
    // ODPI-C may leave broken bytes at the end of a message; only its first line is of use.
    let said = error.to_string();
    let said = said.lines().next().unwrap_or_default().trim_end().to_owned();
    let mut explained =
        if advice.is_empty() { anyhow!(said) } else { anyhow!("{said} ({advice})") };
    if passes(&error) {
        explained = explained.context(Transient);
    }
    explained.context(exit)
}

type Meaning = (Exit, &'static str);

/// The driver's own numbers.
fn of_driver(error: &oracle::Error, code: i32) -> Meaning {
    match code {
        1047 => (
            Exit::Config,
            "the Oracle client library was not found: install Oracle Instant Client (Basic or Basic Light) and name its folder in `[database] client_lib_dir`",
        ),
        1050 => (Exit::Config, "the Oracle client library is too old: install release 19 or later"),
        CALL_TIMEOUT => (
            Exit::Unavailable,
            "no answer within `[database] call_timeout`; a row may be locked by another session: ask the DBA who blocks module `recert`",
        ),
        _ => of_line(error),
    }
}

/// What a person must mend before anybody can log in: never tried again, so as not to lock the account.
fn of_login(code: i32) -> Option<Meaning> {
    let advice = match code {
        1005 | 1017 => {
            "check `username` and the password; it is not tried again, so as not to lock the account"
        }
        1045 => "the account lacks CREATE SESSION; a DBA must grant it",
        28000..=28003 | 28365 => {
            "the account can't log in; a DBA must unlock it or renew its password"
        }
        28040 | 28030 | 28860 => "server and client library agree on no way to log in; ask the DBA",
        12154 | 12162 | 12504 | 12505 | 12533 => {
            "check `[database] url` and `config_dir` (tnsnames.ora)"
        }
        12578 | 28759 | 29024 => "check the wallet, and its place in sqlnet.ora (`config_dir`)",
        1435 => "check `[database] schema`: there is no such schema",
        _ => return None,
    };
    Some((Exit::Config, advice))
}

/// What a statement met.
fn of_statement(code: i32) -> Option<Meaning> {
    Some(match code {
        904 | 942 => (
            Exit::Config,
            "a table or column is missing, or not granted; `recert check` names it, `recert migrate` adds it",
        ),
        1031 | 1720 => (Exit::Config, "a grant is missing; `recert check` names it"),
        1536 | 1628 | 1630..=1632 | 1652..=1654 | 1691 | 1950 | 30036 => {
            (Exit::Config, "the database has no room left; a DBA must add some")
        }
        5715 => (
            Exit::Config,
            "the table is immutable; recert only inserts there: see sql/deploy/README.md",
        ),
        16000 => (
            Exit::Config,
            "the database is open for reading only: does `[database] url` lead to a standby?",
        ),
        1013 => (Exit::Unavailable, "somebody has cancelled the statement"),
        54 | 30006 => (Exit::Busy, "another run of this job holds the lock"),
        60 => (
            Exit::Drifted,
            "another session wanted the same rows the other way round; run it again",
        ),
        1555 => (
            Exit::Drifted,
            "the database kept too little undo for a run of this length; ask the DBA",
        ),
        8177 => (Exit::Drifted, "rows changed while the run was under way; run it again"),
        _ => return None,
    })
}

/// The number that the driver tells of a closed connection in words only: `… closed by ORA-00028`.
fn wrapped(error: &oracle::Error) -> Option<i32> {
    let said = error.to_string();
    let digits = said.split("closed by ORA-").nth(1)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// What became of the line.
fn of_line(error: &oracle::Error) -> Meaning {
    match error.oci_code().or_else(|| wrapped(error)) {
        Some(28) => (Exit::Unavailable, "a DBA has killed the session; run it again"),
        Some(12514) => (
            Exit::Unavailable,
            "the listener does not know the service: is the database down, or the service name in `[database] url` wrong?",
        ),
        Some(12541) => (
            Exit::Unavailable,
            "nobody listens there: is the listener down, or host or port in `[database] url` wrong?",
        ),
        Some(12545 | 12543 | 12170) => (
            Exit::Unavailable,
            "the host did not answer: is `[database] url` right, and the way to it open?",
        ),
        _ if is_lost(error) => {
            (Exit::Unavailable, "the database is not there, or the line to it broke; run it again")
        }
        _ => (Exit::Failed, ""),
    }
}
