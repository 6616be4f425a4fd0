//! The file, read for the first time: of each row just enough to find its person in PM_USER, to see whether anything
//! differs, and to decide who goes. Memory: some 110 bytes a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context as _;

use super::columns::StoredColumns;
use super::compare::{LeftAlone, PersonCompare};
use super::identities::{IdentityKey, RowIdentity, StoredIdentities};
use super::rejected::RejectedPeople;
use crate::fingerprint::FingerprintMap;
use crate::import::args::{ImportArgs, find_unknown};
use crate::import::people::PeopleRows;
use crate::import::{
    DeliveredPerson, PeopleLine, PersonColumn, TextLimits, are_same_words, people,
};
use crate::jobs::World;
use crate::plan::{Expected, LastLook, Plan};
use crate::sql;

/// EMPLOYEE_GROUP of people who are marked for deletion.
const FREELANCE: &str = "Freier Mitarbeiter";
/// Why a row is rejected that mixes two people up.
const ONE_PERSON: &str = "the mail address of the person whose id this is: it is another person's";

/// Whether an employee group is the one of people who are marked for deletion.
pub(super) fn is_freelance(group: &str) -> bool {
    are_same_words(group, FREELANCE)
}

/// One row of the file.
pub(super) struct RosterRow {
    /// Of all that is compared.
    pub(super) fingerprint: u64,
    line: u32,
    unit: u16,
    flags: u16,
}

impl RosterRow {
    /// A later row has the same id or mail address.
    const SUPERSEDED: u16 = 1;
    /// Its business unit is not signed.
    const UNSIGNED: u16 = 2;
    /// The leaving date has come.
    const LEFT: u16 = 4;
    const FREELANCE: u16 = 8;
    /// Somebody in PM_USER is this person.
    const MATCHED: u16 = 16;
    /// Its id belongs to another person in PM_USER.
    const ID_TAKEN: u16 = 32;
    /// Somebody in PM_USER has its mail address.
    const MAIL_KNOWN: u16 = 64;

    fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn is_unsigned(&self) -> bool {
        self.is(RosterRow::UNSIGNED)
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

    /// Whether the row speaks of somebody who is neither stored nor left out.
    fn is_new(&self) -> bool {
        !self.is(RosterRow::SUPERSEDED | RosterRow::UNSIGNED | RosterRow::MATCHED)
    }

    /// Whether somebody who is not stored has a reason to go: they are not created.
    fn is_gone(&self) -> bool {
        self.is_new() && self.is(RosterRow::LEFT | RosterRow::FREELANCE)
    }

    /// Whether the row makes a new person.
    pub(super) fn creates(&self) -> bool {
        self.is_new() && !self.is_gone()
    }
}

/// A row whose id or mail address stood in a row before, and in which: the nearest of them.
struct RepeatedRow {
    line: u32,
    id: Box<str>,
    before_by_id: Option<u32>,
    before_by_email: Option<u32>,
}

/// All rows of the file, and how to find them.
pub(super) struct FileRoster {
    pub(super) stored: StoredIdentities,
    pub(super) compare: PersonCompare,
    pub(super) rejected: RejectedPeople,
    /// How long the texts of a row may be.
    pub(super) limits: TextLimits,
    /// Whether an id that is made of a mail address has room.
    pub(super) holds_made_ids: bool,
    /// The last row of the file has a line end.
    pub(super) ends_a_line: bool,
    rows: Vec<RosterRow>,
    by_id: FingerprintMap<u32>,
    by_email: FingerprintMap<u32>,
    /// Of the few rows whose id or mail address stood in a row before.
    repeats: BTreeMap<u32, RepeatedRow>,
    /// Of the few rows with a cell that can't be read, or is too long.
    left_alone: HashMap<u32, LeftAlone>,
}

impl FileRoster {
    /// Reads the file.
    ///
    /// # Errors
    /// `Exit::BadInput`: the file can't be used, or too much of it was rejected; what the database says.
    pub(super) fn read(
        args: &ImportArgs,
        world: &mut World<'_>,
        plan: &mut Plan,
    ) -> anyhow::Result<FileRoster> {
        let signed = read_signed(world, plan)?;
        let columns = StoredColumns::read(world)?;
        let identities = StoredIdentities::read(world)?;
        let (roster, verdict) = args.read(|source, rejects| {
            let mut lines = people(source.read(), &source.name)?;
            lines.hold_to(columns.limits);
            find_unknown(lines.unknown_columns(), plan);
            let compare = PersonCompare::of(&columns, |column| lines.has(column));
            let mut roster = FileRoster::new(identities, compare, &columns);
            let mut n_rows = 0;
            while let Some(line) = lines.next() {
                n_rows += 1;
                let reject = match line? {
                    PeopleLine::Rejected(reject) => reject,
                    PeopleLine::Person(person) => {
                        let identity = roster.stored.judge(&person);
                        if !identity.is_of_two {
                            roster.add(&person, &identity, &signed, world);
                            continue;
                        }
                        roster.rejected.add_mixed(&identity);
                        lines.rejected(PersonColumn::Email, ONE_PERSON)
                    }
                };
                roster.rejected.add(&reject, &roster.stored);
                rejects.add(&reject, source, plan)?;
            }
            roster.ends_a_line = lines.ends_a_line();
            roster.decide_repeats(plan);
            roster.find_left_alone(&lines, plan);
            plan.noticed.add("rows", n_rows);
            plan.noticed.add("rejected", rejects.count);
            Ok((roster, rejects.verdict(n_rows, &world.config.import)))
        })?;
        verdict.uphold()?;
        Ok(roster)
    }

    fn new(
        stored: StoredIdentities,
        compare: PersonCompare,
        columns: &StoredColumns,
    ) -> FileRoster {
        FileRoster {
            limits: columns.limits,
            holds_made_ids: columns.holds_made_ids,
            stored,
            compare,
            rejected: RejectedPeople::default(),
            ends_a_line: true,
            rows: Vec::new(),
            by_id: FingerprintMap::default(),
            by_email: FingerprintMap::default(),
            repeats: BTreeMap::new(),
            left_alone: HashMap::new(),
        }
    }

    fn add(
        &mut self,
        person: &DeliveredPerson,
        identity: &RowIdentity,
        signed: &[u16],
        world: &World<'_>,
    ) {
        // Four digits: the reader saw to it.
        let unit = person.business_unit().parse().unwrap_or(u16::MAX);
        let has_left = person.leaving_date.is_some_and(|day| day <= world.as_of);
        let group = person.text(PersonColumn::EmployeeGroup);
        let mut flags = 0;
        let mut flag = |flag, is: bool| flags |= if is { flag } else { 0 };
        flag(RosterRow::UNSIGNED, signed.binary_search(&unit).is_err());
        flag(RosterRow::LEFT, has_left);
        flag(RosterRow::FREELANCE, group.is_some_and(is_freelance));
        flag(RosterRow::ID_TAKEN, identity.is_id_taken);
        flag(RosterRow::MAIL_KNOWN, identity.is_mail_known);

        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let left_alone = self.compare.left_alone(person);
        if left_alone != 0 {
            self.left_alone.insert(at, left_alone);
        }
        let row = RosterRow {
            fingerprint: self.compare.person(person, left_alone),
            line: u32::try_from(person.line).unwrap_or(u32::MAX),
            unit,
            flags,
        };
        let before_by_email = self.by_email.insert(identity.email, at);
        let before_by_id = person.id().and_then(|_| self.by_id.insert(identity.id, at));
        if before_by_email.is_some() || before_by_id.is_some() {
            let id = person.id().unwrap_or_default().into();
            self.repeats
                .insert(at, RepeatedRow { line: row.line, id, before_by_id, before_by_email });
        }
        self.rows.push(row);
    }

    /// Of rows with the same id or mail address the last one counts.
    ///
    /// Decided from the end of the file, so that a row that doesn't count takes no other with it. The next reading of the
    /// same file may reject such a row, because it mixes two people up once the rows that count have brought them, and
    /// must say the same of everybody else.
    fn decide_repeats(&mut self, plan: &mut Plan) {
        let mut superseded: BTreeMap<u32, &RepeatedRow> = BTreeMap::new();
        let by_id: fn(&RepeatedRow) -> Option<u32> = |repeat| repeat.before_by_id;
        let by_email: fn(&RepeatedRow) -> Option<u32> = |repeat| repeat.before_by_email;
        let (rows, repeats) = (&mut self.rows, &self.repeats);
        for (at, repeat) in repeats.iter().rev() {
            if superseded.contains_key(at) {
                continue;
            }
            for before in [by_id, by_email] {
                let mut earlier = before(repeat);
                while let Some(row) = earlier {
                    superseded.entry(row).or_insert(repeat);
                    earlier = repeats.get(&row).and_then(before);
                }
            }
        }
        for (at, repeat) in &superseded {
            let told = format!(
                "lines {} and {} have the same id or mail address; the last one counts",
                rows[*at as usize].line, repeat.line
            );
            plan.find("duplicate", &*repeat.id, told);
            rows[*at as usize].flags |= RosterRow::SUPERSEDED;
        }
        for (index, before) in [(&mut self.by_id, by_id), (&mut self.by_email, by_email)] {
            for at in index.values_mut() {
                while superseded.contains_key(at)
                    && let Some(earlier) = repeats.get(at).and_then(before)
                {
                    *at = earlier;
                }
            }
        }
    }

    /// The row that counts for a stored person, if any delivers them.
    pub(super) fn find(&self, id: IdentityKey, email: Option<IdentityKey>) -> Option<usize> {
        match email {
            Some(email) => self.counting(self.by_email.get(&email)),
            // Without mail address their id finds them, unless the row is somebody's who has its mail address.
            None => self
                .counting(self.by_id.get(&id))
                .filter(|at| !self.rows[*at].is(RosterRow::MAIL_KNOWN)),
        }
    }

    fn counting(&self, at: Option<&u32>) -> Option<usize> {
        at.map(|at| *at as usize).filter(|at| !self.rows[*at].is(RosterRow::SUPERSEDED))
    }

    /// Everybody stored was met: nobody is looked for any more, and the new people need the room.
    pub(super) fn forget_keys(&mut self) {
        (self.by_id, self.by_email) = Default::default();
    }

    /// The line of a rejected row that may leave out anybody at all, once everybody stored was met.
    pub(super) fn hides_anybody(&self) -> Option<u64> {
        self.rejected.hides_anybody(&|email| self.knows_email(email))
    }

    /// Whether somebody is known by this mail address: stored, or in a good row.
    fn knows_email(&self, email: IdentityKey) -> bool {
        self.stored.has_mail(email) || self.counting(self.by_email.get(&email)).is_some()
    }

    /// Row `at` of those that are not rejected, counted from 0.
    pub(super) fn row(&self, at: usize) -> Option<&RosterRow> {
        self.rows.get(at)
    }

    /// The columns that row `at` says nothing of.
    pub(super) fn left_alone(&self, at: usize) -> LeftAlone {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.left_alone.get(&at).copied().unwrap_or_default()
    }

    pub(super) fn set_matched(&mut self, at: usize) {
        self.rows[at].flags |= RosterRow::MATCHED;
    }

    fn counting_rows(&self) -> impl Iterator<Item = &RosterRow> {
        self.rows.iter().filter(|row| !row.is(RosterRow::SUPERSEDED))
    }

    /// People in the rows that are not rejected, each once.
    pub(super) fn n_people(&self) -> u64 {
        self.counting_rows().count() as u64
    }

    /// Whether any row makes a new person.
    pub(super) fn creates_any(&self) -> bool {
        self.rows.iter().any(RosterRow::creates)
    }

    /// Names those who are left out: by business unit, not one by one.
    pub(super) fn find_left_out(&self, plan: &mut Plan) {
        let mut units: BTreeMap<u16, (u64, u32)> = BTreeMap::new();
        for row in self.counting_rows().filter(|row| row.is_unsigned()) {
            units.entry(row.unit).or_insert((0, row.line)).0 += 1;
        }
        for (unit, (n, first)) in units {
            plan.noticed.add("unsigned", n);
            let told = format!(
                "people left out because the business unit is not signed: {n}, the first in line {first}"
            );
            plan.find("unsigned", format!("{unit:04}"), told);
        }
        let n_gone = self.rows.iter().filter(|row| row.is_gone()).count() as u64;
        plan.noticed.add("gone", n_gone);
        if let Some(first) = self.rows.iter().find(|row| row.is_gone()) {
            let told = format!(
                "people who have to go and are not in PM_USER, and so are not created: {n_gone}"
            );
            plan.find("gone", format!("line {}", first.line), told);
        }
    }

    /// Names the columns with cells that can't be read: what is stored stays.
    fn find_left_alone<R: std::io::Read>(&self, lines: &PeopleRows<R>, plan: &mut Plan) {
        for column in PersonColumn::ALL {
            let is_alone = |alone: &LeftAlone| alone & super::compare::bit(column) != 0;
            let rows = self.left_alone.iter().filter(|(_, alone)| is_alone(alone));
            let lines_of: Vec<u32> = rows.map(|(at, _)| self.rows[*at as usize].line).collect();
            if let (Some(first), Some(place)) = (lines_of.iter().min(), lines.place(column)) {
                let told = format!(
                    "{place}: can't be read, or is too long, in {} rows, the first in line {first}; what is stored stays",
                    lines_of.len()
                );
                plan.find("unreadable", column.name(), told);
            }
        }
    }
}

/// The business units whose people may be imported, in order.
fn read_signed(world: &mut World<'_>, plan: &mut Plan) -> anyhow::Result<Vec<u16>> {
    let (mut signed, mut as_held) = (Vec::new(), BTreeSet::new());
    world
        .db
        .each(&sql!("import/select_signed"), &[], &mut |row| {
            // One that is no number of four digits has no cost centre.
            let unit = row.text("BUSINESS_UNIT")?;
            signed.extend(unit.trim().parse::<u16>().ok().filter(|unit| *unit <= 9_999));
            as_held.insert(unit);
            Ok(())
        })
        .context("looking for the business units that are signed")?;
    signed.sort_unstable();
    plan.last_looks.push(LastLook {
        say: "the business units that are signed",
        sql: sql!("import/select_signed"),
        column: "BUSINESS_UNIT",
        expected: Expected::Just(as_held),
    });
    Ok(signed)
}
