//! Names of attributes. One attribute has several: `mail`, `rfc822Mailbox`, a number. A server answers by the
//! name its schema prefers, whatever it was asked by, so that an answer is matched by all of them.

use std::collections::HashSet;

use crate::directory::entry::HeldValue;

/// An attribute that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedAttribute {
    /// As it is asked for.
    asked: String,
    /// Every name under which it may come, the one asked for first.
    names: Vec<String>,
}

/// The attributes that a server's schema defines.
#[derive(Debug)]
pub(super) struct AttributeSchema {
    /// For each attribute all its names and its number, in lower case.
    definitions: Vec<Vec<String>>,
    all: HashSet<String>,
}

/// What everybody calls by several names, for a server that does not show its schema (RFC 4519, RFC 4524,
/// RFC 2798, MS-ADA).
const WELL_KNOWN: [&[&str]; 14] = [
    &["mail", "rfc822mailbox", "0.9.2342.19200300.100.1.3"],
    &["cn", "commonname", "2.5.4.3"],
    &["sn", "surname", "2.5.4.4"],
    &["uid", "userid", "0.9.2342.19200300.100.1.1"],
    &["givenname", "gn", "2.5.4.42"],
    &["manager", "0.9.2342.19200300.100.1.10"],
    &["displayname", "2.16.840.1.113730.3.1.241"],
    &["displayname", "1.2.840.113556.1.2.13"],
    &["employeenumber", "2.16.840.1.113730.3.1.3"],
    &["employeenumber", "1.2.840.113556.1.2.610"],
    &["employeeid", "1.2.840.113556.1.4.35"],
    &["samaccountname", "1.2.840.113556.1.4.221"],
    &["userprincipalname", "1.2.840.113556.1.4.656"],
    &["useraccountcontrol", "1.2.840.113556.1.4.8"],
];

impl WantedAttribute {
    /// An attribute that comes under the name it is asked by.
    pub(super) fn plain(name: &str) -> Self {
        WantedAttribute { asked: name.to_owned(), names: vec![name.to_owned()] }
    }

    /// An attribute by all the names that the schema has for it.
    pub(super) fn named(name: &str, schema: Option<&AttributeSchema>) -> Self {
        let (bare, options) = match name.split_once(';') {
            Some((bare, options)) => (bare.to_ascii_lowercase(), format!(";{options}")),
            None => (name.to_ascii_lowercase(), String::new()),
        };
        let mut names = vec![name.to_owned()];
        let defined = schema.map(|schema| schema.names_of(&bare)).unwrap_or_default();
        let known = WELL_KNOWN.iter().filter(|known| known.contains(&bare.as_str()));
        let known = known.flat_map(|known| known.iter().map(|name| (*name).to_owned()));
        for other in if defined.is_empty() { known.collect() } else { defined } {
            let other = other + &options;
            if !names.iter().any(|name| name.eq_ignore_ascii_case(&other)) {
                names.push(other);
            }
        }
        WantedAttribute { asked: name.to_owned(), names }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it may come under each name that the other may come under.
    pub(super) fn has_names_of(&self, other: &WantedAttribute) -> bool {
        let has = |other: &String| self.names.iter().any(|name| name.eq_ignore_ascii_case(other));
        other.names.iter().all(has)
    }

    /// Whether the two are one attribute.
    pub(super) fn is(&self, other: &WantedAttribute) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(&other.asked))
    }
}

/// What is sent.
impl AsRef<str> for WantedAttribute {
    fn as_ref(&self) -> &str {
        &self.asked
    }
}

impl AttributeSchema {
    /// From what the subschema's entry holds as `attributeTypes`. `None` when it is not shown.
    pub(super) fn of(held: HeldValue) -> Option<Self> {
        let definitions: Vec<Vec<String>> =
            held.readable().iter().map(|definition| names_in(definition)).collect();
        let all: HashSet<String> = definitions.iter().flatten().cloned().collect();
        (!all.is_empty() && !matches!(held, HeldValue::Unreadable(..)))
            .then_some(AttributeSchema { definitions, all })
    }

    /// Whether there is an attribute of this name or number, options apart.
    pub(super) fn defines(&self, name: &str) -> bool {
        let bare = name.split(';').next().unwrap_or_default();
        self.all.contains(&bare.to_ascii_lowercase())
    }

    fn names_of(&self, bare: &str) -> Vec<String> {
        let has = |names: &&Vec<String>| names.iter().any(|name| name == bare);
        self.definitions.iter().find(has).cloned().unwrap_or_default()
    }
}

/// The names and the number in a definition, in lower case: `( 1.2.3 NAME ( 'mail' 'rfc822Mailbox' ) … )`.
fn names_in(definition: &str) -> Vec<String> {
    let text = definition.trim_start_matches(['(', ' ']);
    let (oid, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut names = vec![oid.to_ascii_lowercase()];
    let Some((_, rest)) = rest.split_once("NAME ") else { return names };
    let rest = rest.trim_start();
    // `NAME 'mail'` or `NAME ( 'mail' 'rfc822Mailbox' )`, and quotes again further on in a description.
    let listed = match rest.strip_prefix('(') {
        Some(list) => list.split(')').next().unwrap_or_default(),
        None => rest.trim_start_matches('\'').split('\'').next().unwrap_or_default(),
    };
    let listed = listed.split(['\'', ' ']).filter(|name| !name.is_empty());
    names.extend(listed.map(str::to_ascii_lowercase));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(definitions: &[&str]) -> Option<AttributeSchema> {
        let held = HeldValue::Several(definitions.iter().map(ToString::to_string).collect());
        AttributeSchema::of(held)
    }

    #[test]
    fn a_schema_names_its_attributes() {
        let schema = schema(&[
            "( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) DESC 'a NAME (not this)' SYNTAX 1.2 )",
            "( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' DESC 'x' SYNTAX '1.3' )",
            "( 1.2.3 SYNTAX 1.3 )",
        ])
        .unwrap();
        for name in ["mail", "RFC822Mailbox", "sAMAccountName;x", "1.2.3", "1.2.840.113556.1.4.221"]
        {
            assert!(schema.defines(name), "{name}");
        }
        assert!(!schema.defines("not"));
    }

    #[test]
    fn an_attribute_comes_under_any_of_its_names() {
        let schema = schema(&["( 1.9 NAME ( 'eMail' 'post' ) )", "( 1.8 NAME 'x' )"]).unwrap();
        let wanted = WantedAttribute::named("1.9;lang-de", Some(&schema));
        assert_eq!(wanted.names(), ["1.9;lang-de", "email;lang-de", "post;lang-de"]);
        assert!(WantedAttribute::named("POST", Some(&schema)).is(&WantedAttribute::plain("email")));
        let without = WantedAttribute::named("commonName", None);
        assert_eq!(without.names(), ["commonName", "cn", "2.5.4.3"]);
        assert_eq!(WantedAttribute::named("other", None).names(), ["other"]);
    }
}
