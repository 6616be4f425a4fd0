//! `[approval]`: what a second person must have signed.

use std::path::PathBuf;

use serde::Deserialize;

/// `[approval]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ApprovalConfig {
    /// Who may sign, in OpenSSH's `allowed_signers` format; `None`: nobody is asked.
    pub signers: Option<PathBuf>,
    /// Which runs need a signature, once there are signers.
    pub needed_for: Vec<ApprovalNeed>,
}

/// A kind of run that needs a second person's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalNeed {
    /// One for which a limit or a doubt is lifted.
    OverLimit,
    /// Every run that writes.
    EveryRun,
}

impl Default for ApprovalConfig {
    fn default() -> Self {
        ApprovalConfig { signers: None, needed_for: vec![ApprovalNeed::OverLimit] }
    }
}

impl ApprovalConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        if self.signers.is_none() && self.needed_for.contains(&ApprovalNeed::EveryRun) {
            errors
                .push("approval.needed_for: without `signers` nobody can approve a run".to_owned());
        }
        if self.signers.is_some() && self.needed_for.is_empty() {
            errors.push("approval.needed_for: names no run; leave `signers` out".to_owned());
        }
    }
}
