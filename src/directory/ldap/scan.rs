//! Reading the whole directory, page by page, and picking out who is wanted.
//!
//! Only a scan that reached its end counts: before it, a second entry of the same id may still
//! come. Who is not found by it is asked for by id afterwards, so that a scan can only save time.

use std::collections::HashSet;

use futures_util::future::join;

use super::LdapDirectory;
use super::connect::LdapConnection;
use super::decode::SearchEntry;
use super::failure::{FailureRemedy, LdapFailure};
use super::lookup::LookUp;
use super::pool::backoff;
use super::schema::WantedAttribute;
use super::search::{ResultPage, SearchRequest, page, search};
use super::server::{self, ServerDescription};
use crate::config::directory::Strategy;
use crate::exit::Exit;

/// A page smaller than this is not worth asking for.
const PAGE_MIN: u32 = 50;

/// A first page of this size tells whether a scan is worth its while.
const SAMPLE: u32 = 200;

/// So many pages in a row without anybody new are no progress.
const IDLE_PAGES: usize = 10;

/// The most people that a scan keeps: any of them may be a manager.
const PEOPLE_MAX: usize = 1_000_000;

/// How a scan ended.
enum ScanEnd {
    Reached,
    /// Too many of those who came are not wanted.
    NotWorthIt,
}

/// Who came so far, and whether it goes on.
#[derive(Default)]
struct ScanTally {
    hits: usize,
    others: usize,
    idle_pages: usize,
    cookies: HashSet<Vec<u8>>,
}

impl ScanTally {
    /// Whether to go on would cost more than to ask for each of the `wanted` people: an entry of a
    /// scan costs about two thirds of one that is asked for.
    fn is_dear(&self, wanted: usize) -> bool {
        self.others > self.hits || self.others > wanted / 2
    }

    /// Why there may be no end to it.
    fn no_progress(&mut self, cookie: &[u8]) -> Result<(), LdapFailure> {
        let why = if self.idle_pages >= IDLE_PAGES {
            "pages come one after the other, and nobody new on them"
        } else if self.hits + self.others > PEOPLE_MAX {
            "there is no end to its people"
        } else if !cookie.is_empty() && !self.cookies.insert(cookie.to_vec()) {
            "the same page is offered again"
        } else {
            return Ok(());
        };
        Err(LdapFailure::less(format!("the directory can't be read page by page: {why}")))
    }
}

impl LdapDirectory {
    /// Scans the directory for the `wanted` people. What it can't do is left to others: it may find nobody.
    ///
    /// # Errors
    /// Nobody can be connected to, or not even logged in to.
    pub(super) async fn scan(
        &mut self,
        known: &LookUp<'_>,
        server: &ServerDescription,
        wanted: usize,
    ) -> anyhow::Result<()> {
        let mut page_size = self.settings.page_size;
        let mut failures = 0;
        loop {
            let connection = self.pool.take().await?;
            let failure = match self.scan_once(&connection, known, server, wanted, page_size).await
            {
                Ok(end) => {
                    self.pool.put(connection);
                    if let ScanEnd::NotWorthIt = end {
                        known.people.borrow_mut().forget_who_was_seen();
                    }
                    return Ok(());
                }
                Err(failure) => failure,
            };
            self.pool.lose(connection);
            known.people.borrow_mut().forget_who_was_seen();
            let passes = Exit::of(failure.error()) == Exit::Unavailable;
            match failure.remedy {
                FailureRemedy::Less if failure.is_cut() && page_size / 2 >= PAGE_MIN => {
                    page_size /= 2
                }
                FailureRemedy::Elsewhere if passes && failures < self.settings.retries => {
                    failures += 1;
                    tokio::time::sleep(backoff(failures)).await;
                }
                _ => {
                    let error = format!("{:#}", failure.into_error());
                    tracing::warn!(
                        error,
                        "the directory can't be read as a whole; people are asked for by id"
                    );
                    return Ok(());
                }
            }
        }
    }

    /// One scan from the start, on one connection.
    async fn scan_once(
        &mut self,
        connection: &LdapConnection,
        known: &LookUp<'_>,
        server: &ServerDescription,
        wanted: usize,
        page_size: u32,
    ) -> Result<ScanEnd, LdapFailure> {
        let auto = self.settings.strategy == Strategy::Auto;
        let first = if auto { page_size.min(SAMPLE) } else { page_size };
        let first = self.first_page(connection, server, first).await?;

        let timeout = self.pool.target.timeout;
        let request = self.everybody(&self.fields.people);
        let mut tally = ScanTally::default();
        self.take_in(known, &mut tally, first.entries);
        let mut cookie = first.cookie;
        let mut entries = Vec::new();
        while !cookie.is_empty() {
            if auto && tally.is_dear(wanted) {
                return Ok(ScanEnd::NotWorthIt);
            }
            tally.no_progress(&cookie)?;
            // The server prepares the next page while this one is taken in.
            let (next, ()) =
                join(page(connection, timeout, &request, Some((page_size, cookie))), async {
                    tokio::task::yield_now().await;
                    self.take_in(known, &mut tally, entries);
                })
                .await;
            ResultPage { entries, cookie, .. } = next?;
        }
        self.take_in(known, &mut tally, entries);
        Ok(ScanEnd::Reached)
    }

    /// The first page and, unless it is known, the schema: both are asked for at once. By which names the page may have
    /// come is known only then; under others than were expected it is asked for again.
    async fn first_page(
        &mut self,
        connection: &LdapConnection,
        server: &ServerDescription,
        size: u32,
    ) -> Result<ResultPage, LdapFailure> {
        let timeout = self.pool.target.timeout;
        let expected = self.fields.people.clone();
        let request = self.everybody(&expected);
        let first = page(connection, timeout, &request, Some((size, Vec::new())));
        let Some(dn) = self.schema_to_ask(server) else { return first.await };
        let wanted = server::schema_attributes();
        let schema = server::ask_schema(dn, &wanted);
        let (first, schema) = join(first, search(connection, timeout, &schema)).await;
        self.learn_schema(schema?.entries);
        if self.fields.are_all_of(&expected) {
            return first;
        }
        let request = self.everybody(&self.fields.people);
        page(connection, timeout, &request, Some((size, Vec::new()))).await
    }

    fn everybody<'a>(&self, attributes: &'a [WantedAttribute]) -> SearchRequest<'a> {
        let filter = self.settings.user_filter.clone();
        SearchRequest::below(&self.settings.base_dn, filter, attributes)
    }

    fn take_in(&self, known: &LookUp<'_>, tally: &mut ScanTally, entries: Vec<SearchEntry>) {
        let mut people = known.people.borrow_mut();
        let mut somebody_new = false;
        for entry in entries {
            let (asks, is_new) = people.found(self.fields.found(entry));
            *(if asks.is_empty() { &mut tally.others } else { &mut tally.hits }) += 1;
            somebody_new |= is_new;
        }
        tally.idle_pages = if somebody_new { 0 } else { tally.idle_pages + 1 };
        drop(people);
        known.report();
    }
}
