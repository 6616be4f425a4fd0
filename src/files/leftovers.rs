//! Temporary files beside their targets, and those that killed runs left there.
//!
//! A file under way is locked by who writes it. What has our name, is ours, is old, and is locked by
//! nobody, was left by a run that is no more.

use std::fs::{File, OpenOptions, read_dir, remove_file, symlink_metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use tempfile::NamedTempFile;

const PREFIX: &str = ".recert-";

/// How many characters `tempfile` adds.
const RANDOM_LENGTH: usize = 6;

/// Old enough that nobody is between making it and locking it.
const OLD: Duration = Duration::from_secs(3_600);

/// An empty file for its owner alone; what killed runs left in that folder goes.
pub(super) fn draft_in(folder: &Path) -> io::Result<NamedTempFile> {
    clear(folder);
    let file = NamedTempFile::with_prefix_in(PREFIX, folder)?;
    // Where a file system knows no locks, nothing is ever cleared either.
    let _ = flock(file.as_file(), FlockOperation::NonBlockingLockExclusive);
    Ok(file)
}

/// As far as it goes: it is housekeeping.
fn clear(folder: &Path) {
    let Ok(entries) = read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_named_so =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).is_some_and(|rest| {
                rest.len() == RANDOM_LENGTH && rest.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        if is_named_so && is_left(&entry.path()) {
            let _ = remove_file(entry.path());
        }
    }
}

fn is_left(path: &Path) -> bool {
    let look = || -> io::Result<bool> {
        let named = symlink_metadata(path)?;
        let is_ours = named.uid() == rustix::process::geteuid().as_raw();
        let is_old = named.modified()?.elapsed().is_ok_and(|age| age > OLD);
        if !(named.is_file() && named.nlink() == 1 && is_ours && is_old) {
            return Ok(false);
        }
        let file = open(path)?;
        let opened = file.metadata()?;
        let is_free = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        Ok(is_free && (opened.dev(), opened.ino()) == (named.dev(), named.ino()))
    };
    look().unwrap_or(false)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".recert-aB3xY9", ".recert-young1", ".recert-busy77", ".recert-notes", "x.csv"]
        {
            let file = File::create(at(name)).unwrap();
            let age = if name.contains("young") { 10 } else { 7_200 };
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let busy = open(&at(".recert-busy77")).unwrap();
        flock(&busy, FlockOperation::NonBlockingLockExclusive).unwrap();
        drop(draft_in(folder.path()).unwrap());
        let mut left: Vec<String> = read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".recert-busy77", ".recert-notes", ".recert-young1", "x.csv"]);
    }
}
