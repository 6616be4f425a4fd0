//! The bytes that the ledger's hashes are taken over. `sql/ledger/README.md` writes them down for
//! everybody; `tests/` holds a script in another language that follows it.
//!
//! A field is a netstring: its length in bytes in decimal, `:`, its UTF-8 bytes, `,`. NULL is `-`.
//! What is hashed is the fields of a record in a fixed order, behind a tag that names the record.

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest as _, Sha256};

/// PREVIOUS_SHA256 of the first run of a ledger.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A SHA-256 in lower-case hexadecimal: ASCII digits.
pub(crate) type Hex = [u8; 64];

/// A hash under way.
#[derive(Clone)]
pub struct Canonical(Sha256);

impl Canonical {
    /// Begins a record of the given kind: `recert-run-1`, `recert-change-1` or `recert-image-1`.
    #[must_use]
    pub fn begin(tag: &str) -> Self {
        let mut canonical = Canonical(Sha256::new());
        canonical.text(tag);
        canonical
    }

    /// One field.
    pub fn text(&mut self, text: &str) {
        let mut digits = [b':'; 21];
        let begin = 20 - decimal(text.len() as u64, &mut digits[..20]).len();
        self.0.update(&digits[begin..]);
        self.0.update(text.as_bytes());
        self.0.update(b",");
    }

    /// One field that may be NULL, which empty text is, as on Oracle.
    pub fn text_or_null(&mut self, text: &str) {
        if text.is_empty() { self.0.update(b"-") } else { self.text(text) }
    }

    /// The hash of all fields.
    #[must_use]
    pub fn finish(self) -> Hex {
        hex_of(&self.finish_raw())
    }

    /// The same, as the bytes that it is.
    #[must_use]
    pub(super) fn finish_raw(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// A hash in hexadecimal.
pub(super) fn hex_of(hash: &[u8; 32]) -> Hex {
    let mut hex = [0; 64];
    write_hex(hash, &mut hex);
    hex
}

/// Writes bytes in lower-case hexadecimal: two digits a byte.
pub(crate) fn write_hex(bytes: &[u8], hex: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(hex.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
}

/// A number in decimal, at the end of `digits`.
pub(crate) fn decimal(mut n: u64, digits: &mut [u8]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return &digits[at..];
        }
    }
}

/// A day as it is hashed.
#[must_use]
pub fn day(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// A moment as it is hashed: UTC, always with six digits of a second.
#[must_use]
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// SHA-256 of an image: over its salt and both sides of it.
#[must_use]
pub fn image_sha256(salt: &str, before: Option<&str>, after: Option<&str>) -> Hex {
    let mut canonical = Canonical::begin("recert-image-1");
    canonical.text(salt);
    canonical.text_or_null(before.unwrap_or_default());
    canonical.text_or_null(after.unwrap_or_default());
    canonical.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_hashed_over_the_bytes_that_are_written_down() {
        let mut canonical = Canonical::begin("recert-image-1");
        canonical.text("é");
        canonical.text_or_null("");
        canonical.text_or_null("x");
        let expected = crate::text::hex(&Sha256::digest("14:recert-image-1,2:é,-1:x,".as_bytes()));
        assert_eq!(std::str::from_utf8(&canonical.finish()).unwrap(), expected);
    }
}
