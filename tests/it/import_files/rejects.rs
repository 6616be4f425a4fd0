//! The rejects file.

use recert::door::import::{RejectIdentity, RejectedRow, RejectsWriter};

use super::harness::{people_file, rejects};

fn written(rejects: &[RejectedRow]) -> String {
    let mut out = RejectsWriter::new(Vec::new()).unwrap();
    for reject in rejects {
        out.write(reject).unwrap();
    }
    String::from_utf8(out.finish().unwrap()).unwrap()
}

#[test]
fn rejects_file_without_rejects_is_a_header() {
    assert_eq!(written(&[]), "line;column;column_number;reason;row\n");
}

#[test]
fn rejects_file_names_line_column_and_reason_and_holds_the_row() {
    let rejects = rejects(people_file(&["", "email=anna|city=\"Zü;\"\"rich\""]));
    let row =
        "U1;Anna;O'Brien;anna;;;;;;\"Zü;\"\"rich\";12345678;2026-11-01;;;;;;;;Headquarters;;;;;;;;";
    let expected = format!(
        "line;column;column_number;reason;row\n3;email;4;\"expected one mail address, without invisible characters, and without quotes round it, found `anna`\";\"{}\"\n",
        row.replace('"', "\"\"")
    );
    // Commas need no quotes in a file separated by semicolons.
    assert_eq!(
        written(&rejects),
        expected.replace(
            "\"expected one mail address, without invisible characters, and without quotes round it, found `anna`\"",
            "expected one mail address, without invisible characters, and without quotes round it, found `anna`"
        )
    );
}

#[test]
fn rejects_file_runs_no_formula() {
    for start in ["=", "+", "-", "@", "\t", "\r"] {
        let reject = RejectedRow {
            line: 2,
            column: format!("{start}HYPERLINK()"),
            column_number: 1,
            expected: "a".to_owned(),
            found: "b".to_owned(),
            identity: RejectIdentity::default(),
            row: format!("{start}1+1"),
            cut_off: false,
            misshapen: false,
        };
        let text = written(&[reject]);
        assert!(
            text.contains(&format!("'{start}HYPERLINK()"))
                && text.contains(&format!("'{start}1+1")),
            "{text}"
        );
    }
}

#[test]
fn rejects_file_keeps_only_the_start_of_a_very_long_row() {
    let rejects = rejects(people_file(&[&format!("city={}", "é".repeat(30_000))]));
    assert!(rejects[0].row.len() < 5000 && rejects[0].row.ends_with('…'));
}
