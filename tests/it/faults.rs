//! Everything that breaks between recert and Oracle, on the stand-in: whatever happens, all is done
//! or nothing, the number is right, and one line names what to do. Then the run is repeated, and
//! ends as if nothing had ever happened.
//!
//! The table of faults is in `target/tmp/faults.txt` after a run.

mod beside;
mod embedded;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::harness::{World, write_secret};
use crate::round_trips::{Watched, watched};

const REVOKE: &str = "revoke --as-of 2025-01-31";
const ROWS: &str = "mapping\nresponse MGR=2025-01-31
    mapping USER=E2\nmapping USER=E2\nresponse USER=E2 DUE=2025-01-31
    mapping USER=E3\nresponse USER=E3 DUE=2025-01-30\nresponse USER=E4 DUE=2025-01-30
    mapping USER=E5\nresponse USER=E5 DUE=2025-02-01";
/// Four mapping rows deleted, four responses marked.
const CHANGES: &str = "8";

/// What the tables say after a run: nothing else is allowed.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Untouched,
    Done,
}

struct Case {
    name: String,
    fault: String,
    exit: i32,
    end: End,
    /// In the one line that tells of it.
    says: &'static str,
    logins: Option<u64>,
}

fn case(name: &str, fault: &str, exit: i32, end: End, says: &'static str) -> Case {
    Case { name: name.to_owned(), fault: fault.to_owned(), exit, end, says, logins: None }
}

/// A stand-in with the rows in it; patience for one more try.
fn world() -> Option<World> {
    let mut world = World::standin()?;
    world.config.database.retries = 1;
    world.put(ROWS);
    Some(world)
}

/// The applications' tables, as far as a run may change them.
fn tables(world: &World) -> [Vec<String>; 2] {
    [world.dump("map_rap_user_role"), world.dump("recreate_response")]
}

/// What the tables are to hold after a run that nothing disturbed.
fn undisturbed() -> [Vec<String>; 2] {
    let person = |user: &str| format!(r#"{{"USER_ID":"{user}","RMM_ID":7}}"#);
    let response = |user: &str, active: u8, manager: &str, due: &str| {
        let date = |day: &str| match day {
            "" => "null".to_owned(),
            day => format!("\"{day}T00:00:00\""),
        };
        format!(
            r#"{{"REPORTEES_ID":"{user}","RMM_ID":7,"ACCESS_STATUS":"REVOKED","ACCESS_LEVEL":null,"IS_ACTIVE":{active},"ACCESS_REVOKE_DATE_BY_LINE_MANAGER":{},"RECERTIFICATION_DUE_DATE":{}}}"#,
            date(manager),
            date(due)
        )
    };
    let responses = vec![
        response("E1", 0, "2025-01-31", ""),
        response("E2", 0, "", "2025-01-31"),
        response("E3", 0, "", "2025-01-30"),
        response("E4", 0, "", "2025-01-30"),
        response("E5", 1, "", "2025-02-01"),
    ];
    [vec![person("E5")], responses]
}

/// All or nothing, in the applications' tables and in the ledger; and one unbroken chain.
fn assert_end(name: &str, world: &World, before: &[Vec<String>; 2], end: End) {
    let expected = if end == End::Done { &undisturbed() } else { before };
    assert_eq!(&tables(world), expected, "{name}: the applications' tables");
    let count = |query: &str| world.one(&format!("SELECT COUNT(*) AS n FROM {query}"));
    let (runs, changes) = if end == End::Done { ("1", CHANGES) } else { ("0", "0") };
    assert_eq!(count("recert_run WHERE status = 'applied'"), runs, "{name}: runs applied");
    assert_eq!(count("recert_change"), changes, "{name}: changes in the ledger");
    assert_eq!(count("recert_image"), changes, "{name}: images in the ledger");
    let runs: u32 = count("recert_run").parse().unwrap();
    let links = count("recert_run a JOIN recert_run b ON b.previous_sha256 = a.sha256");
    assert_eq!(links, runs.saturating_sub(1).to_string(), "{name}: links of the chain");
    let heads = count("recert_lock l JOIN recert_run r ON r.sha256 = l.head_sha256");
    assert_eq!(heads, runs.min(1).to_string(), "{name}: the chain's end");
}

/// Holds one disturbed run to its case, repeats it undisturbed, and writes the case down.
fn judge(case: &Case, world: &World, before: &[Vec<String>; 2], ran: &Watched) {
    let name = &case.name;
    assert_eq!(ran.code, Some(case.exit), "{name}: {}", ran.log);
    assert_end(name, world, before, case.end);
    let errors: Vec<&str> = ran.log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), usize::from(case.exit != 0), "{name}: {}", ran.log);
    assert!(ran.log.contains(case.says), "{name}: no `{}` in {}", case.says, ran.log);
    for error in errors {
        assert!(error.contains(case.says), "{name}: no `{}` in {error}", case.says);
    }
    if let Some(logins) = case.logins {
        assert_eq!(ran.counted("OCISessionBegin"), logins, "{name}: log-ons tried");
    }
    write_down(case);
}

/// Without the fault, the next run of the scheduler brings everything in order.
fn repeat(name: &str, world: &World) {
    let again = watched(world, REVOKE, "");
    assert_eq!(again.code, Some(0), "{name}, repeated: {}", again.log);
    assert_end(&format!("{name}, repeated"), world, &undisturbed(), End::Done);
}

/// A line for the table of faults.
fn write_down(case: &Case) {
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let end = match case.end {
        End::Done => "all in place, in the ledger",
        End::Untouched => "nothing changed",
    };
    let mut lines = LINES.lock().unwrap();
    lines.push(format!("{:<74} {:>4}  {end}", case.name, case.exit));
    lines.sort();
    let mut text = format!("{:<74} exit  end state (the next run: all in place)\n", "fault");
    for line in &*lines {
        let _ = writeln!(text, "{line}");
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults.txt");
    std::fs::write(path, text).unwrap();
}

/// Runs cases whose fault the stand-in makes by itself.
fn run_all(cases: Vec<Case>) {
    for case in cases {
        let Some(world) = world() else { return };
        let before = tables(&world);
        let ran = watched(&world, REVOKE, &case.fault);
        judge(&case, &world, &before, &ran);
        repeat(&case.name, &world);
    }
}

/// Every call of a run that changes something, in order, as the stand-in names it.
const STEPS: [(&str, &str); 13] = [
    ("logging on", "connect"),
    ("setting the session up", "execute/ALTER SESSION"),
    ("taking the job's lock", "execute/DATABASE_ROLE"),
    ("reading the responses", "execute/FROM RECREATE_RESPONSE"),
    ("fetching the responses", "fetch/FROM RECREATE_RESPONSE"),
    ("counting the mappings", "execute/COUNT(*)"),
    ("holding mappings", "execute/FROM \"MAP_RAP_USER_ROLE\" T"),
    ("holding responses", "execute/FROM \"RECREATE_RESPONSE\" T"),
    ("deleting mappings", "execute/DELETE FROM MAP_RAP_USER_ROLE"),
    ("marking responses", "execute/UPDATE RECREATE_RESPONSE"),
    ("writing changes to the ledger", "execute/INSERT INTO RECERT_CHANGE"),
    ("writing images to the ledger", "execute/INSERT INTO RECERT_IMAGE"),
    ("moving the chain's end", "execute/UPDATE RECERT_LOCK"),
];

#[test]
fn a_server_that_dies_once_at_any_step_costs_one_more_attempt() {
    let mut cases = Vec::new();
    for (what, place) in STEPS {
        for (fault, when) in [("kill-before", "before"), ("kill-after", "after")] {
            let name = format!("server killed once, {when} {what}");
            cases.push(case(
                &name,
                &format!("1:{place}:{fault}"),
                0,
                End::Done,
                "trying the whole",
            ));
        }
    }
    run_all(cases);
}

#[test]
fn a_server_that_dies_again_and_again_leaves_nothing_half_done() {
    let cases = STEPS.map(|(what, place)| {
        let name = format!("server killed every time, {what}");
        case(&name, &format!("*:{place}:kill-before"), 75, End::Untouched, "run it again")
    });
    run_all(cases.into());
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_and_told_as_it_was() {
    // The run's own row travels in one round trip with COMMIT.
    let unreachable = "2:connect:12541,3:connect:12541,4:connect:12541,5:connect:12541";
    let run_row = "execute/INSERT INTO RECERT_RUN";
    run_all(vec![
        case("COMMIT done, its answer lost", "1:commit:kill-after", 0, End::Done, "took effect"),
        case(
            "COMMIT never arrived",
            "1:commit:kill-before",
            75,
            End::Untouched,
            "not in the ledger",
        ),
        case(
            "server killed before the run's row and COMMIT",
            &format!("1:{run_row}:kill-before"),
            75,
            End::Untouched,
            "not in the ledger",
        ),
        case(
            "server killed between the run's row and COMMIT",
            &format!("1:{run_row}:kill-after"),
            75,
            End::Untouched,
            "not in the ledger",
        ),
        case(
            "COMMIT done, its answer lost, nobody answers any more",
            &format!("1:commit:kill-after,{unreachable}"),
            7,
            End::Done,
            "can't be looked up; run it again",
        ),
        case(
            "COMMIT never arrived, nobody answers any more",
            &format!("1:commit:kill-before,{unreachable}"),
            7,
            End::Untouched,
            "can't be looked up; run it again",
        ),
        case(
            "COMMIT done, its answer lost, the first look-up fails",
            "1:commit:kill-after,2:connect:12541",
            0,
            End::Done,
            "took effect",
        ),
    ]);
}

#[test]
fn what_passes_is_tried_again_as_a_whole_and_what_does_not_is_named() {
    let delete = "execute/DELETE FROM MAP_RAP_USER_ROLE";
    let mark = "execute/UPDATE RECREATE_RESPONSE";
    let at = |nth: &str, place: &str, ora: u32| format!("{nth}:{place}:{ora}");
    run_all(vec![
        Case {
            logins: Some(2), // The second writes that the run failed.
            ..case(
                "session killed by a DBA (ORA-00028)",
                &at("1", delete, 28),
                75,
                End::Untouched,
                "killed the session",
            )
        },
        case(
            "a log-on trigger refuses (ORA-00604, 20001)",
            "*:connect:604+20001",
            3,
            End::Untouched,
            "log-on trigger",
        ),
        case("wrapped: sessions (ORA-00604, 00018)", "1:connect:604+18", 0, End::Done, "trying"),
        case(
            "wrapped: no room (ORA-00604, 01653)",
            &format!("*:{mark}:604+1653"),
            3,
            End::Untouched,
            "a DBA must",
        ),
        case(
            "serialization failure once (ORA-08177)",
            &at("1", mark, 8177),
            0,
            End::Done,
            "trying",
        ),
        case(
            "serialization failure every time",
            &at("*", mark, 8177),
            77,
            End::Untouched,
            "run it again",
        ),
        case("deadlock once (ORA-00060)", &at("1", mark, 60), 0, End::Done, "trying"),
        case("deadlock every time", &at("*", mark, 60), 77, End::Untouched, "run it again"),
        case(
            "undo too small every time (ORA-01555)",
            &at("*", "fetch", 1555),
            77,
            End::Untouched,
            "undo",
        ),
        case(
            "lock taken (ORA-00054)",
            &at("*", "execute/DATABASE_ROLE", 54),
            76,
            End::Untouched,
            "another run",
        ),
        case(
            "instance starting once (ORA-01033)",
            &at("1", "connect", 1033),
            0,
            End::Done,
            "trying",
        ),
        case("too many sessions once (ORA-00020)", &at("1", "connect", 20), 0, End::Done, "trying"),
        case(
            "a key taken meanwhile, once (ORA-00001)",
            &at("1", "execute/INSERT INTO RECERT_CHANGE", 1),
            0,
            End::Done,
            "trying",
        ),
        case(
            "a key taken every time",
            &at("*", "execute/INSERT INTO RECERT_CHANGE", 1),
            1,
            End::Untouched,
            "ORA-00001",
        ),
        case("table missing (ORA-00942)", &at("*", mark, 942), 3, End::Untouched, "recert check"),
        case("grant missing (ORA-01031)", &at("*", mark, 1031), 3, End::Untouched, "recert check"),
        case(
            "no room left (ORA-01653)",
            &at("*", "execute/INSERT INTO RECERT_IMAGE", 1653),
            3,
            End::Untouched,
            "a DBA must",
        ),
        case(
            "open for reading only (ORA-16000)",
            &at("*", delete, 16000),
            3,
            End::Untouched,
            "standby",
        ),
        case(
            "cancelled by a DBA (ORA-01013)",
            &at("1", mark, 1013),
            75,
            End::Untouched,
            "cancelled",
        ),
        case(
            "something unforeseen (ORA-00600)",
            &at("1", mark, 600),
            1,
            End::Untouched,
            "ORA-00600",
        ),
    ]);
}

#[test]
fn a_refused_log_on_is_never_tried_again() {
    for (name, ora, says) in [
        ("password expired (ORA-28001)", 28001, "a DBA must unlock"),
        ("no CREATE SESSION (ORA-01045)", 1045, "grant"),
    ] {
        let refused = case(name, &format!("*:connect:{ora}"), 3, End::Untouched, says);
        run_all(vec![Case { logins: Some(1), ..refused }]);
    }
    let Some(mut world) = world() else { return };
    let before = tables(&world);
    let good = world.config.database.clone();
    let refused =
        |name: &str, says| Case { logins: Some(1), ..case(name, "", 3, End::Untouched, says) };

    write_secret(&world.folder.path().join("wrong"), "not it");
    world.config.database.password_file = Some(world.folder.path().join("wrong"));
    let ran = watched(&world, REVOKE, "");
    world.config.database = good.clone();
    judge(&refused("wrong password", "the password"), &world, &before, &ran);

    let standin = world.standin_database();
    let user = standin.add_user("locked").unwrap();
    standin.psql(&format!("ALTER ROLE {user} NOLOGIN")).unwrap();
    world.config.database.username = Some(user);
    let ran = watched(&world, REVOKE, "");
    world.config.database = good;
    judge(&refused("account locked", "a DBA must unlock it"), &world, &before, &ran);
    repeat("account locked", &world);
}

#[test]
fn a_server_that_is_not_there_is_no_matter_of_config_but_a_missing_library_is() {
    let Some(mut world) = world() else { return };
    let before = tables(&world);
    let good = world.config.database.clone();
    let closed = crate::slapd::DEAD_PORT;
    let service = good.url.rsplit_once('/').unwrap().0.to_owned();
    for (name, url, exit, says) in [
        ("no listener", format!("oracle://127.0.0.1:{closed}/RAP"), 75, "nobody listens there"),
        ("unknown service", format!("{service}/nosuch"), 75, "does not know the service"),
        (
            "unknown host",
            "oracle://nowhere.invalid:1521/RAP".to_owned(),
            75,
            "the host did not answer",
        ),
        ("unknown TNS alias", "oracle:NOSUCH".to_owned(), 3, "tnsnames.ora"),
    ] {
        world.config.database.url = url;
        let ran = watched(&world, REVOKE, "");
        world.config.database = good.clone();
        judge(&case(name, "", exit, End::Untouched, says), &world, &before, &ran);
    }
    world.config.database.client_lib_dir = Some(world.folder.path().to_owned());
    let ran = watched(&world, REVOKE, "");
    world.config.database = good;
    let missing = case("no client library", "", 3, End::Untouched, "Instant Client");
    judge(&missing, &world, &before, &ran);
    repeat("no client library", &world);
}
