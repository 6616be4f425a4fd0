//! `-vv`: every statement by its name, with rows and time. Wrapped round a connection only then.

use std::time::{Duration, Instant};

use super::{BindArray, Binds, Column, Dialect, EachRow, Read, Transaction};
use crate::sql::Sql;

/// A connection whose statements are logged.
pub(super) struct LoggedTransaction(pub(super) Box<dyn Transaction>);

fn told<T>(
    statement: &str,
    rows: impl FnOnce(&T) -> u64,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    let done = work();
    let ms = began.elapsed().as_secs_f64() * 1_000.0;
    match &done {
        Ok(came) => tracing::trace!(statement, rows = rows(came), ms, "statement"),
        Err(_) => tracing::trace!(statement, ms, "statement failed"),
    }
    done
}

impl Read for LoggedTransaction {
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, row: EachRow<'_>) -> anyhow::Result<()> {
        told(
            &sql.name,
            |n_rows| *n_rows,
            || {
                let mut n_rows = 0;
                self.0.each(sql, binds, &mut |one| {
                    n_rows += 1;
                    row(one)
                })?;
                Ok(n_rows)
            },
        )
        .map(|_| ())
    }

    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
        told(
            &format!("columns of {}", tables.join(", ")),
            |found: &Vec<Vec<Column>>| found.iter().map(|columns| columns.len() as u64).sum(),
            || self.0.columns_of(tables),
        )
    }

    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn version(&mut self) -> anyhow::Result<String> {
        self.0.version()
    }
}

impl Transaction for LoggedTransaction {
    fn change_many(&mut self, sql: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>> {
        told(
            &sql.name,
            |touched: &Vec<u64>| touched.iter().sum(),
            || self.0.change_many(sql, array),
        )
    }

    fn change_within(
        &mut self,
        patience: Duration,
        sql: &Sql,
        array: &BindArray<'_>,
    ) -> anyhow::Result<Vec<u64>> {
        told(
            &sql.name,
            |touched: &Vec<u64>| touched.iter().sum(),
            || self.0.change_within(patience, sql, array),
        )
    }

    fn define(&mut self, sql: &Sql) -> anyhow::Result<()> {
        told(&sql.name, |()| 0, || self.0.define(sql))
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        told("COMMIT", |()| 0, || self.0.commit())
    }

    fn commit_with(self: Box<Self>, sql: &Sql, row: &BindArray<'_>) -> anyhow::Result<()> {
        told(&format!("{} and COMMIT", sql.name), |()| 1, || self.0.commit_with(sql, row))
    }
}
