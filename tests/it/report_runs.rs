//! Section 9 of the spec, a sentence a test: what the report says of runs and restores, and which of them it believes.

use recert::door::exit::Exit;
use serde_json::Value as Json;

use crate::harness::{ok, worlds};
use crate::report::{column, counts, findings, report, states, try_report};

#[test]
fn report_does_not_vouch_for_access_that_came_back() {
    for world in worlds() {
        world.put(
            "mapping USER=E1\nresponse USER=E1 DUE=2026-11-01
             mapping USER=E2\nresponse USER=E2 DUE=2026-11-01
             mapping USER=E3\nresponse USER=E3 DUE=2026-11-01
             response USER=E4 DUE=2026-11-01\nresponse USER=E5 DUE=2026-11-01",
        );
        let run = world.run("revoke --as-of 2026-11-01").summary.run_id;
        let restore = world.run(&format!("restore {run} --only MAP_RAP_USER_ROLE:E1/7"));
        ok(&restore);
        let restored = restore.summary.run_id;
        world.put("mapping USER=E2\nmapping USER=E4");
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        let expected = [
            format!("restored by run {restored}"),
            "given again".to_owned(),
            format!("executed on 2030-06-15 by run {run}"),
            "given again".to_owned(),
            "already absent".to_owned(),
        ];
        assert_eq!(states(&told), expected, "{}", world.name);
        let runs = column(&told, "rows", "run_id");
        assert_eq!(
            runs,
            [&Json::from(restored), &Json::Null, &run.clone().into(), &Json::Null, &run.into()]
        );
        let kinds = findings(&told);
        assert!(
            kinds.contains(&("given_again", "E2/7")) && kinds.contains(&("restored", "E1/7")),
            "{kinds:?}"
        );
        assert!(kinds.iter().any(|(kind, _)| *kind == "exception"), "{kinds:?}");
        let sentence = told["verdict"]["sentence"].as_str().unwrap();
        assert!(
            sentence.contains("5 were revoked: 2 are gone, 0 are still there, 3 came back"),
            "{sentence}"
        );
    }
}

#[test]
fn report_believes_no_run_of_a_ledger_that_was_edited() {
    for world in worlds() {
        world.put("mapping\nresponse DUE=2026-11-01");
        let run = world.run("revoke --as-of 2026-11-01").summary.run_id;
        world.tamper("UPDATE recert_change SET why = 'because' WHERE seq = 1");
        let path = world.folder.path().join("out.json");
        let command = format!("report --year 2026 --out {}", path.display());
        let outcome = try_report(&world, &command).unwrap();
        assert_eq!(outcome.exit(), Exit::Evidence, "{}", world.name);
        let told: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(states(&told), ["closed elsewhere"]);
        assert_eq!(told["verdict"]["proven"], false);
        assert!(told["verdict"]["proof"].as_str().unwrap().contains(&run), "{}", told["verdict"]);
    }
}

#[test]
fn report_names_the_run_that_took_the_access_and_its_day() {
    for mut world in worlds() {
        world.config.time.zone = "Pacific/Auckland".to_owned(); // 12:00 UTC is the next day there.
        world.put("mapping\nresponse DUE=2026-11-30");
        let ended = world.run("revoke --as-of 2026-11-30");
        ok(&ended);
        let told = report(&world, "report --year 2026");
        assert_eq!(told["evidence"]["ledger"]["verified"], true);
        let run = ended.summary.run_id;
        assert_eq!(
            states(&told),
            [format!("executed on 2030-06-16 by run {run}")],
            "{}",
            world.name
        );
        assert_eq!(told["rows"][0]["executed_on"], "2030-06-16");
        assert_eq!(told["rows"][0]["run_id"], run);
        assert_eq!(counts(&told, &["executed"]), [1]);
    }
}

#[test]
fn report_tells_responses_of_the_same_access_apart() {
    for world in worlds() {
        world.put("response LEVEL=A DUE=2026-11-01\nresponse LEVEL=B DUE=2026-11-02\nresponse LEVEL=C DUE=2026-11-03");
        let first = world.run("revoke --as-of 2026-11-01").summary.run_id;
        let second = world.run("revoke --as-of 2026-11-02").summary.run_id;
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        let runs = column(&told, "rows", "run_id");
        assert_eq!(runs, [&Json::from(first), &second.into(), &Json::Null], "{}", world.name);
        assert_eq!(column(&told, "rows", "access_level"), ["A", "B", "C"]);
        assert_eq!(states(&told)[2], "scheduled for 2026-11-03");
    }
}

#[test]
fn report_takes_a_restored_response_for_active_again_until_another_run() {
    for world in worlds() {
        world.put("mapping\nresponse DUE=2026-11-01");
        let first = world.run("revoke --as-of 2026-11-01").summary.run_id;
        ok(&world.run(&format!("restore {first}")));
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(states(&told), ["access remains"], "{}", world.name);
        let again = world.run("revoke --as-of 2026-11-02").summary.run_id;
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(column(&told, "rows", "run_id"), [&Json::from(again.clone())]);
        // Somebody closes it after a second restore: no run did, and none ever will take it.
        ok(&world.run(&format!("restore {again}")));
        world.tamper("UPDATE recreate_response SET is_active = 0");
        let told = report(&world, "report --year 2026 --as-of 2026-11-02");
        assert_eq!(states(&told), ["access remains, closed"], "{}", world.name);
    }
}

#[test]
fn report_knows_the_run_of_ids_that_hold_anything() {
    for world in worlds() {
        for id in ["O'Brien", "a/b", "%", "Žofie 🦀", "NULL"] {
            world.put(&format!("response \"USER={id}\" DUE=2026-11-01"));
        }
        ok(&world.run("revoke --as-of 2026-11-01"));
        let told = report(&world, "report --year 2026");
        assert_eq!(counts(&told, &["already_absent", "left_alone"]), [4, 1], "{}", world.name);
    }
}
