//! Old images leave the database: to a file with their hashes, and then they are erased.
//!
//! The run that does it is in the ledger like any other. For each run whose images went, it has one
//! change: ACTION `delete`, TABLE_NAME `RECERT_IMAGE`, ROW_KEY the run, WHY how many images went and
//! the SHA-256 of the file they are in. By these `verify` knows that they may be gone.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::row::{ImageState, LedgerChange, LedgerEntry};
use crate::db::{BindArray, Read, Transaction, Value};
use crate::exit::Exit;
use crate::files::write_whole;
use crate::hex::hex;
use crate::plan::{Action, Change, ChangeResult, Counts, Hold, Plan, Step, Takes, Touch};
use crate::sql;

/// What RECERT_RUN and RECERT_LOCK call it.
pub const JOB: &str = "archive";

/// First line of the file.
#[derive(Serialize)]
struct Header<'a> {
    recert_archive: u32,
    run_id: &'a str,
    before: NaiveDate,
}

/// Every other line: one image, by which IMAGE_SHA256 can be calculated again.
#[derive(Serialize)]
struct Line<'a> {
    run_id: &'a str,
    seq: i64,
    table: &'a str,
    key: Option<&'a str>,
    image_sha256: &'a str,
    salt: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// A run whose images go.
struct Archived {
    run_id: String,
    images: u64,
}

/// Writes the images of all runs that began before a day (UTC) to a file, and erases them. What
/// comes back is what the ledger is to hold of it; the caller writes that and commits, and removes
/// the file when that fails. Here a failure leaves no file of its own.
///
/// # Errors
/// `Exit::Usage`: the file is there already; `Exit::Evidence`: an image is not the one that was
/// hashed; `Exit::Drifted`: an image went away meanwhile; else what the database says.
pub fn archive(
    run_id: &str,
    before: NaiveDate,
    path: &Path,
    db: &mut dyn Transaction,
) -> anyhow::Result<Plan> {
    let mut noticed = Counts::named(&["runs_archived", "images_archived"]);
    if !any_image(before, db)? {
        return Ok(Plan { noticed, ..Plan::default() });
    }
    claim(path)?;
    let mut write_and_erase = || -> anyhow::Result<(Vec<Archived>, String)> {
        let written = write_whole(path, |out| write_file(run_id, before, out, db))?;
        erase(&written.0, db)?;
        Ok(written)
    };
    let (archived, sha256) = write_and_erase().inspect_err(|_| remove(path))?;
    let n_images: u64 = archived.iter().map(|run| run.images).sum();
    noticed.add("images_archived", n_images);
    Ok(Plan { steps: vec![step(&archived, &sha256)], noticed, ..Plan::default() })
}

/// Makes the file, empty, so that from here on it is nobody else's. An archive is never replaced:
/// what is in it may be nowhere else.
fn claim(path: &Path) -> anyhow::Result<()> {
    let told = || format!("writing the archive `{}`", path.display());
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(anyhow!("it is there already, and an archive is never replaced")
                .context(Exit::Usage))
        }
        Err(error) => Err(anyhow::Error::new(error).context(Exit::Config)),
    }
    .with_context(told)
}

/// Removes a file that this run has made, when what is in it is still in the database.
pub fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!("`{}` holds nothing of use and can't be removed: {error}", path.display());
    }
}

/// Whether there is anything to archive: without, no file is made.
fn any_image(before: NaiveDate, db: &mut dyn Read) -> anyhow::Result<bool> {
    let rows = db
        .rows(&sql!("ledger/count_images_before"), &[("before", before.into())])
        .context("counting the images to archive")?;
    let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
    Ok(n.unwrap_or_default() > 0)
}

fn write_file(
    run_id: &str,
    before: NaiveDate,
    out: &mut dyn io::Write,
    db: &mut dyn Read,
) -> anyhow::Result<(Vec<Archived>, String)> {
    let mut out = Hashing { out, hasher: Sha256::new() };
    let mut archived: Vec<Archived> = Vec::new();
    write_line(&Header { recert_archive: 1, run_id, before }, &mut out)?;
    db.each(&sql!("ledger/select_images_before"), &[("before", before.into())], &mut |row| {
        let entry = LedgerEntry::of(row)?;
        let LedgerChange { run_id, seq, .. } = &entry.change;
        let (Some(image), ImageState::Kept) = (&entry.image, entry.image_is()) else {
            return Err(anyhow!(
                "the image of change {seq} of run {run_id} was edited; `recert verify` says more"
            )
            .context(Exit::Evidence));
        };
        match archived.last_mut() {
            Some(last) if last.run_id == *run_id => last.images += 1,
            _ => archived.push(Archived { run_id: run_id.to_string(), images: 1 }),
        }
        let line = Line {
            run_id,
            seq: entry.change.number(),
            table: &entry.change.table_name,
            key: some(&entry.change.row_key),
            image_sha256: &entry.change.image_sha256,
            salt: some(&image.salt),
            before: some(&image.before),
            after: some(&image.after),
        };
        write_line(&line, &mut out)
    })?;
    Ok((archived, hex(&out.hasher.finalize())))
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn write_line(line: &impl Serialize, out: &mut Hashing<'_>) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

/// Knows the hash of all that went through.
struct Hashing<'a> {
    out: &'a mut dyn io::Write,
    hasher: Sha256,
}

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn erase(archived: &[Archived], db: &mut dyn Transaction) -> anyhow::Result<()> {
    let binds: Vec<[Value; 1]> = archived.iter().map(|run| [run.run_id.as_str().into()]).collect();
    let rows: Vec<&[Value]> = binds.iter().map(<[Value; 1]>::as_slice).collect();
    let touched = db
        .change_many(&sql!("ledger/erase_images"), &BindArray::of(&["run_id"], &rows))
        .context("erasing the archived images")?;
    match archived.iter().zip(&touched).find(|(run, n)| run.images != **n) {
        Some((run, n)) => Err(anyhow!(
            "run {}: {n} images were erased where {} are in the file",
            run.run_id,
            run.images
        )
        .context(Exit::Drifted)),
        None => Ok(()),
    }
}

fn step(archived: &[Archived], sha256: &str) -> Step {
    let touch = |run: &Archived| Touch {
        unit: run.run_id.as_str().into(),
        binds: vec![run.run_id.as_str().into()],
        change: Change {
            key: run.run_id.as_str().into(),
            action: Action::Delete,
            why: format!("archived; {} images in the file with SHA-256 {sha256}", run.images)
                .into(),
            result: ChangeResult::Applied,
            before: None,
            after: None,
        },
        seen: None,
    };
    Step {
        say: "erasing archived images",
        sql: sql!("ledger/erase_images"),
        names: vec!["run_id".to_owned()],
        table: "RECERT_IMAGE".into(),
        hold: Hold::Nothing,
        counts: &["runs_archived"],
        takes: Takes::Nothing,
        touches: archived.iter().map(touch).collect(),
    }
}
