//! A table of forgeries, by somebody with the file and by somebody who also makes every hash fit again, and what finds
//! each: `verify`, `--against` kept heads, `restore`, `report`, and the verifier in Python.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use recert::door::commands::verify::Args;
use recert::door::exit::Exit;
use rusqlite::Connection;

use super::made::write_as;
use super::{holds, python, verify, with_runs, write_changes};
use crate::harness::{World, exit};
use crate::report::try_report;

/// Who forges: with the file in hand, or somebody who also makes hashes fit again.
#[derive(Clone, Copy, PartialEq)]
enum Forger {
    Outsider,
    /// Hashes every run anew.
    Runs,
    /// Hashes every image and change anew, then every run.
    Changes,
}

struct Forgery {
    by: Forger,
    sql: String,
    /// What `verify` ends with, and so do `report` and the verifier in Python.
    verify: Exit,
    /// What `verify --against` the kept heads ends with.
    against: Exit,
    /// Whether `restore` of run 1 must end with 6.
    no_restore: bool,
}

/// Seven runs: four of revoke, an import, the purge of its person, and an archive of run 3.
struct Base {
    world: World,
    ids: Vec<String>,
    heads: PathBuf,
}

const ERASE: &str =
    "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE";

fn base() -> Base {
    let world = World::sqlite();
    let mut ids = with_runs(&world);
    let update = ("PM_USER", "P1", "update", "changed in the file", Some("{}"), Some("{}"));
    ids.push(write_changes(&world, &[update]));
    let (why, image) = ("purged; marked to be from 2026-01-01 on", format!("{}/1", ids[4]));
    let purge = [
        ("RECERT_IMAGE", image.as_str(), "update", why, None, None),
        ("PM_USER", "P1", "delete", why, None, None),
    ];
    ids.push(write_changes(&world, &purge));
    let archived = (
        "RECERT_IMAGE",
        ids[2].as_str(),
        "delete",
        "archived; 2 images in the file with SHA-256 00",
        None,
        None,
    );
    ids.push(write_as(&world, "archive", &[archived]));
    world.tamper(&format!("{ERASE} run_id IN ('{}', '{}')", ids[2], ids[4]));
    let heads = world.folder.path().join("heads.json");
    assert_eq!(
        verify(&world, &Args { export: Some(heads.clone()), ..Args::default() }).1,
        Exit::Done
    );
    Base { world, ids, heads }
}

impl Base {
    /// A copy of the ledger to forge.
    fn copy(&self) -> World {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::copy(path(&self.world), &copy).unwrap();
        let mut config = self.world.config.clone();
        config.database.url = format!("sqlite:{}", copy.display());
        World { config, name: "sqlite".to_owned(), oracle: None, folder }
    }

    fn named(&self, sql: &str) -> String {
        self.ids
            .iter()
            .enumerate()
            .fold(sql.to_owned(), |sql, (at, id)| sql.replace(&format!("{{{}}}", at + 1), id))
    }
}

const RUN: [&str; 15] = [
    "run_id",
    "job",
    "as_of",
    "status",
    "started_at",
    "finished_at",
    "os_user",
    "host",
    "version",
    "config_sha256",
    "parameters",
    "counts",
    "reason",
    "previous_sha256",
    "sha256",
];
const CHANGE: [&str; 9] =
    ["run_id", "seq", "table_name", "row_key", "action", "why", "result", "image_sha256", "sha256"];
const IMAGE: [&str; 3] = ["salt", "before_image", "after_image"];

fn outsider(sql: String) -> Forgery {
    Forgery {
        by: Forger::Outsider,
        sql,
        verify: Exit::Evidence,
        against: Exit::Evidence,
        no_restore: false,
    }
}

fn insider(by: Forger, sql: String) -> Forgery {
    Forgery { by, sql, verify: Exit::Done, against: Exit::Evidence, no_restore: false }
}

/// Every column, set to another value, to one of another type, to bytes that are no text, to nothing.
fn of_columns() -> Vec<Forgery> {
    let mut all = Vec::new();
    let tables = [
        ("recert_run", &RUN[..], "run_id = '{1}'"),
        ("recert_change", &CHANGE, "run_id = '{1}' AND seq = 2"),
        ("recert_image", &IMAGE, "run_id = '{1}' AND seq = 2"),
    ];
    for (table, columns, which) in tables {
        for column in columns {
            let other = match *column {
                "as_of" => "'2026-01-01'",
                "started_at" | "finished_at" => "'2030-06-15 12:00:00.000001'",
                "seq" => "77",
                _ => "'other'",
            };
            for value in [
                other,
                "NULL",
                "CAST(x'c3' AS TEXT)",
                &format!("CAST({column} AS BLOB)"),
                "x'00ff'",
                "1.5",
            ] {
                all.push(Forgery {
                    no_restore: *column != "run_id",
                    ..outsider(format!("UPDATE {table} SET {column} = {value} WHERE {which} AND {column} IS NOT {value}"))
                });
            }
        }
    }
    all
}

fn of_rows() -> Vec<Forgery> {
    let mut all = Vec::new();
    for run in 1..=7 {
        let of = |table: &str| format!("DELETE FROM {table} WHERE run_id = '{{{run}}}'");
        let whole = ["recert_run", "recert_change", "recert_image"].map(of).join("; ");
        // The chain does not lead to its end any more: nothing of it is believed.
        all.push(Forgery { no_restore: run > 1, ..outsider(of("recert_run")) });
        all.push(Forgery { no_restore: run > 1, ..outsider(whole) });
        if run != 2 {
            all.push(outsider(of("recert_change")));
            all.push(outsider(of("recert_image")));
        }
    }
    for seq in 1..=4 {
        for table in ["recert_change", "recert_image"] {
            all.push(Forgery {
                no_restore: true,
                ..outsider(format!("DELETE FROM {table} WHERE run_id = '{{1}}' AND seq = {seq}"))
            });
        }
    }
    let run = format!(
        "INSERT INTO recert_run SELECT 'ffffffff-0000', {} FROM recert_run WHERE run_id = '{{7}}'",
        RUN[1..].join(", ")
    );
    all.push(outsider(format!(
        "INSERT INTO recert_run ({}) {}",
        RUN.join(", "),
        run.split_once("recert_run ").unwrap().1
    )));
    for swap in ["'{1}' AND seq IN (1, 2)", "'{1}' AND seq IN (3, 4)", "'{3}' AND seq IN (1, 2)"] {
        for table in ["recert_change", "recert_image"] {
            if table == "recert_image" && swap.contains("{3}") {
                continue; // Both are erased: there is nothing to swap.
            }
            all.push(outsider(format!(
                "UPDATE {table} SET seq = -seq WHERE run_id = {swap};
                 UPDATE {table} SET seq = (SELECT MIN(seq) + MAX(seq) FROM {table} WHERE run_id = {swap_negative}) - seq WHERE run_id = {swap_negative}",
                swap_negative = swap.split_once(" AND").unwrap().0.to_owned() + " AND seq < 0"
            ).replace("- seq WHERE", "- seq WHERE") + &format!("; UPDATE {table} SET seq = -seq WHERE seq < 0")));
        }
    }
    for head in [
        "'f00d'",
        "NULL",
        "'0000000000000000000000000000000000000000000000000000000000000000'",
        "(SELECT sha256 FROM recert_run WHERE run_id = '{5}')",
    ] {
        all.push(outsider(format!(
            "UPDATE recert_lock SET head_sha256 = {head} WHERE job = 'ledger'"
        )));
    }
    all.push(Forgery {
        no_restore: true,
        ..outsider("DELETE FROM recert_lock WHERE job = 'ledger'".to_owned())
    });
    all.push(outsider(
        "INSERT INTO recert_image (run_id, seq, salt) VALUES ('{2}', 1, '00')".to_owned(),
    ));
    all.push(outsider(
        "INSERT INTO recert_image (run_id, seq, salt) VALUES ('nowhere', 1, '00')".to_owned(),
    ));
    all.push(outsider(format!("{ERASE} run_id = '{{1}}' AND seq = 2")));
    all.push(outsider(format!("{ERASE} run_id = '{{4}}'")));
    all.push(outsider(format!("{ERASE} run_id = '{{6}}' AND seq = 2")));
    all
}

/// Whoever writes all tables can make every hash fit: only heads that were kept elsewhere know better.
fn of_insiders() -> Vec<Forgery> {
    let mut all = Vec::new();
    for column in &RUN[1..13] {
        let other = match *column {
            "as_of" => "'2026-01-01'",
            "started_at" | "finished_at" => "'2030-06-15 12:00:00.000001'",
            "job" => "'restore'",
            _ => "'other'",
        };
        all.push(insider(
            Forger::Runs,
            format!("UPDATE recert_run SET {column} = {other} WHERE run_id = '{{4}}'"),
        ));
    }
    for column in &CHANGE[2..7] {
        all.push(insider(
            Forger::Changes,
            format!(
                "UPDATE recert_change SET {column} = 'other' WHERE run_id = '{{1}}' AND seq = 2"
            ),
        ));
    }
    for column in IMAGE {
        all.push(insider(
            Forger::Changes,
            format!("UPDATE recert_image SET {column} = '{{}}' WHERE run_id = '{{1}}' AND seq = 2")
                .replace("'{}'", "'{\"A\":1}'"),
        ));
    }
    for run in [1, 2, 4] {
        let of = |table: &str| format!("DELETE FROM {table} WHERE run_id = '{{{run}}}'");
        all.push(insider(
            Forger::Runs,
            ["recert_run", "recert_change", "recert_image"].map(of).join("; "),
        ));
    }
    let cut = ["recert_run", "recert_change", "recert_image"]
        .map(|table| format!("DELETE FROM {table} WHERE run_id = '{{7}}'"))
        .join("; ");
    all.push(Forgery { verify: Exit::Evidence, ..insider(Forger::Runs, cut) }); // Its archive excuses nothing any more.
    all.push(insider(
        Forger::Runs,
        "DELETE FROM recert_run; DELETE FROM recert_change; DELETE FROM recert_image".to_owned(),
    ));
    // What excuses an erased image can't be had from another job, or in other words.
    for edit in ["job = 'revoke'", "status = 'failed'"] {
        for run in [6, 7] {
            all.push(Forgery {
                verify: Exit::Evidence,
                ..insider(
                    Forger::Runs,
                    format!("UPDATE recert_run SET {edit} WHERE run_id = '{{{run}}}'"),
                )
            });
        }
    }
    for edit in ["why = 'because'", "action = 'insert'", "row_key = 'P1'", "table_name = 'PM_USER'"]
    {
        for run in [6, 7] {
            all.push(Forgery {
                verify: Exit::Evidence,
                ..insider(
                    Forger::Changes,
                    format!(
                        "UPDATE recert_change SET {edit} WHERE run_id = '{{{run}}}' AND seq = 1"
                    ),
                )
            });
        }
    }
    all
}

/// Carries a forgery out; `false`: the database itself refuses it, or it would change nothing.
fn forge(sql: &str, path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let before = connection.total_changes();
    if connection.execute_batch(sql).is_err() {
        return false;
    }
    connection.total_changes() > before
}

/// One process of Python for all the lines (`WORD PATH …`); what it says of each, in their order.
fn batch(python: &Path, folder: &Path, lines: &[String]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_ledger.py");
    let list = folder.join("batch");
    std::fs::write(&list, lines.join("\n")).unwrap();
    let output = Process::new(python).arg(script).arg("--batch").arg(&list).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<String> =
        said.lines().filter_map(|line| line.strip_prefix("= ")).map(str::to_owned).collect();
    assert_eq!(said.len(), lines.len());
    said
}

#[test]
fn every_forgery_of_the_table_is_found_by_those_who_can() {
    let base = base();
    let Some(python) = python() else { return };
    let folder = base.world.folder.path();
    let all = of_columns().into_iter().chain(of_rows()).chain(of_insiders());
    let forged: Vec<(Forgery, World)> = all
        .map(|forgery| (forgery, base.copy()))
        .filter(|(forgery, world)| forge(&base.named(&forgery.sql), &path(world)))
        .collect();
    assert!(forged.len() >= 220, "only {} forgeries", forged.len());
    let words = forged.iter().filter_map(|(forgery, world)| match forgery.by {
        Forger::Outsider => None,
        Forger::Runs => Some(format!("--forge {}", path(world).display())),
        Forger::Changes => Some(format!("--forge-changes {}", path(world).display())),
    });
    batch(&python, folder, &words.collect::<Vec<_>>());

    let mut wrong = Vec::new();
    let mut expect = |forgery: &Forgery, what: &str, found: &str, expected: Exit| {
        if found != expected.code().to_string() {
            wrong.push(format!("{what}: {found}, not {}: {}", expected.code(), forgery.sql));
        }
    };
    let number = |exit: Exit| exit.code().to_string();
    let heads = base.heads.display();
    let check = forged.iter().flat_map(|(_, world)| {
        let path = path(world).display().to_string();
        [format!("--check {path}"), format!("--check {path} --against {heads}")]
    });
    let said = batch(&python, folder, &check.collect::<Vec<_>>());
    for ((forgery, world), said) in forged.iter().zip(said.chunks(2)) {
        expect(forgery, "verify", &number(verify_exit(world, None)), forgery.verify);
        expect(
            forgery,
            "--against",
            &number(verify_exit(world, Some(&base.heads))),
            forgery.against,
        );
        expect(forgery, "report", &number(report_exit(world)), forgery.verify);
        expect(forgery, "python", &said[0], forgery.verify);
        expect(forgery, "python --against", &said[1], forgery.against);
        if forgery.no_restore {
            let restore = world.run(&format!("restore {}", base.ids[0]));
            expect(forgery, "restore", &number(exit(&restore)), Exit::Evidence);
        }
    }
    write_down(&forged);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), forged.len(), wrong.join("\n"));
    holds(&base.world);
}

/// The totals, in `target/tmp/forgeries.txt`.
fn write_down(forged: &[(Forgery, World)]) {
    let mut text = String::from(
        "who                                     forgeries  verify and report  --against  restore\n",
    );
    for (who, by) in [
        ("outsider, with the file", Forger::Outsider),
        ("insider, hashes the runs anew", Forger::Runs),
        ("insider, hashes the changes anew too", Forger::Changes),
    ] {
        let theirs: Vec<&Forgery> =
            forged.iter().map(|(forgery, _)| forgery).filter(|forgery| forgery.by == by).collect();
        let n = |is: fn(&Forgery) -> bool| theirs.iter().filter(|forgery| is(forgery)).count();
        text.push_str(&format!(
            "{who:<40}{:>9}{:>19}{:>11}{:>9}\n",
            theirs.len(),
            n(|forgery| forgery.verify == Exit::Evidence),
            n(|forgery| forgery.against == Exit::Evidence),
            n(|forgery| forgery.no_restore),
        ));
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("forgeries.txt");
    std::fs::write(path, text).unwrap();
}

fn path(world: &World) -> PathBuf {
    world.config.database.url.strip_prefix("sqlite:").unwrap().into()
}

/// The number, also where nothing could be said.
fn verify_exit(world: &World, heads: Option<&Path>) -> Exit {
    let args = Args { against: heads.map(Path::to_owned), ..Args::default() };
    match recert::door::commands::verify::run(&args, &world.context()) {
        Ok(outcome) => outcome.error.as_ref().map_or(Exit::Done, Exit::of),
        Err(error) => Exit::of(&error),
    }
}

/// The report reads the ledger itself, while it reads the rows.
fn report_exit(world: &World) -> Exit {
    let file = world.folder.path().join("report.csv");
    match try_report(world, &format!("report --all --format csv --out {}", file.display())) {
        Ok(outcome) => outcome.error.as_ref().map_or(Exit::Done, Exit::of),
        Err(error) => Exit::of(&error),
    }
}

#[test]
fn images_erased_behind_the_heads_are_told_with_the_run_that_says_so() {
    for (job, action, why) in [
        ("archive", "delete", "archived; 4 images in the file with SHA-256 00"),
        ("import-users", "update", "purged; marked"),
    ] {
        let base = base();
        let key = if job == "archive" { base.ids[0].clone() } else { format!("{}/2", base.ids[0]) };
        let eraser = write_as(&base.world, job, &[("RECERT_IMAGE", &key, action, why, None, None)]);
        let which = if job == "archive" { "" } else { " AND seq = 2" };
        base.world.tamper(&format!("{ERASE} run_id = '{}'{which}", base.ids[0]));
        holds(&base.world);
        let (summary, exit, said) =
            verify(&base.world, &Args { against: Some(base.heads.clone()), ..Args::default() });
        assert_eq!(exit, Exit::Done, "{said}");
        assert_eq!(summary.counts.get("behind_heads"), 1);
        let told: Vec<_> =
            summary.findings.iter().filter(|finding| finding.kind == "erased_since").collect();
        assert_eq!(told.len(), 1);
        let n = if job == "archive" { 4 } else { 1 };
        assert_eq!(told[0].key, base.ids[0]);
        let message = &told[0].message;
        assert!(
            message.starts_with(&format!("{n} images")) && message.contains(&eraser),
            "{message}"
        );
    }
}

#[test]
fn an_archive_under_the_heads_excuses_nothing_that_went_after_them() {
    let world = World::sqlite();
    let ids = with_runs(&world);
    let why = "archived; 2 images in the file with SHA-256 00";
    write_as(&world, "archive", &[("RECERT_IMAGE", &ids[2], "delete", why, None, None)]);
    let heads = world.folder.path().join("heads.json");
    verify(&world, &Args { export: Some(heads.clone()), ..Args::default() });
    world.tamper(&format!("{ERASE} run_id = '{}'", ids[2]));
    holds(&world);
    let (_, exit, said) = verify(&world, &Args { against: Some(heads), ..Args::default() });
    assert_eq!(exit, Exit::Evidence);
    assert!(said.contains("was erased after the heads were kept"), "{said}");
}
