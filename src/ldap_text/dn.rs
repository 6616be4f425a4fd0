//! Distinguished names as RFC 4514 compares them, not as strings.
//!
//! The same entry is written `CN=Smith\, John,OU=X` by one server and `cn=Smith\2C John, ou=x` by
//! another, and a `manager` value keeps the spelling of whoever typed it. Names are compared by a
//! key: without case, blanks round separators or escapes, the parts of a multi-valued RDN in any order.

use super::fold::fold_into;

/// Types that have other names: a short one, its number and its long ones (RFC 4514 section 3, RFC 4519,
/// RFC 2985 for mail addresses).
const SYNONYMS: [(&str, &[&str]); 12] = [
    ("cn", &["2.5.4.3", "commonname"]),
    ("l", &["2.5.4.7", "localityname"]),
    ("st", &["2.5.4.8", "stateorprovincename", "s"]),
    ("o", &["2.5.4.10", "organizationname"]),
    ("ou", &["2.5.4.11", "organizationalunitname"]),
    ("c", &["2.5.4.6", "countryname"]),
    ("street", &["2.5.4.9", "streetaddress"]),
    ("dc", &["0.9.2342.19200300.100.1.25", "domaincomponent"]),
    ("uid", &["0.9.2342.19200300.100.1.1", "userid"]),
    ("sn", &["2.5.4.4", "surname"]),
    ("mail", &["0.9.2342.19200300.100.1.3", "rfc822mailbox"]),
    ("emailaddress", &["1.2.840.113549.1.9.1", "e", "email"]),
];

/// The comparison key of a DN: equal keys, same entry. `None` when `dn` is not a DN.
/// The empty DN, that of the root, has the empty key.
pub(crate) fn key(dn: &str) -> Option<String> {
    let mut key = String::with_capacity(dn.len() + 8);
    // Blanks at the end are left to the last value, for one of them may be escaped.
    let mut rest = dn.trim_start_matches(' ');
    if rest.is_empty() {
        return Some(key);
    }
    loop {
        let start = key.len();
        let (mut separator, mut after) = part(rest, &mut key)?;
        if separator == Some(b'+') {
            (separator, after) = multi_valued(after, start, &mut key)?;
        }
        if separator.is_none() {
            return Some(key);
        }
        key.push(',');
        rest = after;
    }
}

/// Reads the remaining parts of a multi-valued RDN, whose first is in `key` from `start` on, and sorts them.
fn multi_valued<'a>(
    mut rest: &'a str,
    start: usize,
    key: &mut String,
) -> Option<(Option<u8>, &'a str)> {
    let mut parts = vec![key.split_off(start)];
    loop {
        let mut next = String::new();
        let (separator, after) = part(rest, &mut next)?;
        parts.push(next);
        if separator != Some(b'+') {
            parts.sort_unstable();
            key.push_str(&parts.join("+"));
            return Some((separator, after));
        }
        rest = after;
    }
}

/// Reads `type=value` and appends its key. Returns the separator behind it and what follows that.
fn part<'a>(text: &'a str, key: &mut String) -> Option<(Option<u8>, &'a str)> {
    let (name, text) = text.split_once('=')?;
    push_type(name.trim_matches(' '), key)?;
    key.push('=');
    let text = text.trim_start_matches(' ');
    let (value, end) = if let Some(text) = text.strip_prefix('"') {
        quoted(text)?
    } else if text.starts_with('#') {
        let end = text.find([',', '+', ';']).unwrap_or(text.len());
        (hex(text[1..end].trim_end_matches(' '))?, &text[end..])
    } else {
        let end = plain_end(text);
        (unescape(trim_end(&text[..end]))?, &text[end..])
    };
    push_value(value, key);
    match end.as_bytes().first() {
        None => Some((None, "")),
        Some(b';') => Some((Some(b','), &end[1..])),
        Some(separator) => Some((Some(*separator), &end[1..])),
    }
}

fn push_type(name: &str, key: &mut String) -> Option<()> {
    let name = name.strip_prefix("OID.").or(name.strip_prefix("oid.")).unwrap_or(name);
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(good) {
        return None;
    }
    // Nearly all names of entries are made of these two.
    let synonym = if name.eq_ignore_ascii_case("cn") || name.eq_ignore_ascii_case("dc") {
        None
    } else {
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        SYNONYMS.iter().find(|(_, others)| others.iter().any(&is))
    };
    match synonym {
        Some((short, _)) => key.push_str(short),
        None => key.extend(name.bytes().map(|b| b.to_ascii_lowercase() as char)),
    }
    Some(())
}

/// A value of a DN, its escapes taken off.
enum DnValue<'a> {
    /// Text that had no escapes.
    Plain(&'a str),
    /// What escapes, quotes or hexadecimal digits stood for.
    Bytes(Vec<u8>),
    /// Hexadecimal BER that is not text: compared digit by digit.
    Opaque(Vec<u8>),
}

/// Where an unquoted value ends: at the first separator that is not escaped.
fn plain_end(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let separator = !escaped && matches!(byte, b',' | b'+' | b';');
        escaped = !escaped && byte == b'\\';
        separator
    });
    end.unwrap_or(text.len())
}

/// Takes off blanks at the end, but not one that is escaped.
fn trim_end(text: &str) -> &str {
    let trimmed = text.trim_end_matches(' ');
    let escapes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    if escapes % 2 == 1 && trimmed.len() < text.len() { &text[..=trimmed.len()] } else { trimmed }
}

fn unescape(text: &str) -> Option<DnValue<'_>> {
    if !text.contains('\\') {
        return Some(DnValue::Plain(text));
    }
    let mut value = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        value.push(if byte == b'\\' { escaped(&mut bytes)? } else { byte });
    }
    Some(DnValue::Bytes(value))
}

/// What follows a backslash: two hexadecimal digits, or a character that stands for itself.
fn escaped(bytes: &mut std::str::Bytes<'_>) -> Option<u8> {
    let first = bytes.next()?;
    match digit(first) {
        Some(high) => Some(high << 4 | digit(bytes.next()?)?),
        None => Some(first),
    }
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// The older form `O="Smith, Jones"`. Returns the value and what follows the closing quote.
fn quoted(text: &str) -> Option<(DnValue<'_>, &str)> {
    let mut value = Vec::new();
    let mut bytes = text.bytes();
    loop {
        match bytes.next()? {
            b'"' => break,
            b'\\' => value.push(escaped(&mut bytes)?),
            byte => value.push(byte),
        }
    }
    let rest = text[text.len() - bytes.len()..].trim_start_matches(' ');
    let ends = rest.is_empty() || rest.starts_with([',', '+', ';']);
    ends.then_some((DnValue::Bytes(value), rest))
}

/// The form `#04024869`: a BER value in hexadecimal digits. One that holds a string is that string.
fn hex(digits: &str) -> Option<DnValue<'_>> {
    let digits = digits.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    let ber: Vec<u8> =
        pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect::<Option<_>>()?;
    // OCTET STRING, UTF8String, PrintableString, IA5String, with a length of one byte or of 0x81 and one.
    let content = match ber.as_slice() {
        [0x04 | 0x0c | 0x13 | 0x16, 0x81, length, content @ ..]
        | [0x04 | 0x0c | 0x13 | 0x16, length @ 0..=0x7f, content @ ..]
            if usize::from(*length) == content.len() =>
        {
            Some(content.to_vec())
        }
        _ => None,
    };
    Some(content.map_or(DnValue::Opaque(ber), DnValue::Bytes))
}

fn push_value(value: DnValue<'_>, key: &mut String) {
    match value {
        DnValue::Plain(text) => push_text(text, key),
        DnValue::Opaque(bytes) => push_opaque(&bytes, key),
        DnValue::Bytes(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => push_text(text, key),
            Err(_) => push_opaque(&bytes, key),
        },
    }
}

/// Appends the folded text, its separators escaped so that two different names never share a key.
fn push_text(text: &str, key: &mut String) {
    if !text.contains(['\\', ',', '+', '=', '#', ';', '"']) {
        return fold_into(text, key);
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    for c in folded.chars() {
        if matches!(c, '\\' | ',' | '+' | '=' | '#' | ';' | '"') {
            key.push('\\');
        }
        key.push(c);
    }
}

fn push_opaque(bytes: &[u8], key: &mut String) {
    key.push('#');
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            key.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests;
