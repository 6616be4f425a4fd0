//! Columns: there, of types that can be read, compared and kept.

use super::Report;
use crate::db::{Column, ColumnFill, Dialect};
use crate::import::people::NO_MANAGER;
use crate::schema::{Owner, Table};
use crate::sql::quote_name;

/// Columns that are compared with each other: of different types, no row would ever be found.
const PAIRS: [[&str; 4]; 7] = [
    ["MAP_RAP_USER_ROLE", "USER_ID", "RECREATE_RESPONSE", "REPORTEES_ID"],
    ["MAP_RAP_USER_ROLE", "RMM_ID", "RECREATE_RESPONSE", "RMM_ID"],
    ["USER_TAB", "EMPLOYEE_ID", "RECREATE_RESPONSE", "REPORTEES_ID"],
    ["USER_SESSION", "USER_ID", "OPS_USER", "ID"],
    ["PM_USER_ROLE", "USER_ID", "PM_USER", "ID"],
    ["PM_AVAILABILITY", "USER_ID", "PM_USER", "ID"],
    ["PM_ORGANISATION", "BUSINESS_UNIT", "PM_USER", "BUSINESS_UNIT"],
];

/// Texts that runs write to the letter, whatever the rows hold.
const WRITTEN: [(&str, &str, &str); 7] = [
    ("OPS_USER", "STATUS", "INACTIVE"),
    ("OPS_EVENT", "EVENT_TYPE", "UPDATE_USER"),
    ("OPS_EVENT", "EVENT_STATUS", "SUCCESS"),
    ("OPS_DB_HISTORY", "EVENT_TYPE", "UPDATED"),
    ("OPS_DB_HISTORY", "CLASS_NAME", "UserSession"),
    ("PM_AVAILABILITY", "MONTH", "2026-12"),
    ("PM_USER", "MANAGER_EMAIL", NO_MANAGER),
];

fn written(table: &str, column: &str) -> Option<&'static str> {
    let found = WRITTEN.iter().find(|(of, name, _)| (*of, *name) == (table, column));
    found.map(|(_, _, text)| *text)
}

/// A table that is there, with its columns.
pub(super) type TableColumns = (&'static str, Vec<Column>);

pub(super) fn look(dialect: Dialect, table: &Table, there: &[Column], report: &mut Report) {
    for (name, wanted) in table.columns(dialect) {
        let what = format!("{}.{name}", table.name);
        let Some(found) = there.iter().find(|column| column.name == name) else {
            let add = format!("ALTER TABLE {} ADD {} {wanted}", table.name, quote_name(&name));
            report.missing(what, format!("no such column: {add}"));
            continue;
        };
        // The embedded database keeps any value in any column.
        let fits = || match table.owner {
            Owner::Own => is_as_made(&wanted, found),
            _ => usable(&wanted, &found.data_type),
        };
        if dialect == Dialect::Oracle && !fits() {
            report.missing(
                what,
                format!("its type is {}, where {wanted} is needed; a DBA must move the data into a column of that type", found.data_type),
            );
        } else if table.owner == Owner::Own && is_shorter(found, &wanted) {
            report.missing(
                what.as_str(),
                format!("shorter than {wanted}: ALTER TABLE {} MODIFY {name} {wanted}", table.name),
            );
        } else if let Some(text) = written(table.name, &name).filter(|text| !found.holds(text)) {
            report.missing(what, format!("too short for `{text}`, which a run writes there (ORA-12899); ask the application's owner"));
        } else if let (Dialect::Oracle, "CLOB", Some(length)) =
            (dialect, wanted.as_str(), found.length)
        {
            report.warn(
                what,
                format!("{} of {}: an account whose row is too long for it is left as it is, a finding `unreadable`; a CLOB holds any", found.data_type, length.most),
            );
        } else if found.filled == ColumnFill::Expression {
            report.missing(
                what,
                "the database computes it, so that no run can write it; ask the application's owner",
            );
        }
    }
    let unreadable = there.iter().filter(|column| !is_readable(&column.data_type));
    for column in unreadable.filter(|_| dialect == Dialect::Oracle) {
        report.missing(
            format!("{}.{}", table.name, column.name),
            format!("its type {} can't be read, and a run keeps the whole row before it changes it; ask the application's owner to keep it in a table of its own", column.data_type),
        );
    }
}

/// What is worth knowing of a table's columns when all is well.
pub(super) fn told(columns: &[Column]) -> String {
    let n = |is: fn(&Column) -> bool| columns.iter().filter(|column| is(column)).count();
    let mut told = format!("{} columns, all that is needed", columns.len());
    let computed = n(|column| !column.is_writable());
    if computed > 0 {
        told.push_str(&format!(
            "; {computed} filled by the database alone, which a restore leaves out"
        ));
    }
    let invisible = n(|column| column.invisible);
    if invisible > 0 {
        told.push_str(&format!("; {invisible} invisible"));
    }
    told
}

/// CHAR against VARCHAR2 compares the blanks; a number against a text ends at the first letter.
pub(super) fn look_at_pairs(tables: &[TableColumns], report: &mut Report) {
    let type_of = |table: &str, column: &str| {
        let (_, columns) = tables.iter().find(|(name, _)| *name == table)?;
        columns.iter().find(|found| found.name == column).map(|found| found.data_type.as_str())
    };
    for [a_table, a_column, b_table, b_column] in PAIRS {
        let (Some(a), Some(b)) = (type_of(a_table, a_column), type_of(b_table, b_column)) else {
            continue;
        };
        if kind(a) != kind(b) {
            let why = if kind(a) == kind("NUMBER") || kind(b) == kind("NUMBER") {
                "the first id with a letter in it would end every run"
            } else {
                "the blanks of one would never equal the other, so that no row is ever found"
            };
            report.missing(
                format!("{a_table}.{a_column}"),
                format!("its type is {a}, but {b_table}.{b_column}, which it is compared with, is {b}: {why}; both must be of one type"),
            );
        }
    }
}

/// An id that is made of a mail address is as long as this.
const MADE_ID: &str = "00000000-0000-5000-8000-000000000000";
/// The most that a month can hold, and a value with as many digits as is usual.
const MONTHS: [f64; 2] = [31.0, 0.25];

/// Columns where a run leaves out or rounds what has no room.
pub(super) fn look_at_room(tables: &[TableColumns], report: &mut Report) {
    let column = |table: &str, column: &str| {
        let (_, columns) = tables.iter().find(|(name, _)| *name == table)?;
        columns.iter().find(|found| found.name == column)
    };
    let id = column("PM_USER", "ID");
    if id.is_some_and(|id| !id.holds(MADE_ID)) {
        report.warn(
            "PM_USER.ID",
            "too short for the ids that are made of mail addresses (36 characters): whoever needs one is not created, a finding `unreadable`",
        );
    }
    let most = |column: &Column| column.length.map_or(u32::MAX, |length| length.most);
    let user_id = column("PM_AVAILABILITY", "USER_ID");
    if id.zip(user_id).is_some_and(|(id, user_id)| most(user_id) < most(id)) {
        report.warn(
            "PM_AVAILABILITY.USER_ID",
            "shorter than PM_USER.ID: months of whoever has a longer id are left as they are, a finding `unreadable`",
        );
    }
    let digits = column("PM_AVAILABILITY", "FREE_PT").and_then(|column| column.digits);
    let kept = |number: f64| digits.map_or(Some(number), |digits| digits.kept(number));
    if MONTHS.iter().any(|number| kept(*number) != Some(*number)) {
        report.warn(
            "PM_AVAILABILITY.FREE_PT",
            "keeps so few digits that values are rounded (a finding `rounded`), or left as they are where they are too large (`unreadable`)",
        );
    }
}

/// Types that Oracle compares without converting or padding.
fn kind(data_type: &str) -> &'static str {
    match data_type {
        "CHAR" | "NCHAR" => "padded text",
        "VARCHAR2" | "NVARCHAR2" | "VARCHAR" => "text",
        "NUMBER" | "FLOAT" | "BINARY_DOUBLE" | "BINARY_FLOAT" | "INTEGER" => "number",
        _ => "other",
    }
}

fn is_shorter(found: &Column, wanted: &str) -> bool {
    let digits: String =
        wanted.chars().skip_while(|c| *c != '(').filter(char::is_ascii_digit).collect();
    let most = if wanted.starts_with("VARCHAR2") { digits.parse::<u32>().ok() } else { None };
    most.is_some_and(|most| found.length.is_some_and(|length| length.most < most))
}

/// Hashes are made of what was bound, so that recert's own columns must give back just that.
fn is_as_made(wanted: &str, found: &Column) -> bool {
    let (bare, arguments) = wanted.trim_end_matches(')').split_once('(').unwrap_or((wanted, ""));
    let digits = arguments.parse::<u8>().ok().filter(|_| bare == "TIMESTAMP");
    found.data_type == bare && digits.is_none_or(|digits| found.fraction_digits >= Some(digits))
}

/// Types that the driver hands over.
fn is_readable(data_type: &str) -> bool {
    const READABLE: [&str; 13] = [
        "VARCHAR2",
        "NVARCHAR2",
        "CHAR",
        "NCHAR",
        "CLOB",
        "NCLOB",
        "BLOB",
        "RAW",
        "NUMBER",
        "FLOAT",
        "DATE",
        "BINARY_DOUBLE",
        "BINARY_FLOAT",
    ];
    READABLE.contains(&data_type) || data_type.starts_with("TIMESTAMP")
}

/// Whether a column of this type can hold what recert reads and writes there. Numbers and texts may
/// stand for each other, as keys often do; a day kept as text can't be compared.
fn usable(wanted: &str, found: &str) -> bool {
    let one_of = |types: &[&str]| types.iter().any(|known| found.starts_with(known));
    match wanted.split('(').next().unwrap_or(wanted) {
        "DATE" | "TIMESTAMP" => one_of(&["DATE", "TIMESTAMP"]),
        "CLOB" => one_of(&["CLOB", "NCLOB", "VARCHAR2", "NVARCHAR2"]),
        "NUMBER" | "BINARY_DOUBLE" => {
            one_of(&["NUMBER", "FLOAT", "BINARY_", "VARCHAR2", "NVARCHAR2", "CHAR"])
        }
        _ => one_of(&["VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR", "NUMBER", "CLOB"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_usable_when_what_is_kept_there_fits() {
        for (wanted, found) in [
            ("DATE", "TIMESTAMP"),
            ("VARCHAR2(64)", "NUMBER"),
            ("NUMBER", "VARCHAR2"),
            ("TIMESTAMP(6)", "TIMESTAMP WITH TIME ZONE"),
            ("CLOB", "NCLOB"),
        ] {
            assert!(usable(wanted, found), "{found} for {wanted}");
        }
        for (wanted, found) in [
            ("DATE", "VARCHAR2"),
            ("NUMBER(1)", "DATE"),
            ("VARCHAR2(64)", "BLOB"),
            ("CLOB", "LONG RAW"),
        ] {
            assert!(!usable(wanted, found), "{found} for {wanted}");
        }
    }

    #[test]
    fn types_that_the_driver_does_not_hand_over_are_known() {
        for unreadable in ["JSON", "VECTOR", "BOOLEAN", "SDO_GEOMETRY", "LONG", "BFILE", "XMLTYPE"]
        {
            assert!(!is_readable(unreadable), "{unreadable}");
        }
        assert!(is_readable("TIMESTAMP WITH LOCAL TIME ZONE") && is_readable("RAW"));
    }
}
