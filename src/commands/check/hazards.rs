//! What else happens when a table's rows change: triggers, cascades, policies, partitions.

use super::Report;
use super::grants::needs;
use super::place::TablePlace;
use crate::db::Transaction;
use crate::schema::{Owner, Table};
use crate::sql;

pub(super) fn look(
    db: &mut dyn Transaction,
    table: &Table,
    place: &TablePlace,
    report: &mut Report,
) -> anyhow::Result<()> {
    let writes = needs(table.name).iter().any(|need| *need != "SELECT");
    if table.owner == Owner::Own || !writes {
        return Ok(());
    }
    let binds =
        [("owner", place.owner.as_str().into()), ("table_name", place.name.as_str().into())];
    for row in db.rows(&sql!("check/select_hazards"), &binds)? {
        let (kind, name) = (row.text("HAZARD")?, row.text("NAME")?);
        let detail = row.text_opt("DETAIL")?.unwrap_or_default();
        if let Some(message) = told(table.name, &kind, &name, &detail) {
            report.warn(table.name, message);
        }
    }
    Ok(())
}

fn told(table: &str, hazard: &str, name: &str, detail: &str) -> Option<String> {
    let deletes = needs(table).contains(&"DELETE");
    Some(match hazard {
        "trigger" => format!(
            "trigger {name} runs at {detail}: what it changes elsewhere is in no ledger, and comes back by no restore; if it changes what recert writes, runs end with 3"
        ),
        "policy" => format!(
            "policy {name}: rows it hides are not seen, values it masks would be kept masked; a row that a run wrote and can't see ends it with 3"
        ),
        "cascade" if deletes => format!(
            "rows of {name} go, or are emptied, with the row they belong to ({detail}): no restore brings them back"
        ),
        "partition key" => format!(
            "{name} decides the partition: a row whose {name} changes must be let move (ENABLE ROW MOVEMENT), else ORA-14402"
        ),
        "foreign key" if deletes => format!(
            "{name}.{detail} refers to it without an index: a purge locks the whole of {name}: CREATE INDEX … ON {name} ({detail})"
        ),
        _ => return None,
    })
}
