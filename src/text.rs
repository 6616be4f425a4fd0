//! Text from data, made harmless for where it goes: a terminal or a log, JSON, a spreadsheet.

use std::borrow::Cow;
use std::fmt::Write as _;

/// For a terminal or a log: on one line, and with all that steers a terminal or turns text round
/// made visible (`\u{202e}`).
#[must_use]
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Control characters (C0, C1), those that set the direction of text, and those that are not seen
/// at all. The joiners U+200C and U+200D are part of how names are written.
fn steers(c: char) -> bool {
    is_unprintable(c) && !matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}')
}

/// A character that can't be seen, or that moves others: it has no place in a script, an id or a key.
#[must_use]
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Characters that show nothing: Unicode's format characters and those that programs are told to ignore.
#[must_use]
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What nobody sees: white space, control characters, invisible ones.
#[must_use]
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// For CSV: what a spreadsheet would run as a formula gets an apostrophe in front, also behind a
/// `;`, where a spreadsheet of another locale begins a cell. One apostrophe less is what it was.
#[must_use]
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for at in cells(text).filter(|at| is_formula(text, *at)) {
        out.push_str(&text[from..at]);
        out.push('\'');
        from = at;
    }
    if from == 0 && out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Appends `text` as a JSON string (RFC 8259).
pub(crate) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    // Of most texts all is plain, and that is seen many bytes at a time.
    let is_plain = |byte: u8| (byte >= 0x20) & (byte != b'"') & (byte != b'\\');
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        out.push_str(text);
        return out.push('"');
    }
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if is_plain(byte) {
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

/// The text that [`guarded`] was given.
#[must_use]
#[cfg(test)]
fn unguarded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for at in cells(text).filter(|at| text[*at..].starts_with('\'') && is_formula(text, *at)) {
        out.push_str(&text[from..at]);
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out
}

/// Where a spreadsheet may begin a cell.
fn cells(text: &str) -> impl Iterator<Item = usize> + '_ {
    std::iter::once(0).chain(text.match_indices(';').map(|(at, _)| at + 1))
}

/// Whether, behind any apostrophes, a formula begins here.
pub(crate) fn is_formula(text: &str, at: usize) -> bool {
    let first = text.as_bytes()[at..].iter().find(|byte| **byte != b'\'');
    matches!(first, Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)] as char);
        out.push(DIGITS[usize::from(byte & 15)] as char);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_made_visible_and_names_stay() {
        for name in ["O'Brien, Pat", "Žižka", "ประภา", "می\u{200c}خواهم", "王"]
        {
            assert_eq!(plain(name), name);
        }
        assert_eq!(plain("E\u{1b}]0;x\u{7}1"), "E\\u{1b}]0;x\\u{7}1");
        assert_eq!(plain("a\u{202e}b\u{9b}c\r\nd"), "a\\u{202e}b\\u{9b}c\\r\\nd");
    }

    #[test]
    fn formulas_are_guarded_also_behind_a_semicolon_and_that_can_be_undone() {
        for (text, expected) in [
            ("E1", "E1"),
            ("=1+1", "'=1+1"),
            ("a;=cmd|x", "a;'=cmd|x"),
            ("-1;@b;c", "'-1;'@b;c"),
            ("'=1", "''=1"),
            ("'name", "'name"),
            ("\t=", "'\t="),
            (";;+", ";;'+"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), expected);
            assert_eq!(unguarded(&guarded(text)), text);
        }
    }

    #[test]
    fn guarding_is_undone_whatever_the_text() {
        let signs = ["'", ";", "=", "a", "-", "é", "''", ";'", "\r"];
        for n in 0..signs.len().pow(4) {
            let pick = |k: u32| signs[n / signs.len().pow(k) % signs.len()];
            let text: String = (0..4).map(pick).collect();
            assert_eq!(unguarded(&guarded(&text)), text);
        }
    }

    #[test]
    fn json_text_reads_back_as_it_was_written() {
        for text in ["O'Brien \"Pat\"", "a\\b", "line\nnext\r\t\u{1}", "Žofie, Zoë 🦀"] {
            let mut out = String::new();
            write_json_text(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
