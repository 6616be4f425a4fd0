//! What a plan rests on and no statement guards is looked at once more, when all is carried out and
//! nothing committed.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context as _, anyhow};

use super::Plan;
use crate::db::{Read, Transient};
use crate::exit::Exit;
use crate::sql::Sql;

/// One look.
#[derive(Debug)]
pub struct LastLook {
    /// What is looked at, in words.
    pub say: &'static str,
    /// The query; it takes no binds.
    pub sql: Sql,
    /// The column of its answer that counts.
    pub column: &'static str,
    /// What must stand there.
    pub expected: Expected,
}

/// What a look must find.
#[derive(Debug)]
pub enum Expected {
    /// These values, and no other.
    Just(BTreeSet<String>),
    /// None of these.
    NoneOf(HashSet<String>),
}

/// Looks, where there is anything to commit.
///
/// # Errors
/// `Exit::Drifted`, worth another try: something is not as it was planned; what the database says.
pub(crate) fn look_again(plan: &Plan, db: &mut dyn Read) -> anyhow::Result<()> {
    if plan.is_empty() {
        return Ok(());
    }
    for look in &plan.last_looks {
        let mut found = BTreeSet::new();
        db.each(&look.sql, &[], &mut |row| {
            let value = row.text(look.column)?;
            if look.expected.minds(&value) {
                found.insert(value);
            }
            Ok(())
        })
        .with_context(|| format!("looking once more at {}", look.say))?;
        let as_planned = match &look.expected {
            Expected::Just(values) => found == *values,
            Expected::NoneOf(_) => found.is_empty(),
        };
        if !as_planned {
            return Err(anyhow!(
                "{} changed while the run was under way; all was rolled back",
                look.say
            )
            .context(Transient)
            .context(Exit::Drifted));
        }
    }
    Ok(())
}

impl Expected {
    /// Whether a value has to be kept to decide.
    fn minds(&self, value: &str) -> bool {
        match self {
            Expected::Just(_) => true,
            Expected::NoneOf(values) => values.contains(value),
        }
    }
}
