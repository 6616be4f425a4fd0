//! Carries out a plan whose rows are held, and trusts no statement to have done what it was to do.

use anyhow::{Context as _, anyhow};

use super::{Held, Plan, Step, TouchRef};
use crate::db::{BindArray, FailedRow, Transaction, Transient};
use crate::exit::Exit;

/// Rows handed to the database at once: what one round trip carries.
const ROWS: usize = 1_000;

/// Carries out every step, in order. The caller commits.
///
/// # Errors
/// What the database says; `Exit::Drifted`, worth another try, when a statement touched another number of
/// rows than planned. The caller must then drop the connection: all is rolled back.
pub fn apply(held: &Held, db: &mut dyn Transaction) -> anyhow::Result<()> {
    for step in &held.plan().steps {
        let names: Vec<&str> = step.names.iter().map(String::as_str).collect();
        let mut array = BindArray::new(&names);
        for touches in step.touches.batches(ROWS) {
            array.clear();
            touches.iter().for_each(|touch| array.push(touch.binds()));
            let touched = db
                .change_many(&step.sql, &array)
                .map_err(|error| with_key(error, step, &touches))
                .with_context(|| step.say)?;
            expect(held.plan(), step, &touches, &touched)?;
        }
    }
    Ok(())
}

/// An error that knows its row says which one that is: by its key, never by what it holds.
fn with_key(error: anyhow::Error, step: &Step, touches: &[TouchRef<'_>]) -> anyhow::Error {
    let row = error.downcast_ref::<FailedRow>().map(|FailedRow(at)| *at);
    match row.and_then(|at| touches.get(at)) {
        Some(touch) => error.context(format!("{} `{}`", step.table, touch.key())),
        None => error,
    }
}

/// Every execution must have touched the one row that its change speaks of, or as many as the plan says.
fn expect(
    plan: &Plan,
    step: &Step,
    touches: &[TouchRef<'_>],
    touched: &[u64],
) -> anyhow::Result<()> {
    if touched.len() != touches.len() {
        return Err(anyhow!("{}: {} of {} statements ran", step.say, touched.len(), touches.len()));
    }
    for (touch, &touched) in touches.iter().zip(touched) {
        let planned = plan.rows_by_key.get(touch.key()).copied().unwrap_or(1);
        if touched != planned {
            return Err(anyhow!(
                "{}: {} `{}`: {touched} rows were touched where {planned} was planned; all was rolled back",
                step.say,
                step.table,
                touch.key()
            )
            .context(Transient)
            .context(Exit::Drifted));
        }
    }
    Ok(())
}
