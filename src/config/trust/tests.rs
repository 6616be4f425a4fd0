use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};

use super::*;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refused(path: &Path) -> String {
    format!("{:#}", must_be_ours_alone(path).unwrap_err())
}

/// Only root can give a file away; elsewhere the sentence is not tried.
fn give_away(path: &Path) -> bool {
    chown(path, Some(65_534), None).is_ok()
}

#[test]
fn a_file_the_world_can_write_to_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recert.toml");
    fs::write(&file, "").unwrap();
    must_be_ours_alone(&file).unwrap();
    chmod(&file, 0o646);
    assert!(refused(&file).contains("chmod o-w"));
    assert!(must_not_be_open(&file).is_err());
}

#[test]
fn a_folder_anywhere_above_that_the_world_can_write_to_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (open, inner) = (folder.path().join("open"), folder.path().join("open/inner"));
    fs::create_dir_all(&inner).unwrap();
    let file = inner.join("recert.toml");
    fs::write(&file, "").unwrap();
    chmod(&open, 0o777);
    assert!(refused(&file).contains("everybody may write"));
    // With the sticky bit a name of one's own can't be changed by others.
    chmod(&open, 0o1777);
    must_be_ours_alone(&file).unwrap();
}

#[test]
fn a_link_is_judged_by_where_it_stands_and_by_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["open", "middle"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("safe.toml"), "").unwrap();
    // Two links in a row: the folder of the second is on neither end of the way.
    symlink("../middle/link", at("open/recert.toml")).unwrap();
    symlink("../safe.toml", at("middle/link")).unwrap();
    let link = at("open/recert.toml");
    must_be_ours_alone(&link).unwrap();
    for folder in ["open", "middle"] {
        chmod(&at(folder), 0o777);
        assert!(refused(&link).contains("everybody may write"), "{folder}");
        chmod(&at(folder), 0o755);
    }
    chmod(&at("safe.toml"), 0o666);
    assert!(refused(&link).contains("safe.toml"));
}

#[test]
fn a_link_that_leads_to_itself_is_an_error_and_no_loop() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("loop");
    symlink("loop", &link).unwrap();
    assert!(refused(&link).contains("other links"));
}

#[test]
fn a_strangers_file_folder_or_link_is_not_trusted_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["sticky", "theirs"] {
        fs::create_dir(at(name)).unwrap();
    }
    chmod(&at("sticky"), 0o1777);
    for name in ["own.toml", "theirs.toml", "sticky/theirs.toml", "theirs/own.toml"] {
        fs::write(at(name), "").unwrap();
    }
    symlink(at("own.toml"), at("sticky/link")).unwrap();
    if !give_away(&at("theirs.toml")) {
        return;
    }
    give_away(&at("sticky/theirs.toml"));
    give_away(&at("theirs"));
    lchown(at("sticky/link"), Some(65_534), None).unwrap();
    must_be_ours_alone(&at("own.toml")).unwrap();
    for name in ["theirs.toml", "sticky/theirs.toml", "theirs/own.toml", "sticky/link"] {
        assert!(refused(&at(name)).contains("belongs to user 65534"), "{name}");
        must_not_be_open(&at(name)).unwrap();
    }
}

#[test]
fn a_group_that_others_may_be_in_can_not_write_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recert.toml");
    fs::write(&file, "").unwrap();
    if chown(&file, None, Some(4_242)).is_err() {
        return;
    }
    chmod(&file, 0o640);
    must_be_ours_alone(&file).unwrap();
    chmod(&file, 0o660);
    assert!(refused(&file).contains("group 4242 may write"));
}

#[test]
fn a_secret_is_for_its_owner_and_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "secret").unwrap();
    for (mode, fine) in
        [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o601, false)]
    {
        chmod(&file, mode);
        assert_eq!(must_be_our_secret(&file).is_ok(), fine, "{mode:o}");
    }
}
