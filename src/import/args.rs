//! What both imports have in common: the file on the command line, and what becomes of its rejects.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::anyhow;
use serde_json::{Value as Json, json};

use super::claim::{self, ClaimedFile, FileClaimant};
use super::{BadFile, ColumnPlace, ImportSource, RejectedRow, RejectsWriter, UnknownColumn};
use crate::config::ImportConfig;
use crate::db::Read;
use crate::exit::Exit;
use crate::files::write_whole;
use crate::plan::Plan;

/// Arguments of both imports.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ImportArgs {
    /// The file: CSV, separated by `;`, UTF-8; `-` reads it from standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write the rows that can't be used to this file, as CSV; it holds personal data
    #[arg(long, value_name = "F")]
    pub rejects: Option<PathBuf>,
    /// Rename the file into this folder, with the run's id in its name, and read it there; it goes back when the run
    /// is to be tried again
    #[arg(long, value_name = "DIR")]
    pub claim_into: Option<PathBuf>,
    /// The file once it is open: what comes from a pipe can be read only once.
    #[arg(skip)]
    source: Arc<OnceLock<ImportSource>>,
    /// The file once it is this run's own.
    #[arg(skip)]
    claimed: Arc<OnceLock<ClaimedFile>>,
}

impl ImportArgs {
    /// The file, opened the first time it is asked for.
    pub(crate) fn source(&self) -> anyhow::Result<&ImportSource> {
        if let Some(claimed) = self.claimed.get() {
            return Ok(&claimed.source);
        }
        if let Some(source) = self.source.get() {
            return Ok(source);
        }
        let opened = ImportSource::open(&self.file)?;
        Ok(self.source.get_or_init(|| opened))
    }

    /// Makes the file this run's own, if it is to be.
    ///
    /// # Errors
    /// `Exit::Usage`: standard input has no name; as [`claim::claim`]; `Exit::BadInput`: it is another file than the one a
    /// saved plan was checked with.
    pub(crate) fn claim(
        &self,
        claimant: &FileClaimant<'_>,
        db: &mut dyn Read,
    ) -> anyhow::Result<()> {
        let Some(folder) = self.claim_into.as_ref().filter(|_| self.claimed.get().is_none()) else {
            return Ok(());
        };
        if self.file == Path::new("-") {
            return Err(anyhow!("`--claim-into` needs a file with a name, not standard input")
                .context(Exit::Usage));
        }
        let claimed = claim::claim(&self.file, folder, claimant, db)?;
        let claimed = self.claimed.get_or_init(|| claimed);
        match self.source.get() {
            Some(source) if source.sha256()? != claimed.source.sha256()? => Err(source.changed()),
            _ => Ok(()),
        }
    }

    /// Puts a claimed file back: the run is to be tried again.
    pub(crate) fn give_back(&self) {
        if let Some(claimed) = self.claimed.get() {
            claimed.give_back();
        }
    }

    /// Names a file that was taken up from a run that was killed.
    pub(crate) fn tell_claim(&self, plan: &mut Plan) {
        if let Some(claimed) = self.claimed.get().filter(|claimed| claimed.is_taken_up) {
            let told = format!(
                "a file that a killed run had claimed was imported first; `{}`, if it is there, waits for the next run",
                self.file.display()
            );
            plan.find("taken_up", claimed.stem.as_str(), told);
        }
    }

    /// The file's name and SHA-256, for the ledger and for saved plans. A file that can't be read has none: the plan
    /// says why.
    pub(crate) fn parameters(&self) -> Json {
        let name = match self.claimed.get().filter(|claimed| claimed.is_taken_up) {
            Some(claimed) => format!("{}.csv", claimed.stem),
            None => {
                let name = self.file.file_name().unwrap_or(self.file.as_os_str());
                name.to_string_lossy().into_owned()
            }
        };
        let sha256 = self.source().and_then(ImportSource::sha256).ok();
        json!({ "file": name, "sha256": sha256 })
    }

    /// Reads the file with `read`, which hands what it rejects to the list; `--rejects` is whole when this returns.
    ///
    /// # Errors
    /// What `read` returns; `Exit::Usage`: the rejects would replace the file itself.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&ImportSource, &mut RejectList<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let source = self.source()?;
        let Some(path) = &self.rejects else {
            return read(source, &mut RejectList { out: None, count: 0, first: None, cut: None });
        };
        if is_same_file(path, &self.file) {
            return Err(
                anyhow!("`--rejects` names the file that is to be imported").context(Exit::Usage)
            );
        }
        write_whole(path, |out| {
            let out = Some(RejectsWriter::new(out)?);
            let mut rejects = RejectList { out, count: 0, first: None, cut: None };
            let done = read(source, &mut rejects)?;
            rejects.out.take().map(RejectsWriter::finish).transpose()?;
            Ok(done)
        })
    }
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// The rows of one file that can't be used.
pub(crate) struct RejectList<'a> {
    out: Option<RejectsWriter<&'a mut dyn Write>>,
    /// How many there are.
    pub(crate) count: u64,
    /// Where the first one is, and what was expected there.
    first: Option<BadFile>,
    /// Where the file is cut off.
    cut: Option<BadFile>,
}

impl RejectList<'_> {
    /// Counts a reject, writes it to the rejects file, and makes it a finding that repeats nothing of the row.
    pub(crate) fn add(
        &mut self,
        reject: &RejectedRow,
        source: &ImportSource,
        plan: &mut Plan,
    ) -> anyhow::Result<()> {
        self.count += 1;
        let place = ColumnPlace { number: reject.column_number, name: reject.column.clone() };
        let expected = format!("expected {}", reject.expected);
        plan.find("rejected", format!("line {}, {place}", reject.line), expected.as_str());
        let bad = BadFile::at(&source.name, reject.line, Some(place), expected);
        if reject.cut_off {
            self.cut = Some(bad.clone());
        }
        self.first.get_or_insert(bad);
        match &mut self.out {
            Some(out) => out.write(reject),
            None => Ok(()),
        }
    }

    /// Whether they are few enough; said when the rejects file is whole, so that it can be looked at.
    pub(crate) fn verdict(&mut self, rows: u64, config: &ImportConfig) -> RejectVerdict {
        let ImportConfig { rejects_percent: percent, rejects_floor: floor, .. } = config;
        let count = self.count;
        let too_many = count > *floor && 100.0 * count as f64 > percent * rows as f64;
        let why = if let Some(cut) = self.cut.take() {
            self.first = Some(cut);
            "the row has no line end, and can't be used: the file is cut off here".to_owned()
        } else if count > 0 && count == rows {
            format!("every row is rejected, {count} of {rows}")
        } else if too_many {
            format!(
                "{count} of {rows} rows are rejected, more than {floor} (`[import] rejects_floor`) and \
                 {percent} % (`rejects_percent`)"
            )
        } else {
            return RejectVerdict(None);
        };
        RejectVerdict(self.first.take().map(|mut first| {
            first.what += &format!("; {why}");
            first
        }))
    }
}

/// What to do with a file, in view of its rejects.
#[must_use]
pub(crate) struct RejectVerdict(Option<BadFile>);

impl RejectVerdict {
    /// Goes on, or refuses the file.
    ///
    /// # Errors
    /// `Exit::BadInput`: more rows were rejected than `[import]` allows, or the file is cut off.
    pub(crate) fn uphold(self) -> anyhow::Result<()> {
        self.0.map_or(Ok(()), |bad| Err(bad.error()))
    }
}

/// Names the columns of the file that are not read.
pub(crate) fn find_unknown(unknown: &[UnknownColumn], plan: &mut Plan) {
    for column in unknown {
        plan.find("unknown_column", format!("column {}", column.place.number), column.to_string());
    }
}
