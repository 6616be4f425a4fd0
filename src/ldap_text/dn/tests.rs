use proptest::prelude::*;

use super::key;

#[track_caller]
fn same(one: &str, other: &str) {
    assert!(key(one).is_some(), "{one} is a DN");
    assert_eq!(key(one), key(other), "{one} and {other}");
}

#[track_caller]
fn different(one: &str, other: &str) {
    assert_ne!(key(one), key(other), "{one} and {other}");
}

#[test]
fn case_and_blanks_round_separators_do_not_matter() {
    same("CN=Ada,OU=Staff,DC=corp,DC=example", "cn = ada , ou=STAFF, Dc=corp,dc=Example ");
    same("CN=Ada  Lovelace,DC=x", "CN=ada lovelace,DC=x");
    same("CN=Ada;DC=x", "CN=Ada,DC=x");
}

#[test]
fn every_way_to_escape_is_the_same() {
    same(r"CN=Smith\, John,DC=x", r"cn=Smith\2C John,dc=x");
    same(r"CN=Smith\, John,DC=x", r#"cn="Smith, John",dc=x"#);
    same(r"CN=a\+b\=c\\d\#e\;f,DC=x", r"CN=a\2bb\3Dc\5cd\23e\3bf,DC=x");
    same(r"CN=\#1,DC=x", r"CN=\231,DC=x");
    same(r"CN=Lu\C4\8Di\C4\87,DC=x", "CN=LUČIĆ,DC=x");
    same("CN=Luc\u{30c}ic\u{301},DC=x", "CN=Lučić,DC=x");
    same(r"CN=O\'Brien,DC=x", "CN=O'Brien,DC=x");
}

#[test]
fn blanks_that_are_escaped_are_insignificant_too() {
    same(r"CN=\ Ada\ ,DC=x", "CN=Ada,DC=x");
    same(r"CN=Ada\20,DC=x", "CN=Ada ,DC=x");
    same(r"DC=x,CN=Ada\ ", "DC=x,CN=Ada ");
}

#[test]
fn hexadecimal_values_are_read() {
    same("CN=#04024869,DC=x", "CN=hi,DC=x");
    same("CN=#0c024869 , DC=x", "CN=HI,DC=x");
    same("CN=#0C81024869,DC=x", "CN=hi,DC=x");
    same("1.3.6.1.4.1.1466.0=#04024869,DC=x", "1.3.6.1.4.1.1466.0=Hi,DC=x");
    different("CN=#0304024869,DC=x", "CN=hi,DC=x");
    same("CN=#0304024869,DC=x", "cn=#0304024869,dc=X");
    different("CN=#0304024869,DC=x", r"CN=\#0304024869,DC=x");
}

#[test]
fn the_parts_of_an_rdn_come_in_any_order() {
    same("CN=Ada+UID=7,DC=x", "uid=7 + cn=ada,dc=x");
    same("CN=Ada+L=B+UID=7,DC=x", "uid=7+L=b+cn=ada,dc=x");
    different("CN=Ada+UID=7,DC=x", r"CN=Ada\+UID=7,DC=x");
}

#[test]
fn a_type_may_be_written_as_a_number() {
    same("2.5.4.3=Ada,0.9.2342.19200300.100.1.25=x", "CN=Ada,DC=x");
    same("OID.2.5.4.3=Ada,DC=x", "CN=Ada,DC=x");
}

#[test]
fn different_entries_stay_different() {
    different("CN=Ada,DC=x", "CN=Ada,DC=y");
    different("CN=Ada,DC=x", "UID=Ada,DC=x");
    different(r"CN=a\,DC=b,DC=x", "CN=a,DC=b,DC=x");
    different("CN=Ada,OU=a,OU=b,DC=x", "CN=Ada,OU=b,OU=a,DC=x");
    different("CN=Jose,DC=x", "CN=José,DC=x");
}

#[test]
fn what_is_no_dn_has_no_key() {
    for text in
        ["Ada", "CN", "=x", "CN=a,", "CN=a,,DC=x", r"CN=a\", r"CN=a\4", "CN=#4", "CN=#zz", "a b=c"]
    {
        assert_eq!(key(text), None, "{text}");
    }
    assert_eq!(key(r#"CN="a"#), None);
    assert_eq!(key(r#"CN="a"b,DC=x"#), None);
    assert_eq!(key(""), Some(String::new()));
    assert_eq!(key("CN=,DC=x"), Some("cn=,dc=x".into()), "a value may be empty");
}

/// How a value may be written in a DN.
fn spelled(value: &str, style: u8) -> String {
    match style % 3 {
        0 => value.bytes().map(|byte| format!("\\{byte:02X}")).collect(),
        1 => value
            .chars()
            .map(|c| match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' | '#' | ' ' => format!("\\{c}"),
                c => c.to_string(),
            })
            .collect(),
        _ => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = key(&text);
    }

    #[test]
    fn no_nasty_text_makes_it_panic(text in r#"[a=,+;\\" #0-9A-Fé]{0,24}"#) {
        let _ = key(&text);
    }

    #[test]
    fn a_name_has_one_key_however_it_is_written(
        values in prop::collection::vec(r#"[a-zA-Z ,+;=#\\"<>'čß0-9]{1,12}"#, 1..5),
        styles in any::<[u8; 10]>(),
    ) {
        let write = |styles: &[u8], comma: &str| {
            let parts = values.iter().zip(styles).map(|(value, style)| {
                format!("{}={}", if style % 2 == 0 { "CN" } else { "cn" }, spelled(value, *style))
            });
            parts.collect::<Vec<_>>().join(comma)
        };
        let (one, other) = (write(&styles[..5], ","), write(&styles[5..], " , "));
        prop_assert!(key(&one).is_some());
        prop_assert_eq!(key(&one), key(&other));
    }

    #[test]
    fn a_key_is_its_own_key(text in r#"CN=[a-zA-Z ,+;\\"čß0-9]{1,12}(,(OU|2\.5\.4\.3)=[a-z+]{1,3}){0,3}"#) {
        if let Some(once) = key(&text) {
            prop_assert_eq!(key(&once), Some(once));
        }
    }

    #[test]
    fn different_values_have_different_keys(one in r"[a-c,+=\\#]{1,6}", other in r"[a-c,+=\\#]{1,6}") {
        let named = |value: &str| key(&format!("CN={},DC=x", spelled(value, 1)));
        prop_assert_eq!(named(&one) == named(&other), one == other);
    }
}
