//! TOML → a checked [`Config`]. Every mistake is reported at once; secrets stay outside.

mod database;
pub mod directory;
mod disable_inactive;
mod import;
mod limits;
mod revoke;
mod secret;
mod trust;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::exit::Exit;
use crate::hex::hex;

pub use database::{DatabaseConfig, Url};
pub use disable_inactive::DisableInactiveConfig;
pub use import::ImportConfig;
pub use limits::{Limits, LimitsByJob};
pub use revoke::{OnConflict, OnNearMatch, ReportConfig, RevokeConfig, Unanswered};
pub use secret::{Secret, SecretSource};
pub use trust::must_be_ours_alone;

/// All that can be set. `config.example.toml` shows every key with its default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The database of the main job, and of every job without one of its own.
    pub database: DatabaseConfig,
    /// What day it is.
    pub time: TimeConfig,
    /// How much a run may take away.
    pub limits: LimitsByJob,
    /// Which responses `revoke` acts on.
    pub revoke: RevokeConfig,
    /// What the report holds removals against.
    pub report: ReportConfig,
    /// What the imports take, and where their tables are.
    pub import: ImportConfig,
    /// What `sync-managers` compares.
    pub sync_managers: SyncManagersConfig,
    /// Where line managers are looked up; `None` without the section.
    pub directory: Option<directory::DirectorySettings>,
    /// Which accounts `disable-inactive` disables.
    pub disable_inactive: DisableInactiveConfig,
    /// Where it was read from; `None` without a file.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// SHA-256 of the file's bytes, in hexadecimal; of no bytes without a file.
    #[serde(skip)]
    pub sha256: String,
}

/// `[time]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct TimeConfig {
    /// IANA name of the zone that decides what day it is.
    pub zone: String,
}

impl Default for TimeConfig {
    fn default() -> Self {
        TimeConfig { zone: "UTC".to_owned() }
    }
}

impl TimeConfig {
    /// The zone itself.
    ///
    /// # Errors
    /// `Exit::Config`: no zone has that name.
    pub fn tz(&self) -> anyhow::Result<chrono_tz::Tz> {
        self.zone.parse().map_err(|_| {
            anyhow!("time.zone: `{}` is no IANA zone such as `Europe/Berlin`", self.zone)
                .context(Exit::Config)
        })
    }
}

/// `[sync_managers]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct SyncManagersConfig {
    /// Everybody in USER_TAB, not just users of RAP or PackBuilder.
    pub all_users: bool,
    /// A run is refused when more than this share of the users is not in the directory, in percent.
    pub not_found_percent: f64,
    /// A run is refused when more than this share of the users has no manager who can be read, in percent.
    pub no_manager_percent: f64,
    /// What a manager's entry does not show is emptied, also under the manager that stands there already.
    pub clear_absent: bool,
}

impl Default for SyncManagersConfig {
    fn default() -> Self {
        SyncManagersConfig {
            all_users: false,
            not_found_percent: 20.0,
            no_manager_percent: 50.0,
            clear_absent: false,
        }
    }
}

impl Config {
    /// Reads the config from `--config`, `$RECERT_CONFIG`, `./recert.toml` or
    /// `/etc/recert/recert.toml`; with none of them, the defaults.
    ///
    /// # Errors
    /// `Exit::Config`: a named file is not there, or the file has mistakes: all are named.
    pub fn load(named: Option<&Path>) -> anyhow::Result<Config> {
        let found = match named {
            Some(path) => Some(path.to_owned()),
            None => ["recert.toml", "/etc/recert/recert.toml"]
                .iter()
                .map(PathBuf::from)
                .find(|path| trust::is_there(path)),
        };
        let Some(path) = found else {
            return Config::parse("");
        };
        let read = || -> anyhow::Result<Config> {
            let text = std::fs::read_to_string(&path)?;
            let config = Config::parse(&text)?;
            Ok(Config { path: Some(path.clone()), ..config })
        };
        read()
            .with_context(|| format!("reading the config `{}`", path.display()))
            .context(Exit::Config)
    }

    /// Each distinct database of the config once, by the name that `--database` takes.
    #[must_use]
    pub fn databases(&self) -> Vec<(&'static str, &DatabaseConfig)> {
        let all = [
            ("main", Some(&self.database)),
            ("disable-inactive", self.disable_inactive.database.as_ref()),
            ("import", self.import.database.as_ref()),
        ];
        let mut distinct: Vec<(&'static str, &DatabaseConfig)> = Vec::new();
        for (name, database) in all {
            let Some(database) = database else { continue };
            if !distinct.iter().any(|(_, known)| known.is_same_place(database)) {
                distinct.push((name, database));
            }
        }
        distinct
    }

    /// For commands that write: that nobody else could have written the file this was read from.
    ///
    /// # Errors
    /// `Exit::Config`: the world can write to the file, or to a folder above it.
    pub fn must_be_trusted(&self) -> anyhow::Result<()> {
        self.path.as_deref().map_or(Ok(()), must_be_ours_alone)
    }

    /// Reads and checks a config's text.
    ///
    /// # Errors
    /// All mistakes, in one message.
    pub fn parse(text: &str) -> anyhow::Result<Config> {
        let mut table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| anyhow!("{}", without_quoting(&error, text)))?;
        let mut errors = Vec::new();
        let mut unknown = Vec::new();
        let config = loop {
            unknown.clear();
            match read_table(&table, &mut unknown) {
                Ok(config) => break config,
                // A value of the wrong kind hides what is behind it: note it, take it out, go on.
                Err((path, message)) => {
                    errors.push(format!("{path}: {message}"));
                    if !remove(&mut table, &path) {
                        break Config::default();
                    }
                }
            }
        };
        errors.extend(unknown.iter().map(|key| format!("{key}: no such key")));
        config.check(&mut errors);
        match errors.as_slice() {
            [] => Ok(Config { sha256: hex(&Sha256::digest(text.as_bytes())), ..config }),
            [one] => Err(anyhow!("{one}")),
            many => Err(anyhow!("{} mistakes: {}", many.len(), many.join("; "))),
        }
    }

    fn check(&self, errors: &mut Vec<String>) {
        self.database.check("database", errors);
        if let Err(error) = self.time.tz() {
            errors.push(error.root_cause().to_string());
        }
        self.limits.check(errors);
        self.import.check(errors);
        if let Some(directory) = &self.directory {
            directory.check(errors);
        }
        for (key, percent) in [
            ("not_found_percent", self.sync_managers.not_found_percent),
            ("no_manager_percent", self.sync_managers.no_manager_percent),
        ] {
            if !(0.0..=100.0).contains(&percent) {
                errors.push(format!("sync_managers.{key}: `{percent}` is not between 0 and 100"));
            }
        }
        self.disable_inactive.check(errors);
        self.revoke.check(errors);
        self.report.check(errors);
    }
}

/// A mistake in TOML itself by its place: the line is not quoted, for a password may stand in it.
fn without_quoting(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message().trim_end())
}

fn read_table(table: &toml::Table, unknown: &mut Vec<String>) -> Result<Config, (String, String)> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(table.clone(), &mut track);
    let config: Result<Config, _> = serde_ignored::deserialize(tracked, |path| {
        unknown.push(without_options(&path.to_string()))
    });
    config.map_err(|error| {
        let message = error.to_string().lines().next().unwrap_or_default().to_owned();
        (track.path().to_string(), message)
    })
}

/// `a.?.b` is how `serde_ignored` says that `a` may be absent; nobody writes it like that.
fn without_options(path: &str) -> String {
    path.replace(".?", "")
}

/// Takes the value at `a.b.c` (or the list around `a.b[0]`) out of the table.
fn remove(table: &mut toml::Table, path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').map(|key| key.split('[').next().unwrap_or(key)).collect();
    let Some((last, sections)) = keys.split_last() else { return false };
    let mut at = table;
    for section in sections {
        match at.get_mut(*section) {
            Some(toml::Value::Table(inner)) => at = inner,
            _ => return false,
        }
    }
    at.remove(*last).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_example_works_as_it_stands_and_holds_the_defaults() {
        let config = Config::parse(include_str!("../../config.example.toml")).unwrap();
        assert_eq!(Config { sha256: String::new(), ..config }, Config::default());
    }

    #[test]
    fn config_tells_the_place_of_a_mistake_without_quoting_it() {
        let message = format!("{:#}", Config::parse("[database]\nurl = \"secret\n").unwrap_err());
        assert!(message.starts_with("line 2, column "), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn config_takes_no_login_in_the_url_and_does_not_repeat_it() {
        for url in
            ["oracle:scott/tiger@db", "oracle://scott:tiger@db/rap", "mysql://scott:tiger@db"]
        {
            let message = format!(
                "{:#}",
                Config::parse(&format!("[database]\nurl = \"{url}\"")).unwrap_err()
            );
            assert!(message.contains("url") && !message.contains("tiger"), "{message}");
        }
        let descriptor = "oracle:(DESCRIPTION=(SECURITY=(SSL_SERVER_CERT_DN=\\\"E=a@b\\\")))";
        let text = format!("[database]\nurl = \"{descriptor}\"\nexternal_auth = true");
        Config::parse(&text).unwrap();
    }

    #[test]
    fn config_reports_every_mistake_at_once() {
        let text = r#"
            [database]
            url = "mysql:nowhere"
            retries = "many"
            pasword_file = "x"
            call_timeout = "soon"
            [limits.revoke]
            percent = 900
            count = -1
            [time]
            zone = "Mars/Olympus"
            [revoke]
            statuses = [1]
        "#;
        let message = format!("{:#}", Config::parse(text).unwrap_err());
        for part in [
            "8 mistakes",
            "database.url: `mysql:nowhere`",
            "database.retries: ",
            "database.pasword_file: no such key",
            "database.call_timeout: `soon`",
            "limits.revoke.percent: `900`",
            "limits.revoke.count: ",
            "Mars/Olympus",
            "revoke.statuses",
        ] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }
}
