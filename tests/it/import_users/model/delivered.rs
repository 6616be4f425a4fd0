//! What is delivered: rows as the model reads them and as the file spells them, and any files of them.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::day;
use crate::import_files::harness::people_file;

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    None,
    /// A cell that decides can't be read.
    Date,
    /// The mail address can't be read: the id alone speaks.
    Email,
    /// Nor is there an id.
    Both,
}

/// One row of a file; small numbers, so that rows often meet.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    pub(super) id: Option<u8>,
    pub(super) email: u8,
    pub(super) city: u8,
    /// Business unit 1000 is signed, 2000 is signed on even days, 3000 never.
    pub(super) unit: u8,
    pub(super) is_freelance: bool,
    /// Days after the first import's day; 120 stands for the year 9999.
    pub(super) leaving: Option<i8>,
    pub(super) flaw: Flaw,
}

pub(super) fn leaving(row: &Delivered) -> Option<NaiveDate> {
    row.leaving.filter(|n| *n != 120).map(|n| day(100) + chrono::TimeDelta::days(i64::from(n)))
}

fn name(id: u8) -> String {
    format!("ID{id}")
}

pub(super) fn own_id(row: &Delivered) -> Option<String> {
    row.id.map(name)
}

pub(super) fn reads_email(row: &Delivered) -> bool {
    matches!(row.flaw, Flaw::None | Flaw::Date)
}

pub(super) fn file_of(rows: &[Delivered]) -> String {
    let specs: Vec<String> = rows.iter().map(spec).collect();
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    people_file(&specs)
}

fn spec(row: &Delivered) -> String {
    let id = row.id.filter(|_| row.flaw != Flaw::Both).map(name).unwrap_or_default();
    let leaving = match (row.leaving, row.flaw) {
        (_, Flaw::Date) => "31.02.2026".to_owned(),
        (Some(120), _) => "31.12.9999".to_owned(),
        _ => leaving(row).map(|day| day.to_string()).unwrap_or_default(),
    };
    let email = if reads_email(row) {
        format!("Mail{}@x", row.email)
    } else {
        format!("mail{} at x", row.email)
    };
    let group = if row.is_freelance { "Freier Mitarbeiter" } else { "" };
    format!(
        "id={id}|email={email}|city=City{}|costCenter={}000|employeeGroup={group}|leavingDate={leaving}",
        row.city, row.unit
    )
}

fn a_row() -> impl Strategy<Value = Delivered> {
    (
        proptest::option::weighted(0.7, 0..6_u8),
        0..8_u8,
        0..2_u8,
        prop_oneof![6 => Just(1_u8), 2 => Just(2), 1 => Just(3)],
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.2, prop_oneof![4 => -20..60_i8, 1 => Just(120_i8)]),
        prop_oneof![
            20 => Just(Flaw::None), 2 => Just(Flaw::Date), 1 => Just(Flaw::Email), 1 => Just(Flaw::Both)
        ],
    )
        .prop_map(|(id, email, city, unit, is_freelance, leaving, flaw)| {
            let id = id.filter(|_| flaw != Flaw::Both);
            Delivered { id, email, city, unit, is_freelance, leaving, flaw }
        })
}

/// A few files, and in which order they come: some of them again.
pub(super) fn some_imports() -> impl Strategy<Value = Vec<(Vec<Delivered>, u64)>> {
    let a_file = prop_oneof![
        12 => proptest::collection::vec(a_row(), 1..10),
        1 => proptest::collection::vec(a_row(), 9..16),
    ];
    let files = proptest::collection::vec(a_file, 3);
    let order = proptest::collection::vec((0..3_usize, 0..25_u64), 1..7);
    (files, order).prop_map(|(files, order)| {
        order.into_iter().map(|(at, days)| (files[at].clone(), days)).collect()
    })
}
