//! Cuts a statement into tokens by Oracle's rules; comments vanish.

use crate::error::OraError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// `"…"`, with its quotes.
    Quoted,
    /// `'…'`, with its quotes.
    Text,
    Number,
    /// `:name`, with its colon.
    Bind,
    Mark,
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// First byte in the statement.
    pub at: usize,
    /// How many parentheses it stands in; a parenthesis counts as outside of itself.
    pub depth: usize,
}

impl Token<'_> {
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    pub fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    pub fn upper(&self) -> String {
        self.text.to_uppercase()
    }

    /// The name as Oracle stores it.
    pub fn name(&self) -> String {
        match self.kind {
            Kind::Quoted => self.text.trim_matches('"').to_owned(),
            _ => self.upper(),
        }
    }
}

/// Two-character operators. `::` and `==` are no Oracle; they are kept together so that they can be refused by name.
const MARKS: [&str; 10] = ["||", "<=", ">=", "<>", "!=", "^=", ":=", "=>", "::", "=="];

fn is_word_start(c: char) -> bool {
    c.is_alphabetic()
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

pub fn scan(source: &str) -> Result<Vec<Token<'_>>, OraError> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    let mut depth = 0_usize;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            continue;
        }
        let (kind, length) = next(rest, c).map_err(|err| err.at(at))?;
        let text = &rest[..length];
        if text == ")" {
            depth = depth.saturating_sub(1);
        }
        tokens.push(Token { kind, text, at, depth });
        if text == "(" {
            depth += 1;
        }
        at += length;
    }
    Ok(tokens)
}

fn next(rest: &str, c: char) -> Result<(Kind, usize), OraError> {
    let while_part = |text: &str| text.find(|c| !is_word_part(c)).unwrap_or(text.len());
    match c {
        '\'' => Ok((Kind::Text, quoted_length(rest, '\'').ok_or_else(|| OraError::of(1756))?)),
        '"' => Ok((Kind::Quoted, quoted_length(rest, '"').ok_or_else(|| OraError::of(1740))?)),
        ':' if rest[1..].starts_with(|c: char| c.is_alphanumeric()) => Ok((Kind::Bind, 1 + while_part(&rest[1..]))),
        _ if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) => {
            Ok((Kind::Number, number_length(rest)))
        }
        _ if is_word_start(c) => Ok((Kind::Word, while_part(rest))),
        _ => Ok((Kind::Mark, MARKS.iter().find(|m| rest.starts_with(**m)).map_or(c.len_utf8(), |m| m.len()))),
    }
}

fn quoted_length(rest: &str, quote: char) -> Option<usize> {
    let mut from = 1;
    loop {
        let end = from + rest[from..].find(quote)? + 1;
        if !rest[end..].starts_with(quote) {
            return Some(end);
        }
        from = end + 1;
    }
}

fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// The index of the parenthesis that closes the one at `open`, or of the end.
pub fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let depth = tokens[open].depth;
    (open + 1..tokens.len()).find(|i| tokens[*i].depth == depth && tokens[*i].is_mark(")")).unwrap_or(tokens.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        scan(source).unwrap().iter().map(|t| t.text).collect()
    }

    #[test]
    fn a_statement_falls_into_words_texts_numbers_binds_and_marks() {
        assert_eq!(
            texts("SELECT a.b,'it''s', :id1 FROM \"T\" WHERE x<>1.5e-3||.5"),
            [
                "SELECT", "a", ".", "b", ",", "'it''s'", ",", ":id1", "FROM", "\"T\"", "WHERE", "x", "<>", "1.5e-3",
                "||", ".5"
            ]
        );
    }

    #[test]
    fn comments_vanish_wherever_they_stand() {
        assert_eq!(texts("-- who: me\nSELECT /*+ hint :x */ 1 -- '\nFROM dual"), ["SELECT", "1", "FROM", "dual"]);
    }

    #[test]
    fn a_colon_in_text_or_comment_is_no_bind() {
        assert!(scan("SELECT ':a' FROM dual -- :b").unwrap().iter().all(|t| t.kind != Kind::Bind));
    }

    #[test]
    fn unfinished_quotes_are_reported_where_they_start() {
        assert_eq!(scan("SELECT 'a").unwrap_err().code, 1756);
        assert_eq!(scan("SELECT 'a").unwrap_err().offset, 7);
        assert_eq!(scan("SELECT \"a").unwrap_err().code, 1740);
    }

    #[test]
    fn parentheses_are_counted() {
        let tokens = scan("a (b (c)) d").unwrap();
        let depths: Vec<usize> = tokens.iter().map(|t| t.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 1, 0, 0]);
        assert_eq!(closing(&tokens, 1), 6);
    }
}
