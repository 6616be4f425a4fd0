//! The header: sound, without a name twice, and helpful about names that are almost right. The same for both files.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use super::csv::{CsvReader, CsvRecord, FIELDS_MAX};
use super::fault::{BadFile, ColumnPlace, found, shown};
use super::identity::skeleton;

/// Names that differ by this many keystrokes from a known one are taken for a slip.
const SLIPS_MAX: usize = 2;

/// A column of the file that is not read: a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn {
    pub place: ColumnPlace,
    /// The name that was probably meant.
    pub meant: Option<String>,
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not known, and not read", self.place)?;
        match &self.meant {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

/// Reads the header.
///
/// # Errors
/// `Exit::BadInput`: an empty file, a header that is not sound CSV, a name that stands twice.
pub(super) fn read<R: Read>(reader: &mut CsvReader<R>) -> anyhow::Result<Vec<String>> {
    let mut record = CsvRecord::default();
    let mut has_record = reader.read(&mut record)?;
    if has_record && names_the_separator(&record) {
        has_record = reader.read(&mut record)?;
    }
    if !has_record {
        return Err(BadFile::whole(reader.name(), "the file is empty").error());
    }
    let bad = |place: Option<ColumnPlace>, what: String| {
        Err(BadFile::at(reader.name(), record.line, place, what).error())
    };
    if record.n_fields > FIELDS_MAX {
        return bad(
            None,
            format!("expected a header of at most {FIELDS_MAX} columns, found {}", record.n_fields),
        );
    }
    if let Some(fault) = record.fault {
        let what = format!("expected {}, found {}", fault.kind, found(record.field(fault.field)));
        return bad(Some(reader.place(fault.field)), what);
    }
    let names: Vec<String> = record.fields().map(str::to_owned).collect();
    let mut seen = HashMap::new();
    for (n, name) in names.iter().enumerate() {
        let place = ColumnPlace { number: n + 1, name: name.clone() };
        if name.contains('\0') {
            return bad(
                Some(place),
                "expected a header name, found one with a NUL byte".to_owned(),
            );
        }
        if let Some(first) = seen.insert(name, n + 1).filter(|_| !name.trim().is_empty()) {
            return bad(Some(place), format!("the name stands in column {first} already"));
        }
    }
    reader.set_names(record.line, names.clone());
    Ok(names)
}

/// `sep=;`, by which a spreadsheet tells itself how the file is separated.
fn names_the_separator(record: &CsvRecord) -> bool {
    let text = record.text().trim();
    record.line == 1
        && record.n_fields <= 2
        && text.trim_end_matches(';').eq_ignore_ascii_case("sep=")
}

/// Refuses a name that is an expected and absent one but for case, blanks or invisible characters: ignored as unknown, a
/// column that decides would say nothing any more, and nobody would notice.
///
/// # Errors
/// `Exit::BadInput`
pub(super) fn refuse_slips(
    file: &str,
    line: u64,
    unknown: &[ColumnPlace],
    absent: &[&str],
) -> anyhow::Result<()> {
    for place in unknown {
        let bare = skeleton(&place.name);
        if let Some(meant) = absent.iter().find(|absent| skeleton(absent) == bare) {
            let what = format!(
                "the name should read `{meant}`: case, blanks and invisible characters count"
            );
            return Err(BadFile::at(file, line, Some(place.clone()), what).error());
        }
    }
    Ok(())
}

/// The error for a header without columns that must be there. `missing` is not empty.
pub(super) fn missing(
    file: &str,
    names: &[String],
    missing: &[&str],
    unknown: &[UnknownColumn],
) -> anyhow::Error {
    let quoted: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let mut what = match quoted.as_slice() {
        [one] => format!("the required column {one} is missing"),
        several => format!("the required columns {} are missing", several.join(", ")),
    };
    for unknown in unknown {
        if let Some(meant) = unknown.meant.as_deref().filter(|meant| missing.contains(meant)) {
            what += &format!("; {} should read `{meant}`", unknown.place);
        }
    }
    if let [only] = names
        && let Some(other) = [',', '\t', '|'].into_iter().find(|&c| only.contains(c))
    {
        what += &format!(
            "; columns are separated by `;`, here it seems to be `{}`",
            shown(&other.to_string())
        );
    }
    BadFile::at(file, 1, None, what).error()
}

/// The name of `known` that `name` is probably meant to be.
pub(super) fn meant(name: &str, known: &[&str]) -> Option<String> {
    let bare = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
    };
    let name = bare(name);
    let distance = |other: &&&str| strsim::osa_distance(&name, &bare(other));
    let nearest = known.iter().min_by_key(distance)?;
    // Two slips in a name of four letters make any other name.
    let slips_max = SLIPS_MAX.min(nearest.len() / 4);
    (distance(&nearest) <= slips_max).then(|| (*nearest).to_owned())
}
