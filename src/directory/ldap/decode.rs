//! From the bytes of a search result to what an entry holds.
//!
//! Done here rather than by `SearchEntry::construct`, which panics on what it does not expect,
//! matches names by case, and does not tell a range of values from all of them.

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};

use super::super::entry::{Held, Why};
use super::failure::Failure;

/// One entry of a search result.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) dn: String,
    /// One element for each attribute asked for, in that order.
    pub(super) held: Vec<Held>,
}

impl Entry {
    /// Reads an entry; of the attributes it keeps the `wanted` ones.
    pub(super) fn decode(entry: ResultEntry, wanted: &[String]) -> Result<Self, Failure> {
        let [dn, attributes] = children(entry.0)?;
        let mut held = vec![Held::Nothing; wanted.len()];
        for attribute in constructed(attributes)? {
            let [name, values] = children(attribute)?;
            let name = text(name)?;
            for (wanted, held) in wanted.iter().zip(&mut held) {
                if let Some(whole) = answers(&name, wanted) {
                    add(held, constructed(values)?, whole)?;
                    break;
                }
            }
        }
        Ok(Entry { dn: text(dn)?, held })
    }
}

/// Whether an attribute of an answer, `name`, is the one asked for, and then whether it holds all the values.
/// Other options than a range make it another attribute: `cn;lang-de` is not what `cn` asks for.
fn answers(name: &str, wanted: &str) -> Option<bool> {
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

fn add(held: &mut Held, values: Vec<StructureTag>, whole: bool) -> Result<(), Failure> {
    if !whole {
        *held = Held::Unreadable(Why::Ranged);
    }
    for value in values {
        let value = String::from_utf8(bytes(value)?);
        *held = match (std::mem::replace(held, Held::Nothing), value) {
            (Held::Unreadable(why), _) => Held::Unreadable(why),
            (_, Err(_)) => Held::Unreadable(Why::Binary),
            (Held::Nothing, Ok(value)) => Held::One(value),
            (Held::One(first), Ok(value)) => Held::Several(vec![first, value]),
            (Held::Several(mut values), Ok(value)) => {
                values.push(value);
                Held::Several(values)
            }
        };
    }
    Ok(())
}

fn constructed(tag: StructureTag) -> Result<Vec<StructureTag>, Failure> {
    match tag.payload {
        PL::C(children) => Ok(children),
        PL::P(_) => Err(malformed()),
    }
}

fn children(tag: StructureTag) -> Result<[StructureTag; 2], Failure> {
    constructed(tag)?.try_into().map_err(|_| malformed())
}

fn bytes(tag: StructureTag) -> Result<Vec<u8>, Failure> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err(malformed()),
    }
}

fn text(tag: StructureTag) -> Result<String, Failure> {
    String::from_utf8(bytes(tag)?).map_err(|_| malformed())
}

fn malformed() -> Failure {
    Failure::again("the server sent an entry that can't be read")
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

    fn held(attributes: &[(&str, &[&[u8]])], wanted: &[&str]) -> Vec<Held> {
        let attributes = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| octets(value)).collect();
            sequence(vec![octets(name.as_bytes()), sequence(values)])
        });
        let entry = sequence(vec![octets(b"CN=Ada,DC=x"), sequence(attributes.collect())]);
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let entry = Entry::decode(ResultEntry::new(entry), &wanted).unwrap();
        assert_eq!(entry.dn, "CN=Ada,DC=x");
        entry.held
    }

    fn one(text: &str) -> Held {
        Held::One(text.into())
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
        assert_eq!(found, [Held::Several(vec!["a@x".into(), "b@x".into()]), Held::Nothing]);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(
            held(&[("cn", &[b"ok", b"\xff\xfe"])], &["cn"]),
            [Held::Unreadable(Why::Binary)]
        );
    }

    #[test]
    fn a_range_of_values_is_refused_unless_it_holds_them_all() {
        let ranged = [Held::Unreadable(Why::Ranged)];
        assert_eq!(held(&[("manager;range=0-1", &[b"CN=a", b"CN=b"])], &["Manager"]), ranged);
        assert_eq!(
            held(&[("manager", &[]), ("manager;range=0-0", &[b"CN=a"])], &["manager"]),
            ranged
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
            assert!(Entry::decode(ResultEntry::new(tag), &["cn".into()]).is_err());
        }
        let dn = sequence(vec![octets(b"CN=\xff"), sequence(vec![])]);
        assert!(Entry::decode(ResultEntry::new(dn), &[]).is_err());
    }
}
