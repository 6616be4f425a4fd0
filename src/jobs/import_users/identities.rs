//! Who is stored under which id and which mail address: known before the first row of the file is read, so that a row that
//! mixes two people up is rejected where it stands.
//!
//! Memory: some 80 bytes a person.

use anyhow::Context as _;
use uuid::Uuid;

use crate::fingerprint::{Fingerprint, FingerprintKeys, FingerprintMap};
use crate::import::{DeliveredPerson, nfc};
use crate::jobs::World;
use crate::sql;

/// The namespace of generated ids: recert's own, and never to be changed, because a plan made again must be the same.
///
/// An id is the UUIDv5 (RFC 9562) of a person's mail address in lower case; should somebody have it already, of the
/// address and a number behind a line break, from 2 on.
const ID_NAMESPACE: Uuid = Uuid::from_u128(0x3d1f_0c52_7a6b_4b1e_9c55_2f0a_8e64_d7b1);
/// How many ids of an address are tried when a stored one is asked about.
const ATTEMPTS_MAX: u32 = 16;

/// An id or a mail address.
pub(super) type IdentityKey = Fingerprint;

/// What a person without mail address has in place of its key.
const NO_MAIL: IdentityKey = Fingerprint::NONE;

/// Makes keys.
#[derive(Default)]
pub(super) struct IdentityKeys(FingerprintKeys);

impl IdentityKeys {
    /// Ids are compared in NFC.
    pub(super) fn id(&self, id: &str) -> IdentityKey {
        self.0.of(0, std::iter::once(&*nfc(id)))
    }

    /// Mail addresses are compared in NFC, and without case.
    pub(super) fn email(&self, email: &str) -> IdentityKey {
        self.id(&nfc(email).to_lowercase())
    }
}

/// Everybody's id and mail address.
#[derive(Default)]
pub(super) struct StoredIdentities {
    pub(super) keys: IdentityKeys,
    mail_of_id: FingerprintMap<IdentityKey>,
    owner_of_mail: FingerprintMap<MailOwner>,
}

struct MailOwner {
    id: IdentityKey,
    /// recert made the id up, so that the source can't know it.
    has_generated_id: bool,
}

/// What the stored identities say of a row of the file.
pub(super) struct RowIdentity {
    /// [`Fingerprint::NONE`] when the row has no id.
    pub(super) id: IdentityKey,
    pub(super) email: IdentityKey,
    /// The id is the one of somebody who has another mail address.
    pub(super) is_id_taken: bool,
    /// Somebody has the mail address.
    pub(super) is_mail_known: bool,
    /// The id is one person's, and the mail address another's.
    pub(super) is_of_two: bool,
}

impl StoredIdentities {
    /// # Errors
    /// What the database says.
    pub(super) fn read(world: &mut World<'_>) -> anyhow::Result<StoredIdentities> {
        let mut stored = StoredIdentities::default();
        world
            .db
            .each(&sql!("import/select_identities"), &[], &mut |row| {
                stored.add(&row.text("ID")?, row.text_opt("EMAIL")?.as_deref());
                Ok(())
            })
            .context("looking for the people there are")?;
        Ok(stored)
    }

    fn add(&mut self, id: &str, email: Option<&str>) {
        let id_key = self.keys.id(id);
        let mail_key = email.map_or(NO_MAIL, |email| self.keys.email(email));
        self.mail_of_id.insert(id_key, mail_key);
        if let Some(email) = email {
            let has_generated_id = is_generated(id, email);
            self.owner_of_mail.insert(mail_key, MailOwner { id: id_key, has_generated_id });
        }
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.mail_of_id.contains_key(&self.keys.id(id))
    }

    pub(super) fn has_mail(&self, email: IdentityKey) -> bool {
        self.owner_of_mail.contains_key(&email)
    }

    /// Whose row it is, as far as what is stored tells.
    pub(super) fn judge(&self, person: &DeliveredPerson) -> RowIdentity {
        let id = person.id().map(|id| self.keys.id(id));
        let email = self.keys.email(person.email());
        let mail_of_id = id.and_then(|id| self.mail_of_id.get(&id)).copied();
        let owner = self.owner_of_mail.get(&email);
        let is_others_id = mail_of_id.is_some_and(|mail| mail != email);
        RowIdentity {
            id: id.unwrap_or(Fingerprint::NONE),
            email,
            is_id_taken: is_others_id && mail_of_id != Some(NO_MAIL),
            is_mail_known: owner.is_some(),
            is_of_two: is_others_id
                && owner.is_some_and(|owner| Some(owner.id) != id && !owner.has_generated_id),
        }
    }
}

/// The `attempt`th id that is made of a mail address.
pub(super) fn generated_id(email: &str, attempt: u32) -> String {
    let email = email.to_lowercase();
    let name = if attempt == 1 { email } else { format!("{email}\n{attempt}") };
    Uuid::new_v5(&ID_NAMESPACE, name.as_bytes()).to_string()
}

fn is_generated(id: &str, email: &str) -> bool {
    let is_uuid_5 = id.len() == 36 && id.as_bytes().get(14) == Some(&b'5');
    is_uuid_5 && (1..=ATTEMPTS_MAX).any(|attempt| generated_id(&nfc(email), attempt) == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_id_is_the_same_today_and_tomorrow_and_in_any_case() {
        let id = generated_id("Anna@Example.org", 1);
        assert_eq!(id, generated_id("anna@example.org", 1));
        assert_ne!(id, generated_id("anna@example.org", 2));
        assert_eq!(id, "bf22d93e-5bd3-5d2b-af1b-bcd5612eb209");
    }

    #[test]
    fn a_generated_id_is_known_again_by_its_mail_address() {
        assert!(is_generated(&generated_id("anna@example.org", 2), "Anna@example.org"));
        assert!(!is_generated(&generated_id("anna@example.org", 1), "bert@example.org"));
        assert!(!is_generated("4711", "anna@example.org"));
    }
}
