//! Section 4 of the spec: the ledger as evidence. Each kind of tampering, done by hand, is found by name.

use std::path::PathBuf;
use std::process::{Command as Process, Stdio};

use recert::commands::verify::{Args, run};
use recert::exit::Exit;
use recert::summary::Summary;

use crate::harness::{World, exit, ok, skipped, worlds};

/// Runs 1 to 4: four changes, none, two, one; and their ids.
pub(crate) fn with_runs(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for rows in [
        "mapping\nmapping USER=E2\nresponse MGR=2026-11-30\nresponse USER=E2 MGR=2026-11-30",
        "",
        "mapping USER=E3\nresponse USER=E3 DUE=2026-11-30",
        "response USER=E4 DUE=2026-11-30",
    ] {
        world.put(rows);
        let ended = world.run("revoke --as-of 2026-11-30");
        ok(&ended);
        ids.push(ended.summary.run_id);
    }
    ids
}

/// What verify says: its summary, and the error's number and words.
pub(crate) fn verify(world: &World, args: &Args) -> (Summary, Exit, String) {
    let (summary, error) = run(args, &world.context()).unwrap();
    let said = error.as_ref().map(Exit::tell).unwrap_or_default();
    (summary, error.as_ref().map_or(Exit::Done, Exit::of), said)
}

pub(crate) fn holds(world: &World) -> Summary {
    let (summary, exit, said) = verify(world, &Args::default());
    assert_eq!(exit, Exit::Done, "{}: {said}", world.name);
    summary
}

/// Tampers with a fresh ledger of four runs, and expects to hear this; `{1}` is the first run's id.
fn tampered(statements: &[&str], expected: &str) {
    for world in worlds() {
        let ids = with_runs(&world);
        holds(&world);
        let named = |text: &str| {
            ids.iter().enumerate().fold(text.to_owned(), |text, (at, id)| {
                text.replace(&format!("{{{}}}", at + 1), id)
            })
        };
        for statement in statements {
            assert!(world.tamper(&named(statement)) > 0, "touches nothing: {statement}");
        }
        let (summary, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence, "{}: {statements:?}", world.name);
        assert_eq!(summary.status.word(), "failed");
        assert!(
            said.contains(&named(expected)),
            "{}: {statements:?}\n{said}\nwants {}",
            world.name,
            named(expected)
        );
        python_agrees(&world, false);
    }
}

#[test]
fn verify_walks_the_whole_chain_and_counts() {
    for world in worlds() {
        with_runs(&world);
        let counts: Vec<_> = holds(&world).counts.iter().collect();
        assert_eq!(counts, [("runs", 4), ("changes", 7), ("images", 7), ("erased", 0)]);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_holds_for_a_ledger_without_runs() {
    for world in worlds() {
        assert_eq!(holds(&world).counts.get("runs"), 0);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_holds_after_failed_and_refused_runs_too() {
    for mut world in worlds() {
        world.config.limits.revoke.floor = 0;
        world.config.limits.revoke.count = 0;
        world.put("mapping\nresponse MGR=2026-11-30");
        assert_eq!(exit(&world.run("revoke --as-of 2026-11-30")), Exit::Refused);
        ok(&world
            .run("revoke --as-of 2026-11-30 --allow-changes 5 --reason \"Žofie's 'big' day;\""));
        let runs = world.query("SELECT status FROM recert_run");
        assert_eq!(runs.len(), 2);
        holds(&world);
        python_agrees(&world, true);
    }
}

#[test]
fn verify_names_a_run_whose_columns_were_edited() {
    for edit in [
        "job = 'restore'",
        "as_of = as_of + 1",
        "status = 'unchanged'",
        "os_user = 'nobody'",
        "host = 'elsewhere'",
        "version = '9.9.9'",
        "config_sha256 = 'f00d'",
        "parameters = '{}x'",
        "counts = '{}'",
        "reason = 'because'",
        "sha256 = 'f00d'",
        "previous_sha256 = 'f00d'",
    ] {
        let edit = edit.replace("as_of + 1", "(SELECT DATE '2026-01-01' FROM dual)");
        for world in worlds() {
            let ids = with_runs(&world);
            let edit = match world.name.as_str() {
                "sqlite" => edit.replace("(SELECT DATE '2026-01-01' FROM dual)", "'2026-01-01'"),
                _ => edit.clone(),
            };
            world.tamper(&format!("UPDATE recert_run SET {edit} WHERE run_id = '{}'", ids[2]));
            let (_, exit, said) = verify(&world, &Args::default());
            assert_eq!(exit, Exit::Evidence, "{edit}");
            assert!(said.contains(&format!("run {} was edited", ids[2])), "{edit}: {said}");
        }
    }
}

#[test]
fn verify_sees_a_moment_or_a_day_edited_however_little() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    for edit in [
        "started_at = '2030-06-15 12:00:00.000001'",
        "started_at = '2030-06-15 12:00:00.000000001'",
        "finished_at = '2030-06-15 11:59:59'",
        "as_of = '2026-11-30 00:00:01'",
    ] {
        let (column, _) = edit.split_once(' ').unwrap();
        let old =
            world.one(&format!("SELECT {column} FROM recert_run WHERE run_id = '{}'", ids[0]));
        let old = old.replace('T', " ");
        world.tamper(&format!("UPDATE recert_run SET {edit} WHERE run_id = '{}'", ids[0]));
        let (_, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence, "{edit}");
        assert!(said.contains(&format!("run {} was edited", ids[0])), "{edit}: {said}");
        world.tamper(&format!(
            "UPDATE recert_run SET {column} = '{old}' WHERE run_id = '{}'",
            ids[0]
        ));
        holds(&world);
    }
}

#[test]
fn verify_names_a_change_whose_columns_were_edited() {
    for edit in [
        "table_name = 'OPS_USER'",
        "row_key = 'E9/7'",
        "row_key = NULL",
        "action = 'update'",
        "why = 'revoked; due 2026-11-29 by the line manager''s date'",
        "result = 'already_absent'",
        "image_sha256 = 'f00d'",
        "sha256 = 'f00d'",
    ] {
        tampered(
            &[&format!("UPDATE recert_change SET {edit} WHERE run_id = '{{1}}' AND seq = 2")],
            "change 2 of run {1} was edited",
        );
    }
}

#[test]
fn verify_names_a_change_that_was_removed() {
    let change = "DELETE FROM recert_change WHERE run_id = '{1}' AND seq = 2";
    let image = "DELETE FROM recert_image WHERE run_id = '{1}' AND seq = 2";
    tampered(&[change], "change 2 of run {1} was removed");
    tampered(&[change, image], "change 2 of run {1} was removed");
    let change = "DELETE FROM recert_change WHERE run_id = '{1}' AND seq = 4";
    let image = "DELETE FROM recert_image WHERE run_id = '{1}' AND seq = 4";
    tampered(&[change], "change 4 of run {1} was removed");
    tampered(&[change, image], "changes of it were edited or removed");
    tampered(
        &[
            "DELETE FROM recert_change WHERE run_id = '{3}'",
            "DELETE FROM recert_image WHERE run_id = '{3}'",
        ],
        "run {3} was edited, or changes of it were",
    );
}

#[test]
fn verify_names_a_change_that_was_inserted() {
    let insert = "INSERT INTO recert_change (run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256)
                  SELECT run_id, 5, table_name, row_key, action, why, result, image_sha256, sha256
                    FROM recert_change WHERE run_id = '{1}' AND seq = 4";
    tampered(&[insert], "change 5 of run {1} was reordered: it was change 4");
    let into_an_empty_run = insert.replace("SELECT run_id, 5", "SELECT '{2}', 1");
    tampered(&[&into_an_empty_run], "change 1 of run {2} was moved there from run {1}");
    let into_no_run = insert.replace("SELECT run_id, 5", "SELECT 'nowhere', 1");
    tampered(&[&into_no_run], "change 1 of run nowhere stands without its run");
    let before_the_first = insert.replace("SELECT run_id, 5", "SELECT run_id, 0");
    let far_behind = insert.replace("SELECT run_id, 5", "SELECT run_id, 900000000000000000");
    tampered(&[&far_behind], "of run {1} was reordered: it was change 4");
    tampered(&[&before_the_first], "change 0 of run {1} was reordered: it was change 4");
}

#[test]
fn verify_names_an_inserted_change_even_when_it_is_hashed_as_it_should_be() {
    for world in worlds() {
        let ids = with_runs(&world);
        let (image, salt) = (image_sha256("00", None, Some("{}")), "00");
        let fields = recert::ledger::canonical::ChangeFields {
            run_id: &ids[2],
            seq: 3,
            table: "MAP_RAP_USER_ROLE",
            key: Some("E5/7"),
            action: "insert",
            why: Some("made up"),
            result: "applied",
            image_sha256: &image,
        };
        world.tamper(&format!(
            "INSERT INTO recert_change (run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256)
             VALUES ('{}', 3, 'MAP_RAP_USER_ROLE', 'E5/7', 'insert', 'made up', 'applied', '{image}', '{}')",
            ids[2],
            hex(&fields.sha256())
        ));
        world.tamper(&format!(
            "INSERT INTO recert_image (run_id, seq, salt, after_image) VALUES ('{}', 3, '{salt}', '{{}}')",
            ids[2]
        ));
        let (_, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence);
        assert!(said.contains(&format!("change 3 of run {} was inserted", ids[2])), "{said}");
    }
}

pub(crate) fn image_sha256(salt: &str, before: Option<&str>, after: Option<&str>) -> String {
    hex(&recert::ledger::canonical::image_sha256(salt, before, after))
}

fn hex(digits: &[u8]) -> String {
    String::from_utf8(digits.to_vec()).unwrap()
}

#[test]
fn verify_names_an_edited_change_whose_own_hash_was_made_to_fit() {
    for world in worlds() {
        let ids = with_runs(&world);
        let row = &world.query(&format!(
            "SELECT table_name, row_key, action, result, image_sha256 FROM recert_change WHERE run_id = '{}' AND seq = 1",
            ids[2]
        ))[0];
        let (table, key) = (row.text("TABLE_NAME").unwrap(), row.text("ROW_KEY").unwrap());
        let image = row.text("IMAGE_SHA256").unwrap();
        let fields = recert::ledger::canonical::ChangeFields {
            run_id: &ids[2],
            seq: 1,
            table: &table,
            key: Some(&key),
            action: &row.text("ACTION").unwrap(),
            why: Some("another story"),
            result: &row.text("RESULT").unwrap(),
            image_sha256: &image,
        };
        world.tamper(&format!(
            "UPDATE recert_change SET why = 'another story', sha256 = '{}' WHERE run_id = '{}' AND seq = 1",
            hex(&fields.sha256()),
            ids[2]
        ));
        let (_, exit, said) = verify(&world, &Args::default());
        assert_eq!(exit, Exit::Evidence);
        assert!(said.contains(&format!("run {} was edited, or changes of it", ids[2])), "{said}");
    }
}

#[test]
fn verify_names_changes_that_were_swapped_or_moved() {
    tampered(
        &[
            "UPDATE recert_change SET seq = 99 WHERE run_id = '{1}' AND seq = 1",
            "UPDATE recert_change SET seq = 1 WHERE run_id = '{1}' AND seq = 2",
            "UPDATE recert_change SET seq = 2 WHERE run_id = '{1}' AND seq = 99",
        ],
        "change 1 of run {1} was reordered: it was change 2",
    );
    tampered(
        &[
            "UPDATE recert_change SET run_id = '{2}', seq = 1 WHERE run_id = '{1}' AND seq = 4",
            "UPDATE recert_image SET run_id = '{2}', seq = 1 WHERE run_id = '{1}' AND seq = 4",
        ],
        "was edited, or changes of it were",
    );
    tampered(
        &["UPDATE recert_change SET run_id = '{2}' WHERE run_id = '{3}' AND seq = 1"],
        "change 1 of run {2} was moved there from run {3}",
    );
}

#[test]
fn verify_names_a_run_that_was_removed_from_the_middle() {
    let run = "DELETE FROM recert_run WHERE run_id = '{2}'";
    tampered(&[run], "run {3} a run was removed");
    let run = "DELETE FROM recert_run WHERE run_id = '{1}'";
    tampered(&[run], "between its beginning and run {2} a run was removed");
    tampered(
        &[
            "DELETE FROM recert_run WHERE run_id = '{3}'",
            "DELETE FROM recert_change WHERE run_id = '{3}'",
            "DELETE FROM recert_image WHERE run_id = '{3}'",
        ],
        "between run {2} and run {4} a run was removed",
    );
}

#[test]
fn verify_names_a_chain_that_was_cut_at_its_end() {
    let cut = [
        "DELETE FROM recert_run WHERE run_id = '{4}'",
        "DELETE FROM recert_change WHERE run_id = '{4}'",
        "DELETE FROM recert_image WHERE run_id = '{4}'",
    ];
    tampered(
        &cut,
        "the chain was cut at its end, or its last run was edited and hashed anew: it ends with run {3}",
    );
}

#[test]
fn verify_names_a_run_that_was_inserted() {
    let insert = "INSERT INTO recert_run (run_id, job, as_of, status, started_at, finished_at, os_user, host, version,
                         config_sha256, parameters, counts, reason, previous_sha256, sha256)
                  SELECT 'ffffffff', job, as_of, status, started_at, finished_at, os_user, host, version,
                         config_sha256, parameters, counts, reason, sha256, 'f00d'
                    FROM recert_run WHERE run_id = '{4}'";
    tampered(&[insert], "run ffffffff was edited"); // Behind the head, with a hash that fits nothing.
    tampered(
        &[&insert.replace("reason, sha256, 'f00d'", "reason, 'cafe', 'f00d'")],
        "run ffffffff was edited",
    );
}

#[test]
fn verify_names_the_second_of_two_runs_that_follow_the_same_one() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    // The table itself forbids it; somebody who can edit it can do without.
    unconstrained(&world);
    world.tamper(&format!(
        "INSERT INTO recert_run SELECT 'ffffffff', job, as_of, status, started_at, finished_at, os_user, host, version,
                config_sha256, parameters, counts, reason, previous_sha256, 'f00d' FROM recert_run WHERE run_id = '{}'",
        ids[2]
    ));
    let (_, exit, said) = verify(&world, &Args::default());
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains("run ffffffff was"), "{said}");

    let world = World::sqlite();
    let ids = with_runs(&world);
    unconstrained(&world);
    world.tamper(&format!(
        "INSERT INTO recert_run SELECT * FROM recert_run WHERE run_id = '{}'",
        ids[1]
    ));
    let (_, exit, said) = verify(&world, &Args::default());
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains("was inserted: it and run"), "{said}");
}

/// RECERT_RUN without its keys.
fn unconstrained(world: &World) {
    world.define("ALTER TABLE recert_run RENAME TO honest_run");
    world.define("CREATE TABLE recert_run AS SELECT * FROM honest_run");
}

#[test]
fn verify_names_an_edited_or_missing_head() {
    tampered(
        &[
            "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{2}') WHERE job = 'ledger'",
        ],
        "the chain goes on behind its head",
    );
    tampered(
        &["UPDATE recert_lock SET head_sha256 = 'f00d' WHERE job = 'ledger'"],
        "the chain was cut at its end",
    );
    tampered(&["DELETE FROM recert_lock WHERE job = 'ledger'"], "RECERT_LOCK has no row `ledger`");
}

#[test]
fn verify_names_an_image_that_was_edited_swapped_or_removed() {
    let edited = "the image of change 2 of run {1} was edited";
    tampered(
        &["UPDATE recert_image SET before_image = '{}' WHERE run_id = '{1}' AND seq = 2"],
        edited,
    );
    tampered(
        &["UPDATE recert_image SET after_image = '{}' WHERE run_id = '{1}' AND seq = 2"],
        edited,
    );
    tampered(&["UPDATE recert_image SET salt = '00' WHERE run_id = '{1}' AND seq = 2"], edited);
    tampered(&["UPDATE recert_image SET salt = NULL WHERE run_id = '{1}' AND seq = 2"], edited);
    tampered(
        &[
            "UPDATE recert_image SET seq = 99 WHERE run_id = '{1}' AND seq = 1",
            "UPDATE recert_image SET seq = 1 WHERE run_id = '{1}' AND seq = 2",
            "UPDATE recert_image SET seq = 2 WHERE run_id = '{1}' AND seq = 99",
        ],
        "the image of change 1 of run {1} was edited",
    );
    tampered(
        &["DELETE FROM recert_image WHERE run_id = '{1}' AND seq = 2"],
        "the image of change 2 of run {1} was removed with its row",
    );
    tampered(
        &["INSERT INTO recert_image (run_id, seq, salt) VALUES ('nowhere', 1, '00')"],
        "change 1 of run nowhere was removed and its image left behind",
    );
}

#[test]
fn verify_accepts_erased_images_only_where_a_run_recorded_that() {
    tampered(
        &[
            "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE run_id = '{1}' AND seq = 2",
        ],
        "the image of change 2 of run {1} was erased, and no run recorded that",
    );
}

#[test]
fn verify_accepts_the_erased_images_of_a_person_who_was_purged_later_and_of_no_other() {
    let world = World::sqlite();
    let erase = "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL";
    write_run(
        &world,
        &[
            ("PM_USER", "P1", "update", "email changed"),
            ("PM_USER_ROLE", "P1/ADMIN", "delete", "cost centre changed"),
            ("PM_USER", "P12", "update", "x"),
        ],
    );
    write_run(&world, &[("PM_USER", "P1", "delete", "purged; to delete since 2026-01-01")]);
    let later = write_run(&world, &[("PM_USER", "P1", "insert", "new in the file")]);
    holds(&world);
    world.tamper(&format!("{erase} WHERE run_id <> '{later}' AND EXISTS (SELECT 1 FROM recert_change c WHERE c.run_id = recert_image.run_id AND c.seq = recert_image.seq AND c.row_key <> 'P12')"));
    let summary = holds(&world);
    assert_eq!((summary.counts.get("erased"), summary.counts.get("images")), (3, 2));
    python_agrees(&world, true);

    // A person who came back after the purge has not been purged again.
    world.tamper(&format!("{erase} WHERE run_id = '{later}'"));
    let (_, _, said) = verify(&world, &Args::default());
    assert!(said.contains(&format!("the image of change 1 of run {later} was erased")), "{said}");
    python_agrees(&world, false);

    let world = World::sqlite();
    let first =
        write_run(&world, &[("PM_USER", "P12", "update", "x"), ("OPS_USER", "P1", "update", "x")]);
    write_run(
        &world,
        &[
            ("PM_USER", "P1", "delete", "purged; to delete since 2026-01-01"),
            ("PM_USER", "P12", "delete", "mistake"),
        ],
    );
    holds(&world);
    for seq in [1, 2] {
        world.tamper(&format!("{erase} WHERE run_id = '{first}' AND seq = {seq}"));
        let (_, _, said) = verify(&world, &Args::default());
        assert!(
            said.contains("of run") && said.contains(" was erased, and no run recorded that"),
            "{seq}: {said}"
        );
    }
}

/// A run of the ledger with these changes (table, key, action, why), and nothing behind them.
pub(crate) fn write_run(world: &World, changes: &[(&str, &str, &str, &str)]) -> String {
    let changes: Vec<_> = changes
        .iter()
        .map(|(table, key, action, why)| (*table, *key, *action, *why, Some("{}"), None))
        .collect();
    write_changes(world, &changes)
}

/// A change as a job would write it down: table, key, action, why, image before, image after.
pub(crate) type Made<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// A run of the ledger with these changes.
pub(crate) fn write_changes(world: &World, changes: &[Made<'_>]) -> String {
    use recert::plan::{Action, Change, Outcome, Plan, Step, Touch};
    let id = uuid::Uuid::now_v7().to_string();
    let steps = changes
        .iter()
        .map(|(table, key, action, why, before, after)| Step {
            say: "making up",
            sql: recert::sql::Sql::made("test".to_owned(), String::new()),
            names: Vec::new(),
            table: (*table).into(),
            counts: &[],
            takes_away: false,
            touches: vec![Touch {
                binds: Vec::new(),
                changes: vec![Change {
                    key: (*key).into(),
                    action: match *action {
                        "insert" => Action::Insert,
                        "update" => Action::Update,
                        _ => Action::Delete,
                    },
                    why: (*why).into(),
                    result: Outcome::Applied,
                    before: before.map(Into::into),
                    after: after.map(Into::into),
                }],
            }],
        })
        .collect();
    let plan = Plan { steps, ..Plan::default() };
    let run = recert::ledger::Run {
        id: id.clone(),
        job: "import-users".to_owned(),
        as_of: crate::harness::now().date_naive(),
        status: "applied",
        started_at: crate::harness::now(),
        finished_at: crate::harness::now(),
        os_user: "tester".to_owned(),
        host: "here".to_owned(),
        config_sha256: "00".to_owned(),
        parameters: "{}".to_owned(),
        counts: "{}".to_owned(),
        reason: None,
    };
    let mut db = world.open();
    let head = recert::ledger::lock("import-users", &mut *db).unwrap();
    recert::ledger::write(&run, &plan, &head, &mut *db).unwrap();
    db.commit().unwrap();
    id
}

#[test]
fn verify_against_kept_heads_finds_a_chain_that_was_cut_or_rewritten() {
    for world in worlds() {
        let kept = world.folder.path().join("heads.json");
        let export = Args { export: Some(kept.clone()), ..Args::default() };
        let against = Args { against: Some(kept), ..Args::default() };
        let ids = with_runs(&world);
        assert_eq!(verify(&world, &export).1, Exit::Done);
        assert_eq!(verify(&world, &against).1, Exit::Done);
        ok(&world.run("revoke --as-of 2026-11-30"));
        assert_eq!(
            verify(&world, &against).1,
            Exit::Done,
            "a chain that went on is the same chain"
        );

        // Cut so well that the ledger itself fits: only the kept heads know better.
        for table in ["recert_run", "recert_change", "recert_image"] {
            world.tamper(&format!("DELETE FROM {table} WHERE run_id = '{}'", ids[3]));
        }
        let last = world.one("SELECT MAX(run_id) FROM recert_run");
        world.tamper(&format!("DELETE FROM recert_run WHERE run_id = '{last}'"));
        world.tamper(&format!(
            "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{}') WHERE job = 'ledger'",
            ids[2]
        ));
        holds(&world);
        let (_, exit, said) = verify(&world, &against);
        assert_eq!(exit, Exit::Evidence);
        assert!(said.contains(&format!("the chain was cut at its end: run {}", ids[3])), "{said}");

        // Gone on from there, it is another chain.
        ok(&world.run("revoke --as-of 2026-11-30"));
        holds(&world);
        let (_, exit, said) = verify(&world, &against);
        assert_eq!(exit, Exit::Evidence);
        assert!(
            said.contains(&format!("run {} was removed: the kept heads hold it", ids[3])),
            "{said}"
        );
    }
}

#[test]
fn verify_against_kept_heads_finds_a_run_that_was_rewritten_with_all_its_hashes() {
    let world = World::sqlite();
    let kept = world.folder.path().join("heads.json");
    let ids = with_runs(&world);
    verify(&world, &Args { export: Some(kept.clone()), ..Args::default() });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_ledger.py");
    let Some(python) = python() else { return };
    world.tamper(&format!("UPDATE recert_run SET reason = 'another' WHERE run_id = '{}'", ids[1]));
    let path = world.config.database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let output = Process::new(python).args([script, "--forge", &path]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    holds(&world);
    let (_, exit, said) = verify(&world, &Args { against: Some(kept), ..Args::default() });
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains(&format!("run {} was rewritten", ids[1])), "{said}");
}

#[test]
fn verify_refuses_kept_heads_it_cannot_read() {
    let world = World::sqlite();
    let path = world.folder.path().join("heads.json");
    std::fs::write(&path, "{\"recert_heads\":1,\n nonsense").unwrap();
    let error =
        run(&Args { against: Some(path), ..Args::default() }, &world.context()).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::BadInput);
    assert!(format!("{error:#}").contains("line 2"), "{error:#}");
}

#[test]
fn verify_ends_with_6_and_the_reason_on_stderr() {
    let world = World::sqlite();
    with_runs(&world);
    let output = world.recert("verify --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["changes"], 7);
    world.tamper("UPDATE recert_change SET why = 'x'");
    let output = world.recert("verify").output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("was edited (the first of"), "{said}");
}

#[test]
fn runs_of_several_jobs_and_processes_at_once_leave_one_chain() {
    let world = World::sqlite();
    world.put(&"mapping\nresponse MGR=2020-11-30\n".repeat(50));
    let first = world.run("revoke --as-of 2020-11-30 ").summary.run_id;
    world.put(&"mapping USER=E2\nresponse USER=E2 MGR=2020-11-30\n".repeat(50));
    let restore = format!("restore {first} --only MAP_RAP_USER_ROLE -q");
    let archive = "history --archive-before 2000-01-01 --out old.jsonl -q";
    let revoke = "revoke --as-of 2020-11-30 -q";
    let children: Vec<_> = [revoke, &restore, archive, revoke, &restore, archive, revoke, &restore]
        .iter()
        .map(|command| world.recert(command).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    let codes: Vec<_> =
        children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    assert!(codes.iter().all(|code| matches!(code, 0 | 76)), "{codes:?}");
    let done = codes.iter().filter(|code| **code == 0).count() as u64;
    assert_eq!(holds(&world).counts.get("runs"), done + 1);
    python_agrees(&world, true);
}

#[test]
fn a_run_that_is_killed_leaves_a_chain_that_verifies() {
    let world = World::sqlite();
    world.put(&"mapping\nresponse MGR=2020-11-30\n".repeat(400));
    for delay in [5, 20, 40, 80, 160] {
        let mut child =
            world.recert("revoke --as-of 2020-11-30 -q").stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        holds(&world);
    }
    ok(&world.run("revoke --as-of 2026-11-30"));
    assert_eq!(holds(&world).counts.get("changes"), 800);
    assert!(world.dump("map_rap_user_role").is_empty());
}

/// The script in another language that follows `sql/ledger/README.md` comes to the same end.
pub(crate) fn python_agrees(world: &World, fits: bool) {
    let (Some(python), Some(path)) = (python(), world.config.database.url.strip_prefix("sqlite:"))
    else {
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_ledger.py");
    let output = Process::new(python).args([script, path]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(if fits { 0 } else { 6 }), "verify_ledger.py: {said}");
}

/// Python, if it is there; without it, the tests that use it say so and hold only the rest.
fn python() -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("python3"))
        .find(|path| path.exists());
    if found.is_none() {
        skipped("the second verifier, verify_ledger.py", "python3");
    }
    found
}

#[test]
fn the_immutable_variant_of_the_ledger_has_the_same_columns() {
    let rest = |text: &str| {
        let lines =
            text.lines().filter(|line| !line.starts_with("--") && !line.starts_with("CREATE"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for (ordinary, immutable) in [
        (
            include_str!("../../sql/schema/own/recert_run.sql"),
            include_str!("../../sql/schema/own/immutable/recert_run.sql"),
        ),
        (
            include_str!("../../sql/schema/own/recert_change.sql"),
            include_str!("../../sql/schema/own/immutable/recert_change.sql"),
        ),
    ] {
        let mut expected = rest(ordinary);
        expected.extend(["NO DROP UNTIL 365 DAYS IDLE", "NO DELETE LOCKED"].map(str::to_owned));
        assert_eq!(rest(immutable), expected);
    }
}
