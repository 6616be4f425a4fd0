//! The year's recertification (section 9 of the spec): every response of the year, what was
//! answered, and what became of it; in several formats from one pass over one query.
//!
//! Nothing grows with the number of rows: the query's answer is folded as it comes (`fold`), every
//! row is counted once (`tally`) and handed to each format, which writes it to disk. What stands at
//! the head of a file (counts, hashes) is known only behind the last row: so a format keeps its rows
//! in a nameless file, and the head is written in front of them at the end.
//!
//! In reading order: `entry` a row · `executions` which run processed it · `fold` · `tally` ·
//! `evidence` · then one file a format.

mod body;
mod csv;
mod entry;
mod evidence;
mod executions;
mod fold;
mod html;
mod json;
mod spool;
mod tally;
mod xlsx;

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;

use crate::db::Read;
use crate::plan::Finding;
use crate::sql;
use crate::summary::Summary;

pub use entry::{COLUMNS, Cell, Cells, Rules};
pub use evidence::{Evidence, Origin};
pub use tally::{Part, Tally};

use evidence::RowsHash;
use fold::{Fold, Noticed};
use spool::Spool;

/// What the states mean, for the readers of a report; `sql/report/README.md` says it in full.
const STATES_MEAN: &str = "Overdue: revoked and still active after its day, or pending after its due date. \
    Scheduled: a run will take the access on that day. Executed: a run in the ledger took it. \
    Open: none of these; of what is approved, nothing is to be done.";

/// Which responses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those with a due date in this year.
    Year(i32),
    /// All.
    All,
}

impl Scope {
    /// `2026` or `all`, as file names have it.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Scope::Year(year) => year.to_string(),
            Scope::All => "all".to_owned(),
        }
    }

    /// The report's title.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Scope::Year(year) => format!("Recertification {year}"),
            Scope::All => "Recertification, all years".to_owned(),
        }
    }
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FormatName {
    /// RFC 4180; the evidence in rows that begin with `#`, above the column names
    Csv,
    /// One document: evidence, summary, rows
    Json,
    /// A workbook: summary with charts, and all rows to be filtered
    Xlsx,
    /// One page with charts, for a browser and for print
    Html,
}

impl FormatName {
    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            FormatName::Csv => "csv",
            FormatName::Json => "json",
            FormatName::Xlsx => "xlsx",
            FormatName::Html => "html",
        }
    }

    /// A report in this format, to be filled; its temporary files go into `folder`.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub fn begin(self, folder: &Path) -> anyhow::Result<Box<dyn Format>> {
        Ok(match self {
            FormatName::Csv => Box::new(csv::Csv::begin(folder)?),
            FormatName::Json => Box::new(json::Json::begin(folder)?),
            FormatName::Xlsx => Box::new(xlsx::Xlsx::begin(folder)?),
            FormatName::Html => Box::new(html::Html::begin(folder)?),
        })
    }
}

/// A report under way in one format.
pub trait Format {
    /// Takes one row: all that have a due date first, then all that have none.
    ///
    /// # Errors
    /// What the disk says; a value that the format can't hold.
    fn row(&mut self, part: Part, cells: &Cells) -> anyhow::Result<()>;

    /// Writes the whole report into an empty file.
    ///
    /// # Errors
    /// What the disk says.
    fn finish(self: Box<Self>, told: &Told<'_>, out: &mut File) -> anyhow::Result<()>;
}

/// All that stands in a report besides its rows.
pub struct Told<'a> {
    /// What was asked for.
    pub scope: Scope,
    /// Where the rows come from.
    pub evidence: &'a Evidence,
    /// What was counted.
    pub tally: &'a Tally,
    /// How the command ended.
    pub summary: &'a Summary,
}

/// What one pass over the query found.
pub struct Passed {
    /// The counts; they add up.
    pub tally: Tally,
    /// The evidence.
    pub evidence: Evidence,
    /// What a person should know of.
    pub findings: Vec<Finding>,
}

/// Reads every response once and hands those of the report to every format.
///
/// # Errors
/// What the database says, classed; `Exit::Evidence`: the counts don't add up; what a format says.
pub fn pass(
    scope: Scope,
    rules: &Rules,
    origin: Origin,
    folder: &Path,
    db: &mut dyn Read,
    formats: &mut [Box<dyn Format>],
) -> anyhow::Result<Passed> {
    let mut tally = Tally::new(scope, count(db)?);
    let mut apart = Spool::new(folder)?;
    let mut rows = RowsHash::begin();
    let mut each = |entry: entry::Entry| -> anyhow::Result<()> {
        match tally.add(&entry) {
            Part::OtherYear => Ok(()),
            Part::Undated => apart.push(&entry.cells),
            Part::Dated => {
                rows.add(&entry.cells);
                formats.iter_mut().try_for_each(|format| format.row(Part::Dated, &entry.cells))
            }
        }
    };
    let query = sql!("report/select_responses");
    let mut fold = Fold::new(rules);
    db.each(&query, &[], &mut |row| fold.take(row, &mut each)).context("reading the responses")?;
    fold.settle(&mut each)?;
    let noticed = fold.noticed;
    apart.replay(&mut |cells| {
        rows.add(cells);
        formats.iter_mut().try_for_each(|format| format.row(Part::Undated, cells))
    })?;
    tally.must_add_up()?;
    let evidence = Evidence::close(origin, &query, tally.n_rows(), rows);
    let findings = findings(&tally, noticed);
    Ok(Passed { tally, evidence, findings })
}

/// All rows, and those with a due date, as the database counts them in the same transaction.
fn count(db: &mut dyn Read) -> anyhow::Result<(u64, u64)> {
    let rows = db.rows(&sql!("report/count_responses"), &[]).context("counting the responses")?;
    let row = rows.first().context("counting the responses: no answer")?;
    let n = |column| Ok::<_, anyhow::Error>(row.int(column)?.unwrap_or_default().unsigned_abs());
    Ok((n("N")?, n("N_DATED")?))
}

fn findings(tally: &Tally, noticed: Noticed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |kind, key: &str, message| {
        findings.push(Finding { kind, key: key.to_owned(), message });
    };
    for (status, n) in &tally.others {
        find(
            "other_status",
            status,
            format!("{n} responses have a status that is none of recert's"),
        );
    }
    if tally.others_unnamed > 0 {
        let message = format!("{} responses have yet other statuses", tally.others_unnamed);
        find("other_status", "", message);
    }
    if noticed.unproven > 0 {
        let message = format!(
            "{} revoked responses of the table are inactive, and no run in the ledger says why",
            noticed.unproven
        );
        find("unproven", "", message);
    }
    if noticed.doubles > 0 {
        let message = format!(
            "{} responses are about people who stand in USER_TAB more than once; the row updated last is shown",
            noticed.doubles
        );
        find("double_user", "", message);
    }
    findings
}
