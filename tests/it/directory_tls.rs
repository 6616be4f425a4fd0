//! TLS to the directory that can't work: what it is that a person must mend, and 3.

use std::io::Read as _;
use std::net::TcpListener;
use std::thread;

use recert::door::config::directory::DirectorySettings;
use recert::door::exit::Exit;

use crate::directory::{ask, assert_fails, manager, staff};
use crate::directory_failures::hasty;
use crate::fake_ldap::{Fake, all_report_to_the_boss};
use crate::needs_slapd;
use crate::slapd::people::ldif;
use crate::slapd::{Certificate, Options, Slapd};

#[test]
fn a_server_that_asks_for_a_clients_certificate_is_for_a_person_to_look_at() {
    needs_slapd!();
    for global in [
        "TLSVerifyClient demand\n",
        "TLSVerifyClient demand\nTLSProtocolMin 3.3\nTLSCipherSuite NORMAL:-VERS-TLS1.3\n",
    ] {
        let slapd = Slapd::start(Options { global, ..Options::default() });
        let settings = DirectorySettings { retries: 1, ..slapd.settings() };
        assert_fails(&settings, &["ada"], Exit::Config, "asks for a client's certificate");
        let settings = DirectorySettings {
            urls: vec![format!("ldap://localhost:{}", slapd.port)],
            starttls: true,
            ..settings
        };
        assert_fails(&settings, &["ada"], Exit::Config, "asks for a client's certificate");
    }
}

#[test]
fn plain_ldap_on_a_port_of_tls_is_told() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    let plain = DirectorySettings {
        urls: vec![format!("ldap://localhost:{}", slapd.tls_port)],
        timeout: 3,
        ..slapd.plain_settings()
    };
    assert_fails(&plain, &["ada"], Exit::Config, "speaks TLS on this port");
    let anonymous =
        DirectorySettings { anonymous: true, bind_dn: None, password_env: None, ..plain };
    assert_fails(&anonymous, &["ada"], Exit::Config, "speaks TLS on this port");
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_is_for_a_person_to_look_at_unless_another_answers() {
    needs_slapd!();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 16]); // The rest is unread, so that the end is a reset.
        }
    });
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let mut settings = slapd.settings();
    settings.urls = vec![format!("ldaps://localhost:{port}")];
    assert_fails(&settings, &["ada"], Exit::Config, "during the TLS handshake");
    settings.urls.extend(slapd.settings().urls);
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
}

#[test]
fn the_next_server_is_asked_when_the_certificate_of_one_cannot_be_trusted() {
    needs_slapd!();
    let expired = Slapd::start(Options { certificate: Certificate::Expired, ..Options::default() });
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let mut settings = slapd.settings();
    settings.urls.insert(0, expired.settings().urls.remove(0));
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
}

#[test]
fn bytes_of_tls_on_a_plain_connection_are_known_for_what_they_are() {
    let alert = Fake::start(|_| {
        vec![crate::fake_ldap::Do::Raw(vec![0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])]
    });
    let settings = DirectorySettings { retries: 0, ..hasty(vec![alert.url()]) };
    assert_fails(&settings, &["ada"], Exit::Config, "speaks TLS on this port");
    let good = Fake::start(all_report_to_the_boss);
    let settings = hasty(vec![alert.url(), good.url()]);
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
}
