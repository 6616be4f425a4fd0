//! Writes a reviewed SQL script for SQL*Plus and SQL Developer.
//!
//! SQL*Plus reads lines before it reads SQL: a `;` or `-` at the end of a line, a `/` alone on one, a `#` or `@` at
//! the start of one mean something to it even inside a string, and a line of more than 2,499 characters is thrown
//! away. So no text ever reaches a line's start or end here: what could break a line is written as `CHR(10)`
//! ([`literal`]), a statement is one line that starts with its keyword and ends with its own `;` ([`bind_into`]), and
//! only one too long for SQL*Plus is broken, between two tokens.
//!
//! The script does not end the session, so that it can be run with `@` from another.

mod fold;
mod literal;
mod statement;

use std::io::{self, Write};
use std::num::NonZeroU32;

pub use literal::Literal;
pub(crate) use statement::Statement;
pub use statement::bind_into;

/// Longest line written, in bytes. SQL*Plus refuses lines over 2,499 characters (SP2-0027); newer ones take more.
const LINE_BYTES_MAX: usize = 2_400;

/// Why a statement can't be written into a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A [`Literal::Number`] holds something else.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// A date that the script's format can't say.
    #[error("the year {0} is outside the years 1 to 9999 that a script can say")]
    YearOutOfRange(i32),
    /// A bind of the statement was given no value.
    #[error("the statement names the bind `:{0}`, which has no value")]
    MissingBind(String),
    /// A value was given for a bind that the statement doesn't name.
    #[error("the bind `:{0}` has a value, but the statement does not name it")]
    UnusedBind(String),
    /// Two values were given for one bind.
    #[error("the bind `:{0}` has two values")]
    RepeatedBind(String),
    /// A string, quoted name or comment goes on to the end.
    #[error("the statement has a string, quoted name or comment without an end")]
    Unterminated,
    /// PL/SQL, several statements, or a final `;`.
    #[error("the statement holds a `;`, and a script could not tell its end")]
    Semicolon,
    /// A control or invisible character outside a plain string.
    #[error("the statement holds a control character where a script can't spell it")]
    ControlCharacter,
    /// Nothing but comments, or a command of SQL*Plus.
    #[error("the statement does not start with a keyword")]
    NoKeyword,
    /// A token or a list without blanks and commas is longer than a line.
    #[error("the statement has no place where a line of {LINE_BYTES_MAX} bytes could be broken")]
    LineTooLong,
}

/// A script being written. Statements stream through, so memory does not grow with their number.
pub struct Script<'w> {
    out: &'w mut dyn Write,
    commit_every: NonZeroU32,
    uncommitted: u32,
    statements: u64,
}

impl<'w> Script<'w> {
    /// Writes the settings and the header: what a reviewer should know first (title, counts, version, as-of, run at),
    /// one comment a line.
    ///
    /// `SET DEFINE OFF` stands above the comments, because SQL*Plus looks for `&` in comments too. `SET ESCAPE OFF` and
    /// `SET AUTOCOMMIT OFF` undo what a `login.sql` may have set: the one would eat backslashes, the other would leave
    /// nothing to roll back. Feedback is on: `1 row updated.` is the evidence that a statement found its row.
    pub fn begin<I>(out: &'w mut dyn Write, header: I, commit_every: NonZeroU32) -> io::Result<Self>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        writeln!(out, "SET DEFINE OFF")?;
        for line in header {
            write_comment(out, line.as_ref())?;
        }
        for setting in [
            "SET ESCAPE OFF",
            "SET SQLBLANKLINES ON",
            "SET AUTOCOMMIT OFF",
            "SET FEEDBACK ON",
            "WHENEVER OSERROR EXIT FAILURE ROLLBACK",
            "WHENEVER SQLERROR EXIT FAILURE ROLLBACK",
        ] {
            writeln!(out, "{setting}")?;
        }
        Ok(Self { out, commit_every, uncommitted: 0, statements: 0 })
    }

    /// Writes a query that fails, and so ends the script, where the client does not read the file as UTF-8: SQL*Plus
    /// with another `NLS_LANG`, or SQL Developer with another encoding, would store other names without a word.
    /// To be called before the first statement.
    pub fn check_encoding(&mut self) -> io::Result<()> {
        self.comment(
            "Division by zero here means that the client does not read this file as UTF-8: set NLS_LANG=.AL32UTF8 \
             for SQL*Plus, the encoding UTF-8 in SQL Developer",
        )?;
        writeln!(
            self.out,
            "SELECT 1 / CASE WHEN LENGTH('é€') = 2 THEN 1 ELSE 0 END AS READ_AS_UTF8 FROM DUAL;"
        )
    }

    /// Writes a comment between two statements.
    pub fn comment(&mut self, text: &str) -> io::Result<()> {
        write_comment(self.out, text)
    }

    /// Writes one statement, and a COMMIT after every `commit_every` of them.
    pub fn statement(&mut self, statement: &Statement) -> io::Result<()> {
        writeln!(self.out, "{statement};")?;
        self.statements += 1;
        self.uncommitted += 1;
        if self.uncommitted == self.commit_every.get() {
            self.commit()?;
        }
        Ok(())
    }

    /// Writes the last COMMIT and an end mark, by which a reader sees that nothing was cut off, and returns how many
    /// statements the script holds.
    pub fn finish(mut self) -> io::Result<u64> {
        if self.uncommitted > 0 {
            self.commit()?;
        }
        let statements = self.statements;
        self.comment(&format!("End of script, statements: {statements}"))?;
        self.out.flush()?;
        Ok(statements)
    }

    fn commit(&mut self) -> io::Result<()> {
        self.uncommitted = 0;
        writeln!(self.out, "COMMIT;")
    }
}

/// Writes text as comment lines that hide nothing and that nothing can leave.
fn write_comment(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let shown: String =
        text.chars().map(|c| if crate::text::is_unprintable(c) { ' ' } else { c }).collect();
    // A comment in a comment is an error to some readers.
    let shown = shown.replace("/*", "/ *").replace("*/", "* /");
    let mut rest = shown.trim();
    // Nothing is written for an empty line: `--` alone ends in `-`.
    while !rest.is_empty() {
        let mut cut = rest.len().min(LINE_BYTES_MAX - 8);
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        let (line, more) = rest.split_at(cut);
        let line = line.trim_end();
        // SQL*Plus goes on with the next line after a final `-`, and may take a final `;` for the end of a statement.
        let stop = if line.ends_with(['-', ';']) { " ." } else { "" };
        writeln!(out, "-- {line}{stop}")?;
        rest = more.trim_start();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
