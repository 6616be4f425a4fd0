//! The ledger's rows as its readers need them: with every column in the form that is hashed.

use anyhow::{Context as _, anyhow};

use super::chain::ChainLink;
use super::heads::{Head, LedgerIds};
use super::row::{LedgerEntry, LedgerRun};
use crate::db::{Read, Unreadable};
use crate::exit::Exit;
use crate::sql;

/// The fewest characters of a run's id that may stand for the whole.
const PREFIX_MIN: usize = 8;

/// Hands every run to `each`, the latest first.
///
/// # Errors
/// What the database says, classed (`Exit`); what `each` returns.
pub(crate) fn each_run(
    db: &mut dyn Read,
    each: &mut dyn FnMut(LedgerRun) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    db.each(&sql!("ledger/select_runs"), &[], &mut |row| each(LedgerRun::of(&row.values)?))
        .context("reading the ledger's runs")
        .map_err(as_evidence)
}

/// Bytes that are no text were not written by recert.
fn as_evidence(error: anyhow::Error) -> anyhow::Error {
    if error.downcast_ref::<Unreadable>().is_some() { error.context(Exit::Evidence) } else { error }
}

/// Hands every run to `each` as far as the chain needs it, in any order. Returns where the chain ended at
/// that moment.
pub(super) fn each_link(
    db: &mut dyn Read,
    each: &mut dyn FnMut(ChainLink) -> anyhow::Result<()>,
) -> anyhow::Result<Option<String>> {
    let mut end = None;
    db.each(&sql!("ledger/select_links"), &[], &mut |row| {
        if end.is_none() {
            end = row.text_opt("HEAD_SHA256")?;
        }
        let Some(run_id) = row.text_opt("RUN_ID")? else { return Ok(()) };
        each(ChainLink {
            run_id,
            job: row.text("JOB")?,
            status: row.text("STATUS")?,
            previous: row.text("PREVIOUS_SHA256")?,
            sha256: row.text("SHA256")?,
        })
    })
    .context("reading the ledger's chain")
    .map_err(as_evidence)?;
    Ok(end)
}

/// Which runs there are: what tells whether kept heads speak of this ledger.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn ids(db: &mut dyn Read) -> anyhow::Result<LedgerIds> {
    let mut ledger = LedgerIds::default();
    each_link(db, &mut |link| {
        if link.previous == super::canonical::GENESIS {
            ledger.first.push(Head(link.run_id.clone(), link.sha256));
        }
        ledger.ids.insert(link.run_id);
        Ok(())
    })?;
    Ok(ledger)
}

/// The run whose id begins like this, if there is just one.
///
/// # Errors
/// `Exit::Usage`: fewer than eight characters, or more than one such run.
pub(crate) fn find_run(id: &str, db: &mut dyn Read) -> anyhow::Result<Option<LedgerRun>> {
    let id = id.trim().to_lowercase();
    if id.chars().count() < PREFIX_MIN {
        return Err(anyhow!(
            "`{id}` is too short; give at least {PREFIX_MIN} characters of the run's id"
        )
        .context(Exit::Usage));
    }
    let rows = db
        .rows(&sql!("ledger/select_run"), &[("run_id", id.as_str().into())])
        .context("looking for the run in the ledger")
        .map_err(as_evidence)?;
    match rows.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(LedgerRun::of(&one.values)?)),
        many => Err(anyhow!("{} runs begin with `{id}`; give more of the id", many.len())
            .context(Exit::Usage)),
    }
}

/// What hears the changes.
pub(crate) type EachLedgerEntry<'a> = &'a mut dyn FnMut(&LedgerEntry<'_>) -> anyhow::Result<()>;

/// Hands every change of every run to `each`: run by run, in order.
///
/// # Errors
/// What the database says, classed (`Exit`); what `each` returns.
pub(crate) fn each_change(db: &mut dyn Read, each: EachLedgerEntry<'_>) -> anyhow::Result<()> {
    db.each(&sql!("ledger/select_changes"), &[], &mut |row| each(&LedgerEntry::of(row)?))
        .context("reading the ledger's changes")
        .map_err(as_evidence)
}

/// Hands every change of one run to `each`, in order.
///
/// # Errors
/// As [`each_change`].
pub(crate) fn each_change_of(
    run_id: &str,
    db: &mut dyn Read,
    each: EachLedgerEntry<'_>,
) -> anyhow::Result<()> {
    let binds = [("run_id", run_id.into())];
    db.each(&sql!("ledger/select_run_changes"), &binds, &mut |row| each(&LedgerEntry::of(row)?))
        .with_context(|| format!("reading the changes of run {run_id}"))
        .map_err(as_evidence)
}

/// Whether a run's hash fits its columns and the hashes of its changes.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn hash_fits(run: &LedgerRun, db: &mut dyn Read) -> anyhow::Result<bool> {
    let mut hash = run.begin_hash();
    let binds = [("run_id", run.run_id.as_str().into())];
    db.each(&sql!("ledger/select_change_hashes"), &binds, &mut |row| {
        hash.text(&row.text("SHA256")?);
        Ok(())
    })
    .with_context(|| format!("reading the hashes of run {}", run.run_id))?;
    Ok(hash.finish().as_slice() == run.sha256.as_bytes())
}

/// The hash that RECERT_LOCK says the chain ends with.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn head(db: &mut dyn Read) -> anyhow::Result<Option<String>> {
    let rows = db.rows(&sql!("ledger/select_head"), &[]).context("reading the ledger's head")?;
    rows.first().map_or(Ok(None), |row| row.text_opt("HEAD_SHA256"))
}
