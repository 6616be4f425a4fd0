//! The people file: header and rows → [`DeliveredPerson`], normalised, or [`RejectedRow`] (section 8).

use std::borrow::Cow;
use std::io::Read;

use chrono::NaiveDate;

use super::column::{PersonColumn, TextLimit, TextLimits};
use super::csv::{CsvReader, CsvRecord};
use super::fault::{ColumnPlace, RejectIdentity, RejectedRow, found};
use super::fields;
use super::header::{self, UnknownColumn};
use super::identity::{SOUND_ID, is_sound, mended, nfc};
use super::rows::{self, ShapedRows};

/// What stands in for an empty managerEmail.
pub const NO_MANAGER: &str = "Not Specified";

/// One row of the file.
#[derive(Debug)]
pub enum PeopleLine {
    /// A row that can be used.
    Person(Box<DeliveredPerson>),
    /// One that can't.
    Rejected(RejectedRow),
}

/// A value as it goes into PM_USER.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellValue<'a> {
    /// Not empty.
    Text(&'a str),
    /// A day without a time.
    Date(NaiveDate),
}

/// A person as the file describes them. All texts share one allocation: half a million people are to fit into memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveredPerson {
    /// The line the row begins on.
    pub line: u64,
    /// The first day.
    pub initial_entry: Option<NaiveDate>,
    /// The last day.
    pub leaving_date: Option<NaiveDate>,
    /// ISO 3166 alpha-2, upper case.
    pub country: Option<&'static str>,
    /// Columns that decide nothing and can't be read, or are longer than PM_USER holds: what is stored stays.
    pub unreadable: Vec<PersonColumn>,
    text: Box<str>,
    /// Where the text of each column ends; it begins where the one before ends.
    ends: [u32; PersonColumn::COUNT],
}

impl DeliveredPerson {
    /// The file's id, else its msgId; `None` when a UUID is to be generated.
    pub fn id(&self) -> Option<&str> {
        self.text(PersonColumn::Id)
    }

    /// The mail address as in the file, in NFC, without blanks around it. To be compared without case.
    pub fn email(&self) -> &str {
        self.text(PersonColumn::Email).unwrap_or_default()
    }

    /// The first four digits of the cost center, whatever the file's businessUnit says.
    pub fn business_unit(&self) -> &str {
        self.text(PersonColumn::BusinessUnit).unwrap_or_default()
    }

    /// The text of a column, without blanks around it; `None` for an empty one, and for the columns that are no text.
    pub fn text(&self, column: PersonColumn) -> Option<&str> {
        let n = column as usize;
        let start = if n == 0 { 0 } else { self.ends[n - 1] as usize };
        self.text.get(start..self.ends[n] as usize).filter(|text| !text.is_empty())
    }

    /// What is to stand in PM_USER; `None` is NULL. IMPORTED_AT is the run's to say, and `None` here.
    pub fn get(&self, column: PersonColumn) -> Option<CellValue<'_>> {
        match column {
            PersonColumn::InitialEntry => self.initial_entry.map(CellValue::Date),
            PersonColumn::LeavingDate => self.leaving_date.map(CellValue::Date),
            PersonColumn::Country => self.country.map(CellValue::Text),
            text => self.text(text).map(CellValue::Text),
        }
    }
}

/// Reads a people file's header; the iterator then reads its rows. `name` is what messages call the file.
///
/// # Errors
/// `Exit::BadInput`, here or from the iterator, which then ends: see [`super`].
pub fn people<R: Read>(input: R, name: &str) -> anyhow::Result<PeopleRows<R>> {
    let mut reader = CsvReader::new(input, name);
    let names = header::read(&mut reader)?;
    let mut slots = [None; PersonColumn::COUNT];
    let mut unknown = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match PersonColumn::ALL.into_iter().find(|column| column.name() == name) {
            Some(column) => slots[column as usize] = Some(n),
            None => unknown.push(ColumnPlace { number: n + 1, name: name.clone() }),
        }
    }
    let absent = |column: &PersonColumn| slots[*column as usize].is_none();
    let absent_names: Vec<&str> =
        PersonColumn::ALL.into_iter().filter(absent).map(PersonColumn::name).collect();
    let unknown: Vec<UnknownColumn> = unknown
        .into_iter()
        .map(|place| UnknownColumn { meant: header::meant(&place.name, &absent_names), place })
        .collect();
    let missing: Vec<&str> = PersonColumn::ALL
        .into_iter()
        .filter(|c| c.is_required() && absent(c))
        .map(PersonColumn::name)
        .collect();
    if !missing.is_empty() {
        return Err(header::missing(reader.name(), &names, &missing, &unknown));
    }
    let places: Vec<ColumnPlace> = unknown.iter().map(|column| column.place.clone()).collect();
    header::refuse_slips(reader.name(), reader.line_of_header(), &places, &absent_names)?;
    let limits = PersonColumn::ALL.map(PersonColumn::limit);
    Ok(PeopleRows { rows: ShapedRows::new(reader, names.len()), slots, unknown, limits })
}

/// The rows of a people file.
pub struct PeopleRows<R> {
    rows: ShapedRows<R>,
    /// Where each column stands in the file.
    slots: [Option<usize>; PersonColumn::COUNT],
    unknown: Vec<UnknownColumn>,
    /// How long the texts may be.
    limits: TextLimits,
}

impl<R: Read> PeopleRows<R> {
    /// Columns of the file that are not read: findings.
    pub fn unknown_columns(&self) -> &[UnknownColumn] {
        &self.unknown
    }

    /// Where the column stands in the file.
    pub(crate) fn place(&self, column: PersonColumn) -> Option<ColumnPlace> {
        self.slots[column as usize].map(|n| self.rows.reader.place(n))
    }

    /// Whether the file has the column. Of one it doesn't have, it says nothing about anybody.
    pub fn has(&self, column: PersonColumn) -> bool {
        self.slots[column as usize].is_some()
    }

    fn cells<'a>(&self, record: &'a CsvRecord) -> PersonCells<'a> {
        let mut cells = [""; PersonColumn::COUNT];
        for (cell, slot) in cells.iter_mut().zip(self.slots) {
            if let Some(n) = slot {
                *cell = record.field(n).trim();
            }
        }
        PersonCells(cells)
    }

    /// Whether the last row read has a line end.
    pub fn ends_a_line(&self) -> bool {
        self.rows.ends_a_line()
    }

    /// Takes no texts that are longer than these.
    pub(crate) fn hold_to(&mut self, limits: TextLimits) {
        self.limits = limits;
    }

    /// The row just read, rejected because of what is stored.
    pub(crate) fn rejected(&self, column: PersonColumn, expected: &'static str) -> RejectedRow {
        self.reject(&self.cells(&self.rows.record), CellFault(column, expected.into()))
    }

    fn reject(&self, cells: &PersonCells<'_>, fault: CellFault) -> RejectedRow {
        let CellFault(column, expected) = fault;
        let owned = |column: &PersonColumn| {
            Some(cells.get(*column)).filter(|cell| !cell.is_empty()).map(mended)
        };
        let identity = RejectIdentity {
            ids: [PersonColumn::Id, PersonColumn::MsgId].iter().filter_map(owned).collect(),
            emails: [PersonColumn::Email].iter().filter_map(owned).collect(),
        };
        let n = self.slots[column as usize].unwrap_or_default();
        let found = found(cells.get(column));
        rows::reject(
            &self.rows.reader,
            &self.rows.record,
            n,
            expected.into_owned(),
            found,
            identity,
        )
    }
}

impl<R: Read> Iterator for PeopleRows<R> {
    type Item = anyhow::Result<PeopleLine>;

    fn next(&mut self) -> Option<anyhow::Result<PeopleLine>> {
        Some(self.rows.advance()?.map(|row| {
            if let Err(reject) = row {
                return PeopleLine::Rejected(*reject);
            }
            let cells = self.cells(&self.rows.record);
            match cells.person(self.rows.record.line, &self.limits) {
                Ok(person) => PeopleLine::Person(Box::new(person)),
                Err(fault) => PeopleLine::Rejected(self.reject(&cells, fault)),
            }
        }))
    }
}

/// The column a row is rejected for, and what was expected there.
struct CellFault(PersonColumn, Cow<'static, str>);

impl TextLimit {
    fn admit(self, column: PersonColumn, cell: &str) -> Result<(), CellFault> {
        if !column.is_kept_as_text() || self.admits(cell) {
            return Ok(());
        }
        Err(CellFault(column, self.expected().into()))
    }
}

/// One row's cells by column, without blanks around them; empty for columns the file doesn't have.
struct PersonCells<'a>([&'a str; PersonColumn::COUNT]);

impl<'a> PersonCells<'a> {
    fn get(&self, column: PersonColumn) -> &'a str {
        self.0[column as usize]
    }

    fn person(&self, line: u64, limits: &TextLimits) -> Result<DeliveredPerson, CellFault> {
        let mut unreadable = self.check(limits)?;
        let cost_center = fields::cost_center(self.get(PersonColumn::CostCenter))
            .ok_or(CellFault(PersonColumn::CostCenter, fields::COST_CENTER.into()))?;
        let leaving_date = self
            .parsed(PersonColumn::LeavingDate, fields::leaving_date)
            .map_err(|column| CellFault(column, fields::DATE.into()))?
            .flatten();
        let initial_entry = self.parsed(PersonColumn::InitialEntry, fields::date);
        let country = self.parsed(PersonColumn::Country, fields::country);
        unreadable.extend(initial_entry.err());
        unreadable.extend(country.err());
        let (initial_entry, country) =
            (initial_entry.unwrap_or_default(), country.unwrap_or_default());
        let (text, ends) = self.pack(cost_center, &unreadable);
        Ok(DeliveredPerson { line, initial_entry, leaving_date, country, unreadable, text, ends })
    }

    /// The file's id, else its msgId.
    fn own_id(&self) -> (PersonColumn, &'a str) {
        match self.get(PersonColumn::Id) {
            "" => (PersonColumn::MsgId, self.get(PersonColumn::MsgId)),
            id => (PersonColumn::Id, id),
        }
    }

    /// What must hold of cells that are kept as text; the columns of which it doesn't, and which decide nothing.
    fn check(&self, limits: &TextLimits) -> Result<Vec<PersonColumn>, CellFault> {
        let mut too_long = Vec::new();
        for column in PersonColumn::ALL {
            let cell = self.get(column);
            if cell.is_empty() && column.is_required() {
                return Err(CellFault(column, "a value, because the column is required".into()));
            }
            match limits[column as usize].admit(column, cell) {
                Err(_) if column.decides_nothing() => too_long.push(column),
                admitted => admitted?,
            }
        }
        let (column, id) = self.own_id();
        limits[PersonColumn::Id as usize].admit(column, id)?;
        if !is_sound(id) {
            return Err(CellFault(column, SOUND_ID.into()));
        }
        let email = self.get(PersonColumn::Email);
        if !fields::is_email(email) || !is_sound(email) {
            return Err(CellFault(PersonColumn::Email, fields::EMAIL.into()));
        }
        Ok(too_long)
    }

    /// An empty cell is no value; any other must parse.
    fn parsed<T>(
        &self,
        column: PersonColumn,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, PersonColumn> {
        match self.get(column) {
            "" => Ok(None),
            cell => parse(cell).map(Some).ok_or(column),
        }
    }

    /// The texts behind one another, and where each ends; nothing of the columns that are `left_out`.
    fn pack(
        &self,
        cost_center: &str,
        left_out: &[PersonColumn],
    ) -> (Box<str>, [u32; PersonColumn::COUNT]) {
        let (id, email) = (nfc(self.own_id().1), nfc(self.get(PersonColumn::Email)));
        let mut pieces: [&str; PersonColumn::COUNT] = self.0;
        pieces[PersonColumn::Id as usize] = &id;
        pieces[PersonColumn::Email as usize] = &email;
        pieces[PersonColumn::CostCenter as usize] = cost_center;
        let no_texts = [
            PersonColumn::ImportedAt,
            PersonColumn::InitialEntry,
            PersonColumn::LeavingDate,
            PersonColumn::Country,
        ];
        for no_text in no_texts.iter().chain(left_out) {
            pieces[*no_text as usize] = "";
        }
        if pieces[PersonColumn::ManagerEmail as usize].is_empty() {
            pieces[PersonColumn::ManagerEmail as usize] = NO_MANAGER;
        }
        pieces[PersonColumn::BusinessUnit as usize] = cost_center.get(..4).unwrap_or_default();
        let mut text = String::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
        let mut ends = [0; PersonColumn::COUNT];
        for (piece, end) in pieces.iter().zip(&mut ends) {
            text.push_str(piece);
            // At most 28 values of 4000 bytes.
            *end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        (text.into_boxed_str(), ends)
    }
}
