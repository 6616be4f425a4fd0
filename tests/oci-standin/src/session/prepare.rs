//! Statements the server has parsed, and the types of their parameters.

use super::{Call, Session, Trouble};
use crate::error::{OraError, PgError};
use crate::transfer::{Column, Value, ValueKind, describe};
use crate::wire::{Flight, Row, Segment};
use postgres_protocol::Oid;
use std::collections::HashSet;
use std::sync::Arc;

const TEXT: Oid = 25;
const PADDED: Oid = 1042;
const TIMESTAMP: Oid = 1114;
const TIMESTAMPTZ: Oid = 1184;
const NUMERIC: Oid = 1700;

/// A statement the server has parsed.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) parameters: Vec<Oid>,
    pub(super) columns: Arc<Vec<Column>>,
}

pub(super) type CacheKey = (String, Vec<ValueKind>);

impl Session {
    /// The statement as the server has parsed it: first with the types the binds have, then with others, as Oracle
    /// converts between strings and numbers where PostgreSQL refuses.
    pub(super) fn prepared(&mut self, call: &Call<'_>, values: &[Value]) -> Result<Arc<Prepared>, Trouble> {
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
                    if unpad(&parameters, &key.1, &mut oids) {
                        self.closing.push((b'S', name));
                        continue;
                    }
                    let fields = segment.fields.unwrap_or_default();
                    let stars = call.statement.stars;
                    let invisible = if stars.is_some() { self.invisible_columns()? } else { HashSet::new() };
                    let columns = Arc::new(describe(&fields, stars, &invisible, self.types));
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

    /// Columns that a `*` leaves out, as (table, column).
    fn invisible_columns(&mut self) -> Result<HashSet<(Oid, i16)>, Trouble> {
        let mut flight = self.frame()?;
        flight.whole("SELECT conrelid, conkey[1] FROM pg_constraint WHERE conname LIKE 'orahid$%'", true)?;
        let segment = self.carry_out(flight, None)?;
        let place = |row: &Row| Some((row.text(0).parse().ok()?, row.text(1).parse().ok()?));
        Ok(segment.rows.iter().filter_map(place).collect())
    }

    /// Oracle reads such a string by NLS_DATE_FORMAT, which nobody should rely on: it is refused.
    pub(super) fn is_text_for_date(&self, prepared: &Prepared, values: &[Value]) -> bool {
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
    pub(super) fn run_one(
        &mut self, call: &Call<'_>, prepared: &Arc<Prepared>, values: &[Value],
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
                    self.forget(&(call.statement.sql.clone(), values.iter().map(|v| v.kind).collect()));
                    prepared = self.prepared(call, values)?;
                }
                outcome => return Ok((prepared, outcome?)),
            }
        }
        Err(Trouble::Local(OraError::of(600)))
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

/// A bind is a VARCHAR2, which is compared with a CHAR blank by blank.
fn unpad(parameters: &[Oid], kinds: &[ValueKind], oids: &mut [Oid]) -> bool {
    let mut found = false;
    for ((parameter, kind), oid) in parameters.iter().zip(kinds).zip(oids) {
        if *parameter == PADDED && *kind == ValueKind::Text && *oid != TEXT {
            *oid = TEXT;
            found = true;
        }
    }
    found
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
