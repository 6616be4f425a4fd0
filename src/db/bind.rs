//! What travels into a statement: one value, one array of them.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, NaiveDateTime};

use super::dates::write_iso;
use super::value::Value;
use crate::text::{hex, write_json_text};

/// One value on its way into a statement; borrowed, because a run binds millions of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bind<'a> {
    /// NULL; an empty text becomes one, as on Oracle, unless it was read as such.
    Null,
    /// A whole number.
    Int(i64),
    /// A decimal number, as its exact text.
    Number(&'a str),
    /// A binary floating-point number.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// DATE: whole seconds.
    Date(NaiveDateTime),
    /// TIMESTAMP: microseconds.
    Timestamp(NaiveDateTime),
    /// TIMESTAMP WITH TIME ZONE.
    TimestampTz(DateTime<FixedOffset>),
    /// RAW or BLOB.
    Bytes(&'a [u8]),
}

impl Bind<'_> {
    /// Appends the value as JSON: numbers as numbers, dates in ISO 8601, bytes as `{"$hex": …}`.
    pub fn write_json(&self, out: &mut String) {
        match *self {
            Bind::Null => out.push_str("null"),
            Bind::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Bind::Number(n) => out.push_str(n),
            Bind::Text(text) => write_json_text(text, out),
            // `{:?}` keeps `1.0` apart from `1`, so that a restore gives back the same kind of value.
            Bind::Real(x) if x.is_finite() => {
                let _ = write!(out, "{x:?}");
            }
            // JSON has no number for these, and as text they could not be put back as what they were.
            Bind::Real(x) => {
                let _ = write!(out, "{{\"$real\":\"{x}\"}}");
            }
            Bind::Bytes(bytes) => {
                let _ = write!(out, "{{\"$hex\":\"{}\"}}", hex(bytes));
            }
            Bind::Date(at) | Bind::Timestamp(at) => {
                out.push('"');
                write_iso(at, out);
                out.push('"');
            }
            Bind::TimestampTz(at) => {
                let _ = write!(out, "\"{}\"", at.to_rfc3339());
            }
        }
    }

    /// Whether two binds are known to be equal without looking at what they point to.
    pub(super) fn is_the_same(&self, other: &Bind<'_>) -> bool {
        match (self, other) {
            (Bind::Null, Bind::Null) => true,
            (Bind::Int(a), Bind::Int(b)) => a == b,
            (Bind::Date(a), Bind::Date(b)) | (Bind::Timestamp(a), Bind::Timestamp(b)) => a == b,
            (Bind::Text(a), Bind::Text(b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Bind::Null,
            Value::Int(n) => Bind::Int(*n),
            Value::Number(text) => Bind::Number(text),
            Value::Real(x) => Bind::Real(*x),
            Value::Text(text) => Bind::Text(text),
            Value::Date(at) => Bind::Date(*at),
            Value::Timestamp(at) => Bind::Timestamp(*at),
            Value::TimestampTz(at) => Bind::TimestampTz(*at),
            Value::Bytes(bytes) => Bind::Bytes(bytes),
        }
    }
}

impl From<Bind<'_>> for Value {
    fn from(bind: Bind<'_>) -> Self {
        match bind {
            Bind::Null => Value::Null,
            Bind::Int(n) => Value::Int(n),
            Bind::Number(text) => Value::Number(text.to_owned()),
            Bind::Real(x) => Value::Real(x),
            Bind::Text(text) => Value::Text(text.to_owned()),
            Bind::Date(at) => Value::Date(at),
            Bind::Timestamp(at) => Value::Timestamp(at),
            Bind::TimestampTz(at) => Value::TimestampTz(at),
            Bind::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        }
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Bind::Null } else { Bind::Text(text) }
    }
}

impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Bind::Null, Bind::from)
    }
}

/// The binds of one array DML: a row of values for each time the statement is carried out.
#[derive(Clone, Debug)]
pub struct BindArray<'a> {
    names: &'a [&'a str],
    binds: Vec<Bind<'a>>,
    n_rows: usize,
}

impl<'a> BindArray<'a> {
    /// No rows yet; `names` are the binds' names, in the order of every row's values.
    #[must_use]
    pub fn new(names: &'a [&'a str]) -> Self {
        BindArray { names, binds: Vec::new(), n_rows: 0 }
    }

    /// These rows.
    #[must_use]
    pub fn of(names: &'a [&'a str], rows: &[&'a [Value]]) -> Self {
        let mut array = BindArray::new(names);
        array.binds.reserve(rows.len() * names.len());
        for row in rows {
            array.push(row.iter().map(Bind::from));
        }
        array
    }

    /// Adds a row: one value for each name.
    pub fn push(&mut self, row: impl IntoIterator<Item = Bind<'a>>) {
        self.binds.extend(row);
        self.n_rows += 1;
        debug_assert_eq!(self.binds.len(), self.n_rows * self.names.len());
    }

    /// Takes all rows out again.
    pub fn clear(&mut self) {
        self.binds.clear();
        self.n_rows = 0;
    }

    /// The binds' names.
    #[must_use]
    pub fn names(&self) -> &'a [&'a str] {
        self.names
    }

    /// How many rows there are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The rows, in order; each has a value for each name.
    pub fn rows(&self) -> impl Iterator<Item = &[Bind<'a>]> {
        let width = self.names.len();
        (0..self.n_rows).map(move |row| &self.binds[row * width..(row + 1) * width])
    }
}
