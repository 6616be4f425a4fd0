//! Any sequence of import files ends in the state that a plain model computes, and importing again changes nothing.
//! `RECERT_MODEL_WORLDS` tries more worlds than the suite does.

mod delivered;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use delivered::{Delivered, Flaw, file_of, leaving, own_id, reads_email, some_imports};
use proptest::prelude::*;
use recert::door::db::Row;
use recert::door::exit::Exit;

use super::file;
use crate::harness::{World, ok};

/// One person as the model stores them.
#[derive(Clone, Debug, PartialEq)]
struct Person {
    email: u8,
    city: u8,
    unit: u8,
    is_freelance: bool,
    leaving: Option<NaiveDate>,
    delete_at: Option<NaiveDate>,
    /// The mark is one that a person let through.
    is_let_through: bool,
    has_management_role: bool,
}

/// By id. Generated ids are `email N`, because the model need not know how they are made.
type Model = BTreeMap<String, Person>;

/// What the ledger knows of an import.
#[derive(Clone, Debug)]
struct Import {
    day: NaiveDate,
    rows: Vec<Delivered>,
    brought: BTreeSet<String>,
    is_accepted: bool,
}

/// What an import does, in the model.
#[derive(Default)]
struct Outcome {
    model: Model,
    counts: BTreeMap<&'static str, usize>,
    doubts: BTreeSet<&'static str>,
    brought: BTreeSet<String>,
    is_bad: bool,
}

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(n)
}

fn is_signed(unit: u8, n: u64) -> bool {
    unit == 1 || (unit == 2 && n.is_multiple_of(2))
}

fn is_generated(id: &str) -> bool {
    id.starts_with("email ")
}

/// The id is one stored person's, and the mail address another's whose id was not generated.
fn is_of_two(model: &Model, row: &Delivered) -> bool {
    let Some(id) = own_id(row) else { return false };
    let is_others_id = model.get(&id).is_some_and(|person| person.email != row.email);
    let owner = model.iter().find(|(_, person)| person.email == row.email);
    is_others_id && owner.is_some_and(|(owner, _)| *owner != id && !is_generated(owner))
}

/// The sentences of section 8, one after the other.
fn import(
    model: &Model,
    history: &[Import],
    rows: &[Delivered],
    today: NaiveDate,
    n: u64,
) -> Outcome {
    let is_reject = |row: &Delivered| row.flaw != Flaw::None || is_of_two(model, row);
    let good: Vec<&Delivered> = rows.iter().filter(|row| !is_reject(row)).collect();
    let rejects: Vec<&Delivered> = rows.iter().filter(|row| is_reject(row)).collect();
    let mut outcome = Outcome { is_bad: good.is_empty(), ..Outcome::default() };
    // Of rows with the same id or mail address the last one counts; one that doesn't takes no other with it.
    let mut counting: Vec<&Delivered> = Vec::new();
    for row in good.iter().rev() {
        let same = |later: &&Delivered| {
            later.email == row.email || (later.id.is_some() && later.id == row.id)
        };
        if !counting.iter().any(same) {
            counting.push(row);
        }
    }

    // A reject speaks for a stored person only if no good row delivers that person.
    let delivers = |person: &Person| counting.iter().find(|row| row.email == person.email);
    let speaks = |row: &Delivered, id: &str, person: &Person| {
        own_id(row).as_deref() == Some(id) || (reads_email(row) && row.email == person.email)
    };
    let hides_anybody = rejects.iter().any(|row| {
        let is_met =
            model.iter().any(|(id, person)| delivers(person).is_none() && speaks(row, id, person));
        !is_met && !reads_email(row)
    });

    let mut count = |name, n| *outcome.counts.entry(name).or_insert(0) += n;
    let has_to_go =
        |row: &Delivered| row.is_freelance || leaving(row).is_some_and(|day| day <= today);
    let (mut standing, mut n_marked) = (0, 0);
    let mut touched = BTreeSet::new();
    for (id, person) in model {
        let row = delivers(person);
        let is_spoken_for = row.is_none() && rejects.iter().any(|row| speaks(row, id, person));
        let is_kept = is_spoken_for || (row.is_none() && hides_anybody);
        let goes = row.is_none_or(|row| !is_signed(row.unit, n) || has_to_go(row));
        let mut person = person.clone();
        let is_mixed_up = rows.iter().any(|row| {
            row.flaw == Flaw::None
                && is_of_two(model, row)
                && (own_id(row).as_deref() == Some(id) || row.email == person.email)
        });
        let is_due = person.delete_at.is_some_and(|day| day <= today);
        if !is_kept && goes && is_due && !is_mixed_up {
            count("purged", 1);
            continue;
        }
        match (is_kept, goes, person.delete_at) {
            (false, true, None) => {
                person.delete_at = Some(today + Days::new(30));
                person.is_let_through = false;
                n_marked += 1;
                touched.insert(id.clone());
            }
            (false, false, Some(_)) => {
                person.delete_at = None;
                count("unmarked", 1);
            }
            (_, _, Some(_)) => standing += usize::from(!person.is_let_through),
            (_, _, None) => {}
        }
        if let Some(row) = row {
            if is_signed(row.unit, n) {
                person.has_management_role &= row.unit == person.unit;
                let new = Person {
                    city: row.city,
                    unit: row.unit,
                    is_freelance: row.is_freelance,
                    leaving: leaving(row),
                    ..person.clone()
                };
                if new != person || row.unit != person.unit {
                    count("updated", 1);
                    touched.insert(id.clone());
                    outcome.brought.insert(id.clone());
                }
                person = new;
            } else {
                person.has_management_role = false;
            }
        }
        outcome.model.insert(id.clone(), person);
    }
    count("marked", n_marked);
    count("unsigned", counting.iter().filter(|row| !is_signed(row.unit, n)).count());
    for row in &counting {
        let is_stored = model.values().any(|person| person.email == row.email);
        if is_stored || !is_signed(row.unit, n) {
            continue;
        }
        if has_to_go(row) {
            count("gone", 1);
            continue;
        }
        // An id is another's when somebody with another address had it before this import.
        let id = own_id(row).filter(|id| !model.contains_key(id));
        let id = id.unwrap_or_else(|| format!("email {}", row.email));
        count("created", 1);
        outcome.brought.insert(id.clone());
        let person = Person {
            email: row.email,
            city: row.city,
            unit: row.unit,
            is_freelance: row.is_freelance,
            leaving: leaving(row),
            delete_at: None,
            is_let_through: false,
            has_management_role: false,
        };
        outcome.model.insert(id, person);
    }
    count("rejected", rejects.len());
    outcome.doubts = doubts(model, history, rows, today, standing + n_marked, &touched);
    outcome
}

/// The doubts that so few people can raise; by a word of their message.
fn doubts(
    model: &Model,
    history: &[Import],
    rows: &[Delivered],
    today: NaiveDate,
    n_marked: usize,
    touched: &BTreeSet<String>,
) -> BTreeSet<&'static str> {
    let mut doubts = BTreeSet::new();
    let afresh = history.iter().rposition(|import| import.is_accepted).unwrap_or(0);
    let history = &history[afresh..];
    let recent = history.iter().filter(|import| import.day + Days::new(30) >= today);
    let largest = recent.map(|import| import.rows.len()).max();
    let half_of = if history.is_empty() { Some(model.len()) } else { largest };
    if half_of.is_some_and(|most| 2 * rows.len() < most) {
        doubts.insert("fewer than half");
    }
    let last = history.last();
    if last.is_some_and(|last| last.rows.len() > 10 && 2 * rows.len() < last.rows.len()) {
        doubts.insert("the last import, for");
    }
    if n_marked > 10 && 100 * n_marked > 20 * model.len() {
        doubts.insert("would be marked");
    }
    let text = file_of(rows);
    let is_same = |import: &Import| file_of(&import.rows) == text;
    let same = history.iter().rposition(is_same);
    if let Some(same) = same.filter(|same| same + 1 < history.len()) {
        let since = history[same + 1..].iter().flat_map(|import| &import.brought);
        if since.filter(|id| touched.contains(*id)).count() > 0 {
            doubts.insert("not the last one");
        }
    }
    doubts
}

/// The stored state, in the model's words; who let which mark through is the model's alone.
fn stored(world: &World, model: &Model) -> Model {
    let roles: Vec<String> = world
        .query("SELECT user_id FROM pm_user_role WHERE is_management = 1")
        .iter()
        .map(|row| row.text("USER_ID").unwrap())
        .collect();
    let person = |row: &Row| {
        let text = |column| row.text(column).unwrap();
        let digit = |text: String, at| text[at..].parse().unwrap();
        let day = |column| row.date(column).unwrap().map(|at| at.date());
        let email: u8 = digit(text("EMAIL").replace("@x", ""), 4);
        let id = text("ID");
        assert_eq!(text("TO_DELETE") == "1", day("DELETE_AT").is_some());
        let key = if id.starts_with("ID") { id.clone() } else { format!("email {email}") };
        let person = Person {
            email,
            city: digit(text("CITY"), 4),
            unit: text("BUSINESS_UNIT")[..1].parse().unwrap(),
            is_freelance: !text("EMPLOYEE_GROUP").is_empty(),
            leaving: day("LEAVING_DATE"),
            delete_at: day("DELETE_AT"),
            is_let_through: model.get(&key).is_some_and(|person| person.is_let_through),
            has_management_role: roles.contains(&id),
        };
        (key, person)
    };
    world.query("SELECT * FROM pm_user").iter().map(person).collect()
}

fn worlds() -> u32 {
    std::env::var("RECERT_MODEL_WORLDS").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

/// One import, and the same again; the model and its history follow.
fn try_import(
    world: &World,
    model: &mut Model,
    history: &mut Vec<Import>,
    rows: &[Delivered],
    today: NaiveDate,
    n: u64,
) -> Result<(), TestCaseError> {
    let mut expected = import(model, history, rows, today, n);
    let path = file(world, "users.csv", &file_of(rows));
    let command = format!("import-users {} --as-of {today}", path.display());
    let mut ended = world.run(&command);
    if expected.is_bad {
        prop_assert_eq!(ended.error.as_ref().map(Exit::of), Some(Exit::BadInput));
        return Ok(());
    }
    let mut accept = "";
    if !expected.doubts.is_empty() {
        prop_assert_eq!(
            ended.error.as_ref().map(Exit::of),
            Some(Exit::Refused),
            "{:?}",
            expected.doubts
        );
        let told = ended.summary.error.clone().unwrap_or_default();
        for doubt in &expected.doubts {
            prop_assert!(told.contains(doubt), "{} is not in {}", doubt, told);
        }
        prop_assert_eq!(&stored(world, model), &*model, "after {}, refused", command);
        accept = " --accept-source --reason seen";
        ended = world.run(&format!("{command}{accept}"));
        for (id, person) in &mut expected.model {
            let was_marked = model.get(id).is_some_and(|before| before.delete_at.is_some());
            person.is_let_through |= !was_marked && person.delete_at.is_some();
        }
    }
    ok(&ended);
    *model = expected.model;
    prop_assert_eq!(&stored(world, model), &*model, "after {}", command);
    for (name, n) in &expected.counts {
        prop_assert_eq!(ended.summary.counts.get(name), *n as u64, "{} after {}", name, command);
    }
    let is_accepted = !accept.is_empty();
    let import = Import { day: today, rows: rows.to_vec(), brought: expected.brought, is_accepted };
    history.push(import);
    let again = world.run(&command);
    // Of marks that stand the same is to be said again, whoever let the new ones through.
    if again.error.is_none() {
        prop_assert!(again.plan.as_ref().is_some_and(|plan| plan.is_empty()), "a second time");
        history.push(Import {
            day: today,
            rows: rows.to_vec(),
            brought: BTreeSet::new(),
            is_accepted: false,
        });
    } else {
        prop_assert!(again.summary.error.unwrap_or_default().contains("would be marked"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: worlds(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_imports_end_in_the_state_of_the_model(imports in some_imports()) {
        let mut world = World::sqlite();
        world.config.import.rejects_percent = 100.0;
        world.put("org UNIT=1000\norg UNIT=3000 SIGNED=0");
        let (mut model, mut history) = (Model::new(), Vec::new());
        let mut today = 100;
        for (n, (rows, days)) in imports.iter().enumerate() {
            today += days;
            let n = n as u64;
            world.tamper("DELETE FROM pm_organisation WHERE business_unit = '2000'");
            world.put(&format!("org UNIT=2000 SIGNED={}", u8::from(n.is_multiple_of(2))));
            try_import(&world, &mut model, &mut history, rows, day(today), n)?;
            // Roles come and go by other hands.
            let roles: String = model.keys().filter(|id| id.starts_with("ID")).map(|id| format!("role USER={id}\n")).collect();
            world.tamper("DELETE FROM pm_user_role");
            world.put(&roles);
            for (id, person) in &mut model {
                person.has_management_role = id.starts_with("ID");
            }
        }
    }
}
