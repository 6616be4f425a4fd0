//! What arrives as a file: cut, re-encoded, re-saved, joined, swapped; and the number it ends with.

use recert::door::exit::Exit;

use super::marks::OTHERS;
use super::{DAY, counts, file};
use crate::harness::{World, exit};
use crate::import_files::harness::{people_file, row_of};

type Shape = (&'static str, fn(&str) -> Vec<u8>, Result<&'static str, Exit>);

const FINE: Result<&str, Exit> = Ok("rows=3 unchanged=3");
const BAD: Result<&str, Exit> = Err(Exit::BadInput);

fn text(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

fn header(file: &str, from: &str, to: &str) -> Vec<u8> {
    let (header, rows) = file.split_once('\n').unwrap();
    assert!(header.contains(from), "{from}");
    text(format!("{}\n{rows}", header.replacen(from, to, 1)))
}

fn utf16(file: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.iter().copied().chain(file.encode_utf16().flat_map(bytes)).collect()
}

fn latin1(file: &str) -> Vec<u8> {
    file.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn without_column(file: &str, name: &str) -> Vec<u8> {
    let at = file.lines().next().unwrap().split(';').position(|column| column == name).unwrap();
    let lines = file.lines().map(|line| {
        let cells: Vec<&str> =
            line.split(';').enumerate().filter(|(n, _)| *n != at).map(|(_, cell)| cell).collect();
        cells.join(";") + "\n"
    });
    text(lines.collect::<String>())
}

fn reversed_columns(file: &str) -> Vec<u8> {
    let lines = file.lines().map(|line| line.split(';').rev().collect::<Vec<_>>().join(";") + "\n");
    text(lines.collect::<String>())
}

fn quoted(file: &str) -> Vec<u8> {
    let lines = file.lines().map(|line| format!("\"{}\"\n", line.replace(';', "\";\"")));
    text(lines.collect::<String>())
}

fn every_row(file: &str, mend: impl Fn(&str) -> String) -> Vec<u8> {
    let (header, rows) = file.split_once('\n').unwrap();
    text(format!("{header}\n") + &rows.lines().map(|row| mend(row) + "\n").collect::<String>())
}

const SHAPES: &[Shape] = &[
    ("as it should be", |f| text(f), FINE),
    // Line ends and blank rows.
    ("CRLF", |f| text(f.replace('\n', "\r\n")), FINE),
    ("CR", |f| text(f.replace('\n', "\r")), FINE),
    ("no line end at the end", |f| text(f.trim_end()), FINE),
    ("blank lines between", |f| text(f.replace('\n', "\n\n")), FINE),
    ("blank lines in front", |f| text(format!("\n\n{f}")), FINE),
    ("rows of separators behind", |f| text(format!("{f};;;;\n;;\n")), FINE),
    ("rows of blanks behind", |f| text(format!("{f}  \n\u{a0}\n")), FINE),
    ("a row of separators, and no line end", |f| text(format!("{f};;;;")), FINE),
    ("Ctrl-Z at the end", |f| text(format!("{f}\u{1a}")), BAD),
    ("a total behind", |f| text(format!("{f}Total;3\n")), Ok("rows=4 unchanged=3 rejected=1")),
    ("a total behind, and no line end", |f| text(format!("{f}Total;3")), BAD),
    // Byte order marks and the separator's name.
    ("a byte order mark", |f| text(format!("\u{feff}{f}")), FINE),
    ("two of them", |f| text(format!("\u{feff}\u{feff}{f}")), BAD),
    ("sep=;", |f| text(format!("sep=;\n{f}")), FINE),
    ("sep=; with a byte order mark and CRLF", |f| text(format!("\u{feff}sep=;\r\n{f}")), FINE),
    ("\"sep=;\"", |f| text(format!("\"sep=;\"\n{f}")), FINE),
    ("sep=,", |f| text(format!("sep=,\n{}", f.replace(';', ","))), BAD),
    (
        "sep=; behind the header",
        |f| text(f.replacen('\n', "\nsep=;\n", 1)),
        Ok("rows=4 unchanged=3 rejected=1"),
    ),
    ("sep=; and nothing else", |_| text("sep=;\n"), BAD),
    // Encodings and what is no text at all.
    ("UTF-16 LE", |f| utf16(f, b"\xff\xfe", u16::to_le_bytes), BAD),
    ("UTF-16 BE", |f| utf16(f, b"\xfe\xff", u16::to_be_bytes), BAD),
    ("UTF-16 without a mark", |f| utf16(f, b"", u16::to_le_bytes), BAD),
    ("Latin-1", latin1, BAD),
    ("UTF-8 twice over", |f| text(f.replace("Zürich", "ZÃ¼rich")), Ok("rows=3 updated=3")),
    ("an Excel workbook", |_| b"PK\x03\x04rest".to_vec(), BAD),
    ("an old one", |_| b"\xd0\xcf\x11\xe0rest".to_vec(), BAD),
    ("gzip", |_| b"\x1f\x8brest".to_vec(), BAD),
    ("PDF", |_| b"%PDF-1.7".to_vec(), BAD),
    ("an HTML page", |_| text("<!DOCTYPE html><html><body>Sign in</body></html>\n"), BAD),
    ("JSON", |_| text("[{\"id\": \"U1\"}]\n"), BAD),
    (
        "a NUL byte in a row",
        |f| text(f.replacen("Anna", "An\0na", 1)),
        Ok("rows=3 unchanged=2 rejected=1"),
    ),
    ("a NUL byte in the header", |f| text(format!("\0{f}")), BAD),
    ("zeros behind", |f| [f.as_bytes(), &[0; 64]].concat(), BAD),
    // Nothing, or too little.
    ("empty", |_| Vec::new(), BAD),
    ("a byte order mark alone", |_| text("\u{feff}"), BAD),
    ("blank lines alone", |_| text("\n\r\n"), BAD),
    ("a header alone", |f| text(f.lines().next().unwrap()), BAD),
    (
        "a header and rows of separators",
        |f| text(format!("{}\n;;;\n", f.lines().next().unwrap())),
        BAD,
    ),
    ("rows without a header", |f| text(f.split_once('\n').unwrap().1), BAD),
    (
        "the header at the end",
        |f| {
            let (h, r) = f.split_once('\n').unwrap();
            text(format!("{r}{h}\n"))
        },
        BAD,
    ),
    (
        "the header twice",
        |f| text(f.replacen('\n', &format!("\n{}\n", f.lines().next().unwrap()), 1)),
        Ok("rows=4 unchanged=3 rejected=1"),
    ),
    ("two files joined", |f| text(format!("{f}{f}")), Ok("rows=7 unchanged=3 rejected=1")),
    (
        "two files joined without a line end",
        |f| text(format!("{}{f}", f.trim_end())),
        Ok("rows=6 unchanged=3 rejected=1"),
    ),
    // The header.
    ("columns the other way round", reversed_columns, FINE),
    ("everything quoted", quoted, FINE),
    (
        "the header quoted",
        |f| {
            let (h, r) = f.split_once('\n').unwrap();
            text(format!("\"{}\"\n{r}", h.replace(';', "\";\"")))
        },
        FINE,
    ),
    ("LeavingDate", |f| header(f, "leavingDate", "LeavingDate"), BAD),
    ("EmployeeGroup", |f| header(f, "employeeGroup", "EmployeeGroup"), BAD),
    ("ID", |f| header(f, "id;", "ID;"), BAD),
    ("MSGID", |f| header(f, "msgId", "MSGID"), BAD),
    ("a blank behind a name", |f| header(f, "leavingDate", "leavingDate "), BAD),
    ("a blank in a name", |f| header(f, "leavingDate", "leaving Date"), BAD),
    ("a no-break blank in a name", |f| header(f, "leavingDate", "leaving\u{a0}Date"), BAD),
    ("a zero-width blank in a name", |f| header(f, "country", "coun\u{200b}try"), BAD),
    ("Email", |f| header(f, "email", "Email"), BAD),
    ("a required column less", |f| without_column(f, "costCenter"), BAD),
    ("a column less that is not required", |f| without_column(f, "leavingDate"), FINE),
    ("without ids", |f| without_column(f, "id"), FINE),
    ("a name twice", |f| header(f, "company;", "id;"), BAD),
    ("an unknown name", |f| header(f, "company", "organisation"), FINE),
    ("a name with an underscore", |f| header(f, "leavingDate", "leaving_date"), FINE),
    ("a column more", |f| text(f.replace('\n', ";x\n")), FINE),
    ("a nameless column more", |f| text(f.replace('\n', ";\n")), FINE),
    ("too many columns", |f| text(format!("{}{f}", ";".repeat(2000))), BAD),
    // Separators.
    ("commas", |f| text(f.replace(';', ",")), BAD),
    ("tabs", |f| text(f.replace(';', "\t")), BAD),
    ("bars", |f| text(f.replace(';', "|")), BAD),
    ("commas below a header of semicolons", |f| every_row(f, |row| row.replace(';', ",")), BAD),
    // Rows.
    ("a separator more in every row", |f| every_row(f, |row| format!("{row};")), BAD),
    ("a separator less in every row", |f| every_row(f, |row| row[..row.len() - 1].to_owned()), BAD),
    (
        "a separator more in one row",
        |f| text(f.replacen("Anna", "An;na", 1)),
        Ok("rows=3 unchanged=2 rejected=1"),
    ),
    ("a quote that stands alone at the end", |f| text(format!("{f}\"")), BAD),
    ("a quote that swallows rows", |f| text(f.replace("Anna", "\"Anna")), BAD),
    (
        "a quote inside a name",
        |f| text(f.replacen("Anna", "An\"na", 1)),
        Ok("rows=3 updated=1 unchanged=2"),
    ),
    (
        "text behind a closing quote",
        |f| text(f.replacen("Anna", "\"An\"na", 1)),
        Ok("rows=3 unchanged=2 rejected=1"),
    ),
    (
        "a row of a megabyte",
        |f| text(f.replacen("Anna", &"x".repeat(1_100_000), 1)),
        Ok("rows=3 unchanged=2 rejected=1"),
    ),
    // Cuts.
    ("cut in the last column but one", |f| text(&f[..f.len() - 2]), BAD),
    ("cut in the middle of the last row", |f| text(&f[..f.len() - 60]), BAD),
    ("cut behind the last id", |f| text(&f[..f.rfind("U3").unwrap() + 2]), BAD),
    (
        "cut behind the second row's line end",
        |f| text(&f[..f.rfind("U3").unwrap()]),
        Ok("rows=2 unchanged=2 marked=1"),
    ),
    ("cut inside a character", |f| f.as_bytes()[..=f.rfind('ü').unwrap()].to_vec(), BAD),
    (
        "cut inside quotes",
        |f| {
            let q = quoted(f);
            q[..q.len() - 40].to_vec()
        },
        BAD,
    ),
    ("cut in the header", |f| text(&f[..50]), BAD),
    // Rows again.
    ("a row twice", |f| text(format!("{f}{}\n", row_of(""))), Ok("rows=4 unchanged=3")),
    (
        "a person twice, the last one another",
        |f| text(format!("{f}{}\n", row_of("city=Bern"))),
        Ok("rows=4 updated=1 unchanged=2"),
    ),
];

#[test]
fn every_odd_file_has_its_number_and_its_counts() {
    let world = World::sqlite();
    world.put(&format!("org\nperson\n{OTHERS}"));
    let whole = people_file(&["", "id=U2|email=b@x", "id=U3|email=c@x"]);
    let mut told = Vec::new();
    for (name, make, expected) in SHAPES {
        let path = world.folder.path().join("users.csv");
        std::fs::write(&path, make(&whole)).unwrap();
        let ended = world.preview(&format!("import-users {} {DAY}", path.display()));
        let outcome = match &ended.error {
            Some(_) => Err(exit(&ended)),
            None => Ok(counts(&ended)),
        };
        if outcome.as_ref().map(String::as_str) != expected.as_ref().copied() {
            let why = ended.error.as_ref().map(Exit::tell);
            told.push(format!("{name}: {outcome:?}, not {expected:?} {why:?}"));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn an_import_file_is_named_by_letters_digits_and_underscores() {
    let world = World::sqlite();
    world.put("org\nperson");
    for (name, expected) in [
        ("users_2026.csv", Exit::Done),
        ("USERS.CSV", Exit::Done),
        ("users", Exit::Done),
        ("users-2026.csv", Exit::BadInput),
        ("users 1.csv", Exit::BadInput),
        ("users.csv.csv", Exit::BadInput),
        ("üsers.csv", Exit::BadInput),
        (".csv", Exit::BadInput),
        ("users.txt", Exit::BadInput),
    ] {
        let path = file(&world, name, &people_file(&[""]));
        let ended = world.preview(&format!("\"import-users\" \"{}\" {DAY}", path.display()));
        assert_eq!(exit(&ended), expected, "{name}");
    }
}
