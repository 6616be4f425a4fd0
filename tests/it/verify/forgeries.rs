//! A table of forgeries, by somebody with the file and by somebody who also makes every hash fit again, and what finds
//! each: `verify`, `--against` kept heads, `restore`, `report`, and the verifier in Python.

mod table;

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use recert::door::commands::verify::Args;
use recert::door::exit::Exit;
use rusqlite::Connection;
use table::{ERASE, Forger, Forgery, of_columns, of_insiders, of_rows};

use super::made::write_as;
use super::{holds, python, verify, with_runs, write_changes};
use crate::harness::{World, exit};
use crate::report::try_report;

/// Seven runs: four of revoke, an import, the purge of its person, and an archive of run 3.
struct Base {
    world: World,
    ids: Vec<String>,
    heads: PathBuf,
}

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
