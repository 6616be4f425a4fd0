//! What every subcommand returns: what to say, what went wrong, and what of it is settled already.
//!
//! A command decides; `cli::tell` alone says it: summary, closing log line, metrics, number.

use std::cell::Cell;
use std::io::{self, BufWriter, Write};

use crate::exit::Exit;
use crate::run::Ended;
use crate::summary::{Status, Summary};

/// How a command ended: whatever happened, there is a summary.
#[derive(Debug)]
pub struct Outcome {
    /// What to say.
    pub summary: Summary,
    /// What went wrong; classed.
    pub error: Option<anyhow::Error>,
    /// The result is on stdout already, or went there as data: no summary is to follow.
    pub is_said: bool,
    /// What it did is in place, whatever can't be told of it: nothing turns its 0 into another number.
    pub is_lasting: bool,
    /// The number, where there is no error.
    exit: Exit,
}

impl Outcome {
    /// It went well.
    #[must_use]
    pub fn of(summary: Summary) -> Outcome {
        let exit = Exit::Done;
        Outcome { summary, error: None, is_said: false, is_lasting: false, exit }
    }

    /// It ended with an error, if there is one.
    #[must_use]
    pub fn with_error(mut self, error: Option<anyhow::Error>) -> Outcome {
        self.summary.exit_code = error.as_ref().map_or(self.exit, Exit::of).code();
        self.summary.error = error.as_ref().map(Exit::tell);
        self.error = error;
        self
    }

    /// The result is on stdout.
    #[must_use]
    pub fn said(mut self) -> Outcome {
        self.is_said = true;
        self
    }

    /// What it did is in place.
    #[must_use]
    pub fn lasting(mut self) -> Outcome {
        self.is_lasting = true;
        self
    }

    /// A preview that found changes to make, and was asked to end with 10 for it.
    #[must_use]
    pub fn pending(mut self) -> Outcome {
        self.exit = Exit::Pending;
        let error = self.error.take();
        self.with_error(error)
    }

    /// The number to end with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.error.as_ref().map_or(self.exit, Exit::of)
    }
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Outcome {
        let is_lasting = matches!(ended.summary.status, Status::Applied | Status::Unchanged);
        let outcome = Outcome::of(ended.summary).with_error(ended.error);
        Outcome { is_lasting, ..outcome }
    }
}

/// stdout, and what became of it: a command that only reads is tried again only while nothing has
/// left, and a reader that went away is no failure.
#[derive(Debug, Default)]
pub struct Stdout {
    has_left: Cell<bool>,
    is_closed: Cell<bool>,
}

impl Stdout {
    /// Writes to it; a reader that went away (`recert … | head`) is no error.
    ///
    /// # Errors
    /// What `write` returns, and what the system says.
    pub fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, WatchedOutput { stdout: self });
        let written = write(&mut out).and_then(|()| Ok(out.flush()?));
        if self.is_closed.get() {
            let _ = out.into_parts(); // What is left in it has no reader.
            return Ok(());
        }
        written
    }

    /// Whether a byte has gone out.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.has_left.get()
    }
}

/// Libraries wrap an error in their own; what it was is seen only here.
struct WatchedOutput<'a> {
    stdout: &'a Stdout,
}

impl WatchedOutput<'_> {
    fn watch<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.stdout.is_closed.set(true);
        }
        done
    }
}

impl Write for WatchedOutput<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdout.has_left.set(true);
        self.watch(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.watch(io::stdout().flush())
    }
}
