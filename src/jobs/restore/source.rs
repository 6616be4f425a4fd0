//! What a run did, out of the ledger: one entry a row, from what it was to what it became.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::Only;
use super::image::RowImage;
use crate::db::Read;
use crate::exit::Exit;
use crate::ledger::LedgerRun;
use crate::ledger::read::each_change_of;
use crate::ledger::row::{ImageState, LedgerEntry};

/// One row that the run changed.
pub(super) struct ChangedRow {
    /// The last change of it.
    pub(super) seq: i64,
    pub(super) table: Arc<str>,
    pub(super) key: String,
    /// The row before the run; `None`: there was none.
    pub(super) before: Option<RowImage>,
    /// The row after it; `None`: it was deleted.
    pub(super) after: Option<RowImage>,
    /// Of an update, the columns it set.
    pub(super) set: Vec<String>,
}

/// All of them.
#[derive(Default)]
pub(super) struct RestoreSource {
    pub(super) rows: Vec<ChangedRow>,
    /// How many changes were asked for.
    pub(super) n_changes: u64,
    /// Changes whose images were erased, by table.
    pub(super) erased: HashMap<String, u64>,
    /// Rows of people whom the run purged, by table: of them nothing was kept.
    pub(super) purged: HashMap<String, u64>,
}

/// Reads what is to be put back, and believes none of it that its hashes do not hold.
///
/// # Errors
/// `Exit::Evidence`: the run was tampered with; `Exit::Usage`: `--only` names none of its changes.
pub(super) fn read(
    run: &LedgerRun,
    only: &[Only],
    db: &mut dyn Read,
) -> anyhow::Result<RestoreSource> {
    let dialect = db.dialect();
    let (mut source, mut hash, mut any) = (RestoreSource::default(), run.begin_hash(), false);
    let mut last_of: HashMap<(Arc<str>, String), Vec<usize>> = HashMap::new();
    let mut tables: HashMap<String, Arc<str>> = HashMap::new();
    each_change_of(&run.run_id, db, &mut |entry| {
        any = true;
        let change = &entry.change;
        hash.text(&change.sha256);
        let state = believe(entry)?;
        let (table, key) = (&*change.table_name, &*change.row_key);
        if table == "RECERT_IMAGE" {
            return Ok(()); // What a purge erased of the ledger: it can't come back, and is no row of a job.
        }
        if !only.is_empty() && !only.iter().any(|only| only.matches(table, key)) {
            return Ok(());
        }
        source.n_changes += 1;
        if state == ImageState::Erased {
            *source.erased.entry(table.to_owned()).or_default() += 1;
            return Ok(());
        }
        let image = entry.image.as_ref();
        if change.action == "delete" && image.is_none_or(|image| image.before.is_empty()) {
            *source.purged.entry(table.to_owned()).or_default() += 1;
            return Ok(());
        }
        let table = tables.entry(table.to_owned()).or_insert_with(|| table.into());
        let changed = changed(entry, Arc::clone(table))?;
        let last = last_of.entry((Arc::clone(table), key.to_owned())).or_default();
        // A row that the run changed twice is one row: from what it was first to what it was last.
        let earlier =
            last.iter().copied().find(|at| continues(&source.rows[*at], &changed, dialect));
        match earlier {
            Some(at) => join(&mut source.rows[at], changed),
            None => {
                last.push(source.rows.len());
                source.rows.push(changed);
            }
        }
        Ok(())
    })?;
    if hash.finish().as_slice() != run.sha256.as_bytes() {
        return Err(tampered(&run.run_id, "its hash does not fit"));
    }
    if any && source.n_changes == 0 {
        return Err(anyhow!(
            "`--only` names none of the run's changes; `recert show {}` lists them",
            run.run_id
        )
        .context(Exit::Usage));
    }
    source.rows.retain(|row| row.before.is_some() || row.after.is_some());
    Ok(source)
}

fn believe(entry: &LedgerEntry<'_>) -> anyhow::Result<ImageState> {
    let LedgerEntry { change, .. } = entry;
    match entry.image_is() {
        state @ (ImageState::Kept | ImageState::Erased) if change.fits() => Ok(state),
        _ => {
            Err(tampered(&change.run_id, &format!("change {} does not fit its hashes", change.seq)))
        }
    }
}

fn tampered(run_id: &str, why: &str) -> anyhow::Error {
    anyhow!(
        "run {run_id} was tampered with ({why}); it can't be restored, `recert verify` says more"
    )
    .context(Exit::Evidence)
}

fn changed(entry: &LedgerEntry<'_>, table: Arc<str>) -> anyhow::Result<ChangedRow> {
    let LedgerEntry { change, image } = entry;
    let told = || format!("change {}", change.seq);
    let parse = |image: Option<&str>| {
        image.filter(|text| !text.is_empty()).map(RowImage::parse).transpose().with_context(told)
    };
    let before = parse(image.as_ref().map(|image| &*image.before))?;
    let after = parse(image.as_ref().map(|image| &*image.after))?;
    let (seq, key) = (change.number(), change.row_key.to_string());
    let row = |before, after, set| ChangedRow { seq, table, key, before, after, set };
    match (&*change.action, before, after) {
        ("insert", None, Some(after)) => Ok(row(None, Some(after), Vec::new())),
        ("delete", Some(before), None) => Ok(row(Some(before), None, Vec::new())),
        ("update", Some(before), Some(after)) => {
            let set = after.0.iter().map(|(name, _)| name.clone()).collect();
            let whole = before.with(&after);
            Ok(row(Some(before), Some(whole), set))
        }
        (action, ..) => {
            Err(anyhow!("{action} without the images that belong to it")).with_context(told)
        }
    }
}

/// Whether a change goes on where an earlier one of the same run stopped.
fn continues(earlier: &ChangedRow, later: &ChangedRow, dialect: crate::db::Dialect) -> bool {
    match (&earlier.after, &later.before) {
        (Some(was), Some(is)) => was.is_within(is, dialect),
        _ => false,
    }
}

fn join(earlier: &mut ChangedRow, later: ChangedRow) {
    earlier.seq = later.seq;
    earlier.after = later.after;
    earlier.set.extend(later.set);
    earlier.set.sort();
    earlier.set.dedup();
}
