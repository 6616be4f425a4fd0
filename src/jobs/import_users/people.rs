//! The file, read for the second time: only the rows that make a new person, or change one, are kept.

use std::collections::HashSet;

use super::changes::{ChangedPerson, PersonChanges};
use super::identities::{StoredIdentities, generated_id};
use super::roster::FileRoster;
use crate::db::Row;
use crate::fingerprint::FingerprintMap;
use crate::import::args::ImportArgs;
use crate::import::{DeliveredPerson, PeopleLine, PersonColumn, fields, people};
use crate::plan::Plan;

/// A new person without an id of their own that is free.
struct UnnamedPerson(Box<DeliveredPerson>);

/// What the second reading noticed.
#[derive(Default)]
pub(super) struct NoticedChanges {
    /// Who changed their business unit or cost centre.
    pub(super) moved: HashSet<String>,
    /// How many got another name, personnel number or cost centre.
    pub(super) n_others: u64,
}

/// Plans new and changed people.
///
/// # Errors
/// `Exit::BadInput`: the file is another than a moment ago; what the database says.
pub(super) fn read(
    args: &ImportArgs,
    roster: &FileRoster,
    changed: Vec<ChangedPerson>,
    changes: &mut PersonChanges,
    plan: &mut Plan,
) -> anyhow::Result<NoticedChanges> {
    let mut noticed = NoticedChanges::default();
    if changed.is_empty() && !roster.creates_any() {
        return Ok(noticed);
    }
    let source = args.source()?;
    let mut changed = changed.into_iter().peekable();
    let mut new_ids = FingerprintMap::default();
    let mut unnamed = Vec::new();
    let why = "in the file, and not yet there";
    let mut at = 0;
    let mut lines = people(source.read(), &source.name)?;
    lines.hold_to(roster.limits);
    for line in lines {
        let PeopleLine::Person(person) = line? else { continue };
        let identity = roster.stored.judge(&person);
        if identity.is_of_two {
            continue;
        }
        let row = roster.row(at).ok_or_else(|| source.changed())?;
        while let Some(stored) = changed.next_if(|stored| stored.at == at) {
            let columns = changes.update(&stored, &person, &roster.compare)?;
            noticed.add(&stored.row, &person, &columns)?;
        }
        if row.creates() {
            match person.id().filter(|_| !row.is_id_taken()) {
                Some(id) => {
                    changes.insert(&person, id, why, &roster.compare);
                    new_ids.insert(identity.id, ());
                }
                None => unnamed.push(UnnamedPerson(person)),
            }
        }
        at += 1;
    }
    let why_other = "in the file, and not yet there; its id is known with another mail address";
    for UnnamedPerson(person) in unnamed {
        let id = free_id(person.email(), &roster.stored, &mut new_ids);
        if !roster.holds_made_ids {
            let told = "PM_USER.ID has no room for the id that would be made of the mail address: not created";
            plan.find("unreadable", id.as_str(), told);
            continue;
        }
        if let Some(known) = person.id() {
            let told = format!(
                "id `{known}` is known with another mail address: another person, created as `{id}`"
            );
            plan.find("other_person", id.as_str(), told);
        }
        let why = if person.id().is_some() { why_other } else { why };
        changes.insert(&person, &id, why, &roster.compare);
    }
    Ok(noticed)
}

impl NoticedChanges {
    fn add(
        &mut self,
        stored: &Row,
        person: &DeliveredPerson,
        columns: &[PersonColumn],
    ) -> anyhow::Result<()> {
        let mut is_other = false;
        for column in columns {
            let before = stored.text_opt(column.sql_name())?;
            is_other |= match column {
                PersonColumn::FirstName
                | PersonColumn::LastName
                | PersonColumn::PersonnelNumber => before.is_some(),
                PersonColumn::CostCenter => {
                    before.is_some() && is_other_center(before.as_deref(), person)
                }
                _ => false,
            };
            let has_moved = match column {
                PersonColumn::BusinessUnit => true,
                PersonColumn::CostCenter => is_other_center(before.as_deref(), person),
                _ => false,
            };
            if has_moved {
                self.moved.insert(stored.text("ID")?);
            }
        }
        self.n_others += u64::from(is_other);
        Ok(())
    }
}

/// Whether the cost centre is another one, and not the same in another dress (`12345678.0`, as it was taken once).
fn is_other_center(before: Option<&str>, person: &DeliveredPerson) -> bool {
    let before = before.and_then(|before| fields::cost_center(before.trim()));
    before != person.text(PersonColumn::CostCenter)
}

/// The first id made of a mail address that nobody has: neither in PM_USER nor among the new people.
fn free_id(email: &str, stored: &StoredIdentities, new_ids: &mut FingerprintMap<()>) -> String {
    let mut attempt = 1;
    loop {
        let id = generated_id(email, attempt);
        let key = stored.keys.id(&id);
        if !stored.has_id(&id) && new_ids.insert(key, ()).is_none() {
            return id;
        }
        attempt += 1;
    }
}
