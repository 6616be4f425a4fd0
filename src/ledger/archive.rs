//! Old images leave the database: to a file with their hashes, and then they are erased.
//!
//! The run that does it is in the ledger like any other. For each run whose images go, it has one
//! change: ACTION `delete`, TABLE_NAME `RECERT_IMAGE`, ROW_KEY the run, WHY how many images go and
//! the SHA-256 of the file they are in. By these `verify` knows that they may be gone.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::row::{ImageState, LedgerChange, LedgerEntry};
use crate::db::{Read, Transient};
use crate::exit::Exit;
use crate::files::{open_regular, write_whole};
use crate::plan::PlannedFile;
use crate::sql;
use crate::text::hex;

/// What RECERT_RUN calls it.
pub(crate) const JOB: &str = "archive";
/// What the file is called; a change of its shape gets another number.
const SCHEMA: &str = "recert/archive/1";
/// Bytes of a header, which is far shorter.
const HEADER_MAX: u64 = 4_096;

/// First line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct ArchiveHeader {
    #[serde(default)]
    schema: String,
    recert_archive: u32,
    run_id: String,
    before: NaiveDate,
    /// The ledger's first run: says which ledger it is.
    #[serde(default)]
    ledger: String,
}

/// Every other line: one image, by which IMAGE_SHA256 can be calculated again.
#[derive(Serialize)]
struct ArchiveLine<'a> {
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
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ArchivedRun {
    pub(crate) run_id: String,
    pub(crate) images: u64,
}

/// The images of all runs that began before a day (UTC), on their way to a file.
#[derive(Debug)]
pub(crate) struct PlannedArchive {
    path: PathBuf,
    header: ArchiveHeader,
    pub(crate) runs: Vec<ArchivedRun>,
    /// Of the file as it will be.
    pub(crate) sha256: String,
}

impl PlannedArchive {
    /// What would go, if anything; nothing is written yet.
    ///
    /// # Errors
    /// `Exit::Usage`: the file is there already; `Exit::Evidence`: an image is not the one that was
    /// hashed; else what the database says.
    pub(crate) fn look(
        run_id: &str,
        ledger: &str,
        before: NaiveDate,
        path: &Path,
        db: &mut dyn Read,
    ) -> anyhow::Result<Option<Self>> {
        let rows = db
            .rows(&sql!("ledger/count_images_before"), &[("before", before.into())])
            .context("counting the images to archive")?;
        let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
        if n.unwrap_or_default() == 0 {
            return Ok(None);
        }
        let header = ArchiveHeader {
            schema: SCHEMA.to_owned(),
            recert_archive: 1,
            run_id: run_id.to_owned(),
            before,
            ledger: ledger.to_owned(),
        };
        must_be_free(path, &header, db)?;
        let (runs, sha256) = write_images(&header, &mut io::sink(), db)?;
        Ok(Some(PlannedArchive { path: path.to_owned(), header, runs, sha256 }))
    }
}

impl PlannedFile for PlannedArchive {
    /// The file is on the disk, whole, before anything is erased.
    fn write(&self, db: &mut dyn Read) -> anyhow::Result<()> {
        must_be_free(&self.path, &self.header, db)?;
        write_whole(&self.path, |out| {
            let (runs, sha256) = write_images(&self.header, out, db)?;
            if (runs.as_slice(), &sha256) == (self.runs.as_slice(), &self.sha256) {
                return Ok(());
            }
            Err(anyhow!("the images to archive changed meanwhile")
                .context(Transient)
                .context(Exit::Drifted))
        })
    }
}

/// An archive is never replaced: what is in it may be nowhere else. But one that a run left which did
/// not end holds nothing that is not in the database.
fn must_be_free(path: &Path, ours: &ArchiveHeader, db: &mut dyn Read) -> anyhow::Result<()> {
    let told = || format!("writing the archive `{}`", path.display());
    let there = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(anyhow::Error::new(error).context(Exit::Config)).with_context(told);
        }
        Ok(there) => there,
    };
    let header = there.is_file().then(|| read_header(path)).flatten();
    if let Some(header) = header.filter(|header| header.ledger == ours.ledger) {
        if header.run_id == ours.run_id {
            return Ok(()); // An earlier attempt of this very run.
        }
        let binds = [("run_id", header.run_id.as_str().into())];
        let ended = db.rows(&sql!("ledger/select_run_status"), &binds)?;
        let mut statuses = ended.iter().map(|row| row.text("STATUS"));
        if !statuses.any(|status| status.is_ok_and(|status| status == "applied")) {
            tracing::warn!(
                "`{}` was left by run {}, which erased nothing: it is written anew",
                path.display(),
                header.run_id
            );
            return Ok(());
        }
    }
    Err(anyhow!("it is there already, and an archive is never replaced").context(Exit::Usage))
        .with_context(told)
}

fn read_header(path: &Path) -> Option<ArchiveHeader> {
    let mut line = String::new();
    BufReader::new(open_regular(path).ok()?.take(HEADER_MAX)).read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

/// Takes away what a run has left that erased nothing.
pub(crate) fn remove_left(path: &Path, run_id: &str) {
    if read_header(path).is_some_and(|header| header.run_id == run_id)
        && let Err(error) = std::fs::remove_file(path)
    {
        tracing::warn!("`{}` holds nothing of use and can't be removed: {error}", path.display());
    }
}

fn write_images(
    header: &ArchiveHeader,
    out: &mut dyn io::Write,
    db: &mut dyn Read,
) -> anyhow::Result<(Vec<ArchivedRun>, String)> {
    let mut out = HashingWriter { out, hasher: Sha256::new() };
    let mut archived: Vec<ArchivedRun> = Vec::new();
    write_line(header, &mut out)?;
    let binds = [("before", header.before.into())];
    db.each(&sql!("ledger/select_images_before"), &binds, &mut |row| {
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
            _ => archived.push(ArchivedRun { run_id: run_id.to_string(), images: 1 }),
        }
        let line = ArchiveLine {
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

fn write_line(line: &impl Serialize, out: &mut HashingWriter<'_>) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

/// Knows the hash of all that went through.
struct HashingWriter<'a> {
    out: &'a mut dyn io::Write,
    hasher: Sha256,
}

impl io::Write for HashingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
