//! The statements that remove people, with all that hangs on them, and management roles of those who moved.
//!
//! A purge keeps no image of its own, and erases those that the ledger still holds of these people. What says so for
//! ever are its own rows in RECERT_CHANGE: the `delete` of PM_USER whose WHY begins with `purged`, and one row for each
//! image erased. By them `verify` knows that the erasure was meant.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::PERSON;
use super::history::RunMarks;
use crate::db::{Row, Value};
use crate::jobs::World;
use crate::plan::{
    Action, Change, ChangeResult, Columns, Expected, Hold, LastLook, Step, Takes, Touch, Touches,
};
use crate::sql;
use crate::sql::Sql;

/// Somebody who is purged.
pub(super) struct PurgedPerson {
    pub(super) id: String,
    /// The row as it was read; the ledger keeps none of it.
    pub(super) seen: Box<str>,
    /// DELETE_AT.
    pub(super) since: NaiveDate,
}

/// Who loses their management roles, by id, and why.
pub(super) type RoleLosers = HashMap<String, &'static str>;

/// A role or month of somebody who is purged.
const OWNED: Hold = Hold::Row(Columns::These(&["USER_ID"]));
const MANAGEMENT: Hold = Hold::Row(Columns::These(&["USER_ID", "IS_MANAGEMENT"]));

/// Why each of them goes, by id.
type Whys = HashMap<String, Arc<str>>;

/// Erases their images, and removes their availability, their roles and themselves.
///
/// # Errors
/// What the database says.
pub(super) fn steps(
    going: Vec<PurgedPerson>,
    marks: &RunMarks,
    world: &mut World<'_>,
) -> anyhow::Result<Vec<Step>> {
    if going.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_day: HashMap<NaiveDate, Arc<str>> = HashMap::new();
    let whys: Whys = going
        .iter()
        .map(|person| {
            let since = person.since;
            let why = by_day
                .entry(since)
                .or_insert_with(|| format!("purged; marked to be from {since} on").into());
            (person.id.clone(), Arc::clone(why))
        })
        .collect();
    let mut steps = vec![
        erase_images(&whys, world)?,
        delete_owned(
            &whys,
            world,
            "removing the availability of purged people",
            "PM_AVAILABILITY",
            [sql!("import/select_availability_of_marked"), sql!("import/delete_availability")],
            "MONTH",
        )?,
        delete_owned(
            &whys,
            world,
            "removing the roles of purged people",
            "PM_USER_ROLE",
            [sql!("import/select_roles_of_marked"), sql!("import/delete_role")],
            "ROLE_NAME",
        )?,
    ];
    // Marks that a run of recert's has set were counted when it set them.
    let (counted, others): (Vec<_>, Vec<_>) =
        going.into_iter().partition(|person| marks.has_set(&person.id, person.since));
    steps.push(delete_people("purging people", &counted, Takes::Nothing, &whys, world));
    let say = "purging people whom no run of recert's has marked";
    steps.push(delete_people(say, &others, Takes::Units, &whys, world));
    Ok(steps)
}

fn erase_images(whys: &Whys, world: &mut World<'_>) -> anyhow::Result<Step> {
    let mut touches = Touches::default();
    world
        .db
        .each(&sql!("import/select_images_of_marked"), &[], &mut |row| {
            let id = row.text("USER_ID")?;
            let is_theirs = row.text_opt("IMAGE")?.is_none_or(|image| is_of(&image, &id));
            if let Some(why) = whys.get(&id).filter(|_| is_theirs) {
                let (run_id, seq) = (row.get("RUN_ID")?.clone(), row.get("SEQ")?.clone());
                let key = format!("{}/{}", run_id.display(), seq.display());
                touches.push(imageless(&id, key, Action::Update, why, vec![run_id, seq]));
            }
            Ok(())
        })
        .context("looking for the images of purged people")?;
    Ok(step(
        "erasing what the ledger holds of purged people",
        sql!("import/erase_image"),
        &["run_id", "seq"],
        "RECERT_IMAGE",
        Hold::Nothing,
        touches,
    ))
}

/// Whether an image of a role or month is this person's. One that can't be read may be anybody's, and goes.
fn is_of(image: &str, id: &str) -> bool {
    let row: Result<serde_json::Value, _> = serde_json::from_str(image);
    row.ok().is_none_or(|row| row["USER_ID"].as_str().is_none_or(|user| user == id))
}

/// Removes the rows that belong to purged people, as `[select, delete]` say.
fn delete_owned(
    whys: &Whys,
    world: &mut World<'_>,
    say: &'static str,
    table: &'static str,
    [select, delete]: [Sql; 2],
    second: &str,
) -> anyhow::Result<Step> {
    let mut touches = Touches::default();
    world
        .db
        .each(&select, &[], &mut |row| {
            let id = row.text("USER_ID")?;
            if let Some(why) = whys.get(&id) {
                let key = format!("{id}/{}", row.text(second)?);
                let mut touch = imageless(&id, key, Action::Delete, why, place(row)?);
                touch.seen = Some(row.image_from(1).into());
                touches.push(touch);
            }
            Ok(())
        })
        .context(say)?;
    Ok(step(say, delete, &["row_id", "user_id"], table, OWNED, touches))
}

fn delete_people(
    say: &'static str,
    going: &[PurgedPerson],
    takes: Takes,
    whys: &Whys,
    world: &World<'_>,
) -> Step {
    let due_before: Value = world.as_of.succ_opt().unwrap_or(NaiveDate::MAX).into();
    let touches = going
        .iter()
        .filter_map(|person| {
            let why = whys.get(&person.id)?;
            let binds = vec![person.id.as_str().into(), due_before.clone()];
            let touch = imageless(&person.id, person.id.clone(), Action::Delete, why, binds);
            Some(Touch { seen: Some(person.seen.clone()), ..touch })
        })
        .collect();
    let names = ["id", "due_before"];
    let hold = Hold::Key("ID", PERSON);
    let step = step(say, sql!("import/purge_user"), &names, "PM_USER", hold, touches);
    Step { counts: &["purged"], takes, ..step }
}

/// Removes the management roles of people who changed their business unit or cost centre, or whose business unit is not
/// signed.
///
/// # Errors
/// What the database says.
pub(super) fn management_roles(losers: &RoleLosers, world: &mut World<'_>) -> anyhow::Result<Step> {
    let mut whys: HashMap<&str, Arc<str>> = HashMap::new();
    let mut touches = Touches::default();
    if !losers.is_empty() {
        world
            .db
            .each(&sql!("import/select_management_roles"), &[], &mut |row| {
                let id = row.text("USER_ID")?;
                if let Some(why) = losers.get(&id) {
                    let why = whys.entry(why).or_insert_with(|| Arc::from(*why));
                    let key = format!("{id}/{}", row.text("ROLE_NAME")?);
                    let mut touch = imageless(&id, key, Action::Delete, why, place(row)?);
                    touch.change.before = Some(row.image_from(1).into());
                    touches.push(touch);
                }
                Ok(())
            })
            .context("looking for the management roles of people who moved")?;
    }
    let say = "removing the management roles of people who moved";
    let names = ["row_id", "user_id"];
    let step = step(say, sql!("import/delete_role"), &names, "PM_USER_ROLE", MANAGEMENT, touches);
    Ok(Step { counts: &["roles_removed"], takes: Takes::Units, ..step })
}

/// Nobody of them may have got a management role in the meantime.
pub(super) fn look_for_roles(losers: RoleLosers) -> LastLook {
    LastLook {
        say: "the management roles of people who moved",
        sql: sql!("import/select_management_roles"),
        column: "USER_ID",
        expected: Expected::NoneOf(losers.into_keys().collect()),
    }
}

/// Where a row stands, and whose it is.
fn place(row: &Row) -> anyhow::Result<Vec<Value>> {
    Ok(vec![row.get("ROW_ID")?.clone(), row.get("USER_ID")?.clone()])
}

fn imageless(unit: &str, key: String, action: Action, why: &Arc<str>, binds: Vec<Value>) -> Touch {
    let why = Arc::clone(why);
    let change = Change {
        key: key.into(),
        action,
        why,
        result: ChangeResult::Applied,
        before: None,
        after: None,
    };
    Touch { unit: unit.into(), binds, change, seen: None }
}

/// The same plan for the same rows, however the database hands them out.
fn step(
    say: &'static str,
    sql: Sql,
    names: &[&str],
    table: &'static str,
    hold: Hold,
    mut touches: Touches,
) -> Step {
    touches.sort_by(|a, b| (a.key(), a.before()).cmp(&(b.key(), b.before())));
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Step { say, sql, names, table: table.into(), hold, counts: &[], takes: Takes::Nothing, touches }
}
