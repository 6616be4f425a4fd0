//! What is known of one entry: kept small, because a scan keeps all whom it meets.

use crate::directory::entry::{HeldValue, PersonEntry};
use crate::directory::{AttributeValue, DanglingReason, LineManager};

pub(super) struct KnownEntry {
    /// As the entry, or the first attribute that pointed to it, spells it.
    pub(super) dn: String,
    state: EntryState,
    /// How many of the ids given wait for this entry.
    pub(super) waiting: usize,
}

enum EntryState {
    Unknown,
    Plain(PlainPerson),
    Person(Box<PersonEntry>),
    /// Asked for by name, and not to be had.
    Missing(DanglingReason),
}

/// Somebody of whom each attribute holds one value or none: nearly everybody, so kept in as little room
/// as does. A scan keeps all whom it meets, because any of them may be a manager.
struct PlainPerson {
    /// Id, name and mail, one behind the other.
    text: Box<str>,
    /// Where id and name end.
    ends: [u32; 2],
    disabled: bool,
}

impl KnownEntry {
    pub(super) fn new(dn: String) -> Self {
        KnownEntry { dn, state: EntryState::Unknown, waiting: 0 }
    }

    /// Whether it has still to be looked for.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, EntryState::Unknown)
    }

    pub(super) fn set_person(&mut self, person: PersonEntry) {
        self.state = PlainPerson::of(&person)
            .map_or_else(|| EntryState::Person(Box::new(person)), EntryState::Plain);
    }

    pub(super) fn set_missing(&mut self, why: DanglingReason) {
        self.state = EntryState::Missing(why);
    }

    /// Why it is not to be had, if so.
    pub(super) fn missing(&self) -> Option<DanglingReason> {
        match self.state {
            EntryState::Missing(why) => Some(why),
            EntryState::Unknown => Some(DanglingReason::NotReadable),
            EntryState::Plain(_) | EntryState::Person(_) => None,
        }
    }

    pub(super) fn manager(&self) -> LineManager {
        match &self.state {
            EntryState::Plain(plain) => plain.manager(),
            EntryState::Person(person) => {
                let PersonEntry { id, name, mail, disabled } = &**person;
                let (id, name, mail) = (id.value(), name.value(), mail.value());
                LineManager { id, name, mail, disabled: *disabled }
            }
            EntryState::Unknown | EntryState::Missing(_) => LineManager {
                id: AttributeValue::Absent,
                name: AttributeValue::Absent,
                mail: AttributeValue::Absent,
                disabled: false,
            },
        }
    }
}

impl PlainPerson {
    /// Nothing when the person is not as plain as that.
    fn of(person: &PersonEntry) -> Option<Self> {
        let text = |held| match held {
            &HeldValue::Nothing => Some(""),
            HeldValue::One(text) => Some(text.as_str()),
            HeldValue::Several(_) | HeldValue::Unreadable(..) => None,
        };
        let PersonEntry { id, name, mail, disabled } = person;
        let (id, name, mail) = (text(id)?, text(name)?, text(mail)?);
        let ends = [id.len(), id.len() + name.len()].map(u32::try_from);
        let [Ok(id_end), Ok(name_end)] = ends else { return None };
        let text = [id, name, mail].concat().into();
        Some(PlainPerson { text, ends: [id_end, name_end], disabled: *disabled })
    }

    fn manager(&self) -> LineManager {
        let [id_end, name_end] = self.ends.map(|end| end as usize);
        let value = |text: &str| match text {
            "" => AttributeValue::Absent,
            text => AttributeValue::One(text.to_owned()),
        };
        LineManager {
            id: value(&self.text[..id_end]),
            name: value(&self.text[id_end..name_end]),
            mail: value(&self.text[name_end..]),
            disabled: self.disabled,
        }
    }
}
