//! What stands where an output is to go, and whether two paths mean the same file.

use std::fs::{canonicalize, metadata, read_link, symlink_metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::folder_of;

/// What stands at a path, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceTarget {
    /// Nothing; whether the folder is there.
    Absent { has_folder: bool },
    /// A regular file, or a link to one: it is replaced.
    File,
    /// A folder, or a link to one.
    Folder,
    /// A pipe or a stream: it is written through.
    Through,
    /// Something that is never written to: what it is, in words.
    Other(&'static str),
}

impl PlaceTarget {
    pub(crate) fn of(path: &Path) -> PlaceTarget {
        if stream(path).is_some() {
            return PlaceTarget::Through;
        }
        let kind = match metadata(path) {
            Err(_) if symlink_metadata(path).is_ok() => {
                return PlaceTarget::Other("a link that leads nowhere");
            }
            Err(_) => return PlaceTarget::Absent { has_folder: folder_of(path).is_dir() },
            Ok(stands) if is_null(stands.rdev()) => return PlaceTarget::Through,
            Ok(stands) => stands.file_type(),
        };
        if kind.is_file() {
            PlaceTarget::File
        } else if kind.is_dir() {
            PlaceTarget::Folder
        } else if kind.is_fifo() {
            PlaceTarget::Through
        } else if kind.is_socket() {
            PlaceTarget::Other("a socket")
        } else {
            PlaceTarget::Other("a device")
        }
    }
}

/// Whether a path can only be a folder's, by how it is written.
#[must_use]
pub(crate) fn names_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// `/dev/null`, under whatever name.
fn is_null(device: u64) -> bool {
    metadata("/dev/null")
        .is_ok_and(|null| null.file_type().is_char_device() && null.rdev() == device)
}

/// The number of the stream that a path stands for: stdout or stderr, whatever they lead to.
pub(super) fn stream(path: &Path) -> Option<u8> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(1),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(2),
        _ => None,
    }
}

/// Whether two paths lead to the same file, by links, hard links, or other spellings; also where
/// it isn't there yet.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let node = |path: &Path| metadata(path).ok().map(|stands| (stands.dev(), stands.ino()));
    match (node(one), node(other)) {
        (Some(one), Some(other)) => one == other,
        _ => resolved(one, 0) == resolved(other, 0),
    }
}

/// Where a path leads in the end, as far as there is something there.
fn resolved(path: &Path, depth: u8) -> PathBuf {
    if let Ok(found) = canonicalize(path) {
        return found;
    }
    let folder = folder_of(path);
    if depth < 16
        && symlink_metadata(path).is_ok_and(|stands| stands.is_symlink())
        && let Ok(to) = read_link(path)
    {
        return resolved(&folder.join(to), depth + 1);
    }
    let folder = canonicalize(folder)
        .or_else(|_| std::path::absolute(folder))
        .unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_same_file_is_known_by_every_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("recert.db"), "").unwrap();
        std::fs::hard_link(at("recert.db"), at("hard")).unwrap();
        symlink(at("recert.db"), at("soft")).unwrap();
        symlink("absent.db", at("dangling")).unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        for (one, other, same) in [
            ("hard", "recert.db", true),
            ("soft", "recert.db", true),
            ("sub/../recert.db", "recert.db", true),
            ("dangling", "absent.db", true),
            ("sub/../absent.db", "absent.db", true),
            ("absent.db", "recert.db", false),
            ("nowhere/x", "nowhere/y", false),
        ] {
            assert_eq!(is_same_file(&at(one), &at(other)), same, "{one} {other}");
        }
    }
}
