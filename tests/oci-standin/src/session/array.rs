//! Array DML: many rows of values in one flight.

use super::{Call, Outcome, Session, Stopped, Trouble};
use crate::error::OraError;
use crate::transfer::Value;
use std::ops::Range;

impl Session {
    /// Runs every row of values; stops at the first error, or collects errors.
    pub(super) fn array_dml(&mut self, call: &Call<'_>) -> Result<Outcome, Stopped> {
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
}
