//! Purged people: nothing of them is left to read or to restore, and the ledger still holds.

use recert::door::commands::verify::Args;
use recert::door::exit::Exit;
use recert::door::run::Ended;
use serde_json::Value as Json;

use super::{command, restore, tables, unlimited};
use crate::harness::{World, exit, ok, printed, worlds};
use crate::import_users::{file, import_of};
use crate::verify::{holds, python_agrees, verify};

/// What is told of the person who goes, and of nobody else.
const UNMISTAKABLE: [&str; 5] = ["Anna-Lena", "O'Brien-Ng", "anna@gone.example", "Ulm", "Köln"];
const GOING: &str = "firstName=Anna-Lena|lastName=O'Brien-Ng|email=anna@gone.example";

/// The runs before the purge: people created; one moved; months; one marked; a restore of the last one and that undone.
struct Past {
    created: Ended,
    moved: Ended,
    months: Ended,
    marked: Ended,
}

/// Runs the import of these rows on this day.
fn import(world: &World, rows: &[&str], day: &str) -> Ended {
    let command = import_of(world, rows);
    let (command, _) = command.split_once(" --as-of").unwrap();
    let ended = world.run(&format!("{command} --as-of {day}"));
    ok(&ended);
    ended
}

fn past(world: &World) -> Past {
    world.put("org");
    let rows = |row: &str| {
        [
            row.to_owned(),
            "id=U2|email=b@x".to_owned(),
            "id=U1/B|email=c@x".to_owned(),
            "id=U1x|email=d@x".to_owned(),
        ]
    };
    let of = |rows: &[String], day: &str| {
        import(world, &rows.iter().map(String::as_str).collect::<Vec<_>>(), day)
    };
    let created = of(&rows(&format!("{GOING}|city=Ulm")), "2026-01-10");
    world.put("role\nrole NAME=B/R1\nrole USER=U1/B\nrole USER=U1x\nrole NAME=KEPT MANAGEMENT=0");
    let mut there = rows(&format!("{GOING}|city=Köln|costCenter=12340000"));
    there[2] += "|costCenter=12340000";
    let moved = of(&there, "2026-01-11");
    let path = file(world, "free.csv", "email;2026-01\nanna@gone.example;0.5\nc@x;1\n");
    let months = world.run(&format!("import-availability {} --as-of 2026-01-12", path.display()));
    ok(&months);
    let marked = of(&there[1..], "2026-01-13");
    let undone = restore(world, &marked, "");
    restore(world, &undone, "");
    Past { created, moved, months, marked }
}

/// The purge, with somebody else's change in the same run.
fn purge(world: &World) -> Ended {
    let rows =
        ["id=U2|email=b@x|city=Basel", "id=U1/B|email=c@x|costCenter=12340000", "id=U1x|email=d@x"];
    let ended = import(world, &rows, "2026-03-01");
    assert_eq!(ended.summary.counts.get("purged"), 1);
    ended
}

fn purged_worlds() -> Vec<(World, Past, Ended)> {
    worlds()
        .into_iter()
        .map(|world| {
            let world = unlimited(world);
            let past = past(&world);
            let ended = purge(&world);
            (world, past, ended)
        })
        .collect()
}

/// All that the tables hold, column by column.
fn all_text(world: &World, is_wanted: impl Fn(&str) -> bool) -> String {
    let tables = recert::door::schema::tables();
    let names = tables.iter().map(|table| table.name).filter(|name| is_wanted(name));
    names.flat_map(|name| world.dump(name)).collect()
}

#[test]
fn a_purge_leaves_nothing_of_the_person_to_read_in_any_table() {
    for world in worlds() {
        let world = unlimited(world);
        past(&world);
        let told = all_text(&world, |name| name == "RECERT_IMAGE");
        for word in UNMISTAKABLE {
            assert!(told.contains(word), "{}: {word} was never there", world.name);
        }
        purge(&world);
        let told = all_text(&world, |_| true);
        for word in UNMISTAKABLE {
            assert!(!told.contains(word), "{}: {word} is still there", world.name);
        }
        assert!(told.contains("b@x") && told.contains("d@x"));
    }
}

#[test]
fn a_purge_erases_nothing_of_somebody_whose_id_begins_alike() {
    for (world, past, _) in purged_worlds() {
        let kept = "SELECT c.row_key FROM recert_change c JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq
                     WHERE i.salt IS NOT NULL AND c.table_name IN ('PM_USER_ROLE', 'PM_AVAILABILITY') AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
                     ORDER BY c.row_key";
        let keys: Vec<String> =
            world.query(kept).iter().map(|row| row.values[0].display()).collect();
        assert_eq!(keys, ["U1/B/2026-01", "U1/B/R1"], "{}", world.name);
        // The role of `U1/B` comes back; the role `B/R1` of `U1`, with the same key, does not.
        let ended = restore(&world, &past.moved, "--only PM_USER_ROLE");
        assert_eq!(
            (ended.summary.counts.get("rows_inserted"), ended.summary.counts.get("erased")),
            (1, 2)
        );
        let roles = world.query("SELECT user_id FROM pm_user_role ORDER BY user_id");
        let roles: Vec<String> = roles.iter().map(|row| row.values[0].display()).collect();
        assert_eq!(roles, ["U1/B", "U1x"]);
        holds(&world);
    }
}

#[test]
fn verify_holds_after_a_purge_and_counts_what_it_erased() {
    for (world, _, _) in purged_worlds() {
        let n = world.one(
            "SELECT COUNT(*) FROM recert_image WHERE salt IS NULL AND before_image IS NULL AND after_image IS NULL",
        );
        // Created, moved, two roles, a month, marked; the mark restored and that undone.
        assert_eq!(n, "8");
        assert_eq!(holds(&world).counts.get("erased"), 8);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_names_an_image_of_a_purged_person_or_another_that_was_erased_by_hand() {
    for (world, past, ended) in purged_worlds() {
        for (run, key) in [(&past.moved, "U1/B"), (&ended, "U2"), (&ended, "U1")] {
            let id = &run.summary.run_id;
            let seq = world.one(&format!(
                "SELECT c.seq FROM recert_change c JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq
                  WHERE c.run_id = '{id}' AND c.row_key = '{key}' AND i.salt IS NOT NULL"
            ));
            let salt = world.one(&format!(
                "SELECT salt FROM recert_image WHERE run_id = '{id}' AND seq = {seq}"
            ));
            let row = world.query(&format!(
                "SELECT before_image, after_image FROM recert_image WHERE run_id = '{id}' AND seq = {seq}"
            ));
            world.tamper(&format!("UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE run_id = '{id}' AND seq = {seq}"));
            let (_, exit, said) = verify(&world, &Args::default());
            assert_eq!(exit, Exit::Evidence, "{}: {key}", world.name);
            let named = format!(
                "the image of change {seq} of run {id} was erased, and no run recorded that"
            );
            assert!(said.contains(&named), "{}: {key}: {said}", world.name);
            python_agrees(&world, false);
            let text = |column: &str| match row[0].text_opt(column).unwrap() {
                Some(text) => format!("'{}'", text.replace('\'', "''")),
                None => "NULL".to_owned(),
            };
            world.tamper(&format!(
                "UPDATE recert_image SET salt = '{salt}', before_image = {}, after_image = {} WHERE run_id = '{id}' AND seq = {seq}",
                text("BEFORE_IMAGE"),
                text("AFTER_IMAGE")
            ));
            holds(&world);
        }
    }
}

#[test]
fn restore_of_runs_before_a_purge_puts_back_the_others_and_says_what_was_erased() {
    for (world, past, _) in purged_worlds() {
        let ended = restore(&world, &past.months, "");
        let erased: Vec<_> =
            ended.summary.findings.iter().filter(|finding| finding.kind == "erased").collect();
        assert_eq!((erased.len(), erased[0].key.as_str()), (1, "PM_AVAILABILITY"));
        assert!(erased[0].message.contains("1 changes can't be restored"), "{}", erased[0].message);
        assert_eq!(ended.summary.counts.get("rows_deleted"), 1);

        let refused = world.run(&command(&past.marked, ""));
        assert_eq!(exit(&refused), Exit::Refused, "{}", world.name);
        assert!(refused.summary.error.unwrap().contains("nothing of it can be restored"));
        assert!(!all_text(&world, |_| true).contains(UNMISTAKABLE[0]));

        let ended = world.run(&command(&past.created, "--skip-changed"));
        ok(&ended);
        assert_eq!(ended.summary.counts.get("erased"), 1);
        holds(&world);
    }
}

#[test]
fn restore_of_a_purging_run_puts_back_the_others_and_says_that_people_are_gone_for_good() {
    for (world, _, purging) in purged_worlds() {
        let after = tables(&world);
        let restored = restore(&world, &purging, "");
        let mut told: Vec<String> = printed(&restored);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told.remove(0).starts_with("update PM_USER U2 {\"CITY\":"));
        let findings = &restored.summary.findings;
        let named: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.message.contains("a purge keeps nothing of them"))
            .map(|finding| finding.key.as_str())
            .collect();
        assert_eq!(named, ["PM_AVAILABILITY", "PM_USER", "PM_USER_ROLE"]);
        assert_eq!(restored.summary.counts.get("erased"), 3);
        restore(&world, &restored, "");
        assert_eq!(tables(&world), after);

        let refused = world.run(&command(&purging, "--only PM_USER:U1"));
        assert_eq!(exit(&refused), Exit::Refused);
        assert!(refused.summary.error.unwrap().contains("purged people"));
        holds(&world);
        python_agrees(&world, true);
    }
}

#[test]
fn history_and_show_tell_what_became_of_a_purged_person_without_values() {
    let world = unlimited(World::sqlite());
    let past = past(&world);
    let purging = purge(&world);
    let said = |command: &str| {
        let output = world.recert(command).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let history: Json = serde_json::from_str(&said("history --person U1 --output json")).unwrap();
    let runs: Vec<&str> = history["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["run_id"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 7);
    assert_eq!(runs[0], purging.summary.run_id);
    // `U1/B` is somebody else, created and moved and changed by no later run.
    let history: Json = serde_json::from_str(&said("history --person U1/B --output json")).unwrap();
    assert_eq!(history["runs"].as_array().unwrap().len(), 3);
    let text = said(&format!("show {}", past.created.summary.run_id));
    assert_eq!(text.matches("(the values were erased)").count(), 1, "{text}");
    assert!(!text.contains("gone.example") && text.contains("b@x"), "{text}");
    let text = said(&format!("show {}", purging.summary.run_id));
    assert!(text.contains(&format!("{}/", past.created.summary.run_id)), "{text}");
    // Eight images erased; a month, a role and the person.
    assert_eq!(text.matches("(no values were kept)").count(), 11, "{text}");
    let show: Json =
        serde_json::from_str(&said(&format!("show {} --output json", purging.summary.run_id)))
            .unwrap();
    let kept = |image: &str| {
        let changes = show["changes"].as_array().unwrap();
        changes.iter().filter(|change| change["images"] == image).count()
    };
    assert_eq!((kept("none"), kept("kept"), kept("erased")), (11, 1, 0));
}
