//! What kind of server this is: its rootDSE and its schema.

use std::collections::HashSet;

use super::decode::Entry;
use super::search::Request;
use crate::directory::entry::Held;

/// Results on which a description that the server won't give is done without.
const DO_WITHOUT: &[u32] = &[1, 2, 8, 10, 12, 13, 32, 34, 48, 50, 53];

/// What decides how a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ActiveDirectory,
    OpenLdap,
    Other,
}

/// What a server says of itself.
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub(super) kind: Kind,
    /// Whether it sends long answers by pages (RFC 2696).
    pub(super) pages: bool,
    /// Where its schema is.
    pub(super) schema: Option<String>,
    /// The roots of what it holds.
    pub(super) contexts: Vec<String>,
}

/// Attributes of the rootDSE, in the order in which `Description::new` takes them.
pub(super) fn description_attributes() -> Vec<String> {
    [
        "objectClass",
        "supportedCapabilities",
        "supportedControl",
        "subschemaSubentry",
        "namingContexts",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Asks the server for its description.
pub(super) fn ask_description(attributes: &[String]) -> Request<'_> {
    Request::entry("", attributes, DO_WITHOUT)
}

/// Asks the server for the attributes its schema defines.
pub(super) fn ask_schema<'a>(dn: &str, attributes: &'a [String]) -> Request<'a> {
    let filter = "(objectClass=subschema)".to_owned();
    Request { filter, ..Request::entry(dn, attributes, DO_WITHOUT) }
}

impl Description {
    /// From the rootDSE; a server that does not show it is of no known kind.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let held = entries.into_iter().next().map(|entry| entry.held).unwrap_or_default();
        let mut held = held.into_iter().map(values);
        let mut next = || held.next().unwrap_or_default();
        let (classes, capabilities, controls) = (next(), next(), next());
        let has = |values: &[String], one: &str| {
            values.iter().any(|value| value.eq_ignore_ascii_case(one))
        };
        // LDAP_CAP_ACTIVE_DIRECTORY_OID and LDAP_CAP_ACTIVE_DIRECTORY_ADAM_OID (MS-ADTS 3.1.1.3.4.3).
        let active = ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"];
        let kind = if active.iter().any(|oid| has(&capabilities, oid)) {
            Kind::ActiveDirectory
        } else if has(&classes, "OpenLDAProotDSE") {
            Kind::OpenLdap
        } else {
            Kind::Other
        };
        Description {
            kind,
            pages: has(&controls, "1.2.840.113556.1.4.319"),
            schema: next().into_iter().next(),
            contexts: next(),
        }
    }

    /// The attribute in which an entry holds its own DN, so that several can be asked for at once.
    /// A server that has none of that name finds nobody by it, and they are read one by one.
    pub(super) fn dn_attribute(&self) -> &'static str {
        match self.kind {
            Kind::ActiveDirectory => "distinguishedName",
            // RFC 5020.
            Kind::OpenLdap | Kind::Other => "entryDN",
        }
    }
}

impl Kind {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::ActiveDirectory => "Active Directory",
            Kind::OpenLdap => "OpenLDAP",
            Kind::Other => "an LDAP server of a kind not known here",
        }
    }
}

/// The names and numbers of all attributes of a schema, in lower case. `None` when it is not shown whole.
pub(super) fn attributes_of(schema: Vec<Entry>) -> Option<HashSet<String>> {
    let definitions = values(schema.into_iter().next()?.held.into_iter().next()?);
    let mut names = HashSet::new();
    for definition in &definitions {
        let (oid, rest) =
            definition.trim_start_matches(['(', ' ']).split_once(' ').unwrap_or((definition, ""));
        names.insert(oid.to_ascii_lowercase());
        let Some((_, rest)) = rest.split_once("NAME ") else { continue };
        let rest = rest.trim_start();
        // `NAME 'mail'` or `NAME ( 'mail' 'rfc822Mailbox' )`, and quotes again further on in a description.
        let listed = match rest.strip_prefix('(') {
            Some(list) => list.split(')').next().unwrap_or_default(),
            None => rest.trim_start_matches('\'').split('\'').next().unwrap_or_default(),
        };
        names.extend(
            listed.split(['\'', ' ']).filter(|name| !name.is_empty()).map(str::to_ascii_lowercase),
        );
    }
    (!names.is_empty()).then_some(names)
}

fn values(held: Held) -> Vec<String> {
    match held {
        Held::One(value) => vec![value],
        Held::Several(values) => values,
        Held::Nothing | Held::Unreadable(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(held: Vec<Held>) -> Vec<Entry> {
        vec![Entry { dn: String::new(), held }]
    }

    fn several(values: &[&str]) -> Held {
        Held::Several(values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn kinds_are_told_by_the_root_dse() {
        let capability = several(&["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"]);
        let active = Description::new(entry(vec![Held::Nothing, capability]));
        assert_eq!(
            (active.kind, active.dn_attribute()),
            (Kind::ActiveDirectory, "distinguishedName")
        );
        let open = Description::new(entry(vec![several(&["top", "OpenLDAProotDSE"])]));
        assert_eq!(
            (open.kind, open.dn_attribute(), open.pages),
            (Kind::OpenLdap, "entryDN", false)
        );
        assert_eq!(Description::new(Vec::new()).kind, Kind::Other);
    }

    #[test]
    fn a_schema_names_its_attributes() {
        let names = attributes_of(entry(vec![several(&[
            "( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) DESC 'a NAME (not this)' SYNTAX 1.2 )",
            "( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' DESC 'x' SYNTAX '1.3' )",
            "( 1.2.3 SYNTAX 1.3 )",
        ])]));
        let names = names.unwrap();
        for name in ["mail", "rfc822mailbox", "samaccountname", "1.2.3", "1.2.840.113556.1.4.221"] {
            assert!(names.contains(name), "{name}");
        }
        assert_eq!(names.len(), 6);
        assert_eq!(attributes_of(Vec::new()), None);
    }
}
