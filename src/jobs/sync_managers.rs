//! Brings line managers from the directory into USER_TAB (section 6 of the spec).
//! Safe to rerun: a user whose line manager is as the directory says is not planned again.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use chrono::{NaiveDateTime, SubsecRound as _};

use super::World;
use crate::config::Config;
use crate::db::{Row, Value, image};
use crate::directory::{self, Answer, Directory, Manager};
use crate::plan::{Action, Change, Counts, Outcome, Plan, Step, Touch};
use crate::progress;
use crate::sql;
use crate::sql::Sql;

/// `recert sync-managers`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {}

const COUNTS: [&str; 7] =
    ["users", "updated", "unchanged", "not_found", "no_manager", "dangling", "ambiguous"];

pub(super) fn plan(_: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let config = world.config;
    let mut directory = directory::of(config)?;
    let zone = config.time.tz()?;
    let now = world.moment.with_timezone(&zone).naive_local().trunc_subsecs(0);

    let users = read_users(world)?;
    let answers = look_up(&mut *directory, &users.ids)?;
    let mut diff = Diff::new(config, now);
    diff.plan.noticed.add("users", users.n_rows);
    diff.plan.population = users.n_rows;
    let mut place = None;
    world
        .db
        .each(&sql!("sync_managers/select_users"), &all_users(config), &mut |row| {
            let id = row.text("EMPLOYEE_ID")?;
            let at = match place {
                Some(at) if users.ids[at] == id => at,
                Some(at) => at + 1,
                None => 0,
            };
            place = Some(at);
            match (users.ids.get(at), answers.get(at)) {
                (Some(asked), Some(answer)) if *asked == id => {
                    diff.compare(row, &id, answer, users.shared.contains(&at))
                }
                _ => bail!("the users came in another order than before"),
            }
        })
        .context("comparing users with the directory")?;
    Ok(diff.finish(config, users.n_rows))
}

/// Who is asked about.
#[derive(Default)]
struct Users {
    /// Every id once, in the order of the rows.
    ids: Vec<String>,
    /// Places of the ids that several rows share.
    shared: HashSet<usize>,
    n_rows: u64,
}

fn read_users(world: &mut World<'_>) -> anyhow::Result<Users> {
    let mut users = Users::default();
    world
        .db
        .each(&sql!("sync_managers/select_users"), &all_users(world.config), &mut |row| {
            let id = row.text("EMPLOYEE_ID")?;
            users.n_rows += 1;
            if users.ids.last() == Some(&id) {
                users.shared.insert(users.ids.len() - 1);
            } else {
                users.ids.push(id);
            }
            Ok(())
        })
        .context("reading the users")?;
    Ok(users)
}

fn all_users(config: &Config) -> [(&'static str, Value); 1] {
    [("all_users", Value::Int(i64::from(config.sync_managers.all_users)))]
}

fn look_up(directory: &mut dyn Directory, ids: &[String]) -> anyhow::Result<Vec<Answer>> {
    let bar = progress::bar("looking up line managers", ids.len() as u64);
    let answers = directory
        .line_managers(ids, &mut |done| bar.set_position(done as u64))
        .context("looking up line managers")?;
    bar.finish_and_clear();
    if answers.len() != ids.len() {
        bail!("the directory gave {} answers to {} questions", answers.len(), ids.len());
    }
    Ok(answers)
}

/// What the comparison of users with the directory comes to.
struct Diff {
    plan: Plan,
    now: NaiveDateTime,
    /// `[fills in, replaces][by the id, by the row]`
    steps: [[Step; 2]; 2],
}

impl Diff {
    fn new(config: &Config, now: NaiveDateTime) -> Self {
        let sql = if config.sync_managers.all_users {
            sql!("sync_managers/update_any_manager")
        } else {
            sql!("sync_managers/update_manager")
        };
        Diff {
            plan: Plan { noticed: Counts::named(&COUNTS), ..Plan::default() },
            now,
            steps: [
                ("filling in line managers", false),
                ("replacing line managers by others", true),
            ]
            .map(|(say, takes_away)| {
                let by_row =
                    step(say, sql!("sync_managers/update_manager_row"), takes_away, &["row_id"]);
                [step(say, sql.clone(), takes_away, &[]), by_row]
            }),
        }
    }

    fn compare(
        &mut self,
        row: &Row,
        id: &str,
        answer: &Answer,
        shared: bool,
    ) -> anyhow::Result<()> {
        let (count, message) = match answer {
            Answer::Manager(manager) if manager.id.is_some() => {
                return self.update(row, id, manager, shared);
            }
            Answer::Manager(_) => ("dangling", "their manager's entry holds no id".to_owned()),
            Answer::NotFound => ("not_found", "not in the directory".to_owned()),
            Answer::NoManager => ("no_manager", "the directory names no manager".to_owned()),
            // The DN itself may name a person; the directory's owners find it by the id.
            Answer::Dangling { .. } => ("dangling", "their manager's DN leads nowhere".to_owned()),
            Answer::Ambiguous { entries } => {
                ("ambiguous", format!("{entries} entries have this id"))
            }
            Answer::SeveralValues { attribute, values } => {
                ("ambiguous", format!("`{attribute}` has {values} values"))
            }
        };
        self.plan.noticed.add(count, 1);
        self.plan.find(count, id, format!("{message}: left as it is"));
        Ok(())
    }

    fn update(
        &mut self,
        row: &Row,
        id: &str,
        manager: &Manager,
        shared: bool,
    ) -> anyhow::Result<()> {
        let new = [
            ("LINEMANAGER_ID", Value::from(manager.id.as_deref())),
            ("LINEMANAGER_NAME", Value::from(manager.name.as_deref())),
            ("LINEMANAGER_MAIL_ID", Value::from(manager.mail.as_deref())),
        ];
        let mut changed: Vec<(&str, &Value)> = Vec::new();
        let mut replaces = false;
        for (column, value) in &new {
            let old = row.text_opt(column)?;
            if old.as_deref() != Some(value.display().as_str()).filter(|text| !text.is_empty()) {
                replaces |= old.is_some();
                changed.push((column, value));
            }
        }
        if changed.is_empty() {
            self.plan.noticed.add("unchanged", 1);
            return Ok(());
        }
        let updated = Value::Date(self.now);
        changed.push(("UPDATED_DATE", &updated));
        let change = Change {
            key: id.into(),
            action: Action::Update,
            why: why(row, manager)?.into(),
            result: Outcome::Applied,
            before: Some(row.image_from(1).into()),
            after: Some(image(&changed).into()),
        };
        let [manager_id, name, mail] = new.map(|(_, value)| value);
        let mut binds = vec![manager_id, name, mail, updated, row.get("EMPLOYEE_ID")?.clone()];
        if shared {
            binds.push(row.get("ROW_ID")?.clone());
        }
        let step = &mut self.steps[usize::from(replaces)][usize::from(shared)];
        step.touches.push(Touch { binds, changes: vec![change] });
        Ok(())
    }

    fn finish(self, config: &Config, n_users: u64) -> Plan {
        let Diff { mut plan, steps, .. } = self;
        let not_found = plan.noticed.get("not_found");
        let percent = config.sync_managers.not_found_percent;
        if 100.0 * not_found as f64 > percent * n_users as f64 {
            plan.doubts.push(format!(
                "{not_found} of {n_users} users are not in the directory, more than {percent} % \
                 (`[sync_managers] not_found_percent`): is `base_dn`, `user_filter` or `user_id_attribute` right?"
            ));
        }
        plan.steps = steps.into_iter().flatten().collect();
        plan
    }
}

fn step(say: &'static str, sql: Sql, takes_away: bool, more_names: &[&str]) -> Step {
    let names = ["manager_id", "manager_name", "manager_mail", "updated", "employee_id"];
    Step {
        say,
        sql,
        names: names.iter().chain(more_names).map(|name| (*name).to_owned()).collect(),
        table: "USER_TAB".into(),
        counts: &["updated"],
        takes_away,
        touches: Vec::new(),
    }
}

/// Ids only: names and addresses are in the images, which can be erased.
fn why(row: &Row, manager: &Manager) -> anyhow::Result<String> {
    let new = manager.id.as_deref().unwrap_or_default();
    Ok(match row.text_opt("LINEMANAGER_ID")? {
        Some(old) if old != new => format!("the directory says {new}, not {old}"),
        Some(_) => format!("the directory says {new}, with another name or mail"),
        None => format!("the directory says {new}"),
    })
}
