//! A logged-on session: transactions, statements, cursors, array DML.
//!
//! Oracle undoes a failing statement and keeps the transaction; PostgreSQL would lose the whole transaction. So every
//! statement runs between a savepoint and its release, all in one flight.

use crate::error::{Doing, OraError, PgError, from_pg};
use crate::sql::dialect::READ_COMMITTED;
use crate::sql::{Action, Statement};
use crate::transfer::{Column, Types, Value, ValueKind, describe};
use crate::wire::{Flight, Row, Segment, Wire};
use postgres_protocol::Oid;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

const TEXT: Oid = 25;
const TIMESTAMP: Oid = 1114;
const TIMESTAMPTZ: Oid = 1184;
const NUMERIC: Oid = 1700;
/// Oracle's DDL doesn't wait for locks; PostgreSQL's gets a moment, as a reader may hold one there.
const DDL_LOCK_MS: u64 = 1500;

/// A statement the server has parsed.
#[derive(Debug)]
struct Prepared {
    name: String,
    parameters: Vec<Oid>,
    columns: Arc<Vec<Column>>,
}

type CacheKey = (String, Vec<ValueKind>);

#[derive(Default)]
struct Transaction {
    open: bool,
    /// Begun by SET TRANSACTION, so it is one even before anything is changed.
    explicit: bool,
    /// Something was changed or locked.
    changed: bool,
}

/// An open query. `done` means that the server has nothing more of it.
struct Cursor {
    portal: String,
    rows: VecDeque<Row>,
    done: bool,
    failed: Option<OraError>,
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
            "SELECT to_regtype('oracle.date')::oid, to_regtype('oracle.clob')::oid, to_regtype('oracle.blob')::oid",
            true,
        )?;
        flight.sync();
        let (segments, _) = self.wire.run(flight, None)?;
        let row = segments.first().and_then(|s| s.rows.first());
        let oid = |column| row.and_then(|row| row.text(column).parse::<Oid>().ok());
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
        self.begin_next.is_some()
            || (self.transaction.open && (self.transaction.changed || self.transaction.explicit))
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
    fn carry_out(
        &mut self,
        mut flight: Flight,
        timeout: Option<Duration>,
    ) -> Result<Segment, Trouble> {
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
            self.transaction = Transaction {
                open: true,
                explicit: self.begin_next.take().is_some(),
                changed: false,
            };
        }
    }

    fn ora_error(&self, trouble: Trouble, statement: &Statement) -> OraError {
        match trouble {
            Trouble::Lost(err) | Trouble::Local(err) => err,
            Trouble::Refused(refused) => {
                let doing = Doing {
                    kind: statement.kind,
                    waited: statement.wait_ms.is_some(),
                    timed_out: refused.timed_out,
                };
                from_pg(&refused.error, doing).at(statement.origin(refused.error.position))
            }
        }
    }

    /// Carries a statement out, whatever it is.
    pub fn execute(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
        match &call.statement.action {
            Action::Run if call.statement.kind.is_dml() => self.array_dml(call),
            Action::Run => Ok(self.query(call)?),
            Action::Ddl => Ok(self.ddl(call)?),
            Action::Commit => {
                self.commit(call.timeout).map(|()| Outcome::Done).map_err(Stopped::from)
            }
            Action::Rollback => {
                self.rollback(call.timeout).map(|()| Outcome::Done).map_err(Stopped::from)
            }
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
                self.set("schema", schema.to_lowercase());
                self.apply_settings(call)?;
                Ok(Outcome::Done)
            }
            Action::Nothing => {
                self.wire.notice_the_end()?;
                Ok(Outcome::Done)
            }
        }
    }

    fn apply_settings(&mut self, call: &Call<'_>) -> Result<(), OraError> {
        let flight = self.frame()?;
        let outcome = self.carry_out(flight, call.timeout);
        if outcome.is_err() {
            self.settings.remove("schema");
        }
        outcome.map_err(|trouble| self.ora_error(trouble, call.statement))?;
        self.end_if_only_read()
    }

    fn query(&mut self, call: &Call<'_>) -> Result<Outcome, OraError> {
        let id = self.next_id();
        let portal = format!("c{id}");
        let whole = call.statement.for_update;
        let values = call.rows.first().map_or(&[][..], Vec::as_slice);
        let prepared = self
            .prepared(call, values)
            .map_err(|trouble| self.ora_error(trouble, call.statement))?;
        if call.strict && prepared.columns.iter().any(Column::is_condition) {
            return Err(OraError::of(923));
        }
        if call.strict && self.is_text_for_date(&prepared, values) {
            return Err(OraError::of(1861));
        }
        let outcome = self.run_one(call, &prepared, values, |flight, name| {
            flight.bind(&portal, name, values.iter().map(Value::bytes))?;
            match (whole, call.prefetch) {
                (true, _) => flight.execute(&portal, 0),
                (false, 0) => Ok(()),
                (false, rows) => flight.execute(&portal, rows),
            }
        });
        let (prepared, segment) =
            outcome.map_err(|trouble| self.ora_error(trouble, call.statement))?;
        // A query that locks is read whole when it is executed, as that is when Oracle locks.
        let done = whole || (call.prefetch > 0 && !segment.suspended);
        self.transaction.changed |=
            whole || call.statement.kind != crate::sql::StatementKind::Select;
        let columns = Arc::clone(&prepared.columns);
        self.cursors.insert(id, Cursor { portal, rows: segment.rows.into(), done, failed: None });
        if done {
            self.finish_portal(id)?;
        }
        Ok(Outcome::Query { cursor: id, columns })
    }

    /// Rows of a cursor, at most `most`; fewer mean that there are no more.
    pub fn fetch(
        &mut self,
        id: u64,
        most: usize,
        timeout: Option<Duration>,
    ) -> Result<(Vec<Row>, bool), OraError> {
        let Some(cursor) = self.cursors.get_mut(&id) else {
            return Err(OraError::new(1002, "fetch out of sequence"));
        };
        let mut tripped = false;
        if let Some(err) = cursor.failed.take() {
            return Err(err);
        }
        if cursor.rows.len() < most && !cursor.done {
            let missing = most - cursor.rows.len();
            tripped = true;
            self.advance(id, u32::try_from(missing).unwrap_or(u32::MAX), timeout)?;
        }
        let Some(cursor) = self.cursors.get_mut(&id) else { return Ok((Vec::new(), tripped)) };
        let n = most.min(cursor.rows.len());
        Ok((cursor.rows.drain(..n).collect(), tripped))
    }

    /// Gets more rows of a cursor from the server; 0 means all.
    fn advance(&mut self, id: u64, rows: u32, timeout: Option<Duration>) -> Result<(), OraError> {
        let Some(portal) = self.cursors.get(&id).map(|c| c.portal.clone()) else { return Ok(()) };
        let mut flight = self.frame()?;
        flight.execute(&portal, rows)?;
        let outcome = self.carry_out(flight, timeout);
        let Some(cursor) = self.cursors.get_mut(&id) else { return Ok(()) };
        match outcome {
            Ok(segment) => {
                cursor.rows.extend(segment.rows);
                cursor.done = !segment.suspended;
                if cursor.done { self.finish_portal(id) } else { Ok(()) }
            }
            Err(trouble) => {
                cursor.done = true;
                let doing = Doing {
                    kind: crate::sql::StatementKind::Select,
                    waited: false,
                    timed_out: false,
                };
                Err(match trouble {
                    Trouble::Lost(err) | Trouble::Local(err) => err,
                    Trouble::Refused(refused) => {
                        from_pg(&refused.error, Doing { timed_out: refused.timed_out, ..doing })
                    }
                })
            }
        }
    }

    fn finish_portal(&mut self, id: u64) -> Result<(), OraError> {
        if let Some(cursor) = self.cursors.get(&id) {
            self.closing.push((b'P', cursor.portal.clone()));
        }
        self.end_if_only_read()
    }

    pub fn close_cursor(&mut self, id: u64) {
        if let Some(cursor) = self.cursors.remove(&id)
            && !cursor.done
        {
            self.closing.push((b'P', cursor.portal));
            // A line that is lost here is noticed by the next call.
            let _ = self.end_if_only_read();
        }
    }

    /// Oracle holds no locks for queries. A transaction that only read ends with its last cursor; nobody waits for it.
    fn end_if_only_read(&mut self) -> Result<(), OraError> {
        let transaction = &self.transaction;
        let idle = transaction.open && !transaction.changed && !transaction.explicit;
        if !idle || self.cursors.values().any(|c| !c.done) || !self.wire.is_alive() {
            return Ok(());
        }
        self.transaction = Transaction::default();
        self.closing.retain(|(variant, _)| *variant != b'P');
        let mut flight = Flight::new();
        flight.side("COMMIT")?;
        flight.sync();
        self.wire.post(flight)
    }

    /// Runs every row of values; stops at the first error, or collects errors.
    fn array_dml(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
        let mut counts = Vec::with_capacity(call.rows.len());
        let mut errors = Vec::new();
        let mut start = 0;
        while start < call.rows.len() {
            match self.run_rows(call, start..call.rows.len()) {
                Ok(done) => {
                    counts.extend(done);
                    break;
                }
                Err((trouble, failed)) => {
                    let lost = matches!(trouble, Trouble::Lost(_));
                    let error = self.ora_error(trouble, call.statement);
                    if lost {
                        return Err(Stopped { error, counts });
                    }
                    // The savepoint took the rows before the bad one back, too.
                    if failed > start {
                        let again = self.run_rows(call, start..failed);
                        counts.extend(
                            again
                                .map_err(|(trouble, _)| self.ora_error(trouble, call.statement))?,
                        );
                    }
                    if !call.batch_errors {
                        return Err(Stopped { error, counts });
                    }
                    counts.push(0);
                    errors.push((failed, error));
                    start = failed + 1;
                }
            }
        }
        Ok(Outcome::Changed { counts, errors })
    }

    /// Runs some rows in one flight. On refusal it answers which row it was, and nothing of them is left.
    fn run_rows(
        &mut self,
        call: &Call<'_>,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<u64>, (Trouble, usize)> {
        let start = range.start;
        let rows = &call.rows[range];
        let first = rows.first().map_or(&[][..], Vec::as_slice);
        let prepared = self.prepared(call, first).map_err(|trouble| (trouble, start))?;
        if call.strict
            && let Some(bad) = rows.iter().position(|row| self.is_text_for_date(&prepared, row))
        {
            return Err((Trouble::Local(OraError::of(1861)), start + bad));
        }
        let outcome = self.run_one(call, &prepared, first, |flight, name| {
            rows.iter().try_for_each(|row| {
                flight.bind("", name, row.iter().map(Value::bytes))?;
                flight.execute("", 0)
            })
        });
        match outcome {
            Ok((_, segment)) => {
                self.transaction.changed = true;
                Ok(segment.counts)
            }
            Err(Trouble::Refused(refused)) => {
                let failed = start + refused.segment.counts.len();
                Err((Trouble::Refused(refused), failed))
            }
            Err(trouble) => Err((trouble, start)),
        }
    }

    /// The statement as the server has parsed it: first with the types the binds have, then with others, as Oracle
    /// converts between strings and numbers where PostgreSQL refuses.
    fn prepared(&mut self, call: &Call<'_>, values: &[Value]) -> Result<Arc<Prepared>, Trouble> {
        let key: CacheKey = (call.statement.sql.clone(), values.iter().map(|v| v.kind).collect());
        if let Some(prepared) = self.cache.get(&key).cloned() {
            self.remember(&key, &prepared);
            return Ok(prepared);
        }
        let mut oids: Vec<Oid> = key.1.iter().map(|kind| first_oid(*kind)).collect();
        let mut first = None;
        let mut plan = 0;
        loop {
            let name = format!("s{}", self.next_id());
            let mut flight = self.frame()?;
            flight.parse(&name, &call.statement.sql, &oids)?;
            flight.describe(&name)?;
            match self.carry_out(flight, call.timeout) {
                Ok(segment) => {
                    let parameters = segment.parameters.unwrap_or_default();
                    let columns =
                        Arc::new(describe(&segment.fields.unwrap_or_default(), self.types));
                    let prepared = Arc::new(Prepared { name, parameters, columns });
                    self.remember(&key, &prepared);
                    return Ok(prepared);
                }
                Err(Trouble::Refused(refused)) => {
                    let next = other_oids(&refused.error, &key.1, &mut oids, &mut plan);
                    let first = first.get_or_insert(refused);
                    if !next {
                        return Err(Trouble::Refused(std::mem::take(first)));
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Oracle reads such a string by NLS_DATE_FORMAT, which nobody should rely on: it is refused.
    fn is_text_for_date(&self, prepared: &Prepared, values: &[Value]) -> bool {
        let dates = [TIMESTAMP, TIMESTAMPTZ, self.types.date];
        let mut pairs = values.iter().zip(&prepared.parameters);
        pairs.any(|(v, oid)| v.kind == ValueKind::Text && v.text.is_some() && dates.contains(oid))
    }

    fn forget(&mut self, key: &CacheKey) {
        if let Some(prepared) = self.cache.remove(key) {
            self.closing.push((b'S', prepared.name.clone()));
        }
        self.recent.retain(|k| k != key);
    }

    fn remember(&mut self, key: &CacheKey, prepared: &Arc<Prepared>) {
        self.recent.retain(|k| k != key);
        self.recent.push_back(key.clone());
        self.cache.insert(key.clone(), Arc::clone(prepared));
        while self.recent.len() > self.cache_size.max(1) as usize {
            let oldest = self.recent[0].clone();
            self.forget(&oldest);
        }
    }

    /// Executes a parsed statement once, or once more when its plan no longer fits since somebody has altered a table.
    fn run_one(
        &mut self,
        call: &Call<'_>,
        prepared: &Arc<Prepared>,
        values: &[Value],
        add: impl Fn(&mut Flight, &str) -> Result<(), OraError>,
    ) -> Result<(Arc<Prepared>, Segment), Trouble> {
        let mut prepared = Arc::clone(prepared);
        for again in [true, false] {
            let mut flight = self.frame()?;
            if let Some(wait) = call.statement.wait_ms {
                flight.side(&format!("SET LOCAL lock_timeout = {wait}"))?;
            }
            add(&mut flight, &prepared.name)?;
            if call.statement.wait_ms.is_some() {
                flight.side("SET LOCAL lock_timeout = 0")?;
            }
            match self.carry_out(flight, call.timeout) {
                Err(Trouble::Refused(refused)) if again && refused.error.state == "0A000" => {
                    self.forget(&(
                        call.statement.sql.clone(),
                        values.iter().map(|v| v.kind).collect(),
                    ));
                    prepared = self.prepared(call, values)?;
                }
                outcome => return Ok((prepared, outcome?)),
            }
        }
        Err(Trouble::Local(OraError::of(600)))
    }

    /// Ends of transactions end portals: what open cursors have left is read first.
    fn drain_cursors(&mut self, timeout: Option<Duration>) -> Result<(), OraError> {
        let open: Vec<u64> =
            self.cursors.iter().filter(|(_, c)| !c.done).map(|(id, _)| *id).collect();
        for id in open {
            if let Err(err) = self.advance(id, 0, timeout) {
                if !self.wire.is_alive() {
                    return Err(err);
                }
                if let Some(cursor) = self.cursors.get_mut(&id) {
                    cursor.failed = Some(err);
                }
            }
        }
        Ok(())
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
            Some(err) => Err(from_pg(
                &err,
                Doing { kind: crate::sql::StatementKind::Commit, waited: false, timed_out },
            )),
            None if segment.tag != verb => Err(OraError::new(2091, "transaction rolled back")),
            None => Ok(()),
        }
    }

    /// DDL commits what was before it, and itself.
    fn ddl(&mut self, call: &Call<'_>) -> Result<Outcome, OraError> {
        self.commit(call.timeout)?;
        let settings = if self.settings.is_empty() {
            String::new()
        } else {
            format!("{}; ", self.settings_sql())
        };
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

/// The type a bind is declared with at first; 0 lets the server infer it.
fn first_oid(kind: ValueKind) -> Oid {
    match kind {
        ValueKind::Number => NUMERIC,
        ValueKind::Date => TIMESTAMP,
        ValueKind::Text | ValueKind::Zoned | ValueKind::Bytes => 0,
    }
}

/// The next set of types to try after a refusal to parse, if another may help.
fn other_oids(err: &PgError, kinds: &[ValueKind], oids: &mut [Oid], plan: &mut u32) -> bool {
    if err.state == "42P18" {
        // "could not determine data type of parameter $n"
        let n = err.message.rsplit('$').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        let untyped = n.checked_sub(1).and_then(|i| oids.get_mut(i)).filter(|oid| **oid == 0);
        if let Some(oid) = untyped {
            *oid = TEXT;
            return true;
        }
    }
    if !["42883", "42804", "42P08", "42846", "42725", "42P18"].contains(&err.state.as_str()) {
        return false;
    }
    *plan += 1;
    let (numbers, texts) = match *plan {
        1 => (0, 0),
        2 => (NUMERIC, TEXT),
        3 => (0, TEXT),
        _ => return false,
    };
    for (oid, kind) in oids.iter_mut().zip(kinds) {
        match kind {
            ValueKind::Number => *oid = numbers,
            ValueKind::Text => *oid = texts,
            _ => {}
        }
    }
    true
}
