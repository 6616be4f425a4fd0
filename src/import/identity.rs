//! What makes an id or a mail address somebody's: a character that nobody sees must make nobody new (section 8).

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::text::{is_blank, is_invisible};

/// What [`is_sound`] takes, for messages.
pub(super) const SOUND_ID: &str =
    "an id on one line, without invisible characters, and without quotes round it";

/// The form in which ids and mail addresses are compared: NFC.
#[must_use]
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// Whether an id or a mail address is all that can be seen of it.
pub(super) fn is_sound(text: &str) -> bool {
    let is_quoted = text.starts_with(is_quote) || text.ends_with(is_quote);
    if text.is_ascii() {
        return !is_quoted && !text.bytes().any(|byte| byte.is_ascii_control());
    }
    !is_quoted && !text.contains(|c: char| c.is_control() || is_invisible(c))
}

/// What an unsound id or mail address was probably meant to be: whose row it is, is looked for by that.
pub(super) fn mended(text: &str) -> String {
    let visible: String = text.nfc().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    visible.trim_matches(|c: char| is_quote(c) || c.is_whitespace()).to_owned()
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '´' | '«' | '»' | '‹' | '›' | '\u{2018}'..='\u{201f}' | '＂' | '＇'
    )
}

/// A name without case, blanks and invisible characters: two that differ in nothing else are one name, mistyped.
pub(super) fn skeleton(name: &str) -> String {
    name.nfc().filter(|c| !is_blank(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether two texts are the same words: without case, any run of blanks being one blank.
///
/// An invisible character may stand where a blank was, or inside a word: either is let pass.
#[must_use]
pub(crate) fn are_same_words(text: &str, words: &str) -> bool {
    let same = |text: &str| {
        let lower = |word: &str| word.to_lowercase();
        text.split_whitespace().map(lower).eq(words.split_whitespace().map(lower))
    };
    if text.is_ascii() {
        return same(text);
    }
    let without: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let blanks = text.replace(is_invisible, " ");
    same(&without) || same(&blanks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_holds_nothing_invisible_and_no_quotes_round_it() {
        for sound in ["U1", "o'brien@example.org", "žofie@bücher.example", "U 1"] {
            assert!(is_sound(sound), "{sound}");
        }
        for c in [
            '\u{200b}',
            '\u{2060}',
            '\u{feff}',
            '\u{ad}',
            '\u{200e}',
            '\u{202e}',
            '\u{e0001}',
            '\0',
            '\n',
        ] {
            let text = format!("an{c}na@x");
            assert!(!is_sound(&text), "{text:?}");
            assert_eq!(mended(&text), "anna@x");
        }
        for text in ["'anna@x'", "anna@x'", "„anna@x“", "'4711", "«U1»"] {
            assert!(!is_sound(text), "{text}");
        }
        assert_eq!(mended("„anna@x“ "), "anna@x");
        assert_eq!(mended("z\u{30c}ofie@x"), "žofie@x");
    }

    #[test]
    fn words_are_the_same_without_case_and_whatever_the_blanks() {
        for text in [
            "Freier Mitarbeiter",
            "freier\u{a0}mitarbeiter",
            " FREIER  Mitarbeiter",
            "Frei\u{ad}er Mitarbeiter",
            "Freier\u{200b}Mitarbeiter",
        ] {
            assert!(are_same_words(text, "Freier Mitarbeiter"), "{text:?}");
        }
        for text in ["FreierMitarbeiter", "Freier Mitarbeiterin", "", "Mitarbeiter"] {
            assert!(!are_same_words(text, "Freier Mitarbeiter"), "{text}");
        }
    }
}
