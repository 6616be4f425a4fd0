//! A PostgreSQL server for tests: one a process, started on first use, gone with the process however it ends.
//!
//! `RECERT_TEST_PG_HOST` and `RECERT_TEST_PG_PORT` name a running one instead; it must let `postgres` in without a
//! password and everybody else with one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SETUP: &str = include_str!("../setup.sql");
const TEMPLATE: &str = "standin_template";
pub const PASSWORD: &str = "Tiger#1";

/// A running server.
pub struct Cluster {
    pub host: String,
    pub port: u16,
    bin: PathBuf,
    /// The server ends when this pipe closes, which it does even when the process is killed.
    _life: Option<ChildStdin>,
}

/// A database of its own for one test, with a user and a schema of the same name.
pub struct Database {
    pub name: String,
    pub user: String,
    pub password: String,
    /// EZConnect, as `oracle` takes it.
    pub identifier: String,
    /// A copy lives in the schema of the database it is made of, and leaves its user alone.
    is_copy: bool,
    cluster: &'static Cluster,
}

/// The process's server, or why there is none.
pub fn cluster() -> Result<&'static Cluster, String> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::find_or_start).as_ref().map_err(Clone::clone)
}

/// A new database on the process's server.
pub fn database() -> Result<Database, String> {
    cluster()?.database()
}

/// Where `libclntsh.so` is: beside the test binary, where ODPI-C looks first. A spawned program needs it as
/// `LD_LIBRARY_PATH`.
pub fn library_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.parent().map(Path::to_path_buf).unwrap_or_default()
}

impl Cluster {
    fn find_or_start() -> Result<Cluster, String> {
        let bin = find_bin().ok_or("PostgreSQL 15 or later is not installed (no initdb found)")?;
        let cluster = match (std::env::var("RECERT_TEST_PG_HOST"), std::env::var("RECERT_TEST_PG_PORT")) {
            (Ok(host), Ok(port)) => {
                let port = port.parse().map_err(|_| format!("RECERT_TEST_PG_PORT `{port}` is no port"))?;
                Cluster { host, port, bin, _life: None }
            }
            // Somebody may take the free port first.
            _ => {
                Cluster::start(bin.clone()).or_else(|_| Cluster::start(bin.clone())).or_else(|_| Cluster::start(bin))?
            }
        };
        cluster.make_template()?;
        Ok(cluster)
    }

    fn start(bin: PathBuf) -> Result<Cluster, String> {
        let said = |what: &str, err: std::io::Error| format!("{what}: {err}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|err| said("no free port", err))?;
        let port = listener.local_addr().map_err(|err| said("no free port", err))?.port();
        drop(listener);
        let mut command = as_postgres("sh");
        command.arg("-c").arg(START).arg("sh").arg(&bin).arg(port.to_string()).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        // Its own group: Ctrl-C ends the tests, and the closing pipe ends the server.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|err| said("cannot start a shell for PostgreSQL", err))?;
        let life = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|err| said("no word from PostgreSQL", err))?;
        }
        if line.trim() != "ready" {
            return Err(format!("PostgreSQL did not start: {line}"));
        }
        Ok(Cluster { host: "127.0.0.1".into(), port, bin, _life: life })
    }

    fn make_template(&self) -> Result<(), String> {
        let template = template_name();
        if self.psql("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{template}'"))?.trim() == "1" {
            return Ok(());
        }
        // Another process may be at it on a shared server: the name only appears when all is done.
        let draft = format!("{template}_{}", std::process::id());
        self.psql("postgres", &format!("CREATE DATABASE {draft} ENCODING 'UTF8' TEMPLATE template0"))?;
        self.psql(&draft, SETUP)?;
        match self.psql("postgres", &format!("ALTER DATABASE {draft} RENAME TO {template}")) {
            Err(err) if !err.contains("already exists") => Err(err),
            _ => Ok(()),
        }
    }

    fn database(&'static self) -> Result<Database, String> {
        let name = next_name();
        let template = template_name();
        self.psql(
            "postgres",
            &format!(
                "CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}';\n\
                 CREATE DATABASE {name} TEMPLATE {template};\n\
                 \\c {name}\n\
                 CREATE SCHEMA {name} AUTHORIZATION {name};"
            ),
        )?;
        Ok(Database {
            identifier: format!("//{}:{}/{name}", self.host, self.port),
            user: name.clone(),
            password: PASSWORD.into(),
            name,
            is_copy: false,
            cluster: self,
        })
    }

    /// Runs SQL as PostgreSQL's superuser; answers unaligned rows.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", &self.host]);
        command.args(["-p", &self.port.to_string(), "-d", database, "-f", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|err| format!("cannot run psql: {err}"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(sql.as_bytes()).map_err(|err| format!("psql took no input: {err}"))?;
        }
        let output = child.wait_with_output().map_err(|err| format!("psql: {err}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Database {
    /// A new database with everything that is in this one, and the same user. Nobody may be logged on to this one.
    pub fn copy(&self) -> Result<Database, String> {
        let name = next_name();
        self.cluster.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {}", self.name))?;
        Ok(Database {
            identifier: format!("//{}:{}/{name}", self.cluster.host, self.cluster.port),
            user: self.user.clone(),
            password: self.password.clone(),
            name,
            is_copy: true,
            cluster: self.cluster,
        })
    }

    /// Runs SQL in this database as PostgreSQL's superuser, past everything the stand-in does.
    pub fn psql(&self, sql: &str) -> Result<String, String> {
        self.cluster.psql(&self.name, sql)
    }

    /// Another user of this database, with an empty schema of its own. Answers its name; the password is the same.
    pub fn add_user(&self, suffix: &str) -> Result<String, String> {
        let user = format!("{}_{suffix}", self.name);
        self.psql(&format!(
            "CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'; CREATE SCHEMA {user} AUTHORIZATION {user};"
        ))?;
        Ok(user)
    }

    /// Locks the account, as a DBA or too many wrong passwords would.
    pub fn lock_account(&self) -> Result<(), String> {
        self.psql(&format!("ALTER ROLE {} NOLOGIN", self.user)).map(drop)
    }

    /// Ends all sessions of this database's users, as ALTER SYSTEM KILL SESSION would.
    pub fn kill_sessions(&self) -> Result<(), String> {
        let others = "pid <> pg_backend_pid() AND datname = current_database()";
        self.psql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))?;
        // The signal is sent; wait until they are really gone.
        for _ in 0..200 {
            if self.psql(&format!("SELECT count(*) FROM pg_stat_activity WHERE {others}"))?.trim() == "0" {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("sessions survived".into())
    }

    /// Ends the sessions that wait for a lock, and not those they wait for: a lock let go first would let them through.
    pub fn kill_waiters(&self) -> Result<(), String> {
        let waiters = "wait_event_type = 'Lock' AND datname = current_database()";
        self.psql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiters}")).map(|_| ())
    }

    /// Waits until so many sessions of this database wait for a lock.
    pub fn wait_for_waiters(&self, n: u32) -> Result<(), String> {
        let sql =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        for _ in 0..500 {
            if self.psql(sql)?.trim().parse::<u32>().is_ok_and(|found| found >= n) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("never saw {n} sessions wait for a lock"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // There are hundreds in a test run, and they may stand in memory; on a shared server nothing is to be left.
        let _ = self.cluster.psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        if !self.is_copy {
            let drop = format!("DROP ROLE IF EXISTS {}", self.user);
            let _ = self.cluster.psql("postgres", &drop);
        }
    }
}

fn next_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Changes with setup.sql, so that a shared server never serves an old one.
fn template_name() -> String {
    let hash = SETUP.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{TEMPLATE}_{hash:016x}")
}

fn find_bin() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    // The newest first.
    found.sort_by_key(|path| std::cmp::Reverse(version_of(path)));
    found.retain(|path| version_of(path) >= 15);
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    found.into_iter().find(|dir| dir.join("initdb").exists() && dir.join("psql").exists())
}

fn version_of(bin: &Path) -> u32 {
    let name = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`.
fn as_postgres(program: &str) -> Command {
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program]);
    command
}

/// Makes a cluster, says `ready`, and cleans up when its input ends. Passwords are MD5's, as SCRAM takes 60 ms a log-on
/// in a debug build.
const START: &str = r#"
bin=$1; port=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/oci-standin-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
log=$dir/log
fail() { tr '\n' ' ' <"$log"; exit 1; }
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$log" 2>&1 || fail
cat >"$dir/data/pg_hba.conf" <<HBA
local all postgres trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 md5
HBA
"$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c lc_messages=C -c timezone=UTC -c log_timezone=UTC \
    -c password_encryption=md5 -c max_connections=200 -c shared_buffers=64MB -c jit=off -c deadlock_timeout=200ms >>"$log" 2>&1 </dev/null &
server=$!
for i in $(seq 200); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && break
    kill -0 $server 2>/dev/null || fail
    sleep 0.1
done
echo ready
cat >/dev/null
kill -QUIT $server
wait $server
"#;
