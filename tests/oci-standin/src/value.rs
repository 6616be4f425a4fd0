//! OCI's binary formats and PostgreSQL's text, converted both ways. Pure.

use crate::abi::NUMBER_SIZE;

/// A point in time in its parts, as OCI's date-time descriptors hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    pub year: i16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub nanos: u32,
    pub offset_minutes: i32,
}

impl Stamp {
    /// Reads `2026-01-31 23:59:59.5+05:30`; time, fraction and offset may be missing.
    pub fn parse(text: &str) -> Option<Stamp> {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let mut parts = date.split('-');
        let mut stamp = Stamp {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
            ..Stamp::default()
        };
        let (clock, offset) = match time.find(['+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut parts = clock.split(':');
        stamp.hour = parts.next()?.parse().ok()?;
        stamp.minute = parts.next()?.parse().ok()?;
        stamp.second = parts.next()?.parse().ok()?;
        stamp.nanos = format!("{fraction:0<9}").parse().ok()?;
        stamp.offset_minutes = parse_offset(offset)?;
        Some(stamp)
    }

    /// As text for a parameter. PostgreSQL keeps microseconds; what is finer is cut.
    pub fn text(&self, with_zone: bool) -> String {
        let Stamp { year, month, day, hour, minute, second, nanos, .. } = self;
        let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:06}", nanos / 1000);
        if with_zone {
            let sign = if self.offset_minutes < 0 { '-' } else { '+' };
            let offset = self.offset_minutes.abs();
            text.push_str(&format!("{sign}{:02}:{:02}", offset / 60, offset % 60));
        }
        text
    }
}

/// `+05`, `-03:30` or nothing, in minutes.
pub fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.chars().next() {
        None => return Some(0),
        Some('-') => (-1, &text[1..]),
        Some('+') => (1, &text[1..]),
        Some(_) => return None,
    };
    let mut parts = digits.split(':');
    let hours: i32 = parts.next()?.parse().ok()?;
    let minutes: i32 = parts.next().unwrap_or("0").parse().ok()?;
    Some(sign * (hours * 60 + minutes))
}

/// Reads an OCINumber: length, exponent in base 100, up to 20 base-100 digits.
pub fn number_to_text(raw: &[u8]) -> Option<String> {
    let length = usize::from(*raw.first()?);
    let body = raw.get(1..=length)?;
    let (&head, digits) = body.split_first()?;
    if head == 0x80 {
        return Some("0".to_owned());
    }
    let positive = head & 0x80 != 0;
    let pairs_before_point = if positive { i32::from(head) - 192 } else { 63 - i32::from(head) };
    let digits: Vec<u8> = if positive {
        digits.iter().map(|d| d - 1).collect()
    } else {
        digits.iter().take_while(|d| **d != 102).map(|d| 101 - d).collect()
    };
    let mut text = String::from(if positive { "" } else { "-" });
    let whole = usize::try_from(pairs_before_point).unwrap_or(0);
    let whole_text: String = (0..whole).map(|i| format!("{:02}", digits.get(i).copied().unwrap_or(0))).collect();
    let whole_text = whole_text.trim_start_matches('0');
    text.push_str(if whole_text.is_empty() { "0" } else { whole_text });
    if digits.len() > whole {
        let zeros = "00".repeat(usize::try_from(-pairs_before_point).unwrap_or(0));
        let fraction: String = digits[whole..].iter().map(|d| format!("{d:02}")).collect();
        text.push('.');
        text.push_str(&zeros);
        text.push_str(fraction.trim_end_matches('0'));
    }
    Some(text)
}

/// Writes an OCINumber from decimal text, with or without an exponent. `None` for what is no number (`NaN`).
pub fn text_to_number(text: &str) -> Option<[u8; NUMBER_SIZE]> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa
        .trim_start_matches(['-', '+'])
        .split_once('.')
        .unwrap_or((mantissa.trim_start_matches(['-', '+']), ""));
    if whole.len() + fraction.len() == 0 || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let leading = all.bytes().take_while(|b| *b == b'0').count();
    let digits = all[leading..].trim_end_matches('0');
    let mut out = [0; NUMBER_SIZE];
    if digits.is_empty() {
        out[..2].copy_from_slice(&[1, 0x80]);
        return Some(out);
    }
    // Digits before the decimal point; pairs are counted from the point, so an odd count starts with half a pair.
    let point = i32::try_from(whole.len()).ok()? - i32::try_from(leading).ok()? + exponent;
    let padded = if point.rem_euclid(2) == 1 { format!("0{digits}") } else { digits.to_owned() };
    let pairs_before_point = (point + 1).div_euclid(2);
    let mut pairs: Vec<u8> =
        padded.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') * 10 + pair.get(1).map_or(0, |d| d - b'0')).collect();
    pairs.truncate(20);
    let head = u8::try_from(192 + pairs_before_point).ok()?;
    out[1] = if negative { !head } else { head };
    for (to, pair) in out[2..].iter_mut().zip(&pairs) {
        *to = if negative { 101 - pair } else { pair + 1 };
    }
    let mut length = 1 + pairs.len();
    if negative && pairs.len() < 20 {
        out[1 + length] = 102;
        length += 1;
    }
    out[0] = u8::try_from(length).ok()?;
    Some(out)
}

/// `\x0aff`, PostgreSQL's text of bytes.
pub fn hex_to_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    let nibble = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    digits.chunks(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?)).collect()
}

pub fn bytes_to_hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(2 + 2 * bytes.len());
    text.extend_from_slice(b"\\x");
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_both_ways() {
        for text in [
            "0",
            "1",
            "-1",
            "10",
            "99",
            "100",
            "101",
            "-100",
            "0.5",
            "-0.5",
            "0.05",
            "0.005",
            "123.456",
            "-123.4567",
            "1000000",
            "12345678901234567890123456789012345678",
            "0.0000001",
            "-98765432109876543210.12345",
        ] {
            let raw = text_to_number(text).unwrap();
            assert_eq!(number_to_text(&raw).as_deref(), Some(text), "{raw:?}");
        }
    }

    #[test]
    fn numbers_are_stored_as_oracle_stores_them() {
        assert_eq!(text_to_number("123").unwrap()[..4], [3, 194, 2, 24]);
        assert_eq!(text_to_number("-123").unwrap()[..5], [4, 61, 100, 78, 102]);
        assert_eq!(text_to_number("0.5").unwrap()[..3], [2, 192, 51]);
        assert_eq!(text_to_number("000").unwrap()[..2], [1, 128]);
    }

    #[test]
    fn numbers_with_an_exponent_are_read() {
        let number = |text| number_to_text(&text_to_number(text).unwrap()).unwrap();
        assert_eq!(number("1e3"), "1000");
        assert_eq!(number("1.5e-07"), "0.00000015");
        assert_eq!(number("1.50"), "1.5");
        assert_eq!(text_to_number("NaN"), None);
        assert_eq!(text_to_number("-"), None);
    }

    #[test]
    fn stamps_are_read_with_fraction_and_offset() {
        let stamp = Stamp::parse("2026-02-28 23:59:58.25-03:30").unwrap();
        assert_eq!((stamp.year, stamp.month, stamp.day), (2026, 2, 28));
        assert_eq!((stamp.hour, stamp.minute, stamp.second, stamp.nanos), (23, 59, 58, 250_000_000));
        assert_eq!(stamp.offset_minutes, -210);
        assert_eq!(stamp.text(true), "2026-02-28 23:59:58.250000-03:30");
        assert_eq!(Stamp::parse("2026-02-28 00:00:00").unwrap().text(false), "2026-02-28 00:00:00.000000");
        assert_eq!(Stamp::parse("infinity"), None);
    }

    #[test]
    fn bytes_survive_both_ways() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(hex_to_bytes(&bytes_to_hex(&bytes)), Some(bytes));
        assert_eq!(hex_to_bytes(b"0a"), None);
    }
}
