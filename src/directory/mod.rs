//! The directory: who is whose line manager.
//!
//! This is the port. What is behind it (`ldap/`) is the only place that knows the protocol, and
//! async ends there. Nothing here logs a name, an address or a password.

mod entry;
mod ldap;
mod people;

use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use crate::config::Config;
use crate::config::directory::DirectorySettings;
use crate::exit::Exit;

/// What the directory says of one employee's line manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The entry that the employee's manager DN names. One value for all who share a manager.
    Manager(Arc<Manager>),
    /// A search that completed found no such employee; also the answer to a blank id.
    NotFound,
    /// Several entries bear this id.
    Ambiguous {
        /// How many.
        entries: usize,
    },
    /// An attribute that must hold one value holds several, and none of them is the right one by any
    /// rule: the manager attribute of the employee, or an id, name or mail attribute of the manager.
    SeveralValues {
        /// The attribute, as configured.
        attribute: String,
        /// How many values it holds.
        values: usize,
    },
    /// The employee's entry has no manager.
    NoManager,
    /// The manager DN leads to no entry that this server lets the account read.
    Dangling {
        /// The DN, as the employee's entry holds it.
        dn: String,
    },
}

/// A line manager, exactly as the directory holds them. `None` is an attribute the entry lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// What goes into LINEMANAGER_ID.
    pub id: Option<String>,
    /// What goes into LINEMANAGER_NAME.
    pub name: Option<String>,
    /// What goes into LINEMANAGER_MAIL_ID.
    pub mail: Option<String>,
}

/// A directory of people.
pub trait Directory {
    /// One answer for each id, in the order of `ids`, compared without case or surrounding blanks.
    /// `progress` hears how many ids are answered so far: never fewer than before, all of them at the end.
    ///
    /// # Errors
    /// `Exit::Config` when a person must look (login, certificate, rights, base DN, attributes),
    /// `Exit::Unavailable` when the directory did not give whole answers, after all retries.
    /// There are no partial answers.
    fn line_managers(
        &mut self,
        ids: &[String],
        progress: &mut dyn FnMut(usize),
    ) -> anyhow::Result<Vec<Answer>>;

    /// Logs in to every server, looks for the base DN and the attributes, and looks up `sample`, or
    /// else any one entry. Returns lines a person reads, without names or addresses of people.
    ///
    /// # Errors
    /// The first thing that would stop a run, with how to mend it. A server that does not answer
    /// is only a line as long as another one does.
    fn check(&mut self, sample: Option<&str>) -> anyhow::Result<Vec<String>>;
}

/// Prepares a directory for use. Nothing is sent yet.
///
/// # Errors
/// `Exit::Config` for settings that can't work, an empty password, or certificates that can't be read.
pub fn open(
    settings: &DirectorySettings,
    password: Option<&str>,
) -> anyhow::Result<Box<dyn Directory>> {
    Ok(Box::new(ldap::LdapDirectory::new(settings, password)?))
}

/// The directory of the config, ready for use. Nothing is sent yet.
///
/// # Errors
/// As [`open`]; `Exit::Config` also when the config names none, or its password can't be read.
pub fn of(config: &Config) -> anyhow::Result<Box<dyn Directory>> {
    let settings = config.directory.as_ref().ok_or_else(|| {
        anyhow!("the config has no `[directory]`; `config.example.toml` shows its keys")
            .context(Exit::Config)
    })?;
    let password = settings.secret().read().context("reading the directory's password")?;
    open(settings, password.as_deref())
}
