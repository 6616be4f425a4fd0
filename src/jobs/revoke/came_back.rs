//! Access that a run found gone, and that is there now.

use anyhow::Context as _;

use super::closings::{ClosingRuns, RowPrint, RunPlace};
use super::key;
use crate::db::{Row, Value};
use crate::jobs::World;
use crate::plan::Plan;
use crate::sql;

/// The columns in front of the response's own.
const OWN: usize = 7;

/// The responses of one user and location, and what the ledger says of them.
#[derive(Default)]
struct KeyGroup {
    key: String,
    row_id: Value,
    n_rows: usize,
    /// Images of those that are inactive.
    closed: Vec<String>,
    /// They come again with every row: kept from the first.
    changes: Vec<LedgerChange>,
}

struct LedgerChange {
    run: String,
    restores: bool,
    found_none: bool,
    before: Option<String>,
    after: Option<String>,
}

/// Names every access of which a response was closed as `already_absent`, and which is there.
pub(super) fn find(plan: &mut Plan, world: &mut World<'_>) -> anyhow::Result<()> {
    let mut group = KeyGroup::default();
    world
        .db
        .each(&sql!("revoke/select_came_back"), &[], &mut |row| {
            let key = key(row.get("REPORTEES_ID")?, row.get("RMM_ID")?);
            if key != group.key {
                std::mem::replace(&mut group, KeyGroup { key, ..KeyGroup::default() }).tell(plan);
            }
            group.add(row)
        })
        .context("looking for access that came back")?;
    group.tell(plan);
    Ok(())
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
            self.changes.push(LedgerChange {
                run: row.text("CHANGE_RUN")?,
                restores: row.text("CHANGE_JOB")? == "restore",
                found_none: row.text("CHANGE_RESULT")? == "already_absent",
                before: row.text_opt("BEFORE_IMAGE")?,
                after: row.text_opt("AFTER_IMAGE")?,
            });
        }
        Ok(())
    }

    fn tell(self, plan: &mut Plan) {
        let Some(image) = self.closed.first() else { return };
        let mut closings = ClosingRuns::of_table_like(image);
        let (mut place, mut last) = (RunPlace::default(), None);
        for change in &self.changes {
            if last.replace(&change.run) != Some(&change.run) {
                place += 1;
            }
            let images = (change.before.as_deref(), change.after.as_deref());
            closings.hear_response(&self.key, place, change.restores, change.found_none, images);
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
