//! No query a user: what a run costs on the wire, counted by the stand-in for Oracle's client library.

use std::path::Path;

use super::set_up;
use crate::harness::{World, recert};
use recert::door::db::{BindArray, Value};
use recert::door::sql::Sql;

/// Puts in accounts that nobody has used for long, each with an open session.
fn put_idle(world: &World, n: i64) {
    let mut db = world.open();
    let rows: Vec<Vec<Value>> = (1..=n).map(|id| vec![Value::Int(10_000 + id)]).collect();
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    for statement in [
        "INSERT INTO ops_user (id, status) VALUES (:id, 'ACTIVE')",
        "INSERT INTO user_session (id, user_id, is_active, last_active_at) VALUES (:id, :id, 1, TO_DATE('2020-01-01', 'YYYY-MM-DD'))",
    ] {
        let sql = Sql::made("test".to_owned(), statement.to_owned());
        db.change_many(&sql, &BindArray::of(&["id"], &rows)).unwrap();
    }
    db.commit().unwrap();
}

fn write_config(world: &World, path: &Path) {
    let database = &world.config.database;
    let text = format!(
        "[database]\nurl = {:?}\nusername = {:?}\npassword_file = {:?}\n\
         [disable_inactive]\nactor_oidc_id = \"robot\"\nexempt_oidc_ids = [\"system\"]\n\
         [limits.disable-inactive]\nfloor = 1000000\n",
        database.url,
        database.username.as_deref().unwrap(),
        database.password_file.as_ref().unwrap().display().to_string(),
    );
    std::fs::write(path, text).unwrap();
}

/// Round trips of one run that disables `n` accounts.
fn round_trips(n: i64) -> Option<u64> {
    let mut world = World::oracle()?;
    set_up(&mut world);
    put_idle(&world, n);
    let (config, counters) =
        (world.folder.path().join("trips.toml"), world.folder.path().join("counters"));
    write_config(&world, &config);
    let output = recert("disable-inactive --as-of 2026-01-31 --output json")
        .env("RECERT_CONFIG", &config)
        .env("OCI_STANDIN_COUNTERS", &counters)
        .env("LD_LIBRARY_PATH", clntsh::support::library_dir())
        .output()
        .unwrap();
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(
        summary.contains(&format!("\"disabled\":{n},\"sessions_closed\":{n}")),
        "{summary}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let counted = std::fs::read_to_string(counters).unwrap();
    let line = counted.lines().find(|line| line.starts_with("oracle_round_trips")).unwrap();
    line.rsplit([' ', '=']).next().unwrap().parse().ok()
}

#[test]
fn disable_inactive_makes_round_trips_by_the_thousand_rows() {
    let Some(few) = round_trips(1) else { return };
    let many = round_trips(5_000).unwrap();
    // Per thousand accounts: 2 arrays read, 2 held, 5 written, and 5,000 changes in the ledger with their images.
    assert!(few <= 22, "{few} for 1 account");
    assert!(many <= few + 5 * 19, "{many} for 5,000 accounts, {few} for 1");
}
