//! Whether nobody but the account itself and root could have written a file or put it where it is.
//!
//! Who can change the config decides whose access is taken, and where the operator's password is
//! sent: so every command takes it, and what it names, only from files and folders that nobody else
//! can write to, as ssh does (section 10 of the spec).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, read_link, read_to_string, symlink_metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::accounts::BelievedAccounts;
use crate::exit::Exit;

const WORLD_READS: u32 = 0o004;
const WORLD_WRITES: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// Names root's list of accounts, besides root and the one that runs, whose files may be believed.
const OWNERS: &str = "/etc/recert/owners";

/// As many links as the system itself follows.
const LINKS_MAX: usize = 40;

/// Follows a path down to the file it names, link by link, and looks at every name on the way:
/// whose it is, and who else may write there.
///
/// # Errors
/// `Exit::Config`: somebody else could have changed it, or it can't be looked at.
pub(crate) fn must_be_ours_alone(path: &Path) -> anyhow::Result<()> {
    let accounts = believed()?;
    PathWalk { accounts: Some(&accounts) }
        .down(path)
        .map(|_| ())
        .with_context(|| format!("`{}` is not safe to act on", path.display()))
        .context(Exit::Config)
}

/// The same of a file that holds a secret, which the world may not read either; its group may.
///
/// # Errors
/// As [`must_be_ours_alone`].
pub(crate) fn must_be_our_secret(path: &Path) -> anyhow::Result<()> {
    let accounts = believed()?;
    let look = || -> anyhow::Result<()> {
        let file = std::fs::metadata(path)?;
        if file.mode() & (WORLD_READS | WORLD_WRITES | 0o001) != 0 {
            return Err(anyhow!(
                "others may use it (mode {:03o}); `chmod 600 {}` mends that",
                file.mode() & 0o777,
                path.display()
            ));
        }
        PathWalk { accounts: Some(&accounts) }.down(path).map(|_| ())
    };
    look().context(Exit::Config)
}

/// A weaker sentence, of a program's folder that another account may have installed: the world can't
/// write to it.
///
/// # Errors
/// As [`must_be_ours_alone`].
pub(crate) fn must_not_be_open(path: &Path) -> anyhow::Result<()> {
    PathWalk { accounts: None }
        .down(path)
        .map(|_| ())
        .with_context(|| format!("`{}` is not safe to act on", path.display()))
        .context(Exit::Config)
}

/// Root, whoever runs, and whom root has named in [`OWNERS`].
///
/// # Errors
/// `Exit::Config`: that list is there, and not root's alone.
fn believed() -> anyhow::Result<BelievedAccounts> {
    let mut accounts = BelievedAccounts::root_and_self();
    if Path::new(OWNERS).exists() {
        let told = || format!("reading `{OWNERS}`");
        must_be_roots(Path::new(OWNERS)).with_context(told).context(Exit::Config)?;
        let text = read_to_string(OWNERS).with_context(told).context(Exit::Config)?;
        accounts.trust(&text);
    }
    Ok(accounts)
}

/// Root's own files, for what decides whom to believe.
fn must_be_roots(path: &Path) -> anyhow::Result<()> {
    let accounts = BelievedAccounts::only_root();
    PathWalk { accounts: Some(&accounts) }.down(path).map(|_| ())
}

struct PathWalk<'a> {
    /// Whose files are believed; `None`: anybody's, that the world can't write to.
    accounts: Option<&'a BelievedAccounts>,
}

impl PathWalk<'_> {
    /// Down to what the path names in the end; what that is.
    fn down(&self, path: &Path) -> anyhow::Result<Metadata> {
        let mut ahead = parts(&std::path::absolute(path)?);
        let mut at = PathBuf::from("/");
        let mut last = symlink_metadata(&at)?;
        let mut n_links = 0;
        self.look(&at, &last)?;
        while let Some(part) = ahead.pop_front() {
            if part == OsStr::new("..") {
                at.pop();
                continue;
            }
            let next = at.join(part);
            let here = symlink_metadata(&next).with_context(|| next.display().to_string())?;
            self.look(&next, &here)?;
            if here.is_symlink() {
                n_links += 1;
                if n_links > LINKS_MAX {
                    return Err(anyhow!("`{}` leads nowhere but to other links", next.display()));
                }
                let to = read_link(&next)?;
                if to.is_absolute() {
                    at = PathBuf::from("/");
                }
                for part in parts(&to).into_iter().rev() {
                    ahead.push_front(part);
                }
            } else {
                at = next;
            }
            last = here;
        }
        Ok(if last.is_symlink() { symlink_metadata(&at)? } else { last })
    }

    fn look(&self, at: &Path, here: &Metadata) -> anyhow::Result<()> {
        let is_folder = here.is_dir();
        let Some(who) = self.who_else(here, is_folder) else { return Ok(()) };
        // What nobody can write to at all is closed, whosever it was.
        if is_folder && is_read_only(at) {
            return Ok(());
        }
        Err(match who {
            OtherWriter::Owner(uid) => anyhow!(
                "`{}` belongs to user {uid}, who is neither root nor this account nor named in `{OWNERS}`",
                at.display()
            ),
            OtherWriter::World => anyhow!(
                "everybody may write to `{0}` (mode {1:03o}); `chmod o-w {0}` mends that",
                at.display(),
                here.mode() & 0o7777
            ),
            OtherWriter::Group(gid) => anyhow!(
                "group {gid} may write to `{0}` (mode {1:03o}), and others may be in it; `chmod g-w {0}` mends that",
                at.display(),
                here.mode() & 0o7777
            ),
        })
    }

    /// Who else could write to it.
    fn who_else(&self, here: &Metadata, is_folder: bool) -> Option<OtherWriter> {
        if let Some(accounts) = self.accounts
            && !accounts.is_trusted(here.uid())
        {
            return Some(OtherWriter::Owner(here.uid()));
        }
        // A link's own mode says nothing. In a folder with the sticky bit everybody may make names, but only a
        // name's owner may change it; and the owner of each name is looked at.
        if here.is_symlink() || is_folder && here.mode() & STICKY != 0 {
            return None;
        }
        if here.mode() & WORLD_WRITES != 0 {
            return Some(OtherWriter::World);
        }
        let accounts = self.accounts?;
        (here.mode() & GROUP_WRITES != 0 && accounts.may_be_others_in(here.gid()))
            .then(|| OtherWriter::Group(here.gid()))
    }
}

enum OtherWriter {
    Owner(u32),
    Group(u32),
    World,
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let part = |part: Component<'_>| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        _ => None,
    };
    path.components().filter_map(part).collect()
}

fn is_read_only(at: &Path) -> bool {
    statvfs(at).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(test)]
mod tests;
