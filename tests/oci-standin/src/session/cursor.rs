//! Queries: portals read in pieces.

use super::{Call, Outcome, Session, Transaction, Trouble};
use crate::error::{Doing, OraError, from_pg};
use crate::sql::StatementKind;
use crate::transfer::{Column, Value};
use crate::wire::{Flight, Row};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// An open query. `done` means that the server has nothing more of it.
pub(super) struct Cursor {
    portal: String,
    rows: VecDeque<Row>,
    done: bool,
    failed: Option<OraError>,
}

impl Session {
    pub(super) fn query(&mut self, call: &Call<'_>) -> Result<Outcome, OraError> {
        let id = self.next_id();
        let portal = format!("c{id}");
        // A query that locks is read whole when it is executed, as that is when Oracle locks; LOCK TABLE has no rows.
        let whole = call.statement.for_update || call.statement.kind != StatementKind::Select;
        self.must_be_defined_as_it_was(call)?;
        let values = call.rows.first().map_or(&[][..], Vec::as_slice);
        let prepared = self.prepared(call, values).map_err(|trouble| self.ora_error(trouble, call.statement))?;
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
        let (prepared, segment) = outcome.map_err(|trouble| self.ora_error(trouble, call.statement))?;
        let done = whole || (call.prefetch > 0 && !segment.suspended);
        self.transaction.changed |= whole;
        let columns = Arc::clone(&prepared.columns);
        self.cursors.insert(id, Cursor { portal, rows: segment.rows.into(), done, failed: None });
        if done {
            self.finish_portal(id)?;
        }
        Ok(Outcome::Query { cursor: id, columns })
    }

    /// A reader whose snapshot is older than a table's definition can't read it.
    fn must_be_defined_as_it_was(&mut self, call: &Call<'_>) -> Result<(), OraError> {
        if !(self.transaction.open && self.transaction.read_only) {
            return Ok(());
        }
        let statement = call.statement.sql.replace('\'', "''");
        let mut flight = self.frame()?;
        flight.whole(&format!("SELECT oracle.must_be_defined_as_it_was('{statement}')"), false)?;
        self.carry_out(flight, call.timeout).map(drop).map_err(|trouble| self.ora_error(trouble, call.statement))
    }

    /// Rows of a cursor, at most `most`; fewer mean that there are no more.
    pub fn fetch(&mut self, id: u64, most: usize, timeout: Option<Duration>) -> Result<(Vec<Row>, bool), OraError> {
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
            if let Err(err) = self.advance(id, u32::try_from(missing).unwrap_or(u32::MAX), timeout) {
                self.end_if_only_read()?;
                return Err(err);
            }
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
                let doing = Doing { kind: StatementKind::Select, waited: false, timed_out: false };
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
    pub(super) fn end_if_only_read(&mut self) -> Result<(), OraError> {
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

    /// Ends of transactions end portals: what open cursors have left is read first.
    pub(super) fn drain_cursors(&mut self, timeout: Option<Duration>) -> Result<(), OraError> {
        let open: Vec<u64> = self.cursors.iter().filter(|(_, c)| !c.done).map(|(id, _)| *id).collect();
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
}
