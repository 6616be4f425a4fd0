//! A statement as words, numbers, texts, binds and signs: enough to hold rules against.

use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Upper case; also numbers and quoted names.
    Word(String),
    /// What stands between apostrophes.
    Text(String),
    /// Without its colon, as written.
    Bind(String),
    Sign(String),
}

impl Token {
    /// What the rules compare; of a text only that it is one.
    pub(super) fn text(&self) -> &str {
        match self {
            Token::Word(text) | Token::Sign(text) => text,
            Token::Text(_) => "'…'",
            Token::Bind(_) => ":…",
        }
    }
}

const SIGNS: [&str; 12] = ["::", ":=", "||", "<>", "!=", "<=", ">=", "==", "->>", "->", "=>", "@>"];

pub(super) fn tokens(statement: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("--") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if first == '\'' {
            let length = end_of_text(rest);
            let inner = rest[1..length.max(2) - 1].replace("''", "'");
            (Some(Token::Text(inner)), length)
        } else if first == '"' {
            let length = rest[1..].find('"').map_or(rest.len(), |end| end + 2);
            (Some(Token::Word(rest[..length].to_owned())), length)
        } else if first == ':' && rest[1..].starts_with(is_word) {
            let length = 1 + word_length(&rest[1..]);
            (Some(Token::Bind(rest[1..length].to_owned())), length)
        } else if is_word(first) {
            let length = word_length(rest);
            (Some(Token::Word(rest[..length].to_uppercase())), length)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let length = sign.map_or(first.len_utf8(), |sign| sign.len());
            (Some(Token::Sign(rest[..length].to_owned())), length)
        };
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

fn end_of_text(text: &str) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find('\'') {
        at += end + 1;
        if !text[at..].starts_with('\'') {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn word_length(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

/// The names of all binds.
pub(super) fn binds(tokens: &[Token]) -> BTreeSet<String> {
    let bind = |token: &Token| match token {
        Token::Bind(name) => Some(name.clone()),
        _ => None,
    };
    tokens.iter().filter_map(bind).collect()
}
