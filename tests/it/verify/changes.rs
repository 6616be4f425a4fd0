//! Changes that were edited, removed, inserted, or moved.

use recert::door::commands::verify::Args;
use recert::door::exit::Exit;
use recert::door::ledger::row::LedgerChange;

use super::made::{hex, image_sha256};
use super::{tampered, verify, with_runs};
use crate::harness::worlds;

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
        let change = LedgerChange {
            run_id: ids[2].as_str().into(),
            seq: "3".into(),
            table_name: "MAP_RAP_USER_ROLE".into(),
            row_key: "E5/7".into(),
            action: "insert".into(),
            why: "made up".into(),
            result: "applied".into(),
            image_sha256: image.as_str().into(),
            sha256: "".into(),
        };
        world.tamper(&format!(
            "INSERT INTO recert_change (run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256)
             VALUES ('{}', 3, 'MAP_RAP_USER_ROLE', 'E5/7', 'insert', 'made up', 'applied', '{image}', '{}')",
            ids[2],
            hex(&change.begin_hash().finish())
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
        let change = LedgerChange {
            run_id: ids[2].as_str().into(),
            seq: "1".into(),
            table_name: table.into(),
            row_key: key.into(),
            action: row.text("ACTION").unwrap().into(),
            why: "another story".into(),
            result: row.text("RESULT").unwrap().into(),
            image_sha256: image.into(),
            sha256: "".into(),
        };
        world.tamper(&format!(
            "UPDATE recert_change SET why = 'another story', sha256 = '{}' WHERE run_id = '{}' AND seq = 1",
            hex(&change.begin_hash().finish()),
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
            "DELETE FROM recert_change WHERE run_id = '{1}' AND seq = 3",
            "DELETE FROM recert_image WHERE run_id = '{1}' AND seq = 3",
            "UPDATE recert_change SET seq = 3 WHERE run_id = '{1}' AND seq = 4",
            "UPDATE recert_image SET seq = 3 WHERE run_id = '{1}' AND seq = 4",
        ],
        "change 3 of run {1} was reordered: it was change 4",
    );
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
