//! Files that look wrong: each doubt refuses with 4 and writes nothing, and what its message advises works.

use recert::door::exit::Exit;
use recert::door::run::Ended;

use super::{counts, file};
use crate::harness::{World, exit, ok, worlds};
use crate::import_files::harness::people_file;

/// The first day.
const DAY: u32 = 1;

fn rows(people: impl IntoIterator<Item = u32>, rest: &str) -> Vec<String> {
    people.into_iter().map(|n| format!("id=P{n}|email=p{n}@x{rest}")).collect()
}

/// Imports these rows on a day of 2026-11, with these options.
fn import_on(world: &World, day: u32, rows: &[String], options: &str) -> Ended {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    import_text(world, day, &people_file(&rows), options)
}

fn import_text(world: &World, day: u32, text: &str, options: &str) -> Ended {
    let path = file(world, "users.csv", text);
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
        + chrono::Days::new(u64::from(day - 1));
    world.run(&format!("import-users {} --as-of {day} {options}", path.display()))
}

/// Refused for `told`, nothing written; and with the flags that the message names it goes through.
fn doubted(world: &World, day: u32, text: &str, told: &str) {
    let before = world.dump("pm_user");
    let ended = import_text(world, day, text, "");
    assert_eq!(exit(&ended), Exit::Refused, "{told}");
    let error = ended.summary.error.unwrap();
    assert!(error.contains(told), "{told}: {error}");
    assert!(error.contains("`--accept-source --reason …`"), "{error}");
    assert_eq!(world.dump("pm_user"), before);
    let mut options = "--accept-source --reason seen".to_owned();
    if let Some((_, rest)) = error.split_once("`--allow-changes ") {
        let n: u64 = rest.split(' ').next().unwrap().parse().unwrap();
        options += &format!(" --allow-changes {n}");
    }
    ok(&import_text(world, day, text, &options));
}

fn doubted_rows(world: &World, day: u32, rows: &[String], told: &str) {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    doubted(world, day, &people_file(&rows), told);
}

fn world_of(mut world: World, n: u32) -> World {
    world.config.limits.import_users.floor = 10;
    world.put("org\norg UNIT=5678");
    ok(&import_on(&world, DAY, &rows(0..n, ""), ""));
    world
}

#[test]
fn a_first_file_with_fewer_rows_than_half_of_pm_user_is_a_doubt() {
    for world in worlds() {
        let stored: String = (0..9).map(|n| format!("person ID=P{n} EMAIL=p{n}@x\n")).collect();
        world.put(&format!("org\n{stored}"));
        doubted_rows(
            &world,
            DAY,
            &rows(0..4, ""),
            "4 rows, fewer than half of the 9 people in PM_USER",
        );
        // Half of them is not fewer.
        let world = World::sqlite();
        world.put(&format!("org\n{stored}person ID=P9 EMAIL=p9@x"));
        ok(&import_on(&world, DAY, &rows(0..5, ""), ""));
    }
}

#[test]
fn fewer_rows_than_half_of_the_largest_file_of_the_grace_are_a_doubt_however_slowly_it_shrinks() {
    let mut world = world_of(World::sqlite(), 100);
    world.config.limits.import_users.floor = 1_000;
    world.config.import.standing_percent = 100.0;
    for (day, n) in [(2, 80), (3, 65), (4, 50)] {
        ok(&import_on(&world, day, &rows(0..n, ""), ""));
    }
    doubted_rows(
        &world,
        5,
        &rows(0..49, ""),
        "49 rows, fewer than half of the 100 that were imported for 2026-11-01",
    );
    // An accepted source starts afresh.
    ok(&import_on(&world, 6, &rows(0..30, ""), ""));
    doubted_rows(&world, 7, &rows(0..24, ""), "24 rows, fewer than half of the 49");
}

#[test]
fn what_was_imported_before_the_grace_is_not_compared_but_for_the_last_run() {
    let mut world = world_of(World::sqlite(), 40);
    world.config.limits.import_users.floor = 1_000;
    world.config.import.standing_percent = 100.0;
    doubted_rows(&world, 61, &rows(0..19, ""), "19 rows; the last import, for 2026-11-01, had 40");
    for (n, rest) in [(40, 20), (10, 4)] {
        let mut world = world_of(World::sqlite(), n);
        world.config.limits.import_users.floor = 1_000;
        world.config.import.standing_percent = 100.0;
        ok(&import_on(&world, 61, &rows(0..rest, ""), ""));
    }
}

#[test]
fn an_older_file_that_would_take_back_what_came_since_is_a_doubt() {
    for world in worlds() {
        let world = world_of(world, 20);
        let old = rows(0..20, "");
        // Somebody came, and somebody changed.
        ok(&import_on(&world, 2, &rows(0..21, ""), ""));
        doubted_rows(
            &world,
            3,
            &old,
            "was imported for 2026-11-01, and not the last one; it would mark or change 1 people",
        );
        let world = world_of(World::sqlite(), 20);
        let mut moved = rows(0..19, "");
        moved.extend(rows(19..20, "|city=Bern"));
        ok(&import_on(&world, 2, &moved, ""));
        doubted_rows(&world, 3, &old, "it would mark or change 1 people who came or changed since");
        // The right file after a wrong one passes.
        ok(&import_on(&world, 4, &moved, ""));
    }
}

#[test]
fn an_older_file_that_takes_nothing_back_passes_and_so_does_the_right_one_after_it() {
    let world = world_of(World::sqlite(), 20);
    let (old, new) = (rows(0..20, ""), rows(0..17, ""));
    assert_eq!(counts(&import_on(&world, 2, &new, "")), "rows=17 unchanged=17 marked=3");
    assert_eq!(counts(&import_on(&world, 3, &old, "")), "rows=20 unchanged=17 unmarked=3");
    assert_eq!(counts(&import_on(&world, 4, &new, "")), "rows=17 unchanged=17 marked=3");
    // The last file again is no older one.
    assert_eq!(counts(&import_on(&world, 5, &new, "")), "rows=17 unchanged=17");
}

#[test]
fn other_names_numbers_or_cost_centres_for_more_than_half_of_the_people_are_a_doubt() {
    for column in ["firstName=X", "lastName=X", "costCenter=56781234"] {
        let world = world_of(World::sqlite(), 22);
        let mut changed = rows(0..12, &format!("|{column}"));
        changed.extend(rows(12..22, ""));
        doubted_rows(
            &world,
            2,
            &changed,
            "12 of the 22 people in the file get another name, personnel number or cost centre",
        );
        let world = world_of(World::sqlite(), 22);
        let mut changed = rows(0..11, &format!("|{column}"));
        changed.extend(rows(11..22, ""));
        ok(&import_on(&world, 2, &changed, ""));
    }
    // A number that was not there before is no other one.
    let world = world_of(World::sqlite(), 22);
    ok(&import_on(&world, 2, &rows(0..22, "|personnelNumber=7"), ""));
    doubted_rows(&world, 3, &rows(0..22, "|personnelNumber=8"), "22 of the 22 people");
}

#[test]
fn more_standing_marks_than_a_fifth_of_pm_user_are_a_doubt() {
    for world in worlds() {
        let mut world = world_of(world, 100);
        world.config.limits.import_users.floor = 1_000;
        ok(&import_on(&world, 2, &rows(8..100, ""), ""));
        ok(&import_on(&world, 3, &rows(20..100, ""), ""));
        doubted_rows(
            &world,
            4,
            &rows(21..100, ""),
            "21 of 100 people would be marked for deletion and not yet purged, 1 of them by this run: more than 20 %",
        );
        // What that run marked was let through; the others still stand.
        let ended = import_on(&world, 5, &rows(21..100, ""), "");
        ok(&ended);
        // A purge needs nobody's leave once more.
        let ended = import_on(&world, 40, &rows(21..100, ""), "");
        ok(&ended);
        assert_eq!(ended.summary.counts.get("purged"), 21);
    }
}

#[test]
fn a_cut_that_was_let_through_blocks_no_later_import_nor_its_own_purges() {
    let world = world_of(World::sqlite(), 100);
    doubted_rows(&world, 2, &rows(0..45, ""), "45 rows, fewer than half of the 100");
    for day in [3, 10, 31, 32, 33] {
        ok(&import_on(&world, day, &rows(0..45, ""), ""));
    }
    assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "45");
}

#[test]
fn marks_that_nobody_knows_of_count_at_their_purge() {
    for world in worlds() {
        let world = world_of(world, 100);
        world.tamper("UPDATE pm_user SET to_delete = 1, delete_at = imported_at WHERE id IN ('P0','P1','P2','P3','P4','P5','P6','P7','P8','P9','P10')");
        let ended = import_on(&world, 2, &rows(11..100, ""), "");
        assert_eq!(exit(&ended), Exit::Refused);
        assert!(ended.summary.error.unwrap().contains("takes away 11 of 100"));
    }
}

#[test]
fn people_who_lose_management_roles_count_against_the_limit_once_each() {
    for mut world in worlds() {
        world.config.limits.import_users.floor = 10;
        world.put("org\norg UNIT=5678");
        ok(&import_on(&world, DAY, &rows(0..50, ""), ""));
        let roles: String =
            (0..11).map(|n| format!("role USER=P{n}\nrole USER=P{n} NAME=R2\n")).collect();
        world.put(&roles);
        let mut moved = rows(0..11, "|costCenter=12349999");
        moved.extend(rows(11..50, ""));
        let ended = import_on(&world, 2, &moved, "");
        assert_eq!(exit(&ended), Exit::Refused);
        assert!(ended.summary.error.unwrap().contains("takes away 11 of 50"));
        let ended = import_on(&world, 2, &moved, "--allow-changes 11 --reason seen");
        ok(&ended);
        assert_eq!(ended.summary.counts.get("roles_removed"), 22);
    }
}

#[test]
fn a_last_row_without_a_line_end_is_a_doubt_where_the_last_file_had_one() {
    let world = world_of(World::sqlite(), 20);
    let specs = rows(0..20, "");
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    let text = people_file(&specs);
    doubted(
        &world,
        2,
        text.trim_end(),
        "the last row has no line end, where the last file's had one",
    );
    // From then on it is known to end so, and a blank row behind the last one ends a line too.
    ok(&import_text(&world, 3, text.trim_end(), ""));
    ok(&import_text(&world, 4, &text, ""));
    ok(&import_text(&world, 5, &format!("{text};;;"), ""));
}

#[test]
fn the_first_load_is_no_doubt() {
    for mut world in worlds() {
        world.config.limits.import_users.floor = 10;
        world.put("org");
        let mut all = rows(0..70, "");
        all.extend(rows(70..100, "|leavingDate=2020-01-01"));
        let ended = import_on(&world, DAY, &all, "");
        ok(&ended);
        assert_eq!(counts(&ended), "rows=100 created=70 gone=30");
    }
}

#[test]
fn a_run_that_was_put_into_the_ledger_by_hand_is_compared_with_nothing() {
    let world = world_of(World::sqlite(), 20);
    world.tamper(
        "INSERT INTO recert_run (run_id, job, as_of, status, started_at, finished_at, os_user, host, version, config_sha256, parameters, counts, previous_sha256, sha256)
         SELECT '0190a000-0000-7000-8000-000000000000', job, as_of, status, started_at, finished_at, os_user, host, version, config_sha256, '{\"rows\":1000}', counts, 'y', 'x' FROM recert_run",
    );
    ok(&import_on(&world, 2, &rows(0..18, ""), ""));
}

/// How many rows of the ledger a run of the file reads, by its own account of its statements.
fn ledger_rows_read(world: &World, people: &[String], code: i32) -> u64 {
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let path = file(world, "users.csv", &people_file(&people));
    let command = format!("import-users {} -vv --log-format json", path.display());
    let output = world.recert(&command).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{log}");
    let told = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let asked =
        ["ledger/select", "import/select_imports", "import/select_marks", "import/select_brought"];
    told.filter(|line| {
        line["statement"]
            .as_str()
            .is_some_and(|name| asked.iter().any(|asked| name.starts_with(asked)))
    })
    .map(|line| line["rows"].as_u64().unwrap())
    .sum()
}

#[test]
fn the_changes_of_a_first_load_are_read_again_only_where_they_would_make_a_doubt() {
    for mut world in worlds() {
        world.config.limits.import_users.hours = 0; // The limits' own look at the last day.
        world.put("org");
        ledger_rows_read(&world, &rows(0..500, ""), 0);
        let mut next = rows(0..499, "");
        next[0] += "|city=Bern";
        let n = ledger_rows_read(&world, &next, 0);
        assert!(n < 30, "{}: {n} rows of the ledger", world.name);
        // One mark stands by now, and another comes.
        let mut next = rows(0..498, "");
        next[1] += "|city=Bern";
        let n = ledger_rows_read(&world, &next, 0);
        assert!(n < 30, "{}: {n} rows of the ledger", world.name);
        // Fewer than half: now the first load must be one to be believed.
        let n = ledger_rows_read(&world, &next[..200], 4);
        assert!(n > 500, "{}: {n} rows of the ledger", world.name);
    }
}

#[test]
fn an_earlier_import_that_was_forged_makes_no_doubt_and_is_named_where_it_would() {
    for world in worlds() {
        world.put("org");
        ok(&import_on(&world, 1, &rows(0..20, ""), ""));
        world.tamper(
            "UPDATE recert_run SET parameters = REPLACE(parameters, '\"rows\":20', '\"rows\":90')",
        );
        let ended = import_on(&world, 2, &rows(0..20, ""), "");
        ok(&ended);
        let told = &ended.summary.findings[0];
        assert_eq!(told.kind, "run_not_believed", "{}", world.name);
    }
}
