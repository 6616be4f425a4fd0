//! Keys that mean the same access to a person and another to the database.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::Context as _;

use crate::db::{Read, Value};
use crate::sql;
use crate::text::is_blank;

/// A key without blanks, case and leading zeros, as a number: all keys of a table are looked at, none is kept.
pub(crate) fn near_key(user: &Value, location: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in [user, location] {
        let text = part.display();
        let seen = text.chars().filter(|c| !is_blank(*c)).flat_map(char::to_uppercase);
        for c in seen.skip_while(|c| *c == '0') {
            c.hash(&mut hasher);
        }
        '/'.hash(&mut hasher);
    }
    hasher.finish()
}

/// Of these keys, which no mapping row has, those that one has nearly; with how that row writes them. Access that goes
/// with this run (its user and location, as the row has them) is none that is left.
///
/// # Errors
/// What the database says, classed.
pub(super) fn find_near(
    wanted: &HashSet<u64>,
    going: &HashMap<u64, Vec<(Value, Value)>>,
    db: &mut dyn Read,
) -> anyhow::Result<HashMap<u64, String>> {
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    db.each(&sql!("revoke/select_mapping_keys"), &[], &mut |row| {
        let (user, location) = (row.get("USER_ID")?, row.get("RMM_ID")?);
        let key = near_key(user, location);
        let is_row = |(u, l): &(Value, Value)| (u, l) == (user, location);
        let goes = || going.get(&key).is_some_and(|keys| keys.iter().any(is_row));
        if wanted.contains(&key) && !goes() {
            found.entry(key).or_insert_with(|| super::key(user, location));
        }
        Ok(())
    })
    .context("looking for access under keys that are written otherwise")?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_near_but_for_blanks_case_and_leading_zeros() {
        let near = |user: &str, location: &str| near_key(&user.into(), &location.into());
        for (user, location) in [("e1 ", "7"), (" E1", "07"), ("00E1", "7"), ("E\u{a0}1", "7\t")] {
            assert_eq!(near(user, location), near("E1", "7"), "{user:?}/{location:?}");
        }
        for (user, location) in [("E10", "7"), ("E1", "70"), ("E", "17"), ("E17", "")] {
            assert_ne!(near(user, location), near("E1", "7"), "{user:?}/{location:?}");
        }
    }
}
