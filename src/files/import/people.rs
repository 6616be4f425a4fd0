//! The people file: header and rows → [`Person`], normalised, or [`Reject`] (section 8).

use std::io::Read;

use chrono::NaiveDate;

use super::column::Column;
use super::csv::{Reader, Record};
use super::fault::{Identity, Place, Reject, found};
use super::fields;
use super::header::{self, Unknown};
use super::rows::{self, Rows};

/// What stands in for an empty managerEmail.
pub const NO_MANAGER: &str = "Not Specified";

/// The least employment percentage above zero.
const PERCENTAGE_MIN: f64 = 1e-100;

/// One row of the file.
#[derive(Debug)]
pub enum Line {
    /// A row that can be used.
    Person(Box<Person>),
    /// One that can't.
    Rejected(Reject),
}

/// A value as it goes into PM_USER.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not empty.
    Text(&'a str),
    /// A day without a time.
    Date(NaiveDate),
    /// A percentage.
    Number(f64),
}

/// A person as the file describes them. All texts share one allocation: half a million people are to fit into memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The line the row begins on.
    pub line: u64,
    /// The first day.
    pub initial_entry: Option<NaiveDate>,
    /// The last day.
    pub leaving_date: Option<NaiveDate>,
    /// Zero or more; 100 is full time.
    pub employment_percentage: Option<f64>,
    /// ISO 3166 alpha-2, upper case.
    pub country: Option<&'static str>,
    text: Box<str>,
    /// Where the text of each column ends; it begins where the one before ends.
    ends: [u32; Column::COUNT],
}

impl Person {
    /// The file's id, else its msgId; `None` when a UUID is to be generated.
    pub fn id(&self) -> Option<&str> {
        self.text(Column::Id)
    }

    /// The mail address as in the file, without blanks around it. To be compared without case.
    pub fn email(&self) -> &str {
        self.text(Column::Email).unwrap_or_default()
    }

    /// The first four digits of the cost center, whatever the file's businessUnit says.
    pub fn business_unit(&self) -> &str {
        self.text(Column::BusinessUnit).unwrap_or_default()
    }

    /// The text of a column, without blanks around it; `None` for an empty one, and for the columns that are no text.
    pub fn text(&self, column: Column) -> Option<&str> {
        let n = column as usize;
        let start = if n == 0 { 0 } else { self.ends[n - 1] as usize };
        self.text.get(start..self.ends[n] as usize).filter(|text| !text.is_empty())
    }

    /// What is to stand in PM_USER; `None` is NULL. IMPORTED_AT is the run's to say, and `None` here.
    pub fn get(&self, column: Column) -> Option<Value<'_>> {
        match column {
            Column::InitialEntry => self.initial_entry.map(Value::Date),
            Column::LeavingDate => self.leaving_date.map(Value::Date),
            Column::EmploymentPercentage => self.employment_percentage.map(Value::Number),
            Column::Country => self.country.map(Value::Text),
            text => self.text(text).map(Value::Text),
        }
    }
}

/// Reads a people file's header; the iterator then reads its rows. `name` is what messages call the file.
///
/// # Errors
/// `Exit::BadInput`, here or from the iterator, which then ends: see [`super`].
pub fn people<R: Read>(input: R, name: &str) -> anyhow::Result<People<R>> {
    let mut reader = Reader::new(input, name);
    let names = header::read(&mut reader)?;
    let mut slots = [None; Column::COUNT];
    let mut unknown = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match Column::ALL.into_iter().find(|column| column.name() == name) {
            Some(column) => slots[column as usize] = Some(n),
            None => unknown.push(Place { number: n + 1, name: name.clone() }),
        }
    }
    let absent = |column: &Column| slots[*column as usize].is_none();
    let absent_names: Vec<&str> =
        Column::ALL.into_iter().filter(absent).map(Column::name).collect();
    let unknown: Vec<Unknown> = unknown
        .into_iter()
        .map(|place| Unknown { meant: header::meant(&place.name, &absent_names), place })
        .collect();
    let missing: Vec<&str> = Column::ALL
        .into_iter()
        .filter(|c| c.is_required() && absent(c))
        .map(Column::name)
        .collect();
    if !missing.is_empty() {
        return Err(header::missing(reader.name(), &names, &missing, &unknown));
    }
    Ok(People { rows: Rows::new(reader, names.len()), slots, unknown })
}

/// The rows of a people file.
pub struct People<R> {
    rows: Rows<R>,
    /// Where each column stands in the file.
    slots: [Option<usize>; Column::COUNT],
    unknown: Vec<Unknown>,
}

impl<R: Read> People<R> {
    /// Columns of the file that are not read: findings.
    pub fn unknown_columns(&self) -> &[Unknown] {
        &self.unknown
    }

    /// Whether the file has the column. Of one it doesn't have, it says nothing about anybody.
    pub fn has(&self, column: Column) -> bool {
        self.slots[column as usize].is_some()
    }

    fn cells<'a>(&self, record: &'a Record) -> Cells<'a> {
        let mut cells = [""; Column::COUNT];
        for (cell, slot) in cells.iter_mut().zip(self.slots) {
            if let Some(n) = slot {
                *cell = record.field(n).trim();
            }
        }
        Cells(cells)
    }

    fn reject(&self, cells: &Cells<'_>, Fault(column, expected): Fault) -> Reject {
        let owned = |column: &Column| {
            Some(cells.get(*column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
        };
        let identity = Identity {
            ids: [Column::Id, Column::MsgId].iter().filter_map(owned).collect(),
            emails: [Column::Email].iter().filter_map(owned).collect(),
        };
        let n = self.slots[column as usize].unwrap_or_default();
        let found = found(cells.get(column));
        rows::reject(&self.rows.reader, &self.rows.record, n, expected.to_owned(), found, identity)
    }
}

impl<R: Read> Iterator for People<R> {
    type Item = anyhow::Result<Line>;

    fn next(&mut self) -> Option<anyhow::Result<Line>> {
        Some(self.rows.advance()?.map(|row| {
            if let Err(reject) = row {
                return Line::Rejected(*reject);
            }
            let cells = self.cells(&self.rows.record);
            match cells.person(self.rows.record.line) {
                Ok(person) => Line::Person(Box::new(person)),
                Err(fault) => Line::Rejected(self.reject(&cells, fault)),
            }
        }))
    }
}

/// The column a row is rejected for, and what was expected there.
struct Fault(Column, &'static str);

/// One row's cells by column, without blanks around them; empty for columns the file doesn't have.
struct Cells<'a>([&'a str; Column::COUNT]);

impl<'a> Cells<'a> {
    fn get(&self, column: Column) -> &'a str {
        self.0[column as usize]
    }

    fn person(&self, line: u64) -> Result<Person, Fault> {
        self.check()?;
        let cost_center = self.get(Column::CostCenter);
        let unit = fields::business_unit(cost_center)
            .ok_or(Fault(Column::CostCenter, fields::COST_CENTER))?;
        let initial_entry = self.parsed(Column::InitialEntry, fields::date, fields::DATE)?;
        let leaving_date = self.parsed(Column::LeavingDate, fields::date, fields::DATE)?;
        // Below that only zero: a NUMBER column holds no such fraction.
        let percentage = |cell: &str| {
            fields::number(cell).filter(|&number| number == 0.0 || number >= PERCENTAGE_MIN)
        };
        let employment_percentage =
            self.parsed(Column::EmploymentPercentage, percentage, fields::NUMBER)?;
        let country = self.parsed(Column::Country, fields::country, fields::COUNTRY)?;
        let (text, ends) = self.pack(unit);
        Ok(Person { line, initial_entry, leaving_date, employment_percentage, country, text, ends })
    }

    /// What must hold of cells that are kept as text.
    fn check(&self) -> Result<(), Fault> {
        for column in Column::ALL {
            let cell = self.get(column);
            if cell.is_empty() && column.is_required() {
                return Err(Fault(column, "a value, because the column is required"));
            }
            if cell.len() > column.bytes_max() {
                return Err(Fault(column, column.too_long()));
            }
        }
        for column in [Column::Id, Column::MsgId] {
            if self.get(column).contains(char::is_control) {
                return Err(Fault(column, "an id on one line, without control characters"));
            }
        }
        if !fields::is_email(self.get(Column::Email)) {
            return Err(Fault(Column::Email, fields::EMAIL));
        }
        Ok(())
    }

    /// An empty cell is no value; any other must parse.
    fn parsed<T>(
        &self,
        column: Column,
        parse: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, Fault> {
        match self.get(column) {
            "" => Ok(None),
            cell => parse(cell).map(Some).ok_or(Fault(column, expected)),
        }
    }

    /// The texts behind one another, and where each ends.
    fn pack(&self, unit: &'a str) -> (Box<str>, [u32; Column::COUNT]) {
        let mut pieces = self.0;
        let or = |piece: &'a str, other: &'a str| if piece.is_empty() { other } else { piece };
        pieces[Column::Id as usize] = or(self.get(Column::Id), self.get(Column::MsgId));
        pieces[Column::ManagerEmail as usize] = or(self.get(Column::ManagerEmail), NO_MANAGER);
        for no_text in [
            Column::ImportedAt,
            Column::InitialEntry,
            Column::LeavingDate,
            Column::EmploymentPercentage,
            Column::Country,
        ] {
            pieces[no_text as usize] = "";
        }
        pieces[Column::BusinessUnit as usize] = unit;
        let mut text = String::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
        let mut ends = [0; Column::COUNT];
        for (piece, end) in pieces.iter().zip(&mut ends) {
            text.push_str(piece);
            // At most 28 values of 4000 bytes.
            *end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        (text.into_boxed_str(), ends)
    }
}
