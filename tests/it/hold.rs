//! Section 3 of the spec, steps 6 and 7, on a database that does as it is told: what was changed,
//! locked or taken away since the plan was made ends the run, and what does not matter doesn't.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;
use recert::door::db::{
    BindArray, Binds, Column, Dialect, EachRow, Read, Row, Transaction, Value, is_transient,
};
use recert::door::exit::Exit;
use recert::door::plan::{
    Action, Allowance, Approval, Approved, Change, ChangeResult, Columns, Hold, KeptRow, Leeway,
    Plan, Step, Takes, Touch, apply, approve, hold,
};
use recert::door::sql::Sql;

use crate::harness::{World, exit, ok, printed, worlds};

/// Oracle, as far as a table of users goes: columns ID, NAME, SEEN and MANAGER.
#[derive(Default)]
struct FakeOracle {
    rows: Vec<[&'static str; 4]>,
    locked: Option<&'static str>,
    /// How many rows each statement of array DML says it touched.
    touches: u64,
    /// A column of USERS that `*` leaves out.
    hidden: Option<&'static str>,
    /// How a statement ends that waits for nobody.
    fails: Option<Exit>,
    asked: Vec<String>,
    /// How often the dictionary was asked what hangs on tables.
    asked_extras: u32,
    /// The keys of each of these statements, as they were bound.
    keys: Vec<Vec<String>>,
}

impl Read for FakeOracle {
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, each: EachRow<'_>) -> anyhow::Result<()> {
        if sql.name == "db/select_extras" {
            self.asked_extras += 1;
            let columns: Arc<[String]> = ["KNOWN_AS", "KIND", "ITEM"].map(str::to_owned).into();
            let asked = binds.iter().any(|(_, table)| *table == Value::from("USERS"));
            return self.hidden.filter(|_| asked).map_or(Ok(()), |column| {
                each(&Row { columns, values: vec!["USERS".into(), "column".into(), column.into()] })
            });
        }
        self.asked.push(sql.oracle().to_owned());
        if let Some(exit) = self.fails.filter(|_| sql.oracle().ends_with("NOWAIT")) {
            return Err(anyhow!("ORA-03113").context(exit));
        }
        let wanted: Vec<String> = binds.iter().map(|(_, value)| value.display()).collect();
        self.keys.push(wanted.clone());
        let names = ["ROW_ID", "ID", "NAME", "SEEN", "MANAGER"];
        let columns: Arc<[String]> = names.map(str::to_owned).into();
        for row in self.rows.iter().filter(|row| wanted.iter().any(|id| id == row[0])) {
            if self.locked == Some(row[0]) && sql.oracle().ends_with("NOWAIT") {
                return Err(anyhow!("ORA-00054").context(Exit::Busy));
            }
            if self.locked == Some(row[0]) {
                continue;
            }
            let values = std::iter::once(&row[0]).chain(row).map(|text| Value::from(*text));
            each(&Row { columns: Arc::clone(&columns), values: values.collect() })?;
        }
        Ok(())
    }

    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
        Ok(vec![Vec::new(); tables.len()])
    }

    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn version(&mut self) -> anyhow::Result<String> {
        Ok("a fake".to_owned())
    }
}

impl Transaction for FakeOracle {
    fn change_many(&mut self, _: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>> {
        Ok(vec![self.touches; array.n_rows()])
    }

    fn define(&mut self, _: &Sql) -> anyhow::Result<()> {
        Ok(())
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }

    fn commit_with(self: Box<Self>, _: &Sql, _: &BindArray<'_>) -> anyhow::Result<()> {
        Ok(())
    }
}

const ANNA: &str = r#"{"ID":"anna","NAME":"Anna","SEEN":"today","MANAGER":"b1"}"#;
const READ: Columns = Columns::These(&["ID", "MANAGER"]);

fn touch(action: Action, before: Option<&str>, seen: Option<&str>) -> Touch {
    Touch {
        unit: "anna".into(),
        binds: vec!["anna".into()],
        change: Change {
            key: "anna".into(),
            action,
            why: "told so".into(),
            result: ChangeResult::Applied,
            before: before.map(Into::into),
            after: (action == Action::Update).then(|| r#"{"NAME":"Ann"}"#.into()),
        },
        seen: seen.map(Into::into),
    }
}

fn approved(hold: Hold, touch: Touch) -> Approved {
    let step = Step {
        say: "changing",
        sql: Sql::made("test".to_owned(), String::new()),
        names: vec![if matches!(hold, Hold::Row(_)) { "row_id" } else { "id" }.to_owned()],
        table: "USERS".into(),
        hold,
        counts: &[],
        takes: Takes::Nothing,
        touches: [touch].into_iter().collect(),
    };
    let plan = Plan { steps: vec![step], ..Plan::default() };
    approve(plan, &[], Allowance::default(), &Approval::default()).unwrap()
}

fn update_of_anna() -> Approved {
    approved(Hold::Key("ID", READ), touch(Action::Update, Some(ANNA), None))
}

fn oracle(rows: &[[&'static str; 4]]) -> FakeOracle {
    FakeOracle { rows: rows.to_vec(), touches: 1, ..FakeOracle::default() }
}

/// The error of a hold that fails: worth another try, then 77, and without what rows hold.
fn drift(result: anyhow::Result<recert::door::plan::Held>) -> String {
    let error = result.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Drifted, "{error:#}");
    assert!(is_transient(&error), "{error:#}");
    let told = Exit::tell(&error);
    assert!(!told.contains("b2") && !told.contains("Anna"), "{told}");
    told
}

#[test]
fn a_row_that_is_as_it_was_is_held_by_key_or_by_its_place() {
    for by in [Hold::Key("ID", READ), Hold::Row(READ)] {
        let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
        let plan = approved(by, touch(Action::Update, Some(ANNA), None));
        hold(plan, Leeway::OtherColumns, &mut db).unwrap();
        assert!(db.asked[0].ends_with("FOR UPDATE NOWAIT"), "{}", db.asked[0]);
    }
}

#[test]
fn a_row_that_is_gone_ends_the_run() {
    let told = drift(hold(update_of_anna(), Leeway::OtherColumns, &mut oracle(&[])));
    assert!(told.contains("USERS `anna` is gone"), "{told}");
}

#[test]
fn a_column_that_the_decision_read_or_the_change_writes_may_not_differ() {
    for (row, column) in
        [(["anna", "Anna", "today", "b2"], "MANAGER"), (["anna", "Anne", "today", "b1"], "NAME")]
    {
        let told = drift(hold(update_of_anna(), Leeway::OtherColumns, &mut oracle(&[row])));
        assert!(told.contains(&format!("column {column} was changed")), "{told}");
    }
}

#[test]
fn another_column_may_differ_and_the_image_is_the_row_as_it_is_held() {
    let mut db = oracle(&[["anna", "Anna", "tomorrow", "b1"]]);
    let held = hold(update_of_anna(), Leeway::OtherColumns, &mut db).unwrap();
    let before = held.plan().steps[0].touches.get(0).unwrap().before().unwrap();
    assert_eq!(before, ANNA.replace("today", "tomorrow"));
}

#[test]
fn of_a_saved_plan_no_column_may_differ() {
    let mut db = oracle(&[["anna", "Anna", "tomorrow", "b1"]]);
    let told = drift(hold(update_of_anna(), Leeway::None, &mut db));
    assert!(told.contains("column SEEN was changed"), "{told}");
}

#[test]
fn a_locked_row_is_named_and_not_waited_for() {
    let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
    db.locked = Some("anna");
    let told = drift(hold(update_of_anna(), Leeway::OtherColumns, &mut db));
    assert!(told.contains("USERS `anna` is locked by another session"), "{told}");
}

#[test]
fn a_purge_compares_what_it_read_though_the_ledger_keeps_no_image() {
    let purge = || approved(Hold::Key("ID", READ), touch(Action::Delete, None, Some(ANNA)));
    let mut same = oracle(&[["anna", "Anna", "tomorrow", "b1"]]);
    let held = hold(purge(), Leeway::OtherColumns, &mut same).unwrap();
    assert_eq!(held.plan().steps[0].touches.get(0).unwrap().before(), None);
    let mut moved = oracle(&[["anna", "Anna", "today", "b2"]]);
    drift(hold(purge(), Leeway::OtherColumns, &mut moved));
}

#[test]
fn a_row_that_is_left_because_it_is_there_is_held_whole() {
    let kept = || {
        let kept = KeptRow {
            table: "USERS".into(),
            key: "anna".into(),
            row_id: "anna".into(),
            image: ANNA.into(),
        };
        let plan = Plan { kept: vec![kept], ..Plan::default() };
        approve(plan, &[], Allowance::default(), &Approval::default()).unwrap()
    };
    let mut there = oracle(&[["anna", "Anna", "today", "b1"]]);
    hold(kept(), Leeway::OtherColumns, &mut there).unwrap();
    let mut other = oracle(&[["anna", "Anna", "tomorrow", "b1"]]);
    drift(hold(kept(), Leeway::OtherColumns, &mut other));
    drift(hold(kept(), Leeway::OtherColumns, &mut oracle(&[])));
}

#[test]
fn rows_are_locked_table_by_table_in_order_of_their_keys() {
    let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
    let mut plan = update_of_anna().into_plan();
    let mut first = approved(Hold::Row(READ), touch(Action::Delete, Some(ANNA), None)).into_plan();
    first.steps[0].table = "ACCOUNTS".into();
    plan.steps.append(&mut first.steps);
    let plan = approve(plan, &[], Allowance::default(), &Approval::default()).unwrap();
    hold(plan, Leeway::OtherColumns, &mut db).unwrap();
    let tables: Vec<bool> = db.asked.iter().map(|sql| sql.contains("\"ACCOUNTS\"")).collect();
    assert_eq!(tables, [true, false]);
}

#[test]
fn a_statement_that_touches_another_number_of_rows_than_one_ends_the_run() {
    for touches in [0, 2] {
        let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
        let held = hold(update_of_anna(), Leeway::OtherColumns, &mut db).unwrap();
        db.touches = touches;
        let error = apply(&held, &mut db).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Drifted);
        assert!(is_transient(&error));
        assert!(format!("{error:#}").contains(&format!("{touches} rows were touched")));
    }
    let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
    let held = hold(update_of_anna(), Leeway::OtherColumns, &mut db).unwrap();
    apply(&held, &mut db).unwrap();
}

/// Rows that go, each named by its key.
fn deletions(keys: impl Iterator<Item = Value>) -> Approved {
    let mut plan = update_of_anna().into_plan();
    plan.steps[0].touches = keys
        .map(|key| Touch { binds: vec![key], ..touch(Action::Delete, None, Some("{}")) })
        .collect();
    approve(plan, &[], Allowance::default(), &Approval::default()).unwrap()
}

#[test]
fn rows_are_locked_in_order_of_their_keys_numbers_by_their_size() {
    let texts = |n: i64| Value::from(format!("a{n}"));
    for (keys, last) in [
        (deletions((1..=1_001).rev().map(Value::Int)), "1000".to_owned()),
        (deletions((1_000..=2_000).rev().map(texts)), "a1999".to_owned()),
    ] {
        let mut db = oracle(&[]);
        drift(hold(keys, Leeway::OtherColumns, &mut db));
        assert_eq!((db.keys[0].len(), db.keys[0].last()), (1_000, Some(&last)));
    }
}

#[test]
fn lists_of_keys_have_few_lengths_so_that_few_statements_are_parsed() {
    for (n, length) in [(1, 1), (2, 50), (50, 50), (51, 1_000)] {
        let mut db = oracle(&[]);
        drift(hold(deletions((1..=n).map(Value::Int)), Leeway::OtherColumns, &mut db));
        assert_eq!(db.asked[0].matches(":k").count(), length, "{n}");
        assert_eq!(
            db.keys[0].iter().filter(|key| **key == n.to_string()).count(),
            length + 1 - n as usize
        );
    }
}

#[test]
fn columns_that_a_star_leaves_out_are_held_too() {
    let mut db =
        FakeOracle { hidden: Some("SECRET"), ..oracle(&[["anna", "Anna", "today", "b1"]]) };
    hold(update_of_anna(), Leeway::OtherColumns, &mut db).unwrap();
    assert!(db.asked[0].contains("t.*, t.\"SECRET\" FROM"), "{}", db.asked[0]);
}

#[test]
fn nothing_is_asked_of_the_dictionary_where_no_row_of_an_application_is_written() {
    let mut none = update_of_anna().into_plan();
    none.steps[0].touches = std::iter::empty().collect();
    let none = approve(none, &[], Allowance::default(), &Approval::default()).unwrap();
    let its_own = approved(Hold::Nothing, touch(Action::Update, Some(ANNA), None));
    for (plan, times) in [(none, 0), (its_own, 0), (update_of_anna(), 1)] {
        let mut db = oracle(&[["anna", "Anna", "today", "b1"]]);
        hold(plan, Leeway::OtherColumns, &mut db).unwrap();
        assert_eq!(db.asked_extras, times);
    }
}

#[test]
fn what_else_goes_wrong_is_not_taken_for_a_lock() {
    let mut db = FakeOracle { fails: Some(Exit::Unavailable), ..oracle(&[]) };
    let error = hold(update_of_anna(), Leeway::OtherColumns, &mut db).unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Unavailable);
    assert_eq!(db.asked.len(), 1);
}

/// A world's tables, and its ledger's.
fn all_of(world: &World) -> HashMap<&'static str, Vec<String>> {
    let tables = [
        "map_rap_user_role",
        "recreate_response",
        "recert_run",
        "recert_change",
        "recert_image",
        "recert_lock",
    ];
    tables.map(|table| (table, world.dump(table))).into()
}

#[test]
fn a_rehearsal_carries_all_out_and_leaves_no_trace() {
    for world in worlds() {
        world.put("mapping\nresponse MGR=2026-11-30");
        let before = all_of(&world);
        let ended = world.rehearse("revoke --as-of 2026-11-30");
        ok(&ended);
        assert_eq!(printed(&ended).len(), 2);
        assert_eq!(all_of(&world), before, "{}", world.name);
        ok(&world.run("revoke --as-of 2026-11-30"));
    }
}

#[test]
fn a_rehearsal_says_what_would_stop_the_run_where_a_preview_can_not() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-11-30");
    world.define(
        "CREATE TRIGGER guarded BEFORE DELETE ON map_rap_user_role BEGIN SELECT RAISE(ABORT, 'not today'); END",
    );
    ok(&world.preview("revoke --as-of 2026-11-30"));
    let ended = world.rehearse("revoke --as-of 2026-11-30");
    assert_eq!(exit(&ended), Exit::Failed);
    assert!(ended.summary.error.unwrap().contains("not today"));
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run"), "0", "no trace of it");
}

#[test]
fn a_rehearsal_takes_the_lock() {
    let world = World::sqlite();
    let holder = world.open();
    assert_eq!(exit(&world.rehearse("revoke")), Exit::Busy);
    drop(holder);
}
