//! Rows as words: `response MGR=2026-12-01 DUE=2026-01-01`.

use chrono::NaiveDateTime;
use recert::door::db::{BindArray, Transaction, Value, parse_date};
use recert::door::sql::Sql;

/// A kind of row that tests put in by a word: `response MGR=2026-12-01 DUE=2026-01-01`.
pub(super) struct Kind {
    pub(super) word: &'static str,
    table: &'static str,
    /// Name in the test, column, type, default.
    columns: &'static [(&'static str, &'static str, Type, &'static str)],
}

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Text,
    Int,
    Real,
    Date,
}

const KINDS: &[Kind] = &[
    Kind {
        word: "response",
        table: "RECREATE_RESPONSE",
        columns: &[
            ("USER", "REPORTEES_ID", Type::Text, "E1"),
            ("AT", "RMM_ID", Type::Int, "7"),
            ("STATUS", "ACCESS_STATUS", Type::Text, "REVOKED"),
            ("LEVEL", "ACCESS_LEVEL", Type::Text, "NULL"),
            ("ACTIVE", "IS_ACTIVE", Type::Int, "1"),
            ("MGR", "ACCESS_REVOKE_DATE_BY_LINE_MANAGER", Type::Date, "NULL"),
            ("DUE", "RECERTIFICATION_DUE_DATE", Type::Date, "NULL"),
        ],
    },
    Kind {
        word: "staff",
        table: "USER_TAB",
        columns: &[
            ("ID", "EMPLOYEE_ID", Type::Text, "E1"),
            ("RAP", "RAP", Type::Int, "1"),
            ("PACKBUILDER", "PACKBUILDER", Type::Int, "0"),
            ("MGR", "LINEMANAGER_ID", Type::Text, "NULL"),
            ("NAME", "LINEMANAGER_NAME", Type::Text, "NULL"),
            ("MAIL", "LINEMANAGER_MAIL_ID", Type::Text, "NULL"),
        ],
    },
    Kind {
        word: "mapping",
        table: "MAP_RAP_USER_ROLE",
        columns: &[("USER", "USER_ID", Type::Text, "E1"), ("AT", "RMM_ID", Type::Int, "7")],
    },
    Kind {
        word: "account",
        table: "OPS_USER",
        columns: &[
            ("ID", "ID", Type::Int, "1"),
            ("OIDC", "OIDC_ID", Type::Text, "NULL"),
            ("MAIL", "EMAIL", Type::Text, "NULL"),
            ("STATUS", "STATUS", Type::Text, "ACTIVE"),
            ("CREATED", "CREATED_ON", Type::Date, "NULL"),
            ("BY", "UPDATED_BY", Type::Int, "NULL"),
            ("UPDATED", "UPDATED_ON", Type::Date, "NULL"),
        ],
    },
    Kind {
        word: "session",
        table: "USER_SESSION",
        columns: &[
            ("ID", "ID", Type::Int, "1"),
            ("OF", "USER_ID", Type::Int, "1"),
            ("ACTIVE", "IS_ACTIVE", Type::Int, "NULL"),
            ("LAST", "LAST_ACTIVE_AT", Type::Date, "NULL"),
            ("CREATED", "CREATED_ON", Type::Date, "NULL"),
            ("BY", "UPDATED_BY", Type::Int, "NULL"),
            ("UPDATED", "UPDATED_ON", Type::Date, "NULL"),
        ],
    },
    Kind {
        word: "user",
        table: "USER_TAB",
        columns: &[
            ("ID", "EMPLOYEE_ID", Type::Text, "E1"),
            ("NAME", "EMPLOYEE_NAME", Type::Text, "NULL"),
            ("MAIL", "EMAIL_ID", Type::Text, "NULL"),
            ("MANAGER", "LINEMANAGER_ID", Type::Text, "NULL"),
            ("MANAGER_NAME", "LINEMANAGER_NAME", Type::Text, "NULL"),
            ("MANAGER_MAIL", "LINEMANAGER_MAIL_ID", Type::Text, "NULL"),
            ("UPDATED", "UPDATED_DATE", Type::Date, "NULL"),
        ],
    },
    Kind {
        word: "person",
        table: "PM_USER",
        columns: &[
            ("ID", "ID", Type::Text, "U1"),
            ("FIRST", "FIRST_NAME", Type::Text, "Anna"),
            ("LAST", "LAST_NAME", Type::Text, "O'Brien"),
            ("EMAIL", "EMAIL", Type::Text, "anna@example.org"),
            ("UNIT", "BUSINESS_UNIT", Type::Text, "1234"),
            ("CENTER", "COST_CENTER", Type::Text, "12345678"),
            ("MANAGER", "MANAGER_EMAIL", Type::Text, "Not Specified"),
            ("CITY", "CITY", Type::Text, "Zürich"),
            ("AREA", "PERSONNEL_AREA_TEXT", Type::Text, "Headquarters"),
            ("GROUP", "EMPLOYEE_GROUP", Type::Text, "NULL"),
            ("LEAVING", "LEAVING_DATE", Type::Date, "NULL"),
            ("JOB", "JOB", Type::Text, "NULL"),
            ("IMPORTED", "IMPORTED_AT", Type::Date, "2026-01-01"),
            ("DEL", "TO_DELETE", Type::Int, "0"),
            ("DELETE_AT", "DELETE_AT", Type::Date, "NULL"),
        ],
    },
    Kind {
        word: "role",
        table: "PM_USER_ROLE",
        columns: &[
            ("USER", "USER_ID", Type::Text, "U1"),
            ("NAME", "ROLE_NAME", Type::Text, "R1"),
            ("MANAGEMENT", "IS_MANAGEMENT", Type::Int, "1"),
        ],
    },
    Kind {
        word: "org",
        table: "PM_ORGANISATION",
        columns: &[
            ("UNIT", "BUSINESS_UNIT", Type::Text, "1234"),
            ("NAME", "NAME", Type::Text, "Example"),
            ("SIGNED", "GDP_SIGNED", Type::Int, "1"),
        ],
    },
    Kind {
        word: "month",
        table: "PM_AVAILABILITY",
        columns: &[
            ("USER", "USER_ID", Type::Text, "U1"),
            ("MONTH", "MONTH", Type::Text, "2026-01"),
            ("FREE", "FREE_PT", Type::Real, "0.5"),
        ],
    },
];

/// Splits at blanks; `"…"` keeps them.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut any) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' => (quoted, any) = (!quoted, true),
            ' ' if !quoted => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

/// The kind and the values of a row given in words.
pub(super) fn read_row(line: &str) -> (&'static Kind, Vec<Value>) {
    let words = words(line);
    let kind = KINDS
        .iter()
        .find(|kind| kind.word == words[0])
        .unwrap_or_else(|| panic!("no kind of row: {line}"));
    let mut values: Vec<Value> =
        kind.columns.iter().map(|(_, _, data_type, default)| value(*data_type, default)).collect();
    for word in &words[1..] {
        let (name, text) =
            word.split_once('=').unwrap_or_else(|| panic!("no `NAME=value`: {word}"));
        let at = kind.columns.iter().position(|column| column.0 == name);
        let at = at.unwrap_or_else(|| panic!("a {} has no {name}", kind.word));
        values[at] = value(kind.columns[at].2, text);
    }
    (kind, values)
}

pub(super) fn put_rows(db: &mut dyn Transaction, kind: &Kind, rows: &[Vec<Value>]) {
    let names: Vec<&str> = kind.columns.iter().map(|column| column.1).collect();
    let binds: Vec<String> = (0..names.len()).map(|n| format!("b{n}")).collect();
    let text = format!(
        "INSERT INTO {} ({}) VALUES (:{})",
        kind.table,
        names.join(", "),
        binds.join(", :")
    );
    let binds: Vec<&str> = binds.iter().map(String::as_str).collect();
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    db.change_many(&Sql::made("test".to_owned(), text), &BindArray::of(&binds, &rows)).unwrap();
}

fn value(data_type: Type, text: &str) -> Value {
    match data_type {
        _ if text == "NULL" => Value::Null,
        Type::Text => text.into(),
        Type::Int => Value::Int(text.parse().unwrap()),
        Type::Real => Value::Real(text.parse().unwrap()),
        Type::Date => {
            let at: NaiveDateTime = parse_date(text).unwrap_or_else(|| panic!("no date: {text}"));
            Value::Date(at)
        }
    }
}
