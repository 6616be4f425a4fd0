//! The port to the database: read, write, commit. `oracle.rs` and `sqlite.rs` alone name a driver.
//!
//! A connection is one transaction. Dropped without `commit`, nothing happened.
//! `tests/it/db_contract.rs` states every promise made here and holds each adapter to it.

mod bind;
mod column;
mod dates;
mod image;
mod logged;
mod oracle;
mod sqlite;
mod value;

use std::fmt;
use std::time::Duration;

use crate::config::{DatabaseConfig, Url};
use crate::exit::write_mark;
use crate::sql::Sql;

pub(crate) use bind::Bind;
pub use bind::BindArray;
#[cfg(test)]
pub(crate) use column::RowChanger;
pub(crate) use column::TableExtras;
pub use column::{Column, ColumnFill, ColumnLength};
pub(crate) use column::{invisible, table_extras};
pub use dates::parse_date;
pub(crate) use dates::{date_text, write_day};
pub(crate) use image::{image, image_of};
pub use value::{Row, Value};

/// Named binds of one statement; every name the statement uses, no other, each once.
pub type Binds<'a> = &'a [(&'a str, Value)];

/// What hears the rows of an answer, one at a time.
pub type EachRow<'a> = &'a mut dyn FnMut(&Row) -> anyhow::Result<()>;

/// Looks; can't write.
pub trait Read {
    /// Hands every row of a query's answer to `row`, holding no more than a fetch array of them.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`); an unknown or forgotten bind; what `row` returns.
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, row: EachRow<'_>) -> anyhow::Result<()>;

    /// All rows of a query's answer.
    ///
    /// # Errors
    /// As [`Read::each`].
    fn rows(&mut self, sql: &Sql, binds: Binds<'_>) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.each(sql, binds, &mut |row| {
            rows.push(row.clone());
            Ok(())
        })?;
        Ok(rows)
    }

    /// Columns of each of these tables in order, invisible ones too; none of one that is not there. Several tables
    /// are asked about at once.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>>;

    /// Those of one table.
    ///
    /// # Errors
    /// As [`Read::columns_of`].
    fn columns(&mut self, table: &str) -> anyhow::Result<Vec<Column>> {
        Ok(self.columns_of(&[table])?.pop().unwrap_or_default())
    }

    /// Which kind of database this is.
    fn dialect(&self) -> Dialect;

    /// What answers: product and version.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    fn version(&mut self) -> anyhow::Result<String>;
}

/// Looks and writes, in the one transaction that the connection is.
pub trait Transaction: Read {
    /// Carries out one statement for each row of binds, as array DML. Returns how many rows of the
    /// table each one touched.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`); nothing of the statement is to be relied on then.
    fn change_many(&mut self, sql: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>>;

    /// The same, answered within `patience`: for rows that others hold, and are waited for.
    ///
    /// # Errors
    /// As [`Transaction::change_many`]; one that came of waiting carries [`CallTimedOut`].
    fn change_within(
        &mut self,
        _patience: Duration,
        sql: &Sql,
        array: &BindArray<'_>,
    ) -> anyhow::Result<Vec<u64>> {
        self.change_many(sql, array) // Of the embedded database this connection is the only writer.
    }

    /// Carries out a statement that defines something. It may commit (Oracle's DDL does).
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    fn define(&mut self, sql: &Sql) -> anyhow::Result<()>;

    /// Ends the transaction: all of it is in place from here on.
    ///
    /// # Errors
    /// The database refused (`Exit` by cause), or the line broke and nobody knows: then the error
    /// carries [`CommitUnanswered`].
    fn commit(self: Box<Self>) -> anyhow::Result<()>;

    /// Carries out one last statement, once, and ends the transaction with it: one round trip for
    /// both. Only for a statement that fails when it does not do its work, as INSERT … VALUES does:
    /// nobody looks at how many rows it touched before they are committed.
    ///
    /// # Errors
    /// As [`Transaction::change_many`], and nothing is committed then; or as [`Transaction::commit`].
    fn commit_with(self: Box<Self>, sql: &Sql, row: &BindArray<'_>) -> anyhow::Result<()>;
}

/// The kinds of database that recert speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Oracle Database 19c or later.
    Oracle,
    /// The embedded database, for trials and tests.
    Sqlite,
}

/// What a connection is opened for; decides how it starts and what the database shows of it.
#[derive(Clone, Debug)]
pub struct SessionSpec {
    /// The command, as the DBA sees it in `V$SESSION.ACTION`.
    pub action: String,
    /// The run's id, as the DBA sees it in `V$SESSION.CLIENT_IDENTIFIER`.
    pub run_id: String,
    /// Whether anything is to be written.
    pub writes: bool,
    /// Whether a database that does not exist yet may be made (embedded only; `migrate` and `demo`).
    pub defines: bool,
}

impl SessionSpec {
    /// That of a command which only reads: it sees one state of the database all the way.
    #[must_use]
    pub fn reading(command: &str) -> SessionSpec {
        SessionSpec {
            action: command.to_owned(),
            run_id: uuid::Uuid::now_v7().to_string(),
            writes: false,
            defines: false,
        }
    }
}

/// Marks an error after which a whole new run may well succeed.
#[derive(Clone, Copy, Debug)]
pub struct Transient;

impl fmt::Display for Transient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_mark("transient", f)
    }
}

/// Marks a COMMIT whose answer was lost: the changes may be in place or not.
#[derive(Clone, Copy, Debug)]
pub struct CommitUnanswered;

impl fmt::Display for CommitUnanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke during COMMIT")
    }
}

/// Marks an error that says that a call took longer than it may.
#[derive(Clone, Copy, Debug)]
pub struct CallTimedOut;

impl fmt::Display for CallTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it took too long")
    }
}

/// Marks an error that says that a key is taken.
#[derive(Clone, Copy, Debug)]
pub struct TakenKey;

impl fmt::Display for TakenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is taken")
    }
}

/// Whether a key that a statement was to add is there already.
#[must_use]
pub(crate) fn is_taken_key(error: &anyhow::Error) -> bool {
    error.downcast_ref::<TakenKey>().is_some()
}

/// Marks an error of array DML with the row, from 0, whose values the database refused.
#[derive(Clone, Copy, Debug)]
pub struct FailedRow(pub usize);

impl fmt::Display for FailedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of the array", self.0 + 1)
    }
}

/// Marks a value that no text can hold: what recert never writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

/// Whether a whole new run may succeed where this one failed.
#[must_use]
pub fn is_transient(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Transient>().is_some()
}

/// The version of the Oracle client library at hand.
///
/// # Errors
/// `Exit::Config`: there is none, or none that can be used.
pub(crate) fn oracle_client(config: &DatabaseConfig) -> anyhow::Result<String> {
    oracle::client_version(config)
}

/// How long to wait for a lock on the embedded database before it counts as busy.
const SQLITE_PATIENCE: Duration = Duration::from_millis(1_500);

/// Who opens a database: [`open`], but for tests of what breaks on the way there.
pub type OpenDatabase<'a> =
    &'a dyn Fn(&DatabaseConfig, &SessionSpec) -> anyhow::Result<Box<dyn Transaction>>;

/// Opens a connection, which is a transaction.
///
/// # Errors
/// `Exit::Config`: wrong login, no client library, no such file; `Exit::Unavailable`: nobody
/// answers; `Exit::Busy`: somebody else is writing to the embedded database.
pub fn open(
    config: &DatabaseConfig,
    session: &SessionSpec,
) -> anyhow::Result<Box<dyn Transaction>> {
    let began = std::time::Instant::now();
    let opened: Box<dyn Transaction> = match config.target()? {
        Url::Sqlite(path) => Box::new(sqlite::Sqlite::open(&path, session, SQLITE_PATIENCE)?),
        Url::Oracle(identifier) => Box::new(oracle::Oracle::open(&identifier, config, session)?),
    };
    tracing::debug!(ms = began.elapsed().as_secs_f64() * 1_000.0, "connection opened");
    if tracing::enabled!(tracing::Level::TRACE) {
        return Ok(Box::new(logged::LoggedTransaction(opened)));
    }
    Ok(opened)
}
