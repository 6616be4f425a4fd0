//! `recert check`: what it looks at, what it says of what is missing, and the number it ends with.

mod grants;

use recert::door::commands::check;
use recert::door::commands::check::CheckedJob;
use recert::door::config::Limits;
use recert::door::exit::Exit;
use recert::door::jobs::Job;
use recert::door::summary::Summary;

use crate::harness::{World, exit, ok, worlds, write_secret};

pub(crate) fn check(world: &World) -> Summary {
    check_jobs(world, &[])
}

fn check_jobs(world: &World, jobs: &[CheckedJob]) -> Summary {
    let args = check::Args { jobs: jobs.to_vec() };
    check::run(&args, &world.context()).unwrap().summary
}

/// The lines of a kind: what, and what is said of it.
fn lines(summary: &Summary, kind: &str) -> Vec<String> {
    let of_kind = summary.findings.iter().filter(|line| line.kind == kind);
    of_kind.map(|line| format!("{}: {}", line.key, line.message)).collect()
}

fn assert_mended_by(world: &World, spoil: &str, what: &str, mend: &str) {
    world.define(spoil);
    let summary = check(world);
    let missing = lines(&summary, "missing");
    assert_eq!(summary.exit_code, Exit::Config.code(), "{}: {spoil}: {missing:?}", world.name);
    let line = missing.iter().find(|line| line.starts_with(&format!("{what}: ")));
    let line = line.unwrap_or_else(|| panic!("{}: no line of {what} in {missing:?}", world.name));
    assert!(line.contains(mend), "{}: no `{mend}` in {line}", world.name);
    assert!(summary.error.unwrap().contains(what));
}

#[test]
fn check_finds_nothing_missing_after_migrate() {
    for world in worlds() {
        let summary = check(&world);
        assert_eq!(lines(&summary, "missing"), Vec::<String>::new(), "{}", world.name);
        assert_eq!(summary.exit_code, 0);
        assert!(lines(&summary, "ok").iter().any(|line| line.starts_with("RECERT_RUN: ")));
    }
}

#[test]
fn check_tells_how_much_of_the_days_allowance_each_job_has_left() {
    for mut world in worlds() {
        let limits = Limits { count: 500, percent: 50.0, floor: 3, hours: 24 };
        world.config.limits.revoke = limits;
        world.put(&(0..40).map(|n| format!("mapping USER=E{n}\n")).collect::<String>());
        let allowance = |jobs: &[CheckedJob]| -> Vec<String> {
            let lines = lines(&check_jobs(&world, jobs), "ok");
            lines.into_iter().filter(|line| line.starts_with("allowance of ")).collect()
        };
        let of_revoke = |earlier, left| {
            let told = format!("allowance of revoke: {earlier} taken in the last 24 hours; {left}");
            format!("{told} may be taken yet")
        };
        assert_eq!(allowance(&[CheckedJob::Revoke])[0], of_revoke(0, 20), "{}", world.name);
        world.put(
            &(0..4).map(|n| format!("response USER=E{n} MGR=2025-01-31\n")).collect::<String>(),
        );
        ok(&world.run("revoke"));
        assert_eq!(allowance(&[CheckedJob::Revoke])[0], of_revoke(4, 18 - 4), "{}", world.name);
        // One of each job, and one of what nobody answered.
        assert_eq!(allowance(&[]).len(), Job::ALL.len() + 1);
        assert!(
            allowance(&[CheckedJob::ImportUsers])[0].contains("at least 1000 may be taken yet")
        );

        world.tamper("UPDATE recert_lock SET head_sha256 = 'f00d' WHERE job = 'ledger'");
        let warnings = lines(&check(&world), "warning");
        assert!(warnings.iter().any(|line| line.contains("its chain is broken")), "{warnings:?}");

        // No run can be added to a chain without an end: they all would end with 3.
        world.tamper("UPDATE recert_lock SET head_sha256 = NULL WHERE job = 'ledger'");
        let missing = lines(&check(&world), "missing");
        assert!(missing.iter().any(|line| line.contains("its chain is broken")), "{missing:?}");
    }
}

#[test]
fn check_says_who_the_session_is_on_oracle_and_whether_the_clocks_agree() {
    let Some(mut world) = World::oracle() else { return };
    let summary = check(&world);
    for what in ["client library", "database", "schema", "module"] {
        let ok = lines(&summary, "ok");
        assert!(ok.iter().any(|line| line.starts_with(what)), "no {what} in {ok:?}");
    }
    // The tests' clock stands in 2030.
    assert!(lines(&summary, "warning").iter().any(|line| line.starts_with("clock")));
    world.config.database.schema = Some("NO_SUCH_SCHEMA".to_owned());
    assert_eq!(check(&world).exit_code, Exit::Config.code());
}

#[test]
fn check_names_a_missing_table_column_and_lock_with_the_statement_that_mends_it() {
    for world in worlds() {
        assert_mended_by(
            &world,
            "ALTER TABLE recert_run DROP COLUMN reason",
            "RECERT_RUN.REASON",
            "ALTER TABLE RECERT_RUN ADD \"REASON\" VARCHAR2(2000)",
        );
        world.define("ALTER TABLE recert_run ADD reason VARCHAR2(2000)");
        world.tamper("DELETE FROM recert_lock WHERE job = 'access'");
        let line = lines(&check(&world), "missing").remove(0);
        assert!(line.starts_with("lock of access"), "{line}");
        world.tamper(line.split_once("RECERT_LOCK: ").unwrap().1); // The statement works.
        assert_eq!(lines(&check(&world), "missing"), Vec::<String>::new());
        assert_mended_by(&world, "DROP TABLE user_tab", "USER_TAB", "`[database] url`");
        let told = lines(&check(&world), "missing").join("\n");
        assert!(!told.contains("CREATE TABLE"), "an application's tables are its own: {told}");
    }
}

#[test]
fn check_tries_on_sqlite_too_what_a_run_does_to_each_table() {
    let world = World::sqlite();
    world.define("ALTER TABLE map_rap_user_role RENAME TO behind");
    assert_mended_by(
        &world,
        "CREATE VIEW map_rap_user_role AS SELECT * FROM behind",
        "MAP_RAP_USER_ROLE",
        "a run would be refused here: ",
    );
    assert_eq!(exit(&world.run("revoke")), Exit::Config);
}

#[test]
fn check_warns_of_a_missing_index() {
    for world in worlds() {
        world.define("DROP INDEX map_rap_user_role_ix");
        let summary = check(&world);
        assert_eq!(summary.exit_code, 0, "{}: runs do without it", world.name);
        let warnings = lines(&summary, "warning").join("\n");
        assert!(warnings.contains("CREATE INDEX map_rap_user_role_ix ON"), "{warnings}");
    }
}

#[test]
fn check_names_a_day_that_is_kept_as_text() {
    let Some(world) = World::oracle() else { return };
    world.define("ALTER TABLE recreate_response DROP COLUMN recertification_due_date");
    assert_mended_by(
        &world,
        "ALTER TABLE recreate_response ADD recertification_due_date VARCHAR2(10)",
        "RECREATE_RESPONSE.RECERTIFICATION_DUE_DATE",
        "DATE is needed",
    );
}

#[test]
fn check_names_a_password_that_others_can_read() {
    let Some(mut world) = World::oracle() else { return };
    let open = world.folder.path().join("open");
    write_secret(&open, "secret");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    world.config.database.password_file = Some(open);
    let summary = check(&world);
    assert_eq!(summary.exit_code, Exit::Config.code());
    let missing = lines(&summary, "missing").join("\n");
    assert!(missing.contains("chmod 600"), "{missing}");
    assert!(!missing.contains("secret"), "{missing}");
}

#[test]
fn check_ends_with_75_when_only_the_database_does_not_answer() {
    let Some(mut world) = World::oracle() else { return };
    world.config.database.url = "oracle://127.0.0.1:1/RAP".to_owned();
    let summary = check(&world);
    assert_eq!(summary.exit_code, Exit::Unavailable.code());
    assert_eq!(lines(&summary, "unavailable").len(), 1);
}

#[test]
fn check_tells_of_the_embedded_database_that_is_not_there() {
    let mut world = World::sqlite();
    world.config.database.url = format!("sqlite:{}", world.folder.path().join("none").display());
    let summary = check(&world);
    assert_eq!(summary.exit_code, Exit::Config.code());
    assert!(lines(&summary, "missing").join("\n").contains("recert migrate"));
}

#[test]
fn check_changes_nothing() {
    for world in worlds() {
        let tables = ["recert_lock", "recert_run", "recert_change", "map_rap_user_role"];
        world.put("mapping");
        let before = tables.map(|table| world.dump(table));
        check(&world);
        assert_eq!(tables.map(|table| world.dump(table)), before, "{}", world.name);
    }
}

#[test]
fn the_binary_prints_a_line_for_each_thing_and_its_number() {
    let world = World::sqlite();
    let output = world.recert("check").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("  ok RECERT_LOCK: "), "{told}");
    world.define("DROP TABLE recert_image");
    let output = world.recert("check --output json").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["missing"], 1);
    assert_eq!(summary["exit_code"], 3);
}

#[test]
fn an_application_that_is_not_there_is_absent_unless_one_of_its_jobs_is_named() {
    for world in worlds() {
        for table in ["ops_event", "ops_db_history", "user_session", "ops_user"] {
            world.define(&format!("DROP TABLE {table}"));
        }
        let summary = check(&world);
        assert_eq!(summary.exit_code, 0, "{}: {:?}", world.name, lines(&summary, "missing"));
        let absent = lines(&summary, "absent");
        assert_eq!(absent.len(), 1, "{absent:?}");
        assert!(absent[0].starts_with("OPS: "), "{absent:?}");
        assert_eq!(check_jobs(&world, &[CheckedJob::Revoke]).exit_code, 0);
        let named = check_jobs(&world, &[CheckedJob::Revoke, CheckedJob::DisableInactive]);
        assert_eq!(named.exit_code, Exit::Config.code(), "{}", world.name);
        assert_eq!(lines(&named, "missing").len(), 4, "{:?}", lines(&named, "missing"));
    }
}

#[test]
fn a_named_job_is_asked_for_its_own_tables_alone() {
    for world in worlds() {
        world.define("DROP TABLE user_tab");
        assert_eq!(check_jobs(&world, &[CheckedJob::Revoke]).exit_code, 0, "{}", world.name);
        let sync = check_jobs(&world, &[CheckedJob::SyncManagers]);
        assert!(lines(&sync, "missing").iter().any(|line| line.starts_with("USER_TAB: ")));
    }
}

#[test]
fn a_named_job_is_held_against_what_it_ends_with_3_without() {
    use CheckedJob::{DisableInactive, Revoke, SyncManagers};
    for mut world in worlds() {
        let missing = |world: &World, job| lines(&check_jobs(world, &[job]), "missing");
        assert!(missing(&world, SyncManagers)[0].starts_with("directory: none is configured"));
        assert!(missing(&world, DisableInactive)[0].starts_with("actor: "));
        assert_eq!(check(&world).exit_code, 0, "nobody said that these jobs will run");
        world.config.disable_inactive.actor_oidc_id = Some("nobody".to_owned());
        assert!(lines(&check(&world), "missing")[0].contains("0 accounts in OPS_USER"));
        world.put("account OIDC=nobody");
        assert_eq!(missing(&world, DisableInactive), Vec::<String>::new(), "{}", world.name);
        world.config.approval.signers = Some(world.folder.path().join("signers"));
        assert!(missing(&world, Revoke)[0].starts_with("signers: "), "{}", world.name);
        std::fs::write(world.folder.path().join("signers"), "").unwrap();
        assert_eq!(missing(&world, Revoke), Vec::<String>::new(), "{}", world.name);
    }
}

#[test]
fn check_names_columns_that_are_compared_and_of_different_types() {
    let Some(world) = World::oracle() else { return };
    world.define("ALTER TABLE map_rap_user_role DROP COLUMN user_id");
    let add = "ALTER TABLE map_rap_user_role ADD user_id CHAR(10)";
    assert_mended_by(&world, add, "MAP_RAP_USER_ROLE.USER_ID", "both must be of one type");
    world.define("ALTER TABLE pm_availability DROP COLUMN user_id");
    let add = "ALTER TABLE pm_availability ADD user_id NUMBER(10)";
    assert_mended_by(&world, add, "PM_AVAILABILITY.USER_ID", "first id with a letter");
}

#[test]
fn check_names_what_else_happens_when_rows_change() {
    let Some(world) = World::standin() else { return };
    let owner = world.config.database.username.clone().unwrap();
    let sql = format!(
        "CREATE FUNCTION {owner}.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER stamp AFTER UPDATE ON {owner}.user_tab FOR EACH ROW EXECUTE FUNCTION {owner}.nothing();
         CREATE TABLE {owner}.badge (user_id varchar(64) REFERENCES {owner}.pm_user (id) ON DELETE CASCADE);
         ALTER TABLE {owner}.badge OWNER TO {owner};
         ALTER DATABASE {} SET oci.nls_characterset = 'WE8ISO8859P15'",
        world.standin_database().psql("SELECT current_database()").unwrap().trim()
    );
    world.standin_database().psql(&sql).unwrap();
    let summary = check(&world);
    let warnings = lines(&summary, "warning").join("\n");
    for said in [
        "USER_TAB: trigger STAMP",
        "PM_USER: rows of BADGE go",
        "without an index",
        "WE8ISO8859P15",
    ] {
        assert!(warnings.contains(said), "no `{said}` in {warnings}");
    }
    assert_eq!(summary.exit_code, 0);
}

#[test]
fn check_on_a_standby_says_that_a_run_needs_the_primary() {
    let Some(world) = World::standin() else { return };
    let standin = world.standin_database();
    let name = standin.psql("SELECT current_database()").unwrap();
    let sql = format!("ALTER DATABASE {} SET oci.database_role = 'PHYSICAL STANDBY'", name.trim());
    standin.psql(&sql).unwrap();
    let missing = lines(&check(&world), "missing");
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].starts_with("role: this is a PHYSICAL STANDBY"), "{missing:?}");
}

#[test]
fn check_warns_of_a_column_that_may_be_too_short_for_a_rows_history() {
    let Some(world) = World::oracle() else { return };
    world.define("ALTER TABLE ops_db_history DROP COLUMN changes");
    world.define("ALTER TABLE ops_db_history ADD changes VARCHAR2(4000)");
    let summary = check(&world);
    assert_eq!(lines(&summary, "missing"), Vec::<String>::new());
    let warnings = lines(&summary, "warning").join("\n");
    assert!(warnings.contains("OPS_DB_HISTORY.CHANGES: VARCHAR2 of 4000"), "{warnings}");
}

#[test]
fn check_names_a_column_that_is_too_short_for_what_a_run_writes_there() {
    let Some(world) = World::oracle() else { return };
    for (table, column, text) in [
        ("OPS_USER", "STATUS", "INACTIVE"),
        ("OPS_EVENT", "EVENT_TYPE", "UPDATE_USER"),
        ("OPS_DB_HISTORY", "CLASS_NAME", "UserSession"),
    ] {
        world.define(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
        let add = format!("ALTER TABLE {table} ADD {column} VARCHAR2({})", text.len() - 1);
        assert_mended_by(
            &world,
            &add,
            &format!("{table}.{column}"),
            &format!("too short for `{text}`"),
        );
        world.define(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
        world.define(&format!("ALTER TABLE {table} ADD {column} VARCHAR2({})", text.len()));
        assert_eq!(lines(&check(&world), "missing"), Vec::<String>::new());
    }
}

#[test]
fn client_lib_dir_alone_is_enough_for_a_library_of_two_files() {
    let Some(mut world) = World::standin() else { return };
    // As Instant Client is made: one file needs the other, and doesn't say where it is.
    let folder = world.folder.path().join("client");
    std::fs::create_dir(&folder).unwrap();
    let standin = clntsh::support::library_dir().join("libclntsh.so");
    std::fs::copy(standin, folder.join("libnnz99.so")).unwrap();
    let linked = std::process::Command::new("cc")
        .args([
            "-shared",
            "-o",
            "libclntsh.so",
            "-x",
            "c",
            "/dev/null",
            "-Wl,--no-as-needed",
            "-L.",
        ])
        .args(["-x", "none", "-l:libnnz99.so"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(linked.status.success(), "{}", String::from_utf8_lossy(&linked.stderr));
    world.config.database.client_lib_dir = Some(folder);
    let mut check = world.recert("check");
    check.env_remove("LD_LIBRARY_PATH");
    let output = check.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
}
