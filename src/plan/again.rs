//! Where a trigger or a policy may change what is written, in its own table or in another, the rows are read again before
//! the chain's end is taken: what the ledger says stands there must be what stands there. A trigger of which the dictionary
//! says that it fires at nothing that is done here changes nothing.

use std::collections::{BTreeMap, HashMap};

use anyhow::anyhow;

use super::hold::{FoundBy, Held, Place, ROWS, found_by, read_rows, written_tables};
use super::row_image::{RowImage, meaning_of};
use super::{Action, Hold, Plan, Step, TouchRef};
use crate::db::{Dialect, Read, TableExtras, Value};
use crate::exit::Exit;

/// Reads the rows again, and compares them with what the plan wrote.
///
/// # Errors
/// `Exit::Config`: a row does not hold what was written, and the next run would fare no better; else what the database
/// says. The caller must then drop the connection: all is rolled back.
pub(crate) fn read_again(held: &Held, db: &mut dyn Read) -> anyhow::Result<()> {
    let (plan, extras) = (held.plan(), held.extras());
    if !extras.iter().any(|(table, extras)| takes_effect(plan, table, extras)) {
        return Ok(());
    }
    for table in written_tables(plan) {
        let invisible = extras.get(table).map_or("", |extras| &extras.invisible);
        for (found_by, rows) in written(plan, table, db.dialect()) {
            let place = Place { table, found_by, invisible };
            let rows: Vec<(String, WrittenRow<'_>)> = rows.into_iter().collect();
            for batch in rows.chunks(ROWS) {
                compare(place, batch, extras, db)?;
            }
        }
    }
    Ok(())
}

/// Whether what the plan does makes any trigger of a table fire, or meets a policy.
fn takes_effect(plan: &Plan, table: &str, extras: &TableExtras) -> bool {
    let heed = |done: Action| extras.changers.iter().any(|changer| changer.heeds(done.word()));
    plan.steps.iter().any(|step| {
        step.touches.iter().any(|touch| match touch.action() {
            done if &*step.table == table => heed(done),
            // Rows that refer to a deleted one by a foreign key may be deleted or emptied with it.
            Action::Delete => heed(Action::Delete) || heed(Action::Update),
            Action::Insert | Action::Update => false,
        })
    })
}

/// Rows that share a key, and the changes that wrote them, in their order.
struct WrittenRow<'a> {
    key: Value,
    touches: Vec<TouchRef<'a>>,
    /// The change that took it away, where nothing was written there later.
    deleted: Option<TouchRef<'a>>,
}

/// The rows of a table that the plan writes or deletes, by what they are found by.
fn written<'a>(
    plan: &'a Plan,
    table: &str,
    dialect: Dialect,
) -> HashMap<FoundBy, BTreeMap<String, WrittenRow<'a>>> {
    let mut written: HashMap<FoundBy, BTreeMap<String, WrittenRow<'a>>> = HashMap::new();
    for step in plan.steps.iter().filter(|step| &*step.table == table) {
        for touch in step.touches.iter() {
            let Some((found_by, key)) = found(step, touch) else { continue };
            let known_as = meaning(&key, dialect);
            let new = || WrittenRow { key, touches: Vec::new(), deleted: None };
            let rows = written.entry(found_by).or_default();
            let row = rows.entry(known_as).or_insert_with(new);
            row.deleted = None;
            if touch.action() == Action::Delete {
                row.touches.clear();
                row.deleted = Some(touch);
            } else {
                row.touches.push(touch);
            }
        }
    }
    written
}

/// By what a touched row is found again, and its key.
fn found(step: &Step, touch: TouchRef<'_>) -> Option<(FoundBy, Value)> {
    let Hold::New(column) = step.hold else {
        let (found_by, bind) = found_by(step)?;
        return Some((found_by, touch.bind(bind).into()));
    };
    if let Some(bind) = step.names.iter().position(|name| *name == column.to_lowercase()) {
        return Some((Some(column), touch.bind(bind).into()));
    }
    // The binds of a restore have no names that say what they are; keys are texts or numbers.
    let after = touch.after()?;
    let image = RowImage::parse(&after).ok()?;
    let key = match serde_json::from_str(image.get(column)?).ok()? {
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Number(n) => n.as_i64().map_or(Value::Number(n.to_string()), Value::Int),
        _ => return None,
    };
    Some((Some(column), key))
}

/// The same for the same value, whatever type the column has.
fn meaning(value: &Value, dialect: Dialect) -> String {
    let mut raw = String::new();
    value.write_json(&mut raw);
    meaning_of(&raw, dialect)
}

fn compare(
    place: Place<'_>,
    batch: &[(String, WrittenRow<'_>)],
    extras: &BTreeMap<String, TableExtras>,
    db: &mut dyn Read,
) -> anyhow::Result<()> {
    let dialect = db.dialect();
    let keys: Vec<Value> = batch.iter().map(|(_, row)| row.key.clone()).collect();
    let mut there: HashMap<String, Vec<String>> = HashMap::new();
    read_rows(place, &keys, "", db, &mut |key, image| {
        there.entry(meaning(key, dialect)).or_default().push(image);
    })?;
    for (known_as, row) in batch {
        let texts = there.get(known_as).map_or(&[][..], Vec::as_slice);
        let there: Vec<RowImage<'_>> =
            texts.iter().map(|text| RowImage::parse(text)).collect::<anyhow::Result<_>>()?;
        if let Some(changed) = row.difference(&there, dialect)? {
            let (table, by) = (place.table, changers_of(place.table, extras));
            return Err(anyhow!(
                "{table} {changed}: {by} may have changed it; what recert writes must be left as it is, so let them \
                 leave out its account; all was rolled back"
            )
            .context(Exit::Config));
        }
    }
    Ok(())
}

/// What may have changed a row of a table: what is its own, else all there is.
fn changers_of(table: &str, extras: &BTreeMap<String, TableExtras>) -> String {
    let own = extras.get(table).map_or(&[][..], |extras| &extras.changers);
    let others = extras.iter().filter(|_| own.is_empty()).flat_map(|(table, extras)| {
        extras.changers.iter().map(move |changer| format!("{} of {table}", changer.in_words))
    });
    let own = own.iter().map(|changer| changer.in_words.clone());
    own.chain(others).collect::<Vec<_>>().join(", ")
}

impl WrittenRow<'_> {
    /// What is not as it was written: the row, and its first such column.
    fn difference(
        &self,
        there: &[RowImage<'_>],
        dialect: Dialect,
    ) -> anyhow::Result<Option<String>> {
        let told = |touch: &TouchRef<'_>, image: &RowImage<'_>| {
            // Of rows that share a key one must be as it was written; told is of the one that comes closest.
            let others = there.iter().map(|row| image.columns_other_than(row, dialect).collect());
            let Some(others) = others.min_by_key(|columns: &Vec<&str>| columns.len()) else {
                return Some(format!("`{}` is not there as it was written", touch.key()));
            };
            let column = others.first()?;
            Some(format!("`{}`: its column {column} does not hold what was written", touch.key()))
        };
        if let Some(touch) = self.deleted {
            let told = || format!("`{}` is there, although it was deleted", touch.key());
            return Ok((!there.is_empty()).then(told));
        }
        let mut updated: Option<(TouchRef<'_>, RowImage<'_>)> = None;
        let afters: Vec<_> = self.touches.iter().map(|touch| (touch, touch.after())).collect();
        for (touch, after) in &afters {
            let Some(after) = after else { continue };
            let image = RowImage::parse(after)?;
            if touch.action() == Action::Insert {
                if let Some(other) = told(touch, &image) {
                    return Ok(Some(other));
                }
                continue;
            }
            // What a later change of the run wrote stands there.
            let before = updated.take().map_or_else(RowImage::default, |(_, image)| image);
            updated = Some((**touch, before.with(image)));
        }
        Ok(updated.and_then(|(touch, image)| told(&touch, &image)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::RowChanger;
    use crate::plan::{Change, ChangeResult, Takes, Touch, Touches};
    use crate::sql::Sql;

    fn touch(action: Action, after: &str) -> Touch {
        let change = Change {
            key: "anna".into(),
            action,
            why: "told so".into(),
            result: ChangeResult::Applied,
            before: None,
            after: Some(after.into()),
        };
        Touch { unit: "anna".into(), binds: Vec::new(), change, seen: None }
    }

    /// Whether a trigger of table T at this event may change anything, where this is done to a row of another table.
    fn takes_effect_at(event: &str, table: &str, done: Action) -> bool {
        let step = Step {
            say: "changing",
            sql: Sql::made("test".to_owned(), String::new()),
            names: Vec::new(),
            table: table.into(),
            hold: Hold::Nothing,
            counts: &[],
            takes: Takes::Nothing,
            touches: [touch(done, "{}")].into_iter().collect(),
        };
        let trigger = RowChanger::new("trigger G".to_owned(), "AFTER EACH ROW", event);
        let extras = TableExtras { changers: vec![trigger], ..TableExtras::default() };
        takes_effect(&Plan { steps: vec![step], ..Plan::default() }, "T", &extras)
    }

    #[test]
    fn a_trigger_takes_effect_at_its_events_and_where_a_row_that_others_refer_to_goes() {
        let takes_effect = |event| {
            ["T", "ANOTHER"].map(|table| {
                [Action::Insert, Action::Update, Action::Delete]
                    .map(|done| takes_effect_at(event, table, done))
            })
        };
        assert_eq!(takes_effect("INSERT"), [[true, false, false], [false; 3]]);
        assert_eq!(takes_effect("UPDATE"), [[false, true, false], [false, false, true]]);
        assert_eq!(takes_effect("DELETE"), [[false, false, true], [false, false, true]]);
    }

    /// What of these changes is not as it was written, where these rows share their key.
    fn difference(touches: &[(Action, &str)], there: &[&str]) -> Option<String> {
        let touches: Touches =
            touches.iter().map(|(action, after)| touch(*action, after)).collect();
        let touches = touches.iter().collect();
        let row = WrittenRow { key: "anna".into(), touches, deleted: None };
        let there: Vec<_> = there.iter().map(|row| RowImage::parse(row).unwrap()).collect();
        row.difference(&there, Dialect::Oracle).unwrap()
    }

    #[test]
    fn of_several_updates_of_a_row_the_last_of_each_column_stands_there() {
        let updates = [(Action::Update, r#"{"A":1,"B":1}"#), (Action::Update, r#"{"A":2}"#)];
        assert_eq!(difference(&updates, &[r#"{"A":2,"B":1}"#]), None);
        let told = difference(&updates, &[r#"{"A":1,"B":1}"#]).unwrap();
        assert!(told.contains("its column A"), "{told}");
        let told = difference(&updates, &[r#"{"A":2,"B":2}"#]).unwrap();
        assert!(told.contains("its column B"), "{told}");
    }

    #[test]
    fn each_of_the_new_rows_that_share_a_key_is_there() {
        let inserts = [(Action::Insert, r#"{"A":1}"#), (Action::Insert, r#"{"A":2}"#)];
        assert_eq!(difference(&inserts, &[r#"{"A":2}"#, r#"{"A":1}"#]), None);
        let told = difference(&inserts, &[r#"{"A":3}"#, r#"{"A":2}"#]).unwrap();
        assert!(told.contains("its column A"), "{told}");
        let told = difference(&inserts, &[]).unwrap();
        assert!(told.contains("is not there as it was written"), "{told}");
    }
}
