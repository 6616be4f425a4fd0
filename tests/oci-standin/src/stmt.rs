//! Statements: prepare, bind, define, execute, fetch.

use crate::abi::*;
use crate::connect::ServiceContext;
use crate::counters::{Counter, count};
use crate::error::OraError;
use crate::handle::{ErrorHandle, Kind, alloc, free_as, get, guard, need};
use crate::session::{Call, Outcome, Stopped};
use crate::sql::{self, Statement, StatementKind, tokens};
use crate::transfer::{Bind, Column, Define, Value};
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Texts kept.
const KNOWN_MAX: usize = 200;

/// What a text comes to, whoever prepares it.
struct Parsed {
    /// Oracle parses at execution, so that is when a mistake is reported.
    statement: Result<Statement, OraError>,
    kind: StatementKind,
    /// Bind names in upper case, one for each occurrence.
    occurrences: Vec<String>,
}

impl Parsed {
    /// As a client library keeps its statements, the latest texts are kept.
    fn of(source: &str) -> Arc<Parsed> {
        static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Parsed>>>> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parsed) = known.get(source) {
            return Arc::clone(parsed);
        }
        let scanned = tokens::scan(source).unwrap_or_default();
        let binds = scanned.iter().filter(|t| t.kind == tokens::Kind::Bind);
        let parsed = Arc::new(Parsed {
            statement: sql::translate(source, crate::is_strict()),
            kind: sql::kind_of(&scanned),
            occurrences: binds.map(|t| t.text[1..].to_uppercase()).collect(),
        });
        if known.len() == KNOWN_MAX {
            known.clear();
        }
        known.insert(source.to_owned(), Arc::clone(&parsed));
        parsed
    }
}

pub struct Stmt {
    context: *mut c_void,
    pub source: String,
    parsed: Arc<Parsed>,
    /// Where each name occurs first, and its bind: a name bound once stands for all its occurrences.
    binds: HashMap<String, (usize, Option<*mut c_void>)>,
    /// Binds by place: each is for that one occurrence.
    placed: HashMap<usize, *mut c_void>,
    defines: Vec<*mut c_void>,
    pub columns: Option<Arc<Vec<Column>>>,
    /// Column names are pointed to for as long as the statement lives.
    described: Vec<Arc<Vec<Column>>>,
    cursor: Option<u64>,
    pub prefetch: u32,
    pub rows_fetched: u32,
    pub row_count: u64,
    pub counts: Vec<u64>,
    pub batch_errors: u32,
    pub error_offset: u16,
}

impl Kind for Stmt {
    const KIND: u32 = HTYPE_STMT;
}

impl Stmt {
    fn new(context: *mut c_void, source: &str) -> Stmt {
        let parsed = Parsed::of(source);
        let mut binds = HashMap::new();
        for (at, name) in parsed.occurrences.iter().enumerate() {
            binds.entry(name.clone()).or_insert((at, None));
        }
        Stmt {
            context,
            source: source.to_owned(),
            parsed,
            binds,
            placed: HashMap::new(),
            defines: Vec::new(),
            columns: None,
            described: Vec::new(),
            cursor: None,
            prefetch: 0,
            rows_fetched: 0,
            row_count: 0,
            counts: Vec::new(),
            batch_errors: 0,
            error_offset: 0,
        }
    }

    pub fn kind(&self) -> StatementKind {
        self.parsed.kind
    }

    pub fn occurrences(&self) -> &[String] {
        &self.parsed.occurrences
    }

    fn context<'a>(&self) -> Result<&'a ServiceContext, OraError> {
        unsafe { need::<ServiceContext>(self.context) }.map(|context| &*context)
    }

    /// The values of some rows, in the order of the bind occurrences.
    unsafe fn values(&self, names: &[String], rows: u32) -> Result<Vec<Vec<Value>>, OraError> {
        let handle = |(at, name): (usize, &String)| {
            let by_name = || self.binds.get(name).and_then(|(_, handle)| *handle);
            let found = self.placed.get(&at).copied().or_else(by_name);
            found.and_then(|handle| unsafe { get::<Bind>(handle) }).ok_or_else(|| OraError::of(1008))
        };
        let binds = names.iter().enumerate().map(handle).collect::<Result<Vec<_>, _>>()?;
        (0..rows as usize).map(|row| binds.iter().map(|bind| unsafe { bind.read(row) }).collect()).collect()
    }

    fn close_cursor(&mut self) {
        if let (Some(id), Ok(context)) = (self.cursor.take(), self.context()) {
            // A session that is gone has no cursors.
            let _ = context.with(|session| {
                session.close_cursor(id);
                Ok(())
            });
        }
    }
}

/// The columns of an executed query.
pub unsafe fn columns(handle: *const c_void) -> Result<Arc<Vec<Column>>, OraError> {
    let stmt = unsafe { need::<Stmt>(handle)? };
    stmt.columns.clone().ok_or_else(|| OraError::new(24334, "no descriptor for this position"))
}

/// Frees a statement with its binds and defines.
pub unsafe fn free(handle: *mut c_void) {
    unsafe {
        let Some(stmt) = get::<Stmt>(handle) else { return };
        for bind in stmt.binds.values().filter_map(|(_, bind)| *bind).chain(stmt.placed.values().copied()) {
            free_as::<Bind>(bind);
        }
        for define in stmt.defines.iter().filter(|d| !d.is_null()) {
            free_as::<Define>(*define);
        }
        free_as::<Stmt>(handle);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIStmtPrepare2(
    context: *mut c_void, handle: *mut *mut c_void, error: *mut c_void, text: *const c_char, length: u32,
    _key: *const c_char, _key_length: u32, _language: u32, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::StmtPrepare2, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        let text = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length as usize) };
        let source = std::str::from_utf8(text).map_err(|_| OraError::of(911))?;
        let new = alloc(Stmt::new(context, source));
        service.statements.lock().map_err(|_| OraError::of(600))?.push(new as usize);
        unsafe { *handle = new };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIStmtRelease(
    handle: *mut c_void, error: *mut c_void, _key: *const c_char, _key_length: u32, _mode: u32,
) -> c_int {
    guard(error, || {
        let stmt = unsafe { need::<Stmt>(handle)? };
        stmt.close_cursor();
        let statements = stmt.context()?.statements.lock();
        statements.map_err(|_| OraError::of(600))?.retain(|s| *s != handle as usize);
        unsafe { free(handle) };
        Ok(SUCCESS)
    })
}

/// Bind names, `size` at a time from position `start`: how many there are if all fit, else that many negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIStmtGetBindInfo(
    handle: *mut c_void, error: *mut c_void, size: u32, start: u32, found: *mut i32, names: *mut *const c_char,
    name_lengths: *mut u8, indicator_names: *mut *const c_char, indicator_lengths: *mut u8, duplicates: *mut u8,
    handles: *mut *mut c_void,
) -> c_int {
    guard(error, || unsafe {
        let stmt = need::<Stmt>(handle)?;
        let total = stmt.parsed.occurrences.len();
        let first = (start as usize).saturating_sub(1);
        if first >= total {
            *found = 0;
            return Ok(NO_DATA);
        }
        let given = (total - first).min(size as usize);
        for i in 0..given {
            let name = &stmt.parsed.occurrences[first + i];
            *names.add(i) = name.as_ptr().cast();
            *name_lengths.add(i) = u8::try_from(name.len()).unwrap_or(u8::MAX);
            *indicator_names.add(i) = std::ptr::null();
            *indicator_lengths.add(i) = 0;
            *duplicates.add(i) = u8::from(stmt.binds.get(name).is_some_and(|(at, _)| *at < first + i));
            *handles.add(i) = std::ptr::null_mut();
        }
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        *found = if first + given == stmt.parsed.occurrences.len() { total } else { -total };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIBindByName2(
    handle: *mut c_void, bind: *mut *mut c_void, error: *mut c_void, name: *const c_char, length: i32,
    value: *mut c_void, stride: i64, sqlt: u16, indicators: *mut c_void, lengths: *mut u32, _codes: *mut u16,
    _array_max: u32, _array_length: *mut u32, _mode: u32,
) -> c_int {
    guard(error, || {
        let name = unsafe { std::slice::from_raw_parts(name.cast::<u8>(), usize::try_from(length).unwrap_or(0)) };
        let name = String::from_utf8_lossy(name).trim_start_matches(':').to_uppercase();
        let (_, slot) = unsafe { need::<Stmt>(handle)? }.binds.get_mut(&name).ok_or_else(|| OraError::of(1036))?;
        let slot = *slot.get_or_insert_with(|| alloc(Bind::default()));
        unsafe { *bind = put_bind(slot, Bind::new(value, stride, sqlt, indicators.cast(), lengths))? };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIBindByPos2(
    handle: *mut c_void, bind: *mut *mut c_void, error: *mut c_void, position: u32, value: *mut c_void, stride: i64,
    sqlt: u16, indicators: *mut c_void, lengths: *mut u32, _codes: *mut u16, _array_max: u32, _array_length: *mut u32,
    _mode: u32,
) -> c_int {
    guard(error, || {
        let stmt = unsafe { need::<Stmt>(handle)? };
        let at = (position as usize).wrapping_sub(1);
        if at >= stmt.parsed.occurrences.len() {
            return Err(OraError::of(1036));
        }
        let slot = *stmt.placed.entry(at).or_insert_with(|| alloc(Bind::default()));
        unsafe { *bind = put_bind(slot, Bind::new(value, stride, sqlt, indicators.cast(), lengths))? };
        Ok(SUCCESS)
    })
}

/// Binds once more perhaps: array DML re-binds with a bigger buffer when a value needs it.
fn put_bind(handle: *mut c_void, new: Bind) -> Result<*mut c_void, OraError> {
    *unsafe { need::<Bind>(handle)? } = Bind { handle, ..new };
    Ok(handle)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIBindDynamic(
    bind: *mut c_void, error: *mut c_void, context: *mut c_void, callback: Option<InCallback>,
    _out_context: *mut c_void, _out_callback: *mut c_void,
) -> c_int {
    guard(error, || {
        unsafe { need::<Bind>(bind)? }.dynamic = callback.map(|callback| (context, callback));
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDefineByPos2(
    handle: *mut c_void, define: *mut *mut c_void, error: *mut c_void, position: u32, value: *mut c_void, stride: u64,
    sqlt: u16, indicators: *mut c_void, lengths: *mut u32, codes: *mut u16, _mode: u32,
) -> c_int {
    guard(error, || {
        let stmt = unsafe { need::<Stmt>(handle)? };
        let index = (position as usize).wrapping_sub(1);
        if index >= stmt.columns.as_ref().map_or(0, |c| c.len()) {
            return Err(OraError::new(1007, "variable not in select list"));
        }
        if stmt.defines.len() <= index {
            stmt.defines.resize(index + 1, std::ptr::null_mut());
        }
        let new = Define {
            value,
            stride: usize::try_from(stride).unwrap_or(0),
            sqlt,
            indicators: indicators.cast(),
            lengths,
            codes,
            dynamic: None,
            handle: std::ptr::null_mut(),
        };
        if stmt.defines[index].is_null() {
            stmt.defines[index] = alloc(new);
        } else {
            *unsafe { need::<Define>(stmt.defines[index])? } = new;
        }
        unsafe {
            need::<Define>(stmt.defines[index])?.handle = stmt.defines[index];
            *define = stmt.defines[index];
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDefineDynamic(
    define: *mut c_void, error: *mut c_void, context: *mut c_void, callback: Option<DefineCallback>,
) -> c_int {
    guard(error, || {
        unsafe { need::<Define>(define)? }.dynamic = callback.map(|callback| (context, callback));
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIStmtExecute(
    context: *mut c_void, handle: *mut c_void, error: *mut c_void, iterations: u32, _row_offset: u32,
    _snapshot_in: *const c_void, _snapshot_out: *mut c_void, mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::StmtExecute, 1);
        let stmt = unsafe { need::<Stmt>(handle)? };
        let service = unsafe { need::<ServiceContext>(context)? };
        stmt.close_cursor();
        (stmt.rows_fetched, stmt.row_count, stmt.batch_errors, stmt.error_offset) = (0, 0, 0, 0);
        stmt.counts.clear();
        crate::trace(|| format!("execute x{iterations}: {}", stmt.source));
        let outcome = unsafe { execute(stmt, service, iterations, mode) };
        let errors = outcome.inspect_err(|err| {
            stmt.error_offset = u16::try_from(err.offset).unwrap_or(u16::MAX);
        })?;
        if errors.is_empty() {
            return Ok(SUCCESS);
        }
        stmt.batch_errors = u32::try_from(errors.len()).unwrap_or(u32::MAX);
        let handle = unsafe { need::<ErrorHandle>(error)? };
        handle.last = Some(OraError::of(24381));
        handle.batch = errors;
        Ok(SUCCESS_WITH_INFO)
    })
}

/// Executes and keeps what attributes will be asked for. Answers the errors of a batch.
unsafe fn execute(
    stmt: &mut Stmt, service: &ServiceContext, iterations: u32, mode: u32,
) -> Result<Vec<(usize, OraError)>, OraError> {
    let statement = stmt.parsed.statement.as_ref().map_err(Clone::clone)?;
    crate::trace(|| format!("  as: {}", statement.sql));
    let is_dml = stmt.parsed.kind.is_dml();
    let mut rows = unsafe { stmt.values(&statement.binds, if is_dml { iterations } else { 1 })? };
    service.with(|session| {
        session.convert(&mut rows);
        Ok(())
    })?;
    if is_dml {
        count(Counter::Iterations, u64::from(iterations));
    }
    count(Counter::RoundTrips, 1);
    let call = Call {
        statement,
        rows: &rows,
        prefetch: stmt.prefetch,
        batch_errors: mode & EXEC_BATCH_ERRORS != 0,
        strict: crate::is_strict(),
        timeout: service.timeout(),
    };
    let place = match stmt.parsed.kind {
        StatementKind::Commit => "commit",
        StatementKind::Rollback => "rollback",
        _ => "execute",
    };
    let mut counts = Vec::new();
    let outcome = service.with_faults(place, &stmt.source, |session| {
        let outcome = session.execute(&call).map_err(|Stopped { error, counts: before }| {
            counts = before;
            error
        })?;
        Ok(outcome)
    });
    let outcome = match outcome {
        // It rides along with the statement, but what becomes of it is a question of its own.
        Ok(outcome) if mode & EXEC_COMMIT != 0 => {
            service.with_faults("commit", "", |session| session.commit(call.timeout)).map(|()| outcome)
        }
        outcome => outcome,
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(err) => {
            stmt.row_count = counts.iter().sum();
            stmt.counts = counts;
            return Err(err);
        }
    };
    match outcome {
        Outcome::Query { cursor, columns } => {
            stmt.cursor = Some(cursor);
            stmt.described.push(Arc::clone(&columns));
            stmt.columns = Some(columns);
            Ok(Vec::new())
        }
        Outcome::Changed { counts, errors } => {
            stmt.row_count = counts.iter().sum();
            stmt.counts = if mode & EXEC_ROW_COUNTS != 0 { counts } else { Vec::new() };
            Ok(errors)
        }
        Outcome::Done => Ok(Vec::new()),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIStmtFetch2(
    handle: *mut c_void, error: *mut c_void, rows: u32, orientation: u16, _offset: i32, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::StmtFetch2, 1);
        let stmt = unsafe { need::<Stmt>(handle)? };
        stmt.rows_fetched = 0;
        if orientation != 2 {
            return Err(OraError::new(24391, "invalid fetch operation"));
        }
        let context = stmt.context()?;
        let cursor = stmt.cursor.ok_or_else(|| OraError::new(1002, "fetch out of sequence"))?;
        let fetched = context
            .with_faults("fetch", &stmt.source, |session| session.fetch(cursor, rows as usize, context.timeout()));
        let (fetched, tripped) = fetched?;
        count(Counter::RoundTrips, u64::from(tripped));
        count(Counter::RowsFetched, fetched.len() as u64);
        let columns = stmt.columns.clone().unwrap_or_default();
        for (column, define) in columns.iter().zip(&stmt.defines).filter(|(_, define)| !define.is_null()) {
            let define = unsafe { need::<Define>(*define)? };
            for (n, row) in fetched.iter().enumerate() {
                unsafe { define.write(n, row.cell(column.cell))? };
            }
        }
        stmt.rows_fetched = u32::try_from(fetched.len()).unwrap_or(u32::MAX);
        stmt.row_count += fetched.len() as u64;
        Ok(if fetched.len() < rows as usize { NO_DATA } else { SUCCESS })
    })
}
