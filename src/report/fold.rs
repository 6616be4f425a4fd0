//! From the query's answer to rows: the rows of one response folded into one, and all responses of one user and
//! location settled together, with the access they speak of.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Context as _;
use chrono::Datelike as _;

use super::access::{ReportAccess, ReviewResult};
use super::facts::LedgerFacts;
use super::person::{N_PERSON, ReportPerson};
use super::row::{CLASSES, Cells, ReportRow, RowCell, StateCells, at, class_word};
use super::state::{ResponseState, StateFacts, decide};
use super::{ReportPart, ReportRules, ReportScope};
use crate::db::{Row, Value};
use crate::jobs::revoke::closings::{KeyHistory, RowPrint};
use crate::jobs::revoke::near::near_key;
use crate::jobs::revoke::rule::{AnswerClass, ResponseDates};

/// The columns in front of the response's own.
const ROW_ID: usize = 0;
const PERSON: usize = 1;
const N_ACCESS: usize = PERSON + N_PERSON;
const OWN: usize = N_ACCESS + 1;

/// All responses of one user and location, settled.
pub(super) struct SettledGroup<'r> {
    /// In a fixed order.
    pub(super) rows: &'r [ReportRow],
    /// Those of them that are the report's, and not another year's.
    pub(super) n_told: u64,
    /// Whether one of these revoked the access, and none is there.
    pub(super) is_gone: bool,
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
    /// The key whose responses come; those of them that were read, and their rows.
    key: Option<ResponseKey<'a>>,
    group: Vec<Response>,
    rows: Vec<ReportRow>,
    /// The person of the key before.
    last_person: Option<Rc<ReportPerson>>,
    classes: [RowCell; 4],
    states: StateCells,
}

/// What the responses of one user and location share.
struct ResponseKey<'a> {
    /// As the ledger has it.
    text: String,
    reportee: RowCell,
    location: RowCell,
    /// Whether it says whose access and where.
    is_whole: bool,
    near_key: u64,
    person: Rc<ReportPerson>,
    n_access: u64,
    access: RowCell,
    history: KeyHistory<'a>,
}

/// What hears the groups.
pub(super) type EachGroup<'e> = &'e mut dyn FnMut(SettledGroup<'_>) -> anyhow::Result<()>;

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

/// What decides about one response, beside its row.
struct Response {
    row_id: Value,
    is_active: bool,
    dates: ResponseDates,
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
        ResponseFold {
            rules,
            scope,
            facts,
            near,
            places: None,
            key: None,
            group: Vec::new(),
            rows: Vec::new(),
            last_person: None,
            classes: CLASSES.map(|class| RowCell::text(class_word(class))),
            states: StateCells::default(),
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
        if let (Some(last), Some(key)) = (self.group.last(), &mut self.key)
            && last.row_id == row.values[ROW_ID]
            && !last.row_id.is_null()
        {
            return Rc::make_mut(&mut key.person).also(row, PERSON);
        }
        let (reportee, location) = (&row.values[places.reportee], &row.values[places.location]);
        let is_same = self
            .key
            .as_ref()
            .is_some_and(|key| key.location.is(location) && key.reportee.is_text(reportee));
        if !is_same {
            self.settle(each)?;
            self.key = Some(self.begin(row, reportee, location)?);
        }
        let Some(key) = self.key.take() else { return Ok(()) };
        let told = || format!("response of `{}`", key.text);
        self.read(row, &key, &places).with_context(told)?;
        self.key = Some(key);
        Ok(())
    }

    fn begin(
        &mut self,
        row: &Row,
        reportee: &Value,
        location: &Value,
    ) -> anyhow::Result<ResponseKey<'a>> {
        let last = self.last_person.take().filter(|last| last.is_alone_in(row, PERSON));
        let person = last.map_or_else(|| ReportPerson::read(row, PERSON).map(Rc::new), Ok)?;
        let (reportee_cell, location_cell) = (RowCell::text_of(reportee), RowCell::of(location));
        let text = [reportee_cell.as_text(), "/", location_cell.as_text()].concat();
        let n_access = row.values[N_ACCESS].as_int().unwrap_or_default().unsigned_abs();
        Ok(ResponseKey {
            history: self.facts.closings.of(&text),
            text,
            is_whole: reportee_cell != RowCell::Empty && location_cell != RowCell::Empty,
            reportee: reportee_cell,
            location: location_cell,
            near_key: if self.near.is_empty() { 0 } else { near_key(reportee, location) },
            person,
            n_access,
            access: RowCell::number(n_access),
        })
    }

    fn read(&mut self, row: &Row, key: &ResponseKey<'_>, places: &RowPlaces) -> anyhow::Result<()> {
        let value = |place: usize| &row.values[place];
        let dates = ResponseDates::read(value(places.by_manager), value(places.due))?;
        let status = RowCell::of(value(places.status));
        let class = self.rules.revoke.class(status.as_text());
        let effective = dates.effective().filter(|_| class == AnswerClass::Revoked);
        let effective = effective.map(|(day, _)| day);

        let mut cells = Cells::default();
        cells[at::REPORTEE] = key.reportee.clone();
        cells[at::LOCATION] = key.location.clone();
        cells[at::LEVEL] = RowCell::text_of(value(places.level));
        cells[at::STATUS] = status;
        cells[at::CLASS] = self.classes[class as usize].clone();
        cells[at::ACTIVE] = RowCell::of(value(places.active));
        cells[at::BY_MANAGER] = RowCell::day(dates.by_manager);
        cells[at::DUE] = RowCell::day(dates.due);
        cells[at::EFFECTIVE] = RowCell::day(effective);
        cells[at::ACCESS] = key.access.clone();
        let is_active = value(places.active).as_int() == Some(1);
        let is_heard = !key.history.is_empty() && !is_active;
        self.group.push(Response {
            row_id: value(ROW_ID).clone(),
            is_active,
            dates,
            print: is_heard.then(|| self.facts.closings.row_print(&row.image_from(OWN))),
        });
        self.rows.push(ReportRow {
            cells,
            class,
            state: ResponseState::Undated,
            due: dates.due,
            effective,
            n_access: key.n_access,
        });
        Ok(())
    }

    /// Settles and hands out all responses of the key that is complete.
    ///
    /// # Errors
    /// What `each` returns.
    pub(super) fn settle(&mut self, each: EachGroup<'_>) -> anyhow::Result<()> {
        let Some(key) = self.key.take() else { return Ok(()) };
        let prints: Vec<RowPrint> =
            self.group.iter_mut().filter_map(|response| response.print.take()).collect();
        let mut closings = key.history.assign(&prints, self.group.len()).into_iter();
        let restored_by = key.history.standing_restore().and_then(|place| self.facts.run(place));
        let is_contradicted = self
            .group
            .iter()
            .zip(&self.rows)
            .any(|(response, row)| response.is_active && row.class == AnswerClass::Approved);
        for (response, row) in self.group.drain(..).zip(&mut self.rows) {
            let closing = if response.is_active || key.history.is_empty() {
                None
            } else {
                closings.next().flatten()
            };
            let closed_by =
                closing.and_then(|closing| Some((self.facts.run(closing.run)?, closing.took)));
            let state = decide(
                &StateFacts {
                    class: row.class,
                    is_active: response.is_active,
                    dates: response.dates,
                    level: row.cells[at::LEVEL].as_text(),
                    is_there: key.n_access > 0,
                    closed_by,
                    restored_by: restored_by.clone(),
                    is_contradicted,
                    has_key: key.is_whole,
                    is_near: self.near.contains_key(&key.near_key),
                },
                &self.rules.revoke,
            );
            row.cells[at::PERSON].clone_from_slice(&key.person.cells);
            let told = self.states.tell(&state);
            row.tell(state, told);
        }
        if self.rows.len() > 1 {
            self.rows.sort_by(|a, b| a.cells.cmp(&b.cells));
        }
        self.last_person = Some(Rc::clone(&key.person));
        let told = each(self.settled(key));
        self.rows.clear();
        told
    }

    fn settled(&self, key: ResponseKey<'_>) -> SettledGroup<'_> {
        let rows = self.rows.as_slice();
        let asked = || rows.iter().filter(|row| self.scope.asks(row.due));
        let told = || rows.iter().filter(|row| self.scope.part(row.due) != ReportPart::OtherYear);
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
            n_told: told().count() as u64,
            is_gone: key.n_access == 0 && told().any(|row| row.class == AnswerClass::Revoked),
            is_contradictory: rows.len() > 1 && are_contradictory(asked()),
            is_double: key.person.is_double,
            is_garbled: key.person.is_garbled,
            is_doubted: key.history.is_doubted,
            key: key.text,
            access: (key.n_access > 0).then(|| ReportAccess {
                user: key.reportee,
                location: key.location,
                n_rows: key.n_access,
                review: ReviewResult::of(asked().map(|row| row.class)),
                should_be_gone: told().any(should_be_gone),
                person: key.person,
            }),
            rows,
        }
    }
}

/// Whether one of them approves and another revokes, for the same year.
fn are_contradictory<'r>(rows: impl Iterator<Item = &'r ReportRow>) -> bool {
    let answers: HashSet<(Option<i32>, bool)> = rows
        .filter(|row| matches!(row.class, AnswerClass::Approved | AnswerClass::Revoked))
        .map(|row| (row.due.map(|due| due.year()), row.class == AnswerClass::Revoked))
        .collect();
    answers.iter().any(|(year, revoked)| *revoked && answers.contains(&(*year, false)))
}
