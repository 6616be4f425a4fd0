//! Lines that a run adds to a file for others to act on. They are there before the run holds a row, so that a run
//! that is committed has told; and one that is tried again does not tell twice.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::exit::Exit;
use crate::files::{PlaceTarget, open_regular, write_whole};

/// What is to be added to which file; at least one line.
#[derive(Debug)]
pub struct PlannedLines {
    /// The file. One that is still there is added to; whoever acts on it takes it away by renaming it.
    pub path: PathBuf,
    /// The first line of a new file, with its end.
    pub header: String,
    /// The lines, each with its end.
    pub lines: Vec<String>,
}

impl PlannedLines {
    /// Adds the lines that are not among `added` yet, and puts them there. The file is whole at any time.
    ///
    /// # Errors
    /// `Exit::Config`: the file can't be read or written.
    pub(crate) fn add(&self, added: &mut HashSet<String>) -> anyhow::Result<()> {
        let new: Vec<&String> = self.lines.iter().filter(|line| !added.contains(*line)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let stands = self
            .read()
            .with_context(|| format!("reading `{}`", self.path.display()))
            .context(Exit::Config)?;
        write_whole(&self.path, |out| {
            out.write_all(if stands.is_empty() { self.header.as_bytes() } else { &stands })?;
            if stands.last().is_some_and(|end| *end != b'\n') {
                out.write_all(b"\n")?;
            }
            for line in &new {
                out.write_all(line.as_bytes())?;
            }
            Ok(())
        })?;
        added.extend(new.into_iter().cloned());
        Ok(())
    }

    /// What stands there; of a pipe nothing ever does.
    fn read(&self) -> anyhow::Result<Vec<u8>> {
        let mut stands = Vec::new();
        if self.path.try_exists()? && PlaceTarget::of(&self.path) != PlaceTarget::Through {
            open_regular(&self.path)?.read_to_end(&mut stands)?;
        }
        Ok(stands)
    }
}
