//! Who is marked for deletion, who is unmarked, who is purged.

use super::{DAY, NOW, check_import, counts, file, findings, import};
use crate::harness::{ok, worlds};
use crate::import_files::harness::people_file;

/// The plan that marks `id` for `rule`.
pub(super) fn marked(id: &str, rule: &str) -> String {
    format!(
        r#"update PM_USER {id} {{"TO_DELETE":1,"DELETE_AT":"2026-12-30T00:00:00",{NOW}}}: {rule}; to be purged from 2026-12-30 on"#
    )
}

/// Two people besides `U1`, in PM_USER and in the file, so that the file is never too small.
pub(super) const OTHERS: &str = "person ID=U2 EMAIL=b@x\nperson ID=U3 EMAIL=c@x";
pub(super) const OTHER_ROWS: [&str; 2] = ["id=U2|email=b@x", "id=U3|email=c@x"];

pub(super) fn with_others<'a>(rows: &[&'a str]) -> Vec<&'a str> {
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
    for group in ["freier mitarbeiter", "Freier\u{a0}Mitarbeiter", "FREIER  Mitarbeiter"] {
        let stored = format!("person \"GROUP={group}\"");
        check_import(&stored, &[&format!("employeeGroup={group}")], &plan);
    }
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
fn people_of_a_unit_that_is_not_signed_are_marked_not_updated_and_lose_their_management_roles() {
    let marked = marked("U1", "business unit 2222 is not signed");
    for stored in ["person UNIT=2222 CENTER=2222 CITY=Bern", "person"] {
        // Their own unit lost its signature; they moved to one that has none.
        check_import(
            &format!("{stored}\nrole\nrole NAME=R2 MANAGEMENT=0"),
            &["costCenter=2222"],
            &format!("delete PM_USER_ROLE U1/R1: business unit is not signed\n{marked}"),
        );
    }
    check_import(
        "person DEL=1 DELETE_AT=2026-12-05 UNIT=2222 CENTER=2222\nrole",
        &["costCenter=2222"],
        "delete PM_USER_ROLE U1/R1: business unit is not signed",
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
                r#"update PM_USER U1 {{"TO_DELETE":0,"DELETE_AT":null,{NOW}}}: delivered, and no reason to go"#
            ),
        );
    }
    check_import(
        "person DEL=1 DELETE_AT=2026-12-05",
        &["city=Bern"],
        &format!(
            r#"update PM_USER U1 {{"CITY":"Bern","TO_DELETE":0,"DELETE_AT":null,{NOW}}}: changed in the file; delivered, and no reason to go"#
        ),
    );
}

#[test]
fn who_is_delivered_with_a_leaving_date_to_come_is_unmarked_even_on_their_day() {
    for (day, leaving) in
        [("2026-12-05", "2027-01-01"), ("2026-11-30", "2027-01-01"), ("2020-01-01", "2026-12-01")]
    {
        check_import(
            &format!("person DEL=1 DELETE_AT={day} LEAVING={leaving}"),
            &[&format!("leavingDate={leaving}")],
            &format!(
                r#"update PM_USER U1 {{"TO_DELETE":0,"DELETE_AT":null,{NOW}}}: delivered, and no reason to go"#
            ),
        );
    }
}

#[test]
fn who_never_leaves_is_never_marked_for_it() {
    for day in ["31.12.9999", "9999-12-31", "2958465"] {
        check_import("person", &[&format!("leavingDate={day}")], "");
        check_import(
            "person DEL=1 DELETE_AT=2026-11-30",
            &[&format!("leavingDate={day}")],
            &format!(
                r#"update PM_USER U1 {{"TO_DELETE":0,"DELETE_AT":null,{NOW}}}: delivered, and no reason to go"#
            ),
        );
    }
}

#[test]
fn who_is_not_there_and_has_to_go_is_not_created() {
    for world in worlds() {
        world.put("org");
        let rows = [
            "leavingDate=2026-11-30",
            "id=U2|email=b@x|employeeGroup=freier\u{a0}mitarbeiter",
            "id=U3|email=c@x|costCenter=9999|leavingDate=2020-01-01",
            "id=U4|email=d@x|leavingDate=2026-12-01",
        ];
        for created in [1, 0] {
            let ended = import(&world, &rows);
            ok(&ended);
            let counts = &ended.summary.counts;
            assert_eq!(
                (counts.get("created"), counts.get("gone"), counts.get("unsigned")),
                (created, 2, 1)
            );
            let told = "gone line 2: people who have to go and are not in PM_USER, and so are not created: 2";
            assert!(findings(&ended).contains(&told.to_owned()), "{:?}", findings(&ended));
        }
        assert_eq!(world.one("SELECT id FROM pm_user"), "U4");
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
fn nobody_is_purged_and_created_in_one_run_nor_later() {
    for row in ["leavingDate=2026-10-31", "employeeGroup=Freier Mitarbeiter"] {
        for world in worlds() {
            world.put(&format!("org\nperson DEL=1 DELETE_AT=2026-11-30\n{OTHERS}"));
            let rows = with_others(&[row]);
            let ended = import(&world, &rows);
            ok(&ended);
            assert_eq!(counts(&ended), "rows=3 unchanged=2 purged=1");
            let again = import(&world, &rows);
            assert_eq!(counts(&again), "rows=3 unchanged=2 gone=1");
        }
    }
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
