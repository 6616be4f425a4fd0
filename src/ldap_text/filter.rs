//! Search filters (RFC 4515): what is asked of a directory, with every value made harmless.

use std::fmt::Write;

/// Bytes of filter in one search. Sixteen of them in flight stay far below what a socket buffers,
/// so that client and server never wait for each other to read.
const FILTER_BYTES_MAX: usize = 6 * 1024;

/// Appends a value as it may stand in a filter. Escapes what RFC 4515 names, and control characters besides.
fn escape_into(value: &str, filter: &mut String) {
    for c in value.chars() {
        match c {
            '(' | ')' | '*' | '\\' | '\0'..='\x1f' | '\x7f' => {
                // Writing to a String can't fail.
                let _ = write!(filter, "\\{:02x}", c as u32);
            }
            c => filter.push(c),
        }
    }
}

/// A filter for entries that hold any of `values` in `attribute` and pass `also`, itself a filter.
pub(crate) fn any_of<'a>(
    also: Option<&str>,
    attribute: &str,
    values: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut filter = String::with_capacity(1024);
    if let Some(also) = also {
        filter.push_str("(&");
        filter.push_str(also);
    }
    filter.push_str("(|");
    for value in values {
        filter.push('(');
        filter.push_str(attribute);
        filter.push('=');
        escape_into(value, &mut filter);
        filter.push(')');
    }
    filter.push(')');
    if also.is_some() {
        filter.push(')');
    }
    filter
}

/// How many of the next values fit into one filter: at least one, at most `count_max`.
pub(crate) fn fitting<'a>(
    attribute: &str,
    values: impl IntoIterator<Item = &'a str>,
    count_max: usize,
) -> usize {
    let mut bytes = 0;
    let fits = |value: &str| {
        // Escaping makes a byte three at most; nearly all values have nothing to escape.
        bytes += attribute.len() + value.len() + 3;
        bytes <= FILTER_BYTES_MAX
    };
    values.into_iter().take(count_max).map(fits).take_while(|fits| *fits).count().max(1)
}

/// Whether `text` is the name of an attribute, perhaps with options: `mail`, `cn;lang-de`, `2.5.4.3`.
pub(crate) fn is_attribute(text: &str) -> bool {
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default();
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let oid = |part: &str| {
        part.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && word(name);
    (named || oid(name)) && parts.all(word)
}

/// Whether `filter` is a filter as RFC 4515 writes it, in its parentheses, and nothing else.
pub(crate) fn parses(filter: &str) -> bool {
    filter.starts_with('(') && ldap3::parse_filter(filter).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escape(value: &str) -> String {
        let mut escaped = String::new();
        escape_into(value, &mut escaped);
        escaped
    }

    #[test]
    fn what_rfc_4515_names_is_escaped() {
        assert_eq!(escape("a)(x=*"), "a\\29\\28x=\\2a");
        assert_eq!(escape("\\\0"), "\\5c\\00");
        assert_eq!(escape("O'Brien, Žofie & Co"), "O'Brien, Žofie & Co");
    }

    #[test]
    fn one_filter_asks_for_several() {
        assert_eq!(any_of(None, "uid", ["a", "*"]), "(|(uid=a)(uid=\\2a))");
        assert_eq!(any_of(Some("(c=d)"), "uid", ["a"]), "(&(c=d)(|(uid=a)))");
    }

    #[test]
    fn a_filter_stays_small() {
        let long = "x".repeat(1000);
        assert_eq!(fitting("uid", vec![long.as_str(); 50], 50), 6);
        assert_eq!(fitting("uid", ["x".repeat(100_000).as_str()], 50), 1);
        assert_eq!(fitting("uid", vec!["short"; 80], 50), 50);
    }

    #[test]
    fn names_of_attributes_are_told_from_others() {
        for good in ["mail", "msDS-cloudExtensionAttribute1", "cn;lang-de", "2.5.4.3"] {
            assert!(is_attribute(good), "{good}");
        }
        for bad in ["", "a b", "a_b", "*", "mail)", "1a", "mail;", "2.5.", "ä"] {
            assert!(!is_attribute(bad), "{bad}");
        }
    }

    #[test]
    fn filters_are_told_from_others() {
        for good in [
            "(objectClass=user)",
            "(&(objectCategory=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
            "(cn=a\\2ab*)",
        ] {
            assert!(parses(good), "{good}");
        }
        for bad in ["", "objectClass=user", "(a=b", "(a=b)(c=d)", "(a=b))", "()", "(a=\\2)"] {
            assert!(!parses(bad), "{bad}");
        }
    }

    /// The value of a filter `(a=...)`, read back the way a server does.
    fn unescape(text: &str) -> Option<Vec<u8>> {
        let mut bytes = text.bytes();
        let mut value = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => {
                    let hex = [bytes.next()?, bytes.next()?];
                    value.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
                }
                b'(' | b')' | b'*' | 0 => return None,
                byte => value.push(byte),
            }
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn an_escaped_value_reads_back_as_itself(value in any::<String>()) {
            prop_assert_eq!(unescape(&escape(&value)), Some(value.into_bytes()));
        }

        #[test]
        fn no_value_changes_the_shape_of_a_filter(
            values in prop::collection::vec(r"[()*\\|&!=a-c\x00é]{0,12}", 1..6)
        ) {
            let filter = any_of(Some("(objectClass=user)"), "uid", values.iter().map(String::as_str));
            prop_assert_eq!(filter.matches('(').count(), values.len() + 3);
            prop_assert_eq!(filter.matches(')').count(), values.len() + 3);
            prop_assert!(!filter.contains('*'));
            prop_assert!(parses(&filter));
        }
    }
}
