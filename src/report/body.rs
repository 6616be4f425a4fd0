//! The rows of a text format, on disk until its head is known.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::Path;

use super::spool::nameless;

/// Rows written so far.
pub(super) struct BodyFile(BufWriter<File>);

impl BodyFile {
    /// None yet.
    pub(super) fn new(folder: &Path) -> anyhow::Result<BodyFile> {
        Ok(BodyFile(BufWriter::with_capacity(1 << 17, nameless(folder)?)))
    }

    /// Writes `head`, the rows, and `foot`.
    pub(super) fn finish(self, head: &[u8], foot: &[u8], out: &mut File) -> anyhow::Result<()> {
        let mut rows = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        rows.rewind()?;
        out.write_all(head)?;
        io::copy(&mut rows, out)?; // From file to file: the kernel copies.
        out.write_all(foot)?;
        Ok(())
    }
}

impl Write for BodyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
