//! The file, read for the first time: of each row just enough to find its person in PM_USER, to see whether anything
//! differs, and to decide who goes. Memory: 48 bytes a row, and two table places of 4 bytes.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use anyhow::Context as _;
use hashbrown::HashTable;

use super::compare::PersonCompare;
use super::rejected::RejectedPeople;
use crate::import::args::{ImportArgs, find_unknown};
use crate::import::{DeliveredPerson, PeopleLine, PersonColumn, people};
use crate::jobs::World;
use crate::plan::Plan;
use crate::sql;

/// EMPLOYEE_GROUP of people who are marked for deletion.
pub(super) const FREELANCE: &str = "Freier Mitarbeiter";

/// An id or a mail address, hashed twice with secret keys: 128 bits, so that two of them never meet by chance, and
/// nobody can write a file in which they do.
pub(super) type IdentityKey = [u64; 2];

/// Makes keys.
#[derive(Default)]
pub(super) struct IdentityKeys(RandomState, RandomState);

impl IdentityKeys {
    pub(super) fn id(&self, id: &str) -> IdentityKey {
        [self.0.hash_one(id), self.1.hash_one(id)]
    }

    /// Mail addresses are compared without case.
    pub(super) fn email(&self, email: &str) -> IdentityKey {
        let email = email.to_lowercase();
        self.id(&email)
    }
}

/// One row of the file.
pub(super) struct RosterRow {
    /// Of no use without [`RosterRow::HAS_ID`].
    id: IdentityKey,
    email: IdentityKey,
    /// Of all that is compared.
    pub(super) fingerprint: u64,
    line: u32,
    unit: u16,
    flags: u16,
}

impl RosterRow {
    const HAS_ID: u16 = 1;
    /// A later row has the same id or mail address.
    const SUPERSEDED: u16 = 2;
    /// Its business unit is not signed.
    const UNSIGNED: u16 = 4;
    /// It has a leaving date.
    const LEAVES: u16 = 8;
    /// The leaving date has come.
    const LEFT: u16 = 16;
    const FREELANCE: u16 = 32;
    /// Somebody in PM_USER is this person.
    const MATCHED: u16 = 64;
    /// Its id belongs to another person in PM_USER.
    const ID_TAKEN: u16 = 128;

    fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn is_unsigned(&self) -> bool {
        self.is(RosterRow::UNSIGNED)
    }

    pub(super) fn leaves(&self) -> bool {
        self.is(RosterRow::LEAVES)
    }

    pub(super) fn has_left(&self) -> bool {
        self.is(RosterRow::LEFT)
    }

    pub(super) fn is_freelance(&self) -> bool {
        self.is(RosterRow::FREELANCE)
    }

    pub(super) fn is_id_taken(&self) -> bool {
        self.is(RosterRow::ID_TAKEN)
    }

    /// The business unit's four digits.
    pub(super) fn unit(&self) -> u16 {
        self.unit
    }

    /// Whether the row makes a new person: it counts, and its person is neither stored nor left out.
    pub(super) fn creates(&self) -> bool {
        !self.is(RosterRow::SUPERSEDED | RosterRow::UNSIGNED | RosterRow::MATCHED)
    }
}

/// All rows of the file, and how to find them.
pub(super) struct Roster {
    pub(super) keys: IdentityKeys,
    pub(super) compare: PersonCompare,
    pub(super) hidden: RejectedPeople,
    entries: Vec<RosterRow>,
    by_id: HashTable<u32>,
    by_email: HashTable<u32>,
}

impl Roster {
    /// Reads the file.
    ///
    /// # Errors
    /// `Exit::BadInput`: the file can't be used, or too much of it was rejected; what the database says.
    pub(super) fn read(
        args: &ImportArgs,
        world: &mut World<'_>,
        plan: &mut Plan,
    ) -> anyhow::Result<Roster> {
        let signed = read_signed(world)?;
        let (roster, verdict) = args.read(|source, rejects| {
            let mut lines = people(source.read(), &source.name)?;
            find_unknown(lines.unknown_columns(), plan);
            let mut roster = Roster::new(PersonCompare::of(|column| lines.has(column)));
            let mut rows = 0;
            for line in &mut lines {
                rows += 1;
                match line? {
                    PeopleLine::Person(person) => roster.add(&person, &signed, world, plan),
                    PeopleLine::Rejected(reject) => {
                        roster.hidden.add(&reject, &roster.keys);
                        rejects.add(&reject, source, plan)?;
                    }
                }
            }
            plan.noticed.add("rows", rows);
            plan.noticed.add("rejected", rejects.count);
            Ok((roster, rejects.verdict(rows, &world.config.import)))
        })?;
        verdict.uphold()?;
        Ok(roster)
    }

    fn new(compare: PersonCompare) -> Roster {
        Roster {
            keys: IdentityKeys::default(),
            compare,
            hidden: RejectedPeople::default(),
            entries: Vec::new(),
            by_id: HashTable::new(),
            by_email: HashTable::new(),
        }
    }

    /// Adds a row; of rows with the same id or mail address the last one counts.
    fn add(
        &mut self,
        person: &DeliveredPerson,
        signed: &[u16],
        world: &World<'_>,
        plan: &mut Plan,
    ) {
        // Four digits: the reader saw to it.
        let unit = person.business_unit().parse().unwrap_or(u16::MAX);
        let mut flags = 0;
        let mut flag = |flag, is: bool| flags |= if is { flag } else { 0 };
        flag(RosterRow::HAS_ID, person.id().is_some());
        flag(RosterRow::UNSIGNED, signed.binary_search(&unit).is_err());
        flag(RosterRow::LEAVES, person.leaving_date.is_some());
        flag(RosterRow::LEFT, person.leaving_date.is_some_and(|day| day <= world.as_of));
        flag(RosterRow::FREELANCE, person.text(PersonColumn::EmployeeGroup) == Some(FREELANCE));
        let entry = RosterRow {
            id: person.id().map(|id| self.keys.id(id)).unwrap_or_default(),
            email: self.keys.email(person.email()),
            fingerprint: self.compare.person(person),
            line: u32::try_from(person.line).unwrap_or(u32::MAX),
            unit,
            flags,
        };
        let at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let same_email = self.index_email(&entry, at);
        let same_id = if entry.is(RosterRow::HAS_ID) { self.index_id(&entry, at) } else { None };
        for earlier in same_email.into_iter().chain(same_id.filter(|_| same_id != same_email)) {
            let earlier = &mut self.entries[earlier as usize];
            earlier.flags |= RosterRow::SUPERSEDED;
            let told = format!(
                "lines {} and {} have the same id or mail address; the last one counts",
                earlier.line, entry.line
            );
            plan.find("duplicate", person.id().unwrap_or_default(), told);
        }
        self.entries.push(entry);
    }

    /// Makes the row the one that has this mail address, and returns the one that had it.
    fn index_email(&mut self, entry: &RosterRow, at: u32) -> Option<u32> {
        let entries = &self.entries;
        let same = |other: &u32| entries[*other as usize].email == entry.email;
        let hash =
            |other: &u32| if *other == at { entry } else { &entries[*other as usize] }.email[0];
        replace(&mut self.by_email, at, entry.email[0], same, hash)
    }

    /// As [`Roster::index_email`], for the id.
    fn index_id(&mut self, entry: &RosterRow, at: u32) -> Option<u32> {
        let entries = &self.entries;
        let same = |other: &u32| entries[*other as usize].id == entry.id;
        let hash = |other: &u32| if *other == at { entry } else { &entries[*other as usize] }.id[0];
        replace(&mut self.by_id, at, entry.id[0], same, hash)
    }

    /// The row that counts for this mail address.
    pub(super) fn find_email(&self, email: IdentityKey) -> Option<usize> {
        let same = |at: &u32| self.entries[*at as usize].email == email;
        self.counting(self.by_email.find(email[0], same))
    }

    /// The row that counts for this id.
    pub(super) fn find_id(&self, id: IdentityKey) -> Option<usize> {
        let same = |at: &u32| self.entries[*at as usize].id == id;
        self.counting(self.by_id.find(id[0], same))
    }

    fn counting(&self, at: Option<&u32>) -> Option<usize> {
        at.map(|at| *at as usize).filter(|at| !self.entries[*at].is(RosterRow::SUPERSEDED))
    }

    /// Row `at` of those that are not rejected, counted from 0.
    pub(super) fn entry(&self, at: usize) -> Option<&RosterRow> {
        self.entries.get(at)
    }

    pub(super) fn set_matched(&mut self, at: usize) {
        self.entries[at].flags |= RosterRow::MATCHED;
    }

    pub(super) fn set_id_taken(&mut self, at: usize) {
        self.entries[at].flags |= RosterRow::ID_TAKEN;
    }

    /// People in the rows that are not rejected, each once.
    pub(super) fn n_people(&self) -> u64 {
        self.entries.iter().filter(|entry| !entry.is(RosterRow::SUPERSEDED)).count() as u64
    }

    /// Whether any row makes a new person.
    pub(super) fn creates_any(&self) -> bool {
        self.entries.iter().any(RosterRow::creates)
    }

    /// Names those who are left out: by business unit, not one by one.
    pub(super) fn find_left_out(&self, plan: &mut Plan) {
        let mut units: BTreeMap<u16, (u64, u32)> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| !entry.is(RosterRow::SUPERSEDED)) {
            if entry.is_unsigned() {
                units.entry(entry.unit).or_insert((0, entry.line)).0 += 1;
            }
        }
        for (unit, (n, first)) in units {
            plan.noticed.add("unsigned", n);
            let told = format!(
                "people left out because the business unit is not signed: {n}, the first in line {first}"
            );
            plan.find("unsigned", format!("{unit:04}"), told);
        }
    }
}

/// Puts `at` in the place of an equal row, or adds it.
fn replace(
    table: &mut HashTable<u32>,
    at: u32,
    key: u64,
    same: impl Fn(&u32) -> bool,
    hash: impl Fn(&u32) -> u64,
) -> Option<u32> {
    if let Some(place) = table.find_mut(key, same) {
        return Some(std::mem::replace(place, at));
    }
    table.insert_unique(key, at, hash);
    None
}

/// The business units whose people may be imported, in order.
fn read_signed(world: &mut World<'_>) -> anyhow::Result<Vec<u16>> {
    let mut signed = Vec::new();
    world
        .db
        .each(&sql!("import/select_signed"), &[], &mut |row| {
            // One that is no number of four digits has no cost centre.
            let unit = row.text("BUSINESS_UNIT")?;
            signed.extend(unit.trim().parse::<u16>().ok().filter(|unit| *unit <= 9_999));
            Ok(())
        })
        .context("looking for the business units that are signed")?;
    signed.sort_unstable();
    Ok(signed)
}
