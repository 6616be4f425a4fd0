//! Data between OCI's buffers and PostgreSQL's text, and columns as Oracle would describe them.

use crate::abi::*;
use crate::error::OraError;
use crate::handle::get_as;
use crate::sql::dialect::ROWID_COLUMN;
use crate::value::{Stamp, bytes_to_hex, hex_to_bytes, number_to_text, text_to_number};
use crate::wire::Field;
use postgres_protocol::Oid;
use std::collections::HashSet;
use std::ffi::c_void;

/// Type numbers of `setup.sql`, which differ from database to database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Types {
    pub date: Oid,
    pub clob: Oid,
    pub blob: Oid,
}

/// What a bind is, as far as it decides the parameter's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    Text,
    Number,
    Date,
    /// TIMESTAMP WITH TIME ZONE.
    Zoned,
    Bytes,
}

/// A bind's value as text for PostgreSQL. `None` is NULL, and so is an empty string.
#[derive(Clone, Debug)]
pub struct Value {
    pub kind: ValueKind,
    pub text: Option<Vec<u8>>,
}

impl Value {
    pub fn bytes(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }
}

/// A result column as Oracle would describe it.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub sqlt: u16,
    pub size: u16,
    pub precision: i16,
    pub scale: i8,
    /// Where it stands in the server's row, which has hidden columns, too.
    pub cell: usize,
    oid: Oid,
}

impl Column {
    /// A boolean, which no Oracle query before 23 can return.
    pub fn is_condition(&self) -> bool {
        self.oid == 16
    }
}

/// The columns as Oracle would list them: a `*` doesn't bring the hidden ones. `stars` tells how many items stand
/// before the select list's first star and behind its last.
pub fn describe(
    fields: &[Field], stars: Option<(usize, usize)>, invisible: &HashSet<(Oid, i16)>, types: Types,
) -> Vec<Column> {
    let starred = stars.map_or(0..0, |(before, behind)| before..fields.len().saturating_sub(behind));
    let hidden = |field: &Field| field.name == ROWID_COLUMN || invisible.contains(&field.place);
    let shown = |(at, field): &(usize, &Field)| !(starred.contains(at) && hidden(field));
    fields.iter().enumerate().filter(shown).map(|(at, field)| describe_one(field, at, types)).collect()
}

fn describe_one(field: &Field, cell: usize, types: Types) -> Column {
    let m = field.modifier;
    let length = u16::try_from(m - 4).ok().filter(|n| *n > 0);
    let digits = i8::try_from(m).ok().filter(|n| *n >= 0).unwrap_or(6);
    // Type, size in bytes, precision, scale; a NUMBER without precision has scale -127.
    let (sqlt, size, precision, scale) = match field.oid {
        1700 if m >= 4 => {
            let bits = m - 4;
            let scale = ((bits & 0x7FF) ^ 0x400) - 0x400;
            (SQLT_NUM, 22, i16::try_from(bits >> 16).unwrap_or(0), i8::try_from(scale).unwrap_or(0))
        }
        1700 | 20 | 21 | 23 | 26 => (SQLT_NUM, 22, 0, -127),
        700 | 701 => (SQLT_IBDOUBLE, 8, 0, 0),
        1042 => (SQLT_AFC, length.unwrap_or(2000), 0, 0),
        1082 => (SQLT_DAT, 7, 0, 0),
        1114 if m == 0 => (SQLT_DAT, 7, 0, 0),
        1114 => (SQLT_TIMESTAMP, 11, 0, digits),
        1184 => (SQLT_TIMESTAMP_TZ, 13, 0, digits),
        17 => (SQLT_BIN, 2000, 0, 0),
        27 => (SQLT_RDD, 18, 0, 0),
        oid if oid == types.clob => (SQLT_CLOB, 4000, 0, 0),
        oid if oid == types.blob => (SQLT_BLOB, 4000, 0, 0),
        _ => (SQLT_CHR, length.unwrap_or(4000), 0, 0),
    };
    let folds = !field.name.chars().any(char::is_uppercase);
    let name = match field.name.as_str() {
        ROWID_COLUMN => "ROWID".to_owned(),
        name if folds => name.to_uppercase(),
        name => name.to_owned(),
    };
    Column { name, sqlt, size, precision, scale, cell, oid: field.oid }
}

/// U+E000: no text of PostgreSQL's may hold a NUL.
const NUL_THERE: &[u8] = "\u{e000}".as_bytes();

fn swap(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut swapped = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|piece| piece == from) {
        swapped.extend_from_slice(&rest[..at]);
        swapped.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    swapped.extend_from_slice(rest);
    swapped
}

/// Where the values of a bind are.
pub struct Bind {
    pub value: *mut c_void,
    pub stride: usize,
    pub sqlt: u16,
    pub indicators: *const i16,
    pub lengths: *const u32,
    /// Context and callback of a dynamic bind.
    pub dynamic: Option<(*mut c_void, InCallback)>,
    pub handle: *mut c_void,
}

impl Default for Bind {
    fn default() -> Bind {
        Bind::new(std::ptr::null_mut(), 0, 0, std::ptr::null(), std::ptr::null())
    }
}

impl Bind {
    pub fn new(value: *mut c_void, stride: i64, sqlt: u16, indicators: *const i16, lengths: *const u32) -> Bind {
        let stride = usize::try_from(stride).unwrap_or(0);
        Bind { value, stride, sqlt, indicators, lengths, dynamic: None, handle: std::ptr::null_mut() }
    }

    pub fn kind(&self) -> Result<ValueKind, OraError> {
        Ok(match self.sqlt {
            SQLT_CHR | SQLT_AFC | SQLT_RDD => ValueKind::Text,
            SQLT_INT | SQLT_VNU | SQLT_BDOUBLE => ValueKind::Number,
            SQLT_ODT | SQLT_TIMESTAMP => ValueKind::Date,
            SQLT_TIMESTAMP_TZ | SQLT_TIMESTAMP_LTZ => ValueKind::Zoned,
            SQLT_BIN => ValueKind::Bytes,
            other => {
                return Err(OraError::new(3115, &format!("unsupported network datatype or representation {other}")));
            }
        })
    }

    /// The value of one row.
    pub unsafe fn read(&self, row: usize) -> Result<Value, OraError> {
        let kind = self.kind()?;
        let text = unsafe {
            match self.dynamic {
                Some((context, callback)) => self.read_dynamic(row, context, callback)?,
                None if !self.indicators.is_null() && *self.indicators.add(row) == -1 => None,
                None => {
                    let length = if self.lengths.is_null() { self.stride } else { *self.lengths.add(row) as usize };
                    self.read_at(self.value.cast::<u8>().add(row * self.stride).cast(), length)?
                }
            }
        };
        Ok(Value { kind, text: text.filter(|text| !text.is_empty()) })
    }

    unsafe fn read_dynamic(
        &self, row: usize, context: *mut c_void, callback: InCallback,
    ) -> Result<Option<Vec<u8>>, OraError> {
        let (mut buffer, mut length, mut piece) = (std::ptr::null_mut(), 0_u32, 0_u8);
        let mut indicator: *mut c_void = std::ptr::null_mut();
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let status =
            unsafe { callback(context, self.handle, row, 0, &mut buffer, &mut length, &mut piece, &mut indicator) };
        if status != CONTINUE {
            return Err(OraError::new(24345, "a Truncation or null fetch error occurred: bind callback failed"));
        }
        let null = buffer.is_null() || (!indicator.is_null() && unsafe { *indicator.cast::<i16>() } == -1);
        if null { Ok(None) } else { unsafe { self.read_at(buffer, length as usize) } }
    }

    unsafe fn read_at(&self, at: *const c_void, length: usize) -> Result<Option<Vec<u8>>, OraError> {
        let bytes = |length| unsafe { std::slice::from_raw_parts(at.cast::<u8>(), length) };
        let invalid = || OraError::of(1722);
        let text = match self.sqlt {
            SQLT_CHR | SQLT_AFC => return Ok(Some(swap(bytes(length), b"\0", NUL_THERE))),
            SQLT_BIN if length == 0 => return Ok(None),
            SQLT_BIN => return Ok(Some(bytes_to_hex(bytes(length)))),
            SQLT_VNU => number_to_text(bytes(NUMBER_SIZE)).ok_or_else(invalid)?,
            SQLT_INT => i64::from_ne_bytes(bytes(8).try_into().map_err(|_| invalid())?).to_string(),
            SQLT_BDOUBLE => f64::from_ne_bytes(bytes(8).try_into().map_err(|_| invalid())?).to_string(),
            SQLT_ODT => {
                let date = unsafe { *at.cast::<OciDate>() };
                let OciDate { year, month, day, hour, minute, second } = date;
                Stamp { year, month, day, hour, minute, second, ..Stamp::default() }.text(false)
            }
            SQLT_RDD => unsafe { descriptor::<String>(at, DTYPE_ROWID)?.clone() },
            sqlt => unsafe { descriptor::<Stamp>(at, stamp_descriptor(sqlt))?.text(sqlt != SQLT_TIMESTAMP) },
        };
        Ok(Some(text.into_bytes()))
    }
}

fn stamp_descriptor(sqlt: u16) -> u32 {
    match sqlt {
        SQLT_TIMESTAMP => DTYPE_TIMESTAMP,
        SQLT_TIMESTAMP_TZ => DTYPE_TIMESTAMP_TZ,
        _ => DTYPE_TIMESTAMP_LTZ,
    }
}

/// The descriptor that a slot of an array of pointers points to.
unsafe fn descriptor<'a, T>(slot: *const c_void, kind: u32) -> Result<&'a mut T, OraError> {
    unsafe { get_as::<T>(*slot.cast::<*const c_void>(), kind) }
        .ok_or_else(|| OraError::new(3115, "unsupported network datatype or representation: no descriptor"))
}

/// Where the values of a column go.
pub struct Define {
    pub value: *mut c_void,
    pub stride: usize,
    pub sqlt: u16,
    pub indicators: *mut i16,
    pub lengths: *mut u32,
    pub codes: *mut u16,
    pub dynamic: Option<(*mut c_void, DefineCallback)>,
    pub handle: *mut c_void,
}

impl Define {
    /// Puts one value into its row of the buffers.
    pub unsafe fn write(&self, row: usize, cell: Option<&[u8]>) -> Result<(), OraError> {
        let cell = cell.filter(|cell| !cell.is_empty());
        let decoded;
        let cell = match (self.sqlt, cell) {
            (SQLT_BIN, Some(hex)) => {
                decoded = hex_to_bytes(hex).unwrap_or_else(|| hex.to_vec());
                Some(decoded.as_slice())
            }
            (_, Some(text)) if text.windows(NUL_THERE.len()).any(|piece| piece == NUL_THERE) => {
                decoded = swap(text, NUL_THERE, b"\0");
                Some(decoded.as_slice())
            }
            (_, cell) => cell,
        };
        unsafe {
            if let Some((context, callback)) = self.dynamic {
                return self.write_pieces(row, cell, context, callback);
            }
            let Some(cell) = cell else {
                self.note(row, -1, 0, 1405);
                return Ok(());
            };
            let at = self.value.cast::<u8>().add(row * self.stride);
            if matches!(self.sqlt, SQLT_CHR | SQLT_AFC | SQLT_BIN) {
                let n = cell.len().min(self.stride);
                std::ptr::copy_nonoverlapping(cell.as_ptr(), at, n);
                self.note(row, 0, n, if n < cell.len() { 1406 } else { 0 });
                return Ok(());
            }
            self.write_scalar(at, &String::from_utf8_lossy(cell))?;
            self.note(row, 0, self.stride, 0);
        }
        Ok(())
    }

    unsafe fn note(&self, row: usize, indicator: i16, length: usize, code: u16) {
        unsafe {
            if !self.indicators.is_null() {
                *self.indicators.add(row) = indicator;
            }
            if !self.lengths.is_null() {
                *self.lengths.add(row) = u32::try_from(length).unwrap_or(u32::MAX);
            }
            if !self.codes.is_null() {
                *self.codes.add(row) = code;
            }
        }
    }

    unsafe fn write_scalar(&self, at: *mut u8, text: &str) -> Result<(), OraError> {
        let invalid = || OraError::new(1722, &format!("invalid number: {text}"));
        let stamp = || Stamp::parse(text).ok_or_else(|| OraError::of(1841));
        unsafe {
            match self.sqlt {
                SQLT_INT => at.cast::<i64>().write_unaligned(text.parse().map_err(|_| invalid())?),
                SQLT_BDOUBLE => at.cast::<f64>().write_unaligned(text.parse().map_err(|_| invalid())?),
                SQLT_VNU => {
                    let number = text_to_number(text).ok_or_else(invalid)?;
                    std::ptr::copy_nonoverlapping(number.as_ptr(), at, NUMBER_SIZE);
                }
                SQLT_ODT => {
                    let Stamp { year, month, day, hour, minute, second, .. } = stamp()?;
                    at.cast::<OciDate>().write_unaligned(OciDate { year, month, day, hour, minute, second });
                }
                SQLT_RDD => text.clone_into(descriptor::<String>(at.cast(), DTYPE_ROWID)?),
                SQLT_TIMESTAMP | SQLT_TIMESTAMP_TZ | SQLT_TIMESTAMP_LTZ => {
                    *descriptor::<Stamp>(at.cast(), stamp_descriptor(self.sqlt))? = stamp()?;
                }
                other => {
                    return Err(OraError::new(
                        932,
                        &format!("inconsistent datatypes: the stand-in can't fetch as {other}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Hands a long value over in the pieces that the callback has room for.
    unsafe fn write_pieces(
        &self, row: usize, cell: Option<&[u8]>, context: *mut c_void, callback: DefineCallback,
    ) -> Result<(), OraError> {
        let mut rest = cell.unwrap_or_default();
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let mut piece = 0_u8;
        loop {
            let mut buffer: *mut c_void = std::ptr::null_mut();
            let mut room: u32 = 0;
            let mut length: *mut u32 = &raw mut room;
            let mut indicator: *mut c_void = std::ptr::null_mut();
            let mut code: *mut u16 = std::ptr::null_mut();
            unsafe {
                let status = callback(
                    context,
                    self.handle,
                    row,
                    &mut buffer,
                    &mut length,
                    &mut piece,
                    &mut indicator,
                    &mut code,
                );
                if status != CONTINUE || length.is_null() || (buffer.is_null() && !rest.is_empty()) {
                    return Err(OraError::new(
                        24345,
                        "a Truncation or null fetch error occurred: define callback failed",
                    ));
                }
                let n = rest.len().min(*length as usize);
                std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), n);
                *length = u32::try_from(n).unwrap_or(0);
                if !indicator.is_null() {
                    *indicator.cast::<i16>() = if cell.is_none() { -1 } else { 0 };
                }
                rest = &rest[n..];
            }
            if rest.is_empty() {
                return Ok(());
            }
            piece = 2;
        }
    }
}
