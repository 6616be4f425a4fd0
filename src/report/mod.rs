//! The year's recertification (section 9 of the spec): every response of the year, what was answered, and what
//! became of it; and every access, asked about or not. In several formats from one pass over each query.
//!
//! Nothing grows with the number of rows: the queries' answers are folded as they come (`fold`), every row is
//! counted once (`tally`) and handed to each format, which writes it to disk. What stands at the head of a file
//! (counts, hashes) is known only behind the last row: so a format keeps its rows in a nameless file, and the
//! head is written in front of them at the end.
//!
//! In reading order: `facts` what the verified ledger says · `row`, `access`, `person` what is told · `state` what
//! became of a response · `fold` · `tally`, `figures`, `findings` · `evidence` · `verdict` · then one file a format.

mod access;
mod body;
mod csv;
mod evidence;
mod facts;
mod figures;
mod findings;
mod fold;
mod html;
mod json;
mod person;
mod removal;
mod row;
mod spool;
mod state;
mod tally;
mod verdict;
mod xlsx;

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::rc::Rc;

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveDate};

use crate::config::Config;
use crate::db::Read;
use crate::jobs::revoke::find_near_that_stays;
use crate::jobs::revoke::near::near_key;
use crate::jobs::revoke::rule::RevokeRule;
use crate::plan::Finding;
use crate::sql;
use crate::summary::Summary;

pub(crate) use evidence::{Evidence, ReportOrigin};
pub(crate) use figures::Figures;
pub(crate) use row::{AccessCells, Cells};
pub(crate) use tally::Tally;

use access::ReportAccess;
use evidence::RowsHash;
use facts::LedgerFacts;
use fold::{ResponseFold, SettledGroup};
use person::{N_PERSON, ReportPerson};
use row::RowCell;
use spool::RowSpool;
use tally::CountedRows;

/// Which responses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportScope {
    /// Those with a due date in this year.
    Year(i32),
    /// All.
    All,
}

/// Where a response belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportPart {
    /// Among the report's rows.
    Dated,
    /// Apart: it has no recertification due date.
    Undated,
    /// In the report of another year; here it is only counted.
    OtherYear,
}

impl ReportScope {
    /// `2026` or `all`, as file names have it.
    pub(crate) fn word(self) -> String {
        match self {
            ReportScope::Year(year) => year.to_string(),
            ReportScope::All => "all".to_owned(),
        }
    }

    /// The report's title.
    pub(crate) fn title(self) -> String {
        match self {
            ReportScope::Year(year) => format!("Recertification {year}"),
            ReportScope::All => "Recertification, all years".to_owned(),
        }
    }

    /// Where a response with this due date belongs.
    fn part(self, due: Option<NaiveDate>) -> ReportPart {
        match (due, self) {
            (None, _) => ReportPart::Undated,
            (Some(due), ReportScope::Year(year)) if due.year() != year => ReportPart::OtherYear,
            (Some(_), _) => ReportPart::Dated,
        }
    }

    /// Whether a response with this due date is a review in this scope.
    fn asks(self, due: Option<NaiveDate>) -> bool {
        self == ReportScope::All || self.part(due) == ReportPart::Dated
    }

    fn year(self) -> Option<i32> {
        match self {
            ReportScope::Year(year) => Some(year),
            ReportScope::All => None,
        }
    }
}

/// What decides: the rule of the config on a day, and what the report holds against it.
#[derive(Clone, Debug)]
pub(crate) struct ReportRules {
    /// Which responses are due.
    pub(crate) revoke: RevokeRule,
    /// The zone that decides on what day a run ended.
    pub(crate) zone: chrono_tz::Tz,
    /// Days within which access should be gone.
    pub(crate) sla_days: u32,
}

impl ReportRules {
    /// The rules of a config, on a day.
    pub(crate) fn new(config: &Config, as_of: NaiveDate, zone: chrono_tz::Tz) -> ReportRules {
        let revoke = RevokeRule::new(&config.revoke, as_of);
        ReportRules { revoke, zone, sla_days: config.report.sla_days }
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
    pub(crate) fn ending(self) -> &'static str {
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
    pub(crate) fn begin(self, folder: &Path) -> anyhow::Result<Box<dyn ReportFormat>> {
        Ok(match self {
            FormatName::Csv => Box::new(csv::Csv::begin(folder)?),
            FormatName::Json => Box::new(json::Json::begin(folder)?),
            FormatName::Xlsx => Box::new(xlsx::Xlsx::begin(folder)?),
            FormatName::Html => Box::new(html::Html::begin(folder)?),
        })
    }
}

/// A report under way in one format.
pub(crate) trait ReportFormat {
    /// Takes one response: all that have a due date first, then all that have none.
    ///
    /// # Errors
    /// What the disk says; a value that the format can't hold.
    fn row(&mut self, part: ReportPart, cells: &Cells) -> anyhow::Result<()>;

    /// Takes one access that somebody should look at, in between.
    ///
    /// # Errors
    /// As [`ReportFormat::row`].
    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()>;

    /// Writes the whole report into an empty file, and the accesses into one `beside` it, if the format needs one.
    ///
    /// # Errors
    /// What the disk says.
    fn finish(
        self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        beside: Option<&mut File>,
    ) -> anyhow::Result<()>;
}

/// All that stands in a report besides its rows.
pub(crate) struct ReportContent<'a> {
    /// What was asked for.
    pub(crate) scope: ReportScope,
    /// Where the rows come from.
    pub(crate) evidence: &'a Evidence,
    /// What was counted.
    pub(crate) tally: &'a Tally,
    /// What was noticed.
    pub(crate) figures: &'a Figures,
    /// How the command ended.
    pub(crate) summary: &'a Summary,
}

/// What one pass over the queries found.
pub(crate) struct PassedReport {
    pub(crate) tally: Tally,
    pub(crate) figures: Figures,
    pub(crate) evidence: Evidence,
    /// What a person should know of.
    pub(crate) findings: Vec<Finding>,
}

/// Where groups and accesses go.
struct ReportSink<'a> {
    scope: ReportScope,
    as_of: NaiveDate,
    tally: Tally,
    figures: Figures,
    apart: RowSpool,
    rows: RowsHash,
    accesses: RowsHash,
    formats: &'a mut [Box<dyn ReportFormat>],
}

impl ReportSink<'_> {
    fn group(&mut self, group: SettledGroup<'_>) -> anyhow::Result<()> {
        for row in group.rows {
            let part = self.tally.add(row);
            if part == ReportPart::OtherYear {
                continue;
            }
            self.figures.add(row, self.scope, self.as_of);
            if part == ReportPart::Undated {
                self.apart.push(&row.cells)?;
                continue;
            }
            self.rows.add(&row.cells);
            self.formats
                .iter_mut()
                .try_for_each(|format| format.row(ReportPart::Dated, &row.cells))?;
        }
        if group.n_told > 0 {
            self.figures.add_key(&group);
        } else if let Some(access) = group.access.as_ref().filter(|access| access.is_listed()) {
            self.figures.garbled_access(access);
        }
        group.access.as_ref().map_or(Ok(()), |access| self.access(access))
    }

    fn access(&mut self, access: &ReportAccess) -> anyhow::Result<()> {
        self.tally.add_access(access);
        self.figures.add_access(access);
        if !access.is_listed() {
            return Ok(());
        }
        let cells = access.cells();
        self.accesses.add(&cells);
        self.formats.iter_mut().try_for_each(|format| format.access(&cells))
    }

    fn end_rows(&mut self, apart: RowSpool) -> anyhow::Result<()> {
        apart.replay(&mut |cells| {
            self.rows.add(cells);
            self.formats.iter_mut().try_for_each(|format| format.row(ReportPart::Undated, cells))
        })
    }
}

/// Reads ledger, responses and accesses once, and hands those of the report to every format.
///
/// # Errors
/// What the database says, classed; what a format says. A report that proves nothing is no error here: its
/// evidence says so.
pub(crate) fn pass(
    scope: ReportScope,
    rules: &ReportRules,
    origin: ReportOrigin,
    folder: &Path,
    db: &mut dyn Read,
    formats: &mut [Box<dyn ReportFormat>],
) -> anyhow::Result<PassedReport> {
    let mut facts = LedgerFacts::read(db, rules.zone, scope.year())?;
    let exceptions = std::mem::take(&mut facts.exceptions);
    let near = find_near_that_stays(&unmatched(&rules.revoke, db)?, &rules.revoke, db)?;
    let mut sink = ReportSink {
        scope,
        as_of: rules.revoke.as_of,
        tally: Tally::new(scope, count(db)?),
        figures: Figures::new(scope, rules.sla_days, exceptions),
        apart: RowSpool::new(folder)?,
        rows: RowsHash::begin(),
        accesses: RowsHash::begin(),
        formats,
    };
    let query = sql!("report/select_responses", dialects);
    let mut fold = ResponseFold::new(rules, scope, &facts, &near);
    let mut each = |group: SettledGroup<'_>| sink.group(group);
    db.each(&query, &[], &mut |row| fold.take(row, &mut each)).context("reading the responses")?;
    fold.settle(&mut each)?;
    each_unasked(db, &mut |access| {
        sink.figures.garbled_access(access);
        sink.access(access)
    })?;
    let apart = std::mem::replace(&mut sink.apart, RowSpool::new(folder)?);
    sink.end_rows(apart)?;
    sink.figures.look_managers_up(db)?;

    let ReportSink { tally, figures, rows, accesses, .. } = sink;
    let evidence =
        Evidence::close(origin, &query, facts.verdict, &tally, rows, accesses, figures.doubted.n);
    let findings = findings::findings(&tally, &figures, &evidence.problems);
    Ok(PassedReport { tally, figures, evidence, findings })
}

/// Keys of responses that no mapping row has: perhaps one has them nearly.
fn unmatched(rule: &RevokeRule, db: &mut dyn Read) -> anyhow::Result<HashSet<u64>> {
    let [not_ours, not_ours_too] = rule.plainly_not_ours();
    let binds = [("not_ours", not_ours), ("not_ours_too", not_ours_too)];
    let mut keys = HashSet::new();
    db.each(&sql!("report/select_unmatched"), &binds, &mut |row| {
        keys.insert(near_key(row.get("REPORTEES_ID")?, row.get("RMM_ID")?));
        Ok(())
    })
    .context("looking for responses without access")?;
    Ok(keys)
}

/// Hands every access that nobody was ever asked about to `each`.
fn each_unasked(
    db: &mut dyn Read,
    each: &mut dyn FnMut(&ReportAccess) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    /// Where the person's columns begin.
    const PERSON: usize = 3;
    let mut last: Option<ReportAccess> = None;
    db.each(&sql!("report/select_unasked", dialects), &[], &mut |row| {
        debug_assert_eq!(row.values.len(), PERSON + N_PERSON);
        let user = RowCell::text_of(&row.values[0]);
        let location = RowCell::of(&row.values[1]);
        if let Some(known) =
            last.as_mut().filter(|last| last.user == user && last.location == location)
        {
            return Rc::make_mut(&mut known.person).also(row, PERSON);
        }
        let access = ReportAccess {
            user,
            location,
            person: match last.as_ref().filter(|last| last.person.is_alone_in(row, PERSON)) {
                Some(last) => Rc::clone(&last.person),
                None => Rc::new(ReportPerson::read(row, PERSON)?),
            },
            n_rows: row.int("N_ACCESS")?.unwrap_or_default().unsigned_abs(),
            review: access::ReviewResult::NeverAsked,
            should_be_gone: false,
        };
        last.replace(access).map_or(Ok(()), |whole| each(&whole))
    })
    .context("reading the access that nobody was asked about")?;
    last.map_or(Ok(()), |whole| each(&whole))
}

/// What the database counts itself, in the same transaction.
fn count(db: &mut dyn Read) -> anyhow::Result<CountedRows> {
    let mut n = |query: &sql::Sql, columns: [&str; 2]| -> anyhow::Result<[u64; 2]> {
        let rows = db.rows(query, &[]).context("counting")?;
        let row = rows.first().context("counting: no answer")?;
        let n =
            |column| Ok::<_, anyhow::Error>(row.int(column)?.unwrap_or_default().unsigned_abs());
        Ok([n(columns[0])?, n(columns[1])?])
    };
    let [responses, dated] = n(&sql!("report/count_responses", dialects), ["N", "N_DATED"])?;
    let [accesses, mappings] = n(&sql!("report/count_accesses"), ["N", "N_ROWS"])?;
    Ok(CountedRows { responses, dated, accesses, mappings })
}
