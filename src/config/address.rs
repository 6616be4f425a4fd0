//! Addresses of databases and directories: where a login stands in one, it is refused unseen.

/// Whether an Oracle connect identifier holds a login, or may: `scott/tiger@db`, `(PASSWORD=…)`,
/// `?password=…`.
pub(super) fn holds_login(identifier: &str) -> bool {
    // A descriptor may hold an `@` in a certificate's name; it has no place for a login.
    let is_descriptor = identifier.trim_start().starts_with('(');
    names_password(identifier) || !is_descriptor && identifier.contains('@')
}

/// `word/word` alone may be an address (`host/service`) or a login; where the config names no
/// account of its own, nobody can tell.
pub(super) fn may_be_login(identifier: &str) -> bool {
    let Some((user, password)) = identifier.split_once('/') else { return false };
    !user.is_empty() && !user.contains([':', '.', '(']) && !password.is_empty()
}

/// A key that is called like a password, with a value.
pub(super) fn names_password(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["password", "passwd", "pwd"].iter().any(|word| {
        lower
            .match_indices(word)
            .any(|(at, _)| lower[at + word.len()..].trim_start().starts_with('='))
    })
}

/// An address as it may be shown, whatever somebody put in front of the host.
#[must_use]
pub(crate) fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    match scheme {
        "sqlite" => url.to_owned(),
        _ if names_password(rest) => format!("{scheme}:…"),
        "oracle" if !rest.trim_start().starts_with('(') => match rest.rsplit_once('@') {
            Some((_, host)) => format!("oracle:{host}"),
            None => url.to_owned(),
        },
        "oracle" => url.to_owned(),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_an_address_is_known_in_every_shape() {
        for login in [
            "scott/tiger@db",
            "//scott:tiger@db/rap",
            "(DESCRIPTION=(SECURITY=(PASSWORD=tiger)))",
            "(description=(x=(password = tiger)))",
            "//db/rap?password=tiger",
            "db?wallet=x&PWD=tiger",
        ] {
            assert!(holds_login(login), "{login}");
            assert!(!without_login(&format!("oracle:{login}")).contains("tiger"), "{login}");
        }
        for address in [
            "RAP",
            "//db:1521/RAP",
            "db.bank.example/RAP",
            "(DESCRIPTION=(SECURITY=(SSL_SERVER_CERT_DN=\"E=a@b\")))",
        ] {
            assert!(!holds_login(address) && !may_be_login(address), "{address}");
            assert_eq!(without_login(&format!("oracle:{address}")), format!("oracle:{address}"));
        }
        assert!(may_be_login("scott/tiger"));
        assert_eq!(without_login("sqlite:a@b.db"), "sqlite:a@b.db");
        assert_eq!(without_login("mysql://scott:tiger@db"), "…");
    }
}
