//! `[revoke]` and `[report]`: which responses take access away, and what the report holds against that.

use serde::Deserialize;

/// Ten years: a longer grace is rather a slip of the keyboard.
const DAYS_MAX: u32 = 3_660;

/// `[revoke]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct RevokeConfig {
    /// Values of ACCESS_STATUS that take access away; without case and surrounding blanks.
    pub statuses: Vec<String>,
    /// Values of ACCESS_LEVEL to act on, compared the same way; none: all.
    pub access_levels: Vec<String>,
    /// What to do when the same access is approved by another active response.
    pub on_conflict: OnConflict,
    /// What to do when no mapping row has a response's key, but one that is written otherwise.
    pub on_near_match: OnNearMatch,
    /// What to do when nobody answered.
    pub unanswered: Unanswered,
    /// Days after the due date of an unanswered response until it is due.
    pub unanswered_grace_days: u32,
    /// The run is doubted when more than this share of the due responses match no mapping row.
    pub absent_percent: f64,
}

impl Default for RevokeConfig {
    fn default() -> Self {
        RevokeConfig {
            statuses: vec!["REVOKED".to_owned()],
            access_levels: Vec::new(),
            on_conflict: OnConflict::Revoke,
            on_near_match: OnNearMatch::Keep,
            unanswered: Unanswered::Keep,
            unanswered_grace_days: 14,
            absent_percent: 50.0,
        }
    }
}

/// `[revoke] on_conflict`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// Revoke all the same, and name it.
    Revoke,
    /// Leave it alone, and name it.
    Skip,
}

/// `[revoke] on_near_match`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnNearMatch {
    /// The response stays active until somebody mends the key.
    Keep,
    /// The response is closed as one whose access is gone.
    Close,
}

/// `[revoke] unanswered`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unanswered {
    /// The access stays.
    Keep,
    /// The access goes when the grace has passed.
    Revoke,
}

impl RevokeConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        if self.statuses.iter().all(|status| status.trim().is_empty()) {
            errors.push("revoke.statuses: names no status; `revoke` would never act".to_owned());
        }
        check_days("revoke.unanswered_grace_days", self.unanswered_grace_days, errors);
        if !(0.0..=100.0).contains(&self.absent_percent) {
            errors.push(format!(
                "revoke.absent_percent: `{}` is not between 0 and 100",
                self.absent_percent
            ));
        }
    }
}

/// `[report]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ReportConfig {
    /// Days from a revoke date until the access should be gone.
    pub sla_days: u32,
}

impl Default for ReportConfig {
    fn default() -> Self {
        ReportConfig { sla_days: 1 }
    }
}

impl ReportConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        check_days("report.sla_days", self.sla_days, errors);
    }
}

pub(super) fn check_days(key: &str, days: u32, errors: &mut Vec<String>) {
    if days > DAYS_MAX {
        errors.push(format!("{key}: `{days}` is more than {DAYS_MAX}"));
    }
}
