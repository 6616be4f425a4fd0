//! Takes back the access whose revoke date has come (section 5 of the spec).
//! Safe to rerun: a processed response is no longer active, so it is not planned again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};

use super::World;
use crate::config::{OnConflict, RevokeConfig};
use crate::db::{Row, Value};
use crate::plan::{Action, Change, Counts, Outcome, Plan, Step, Touch};
use crate::sql;

/// `recert revoke`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {}

const COUNTS: [&str; 7] = [
    "due",
    "mappings_deleted",
    "responses_processed",
    "already_absent",
    "waiting",
    "undated",
    "conflicts",
];

/// User and location: what a response and a mapping row have in common.
type Access = (String, String);

/// A response whose date has come.
struct Due {
    access: Access,
    binds: [Value; 3],
    why: Arc<str>,
    before: String,
}

/// What access goes, and why; `found` once a mapping row of it was seen.
struct Taken {
    why: Arc<str>,
    found: bool,
}

pub(super) fn plan(_: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    let mut due = read_due(world, &mut plan)?;
    if due.is_empty() {
        return Ok(plan);
    }
    mind_conflicts(world, &mut due, &mut plan)?;
    due.sort_by(|a, b| a.access.cmp(&b.access));

    let mut taken: HashMap<Access, Taken> = HashMap::new();
    for response in &due {
        taken
            .entry(response.access.clone())
            .or_insert_with(|| Taken { why: Arc::clone(&response.why), found: false });
    }
    let deletions = read_mappings(world, &mut taken)?;
    if !deletions.touches.is_empty() {
        plan.population = count_mappings(world)?;
    }
    plan.steps = vec![deletions];
    plan.steps.extend(mark_processed(due, &taken));
    Ok(plan)
}

/// The active responses whose status takes access away, sorted into due, waiting and undated.
fn read_due(world: &mut World<'_>, plan: &mut Plan) -> anyhow::Result<Vec<Due>> {
    let config = &world.config.revoke;
    let (statuses, as_of) = (folded(&config.statuses), world.as_of);
    let levels: HashSet<String> = config.access_levels.iter().map(|level| fold(level)).collect();
    let mut due = Vec::new();
    let mut whys = HashMap::new();
    let binds = [("statuses", instr_list(config))];
    world
        .db
        .each(&sql!("revoke/select_active"), &binds, &mut |row| {
            if !statuses.contains(&fold(&row.text("ACCESS_STATUS")?)) {
                return Ok(());
            }
            if !levels.is_empty() && !levels.contains(&fold(&row.text("ACCESS_LEVEL")?)) {
                return Ok(());
            }
            let access = (row.text("REPORTEES_ID")?, row.text("RMM_ID")?);
            let told = || format!("response of `{}`", key(&access));
            match revoke_date(row).with_context(told)? {
                None => {
                    plan.noticed.add("undated", 1);
                    plan.find(
                        "undated",
                        key(&access),
                        "neither date is set: not due, left as it is",
                    );
                }
                Some((day, _)) if day > as_of => plan.noticed.add("waiting", 1),
                Some(date) => {
                    let why = whys.entry(date).or_insert_with(|| why(date)).clone();
                    due.push(read_response(row, access, why)?);
                }
            }
            Ok(())
        })
        .context("looking for responses whose revoke date has come")?;
    plan.noticed.add("due", due.len() as u64);
    Ok(due)
}

/// Which of the two dates decides.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum DateOf {
    LineManager,
    Recertification,
}

/// The line manager's date if there is one, else the recertification due date; whole days.
fn revoke_date(row: &Row) -> anyhow::Result<Option<(NaiveDate, DateOf)>> {
    let by_manager = row.date("ACCESS_REVOKE_DATE_BY_LINE_MANAGER")?;
    let due = row.date("RECERTIFICATION_DUE_DATE")?;
    Ok(by_manager
        .map(|at| (at.date(), DateOf::LineManager))
        .or(due.map(|at| (at.date(), DateOf::Recertification))))
}

fn why((day, date_of): (NaiveDate, DateOf)) -> Arc<str> {
    match date_of {
        DateOf::LineManager => format!("revoked; due {day} by the line manager's date"),
        DateOf::Recertification => format!("revoked; due {day} by the recertification due date"),
    }
    .into()
}

fn read_response(row: &Row, access: Access, why: Arc<str>) -> anyhow::Result<Due> {
    let binds =
        [row.get("ROW_ID")?.clone(), row.get("REPORTEES_ID")?.clone(), row.get("RMM_ID")?.clone()];
    Ok(Due { access, binds, why, before: row.image_from(1) })
}

/// Names every due response that another active response contradicts; leaves it alone if so configured.
fn mind_conflicts(
    world: &mut World<'_>,
    due: &mut Vec<Due>,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    let binds = [("statuses", instr_list(&world.config.revoke)), ("next_day", next_day(world))];
    let mut approved: HashSet<Access> = HashSet::new();
    world
        .db
        .each(&sql!("revoke/select_approved"), &binds, &mut |row| {
            approved.insert((row.text("REPORTEES_ID")?, row.text("RMM_ID")?));
            Ok(())
        })
        .context("looking for access that is approved as well")?;
    let skip = world.config.revoke.on_conflict == OnConflict::Skip;
    let done = if skip { "left alone (`on_conflict = \"skip\"`)" } else { "revoked all the same" };
    due.retain(|response| {
        let conflict = approved.contains(&response.access);
        if conflict {
            plan.noticed.add("conflicts", 1);
            plan.find(
                "conflict",
                key(&response.access),
                format!("another active response approves it: {done}"),
            );
        }
        !(conflict && skip)
    });
    Ok(())
}

/// One deletion for each mapping row of an access that goes.
fn read_mappings(
    world: &mut World<'_>,
    taken: &mut HashMap<Access, Taken>,
) -> anyhow::Result<Step> {
    let binds = [("statuses", instr_list(&world.config.revoke)), ("next_day", next_day(world))];
    let mut touches = Vec::new();
    world
        .db
        .each(&sql!("revoke/select_mappings"), &binds, &mut |row| {
            let access = (row.text("USER_ID")?, row.text("RMM_ID")?);
            let Some(taken) = taken.get_mut(&access) else { return Ok(()) }; // Another level, or a conflict.
            taken.found = true;
            let binds = vec![
                row.get("ROW_ID")?.clone(),
                row.get("USER_ID")?.clone(),
                row.get("RMM_ID")?.clone(),
            ];
            let change = Change {
                key: key(&access),
                action: Action::Delete,
                why: Arc::clone(&taken.why),
                result: Outcome::Applied,
                before: Some(row.image_from(1)),
                after: None,
            };
            touches.push(Touch { binds, changes: vec![change] });
            Ok(())
        })
        .context("looking for the access to take away")?;
    touches.sort_by(|a: &Touch, b: &Touch| order(a).cmp(&order(b)));
    Ok(Step {
        say: "deleting the mapping rows of revoked access",
        sql: sql!("revoke/delete_mapping"),
        names: ["row_id", "user_id", "rmm_id"].map(str::to_owned).to_vec(),
        table: "MAP_RAP_USER_ROLE".into(),
        counts: &["mappings_deleted"],
        takes_away: true,
        touches,
    })
}

/// The same plan for the same rows, however the database hands them out.
fn order(touch: &Touch) -> (&str, Option<&str>) {
    let change = &touch.changes[0];
    (change.key.as_str(), change.before.as_deref())
}

/// One update for each due response; apart, those whose access was gone already.
fn mark_processed(due: Vec<Due>, taken: &HashMap<Access, Taken>) -> [Step; 3] {
    let empty = |say, sql, names: &[&str], counts| Step {
        say,
        sql,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        table: "RECREATE_RESPONSE".into(),
        counts,
        takes_away: false,
        touches: Vec::new(),
    };
    let full = ["row_id", "reportees_id", "rmm_id"];
    let absent_counts = &["responses_processed", "already_absent"];
    let mut present = empty(
        "marking responses processed",
        sql!("revoke/mark_processed"),
        &full,
        &["responses_processed"],
    );
    let mut absent = empty(
        "marking responses processed whose access was gone already",
        sql!("revoke/mark_processed"),
        &full,
        absent_counts,
    );
    let mut incomplete = empty(
        "marking responses processed that name no user or no location",
        sql!("revoke/mark_incomplete"),
        &["row_id"],
        absent_counts,
    );
    let after: Arc<str> = r#"{"IS_ACTIVE":0}"#.into();
    for response in due {
        let found = taken.get(&response.access).is_some_and(|taken| taken.found);
        let change = Change {
            key: key(&response.access),
            action: Action::Update,
            why: response.why,
            result: if found { Outcome::Applied } else { Outcome::AlreadyAbsent },
            before: Some(response.before),
            after: Some(Arc::clone(&after)),
        };
        let [row_id, user, location] = response.binds;
        let (step, binds) = if user.is_null() || location.is_null() {
            (&mut incomplete, vec![row_id])
        } else if found {
            (&mut present, vec![row_id, user, location])
        } else {
            (&mut absent, vec![row_id, user, location])
        };
        step.touches.push(Touch { binds, changes: vec![change] });
    }
    [present, absent, incomplete]
}

fn count_mappings(world: &mut World<'_>) -> anyhow::Result<u64> {
    let rows = world
        .db
        .rows(&sql!("revoke/count_mappings"), &[])
        .context("counting the access there is")?;
    let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
    Ok(n.unwrap_or_default().unsigned_abs())
}

fn key((user, location): &Access) -> String {
    format!("{user}/{location}")
}

/// As ACCESS_STATUS and ACCESS_LEVEL are compared: without case and surrounding blanks.
fn fold(text: &str) -> String {
    text.trim_matches(' ').to_uppercase()
}

fn folded(texts: &[String]) -> HashSet<String> {
    texts.iter().map(|text| fold(text)).filter(|text| !text.is_empty()).collect()
}

/// The statuses for INSTR: `|REVOKED|REMOVED|`.
fn instr_list(config: &RevokeConfig) -> Value {
    let statuses: Vec<String> = config.statuses.iter().map(|status| fold(status)).collect();
    format!("|{}|", statuses.join("|")).into()
}

fn next_day(world: &World<'_>) -> Value {
    world.as_of.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX).into()
}
