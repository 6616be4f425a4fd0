//! Whom rejected rows may speak of: they are treated as delivered, because a typo never marks anybody for deletion.

use std::collections::{HashMap, HashSet};

use super::roster::{IdentityKey, IdentityKeys};
use crate::import::{RejectedRow, fields};

/// One rejected row.
struct RejectTrace {
    line: u64,
    /// The file ends in it: rows may be missing behind it.
    cut_off: bool,
    /// Its fields may stand in other columns than their own.
    misshapen: bool,
    /// Its mail address could be read: who has it is the person, and if nobody has it, somebody new.
    has_email: bool,
    n_emails: usize,
    n_emails_met: usize,
    is_id_met: bool,
}

/// The people of all rejected rows.
#[derive(Default)]
pub(super) struct RejectedPeople {
    rows: Vec<RejectTrace>,
    by_id: HashMap<IdentityKey, Vec<usize>>,
    by_email: HashMap<IdentityKey, Vec<usize>>,
}

impl RejectedPeople {
    /// Adds a rejected row.
    pub(super) fn add(&mut self, reject: &RejectedRow, keys: &IdentityKeys) {
        let at = self.rows.len();
        let ids: HashSet<IdentityKey> = reject.identity.ids.iter().map(|id| keys.id(id)).collect();
        let emails: HashSet<IdentityKey> =
            reject.identity.emails.iter().map(|email| keys.email(email)).collect();
        self.rows.push(RejectTrace {
            line: reject.line,
            cut_off: reject.cut_off,
            misshapen: reject.misshapen,
            has_email: reject.identity.emails.iter().any(|email| fields::is_email(email)),
            n_emails: emails.len(),
            n_emails_met: 0,
            is_id_met: false,
        });
        ids.into_iter().for_each(|id| self.by_id.entry(id).or_default().push(at));
        emails.into_iter().for_each(|email| self.by_email.entry(email).or_default().push(at));
    }

    /// Whether a rejected row may speak of this person.
    pub(super) fn meet(&mut self, id: IdentityKey, email: Option<IdentityKey>) -> bool {
        let by_id = self.by_id.get(&id);
        let by_email = email.and_then(|email| self.by_email.get(&email));
        by_id.into_iter().flatten().for_each(|at| self.rows[*at].is_id_met = true);
        by_email.into_iter().flatten().for_each(|at| self.rows[*at].n_emails_met += 1);
        by_id.is_some() || by_email.is_some()
    }

    /// The line of a row that may leave out anybody at all, once everybody stored was met.
    pub(super) fn hides_anybody(&self) -> Option<u64> {
        self.rows.iter().find(|row| row.hides_anybody()).map(|row| row.line)
    }
}

impl RejectTrace {
    fn hides_anybody(&self) -> bool {
        // In a row out of shape one of the addresses may be the manager's: all must be known.
        let are_emails_met = self.n_emails > 0 && self.n_emails_met >= self.n_emails;
        let is_known = self.is_id_met || are_emails_met || (self.has_email && !self.misshapen);
        self.cut_off || !is_known
    }
}
