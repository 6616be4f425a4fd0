//! A run that is stopped before each of its steps, and what another session does meanwhile.
//!
//! Rows are held to the table by a trigger that writes down each row that a session of recert's replaces or
//! deletes. The table of outcomes is in `target/tmp/second_session.txt` after a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use recert::door::db::Transaction;
use serde_json::Value as Json;

use crate::harness::World;
use crate::verify::holds;

/// Where a run is stopped: before it reads what it changes, before it holds, and so on to its COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Before {
    Plan,
    Hold,
    Ledger,
    Apply,
    End,
    Commit,
}

const ALL: [Before; 6] =
    [Before::Plan, Before::Hold, Before::Ledger, Before::Apply, Before::End, Before::Commit];

/// What the other session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interference {
    /// A column that the decision read gets another value.
    Change,
    /// A column that nobody asks about does.
    Touch,
    /// A row is added that the plan rests on not being there.
    Add,
    /// The row goes.
    Delete,
    /// The row is locked, and stays so until the run has ended.
    Lock,
}

/// One job, and what others can do to it.
pub(super) struct Scene {
    pub(super) job: &'static str,
    /// Tables whose rows it changes.
    pub(super) tables: &'static [&'static str],
    /// In the first statement that reads what it changes.
    pub(super) reads: &'static str,
    /// In the first statement that changes it.
    pub(super) changes: &'static str,
    pub(super) change: &'static str,
    pub(super) touch: &'static str,
    pub(super) add: &'static str,
    /// The last step before which a row that was added still ends the run.
    pub(super) added_until: Before,
    pub(super) delete: &'static str,
    pub(super) lock: &'static str,
    /// Whether any column counts: the plan has compared the whole row.
    pub(super) any_column: bool,
    /// Whether a row that was changed before the plan was made ends the run too.
    pub(super) is_for_good: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As if the other had come first, or not been there.
    Done,
    /// The other waits until the run has ended.
    DoneOtherWaits,
    /// All is rolled back; the next run sees what the other did.
    Drifted,
}

impl Scene {
    fn place(&self, before: Before) -> String {
        match before {
            Before::Plan => format!("1:execute/{}:pause", self.reads),
            // The first one is the job's lock.
            Before::Hold => "2:execute/FOR UPDATE NOWAIT:pause".to_owned(),
            Before::Ledger => "1:execute/INSERT INTO RECERT_CHANGE:pause".to_owned(),
            Before::Apply => format!("1:execute/{}:pause", self.changes),
            Before::End => "1:execute/UPDATE RECERT_LOCK:pause".to_owned(),
            Before::Commit => "1:execute/INSERT INTO RECERT_RUN:pause".to_owned(),
        }
    }

    fn expected(&self, what: Interference, before: Before) -> Outcome {
        use Interference::{Add, Change, Delete, Lock, Touch};
        match what {
            Add if before > Before::Plan && before <= self.added_until => Outcome::Drifted,
            Add => Outcome::Done,
            _ if before > Before::Hold => Outcome::DoneOtherWaits,
            Lock => Outcome::Drifted,
            Touch if !self.any_column => Outcome::Done,
            Change | Delete | Touch if before == Before::Plan && !self.is_for_good => Outcome::Done,
            Change | Delete | Touch => Outcome::Drifted,
        }
    }

    fn statement(&self, what: Interference) -> &'static str {
        match what {
            Interference::Change => self.change,
            Interference::Touch => self.touch,
            Interference::Add => self.add,
            Interference::Delete => self.delete,
            Interference::Lock => self.lock,
        }
    }

    /// Every interference at every step.
    pub(super) fn play(&self, prepare: &dyn Fn(&mut World) -> String) {
        use Interference::{Add, Change, Delete, Lock, Touch};
        for what in [Change, Touch, Add, Delete, Lock] {
            let mut outcomes = Vec::new();
            for before in ALL {
                let Some(mut world) = World::standin() else { return };
                world.config.database.retries = 0;
                world.config.limits.revoke.floor = 100;
                let command = prepare(&mut world);
                watch(&world, self.tables);
                let name = format!("{}, {what:?} before {before:?}", self.job);
                let outcome = self.interfere(&world, &name, &command, what, before);
                assert_eq!(outcome, self.expected(what, before), "{name}");
                outcomes.push(outcome);
            }
            write_down(self.job, what, &outcomes);
        }
    }

    fn interfere(
        &self,
        world: &World,
        name: &str,
        command: &str,
        what: Interference,
        before: Before,
    ) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let mut run = world.recert(command);
        run.env("OCI_STANDIN_FAULT", self.place(before)).env("OCI_STANDIN_PAUSE", folder.path());
        run.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let run = run.spawn().unwrap();
        let at = wait_for(&folder.path().join("paused"), name);
        let (waits, output) = std::thread::scope(|scope| {
            let (done, heard) = channel();
            let (statement, folder) = (self.statement(what), folder.path());
            scope.spawn(move || {
                let held: Option<Box<dyn Transaction>> = if what == Interference::Lock {
                    let mut other = world.open();
                    let sql = recert::door::sql::Sql::made("test".to_owned(), statement.to_owned());
                    other.rows(&sql, &[]).unwrap();
                    Some(other)
                } else {
                    as_somebody(world, statement);
                    None
                };
                // Nobody hears it if the run has ended before.
                let _ = done.send(());
                // What is locked stays so until the run has ended.
                while held.is_some() && !folder.join("ended").exists() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let waits = waits(world, &heard);
            std::fs::write(folder.join("go"), "").unwrap();
            let output = run.wait_with_output().unwrap();
            std::fs::write(folder.join("ended"), "").unwrap();
            (waits, output)
        });
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let told = format!("{name}, at {at}: {log}");
        assert!(matches!(code, Some(0 | 77)), "{code:?} {told}");
        let is_done = code == Some(0);
        whole_or_nothing(world, &told, is_done);
        holds(world);
        self.next_run(world, command, &told);
        match (is_done, waits) {
            (true, false) => Outcome::Done,
            (true, true) => Outcome::DoneOtherWaits,
            (false, false) => Outcome::Drifted,
            (false, true) => panic!("drifted although the other waited: {told}"),
        }
    }

    /// Undisturbed, it gets through; what somebody changed for good since, a restore leaves, and says so.
    fn next_run(&self, world: &World, command: &str, told: &str) {
        let output = world.recert(command).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(code == Some(0) || (self.is_for_good && code == Some(77)), "again: {log} {told}");
        holds(world);
    }
}

/// Waits until the run has come to its pause, and says at which statement.
pub(crate) fn wait_for(path: &Path, name: &str) -> String {
    for _ in 0..3_000 {
        if let Ok(sql) = std::fs::read_to_string(path)
            && !sql.is_empty()
        {
            return sql.chars().take(60).collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{name}: the run never came there");
}

/// Whether the other session must wait; it is done or waits for a lock before this comes back.
pub(super) fn waits(world: &World, heard: &Receiver<()>) -> bool {
    loop {
        match heard.recv_timeout(Duration::from_millis(20)) {
            Ok(()) => return false,
            Err(RecvTimeoutError::Disconnected) => panic!("the other session failed"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()";
        if world.standin_database().psql(waiting).unwrap().trim() != "0" {
            return true;
        }
    }
}

/// Carries out a statement as a session that is none of recert's.
pub(super) fn as_somebody(world: &World, statement: &str) {
    let standin = world.standin_database();
    let path = format!("SET search_path = {}, oracle, public;", standin.user);
    standin.psql(&format!("{path} {statement}")).unwrap();
}

/// From here on, each row that a session of recert's replaces or deletes is written down.
fn watch(world: &World, tables: &[&str]) {
    let mut sql = "CREATE TABLE public.seen (table_name text, old jsonb);
        CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            IF session_user <> 'postgres' THEN
                INSERT INTO public.seen VALUES (upper(TG_TABLE_NAME), to_jsonb(OLD) - 'oci$rowid');
            END IF;
            RETURN NULL;
        END $$;"
        .to_owned();
    for table in tables {
        let _ = write!(
            sql,
            "CREATE TRIGGER see AFTER UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION public.see();"
        );
    }
    as_somebody(world, &sql);
}

/// Nothing at all of a run that failed; of one that is done, just what its ledger tells, and each image is the
/// row that was there.
fn whole_or_nothing(world: &World, told: &str, is_done: bool) {
    let seen =
        world.standin_database().psql("SELECT table_name || ' ' || old FROM public.seen").unwrap();
    let mut seen: Vec<(String, BTreeMap<String, String>)> = seen
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(table, old)| (table.to_owned(), meaning(old)))
        .collect();
    let last = "(SELECT MAX(run_id) FROM recert_run)";
    let status = world.one("SELECT status FROM recert_run ORDER BY run_id DESC");
    let query = format!(
        "SELECT c.table_name, c.action, i.before_image FROM recert_change c
           JOIN recert_image i ON i.run_id = c.run_id AND i.seq = c.seq
          WHERE c.run_id = {last} AND c.action <> 'insert' AND c.table_name <> 'RECERT_IMAGE'"
    );
    let changes = world.query(&query);
    if !is_done {
        assert_eq!(status, "failed", "{told}");
        assert_eq!((seen.len(), changes.len()), (0, 0), "half a state: {told}");
        return;
    }
    assert!(matches!(status.as_str(), "applied" | "unchanged"), "{told}");
    assert_eq!(seen.len(), changes.len(), "{seen:?}: {told}");
    for change in changes {
        let (table, image) = (change.values[0].display(), change.values[2].display());
        if image.is_empty() {
            continue; // Of a person who is erased nothing is kept.
        }
        let found = seen.iter().position(|row| *row == (table.clone(), meaning(&image)));
        let at = found.unwrap_or_else(|| panic!("stale: {table} {image} of {seen:?}: {told}"));
        seen.swap_remove(at);
    }
}

/// Columns and what they hold, however it is written.
fn meaning(image: &str) -> BTreeMap<String, String> {
    let image: BTreeMap<String, Json> = serde_json::from_str(image).unwrap();
    let text = |value: &Json| match value {
        Json::Null => String::new(),
        Json::Number(n) => format!("{}", n.as_f64().unwrap()),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    image.iter().map(|(name, value)| (name.to_uppercase(), text(value))).collect()
}

/// A line for the table of outcomes.
fn write_down(job: &str, what: Interference, outcomes: &[Outcome]) {
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let words = outcomes.iter().map(|outcome| match outcome {
        Outcome::Done => "0",
        Outcome::DoneOtherWaits => "0 waits",
        Outcome::Drifted => "77",
    });
    let line: String = words.map(|word| format!("{word:<9}")).collect();
    let mut lines = LINES.lock().unwrap();
    lines.push(format!("{job:<24}{:<9}{line}", format!("{what:?}").to_lowercase()));
    lines.sort();
    let steps: String = ALL.map(|before| format!("{before:<9?}")).concat();
    let text =
        format!("{:<24}{:<9}{}\n{}\n", "job", "other", steps.to_lowercase(), lines.join("\n"));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("second_session.txt");
    std::fs::write(path, text).unwrap();
}
