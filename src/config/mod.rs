//! TOML → a checked [`Config`]. Every mistake is reported at once; secrets stay outside.

mod accounts;
mod address;
mod approval;
mod database;
pub(crate) mod directory;
mod disable_inactive;
mod import;
mod limits;
mod log;
mod mistakes;
mod read;
mod revoke;
mod secret;
mod trust;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::exit::Exit;
use crate::files::open_regular;
use crate::text::hex;

pub(crate) use address::without_login;
pub(crate) use approval::ApprovalConfig;
pub use approval::ApprovalNeed;
pub use database::DatabaseConfig;
pub(crate) use database::Url;
pub(crate) use disable_inactive::DisableInactiveConfig;
pub(crate) use import::ImportConfig;
pub use limits::Limits;
pub(crate) use limits::LimitsByJob;
pub(crate) use log::LogConfig;
pub(crate) use mistakes::ConfigMistakes;
pub use revoke::{OnConflict, OnNearMatch, Unanswered};
pub(crate) use revoke::{ReportConfig, RevokeConfig};
pub(crate) use secret::SecretSource;
pub(crate) use trust::{must_be_ours_alone, must_not_be_open};

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
    /// What a second person must have signed.
    pub approval: ApprovalConfig,
    /// Which responses `revoke` acts on.
    pub revoke: RevokeConfig,
    /// What the report holds removals against.
    pub report: ReportConfig,
    /// What the imports take, and where their tables are.
    pub import: ImportConfig,
    /// What `sync-managers` compares.
    #[serde(alias = "sync-managers")]
    pub sync_managers: SyncManagersConfig,
    /// Where line managers are looked up; `None` without the section.
    pub directory: Option<directory::DirectorySettings>,
    /// Which accounts `disable-inactive` disables.
    #[serde(alias = "disable-inactive")]
    pub disable_inactive: DisableInactiveConfig,
    /// Where the log goes besides stderr.
    pub log: LogConfig,
    /// Whose heads of the ledger are believed.
    pub ledger: LedgerConfig,
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

/// `[ledger]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LedgerConfig {
    /// OpenSSH's allowed_signers: with it, `verify --against F` wants `F.sig` of one of them.
    pub signers: Option<PathBuf>,
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

/// A config with every key and all its comments takes a hundredth of it.
const BYTES_MAX: u64 = 1 << 20;

impl Config {
    /// Reads the config from `--config`, `$RECERT_CONFIG`, `./recert.toml` or
    /// `/etc/recert/recert.toml`; with none of them, the defaults.
    ///
    /// # Errors
    /// `Exit::Config`: a named file is not there, or the file has mistakes: all are named.
    pub fn load(named: Option<&Path>) -> anyhow::Result<Config> {
        let found = match named {
            Some(path) => Some(path.to_owned()),
            None => found_config(),
        };
        let Some(path) = found else {
            return Config::parse("");
        };
        let read = || -> anyhow::Result<Config> {
            std::fs::metadata(&path)?;
            must_be_ours_alone(&path)?; // Also when it is only read: it says where the password goes.
            let mut text = String::new();
            open_regular(&path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
            if text.len() as u64 > BYTES_MAX {
                return Err(anyhow!("it is larger than {BYTES_MAX} bytes: that is no config"));
            }
            let config = Config::parse(&text)?;
            Ok(Config { path: Some(path.clone()), ..config })
        };
        read()
            .with_context(|| format!("reading the config `{}`", path.display()))
            .context(Exit::Config)
    }

    /// Every file that the config names or is: what no output may be written over, each with what it is.
    #[must_use]
    pub fn files(&self) -> Vec<(String, PathBuf)> {
        let mut files: Vec<(String, PathBuf)> = Vec::new();
        files.extend(self.path.iter().map(|path| ("the config".to_owned(), path.clone())));
        for (_, database) in self.databases() {
            if let Some(Url::Sqlite(path)) = Url::parse(&database.url) {
                for ending in ["", "-journal", "-wal", "-shm"] {
                    let mut path = path.clone().into_os_string();
                    path.push(ending);
                    files.push((format!("the database{ending}"), path.into()));
                }
            }
        }
        let secrets = [
            self.database.password_file.as_ref(),
            self.import.database.as_ref().and_then(|of| of.password_file.as_ref()),
            self.disable_inactive.database.as_ref().and_then(|of| of.password_file.as_ref()),
            self.directory.as_ref().and_then(|of| of.password_file.as_ref()),
        ];
        let secrets = secrets.into_iter().flatten();
        files.extend(secrets.map(|path| ("a password file".to_owned(), path.clone())));
        files.extend(self.log.file.iter().map(|path| ("the log file".to_owned(), path.clone())));
        let signers = self.ledger.signers.iter();
        files.extend(signers.map(|path| ("the signers of heads".to_owned(), path.clone())));
        let ca_file = self.directory.as_ref().and_then(|of| of.ca_file.as_ref());
        files.extend(ca_file.map(|path| ("the CA file".to_owned(), path.clone())));
        let signers = self.approval.signers.as_ref();
        files.extend(signers.map(|path| ("the signers' file".to_owned(), path.clone())));
        files
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

    /// The one of this name, or that of `[database]` where there is none.
    pub(crate) fn database_or_main(&self, name: &str) -> &DatabaseConfig {
        let named = self.databases().into_iter().find(|(known, _)| *known == name);
        named.map_or(&self.database, |(_, database)| database)
    }

    /// All of [`Config::databases`], or the one that was named.
    ///
    /// # Errors
    /// `Exit::Usage`: none has that name.
    pub fn databases_named(
        &self,
        name: Option<&str>,
    ) -> anyhow::Result<Vec<(&'static str, &DatabaseConfig)>> {
        let mut all = self.databases();
        let Some(name) = name else { return Ok(all) };
        let names: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        let names = names.join(", ");
        all.retain(|(known, _)| *known == name);
        if all.is_empty() {
            return Err(anyhow!(
                "the config has no database of its own called `{name}`; it has: {names}"
            )
            .context(Exit::Usage));
        }
        Ok(all)
    }

    /// Reads and checks a config's text.
    ///
    /// # Errors
    /// All mistakes, in one message.
    pub fn parse(text: &str) -> anyhow::Result<Config> {
        let (config, mut errors) = read::read::<Config>(text)?;
        config.check(&mut errors);
        if errors.is_empty() {
            return Ok(Config { sha256: hex(&Sha256::digest(text.as_bytes())), ..config });
        }
        Err(ConfigMistakes::of(errors, text).into())
    }

    fn check(&self, errors: &mut Vec<String>) {
        self.database.check("database", errors);
        if let Err(error) = self.time.tz() {
            errors.push(error.root_cause().to_string());
        }
        self.limits.check(errors);
        self.approval.check(errors);
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

/// In the working directory, or the system's. A working directory that can't be read holds none.
fn found_config() -> Option<PathBuf> {
    let here = Path::new("recert.toml");
    let system = Path::new("/etc/recert/recert.toml");
    if std::fs::symlink_metadata(here).is_ok() {
        return Some(here.to_owned());
    }
    // What can't be looked at there counts as there, so that it is refused.
    let absent = std::fs::symlink_metadata(system)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    (!absent).then(|| system.to_owned())
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
            "line 3: database.url: ",
            "database.retries: ",
            "line 5: database.pasword_file: no such key; did you mean `password_file`?",
            "database.call_timeout: `soon`",
            "limits.revoke.percent: `900`",
            "limits.revoke.count: ",
            "Mars/Olympus",
            "revoke.statuses",
        ] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }

    #[test]
    fn config_takes_no_list_in_place_of_a_section() {
        for (text, told) in [
            ("revoke = [[\"X\"]]", "line 1: revoke: a list where a section stands"),
            ("[[time]]\nzone = \"UTC\"", "line 1: time: a list where"),
            ("limits = []", "line 1: limits: a list where"),
            (
                "[limits]\nrevoke-unanswered = [0, 0, 0, 0]",
                "line 2: limits.revoke-unanswered: a list",
            ),
            ("[import]\ndatabase = [\"sqlite:x\"]", "line 2: import.database: a list where"),
        ] {
            let message = format!("{:#}", Config::parse(text).unwrap_err());
            assert!(message.starts_with(told), "{text}: {message}");
        }
    }

    #[test]
    fn config_warns_nobody_further_ahead_than_ten_years() {
        let text = |days: u32| format!("[disable_inactive]\nwarn_days = [10, {days}]");
        Config::parse(&text(3_660)).unwrap();
        for days in [3_661, u32::MAX] {
            let message = format!("{:#}", Config::parse(&text(days)).unwrap_err());
            assert!(message.contains("disable_inactive.warn_days"), "{message}");
        }
    }
}
