//! A private OpenLDAP server for one test: its own directory, ports, certificates and people.
//!
//! Needs `slapd` and `ldapsearch` (Debian: packages slapd and ldap-utils). Stopped when dropped,
//! also when the test panics.

mod certificates;
pub(crate) mod people;

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use recert::door::config::directory::DirectorySettings;
use tempfile::TempDir;

pub(crate) use self::certificates::Certificate;

pub(crate) const BASE: &str = "DC=corp,DC=example";
pub(crate) const ACCOUNT: &str = "CN=recert,OU=Service,DC=corp,DC=example";
pub(crate) const PASSWORD: &str = "correct horse & 'battery' staple";

/// How a server is to be.
pub(crate) struct Options {
    /// Entries besides the base, its organisational units and the service account.
    pub(crate) ldif: String,
    /// What its certificate is like.
    pub(crate) certificate: Certificate,
    /// Lines for the configuration: global ones.
    pub(crate) global: &'static str,
    /// Lines for the configuration of the database: access and limits.
    pub(crate) database: &'static str,
    /// Variables of its environment.
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            ldif: String::new(),
            certificate: Certificate::Good,
            global: "",
            database: "limits dn.exact=\"cn=recert,ou=service,dc=corp,dc=example\" \
                       size.soft=1000 size.hard=1000 size.pr=1000 size.prtotal=unlimited\n",
            env: Vec::new(),
        }
    }
}

/// A server that answers.
pub(crate) struct Slapd {
    directory: TempDir,
    server: Child,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

impl Slapd {
    /// Whether a server can be started here, or what is missing.
    pub(crate) fn available() -> Result<(), String> {
        let missing: Vec<&str> = ["slapd", "slapadd", "ldapsearch"]
            .into_iter()
            .filter(|name| program(name).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("{} not found: install the packages slapd and ldap-utils", missing.join(", ")))
    }

    /// A server with these people, and everything else as it usually is.
    pub(crate) fn with(ldif: String) -> Self {
        Self::start(Options { ldif, ..Options::default() })
    }

    pub(crate) fn start(options: Options) -> Self {
        if let Err(missing) = Self::available() {
            panic!("{missing}");
        }
        let directory = tempfile::Builder::new().prefix("recert-slapd-").tempdir().unwrap();
        let path = directory.path();
        certificates::write(path, options.certificate);
        fs::create_dir(path.join("db")).unwrap();
        fs::write(path.join("ad.schema"), include_str!("ad.schema")).unwrap();
        fs::write(path.join("slapd.conf"), config(path, &options)).unwrap();
        fs::write(path.join("people.ldif"), base_ldif() + &options.ldif).unwrap();
        let load = Command::new(program("slapadd").unwrap())
            .args(["-q", "-f"])
            .arg(path.join("slapd.conf"))
            .arg("-l")
            .arg(path.join("people.ldif"))
            .output()
            .unwrap();
        assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stderr));
        let (port, tls_port) = (free_port(), free_port());
        let server = launch(path, port, tls_port, &options.env);
        let mut slapd = Slapd { directory, server, port, tls_port };
        // Somebody may take a free port before the server does: then it ends, and others are tried.
        for _ in 0..5 {
            if slapd.answers() {
                return slapd;
            }
            (slapd.port, slapd.tls_port) = (free_port(), free_port());
            slapd.server = launch(slapd.directory.path(), slapd.port, slapd.tls_port, &options.env);
        }
        panic!("slapd does not start: {}", slapd.log());
    }

    /// Settings with which this server is asked: by TLS, trusting its authority, as the service account.
    pub(crate) fn settings(&self) -> DirectorySettings {
        DirectorySettings {
            urls: vec![format!("ldaps://localhost:{}", self.tls_port)],
            ca_file: Some(self.ca_file()),
            bind_dn: Some(ACCOUNT.into()),
            password_env: Some("RECERT_TEST_PASSWORD".into()),
            base_dn: BASE.into(),
            timeout: 10,
            ..DirectorySettings::default()
        }
    }

    /// The same without TLS, which the settings then have to allow.
    pub(crate) fn plain_settings(&self) -> DirectorySettings {
        DirectorySettings {
            urls: vec![format!("ldap://localhost:{}", self.port)],
            ca_file: None,
            allow_plaintext: true,
            ..self.settings()
        }
    }

    /// The authority that issued the server's certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// An authority that did not.
    pub(crate) fn other_ca_file(&self) -> PathBuf {
        self.directory.path().join("other-ca.pem")
    }

    /// Kills the server, without a goodbye to anybody.
    pub(crate) fn kill(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }

    /// Waits until it answers; false when it has ended instead.
    fn answers(&mut self) -> bool {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            if self.server.try_wait().unwrap().is_some() {
                return false;
            }
            // It writes this once its ports are its own: on another's port, another would answer.
            if self.directory.path().join("slapd.pid").exists() && self.is_heard() {
                return true;
            }
            assert!(Instant::now() < patience, "slapd does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_heard(&self) -> bool {
        let search = Command::new(program("ldapsearch").unwrap())
            .args(["-x", "-LLL", "-o", "nettimeout=2", "-s", "base", "-b", "", "-H"])
            .arg(format!("ldap://127.0.0.1:{}", self.port))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        // With `require authc` (8, 48 or 53) it answers too. 255 is: can't connect.
        search.code().is_some_and(|code| code < 100)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("slapd.log")).unwrap_or_default()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(path: &Path, port: u16, tls_port: u16, env: &[(&'static str, String)]) -> Child {
    let log = fs::File::create(path.join("slapd.log")).unwrap();
    // The table of connections is as large as the limit of open files: unlimited, it takes long to clear.
    Command::new("/bin/sh")
        .args(["-c", "ulimit -n 1024; exec \"$0\" \"$@\""])
        .arg(program("slapd").unwrap())
        .envs(env.iter().map(|(name, value)| (name, value)))
        .args(["-d", "0", "-f"])
        .arg(path.join("slapd.conf"))
        .arg("-h")
        .arg(format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin", "/usr/lib/openldap"]);
    folders.map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// A port nobody listens on: it takes a privilege, and no service has it any more.
pub(crate) const DEAD_PORT: u16 = 1;

/// A port nobody listens on, as yet.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn config(path: &Path, options: &Options) -> String {
    let path = path.display();
    let mut config = String::new();
    for schema in ["core", "cosine", "inetorgperson"] {
        writeln!(config, "include /etc/ldap/schema/{schema}.schema").unwrap();
    }
    write!(
        config,
        "include {path}/ad.schema\n\
         pidfile {path}/slapd.pid\n\
         modulepath /usr/lib/ldap\n\
         moduleload back_mdb\n\
         TLSCACertificateFile {path}/ca.pem\n\
         TLSCertificateFile {path}/server.pem\n\
         TLSCertificateKeyFile {path}/server.key\n\
         {global}\n\
         database mdb\n\
         maxsize 1073741824\n\
         suffix \"{BASE}\"\n\
         rootdn \"CN=root,{BASE}\"\n\
         directory {path}/db\n\
         dbnosync\n\
         index objectClass,sAMAccountName,cn eq\n\
         {database}\n",
        global = options.global,
        database = options.database,
    )
    .unwrap();
    config
}

fn base_ldif() -> String {
    let mut ldif = format!("dn: {BASE}\nobjectClass: domain\ndc: corp\n\n");
    for unit in ["Staff", "Board", "Service"] {
        write!(ldif, "dn: OU={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}\n\n")
            .unwrap();
    }
    write!(
        ldif,
        "dn: {ACCOUNT}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n\
         cn: recert\nuserPassword: {PASSWORD}\n\n"
    )
    .unwrap();
    ldif
}

/// Ends a test that can't be run here, and says so by its name.
#[macro_export]
macro_rules! needs_slapd {
    () => {
        if let Err(missing) = $crate::slapd::Slapd::available() {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            return $crate::harness::skipped(&test, &missing);
        }
    };
}
