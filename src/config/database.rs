//! `[database]`, and the tables of the same shape that stand in for it in a job's own section.

use std::iter::successors;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use serde::{Deserialize, Deserializer};

use super::address::{holds_login, may_be_login};
use super::secret::{Secret, SecretSource};
use crate::exit::Exit;

/// Where a job's tables are, and how to get there.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `oracle:CONNECT_IDENTIFIER` (EZConnect Plus, TNS alias or descriptor).
    pub url: String,
    /// The account to log in with.
    pub username: Option<String>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Environment variable that holds the password.
    pub password_env: Option<String>,
    /// Program and its arguments, whose first line is the password.
    pub password_command: Option<Vec<String>>,
    /// Oracle: log in by an external password store (wallet) or the operating system.
    pub external_auth: bool,
    /// Oracle: the schema the tables are in, when it is not the account's own.
    pub schema: Option<String>,
    /// Oracle: folder of the client library.
    pub client_lib_dir: Option<PathBuf>,
    /// Oracle: folder of tnsnames.ora and sqlnet.ora (TNS_ADMIN).
    pub config_dir: Option<PathBuf>,
    /// Oracle: how long one call may take.
    #[serde(deserialize_with = "duration")]
    pub call_timeout: Duration,
    /// How long to wait for the end of the ledger's chain, which every job that ends holds for a moment.
    #[serde(deserialize_with = "duration")]
    pub lock_timeout: Duration,
    /// How often a run is tried again after an error that may pass.
    pub retries: u32,
    /// Pause before the first of these tries; it doubles with each.
    #[serde(deserialize_with = "duration")]
    pub retry_delay: Duration,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    Sqlite(PathBuf),
    /// `oracle:CONNECT_IDENTIFIER`
    Oracle(String),
}

impl Url {
    /// Reads `sqlite:PATH` or `oracle:CONNECT_IDENTIFIER`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Url> {
        match text.split_once(':')? {
            ("sqlite", path) if !path.is_empty() => Some(Url::Sqlite(PathBuf::from(path))),
            ("oracle", identifier) if !identifier.trim().is_empty() => {
                Some(Url::Oracle(identifier.trim().to_owned()))
            }
            _ => None,
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        DatabaseConfig {
            url: "sqlite:recert.db".to_owned(),
            username: None,
            password_file: None,
            password_env: None,
            password_command: None,
            external_auth: false,
            schema: None,
            client_lib_dir: None,
            config_dir: None,
            call_timeout: Duration::from_secs(300),
            lock_timeout: Duration::from_secs(10),
            retries: 3,
            retry_delay: Duration::from_secs(2),
        }
    }
}

impl DatabaseConfig {
    /// Where it is.
    ///
    /// # Errors
    /// `Exit::Config`: `url` has neither form.
    pub fn target(&self) -> anyhow::Result<Url> {
        Url::parse(&self.url).ok_or_else(|| {
            anyhow!("`url` is neither `sqlite:PATH` nor `oracle:CONNECT_IDENTIFIER`")
                .context(Exit::Config)
        })
    }

    /// Whether both lead to the same tables: the same database, and on Oracle the same schema.
    #[must_use]
    pub fn is_same_place(&self, other: &DatabaseConfig) -> bool {
        let place = |config: &DatabaseConfig| match Url::parse(&config.url) {
            Some(Url::Sqlite(path)) => {
                (Some(Url::Sqlite(std::path::absolute(&path).unwrap_or(path))), None)
            }
            oracle => {
                let schema = config.schema.as_ref().or(config.username.as_ref());
                (oracle, schema.map(|schema| schema.to_uppercase()))
            }
        };
        place(self) == place(other)
    }

    /// How long to wait before each of the tries that follow the first.
    pub(crate) fn pauses(&self) -> impl Iterator<Item = Duration> {
        let doubled = |pause: &Duration| Some(pause.saturating_mul(2));
        successors(Some(self.retry_delay), doubled).take(self.retries as usize)
    }

    /// The password, read now and kept nowhere.
    ///
    /// # Errors
    /// `Exit::Config`: its file or variable can't be used.
    pub fn password(&self) -> anyhow::Result<Option<Secret>> {
        self.secret().read()
    }

    pub(crate) fn secret(&self) -> SecretSource {
        SecretSource {
            password_file: self.password_file.clone(),
            password_env: self.password_env.clone(),
            password_command: self.password_command.clone(),
        }
    }

    pub(super) fn check(&self, section: &str, errors: &mut Vec<String>) {
        self.secret().check(section, errors);
        if self.retries > 100 {
            errors.push(format!("{section}.retries: `{}` is more than 100", self.retries));
        }
        if self.lock_timeout > Duration::from_secs(600) {
            errors.push(format!("{section}.lock_timeout: more than 10 minutes"));
        }
        match Url::parse(&self.url) {
            // Not quoted: nobody knows what stands there instead.
            None => errors.push(format!(
                "{section}.url: it is neither `sqlite:PATH` nor `oracle:CONNECT_IDENTIFIER`"
            )),
            Some(Url::Sqlite(_)) => {}
            Some(Url::Oracle(identifier)) if holds_login(&identifier) => {
                errors.push(format!(
                    "{section}.url: a login has no place here; give `username`, and `password_file`, `password_env` or `password_command`"
                ));
            }
            Some(Url::Oracle(identifier))
                if self.username.is_none() && may_be_login(&identifier) =>
            {
                errors.push(format!(
                    "{section}.url: this may be an address or a login; write an address as `oracle://HOST/SERVICE`, and a login as `username`, and `password_file`, `password_env` or `password_command`"
                ));
            }
            Some(Url::Oracle(_)) => self.check_login(section, errors),
        }
    }

    fn check_login(&self, section: &str, errors: &mut Vec<String>) {
        let has_password = self.secret().n_named() > 0;
        if self.external_auth && has_password {
            errors.push(format!("{section}: `external_auth` and a password exclude each other"));
        }
        if self.username.as_ref().is_some_and(|name| name.contains('/')) {
            errors.push(format!(
                "{section}.username: a login has no place here; name the account alone, and `password_file`, `password_env` or `password_command`"
            ));
        }
        if !self.external_auth && self.username.is_none() {
            errors.push(format!(
                "{section}.username: needed for an `oracle:` url, unless `external_auth = true`"
            ));
        }
        if !self.external_auth && !has_password {
            errors.push(format!(
                "{section}: `password_file`, `password_env` or `password_command` is needed for an `oracle:` url, unless `external_auth = true`"
            ));
        }
    }
}

/// Seconds as a number, or a text such as `90s`, `5m`, `1h 30m`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Seconds(f64),
        Text(String),
    }
    let wrong = |given: &str| {
        serde::de::Error::custom(format!(
            "`{given}` is not a time such as `30`, `\"90s\"` or `\"5m\"`"
        ))
    };
    match Given::deserialize(deserializer).map_err(|_| wrong("this value"))? {
        Given::Seconds(s) => Duration::try_from_secs_f64(s).map_err(|_| wrong(&s.to_string())),
        Given::Text(text) => humantime::parse_duration(&text).map_err(|_| wrong(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_before_each_further_try_is_twice_the_one_before() {
        let pauses = |retries| {
            let retry_delay = Duration::from_secs(2);
            let config = DatabaseConfig { retries, retry_delay, ..DatabaseConfig::default() };
            config.pauses().map(|pause| pause.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(pauses(0), [0; 0]);
        assert_eq!(pauses(3), [2, 4, 8]);
        assert_eq!(pauses(100).len(), 100, "as many as the config may say");
    }
}
