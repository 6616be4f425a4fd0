//! The directory over LDAP version 3. Only this folder names the library, and async ends here.

mod addresses;
mod advice;
mod ber;
mod check;
mod connect;
mod decode;
mod doubt;
mod failure;
mod fields;
#[cfg(feature = "kerberos")]
mod kerberos;
mod login;
mod lookup;
mod pool;
mod scan;
mod schema;
mod search;
mod server;
mod tls;
mod trust;
mod wire;

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use self::connect::LoginTarget;
use self::fields::AttributeFields;
use self::lookup::LookUp;
use self::pool::ConnectionPool;
use self::schema::AttributeSchema;
use self::search::{ResultPage, SearchRequest};
use self::server::ServerDescription;
use super::people::PeopleJoin;
use super::{CheckLine, Directory, ManagerAnswer};
use crate::config::directory::DirectorySettings;
use crate::exit::Exit;

/// An LDAP directory. Connects when it is first asked, and stays connected until dropped.
pub(super) struct LdapDirectory {
    settings: DirectorySettings,
    fields: AttributeFields,
    pool: ConnectionPool,
    server: Option<ServerDescription>,
    /// What the server shows of it, once it was asked.
    schema: Option<AttributeSchema>,
    has_asked_schema: bool,
    /// Runs in the thread that asks. Absent only while it is in use or being dropped.
    runtime: Option<Runtime>,
}

impl LdapDirectory {
    /// # Errors
    /// `Exit::Config`: see [`super::open`].
    pub(super) fn new(
        settings: &DirectorySettings,
        password: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut errors = Vec::new();
        settings.check(&mut errors);
        if !errors.is_empty() {
            return Err(anyhow!("{}", errors.join("; ")).context(Exit::Config));
        }
        let target = LoginTarget::new(settings, password)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(LdapDirectory {
            settings: settings.clone(),
            fields: AttributeFields::new(settings, None),
            pool: ConnectionPool::new(target, settings.connections, settings.retries),
            server: None,
            schema: None,
            has_asked_schema: false,
            runtime: Some(runtime.context("preparing to ask the directory")?),
        })
    }

    /// Runs something to its end, and returns what became of it.
    fn block_on<T>(
        &mut self,
        run: impl AsyncFnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(runtime) = self.runtime.take() else {
            anyhow::bail!("the directory is in use");
        };
        let outcome = runtime.block_on(run(self));
        self.runtime = Some(runtime);
        outcome
    }

    /// What kind of server this is; asked once.
    async fn describe(&mut self) -> anyhow::Result<ServerDescription> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let attributes = server::description_attributes();
        let entries = self.ask_once(&server::ask_description(&attributes)).await?;
        Ok(self.server.insert(ServerDescription::new(entries)).clone())
    }

    /// What the server calls its attributes; asked once.
    async fn ask_schema(&mut self, server: &ServerDescription) -> anyhow::Result<()> {
        if let Some(dn) = self.schema_to_ask(server) {
            let wanted = server::schema_attributes();
            let entries = self.ask_once(&server::ask_schema(dn, &wanted)).await?;
            self.learn_schema(entries);
        }
        Ok(())
    }

    /// Where the schema is, unless it was asked before.
    fn schema_to_ask<'a>(&self, server: &'a ServerDescription) -> Option<&'a str> {
        server.schema.as_deref().filter(|_| !self.has_asked_schema)
    }

    fn learn_schema(&mut self, entries: Vec<decode::SearchEntry>) {
        let held = entries.into_iter().next().and_then(|entry| entry.held.into_iter().next());
        self.schema = held.and_then(AttributeSchema::of);
        self.has_asked_schema = true;
        self.fields = AttributeFields::new(&self.settings, self.schema.as_ref());
    }

    /// One search, tried again as all are.
    async fn ask_once(
        &mut self,
        request: &SearchRequest<'_>,
    ) -> anyhow::Result<Vec<decode::SearchEntry>> {
        let answer = RefCell::new(Vec::new());
        let ask = |_: &[u32]| request.clone();
        let accept = |_: &[u32], page: ResultPage| {
            answer.replace(page.entries);
        };
        self.pool.run(vec![vec![0]], &ask, &accept).await?;
        Ok(answer.into_inner())
    }

    /// Everybody's manager, within the time there is for it.
    async fn ask_for_managers(&mut self, known: &LookUp<'_>) -> anyhow::Result<()> {
        let deadline = Duration::from_secs(self.settings.deadline);
        let looked_up = match timeout(deadline, self.look_up(known)).await {
            Ok(looked_up) => looked_up,
            Err(_) => Err(anyhow!(
                "it took more than {} s in all (`[directory] deadline`)",
                deadline.as_secs()
            )
            .context(Exit::Unavailable)),
        };
        looked_up.context("looking up line managers in the directory")
    }
}

impl Directory for LdapDirectory {
    fn line_managers(
        &mut self,
        ids: &[String],
        progress: &mut dyn FnMut(usize),
    ) -> anyhow::Result<Vec<ManagerAnswer>> {
        let people = PeopleJoin::new(ids, &self.settings.base_dn);
        self.block_on(async |directory: &mut Self| {
            let known = LookUp::new(people, progress);
            known.report();
            directory.ask_for_managers(&known).await?;
            let answers = known.people.into_inner().answers();
            directory.doubt(&answers)?;
            Ok(answers)
        })
    }

    fn check(&mut self, samples: &[String]) -> anyhow::Result<Vec<CheckLine>> {
        self.block_on(async |directory: &mut Self| directory.check_all(samples).await)
    }
}

impl Drop for LdapDirectory {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(self.pool.close());
            // A name that is still being resolved must not hold up the end.
            runtime.shutdown_background();
        }
    }
}
