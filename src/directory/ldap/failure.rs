//! What a failure of the protocol means: try again, ask for less, or give up, and with which number.

use std::fmt::Display;

use anyhow::anyhow;
use ldap3::{LdapError, LdapResult};

use crate::exit::Exit;

/// Why a connect, a login or a search gave no whole answer: what may help, and the error if nothing does.
#[derive(Debug)]
pub(super) struct LdapFailure {
    pub(super) remedy: FailureRemedy,
    /// Whether a limit of the server's cut an answer short.
    is_cut: bool,
    /// Whether the same may succeed a little later.
    pub(super) may_pass: bool,
    error: anyhow::Error,
}

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureRemedy {
    /// Another try, on a new connection, at another address if there is one.
    Elsewhere,
    /// To ask for less: the server won't send that much at once, or does not take such a filter.
    Less,
    /// Nothing, or it would do harm: a second wrong password locks the account.
    Nothing,
}

impl LdapFailure {
    fn new(remedy: FailureRemedy, exit: Exit, message: impl Display) -> Self {
        let (error, may_pass) = (anyhow!("{message}").context(exit), exit == Exit::Unavailable);
        LdapFailure { remedy, is_cut: false, may_pass, error }
    }

    /// It may pass; if it doesn't, the directory is unavailable.
    pub(super) fn again(message: impl Display) -> Self {
        Self::new(FailureRemedy::Elsewhere, Exit::Unavailable, message)
    }

    /// Less of it may pass; if it doesn't, the directory is unavailable.
    pub(super) fn less(message: impl Display) -> Self {
        Self::new(FailureRemedy::Less, Exit::Unavailable, message)
    }

    /// A limit of the server's cut the answer short.
    fn cut(message: impl Display) -> Self {
        LdapFailure { is_cut: true, ..Self::less(message) }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Another address may do better; if none does, a person must look.
    pub(super) fn set_up(message: impl Display) -> Self {
        Self::new(FailureRemedy::Elsewhere, Exit::Config, message)
    }

    /// The server hung up, as one does that is not set up for this; one that is being started does too.
    pub(super) fn hung_up(message: impl Display) -> Self {
        LdapFailure { may_pass: true, ..Self::set_up(message) }
    }

    /// Whether this was said.
    pub(super) fn is(&self, message: &str) -> bool {
        self.error.root_cause().to_string() == message
    }

    /// A person must look, and nothing is tried again.
    pub(super) fn config(message: impl Display) -> Self {
        Self::new(FailureRemedy::Nothing, Exit::Config, message)
    }

    pub(super) fn from_error(error: anyhow::Error) -> Self {
        LdapFailure { remedy: FailureRemedy::Nothing, is_cut: false, may_pass: false, error }
    }

    pub(super) fn into_error(self) -> anyhow::Error {
        self.error
    }

    pub(super) fn error(&self) -> &anyhow::Error {
        &self.error
    }

    /// The same failure again: why a connection ended is the reason of all that was under way on it.
    pub(super) fn copy(&self) -> Self {
        Self::new(self.remedy, Exit::of(&self.error), self.error.root_cause())
    }

    /// The same failure, with what was being done before it.
    pub(super) fn during(self, what: impl Display + Send + Sync + 'static) -> Self {
        LdapFailure { error: self.error.context(what), ..self }
    }
}

/// An operation that brought no result at all.
pub(super) fn of_operation(err: LdapError) -> LdapFailure {
    match err {
        LdapError::FilterParsing => {
            LdapFailure::config("the filter can't be parsed: see `[directory] user_filter`")
        }
        LdapError::Timeout { .. } => LdapFailure::again("the server did not answer in time"),
        LdapError::Io { source } => LdapFailure::again(format!("the connection broke: {source}")),
        // The channels to a connection that has ended, and the end of a stream before its result.
        LdapError::OpSend { .. } | LdapError::ResultRecv { .. } | LdapError::EndOfStream => {
            LdapFailure::again("the server closed the connection")
        }
        err => LdapFailure::again(err),
    }
}

/// A search that ended with another result than success (RFC 4511, appendix A). Behind one name there
/// may be many servers: what one of them refuses now, another may answer, and this one too a little later.
pub(super) fn of_search(result: &LdapResult, logged_in: bool) -> LdapFailure {
    let said = said(result.rc, &result.text);
    match result.rc {
        3 | 4 | 11 => LdapFailure::cut(format!("the search was cut short: {said}")),
        10 => LdapFailure::set_up(format!(
            "the server refers to another one ({said}): `[directory] base_dn` is not held by it"
        )),
        32 => LdapFailure::set_up(format!(
            "no such entry ({said}): mend `[directory] base_dn`, or let the account read it"
        )),
        34 => LdapFailure::set_up(format!("not a DN ({said}): mend `[directory] base_dn`")),
        8 | 13 => LdapFailure::set_up(format!(
            "the server wants TLS ({said}): use `ldaps://` or `starttls = true` in `[directory]`"
        )),
        48 | 50 => LdapFailure::set_up(format!(
            "the account may not search here ({said}): grant it read access, or log in by another `[directory] bind_dn`"
        )),
        1 | 53 if !logged_in && wants_login(&result.text) => LdapFailure::set_up(format!(
            "the server wants a login ({said}): set `[directory] bind_dn`"
        )),
        51 | 52 => LdapFailure::again(format!("the server can't answer now: {said}")),
        1 | 2 | 12 | 17 | 18 | 21 | 53 => {
            LdapFailure::less(format!("the server refuses the search: {said}"))
        }
        _ => LdapFailure::less(format!("the search failed: {said}")),
    }
}

/// What Active Directory (result 1: «a successful bind must be completed»), Samba («without authentication»)
/// and OpenLDAP (53: «authentication required») say to who has not logged in. The result alone tells nothing.
fn wants_login(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["bind", "authenticat", "anonymous"].iter().any(|word| text.contains(word))
}

/// A login that was not accepted. Never worth another try when it may count as a wrong password.
pub(super) fn of_login(rc: u32, text: &str) -> LdapFailure {
    let said = said(rc, text);
    match rc {
        8 | 13 => LdapFailure::config(format!(
            "the server wants TLS for a login ({said}): use `ldaps://` or `starttls = true` in `[directory]`"
        )),
        49 => LdapFailure::config(format!("the login was refused: {} ({said})", why_refused(text))),
        3 | 11 | 51 | 52 => {
            LdapFailure::again(format!("the server can't log anybody in now: {said}"))
        }
        // These speak of the server, not of the password.
        1 | 2 | 53 | 80 => LdapFailure::set_up(format!(
            "the server refuses the login ({said}): see `[directory] bind_dn`, and whether it takes a simple bind here"
        )),
        _ => LdapFailure::config(format!(
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
        "80090346" => {
            "the server wants channel binding, which a simple bind has not: its policy `LdapEnforceChannelBinding`"
        }
        _ => "wrong `[directory] bind_dn` or password",
    }
}

/// The result as the server put it, but for what may name a person: it may end in the ledger.
fn said(rc: u32, text: &str) -> String {
    let name = match rc {
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
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        80 => "other",
        _ => "see RFC 4511",
    };
    let text = without_people(text);
    let colon = if text.is_empty() { "" } else { ": " };
    format!("result {rc} {name}{colon}{text}")
}

/// A text of the server up to where it begins to quote a DN, a mail address or a URL, and no more than is read.
pub(super) fn without_people(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let quotes = text.find(['=', '@']).or_else(|| text.find("://"));
    let Some(at) = quotes else { return text.trim().chars().take(CHARS_MAX).collect() };
    let before = text[..at].rfind([' ', '\'', '"', '<', '(']).map_or(0, |blank| blank + 1);
    let kept: String = text[..before]
        .trim_end_matches([' ', '\'', '"', '<', '('])
        .chars()
        .take(CHARS_MAX)
        .collect();
    format!("{} …", kept.trim()).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult { rc, matched: String::new(), text: text.into(), refs: vec![], ctrls: vec![] }
    }

    fn class(failure: LdapFailure) -> (FailureRemedy, Exit) {
        (failure.remedy, Exit::of(&failure.into_error()))
    }

    #[test]
    fn a_login_that_may_count_as_a_wrong_password_is_never_tried_again() {
        let text = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v3839\0";
        for rc in [7, 8, 13, 19, 32, 34, 48, 49, 50] {
            let failure = of_login(rc, text);
            assert_eq!(class(failure), (FailureRemedy::Nothing, Exit::Config), "{rc}");
        }
        let err = of_login(49, text).into_error();
        assert!(format!("{err:#}").contains("locked"), "{err:#}");
        for (rc, exit) in [(51, Exit::Unavailable), (53, Exit::Config), (80, Exit::Config)] {
            assert_eq!(class(of_login(rc, "")), (FailureRemedy::Elsewhere, exit), "{rc}");
        }
    }

    #[test]
    fn no_result_of_a_search_is_final() {
        for rc in [51, 52] {
            let class = class(of_search(&result(rc, ""), true));
            assert_eq!(class, (FailureRemedy::Elsewhere, Exit::Unavailable), "{rc}");
        }
        for rc in [1, 2, 3, 4, 11, 12, 17, 18, 21, 53, 80, 123] {
            let class = class(of_search(&result(rc, ""), true));
            assert_eq!(class, (FailureRemedy::Less, Exit::Unavailable), "{rc}");
        }
        for rc in [8, 10, 13, 32, 34, 48, 50] {
            let class = class(of_search(&result(rc, ""), true));
            assert_eq!(class, (FailureRemedy::Elsewhere, Exit::Config), "{rc}");
        }
    }

    #[test]
    fn only_a_server_that_says_so_wants_a_login() {
        let ad = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v3839";
        for (rc, text) in [
            (1, ad),
            (1, "Operation unavailable without authentication"),
            (53, "authentication required"),
        ] {
            assert_eq!(class(of_search(&result(rc, text), false)).1, Exit::Config, "{text}");
            assert_eq!(class(of_search(&result(rc, text), true)).1, Exit::Unavailable, "{text}");
        }
        let class = class(of_search(&result(53, "shutting down"), false));
        assert_eq!(class, (FailureRemedy::Less, Exit::Unavailable));
    }

    #[test]
    fn what_a_server_says_names_nobody() {
        for (text, kept) in [
            (
                "problem 2001 (NO_OBJECT), data 0, best match of:\n\t'DC=corp,DC=example'",
                "problem 2001 (NO_OBJECT), data 0, best match of: …",
            ),
            ("no CN=Ada Lovelace,OU=Staff for you", "no …"),
            ("ada@corp.example is not welcome", "…"),
            ("see ldap://dc2/", "see …"),
            ("busy", "busy"),
        ] {
            assert_eq!(without_people(text), kept);
        }
        assert_eq!(without_people(&"x".repeat(5000)).len(), 200);
    }
}
