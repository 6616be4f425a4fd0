//! Takes back the access whose revoke date has come (section 5 of the spec).
//! Safe to rerun: a processed response is no longer active, so it is not planned again.
//!
//! In reading order: `rule` which responses are `due` · `look` what is read, response by response · `near` keys
//! that are nearly there · `closings` which run closed which response
//! (`image_members` reads its images) · `came_back` what one found gone and is there · `steps` what is to be done.

mod came_back;
pub(crate) mod closings;
mod due;
mod image_members;
mod look;
pub(crate) mod near;
pub(crate) mod rule;
mod steps;

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, anyhow};

use super::{JobSpec, PlanJob, World};
use crate::db::{Read, Value};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::schema::Owner;
use crate::sql;
use due::DueResponse;
use look::ResponseLook;
use near::{find_near, near_key};
use rule::RevokeRule;
use steps::DueSteps;

/// `recert revoke`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {}

/// So few due responses without access raise no doubt, whatever their share.
const ABSENT_FLOOR: u64 = 10;

pub(super) const SPEC: JobSpec = JobSpec {
    name: "revoke",
    lock: Some("access"),
    limits: Some(|config| &config.limits.revoke),
    application: Some(Owner::Rap),
    database: |config| &config.database,
    population: Some(|| sql!("revoke/count_mappings")),
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        let rule = RevokeRule::new(&world.config.revoke, world.as_of);
        let look = look_at_all(&rule, world.db)?;
        if !look.has_looked {
            let told = "RECERT_LOCK has no row `ledger`; `recert migrate` adds it";
            return Err(anyhow!(told).context(Exit::Config));
        }
        let ResponseLook { may_have_come_back, n_mappings, .. } = look;
        let (mut plan, mut steps, unmatched) = look.end();
        doubt_absent(&mut plan, &unmatched, world.config.revoke.absent_percent);
        take_unmatched(unmatched, &rule, &mut steps, &mut plan, world)?;
        if may_have_come_back {
            came_back::find(&mut plan, world)?;
        }
        plan.steps = steps.in_order();
        plan.population = n_mappings;
        Ok(plan)
    }
}

fn look_at_all<'r>(rule: &'r RevokeRule, db: &mut dyn Read) -> anyhow::Result<ResponseLook<'r>> {
    let [not_ours, not_ours_too] = rule.plainly_not_ours();
    let binds = [("not_ours", not_ours), ("not_ours_too", not_ours_too)];
    let mut look = ResponseLook::new(rule);
    db.each(&sql!("revoke/select_active"), &binds, &mut |row| look.at(row))
        .context("looking for responses whose revoke date has come")?;
    Ok(look)
}

/// Of these keys, which no mapping row has, those that one has nearly which the next run leaves; with how that row
/// writes them.
///
/// # Errors
/// What the database says, classed.
pub(crate) fn find_near_that_stays(
    wanted: &HashSet<u64>,
    rule: &RevokeRule,
    db: &mut dyn Read,
) -> anyhow::Result<HashMap<u64, String>> {
    let near = find_near(wanted, &HashMap::new(), db)?;
    if near.is_empty() {
        return Ok(near);
    }
    // What the run takes is looked at only where it matters.
    let (_, steps, _) = look_at_all(rule, db)?.end();
    find_near(wanted, &going(&steps, wanted), db)
}

/// The access that goes under one of these keys.
fn going(steps: &DueSteps, wanted: &HashSet<u64>) -> HashMap<u64, Vec<(Value, Value)>> {
    let mut going: HashMap<u64, Vec<(Value, Value)>> = HashMap::new();
    for (user, location) in steps.going().filter(|_| !wanted.is_empty()) {
        let key = near_key(&user, &location);
        if wanted.contains(&key) {
            going.entry(key).or_default().push((user, location));
        }
    }
    going
}

/// Where most of what is due has no access, the mapping table is not what it was.
fn doubt_absent(plan: &mut Plan, unmatched: &[DueResponse], percent: f64) {
    let n_due = plan.noticed.get("due");
    let absent = unmatched.iter().filter(|response| !response.has_access).count() as u64;
    if absent > ABSENT_FLOOR && absent as f64 * 100.0 > percent * n_due as f64 {
        plan.doubts.push(format!(
            "{absent} of {n_due} due responses match no row of MAP_RAP_USER_ROLE (more than `absent_percent`, {percent} %): \
             the table is not loaded, or its keys have changed"
        ));
    }
}

/// Names the responses whose key is NULL, or is written otherwise where the access is; takes those that are not left.
fn take_unmatched(
    due: Vec<DueResponse>,
    rule: &RevokeRule,
    steps: &mut DueSteps,
    plan: &mut Plan,
    world: &mut World<'_>,
) -> anyhow::Result<()> {
    let near_key_of = |response: &DueResponse| near_key(&response.user, &response.location);
    let unmatched = |response: &&DueResponse| response.has_key() && !response.has_access;
    let wanted: HashSet<u64> = due.iter().filter(unmatched).map(near_key_of).collect();
    let near = find_near(&wanted, &going(steps, &wanted), world.db)?;
    let done = if rule.keeps_near_matches {
        "left active"
    } else {
        "closed (`on_near_match = \"close\"`)"
    };
    for response in due {
        let found = if !response.has_key() {
            Some(("no_key", "it names no user or no location".to_owned()))
        } else if !response.has_access {
            let other = near.get(&near_key_of(&response));
            other.map(|other| {
                ("near_match", format!("no access is there under its key, but under `{other}`"))
            })
        } else {
            None
        };
        if let Some((kind, what)) = &found {
            plan.noticed.add("unmatched", 1);
            plan.find(kind, &*response.key, format!("{what}: {done}"));
        }
        if found.is_none() || !rule.keeps_near_matches {
            steps.add(response);
        }
    }
    Ok(())
}

/// Which access, in the ledger and in findings: user and location.
pub(crate) fn key(user: &Value, location: &Value) -> String {
    format!("{}/{}", user.display(), location.display())
}
