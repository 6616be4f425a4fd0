//! kill -9 at any moment, then the next run: the tables end as if nobody had been killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{World, worlds};
use crate::import_users::{file, import_of};
use crate::round_trips::watched;
use crate::verify::holds;

const REVOKE: &str = "revoke --as-of 2025-01-31";
const PEOPLE: usize = 1_500;

fn put_people(world: &mut World) {
    world.config.limits.revoke.floor = 1_000_000;
    let rows = |n| format!("mapping USER=K{n:04}\nresponse USER=K{n:04} MGR=2025-01-31\n");
    world.put(&(0..PEOPLE).map(rows).collect::<String>());
    world.put("mapping USER=LATER\nresponse USER=LATER MGR=2999-01-01");
}

/// The next run of the scheduler, and the next, until one gets through.
fn run_until_done(world: &World, command: &str) {
    for _ in 0..100 {
        let ran = world.recert(command).output().unwrap();
        match ran.status.code() {
            Some(0) => return,
            // A killed process's session may live on for a moment.
            Some(75 | 76) => std::thread::sleep(Duration::from_millis(50)),
            code => panic!("{}: {code:?}: {}", world.name, String::from_utf8_lossy(&ran.stderr)),
        }
    }
    panic!("{}: the lock of a killed run is never released", world.name);
}

fn assert_done_once(world: &World, when: &str) {
    let name = &world.name;
    let count = |query: &str| world.one(&format!("SELECT COUNT(*) AS n FROM {query}"));
    let left = world.dump("map_rap_user_role");
    assert_eq!(left, [r#"{"USER_ID":"LATER","RMM_ID":7}"#], "{name}, {when}");
    assert_eq!(count("recreate_response WHERE is_active = 1"), "1", "{name}, {when}");
    assert_eq!(count("recert_run WHERE status = 'applied'"), "1", "{name}, {when}");
    let changes = (2 * PEOPLE).to_string();
    assert_eq!(count("recert_change"), changes, "{name}, {when}");
    assert_eq!(count("recert_image"), changes, "{name}, {when}");
    let people = count("recert_change WHERE row_key LIKE 'K%' AND result = 'applied'");
    assert_eq!(people, changes, "{name}, {when}");
}

/// How long a run takes, from start to number.
fn time_undisturbed(mut world: World) -> Duration {
    put_people(&mut world);
    let began = Instant::now();
    run_until_done(&world, REVOKE);
    let whole = began.elapsed();
    assert_done_once(&world, "undisturbed");
    whole
}

#[test]
fn a_run_killed_at_any_moment_is_made_good_by_the_next() {
    let kinds: [fn() -> Option<World>; 2] = [|| Some(World::sqlite()), World::oracle];
    for kind in kinds {
        // A world at a time: on a real Oracle all have the one schema.
        let Some(whole) = kind().map(time_undisturbed) else { return };
        let mut killed = 0;
        for tenth in 1..=8 {
            let Some(mut world) = kind() else { return };
            put_people(&mut world);
            let mut run = world.recert(REVOKE);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * tenth / 9);
            run.kill().unwrap(); // SIGKILL
            killed += u32::from(run.wait().unwrap().code().is_none());
            run_until_done(&world, REVOKE);
            assert_done_once(&world, &format!("killed after {tenth}/9 of {whole:?}"));
        }
        assert!(killed > 0, "every run was done before it could be killed");
    }
}

#[test]
fn a_run_killed_before_or_after_any_call_is_made_good_by_the_next() {
    for fault in (1..=12).map(|n| format!("{n}:execute:exit")).chain([
        "1:commit:exit".to_owned(),
        "1:commit:exit-after".to_owned(),
        "3:execute:exit-after".to_owned(),
        "1:execute/INSERT INTO RECERT_RUN:exit-after".to_owned(),
    ]) {
        let Some(mut world) = World::standin() else { return };
        put_people(&mut world);
        let ran = watched(&world, REVOKE, &fault);
        assert_eq!(ran.code, None, "{fault}: {}", ran.log);
        run_until_done(&world, REVOKE);
        assert_done_once(&world, &fault);
    }
}

/// An import that creates, changes, marks, unmarks and purges people, and takes roles away.
fn put_import(world: &World) -> String {
    let stored = |n| {
        let mark = if n < 600 { "DEL=1 DELETE_AT=2020-01-01" } else { "DEL=0" };
        format!("person ID=P{n:04} EMAIL=p{n}@x CITY=Bern {mark}\nrole USER=P{n:04}\n")
    };
    world.put("org");
    world.put(&(0..1_500).map(stored).collect::<String>());
    let rows: Vec<String> = (300..2_000)
        .filter(|n| n % 10 > 0)
        .map(|n| format!("id=P{n:04}|email=p{n}@x|costCenter=12340000"))
        .collect();
    let command = import_of(world, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    // More than half of them have moved, and all lose their roles.
    let command = command.split(" --as-of").next().unwrap();
    format!("{command} --accept-source --allow-changes 5000 --reason seen")
}

/// PM_USER and PM_USER_ROLE, apart from the moment of the import.
fn people(world: &World) -> Vec<String> {
    let query =
        "SELECT id, email, city, cost_center, to_delete, delete_at FROM pm_user ORDER BY id";
    let mut rows: Vec<String> = world.query(query).iter().map(|row| row.image_from(0)).collect();
    rows.extend(world.dump("pm_user_role"));
    rows
}

#[test]
fn an_import_killed_in_the_middle_leaves_the_old_state_and_the_next_one_makes_it_good() {
    for kind in 0..worlds().len() {
        let world = worlds().remove(kind);
        let command = put_import(&world);
        let old = people(&world);
        let began = Instant::now();
        run_until_done(&world, &command);
        let whole = began.elapsed();
        let new = people(&world);
        assert_ne!(old, new);
        let mut left_old = 0;
        for part in 1..=7 {
            let world = worlds().remove(kind);
            let command = put_import(&world);
            let mut run = world.recert(&command);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * part / 8);
            run.kill().unwrap(); // SIGKILL
            run.wait().unwrap();
            let when = format!("{}, killed after {part}/8 of {whole:?}", world.name);
            let is = people(&world);
            left_old += u32::from(is == old);
            assert!(is == old || is == new, "{when}: neither the old state nor the new one");
            holds(&world);
            run_until_done(&world, &command);
            assert!(people(&world) == new, "{when}: the next import");
            assert_eq!(
                world.one("SELECT COUNT(*) AS n FROM recert_run WHERE status = 'applied'"),
                "1",
                "{when}"
            );
            holds(&world);
        }
        assert!(left_old > 0, "every import was done before it could be killed");
    }
}

#[test]
fn two_different_imports_at_once_leave_what_one_after_the_other_would() {
    for world in worlds() {
        world.put("org\nperson CITY=Bern\nperson ID=U2 EMAIL=b@x");
        let first = import_of(&world, &["city=Basel", "id=U2|email=b@x", "id=U3|email=c@x"]);
        let users = first.split(" --as-of").next().unwrap().to_owned();
        let free = file(&world, "free.csv", "email;2026-01\nanna@example.org;0.5\nb@x;1\n");
        let free = format!("import-availability {}", free.display());
        let commands = [&users, &users, &free, &free];
        let mut runs: Vec<_> = commands
            .iter()
            .map(|command| {
                world.recert(&format!("{command} -q")).stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for (run, command) in runs.iter_mut().zip(commands) {
            let code = run.wait().unwrap().code();
            assert!(matches!(code, Some(0 | 75..=77)), "{}: {command}: {code:?}", world.name);
        }
        for command in commands {
            run_until_done(&world, command);
        }
        let count = |table: &str| world.one(&format!("SELECT COUNT(*) AS n FROM {table}"));
        assert_eq!((count("pm_user").as_str(), count("pm_availability").as_str()), ("3", "2"));
        assert_eq!(world.one("SELECT city FROM pm_user WHERE id = 'U1'"), "Basel");
        assert_eq!(count("recert_run WHERE status = 'applied'"), "2", "{}", world.name);
        holds(&world);
    }
}

const ARCHIVE: &str = "history --archive-before 2100-01-01 --out old.jsonl";

/// Every image is in the file that the ledger tells of, and nowhere else.
fn assert_archived(world: &World, when: &str) {
    let text = std::fs::read_to_string(world.folder.path().join("old.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1 + 2 * PEOPLE, "{when}: a header, and an image a line");
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let run_id =
        world.one("SELECT run_id FROM recert_run WHERE job = 'archive' AND status = 'applied'");
    assert_eq!(header["run_id"], run_id.as_str(), "{when}");
    let told = world.one("SELECT why FROM recert_change WHERE table_name = 'RECERT_IMAGE'");
    let sha256 = sha256_of(&text);
    assert!(told.ends_with(&sha256), "{when}: {told}, and the file has {sha256}");
    let left = world.one("SELECT COUNT(*) FROM recert_image WHERE before_image IS NOT NULL");
    assert_eq!(left, "0", "{when}");
    holds(world);
}

fn sha256_of(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a killed run has left is whole: all images are in the database, and the same command takes them; or all are in the
/// file, which would not be written again.
fn assert_made_good(world: &World, when: &str) {
    let left = world.one("SELECT COUNT(*) FROM recert_image WHERE before_image IS NOT NULL");
    if left != "0" {
        assert_eq!(left, (2 * PEOPLE).to_string(), "{when}");
        holds(world);
        run_until_done(world, ARCHIVE);
    }
    assert_archived(world, when);
}

#[test]
fn an_archive_killed_at_any_moment_loses_no_image_and_the_next_one_makes_it_good() {
    let kinds: [fn() -> Option<World>; 2] = [|| Some(World::sqlite()), World::oracle];
    for kind in kinds {
        let Some(mut world) = kind() else { return };
        put_people(&mut world);
        run_until_done(&world, REVOKE);
        let began = Instant::now();
        run_until_done(&world, ARCHIVE);
        let whole = began.elapsed();
        assert_archived(&world, "undisturbed");
        drop(world);
        let (mut killed, moments) = (0, 12);
        for moment in 1..=moments {
            let Some(mut world) = kind() else { return };
            put_people(&mut world);
            run_until_done(&world, REVOKE);
            let mut run = world.recert(ARCHIVE);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * moment / (moments + 1));
            run.kill().unwrap(); // SIGKILL
            killed += u32::from(run.wait().unwrap().code().is_none());
            let when =
                format!("{}, killed after {moment}/{} of {whole:?}", world.name, moments + 1);
            assert_made_good(&world, &when);
        }
        assert!(killed > 0, "every archive was done before it could be killed");
    }
}

#[test]
fn an_archive_killed_before_or_after_any_call_is_made_good_by_the_next() {
    for fault in (1..=9).map(|n| format!("{n}:execute:exit")).chain([
        "1:execute/UPDATE RECERT_IMAGE:exit-after".to_owned(),
        "1:execute/INSERT INTO RECERT_RUN:exit-after".to_owned(),
        "1:commit:exit".to_owned(),
        "1:commit:exit-after".to_owned(),
    ]) {
        let Some(mut world) = World::standin() else { return };
        put_people(&mut world);
        run_until_done(&world, REVOKE);
        let ran = watched(&world, ARCHIVE, &fault);
        assert_eq!(ran.code, None, "{fault}: {}", ran.log);
        assert_made_good(&world, &fault);
    }
}
