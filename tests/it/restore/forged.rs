//! A run that was written into the ledger by hand: its hashes fit among themselves, the chain does not reach it.

use recert::door::exit::Exit;
use recert::door::ledger::row::{LedgerChange, LedgerImage};
use recert::door::ledger::{LedgerRun, canonical};

use crate::harness::{World, exit, now, worlds};
use crate::verify::{verify, with_runs};

/// Three rows of SQL that would have `restore` give E9 access to location 7.
fn forge(world: &World, run_id: &str) {
    let text = |hex: &[u8]| String::from_utf8(hex.to_vec()).unwrap();
    let image = LedgerImage {
        salt: "00".into(),
        before: r#"{"USER_ID":"E9","RMM_ID":7}"#.into(),
        after: "".into(),
    };
    let mut change = LedgerChange {
        run_id: run_id.into(),
        seq: "1".into(),
        table_name: "MAP_RAP_USER_ROLE".into(),
        row_key: "E9/7".into(),
        action: "delete".into(),
        why: "revoked".into(),
        result: "applied".into(),
        image_sha256: text(&image.sha256()).into(),
        sha256: "".into(),
    };
    change.sha256 = text(&change.begin_hash().finish()).into();
    let mut run = LedgerRun {
        run_id: run_id.to_owned(),
        job: "revoke".to_owned(),
        as_of: "2026-11-30".to_owned(),
        status: "applied".to_owned(),
        started_at: canonical::moment(now()),
        finished_at: canonical::moment(now()),
        os_user: "nobody".to_owned(),
        host: "nowhere".to_owned(),
        version: "1".to_owned(),
        config_sha256: "00".to_owned(),
        previous_sha256: world.one("SELECT head_sha256 FROM recert_lock WHERE job = 'ledger'"),
        ..LedgerRun::default()
    };
    let mut hash = run.begin_hash();
    hash.text(&change.sha256);
    run.sha256 = text(&hash.finish());
    put(world, "recert_run", run.columns());
    put(world, "recert_change", change.columns());
    let columns =
        [("run_id", run_id), ("seq", "1"), ("salt", "00"), ("before_image", &*image.before)];
    put(world, "recert_image", columns.into_iter());
}

fn put<'a>(world: &World, table: &str, columns: impl Iterator<Item = (&'static str, &'a str)>) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, text) in columns.filter(|(_, text)| !text.is_empty()) {
        names.push(name);
        values.push(match name {
            "as_of" => format!("DATE '{text}'"),
            "started_at" | "finished_at" => {
                format!("TIMESTAMP '{}'", text.replace('T', " ").replace('Z', ""))
            }
            _ => format!("'{}'", text.replace('\'', "''")),
        });
    }
    let mut values = values.join(", ");
    if world.oracle.is_none() {
        values = values.replace("DATE '", "'").replace("TIMESTAMP '", "'").replace(".000000'", "'");
    }
    world.tamper(&format!("INSERT INTO {table} ({}) VALUES ({values})", names.join(", ")));
}

#[test]
fn restore_carries_out_no_run_that_the_chain_does_not_reach() {
    for world in worlds() {
        with_runs(&world);
        let forged = "01980000-0000-7000-8000-000000000000";
        forge(&world, forged);
        let before = world.dump("map_rap_user_role");
        let ended = world.run(&format!("restore {forged}"));
        assert_eq!(exit(&ended), Exit::Evidence, "{}", world.name);
        assert_eq!(world.dump("map_rap_user_role"), before);
        assert_eq!(verify(&world, &Default::default()).1, Exit::Evidence);
    }
}

#[test]
fn restore_believes_no_run_behind_a_break_in_the_chain() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    world.tamper(&format!("DELETE FROM recert_run WHERE run_id = '{}'", ids[1]));
    for id in [&ids[0], &ids[2]] {
        assert_eq!(exit(&world.run(&format!("restore {id}"))), Exit::Evidence, "{id}");
    }
}
