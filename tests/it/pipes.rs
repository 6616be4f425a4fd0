//! A pipe where recert reads a file: nobody may ever write to it, and the command ends all the same.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{World, recert};

/// A folder with a database, a pipe nobody writes to, a folder that holds one where a killed run's file would lie, and
/// configs that name it.
fn place() -> World {
    let world = World::sqlite();
    let at = |name: &str| world.folder.path().join(name);
    fs::create_dir(at("filed")).unwrap();
    for pipe in ["fifo", "filed/users_0190a0000000700080000000000000aa.csv"] {
        assert!(Command::new("mkfifo").arg(at(pipe)).status().unwrap().success());
    }
    fs::write(at("users.csv"), "").unwrap();
    let fifo = at("fifo");
    let fifo = fifo.display();
    let database = "[database]\nurl = \"sqlite:recert.db\"\n";
    let directory =
        "[directory]\nurls = [\"ldaps://localhost:1\"]\nbase_dn = \"o=x\"\nretries = 0\n";
    for (name, text) in [
        ("recert.toml", database.to_owned()),
        ("database.toml", format!("[database]\nurl = \"sqlite:{fifo}\"\n")),
        ("signers.toml", format!("{database}[ledger]\nsigners = \"{fifo}\"\n")),
        (
            "approval.toml",
            format!("{database}[approval]\nsigners = \"{fifo}\"\nneeded_for = [\"every-run\"]\n"),
        ),
        ("ca.toml", format!("{database}{directory}anonymous = true\nca_file = \"{fifo}\"\n")),
        (
            "password.toml",
            format!("{database}{directory}bind_dn = \"cn=x\"\npassword_file = \"{fifo}\"\n"),
        ),
        ("log.toml", format!("{database}[log]\nfile = \"{fifo}\"\n")),
    ] {
        fs::write(at(name), text).unwrap();
    }
    world
}

/// The number a command ends with; it must end.
fn ended(world: &World, command: &str) -> Option<i32> {
    let mut child = recert(command)
        .current_dir(world.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let by = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > by {
            child.kill().unwrap();
            panic!("`{command}` waits for ever");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_pipe_where_a_file_is_read_ends_the_command_instead_of_holding_it_up() {
    let world = place();
    for (command, number) in [
        ("revoke --config fifo", 3),
        ("revoke --config database.toml", 3),
        ("migrate --config database.toml", 3),
        ("check revoke --config database.toml", 3),
        ("revoke --config log.toml", 3),
        ("revoke --plan fifo", 5),
        ("preview --plan fifo", 5),
        ("revoke --config approval.toml --plan users.csv --approval fifo", 3),
        ("verify --config signers.toml --against users.csv", 3),
        ("verify --against fifo", 5),
        ("sync-managers --config ca.toml", 3),
        ("sync-managers --config password.toml", 3),
        ("check sync-managers --config ca.toml", 3),
        ("import-users fifo", 5),
        ("preview import-users fifo", 5),
        ("import-availability fifo", 5),
        ("import-users fifo --claim-into filed", 5),
        // What lies in the folder is looked at, and left.
        ("import-availability users.csv --claim-into filed", 5),
        ("repair-sql fifo --out x.sql", 5),
        ("history --archive-before 2020-01-01 --out fifo", 0),
        ("demo --dir filed", 3),
    ] {
        assert_eq!(ended(&world, command), Some(number), "{command}");
    }
}
