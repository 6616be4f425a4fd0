//! What holds for any bytes at all. A fuzz target is this file and one line: `fuzz_target!(|bytes: &[u8]| fuzz_people(bytes))`.

use std::io::Read;

use recert::door::import::csv::{FIELD_BYTES_MAX, FIELDS_MAX};
use recert::door::import::{BadFile, PeopleLine, people};

/// Reads `bytes` as a people file, and panics when a row is lost, a position is wrong, or the result depends on how the
/// bytes arrive.
pub(crate) fn fuzz_people(bytes: &[u8]) {
    let (lines, error) = outcome(bytes);
    for size in [1, 7] {
        let (other, other_error) = outcome(Slow(bytes, size));
        assert_eq!(format!("{lines:?}"), format!("{other:?}"), "in pieces of {size}");
        assert_eq!(error, other_error, "in pieces of {size}");
    }
    if let Some(error) = &error {
        assert!(!error.what.is_empty());
    }
    lines.iter().for_each(check_line);
    check_rows(bytes, &lines, error.is_some());
}

/// All that the reader gives, and the error that ended it. Nothing may come after an error.
fn outcome(input: impl Read) -> (Vec<PeopleLine>, Option<BadFile>) {
    let bad = |err: anyhow::Error| err.downcast::<BadFile>().expect("only bad files are errors");
    let mut reader = match people(input, "fuzz") {
        Ok(reader) => reader,
        Err(err) => return (Vec::new(), Some(bad(err))),
    };
    let mut lines = Vec::new();
    while let Some(line) = reader.next() {
        match line {
            Ok(line) => lines.push(line),
            Err(err) => {
                assert!(reader.next().is_none(), "the reader goes on after an error");
                return (lines, Some(bad(err)));
            }
        }
    }
    assert!(reader.next().is_none() && !lines.is_empty(), "a file without rows is an error");
    (lines, None)
}

/// What holds for each line by itself.
fn check_line(line: &PeopleLine) {
    match line {
        PeopleLine::Person(person) => {
            assert_eq!(person.email().matches('@').count(), 1);
            assert!(
                person.business_unit().len() == 4
                    && person.business_unit().bytes().all(|b| b.is_ascii_digit())
            );
            assert!(person.id().is_none_or(|id| !id.contains(char::is_control)));
        }
        PeopleLine::Rejected(reject) => {
            assert!(
                reject.column_number >= 1
                    && !reject.expected.is_empty()
                    && !reject.found.is_empty()
            );
            assert!(reject.to_string().len() < 2000 && !reject.found.contains(char::is_control));
        }
    }
}

/// Persons and rejects are the file's rows, each once, in order: compared with a reader that is plain and slow.
fn check_rows(bytes: &[u8], lines: &[PeopleLine], has_error: bool) {
    let rows: Vec<Row> =
        plain_rows(bytes).into_iter().skip(1).filter(|row| !row.is_blank).collect();
    if rows.iter().any(|row| row.n_fields > FIELDS_MAX || row.longest > FIELD_BYTES_MAX) {
        return;
    }
    assert!(has_error || lines.len() == rows.len(), "{} lines of {} rows", lines.len(), rows.len());
    for (line, row) in lines.iter().zip(rows) {
        let at = match line {
            PeopleLine::Person(person) => person.line..=person.line,
            PeopleLine::Rejected(reject) => row.first_line..=reject.line,
        };
        assert_eq!(*at.start(), row.first_line);
        assert!(row.last_line >= *at.end() && at.end() >= at.start());
    }
}

struct Row {
    first_line: u64,
    last_line: u64,
    n_fields: usize,
    longest: usize,
    is_blank: bool,
}

/// The rows of a CSV text, byte by byte.
fn plain_rows(bytes: &[u8]) -> Vec<Row> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut rows, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let first_line = line;
        let (mut text, mut n_fields, mut longest, mut is_faulty, start) =
            (Vec::new(), 1, 0, false, at);
        let mut field_start = 0;
        'row: loop {
            if bytes.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    match (bytes.get(at), bytes.get(at + 1)) {
                        (Some(b'"'), Some(b'"')) => {
                            text.push(b'"');
                            at += 2;
                        }
                        (Some(b'"'), next) => {
                            is_faulty |= !matches!(next, None | Some(b';' | b'\n' | b'\r'));
                            at += 1;
                            break;
                        }
                        (Some(&b), next) => {
                            line += u64::from(b == b'\n' || (b == b'\r' && next != Some(&b'\n')));
                            text.push(b);
                            at += 1;
                        }
                        (None, _) => break,
                    }
                }
            }
            while let Some(&b) = bytes.get(at).filter(|b| !b";\n\r".contains(b)) {
                text.push(b);
                at += 1;
            }
            longest = longest.max(text.len() - field_start);
            if bytes.get(at) != Some(&b';') {
                break 'row;
            }
            field_start = text.len();
            n_fields += 1;
            at += 1;
        }
        let is_empty_line = at == start;
        let is_blank = !is_faulty && String::from_utf8_lossy(&text).trim().is_empty();
        if !is_empty_line {
            rows.push(Row { first_line, last_line: line, n_fields, longest, is_blank });
        }
        at += if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 };
        line += 1;
    }
    rows
}

/// Gives its bytes a few at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(buffer.len());
        self.0.read(&mut buffer[..n])
    }
}
