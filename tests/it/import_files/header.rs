//! The header of a people file, and files without rows.

use recert::door::import::{PersonColumn, people};

use super::harness::{people_file, persons, refused};

/// The required columns, and one that is not.
const REQUIRED: &str = "firstName;lastName;email;city;costCenter;importedAt;personnelAreaText";

fn with_header(header: &str) -> String {
    format!("{header}\nx\n")
}

fn unknown(header: &str) -> Vec<String> {
    let people = people(header.as_bytes(), "users.csv").expect("a sound header");
    people.unknown_columns().iter().map(ToString::to_string).collect()
}

#[test]
fn file_without_a_byte_or_a_line_is_empty() {
    for file in ["", "\u{feff}", "\n\r\n"] {
        assert_eq!(refused(file), "`users.csv`: the file is empty");
    }
}

#[test]
fn file_with_a_header_alone_has_no_rows() {
    for rows in ["", "\n\n", ";;;\n", " ; ;\n"] {
        assert_eq!(
            refused(people_file(&[]) + rows),
            "`users.csv`: the file has a header and no rows"
        );
    }
}

#[test]
fn required_columns_alone_are_enough_in_any_order() {
    let person = &persons(
        "email;personnelAreaText;city;lastName;importedAt;firstName;costCenter\na@b;HQ;Bern;B;x;A;12345\n",
    )[0];
    assert_eq!(
        (person.email(), person.text(PersonColumn::City), person.business_unit()),
        ("a@b", Some("Bern"), "1234")
    );
}

#[test]
fn reader_knows_which_columns_the_file_has() {
    let file = format!("{REQUIRED};country\n");
    let people = people(file.as_bytes(), "users.csv").unwrap();
    assert!(
        people.has(PersonColumn::Country)
            && people.has(PersonColumn::Email)
            && !people.has(PersonColumn::LeavingDate)
    );
}

#[test]
fn missing_required_columns_are_named_all_at_once() {
    assert_eq!(
        refused(with_header("id;firstName;email;costCenter;personnelAreaText;importedAt")),
        "`users.csv`, line 1: the required columns `lastName`, `city` are missing"
    );
    assert_eq!(
        refused(with_header(&REQUIRED.replace(";city", ""))),
        "`users.csv`, line 1: the required column `city` is missing"
    );
}

#[test]
fn header_names_are_exact_and_a_near_miss_is_told() {
    assert_eq!(
        refused(with_header(
            &REQUIRED.replace("email", "Email").replace("costCenter", "COST_CENTER")
        )),
        "`users.csv`, line 1: the required columns `email`, `costCenter` are missing; column 3 (`Email`) should read \
         `email`; column 5 (`COST_CENTER`) should read `costCenter`"
    );
    assert!(
        refused(with_header(&REQUIRED.replace("lastName", " lastName")))
            .ends_with("column 2 (` lastName`) should read `lastName`")
    );
}

#[test]
fn another_separator_is_told() {
    assert!(
        refused(with_header(&REQUIRED.replace(';', ",")))
            .ends_with("columns are separated by `;`, here it seems to be `,`")
    );
    assert!(
        refused(with_header(&REQUIRED.replace(';', "\t"))).ends_with("here it seems to be `\\t`")
    );
}

#[test]
fn name_that_stands_twice_is_a_bad_file() {
    assert_eq!(
        refused(with_header(&format!("{REQUIRED};id;email"))),
        "`users.csv`, line 1, column 9 (`email`): the name stands in column 3 already"
    );
    assert!(refused(with_header(&format!("{REQUIRED};x;x"))).contains("column 9 (`x`)"));
}

#[test]
fn unknown_columns_are_findings() {
    assert_eq!(
        unknown(&format!("{REQUIRED};shoeSize;;leaving_date;\n")),
        [
            "column 8 (`shoeSize`) is not known, and not read",
            "column 9 is not known, and not read",
            "column 10 (`leaving_date`) is not known, and not read; did you mean `leavingDate`?",
            "column 11 is not known, and not read",
        ]
    );
    assert_eq!(unknown(REQUIRED), Vec::<String>::new());
}

#[test]
fn name_that_is_an_absent_columns_but_for_what_nobody_sees_is_a_bad_file() {
    for slip in [
        "LeavingDate",
        "leavingdate ",
        "leaving Date",
        "\u{feff}leavingDate",
        "leaving\u{a0}Date",
        "leaving\u{200b}Date",
    ] {
        let name = slip.trim();
        let message = refused(with_header(&format!("{REQUIRED};{slip}")));
        assert!(
            message.starts_with("`users.csv`, line 1, column 8")
                && message.contains("should read `leavingDate`"),
            "{name:?}: {message}"
        );
    }
    for slip in ["EmployeeGroup", "ID"] {
        assert!(refused(with_header(&format!("{slip};{REQUIRED}"))).contains("column 1"), "{slip}");
    }
    // A byte order mark too many stands before the first name.
    let message = refused(format!("\u{feff}\u{feff}{}", with_header(&format!("id;{REQUIRED}"))));
    assert!(message.contains("column 1 (`\\u{feff}id`): the name should read `id`"), "{message}");
    // Beside the column itself it is another one.
    assert_eq!(unknown(&format!("{REQUIRED};leavingDate;LeavingDate\n")).len(), 1);
}

#[test]
fn first_line_that_names_the_separator_is_skipped() {
    for first in ["sep=;", "SEP=;", "\u{feff}sep=;", "\"sep=;\""] {
        let file = format!("{first}\r\n{}", people_file(&[""]));
        assert_eq!(persons(&file)[0].line, 3, "{first}");
    }
    assert!(
        refused(format!("sep=;\n{}", with_header(&format!("{REQUIRED};LeavingDate"))))
            .contains("line 2")
    );
    assert_eq!(refused("sep=;\n"), "`users.csv`: the file is empty");
}

#[test]
fn column_the_file_has_is_not_what_another_name_means() {
    assert_eq!(
        unknown(&format!("{REQUIRED};e-mail")),
        ["column 8 (`e-mail`) is not known, and not read"]
    );
}

#[test]
fn header_that_is_not_sound_csv_is_a_bad_file() {
    assert!(
        refused(with_header(&format!("\"id\"x;{REQUIRED}")))
            .contains("column 1: expected a separator after the closing quote")
    );
    assert!(refused(with_header(&format!("id\0;{REQUIRED}"))).contains("NUL byte"));
    assert!(refused(with_header(&";".repeat(2000))).contains("at most 1024 columns, found 2001"));
}

#[test]
fn quoted_header_is_a_header() {
    let file = format!(
        "\"{}\"\r\n\"A\";\"B\";\"a@b\";\"C\";\"1234\";\"x\";\"D\"\r\n",
        REQUIRED.replace(';', "\";\"")
    );
    assert_eq!(persons(file).len(), 1);
}
