//! Writes rejected rows as CSV, for the people who mend the source (`--rejects F`).

use std::io::Write;

use anyhow::Context as _;

use super::fault::RejectedRow;
use crate::text::guarded;

/// `line;column;column_number;reason;row`, one line a reject; UTF-8 without a BOM.
pub struct RejectsWriter<W: Write> {
    out: csv::Writer<W>,
}

impl<W: Write> RejectsWriter<W> {
    /// Writes the header at once, so that a run without rejects leaves a file that says so.
    pub fn new(out: W) -> anyhow::Result<RejectsWriter<W>> {
        let mut out = csv::WriterBuilder::new().delimiter(b';').from_writer(out);
        out.write_record(["line", "column", "column_number", "reason", "row"])
            .context("writing the rejects")?;
        Ok(RejectsWriter { out })
    }

    /// Adds one reject.
    pub fn write(&mut self, reject: &RejectedRow) -> anyhow::Result<()> {
        let (line, number) = (reject.line.to_string(), reject.column_number.to_string());
        let reason = reject.reason();
        self.out
            .write_record([
                line.as_str(),
                guarded(&reject.column).as_ref(),
                number.as_str(),
                guarded(&reason).as_ref(),
                guarded(&reject.row).as_ref(),
            ])
            .context("writing the rejects")
    }

    /// Flushes, and gives the output back: only a finished file is whole.
    pub fn finish(self) -> anyhow::Result<W> {
        self.out.into_inner().map_err(|err| anyhow::anyhow!("writing the rejects: {}", err.error()))
    }
}
