//! Runs a whole script with something that is not recert: psql, on a private PostgreSQL, once its SQL*Plus settings
//! are taken out. Oracle's functions that PostgreSQL lacks or reads otherwise are defined there first.
//!
//! Says so and passes where PostgreSQL is not installed.

use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::harness::skipped;
use chrono::NaiveDate;
use recert::door::script::{Literal, Script, bind_into};

/// Oracle's names, put before PostgreSQL's own by the search path.
const ORACLE: &str = r"
CREATE SCHEMA ora;
CREATE TABLE ora.dual (dummy text);
INSERT INTO ora.dual VALUES ('X');
CREATE FUNCTION ora.to_clob(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION ora.to_char(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION ora.to_date(text, text) RETURNS timestamp LANGUAGE sql
    AS 'SELECT pg_catalog.to_timestamp($1, $2)::timestamp';
CREATE FUNCTION ora.to_timestamp(text, text) RETURNS timestamp LANGUAGE sql
    AS 'SELECT pg_catalog.to_timestamp($1, $2)::timestamp';
CREATE TABLE ora.user_tab (employee_id text, linemanager_name text, rap int, updated_date timestamp, seen timestamp);
";

/// A PostgreSQL of this test's own, reached by a socket in its directory, stopped and removed when dropped.
struct Cluster {
    dir: tempfile::TempDir,
    bin: PathBuf,
}

impl Cluster {
    fn start() -> Option<Self> {
        let bin = installed()?;
        let dir = tempfile::Builder::new().prefix("recert-psql-").tempdir_in("/tmp").unwrap();
        if is_root() {
            // PostgreSQL refuses to run as root.
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
            succeed(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let cluster = Self { dir, bin };
        let data = cluster.dir.path().join("data");
        succeed(
            cluster
                .command("initdb")
                .args([
                    "--no-sync",
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--pgdata",
                ])
                .arg(&data),
        );
        let options = format!(
            "-c listen_addresses= -c fsync=off -c unix_socket_directories={}",
            cluster.dir.path().display()
        );
        // The server must not inherit the pipes, or reading them would wait for its end.
        succeed(
            cluster
                .command("pg_ctl")
                .args(["-w", "-o", &options, "-l"])
                .arg(cluster.dir.path().join("log"))
                .arg("-D")
                .arg(&data)
                .arg("start")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        Some(cluster)
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path());
        command
    }

    fn psql(&self, file: &str, text: &[u8], encoding: &str) -> Output {
        let path = self.dir.path().join(file);
        fs::write(&path, text).unwrap();
        let mut command = Command::new(self.bin.join("psql"));
        command
            .args([
                "-X",
                "-A",
                "-t",
                "-U",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-v",
                "AUTOCOMMIT=off",
                "-h",
            ])
            .arg(self.dir.path())
            .arg("-f")
            .arg(path)
            .env("PGCLIENTENCODING", encoding)
            .env("PGOPTIONS", "-c search_path=ora,pg_catalog -c client_min_messages=warning")
            .arg("postgres");
        command.output().unwrap()
    }

    fn query(&self, sql: &str) -> String {
        let output = self.psql("query.sql", sql.as_bytes(), "UTF8");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.dir.path().join("data");
        let _ = self
            .command("pg_ctl")
            .args(["-m", "immediate", "-D"])
            .arg(data)
            .arg("stop")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The newest PostgreSQL's programs, if there is one.
fn installed() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| ["initdb", "pg_ctl", "psql"].iter().all(|program| bin.join(program).exists()))
        .collect();
    found.sort();
    if found.is_empty() {
        skipped("script_psql: scripts run by psql", "PostgreSQL (postgresql)");
    }
    found.pop()
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Takes out what only SQL*Plus understands. Everything else is run as it stands.
fn without_settings(script: &str) -> String {
    let kept =
        script.lines().filter(|line| !line.starts_with("SET ") && !line.starts_with("WHENEVER "));
    kept.map(|line| format!("{line}\n")).collect()
}

fn nastiest_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "O'Brien, Pat",
        "'t Hart, Jan",
        "Peters'",
        "'",
        "''",
        "a;\nb",
        ";",
        "; DROP TABLE user_tab; --",
        "a -\nb-",
        "--",
        "/* a",
        "*/",
        "a\n/\nb",
        "\n\n\n",
        "\r\n",
        "\ta\t",
        "#a\n#b",
        "@a\n@b",
        "!ls",
        "R&D &name &&x",
        ":a :'b' :\"c\"",
        "\\",
        "\\'",
        "a\\\nb",
        "\\q",
        "Žofie Šťastná",
        "李小龍",
        "😀",
        "O’Brien",
        "“x”",
        "a\u{85}b",
        "a\u{2028}b\u{2029}c",
        "\u{feff}a",
        "\u{202e}txt",
        "\u{e0041}",
        "e\u{301}",
        "\u{7f}\u{1}\u{1b}[31m",
        "$$a$$",
        "%s ? {0} \"x\"",
        " leading and trailing ",
        "' || (SELECT 1) || '",
        "q'[x]'",
        "PROMPT\nEXIT\nREM",
        "SET DEFINE ON\nx",
        "COMMIT;\nCOMMIT;",
    ]
    .iter()
    .map(|name| (*name).to_owned())
    .collect();
    names.extend([999, 1_000, 1_001, 2_399, 2_400, 4_000].map(|n| "'".repeat(n)));
    names.push("ž;\n".repeat(5_000));
    names.push("-".repeat(9_000));
    names
}

/// One UPDATE for each name, as a job would write them.
fn script_for(names: &[String]) -> String {
    let sql = "-- One user's manager\nUPDATE user_tab\n   SET linemanager_name = :name, rap = :rap, updated_date = :at,\n       \
               seen = :seen\n WHERE employee_id = :employee_id";
    let at = NaiveDate::from_ymd_opt(2026, 2, 28)
        .unwrap()
        .and_hms_micro_opt(23, 59, 58, 123_456)
        .unwrap();
    let mut out = Vec::new();
    let mut script =
        Script::begin(&mut out, ["updates; -", "'quoted\nlines'"], NonZeroU32::new(7).unwrap())
            .unwrap();
    script.check_encoding().unwrap();
    for (i, name) in names.iter().enumerate() {
        let id = employee_id(i);
        let binds = [
            ("name", Literal::Text(name)),
            ("rap", Literal::Int(-1)),
            ("at", Literal::Date(at)),
            ("seen", Literal::Timestamp(at)),
            ("employee_id", Literal::Text(&id)),
        ];
        script.statement(&bind_into(sql, &binds).unwrap()).unwrap();
    }
    script.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn employee_id(i: usize) -> String {
    format!("u'{i}")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn fill(cluster: &Cluster, n_rows: usize) {
    cluster.query(&format!("{ORACLE} COMMIT;"));
    cluster.query(&format!("INSERT INTO user_tab (employee_id) SELECT 'u''' || i FROM generate_series(0, {n_rows}) i; COMMIT;"));
}

#[test]
fn psql_runs_the_whole_script_and_the_rows_hold_every_name_as_it_was() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let names = nastiest_names();
    fill(&cluster, names.len());

    let script = without_settings(&script_for(&names));
    let run = cluster.psql("update_user_tab.sql", script.as_bytes(), "UTF8");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).matches("UPDATE 1\n").count(), names.len());

    let rows = cluster.query(
        "SELECT employee_id, encode(convert_to(linemanager_name, 'UTF8'), 'hex'), rap, updated_date, seen FROM user_tab
          WHERE linemanager_name IS NOT NULL ORDER BY substr(employee_id, 3)::int;",
    );
    let expected: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            format!(
                "{}|{}|-1|2026-02-28 23:59:58|2026-02-28 23:59:58.123456",
                employee_id(i),
                hex(name)
            )
        })
        .collect();
    // PostgreSQL's hexadecimal text has no line breaks, so a row is a line.
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);

    the_script_stops_before_any_change_when_it_is_read_in_another_encoding(&cluster);
}

fn the_script_stops_before_any_change_when_it_is_read_in_another_encoding(cluster: &Cluster) {
    let script = without_settings(&script_for(&["Žofie".to_owned()]));
    let run = cluster.psql("wrong_encoding.sql", script.as_bytes(), "LATIN1");
    assert!(!run.status.success());
    assert!(String::from_utf8_lossy(&run.stderr).contains("division by zero"));
    assert_eq!(
        cluster.query("SELECT count(*) FROM user_tab WHERE linemanager_name = 'Žofie';"),
        "0\n"
    );
}

#[test]
fn nothing_but_settings_is_taken_out_for_psql() {
    let script = script_for(&["SET x\nWHENEVER y".to_owned()]);
    let kept = without_settings(&script);
    assert_eq!(script.lines().count() - kept.lines().count(), 7);
    assert!(kept.contains("'SET x' || CHR(10) || 'WHENEVER y'"));
}
