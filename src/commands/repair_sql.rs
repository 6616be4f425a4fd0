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
//! Bytes in, bytes out: lines may be UTF-8 or Windows-1252, and end in LF or CRLF. Running it on its own output changes
//! nothing: a mended line is read again and must then be in order.

mod lexer;
mod line;
mod reading;
mod value;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use memchr::{memchr_iter, memmem};

use super::Context;
use crate::exit::Exit;
use crate::files::write_whole;
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
pub fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<Outcome> {
    let told = || format!("reading the script `{}`", args.input.display());
    let file = File::open(&args.input).context(Exit::BadInput).with_context(told)?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut repairer = Repairer::default();
    write_whole(&args.out, |out| {
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).context(Exit::BadInput).with_context(told)? > 0 {
            out.write_all(&repairer.line(&line))?;
            line.clear();
        }
        Ok(())
    })?;
    let Done { lines, mended, unsure } = repairer.finish();
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
    let finding = |unsure: &Unsure| Finding {
        kind: "unsure",
        key: format!("{}:{}", unsure.line, unsure.column),
        message: unsure.why.clone(),
    };
    let status = if mended > 0 { Status::Applied } else { Status::Unchanged };
    let findings = unsure.iter().map(finding).collect();
    let summary = Summary { counts, findings, ..context.summary(status)? };
    Ok(Outcome::of(summary).with_error(doubtful).lasting())
}

/// A line that was left as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsure {
    /// Counted from 1.
    pub line: u64,
    /// Where in the line the doubt arose: characters, counted from 1 (bytes in a line that is not UTF-8).
    pub column: u64,
    /// Without anything personal: it may go into a log.
    pub why: String,
}

/// A whole script, mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// The script with all that could be mended.
    pub output: Vec<u8>,
    /// Lines of the script.
    pub lines: u64,
    /// Lines that were changed.
    pub mended: u64,
    /// Lines left as they were, in order. Not empty: exit code 5, though everything else is mended.
    pub unsure: Vec<Unsure>,
}

/// Mends a whole script in memory. For one of any size, give its lines to a [`Repairer`].
pub fn repair(input: &[u8]) -> Repaired {
    let mut repairer = Repairer::default();
    let mut output = Vec::with_capacity(input.len() + input.len() / 64);
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        output.extend_from_slice(&repairer.line(line));
    }
    let Done { lines, mended, unsure } = repairer.finish();
    Repaired { output, lines, mended, unsure }
}

/// What was done, once all lines went through a [`Repairer`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Lines of the script.
    pub lines: u64,
    /// Lines that were changed.
    pub mended: u64,
    /// Lines left as they were, in order. Not empty: exit code 5.
    pub unsure: Vec<Unsure>,
}

/// Mends a script line by line, in memory that does not grow with it.
#[derive(Debug, Default)]
pub struct Repairer {
    done: Done,
    /// The line where a comment over several lines began, while in it.
    in_comment_since: Option<u64>,
    /// The line where a text began that its line did not end.
    in_text_since: Option<u64>,
}

impl Repairer {
    /// Takes the next line with its line end, and returns what stands in its place.
    pub fn line<'l>(&mut self, line: &'l [u8]) -> Cow<'l, [u8]> {
        self.done.lines += 1;
        let end = line.strip_suffix(b"\n").map_or(line.len(), <[u8]>::len);
        let (content, line_end) = line.split_at(end);
        let start =
            if self.done.lines == 1 && content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let Some(start) = self.after_comment(content, start) else {
            return Cow::Borrowed(line);
        };
        if starts_with_word(content, start, &["REM", "REMARK", "PROMPT"]) {
            return Cow::Borrowed(line);
        }
        if starts_with_word(content, start, &["UPDATE"]) {
            self.in_text_since = None;
        }
        if !names_a_column(content.get(start..).unwrap_or_default()) {
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

    /// Returns the counts and the lines in doubt. A comment that never ended is one of them: it hid all that followed.
    pub fn finish(mut self) -> Done {
        if let Some(line) = self.in_comment_since {
            let why = "the comment that begins here has no end, so nothing after it was mended"
                .to_owned();
            self.done.unsure.push(Unsure { line, column: 1, why });
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
        if !reading.has_targets {
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
        self.done.unsure.push(Unsure {
            line: self.done.lines,
            column: n_before as u64 + 1,
            why: doubt.why.to_string(),
        });
    }
}

fn starts_with_word(content: &[u8], start: usize, words: &[&str]) -> bool {
    let own = content.get(start..).unwrap_or_default().trim_ascii_start();
    let length = own.iter().position(|b| !is_word(*b)).unwrap_or(own.len());
    let first = own.get(..length).unwrap_or_default();
    words.iter().any(|word| first.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests;
