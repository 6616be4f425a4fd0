//! Who will be disabled soon is written down, once for each stage.

use super::{count, ops_sqlite, ops_worlds};
use crate::harness::{World, exit, ok};
use recert::door::exit::Exit;

const HEADER: &str = "id,mail,last_activity,day_of_disabling,stage";

/// Sixty days after 2026-10-10 is 2026-12-09.
const ACCOUNT: &str = "account ID=7 MAIL=o'brien@example.org\nsession ID=70 OF=7 ACTIVE=1 \"LAST=2026-10-10 08:00:00\"";
const ON_9_DECEMBER: &str = "7,o'brien@example.org,2026-10-10T08:00:00Z,2026-12-09";

fn warned(world: &World, day: &str) -> Vec<String> {
    let path = world.folder.path().join("warnings.csv");
    let command = format!("disable-inactive --as-of {day} --warnings \"{}\"", path.display());
    let ended = world.run(&command);
    ok(&ended);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(&path); // As whoever mails from it does.
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(count(&ended, "warned"), lines.len().saturating_sub(1) as u64, "{text}");
    assert!(lines.first().is_none_or(|first| first == HEADER), "{text}");
    lines.into_iter().skip(1).collect()
}

#[test]
fn disable_inactive_warns_once_for_each_stage() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.warn_days = vec![10, 1, 3];
        world.put(ACCOUNT);
        let told: Vec<(String, Vec<String>)> = (28..=30)
            .map(|day| format!("2026-11-{day}"))
            .chain((1..=9).map(|day| format!("2026-12-0{day}")))
            .map(|day| (day.clone(), warned(&world, &day)))
            .filter(|(_, lines)| !lines.is_empty())
            .collect();
        let expected = [("2026-11-29", 10), ("2026-12-06", 3), ("2026-12-08", 1)];
        let expected =
            expected.map(|(day, stage)| (day.to_owned(), vec![format!("{ON_9_DECEMBER},{stage}")]));
        assert_eq!(told, expected, "{}", world.name);
        assert_eq!(super::inactive(&world), ["7"], "{}: and on its day it goes", world.name);
    }
}

#[test]
fn disable_inactive_warns_of_a_day_that_came_while_it_did_not_run() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10, 3, 1];
    world.put(ACCOUNT);
    assert!(warned(&world, "2026-11-28").is_empty());
    assert_eq!(warned(&world, "2026-12-07"), [format!("{ON_9_DECEMBER},3")]);
    assert!(warned(&world, "2026-12-07").is_empty(), "a second time");
}

#[test]
fn disable_inactive_warns_again_after_a_run_that_did_not_get_through() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10];
    world.put(ACCOUNT);
    world.tamper("UPDATE recert_lock SET head_sha256 = 'x' WHERE job = 'ledger'");
    let path = world.folder.path().join("warnings.csv");
    let command = format!("disable-inactive --as-of 2026-12-01 --warnings \"{}\"", path.display());
    let _ = world.run(&command);
    let _ = std::fs::remove_file(&path);
    let start = "0".repeat(64);
    world.tamper(&format!("UPDATE recert_lock SET head_sha256 = '{start}' WHERE job = 'ledger'"));
    world.tamper("DELETE FROM recert_run");
    assert_eq!(warned(&world, "2026-12-01"), [format!("{ON_9_DECEMBER},10")]);
}

#[test]
fn disable_inactive_adds_to_warnings_that_nobody_has_taken_yet() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10];
    world.put(ACCOUNT);
    let path = world.folder.path().join("warnings.csv");
    let earlier = format!("{HEADER}\n1,a@x,2026-10-01T00:00:00Z,2026-11-30,10");
    std::fs::write(&path, &earlier).unwrap();
    let command = format!("disable-inactive --as-of 2026-12-01 --warnings \"{}\"", path.display());
    ok(&world.run(&command));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{earlier}\n{ON_9_DECEMBER},10\n"));
    ok(&world.run(&command));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text,
        "with nobody to warn it is not touched"
    );
}

#[test]
fn disable_inactive_warns_nobody_in_a_preview() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10];
    world.put(ACCOUNT);
    let path = world.folder.path().join("warnings.csv");
    let command = format!("disable-inactive --as-of 2026-12-01 --warnings \"{}\"", path.display());
    assert_eq!(count(&world.preview(&command), "warned"), 1);
    assert!(!path.exists());
}

#[test]
fn disable_inactive_with_days_to_warn_on_must_know_where_to() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10];
    assert_eq!(exit(&world.run("disable-inactive")), Exit::Config);
}

#[test]
fn disable_inactive_does_not_warn_whom_it_spares() {
    let mut world = ops_sqlite();
    world.config.disable_inactive.warn_days = vec![10];
    world.config.disable_inactive.exempt_oidc_ids = vec!["interface".to_owned()];
    world.put(&ACCOUNT.replace("ID=7 ", "ID=7 OIDC=interface "));
    world.put("account ID=8 STATUS=LOCKED\nsession ID=80 OF=8 LAST=2026-10-10");
    world.put("account ID=9 UPDATED=2026-11-30\nsession ID=90 OF=9 LAST=2026-10-10");
    assert!(warned(&world, "2026-12-01").is_empty());
}
