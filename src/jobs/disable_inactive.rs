//! Disables accounts without activity (section 7 of the spec; NIST SP 800-53 AC-2(3)).
//! Safe to rerun: a disabled account is no longer ACTIVE, so it is not looked at again.
//!
//! What the tables leave open and how it is decided here is written down in
//! `sql/disable_inactive/README.md`.

mod exempt;
mod history;
mod room;
mod rule;
mod silence;
mod steps;
mod warnings;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chrono::SubsecRound as _;
use clap::value_parser;
use serde_json::{Value as Json, json};

use super::{JobSpec, PlanJob, World};
use crate::config::Config;
use crate::db::{Read, Row, Value};
use crate::exit::Exit;
use crate::plan::{Counts, Plan};
use crate::schema::Owner;
use crate::sql;
use exempt::ExemptAccounts;
use rule::{AccountVerdict, InactivityRule};
use steps::{DisableStamp, DisableSteps};
use warnings::DueWarnings;

/// `recert disable-inactive`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Days without activity, instead of `[disable_inactive] days`
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// Add who will be disabled soon (`[disable_inactive] warn_days`) to this file, as CSV; it holds personal data
    #[arg(long, value_name = "F")]
    warnings: Option<PathBuf>,
}

const COUNTS: [&str; 9] = [
    "active",
    "disabled",
    "sessions_closed",
    "exempt",
    "never_active",
    "undated",
    "future",
    "warned",
    "unreadable",
];

/// Columns that `select_idle` puts before those of the account.
const ADDED: usize = 2;

/// A row that changes, and why.
struct InactiveAccount {
    of: RowOf,
    /// The account's ID.
    account: String,
    row: Row,
    why: Arc<str>,
}

/// The tables whose rows change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowOf {
    User,
    Session,
}

pub(super) const SPEC: JobSpec = JobSpec {
    name: "disable-inactive",
    lock: Some("accounts"),
    limits: Some(|config| &config.limits.disable_inactive),
    application: Some(Owner::Ops),
    database: |config| config.disable_inactive.database.as_ref().unwrap_or(&config.database),
    population: Some(|| sql!("disable_inactive/count_active")),
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        plan(self, world)
    }

    fn parameters(&self) -> Json {
        match self.days {
            Some(days) => json!({ "days": days }),
            None => json!({}),
        }
    }
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    let actor = find_actor(world.config, world.db)?;
    let moment = world.moment.naive_utc().trunc_subsecs(0);
    let days = args.days.unwrap_or(world.config.disable_inactive.days);
    let rule = InactivityRule::new(moment, world.now.naive_utc(), days);

    let exempt = ExemptAccounts::new(&world.config.disable_inactive);
    let (n_active, n_exempt) = count_active(world, &exempt)?;
    plan.population = n_active;
    plan.noticed.add("active", n_active);
    plan.noticed.add("exempt", n_exempt);
    let n_accounts = n_active.saturating_sub(n_exempt);
    plan.doubts.extend(silence::doubt(n_accounts, moment, &exempt, world)?);
    let mut warnings = DueWarnings::new(args.warnings.as_deref(), &rule, world)?;
    let users = read_inactive(world, &rule, &exempt, &actor, &mut warnings, &mut plan)?;
    warnings.finish(&mut plan)?;
    if users.is_empty() {
        return Ok(plan);
    }
    let sessions = read_open_sessions(world, &rule, &users)?;

    let stamp = DisableStamp { actor, moment, after_cutoff: rule.after_cutoff() };
    let mut steps = DisableSteps::new(stamp, world.db)?;
    let left = leave_too_long(&users, &sessions, &steps, &mut plan)?;
    for user in users.iter().filter(|user| !left.contains(&user.account)) {
        steps.disable(user)?;
    }
    for session in sessions.iter().filter(|session| !left.contains(&session.account)) {
        steps.close(session)?;
    }
    plan.steps = steps.done();
    Ok(plan)
}

/// The accounts of which the application can't be told, as its columns are too short: each with all its sessions.
fn leave_too_long(
    users: &[InactiveAccount],
    sessions: &[InactiveAccount],
    steps: &DisableSteps,
    plan: &mut Plan,
) -> anyhow::Result<HashSet<String>> {
    let mut left = HashSet::new();
    for row in users.iter().chain(sessions) {
        if left.contains(&row.account) {
            continue;
        }
        if let Some(column) = steps.no_room_for(row)? {
            left.insert(row.account.clone());
            plan.noticed.add("unreadable", 1);
            let message = format!(
                "what the application is told of it has no room in {column}: left as it is; a CLOB holds any"
            );
            plan.find("unreadable", row.account.as_str(), message);
        }
    }
    Ok(left)
}

/// The ID of the account in whose name it is done.
///
/// # Errors
/// `Exit::Config`: none is named, or it is not in OPS_USER; else what the database says.
pub(crate) fn find_actor(config: &Config, db: &mut dyn Read) -> anyhow::Result<Value> {
    let Some(oidc_id) = &config.disable_inactive.actor_oidc_id else {
        return Err(anyhow!(
            "`[disable_inactive] actor_oidc_id` is not set: name the account in whose name accounts are disabled"
        )
        .context(Exit::Config));
    };
    let rows = db
        .rows(&sql!("disable_inactive/select_actor"), &[("oidc_id", oidc_id.trim().into())])
        .context("looking for the actor")?;
    match rows.as_slice() {
        [actor] => Ok(actor.get("ID")?.clone()),
        found => Err(anyhow!(
            "`[disable_inactive] actor_oidc_id`: {} accounts in OPS_USER have this OIDC_ID where there must be one",
            found.len()
        )
        .context(Exit::Config)),
    }
}

/// The active accounts, and those of them that the config names, whether or not they are in use.
fn count_active(world: &mut World<'_>, exempt: &ExemptAccounts) -> anyhow::Result<(u64, u64)> {
    let (mut n_active, mut n_exempt) = (0, 0);
    if exempt.is_empty() {
        let count = sql!("disable_inactive/count_active");
        let rows = world.db.rows(&count, &[]).context("counting the active accounts")?;
        let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
        return Ok((n.unwrap_or_default().unsigned_abs(), n_exempt));
    }
    world
        .db
        .each(&sql!("disable_inactive/select_identities"), &[], &mut |row| {
            n_active += 1;
            n_exempt += u64::from(exempt.names(row)?);
            Ok(())
        })
        .context("counting the active and the exempt accounts")?;
    Ok((n_active, n_exempt))
}

/// The accounts to disable, by their ID; what else is met is counted.
fn read_inactive(
    world: &mut World<'_>,
    rule: &InactivityRule,
    exempt: &ExemptAccounts,
    actor: &Value,
    warnings: &mut DueWarnings<'_>,
    plan: &mut Plan,
) -> anyhow::Result<Vec<InactiveAccount>> {
    let binds = [
        ("surely_later", rule.surely_later(warnings.days_ahead())),
        ("perhaps_to_come", rule.perhaps_to_come()),
    ];
    let mut users = Vec::new();
    let mut columns: Option<Arc<[String]>> = None; // One for all rows.
    world
        .db
        .each(&sql!("disable_inactive/select_idle", dialects), &binds, &mut |row| {
            let id = row.get("ID")?;
            if id == actor || exempt.names(row)? {
                return Ok(());
            }
            if row.int("HAS_SESSIONS")? == Some(0) {
                plan.noticed.add("never_active", 1);
            }
            match rule.judge(row).with_context(|| format!("account `{}`", id.display()))? {
                AccountVerdict::Keep(idle_since) => warnings.consider(row, idle_since)?,
                AccountVerdict::Undated(message) => {
                    plan.noticed.add("undated", 1);
                    plan.find("undated", id.display(), message);
                }
                AccountVerdict::Future(at) => {
                    plan.noticed.add("future", 1);
                    let message = format!(
                        "its latest activity or change, {at} UTC, is still to come: kept until it is too long ago"
                    );
                    plan.find("future", id.display(), message);
                }
                AccountVerdict::Disable(why) => {
                    let columns = columns.get_or_insert_with(|| row.columns[ADDED..].into());
                    let values = row.values[ADDED..].to_vec();
                    let row = Row { columns: Arc::clone(columns), values };
                    let account = row.text("ID")?;
                    users.push(InactiveAccount { of: RowOf::User, account, row, why });
                }
            }
            Ok(())
        })
        .context("looking for accounts without activity")?;
    plan.findings.sort_by(|a, b| a.key.cmp(&b.key));
    sort_by_id(&mut users)?;
    Ok(users)
}

/// The open sessions of the accounts to disable, by their ID.
fn read_open_sessions(
    world: &mut World<'_>,
    rule: &InactivityRule,
    users: &[InactiveAccount],
) -> anyhow::Result<Vec<InactiveAccount>> {
    let mut whys: HashMap<String, &Arc<str>> = HashMap::with_capacity(users.len());
    for InactiveAccount { account, why, .. } in users {
        whys.insert(account.clone(), why);
    }
    let binds = [("surely_later", rule.surely_later(0))];
    let mut sessions = Vec::new();
    world
        .db
        .each(&sql!("disable_inactive/select_sessions"), &binds, &mut |row| {
            let account = row.text("USER_ID")?;
            if let Some(why) = whys.get(&account) {
                let (row, why) = (row.clone(), Arc::clone(why));
                sessions.push(InactiveAccount { of: RowOf::Session, account, row, why });
            }
            Ok(())
        })
        .context("looking for the open sessions of these accounts")?;
    sort_by_id(&mut sessions)?;
    Ok(sessions)
}

/// The same plan for the same rows, however the database hands them out.
fn sort_by_id(rows: &mut [InactiveAccount]) -> anyhow::Result<()> {
    for InactiveAccount { row, .. } in &*rows {
        row.get("ID")?;
    }
    rows.sort_by_cached_key(|doomed| match doomed.row.get("ID") {
        Ok(Value::Int(n)) => (0, *n, String::new()),
        Ok(other) => (1, 0, other.display()),
        Err(_) => (2, 0, String::new()),
    });
    Ok(())
}
