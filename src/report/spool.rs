//! Rows put aside in a file without a name, to be told behind all others.
//!
//! Beside the outputs, not in memory: however many there are.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::Context as _;

use super::row::{Cells, RowCell};
use crate::db::parse_date;

/// A nameless file for the owner alone, which goes with its handle.
///
/// # Errors
/// The folder can't be written to.
pub(super) fn nameless(folder: &Path) -> anyhow::Result<File> {
    tempfile::tempfile_in(folder)
        .with_context(|| format!("making a temporary file in `{}`", folder.display()))
}

/// Rows put aside.
pub(super) struct RowSpool {
    out: BufWriter<File>,
    n: u64,
}

impl RowSpool {
    /// An empty one.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub(super) fn new(folder: &Path) -> anyhow::Result<RowSpool> {
        Ok(RowSpool { out: BufWriter::with_capacity(1 << 16, nameless(folder)?), n: 0 })
    }

    /// Puts one row aside: each cell a tag, its length, its text.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn push(&mut self, cells: &Cells) -> anyhow::Result<()> {
        for cell in cells {
            let tag = match cell {
                RowCell::Empty => 0,
                RowCell::Text(_) => 1,
                RowCell::Number(_) => 2,
                RowCell::Day(_) => 3_u8,
            };
            let text = cell.to_string();
            self.out.write_all(&[tag])?;
            self.out.write_all(&(text.len() as u64).to_le_bytes())?;
            self.out.write_all(text.as_bytes())?;
        }
        self.n += 1;
        Ok(())
    }

    /// Hands every row to `each`, in the order they were put aside.
    ///
    /// # Errors
    /// What the disk says; what `each` returns.
    pub(super) fn replay(
        self,
        each: &mut dyn FnMut(&Cells) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        for _ in 0..self.n {
            let mut cells = Cells::default();
            for cell in &mut cells {
                *cell = read_cell(&mut file)?;
            }
            each(&cells)?;
        }
        Ok(())
    }
}

fn read_cell(file: &mut BufReader<File>) -> anyhow::Result<RowCell> {
    let (mut tag, mut length) = ([0], [0; 8]);
    file.read_exact(&mut tag)?;
    file.read_exact(&mut length)?;
    let mut text = String::new();
    file.take(u64::from_le_bytes(length)).read_to_string(&mut text)?;
    Ok(match tag[0] {
        0 => RowCell::Empty,
        2 => RowCell::Number(text.into()),
        3 => RowCell::Day(parse_date(&text).context("a day put aside")?.date()),
        _ => RowCell::Text(text.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = RowSpool::new(folder.path()).unwrap();
        let mut cells = Cells::default();
        cells[0] = RowCell::text("Žofie\r\n\"");
        cells[1] = RowCell::Number("-7.5".into());
        cells[2] = RowCell::Day(parse_date("2026-11-30").unwrap().date());
        spool.push(&cells).unwrap();
        spool.push(&Cells::default()).unwrap();
        let mut back = Vec::new();
        let mut keep = |cells: &Cells| {
            back.push(cells.clone());
            Ok(())
        };
        spool.replay(&mut keep).unwrap();
        assert_eq!(back, [cells, Cells::default()]);
    }
}
