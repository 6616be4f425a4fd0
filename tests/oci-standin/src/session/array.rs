//! Array DML: many rows of values in one flight.

use super::{Call, Outcome, Prepared, Session, Stopped, Trouble};
use crate::error::OraError;
use crate::sql::StatementKind;
use crate::transfer::{Value, ValueKind};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows after which an index leaf splits.
const LEAF_ROWS: u64 = 200;
/// Rows that SERIALIZABLE transactions of this process have inserted.
static SERIALIZABLE_ROWS: AtomicU64 = AtomicU64::new(0);

/// Bytes of a text that may expand to what no VARCHAR2 column holds.
const EXPANDING_BYTES: usize = 1000;

impl Session {
    /// Runs every row of values; stops at the first error, or collects errors.
    pub(super) fn array_dml(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
        if call.strict && call.statement.kind == StatementKind::Insert && self.is_serializable() {
            self.insert_serializable(call)?;
        }
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
                        counts.extend(again.map_err(|(trouble, _)| self.ora_error(trouble, call.statement))?);
                    }
                    // A call that was broken off is no matter of its rows.
                    if !call.batch_errors || matches!(error.code, 1013 | 3136) {
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
    fn run_rows(&mut self, call: &Call<'_>, range: Range<usize>) -> Result<Vec<u64>, (Trouble, usize)> {
        let start = range.start;
        let rows = &call.rows[range];
        let first = rows.first().map_or(&[][..], Vec::as_slice);
        let prepared = self.prepared(call, first).map_err(|trouble| (trouble, start))?;
        if call.strict
            && let Some(bad) = rows.iter().position(|row| self.is_text_for_date(&prepared, row))
        {
            return Err((Trouble::Local(OraError::of(1861)), start + bad));
        }
        if call.strict && self.has_text_behind_lob(&prepared, rows) {
            return Err((Trouble::Local(OraError::of(24816)), start));
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

    /// Oracle ends a SERIALIZABLE transaction at the first row of a table, which gets its segment by it, and where
    /// an index leaf splits, with nobody else at work.
    fn insert_serializable(&mut self, call: &Call<'_>) -> Result<(), OraError> {
        let told = |trouble, session: &Session| session.ora_error(trouble, call.statement);
        let rows = call.rows.len() as u64;
        let before = SERIALIZABLE_ROWS.fetch_add(rows, Ordering::Relaxed);
        if before / LEAF_ROWS != (before + rows) / LEAF_ROWS {
            return Err(OraError::of(8177));
        }
        let table = call.statement.sql.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("INTO"));
        let table: String = table
            .skip(1)
            .take_while(|word| !["(", "VALUES", "SELECT"].contains(&word.to_uppercase().as_str()))
            .collect();
        let mut flight = self.frame()?;
        flight.whole(&format!("SELECT pg_relation_size(to_regclass('{table}')) = 0"), true)?;
        let segment = self.carry_out(flight, call.timeout).map_err(|trouble| told(trouble, self))?;
        if segment.rows.first().is_none_or(|row| row.text(0) != "t") {
            return Ok(());
        }
        // The row goes, the segment stays.
        let first = call.rows.first().map_or(&[][..], Vec::as_slice);
        let prepared = self.prepared(call, first).map_err(|trouble| told(trouble, self))?;
        let outcome = self.run_one(call, &prepared, first, |flight, name| {
            flight.bind("", name, first.iter().map(Value::bytes))?;
            flight.execute("", 0)?;
            flight.side("SELECT oracle.refuse('ORA-08177: can''t serialize access for this transaction')")
        });
        outcome.map(drop).map_err(|trouble| told(trouble, self))
    }

    /// Whether a bind of a LOB column stands before a text that might be as long when it is expanded.
    fn has_text_behind_lob(&self, prepared: &Prepared, rows: &[Vec<Value>]) -> bool {
        let is_lob = |at: usize| [self.types.clob, self.types.blob].contains(&prepared.parameters[at]);
        let Some(lob) = (0..prepared.parameters.len()).find(|at| is_lob(*at)) else { return false };
        let expands =
            |value: &Value| value.kind == ValueKind::Text && value.bytes().is_some_and(|b| b.len() > EXPANDING_BYTES);
        (lob..prepared.parameters.len())
            .filter(|at| !is_lob(*at))
            .any(|at| rows.iter().any(|row| row.get(at).is_some_and(expands)))
    }
}
