//! The person a row is about, out of USER_TAB: of several rows of theirs, the one that was updated last.

use std::borrow::Cow;

use anyhow::Context as _;
use chrono::NaiveDateTime;

use super::row::RowCell;
use crate::db::{Row, Value};

/// Columns of a person in both statements: row, five texts, when updated, and two flags.
pub(super) const N_PERSON: usize = 9;

/// Where a user stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserKind {
    /// In USER_TAB, with RAP or PACKBUILDER.
    Known,
    /// In USER_TAB, with neither.
    NoApplication,
    /// Not in USER_TAB.
    Orphan,
}

/// One person.
#[derive(Clone, Debug)]
pub(super) struct ReportPerson {
    row_id: Value,
    updated: Option<NaiveDateTime>,
    /// Name, mail; their manager's id, name, mail.
    pub(super) cells: [RowCell; 5],
    pub(super) kind: UserKind,
    /// Whether they stand in USER_TAB more than once.
    pub(super) is_double: bool,
    /// Whether one of the texts is no UTF-8.
    pub(super) is_garbled: bool,
}

impl ReportPerson {
    /// Reads the columns from `first` on.
    pub(super) fn read(row: &Row, first: usize) -> anyhow::Result<ReportPerson> {
        let values = &row.values[first..first + N_PERSON];
        let mut is_garbled = false;
        let mut cells: [RowCell; 5] = Default::default();
        for (cell, value) in cells.iter_mut().zip(&values[1..6]) {
            *cell = text(value, &mut is_garbled);
        }
        let has = |value: &Value| match value {
            Value::Int(n) => *n == 1,
            other => other.display() == "1",
        };
        let kind = match (values[0].is_null(), has(&values[7]) || has(&values[8])) {
            (true, _) => UserKind::Orphan,
            (false, true) => UserKind::Known,
            (false, false) => UserKind::NoApplication,
        };
        Ok(ReportPerson {
            row_id: values[0].clone(),
            updated: values[6].as_date().context("USER_TAB.UPDATED_DATE")?,
            cells,
            kind,
            is_double: false,
            is_garbled,
        })
    }

    /// Whether a row says the same of them: it is of the only row that they have in USER_TAB. Rows about one person
    /// come one after the other.
    pub(super) fn is_alone_in(&self, row: &Row, first: usize) -> bool {
        !self.is_double && !self.row_id.is_null() && self.row_id == row.values[first]
    }

    /// Another row of the same response or access: perhaps another row of its person.
    pub(super) fn also(&mut self, row: &Row, first: usize) -> anyhow::Result<()> {
        if self.row_id == row.values[first] {
            return Ok(());
        }
        let other = ReportPerson::read(row, first)?;
        let kind = if other.kind == UserKind::Known { other.kind } else { self.kind };
        if (other.updated, &other.cells) > (self.updated, &self.cells) {
            *self = other;
        }
        (self.is_double, self.kind) = (true, kind);
        Ok(())
    }
}

/// A text, also where it came as bytes; one that is no UTF-8 shows where.
fn text(value: &Value, is_garbled: &mut bool) -> RowCell {
    let Value::Bytes(bytes) = value else { return RowCell::text_of(value) };
    let text = String::from_utf8_lossy(bytes);
    *is_garbled |= matches!(text, Cow::Owned(_));
    RowCell::text(text)
}
