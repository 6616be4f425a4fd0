//! `control-m/recert-once` and `recert-warn`: trouble is told once, and everybody is warned once.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use tempfile::TempDir;

use crate::control_m::repo;

/// What a scheduler's tick says, when recert says this and ends with that number.
fn tick(folder: &TempDir, number: u8, said: &str) -> String {
    let output = Process::new(repo("control-m/recert-once"))
        .args(["run", "revoke", "sh", "-c", r#"printf '%s' "$1" >&2; exit "$2""#, "sh", said])
        .arg(number.to_string())
        .env("RECERT_TOLD", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(i32::from(number)));
    String::from_utf8(output.stderr).unwrap()
}

/// Makes all that was told so many seconds older.
fn age(folder: &TempDir, seconds: i64) {
    let path = folder.path().join("revoke");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut words = text.split_whitespace();
    let cause = words.next().unwrap();
    let times: Vec<String> = words
        .map(|word| word.parse::<i64>().unwrap())
        .map(|at| if at == 0 { 0 } else { at - seconds }.to_string())
        .collect();
    std::fs::write(path, format!("{cause} {}\n", times.join(" "))).unwrap();
}

const REFUSED: &str = "2026-11-30T01:00:02Z ERROR refused (4): the plan takes away 30 of 200 rows";

#[test]
fn a_refusal_is_told_once_in_144_ticks() {
    let folder = tempfile::tempdir().unwrap();
    let told = (0..144).filter(|_| !tick(&folder, 4, REFUSED).is_empty()).count();
    assert_eq!(told, 1);
}

#[test]
fn the_same_trouble_with_other_figures_is_no_news_and_another_cause_is() {
    let folder = tempfile::tempdir().unwrap();
    assert!(tick(&folder, 4, REFUSED).contains("takes away 30"));
    assert_eq!(tick(&folder, 4, &REFUSED.replace("30 of 200", "31 of 201")), "");
    assert!(
        !tick(&folder, 4, "ERROR refused (4): none of 9 active accounts was active").is_empty()
    );
    assert!(!tick(&folder, 3, "ERROR config (3): ORA-01017: invalid username").is_empty());
    assert!(!tick(&folder, 3, "ERROR config (3): ORA-01018: invalid username").is_empty());
}

#[test]
fn trouble_that_stays_is_told_again_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!tick(&folder, 4, REFUSED).is_empty());
    age(&folder, 86_300);
    assert_eq!(tick(&folder, 4, REFUSED), "");
    age(&folder, 200);
    assert!(!tick(&folder, 4, REFUSED).is_empty());
    assert_eq!(tick(&folder, 4, REFUSED), "");
}

#[test]
fn what_passes_by_itself_is_told_only_when_it_has_lasted() {
    let folder = tempfile::tempdir().unwrap();
    let away = "ERROR unavailable (75): ORA-12541";
    assert_eq!(tick(&folder, 75, away), "");
    assert_eq!(tick(&folder, 0, ""), "", "nobody was told, so nobody need hear that it is over");
    assert_eq!(tick(&folder, 75, away), "");
    age(&folder, 10_900);
    assert!(!tick(&folder, 75, away).is_empty());
    assert_eq!(tick(&folder, 75, away), "");
    assert!(tick(&folder, 0, "").contains("all is well again: revoke"));
    assert_eq!(tick(&folder, 0, ""), "");
}

/// A program that takes another's place for `recert-once`.
fn with_clock(folder: &Path) -> String {
    tool(folder, "date", "cat \"$(dirname \"$0\")/now\"");
    tool(folder, "sleep", "echo slept >>\"$(dirname \"$0\")/sleeps\"");
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// How often cron mails in eight hours in which a line's runs all end with the same number.
fn mails_in_a_bad_night(line: &str, number: u8) -> usize {
    let when: Vec<&str> = line.split_whitespace().take(5).collect();
    let imports = line.contains("--claim-into");
    let (ticks, apart) = match (when[0], when[1]) {
        // A refused file is put away: the next tick meets none. All else is met again.
        ("*/10", _) if matches!(number, 4 | 5) => (1, 600),
        ("*/10", _) => (48, 600),
        (_, "*") => (8, 3600),
        _ => (1, 86_400),
    };
    assert_eq!(imports, when[0] == "*/10", "{line}");
    let again = if line.contains(" RECERT_AGAIN=3 ") { "3" } else { "0" };
    assert_eq!(again == "3", ticks == 1 && !imports, "{line}");
    let folder = tempfile::tempdir().unwrap();
    let path = with_clock(folder.path());
    let mails = (0..ticks).filter(|tick| {
        std::fs::write(folder.path().join("now"), format!("{}", 1_800_000_000 + tick * apart))
            .unwrap();
        let said = Process::new(repo("control-m/recert-once"))
            .args(["run", "job", "sh", "-c", "echo ERROR trouble >&2; exit \"$1\"", "sh"])
            .arg(number.to_string())
            .env("PATH", &path)
            .env("RECERT_TOLD", folder.path().join("told"))
            .env("RECERT_AGAIN", again)
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(i32::from(number)));
        !said.stderr.is_empty()
    });
    let mails = mails.count();
    let sleeps = std::fs::read_to_string(folder.path().join("sleeps")).unwrap_or_default();
    let passes = (75..=77).contains(&number) && again == "3";
    assert_eq!(sleeps.lines().count(), if passes { 3 } else { 0 }, "{line} at {number}");
    mails
}

#[test]
fn cron_tells_of_a_bad_night_once() {
    let lines = crate::control_m::text("control-m/recert.cron");
    let jobs = lines.lines().filter(|line| line.contains("recert-once run "));
    let jobs: Vec<&str> = jobs.filter(|line| line.contains("recert --config")).collect();
    assert_eq!(jobs.len(), 7);
    for line in jobs {
        // One of each kind: it asks for a person, is of a file, may pass, was killed.
        for number in [1, 4, 75, 137] {
            assert_eq!(mails_in_a_bad_night(line, number), 1, "{line} at {number}");
        }
    }
}

#[test]
fn warnings_of_a_run_that_went_well_are_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        tick(&folder, 0, "WARN 3 findings of the kind undated"),
        "WARN 3 findings of the kind undated"
    );
}

/// A program of the system's that does as it is told.
fn tool(folder: &Path, name: &str, body: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn warn(folder: &Path) -> bool {
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let status = Process::new(repo("control-m/recert-warn"))
        .arg(folder.join("new.csv"))
        .env("PATH", path)
        .stderr(Stdio::null())
        .status();
    status.unwrap().success()
}

#[test]
fn everybody_in_the_file_is_warned_once_even_when_it_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(
        folder.join("new.csv"),
        "id,mail,last_activity,day_of_disabling,stage\n1,a@x.example,2026-10-01T00:00:00Z,2026-11-30,10\n\
         2,b o@x;rm,2026-10-01T00:00:00Z,2026-11-30,10\n3,o'c@x.example,2026-10-01T00:00:00Z,2026-11-30,3\n",
    )
    .unwrap();
    let log = folder.join("log").display().to_string();
    tool(
        folder,
        "sendmail",
        &format!(r#"case $2 in o*) exit 1;; esac; echo "$2" >>{log}; cat >>{log}.text"#),
    );
    assert!(!warn(folder), "the second mail could not be sent");
    tool(folder, "sendmail", &format!(r#"echo "$2" >>{log}; cat >>{log}.text"#));
    assert!(warn(folder));
    assert!(warn(folder), "and with nothing to do");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "a@x.example\no'c@x.example\n");
    assert!(
        std::fs::read_to_string(format!("{log}.text")).unwrap().contains("disabled on 2026-11-30")
    );
    assert!(!folder.join("new.csv.mailing").exists());
}

/// What `recert-failed` mails of a unit that failed so, on a system whose tools are those in `folder`.
fn failed(folder: &Path, number: u8, state: &str) -> String {
    tool(
        folder,
        "systemctl",
        &format!("case $* in *SubState*) echo {state};; *MainStatus*) echo {number};; esac"),
    );
    tool(folder, "journalctl", "echo 'ERROR the database did not answer'");
    tool(folder, "sendmail", &format!("cat >> {}/mails", folder.display()));
    let mails = folder.join("mails");
    std::fs::write(&mails, "").unwrap();
    let status = Process::new(repo("control-m/recert-failed"))
        .arg("recert@revoke.service")
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("RECERT_TOLD", folder.join("told"))
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read_to_string(mails).unwrap()
}

#[test]
fn a_unit_that_is_tried_four_times_is_told_once_on_any_systemd() {
    let folder = TempDir::new().unwrap();
    // Before 254: at each attempt. From 254 on, only the last line.
    for _ in 0..4 {
        assert_eq!(failed(folder.path(), 75, "auto-restart"), "");
    }
    assert!(failed(folder.path(), 75, "failed").contains("recert@revoke.service ended with 75"));
    assert_eq!(failed(folder.path(), 75, "failed"), "", "the next hour's");
    assert!(failed(folder.path(), 3, "failed").contains("ended with 3"), "another cause");
}
