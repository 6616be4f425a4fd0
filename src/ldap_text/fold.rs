//! When two texts of a directory are the same: without case, in any Unicode composition, whatever
//! blanks surround them or stand doubled inside (RFC 4518, as `caseIgnoreMatch` applies it).

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// The comparison key of an id: without case, in any composition, without the blanks round it that a column
/// of fixed width adds. Blanks inside count, as accents and zeros do: who differs by them is another.
pub(crate) fn fold_id(id: &str) -> String {
    let id = id.trim();
    if id.is_ascii() {
        return id.to_ascii_lowercase();
    }
    let lower = |c: char| if c == 'ς' { 'σ' } else { c };
    id.nfc().flat_map(char::to_lowercase).map(lower).nfc().collect()
}

/// Appends the comparison key of `text` to `key`: equal keys, same text.
pub(crate) fn fold_into(text: &str, key: &mut String) {
    let start = key.len();
    if is_plain(text) {
        key.push_str(text);
        return key[start..].make_ascii_lowercase();
    }
    let mut push = |c: char| {
        if c != ' ' {
            key.push(c);
        } else if key.len() > start && !key.ends_with(' ') {
            key.push(' ');
        }
    };
    if text.is_ascii() {
        text.bytes().for_each(|byte| push(blank(byte.to_ascii_lowercase() as char)));
    } else if is_composed(text.chars()) && is_composed(text.chars().flat_map(char::to_lowercase)) {
        text.chars().flat_map(char::to_lowercase).for_each(|c| push(blank(c)));
    } else {
        // Composed, lowered, and composed again: lowering may bring a pair that composes.
        // Char by char, because `str::to_lowercase` treats a final sigma by its neighbours.
        text.nfc().flat_map(char::to_lowercase).nfc().for_each(|c| push(blank(c)));
    }
    if key.len() > start && key.ends_with(' ') {
        key.pop();
    }
}

/// Whether only the case of a text can differ from its key's, as of nearly all texts: ASCII, and its blanks single ones inside.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    let single = text.bytes().all(|byte| {
        let good = match byte {
            b' ' => before != b' ',
            b'!'..=b'~' => true,
            _ => false,
        };
        before = byte;
        good
    });
    single && (before != b' ' || text.is_empty())
}

/// Whether composing would change nothing, as far as can be told without trying.
fn is_composed(chars: impl Iterator<Item = char>) -> bool {
    is_nfc_quick(chars) == IsNormalized::Yes
}

fn blank(c: char) -> char {
    match c {
        'ς' => 'σ',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use unicode_normalization::UnicodeNormalization as _;

    use super::{fold_id, fold_into};

    fn fold(text: &str) -> String {
        let mut key = String::new();
        fold_into(text, &mut key);
        key
    }

    #[test]
    fn case_blanks_and_composition_do_not_matter() {
        assert_eq!(fold("  ADA.Lovelace "), "ada.lovelace");
        assert_eq!(fold("Jose\u{301}  \t Z\u{30c}"), "josé ž");
        assert_eq!(fold("ΟΔΥΣΣΕΎΣ"), fold("οδυσσεύς"));
    }

    #[test]
    fn an_id_is_told_from_what_only_looks_like_it() {
        assert_eq!(fold_id(" ADA\t"), "ada");
        assert_eq!(fold_id("Z\u{30c}"), fold_id("ž"));
        for (one, other) in [
            ("muller", "müller"),
            ("7", "007"),
            ("a b", "a  b"),
            ("ss", "ß"),
            ("ada", "ad\u{200b}a"),
        ] {
            assert_ne!(fold_id(one), fold_id(other));
        }
    }

    #[test]
    fn letters_and_accents_do_matter() {
        assert_ne!(fold("aaa"), fold("ååå"));
        assert_ne!(fold("strasse"), fold("straße"));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in any::<String>()) {
            let key = fold(&text);
            prop_assert_eq!(fold(&key), key);
        }

        #[test]
        fn composition_never_matters(text in any::<String>()) {
            prop_assert_eq!(fold(&text.nfd().collect::<String>()), fold(&text));
        }

        #[test]
        fn the_short_way_is_only_shorter(text in "[a-zA-Z .,\\t]{0,8}") {
            let mut key: String = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(fold(&text), key.clone());
            key.insert(0, 'é');
            prop_assert_eq!(fold(&format!("é{}", text.trim())), key);
        }

        #[test]
        fn case_never_matters(text in "[a-zA-Zäöüéčž .-]{0,20}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text.to_lowercase()));
        }
    }
}
