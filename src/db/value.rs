//! What travels between a job and a database: one value, one row.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use super::dates::{parse_date, write_iso};
use crate::exit::Exit;
use crate::text::hex;

/// One value of a bind or a column.
///
/// What a database holds comes back as it is held: SQLite has no dates, so its dates are `Text`
/// until somebody asks for [`Row::date`]. A value put back unchanged is therefore the same value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// NULL; also what an empty text becomes, as on Oracle.
    #[default]
    Null,
    /// A whole number.
    Int(i64),
    /// A decimal number that is no `i64`, as its exact decimal text.
    Number(String),
    /// A binary floating-point number.
    Real(f64),
    /// Text, never empty.
    Text(String),
    /// Oracle's DATE: whole seconds, no time zone.
    Date(NaiveDateTime),
    /// Oracle's TIMESTAMP: microseconds, no time zone.
    Timestamp(NaiveDateTime),
    /// Oracle's TIMESTAMP WITH TIME ZONE.
    TimestampTz(DateTime<FixedOffset>),
    /// RAW or BLOB.
    Bytes(Vec<u8>),
}

impl Value {
    /// The value as people write it: in keys, findings and the preview. NULL is empty.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Int(n) => n.to_string(),
            Value::Number(n) => n.clone(),
            Value::Real(x) => x.to_string(),
            Value::Text(text) => text.clone(),
            Value::Date(at) | Value::Timestamp(at) => {
                let mut out = String::with_capacity(26);
                write_iso(*at, &mut out);
                out
            }
            Value::TimestampTz(at) => at.to_rfc3339(),
            Value::Bytes(bytes) => hex(bytes),
        }
    }

    /// Whether this is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The whole number a value stands for, if it stands for one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            Value::Real(x) if x.fract() == 0.0 && x.abs() < 9e15 => Some(*x as i64),
            Value::Text(text) | Value::Number(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The day and time a value stands for, if it stands for one.
    ///
    /// # Errors
    /// Text that is no date in year-month-day order.
    pub fn as_date(&self) -> anyhow::Result<Option<NaiveDateTime>> {
        match self {
            Value::Null => Ok(None),
            Value::Date(at) | Value::Timestamp(at) => Ok(Some(*at)),
            Value::TimestampTz(at) => Ok(Some(at.naive_utc())),
            Value::Text(text) if text.is_empty() => Ok(None),
            Value::Text(text) => parse_date(text).map(Some).ok_or_else(|| {
                anyhow!("`{text}` is not a date; expected `2026-01-31` or `2026-01-31 17:00:00`")
            }),
            other => Err(anyhow!("`{}` is not a date", other.display())),
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Value::Null } else { Value::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Value::Null } else { Value::Text(text) }
    }
}

impl From<NaiveDate> for Value {
    fn from(day: NaiveDate) -> Self {
        Value::Date(day.and_time(NaiveTime::MIN))
    }
}

impl From<NaiveDateTime> for Value {
    fn from(at: NaiveDateTime) -> Self {
        Value::Timestamp(at)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A row of an answer; its columns are known by their upper-case names.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names of the columns, upper case, in order.
    pub columns: Arc<[String]>,
    /// One value a column, in the same order.
    pub values: Vec<Value>,
}

impl Row {
    /// Where a column stands; the first of that name.
    ///
    /// # Errors
    /// No column of that name: the table is not as recert needs it (`Exit::Config`).
    pub fn place(&self, column: &str) -> anyhow::Result<usize> {
        self.columns.iter().position(|name| name == column).ok_or_else(|| {
            anyhow!("column `{column}` is missing; `recert migrate` adds it").context(Exit::Config)
        })
    }

    /// The value in a column.
    ///
    /// # Errors
    /// As [`Row::place`].
    pub fn get(&self, column: &str) -> anyhow::Result<&Value> {
        Ok(&self.values[self.place(column)?])
    }

    /// A value as text; NULL is empty.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn text(&self, column: &str) -> anyhow::Result<String> {
        self.get(column).map(Value::display)
    }

    /// A value as text, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn text_opt(&self, column: &str) -> anyhow::Result<Option<String>> {
        let value = self.get(column)?;
        Ok((!value.is_null()).then(|| value.display()))
    }

    /// A value as a whole number; `None` for NULL and for what is no whole number.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn int(&self, column: &str) -> anyhow::Result<Option<i64>> {
        self.get(column).map(Value::as_int)
    }

    /// A value as a day and time, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::get`], and when what stands there is no date.
    pub fn date(&self, column: &str) -> anyhow::Result<Option<NaiveDateTime>> {
        self.get(column)?.as_date().with_context(|| format!("reading column `{column}`"))
    }
}
