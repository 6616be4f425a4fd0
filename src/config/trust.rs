//! Whether nobody but the account itself and root could have written a file or put it where it is.
//!
//! Who can change the config decides whose access is taken: so a job that writes takes it only from
//! a file and from folders that the world can't write to.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use crate::exit::Exit;

const WORLD_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Follows a path down to the file or folder it names, links included.
///
/// In a folder with the sticky bit (`/tmp`) everybody may make names, but only a name's owner may
/// change it: there the name must be the account's own, or root's.
///
/// # Errors
/// `Exit::Config`: somebody else could have changed it, or it can't be looked at.
pub fn must_be_ours_alone(path: &Path) -> anyhow::Result<()> {
    let me = rustix::process::geteuid().as_raw();
    let found = || -> anyhow::Result<()> {
        let named = std::path::absolute(path)?;
        for step in [&named, &std::fs::canonicalize(&named)?] {
            walk(step, me)?;
        }
        Ok(())
    };
    found()
        .with_context(|| format!("`{}` is not safe to act on", path.display()))
        .context(Exit::Config)
}

/// Looks at every name on the way down: its own mode, and the mode of the folder it is in.
fn walk(path: &Path, me: u32) -> anyhow::Result<()> {
    let mut folder_mode = 0;
    let mut at = PathBuf::new();
    for part in path.components() {
        at.push(part);
        let here = std::fs::symlink_metadata(&at).with_context(|| at.display().to_string())?;
        if folder_mode & WORLD_WRITES != 0 && here.uid() != 0 && here.uid() != me {
            return Err(anyhow!(
                "`{}` belongs to user {}, in a folder where everybody may put files",
                at.display(),
                here.uid()
            ));
        }
        // A link's own mode says nothing; where it leads is looked at on the other way.
        if here.is_symlink() {
            folder_mode = 0;
            continue;
        }
        let mode = here.mode();
        if mode & WORLD_WRITES != 0 && !(here.is_dir() && mode & STICKY != 0) {
            return Err(anyhow!(
                "everybody may write to `{}` (mode {:03o}); `chmod o-w {}` mends that",
                at.display(),
                mode & 0o7777,
                at.display()
            ));
        }
        folder_mode = mode;
    }
    Ok(())
}

/// Whether a path is there at all; what can't be looked at counts as there, so that it is refused.
pub(crate) fn is_there(path: &Path) -> bool {
    !matches!(std::fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn refused(path: &Path) -> String {
        format!("{:#}", must_be_ours_alone(path).unwrap_err())
    }

    #[test]
    fn a_file_the_world_can_write_to_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recert.toml");
        fs::write(&file, "").unwrap();
        must_be_ours_alone(&file).unwrap();
        chmod(&file, 0o646);
        assert!(refused(&file).contains("chmod o-w"));
    }

    #[test]
    fn a_folder_anywhere_above_that_the_world_can_write_to_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let (open, inner) = (folder.path().join("open"), folder.path().join("open/inner"));
        fs::create_dir_all(&inner).unwrap();
        let file = inner.join("recert.toml");
        fs::write(&file, "").unwrap();
        chmod(&open, 0o777);
        assert!(refused(&file).contains("everybody may write"));
        // With the sticky bit a name of one's own can't be changed by others.
        chmod(&open, 0o1777);
        must_be_ours_alone(&file).unwrap();
    }

    #[test]
    fn a_link_is_judged_by_where_it_stands_and_by_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let (open, safe) = (folder.path().join("open"), folder.path().join("safe.toml"));
        fs::create_dir(&open).unwrap();
        fs::write(&safe, "").unwrap();
        let link = open.join("recert.toml");
        symlink(&safe, &link).unwrap();
        must_be_ours_alone(&link).unwrap();
        chmod(&open, 0o777);
        assert!(refused(&link).contains("everybody may write"));
        chmod(&open, 0o755);
        chmod(&safe, 0o666);
        assert!(refused(&link).contains("safe.toml"));
    }

    #[test]
    fn a_strangers_file_in_a_sticky_folder_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        chmod(&open, 0o1777);
        let file = open.join("recert.toml");
        fs::write(&file, "").unwrap();
        if chown(&file, Some(65_534), None).is_err() {
            return; // Only root can give a file away.
        }
        assert!(refused(&file).contains("belongs to user 65534"));
    }
}
