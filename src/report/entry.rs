//! One row of the report: its columns, classes and states, the same in every format.

use std::fmt;

use chrono::{Datelike as _, NaiveDate};

use crate::config::RevokeConfig;
use crate::db::Value;

/// One value of a row. Empty text is no text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text.
    Text(String),
    /// A decimal number, exactly as the database gives it.
    Number(String),
    /// A day.
    Day(NaiveDate),
}

impl Cell {
    /// Text, or nothing when it is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
    }

    /// What a column holds; numbers stay numbers.
    #[must_use]
    pub fn of(value: &Value) -> Cell {
        match value {
            Value::Int(_) | Value::Number(_) => Cell::Number(value.display()),
            Value::Real(x) if x.is_finite() => Cell::Number(value.display()),
            other => Cell::text(other.display()),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Empty => Ok(()),
            Cell::Text(text) | Cell::Number(text) => f.write_str(text),
            Cell::Day(day) => write!(f, "{day}"),
        }
    }
}

/// Appends a day as `2026-01-31`.
pub(super) fn push_day(day: NaiveDate, out: &mut Vec<u8>) {
    let Ok(year @ 0..=9999) = u32::try_from(day.year()) else {
        out.extend_from_slice(day.to_string().as_bytes());
        return;
    };
    for (n, mark) in
        [(year / 100, None), (year % 100, Some(b'-')), (day.month(), Some(b'-')), (day.day(), None)]
    {
        out.extend_from_slice(&[b'0' + (n / 10) as u8, b'0' + (n % 10) as u8]);
        out.extend(mark);
    }
}

/// One column of the report.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in csv and json.
    pub name: &'static str,
    /// Its heading in xlsx and html.
    pub label: &'static str,
    /// Its width in xlsx, in characters.
    pub width: u8,
}

/// How many columns a row has.
pub(super) const N_COLUMNS: usize = 17;

/// The values of one row, in the order of [`COLUMNS`].
pub type Cells = [Cell; N_COLUMNS];

const fn column(name: &'static str, label: &'static str, width: u8) -> Column {
    Column { name, label, width }
}

/// The columns, in order.
pub const COLUMNS: [Column; N_COLUMNS] = [
    column("reportee_id", "Reportee", 11),
    column("reportee_name", "Name", 22),
    column("reportee_mail", "Mail", 26),
    column("line_manager_id", "Line manager", 12),
    column("line_manager_name", "Manager's name", 22),
    column("line_manager_mail", "Manager's mail", 26),
    column("rmm_id", "Location", 10),
    column("access_level", "Access level", 12),
    column("access_status", "Status", 12),
    column("class", "Class", 10),
    column("is_active", "Active", 8),
    column("access_revoke_date_by_line_manager", "Manager's revoke date", 13),
    column("recertification_due_date", "Recertification due", 13),
    column("effective_revoke_date", "Effective revoke date", 13),
    column("state", "State", 60),
    column("executed_on", "Executed on", 12),
    column("run_id", "Run", 37),
];

/// Places in [`COLUMNS`] that more than one file speaks of.
pub(super) mod at {
    pub(crate) const REPORTEE: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const PERSON: std::ops::Range<usize> = 1..6;
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
}

/// What the line manager's answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// ACCESS_STATUS is APPROVED.
    Approved,
    /// ACCESS_STATUS is one of `[revoke] statuses`.
    Revoked,
    /// ACCESS_STATUS is PENDING, blank or NULL.
    Pending,
    /// Anything else; each is named.
    Other,
}

impl Class {
    /// All of them, in the order they are shown.
    pub const ALL: [Class; 4] = [Class::Approved, Class::Revoked, Class::Pending, Class::Other];

    /// The class of a status, which is compared without case and surrounding blanks, as `revoke` does.
    #[must_use]
    pub fn of(status: &str, revoked: &[String]) -> Class {
        let plain = status.trim_matches(' ');
        if revoked.iter().any(|known| same(plain, known)) {
            Class::Revoked
        } else if same(plain, "APPROVED") {
            Class::Approved
        } else if plain.is_empty() || same(plain, "PENDING") {
            Class::Pending
        } else {
            Class::Other
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Approved => "Approved",
            Class::Revoked => "Revoked",
            Class::Pending => "Pending",
            Class::Other => "Other",
        }
    }
}

/// Equal without case; `folded` is [`fold`]ed already.
fn same(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && text.to_uppercase() == folded)
}

/// As statuses are compared: without case and surrounding blanks.
#[must_use]
pub(super) fn fold(text: &str) -> String {
    text.trim_matches(' ').to_uppercase()
}

/// What became of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A run processed it, and no restore has taken that back.
    Executed {
        /// The day the run ended, in the configured zone.
        on: NaiveDate,
        /// Its id.
        run: String,
    },
    /// `revoke` will act on it, on that day or today.
    Scheduled(NaiveDate),
    /// Active beyond its day: access that should be gone, or an answer that should be there.
    Overdue,
    /// None of these.
    Open,
}

impl State {
    /// All of them, in the order they are shown: what needs somebody first.
    pub const WORDS: [&'static str; 4] = ["overdue", "scheduled", "executed", "open"];

    /// Its place in [`State::WORDS`].
    #[must_use]
    pub fn place(&self) -> usize {
        match self {
            State::Overdue => 0,
            State::Scheduled(_) => 1,
            State::Executed { .. } => 2,
            State::Open => 3,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Executed { on, run } => write!(f, "executed on {on} by run {run}"),
            State::Scheduled(day) => write!(f, "scheduled for {day}"),
            State::Overdue => f.write_str("overdue"),
            State::Open => f.write_str("open"),
        }
    }
}

/// What decides class and state: the config's rules, and the day.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `[revoke] statuses`, folded.
    pub revoked: Vec<String>,
    /// `[revoke] access_levels`, folded; none: all.
    pub levels: Vec<String>,
    /// The day the report stands for.
    pub as_of: NaiveDate,
    /// The zone that decides on what day a run ended.
    pub zone: chrono_tz::Tz,
}

impl Rules {
    /// The rules of a config, on a day.
    #[must_use]
    pub fn new(config: &RevokeConfig, as_of: NaiveDate, zone: chrono_tz::Tz) -> Rules {
        let folded = |texts: &[String]| {
            texts.iter().map(|text| fold(text)).filter(|text| !text.is_empty()).collect()
        };
        Rules {
            revoked: folded(&config.statuses),
            levels: folded(&config.access_levels),
            as_of,
            zone,
        }
    }

    /// Whether `revoke` acts on this access level.
    fn acts_on(&self, level: &Cell) -> bool {
        let Cell::Text(level) = level else { return self.levels.is_empty() };
        self.levels.is_empty() || self.levels.contains(&fold(level))
    }
}

/// One response, as it is told.
#[derive(Clone, Debug)]
pub struct Entry {
    /// All but the state, until [`Entry::decide`].
    pub cells: Cells,
    /// Its class.
    pub class: Class,
    /// Its state.
    pub state: State,
    /// Whether IS_ACTIVE is 1.
    pub active: bool,
    /// RECERTIFICATION_DUE_DATE.
    pub due: Option<NaiveDate>,
    /// Of a revoked response: the line manager's date, else the due date.
    pub effective: Option<NaiveDate>,
}

impl Entry {
    /// Settles the state: by the run that processed it, if one did, else by the dates.
    pub fn decide(&mut self, executed: Option<(NaiveDate, &str)>, rules: &Rules) {
        self.state = match (executed, self.class) {
            (Some((on, run)), _) => State::Executed { on, run: run.to_owned() },
            (None, _) if !self.active => State::Open,
            (None, Class::Revoked) => match self.effective {
                Some(day) if day < rules.as_of => State::Overdue,
                Some(day) if rules.acts_on(&self.cells[at::LEVEL]) => State::Scheduled(day),
                _ => State::Open,
            },
            (None, Class::Pending) if self.due.is_some_and(|day| day < rules.as_of) => {
                State::Overdue
            }
            (None, _) => State::Open,
        };
        self.cells[at::STATE] = Cell::Text(self.state.to_string());
        if let State::Executed { on, run } = &self.state {
            self.cells[at::EXECUTED_ON] = Cell::Day(*on);
            self.cells[at::RUN] = Cell::text(run.as_str());
        }
    }

    /// The day since which it is overdue.
    #[must_use]
    pub fn overdue_since(&self) -> Option<NaiveDate> {
        (self.state == State::Overdue).then_some(self.effective.or(self.due)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_they_are_everywhere() {
        for (year, text) in [
            (2026, "2026-01-31"),
            (9999, "9999-01-31"),
            (7, "0007-01-31"),
            (12_345, "+12345-01-31"),
        ] {
            let mut out = Vec::new();
            push_day(NaiveDate::from_ymd_opt(year, 1, 31).unwrap(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn a_status_is_classed_without_case_and_surrounding_blanks() {
        let revoked = vec!["REVOKED".to_owned(), "RÉVOQUÉ".to_owned()];
        for (status, class) in [
            (" approved ", Class::Approved),
            ("Revoked", Class::Revoked),
            ("révoqué", Class::Revoked),
            ("", Class::Pending),
            ("  ", Class::Pending),
            ("pending", Class::Pending),
            ("DELEGATED", Class::Other),
            ("\tAPPROVED", Class::Other),
        ] {
            assert_eq!(Class::of(status, &revoked), class, "{status:?}");
        }
    }
}
