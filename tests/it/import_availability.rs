//! Section 8 of the spec, availability: a sentence a test.

use recert::door::exit::Exit;
use recert::door::run::Ended;

use crate::harness::{World, check_on, exit, ok, worlds};

const PEOPLE: &str = "person\nperson ID=U2 EMAIL=Bob@Example.org";

pub(crate) fn command(world: &World, text: &str) -> String {
    let path = world.folder.path().join("free_2026.csv");
    std::fs::write(&path, text).unwrap();
    format!("import-availability {} --as-of 2026-11-30", path.display())
}

fn counts(ended: &Ended) -> String {
    ended.summary.counts.iter().map(|(name, n)| format!("{name}={n}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn availability_is_written_by_month_and_person_and_blanks_leave_the_month_alone() {
    for world in worlds() {
        let text =
            "email;2026-01;2026-02;2026-03\nanna@example.org;0.5;;1e-3\nBOB@example.org;;31;0\n";
        let command = command(&world, text);
        check_on(
            &world,
            &format!(
                "{PEOPLE}\nmonth FREE=0.25\nmonth MONTH=2026-02 FREE=9\nmonth USER=U2 MONTH=2026-03 FREE=0\nmonth USER=U9"
            ),
            &command,
            "update PM_AVAILABILITY U1/2026-01 {\"FREE_PT\":0.5}: another value in the file
             insert PM_AVAILABILITY U1/2026-03: in the file, and not yet there
             insert PM_AVAILABILITY U2/2026-02: in the file, and not yet there",
        );
        let values = world.query("SELECT * FROM pm_availability ORDER BY user_id, month");
        let values: Vec<String> = values.iter().map(|row| row.text("FREE_PT").unwrap()).collect();
        assert_eq!(values, ["0.5", "9", "0.001", "31", "0", "0.5"], "{}", world.name);
    }
}

#[test]
fn availability_counts_rows_and_values() {
    for mut world in worlds() {
        world.config.import.rejects_percent = 50.0;
        world.put(&format!("{PEOPLE}\nmonth"));
        let text = "email;2026-01;2026-02\nanna@example.org;0.5;1\nbob@example.org;1;1\nnobody@x;1;1\nbob@example.org;0,5;\n";
        let ended = world.run(&command(&world, text));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=4 values_written=3 unchanged=1 rejected=2");
        let told: Vec<String> =
            ended.summary.findings.iter().map(|f| format!("{} {}", f.key, f.message)).collect();
        assert_eq!(
            told,
            [
                "line 4, column 1 (`email`) expected the mail address of a person in PM_USER",
                "line 5, column 2 (`2026-01`) expected a number with a dot, from 0 to 31, such as 0.5",
            ]
        );
    }
}

#[test]
fn of_a_person_twice_the_last_row_counts() {
    for world in worlds() {
        world.put(PEOPLE);
        let text = "email;2026-01;2026-02\nanna@example.org;0.5;1\nANNA@example.org;0.75;\n";
        let ended = world.run(&command(&world, text));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=2 values_written=1 unchanged=0 rejected=0");
        assert_eq!(world.one("SELECT free_pt FROM pm_availability"), "0.75");
        let finding = &ended.summary.findings[0];
        assert_eq!((finding.kind, finding.key.as_str()), ("duplicate", "U1"));
    }
}

#[test]
fn too_many_unknown_people_refuse_the_file_with_5() {
    for world in worlds() {
        world.put(PEOPLE);
        let ended = world.run(&command(
            &world,
            "email;2026-01\nanna@example.org;1\nnobody@x;1\nno1@x;1\nno2@x;1\nno3@x;1\n",
        ));
        assert_eq!(exit(&ended), Exit::BadInput);
        let error = ended.summary.error.unwrap();
        assert!(
            error.contains("free_2026.csv`, line 3, column 1 (`email`)")
                && !error.contains("nobody"),
            "{error}"
        );
        assert!(world.dump("pm_availability").is_empty());
    }
}

#[test]
fn a_file_without_months_or_rows_is_bad_input() {
    let world = World::sqlite();
    world.put(PEOPLE);
    for text in
        ["", "email\nanna@example.org\n", "email;2026-1\nx;1\n", "2026-01\n1\n", "email;2026-01\n"]
    {
        assert_eq!(exit(&world.run(&command(&world, text))), Exit::BadInput, "{text}");
    }
}

#[test]
fn availability_takes_any_number_exactly() {
    for world in worlds() {
        world.put(PEOPLE);
        let text = "email;2026-01;2026-02;2026-03;2026-04\nanna@example.org;0.1;0.30000000000000004;3.123456789123456789;1e-200\n";
        let command = command(&world, text);
        ok(&world.run(&command));
        let again = world.run(&command);
        assert_eq!(counts(&again), "rows=1 values_written=0 unchanged=4 rejected=0");
    }
}

#[test]
fn a_month_that_stands_in_several_rows_is_brought_up_in_all_of_them() {
    for world in worlds() {
        let command = command(&world, "email;2026-01\nanna@example.org;1\n");
        check_on(
            &world,
            &format!("{PEOPLE}\nmonth\nmonth FREE=1\nmonth FREE=NULL"),
            &command,
            "update PM_AVAILABILITY U1/2026-01 {\"FREE_PT\":1.0}: another value in the file
             update PM_AVAILABILITY U1/2026-01 {\"FREE_PT\":1.0}: another value in the file",
        );
    }
}

#[test]
fn preview_of_availability_shows_old_and_new_as_a_script() {
    let world = World::sqlite();
    world.put(&format!("{PEOPLE}\nmonth"));
    let command = command(&world, "email;2026-01;2026-02\nanna@example.org;0.75;2e-200\n");
    let output = world.recert(&format!("preview --format sql {command}")).output().unwrap();
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(script.contains("SET free_pt = 0.75") && script.contains("2e-200"), "{script}");
}
