//! One access: a user and a location of MAP_RAP_USER_ROLE, asked about or not.

use std::rc::Rc;

use super::person::{ReportPerson, UserKind};
use super::row::{AccessCells, RowCell};
use crate::jobs::revoke::rule::AnswerClass;

/// What the review of an access came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewResult {
    Approved,
    /// Revoked, and still there.
    Revoked,
    /// No answer yet.
    Pending,
    /// An answer that nobody knows.
    Other,
    /// No response of the year speaks of it.
    NeverAsked,
}

/// How many reviews there are.
pub(crate) const N_REVIEWS: usize = 5;

/// All of them, in the order they are shown.
pub(crate) const REVIEWS: [(ReviewResult, &str); N_REVIEWS] = [
    (ReviewResult::Approved, "approved"),
    (ReviewResult::Revoked, "revoked and still there"),
    (ReviewResult::Pending, "pending"),
    (ReviewResult::Other, "other"),
    (ReviewResult::NeverAsked, "never asked"),
];

impl ReviewResult {
    /// Of contradictory responses the first of revoked, other, pending, approved counts.
    pub(super) fn of(classes: impl Iterator<Item = AnswerClass>) -> ReviewResult {
        let rank = |class: &AnswerClass| match class {
            AnswerClass::Revoked => 0,
            AnswerClass::Other => 1,
            AnswerClass::Pending => 2,
            AnswerClass::Approved => 3,
        };
        match classes.min_by_key(rank) {
            None => ReviewResult::NeverAsked,
            Some(AnswerClass::Revoked) => ReviewResult::Revoked,
            Some(AnswerClass::Other) => ReviewResult::Other,
            Some(AnswerClass::Pending) => ReviewResult::Pending,
            Some(AnswerClass::Approved) => ReviewResult::Approved,
        }
    }
}

/// One access.
#[derive(Clone, Debug)]
pub(super) struct ReportAccess {
    pub(super) user: RowCell,
    pub(super) location: RowCell,
    pub(super) person: Rc<ReportPerson>,
    pub(super) n_rows: u64,
    pub(super) review: ReviewResult,
    /// Revoked access that should be gone by now, or that came back.
    pub(super) should_be_gone: bool,
}

impl ReportAccess {
    /// Whether somebody should look at it, so that it is listed.
    pub(super) fn is_listed(&self) -> bool {
        self.review == ReviewResult::NeverAsked
            || self.person.kind != UserKind::Known
            || self.should_be_gone
    }

    /// As it is told.
    pub(super) fn cells(&self) -> AccessCells {
        let [name, mail, manager, manager_name, manager_mail] = self.person.cells.clone();
        let review = REVIEWS.iter().find(|(review, _)| *review == self.review);
        let user_is = match self.person.kind {
            UserKind::Known => "known",
            UserKind::NoApplication => "without RAP and PACKBUILDER",
            UserKind::Orphan => "orphan",
        };
        [
            self.user.clone(),
            name,
            mail,
            manager,
            manager_name,
            manager_mail,
            self.location.clone(),
            RowCell::number(self.n_rows),
            RowCell::text(review.map_or("", |(_, word)| *word)),
            RowCell::text(user_is),
        ]
    }

    /// Its key, as the ledger and findings have it.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.user, self.location)
    }
}
