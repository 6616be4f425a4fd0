use super::*;

/// Settings that are right, with the keys of `toml` put over them.
fn settings(toml: &str) -> DirectorySettings {
    let right = "urls = ['ldaps://dc1.corp.example']\nbase_dn = 'DC=corp,DC=example'\n\
                 bind_dn = 'CN=recert,DC=corp'\npassword_file = '/etc/recert/ldap'";
    let mut table: toml::Table = right.parse().unwrap();
    let over: toml::Table = toml.parse().unwrap();
    if over.contains_key("anonymous") {
        table.remove("bind_dn");
        table.remove("password_file");
    }
    table.extend(over);
    table.try_into().unwrap()
}

fn mistakes(toml: &str) -> String {
    let mut errors = Vec::new();
    settings(toml).check(&mut errors);
    errors.join("\n")
}

#[test]
fn the_defaults_are_those_of_active_directory() {
    let settings = settings("");
    assert_eq!(mistakes(""), "");
    assert_eq!(settings.user_filter, "(objectClass=user)");
    assert_eq!(settings.user_id_attribute, "sAMAccountName");
    assert_eq!((settings.batch_size, settings.connections, settings.page_size), (50, 4, 1000));
    assert_eq!(settings.strategy, Strategy::Auto);
}

#[test]
fn unknown_keys_are_errors() {
    let err = crate::config::Config::parse("[directory]\nbind_pw = 'x'").unwrap_err();
    assert!(err.to_string().contains("directory.bind_pw"), "{err}");
    assert!(toml::from_str::<DirectorySettings>("strategy = 'fast'").is_err());
}

#[test]
fn a_password_never_travels_in_clear_unasked() {
    let plain = "urls = ['ldap://dc1']\n";
    assert!(mistakes(plain).contains("in clear"));
    assert_eq!(mistakes(&format!("{plain}starttls = true")), "");
    assert_eq!(mistakes(&format!("{plain}allow_plaintext = true")), "");
    assert_eq!(mistakes(&format!("{plain}anonymous = true")), "");
}

#[test]
fn urls_are_checked() {
    for (urls, part) in [
        ("[]", "at least one"),
        ("['dc1.corp.example']", "not a URL"),
        ("['https://dc1']", "neither"),
        ("['ldaps://']", "host"),
        ("['ldaps://dc1/DC=corp?x']", "only scheme"),
        ("['ldaps://me:secret@dc1']", "holds a login"),
        ("['ldaps://[::1]:636']", "IPv6"),
    ] {
        let found = mistakes(&format!("urls = {urls}"));
        assert!(found.contains(part), "{urls}: {found}");
    }
    assert!(mistakes("starttls = true").contains("TLS from the start"));
}

#[test]
fn a_login_is_whole_or_anonymous() {
    assert!(mistakes("bind_dn = ' '").contains("empty"));
    assert!(mistakes("password_env = 'X'").contains("give one of"));
    assert!(mistakes("password_command = []").contains("names no program"));
    assert_eq!(mistakes("anonymous = true"), "");
    assert!(mistakes("anonymous = true\npassword_env = 'X'").contains("without `bind_dn`"));
    assert!(mistakes("anonymous = true\nbind_dn = 'CN=a'").contains("exclude"));
    let mut errors = Vec::new();
    DirectorySettings {
        urls: vec!["ldaps://a".into()],
        base_dn: "DC=a".into(),
        ..Default::default()
    }
    .check(&mut errors);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("`bind_dn` is missing"));
}

#[test]
fn every_mistake_is_found_at_once() {
    let found = mistakes(
        "base_dn = ''\nuser_filter = '(a=b'\nmanager_attribute = 'line manager'\ndn_attribute = ''\n\
         batch_size = 0\npage_size = 0\nconnections = 0\ntimeout = 0\nretries = 21",
    );
    assert_eq!(found.lines().count(), 9, "{found}");
    assert!(mistakes("base_dn = 'corp.example'").contains("not a DN"));
}
