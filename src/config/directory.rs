//! `[directory]`: where people and their line managers are looked up, and how hard.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::SecretSource;
use super::address::names_password;
use crate::ldap_text::{dn, filter};

/// The `[directory]` table of the config (section 10 of the spec).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct DirectorySettings {
    /// Servers, tried in turn: `ldaps://host[:636]` or `ldap://host[:389]`. The certificate must name this host. No default.
    pub urls: Vec<String>,
    /// Turn an `ldap://` connection into TLS before anything else is said. Default: false.
    pub starttls: bool,
    /// PEM file with the certificates of the authorities to trust, and no others. Default: what the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Let the password travel over `ldap://` without TLS. Default: false.
    pub allow_plaintext: bool,
    /// How to log in. Default: `simple`.
    pub bind: BindMethod,
    /// Who logs in: a DN, or on Active Directory also `name@domain`. No default: absent only with `anonymous = true`.
    pub bind_dn: Option<String>,
    /// File whose first line is the password; refused when others can read it. No default.
    pub password_file: Option<PathBuf>,
    /// Environment variable that holds the password. No default.
    pub password_env: Option<String>,
    /// Program and its arguments, whose first line is the password. No default.
    pub password_command: Option<Vec<String>>,
    /// Search without logging in. Default: false.
    pub anonymous: bool,
    /// Entry below which people are looked for. No default. A manager may live elsewhere.
    pub base_dn: String,
    /// Which entries are people (RFC 4515). Not asked of managers. Default: `(objectClass=user)`.
    pub user_filter: String,
    /// Attribute equal to EMPLOYEE_ID, compared without case. Default: `sAMAccountName`.
    pub user_id_attribute: String,
    /// Attribute that holds the DN of the line manager. Default: `manager`.
    pub manager_attribute: String,
    /// Attribute of the manager that goes into LINEMANAGER_ID. Default: `sAMAccountName`.
    pub manager_id_attribute: String,
    /// Attribute of the manager that goes into LINEMANAGER_NAME. Default: `displayName`.
    pub manager_name_attribute: String,
    /// Attribute of the manager that goes into LINEMANAGER_MAIL_ID. Default: `mail`.
    pub manager_mail_attribute: String,
    /// Attribute in which an entry holds its own DN. Default: found out (`distinguishedName` on Active Directory, else `entryDN`).
    pub dn_attribute: Option<String>,
    /// People asked for in one search, 1 to 1000. Default: 50; servers get slower beyond 100.
    pub batch_size: usize,
    /// Entries in one page of a scan, 1 to 100,000. Default: 1000, the limit of Active Directory.
    pub page_size: u32,
    /// Connections held at once, 1 to 32, each with up to four searches in flight. Default: 4.
    pub connections: usize,
    /// Seconds that one connect, login or search may take in all, 1 to 3600. Default: 30.
    #[serde(deserialize_with = "seconds")]
    pub timeout: u64,
    /// Seconds that all look-ups of a run may take together, 1 to 86,400. Default: 600.
    #[serde(deserialize_with = "seconds")]
    pub deadline: u64,
    /// How often a search or a connection that failed is tried again, 0 to 20. Default: 3.
    pub retries: u32,
    /// How people are looked up. Default: `auto`.
    pub strategy: Strategy,
}

/// How to log in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum BindMethod {
    /// By `bind_dn` and its password.
    #[default]
    Simple,
    /// By a Kerberos ticket, of a keytab or a cache. Built with the feature `kerberos`.
    Kerberos,
}

/// How people are looked up.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// By batches, unless nearly everybody is wanted from a server that lists people faster than it finds them.
    #[default]
    Auto,
    /// A few people a search. Right for Active Directory, and whenever the directory is larger than the question.
    Batch,
    /// The whole directory, page by page; who is missing then is asked for by batches. Right when the id is not indexed.
    Scan,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            starttls: false,
            ca_file: None,
            allow_plaintext: false,
            bind: BindMethod::Simple,
            bind_dn: None,
            password_file: None,
            password_env: None,
            password_command: None,
            anonymous: false,
            base_dn: String::new(),
            user_filter: "(objectClass=user)".into(),
            user_id_attribute: "sAMAccountName".into(),
            manager_attribute: "manager".into(),
            manager_id_attribute: "sAMAccountName".into(),
            manager_name_attribute: "displayName".into(),
            manager_mail_attribute: "mail".into(),
            dn_attribute: None,
            batch_size: 50,
            page_size: 1000,
            connections: 4,
            timeout: 30,
            deadline: 600,
            retries: 3,
            strategy: Strategy::Auto,
        }
    }
}

impl DirectorySettings {
    /// Where the password of `bind_dn` is.
    #[must_use]
    pub fn secret(&self) -> SecretSource {
        SecretSource {
            password_file: self.password_file.clone(),
            password_env: self.password_env.clone(),
            password_command: self.password_command.clone(),
        }
    }

    /// Whether a Kerberos ticket logs in.
    #[must_use]
    pub fn is_kerberos(&self) -> bool {
        self.bind == BindMethod::Kerberos
    }

    /// Adds every mistake to `errors`, each naming its key. A caller that gets any ends with `Exit::Config`.
    pub fn check(&self, errors: &mut Vec<String>) {
        let mut wrong = |text: String| errors.push(format!("[directory] {text}"));
        self.check_urls(&mut wrong);
        self.check_login(&mut wrong);
        self.check_names(&mut wrong);
        let mut range = |key: &str, value: u64, most: u64, least: u64| {
            if value < least || value > most {
                wrong(format!("`{key} = {value}`: must be {least} to {most}"));
            }
        };
        range("batch_size", self.batch_size as u64, 1000, 1);
        range("page_size", u64::from(self.page_size), 100_000, 1);
        range("connections", self.connections as u64, 32, 1);
        range("timeout", self.timeout, 3600, 1);
        range("deadline", self.deadline, 86_400, 1);
        range("retries", u64::from(self.retries), 20, 0);
    }

    fn check_urls(&self, wrong: &mut dyn FnMut(String)) {
        if self.urls.is_empty() {
            wrong(
                "`urls` is empty: name at least one server, for example `ldaps://dc1.corp.example`"
                    .into(),
            );
        }
        for (at, text) in self.urls.iter().enumerate() {
            if text.contains('@') || names_password(text) {
                wrong(format!(
                    "`urls`: the address number {} holds a login, which has no place there; give `bind_dn`, and `password_file`, `password_env` or `password_command`",
                    at + 1
                ));
                continue;
            }
            match Url::parse(text) {
                Err(err) => wrong(format!("`urls`: `{text}` is not a URL: {err}")),
                Ok(url) => self.check_url(text, &url, wrong),
            }
        }
    }

    fn check_url(&self, text: &str, url: &Url, wrong: &mut dyn FnMut(String)) {
        let tls = match url.scheme() {
            "ldaps" if self.starttls => {
                return wrong(format!(
                    "`urls`: `{text}` speaks TLS from the start: leave `starttls` out, or write `ldap://`"
                ));
            }
            "ldaps" => true,
            "ldap" => self.starttls,
            other => {
                return wrong(format!(
                    "`urls`: `{text}`: scheme `{other}` is neither `ldaps` nor `ldap`"
                ));
            }
        };
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            wrong(format!("`urls`: `{text}` names no host"));
        }
        if tls && host.starts_with('[') {
            wrong(format!(
                "`urls`: `{text}`: with TLS, name the host as its certificate does, not by its IPv6 address"
            ));
        }
        let extra =
            !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        if extra || !url.username().is_empty() || url.password().is_some() {
            wrong(format!("`urls`: `{text}`: only scheme, host and port belong here"));
        }
        if !tls && (self.bind_dn.is_some() || self.is_kerberos()) && !self.allow_plaintext {
            wrong(format!(
                "`urls`: the password or ticket would travel to `{text}` in clear: use `ldaps://` or `starttls = true` (or, knowing that, `allow_plaintext = true`)"
            ));
        }
    }

    fn check_login(&self, wrong: &mut dyn FnMut(String)) {
        let secrets = self.secret().n_named();
        if self.secret().names_no_program() {
            wrong("`password_command` names no program".into());
        }
        if self.is_kerberos() {
            if self.bind_dn.is_some() || self.anonymous || secrets > 0 {
                wrong("`bind = \"kerberos\"` logs in by a ticket: leave `bind_dn`, password and `anonymous` out".into());
            }
            return;
        }
        match self.bind_dn.as_deref().map(str::trim) {
            Some("") => wrong("`bind_dn` is empty".into()),
            Some(_) if self.anonymous => {
                wrong("`anonymous = true` and `bind_dn` exclude each other".into())
            }
            Some(_) if secrets == 0 => wrong(
                "`bind_dn` needs `password_file`, `password_env` or `password_command`".into(),
            ),
            Some(_) if secrets > 1 => {
                wrong("give one of `password_file`, `password_env` and `password_command`".into())
            }
            Some(_) => {}
            None if !self.anonymous => wrong(
                "`bind_dn` is missing: name the service account, or write `anonymous = true`"
                    .into(),
            ),
            None if secrets > 0 => {
                wrong("a password without `bind_dn` would not be used: leave it out".into())
            }
            None => {}
        }
    }

    fn check_names(&self, wrong: &mut dyn FnMut(String)) {
        if self.base_dn.trim().is_empty() {
            wrong("`base_dn` is empty: name the entry below which people live, for example `OU=Staff,DC=corp,DC=example`".into());
        } else if dn::key(&self.base_dn).is_none() {
            wrong(format!("`base_dn`: `{}` is not a DN (RFC 4514)", self.base_dn));
        }
        if !filter::parses(&self.user_filter) {
            wrong(format!(
                "`user_filter`: `{}` is not a filter in parentheses (RFC 4515)",
                self.user_filter
            ));
        }
        let names = [
            ("user_id_attribute", Some(&self.user_id_attribute)),
            ("manager_attribute", Some(&self.manager_attribute)),
            ("manager_id_attribute", Some(&self.manager_id_attribute)),
            ("manager_name_attribute", Some(&self.manager_name_attribute)),
            ("manager_mail_attribute", Some(&self.manager_mail_attribute)),
            ("dn_attribute", self.dn_attribute.as_ref()),
        ];
        for (key, name) in names {
            if name.is_some_and(|name| !filter::is_attribute(name)) {
                wrong(format!(
                    "`{key}`: `{}` is not the name of an attribute",
                    name.map_or("", String::as_str)
                ));
            }
        }
    }
}

/// Whole seconds, as a number or a text such as `5m`.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    super::database::duration(deserializer).map(|time| time.as_secs())
}

#[cfg(test)]
mod tests;
