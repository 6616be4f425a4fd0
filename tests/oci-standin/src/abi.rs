//! Numbers of OCI's binary interface, as far as ODPI-C uses them.

use std::ffi::{c_int, c_void};

pub const SUCCESS: c_int = 0;
pub const SUCCESS_WITH_INFO: c_int = 1;
pub const NO_DATA: c_int = 100;
pub const ERROR: c_int = -1;
pub const INVALID_HANDLE: c_int = -2;
/// What the callbacks of dynamic binds and defines answer.
pub const CONTINUE: c_int = -24200;

// Handle and descriptor types.
pub const HTYPE_ENV: u32 = 1;
pub const HTYPE_ERROR: u32 = 2;
pub const HTYPE_SVCCTX: u32 = 3;
pub const HTYPE_STMT: u32 = 4;
pub const HTYPE_BIND: u32 = 5;
pub const HTYPE_DEFINE: u32 = 6;
pub const HTYPE_SERVER: u32 = 8;
pub const HTYPE_SESSION: u32 = 9;
pub const DTYPE_PARAM: u32 = 53;
pub const DTYPE_ROWID: u32 = 54;
pub const DTYPE_TIMESTAMP: u32 = 68;
pub const DTYPE_TIMESTAMP_TZ: u32 = 69;
pub const DTYPE_TIMESTAMP_LTZ: u32 = 70;

// Attributes. Some numbers mean different things on different handles.
pub const ATTR_DATA_SIZE: u32 = 1;
pub const ATTR_DATA_TYPE: u32 = 2;
pub const ATTR_NAME: u32 = 4;
pub const ATTR_PRECISION: u32 = 5;
pub const ATTR_SCALE: u32 = 6;
pub const ATTR_SERVER: u32 = 6;
pub const ATTR_SESSION: u32 = 7;
pub const ATTR_IS_NULL: u32 = 7;
pub const ATTR_SQLFNCODE: u32 = 10;
pub const ATTR_PREFETCH_ROWS: u32 = 11;
pub const ATTR_PARAM_COUNT: u32 = 18;
pub const ATTR_USERNAME: u32 = 22;
pub const ATTR_PASSWORD: u32 = 23;
pub const ATTR_STMT_TYPE: u32 = 24;
pub const ATTR_CHARSET_ID: u32 = 31;
pub const ATTR_CHARSET_FORM: u32 = 32;
pub const ATTR_NUM_DML_ERRORS: u32 = 73;
pub const ATTR_DML_ROW_OFFSET: u32 = 74;
pub const ATTR_PARSE_ERROR_OFFSET: u32 = 129;
pub const ATTR_SERVER_STATUS: u32 = 143;
pub const ATTR_STATEMENT: u32 = 144;
pub const ATTR_STMTCACHESIZE: u32 = 176;
pub const ATTR_BIND_COUNT: u32 = 190;
pub const ATTR_ROWS_FETCHED: u32 = 197;
pub const ATTR_STMT_IS_RETURNING: u32 = 218;
pub const ATTR_CURRENT_SCHEMA: u32 = 224;
pub const ATTR_NCHARSET_ID: u32 = 262;
pub const ATTR_CLIENT_IDENTIFIER: u32 = 278;
pub const ATTR_CHAR_SIZE: u32 = 286;
pub const ATTR_MODULE: u32 = 366;
pub const ATTR_ACTION: u32 = 367;
pub const ATTR_CLIENT_INFO: u32 = 368;
pub const ATTR_DBDOMAIN: u32 = 399;
pub const ATTR_DBNAME: u32 = 391;
pub const ATTR_INSTNAME: u32 = 392;
pub const ATTR_SERVICENAME: u32 = 393;
pub const ATTR_DRIVER_NAME: u32 = 424;
pub const ATTR_UB8_ROW_COUNT: u32 = 457;
pub const ATTR_DML_ROW_COUNT_ARRAY: u32 = 469;
pub const ATTR_MAX_OPEN_CURSORS: u32 = 471;
pub const ATTR_ERROR_IS_RECOVERABLE: u32 = 472;
pub const ATTR_TRANSACTION_IN_PROGRESS: u32 = 484;
pub const ATTR_DBOP: u32 = 485;
pub const ATTR_MAX_IDENTIFIER_LEN: u32 = 500;
pub const ATTR_CALL_TIMEOUT: u32 = 531;
pub const ATTR_JSON_COL: u32 = 534;

// Data types.
pub const SQLT_CHR: u16 = 1;
pub const SQLT_NUM: u16 = 2;
pub const SQLT_INT: u16 = 3;
pub const SQLT_VNU: u16 = 6;
pub const SQLT_DAT: u16 = 12;
pub const SQLT_BDOUBLE: u16 = 22;
pub const SQLT_BIN: u16 = 23;
pub const SQLT_AFC: u16 = 96;
pub const SQLT_IBDOUBLE: u16 = 101;
pub const SQLT_RDD: u16 = 104;
pub const SQLT_CLOB: u16 = 112;
pub const SQLT_BLOB: u16 = 113;
pub const SQLT_ODT: u16 = 156;
pub const SQLT_TIMESTAMP: u16 = 187;
pub const SQLT_TIMESTAMP_TZ: u16 = 188;
pub const SQLT_TIMESTAMP_LTZ: u16 = 232;

// Modes.
pub const CRED_EXT: u32 = 2;
pub const EXEC_COMMIT: u32 = 0x20;
pub const EXEC_BATCH_ERRORS: u32 = 0x80;
pub const EXEC_ROW_COUNTS: u32 = 0x10_0000;

/// The only character set: AL32UTF8, 4 bytes a character at most.
pub const AL32UTF8: u16 = 873;
pub const NLS_CHARSET_MAXBYTESZ: u16 = 91;
pub const NUMBER_SIZE: usize = 22;

/// `OCIDate`, the C struct of a DATE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OciDate {
    pub year: i16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// Gives the value of a dynamic bind: context, bind, row, index, then buffer, length, piece, indicator.
pub type InCallback = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    u32,
    u32,
    *mut *mut c_void,
    *mut u32,
    *mut u8,
    *mut *mut c_void,
) -> c_int;

/// Gives room for the next piece of a dynamic define: context, define, row, then buffer, length, piece, indicator, return code.
pub type DefineCallback = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    u32,
    *mut *mut c_void,
    *mut *mut u32,
    *mut u8,
    *mut *mut c_void,
    *mut *mut u16,
) -> c_int;
