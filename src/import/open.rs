//! An import file, or standard input for `-`: something that can be read more than once, and always says the same.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use super::fault::BadFile;
use crate::files::open_regular;
use crate::text::hex;

/// An opened import file.
///
/// A run reads it twice, and again when it is tried again: so what comes from a pipe is kept in a temporary file
/// without a name, which nobody else can open and which goes with the process.
#[derive(Debug)]
pub struct ImportSource {
    /// What messages call it: its path, or `standard input`.
    pub name: String,
    file: File,
    sha256: OnceLock<String>,
}

impl ImportSource {
    /// Opens `path`. Its last part must be letters, digits and underscores, with or without `.csv` (section 8).
    ///
    /// # Errors
    /// `Exit::BadInput` for another name, and for a file that can't be opened or, from a pipe, read.
    pub fn open(path: &Path) -> anyhow::Result<ImportSource> {
        let (name, file) = if path == Path::new("-") {
            let name = "standard input".to_owned();
            let file = keep(io::stdin().lock(), &name)?;
            (name, file)
        } else {
            let name = path.display().to_string();
            let file = open_named(path, &name)?;
            (name, file)
        };
        Ok(ImportSource { name, file, sha256: OnceLock::new() })
    }

    /// Its bytes, from the first. Read to their end, they are known by their SHA-256 from then on.
    pub fn read(&self) -> SourceBytes<'_> {
        SourceBytes { source: self, at: 0, hasher: Some(Sha256::new()) }
    }

    /// SHA-256 of all its bytes, in lower-case hexadecimal.
    ///
    /// # Errors
    /// `Exit::BadInput`: it can't be read.
    pub fn sha256(&self) -> anyhow::Result<&str> {
        if self.sha256.get().is_none() {
            io::copy(&mut self.read(), &mut io::sink()).map_err(|error| self.unreadable(&error))?;
        }
        Ok(self.sha256.get().map_or("", String::as_str))
    }

    /// The error for a file whose bytes are others than a moment ago.
    pub fn changed(&self) -> anyhow::Error {
        BadFile::whole(&self.name, "the file was changed while it was being read").error()
    }

    fn unreadable(&self, error: &io::Error) -> anyhow::Error {
        BadFile::whole(&self.name, format!("reading failed: {error}")).error()
    }
}

fn open_named(path: &Path, name: &str) -> anyhow::Result<File> {
    import_stem(path, name)?;
    let cannot =
        |error: anyhow::Error| BadFile::whole(name, format!("can't be opened: {error:#}")).error();
    open_regular(path).map_err(cannot)
}

/// Keeps what can be read only once.
fn keep(mut input: impl Read, name: &str) -> anyhow::Result<File> {
    let copy = || -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut input, &mut file)?;
        Ok(file)
    };
    let mut copy = copy;
    copy().map_err(|error| BadFile::whole(name, format!("reading failed: {error}")).error())
}

/// The file's name without `.csv`: letters, digits and underscores.
///
/// # Errors
/// `Exit::BadInput` for another name.
pub(super) fn import_stem(path: &Path, name: &str) -> anyhow::Result<String> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let stem = match file_name.rsplit_once('.') {
        Some((stem, extension)) if extension.eq_ignore_ascii_case("csv") => stem,
        _ => file_name,
    };
    if !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(stem.to_owned());
    }
    let what =
        "the name of an import file is letters, digits and underscores, with or without `.csv`";
    Err(BadFile::whole(name, what).error())
}

/// The bytes of a [`ImportSource`], with a place of their own in it.
pub struct SourceBytes<'a> {
    source: &'a ImportSource,
    at: u64,
    hasher: Option<Sha256>,
}

impl Read for SourceBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        match (&mut self.hasher, n) {
            (hasher, 0) if !buffer.is_empty() => {
                if let Some(hasher) = hasher.take() {
                    let sha256 = hex(&hasher.finalize());
                    if *self.source.sha256.get_or_init(|| sha256.clone()) != sha256 {
                        return Err(io::Error::other(
                            "the file was changed while it was being read",
                        ));
                    }
                }
            }
            (Some(hasher), n) => hasher.update(&buffer[..n]),
            (None, _) => {}
        }
        Ok(n)
    }
}
