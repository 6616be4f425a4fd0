//! People who do not exist, with names as hostile as real ones, and all kinds of answers.

use chrono::{NaiveDate, TimeDelta};

use crate::db::{BindArray, Transaction, Value};
use crate::sql;

/// How much was made up.
pub(super) struct SampleSize {
    pub(super) users: usize,
    pub(super) mappings: usize,
    pub(super) responses: usize,
}

const FIRST: [&str; 12] = [
    "Siobhán",
    "Žofie",
    "Zoë",
    "Pat",
    "José",
    "Anne-Marie",
    "Đorđe",
    "Łucja",
    "Ève",
    "D'Arcy",
    "Иван",
    "美咲",
];
const LAST: [&str; 14] = [
    "O'Brien",
    "O''Neill",
    "Ng, Jr.",
    "Smith & Sons",
    "Müller (Ext.)",
    "d'Ormesson",
    "Null",
    "Robert'); DROP TABLE USER_TAB;--",
    "=1+1",
    "\"Quote\"",
    "Ångström",
    "van 't Hoff",
    "a;b/c\\d",
    "👩‍💻 Devi",
];
const LEVELS: [&str; 3] = ["VIEWER", "EDITOR", "APPROVER"];
const N_USERS: usize = 320;
const N_LOCATIONS: u64 = 12;

/// The same numbers each time, so that the demo tells the same story (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }
}

/// Fills the empty tables.
pub(super) fn fill(db: &mut dyn Transaction, today: NaiveDate) -> anyhow::Result<SampleSize> {
    let mut dice = Dice(2026);
    let users = users(&mut dice, today);
    let mut mappings = Vec::new();
    let mut responses = Vec::new();
    for user in &users {
        for _ in 0..=dice.roll(3) {
            let location = Value::Int(1 + dice.roll(N_LOCATIONS) as i64);
            for _ in 0..=dice.roll(2) {
                mappings.push(vec![user[0].clone(), location.clone()]);
            }
            if dice.roll(3) > 0 {
                responses.push(response(&mut dice, &user[0], &location, today));
            }
        }
    }
    // What a first look should show: an approval that contradicts, an answer without any date.
    let (user, location) = (users[0][0].clone(), Value::Int(1));
    mappings.push(vec![user.clone(), location.clone()]);
    let yesterday = Value::from(today - TimeDelta::days(1));
    for (status, date) in
        [("REVOKED", yesterday.clone()), ("APPROVED", yesterday), (" revoked ", Value::Null)]
    {
        let level = Value::from(LEVELS[0]);
        responses.push(vec![
            user.clone(),
            location.clone(),
            status.into(),
            level,
            1.into(),
            date,
            Value::Null,
        ]);
    }

    insert(db, &sql!("demo/insert_user"), &USER, &users)?;
    insert(db, &sql!("demo/insert_mapping"), &["user_id", "rmm_id"], &mappings)?;
    insert(db, &sql!("demo/insert_response"), &RESPONSE, &responses)?;
    Ok(SampleSize { users: users.len(), mappings: mappings.len(), responses: responses.len() })
}

const USER: [&str; 9] = [
    "employee_id",
    "name",
    "mail",
    "rap",
    "packbuilder",
    "manager_id",
    "manager_name",
    "manager_mail",
    "created",
];
const RESPONSE: [&str; 7] =
    ["reportees_id", "rmm_id", "status", "access_level", "is_active", "by_manager", "due"];

fn users(dice: &mut Dice, today: NaiveDate) -> Vec<Vec<Value>> {
    let names: Vec<String> =
        (0..N_USERS).map(|_| format!("{} {}", dice.pick(&FIRST), dice.pick(&LAST))).collect();
    let id = |n: usize| format!("E{}", 1001 + n);
    let mail = |n: usize| format!("{}@example.com", id(n).to_lowercase());
    (0..N_USERS)
        .map(|n| {
            let manager = n / 8; // Everybody's manager stands above them; the first is their own.
            vec![
                id(n).into(),
                names[n].as_str().into(),
                mail(n).into(),
                Value::Int(i64::from(dice.roll(10) > 0)),
                Value::Int(i64::from(dice.roll(2) > 0)),
                id(manager).into(),
                names[manager].as_str().into(),
                mail(manager).into(),
                (today - TimeDelta::days(200 + dice.roll(2_000) as i64)).into(),
            ]
        })
        .collect()
}

fn response(dice: &mut Dice, user: &Value, location: &Value, today: NaiveDate) -> Vec<Value> {
    let status =
        dice.pick(&["APPROVED", "APPROVED", "APPROVED", "APPROVED", "REVOKED", "PENDING", ""]);
    let level = dice.pick(&LEVELS);
    let due = today + TimeDelta::days(dice.roll(180) as i64 - 60);
    let by_manager = (status == "REVOKED" && dice.roll(2) > 0)
        .then(|| today + TimeDelta::days(dice.roll(60) as i64 - 20));
    let active = dice.roll(8) > 0;
    vec![
        user.clone(),
        location.clone(),
        status.into(),
        level.into(),
        Value::Int(i64::from(active)),
        by_manager.into(),
        due.into(),
    ]
}

fn insert(
    db: &mut dyn Transaction,
    sql: &sql::Sql,
    names: &[&str],
    rows: &[Vec<Value>],
) -> anyhow::Result<()> {
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    db.change_many(sql, &BindArray::of(names, &rows)).map(|_| ())
}
