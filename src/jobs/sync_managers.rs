//! Brings line managers from the directory into USER_TAB (section 6 of the spec).
//! Safe to rerun: a user whose line manager is as the directory says is not planned again.

mod doubts;
mod rule;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{NaiveDateTime, SubsecRound as _};

use self::doubts::AnswerTally;
use self::rule::{COLUMNS, FillRule, Remark, RowFate};
use super::{JobSpec, PlanJob, World};
use crate::config::Config;
use crate::db::{Read, Row, Value, image};
use crate::directory::{self, Directory, LineManager, ManagerAnswer};
use crate::plan::{
    Action, Change, ChangeResult, Columns, Counts, Hold, Plan, Step, Takes, Touch, Touches,
};
use crate::progress;
use crate::schema::Owner;
use crate::sql;
use crate::sql::Sql;

/// `recert sync-managers`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {}

const COUNTS: [&str; 10] = [
    "users",
    "updated",
    "unchanged",
    "not_found",
    "no_manager",
    "dangling",
    "ambiguous",
    "incomplete",
    "other_id",
    "unreadable",
];

/// What decides who is a user, and whether their line manager is as the directory says.
const USER: Columns = Columns::These(&[
    "EMPLOYEE_ID",
    "RAP",
    "PACKBUILDER",
    "LINEMANAGER_ID",
    "LINEMANAGER_NAME",
    "LINEMANAGER_MAIL_ID",
]);

pub(super) const SPEC: JobSpec = JobSpec {
    name: "sync-managers",
    lock: Some("managers"),
    limits: Some(|config| &config.limits.sync_managers),
    application: Some(Owner::Rap),
    database: |config| &config.database,
    population: None,
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
    let columns = world.db.columns("USER_TAB").context("reading the columns of USER_TAB")?;
    let mut diff = ManagerDiff::new(config, FillRule::new(config, &columns), now);
    // So that it is not moved while it grows. Memory that is not written to costs nothing.
    diff.steps[0][0].touches.reserve_exact(users.ids.len());
    diff.plan.noticed.add("users", users.n_rows);
    diff.plan.population = users.n_rows;
    let mut place = 0;
    world
        .db
        .each(&sql!("sync_managers/select_users"), &all_users(config), &mut |row| {
            let id = employee_id(row)?;
            // Who came since then is asked about by the next run.
            let Some(at) = users.place(&id, place) else { return Ok(()) };
            place = at;
            diff.compare(row, &id, &answers[at], users.shared.contains(&at))
        })
        .context("comparing users with the directory")?;
    Ok(diff.finish(config, found_before(world)?))
}

/// How many users the job's last run found that came to its end.
fn found_before(world: &mut World<'_>) -> anyhow::Result<Option<u64>> {
    let chain = world.ledger.chain(world.db)?;
    let last = chain.last(SPEC.name, &["applied", "unchanged"], world.db)?;
    Ok(last.and_then(|run| run.parameters.get(doubts::REMEMBERED)?.as_u64()))
}

/// Ids of a few users, spread over all of them, for `check` to look up.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn sample_ids(db: &mut dyn Read, config: &Config) -> anyhow::Result<Vec<String>> {
    let rows = db.rows(&sql!("sync_managers/select_sample"), &all_users(config))?;
    let ids = rows.iter().map(|row| row.text_opt("EMPLOYEE_ID"));
    Ok(ids.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Who is asked about.
#[derive(Default)]
struct KnownUsers {
    /// Every id once, in the order of the rows.
    ids: Vec<String>,
    /// Places of the ids that several rows share.
    shared: HashSet<usize>,
    n_rows: u64,
    /// Where each id stands; only made when rows come in another order than before.
    places: OnceCell<HashMap<String, usize>>,
}

impl KnownUsers {
    /// Where an id stands that comes after the one at `before`, as nearly all do.
    fn place(&self, id: &str, before: usize) -> Option<usize> {
        let near = [before, before + 1];
        if let Some(at) =
            near.into_iter().find(|at| self.ids.get(*at).is_some_and(|asked| asked == id))
        {
            return Some(at);
        }
        let all = || self.ids.iter().enumerate().map(|(at, id)| (id.clone(), at)).collect();
        self.places.get_or_init(all).get(id).copied()
    }
}

/// A row without one is nobody's: it is told, and left as it is.
fn employee_id(row: &Row) -> anyhow::Result<String> {
    Ok(row.text_opt("EMPLOYEE_ID")?.unwrap_or_default())
}

fn read_users(world: &mut World<'_>) -> anyhow::Result<KnownUsers> {
    let mut users = KnownUsers::default();
    world
        .db
        .each(&sql!("sync_managers/select_users"), &all_users(world.config), &mut |row| {
            let id = employee_id(row)?;
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

fn look_up(directory: &mut dyn Directory, ids: &[String]) -> anyhow::Result<Vec<ManagerAnswer>> {
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
struct ManagerDiff {
    plan: Plan,
    rule: FillRule,
    tally: AnswerTally,
    now: NaiveDateTime,
    /// `[fills in, replaces][by the id, by the row]`
    steps: [[Step; 2]; 2],
    /// By the manager, of whom `answers` holds one value for all their people, and by which of their columns
    /// differ: a hundred thousand people have a tenth as many managers, so that much is said again and again.
    said: HashMap<(*const LineManager, [bool; 3]), SharedText>,
}

/// What changes say alike for all the people of one manager.
struct SharedText {
    after: Arc<str>,
    why: Arc<str>,
}

impl ManagerDiff {
    fn new(config: &Config, rule: FillRule, now: NaiveDateTime) -> Self {
        let sql = if config.sync_managers.all_users {
            sql!("sync_managers/update_any_manager")
        } else {
            sql!("sync_managers/update_manager")
        };
        ManagerDiff {
            plan: Plan { noticed: Counts::named(&COUNTS), ..Plan::default() },
            rule,
            tally: AnswerTally::default(),
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
        answer: &ManagerAnswer,
        shared: bool,
    ) -> anyhow::Result<()> {
        if let Some((count, remark)) = self.rule.without_manager(id, answer) {
            self.tally.add(answer, None);
            self.keep(id, count, remark);
            return Ok(());
        }
        let ManagerAnswer::Manager { manager, is_self } = answer else { return Ok(()) };
        let fate = self.rule.fill(row, manager, *is_self)?;
        self.tally.add(answer, Some(&fate));
        match fate {
            RowFate::Kept { count, remark } => self.keep(id, count, remark),
            RowFate::Filled { values, remarks } => {
                for (kind, message) in remarks {
                    if kind == "manager_incomplete" {
                        self.plan.noticed.add("incomplete", 1);
                    }
                    self.plan.find(kind, id, message);
                }
                self.update(row, id, manager, values, shared)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, id: &str, count: &'static str, (kind, message): Remark) {
        self.plan.noticed.add(count, 1);
        self.plan.find(kind, id, message);
    }

    fn update(
        &mut self,
        row: &Row,
        id: &str,
        manager: &Arc<LineManager>,
        values: [Value; 3],
        shared: bool,
    ) -> anyhow::Result<()> {
        let mut differs = [false; 3];
        let mut replaces = false;
        for ((column, new), differs) in COLUMNS.iter().zip(&values).zip(&mut differs) {
            let old = row.get(column)?;
            *differs = !holds(old, new);
            replaces |= *differs && !old.is_null();
        }
        if differs == [false; 3] {
            self.plan.noticed.add("unchanged", 1);
            return Ok(());
        }
        let now = self.now;
        let said = self
            .said
            .entry((Arc::as_ptr(manager), differs))
            .or_insert_with(|| SharedText::new(&values, differs, now));
        let change = Change {
            key: id.into(),
            action: Action::Update,
            why: match row.text_opt("LINEMANAGER_ID")?.zip(manager.id.text()) {
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
        let [manager_id, name, mail] = values;
        let mut binds = Vec::with_capacity(5 + usize::from(shared));
        binds.extend([manager_id, name, mail, Value::Date(now), row.get("EMPLOYEE_ID")?.clone()]);
        if shared {
            binds.push(row.get("ROW_ID")?.clone());
        }
        let step = &mut self.steps[usize::from(replaces)][usize::from(shared)];
        step.touches.push(Touch { unit: id.into(), binds, change, seen: None });
        Ok(())
    }

    fn finish(self, config: &Config, found_before: Option<u64>) -> Plan {
        let ManagerDiff { mut plan, steps, tally, .. } = self;
        plan.doubts.extend(tally.doubts(config, found_before));
        plan.remembered.insert(doubts::REMEMBERED.to_owned(), tally.found().into());
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
        hold: if more_names.is_empty() { Hold::Key("EMPLOYEE_ID", USER) } else { Hold::Row(USER) },
        counts: &["updated"],
        takes,
        touches: Touches::default(),
    }
}

impl SharedText {
    /// What is said where no other line manager stood there before.
    fn new(values: &[Value; 3], differs: [bool; 3], now: NaiveDateTime) -> Self {
        let updated = Value::Date(now);
        let changed = COLUMNS.iter().zip(values).zip(differs).filter(|(_, differs)| *differs);
        let changed = changed.map(|((column, value), _)| (*column, value));
        let changed: Vec<(&str, &Value)> = changed.chain([("UPDATED_DATE", &updated)]).collect();
        // Ids only: names and addresses are in the images, which can be erased.
        let mut why = format!("the directory says {}", values[0].display());
        if !differs[0] {
            why.push_str(", with another name or mail");
        }
        SharedText { after: image(&changed).into(), why: why.into() }
    }
}

/// Whether a column holds just this.
fn holds(column: &Value, new: &Value) -> bool {
    match (column, new) {
        (Value::Null, new) => new.is_null(),
        (held, Value::Null) => held.is_null(),
        (Value::Text(held), Value::Text(new)) => held == new,
        (held, new) => held.display() == new.display(),
    }
}
