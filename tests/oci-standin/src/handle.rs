//! Handles and descriptors: boxes with a checked header, so that a wrong pointer is refused rather than followed.

use crate::abi::INVALID_HANDLE;
use crate::error::OraError;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

const MAGIC: u32 = 0x0C15_7A4D;

/// What is behind a handle pointer.
#[repr(C)]
pub struct Handle<T> {
    magic: u32,
    kind: u32,
    pub value: T,
}

/// The OCI handle or descriptor type that a Rust type stands for.
pub trait Kind {
    const KIND: u32;
}

/// The error handle: the last error, and those of a batch.
#[derive(Default)]
pub struct ErrorHandle {
    pub last: Option<OraError>,
    /// Row and error, in batch error mode.
    pub batch: Vec<(usize, OraError)>,
    /// The row this error belongs to, once `OCIParamGet` has filled the handle.
    pub row: usize,
}

impl Kind for ErrorHandle {
    const KIND: u32 = crate::abi::HTYPE_ERROR;
}

pub fn alloc_as<T>(value: T, kind: u32) -> *mut c_void {
    Box::into_raw(Box::new(Handle { magic: MAGIC, kind, value })).cast()
}

pub fn alloc<T: Kind>(value: T) -> *mut c_void {
    alloc_as(value, T::KIND)
}

/// The real type of a handle, whatever type number came with it.
pub unsafe fn kind_of(pointer: *const c_void) -> Option<u32> {
    if pointer.is_null() {
        return None;
    }
    let head = unsafe { &*pointer.cast::<Handle<()>>() };
    (head.magic == MAGIC).then_some(head.kind)
}

pub unsafe fn get<'a, T: Kind>(pointer: *const c_void) -> Option<&'a mut T> {
    unsafe { get_as(pointer, T::KIND) }
}

pub unsafe fn get_as<'a, T>(pointer: *const c_void, kind: u32) -> Option<&'a mut T> {
    if unsafe { kind_of(pointer) } != Some(kind) {
        return None;
    }
    Some(unsafe { &mut (*pointer.cast_mut().cast::<Handle<T>>()).value })
}

pub unsafe fn free_as<T>(pointer: *mut c_void) {
    let handle = pointer.cast::<Handle<T>>();
    unsafe {
        (*handle).magic = 0;
        drop(Box::from_raw(handle));
    }
}

/// Runs one OCI call: puts its error into the error handle, and keeps a panic from crossing into C.
pub fn guard(error: *mut c_void, call: impl FnOnce() -> Result<c_int, OraError>) -> c_int {
    let outcome = catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(OraError::new(600, "internal error code, arguments: [the stand-in panicked]")));
    match outcome {
        Ok(status) => status,
        Err(err) if err.code == INVALID_HANDLE => INVALID_HANDLE,
        Err(err) => {
            crate::trace(|| format!("-> {}", err.message));
            if let Some(handle) = unsafe { get::<ErrorHandle>(error) } {
                handle.last = Some(err);
            }
            crate::abi::ERROR
        }
    }
}

/// The object behind a pointer, or the error that makes the call answer "invalid handle".
pub unsafe fn need<'a, T: Kind>(pointer: *const c_void) -> Result<&'a mut T, OraError> {
    unsafe { get::<T>(pointer) }.ok_or_else(|| OraError { code: INVALID_HANDLE, message: String::new(), offset: 0 })
}
