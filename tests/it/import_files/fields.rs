//! One cell → its value.

use recert::door::import::fields::{
    cost_center, country, date, free_days, is_email, is_month, leaving_date,
};

fn day(cell: &str) -> Option<String> {
    date(cell).map(|date| date.to_string())
}

#[test]
fn date_is_read_in_each_of_the_four_forms() {
    for cell in ["2022-10-17", "2022.10.17", "17.10.2022", "44851", "44851.0", "44851.75"] {
        assert_eq!(day(cell).as_deref(), Some("2022-10-17"), "{cell}");
    }
}

#[test]
fn date_must_exist_in_the_calendar() {
    assert_eq!(day("2024-02-29").as_deref(), Some("2024-02-29"));
    assert_eq!(day("9999-12-31").as_deref(), Some("9999-12-31"));
    for cell in ["2023-02-29", "2022-13-01", "00.00.0000", "31.04.2022", "0202-10-17"] {
        assert_eq!(day(cell), None, "{cell}");
    }
}

#[test]
fn date_in_any_other_form_is_no_date() {
    let others = "2022-10.17 2022/10/17 17/10/2022 17-10-2022 2022-1-7 7.1.2022 17.10.22 20221017 2022-10-17T00:00:00 \
                  2022-10-17Z ２０２２-10-17 +44851 -44851 44851. 44851,0 4.4851e4 .5 17.10 n/a";
    for cell in others.split(' ').chain(["", " ", "2022 10 17"]) {
        assert_eq!(day(cell), None, "{cell}");
    }
}

#[test]
fn excel_day_number_has_five_digits_so_that_a_year_is_never_taken_for_one() {
    assert_eq!(day("10000").as_deref(), Some("1927-05-18"));
    assert_eq!(day("36526").as_deref(), Some("2000-01-01"));
    assert_eq!(day("99999").as_deref(), Some("2173-10-13"));
    for cell in ["0", "60", "61", "2022", "9999", "100000", "221017", "999999999999999999999"] {
        assert_eq!(day(cell), None, "{cell}");
    }
}

#[test]
fn excels_last_day_is_the_end_of_9999() {
    assert_eq!(day("2958465").as_deref(), Some("9999-12-31"));
    assert_eq!(day("2958464"), None);
    assert_eq!(day("2958466"), None);
}

#[test]
fn country_is_read_as_alpha_2_alpha_3_or_number_and_becomes_alpha_2() {
    for cell in ["AT", "at", "AUT", "aut", "040", "40"] {
        assert_eq!(country(cell), Some("AT"), "{cell}");
    }
    for cell in ["4", "04", "004", "AF", "AFG"] {
        assert_eq!(country(cell), Some("AF"), "{cell}");
    }
    assert_eq!(country("AQ"), Some("AQ"));
    assert_eq!(country("688"), Some("RS"));
}

#[test]
fn country_outside_iso_3166_is_no_country() {
    for cell in [
        "", "A", "0", "00", "000", "999", "0040", "XX", "XXX", "UK", "Austria", "Ö", "ÖS", "A1",
        "4A", "-40",
    ] {
        assert_eq!(country(cell), None, "{cell}");
    }
}

#[test]
fn email_has_one_at_text_on_both_sides_and_no_blanks() {
    for cell in ["a@b", "o'brien@example.org", "žofie.müller+x@bücher.example", "a.b@c.d.e"] {
        assert!(is_email(cell), "{cell}");
    }
    let odd = "a a@ @b @ a@b@c a@@b .a@b a.@b a..b@c a@.b a@b. a@b..c a@b;c@d a@b,c <a@b> mailto:a@b a@[1.2.3.4] \"a\"@b";
    for cell in odd.split(' ').chain(["", "a @b", "a@b c", "a@b\n", "a\u{a0}@b", "a\0@b"]) {
        assert!(!is_email(cell), "{cell}");
    }
}

#[test]
fn leaving_date_in_the_year_9999_is_none() {
    for cell in ["9999-12-31", "31.12.9999", "9999.01.01", "2958465"] {
        assert_eq!(leaving_date(cell), Some(None), "{cell}");
    }
    assert_eq!(
        leaving_date("31.12.9998").flatten().map(|day| day.to_string()).as_deref(),
        Some("9998-12-31")
    );
    assert_eq!(leaving_date("9999"), None);
}

#[test]
fn cost_center_is_digits_and_loses_what_a_spreadsheet_puts_behind_them() {
    for (cell, center) in [
        ("12345678", "12345678"),
        ("0123", "0123"),
        ("100599020.0", "100599020"),
        ("12345.00", "12345"),
    ] {
        assert_eq!(cost_center(cell), Some(center), "{cell}");
    }
    for cell in [
        "",
        "123",
        "123.0",
        "DE12345",
        "O1234567",
        "12 345",
        "１２３４",
        "123é5",
        "1234-AB",
        "12345.5",
        "12345.",
        "12345,0",
        "1.00599E+08",
        "-12345",
    ] {
        assert_eq!(cost_center(cell), None, "{cell}");
    }
}

#[test]
fn free_days_are_ieee_754_with_a_dot_from_0_to_31() {
    for (cell, value) in [
        ("0.5", 0.5),
        ("1", 1.0),
        ("31", 31.0),
        ("+2", 2.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-200", 1e-200),
    ] {
        assert_eq!(free_days(cell), Some(value), "{cell}");
    }
    assert_eq!(free_days("0.1"), Some(0.1), "the nearest double");
    assert!(free_days("-0").is_some_and(|zero| zero.is_sign_positive()));
}

#[test]
fn free_days_with_a_comma_or_of_no_month_are_none() {
    let odd = "1,5 1.000,5 1'000 NaN nan inf -inf infinity 1e999 1e125 31.01 -1 -1e-9 0x10 1_000 50% e5 . - 1.2.3 ٣";
    for cell in odd.split(' ').chain([""]) {
        assert_eq!(free_days(cell), None, "{cell}");
    }
}

#[test]
fn month_is_a_year_and_a_month_of_the_calendar() {
    assert!(is_month("2026-01") && is_month("2026-12"));
    for name in
        ["2026-00", "2026-13", "2026-1", "26-01", "2026.01", "2026-01-01", "202601", "", "0000-01"]
    {
        assert!(!is_month(name), "{name}");
    }
}
