//! Accounts that are never disabled, by config.

use std::collections::HashSet;

use crate::config::DisableInactiveConfig;
use crate::db::Row;

/// Who is exempt. Decided here and not in SQL: the databases do not agree on letters and case.
pub(super) struct ExemptAccounts {
    oidc_ids: HashSet<String>,
    emails: HashSet<String>,
}

impl ExemptAccounts {
    pub(super) fn new(config: &DisableInactiveConfig) -> Self {
        let set = |texts: &[String], fold: fn(&str) -> String| -> HashSet<String> {
            texts.iter().map(|text| fold(text)).filter(|text| !text.is_empty()).collect()
        };
        ExemptAccounts {
            oidc_ids: set(&config.exempt_oidc_ids, bare),
            emails: set(&config.exempt_emails, folded),
        }
    }

    /// Whether the config names nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.oidc_ids.is_empty() && self.emails.is_empty()
    }

    /// Whether the config names this account.
    pub(super) fn names(&self, user: &Row) -> anyhow::Result<bool> {
        Ok((!self.oidc_ids.is_empty() && self.oidc_ids.contains(&bare(&user.text("OIDC_ID")?)))
            || (!self.emails.is_empty() && self.emails.contains(&folded(&user.text("EMAIL")?))))
    }
}

/// An OIDC_ID as it is compared: with case (OpenID Connect Core, section 2: `sub`), without surrounding blanks.
fn bare(text: &str) -> String {
    text.trim().to_owned()
}

/// A mail address as it is compared: without case and surrounding blanks.
fn folded(text: &str) -> String {
    text.trim().to_uppercase()
}
