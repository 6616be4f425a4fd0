//! Access that a run found gone, and that is there now: by the runs that may be believed.

use std::collections::HashMap;

use anyhow::Context as _;

use super::closings::{ClosingRuns, RowPrint, RunPlace};
use super::key;
use crate::db::{Row, Value};
use crate::jobs::World;
use crate::ledger::row::LedgerEntry;
use crate::plan::Plan;
use crate::sql;

/// The columns in front of the response's own: a change's, ROW_ID and CHANGE_JOB.
const OWN: usize = LedgerEntry::N_COLUMNS + 2;

/// The responses of one user and location, and what the ledger says of them.
#[derive(Default)]
struct KeyGroup {
    key: String,
    row_id: Value,
    n_rows: usize,
    /// Images of those that are inactive.
    closed: Vec<String>,
    /// Each, and whether it is a restore's. They come again with every row: kept from the first.
    changes: Vec<(LedgerEntry<'static>, bool)>,
}

/// Names every access of which a response was closed as `already_absent`, and which is there.
pub(super) fn find(plan: &mut Plan, world: &mut World<'_>) -> anyhow::Result<()> {
    let mut groups: Vec<KeyGroup> = Vec::new();
    world
        .db
        .each(&sql!("revoke/select_came_back"), &[], &mut |row| {
            let key = key(row.get("REPORTEES_ID")?, row.get("RMM_ID")?);
            if groups.last().is_none_or(|last| last.key != key) {
                groups.pop_if(|last| last.closed.is_empty());
                groups.push(KeyGroup { key, ..KeyGroup::default() });
            }
            groups.last_mut().map_or(Ok(()), |group| group.add(row))
        })
        .context("looking for access that came back")?;
    let believed = believed(&groups, world)?;
    groups.into_iter().for_each(|group| group.tell(&believed, plan));
    Ok(())
}

/// Of each run that is spoken of: whether it may be believed, and the changes that are looked at are as it wrote them.
fn believed(groups: &[KeyGroup], world: &mut World<'_>) -> anyhow::Result<HashMap<String, bool>> {
    let mut believed = HashMap::new();
    for (entry, _) in groups.iter().flat_map(|group| &group.changes) {
        let run = &entry.change.run_id;
        let chain = world.ledger.chain(world.db)?;
        if !believed.contains_key(&**run) {
            believed.insert(run.to_string(), chain.believed(run, world.db)?.is_some());
        }
        if !entry.fits() {
            chain.disbelieve(run);
            believed.insert(run.to_string(), false);
        }
    }
    Ok(believed)
}

impl KeyGroup {
    fn add(&mut self, row: &Row) -> anyhow::Result<()> {
        let row_id = row.get("ROW_ID")?;
        if *row_id != self.row_id {
            self.row_id = row_id.clone();
            self.n_rows += 1;
            if row.int("IS_ACTIVE")? != Some(1) {
                self.closed.push(row.image_from(OWN));
            }
        }
        if self.n_rows == 1 {
            let restores = row.text("CHANGE_JOB")? == "restore";
            self.changes.push((LedgerEntry::of(row)?.to_owned_row(), restores));
        }
        Ok(())
    }

    fn tell(self, believed: &HashMap<String, bool>, plan: &mut Plan) {
        let Some(image) = self.closed.first() else { return };
        let mut closings = ClosingRuns::of_table_like(image);
        let (mut place, mut last): (RunPlace, _) = (0, None);
        for (entry, restores) in &self.changes {
            let run = &*entry.change.run_id;
            if believed.get(run) != Some(&true) {
                continue;
            }
            if last.replace(run) != Some(run) {
                place += 1;
            }
            closings.hear(entry, place, *restores);
        }
        closings.settle(Some);
        let rows: Vec<RowPrint> =
            self.closed.iter().map(|image| closings.row_print(image)).collect();
        let found = closings.of(&self.key).assign(&rows, self.n_rows);
        if found.iter().flatten().any(|closing| !closing.took) {
            let message = "a response was closed because the access was gone already, and it is there now: no run will take it";
            plan.find("came_back", self.key, message);
        }
    }
}
