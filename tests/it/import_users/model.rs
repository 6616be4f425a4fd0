//! Any sequence of import files ends in the state that a plain model computes, and importing again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use recert::db::Row;

use super::file;
use crate::harness::{World, ok};
use crate::import_files::harness::people_file;

/// One row of a file; small numbers, so that rows often meet.
#[derive(Clone, Debug)]
struct Delivered {
    id: Option<u8>,
    email: u8,
    city: u8,
    /// Business unit 1000 is signed, 2000 is signed on even days, 3000 never.
    unit: u8,
    is_freelance: bool,
    /// Days after the first import's day.
    leaving: Option<i8>,
    is_rejected: bool,
}

/// One person as the model stores them.
#[derive(Clone, Debug, PartialEq)]
struct Person {
    email: u8,
    city: u8,
    unit: u8,
    is_freelance: bool,
    leaving: Option<NaiveDate>,
    delete_at: Option<NaiveDate>,
    has_management_role: bool,
}

/// By id. Generated ids are `email N`, because the model need not know how they are made.
type Model = BTreeMap<String, Person>;

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(n)
}

fn leaving(row: &Delivered) -> Option<NaiveDate> {
    row.leaving.map(|n| day(100) + chrono::TimeDelta::days(i64::from(n)))
}

fn is_signed(unit: u8, n: u64) -> bool {
    unit == 1 || (unit == 2 && n.is_multiple_of(2))
}

/// The sentences of section 8, one after the other.
fn import(
    model: &mut Model,
    purged: &mut BTreeSet<String>,
    rows: &[Delivered],
    today: NaiveDate,
    n: u64,
) {
    let counts = |at: usize| {
        let row = &rows[at];
        let later = rows[at + 1..].iter().filter(|other| !other.is_rejected);
        !row.is_rejected
            && later
                .clone()
                .all(|other| other.email != row.email && (row.id.is_none() || other.id != row.id))
    };
    let counting: Vec<&Delivered> =
        (0..rows.len()).filter(|at| counts(*at)).map(|at| &rows[at]).collect();
    let rejected: Vec<&Delivered> = rows.iter().filter(|row| row.is_rejected).collect();
    let before: BTreeMap<String, u8> =
        model.iter().map(|(id, person)| (id.clone(), person.email)).collect();
    let grace = today + Days::new(30);

    for (id, person) in std::mem::take(model) {
        let row = counting.iter().find(|row| row.email == person.email);
        let is_rejected = rejected.iter().any(|row| {
            row.email == person.email || row.id.is_some_and(|row_id| name(row_id) == id)
        });
        let mut person = person;
        let has_to_go = match row {
            None => !is_rejected,
            Some(row) => {
                !is_signed(row.unit, n)
                    || row.is_freelance
                    || leaving(row).is_some_and(|day| day <= today)
            }
        };
        if row.is_some_and(|row| !has_to_go && row.leaving.is_none()) {
            person.delete_at = None;
        }
        if person.delete_at.is_some_and(|day| day <= today) && !(row.is_none() && is_rejected) {
            purged.insert(id);
            continue;
        }
        if has_to_go {
            person.delete_at = person.delete_at.or(Some(grace));
        }
        if let Some(row) = row.filter(|row| is_signed(row.unit, n)) {
            person.has_management_role &= row.unit == person.unit;
            person = Person {
                city: row.city,
                unit: row.unit,
                is_freelance: row.is_freelance,
                leaving: leaving(row),
                ..person
            };
        }
        model.insert(id, person);
    }
    for row in counting {
        let is_stored = model.values().any(|person| person.email == row.email);
        let goes = row.is_freelance || leaving(row).is_some_and(|day| day <= today);
        if is_stored || !is_signed(row.unit, n) {
            continue;
        }
        let own = row.id.map(name);
        // An id is another's when somebody with another address had it before this import.
        let id = own
            .filter(|id| before.get(id).is_none_or(|known| *known == row.email))
            .unwrap_or_else(|| format!("email {}", row.email));
        if goes && purged.contains(&id) {
            continue;
        }
        let person = Person {
            email: row.email,
            city: row.city,
            unit: row.unit,
            is_freelance: row.is_freelance,
            leaving: leaving(row),
            delete_at: goes.then_some(grace),
            has_management_role: false,
        };
        model.insert(id, person);
    }
}

fn name(id: u8) -> String {
    format!("ID{id}")
}

fn spec(row: &Delivered) -> String {
    let id = row.id.map(name).unwrap_or_default();
    let leaving = leaving(row).map(|day| day.to_string()).unwrap_or_default();
    let group = if row.is_freelance { "Freier Mitarbeiter" } else { "" };
    let country = if row.is_rejected { "XX" } else { "CH" };
    format!(
        "id={id}|email=Mail{}@x|city=City{}|costCenter={}000|employeeGroup={group}|leavingDate={leaving}|country={country}",
        row.email, row.city, row.unit
    )
}

/// The stored state, in the model's words.
fn stored(world: &World) -> Model {
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
            has_management_role: roles.contains(&id),
        };
        (key, person)
    };
    world.query("SELECT * FROM pm_user").iter().map(person).collect()
}

fn a_row() -> impl Strategy<Value = Delivered> {
    (
        proptest::option::weighted(0.7, 0..6_u8),
        0..8_u8,
        0..2_u8,
        prop_oneof![6 => Just(1_u8), 2 => Just(2), 1 => Just(3)],
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.2, -20..60_i8),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(id, email, city, unit, is_freelance, leaving, is_rejected)| Delivered {
            id,
            email,
            city,
            unit,
            is_freelance,
            leaving,
            is_rejected,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_imports_end_in_the_state_of_the_model(
        files in proptest::collection::vec((proptest::collection::vec(a_row(), 1..10), 0..25_u64), 1..7),
    ) {
        let mut world = World::sqlite();
        world.config.import.rejects_percent = 100.0;
        world.put("org UNIT=1000\norg UNIT=3000 SIGNED=0");
        let mut model = Model::new();
        let mut purged = BTreeSet::new();
        let mut today = 100;
        for (n, (rows, days)) in files.iter().enumerate() {
            today += days;
            let n = n as u64;
            world.tamper("DELETE FROM pm_organisation WHERE business_unit = '2000'");
            world.put(&format!("org UNIT=2000 SIGNED={}", u8::from(n.is_multiple_of(2))));
            let before = (model.clone(), purged.clone());
            import(&mut model, &mut purged, rows, day(today), n);
            let specs: Vec<String> = rows.iter().map(spec).collect();
            let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
            let path = file(&world, "users.csv", &people_file(&specs));
            let command = format!("import-users {} --as-of {}", path.display(), day(today));
            let ended = world.run(&command);
            if ended.error.is_some() {
                // Fewer than half: the model has no say, the stored state must stay.
                prop_assert_eq!(recert::exit::Exit::of(ended.error.as_ref().unwrap()), recert::exit::Exit::Refused);
                (model, purged) = before;
            }
            prop_assert_eq!(stored(&world), model.clone(), "after {}", command);
            if ended.error.is_none() {
                let again = world.run(&command);
                ok(&again);
                prop_assert!(again.plan.unwrap().is_empty(), "a second time");
            }
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
