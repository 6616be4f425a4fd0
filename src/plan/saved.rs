//! A plan on disk: what `preview --save` writes and `--plan` takes.
//!
//! The file is never carried out. A run plans afresh at the saved moment, finds every saved change
//! in that fresh plan, to the letter, and applies just those; one that is not there any more makes
//! the plan stale. So a file that somebody edited can't do anything a job would not do.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Plan, Step, Touch};
use crate::exit::Exit;
use crate::hex::hex;

const FORMAT: u32 = 1;

/// What was planned, when, for what; and a digest of every change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// The format's number.
    recert_plan: u32,
    /// The job's name.
    pub job: String,
    /// The database it was planned on.
    pub database: String,
    /// The day it was planned for.
    pub as_of: NaiveDate,
    /// The moment the run stands for: the planning's own, so that planning again gives the same.
    pub moment: DateTime<Utc>,
    /// The job's own arguments.
    pub parameters: serde_json::Value,
    changes: Vec<SavedChange>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedChange {
    table: String,
    key: String,
    action: String,
    why: String,
    rows: usize,
    sha256: String,
}

impl SavedPlan {
    /// Takes down a plan.
    #[must_use]
    pub fn of(
        plan: &Plan,
        job: &str,
        database: &str,
        as_of: NaiveDate,
        moment: DateTime<Utc>,
        parameters: serde_json::Value,
    ) -> Self {
        let changes = plan
            .steps
            .iter()
            .flat_map(|step| step.touches.iter().map(move |touch| saved_change(step, touch)))
            .collect();
        SavedPlan {
            recert_plan: FORMAT,
            job: job.to_owned(),
            database: database.to_owned(),
            as_of,
            moment,
            parameters,
            changes,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// `Exit::BadInput`: it is not there, or not a plan; the message names line and column.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            let saved: SavedPlan = serde_json::from_reader(BufReader::new(File::open(path)?))?;
            if saved.recert_plan != FORMAT {
                return Err(anyhow!(
                    "it has format {}, this program reads {FORMAT}",
                    saved.recert_plan
                ));
            }
            Ok(saved)
        };
        read()
            .with_context(|| format!("reading the saved plan `{}`", path.display()))
            .context(Exit::BadInput)
    }

    /// Refuses a plan that was made for something else.
    ///
    /// # Errors
    /// `Exit::BadInput`: another job, database or arguments.
    pub fn must_be_for(
        &self,
        job: &str,
        database: &str,
        parameters: &serde_json::Value,
    ) -> anyhow::Result<()> {
        for (what, saved, here) in [
            ("job", self.job.clone(), job.to_owned()),
            ("database", self.database.clone(), database.to_owned()),
            ("arguments", self.parameters.to_string(), parameters.to_string()),
        ] {
            if saved != here {
                return Err(anyhow!(
                    "the saved plan is for the {what} `{saved}`, this run for `{here}`"
                )
                .context(Exit::BadInput));
            }
        }
        Ok(())
    }

    /// Keeps of a fresh plan just what was saved.
    ///
    /// # Errors
    /// `Exit::Drifted`: a saved change is not in the fresh plan: its rows have changed since.
    pub fn narrow(&self, mut plan: Plan) -> anyhow::Result<Plan> {
        let mut wanted: HashMap<&str, usize> = HashMap::new();
        for change in &self.changes {
            *wanted.entry(change.sha256.as_str()).or_default() += 1;
        }
        for step in &mut plan.steps {
            let mut touches = std::mem::take(&mut step.touches);
            touches.retain(|touch| match wanted.get_mut(digest(step, touch).as_str()) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            });
            step.touches = touches;
        }
        let missing = self.changes.iter().find(|change| wanted[change.sha256.as_str()] > 0);
        match missing {
            None => Ok(plan),
            Some(change) => Err(anyhow!(
                "the saved plan is stale: {} {} `{}` would not be planned like that any more; preview again",
                change.action,
                change.table,
                change.key
            )
            .context(Exit::Drifted)),
        }
    }
}

fn saved_change(step: &Step, touch: &Touch) -> SavedChange {
    let change = &touch.change;
    SavedChange {
        table: step.table.to_string(),
        key: change.key.to_string(),
        action: change.action.word().to_owned(),
        why: change.why.to_string(),
        rows: 1,
        sha256: digest(step, touch),
    }
}

/// SHA-256 over all that a touch would do: statement, binds, rows, images, reasons.
fn digest(step: &Step, touch: &Touch) -> String {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    field(&step.sql.name);
    field(step.sql.oracle());
    field(step.sql.sqlite());
    field(&step.table);
    for (name, value) in step.names.iter().zip(&touch.binds) {
        let mut json = String::new();
        value.write_json(&mut json);
        field(name);
        field(&json);
    }
    let change = &touch.change;
    field(&change.key);
    field(change.action.word());
    field(&change.why);
    field(change.result.word());
    field(change.before.as_deref().unwrap_or_default());
    field(change.after.as_deref().unwrap_or_default());
    hex(&hasher.finalize())
}
