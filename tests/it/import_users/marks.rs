//! Who is marked for deletion, who is unmarked, who is purged.

use recert::exit::Exit;

use super::{DAY, NOW, check_import, counts, file, findings, import, import_of};
use crate::harness::{exit, ok, printed, worlds};
use crate::import_files::harness::{people_file, row_of};

/// The plan that marks `id` for `rule`.
fn marked(id: &str, rule: &str) -> String {
    format!(
        r#"update PM_USER {id} {{"TO_DELETE":1,"DELETE_AT":"2026-12-30T00:00:00",{NOW}}}: {rule}; to be purged from 2026-12-30 on"#
    )
}

/// Two people besides `U1`, in PM_USER and in the file, so that the file is never too small.
const OTHERS: &str = "person ID=U2 EMAIL=b@x\nperson ID=U3 EMAIL=c@x";
const OTHER_ROWS: [&str; 2] = ["id=U2|email=b@x", "id=U3|email=c@x"];

fn with_others<'a>(rows: &[&'a str]) -> Vec<&'a str> {
    rows.iter().copied().chain(OTHER_ROWS).collect()
}

#[test]
fn who_is_no_longer_in_the_file_is_marked() {
    let stored = format!("person\n{OTHERS}");
    check_import(&stored, &OTHER_ROWS, &marked("U1", "no longer in the file"));
}

#[test]
fn the_grace_is_configured() {
    for mut world in worlds() {
        world.config.import.grace_days = 7;
        world.put(&format!("org\nperson\n{OTHERS}"));
        ok(&import(&world, &OTHER_ROWS));
        let row = &world.query("SELECT delete_at FROM pm_user WHERE id = 'U1'")[0];
        assert_eq!(row.date("DELETE_AT").unwrap().unwrap().date().to_string(), "2026-12-07");
    }
}

#[test]
fn freelancers_are_marked() {
    let plan = format!(
        r#"update PM_USER U1 {{"EMPLOYEE_GROUP":"Freier Mitarbeiter","TO_DELETE":1,"DELETE_AT":"2026-12-30T00:00:00",{NOW}}}: changed in the file; employee group `Freier Mitarbeiter`; to be purged from 2026-12-30 on"#
    );
    check_import("person", &["employeeGroup=Freier Mitarbeiter"], &plan);
    let plan = marked("U1", "employee group `Freier Mitarbeiter`");
    check_import(
        "person \"GROUP=Freier Mitarbeiter\"",
        &["employeeGroup=Freier Mitarbeiter"],
        &plan,
    );
    check_import("person \"GROUP=Mitarbeiter\"", &["employeeGroup=Mitarbeiter"], "");
}

#[test]
fn who_has_left_by_that_day_is_marked_however_long_ago() {
    for day in ["2026-11-30", "2020-02-29"] {
        check_import(
            &format!("person LEAVING={day}"),
            &[&format!("leavingDate={day}")],
            &marked("U1", &format!("left on {day}")),
        );
        let plan = format!(
            r#"update PM_USER U1 {{"LEAVING_DATE":"{day}T00:00:00","TO_DELETE":1,"DELETE_AT":"2026-12-30T00:00:00",{NOW}}}: changed in the file; left on {day}; to be purged from 2026-12-30 on"#
        );
        check_import("person", &[&format!("leavingDate={day}")], &plan);
    }
    check_import("person LEAVING=2026-12-01", &["leavingDate=2026-12-01"], "");
}

#[test]
fn who_has_left_is_marked_by_the_stored_date_when_the_file_has_none() {
    let text = "id;firstName;lastName;email;city;costCenter;personnelAreaText\nU1;Anna;O'Brien;anna@example.org;Zürich;12345678;Headquarters\n";
    for world in worlds() {
        let path = file(&world, "users.csv", text);
        crate::harness::check_on(
            &world,
            "org\nperson LEAVING=2026-11-30",
            &format!("import-users {} {DAY}", path.display()),
            &marked("U1", "left on 2026-11-30"),
        );
    }
}

#[test]
fn people_of_a_unit_no_longer_signed_are_marked_and_not_updated() {
    check_import(
        "person UNIT=2222 CENTER=2222 CITY=Bern\nrole",
        &["costCenter=2222"],
        &marked("U1", "business unit 2222 is not signed"),
    );
}

#[test]
fn an_earlier_mark_keeps_its_date() {
    for row in ["leavingDate=2020-01-01", "employeeGroup=Freier Mitarbeiter", "costCenter=9999"] {
        for world in worlds() {
            world.put(&format!("org\nperson DEL=1 DELETE_AT=2026-12-05\n{OTHERS}"));
            ok(&import(&world, &with_others(&[row])));
            let row = &world.query("SELECT * FROM pm_user WHERE id = 'U1'")[0];
            assert_eq!(row.date("DELETE_AT").unwrap().unwrap().date().to_string(), "2026-12-05");
            assert_eq!(row.text("TO_DELETE").unwrap(), "1");
        }
    }
    check_import(&format!("person DEL=1 DELETE_AT=2026-12-05\n{OTHERS}"), &OTHER_ROWS, "");
}

#[test]
fn a_mark_without_a_date_is_given_one() {
    let stored = format!("person DEL=1\n{OTHERS}");
    check_import(&stored, &OTHER_ROWS, &marked("U1", "no longer in the file"));
}

#[test]
fn who_is_delivered_again_without_leaving_date_is_unmarked() {
    for day in ["2026-12-05", "2026-11-30", "2020-01-01"] {
        check_import(
            &format!("person DEL=1 DELETE_AT={day}"),
            &[""],
            &format!(
                r#"update PM_USER U1 {{"TO_DELETE":0,"DELETE_AT":null,{NOW}}}: delivered again without leaving date"#
            ),
        );
    }
    check_import(
        "person DEL=1 DELETE_AT=2026-12-05",
        &["city=Bern"],
        &format!(
            r#"update PM_USER U1 {{"CITY":"Bern","TO_DELETE":0,"DELETE_AT":null,{NOW}}}: changed in the file; delivered again without leaving date"#
        ),
    );
}

#[test]
fn who_is_delivered_again_with_a_leaving_date_to_come_stays_marked() {
    let stored = "person DEL=1 DELETE_AT=2026-12-05 LEAVING=2027-01-01";
    check_import(stored, &["leavingDate=2027-01-01"], "");
}

#[test]
fn who_is_new_and_has_to_go_is_created_with_the_mark() {
    for world in worlds() {
        world.put("org");
        let rows = ["leavingDate=2026-11-30", "id=U2|email=b@x|employeeGroup=Freier Mitarbeiter"];
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=2 created=2 marked=2");
        for row in world.query("SELECT * FROM pm_user") {
            assert_eq!(row.text("TO_DELETE").unwrap(), "1", "{}", world.name);
            assert_eq!(row.date("DELETE_AT").unwrap().unwrap().date().to_string(), "2026-12-30");
        }
        assert!(printed(&import(&world, &rows)).is_empty(), "{}", world.name);
    }
}

#[test]
fn who_was_marked_and_whose_day_has_come_is_purged_with_roles_and_availability() {
    let stored = format!(
        "person DEL=1 DELETE_AT=2026-11-30\nrole\nrole NAME=R2 MANAGEMENT=0\nmonth\n{OTHERS}\nrole USER=U2\nmonth USER=U2"
    );
    let why = "purged; marked to be from 2026-11-30 on";
    check_import(
        &stored,
        &OTHER_ROWS,
        &format!(
            "delete PM_AVAILABILITY U1/2026-01: {why}
             delete PM_USER_ROLE U1/R1: {why}
             delete PM_USER_ROLE U1/R2: {why}
             delete PM_USER U1: {why}"
        ),
    );
    let stored = format!("person DEL=1 DELETE_AT=2026-12-01\nrole\n{OTHERS}");
    check_import(&stored, &OTHER_ROWS, "");
}

#[test]
fn a_purge_happens_also_to_who_is_in_the_file_and_has_left() {
    let stored = format!("person DEL=1 DELETE_AT=2026-11-30 LEAVING=2026-10-31\n{OTHERS}");
    check_import(
        &stored,
        &with_others(&["leavingDate=2026-10-31"]),
        "delete PM_USER U1: purged; marked to be from 2026-11-30 on",
    );
}

#[test]
fn who_is_purged_and_delivered_with_a_leaving_date_to_come_is_created_anew() {
    check_import(
        "person DEL=1 DELETE_AT=2026-11-30\nrole",
        &["leavingDate=2027-01-01"],
        "delete PM_USER_ROLE U1/R1: purged; marked to be from 2026-11-30 on
         delete PM_USER U1: purged; marked to be from 2026-11-30 on
         insert PM_USER U1: in the file, and not yet there",
    );
}

#[test]
fn a_purge_erases_every_image_of_the_person_and_of_nobody_else() {
    for world in worlds() {
        world.put("org");
        let rows =
            |city: &'static str| [city, "id=U2|email=b@x", "id=U1x|email=c@x", "id=U3|email=d@x"];
        ok(&import(&world, &rows("city=Bern")));
        world.put("role\nrole USER=U1x");
        ok(&import(&world, &rows("city=Basel|costCenter=12349")));
        let path = file(&world, "free.csv", "email;2026-01\nanna@example.org;0.5\nb@x;1\n");
        ok(&world.run(&format!("import-availability {} {DAY}", path.display())));
        ok(&import(&world, &rows("")[1..]));
        let images = "SELECT COUNT(*) FROM recert_change c JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq WHERE (c.row_key = 'U1' OR c.row_key LIKE 'U1/%') AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)";
        let others = "SELECT COUNT(*) FROM recert_change c JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq WHERE c.row_key NOT LIKE 'U1/%' AND c.row_key <> 'U1' AND i.salt IS NOT NULL AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)";
        // Created, changed, marked; a role; a month.
        assert_eq!((world.one(images).as_str(), world.one(others).as_str()), ("5", "4"));

        let path = file(&world, "users.csv", &people_file(&rows("")[1..]));
        let ended = world.run(&format!("import-users {} --as-of 2026-12-30", path.display()));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=3 purged=1");
        assert_eq!((world.one(images).as_str(), world.one(others).as_str()), ("0", "4"));
        let erased = "SELECT COUNT(*) FROM recert_image WHERE salt IS NULL AND before_image IS NULL AND after_image IS NULL";
        assert_eq!(world.one(erased), "5");
        let text = world.dump("recert_image").concat() + &world.dump("recert_change").concat();
        assert!(!text.contains("anna@example.org") && !text.contains("O'Brien\",\"EMAIL\":\"anna"));
        assert_eq!(
            world.one("SELECT COUNT(*) FROM recert_change WHERE action = 'delete' AND table_name = 'PM_USER' AND row_key = 'U1' AND why LIKE 'purged%'"),
            "1"
        );
    }
}

#[test]
fn a_typo_never_marks_anybody() {
    for row in ["country=XX", "leavingDate=31.02.2020", "costCenter=O123", "email=anna", "city="] {
        for mut world in worlds() {
            world.config.import.rejects_percent = 100.0;
            world.put(&format!("org\nperson\n{OTHERS}"));
            let ended = import(&world, &with_others(&[row]));
            ok(&ended);
            assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1", "{row}");
        }
    }
}

#[test]
fn a_typo_in_id_and_mail_address_at_once_lets_nobody_be_marked_for_absence() {
    for mut world in worlds() {
        world.config.import.rejects_percent = 100.0;
        world.put(&format!(
            "org\nperson\n{OTHERS}\nperson ID=U4 EMAIL=d@x DEL=1 DELETE_AT=2026-01-01"
        ));
        let rows = with_others(&["id=U1typo|email=anna"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
        assert_eq!(
            findings(&ended)[1],
            "absent_kept line 2: a rejected row may be anybody's, or the file breaks off in it: 1 people who are not in the file are not marked, 1 not purged"
        );
        // Once the row names somebody, even somebody new, it hides nobody else.
        let ended = import(&world, &with_others(&["id=U9|email=new@x|country=XX"]));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 marked=1 purged=1 rejected=1");
    }
}

#[test]
fn a_file_that_breaks_off_marks_nobody_for_absence() {
    for mut world in worlds() {
        world.config.import.rejects_percent = 100.0;
        world.put(&format!("org\nperson\n{OTHERS}"));
        let whole = people_file(&OTHER_ROWS);
        let path = file(&world, "users.csv", &whole[..whole.len() - 12]);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=2 unchanged=1 rejected=1");
    }
}

#[test]
fn rows_out_of_shape_count_for_everybody_they_may_speak_of() {
    for mut world in worlds() {
        world.config.import.rejects_percent = 100.0;
        world.put(&format!("org\nperson\n{OTHERS}"));
        let text = people_file(&OTHER_ROWS) + &row_of("") + ";surplus\n";
        let path = file(&world, "users.csv", &text);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
    }
}

#[test]
fn a_typo_never_purges_anybody() {
    for mut world in worlds() {
        world.config.import.rejects_percent = 100.0;
        world.put(&format!("org\nperson DEL=1 DELETE_AT=2026-01-01\n{OTHERS}"));
        let ended = import(&world, &with_others(&["country=XX"]));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
        assert!(findings(&ended)[1].starts_with("purge_waits U1: "));
    }
}

#[test]
fn a_file_with_fewer_than_half_the_unmarked_people_is_refused_with_4() {
    let stored: String = (0..5).map(|n| format!("person ID=P{n} EMAIL=p{n}@x\n")).collect();
    let marked: String = (5..30)
        .map(|n| format!("person ID=P{n} EMAIL=p{n}@x DEL=1 DELETE_AT=2027-01-01\n"))
        .collect();
    for world in worlds() {
        world.put(&format!("org\n{stored}{marked}"));
        let before = world.dump("pm_user");
        let ended = import(&world, &["id=P0|email=p0@x", "id=P1|email=p1@x"]);
        assert_eq!(exit(&ended), Exit::Refused);
        assert!(ended.summary.error.unwrap().contains("2 people, fewer than half of the 5"));
        assert_eq!(world.dump("pm_user"), before);
        // An allowance lifts limits, not doubts.
        let command = import_of(&world, &["id=P0|email=p0@x", "id=P1|email=p1@x"]);
        let ended = world.run(&format!("{command} --allow-changes 100 --reason test"));
        assert_eq!(exit(&ended), Exit::Refused);
        let ended = import(&world, &["id=P0|email=p0@x", "id=P1|email=p1@x", "id=P2|email=p2@x"]);
        ok(&ended);
        assert_eq!(ended.summary.counts.get("marked"), 2);
    }
}
