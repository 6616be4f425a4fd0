//! The directory: who is whose line manager.
//!
//! This is the port. What is behind it (`ldap/`) is the only place that knows the protocol, and
//! async ends there. Nothing here logs a name, an address or a password.

mod entry;
mod ldap;
mod people;

use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use crate::config::directory::DirectorySettings;
use crate::config::{Config, must_be_ours_alone};
use crate::exit::Exit;

/// What the directory says of one employee's line manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerAnswer {
    /// The entry that the employee's manager DN names.
    Manager {
        /// One value for all who share a manager.
        manager: Arc<LineManager>,
        /// Whether it is the employee's own entry.
        is_self: bool,
    },
    /// A search that completed found no such employee; also the answer to a blank id.
    NotFound,
    /// Entries bear this id, but none of them is below the base DN.
    OtherBase,
    /// The server offers an entry by rules looser than ours, whose id is another: with accents, or zeros before it.
    OtherId,
    /// Several entries bear this id.
    Ambiguous {
        /// How many.
        entries: usize,
    },
    /// The employee's entry shows no manager.
    NoManager,
    /// The employee's entry names several managers, none of whom is the right one by any rule.
    SeveralManagers {
        /// How many.
        managers: usize,
    },
    /// The manager DN leads to no entry that this server lets the account read.
    Dangling(DanglingReason),
    /// The employee's entry can't be read where it matters.
    Unreadable {
        /// What of it.
        part: EntryPart,
        /// Why not.
        why: UnreadableReason,
    },
}

/// Why a manager's DN leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DanglingReason {
    /// The server refers to another one, which is not asked (result 10).
    OtherDomain,
    /// There is no such entry, or none that the account may know of (result 32).
    NotThere,
    /// It may not be read (result 50), or nothing of it came.
    NotReadable,
    /// It is no DN (result 34).
    NotADn,
    /// The server answered with an entry of another name.
    OtherEntry,
}

impl DanglingReason {
    /// Why the DN leads nowhere.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            DanglingReason::OtherDomain => {
                "their manager's DN is of another domain or server, which is not asked (result 10)"
            }
            DanglingReason::NotThere => {
                "their manager's DN leads to no entry: it is gone, or hidden from the account (result 32)"
            }
            DanglingReason::NotReadable => {
                "their manager's entry may not be read by the account (result 50, or nothing came)"
            }
            DanglingReason::NotADn => "what stands for their manager's DN is none (result 34)",
            DanglingReason::OtherEntry => {
                "the server answered for their manager's DN with another entry"
            }
        }
    }
}

/// Why a value can't be taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadableReason {
    /// At least one value is not UTF-8.
    Binary,
    /// The server sent only a range of the values (`member;range=0-1499`).
    Ranged,
    /// The entry came by its id, and does not show it.
    Hidden,
}

/// What of an employee's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPart {
    /// The entry's own name.
    Dn,
    /// `[directory] user_id_attribute`.
    Id,
    /// `[directory] manager_attribute`.
    Manager,
}

/// A line manager, exactly as the directory shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineManager {
    /// What goes into LINEMANAGER_ID.
    pub id: AttributeValue,
    /// What goes into LINEMANAGER_NAME.
    pub name: AttributeValue,
    /// What goes into LINEMANAGER_MAIL_ID.
    pub mail: AttributeValue,
    /// Their account is disabled (`userAccountControl`).
    pub disabled: bool,
}

/// What an entry shows of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Nothing, or blanks. The entry may hold a value all the same, which the account may not read.
    Absent,
    /// One value.
    One(String),
    /// This many, none of which is the right one by any rule.
    Several(usize),
    /// Something that can't be taken as it is.
    Unreadable(UnreadableReason),
}

impl AttributeValue {
    /// The one value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            AttributeValue::One(text) => Some(text),
            _ => None,
        }
    }
}

/// One thing that `check` looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckLine {
    /// As it should be.
    Ok(String),
    /// A run does without it, but somebody should know.
    Warning(String),
    /// A run would fail, or find nothing; ends with how to mend it.
    Missing(String),
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
    ) -> anyhow::Result<Vec<ManagerAnswer>>;

    /// Logs in to every address of every server, looks for the base DN and the attributes, and looks up the
    /// `samples` through to their managers. Returns lines a person reads, without names or addresses of people.
    ///
    /// # Errors
    /// The first thing that would stop a run, with how to mend it. A server that does not answer
    /// is only a line as long as another one does.
    fn check(&mut self, samples: &[String]) -> anyhow::Result<Vec<CheckLine>>;
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
pub(crate) fn of(config: &Config) -> anyhow::Result<Box<dyn Directory>> {
    let settings = config.directory.as_ref().ok_or_else(|| {
        anyhow!("the config has no `[directory]`; `config.example.toml` shows its keys")
            .context(Exit::Config)
    })?;
    let password = settings.secret().read().context("reading the directory's password")?;
    if let Some(path) = &settings.ca_file {
        must_be_ours_alone(path)?; // Whom it names gets the password.
    }
    open(settings, password.as_deref())
}
