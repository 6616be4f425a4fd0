//! Writes a run's own rows, in the transaction of the changes they speak of.
//!
//! Changes and images need no predecessor's hash and go first; the run's row, which names it, last.

use std::borrow::Cow;
use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};

use super::canonical::{self, Hex};
use super::row::{LedgerChange, LedgerImage, LedgerRun};
use crate::db::{Bind, BindArray, Read, Row, Transaction, Transient, Value};
use crate::exit::Exit;
use crate::plan::{Change, Plan, Step};
use crate::sql;

/// Rows of the ledger written in one go.
const CHUNK: usize = 1_000;
/// Bytes of REASON.
const REASON_BYTES: usize = 2_000;

/// The end of the chain, as it was when the job's lock was taken.
#[derive(Clone, Debug)]
pub struct Head(String);

/// Takes the job's lock, and with the same statement learns where the chain ends.
///
/// # Errors
/// `Exit::Busy`: another run of the job holds it; `Exit::Config`: recert's tables are not there.
pub fn lock(job: &str, db: &mut dyn Read) -> anyhow::Result<Head> {
    let rows = db
        .rows(&sql!("ledger/lock_job", dialects), &[("job", job.into())])
        .with_context(|| format!("taking the lock of the job `{job}`"))?;
    let row = rows.first().ok_or_else(|| {
        anyhow!("RECERT_LOCK has no row for the job `{job}`; `recert migrate` adds it")
            .context(Exit::Config)
    })?;
    Ok(Head(row.text("HEAD_SHA256")?))
}

/// Writes a run and all its changes behind `head`, and commits with the last of these statements.
/// Returns the chain's new end.
///
/// # Errors
/// What the database says, also about the COMMIT ([`Transaction::commit_with`]); `Exit::Drifted`, worth
/// another try, when another run went on from the same head in the meantime.
pub fn write_and_commit(
    run: LedgerRun,
    plan: &Plan,
    head: &Head,
    mut db: Box<dyn Transaction>,
) -> anyhow::Result<String> {
    let hashes = write_changes(&run.run_id, plan, &mut *db)?;
    let run = close(run, &hashes, head);
    advance_head(head, &run.sha256, &mut *db)?;
    db.commit_with(&sql!("ledger/insert_run"), &run_array(&run))
        .context("writing the ledger's run")?;
    Ok(run.sha256)
}

/// Writes a run and all its changes behind `head`. The caller commits.
///
/// # Errors
/// As [`write_and_commit`], without the COMMIT.
pub fn write(
    run: LedgerRun,
    plan: &Plan,
    head: &Head,
    db: &mut dyn Transaction,
) -> anyhow::Result<String> {
    let hashes = write_changes(&run.run_id, plan, db)?;
    write_run(run, &hashes, head, db)
}

/// SHA256 of each of a run's changes, in order.
#[derive(Debug, Default)]
pub struct ChangeHashes(Vec<Hex>);

/// Writes a run's changes and their images: all of its rows that need not know what the chain ends with.
///
/// # Errors
/// What the database says.
pub fn write_changes(
    run_id: &str,
    plan: &Plan,
    db: &mut dyn Transaction,
) -> anyhow::Result<ChangeHashes> {
    let changes: Vec<(&Step, &Change)> = plan.changes().collect();
    let mut hashes = ChangeHashes(Vec::with_capacity(changes.len()));
    for chunk in changes.chunks(CHUNK) {
        write_chunk(run_id, chunk, &mut hashes.0, db).context("writing the ledger's changes")?;
    }
    Ok(hashes)
}

/// Writes the run itself behind the chain's end, and moves that end, which it returns.
///
/// # Errors
/// What the database says; `Exit::Drifted`, worth another try, when another run went on from the same end.
pub fn write_run(
    run: LedgerRun,
    hashes: &ChangeHashes,
    head: &Head,
    db: &mut dyn Transaction,
) -> anyhow::Result<String> {
    let run = close(run, hashes, head);
    advance_head(head, &run.sha256, db)?;
    db.change_many(&sql!("ledger/insert_run"), &run_array(&run))
        .context("writing the ledger's run")?;
    Ok(run.sha256)
}

/// A run with its place in the chain.
fn close(mut run: LedgerRun, hashes: &ChangeHashes, head: &Head) -> LedgerRun {
    run.reason = shortened(&run.reason, REASON_BYTES).to_owned();
    run.previous_sha256.clone_from(&head.0);
    let mut hash = run.begin_hash();
    for change in &hashes.0 {
        hash.text(text(change));
    }
    run.sha256 = text(&hash.finish()).to_owned();
    run
}

fn run_array(run: &LedgerRun) -> BindArray<'_> {
    let mut array = BindArray::new(LedgerRun::COLUMNS);
    array.push(run.binds());
    array
}

/// The head moves on, if it is still where this run began.
fn advance_head(head: &Head, sha256: &str, db: &mut dyn Transaction) -> anyhow::Result<()> {
    let binds: Vec<Value> = vec![sha256.into(), head.0.as_str().into()];
    let touched = db
        .change_many(
            &sql!("ledger/advance_head"),
            &BindArray::of(&["sha256", "previous_sha256"], &[&binds]),
        )
        .context("moving the ledger's head")?;
    if touched == [1] {
        return Ok(());
    }
    Err(anyhow!("another run was written to the ledger in the meantime")
        .context(Transient)
        .context(Exit::Drifted))
}

/// Writes up to [`CHUNK`] changes with their images, and adds their hashes to the run's.
fn write_chunk(
    run_id: &str,
    chunk: &[(&Step, &Change)],
    hashes: &mut Vec<Hex>,
    db: &mut dyn Transaction,
) -> anyhow::Result<()> {
    let mut random = vec![0_u8; 16 * chunk.len()];
    getrandom::fill(&mut random).map_err(|error| anyhow!("asking for random numbers: {error}"))?;
    let rows: Vec<NewRows<'_>> = chunk
        .iter()
        .zip(random.as_chunks::<16>().0)
        .zip(hashes.len() + 1..)
        .map(|(((step, change), salt), seq)| rows_of(run_id, seq, step, change, salt))
        .collect();
    let mut changes = BindArray::new(LedgerChange::COLUMNS);
    let mut images = BindArray::new(&["run_id", "seq", "salt", "before_image", "after_image"]);
    for (NewRows { change, image, .. }, seq) in rows.iter().zip(hashes.len() as i64 + 1..) {
        changes.push(change.binds());
        images.push([
            run_id.into(),
            Bind::Int(seq),
            (&*image.salt).into(),
            (&*image.before).into(),
            (&*image.after).into(),
        ]);
    }
    db.change_many(&sql!("ledger/insert_change"), &changes)?;
    db.change_many(&sql!("ledger/insert_image"), &images)?;
    hashes.extend(rows.into_iter().map(|row| row.hash));
    Ok(())
}

/// A change as the ledger keeps it.
struct NewRows<'a> {
    change: LedgerChange<'a>,
    image: LedgerImage<'a>,
    hash: Hex,
}

fn rows_of<'a>(
    run_id: &'a str,
    seq: usize,
    step: &'a Step,
    of: &'a Change,
    salt: &[u8; 16],
) -> NewRows<'a> {
    let mut salt_hex = [0; 32];
    canonical::write_hex(salt, &mut salt_hex);
    let image = LedgerImage {
        salt: Cow::Owned(text(&salt_hex).to_owned()),
        before: of.before.as_deref().unwrap_or_default().into(),
        after: of.after.as_deref().unwrap_or_default().into(),
    };
    let mut change = LedgerChange {
        run_id: run_id.into(),
        seq: Cow::Owned(seq.to_string()),
        table_name: (&*step.table).into(),
        row_key: (&*of.key).into(),
        action: of.action.word().into(),
        why: (&*of.why).into(),
        result: of.result.word().into(),
        image_sha256: Cow::Owned(text(&image.sha256()).to_owned()),
        sha256: Cow::Borrowed(""),
    };
    let hash = change.begin_hash().finish();
    change.sha256 = Cow::Owned(text(&hash).to_owned());
    NewRows { change, image, hash }
}

/// Hexadecimal digits as the text they are.
fn text(hex: &[u8]) -> &str {
    std::str::from_utf8(hex).unwrap_or_default()
}

/// Whether a run is in the ledger: what is asked after a COMMIT whose answer was lost.
///
/// # Errors
/// What the database says, classed.
pub fn contains(run_id: &str, db: &mut dyn Read) -> anyhow::Result<bool> {
    let rows: Vec<Row> =
        db.rows(&sql!("ledger/select_run_status"), &[("run_id", run_id.into())])?;
    Ok(!rows.is_empty())
}

/// The longest beginning of `text` that fits into `bytes`, whole characters only.
fn shortened(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Counts as the ledger keeps them.
#[must_use]
pub fn counts_json(counts: &crate::plan::Counts) -> String {
    let mut out = String::from("{");
    for (at, (name, n)) in counts.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\"{name}\":{n}");
    }
    out.push('}');
    out
}
