//! Finds the end of a value that may hold bare apostrophes, and what to double in it.

use super::lexer::{Quote, Text, is_blank, is_word, names_a_column};
use super::reading::{Doubt, LineEdit};

/// Columns of USER_TAB without an underscore. Any name with one is taken for a column too.
const PLAIN_COLUMNS: [&str; 2] = ["RAP", "PACKBUILDER"];

/// What stands where a value was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ValueEnd {
    /// A text, which ends here.
    Ends(usize),
    /// A string in a longer expression (`'O' || CHR(39) || …`) or condition, to be read strictly.
    Expression,
}

/// What follows a quote.
enum WhatFollows {
    /// What follows a value: `, COLUMN =`, `WHERE`, `;`, or nothing more on the line.
    End,
    Concatenation,
    SomethingElse,
    Unclear(&'static str),
}

/// Reads the value whose opening quote is at `open`, and adds what must be changed in it.
///
/// A value that is right as SQL reads it stays. Else it ends at the first quote that is followed as a value should be.
/// On the second line of a statement, what looks like an assignment may be a condition: then it must be right.
pub(super) fn read_value(
    text: Text<'_>,
    open: usize,
    column: &[u8],
    may_be_condition: bool,
    edits: &mut Vec<LineEdit>,
) -> Result<ValueEnd, Doubt> {
    let Some((quote, open_length)) = text.quote_at(open) else {
        return Ok(ValueEnd::Expression);
    };
    if quote == Quote::Straight
        && let Some(end) = text.string_end(open)
    {
        match follows(text, end) {
            WhatFollows::End => {
                no_end_within(text, open + 1, end - 1)?;
                return Ok(ValueEnd::Ends(end));
            }
            WhatFollows::Concatenation => return Ok(ValueEnd::Expression),
            WhatFollows::Unclear(why) => return Err(Doubt::new(end, why)),
            WhatFollows::SomethingElse if may_be_condition && condition_goes_on(text, end) => {
                return Ok(ValueEnd::Expression);
            }
            WhatFollows::SomethingElse => {}
        }
    }
    let close = find_close(text, open, quote, open_length)
        .map_err(|doubt| if doubt.runs_on { no_end(doubt, column) } else { doubt })?;
    no_column_within(text, open, close.at)?;
    if quote != Quote::Straight {
        edits.push(LineEdit::straighten(open, open_length));
    }
    double_apostrophes(text, open + open_length, &close, edits)?;
    if close.quote != Quote::Straight {
        edits.push(LineEdit::straighten(close.at, close.length));
    }
    Ok(ValueEnd::Ends(close.at + close.length))
}

fn no_end(doubt: Doubt, column: &[u8]) -> Doubt {
    let column = String::from_utf8_lossy(column).to_ascii_uppercase();
    Doubt { why: format!("the value of {column} has no clear end on this line").into(), ..doubt }
}

/// Refuses a string that is right as SQL but holds a quote after which a value could end: `'O'', RAP = ''1'`.
fn no_end_within(text: Text<'_>, start: usize, end: usize) -> Result<(), Doubt> {
    no_column_within(text, start, end)?;
    let mut from = start;
    while let Some((at, quote, length)) = text.next_quote(from).filter(|(at, ..)| *at < end) {
        // A straight quote is the first of a pair.
        from = at + if quote == Quote::Straight { 2 } else { length };
        if matches!(follows(text, from), WhatFollows::End | WhatFollows::Unclear(_)) {
            return Err(Doubt::new(
                at,
                "a quote within the value stands where the value could end",
            ));
        }
    }
    Ok(())
}

fn no_column_within(text: Text<'_>, start: usize, end: usize) -> Result<(), Doubt> {
    if names_a_column(text.slice(start, end)) {
        return Err(Doubt::new(
            start,
            "the value holds the name of a column, or runs into another value",
        ));
    }
    Ok(())
}

struct QuoteClose {
    at: usize,
    quote: Quote,
    length: usize,
}

fn find_close(
    text: Text<'_>,
    open: usize,
    opening: Quote,
    open_length: usize,
) -> Result<QuoteClose, Doubt> {
    let mut from = open + open_length;
    while let Some((at, quote, length)) = text.next_quote(from) {
        from = at + length;
        match follows(text, from) {
            WhatFollows::End => {
                let is_partner = (quote == Quote::CurlyDouble) == (opening == Quote::CurlyDouble);
                if !is_partner {
                    return Err(Doubt::new(
                        at,
                        "the value starts with one kind of quote and ends with another",
                    ));
                }
                return Ok(QuoteClose { at, quote, length });
            }
            WhatFollows::Unclear(why) => return Err(Doubt::new(at, why)),
            WhatFollows::Concatenation if quote == Quote::Straight => {
                return Err(Doubt::new(at, "a name looks like SQL, or SQL like a name"));
            }
            WhatFollows::Concatenation | WhatFollows::SomethingElse => {}
        }
    }
    Err(Doubt::new(open, "").running_on())
}

/// Doubles the bare apostrophes from `start` to the closing quote, if they look like a name's.
fn double_apostrophes(
    text: Text<'_>,
    start: usize,
    close: &QuoteClose,
    edits: &mut Vec<LineEdit>,
) -> Result<(), Doubt> {
    let mut n_pairs = 0;
    let mut starts_bare = None;
    let mut at = start;
    while let Some(offset) = memchr::memchr(b'\'', text.slice(at, close.at)) {
        let run = at + offset;
        let run_end = (run..close.at).find(|i| text.at(*i) != Some(b'\'')).unwrap_or(close.at);
        let ends_value = run_end == close.at && close.quote == Quote::Straight;
        looks_like_apostrophe(text, start, run, run_end, close.at)?;
        match (run_end - run, ends_value) {
            (length, _) if length % 2 == 0 => n_pairs += length / 2,
            (1, false) => {
                if run == start {
                    starts_bare = Some(run);
                }
                edits.push(LineEdit::double(run));
            }
            (_, true) => {
                return Err(Doubt::new(
                    run,
                    "the value ends in an apostrophe, or in a quote too many",
                ));
            }
            (_, false) => {
                return Err(Doubt::new(run, "an odd number of apostrophes stands side by side"));
            }
        }
        at = run_end;
    }
    match starts_bare {
        Some(at) if n_pairs > 0 => {
            Err(Doubt::new(at, "the value starts with an apostrophe, or with a quote too many"))
        }
        _ => Ok(()),
    }
}

/// Refuses quotes between which SQL may stand: what is taken for one name could be two strings.
fn looks_like_apostrophe(
    text: Text<'_>,
    start: usize,
    run: usize,
    run_end: usize,
    end: usize,
) -> Result<(), Doubt> {
    let doubt = || Err(Doubt::new(run, "a name looks like SQL, or SQL like a name"));
    let before = text.slice(start, run);
    let trimmed = before.trim_ascii_end();
    let has_blank = trimmed.len() < before.len();
    match trimmed {
        [.., b'=' | b'<' | b'>' | b'|'] => return doubt(),
        [.., byte, b'('] if is_word(*byte) => return doubt(),
        [head @ .., b'('] if ends_with_word(head, &["IN", "VALUES"]) => return doubt(),
        // `'a', 'b'`
        [head @ .., b','] if head.trim_ascii_end().ends_with(b"'") => return doubt(),
        _ if has_blank && ends_with_word(trimmed, &["LIKE", "BETWEEN"]) => return doubt(),
        _ => {}
    }
    let after = text.slice(run_end, end);
    let trimmed = after.trim_ascii_start();
    let has_blank = trimmed.len() < after.len();
    let word = trimmed.split(|b| !is_word(*b)).next().unwrap_or_default();
    let is_joining = ["AND", "OR", "WHERE", "IS", "IN", "LIKE", "NOT", "BETWEEN", "SET"]
        .iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes()));
    match trimmed {
        [b'|', b'|', ..] | [b'=' | b'<' | b'>', ..] | [b'!', b'=', ..] => doubt(),
        _ if has_blank && is_joining => doubt(),
        _ => Ok(()),
    }
}

fn ends_with_word(text: &[u8], words: &[&str]) -> bool {
    let text = text.trim_ascii_end();
    let word = text.rsplit(|b| !is_word(*b)).next().unwrap_or_default();
    words.iter().any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes()))
}

/// What follows the quote that ends at `end`.
fn follows(text: Text<'_>, end: usize) -> WhatFollows {
    let gap = text.gap(end);
    if gap.quote_in_comment {
        return WhatFollows::Unclear("a comment with a quote follows the value, or is part of it");
    }
    match text.at(gap.end) {
        None | Some(b';') => WhatFollows::End,
        Some(b',') => after_comma(text, gap.end + 1),
        Some(b'|') if text.at(gap.end + 1) == Some(b'|') => WhatFollows::Concatenation,
        Some(b'W' | b'w') if gap.end > end && is_where(text, gap.end) => WhatFollows::End,
        Some(_) => WhatFollows::SomethingElse,
    }
}

/// The value ends if an assignment follows, or the line: then the assignment is on the next.
fn after_comma(text: Text<'_>, start: usize) -> WhatFollows {
    let gap = text.gap(start);
    if gap.quote_in_comment {
        return WhatFollows::Unclear("a comment with a quote follows the value, or is part of it");
    }
    if text.at(gap.end).is_none() {
        return WhatFollows::End;
    }
    let Some((last, end)) = text.path(gap.end) else {
        return WhatFollows::SomethingElse;
    };
    let equals = text.gap(end).end;
    if text.at(equals) != Some(b'=') {
        return WhatFollows::SomethingElse;
    }
    let name = text.name(last, end);
    let is_likely = name.contains(&b'_')
        || PLAIN_COLUMNS.iter().any(|column| name.eq_ignore_ascii_case(column.as_bytes()));
    if !is_likely && text.quote_at(text.gap(equals + 1).end).is_some() {
        return WhatFollows::Unclear(
            "what looks like a column of another table may be part of the name",
        );
    }
    WhatFollows::End
}

fn condition_goes_on(text: Text<'_>, end: usize) -> bool {
    let start = text.gap(end).end;
    let word = text.slice(start, text.word_end(start));
    text.at(start) == Some(b')')
        || (start > end
            && ["AND", "OR"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes())))
}

fn is_where(text: Text<'_>, start: usize) -> bool {
    let end = text.word_end(start);
    let next = text.at(end);
    text.slice(start, end).eq_ignore_ascii_case(b"WHERE")
        && next.is_none_or(|b| is_blank(b) || b == b'(')
}
