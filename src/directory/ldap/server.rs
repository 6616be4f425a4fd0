//! What kind of server this is: its rootDSE and its schema.

use super::decode::SearchEntry;
use super::schema::WantedAttribute;
use super::search::SearchRequest;
use crate::directory::entry::HeldValue;

/// Results on which a description that the server won't give is done without.
const DO_WITHOUT: &[u32] = &[1, 2, 8, 10, 12, 13, 32, 34, 48, 50, 53];

/// What decides how a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerKind {
    ActiveDirectory,
    OpenLdap,
    Other,
}

/// What a server says of itself.
#[derive(Clone, Debug)]
pub(super) struct ServerDescription {
    pub(super) kind: ServerKind,
    /// Whether it sends long answers by pages (RFC 2696).
    pub(super) pages: bool,
    /// Where its schema is.
    pub(super) schema: Option<String>,
    /// The roots of what it holds.
    pub(super) contexts: Vec<String>,
}

/// Attributes of the rootDSE, in the order in which `ServerDescription::new` takes them.
pub(super) fn description_attributes() -> Vec<WantedAttribute> {
    [
        "objectClass",
        "supportedCapabilities",
        "supportedControl",
        "subschemaSubentry",
        "namingContexts",
    ]
    .map(WantedAttribute::plain)
    .to_vec()
}

/// Asks the server for its description.
pub(super) fn ask_description(attributes: &[WantedAttribute]) -> SearchRequest<'_> {
    SearchRequest::entry("", attributes, DO_WITHOUT)
}

/// The attribute of a schema that defines attributes.
pub(super) fn schema_attributes() -> [WantedAttribute; 1] {
    [WantedAttribute::plain("attributeTypes")]
}

/// Asks the server for the attributes its schema defines.
pub(super) fn ask_schema<'a>(dn: &str, attributes: &'a [WantedAttribute]) -> SearchRequest<'a> {
    let filter = "(objectClass=subschema)".to_owned();
    SearchRequest { filter, ..SearchRequest::entry(dn, attributes, DO_WITHOUT) }
}

impl ServerDescription {
    /// From the rootDSE; a server that does not show it is of no known kind.
    pub(super) fn new(entries: Vec<SearchEntry>) -> Self {
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
            ServerKind::ActiveDirectory
        } else if has(&classes, "OpenLDAProotDSE") {
            ServerKind::OpenLdap
        } else {
            ServerKind::Other
        };
        ServerDescription {
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
            ServerKind::ActiveDirectory => "distinguishedName",
            // RFC 5020.
            ServerKind::OpenLdap | ServerKind::Other => "entryDN",
        }
    }
}

impl ServerKind {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            ServerKind::ActiveDirectory => "Active Directory",
            ServerKind::OpenLdap => "OpenLDAP",
            ServerKind::Other => "an LDAP server of a kind not known here",
        }
    }
}

fn values(held: HeldValue) -> Vec<String> {
    held.into_readable()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(held: Vec<HeldValue>) -> Vec<SearchEntry> {
        vec![SearchEntry { dn: Some(String::new()), held }]
    }

    fn several(values: &[&str]) -> HeldValue {
        HeldValue::Several(values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn kinds_are_told_by_the_root_dse() {
        let capability = several(&["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"]);
        let active = ServerDescription::new(entry(vec![HeldValue::Nothing, capability]));
        assert_eq!(
            (active.kind, active.dn_attribute()),
            (ServerKind::ActiveDirectory, "distinguishedName")
        );
        let open = ServerDescription::new(entry(vec![several(&["top", "OpenLDAProotDSE"])]));
        assert_eq!(
            (open.kind, open.dn_attribute(), open.pages),
            (ServerKind::OpenLdap, "entryDN", false)
        );
        assert_eq!(ServerDescription::new(Vec::new()).kind, ServerKind::Other);
    }
}
