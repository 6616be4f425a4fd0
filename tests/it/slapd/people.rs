//! People for a test directory, as LDIF.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::BASE;

/// One person, with the attributes that have a value.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) dn: String,
    attributes: Vec<(&'static str, String)>,
}

impl Person {
    /// Somebody below `OU=Staff` whose name is like their id.
    pub(crate) fn new(id: &str) -> Self {
        Self::named(&format!("CN={},OU=Staff,{BASE}", escape(id)), id)
    }

    /// Somebody of this DN, whose first RDN is the CN.
    pub(crate) fn named(dn: &str, id: &str) -> Self {
        let attributes =
            vec![("sAMAccountName", id.to_owned()), ("displayName", format!("The {id}"))];
        Person { dn: dn.to_owned(), attributes }
            .with("mail", &format!("{}@corp.example", plain(id)))
    }

    /// With one more value; the default name and address give way to a new one.
    pub(crate) fn with(mut self, attribute: &'static str, value: &str) -> Self {
        if attribute == "displayName" {
            self = self.without(attribute);
        }
        self.attributes.push((attribute, value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, attribute: &str) -> Self {
        self.attributes.retain(|(name, _)| *name != attribute);
        self
    }

    pub(crate) fn managed_by(self, dn: &str) -> Self {
        self.with("manager", dn)
    }

    pub(crate) fn ldif(&self) -> String {
        let mut ldif = String::new();
        line(&mut ldif, "dn", &self.dn);
        line(&mut ldif, "objectClass", "user");
        line(&mut ldif, "cn", &common_name(&self.dn));
        for (name, value) in &self.attributes {
            line(&mut ldif, name, value);
        }
        ldif.push('\n');
        ldif
    }
}

/// All of them, one after the other.
pub(crate) fn ldif<'a>(people: impl IntoIterator<Item = &'a Person>) -> String {
    people.into_iter().map(Person::ldif).collect()
}

fn line(ldif: &mut String, name: &str, value: &str) {
    writeln!(ldif, "{name}:: {}", STANDARD.encode(value)).unwrap();
}

/// A value as it may stand in a DN.
pub(crate) fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for (i, c) in value.chars().enumerate() {
        let edge = i == 0 && matches!(c, ' ' | '#') || i + 1 == value.chars().count() && c == ' ';
        if edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The value of the first RDN, its escapes taken off. Enough for the names that tests make.
fn common_name(dn: &str) -> String {
    let mut name = String::new();
    let mut chars = dn.chars().skip_while(|c| *c != '=').skip(1);
    while let Some(c) = chars.next() {
        match c {
            ',' | '+' => break,
            '\\' => name.extend(chars.next()),
            c => name.push(c),
        }
    }
    name
}

/// What of an id may stand in a mail address, which is ASCII here.
fn plain(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '\'')).collect()
}
