//! The numbers a run ends with: a contract with Control-M, cron and every runbook.
//!
//! 0 is fine; below 70 a person must look; from 75 on nothing was changed and the scheduler may
//! simply run it again. Add, never renumber.

use std::fmt;

use crate::text::plain;

/// How a run ended, and so what the person or the scheduler should do.
///
/// An error is classed once, where it is raised (`.context(Exit::Unavailable)`), and
/// [`Exit::of`] finds that class again at the door.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every change is in place, or there was nothing to do. Do nothing.
    Done = 0,
    /// Something unforeseen; nothing was changed. Read the log.
    Failed = 1,
    /// The command line is wrong. Mend the job definition.
    Usage = 2,
    /// Config, secret, login, grant or table is missing or wrong. Run `recert check`.
    Config = 3,
    /// The plan exceeds a limit, or its source looks wrong; nothing was changed. Read the preview.
    Refused = 4,
    /// An input file can't be used; nothing was changed. The message names file, line and column.
    BadInput = 5,
    /// `verify` found the ledger edited, or a report does not reconcile. Call the auditors.
    Evidence = 6,
    /// The connection broke during COMMIT and the outcome could not be looked up. Rerunning is safe.
    Unknown = 7,
    /// `preview --detailed-exitcode` only: there are changes to make.
    Pending = 10,
    /// Database or directory did not answer; nothing was changed. Run it again.
    Unavailable = 75,
    /// Another run of this job holds the lock; nothing was changed. Run it again.
    Busy = 76,
    /// Rows changed between plan and apply, or a saved plan is stale; all was rolled back. Run it again.
    Drifted = 77,
}

impl Exit {
    /// Every number, in order: for the tables in the README, the man page and `control-m/`.
    pub const ALL: [Exit; 12] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Config,
        Exit::Refused,
        Exit::BadInput,
        Exit::Evidence,
        Exit::Unknown,
        Exit::Pending,
        Exit::Unavailable,
        Exit::Busy,
        Exit::Drifted,
    ];

    /// The class an error was given where it was raised; without one, `Failed`.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Exit {
        error.downcast_ref::<Exit>().copied().unwrap_or(Exit::Failed)
    }

    /// An error on one line: its class and number, then every link of the chain, from what was
    /// being done to what went wrong.
    #[must_use]
    pub fn tell(error: &anyhow::Error) -> String {
        let exit = Exit::of(error);
        let mut told = format!("{exit} ({})", exit.code());
        // Marks say nothing when they are asked like this; the class stands at the front.
        for link in error.chain().map(|link| format!("{link:+}")).filter(|link| !link.is_empty()) {
            told.push_str(": ");
            // One line, whatever a server or a file put into it.
            told.push_str(&plain(&link.trim_end().replace(['\n', '\r', '\t'], " ")));
        }
        told
    }

    /// The number itself.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What the number means, in a sentence without a full stop.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "every change is in place, or there was nothing to do",
            Exit::Failed => "something unforeseen; nothing was changed; read the log",
            Exit::Usage => "the command line is wrong",
            Exit::Config => "config, secret, login, grant or table is missing or wrong",
            Exit::Refused => {
                "the plan exceeds a limit, or its source looks wrong; nothing was changed"
            }
            Exit::BadInput => {
                "an input file can't be used; nothing was changed; the message names file, line and column"
            }
            Exit::Evidence => "`verify` found the ledger edited, or a report does not reconcile",
            Exit::Unknown => {
                "the connection broke during COMMIT and the outcome could not be looked up; rerunning is safe"
            }
            Exit::Pending => "`preview --detailed-exitcode` only: there are changes to make",
            Exit::Unavailable => "database or directory did not answer",
            Exit::Busy => "another run of this job holds the lock",
            Exit::Drifted => {
                "rows changed between plan and apply, or a saved plan is stale; all was rolled back"
            }
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Exit::Done => "done",
            Exit::Failed => "failed",
            Exit::Usage => "usage",
            Exit::Config => "config",
            Exit::Refused => "refused",
            Exit::BadInput => "bad-input",
            Exit::Evidence => "evidence",
            Exit::Unknown => "unknown",
            Exit::Pending => "pending",
            Exit::Unavailable => "unavailable",
            Exit::Busy => "busy",
            Exit::Drifted => "drifted",
        };
        write_mark(word, f)
    }
}

/// Writes what classes an error and says nothing to people: [`Exit::tell`] asks each link with `{:+}`, which anyhow
/// hands on to what was given as context, and which texts don't heed.
pub(crate) fn write_mark(word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if f.sign_plus() { Ok(()) } else { f.write_str(word) }
}

impl std::error::Error for Exit {}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::db::Transient;

    #[test]
    fn an_error_is_told_without_its_marks_and_with_every_word_that_only_looks_like_one() {
        let error = anyhow!("busy").context("transient").context(Transient).context(Exit::Drifted);
        assert_eq!(Exit::tell(&error.context("failed")), "drifted (77): failed: transient: busy");
        assert_eq!(
            format!("{}, {:#}", Exit::Busy, anyhow!("x").context(Exit::Busy)),
            "busy, busy: x"
        );
    }
}
