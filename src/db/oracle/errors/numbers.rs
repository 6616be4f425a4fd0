//! Oracle's error numbers, each with what it means. The numbers are Oracle's, the classes the
//! exit codes of the contract.

use crate::exit::Exit;

/// What an error means for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberMeaning {
    pub(super) exit: Exit,
    /// Whether the same run may well succeed in a moment.
    pub(super) again: bool,
    /// What a person does about it.
    pub(super) advice: &'static str,
}

/// ODPI-C's own: a call that took longer than `call_timeout`; a connection that was closed.
pub(super) const CALL_TIMEOUT: i32 = 1067;
pub(super) const DRIVER_CLOSED: i32 = 1080;

pub(super) const UNFORESEEN: NumberMeaning =
    NumberMeaning { exit: Exit::Failed, again: false, advice: "" };
pub(super) const LINE_LOST: NumberMeaning =
    passing("the database is not there, or the line to it broke; run it again");

/// The line or the instance is gone, was never there, or takes nobody in now.
const LOST: [i32; 67] = [
    18, 20, 22, 28, 31, 45, 378, 602, 603, 609, 1012, 1033, 1034, 1041, 1043, 1089, 1090, 1092,
    2391, 2396, 2399, 3113, 3114, 3122, 3135, 3136, 3150, 3156, 12152, 12153, 12161, 12170, 12505,
    12514, 12516, 12518, 12519, 12520, 12526, 12527, 12528, 12535, 12537, 12540, 12541, 12543,
    12545, 12547, 12560, 12564, 12569, 12570, 12571, 12583, 12592, 12606, 12609, 12637, 25402,
    25405, 25408, 27101, 27146, 28547, 28864, 28865, 56600,
];

/// Whether nobody can tell what became of a call that ended with this number.
pub(super) fn is_lost(number: i32) -> bool {
    LOST.contains(&number) || (25401..=25409).contains(&number)
}

pub(super) fn is_driver_lost(number: i32) -> bool {
    [1010, CALL_TIMEOUT, DRIVER_CLOSED].contains(&number)
}

/// Numbers that only say that something went wrong below them; ORA-06512 is a place in PL/SQL.
pub(super) fn is_wrapper(number: i32) -> bool {
    [604, 2091, 4088, 6512, 12801].contains(&number)
}

const fn config(advice: &'static str) -> NumberMeaning {
    NumberMeaning { exit: Exit::Config, again: false, advice }
}

const fn passing(advice: &'static str) -> NumberMeaning {
    NumberMeaning { exit: Exit::Unavailable, again: true, advice }
}

const fn drifted(advice: &'static str) -> NumberMeaning {
    NumberMeaning { exit: Exit::Drifted, again: true, advice }
}

const fn failed(advice: &'static str) -> NumberMeaning {
    NumberMeaning { exit: Exit::Failed, again: false, advice }
}

/// The driver's own numbers.
pub(super) fn of_driver(number: i32) -> Option<NumberMeaning> {
    Some(match number {
        1047 => config(
            "the Oracle client library could not be loaded: install Oracle Instant Client (Basic or Basic Light) and name its folder in `[database] client_lib_dir`",
        ),
        1049 | 1072 => config(
            "what `[database] client_lib_dir` leads to is no Oracle client library of release 19 or later",
        ),
        1050 => config("the Oracle client library is too old: install release 19 or later"),
        CALL_TIMEOUT => NumberMeaning {
            exit: Exit::Unavailable,
            // It has waited long, and four times as long would keep the lock from the next run.
            again: false,
            advice: "no answer within `[database] call_timeout`; a row may be locked by another session: ask the DBA who blocks module `recert`",
        },
        _ => return None,
    })
}

/// The file that the client library itself misses, where the driver's message (DPI-1047) names one.
pub(super) fn of_missing_file(said: &str) -> Option<&'static str> {
    let (missing, _) =
        said.strip_prefix("DPI-1047")?.split_once(": cannot open shared object file")?;
    Some(match missing.rsplit(['"', ' ', '/']).next()? {
        file if file.starts_with("libaio") => {
            "the client library needs libaio: install the package libaio1t64 (libaio1 on older Debian, libaio on RHEL); where it brings libaio.so.1t64, link libaio.so.1 to it"
        }
        file if file.starts_with("libnsl") => {
            "the client library needs libnsl: install the package libnsl2 (libnsl on RHEL)"
        }
        file if file.starts_with("libnnz") || file.starts_with("libclntshcore") => {
            "that file lies beside libclntsh in Instant Client's folder: unpack the package whole, and name its folder in `[database] client_lib_dir`"
        }
        _ => return None,
    })
}

/// The server's and the network's numbers, while logging in (`at_login`) or later.
pub(super) fn of_number(number: i32, at_login: bool) -> Option<NumberMeaning> {
    if at_login && (20_000..=20_999).contains(&number) {
        return Some(config("a log-on trigger of the database refuses this login; ask the DBA"));
    }
    of_login(number)
        .or_else(|| of_room(number))
        .or_else(|| of_statement(number))
        .or_else(|| of_line(number))
}

/// What a person must mend before anybody can log in: never tried again, so as not to lock the account.
fn of_login(number: i32) -> Option<NumberMeaning> {
    Some(config(match number {
        1005 | 1017 => {
            "check `username` and the password; it is not tried again, so as not to lock the account"
        }
        1045 => "the account lacks CREATE SESSION; a DBA must grant it",
        28000..=28003 | 28365 => {
            "the account can't log in; a DBA must unlock it or renew its password"
        }
        28009 => "the account may only log in as SYSDBA; name another in `username`",
        28040 | 28030 | 28860 | 12638 | 12641 | 12650 | 12660 | 12699 => {
            "server and client library agree on no way to log in; ask the DBA (sqlnet.ora)"
        }
        12154 | 12162 | 12504 | 12533 | 12261 | 12263 => {
            "check `[database] url` and `config_dir` (tnsnames.ora)"
        }
        12506 | 12555 => "the listener does not let this host or account in; ask the DBA",
        12578 | 28759 | 29003 | 29024 => {
            "check the wallet, and its place in sqlnet.ora (`config_dir`)"
        }
        1435 => "check `[database] schema`: there is no such schema",
        1804 | 12705 => {
            "the environment names a time zone file or NLS settings that the client library lacks (ORA_TZFILE, NLS_LANG)"
        }
        21561 => "this host's own name can't be resolved; add it to /etc/hosts",
        65096 => {
            "the session is in CDB$ROOT: `[database] url` must name the pluggable database's service"
        }
        _ => return None,
    }))
}

/// No room left.
fn of_room(number: i32) -> Option<NumberMeaning> {
    match number {
        1536
        | 1628
        | 1630..=1632
        | 1650..=1654
        | 1658
        | 1659
        | 1683
        | 1688
        | 1691
        | 1692
        | 1950
        | 30036 => Some(config("the database has no room left; a DBA must add some")),
        _ => None,
    }
}

/// What a statement met.
fn of_statement(number: i32) -> Option<NumberMeaning> {
    Some(match number {
        904 | 942 => config(
            "a table or column is missing, or not granted; `recert check` names it, `recert migrate` adds recert's own",
        ),
        1031 | 1720 => config("a grant is missing; `recert check` names it"),
        5715 => {
            config("the table is immutable; recert only inserts there: see sql/deploy/README.md")
        }
        16000 => config(
            "the database is open for reading only: does `[database] url` lead to a standby?",
        ),
        14402 => config(
            "a column that is set decides the row's partition, and rows may not move there; a DBA must say ALTER TABLE … ENABLE ROW MOVEMENT",
        ),
        1732 | 12081 => config("the table can't be changed: it is read only, or a view"),
        4088 | 4098 => config("a trigger of the table is broken; its owner must mend it"),
        28112 => config("a security policy of the table is broken; ask the DBA"),
        1013 => NumberMeaning { again: false, ..passing("somebody has cancelled the statement") },
        54 | 30006 => NumberMeaning {
            exit: Exit::Busy,
            again: false,
            advice: "another run of this job, or another session, holds the row",
        },
        60 => drifted("another session wanted the same rows the other way round; run it again"),
        1555 => drifted("the database kept too little undo for a run of this length; ask the DBA"),
        8177 => drifted("rows changed while the run was under way; run it again"),
        1410 | 8103 | 8176 | 1466 => {
            drifted("a table was rebuilt or altered while the run was under way; run it again")
        }
        4020 | 4021 | 4061 | 4068 => {
            drifted("code in the database was renewed while the run was under way; run it again")
        }
        1591 | 2049 | 24756 => {
            drifted("a distributed transaction holds the rows; run it again, and tell the DBA")
        }
        1 => failed("the row is there already; the constraint names the columns"),
        1400 | 1407 => failed("a column that must be filled would be empty"),
        1438 | 12899 => failed("a value is longer than its column; `recert check` tells lengths"),
        1722 | 1858 | 1861 => {
            failed("a text stands where a number or a day must; `recert check` names such columns")
        }
        32795 | 32796 | 54013 | 54017 => {
            failed("the database alone fills that column; `recert check` names such columns")
        }
        2290..=2292 => failed("the application's constraint forbids it"),
        20_000..=20_999 => failed("the application's own code refused it"),
        2091 => failed("a constraint that is checked at COMMIT forbids it"),
        _ => return None,
    })
}

/// What became of the line, or of the instance.
fn of_line(number: i32) -> Option<NumberMeaning> {
    Some(match number {
        28 => NumberMeaning {
            again: false, // Somebody wanted this run to end.
            ..passing("a DBA has killed the session; run it again when that is cleared up")
        },
        12505 | 12514 => passing(
            "the listener does not know the service: is the database down, or the service name in `[database] url` wrong?",
        ),
        12541 => passing(
            "nobody listens there: is the listener down, or host or port in `[database] url` wrong?",
        ),
        12545 | 12543 | 12170 | 12262 => {
            passing("the host did not answer: is `[database] url` right, and the way to it open?")
        }
        257 | 16014 | 19809 => {
            passing("the database's archive area is full and it waits; tell the DBA")
        }
        4031 | 4036 => passing("the database has no memory left; tell the DBA, and run it again"),
        1109 | 1219 | 12500 | 12521 | 12525 | 12549 | 16456 | 65020 => {
            passing("the database is not open for work now; run it again")
        }
        number if is_lost(number) => LINE_LOST,
        _ => return None,
    })
}
