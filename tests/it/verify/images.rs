//! Images that were edited or removed, and those that may be gone.

use recert::door::commands::verify::Args;

use super::{holds, python_agrees, tampered, verify, write_changes, write_run};
use crate::harness::World;

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
fn verify_accepts_the_erased_images_that_a_purge_named_and_no_other() {
    let world = World::sqlite();
    let erase = |run: &str, seq: i64| {
        world.tamper(&format!(
            "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE run_id = '{run}' AND seq = {seq}"
        ));
    };
    let first = write_run(
        &world,
        &[
            ("PM_USER", "P1", "update", "changed in the file"),
            ("PM_USER_ROLE", "P1/ADMIN", "delete", "cost centre changed"),
            ("PM_USER_ROLE", "P1/B/ADMIN", "delete", "cost centre changed"),
        ],
    );
    let why = "purged; marked to be from 2026-01-01 on";
    let [image_1, image_2] = [1, 2].map(|seq| format!("{first}/{seq}"));
    let purge = [
        ("RECERT_IMAGE", image_1.as_str(), "update", why, None, None),
        ("RECERT_IMAGE", image_2.as_str(), "update", why, None, None),
        ("PM_USER", "P1", "delete", why, None, None),
    ];
    write_changes(&world, &purge);
    let later = write_run(&world, &[("PM_USER", "P1", "insert", "in the file")]);
    holds(&world);
    erase(&first, 1);
    erase(&first, 2);
    let summary = holds(&world);
    assert_eq!((summary.counts.get("erased"), summary.counts.get("images")), (2, 5));
    python_agrees(&world, true);

    // Neither a person who came back after the purge, nor one whose id begins alike.
    for (run, seq) in [(&later, 1), (&first, 3)] {
        erase(run, seq);
        let (_, _, said) = verify(&world, &Args::default());
        assert!(
            said.contains(&format!("the image of change {seq} of run {run} was erased")),
            "{said}"
        );
        python_agrees(&world, false);
    }
}

#[test]
fn verify_accepts_no_image_as_erased_that_was_written_after_the_erasing_run() {
    let world = World::sqlite();
    let first = write_run(&world, &[("PM_USER", "P1", "update", "x")]);
    let later = write_run(&world, &[("PM_USER", "P1", "insert", "x")]);
    world.tamper(&format!(
        "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE run_id IN ('{first}', '{later}')"
    ));
    let why = "purged; marked to be from 2026-01-01 on";
    write_changes(&world, &[("RECERT_IMAGE", &format!("{first}/1"), "update", why, None, None)]);
    let (_, _, said) = verify(&world, &Args::default());
    assert!(said.contains(&format!("the image of change 1 of run {later} was erased")), "{said}");
    // One of another key, or of no image, allows nothing.
    for key in ["P1", "P1/1", &format!("{later}/2"), &format!("{later}/x"), &later] {
        write_changes(&world, &[("RECERT_IMAGE", key, "update", why, None, None)]);
        let (_, _, said) = verify(&world, &Args::default());
        assert!(said.contains(&format!("change 1 of run {later} was erased")), "{key}: {said}");
        python_agrees(&world, false);
    }
    write_changes(&world, &[("RECERT_IMAGE", &format!("{later}/1"), "update", why, None, None)]);
    holds(&world);
    python_agrees(&world, true);
}
