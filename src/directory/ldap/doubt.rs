//! Answers that are too poor to be true.
//!
//! A server says nothing of an attribute it has never heard of: a misspelt `manager` makes
//! everybody look as if they had none, and a misspelt `mail` would empty every address. So when
//! nobody holds an attribute, the schema is asked whether there is such a thing.

use anyhow::anyhow;

use super::LdapDirectory;
use super::server::{Description, ask_schema, attributes_of};
use crate::directory::Answer;
use crate::exit::Exit;

/// The keys of `[directory]` whose attribute nobody holds who should, and what they are set to.
fn never_held<'a>(
    directory: &'a LdapDirectory,
    answers: &[Answer],
) -> Vec<(&'static str, &'a str)> {
    let settings = &directory.settings;
    if answers.iter().all(|answer| *answer == Answer::NotFound) {
        return vec![("user_id_attribute", &settings.user_id_attribute)];
    }
    if answers.iter().all(|answer| matches!(answer, Answer::NotFound | Answer::NoManager)) {
        return vec![("manager_attribute", &settings.manager_attribute)];
    }
    let managers = || {
        answers.iter().filter_map(|answer| match answer {
            Answer::Manager(manager) => Some(manager),
            _ => None,
        })
    };
    let mut never: Vec<(&'static str, &str)> = Vec::new();
    if managers().next().is_none() {
        return never;
    }
    if managers().all(|manager| manager.id.is_none()) {
        never.push(("manager_id_attribute", &settings.manager_id_attribute));
    }
    if managers().all(|manager| manager.name.is_none()) {
        never.push(("manager_name_attribute", &settings.manager_name_attribute));
    }
    if managers().all(|manager| manager.mail.is_none()) {
        never.push(("manager_mail_attribute", &settings.manager_mail_attribute));
    }
    never
}

impl LdapDirectory {
    /// Refuses answers that are poor because an attribute is misspelt.
    ///
    /// # Errors
    /// `Exit::Config`, naming the keys.
    pub(super) async fn doubt(&mut self, answers: &[Answer]) -> anyhow::Result<()> {
        let suspects: Vec<(&'static str, String)> = never_held(self, answers)
            .into_iter()
            .map(|(key, name)| (key, name.to_owned()))
            .collect();
        if suspects.is_empty() || answers.is_empty() {
            return Ok(());
        }
        let server = self.describe().await?;
        let unknown = self.unknown(&server, &suspects).await?;
        for (key, attribute) in &suspects {
            tracing::warn!(
                key,
                attribute,
                "nobody holds this attribute of `[directory]`; may the account read it?"
            );
        }
        match unknown.unwrap_or_default() {
            unknown if unknown.is_empty() => Ok(()),
            unknown => Err(misspelt(&unknown)),
        }
    }

    /// Those of the attributes that the schema does not define, as `key = name`. `None` when it is not shown.
    pub(super) async fn unknown(
        &mut self,
        server: &Description,
        attributes: &[(&'static str, String)],
    ) -> anyhow::Result<Option<Vec<String>>> {
        let Some(schema) = &server.schema else { return Ok(None) };
        let wanted = vec!["attributeTypes".to_owned()];
        let entries = self.ask_once(&ask_schema(schema, &wanted)).await?;
        let Some(defined) = attributes_of(entries) else { return Ok(None) };
        let unknown = attributes.iter().filter(|(_, name)| {
            let bare = name.split(';').next().unwrap_or_default();
            !defined.contains(&bare.to_ascii_lowercase())
        });
        Ok(Some(unknown.map(|(key, name)| format!("`{key} = \"{name}\"`")).collect()))
    }
}

/// The error for attributes that are not there.
pub(super) fn misspelt(unknown: &[String]) -> anyhow::Error {
    let unknown = unknown.join(", ");
    anyhow!("the server's schema has no such attribute: mend `[directory]` {unknown}")
        .context(Exit::Config)
}
