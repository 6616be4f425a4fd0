//! Grants: what a run does with each table, held against what the dictionary says may be done.

use std::collections::BTreeSet;

use super::Report;
use super::place::{SessionSeen, TablePlace};
use crate::db::Transaction;
use crate::exit::Exit;
use crate::sql;

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

pub(super) fn needs(table: &str) -> &'static [&'static str] {
    NEEDS.iter().find(|(name, _)| *name == table).map_or(ALL, |(_, needs)| *needs)
}

/// Asks the dictionary, and answers which rights are there to be used. The owner needs no grant.
pub(super) fn look(
    db: &mut dyn Transaction,
    table: &str,
    TablePlace { owner, name }: &TablePlace,
    session: &SessionSeen,
    report: &mut Report,
) -> anyhow::Result<Vec<&'static str>> {
    let needed = needs(table);
    let usable = |need: &&str| session.is_primary() || *need == "SELECT";
    if session.user == *owner {
        return Ok(needed.iter().copied().filter(usable).collect());
    }
    let binds = [("owner", owner.as_str().into()), ("table_name", name.as_str().into())];
    let rows = db.rows(&sql!("check/select_grants"), &binds)?;
    let mut granted: BTreeSet<String> =
        rows.iter().map(|row| row.text("PRIVILEGE")).collect::<anyhow::Result<_>>()?;
    granted.extend(granted_by_schema(db, owner)?);
    if granted.contains("READ") && needed == ["SELECT"] {
        granted.insert("SELECT".to_owned()); // Enough to look; not to lock rows.
    }
    let (mut lacking, mut unseen) = (Vec::new(), Vec::new());
    for need in needed.iter().copied().filter(|need| !granted.contains(*need)) {
        // A standby's dictionary is its primary's, but nothing can be said of what runs there.
        if usable(&need) { &mut lacking } else { &mut unseen }.push(need);
    }
    if !lacking.is_empty() {
        let rights = lacking.join(", ");
        report.missing(
            table,
            format!("not granted to {0}: GRANT {rights} ON {owner}.{name} TO {0}", session.user),
        );
    }
    if !unseen.is_empty() {
        report.warn(table, format!("{}: not looked at, as this is no primary", unseen.join(", ")));
    }
    let there = |need: &&str| usable(need) && granted.contains(*need);
    Ok(needed.iter().copied().filter(there).collect())
}

/// 23ai grants whole schemas; before it there is no such view.
fn granted_by_schema(db: &mut dyn Transaction, owner: &str) -> anyhow::Result<Vec<String>> {
    match db.rows(&sql!("check/select_schema_grants"), &[("owner", owner.into())]) {
        Ok(rows) => rows.iter().map(|row| row.text("PRIVILEGE")).collect(),
        Err(error) if Exit::of(&error) == Exit::Config => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The statement that grants what a run needs of a table that can't be seen.
pub(super) fn grant(table: &str, session: &SessionSeen) -> String {
    format!("GRANT {} ON {}.{table} TO {}", needs(table).join(", "), session.schema, session.user)
}
