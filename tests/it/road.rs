//! Sections 2 and 3 of the spec: plan, limits, lock, retries, saved plans, what is refused.

use std::fs;
use std::time::{Duration, Instant};

use recert::door::config::Limits;
use recert::door::exit::Exit;
use recert::door::summary::Status;

use crate::harness::{World, exit, ok, printed, worlds};

/// `n` users whose access is due on 2026-11-30.
fn due(n: usize) -> String {
    (0..n)
        .map(|i| format!("mapping USER=U{i:03}\nresponse USER=U{i:03} MGR=2026-11-30\n"))
        .collect()
}

const REVOKE: &str = "revoke --as-of 2026-11-30";

fn limited(mut world: World, count: u64, percent: f64, floor: u64) -> World {
    world.config.limits.revoke = Limits { count, percent, floor, hours: 24 };
    world
}

#[test]
fn a_plan_over_the_limit_is_refused_and_changes_nothing_but_the_ledgers_run() {
    for world in worlds() {
        let world = limited(world, 500, 10.0, 10);
        world.put(&due(11));
        let before = (world.dump("map_rap_user_role"), world.dump("recreate_response"));
        let ended = world.run(REVOKE);
        assert_eq!(exit(&ended), Exit::Refused);
        assert_eq!(ended.summary.status, Status::Refused);
        assert_eq!(ended.summary.counts.get("mappings_deleted"), 11);
        let error = ended.summary.error.unwrap();
        assert!(error.contains("takes away 11 of 11 rows"), "{error}");
        assert!(error.contains("--allow-changes 11"), "{error}");
        assert_eq!((world.dump("map_rap_user_role"), world.dump("recreate_response")), before);
        assert_eq!(world.one("SELECT status FROM recert_run"), "refused");
        assert_eq!(world.one("SELECT COUNT(*) FROM recert_change"), "0");
    }
}

#[test]
fn a_plan_at_the_floor_or_within_count_and_percent_goes_through() {
    for world in worlds() {
        let world = limited(world, 500, 10.0, 10);
        world.put(&due(10));
        ok(&world.run(REVOKE));
    }
    for world in worlds() {
        let world = limited(world, 11, 50.0, 0);
        world.put(&due(11));
        world.put(&(0..11).map(|i| format!("mapping USER=X{i}\n")).collect::<String>());
        ok(&world.run(REVOKE));
    }
}

#[test]
fn an_allowance_lifts_the_limit_for_one_run_up_to_its_number() {
    for world in worlds() {
        let world = limited(world, 500, 10.0, 10);
        world.put(&due(12));
        let few = world.run(&format!("{REVOKE} --allow-changes 11 --reason test"));
        assert_eq!(exit(&few), Exit::Refused);
        ok(&world.run(&format!("{REVOKE} --allow-changes 12 --reason \"change 4711\"")));
        assert_eq!(
            world.one("SELECT reason FROM recert_run WHERE status = 'applied'"),
            "change 4711"
        );
    }
}

#[test]
fn a_preview_shows_that_a_limit_would_refuse_and_does_not_fail_for_it() {
    for world in worlds() {
        let world = limited(world, 500, 10.0, 10);
        world.put(&due(11));
        let ended = world.preview(REVOKE);
        ok(&ended);
        assert_eq!(ended.summary.status, Status::Planned);
        let finding =
            ended.summary.findings.iter().find(|finding| finding.kind == "limit").unwrap();
        assert!(finding.message.contains("would be refused"), "{}", finding.message);
    }
}

#[test]
fn a_preview_writes_nothing_at_all() {
    for world in worlds() {
        world.put(&due(2));
        let tables = [
            "map_rap_user_role",
            "recreate_response",
            "recert_run",
            "recert_change",
            "recert_image",
            "recert_lock",
        ];
        let before = tables.map(|table| world.dump(table));
        let ended = world.preview(REVOKE);
        ok(&ended);
        assert_eq!(ended.summary.held_ms, None, "nothing is held for it");
        assert_eq!(tables.map(|table| world.dump(table)), before);
    }
}

#[test]
fn a_run_that_changes_rows_says_how_long_it_held_them() {
    for world in worlds() {
        world.put(&due(2));
        let summary = world.run(REVOKE).summary;
        assert!(summary.held_ms.is_some_and(|held| held <= summary.duration_ms));
    }
}

#[test]
fn a_run_that_finds_nothing_to_do_leaves_its_run_row_and_nothing_else() {
    for world in worlds() {
        let ended = world.run(REVOKE);
        ok(&ended);
        assert_eq!(ended.summary.status, Status::Unchanged);
        assert_eq!(world.one("SELECT status FROM recert_run"), "unchanged");
        assert_eq!(world.one("SELECT run_id FROM recert_run"), ended.summary.run_id);
    }
}

#[test]
fn a_day_after_today_is_refused_unless_somebody_says_why() {
    let world = World::sqlite();
    let refused = world.try_run("revoke --as-of 2030-06-16", false).err().unwrap();
    assert_eq!(Exit::of(&refused), Exit::Usage);
    ok(&world.run("revoke --as-of 2030-06-16 --reason \"replay of the drill\""));
    ok(&world.run("revoke --as-of 2030-06-15"));
    assert!(world.try_run("revoke --as-of 2030-06-16", true).is_ok(), "a preview may look ahead");
}

#[test]
fn the_configured_zone_decides_what_day_it_is() {
    let mut world = World::sqlite(); // It is noon of the 15th in UTC.
    world.config.time.zone = "Pacific/Kiritimati".to_owned(); // 14 hours ahead
    assert_eq!(world.run("revoke").summary.as_of.to_string(), "2030-06-16");
    world.config.time.zone = "Pacific/Pago_Pago".to_owned(); // 11 hours behind
    assert_eq!(world.run("revoke").summary.as_of.to_string(), "2030-06-15");
}

#[test]
fn a_saved_plan_is_applied_exactly() {
    for world in worlds() {
        world.put(&due(2));
        let file = save(&world);
        world.put("mapping USER=LATER\nresponse USER=LATER MGR=2026-11-30");
        let ended = world.run(&format!("revoke --plan {file}"));
        ok(&ended);
        assert_eq!(printed(&ended).len(), 4, "what came later is not in the saved plan");
        assert_eq!(ended.summary.counts.get("mappings_deleted"), 2);
        assert_eq!(ended.summary.as_of.to_string(), "2026-11-30");
        assert_eq!(world.dump("map_rap_user_role"), [r#"{"USER_ID":"LATER","RMM_ID":7}"#]);
    }
}

#[test]
fn a_saved_plan_is_stale_once_a_row_of_it_has_changed() {
    for change in [
        "DELETE FROM map_rap_user_role WHERE user_id = 'U001'",
        "UPDATE recreate_response SET is_active = 0 WHERE reportees_id = 'U001'",
        "UPDATE recreate_response SET access_level = 'EDITOR' WHERE reportees_id = 'U001'",
        "UPDATE map_rap_user_role SET rmm_id = 8 WHERE user_id = 'U001'",
    ] {
        for world in worlds() {
            world.put(&due(2));
            let file = save(&world);
            world.tamper(change);
            let before = (world.dump("map_rap_user_role"), world.dump("recreate_response"));
            let ended = world.run(&format!("revoke --plan {file}"));
            assert_eq!(exit(&ended), Exit::Drifted, "{change}");
            assert_eq!((world.dump("map_rap_user_role"), world.dump("recreate_response")), before);
            assert_eq!(world.one("SELECT status FROM recert_run"), "failed");
            assert!(world.one("SELECT reason FROM recert_run").contains("stale"));
        }
    }
}

#[test]
fn a_saved_plan_for_something_else_or_that_is_none_is_bad_input() {
    let world = World::sqlite();
    let file = save(&world);
    let text = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"job\":\"revoke\"", "\"job\":\"restore\""),
        ("sqlite:", "sqlite:other"),
        ("{", "{{"),
        ("\"recert_plan\":2", "\"recert_plan\":1"),
    ] {
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let error = world.try_run(&format!("revoke --plan {file}"), false).err().unwrap();
        assert_eq!(Exit::of(&error), Exit::BadInput, "{from} → {to}: {error:#}");
    }
    let error = world.try_run("revoke --plan nowhere.json", false).err().unwrap();
    assert_eq!(Exit::of(&error), Exit::BadInput);
}

fn save(world: &World) -> String {
    let ended = world.preview(REVOKE);
    let (job, _) = crate::harness::parse(REVOKE);
    let saved =
        ended.as_planned.saved(ended.plan.as_ref().unwrap(), &job, &world.config, "preview");
    let path = world.folder.path().join("plan.json");
    fs::write(&path, serde_json::to_string(&saved).unwrap()).unwrap();
    path.display().to_string()
}

#[test]
fn a_second_writer_ends_busy_and_leaves_no_row() {
    let world = World::sqlite();
    world.put(&due(1));
    let holder = world.open();
    let ended = world.run(REVOKE);
    assert_eq!(exit(&ended), Exit::Busy);
    drop(holder);
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run"), "0");
    ok(&world.run(REVOKE));
}

#[test]
fn ten_revokes_at_once_do_the_work_of_one() {
    for world in worlds() {
        world.put(&due(50));
        let codes: Vec<Exit> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..10).map(|_| scope.spawn(|| exit(&world.run(REVOKE)))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(
            codes.iter().all(|code| matches!(code, Exit::Done | Exit::Busy)),
            "{}: {codes:?}",
            world.name
        );
        assert_eq!(world.one("SELECT COUNT(*) FROM recert_run WHERE status = 'applied'"), "1");
        assert_eq!(world.one("SELECT COUNT(*) FROM recert_change"), "100");
    }
}

#[test]
fn runs_form_one_chain() {
    for world in worlds() {
        world.put(&due(1));
        for _ in 0..3 {
            ok(&world.run(REVOKE));
        }
        let query =
            "SELECT COUNT(*) FROM recert_run a JOIN recert_run b ON b.previous_sha256 = a.sha256";
        assert_eq!(world.one(query), "2");
        let head =
            "SELECT COUNT(*) FROM recert_lock l JOIN recert_run r ON r.sha256 = l.head_sha256";
        assert_eq!(world.one(head), "1");
    }
}

#[test]
fn a_database_that_was_never_migrated_is_a_matter_of_config() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.db");
    fs::write(&path, "").unwrap();
    let mut world = World::sqlite();
    world.config.database.url = format!("sqlite:{}", path.display());
    let ended = world.run("revoke");
    assert_eq!(exit(&ended), Exit::Config);
    assert!(ended.summary.error.unwrap().contains("recert migrate"));

    world.config.database.url = format!("sqlite:{}", folder.path().join("none.db").display());
    assert_eq!(exit(&world.run("revoke")), Exit::Config);
    assert!(!folder.path().join("none.db").exists(), "a run makes no database");

    fs::write(&path, "this is no database, it only looks like a file").unwrap();
    world.config.database.url = format!("sqlite:{}", path.display());
    assert_eq!(exit(&world.run("revoke")), Exit::Config);
}

#[test]
fn what_may_pass_is_tried_again_after_longer_and_longer_pauses_and_nothing_else_is() {
    let mut world = World::sqlite();
    world.put(&due(1));
    let took = |world: &World, number: Exit| {
        let began = Instant::now();
        assert_eq!(exit(&world.run(REVOKE)), number);
        began.elapsed()
    };
    let guard = |does: &str| {
        format!(
            "CREATE TRIGGER guard BEFORE DELETE ON map_rap_user_role BEGIN SELECT RAISE({does}); END"
        )
    };
    world.define(&guard("IGNORE"));
    world.config.database.retries = 2;
    world.config.database.retry_delay = Duration::from_millis(200);
    let drifted = took(&world, Exit::Drifted);
    assert!(drifted >= Duration::from_millis(200 + 400), "{drifted:?}");

    world.define("DROP TRIGGER guard");
    world.define(&guard("ABORT, 'not today'"));
    world.config.database.retry_delay = Duration::from_secs(60);
    let failed = took(&world, Exit::Failed);
    assert!(failed < Duration::from_secs(60), "{failed:?}");
}

#[test]
fn a_run_that_does_not_get_as_far_as_its_lock_leaves_no_row_and_one_that_fails_later_does() {
    let world = World::sqlite();
    world.put(&due(1));
    world.tamper("UPDATE recert_lock SET job = 'elsewhere' WHERE job = 'access'");
    assert_eq!(exit(&world.run(REVOKE)), Exit::Config);
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run"), "0");
    world.tamper("UPDATE recert_lock SET job = 'access' WHERE job = 'elsewhere'");
    world.tamper("UPDATE recreate_response SET recertification_due_date = 'someday'");
    assert_eq!(exit(&world.run(REVOKE)), Exit::Failed);
    assert_eq!(world.one("SELECT status FROM recert_run"), "failed");
}
