//! One cell → its value. Pure, and strict where a misread cell could delete somebody: a leaving date, a business unit.

use chrono::{Datelike as _, Days, NaiveDate};

use super::identity;

/// Months as spreadsheets write them, in full or cut short: English, German, French, Italian.
const MONTHS: &str = "january february march april may june july august september october november december \
     januar jänner februar märz mrz mai juni juli oktober dezember \
     janvier février mars avril juin juillet août septembre octobre novembre décembre \
     gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre";

/// What [`date`] takes, for messages.
pub(crate) const DATE: &str =
    "a date as YYYY-MM-DD, YYYY.MM.DD, DD.MM.YYYY or an Excel day number (44851 = 2022-10-17)";
/// What [`is_email`] takes, for messages.
pub(crate) const EMAIL: &str =
    "one mail address, without invisible characters, and without quotes round it";
/// What `business_unit` takes, for messages.
pub(crate) const COST_CENTER: &str =
    "a cost center of digits, the first four of which are its business unit";
/// What `number` takes, for messages.
pub(crate) const NUMBER: &str = "a number with a dot, from 0 to 31, such as 0.5";

/// The earliest year of a written date: an earlier one is a typo such as `0202-10-17`.
const YEAR_MIN: i32 = 1900;
/// Five digits, 1927-05-18 to 2173-10-13. A shorter number is rather a year (`2022` would be 1905), a longer one rather
/// a date written without separators.
const EXCEL_DAYS: std::ops::RangeInclusive<u32> = 10_000..=99_999;
/// 9999-12-31, which stands for "no end", and is Excel's last day.
const EXCEL_LAST_DAY: u32 = 2_958_465;
/// The year that stands for "no end".
const YEAR_NEVER: i32 = 9999;
/// The days of a month, of which somebody may be free.
const DAYS: std::ops::RangeInclusive<f64> = 0.0..=31.0;

/// A date in one of the forms of section 8. An Excel day number counts from 1900 (not 1904, the old Macintosh system),
/// and may have decimals, which are a time of that day.
pub fn date(cell: &str) -> Option<NaiveDate> {
    match *cell.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
        | [y1, y2, y3, y4, b'.', m1, m2, b'.', d1, d2] => ymd([y1, y2, y3, y4], [m1, m2], [d1, d2]),
        [d1, d2, b'.', m1, m2, b'.', y1, y2, y3, y4] => ymd([y1, y2, y3, y4], [m1, m2], [d1, d2]),
        _ => excel_day(cell),
    }
}

fn ymd(year: [u8; 4], month: [u8; 2], day: [u8; 2]) -> Option<NaiveDate> {
    let year = i32::try_from(digits(&year)?).ok()?;
    NaiveDate::from_ymd_opt(year, digits(&month)?, digits(&day)?).filter(|_| year >= YEAR_MIN)
}

fn excel_day(cell: &str) -> Option<NaiveDate> {
    let (day, time) = cell.split_once('.').unwrap_or((cell, "0"));
    let day = digits(day.as_bytes())?;
    if time.is_empty() || !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if !EXCEL_DAYS.contains(&day) && day != EXCEL_LAST_DAY {
        return None;
    }
    // Day 60 is the 29 February 1900 that never was, so from day 61 on the count begins at 1899-12-30.
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(u64::from(day)))
}

/// ASCII digits, one to nine of them, as a number.
fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// A country as alpha-2, upper case. Taken are alpha-2 and alpha-3 in any case, and the number with or without its
/// leading zeros (spreadsheets drop them: `40` is `040`, Austria).
pub fn country(cell: &str) -> Option<&'static str> {
    let found = match *cell.as_bytes() {
        [a, b] if !a.is_ascii_digit() => rust_iso3166::from_alpha2(upper(&[a, b], &mut [0; 3])?),
        [a, b, c] if !a.is_ascii_digit() => {
            rust_iso3166::from_alpha3(upper(&[a, b, c], &mut [0; 3])?)
        }
        [a] => rust_iso3166::from_numeric_str(upper(&[b'0', b'0', a], &mut [0; 3])?),
        [a, b] => rust_iso3166::from_numeric_str(upper(&[b'0', a, b], &mut [0; 3])?),
        [_, _, _] => rust_iso3166::from_numeric_str(cell),
        _ => None,
    };
    found.map(|country| country.alpha2)
}

fn upper<'a>(code: &[u8], space: &'a mut [u8; 3]) -> Option<&'a str> {
    let space = space.get_mut(..code.len())?;
    space.copy_from_slice(code);
    space.make_ascii_uppercase();
    std::str::from_utf8(space).ok()
}

/// Plausibly one mail address: one `@` with text on both sides, no blanks, and nothing that belongs to a list of
/// addresses or to a display name. Whether it exists, only mail can tell.
pub fn is_email(cell: &str) -> bool {
    let Some((local, domain)) = cell.split_once('@') else {
        return false;
    };
    let is_listed =
        |c: char| matches!(c, ',' | ';' | ':' | '<' | '>' | '(' | ')' | '[' | ']' | '\\' | '"');
    let is_odd = |c: char| is_listed(c) || c.is_whitespace() || c.is_control();
    let is_dotted = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.contains("..")
    };
    !cell.contains(is_odd) && !domain.contains('@') && is_dotted(local) && is_dotted(domain)
}

/// A last day, or none: the year 9999 says that somebody never leaves.
pub fn leaving_date(cell: &str) -> Option<Option<NaiveDate>> {
    date(cell).map(|day| Some(day).filter(|day| day.year() != YEAR_NEVER))
}

/// A cost center: four digits or more, and nothing else, because a shifted business unit may be one that is not signed,
/// and that deletes people. The `.0` that a spreadsheet puts behind a number is dropped.
pub fn cost_center(cell: &str) -> Option<&str> {
    let digits = match cell.split_once('.') {
        Some((digits, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => digits,
        Some(_) => return None,
        None => cell,
    };
    (digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// How much of a month is free: an IEEE 754 number from 0 to 31, decimal with a dot: `0.5`, `1e-3`. Not `1,5`, and neither
/// `NaN` nor `inf`. Zero has no sign.
pub fn free_days(cell: &str) -> Option<f64> {
    if !cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E')) {
        return None;
    }
    let number: f64 = cell.parse().ok()?;
    DAYS.contains(&number).then_some(number + 0.0)
}

/// A month of a header, `YYYY-MM`.
pub fn is_month(name: &str) -> bool {
    match *name.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2] => ymd([y1, y2, y3, y4], [m1, m2], *b"01").is_some(),
        _ => false,
    }
}

/// Whether a header name is a month in other dress: `Apr 23`, `'2023-04`, `2023-04` with a blank or an invisible character.
/// Ignored as unknown it would lose its values quietly.
pub(super) fn is_month_like(name: &str) -> bool {
    let bare: String = identity::skeleton(name).chars().filter(|c| c.is_alphanumeric()).collect();
    let letters: String = bare.chars().filter(|c| c.is_alphabetic()).collect();
    let n_digits = bare.chars().filter(|c| c.is_numeric()).count();
    let is_name =
        letters.len() >= 3 && MONTHS.split_whitespace().any(|month| month.starts_with(&letters));
    (letters.is_empty() && n_digits >= 3) || (is_name && n_digits >= 1)
}
