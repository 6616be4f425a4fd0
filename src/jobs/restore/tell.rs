//! What a person should know about a restore: what it can't bring back, what it leaves, and what the
//! next scheduled run will do to what it brings back.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, anyhow};
use serde_json::Value as Json;

use super::source::{ChangedRow, RestoreSource};
use super::{Args, World};
use crate::exit::Exit;
use crate::ledger::LedgerRun;
use crate::plan::row_image::RowImage;
use crate::plan::{Action, Plan, Step, TouchRef};
use crate::sql;

pub(super) fn erased(source: &RestoreSource, run: &LedgerRun, plan: &mut Plan) {
    let mut tell = |lost: &HashMap<String, u64>, why: &str| {
        let mut lost: Vec<_> = lost.iter().collect();
        lost.sort();
        for (table, n) in lost {
            plan.noticed.add("erased", *n);
            plan.find("erased", table, format!("{n} changes can't be restored: {why}"));
        }
    };
    tell(&source.erased, "their images were erased, as people were purged or the run was archived");
    tell(&source.purged, "people were purged, and a purge keeps nothing of them");
    if source.rows.is_empty() && !source.erased.is_empty() {
        plan.doubts.push(format!(
            "all images of run {} were erased: nothing of it can be restored",
            run.run_id
        ));
    } else if source.rows.is_empty() && !source.purged.is_empty() {
        plan.doubts.push(format!(
            "run {} purged people, which keeps nothing of them: nothing of it can be restored",
            run.run_id
        ));
    }
}

pub(super) fn restored_before(
    run: &LedgerRun,
    world: &mut World<'_>,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    let rows = world
        .db
        .rows(&sql!("ledger/select_restores"), &[])
        .context("looking for earlier restores")?;
    let chain = world.ledger.chain(world.db)?;
    for row in &rows {
        let parameters: Json = serde_json::from_str(&row.text("PARAMETERS")?).unwrap_or_default();
        let named = parameters["run_id"].as_str().unwrap_or_default().to_lowercase();
        if chain.reaches(&row.text("RUN_ID")?)
            && !named.is_empty()
            && run.run_id.starts_with(named.trim())
        {
            let message = format!("restored before, by run {}", row.text("RUN_ID")?);
            plan.find("restored_before", &run.run_id, message);
        }
    }
    Ok(())
}

/// Rows that somebody changed since are named, and never overwritten.
pub(super) fn changed(
    mut since: Vec<ChangedRow>,
    args: &Args,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    plan.noticed.add("changed_since", since.len() as u64);
    since.sort_by(|a, b| a.table.cmp(&b.table));
    if !args.skip_changed && !since.is_empty() {
        let named: Vec<String> =
            since.iter().take(10).map(|row| format!("{} {}", row.table, row.key)).collect();
        let more = if since.len() > 10 { ", …" } else { "" };
        return Err(anyhow!(
            "{} rows were changed since the run: {}{more}; `--skip-changed` leaves those and puts back the others",
            since.len(),
            named.join(", ")
        )
        .context(Exit::Drifted));
    }
    for row in since {
        let message = format!("{}: changed since the run, left as it is", row.table);
        plan.find("changed_since", &*row.key, message);
    }
    Ok(())
}

/// Says what the next scheduled run will do to the rows that come back.
pub(super) fn next_run(steps: &[Step], run: &LedgerRun, plan: &mut Plan) {
    let n_with = |table: &str, column: &str, value: Option<&str>| {
        let holds = |touch: &TouchRef<'_>| {
            let after = touch.after().unwrap_or_default();
            let image = RowImage::parse(&after).unwrap_or_default();
            let held = image.get(column);
            held.is_some_and(|held| value.is_none_or(|value| held == value))
        };
        let of_table = steps.iter().filter(|step| &*step.table == table);
        of_table.flat_map(|step| step.touches.iter()).filter(holds).count()
    };
    let responses = n_with("RECREATE_RESPONSE", "IS_ACTIVE", Some("1"));
    if responses > 0 {
        let message = format!(
            "{responses} responses become active and are due again: the next `recert revoke` takes their access away \
             again; `--only MAP_RAP_USER_ROLE` brings the access back and leaves the responses processed"
        );
        plan.find("due_again", &run.run_id, message);
    }
    let users = n_with("OPS_USER", "STATUS", Some("\"ACTIVE\""));
    if users > 0 {
        let message = format!(
            "{users} accounts become active with their old dates: the next `recert disable-inactive` disables them \
             again, unless they are exempt or touched in the application"
        );
        plan.find("due_again", &run.run_id, message);
    }
    let managers = n_with("USER_TAB", "LINEMANAGER_ID", None);
    if managers > 0 {
        let message = format!(
            "{managers} users get an old line manager: the next `recert sync-managers` brings the directory's again"
        );
        plan.find("due_again", &run.run_id, message);
    }
    let of_people = steps.iter().filter(|step| step.table.starts_with("PM_"));
    let people: u64 = of_people.map(Step::rows).sum();
    if people > 0 {
        let message = format!(
            "{people} rows of people are put back: the next import brings its file's values again"
        );
        plan.find("due_again", &run.run_id, message);
    }
}

/// People who go again leave behind what was added for them since: that is no change of the run.
pub(super) fn left_behind(
    steps: &[Step],
    world: &mut World<'_>,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    let of_people = steps.iter().filter(|step| &*step.table == "PM_USER");
    let touches = of_people.flat_map(|step| step.touches.iter());
    let going: HashSet<&str> =
        touches.filter(|touch| touch.action() == Action::Delete).map(TouchRef::key).collect();
    if going.is_empty() {
        return Ok(());
    }
    let mut owners = Vec::new();
    world
        .db
        .each(&sql!("import/select_owners"), &[], &mut |row| {
            let id = row.text("USER_ID")?;
            if going.contains(id.as_str()) {
                owners.push(id);
            }
            Ok(())
        })
        .context("looking for roles and months of people who go")?;
    owners.sort();
    for id in owners {
        let message = "they go again, and their roles and months stay: restore the runs that added those first";
        plan.find("left_behind", &id, message);
    }
    Ok(())
}
