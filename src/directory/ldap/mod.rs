//! The directory over LDAP version 3. Only this folder names the library, and async ends here.

mod check;
mod connect;
mod decode;
mod doubt;
mod failure;
mod fields;
mod lookup;
mod pool;
mod scan;
mod search;
mod server;
mod tls;

use std::cell::RefCell;

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;

use self::connect::Target;
use self::fields::Fields;
use self::lookup::Known;
use self::pool::Pool;
use self::search::Request;
use self::server::Description;
use super::people::People;
use super::{Answer, Directory};
use crate::config::directory::DirectorySettings;
use crate::exit::Exit;

/// An LDAP directory. Connects when it is first asked, and stays connected until dropped.
pub(super) struct LdapDirectory {
    settings: DirectorySettings,
    fields: Fields,
    pool: Pool,
    server: Option<Description>,
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
        let target = Target::new(settings, password)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(LdapDirectory {
            settings: settings.clone(),
            fields: Fields::new(settings),
            pool: Pool::new(target, settings.connections, settings.retries),
            server: None,
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
    async fn describe(&mut self) -> anyhow::Result<Description> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let attributes = server::description_attributes();
        let entries = self.ask_once(&server::ask_description(&attributes)).await?;
        Ok(self.server.insert(Description::new(entries)).clone())
    }

    /// One search, tried again as all are.
    async fn ask_once(&mut self, request: &Request<'_>) -> anyhow::Result<Vec<decode::Entry>> {
        let answer = RefCell::new(Vec::new());
        let ask = |_: &[u32]| request.clone();
        let accept = |_: &[u32], entries| {
            answer.replace(entries);
            Ok(())
        };
        self.pool.run(vec![vec![0]], &ask, &accept).await?;
        Ok(answer.into_inner())
    }
}

impl Directory for LdapDirectory {
    fn line_managers(
        &mut self,
        ids: &[String],
        progress: &mut dyn FnMut(usize),
    ) -> anyhow::Result<Vec<Answer>> {
        let names = self.fields.names.clone();
        self.block_on(async |directory: &mut Self| {
            let known = Known::new(People::new(ids, names), progress);
            known.report();
            let looked_up = directory.look_up(&known).await;
            looked_up.context("looking up line managers in the directory")?;
            let answers = known.people.into_inner().answers()?;
            directory.doubt(&answers).await?;
            Ok(answers)
        })
    }

    fn check(&mut self, sample: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.block_on(async |directory: &mut Self| directory.check_all(sample).await)
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
