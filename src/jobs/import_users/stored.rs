//! PM_USER, read once: each person against the file.

use std::collections::HashSet;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::changes::{ChangedPerson, MarkChange, MarkReason, PersonChanges};
use super::compare::PersonCompare;
use super::identities::IdentityKey;
use super::purge::PurgedPerson;
use super::roster::{FileRoster, is_freelance};
use crate::db::{Row, Value};
use crate::import::PersonColumn;
use crate::jobs::World;
use crate::plan::{Plan, Touch};
use crate::sql;

/// What reading PM_USER brought.
#[derive(Default)]
pub(super) struct StoredPeople {
    /// Everybody.
    pub(super) population: u64,
    /// In the order of the file.
    pub(super) changed: Vec<ChangedPerson>,
    /// Those who are purged.
    pub(super) going: Vec<PurgedPerson>,
    /// Those whose mark stays, and since when they may be purged.
    pub(super) marked: Vec<(String, Option<NaiveDate>)>,
    /// Those of units that are not signed: they hold no management role any more.
    pub(super) unsigned: HashSet<String>,
}

impl StoredPeople {
    /// Reads PM_USER, and plans all that needs no second look at the file.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn read(
        roster: &mut FileRoster,
        changes: &mut PersonChanges,
        world: &mut World<'_>,
        plan: &mut Plan,
    ) -> anyhow::Result<StoredPeople> {
        let as_of = world.as_of;
        let stored = StoredPeople::default();
        let mut scan = StoredScan {
            roster,
            changes,
            plan,
            as_of,
            places: None,
            absent: Vec::new(),
            absent_going: Vec::new(),
            stored,
        };
        world
            .db
            .each(&sql!("import/select_users"), &[], &mut |row| scan.see(row))
            .context("looking at the people there are")?;
        scan.decide_absent();
        let mut stored = scan.stored;
        stored.changed.sort_by_key(|changed| changed.at);
        stored.going.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(stored)
    }
}

/// Where the columns stand that are looked at in every row.
struct StoredPlaces {
    id: usize,
    email: usize,
    to_delete: usize,
    delete_at: usize,
    leaving_date: usize,
    employee_group: usize,
    compared: Vec<usize>,
}

impl StoredPlaces {
    fn of(row: &Row, compare: &PersonCompare) -> anyhow::Result<StoredPlaces> {
        let place = |name: &str| {
            row.get(name)?; // Says what to do about a column that is missing.
            Ok(row.columns.iter().position(|column| column == name).unwrap_or_default())
        };
        let compared: anyhow::Result<Vec<usize>> =
            compare.columns().iter().map(|column| place(column.sql_name())).collect();
        Ok(StoredPlaces {
            id: place("ID")?,
            email: place("EMAIL")?,
            to_delete: place("TO_DELETE")?,
            delete_at: place("DELETE_AT")?,
            leaving_date: place("LEAVING_DATE")?,
            employee_group: place("EMPLOYEE_GROUP")?,
            compared: compared?,
        })
    }
}

/// One reading of PM_USER.
struct StoredScan<'a> {
    roster: &'a mut FileRoster,
    changes: &'a mut PersonChanges,
    plan: &'a mut Plan,
    as_of: NaiveDate,
    places: Option<StoredPlaces>,
    /// To be marked because they are not in the file, unless a reject may be anybody.
    absent: Vec<Touch>,
    /// To be purged, and not in the file.
    absent_going: Vec<PurgedPerson>,
    stored: StoredPeople,
}

/// A person as stored: what decides.
struct StoredPerson<'a> {
    row: &'a Row,
    id: String,
    has_email: bool,
    /// A rejected row mixes them up with somebody else.
    is_mixed_up: bool,
    /// Marked for deletion.
    is_marked: bool,
    /// From when on they may be purged.
    delete_at: Option<NaiveDate>,
}

impl StoredPerson<'_> {
    /// Marked, and their day has come.
    fn is_due(&self, as_of: NaiveDate) -> Option<PurgedPerson> {
        let since = self.delete_at.filter(|day| self.is_marked && *day <= as_of)?;
        Some(PurgedPerson { id: self.id.clone(), seen: self.row.image_from(0).into(), since })
    }

    /// A mark without a date would last for ever; it counts as none.
    fn has_dated_mark(&self) -> bool {
        self.is_marked && self.delete_at.is_some()
    }
}

impl StoredScan<'_> {
    fn see(&mut self, row: &Row) -> anyhow::Result<()> {
        let places = match &self.places {
            Some(places) => places,
            None => self.places.insert(StoredPlaces::of(row, &self.roster.compare)?),
        };
        let id = row.values[places.id].display();
        let delete_at = &row.values[places.delete_at];
        let told = || format!("DELETE_AT of person `{id}`");
        let delete_at = delete_at.as_date().with_context(told)?.map(|at| at.date());
        let is_marked = is_one(&row.values[places.to_delete]);
        let email: Option<IdentityKey> = match &row.values[places.email] {
            Value::Null => None,
            email => Some(self.roster.stored.keys.email(&email.display())),
        };
        self.stored.population += 1;

        let id_key = self.roster.stored.keys.id(&id);
        let is_mixed_up = self.roster.rejected.mixes_up(id_key, email);
        let has_email = email.is_some();
        let person = StoredPerson { row, id, has_email, is_mixed_up, is_marked, delete_at };
        if let Some(at) = self.roster.find(id_key, email) {
            return self.see_delivered(at, person);
        }
        if self.roster.rejected.meet(id_key, email) {
            self.spare_hidden(person);
        } else {
            self.see_absent(person);
        }
        Ok(())
    }

    /// A rejected row may speak of them: whether they stay, the next good file says.
    fn spare_hidden(&mut self, person: StoredPerson<'_>) {
        if person.is_due(self.as_of).is_some() {
            self.find_waiting(&person.id);
        }
        self.keep_mark(person);
    }

    fn find_waiting(&mut self, id: &str) {
        let told =
            "to be purged, but a rejected row may speak of them: left until the file is mended";
        self.plan.find("purge_waits", id, told);
    }

    /// A mark that stays.
    fn keep_mark(&mut self, person: StoredPerson<'_>) {
        if person.is_marked {
            self.stored.marked.push((person.id, person.delete_at));
        }
    }

    fn see_absent(&mut self, person: StoredPerson<'_>) {
        if let Some(going) = person.is_due(self.as_of) {
            self.absent_going.push(going);
        } else if person.has_dated_mark() {
            self.keep_mark(person);
        } else {
            self.absent.push(self.changes.mark(person.row, person.id, MarkReason::Absent));
        }
    }

    /// Once everybody was met: does any reject hide its person altogether?
    fn decide_absent(&mut self) {
        let (absent, going) =
            (std::mem::take(&mut self.absent), std::mem::take(&mut self.absent_going));
        match self.roster.hides_anybody() {
            Some(line) if !(absent.is_empty() && going.is_empty()) => {
                let told = format!(
                    "a rejected row may be anybody's: {} people who are not in the file are not marked, {} not purged",
                    absent.len(),
                    going.len()
                );
                self.plan.find("absent_kept", format!("line {line}"), told);
                self.stored.marked.extend(going.into_iter().map(|p| (p.id, Some(p.since))));
            }
            Some(_) => {}
            None => {
                self.changes.add_marks(absent);
                self.stored.going.extend(going);
            }
        }
    }

    fn see_delivered(&mut self, at: usize, person: StoredPerson<'_>) -> anyhow::Result<()> {
        let (Some(entry), Some(places)) = (self.roster.row(at), &self.places) else {
            return Ok(());
        };
        let compare = &self.roster.compare;
        let row = person.row;
        let told = || format!("LEAVING_DATE of person `{}`", person.id);
        let stored_leaving =
            || row.values[places.leaving_date].as_date().map(|at| at.map(|at| at.date()));
        let has_left = if compare.has(PersonColumn::LeavingDate) {
            entry.has_left()
        } else {
            stored_leaving().with_context(told)?.is_some_and(|day| day <= self.as_of)
        };
        let is_freelance = if compare.has(PersonColumn::EmployeeGroup) {
            entry.is_freelance()
        } else {
            is_freelance(&row.values[places.employee_group].display())
        };
        let is_unsigned = entry.is_unsigned();
        let stored_print = || compare.row(row, &places.compared, self.roster.left_alone(at));
        let is_changed = !is_unsigned && (!person.has_email || entry.fingerprint != stored_print());
        let reason = if is_unsigned {
            Some(MarkReason::Unsigned(entry.unit()))
        } else if is_freelance {
            Some(MarkReason::Freelance)
        } else if has_left {
            // What is changed is told by the new date, not by the stored one.
            Some(MarkReason::Left(if is_changed {
                None
            } else {
                stored_leaving().with_context(told)?
            }))
        } else {
            None
        };
        self.roster.set_matched(at);
        if let Some(going) = person.is_due(self.as_of).filter(|_| reason.is_some()) {
            if !person.is_mixed_up {
                self.stored.going.push(going);
                return Ok(());
            }
            self.find_waiting(&person.id);
        }
        if is_unsigned {
            self.stored.unsigned.insert(person.id.clone());
        }
        let mark = match reason {
            Some(reason) if !person.has_dated_mark() => MarkChange::Set(reason),
            None if person.is_marked => MarkChange::Clear,
            _ => MarkChange::Keep,
        };
        if is_changed {
            let fills_email = !person.has_email;
            self.stored.changed.push(ChangedPerson { at, row: row.clone(), mark, fills_email });
        }
        match mark {
            MarkChange::Set(reason) if !is_changed => {
                let touch = self.changes.mark(row, person.id, reason);
                self.changes.add_marks(vec![touch]);
            }
            MarkChange::Clear if !is_changed => self.changes.unmark(row, person.id),
            MarkChange::Keep => {
                let is_unchanged = !is_changed && !is_unsigned;
                self.plan.noticed.add("unchanged", u64::from(is_unchanged));
                self.keep_mark(person);
            }
            MarkChange::Set(_) | MarkChange::Clear => {}
        }
        Ok(())
    }
}

fn is_one(value: &Value) -> bool {
    match value {
        Value::Int(n) => *n == 1,
        Value::Null => false,
        other => other.display().trim() == "1",
    }
}
