//! Many searches, several in flight on each of several connections, until all are answered.
//!
//! A search that fails for want of a connection goes back into the queue and is tried on a new
//! connection, at the next server; what was answered stays answered. Nothing here knows what is asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::connect::{Connection, Target};
use super::decode::Entry;
use super::failure::Failure;
use super::search::{Request, search};

/// Searches in flight on one connection. With more, requests could fill what the sockets buffer
/// while the library, which does not read while it writes, waits for the server to read.
const IN_FLIGHT: usize = 4;
/// The wait before a first, and at most before any further try.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// How some of what is to be asked becomes a search.
pub(super) type Ask<'a> = dyn Fn(&[u32]) -> Request<'a> + 'a;
/// Takes in what a search for these found, which is all there is.
pub(super) type Accept<'a> = dyn Fn(&[u32], Vec<Entry>) -> anyhow::Result<()> + 'a;

/// The connections, and which server is in use.
pub(super) struct Pool {
    pub(super) target: Arc<Target>,
    idle: Vec<Connection>,
    connections: usize,
    retries: u32,
    server: Cell<usize>,
    /// One login at a time: a password that changed must not be tried by every connection at once.
    gate: Mutex<()>,
}

/// Some of what is to be asked: the numbers are the caller's.
struct Batch {
    items: Vec<u32>,
    failures: u32,
}

/// Everything still to be asked, and how.
struct Work<'a> {
    queue: RefCell<VecDeque<Batch>>,
    ask: &'a Ask<'a>,
    accept: &'a Accept<'a>,
}

/// Why a connection was given up with work left.
enum Stop {
    /// After so many failures of one batch, which is back in the queue.
    Lost(u32),
    Failed(anyhow::Error),
}

impl Pool {
    pub(super) fn new(target: Target, connections: usize, retries: u32) -> Self {
        Pool {
            target: Arc::new(target),
            idle: Vec::new(),
            connections,
            retries,
            server: Cell::new(0),
            gate: Mutex::new(()),
        }
    }

    /// A connection for the caller alone, to be given back with `put` while it works.
    ///
    /// # Errors
    /// What the last server said, when none can be connected to; at once, when a login is refused.
    pub(super) async fn take(&mut self) -> anyhow::Result<Connection> {
        match self.idle.pop() {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    pub(super) fn put(&mut self, connection: Connection) {
        self.idle.push(connection);
    }

    /// Whether no connection is at hand.
    pub(super) fn is_empty(&self) -> bool {
        self.idle.is_empty()
    }

    /// Asks each batch by `ask` and hands what was found, when it is whole, to `accept`.
    ///
    /// # Errors
    /// What can't be mended by trying again, or still fails after all retries; what `accept` refuses.
    pub(super) async fn run<'a>(
        &mut self,
        batches: Vec<Vec<u32>>,
        ask: &'a Ask<'a>,
        accept: &'a Accept<'a>,
    ) -> anyhow::Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let lanes = batches.len().div_ceil(IN_FLIGHT).clamp(1, self.connections);
        let queue = batches.into_iter().map(|items| Batch { items, failures: 0 }).collect();
        let work = Work { queue: RefCell::new(queue), ask, accept };
        // One login first: only a password that was accepted is tried by the others.
        let mut held = vec![Some(self.take().await?)];
        held.extend(self.idle.drain(..).map(Some));
        held.resize_with(lanes.max(held.len()), || None);
        let lanes = held.into_iter().map(|connection| self.lane(&work, connection));
        let held = try_join_all(lanes).await?;
        self.idle.extend(held.into_iter().flatten());
        Ok(())
    }

    /// Works on one connection, and its successors, until the queue is empty.
    async fn lane(
        &self,
        work: &Work<'_>,
        connection: Option<Connection>,
    ) -> anyhow::Result<Option<Connection>> {
        let mut connection = match connection {
            Some(connection) => connection,
            None => match self.target.connect(self.server.get()).await {
                Ok(connection) => connection,
                Err(Failure::Final(err)) => return Err(err),
                Err(failure) => {
                    // The others go on without this one.
                    let err = failure.into_error();
                    tracing::debug!(error = format!("{err:#}"), "one directory connection fewer");
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
                Stop::Lost(failures) => failures,
                Stop::Failed(err) => return Err(err),
            };
            let server = connection.server;
            drop(connection);
            self.leave(server);
            sleep(backoff(failures)).await;
            connection = self.connect().await?;
        }
    }

    /// Empties the queue with several searches in flight. When one of them is lost, all go back.
    async fn drain(&self, work: &Work<'_>, connection: &Connection) -> Result<(), Stop> {
        let in_flight: [RefCell<Option<Batch>>; IN_FLIGHT] = Default::default();
        let searches = in_flight.iter().map(|slot| self.worker(work, connection, slot));
        let outcome = try_join_all(searches).await;
        let left = in_flight.into_iter().filter_map(RefCell::into_inner);
        left.for_each(|batch| work.queue.borrow_mut().push_front(batch));
        outcome.map(|_| ())
    }

    async fn worker(
        &self,
        work: &Work<'_>,
        connection: &Connection,
        slot: &RefCell<Option<Batch>>,
    ) -> Result<(), Stop> {
        loop {
            let Some(batch) = work.queue.borrow_mut().pop_front() else { return Ok(()) };
            let request = (work.ask)(&batch.items);
            // Kept where it is found again when this future is dropped.
            *slot.borrow_mut() = Some(batch);
            let outcome = search(connection, self.target.timeout, &request).await;
            let Some(batch) = slot.borrow_mut().take() else { return Ok(()) };
            match outcome {
                Ok(entries) => (work.accept)(&batch.items, entries).map_err(Stop::Failed)?,
                Err(Failure::TooMuch(_)) if batch.items.len() > 1 => work.split(batch),
                Err(Failure::Final(err)) => return Err(Stop::Failed(self.at(connection, err))),
                Err(Failure::TooMuch(err) | Failure::Again(err)) => {
                    return Err(self.retry(work, batch, self.at(connection, err)));
                }
            }
        }
    }

    /// Puts a batch that failed back into the queue, unless it has failed too often.
    fn retry(&self, work: &Work<'_>, mut batch: Batch, err: anyhow::Error) -> Stop {
        batch.failures += 1;
        if batch.failures > self.retries {
            let tries = format!("asking the directory ({} times)", batch.failures);
            return Stop::Failed(err.context(tries));
        }
        tracing::warn!(error = format!("{err:#}"), "a directory search failed and is tried again");
        let failures = batch.failures;
        work.queue.borrow_mut().push_front(batch);
        Stop::Lost(failures)
    }

    /// Connects to a server that answers, the one in use first, in as many rounds as there are tries.
    async fn connect(&self) -> anyhow::Result<Connection> {
        let _one_at_a_time = self.gate.lock().await;
        let mut round = 0;
        loop {
            let mut last = None;
            for _ in 0..self.target.count() {
                let server = self.server.get();
                match self.target.connect(server).await {
                    Ok(connection) => return Ok(connection),
                    Err(Failure::Final(err)) => return Err(err),
                    Err(failure) => {
                        let err = failure.into_error();
                        tracing::warn!(
                            error = format!("{err:#}"),
                            "a directory server is not usable"
                        );
                        self.leave(server);
                        last = Some(err);
                    }
                }
            }
            round += 1;
            if round > self.retries {
                let tries = format!("connecting to the directory ({round} times)");
                return match last {
                    Some(err) => Err(err.context(tries)),
                    None => Err(Failure::config("`[directory] urls` is empty").into_error()),
                };
            }
            sleep(backoff(round)).await;
        }
    }

    /// Turns to the next server, unless that has been done already.
    fn leave(&self, server: usize) {
        if self.server.get() % self.target.count() == server % self.target.count() {
            self.server.set((server + 1) % self.target.count());
        }
    }

    fn at(&self, connection: &Connection, err: anyhow::Error) -> anyhow::Error {
        err.context(format!("server `{}`", self.target.name(connection.server)))
    }

    /// Says goodbye on all connections.
    pub(super) async fn close(&mut self) {
        for connection in self.idle.drain(..) {
            connection.close().await;
        }
    }
}

impl Work<'_> {
    /// Two halves in place of a batch whose answer the server won't send whole.
    fn split(&self, mut batch: Batch) {
        let half = batch.items.split_off(batch.items.len() / 2);
        let mut queue = self.queue.borrow_mut();
        queue.push_front(Batch { items: half, failures: batch.failures });
        queue.push_front(batch);
    }
}

/// The wait before a try, after so many failures.
pub(super) fn backoff(failures: u32) -> Duration {
    let (first, most) = BACKOFF;
    first.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(most)
}
