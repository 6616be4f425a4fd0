//! Bytes → records.

use recert::door::import::csv::{
    CsvFault, CsvFaultKind, CsvReader, CsvRecord, FIELD_BYTES_MAX, FIELDS_MAX,
};

use super::harness::{Dribble, bad};

type Rows = Vec<(u64, Vec<String>, Option<CsvFault>)>;

fn read(bytes: &[u8]) -> Result<Rows, String> {
    let mut rows = Vec::new();
    let mut record = CsvRecord::default();
    let mut reader = CsvReader::new(Dribble(bytes, 3), "f.csv");
    while reader.read(&mut record).map_err(|err| bad(&err))? {
        rows.push((record.line, record.fields().map(str::to_owned).collect(), record.fault));
    }
    Ok(rows)
}

fn check(bytes: impl AsRef<[u8]>, expected: &[(u64, &[&str])]) {
    let rows = read(bytes.as_ref()).expect("sound CSV");
    let rows: Vec<(u64, Vec<&str>)> = rows
        .iter()
        .map(|(line, fields, fault)| {
            assert_eq!(*fault, None);
            (*line, fields.iter().map(String::as_str).collect())
        })
        .collect();
    let expected: Vec<(u64, Vec<&str>)> =
        expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn reader_splits_at_semicolons_and_keeps_blanks() {
    check("a; b ;;c,d\n", &[(1, &["a", " b ", "", "c,d"])]);
}

#[test]
fn reader_takes_lf_crlf_and_cr_as_line_ends_and_needs_none_at_the_end() {
    check(
        "a;b\nc;d\r\ne;f\rg;h",
        &[(1, &["a", "b"]), (2, &["c", "d"]), (3, &["e", "f"]), (4, &["g", "h"])],
    );
}

#[test]
fn reader_skips_empty_lines_and_counts_them() {
    check("\n\r\na\n\n\r\r\nb\n\n", &[(3, &["a"]), (7, &["b"])]);
}

#[test]
fn reader_skips_a_byte_order_mark() {
    check("\u{feff}\"a\";b\n", &[(1, &["a", "b"])]);
    check("\u{feff}", &[]);
    check("a\n\u{feff}b\n", &[(1, &["a"]), (2, &["\u{feff}b"])]);
}

#[test]
fn reader_takes_separators_line_breaks_and_doubled_quotes_inside_quotes_as_text() {
    check("\"a;b\";\"c\"\"d\"\n\"\";\"\"\"\"", &[(1, &["a;b", "c\"d"]), (2, &["", "\""])]);
}

#[test]
fn reader_counts_lines_inside_quotes() {
    check(
        "\"a\nb\r\nc\rd\";e\nf;\"g\r\"\"\n\"\nh\n",
        &[(1, &["a\nb\r\nc\rd", "e"]), (5, &["f", "g\r\"\n"]), (8, &["h"])],
    );
}

#[test]
fn record_knows_the_line_of_each_field() {
    let mut record = CsvRecord::default();
    let mut reader = CsvReader::new("\n\"a\n\r\nb\";\"c\r\";\"\nd\";e\n".as_bytes(), "f.csv");
    assert!(reader.read(&mut record).unwrap());
    let lines: Vec<u64> = (0..4).map(|n| record.line_of(n)).collect();
    assert_eq!((lines, record.last_line), (vec![2, 4, 5, 6], 6));
}

#[test]
fn quote_inside_an_unquoted_field_is_text() {
    check("ab\"c;12\";d\n", &[(1, &["ab\"c", "12\"", "d"])]);
}

#[test]
fn text_after_a_closing_quote_is_a_fault_of_its_record_alone() {
    let rows = read(b"a;\"b\"c;d\ne\n").unwrap();
    assert_eq!(rows[0].1, ["a", "bc", "d"]);
    assert_eq!(rows[0].2, Some(CsvFault { field: 1, kind: CsvFaultKind::TextAfterQuote }));
    assert_eq!((rows[1].0, rows[1].2), (2, None));
}

#[test]
fn quote_that_is_never_closed_is_a_bad_file_that_names_where_it_opens() {
    let message = "`f.csv`, line 2, column 2: the quote that opens here is never closed: the file is cut off, or the \
                   quote stands alone";
    for file in ["a\nb;\"c\nd;e\nf\n", "a\nb;\"c\"\"", "a\nb;\""] {
        assert_eq!(read(file.as_bytes()).unwrap_err(), message);
    }
}

#[test]
fn byte_that_is_not_utf8_is_named_with_line_column_and_position() {
    assert_eq!(
        read(b"a;b\nc;\xc3\xa9t\xe9;d\n").unwrap_err(),
        "`f.csv`, line 2, column 2: expected UTF-8, found byte 0xE9 at byte 6 of the line: the file looks like \
         Windows-1252 or ISO 8859-1: save it as UTF-8"
    );
    assert!(
        read(b"a;\"b\r\n\r\nxy\xff\"")
            .unwrap_err()
            .contains("line 3, column 2: expected UTF-8, found byte 0xFF at byte 3 ")
    );
    assert!(
        read(b"\xef\xbb\xbfab\xff")
            .unwrap_err()
            .contains("line 1, column 1: expected UTF-8, found byte 0xFF at byte 3 ")
    );
    assert!(
        read(b"a\r\n\xff")
            .unwrap_err()
            .contains("line 2, column 1: expected UTF-8, found byte 0xFF at byte 1 ")
    );
}

#[test]
fn utf8_is_strict_about_surrogates_overlong_forms_and_split_characters() {
    for bytes in
        [&b"a\xed\xa0\x80b"[..], b"a\xc0\xafb", b"a\xf4\x90\x80\x80", b"a\xc3;\xa4", b"a\x80"]
    {
        assert!(read(bytes).unwrap_err().contains("at byte 2 of the line"), "{bytes:?}");
    }
}

#[test]
fn file_cut_off_inside_a_character_is_said_to_be() {
    assert!(read(b"a;b\xe2\x82").unwrap_err().ends_with("the file is cut off inside a character"));
}

#[test]
fn rows_before_a_bad_byte_are_still_read() {
    let mut reader = CsvReader::new(&b"a\nb\n\xff"[..], "f.csv");
    let mut record = CsvRecord::default();
    assert!(reader.read(&mut record).unwrap() && reader.read(&mut record).unwrap());
    assert!(reader.read(&mut record).is_err());
}

#[test]
fn other_encodings_and_formats_are_named() {
    let utf16 = |text: &str, mark: bool, big: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    for (bytes, name) in [
        (utf16("id;email", true, false), "UTF-16"),
        (utf16("id;email", true, true), "UTF-16"),
        (utf16("id;email", false, false), "UTF-16"),
        (utf16("id;email", false, true), "UTF-16"),
        (b"\xff\xfe\0\0i\0\0\0".to_vec(), "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0i".to_vec(), "UTF-32"),
        (b"PK\x03\x04\x14\0".to_vec(), "an Excel workbook or another zip archive"),
        (b"\x1f\x8b\x08\0".to_vec(), "gzip"),
    ] {
        let message = format!(
            "`f.csv`, line 1, column 1: expected UTF-8 text, found {name}: save the file as UTF-8"
        );
        assert_eq!(read(&bytes).unwrap_err(), message);
    }
}

#[test]
fn field_beyond_the_limit_is_cut_at_a_character_and_a_fault() {
    for long in [
        format!("x{}", "é".repeat(FIELD_BYTES_MAX)),
        format!("\"xx{}\"", "é\n".repeat(FIELD_BYTES_MAX)),
    ] {
        let rows = read(format!("a;{long};b\nc;d\n").as_bytes()).unwrap();
        assert_eq!(rows[0].2, Some(CsvFault { field: 1, kind: CsvFaultKind::TooLong }));
        assert!(rows[0].1[1].len() <= FIELD_BYTES_MAX && rows[0].1[1].len() > FIELD_BYTES_MAX - 4);
        assert_eq!(rows[0].1[2], "b");
        assert_eq!(
            (rows[1].1.as_slice(), rows[1].2),
            (&["c".to_owned(), "d".to_owned()][..], None)
        );
    }
}

#[test]
fn field_as_long_as_the_limit_is_whole() {
    let long = "x".repeat(FIELD_BYTES_MAX);
    check(format!("{long};a\n"), &[(1, &[&long, "a"])]);
}

#[test]
fn record_of_a_million_separators_keeps_no_more_than_the_limit() {
    let mut record = CsvRecord::default();
    let line = ";".repeat(1_000_000);
    assert!(CsvReader::new(line.as_bytes(), "f.csv").read(&mut record).unwrap());
    assert_eq!((record.n_fields, record.fields().count()), (1_000_001, FIELDS_MAX));
}

#[test]
fn error_while_reading_says_after_which_line() {
    struct Broken(bool);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::Error::other("disk on fire"));
            }
            buffer[..4].copy_from_slice(b"a\nb\n");
            Ok(4)
        }
    }
    let mut reader = CsvReader::new(Broken(false), "f.csv");
    let mut record = CsvRecord::default();
    assert!(reader.read(&mut record).unwrap() && reader.read(&mut record).unwrap());
    let message = bad(&reader.read(&mut record).unwrap_err());
    assert!(message.contains("disk on fire"), "{message}");
}
