//! A plan on disk: what `preview --save` writes and `--plan` takes.
//!
//! The file is never carried out. A run plans afresh at the saved moment, finds every saved unit in
//! that fresh plan, to the letter and whole, and applies just those. So a file that somebody edited can't
//! do anything a job would not do, nor a part of what it would. Its digest finds what was damaged; who
//! made it is a matter of its owner, or of a signature over it.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Plan, Step, TouchRef};
use crate::exit::Exit;
use crate::files::open_regular;
use crate::text::hex;

const FORMAT: u32 = 2;
/// What programs know the file by.
const SCHEMA: &str = "recert/plan/2";

/// What was planned, when, for what and by whom; and a digest of it all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    schema: String,
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
    /// The run id of the preview that saved it.
    pub preview: String,
    /// The account that saved it, as the operating system knows it.
    pub saved_by: String,
    /// Who had become that account by `sudo`, as `sudo` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    pub saved_at: DateTime<Utc>,
    /// What is done whole or not at all, in the order of their names.
    pub units: Vec<SavedUnit>,
    /// SHA-256 of this object as it stands here, without this field.
    sha256: String,
    /// SHA-256 of the file it was read from.
    #[serde(skip)]
    pub file_sha256: String,
}

/// All changes of an access, an account, a person or a restored row, in the order they are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedUnit {
    pub unit: String,
    /// What is done to it.
    pub changes: Vec<SavedChange>,
}

/// One change, as a person reads it, and the digest of all that it would do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    pub table: String,
    /// The row.
    pub key: String,
    /// `insert`, `update` or `delete`.
    pub action: String,
    /// The rule that decided.
    pub why: String,
    sha256: String,
}

/// When and for what a plan was made, and by whom.
#[derive(Clone, Debug)]
pub struct SavedFor<'a> {
    /// The job's name.
    pub job: &'a str,
    /// The database's address.
    pub database: &'a str,
    /// The day.
    pub as_of: NaiveDate,
    pub moment: DateTime<Utc>,
    /// The job's own arguments.
    pub parameters: serde_json::Value,
    /// The preview's run id.
    pub preview: &'a str,
    /// When it is saved.
    pub saved_at: DateTime<Utc>,
}

impl SavedPlan {
    /// Takes down a plan, in the name of the account that runs this.
    #[must_use]
    pub fn of(plan: &Plan, made: SavedFor<'_>) -> Self {
        let mut units: Vec<SavedUnit> = units(plan, &|_| true)
            .into_iter()
            .map(|(unit, changes)| SavedUnit { unit: unit.to_owned(), changes })
            .collect();
        units.sort_by(|a, b| a.unit.cmp(&b.unit));
        let mut saved = SavedPlan {
            schema: SCHEMA.to_owned(),
            recert_plan: FORMAT,
            job: made.job.to_owned(),
            database: made.database.to_owned(),
            as_of: made.as_of,
            moment: made.moment,
            parameters: made.parameters,
            preview: made.preview.to_owned(),
            saved_by: crate::who::os_user(),
            sudo_user: std::env::var("SUDO_USER").ok().filter(|user| !user.is_empty()),
            saved_at: made.saved_at,
            units,
            sha256: String::new(),
            file_sha256: String::new(),
        };
        saved.sha256 = saved.digest();
        saved
    }

    /// Reads one; its bytes too, for what is signed are these.
    ///
    /// # Errors
    /// `Exit::BadInput`: it is not there, is not a whole plan of this format, or was edited; of a file that is
    /// no JSON the message names line and column.
    pub fn read(path: &Path) -> anyhow::Result<(Self, Vec<u8>)> {
        let read = || -> anyhow::Result<(Self, Vec<u8>)> {
            let mut bytes = Vec::new();
            open_regular(path)?.read_to_end(&mut bytes)?;
            Ok((SavedPlan::parse(&bytes)?, bytes))
        };
        read()
            .with_context(|| format!("reading the saved plan `{}`", path.display()))
            .context(Exit::BadInput)
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        /// All that is read of a file before its format is known.
        #[derive(Deserialize)]
        struct Format {
            recert_plan: u32,
        }
        let Format { recert_plan } = serde_json::from_slice(bytes)?;
        if recert_plan != FORMAT {
            return Err(anyhow!(
                "it has format {recert_plan}, this program reads {FORMAT}; preview again"
            ));
        }
        let mut saved: SavedPlan = serde_json::from_slice(bytes)?;
        if saved.schema != SCHEMA || saved.digest() != saved.sha256 {
            return Err(anyhow!(
                "its parts don't fit its digest: it was edited or damaged; preview again"
            ));
        }
        let mut names = HashSet::new();
        match saved.units.iter().find(|unit| !names.insert(&unit.unit)) {
            Some(twice) => return Err(anyhow!("`{}` stands in it twice", twice.unit)),
            None => saved.file_sha256 = hex(&Sha256::digest(bytes)),
        }
        Ok(saved)
    }

    /// The people who saved it: the account, and who had become it.
    pub fn savers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.saved_by.as_str()).chain(self.sudo_user.as_deref())
    }

    fn digest(&self) -> String {
        let undigested = SavedPlan { sha256: String::new(), ..self.clone() };
        // It can't fail: all its keys are text, and it writes to memory.
        hex(&Sha256::digest(serde_json::to_vec(&undigested).unwrap_or_default()))
    }

    /// Refuses a plan that was made for something else, or for a moment that is not in its day.
    ///
    /// # Errors
    /// `Exit::BadInput`.
    pub fn must_be_for(
        &self,
        job: &str,
        database: &str,
        parameters: &serde_json::Value,
        zone: chrono_tz::Tz,
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
        if self.moment.with_timezone(&zone).date_naive() != self.as_of {
            return Err(anyhow!(
                "the saved plan's moment, {}, is not in its day, {} in {zone}",
                self.moment,
                self.as_of
            )
            .context(Exit::BadInput));
        }
        Ok(())
    }

    /// The saved units that a fresh plan lacks.
    ///
    /// # Errors
    /// `Exit::Drifted`: a unit is there in part, or otherwise.
    pub(crate) fn missing_in(&self, plan: &Plan) -> anyhow::Result<Vec<&SavedUnit>> {
        let wanted: HashSet<&str> = self.units.iter().map(|unit| unit.unit.as_str()).collect();
        let fresh: HashMap<&str, Vec<SavedChange>> =
            units(plan, &|unit| wanted.contains(unit)).into_iter().collect();
        let mut missing = Vec::new();
        for saved in &self.units {
            match fresh.get(saved.unit.as_str()) {
                None => missing.push(saved),
                Some(changes) if *changes == saved.changes => {}
                Some(_) => return Err(saved.stale("would be done otherwise by now")),
            }
        }
        Ok(missing)
    }

    /// Keeps of a fresh plan just the units that were saved.
    #[must_use]
    pub(crate) fn keep(&self, mut plan: Plan) -> Plan {
        let wanted: HashSet<&str> = self.units.iter().map(|unit| unit.unit.as_str()).collect();
        for step in &mut plan.steps {
            step.touches.retain(|touch| wanted.contains(touch.unit()));
        }
        plan
    }
}

impl SavedUnit {
    /// `Exit::Drifted`, and what to do about it.
    pub(crate) fn stale(&self, why: &str) -> anyhow::Error {
        anyhow!("the saved plan is stale: `{}` {why}; preview again", self.unit)
            .context(Exit::Drifted)
    }
}

/// The changes of each unit that is wanted, in the order of the plan's steps.
fn units<'a>(plan: &'a Plan, wanted: &dyn Fn(&str) -> bool) -> Vec<(&'a str, Vec<SavedChange>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut units: Vec<(&str, Vec<SavedChange>)> = Vec::new();
    for step in &plan.steps {
        for touch in step.touches.iter().filter(|touch| wanted(touch.unit())) {
            let place = *places.entry(touch.unit()).or_insert_with(|| {
                units.push((touch.unit(), Vec::new()));
                units.len() - 1
            });
            units[place].1.push(saved_change(step, touch));
        }
    }
    units
}

fn saved_change(step: &Step, touch: TouchRef<'_>) -> SavedChange {
    SavedChange {
        table: step.table.to_string(),
        key: touch.key().to_owned(),
        action: touch.action().word().to_owned(),
        why: touch.why().to_owned(),
        sha256: digest(step, touch),
    }
}

/// SHA-256 over all that a touch would do: statement, binds, rows, images, reasons.
fn digest(step: &Step, touch: TouchRef<'_>) -> String {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    field(touch.unit());
    field(&step.sql.name);
    field(step.sql.oracle());
    field(step.sql.sqlite());
    field(&step.table);
    for (name, value) in step.names.iter().zip(touch.binds()) {
        let mut json = String::new();
        value.write_json(&mut json);
        field(name);
        field(&json);
    }
    field(touch.key());
    field(touch.action().word());
    field(touch.why());
    field(touch.result().word());
    field(touch.before().unwrap_or_default());
    field(&touch.after().unwrap_or_default());
    field(touch.seen().unwrap_or_default());
    hex(&hasher.finalize())
}
