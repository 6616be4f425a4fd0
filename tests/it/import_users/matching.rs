//! Whose row it is: by id, by mail address, and what happens when the two disagree.

use super::marks::{OTHERS, with_others};
use super::{NOW, check_import, counts, findings, import};
use crate::harness::{ok, worlds};

const TWO: &str =
    "person ID=A EMAIL=a@x FIRST=Anna\nperson ID=B EMAIL=bert@x FIRST=Bert\nrole USER=B";

#[test]
fn people_who_swap_mail_addresses_are_rejected_and_both_treated_as_delivered() {
    for world in worlds() {
        world.put(&format!("org\n{TWO}\n{OTHERS}"));
        let before = world.dump("pm_user");
        let rows =
            with_others(&["id=A|email=bert@x|firstName=Anna", "id=B|email=a@x|firstName=Bert"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=4 unchanged=2 rejected=2");
        let told = "rejected line 2, column 4 (`email`): expected the mail address of the person whose id this is: it is another person's";
        assert_eq!(findings(&ended)[0], told);
        assert_eq!((world.dump("pm_user"), world.dump("pm_user_role").len()), (before, 1));
    }
}

#[test]
fn a_row_of_two_people_speaks_for_nobody_whom_another_row_delivers() {
    for world in worlds() {
        world.put(&format!("org\n{TWO}\n{OTHERS}"));
        // Rejected rows supersede no other: A is delivered by the first one.
        let rows = with_others(&["id=A|email=a@x|firstName=Anne", "id=A|email=bert@x"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=4 updated=1 unchanged=2 rejected=1");
        assert_eq!(world.one("SELECT first_name FROM pm_user WHERE id = 'A'"), "Anne");
        assert_eq!(world.one("SELECT to_delete FROM pm_user WHERE id = 'B'"), "0");
    }
}

#[test]
fn a_row_that_does_not_count_takes_no_other_with_it() {
    for world in worlds() {
        world.put(&format!("org\nperson ID=A EMAIL=a@x\n{OTHERS}"));
        // The third row supersedes the second, and once it has brought new@x, the second mixes two people up.
        let rows = with_others(&["id=A|email=a@x", "id=A|email=new@x", "id=N|email=new@x"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=5 created=1 unchanged=3");
        let told =
            "duplicate N: lines 3 and 4 have the same id or mail address; the last one counts";
        assert_eq!(findings(&ended), [told]);
        let again = import(&world, &rows);
        ok(&again);
        assert_eq!(counts(&again), "rows=5 unchanged=4 rejected=1");
    }
}

#[test]
fn somebody_without_a_mail_address_is_found_by_the_row_of_their_id_that_counts() {
    for world in worlds() {
        world.put(&format!("org\nperson ID=A EMAIL=NULL\n{OTHERS}"));
        let rows = with_others(&["id=A|email=a@x", "id=A|email=new@x", "id=N|email=new@x"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=5 created=1 updated=1 unchanged=2");
        assert_eq!(world.one("SELECT email FROM pm_user WHERE id = 'A'"), "a@x");
        assert_eq!(counts(&import(&world, &rows)), "rows=5 unchanged=4 rejected=1");
    }
}

#[test]
fn a_row_is_the_others_whose_id_was_generated() {
    for world in worlds() {
        world.put(&format!("org\nperson ID=A EMAIL=a@x\n{OTHERS}"));
        // The id A is handed to somebody new, who gets a generated one here.
        let rows = with_others(&["id=A|email=new@x"]);
        assert_eq!(counts(&import(&world, &rows)), "rows=3 created=1 unchanged=2 marked=1");
        let again = import(&world, &with_others(&["id=A|email=new@x|city=Bern"]));
        ok(&again);
        assert_eq!(counts(&again), "rows=3 updated=1 unchanged=2");
        assert_eq!(world.one("SELECT city FROM pm_user WHERE email = 'new@x'"), "Bern");
        assert_eq!(world.one("SELECT to_delete FROM pm_user WHERE id = 'A'"), "1");
    }
}

#[test]
fn a_mail_address_that_somebody_has_fills_nobody_elses() {
    for world in worlds() {
        world.put(&format!("org\nperson ID=A EMAIL=NULL\nperson ID=B EMAIL=bert@x\n{OTHERS}"));
        let ended = import(&world, &with_others(&["id=A|email=Bert@x"]));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
    }
}

#[test]
fn ids_and_mail_addresses_match_in_nfc_and_without_case() {
    check_import("person ID=Ž1 EMAIL=žofie@x", &["id=Z\u{30c}1|email=Z\u{30c}ofie@X"], "");
    check_import("person ID=Z\u{30c}1 EMAIL=z\u{30c}ofie@x", &["id=Ž1|email=Žofie@x"], "");
    check_import("person ID=old EMAIL=z\u{30c}ofie@x", &["id=Ž1|email=Žofie@x"], "");
}

#[test]
fn what_nobody_sees_makes_nobody_new() {
    for row in [
        "email=anna\u{200b}@example.org",
        "email=\u{feff}anna@example.org",
        "email='anna@example.org'",
        "email=an\u{ad}na@example.org|id=",
        "id=U\u{2060}1",
        "id='U1",
    ] {
        for world in worlds() {
            world.put(&format!("org\nperson\n{OTHERS}"));
            let ended = import(&world, &with_others(&[row]));
            ok(&ended);
            assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1", "{row:?}");
        }
    }
}

#[test]
fn a_spreadsheets_zero_behind_the_cost_centre_moves_nobody() {
    check_import("person\nrole", &["costCenter=12345678.0"], "");
    // As the first edition took it.
    check_import(
        "person CENTER=12345678.0\nrole",
        &["costCenter=12345678.0"],
        &format!(r#"update PM_USER U1 {{"COST_CENTER":"12345678",{NOW}}}: changed in the file"#),
    );
}

#[test]
fn an_entry_or_country_that_cannot_be_read_leaves_the_column_as_it_is() {
    for world in worlds() {
        world.put("org\nperson");
        ok(&import(&world, &["country=CH|initialEntry=2020-01-01"]));
        let ended = import(&world, &["country=Absurdistan|initialEntry=soon|city=Bern"]);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=1 updated=1");
        assert_eq!(
            findings(&ended),
            [
                "unreadable initialEntry: column 16 (`initialEntry`): can't be read, or is too long, in 1 rows, the first in line 2; what is stored stays",
                "unreadable country: column 28 (`country`): can't be read, or is too long, in 1 rows, the first in line 2; what is stored stays",
            ]
        );
        let row = &world.query("SELECT * FROM pm_user")[0];
        assert_eq!(row.text("COUNTRY").unwrap(), "CH");
        assert!(row.date("INITIAL_ENTRY").unwrap().is_some());
        assert_eq!(
            counts(&import(&world, &["country=Absurdistan|initialEntry=soon|city=Bern"])),
            "rows=1 unchanged=1"
        );
    }
}

#[test]
fn a_text_goes_into_a_column_of_numbers_only_if_it_is_one() {
    for world in worlds() {
        world.put("org");
        for column in ["employment_percentage", "job_level"] {
            world.define(&format!("ALTER TABLE pm_user DROP COLUMN {column}"));
            world.define(&format!("ALTER TABLE pm_user ADD {column} NUMBER"));
        }
        let ended = import(&world, &["employmentPercentage=87.50|jobLevel=007"]);
        ok(&ended);
        let ended = import(&world, &["employmentPercentage=87.5|jobLevel=7"]);
        assert_eq!(counts(&ended), "rows=1 unchanged=1");
        let ended = import(&world, &["employmentPercentage=100,00|jobLevel=high"]);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=1 unchanged=1");
        assert_eq!(findings(&ended).len(), 2);
        assert_eq!(world.one("SELECT job_level FROM pm_user"), "7");
    }
}
