//! What an entry of the directory holds, as far as recert looks at it.

use super::{AttributeValue, UnreadableReason};

/// What an answer holds of one attribute. A blank value is none: it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeldValue {
    Nothing,
    One(String),
    Several(Vec<String>),
    /// Not all values can be taken as they are: why, and those that can.
    Unreadable(UnreadableReason, Vec<String>),
}

/// An entry that a search for people found.
#[derive(Clone, Debug)]
pub(super) struct FoundEntry {
    /// Nothing when the server sent bytes that are no text.
    pub(super) dn: Option<String>,
    /// All values of the attribute that holds the employee's id.
    pub(super) ids: HeldValue,
    pub(super) manager: HeldValue,
    pub(super) person: PersonEntry,
}

/// What may have to be said of an entry when it is somebody's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PersonEntry {
    pub(super) id: HeldValue,
    pub(super) name: HeldValue,
    pub(super) mail: HeldValue,
    /// `userAccountControl` says that nobody may log in by it.
    pub(super) disabled: bool,
}

impl HeldValue {
    /// The values that can be read.
    pub(super) fn readable(&self) -> &[String] {
        match self {
            HeldValue::Nothing => &[],
            HeldValue::One(value) => std::slice::from_ref(value),
            HeldValue::Several(values) | HeldValue::Unreadable(_, values) => values,
        }
    }

    pub(super) fn into_readable(self) -> Vec<String> {
        match self {
            HeldValue::Nothing => Vec::new(),
            HeldValue::One(value) => vec![value],
            HeldValue::Several(values) | HeldValue::Unreadable(_, values) => values,
        }
    }

    /// As the port puts it.
    pub(super) fn value(&self) -> AttributeValue {
        match self {
            HeldValue::Nothing => AttributeValue::Absent,
            HeldValue::One(value) => AttributeValue::One(value.clone()),
            HeldValue::Several(values) => AttributeValue::Several(values.len()),
            HeldValue::Unreadable(why, _) => AttributeValue::Unreadable(*why),
        }
    }
}

/// Whether nobody could see anything of it.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(crate::text::is_blank)
}
