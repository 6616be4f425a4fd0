//! `recert migrate`: adds what is missing, never drops. Safe to rerun: what is there is left alone.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Context as _;

use super::CommandContext;
use crate::config::{Config, DatabaseConfig, Url};
use crate::db::{self, BindArray, Dialect, SessionSpec, Transaction, Value};
use crate::exit::Exit;
use crate::jobs::Job;
use crate::ledger::canonical::GENESIS;
use crate::outcome::Outcome;
use crate::plan::Counts;
use crate::schema::{Owner, Table, tables};
use crate::script::{Literal, bind_into};
use crate::sql;
use crate::sql::{Sql, quote_name};
use crate::summary::{Status, Summary};

/// `recert migrate`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Create the applications' tables too (trials, UAT)
    #[arg(long)]
    pub base_tables: bool,
    /// Write the statements for a DBA, and carry out none
    #[arg(long, value_enum)]
    pub format: Option<ScriptFormat>,
    /// Whose script it is, without looking at any database: everything that recert may need
    #[arg(long, value_enum, value_name = "DIALECT", requires = "format")]
    pub dialect: Option<ScriptDialect>,
    /// The script's file; without it, stdout
    #[arg(long, value_name = "F", requires = "format")]
    pub out: Option<PathBuf>,
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScriptFormat {
    /// A script of the statements that are missing
    Sql,
}

/// `--dialect`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScriptDialect {
    /// Oracle Database 19c or later
    Oracle,
    /// The embedded database
    Sqlite,
}

/// What one database lacks.
#[derive(Default)]
struct MissingPieces {
    statements: Vec<Sql>,
    locks: Vec<&'static str>,
    counts: Counts,
}

/// Adds what is missing to every database of the config, or writes it down.
///
/// # Errors
/// What the databases say, classed (`Exit`).
pub fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let mut counts =
        Counts::named(&["tables_created", "columns_added", "indexes_added", "locks_added"]);
    let mut scripts = Vec::new();
    if let Some(dialect) = args.dialect {
        let dialect = match dialect {
            ScriptDialect::Oracle => Dialect::Oracle,
            ScriptDialect::Sqlite => Dialect::Sqlite,
        };
        let owners = [Owner::Own, Owner::Rap, Owner::Ops, Owner::ProfileMap];
        let missing = find_missing(None, dialect, &owners, args.base_tables)?;
        missing.counts.iter().for_each(|(name, n)| counts.add(name, n));
        scripts.push(script(&missing, dialect, None)?);
    }
    let to_look_at = if args.dialect.is_some() { Vec::new() } else { databases(context.config) };
    for (database, owners) in to_look_at {
        let done = match args.format {
            None => add_missing(database, &owners, args.base_tables, context)
                .map_err(|error| after_others(error, &counts))?,
            Some(ScriptFormat::Sql) => {
                let mut db = open_to_look(database)?;
                let dialect = dialect_of(database);
                let missing = find_missing(db.as_deref_mut(), dialect, &owners, args.base_tables)?;
                scripts.push(script(&missing, dialect, Some(&database.url))?);
                missing.counts
            }
        };
        done.iter().for_each(|(name, n)| counts.add(name, n));
    }
    if args.format.is_some() {
        let script = scripts.concat();
        context.write_out(args.out.as_deref(), |out| Ok(out.write_all(script.as_bytes())?))?;
    }
    let nothing = counts.iter().all(|(_, n)| n == 0);
    let status = match (args.format, nothing) {
        (Some(_), _) => Status::Planned,
        (None, true) => Status::Unchanged,
        (None, false) => Status::Applied,
    };
    let outcome = Outcome::of(Summary { counts, ..context.summary(status)? });
    Ok(match (args.format, &args.out) {
        // A script on stdout leaves no room for a summary.
        (Some(_), None) => outcome.said(),
        (Some(_), Some(_)) => outcome,
        (None, _) => outcome.lasting(),
    })
}

/// Each database of the config once, with whose tables are in it.
pub(super) fn databases(config: &Config) -> Vec<(&DatabaseConfig, Vec<Owner>)> {
    let ops = config.disable_inactive.database.as_ref();
    let pm = config.import.database.as_ref();
    let homes = [
        (Owner::Rap, &config.database),
        (Owner::Ops, ops.unwrap_or(&config.database)),
        (Owner::ProfileMap, pm.unwrap_or(&config.database)),
    ];
    let mut databases: Vec<(&DatabaseConfig, Vec<Owner>)> = Vec::new();
    for (owner, database) in homes {
        match databases.iter_mut().find(|(known, _)| known.is_same_place(database)) {
            Some((_, owners)) => owners.push(owner),
            None => databases.push((database, vec![Owner::Own, owner])),
        }
    }
    databases
}

fn dialect_of(database: &DatabaseConfig) -> Dialect {
    if database.url.starts_with("oracle:") { Dialect::Oracle } else { Dialect::Sqlite }
}

fn add_missing(
    database: &DatabaseConfig,
    owners: &[Owner],
    base_tables: bool,
    context: &CommandContext<'_>,
) -> anyhow::Result<Counts> {
    let session = SessionSpec {
        action: "migrate".to_owned(),
        run_id: context.facts.run_id.clone(),
        writes: true,
        defines: true,
    };
    let mut db = db::open(database, &session)?;
    let missing = find_missing(Some(&mut *db), dialect_of(database), owners, base_tables)?;
    let counts = missing.counts.clone();
    add(missing, db)?;
    Ok(counts)
}

/// For a script, an embedded database that does not exist yet simply lacks everything.
fn open_to_look(database: &DatabaseConfig) -> anyhow::Result<Option<Box<dyn Transaction>>> {
    if let Url::Sqlite(path) = database.target()?
        && !path.exists()
    {
        return Ok(None);
    }
    Ok(Some(db::open(database, &SessionSpec::reading("migrate"))?))
}

fn find_missing(
    mut db: Option<&mut (dyn Transaction + 'static)>,
    dialect: Dialect,
    owners: &[Owner],
    base_tables: bool,
) -> anyhow::Result<MissingPieces> {
    let mut missing = MissingPieces::default();
    for table in tables().into_iter().filter(|table| owners.contains(&table.owner)) {
        let there = match &mut db {
            Some(db) => db
                .columns(table.name)
                .with_context(|| format!("looking at the table {}", table.name))?,
            None => Vec::new(),
        };
        if !there.is_empty() {
            let there: Vec<&str> = there.iter().map(|column| column.name.as_str()).collect();
            add_columns(&table, &there, dialect, &mut missing);
            if let Some(db) = db.as_deref_mut().filter(|_| base_tables || table.owner == Owner::Own)
            {
                add_indexes(&table, db, &mut missing)?;
            }
        } else if base_tables || table.owner == Owner::Own {
            missing.counts.add("tables_created", 1);
            missing.statements.push(table.create.clone());
            missing.statements.extend(table.then);
        }
    }
    missing.locks = match db {
        Some(db) => missing_locks(db)?,
        None => all_locks(),
    };
    missing.counts.add("locks_added", missing.locks.len() as u64);
    Ok(missing)
}

/// The rows of RECERT_LOCK: one for each thing that jobs write, and the chain's end.
fn all_locks() -> Vec<&'static str> {
    let mut locks: Vec<&str> = Job::ALL.iter().filter_map(|spec| spec.lock).collect();
    locks.sort_unstable();
    locks.dedup();
    locks.push("ledger");
    locks
}

/// Which of them are not there.
pub(super) fn missing_locks(db: &mut dyn Transaction) -> anyhow::Result<Vec<&'static str>> {
    let there = locks(db)?;
    let mut wanted = all_locks();
    wanted.retain(|job| !there.iter().any(|there| there == job));
    Ok(wanted)
}

fn locks(db: &mut dyn Transaction) -> anyhow::Result<Vec<String>> {
    if db.columns("RECERT_LOCK")?.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.rows(&sql!("schema/own/select_locks"), &[])?;
    rows.iter().map(|row| row.text("JOB")).collect()
}

fn add_columns(table: &Table, there: &[&str], dialect: Dialect, missing: &mut MissingPieces) {
    for (name, data_type) in table.columns(dialect) {
        if !there.contains(&name.as_str()) {
            let text = format!("ALTER TABLE {} ADD {} {data_type}", table.name, quote_name(&name));
            missing.statements.push(Sql::made(format!("schema/add {}.{name}", table.name), text));
            missing.counts.add("columns_added", 1);
        }
    }
}

/// An index that a migration which broke off could not make any more.
fn add_indexes(
    table: &Table,
    db: &mut dyn Transaction,
    missing: &mut MissingPieces,
) -> anyhow::Result<()> {
    if table.then.is_empty() {
        return Ok(());
    }
    let binds = [("table_name", table.name.into())];
    let rows = db.rows(&sql!("check/select_indexes", dialects), &binds)?;
    let there = rows.iter().map(|row| row.text("INDEX_NAME"));
    let there = there.collect::<anyhow::Result<HashSet<String>>>()?;
    for statement in &table.then {
        if index_name(statement).is_some_and(|name| !there.contains(&name)) {
            missing.statements.push(statement.clone());
            missing.counts.add("indexes_added", 1);
        }
    }
    Ok(())
}

/// The name of the index that a statement makes.
fn index_name(statement: &Sql) -> Option<String> {
    let mut words = statement.oracle().split_whitespace().skip_while(|word| *word != "INDEX");
    words.nth(1).map(str::to_uppercase)
}

fn add(missing: MissingPieces, mut db: Box<dyn Transaction>) -> anyhow::Result<()> {
    for (done, statement) in missing.statements.iter().enumerate() {
        let defined = db.define(statement);
        defined.map_err(|error| broken_off(error, &missing, done, db.dialect()))?;
    }
    let rows: Vec<Vec<Value>> = missing.locks.iter().map(|job| lock_row(job)).collect();
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    let dialect = db.dialect();
    let mut add_locks = || -> anyhow::Result<()> {
        if !rows.is_empty() {
            let array = BindArray::of(&["job", "head_sha256"], &rows);
            db.change_many(&sql!("schema/own/insert_lock", dialects), &array)?;
        }
        Ok(())
    };
    let ended = add_locks().and_then(|()| db.commit());
    ended.map_err(|error| broken_off(error, &missing, missing.statements.len(), dialect))
}

/// Oracle commits each definition: what is made stays, and from 75 on nothing would have changed.
fn broken_off(
    error: anyhow::Error,
    missing: &MissingPieces,
    done: usize,
    dialect: Dialect,
) -> anyhow::Error {
    if dialect == Dialect::Sqlite || done == 0 {
        return error;
    }
    let names =
        |statements: &[Sql]| statements.iter().map(|sql| sql.name.to_string()).collect::<Vec<_>>();
    let (made, not_made) = missing.statements.split_at(done);
    let mut not_made = names(not_made);
    if !missing.locks.is_empty() {
        not_made.push(format!("the rows of RECERT_LOCK for {}", missing.locks.join(", ")));
    }
    let mut done = format!("made and kept: {}", names(made).join(", "));
    if !not_made.is_empty() {
        done.push_str(&format!("; not made: {}", not_made.join(", ")));
    }
    goes_on(error, &done)
}

/// The databases before this one have what they lacked.
fn after_others(error: anyhow::Error, counts: &Counts) -> anyhow::Error {
    let done: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {n}")).collect();
    if done.is_empty() {
        return error;
    }
    goes_on(error, &format!("done in other databases of the config, and kept: {}", done.join(", ")))
}

/// Something was changed: no number may say that nothing was.
fn goes_on(error: anyhow::Error, done: &str) -> anyhow::Error {
    let exit = match Exit::of(&error) {
        Exit::Unavailable | Exit::Busy | Exit::Drifted => Exit::Failed,
        exit => exit,
    };
    error
        .context(format!("{done}; run `recert migrate` again, it goes on from there"))
        .context(exit)
}

fn lock_row(job: &str) -> Vec<Value> {
    let head = (job == "ledger").then_some(GENESIS);
    vec![job.into(), head.into()]
}

/// `url`: of the database that was looked at.
fn script(missing: &MissingPieces, dialect: Dialect, url: Option<&str>) -> anyhow::Result<String> {
    let text = |sql: &Sql| match dialect {
        Dialect::Oracle => sql.oracle().to_owned(),
        Dialect::Sqlite => sql.sqlite().to_owned(),
    };
    let mut out = String::new();
    if dialect == Dialect::Oracle {
        // First, as SQL*Plus would ask for what stands behind an `&` of a comment, too.
        out.push_str("SET DEFINE OFF\nWHENEVER SQLERROR EXIT FAILURE ROLLBACK\n");
    }
    // A descriptor may span lines; a comment may not.
    let url = url.map(|url| url.split_whitespace().collect::<Vec<_>>().join(" "));
    let place = url.map_or_else(|| "an empty schema".to_owned(), |url| format!("`{url}`"));
    out.push_str(&format!(
        "-- recert {}: what `recert migrate` would add to {place}.\n\n",
        env!("CARGO_PKG_VERSION")
    ));
    if dialect == Dialect::Sqlite {
        out.push_str("BEGIN;\n\n"); // Else the last COMMIT would end nothing, which is an error.
    }
    for statement in &missing.statements {
        out.push_str(&text(statement));
        out.push_str(";\n\n");
    }
    for job in &missing.locks {
        out.push_str(&format!("{};\n", lock_statement(job, dialect)?));
    }
    out.push_str("COMMIT;\n");
    Ok(out)
}

/// The statement that adds one lock, for a DBA.
///
/// # Errors
/// None that can happen: the statement has just these binds.
pub(super) fn lock_statement(job: &str, dialect: Dialect) -> anyhow::Result<String> {
    let insert = sql!("schema/own/insert_lock", dialects);
    let insert = match dialect {
        Dialect::Oracle => insert.oracle(),
        Dialect::Sqlite => insert.sqlite(),
    };
    let head = if job == "ledger" { Literal::Text(GENESIS) } else { Literal::Null };
    let statement = bind_into(insert, &[("job", Literal::Text(job)), ("head_sha256", head)])?;
    Ok(statement.to_string())
}
