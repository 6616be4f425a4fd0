//! `[disable_inactive]`: after how long, in whose name, and who is exempt (section 7 of the spec).

use serde::Deserialize;

use super::DatabaseConfig;
use super::revoke::check_days;

/// `[disable_inactive]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct DisableInactiveConfig {
    /// Days of 24 hours without activity after which an account is disabled; at least 1.
    pub days: u32,
    /// OIDC_ID of the account in whose name it is done; compared to the letter.
    pub actor_oidc_id: Option<String>,
    /// OIDC_IDs of accounts that are never disabled; with case, as OpenID Connect compares them.
    pub exempt_oidc_ids: Vec<String>,
    /// Mail addresses of accounts that are never disabled; without case.
    pub exempt_emails: Vec<String>,
    /// Days; when none of many accounts was active in them, sessions are not being recorded.
    pub silent_days: u32,
    /// How many days before an account is disabled its owner is to be warned; one warning for each.
    pub warn_days: Vec<u32>,
    /// Stands in for `[database]`.
    pub database: Option<DatabaseConfig>,
}

impl Default for DisableInactiveConfig {
    fn default() -> Self {
        DisableInactiveConfig {
            days: 60,
            actor_oidc_id: None,
            exempt_oidc_ids: Vec::new(),
            exempt_emails: Vec::new(),
            silent_days: 14,
            warn_days: Vec::new(),
            database: None,
        }
    }
}

impl DisableInactiveConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        if self.days < 1 {
            errors.push(format!("disable_inactive.days: `{}` is below 1", self.days));
        }
        if self.silent_days < 1 {
            errors.push(format!("disable_inactive.silent_days: `{}` is below 1", self.silent_days));
        }
        if self.warn_days.contains(&0) {
            errors.push("disable_inactive.warn_days: on the day itself it is too late to warn; use 1 or more".to_owned());
        }
        for days in &self.warn_days {
            check_days("disable_inactive.warn_days", *days, errors);
        }
        if self.actor_oidc_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            errors.push("disable_inactive.actor_oidc_id: names nobody".to_owned());
        }
        if let Some(database) = &self.database {
            database.check("disable_inactive.database", errors);
        }
    }
}
