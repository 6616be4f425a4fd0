//! Section 8 of the spec, people: a sentence a test.

mod cells;
mod doubts;
mod files;
mod marks;
mod matching;
mod model;
mod rejects;
mod runs;

use std::path::PathBuf;

use recert::door::exit::Exit;
use recert::door::run::Ended;

use crate::harness::{World, check_on, exit, ok, worlds};
use crate::import_files::harness::people_file;

/// The day of every import here, and the rest of a command line.
pub(crate) const DAY: &str = "--as-of 2026-11-30";
/// What an import of that day writes into IMPORTED_AT.
pub(crate) const NOW: &str = r#""IMPORTED_AT":"2026-11-30T23:59:59""#;

/// Writes an import file beside the world's database.
pub(crate) fn file(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The command line that imports these rows.
pub(crate) fn import_of(world: &World, rows: &[&str]) -> String {
    let path = file(world, "users.csv", &people_file(rows));
    format!("import-users {} {DAY}", path.display())
}

/// Imports these rows.
pub(crate) fn import(world: &World, rows: &[&str]) -> Ended {
    world.run(&import_of(world, rows))
}

/// As `check`, with business unit 1234 signed.
pub(crate) fn check_import(stored: &str, rows: &[&str], plan: &str) {
    for world in worlds() {
        let command = import_of(&world, rows);
        check_on(&world, &format!("org\n{stored}"), &command, plan);
    }
}

fn counts(ended: &Ended) -> String {
    let counts = ended.summary.counts.iter().filter(|(_, n)| *n > 0);
    counts.map(|(name, n)| format!("{name}={n}")).collect::<Vec<_>>().join(" ")
}

/// Kind, key and message of each finding.
fn findings(ended: &Ended) -> Vec<String> {
    let told = |f: &recert::door::plan::Finding| format!("{} {}: {}", f.kind, f.key, f.message);
    ended.summary.findings.iter().map(told).collect()
}

#[test]
fn import_creates_who_is_not_there_with_every_column() {
    for world in worlds() {
        world.put("org");
        let row = "managerEmail=boss@example.org|msgId=M1|initialEntry=17.10.2022|country=756|employmentPercentage=87.5|job=a;b";
        let row = row.replace("a;b", "\"a;b\"");
        let ended = import(&world, &[&row]);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=1 created=1");
        let row = &world.query("SELECT * FROM pm_user")[0];
        for (column, value) in [
            ("ID", "U1"),
            ("FIRST_NAME", "Anna"),
            ("LAST_NAME", "O'Brien"),
            ("EMAIL", "anna@example.org"),
            ("BUSINESS_UNIT", "1234"),
            ("COST_CENTER", "12345678"),
            ("MANAGER_EMAIL", "boss@example.org"),
            ("MSG_ID", "M1"),
            ("CITY", "Zürich"),
            ("JOB", "a;b"),
            ("COUNTRY", "CH"),
            ("TO_DELETE", "0"),
            ("DELETE_AT", ""),
            ("COMPANY", ""),
        ] {
            assert_eq!(row.text(column).unwrap(), value, "{}: {column}", world.name);
        }
        let date = |column| row.date(column).unwrap().unwrap().to_string();
        assert_eq!(date("INITIAL_ENTRY"), "2022-10-17 00:00:00");
        assert_eq!(date("IMPORTED_AT"), "2026-11-30 23:59:59");
        let percentage: f64 = row.text("EMPLOYMENT_PERCENTAGE").unwrap().parse().unwrap();
        assert_eq!(percentage, 87.5);
    }
}

#[test]
fn import_of_what_is_stored_changes_nothing() {
    check_import("person", &[""], "");
    check_import("person IMPORTED=2020-01-01 EMAIL=ANNA@Example.ORG", &[""], "");
}

#[test]
fn import_fills_an_empty_manager_with_not_specified() {
    check_import(
        "person MANAGER=boss@example.org",
        &[""],
        &format!(
            r#"update PM_USER U1 {{"MANAGER_EMAIL":"Not Specified",{NOW}}}: changed in the file"#
        ),
    );
}

#[test]
fn import_updates_changed_columns_only() {
    check_import(
        "person JOB=Baker CITY=Bern\nperson ID=U2 EMAIL=b@example.org",
        &["city=Basel|job=", "id=U2|email=b@example.org"],
        &format!(r#"update PM_USER U1 {{"JOB":null,"CITY":"Basel",{NOW}}}: changed in the file"#),
    );
}

#[test]
fn import_leaves_columns_alone_that_the_file_does_not_have() {
    for world in worlds() {
        let text = "id;firstName;lastName;email;city;costCenter;personnelAreaText
                    U1;Anna;O'Brien;anna@example.org;Bern;12345678;Headquarters\n";
        let path = file(&world, "users.csv", &text.replace("                    ", ""));
        let stored = "org\nperson JOB=Baker LEAVING=2030-01-01 MANAGER=boss@example.org";
        let plan = format!(r#"update PM_USER U1 {{"CITY":"Bern",{NOW}}}: changed in the file"#);
        check_on(&world, stored, &format!("import-users {} {DAY}", path.display()), &plan);
    }
}

#[test]
fn import_takes_the_files_id_else_the_msg_id_else_generates_one() {
    for world in worlds() {
        world.put("org");
        let rows = ["id=A|msgId=M1|email=a@x", "id=|msgId=M2|email=b@x", "id=|msgId=|email=C@x"];
        ok(&import(&world, &rows));
        let id =
            |email: &str| world.one(&format!("SELECT id FROM pm_user WHERE email = '{email}'"));
        assert_eq!((id("a@x").as_str(), id("b@x").as_str()), ("A", "M2"));
        assert_eq!(id("C@x").len(), 36);
        let again = import(&world, &rows);
        assert_eq!(counts(&again), "rows=3 unchanged=3");
    }
}

#[test]
fn import_finds_people_by_mail_address_and_keeps_their_stored_id_and_address() {
    check_import("person ID=OLD EMAIL=Anna@Example.org", &["id=NEW"], "");
    check_import(
        "person ID=OLD EMAIL=Anna@Example.org",
        &["id=NEW|city=Bern|email=ANNA@EXAMPLE.ORG"],
        &format!(r#"update PM_USER OLD {{"CITY":"Bern",{NOW}}}: changed in the file"#),
    );
}

#[test]
fn import_finds_people_without_mail_address_by_id_and_fills_it() {
    check_import(
        "person EMAIL=NULL",
        &["email=New@example.org"],
        &format!(r#"update PM_USER U1 {{"EMAIL":"New@example.org",{NOW}}}: changed in the file"#),
    );
}

#[test]
fn known_id_with_another_mail_address_is_another_person() {
    for world in worlds() {
        world.put("org\nperson EMAIL=old@example.org");
        let rows = ["email=new@example.org"];
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=1 created=1 marked=1");
        let id = world.one("SELECT id FROM pm_user WHERE email = 'new@example.org'");
        assert_eq!(
            findings(&ended),
            [format!(
                "other_person {id}: id `U1` is known with another mail address: another person, created as `{id}`"
            )]
        );
        assert_eq!(world.one("SELECT to_delete FROM pm_user WHERE id = 'U1'"), "1");

        // Found again by mail address from then on.
        let again = import(&world, &["email=New@example.org|city=Bern"]);
        assert_eq!(counts(&again), "rows=1 updated=1");
        assert!(findings(&again).is_empty());
    }
}

#[test]
fn generated_ids_pass_over_those_that_somebody_has() {
    for world in worlds() {
        world.put("org");
        ok(&import(&world, &["id=|email=a@x"]));
        let taken = world.one("SELECT id FROM pm_user");
        // The same address under another id: its generated id is taken by somebody else now.
        world.tamper("UPDATE pm_user SET email = 'other@x'");
        let rows = ["id=|email=a@x", "id=|email=other@x"];
        let preview = world.preview(&import_of(&world, &rows));
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=2 created=1 unchanged=1");
        assert_eq!(format!("{:?}", preview.plan), format!("{:?}", ended.plan));
        assert_eq!(world.one(&format!("SELECT COUNT(*) FROM pm_user WHERE id = '{taken}'")), "1");
        assert_eq!(world.query("SELECT id FROM pm_user").len(), 2);
    }
}

#[test]
fn of_two_rows_with_the_same_id_or_mail_address_the_last_one_counts() {
    for world in worlds() {
        world.put("org");
        let rows = [
            "id=A|email=a@x|city=One",
            "id=A|email=b@x|city=Two",
            "id=C|email=c@x|city=Three",
            "id=D|email=C@X|city=Four",
        ];
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=4 created=2");
        let people: Vec<String> = world
            .query("SELECT id, city FROM pm_user ORDER BY id")
            .iter()
            .map(|row| row.text("ID").unwrap() + &row.text("CITY").unwrap())
            .collect();
        assert_eq!(people, ["ATwo", "DFour"], "{}", world.name);
        let same = "have the same id or mail address; the last one counts";
        assert_eq!(
            findings(&ended),
            [
                format!("duplicate A: lines 2 and 3 {same}"),
                format!("duplicate D: lines 4 and 5 {same}")
            ]
        );
        assert_eq!(counts(&import(&world, &rows)), "rows=4 unchanged=2");
    }
}

#[test]
fn only_people_of_a_signed_business_unit_are_imported() {
    for world in worlds() {
        world.put("org\norg UNIT=2222 SIGNED=0\norg UNIT=3333 SIGNED=NULL\norg UNIT=0012");
        let ended = import(
            &world,
            &[
                "id=A|email=a@x",
                "id=B|email=b@x|costCenter=2222",
                "id=C|email=c@x|costCenter=3333",
                "id=D|email=d@x|costCenter=4444",
                "id=E|email=e@x|costCenter=4444|businessUnit=1234",
                "id=F|email=f@x|costCenter=00129",
            ],
        );
        ok(&ended);
        assert_eq!(counts(&ended), "rows=6 created=2 unsigned=4");
        let left_out = "people left out because the business unit is not signed";
        assert_eq!(
            findings(&ended),
            [
                format!("unsigned 2222: {left_out}: 1, the first in line 3"),
                format!("unsigned 3333: {left_out}: 1, the first in line 4"),
                format!("unsigned 4444: {left_out}: 2, the first in line 5"),
            ]
        );
        let units = world.dump("pm_user");
        assert!(units[0].contains(r#""BUSINESS_UNIT":"1234""#));
        assert!(units[1].contains(r#""BUSINESS_UNIT":"0012""#), "leading zeros stay: {}", units[1]);
    }
}

#[test]
fn new_business_unit_or_cost_centre_removes_management_roles() {
    let stored = "org UNIT=5555\nperson\nrole\nrole NAME=R2 MANAGEMENT=0\nrole USER=U2";
    let removed = "delete PM_USER_ROLE U1/R1: business unit or cost centre changed";
    check_import(
        stored,
        &["costCenter=12349999"],
        &format!(
            "{removed}\nupdate PM_USER U1 {{\"COST_CENTER\":\"12349999\",{NOW}}}: changed in the file"
        ),
    );
    check_import(
        stored,
        &["costCenter=5555"],
        &format!(
            "{removed}\nupdate PM_USER U1 {{\"BUSINESS_UNIT\":\"5555\",\"COST_CENTER\":\"5555\",{NOW}}}: changed in the file"
        ),
    );
    for world in worlds() {
        world.put(&format!("org\n{stored}"));
        let ended = import(&world, &["costCenter=12349999"]);
        assert_eq!(counts(&ended), "rows=1 updated=1 roles_removed=1");
        assert_eq!(world.dump("pm_user_role").len(), 2);
    }
}

#[test]
fn another_change_leaves_management_roles_alone() {
    check_import(
        "person\nrole",
        &["city=Bern"],
        &format!(r#"update PM_USER U1 {{"CITY":"Bern",{NOW}}}: changed in the file"#),
    );
}

#[test]
fn unknown_columns_are_findings() {
    for world in worlds() {
        world.put("org");
        let text =
            people_file(&[""]).replacen('\n', ";shoeSize\n", 1).trim_end().to_owned() + ";44\n";
        let path = file(&world, "users.csv", &text);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        ok(&ended);
        assert_eq!(
            findings(&ended),
            ["unknown_column column 29: column 29 (`shoeSize`) is not known, and not read"]
        );
    }
}

#[test]
fn unusable_files_are_bad_input_and_change_nothing() {
    let world = World::sqlite();
    world.put("org\nperson");
    let before = world.dump("pm_user");
    for text in ["", "id;email\n1;2\n", &people_file(&[]), "\u{feff}", "id;firstName;lastName"] {
        let path = file(&world, "users.csv", text);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        assert_eq!(exit(&ended), Exit::BadInput, "{text}");
        assert!(ended.summary.error.unwrap().contains("users.csv`"), "{text}");
        assert_eq!(world.dump("pm_user"), before);
    }
}
