//! Days and moments as text: what SQLite files hold, and what images say. By hand, because a run reads and writes
//! millions of them.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

/// Appends a moment in ISO 8601, with a fraction only where there is one.
pub(super) fn write_iso(at: NaiveDateTime, out: &mut String) {
    write_day(at.date(), out);
    out.push('T');
    write_time(at.time(), out);
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
    let mut out = String::with_capacity(26);
    write_day(at.date(), &mut out);
    if at.time() != NaiveTime::MIN {
        out.push(' ');
        write_time(at.time(), &mut out);
    }
    out
}

/// `2026-01-31`
pub(crate) fn write_day(day: NaiveDate, out: &mut String) {
    let digit = |n: u32| char::from(b'0' + (n % 10) as u8);
    match (u32::try_from(day.year()), day.month(), day.day()) {
        (Ok(y @ 0..=9_999), m, d) => {
            out.extend([digit(y / 1_000), digit(y / 100), digit(y / 10), digit(y), '-']);
            out.extend([digit(m / 10), digit(m), '-', digit(d / 10), digit(d)]);
        }
        // With a sign, and as many digits as it takes.
        _ => out.push_str(&day.format("%Y-%m-%d").to_string()),
    }
}

/// `17:00:00`, and six digits of a second where there is a part of one.
fn write_time(time: NaiveTime, out: &mut String) {
    write_digits(time.hour(), 2, out);
    out.push(':');
    write_digits(time.minute(), 2, out);
    out.push(':');
    // A leap second is the sixtieth, as chrono writes it.
    write_digits(time.second() + time.nanosecond() / 1_000_000_000, 2, out);
    if time.nanosecond() != 0 {
        out.push('.');
        write_digits(time.nanosecond() % 1_000_000_000 / 1_000, 6, out);
    }
}

fn write_digits(n: u32, n_digits: u32, out: &mut String) {
    for place in (0..n_digits).rev() {
        out.push(char::from(b'0' + (n / 10_u32.pow(place) % 10) as u8));
    }
}

/// `2026-01-31`
fn parse_day(text: &str) -> Option<NaiveDate> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else { return None };
    NaiveDate::from_ymd_opt(number(&[a, b, c, d])? as i32, number(&[e, f])?, number(&[g, h])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_chrono_writes_them() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let time = |h, m, s, n| NaiveTime::from_hms_nano_opt(h, m, s, n).unwrap();
        for day in [
            day(2026, 1, 31),
            day(1, 12, 1),
            day(9_999, 12, 31),
            day(-44, 3, 15),
            day(12_345, 6, 7),
        ] {
            for time in [
                NaiveTime::MIN,
                time(17, 5, 9, 0),
                time(23, 59, 59, 123_456_000),
                time(0, 0, 0, 1_000),
                time(0, 0, 0, 999_999_999),
                time(23, 59, 59, 1_000_000_000),
                time(23, 59, 59, 1_500_000_000),
            ] {
                let at = day.and_time(time);
                let fraction = if at.nanosecond() == 0 { "" } else { "%.6f" };
                let mut iso = String::new();
                write_iso(at, &mut iso);
                assert_eq!(iso, at.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}")).to_string());
                if time != NaiveTime::MIN {
                    assert_eq!(date_text(at), iso.replace('T', " "));
                }
            }
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
