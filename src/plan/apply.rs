//! Carries out an approved plan, and trusts no statement to have done what it was to do.

use anyhow::{Context as _, anyhow};

use super::{Approved, Step};
use crate::db::{Value, Write};
use crate::exit::Exit;

/// Carries out every step, in order. The caller commits.
///
/// # Errors
/// What the database says; `Exit::Drifted` when a statement touched another number of rows than
/// planned. The caller must then drop the connection: all is rolled back.
pub fn apply(approved: &Approved, db: &mut dyn Write) -> anyhow::Result<()> {
    for step in &approved.plan().steps {
        let names: Vec<&str> = step.names.iter().map(String::as_str).collect();
        let rows: Vec<&[Value]> = step.touches.iter().map(|touch| touch.binds.as_slice()).collect();
        let touched = db.change_many(&step.sql, &names, &rows).with_context(|| step.say)?;
        expect(step, &touched)?;
    }
    Ok(())
}

/// For every change the number of rows touched must be the number planned.
fn expect(step: &Step, touched: &[u64]) -> anyhow::Result<()> {
    if touched.len() != step.touches.len() {
        return Err(anyhow!(
            "{}: {} of {} statements ran",
            step.say,
            touched.len(),
            step.touches.len()
        ));
    }
    for (touch, &touched) in step.touches.iter().zip(touched) {
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
