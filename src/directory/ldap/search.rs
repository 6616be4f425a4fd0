//! One search on one connection, from its request to its checked result.

use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{DerefAliases, LdapResult, Scope, SearchOptions};
use tokio::time::timeout;

use super::ber;
use super::connect::LdapConnection;
use super::decode::SearchEntry;
use super::failure::{self, LdapFailure};
use super::schema::WantedAttribute;

/// The most that one answer may hold of text: no answer of people comes near it.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most entries that a whole directory is read in at once, should the server not know pages.
const ENTRIES_MAX: usize = 300_000;

/// What is asked.
#[derive(Clone)]
pub(super) struct SearchRequest<'a> {
    pub(super) base: String,
    pub(super) scope: Scope,
    pub(super) filter: String,
    pub(super) attributes: &'a [WantedAttribute],
    /// Results that mean «nothing there», besides success.
    pub(super) nothing_on: &'static [u32],
    /// Stop after so many entries; 0 is no limit, and to reach one is no error.
    pub(super) stop_after: i32,
    /// A server that sends more entries than this does not answer what was asked.
    pub(super) entries_max: usize,
}

/// A whole answer, or a whole page of it.
pub(super) struct ResultPage {
    pub(super) entries: Vec<SearchEntry>,
    /// Asks for the next page; empty behind the last one.
    pub(super) cookie: Vec<u8>,
    /// 0, or the one of `nothing_on` that came.
    pub(super) result: u32,
}

impl<'a> SearchRequest<'a> {
    /// Everybody below a base.
    pub(super) fn below(base: &str, filter: String, attributes: &'a [WantedAttribute]) -> Self {
        SearchRequest {
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes,
            nothing_on: &[],
            stop_after: 0,
            entries_max: ENTRIES_MAX,
        }
    }

    /// The same, when this many are asked for.
    pub(super) fn of(self, asked: usize) -> Self {
        SearchRequest { entries_max: 1000 + 10 * asked, ..self }
    }

    /// One entry by its name.
    pub(super) fn entry(
        dn: &str,
        attributes: &'a [WantedAttribute],
        nothing_on: &'static [u32],
    ) -> Self {
        let request = Self::below(dn, "(objectClass=*)".to_owned(), attributes);
        SearchRequest { scope: Scope::Base, nothing_on, entries_max: 10, ..request }
    }
}

/// Searches, and answers only with a result that is whole: anything else is a failure, so that
/// «not in the answer» always means «not there». Referrals are not followed.
pub(super) async fn search(
    connection: &LdapConnection,
    limit: Duration,
    request: &SearchRequest<'_>,
) -> Result<ResultPage, LdapFailure> {
    page(connection, limit, request, None).await
}

/// The same, one page of the answer: `paging` is the size of a page and the cookie of the page before.
pub(super) async fn page(
    connection: &LdapConnection,
    limit: Duration,
    request: &SearchRequest<'_>,
    paging: Option<(u32, Vec<u8>)>,
) -> Result<ResultPage, LdapFailure> {
    // The limit of the library starts anew with every message, so it can't bound the whole.
    match timeout(limit, collect(connection, limit, request, paging)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(LdapFailure::again(format!("the search took more than {} s", limit.as_secs())))
        }
    }
}

async fn collect(
    connection: &LdapConnection,
    limit: Duration,
    request: &SearchRequest<'_>,
    paging: Option<(u32, Vec<u8>)>,
) -> Result<ResultPage, LdapFailure> {
    let broke = |err| connection.explain(failure::of_operation(err));
    let mut ldap = connection.handle();
    if let Some((size, cookie)) = paging {
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        ldap.with_controls(PagedResults { size, cookie });
    }
    // The server is told to stop when nobody waits any more.
    let seconds = i32::try_from(limit.as_secs()).unwrap_or(i32::MAX);
    let options = SearchOptions::new()
        .deref(DerefAliases::Never)
        .timelimit(seconds)
        .sizelimit(request.stop_after);
    let mut stream = ldap
        .with_timeout(limit)
        .with_search_options(options)
        .streaming_search(&request.base, request.scope, &request.filter, request.attributes)
        .await
        .map_err(broke)?;
    let (mut entries, mut bytes, mut elsewhere) = (Vec::new(), 0, 0_usize);
    while let Some(item) = stream.next().await.map_err(broke)? {
        if item.is_ref() {
            elsewhere += 1;
        } else if !item.is_intermediate() {
            let entry = SearchEntry::decode(item, request.attributes)?;
            bytes += entry.text_bytes();
            entries.push(entry);
        }
        if entries.len() + elsewhere > request.entries_max || bytes > BYTES_MAX {
            return Err(LdapFailure::again(
                "the server sends more than was asked for, and does not stop",
            ));
        }
    }
    let result = stream.finish().await;
    if elsewhere > 0 {
        tracing::debug!(
            referrals = elsewhere,
            "the directory refers to other servers, which are not asked"
        );
    }
    let enough = result.rc == 4 && request.stop_after > 0;
    if request.nothing_on.contains(&result.rc) {
        return Ok(ResultPage { entries: Vec::new(), cookie: Vec::new(), result: result.rc });
    }
    if result.rc != 0 && !enough {
        return Err(failure::of_search(&result, connection.logged_in));
    }
    Ok(ResultPage { entries, cookie: cookie(&result)?, result: 0 })
}

/// The cookie of the next page. Parsed here, because the library panics on one it can't parse.
fn cookie(result: &LdapResult) -> Result<Vec<u8>, LdapFailure> {
    let paged = result
        .ctrls
        .iter()
        .find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)));
    let Some(Control(_, control)) = paged else { return Ok(Vec::new()) };
    ber::cookie(control.val.as_deref().unwrap_or_default())
        .map_err(|why| LdapFailure::again(format!("the server sent what can't be read: {why}")))
}
