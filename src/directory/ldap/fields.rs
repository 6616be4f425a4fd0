//! Which attributes are asked for, and where in an answer each one is found.

use super::decode::Entry;
use crate::config::directory::DirectorySettings;
use crate::directory::entry::{Found, Held, Names, Person};

/// The attributes of a search for employees, and of one for managers.
pub(super) struct Fields {
    /// Attributes of an employee, any of whom may be somebody's manager.
    pub(super) people: Vec<String>,
    /// Attributes of a manager; the first ones of `people`.
    pub(super) managers: Vec<String>,
    id: Place,
    name: Place,
    mail: Place,
    user_id: Place,
    manager: Place,
    pub(super) names: Names,
}

/// Where an attribute is in an answer.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    /// Whether a field that is read later has the same attribute.
    shared: bool,
}

impl Fields {
    pub(super) fn new(settings: &DirectorySettings) -> Self {
        let mut people: Vec<String> = Vec::new();
        let mut place = |name: &str| {
            let known = people.iter().position(|known| known.eq_ignore_ascii_case(name));
            let index = known.unwrap_or(people.len());
            if known.is_none() {
                people.push(name.to_owned());
            }
            Place { index, shared: known.is_some() }
        };
        // Placed in the reverse order of reading, those of a manager first.
        let mail = place(&settings.manager_mail_attribute);
        let name = place(&settings.manager_name_attribute);
        let id = place(&settings.manager_id_attribute);
        let of_managers = id.index.max(name.index).max(mail.index) + 1;
        let manager = place(&settings.manager_attribute);
        let user_id = place(&settings.user_id_attribute);
        let managers = people[..of_managers].to_vec();
        let names = Names {
            manager: settings.manager_attribute.clone(),
            id: settings.manager_id_attribute.clone(),
            name: settings.manager_name_attribute.clone(),
            mail: settings.manager_mail_attribute.clone(),
        };
        Fields { people, managers, id, name, mail, user_id, manager, names }
    }

    /// An entry of a search for employees.
    pub(super) fn found(&self, mut entry: Entry) -> Found {
        let ids = self.user_id.read(&mut entry);
        let manager = self.manager.read(&mut entry);
        let dn = std::mem::take(&mut entry.dn);
        Found { dn, ids, manager, person: self.person(entry) }
    }

    /// An entry of either search, as somebody's manager.
    pub(super) fn person(&self, mut entry: Entry) -> Person {
        let id = self.id.read(&mut entry);
        let name = self.name.read(&mut entry);
        Person { id, name, mail: self.mail.read(&mut entry) }
    }
}

impl Place {
    /// What the entry holds here: taken out of it, unless somebody else needs it too.
    fn read(self, entry: &mut Entry) -> Held {
        match entry.held.get_mut(self.index) {
            None => Held::Nothing,
            Some(held) if self.shared => held.clone(),
            Some(held) => std::mem::replace(held, Held::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Held {
        Held::One(text.into())
    }

    #[test]
    fn one_attribute_may_serve_several_purposes() {
        let settings = DirectorySettings {
            user_id_attribute: "UID".into(),
            manager_id_attribute: "uid".into(),
            manager_name_attribute: "Uid".into(),
            manager_mail_attribute: "mail".into(),
            ..DirectorySettings::default()
        };
        let fields = Fields::new(&settings);
        assert_eq!(fields.people, ["mail", "Uid", "manager"]);
        assert_eq!(fields.managers, ["mail", "Uid"]);
        let held = vec![one("a@x"), one("ada"), one("CN=b")];
        let found = fields.found(Entry { dn: "CN=a".into(), held });
        let person = Person { id: one("ada"), name: one("ada"), mail: one("a@x") };
        assert_eq!((found.ids, found.manager, found.person), (one("ada"), one("CN=b"), person));
    }
}
