//! `recert check`: everything a run needs of the directory, and how to mend what is missing.

use super::connect::ServerAddress;
use super::failure::{FailureRemedy, LdapFailure};
use super::lookup::LookUp;
use super::search::{SearchRequest, search};
use super::server::{self, ServerDescription};
use super::{LdapDirectory, doubt};
use crate::directory::people::PeopleJoin;
use crate::directory::{AttributeValue, CheckLine, ManagerAnswer};

/// How an address did.
type AddressOutcome = (ServerAddress, Result<String, LdapFailure>);

impl LdapDirectory {
    /// # Errors
    /// See [`crate::directory::Directory::check`].
    pub(super) async fn check_all(&mut self, samples: &[String]) -> anyhow::Result<Vec<CheckLine>> {
        let mut lines = self.check_servers().await?;
        let server = self.describe().await?;
        self.ask_schema(&server).await?;
        lines.extend(self.check_base(&server).await?);
        lines.push(self.check_attributes()?);
        lines.extend(self.check_samples(samples).await?);
        Ok(lines)
    }

    /// Logs in to every address of every server. Stops at the first login that is refused: more of them would lock
    /// the account.
    async fn check_servers(&mut self) -> anyhow::Result<Vec<CheckLine>> {
        let mut lines = Vec::new();
        let (mut usable, mut worst) = (false, None);
        for server in 0..self.pool.target.count() {
            let outcomes = match self.pool.addresses.resolve(&self.pool.target, server).await {
                Ok(endpoints) => self.check_addresses(endpoints).await,
                Err(failure) => {
                    let why = format!("{:#}", failure.error());
                    lines.push((false, format!("{why}; {MEND_SERVER}")));
                    worst = Some(failure);
                    continue;
                }
            };
            for (endpoint, outcome) in outcomes {
                let name = self.pool.target.name(endpoint);
                match outcome {
                    Ok(line) => {
                        usable = true;
                        lines.push((true, format!("{name}: {line}")));
                    }
                    Err(failure) if failure.remedy == FailureRemedy::Nothing => {
                        return Err(failure.into_error());
                    }
                    Err(failure) => {
                        let why = failure.error().root_cause();
                        lines
                            .push((false, format!("{name}: not usable now: {why}; {MEND_SERVER}")));
                        worst = Some(failure);
                    }
                }
            }
        }
        match worst {
            Some(failure) if !usable => Err(failure.into_error()),
            _ => Ok(lines
                .into_iter()
                .map(
                    |(good, line)| {
                        if good { CheckLine::Ok(line) } else { CheckLine::Warning(line) }
                    },
                )
                .collect()),
        }
    }

    async fn check_addresses(&mut self, endpoints: Vec<ServerAddress>) -> Vec<AddressOutcome> {
        let mut outcomes = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let outcome = self.check_address(endpoint).await;
            let stop = matches!(&outcome, Err(failure) if failure.remedy == FailureRemedy::Nothing);
            outcomes.push((endpoint, outcome));
            if stop {
                break;
            }
        }
        outcomes
    }

    async fn check_address(&mut self, endpoint: ServerAddress) -> Result<String, LdapFailure> {
        let target = &self.pool.target;
        let connection = target.connect_or_explain(endpoint).await?;
        let attributes = server::description_attributes();
        let request = server::ask_description(&attributes);
        let described = search(&connection, target.timeout, &request).await?;
        let described = ServerDescription::new(described.entries);
        let (kind, secrecy) = (described.kind.name(), target.secrecy(endpoint.server));
        let line = format!("{kind}, {secrecy}, logged in as {}", target.who());
        self.pool.put(connection);
        Ok(line)
    }

    /// Looks for the base DN, and for anybody below it.
    async fn check_base(&mut self, server: &ServerDescription) -> anyhow::Result<Vec<CheckLine>> {
        let base = self.settings.base_dn.clone();
        let filter = self.settings.user_filter.clone();
        let people = self.fields.people.clone();
        let request =
            SearchRequest { stop_after: 1, ..SearchRequest::below(&base, filter, &people) };
        let found = self.ask_once(&request).await;
        let found = found.map_err(|err| match server.contexts.as_slice() {
            [] => err,
            contexts => err.context(format!("the server holds `{}`", contexts.join("`, `"))),
        })?;
        let attribute = self.settings.dn_attribute.as_deref().unwrap_or(server.dn_attribute());
        let mut lines = vec![CheckLine::Ok(format!(
            "base DN `{base}`: found; managers are asked for by `{attribute}`"
        ))];
        if found.is_empty() {
            lines.push(CheckLine::Missing(format!(
                "nobody below the base DN passes `{}`: mend `[directory] user_filter` or `base_dn`, or let the account read them",
                self.settings.user_filter
            )));
        }
        Ok(lines)
    }

    fn check_attributes(&self) -> anyhow::Result<CheckLine> {
        let settings = &self.settings;
        let mut attributes: Vec<(&'static str, &str)> = vec![
            ("user_id_attribute", &settings.user_id_attribute),
            ("manager_attribute", &settings.manager_attribute),
            ("manager_id_attribute", &settings.manager_id_attribute),
            ("manager_name_attribute", &settings.manager_name_attribute),
            ("manager_mail_attribute", &settings.manager_mail_attribute),
        ];
        attributes.extend(settings.dn_attribute.as_deref().map(|name| ("dn_attribute", name)));
        match self.unknown(&attributes) {
            None => Ok(CheckLine::Ok(
                "attributes: the server does not show its schema, so that a misspelt one is not told".to_owned(),
            )),
            Some(unknown) if unknown.is_empty() => {
                Ok(CheckLine::Ok("attributes: all are in the server's schema".to_owned()))
            }
            Some(unknown) => Err(doubt::misspelt(&unknown)),
        }
    }

    /// Looks up people of USER_TAB, as a run does, through to their managers.
    async fn check_samples(&mut self, samples: &[String]) -> anyhow::Result<Vec<CheckLine>> {
        if samples.is_empty() {
            return Ok(vec![CheckLine::Warning(
                "USER_TAB has nobody to look up: whether people are found is not known".to_owned(),
            )]);
        }
        let mut silent = |_| {};
        let known = LookUp::new(PeopleJoin::new(samples, &self.settings.base_dn), &mut silent);
        self.ask_for_managers(&known).await?;
        let answers = known.people.into_inner().answers();
        let settings = &self.settings;
        Ok(SampleTally::of(samples, &answers).lines([
            &settings.user_id_attribute,
            &settings.manager_attribute,
            &settings.manager_id_attribute,
            &settings.manager_name_attribute,
            &settings.manager_mail_attribute,
        ]))
    }
}

const MEND_SERVER: &str =
    "runs do with the others; mend it, or take it out of `[directory] urls` or of the name";

/// What looking up a few users of USER_TAB came to.
#[derive(Default)]
struct SampleTally<'a> {
    asked: usize,
    found: usize,
    with_manager: usize,
    managers_with: [usize; 3],
    /// Ids, and why they were not found or have no manager that can be read.
    troubles: Vec<(&'a str, &'static str)>,
}

impl<'a> SampleTally<'a> {
    fn of(samples: &'a [String], answers: &[ManagerAnswer]) -> Self {
        let mut tally = SampleTally { asked: samples.len(), ..SampleTally::default() };
        for (id, answer) in samples.iter().zip(answers) {
            let trouble = trouble(answer);
            let not_found = matches!(
                answer,
                ManagerAnswer::NotFound | ManagerAnswer::OtherBase | ManagerAnswer::OtherId
            );
            tally.found += usize::from(!not_found);
            if let ManagerAnswer::Manager { manager, .. } = answer {
                tally.with_manager += 1;
                let held = [&manager.id, &manager.name, &manager.mail];
                for (value, n) in held.into_iter().zip(&mut tally.managers_with) {
                    *n += usize::from(matches!(value, AttributeValue::One(_)));
                }
            }
            tally.troubles.extend(trouble.map(|trouble| (id.as_str(), trouble)));
        }
        tally
    }

    fn lines(&self, attributes: [&String; 5]) -> Vec<CheckLine> {
        let SampleTally { asked, found, with_manager, .. } = *self;
        let [user_id, manager, held @ ..] = attributes;
        let mut lines = Vec::new();
        lines.push(judged(
            found,
            asked,
            format!("{found} of {asked} users of USER_TAB are found by `{user_id}`"),
            "is `[directory] base_dn`, `user_filter` or `user_id_attribute` right?",
        ));
        if found > 0 {
            lines.push(judged(with_manager, found, format!("{with_manager} of {found} of them have a manager by `{manager}` who can be read"), "is `[directory] manager_attribute` right, and may the account read it?"));
        }
        for ((attribute, n), key) in held.iter().zip(self.managers_with).zip(["id", "name", "mail"])
        {
            if with_manager > 0 {
                lines.push(judged(n, with_manager, format!("{n} of {with_manager} managers show `{attribute}`"), &format!("is `[directory] manager_{key}_attribute` right, and may the account read it?")));
            }
        }
        for (id, trouble) in self.troubles.iter().take(5) {
            lines.push(CheckLine::Warning(format!("user `{id}`: {trouble}")));
        }
        lines
    }
}

/// All of them: ok. None: a run would do nothing. Some: somebody should know.
fn judged(good: usize, of: usize, line: String, question: &str) -> CheckLine {
    match good {
        good if good == of => CheckLine::Ok(line),
        0 => CheckLine::Missing(format!("{line}: {question}")),
        _ => CheckLine::Warning(line),
    }
}

fn trouble(answer: &ManagerAnswer) -> Option<&'static str> {
    Some(match answer {
        ManagerAnswer::Manager { .. } => return None,
        ManagerAnswer::NotFound => "not in the directory",
        ManagerAnswer::OtherBase => "only outside the base DN",
        ManagerAnswer::OtherId => "the server offers somebody whose id is another",
        ManagerAnswer::Ambiguous { .. } => "several entries have this id",
        ManagerAnswer::NoManager => "found, without a manager",
        ManagerAnswer::SeveralManagers { .. } => "found, with several managers",
        ManagerAnswer::Unreadable { .. } => "their entry can't be read",
        ManagerAnswer::Dangling(reason) => reason.in_words(),
    })
}
