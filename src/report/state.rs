//! What became of a response: the table of section 9 of the spec, the first line that fits.

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::jobs::revoke::rule::{AnswerClass, ResponseDates, ResponseVerdict, RevokeRule};

/// A run that is cited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CitedRun {
    pub(crate) id: String,
    /// The day it ended, in the configured zone.
    pub(crate) day: NaiveDate,
}

/// What became of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResponseState {
    /// Taken or found gone by a run, and brought back by this one.
    Restored(Arc<CitedRun>),
    /// Likewise, and brought back by others.
    GivenAgain,
    /// A run took it, and it is gone.
    Executed {
        /// The day the run ended.
        on: NaiveDate,
        run: Arc<CitedRun>,
    },
    /// A run found it gone, and it is.
    AlreadyAbsent(Arc<CitedRun>),
    /// Nothing is to be done.
    Approved,
    /// Nobody knows what is to be done.
    UnknownStatus,
    /// The answer is due on that day or later.
    Awaited(NaiveDate),
    /// The answer was due on that day.
    Unanswered(NaiveDate),
    /// No date says when.
    Undated,
    /// Closed by others, and gone, or not due yet.
    ClosedElsewhere,
    /// Closed by others, and there: no run ever will take it.
    RemainsClosed,
    /// Due, and recert does not act: why.
    LeftAlone(&'static str),
    /// A run takes it on that day.
    Scheduled(NaiveDate),
    /// Due, and there: the next run takes it.
    Remains,
    /// Due, and gone: the next run closes it.
    GoneAlready,
}

/// How many states there are.
pub(crate) const N_STATES: usize = 15;

/// A state's name for counts, and as a manager would say it; in the order they are shown: what needs somebody first.
pub(crate) const STATES: [(&str, &str); N_STATES] = [
    ("access_remains_active", "still there: the next run takes it"),
    ("access_remains_closed", "still there, and closed by others: no run will take it"),
    ("given_again", "given again after it was taken"),
    ("restored", "restored"),
    ("left_alone", "left alone"),
    ("unanswered", "unanswered, and past its due date"),
    ("unknown_status", "unknown status"),
    ("undated_state", "without a date"),
    ("scheduled", "scheduled"),
    ("awaited", "awaited"),
    ("gone_already", "gone already: the next run closes it"),
    ("closed_elsewhere", "closed by others"),
    ("executed", "taken by a run"),
    ("already_absent", "gone before a run came"),
    ("approved_state", "approved"),
];

/// What the exact name of each of [`STATES`] begins with, before its day, its run or its reason.
pub(crate) const STATE_KINDS: [&str; N_STATES] = [
    "access remains",
    "access remains, closed",
    "given again",
    "restored",
    "left alone",
    "unanswered",
    "unknown status",
    "undated",
    "scheduled",
    "awaited",
    "gone already",
    "closed elsewhere",
    "executed",
    "already absent",
    "approved",
];

impl ResponseState {
    /// Its place in [`STATES`].
    pub(crate) fn place(&self) -> usize {
        match self {
            ResponseState::Remains => 0,
            ResponseState::RemainsClosed => 1,
            ResponseState::GivenAgain => 2,
            ResponseState::Restored(_) => 3,
            ResponseState::LeftAlone(_) => 4,
            ResponseState::Unanswered(_) => 5,
            ResponseState::UnknownStatus => 6,
            ResponseState::Undated => 7,
            ResponseState::Scheduled(_) => 8,
            ResponseState::Awaited(_) => 9,
            ResponseState::GoneAlready => 10,
            ResponseState::ClosedElsewhere => 11,
            ResponseState::Executed { .. } => 12,
            ResponseState::AlreadyAbsent(_) => 13,
            ResponseState::Approved => 14,
        }
    }

    /// The run that it cites.
    pub(crate) fn run(&self) -> Option<&str> {
        match self {
            ResponseState::Restored(run)
            | ResponseState::AlreadyAbsent(run)
            | ResponseState::Executed { run, .. } => Some(&run.id),
            _ => None,
        }
    }

    /// Whether somebody must act: access that should be gone, or an answer that should be there.
    pub(crate) fn is_overdue(&self) -> bool {
        self.is_remaining() || matches!(self, ResponseState::Unanswered(_))
    }

    /// Revoked, and its day is to come, or it has none: nothing is owed yet.
    pub(crate) fn is_waiting(&self) -> bool {
        use ResponseState::{ClosedElsewhere, Scheduled, Undated};
        matches!(self, Scheduled(_) | Undated | ClosedElsewhere)
    }

    /// Revoked access whose day has come, and that no run is known to have taken.
    pub(crate) fn is_remaining(&self) -> bool {
        matches!(self, ResponseState::Remains | ResponseState::RemainsClosed)
    }
}

impl fmt::Display for ResponseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponseState::Restored(run) => write!(f, "restored by run {}", run.id),
            ResponseState::GivenAgain => f.write_str("given again"),
            ResponseState::Executed { on, run } => write!(f, "executed on {on} by run {}", run.id),
            ResponseState::AlreadyAbsent(_) => f.write_str("already absent"),
            ResponseState::Approved => f.write_str("approved"),
            ResponseState::UnknownStatus => f.write_str("unknown status"),
            ResponseState::Awaited(day) => write!(f, "awaited until {day}"),
            ResponseState::Unanswered(day) => write!(f, "unanswered since {day}"),
            ResponseState::Undated => f.write_str("undated"),
            ResponseState::ClosedElsewhere => f.write_str("closed elsewhere"),
            ResponseState::RemainsClosed => f.write_str("access remains, closed"),
            ResponseState::LeftAlone(why) => write!(f, "left alone ({why})"),
            ResponseState::Scheduled(day) => write!(f, "scheduled for {day}"),
            ResponseState::Remains => f.write_str("access remains"),
            ResponseState::GoneAlready => f.write_str("gone already"),
        }
    }
}

/// All that decides a state.
#[derive(Clone, Debug)]
pub(crate) struct StateFacts<'a> {
    pub(crate) class: AnswerClass,
    /// Whether IS_ACTIVE is 1.
    pub(crate) is_active: bool,
    pub(crate) dates: ResponseDates,
    /// ACCESS_LEVEL
    pub(crate) level: &'a str,
    /// Whether the access is there now.
    pub(crate) is_there: bool,
    /// The run that closed it, and whether that took access.
    pub(crate) closed_by: Option<(Arc<CitedRun>, bool)>,
    /// The restore that brought the access back.
    pub(crate) restored_by: Option<Arc<CitedRun>>,
    /// Whether another active response approves the same access.
    pub(crate) is_contradicted: bool,
    /// Whether it says whose access and where.
    pub(crate) has_key: bool,
    /// Whether no mapping row has its key, but one nearly.
    pub(crate) is_near: bool,
}

/// The first line of the table that fits.
pub(crate) fn decide(facts: &StateFacts<'_>, rule: &RevokeRule) -> ResponseState {
    if let (false, Some((run, took))) = (facts.is_active, &facts.closed_by) {
        return match (facts.is_there, &facts.restored_by) {
            (true, Some(restore)) => ResponseState::Restored(Arc::clone(restore)),
            (true, None) => ResponseState::GivenAgain,
            (false, _) if *took => ResponseState::Executed { on: run.day, run: Arc::clone(run) },
            (false, _) => ResponseState::AlreadyAbsent(Arc::clone(run)),
        };
    }
    match (facts.class, facts.dates.due) {
        (AnswerClass::Approved, _) => ResponseState::Approved,
        (AnswerClass::Other, _) => ResponseState::UnknownStatus,
        (AnswerClass::Pending, None) => ResponseState::Undated,
        (AnswerClass::Pending, Some(due)) if due < rule.as_of => ResponseState::Unanswered(due),
        (AnswerClass::Pending, Some(due)) => ResponseState::Awaited(due),
        (AnswerClass::Revoked, _) => decide_revoked(facts, rule),
    }
}

fn decide_revoked(facts: &StateFacts<'_>, rule: &RevokeRule) -> ResponseState {
    match (rule.when(facts.class, facts.dates), facts.is_active) {
        (ResponseVerdict::Undated, _) => return ResponseState::Undated,
        (ResponseVerdict::Waiting(day), true) => return ResponseState::Scheduled(day),
        (ResponseVerdict::Waiting(_), false) => return ResponseState::ClosedElsewhere,
        (_, false) if facts.is_there => return ResponseState::RemainsClosed,
        (_, false) => return ResponseState::ClosedElsewhere,
        (_, true) => {}
    }
    let keeps = rule.keeps_near_matches;
    if !rule.acts_on(facts.level) {
        ResponseState::LeftAlone("access level")
    } else if facts.is_contradicted && rule.skips_conflicts {
        ResponseState::LeftAlone("conflict skipped")
    } else if !facts.has_key && keeps {
        ResponseState::LeftAlone("no_key")
    } else if facts.is_near && !facts.is_there && keeps {
        ResponseState::LeftAlone("near_match")
    } else if facts.is_there {
        ResponseState::Remains
    } else {
        ResponseState::GoneAlready
    }
}
