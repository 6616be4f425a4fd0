//! What lets a plan through: limits over a day, doubts, clocks.

use recert::door::config::Limits;
use recert::door::exit::Exit;

use crate::harness::{World, exit, ok, worlds};

/// A file that names half of the people who are there, and so is doubted.
fn half_the_people(world: &World) -> String {
    let people: String = (0..6).map(|n| format!("person ID=P{n} EMAIL=p{n}@x\n")).collect();
    world.put(&format!("org\n{people}"));
    crate::import_users::import_of(world, &["id=P0|email=p0@x", "id=P1|email=p1@x"])
}

#[test]
fn a_doubt_is_lifted_by_accept_source_for_one_run_and_the_ledger_says_so() {
    for world in worlds() {
        let command = half_the_people(&world);
        let ended = world.run(&format!("{command} --allow-changes 100 --reason \"CHG 1\""));
        assert_eq!(exit(&ended), Exit::Refused);
        let error = ended.summary.error.unwrap();
        assert!(
            error.contains("`--accept-source --reason …` lets this one run through"),
            "{error}"
        );

        ok(&world.run(&format!("{command} --accept-source --reason \"CHG 2\"")));
        let kept = world.one("SELECT parameters FROM recert_run WHERE status = 'applied'");
        assert!(kept.contains("\"accept_source\":true"), "{kept}");
        assert!(kept.contains("\"reason\":\"CHG 2\""), "{kept}");
    }
}

#[test]
fn a_reason_of_blanks_is_no_reason() {
    let world = World::sqlite();
    for reason in ["", "  ", "\u{a0}\u{200b}", "-"] {
        for lifted in ["--allow-changes=5", "--accept-source"] {
            let mut process = world.recert(&format!("revoke {lifted}"));
            let ended = process.args(["--reason", reason]).output().unwrap();
            assert_eq!(ended.status.code(), Some(2), "{lifted} {reason:?}");
        }
    }
}

const REVOKE: &str = "revoke --as-of 2026-11-30";

/// Access that is due, of these people.
fn due(people: std::ops::Range<usize>) -> String {
    people.map(|n| format!("mapping USER=U{n}\nresponse USER=U{n} MGR=2026-11-01\n")).collect()
}

/// At most ten rows in so many hours.
fn held_over(mut world: World, hours: u32) -> World {
    world.config.limits.revoke = Limits { count: 10, percent: 0.0, floor: 10, hours };
    world
}

fn refused(world: &World, command: &str, parts: &[&str]) {
    let ended = world.run(command);
    assert_eq!(exit(&ended), Exit::Refused, "{command}");
    let error = ended.summary.error.unwrap();
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn what_a_job_took_in_the_last_day_counts_too_but_for_what_a_person_let_through() {
    for world in worlds().into_iter().map(|world| held_over(world, 24)) {
        world.put(&due(0..6));
        ok(&world.run(REVOKE));
        let left = world.preview(REVOKE).summary.limits;
        assert_eq!((left[0].earlier, left[0].left), (6, 4), "{}", world.name);

        world.put(&due(6..11));
        refused(
            &world,
            REVOKE,
            &[
                "takes away 5 of 5 rows, after 6 that earlier runs took in the last 24 hours: 11 together",
                "(5 of 5: revoked; due 2026-11-01 by the line manager's date)",
                "--allow-changes 5 ",
            ],
        );
        ok(&world.run(&format!("{REVOKE} --allow-changes 5 --reason \"CHG 1\"")));

        world.put(&due(11..15));
        let ended = world.run(REVOKE);
        ok(&ended);
        assert_eq!(ended.summary.limits[0].left, 0);
        world.put(&due(15..16));
        refused(&world, REVOKE, &["1 of 1 rows, after 10"]);
        // Nothing to take is never too much; and another day has its own allowance.
        ok(&world.run("revoke --as-of 2026-10-31"));
        ok(&world.run("revoke --as-of 2026-12-01"));
    }
}

#[test]
fn what_is_left_goes_by_the_population_also_where_a_run_takes_nothing() {
    for mut world in worlds() {
        world.config.limits.revoke = Limits { count: 500, percent: 50.0, floor: 10, hours: 24 };
        let rest: String = (12..40).map(|n| format!("mapping USER=U{n}\n")).collect();
        world.put(&(due(0..12) + &rest));
        let left = |ended: &recert::door::run::Ended| ended.summary.limits[0].left;
        assert_eq!(left(&world.run(REVOKE)), 20 - 12, "{}", world.name);
        // Half of the 28 that are there now, but for the 12: not the floor, which is used up.
        assert_eq!(left(&world.run(REVOKE)), 14 - 12, "{}", world.name);
        world.put(&due(40..42));
        ok(&world.run(REVOKE));
    }
}

#[test]
fn hours_of_zero_hold_each_run_alone() {
    for world in worlds().into_iter().map(|world| held_over(world, 0)) {
        for at in 0..3 {
            world.put(&due(10 * at..10 * at + 10));
            ok(&world.run(REVOKE));
        }
    }
}

#[test]
fn what_was_restored_since_is_not_taken_any_more() {
    for mut world in worlds().into_iter().map(|world| held_over(world, 24)) {
        world.config.limits.restore.floor = 100;
        world.put(&due(0..8));
        let first = world.run(REVOKE).summary.run_id;
        let some = format!("restore {first} --only MAP_RAP_USER_ROLE:U1/ZRH1");
        let some = some.replace("ZRH1", &world.one("SELECT rmm_id FROM recreate_response"));
        ok(&world.run(&some));
        world.put(&due(8..12));
        refused(&world, REVOKE, &["after 7 that"]);
        // Who takes a restore back takes the access again.
        let back = world.one("SELECT run_id FROM recert_run WHERE job = 'restore'");
        ok(&world.run(&format!("restore {back}")));
        refused(&world, REVOKE, &["after 8 that"]);
        ok(&world.run(&format!("restore {first}")));
        world.tamper("UPDATE recreate_response SET is_active = 0 WHERE reportees_id = 'U8'");
        ok(&world.run("revoke --as-of 2026-11-30 --allow-changes 11 --reason x"));
    }
}

#[test]
fn two_restores_under_different_locks_do_not_take_together_what_neither_may_alone() {
    let Some(world) = World::standin() else { return };
    let id = |summary: serde_json::Value| summary["run_id"].as_str().unwrap().to_owned();
    world.put(&format!("org\n{}", due(0..8)));
    let revoke = id(world.recert_ok("revoke"));
    let given_back = id(world.recert_ok(&format!("restore {revoke}")));
    let people: Vec<String> = (0..8).map(|n| format!("id=P{n}|email=p{n}@x")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let import = crate::import_users::import_of(&world, &people);
    let import = id(world.recert_ok(import.split(" --as-of").next().unwrap()));

    // The one that takes access is about to end, with the other's people still there.
    let folder = tempfile::tempdir().unwrap();
    let mut first = world.recert(&format!("restore {given_back}"));
    first.env("OCI_STANDIN_FAULT", "1:execute/UPDATE RECERT_LOCK:pause");
    first.env("OCI_STANDIN_PAUSE", folder.path()).stderr(std::process::Stdio::piped());
    let first = first.stdout(std::process::Stdio::null()).spawn().unwrap();
    crate::second_session::wait_for(&folder.path().join("paused"), "restore of access");
    world.recert_ok(&format!("restore {import}"));
    std::fs::write(folder.path().join("go"), "").unwrap();
    let first = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&first.stderr);
    assert_eq!(first.status.code(), Some(4), "{said}");
    assert!(said.contains("after 8 that earlier runs took"), "{said}");
    assert_eq!(world.one("SELECT COUNT(*) AS n FROM map_rap_user_role"), "8");
}

/// The binary in a process whose clock is another.
fn at(world: &World, when: &str, command: &str) -> Option<std::process::Output> {
    let recert = world.recert(command);
    let mut process = std::process::Command::new("faketime");
    process.args(["-f", when]).arg(recert.get_program()).args(recert.get_args());
    for (name, value) in recert.get_envs() {
        process.env(name, value.unwrap_or_default());
    }
    process.env_remove("RECERT_AS_OF").current_dir(world.folder.path());
    process.output().ok()
}

#[test]
fn a_clock_that_was_set_back_is_doubted_until_somebody_accepts_it() {
    let world = World::sqlite();
    world.put(&due(0..1));
    let Some(future) = at(&world, "@2099-01-01 00:00:00", "revoke") else { return };
    assert_eq!(future.status.code(), Some(0), "{}", String::from_utf8_lossy(&future.stderr));
    world.put(&due(1..2));
    let now = world.recert("revoke").output().unwrap();
    assert_eq!(now.status.code(), Some(4));
    let said = String::from_utf8_lossy(&now.stderr).into_owned();
    assert!(said.contains("the ledger's last run ended at 2099-01-01"), "{said}");
    // The refused run ended now: it is the chain's end, and the clock it was held against is told once.
    let told = world.recert("revoke").output().unwrap();
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
}

#[test]
fn another_day_and_an_allowance_lift_no_doubt_of_the_clock_but_accept_source_does() {
    for (more, code) in [
        ("--allow-changes 9 --reason x", 4),
        ("--as-of 2026-11-30 --reason x", 4),
        ("--accept-source --reason x", 0),
    ] {
        let world = World::sqlite();
        let Some(future) = at(&world, "@2099-01-01 00:00:00", "revoke") else { return };
        assert_eq!(future.status.code(), Some(0), "{}", String::from_utf8_lossy(&future.stderr));
        let ended = world.recert(&format!("revoke {more}")).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn a_host_whose_clock_is_not_the_databases_is_doubted() {
    let Some(world) = World::standin() else { return };
    world.put(&due(0..1));
    for (apart, code) in [("+4m", 0), ("-6m", 4), ("+6m", 4)] {
        let Some(ended) = at(&world, apart, "revoke") else { return };
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{apart}: {said}");
        assert_eq!(said.contains("the database's"), code == 4, "{said}");
    }
}

#[test]
fn only_runs_that_were_applied_took_something() {
    let took = r#"{"moment":"2026-11-30T12:00:00Z","takes":[{"limit":"revoke","n":10,"each":"row","seq":[[1,10]]}]}"#;
    for (status, number) in [
        ("failed", Exit::Done),
        ("refused", Exit::Done),
        ("unchanged", Exit::Done),
        ("applied", Exit::Refused),
    ] {
        let world = held_over(World::sqlite(), 24);
        crate::verify::write_ended(&world, "revoke", status, took, &[]);
        world.put(&due(0..6));
        assert_eq!(exit(&world.run(REVOKE)), number, "{status}");
    }
}

#[test]
fn a_ledger_that_can_t_be_believed_stops_who_takes_something_and_nobody_else() {
    for world in worlds().into_iter().map(|world| held_over(world, 24)) {
        world.put(&due(0..2));
        ok(&world.run(REVOKE));
        world.tamper("UPDATE recert_run SET host = 'elsewhere'");
        let idle = world.run(REVOKE);
        ok(&idle);
        assert!(idle.summary.findings.iter().any(|finding| finding.kind == "run_not_believed"));

        world.put(&due(2..3));
        refused(&world, REVOKE, &["the ledger can't tell what earlier runs took of the limits"]);
        ok(&world.run(&format!("{REVOKE} --accept-source --reason \"CHG 3\"")));
    }
}

#[test]
fn a_row_that_is_back_is_not_taken_any_more_and_a_person_once_all_that_counted_is_back() {
    let changes =
        ["E1/a", "E1/b", "E2/a", "E3/a"].map(|key| ("T", key, "delete", "so", Some("{}"), None));
    for (each, earlier) in [("row", [3, 2, 1, 0]), ("unit", [2, 2, 1, 0])] {
        for (restored, earlier) in earlier.into_iter().enumerate() {
            let world = World::sqlite();
            // The last of the changes did not count.
            let took = format!(
                r#"{{"takes":[{{"limit":"revoke","n":{},"each":"{each}","seq":[[1,3]]}}]}}"#,
                if each == "row" { 3 } else { 2 }
            );
            let run = crate::verify::write_ended(&world, "revoke", "applied", &took, &changes);
            let whys: Vec<String> = [4, 1, 2, 3][..=restored]
                .iter()
                .map(|seq| format!("restores change {seq} of run {run} (revoke)"))
                .collect();
            let back: Vec<_> =
                whys.iter().map(|why| ("T", "key", "insert", &**why, None, Some("{}"))).collect();
            crate::verify::write_ended(&world, "restore", "applied", "{}", &back);
            let limits = world.preview("revoke").summary.limits;
            assert_eq!(limits[0].earlier, earlier, "{each}, {restored} of 3 are back");
        }
    }
}

#[test]
fn what_is_left_of_a_limit_goes_by_the_rows_that_are_there_also_where_nothing_is_taken() {
    for mut world in worlds() {
        world.config.limits.revoke = Limits::default();
        let rows: Vec<String> = (1..=300).map(|n| format!("mapping USER=E{n}")).collect();
        world.put(&rows.join("\n"));
        for ended in [world.preview("revoke"), world.run("revoke")] {
            let left = &ended.summary.limits[0];
            assert_eq!((left.limit, left.taken, left.left), ("revoke", 0, 30), "{}", world.name);
        }
    }
}
