//! Many searches, several in flight on each of several connections, until all are answered.
//!
//! A search that fails for want of a connection goes back into the queue and is tried on a new
//! connection, at the next server; what was answered stays answered. Nothing here knows what is asked.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::addresses::{AddressBook, ConnectCandidate};
use super::connect::{LdapConnection, LoginTarget, ServerAddress};
use super::failure::{FailureRemedy, LdapFailure};
use super::search::{ResultPage, SearchRequest, search};
use crate::exit::Exit;

/// Searches in flight on one connection. With more, requests could fill what the sockets buffer
/// while the library, which does not read while it writes, waits for the server to read.
const IN_FLIGHT: usize = 4;
/// The wait before a first, and at most before any further try.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// How some of what is to be asked becomes a search.
pub(super) type AskSearch<'a> = dyn Fn(&[u32]) -> SearchRequest<'a> + 'a;
/// Takes in what a search for these found, which is all there is.
pub(super) type AcceptPage<'a> = dyn Fn(&[u32], ResultPage) + 'a;

/// The connections, and whom to connect to.
pub(super) struct ConnectionPool {
    pub(super) target: LoginTarget,
    pub(super) addresses: AddressBook,
    idle: Vec<LdapConnection>,
    connections: usize,
    retries: u32,
    /// One login at a time: a password that changed must not be tried by every connection at once.
    gate: Mutex<()>,
}

/// Some of what is to be asked: the numbers are the caller's.
struct SearchBatch {
    items: Vec<u32>,
    failures: u32,
}

/// Everything still to be asked, and how.
struct SearchQueue<'a> {
    queue: RefCell<VecDeque<SearchBatch>>,
    ask: &'a AskSearch<'a>,
    accept: &'a AcceptPage<'a>,
}

/// Why a connection was given up with work left.
enum LaneStop {
    /// After so many failures of one batch, which is back in the queue.
    Lost(u32),
    Failed(anyhow::Error),
}

impl ConnectionPool {
    pub(super) fn new(target: LoginTarget, connections: usize, retries: u32) -> Self {
        ConnectionPool {
            addresses: AddressBook::new(target.count()),
            target,
            idle: Vec::new(),
            connections,
            retries,
            gate: Mutex::new(()),
        }
    }

    /// A connection for the caller alone, to be given back with `put` while it works.
    ///
    /// # Errors
    /// What the last server said, when none can be connected to; at once, when a login is refused.
    pub(super) async fn take(&mut self) -> anyhow::Result<LdapConnection> {
        match self.idle.pop() {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    pub(super) fn put(&mut self, connection: LdapConnection) {
        self.idle.push(connection);
    }

    /// Asks each batch by `ask` and hands what was found, when it is whole, to `accept`.
    ///
    /// # Errors
    /// What can't be mended by trying again, or still fails after all retries.
    pub(super) async fn run<'a>(
        &mut self,
        batches: Vec<Vec<u32>>,
        ask: &'a AskSearch<'a>,
        accept: &'a AcceptPage<'a>,
    ) -> anyhow::Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let lanes = batches.len().div_ceil(IN_FLIGHT).clamp(1, self.connections);
        let queue = batches.into_iter().map(|items| SearchBatch { items, failures: 0 }).collect();
        let work = SearchQueue { queue: RefCell::new(queue), ask, accept };
        // One login first: only a password that was accepted is tried by the others.
        let first = self.take().await?;
        let beside = first.endpoint;
        let mut held = vec![Some(first)];
        held.extend(self.idle.drain(..).map(Some));
        held.resize_with(lanes.max(held.len()), || None);
        let lanes = held.into_iter().map(|connection| self.lane(&work, connection, beside));
        let held = try_join_all(lanes).await?;
        self.idle.extend(held.into_iter().flatten());
        Ok(())
    }

    /// Works on one connection, and its successors, until the queue is empty. Without one, on one to the
    /// server that others are connected to.
    async fn lane(
        &self,
        work: &SearchQueue<'_>,
        connection: Option<LdapConnection>,
        beside: ServerAddress,
    ) -> anyhow::Result<Option<LdapConnection>> {
        let mut connection = match connection {
            Some(connection) => connection,
            None => match self.target.connect(beside).await {
                Ok(connection) => connection,
                Err(failure) if failure.remedy == FailureRemedy::Nothing => {
                    return Err(failure.into_error());
                }
                Err(failure) => {
                    // The others go on without this one.
                    let error = format!("{:#}", failure.error());
                    tracing::debug!(error, "one directory connection fewer");
                    return Ok(None);
                }
            },
        };
        loop {
            let stop = match self.drain(work, &connection).await {
                Ok(()) => return Ok(Some(connection)),
                Err(stop) => stop,
            };
            let failures = match stop {
                LaneStop::Lost(failures) => failures,
                LaneStop::Failed(err) => return Err(err),
            };
            let endpoint = connection.endpoint;
            drop(connection);
            self.addresses.spoil(ConnectCandidate::At(endpoint));
            sleep(backoff(failures)).await;
            connection = self.connect().await?;
        }
    }

    /// Empties the queue with several searches in flight. When one of them is lost, all go back.
    async fn drain(
        &self,
        work: &SearchQueue<'_>,
        connection: &LdapConnection,
    ) -> Result<(), LaneStop> {
        let in_flight: [RefCell<Option<SearchBatch>>; IN_FLIGHT] = Default::default();
        let searches = in_flight.iter().map(|slot| self.worker(work, connection, slot));
        let outcome = try_join_all(searches).await;
        let left = in_flight.into_iter().filter_map(RefCell::into_inner);
        left.for_each(|batch| work.queue.borrow_mut().push_front(batch));
        outcome.map(|_| ())
    }

    async fn worker(
        &self,
        work: &SearchQueue<'_>,
        connection: &LdapConnection,
        slot: &RefCell<Option<SearchBatch>>,
    ) -> Result<(), LaneStop> {
        loop {
            let Some(batch) = work.queue.borrow_mut().pop_front() else { return Ok(()) };
            let request = (work.ask)(&batch.items);
            // Kept where it is found again when this future is dropped.
            *slot.borrow_mut() = Some(batch);
            let outcome = search(connection, self.target.timeout, &request).await;
            let Some(batch) = slot.borrow_mut().take() else { return Ok(()) };
            match outcome {
                Ok(page) => (work.accept)(&batch.items, page),
                Err(failure) => match failure.remedy {
                    FailureRemedy::Less if batch.items.len() > 1 => work.split(batch),
                    FailureRemedy::Nothing => {
                        let error = self.at(connection, failure).into_error();
                        return Err(LaneStop::Failed(error));
                    }
                    FailureRemedy::Less | FailureRemedy::Elsewhere => {
                        return Err(self.retry(work, batch, self.at(connection, failure)));
                    }
                },
            }
        }
    }

    /// Puts a batch that failed back into the queue, unless it has failed too often: then everybody who
    /// was not bad yet has been asked, too.
    fn retry(
        &self,
        work: &SearchQueue<'_>,
        mut batch: SearchBatch,
        failure: LdapFailure,
    ) -> LaneStop {
        batch.failures += 1;
        let error = failure.into_error();
        if batch.failures > self.retries && !self.addresses.has_unspoilt() {
            let tries = format!("asking the directory ({} times)", batch.failures);
            return LaneStop::Failed(error.context(tries));
        }
        tracing::warn!(
            error = format!("{error:#}"),
            "a directory search failed and is tried again"
        );
        let failures = batch.failures;
        work.queue.borrow_mut().push_front(batch);
        LaneStop::Lost(failures)
    }

    /// Connects to whoever answers, the least bad one first, in as many rounds as there are tries.
    async fn connect(&self) -> anyhow::Result<LdapConnection> {
        let _one_at_a_time = self.gate.lock().await;
        let mut failures: Vec<anyhow::Error> = Vec::new();
        let mut round = 0;
        loop {
            let mut may_pass = false;
            let mut tried = HashSet::new();
            while let Some(candidate) = self.addresses.best(&tried) {
                tried.insert(candidate);
                let failure = match self.connect_to(candidate).await {
                    Ok(Some(connection)) => return Ok(connection),
                    Ok(None) => continue,
                    Err(failure) if failure.remedy == FailureRemedy::Nothing => {
                        return Err(failure.into_error());
                    }
                    Err(failure) => {
                        may_pass |= failure.may_pass;
                        failure.into_error()
                    }
                };
                let error = format!("{failure:#}");
                tracing::warn!(error, "a directory server is not usable");
                failures.push(failure);
            }
            round += 1;
            // What a person must mend does not mend itself meanwhile.
            if round > self.retries || !may_pass {
                return Err(
                    worst(failures).context(format!("connecting to the directory ({round} times)"))
                );
            }
            sleep(backoff(round)).await;
        }
    }

    /// Connects to an address. A server that was not resolved before has addresses afterwards, and no connection.
    async fn connect_to(
        &self,
        who: ConnectCandidate,
    ) -> Result<Option<LdapConnection>, LdapFailure> {
        let outcome = match who {
            ConnectCandidate::Unresolved(server) => {
                self.addresses.resolve(&self.target, server).await.map(|_| None)
            }
            ConnectCandidate::At(endpoint) => {
                self.target.connect_or_explain(endpoint).await.map(Some)
            }
        };
        if outcome.is_err() {
            self.addresses.spoil(who);
        }
        outcome
    }

    fn at(&self, connection: &LdapConnection, failure: LdapFailure) -> LdapFailure {
        failure.during(self.target.name(connection.endpoint))
    }

    /// Gives up a connection that was taken and did not do what was asked of it.
    pub(super) fn lose(&self, connection: LdapConnection) {
        self.addresses.spoil(ConnectCandidate::At(connection.endpoint));
    }

    /// Says goodbye on all connections.
    pub(super) async fn close(&mut self) {
        for connection in self.idle.drain(..) {
            connection.close().await;
        }
    }
}

impl SearchQueue<'_> {
    /// Two halves in place of a batch whose answer the server won't send whole.
    fn split(&self, mut batch: SearchBatch) {
        let half = batch.items.split_off(batch.items.len() / 2);
        let mut queue = self.queue.borrow_mut();
        queue.push_front(SearchBatch { items: half, failures: batch.failures });
        queue.push_front(batch);
    }
}

/// Of several failures the last that a person must mend, or else the last.
fn worst(mut failures: Vec<anyhow::Error>) -> anyhow::Error {
    let config = failures.iter().rposition(|failure| Exit::of(failure) == Exit::Config);
    let at = config.unwrap_or(failures.len().saturating_sub(1));
    if failures.is_empty() {
        return LdapFailure::config("`[directory] urls` is empty").into_error();
    }
    failures.swap_remove(at)
}

/// The wait before a try, after so many failures.
pub(super) fn backoff(failures: u32) -> Duration {
    let (first, most) = BACKOFF;
    first.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(most)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};

    use super::*;
    use crate::config::directory::DirectorySettings;

    /// A server at this address that logs everybody in, or hangs up at once.
    fn server(address: &str, port: u16, good: bool) -> SocketAddr {
        let listener = TcpListener::bind((address, port)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 512]);
                if good {
                    let bound = [0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];
                    stream.write_all(&bound).unwrap();
                    let _ = stream.read(&mut [0; 512]);
                }
            }
        });
        address
    }

    #[test]
    fn all_addresses_of_a_name_are_tried_and_who_was_bad_comes_last() {
        let bad = server("127.0.0.1", 0, false);
        let addresses =
            [bad, server("127.0.0.2", bad.port(), true), server("127.0.0.3", bad.port(), true)];
        let settings = DirectorySettings {
            urls: vec![format!("ldap://dc.corp.example:{}", bad.port())],
            anonymous: true,
            base_dn: "DC=corp".into(),
            ..DirectorySettings::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut pool = ConnectionPool::new(LoginTarget::new(&settings, None).unwrap(), 4, 0);
        pool.addresses
            .know(0, addresses.map(|address| ServerAddress { server: 0, address }).to_vec());
        let mut reached = Vec::new();
        runtime.block_on(async {
            for _ in 0..3 {
                let connection = pool.take().await.unwrap();
                reached.push(connection.endpoint.address);
                pool.lose(connection);
            }
        });
        assert_eq!(reached, [addresses[1], addresses[2], addresses[1]]);
    }
}
