//! Reading the whole directory, page by page, and picking out who is wanted.
//!
//! Only a scan that reached its end counts: before it, a second entry of the same id may still
//! come. Who is not found by it is asked for by id afterwards, so that a scan can only save time.

use futures_util::future::join;

use super::LdapDirectory;
use super::decode::Entry;
use super::failure::Failure;
use super::lookup::Known;
use super::pool::backoff;
use super::search::{Page, Request, page};
use crate::config::directory::Strategy;

/// A page smaller than this is not worth asking for.
const PAGE_MIN: u32 = 50;

/// A first page of this size tells whether a scan is worth its while.
const SAMPLE: u32 = 200;

/// How a scan ended.
enum End {
    Reached,
    /// Too many of those who came are not wanted.
    NotWorthIt,
}

/// How many of those who came are wanted.
#[derive(Default)]
struct Tally {
    hits: usize,
    others: usize,
}

impl Tally {
    /// Whether to go on would cost more than to ask for each of the `wanted` people: an entry of a
    /// scan costs about two thirds of one that is asked for.
    fn is_dear(&self, wanted: usize) -> bool {
        self.others > self.hits || self.others > wanted / 2
    }
}

impl LdapDirectory {
    /// Scans the directory for the `wanted` people. What it can't do is left to others: it may find nobody.
    ///
    /// # Errors
    /// What can't be mended by trying again, or another way.
    pub(super) async fn scan(&mut self, known: &Known<'_>, wanted: usize) -> anyhow::Result<()> {
        let mut page_size = self.settings.page_size;
        let mut failures = 0;
        loop {
            let failure = match self.scan_once(known, wanted, page_size).await {
                Ok(End::Reached) => return Ok(()),
                Ok(End::NotWorthIt) => {
                    known.people.borrow_mut().forget_who_was_seen();
                    return Ok(());
                }
                Err(failure) => failure,
            };
            known.people.borrow_mut().forget_who_was_seen();
            match failure {
                Failure::Final(err) => return Err(err),
                Failure::TooMuch(_) if page_size / 2 >= PAGE_MIN => page_size /= 2,
                Failure::Again(_) if failures < self.settings.retries => {
                    failures += 1;
                    tokio::time::sleep(backoff(failures)).await;
                }
                Failure::TooMuch(err) | Failure::Again(err) => {
                    let error = format!("{err:#}");
                    tracing::warn!(
                        error,
                        "the directory can't be read as a whole; people are asked for by id"
                    );
                    return Ok(());
                }
            }
        }
    }

    /// One scan from the start, on one connection, which is dropped when it fails.
    async fn scan_once(
        &mut self,
        known: &Known<'_>,
        wanted: usize,
        page_size: u32,
    ) -> Result<End, Failure> {
        let connection = self.pool.take().await.map_err(Failure::Final)?;
        let timeout = self.pool.target.timeout;
        let filter = self.settings.user_filter.clone();
        let request = Request::below(&self.settings.base_dn, filter, &self.fields.people);
        let auto = self.settings.strategy == Strategy::Auto;
        let first = if auto { page_size.min(SAMPLE) } else { page_size };
        let first = page(&connection, timeout, &request, Some((first, Vec::new()))).await?;

        let mut tally = Tally::default();
        self.take_in(known, &mut tally, first.entries)?;
        let mut cookie = first.cookie;
        let mut entries = Vec::new();
        while !cookie.is_empty() {
            if auto && tally.is_dear(wanted) {
                self.pool.put(connection);
                return Ok(End::NotWorthIt);
            }
            // The server prepares the next page while this one is taken in.
            let (next, taken_in) =
                join(page(&connection, timeout, &request, Some((page_size, cookie))), async {
                    tokio::task::yield_now().await;
                    self.take_in(known, &mut tally, entries)
                })
                .await;
            taken_in?;
            Page { entries, cookie } = next?;
        }
        self.take_in(known, &mut tally, entries)?;
        self.pool.put(connection);
        Ok(End::Reached)
    }

    fn take_in(
        &self,
        known: &Known<'_>,
        tally: &mut Tally,
        entries: Vec<Entry>,
    ) -> Result<(), Failure> {
        let mut people = known.people.borrow_mut();
        for entry in entries {
            let found = people.found(self.fields.found(entry)).map_err(Failure::Final)?;
            *(if found.is_empty() { &mut tally.others } else { &mut tally.hits }) += 1;
        }
        drop(people);
        known.report();
        Ok(())
    }
}
