//! Several databases, each with a ledger of its own: history, show, verify, restore and check over all of them or one;
//! and archiving what runs of every job left.

use recert::door::commands::history::{self, list};
use recert::door::commands::{check, migrate, verify};
use recert::door::config::DatabaseConfig;
use recert::door::exit::Exit;
use recert::door::run::Ended;
use serde_json::Value as Json;

use crate::disable_inactive::{self, RUN};
use crate::harness::{World, exit, ok, recert, worlds};
use crate::import_availability;
use crate::import_users::import_of;
use crate::verify::{holds, python_agrees};

const NAMES: [&str; 3] = ["main", "disable-inactive", "import"];

/// Runs something while the world's `[database]` is another one.
fn on<T>(world: &mut World, database: &DatabaseConfig, does: impl FnOnce(&mut World) -> T) -> T {
    let main = std::mem::replace(&mut world.config.database, database.clone());
    let done = does(world);
    world.config.database = main;
    done
}

/// One run of revoke, disable-inactive and import-users each, in three databases.
fn three() -> (World, [Ended; 3]) {
    let mut world = World::sqlite();
    let folder = world.folder.path().to_owned();
    let own = |name: &str| DatabaseConfig {
        url: format!("sqlite:{}", folder.join(name).display()),
        ..DatabaseConfig::default()
    };
    let (ops, people) = (own("ops.db"), own("people.db"));
    world.config.disable_inactive.database = Some(ops.clone());
    world.config.import.database = Some(people.clone());
    world.config.limits.restore.floor = 1_000;
    let args = migrate::Args { base_tables: true, ..migrate::Args::default() };
    migrate::run(&args, &world.context()).unwrap();
    world.put("mapping\nresponse MGR=2026-11-30");
    on(&mut world, &ops, |world| {
        disable_inactive::set_up(world);
        world.put("account ID=7 CREATED=2020-01-01");
    });
    on(&mut world, &people, |world| world.put("org\nperson CITY=Bern"));
    let import = import_of(&world, &[""]);
    let runs = ["revoke --as-of 2026-11-30", RUN, &import].map(|command| world.run(command));
    runs.iter().for_each(ok);
    (world, runs)
}

/// The config as a file, with its three databases.
fn config_file(world: &World) -> std::path::PathBuf {
    let url = |database: &DatabaseConfig| toml::Value::String(database.url.clone());
    let own = |database: &Option<DatabaseConfig>| url(database.as_ref().unwrap());
    let text = format!(
        "[database]\nurl = {}\n[disable_inactive.database]\nurl = {}\n[import.database]\nurl = {}\n",
        url(&world.config.database),
        own(&world.config.disable_inactive.database),
        own(&world.config.import.database)
    );
    let path = world.folder.path().join("three.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The binary's number and its words on stdout and stderr.
fn said(world: &World, command: &str) -> (Option<i32>, String, String) {
    let output = recert(command).env("RECERT_CONFIG", config_file(world)).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn history_lists_the_runs_of_every_database_or_of_the_one_that_is_named() {
    let (world, runs) = three();
    let listed = |database: Option<&str>| -> Vec<(String, String)> {
        let args =
            history::Args { database: database.map(str::to_owned), ..history::Args::default() };
        let runs = list(&args, &world.context()).unwrap();
        runs.iter().map(|run| (run.database.to_owned(), run.run.run_id.clone())).collect()
    };
    let mut all = listed(None);
    all.sort();
    let mut expected: Vec<_> = NAMES
        .iter()
        .zip(&runs)
        .map(|(name, run)| ((*name).to_owned(), run.summary.run_id.clone()))
        .collect();
    for one in &expected {
        assert_eq!(listed(Some(&one.0)), std::slice::from_ref(one));
    }
    expected.sort();
    assert_eq!(all, expected);
    let (code, out, _) = said(&world, "history --output json");
    let json: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["runs"].as_array().unwrap().len()), (Some(0), 3));
    assert_eq!(said(&world, "history --database elsewhere").0, Some(2));
}

#[test]
fn show_finds_a_run_in_whichever_database_holds_it() {
    let (world, runs) = three();
    for (name, run) in NAMES.iter().zip(&runs) {
        let id = &run.summary.run_id;
        for named in ["", &format!(" --database {name}")] {
            let (code, out, err) = said(&world, &format!("show {id}{named}"));
            assert!(code == Some(0) && out.contains(id), "{named}: {err}");
        }
    }
    let command = format!("show {} --database import", runs[0].summary.run_id);
    let (code, _, err) = said(&world, &command);
    assert!(code == Some(2) && err.contains("is in the ledger of: import"), "{err}");
}

#[test]
fn show_takes_no_run_for_another_that_begins_alike_in_another_database() {
    let (world, runs) = three();
    let ids = runs.each_ref().map(|run| run.summary.run_id.as_str());
    // An id begins with its moment; these are of the same minute, as a rule.
    let same = ids[0].bytes().zip(ids[2].bytes()).take_while(|(a, b)| a == b).count();
    if same >= 8 {
        let (code, out, err) = said(&world, &format!("show {}", &ids[0][..same]));
        assert!(code == Some(2) && out.is_empty(), "{out}");
        assert!(err.contains("main") && err.contains("import") && err.contains(ids[2]), "{err}");
        let command = format!("show {} --database import", &ids[0][..same]);
        assert!(said(&world, &command).1.contains(ids[2]));
    }
}

#[test]
fn verify_walks_every_ledger_and_names_the_one_that_was_tampered_with() {
    let (mut world, runs) = three();
    assert_eq!(holds(&world).counts.get("runs"), 3);
    let verify_of = |world: &World, database: Option<&str>| {
        let args =
            verify::Args { database: database.map(str::to_owned), ..verify::Args::default() };
        verify::run(&args, &world.context()).unwrap()
    };
    for name in NAMES {
        assert_eq!(verify_of(&world, Some(name)).summary.counts.get("runs"), 1, "{name}");
    }
    let people = world.config.import.database.clone().unwrap();
    on(&mut world, &people, |world| world.tamper("UPDATE recert_run SET job = 'revoke'"));
    let error = verify_of(&world, None).error.unwrap();
    let said = Exit::tell(&error);
    assert_eq!(Exit::of(&error), Exit::Evidence);
    assert!(
        said.contains(&format!("`import` was tampered with: run {}", runs[2].summary.run_id)),
        "{said}"
    );
    assert!(verify_of(&world, Some("main")).error.is_none());
    assert!(verify_of(&world, Some("import")).error.is_some());
}

#[test]
fn verify_tells_of_a_ledger_that_was_tampered_with_where_another_database_can_not_be_reached() {
    let (mut world, _) = three();
    let args = || verify::Args {
        dump: Some(world.folder.path().join("dump.jsonl")),
        export: Some(world.folder.path().join("heads.json")),
        ..verify::Args::default()
    };
    let (dump, tampered, away) = (args(), "UPDATE recert_run SET job = 'restore'", "ops.db");
    std::fs::remove_file(world.folder.path().join(away)).unwrap();
    let error = verify::run(&dump, &world.context()).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Config, "nothing is wrong with what can be reached");
    for name in ["main", "import"] {
        let database = match name {
            "main" => world.config.database.clone(),
            _ => world.config.import.database.clone().unwrap(),
        };
        on(&mut world, &database, |world| world.tamper(tampered));
        let outcome = verify::run(&dump, &world.context()).unwrap();
        assert_eq!(outcome.exit(), Exit::Evidence, "{name}");
        let told = outcome.summary.error.unwrap();
        assert!(told.contains(&format!("`{name}` was tampered with")), "{told}");
        let found: Vec<_> = outcome.summary.findings.iter().map(|f| (f.kind, &*f.key)).collect();
        assert!(found.contains(&("not_verified", "disable-inactive")), "{found:?}");
        assert!(dump.dump.as_ref().unwrap().exists(), "of those that can be reached");
        assert!(!dump.export.as_ref().unwrap().exists());
    }
}

#[test]
fn verify_against_kept_heads_says_which_database_it_did_not_look_at() {
    let (mut world, _) = three();
    let kept = world.folder.path().join("heads.json");
    let export = verify::Args { export: Some(kept.clone()), ..verify::Args::default() };
    verify::run(&export, &world.context()).unwrap();
    let against = || verify::Args { against: Some(kept.clone()), ..verify::Args::default() };
    let found = |world: &World, args: &verify::Args| -> Vec<String> {
        let outcome = verify::run(args, &world.context()).unwrap();
        assert!(outcome.error.is_none());
        outcome
            .summary
            .findings
            .iter()
            .filter(|found| found.kind != "foreign_id") // The tests' clock is not that of the ids.
            .map(|found| format!("{} {}", found.kind, found.key))
            .collect()
    };
    assert_eq!(found(&world, &against()), Vec::<String>::new());
    let one = verify::Args { database: Some("import".to_owned()), ..against() };
    assert_eq!(found(&world, &one), Vec::<String>::new(), "that was asked for");
    world.config.import.database = None;
    assert_eq!(found(&world, &against()), ["not_verified import"]);
}

#[test]
fn restore_works_on_the_database_that_is_named_and_names_the_others() {
    let (world, runs) = three();
    for (name, run) in NAMES.iter().zip(&runs) {
        let id = &run.summary.run_id;
        if *name != "main" {
            let ended = world.run(&format!("restore {id}"));
            assert_eq!(exit(&ended), Exit::Usage);
            let told = ended.summary.error.unwrap();
            assert!(told.contains(&format!("`--database {name}`")), "{told}");
        }
        let restored = world.run(&format!("restore {id} --database {name}"));
        ok(&restored);
        assert!(restored.summary.counts.get("changes") > 0, "{name}");
        let undone = world.run(&format!("restore {} --database {name}", restored.summary.run_id));
        ok(&undone);
        let (code, out, err) =
            said(&world, &format!("preview restore {id} --database {name} --format json"));
        assert!(code == Some(0) && out.contains("restores change 1"), "{err}");
    }
    assert_eq!(holds(&world).counts.get("runs"), 3 + 6 + 2); // The refused ones have their row too.
}

#[test]
fn check_looks_at_every_database() {
    let (mut world, _) = three();
    let missing = |world: &World| -> Vec<String> {
        let summary = check::run(&check::Args::default(), &world.context()).unwrap().summary;
        let lines = summary.findings.iter().filter(|line| line.kind == "missing");
        lines.map(|line| line.key.clone()).collect()
    };
    assert_eq!(missing(&world), Vec::<String>::new());
    let people = world.config.import.database.clone().unwrap();
    on(&mut world, &people, |world| world.define("DROP TABLE pm_availability"));
    assert!(missing(&world).iter().any(|what| what.contains("PM_AVAILABILITY")));
}

#[test]
fn archive_of_runs_of_every_job_leaves_a_chain_that_verifies() {
    for mut world in worlds() {
        disable_inactive::set_up(&mut world);
        world.config.limits.restore.floor = 1_000;
        world.put(
            "mapping\nresponse MGR=2026-11-30\naccount ID=7 CREATED=2020-01-01
             org\nperson CITY=Bern\nrole\nperson ID=U2 EMAIL=b@x DEL=1 DELETE_AT=2026-11-30\nrole USER=U2
             person ID=U3 EMAIL=c@x",
        );
        let import = import_of(&world, &["costCenter=12340000", "id=U3|email=c@x|city=Basel"]);
        let months = import_availability::command(&world, "email;2026-01\nanna@example.org;0.5\n");
        let commands = ["revoke --as-of 2026-11-30", RUN, &months, &import];
        let runs = commands.map(|command| world.run(command));
        runs.iter().for_each(ok);
        ok(&world.run(&format!("restore {}", runs[0].summary.run_id)));
        holds(&world);
        // Those of a purge's own changes hold nothing, and stay.
        let filled = "SELECT COUNT(*) AS n FROM recert_image WHERE before_image IS NOT NULL OR after_image IS NOT NULL";
        let images: u64 = world.one(filled).parse().unwrap();

        let path = world.folder.path().join("old.jsonl");
        let now: chrono::DateTime<chrono::Utc> = "2030-07-01T12:00:00Z".parse().unwrap();
        let clock = move || now;
        let args = history::Args {
            archive_before: Some("2030-06-30".parse().unwrap()),
            out: Some(path.clone()),
            ..history::Args::default()
        };
        let context = recert::door::commands::CommandContext { clock: &clock, ..world.context() };
        let summary = history::run(&args, &context).unwrap().summary;
        assert_eq!(summary.counts.get("runs_archived"), 5, "{}", world.name);
        assert_eq!(summary.counts.get("images_archived"), images, "{}", world.name);
        let verified = holds(&world);
        assert_eq!(verified.counts.get("erased"), images);
        python_agrees(&world, true);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains("b@x"), "nothing was kept of who was purged");
        for run in &runs {
            let ended = world.run(&format!("restore {}", run.summary.run_id));
            assert_eq!(exit(&ended), Exit::Refused);
        }

        // A purge after it finds nothing of the person to erase but what was written since.
        let import = import_of(&world, &["costCenter=12340000"]);
        let (command, _) = import.split_once(" --as-of").unwrap();
        for (day, counted) in [("2026-12-01", "marked"), ("2027-01-31", "purged")] {
            let ended = world.run(&format!("{command} --as-of {day}"));
            ok(&ended);
            assert_eq!(ended.summary.counts.get(counted), 1);
        }
        assert_eq!(holds(&world).counts.get("erased"), images + 1);
        python_agrees(&world, true);
    }
}
