//! Getting into the directory: logins, certificates, and what `check` says of them.

use recert::door::config::directory::DirectorySettings;
use recert::door::directory::{CheckLine, open};
use recert::door::exit::Exit;

use crate::directory::{ask, assert_fails, ids, manager, staff};
use crate::directory_failures::{hasty, many, refs};
use crate::fake_ldap::{Asked, Do, Fake, What, all_report_to_the_boss};
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{Certificate, DEAD_PORT, Options, PASSWORD, Slapd};

#[test]
fn a_wrong_password_is_tried_once_and_on_one_server() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    let mut directory = open(&slapd.settings(), Some("wrong")).unwrap();
    let err = directory.line_managers(&many(1), &mut |_| {}).unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config, "{err:#}");
    assert!(format!("{err:#}").contains("wrong `[directory] bind_dn` or password"), "{err:#}");

    let refuse = |asked: &Asked| match asked.what {
        What::Bind => vec![Do::Result(49, "AcceptSecurityContext error, data 52e, v3839")],
        _ => vec![Do::HangUp],
    };
    let (first, second) = (Fake::start(refuse), Fake::start(refuse));
    let settings = DirectorySettings { retries: 5, ..hasty(vec![first.url(), second.url()]) };
    assert_fails(&settings, &["ada"], Exit::Config, "wrong `[directory] bind_dn` or password");
    assert_eq!((first.binds(), second.binds()), (1, 0));
    let err = open(&settings, Some(PASSWORD)).unwrap().check(&[]).unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config);
    assert_eq!((first.binds(), second.binds()), (2, 0));
}

#[test]
fn a_password_that_changes_during_the_run_is_not_tried_by_every_connection() {
    let fake = Fake::start(|asked| match (&asked.what, asked.before) {
        (What::Bind, 4..) => vec![Do::Result(49, "")],
        (What::Search { base, .. }, 9..) if !base.is_empty() => vec![Do::HangUp],
        _ => all_report_to_the_boss(asked),
    });
    let settings = DirectorySettings { retries: 3, ..hasty(vec![fake.url()]) };
    let ids = many(5000);
    assert_fails(&settings, &refs(&ids), Exit::Config, "the login was refused");
    assert_eq!(fake.binds(), 5);
}

#[test]
fn an_empty_password_is_refused_before_anything_is_sent() {
    let fake = Fake::start(all_report_to_the_boss);
    for password in [None, Some("")] {
        let err = open(&hasty(vec![fake.url()]), password).err().unwrap();
        assert_eq!(Exit::of(&err), Exit::Config);
    }
    assert_eq!(fake.binds(), 0);
}

#[test]
fn a_password_is_not_sent_in_clear() {
    needs_slapd!();
    let fake = Fake::start(all_report_to_the_boss);
    let settings = DirectorySettings { allow_plaintext: false, ..hasty(vec![fake.url()]) };
    assert_fails(&settings, &["ada"], Exit::Config, "in clear");
    assert_eq!(fake.binds(), 0);

    let global = "security simple_bind=64\n";
    let slapd = Slapd::start(Options { global, ..Options::default() });
    assert_fails(&slapd.plain_settings(), &["ada"], Exit::Config, "the server wants TLS");
}

// Certificates.

#[test]
fn certificates_that_cannot_be_trusted_are_for_a_person_to_look_at() {
    needs_slapd!();
    let cases = [
        (Certificate::Good, true, "ca_file"),
        (Certificate::Expired, false, "have it renewed"),
        (Certificate::WrongHost, false, "name the server"),
    ];
    for (certificate, other_authority, mend) in cases {
        let slapd = Slapd::start(Options { certificate, ..Options::default() });
        let mut settings = slapd.settings();
        if other_authority {
            settings.ca_file = Some(slapd.other_ca_file());
        }
        assert_fails(&settings, &["ada"], Exit::Config, mend);
        settings.urls = vec![format!("ldap://localhost:{}", slapd.port)];
        settings.starttls = true;
        assert_fails(&settings, &["ada"], Exit::Config, mend);
    }
}

#[test]
fn the_systems_authorities_do_not_vouch_for_a_private_one() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    let settings = DirectorySettings { ca_file: None, ..slapd.settings() };
    let err = open(&settings, Some(PASSWORD))
        .and_then(|mut directory| directory.line_managers(&many(1), &mut |_| {}))
        .unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config, "{err:#}");
    assert!(format!("{err:#}").contains("ca_file"), "{err:#}");
}

#[test]
fn a_ca_file_that_cannot_be_used_is_named() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    let folder = slapd.ca_file();
    let folder = folder.parent().unwrap();
    std::fs::write(folder.join("empty.pem"), "").unwrap();
    std::fs::write(
        folder.join("bad.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for name in ["absent.pem", "empty.pem", "bad.pem"] {
        let settings = DirectorySettings { ca_file: Some(folder.join(name)), ..slapd.settings() };
        let err = open(&settings, Some(PASSWORD)).err().unwrap();
        assert_eq!(Exit::of(&err), Exit::Config);
        assert!(format!("{err:#}").contains(name), "{err:#}");
    }
}

#[test]
fn a_port_that_does_not_speak_tls_is_no_endless_wait() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    let settings = DirectorySettings {
        urls: vec![format!("ldaps://localhost:{}", slapd.port)],
        timeout: 1,
        retries: 0,
        ..slapd.settings()
    };
    let err = ask(&settings, &["ada"]).unwrap_err();
    assert!(matches!(Exit::of(&err), Exit::Unavailable | Exit::Config), "{err:#}");
    assert!(format!("{err:#}").contains("TLS"), "{err:#}");
    let fake = Fake::start(|_| vec![Do::Result(2, "unsupported extended operation")]);
    let settings = DirectorySettings {
        starttls: true,
        ca_file: Some(slapd.ca_file()),
        ..hasty(vec![fake.url()])
    };
    assert_fails(&settings, &["ada"], Exit::Config, "refuses StartTLS");
}

#[test]
fn anonymous_searches_work_where_the_server_lets_them() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let settings = DirectorySettings {
        anonymous: true,
        bind_dn: None,
        password_env: None,
        ..slapd.settings()
    };
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
    let starttls = DirectorySettings {
        urls: vec![format!("ldap://localhost:{}", slapd.port)],
        starttls: true,
        ..slapd.settings()
    };
    assert_eq!(ask(&starttls, &["ada"]).unwrap(), [manager("boss")]);
    assert_eq!(ask(&slapd.plain_settings(), &["ada"]).unwrap(), [manager("boss")]);

    let closed = Slapd::start(Options { global: "require authc\n", ..Options::default() });
    let settings = DirectorySettings {
        anonymous: true,
        bind_dn: None,
        password_env: None,
        ..closed.settings()
    };
    assert_fails(&settings, &["ada"], Exit::Config, "set `[directory] bind_dn`");
}

/// What `check` says, a line each, with a word for its kind before it.
fn checked(settings: &DirectorySettings, samples: &[&str]) -> String {
    let lines = open(settings, Some(PASSWORD)).unwrap().check(&ids(samples)).unwrap();
    let told = lines.into_iter().map(|line| match line {
        CheckLine::Ok(line) => format!("ok {line}"),
        CheckLine::Warning(line) => format!("warning {line}"),
        CheckLine::Missing(line) => format!("missing {line}"),
    });
    told.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
}

#[test]
fn check_says_what_a_run_would_find() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let mut settings = slapd.settings();
    settings.urls.push(format!("ldaps://localhost:{DEAD_PORT}"));
    let told = checked(&settings, &["ada"]);
    assert_says(
        &told,
        &[
            "OpenLDAP, TLS, logged in as CN=recert",
            "warning server `ldaps://localhost:1` at 127.0.0.1:1: not usable now",
            "found; managers are asked for by `entryDN`",
            "ok attributes: all are in the server's schema",
            "ok 1 of 1 users of USER_TAB are found",
            "ok 1 of 1 of them have a manager",
            "ok 1 of 1 managers show `mail`",
        ],
    );
    assert!(!told.contains("The boss"), "{told}");

    let settings = DirectorySettings { manager_attribute: "managr".into(), ..slapd.settings() };
    let err = open(&settings, Some(PASSWORD)).unwrap().check(&[]).unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config);
    assert!(format!("{err:#}").contains("managr"), "{err:#}");
    let settings = DirectorySettings { base_dn: "DC=nowhere".into(), ..slapd.settings() };
    let err = open(&settings, Some(PASSWORD)).unwrap().check(&[]).unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config);
    assert!(format!("{err:#}").contains("the server holds `dc=corp,dc=example`"), "{err:#}");
}

#[test]
fn check_is_red_where_a_run_finds_nobody_and_yellow_where_it_misses_some() {
    needs_slapd!();
    let mut people = staff(&["ada", "bob"]);
    people.push(Person::new("loner"));
    let slapd = Slapd::with(ldif(&people));
    let right = slapd.settings();
    let with = |change: fn(&mut DirectorySettings)| {
        let mut settings = right.clone();
        change(&mut settings);
        settings
    };
    let nobody = with(|settings| settings.user_filter = "(objectClass=usr)".into());
    let told = checked(&nobody, &["ada"]);
    assert_says(
        &told,
        &["missing nobody below the base DN passes `(objectClass=usr)`", "missing 0 of 1 users"],
    );
    let told = checked(&right, &["ada", "bob", "loner", "gone"]);
    let parts = [
        "warning 3 of 4 users of USER_TAB are found",
        "warning 2 of 3 of them have a manager",
        "warning user `gone`: not in the directory",
        "warning user `loner`: found, without a manager",
    ];
    assert_says(&told, &parts);
    let wrong = with(|settings| settings.manager_attribute = "displayName".into());
    assert_says(
        &checked(&wrong, &["ada"]),
        &["missing 0 of 1 of them have a manager by `displayName`"],
    );
    assert_says(&checked(&right, &[]), &["warning USER_TAB has nobody to look up"]);
}
