//! What a run does to a table, tried with statements that touch no row and are rolled back: the
//! dictionary tells of grants, not of tables that are read only, of views that take no change, or of what a
//! trigger or policy says.

use super::Report;
use super::grants::needs;
use crate::config::DatabaseConfig;
use crate::db::{self, BindArray, Column, Dialect, SessionSpec, Transaction};
use crate::exit::Exit;
use crate::schema::Table;
use crate::sql::{Sql, quote_name};

/// A table that is there, the rights that the dictionary grants, and a column a run may write.
pub(super) struct Trial {
    table: &'static str,
    rights: Vec<&'static str>,
    column: String,
}

impl Trial {
    /// None where nothing is written, or nothing can be.
    pub(super) fn of(table: &Table, columns: &[Column], granted: &[&'static str]) -> Option<Trial> {
        let rights: Vec<&str> =
            needs(table.name).iter().copied().filter(|need| *need != "SELECT").collect();
        let rights: Vec<&str> = rights.into_iter().filter(|need| granted.contains(need)).collect();
        let wanted = table.columns(Dialect::Oracle);
        let can_be_set = |name: &String| {
            columns.iter().any(|column| column.name == *name && column.is_writable())
        };
        // Keys come first: the last one is none.
        let column = wanted.into_iter().map(|(name, _)| name).rfind(can_be_set)?;
        let column = quote_name(&column);
        (!rights.is_empty()).then_some(Trial { table: table.name, rights, column })
    }

    /// Whether rows are locked before they are changed.
    fn locks(&self) -> bool {
        self.rights.iter().any(|right| ["UPDATE", "DELETE"].contains(right))
    }

    fn statement(&self, right: &str) -> String {
        let Trial { table, column, .. } = self;
        match right {
            "UPDATE" => format!("UPDATE {table} SET {column} = {column} WHERE 1 = 0"),
            "DELETE" => format!("DELETE FROM {table} WHERE 1 = 0"),
            "INSERT" => {
                format!("INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE 1 = 0")
            }
            _ => format!("SELECT {column} FROM {table} WHERE 1 = 0 FOR UPDATE NOWAIT"),
        }
    }
}

/// Tries them in a transaction of their own, which is rolled back.
pub(super) fn look(database: &DatabaseConfig, trials: &[Trial], report: &mut Report) {
    if trials.is_empty() {
        return;
    }
    let session = SessionSpec { writes: true, ..SessionSpec::reading("check") };
    let mut db = match db::open(database, &session) {
        Ok(db) => db,
        // A run that is under way is no fault of the tables.
        Err(error) if Exit::of(&error) == Exit::Busy => {
            return report.warn(
                "rights",
                "what a run does to each table was not tried: another run is writing",
            );
        }
        Err(error) => return report.failed("database", &error),
    };
    for trial in trials {
        if let Err(error) = carry_out(&mut *db, trial) {
            report.failed(trial.table, &error);
        }
    }
}

fn carry_out(db: &mut dyn Transaction, trial: &Trial) -> anyhow::Result<()> {
    let made = |right: &str| {
        let text = trial.statement(right);
        (Sql::made("check/trial".to_owned(), text.clone()), text)
    };
    if trial.locks() && db.dialect() == Dialect::Oracle {
        let (sql, text) = made("FOR UPDATE");
        db.rows(&sql, &[]).map_err(|error| error.context(refused(&text)))?;
    }
    for right in &trial.rights {
        let (sql, text) = made(right);
        let once = BindArray::of(&[], &[&[]]);
        db.change_many(&sql, &once).map_err(|error| error.context(refused(&text)))?;
    }
    Ok(())
}

fn refused(statement: &str) -> String {
    format!("a run would be refused here: {statement}")
}
