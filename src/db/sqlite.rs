//! The embedded database: the default for trials and for fast tests.
//!
//! It is held to Oracle's manners: every bind must be given, `''` reads as NULL, a text that means
//! a date is compared as one, and UPPER and LOWER know all letters.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement};

use super::{
    Bind, BindArray, Binds, Column, Dialect, EachRow, FailedRow, Read, Row, SessionSpec,
    Transaction, Unreadable, Value, column, date_text,
};
use crate::exit::Exit;
use crate::files::NONBLOCK;
use crate::sql::Sql;

/// Pages kept in memory, in KiB, to look.
const READ_CACHE_KIB: i64 = 8 * 1024;
/// The same to write: room for what the statements of a plan over a million rows go back and forth in. With a third of
/// it each page is written and read again many times; with more it is hardly faster.
const WRITE_CACHE_KIB: i64 = 24 * 1024;

pub(super) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// Opens the file and begins: IMMEDIATE to write, so that a second writer hears of it at once.
    pub(super) fn open(
        path: &Path,
        session: &SessionSpec,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let open = || -> anyhow::Result<Self> {
            if session.defines {
                make_file(path)?;
            } else if !path.exists() {
                return Err(anyhow!(
                    "no such file; `recert migrate --base-tables` makes it, `recert demo` shows a trial"
                )
                .context(Exit::Config));
            }
            if !path.is_file() {
                return Err(anyhow!("it is no regular file").context(Exit::Config));
            }
            // Not READ_ONLY even to look: after a killed run, opening rolls that run back.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags).map_err(classed)?;
            connection.busy_timeout(patience).map_err(classed)?;
            let cache_kib = if session.writes { WRITE_CACHE_KIB } else { READ_CACHE_KIB };
            connection.pragma_update(None, "cache_size", -cache_kib).map_err(classed)?;
            connection.pragma_update(None, "query_only", !session.writes).map_err(classed)?;
            teach_letters(&connection).map_err(classed)?;
            let begin = if session.writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
            connection.execute_batch(begin).map_err(classed)?;
            Ok(Sqlite { connection })
        };
        open().with_context(|| format!("opening the database `{}`", path.display()))
    }
}

/// Makes the file for the owner alone: it will hold people's data.
fn make_file(path: &Path) -> anyhow::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(NONBLOCK)
        .open(path)
        .map(|_| ())
        .context("making the file")
        .context(Exit::Config)
}

/// SQLite's own UPPER and LOWER stop at ASCII; Oracle's do not.
fn teach_letters(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("upper", 1, flags, |context| {
        fold(context, str::to_ascii_uppercase, str::to_uppercase)
    })?;
    connection.create_scalar_function("lower", 1, flags, |context| {
        fold(context, str::to_ascii_lowercase, str::to_lowercase)
    })
}

fn fold(
    context: &Context<'_>,
    ascii: fn(&str) -> String,
    all: fn(&str) -> String,
) -> rusqlite::Result<Option<String>> {
    Ok(match context.get_raw(0) {
        ValueRef::Null => None,
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes)?;
            Some(if text.is_ascii() { ascii(text) } else { all(text) })
        }
        ValueRef::Integer(n) => Some(n.to_string()),
        ValueRef::Real(x) => Some(x.to_string()),
        ValueRef::Blob(_) => None,
    })
}

impl Read for Sqlite {
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, each: EachRow<'_>) -> anyhow::Result<()> {
        let told = || format!("statement `{}`", sql.name);
        let mut statement =
            self.connection.prepare_cached(sql.sqlite()).map_err(classed).with_context(told)?;
        let names: Vec<&str> = binds.iter().map(|(name, _)| *name).collect();
        let places = bind_places(&statement, &names).with_context(told)?;
        for ((_, value), place) in binds.iter().zip(places) {
            statement.raw_bind_parameter(place, BoundValue(value.into())).map_err(classed)?;
        }
        let columns: Arc<[String]> =
            statement.column_names().map(|name| name.to_uppercase()).collect();
        let mut row = Row { values: vec![Value::Null; columns.len()], columns };
        let mut rows = statement.raw_query();
        while let Some(found) = rows.next().map_err(classed).with_context(told)? {
            for (at, value) in row.values.iter_mut().enumerate() {
                let held = found.get_ref(at).map_err(classed)?;
                fill(value, held).with_context(|| {
                    format!("statement `{}`, column `{}`", sql.name, row.columns[at])
                })?;
            }
            each(&row)?;
        }
        Ok(())
    }

    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
        let mut found = column::select_columns(tables, self)?;
        // Moments are text here, and kept whole whatever the type says.
        found.iter_mut().flatten().for_each(|column| column.fraction_digits = None);
        Ok(found)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn version(&mut self) -> anyhow::Result<String> {
        Ok(format!("SQLite {}", rusqlite::version()))
    }
}

impl Transaction for Sqlite {
    fn change_many(&mut self, sql: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>> {
        let told = || format!("statement `{}`", sql.name);
        let mut statement =
            self.connection.prepare_cached(sql.sqlite()).map_err(classed).with_context(told)?;
        let places = bind_places(&statement, array.names()).with_context(told)?;
        let mut touched = Vec::with_capacity(array.n_rows());
        let mut bound: Vec<Bind<'_>> = Vec::new();
        for (number, row) in array.rows().enumerate() {
            for (at, (bind, place)) in row.iter().zip(&places).enumerate() {
                // A bind stays bound, and much of a run says the same in every row.
                if !bound.get(at).is_some_and(|before| before.is_the_same(bind)) {
                    statement.raw_bind_parameter(*place, BoundValue(*bind)).map_err(classed)?;
                }
            }
            bound.clear();
            bound.extend_from_slice(row);
            let n = statement.raw_execute().map_err(|error| {
                let error = classed(error);
                match Exit::of(&error) {
                    Exit::Failed => error.context(FailedRow(number)).context(Exit::Failed),
                    _ => error,
                }
            });
            let n = n.with_context(told)?;
            touched.push(n as u64);
        }
        Ok(touched)
    }

    fn define(&mut self, sql: &Sql) -> anyhow::Result<()> {
        self.connection
            .execute_batch(sql.sqlite())
            .map_err(classed)
            .with_context(|| format!("statement `{}`", sql.name))
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        self.connection.execute_batch("COMMIT").map_err(classed).context("committing")
    }

    fn commit_with(mut self: Box<Self>, sql: &Sql, row: &BindArray<'_>) -> anyhow::Result<()> {
        self.change_many(sql, row)?;
        self.commit()
    }
}

/// Where each named bind goes. SQLite would read a forgotten one as NULL, where Oracle refuses.
fn bind_places(statement: &Statement<'_>, names: &[&str]) -> anyhow::Result<Vec<usize>> {
    for place in 1..=statement.parameter_count() {
        let name = statement.parameter_name(place).unwrap_or("?");
        if !names.iter().any(|given| name.strip_prefix(':') == Some(given)) {
            bail!("no value is given for the bind `{name}`");
        }
    }
    names
        .iter()
        .map(|name| {
            statement
                .parameter_index(&format!(":{name}"))
                .map_err(classed)?
                .ok_or_else(|| anyhow!("the statement has no bind `:{name}`"))
        })
        .collect()
}

/// A value on its way into SQLite.
struct BoundValue<'a>(Bind<'a>);

impl rusqlite::ToSql for BoundValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Bind::Null => ToSqlOutput::from(rusqlite::types::Null),
            Bind::Int(n) => ToSqlOutput::from(n),
            Bind::Real(x) => ToSqlOutput::from(x),
            Bind::Number(text) | Bind::Text(text) => {
                ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
            }
            Bind::Date(at) | Bind::Timestamp(at) => ToSqlOutput::from(date_text(at)),
            Bind::TimestampTz(at) => ToSqlOutput::from(at.to_rfc3339()),
            Bind::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Takes over what a column holds, in the room of what stood there for the row before.
fn fill(value: &mut Value, held: ValueRef<'_>) -> anyhow::Result<()> {
    match held {
        ValueRef::Null => *value = Value::Null,
        ValueRef::Integer(n) => *value = Value::Int(n),
        ValueRef::Real(x) => *value = Value::Real(x),
        ValueRef::Blob(bytes) => match value {
            Value::Bytes(room) => {
                room.clear();
                room.extend_from_slice(bytes);
            }
            _ => *value = Value::Bytes(bytes.to_vec()),
        },
        ValueRef::Text(bytes) => {
            let text =
                std::str::from_utf8(bytes).context("the text is not UTF-8").context(Unreadable)?;
            if let Value::Text(room) = value {
                room.clear();
                room.push_str(text);
            } else {
                *value = Value::Text(text.to_owned());
            }
        }
    }
    Ok(())
}

/// Gives an error of SQLite's its exit code, and says what to do where that is known.
fn classed(error: rusqlite::Error) -> anyhow::Error {
    let message = error.to_string();
    let exit = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return anyhow!("another run is writing to it").context(Exit::Busy);
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::PermissionDenied,
        ) => Exit::Config,
        _ if message.contains("because it is a view") => Exit::Config,
        _ if message.contains("no such table")
            || message.contains("no such column")
            || message.contains("has no column") =>
        {
            return anyhow!(
                "{message}; `recert check` names what is missing, `recert migrate` adds recert's own"
            )
            .context(Exit::Config);
        }
        _ => Exit::Failed,
    };
    anyhow::Error::new(error).context(exit)
}
