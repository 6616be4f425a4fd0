//! Section 9 of the spec, a sentence a test: the files a report is written to.

use std::path::{Path, PathBuf};

use calamine::{Data, DataType as _, Reader as _, Xlsx, open_workbook};
use recert::door::exit::Exit;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::browser::at_hand;
use crate::harness::{World, ok};
use crate::report::{report, try_report};

/// A world with all kinds of rows, and names as hostile as names get.
pub(crate) fn hostile() -> World {
    let world = World::sqlite();
    world.put(
        "user \"NAME==1+1\" MAIL=@x MANAGER=+49 MANAGER_NAME=-1 \"MANAGER_MAIL=a,b\"
         user ID=E2 \"NAME=<img src=x onerror=alert(1)>\" \"MAIL=O'Brien & Söhne 🦀\" \"MANAGER_NAME=</script><b>\"
         user ID=E3 \"NAME=two lines\" \"MAIL=\tx\"
         response AT=-7 DUE=2026-11-01\nresponse USER=E2 STATUS=PENDING LEVEL=VIEWER DUE=2026-10-01
         response USER=E3 STATUS=APPROVED LEVEL=VIEWER DUE=2026-03-01\nresponse USER=E3 AT=123456 STATUS=DELEGATED DUE=2026-03-02
         response USER=E4 MGR=2026-12-24\nresponse USER=E5 DUE=2027-01-01"
    );
    world
        .tamper("UPDATE user_tab SET employee_name = 'line\r\n\"break\"' WHERE employee_id = 'E3'");
    ok(&world.run("revoke --as-of 2026-11-01"));
    world
}

pub(crate) fn write(world: &World, command: &str, file: &str) -> PathBuf {
    let path = world.folder.path().join(file);
    try_report(world, &format!("{command} --out {}", path.display())).unwrap();
    path
}

/// All records of a CSV file, evidence included.
fn records(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// SHA-256 of rows, as `sql/report/README.md` writes it down.
fn rows_sha256(told: &Json) -> String {
    let mut bytes = b"15:recert-report-2,".to_vec();
    for part in ["rows", "undated_rows"] {
        for value in
            told[part].as_array().unwrap().iter().flat_map(|row| row.as_object().unwrap().values())
        {
            let text = match value {
                Json::Null => {
                    bytes.push(b'-');
                    continue;
                }
                Json::String(text) => text.clone(),
                number => number.to_string(),
            };
            bytes.extend(format!("{}:{text},", text.len()).bytes());
        }
    }
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn report_holds_the_same_rows_and_the_same_evidence_in_every_format() {
    let world = hostile();
    let told = report(&world, "report --year 2026 --as-of 2026-11-02");
    let sha256 = told["evidence"]["rows_sha256"].as_str().unwrap();
    assert_eq!(sha256, rows_sha256(&told));
    let folder = world.folder.path().join("out");
    let command = format!(
        "report --year 2026 --as-of 2026-11-02 --format csv,json --format xlsx,html --out {}/",
        folder.display()
    );
    try_report(&world, &command).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = ["-accesses.csv", ".csv", ".html", ".json", ".xlsx"]
        .map(|ending| format!("recertification-2026_2026-11-02{ending}"));
    assert_eq!(names, expected);

    let read = |ending: &str| {
        std::fs::read_to_string(folder.join(format!("recertification-2026_2026-11-02.{ending}")))
            .unwrap()
    };
    let query = told["evidence"]["query_sha256"].as_str().unwrap();
    for text in [read("csv"), read("json"), read("html")] {
        for part in [sha256, query, "RECREATE_RESPONSE", "recert.db", env!("CARGO_PKG_VERSION")] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    let mut book: Xlsx<_> =
        open_workbook(folder.join("recertification-2026_2026-11-02.xlsx")).unwrap();
    let summary = book.worksheet_range("Summary").unwrap();
    for part in [sha256, query] {
        assert!(summary.used_cells().any(|(_, _, cell)| cell.as_string().as_deref() == Some(part)));
    }
}

#[test]
fn report_says_in_one_line_how_to_take_the_hash_of_its_rows_again() {
    if crate::verify::python().is_none() {
        return;
    }
    let world = hostile();
    world.put("response USER=E77");
    world.tamper(
        "UPDATE recreate_response SET recertification_due_date = NULL WHERE reportees_id = 'E77'",
    );
    let told = report(&world, "report --year 2026 --as-of 2026-11-02");
    std::fs::write(world.folder.path().join("REPORT.json"), told.to_string()).unwrap();
    let line = told["evidence"]["rows_sha256_again"].as_str().unwrap();
    let mut shell = std::process::Command::new("sh");
    let again = shell.args(["-c", line]).current_dir(world.folder.path()).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&again.stdout).trim(),
        told["evidence"]["rows_sha256"].as_str().unwrap(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
}

#[test]
fn report_digests_the_statement_that_stands_in_its_file() {
    let world = World::sqlite();
    let told = report(&world, "report --all");
    let name = told["evidence"]["statement"].as_str().unwrap();
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let body: String =
        text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let digest: String =
        Sha256::digest(body.trim()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told["evidence"]["query_sha256"], digest);
}

#[test]
fn report_csv_is_read_by_any_parser_and_runs_no_formula() {
    let world = hostile();
    let path = write(&world, "report --year 2026 --as-of 2026-11-02", "r.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let records = records(&path); // The reader refuses records of different lengths.
    let header = records.iter().position(|record| record[0] == "reportee_id").unwrap();
    assert!(records[..header].iter().all(|record| record[0].starts_with("# ")));
    let rows = &records[header + 1..];
    let first: Vec<&str> = rows[0].iter().map(String::as_str).collect();
    assert_eq!(first[..7], ["E1", "'=1+1", "'@x", "'+49", "'-1", "a,b", "-7"]);
    assert_eq!(rows[2][1..3], ["line\r\n\"break\"".to_owned(), "'\tx".to_owned()]);
    let told = report(&world, "report --year 2026 --as-of 2026-11-02");
    let all = ["rows", "undated_rows"].map(|part| told[part].as_array().unwrap().clone()).concat();
    assert_eq!(rows.len(), all.len());
    for (row, expected) in rows.iter().zip(&all) {
        for (value, expected) in row.iter().zip(expected.as_object().unwrap().values()) {
            let expected = match expected {
                Json::Null => String::new(),
                Json::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(unguarded(value), expected);
        }
    }
}

/// As `sql/report/README.md` says.
fn unguarded(field: &str) -> String {
    let begins = |part: &str| {
        part.starts_with('\'')
            && part.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
    };
    let parts = field.split(';').map(|part| if begins(part) { &part[1..] } else { part });
    parts.collect::<Vec<_>>().join(";")
}

#[test]
fn report_hash_of_the_rows_can_be_taken_again_from_the_csv_whatever_names_hold() {
    let world = World::sqlite();
    let names = ["=1", "'=1", "''=1", "'", "a;=1+41;x", "a;'@", ";", "-", "'t Hooft", "\u{1}=", ""];
    for (n, name) in names.iter().enumerate() {
        world.put(&format!("user ID=E{n} NAME=x\nresponse USER=E{n} DUE=2026-11-01"));
        let name = name.replace('\'', "''");
        world.tamper(&format!(
            "UPDATE user_tab SET employee_name = '{name}' WHERE employee_id = 'E{n}'"
        ));
    }
    let path = write(&world, "report --all", "r.csv");
    let records = records(&path);
    let header = records.iter().position(|record| record[0] == "reportee_id").unwrap();
    let told = records.iter().find(|record| record[0] == "# rows SHA-256").unwrap()[1].clone();
    let mut bytes = b"15:recert-report-2,".to_vec();
    for field in records[header + 1..].iter().flatten().map(|field| unguarded(field)) {
        let netstring =
            if field.is_empty() { "-".to_owned() } else { format!("{}:{field},", field.len()) };
        bytes.extend(netstring.bytes());
    }
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told, sha256);
    let accesses = path.with_file_name("r-accesses.csv");
    assert!(std::fs::read_to_string(accesses).unwrap().contains("\r\nuser_id,user_name,"));
}

#[test]
fn report_xlsx_holds_every_row_with_real_dates_and_numbers() {
    let world = hostile();
    let told = report(&world, "report --year 2026 --as-of 2026-11-02");
    let path = write(&world, "report --year 2026 --as-of 2026-11-02", "r.xlsx");
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Summary", "Managers", "Responses", "Without due date", "Accesses"]
    );
    for (sheet, part) in [("Responses", "rows"), ("Without due date", "undated_rows")] {
        let range = book.worksheet_range(sheet).unwrap();
        let rows: Vec<&[Data]> = range.rows().skip(1).collect();
        let expected = told[part].as_array().unwrap();
        assert_eq!(rows.len(), expected.len(), "{sheet}");
        for (row, expected) in rows.iter().zip(expected) {
            for (place, (name, value)) in expected.as_object().unwrap().iter().enumerate() {
                let cell = row.get(place).unwrap_or(&Data::Empty);
                same_cell(cell, name, value);
            }
        }
        assert!(book.worksheet_formula(sheet).unwrap().is_empty());
    }
}

fn same_cell(cell: &Data, name: &str, value: &Json) {
    match (cell, value) {
        (Data::Empty, Json::Null) => {}
        (Data::DateTime(_), Json::String(day)) => {
            assert_eq!(cell.as_date().unwrap().to_string(), *day, "{name}");
        }
        (Data::String(text), Json::String(value)) => {
            assert!(!name.ends_with("_date") && name != "executed_on", "{name} is text");
            assert_eq!(text.replace("_x000D_", "\r"), *value, "{name}");
        }
        (Data::Float(number), value) => assert_eq!(Some(*number), value.as_f64(), "{name}"),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn report_xlsx_opens_in_another_office() {
    if !at_hand("soffice", "report_xlsx_opens_in_another_office") {
        return;
    }
    let world = hostile();
    let path = write(&world, "report --all --as-of 2026-11-02", "r.xlsx");
    let profile =
        format!("-env:UserInstallation=file://{}", world.folder.path().join("office").display());
    let output = std::process::Command::new("soffice")
        .args([
            &profile,
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,3",
        ])
        .arg("--outdir")
        .arg(world.folder.path())
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let read = std::fs::read_to_string(world.folder.path().join("r-Responses.csv")).unwrap();
    assert!(read.contains("E1,=1+1,@x,+49,-1,\"a,b\",-7"), "{read}");
    assert!(read.contains("2027-01-01"), "{read}");
}

#[test]
fn report_without_out_writes_one_text_format_to_stdout_and_nothing_else() {
    let world = hostile();
    let run = |command: &str| {
        let output = world.recert(command).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, csv, said) = run("report --year 2026");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(csv.starts_with("# title,Recertification 2026,"), "{csv}");
    let (_, json, _) = run("report --all --output json");
    let told: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(told["summary"]["command"], "report");
    let (_, html, _) = run("report --all --format html");
    assert!(html.starts_with("<!DOCTYPE html>"));
    let (code, summary, _) = run("report --all --output json --out r.html");
    assert_eq!(code, Some(0));
    let summary: Json = serde_json::from_str(&summary).unwrap();
    assert_eq!(
        (summary["command"].as_str(), summary["status"].as_str()),
        (Some("report"), Some("unchanged"))
    );
    for wrong in [
        "report",
        "report --year 2026 --all",
        "report --year soon",
        "report --year 26",
        "report --all --format xlsx",
        "report --all --format csv,json",
        "report --all --format csv,json --out r.html",
    ] {
        let (code, out, said) = run(wrong);
        assert_eq!(code, Some(2), "`{wrong}`: {said}");
        assert!(!out.contains("# title"), "{out}");
    }
}

#[test]
fn report_counts_an_access_that_is_gone_once_however_many_responses_revoked_it() {
    let world = World::sqlite();
    world.put(
        "response LEVEL=A DUE=2026-05-01\nresponse LEVEL=B DUE=2026-06-01
         response USER=E2 DUE=2026-05-01\nresponse USER=E3 STATUS=APPROVED DUE=2026-05-01
         response USER=E4 DUE=2025-05-01",
    );
    let page = write(&world, "report --year 2026", "r.html");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, coverage) = page.split_once("Coverage by location").unwrap();
    let (_, row) = coverage.split_once("<th scope=\"row\">7</th>").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    let numbers: Vec<&str> =
        row.split("</td>").filter_map(|cell| Some(cell.rsplit_once('>')?.1)).collect();
    // Approved, gone, still there, pending, other, never asked, all.
    assert_eq!(numbers, ["0", "2", "0", "0", "0", "0", "2"]);
}

#[test]
fn report_of_an_empty_table_is_whole_in_every_format() {
    let world = World::sqlite();
    let told = report(&world, "report --all");
    assert_eq!((&told["rows"], &told["undated_rows"]), (&Json::from([0; 0]), &Json::from([0; 0])));
    assert_eq!(told["evidence"]["rows_sha256"], rows_sha256(&told));
    let csv = records(&write(&world, "report --all", "r.csv"));
    assert_eq!(csv.last().unwrap()[0], "reportee_id");
    let html = std::fs::read_to_string(write(&world, "report --all", "r.html")).unwrap();
    assert_eq!(html.matches("<p class=\"none\">None.</p>").count(), 3);
    let mut book: Xlsx<_> = open_workbook(write(&world, "report --all", "r.xlsx")).unwrap();
    assert_eq!(book.worksheet_range("Responses").unwrap().rows().count(), 1);
}

#[test]
fn report_goes_by_the_ending_of_its_file() {
    let world = hostile();
    for (file, start) in [
        ("a.csv", "# title"),
        ("a.json", "{\"schema\":\"recert/report/2\""),
        ("a.html", "<!DOCTYPE"),
        ("a", "# title"),
    ] {
        let path = write(&world, "report --all", file);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(start), "{file}: {text}");
    }
    for wrong in ["x.pdf", "x.txt"] {
        let path = world.folder.path().join(wrong);
        let error =
            try_report(&world, &format!("report --all --out {}", path.display())).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Usage, "{wrong}");
        assert!(!path.exists());
    }
    let error = try_report(&world, "report --all --out /nonexistent/r.csv").unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Config);
}
