//! A column as the database's dictionary knows it, and what fits into it.

use std::collections::{BTreeMap, HashMap};

use super::{Read, Row, Value};
use crate::sql;
use crate::sql::quote_name;

/// A column as the database's dictionary knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Upper-case name.
    pub name: String,
    /// The declared type's name, upper case, without length or digits: `VARCHAR2`, `NUMBER`,
    /// `TIMESTAMP WITH TIME ZONE`, ….
    pub data_type: String,
    /// Digits of a second that a TIMESTAMP keeps.
    pub fraction_digits: Option<u8>,
    /// What text fits; `None`: any, or no text column.
    pub length: Option<ColumnLength>,
    /// What numbers fit; `None`: any, or no column of decimal numbers.
    pub digits: Option<NumberDigits>,
    /// Whether it may be empty.
    pub nullable: bool,
    /// Who gives it its value.
    pub filled: ColumnFill,
    /// Whether `SELECT *` leaves it out.
    pub invisible: bool,
}

/// The columns of a table `t` that `*` leaves out, as they stand behind it in a query.
pub(crate) fn invisible(columns: &[Column]) -> String {
    let names = columns.iter().filter(|column| column.invisible).map(|column| &column.name);
    names.map(|name| format!(", t.{}", quote_name(name))).collect()
}

/// Tables asked about at once.
const TABLES: [&str; 6] = ["table_0", "table_1", "table_2", "table_3", "table_4", "table_5"];

/// Binds for these tables, six at most: the last of them stands in every place that is left.
fn table_binds<'a>(tables: &[&'a str]) -> Vec<(&'static str, Value)> {
    let last = tables.last().copied().unwrap_or_default();
    let names: Vec<&'a str> =
        tables.iter().copied().chain(std::iter::repeat_n(last, TABLES.len())).collect();
    TABLES.into_iter().zip(names.into_iter().map(|name| name.to_uppercase().into())).collect()
}

/// The columns of each of these tables, in order.
pub(super) fn select_columns(
    tables: &[&str],
    db: &mut dyn Read,
) -> anyhow::Result<Vec<Vec<Column>>> {
    let mut found: HashMap<String, Vec<Column>> = HashMap::new();
    for tables in tables.chunks(TABLES.len()) {
        for row in db.rows(&sql!("db/select_columns", dialects), &table_binds(tables))? {
            found.entry(row.text("KNOWN_AS")?).or_default().push(Column::read(&row)?);
        }
    }
    let of = |table: &&str| found.get(&table.to_uppercase()).cloned().unwrap_or_default();
    Ok(tables.iter().map(of).collect())
}

/// What a table has that neither `*` nor a statement's own text shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableExtras {
    /// The columns of a table `t` that `*` leaves out, as they stand behind it in a query.
    pub(crate) invisible: String,
    /// What may change a row that is written there: its triggers and policies.
    pub(crate) changers: Vec<RowChanger>,
}

/// What may change a row behind the back of whoever writes.
#[derive(Clone, Debug)]
pub(crate) struct RowChanger {
    /// Its kind and name.
    pub(crate) in_words: String,
    /// At what it takes effect (`INSERT`, …); `None`: at anything, as far as can be told.
    events: Option<Vec<String>>,
}

impl RowChanger {
    /// `timing`, `event`: of a trigger, as the dictionary has them. Only of the plain kinds is it believed that they do
    /// nothing at other events.
    pub(crate) fn new(in_words: String, timing: &str, event: &str) -> Self {
        let is_plain = matches!(
            timing,
            "BEFORE STATEMENT" | "BEFORE EACH ROW" | "AFTER STATEMENT" | "AFTER EACH ROW"
        );
        let events: Vec<String> =
            event.split(" OR ").map(|event| event.trim().to_owned()).collect();
        let is_known = |event: &String| matches!(event.as_str(), "INSERT" | "UPDATE" | "DELETE");
        let events = (is_plain && events.iter().all(is_known)).then_some(events);
        RowChanger { in_words, events }
    }

    /// Whether it may take effect where something is done to rows, in a word.
    pub(crate) fn heeds(&self, done: &str) -> bool {
        let events = self.events.as_ref();
        events.is_none_or(|events| events.iter().any(|event| event.eq_ignore_ascii_case(done)))
    }
}

/// The extras of several tables, by their names; none of a table that has none.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn table_extras(
    tables: &[&str],
    db: &mut dyn Read,
) -> anyhow::Result<BTreeMap<String, TableExtras>> {
    let mut extras: BTreeMap<String, TableExtras> = BTreeMap::new();
    for tables in tables.chunks(TABLES.len()) {
        for row in db.rows(&sql!("db/select_extras", dialects), &table_binds(tables))? {
            let of = extras.entry(row.text("KNOWN_AS")?).or_default();
            let (kind, item) = (row.text("KIND")?, row.text("ITEM")?);
            match kind.as_str() {
                "column" => of.invisible += &format!(", t.{}", quote_name(&item)),
                _ => {
                    let (timing, event) = (row.text_opt("TIMING")?, row.text_opt("EVENT")?);
                    let (timing, event) = (timing.unwrap_or_default(), event.unwrap_or_default());
                    of.changers.push(RowChanger::new(format!("{kind} {item}"), &timing, &event));
                }
            }
        }
    }
    Ok(extras)
}

/// How long a column's text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnLength {
    /// The limit, in characters or bytes.
    pub most: u32,
    /// Whether bytes (UTF-8) are counted.
    pub in_bytes: bool,
}

/// How many digits of a number a column keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberDigits {
    /// Before the point; `None`: as many as there are.
    pub whole: Option<i32>,
    /// Behind it; fewer than none are zeros before it.
    pub fraction: i32,
}

/// Who gives a column its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnFill {
    /// Whoever writes the row.
    Writer,
    /// An identity: the database, unless the writer does.
    IdentityByDefault,
    /// An identity that no INSERT or UPDATE may name (ORA-32795).
    IdentityAlways,
    /// An expression over other columns (ORA-54013).
    Expression,
}

impl Column {
    /// From a row of `db/select_columns`.
    pub(super) fn read(row: &Row) -> anyhow::Result<Column> {
        let declared = row.text("DATA_TYPE")?;
        let (data_type, arguments) = split_type(&declared);
        let most = |name: &str| row.int(name).map(|n| n.and_then(|n| u32::try_from(n).ok()));
        let length = match row.text_opt("CHAR_USED")?.as_deref() {
            Some("C") => most("CHAR_LENGTH")?.map(|most| ColumnLength { most, in_bytes: false }),
            Some(_) => most("DATA_LENGTH")?.map(|most| ColumnLength { most, in_bytes: true }),
            None => declared_length(&data_type, arguments),
        };
        let n = |name: &str| row.int(name).map(|n| n.and_then(|n| i32::try_from(n).ok()));
        let (precision, scale) = (n("DATA_PRECISION")?, n("DATA_SCALE")?);
        let digits = scale.filter(|_| data_type == "NUMBER").map(|fraction| NumberDigits {
            whole: precision.map(|precision| precision - fraction),
            fraction,
        });
        let is = |name: &str| row.int(name).map(|n| n == Some(1));
        let filled = match row.text_opt("IDENTITY_KIND")?.as_deref() {
            _ if is("IS_VIRTUAL")? => ColumnFill::Expression,
            Some("ALWAYS") => ColumnFill::IdentityAlways,
            Some(_) => ColumnFill::IdentityByDefault,
            None => ColumnFill::Writer,
        };
        Ok(Column {
            name: row.text("NAME")?,
            fraction_digits: fraction_digits(&data_type, arguments),
            data_type,
            length,
            digits,
            nullable: is("IS_NULLABLE")?,
            filled,
            invisible: is("IS_HIDDEN")?,
        })
    }

    /// Whether an INSERT or UPDATE may name it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self.filled, ColumnFill::Writer | ColumnFill::IdentityByDefault)
    }

    /// Whether this text can be stored there whole.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        self.length.is_none_or(|length| length.holds(text))
    }
}

impl ColumnLength {
    /// Whether this text is no longer than that.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        let most = self.most as usize;
        // No text has more characters than bytes.
        text.len() <= most || (!self.in_bytes && text.chars().count() <= most)
    }
}

impl NumberDigits {
    /// The number as it is kept there; `None`: it is too large.
    #[must_use]
    pub fn kept(self, number: f64) -> Option<f64> {
        // By its decimal digits, as the database rounds: 9.995 is a little less in binary.
        let shifted = |x: f64, by: i32| format!("{x}e{by}").parse().unwrap_or(x);
        let kept: f64 = shifted(shifted(number, self.fraction).round(), -self.fraction);
        let has_room = self.whole.is_none_or(|whole| kept.abs() < 10_f64.powi(whole));
        has_room.then_some(kept)
    }
}

/// A declared type without its length or digits, and what stood there:
/// `VARCHAR2(40 CHAR)`, `TIMESTAMP(3) WITH TIME ZONE`.
fn split_type(declared: &str) -> (String, &str) {
    match (declared.find('('), declared.find(')')) {
        (Some(open), Some(close)) if open < close => (
            format!("{}{}", declared[..open].trim_end(), &declared[close + 1..]),
            declared[open + 1..close].trim(),
        ),
        _ => (declared.to_owned(), ""),
    }
}

/// The digits of a second that a type keeps: six where a TIMESTAMP doesn't say.
fn fraction_digits(bare: &str, arguments: &str) -> Option<u8> {
    bare.starts_with("TIMESTAMP").then(|| arguments.parse().unwrap_or(6))
}

/// The length that a declaration names, as Oracle reads it: bytes, unless it says CHAR.
fn declared_length(bare: &str, arguments: &str) -> Option<ColumnLength> {
    if !matches!(bare, "VARCHAR2" | "NVARCHAR2" | "VARCHAR" | "CHAR" | "NCHAR") {
        return None;
    }
    let mut words = arguments.split_whitespace();
    let most = words.next()?.parse().ok()?;
    let in_chars = bare.starts_with('N') || words.next() == Some("CHAR");
    Some(ColumnLength { most, in_bytes: !in_chars })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_falls_into_name_and_arguments() {
        for (declared, bare, arguments) in [
            ("DATE", "DATE", ""),
            ("VARCHAR2(40 CHAR)", "VARCHAR2", "40 CHAR"),
            ("NUMBER(8,2)", "NUMBER", "8,2"),
            ("TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE", "3"),
        ] {
            assert_eq!(split_type(declared), (bare.to_owned(), arguments));
        }
        assert_eq!(fraction_digits("TIMESTAMP", "3"), Some(3));
        assert_eq!(fraction_digits("TIMESTAMP WITH TIME ZONE", ""), Some(6));
        assert_eq!(fraction_digits("DATE", ""), None);
    }

    #[test]
    fn a_trigger_heeds_its_events_and_what_is_not_known_heeds_everything() {
        let heeded = |timing, event| {
            let changer = RowChanger::new("trigger T".to_owned(), timing, event);
            ["insert", "update", "delete"].map(|done| changer.heeds(done))
        };
        assert_eq!(heeded("AFTER EACH ROW", "DELETE"), [false, false, true]);
        assert_eq!(heeded("BEFORE STATEMENT", "INSERT OR UPDATE"), [true, true, false]);
        assert_eq!(heeded("BEFORE EACH ROW", "UPDATE OR  DELETE "), [false, true, true]);
        for (timing, event) in [
            ("COMPOUND", "DELETE"),
            ("INSTEAD OF", "DELETE"),
            ("AFTER EVENT", "DELETE"),
            ("AFTER EACH ROW", "DELETE OR SOMETHING"),
            ("AFTER EACH ROW", ""),
            ("", ""),
        ] {
            assert_eq!(heeded(timing, event), [true; 3], "{timing} {event}");
        }
    }

    #[test]
    fn a_number_is_kept_with_the_digits_that_its_column_has() {
        let digits = |precision: Option<i32>, fraction| NumberDigits {
            whole: precision.map(|precision| precision - fraction),
            fraction,
        };
        for (digits, number, kept) in [
            (digits(Some(5), 1), 0.75, Some(0.8)),
            (digits(Some(5), 1), 0.25, Some(0.3)),
            (digits(Some(3), 0), 0.5, Some(1.0)),
            (digits(Some(3), 2), 9.994, Some(9.99)),
            (digits(Some(3), 2), 9.995, None),
            (digits(Some(2), 2), 1.0, None),
            (digits(Some(1), -1), 31.0, Some(30.0)),
            (digits(None, 0), 1e9, Some(1e9)),
        ] {
            assert_eq!(digits.kept(number), kept, "{digits:?} {number}");
        }
    }

    #[test]
    fn a_length_counts_bytes_unless_it_says_otherwise() {
        let length = |bare, arguments| declared_length(bare, arguments);
        let bytes = |most| Some(ColumnLength { most, in_bytes: true });
        let chars = |most| Some(ColumnLength { most, in_bytes: false });
        assert_eq!(length("VARCHAR2", "4"), bytes(4));
        assert_eq!(length("VARCHAR2", "4 BYTE"), bytes(4));
        assert_eq!(length("VARCHAR2", "4 CHAR"), chars(4));
        assert_eq!(length("NVARCHAR2", "4"), chars(4));
        assert_eq!(length("CLOB", ""), None);
        assert_eq!(length("NUMBER", "4"), None);
        assert!(bytes(4).is_some_and(|length| length.holds("žž") && !length.holds("žžž")));
        assert!(chars(4).is_some_and(|length| length.holds("žžžž") && !length.holds("12345")));
    }
}
