//! Attributes of handles. The handle's real type decides: ODPI-C asks columns as "describe" handles.

use crate::abi::*;
use crate::connect::{Server, ServiceContext, SessionHandle, fold};
use crate::env::Parameter;
use crate::error::OraError;
use crate::handle::{ErrorHandle, get, guard, kind_of, need};
use crate::stmt::Stmt;
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

/// Puts values of various widths where the caller wants them.
struct Answer {
    at: *mut c_void,
    size: *mut u32,
}

impl Answer {
    fn put<T>(&self, value: T) -> Result<c_int, OraError> {
        unsafe {
            self.at.cast::<T>().write_unaligned(value);
            if !self.size.is_null() {
                *self.size = u32::try_from(size_of::<T>()).unwrap_or(0);
            }
        }
        Ok(SUCCESS)
    }

    /// A pointer to text that stays where it is, and its length.
    fn text(&self, text: &str) -> Result<c_int, OraError> {
        unsafe {
            self.at.cast::<*const u8>().write_unaligned(text.as_ptr());
            if !self.size.is_null() {
                *self.size = u32::try_from(text.len()).unwrap_or(0);
            }
        }
        Ok(SUCCESS)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIAttrGet(
    handle: *const c_void, _kind: u32, at: *mut c_void, size: *mut u32, attribute: u32, error: *mut c_void,
) -> c_int {
    guard(error, || {
        let answer = Answer { at, size };
        unsafe {
            match kind_of(handle) {
                Some(HTYPE_ENV) => get_env(&answer, attribute),
                Some(HTYPE_ERROR) => get_error(need(handle)?, &answer, attribute),
                Some(HTYPE_SERVER) => get_server(need(handle)?, &answer, attribute),
                Some(HTYPE_SVCCTX) => get_context(need(handle)?, &answer, attribute),
                Some(HTYPE_SESSION) => get_session(need(handle)?, &answer, attribute),
                Some(HTYPE_STMT) => get_statement(need(handle)?, &answer, attribute),
                Some(DTYPE_PARAM) => get_column(need(handle)?, &answer, attribute),
                _ => Ok(INVALID_HANDLE),
            }
        }
    })
}

fn unknown(attribute: u32) -> Result<c_int, OraError> {
    Err(OraError::new(24315, &format!("illegal attribute type {attribute}")))
}

fn get_env(answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_CHARSET_ID | ATTR_NCHARSET_ID => answer.put(AL32UTF8),
        _ => unknown(attribute),
    }
}

fn get_error(handle: &ErrorHandle, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_ERROR_IS_RECOVERABLE => {
            // What Oracle itself calls recoverable: the line or the instance went, not the statement.
            let lost = handle
                .last
                .as_ref()
                .is_some_and(|err| matches!(err.code, 28 | 1033 | 1089 | 1092 | 3113 | 3114 | 3135));
            answer.put(c_int::from(lost))
        }
        ATTR_DML_ROW_OFFSET => answer.put(i32::try_from(handle.row).unwrap_or(i32::MAX)),
        _ => unknown(attribute),
    }
}

fn get_server(server: &Server, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_CHARSET_ID => answer.put(AL32UTF8),
        ATTR_SERVER_STATUS => answer.put(u32::from(server.alive.load(Ordering::SeqCst))),
        ATTR_DBNAME | ATTR_INSTNAME | ATTR_SERVICENAME => answer.text(server.service()),
        ATTR_DBDOMAIN => answer.text(""),
        _ => unknown(attribute),
    }
}

fn get_context(context: &ServiceContext, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_SERVER => answer.put(context.server.unwrap_or(std::ptr::null_mut())),
        ATTR_SESSION => answer.put(context.session_handle.unwrap_or(std::ptr::null_mut())),
        ATTR_STMTCACHESIZE => answer.put(context.cache_size.load(Ordering::Relaxed)),
        ATTR_MAX_IDENTIFIER_LEN => answer.put(128_u8),
        ATTR_CALL_TIMEOUT => answer.put(context.call_timeout_ms.load(Ordering::Relaxed)),
        _ => unknown(attribute),
    }
}

fn get_session(session: &mut SessionHandle, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_TRANSACTION_IN_PROGRESS => {
            let context = session.context.and_then(|context| unsafe { get::<ServiceContext>(context) });
            let busy = context.is_some_and(|c| c.lock().is_ok_and(|s| s.as_ref().is_some_and(|s| s.in_transaction())));
            answer.put(c_int::from(busy))
        }
        ATTR_MAX_OPEN_CURSORS => answer.put(300_u32),
        ATTR_CURRENT_SCHEMA => {
            let set = session.settings.iter().rev().find(|(name, _)| *name == "schema");
            session.answer = set.map_or(session.user.as_str(), |(_, value)| value).to_uppercase();
            answer.text(&session.answer)
        }
        _ => unknown(attribute),
    }
}

fn get_statement(stmt: &Stmt, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    match attribute {
        ATTR_STMT_TYPE => answer.put(stmt.kind().oci()),
        // ODPI-C reads one byte of it into an int.
        ATTR_STMT_IS_RETURNING => answer.put(0_u8),
        ATTR_BIND_COUNT => answer.put(u32::try_from(stmt.occurrences().len()).unwrap_or(u32::MAX)),
        ATTR_PARAM_COUNT => answer.put(u32::try_from(stmt.columns.as_ref().map_or(0, |c| c.len())).unwrap_or(0)),
        ATTR_PARSE_ERROR_OFFSET => answer.put(stmt.error_offset),
        ATTR_STATEMENT => answer.text(&stmt.source),
        ATTR_ROWS_FETCHED => answer.put(stmt.rows_fetched),
        ATTR_UB8_ROW_COUNT => answer.put(stmt.row_count),
        ATTR_DML_ROW_COUNT_ARRAY => {
            unsafe {
                answer.at.cast::<*const u64>().write_unaligned(stmt.counts.as_ptr());
                *answer.size = u32::try_from(stmt.counts.len()).unwrap_or(0);
            }
            Ok(SUCCESS)
        }
        ATTR_NUM_DML_ERRORS => answer.put(stmt.batch_errors),
        // Only 77, 78 and 80 (types) would mean something to the caller.
        ATTR_SQLFNCODE => answer.put(0_u16),
        _ => unknown(attribute),
    }
}

fn get_column(parameter: &Parameter, answer: &Answer, attribute: u32) -> Result<c_int, OraError> {
    let column = &parameter.0[parameter.1];
    match attribute {
        ATTR_NAME => answer.text(&column.name),
        ATTR_DATA_TYPE => answer.put(column.sqlt),
        ATTR_DATA_SIZE | ATTR_CHAR_SIZE => answer.put(column.size),
        ATTR_PRECISION => answer.put(column.precision),
        ATTR_SCALE => answer.put(column.scale),
        ATTR_IS_NULL => answer.put(1_u8),
        ATTR_CHARSET_FORM => answer.put(1_u8),
        ATTR_JSON_COL => answer.put(0_u8),
        _ => unknown(attribute),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIAttrSet(
    handle: *mut c_void, _kind: u32, value: *mut c_void, size: u32, attribute: u32, error: *mut c_void,
) -> c_int {
    guard(error, || unsafe {
        let number = || value.cast::<u32>().read_unaligned();
        match (kind_of(handle), attribute) {
            (Some(HTYPE_SVCCTX), _) => {
                let context = need::<ServiceContext>(handle)?;
                match attribute {
                    ATTR_SERVER => context.server = Some(value),
                    ATTR_SESSION => context.session_handle = Some(value),
                    ATTR_CALL_TIMEOUT => context.call_timeout_ms.store(number(), Ordering::Relaxed),
                    ATTR_STMTCACHESIZE => {
                        context.cache_size.store(number(), Ordering::Relaxed);
                        if let Some(session) = context.lock()?.as_mut() {
                            session.cache_size = number();
                        }
                    }
                    // The transaction handle, which is cleared after each COMMIT.
                    8 => {}
                    _ => return unknown(attribute),
                }
                Ok(SUCCESS)
            }
            (Some(HTYPE_SESSION), _) => {
                let text =
                    if value.is_null() { &[] } else { std::slice::from_raw_parts(value.cast::<u8>(), size as usize) };
                set_session(need(handle)?, String::from_utf8_lossy(text).into_owned(), attribute)
            }
            (Some(HTYPE_STMT), ATTR_PREFETCH_ROWS) => {
                need::<Stmt>(handle)?.prefetch = number();
                Ok(SUCCESS)
            }
            // Character set forms, maximum sizes: all text is UTF-8 here.
            (Some(HTYPE_BIND | HTYPE_DEFINE), _) => Ok(SUCCESS),
            (Some(_), _) => unknown(attribute),
            (None, _) => Ok(INVALID_HANDLE),
        }
    })
}

fn set_session(session: &mut SessionHandle, text: String, attribute: u32) -> Result<c_int, OraError> {
    let setting = match attribute {
        ATTR_USERNAME => {
            session.user = text;
            return Ok(SUCCESS);
        }
        ATTR_PASSWORD => {
            session.password = text;
            return Ok(SUCCESS);
        }
        ATTR_CURRENT_SCHEMA => ("schema", fold(&text)),
        ATTR_MODULE => ("oci.module", text),
        ATTR_ACTION => ("oci.action", text),
        ATTR_CLIENT_INFO => ("oci.client_info", text),
        ATTR_CLIENT_IDENTIFIER => ("oci.client_identifier", text),
        ATTR_DRIVER_NAME => ("oci.driver_name", text),
        ATTR_DBOP => ("oci.dbop", text),
        _ => return unknown(attribute),
    };
    session.settings.retain(|(name, _)| *name != setting.0);
    if let Some(context) = session.context.and_then(|context| unsafe { get::<ServiceContext>(context) }) {
        if setting.0 == "schema" {
            session.settings.push(setting.clone());
        }
        // Travels with the next call, as Oracle's does.
        context.with(|s| {
            s.set(setting.0, setting.1);
            Ok(())
        })?;
    } else {
        session.settings.push(setting);
    }
    Ok(SUCCESS)
}
