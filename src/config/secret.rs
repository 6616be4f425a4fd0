//! Secrets come from a file or the environment: never from the config, argv or a log.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;

use crate::exit::Exit;

/// Where a password is to be had. At most one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SecretSource {
    /// File whose first line is the password; refused when others can read it.
    pub password_file: Option<PathBuf>,
    /// Name of an environment variable that holds the password.
    pub password_env: Option<String>,
}

/// A secret that no log, error or debug output can show.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, to be handed to a server and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SecretSource {
    /// Reads the secret; `None` when no source is named.
    ///
    /// # Errors
    /// `Exit::Config`: the file or variable is not there, empty, or open to others.
    pub fn read(&self) -> anyhow::Result<Option<Secret>> {
        let secret = match (&self.password_file, &self.password_env) {
            (Some(path), _) => read_file(path)
                .with_context(|| format!("reading the password file `{}`", path.display())),
            (None, Some(name)) => read_variable(name),
            (None, None) => return Ok(None),
        };
        secret.map(|secret| Some(Secret(secret))).map_err(|error| error.context(Exit::Config))
    }

    /// Gathers what is wrong with the pair of keys.
    pub(super) fn check(&self, section: &str, errors: &mut Vec<String>) {
        if self.password_file.is_some() && self.password_env.is_some() {
            errors.push(format!("{section}: give `password_file` or `password_env`, not both"));
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    let mode = std::fs::metadata(path)?.mode();
    if mode & 0o007 != 0 {
        return Err(anyhow!(
            "others may use it (mode {:03o}); `chmod 600 {}` mends that",
            mode & 0o777,
            path.display()
        ));
    }
    let text = std::fs::read_to_string(path)?;
    let secret = text.lines().next().unwrap_or_default();
    if secret.is_empty() {
        return Err(anyhow!("its first line is empty"));
    }
    Ok(secret.to_owned())
}

fn read_variable(name: &str) -> anyhow::Result<String> {
    match std::env::var(name) {
        Ok(secret) if !secret.is_empty() => Ok(secret),
        Ok(_) => Err(anyhow!("the environment variable `{name}` (`password_env`) is empty")),
        Err(_) => Err(anyhow!(
            "the environment variable `{name}` (`password_env`) is not set, or not UTF-8"
        )),
    }
}
