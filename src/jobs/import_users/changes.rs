//! The statements of new, changed, marked and unmarked people.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::compare::PersonCompare;
use super::{PERSON, delete_at};
use crate::db::{Bind, Row, Value, image};
use crate::import::people::NO_MANAGER;
use crate::import::{CellValue, DeliveredPerson, PersonColumn};
use crate::jobs::World;
use crate::plan::{Action, Change, ChangeResult, Hold, Step, Takes, Touch, Touches};
use crate::sql;
use crate::sql::Sql;

/// Beyond so many combinations of changed columns a statement names all columns: round trips must not grow with them.
const SETS_MAX: usize = 100;
/// The columns that a mark sets, as bits behind those of [`PersonColumn`].
const TO_DELETE: usize = PersonColumn::COUNT;
const DELETE_AT: usize = PersonColumn::COUNT + 1;

/// How the WHY of a person begins who gets other data.
pub(super) const CHANGED: &str = "changed in the file";
/// What stands in the WHY of a mark, before the day from which they may be purged.
pub(super) const PURGES: &str = "; to be purged from ";

/// Why somebody is marked for deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MarkReason {
    /// No longer in the file.
    Absent,
    /// Their business unit, four digits, is not signed.
    Unsigned(u16),
    /// `Freier Mitarbeiter`
    Freelance,
    /// Their leaving date has come; `None` where the file's new one tells.
    Left(Option<NaiveDate>),
}

/// What becomes of somebody's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MarkChange {
    /// It stays, or there is none.
    Keep,
    /// They are marked.
    Set(MarkReason),
    /// They are unmarked.
    Clear,
}

/// Somebody whom the file describes otherwise than PM_USER does.
pub(super) struct ChangedPerson {
    /// The row of the file, counted as the roster does.
    pub(super) at: usize,
    /// The person as stored.
    pub(super) row: Row,
    /// What becomes of their mark.
    pub(super) mark: MarkChange,
    /// They have no mail address yet, and get the file's.
    pub(super) fills_email: bool,
}

/// What a statement does to marks; decides what it counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum UpdateKind {
    Keep,
    Set,
    Clear,
}

/// PersonChanges under way.
pub(super) struct PersonChanges {
    moment: Value,
    delete_at: Value,
    delete_day: NaiveDate,
    /// By what they do to marks, and the columns they set, as bits.
    updates: BTreeMap<(UpdateKind, u64), Touches>,
    marks: Touches,
    unmarks: Touches,
    inserts: Touches,
    whys: HashMap<(bool, MarkChange), Arc<str>>,
}

impl PersonChanges {
    pub(super) fn new(world: &World<'_>) -> PersonChanges {
        let delete_day = delete_at(world);
        PersonChanges {
            moment: world.moment.naive_utc().into(),
            delete_at: delete_day.into(),
            delete_day,
            updates: BTreeMap::new(),
            marks: Touches::default(),
            unmarks: Touches::default(),
            inserts: Touches::of_new_rows((0..=DELETE_AT).map(column_name)),
            whys: HashMap::new(),
        }
    }

    /// Marks somebody whose data stay as they are; in force once it is given to [`PersonChanges::add_marks`].
    pub(super) fn mark(&mut self, row: &Row, id: String, reason: MarkReason) -> Touch {
        let why = self.why(false, MarkChange::Set(reason));
        let after = image(&[
            ("TO_DELETE", &Value::Int(1)),
            ("DELETE_AT", &self.delete_at),
            ("IMPORTED_AT", &self.moment),
        ]);
        let binds = vec![self.delete_at.clone(), self.moment.clone(), id.as_str().into()];
        update_of(row, id, binds, after, why)
    }

    pub(super) fn add_marks(&mut self, marks: Vec<Touch>) {
        self.marks.extend(marks);
    }

    /// Unmarks somebody whose data stay as they are.
    pub(super) fn unmark(&mut self, row: &Row, id: String) {
        let why = self.why(false, MarkChange::Clear);
        let after = image(&[
            ("TO_DELETE", &Value::Int(0)),
            ("DELETE_AT", &Value::Null),
            ("IMPORTED_AT", &self.moment),
        ]);
        let binds = vec![self.moment.clone(), id.as_str().into()];
        self.unmarks.push(update_of(row, id, binds, after, why));
    }

    /// Brings a stored person up to what the file says; tells which columns that changes.
    ///
    /// # Errors
    /// A column is missing (`Exit::Config`).
    pub(super) fn update(
        &mut self,
        stored: &ChangedPerson,
        person: &DeliveredPerson,
        compare: &PersonCompare,
    ) -> anyhow::Result<Vec<PersonColumn>> {
        let ChangedPerson { row, mark, fills_email, .. } = stored;
        let mark = *mark;
        let mut changed = Vec::new();
        for column in compare.columns() {
            if compare.differs(*column, person, row.get(column.sql_name())?) {
                changed.push(*column);
            }
        }
        if *fills_email {
            changed.push(PersonColumn::Email);
        }
        let mut values: BTreeMap<usize, Value> = changed
            .iter()
            .map(|column| (*column as usize, compare.value(*column, person)))
            .collect();
        let (kind, mark) = match mark {
            MarkChange::Keep => (UpdateKind::Keep, mark),
            MarkChange::Set(reason) => {
                values.insert(TO_DELETE, Value::Int(1));
                values.insert(DELETE_AT, self.delete_at.clone());
                let reason = match reason {
                    MarkReason::Left(day) => MarkReason::Left(person.leaving_date.or(day)),
                    other => other,
                };
                (UpdateKind::Set, MarkChange::Set(reason))
            }
            MarkChange::Clear => {
                values.insert(TO_DELETE, Value::Int(0));
                values.insert(DELETE_AT, Value::Null);
                (UpdateKind::Clear, mark)
            }
        };
        let mut pairs: Vec<(&str, &Value)> =
            values.iter().map(|(at, value)| (column_name(*at), value)).collect();
        pairs.push(("IMPORTED_AT", &self.moment));
        let after = image(&pairs);
        let set = self.complete(kind, &mut values, row)?;
        let why = self.why(true, mark);
        let id = row.text("ID")?;
        let mut binds = vec![self.moment.clone()];
        binds.extend(values.into_values());
        binds.push(row.get("ID")?.clone());
        let touch = update_of(row, id, binds, after, why);
        self.updates.entry((kind, set)).or_default().push(touch);
        Ok(changed)
    }

    /// Which columns the statement sets: those that change, or with too many combinations all of them, those that
    /// don't change with the value they have.
    fn complete(
        &self,
        kind: UpdateKind,
        values: &mut BTreeMap<usize, Value>,
        row: &Row,
    ) -> anyhow::Result<u64> {
        let bits = |values: &BTreeMap<usize, Value>| values.keys().fold(0, |set, at| set | 1 << at);
        let set = bits(values);
        if self.updates.len() < SETS_MAX || self.updates.contains_key(&(kind, set)) {
            return Ok(set);
        }
        for at in settable() {
            if let Entry::Vacant(place) = values.entry(at) {
                place.insert(row.get(column_name(at))?.clone());
            }
        }
        Ok(bits(values))
    }

    /// Creates somebody.
    pub(super) fn insert(
        &mut self,
        person: &DeliveredPerson,
        id: &str,
        why: &str,
        compare: &PersonCompare,
    ) {
        let numbers = PersonColumn::ALL.map(|column| compare.number(column, person));
        let bind = |column| match column {
            PersonColumn::Id => id.into(),
            PersonColumn::ImportedAt => Bind::from(&self.moment),
            PersonColumn::ManagerEmail => person.text(column).unwrap_or(NO_MANAGER).into(),
            column => match (&numbers[column as usize], person.get(column)) {
                (Some(number), _) => number.into(),
                (None, None) => Bind::Null,
                (None, Some(CellValue::Text(text))) => text.into(),
                (None, Some(CellValue::Date(day))) => Bind::Date(day.into()),
            },
        };
        let unmarked = [Bind::Int(0), Bind::Null];
        let binds = PersonColumn::ALL.into_iter().map(bind).chain(unmarked);
        self.inserts.push_new_row(id, why, binds);
    }

    /// The statements, in the order they are to run. What frees a value comes before what takes it.
    pub(super) fn into_steps(self) -> Vec<Step> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let step = |say, sql, names, counts, takes, mut touches: Touches| {
            touches.sort_by(|a, b| a.key().cmp(b.key()));
            let (table, hold) = ("PM_USER".into(), Hold::Key("ID", PERSON));
            Step { say, sql, names, table, hold, counts, takes, touches }
        };
        let mut steps = vec![
            step(
                "marking people for deletion",
                sql!("import/mark_user"),
                names(&["delete_at", "imported_at", "id"]),
                &["marked"][..],
                Takes::Units,
                self.marks,
            ),
            step(
                "unmarking people",
                sql!("import/unmark_user"),
                names(&["imported_at", "id"]),
                &["unmarked"],
                Takes::Nothing,
                self.unmarks,
            ),
        ];
        for ((kind, set), touches) in self.updates {
            let (say, counts, takes): (_, &'static [&'static str], _) = match kind {
                UpdateKind::Keep => ("changing people", &["updated"], Takes::Nothing),
                UpdateKind::Set => (
                    "changing people and marking them for deletion",
                    &["updated", "marked"],
                    Takes::Units,
                ),
                UpdateKind::Clear => {
                    ("changing people and unmarking them", &["updated", "unmarked"], Takes::Nothing)
                }
            };
            let (sql, names) = update_statement(set);
            steps.push(step(say, sql, names, counts, takes, touches));
        }
        let all: Vec<String> = (0..=DELETE_AT).map(|at| column_name(at).to_lowercase()).collect();
        let (sql, counts) = (sql!("import/insert_user"), &["created"]);
        let mut inserts =
            step("adding people", sql, all, counts, Takes::Nothing, Touches::default());
        inserts.touches = self.inserts; // In the order of the file.
        inserts.hold = Hold::New("ID");
        steps.push(inserts);
        steps
    }

    /// The rule that decides, and its dates.
    fn why(&mut self, has_new_data: bool, mark: MarkChange) -> Arc<str> {
        let delete_day = self.delete_day;
        let why = self.whys.entry((has_new_data, mark)).or_insert_with(|| {
            let rule = match mark {
                MarkChange::Keep => String::new(),
                MarkChange::Clear => "delivered, and no reason to go".to_owned(),
                MarkChange::Set(MarkReason::Absent) => "no longer in the file".to_owned(),
                MarkChange::Set(MarkReason::Unsigned(unit)) => {
                    format!("business unit {unit:04} is not signed")
                }
                MarkChange::Set(MarkReason::Freelance) => {
                    "employee group `Freier Mitarbeiter`".to_owned()
                }
                MarkChange::Set(MarkReason::Left(Some(day))) => format!("left on {day}"),
                MarkChange::Set(MarkReason::Left(None)) => "left".to_owned(),
            };
            let until = match mark {
                MarkChange::Set(_) => format!("{PURGES}{delete_day} on"),
                _ => String::new(),
            };
            let changed = if has_new_data { CHANGED } else { "" };
            let and = if has_new_data && mark != MarkChange::Keep { "; " } else { "" };
            format!("{changed}{and}{rule}{until}").into()
        });
        Arc::clone(why)
    }
}

fn update_of(row: &Row, id: String, binds: Vec<Value>, after: String, why: Arc<str>) -> Touch {
    let unit = id.as_str().into();
    let change = Change {
        key: id.into(),
        action: Action::Update,
        why,
        result: ChangeResult::Applied,
        before: Some(row.image_from(0).into()),
        after: Some(after.into()),
    };
    Touch { unit, binds, change, seen: None }
}

/// A column of PM_USER by its number: those of the file, then those of the mark.
fn column_name(at: usize) -> &'static str {
    match at {
        TO_DELETE => "TO_DELETE",
        DELETE_AT => "DELETE_AT",
        at => PersonColumn::ALL.get(at).map_or("", |column| column.sql_name()),
    }
}

/// What an update may set: not what never changes (a mail address does once, from NULL), nor IMPORTED_AT, which it
/// always sets.
fn settable() -> impl Iterator<Item = usize> {
    let fixed = [PersonColumn::Id, PersonColumn::ImportedAt].map(|column| column as usize);
    (0..=DELETE_AT).filter(move |at| !fixed.contains(at))
}

/// The lines of `sql/import/update_user.sql` that set these columns, and the binds in their order.
fn update_statement(set: u64) -> (Sql, Vec<String>) {
    let mut names = vec!["imported_at".to_owned()];
    names.extend(
        settable().filter(|at| set & (1 << at) != 0).map(|at| column_name(at).to_lowercase()),
    );
    let whole = sql!("import/update_user");
    let (head, tail) = whole.oracle().split_once("\n WHERE").unwrap_or((whole.oracle(), ""));
    let is_wanted = |line: &&str| match line.split_once(" = :") {
        Some((_, bind)) => names.iter().any(|name| name == bind.trim_end_matches(',')),
        None => true,
    };
    let lines: Vec<&str> = head.lines().filter(is_wanted).collect();
    let text = format!("{}\n WHERE{tail}", lines.join("\n").trim_end_matches(','));
    names.push("id".to_owned());
    (Sql::made("import/update_user".to_owned(), text), names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_sets_the_columns_that_change_and_no_other() {
        let set = 1 << PersonColumn::City as usize | 1 << DELETE_AT;
        let (sql, names) = update_statement(set);
        assert_eq!(
            sql.oracle(),
            "UPDATE pm_user\n   SET imported_at = :imported_at,\n       city = :city,\n       delete_at = :delete_at\n WHERE id = :id"
        );
        assert_eq!(names, ["imported_at", "city", "delete_at", "id"]);
    }

    #[test]
    fn the_statement_names_every_column_that_can_change() {
        let all = settable().fold(0, |set, at| set | 1 << at);
        let whole = sql!("import/update_user");
        assert_eq!(update_statement(all).0.oracle(), whole.oracle());
    }
}
