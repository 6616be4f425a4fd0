//! `--claim-into DIR`: the file is the run's own from a moment on, and what was imported is what is filed.
//!
//! Once the job has its lock, the file is renamed to `NAME_RUNIDWITHOUTHYPHENS.csv` in DIR, and read there: a delivery that
//! arrives meanwhile under the old name is the next run's. It stays there whatever came of it, but for ends after which
//! the scheduler runs again: then it goes back. Each step is one rename, so that a run may be killed between any two: a
//! file in DIR whose run the ledger lacks was read by nobody, and is taken first.
//!
//! DIR is for the imports into one database.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use uuid::Uuid;

use super::availability::availability;
use super::fault::BadFile;
use super::open::{ImportSource, import_stem};
use crate::db::Read;
use crate::exit::Exit;
use crate::sql;

/// Who claims.
pub(crate) struct FileClaimant<'a> {
    pub(crate) run_id: &'a str,
    /// Files of killed runs are taken first; not where a saved plan says which file it is.
    pub(crate) takes_up: bool,
    /// Which file this job reads, also under another name.
    pub(crate) reads: ImportKind,
}

/// The two files that are imported, each by a job of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportKind {
    People,
    Availability,
}

impl ImportKind {
    fn is_of(self, source: &ImportSource) -> bool {
        let is_availability = availability(source.read(), &source.name).is_ok();
        is_availability == (self == ImportKind::Availability)
    }
}

/// A file that is this run's.
#[derive(Debug)]
pub(super) struct ClaimedFile {
    pub(super) source: ImportSource,
    /// The name it was delivered under, without extension.
    pub(super) stem: String,
    /// Where it stands now.
    path: PathBuf,
    /// Where it came from.
    origin: PathBuf,
    /// It came from a run that was killed.
    pub(super) is_taken_up: bool,
}

/// A file of an earlier run in DIR.
struct FiledFile {
    path: PathBuf,
    stem: String,
    run_id: Uuid,
}

/// Takes the file, or first one of a killed run.
///
/// # Errors
/// `Exit::Config`: the folder is not there, is on another file system or can't be written; `Exit::BadInput`: there is no
/// such file; what the database says.
pub(super) fn claim(
    file: &Path,
    folder: &Path,
    claimant: &FileClaimant<'_>,
    db: &mut dyn Read,
) -> anyhow::Result<ClaimedFile> {
    let name = file.display().to_string();
    let stem = import_stem(file, &name)?;
    must_be_beside(file, folder)?;
    let left = if claimant.takes_up { left_by_killed(folder, &stem, claimant, db)? } else { None };
    let (origin, stem, is_taken_up) = match left {
        Some(left) => (left.path, left.stem, true),
        None => (file.to_owned(), stem, false),
    };
    let at = |error| BadFile::whole(&name, format!("can't be claimed: {error}")).error();
    if !fs::symlink_metadata(&origin).map_err(at)?.is_file() {
        return Err(at(io::Error::other("it is no regular file")));
    }
    let path = folder.join(filed_name(&stem, claimant.run_id));
    fs::rename(&origin, &path)
        .with_context(|| format!("renaming `{}` to `{}`", origin.display(), path.display()))
        .context(Exit::Config)?;
    keep_names(&[&origin, &path]);
    let source = ImportSource::open(&path)?;
    Ok(ClaimedFile { source, stem, path, origin, is_taken_up })
}

impl ClaimedFile {
    /// Puts the file back where it came from, never over another: then it stays in the folder, under a run's id that the
    /// ledger will not know, so that the next run takes it first.
    pub(super) fn give_back(&self) {
        let back =
            fs::hard_link(&self.path, &self.origin).and_then(|()| fs::remove_file(&self.path));
        if let Err(error) = back {
            let waiting =
                self.path.with_file_name(filed_name(&self.stem, &Uuid::now_v7().to_string()));
            let renamed = fs::rename(&self.path, &waiting);
            tracing::warn!(
                "`{}` can't go back to `{}` ({error}): {}; the next run takes it first",
                self.path.display(),
                self.origin.display(),
                renamed.map_or_else(|error| error.to_string(), |()| waiting.display().to_string()),
            );
        }
        keep_names(&[&self.origin, &self.path]);
    }
}

fn filed_name(stem: &str, run_id: &str) -> String {
    format!("{stem}_{}.csv", run_id.replace('-', ""))
}

/// Names outlast a crash of the machine once their folders are on the disk. That can be had on most file systems only.
fn keep_names(paths: &[&Path]) {
    for folder in paths.iter().filter_map(|path| path.parent()) {
        let folder = if folder == Path::new("") { Path::new(".") } else { folder };
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// A rename is one step on one file system only.
fn must_be_beside(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let refuse =
        |what: &str| anyhow!("`--claim-into {}`: {what}", folder.display()).context(Exit::Config);
    let there = fs::metadata(folder).map_err(|error| refuse(&error.to_string()))?;
    if !there.is_dir() {
        return Err(refuse("it is no folder"));
    }
    let parent = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let here = fs::metadata(parent).map_err(|error| refuse(&error.to_string()))?;
    if here.dev() != there.dev() {
        return Err(refuse("it is on another file system than the file"));
    }
    Ok(())
}

/// The oldest file of a run that the ledger lacks.
fn left_by_killed(
    folder: &Path,
    stem: &str,
    claimant: &FileClaimant<'_>,
    db: &mut dyn Read,
) -> anyhow::Result<Option<FiledFile>> {
    let list = || -> io::Result<Vec<FiledFile>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(FiledFile::of(entry?.path())))
            .filter_map(Result::transpose)
            .collect()
    };
    let mut filed = list()
        .with_context(|| format!("looking into `{}`", folder.display()))
        .context(Exit::Config)?;
    if filed.is_empty() {
        return Ok(None);
    }
    let mut runs = HashSet::new();
    db.each(&sql!("import/select_run_ids"), &[], &mut |row| {
        runs.extend(Uuid::parse_str(&row.text("RUN_ID")?));
        Ok(())
    })
    .context("looking for the runs of the files that were claimed")?;
    filed.sort_by_key(|file| file.run_id);
    let is_ours = |file: &FiledFile| {
        file.stem == stem
            || ImportSource::open(&file.path).is_ok_and(|source| claimant.reads.is_of(&source))
    };
    Ok(filed.into_iter().filter(|file| !runs.contains(&file.run_id)).find(is_ours))
}

impl FiledFile {
    /// `None` for a file that no claim has named.
    fn of(path: PathBuf) -> Option<FiledFile> {
        let name = path.file_name()?.to_str()?;
        let (stem, id) = name.strip_suffix(".csv")?.rsplit_once('_')?;
        let is_id = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let run_id = Uuid::parse_str(id).ok().filter(|_| is_id && !stem.is_empty())?;
        let stem = stem.to_owned();
        Some(FiledFile { path, stem, run_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(folder: &Path) -> ClaimedFile {
        let (path, origin) = (folder.join("filed/users_1.csv"), folder.join("users.csv"));
        fs::create_dir(folder.join("filed")).expect("a folder");
        fs::write(&path, "mine").expect("a file");
        let source = ImportSource::open(&path).expect("an import file");
        ClaimedFile { source, stem: "users".to_owned(), path, origin, is_taken_up: false }
    }

    #[test]
    fn a_file_goes_back_to_where_it_came_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = claimed(folder.path());
        file.give_back();
        assert_eq!(fs::read_to_string(&file.origin).expect("the file"), "mine");
        assert!(!file.path.exists());
    }

    #[test]
    fn a_file_that_cannot_go_back_waits_under_an_id_that_no_ledger_knows() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = claimed(folder.path());
        fs::write(&file.origin, "the next delivery").expect("a file");
        file.give_back();
        assert_eq!(fs::read_to_string(&file.origin).expect("the file"), "the next delivery");
        let waiting: Vec<_> = fs::read_dir(folder.path().join("filed"))
            .expect("a folder")
            .filter_map(|entry| FiledFile::of(entry.ok()?.path()))
            .collect();
        assert_eq!(waiting.len(), 1);
        assert_eq!(fs::read_to_string(&waiting[0].path).expect("the file"), "mine");
    }
}
