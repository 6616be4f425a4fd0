//! What an entry of the directory holds, as far as recert looks at it.

use anyhow::anyhow;

use crate::exit::Exit;

/// What an entry holds of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Nothing,
    One(String),
    Several(Vec<String>),
    /// Values that can't be taken as they are, and why.
    Unreadable(Why),
}

/// Why the values of an attribute can't be taken as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// At least one value is not UTF-8.
    Binary,
    /// The server sent only a range of the values (`member;range=0-1499`).
    Ranged,
}

/// An entry that a search for people found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) dn: String,
    /// All values of the attribute that holds the employee's id.
    pub(super) ids: Held,
    pub(super) manager: Held,
    pub(super) person: Person,
}

/// What may have to be said of an entry when it is somebody's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: Held,
    pub(super) name: Held,
    pub(super) mail: Held,
}

/// The names of the attributes, as configured: for messages.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) manager: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) mail: String,
}

impl Person {
    /// What the entry holds of each attribute, and how that is called.
    pub(super) fn held<'a>(&'a self, names: &'a Names) -> [(&'a str, &'a Held); 3] {
        [
            (names.id.as_str(), &self.id),
            (names.name.as_str(), &self.name),
            (names.mail.as_str(), &self.mail),
        ]
    }
}

impl Held {
    /// Whether there is something, and what is wrong with it: for `recert check`, without the value.
    pub(super) fn in_words(&self) -> &'static str {
        match self {
            Held::Nothing => "no",
            Held::One(_) => "yes",
            Held::Several(_) => "several",
            Held::Unreadable(Why::Binary) => "binary",
            Held::Unreadable(Why::Ranged) => "too many",
        }
    }

    /// The one value, unless it is empty.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Held::One(value) if !value.is_empty() => Some(value.clone()),
            _ => None,
        }
    }
}

impl Why {
    /// The error for an attribute that is needed and can't be read.
    pub(super) fn error(self, attribute: &str, dn: &str) -> anyhow::Error {
        let why = match self {
            Why::Binary => "holds bytes that are not text",
            Why::Ranged => "has so many values that the server sends only a range of them",
        };
        anyhow!("attribute `{attribute}` of entry `{dn}` {why}: mend the entry, or name another attribute in `[directory]`")
            .context(Exit::Config)
    }
}
