//! Statements with their binds filled in, laid out for a script.

use std::fmt;

use super::fold::fold;
use super::literal::{Literal, literal};
use super::{LINE_BYTES_MAX, ScriptError};
use crate::text::is_unprintable;

/// A statement without binds, comments and final `;`, on one line if SQL*Plus can read that line: else it holds line
/// breaks. Only [`bind_into`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(String);

impl Statement {
    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Puts literals in the place of a statement's named binds and its layout on one line.
///
/// Comments (hints too) are dropped and white space is folded, outside strings and quoted names only. Binds are told
/// apart as Oracle does: whole names, without case. Every bind needs a value and every value a bind.
///
/// # Errors
/// See [`ScriptError`]; PL/SQL blocks and other statements that hold a `;` are refused.
pub fn bind_into(statement: &str, binds: &[(&str, Literal<'_>)]) -> Result<Statement, ScriptError> {
    for (i, (name, _)) in binds.iter().enumerate() {
        if binds.iter().take(i).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(ScriptError::RepeatedBind((*name).to_owned()));
        }
    }
    let mut filler = BindFiller {
        rest: statement,
        binds,
        used: vec![false; binds.len()],
        line: ScriptLine::default(),
    };
    filler.run()?;
    if let Some(((name, _), _)) = binds.iter().zip(&filler.used).find(|(_, used)| !**used) {
        return Err(ScriptError::UnusedBind((*name).to_owned()));
    }
    let text = filler.line.text;
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '(') {
        return Err(ScriptError::NoKeyword);
    }
    // One byte is for the `;`.
    Ok(Statement(if text.len() < LINE_BYTES_MAX { text } else { fold(&text)? }))
}

struct BindFiller<'s, 'b> {
    rest: &'s str,
    binds: &'b [(&'b str, Literal<'b>)],
    used: Vec<bool>,
    line: ScriptLine,
}

impl<'s> BindFiller<'s, '_> {
    fn run(&mut self) -> Result<(), ScriptError> {
        while let Some(c) = self.rest.chars().next() {
            if c.is_whitespace() {
                self.line.gap = true;
                self.take(c.len_utf8());
            } else if self.rest.starts_with("--") {
                self.line.gap = true;
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.line.gap = true;
                self.take_through("*/", 2)?;
            } else if c == '\'' {
                let text = self.take_string()?;
                self.line.value(&literal(&Literal::Text(&text))?);
            } else if c == '"' {
                let name = self.take_through("\"", 1)?;
                if name.chars().any(is_unprintable) {
                    return Err(ScriptError::ControlCharacter);
                }
                self.line.token(name);
            } else if c == ':' && self.rest[1..].starts_with(is_name) {
                self.take(1);
                let name = self.take_name();
                let value = self.bound(name)?;
                self.line.value(&value);
            } else if is_name(c) {
                self.word()?;
            } else if c == ';' {
                return Err(ScriptError::Semicolon);
            } else if is_unprintable(c) {
                return Err(ScriptError::ControlCharacter);
            } else {
                let token = self.take(c.len_utf8());
                self.line.token(token);
            }
        }
        Ok(())
    }

    /// A word, or a string with a prefix: `N'…'`, `q'[…]'`, `nq'[…]'`.
    fn word(&mut self) -> Result<(), ScriptError> {
        let word = self.take_name();
        let is = |prefix: &str| word.eq_ignore_ascii_case(prefix);
        if !self.rest.starts_with('\'') || !(is("n") || is("q") || is("nq")) {
            self.line.token(word);
            return Ok(());
        }
        let text = if is("n") { self.take_string()? } else { self.take_alternative_string()? };
        if is("q") {
            self.line.value(&literal(&Literal::Text(&text))?);
        } else if text.chars().any(is_unprintable) {
            return Err(ScriptError::ControlCharacter);
        } else {
            self.line.value(&format!("N'{}'", text.replace('\'', "''")));
        }
        Ok(())
    }

    fn bound(&mut self, name: &str) -> Result<String, ScriptError> {
        let position = self.binds.iter().position(|(bind, _)| bind.eq_ignore_ascii_case(name));
        match position.and_then(|at| Some((self.used.get_mut(at)?, self.binds.get(at)?))) {
            Some((used, (_, value))) => {
                *used = true;
                literal(value)
            }
            None => Err(ScriptError::MissingBind(name.to_owned())),
        }
    }

    fn take(&mut self, n_bytes: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(n_bytes);
        self.rest = rest;
        taken
    }

    fn take_name(&mut self) -> &'s str {
        self.take(self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len()))
    }

    /// Takes all through the next `end`, looking for it after the first `skip` bytes.
    fn take_through(&mut self, end: &str, skip: usize) -> Result<&'s str, ScriptError> {
        let at = self.rest[skip..].find(end).ok_or(ScriptError::Unterminated)?;
        Ok(self.take(skip + at + end.len()))
    }

    /// Takes `'…'` and returns the text it means.
    fn take_string(&mut self) -> Result<String, ScriptError> {
        let mut text = String::new();
        loop {
            let piece = self.take_through("'", 1)?;
            text.push_str(&piece[1..piece.len() - 1]);
            if !self.rest.starts_with('\'') {
                return Ok(text);
            }
            text.push('\'');
        }
    }

    /// Takes `'[…]'` after its `q` and returns the text it means.
    fn take_alternative_string(&mut self) -> Result<String, ScriptError> {
        self.take(1);
        let open = self.rest.chars().next().ok_or(ScriptError::Unterminated)?;
        self.take(open.len_utf8());
        let close = match open {
            '[' => ']',
            '{' => '}',
            '(' => ')',
            '<' => '>',
            same => same,
        };
        let end = format!("{close}'");
        let piece = self.take_through(&end, 0)?;
        Ok(piece[..piece.len() - end.len()].to_owned())
    }
}

/// The line so far. Tokens that stood apart stay apart, and a value never grows together with its neighbours.
#[derive(Default)]
struct ScriptLine {
    text: String,
    gap: bool,
    after_value: bool,
}

impl ScriptLine {
    fn token(&mut self, token: &str) {
        self.push(token, false);
    }

    fn value(&mut self, value: &str) {
        self.push(value, true);
    }

    fn push(&mut self, piece: &str, is_value: bool) {
        let touches_value = |c: char| is_name(c) || matches!(c, '\'' | '"' | '-');
        // `q` before a string would make it another string, and `-` before `-5` a comment.
        let apart = (is_value && self.text.ends_with(touches_value))
            || (self.after_value && piece.starts_with(touches_value));
        if (self.gap || apart) && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(piece);
        self.gap = false;
        self.after_value = is_value;
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}
