//! Writes a run's own rows, in the transaction of the changes they speak of.
//!
//! Changes and images need no predecessor's hash and go first; the run's row, which names it, last.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use super::canonical;
use super::lock::{ChainEnd, held_too_long, take_end};
use super::row::{LedgerChange, LedgerImage, LedgerRun};
use crate::db::{Bind, BindArray, CallTimedOut, Read, Row, Transaction, Transient, Value};
use crate::exit::Exit;
use crate::plan::{Plan, Step, TouchRef};
use crate::sql;

/// Rows of the ledger written in one go.
const CHUNK: usize = 1_000;
/// Bytes of REASON.
const REASON_BYTES: usize = 2_000;

/// SHA256 of each of a run's changes, in order.
#[derive(Debug, Default)]
pub struct ChangeHashes(Vec<[u8; 32]>);

/// Writes a run's changes and their images: all of its rows that need not know what the chain ends with.
///
/// # Errors
/// What the database says.
pub fn write_changes(
    run_id: &str,
    plan: &Plan,
    db: &mut dyn Transaction,
) -> anyhow::Result<ChangeHashes> {
    let n_changes = plan.steps.iter().map(|step| step.touches.len()).sum();
    let mut hashes = ChangeHashes(Vec::with_capacity(n_changes));
    // They are hashed by a thread of their own while the database takes those before them.
    let mut changes = plan.changes();
    let (hashed, coming) = sync_channel::<anyhow::Result<Vec<NewRows<'_>>>>(1);
    thread::scope(|scope| {
        let hash_all = move || {
            for first_seq in (1..).step_by(CHUNK) {
                let chunk: Vec<(&Step, TouchRef<'_>)> = changes.by_ref().take(CHUNK).collect();
                // Nobody listens any more when the database did not take those before.
                if chunk.is_empty()
                    || hashed.send(rows_of_chunk(run_id, first_seq, &chunk)).is_err()
                {
                    break;
                }
            }
        };
        thread::Builder::new().spawn_scoped(scope, hash_all).context("starting a thread")?;
        for rows in coming {
            write_rows(run_id, rows?, &mut hashes.0, db).context("writing the ledger's changes")?;
        }
        Ok(hashes)
    })
}

/// Writes the run itself behind the chain's end, and commits with the last of these statements.
/// Returns the chain's new end.
///
/// Mostly the end is where it was seen: moving it takes it. Where another run has moved it, it is taken first, and
/// `moved` looks which run that was. Either way whoever holds it is waited for, for `patience` at most.
///
/// # Errors
/// What the database says, also about the COMMIT ([`Transaction::commit_with`]); as [`take_end`]; as `moved`.
pub(crate) fn write_run_and_commit(
    run: &dyn Fn() -> LedgerRun,
    hashes: &ChangeHashes,
    end: &ChainEnd,
    moved: &dyn Fn(&mut dyn Read) -> anyhow::Result<()>,
    patience: Duration,
    mut db: Box<dyn Transaction>,
) -> anyhow::Result<String> {
    let mut closed = close(run(), hashes, end);
    if !advance_head(end, &closed.sha256, patience, &mut *db)? {
        let end = take_end(patience, &mut *db)?;
        moved(&mut *db)?;
        closed = close(run(), hashes, &end);
        must_advance(&end, &closed.sha256, patience, &mut *db)?;
    }
    db.commit_with(&sql!("ledger/insert_run"), &run_array(&closed))
        .context("writing the ledger's run")?;
    Ok(closed.sha256)
}

/// Writes the run itself behind the chain's end, which is held, and moves that end, which it returns. For tests that
/// need a run which nobody commits yet: recert's own runs are written as they commit.
///
/// # Errors
/// What the database says; `Exit::Drifted` when the end is another.
pub fn write_run(
    run: LedgerRun,
    hashes: &ChangeHashes,
    end: &ChainEnd,
    db: &mut dyn Transaction,
) -> anyhow::Result<String> {
    let run = close(run, hashes, end);
    must_advance(end, &run.sha256, Duration::ZERO, db)?;
    db.change_many(&sql!("ledger/insert_run"), &run_array(&run))
        .context("writing the ledger's run")?;
    Ok(run.sha256)
}

/// A run with its place in the chain.
fn close(mut run: LedgerRun, hashes: &ChangeHashes, end: &ChainEnd) -> LedgerRun {
    run.reason = shortened(&run.reason, REASON_BYTES).to_owned();
    run.previous_sha256.clone_from(&end.0);
    let mut hash = run.begin_hash();
    for change in &hashes.0 {
        hash.text(text(&canonical::hex_of(change)));
    }
    run.sha256 = text(&hash.finish()).to_owned();
    run
}

fn run_array(run: &LedgerRun) -> BindArray<'_> {
    let mut array = BindArray::new(LedgerRun::COLUMNS);
    array.push(run.binds());
    array
}

/// The chain's end moves on, if it is still where it was seen.
fn advance_head(
    end: &ChainEnd,
    sha256: &str,
    patience: Duration,
    db: &mut dyn Transaction,
) -> anyhow::Result<bool> {
    let binds: Vec<Value> = vec![sha256.into(), end.0.as_str().into()];
    let array = BindArray::of(&["sha256", "previous_sha256"], &[&binds]);
    let patience = patience.max(Duration::from_secs(1));
    match db.change_within(patience, &sql!("ledger/advance_head"), &array) {
        Err(error) if error.downcast_ref::<CallTimedOut>().is_some() => {
            Err(held_too_long(patience))
        }
        touched => Ok(touched.context("moving the ledger's head")? == [1]),
    }
}

fn must_advance(
    end: &ChainEnd,
    sha256: &str,
    patience: Duration,
    db: &mut dyn Transaction,
) -> anyhow::Result<()> {
    if advance_head(end, sha256, patience, db)? {
        return Ok(());
    }
    Err(anyhow!("another run was written to the ledger in the meantime")
        .context(Transient)
        .context(Exit::Drifted))
}

/// Up to [`CHUNK`] changes as the ledger keeps them, the first one with this number.
fn rows_of_chunk<'a>(
    run_id: &'a str,
    first_seq: usize,
    chunk: &[(&'a Step, TouchRef<'a>)],
) -> anyhow::Result<Vec<NewRows<'a>>> {
    let mut random = vec![0_u8; 16 * chunk.len()];
    getrandom::fill(&mut random).map_err(|error| anyhow!("asking for random numbers: {error}"))?;
    let salted = chunk.iter().zip(random.as_chunks::<16>().0).zip(first_seq..);
    Ok(salted
        .map(|(((step, change), salt), seq)| rows_of(run_id, seq, step, *change, salt))
        .collect())
}

/// Writes changes with their images, and adds their hashes to the run's.
fn write_rows(
    run_id: &str,
    rows: Vec<NewRows<'_>>,
    hashes: &mut Vec<[u8; 32]>,
    db: &mut dyn Transaction,
) -> anyhow::Result<()> {
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
    hash: [u8; 32],
}

fn rows_of<'a>(
    run_id: &'a str,
    seq: usize,
    step: &'a Step,
    of: TouchRef<'a>,
    salt: &[u8; 16],
) -> NewRows<'a> {
    let mut salt_hex = [0; 32];
    canonical::write_hex(salt, &mut salt_hex);
    let image = LedgerImage {
        salt: Cow::Owned(text(&salt_hex).to_owned()),
        before: of.before().unwrap_or_default().into(),
        after: of.after().unwrap_or_default(),
    };
    let mut change = LedgerChange {
        run_id: run_id.into(),
        seq: Cow::Owned(seq.to_string()),
        table_name: (&*step.table).into(),
        row_key: of.key().into(),
        action: of.action().word().into(),
        why: of.why().into(),
        result: of.result().word().into(),
        image_sha256: Cow::Owned(text(&image.sha256()).to_owned()),
        sha256: Cow::Borrowed(""),
    };
    let hash = change.begin_hash().finish_raw();
    change.sha256 = Cow::Owned(text(&canonical::hex_of(&hash)).to_owned());
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
pub(crate) fn contains(run_id: &str, db: &mut dyn Read) -> anyhow::Result<bool> {
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
pub(crate) fn counts_json(counts: &crate::plan::Counts) -> String {
    let mut out = String::from("{");
    for (at, (name, n)) in counts.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\"{name}\":{n}");
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_text_is_shortened_between_two_characters() {
        let of = |bytes| shortened("až🦀", bytes);
        assert_eq!(
            [0, 1, 2, 3, 4, 6, 7, 8].map(of),
            ["", "a", "a", "až", "až", "až", "až🦀", "až🦀"]
        );
    }
}
