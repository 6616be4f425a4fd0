//! One row of the report: its values and columns, the same in every format.

use std::fmt;
use std::rc::Rc;

use chrono::NaiveDate;

use super::state::{N_STATES, ResponseState};
use crate::db::Value;
use crate::jobs::revoke::rule::AnswerClass;
use crate::ledger::canonical;

/// One value of a row, cheap to say again: a person's texts stand in each of their rows. Empty text is no text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RowCell {
    /// Nothing.
    #[default]
    Empty,
    Text(Rc<str>),
    /// A decimal number, exactly as the database gives it.
    Number(Rc<str>),
    Day(NaiveDate),
}

impl RowCell {
    /// Text, or nothing when it is empty.
    pub(crate) fn text(text: impl AsRef<str>) -> RowCell {
        let text = text.as_ref();
        if text.is_empty() { RowCell::Empty } else { RowCell::Text(text.into()) }
    }

    /// A whole number.
    pub(crate) fn number(n: u64) -> RowCell {
        let mut digits = [0; 20];
        let text = std::str::from_utf8(canonical::decimal(n, &mut digits));
        RowCell::Number(text.unwrap_or_default().into())
    }

    /// What a column holds; numbers stay numbers.
    pub(crate) fn of(value: &Value) -> RowCell {
        match value {
            Value::Int(n @ 0..) => RowCell::number(n.unsigned_abs()),
            Value::Int(_) | Value::Number(_) => RowCell::Number(value.display().into()),
            Value::Real(x) if x.is_finite() => RowCell::Number(value.display().into()),
            other => RowCell::text_of(other),
        }
    }

    /// What a column holds, as text whatever it is.
    pub(crate) fn text_of(value: &Value) -> RowCell {
        match value {
            Value::Text(text) => RowCell::text(text),
            other => RowCell::text(other.display()),
        }
    }

    /// Whether a column holds this.
    pub(crate) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (RowCell::Number(_), Value::Text(_)) | (RowCell::Text(_), Value::Int(_)) => false,
            (RowCell::Text(_), Value::Text(_)) => self.is_text(value),
            (RowCell::Number(own), Value::Int(n)) => own.parse() == Ok(*n),
            _ => *self == RowCell::of(value),
        }
    }

    /// Whether a column holds this text.
    pub(crate) fn is_text(&self, value: &Value) -> bool {
        match (self, value) {
            (RowCell::Text(own), Value::Text(text)) => **own == **text,
            _ => *self == RowCell::text_of(value),
        }
    }

    /// Its text, to be kept; a day has none.
    pub(crate) fn to_text(&self) -> Rc<str> {
        match self {
            RowCell::Text(text) | RowCell::Number(text) => Rc::clone(text),
            RowCell::Empty | RowCell::Day(_) => "".into(),
        }
    }

    /// Its text; a day has none.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            RowCell::Text(text) | RowCell::Number(text) => text,
            RowCell::Empty | RowCell::Day(_) => "",
        }
    }

    /// A day, or nothing.
    pub(crate) fn day(day: Option<NaiveDate>) -> RowCell {
        day.map_or(RowCell::Empty, RowCell::Day)
    }
}

impl fmt::Display for RowCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowCell::Empty => Ok(()),
            RowCell::Text(text) | RowCell::Number(text) => f.write_str(text),
            RowCell::Day(day) => write!(f, "{day}"),
        }
    }
}

/// One column of the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReportColumn {
    /// Its name in csv and json.
    pub(crate) name: &'static str,
    /// Its heading in xlsx and html.
    pub(crate) label: &'static str,
    /// Its width in xlsx, in characters.
    pub(crate) width: u8,
}

const fn column(name: &'static str, label: &'static str, width: u8) -> ReportColumn {
    ReportColumn { name, label, width }
}

/// How many columns a response has.
pub(super) const N_COLUMNS: usize = 18;

/// The values of one response, in the order of [`COLUMNS`].
pub(crate) type Cells = [RowCell; N_COLUMNS];

/// The columns of a response: those of the first edition in their order, then what came later.
pub(crate) const COLUMNS: [ReportColumn; N_COLUMNS] = [
    column("reportee_id", "Reportee", 11),
    column("reportee_name", "Name", 20),
    column("reportee_mail", "Mail", 24),
    column("line_manager_id", "Line manager", 11),
    column("line_manager_name", "Manager's name", 20),
    column("line_manager_mail", "Manager's mail", 24),
    column("rmm_id", "Location", 9),
    column("access_level", "Access level", 11),
    column("access_status", "Status", 12),
    column("class", "Class", 10),
    column("is_active", "Active", 7),
    column("access_revoke_date_by_line_manager", "Manager's revoke date", 12),
    column("recertification_due_date", "Due", 12),
    column("effective_revoke_date", "Effective revoke date", 12),
    column("state", "State", 34),
    column("executed_on", "Executed on", 12),
    column("run_id", "Run", 37),
    column("access", "Access now", 8),
];

/// Places in [`COLUMNS`] that more than one file speaks of.
pub(super) mod at {
    pub(crate) const REPORTEE: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const PERSON: std::ops::Range<usize> = 1..6;
    pub(crate) const MANAGER: usize = 3;
    pub(crate) const LOCATION: usize = 6;
    pub(crate) const LEVEL: usize = 7;
    pub(crate) const STATUS: usize = 8;
    pub(crate) const CLASS: usize = 9;
    pub(crate) const ACTIVE: usize = 10;
    pub(crate) const BY_MANAGER: usize = 11;
    pub(crate) const DUE: usize = 12;
    pub(crate) const EFFECTIVE: usize = 13;
    pub(crate) const STATE: usize = 14;
    pub(crate) const EXECUTED_ON: usize = 15;
    pub(crate) const RUN: usize = 16;
    pub(crate) const ACCESS: usize = 17;
}

/// How many columns an access has.
pub(super) const N_ACCESS_COLUMNS: usize = 10;

/// The values of one access, in the order of [`ACCESS_COLUMNS`].
pub(crate) type AccessCells = [RowCell; N_ACCESS_COLUMNS];

/// The columns of an access that somebody should look at.
pub(crate) const ACCESS_COLUMNS: [ReportColumn; N_ACCESS_COLUMNS] = [
    column("user_id", "User", 11),
    column("user_name", "Name", 22),
    column("user_mail", "Mail", 26),
    column("line_manager_id", "Line manager", 12),
    column("line_manager_name", "Manager's name", 22),
    column("line_manager_mail", "Manager's mail", 26),
    column("rmm_id", "Location", 10),
    column("access", "Access now", 9),
    column("review", "Review", 24),
    column("user_is", "User is", 18),
];

/// One response, as it is told.
#[derive(Clone, Debug)]
pub(crate) struct ReportRow {
    /// Its values.
    pub(crate) cells: Cells,
    pub(crate) class: AnswerClass,
    pub(crate) state: ResponseState,
    /// RECERTIFICATION_DUE_DATE.
    pub(crate) due: Option<NaiveDate>,
    /// Of a revoked response: the line manager's date, else the due date.
    pub(crate) effective: Option<NaiveDate>,
    /// Mapping rows that are there now.
    pub(crate) n_access: u64,
}

impl ReportRow {
    /// Takes a state, which is told like this, and writes it into the cells.
    pub(super) fn tell(&mut self, state: ResponseState, told: RowCell) {
        self.cells[at::STATE] = told;
        if let ResponseState::Executed { on, .. } = &state {
            self.cells[at::EXECUTED_ON] = RowCell::Day(*on);
        }
        self.cells[at::RUN] = state.run().map_or(RowCell::Empty, RowCell::text);
        self.state = state;
    }

    /// Days from the day it should have gone to the day it went.
    pub(super) fn days_to_removal(&self) -> Option<i64> {
        let ResponseState::Executed { on, .. } = &self.state else { return None };
        Some((*on - self.effective.or(self.due)?).num_days())
    }
}

/// States as they are told: most rows say what the row before them said that is in the same state.
#[derive(Default)]
pub(super) struct StateCells([Option<(ResponseState, RowCell)>; N_STATES]);

impl StateCells {
    /// How a state is told.
    pub(super) fn tell(&mut self, state: &ResponseState) -> RowCell {
        let last = &mut self.0[state.place()];
        match last {
            Some((known, told)) if known == state => told.clone(),
            _ => last.insert((state.clone(), RowCell::text(state.to_string()))).1.clone(),
        }
    }
}

/// A class's name.
pub(super) fn class_word(class: AnswerClass) -> &'static str {
    match class {
        AnswerClass::Approved => "Approved",
        AnswerClass::Revoked => "Revoked",
        AnswerClass::Pending => "Pending",
        AnswerClass::Other => "Other",
    }
}

/// All classes, in the order they are shown.
pub(super) const CLASSES: [AnswerClass; 4] =
    [AnswerClass::Approved, AnswerClass::Revoked, AnswerClass::Pending, AnswerClass::Other];
