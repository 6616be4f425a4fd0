//! What people, HR systems and spreadsheets put into one cell, and what becomes of its person.

use super::marks::{OTHERS, with_others};
use super::{counts, import_of};
use crate::harness::{World, exit, worlds};

/// What becomes of Anna (`U1`, cost centre 12345678 of the signed unit 1234, with a management role), by her row.
const CELLS: &[(&str, &str)] = &[
    // Ids.
    ("id=U1", "unchanged"),
    ("id= U1 ", "unchanged"),
    ("id=\u{a0}U1\u{a0}", "unchanged"),
    ("id=", "unchanged"),
    ("id=|msgId=M1", "updated"),
    ("id=U9", "unchanged"),
    ("id=u1", "unchanged"),
    ("id=U\u{200b}1", "rejected"),
    ("id=U\u{2060}1", "rejected"),
    ("id=\u{feff}U1", "rejected"),
    ("id=U\u{ad}1", "rejected"),
    ("id=\u{200e}U1", "rejected"),
    ("id=U1\u{202c}", "rejected"),
    ("id='U1", "rejected"),
    ("id=“U1”", "rejected"),
    ("id=`U1`", "rejected"),
    ("id=\"\"\"U1\"\"\"", "rejected"),
    ("id=\"U\n1\"", "rejected"),
    ("id=U2", "rejected"),
    ("id=|msgId=\u{200b}M", "rejected"),
    ("id=U1|msgId=\u{200b}M", "updated"),
    // Mail addresses.
    ("email=ANNA@Example.ORG", "unchanged"),
    ("email= anna@example.org\u{a0}", "unchanged"),
    ("email=anna@example.org\u{200b}", "rejected"),
    ("email=an\u{200b}na@example.org", "rejected"),
    ("email=\u{feff}anna@example.org", "rejected"),
    ("email=anna@\u{2060}example.org", "rejected"),
    ("email=anna@exam\u{ad}ple.org", "rejected"),
    ("email=anna@example.org\u{200e}", "rejected"),
    ("email='anna@example.org'", "rejected"),
    ("email='anna@example.org", "rejected"),
    ("email=„anna@example.org“", "rejected"),
    ("email=\"\"\"anna@example.org\"\"\"", "rejected"),
    ("email=<anna@example.org>", "rejected"),
    ("email=Anna <anna@example.org>", "rejected"),
    ("email=mailto:anna@example.org", "rejected"),
    ("email=anna@example.org,b@x", "rejected"),
    ("email=anna at example.org", "rejected"),
    ("email=anna[at]example.org", "rejected"),
    ("email=anna@", "rejected"),
    ("email=@example.org", "rejected"),
    ("email=anna", "rejected"),
    ("email=", "rejected"),
    ("email=n/a", "rejected"),
    ("email=#N/A", "rejected"),
    ("email=b@x", "rejected"),
    ("email=o'brien@example.org", "created marked"),
    ("email=anna.new@example.org", "created marked"),
    // Required texts.
    ("firstName=", "rejected"),
    ("lastName=\u{a0}", "rejected"),
    ("city=", "rejected"),
    ("personnelAreaText=", "rejected"),
    ("firstName=Žofie", "updated"),
    ("lastName=\"'; DROP TABLE pm_user; --\"", "updated"),
    ("lastName=\u{202e}nairB'O", "updated"),
    // Cost centres.
    ("costCenter=12345678.0", "unchanged"),
    ("costCenter=12345678.00", "unchanged"),
    ("costCenter= 12345678 ", "unchanged"),
    ("costCenter=12349999", "updated roles_removed"),
    ("costCenter=1234", "updated roles_removed"),
    ("costCenter=99991234", "unsigned marked roles_removed"),
    ("costCenter=123", "rejected"),
    ("costCenter=", "rejected"),
    ("costCenter=1234-5678", "rejected"),
    ("costCenter=12 345678", "rejected"),
    ("costCenter=12345678,0", "rejected"),
    ("costCenter=1.2345678E7", "rejected"),
    ("costCenter=O1234567", "rejected"),
    ("costCenter=１２３４", "rejected"),
    ("costCenter='12345678", "rejected"),
    ("costCenter=12345678\u{200b}", "rejected"),
    ("businessUnit=9999", "unchanged"),
    // Leaving dates.
    ("leavingDate=2026-11-30", "updated marked"),
    ("leavingDate=30.11.2026", "updated marked"),
    ("leavingDate=2020.02.29", "updated marked"),
    ("leavingDate=46356", "updated marked"),
    ("leavingDate=46356.5", "updated marked"),
    ("leavingDate=2026-12-01", "updated"),
    ("leavingDate=31.12.9999", "unchanged"),
    ("leavingDate=9999-12-31", "unchanged"),
    ("leavingDate=2958465", "unchanged"),
    ("leavingDate=", "unchanged"),
    ("leavingDate=31.02.2020", "rejected"),
    ("leavingDate=0202-10-17", "rejected"),
    ("leavingDate=2026", "rejected"),
    ("leavingDate=30/11/2026", "rejected"),
    ("leavingDate=30.11.26", "rejected"),
    ("leavingDate=20261130", "rejected"),
    ("leavingDate=2026-11-30T00:00:00", "rejected"),
    ("leavingDate=never", "rejected"),
    ("leavingDate=-", "rejected"),
    ("leavingDate=0", "rejected"),
    // Employee groups.
    ("employeeGroup=Freier Mitarbeiter", "updated marked"),
    ("employeeGroup=freier mitarbeiter", "updated marked"),
    ("employeeGroup=Freier\u{a0}Mitarbeiter", "updated marked"),
    ("employeeGroup=Freier  Mitarbeiter ", "updated marked"),
    ("employeeGroup=Frei\u{ad}er Mitarbeiter", "updated marked"),
    ("employeeGroup=Freie Mitarbeiterin", "updated"),
    ("employeeGroup=Mitarbeiter", "updated"),
    // What decides nothing.
    ("employmentPercentage=100,00", "updated"),
    ("employmentPercentage=100 %", "updated"),
    ("employmentPercentage=1e999", "updated"),
    ("jobLevel=?", "updated"),
    ("personnelNumber=00012", "updated"),
    ("managerEmail=the boss", "updated"),
    ("importedAt=yesterday", "unchanged"),
    ("initialEntry=2020-01-01", "updated"),
    ("initialEntry=soon", "unchanged"),
    ("country=AUT", "updated"),
    ("country=40", "updated"),
    ("country=Absurdistan", "unchanged"),
    ("country=UK", "unchanged"),
    ("company==HYPERLINK(1)", "updated"),
    ("job=\"a;b\"", "updated"),
    ("job=\"a\nb\"", "updated"),
    ("job=12\" disk", "updated"),
    ("city=NULL", "updated"),
];

#[test]
fn every_odd_cell_has_its_outcome() {
    let world = World::sqlite();
    world.put(&format!("org\nperson\nrole\n{OTHERS}"));
    let mut told = Vec::new();
    for (spec, expected) in CELLS {
        let ended = world.preview(&import_of(&world, &with_others(&[spec])));
        let outcome = match &ended.error {
            Some(_) => format!("{:?}", exit(&ended)),
            None => told_of(&counts(&ended)),
        };
        if outcome != *expected {
            told.push(format!("{spec:?}: {outcome}, not {expected}"));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// The counts' names but for the rows, and for the two others who stay as they are.
fn told_of(counts: &str) -> String {
    let counts = counts.split(' ').filter(|count| !count.starts_with("rows="));
    let words = counts.filter_map(|count| match count {
        "unchanged=2" => None,
        count => count.split_once('=').map(|(name, _)| name),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_cell_longer_than_its_column_is_a_reject_where_something_rests_on_it_else_left_as_it_is() {
    let world = World::sqlite();
    world.put(&format!("org\nperson\n{OTHERS}"));
    for (column, most, told) in [
        ("id", 256, "rejected"),
        ("email", 320, "rejected"),
        ("city", 4000, "rejected"),
        ("employeeGroup", 4000, "rejected"),
        ("msgId", 256, "unchanged"),
        ("managerEmail", 320, "unchanged"),
        ("job", 4000, "unchanged"),
        ("jobLevel", 4000, "unchanged"),
    ] {
        for n in [most, most + 1] {
            let tail = if column == "email" { "@x" } else { "" };
            let cell = "x".repeat(n - tail.len()) + tail;
            let ended =
                world.preview(&import_of(&world, &with_others(&[&format!("{column}={cell}")])));
            let outcome = told_of(&counts(&ended));
            assert_eq!(outcome == told, n > most, "{column} of {n}: {outcome}");
            let is_left = ended.summary.findings.iter().any(|f| f.kind == "unreadable");
            assert_eq!(is_left, n > most && told == "unchanged", "{column} of {n}: {outcome}");
        }
    }
}

#[test]
fn a_cell_is_held_to_the_length_of_the_column_as_it_is() {
    for world in worlds() {
        world.put("org");
        world.define("ALTER TABLE pm_user DROP COLUMN company");
        world.define("ALTER TABLE pm_user ADD company VARCHAR2(5)");
        for (cell, stored) in
            [("Bern1", "Bern1"), ("Zürch", "Bern1"), ("Bern12", "Bern1"), ("Zürc", "Zürc")]
        {
            let row = format!("company={cell}");
            let rows = with_others(&[&row]);
            let ended = world.run(&import_of(&world, &rows));
            assert_eq!(ended.summary.counts.get("rejected"), 0, "{}: {cell}", world.name);
            assert_eq!(world.one("SELECT company FROM pm_user WHERE id = 'U1'"), stored, "{cell}");
        }
    }
}
