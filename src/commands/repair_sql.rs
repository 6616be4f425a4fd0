//! Mends an old generated update script whose names or mail addresses hold bare apostrophes (section 6 of the spec).
//!
//! The script's generator wrote `LINEMANAGER_NAME = 'O'Brien, Pat'`. Where such a value ends can't be told from its
//! quotes, only from what follows them: a value of LINEMANAGER_NAME or LINEMANAGER_MAIL_ID ends at the first quote that
//! is followed by `, COLUMN =`, by `WHERE`, by `;` or by the end of the line, and all the rest of the line must then read
//! as SQL. Within the value
//! - a bare apostrophe is doubled, a doubled pair stays, curly apostrophes stay;
//! - curly quotes round a value become straight ones, also round another column's value in the same line.
//!
//! In doubt the whole line stays as it was and is reported: other values with bare apostrophes, a value without an end
//! or one that ends in an apostrophe (`'Peters''` may also be a slip of the pen), quotes that look like SQL inside a
//! name, an unlikely column after a name (`', X = '`), a column set twice, statements that run on. Lines without those
//! columns pass byte for byte, as does every comment.
//!
//! Bytes in, bytes out: lines end in LF or CRLF. What is no UTF-8 or holds backslash escapes is in doubt too. Curly quotes
//! become straight ones also on the other lines of a statement that speaks of USER_TAB. Running it on its own output
//! changes nothing: a mended line is read again and must then be in order.

mod lexer;
mod line;
mod reading;
mod value;

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use memchr::{memchr_iter, memmem};

use super::CommandContext;
use crate::exit::Exit;
use crate::files::{open_regular, write_whole};
use crate::outcome::Outcome;
use crate::plan::{Counts, Finding};
use crate::summary::{Status, Summary};

use lexer::{Text, is_word, names_a_column};
use line::read;
use reading::Doubt;

/// Mends an old generated update script whose names or mail addresses hold bare apostrophes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The script to mend; it is only read
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Where the mended script goes; written also when some lines are reported
    #[arg(long, value_name = "OUT")]
    pub out: PathBuf,
}

/// Mends `IN` into `--out`, line by line; lines it can't be sure of pass as they are and are findings.
///
/// # Errors
/// `Exit::BadInput`: the script can't be read. Doubtful lines are no error here: the summary's
/// `exit_code` says 5, and OUT is written all the same.
pub(crate) fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let told = || format!("reading the script `{}`", args.input.display());
    let file = open_regular(&args.input).context(Exit::BadInput).with_context(told)?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut repairer = Repairer::default();
    write_whole(&args.out, |out| {
        let mut line = Vec::new();
        while read_line(&mut input, &mut line).context(Exit::BadInput).with_context(told)? {
            if line.len() as u64 == LINE_BYTES_MAX && !line.ends_with(b"\n") {
                repairer.pass_unread("the line is longer than any that was generated");
                pass_rest(&mut input, &mut line, out)?;
            } else {
                out.write_all(&repairer.line(&line))?;
            }
        }
        Ok(())
    })?;
    let RepairResult { lines, mended, unsure } = repairer.finish();
    let mut counts = Counts::named(&["lines", "mended", "unsure"]);
    counts.add("lines", lines);
    counts.add("mended", mended);
    counts.add("unsure", unsure.len() as u64);
    let doubtful = unsure.first().map(|first| {
        anyhow!(
            "{} lines of `{}` were left as they were; the first is line {}, column {}: {}",
            unsure.len(),
            args.input.display(),
            first.line,
            first.column,
            first.why
        )
        .context(Exit::BadInput)
    });
    let finding = |unsure: &UnsureLine| Finding {
        kind: "unsure",
        key: format!("{}:{}", unsure.line, unsure.column),
        message: unsure.why.clone(),
    };
    let status = if mended > 0 { Status::Applied } else { Status::Unchanged };
    let findings = unsure.iter().map(finding).collect();
    let summary = Summary { counts, findings, ..context.summary(status)? };
    Ok(Outcome::of(summary).with_error(doubtful).lasting())
}

/// Longer lines pass unread, so that memory does not grow with them.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// The next line, or the beginning of one that is too long; false at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    Ok(input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', line)? > 0)
}

/// Copies a line of any length to its end, piece by piece.
fn pass_rest(
    input: &mut impl BufRead,
    piece: &mut Vec<u8>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    loop {
        out.write_all(piece)?;
        if piece.ends_with(b"\n") || !read_line(input, piece)? {
            return Ok(());
        }
    }
}

/// A line that was left as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnsureLine {
    /// Counted from 1.
    pub line: u64,
    /// Where in the line the doubt arose: characters, counted from 1 (bytes in a line that is not UTF-8).
    pub column: u64,
    /// Without anything personal: it may go into a log.
    pub why: String,
}

/// What was done, once all lines went through a [`Repairer`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RepairResult {
    /// Lines of the script.
    pub lines: u64,
    /// Lines that were changed.
    pub mended: u64,
    /// Lines left as they were, in order. Not empty: exit code 5.
    pub unsure: Vec<UnsureLine>,
}

/// Mends a script line by line, in memory that does not grow with it.
#[derive(Debug, Default)]
pub(crate) struct Repairer {
    done: RepairResult,
    /// The line where a comment over several lines began, while in it.
    in_comment_since: Option<u64>,
    /// The line where a text began that its line did not end.
    in_text_since: Option<u64>,
    /// In a statement that speaks of USER_TAB: its other lines are read for curly quotes too.
    in_statement: bool,
    /// The whole of it is in another encoding, and passes.
    is_foreign: bool,
}

impl Repairer {
    /// Takes the next line with its line end, and returns what stands in its place.
    pub(crate) fn line<'l>(&mut self, line: &'l [u8]) -> Cow<'l, [u8]> {
        self.done.lines += 1;
        let end = line.strip_suffix(b"\n").map_or(line.len(), <[u8]>::len);
        let (content, line_end) = line.split_at(end);
        if self.done.lines == 1 && is_utf16(content) {
            self.is_foreign = true;
            let why = "the script is UTF-16 (PowerShell's `>` writes that): save it as UTF-8, then mend it";
            self.report(content, &Doubt::new(0, why));
        }
        if self.is_foreign {
            return Cow::Borrowed(line);
        }
        let start =
            if self.done.lines == 1 && content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let Some(start) = self.after_comment(content, start) else {
            return Cow::Borrowed(line);
        };
        if starts_with_word(content, start, &["REM", "REMARK", "PROMPT"]) {
            return Cow::Borrowed(line);
        }
        let own = content.get(start..).unwrap_or_default();
        let names_target = names_a_column(own);
        if starts_with_word(content, start, &["UPDATE"]) {
            self.in_text_since = None;
            self.in_statement = speaks_of_user_tab(own);
        }
        self.in_statement |= names_target;
        let is_ours = names_target || self.in_statement && holds_curly_quote(own);
        if own.trim_ascii_end().ends_with(b";") {
            self.in_statement = false;
        }
        if !is_ours {
            self.pass(content, start);
            return Cow::Borrowed(line);
        }
        match self.mend(content, start) {
            Ok(None) => Cow::Borrowed(line),
            Ok(Some(mut mended)) => {
                self.done.mended += 1;
                mended.extend_from_slice(line_end);
                Cow::Owned(mended)
            }
            Err(doubt) => {
                self.report(content, &doubt);
                Cow::Borrowed(line)
            }
        }
    }

    /// Takes note of a line that passes without being read.
    fn pass_unread(&mut self, why: &'static str) {
        self.done.lines += 1;
        self.in_text_since = None;
        self.report(b"", &Doubt::new(0, why));
    }

    /// Returns the counts and the lines in doubt. A comment that never ended is one of them: it hid all that followed.
    pub(crate) fn finish(mut self) -> RepairResult {
        if let Some(line) = self.in_comment_since {
            let why = "the comment that begins here has no end, so nothing after it was mended"
                .to_owned();
            self.done.unsure.push(UnsureLine { line, column: 1, why });
            self.done.unsure.sort_by_key(|unsure| unsure.line);
        }
        self.done
    }

    /// Where the line's own text starts: after the end of a comment that began above, or nowhere.
    fn after_comment(&mut self, content: &[u8], start: usize) -> Option<usize> {
        if self.in_comment_since.is_none() {
            return Some(start);
        }
        let end = memmem::find(content, b"*/")?;
        self.in_comment_since = None;
        Some(end + 2)
    }

    /// Takes note of a line that is none of ours: does a comment or a text that it begins go on below?
    fn pass(&mut self, content: &[u8], start: usize) {
        if memmem::find(content, b"/*").is_some()
            && read(Text::new(content), start).is_ok_and(|reading| reading.opens_comment)
        {
            self.in_comment_since = Some(self.done.lines);
            return;
        }
        let own = content.get(start..).unwrap_or_default().trim_ascii();
        if own.ends_with(b";") {
            self.in_text_since = None;
        } else if !own.starts_with(b"--") && memchr_iter(b'\'', own).count() % 2 == 1 {
            self.in_text_since =
                if self.in_text_since.is_none() { Some(self.done.lines) } else { None };
        }
    }

    /// The mended line, or nothing if it is in order.
    fn mend(&mut self, content: &[u8], start: usize) -> Result<Option<Vec<u8>>, Doubt> {
        if std::str::from_utf8(content).is_err() {
            return Err(Doubt::new(start, "the line holds bytes that are no UTF-8"));
        }
        if let Some(at) = memmem::find(content, b"\\'").filter(|at| *at >= start) {
            return Err(Doubt::new(
                at,
                "a backslash stands before a quote, which SQL does not know",
            ));
        }
        let text = Text::new(content);
        let reading = match read(text, start) {
            Ok(reading) => reading,
            Err(doubt) => {
                if doubt.runs_on && !content.trim_ascii_end().ends_with(b";") {
                    self.in_text_since = Some(self.done.lines);
                }
                return Err(doubt);
            }
        };
        if !reading.has_targets && reading.edits.is_empty() {
            self.pass(content, start);
            return Ok(None);
        }
        if let Some(since) = self.in_text_since {
            return Err(Doubt::new(
                start,
                format!("a text that begins on line {since} may go on here"),
            ));
        }
        let mended = if reading.edits.is_empty() { None } else { Some(reading.apply(content)) };
        if let Some(mended) = &mended {
            match read(Text::new(mended), start) {
                Ok(again) if again.edits.is_empty() => {}
                _ => {
                    return Err(Doubt::new(start, "the line would not read the same once mended"));
                }
            }
        }
        self.in_text_since = None;
        self.in_comment_since = reading.opens_comment.then_some(self.done.lines);
        Ok(mended)
    }

    fn report(&mut self, content: &[u8], doubt: &Doubt) {
        let before = content.get(..doubt.at).unwrap_or(content);
        let n_before =
            std::str::from_utf8(before).map_or(before.len(), |text| text.chars().count());
        self.done.unsure.push(UnsureLine {
            line: self.done.lines,
            column: n_before as u64 + 1,
            why: doubt.why.to_string(),
        });
    }
}

/// By its mark, or by the zeros between its letters.
fn is_utf16(content: &[u8]) -> bool {
    content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") || content.contains(&0)
}

fn speaks_of_user_tab(own: &[u8]) -> bool {
    own.windows(b"USER_TAB".len()).any(|word| word.eq_ignore_ascii_case(b"USER_TAB"))
}

/// U+2018 to U+201F.
fn holds_curly_quote(own: &[u8]) -> bool {
    memmem::find_iter(own, b"\xe2\x80").any(|at| matches!(own.get(at + 2), Some(0x98..=0x9f)))
}

fn starts_with_word(content: &[u8], start: usize, words: &[&str]) -> bool {
    let own = content.get(start..).unwrap_or_default().trim_ascii_start();
    let length = own.iter().position(|b| !is_word(*b)).unwrap_or(own.len());
    let first = own.get(..length).unwrap_or_default();
    words.iter().any(|word| first.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
pub(crate) mod tests;
