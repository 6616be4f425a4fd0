//! The run's own rows: what it was, what it changed, and what stood there before.
//!
//! They are committed with the changes they speak of. Each run's hash covers its own columns, its
//! changes in order, and the hash of the run before it (section 4 of the spec).

pub mod archive;
pub mod canonical;
mod chain;
pub mod heads;
pub mod read;
pub mod verify;

use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, NaiveDate, Utc};

use crate::db::{Bind, BindArray, Read, Row, Transaction, Transient, Value};
use crate::exit::Exit;
use crate::plan::{Change, Plan, Step};
use crate::sql;
use canonical::{Canonical, ChangeFields, Hex, RunFields};

/// Rows of the ledger written in one go.
const CHUNK: usize = 1_000;
/// Bytes of REASON.
const REASON_BYTES: usize = 2_000;

/// The row of RECERT_RUN, but for its hashes.
#[derive(Clone, Debug)]
pub struct Run {
    /// UUIDv7.
    pub id: String,
    /// The job's name.
    pub job: String,
    /// The day the run stands for.
    pub as_of: NaiveDate,
    /// `applied`, `unchanged`, `refused` or `failed`.
    pub status: &'static str,
    /// When the run began.
    pub started_at: DateTime<Utc>,
    /// When its changes were about to be committed.
    pub finished_at: DateTime<Utc>,
    /// Who ran it, as the operating system knows them.
    pub os_user: String,
    /// Where.
    pub host: String,
    /// SHA-256 of the config file.
    pub config_sha256: String,
    /// The job's arguments, as JSON.
    pub parameters: String,
    /// The job's counts, as JSON.
    pub counts: String,
    /// `--reason`; of a failed run its error.
    pub reason: Option<String>,
}

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
///
/// # Errors
/// What the database says, also about the COMMIT ([`Transaction::commit_with`]); `Exit::Drifted`, worth
/// another try, when another run went on from the same head in the meantime.
pub fn write_and_commit(
    run: &Run,
    plan: &Plan,
    head: &Head,
    mut db: Box<dyn Transaction>,
) -> anyhow::Result<()> {
    let binds = write_changes(run, plan, head, &mut *db)?;
    db.commit_with(&sql!("ledger/insert_run"), &BindArray::of(&RUN_BINDS, &[&binds]))
        .context("writing the ledger's run")
}

/// Writes a run and all its changes behind `head`. The caller commits.
///
/// # Errors
/// As [`write_and_commit`], without the COMMIT.
pub fn write(run: &Run, plan: &Plan, head: &Head, db: &mut dyn Transaction) -> anyhow::Result<()> {
    let binds = write_changes(run, plan, head, db)?;
    db.change_many(&sql!("ledger/insert_run"), &BindArray::of(&RUN_BINDS, &[&binds]))
        .context("writing the ledger's run")?;
    Ok(())
}

const RUN_BINDS: [&str; 15] = [
    "run_id",
    "job",
    "as_of",
    "status",
    "started_at",
    "finished_at",
    "os_user",
    "host",
    "version",
    "config_sha256",
    "reason",
    "previous_sha256",
    "sha256",
    "parameters",
    "counts",
];

/// Writes a run's changes and moves the head; returns the values of the run's own row.
///
/// The head goes first: where two jobs end at once, the second waits there and is told that rows
/// have changed (ORA-08177, worth another try), not that a key of RECERT_RUN is taken.
fn write_changes(
    run: &Run,
    plan: &Plan,
    head: &Head,
    db: &mut dyn Transaction,
) -> anyhow::Result<Vec<Value>> {
    let mut hash = begin_run_hash(run, &head.0);
    let changes: Vec<(&Step, &Change)> = plan.changes().collect();
    for (at, chunk) in changes.chunks(CHUNK).enumerate() {
        write_chunk(&run.id, at * CHUNK, chunk, &mut hash, db)
            .context("writing the ledger's changes")?;
    }
    let sha256 = hash.finish();
    let sha256 = text(&sha256);
    let reason = run.reason.as_deref().map(|reason| shortened(reason, REASON_BYTES).to_owned());
    let binds: Vec<Value> = vec![
        run.id.as_str().into(),
        run.job.as_str().into(),
        run.as_of.into(),
        run.status.into(),
        run.started_at.naive_utc().into(),
        run.finished_at.naive_utc().into(),
        run.os_user.as_str().into(),
        run.host.as_str().into(),
        env!("CARGO_PKG_VERSION").into(),
        run.config_sha256.as_str().into(),
        reason.into(),
        head.0.as_str().into(),
        sha256.into(),
        run.parameters.as_str().into(),
        run.counts.as_str().into(),
    ];
    advance_head(head, sha256, db)?;
    Ok(binds)
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

fn begin_run_hash(run: &Run, previous: &str) -> Canonical {
    RunFields {
        run_id: &run.id,
        job: &run.job,
        as_of: &canonical::day(run.as_of),
        status: run.status,
        started_at: &canonical::moment(run.started_at),
        finished_at: &canonical::moment(run.finished_at),
        os_user: &run.os_user,
        host: &run.host,
        version: env!("CARGO_PKG_VERSION"),
        config_sha256: &run.config_sha256,
        parameters: Some(&run.parameters),
        counts: Some(&run.counts),
        reason: run.reason.as_deref().map(|reason| shortened(reason, REASON_BYTES)),
        previous_sha256: previous,
    }
    .begin()
}

/// The hashes of one change, in hexadecimal.
struct Hashes {
    salt: [u8; 32],
    image: Hex,
    change: Hex,
}

/// Writes up to [`CHUNK`] changes with their images, and adds them to the run's hash.
fn write_chunk(
    run_id: &str,
    before: usize,
    chunk: &[(&Step, &Change)],
    hash: &mut Canonical,
    db: &mut dyn Transaction,
) -> anyhow::Result<()> {
    let seq = |at: usize| (before + at + 1) as i64;
    let mut salts = vec![0_u8; 16 * chunk.len()];
    getrandom::fill(&mut salts).map_err(|error| anyhow!("asking for random numbers: {error}"))?;
    let hashes: Vec<Hashes> = chunk
        .iter()
        .zip(salts.as_chunks::<16>().0)
        .enumerate()
        .map(|(at, ((step, change), salt))| hash_change(run_id, seq(at), step, change, salt))
        .collect();

    let mut changes = BindArray::new(&[
        "run_id",
        "seq",
        "table_name",
        "row_key",
        "action",
        "why",
        "result",
        "image_sha256",
        "sha256",
    ]);
    let mut images = BindArray::new(&["run_id", "seq", "salt", "before_image", "after_image"]);
    for (at, ((step, change), hashes)) in chunk.iter().zip(&hashes).enumerate() {
        hash.text(text(&hashes.change));
        changes.push([
            run_id.into(),
            Bind::Int(seq(at)),
            (&*step.table).into(),
            (&*change.key).into(),
            change.action.word().into(),
            (&*change.why).into(),
            change.result.word().into(),
            text(&hashes.image).into(),
            text(&hashes.change).into(),
        ]);
        images.push([
            run_id.into(),
            Bind::Int(seq(at)),
            text(&hashes.salt).into(),
            change.before.as_deref().into(),
            change.after.as_deref().into(),
        ]);
    }
    db.change_many(&sql!("ledger/insert_change"), &changes)?;
    db.change_many(&sql!("ledger/insert_image"), &images)?;
    Ok(())
}

fn hash_change(run_id: &str, seq: i64, step: &Step, change: &Change, salt: &[u8; 16]) -> Hashes {
    let mut salt_hex = [0; 32];
    canonical::write_hex(salt, &mut salt_hex);
    let image =
        canonical::image_sha256(text(&salt_hex), change.before.as_deref(), change.after.as_deref());
    let fields = ChangeFields {
        run_id,
        seq,
        table: &step.table,
        key: Some(&change.key),
        action: change.action.word(),
        why: Some(&change.why),
        result: change.result.word(),
        image_sha256: text(&image),
    };
    Hashes { salt: salt_hex, change: fields.sha256(), image }
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
