//! SQL literals that mean the same on every line of every client.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::ScriptError;
use crate::text::is_unprintable;

/// Oracle's longest VARCHAR2 in SQL, in bytes; longer texts have to be CLOBs.
const VARCHAR2_BYTES_MAX: usize = 4_000;

/// Longest quoted piece, in bytes of the script: two of them and what is between fit on a line.
const PIECE_BYTES_MAX: usize = 1_000;

/// Most pieces in one group of a chain.
const PIECES_MAX: usize = 100;

/// A value on its way into a script.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal<'a> {
    /// The keyword NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// A decimal number as text, such as `-1.5` or `1e10`.
    Number(&'a str),
    /// A binary floating-point number: the shortest decimal that means it.
    Real(f64),
    /// Text of any length. The empty text is NULL to Oracle, as a bind would be.
    Text(&'a str),
    /// To the second; a fraction is cut off, as Oracle's DATE would.
    Date(NaiveDateTime),
    /// To the microsecond, or the nanosecond where there are some.
    Timestamp(NaiveDateTime),
}

/// Writes a value as SQL that is safe anywhere within one line.
///
/// Apostrophes are doubled. What ends a line, moves a cursor or can't be seen is written as `CHR(n)` or
/// `TO_CHAR(UNISTR('\xxxx'))`, so that a reviewer sees it; everything else, also beyond ASCII, as it is. NUL is
/// `CHR(0)`: Oracle stores it. Text in several pieces stands in parentheses; text over 4,000 bytes becomes a CLOB.
///
/// # Errors
/// A [`Literal::Number`] that is not a number, a year outside 1 to 9999.
pub(crate) fn literal(value: &Literal<'_>) -> Result<String, ScriptError> {
    match *value {
        Literal::Null => Ok("NULL".to_owned()),
        Literal::Int(number) => Ok(number.to_string()),
        Literal::Number(number) => {
            if is_number(number) {
                Ok(number.to_owned())
            } else {
                Err(ScriptError::NotANumber(number.to_owned()))
            }
        }
        Literal::Real(number) if number.is_finite() => Ok(format!("{number:?}")),
        Literal::Real(number) => Err(ScriptError::NotANumber(number.to_string())),
        Literal::Text(text) => Ok(text_literal(text)),
        Literal::Date(moment) => {
            let second = to_the_second(moment)?;
            Ok(format!("TO_DATE('{second}','YYYY-MM-DD HH24:MI:SS')"))
        }
        Literal::Timestamp(moment) => timestamp_literal(moment),
    }
}

fn text_literal(text: &str) -> String {
    let mut chain = CharChain::default();
    for c in text.chars() {
        if is_unprintable(c) {
            chain.end_quote();
            chain.add(spelled_out(c), c.len_utf8());
            continue;
        }
        if c == '\'' {
            chain.quoted.push('\'');
        }
        chain.quoted.push(c);
        chain.quoted_bytes += c.len_utf8();
        if chain.quoted.len() >= PIECE_BYTES_MAX {
            chain.end_quote();
        }
    }
    chain.into_sql(text.len() > VARCHAR2_BYTES_MAX)
}

/// Pieces of a text, joined by `||` in groups: a chain of thousands nests too deep for a parser, and only the chain of
/// groups, a CLOB when it is long, may pass what a VARCHAR2 holds.
#[derive(Default)]
struct CharChain {
    quoted: String,
    quoted_bytes: usize,
    group: Vec<String>,
    group_bytes: usize,
    groups: Vec<String>,
}

impl CharChain {
    fn end_quote(&mut self) {
        if !self.quoted.is_empty() {
            let piece = format!("'{}'", self.quoted);
            let bytes = std::mem::take(&mut self.quoted_bytes);
            self.quoted.clear();
            self.add(piece, bytes);
        }
    }

    fn add(&mut self, piece: String, text_bytes: usize) {
        if self.group.len() >= PIECES_MAX || self.group_bytes + text_bytes > VARCHAR2_BYTES_MAX {
            self.end_group();
        }
        self.group.push(piece);
        self.group_bytes += text_bytes;
    }

    fn end_group(&mut self) {
        if !self.group.is_empty() {
            self.groups.push(joined(&self.group));
            self.group.clear();
            self.group_bytes = 0;
        }
    }

    fn into_sql(mut self, is_clob: bool) -> String {
        self.end_quote();
        self.end_group();
        // CLOB || VARCHAR2 is a CLOB, so one conversion lifts the limit for all groups.
        if is_clob && let Some(first) = self.groups.first_mut() {
            *first = format!("TO_CLOB({first})");
        }
        if self.groups.is_empty() { "''".to_owned() } else { joined(&self.groups) }
    }
}

/// Parentheses keep the pieces together beside any operator.
fn joined(pieces: &[String]) -> String {
    match pieces {
        [only] => only.clone(),
        _ => format!("({})", pieces.join(" || ")),
    }
}

/// `CHR` takes a byte value of the database character set, which is the code point for ASCII only; `UNISTR` takes
/// UTF-16 in any database, and `TO_CHAR` brings it back from the national character set.
fn spelled_out(c: char) -> String {
    if c.is_ascii() {
        return format!("CHR({})", u32::from(c));
    }
    let mut units = String::new();
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String can't fail.
        let _ = write!(units, "\\{unit:04X}");
    }
    format!("TO_CHAR(UNISTR('{units}'))")
}

fn to_the_second(moment: NaiveDateTime) -> Result<String, ScriptError> {
    if !(1..=9999).contains(&moment.year()) {
        return Err(ScriptError::YearOutOfRange(moment.year()));
    }
    let (date, time) = (moment.date(), moment.time());
    Ok(format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

fn timestamp_literal(moment: NaiveDateTime) -> Result<String, ScriptError> {
    let second = to_the_second(moment)?;
    // A leap second counts on beyond the last nanosecond; Oracle has none.
    let nanos = moment.nanosecond().min(999_999_999);
    Ok(if nanos.is_multiple_of(1_000) {
        format!("TO_TIMESTAMP('{second}.{:06}','YYYY-MM-DD HH24:MI:SS.FF6')", nanos / 1_000)
    } else {
        format!("TO_TIMESTAMP('{second}.{nanos:09}','YYYY-MM-DD HH24:MI:SS.FF9')")
    })
}

/// Digits with at most one sign, point and exponent, and nothing that could be SQL.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits =
        digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    mantissa_fits && exponent_fits
}
