//! Each hazard as an example, and any text through a reader that knows SQL*Plus and not this module.

mod sqlplus;

use std::num::NonZeroU32;

use chrono::{NaiveDate, NaiveDateTime};
use proptest::prelude::*;

use super::literal::literal;
use super::*;
use sqlplus::Run;

const UPDATE: &str = "
    -- Fills one user's line manager.
    -- :name  as the directory holds it; it's kept
    UPDATE user_tab
       SET linemanager_name = :name
     WHERE employee_id = :employee_id
";

fn script(statements: &[Statement], commit_every: u32) -> String {
    let mut out = Vec::new();
    let every = NonZeroU32::new(commit_every).unwrap();
    let mut script = Script::begin(&mut out, ["update_user_tab"], every).unwrap();
    for statement in statements {
        script.statement(statement).unwrap();
    }
    assert_eq!(script.finish().unwrap(), statements.len() as u64);
    String::from_utf8(out).unwrap()
}

fn header(lines: &[&str]) -> String {
    let mut out = Vec::new();
    Script::begin(&mut out, lines, NonZeroU32::MIN).unwrap().finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn update(name: &str) -> Statement {
    bind_into(UPDATE, &[("name", Literal::Text(name)), ("employee_id", Literal::Text("u1"))])
        .unwrap()
}

/// Checks the one line that a name makes, and that SQL*Plus reads the name back from it.
fn check(name: &str, expected: &str) {
    let statement = update(name);
    assert_eq!(
        statement.as_str(),
        format!("UPDATE user_tab SET linemanager_name = {expected} WHERE employee_id = 'u1'")
    );
    assert_eq!(read_back(&[statement]), [name]);
}

fn read_back(statements: &[Statement]) -> Vec<String> {
    let run = Run::of(&script(statements, 500));
    run.statements
        .iter()
        .filter(|s| s.starts_with("UPDATE"))
        .map(|s| sqlplus::value_between(s, "linemanager_name =", "WHERE employee_id ="))
        .collect()
}

fn moment(second: u32, nanos: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 2, 28).unwrap().and_hms_nano_opt(23, 59, second, nanos).unwrap()
}

#[test]
fn apostrophes_are_doubled() {
    check("O'Brien, Pat", "'O''Brien, Pat'");
    check("''", "''''''");
}

#[test]
fn ampersands_pass_because_define_is_off_above_everything() {
    check("Smith & Sons", "'Smith & Sons'");
    assert!(header(&["a & b"]).starts_with("SET DEFINE OFF\n-- a & b\n"));
}

#[test]
fn a_semicolon_at_the_end_of_a_line_stays_within_the_line() {
    check("Pat;\nDROP", "('Pat;' || CHR(10) || 'DROP')");
    check("Pat;", "'Pat;'");
}

#[test]
fn comment_marks_pass() {
    check("Pat -- /* no comment */", "'Pat -- /* no comment */'");
}

#[test]
fn a_slash_dot_hash_or_at_sign_alone_on_a_line_is_no_command() {
    check(
        "a\n/\n.\n#x\n@y",
        "('a' || CHR(10) || '/' || CHR(10) || '.' || CHR(10) || '#x' || CHR(10) || '@y')",
    );
}

#[test]
fn a_hyphen_at_the_end_of_a_line_continues_nothing() {
    check("Pat-\nBrien-", "('Pat-' || CHR(10) || 'Brien-')");
}

#[test]
fn control_characters_and_blank_lines_are_spelled_out() {
    check("\r\n\n\t\u{7f}", "(CHR(13) || CHR(10) || CHR(10) || CHR(9) || CHR(127))");
    check("a\0b", "('a' || CHR(0) || 'b')");
}

#[test]
fn text_beyond_ascii_is_written_as_it_is() {
    check("Žofie Müller 李 😀 O’Brien", "'Žofie Müller 李 😀 O’Brien'");
}

#[test]
fn what_a_reviewer_could_not_see_is_spelled_out() {
    check("a\u{85}b", "('a' || TO_CHAR(UNISTR('\\0085')) || 'b')");
    check("\u{2028}", "TO_CHAR(UNISTR('\\2028'))");
    check("\u{202e}\u{feff}", "(TO_CHAR(UNISTR('\\202E')) || TO_CHAR(UNISTR('\\FEFF')))");
    check("\u{e0041}", "TO_CHAR(UNISTR('\\DB40\\DC41'))");
}

#[test]
fn backslashes_and_question_marks_mean_nothing() {
    check("C:\\a ? :name {d} %", "'C:\\a ? :name {d} %'");
}

#[test]
fn empty_text_is_an_empty_literal_which_oracle_reads_as_null() {
    check("", "''");
}

#[test]
fn long_text_is_cut_into_pieces_and_lines_that_sqlplus_takes() {
    for name in ["é'".repeat(1_000), "x".repeat(4_000), " ".repeat(3_999), "-;".repeat(2_000)] {
        let statement = update(&name);
        assert!(statement.as_str().lines().count() > 1);
        assert!(!statement.as_str().contains("TO_CLOB"));
        assert_eq!(read_back(&[statement]), [name]);
    }
}

#[test]
fn text_over_4000_bytes_is_a_clob() {
    let name = "ž\n".repeat(5_000);
    assert!(update(&name).as_str().contains("= (TO_CLOB(('ž' || CHR(10) || 'ž'"));
    assert_eq!(read_back(&[update(&name)]), [name]);
}

#[test]
fn a_statement_that_fits_is_one_line() {
    assert_eq!(update(&"x".repeat(999)).as_str().lines().count(), 1);
}

#[test]
fn numbers_dates_and_nulls_have_their_own_literals() {
    let all = [
        (Literal::Null, "NULL"),
        (Literal::Int(-5), "-5"),
        (Literal::Number("-1.5e+3"), "-1.5e+3"),
        (Literal::Number(".5"), ".5"),
        (Literal::Date(moment(58, 0)), "TO_DATE('2026-02-28 23:59:58','YYYY-MM-DD HH24:MI:SS')"),
        (
            Literal::Timestamp(moment(58, 1_000)),
            "TO_TIMESTAMP('2026-02-28 23:59:58.000001','YYYY-MM-DD HH24:MI:SS.FF6')",
        ),
        (
            Literal::Timestamp(moment(58, 1)),
            "TO_TIMESTAMP('2026-02-28 23:59:58.000000001','YYYY-MM-DD HH24:MI:SS.FF9')",
        ),
        (
            Literal::Timestamp(moment(59, 1_500_000_000)),
            "TO_TIMESTAMP('2026-02-28 23:59:59.999999999','YYYY-MM-DD HH24:MI:SS.FF9')",
        ),
    ];
    for (value, expected) in all {
        assert_eq!(literal(&value).unwrap(), expected);
    }
}

#[test]
fn a_number_that_is_sql_is_refused() {
    for text in ["", "-", ".", "1;", "1 OR 1=1", "1e", "NaN", "--1", "1.2.3", "٣", "+1"] {
        assert_eq!(
            literal(&Literal::Number(text)),
            Err(ScriptError::NotANumber(text.to_owned())),
            "{text}"
        );
    }
}

#[test]
fn a_year_the_format_cannot_say_is_refused() {
    for year in [-1, 0, 10_000] {
        let date = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        assert_eq!(literal(&Literal::Date(date)), Err(ScriptError::YearOutOfRange(year)));
    }
}

#[test]
fn binds_are_whole_names_without_case_and_never_inside_strings_comments_or_quoted_names() {
    let statement = "SELECT ':a', \":a\" /* :a */, :a,:AB -- :a\n, q'[it's :a]', N':a', t.\"x--y\" FROM t WHERE d > :Ab";
    let bound =
        bind_into(statement, &[("a", Literal::Int(1)), ("ab", Literal::Text("x"))]).unwrap();
    assert_eq!(
        bound.as_str(),
        "SELECT ':a', \":a\" , 1,'x' , 'it''s :a', N':a', t.\"x--y\" FROM t WHERE d > 'x'"
    );
}

#[test]
fn a_value_that_looks_like_a_bind_is_not_filled_in() {
    let bound =
        bind_into("SELECT :a, :b FROM dual", &[("a", Literal::Text(":b")), ("b", Literal::Int(2))])
            .unwrap();
    assert_eq!(bound.as_str(), "SELECT ':b', 2 FROM dual");
}

#[test]
fn a_value_never_grows_together_with_its_neighbours() {
    let bound = bind_into(
        "SELECT a-:n,- :n,q:t,:t'x' FROM t",
        &[("n", Literal::Int(-1)), ("t", Literal::Text("[t]"))],
    );
    assert_eq!(bound.unwrap().as_str(), "SELECT a- -1,- -1,q '[t]','[t]' 'x' FROM t");
}

#[test]
fn layout_goes_but_not_the_line_breaks_and_blanks_of_a_string() {
    let bound = bind_into("SELECT  'a  b\n;' -- x\n\tFROM /* y */dual", &[]).unwrap();
    assert_eq!(bound.as_str(), "SELECT ('a  b' || CHR(10) || ';') FROM dual");
}

#[test]
fn a_statement_that_a_script_could_not_hold_is_refused() {
    let refused = [
        ("SELECT 1 FROM dual;", ScriptError::Semicolon),
        ("SELECT 'x", ScriptError::Unterminated),
        ("SELECT \"x", ScriptError::Unterminated),
        ("SELECT 1 /* x", ScriptError::Unterminated),
        ("SELECT q'[x]", ScriptError::Unterminated),
        ("SELECT N'a\nb' FROM dual", ScriptError::ControlCharacter),
        ("SELECT \"a\nb\" FROM dual", ScriptError::ControlCharacter),
        ("SELECT \u{1} FROM dual", ScriptError::ControlCharacter),
        ("-- nothing", ScriptError::NoKeyword),
        ("@other.sql", ScriptError::NoKeyword),
        ("SELECT :x FROM dual", ScriptError::MissingBind("x".to_owned())),
    ];
    for (statement, error) in refused {
        assert_eq!(bind_into(statement, &[]), Err(error), "{statement}");
    }
    let endless = format!("SELECT {} FROM dual", "x".repeat(3_000));
    assert_eq!(bind_into(&endless, &[]), Err(ScriptError::LineTooLong));
}

#[test]
fn a_value_without_a_bind_is_refused() {
    let unused = bind_into("SELECT 1 FROM dual", &[("a", Literal::Null)]);
    assert_eq!(unused, Err(ScriptError::UnusedBind("a".to_owned())));
    let twice = bind_into("SELECT :a FROM dual", &[("a", Literal::Null), ("A", Literal::Null)]);
    assert_eq!(twice, Err(ScriptError::RepeatedBind("A".to_owned())));
}

#[test]
fn a_long_list_is_broken_after_commas_where_no_line_looks_finished() {
    let list = vec!["'a;-'"; 1_000].join(",");
    let statement = bind_into(&format!("DELETE FROM t WHERE x IN ({list})"), &[]).unwrap();
    assert!(statement.as_str().lines().count() > 2);
    let run = Run::of(&script(std::slice::from_ref(&statement), 1));
    assert_eq!(run.statements[0].replace('\n', ""), statement.as_str().replace('\n', ""));
}

#[test]
fn commits_come_every_n_statements_and_at_the_end_and_never_twice() {
    let commits = |n_statements: usize, every: u32| {
        let run = Run::of(&script(&vec![update("x"); n_statements], every));
        let kinds: String =
            run.statements.iter().map(|s| if s == "COMMIT" { 'C' } else { 'u' }).collect();
        kinds
    };
    assert_eq!(commits(5, 2), "uuCuuCuC");
    assert_eq!(commits(4, 2), "uuCuuC");
    assert_eq!(commits(1, 500), "uC");
    assert_eq!(commits(0, 500), "");
}

#[test]
fn the_header_stops_the_script_at_the_first_error_and_rolls_back() {
    let text = header(&["recert 1.0", "updated: 2"]);
    assert_eq!(
        text,
        "SET DEFINE OFF\n-- recert 1.0\n-- updated: 2\nSET ESCAPE OFF\nSET SQLBLANKLINES ON\nSET AUTOCOMMIT OFF\n\
         SET FEEDBACK ON\nWHENEVER OSERROR EXIT FAILURE ROLLBACK\nWHENEVER SQLERROR EXIT FAILURE ROLLBACK\n\
         -- End of script, statements: 0\n"
    );
}

#[test]
fn a_header_line_can_neither_break_out_nor_go_on() {
    let text = header(&[
        "a\nDROP TABLE t;",
        "b -",
        "c;",
        "/* d",
        "\u{2028}e\u{202e}",
        "",
        &"f ".repeat(3_000),
    ]);
    let run = Run::of(&text);
    assert!(run.statements.is_empty());
    assert!(text.contains("-- a DROP TABLE t; .\n-- b - .\n-- c; .\n-- / * d\n-- e\n-- f f"));
}

#[test]
fn the_encoding_check_is_one_query_before_the_first_change() {
    let mut out = Vec::new();
    let mut script = Script::begin(&mut out, ["x"], NonZeroU32::MIN).unwrap();
    script.check_encoding().unwrap();
    script.finish().unwrap();
    let run = Run::of(std::str::from_utf8(&out).unwrap());
    assert_eq!(run.statements.len(), 1);
    assert!(run.statements[0].starts_with("SELECT 1 / CASE"));
}

/// Text made of what is dangerous, mixed with anything.
fn nasty_text() -> impl Strategy<Value = String> {
    let hazard = prop::sample::select(vec![
        "'", "''", "&", ";", ";\n", "--", "-\n", "\n/\n", "\n\n", "\r\n", "\r", "\t", "\n#",
        "\n@x", "\n.\n", "/*", "*/", "\0", "\u{85}", "\u{2028}", "\u{2029}", "\u{feff}", "\"",
        ":name", "\\", "\n;", " ", "Ž", "😀", "CHR(10)", "' || '", "q'[",
    ])
    .prop_map(str::to_owned);
    let long = (0_usize..1_500).prop_map(|n| "ab'-; ".repeat(n));
    let piece = prop_oneof![6 => hazard, 2 => any::<String>(), 1 => long];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_back_by_sqlplus_as_it_was(names in prop::collection::vec(nasty_text(), 1..5)) {
        let statements: Vec<Statement> = names.iter().map(|name| update(name)).collect();
        prop_assert_eq!(read_back(&statements), names);
    }

    #[test]
    fn any_header_is_all_comment(lines in prop::collection::vec(nasty_text(), 0..4)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert!(Run::of(&header(&lines)).statements.is_empty());
    }

    #[test]
    fn any_statement_is_bound_or_refused_without_a_panic(statement in nasty_text(), name in nasty_text()) {
        let _ = bind_into(&statement, &[("name", Literal::Text(&name))]);
    }

    #[test]
    fn binding_a_bound_statement_again_changes_nothing(name in nasty_text()) {
        let once = update(&name);
        prop_assert_eq!(bind_into(once.as_str(), &[]).unwrap(), once);
    }
}
