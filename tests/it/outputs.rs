//! No output is written over what a run needs: every output option held against every precious file.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::UnixListener;

use crate::harness::{World, write_secret};

/// Every option that writes a file; `TARGET` is the file.
const OUTPUTS: [&str; 12] = [
    "revoke --as-of 2026-01-31 --metrics-file TARGET",
    "show nothing --metrics-file TARGET",
    "preview --out TARGET",
    "preview --save TARGET",
    "verify --export TARGET",
    "verify --dump TARGET",
    "disable-inactive --warnings TARGET",
    "repair-sql old.sql --out TARGET",
    "migrate --format sql --out TARGET",
    "report --all --out TARGET --format csv",
    "history --archive-before 2020-01-01 --out TARGET",
    "import-users people.csv --rejects TARGET",
];

/// What stands in the folder and must be the same afterwards.
const PRECIOUS: [&str; 5] = ["recert.db", "recert.toml", "secret", "old.sql", "people.csv"];

fn place() -> World {
    let world = World::sqlite();
    let at = |name: &str| world.folder.path().join(name);
    write_secret(&at("secret"), "password");
    let config = world.config_file();
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("[database]\n", "[database]\npassword_file = \"secret\"\n");
    fs::write(at("own.toml"), text).unwrap();
    fs::rename(at("own.toml"), at("recert.toml")).unwrap();
    fs::write(at("old.sql"), "SELECT 1 FROM dual;\n").unwrap();
    fs::write(at("people.csv"), "id;email\n1;a@b.example\n").unwrap();
    symlink("recert.db", at("soft")).unwrap();
    symlink("recert.db-journal", at("dangling")).unwrap();
    symlink("nowhere", at("astray")).unwrap();
    symlink("loop", at("loop")).unwrap();
    fs::hard_link(at("recert.db"), at("hard")).unwrap();
    world
}

/// What the binary says to this, started in the world's folder with the config that lies there.
fn run(world: &World, command: &str) -> std::process::Output {
    crate::harness::recert(command).current_dir(world.folder.path()).output().unwrap()
}

#[test]
fn no_output_is_written_over_what_a_run_needs() {
    let world = place();
    let at = |name: &str| world.folder.path().join(name);
    let before = PRECIOUS.map(|name| fs::read(at(name)).unwrap());
    let _socket = UnixListener::bind(at("socket")).unwrap();
    let always = [
        "recert.db",
        "soft",
        "hard",
        "./recert.db",
        "recert.db-journal",
        "recert.db-wal",
        "dangling",
        "recert.toml",
        "secret",
        "socket",
        "/dev/full",
        "nowhere/file",
        "astray",
        "loop",
    ];
    for option in OUTPUTS {
        let input = ["old.sql", "people.csv"].into_iter().filter(|input| option.contains(input));
        for target in always.into_iter().chain(input) {
            let command = option.replace("TARGET", target);
            let output = run(&world, &command);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{command}: {said}");
            assert!(said.contains(target), "{command}: as typed: {said}");
            for (name, before) in PRECIOUS.iter().zip(&before) {
                assert!(fs::read(at(name)).unwrap() == *before, "{command}: {name} is another");
            }
            assert!(at("socket").metadata().unwrap().file_type().is_socket());
        }
    }
}

#[test]
fn no_two_outputs_of_a_command_are_the_same_file() {
    let world = place();
    for command in [
        "preview --out x --save x",
        "preview --out x --save ./x",
        "preview --save x --metrics-file x",
        "verify --export x --metrics-file x",
        "report --all --out x --metrics-file x",
        "report --all --out x.csv --metrics-file x-accesses.csv",
        "report --all --format csv,csv --out x.csv --metrics-file x-accesses.csv",
    ] {
        let output = run(&world, command);
        assert_eq!(output.status.code(), Some(2), "{command}: {output:?}");
        assert!(!world.folder.path().join("x").exists(), "{command}");
    }
}

#[test]
fn the_file_of_accesses_beside_a_report_is_an_output_too() {
    let world = place();
    let at = |name: &str| world.folder.path().join(name);
    fs::rename(at("recert.toml"), at("my-accesses.csv")).unwrap();
    let before = fs::read(at("my-accesses.csv")).unwrap();
    for (out, code) in [("my.csv", 2), ("my.html", 0), ("other.csv", 0)] {
        let output = run(&world, &format!("report --all --out {out} --config my-accesses.csv"));
        assert_eq!(output.status.code(), Some(code), "{out}: {output:?}");
        assert_eq!(fs::read(at("my-accesses.csv")).unwrap(), before, "{out}");
    }
}

#[test]
fn a_folder_is_no_file_and_a_file_no_folder() {
    let world = place();
    fs::create_dir(world.folder.path().join("folder")).unwrap();
    for command in [
        "preview --save folder",
        "preview --out absent/",
        "verify --dump absent/",
        "verify --export folder",
        "man --out old.sql",
        "demo --dir old.sql",
        "revoke --metrics-file folder",
    ] {
        let output = run(&world, command);
        assert_eq!(output.status.code(), Some(2), "{command}: {output:?}");
    }
}

#[test]
fn streams_and_pipes_are_written_through() {
    let world = World::sqlite();
    let run = |command: &str| run(&world, command);
    let output = run("migrate --format sql --out /dev/stdout -q");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("COMMIT;"), "{output:?}");
    let output = run("verify --export /dev/null --metrics-file /dev/null");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    // A file behind /dev/stdout is written to, not replaced.
    let log = fs::File::create(world.folder.path().join("log")).unwrap();
    let status = crate::harness::recert("verify --export /dev/stdout -q")
        .current_dir(world.folder.path())
        .stdout(log)
        .status()
        .unwrap();
    assert!(status.success());
    let text = fs::read_to_string(world.folder.path().join("log")).unwrap();
    assert!(text.contains("heads") && text.contains("verify: unchanged"), "{text}");

    let fifo = world.folder.path().join("fifo");
    std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let output = run("verify --export fifo");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(reader.join().unwrap().contains("heads"));
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo(), "it is still a pipe");
}

#[test]
fn a_report_goes_through_a_stream_that_stands_where_nobody_can_make_files() {
    let world = World::sqlite();
    world.put("response USER=E1 DUE=2026-11-30\nmapping USER=E1");
    for format in ["csv", "json", "html", "xlsx"] {
        let output = run(&world, &format!("report --all --format {format} --out /dev/fd/1 -q"));
        assert_eq!(output.status.code(), Some(0), "{format}: {output:?}");
        assert!(output.stdout.len() > 500, "{format}: {output:?}");
    }
}

#[test]
fn a_config_that_can_not_be_read_costs_nobody_their_database() {
    let world = place();
    let at = |name: &str| world.folder.path().join(name);
    fs::write(at("recert.toml"), "[database]\nurl = 7\n").unwrap();
    let before = fs::read(at("recert.db")).unwrap();
    let output = run(&world, "revoke --metrics-file recert.db");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(fs::read(at("recert.db")).unwrap() == before);
}
