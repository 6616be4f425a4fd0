//! Carries out an approved plan, and trusts no statement to have done what it was to do.

use anyhow::{Context as _, anyhow};

use super::{Approved, Step, Touch};
use crate::db::{BindArray, Value, Write};
use crate::exit::Exit;

/// Rows handed to the database at once: what one round trip carries.
const ROWS: usize = 1_000;

/// Carries out every step, in order. The caller commits.
///
/// # Errors
/// What the database says; `Exit::Drifted` when a statement touched another number of rows than
/// planned. The caller must then drop the connection: all is rolled back.
pub fn apply(approved: &Approved, db: &mut dyn Write) -> anyhow::Result<()> {
    for step in &approved.plan().steps {
        let names: Vec<&str> = step.names.iter().map(String::as_str).collect();
        for touches in step.touches.chunks(ROWS) {
            let rows: Vec<&[Value]> = touches.iter().map(|touch| touch.binds.as_slice()).collect();
            let array = BindArray::of(&names, &rows);
            let touched = db.change_many(&step.sql, &array).with_context(|| step.say)?;
            expect(step, touches, &touched)?;
        }
    }
    Ok(())
}

/// For every change the number of rows touched must be the number planned.
fn expect(step: &Step, touches: &[Touch], touched: &[u64]) -> anyhow::Result<()> {
    if touched.len() != touches.len() {
        return Err(anyhow!("{}: {} of {} statements ran", step.say, touched.len(), touches.len()));
    }
    for (touch, &touched) in touches.iter().zip(touched) {
        let planned = touch.changes.len() as u64;
        if touched != planned {
            let key = touch.changes.first().map_or("", |change| &*change.key);
            return Err(anyhow!(
                "{}: {} `{key}`: {touched} rows were touched where {planned} were planned; all was rolled back",
                step.say,
                step.table
            )
            .context(Exit::Drifted));
        }
    }
    Ok(())
}
