//! From the bytes of a search result to what an entry holds.
//!
//! Done here rather than by `SearchEntry::construct`, which panics on what it does not expect,
//! matches names by case, and does not tell a range of values from all of them.

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};

use super::failure::LdapFailure;
use super::schema::WantedAttribute;
use crate::directory::UnreadableReason;
use crate::directory::entry::{HeldValue, is_blank};

/// One entry of a search result.
#[derive(Debug)]
pub(super) struct SearchEntry {
    /// Nothing when it is bytes that are no text.
    pub(super) dn: Option<String>,
    /// One element for each attribute asked for, in that order.
    pub(super) held: Vec<HeldValue>,
}

impl SearchEntry {
    /// Reads an entry; of the attributes it keeps the `wanted` ones.
    pub(super) fn decode(
        entry: ResultEntry,
        wanted: &[WantedAttribute],
    ) -> Result<Self, LdapFailure> {
        let [dn, attributes] = children(entry.0)?;
        let mut held = vec![HeldValue::Nothing; wanted.len()];
        for attribute in constructed(attributes)? {
            let [name, values] = children(attribute)?;
            // A name that is no text is none that was asked for.
            let Ok(name) = String::from_utf8(bytes(name)?) else { continue };
            for (wanted, held) in wanted.iter().zip(&mut held) {
                if let Some(whole) = answers(&name, wanted) {
                    add(held, constructed(values)?, whole)?;
                    break;
                }
            }
        }
        Ok(SearchEntry { dn: String::from_utf8(bytes(dn)?).ok(), held })
    }

    /// How much text is kept of it.
    pub(super) fn text_bytes(&self) -> usize {
        let values = self.held.iter().flat_map(HeldValue::readable);
        values.map(String::len).sum::<usize>() + self.dn.as_ref().map_or(0, String::len)
    }
}

/// Whether an attribute of an answer, `name`, is the one asked for, and then whether it holds all the values.
/// Other options than a range make it another attribute: `cn;lang-de` is not what `cn` asks for.
fn answers(name: &str, wanted: &WantedAttribute) -> Option<bool> {
    wanted.names().iter().find_map(|wanted| answers_to(name, wanted))
}

fn answers_to(name: &str, wanted: &str) -> Option<bool> {
    if name.eq_ignore_ascii_case(wanted) {
        return Some(true);
    }
    let (head, range) = name.split_at_checked(wanted.len())?;
    if !head.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let range = range
        .get(..7)
        .filter(|option| option.eq_ignore_ascii_case(";range="))
        .and(range.get(7..))?;
    Some(range == "0-*")
}

/// Takes in values. Blank ones are none.
fn add(held: &mut HeldValue, values: Vec<StructureTag>, whole: bool) -> Result<(), LdapFailure> {
    if !whole {
        let before = std::mem::replace(held, HeldValue::Nothing);
        *held = HeldValue::Unreadable(UnreadableReason::Ranged, before.into_readable());
    }
    for value in values {
        let value = match String::from_utf8(bytes(value)?) {
            Ok(value) if is_blank(&value) => continue,
            value => value,
        };
        *held = match (std::mem::replace(held, HeldValue::Nothing), value) {
            (held, Err(_)) => HeldValue::Unreadable(UnreadableReason::Binary, held.into_readable()),
            (HeldValue::Unreadable(why, mut values), Ok(value)) => {
                values.push(value);
                HeldValue::Unreadable(why, values)
            }
            (HeldValue::Nothing, Ok(value)) => HeldValue::One(value),
            (HeldValue::One(first), Ok(value)) => HeldValue::Several(vec![first, value]),
            (HeldValue::Several(mut values), Ok(value)) => {
                values.push(value);
                HeldValue::Several(values)
            }
        };
    }
    Ok(())
}

fn constructed(tag: StructureTag) -> Result<Vec<StructureTag>, LdapFailure> {
    match tag.payload {
        PL::C(children) => Ok(children),
        PL::P(_) => Err(malformed()),
    }
}

fn children(tag: StructureTag) -> Result<[StructureTag; 2], LdapFailure> {
    constructed(tag)?.try_into().map_err(|_| malformed())
}

fn bytes(tag: StructureTag) -> Result<Vec<u8>, LdapFailure> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err(malformed()),
    }
}

fn malformed() -> LdapFailure {
    LdapFailure::again("the server sent an entry that can't be read")
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;

    use super::*;

    fn octets(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn sequence(children: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(children) }
    }

    fn held(attributes: &[(&str, &[&[u8]])], wanted: &[&str]) -> Vec<HeldValue> {
        let attributes = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| octets(value)).collect();
            sequence(vec![octets(name.as_bytes()), sequence(values)])
        });
        let entry = sequence(vec![octets(b"CN=Ada,DC=x"), sequence(attributes.collect())]);
        let wanted: Vec<WantedAttribute> =
            wanted.iter().map(|name| WantedAttribute::named(name, None)).collect();
        let entry = SearchEntry::decode(ResultEntry::new(entry), &wanted).unwrap();
        assert_eq!(entry.dn.as_deref(), Some("CN=Ada,DC=x"));
        entry.held
    }

    fn one(text: &str) -> HeldValue {
        HeldValue::One(text.into())
    }

    #[test]
    fn names_of_attributes_have_no_case() {
        let found = held(
            &[("sAMAccountName", &[b"ada"]), ("MAIL", &[b"a@x"])],
            &["mail", "SAMACCOUNTNAME"],
        );
        assert_eq!(found, [one("a@x"), one("ada")]);
    }

    #[test]
    fn several_values_are_all_kept() {
        let found = held(&[("mail", &[b"a@x", b"b@x"])], &["mail", "manager"]);
        assert_eq!(
            found,
            [HeldValue::Several(vec!["a@x".into(), "b@x".into()]), HeldValue::Nothing]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(
            held(&[("cn", &[b"ok", b"\xff\xfe"])], &["cn"]),
            [HeldValue::Unreadable(UnreadableReason::Binary, vec!["ok".into()])]
        );
    }

    #[test]
    fn a_range_of_values_is_refused_unless_it_holds_them_all() {
        let ranged = |values: &[&str]| {
            let values = values.iter().map(ToString::to_string).collect();
            [HeldValue::Unreadable(UnreadableReason::Ranged, values)]
        };
        assert_eq!(
            held(&[("manager;range=0-1", &[b"CN=a", b"CN=b"])], &["Manager"]),
            ranged(&["CN=a", "CN=b"])
        );
        assert_eq!(
            held(&[("manager", &[]), ("manager;range=0-0", &[b"CN=a"])], &["manager"]),
            ranged(&["CN=a"])
        );
        assert_eq!(held(&[("manager;Range=0-*", &[b"CN=a"])], &["manager"]), [one("CN=a")]);
    }

    #[test]
    fn other_options_make_another_attribute() {
        let attributes: &[(&str, &[&[u8]])] =
            &[("cn;lang-de", &[b"Ada DE"]), ("cn", &[b"Ada"]), ("cnx", &[b"?"])];
        assert_eq!(held(attributes, &["cn"]), [one("Ada")]);
        assert_eq!(held(attributes, &["cn;LANG-de"]), [one("Ada DE")]);
    }

    #[test]
    fn what_is_no_entry_is_an_error_and_no_panic() {
        for tag in [octets(b"x"), sequence(vec![]), sequence(vec![octets(b"x"), octets(b"y")])] {
            assert!(SearchEntry::decode(ResultEntry::new(tag), &[]).is_err());
        }
    }

    #[test]
    fn blank_values_are_none() {
        assert_eq!(
            held(&[("cn", &[b" ", b"", "\u{200b}".as_bytes()])], &["cn"]),
            [HeldValue::Nothing]
        );
        assert_eq!(held(&[("cn", &[b" ", b" Ada "])], &["cn"]), [one(" Ada ")]);
    }

    #[test]
    fn a_name_that_is_no_text_spoils_that_entry_alone() {
        let dn = sequence(vec![octets(b"CN=\xff"), sequence(vec![])]);
        let entry = SearchEntry::decode(ResultEntry::new(dn), &[]).unwrap();
        assert_eq!(entry.dn, None);
    }
}
