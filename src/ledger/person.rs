//! All that the ledger holds of one person: SQL brings what may tell of them, here it is decided.

use anyhow::Context as _;
use serde_json::{Map, Value as Json};

use super::read::EachLedgerEntry;
use super::row::LedgerEntry;
use crate::db::Read;
use crate::schema::is_key_like;
use crate::sql;

/// Hands every change that tells of a person to `each`, run by run, in order.
///
/// # Errors
/// What the database says, classed (`Exit`); what `each` returns.
pub fn each_change_of_person(
    person: &str,
    db: &mut dyn Read,
    each: EachLedgerEntry<'_>,
) -> anyhow::Result<()> {
    db.each(&sql!("ledger/select_person_changes"), &[("person", person.into())], &mut |row| {
        let entry = LedgerEntry::of(row)?;
        if tells_of(&entry, person) { each(&entry) } else { Ok(()) }
    })
    .context("looking for the person's changes")
}

/// Whether a change tells of a person: its key is their id or begins with it, or its row is of their account.
#[must_use]
pub(crate) fn tells_of(entry: &LedgerEntry<'_>, person: &str) -> bool {
    let by_key = is_key_like(person, &entry.change.table_name, &entry.change.row_key);
    let images = entry.image.iter().flat_map(|image| [&image.before, &image.after]);
    by_key
        || images
            .filter_map(|image| serde_json::from_str(image).ok())
            .any(|row| names(&row, person))
}

/// Whether a row says that it is of an account, itself or in the row that it keeps as JSON text.
fn names(row: &Map<String, Json>, person: &str) -> bool {
    row.iter().any(|(column, value)| match (column.as_str(), value) {
        ("USER_ID" | "ROW_KEY", Json::String(text)) => text == person,
        ("USER_ID" | "ROW_KEY", Json::Number(number)) => number.to_string() == person,
        ("EVENT_DETAILS", Json::String(text)) => {
            serde_json::from_str(text).is_ok_and(|row| names(&row, person))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_of_an_account_by_its_id_as_text_or_number_also_in_the_row_that_it_keeps() {
        for (row, is_named) in [
            (r#"{"USER_ID":"7"}"#, true),
            (r#"{"USER_ID":7}"#, true),
            (r#"{"ROW_KEY":7}"#, true),
            (r#"{"EVENT_DETAILS":"{\"USER_ID\":7}"}"#, true),
            (r#"{"USER_ID":77}"#, false),
            (r#"{"USER_ID":"77"}"#, false),
            (r#"{"ID":7}"#, false),
            (r#"{"EVENT_DETAILS":"7"}"#, false),
        ] {
            assert_eq!(names(&serde_json::from_str(row).unwrap(), "7"), is_named, "{row}");
        }
    }
}
