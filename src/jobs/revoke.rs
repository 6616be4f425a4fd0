//! Takes back the access whose revoke date has come (section 5 of the spec).
//! Safe to rerun: a processed response is no longer active, so it is not planned again.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chrono::{Days, NaiveDate};

use super::{JobSpec, PlanJob, World};
use crate::config::{OnConflict, RevokeConfig};
use crate::db::{Row, Value};
use crate::plan::{Action, Change, ChangeResult, Counts, Plan, Step, Takes, Touch};
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

pub(super) const SPEC: JobSpec = JobSpec {
    name: "revoke",
    limits: |config| &config.limits.revoke,
    database: |config| &config.database,
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        plan(self, world)
    }
}

fn plan(_: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let config = &world.config.revoke;
    let next_day = world.as_of.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    let binds = [("statuses", instr_list(config)), ("next_day", next_day.into())];
    let mut look = Look::new(config, world.as_of);
    world
        .db
        .each(&sql!("revoke/select_active"), &binds, &mut |row| look.at(row))
        .context("looking for responses whose revoke date has come")?;

    let Look { mut plan, mut due, mut mappings, .. } = look;
    // The same plan for the same rows, however the database hands them out; several responses may
    // have brought the same mapping row.
    due.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.before.cmp(&b.before)));
    mappings.touches.sort_by(order);
    mappings.touches.dedup_by(|a, b| a.binds[0] == b.binds[0]);
    if !mappings.touches.is_empty() {
        plan.population = count_mappings(world)?;
    }
    let taken: HashSet<&str> = mappings.touches.iter().map(|touch| &*touch.change.key).collect();
    let marks = mark_processed(due, &taken);
    plan.steps = vec![mappings];
    plan.steps.extend(marks);
    Ok(plan)
}

/// A response whose date has come.
struct Due {
    key: Box<str>,
    binds: [Value; 3],
    why: Arc<str>,
    before: Box<str>,
}

/// What the rows of `select_active` come to, one after the other.
struct Look<'a> {
    config: &'a RevokeConfig,
    as_of: NaiveDate,
    statuses: HashSet<String>,
    levels: HashSet<String>,
    plan: Plan,
    due: Vec<Due>,
    mappings: Step,
    /// The response looked at last, and why it is processed: its rows come one after the other.
    decided: (Value, Option<Arc<str>>),
    whys: HashMap<(NaiveDate, DateOf), Arc<str>>,
}

/// Which of the two dates decides.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum DateOf {
    LineManager,
    Recertification,
}

impl<'a> Look<'a> {
    fn new(config: &'a RevokeConfig, as_of: NaiveDate) -> Self {
        let folded = |texts: &[String]| texts.iter().map(|text| fold(text)).collect();
        Look {
            config,
            as_of,
            statuses: folded(&config.statuses),
            levels: folded(&config.access_levels),
            plan: Plan { noticed: Counts::named(&COUNTS), ..Plan::default() },
            due: Vec::new(),
            mappings: Step {
                say: "deleting the mapping rows of revoked access",
                sql: sql!("revoke/delete_mapping"),
                names: ["row_id", "user_id", "rmm_id"].map(str::to_owned).to_vec(),
                table: "MAP_RAP_USER_ROLE".into(),
                counts: &["mappings_deleted"],
                takes: Takes::Rows,
                touches: Vec::new(),
            },
            decided: (Value::Null, None),
            whys: HashMap::new(),
        }
    }

    /// Takes one row: a response, and perhaps a mapping row it takes away.
    fn at(&mut self, row: &Row) -> anyhow::Result<()> {
        let row_id = row.get("ROW_ID")?;
        if *row_id != self.decided.0 {
            self.decided = (row_id.clone(), self.decide(row)?);
        }
        match self.decided.1.clone() {
            Some(why) => self.take_mapping(row, why),
            None => Ok(()),
        }
    }

    /// Sorts a response into due, waiting and undated; of one that is to be processed, says why.
    fn decide(&mut self, row: &Row) -> anyhow::Result<Option<Arc<str>>> {
        let ours = self.statuses.contains(&fold(&row.text("ACCESS_STATUS")?))
            && (self.levels.is_empty() || self.levels.contains(&fold(&row.text("ACCESS_LEVEL")?)));
        if !ours {
            return Ok(None);
        }
        let key = key(row.get("REPORTEES_ID")?, row.get("RMM_ID")?);
        let date = revoke_date(row).with_context(|| format!("response of `{key}`"))?;
        let Some((day, date_of)) = date else {
            self.plan.noticed.add("undated", 1);
            self.plan.find("undated", key, "neither date is set: not due, left as it is");
            return Ok(None);
        };
        if day > self.as_of {
            self.plan.noticed.add("waiting", 1);
            return Ok(None);
        }
        self.plan.noticed.add("due", 1);
        if !row.get("APPROVED_ROW_ID")?.is_null() && self.leaves_conflict(&key) {
            return Ok(None);
        }
        let why = Arc::clone(self.whys.entry((day, date_of)).or_insert_with(|| why(day, date_of)));
        let binds = [
            row.get("ROW_ID")?.clone(),
            row.get("REPORTEES_ID")?.clone(),
            row.get("RMM_ID")?.clone(),
        ];
        let before = row.image(1..row.place("APPROVED_ROW_ID")?).into_boxed_str();
        self.due.push(Due { key: key.into(), binds, why: Arc::clone(&why), before });
        Ok(Some(why))
    }

    /// Names a due response that another active one contradicts; says whether to leave it alone.
    fn leaves_conflict(&mut self, key: &str) -> bool {
        let skip = self.config.on_conflict == OnConflict::Skip;
        let done =
            if skip { "left alone (`on_conflict = \"skip\"`)" } else { "revoked all the same" };
        self.plan.noticed.add("conflicts", 1);
        self.plan.find("conflict", key, format!("another active response approves it: {done}"));
        skip
    }

    /// One deletion for each mapping row, however many responses speak of it.
    fn take_mapping(&mut self, row: &Row, why: Arc<str>) -> anyhow::Result<()> {
        let row_id = row.get("MAPPING_ROW_ID")?;
        if row_id.is_null() {
            return Ok(());
        }
        let first = row.place("MAPPING_ROW_ID")? + 1;
        let location = row.columns[first..].iter().position(|name| name == "RMM_ID");
        let location = location.ok_or_else(|| anyhow!("MAP_RAP_USER_ROLE has no column RMM_ID"))?;
        let (user, location) = (row.get("USER_ID")?, &row.values[first + location]);
        let unit: Arc<str> = key(user, location).into();
        let change = Change {
            key: (&*unit).into(),
            action: Action::Delete,
            why,
            result: ChangeResult::Applied,
            before: Some(row.image(first..row.values.len()).into()),
            after: None,
        };
        let binds = vec![row_id.clone(), user.clone(), location.clone()];
        self.mappings.touches.push(Touch { unit, binds, change });
        Ok(())
    }
}

/// The line manager's date if there is one, else the recertification due date; whole days.
fn revoke_date(row: &Row) -> anyhow::Result<Option<(NaiveDate, DateOf)>> {
    let by_manager = row.date("ACCESS_REVOKE_DATE_BY_LINE_MANAGER")?;
    let due = row.date("RECERTIFICATION_DUE_DATE")?;
    Ok(by_manager
        .map(|at| (at.date(), DateOf::LineManager))
        .or(due.map(|at| (at.date(), DateOf::Recertification))))
}

fn why(day: NaiveDate, date_of: DateOf) -> Arc<str> {
    match date_of {
        DateOf::LineManager => format!("revoked; due {day} by the line manager's date"),
        DateOf::Recertification => format!("revoked; due {day} by the recertification due date"),
    }
    .into()
}

fn order(a: &Touch, b: &Touch) -> Ordering {
    let (a_change, b_change) = (&a.change, &b.change);
    a_change
        .key
        .cmp(&b_change.key)
        .then_with(|| a_change.before.cmp(&b_change.before))
        .then_with(|| a.binds[0].display().cmp(&b.binds[0].display()))
}

/// One update for each due response; apart, those whose access was gone already.
fn mark_processed(due: Vec<Due>, taken: &HashSet<&str>) -> [Step; 3] {
    let step = |say, sql, names: &[&str], counts| Step {
        say,
        sql,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        table: "RECREATE_RESPONSE".into(),
        counts,
        takes: Takes::Nothing,
        touches: Vec::new(),
    };
    let names = ["row_id", "reportees_id", "rmm_id"];
    let mark = sql!("revoke/mark_processed");
    let absent_counts = &["responses_processed", "already_absent"];
    let mut present =
        step("marking responses processed", mark.clone(), &names, &["responses_processed"]);
    let mut absent = step(
        "marking responses processed whose access was gone already",
        mark,
        &names,
        absent_counts,
    );
    let mut incomplete = step(
        "marking responses processed that name no user or no location",
        sql!("revoke/mark_incomplete"),
        &["row_id"],
        absent_counts,
    );
    let after: Arc<str> = r#"{"IS_ACTIVE":0}"#.into();
    for response in due {
        let [row_id, user, location] = response.binds;
        let whole = !user.is_null() && !location.is_null();
        let found = whole && taken.contains(&*response.key);
        let unit = Arc::from(&*response.key);
        let change = Change {
            key: response.key,
            action: Action::Update,
            why: response.why,
            result: if found { ChangeResult::Applied } else { ChangeResult::AlreadyAbsent },
            before: Some(response.before),
            after: Some(Arc::clone(&after)),
        };
        let (step, binds) = match (whole, found) {
            (false, _) => (&mut incomplete, vec![row_id]),
            (true, true) => (&mut present, vec![row_id, user, location]),
            (true, false) => (&mut absent, vec![row_id, user, location]),
        };
        step.touches.push(Touch { unit, binds, change });
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

/// Which access, in the ledger and in findings: user and location.
fn key(user: &Value, location: &Value) -> String {
    format!("{}/{}", user.display(), location.display())
}

/// As ACCESS_STATUS and ACCESS_LEVEL are compared: without case and surrounding blanks.
fn fold(text: &str) -> String {
    text.trim_matches(' ').to_uppercase()
}

/// The statuses for INSTR: `|REVOKED|REMOVED|`.
fn instr_list(config: &RevokeConfig) -> Value {
    let statuses: Vec<String> = config.statuses.iter().map(|status| fold(status)).collect();
    format!("|{}|", statuses.join("|")).into()
}
