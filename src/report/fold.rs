//! From the query's answer to rows: the rows of one response folded into one, and all responses of one user and
//! location settled together, with the access they speak of.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;

use super::access::{ReportAccess, ReviewResult};
use super::facts::LedgerFacts;
use super::person::{N_PERSON, ReportPerson};
use super::row::{Cells, ReportRow, RowCell, at, class_word};
use super::state::{ResponseState, StateFacts, decide};
use super::{ReportPart, ReportRules, ReportScope};
use crate::db::{Row, Value};
use crate::jobs::revoke::closings::RowPrint;
use crate::jobs::revoke::near::near_key;
use crate::jobs::revoke::rule::{AnswerClass, ResponseDates};

/// The columns in front of the response's own.
const ROW_ID: usize = 0;
const PERSON: usize = 1;
const N_ACCESS: usize = PERSON + N_PERSON;
const OWN: usize = N_ACCESS + 1;

/// All responses of one user and location, settled.
pub(super) struct SettledGroup {
    /// In a fixed order.
    pub(super) rows: Vec<ReportRow>,
    /// Their access, if any is there now.
    pub(super) access: Option<ReportAccess>,
    /// Where the responses' person stands more than once, or has texts that are no UTF-8.
    pub(super) is_double: bool,
    pub(super) is_garbled: bool,
    /// Approved and revoked for the same year.
    pub(super) is_contradictory: bool,
    /// A run that is not to be believed speaks of it.
    pub(super) is_doubted: bool,
    pub(super) key: String,
}

/// Takes the rows of the query in its order, and hands out groups as soon as they are settled.
pub(super) struct ResponseFold<'a> {
    rules: &'a ReportRules,
    scope: ReportScope,
    facts: &'a LedgerFacts,
    near: &'a HashMap<u64, String>,
    places: Option<RowPlaces>,
    group: Vec<Response>,
    key: String,
    person: Option<ReportPerson>,
    n_access: u64,
    is_heard: bool,
}

/// What hears the groups.
pub(super) type EachGroup<'e> = &'e mut dyn FnMut(SettledGroup) -> anyhow::Result<()>;

/// Where the response's own columns stand in a row.
#[derive(Clone, Copy)]
struct RowPlaces {
    reportee: usize,
    location: usize,
    level: usize,
    status: usize,
    active: usize,
    by_manager: usize,
    due: usize,
}

/// One response, as far as its rows were read.
struct Response {
    row_id: Value,
    row: ReportRow,
    is_active: bool,
    dates: ResponseDates,
    near_key: u64,
    has_key: bool,
    /// The row as the ledger would keep it; only where the ledger speaks of its key.
    print: Option<RowPrint>,
}

impl RowPlaces {
    fn of(row: &Row) -> anyhow::Result<RowPlaces> {
        let find = |name: &str| {
            let own = row.columns.iter().skip(OWN).position(|column| column == name);
            // The error of `get` says what to do about a column that is missing.
            own.map(|place| place + OWN).map_or_else(|| row.get(name).map(|_| OWN), Ok)
        };
        Ok(RowPlaces {
            reportee: find("REPORTEES_ID")?,
            location: find("RMM_ID")?,
            level: find("ACCESS_LEVEL")?,
            status: find("ACCESS_STATUS")?,
            active: find("IS_ACTIVE")?,
            by_manager: find("ACCESS_REVOKE_DATE_BY_LINE_MANAGER")?,
            due: find("RECERTIFICATION_DUE_DATE")?,
        })
    }
}

impl<'a> ResponseFold<'a> {
    /// Begins.
    pub(super) fn new(
        rules: &'a ReportRules,
        scope: ReportScope,
        facts: &'a LedgerFacts,
        near: &'a HashMap<u64, String>,
    ) -> Self {
        let (places, group, key, person) = (None, Vec::new(), String::new(), None);
        ResponseFold {
            rules,
            scope,
            facts,
            near,
            places,
            group,
            key,
            person,
            n_access: 0,
            is_heard: false,
        }
    }

    /// Takes one row; hands out the group that it settles, which is the one before it.
    ///
    /// # Errors
    /// A date that can't be read; what `each` returns.
    pub(super) fn take(&mut self, row: &Row, each: EachGroup<'_>) -> anyhow::Result<()> {
        let places = match self.places {
            Some(places) => places,
            None => *self.places.insert(RowPlaces::of(row)?),
        };
        if let (Some(last), Some(person)) = (self.group.last(), &mut self.person)
            && last.row_id == row.values[ROW_ID]
            && !last.row_id.is_null()
        {
            return person.also(row, PERSON);
        }
        let is_new = self.group.first().is_none_or(|first| {
            let same =
                |place, cell: usize| RowCell::of(&row.values[place]) == first.row.cells[cell];
            !(RowCell::text(row.values[places.reportee].display()) == first.row.cells[at::REPORTEE]
                && same(places.location, at::LOCATION))
        });
        if is_new {
            self.settle(each)?;
            self.key = format!(
                "{}/{}",
                row.values[places.reportee].display(),
                row.values[places.location].display()
            );
            self.person = Some(ReportPerson::read(row, PERSON)?);
            self.n_access = row.int("N_ACCESS")?.unwrap_or_default().unsigned_abs();
            self.is_heard = !self.facts.closings.of(&self.key).is_empty();
        }
        let response =
            self.read(row, &places).with_context(|| format!("response of `{}`", self.key))?;
        self.group.push(response);
        Ok(())
    }

    fn read(&self, row: &Row, places: &RowPlaces) -> anyhow::Result<Response> {
        let value = |place: usize| &row.values[place];
        let dates = ResponseDates::read(value(places.by_manager), value(places.due))?;
        let status = RowCell::of(value(places.status));
        let class = self.rules.revoke.class(&status.to_string());
        let effective = dates.effective().filter(|_| class == AnswerClass::Revoked);
        let effective = effective.map(|(day, _)| day);

        let (reportee, location) = (value(places.reportee), value(places.location));
        let mut cells = Cells::default();
        cells[at::REPORTEE] = RowCell::text(reportee.display());
        cells[at::LOCATION] = RowCell::of(location);
        cells[at::LEVEL] = RowCell::text(value(places.level).display());
        cells[at::STATUS] = status;
        cells[at::CLASS] = RowCell::text(class_word(class));
        cells[at::ACTIVE] = RowCell::of(value(places.active));
        cells[at::BY_MANAGER] = RowCell::day(dates.by_manager);
        cells[at::DUE] = RowCell::day(dates.due);
        cells[at::EFFECTIVE] = RowCell::day(effective);
        cells[at::ACCESS] = RowCell::number(self.n_access);
        let is_active = matches!(&cells[at::ACTIVE], RowCell::Number(n) if n == "1");
        let given = |value: &Value| !value.display().is_empty();
        Ok(Response {
            row_id: value(ROW_ID).clone(),
            is_active,
            dates,
            near_key: if self.near.is_empty() { 0 } else { near_key(reportee, location) },
            has_key: given(reportee) && given(location),
            print: (self.is_heard && !is_active)
                .then(|| self.facts.closings.row_print(&row.image_from(OWN))),
            row: ReportRow {
                cells,
                class,
                state: ResponseState::Undated,
                due: dates.due,
                effective,
                n_access: self.n_access,
            },
        })
    }

    /// Settles and hands out all responses of the key that is complete.
    ///
    /// # Errors
    /// What `each` returns.
    pub(super) fn settle(&mut self, each: EachGroup<'_>) -> anyhow::Result<()> {
        let Some(person) = self.person.take() else { return Ok(()) };
        let history = self.facts.closings.of(&self.key);
        let prints: Vec<RowPrint> =
            self.group.iter_mut().filter_map(|response| response.print.take()).collect();
        let mut closings = history.assign(&prints, self.group.len()).into_iter();
        let restored_by = history.standing_restore().and_then(|place| self.facts.run(place));
        let approvals: usize = self
            .group
            .iter()
            .filter(|response| response.is_active && response.row.class == AnswerClass::Approved)
            .count();
        for response in &mut self.group {
            let closing =
                if response.is_active || !self.is_heard { None } else { closings.next().flatten() };
            let closed_by =
                closing.and_then(|closing| Some((self.facts.run(closing.run)?, closing.took)));
            let level = response.row.cells[at::LEVEL].to_string();
            let state = decide(
                &StateFacts {
                    class: response.row.class,
                    is_active: response.is_active,
                    dates: response.dates,
                    level: &level,
                    is_there: self.n_access > 0,
                    closed_by,
                    restored_by: restored_by.clone(),
                    is_contradicted: approvals > 0,
                    has_key: response.has_key,
                    is_near: self.near.contains_key(&response.near_key),
                },
                &self.rules.revoke,
            );
            response.row.cells[at::PERSON].clone_from_slice(&person.cells);
            response.row.tell(state);
        }
        let mut rows: Vec<ReportRow> = self.group.drain(..).map(|response| response.row).collect();
        if rows.len() > 1 {
            rows.sort_by(|a, b| a.cells.cmp(&b.cells));
        }
        each(self.settled(rows, person, history.is_doubted))
    }

    fn settled(
        &self,
        rows: Vec<ReportRow>,
        person: ReportPerson,
        is_doubted: bool,
    ) -> SettledGroup {
        let asked = || rows.iter().filter(|row| self.scope.asks(row.due));
        let years: HashSet<(Option<i32>, bool)> = asked()
            .filter(|row| matches!(row.class, AnswerClass::Approved | AnswerClass::Revoked))
            .map(|row| {
                (row.due.map(|due| chrono::Datelike::year(&due)), row.class == AnswerClass::Revoked)
            })
            .collect();
        let should_be_gone = |row: &ReportRow| {
            row.state.is_remaining()
                || matches!(
                    row.state,
                    ResponseState::GivenAgain
                        | ResponseState::Restored(_)
                        | ResponseState::LeftAlone(_)
                )
        };
        SettledGroup {
            is_contradictory: years
                .iter()
                .any(|(year, revoked)| *revoked && years.contains(&(*year, false))),
            is_double: person.is_double,
            is_garbled: person.is_garbled,
            is_doubted,
            key: self.key.clone(),
            access: (self.n_access > 0).then(|| ReportAccess {
                user: rows.first().map(|row| row.cells[at::REPORTEE].clone()).unwrap_or_default(),
                location: rows
                    .first()
                    .map(|row| row.cells[at::LOCATION].clone())
                    .unwrap_or_default(),
                n_rows: self.n_access,
                review: ReviewResult::of(asked().map(|row| row.class)),
                should_be_gone: rows
                    .iter()
                    .filter(|row| self.scope.part(row.due) != ReportPart::OtherYear)
                    .any(should_be_gone),
                person,
            }),
            rows,
        }
    }
}
