//! Whether a response is due: decided here and nowhere else, for the job and for the report.
//!
//! The statements bring more rows than are due. They compare no dates and fold no texts, because two places
//! that decide the same thing will differ one day.

use anyhow::Context as _;
use chrono::{Datelike as _, Days, NaiveDate};

use crate::config::{OnConflict, OnNearMatch, RevokeConfig, Unanswered};
use crate::db::Value;
use crate::text::is_blank;

/// Dates before this year are typing errors, though they are dates.
const YEAR_MIN: i32 = 1900;

/// What a line manager's answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AnswerClass {
    /// ACCESS_STATUS is APPROVED.
    Approved,
    /// ACCESS_STATUS is one of `[revoke] statuses`.
    Revoked,
    /// ACCESS_STATUS is PENDING, blank or NULL.
    Pending,
    /// Anything else; each is named.
    Other,
}

/// Which date made a response due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DateOf {
    LineManager,
    /// The recertification due date.
    Recertification,
    /// Days after the recertification due date that nobody answered in.
    Unanswered {
        /// How many.
        grace_days: u32,
    },
}

/// What the dates of an active response come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseVerdict {
    /// Its status takes nothing away.
    NotOurs,
    /// Its status does, and its access level is none that recert acts on.
    OtherLevel,
    /// Its day has come.
    Due(NaiveDate, DateOf),
    /// Its day is to come.
    Waiting(NaiveDate),
    /// It has no date.
    Undated,
}

/// The two dates of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseDates {
    /// ACCESS_REVOKE_DATE_BY_LINE_MANAGER
    pub(crate) by_manager: Option<NaiveDate>,
    /// RECERTIFICATION_DUE_DATE
    pub(crate) due: Option<NaiveDate>,
}

impl ResponseDates {
    /// Reads both, whole days.
    ///
    /// # Errors
    /// One of them is no date, or written in another way than the database's own: never a guess.
    pub(crate) fn read(by_manager: &Value, due: &Value) -> anyhow::Result<ResponseDates> {
        let day = |value: &Value, column: &'static str| -> anyhow::Result<Option<NaiveDate>> {
            Ok(value.as_date().context(column)?.map(|at| at.date()))
        };
        Ok(ResponseDates {
            by_manager: day(by_manager, "ACCESS_REVOKE_DATE_BY_LINE_MANAGER")?,
            due: day(due, "RECERTIFICATION_DUE_DATE")?,
        })
    }

    /// The day on which revoked access goes: the line manager's, else the due date.
    pub(crate) fn effective(self) -> Option<(NaiveDate, DateOf)> {
        let by_manager = self.by_manager.map(|day| (day, DateOf::LineManager));
        by_manager.or(self.due.map(|day| (day, DateOf::Recertification)))
    }

    /// A date that nobody meant, though it is one.
    pub(crate) fn implausible(self) -> Option<NaiveDate> {
        [self.by_manager, self.due].into_iter().flatten().find(|day| day.year() < YEAR_MIN)
    }
}

/// What the config says of responses, on a day.
#[derive(Clone, Debug)]
pub(crate) struct RevokeRule {
    /// `[revoke] statuses`, folded.
    pub(crate) revoked: Vec<String>,
    /// `[revoke] access_levels`, folded; none: all.
    pub(crate) levels: Vec<String>,
    /// The day.
    pub(crate) as_of: NaiveDate,
    /// Whether a conflict leaves a response alone.
    pub(crate) skips_conflicts: bool,
    /// Whether a response whose key matches no mapping row but nearly stays active.
    pub(crate) keeps_near_matches: bool,
    /// Days after which nobody's answer takes access away.
    pub(crate) unanswered_days: Option<u32>,
}

impl RevokeRule {
    /// The rule of a config.
    #[must_use]
    pub(crate) fn new(config: &RevokeConfig, as_of: NaiveDate) -> RevokeRule {
        let folded = |texts: &[String]| {
            texts.iter().map(|text| fold(text)).filter(|text| !text.is_empty()).collect()
        };
        let revokes = config.unanswered == Unanswered::Revoke;
        RevokeRule {
            revoked: folded(&config.statuses),
            levels: folded(&config.access_levels),
            as_of,
            skips_conflicts: config.on_conflict == OnConflict::Skip,
            keeps_near_matches: config.on_near_match == OnNearMatch::Keep,
            unanswered_days: revokes.then_some(config.unanswered_grace_days),
        }
    }

    /// The class of a status.
    #[must_use]
    pub(crate) fn class(&self, status: &str) -> AnswerClass {
        let plain = status.trim_matches(is_blank);
        let is = |folded: &String| same(plain, folded);
        if self.revoked.iter().any(is) {
            AnswerClass::Revoked
        } else if same(plain, "APPROVED") {
            AnswerClass::Approved
        } else if plain.is_empty() || same(plain, "PENDING") {
            AnswerClass::Pending
        } else {
            AnswerClass::Other
        }
    }

    /// Whether answers of this class, or none, take access away.
    pub(crate) fn takes(&self, class: AnswerClass) -> bool {
        match class {
            AnswerClass::Revoked => true,
            AnswerClass::Pending => self.unanswered_days.is_some(),
            AnswerClass::Approved | AnswerClass::Other => false,
        }
    }

    /// Whether recert acts on this access level.
    pub(crate) fn acts_on(&self, level: &str) -> bool {
        let plain = level.trim_matches(is_blank);
        self.levels.is_empty() || self.levels.iter().any(|known| same(plain, known))
    }

    /// What is to become of an active response, as far as it decides that itself.
    pub(crate) fn decide(
        &self,
        class: AnswerClass,
        level: &str,
        dates: ResponseDates,
    ) -> ResponseVerdict {
        if !self.takes(class) {
            return ResponseVerdict::NotOurs;
        }
        if !self.acts_on(level) {
            return ResponseVerdict::OtherLevel;
        }
        self.when(class, dates)
    }

    /// What its dates come to, whatever its access level.
    pub(crate) fn when(&self, class: AnswerClass, dates: ResponseDates) -> ResponseVerdict {
        let date = match (class, self.unanswered_days) {
            (AnswerClass::Pending, Some(grace_days)) => {
                let after = |due: NaiveDate| due.checked_add_days(Days::new(grace_days.into()));
                dates.due.and_then(after).map(|day| (day, DateOf::Unanswered { grace_days }))
            }
            _ => dates.effective(),
        };
        match date {
            None => ResponseVerdict::Undated,
            Some((day, date_of)) if day <= self.as_of => ResponseVerdict::Due(day, date_of),
            Some((day, _)) => ResponseVerdict::Waiting(day),
        }
    }

    /// Two statuses, just as they are written, that take nothing away: most rows have one of them, and a statement
    /// may leave those out.
    pub(crate) fn plainly_not_ours(&self) -> [Value; 2] {
        ["APPROVED", "PENDING"]
            .map(|status| if self.takes(self.class(status)) { Value::Null } else { status.into() })
    }
}

/// As statuses and access levels are compared: without case and what surrounds them unseen.
#[must_use]
pub(crate) fn fold(text: &str) -> String {
    text.trim_matches(is_blank).to_uppercase()
}

/// Equal without case; `folded` is [`fold`]ed already.
fn same(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && text.to_uppercase() == folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(statuses: &[&str]) -> RevokeRule {
        let statuses = statuses.iter().map(|status| (*status).to_owned()).collect();
        let config = RevokeConfig { statuses, ..RevokeConfig::default() };
        RevokeRule::new(&config, NaiveDate::from_ymd_opt(2026, 11, 30).unwrap())
    }

    #[test]
    fn a_status_is_classed_without_case_and_what_nobody_sees() {
        let rule = rule(&["revoked", "\tRévoqué "]);
        for (status, class) in [
            (" approved ", AnswerClass::Approved),
            ("Revoked", AnswerClass::Revoked),
            ("révoqué", AnswerClass::Revoked),
            ("REVOKED\t", AnswerClass::Revoked),
            ("\u{a0}REVOKED\r\n", AnswerClass::Revoked),
            ("\u{feff}REVOKED\u{200b}", AnswerClass::Revoked),
            ("RE\u{200b}VOKED", AnswerClass::Other),
            ("", AnswerClass::Pending),
            (" \u{200b} ", AnswerClass::Pending),
            ("pending", AnswerClass::Pending),
            ("DELEGATED", AnswerClass::Other),
        ] {
            assert_eq!(rule.class(status), class, "{status:?}");
        }
    }

    #[test]
    fn a_date_before_1900_is_hardly_the_one_that_was_meant() {
        let dates = |year, month, day| {
            let due = NaiveDate::from_ymd_opt(year, month, day);
            ResponseDates { by_manager: None, due }
        };
        assert_eq!(dates(1899, 12, 31).implausible(), dates(1899, 12, 31).due);
        assert_eq!(dates(1900, 1, 1).implausible(), None);
    }

    #[test]
    fn a_statement_leaves_out_no_status_that_takes_access_away() {
        assert_eq!(rule(&["REVOKED"]).plainly_not_ours(), ["APPROVED".into(), "PENDING".into()]);
        assert_eq!(rule(&["pending"]).plainly_not_ours(), ["APPROVED".into(), Value::Null]);
    }

    #[test]
    fn a_response_is_due_on_its_day_and_waits_before() {
        let rule = rule(&["REVOKED"]);
        let on =
            |day| ResponseDates { by_manager: None, due: NaiveDate::from_ymd_opt(2026, 11, day) };
        let decide = |dates| rule.decide(AnswerClass::Revoked, "", dates);
        assert!(matches!(decide(on(30)), ResponseVerdict::Due(_, DateOf::Recertification)));
        let december = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        let tomorrow = ResponseDates { by_manager: Some(december), ..on(29) };
        assert_eq!(decide(tomorrow), ResponseVerdict::Waiting(december));
        assert_eq!(decide(ResponseDates::default()), ResponseVerdict::Undated);
    }
}
