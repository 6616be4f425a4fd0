//! The rows of the ledger's three tables: each of their columns stands here once, in the order that
//! is hashed, and hash, binds, JSON and CSV come from it.
//!
//! Every column is text, in the form that is hashed (`sql/ledger/README.md`); empty is NULL, as on Oracle.
#![allow(missing_docs, reason = "a column's name says it; `sql/schema/own` has the rest")]

use std::borrow::Cow;

use anyhow::anyhow;
use chrono::NaiveDateTime;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::canonical::{Canonical, Hex, image_sha256};
use crate::db::{Bind, Row, Value, date_text, parse_date};

/// Makes a struct of a table's columns: those that its hash covers, in order, and the hash itself.
macro_rules! ledger_row {
    (
        $(#[$about:meta])*
        $name:ident $(<$life:lifetime>)?, all $text:ty, hashed as $tag:literal {
            $($column:ident: $form:ident),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name $(<$life>)? {
            $(pub $column: $text,)+
            pub sha256: $text,
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// The columns' names, in the order of the statements that read them.
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($column),)+ "sha256"];

            /// Reads a row whose first columns are [`Self::COLUMNS`].
            ///
            /// # Errors
            /// There are fewer columns.
            pub fn of(values: & $($life)? [Value]) -> anyhow::Result<Self> {
                let mut values = values.iter();
                let mut next = || values.next().ok_or_else(|| anyhow!("the ledger's rows have another shape than expected"));
                Ok($name { $($column: $form::read(next()?).into(),)+ sha256: text::read(next()?).into() })
            }

            /// Its hash, as far as its own columns go.
            #[must_use]
            pub fn begin_hash(&self) -> Canonical {
                let mut hash = Canonical::begin($tag);
                $(hash.text_or_null(&self.$column);)+
                hash
            }

            /// Its columns as they are written.
            #[must_use]
            pub fn binds(&self) -> impl IntoIterator<Item = Bind<'_>> {
                [$($form::bind(&self.$column),)+ text::bind(&self.sha256)]
            }

            /// Its columns with their names.
            pub fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$((stringify!($column), &*self.$column),)+ ("sha256", &*self.sha256)].into_iter()
            }
        }
    };
}

ledger_row! {
    /// A row of RECERT_RUN.
    LedgerRun, all String, hashed as "recert-run-1" {
        run_id: text, job: text, as_of: day, status: text, started_at: moment, finished_at: moment, os_user: text, host: text,
        version: text, config_sha256: text, parameters: text, counts: text, reason: text, previous_sha256: text,
    }
}

ledger_row! {
    /// A row of RECERT_CHANGE.
    LedgerChange<'a>, all Cow<'a, str>, hashed as "recert-change-1" {
        run_id: text, seq: number, table_name: text, row_key: text, action: text, why: text, result: text, image_sha256: text,
    }
}

impl LedgerChange<'_> {
    /// SEQ; -1 when it is no number.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.seq.parse().unwrap_or(-1)
    }

    /// Whether the row is as it was written.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.begin_hash().finish().as_slice() == self.sha256.as_bytes()
    }

    /// The same, for keeping.
    #[must_use]
    pub fn to_owned_row(&self) -> LedgerChange<'static> {
        let owned = |text: &Cow<'_, str>| Cow::Owned(text.to_string());
        LedgerChange {
            run_id: owned(&self.run_id),
            seq: owned(&self.seq),
            table_name: owned(&self.table_name),
            row_key: owned(&self.row_key),
            action: owned(&self.action),
            why: owned(&self.why),
            result: owned(&self.result),
            image_sha256: owned(&self.image_sha256),
            sha256: owned(&self.sha256),
        }
    }
}

impl Serialize for LedgerRun {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in self.columns() {
            match name {
                "parameters" | "counts" => map.serialize_entry(name, &LedgerJson::of(text))?,
                _ => map.serialize_entry(name, &(!text.is_empty()).then_some(text))?,
            }
        }
        map.end()
    }
}

/// JSON out of the ledger as it stands; what somebody made unreadable, as a text.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum LedgerJson<'a> {
    Null,
    Number(i64),
    Raw(&'a RawValue),
    Text(&'a str),
}

impl<'a> LedgerJson<'a> {
    #[must_use]
    pub(crate) fn of(text: &'a str) -> Self {
        match serde_json::from_str(text) {
            _ if text.is_empty() => LedgerJson::Null,
            Ok(raw) => LedgerJson::Raw(raw),
            Err(_) => LedgerJson::Text(text),
        }
    }

    #[must_use]
    pub(crate) fn text(text: &'a str) -> Self {
        if text.is_empty() { LedgerJson::Null } else { LedgerJson::Text(text) }
    }
}

/// What RECERT_IMAGE holds of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerImage<'a> {
    pub salt: Cow<'a, str>,
    pub before: Cow<'a, str>,
    pub after: Cow<'a, str>,
}

impl<'a> LedgerImage<'a> {
    /// Both sides were emptied, and the salt.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.salt.is_empty() && self.is_blank()
    }

    /// There is nothing on either side: it was erased, or there never was any, as with a purge.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// IMAGE_SHA256, of what is there now.
    #[must_use]
    pub fn sha256(&self) -> Hex {
        image_sha256(&self.salt, Some(&self.before), Some(&self.after))
    }
}

/// A change with its image, as `ledger/select_changes` answers.
#[derive(Debug, Default)]
pub struct LedgerEntry<'a> {
    pub change: LedgerChange<'a>,
    /// `None`: its row is gone.
    pub image: Option<LedgerImage<'a>>,
}

impl<'a> LedgerEntry<'a> {
    /// How many columns it has.
    pub(crate) const N_COLUMNS: usize = LedgerChange::COLUMNS.len() + 4;

    /// Reads a row whose first columns are in the order of the statement.
    ///
    /// # Errors
    /// The row has another shape.
    pub fn of(row: &'a Row) -> anyhow::Result<Self> {
        let Some([image_seq, salt, before, after, ..]) =
            row.values.get(LedgerChange::COLUMNS.len()..)
        else {
            return Err(anyhow!("the ledger's changes have another shape than expected"));
        };
        let image = || LedgerImage {
            salt: text::read(salt),
            before: text::read(before),
            after: text::read(after),
        };
        Ok(LedgerEntry {
            change: LedgerChange::of(&row.values)?,
            image: (!image_seq.is_null()).then(image),
        })
    }

    /// The same, for keeping.
    #[must_use]
    pub fn to_owned_row(&self) -> LedgerEntry<'static> {
        let owned = |text: &Cow<'_, str>| Cow::Owned(text.to_string());
        let image = |image: &LedgerImage<'_>| LedgerImage {
            salt: owned(&image.salt),
            before: owned(&image.before),
            after: owned(&image.after),
        };
        LedgerEntry { change: self.change.to_owned_row(), image: self.image.as_ref().map(image) }
    }

    /// Whether it is as it was written, as far as anything is left of it.
    #[must_use]
    pub(crate) fn fits(&self) -> bool {
        self.change.fits() && self.image_is() != ImageState::Edited
    }

    /// Whether its image is the one that was hashed, or an empty row is left of it.
    #[must_use]
    pub fn image_is(&self) -> ImageState {
        match &self.image {
            None => ImageState::Missing,
            Some(image) if image.is_erased() => ImageState::Erased,
            Some(image) if image.sha256().as_slice() == self.change.image_sha256.as_bytes() => {
                ImageState::Kept
            }
            Some(_) => ImageState::Edited,
        }
    }
}

/// What became of a change's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageState {
    Kept,
    Erased,
    Edited,
    /// Its row is gone.
    Missing,
}

/// A day and time, if the value is one in the very form that is written.
fn held_form(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::Date(at) | Value::Timestamp(at) => Some(*at),
        Value::Text(text) => parse_date(text).filter(|at| date_text(*at) == *text),
        _ => None,
    }
}

/// The form of text: as it stands. What recert can't have written hashes as something it never writes.
mod text {
    use super::{Bind, Cow, Value};

    pub(super) fn read(value: &Value) -> Cow<'_, str> {
        match value {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Bytes(_) | Value::Real(_) => Cow::Owned(format!("\u{fffd}{}", value.display())),
            other => Cow::Owned(other.display()),
        }
    }

    pub(super) fn bind(text: &str) -> Bind<'_> {
        text.into()
    }
}

/// The form of a whole number: decimal.
mod number {
    use super::Bind;
    pub(super) use super::text::read;

    pub(super) fn bind(text: &str) -> Bind<'_> {
        text.parse().map_or_else(|_| text.into(), Bind::Int)
    }
}

/// The form of a day.
mod day {
    use super::{Bind, Cow, Value, held_form, parse_date, text};
    use crate::ledger::canonical;

    pub(super) fn read(value: &Value) -> Cow<'_, str> {
        match held_form(value) {
            Some(at) if at.time() == chrono::NaiveTime::MIN => canonical::day(at.date()).into(),
            _ => text::read(value),
        }
    }

    pub(super) fn bind(text: &str) -> Bind<'_> {
        parse_date(text).map_or_else(|| text.into(), Bind::Date)
    }
}

/// The form of a moment; recert writes no more than microseconds.
mod moment {
    use super::{Bind, Cow, Value, held_form, parse_date, text};
    use crate::ledger::canonical;

    pub(super) fn read(value: &Value) -> Cow<'_, str> {
        match held_form(value) {
            Some(at) if at.and_utc().timestamp_subsec_nanos() % 1_000 == 0 => {
                canonical::moment(at.and_utc()).into()
            }
            _ => text::read(value),
        }
    }

    pub(super) fn bind(text: &str) -> Bind<'_> {
        parse_date(text).map_or_else(|| text.into(), Bind::Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_read_the_same_from_a_date_and_from_the_text_that_is_written() {
        let at = parse_date("2026-01-31 00:00:00").unwrap();
        for value in [Value::Date(at), Value::Timestamp(at), Value::Text(date_text(at))] {
            assert_eq!(day::read(&value), "2026-01-31");
            assert_eq!(moment::read(&value), "2026-01-31T00:00:00.000000Z");
        }
        let other = Value::Text("2026-1-31".to_owned());
        assert_eq!(day::read(&other), "2026-1-31", "no form that recert writes");
    }

    #[test]
    fn a_moment_finer_than_recert_writes_reads_as_another() {
        let fine = parse_date("2026-01-31 17:00:00.000000001").unwrap();
        assert_ne!(moment::read(&Value::Timestamp(fine)), "2026-01-31T17:00:00.000000Z");
    }

    #[test]
    fn what_is_no_number_is_none_that_a_change_has() {
        let seq = |seq: &'static str| LedgerChange { seq: seq.into(), ..LedgerChange::default() };
        assert_eq!([seq("7").number(), seq("x").number(), seq("").number()], [7, -1, -1]);
    }

    #[test]
    fn json_of_the_ledger_is_told_as_it_stands_and_what_is_none_as_a_text() {
        let told = |text| serde_json::to_string(&LedgerJson::of(text)).unwrap();
        assert_eq!(["", "{\"a\": 1.0}", "{"].map(told), ["null", "{\"a\": 1.0}", "\"{\""]);
    }
}
