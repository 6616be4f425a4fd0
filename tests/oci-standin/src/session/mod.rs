//! A logged-on session: transactions, statements, cursors, array DML.
//!
//! Oracle undoes a failing statement and keeps the transaction; PostgreSQL would lose the whole transaction. So every
//! statement runs between a savepoint and its release, all in one flight.

mod array;
mod cursor;
mod prepare;

use crate::connect::posix_zone;
use crate::error::{Doing, OraError, PgError, from_pg};
use crate::sql::transaction::{READ_COMMITTED, READ_ONLY, SERIALIZABLE};
use crate::sql::{Action, Statement, StatementKind};
use crate::transfer::{Column, Types, Value, ValueKind};
use crate::wire::{Flight, Segment, Wire};
use cursor::Cursor;
use postgres_protocol::Oid;
use prepare::{CacheKey, Prepared};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Oracle's DDL doesn't wait for locks; PostgreSQL's gets a moment, as a reader may hold one there.
const DDL_LOCK_MS: u64 = 1500;

#[derive(Default)]
struct Transaction {
    open: bool,
    /// Begun by SET TRANSACTION, so it is one even before anything is changed.
    explicit: bool,
    /// Something was changed or locked.
    changed: bool,
    serializable: bool,
    read_only: bool,
}

/// One execution: rows of values, in the order of the statement's bind occurrences.
pub struct Call<'a> {
    pub statement: &'a Statement,
    pub rows: &'a [Vec<Value>],
    pub prefetch: u32,
    pub batch_errors: bool,
    pub strict: bool,
    pub timeout: Option<Duration>,
}

/// What came of it.
pub enum Outcome {
    Query {
        cursor: u64,
        columns: Arc<Vec<Column>>,
    },
    /// Rows touched by each row of values; a failed one counts 0. Errors by row.
    Changed {
        counts: Vec<u64>,
        errors: Vec<(usize, OraError)>,
    },
    /// DDL and the like.
    Done,
}

/// An array DML that stopped: the rows before it are in.
pub struct Stopped {
    pub error: OraError,
    pub counts: Vec<u64>,
}

impl From<OraError> for Stopped {
    fn from(error: OraError) -> Stopped {
        Stopped { error, counts: Vec::new() }
    }
}

/// What the server refused, before it is an Oracle error.
#[derive(Default)]
struct Refused {
    error: PgError,
    timed_out: bool,
    segment: Segment,
}

enum Trouble {
    /// The line is gone, or was never used.
    Lost(OraError),
    /// Refused on this side.
    Local(OraError),
    Refused(Box<Refused>),
}

impl From<OraError> for Trouble {
    fn from(error: OraError) -> Trouble {
        Trouble::Lost(error)
    }
}

pub struct Session {
    pub wire: Wire,
    types: Types,
    /// The database holds one byte a character: what is beyond Latin-1 becomes `¿`.
    one_byte: bool,
    transaction: Transaction,
    /// How transactions begin, and how the next one does.
    begin: &'static str,
    begin_next: Option<&'static str>,
    settings: BTreeMap<&'static str, String>,
    settings_changed: bool,
    cache: HashMap<CacheKey, Arc<Prepared>>,
    recent: VecDeque<CacheKey>,
    pub cache_size: u32,
    cursors: HashMap<u64, Cursor>,
    closing: Vec<(u8, String)>,
    last_id: u64,
}
impl Session {
    pub fn new(wire: Wire) -> Result<Session, OraError> {
        let mut session = Session {
            wire,
            types: Types::default(),
            one_byte: false,
            transaction: Transaction::default(),
            begin: READ_COMMITTED,
            begin_next: None,
            settings: BTreeMap::new(),
            settings_changed: false,
            cache: HashMap::new(),
            recent: VecDeque::new(),
            cache_size: 20,
            cursors: HashMap::new(),
            closing: Vec::new(),
            last_id: 0,
        };
        session.find_types()?;
        Ok(session)
    }

    fn find_types(&mut self) -> Result<(), OraError> {
        let mut flight = Flight::new();
        flight.whole(
            "SELECT to_regtype('oracle.date')::oid, to_regtype('oracle.clob')::oid, to_regtype('oracle.blob')::oid, \
             (SELECT value NOT LIKE '%UTF8' FROM oracle.nls_database_parameters)",
            true,
        )?;
        flight.sync();
        let (segments, _) = self.wire.run(flight, None)?;
        let row = segments.first().and_then(|s| s.rows.first());
        let oid = |column| row.and_then(|row| row.text(column).parse::<Oid>().ok());
        self.one_byte = row.is_some_and(|row| row.text(3) == "t");
        match (oid(0), oid(1), oid(2)) {
            (Some(date), Some(clob), Some(blob)) => self.types = Types { date, clob, blob },
            _ => {
                return Err(OraError::new(
                    1012,
                    "not logged on: setup.sql of the stand-in was not run in this database",
                ));
            }
        }
        Ok(())
    }

    /// A session attribute; it travels with the next statement.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.settings.insert(name, value);
        // Other sessions see this one's tags there, in V$SESSION.
        let tag = |name| self.settings.get(name).map_or("", String::as_str);
        let tags = [tag("oci.module"), tag("oci.action"), tag("oci.client_identifier")].join("|");
        self.settings.insert("application_name", tags);
        self.settings_changed = true;
    }

    /// Whether there is something a real session would have to roll back.
    pub fn in_transaction(&self) -> bool {
        self.begin_next.is_some() || (self.transaction.open && (self.transaction.changed || self.transaction.explicit))
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Opens a flight: closes what is to be closed, begins the transaction if need be, sets the savepoint.
    fn frame(&mut self) -> Result<Flight, OraError> {
        let mut flight = Flight::new();
        for (variant, name) in self.closing.drain(..) {
            flight.close(variant, &name)?;
        }
        if !self.transaction.open {
            flight.side(self.begin_next.unwrap_or(self.begin))?;
        }
        flight.side("SAVEPOINT s")?;
        if self.settings_changed {
            flight.side(&self.settings_sql())?;
        }
        Ok(flight)
    }

    fn settings_sql(&self) -> String {
        let call = |(name, value): (&&str, &String)| {
            let value = value.replace('\'', "''");
            match *name {
                "schema" => format!("oracle.use_schema('{value}')"),
                name => format!("set_config('{name}', '{value}', false)"),
            }
        };
        format!("SELECT {}", self.settings.iter().map(call).collect::<Vec<_>>().join(", "))
    }

    /// Sends a flight opened by `frame` and settles the transaction's state. A refusal is undone to the savepoint.
    fn carry_out(&mut self, mut flight: Flight, timeout: Option<Duration>) -> Result<Segment, Trouble> {
        flight.side("RELEASE s")?;
        flight.sync();
        let opens = !self.transaction.open;
        let (mut segments, timed_out) = self.wire.run(flight, timeout)?;
        let segment = segments.pop().unwrap_or_default();
        if let Some(error) = segment.error.clone() {
            let mut undo = Flight::new();
            self.settings_changed |= !self.settings.is_empty();
            if opens && self.begin_next.is_none() {
                undo.side("ROLLBACK")?;
            } else {
                self.opened(opens);
                undo.side("ROLLBACK TO s")?;
                undo.side("RELEASE s")?;
            }
            undo.sync();
            self.wire.run(undo, timeout)?;
            return Err(Trouble::Refused(Box::new(Refused { error, timed_out, segment })));
        }
        self.opened(opens);
        self.settings_changed = false;
        Ok(segment)
    }

    fn opened(&mut self, opens: bool) {
        if opens {
            let serializable = self.is_serializable();
            let begun = self.begin_next.take();
            let (explicit, read_only) = (begun.is_some(), begun == Some(READ_ONLY));
            self.transaction = Transaction { open: true, explicit, changed: false, serializable, read_only };
        }
    }

    /// Whether the transaction at hand, or the one that the next statement begins, is SERIALIZABLE.
    fn is_serializable(&self) -> bool {
        match self.transaction.open {
            true => self.transaction.serializable,
            false => self.begin_next.unwrap_or(self.begin) == SERIALIZABLE,
        }
    }

    /// What the database's character set makes of the values.
    pub fn convert(&self, rows: &mut [Vec<Value>]) {
        let texts = rows.iter_mut().flatten().filter(|value| self.one_byte && value.kind == ValueKind::Text);
        for text in texts.filter_map(|value| value.text.as_mut()) {
            let held = |c: char| if c > '\u{ff}' { '¿' } else { c };
            *text = String::from_utf8_lossy(text).chars().map(held).collect::<String>().into_bytes();
        }
    }

    fn ora_error(&self, trouble: Trouble, statement: &Statement) -> OraError {
        match trouble {
            Trouble::Lost(err) | Trouble::Local(err) => err,
            Trouble::Refused(refused) => {
                let doing =
                    Doing { kind: statement.kind, waited: statement.wait_ms.is_some(), timed_out: refused.timed_out };
                from_pg(&refused.error, doing).at(statement.origin(refused.error.position))
            }
        }
    }

    /// Carries a statement out, whatever it is.
    pub fn execute(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
        let outcome = self.dispatch(call);
        if outcome.is_err() {
            // A statement that failed leaves no transaction where there was none.
            self.end_if_only_read()?;
        }
        outcome
    }

    fn dispatch(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
        match &call.statement.action {
            Action::Run if call.statement.kind.is_dml() => self.array_dml(call),
            Action::Run => Ok(self.query(call)?),
            Action::Ddl => Ok(self.ddl(call)?),
            Action::Commit => self.commit(call.timeout).map(|()| Outcome::Done).map_err(Stopped::from),
            Action::Rollback => self.rollback(call.timeout).map(|()| Outcome::Done).map_err(Stopped::from),
            Action::SetTransaction(begin) => {
                if self.in_transaction() {
                    return Err(OraError::of(1453).into());
                }
                self.commit(call.timeout)?;
                self.begin_next = Some(begin);
                Ok(Outcome::Done)
            }
            Action::SetSession(begin) => {
                self.begin = begin;
                Ok(Outcome::Done)
            }
            Action::SetSchema(schema) => {
                self.change("schema", schema.to_lowercase(), call)?;
                Ok(Outcome::Done)
            }
            Action::SetZone(zone) => {
                self.change("TimeZone", posix_zone(zone), call)?;
                Ok(Outcome::Done)
            }
            Action::Nothing => {
                self.wire.notice_the_end()?;
                Ok(Outcome::Done)
            }
        }
    }

    /// Changes a setting at once; one that is refused stays as it was.
    fn change(&mut self, name: &'static str, value: String, call: &Call<'_>) -> Result<(), OraError> {
        let before = self.settings.get(name).cloned();
        self.set(name, value);
        let flight = self.frame()?;
        let outcome = self.carry_out(flight, call.timeout);
        if outcome.is_err() {
            match before {
                Some(before) => self.settings.insert(name, before),
                None => self.settings.remove(name),
            };
        }
        outcome.map_err(|trouble| self.ora_error(trouble, call.statement))?;
        self.end_if_only_read()
    }

    pub fn commit(&mut self, timeout: Option<Duration>) -> Result<(), OraError> {
        self.end("COMMIT", timeout)
    }

    pub fn rollback(&mut self, timeout: Option<Duration>) -> Result<(), OraError> {
        self.settings_changed |= !self.settings.is_empty();
        self.end("ROLLBACK", timeout)
    }

    fn end(&mut self, verb: &str, timeout: Option<Duration>) -> Result<(), OraError> {
        self.begin_next = None;
        if self.transaction.open {
            self.drain_cursors(timeout)?;
        }
        if !self.transaction.open {
            // A real client would ask the server all the same, and notice a broken line.
            return self.wire.notice_the_end();
        }
        let mut flight = Flight::new();
        flight.whole(verb, true)?;
        flight.sync();
        let (segments, timed_out) = self.wire.run(flight, timeout)?;
        self.transaction = Transaction::default();
        self.closing.retain(|(variant, _)| *variant != b'P');
        let segment = segments.into_iter().next().unwrap_or_default();
        match segment.error {
            Some(err) => Err(from_pg(&err, Doing { kind: StatementKind::Commit, waited: false, timed_out })),
            None if segment.tag != verb => Err(OraError::new(2091, "transaction rolled back")),
            None => Ok(()),
        }
    }

    /// DDL commits what was before it, and itself.
    fn ddl(&mut self, call: &Call<'_>) -> Result<Outcome, OraError> {
        self.commit(call.timeout)?;
        let settings = if self.settings.is_empty() { String::new() } else { format!("{}; ", self.settings_sql()) };
        let prefix = format!("{settings}SET LOCAL lock_timeout = {DDL_LOCK_MS}; ");
        let mut flight = Flight::new();
        flight.simple(&format!("{prefix}{}", call.statement.sql))?;
        let (segments, timed_out) = self.wire.run(flight, call.timeout)?;
        self.settings_changed |= !self.settings.is_empty();
        if let Some(err) = segments.into_iter().find_map(|s| s.error) {
            let doing = Doing { kind: call.statement.kind, waited: false, timed_out };
            let position = err.position.saturating_sub(prefix.chars().count());
            return Err(from_pg(&err, doing).at(call.statement.origin(position)));
        }
        Ok(Outcome::Done)
    }

    /// Leaves; a transaction that is still open is rolled back by the server.
    pub fn say_goodbye(&mut self) {
        let mut flight = Flight::new();
        flight.terminate();
        // The line may be broken, and nobody waits for an answer.
        let _ = self.wire.post(flight);
        self.wire.cut();
    }

    pub fn ping(&mut self, timeout: Option<Duration>) -> Result<(), OraError> {
        let mut flight = Flight::new();
        flight.sync();
        self.wire.run(flight, timeout).map(drop)
    }
}
