//! Any name, as a generator wrote it, is doubled or reported.

use proptest::prelude::*;

use super::super::lexer::names_a_column;
use super::repair;
use super::update;

/// As a generator writes it, and as it should have.
fn lines_for(names: &[String], quote: impl Fn(&str) -> String) -> Vec<String> {
    names.iter().map(|name| update(&quote(name), &quote(&format!("{name}@x.com")))).collect()
}

fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[A-Za-zŽé0-9]{1,5}",
        4 => prop::sample::select(vec!["'", "'", ", ", " ", ",", ".", "-", ";", "--", "(", ")", "=", " = ", "’", "‘", "“", "|", "&", "/"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["WHERE", " WHERE ", " AND ", "RAP", "RAP = 1", "LINEMANAGER_NAME", "/*", "*/", "\"", "q'", "N'"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bare_name_is_doubled_or_its_line_reported(names in prop::collection::vec(any_name(), 1..4)) {
        // Two apostrophes side by side are a pair, by the spec.
        prop_assume!(names.iter().all(|name| !name.contains("''")));
        let bare = lines_for(&names, |name| format!("'{name}'"));
        let doubled = lines_for(&names, |name| format!("'{}'", name.replace('\'', "''")));
        let repaired = repair(bare.concat().as_bytes());
        let reported: Vec<u64> = repaired.unsure.iter().map(|unsure| unsure.line).collect();
        let expected: String = bare.iter().zip(&doubled).zip(1..).map(|((bare, doubled), line)| {
            if reported.contains(&line) { bare.as_str() } else { doubled.as_str() }
        }).collect();
        prop_assert_eq!(String::from_utf8(repaired.output).unwrap(), expected);
    }

    #[test]
    fn a_plain_bare_name_is_never_reported(name in "[A-Za-zŽé]{1,9}'?[A-Za-zŽé]{1,9}(, | |, ')[A-Za-z]{1,9}( [A-Z]\\.)?") {
        let repaired = repair(lines_for(std::slice::from_ref(&name), |name| format!("'{name}'")).concat().as_bytes());
        prop_assert_eq!(repaired.unsure, vec![]);
    }

    #[test]
    fn a_script_that_is_right_is_never_changed(names in prop::collection::vec(any_name(), 1..4)) {
        let right = lines_for(&names, |name| format!("'{}'", name.replace('\'', "''"))).concat();
        prop_assert_eq!(String::from_utf8(repair(right.as_bytes()).output).unwrap(), right);
    }

    #[test]
    fn running_it_again_changes_nothing(
        pieces in prop::collection::vec(prop_oneof![
            3 => any_name(),
            1 => any_name().prop_map(|name| update(&format!("'{name}'"), "'o'b'")),
            2 => prop::sample::select(vec![
                "\n", "\r\n", "LINEMANAGER_NAME = '", "', LINEMANAGER_MAIL_ID='", "' WHERE EMPLOYEE_ID = '1';", "UPDATE T SET ", "‘", "’", "”",
                "''", "'", "LINEMANAGER_NAME = ‘", "/*", "*/", "-- ", "REM ", ";", "\u{feff}",
            ]).prop_map(str::to_owned),
        ], 0..12),
    ) {
        let once = repair(pieces.concat().as_bytes());
        let twice = repair(&once.output);
        prop_assert_eq!(twice.output, once.output);
        prop_assert_eq!(twice.unsure, once.unsure);
        prop_assert_eq!(twice.mended, 0);
    }

    #[test]
    fn any_bytes_keep_their_lines_and_the_lines_without_the_columns(
        lines in prop::collection::vec(prop_oneof![
            any::<Vec<u8>>(),
            any_name().prop_map(|name| update(&format!("'{name}'"), "''").into_bytes()),
            prop::collection::vec(prop::sample::select(b"'\x91\x92\xe2\x80\x98 =,;L".to_vec()), 0..20)
                .prop_map(|bytes| [b"LINEMANAGER_NAME = ".as_slice(), &bytes].concat()),
        ], 0..6),
    ) {
        let input = lines.join(b"\n".as_slice());
        let repaired = repair(&input);
        let was: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
        let is: Vec<&[u8]> = repaired.output.split(|b| *b == b'\n').collect();
        prop_assert_eq!(was.len(), is.len());
        for (was, is) in was.iter().zip(&is) {
            prop_assert!(was == is || names_a_column(was));
        }
        let again = repair(&repaired.output);
        prop_assert_eq!(again.output, repaired.output);
        prop_assert_eq!(again.unsure, repaired.unsure);
    }
}
