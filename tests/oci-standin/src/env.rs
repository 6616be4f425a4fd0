//! Environment, handles, descriptors, thread keys, character sets, dates: what needs no server.

use crate::abi::*;
use crate::connect::{Server, ServiceContext, SessionHandle};
use crate::error::OraError;
use crate::handle::{ErrorHandle, Kind, alloc, alloc_as, free_as, get, get_as, guard, kind_of, need};
use crate::transfer::{Bind, Column, Define};
use crate::value::{Stamp, parse_offset};
use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, Mutex};

/// The environment. It owns its error handles, as ODPI-C keeps those in a pool and never frees them.
#[derive(Default)]
pub struct Environment {
    errors: Mutex<Vec<usize>>,
}

impl Kind for Environment {
    const KIND: u32 = HTYPE_ENV;
}

impl Kind for Bind {
    const KIND: u32 = HTYPE_BIND;
}

impl Kind for Define {
    const KIND: u32 = HTYPE_DEFINE;
}

/// A described column, alive as long as somebody holds it.
pub struct Parameter(pub Arc<Vec<Column>>, pub usize);

impl Kind for Parameter {
    const KIND: u32 = DTYPE_PARAM;
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIClientVersion(
    major: *mut c_int, minor: *mut c_int, update: *mut c_int, patch: *mut c_int, port_update: *mut c_int,
) {
    for (at, number) in [(major, 19), (minor, 20), (update, 0), (patch, 0), (port_update, 0)] {
        if !at.is_null() {
            unsafe { *at = number };
        }
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn OCIThreadProcessInit() {}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIEnvNlsCreate(
    env: *mut *mut c_void, _mode: u32, _context: *mut c_void, _malloc: *mut c_void, _realloc: *mut c_void,
    _free: *mut c_void, _extra: usize, _memory: *mut *mut c_void, charset: u16, ncharset: u16,
) -> c_int {
    if ![0, AL32UTF8].contains(&charset) || ![0, AL32UTF8].contains(&ncharset) {
        return ERROR;
    }
    unsafe { *env = alloc(Environment::default()) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIHandleAlloc(
    parent: *const c_void, handle: *mut *mut c_void, kind: u32, _extra: usize, _memory: *mut *mut c_void,
) -> c_int {
    unsafe {
        *handle = match kind {
            HTYPE_ERROR => {
                let error = alloc(ErrorHandle::default());
                if let Some(Ok(mut errors)) = get::<Environment>(parent).map(|env| env.errors.lock()) {
                    errors.push(error as usize);
                }
                error
            }
            HTYPE_SERVER => alloc(Server::default()),
            HTYPE_SVCCTX => alloc(ServiceContext::default()),
            HTYPE_SESSION => alloc(SessionHandle::default()),
            _ => return INVALID_HANDLE,
        };
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIHandleFree(handle: *mut c_void, _kind: u32) -> c_int {
    unsafe {
        match kind_of(handle) {
            Some(HTYPE_ENV) => {
                let errors = get::<Environment>(handle).map(|env| std::mem::take(&mut env.errors));
                for error in errors.and_then(|e| e.into_inner().ok()).unwrap_or_default() {
                    free_as::<ErrorHandle>(error as *mut c_void);
                }
                free_as::<Environment>(handle);
            }
            // Those of the environment go with it; a freed one may be asked for its text once more.
            Some(HTYPE_ERROR) => {}
            Some(HTYPE_SERVER) => free_as::<Server>(handle),
            Some(HTYPE_SVCCTX) => {
                if let Some(context) = get::<ServiceContext>(handle) {
                    context.free_statements();
                }
                free_as::<ServiceContext>(handle);
            }
            Some(HTYPE_SESSION) => free_as::<SessionHandle>(handle),
            _ => return INVALID_HANDLE,
        }
    }
    SUCCESS
}

unsafe fn new_descriptor(kind: u32) -> Option<*mut c_void> {
    match kind {
        DTYPE_TIMESTAMP | DTYPE_TIMESTAMP_TZ | DTYPE_TIMESTAMP_LTZ => Some(alloc_as(Stamp::default(), kind)),
        DTYPE_ROWID => Some(alloc_as(String::new(), kind)),
        _ => None,
    }
}

unsafe fn free_descriptor(handle: *mut c_void) -> c_int {
    unsafe {
        match kind_of(handle) {
            Some(DTYPE_TIMESTAMP | DTYPE_TIMESTAMP_TZ | DTYPE_TIMESTAMP_LTZ) => free_as::<Stamp>(handle),
            Some(DTYPE_ROWID) => free_as::<String>(handle),
            Some(DTYPE_PARAM) => free_as::<Parameter>(handle),
            _ => return INVALID_HANDLE,
        }
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDescriptorAlloc(
    _parent: *const c_void, handle: *mut *mut c_void, kind: u32, _extra: usize, _memory: *mut *mut c_void,
) -> c_int {
    match unsafe { new_descriptor(kind) } {
        Some(new) => {
            unsafe { *handle = new };
            SUCCESS
        }
        None => ERROR,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDescriptorFree(handle: *mut c_void, _kind: u32) -> c_int {
    unsafe { free_descriptor(handle) }
}

/// How long the arrays of descriptors are: freeing one gets no length.
static ARRAYS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIArrayDescriptorAlloc(
    _parent: *const c_void, handles: *mut *mut c_void, kind: u32, length: u32, _extra: usize, _memory: *mut *mut c_void,
) -> c_int {
    for i in 0..length as usize {
        let Some(new) = (unsafe { new_descriptor(kind) }) else { return ERROR };
        unsafe { *handles.add(i) = new };
    }
    if let Ok(mut arrays) = ARRAYS.lock()
        && length > 0
    {
        arrays.push((unsafe { *handles } as usize, length as usize));
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIArrayDescriptorFree(handles: *mut *mut c_void, _kind: u32) -> c_int {
    if handles.is_null() || unsafe { *handles }.is_null() {
        return SUCCESS;
    }
    let first = unsafe { *handles } as usize;
    let Ok(mut arrays) = ARRAYS.lock() else { return ERROR };
    let Some(at) = arrays.iter().position(|(key, _)| *key == first) else { return INVALID_HANDLE };
    let (_, length) = arrays.swap_remove(at);
    for i in 0..length {
        unsafe { free_descriptor(*handles.add(i)) };
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIErrorGet(
    handle: *mut c_void, record: u32, _state: *mut c_char, code: *mut i32, buffer: *mut c_char, size: u32, _kind: u32,
) -> c_int {
    let last = unsafe { get::<ErrorHandle>(handle) }.and_then(|handle| handle.last.as_ref());
    let Some(err) = last.filter(|_| record == 1) else { return NO_DATA };
    let room = (size as usize).saturating_sub(1);
    let mut length = err.message.len().min(room);
    while !err.message.is_char_boundary(length) {
        length -= 1;
    }
    unsafe {
        *code = err.code;
        std::ptr::copy_nonoverlapping(err.message.as_ptr(), buffer.cast(), length);
        *buffer.add(length) = 0;
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCINlsNumericInfoGet(
    _env: *mut c_void, _error: *mut c_void, value: *mut i32, item: u16,
) -> c_int {
    if item != NLS_CHARSET_MAXBYTESZ {
        return ERROR;
    }
    unsafe { *value = 4 };
    SUCCESS
}

type Destructor = unsafe extern "C" fn(*mut c_void);

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIThreadKeyInit(
    _env: *mut c_void, _error: *mut c_void, key: *mut *mut c_void, destructor: Option<Destructor>,
) -> c_int {
    let mut new: libc::pthread_key_t = 0;
    if unsafe { libc::pthread_key_create(&raw mut new, destructor) } != 0 {
        return ERROR;
    }
    // Keys start at 0 and NULL means none: shifted by one.
    unsafe { *key = (new as usize + 1) as *mut c_void };
    SUCCESS
}

fn thread_key(key: *mut c_void) -> libc::pthread_key_t {
    (key as usize).wrapping_sub(1) as libc::pthread_key_t
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIThreadKeyGet(
    _env: *mut c_void, _error: *mut c_void, key: *mut c_void, value: *mut *mut c_void,
) -> c_int {
    unsafe { *value = libc::pthread_getspecific(thread_key(key)) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIThreadKeySet(
    _env: *mut c_void, _error: *mut c_void, key: *mut c_void, value: *mut c_void,
) -> c_int {
    if unsafe { libc::pthread_setspecific(thread_key(key), value) } == 0 { SUCCESS } else { ERROR }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIThreadKeyDestroy(_env: *mut c_void, _error: *mut c_void, key: *mut *mut c_void) -> c_int {
    unsafe {
        if !(*key).is_null() {
            libc::pthread_key_delete(thread_key(*key));
            *key = std::ptr::null_mut();
        }
    }
    SUCCESS
}

unsafe fn stamp<'a>(handle: *const c_void) -> Option<&'a mut Stamp> {
    let kind = unsafe { kind_of(handle) }.filter(|k| (DTYPE_TIMESTAMP..=DTYPE_TIMESTAMP_LTZ).contains(k))?;
    unsafe { get_as::<Stamp>(handle, kind) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDateTimeConstruct(
    _env: *mut c_void, error: *mut c_void, handle: *mut c_void, year: i16, month: u8, day: u8, hour: u8, minute: u8,
    second: u8, nanos: u32, zone: *const c_char, zone_length: usize,
) -> c_int {
    guard(error, || {
        let Some(stamp) = (unsafe { stamp(handle) }) else { return Ok(INVALID_HANDLE) };
        let zone = if zone.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(zone.cast(), zone_length) } };
        let offset = std::str::from_utf8(zone).ok().and_then(parse_offset);
        let offset_minutes = offset.ok_or_else(|| OraError::new(1874, "time zone hour must be between -15 and 15"))?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return Err(OraError::of(1843));
        }
        *stamp = Stamp { year, month, day, hour, minute, second, nanos, offset_minutes };
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDateTimeGetDate(
    _env: *mut c_void, _error: *mut c_void, handle: *const c_void, year: *mut i16, month: *mut u8, day: *mut u8,
) -> c_int {
    let Some(stamp) = (unsafe { stamp(handle) }) else { return INVALID_HANDLE };
    unsafe { (*year, *month, *day) = (stamp.year, stamp.month, stamp.day) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDateTimeGetTime(
    _env: *mut c_void, _error: *mut c_void, handle: *mut c_void, hour: *mut u8, minute: *mut u8, second: *mut u8,
    nanos: *mut u32,
) -> c_int {
    let Some(stamp) = (unsafe { stamp(handle) }) else { return INVALID_HANDLE };
    unsafe { (*hour, *minute, *second, *nanos) = (stamp.hour, stamp.minute, stamp.second, stamp.nanos) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIDateTimeGetTimeZoneOffset(
    _env: *mut c_void, _error: *mut c_void, handle: *const c_void, hours: *mut i8, minutes: *mut i8,
) -> c_int {
    let Some(stamp) = (unsafe { stamp(handle) }) else { return INVALID_HANDLE };
    // An offset has at most 15 hours and 59 minutes.
    unsafe { (*hours, *minutes) = ((stamp.offset_minutes / 60) as i8, (stamp.offset_minutes % 60) as i8) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIRowidToChar(
    handle: *mut c_void, buffer: *mut c_char, size: *mut u16, error: *mut c_void,
) -> c_int {
    guard(error, || {
        let Some(text) = (unsafe { get_as::<String>(handle, DTYPE_ROWID) }) else {
            return Ok(INVALID_HANDLE);
        };
        let needed = u16::try_from(text.len()).unwrap_or(u16::MAX);
        let room = unsafe { std::mem::replace(&mut *size, needed) };
        if room < needed {
            return Err(OraError::new(1406, "fetched column value was truncated"));
        }
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len()) };
        Ok(SUCCESS)
    })
}

/// `OCIParamGet` on a statement gives a column, on an error handle an error of a batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIParamGet(
    handle: *const c_void, _kind: u32, error: *mut c_void, parameter: *mut *mut c_void, position: u32,
) -> c_int {
    guard(error, || unsafe {
        if kind_of(handle) == Some(HTYPE_ERROR) {
            let source = need::<ErrorHandle>(handle)?;
            let found = source.batch.get(position as usize).cloned();
            let (row, err) = found.ok_or_else(|| OraError::new(24334, "no descriptor for this position"))?;
            let target = need::<ErrorHandle>(*parameter)?;
            target.row = row;
            target.last = Some(err);
            return Ok(SUCCESS);
        }
        let columns = crate::stmt::columns(handle)?;
        let index = (position as usize).wrapping_sub(1);
        if index >= columns.len() {
            return Err(OraError::new(24334, "no descriptor for this position"));
        }
        *parameter = alloc(Parameter(columns, index));
        Ok(SUCCESS)
    })
}
