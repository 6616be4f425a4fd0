//! Rows that can't be used: a typo never marks, lifts or purges anybody, and too many of them are a bad file.

use recert::door::exit::Exit;

use super::marks::{OTHER_ROWS, OTHERS, with_others};
use super::{DAY, counts, file, findings, import, import_of};
use crate::harness::{World, exit, ok, worlds};
use crate::import_files::harness::{people_file, row_of};

#[test]
fn rejected_rows_are_findings_without_personal_data_and_go_to_the_rejects_file_in_full() {
    for world in worlds() {
        world.put("org\nperson");
        let rejects = world.folder.path().join("rejects.csv");
        let command = import_of(&world, &["leavingDate=Absurdistan", "id=U2|email=b@x"]);
        let ended = world.run(&format!("{command} --rejects {}", rejects.display()));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=2 created=1 rejected=1");
        let told = findings(&ended);
        assert!(told[0].starts_with("rejected line 2, column 17 (`leavingDate`): expected a date"));
        assert!(!told[0].contains("Absurdistan"));
        let written = std::fs::read_to_string(&rejects).unwrap();
        assert!(written.contains("found `Absurdistan`;") && written.contains("anna@example.org"));
        assert_eq!(written.lines().count(), 2);
    }
}

#[test]
fn more_rejects_than_allowed_refuse_the_file_with_5_and_still_write_the_rejects() {
    for world in worlds() {
        world.put("org\nperson");
        let before = world.dump("pm_user");
        let rejects = world.folder.path().join("rejects.csv");
        let rows = ["leavingDate=XX", "email=a", "email=b", "email=c", "id=U2|email=b@x"];
        let command = import_of(&world, &rows);
        let ended = world.run(&format!("{command} --rejects {}", rejects.display()));
        assert_eq!(exit(&ended), Exit::BadInput);
        let error = ended.summary.error.unwrap();
        for part in [
            "users.csv`, line 2, column 17 (`leavingDate`)",
            "4 of 5 rows",
            "more than 3 (`[import] rejects_floor`)",
            "1 % (`rejects_percent`)",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("XX"), "{error}");
        assert_eq!(world.dump("pm_user"), before);
        assert_eq!(std::fs::read_to_string(&rejects).unwrap().lines().count(), 5);
    }
}

#[test]
fn rejects_up_to_the_floor_or_the_percentage_are_let_through() {
    for (n_good, n_bad, expected) in [
        (1, 3, Exit::Done),
        (1, 4, Exit::BadInput),
        (396, 4, Exit::Done),
        (395, 4, Exit::BadInput),
        (0, 1, Exit::BadInput),
    ] {
        let world = World::sqlite();
        world.put("org");
        let mut rows: Vec<String> = (0..n_good).map(|n| format!("id=P{n}|email=p{n}@x")).collect();
        rows.extend((0..n_bad).map(|n| format!("id=Q{n}|email=q{n}@x|leavingDate=XX")));
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert_eq!(exit(&import(&world, &rows)), expected, "{n_good} good rows, {n_bad} bad");
    }
}

#[test]
fn a_typo_neither_marks_nor_lifts_nor_purges() {
    for row in ["leavingDate=31.02.2020", "costCenter=O123", "email=anna", "city=", "id=U\u{200b}1"]
    {
        for mark in ["", "DEL=1 DELETE_AT=2026-12-05", "DEL=1 DELETE_AT=2026-01-01"] {
            let world = World::sqlite();
            world.put(&format!("org\nperson {mark}\n{OTHERS}"));
            let before = world.dump("pm_user");
            let ended = import(&world, &with_others(&[row]));
            ok(&ended);
            assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1", "{row}");
            assert_eq!(world.dump("pm_user"), before, "{row}");
            let waits = findings(&ended).iter().any(|told| told.starts_with("purge_waits U1: "));
            assert_eq!(waits, mark.ends_with("2026-01-01"), "{row}");
        }
    }
}

#[test]
fn a_reject_that_may_be_anybodys_keeps_the_run_from_marking_and_purging_for_absence() {
    for world in worlds() {
        world.put(&format!(
            "org\nperson\n{OTHERS}\nperson ID=U4 EMAIL=d@x DEL=1 DELETE_AT=2026-01-01"
        ));
        let rows = with_others(&["id=U1typo|email=anna"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
        assert_eq!(
            findings(&ended)[1],
            "absent_kept line 2: a rejected row may be anybody's: 1 people who are not in the file are not marked, 1 not purged"
        );
        // Once the row names somebody, even somebody new, it hides nobody else.
        let ended = import(&world, &with_others(&["id=U9|email=new@x|leavingDate=XX"]));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 marked=1 purged=1 rejected=1");
    }
}

#[test]
fn a_reject_speaks_for_nobody_whom_a_good_row_delivers() {
    for world in worlds() {
        world.put(&format!("org\nperson\n{OTHERS}\nperson ID=U5 EMAIL=e@x"));
        // Whose is the second row? Not U5's, whom the first one delivers.
        let rows = with_others(&["id=U5|email=e@x", "id=U5|email=anna at example.org"]);
        let ended = import(&world, &rows);
        ok(&ended);
        assert_eq!(counts(&ended), "rows=4 unchanged=3 rejected=1");
        assert!(findings(&ended)[1].starts_with("absent_kept line 3: "));
    }
}

#[test]
fn the_same_file_twice_marks_nobody_whom_it_did_not_mark_at_once() {
    for world in worlds() {
        world.put(&format!("org\nperson\n{OTHERS}"));
        // The id 5 is nobody's at first, and the first row's from then on.
        let rows = with_others(&["id=5|email=new@x.example", "id=5|email=new at x.example"]);
        assert_eq!(counts(&import(&world, &rows)), "rows=4 created=1 unchanged=2 rejected=1");
        assert_eq!(counts(&import(&world, &rows)), "rows=4 unchanged=3 rejected=1");
        assert_eq!(world.one("SELECT to_delete FROM pm_user WHERE id = 'U1'"), "0");
    }
}

#[test]
fn a_row_out_of_shape_counts_for_everybody_it_may_speak_of() {
    for world in worlds() {
        world.put(&format!("org\nperson\n{OTHERS}"));
        let text = people_file(&OTHER_ROWS) + &row_of("") + ";surplus\n";
        let path = file(&world, "users.csv", &text);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        ok(&ended);
        assert_eq!(counts(&ended), "rows=3 unchanged=2 rejected=1");
    }
}

#[test]
fn a_number_in_a_row_out_of_shape_is_no_proof_that_it_is_an_id() {
    for stored in ["person ID=100 EMAIL=x100@x", "person ID=12345678 EMAIL=x100@x"] {
        let world = World::sqlite();
        world.put(&format!("org\nperson\n{OTHERS}\n{stored}"));
        let damaged = row_of("id=|email=anna[at]x").replacen(';', ";\"\"100;", 1);
        let text = people_file(&OTHER_ROWS) + &damaged + "\n";
        let path = file(&world, "users.csv", &text);
        let ended = world.run(&format!("import-users {} {DAY}", path.display()));
        ok(&ended);
        assert_eq!(ended.summary.counts.get("marked"), 0, "{stored}");
        assert!(findings(&ended).iter().any(|told| told.starts_with("absent_kept")), "{stored}");
    }
}

#[test]
fn a_rejected_last_row_without_a_line_end_is_a_cut_file() {
    for cut in [12, 25, 60] {
        for world in worlds() {
            world.put(&format!("org\nperson\n{OTHERS}"));
            let whole = people_file(&with_others(&["leavingDate=2030-10-10|country=CH"]));
            let rows: Vec<&str> = whole.lines().collect();
            let last = rows[1];
            let text = [rows[0], rows[2], rows[3], &last[..last.len() - cut]].join("\n");
            let path = file(&world, "users.csv", &text);
            let ended = world.run(&format!("import-users {} {DAY}", path.display()));
            assert_eq!(exit(&ended), Exit::BadInput, "{cut}");
            let error = ended.summary.error.unwrap();
            assert!(error.contains("line 4") && error.contains("cut off here"), "{error}");
        }
    }
}
