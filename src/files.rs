//! Output files: written beside their target under a temporary name, mode 0600, renamed when whole.
//!
//! A reader never sees half a file, and a link planted under the target's name is replaced, not
//! followed. `/dev/stdout`, `/dev/null` and pipes are written through, when all of it is there.

mod leftovers;
mod place;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek as _, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use tempfile::NamedTempFile;

use crate::exit::Exit;

pub(crate) use place::{PlaceTarget, is_same_file, names_folder};

/// Writes a whole file, or leaves what stood there.
///
/// # Errors
/// `Exit::Config`: the folder can't be written to; else what `write` returns.
pub(crate) fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let told = || format!("writing `{}`", path.display());
    let mut whole = Whole::beside(path)?;
    let mut out = BufWriter::with_capacity(1 << 16, whole.file());
    let written = write(&mut out).with_context(told)?;
    out.flush().with_context(told)?;
    drop(out);
    whole.persist()?;
    Ok(written)
}

/// A file under way, beside the one whose place it takes when it is whole.
pub(crate) struct Whole {
    draft: DraftFile,
    path: PathBuf,
}

enum DraftFile {
    /// Under a temporary name beside its target.
    Beside(NamedTempFile),
    /// Without a name, until it is poured into what can't be replaced.
    Nameless(File),
}

impl Whole {
    /// An empty one.
    ///
    /// # Errors
    /// `Exit::Config`: the folder can't be written to.
    pub(crate) fn beside(path: &Path) -> anyhow::Result<Whole> {
        let told = || format!("writing `{}`", path.display());
        let draft = match PlaceTarget::of(path) {
            PlaceTarget::Through => DraftFile::Nameless(tempfile::tempfile().with_context(told)?),
            PlaceTarget::Other(kind) => {
                return Err(anyhow!("it is {kind}, and not a file"))
                    .with_context(told)
                    .context(Exit::Usage);
            }
            _ => DraftFile::Beside(
                leftovers::draft_in(folder_of(path)).context(Exit::Config).with_context(told)?,
            ),
        };
        Ok(Whole { draft, path: path.to_owned() })
    }

    /// Where it is written to.
    pub(crate) fn file(&mut self) -> &mut File {
        match &mut self.draft {
            DraftFile::Beside(file) => file.as_file_mut(),
            DraftFile::Nameless(file) => file,
        }
    }

    /// Those who may read the file that stands there may read this one as well (its group, its
    /// readers; never a writer, and never a link's). Without it, it is for its owner alone.
    pub(crate) fn keep_readers(&mut self) {
        let Ok(stood) = std::fs::symlink_metadata(&self.path) else { return };
        let DraftFile::Beside(file) = &self.draft else { return };
        let file = file.as_file();
        // As far as it goes: a group that is not one's own can't be given.
        if stood.is_file() && fchown(file, None, Some(stood.gid())).is_ok() {
            let _ = file.set_permissions(Permissions::from_mode(0o600 | (stood.mode() & 0o044)));
        }
    }

    /// It is whole: it takes its place.
    ///
    /// # Errors
    /// What the disk says; then what stood there is as it was.
    pub(crate) fn persist(self) -> anyhow::Result<()> {
        let told = || format!("writing `{}`", self.path.display());
        match self.draft {
            DraftFile::Beside(file) => {
                file.as_file().sync_all().with_context(told)?;
                file.persist(&self.path).map_err(|error| error.error).with_context(told)?;
                // The name is on the disk too: what is erased after this may rely on it.
                File::open(folder_of(&self.path))
                    .and_then(|folder| folder.sync_all())
                    .with_context(told)?;
            }
            DraftFile::Nameless(mut file) => pour(&mut file, &self.path).with_context(told)?,
        }
        Ok(())
    }
}

/// Into a pipe or a stream; a reader that went away is no failure.
fn pour(draft: &mut File, path: &Path) -> io::Result<()> {
    draft.rewind()?;
    let mut target = match place::stream(path) {
        Some(1) => File::from(io::stdout().as_fd().try_clone_to_owned()?),
        Some(_) => File::from(io::stderr().as_fd().try_clone_to_owned()?),
        None => OpenOptions::new().write(true).open(path)?,
    };
    match io::copy(draft, &mut target) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        poured => poured.map(|_| ()),
    }
}

/// Opening never waits for whoever is at the other end of a pipe.
pub(crate) const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// Opens a file to read it: a regular one, so that a pipe nobody writes to can't hold a run up for
/// good.
///
/// # Errors
/// It is not there, may not be read, or is no regular file.
pub(crate) fn open_regular(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(anyhow!("it is no regular file"));
    }
    Ok(file)
}

/// The folder a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_for_its_owner_alone_and_replaces_a_planted_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, victim) = (folder.path().join("plan.json"), folder.path().join("victim"));
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, &target).unwrap();
        write_whole(&target, |out| Ok(out.write_all(b"whole")?)).unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "whole");
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_write_that_fails_leaves_what_stood_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("plan.json");
        std::fs::write(&target, "old").unwrap();
        let failed: anyhow::Result<()> = write_whole(&target, |out| {
            out.write_all(b"half")?;
            anyhow::bail!("the database went away")
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
