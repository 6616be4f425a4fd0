//! A row's image out of the ledger: its columns and their values, as JSON text to the letter.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use anyhow::{Context as _, anyhow};
use chrono::DateTime;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::db::{Dialect, Value, parse_date};

/// Column and value, in the order of the image, where they stand in its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowImage<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A JSON text, without its escapes.
#[derive(Deserialize)]
struct JsonText<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> RowImage<'a> {
    pub(crate) fn parse(text: &'a str) -> anyhow::Result<Self> {
        serde_json::from_str(text).context("reading an image")
    }

    pub(crate) fn get(&self, column: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, value)| value.get())
    }

    /// This image with the columns of another laid over it.
    pub(crate) fn with(mut self, other: RowImage<'a>) -> Self {
        for (name, value) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => *old = value,
                None => self.0.push((name, value)),
            }
        }
        self
    }

    /// Whether each column of this image means the same in the other one.
    pub(crate) fn is_within(&self, other: &RowImage<'_>, dialect: Dialect) -> bool {
        self.columns_other_than(other, dialect).next().is_none()
    }

    /// Its columns that mean something else in the other one, or are not in it.
    pub(crate) fn columns_other_than(
        &self,
        other: &RowImage<'_>,
        dialect: Dialect,
    ) -> impl Iterator<Item = &str> {
        let same =
            move |a: &str, b: &str| a == b || meaning_of(a, dialect) == meaning_of(b, dialect);
        let differs = move |(name, value): &&(Cow<'_, str>, &RawValue)| {
            !other.get(name).is_some_and(|there| same(value.get(), there))
        };
        self.0.iter().filter(differs).map(|(name, _)| &**name)
    }

    /// These columns of it, as JSON.
    pub(crate) fn json(&self, columns: &[String]) -> String {
        let mut out = String::from("{");
        for (name, value) in self.0.iter().filter(|(name, _)| columns.iter().any(|c| c == name)) {
            if out.len() > 1 {
                out.push(',');
            }
            crate::text::write_json_text(name, &mut out);
            out.push(':');
            out.push_str(value.get());
        }
        out.push('}');
        out
    }

    /// The names of its columns.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.to_string()).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RowImage<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = RowImage<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row as an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RowImage<'de>, A::Error> {
                let mut pairs = Vec::with_capacity(8);
                while let Some((JsonText(name), value)) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(RowImage(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// What a value means: equal for the same date or number in another notation, as a job may write
/// `2026-01-31T00:00:00` where the database then holds `2026-01-31`.
pub(crate) fn meaning_of(raw: &str, dialect: Dialect) -> String {
    let mut out = String::new();
    write_meaning(raw, dialect, &mut out);
    out
}

/// What some values mean, one behind the other.
#[derive(Default)]
pub(crate) struct RowMeanings {
    text: String,
    ends: Vec<usize>,
    /// For the JSON of a value.
    room: String,
}

impl RowMeanings {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a value of a row; of a column that is not there, nothing.
    pub(crate) fn add_value(&mut self, value: Option<&Value>, dialect: Dialect) {
        if let Some(value) = value {
            write_meaning_of(value, dialect, &mut self.room, &mut self.text);
        }
        self.ends.push(self.text.len());
    }

    /// Adds a value of an image.
    pub(crate) fn add_json(&mut self, raw: &str, dialect: Dialect) {
        write_meaning(raw, dialect, &mut self.text);
        self.ends.push(self.text.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.text[begin..*end])
    }
}

/// Appends what a value of a row means; `room` is for its JSON.
fn write_meaning_of(value: &Value, dialect: Dialect, room: &mut String, out: &mut String) {
    match value {
        Value::Text(text) => write_meaning_of_text(text, dialect, out),
        other => {
            room.clear();
            other.write_json(room);
            write_meaning(room, dialect, out);
        }
    }
}

fn write_meaning(raw: &str, dialect: Dialect, out: &mut String) {
    if !raw.starts_with('"') {
        if !write_integer(raw, out) {
            out.push_str(&decimal(raw).unwrap_or_else(|| raw.to_owned()));
        }
        return;
    }
    match serde_json::from_str(raw) {
        Ok(JsonText(text)) => write_meaning_of_text(&text, dialect, out),
        Err(_) => out.push_str(raw),
    }
}

/// Appends what a whole number without a sign or leading zeros means, as [`decimal`] does; whether it is one.
fn write_integer(text: &str, out: &mut String) -> bool {
    let significant = text.trim_end_matches('0');
    if text == "0" {
        out.push('0');
        return true;
    }
    let is_one = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_one && !text.is_empty() {
        let _ = write!(out, "{significant}e{}", text.len() - significant.len());
        return true;
    }
    false
}

fn write_meaning_of_text(text: &str, dialect: Dialect, out: &mut String) {
    // Oracle knows no empty text, and pads CHAR.
    let text = if dialect == Dialect::Oracle { text.trim_end_matches(' ') } else { text };
    if text.is_empty() && dialect == Dialect::Oracle {
        return out.push_str("null");
    }
    // A flag or a key may be kept as text, and be bound as a number.
    if write_integer(text, out) {
        return;
    }
    let looks_like_a_date = text.len() >= 10 && text.as_bytes()[0].is_ascii_digit();
    let moment = looks_like_a_date.then(|| moment(text)).flatten();
    match moment {
        Some(micros) => {
            let _ = write!(out, "@{micros}");
        }
        None => {
            out.push('"');
            out.push_str(text);
        }
    }
}

fn moment(text: &str) -> Option<i64> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_micros());
    parse_date(text).map(|at| at.and_utc().timestamp_micros()).or_else(zoned)
}

/// A JSON number as its digits without zeros at either end, and the power of ten behind them.
fn decimal(raw: &str) -> Option<String> {
    let (sign, digits) = match raw.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", raw),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let mut exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent -= fraction.len() as i64;
    let all = format!("{whole}{fraction}");
    let all = all.trim_start_matches('0');
    let significant = all.trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    exponent += (all.len() - significant.len()) as i64;
    Some(format!("{sign}{significant}e{exponent}"))
}

/// A value out of an image, as the database held it.
///
/// # Errors
/// The value does not fit the column's type.
pub(crate) fn value_of(raw: &str, dialect: Dialect, data_type: &str) -> anyhow::Result<Value> {
    let told = || format!("a value of the type {data_type}");
    if raw == "null" {
        return Ok(Value::Null);
    }
    if let Some(text) = raw.strip_prefix('{') {
        return special(text).with_context(told);
    }
    if !raw.starts_with('"') {
        return Ok(number_of(raw, dialect, data_type));
    }
    let text: String = serde_json::from_str(raw).with_context(told)?;
    if dialect == Dialect::Sqlite {
        return Ok(Value::Text(text)); // Also when it is empty: SQLite keeps that apart from NULL.
    }
    let date = || parse_date(&text).ok_or_else(|| anyhow!("it is no date"));
    Ok(match data_type {
        "DATE" => Value::Date(date().with_context(told)?),
        "TIMESTAMP" => Value::Timestamp(date().with_context(told)?),
        "TIMESTAMP WITH TIME ZONE" | "TIMESTAMP WITH LOCAL TIME ZONE" => {
            Value::TimestampTz(DateTime::parse_from_rfc3339(&text).with_context(told)?)
        }
        _ => text.into(),
    })
}

fn number_of(raw: &str, dialect: Dialect, data_type: &str) -> Value {
    let binary = match dialect {
        // What `Value::write_json` writes of a REAL has a point or an exponent; of an INTEGER neither.
        Dialect::Sqlite => raw.contains(['.', 'e', 'E']),
        Dialect::Oracle => matches!(data_type, "BINARY_DOUBLE" | "BINARY_FLOAT"),
    };
    match (binary, raw.parse::<f64>(), raw.parse::<i64>()) {
        (true, Ok(x), _) => Value::Real(x),
        (_, _, Ok(n)) => Value::Int(n),
        _ => Value::Number(raw.to_owned()),
    }
}

/// `{"$hex":"00ff"}` and `{"$real":"inf"}`, behind the brace.
fn special(text: &str) -> anyhow::Result<Value> {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format!("{{{text}"))?;
    let held = object.iter().next().and_then(|(kind, held)| Some((kind.as_str(), held.as_str()?)));
    match held {
        Some(("$hex", digits)) => {
            let byte =
                |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
            let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
            bytes.map(Value::Bytes).ok_or_else(|| anyhow!("it is not hexadecimal"))
        }
        Some(("$real", text)) => Ok(Value::Real(text.parse()?)),
        _ => Err(anyhow!("it is neither bytes nor a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_the_same_in_every_notation_and_no_digit_is_lost() {
        for (a, b) in
            [("1", "1.0"), ("100", "1e2"), ("0.5", "5e-1"), ("0", "0.000"), ("-1.50", "-1.5")]
        {
            assert_eq!(decimal(a), decimal(b), "{a} {b}");
            assert_eq!(meaning_of(a, Dialect::Sqlite), meaning_of(b, Dialect::Sqlite), "{a} {b}");
        }
        assert_ne!(decimal("9007199254740993"), decimal("9007199254740992.0"));
        assert_ne!(decimal("0.12345678901234567891"), decimal("0.12345678901234567892"));
        assert_eq!(decimal("null"), None);
    }

    #[test]
    fn a_whole_number_that_is_kept_as_text_means_the_number() {
        for dialect in [Dialect::Sqlite, Dialect::Oracle] {
            for number in ["0", "1", "9", "10", "71", "1200", "9007199254740993"] {
                let text = format!("\"{number}\"");
                assert_eq!(meaning_of(number, dialect), meaning_of(&text, dialect));
                assert_eq!(Some(meaning_of(number, dialect)), decimal(number));
            }
            for (number, other) in [("1", "01"), ("0", "00"), ("1", "1 1"), ("0", ""), ("0", "A")] {
                assert_ne!(
                    meaning_of(number, dialect),
                    meaning_of(&format!("\"{other}\""), dialect)
                );
            }
        }
    }

    #[test]
    fn values_come_back_from_json_as_they_were() {
        for value in [
            Value::Null,
            Value::Int(9_007_199_254_740_993),
            Value::Real(1e300),
            Value::Real(1.0),
            Value::Real(-0.0),
            Value::Real(f64::INFINITY),
            Value::Text(String::new()),
            Value::Text("O'Brien \"Pat\"\n\u{0}🦀".to_owned()),
            Value::Text("1".to_owned()),
            Value::Bytes(vec![0, 255, 16]),
            Value::Bytes(Vec::new()),
        ] {
            let mut raw = String::new();
            value.write_json(&mut raw);
            assert_eq!(value_of(&raw, Dialect::Sqlite, "").unwrap(), value, "{raw}");
        }
        for (raw, data_type, value) in [
            (
                "0.12345678901234567891",
                "NUMBER",
                Value::Number("0.12345678901234567891".to_owned()),
            ),
            ("1", "BINARY_DOUBLE", Value::Real(1.0)),
            (
                "\"2026-01-31T17:00:00\"",
                "DATE",
                Value::Date(parse_date("2026-01-31 17:00:00").unwrap()),
            ),
            (
                "\"2026-01-31T17:00:00.25\"",
                "TIMESTAMP",
                Value::Timestamp(parse_date("2026-01-31 17:00:00.25").unwrap()),
            ),
            (
                "\"2026-01-31T17:00:00+01:00\"",
                "TIMESTAMP WITH TIME ZONE",
                Value::TimestampTz("2026-01-31T17:00:00+01:00".parse().unwrap()),
            ),
            ("\"2026-01-31T17:00:00\"", "VARCHAR2", Value::Text("2026-01-31T17:00:00".to_owned())),
        ] {
            assert_eq!(value_of(raw, Dialect::Oracle, data_type).unwrap(), value);
        }
        for raw in [r#"{"$hex":"0"}"#, r#"{"$hex":"0g"}"#, r#"{"$other":"00"}"#] {
            assert!(value_of(raw, Dialect::Sqlite, "").is_err(), "{raw}");
        }
    }

    #[test]
    fn a_date_means_the_same_however_it_is_written_and_blanks_mean_what_the_database_says() {
        let means = |raw: &str, dialect| meaning_of(&format!("\"{raw}\""), dialect);
        for dialect in [Dialect::Sqlite, Dialect::Oracle] {
            let day = means("2026-01-31", dialect);
            for same in
                ["2026-01-31 00:00:00", "2026-01-31T00:00:00.000", "2026-01-31T01:00:00+01:00"]
            {
                assert_eq!(means(same, dialect), day, "{same}");
            }
            for other in ["2026-02-01", "2026-01-31 00:00:01", "2026-01-3", "A026-01-31"] {
                assert_ne!(means(other, dialect), day, "{other}");
            }
            assert_ne!(means("A", dialect), means("B", dialect));
        }
        assert_eq!(means("A  ", Dialect::Oracle), means("A", Dialect::Oracle));
        assert_ne!(means("A  ", Dialect::Sqlite), means("A", Dialect::Sqlite));
        assert_eq!(means("", Dialect::Oracle), meaning_of("null", Dialect::Oracle));
        assert_ne!(means("", Dialect::Sqlite), meaning_of("null", Dialect::Sqlite));
        assert_ne!(means("A", Dialect::Oracle), meaning_of("null", Dialect::Oracle));
    }
}
