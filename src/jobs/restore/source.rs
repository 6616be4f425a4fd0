//! What a run did, out of the ledger: one entry a row, from what it was to what it became.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::Only;
use crate::db::{Dialect, Read};
use crate::exit::Exit;
use crate::fingerprint::{Fingerprint, FingerprintKeys, FingerprintMap};
use crate::ledger::LedgerRun;
use crate::ledger::read::each_change_of;
use crate::ledger::row::{ImageState, LedgerEntry};
use crate::plan::row_image::RowImage;

/// One row that the run changed.
pub(super) struct ChangedRow {
    /// The last change of it.
    pub(super) seq: i64,
    pub(super) table: Arc<str>,
    pub(super) key: Box<str>,
    /// The row before the run, until [`ChangedRow::forget_unset`]; `None`: there was none.
    before: Option<Box<str>>,
    /// What of it, or all of it, is otherwise after the run; `None`: it was deleted.
    after: Option<Box<str>>,
    /// Of an update, the columns it set.
    pub(super) set: Arc<[String]>,
    /// By which numbers its table knows the rows before and after.
    pub(super) known_before: Option<u32>,
    pub(super) known_after: Option<u32>,
}

impl ChangedRow {
    /// The row before the run.
    pub(super) fn before(&self) -> anyhow::Result<Option<RowImage<'_>>> {
        self.before.as_deref().map(RowImage::parse).transpose()
    }

    /// The whole row after it.
    pub(super) fn after(&self) -> anyhow::Result<Option<RowImage<'_>>> {
        self.images().map(|(_, after)| after)
    }

    /// Both.
    pub(super) fn images(&self) -> anyhow::Result<(Option<RowImage<'_>>, Option<RowImage<'_>>)> {
        let before = self.before()?;
        let after = self.after.as_deref().map(RowImage::parse).transpose()?;
        let after = match (&before, after) {
            (Some(before), Some(after)) => Some(before.clone().with(after)),
            (_, after) => after,
        };
        Ok((before, after))
    }

    /// Of an update, keeps of the row before only what was set: the row as it is now holds the rest.
    pub(super) fn forget_unset(&mut self) -> anyhow::Result<()> {
        if self.before.is_some() && self.after.is_some() {
            self.before = self.before()?.map(|before| before.json(&self.set).into());
        }
        Ok(())
    }
}

/// Where the rows of a table and key stand: a million keys, mostly of one row each.
#[derive(Default)]
struct RowsByKey {
    keys: FingerprintKeys,
    /// The last one.
    last: FingerprintMap<u32>,
    /// For each row, the one before it of the same key.
    before: Vec<Option<u32>>,
}

impl RowsByKey {
    /// The rows of a key, the last first.
    fn of(&self, key: Fingerprint) -> impl Iterator<Item = usize> {
        let last = self.last.get(&key).copied();
        std::iter::successors(last, |at| self.before[*at as usize]).map(|at| at as usize)
    }

    /// One more row, and its key.
    fn push(&mut self, key: Fingerprint) {
        // A run has no more changes than a SEQ of nine digits can count.
        let at = self.before.len() as u32;
        self.before.push(self.last.insert(key, at));
    }
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
    let mut by_key = RowsByKey::default();
    let mut tables: HashMap<String, Arc<str>> = HashMap::new();
    let mut set: Arc<[String]> = Arc::from([]);
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
        let changed = changed(entry, Arc::clone(table), &mut set)?;
        let key = by_key.keys.of(0, [&**table, key].into_iter());
        // A row that the run changed twice is one row: from what it was first to what it was last.
        let mut earlier = None;
        for at in by_key.of(key) {
            if continues(&source.rows[at], &changed, dialect)? {
                earlier = Some(at);
                break;
            }
        }
        match earlier {
            Some(at) => join(&mut source.rows[at], changed)?,
            None => {
                by_key.push(key);
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

/// One change; `set` is what the one before it set, which mostly is the same.
fn changed(
    entry: &LedgerEntry<'_>,
    table: Arc<str>,
    set: &mut Arc<[String]>,
) -> anyhow::Result<ChangedRow> {
    let LedgerEntry { change, image } = entry;
    let told = || format!("change {}", change.seq);
    let text = |image: &'_ str| (!image.is_empty()).then(|| Box::<str>::from(image));
    let before = image.as_ref().and_then(|image| text(&image.before));
    let after = image.as_ref().and_then(|image| text(&image.after));
    let is_whole = match &*change.action {
        "insert" => before.is_none() && after.is_some(),
        "delete" => before.is_some() && after.is_none(),
        "update" => before.is_some() && after.is_some(),
        _ => false,
    };
    if !is_whole {
        return Err(anyhow!("{} without the images that belong to it", change.action))
            .with_context(told);
    }
    let set = match (&before, &after) {
        (Some(_), Some(now)) => {
            let now = RowImage::parse(now).with_context(told)?;
            if !now.0.iter().map(|(name, _)| &**name).eq(set.iter().map(String::as_str)) {
                *set = now.columns().into();
            }
            Arc::clone(set)
        }
        _ => Arc::from([]),
    };
    Ok(ChangedRow {
        seq: change.number(),
        table,
        key: (&*change.row_key).into(),
        set,
        before,
        after,
        known_before: None,
        known_after: None,
    })
}

/// Whether a change goes on where an earlier one of the same run stopped.
fn continues(earlier: &ChangedRow, later: &ChangedRow, dialect: Dialect) -> anyhow::Result<bool> {
    Ok(match (earlier.after()?, later.before()?) {
        (Some(was), Some(is)) => was.is_within(&is, dialect),
        _ => false,
    })
}

fn join(earlier: &mut ChangedRow, later: ChangedRow) -> anyhow::Result<()> {
    let whole = later.after()?.map(|after| after.json(&after.columns()).into());
    earlier.seq = later.seq;
    earlier.after = whole;
    let mut set: Vec<String> = earlier.set.iter().chain(later.set.iter()).cloned().collect();
    set.sort();
    set.dedup();
    earlier.set = set.into();
    Ok(())
}
