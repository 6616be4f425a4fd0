//! Secrets come from a file, the environment or a program: never from the config, argv or a log.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;

use super::trust::must_be_our_secret;
use crate::exit::Exit;
use crate::files::open_regular;

mod program;

/// No password is as long.
const BYTES_MAX: u64 = 1 << 16;

/// Where a password is to be had. At most one of the three is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SecretSource {
    /// File whose first line is the password; refused when the world can read it.
    pub password_file: Option<PathBuf>,
    /// Name of an environment variable that holds the password.
    pub password_env: Option<String>,
    /// Program and its arguments; the first line it writes is the password.
    pub password_command: Option<Vec<String>>,
}

/// A secret that no log, error or debug output can show.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// An error without the secret, wherever a server or a driver has repeated it.
    #[must_use]
    pub fn scrub(&self, error: anyhow::Error) -> anyhow::Error {
        let told = format!("{error:#}");
        if !told.contains(&self.0) {
            return error;
        }
        anyhow!("{}", told.replace(&self.0, "…")).context(Exit::of(&error))
    }
}

/// To be handed to a server, and nowhere else.
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
    /// `Exit::Config`: the file, variable or program is not there, gives nothing, or is open to others.
    pub fn read(&self) -> anyhow::Result<Option<Secret>> {
        let text = match (&self.password_file, &self.password_env, &self.password_command) {
            (Some(path), ..) => read_file(path)
                .with_context(|| format!("reading the password file `{}`", path.display())),
            (None, Some(name), _) => read_variable(name),
            (None, None, Some(command)) => program::run(command),
            (None, None, None) => return Ok(None),
        };
        let secret = text.and_then(|text| first_line(&text));
        secret.map(|secret| Some(Secret(secret))).map_err(|error| error.context(Exit::Config))
    }

    /// How many of the three are named.
    #[must_use]
    pub fn n_named(&self) -> usize {
        usize::from(self.password_file.is_some())
            + usize::from(self.password_env.is_some())
            + usize::from(self.password_command.is_some())
    }

    /// Whether there is a command without its first word.
    pub(super) fn names_no_program(&self) -> bool {
        let words = self.password_command.as_ref();
        words.is_some_and(|words| words.first().is_none_or(|program| program.trim().is_empty()))
    }

    /// Gathers what is wrong with the keys.
    pub(super) fn check(&self, section: &str, errors: &mut Vec<String>) {
        if self.n_named() > 1 {
            errors.push(format!(
                "{section}: give one of `password_file`, `password_env` and `password_command`"
            ));
        }
        if self.names_no_program() {
            errors.push(format!("{section}.password_command: names no program"));
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    must_be_our_secret(path)?;
    let mut bytes = Vec::new();
    open_regular(path)?.take(BYTES_MAX).read_to_end(&mut bytes)?;
    // Not the decoder's own words: they may quote.
    String::from_utf8(bytes).map_err(|_| anyhow!("it is not UTF-8 text"))
}

fn read_variable(name: &str) -> anyhow::Result<String> {
    // Its name is not told: it may be the password that somebody put there.
    std::env::var(name).map_err(|_| {
        anyhow!("the environment variable that `password_env` names is not set, or is not UTF-8")
    })
}

/// A mark of the encoding that an editor put in front is none of the password.
fn first_line(text: &str) -> anyhow::Result<String> {
    let secret = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    if secret.trim().is_empty() {
        return Err(anyhow!("the password's first line is empty or blank"));
    }
    if secret.contains(char::is_control) {
        return Err(anyhow!("the password's first line holds a control character: is it UTF-16?"));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password_without_a_mark_of_its_encoding() {
        assert_eq!(first_line("\u{feff}pass word \r\nmore").unwrap(), "pass word ");
        for text in ["", "\n", "  \t\nsecret", "\u{feff}\n", "s\0e\0"] {
            let said = format!("{:#}", first_line(text).unwrap_err());
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn an_error_that_repeats_the_password_is_told_without_it() {
        let secret = Secret("hunter2".to_owned());
        let error =
            anyhow!("ORA-01017: hunter2 denied").context("logging in").context(Exit::Config);
        let scrubbed = secret.scrub(error);
        assert_eq!(Exit::of(&scrubbed), Exit::Config);
        assert_eq!(Exit::tell(&scrubbed).matches("hunter2").count(), 0);
        assert!(Exit::tell(&scrubbed).contains("… denied"));
    }
}
