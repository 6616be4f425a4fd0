//! `--claim-into`: what was imported is what is filed, and no delivery is lost or put away unread.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use recert::door::exit::Exit;

use crate::harness::{World, exit, ok, worlds};
use crate::import_files::harness::people_file;
use crate::import_users::{DAY, file};
use crate::round_trips::watched;

/// A world with a folder for what is claimed, and the command that claims `users.csv`.
fn claiming() -> (World, PathBuf, String) {
    claiming_on(World::sqlite())
}

fn claiming_on(world: World) -> (World, PathBuf, String) {
    world.put("org");
    let filed = world.folder.path().join("filed");
    std::fs::create_dir(&filed).unwrap();
    let path = world.folder.path().join("users.csv");
    let command = format!("import-users {} --claim-into {}", path.display(), filed.display());
    (world, filed, command)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn filed_as(run_id: &str) -> String {
    format!("users_{}.csv", run_id.replace('-', ""))
}

#[test]
fn a_claimed_file_is_filed_under_its_run_whatever_came_of_it() {
    let (world, filed, command) = claiming();
    let mut expected = Vec::new();
    for (text, number) in [
        (people_file(&["", "id=U2|email=b@x", "id=U3|email=c@x"]), Exit::Done),
        (people_file(&["id=U2|email=b@x"]), Exit::Refused),
        ("no people\n".to_owned(), Exit::BadInput),
    ] {
        let path = file(&world, "users.csv", &text);
        let ended = world.run(&format!("{command} {DAY}"));
        assert_eq!(exit(&ended), number);
        assert!(!path.exists());
        let name = filed_as(&ended.summary.run_id);
        assert_eq!(std::fs::read_to_string(filed.join(&name)).unwrap(), text);
        expected.push(name);
    }
    expected.sort();
    assert_eq!(names(&filed), expected);
    let parameters = world.one("SELECT parameters FROM recert_run WHERE status = 'applied'");
    assert!(parameters.contains(r#""file":"users.csv""#), "{parameters}");
    // Nothing is delivered: no file, and nothing of these is taken again.
    assert_eq!(exit(&world.run(&format!("{command} {DAY}"))), Exit::BadInput);
    assert_eq!(names(&filed), expected);
}

#[test]
fn a_preview_claims_nothing() {
    let (world, filed, command) = claiming();
    let path = file(&world, "users.csv", &people_file(&[""]));
    ok(&world.preview(&format!("{command} {DAY}")));
    assert!(path.exists() && names(&filed).is_empty());
}

#[test]
fn a_folder_that_is_not_there_or_elsewhere_ends_with_3_and_leaves_the_file() {
    let (world, _, _) = claiming();
    let path = file(&world, "users.csv", &people_file(&[""]));
    // Whichever of them lies on another file system than the tests' own folders.
    let device = |path: &Path| std::fs::metadata(path).unwrap().dev();
    let is_elsewhere = |folder: &&str| device(Path::new(folder)) != device(&path);
    let elsewhere =
        ["/dev/shm", env!("CARGO_TARGET_TMPDIR"), "/proc"].into_iter().filter(is_elsewhere);
    for folder in elsewhere.chain(["missing", path.to_str().unwrap()]) {
        let ended =
            world.run(&format!("import-users {} --claim-into {folder} {DAY}", path.display()));
        assert_eq!(exit(&ended), Exit::Config, "{folder}");
        assert!(path.exists());
    }
    let ended = world.run(&format!("import-users - --claim-into . {DAY}"));
    assert_eq!(exit(&ended), Exit::Usage);
}

#[test]
fn an_import_that_finds_the_lock_held_claims_nothing() {
    let (world, filed, command) = claiming();
    let path = file(&world, "users.csv", &people_file(&[""]));
    let other = world.open();
    assert_eq!(exit(&world.run(&format!("{command} {DAY}"))), Exit::Busy);
    assert!(path.exists() && names(&filed).is_empty());
    drop(other);
}

#[test]
fn a_file_goes_back_when_the_run_is_to_be_tried_again() {
    let (world, filed, command) = claiming();
    let path = file(&world, "users.csv", &people_file(&["", "id=U2|email=b@x"]));
    let plan = world.folder.path().join("plan.json");
    let save = format!("preview {command} --save {}", plan.display());
    assert_eq!(world.recert(&save).output().unwrap().status.code(), Some(0));
    // The plan is stale.
    world.put("person");
    let apply = format!("{command} --plan {}", plan.display());
    let code = || world.recert(&apply).stderr(Stdio::null()).output().unwrap().status.code();
    assert_eq!(code(), Some(i32::from(Exit::Drifted.code())));
    assert!(path.exists() && names(&filed).is_empty());
    ok(&world.run(&format!("{command} {DAY}")));
}

#[test]
fn on_oracle_a_file_goes_back_after_7_and_from_75_on_and_is_read_again() {
    let unreachable = "2:connect:12541,3:connect:12541,4:connect:12541,5:connect:12541";
    let change = "execute/INSERT INTO RECERT_CHANGE";
    for (fault, number, n_people) in [
        (format!("1:commit:kill-after,{unreachable}"), Exit::Unknown, "2"),
        (format!("1:commit:kill-before,{unreachable}"), Exit::Unknown, "0"),
        ("1:commit:kill-before".to_owned(), Exit::Unavailable, "0"),
        (format!("*:{change}:kill-before"), Exit::Unavailable, "0"),
        (format!("*:{change}:8177"), Exit::Drifted, "0"),
    ] {
        let Some(world) = World::standin() else { return };
        let (mut world, filed, command) = claiming_on(world);
        world.config.database.retries = 1;
        let text = people_file(&["", "id=U2|email=b@x"]);
        let path = file(&world, "users.csv", &text);
        let ran = watched(&world, &command, &fault);
        assert_eq!(ran.code, Some(i32::from(number.code())), "{fault}: {}", ran.log);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{fault}");
        assert_eq!(names(&filed), Vec::<String>::new(), "{fault}");
        assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), n_people, "{fault}");
        let again = watched(&world, &command, "");
        assert_eq!(again.code, Some(0), "{fault}: {}", again.log);
        assert!(!path.exists() && names(&filed).len() == 1, "{fault}");
        assert_eq!(unread(&world, &filed), Vec::<String>::new(), "{fault}");
        assert_eq!(world.one("SELECT COUNT(*) FROM pm_user"), "2", "{fault}");
    }
}

#[test]
fn a_file_of_a_killed_run_is_taken_first_with_a_finding() {
    for world in worlds() {
        takes_the_file_of_a_killed_run_first(world);
    }
}

fn takes_the_file_of_a_killed_run_first(world: World) {
    let (world, filed, command) = claiming_on(world);
    let killed = "users_0190a0000000700080000000000000aa.csv";
    let others = "free_0190a0000000700080000000000000ab.csv";
    std::fs::write(filed.join(killed), people_file(&["city=Bern"])).unwrap();
    std::fs::write(filed.join(others), "email;2026-01\nanna@example.org;1\n").unwrap();
    let path = file(&world, "users.csv", &people_file(&["city=Basel"]));
    let ended = world.run(&format!("{command} {DAY}"));
    ok(&ended);
    let finding = &ended.summary.findings[0];
    assert_eq!((finding.kind, finding.key.as_str()), ("taken_up", "users"));
    assert!(path.exists());
    assert_eq!(names(&filed), [others.to_owned(), filed_as(&ended.summary.run_id)]);
    assert_eq!(world.one("SELECT city FROM pm_user"), "Bern");
    ok(&world.run(&format!("{command} {DAY}")));
    assert_eq!(world.one("SELECT city FROM pm_user"), "Basel");
    // The other job's file is the other job's, whatever the name of its delivery.
    let free = file(&world, "free_2.csv", "email;2026-01\nanna@example.org;2\n");
    let command =
        format!("import-availability {} --claim-into {} {DAY}", free.display(), filed.display());
    ok(&world.run(&command));
    assert_eq!(world.one("SELECT free_pt FROM pm_availability"), "1");
    ok(&world.run(&command));
    assert_eq!(world.one("SELECT free_pt FROM pm_availability"), "2");
}

/// Every delivery was read in the end, and each file is filed under a run that the ledger knows.
fn assert_nothing_lost(world: &World, filed: &Path, command: &str, path: &Path, when: &str) {
    for _ in 0..20 {
        let ran = world.recert(command).stderr(Stdio::null()).output().unwrap();
        let is_done = !path.exists() && unread(world, filed).is_empty();
        match ran.status.code() {
            Some(0) if is_done => break,
            // Nothing is left to be read.
            Some(5) if is_done => break,
            Some(0 | 75..=77) => {}
            code => panic!("{when}: {code:?}"),
        }
    }
    assert!(!path.exists(), "{when}");
    assert_eq!(unread(world, filed), Vec::<String>::new(), "{when}");
}

/// Files of runs that the ledger does not know.
fn unread(world: &World, filed: &Path) -> Vec<String> {
    let known: Vec<String> = world
        .query("SELECT run_id FROM recert_run")
        .iter()
        .map(|row| filed_as(&row.text("RUN_ID").unwrap()))
        .collect();
    names(filed).into_iter().filter(|name| !known.contains(name)).collect()
}

#[test]
fn a_run_killed_at_any_moment_loses_no_delivery_and_puts_none_away_unread() {
    let people = |n: usize, city: &str| {
        let rows: Vec<String> =
            (0..n).map(|n| format!("id=P{n}|email=p{n}@x|city={city}")).collect();
        people_file(&rows.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (world, filed, command) = claiming();
    let path = file(&world, "users.csv", &people(1_000, "Bern"));
    let began = Instant::now();
    assert_nothing_lost(&world, &filed, &command, &path, "undisturbed");
    let whole = began.elapsed();
    for part in 1..=12 {
        let (world, filed, command) = claiming();
        let path = file(&world, "users.csv", &people(1_000, "Bern"));
        let mut run = world.recert(&command);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * part / 13);
        run.kill().unwrap(); // SIGKILL
        run.wait().unwrap();
        let when = format!("killed after {part}/13 of {whole:?}");
        // The next delivery, once the first is gone from there.
        let is_gone = !path.exists();
        if is_gone {
            file(&world, "users.csv", &people(1_001, "Basel"));
        }
        assert_nothing_lost(&world, &filed, &command, &path, &when);
        let n_read = 1 + usize::from(is_gone);
        assert_eq!(names(&filed).len(), n_read, "{when}");
        let n_applied = world.one("SELECT COUNT(*) FROM recert_run WHERE status = 'applied'");
        assert_eq!(n_applied, n_read.to_string(), "{when}");
    }
}
