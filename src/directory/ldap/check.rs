//! `recert check`: everything a run needs of the directory, and how to mend what is missing.

use super::failure::Failure;
use super::search::{Request, search};
use super::server::{self, Description};
use super::{Known, LdapDirectory};
use crate::directory::Answer;
use crate::directory::people::People;

impl LdapDirectory {
    /// # Errors
    /// See [`crate::directory::Directory::check`].
    pub(super) async fn check_all(&mut self, sample: Option<&str>) -> anyhow::Result<Vec<String>> {
        let mut lines = self.check_servers().await?;
        let server = self.describe().await?;
        lines.extend(self.check_base(&server).await?);
        lines.push(self.check_attributes(&server).await?);
        if let Some(id) = sample {
            lines.push(self.check_sample(id).await?);
        }
        Ok(lines)
    }

    /// Logs in to every server. Stops at the first login that is refused: more of them would lock the account.
    async fn check_servers(&mut self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut dead = None;
        for number in 0..self.pool.target.count() {
            let name = self.pool.target.name(number).to_owned();
            match self.check_server(number).await {
                Ok(line) => lines.push(line),
                Err(Failure::Final(err)) => return Err(err),
                Err(failure) => {
                    let err = failure.into_error();
                    lines.push(format!("server `{name}`: NOT usable now: {}", err.root_cause()));
                    dead = Some(err);
                }
            }
        }
        match dead {
            Some(err) if self.pool.is_empty() => Err(err),
            _ => Ok(lines),
        }
    }

    async fn check_server(&mut self, number: usize) -> Result<String, Failure> {
        let target = &self.pool.target;
        let connection = target.connect(number).await?;
        let attributes = server::description_attributes();
        let request = server::ask_description(&attributes);
        let described = Description::new(search(&connection, target.timeout, &request).await?);
        let line = format!(
            "server `{}`: {}, {}, logged in as {}",
            target.name(number),
            described.kind.name(),
            target.secrecy(number),
            target.who(),
        );
        self.pool.put(connection);
        Ok(line)
    }

    /// Looks for the base DN, and for anybody below it.
    async fn check_base(&mut self, server: &Description) -> anyhow::Result<Vec<String>> {
        let base = self.settings.base_dn.clone();
        let filter = self.settings.user_filter.clone();
        let people = self.fields.people.clone();
        let request = Request { entries_max: 1, ..Request::below(&base, filter, &people) };
        let found = self.ask_once(&request).await;
        let found = found.map_err(|err| match server.contexts.as_slice() {
            [] => err,
            contexts => err.context(format!("the server holds `{}`", contexts.join("`, `"))),
        })?;
        let attribute = self.settings.dn_attribute.as_deref().unwrap_or(server.dn_attribute());
        let mut lines =
            vec![format!("base DN `{base}`: found; managers are asked for by `{attribute}`")];
        lines.push(match found.into_iter().next() {
            None => format!(
                "nobody below it passes `{}`: mend `[directory] user_filter` or `base_dn`, or let the account read them",
                self.settings.user_filter
            ),
            Some(entry) => {
                let held = people.iter().zip(&entry.held);
                let held = held.map(|(name, held)| format!("{name} {}", held.in_words()));
                format!("one entry below it: {}", held.collect::<Vec<_>>().join(", "))
            }
        });
        Ok(lines)
    }

    async fn check_attributes(&mut self, server: &Description) -> anyhow::Result<String> {
        let settings = &self.settings;
        let mut attributes = vec![
            ("user_id_attribute", settings.user_id_attribute.clone()),
            ("manager_attribute", settings.manager_attribute.clone()),
            ("manager_id_attribute", settings.manager_id_attribute.clone()),
            ("manager_name_attribute", settings.manager_name_attribute.clone()),
            ("manager_mail_attribute", settings.manager_mail_attribute.clone()),
        ];
        attributes.extend(settings.dn_attribute.clone().map(|name| ("dn_attribute", name)));
        match self.unknown(server, &attributes).await? {
            None => Ok("attributes: the server does not show its schema".to_owned()),
            Some(unknown) if unknown.is_empty() => {
                Ok("attributes: all are in the server's schema".to_owned())
            }
            Some(unknown) => Err(super::doubt::misspelt(&unknown)),
        }
    }

    async fn check_sample(&mut self, id: &str) -> anyhow::Result<String> {
        let mut silent = |_| {};
        let names = self.fields.names.clone();
        let known = Known::new(People::new(&[id.to_owned()], names), &mut silent);
        self.look_up(&known).await?;
        let answer = known.people.into_inner().answers()?.into_iter().next();
        let has = |value: &Option<String>| if value.is_some() { "yes" } else { "no" };
        let found = match answer {
            None | Some(Answer::NotFound) => "not found".to_owned(),
            Some(Answer::Ambiguous { entries }) => format!("found {entries} times"),
            Some(Answer::SeveralValues { attribute, values }) => {
                format!("found, but `{attribute}` holds {values} values")
            }
            Some(Answer::NoManager) => "found, without a manager".to_owned(),
            Some(Answer::Dangling { .. }) => "found, with a manager who is not there".to_owned(),
            Some(Answer::Manager(manager)) => format!(
                "found, and the manager too (id {}, name {}, mail {})",
                has(&manager.id),
                has(&manager.name),
                has(&manager.mail),
            ),
        };
        Ok(format!("sample `{id}`: {found}"))
    }
}
