//! The tables of one database: there, whole, of usable types, indexed, and granted.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::columns::{self, TableColumns};
use super::place::{SessionSeen, TablePlace};
use super::scope::{CheckScope, application};
use super::trials::Trial;
use super::{Report, grants, hazards};
use crate::commands::migrate;
use crate::db::{Column, Dialect, Transaction};
use crate::schema::{self, Owner, Table};
use crate::sql;
use crate::sql::Sql;

/// Looks at every table that is wanted, and answers what is to be tried. `session` is known on Oracle only.
pub(super) fn look(
    db: &mut dyn Transaction,
    owners: &[Owner],
    scope: &CheckScope,
    session: Option<&SessionSeen>,
    report: &mut Report,
) -> anyhow::Result<Vec<Trial>> {
    let mut seen: Vec<TableColumns> = Vec::new();
    let mut trials = Vec::new();
    for owner in owners {
        let tables: Vec<Table> = schema::tables()
            .into_iter()
            .filter(|table| table.owner == *owner && scope.wants(table))
            .collect();
        let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
        let told = || format!("looking at the tables {}", names.join(", "));
        let columns = db.columns_of(&names).with_context(told)?;
        let absent = columns.iter().all(Vec::is_empty);
        if absent && !tables.is_empty() && !scope.names_application(*owner) {
            let (name, jobs) = application(*owner);
            report.absent(
                name,
                format!("none of its tables is here: {jobs} can't run on this database; if that is not meant so, look at `[database] schema` and the grants"),
            );
            continue;
        }
        for (table, columns) in tables.iter().zip(columns) {
            let trial = look_at_table(db, table, &columns, session, report)
                .with_context(|| format!("looking at the table {}", table.name))?;
            trials.extend(trial);
            seen.push((table.name, columns));
        }
    }
    if db.dialect() == Dialect::Oracle {
        columns::look_at_pairs(&seen, report);
    }
    columns::look_at_room(&seen, report);
    let dialect = db.dialect();
    for job in migrate::missing_locks(db)? {
        let statement = migrate::lock_statement(job, dialect)?;
        report.missing(format!("lock of {job}"), format!("no row in RECERT_LOCK: {statement}"));
    }
    Ok(trials)
}

fn look_at_table(
    db: &mut dyn Transaction,
    table: &Table,
    columns: &[Column],
    session: Option<&SessionSeen>,
    report: &mut Report,
) -> anyhow::Result<Option<Trial>> {
    if columns.is_empty() {
        let message = no_such_table(db, table, session)?;
        report.missing(table.name, message);
        return Ok(None);
    }
    let before = report.lines.len();
    let trial;
    columns::look(db.dialect(), table, columns, report);
    look_at_indexes(db, table, report)?;
    if let Some(session) = session {
        let place = place_of(db, table.name, session)?;
        let granted = grants::look(db, table.name, &place, session, report)?;
        hazards::look(db, table, &place, report)?;
        trial = Trial::of(table, columns, &granted);
    } else {
        // SQLite knows no grants.
        trial = Trial::of(table, columns, grants::needs(table.name));
    }
    if report.lines.len() == before {
        report.ok(table.name, columns::told(columns));
    }
    Ok(trial)
}

fn place_of(
    db: &mut dyn Transaction,
    table: &str,
    session: &SessionSeen,
) -> anyhow::Result<TablePlace> {
    let synonyms =
        db.rows(&sql!("db/select_synonym", dialects), &[("table_name", table.into())])?;
    let Some(found) = synonyms.first() else { return Ok(session.place(table)) };
    // A public one counts only where the schema has no such table itself.
    if found.text("SYNONYM_OWNER")? != session.schema && is_own_table(db, table)? {
        return Ok(session.place(table));
    }
    Ok(TablePlace { owner: found.text("TABLE_OWNER")?, name: found.text("TABLE_NAME")? })
}

fn is_own_table(db: &mut dyn Transaction, table: &str) -> anyhow::Result<bool> {
    Ok(!db.rows(&sql!("check/select_own_table"), &[("table_name", table.into())])?.is_empty())
}

/// recert makes its own tables; an application's come with the application.
fn no_such_table(
    db: &mut dyn Transaction,
    table: &Table,
    session: Option<&SessionSeen>,
) -> anyhow::Result<String> {
    let binds = [("table_name", table.name.into())];
    let synonyms = db.rows(&sql!("db/select_synonym", dialects), &binds)?;
    if let Some(link) = synonyms.first().map(|row| row.text_opt("DB_LINK")).transpose()?.flatten() {
        return Ok(format!(
            "it is behind the database link {link}: rows can be held in their own database only; name that one in the config"
        ));
    }
    let granted = session.filter(|session| session.user != session.schema);
    let granted = granted.map(|session| grants::grant(table.name, session));
    Ok(match (table.owner, granted) {
        (Owner::Own, None) => "no such table: run `recert migrate`".to_owned(),
        (Owner::Own, Some(grant)) => {
            format!("no such table: run `recert migrate`; or, if it is there: {grant}")
        }
        (_, None) => {
            "no such table: is this the application's database and schema (`[database] url`, `schema`)?".to_owned()
        }
        (_, Some(grant)) => {
            format!("no such table: wrong schema, or no grant? If it is there: {grant}")
        }
    })
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
    fn indexed_columns_are_read_from_the_ddl() {
        let columns = indexed_columns("CREATE INDEX i ON t (user_id, rmm_id)");
        assert_eq!(columns, Some(vec!["USER_ID".to_owned(), "RMM_ID".to_owned()]));
        assert_eq!(indexed_columns("CREATE UNIQUE INDEX i ON t (LOWER(email))"), None);
        assert_eq!(indexed_columns("CREATE SEQUENCE s"), None);
    }
}
