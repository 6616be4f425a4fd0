//! Values and rows as JSON: what the ledger keeps of a row, and what is hashed.

use super::bind::Bind;
use super::value::{Row, Value};
use crate::text::write_json_text;

impl Value {
    /// Appends the value as JSON; see [`Bind::write_json`].
    pub fn write_json(&self, out: &mut String) {
        Bind::from(self).write_json(out);
    }
}

impl Row {
    /// The columns from `first` on as one JSON object: a row's image, with all its columns.
    #[must_use]
    pub fn image_from(&self, first: usize) -> String {
        self.image(first..self.values.len())
    }

    /// Some neighbouring columns as one JSON object.
    #[must_use]
    pub fn image(&self, places: std::ops::Range<usize>) -> String {
        let mut out = String::with_capacity(32 * places.len());
        let pairs = self.columns[places.clone()].iter().zip(&self.values[places]);
        write_image(pairs.map(|(name, value)| (name.as_str(), Bind::from(value))), &mut out);
        out
    }
}

/// Some columns and their values as one JSON object.
#[must_use]
pub(crate) fn image(pairs: &[(&str, &Value)]) -> String {
    image_of(pairs.iter().map(|(name, value)| (*name, Bind::from(*value))))
}

/// The same, of values as they are bound.
#[must_use]
pub(crate) fn image_of<'a>(pairs: impl Iterator<Item = (&'a str, Bind<'a>)>) -> String {
    let mut out = String::with_capacity(32 * pairs.size_hint().0);
    write_image(pairs, &mut out);
    out
}

fn write_image<'a>(pairs: impl Iterator<Item = (&'a str, Bind<'a>)>, out: &mut String) {
    out.push('{');
    for (at, (name, value)) in pairs.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_json_text(name, out);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}
