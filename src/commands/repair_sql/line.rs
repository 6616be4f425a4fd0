//! Reads one line as SQL, strictly but for the values of the two columns that may hold bare apostrophes.

use super::lexer::{Quote, Text, is_target, names_a_column};
use super::reading::{Doubt, LineEdit, LineReading};
use super::value::{ValueEnd, read_value};

/// Oracle's limit of columns in a table.
const COLUMNS_MAX: usize = 1_000;

/// Words that may follow a string, after a blank.
const WORDS_AFTER_STRING: [&str; 28] = [
    "WHERE",
    "AND",
    "OR",
    "THEN",
    "ELSE",
    "END",
    "WHEN",
    "AS",
    "FROM",
    "ESCAPE",
    "IS",
    "IN",
    "NOT",
    "LIKE",
    "BETWEEN",
    "ORDER",
    "GROUP",
    "HAVING",
    "UNION",
    "INTO",
    "RETURNING",
    "LOG",
    "COLLATE",
    "ON",
    "USING",
    "DAY",
    "LOOP",
    "LEFT",
];

/// Reads a line from `start` on.
pub(super) fn read(text: Text<'_>, start: usize) -> Result<LineReading, Doubt> {
    let mut reader = LineReader {
        text,
        at: start,
        before: TokenBefore::LineStart,
        clause: SqlClause::Fragment,
        depth: 0,
        columns: Vec::new(),
        target_set: false,
        target_open: false,
        text_in_parentheses: false,
        reading: LineReading::default(),
    };
    reader.run()?;
    Ok(reader.reading)
}

/// What stood before, as far as it decides whether `COLUMN =` assigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenBefore {
    LineStart,
    StatementStart,
    SetOrComma,
    Other,
}

/// What may follow a statement on its line.
const STATEMENTS: [&str; 9] =
    ["UPDATE", "COMMIT", "INSERT", "DELETE", "MERGE", "SELECT", "ROLLBACK", "END", "EXIT"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SqlClause {
    /// The line may have begun in the middle of a statement.
    Fragment,
    BeforeSet,
    Set,
    Where,
}

struct LineReader<'a> {
    text: Text<'a>,
    at: usize,
    before: TokenBefore,
    clause: SqlClause,
    depth: usize,
    /// Columns of this SET list so far.
    columns: Vec<&'a [u8]>,
    /// The statement set a column that is mended,
    target_set: bool,
    /// and no WHERE has come since.
    target_open: bool,
    /// A text stood within parentheses.
    text_in_parentheses: bool,
    reading: LineReading,
}

impl LineReader<'_> {
    fn run(&mut self) -> Result<(), Doubt> {
        loop {
            let gap = self.text.gap(self.at);
            if gap.quote_in_comment && self.target_set {
                return Err(Doubt::new(
                    self.at,
                    "a comment with a quote stands in the statement, or is part of a name",
                ));
            }
            self.at = gap.end;
            self.reading.opens_comment = gap.opens_comment;
            let Some(byte) = self.text.at(self.at) else {
                return self.check_parentheses();
            };
            if let Some((quote, length)) = self.text.quote_at(self.at) {
                self.string(quote, length)?;
                self.before = TokenBefore::Other;
                continue;
            }
            if let Some((last, end)) = self.text.path(self.at) {
                self.before = self.name(last, end)?;
                continue;
            }
            if byte != b'(' {
                self.expect_no_assignment(self.at)?;
            }
            self.before = TokenBefore::Other;
            self.at += 1;
            match byte {
                b';' => self.end_statement()?,
                b',' if self.depth == 0 && self.clause == SqlClause::Where => {
                    return Err(Doubt::new(self.at - 1, "a comma stands in the WHERE clause"));
                }
                b',' => self.before = TokenBefore::SetOrComma,
                b'(' => self.depth += 1,
                b')' => self.depth = self.depth.saturating_sub(1),
                b'"' => {
                    return Err(
                        Doubt::new(self.at - 1, "a double quote has no partner").running_on()
                    );
                }
                _ => {}
            }
        }
    }

    /// A word, number, column or string with a prefix. Returns what it is to the next part.
    fn name(&mut self, last: usize, end: usize) -> Result<TokenBefore, Doubt> {
        let start = self.at;
        let name = self.text.name(last, end);
        self.at = end;
        if self.text.at(end) == Some(b'\'') {
            self.prefixed_string(name)?;
            return Ok(TokenBefore::Other);
        }
        let is_target = is_target(name);
        self.reading.has_targets |= is_target;
        let gap = self.text.gap(end);
        let is_assignment = self.text.at(gap.end) == Some(b'=')
            && !matches!(self.text.at(gap.end + 1), Some(b'=' | b'>'));
        let in_set_list = self.depth == 0
            && match self.before {
                TokenBefore::LineStart => self.clause == SqlClause::Fragment,
                TokenBefore::SetOrComma => {
                    matches!(self.clause, SqlClause::Set | SqlClause::Fragment)
                }
                TokenBefore::StatementStart | TokenBefore::Other => false,
            };
        if is_assignment && in_set_list {
            self.set_column(start, name)?;
            self.at = self.text.gap(gap.end + 1).end;
            if matches!(self.text.at(self.at), Some(b',' | b';' | b')' | b'=')) {
                return Err(Doubt::new(
                    self.at,
                    "a column is set to nothing, or a name looks like SQL",
                ));
            }
            if is_target {
                self.target_value(name)?;
            }
            return Ok(TokenBefore::Other);
        }
        self.expect_no_assignment(start)?;
        let is_keyword = last == start && self.text.at(start) != Some(b'"') && self.depth == 0;
        if is_keyword { self.keyword(start, name) } else { Ok(TokenBefore::Other) }
    }

    /// In a SET list, a comma promises the next assignment.
    fn expect_no_assignment(&self, at: usize) -> Result<(), Doubt> {
        let in_set_list = self.clause == SqlClause::Set
            || (self.clause == SqlClause::Fragment && self.target_set);
        if in_set_list && self.depth == 0 && self.before == TokenBefore::SetOrComma {
            return Err(Doubt::new(at, "an assignment should stand here"));
        }
        Ok(())
    }

    fn keyword(&mut self, start: usize, word: &[u8]) -> Result<TokenBefore, Doubt> {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword.as_bytes());
        if is("UPDATE") {
            self.clause = SqlClause::BeforeSet;
            self.columns.clear();
        } else if is("SET") {
            match (self.before, self.clause) {
                // A setting of SQL*Plus, or the second line of an UPDATE.
                (TokenBefore::StatementStart, _)
                | (_, SqlClause::BeforeSet)
                | (TokenBefore::LineStart, _) => {
                    self.clause = SqlClause::Set;
                    return Ok(TokenBefore::SetOrComma);
                }
                _ => return Err(Doubt::new(start, "a second SET stands in the statement")),
            }
        } else if is("WHERE") {
            if self.clause == SqlClause::Where {
                return Err(Doubt::new(start, "a second WHERE stands in the statement"));
            }
            self.clause = SqlClause::Where;
            self.target_open = false;
        }
        Ok(TokenBefore::Other)
    }

    fn set_column(&mut self, start: usize, name: &'_ [u8]) -> Result<(), Doubt> {
        if self.columns.iter().any(|column| column.eq_ignore_ascii_case(name)) {
            return Err(Doubt::new(start, "the column is set twice, or a name looks like SQL"));
        }
        if self.columns.len() == COLUMNS_MAX {
            return Err(Doubt::new(start, "more columns are set than a table has"));
        }
        let end = self.at;
        let (last, _) = self.text.path(start).unwrap_or((start, end));
        self.columns.push(self.text.name(last, end));
        Ok(())
    }

    /// The value of a column that may hold bare apostrophes; anything but a plain quoted text is read as strict SQL.
    fn target_value(&mut self, column: &[u8]) -> Result<(), Doubt> {
        (self.target_set, self.target_open) = (true, true);
        if self.text.quote_at(self.at).is_some() {
            let may_be_condition = self.clause == SqlClause::Fragment;
            match read_value(self.text, self.at, column, may_be_condition, &mut self.reading.edits)?
            {
                ValueEnd::Ends(end) => self.at = end,
                ValueEnd::Expression => {}
            }
            return Ok(());
        }
        match self.text.at(self.at) {
            Some(b'"') => {
                let end = self.text.name_end(self.at).unwrap_or(self.at);
                let name = self.text.name(self.at, end);
                if end == self.at
                    || !name.iter().all(|b| b.is_ascii_alphanumeric() || b"_$#".contains(b))
                {
                    return Err(Doubt::new(
                        self.at,
                        "the value stands in double quotes, which SQL takes for a name",
                    ));
                }
                Ok(())
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"(:+-?&".contains(&byte) => Ok(()),
            Some(_) => Err(Doubt::new(self.at, "the value starts with neither a quote nor SQL")),
            None => Ok(()),
        }
    }

    /// A string with nothing before it that belongs to it, read strictly.
    fn string(&mut self, quote: Quote, length: usize) -> Result<(), Doubt> {
        let start = self.at;
        self.expect_no_assignment(start)?;
        if self.before == TokenBefore::StatementStart {
            return Err(Doubt::new(start, "a quote stands where a statement should start"));
        }
        if quote == Quote::Straight {
            let end = self.text.string_end(start);
            self.at = end.ok_or_else(|| {
                Doubt::new(start, "a quote has no partner on this line").running_on()
            })?;
            return self.after_string(start);
        }
        if self.text.slice(0, start).trim_ascii_end().ends_with(b"|") {
            return Err(Doubt::new(start, "a curly quote follows `||`, or stands in a name"));
        }
        // Curly quotes never stand for apostrophes here: the text between must hold no quote of any kind.
        let (end, closing, end_length) = self.text.next_quote(start + length).ok_or_else(|| {
            Doubt::new(start, "a curly quote has no partner on this line").running_on()
        })?;
        if closing != quote && closing != Quote::Straight {
            return Err(Doubt::new(
                end,
                "a value starts with one kind of curly quote and ends with another",
            ));
        }
        self.reading.edits.push(LineEdit::straighten(start, length));
        self.reading.edits.push(LineEdit::straighten(end, end_length));
        self.at = end + end_length;
        self.after_string(start)
    }

    /// `N'…'`, `q'[…]'`, `nq'[…]'`; any other word before a quote is the sign of a bare apostrophe.
    fn prefixed_string(&mut self, prefix: &[u8]) -> Result<(), Doubt> {
        let start = self.at;
        let is = |word: &str| prefix.eq_ignore_ascii_case(word.as_bytes());
        let end = if is("N") {
            self.text.string_end(start)
        } else if is("Q") || is("NQ") {
            self.text.alternative_string_end(start)
        } else {
            return Err(Doubt::new(
                start,
                "a quote follows a word: another column may hold a bare apostrophe",
            ));
        };
        self.at = end
            .ok_or_else(|| Doubt::new(start, "a quote has no partner on this line").running_on())?;
        self.after_string(start)
    }

    /// Checks that SQL goes on after a string. A bare apostrophe ends a string too early, and gives itself away here.
    fn after_string(&mut self, start: usize) -> Result<(), Doubt> {
        let end = self.at;
        if self.target_set && names_a_column(self.text.slice(start, end)) {
            return Err(Doubt::new(
                start,
                "a text holds the name of a column, or runs from one value into another",
            ));
        }
        self.text_in_parentheses |= self.depth > 0;
        let gap = self.text.gap(end);
        let joined = self.text.at(gap.end) == Some(b'|')
            || self.text.slice(0, start).trim_ascii_end().ends_with(b"|");
        if self.target_set && joined && self.text.slice(start, end) == b"''" {
            return Err(Doubt::new(start, "an empty text is joined by `||`, or stands in a name"));
        }
        if self.text.quote_at(gap.end).is_some() {
            return Err(Doubt::new(
                gap.end,
                "two strings stand side by side: another column may hold a bare apostrophe",
            ));
        }
        let word = self.text.slice(gap.end, self.text.word_end(gap.end));
        let fits = word.is_empty()
            || (gap.end > end
                && WORDS_AFTER_STRING
                    .iter()
                    .any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes())));
        if fits {
            Ok(())
        } else {
            Err(Doubt::new(
                gap.end,
                "a word follows a quote: another column may hold a bare apostrophe",
            ))
        }
    }

    fn check_parentheses(&self) -> Result<(), Doubt> {
        if self.target_set && self.depth > 0 && self.text_in_parentheses {
            return Err(Doubt::new(self.at, "a parenthesis is not closed, or stands in a name")
                .running_on());
        }
        Ok(())
    }

    /// Whether nothing stands there, or a word that old scripts begin a statement with.
    fn may_start_a_statement(&self, at: usize) -> bool {
        let Some((last, end)) = self.text.path(at) else { return self.text.at(at).is_none() };
        let word = self.text.name(last, end);
        STATEMENTS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    }

    /// Statements that end without WHERE may be a name that holds `';`, unless nothing follows.
    fn end_statement(&mut self) -> Result<(), Doubt> {
        self.check_parentheses()?;
        let gap = self.text.gap(self.at);
        if self.target_open && (gap.quote_in_comment || self.text.at(gap.end).is_some()) {
            return Err(Doubt::new(
                self.at - 1,
                "a `;` ends the statement before its WHERE, or stands in a name",
            ));
        }
        if self.target_set && !self.may_start_a_statement(gap.end) {
            return Err(Doubt::new(
                self.at - 1,
                "no statement follows the `;`, so it may stand in a name",
            ));
        }
        self.before = TokenBefore::StatementStart;
        self.clause = SqlClause::BeforeSet;
        self.depth = 0;
        self.columns.clear();
        (self.target_set, self.target_open, self.text_in_parentheses) = (false, false, false);
        Ok(())
    }
}
