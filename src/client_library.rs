//! Oracle's client library is several files, and finds the others only where the system looks.
//!
//! `libclntsh` needs `libnnz` and `libclntshcore` beside it and does not say where they are: only
//! the system's search path does, and that is read once, when a process starts. So recert starts
//! itself once more with the folder in it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::config::{self, Config, Url};

const SEARCH_PATH: &str = "LD_LIBRARY_PATH";
/// Says that this has been done, whatever came of it.
const DONE: &str = "RECERT_CLIENT_LIBRARY_PATH";

/// Starts this program once more where a config names a folder that the system would not search.
/// Comes back where that is not needed, or can't be done: opening the database says what is wrong.
pub(crate) fn put_into_search_path(config: &Config) {
    let before = std::env::var_os(SEARCH_PATH).unwrap_or_default();
    if std::env::var_os(DONE).is_some() {
        return;
    }
    let Some(path) = search_path(folders(config), before) else { return };
    let mut words = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), words.next()) else { return };
    let mut again = Command::new(program);
    again.arg0(name).args(words).env(SEARCH_PATH, path).env(DONE, "1");
    // Only a failure comes back from it.
    let failed = again.exec();
    tracing::warn!(
        "starting once more with the client library's folder in {SEARCH_PATH}: {failed}"
    );
}

/// Folders whose files may be loaded: nobody else can put one there.
fn folders(config: &Config) -> Vec<PathBuf> {
    let others = [&config.disable_inactive.database, &config.import.database];
    let databases = std::iter::once(&config.database).chain(others.into_iter().flatten());
    let mut folders: Vec<PathBuf> = databases
        .filter(|database| matches!(database.target(), Ok(Url::Oracle(_))))
        .filter_map(|database| database.client_lib_dir.clone())
        .filter(|folder| config::must_be_ours_alone(folder).is_ok())
        .collect();
    folders.dedup();
    folders
}

/// The search path with these folders in front; `None` when they are in it already.
fn search_path(folders: Vec<PathBuf>, before: OsString) -> Option<OsString> {
    let there: Vec<PathBuf> =
        std::env::split_paths(&before).filter(|path| !path.as_os_str().is_empty()).collect();
    if folders.iter().all(|folder| there.contains(folder)) {
        return None;
    }
    std::env::join_paths(folders.into_iter().chain(there)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_added_once_and_in_front() {
        let path = |folders: &[&str], before: &str| {
            search_path(folders.iter().map(PathBuf::from).collect(), before.into())
        };
        assert_eq!(path(&["/opt/ic"], ""), Some("/opt/ic".into()));
        assert_eq!(path(&["/opt/ic"], "/usr/lib"), Some("/opt/ic:/usr/lib".into()));
        assert_eq!(path(&["/opt/ic"], "/usr/lib:/opt/ic"), None);
        assert_eq!(path(&[], ""), None);
    }
}
