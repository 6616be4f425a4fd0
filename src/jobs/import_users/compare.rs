//! What of a person is compared: the columns that the file has, as they stand in the file and in PM_USER.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, RandomState};

use chrono::Datelike as _;

use crate::db::{Row, Value};
use crate::import::people::CellValue;
use crate::import::{DeliveredPerson, PersonColumn};

/// The columns that are compared, and how.
pub(super) struct PersonCompare {
    columns: Vec<PersonColumn>,
    hasher: RandomState,
    /// Used again for each row.
    room: RefCell<Vec<u8>>,
}

impl PersonCompare {
    /// Compares the columns that the file has. The id and the mail address never change; IMPORTED_AT is the run's own.
    pub(super) fn of(has: impl Fn(PersonColumn) -> bool) -> PersonCompare {
        let is_compared = |column: &PersonColumn| match column {
            PersonColumn::Id | PersonColumn::Email | PersonColumn::ImportedAt => false,
            // Made from the cost centre, which every file has.
            PersonColumn::BusinessUnit => true,
            column => has(*column),
        };
        PersonCompare {
            columns: PersonColumn::ALL.into_iter().filter(is_compared).collect(),
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

    /// One number for all that is compared of a person in the file.
    pub(super) fn person(&self, person: &DeliveredPerson) -> u64 {
        self.hash(|room| {
            for column in &self.columns {
                write_delivered(person.get(*column), room);
            }
        })
    }

    /// The same number for a row of PM_USER that holds the same; `places` as [`PersonCompare::columns`].
    pub(super) fn row(&self, row: &Row, places: &[usize]) -> u64 {
        self.hash(|room| {
            for (column, place) in self.columns.iter().zip(places) {
                write_stored(*column, &row.values[*place], room);
            }
        })
    }

    fn hash(&self, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut room = self.room.borrow_mut();
        room.clear();
        write(&mut room);
        self.hasher.hash_one(room.as_slice())
    }
}

/// Whether PM_USER holds something else than the file.
pub(super) fn differs(
    column: PersonColumn,
    delivered: Option<CellValue<'_>>,
    stored: &Value,
) -> bool {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    write_delivered(delivered, &mut a);
    write_stored(column, stored, &mut b);
    a != b
}

/// What goes into PM_USER.
pub(super) fn value(delivered: Option<CellValue<'_>>) -> Value {
    match delivered {
        None => Value::Null,
        Some(CellValue::Text(text)) => text.into(),
        Some(CellValue::Date(day)) => day.into(),
        Some(CellValue::Number(x)) if x.fract() == 0.0 && x < 9e15 => Value::Int(x as i64),
        Some(CellValue::Number(x)) => Value::Number(x.to_string()),
    }
}

fn write_delivered(value: Option<CellValue<'_>>, room: &mut Vec<u8>) {
    match value {
        None => room.push(b'-'),
        Some(CellValue::Text(text)) => write_text(text, room),
        Some(CellValue::Date(day)) => write_day(day.num_days_from_ce(), room),
        Some(CellValue::Number(x)) => write_number(x, room),
    }
}

/// A value that is not of its column's kind differs from all that a file can hold.
fn write_stored(column: PersonColumn, value: &Value, room: &mut Vec<u8>) {
    match (column, value) {
        (_, Value::Null) => room.push(b'-'),
        (PersonColumn::InitialEntry | PersonColumn::LeavingDate, value) => match value.as_date() {
            Ok(Some(at)) => write_day(at.date().num_days_from_ce(), room),
            _ => write_text(&value.display(), room),
        },
        (PersonColumn::EmploymentPercentage, value) => match value.display().trim().parse() {
            Ok(x) => write_number(x, room),
            Err(_) => write_text(&value.display(), room),
        },
        (_, Value::Text(text)) => write_text(text, room),
        (_, value) => write_text(&value.display(), room),
    }
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

fn write_number(x: f64, room: &mut Vec<u8>) {
    room.push(b'n');
    room.extend((x + 0.0).to_le_bytes());
}
