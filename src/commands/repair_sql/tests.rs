//! The paragraph of the spec phrase by phrase, then what could go wrong.

mod any_name;

use super::*;

/// A whole script, mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repaired {
    pub output: Vec<u8>,
    pub lines: u64,
    pub mended: u64,
    pub unsure: Vec<UnsureLine>,
}

/// Mends a whole script in memory.
pub(crate) fn repair(input: &[u8]) -> Repaired {
    let mut repairer = Repairer::default();
    let mut output = Vec::with_capacity(input.len() + input.len() / 64);
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        output.extend_from_slice(&repairer.line(line));
    }
    let RepairResult { lines, mended, unsure } = repairer.finish();
    Repaired { output, lines, mended, unsure }
}

const OTHERS: &str = "UPDATE USER_TAB SET LINEMANAGER_ID = 'm1', ";

#[track_caller]
fn mended(input: &str, expected: &str) {
    mended_bytes(input.as_bytes(), expected.as_bytes());
}

#[track_caller]
fn mended_bytes(input: &[u8], expected: &[u8]) {
    let repaired = repair(input);
    assert_eq!(
        repaired.output.escape_ascii().to_string(),
        expected.escape_ascii().to_string(),
        "{:?}",
        repaired.unsure
    );
    assert_eq!(repaired.unsure, []);
    assert_eq!(repaired.mended > 0, input != expected);
    let again = repair(&repaired.output);
    assert_eq!((again.output, again.mended, again.unsure), (repaired.output, 0, vec![]));
}

#[track_caller]
fn passes(input: &str) {
    mended(input, input);
}

/// Expects all lines as they were, and these lines reported.
#[track_caller]
fn reported(input: &str, lines: &[u64]) {
    let repaired = repair(input.as_bytes());
    assert_eq!(String::from_utf8(repaired.output).unwrap(), input);
    assert_eq!(
        repaired.unsure.iter().map(|unsure| unsure.line).collect::<Vec<_>>(),
        lines,
        "{:?}",
        repaired.unsure
    );
    assert_eq!(repaired.mended, 0);
}

/// A statement that sets these two values, written as they are given.
fn update(name: &str, mail: &str) -> String {
    format!(
        "{OTHERS}LINEMANAGER_NAME = {name}, LINEMANAGER_MAIL_ID = {mail} WHERE EMPLOYEE_ID = '123';\n"
    )
}

// What it mends.

#[test]
fn bare_apostrophes_in_name_and_mail_are_doubled() {
    mended(
        &update("'O'Brien, Pat'", "'pat.o'brien@x.com'"),
        &update("'O''Brien, Pat'", "'pat.o''brien@x.com'"),
    );
    mended(&update("'D'Arcy O'Neil, L'a'", "NULL"), &update("'D''Arcy O''Neil, L''a'", "NULL"));
}

#[test]
fn the_columns_are_known_in_any_case() {
    mended(
        "update user_tab set LineManager_Name = 'O'Brien', linemanager_mail_id = 'o'b@x.com' where employee_id = '1';",
        "update user_tab set LineManager_Name = 'O''Brien', linemanager_mail_id = 'o''b@x.com' where employee_id = '1';",
    );
}

#[test]
fn blanks_round_the_equals_sign_are_free() {
    mended(
        "UPDATE T SET LINEMANAGER_NAME='O'B',LINEMANAGER_MAIL_ID \t=   'o'b@x' WHERE EMPLOYEE_ID='1';",
        "UPDATE T SET LINEMANAGER_NAME='O''B',LINEMANAGER_MAIL_ID \t=   'o''b@x' WHERE EMPLOYEE_ID='1';",
    );
}

#[test]
fn the_column_may_stand_anywhere_in_the_set_list() {
    for (before, after) in
        [("", ", RAP = 1"), ("RAP = 1, ", ", EMAIL_ID='x'"), ("RAP=1,PACKBUILDER=0, ", "")]
    {
        mended(
            &format!(
                "UPDATE USER_TAB SET {before}LINEMANAGER_NAME = 'O'Brien, Pat'{after} WHERE EMPLOYEE_ID = '1';"
            ),
            &format!(
                "UPDATE USER_TAB SET {before}LINEMANAGER_NAME = 'O''Brien, Pat'{after} WHERE EMPLOYEE_ID = '1';"
            ),
        );
    }
}

#[test]
fn functions_and_other_columns_may_stand_beside_it() {
    mended(
        "UPDATE T SET LINEMANAGER_NAME = 'O'B', UPDATED_DATE = TO_DATE('2026-01-01', 'YYYY-MM-DD'), X = SYSDATE WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = 'O''B', UPDATED_DATE = TO_DATE('2026-01-01', 'YYYY-MM-DD'), X = SYSDATE WHERE ID = 1;",
    );
}

#[test]
fn names_with_commas_and_parentheses_are_one_value() {
    mended(&update("'O'Brien, Pat, Jr.'", "''"), &update("'O''Brien, Pat, Jr.'", "''"));
    mended(
        &update("'Rabi', Mohammad (O'Neil), 'Bob' X'", "''"),
        &update("'Rabi'', Mohammad (O''Neil), ''Bob'' X'", "''"),
    );
    mended(&update("'Smith ('Bob'), R'", "''"), &update("'Smith (''Bob''), R'", "''"));
}

#[test]
fn pairs_that_are_right_stay() {
    passes(&update("'O''Brien'", "'o''b@x'"));
    passes(&update("'James'''", "'''t Hart'"));
    passes(&update("''''", "''''''"));
    mended(&update("'O''Brien'", "'o'b@x'"), &update("'O''Brien'", "'o''b@x'"));
}

#[test]
fn in_a_value_of_both_kinds_the_pair_stays_and_the_bare_one_is_doubled() {
    mended(&update("'O''Brien, D'Arcy'", "'x'"), &update("'O''Brien, D''Arcy'", "'x'"));
    mended(&update("'D'Arcy O''Brien'", "'x'"), &update("'D''Arcy O''Brien'", "'x'"));
}

#[test]
fn curly_quotes_used_as_delimiters_become_straight() {
    mended(&update("‘O'Brien’", "“o'b@x”"), &update("'O''Brien'", "'o''b@x'"));
    mended(&update("'Smith’", "'x'"), &update("'Smith'", "'x'"));
    mended(&update("'Smith'", "‘x'"), &update("'Smith'", "'x'"));
    mended(&update("„O'Brien“", "’x’"), &update("'O''Brien'", "'x'"));
    mended(&update("‘’", "“”"), &update("''", "''"));
    mended(&update("‘James'’", "‘'t Hart’"), &update("'James'''", "'''t Hart'"));
}

#[test]
fn curly_quotes_round_other_values_of_the_line_become_straight_too() {
    mended(
        "UPDATE T SET LINEMANAGER_ID = ‘m1’, LINEMANAGER_NAME = ‘O’Brien’ WHERE EMPLOYEE_ID = ‘123’;",
        "UPDATE T SET LINEMANAGER_ID = 'm1', LINEMANAGER_NAME = 'O’Brien' WHERE EMPLOYEE_ID = '123';",
    );
}

#[test]
fn curly_apostrophes_within_a_name_stay() {
    passes(&update("'O’Brien, “Pat”'", "'x'"));
    mended(&update("'O’Brien, D'Arcy’s'", "'x'"), &update("'O’Brien, D''Arcy’s'", "'x'"));
    passes(&update("'Peters’'", "'x'"));
}

/// The whole of it as it was, and its lines reported.
#[track_caller]
fn reported_bytes(input: &[u8], lines: &[u64]) {
    let repaired = repair(input);
    assert_eq!(repaired.output, input);
    assert_eq!(repaired.unsure.iter().map(|unsure| unsure.line).collect::<Vec<_>>(), lines);
}

#[test]
fn what_is_no_utf8_is_reported_and_left_as_it_was() {
    reported_bytes(b"-- Ren\xe9\r\nUPDATE T SET LINEMANAGER_NAME = 'O'Brien, Ren\xe9';\r\n", &[2]);
    for bytes in [b"\xff\xfe".to_vec(), b"\xfe\xff".to_vec(), Vec::new()] {
        let script = "UPDATE T SET LINEMANAGER_NAME = 'O'Brien';\n".repeat(3);
        let wide = script.encode_utf16().flat_map(u16::to_le_bytes);
        reported_bytes(&bytes.into_iter().chain(wide).collect::<Vec<u8>>(), &[1]);
    }
}

#[test]
fn a_backslash_before_a_quote_is_reported() {
    reported(&update("'O\\'Brien'", "'x'"), &[1]);
    reported(&update("'O\\''Brien'", "'x'"), &[1]);
    passes(&update("'O\\Brien'", "'x'"));
}

#[test]
fn curly_quotes_on_the_other_lines_of_a_statement_become_straight_too() {
    mended(
        "UPDATE USER_TAB\n   SET RAP = ‘1’,\n       LINEMANAGER_NAME = ‘O'Brien’,\n       X = ‘a’\n WHERE EMPLOYEE_ID = ‘5’;\n",
        "UPDATE USER_TAB\n   SET RAP = '1',\n       LINEMANAGER_NAME = 'O''Brien',\n       X = 'a'\n WHERE EMPLOYEE_ID = '5';\n",
    );
    passes("UPDATE OTHER SET X = ‘a’;\nINSERT INTO T VALUES (‘b’);\n");
}

#[test]
fn a_name_may_start_with_an_apostrophe() {
    mended(&update("''t Hart, Jan'", "''s@x'"), &update("'''t Hart, Jan'", "'''s@x'"));
}

#[test]
fn several_statements_in_a_line_are_all_mended() {
    let line = |name: &str| update(name, "'x'").replace('\n', " ").repeat(3);
    mended(&line("'O'Brien'"), &line("'O''Brien'"));
    mended(
        &(line("'O'Brien'") + "COMMIT; -- it's done"),
        &(line("'O''Brien'") + "COMMIT; -- it's done"),
    );
}

#[test]
fn an_update_over_several_lines_is_mended_line_by_line() {
    let script = |name: &str, mail: &str| {
        format!(
            "UPDATE USER_TAB\r\n   SET LINEMANAGER_ID = 'm1',\r\n       LINEMANAGER_NAME = {name},\r\n       \
             LINEMANAGER_MAIL_ID = {mail}\r\n WHERE EMPLOYEE_ID = '123'\r\n;\r\n"
        )
    };
    mended(&script("'O'Brien, Pat'", "'o'b@x'"), &script("'O''Brien, Pat'", "'o''b@x'"));
    mended(
        "SET LINEMANAGER_NAME = 'O'B'\n, LINEMANAGER_MAIL_ID = 'o'b'\n",
        "SET LINEMANAGER_NAME = 'O''B'\n, LINEMANAGER_MAIL_ID = 'o''b'\n",
    );
}

#[test]
fn schema_alias_and_double_quotes_round_names_are_understood() {
    mended(
        "UPDATE RAP.\"USER_TAB\" U SET U.LINEMANAGER_NAME = 'O'B', U.\"LINEMANAGER_MAIL_ID\" = 'o'b' WHERE U.\"EMPLOYEE_ID\" = '1';",
        "UPDATE RAP.\"USER_TAB\" U SET U.LINEMANAGER_NAME = 'O''B', U.\"LINEMANAGER_MAIL_ID\" = 'o''b' WHERE U.\"EMPLOYEE_ID\" = '1';",
    );
}

#[test]
fn comments_within_a_statement_are_kept() {
    mended(
        "UPDATE /* it's */ T SET LINEMANAGER_NAME /* = 'x */ = 'O'B' WHERE ID = 1; -- it's",
        "UPDATE /* it's */ T SET LINEMANAGER_NAME /* = 'x */ = 'O''B' WHERE ID = 1; -- it's",
    );
}

#[test]
fn a_statement_without_semicolon_or_line_end_is_mended() {
    mended("UPDATE T SET LINEMANAGER_NAME = 'O'B'", "UPDATE T SET LINEMANAGER_NAME = 'O''B'");
    mended(
        "UPDATE T SET LINEMANAGER_NAME = 'O'B';  \t\n",
        "UPDATE T SET LINEMANAGER_NAME = 'O''B';  \t\n",
    );
}

#[test]
fn the_where_clause_may_hold_pairs_and_more_conditions() {
    mended(
        "UPDATE T SET LINEMANAGER_NAME = 'O'B' WHERE (A = 'it''s' AND B IN ('x', 'y')) OR LINEMANAGER_NAME = 'O''C';",
        "UPDATE T SET LINEMANAGER_NAME = 'O''B' WHERE (A = 'it''s' AND B IN ('x', 'y')) OR LINEMANAGER_NAME = 'O''C';",
    );
}

// What passes.

#[test]
fn other_lines_pass_byte_for_byte() {
    let bytes = b"\xef\xbb\xbfSET DEFINE OFF\r\n\r\nIt's \xff\xfe\0 'x\n;\nUPDATE T SET EMPLOYEE_NAME = 'O'Brien';\r\n/\n\n  no end";
    mended_bytes(bytes, bytes);
    passes(
        "UPDATE T SET OLD_LINEMANAGER_NAME = 'O'Brien', LINEMANAGER_NAMES = 'O'Brien', XLINEMANAGER_MAIL_ID = 'a'b';\n",
    );
    passes("");
    passes("\n");
}

#[test]
fn a_bom_before_the_first_statement_stays() {
    mended(
        "\u{feff}UPDATE T SET LINEMANAGER_NAME = 'O'B';",
        "\u{feff}UPDATE T SET LINEMANAGER_NAME = 'O''B';",
    );
    mended("\u{feff}LINEMANAGER_NAME = 'O'B'", "\u{feff}LINEMANAGER_NAME = 'O''B'");
}

#[test]
fn comments_pass_byte_for_byte() {
    passes(
        "-- LINEMANAGER_NAME = 'O'Brien'\nREM LINEMANAGER_NAME = 'O'Brien'\nPROMPT LINEMANAGER_NAME = 'O'Brien'\n",
    );
    passes("/* LINEMANAGER_NAME = 'O'Brien'\nLINEMANAGER_NAME = 'O'Brien' */\n");
    mended("/* it's\n'*/ LINEMANAGER_NAME = 'O'B'\n", "/* it's\n'*/ LINEMANAGER_NAME = 'O''B'\n");
    passes("SELECT 1 FROM DUAL; -- LINEMANAGER_NAME = ‘x’ isn't touched\n");
}

#[test]
fn sql_that_is_right_passes_whatever_it_is() {
    for line in [
        "UPDATE T SET LINEMANAGER_NAME = NULL, LINEMANAGER_MAIL_ID = '' WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = 'O' || CHR(39) || 'Brien' WHERE ID = 'x';",
        "UPDATE T SET LINEMANAGER_NAME = UPPER('O''Brien'), LINEMANAGER_MAIL_ID = :mail WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = q'[O'Brien]', LINEMANAGER_MAIL_ID = N'o''b' WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = (SELECT N FROM M WHERE N = 'x'), LINEMANAGER_MAIL_ID = \"OTHER\" WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = CASE WHEN A = 'x' THEN 'y' ELSE 'z' END WHERE ID = 1;",
        "INSERT INTO USER_TAB (EMPLOYEE_ID, LINEMANAGER_NAME) VALUES ('1', 'O''Brien');",
        "SELECT LINEMANAGER_NAME FROM USER_TAB WHERE LINEMANAGER_NAME LIKE 'O''B%' ORDER BY 1;",
        "EXECUTE IMMEDIATE 'UPDATE T SET LINEMANAGER_NAME = ''O''''Brien''';",
        "LINEMANAGER_NAME = 'x' AND LINEMANAGER_MAIL_ID = 'y')",
        "COMMENT ON COLUMN USER_TAB.LINEMANAGER_NAME IS 'the manager''s name';",
    ] {
        passes(line);
    }
}

#[test]
fn an_empty_value_before_another_is_no_apostrophe() {
    mended(&update("''", "'o'b'"), &update("''", "'o''b'"));
}

// What is reported.

#[test]
fn a_line_in_doubt_is_reported_with_its_place_while_the_others_are_mended() {
    let input =
        update("'O'Brien'", "'x'") + &update("'É'B' || 'x'", "'x'") + &update("'O'Neil'", "'x'");
    let repaired = repair(input.as_bytes());
    let expected =
        update("'O''Brien'", "'x'") + &update("'É'B' || 'x'", "'x'") + &update("'O''Neil'", "'x'");
    assert_eq!(String::from_utf8(repaired.output).unwrap(), expected);
    assert_eq!((repaired.lines, repaired.mended), (3, 2));
    let [unsure] = &repaired.unsure[..] else { panic!("{:?}", repaired.unsure) };
    assert_eq!((unsure.line, unsure.column), (2, 67));
    assert!(!unsure.why.contains('É'), "{}", unsure.why);
}

#[test]
fn a_value_without_an_end_is_reported() {
    reported("UPDATE T SET LINEMANAGER_NAME = 'O'Brien WHERE ID = 1;\n", &[1]);
    reported("UPDATE T SET LINEMANAGER_NAME = 'Brien WHERE ID = 1;\n", &[1]);
    reported("UPDATE T SET LINEMANAGER_NAME = O'Brien' WHERE ID = 1;\n", &[1]);
    reported("UPDATE T SET LINEMANAGER_NAME = ´O'Brien´ WHERE ID = 1;\n", &[1]);
}

#[test]
fn a_value_over_several_lines_is_reported_on_each() {
    reported(
        "UPDATE T SET LINEMANAGER_NAME = 'O'Brien,\nPat', LINEMANAGER_MAIL_ID = 'o'b' WHERE ID = 1;\n",
        &[1, 2],
    );
    reported("UPDATE T SET NOTE = 'first\nLINEMANAGER_NAME = 'O'Brien'\n';\n", &[2]);
    let next = update("'O'Brien'", "'x'");
    let repaired = repair(format!("UPDATE T SET LINEMANAGER_NAME = 'O'Brien,\n{next}").as_bytes());
    assert_eq!((repaired.unsure.len(), repaired.mended), (1, 1));
}

#[test]
fn a_value_that_ends_in_an_apostrophe_or_a_quote_too_many_is_reported() {
    for name in
        ["'James''", "'O''Brien''", "'''", "''Brien''", "''O''Brien'", "'O'''Brien'", "''James''''"]
    {
        reported(&update(name, "'x'"), &[1]);
    }
}

#[test]
fn a_name_that_looks_like_sql_is_reported() {
    for name in [
        "'O', X = 'Brien'",
        "'O', LINEMANAGER_ID = 'Brien'",
        "'O', LINEMANAGER_NAME = 'Brien'",
        "'', RAP=, '",
        "'' WHERE --'",
        "'' WHERE ('",
        "'' WHERE ;, '",
        "''||''",
        "'' || CHR(39)",
        "'' WHERE a; b, '",
        "'O'LINEMANAGER_NAME'",
        "'O' WHERE 'Brien'",
        "'O' WHERE ID = 1, 'Brien'",
        "'O' WHERE ID = 1 OR 'x'",
        "'O'; DROP TABLE T; --'",
        "'O';Brien'",
        "'O' -- 'Brien'",
        "'O'--Brien'",
        "'O' /* 'Brien' */'",
        "'O'Brien' || 'x'",
        "'O'Brien' = 'x'",
        "'a', 'b'",
        "'O'Brien' AND RAP = 1",
        "NVL('O'Brien', 'x')",
        "N'O'Brien'",
        "\"O'Brien\"",
    ] {
        reported(&update(name, "'x'"), &[1]);
    }
}

#[test]
fn bare_apostrophes_in_other_values_are_reported() {
    for line in [
        "UPDATE T SET EMPLOYEE_NAME = 'O'Neil', LINEMANAGER_NAME = 'x' WHERE ID = 1;",
        "UPDATE T SET LINEMANAGER_NAME = 'O'Brien' WHERE EMPLOYEE_NAME = 'O'Neil';",
        "UPDATE T SET LINEMANAGER_NAME = 'O'Brien' WHERE LINEMANAGER_NAME = 'O'Neil';",
        "INSERT INTO T (LINEMANAGER_NAME, X) VALUES ('O'Brien', 'x');",
    ] {
        reported(line, &[1]);
    }
}

#[test]
fn quotes_of_two_kinds_round_a_value_are_reported() {
    reported(&update("‘O'Brien”", "'x'"), &[1]);
    reported(&update("“O'Brien'", "'x'"), &[1]);
    reported(&update("'Smith’", "‘x'"), &[1]);
    reported(&update("‘O'Brien", "'x'").replace("WHERE EMPLOYEE_ID = '123'", ""), &[1]);
    reported("UPDATE T SET LINEMANAGER_NAME = 'x' WHERE ID = ‘O'Brien’;", &[1]);
}

#[test]
fn a_comment_that_never_ends_is_reported_where_it_begins() {
    reported("SELECT 1;\n/* never ends\nUPDATE T SET LINEMANAGER_NAME = 'O'B';\n", &[2]);
}
