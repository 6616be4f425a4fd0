//! What the road does when something breaks, on the embedded database: how often it tries, when it looks a run up, and
//! what it makes of a run that came meanwhile. The faults are made by whoever opens its connections.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use anyhow::anyhow;
use recert::door::config::DatabaseConfig;
use recert::door::db::{
    self, BindArray, Binds, CallTimedOut, Column, CommitUnanswered, Dialect, EachRow, Read,
    SessionSpec, TakenKey, Transaction, Transient,
};
use recert::door::exit::Exit;
use recert::door::ledger::{self, ChangeHashes, LedgerChain, LedgerRun};
use recert::door::run::Ended;
use recert::door::sql::Sql;
use recert::door::summary::Status;

use super::beside::foreign_run;
use super::{End, REVOKE, ROWS, assert_end, tables};
use crate::harness::{World, exit, now, ok};

/// What happens as a statement is sent.
enum Fault {
    /// It is not carried out.
    Before(fn() -> anyhow::Error),
    /// It is, and its answer is lost.
    After(fn() -> anyhow::Error),
    /// Something else is done first, in the same transaction.
    Meanwhile(fn(&mut dyn Transaction)),
}

/// Faults by the statements that meet them: each is met once, in this order.
type Faults = Rc<RefCell<VecDeque<(&'static str, Fault)>>>;

/// A database on the way to which something breaks.
struct Disturbed {
    faults: Faults,
    n_opened: Cell<u32>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Disturbed {
    fn by(faults: impl IntoIterator<Item = (&'static str, Fault)>) -> Disturbed {
        let faults = Rc::new(RefCell::new(faults.into_iter().collect()));
        Disturbed { faults, n_opened: Cell::new(0), asked: Rc::default() }
    }

    fn run(&self, world: &World, command: &str) -> Ended {
        let open = |config: &DatabaseConfig, session: &SessionSpec| {
            self.n_opened.set(self.n_opened.get() + 1);
            if let Some(Fault::Before(error)) = next_of(&self.faults, OPENS) {
                return Err(error());
            }
            let (faults, asked) = (Rc::clone(&self.faults), Rc::clone(&self.asked));
            let db = db::open(config, session)?;
            Ok(Box::new(DisturbedTransaction { db, faults, asked }) as Box<dyn Transaction>)
        };
        world.run_over(command, &open)
    }

    fn all_were_met(&self) {
        assert_eq!(self.faults.borrow().len(), 0, "faults that were not met");
    }
}

fn next_of(faults: &Faults, statement: &str) -> Option<Fault> {
    let mut faults = faults.borrow_mut();
    let is_next = faults.front().is_some_and(|(name, _)| *name == statement);
    is_next.then(|| faults.pop_front()).flatten().map(|(_, fault)| fault)
}

struct DisturbedTransaction {
    db: Box<dyn Transaction>,
    faults: Faults,
    asked: Rc<RefCell<Vec<String>>>,
}

impl DisturbedTransaction {
    fn send<T>(
        &mut self,
        sql: &Sql,
        work: impl FnOnce(&mut dyn Transaction) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.asked.borrow_mut().push(sql.name.to_string());
        match next_of(&self.faults, &sql.name) {
            Some(Fault::Before(error)) => return Err(error()),
            Some(Fault::After(error)) => {
                work(&mut *self.db)?;
                return Err(error());
            }
            Some(Fault::Meanwhile(act)) => act(&mut *self.db),
            None => {}
        }
        work(&mut *self.db)
    }
}

impl Read for DisturbedTransaction {
    fn each(&mut self, sql: &Sql, binds: Binds<'_>, row: EachRow<'_>) -> anyhow::Result<()> {
        self.send(sql, |db| db.each(sql, binds, row))
    }

    fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
        self.db.columns_of(tables)
    }

    fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    fn version(&mut self) -> anyhow::Result<String> {
        self.db.version()
    }
}

impl Transaction for DisturbedTransaction {
    fn change_many(&mut self, sql: &Sql, array: &BindArray<'_>) -> anyhow::Result<Vec<u64>> {
        self.send(sql, |db| db.change_many(sql, array))
    }

    fn change_within(
        &mut self,
        patience: Duration,
        sql: &Sql,
        array: &BindArray<'_>,
    ) -> anyhow::Result<Vec<u64>> {
        self.send(sql, |db| db.change_within(patience, sql, array))
    }

    fn define(&mut self, sql: &Sql) -> anyhow::Result<()> {
        self.db.define(sql)
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        self.db.commit()
    }

    fn commit_with(self: Box<Self>, sql: &Sql, row: &BindArray<'_>) -> anyhow::Result<()> {
        let fault = next_of(&self.faults, &sql.name);
        if let Some(Fault::Before(error)) = fault {
            return Err(error());
        }
        self.db.commit_with(sql, row)?;
        if let Some(Fault::After(error)) = fault { Err(error()) } else { Ok(()) }
    }
}

/// No statement: a connection is opened.
const OPENS: &str = "open";
const MOVES_END: &str = "ledger/advance_head";
const TAKES_END: &str = "ledger/take_end";
const COMMITS: &str = "ledger/insert_run";
const DELETES: &str = "revoke/delete_mapping";

/// As ORA-03113 is: the line broke.
fn broken() -> anyhow::Error {
    anyhow!("the line broke").context(Transient).context(Exit::Unavailable)
}

/// As ORA-00942 is: nothing that another try would mend.
fn wrong() -> anyhow::Error {
    anyhow!("no such table").context(Exit::Config)
}

/// As ORA-30006 is: others held it for too long.
fn busy() -> anyhow::Error {
    anyhow!("ORA-30006").context(Exit::Busy)
}

fn taken_key() -> anyhow::Error {
    anyhow!("ORA-00001").context(TakenKey).context(Exit::Failed)
}

fn unanswered() -> anyhow::Error {
    anyhow!("the line broke").context(CommitUnanswered).context(Exit::Unknown)
}

fn timed_out() -> anyhow::Error {
    anyhow!("DPI-1067").context(CallTimedOut).context(Transient).context(Exit::Unavailable)
}

/// Four accesses that are due, and so many further tries.
fn world(retries: u32) -> World {
    let mut world = World::sqlite();
    world.config.database.retries = retries;
    world.config.database.retry_delay = Duration::ZERO;
    world.put(ROWS);
    world
}

/// How a revoke ends that meets these faults, and how many connections it opened.
fn disturbed(
    world: &World,
    faults: impl IntoIterator<Item = (&'static str, Fault)>,
) -> (Ended, u32) {
    let disturbed = Disturbed::by(faults);
    let ended = disturbed.run(world, REVOKE);
    disturbed.all_were_met();
    (ended, disturbed.n_opened.get())
}

fn told(ended: &Ended) -> String {
    ended.summary.error.clone().unwrap_or_default()
}

#[test]
fn what_may_pass_is_tried_again_as_often_as_the_config_says() {
    for retries in [0, 1, 3] {
        let fault = || (DELETES, Fault::Before(broken as fn() -> anyhow::Error));
        let world = world(retries);
        let before = tables(&world);
        let (ended, n_opened) = disturbed(&world, (0..=retries).map(|_| fault()));
        assert_eq!(exit(&ended), Exit::Unavailable);
        assert_eq!(n_opened, retries + 2, "each try, and the row that tells of the failure");
        assert_eq!(tables(&world), before);

        let (ended, n_opened) = disturbed(&world, (0..retries).map(|_| fault()));
        ok(&ended);
        assert_eq!(n_opened, retries + 1);
    }
}

#[test]
fn what_would_not_pass_is_tried_once() {
    let world = world(3);
    let before = tables(&world);
    let (ended, n_opened) = disturbed(&world, [(DELETES, Fault::Before(wrong))]);
    assert_eq!(exit(&ended), Exit::Config);
    assert!(told(&ended).ends_with("no such table"), "{}", told(&ended));
    assert_eq!(n_opened, 2, "one try, and the row that tells of the failure");
    assert_end("tried once", &world, &before, End::Untouched);
}

#[test]
fn a_key_that_is_taken_meanwhile_is_planned_anew_once_and_is_an_error_of_the_database_then() {
    let taken = || (DELETES, Fault::Before(taken_key as fn() -> anyhow::Error));
    for (retries, n_taken, ends, n_opens) in [
        (0, 1, Exit::Drifted, 2),
        (1, 1, Exit::Done, 2),
        (3, 1, Exit::Done, 2),
        (1, 2, Exit::Failed, 3),
        (3, 2, Exit::Failed, 3),
    ] {
        let (ended, n_opened) = disturbed(&world(retries), (0..n_taken).map(|_| taken()));
        let name = format!("{retries} retries, taken {n_taken} times");
        assert_eq!((exit(&ended), n_opened), (ends, n_opens), "{name}: {}", told(&ended));
    }
}

#[test]
fn a_commit_that_was_refused_is_told_as_it_was_and_not_looked_up() {
    let world = world(3);
    let before = tables(&world);
    let (ended, n_opened) = disturbed(&world, [(COMMITS, Fault::Before(wrong))]);
    assert_eq!(exit(&ended), Exit::Config);
    assert!(told(&ended).ends_with("no such table"), "{}", told(&ended));
    assert_eq!(n_opened, 2);
    assert_end("refused", &world, &before, End::Untouched);
}

#[test]
fn a_commit_that_took_effect_though_its_answer_was_lost_is_found_and_the_chain_ends_there() {
    let world = world(1);
    let undisturbed = {
        let world = self::world(0);
        ok(&world.run(REVOKE));
        tables(&world)
    };
    let lost = (COMMITS, Fault::After(unanswered as fn() -> anyhow::Error));
    let unreachable = (OPENS, Fault::Before(broken as fn() -> anyhow::Error));
    let disturbed = Disturbed::by([lost, unreachable]);
    let ended = disturbed.run(&world, REVOKE);
    disturbed.all_were_met();
    ok(&ended);
    assert_eq!(ended.summary.status, Status::Applied);
    assert_eq!(disturbed.n_opened.get(), 3);
    let head = world.one("SELECT head_sha256 FROM recert_lock WHERE job = 'ledger'");
    assert_eq!(ended.summary.ledger_head, Some(head));
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run"), "1");
    assert_eq!(tables(&world), undisturbed);
}

#[test]
fn a_commit_that_never_arrived_is_looked_up_and_left_to_the_scheduler() {
    let world = world(3);
    let before = tables(&world);
    let (ended, n_opened) = disturbed(&world, [(COMMITS, Fault::Before(unanswered))]);
    assert_eq!(exit(&ended), Exit::Unavailable);
    assert!(told(&ended).contains("nothing was changed; run it again"), "{}", told(&ended));
    assert_eq!(n_opened, 3, "the run, the look-up, and the row that tells of the failure");
    assert_end("never arrived", &world, &before, End::Untouched);
}

#[test]
fn a_run_that_can_t_be_looked_up_is_unknown_and_leaves_no_row() {
    let world = world(2);
    let unreachable = || (OPENS, Fault::Before(broken as fn() -> anyhow::Error));
    let lost = (COMMITS, Fault::After(unanswered as fn() -> anyhow::Error));
    let (ended, n_opened) = disturbed(&world, [lost, unreachable(), unreachable(), unreachable()]);
    assert_eq!(exit(&ended), Exit::Unknown);
    assert_eq!(n_opened, 4, "the run, and three look-ups");
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run"), "1", "it took effect");
}

#[test]
fn a_chain_s_end_that_others_hold_for_too_long_is_drift_and_another_error_is_itself() {
    for (fault, ends, says) in [
        (timed_out as fn() -> anyhow::Error, Exit::Drifted, "was not to be had within 10 seconds"),
        (wrong, Exit::Config, "no such table"),
    ] {
        let world = world(0);
        let before = tables(&world);
        let (ended, _) = disturbed(&world, [(MOVES_END, Fault::Before(fault))]);
        assert_eq!(exit(&ended), ends, "{}", told(&ended));
        assert!(told(&ended).contains(says), "{}", told(&ended));
        assert_end(says, &world, &before, End::Untouched);
    }
}

fn add_to_chain(db: &mut dyn Transaction, run: LedgerRun) {
    let end = ledger::take_end(Duration::ZERO, db).unwrap();
    ledger::write_run(run, &ChangeHashes::default(), &end, db).unwrap();
}

/// Another revoke has taken something and ended, as under another lock.
fn another_revoke(db: &mut dyn Transaction) {
    let run = LedgerRun { job: "revoke".to_owned(), status: "applied".to_owned(), ..foreign_run() };
    add_to_chain(db, run);
}

#[test]
fn a_run_of_the_same_job_that_came_meanwhile_ends_one_that_takes_something() {
    let world = world(0);
    let before = tables(&world);
    let (ended, _) = disturbed(&world, [(MOVES_END, Fault::Meanwhile(another_revoke))]);
    assert_eq!(exit(&ended), Exit::Drifted, "{}", told(&ended));
    assert!(told(&ended).contains("another run of revoke took something"), "{}", told(&ended));
    assert_end("another revoke", &world, &before, End::Untouched);
}

#[test]
fn a_run_of_another_job_that_came_meanwhile_is_followed() {
    let world = world(0);
    let another_job = |db: &mut dyn Transaction| add_to_chain(db, foreign_run());
    let (ended, n_opened) = disturbed(&world, [(MOVES_END, Fault::Meanwhile(another_job))]);
    ok(&ended);
    assert_eq!(n_opened, 1);
    let follows =
        "SELECT COUNT(*) FROM recert_run a JOIN recert_run b ON b.previous_sha256 = a.sha256";
    assert_eq!(world.one(follows), "1");
}

#[test]
fn a_chain_s_end_that_moved_and_is_held_again_is_waited_for_and_another_error_is_itself() {
    for (fault, ends, says) in [
        (busy as fn() -> anyhow::Error, Exit::Drifted, "was not to be had within 10 seconds"),
        (wrong, Exit::Config, "no such table"),
    ] {
        let world = world(0);
        let before = tables(&world);
        let another_job = |db: &mut dyn Transaction| add_to_chain(db, foreign_run());
        let faults =
            [(MOVES_END, Fault::Meanwhile(another_job)), (TAKES_END, Fault::Before(fault))];
        let (ended, _) = disturbed(&world, faults);
        assert_eq!(exit(&ended), ends, "{}", told(&ended));
        assert!(told(&ended).contains(says), "{}", told(&ended));
        assert_end(says, &world, &before, End::Untouched);
    }
}

#[test]
fn a_run_that_takes_nothing_minds_no_run_that_came_meanwhile() {
    let world = World::sqlite();
    let (ended, n_opened) = disturbed(&world, [(MOVES_END, Fault::Meanwhile(another_revoke))]);
    ok(&ended);
    assert_eq!((ended.summary.status, n_opened), (Status::Unchanged, 1));
}

#[test]
fn the_first_run_of_a_job_that_day_does_not_walk_the_ledger() {
    let world = world(0);
    let walks = |disturbed: &Disturbed| {
        disturbed.asked.borrow().iter().filter(|name| *name == "ledger/select_links").count()
    };
    let first = Disturbed::by([]);
    ok(&first.run(&world, REVOKE));
    assert_eq!(walks(&first), 0);
    let second = Disturbed::by([]);
    ok(&second.run(&world, REVOKE));
    assert_eq!(walks(&second), 1, "what the first one took counts");
}

#[test]
fn changes_of_a_run_that_is_believed_already_are_not_read_again() {
    let world = world(0);
    ok(&world.run(REVOKE));
    let asked = Rc::default();
    let mut db =
        DisturbedTransaction { db: world.open(), faults: Rc::default(), asked: Rc::clone(&asked) };
    let hours = chrono::TimeDelta::hours(24);
    let mut chain = LedgerChain::read(&mut db).unwrap();
    for (is_known, n_asked) in [(false, 1), (true, 0)] {
        if is_known {
            chain = LedgerChain::read(&mut db).unwrap();
            chain.last("revoke", &["applied"], &mut db).unwrap().unwrap();
        }
        asked.borrow_mut().clear();
        assert_eq!(chain.applied_since("revoke", now() - hours, &mut db).unwrap().len(), 1);
        let hashes = "ledger/select_applied_hashes_since";
        assert_eq!(asked.borrow().iter().filter(|name| *name == hashes).count(), n_asked);
    }
}
