//! Whom rejected rows may speak of: they are treated as delivered, because a typo never marks anybody for deletion.

use std::collections::{HashMap, HashSet};

use super::identities::{IdentityKey, RowIdentity, StoredIdentities};
use crate::import::{RejectedRow, fields};

/// One rejected row.
struct RejectTrace {
    line: u64,
    /// Its fields may stand in other columns than their own.
    misshapen: bool,
    /// Its mail address could be read: who has it is the person, and if nobody has it, somebody new.
    has_email: bool,
    emails: HashSet<IdentityKey>,
    /// It speaks, by id or by mail address, of somebody stored whom no good row delivers.
    is_id_met: bool,
    is_email_met: bool,
}

/// The people of all rejected rows.
#[derive(Default)]
pub(super) struct RejectedPeople {
    rows: Vec<RejectTrace>,
    by_id: HashMap<IdentityKey, Vec<usize>>,
    by_email: HashMap<IdentityKey, Vec<usize>>,
    /// Ids and mail addresses of rows that mix two people up.
    mixed: HashSet<IdentityKey>,
}

impl RejectedPeople {
    /// Notes that a row mixes two people up.
    pub(super) fn add_mixed(&mut self, identity: &RowIdentity) {
        self.mixed.extend([identity.id, identity.email]);
    }

    /// Whether a row mixes this person up with another. Were one of the two purged, the same file would no longer be found
    /// at fault, and say something else of the other.
    pub(super) fn mixes_up(&self, id: IdentityKey, email: Option<IdentityKey>) -> bool {
        self.mixed.contains(&id) || email.is_some_and(|email| self.mixed.contains(&email))
    }

    /// Adds a rejected row.
    pub(super) fn add(&mut self, reject: &RejectedRow, stored: &StoredIdentities) {
        let at = self.rows.len();
        let identity = &reject.identity;
        let ids: HashSet<IdentityKey> = identity.ids.iter().map(|id| stored.keys.id(id)).collect();
        let emails: HashSet<IdentityKey> =
            identity.emails.iter().map(|email| stored.keys.email(email)).collect();
        ids.into_iter().for_each(|id| self.by_id.entry(id).or_default().push(at));
        emails.iter().for_each(|email| self.by_email.entry(*email).or_default().push(at));
        self.rows.push(RejectTrace {
            line: reject.line,
            misshapen: reject.misshapen,
            has_email: identity.emails.iter().any(|email| fields::is_email(email)),
            emails,
            is_id_met: false,
            is_email_met: false,
        });
    }

    /// Whether a rejected row may speak of this person, whom no good row delivers.
    pub(super) fn meet(&mut self, id: IdentityKey, email: Option<IdentityKey>) -> bool {
        let by_id = self.by_id.get(&id);
        let by_email = email.and_then(|email| self.by_email.get(&email));
        by_id.into_iter().flatten().for_each(|at| self.rows[*at].is_id_met = true);
        by_email.into_iter().flatten().for_each(|at| self.rows[*at].is_email_met = true);
        by_id.is_some() || by_email.is_some()
    }

    /// The line of a row that may leave out anybody at all, once everybody stored was met; `knows_email` says whether
    /// somebody has a mail address, stored or in a good row.
    pub(super) fn hides_anybody(&self, knows_email: &dyn Fn(IdentityKey) -> bool) -> Option<u64> {
        self.rows.iter().find(|row| row.hides_anybody(knows_email)).map(|row| row.line)
    }
}

impl RejectTrace {
    /// A row of which nobody can say whose it is. That somebody is told by a good row explains no other row, so that an
    /// import of the same file, with those people stored that it brought, answers the same.
    fn hides_anybody(&self, knows_email: &dyn Fn(IdentityKey) -> bool) -> bool {
        let is_known = if self.misshapen {
            // What stands in the id's column may be a cost centre, and one of the addresses the manager's.
            self.is_email_met && self.emails.iter().all(|email| knows_email(*email))
        } else {
            self.is_id_met || self.is_email_met || self.has_email
        };
        !is_known
    }
}
