//! From the query's answer to entries: the rows of one response folded into one, and all responses
//! of one user and location settled together.

use anyhow::Context as _;
use chrono::NaiveDateTime;

use super::entry::{Cell, Cells, Class, Entry, Rules, State, at};
use super::executions::{Event, assign};
use crate::db::{Row, Value};

/// The columns in front of the response's own.
const ROW_ID: usize = 0;
const USER_ROW: usize = 1;
const PERSON: std::ops::Range<usize> = 2..7;
const USER_UPDATED: usize = 7;
const CHANGE_RUN: usize = 8;
const BEFORE_IMAGE: usize = 12;
const OWN: usize = 14;

/// What is noticed while folding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noticed {
    /// Responses whose person stands in USER_TAB more than once.
    pub doubles: u64,
    /// Revoked and inactive, with no run in the ledger that processed them.
    pub unproven: u64,
}

/// Takes the rows of the query in its order, and hands out entries as soon as they are settled.
pub(super) struct Fold<'a> {
    rules: &'a Rules,
    places: Option<Places>,
    group: Vec<Response>,
    events: Vec<Event>,
    /// What was noticed so far.
    pub noticed: Noticed,
}

/// Where the response's own columns stand in a row.
#[derive(Clone, Copy)]
struct Places {
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
    user_row: Value,
    user_updated: Option<NaiveDateTime>,
    double: bool,
    entry: Entry,
    /// The row as the ledger would keep it; only where the ledger speaks of its key.
    image: Option<String>,
}

impl Places {
    fn of(row: &Row) -> anyhow::Result<Places> {
        let find = |name: &str| {
            let own = row.columns.iter().skip(OWN).position(|column| column == name);
            // The error of `get` says what to do about a column that is missing.
            own.map(|place| place + OWN).map_or_else(|| row.get(name).map(|_| OWN), Ok)
        };
        Ok(Places {
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

impl<'a> Fold<'a> {
    /// Begins.
    #[must_use]
    pub(super) fn new(rules: &'a Rules) -> Self {
        Fold {
            rules,
            places: None,
            group: Vec::new(),
            events: Vec::new(),
            noticed: Noticed::default(),
        }
    }

    /// Takes one row; hands out the entries that it settles, which are those before it.
    ///
    /// # Errors
    /// A date that can't be read; what `each` returns.
    pub(super) fn take(
        &mut self,
        row: &Row,
        each: &mut dyn FnMut(Entry) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let places = match self.places {
            Some(places) => places,
            None => *self.places.insert(Places::of(row)?),
        };
        if let Some(last) = self.group.last_mut()
            && last.row_id == row.values[ROW_ID]
            && !last.row_id.is_null()
        {
            last.also(row)?;
            return if self.group.len() == 1 { self.hear(row) } else { Ok(()) };
        }
        let response = Response::read(row, &places, self.rules).with_context(|| {
            let part = |place: usize| row.values[place].display();
            format!("response of `{}/{}`", part(places.reportee), part(places.location))
        })?;
        if self.group.last().is_some_and(|last| !last.same_key(&response)) {
            self.settle(each)?;
        }
        self.group.push(response);
        // All responses of a key meet the same changes: hear them once.
        if self.group.len() == 1 { self.hear(row) } else { Ok(()) }
    }

    /// Notes the change that came along with a row, unless it is known.
    fn hear(&mut self, row: &Row) -> anyhow::Result<()> {
        if row.values[CHANGE_RUN].is_null() {
            return Ok(());
        }
        let (run, seq) = (row.text("CHANGE_RUN")?, row.int("CHANGE_SEQ")?.unwrap_or_default());
        if self.events.iter().any(|event| event.run == run && event.seq == seq) {
            return Ok(());
        }
        self.events.push(Event {
            run,
            seq,
            restore: row.text("CHANGE_JOB")? == "restore",
            at: row.date("CHANGE_AT")?.unwrap_or_default(),
            before: row.text_opt("BEFORE_IMAGE")?,
            after: row.text_opt("AFTER_IMAGE")?,
        });
        Ok(())
    }

    /// Settles and hands out all responses of the key that is complete.
    ///
    /// # Errors
    /// What `each` returns.
    pub(super) fn settle(
        &mut self,
        each: &mut dyn FnMut(Entry) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let inactive = |response: &Response| !response.entry.active;
        let images: Vec<&str> = self
            .group
            .iter()
            .filter(|response| inactive(response))
            .filter_map(|response| response.image.as_deref())
            .collect();
        let runs: Vec<Option<(chrono::NaiveDate, String)>> =
            assign(&mut self.events, &images, self.group.len())
                .into_iter()
                .map(|event| {
                    let event = event?;
                    let on = event.at.and_utc().with_timezone(&self.rules.zone).date_naive();
                    Some((on, event.run.clone()))
                })
                .collect();
        let mut runs = runs.into_iter();
        for response in &mut self.group {
            let executed = if inactive(response) { runs.next().flatten() } else { None };
            let executed = executed.as_ref().map(|(on, run)| (*on, run.as_str()));
            response.entry.decide(executed, self.rules);
        }
        if self.group.len() > 1 {
            self.group.sort_by(|a, b| a.entry.cells.cmp(&b.entry.cells));
        }
        self.events.clear();
        for response in self.group.drain(..) {
            let entry = response.entry;
            self.noticed.doubles += u64::from(response.double);
            let unproven =
                entry.class == Class::Revoked && !entry.active && entry.state == State::Open;
            self.noticed.unproven += u64::from(unproven);
            each(entry)?;
        }
        Ok(())
    }
}

impl Response {
    fn read(row: &Row, places: &Places, rules: &Rules) -> anyhow::Result<Response> {
        let day = |place: usize| -> anyhow::Result<Option<chrono::NaiveDate>> {
            let date = row.values[place].as_date().with_context(|| row.columns[place].clone())?;
            Ok(date.map(|at| at.date()))
        };
        let day_cell = |day: Option<chrono::NaiveDate>| day.map_or(Cell::Empty, Cell::Day);
        let (by_manager, due) = (day(places.by_manager)?, day(places.due)?);
        let status = Cell::of(&row.values[places.status]);
        let class = match &status {
            Cell::Text(text) | Cell::Number(text) => Class::of(text, &rules.revoked),
            _ => Class::Pending,
        };
        let effective = (class == Class::Revoked).then_some(by_manager.or(due)).flatten();

        let mut cells = Cells::default();
        cells[at::REPORTEE] = Cell::text(row.values[places.reportee].display());
        put_person(row, &mut cells);
        cells[at::LOCATION] = Cell::of(&row.values[places.location]);
        cells[at::LEVEL] = Cell::text(row.values[places.level].display());
        cells[at::STATUS] = status;
        cells[at::CLASS] = Cell::text(class.word());
        cells[at::ACTIVE] = Cell::of(&row.values[places.active]);
        cells[at::BY_MANAGER] = day_cell(by_manager);
        cells[at::DUE] = day_cell(due);
        cells[at::EFFECTIVE] = day_cell(effective);
        let active = matches!(&cells[at::ACTIVE], Cell::Number(n) if n == "1");
        let entry = Entry { cells, class, state: State::Open, active, due, effective };
        Ok(Response {
            row_id: row.values[ROW_ID].clone(),
            user_row: row.values[USER_ROW].clone(),
            user_updated: row.values[USER_UPDATED].as_date().context("USER_TAB.UPDATED_DATE")?,
            double: false,
            entry,
            image: (!row.values[CHANGE_RUN].is_null()).then(|| row.image_from(OWN)),
        })
    }

    /// Another row of the same response: perhaps of another row of its person, of whom the one
    /// that was updated last is shown.
    fn also(&mut self, row: &Row) -> anyhow::Result<()> {
        if self.user_row == row.values[USER_ROW] {
            return Ok(());
        }
        self.double = true;
        let updated = row.values[USER_UPDATED].as_date().context("USER_TAB.UPDATED_DATE")?;
        let mut cells = Cells::default();
        put_person(row, &mut cells);
        let shown = &mut self.entry.cells[at::PERSON];
        if (updated, &cells[at::PERSON]) > (self.user_updated, &*shown) {
            shown.clone_from_slice(&cells[at::PERSON]);
            self.user_updated = updated;
        }
        self.user_row = row.values[USER_ROW].clone();
        Ok(())
    }

    fn same_key(&self, other: &Response) -> bool {
        [at::REPORTEE, at::LOCATION]
            .iter()
            .all(|place| self.entry.cells[*place] == other.entry.cells[*place])
    }
}

fn put_person(row: &Row, cells: &mut Cells) {
    for (cell, value) in cells[at::PERSON].iter_mut().zip(&row.values[PERSON]) {
        *cell = Cell::text(value.display());
    }
}

const _: () = assert!(BEFORE_IMAGE + 2 == OWN);
