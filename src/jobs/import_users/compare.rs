//! What of a person is compared: the columns that the file has, as they stand in the file and in PM_USER.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, RandomState};

use chrono::Datelike as _;

use super::columns::StoredColumns;
use crate::db::{Row, Value};
use crate::import::CellValue;
use crate::import::{DeliveredPerson, PersonColumn};

/// Beyond it an Oracle NUMBER overflows.
const NUMBER_LIMIT: f64 = 1e126;
/// Below it a NUMBER is zero.
const NUMBER_LEAST: f64 = 1e-100;

/// Columns that a row of the file says nothing of, because it can't be read there: one bit each.
pub(super) type LeftAlone = u32;

/// The columns that are compared, and how.
pub(super) struct PersonCompare {
    columns: Vec<PersonColumn>,
    are_numbers: [bool; PersonColumn::COUNT],
    hasher: RandomState,
    /// Used again for each row.
    room: RefCell<Vec<u8>>,
}

impl PersonCompare {
    /// Compares the columns that the file has. The id and the mail address never change; IMPORTED_AT is the run's own.
    pub(super) fn of(stored: &StoredColumns, has: impl Fn(PersonColumn) -> bool) -> PersonCompare {
        let is_compared = |column: &PersonColumn| match column {
            PersonColumn::Id | PersonColumn::Email | PersonColumn::ImportedAt => false,
            // Made from the cost centre, which every file has.
            PersonColumn::BusinessUnit => true,
            column => has(*column),
        };
        PersonCompare {
            columns: PersonColumn::ALL.into_iter().filter(is_compared).collect(),
            are_numbers: stored.are_numbers,
            hasher: RandomState::new(),
            room: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn columns(&self) -> &[PersonColumn] {
        &self.columns
    }

    pub(super) fn has(&self, column: PersonColumn) -> bool {
        self.columns.contains(&column)
    }

    fn is_number(&self, column: PersonColumn) -> bool {
        self.are_numbers[column as usize]
    }

    /// The columns that can't be read in this row, or whose text is no number where PM_USER holds one.
    pub(super) fn left_alone(&self, person: &DeliveredPerson) -> LeftAlone {
        let unreadable = person.unreadable.iter().fold(0, |set, c| set | bit(*c));
        if !self.are_numbers.contains(&true) {
            return unreadable;
        }
        let is_no_number = |column: &&PersonColumn| {
            self.is_number(**column)
                && person.text(**column).is_some_and(|text| number(text).is_none())
        };
        self.columns.iter().filter(is_no_number).fold(unreadable, |set, c| set | bit(*c))
    }

    /// One number for all that is compared of a person in the file.
    pub(super) fn person(&self, person: &DeliveredPerson, left_alone: LeftAlone) -> u64 {
        self.hash(|room| {
            for column in self.columns.iter().filter(|column| left_alone & bit(**column) == 0) {
                self.write_delivered(*column, person.get(*column), room);
            }
        })
    }

    /// The same number for a row of PM_USER that holds the same; `places` as [`PersonCompare::columns`].
    pub(super) fn row(&self, row: &Row, places: &[usize], left_alone: LeftAlone) -> u64 {
        self.hash(|room| {
            for (column, place) in self.columns.iter().zip(places) {
                if left_alone & bit(*column) == 0 {
                    self.write_stored(*column, &row.values[*place], room);
                }
            }
        })
    }

    /// Whether PM_USER holds something else than the file.
    pub(super) fn differs(
        &self,
        column: PersonColumn,
        person: &DeliveredPerson,
        stored: &Value,
    ) -> bool {
        if self.left_alone(person) & bit(column) != 0 {
            return false;
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        self.write_delivered(column, person.get(column), &mut a);
        self.write_stored(column, stored, &mut b);
        a != b
    }

    /// What goes into PM_USER, where it holds a number.
    pub(super) fn number(&self, column: PersonColumn, person: &DeliveredPerson) -> Option<Value> {
        self.is_number(column).then(|| self.value(column, person))
    }

    /// What goes into PM_USER.
    pub(super) fn value(&self, column: PersonColumn, person: &DeliveredPerson) -> Value {
        match person.get(column) {
            None => Value::Null,
            Some(CellValue::Date(day)) => day.into(),
            Some(CellValue::Text(text)) if self.is_number(column) => match number(text) {
                None => Value::Null,
                Some(x) if x.fract() == 0.0 && x.abs() < 9e15 => Value::Int(x as i64),
                Some(x) => Value::Number(x.to_string()),
            },
            Some(CellValue::Text(text)) => text.into(),
        }
    }

    fn hash(&self, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut room = self.room.borrow_mut();
        room.clear();
        write(&mut room);
        self.hasher.hash_one(room.as_slice())
    }

    fn write_delivered(
        &self,
        column: PersonColumn,
        value: Option<CellValue<'_>>,
        room: &mut Vec<u8>,
    ) {
        match value {
            None => room.push(b'-'),
            Some(CellValue::Date(day)) => write_day(day.num_days_from_ce(), room),
            Some(CellValue::Text(text)) if self.is_number(column) => write_number(text, room),
            Some(CellValue::Text(text)) => write_text(text, room),
        }
    }

    /// A value that is not of its column's kind differs from all that a file can hold.
    fn write_stored(&self, column: PersonColumn, value: &Value, room: &mut Vec<u8>) {
        match (column, value) {
            (_, Value::Null) => room.push(b'-'),
            (PersonColumn::InitialEntry | PersonColumn::LeavingDate, value) => {
                match value.as_date() {
                    Ok(Some(at)) => write_day(at.date().num_days_from_ce(), room),
                    _ => write_text(&value.display(), room),
                }
            }
            (column, value) if self.is_number(column) => {
                write_number(value.display().trim(), room);
            }
            (_, Value::Text(text)) => write_text(text, room),
            (_, value) => write_text(&value.display(), room),
        }
    }
}

pub(super) fn bit(column: PersonColumn) -> LeftAlone {
    1 << column as usize
}

fn number(text: &str) -> Option<f64> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let is_held = number == 0.0 || (NUMBER_LEAST..NUMBER_LIMIT).contains(&number.abs());
    is_held.then_some(number + 0.0)
}

fn write_text(text: &str, room: &mut Vec<u8>) {
    room.push(b't');
    room.extend(text.len().to_le_bytes());
    room.extend(text.as_bytes());
}

fn write_day(day: i32, room: &mut Vec<u8>) {
    room.push(b'd');
    room.extend(day.to_le_bytes());
}

/// A number as what it is worth, in the digits that any NUMBER column keeps.
fn write_number(text: &str, room: &mut Vec<u8>) {
    match text.parse::<f64>() {
        Ok(x) => {
            room.push(b'n');
            room.extend((x + 0.0).to_le_bytes());
        }
        Err(_) => write_text(text, room),
    }
}
