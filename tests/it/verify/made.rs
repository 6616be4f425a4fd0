//! Runs written into the ledger without a job behind them, and hashes as the documentation has them.

use recert::door::ledger::canonical;

use crate::harness::World;

pub(crate) fn image_sha256(salt: &str, before: Option<&str>, after: Option<&str>) -> String {
    hex(&recert::door::ledger::canonical::image_sha256(salt, before, after))
}

pub(super) fn hex(digits: &[u8]) -> String {
    String::from_utf8(digits.to_vec()).unwrap()
}

/// A run of the ledger with these changes (table, key, action, why), and nothing behind them.
pub(crate) fn write_run(world: &World, changes: &[(&str, &str, &str, &str)]) -> String {
    let changes: Vec<_> = changes
        .iter()
        .map(|(table, key, action, why)| (*table, *key, *action, *why, Some("{}"), None))
        .collect();
    write_changes(world, &changes)
}

/// A change as a job would write it down: table, key, action, why, image before, image after.
pub(crate) type Made<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// A run of an import with these changes.
pub(crate) fn write_changes(world: &World, changes: &[Made<'_>]) -> String {
    write_as(world, "import-users", changes)
}

/// A run of a job with these changes.
pub(super) fn write_as(world: &World, job: &str, changes: &[Made<'_>]) -> String {
    write_ended(world, job, "applied", "{}", changes)
}

/// A run of a job that ended so, with these PARAMETERS and changes.
pub(crate) fn write_ended(
    world: &World,
    job: &str,
    status: &str,
    parameters: &str,
    changes: &[Made<'_>],
) -> String {
    use recert::door::plan::{Action, Change, ChangeResult, Plan, Step, Takes, Touch};
    let id = uuid::Uuid::now_v7().to_string();
    let steps = changes
        .iter()
        .map(|(table, key, action, why, before, after)| Step {
            say: "making up",
            sql: recert::door::sql::Sql::made("test".to_owned(), String::new()),
            names: Vec::new(),
            table: (*table).into(),
            counts: &[],
            hold: recert::door::plan::Hold::Nothing,
            takes: Takes::Nothing,
            touches: [Touch {
                unit: (*key).into(),
                binds: Vec::new(),
                change: Change {
                    key: (*key).into(),
                    action: match *action {
                        "insert" => Action::Insert,
                        "update" => Action::Update,
                        _ => Action::Delete,
                    },
                    why: (*why).into(),
                    result: ChangeResult::Applied,
                    before: before.map(Into::into),
                    after: after.map(Into::into),
                },
                seen: None,
            }]
            .into_iter()
            .collect(),
        })
        .collect();
    let plan = Plan { steps, ..Plan::default() };
    let run = recert::door::ledger::LedgerRun {
        run_id: id.clone(),
        job: job.to_owned(),
        as_of: canonical::day(crate::harness::now().date_naive()),
        status: status.to_owned(),
        started_at: canonical::moment(crate::harness::now()),
        finished_at: canonical::moment(crate::harness::now()),
        os_user: "tester".to_owned(),
        host: "here".to_owned(),
        config_sha256: "00".to_owned(),
        parameters: parameters.to_owned(),
        counts: "{}".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    };
    let mut db = world.open();
    let hashes = recert::door::ledger::write_changes(&id, &plan, &mut *db).unwrap();
    let end = recert::door::ledger::take_end(std::time::Duration::ZERO, &mut *db).unwrap();
    recert::door::ledger::write_run(run, &hashes, &end, &mut *db).unwrap();
    db.commit().unwrap();
    id
}
