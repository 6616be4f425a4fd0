//! The availability file: `email;YYYY-MM;…`, one row a person, one number a month (section 8).

use std::io::Read;

use super::csv::CsvReader;
use super::fault::{BadFile, ColumnPlace, RejectIdentity, RejectedRow, found};
use super::fields;
use super::header::{self, UnknownColumn};
use super::identity::{is_sound, mended};
use super::rows::{self, ShapedRows};

const EMAIL: &str = "email";

/// One row of the file.
#[derive(Debug)]
pub enum AvailabilityLine {
    /// A row that can be used.
    Months(DeliveredMonths),
    /// One that can't.
    Rejected(RejectedRow),
}

/// What the file says of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveredMonths {
    /// The line the row begins on.
    pub line: u64,
    /// As in the file, without blanks around it. To be compared without case.
    pub email: String,
    /// ColumnPlace in [`AvailabilityRows::months`] and value; months left blank are left out.
    pub values: Vec<(usize, f64)>,
}

/// Reads an availability file's header; the iterator then reads its rows. `name` is what messages call the file.
///
/// # Errors
/// `Exit::BadInput`, here or from the iterator, which then ends: see [`super`].
pub fn availability<R: Read>(input: R, name: &str) -> anyhow::Result<AvailabilityRows<R>> {
    let mut reader = CsvReader::new(input, name);
    let names = header::read(&mut reader)?;
    let mut email = None;
    let mut months = Vec::new();
    let mut unknown = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let place = ColumnPlace { number: n + 1, name: name.clone() };
        if name == EMAIL {
            email = Some(n);
        } else if fields::is_month(name) {
            months.push((n, name.clone()));
        } else if name.trim_start().starts_with(|c: char| c.is_ascii_digit())
            || fields::is_month_like(name)
        {
            // Ignored as unknown, a mistyped month would lose its values quietly.
            let what = "expected a month as YYYY-MM, found another name that seems to be one";
            return Err(BadFile::at(reader.name(), 1, Some(place), what).error());
        } else {
            unknown.push(UnknownColumn {
                meant: header::meant(name, &[EMAIL]).filter(|_| email.is_none()),
                place,
            });
        }
    }
    let Some(email) = email else {
        return Err(header::missing(reader.name(), &names, &[EMAIL], &unknown));
    };
    if months.is_empty() {
        return Err(BadFile::at(
            reader.name(),
            1,
            None,
            "expected at least one month as YYYY-MM, found none",
        )
        .error());
    }
    let (slots, months) = months.into_iter().unzip();
    Ok(AvailabilityRows {
        rows: ShapedRows::new(reader, names.len()),
        email,
        slots,
        months,
        unknown,
    })
}

/// The rows of an availability file.
pub struct AvailabilityRows<R> {
    rows: ShapedRows<R>,
    /// Where the mail address stands in the file.
    email: usize,
    /// Where each of the months stands in the file.
    slots: Vec<usize>,
    months: Vec<String>,
    unknown: Vec<UnknownColumn>,
}

impl<R: Read> AvailabilityRows<R> {
    /// The months of the header, `YYYY-MM`, in its order.
    pub fn months(&self) -> &[String] {
        &self.months
    }

    /// Columns of the file that are not read: findings.
    pub fn unknown_columns(&self) -> &[UnknownColumn] {
        &self.unknown
    }

    /// The row just read, rejected because nobody has its mail address.
    pub fn unknown_person(&self) -> RejectedRow {
        let reject = self.reject(self.email, "the mail address of a person in PM_USER");
        // The row itself is whole.
        RejectedRow { cut_off: false, ..*reject }
    }

    fn read(&self) -> Result<DeliveredMonths, Box<RejectedRow>> {
        let record = &self.rows.record;
        let email = record.field(self.email).trim();
        if !fields::is_email(email) || !is_sound(email) {
            return Err(self.reject(self.email, fields::EMAIL));
        }
        let mut values = Vec::with_capacity(self.slots.len());
        for (month, &n) in self.slots.iter().enumerate() {
            let cell = record.field(n).trim();
            if !cell.is_empty() {
                values.push((
                    month,
                    fields::free_days(cell).ok_or_else(|| self.reject(n, fields::NUMBER))?,
                ));
            }
        }
        Ok(DeliveredMonths { line: record.line, email: email.to_owned(), values })
    }

    fn reject(&self, n: usize, expected: &str) -> Box<RejectedRow> {
        let record = &self.rows.record;
        let email = record.field(self.email).trim();
        let emails =
            Some(email).filter(|email| !email.is_empty()).map(mended).into_iter().collect();
        let identity = RejectIdentity { ids: Vec::new(), emails };
        let found = found(record.field(n).trim());
        Box::new(rows::reject(&self.rows.reader, record, n, expected.to_owned(), found, identity))
    }
}

impl<R: Read> Iterator for AvailabilityRows<R> {
    type Item = anyhow::Result<AvailabilityLine>;

    fn next(&mut self) -> Option<anyhow::Result<AvailabilityLine>> {
        Some(self.rows.advance()?.map(|row| match row.and_then(|()| self.read()) {
            Ok(availability) => AvailabilityLine::Months(availability),
            Err(reject) => AvailabilityLine::Rejected(*reject),
        }))
    }
}
