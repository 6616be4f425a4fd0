//! What a failure of the protocol means: try again, ask for less, or give up, and with which number.

use std::fmt::Display;

use anyhow::anyhow;
use ldap3::{LdapError, LdapResult};

use crate::exit::Exit;

/// Why a connect, a login or a search gave no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Worth another try on a new connection. Classed `Unavailable`.
    Again(anyhow::Error),
    /// The server won't send that much at once; less of it may pass. Classed `Unavailable`.
    TooMuch(anyhow::Error),
    /// Trying again would change nothing, or do harm.
    Final(anyhow::Error),
}

impl Failure {
    pub(super) fn again(message: impl Display) -> Self {
        Failure::Again(anyhow!("{message}").context(Exit::Unavailable))
    }

    pub(super) fn config(message: impl Display) -> Self {
        Failure::Final(anyhow!("{message}").context(Exit::Config))
    }

    pub(super) fn into_error(self) -> anyhow::Error {
        match self {
            Failure::Again(err) | Failure::TooMuch(err) | Failure::Final(err) => err,
        }
    }

    /// The same failure, with what was being done before it.
    pub(super) fn during(self, what: impl Display + Send + Sync + 'static) -> Self {
        match self {
            Failure::Again(err) => Failure::Again(err.context(what)),
            Failure::TooMuch(err) => Failure::TooMuch(err.context(what)),
            Failure::Final(err) => Failure::Final(err.context(what)),
        }
    }
}

/// An operation that brought no result at all.
pub(super) fn of_operation(err: LdapError) -> Failure {
    match err {
        LdapError::FilterParsing => {
            Failure::config("the filter can't be parsed: see `[directory] user_filter`")
        }
        LdapError::Timeout { .. } => Failure::again("the server did not answer in time"),
        LdapError::Io { source } => Failure::again(format!("the connection broke: {source}")),
        // The channels to a connection that has ended, and the end of a stream before its result.
        LdapError::OpSend { .. } | LdapError::ResultRecv { .. } | LdapError::EndOfStream => {
            Failure::again("the server closed the connection")
        }
        err => Failure::again(err),
    }
}

/// A search that ended with another result than success (RFC 4511, appendix A).
pub(super) fn of_search(result: &LdapResult, logged_in: bool) -> Failure {
    let said = said(result);
    let too_much =
        || Failure::TooMuch(anyhow!("the search was cut short: {said}").context(Exit::Unavailable));
    match result.rc {
        3 => too_much(),
        4 | 11 => too_much(),
        10 => Failure::config(format!(
            "the server refers to another one ({said}): `[directory] base_dn` is not held by it"
        )),
        32 => Failure::config(format!(
            "no such entry ({said}): mend `[directory] base_dn`, or let the account read it"
        )),
        34 => Failure::config(format!("not a DN ({said}): mend `[directory] base_dn`")),
        8 | 13 => Failure::config(format!(
            "the server wants TLS ({said}): use `ldaps://` or `starttls = true` in `[directory]`"
        )),
        48 | 50 => Failure::config(format!(
            "the account may not search here ({said}): grant it read access, or log in by another `[directory] bind_dn`"
        )),
        // What Active Directory, and OpenLDAP with `require authc`, answer without a login. After one, it was lost.
        1 | 53 if !logged_in => {
            Failure::config(format!("the server wants a login ({said}): set `[directory] bind_dn`"))
        }
        2 | 12 | 17 | 18 | 21 | 53 => {
            Failure::config(format!("the server refuses the search: {said}"))
        }
        51 | 52 => Failure::again(format!("the server can't answer now: {said}")),
        _ => Failure::again(format!("the search failed: {said}")),
    }
}

/// A login that was not accepted. Never worth another try when it may count as a wrong password.
pub(super) fn of_login(result: &LdapResult) -> Failure {
    let said = said(result);
    match result.rc {
        8 | 13 => Failure::config(format!(
            "the server wants TLS for a login ({said}): use `ldaps://` or `starttls = true` in `[directory]`"
        )),
        49 => Failure::config(format!(
            "the login was refused: {} ({said})",
            why_refused(&result.text)
        )),
        51 | 52 => Failure::again(format!("the server can't answer now: {said}")),
        _ => Failure::config(format!(
            "the login was refused ({said}): see `[directory] bind_dn` and its password"
        )),
    }
}

/// What Active Directory means by the `data` in its text of result 49.
fn why_refused(text: &str) -> &'static str {
    let data = text.split("data ").nth(1).and_then(|rest| rest.split([',', ' ']).next());
    match data.unwrap_or_default() {
        "530" => "the account may not log in at this time",
        "531" => "the account may not log in from this host",
        "532" => "the account's password has expired",
        "533" => "the account is disabled",
        "701" => "the account has expired",
        "773" => "the account must change its password first",
        "775" => "the account is locked",
        _ => "wrong `[directory] bind_dn` or password",
    }
}

/// The result as the server put it. Its text is the server's own and names no person.
fn said(result: &LdapResult) -> String {
    let name = match result.rc {
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        _ => "see RFC 4511",
    };
    let text: String = result.text.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    let colon = if text.is_empty() { "" } else { ": " };
    format!("result {} {name}{colon}{text}", result.rc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult { rc, matched: String::new(), text: text.into(), refs: vec![], ctrls: vec![] }
    }

    #[test]
    fn a_refused_login_is_never_tried_again() {
        let text = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v3839\0";
        for rc in [1, 7, 8, 13, 19, 32, 34, 48, 49, 50, 53, 80] {
            let Failure::Final(err) = of_login(&result(rc, text)) else {
                panic!("{rc} is retried")
            };
            assert_eq!(Exit::of(&err), Exit::Config, "{rc}");
        }
        let err = of_login(&result(49, text)).into_error();
        assert!(format!("{err:#}").contains("locked"), "{err:#}");
    }

    #[test]
    fn a_search_is_tried_again_only_when_that_may_help() {
        for rc in [1, 51, 52, 80] {
            assert!(matches!(of_search(&result(rc, ""), true), Failure::Again(_)), "{rc}");
        }
        for rc in [3, 4, 11] {
            let Failure::TooMuch(err) = of_search(&result(rc, ""), true) else {
                panic!("{rc} is not cut")
            };
            assert_eq!(Exit::of(&err), Exit::Unavailable);
        }
        for rc in [8, 10, 32, 34, 50, 53] {
            let Failure::Final(err) = of_search(&result(rc, ""), true) else {
                panic!("{rc} is retried")
            };
            assert_eq!(Exit::of(&err), Exit::Config);
        }
    }
}
