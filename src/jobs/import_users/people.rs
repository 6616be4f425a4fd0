//! The file, read for the second time: only the rows that make a new person, or change one, are kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use uuid::Uuid;

use super::changes::{MarkReason, PersonChanges};
use super::roster::{Roster, RosterRow};
use super::stored::ChangedPerson;
use crate::import::args::ImportArgs;
use crate::import::{DeliveredPerson, PeopleLine, PersonColumn, people};
use crate::jobs::World;
use crate::plan::Plan;
use crate::sql;

/// The namespace of generated ids: recert's own, and never to be changed, because a plan made again must be the same.
///
/// An id is the UUIDv5 (RFC 9562) of a person's mail address in lower case; should somebody have it already, of the
/// address and a number behind a line break, from 2 on.
const ID_NAMESPACE: Uuid = Uuid::from_u128(0x3d1f_0c52_7a6b_4b1e_9c55_2f0a_8e64_d7b1);

/// A new person without an id that is free.
struct UnnamedPerson {
    person: Box<DeliveredPerson>,
    goes: Option<MarkReason>,
    /// How many ids were tried in vain.
    n_tried: u32,
    id: String,
}

/// Plans new and changed people, and returns the ids of those who changed their business unit or cost centre.
///
/// # Errors
/// `Exit::BadInput`: the file is another than a moment ago; what the database says.
pub(super) fn read(
    args: &ImportArgs,
    roster: &Roster,
    changed: Vec<ChangedPerson>,
    mut purged: Purged,
    changes: &mut PersonChanges,
    world: &mut World<'_>,
    plan: &mut Plan,
) -> anyhow::Result<HashSet<String>> {
    let mut moved = HashSet::new();
    if changed.is_empty() && !roster.creates_any() {
        return Ok(moved);
    }
    let source = args.source()?;
    let mut changed = changed.into_iter().peekable();
    let mut new_ids = HashSet::new();
    let mut nameless = Vec::new();
    let why: Arc<str> = "in the file, and not yet there".into();
    let mut at = 0;
    for line in people(source.read(), &source.name)? {
        let PeopleLine::Person(person) = line? else { continue };
        let entry = roster.entry(at).ok_or_else(|| source.changed())?;
        while let Some(stored) = changed.next_if(|stored| stored.at == at) {
            let columns =
                changes.update(&stored.row, &person, roster.compare.columns(), stored.mark)?;
            if columns
                .iter()
                .any(|c| matches!(c, PersonColumn::BusinessUnit | PersonColumn::CostCenter))
            {
                moved.insert(stored.row.text("ID")?);
            }
        }
        if entry.creates() {
            let goes = goes_at_once(entry, &person);
            let own_id = person.id().filter(|_| !entry.is_id_taken());
            if goes.is_some() && purged.contains(own_id, &person, world)? {
                let id = own_id.map_or_else(|| generated_id(person.email(), 1), str::to_owned);
                plan.find(
                    "not_created",
                    id,
                    "was purged, and would be marked for deletion at once",
                );
                at += 1;
                continue;
            }
            match own_id {
                Some(id) => {
                    changes.insert(&person, id, &why, goes);
                    new_ids.insert(id.to_owned());
                }
                None => nameless.push(UnnamedPerson::new(person, goes)),
            }
        }
        at += 1;
    }
    name(&mut nameless, new_ids, world)?;
    let why_other: Arc<str> =
        "in the file, and not yet there; its id is known with another mail address".into();
    for UnnamedPerson { person, goes, id, .. } in nameless {
        match person.id() {
            Some(known) => {
                let told = format!(
                    "id `{known}` is known with another mail address: another person, created as `{id}`"
                );
                plan.find("other_person", id.as_str(), told);
                changes.insert(&person, &id, &why_other, goes);
            }
            None => changes.insert(&person, &id, &why, goes),
        }
    }
    Ok(moved)
}

/// Who was purged, now or before; the ledger is read when somebody is asked about.
///
/// A person who has to go is purged and may still be delivered for years: to create them anew each time would
/// bring back, and mark again, whom the grace let go.
pub(super) struct Purged {
    ids: HashSet<String>,
    is_read: bool,
}

impl Purged {
    /// Those whom this run purges.
    pub(super) fn with(ids: HashSet<String>) -> Self {
        Purged { ids, is_read: false }
    }

    fn contains(
        &mut self,
        own_id: Option<&str>,
        person: &DeliveredPerson,
        world: &mut World<'_>,
    ) -> anyhow::Result<bool> {
        if !self.is_read {
            let rows = world.db.rows(&sql!("import/select_purged"), &[]);
            for row in rows.context("looking for people who were purged")? {
                self.ids.insert(row.text("ROW_KEY")?);
            }
            self.is_read = true;
        }
        Ok(match own_id {
            Some(id) => self.ids.contains(id),
            None => self.ids.contains(&generated_id(person.email(), 1)),
        })
    }
}

/// Why a new person is marked for deletion as they come.
fn goes_at_once(entry: &RosterRow, person: &DeliveredPerson) -> Option<MarkReason> {
    if entry.has_left() {
        Some(MarkReason::Left(person.leaving_date))
    } else if entry.is_freelance() {
        Some(MarkReason::Freelance)
    } else {
        None
    }
}

impl UnnamedPerson {
    fn new(person: Box<DeliveredPerson>, goes: Option<MarkReason>) -> UnnamedPerson {
        let id = generated_id(person.email(), 1);
        UnnamedPerson { person, goes, n_tried: 0, id }
    }

    fn try_another(&mut self) {
        self.n_tried += 1;
        self.id = generated_id(self.person.email(), self.n_tried + 1);
    }
}

fn generated_id(email: &str, attempt: u32) -> String {
    let email = email.to_lowercase();
    let name = if attempt == 1 { email } else { format!("{email}\n{attempt}") };
    Uuid::new_v5(&ID_NAMESPACE, name.as_bytes()).to_string()
}

/// Tries other ids until nobody has them: neither in PM_USER nor among the new people.
fn name(
    nameless: &mut [UnnamedPerson],
    mut new_ids: HashSet<String>,
    world: &mut World<'_>,
) -> anyhow::Result<()> {
    let mut open: Vec<usize> = (0..nameless.len()).collect();
    while !open.is_empty() {
        let mut wanted: HashMap<String, bool> =
            open.iter().map(|at| (nameless[*at].id.clone(), false)).collect();
        world
            .db
            .each(&sql!("import/select_user_ids"), &[], &mut |row| {
                if let Some(taken) = wanted.get_mut(&row.text("ID")?) {
                    *taken = true;
                }
                Ok(())
            })
            .context("looking for ids that are free")?;
        open.retain(|at| {
            let person = &mut nameless[*at];
            let is_stored = wanted.get(&person.id).copied().unwrap_or_default();
            let is_free = !is_stored && new_ids.insert(person.id.clone());
            if !is_free {
                person.try_another();
            }
            !is_free
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::generated_id;

    #[test]
    fn a_generated_id_is_the_same_today_and_tomorrow_and_in_any_case() {
        let id = generated_id("Anna@Example.org", 1);
        assert_eq!(id, generated_id("anna@example.org", 1));
        assert_ne!(id, generated_id("anna@example.org", 2));
        assert_eq!(id, "bf22d93e-5bd3-5d2b-af1b-bcd5612eb209");
    }
}
