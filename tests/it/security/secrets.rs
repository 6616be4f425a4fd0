//! No secret is shown: not in an output, a file, an error or a panic, whatever the config and the command line hold.

use std::fs;
use std::process::{Command as Process, Output};

use clap::CommandFactory as _;
use recert::door::cli::Cli;
use recert::door::config::Config;

use super::{files, write};
use crate::harness::World;

/// A password that stands nowhere else.
const SECRET: &str = "Zaunkoenig-4711-Holunder";

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Every subcommand with something for each argument it needs, so that it gets as far as it can.
fn every_command() -> Vec<String> {
    let mut lines = Vec::new();
    for command in Cli::command().get_subcommands() {
        let needed: Vec<String> = command
            .get_arguments()
            .filter(|argument| argument.is_required_set())
            .map(|argument| {
                let value = match argument.get_possible_values().first() {
                    Some(value) => value.get_name().to_owned(),
                    None => "old.sql".to_owned(),
                };
                argument.get_long().map_or(value.clone(), |long| format!("--{long} {value}.made"))
            })
            .collect();
        lines.push(format!("{} {}", command.get_name(), needed.join(" ")));
        if command.get_name() == "preview" {
            lines.extend(
                command
                    .get_subcommands()
                    .filter(|job| job.get_name() == "revoke")
                    .map(|job| format!("preview {}", job.get_name())),
            );
        }
    }
    lines.push("preview --format sql --out plan.sql --save plan.json".to_owned());
    lines.push("migrate --format sql --out script.sql".to_owned());
    lines.push("revoke --metrics-file recert.prom --output json".to_owned());
    lines
}

/// A folder with a database, a script to mend, and a config that names the secret's place.
fn place(url: &str, secret: &str) -> World {
    let world = World::sqlite();
    let folder = world.folder.path();
    write(&folder.join("recert.password"), &format!("{SECRET}\n"), 0o600);
    fs::write(
        folder.join("old.sql"),
        "UPDATE USER_TAB SET LINEMANAGER_NAME = 'O'Brien' WHERE EMPLOYEE_ID = '1';\n",
    )
    .unwrap();
    let config = format!(
        "[database]\nurl = \"{url}\"\nusername = \"app\"\nretries = 0\n{secret}\n\
         [directory]\nurls = [\"ldaps://127.0.0.1:1\"]\nbind_dn = \"cn=app\"\nbase_dn = \"dc=x\"\nretries = 0\n{secret}\n"
    );
    fs::write(folder.join("marked.toml"), config).unwrap();
    world
}

#[test]
fn no_secret_is_in_any_output_or_file() {
    for url in
        ["sqlite:recert.db", "oracle://127.0.0.1:1/NOWHERE?connect_timeout=1", "oracle:NOWHERE"]
    {
        for secret in
            ["password_file = \"recert.password\"", "password_env = \"RECERT_TEST_MARKED\""]
        {
            let world = place(url, secret);
            for (at, command) in every_command().iter().enumerate() {
                let log = if at % 2 == 0 { "text" } else { "json" };
                let output = world
                    .recert(&format!("{command} --config marked.toml -vv --log-format {log}"))
                    .env("RECERT_TEST_MARKED", SECRET)
                    .env("RUST_BACKTRACE", "full")
                    .output()
                    .unwrap();
                shows_nothing(&output, &format!("{command}, {url}"));
            }
            for file in files(world.folder.path()) {
                let is_its_place = file.ends_with("recert.password");
                assert!(
                    is_its_place || !holds(&fs::read(&file).unwrap(), SECRET),
                    "{url}: {}",
                    file.display()
                );
            }
        }
    }
}

/// The same where the secret really is sent: the right one, and one that is refused.
#[test]
fn no_secret_of_a_login_is_in_any_output_or_file() {
    let Some(world) = World::oracle() else { return };
    let database = &world.config.database;
    let right = fs::read_to_string(database.password_file.as_ref().unwrap()).unwrap();
    let (right, folder) = (right.trim_end(), world.folder.path());
    let mut ends = Vec::new();
    for secret in [right, SECRET] {
        let place = folder.join("secret");
        write(&place, secret, 0o600);
        let url = toml::Value::String(database.url.clone());
        let username = database.username.as_ref().unwrap();
        let config = format!(
            "[database]\nurl = {url}\nusername = \"{username}\"\npassword_file = \"secret\"\n"
        );
        fs::write(folder.join("marked.toml"), config).unwrap();
        for log in ["text", "json"] {
            let output = world
                .recert(&format!(
                    "revoke --config marked.toml -vv --log-format {log} --metrics-file recert.prom"
                ))
                .env("LD_LIBRARY_PATH", library_path())
                .env("RUST_BACKTRACE", "full")
                .output()
                .unwrap();
            ends.push(output.status.code().unwrap());
            for bytes in [&output.stdout, &output.stderr] {
                assert!(!holds(bytes, secret), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
        fs::remove_file(place).unwrap();
        for file in
            files(folder).iter().filter(|file| Some(*file) != database.password_file.as_ref())
        {
            assert!(!holds(&fs::read(file).unwrap(), secret), "{}", file.display());
        }
    }
    assert_eq!(ends, [0, 0, 3, 3], "a right password opens, a wrong one is for a person to mend");
}

/// A directory that hears the password and hangs up.
#[test]
fn no_secret_of_a_directory_login_is_in_any_output_or_file() {
    let world = World::sqlite();
    let folder = world.folder.path();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ear = std::thread::spawn(move || {
        let (mut caller, _) = listener.accept().unwrap();
        let mut heard = [0; 512];
        let n = std::io::Read::read(&mut caller, &mut heard).unwrap();
        heard[..n].to_vec()
    });
    world.tamper("INSERT INTO user_tab (employee_id, rap) VALUES ('E1', 1)");
    write(&folder.join("secret"), SECRET, 0o600);
    let database = toml::Value::String(world.config.database.url.clone());
    let config = format!(
        "[database]\nurl = {database}\nretries = 0\n[directory]\nurls = [\"ldap://127.0.0.1:{port}\"]\n\
         allow_plaintext = true\nbind_dn = \"cn=app\"\npassword_file = \"secret\"\nbase_dn = \"dc=x\"\nretries = 0\n"
    );
    fs::write(folder.join("marked.toml"), config).unwrap();
    let command =
        "sync-managers --config marked.toml -vv --log-format json --metrics-file recert.prom";
    let output = world.recert(command).output().unwrap();
    shows_nothing(&output, command);
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(holds(&ear.join().unwrap(), SECRET), "it was never sent");
    for file in files(folder).iter().filter(|file| !file.ends_with("secret")) {
        assert!(!holds(&fs::read(file).unwrap(), SECRET), "{}", file.display());
    }
}

/// Where the client library is: the stand-in's, unless the environment names another.
fn library_path() -> std::ffi::OsString {
    std::env::var_os("LD_LIBRARY_PATH")
        .filter(|_| std::env::var_os("RECERT_TEST_ORACLE_URL").is_some())
        .unwrap_or_else(|| clntsh::support::library_dir().into())
}

fn shows_nothing(output: &Output, what: &str) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        assert!(!holds(bytes, SECRET), "{what}: {stream} holds the secret");
    }
    let code = output.status.code().unwrap_or_else(|| panic!("{what}: {}", output.status));
    assert_ne!(code, 101, "{what} panicked");
}

#[test]
fn a_password_file_that_others_can_read_is_refused_without_a_word_of_it() {
    let world = place("sqlite:recert.db", "password_file = \"recert.password\"");
    let path = world.folder.path().join("recert.password");
    for open in [0o604, 0o602, 0o601] {
        write(&path, SECRET, open);
        let mut database = world.config.database.clone();
        database.password_file = Some(path.clone());
        let error = database.password().unwrap_err();
        let said = format!("{error:?} {error:#}");
        assert!(said.contains("chmod 600") && !said.contains(SECRET), "{said}");
    }
    write(&path, SECRET, 0o400);
    let mut database = world.config.database.clone();
    database.password_file = Some(path);
    let secret = database.password().unwrap().unwrap();
    assert_eq!(&*secret, SECRET);
    assert!(!format!("{secret:?}").contains(SECRET));
}

#[test]
fn a_password_has_no_place_in_the_config_or_on_the_command_line() {
    let error = Config::parse(&format!("[database]\npassword = \"{SECRET}\"\n")).unwrap_err();
    let said = format!("{error:#}");
    assert!(said.contains("database.password: no such key") && !said.contains(SECRET), "{said}");
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            assert!(!name.contains("password") && !name.contains("secret"), "{name}");
        }
    }
}

#[test]
fn a_mistake_in_the_config_does_not_quote_its_lines() {
    // A password pasted in the wrong place, next to a mistake.
    let world = World::sqlite();
    fs::write(
        world.folder.path().join("typo.toml"),
        format!("[database]\npassword = \"{SECRET}\n"),
    )
    .unwrap();
    let output = world.recert("revoke --config typo.toml").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    shows_nothing(&output, "a TOML mistake");
}

/// The binary can't be made to panic, which is as it should be; so this test runs itself again, and there
/// the guard of the binary's door is given work that does.
#[test]
fn a_panic_is_one_line_without_what_it_was_about_and_ends_with_1() {
    const NAME: &str =
        "security::secrets::a_panic_is_one_line_without_what_it_was_about_and_ends_with_1";
    if std::env::var_os("RECERT_TEST_PANIC").is_some() {
        let origin = recert::door::cli::LogOrigin::default();
        recert::door::cli::start_log(recert::door::cli::LogFormat::Text, 0, false, origin);
        let ended = recert::door::guard::against_defects::<()>(|| panic!("row of {SECRET}"));
        let error = ended.unwrap_err();
        tracing_line(&error);
        return;
    }
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env("RECERT_TEST_PANIC", "1")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains(SECRET), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(
        lines[0].contains("a defect in recert itself") && lines[0].contains("secrets.rs"),
        "{said}"
    );
    assert!(lines[1].starts_with("failed (1): "), "{said}");
}

#[expect(clippy::print_stderr, reason = "the test's other half reads it")]
fn tracing_line(error: &anyhow::Error) {
    eprintln!("{}", recert::door::exit::Exit::tell(error));
}

#[test]
fn an_address_that_holds_a_login_is_shown_by_no_command() {
    let shapes = [
        "[database]\nurl = \"oracle:scott/SECRET@db\"\n",
        "[database]\nurl = \"oracle:scott/SECRET\"\nexternal_auth = true\n",
        "[database]\nurl = \"oracle://scott:SECRET@db/rap\"\n",
        "[database]\nurl = \"oracle:(DESCRIPTION=(SECURITY=(PASSWORD=SECRET)))\"\n",
        "[database]\nurl = \"scott/SECRET\"\n",
        "[database]\nurl = \"mysql://scott:SECRET@db\"\n",
        "[database]\npassword = \"SECRET\"\n",
        "[database]\npassword_file = [\"SECRET\"]\n",
        "[database]\nretries = \"SECRET\"\n",
        "[directory]\nurls = [\"ldap://user:SECRET@host\"]\nbase_dn = \"DC=x\"\nanonymous = true\n",
        "[directory]\nurls = \"ldap://user:SECRET@host\"\nbase_dn = \"DC=x\"\n",
        "[import.database]\nurl = \"oracle:scott/SECRET@db\"\n",
        "[database]\nurl = \"oracle://db/rap\"\nusername = \"scott/SECRET\"\npassword_env = \"P\"\n",
        "[database]\nurl = \"oracle://db/rap\"\nusername = \"scott\"\npassword_env = \"SECRET\"\n",
        "SECRET\n",
    ];
    let world = World::sqlite();
    for shape in shapes {
        let text = shape.replace("SECRET", SECRET);
        fs::write(world.folder.path().join("own.toml"), &text).unwrap();
        for command in [
            "revoke",
            "preview",
            "check",
            "report --all",
            "history",
            "verify --output json",
            "migrate --format sql",
        ] {
            let output =
                world.recert(&format!("{command} --config own.toml -vv")).output().unwrap();
            assert_eq!(output.status.code(), Some(3), "{command}: {shape}");
            shows_nothing(&output, &format!("{command}: {shape}"));
        }
    }
}
