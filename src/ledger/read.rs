//! The ledger's rows as its readers need them: with every column in the form that is hashed.

use std::borrow::Cow;

use anyhow::{Context as _, anyhow};

use super::canonical::{self, Canonical, ChangeFields, RunFields, image_sha256};
use crate::db::{Read, Row, Value};
use crate::exit::Exit;
use crate::sql;

/// The fewest characters of a run's id that may stand for the whole.
const PREFIX_MIN: usize = 8;

/// A row of RECERT_RUN; the moments in the form that is hashed.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// RUN_ID
    pub run_id: String,
    /// JOB
    pub job: String,
    /// AS_OF, `2026-01-31`
    pub as_of: String,
    /// STATUS
    pub status: String,
    /// STARTED_AT, `2026-01-31T17:00:00.000000Z`
    pub started_at: String,
    /// FINISHED_AT, in the same form
    pub finished_at: String,
    /// OS_USER
    pub os_user: String,
    /// HOST
    pub host: String,
    /// VERSION
    pub version: String,
    /// CONFIG_SHA256
    pub config_sha256: String,
    /// PARAMETERS
    pub parameters: Option<String>,
    /// COUNTS
    pub counts: Option<String>,
    /// REASON
    pub reason: Option<String>,
    /// PREVIOUS_SHA256
    pub previous_sha256: String,
    /// SHA256
    pub sha256: String,
}

impl RunRow {
    fn of(row: &Row) -> anyhow::Result<Self> {
        Ok(RunRow {
            run_id: row.text("RUN_ID")?,
            job: row.text("JOB")?,
            as_of: day(row.get("AS_OF")?),
            status: row.text("STATUS")?,
            started_at: moment(row.get("STARTED_AT")?),
            finished_at: moment(row.get("FINISHED_AT")?),
            os_user: row.text("OS_USER")?,
            host: row.text("HOST")?,
            version: row.text("VERSION")?,
            config_sha256: row.text("CONFIG_SHA256")?,
            parameters: row.text_opt("PARAMETERS")?,
            counts: row.text_opt("COUNTS")?,
            reason: row.text_opt("REASON")?,
            previous_sha256: row.text("PREVIOUS_SHA256")?,
            sha256: row.text("SHA256")?,
        })
    }

    /// The run's hash as far as its own columns go.
    #[must_use]
    pub fn begin_hash(&self) -> Canonical {
        RunFields {
            run_id: &self.run_id,
            job: &self.job,
            as_of: &self.as_of,
            status: &self.status,
            started_at: &self.started_at,
            finished_at: &self.finished_at,
            os_user: &self.os_user,
            host: &self.host,
            version: &self.version,
            config_sha256: &self.config_sha256,
            parameters: self.parameters.as_deref(),
            counts: self.counts.as_deref(),
            reason: self.reason.as_deref(),
            previous_sha256: &self.previous_sha256,
        }
        .begin()
    }
}

/// A day as it is hashed. What recert can't have written stays as it is, so that its hash differs.
fn day(value: &Value) -> String {
    match value.as_date() {
        Ok(Some(at)) if at.time() == chrono::NaiveTime::MIN => canonical::day(at.date()),
        _ => value.display(),
    }
}

/// A moment as it is hashed; recert writes no more than microseconds.
fn moment(value: &Value) -> String {
    match value.as_date() {
        Ok(Some(at)) if at.and_utc().timestamp_subsec_nanos() % 1_000 == 0 => {
            canonical::moment(at.and_utc())
        }
        _ => value.display(),
    }
}

/// Hands every run to `each`, the latest first.
///
/// # Errors
/// What the database says, classed (`Exit`); what `each` returns.
pub fn each_run(
    db: &mut dyn Read,
    each: &mut dyn FnMut(RunRow) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    db.each(&sql!("ledger/select_runs"), &[], &mut |row| each(RunRow::of(row)?))
        .context("reading the ledger's runs")
}

/// The run whose id begins like this, if there is just one.
///
/// # Errors
/// `Exit::Usage`: fewer than eight characters, or more than one such run.
pub fn find_run(id: &str, db: &mut dyn Read) -> anyhow::Result<Option<RunRow>> {
    let id = id.trim().to_lowercase();
    if id.chars().count() < PREFIX_MIN {
        return Err(anyhow!(
            "`{id}` is too short; give at least {PREFIX_MIN} characters of the run's id"
        )
        .context(Exit::Usage));
    }
    let rows = db
        .rows(&sql!("ledger/select_run"), &[("run_id", id.as_str().into())])
        .context("looking for the run in the ledger")?;
    match rows.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(RunRow::of(one)?)),
        many => Err(anyhow!("{} runs begin with `{id}`; give more of the id", many.len())
            .context(Exit::Usage)),
    }
}

/// What is left of a change's images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// They are there.
    Kept,
    /// The row is there, and empty.
    Erased,
    /// The row is gone.
    Missing,
}

/// A row of RECERT_CHANGE with its row of RECERT_IMAGE, as `ledger/select_changes` answers.
#[derive(Debug)]
pub struct Entry<'a> {
    /// RUN_ID
    pub run_id: Cow<'a, str>,
    /// SEQ
    pub seq: i64,
    /// TABLE_NAME
    pub table: Cow<'a, str>,
    /// ROW_KEY
    pub key: Option<Cow<'a, str>>,
    /// ACTION
    pub action: Cow<'a, str>,
    /// WHY
    pub why: Option<Cow<'a, str>>,
    /// RESULT
    pub result: Cow<'a, str>,
    /// IMAGE_SHA256
    pub image_sha256: Cow<'a, str>,
    /// SHA256
    pub sha256: Cow<'a, str>,
    /// What is left of the images.
    pub held: Held,
    /// SALT
    pub salt: Option<Cow<'a, str>>,
    /// BEFORE_IMAGE
    pub before: Option<Cow<'a, str>>,
    /// AFTER_IMAGE
    pub after: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    /// Reads a row whose columns are in the order of the statement.
    ///
    /// # Errors
    /// The row has another shape.
    pub fn of(row: &'a Row) -> anyhow::Result<Self> {
        let [
            run_id,
            seq,
            table,
            key,
            action,
            why,
            result,
            image_sha256,
            sha256,
            image_seq,
            salt,
            before,
            after,
        ] = row.values.as_slice()
        else {
            return Err(anyhow!("the ledger's changes have another shape than expected"));
        };
        let (salt, before, after) = (text_opt(salt), text_opt(before), text_opt(after));
        let held = match (image_seq.is_null(), &salt, &before, &after) {
            (true, ..) => Held::Missing,
            (false, None, None, None) => Held::Erased,
            _ => Held::Kept,
        };
        let seq = match seq {
            Value::Int(seq) => *seq,
            other => other.display().parse().unwrap_or(-1),
        };
        Ok(Entry {
            run_id: text(run_id),
            seq,
            table: text(table),
            key: text_opt(key),
            action: text(action),
            why: text_opt(why),
            result: text(result),
            image_sha256: text(image_sha256),
            sha256: text(sha256),
            held,
            salt,
            before,
            after,
        })
    }

    /// The columns that SHA256 is taken over.
    #[must_use]
    pub fn fields(&self) -> ChangeFields<'_> {
        ChangeFields {
            run_id: &self.run_id,
            seq: self.seq,
            table: &self.table,
            key: self.key.as_deref(),
            action: &self.action,
            why: self.why.as_deref(),
            result: &self.result,
            image_sha256: &self.image_sha256,
        }
    }

    /// Whether the images are those that IMAGE_SHA256 was taken over.
    #[must_use]
    pub fn image_fits(&self) -> bool {
        let salt = self.salt.as_deref().unwrap_or_default();
        image_sha256(salt, self.before.as_deref(), self.after.as_deref()).as_slice()
            == self.image_sha256.as_bytes()
    }

    /// Whether the row is as it was written.
    #[must_use]
    pub fn change_fits(&self) -> bool {
        self.fields().sha256().as_slice() == self.sha256.as_bytes()
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.display()),
    }
}

fn text_opt(value: &Value) -> Option<Cow<'_, str>> {
    (!value.is_null()).then(|| text(value))
}

/// What hears the changes.
pub type EachEntry<'a> = &'a mut dyn FnMut(&Entry<'_>) -> anyhow::Result<()>;

/// Hands every change of every run to `each`: run by run, in order.
///
/// # Errors
/// What the database says, classed (`Exit`); what `each` returns.
pub fn each_change(db: &mut dyn Read, each: EachEntry<'_>) -> anyhow::Result<()> {
    db.each(&sql!("ledger/select_changes"), &[], &mut |row| each(&Entry::of(row)?))
        .context("reading the ledger's changes")
}

/// Hands every change of one run to `each`, in order.
///
/// # Errors
/// As [`each_change`].
pub fn each_change_of(run_id: &str, db: &mut dyn Read, each: EachEntry<'_>) -> anyhow::Result<()> {
    let binds = [("run_id", run_id.into())];
    db.each(&sql!("ledger/select_run_changes"), &binds, &mut |row| each(&Entry::of(row)?))
        .with_context(|| format!("reading the changes of run {run_id}"))
}

/// The hash that RECERT_LOCK says the chain ends with.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub fn head(db: &mut dyn Read) -> anyhow::Result<Option<String>> {
    let rows = db.rows(&sql!("ledger/select_head"), &[]).context("reading the ledger's head")?;
    rows.first().map_or(Ok(None), |row| row.text_opt("HEAD_SHA256"))
}
