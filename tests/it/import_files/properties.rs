//! Any text written by a proper CSV writer reads back; any bytes at all lose no row.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use recert::door::import::csv::{CsvReader, CsvRecord};

use super::harness::{Dribble, bad, people_file, row_of};
use super::invariants::fuzz_people;

fn read_back(bytes: &[u8], piece: usize) -> Vec<Vec<String>> {
    let mut reader = CsvReader::new(Dribble(bytes, piece), "f.csv");
    let (mut record, mut rows) = (CsvRecord::default(), Vec::new());
    while reader.read(&mut record).map_err(|err| bad(&err)).expect("sound CSV") {
        assert_eq!(record.fault, None);
        rows.push(record.fields().map(str::to_owned).collect());
    }
    rows
}

/// Text with more than its share of what is special in CSV.
fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => Just("\""), 3 => Just(";"), 2 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just(" "),
        1 => Just("\u{feff}"), 1 => Just("\0"), 2 => Just("Ž"), 2 => Just("李"), 3 => Just("abc"), 1 => Just("💼"),
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        any::<String>()
    ]
}

/// A people file with pieces, whole rows and bytes thrown into it anywhere.
fn mutated_file() -> impl Strategy<Value = Vec<u8>> {
    let rows = [
        row_of(""),
        row_of("id=U2|job=\"a;b\"\"\n\"|country=40"),
        row_of("email=x"),
        row_of("firstName=\"Hansi"),
        row_of("city=Bob\""),
    ];
    let row = proptest::sample::select(rows.to_vec()).prop_map(|row| row + "\n");
    let rows = proptest::collection::vec(row, 0..6);
    let bytes: Vec<&'static [u8]> = vec![
        b"\"",
        b";",
        b"\n",
        b"\r",
        b"\r\n",
        b"\"\"",
        b"\xff",
        b"\xc3",
        b"\0",
        b"@",
        b" ",
        b"\";\"",
        b"\xef\xbb\xbf",
        b"",
    ];
    let change = (any::<prop::sample::Index>(), proptest::sample::select(bytes), 0..3_usize);
    let changes = proptest::collection::vec(change, 0..5);
    (rows, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(rows, changes, cut, is_cut)| {
            let mut file = people_file(&[]).into_bytes();
            let header = file.len();
            file.extend(rows.concat().into_bytes());
            for (at, new, n_removed) in changes {
                // Mostly behind the header: a broken header ends the story early.
                let at = if at.index(10) == 0 {
                    at.index(header)
                } else {
                    header + at.index(file.len().saturating_sub(header) + 1)
                };
                let at = at.min(file.len());
                let end = (at + n_removed).min(file.len());
                file.splice(at..end, new.iter().copied());
            }
            if is_cut {
                file.truncate(
                    header.min(file.len()) + cut.index(file.len().saturating_sub(header) + 1),
                );
            }
            file
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_fields_written_as_csv_read_back_the_same(
        rows in proptest::collection::vec(proptest::collection::vec(cell(), 1..6), 0..8),
        is_quoted in any::<bool>(),
        is_crlf in any::<bool>(),
        piece in 1..40_usize,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(b';')
            .flexible(true)
            .quote_style(if is_quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .terminator(if is_crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        // In front, so that no generated text is taken for a byte order mark.
        let rows: Vec<Vec<String>> = std::iter::once(vec!["header".to_owned()]).chain(rows).collect();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        prop_assert_eq!(read_back(&writer.into_inner().unwrap(), piece), rows);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_people(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_header_lose_no_row(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_people(&[people_file(&[""]).as_bytes(), &bytes].concat());
    }
}

/// Runs for `RECERT_FUZZ_SECONDS` (default: one).
#[test]
fn any_mutation_of_a_people_file_loses_no_row() {
    let seconds =
        std::env::var("RECERT_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runner = TestRunner::default();
    let mut n = 0_u64;
    while Instant::now() < end {
        let file = mutated_file().new_tree(&mut runner).unwrap().current();
        let outcome = std::panic::catch_unwind(|| fuzz_people(&file));
        assert!(outcome.is_ok(), "this file breaks a rule: {:?}", file.escape_ascii().to_string());
        n += 1;
    }
    assert!(n > 10, "only {n} files in {seconds} s");
}
