//! Which attributes are asked for, and where in an answer each one is found.

use super::decode::SearchEntry;
use super::schema::{AttributeSchema, WantedAttribute};
use crate::config::directory::DirectorySettings;
use crate::directory::entry::{FoundEntry, HeldValue, PersonEntry};

/// Active Directory's flags of an account.
const ACCOUNT_CONTROL: &str = "userAccountControl";
/// Nobody may log in by it (ADS_UF_ACCOUNTDISABLE).
const ACCOUNT_DISABLED: i64 = 2;

/// The attributes of a search for employees, and of one for managers.
pub(super) struct AttributeFields {
    /// Attributes of an employee, any of whom may be somebody's manager.
    pub(super) people: Vec<WantedAttribute>,
    /// Attributes of a manager; the first ones of `people`.
    pub(super) managers: Vec<WantedAttribute>,
    id: FieldPlace,
    name: FieldPlace,
    mail: FieldPlace,
    control: FieldPlace,
    user_id: FieldPlace,
    manager: FieldPlace,
}

/// Where an attribute is in an answer.
#[derive(Clone, Copy)]
struct FieldPlace {
    index: usize,
    /// Whether a field that is read later has the same attribute.
    shared: bool,
}

impl AttributeFields {
    pub(super) fn new(settings: &DirectorySettings, schema: Option<&AttributeSchema>) -> Self {
        let mut people: Vec<WantedAttribute> = Vec::new();
        let mut place = |name: &str| {
            let wanted = WantedAttribute::named(name, schema);
            let known = people.iter().position(|known| known.is(&wanted));
            let index = known.unwrap_or(people.len());
            if known.is_none() {
                people.push(wanted);
            }
            FieldPlace { index, shared: known.is_some() }
        };
        // Placed in the reverse order of reading, those of a manager first.
        let control = place(ACCOUNT_CONTROL);
        let mail = place(&settings.manager_mail_attribute);
        let name = place(&settings.manager_name_attribute);
        let id = place(&settings.manager_id_attribute);
        let of_managers = [control, id, name, mail].map(|place| place.index + 1);
        let of_managers = of_managers.into_iter().max().unwrap_or_default();
        let manager = place(&settings.manager_attribute);
        let user_id = place(&settings.user_id_attribute);
        let managers = people[..of_managers].to_vec();
        AttributeFields { people, managers, id, name, mail, control, user_id, manager }
    }

    /// Whether people who were asked for by these attributes are read as by one's own: each comes under no other name.
    pub(super) fn are_all_of(&self, expected: &[WantedAttribute]) -> bool {
        self.people.len() == expected.len()
            && self.people.iter().zip(expected).all(|(own, expected)| expected.has_names_of(own))
    }

    /// An entry of a search for employees.
    pub(super) fn found(&self, mut entry: SearchEntry) -> FoundEntry {
        let ids = self.user_id.read(&mut entry);
        let manager = self.manager.read(&mut entry);
        let dn = entry.dn.take();
        FoundEntry { dn, ids, manager, person: self.person(entry) }
    }

    /// An entry of either search, as somebody's manager.
    pub(super) fn person(&self, mut entry: SearchEntry) -> PersonEntry {
        let id = self.id.read(&mut entry);
        let name = self.name.read(&mut entry);
        let mail = self.mail.read(&mut entry);
        let flags = match self.control.read(&mut entry) {
            HeldValue::One(flags) => flags.trim().parse::<i64>().unwrap_or_default(),
            _ => 0,
        };
        PersonEntry { id, name, mail, disabled: flags & ACCOUNT_DISABLED != 0 }
    }
}

impl FieldPlace {
    /// What the entry holds here: taken out of it, unless somebody else needs it too.
    fn read(self, entry: &mut SearchEntry) -> HeldValue {
        match entry.held.get_mut(self.index) {
            None => HeldValue::Nothing,
            Some(held) if self.shared => held.clone(),
            Some(held) => std::mem::replace(held, HeldValue::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> HeldValue {
        HeldValue::One(text.into())
    }

    fn asked(wanted: &[WantedAttribute]) -> Vec<&str> {
        wanted.iter().map(AsRef::as_ref).collect()
    }

    #[test]
    fn one_attribute_may_serve_several_purposes_under_several_names() {
        let settings = DirectorySettings {
            user_id_attribute: "userid".into(),
            manager_id_attribute: "uid".into(),
            manager_name_attribute: "0.9.2342.19200300.100.1.1".into(),
            manager_mail_attribute: "mail".into(),
            ..DirectorySettings::default()
        };
        let fields = AttributeFields::new(&settings, None);
        let number = "0.9.2342.19200300.100.1.1";
        assert_eq!(asked(&fields.people), ["userAccountControl", "mail", number, "manager"]);
        assert_eq!(asked(&fields.managers), ["userAccountControl", "mail", number]);
        let held = vec![one("514"), one("a@x"), one("ada"), one("CN=b")];
        let found = fields.found(SearchEntry { dn: Some("CN=a".into()), held });
        let (id, name, mail) = (one("ada"), one("ada"), one("a@x"));
        let person = PersonEntry { id, name, mail, disabled: true };
        assert_eq!((found.ids, found.manager, found.person), (one("ada"), one("CN=b"), person));
    }
}
