//! Kerberos, with a KDC of MIT's and OpenLDAP's SASL: the login, the binding to TLS, and what is said when it fails.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{World, skipped};
use crate::slapd::people::{Person, ldif};
use crate::slapd::{ACCOUNT, BASE, Options, Slapd, free_port, program};

const REALM: &str = "CORP.EXAMPLE";

/// A KDC of one test, with a keytab for recert and one for the server.
struct Kdc {
    folder: TempDir,
    server: Child,
}

impl Kdc {
    fn start() -> Kdc {
        let folder = tempfile::tempdir().unwrap();
        let (path, port) = (folder.path(), free_port());
        let shown = path.display();
        write_krb5_conf(&path.join("krb5.conf"), REALM, REALM, port);
        let kdc = format!(
            "[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n{REALM} = {{\n database_name = {shown}/principal\n key_stash_file = {shown}/stash\n \
             acl_file = {shown}/acl\n}}\n[logging]\nkdc = FILE:{shown}/kdc.log\n"
        );
        fs::write(path.join("kdc.conf"), kdc).unwrap();
        run(path, "kdb5_util", &["create", "-s", "-P", "master", "-r", REALM]);
        let keytab = |name: &str| format!("{shown}/{name}.keytab");
        for query in [
            "addprinc -randkey recert".to_owned(),
            "addprinc -randkey ldap/localhost".to_owned(),
            format!("ktadd -k {} recert", keytab("client")),
            format!("ktadd -k {} ldap/localhost", keytab("server")),
        ] {
            run(path, "kadmin.local", &["-r", REALM, "-q", &query]);
        }
        let server = Command::new(program("krb5kdc").unwrap())
            .args(["-n", "-r", REALM, "-P"])
            .arg(path.join("kdc.pid"))
            .envs(environment(path))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "the KDC does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Kdc { folder, server }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An OpenLDAP that takes its tickets, and wants them bound to the connection.
    fn slapd(&self) -> Slapd {
        let boss = Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss");
        let people = [Person::new("E1").managed_by(&boss.dn), boss];
        let global = format!(
            "sasl-host localhost\nsasl-realm {REALM}\nsasl-cbinding tls-endpoint\n\
             authz-regexp \"uid=recert,.*cn=gssapi,cn=auth\" \"{ACCOUNT}\"\n"
        );
        let env = vec![
            ("KRB5_CONFIG", self.path().join("krb5.conf").display().to_string()),
            ("KRB5_KTNAME", self.path().join("server.keytab").display().to_string()),
        ];
        let database = "access to dn.subtree=\"ou=staff,dc=corp,dc=example\" by dn.exact=\"cn=recert,ou=service,dc=corp,dc=example\" read by * none\n\
                        access to * by * read\n";
        let global = Box::leak(global.into_boxed_str());
        Slapd::start(Options { ldif: ldif(&people), global, database, env, ..Options::default() })
    }
}

impl Drop for Kdc {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn environment(path: &Path) -> [(&'static str, std::path::PathBuf); 2] {
    [("KRB5_CONFIG", path.join("krb5.conf")), ("KRB5_KDC_PROFILE", path.join("kdc.conf"))]
}

fn write_krb5_conf(path: &Path, default_realm: &str, realm_of_host: &str, port: u16) {
    let text = format!(
        "[libdefaults]\ndefault_realm = {default_realm}\ndns_lookup_realm = false\ndns_lookup_kdc = false\nrdns = false\n\
         dns_canonicalize_hostname = false\nudp_preference_limit = 1\n\
         [realms]\n{REALM} = {{\n kdc = 127.0.0.1:{port}\n}}\n[domain_realm]\nlocalhost = {realm_of_host}\n"
    );
    fs::write(path, text).unwrap();
}

fn run(path: &Path, name: &str, arguments: &[&str]) {
    let output = Command::new(program(name).unwrap())
        .args(arguments)
        .envs(environment(path))
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What is missing for these tests, if anything is.
fn missing() -> Option<String> {
    let programs = ["krb5kdc", "kdb5_util", "kadmin.local"];
    let absent = programs.into_iter().find(|name| program(name).is_none());
    let module = Path::new("/usr/lib/x86_64-linux-gnu/sasl2/libgssapiv2.so").exists()
        || Path::new("/usr/lib/aarch64-linux-gnu/sasl2/libgssapiv2.so").exists();
    match (absent, module) {
        (Some(name), _) => Some(format!("{name}: install krb5-kdc and krb5-admin-server")),
        (None, false) => Some("SASL's GSSAPI: install libsasl2-modules-gssapi-mit".to_owned()),
        (None, true) => Slapd::available().err(),
    }
}

/// Runs `sync-managers` with this Kerberos: its krb5.conf, and a keytab to fetch tickets by.
fn sync(world: &World, slapd: &Slapd, krb5_conf: &Path, keytab: &Path) -> Output {
    let mut config = fs::read_to_string(world.config_file()).unwrap();
    config += &format!(
        "\n[directory]\nurls = [\"ldaps://localhost:{}\"]\nca_file = \"{}\"\nbind = \"kerberos\"\nbase_dn = \"{BASE}\"\nretries = 0\n",
        slapd.tls_port,
        slapd.ca_file().display(),
    );
    let path = world.folder.path().join("kerberos.toml");
    fs::write(&path, config).unwrap();
    let cache = format!("FILE:{}", world.folder.path().join("cache").display());
    let mut process = world.recert("sync-managers");
    process.env("RECERT_CONFIG", path).env("KRB5_CONFIG", krb5_conf).env("KRB5CCNAME", cache);
    process.env("KRB5_CLIENT_KTNAME", keytab).output().unwrap()
}

#[track_caller]
fn assert_ends(output: &Output, code: i32, say: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(say), "`{say}` is not in {told}");
}

#[test]
fn a_ticket_of_a_keytab_logs_in_bound_to_tls_and_what_is_missing_is_told() {
    if let Some(missing) = missing() {
        return skipped("Kerberos", &missing);
    }
    let kdc = Kdc::start();
    let slapd = kdc.slapd();
    let (conf, keytab) = (kdc.path().join("krb5.conf"), kdc.path().join("client.keytab"));
    let world = World::sqlite();
    world.put("staff");
    assert_ends(&sync(&world, &slapd, &conf, &keytab), 0, "");
    assert_eq!(world.one("SELECT linemanager_id FROM user_tab"), "boss");

    let world = World::sqlite();
    world.put("staff");
    let none = kdc.path().join("none.keytab");
    assert_ends(&sync(&world, &slapd, &conf, &none), 3, "there is no ticket");
    let other = kdc.path().join("other.conf");
    write_krb5_conf(&other, REALM, "ELSEWHERE.EXAMPLE", 1);
    let output = sync(&world, &slapd, &other, &keytab);
    assert!(matches!(output.status.code(), Some(3 | 75)), "{output:?}");
    write_krb5_conf(&other, REALM, REALM, 1);
    assert_ends(&sync(&world, &slapd, &other, &keytab), 75, "no KDC");
    run(kdc.path(), "kadmin.local", &["-r", REALM, "-q", "delprinc -force ldap/localhost"]);
    assert_ends(&sync(&world, &slapd, &conf, &keytab), 3, "service principal");
    run(kdc.path(), "kadmin.local", &["-r", REALM, "-q", "delprinc -force recert"]);
    fs::remove_file(world.folder.path().join("cache")).unwrap();
    assert_ends(&sync(&world, &slapd, &conf, &keytab), 3, "does not take the account");
    assert_eq!(world.one("SELECT COUNT(*) FROM user_tab WHERE linemanager_id IS NULL"), "1");
}
