//! The systemd units in `control-m/systemd/`, as systemd itself reads them.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use crate::control_m::{parsed, recert_calls, repo};
use crate::harness::skipped;

const FOLDER: &str = "control-m/systemd";

fn analyze(arguments: &[&str]) -> Option<std::process::Output> {
    match Process::new("systemd-analyze").args(arguments).env("SYSTEMD_COLORS", "0").output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}

/// All files in the folder and in the folders of drop-ins below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn with_ending(ending: &str) -> Vec<PathBuf> {
    let mut files = files(&repo(FOLDER));
    files.retain(|path| path.extension().is_some_and(|is| is == ending));
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The values of a key in a unit.
fn values(path: &Path, key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .map(str::to_owned)
        .collect()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if analyze(&["--version"]).is_none() {
        return skipped(
            "systemd_finds_nothing_wrong_with_the_units",
            "systemd-analyze (Debian package systemd)",
        );
    }
    // The same units, but with the program that is here.
    let copy = tempfile::tempdir().unwrap();
    for path in files(&repo(FOLDER)) {
        let target = copy.path().join(path.strip_prefix(repo(FOLDER)).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            target,
            text.replace("/usr/bin/recert ", concat!(env!("CARGO_BIN_EXE_recert"), " "))
                .replace("/usr/lib/recert/", &format!("{}/", repo("control-m").display())),
        )
        .unwrap();
    }
    let units: Vec<String> = ["timer", "path"]
        .into_iter()
        .flat_map(with_ending)
        .map(|path| copy.path().join(name(&path)).display().to_string())
        .chain(
            ["revoke", "report", "verify", "import-users"]
                .map(|job| copy.path().join(format!("recert@{job}.service")).display().to_string()),
        )
        .chain([copy
            .path()
            .join("recert-failed@recert@revoke.service.service")
            .display()
            .to_string()])
        .collect();
    let output = Process::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&units)
        .env("SYSTEMD_UNIT_PATH", format!("{}:", copy.path().display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // What it says of other units on this machine is not ours.
    // And systemd before 254 passes over the one key that later ones know.
    let known = |line: &&str| line.contains("recert") && !line.contains("key 'RestartMode'");
    let ours: Vec<&str> = said.lines().filter(known).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn timers_name_times_that_come() {
    if analyze(&["--version"]).is_none() {
        return skipped("timers_name_times_that_come", "systemd-analyze (Debian package systemd)");
    }
    for timer in with_ending("timer") {
        for calendar in values(&timer, "OnCalendar") {
            let output = analyze(&["calendar", &calendar]).unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("Next elapse: "),
                "{calendar}: {said}"
            );
        }
    }
}

#[test]
fn services_are_shut_in_as_tightly_as_asked() {
    if analyze(&["--version"]).is_none() {
        return skipped(
            "services_are_shut_in_as_tightly_as_asked",
            "systemd-analyze (Debian package systemd)",
        );
    }
    let path = repo(FOLDER).join("recert@.service").display().to_string();
    let output = analyze(&["security", "--offline=true", "--threshold=30", &path]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", said.lines().last().unwrap_or_default());
}

/// Postfix's postdrop and Exim are setgid or setuid: shut in like that, they send nothing.
#[test]
fn units_that_mail_let_sendmail_be_what_it_is() {
    for unit in ["recert-failed@.service", "recert-warn.service"] {
        let path = repo(FOLDER).join(unit);
        let implied = [
            "NoNewPrivileges",
            "DynamicUser",
            "PrivateDevices",
            "ProtectKernelTunables",
            "ProtectKernelModules",
            "ProtectKernelLogs",
            "ProtectHostname",
            "LockPersonality",
            "MemoryDenyWriteExecute",
            "RestrictRealtime",
            "RestrictNamespaces",
            "RestrictSUIDSGID",
            "RestrictAddressFamilies",
            "SystemCallFilter",
            "SystemCallArchitectures",
            "PrivateUsers",
            "CapabilityBoundingSet",
        ];
        for key in implied {
            assert_eq!(values(&path, key), Vec::<String>::new(), "{unit}: {key}");
        }
    }
}

#[test]
fn every_timer_makes_up_for_missed_runs_and_starts_a_job() {
    let timers = with_ending("timer");
    assert_eq!(timers.len(), 8);
    for timer in timers {
        let again = values(&timer, "OnUnitInactiveSec").len() + values(&timer, "Persistent").len();
        assert_eq!(again, 1, "{}", timer.display());
        let job = name(&timer).trim_start_matches("recert-").trim_end_matches(".timer").to_owned();
        let unit = if job == "warn" {
            "recert-warn.service".to_owned()
        } else {
            format!("recert@{job}.service")
        };
        assert_eq!(values(&timer, "Unit"), [unit]);
    }
    for path in with_ending("path") {
        let job = name(&path).trim_start_matches("recert-").trim_end_matches(".path").to_owned();
        assert_eq!(values(&path, "Unit"), [format!("recert@{job}.service")]);
        // What systemd gave up, the hourly start brings back.
        let drop_in = repo(FOLDER).join(format!("recert@{job}.service.d/command.conf"));
        assert_eq!(values(&drop_in, "Wants"), [name(&path)]);
    }
}

#[test]
fn a_failed_unit_is_told_and_only_75_to_77_are_tried_again() {
    for service in with_ending("service") {
        let told: &[&str] = if name(&service) == "recert-failed@.service" {
            &[]
        } else {
            &["recert-failed@%n.service"]
        };
        assert_eq!(values(&service, "OnFailure"), told, "{}", service.display());
    }
    let service = repo(FOLDER).join("recert@.service");
    assert_eq!(values(&service, "Restart"), ["on-failure"]);
    assert_eq!(values(&service, "RestartMode"), ["direct"], "one word for four attempts");
    let never: Vec<u8> = values(&service, "RestartPreventExitStatus")[0]
        .split(' ')
        .map(|code| code.parse().unwrap())
        .collect();
    let people = recert::door::exit::Exit::ALL.map(recert::door::exit::Exit::code);
    assert_eq!(never, people.into_iter().filter(|code| (1..75).contains(code)).collect::<Vec<_>>());
    assert!(values(&service, "StartLimitBurst")[0].parse::<u32>().unwrap() <= 5);
}

#[test]
fn command_lines_in_the_units_are_ones_that_recert_takes() {
    let mut calls = 0;
    for path in with_ending("service").into_iter().chain(with_ending("conf")) {
        // The instance stands in the folder's name; the template itself is tried with each plain job.
        let folder = name(path.parent().unwrap());
        let instance =
            folder.strip_prefix("recert@").and_then(|rest| rest.strip_suffix(".service.d"));
        let instances =
            instance.map_or(vec!["revoke", "sync-managers", "disable-inactive"], |one| vec![one]);
        for line in values(&path, "ExecStart") {
            for call in recert_calls(&line) {
                for instance in &instances {
                    let cli = parsed(&call.replace("%i", instance));
                    assert!(cli.global.quiet, "{call}");
                    calls += 1;
                }
            }
        }
    }
    assert_eq!(calls, 8);
}

/// With a systemd of its own: what each number brings, in attempts and in mails.
#[test]
fn systemd_itself_tells_of_each_number_once_and_tries_75_to_77_again() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [0_u8, 1, 2, 3, 4, 5, 6, 7, 75, 76, 77, 126, 127];
    let as_root =
        r#"unshare --mount true && exec unshare --mount "$@"; exec sudo -n unshare --mount "$@""#;
    let output = Process::new("sh")
        .args(["-c", as_root, "sh", "sh"])
        .arg(repo("tests/it/systemd/night.sh"))
        .arg(repo("control-m"))
        .arg(folder.path())
        .args(numbers.map(|number| number.to_string()))
        .output();
    let told = match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => return skipped("systemd itself", "a systemd, and the right to a mount namespace"),
    };
    for (line, number) in told.lines().zip(numbers) {
        let (runs, mails) = match number {
            0 => (1, 0),
            75.. => (4, 1), // What could not be started may pass too: an agent's disk, an update.
            _ => (1, 1),
        };
        assert_eq!(line, format!("{number} {runs} {mails}"), "{told}");
    }
    assert_eq!(told.lines().count(), numbers.len(), "{told}");
}
