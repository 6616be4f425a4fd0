//! What must never happen, whatever else does: a secret shown, a file for strangers, a config from strangers.

mod secrets;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{World, recert};

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_file_too_large_to_be_a_config_is_refused_before_it_is_understood() {
    let world = World::sqlite();
    let large = format!("# {}\n", "x".repeat(1 << 20));
    fs::write(world.folder.path().join("large.toml"), large).unwrap();
    let output = world.recert("revoke --config large.toml").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("that is no config"), "{said}");
}

#[test]
fn every_file_recert_makes_is_for_its_owner_alone() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31");
    fs::write(world.folder.path().join("old.sql"), "SELECT 1 FROM dual;\n").unwrap();
    fs::create_dir(world.folder.path().join("report")).unwrap();
    let before = files(world.folder.path());
    for command in [
        "preview --as-of 2026-01-31 --format sql --out plan.sql --save plan.json",
        "migrate --format sql --out script.sql",
        "repair-sql old.sql --out new.sql",
        "man --out pages",
        "report --all --format csv --format html --format xlsx --format json --out report",
        "demo --dir trial",
        "revoke --as-of 2026-01-31 --metrics-file recert.prom",
        "verify --export heads.json",
        "history --archive-before 2020-01-01 --out archive",
    ] {
        // With the widest umask, the modes are recert's own doing.
        let line = format!("umask 000; exec {} {command}", env!("CARGO_BIN_EXE_recert"));
        let status = Process::new("sh")
            .args(["-c", &line])
            .env("RECERT_CONFIG", world.config_file())
            .current_dir(world.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{command}");
    }
    let made: Vec<PathBuf> = files(world.folder.path())
        .into_iter()
        .filter(|path| !before.contains(path) && !path.ends_with("recert.toml"))
        .collect();
    assert!(made.len() > 10, "{made:?}");
    for path in made {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn an_output_file_replaces_a_planted_link_instead_of_following_it() {
    let world = World::sqlite();
    let folder = world.folder.path();
    let victim = folder.join("victim");
    for (command, target) in [
        ("preview --as-of 2026-01-31 --format sql --out target", "target"),
        ("preview --as-of 2026-01-31 --save target", "target"),
        ("migrate --format sql --out target", "target"),
        ("man --out .", "recert.1"),
        ("report --all --format csv --out target", "target"),
        ("report --all --format xlsx --out target", "target"),
    ] {
        write(&victim, "precious", 0o644);
        let target = folder.join(target);
        let _ = fs::remove_file(&target);
        symlink(&victim, &target).unwrap();
        let output = world.recert(command).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{command}");
        assert!(!target.is_symlink(), "{command}");
    }
}

#[test]
fn every_command_refuses_a_config_that_everybody_could_have_written() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31");
    let open = world.folder.path().join("open");
    fs::create_dir(&open).unwrap();
    let config = open.join("recert.toml");
    fs::copy(world.config_file(), &config).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let end = |command: &str| {
        let output = world.recert(command).arg("--config").arg(&config).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for command in [
        "revoke --as-of 2026-01-31",
        "migrate",
        "history --archive-before 2020-01-01 --out archive",
        "preview --as-of 2026-01-31",
        "check",
        "history",
        "verify",
        "report --all",
    ] {
        let (code, said) = end(command);
        assert_eq!(code, 3, "{command}: {said}");
        assert!(said.contains("everybody may write") && said.contains("chmod o-w"), "{said}");
    }
    assert_eq!(world.dump("MAP_RAP_USER_ROLE").len(), 1);

    fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(end("revoke --as-of 2026-01-31").0, 0);
}

#[test]
fn a_config_found_in_a_folder_open_to_everybody_is_not_trusted_either() {
    let world = World::sqlite();
    let open = world.folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::copy(world.config_file(), open.join("recert.toml")).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let output = recert("revoke").current_dir(&open).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

/// recert, waiting for somebody to write a file into its standard input.
fn waiting(world: &World) -> std::process::Child {
    let mut command = world.recert("import-users -");
    let child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let waits = format!("/proc/{}/wchan", child.id());
    let since = Instant::now();
    while !fs::read_to_string(&waits).is_ok_and(|at| at.contains("pipe")) {
        // Where the kernel does not say, a moment is enough.
        if since.elapsed() > Duration::from_millis(700) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

#[test]
fn a_killed_run_leaves_no_core_file() {
    let world = World::sqlite();
    let mut child = waiting(&world);
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert!(
        Process::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap().success()
    );
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
}
