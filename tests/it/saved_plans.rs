//! Saved plans: what a file that somebody edited can do, and what applying one again says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use recert::door::exit::Exit;
use recert::door::summary::Status;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{World, exit, ok, worlds};
use crate::verify::{Made, write_ended};

const REVOKE: &str = "revoke --as-of 2026-11-30";

/// Two accesses that are due, one of them with two roles.
const DUE: &str = "mapping USER=A\nmapping USER=A\nresponse USER=A MGR=2026-11-01\n\
    mapping USER=B\nresponse USER=B MGR=2026-11-02\n";

fn path(world: &World) -> String {
    world.folder.path().join("plan.json").display().to_string()
}

/// Saves the plan of a job, and returns it as JSON.
pub(crate) fn save(world: &World, command: &str) -> Json {
    let ended = world.preview(command);
    let (job, _) = crate::harness::parse(command);
    let saved = ended.as_planned.saved(
        ended.plan.as_ref().unwrap(),
        &job,
        &world.config,
        &ended.summary.run_id,
    );
    let saved = serde_json::to_value(saved).unwrap();
    write(world, &saved);
    saved
}

fn write(world: &World, saved: &Json) {
    fs::write(path(world), saved.to_string()).unwrap();
}

/// As somebody who knows how the digest is made.
fn hashed_anew(mut saved: Json) -> Json {
    saved["sha256"] = json!("");
    let digest = Sha256::digest(saved.to_string());
    saved["sha256"] = json!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    saved
}

/// The number that applying the file as it stands ends with.
fn apply(world: &World, job: &str) -> Exit {
    match world.try_run(&format!("{job} --plan {}", path(world)), false) {
        Ok(ended) => exit(&ended),
        Err(error) => Exit::of(&error),
    }
}

type Forge = fn(&mut Json);

/// What somebody may do to a plan, and what applying it ends with once the digest was made anew.
const FORGERIES: &[(&str, Forge, Exit)] = &[
    ("a mapping row taken out", |plan| remove(plan, 0), Exit::Drifted),
    ("all mapping rows taken out", |plan| (0..2).for_each(|_| remove(plan, 0)), Exit::Drifted),
    ("the response taken out", |plan| remove(plan, 2), Exit::Drifted),
    ("the order turned", |plan| changes(plan).reverse(), Exit::Drifted),
    (
        "a change twice",
        |plan| {
            let change = changes(plan)[0].clone();
            changes(plan).push(change);
        },
        Exit::Drifted,
    ),
    (
        "an access added",
        |plan| {
            let mut unit = plan["units"][0].clone();
            unit["unit"] = json!("VICTIM/7");
            plan["units"].as_array_mut().unwrap().push(unit);
        },
        Exit::Drifted,
    ),
    (
        "an access twice",
        |plan| {
            let unit = plan["units"][0].clone();
            plan["units"].as_array_mut().unwrap().push(unit);
        },
        Exit::BadInput,
    ),
    ("another key shown", |plan| changes(plan)[0]["key"] = json!("C/7"), Exit::Drifted),
    ("another reason shown", |plan| changes(plan)[0]["why"] = json!("harmless"), Exit::Drifted),
    ("another table shown", |plan| changes(plan)[0]["table"] = json!("LOG"), Exit::Drifted),
    ("another action shown", |plan| changes(plan)[0]["action"] = json!("update"), Exit::Drifted),
    ("another unit shown", |plan| plan["units"][0]["unit"] = json!("C/7"), Exit::Drifted),
    ("another day", |plan| plan["as_of"] = json!("2026-11-29"), Exit::BadInput),
    ("another moment", |plan| plan["moment"] = json!("2027-11-30T12:00:00Z"), Exit::BadInput),
    (
        "a day to come",
        |plan| {
            plan["as_of"] = json!("2031-06-01");
            plan["moment"] = json!("2031-06-01T12:00:00Z");
        },
        Exit::Usage,
    ),
    ("another job", |plan| plan["job"] = json!("disable-inactive"), Exit::BadInput),
    ("another database", |plan| plan["database"] = json!("sqlite:other.db"), Exit::BadInput),
    ("other arguments", |plan| plan["parameters"] = json!({"all": true}), Exit::BadInput),
    ("another format", |plan| plan["recert_plan"] = json!(3), Exit::BadInput),
    ("another schema", |plan| plan["schema"] = json!("recert/plan/3"), Exit::BadInput),
    ("a field more", |plan| plan["force"] = json!(true), Exit::BadInput),
];

fn changes(plan: &mut Json) -> &mut Vec<Json> {
    plan["units"][0]["changes"].as_array_mut().unwrap()
}

fn remove(plan: &mut Json, at: usize) {
    changes(plan).remove(at);
}

#[test]
fn a_plan_that_was_edited_does_nothing_a_job_would_not_do_nor_a_part_of_it() {
    for (forgery, forge, by_insider) in FORGERIES {
        let world = World::sqlite();
        world.put(DUE);
        world.put("mapping USER=VICTIM");
        let mut plan = save(&world, REVOKE);
        let before = (world.dump("map_rap_user_role"), world.dump("recreate_response"));
        forge(&mut plan);
        // Who has the file alone, and who knows how its digest is made.
        write(&world, &plan);
        assert_eq!(apply(&world, "revoke"), Exit::BadInput, "{forgery}");
        write(&world, &hashed_anew(plan));
        assert_eq!(apply(&world, "revoke"), *by_insider, "{forgery}, hashed anew");
        assert_eq!((world.dump("map_rap_user_role"), world.dump("recreate_response")), before);
    }
}

#[test]
fn a_plan_cut_short_anywhere_is_bad_input() {
    let world = World::sqlite();
    world.put(DUE);
    let whole = save(&world, REVOKE).to_string();
    for end in (0..whole.len()).step_by(37) {
        fs::write(path(&world), &whole[..end]).unwrap();
        assert_eq!(apply(&world, "revoke"), Exit::BadInput, "{end} bytes");
    }
    fs::write(path(&world), whole.replacen("A/7", "\u{1b}[2J", 1)).unwrap();
    assert_eq!(apply(&world, "revoke"), Exit::BadInput);
}

#[test]
fn a_plan_without_the_erasures_of_a_purge_is_stale() {
    let world = World::sqlite();
    world.put("org\nperson ID=P1 EMAIL=p1@x\nperson ID=P2 EMAIL=p2@x");
    let file =
        crate::import_users::import_of(&world, &["id=P1|email=p1@x|city=Bern", "id=P2|email=p2@x"]);
    ok(&world.run(&file)); // Leaves an image of P1.
    world.tamper("UPDATE pm_user SET to_delete = 1, delete_at = '2020-01-01' WHERE id = 'P1'");
    let file = crate::import_users::import_of(&world, &["id=P2|email=p2@x"]);
    let mut plan = save(&world, &file);
    let changes = plan["units"][0]["changes"].as_array_mut().unwrap();
    let n = changes.len();
    changes.retain(|change| change["table"] != "RECERT_IMAGE");
    assert!(changes.len() < n, "the purge erases an image");
    write(&world, &hashed_anew(plan));
    assert_eq!(apply(&world, &file), Exit::Drifted);
    assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "2");
}

#[test]
fn a_plan_that_somebody_else_could_have_written_is_bad_input() {
    let world = World::sqlite();
    world.put(DUE);
    save(&world, REVOKE);
    let mode = |mode| fs::set_permissions(path(&world), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    assert_eq!(apply(&world, "revoke"), Exit::BadInput);
    // To be looked at it need not be anybody's, nor its signature good, nor signers be known.
    for more in ["", " --approval none.sig"] {
        ok(&world.preview(&format!("revoke --plan {}{more}", path(&world))));
    }
    mode(0o600);
    let folder = |mode| {
        fs::set_permissions(world.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    folder(0o777);
    assert_eq!(apply(&world, "revoke"), Exit::BadInput);
    folder(0o755);
    assert_eq!(apply(&world, "revoke"), Exit::Done);
}

#[test]
fn a_plan_knows_who_had_become_the_account_that_saved_it() {
    let world = World::sqlite();
    world.put(DUE);
    for (user, known) in [("bert", json!("bert")), ("", Json::Null)] {
        let mut preview = world.recert(&format!("preview revoke --save {}", path(&world)));
        assert!(preview.env("SUDO_USER", user).output().unwrap().status.success());
        let saved: Json = serde_json::from_slice(&fs::read(path(&world)).unwrap()).unwrap();
        assert_eq!(saved["sudo_user"], known);
        ok(&world.run(&format!("revoke --plan {}", path(&world))));
    }
    let runs = "SELECT parameters FROM recert_run ORDER BY run_id";
    let parameters: Json = serde_json::from_str(&world.one(runs)).unwrap();
    assert_eq!(parameters["plan"]["sudo_user"], "bert");
}

#[test]
fn a_plan_applied_again_is_unchanged_and_says_by_which_run() {
    for world in worlds() {
        world.put(DUE);
        save(&world, REVOKE);
        let command = format!("revoke --plan {}", path(&world));
        let first = world.run(&command);
        ok(&first);
        assert_eq!(first.summary.status, Status::Applied);
        let again = world.run(&command);
        ok(&again);
        assert_eq!(again.summary.status, Status::Unchanged);
        assert_eq!(again.summary.counts.get("already_applied"), 2);
        let finding = &again.summary.findings[0];
        assert_eq!(
            (finding.kind, finding.key.as_str()),
            ("already_applied", &*first.summary.run_id)
        );
        assert!(finding.message.starts_with("2 of 2 in the saved plan"), "{}", finding.message);
    }
}

#[test]
fn what_the_hourly_run_did_meanwhile_is_counted_and_the_rest_applied() {
    for world in worlds() {
        world.put(DUE);
        save(&world, REVOKE);
        ok(&world.run("revoke --as-of 2026-11-01")); // A's day, not yet B's.
        let ended = world.run(&format!("revoke --plan {}", path(&world)));
        ok(&ended);
        assert_eq!(ended.summary.counts.get("already_applied"), 1);
        assert_eq!(ended.summary.counts.get("mappings_deleted"), 1);
    }
}

#[test]
fn what_was_applied_and_put_back_or_was_never_applied_is_stale() {
    for world in worlds() {
        world.put(DUE);
        save(&world, REVOKE);
        let run = world.run(REVOKE).summary.run_id;
        ok(&world.run(&format!("restore {run}")));
        world.tamper("UPDATE recreate_response SET is_active = 0 WHERE reportees_id = 'A'");
        assert_eq!(apply(&world, "revoke"), Exit::Drifted, "put back, and closed by somebody");
        world.tamper("DELETE FROM recreate_response WHERE reportees_id = 'A'");
        assert_eq!(apply(&world, "revoke"), Exit::Drifted, "put back, and gone");
    }
}

#[test]
fn a_run_forged_into_the_ledger_has_applied_nothing() {
    for forgery in ["reason = 'forged'", "sha256 = previous_sha256"] {
        let world = World::sqlite();
        world.put(DUE);
        save(&world, REVOKE);
        ok(&world.run(REVOKE));
        world.tamper(&format!("UPDATE recert_run SET {forgery}"));
        assert_eq!(apply(&world, "revoke"), Exit::Drifted, "{forgery}");
    }
}

#[test]
fn the_ledger_says_which_plan_was_applied_and_who_saved_it() {
    let world = World::sqlite();
    world.put(DUE);
    let saved = save(&world, REVOKE);
    ok(&world.run(&format!("revoke --plan {}", path(&world))));
    let kept: Json = serde_json::from_str(&world.one("SELECT parameters FROM recert_run")).unwrap();
    let digest = Sha256::digest(fs::read(path(&world)).unwrap());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(kept["plan"]["sha256"], digest);
    assert_eq!(kept["plan"]["preview"], saved["preview"]);
    assert_eq!(kept["plan"]["saved_by"], saved["saved_by"]);
}

#[test]
fn a_saved_plan_is_shown_to_a_person_without_any_database() {
    let world = World::sqlite();
    world.put(DUE);
    world.put("mapping USER=\u{1b}[2J\nresponse USER=\u{1b}[2J MGR=2026-11-01");
    save(&world, REVOKE);
    fs::remove_file(world.folder.path().join("recert.db")).unwrap();
    let shown = world.recert("preview --plan plan.json").output().unwrap();
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
    let text = String::from_utf8(shown.stdout).unwrap();
    for part in [
        "plan of `revoke`",
        "as of 2026-11-30",
        "saved by",
        "units    3",
        "  delete MAP_RAP_USER_ROLE A/7: revoked; due 2026-11-01",
        "\\u{1b}[2J/7",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    // Whoever may read it may show it; one that was edited is refused.
    let edited = fs::read_to_string(path(&world)).unwrap().replacen("A/7", "C/7", 1);
    fs::write(path(&world), edited).unwrap();
    assert_eq!(world.recert("preview --plan plan.json").output().unwrap().status.code(), Some(5));
    // What it would not heed is no option of it.
    for option in ["--format sql", "--out x", "--commit-every 3", "--save x", "--rehearse"] {
        let output = world.recert(&format!("preview --plan plan.json {option}")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
}

#[test]
fn an_as_of_that_is_not_the_saved_plans_is_usage() {
    let world = World::sqlite();
    world.put(DUE);
    save(&world, REVOKE);
    for (day, number) in
        [("2026-11-29", Exit::Usage), ("2026-12-01", Exit::Usage), ("2026-11-30", Exit::Done)]
    {
        assert_eq!(apply(&world, &format!("revoke --as-of {day}")), number, "{day}");
        let n_left = world.dump("map_rap_user_role").len();
        assert_eq!(n_left, if number == Exit::Done { 0 } else { 3 }, "{day}");
    }
}

/// B's access and response are gone by other hands.
fn take_b(world: &World) {
    world.tamper("DELETE FROM map_rap_user_role WHERE user_id = 'B'");
    world.tamper("DELETE FROM recreate_response WHERE reportees_id = 'B'");
}

/// What the plan says of B.
fn changes_of_b(saved: &Json) -> Vec<[String; 4]> {
    let units = saved["units"].as_array().unwrap();
    let b = units.iter().find(|unit| unit["unit"] == "B/7").unwrap();
    let text = |change: &Json, name: &str| change[name].as_str().unwrap().to_owned();
    let changes = b["changes"].as_array().unwrap().iter();
    changes.map(|change| ["table", "key", "action", "why"].map(|name| text(change, name))).collect()
}

/// A run of the verified chain, with nothing behind it, that says it did these changes.
fn told(world: &World, status: &str, changes: &[[String; 4]]) {
    let made: Vec<Made<'_>> = changes
        .iter()
        .map(|[table, key, action, why]| (&**table, &**key, &**action, &**why, Some("{}"), None))
        .collect();
    write_ended(world, "revoke", status, "{}", &made);
}

#[test]
fn only_a_run_that_was_applied_has_applied_a_unit_and_only_one_that_did_all_of_it() {
    for (what, status, parts, number) in [
        ("all of it", "applied", vec![(0, 2)], Exit::Done),
        ("by a run that failed", "failed", vec![(0, 2)], Exit::Drifted),
        ("by a run that was refused", "refused", vec![(0, 2)], Exit::Drifted),
        ("the access alone", "applied", vec![(0, 1)], Exit::Drifted),
        ("the response alone", "applied", vec![(1, 2)], Exit::Drifted),
        ("half by one run, half by another", "applied", vec![(0, 1), (1, 2)], Exit::Drifted),
    ] {
        let world = World::sqlite();
        world.put(DUE);
        let changes = changes_of_b(&save(&world, REVOKE));
        assert_eq!(changes.len(), 2);
        for (from, to) in parts {
            told(&world, status, &changes[from..to]);
        }
        take_b(&world);
        assert_eq!(apply(&world, "revoke --accept-source --reason clock"), number, "{what}");
    }
}

#[test]
fn a_change_that_was_edited_under_an_intact_chain_of_runs_has_applied_nothing() {
    let world = World::sqlite();
    world.put(DUE);
    let changes = changes_of_b(&save(&world, REVOKE));
    let mut others = changes.clone();
    for change in &mut others {
        change[1] = "C/7".to_owned();
    }
    told(&world, "applied", &others);
    take_b(&world);
    // The run's hash covers the hash that stands in the row, and that was left as it is.
    assert!(world.tamper("UPDATE recert_change SET row_key = 'B/7' WHERE row_key = 'C/7'") > 0);
    assert_eq!(apply(&world, "revoke --accept-source --reason clock"), Exit::Drifted);
    assert_eq!(world.dump("map_rap_user_role").len(), 2);
}

#[test]
fn a_unit_of_which_a_part_was_put_back_is_not_applied() {
    let world = World::sqlite();
    world.put(DUE);
    save(&world, REVOKE);
    let run = world.run(REVOKE).summary.run_id;
    ok(&world.run(&format!("restore {run} --only MAP_RAP_USER_ROLE:B/7")));
    take_b(&world);
    assert_eq!(apply(&world, "revoke"), Exit::Drifted);
}

#[test]
fn a_saved_purge_is_stale_once_the_person_has_other_data() {
    for world in worlds() {
        world.put("org\nperson CITY=Bern\nperson ID=U2 EMAIL=b@x DEL=1 DELETE_AT=2026-11-30");
        let import = crate::import_users::import_of(&world, &["city=Bern"]);
        save(&world, &import);
        world.tamper("UPDATE pm_user SET city = 'Basel' WHERE id = 'U2'");
        assert_eq!(apply(&world, &import), Exit::Drifted, "{}", world.name);
        assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "2");
        save(&world, &import);
        assert_eq!(apply(&world, &import), Exit::Done);
        assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "1");
    }
}
