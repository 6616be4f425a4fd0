//! Answers that are too poor to be true.
//!
//! A server says nothing of an attribute it has never heard of: a misspelt `manager` makes
//! everybody look as if they had none, and a misspelt `mail` as if nobody had an address. So when
//! nobody holds an attribute, it must at least be in the schema.

use anyhow::anyhow;

use super::LdapDirectory;
use crate::directory::{AttributeValue, ManagerAnswer};
use crate::exit::Exit;

/// The keys of `[directory]` whose attribute nobody holds who should, and what they are set to.
fn never_held<'a>(
    directory: &'a LdapDirectory,
    answers: &[ManagerAnswer],
) -> Vec<(&'static str, &'a str)> {
    use ManagerAnswer::{Manager, NoManager, NotFound};
    let settings = &directory.settings;
    if answers.iter().all(|answer| *answer == NotFound) {
        return vec![("user_id_attribute", &settings.user_id_attribute)];
    }
    if answers.iter().all(|answer| matches!(answer, NotFound | NoManager)) {
        return vec![("manager_attribute", &settings.manager_attribute)];
    }
    let managers = || {
        answers.iter().filter_map(|answer| match answer {
            Manager { manager, .. } => Some(manager),
            _ => None,
        })
    };
    if managers().next().is_none() {
        return Vec::new();
    }
    let mut never: Vec<(&'static str, &str)> = Vec::new();
    if managers().all(|manager| manager.id == AttributeValue::Absent) {
        never.push(("manager_id_attribute", &settings.manager_id_attribute));
    }
    if managers().all(|manager| manager.name == AttributeValue::Absent) {
        never.push(("manager_name_attribute", &settings.manager_name_attribute));
    }
    if managers().all(|manager| manager.mail == AttributeValue::Absent) {
        never.push(("manager_mail_attribute", &settings.manager_mail_attribute));
    }
    never
}

impl LdapDirectory {
    /// Refuses answers that are poor because an attribute is misspelt.
    ///
    /// # Errors
    /// `Exit::Config`, naming the keys.
    pub(super) fn doubt(&self, answers: &[ManagerAnswer]) -> anyhow::Result<()> {
        if answers.is_empty() {
            return Ok(());
        }
        let suspects = never_held(self, answers);
        for (key, attribute) in &suspects {
            tracing::warn!(
                key,
                attribute,
                "nobody holds this attribute of `[directory]`; may the account read it?"
            );
        }
        match self.unknown(&suspects).unwrap_or_default() {
            unknown if unknown.is_empty() => Ok(()),
            unknown => Err(misspelt(&unknown)),
        }
    }

    /// Those of the attributes that the schema does not define, as `key = name`. `None` when it is not shown.
    pub(super) fn unknown(&self, attributes: &[(&'static str, &str)]) -> Option<Vec<String>> {
        let schema = self.schema.as_ref()?;
        let unknown = attributes.iter().filter(|(_, name)| !schema.defines(name));
        Some(unknown.map(|(key, name)| format!("`{key} = \"{name}\"`")).collect())
    }
}

/// The error for attributes that are not there.
pub(super) fn misspelt(unknown: &[String]) -> anyhow::Error {
    let unknown = unknown.join(", ");
    anyhow!("the server's schema has no such attribute: mend `[directory]` {unknown}")
        .context(Exit::Config)
}
