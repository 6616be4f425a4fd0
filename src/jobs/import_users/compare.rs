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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{PeopleLine, people};

    const JOB_LEVEL: usize = PersonColumn::JobLevel as usize;

    /// Compares all that the file below has; the job's level is a number where `level_is_number`.
    fn compare(level_is_number: bool) -> PersonCompare {
        let mut are_numbers = [false; PersonColumn::COUNT];
        are_numbers[JOB_LEVEL] = level_is_number;
        let limits = PersonColumn::ALL.map(PersonColumn::limit);
        let stored = StoredColumns { limits, holds_made_ids: true, are_numbers };
        PersonCompare::of(&stored, |column| {
            matches!(
                column,
                PersonColumn::City | PersonColumn::JobLevel | PersonColumn::LeavingDate
            )
        })
    }

    /// A person with this city, level and leaving date.
    fn person(cells: &str) -> DeliveredPerson {
        person_with("city;jobLevel;leavingDate", cells)
    }

    fn person_with(names: &str, cells: &str) -> DeliveredPerson {
        let file = format!(
            "id;firstName;lastName;email;costCenter;personnelAreaText;{names}\n1;A;B;a@x;12345678;P;{cells}\n"
        );
        match people(file.as_bytes(), "people.csv").unwrap().next().unwrap().unwrap() {
            PeopleLine::Person(person) => *person,
            PeopleLine::Rejected(_) => panic!("{cells} is rejected"),
        }
    }

    /// As PM_USER holds them, in the order of the compared columns.
    fn stored(compare: &PersonCompare, values: &[(PersonColumn, Value)]) -> Row {
        let of = |column: &PersonColumn| {
            let found = values.iter().find(|(name, _)| name == column);
            match column {
                PersonColumn::BusinessUnit => "1234".into(),
                _ => found.map_or(Value::Null, |(_, value)| value.clone()),
            }
        };
        let columns = compare.columns().iter().map(|column| column.sql_name().to_owned()).collect();
        Row { columns, values: compare.columns().iter().map(of).collect() }
    }

    #[test]
    fn a_text_is_a_number_where_a_number_column_holds_it() {
        for (text, is) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("1.5", 1.5),
            ("-2", -2.0),
            ("+4", 4.0),
            ("1e3", 1e3),
            ("1e-100", 1e-100),
            ("1E125", 1e125),
        ] {
            assert_eq!(number(text).map(f64::to_bits), Some(f64::to_bits(is)), "{text}");
        }
        for text in
            ["", "abc", "inf", "NaN", "1,5", "0x1", "1e126", "-1e126", "1e-101", "1e", "--1"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_goes_in_as_a_whole_one_as_long_as_that_holds_it() {
        let (numbers, texts) = (compare(true), compare(false));
        for (cell, value) in [
            ("12", Value::Int(12)),
            ("12.0", Value::Int(12)),
            ("0.5", Value::Number("0.5".to_owned())),
            ("8999999999999999", Value::Int(8_999_999_999_999_999)),
            ("9000000000000000", Value::Number("9000000000000000".to_owned())),
            ("-9000000000000001", Value::Number("-9000000000000001".to_owned())),
        ] {
            let person = person(&format!("Bonn;{cell};"));
            assert_eq!(numbers.value(PersonColumn::JobLevel, &person), value, "{cell}");
            assert_eq!(numbers.number(PersonColumn::JobLevel, &person), Some(value));
            assert_eq!(numbers.number(PersonColumn::City, &person), None);
            assert_eq!(texts.value(PersonColumn::JobLevel, &person), cell.into());
        }
        let nothing = person("Bonn;;");
        assert_eq!(numbers.value(PersonColumn::JobLevel, &nothing), Value::Null);
        assert_eq!(numbers.left_alone(&nothing), 0);
        let no_number = person("Bonn;senior;");
        assert_eq!(numbers.left_alone(&no_number), bit(PersonColumn::JobLevel));
        assert_eq!(numbers.value(PersonColumn::JobLevel, &no_number), Value::Null);
        assert_eq!(texts.left_alone(&no_number), 0);
    }

    #[test]
    fn the_file_and_pm_user_say_the_same_when_each_column_does() {
        let city = |name: &str| (PersonColumn::City, name.into());
        let level = |value: Value| (PersonColumn::JobLevel, value);
        let left = |text: &str| (PersonColumn::LeavingDate, text.into());
        let day = crate::db::parse_date("2027-01-31 17:00:00").unwrap();
        for (numbers, cells, values, same) in [
            (true, "Bonn;12;", vec![city("Bonn"), level(Value::Int(12))], true),
            (true, "Bonn;12.0;", vec![city("Bonn"), level(" 12 ".into())], true),
            (true, "Bonn;-0;", vec![city("Bonn"), level(Value::Int(0))], true),
            (true, "Bonn;12;", vec![city("Bonn"), level(Value::Int(13))], false),
            (true, "Bonn;0;", vec![city("Bonn"), level(Value::Null)], false),
            (true, "Bonn;12;", vec![city("Bonn"), level("senior".into())], false),
            (false, "Bonn;12;", vec![city("Bonn"), level("12".into())], true),
            (false, "Bonn;12.0;", vec![city("Bonn"), level("12".into())], false),
            (false, "Bonn;;", vec![city("Bonn")], true),
            (false, "Bonn;;", vec![city("Berlin")], false),
            (false, "Bonn;1;", vec![city("Bonn1")], false),
            (false, "Bonn;;2027-01-31", vec![city("Bonn"), left("2027-01-31")], true),
            (
                false,
                "Bonn;;31.01.2027",
                vec![city("Bonn"), (PersonColumn::LeavingDate, Value::Date(day))],
                true,
            ),
            (false, "Bonn;;2027-01-31", vec![city("Bonn"), left("2027-02-01")], false),
            (false, "Bonn;;2027-01-31", vec![city("Bonn"), left("soon")], false),
            (false, "Bonn;;2027-01-31", vec![city("Bonn")], false),
        ] {
            let (compare, person) = (compare(numbers), person(cells));
            let row = stored(&compare, &values);
            let places: Vec<usize> = (0..row.values.len()).collect();
            let told = format!("{cells} {values:?}");
            let prints = compare.person(&person, 0) == compare.row(&row, &places, 0);
            assert_eq!(prints, same, "{told}");
            let columns = compare.columns().iter().zip(&row.values);
            let differs =
                |(column, value): (&PersonColumn, &Value)| compare.differs(*column, &person, value);
            assert_eq!(columns.clone().any(differs), !same, "{told}");
        }
    }

    #[test]
    fn a_column_that_is_left_alone_is_not_compared() {
        let compare = compare(true);
        let person = person("Bonn;senior;");
        let alone = compare.left_alone(&person);
        let row = stored(
            &compare,
            &[(PersonColumn::City, "Bonn".into()), (PersonColumn::JobLevel, Value::Int(3))],
        );
        let places: Vec<usize> = (0..row.values.len()).collect();
        assert_eq!(compare.person(&person, alone), compare.row(&row, &places, alone));
        assert!(!compare.differs(PersonColumn::JobLevel, &person, &Value::Int(3)));
    }

    #[test]
    fn a_cell_that_is_no_date_and_too_long_besides_is_left_alone() {
        let cells = format!("Bonn;{}", "x".repeat(5_000));
        let alone = compare(false).left_alone(&person_with("city;initialEntry", &cells));
        assert_eq!(alone, bit(PersonColumn::InitialEntry));
    }
}
