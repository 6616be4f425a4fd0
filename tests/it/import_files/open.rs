//! File names, and what can't be opened.

use std::io::Read as _;
use std::path::Path;

use recert::door::import::ImportSource;

use super::harness::bad;

fn refused(path: &Path) -> String {
    bad(&ImportSource::open(path).unwrap_err())
}

#[test]
fn name_is_letters_digits_and_underscores_with_or_without_csv() {
    let dir = std::env::temp_dir().join(format!("recert-import-open-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for name in ["users", "users_2026.csv", "A1.CSV"] {
        std::fs::write(dir.join(name), "x").unwrap();
        let mut text = String::new();
        ImportSource::open(&dir.join(name)).unwrap().read().read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
    }
    for name in [
        "users-2026.csv",
        "users 2026.csv",
        "üsers.csv",
        "users.csv.bak",
        "users.txt",
        ".csv",
        "a.b.csv",
        "a;b",
    ] {
        assert!(
            refused(&dir.join(name))
                .ends_with("letters, digits and underscores, with or without `.csv`"),
            "{name}"
        );
    }
    assert!(refused(Path::new("..")).contains("letters"));
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn file_that_is_not_there_is_bad_input() {
    assert!(
        refused(Path::new("nowhere/users.csv"))
            .starts_with("`nowhere/users.csv`: can't be opened: ")
    );
}

#[test]
fn source_can_be_read_again_and_knows_its_sha256() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.csv");
    std::fs::write(&path, "abc").unwrap();
    let source = ImportSource::open(&path).unwrap();
    for _ in 0..2 {
        let mut text = String::new();
        source.read().read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
    }
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(source.sha256().unwrap(), sha256);
    std::fs::write(&path, "abd").unwrap();
    let mut text = String::new();
    assert!(source.read().read_to_string(&mut text).unwrap_err().to_string().contains("changed"));
}
