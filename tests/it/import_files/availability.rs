//! The availability file.

use recert::door::import::availability::{AvailabilityLine, DeliveredMonths, availability};

use super::harness::bad;

fn read(file: &str) -> Result<Vec<AvailabilityLine>, String> {
    let reader = availability(file.as_bytes(), "free.csv").map_err(|err| bad(&err))?;
    reader.collect::<anyhow::Result<_>>().map_err(|err| bad(&err))
}

fn refused(file: &str) -> String {
    read(file).expect_err("the file should be refused")
}

fn rows(file: &str) -> Vec<DeliveredMonths> {
    let row = |line| match line {
        AvailabilityLine::Months(row) => row,
        AvailabilityLine::Rejected(reject) => panic!("rejected: {reject}"),
    };
    read(file).expect("a sound file").into_iter().map(row).collect()
}

#[test]
fn row_gives_the_months_that_are_not_blank() {
    let file = "email;2026-01;2026-02;2026-03\n a@b ;0.5; ;1e0\nc@d;;;\n";
    assert_eq!(
        availability(file.as_bytes(), "f").unwrap().months(),
        ["2026-01", "2026-02", "2026-03"]
    );
    assert_eq!(
        rows(file),
        [
            DeliveredMonths { line: 2, email: "a@b".to_owned(), values: vec![(0, 0.5), (2, 1.0)] },
            DeliveredMonths { line: 3, email: "c@d".to_owned(), values: Vec::new() },
        ]
    );
}

#[test]
fn columns_stand_in_any_order() {
    assert_eq!(rows("2026-02;email;2026-01\n2;a@b;1\n")[0].values, [(0, 2.0), (1, 1.0)]);
}

#[test]
fn value_that_is_no_number_with_a_dot_rejects_its_row_alone() {
    for cell in ["-1", "1e125", "31.5", "1,5", "NaN", "inf", "-inf", "1e999", "x", "1.000,0"] {
        let lines = read(&format!("email;2026-01;2026-02\na@b;1;{cell}\nc@d;1;2\n")).unwrap();
        let [AvailabilityLine::Rejected(reject), AvailabilityLine::Months(_)] = lines.as_slice()
        else {
            panic!("{lines:?}")
        };
        assert_eq!(
            reject.to_string(),
            format!(
                "line 2, column 3 (`2026-02`): expected a number with a dot, from 0 to 31, such as 0.5, found `{cell}`"
            )
        );
        assert_eq!(reject.identity.emails, ["a@b"]);
    }
}

#[test]
fn row_without_a_mail_address_or_with_other_columns_is_rejected() {
    let lines = read("email;2026-01\n;1\nab;1\na@b\na@b;1;2").unwrap();
    let sentences: Vec<String> = lines
        .iter()
        .map(|line| match line {
            AvailabilityLine::Rejected(reject) => reject.to_string(),
            AvailabilityLine::Months(row) => panic!("{row:?}"),
        })
        .collect();
    assert_eq!(
        sentences,
        [
            "line 2, column 1 (`email`): expected one mail address, without invisible characters, and without quotes round it, found nothing",
            "line 3, column 1 (`email`): expected one mail address, without invisible characters, and without quotes round it, found `ab`",
            "line 4, column 2 (`2026-01`): expected 2 columns, found 1",
            "line 5, column 3: expected 2 columns, found 3",
        ]
    );
}

#[test]
fn header_without_email_or_months_is_a_bad_file() {
    assert_eq!(
        refused("mail;2026-01\n"),
        "`free.csv`, line 1: the required column `email` is missing; column 1 (`mail`) should read `email`"
    );
    assert_eq!(
        refused("email;name\na@b;1\n"),
        "`free.csv`, line 1: expected at least one month as YYYY-MM, found none"
    );
    assert_eq!(
        refused("email,2026-01\n"),
        "`free.csv`, line 1: the required column `email` is missing; columns are separated by `;`, here it seems to be `,`"
    );
    assert_eq!(refused(""), "`free.csv`: the file is empty");
    assert_eq!(refused("email;2026-01\n\n;\n"), "`free.csv`: the file has a header and no rows");
}

#[test]
fn month_that_is_none_or_stands_twice_is_a_bad_file() {
    for month in [
        "2026-13",
        "2026-1",
        "202601",
        " 2026-01",
        "01.2026",
        "Apr 23",
        "'2023-04",
        "\u{feff}2026-01",
        "März 2026",
        "dez.26",
    ] {
        let message = refused(&format!("email;{month}\na@b;1\n"));
        assert!(
            message.contains("line 1, column 2") && message.contains("expected a month as YYYY-MM"),
            "{message}"
        );
    }
    assert_eq!(
        refused("email;2026-01;2026-01\n"),
        "`free.csv`, line 1, column 3 (`2026-01`): the name stands in column 2 already"
    );
}

#[test]
fn unknown_columns_are_findings() {
    let people = availability("email;name;2026-01;team 7\n".as_bytes(), "f").unwrap();
    let unknown: Vec<String> = people.unknown_columns().iter().map(ToString::to_string).collect();
    assert_eq!(
        unknown,
        [
            "column 2 (`name`) is not known, and not read",
            "column 4 (`team 7`) is not known, and not read"
        ]
    );
}

#[test]
fn quote_that_stands_alone_is_a_bad_file() {
    assert!(
        refused("email;2026-01\na@b;\"1\nc@d;2\ne@f;3\n")
            .contains("line 2, column 2 (`2026-01`): the quote that opens here is never closed")
    );
    assert!(
        refused("email;2026-01\na@b;\"1\nc@d;2\"\ne@f;3\n")
            .contains("seems to have swallowed rows")
    );
}
