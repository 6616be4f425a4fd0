//! Errors as Oracle would report them, made from PostgreSQL's.

use crate::abi::INVALID_HANDLE;
use crate::sql::StatementKind;

/// An Oracle error. `offset` is the byte of the statement it points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OraError {
    pub code: i32,
    pub message: String,
    pub offset: usize,
}

impl OraError {
    pub fn new(code: i32, text: &str) -> OraError {
        debug_assert_ne!(code, INVALID_HANDLE);
        OraError { code, message: format!("ORA-{code:05}: {text}"), offset: 0 }
    }

    /// The error with Oracle's own wording for the codes that need no detail.
    pub fn of(code: i32) -> OraError {
        OraError::new(code, text_of(code))
    }

    /// Errors that lie on one another, the first the outermost.
    pub fn stack(codes: &[i32]) -> OraError {
        let lines: Vec<String> = codes.iter().map(|code| OraError::of(*code).message).collect();
        OraError { code: codes.first().copied().unwrap_or(600), message: lines.join("\n"), offset: 0 }
    }

    pub fn at(mut self, offset: usize) -> OraError {
        self.offset = offset;
        self
    }
}

/// Codes after which the session is gone.
pub fn ends_session(code: i32) -> bool {
    matches!(code, 28 | 603 | 1012 | 1089 | 1092 | 2396 | 3113 | 3114 | 3135 | 3156 | 12537 | 12547 | 12570)
}

fn text_of(code: i32) -> &'static str {
    match code {
        1 => "unique constraint violated",
        28 => "your session has been killed",
        54 => "resource busy and acquire with NOWAIT specified or timeout expired",
        60 => "deadlock detected while waiting for resource",
        604 => "error occurred at recursive SQL level 1",
        900 => "invalid SQL statement",
        901 => "invalid CREATE command",
        902 => "invalid datatype",
        904 => "invalid identifier",
        906 => "missing left parenthesis",
        907 => "missing right parenthesis",
        908 => "missing NULL keyword",
        910 => "specified length too long for its datatype",
        911 => "invalid character",
        913 => "too many values",
        918 => "column ambiguously defined",
        920 => "invalid relational operator",
        922 => "missing or invalid option",
        923 => "FROM keyword not found where expected",
        925 => "missing INTO keyword",
        926 => "missing VALUES keyword",
        932 => "inconsistent datatypes",
        933 => "SQL command not properly ended",
        936 => "missing expression",
        942 => "table or view does not exist",
        947 => "not enough values",
        955 => "name is already used by an existing object",
        957 => "duplicate column name",
        972 => "identifier is too long",
        979 => "not a GROUP BY expression",
        1008 => "not all variables bound",
        1013 => "user requested cancel of current operation",
        1017 => "invalid username/password; logon denied",
        1027 => "bind variables not allowed for data definition operations",
        1031 => "insufficient privileges",
        1033 => "ORACLE initialization or shutdown in progress",
        1036 => "illegal variable name/number",
        1400 => "cannot insert NULL",
        1407 => "cannot update to NULL",
        1410 => "invalid ROWID",
        1427 => "single-row subquery returns more than one row",
        1430 => "column being added already exists in table",
        1435 => "user does not exist",
        1438 => "value larger than specified precision allowed for this column",
        1453 => "SET TRANSACTION must be first statement of transaction",
        1456 => "may not perform insert/delete/update operation inside a READ ONLY transaction",
        1466 => "unable to read data - table definition has changed",
        1476 => "divisor is equal to zero",
        1704 => "string literal too long",
        1722 => "invalid number",
        1727 => "numeric precision specifier is out of range (1 to 38)",
        1740 => "missing double quote in identifier",
        1745 => "invalid host/bind variable name",
        1747 => "invalid user.table.column, table.column, or column specification",
        1756 => "quoted string not properly terminated",
        1788 => "CONNECT BY clause required in this query block",
        1789 => "query block has incorrect number of result columns",
        1791 => "not a SELECTed expression",
        1795 => "maximum number of expressions in a list is 1000",
        1841 => "(full) year must be between -4713 and +9999, and not be 0",
        1843 => "not a valid month",
        1861 => "literal does not match format string",
        1882 => "timezone region not found",
        2003 => "invalid USERENV parameter",
        2014 => "cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.",
        2248 => "invalid option for ALTER SESSION",
        2289 => "sequence does not exist",
        2290 => "check constraint violated",
        2291 => "integrity constraint violated - parent key not found",
        2292 => "integrity constraint violated - child record found",
        3113 => "end-of-file on communication channel",
        3114 => "not connected to ORACLE",
        3115 => "unsupported network datatype or representation",
        3135 => "connection lost contact",
        3136 => "inbound connection timed out",
        3156 => "OCI call timed out",
        8177 => "can't serialize access for this transaction",
        12154 => "TNS:could not resolve the connect identifier specified",
        12170 => "TNS:Connect timeout occurred",
        12514 => "TNS:listener does not currently know of service requested in connect descriptor",
        12520 => "TNS:listener could not find available handler for requested type of server",
        12541 => "TNS:no listener",
        12545 => "Connect failed because target host or object does not exist",
        12899 => "value too large for column",
        24816 => "Expanded non LONG bind data supplied after actual LONG or LOB column",
        24381 => "error(s) in array DML",
        28000 => "The account is locked.",
        30006 => "resource busy; acquire with WAIT timeout expired",
        30089 => "missing or invalid <datetime field>",
        32795 => "cannot insert into a generated always identity column",
        54013 => "INSERT operation disallowed on virtual columns",
        38104 => "Columns referenced in the ON Clause cannot be updated",
        _ => "error made by the stand-in",
    }
}

/// What PostgreSQL said.
#[derive(Clone, Debug, Default)]
pub struct PgError {
    pub state: String,
    pub message: String,
    pub detail: String,
    pub schema: String,
    pub table: String,
    pub column: String,
    pub constraint: String,
    /// 1-based, in characters.
    pub position: usize,
    pub fatal: bool,
}

/// What was going on when the error came, as far as it decides the code.
#[derive(Clone, Copy, Debug)]
pub struct Doing {
    pub kind: StatementKind,
    /// `FOR UPDATE WAIT n` had set a lock timeout.
    pub waited: bool,
    /// The call timeout of the client, not a break, has cancelled the statement.
    pub timed_out: bool,
}

/// The Oracle error for PostgreSQL's; its `offset` is left at 0.
pub fn from_pg(err: &PgError, doing: Doing) -> OraError {
    let code = code_of(err, doing);
    let name =
        |parts: &[&str]| parts.iter().filter(|p| !p.is_empty()).map(|p| p.to_uppercase()).collect::<Vec<_>>().join(".");
    let constraint = name(&[&err.schema, &err.constraint]);
    let column = name(&[&err.schema, &err.table, &err.column]);
    let text = match code {
        1 => format!("unique constraint ({constraint}) violated"),
        2290 => format!("check constraint ({constraint}) violated"),
        2291 => format!("integrity constraint ({constraint}) violated - parent key not found"),
        2292 => format!("integrity constraint ({constraint}) violated - child record found"),
        1400 => format!("cannot insert NULL into ({column})"),
        1407 => format!("cannot update ({column}) to NULL"),
        12899 if !err.constraint.is_empty() => {
            format!("value too large for column {}", length_check_column(err))
        }
        904 | 918 => format!("{}: {}", quoted_name(&err.message), text_of(code)),
        _ => text_of(code).to_owned(),
    };
    // The server's own words help whoever reads a failing test; Oracle's come first.
    OraError::new(code, &format!("{text} [PostgreSQL {}: {}]", err.state, err.message))
}

/// The first quoted name of a message, in Oracle's way of showing it.
fn quoted_name(message: &str) -> String {
    let name = message.split('"').nth(1).map(str::to_owned);
    let name = name.or_else(|| message.split_whitespace().nth(1).map(str::to_owned)).unwrap_or_default();
    format!("\"{}\"", name.to_uppercase())
}

/// VARCHAR2 lengths in bytes are check constraints named `oralen$<bytes>$<column>`.
fn length_check_column(err: &PgError) -> String {
    let column = err.constraint.splitn(3, '$').nth(2).unwrap_or_default();
    format!("\"{}\".\"{}\".\"{}\"", err.schema, err.table, column).to_uppercase()
}

fn code_of(err: &PgError, doing: Doing) -> i32 {
    let says = |part: &str| err.message.contains(part);
    match err.state.as_str() {
        "23505" => 1,
        "23502" if doing.kind == StatementKind::Update => 1407,
        "23502" => 1400,
        "23503" if says("update or delete on table") => 2292,
        "23503" => 2291,
        "23514" if err.constraint.starts_with("oralen$") => 12899,
        "23514" => 2290,
        "22001" => 12899,
        "22003" if says("numeric field overflow") || says("out of range") => 1438,
        "22012" => 1476,
        "22P02" | "22018" if says("type tid") => 1410,
        "22P02" | "22018" if says("timestamp") || says("type date") => 1861,
        "22P02" | "22018" => 1722,
        "22007" => 1861,
        "22008" => 1843,
        "22023" if says("TimeZone") => 1882,
        "21000" => 1427,
        "0A000" if says("FOR UPDATE") => 2014,
        "42P10" => 1791,
        "25006" => 1456,
        "40001" => 8177,
        "40P01" => 60,
        "55P03" if doing.waited => 30006,
        "55P03" => 54,
        "57014" if doing.timed_out => 3136,
        "57014" => 1013,
        "57P01" => 28,
        "57P02" | "57P03" => 1033,
        "28P01" => 1017,
        "28000" if says("not permitted to log in") => 28000,
        "28000" => 1017,
        "3D000" => 12514,
        "3F000" => 1435,
        "53300" => 12520,
        "42501" if matches!(doing.kind, StatementKind::Select) || says("for schema") => 942,
        "42501" => 1031,
        "42P01" if says("sequence") => 2289,
        "42P01" => 942,
        "42703" | "42883" if says("operator does not exist") || says("could not identify") => 932,
        "42703" | "42883" => 904,
        "42702" | "42P09" => 918,
        "42P07" | "42710" | "42P06" => 955,
        "42701" if doing.kind == StatementKind::Alter => 1430,
        "42701" => 957,
        "42704" => 902,
        "42803" => 979,
        "42804" if says("must be type boolean") => 920,
        "42804" | "42846" | "42P08" | "42P18" | "42725" => 932,
        "428C9" if err.detail.contains("is a generated column") => 54013,
        "428C9" => 32795,
        "42601" if says("more expressions than target") => 913,
        "42601" if says("more target columns") => 947,
        "42601" if says("same number of columns") => 1789,
        "42601" => syntax_code(&err.message, doing.kind),
        // Functions of setup.sql raise Oracle's own errors: state ORA00, message `ORA-nnnnn: …`.
        "ORA00" => err.message.get(4..9).and_then(|digits| digits.parse().ok()).unwrap_or(600),
        _ => 600,
    }
}

/// Where PostgreSQL stumbles when an expression is missing.
const EXPRESSION_MISSING: [&str; 7] =
    ["end of input", "near \")\"", "near \",\"", "near \"FROM\"", "near \"WHERE\"", "near \"ORDER\"", "near \"GROUP\""];

fn syntax_code(message: &str, kind: StatementKind) -> i32 {
    match kind {
        StatementKind::Other => 900,
        _ if EXPRESSION_MISSING.iter().any(|near| message.contains(near)) => 936,
        StatementKind::Create | StatementKind::Alter | StatementKind::Drop => 922,
        _ => 933,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(state: &str, message: &str, kind: StatementKind) -> i32 {
        let err = PgError { state: state.into(), message: message.into(), ..PgError::default() };
        from_pg(&err, Doing { kind, waited: false, timed_out: false }).code
    }

    #[test]
    fn null_in_a_column_depends_on_the_statement() {
        assert_eq!(code("23502", "null value", StatementKind::Insert), 1400);
        assert_eq!(code("23502", "null value", StatementKind::Update), 1407);
    }

    #[test]
    fn a_length_check_names_its_column() {
        let err = PgError {
            state: "23514".into(),
            schema: "app".into(),
            table: "t".into(),
            constraint: "oralen$10$name".into(),
            ..PgError::default()
        };
        let err = from_pg(&err, Doing { kind: StatementKind::Insert, waited: false, timed_out: false });
        assert!(err.message.starts_with("ORA-12899: value too large for column \"APP\".\"T\".\"NAME\""), "{err:?}");
    }

    #[test]
    fn a_cancel_is_a_timeout_or_a_break() {
        let err = PgError { state: "57014".into(), ..PgError::default() };
        let doing = |timed_out| Doing { kind: StatementKind::Select, waited: false, timed_out };
        assert_eq!(from_pg(&err, doing(true)).code, 3136);
        assert_eq!(from_pg(&err, doing(false)).code, 1013);
    }

    #[test]
    fn codes_raised_by_setup_sql_pass_through() {
        assert_eq!(code("ORA00", "ORA-02003: invalid USERENV parameter", StatementKind::Select), 2003);
    }

    #[test]
    fn invalid_names_are_shown_in_upper_case() {
        let err =
            PgError { state: "42703".into(), message: "column \"nam\" does not exist".into(), ..PgError::default() };
        let err = from_pg(&err, Doing { kind: StatementKind::Select, waited: false, timed_out: false });
        assert!(err.message.starts_with("ORA-00904: \"NAM\": invalid identifier"));
    }
}
