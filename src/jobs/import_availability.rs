//! Imports how much of each month people have free (section 8 of the spec).
//! Safe to rerun: a month that holds its value already is not planned again.
//!
//! Memory: 8 bytes a month and person of the file, and the mail addresses' keys of PM_USER.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;

use super::{JobSpec, PlanJob, World};
use crate::db::{Column, Row, Value, image};
use crate::import::args::{ImportArgs, find_unknown};
use crate::import::availability::{AvailabilityLine, DeliveredMonths, availability};
use crate::import::claim::ImportKind;
use crate::import::nfc;
use crate::plan::{
    Action, Change, ChangeResult, Columns, Counts, Hold, Plan, Step, Takes, Touch, TouchRef,
    Touches,
};
use crate::schema::Owner;
use crate::sql;

/// `recert import-availability`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The file, and its rejects.
    #[command(flatten)]
    pub import: ImportArgs,
}

const COUNTS: [&str; 4] = ["rows", "values_written", "unchanged", "rejected"];

/// A person of the file.
struct PersonMonths {
    line: u64,
    /// One cell a month of the header; NaN, which no file can hold, is a blank.
    cells: Box<[f64]>,
}

/// What the file says.
struct AvailabilityFile {
    months: Vec<String>,
    /// By PM_USER.ID.
    people: HashMap<Arc<str>, PersonMonths>,
}

pub(super) const SPEC: JobSpec = JobSpec {
    name: "import-availability",
    lock: Some("people"),
    limits: Some(|config| &config.limits.import_availability),
    application: Some(Owner::ProfileMap),
    database: |config| config.import.database.as_ref().unwrap_or(&config.database),
    population: None,
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        plan(self, world)
    }

    fn parameters(&self) -> serde_json::Value {
        self.import.parameters()
    }

    fn import(&self) -> Option<(&ImportArgs, ImportKind)> {
        Some((&self.import, ImportKind::Availability))
    }
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    args.import.tell_claim(&mut plan);
    let ids = read_ids(world)?;
    let mut delivered = read_file(args, world, &ids, &mut plan)?;
    drop(ids);
    fit(&mut delivered, &world.db.columns("PM_AVAILABILITY")?, &mut plan);
    let updates = compare(world, &mut delivered, &mut plan)?;
    plan.steps = vec![updates, insertions(delivered)];
    Ok(plan)
}

/// Everybody's id, by their mail address in lower case.
fn read_ids(world: &mut World<'_>) -> anyhow::Result<HashMap<String, Arc<str>>> {
    let mut ids: HashMap<String, Arc<str>> = HashMap::new();
    world
        .db
        .each(&sql!("import/select_identities"), &[], &mut |row| {
            let id: Arc<str> = row.text("ID")?.into();
            let Some(email) = row.text_opt("EMAIL")? else { return Ok(()) };
            ids.entry(nfc(&email).to_lowercase())
                // Two people with one mail address: always the same one of them.
                .and_modify(|known| {
                    if id < *known {
                        *known = Arc::clone(&id);
                    }
                })
                .or_insert(Arc::clone(&id));
            Ok(())
        })
        .context("looking for the people there are")?;
    Ok(ids)
}

/// Reads the file; of a person's rows the last one counts.
fn read_file(
    args: &Args,
    world: &World<'_>,
    ids: &HashMap<String, Arc<str>>,
    plan: &mut Plan,
) -> anyhow::Result<AvailabilityFile> {
    let (delivered, verdict) = args.import.read(|source, rejects| {
        let mut lines = availability(source.read(), &source.name)?;
        find_unknown(lines.unknown_columns(), plan);
        let months = lines.months().to_vec();
        let mut people: HashMap<Arc<str>, PersonMonths> = HashMap::new();
        let mut rows = 0;
        while let Some(line) = lines.next() {
            rows += 1;
            match line? {
                AvailabilityLine::Rejected(reject) => rejects.add(&reject, source, plan)?,
                AvailabilityLine::Months(row) => match ids.get(&nfc(&row.email).to_lowercase()) {
                    None => rejects.add(&lines.unknown_person(), source, plan)?,
                    Some(id) => take(&mut people, id, &row, months.len(), plan),
                },
            }
        }
        plan.noticed.add("rows", rows);
        plan.noticed.add("rejected", rejects.count);
        Ok((AvailabilityFile { months, people }, rejects.verdict(rows, &world.config.import)))
    })?;
    verdict.uphold()?;
    Ok(delivered)
}

fn take(
    people: &mut HashMap<Arc<str>, PersonMonths>,
    id: &Arc<str>,
    row: &DeliveredMonths,
    n_months: usize,
    plan: &mut Plan,
) {
    let mut cells = vec![f64::NAN; n_months].into_boxed_slice();
    for (month, value) in &row.values {
        cells[*month] = *value;
    }
    let person = PersonMonths { line: row.line, cells };
    if let Some(earlier) = people.insert(Arc::clone(id), person) {
        let told =
            format!("lines {} and {} name them; the last one counts", earlier.line, row.line);
        plan.find("duplicate", &**id, told);
    }
}

/// Leaves only what PM_AVAILABILITY has room for, as it keeps it: what the database would round would never equal the
/// file, and what it would refuse (ORA-01438, ORA-12899) would end the run.
fn fit(delivered: &mut AvailabilityFile, columns: &[Column], plan: &mut Plan) {
    let column = |name: &str| columns.iter().find(|column| column.name == name);
    let digits = column("FREE_PT").and_then(|column| column.digits);
    let has_room = |id: &str| column("USER_ID").is_none_or(|column| column.holds(id));
    let AvailabilityFile { months, people } = delivered;
    let mut n_rounded = 0_u64;
    let mut left: Vec<(String, &str)> = Vec::new();
    people.retain(|id, _| {
        let fits = has_room(id);
        if !fits {
            left.push((id.to_string(), "its id is longer than PM_AVAILABILITY.USER_ID"));
        }
        fits
    });
    for (id, person) in people.iter_mut() {
        for (cell, month) in
            person.cells.iter_mut().zip(&*months).filter(|(cell, _)| !cell.is_nan())
        {
            let kept = digits.map_or(Some(*cell), |digits| digits.kept(*cell));
            if kept.is_none() {
                left.push((
                    format!("{id}/{month}"),
                    "its value is too large for PM_AVAILABILITY.FREE_PT",
                ));
            }
            n_rounded += u64::from(kept.is_some_and(|kept| kept != *cell));
            *cell = kept.unwrap_or(f64::NAN);
        }
    }
    left.sort();
    for (key, why) in left {
        plan.find("unreadable", key, format!("{why}: left as it is"));
    }
    if n_rounded > 0 {
        let told = format!(
            "{n_rounded} values have more digits than PM_AVAILABILITY.FREE_PT keeps: they are rounded"
        );
        plan.find("rounded", "", told);
    }
}

/// Takes the months that are stored out of what was delivered; those that differ are to be updated.
fn compare(
    world: &mut World<'_>,
    delivered: &mut AvailabilityFile,
    plan: &mut Plan,
) -> anyhow::Result<Step> {
    let AvailabilityFile { months, people } = delivered;
    let places: HashMap<&str, usize> =
        months.iter().enumerate().map(|(at, month)| (month.as_str(), at)).collect();
    // A month may stand in several rows: what was delivered for it is needed until the last of them.
    let mut met: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
    let mut touches = Touches::default();
    let why: Arc<str> = "another value in the file".into();
    let mut unchanged = 0;
    world
        .db
        .each(&sql!("import/select_availability"), &[], &mut |row| {
            let (id, month) = (row.text("USER_ID")?, row.text("MONTH")?);
            let Some((id, person)) = people.get_key_value(id.as_str()) else { return Ok(()) };
            let Some(&at) = places.get(month.as_str()) else { return Ok(()) };
            let value = person.cells[at];
            if value.is_nan() {
                return Ok(());
            }
            met.entry(Arc::clone(id)).or_default().push(at);
            if holds(row, value)? {
                unchanged += 1;
            } else {
                touches.push(update(row, id, &month, value, &why)?);
            }
            Ok(())
        })
        .context("looking at the availability there is")?;
    for (id, met) in met {
        if let Some(person) = people.get_mut(&id) {
            met.into_iter().for_each(|at| person.cells[at] = f64::NAN);
        }
    }
    plan.noticed.add("unchanged", unchanged);
    touches.sort_by(order);
    Ok(Step {
        say: "changing the months whose value differs",
        sql: sql!("import/update_availability"),
        names: ["free_pt", "row_id", "user_id", "month"].map(str::to_owned).to_vec(),
        table: "PM_AVAILABILITY".into(),
        hold: Hold::Row(Columns::These(&["USER_ID", "MONTH", "FREE_PT"])),
        counts: &["values_written"],
        takes: Takes::Nothing,
        touches,
    })
}

fn update(
    row: &Row,
    id: &Arc<str>,
    month: &str,
    value: f64,
    why: &Arc<str>,
) -> anyhow::Result<Touch> {
    let value = Value::Real(value);
    let change = Change {
        key: format!("{id}/{month}").into(),
        action: Action::Update,
        why: Arc::clone(why),
        result: ChangeResult::Applied,
        before: Some(row.image_from(1).into()),
        after: Some(image(&[("FREE_PT", &value)]).into()),
    };
    let stored = |column| row.get(column).cloned();
    let binds = vec![value, stored("ROW_ID")?, stored("USER_ID")?, stored("MONTH")?];
    Ok(Touch { unit: Arc::clone(id), binds, change, seen: None })
}

/// What was delivered and is not stored.
fn insertions(delivered: AvailabilityFile) -> Step {
    let why: Arc<str> = "in the file, and not yet there".into();
    let AvailabilityFile { months, people } = delivered;
    let names = ["user_id", "month", "free_pt"];
    let mut touches = Touches::of_new_rows(names);
    for (id, person) in people {
        let filled = person.cells.iter().zip(&months).filter(|(value, _)| !value.is_nan());
        touches.extend(filled.map(|(value, month)| {
            let binds = vec![Value::from(&*id), Value::from(month.as_str()), Value::Real(*value)];
            let change = Change {
                key: format!("{id}/{month}").into(),
                action: Action::Insert,
                why: Arc::clone(&why),
                result: ChangeResult::Applied,
                before: None,
                after: None,
            };
            Touch { unit: Arc::clone(&id), binds, change, seen: None }
        }));
    }
    touches.sort_by(order);
    Step {
        say: "adding months",
        sql: sql!("import/insert_availability"),
        names: names.map(str::to_owned).to_vec(),
        table: "PM_AVAILABILITY".into(),
        hold: Hold::New("USER_ID"),
        counts: &["values_written"],
        takes: Takes::Nothing,
        touches,
    }
}

/// The same plan for the same rows, however the database hands them out.
fn order(a: TouchRef<'_>, b: TouchRef<'_>) -> Ordering {
    (a.key(), a.before()).cmp(&(b.key(), b.before()))
}

/// Whether a row holds this value.
fn holds(row: &Row, value: f64) -> anyhow::Result<bool> {
    let stored = row.get("FREE_PT")?;
    Ok(match stored {
        Value::Null => false,
        Value::Real(stored) => *stored == value,
        // A NUMBER column keeps 15 digits of a double for sure: it can't be held to more.
        other => other
            .display()
            .trim()
            .parse()
            .is_ok_and(|stored: f64| format!("{stored:.14e}") == format!("{value:.14e}")),
    })
}
