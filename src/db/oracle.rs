//! Oracle, through the crate `oracle` (ODPI-C). The client library is looked for only here, when
//! an `oracle:` address is opened.

mod errors;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, FixedOffset, NaiveDateTime};
use oracle::sql_type::{OracleType, ToSql};
use oracle::{Connection, Connector, InitParams, RowValue};

use self::errors::{classed, classed_definition, classed_login, classed_row, is_lost};
use super::{
    Bind, BindArray, Binds, Column, CommitUnanswered, Dialect, EachRow, Read, Row, SessionSpec,
    Transaction, Value, column,
};
use crate::config::DatabaseConfig;
use crate::sql;
use crate::sql::Sql;

/// Rows a fetch or an array DML carries: one round trip each.
const ARRAY_ROWS: usize = 1_000;
/// Bytes that the binds of one array DML may take; ODPI-C allots four for each.
const ARRAY_BYTES: usize = 8 << 20;
/// Oracle's longest VARCHAR2 bind; longer text travels as a LONG, piece by piece.
const VARCHAR2_BYTES: usize = 32_767;
const STATEMENTS_CACHED: u32 = 40;

pub(super) struct Oracle {
    connection: Connection,
}

impl Oracle {
    /// Logs in, names the session for the DBA, and begins the transaction: READ COMMITTED to write, READ ONLY to look.
    pub(super) fn open(
        identifier: &str,
        config: &DatabaseConfig,
        session: &SessionSpec,
    ) -> anyhow::Result<Self> {
        let told = || format!("connecting to the Oracle database `{}`", shown(identifier));
        load_client(config).with_context(told)?;
        let connection = log_in(identifier, config).with_context(told)?;
        let mut oracle = Oracle { connection };
        oracle.introduce(config, session).map_err(classed).with_context(told)?;
        oracle.define(&sql!("db/set_session")).context("setting the session up")?;
        // To write, what a session begins with is right: READ COMMITTED, from the first statement on.
        if !session.writes {
            oracle.define(&sql!("db/begin_reading")).context("beginning the transaction")?;
        }
        Ok(oracle)
    }

    /// All of this rides along with the next round trip.
    fn introduce(&self, config: &DatabaseConfig, session: &SessionSpec) -> oracle::Result<()> {
        self.connection.set_module("recert")?;
        self.connection.set_action(&session.action)?;
        self.connection.set_client_identifier(&session.run_id)?;
        if let Some(schema) = &config.schema {
            self.connection.set_current_schema(schema)?;
        }
        self.connection.set_call_timeout(Some(config.call_timeout))
    }

    /// One array DML: as many rows as one round trip may carry. Several are carried out with batch
    /// errors, which tell the row that failed; all is rolled back then. Not so a single one, as
    /// a COMMIT that rides along would commit the others.
    fn change_array(
        &self,
        sql: &Sql,
        names: &[&str],
        rows: &[&[Bind<'_>]],
    ) -> oracle::Result<Vec<u64>> {
        let mut builder = self.connection.batch(sql.oracle(), rows.len());
        builder.with_row_counts();
        if rows.len() > 1 && !self.connection.autocommit() {
            builder.with_batch_errors();
        }
        let mut batch = builder.build()?;
        let types = bind_types(names.len(), rows);
        let mut places = Vec::with_capacity(names.len());
        for (name, bind) in names.iter().zip(&types) {
            batch.set_type(*name, bind)?;
            // By its name it would be looked for again with each row.
            let known = batch.bind_names();
            places.extend(known.iter().position(|known| known.eq_ignore_ascii_case(name)));
        }
        for row in rows {
            for ((place, value), bind) in places.iter().zip(*row).zip(&types) {
                bind_one(*value, bind, |value| batch.set(place + 1, value))?;
            }
            batch.append_row(&[])?;
        }
        batch.execute()?; // Where batch errors are wanted, no row does so by itself.
        batch.row_counts()
    }
}

/// Tells ODPI-C, once a process, where the client library and the network files are.
fn load_client(config: &DatabaseConfig) -> anyhow::Result<()> {
    if InitParams::is_initialized() {
        return Ok(());
    }
    let load = || -> oracle::Result<bool> {
        let mut params = InitParams::new();
        if let Some(dir) = &config.client_lib_dir {
            params.oracle_client_lib_dir(dir.as_os_str().to_string_lossy().as_ref())?;
        }
        if let Some(dir) = &config.config_dir {
            params.oracle_client_config_dir(dir.as_os_str().to_string_lossy().as_ref())?;
        }
        params.init()
    };
    for dir in config.client_lib_dir.iter().chain(&config.config_dir) {
        // What is loaded from there runs as this account, and where it sends the password is said there.
        crate::config::must_not_be_open(dir)?;
    }
    load().map(|_| ()).map_err(classed)
}

/// The version of the client library, loaded for it.
pub(super) fn client_version(config: &DatabaseConfig) -> anyhow::Result<String> {
    load_client(config)?;
    oracle::Version::client().map(|version| version.to_string()).map_err(classed)
}

fn log_in(identifier: &str, config: &DatabaseConfig) -> anyhow::Result<Connection> {
    let password = config.password()?;
    let username = config.username.clone().unwrap_or_default();
    let mut connector =
        Connector::new(username, password.as_deref().unwrap_or_default(), identifier.to_owned());
    connector
        .external_auth(config.external_auth)
        .driver_name(concat!("recert : ", env!("CARGO_PKG_VERSION")))
        .stmt_cache_size(STATEMENTS_CACHED);
    connector.connect().map_err(classed_login).map_err(|error| match &password {
        Some(password) => password.scrub(error), // Whatever repeats it.
        None => error,
    })
}

/// A connect identifier as it may be logged: a descriptor can hold wallet paths, never a password.
fn shown(identifier: &str) -> &str {
    identifier.trim()
}

impl Read for Oracle {
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, each: EachRow<'_>) -> anyhow::Result<()> {
        let told = || format!("statement `{}`", sql.name);
        let rows = ARRAY_ROWS as u32;
        let mut statement = self
            .connection
            .statement(sql.oracle())
            .fetch_array_size(rows)
            .prefetch_rows(rows)
            .build()
            .map_err(classed)
            .with_context(told)?;
        // The driver looks for each name among all of them: of a thousand that takes longer than all else.
        let by_place = stand_in_order(sql, &statement, binds);
        for (at, (name, value)) in binds.iter().enumerate() {
            let value = Bind::from(value);
            let bind = bind_types(1, &[&[value]]).remove(0);
            bind_one(value, &bind, |value| match by_place {
                true => statement.bind(at + 1, value),
                false => statement.bind(*name, value),
            })
            .map_err(classed)
            .with_context(told)?;
        }
        let answer =
            statement.query_as::<FetchedValues>(&[]).map_err(classed).with_context(told)?;
        let columns: Arc<[String]> =
            answer.column_info().iter().map(|column| column.name().to_uppercase()).collect();
        for fetched in answer {
            let FetchedValues(values) = fetched.map_err(classed).with_context(told)?;
            each(&Row { columns: Arc::clone(&columns), values })?;
        }
        Ok(())
    }

    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
        column::select_columns(tables, self)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn version(&mut self) -> anyhow::Result<String> {
        let (version, _) = self.connection.server_version().map_err(classed)?;
        Ok(format!("Oracle Database {version}"))
    }
}

impl Transaction for Oracle {
    fn change_many(&mut self, sql: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>> {
        let rows: Vec<&[Bind<'_>]> = array.rows().collect();
        let mut touched = Vec::with_capacity(rows.len());
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(array_rows(rest));
            let counts = self
                .change_array(sql, array.names(), now)
                .map_err(|error| classed_row(&error, touched.len(), now.len()))
                .with_context(|| format!("statement `{}`", sql.name))?;
            if counts.len() != now.len() {
                bail!(
                    "the driver counted {} rows of {} in `{}`",
                    counts.len(),
                    now.len(),
                    sql.name
                );
            }
            touched.extend(counts);
            rest = later;
        }
        Ok(touched)
    }

    fn change_within(
        &mut self,
        patience: Duration,
        sql: &Sql,
        array: &BindArray<'_>,
    ) -> anyhow::Result<Vec<u64>> {
        let usual = self.connection.call_timeout().map_err(classed)?;
        self.connection.set_call_timeout(Some(patience)).map_err(classed)?;
        let touched = self.change_many(sql, array)?;
        self.connection.set_call_timeout(usual).map_err(classed)?;
        Ok(touched)
    }

    fn define(&mut self, sql: &Sql) -> anyhow::Result<()> {
        self.connection
            .execute(sql.oracle(), &[])
            .map(|_| ())
            .map_err(classed_definition)
            .with_context(|| format!("statement `{}`", sql.name))
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        self.connection.commit().map_err(unanswered)
    }

    fn commit_with(mut self: Box<Self>, sql: &Sql, row: &BindArray<'_>) -> anyhow::Result<()> {
        // OCI_COMMIT_ON_SUCCESS: a statement that fails commits nothing.
        self.connection.set_autocommit(true);
        let rows: Vec<&[Bind<'_>]> = row.rows().collect();
        self.change_array(sql, row.names(), &rows).map(|_| ()).map_err(unanswered)
    }
}

/// An error of a call that held a COMMIT. Any lost line will do to know nothing: the server may or
/// may not have heard it. Every other error is the server's refusal: nothing was committed.
fn unanswered(error: oracle::Error) -> anyhow::Error {
    let lost = is_lost(&error);
    let error = classed(error).context("committing");
    if lost { error.context(CommitUnanswered) } else { error }
}

/// How many of these rows one array DML carries: a thousand, fewer when they are very wide.
fn array_rows(rows: &[&[Bind<'_>]]) -> usize {
    let rows = &rows[..rows.len().min(ARRAY_ROWS)];
    let width: usize = bind_types(rows[0].len(), rows)
        .iter()
        .map(|bind| match bind {
            OracleType::Varchar2(n) | OracleType::Raw(n) => *n as usize,
            _ => 32,
        })
        .sum();
    (ARRAY_BYTES / width.max(1)).clamp(1, rows.len())
}

/// Whether each of these binds stands in the statement once, in this order: then they are known by their places.
fn stand_in_order(sql: &Sql, statement: &oracle::Statement, binds: Binds<'_>) -> bool {
    // A colon that begins no bind is one too many, and the names are looked for.
    let n_places = sql.oracle().matches(':').count();
    let names = statement.bind_names();
    let is_there = |(known, (name, _)): (&&str, &(&str, Value))| known.eq_ignore_ascii_case(name);
    n_places == binds.len() && names.len() == binds.len() && names.iter().zip(binds).all(is_there)
}

/// One type a bind that holds its values in all rows.
///
/// Text goes as VARCHAR2, not as the driver's NVARCHAR2: Oracle would convert the indexed column
/// to compare the two, and leave the index unused.
fn bind_types(n_binds: usize, rows: &[&[Bind<'_>]]) -> Vec<OracleType> {
    (0..n_binds)
        .map(|at| {
            let mut chosen = OracleType::Varchar2(1);
            for row in rows {
                let wanted = match row[at] {
                    Bind::Null => continue,
                    Bind::Int(_) | Bind::Number(_) => OracleType::Number(0, 0),
                    Bind::Real(_) => OracleType::BinaryDouble,
                    Bind::Date(_) => OracleType::Date,
                    Bind::Timestamp(_) => OracleType::Timestamp(6),
                    Bind::TimestampTz(_) => OracleType::TimestampTZ(6),
                    Bind::Bytes(bytes) => OracleType::Raw(bytes.len().max(1) as u32),
                    Bind::Text(text) => OracleType::Varchar2(text.len().max(1) as u32),
                };
                chosen = match (chosen, wanted) {
                    (OracleType::Varchar2(a), OracleType::Varchar2(b)) => {
                        OracleType::Varchar2(a.max(b))
                    }
                    (OracleType::Raw(a), OracleType::Raw(b)) => OracleType::Raw(a.max(b)),
                    (_, wanted) => wanted,
                };
            }
            match chosen {
                OracleType::Varchar2(n) if n as usize > VARCHAR2_BYTES => OracleType::Long,
                OracleType::Raw(n) if n as usize > VARCHAR2_BYTES => OracleType::LongRaw,
                other => other,
            }
        })
        .collect()
}

/// Hands one value to `bind` in the type its place was given.
fn bind_one(
    value: Bind<'_>,
    bind_type: &OracleType,
    bind: impl FnOnce(&dyn ToSql) -> oracle::Result<()>,
) -> oracle::Result<()> {
    match value {
        Bind::Null => bind(bind_type),
        Bind::Int(n) => bind(&(&n, bind_type)),
        Bind::Real(x) => bind(&(&x, bind_type)),
        Bind::Date(at) | Bind::Timestamp(at) => bind(&(&at, bind_type)),
        Bind::TimestampTz(at) => bind(&(&at, bind_type)),
        Bind::Bytes(bytes) => bind(&(&bytes, bind_type)),
        Bind::Number(text) | Bind::Text(text) if !text.is_empty() => bind(&(&text, bind_type)),
        Bind::Number(_) | Bind::Text(_) => bind(bind_type),
    }
}

/// A fetched row, taken straight out of the driver's fetch buffers.
struct FetchedValues(Vec<Value>);

impl RowValue for FetchedValues {
    fn get(row: &oracle::Row) -> oracle::Result<Self> {
        row.sql_values().iter().map(value_of).collect::<oracle::Result<Vec<_>>>().map(FetchedValues)
    }
}

fn value_of(held: &oracle::SqlValue<'_>) -> oracle::Result<Value> {
    if held.is_null()? {
        return Ok(Value::Null);
    }
    Ok(match held.oracle_type()? {
        OracleType::Number(1..=18, 0) | OracleType::Int64 => Value::Int(held.get()?),
        OracleType::Number(..) | OracleType::Float(_) | OracleType::UInt64 => number(held.get()?),
        OracleType::BinaryDouble | OracleType::BinaryFloat => Value::Real(held.get()?),
        OracleType::Date => Value::Date(held.get::<NaiveDateTime>()?),
        OracleType::Timestamp(_) => Value::Timestamp(held.get::<NaiveDateTime>()?),
        OracleType::TimestampTZ(_) | OracleType::TimestampLTZ(_) => {
            Value::TimestampTz(held.get::<DateTime<FixedOffset>>()?)
        }
        OracleType::Raw(_) | OracleType::LongRaw | OracleType::BLOB => Value::Bytes(held.get()?),
        _ => Value::Text(held.get()?),
    })
}

/// A NUMBER from its decimal text: an `Int` where it is one, else the exact text, as JSON wants it.
fn number(text: String) -> Value {
    match text.parse() {
        Ok(n) => Value::Int(n),
        Err(_) if text.starts_with('.') => Value::Number(format!("0{text}")),
        Err(_) if text.starts_with("-.") => Value::Number(format!("-0{}", &text[1..])),
        Err(_) => Value::Number(text),
    }
}
