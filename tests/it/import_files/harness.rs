//! Small files in, people and rejects out.

use std::io::Read;

use recert::door::exit::Exit;
use recert::door::import::{
    BadFile, DeliveredPerson, PeopleLine, PersonColumn, RejectedRow, people,
};

/// A people file with all columns and one row a spec: `column=value|column=value` over a sound default.
pub(crate) fn people_file(rows: &[&str]) -> String {
    let names: Vec<&str> = PersonColumn::ALL.into_iter().map(PersonColumn::name).collect();
    let mut file = names.join(";") + "\n";
    for row in rows {
        file += &row_of(row);
        file.push('\n');
    }
    file
}

/// One row, as `people_file` writes it.
pub(crate) fn row_of(spec: &str) -> String {
    let cells = PersonColumn::ALL.map(|column| {
        let set = spec
            .split('|')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == column.name());
        set.map_or(default(column), |(_, value)| value).to_owned()
    });
    cells.join(";")
}

fn default(column: PersonColumn) -> &'static str {
    match column {
        PersonColumn::Id => "U1",
        PersonColumn::FirstName => "Anna",
        PersonColumn::LastName => "O'Brien",
        PersonColumn::Email => "anna@example.org",
        PersonColumn::City => "Zürich",
        PersonColumn::CostCenter => "12345678",
        PersonColumn::ImportedAt => "2026-11-01",
        PersonColumn::PersonnelAreaText => "Headquarters",
        _ => "",
    }
}

/// All lines of a people file, or the message of the error that ended it.
pub(crate) fn read(input: impl Read) -> Result<Vec<PeopleLine>, String> {
    let reader = people(input, "users.csv").map_err(|err| bad(&err))?;
    reader.collect::<anyhow::Result<Vec<PeopleLine>>>().map_err(|err| bad(&err))
}

/// The error's message; it must be of class bad-input.
pub(crate) fn bad(err: &anyhow::Error) -> String {
    assert_eq!(err.downcast_ref::<Exit>(), Some(&Exit::BadInput), "{err:#}");
    err.downcast_ref::<BadFile>().expect("a BadFile").to_string()
}

/// The message of a file that must be refused.
pub(crate) fn refused(file: impl AsRef<[u8]>) -> String {
    read(file.as_ref()).expect_err("the file should be refused")
}

/// The people of a file without rejects.
pub(crate) fn persons(file: impl AsRef<[u8]>) -> Vec<DeliveredPerson> {
    let person = |line| match line {
        PeopleLine::Person(person) => *person,
        PeopleLine::Rejected(reject) => panic!("rejected: {reject}"),
    };
    read(file.as_ref()).expect("a sound file").into_iter().map(person).collect()
}

/// The one person of a file with one row.
pub(crate) fn person(row: &str) -> DeliveredPerson {
    let mut persons = persons(people_file(&[row]));
    assert_eq!(persons.len(), 1);
    persons.remove(0)
}

/// The rejects of a file.
pub(crate) fn rejects(file: impl AsRef<[u8]>) -> Vec<RejectedRow> {
    let reject = |line| match line {
        PeopleLine::Person(_) => None,
        PeopleLine::Rejected(reject) => Some(reject),
    };
    read(file.as_ref()).expect("a file that can be read").into_iter().filter_map(reject).collect()
}

/// The one reject of a file with one row, as a sentence.
pub(crate) fn rejected(row: &str) -> String {
    let rejects = rejects(people_file(&[row]));
    assert_eq!(rejects.len(), 1, "{row} should be rejected");
    rejects[0].to_string()
}

/// Gives its bytes a few at a time, as a pipe may.
pub(crate) struct Dribble<'a>(pub(crate) &'a [u8], pub(crate) usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(buffer.len());
        self.0.read(&mut buffer[..n])
    }
}
