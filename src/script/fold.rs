//! Breaks a statement that is too long for one line of SQL*Plus.

use super::{LINE_BYTES_MAX, ScriptError};

/// Breaks the line at the last harmless place before the limit, as often as it takes.
///
/// Harmless is a space or the place after a comma, outside quotes, where the line broken off can't be taken for a
/// continued or finished one, nor the next one for a command.
pub(super) fn fold(text: &str) -> Result<String, ScriptError> {
    let mut folded = String::with_capacity(text.len() + text.len() / 1_000);
    let mut line_start = 0;
    let mut place: Option<usize> = None;
    let mut quote: Option<u8> = None;
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        if at - line_start >= LINE_BYTES_MAX - 1 {
            let end = place.take().ok_or(ScriptError::LineTooLong)?;
            folded.push_str(text[line_start..end].trim_end_matches(' '));
            folded.push('\n');
            line_start = end;
        }
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            None if (byte == b' ' || byte == b',') && is_harmless(bytes, at) => {
                place = Some(at + 1)
            }
            None => {}
        }
    }
    folded.push_str(&text[line_start..]);
    Ok(folded)
}

fn is_harmless(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..=at].iter().rev().find(|b| **b != b' ');
    let after = bytes.get(at + 1);
    before.is_some_and(|b| !b"-;".contains(b))
        && after.is_some_and(|b| b.is_ascii_alphanumeric() || b"'\"(|=<>:".contains(b))
}
