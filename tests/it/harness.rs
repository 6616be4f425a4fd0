//! What the tests share: databases at hand, rows as words, a run by its command line.
//!
//! `check(rows, command, plan)` plans on a fresh database, compares the printed plan, applies it,
//! and plans again expecting nothing: so every test proves idempotence too. It does all of that on
//! every database at hand.

mod process;
mod rows;

use std::io::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Parser as _;
use recert::door::cli::{Cli, Command};
use recert::door::commands::{CommandContext, CommandFacts, migrate};
use recert::door::config::directory::DirectorySettings;
use recert::door::config::{Config, DatabaseConfig};
use recert::door::db::{self, BindArray, OpenDatabase, Row, SessionSpec, Transaction, Value, open};
use recert::door::exit::Exit;
use recert::door::jobs::Job;
use recert::door::outcome::Stdout;
use recert::door::run::{self, Ended, Request};
use recert::door::sql::Sql;
use tempfile::TempDir;

use process::RecertProcess;
use rows::{Kind, put_rows, read_row, words};

use crate::databases::{self, Oracle};

/// The moment of every run in the tests: late enough that no `--as-of` is after it.
pub(crate) const NOW: &str = "2030-06-15T12:00:00Z";

pub(crate) fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// A fresh, migrated database of one test.
pub(crate) struct World {
    pub(crate) config: Config,
    /// What it is called in messages.
    pub(crate) name: String,
    /// The Oracle it is on, if it is.
    pub(crate) oracle: Option<Oracle>,
    pub(crate) folder: TempDir,
}

/// Creates every table there is, as `recert migrate --base-tables` does.
pub(crate) fn migrate(database: &DatabaseConfig) {
    let mut config = Config::parse("").unwrap();
    config.database = database.clone();
    let args = migrate::Args { base_tables: true, ..migrate::Args::default() };
    migrate::run(&args, &context(&config)).unwrap();
}

/// What a command is given; its result goes nowhere.
pub(crate) fn context(config: &Config) -> CommandContext<'_> {
    let facts = Box::leak(Box::new(CommandFacts::of("test")));
    let out = Box::leak(Box::new(Stdout::default()));
    CommandContext { config, as_of: None, json: false, clock: &now, facts, out }
}

/// One fresh database of each kind at hand: the embedded one, and Oracle's driver on the stand-in.
pub(crate) fn worlds() -> Vec<World> {
    let mut worlds = vec![World::sqlite()];
    worlds.extend(World::oracle());
    worlds
}

impl World {
    /// A fresh embedded database.
    pub(crate) fn sqlite() -> World {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("recert.db").display());
        let config = DatabaseConfig { url, ..DatabaseConfig::default() };
        migrate(&config);
        World::on("sqlite", config, folder)
    }

    /// A fresh schema behind the `oracle` driver: a real Oracle, or a stand-in on PostgreSQL.
    pub(crate) fn oracle() -> Option<World> {
        match databases::oracle() {
            Ok((config, oracle, folder)) => {
                Some(World { oracle: Some(oracle), ..World::on("oracle", config, folder) })
            }
            Err(why) => {
                skipped("everything on the Oracle driver", &format!("PostgreSQL ({why})"));
                None
            }
        }
    }

    /// A fresh schema on the stand-in, for what only it can do: faults, counters.
    pub(crate) fn standin() -> Option<World> {
        let world = World::oracle()?;
        if matches!(world.oracle, Some(Oracle::StandIn(_))) {
            return Some(world);
        }
        skipped("faults and counters", "the stand-in instead of a real Oracle");
        None
    }

    /// The stand-in's database, to go past it.
    pub(crate) fn standin_database(&self) -> &clntsh::support::Database {
        match &self.oracle {
            Some(Oracle::StandIn(database)) => database,
            _ => panic!("{} is no stand-in", self.name),
        }
    }

    fn on(name: &str, database: DatabaseConfig, folder: TempDir) -> World {
        databases::count(name);
        let mut config = Config::parse("").unwrap();
        config.database =
            DatabaseConfig { retry_delay: std::time::Duration::from_millis(10), ..database };
        // What most tests take away is all there is; the limits have tests of their own.
        config.limits.revoke.floor = 1_000;
        config.limits.import_users.floor = 1_000;
        World { config, name: name.to_owned(), oracle: None, folder }
    }

    pub(crate) fn context(&self) -> CommandContext<'_> {
        context(&self.config)
    }

    /// A connection to look or write with.
    pub(crate) fn open(&self) -> Box<dyn Transaction> {
        let session = SessionSpec {
            action: "test".to_owned(),
            run_id: "test".to_owned(),
            writes: true,
            defines: false,
        };
        db::open(&self.config.database, &session).unwrap()
    }

    /// Puts rows in, one a line: a kind's word, then `NAME=value` for what is not its default.
    pub(crate) fn put(&self, rows: &str) {
        let mut db = self.open();
        let mut by_kind: Vec<(&Kind, Vec<Vec<Value>>)> = Vec::new();
        for line in rows.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (kind, values) = read_row(line);
            match by_kind.iter_mut().find(|(known, _)| known.word == kind.word) {
                Some((_, rows)) => rows.push(values),
                None => by_kind.push((kind, vec![values])),
            }
        }
        for (kind, rows) in by_kind {
            put_rows(&mut *db, kind, &rows);
        }
        db.commit().unwrap();
    }

    /// Runs one statement, as somebody else would.
    pub(crate) fn tamper(&self, statement: &str) -> u64 {
        let mut db = self.open();
        let sql = Sql::made("test".to_owned(), statement.to_owned());
        let touched = db.change_many(&sql, &BindArray::of(&[], &[&[]])).unwrap();
        db.commit().unwrap();
        touched[0]
    }

    /// Creates or alters something.
    pub(crate) fn define(&self, statement: &str) {
        let mut db = self.open();
        db.define(&Sql::made("test".to_owned(), statement.to_owned())).unwrap();
        db.commit().unwrap();
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.name == "sqlite"
    }

    /// All rows of a table as JSON, sorted.
    pub(crate) fn dump(&self, table: &str) -> Vec<String> {
        let mut rows: Vec<String> = self
            .query(&format!("SELECT * FROM {table}"))
            .iter()
            .map(|row| row.image_from(0))
            .collect();
        rows.sort();
        rows
    }

    /// The rows of a query.
    pub(crate) fn query(&self, query: &str) -> Vec<Row> {
        let sql = Sql::made("test".to_owned(), query.to_owned());
        self.open().rows(&sql, &[]).unwrap()
    }

    /// The first column of the first row, as text.
    pub(crate) fn one(&self, query: &str) -> String {
        self.query(query).first().map(|row| row.values[0].display()).unwrap_or_default()
    }

    /// Runs a job by its command line.
    pub(crate) fn run(&self, command: &str) -> Ended {
        self.try_run(command, false)
            .unwrap_or_else(|error| panic!("{}: `{command}`: {error:#}", self.name))
    }

    /// Plans a job by its command line.
    pub(crate) fn preview(&self, command: &str) -> Ended {
        self.try_run(command, true)
            .unwrap_or_else(|error| panic!("{}: `{command}`: {error:#}", self.name))
    }

    /// Carries a job out by its command line, and rolls it back.
    pub(crate) fn rehearse(&self, command: &str) -> Ended {
        self.request(command, true, true, &open)
            .unwrap_or_else(|error| panic!("`{command}`: {error:#}"))
    }

    /// Runs or plans; an error says that there was no run at all.
    pub(crate) fn try_run(&self, command: &str, preview: bool) -> anyhow::Result<Ended> {
        self.request(command, preview, false, &open)
    }

    /// Runs a job over connections that somebody else opens.
    pub(crate) fn run_over(&self, command: &str, open: OpenDatabase<'_>) -> Ended {
        self.request(command, false, false, open)
            .unwrap_or_else(|error| panic!("`{command}`: {error:#}"))
    }

    fn request(
        &self,
        command: &str,
        preview: bool,
        rehearse: bool,
        open: OpenDatabase<'_>,
    ) -> anyhow::Result<Ended> {
        let (job, as_of) = parse(command);
        let run_id = uuid::Uuid::now_v7().to_string();
        let config = &self.config;
        let request =
            Request { job: &job, preview, rehearse, as_of, config, clock: &now, open, run_id };
        let ended = run::run(&request)?;
        crate::schema::summary_must_fit(&ended.summary);
        Ok(ended)
    }

    /// Asks this directory from now on.
    pub(crate) fn ask(&mut self, settings: DirectorySettings) {
        let password_file = self.folder.path().join("directory.password");
        write_secret(&password_file, crate::slapd::PASSWORD);
        let bound = settings.bind_dn.is_some();
        self.config.directory = Some(DirectorySettings {
            password_file: bound.then_some(password_file),
            password_env: None,
            timeout: 5,
            retries: 1,
            ..settings
        });
        self.config.limits.sync_managers.floor = 1_000;
        self.config.sync_managers.not_found_percent = 100.0;
    }

    /// The config as a file, for the binary itself.
    pub(crate) fn config_file(&self) -> PathBuf {
        let path = self.folder.path().join("recert.toml");
        let database = &self.config.database;
        let text = |text: &str| toml::Value::String(text.to_owned());
        let mut lines = format!(
            "[database]\nurl = {}\nretries = {}\nretry_delay = {}\ncall_timeout = {}\nlock_timeout = {}\n",
            text(&database.url),
            database.retries,
            database.retry_delay.as_secs_f64(),
            database.call_timeout.as_secs_f64(),
            database.lock_timeout.as_secs_f64(),
        );
        let file = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        for (key, value) in [
            ("username", database.username.clone()),
            ("password_file", file(&database.password_file)),
            ("client_lib_dir", file(&database.client_lib_dir)),
            ("schema", database.schema.clone()),
        ] {
            lines.extend(value.map(|value| format!("{key} = {}\n", text(&value))));
        }
        for (job, limits) in [
            ("revoke", &self.config.limits.revoke),
            ("import-users", &self.config.limits.import_users),
            ("restore", &self.config.limits.restore),
        ] {
            let (floor, hours) = (limits.floor, limits.hours);
            lines.push_str(&format!("[limits.{job}]\nfloor = {floor}\nhours = {hours}\n"));
        }
        if let Some(actor) = &self.config.disable_inactive.actor_oidc_id {
            lines.push_str(&format!("[disable_inactive]\nactor_oidc_id = {}\n", text(actor)));
        }
        if let Some(directory) = &self.config.directory {
            lines.push_str(&format!(
                "[directory]\nurls = [{}]\nbase_dn = {}\n",
                text(&directory.urls[0]),
                text(&directory.base_dn)
            ));
            for (key, value) in [
                ("bind_dn", directory.bind_dn.clone()),
                ("password_file", file(&directory.password_file)),
                ("ca_file", file(&directory.ca_file)),
            ] {
                lines.extend(value.map(|value| format!("{key} = {}\n", text(&value))));
            }
        }
        // Several runs may start at once, and none is to read half of it.
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&lines) {
            std::fs::write(&path, lines).unwrap();
        }
        path
    }

    /// The binary, about to work on this database, with nothing of the tests' environment.
    pub(crate) fn recert(&self, command: &str) -> RecertProcess {
        let mut process = recert(command);
        process.env("RECERT_CONFIG", self.config_file()).current_dir(self.folder.path());
        process.env("LD_LIBRARY_PATH", clntsh::support::library_dir());
        process
    }
}

impl World {
    /// The summary of a run of the binary that ends well: by the real clock, as those that follow it.
    pub(crate) fn recert_ok(&self, command: &str) -> serde_json::Value {
        let output = self.recert(&format!("{command} --output json")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "`{command}`: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The binary with these words, separated by blanks.
pub(crate) fn recert(command: &str) -> RecertProcess {
    let mut process = RecertProcess::new();
    process.args(words(command)).env_remove("RECERT_CONFIG");
    process
}

/// The job and the day of a command line.
pub(crate) fn parse(command: &str) -> (Job, Option<NaiveDate>) {
    let all = std::iter::once("recert".to_owned()).chain(words(command));
    let cli = Cli::try_parse_from(all).unwrap_or_else(|error| panic!("`{command}`: {error}"));
    match cli.command {
        Command::Job(job) => (job, cli.global.as_of),
        other => panic!("`{command}` is no job: {other:?}"),
    }
}

/// On every database at hand: the plan is as printed, is carried out, and then there is nothing left.
pub(crate) fn check(rows: &str, command: &str, plan: &str) {
    for world in worlds() {
        check_on(&world, rows, command, plan);
    }
}

/// As [`check`], on this database.
pub(crate) fn check_on(world: &World, rows: &str, command: &str, plan: &str) {
    let name = &world.name;
    world.put(rows);
    let preview = world.preview(command);
    assert_eq!(printed(&preview), unindented(plan), "{name}: the plan of `{command}`");

    let ended = world.run(command);
    ok(&ended);
    assert_eq!(printed(&ended), unindented(plan), "{name}: what `{command}` applied");
    assert_eq!(
        ended.summary.counts, preview.summary.counts,
        "{name}: preview and run count the same"
    );
    assert_eq!(
        ledger_lines(world, &ended),
        unindented(plan).len(),
        "{name}: one ledger row a change"
    );

    let again = world.run(command);
    ok(&again);
    assert_eq!(printed(&again), Vec::<String>::new(), "{name}: `{command}` a second time");
    assert_eq!(ledger_lines(world, &again), 0, "{name}: an idle run leaves no change");
}

/// How many changes a run has in the ledger.
fn ledger_lines(world: &World, ended: &Ended) -> usize {
    let query = format!("SELECT seq FROM recert_change WHERE run_id = '{}'", ended.summary.run_id);
    world.query(&query).len()
}

/// Fails with the run's own words, if it failed.
pub(crate) fn ok(ended: &Ended) {
    if let Some(error) = &ended.error {
        panic!("{}", Exit::tell(error));
    }
}

/// The number a run ended with.
pub(crate) fn exit(ended: &Ended) -> Exit {
    ended.error.as_ref().map_or(Exit::Done, Exit::of)
}

/// The plan, one line a change.
pub(crate) fn printed(ended: &Ended) -> Vec<String> {
    let text = ended.plan.as_ref().map(plan_text).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The lines of a text in a test, without their indentation.
pub(crate) fn unindented(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Says by name what was left out, and why: past the test runner's capture, and into the file that
/// `tests/run` reads afterwards.
pub(crate) fn skipped(what: &str, needs: &str) {
    let line = format!("SKIPPED {what}: needs {needs}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("RECERT_TEST_SKIPS") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// A file that only its owner can read.
pub(crate) fn write_secret(path: &std::path::Path, secret: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(secret.as_bytes()).unwrap();
}

/// One line a change: what, which row, what becomes of it, why.
fn plan_text(plan: &recert::door::plan::Plan) -> String {
    let line = |(step, change): (&recert::door::plan::Step, recert::door::plan::TouchRef<'_>)| {
        let after = change.after().filter(|_| change.action().word() == "update");
        let after = after.map(|after| format!(" {after}")).unwrap_or_default();
        let absent = if change.result().word() == "applied" { "" } else { " (already absent)" };
        let (action, table) = (change.action().word(), &step.table);
        format!("{action} {table} {}{after}{absent}: {}\n", change.key(), change.why())
    };
    plan.changes().map(line).collect()
}
