//! Brings line managers from the directory into USER_TAB (section 6 of the spec).
//! Safe to rerun: a user whose line manager is as the directory says is not planned again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{NaiveDateTime, SubsecRound as _};

use super::{JobSpec, PlanJob, World};
use crate::config::Config;
use crate::db::{Row, Value, image};
use crate::directory::{self, Answer, Directory, Manager};
use crate::plan::{Action, Change, ChangeResult, Counts, Plan, Step, Takes, Touch};
use crate::progress;
use crate::sql;
use crate::sql::Sql;

/// `recert sync-managers`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {}

const COUNTS: [&str; 7] =
    ["users", "updated", "unchanged", "not_found", "no_manager", "dangling", "ambiguous"];

pub(super) const SPEC: JobSpec = JobSpec {
    name: "sync-managers",
    limits: |config| &config.limits.sync_managers,
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
    let config = world.config;
    let mut directory = directory::of(config)?;
    let zone = config.time.tz()?;
    let now = world.moment.with_timezone(&zone).naive_local().trunc_subsecs(0);

    let users = read_users(world)?;
    let answers = look_up(&mut *directory, &users.ids)?;
    drop(directory); // Nothing more is asked, so nobody's connection is kept open while rows are written.
    let mut diff = Diff::new(config, now);
    // So that it is not moved while it grows. Memory that is not written to costs nothing.
    diff.steps[0][0].touches.reserve_exact(users.ids.len());
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
    /// By the manager, of whom `answers` holds one value for all their people, and by which of their columns
    /// differ: a hundred thousand people have a tenth as many managers, so that much is said again and again.
    said: HashMap<(*const Manager, [bool; 3]), Said>,
}

/// What changes say alike for all the people of one manager.
struct Said {
    after: Arc<str>,
    why: Arc<str>,
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
                ("filling in line managers", Takes::Nothing),
                ("replacing line managers by others", Takes::Rows),
            ]
            .map(|(say, takes)| {
                let by_row =
                    step(say, sql!("sync_managers/update_manager_row"), takes, &["row_id"]);
                [step(say, sql.clone(), takes, &[]), by_row]
            }),
            said: HashMap::new(),
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
        manager: &Arc<Manager>,
        shared: bool,
    ) -> anyhow::Result<()> {
        let columns = [
            ("LINEMANAGER_ID", manager.id.as_deref()),
            ("LINEMANAGER_NAME", manager.name.as_deref()),
            ("LINEMANAGER_MAIL_ID", manager.mail.as_deref()),
        ];
        let mut differs = [false; 3];
        let mut replaces = false;
        for ((column, new), differs) in columns.iter().zip(&mut differs) {
            let old = row.get(column)?;
            *differs = !holds(old, *new);
            replaces |= *differs && !old.is_null();
        }
        if differs == [false; 3] {
            self.plan.noticed.add("unchanged", 1);
            return Ok(());
        }
        let new = columns.map(|(column, new)| (column, Value::from(new)));
        let now = self.now;
        let said = self
            .said
            .entry((Arc::as_ptr(manager), differs))
            .or_insert_with(|| Said::new(&new, differs, now));
        let change = Change {
            key: id.into(),
            action: Action::Update,
            why: match row.text_opt("LINEMANAGER_ID")?.zip(columns[0].1) {
                Some((old, new)) if differs[0] => {
                    format!("the directory says {new}, not {old}").into()
                }
                _ => Arc::clone(&said.why),
            },
            result: ChangeResult::Applied,
            // Copied, because the room that the image was written into is larger, and would be kept.
            before: Some(row.image_from(1).as_str().into()),
            after: Some(Arc::clone(&said.after)),
        };
        let [manager_id, name, mail] = new.map(|(_, value)| value);
        let mut binds = Vec::with_capacity(5 + usize::from(shared));
        binds.extend([manager_id, name, mail, Value::Date(now), row.get("EMPLOYEE_ID")?.clone()]);
        if shared {
            binds.push(row.get("ROW_ID")?.clone());
        }
        let step = &mut self.steps[usize::from(replaces)][usize::from(shared)];
        step.touches.push(Touch { unit: id.into(), binds, change });
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

fn step(say: &'static str, sql: Sql, takes: Takes, more_names: &[&str]) -> Step {
    let names = ["manager_id", "manager_name", "manager_mail", "updated", "employee_id"];
    Step {
        say,
        sql,
        names: names.iter().chain(more_names).map(|name| (*name).to_owned()).collect(),
        table: "USER_TAB".into(),
        counts: &["updated"],
        takes,
        touches: Vec::new(),
    }
}

impl Said {
    /// What is said where no other line manager stood there before.
    fn new(columns: &[(&str, Value); 3], differs: [bool; 3], now: NaiveDateTime) -> Self {
        let updated = Value::Date(now);
        let changed = columns.iter().zip(differs).filter(|(_, differs)| *differs);
        let changed = changed.map(|((column, value), _)| (*column, value));
        let changed: Vec<(&str, &Value)> = changed.chain([("UPDATED_DATE", &updated)]).collect();
        // Ids only: names and addresses are in the images, which can be erased.
        let mut why = format!("the directory says {}", columns[0].1.display());
        if !differs[0] {
            why.push_str(", with another name or mail");
        }
        Said { after: image(&changed).into(), why: why.into() }
    }
}

/// Whether a column holds just this.
fn holds(column: &Value, text: Option<&str>) -> bool {
    match column {
        Value::Null => text.is_none(),
        Value::Text(held) => Some(held.as_str()) == text,
        other => Some(other.display().as_str()) == text,
    }
}
