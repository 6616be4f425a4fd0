//! What lets a plan through: limits over a day, doubts, clocks.

use recert::exit::Exit;

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
