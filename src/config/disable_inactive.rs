//! `[disable_inactive]`: after how long, in whose name, and who is exempt (section 7 of the spec).

use serde::Deserialize;

use super::DatabaseConfig;

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
            database: None,
        }
    }
}

impl DisableInactiveConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        if self.days < 1 {
            errors.push(format!("disable_inactive.days: `{}` is below 1", self.days));
        }
        if self.actor_oidc_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            errors.push("disable_inactive.actor_oidc_id: names nobody".to_owned());
        }
        if let Some(database) = &self.database {
            database.check("disable_inactive.database", errors);
        }
    }
}
