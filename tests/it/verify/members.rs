//! Which earlier runs a command may believe.

use recert::door::exit::Exit;
use recert::door::ledger::{self, LedgerChain};

use super::with_runs;
use crate::harness::{World, exit, now, ok, worlds};

fn chain(world: &World) -> LedgerChain {
    LedgerChain::read(&mut *world.open()).unwrap()
}

fn last(world: &World) -> Option<String> {
    let found = chain(world).last("revoke", &["applied"], &mut *world.open()).unwrap();
    found.map(|member| member.run.run_id)
}

#[test]
fn members_are_the_runs_of_the_chain_with_their_counts_the_newest_first() {
    for world in worlds() {
        let ids = with_runs(&world);
        let (mut chain, mut db) = (chain(&world), world.open());
        assert_eq!(chain.broken(), None);
        let since = chain.applied_since("revoke", now(), &mut *db).unwrap();
        let found: Vec<&str> = since.iter().map(|member| member.run.run_id.as_str()).collect();
        // The one between them changed nothing.
        assert_eq!(found, [&ids[3], &ids[2], &ids[0]]);
        assert_eq!(since[2].count("mappings_deleted"), 2);
        assert_eq!(since[2].finished_at(), Some(now()));
        let later = now() + chrono::TimeDelta::seconds(1);
        assert_eq!(chain.applied_since("revoke", later, &mut *db).unwrap().len(), 0);
        let idle = chain.last("revoke", &["unchanged"], &mut *db).unwrap().unwrap();
        assert_eq!(idle.run.run_id, ids[1]);
        assert!(chain.last("restore", &["applied"], &mut *db).unwrap().is_none());
    }
}

#[test]
fn a_run_that_the_chain_does_not_reach_is_no_member() {
    for world in worlds() {
        let ids = with_runs(&world);
        world.tamper(&format!(
            "INSERT INTO recert_run (run_id, job, as_of, status, started_at, finished_at, os_user, host, version,
                    config_sha256, parameters, counts, reason, previous_sha256, sha256)
             SELECT 'ffffffff-0000', job, as_of, status, started_at, finished_at, os_user, host, version,
                    config_sha256, parameters, counts, reason, sha256, 'f00d'
               FROM recert_run WHERE run_id = '{}'",
            ids[3]
        ));
        assert!(!chain(&world).reaches("ffffffff-0000"));
        let error = chain(&world).member("ffffffff-0000", &mut *world.open()).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Evidence);
        assert_eq!(last(&world).as_deref(), Some(ids[3].as_str()));
    }
}

#[test]
fn a_run_whose_hash_does_not_fit_is_passed_over_and_told() {
    for world in worlds() {
        let ids = with_runs(&world);
        world.tamper(&format!("UPDATE recert_run SET counts = '{{}}' WHERE run_id = '{}'", ids[3]));
        world.tamper(&format!("UPDATE recert_change SET sha256 = 'x' WHERE run_id = '{}'", ids[2]));
        let (mut chain, mut db) = (chain(&world), world.open());
        let last = chain.last("revoke", &["applied"], &mut *db).unwrap().unwrap();
        assert_eq!(last.run.run_id, ids[0]);
        assert_eq!(chain.unbelieved(), [ids[3].clone(), ids[2].clone()]);
        assert_eq!(chain.applied_since("revoke", now(), &mut *db).unwrap().len(), 1);
    }
}

#[test]
fn what_other_jobs_did_lately_is_not_read_to_know_what_one_took() {
    for world in worlds() {
        with_runs(&world);
        let other = super::write_ended(&world, "sync-managers", "applied", "{}", &[]);
        world.tamper(&format!("UPDATE recert_run SET host = 'another' WHERE run_id = '{other}'"));
        let (mut chain, mut db) = (chain(&world), world.open());
        let long_ago = now() - chrono::TimeDelta::days(3_650);
        chain.applied_since("revoke", long_ago, &mut *db).unwrap();
        assert_eq!(chain.unbelieved(), [] as [&str; 0], "{}", world.name);
        chain.applied_since("sync-managers", long_ago, &mut *db).unwrap();
        assert_eq!(chain.unbelieved(), [other], "{}", world.name);
    }
}

#[test]
fn a_chain_that_does_not_lead_to_its_end_has_no_members() {
    for (tamper, told) in [
        ("DELETE FROM recert_run WHERE run_id = '{2}'", "a run was removed"),
        ("UPDATE recert_lock SET head_sha256 = 'f00d' WHERE job = 'ledger'", "was cut at its end"),
        ("DELETE FROM recert_lock WHERE job = 'ledger'", "has no row `ledger`"),
    ] {
        let world = World::sqlite();
        let ids = with_runs(&world);
        world.tamper(&tamper.replace("{2}", &ids[1]));
        assert!(chain(&world).broken().unwrap().contains(told), "{tamper}");
        assert_eq!(chain(&world).first_run_id(), None);
        let error = chain(&world).member(&ids[0], &mut *world.open()).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Evidence);
    }
}

#[test]
fn a_run_committed_while_the_chain_is_read_lies_behind_its_end() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    world.tamper(&format!(
        "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{}') WHERE job = 'ledger'",
        ids[2]
    ));
    let chain = chain(&world);
    assert_eq!(chain.broken(), None);
    assert!(chain.reaches(&ids[2]) && !chain.reaches(&ids[3]));
}

#[test]
fn a_persons_changes_are_found_by_key_and_by_what_their_accounts_rows_hold() {
    use recert::door::ledger::person::each_change_of_person;
    for world in worlds() {
        let session = Some(r#"{"ID":"S1","USER_ID":"U/1"}"#);
        let kept = Some(r#"{"ROW_KEY":"S1","EVENT_DETAILS":"{\"USER_ID\":\"U/1\"}"}"#);
        let other = Some(r#"{"ID":"S2","USER_ID":"U/12","X":"U/1"}"#);
        super::write_changes(
            &world,
            &[
                ("OPS_USER", "U/1", "update", "x", Some("{}"), Some("{}")),
                ("USER_SESSION", "S1", "update", "x", session, Some("{}")),
                ("OPS_DB_HISTORY", "UserSession/S1", "insert", "x", None, kept),
                ("MAP_RAP_USER_ROLE", "U/1/7", "delete", "x", Some("{}"), None),
                ("OPS_USER", "U/1/7", "update", "another id", Some("{}"), Some("{}")),
                ("USER_SESSION", "S2", "update", "another account", other, Some("{}")),
            ],
        );
        let mut found = Vec::new();
        each_change_of_person("U/1", &mut *world.open(), &mut |entry| {
            found.push(entry.change.number());
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [1, 2, 3, 4], "{}", world.name);
    }
}

/// What a run knows before it plans.
fn start(world: &World) -> ledger::RunStart {
    ledger::look("revoke", now(), &mut *world.open()).unwrap()
}

#[test]
fn a_run_knows_from_its_lock_where_the_chain_ends_and_that_it_is_whole() {
    for world in worlds() {
        let fresh = start(&world);
        assert!(fresh.is_whole && fresh.n_late == 0 && fresh.last_finished_at.is_none());
        with_runs(&world);
        let now_known = start(&world);
        assert!(now_known.is_whole && now_known.n_late > 0);
        assert_eq!(now_known.last_finished_at, Some(now()));
        let later = now() + chrono::TimeDelta::seconds(1);
        let late = ledger::look("revoke", later, &mut *world.open()).unwrap();
        assert!(late.n_late == 0, "no run ended after the last one");
    }
}

/// Everything that makes a chain one that does not lead to its end.
const BREAKS: [&str; 6] = [
    "DELETE FROM recert_run WHERE run_id = '{0}'",
    "DELETE FROM recert_run WHERE run_id = '{2}'",
    "DELETE FROM recert_run WHERE run_id = '{3}'",
    "DELETE FROM recert_run",
    "UPDATE recert_lock SET head_sha256 = 'f00d' WHERE job = 'ledger'",
    "UPDATE recert_lock SET head_sha256 = (SELECT sha256 FROM recert_run WHERE run_id = '{2}') WHERE job = 'ledger'",
];

fn broken(tamper: &str) -> Vec<World> {
    let break_it = |world: &World| {
        let ids = with_runs(world);
        let at = |text: String, (n, id): (usize, &String)| text.replace(&format!("{{{n}}}"), id);
        world.tamper(&ids.iter().enumerate().fold(tamper.to_owned(), at));
    };
    let worlds = worlds();
    worlds.iter().for_each(break_it);
    worlds
}

#[test]
fn no_chain_passes_for_whole_that_is_not() {
    for tamper in BREAKS {
        for world in broken(tamper) {
            assert!(!start(&world).is_whole, "{tamper}");
        }
    }
}

#[test]
fn on_a_broken_chain_a_run_takes_nothing_unless_somebody_says_why() {
    for tamper in BREAKS.into_iter().filter(|tamper| !tamper.contains("{2}') WHERE")) {
        for world in broken(tamper) {
            let idle = world.run("revoke");
            ok(&idle);
            let kinds: Vec<&str> = idle.summary.findings.iter().map(|found| found.kind).collect();
            assert_eq!(kinds, ["ledger_broken"], "{tamper}: told where nothing is taken, too");

            world.put("mapping USER=LATE\nresponse USER=LATE MGR=2026-11-30");
            let refused = world.run("revoke");
            assert_eq!(exit(&refused), Exit::Refused, "{tamper}");
            let told = refused.summary.error.unwrap();
            assert!(told.contains("its chain is broken"), "{told}");
            assert_eq!(world.dump("map_rap_user_role").len(), 1, "{tamper}");
            ok(&world.run("revoke --accept-source --reason \"restored from a backup\""));
            assert_eq!(world.dump("map_rap_user_role").len(), 0, "{tamper}");
        }
    }
}

#[test]
fn a_run_of_the_day_that_was_edited_does_not_widen_what_the_next_may_take() {
    for mut world in worlds() {
        world.config.limits.revoke.floor = 3;
        world.put("mapping USER=A\nresponse USER=A MGR=2026-11-30");
        let id = world.run("revoke").summary.run_id;
        world.tamper(&format!("UPDATE recert_run SET parameters = '{{}}' WHERE run_id = '{id}'"));
        world.put("mapping USER=B\nresponse USER=B MGR=2026-11-30");
        let refused = world.run("revoke");
        assert_eq!(exit(&refused), Exit::Refused);
        let told = refused.summary.error.unwrap();
        assert!(told.contains(&format!("the hashes of run {id} do not fit")), "{told}");
    }
}

#[test]
fn what_the_database_can_not_answer_is_an_error_and_no_run_that_can_not_be_believed() {
    let world = World::sqlite();
    with_runs(&world);
    world.tamper("ALTER TABLE recert_change RENAME TO elsewhere");
    let mut chain = chain(&world);
    let error = chain.last("revoke", &["applied"], &mut *world.open()).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Config);
    assert!(chain.unbelieved().is_empty());
}
