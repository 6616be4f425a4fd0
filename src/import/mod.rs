//! The two import files, read as a stream: every row becomes a person (or a month's availability) or a reject, and
//! whatever makes the file as a whole doubtful ends the reading with `Exit::BadInput`.
//!
//! The files decide who is deleted, so in doubt the readers refuse: a row that can't be used names its person as far as
//! it could be read ([`RejectIdentity`]), and text that may have swallowed other rows is never taken for one row.
//!
//! ```text
//! args          the command line of both jobs, and what becomes of the rejects
//! claim         the file becomes the run's own
//! open          the name, the file or stdin
//! encoding      bytes → UTF-8, with the position
//! csv           UTF-8 → records
//! header        the first record → column names
//! rows          the others → of the header's shape, or a reject
//! identity      ids and mail addresses: what makes them somebody's
//! fields        one cell → date, country, number …
//! column        the columns of the people file
//! people        records → DeliveredPerson | RejectedRow
//! availability  records → Availability | RejectedRow
//! rejects       rejects → CSV
//! fault         what is wrong with a file, what is wrong with a row
//! ```
//!
//! Absent on purpose: the crate `csv` as reader. It always finds a parse: it can't tell that the file ended inside a quote,
//! nor that text follows a closing quote, and both mean here that rows are missing.

pub(crate) mod args;
pub(crate) mod availability;
pub(crate) mod claim;
pub(crate) mod column;
pub(crate) mod csv;
mod encoding;
mod fault;
pub(crate) mod fields;
mod header;
mod identity;
mod open;
pub mod people;
mod rejects;
mod rows;

pub use column::PersonColumn;
pub(crate) use column::TextLimit;
pub(crate) use column::TextLimits;
pub(crate) use fault::ColumnPlace;
pub use fault::{BadFile, RejectIdentity, RejectedRow};
pub(crate) use header::UnknownColumn;
pub(crate) use identity::{are_same_words, nfc};
pub use open::ImportSource;
pub use people::{CellValue, DeliveredPerson, PeopleLine, people};
pub use rejects::RejectsWriter;
