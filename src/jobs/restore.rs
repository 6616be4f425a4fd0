//! Puts back what a run took or changed (section 4 of the spec).
//! Safe to rerun: a row that is again as it was before the run is left alone.

mod found;
mod source;
mod statements;
mod table;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::{Value as Json, json};

use self::found::RowNow;
use self::source::{ChangedRow, RestoreSource};
use self::statements::RestoreStatements;
use self::table::{RowTodo, TableNow};
use super::{Job, JobSpec, PlanJob, World};
use crate::config::{Config, DatabaseConfig};
use crate::db::Read;
use crate::exit::Exit;
use crate::fingerprint::Fingerprint;
use crate::ledger::LedgerRun;
use crate::ledger::read::find_run;
use crate::plan::{Action, Change, ChangeResult, Counts, KeptRow, Plan, Touch};
use crate::schema::is_key_like;

/// `recert restore`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The run to take back, or at least eight characters of the beginning of its id
    #[arg(value_name = "RUN_ID")]
    pub run_id: String,
    /// Only rows of this table, or of one key in it, or of what that key begins with
    #[arg(long, value_name = "TABLE[:KEY]")]
    pub only: Vec<Only>,
    /// Leave rows that somebody changed since the run, and put back the others
    #[arg(long)]
    pub skip_changed: bool,
    /// The database of the config that the run worked on
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub database: String,
}

impl Args {
    /// All of one run of the main database.
    pub(super) fn of(run_id: &str) -> Self {
        let database = "main".to_owned();
        Args { run_id: run_id.to_owned(), only: Vec::new(), skip_changed: false, database }
    }
}

/// `--only TABLE[:KEY]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    table: String,
    key: Option<String>,
}

impl std::str::FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (table, key) = match text.split_once(':') {
            Some((table, key)) => (table, Some(key.to_owned())),
            None => (text, None),
        };
        if table.trim().is_empty() || key.as_deref() == Some("") {
            return Err("expected a table, or a table, a colon and a key".to_owned());
        }
        Ok(Only { table: table.trim().to_uppercase(), key })
    }
}

impl Only {
    /// Whether a change is meant: its key is the one named, or begins with it and a slash.
    fn matches(&self, table: &str, key: &str) -> bool {
        self.table == table
            && self.key.as_deref().is_none_or(|wanted| is_key_like(wanted, table, key))
    }
}

const COUNTS: [&str; 7] = [
    "changes",
    "rows_inserted",
    "rows_updated",
    "rows_deleted",
    "already_restored",
    "changed_since",
    "erased",
];

/// A row that is to be put back, before it is one of a step's touches.
struct RowToPutBack {
    table: Arc<str>,
    columns: Arc<[String]>,
    touch: Touch,
    /// By what rows like it are counted, where it comes or goes: how many were there, and for one that comes, where
    /// its key stands among the columns.
    like: Option<RowsLike>,
}

/// Rows of a table that share a key.
struct RowsLike {
    key: Fingerprint,
    n_there: i64,
    places: Vec<usize>,
}

pub(super) const SPEC: JobSpec = JobSpec {
    name: "restore",
    lock: None,
    limits: Some(|config| &config.limits.restore),
    application: None,
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

    fn lock(&self, db: &mut dyn Read) -> anyhow::Result<&'static str> {
        lock_of(&self.run_id, db)
    }

    fn parameters(&self) -> Json {
        let mut parameters = json!({"run_id": self.run_id});
        if !self.only.is_empty() {
            let only = self.only.iter().map(|only| match &only.key {
                Some(key) => format!("{}:{key}", only.table),
                None => only.table.clone(),
            });
            parameters["only"] = only.collect();
        }
        if self.skip_changed {
            parameters["skip_changed"] = true.into();
        }
        if self.database != "main" {
            parameters["database"] = self.database.as_str().into();
        }
        parameters
    }

    /// Where the run worked. A name that the config does not know is refused by [`plan`].
    fn database<'a>(&self, config: &'a Config) -> &'a DatabaseConfig {
        config.database_or_main(&self.database)
    }
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let run = find(args, world)?;
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    let mut source = source::read(&run, &args.only, world.db)?;
    plan.noticed.add("changes", source.n_changes);
    tell::erased(&source, &run, &mut plan);
    tell::restored_before(&run, world, &mut plan)?;

    let mut tables = read_tables(&mut source, world.db)?;
    // The last change first, as the last one undone must be the first one done.
    source.rows.sort_by_key(|row| row.seq);
    let (mut statements, mut since) = (RestoreStatements::default(), Vec::new());
    // There may be a million of them: each is dropped as soon as its touch is packed, and its room with it.
    while let Some(row) = source.rows.pop() {
        if source.rows.len().is_power_of_two() {
            source.rows.shrink_to_fit();
        }
        let Some(table) = tables.get_mut(&row.table) else { continue };
        match table.decide(&row)? {
            RowTodo::Nothing => plan.noticed.add("already_restored", 1),
            RowTodo::IsThere(now) => {
                plan.noticed.add("already_restored", 1);
                plan.kept.push(kept(&row, now));
            }
            RowTodo::ChangedSince => since.push(row),
            todo => {
                table.takes_away |=
                    matches!(todo, RowTodo::Delete(_)) && !TOLD.contains(&&*row.table);
                statements.extend(put_back(table, &row, todo, &run)?);
            }
        }
    }
    tell::changed(since, args, &mut plan)?;
    let away = tables.values().filter(|table| table.takes_away);
    plan.population = away.map(|table| table.n_rows).sum();
    drop(tables);
    let steps = statements.into_steps();
    tell::next_run(&steps, &run, &mut plan);
    tell::left_behind(&steps, world, &mut plan)?;
    plan.steps = steps;
    Ok(plan)
}

/// The tables that the run changed, as they are now.
fn read_tables(
    source: &mut RestoreSource,
    db: &mut dyn Read,
) -> anyhow::Result<BTreeMap<Arc<str>, TableNow>> {
    let names: BTreeSet<Arc<str>> = source.rows.iter().map(|row| Arc::clone(&row.table)).collect();
    let read = |name: Arc<str>| {
        let rows = source.rows.iter_mut().filter(|row| row.table == name);
        Ok((Arc::clone(&name), TableNow::read(&name, rows, db)?))
    };
    names.into_iter().map(read).collect()
}

/// What is decided about a row, as a touch; nothing, where it is left alone.
fn put_back(
    table: &mut TableNow,
    row: &ChangedRow,
    todo: RowTodo,
    run: &LedgerRun,
) -> anyhow::Result<Option<RowToPutBack>> {
    Ok(match todo {
        RowTodo::Nothing | RowTodo::IsThere(_) | RowTodo::ChangedSince => None,
        RowTodo::Insert => Some(insert(table, row, run)?),
        RowTodo::Update(now) => Some(update(table, row, now, run)?),
        RowTodo::Delete(now) => Some(delete(table, row, now, run)?),
    })
}

/// So often a restore may have been restored; an edited ledger could lead round in a ring.
const RESTORES_MAX: usize = 1_000;

/// The lock of the run that is taken back; of a restore, of the one that it took back. That there is
/// no such run is for [`plan`] to say.
fn lock_of(run_id: &str, db: &mut dyn Read) -> anyhow::Result<&'static str> {
    let mut run_id = run_id.to_owned();
    for _ in 0..RESTORES_MAX {
        let Some(run) = find_run(&run_id, db)? else { break };
        if run.job != SPEC.name {
            let spec = Job::ALL.into_iter().find(|spec| spec.name == run.job);
            return Ok(spec.and_then(|spec| spec.lock).unwrap_or("people"));
        }
        let parameters: Json = serde_json::from_str(&run.parameters).unwrap_or_default();
        run_id = parameters["run_id"].as_str().unwrap_or_default().to_owned();
        if run_id.is_empty() {
            break;
        }
    }
    Ok("access")
}

fn find(args: &Args, world: &mut World<'_>) -> anyhow::Result<LedgerRun> {
    let databases = world.config.databases();
    if !databases.iter().any(|(name, _)| *name == args.database) {
        return Err(anyhow!("the config has no database of its own called `{}`", args.database)
            .context(Exit::Usage));
    }
    let run = find_run(&args.run_id, world.db)?.ok_or_else(|| {
        let others: Vec<String> = databases
            .iter()
            .filter(|(name, _)| *name != args.database)
            .map(|(name, _)| format!("`--database {name}`"))
            .collect();
        let hint = if others.is_empty() {
            String::new()
        } else {
            format!("; try {}", others.join(" or "))
        };
        anyhow!(
            "no run `{}` is in the ledger of the database `{}`{hint}",
            args.run_id,
            args.database
        )
        .context(Exit::Usage)
    })?;
    if run.job == crate::ledger::archive::JOB {
        return Err(anyhow!(
            "run {} archived old images; the file it wrote holds them",
            run.run_id
        )
        .context(Exit::Usage));
    }
    world.ledger.chain(world.db)?.must_reach(&run.run_id)?;
    Ok(run)
}

fn insert(table: &mut TableNow, row: &ChangedRow, run: &LedgerRun) -> anyhow::Result<RowToPutBack> {
    let image = row.before()?.unwrap_or_default();
    let (columns, binds) = table.binds(&image, None)?;
    let change = change(row, Action::Insert, None, Some(image.json(&columns)), run);
    let like = table.key_places(&columns, &binds).zip(table.count_like(&image));
    let like = like.map(|(places, (key, n_there))| RowsLike { key, n_there, places });
    Ok(RowToPutBack {
        table: Arc::clone(&row.table),
        columns,
        like,
        touch: Touch { unit: unit(row), binds, change, seen: None },
    })
}

fn update(
    table: &mut TableNow,
    row: &ChangedRow,
    now: RowNow,
    run: &LedgerRun,
) -> anyhow::Result<RowToPutBack> {
    let image = row.before()?.unwrap_or_default();
    let (columns, mut binds) = table.binds(&image, Some(&row.set))?;
    binds.push(now.row_id);
    let change = change(row, Action::Update, Some(now.image), Some(image.json(&columns)), run);
    Ok(RowToPutBack {
        table: Arc::clone(&row.table),
        columns,
        like: None,
        touch: Touch { unit: unit(row), binds, change, seen: None },
    })
}

fn delete(
    table: &mut TableNow,
    row: &ChangedRow,
    now: RowNow,
    run: &LedgerRun,
) -> anyhow::Result<RowToPutBack> {
    let like = row.after()?.and_then(|image| table.count_like(&image));
    let like = like.map(|(key, n_there)| RowsLike { key, n_there, places: Vec::new() });
    let change = change(row, Action::Delete, Some(now.image), None, run);
    let touch = Touch { unit: unit(row), binds: vec![now.row_id], change, seen: None };
    let table = Arc::clone(&row.table);
    Ok(RowToPutBack { table, columns: Arc::from([]), touch, like })
}

/// Which row, in whatever table.
fn unit(row: &ChangedRow) -> Arc<str> {
    [&*row.table, ":", &*row.key].concat().into()
}

/// A row that is as it was before the run: to be left alone, it has to be so still at the end.
fn kept(row: &ChangedRow, now: RowNow) -> KeptRow {
    KeptRow {
        table: Arc::clone(&row.table),
        key: row.key.clone(),
        row_id: now.row_id,
        image: now.image,
    }
}

fn change(
    row: &ChangedRow,
    action: Action,
    before: Option<Box<str>>,
    after: Option<String>,
    run: &LedgerRun,
) -> Change {
    Change {
        key: row.key.clone(),
        action,
        why: format!("restores change {} of run {} ({})", row.seq, run.run_id, run.job).into(),
        result: ChangeResult::Applied,
        before,
        after: after.map(Into::into),
    }
}

/// Tables whose rows only tell of a run: that they go again takes nothing from anybody.
const TOLD: [&str; 2] = ["OPS_DB_HISTORY", "OPS_EVENT"];

/// Whether the row counts against the limit.
fn takes_away(back: &RowToPutBack) -> bool {
    action(back) == Action::Delete && !TOLD.contains(&&*back.table)
}

fn action(back: &RowToPutBack) -> Action {
    back.touch.change.action
}
