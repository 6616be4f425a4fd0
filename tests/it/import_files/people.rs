//! Rows of a people file → persons and rejects.

use recert::door::import::CellValue;
use recert::door::import::{PeopleLine, PersonColumn};

use super::harness::{
    Dribble, people_file, person, persons, read, refused, rejected, rejects, row_of,
};

#[test]
fn person_holds_every_column_under_its_own_name() {
    let text = |column: PersonColumn| match column {
        PersonColumn::Email | PersonColumn::ManagerEmail => {
            format!("{}@example.org", column.name())
        }
        PersonColumn::CostCenter => "98765".to_owned(),
        PersonColumn::InitialEntry | PersonColumn::LeavingDate => "2022-10-17".to_owned(),
        PersonColumn::Country => "756".to_owned(),
        column => format!("<{}>", column.name()),
    };
    let specs: Vec<String> =
        PersonColumn::ALL.iter().map(|&c| format!("{}={}", c.name(), text(c))).collect();
    let person = person(&specs.join("|"));
    let day = "2022-10-17".parse().unwrap();
    for column in PersonColumn::ALL {
        let own = text(column);
        let expected = match column {
            PersonColumn::BusinessUnit => Some(CellValue::Text("9876")),
            PersonColumn::ImportedAt => None,
            PersonColumn::InitialEntry | PersonColumn::LeavingDate => Some(CellValue::Date(day)),
            PersonColumn::Country => Some(CellValue::Text("CH")),
            _ => Some(CellValue::Text(&own)),
        };
        assert_eq!(person.get(column), expected, "{}", column.name());
    }
}

#[test]
fn empty_cells_are_null_but_the_manager_is_not_specified() {
    let person = person("");
    let filled: Vec<&str> = PersonColumn::ALL
        .into_iter()
        .filter(|c| person.get(*c).is_some())
        .map(PersonColumn::name)
        .collect();
    assert_eq!(
        filled,
        [
            "id",
            "firstName",
            "lastName",
            "email",
            "businessUnit",
            "managerEmail",
            "city",
            "costCenter",
            "personnelAreaText"
        ]
    );
    assert_eq!(person.get(PersonColumn::ManagerEmail), Some(CellValue::Text("Not Specified")));
}

#[test]
fn blanks_around_values_are_dropped_and_those_inside_kept() {
    let person = person(
        "email=  anna@example.org\u{a0}|city= La  Chaux |id=\tU7 |company=   |leavingDate= 17.10.2022 ",
    );
    assert_eq!((person.email(), person.id()), ("anna@example.org", Some("U7")));
    assert_eq!(person.text(PersonColumn::City), Some("La  Chaux"));
    assert_eq!(person.text(PersonColumn::Company), None);
    assert_eq!(person.leaving_date.map(|date| date.to_string()).as_deref(), Some("2022-10-17"));
}

#[test]
fn id_is_the_files_id_else_the_msg_id_else_none() {
    assert_eq!(person("id=A|msgId=B").id(), Some("A"));
    assert_eq!(person("id= |msgId=B").id(), Some("B"));
    assert_eq!(person("id=|msgId=").id(), None);
}

#[test]
fn business_unit_comes_from_the_cost_center_whatever_the_file_says() {
    assert_eq!(person("costCenter=98761234|businessUnit=1111").business_unit(), "9876");
}

#[test]
fn names_pass_as_they_are() {
    let person = person("firstName=Žofie \"Zo\" 李|lastName=' OR 1=1 --");
    assert_eq!(person.text(PersonColumn::FirstName), Some("Žofie \"Zo\" 李"));
    assert_eq!(person.text(PersonColumn::LastName), Some("' OR 1=1 --"));
}

#[test]
fn quoted_values_may_hold_separators_quotes_and_line_breaks() {
    let file = people_file(&["job=\"a;b\"\"c\"\"\r\nd\"", "id=U2"]);
    let persons = persons(file);
    assert_eq!(persons[0].text(PersonColumn::Job), Some("a;b\"c\"\r\nd"));
    assert_eq!((persons[0].line, persons[1].line), (2, 4));
}

#[test]
fn crlf_a_byte_order_mark_and_blank_lines_change_nothing() {
    let plain = people_file(&["", "id=U2"]);
    let odd = format!("\u{feff}{}\r\n;;;\r\n \r\n", plain.replace('\n', "\r\n"));
    assert_eq!(persons(odd), persons(plain));
}

#[test]
fn row_without_a_required_value_is_rejected() {
    for column in PersonColumn::ALL.into_iter().filter(|column| column.is_required()) {
        let sentence = rejected(&format!("{}=  ", column.name()));
        let number = column as usize + 1;
        let name = column.name();
        assert_eq!(
            sentence,
            format!(
                "line 2, column {number} (`{name}`): expected a value, because the column is required, found nothing"
            )
        );
    }
}

#[test]
fn reject_says_what_was_expected_and_what_stood_there() {
    assert_eq!(
        rejected("email=anna"),
        "line 2, column 4 (`email`): expected one mail address, without invisible characters, and without quotes round it, found `anna`"
    );
    assert_eq!(
        rejected("leavingDate=17/10/2022"),
        "line 2, column 17 (`leavingDate`): expected a date as YYYY-MM-DD, YYYY.MM.DD, DD.MM.YYYY or an Excel day \
         number (44851 = 2022-10-17), found `17/10/2022`"
    );
    assert_eq!(
        rejected("costCenter=O123"),
        "line 2, column 11 (`costCenter`): expected a cost center of digits, the first four of which are its \
         business unit, found `O123`"
    );
}

#[test]
fn column_that_decides_nothing_is_taken_as_text() {
    for column in [PersonColumn::EmploymentPercentage, PersonColumn::JobLevel] {
        for cell in ["87.5", "100,00", "-1", "full", "NaN", "50 %"] {
            let person = person(&format!("{}={cell}", column.name()));
            assert_eq!(person.text(column), Some(cell));
        }
    }
}

#[test]
fn entry_or_country_that_cannot_be_read_is_named_and_rejects_no_row() {
    let person = person("initialEntry=2022|country=Austria");
    assert_eq!((person.initial_entry, person.country), (None, None));
    assert_eq!(person.unreadable, [PersonColumn::InitialEntry, PersonColumn::Country]);
}

#[test]
fn id_or_mail_address_with_what_nobody_sees_or_quotes_round_it_is_rejected_under_what_it_means() {
    for c in ['\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{200e}'] {
        let reject = &rejects(people_file(&[&format!("email=an{c}na@x")]))[0];
        assert_eq!((&*reject.column, &*reject.identity.emails[0]), ("email", "anna@x"));
        let reject = &rejects(people_file(&[&format!("id=U{c}7")]))[0];
        assert_eq!((&*reject.column, &*reject.identity.ids[0]), ("id", "U7"));
        let reject = &rejects(people_file(&[&format!("id=|msgId={c}M7")]))[0];
        assert_eq!((&*reject.column, &*reject.identity.ids[0]), ("msgId", "M7"));
    }
    for text in ["'anna@x'", "„anna@x“", "`anna@x"] {
        assert_eq!(
            rejects(people_file(&[&format!("email={text}")]))[0].identity.emails,
            ["anna@x"]
        );
    }
    assert_eq!(rejects(people_file(&["id='4711"]))[0].identity.ids, ["4711"]);
}

#[test]
fn ids_and_mail_addresses_are_taken_in_nfc() {
    let person = person("id=Z\u{30c}1|email=z\u{30c}ofie@x");
    assert_eq!((person.id(), person.email()), (Some("Ž1"), "žofie@x"));
}

#[test]
fn reject_shows_long_and_hostile_text_shortened_and_escaped() {
    let sentence = rejected(&format!("email=\"\u{1b}[31m\n\u{202e}{}\"", "x".repeat(500)));
    assert!(sentence.contains("found `\\u{1b}[31m\\n\\u{202e}xxx"), "{sentence}");
    assert!(sentence.ends_with("xxx…`") && sentence.len() < 250, "{sentence}");
}

#[test]
fn reject_names_the_line_of_its_cell_in_a_row_of_several_lines() {
    let rejects = rejects(people_file(&["job=\"a\nb\"|leavingDate=XX", "leavingDate=YY"]));
    assert_eq!(rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn reject_knows_whose_row_it_is() {
    let reject = &rejects(people_file(&[
        "id=U7| msgId=|msgId=M7|email=x@y|managerEmail=boss@y|leavingDate=XX",
    ]))[0];
    assert_eq!(
        (&reject.identity.ids, &reject.identity.emails),
        (&vec!["U7".to_owned(), "M7".to_owned()], &vec!["x@y".to_owned()])
    );
}

#[test]
fn reject_of_a_row_with_shifted_columns_names_everybody_it_may_be() {
    let row = "U7;Anna;B;x@y;;;;boss@y;;;\"Bern;U8\"";
    let reject = &rejects(people_file(&[]) + row + "\n")[0];
    for id in ["U7", "Anna", "B", "Bern", "U8"] {
        assert!(reject.identity.ids.iter().any(|found| found == id), "{id}");
    }
    assert_eq!(reject.identity.emails, ["x@y", "boss@y"]);
}

#[test]
fn row_with_too_few_or_too_many_columns_is_rejected() {
    let [few, many] = ["U1;Anna".to_owned(), row_of("") + ";x"];
    let rejects = rejects(people_file(&[]) + &few + "\n" + &many + "\n" + &row_of("id=U2") + "\n");
    assert_eq!(
        rejects[0].to_string(),
        "line 2, column 3 (`lastName`): expected 28 columns, found 2"
    );
    assert_eq!(rejects[1].to_string(), "line 3, column 29: expected 28 columns, found 29");
    assert_eq!(rejects.len(), 2);
    assert!(!rejects[0].cut_off && !rejects[1].cut_off);
}

#[test]
fn last_line_cut_off_is_rejected_and_marked_as_cut_off() {
    let file = people_file(&["", "id=U2"]);
    let cut = &file[..file.len() - 10];
    let rejects = rejects(cut);
    assert_eq!(rejects.len(), 1);
    assert_eq!((rejects[0].line, rejects[0].cut_off), (3, true));
    assert_eq!(rejects[0].identity.ids[0], "U2");
}

#[test]
fn last_line_without_a_line_end_is_a_row_like_others() {
    let file = people_file(&["", "id=U2"]);
    assert_eq!(persons(file.trim_end_matches('\n')), persons(&file));
}

#[test]
fn row_of_separators_and_text_without_end_is_rejected_for_its_columns() {
    let rejects = rejects(people_file(&[]) + "U1" + &";x".repeat(100_000) + "\n");
    assert_eq!(rejects[0].to_string(), "line 2, column 29: expected 28 columns, found 100001");
}

#[test]
fn text_after_a_closing_quote_is_rejected_and_the_next_row_read() {
    let file = people_file(&["firstName=\"Hans\" Peter", "id=U2"]);
    let lines = read(file.as_bytes()).unwrap();
    let [PeopleLine::Rejected(reject), PeopleLine::Person(next)] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(
        reject.to_string(),
        "line 2, column 2 (`firstName`): expected a separator after the closing quote, found `Hans Peter`"
    );
    assert_eq!(next.id(), Some("U2"));
}

#[test]
fn nul_byte_is_rejected() {
    assert_eq!(
        rejected("lastName=O\0Brien"),
        "line 2, column 3 (`lastName`): expected text without NUL bytes, found `O\\u{0}Brien`"
    );
}

#[test]
fn control_character_in_an_id_is_rejected() {
    assert!(rejected("id=\"U\n1\"").contains("expected an id on one line"));
    assert!(rejected("id=|msgId=M\u{7}1").contains("expected an id on one line"));
}

#[test]
fn value_longer_than_a_column_holds_is_rejected_where_something_rests_on_it() {
    assert_eq!(
        person(&format!("city={}", "é".repeat(2000))).text(PersonColumn::City).map(str::len),
        Some(4000)
    );
    assert!(
        rejected(&format!("city={}", "é".repeat(2001)))
            .contains("(`city`): expected at most 4000 bytes")
    );
    assert!(rejected(&format!("id=|msgId={}", "x".repeat(257))).contains("(`msgId`)"));
}

#[test]
fn value_longer_than_a_column_holds_leaves_it_as_it_is_where_nothing_rests_on_it() {
    for (column, cell) in [("job", "é".repeat(2001)), ("msgId", "x".repeat(257))] {
        let person = person(&format!("{column}={cell}"));
        assert_eq!(person.unreadable.iter().map(|c| c.name()).collect::<Vec<_>>(), [column]);
        assert_eq!(person.text(person.unreadable[0]), None);
    }
    let person = person(&format!("managerEmail={}", "x".repeat(321)));
    assert_eq!(person.text(PersonColumn::ManagerEmail), Some("Not Specified"));
}

#[test]
fn value_beyond_every_limit_is_rejected_and_the_next_row_read() {
    let file = people_file(&[&format!("job={}", "x".repeat(3_000_000)), "id=U2"]);
    let lines = read(Dribble(file.as_bytes(), 100_000)).unwrap();
    let [PeopleLine::Rejected(reject), PeopleLine::Person(_)] = lines.as_slice() else {
        panic!("two lines")
    };
    assert!(
        reject.to_string().contains("column 7 (`job`): expected at most 65536 bytes"),
        "{reject}"
    );
    assert!(reject.identity.ids.contains(&"U1".to_owned()));
}

#[test]
fn quote_that_stands_alone_is_a_bad_file_because_it_swallows_rows() {
    // Closed by the next stray quote in the same column, in another one, and before text.
    for closes in ["firstName=Bob\"", "city=Bob\"", "firstName=\"Bob\""] {
        let file = people_file(&["id=U0", "firstName=\"Hansi", "id=U2", closes, "id=U4"]);
        let message = refused(&file);
        assert!(
            message.starts_with("`users.csv`, line 3, column 2 (`firstName`): "),
            "{closes}: {message}"
        );
        assert!(
            message.ends_with(
                "runs on to line 5: a quote that stands alone seems to have swallowed rows"
            ),
            "{message}"
        );
    }
}

#[test]
fn quote_that_is_never_closed_names_its_line_and_column() {
    assert!(refused(people_file(&["", "city=\"Bern", "", ""])).starts_with(
        "`users.csv`, line 3, column 10 (`city`): the quote that opens here is never closed"
    ));
}

#[test]
fn bad_byte_names_the_column() {
    let file = people_file(&["city=Z?rich"]).replace('?', "\u{7f}");
    let bytes: Vec<u8> = file.bytes().map(|b| if b == 0x7f { 0xfc } else { b }).collect();
    assert_eq!(
        refused(bytes),
        "`users.csv`, line 2, column 10 (`city`): expected UTF-8, found byte 0xFC at byte 40 of the line: the file \
         looks like Windows-1252 or ISO 8859-1: save it as UTF-8"
    );
}
