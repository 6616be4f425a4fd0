//! What travels between a job and a database: one value, one row.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

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
            Value::Date(at) | Value::Timestamp(at) => iso(*at),
            Value::TimestampTz(at) => at.to_rfc3339(),
            Value::Bytes(bytes) => hex(bytes),
        }
    }

    /// Appends the value as JSON: numbers as numbers, dates in ISO 8601, bytes as `{"$hex": …}`.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Value::Number(n) => out.push_str(n),
            Value::Text(text) => write_json_text(text, out),
            // `{:?}` keeps `1.0` apart from `1`, so that a restore gives back the same kind of value.
            Value::Real(x) if x.is_finite() => {
                let _ = write!(out, "{x:?}");
            }
            // JSON has no number for these, and as text they could not be put back as what they were.
            Value::Real(x) => {
                let _ = write!(out, "{{\"$real\":\"{x}\"}}");
            }
            Value::Bytes(bytes) => {
                let _ = write!(out, "{{\"$hex\":\"{}\"}}", hex(bytes));
            }
            other => write_json_text(&other.display(), out),
        }
    }

    /// Whether this is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
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
        Ok(match self.get(column)? {
            Value::Int(n) => Some(*n),
            Value::Real(x) if x.fract() == 0.0 && x.abs() < 9e15 => Some(*x as i64),
            Value::Text(text) | Value::Number(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// A value as a day and time, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::get`], and when what stands there is no date.
    pub fn date(&self, column: &str) -> anyhow::Result<Option<NaiveDateTime>> {
        self.get(column)?.as_date().with_context(|| format!("reading column `{column}`"))
    }

    /// The columns from `first` on as one JSON object: a row's image, with all its columns.
    #[must_use]
    pub fn image_from(&self, first: usize) -> String {
        self.image(first..self.values.len())
    }

    /// Some neighbouring columns as one JSON object.
    #[must_use]
    pub fn image(&self, places: std::ops::Range<usize>) -> String {
        let mut out = String::with_capacity(32 * places.len());
        let pairs = self.columns[places.clone()].iter().zip(&self.values[places]);
        write_image(pairs.map(|(name, value)| (name.as_str(), value)), &mut out);
        out
    }
}

/// Some columns and their values as one JSON object.
#[must_use]
pub(crate) fn image(pairs: &[(&str, &Value)]) -> String {
    let mut out = String::with_capacity(32 * pairs.len());
    write_image(pairs.iter().copied(), &mut out);
    out
}

fn write_image<'a>(pairs: impl Iterator<Item = (&'a str, &'a Value)>, out: &mut String) {
    out.push('{');
    for (at, (name, value)) in pairs.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_json_text(name, out);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}

/// Appends `text` as a JSON string (RFC 8259).
pub(crate) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                let _ = write!(out, "\\u{other:04x}");
            }
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// ISO 8601, with a fraction only where there is one.
fn iso(at: NaiveDateTime) -> String {
    let pattern = if at.nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    at.format(pattern).to_string()
}

/// The dates that SQLite files hold, as SQLite itself writes and reads them: a day, or a day and a time behind
/// a blank or a `T`, UTC. Nothing else: what is written otherwise is compared otherwise, and would be a guess.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    let day = parse_day(day)?;
    if rest.is_empty() {
        return Some(day.and_time(NaiveTime::MIN));
    }
    let time = rest.strip_prefix([' ', 'T'])?;
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or(time);
    Some(day.and_time(parse_time(time)?))
}

/// `17:00`, `17:00:00` or `17:00:00.123456`.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let (hour, minute, second) = match *whole.as_bytes() {
        [a, b, b':', c, d] if fraction.is_none() => ([a, b], [c, d], [b'0'; 2]),
        [a, b, b':', c, d, b':', e, f] => ([a, b], [c, d], [e, f]),
        _ => return None,
    };
    let nano = match fraction {
        None => 0,
        Some(digits) if digits.is_empty() || digits.len() > 9 => return None,
        Some(digits) => number(digits.as_bytes())? * 10_u32.pow(9 - digits.len() as u32),
    };
    NaiveTime::from_hms_nano_opt(number(&hour)?, number(&minute)?, number(&second)?, nano)
}

/// Digits, and nothing else.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, digit| {
        digit.is_ascii_digit().then(|| 10 * n + u32::from(digit - b'0'))
    })
}

/// A date as SQLite files hold it; a whole day is written without a time, so that `< day` is right
/// whether the other side has a time or not.
pub(crate) fn date_text(at: NaiveDateTime) -> String {
    let pattern = if at.time() == NaiveTime::MIN {
        "%Y-%m-%d"
    } else if at.nanosecond() == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f"
    };
    at.format(pattern).to_string()
}

/// `2026-01-31`; by hand, because a report reads millions of them.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else { return None };
    NaiveDate::from_ymd_opt(number(&[a, b, c, d])? as i32, number(&[e, f])?, number(&[g, h])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_reads_back_as_it_was_written() {
        for text in ["O'Brien \"Pat\"", "a\\b", "line\nnext\r\t\u{1}", "Žofie, Zoë 🦀"] {
            let mut out = String::new();
            write_json_text(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn dates_are_read_in_every_form_sqlite_files_hold() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        for text in
            ["2026-01-31", "2026-01-31 00:00:00", "2026-01-31T00:00:00.000Z", "2026-01-31 00:00"]
        {
            assert_eq!(parse_date(text), Some(day.and_time(NaiveTime::MIN)), "{text}");
        }
        for text in [
            "31.01.2026",
            "2026-02-30",
            "soon",
            "",
            "2026-1-31",
            "2026-9-01 10:00:00",
            "2026-02-30 10:00:00",
            "2026-01-31 1:00:00",
            "2026-01-31 10:00:00 ",
            " 2026-01-31",
            "2026-01-31 24:00:00",
            "2026-01-31 10",
            "2026-01-31 10:00:60",
            "2026-01-31 10:00:00.",
            "2026-01-31X10:00",
            "2026-01-31 10:00:00+02:00",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
