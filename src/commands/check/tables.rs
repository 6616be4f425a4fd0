//! The tables of one database: there, whole, of usable types, indexed, and granted.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

use super::Report;
use super::database::Who;
use crate::commands::migrate;
use crate::db::{Column, Dialect, Transaction};
use crate::schema::{self, Owner, Table};
use crate::sql;
use crate::sql::{Sql, quote_name};

/// What a run does with each table; `restore` puts back what the other jobs take.
const NEEDS: &[(&str, &[&str])] = &[
    ("RECERT_LOCK", &["SELECT", "UPDATE"]),
    ("RECERT_RUN", &["SELECT", "INSERT"]),
    ("RECERT_CHANGE", &["SELECT", "INSERT"]),
    ("RECERT_IMAGE", &["SELECT", "INSERT", "UPDATE"]),
    ("RECREATE_RESPONSE", &["SELECT", "UPDATE"]),
    ("MAP_RAP_USER_ROLE", &["SELECT", "INSERT", "DELETE"]),
    ("USER_TAB", &["SELECT", "UPDATE"]),
    ("OPS_USER", &["SELECT", "UPDATE"]),
    ("USER_SESSION", &["SELECT", "UPDATE"]),
    ("OPS_EVENT", &["SELECT", "INSERT", "DELETE"]),
    ("OPS_DB_HISTORY", &["SELECT", "INSERT", "DELETE"]),
    ("PM_ORGANISATION", &["SELECT"]),
    ("PM_USER_ROLE", &["SELECT", "INSERT", "DELETE"]),
];
/// Of every other table.
const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Looks at every table of these owners. `who` is known on Oracle only.
pub(super) fn look(
    db: &mut dyn Transaction,
    owners: &[Owner],
    who: Option<&Who>,
    report: &mut Report,
) -> anyhow::Result<()> {
    for table in schema::tables().iter().filter(|table| owners.contains(&table.owner)) {
        look_at_table(db, table, who, report)
            .with_context(|| format!("looking at the table {}", table.name))?;
    }
    let dialect = db.dialect();
    for job in migrate::missing_locks(db)? {
        let statement = migrate::lock_statement(job, dialect)?;
        report.missing(format!("lock of {job}"), format!("no row in RECERT_LOCK: {statement}"));
    }
    Ok(())
}

fn look_at_table(
    db: &mut dyn Transaction,
    table: &Table,
    who: Option<&Who>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let columns = db.columns(table.name)?;
    if columns.is_empty() {
        let create = in_one_line(&table.create, db.dialect());
        let granted = who.filter(|who| who.user != who.schema).map(|who| {
            format!("; or, if it is there: GRANT {}", grant(table.name, needs(table.name), who))
        });
        let granted = granted.unwrap_or_default();
        report.missing(table.name, format!("no such table: {create}{granted}"));
        return Ok(());
    }
    let before = report.lines.len();
    look_at_columns(db.dialect(), table, &columns, report);
    look_at_indexes(db, table, report)?;
    if let Some(who) = who {
        look_at_grants(db, table.name, who, report)?;
    }
    if report.lines.len() == before {
        report.ok(table.name, format!("{} columns, all that is needed", columns.len()));
    }
    Ok(())
}

fn look_at_columns(dialect: Dialect, table: &Table, there: &[Column], report: &mut Report) {
    for (name, wanted) in table.columns(dialect) {
        let what = format!("{}.{name}", table.name);
        let Some(found) = there.iter().find(|column| column.name == name) else {
            let add = format!("ALTER TABLE {} ADD {} {wanted}", table.name, quote_name(&name));
            report.missing(what, format!("no such column: {add}"));
            continue;
        };
        // The embedded database keeps any value in any column.
        if dialect == Dialect::Oracle && !usable(&wanted, &found.data_type) {
            report.missing(
                what,
                format!("its type is {}, where {wanted} is needed; a DBA must move the data into a column of that type", found.data_type),
            );
        }
    }
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

/// Without these, runs get slow as the tables grow.
fn look_at_indexes(
    db: &mut dyn Transaction,
    table: &Table,
    report: &mut Report,
) -> anyhow::Result<()> {
    let dialect = db.dialect();
    let wanted: Vec<(Vec<String>, &Sql)> = table
        .then
        .iter()
        .filter_map(|sql| Some((indexed_columns(&in_one_line(sql, dialect))?, sql)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let binds = [("table_name", table.name.into())];
    let mut there: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db.rows(&sql!("check/select_indexes", dialects), &binds)? {
        there.entry(row.text("INDEX_NAME")?).or_default().push(row.text("COLUMN_NAME")?);
    }
    for (columns, sql) in wanted {
        if !there.values().any(|index| index.starts_with(&columns)) {
            let create = in_one_line(sql, dialect);
            report.warn(table.name, format!("no index on {}: {create}", columns.join(", ")));
        }
    }
    Ok(())
}

/// The columns of a `CREATE INDEX … ON table (a, b)`; none of one that goes by an expression.
fn indexed_columns(create: &str) -> Option<Vec<String>> {
    let (head, columns) = create.split_once('(')?;
    let (columns, _) = columns.split_once(')')?;
    if !head.contains(" INDEX ") || columns.contains('(') {
        return None;
    }
    // A column may be followed by its collation.
    let name = |column: &str| column.split_whitespace().next().unwrap_or_default().to_uppercase();
    Some(columns.split(',').map(name).collect())
}

/// Asks the dictionary; nothing is tried out. The owner needs no grant.
fn look_at_grants(
    db: &mut dyn Transaction,
    table: &str,
    who: &Who,
    report: &mut Report,
) -> anyhow::Result<()> {
    if who.user == who.schema {
        return Ok(());
    }
    let binds = [("owner", who.schema.as_str().into()), ("table_name", table.into())];
    let rows = db.rows(&sql!("check/select_grants"), &binds)?;
    let granted: BTreeSet<String> =
        rows.iter().map(|row| row.text("PRIVILEGE")).collect::<anyhow::Result<_>>()?;
    let lacking: Vec<&str> =
        needs(table).iter().copied().filter(|need| !granted.contains(*need)).collect();
    if !lacking.is_empty() {
        report.missing(
            table,
            format!("not granted to {}: GRANT {}", who.user, grant(table, &lacking, who)),
        );
    }
    Ok(())
}

fn needs(table: &str) -> &'static [&'static str] {
    NEEDS.iter().find(|(name, _)| *name == table).map_or(ALL, |(_, needs)| *needs)
}

fn grant(table: &str, rights: &[&str], who: &Who) -> String {
    format!("{} ON {}.{table} TO {}", rights.join(", "), who.schema, who.user)
}

/// A statement as it fits into a line of the report.
fn in_one_line(sql: &Sql, dialect: Dialect) -> String {
    let text = match dialect {
        Dialect::Oracle => sql.oracle(),
        Dialect::Sqlite => sql.sqlite(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
    fn indexed_columns_are_read_from_the_ddl() {
        let columns = indexed_columns("CREATE INDEX i ON t (user_id, rmm_id)");
        assert_eq!(columns, Some(vec!["USER_ID".to_owned(), "RMM_ID".to_owned()]));
        assert_eq!(indexed_columns("CREATE UNIQUE INDEX i ON t (LOWER(email))"), None);
        assert_eq!(indexed_columns("CREATE SEQUENCE s"), None);
    }
}
