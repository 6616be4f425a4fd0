//! PM_USER, read once: each person against the file.

use anyhow::Context as _;
use chrono::NaiveDate;

use super::changes::{MarkChange, MarkReason, PersonChanges};
use super::compare::PersonCompare;
use super::purge::PurgedPerson;
use super::roster::{FREELANCE, Roster};
use crate::db::{Row, Value};
use crate::import::PersonColumn;
use crate::jobs::World;
use crate::plan::{Plan, Touch};
use crate::sql;

/// Somebody whom the file describes otherwise than PM_USER does.
pub(super) struct ChangedPerson {
    /// The row of the file, counted as [`Roster::entry`] does.
    pub(super) at: usize,
    /// The person as stored.
    pub(super) row: Row,
    /// What becomes of their mark.
    pub(super) mark: MarkChange,
}

/// What reading PM_USER brought.
#[derive(Default)]
pub(super) struct StoredPeople {
    /// Everybody.
    pub(super) population: u64,
    /// Those who are not marked for deletion.
    pub(super) unmarked: u64,
    /// In the order of the file.
    pub(super) changed: Vec<ChangedPerson>,
    /// Those who are purged.
    pub(super) going: Vec<PurgedPerson>,
}

impl StoredPeople {
    /// Reads PM_USER, and plans all that needs no second look at the file.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn read(
        roster: &mut Roster,
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
    roster: &'a mut Roster,
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
    /// Marked for deletion.
    is_marked: bool,
    /// From when on they may be purged.
    delete_at: Option<NaiveDate>,
}

impl StoredPerson<'_> {
    /// Marked, and their day has come.
    fn is_due(&self, as_of: NaiveDate) -> Option<PurgedPerson> {
        let since = self.delete_at.filter(|day| self.is_marked && *day <= as_of)?;
        Some(PurgedPerson { id: self.id.clone(), since })
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
        let email = match &row.values[places.email] {
            Value::Null => None,
            email => Some(self.roster.keys.email(&email.display())),
        };
        self.stored.population += 1;
        self.stored.unmarked += u64::from(!is_marked);

        let id_key = self.roster.keys.id(&id);
        let is_hidden = self.roster.hidden.meet(id_key, email);
        let by_id = self.roster.find_id(id_key);
        let found = match email {
            Some(email) => self.roster.find_email(email),
            None => by_id, // No other mail address: the same person.
        };
        if let Some(other) = by_id.filter(|_| by_id != found) {
            self.roster.set_id_taken(other);
        }
        let person = StoredPerson { row, id, is_marked, delete_at };
        match found {
            Some(at) => self.see_delivered(at, person),
            None if is_hidden => {
                self.spare_hidden(&person);
                Ok(())
            }
            None => {
                self.see_absent(person);
                Ok(())
            }
        }
    }

    /// A rejected row may speak of them: whether they stay, the next good file says.
    fn spare_hidden(&mut self, person: &StoredPerson<'_>) {
        if person.is_due(self.as_of).is_some() {
            let told =
                "to be purged, but a rejected row may speak of them: left until the file is mended";
            self.plan.find("purge_waits", person.id.as_str(), told);
        }
    }

    fn see_absent(&mut self, person: StoredPerson<'_>) {
        if let Some(going) = person.is_due(self.as_of) {
            self.absent_going.push(going);
        } else if !person.has_dated_mark() {
            self.absent.push(self.changes.mark(person.row, person.id, MarkReason::Absent));
        }
    }

    /// Once everybody was met: does any reject hide its person altogether?
    fn decide_absent(&mut self) {
        let (absent, going) =
            (std::mem::take(&mut self.absent), std::mem::take(&mut self.absent_going));
        match self.roster.hidden.hides_anybody() {
            Some(line) if !(absent.is_empty() && going.is_empty()) => {
                let told = format!(
                    "a rejected row may be anybody's, or the file breaks off in it: {} people who are not in the file are not marked, {} not purged",
                    absent.len(),
                    going.len()
                );
                self.plan.find("absent_kept", format!("line {line}"), told);
            }
            Some(_) => {}
            None => {
                self.changes.add_marks(absent);
                self.stored.going.extend(going);
            }
        }
    }

    fn see_delivered(&mut self, at: usize, person: StoredPerson<'_>) -> anyhow::Result<()> {
        let (Some(entry), Some(places)) = (self.roster.entry(at), &self.places) else {
            return Ok(());
        };
        let compare = &self.roster.compare;
        let row = person.row;
        let stored_leaving = || -> anyhow::Result<Option<NaiveDate>> {
            let told = || format!("LEAVING_DATE of person `{}`", person.id);
            Ok(row.values[places.leaving_date].as_date().with_context(told)?.map(|at| at.date()))
        };
        let (leaves, has_left) = if compare.has(PersonColumn::LeavingDate) {
            (entry.leaves(), entry.has_left())
        } else {
            let day = stored_leaving()?;
            (day.is_some(), day.is_some_and(|day| day <= self.as_of))
        };
        let is_freelance = if compare.has(PersonColumn::EmployeeGroup) {
            entry.is_freelance()
        } else {
            row.values[places.employee_group].display() == FREELANCE
        };
        let is_changed =
            !entry.is_unsigned() && entry.fingerprint != compare.row(row, &places.compared);
        let reason = if entry.is_unsigned() {
            Some(MarkReason::Unsigned(entry.unit()))
        } else if is_freelance {
            Some(MarkReason::Freelance)
        } else if has_left {
            // What is changed is told by the new date, not by the stored one.
            Some(MarkReason::Left(if is_changed { None } else { stored_leaving()? }))
        } else {
            None
        };
        let comes_back = person.is_marked && reason.is_none() && !leaves;
        if let Some(going) = person.is_due(self.as_of).filter(|_| !comes_back) {
            // Whoever is in the file all the same, with a leaving date still to come, is created anew.
            self.stored.going.push(going);
            return Ok(());
        }
        let mark = match reason {
            Some(reason) if !person.has_dated_mark() => MarkChange::Set(reason),
            None if comes_back => MarkChange::Clear,
            _ => MarkChange::Keep,
        };
        let is_unsigned = entry.is_unsigned();
        self.roster.set_matched(at);
        match mark {
            mark if is_changed => {
                self.stored.changed.push(ChangedPerson { at, row: row.clone(), mark });
            }
            MarkChange::Set(reason) => {
                let touch = self.changes.mark(row, person.id, reason);
                self.changes.add_marks(vec![touch]);
            }
            MarkChange::Clear => self.changes.unmark(row, person.id),
            MarkChange::Keep if is_unsigned => {}
            MarkChange::Keep => self.plan.noticed.add("unchanged", 1),
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
