//! Section 4 of the spec: what a run took comes back, to the letter, and nothing else is touched.

mod columns;
mod cycles;
mod forged;
mod purged;
mod since;
mod twice;
mod values;

use recert::door::exit::Exit;
use recert::door::run::Ended;

use crate::harness::{World, exit, ok, printed, worlds};
use crate::verify::{holds, python_agrees};

/// The tables that jobs write to, row by row.
pub(crate) fn tables(world: &World) -> Vec<(String, Vec<String>)> {
    recert::door::schema::tables()
        .iter()
        .filter(|table| table.owner != recert::door::schema::Owner::Own)
        .map(|table| (table.name.to_owned(), world.dump(table.name)))
        .collect()
}

/// Rows of a test are few, so that restoring them is more than ten percent.
fn unlimited(mut world: World) -> World {
    world.config.limits.restore.floor = 1_000;
    world
}

/// The whole cycle of a job: run, verify, restore; then every table is as it was, byte for byte.
/// A second restore changes nothing, and a restore of the restore brings the run's result back.
pub(crate) fn cycle(world: World, rows: &str, command: &str) {
    let world = unlimited(world);
    let name = &world.name;
    world.put(rows);
    let before = tables(&world);
    let run = world.run(command);
    ok(&run);
    assert!(!printed(&run).is_empty(), "{name}: `{command}` changes nothing");
    let after = tables(&world);
    holds(&world);

    let restored = restore(&world, &run, "");
    assert_eq!(tables(&world), before, "{name}: after the restore");
    let again = restore(&world, &run, "");
    assert_eq!(printed(&again), Vec::<String>::new(), "{name}: restored twice");
    let undone = restore(&world, &restored, "");
    assert_eq!(printed(&undone).len(), printed(&restored).len());
    assert_eq!(tables(&world), after, "{name}: after the restore of the restore");
    restore(&world, &undone, "");
    assert_eq!(tables(&world), before, "{name}: and once more");
    holds(&world);
    python_agrees(&world, true);
}

fn command(run: &Ended, options: &str) -> String {
    format!("restore {} {options}", run.summary.run_id)
}

fn restore(world: &World, run: &Ended, options: &str) -> Ended {
    let command = command(run, options);
    let preview = world.preview(&command);
    let ended = world.run(&command);
    ok(&ended);
    assert_eq!(printed(&preview), printed(&ended), "{}: preview and run", world.name);
    ended
}

const TWO: &str = "mapping\nmapping\nmapping AT=8\nmapping USER=E2
    response MGR=2026-11-30\nresponse USER=E2 \"DUE=2026-11-29 13:14:15\" STATUS=revoked
    response USER=E3 DUE=2026-11-30\nresponse USER=E4 STATUS=APPROVED";
const REVOKE: &str = "revoke --as-of 2026-11-30";

#[test]
fn restore_of_a_revoke_brings_every_table_back_to_the_letter() {
    for world in worlds() {
        cycle(world, TWO, REVOKE);
    }
}

#[test]
fn restore_counts_and_says_what_the_next_run_will_do() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "");
        let counts: Vec<_> = ended.summary.counts.iter().collect();
        let expected = [
            ("changes", 6),
            ("rows_inserted", 3),
            ("rows_updated", 3),
            ("rows_deleted", 0),
            ("already_restored", 0),
            ("changed_since", 0),
            ("erased", 0),
        ];
        assert_eq!(counts, expected);
        let finding = &ended.summary.findings[0];
        assert_eq!(finding.kind, "due_again");
        assert!(finding.message.starts_with("3 responses"), "{}", finding.message);
        assert!(finding.message.contains("--only MAP_RAP_USER_ROLE"));
        let again = world.run(REVOKE);
        assert_eq!(printed(&again).len(), 6, "the next run takes it again, as the finding says");
    }
}

#[test]
fn restore_of_one_table_brings_the_access_back_for_good() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "--only map_rap_user_role");
        assert_eq!(ended.summary.counts.get("rows_inserted"), 3);
        assert!(ended.summary.findings.is_empty());
        assert_eq!(world.dump("map_rap_user_role").len(), 4);
        assert_eq!(printed(&world.run(REVOKE)), Vec::<String>::new());
        let rest = restore(&world, &run, "");
        assert_eq!(rest.summary.counts.get("already_restored"), 3);
        assert_eq!(rest.summary.counts.get("rows_updated"), 3);
    }
}

#[test]
fn restore_of_one_key_takes_the_key_or_its_first_part() {
    for world in worlds() {
        world.put("mapping\nmapping AT=8\nmapping USER=E11\nresponse MGR=2026-11-30\nresponse AT=8 MGR=2026-11-30\nresponse USER=E11 MGR=2026-11-30");
        let run = world.run(REVOKE);
        let plan = |only: &str| printed(&world.preview(&command(&run, only)));
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1/8").len(), 1);
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1").len(), 2);
        assert_eq!(plan("--only MAP_RAP_USER_ROLE:E1 --only RECREATE_RESPONSE:E11/7").len(), 3);
        let ended = world.run(&command(&run, "--only MAP_RAP_USER_ROLE:E2"));
        assert_eq!(exit(&ended), Exit::Usage);
        assert!(ended.summary.error.unwrap().contains("`--only` names none"));
    }
}

#[test]
fn restore_that_takes_much_away_is_refused() {
    for mut world in worlds() {
        world.config.limits.restore.floor = 1;
        world.put(TWO);
        let run = world.run(REVOKE);
        let restored = restore(&world, &run, "");
        let refused = world.run(&command(&restored, ""));
        assert_eq!(exit(&refused), Exit::Refused);
        ok(&world.run(&command(&restored, "--allow-changes 3 --reason mistake")));
        holds(&world);
    }
}

#[test]
fn restore_applies_exactly_a_saved_plan() {
    let world = World::sqlite();
    world.put(TWO.replace("2026", "2020").as_str());
    let run = world.recert_ok("revoke --as-of 2020-11-30");
    let command = format!("restore {}", run["run_id"].as_str().unwrap());
    let saved = world.recert(&format!("preview {command} --save plan.json")).output().unwrap();
    assert_eq!(saved.status.code(), Some(0), "{}", String::from_utf8_lossy(&saved.stderr));
    let applied =
        world.recert(&format!("{command} --plan plan.json --output json")).output().unwrap();
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&applied.stdout).unwrap();
    assert_eq!(summary["counts"]["rows_inserted"], 3);
}

#[test]
fn restore_knows_a_run_by_the_beginning_of_its_id_and_refuses_what_it_does_not_know() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let id = &run.summary.run_id;
        let short = world.preview(&format!("restore {}", &id[..20].to_uppercase()));
        assert_eq!(printed(&short).len(), 6);
        for (id, said) in [("00000000-0000", "no run `00000000-0000`"), (&id[..5], "too short")] {
            let ended = world.run(&format!("restore {id}"));
            assert_eq!(exit(&ended), Exit::Usage);
            assert!(
                ended.summary.error.as_ref().unwrap().contains(said),
                "{:?}",
                ended.summary.error
            );
        }
        let ended = world.run(&format!("restore {id} --database elsewhere"));
        assert_eq!(exit(&ended), Exit::Usage);
    }
}

#[test]
fn restore_of_a_run_without_changes_changes_nothing() {
    for world in worlds() {
        let run = world.run(REVOKE);
        let ended = restore(&world, &run, "");
        assert_eq!(ended.summary.status.word(), "unchanged");
    }
}

#[test]
fn restore_takes_as_many_statements_as_there_are_kinds_of_change_not_rows() {
    let world = unlimited(World::sqlite());
    world.put(&"mapping\nresponse MGR=2026-11-30\n".repeat(300));
    let run = world.run(REVOKE);
    let ended = restore(&world, &run, "");
    assert_eq!(ended.plan.unwrap().steps.len(), 2);
    assert_eq!(ended.summary.counts.get("rows_inserted"), 300);
}

#[test]
fn restore_names_changes_whose_images_were_erased_and_puts_back_the_others() {
    for world in worlds() {
        world.put(TWO);
        let run = world.run(REVOKE);
        let erase = "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL";
        world.tamper(&format!("{erase} WHERE seq = 1"));
        let ended = restore(&world, &run, "");
        assert_eq!(ended.summary.counts.get("erased"), 1);
        assert_eq!(ended.summary.counts.get("rows_inserted"), 2);
        assert_eq!(ended.summary.findings[0].kind, "erased");
        world.tamper(&format!("{erase} WHERE run_id = '{}'", run.summary.run_id));
        let refused = world.run(&command(&run, ""));
        assert_eq!(exit(&refused), Exit::Refused);
        assert!(refused.summary.error.unwrap().contains("nothing of it can be restored"));
    }
}

#[test]
fn restore_of_one_person_is_of_nobody_whose_id_begins_alike() {
    for world in worlds() {
        world.put("org");
        let rows = ["", "id=U1/B|email=b@x", "id=U12|email=c@x"];
        let run = world.run(&crate::import_users::import_of(&world, &rows));
        let plan = |only: &str| printed(&world.preview(&command(&run, only)));
        assert_eq!(plan("--only PM_USER:U1").len(), 1);
        assert_eq!(plan("--only PM_USER:U1/B").len(), 1);
        assert_eq!(plan("--only PM_USER").len(), 3);
    }
}
