//! One search on one connection, from its request to its checked result.

use std::time::Duration;

use ldap3::asn1::{PL, parse_tag};
use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{DerefAliases, LdapResult, Scope, SearchOptions};
use tokio::time::timeout;

use super::connect::Connection;
use super::decode::Entry;
use super::failure::{self, Failure};

/// What is asked.
#[derive(Clone)]
pub(super) struct Request<'a> {
    pub(super) base: String,
    pub(super) scope: Scope,
    pub(super) filter: String,
    pub(super) attributes: &'a [String],
    /// Results that mean «nothing there», besides success.
    pub(super) nothing_on: &'static [u32],
    /// Stop after so many entries; 0 is no limit, and to reach one is no error.
    pub(super) entries_max: i32,
}

/// A whole answer, or a whole page of it.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Asks for the next page; empty behind the last one.
    pub(super) cookie: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(super) fn below(base: &str, filter: String, attributes: &'a [String]) -> Self {
        Request {
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes,
            nothing_on: &[],
            entries_max: 0,
        }
    }

    pub(super) fn entry(dn: &str, attributes: &'a [String], nothing_on: &'static [u32]) -> Self {
        Request {
            base: dn.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes,
            nothing_on,
            entries_max: 0,
        }
    }
}

/// Searches, and answers only with a result that is whole: anything else is a failure, so that
/// «not in the answer» always means «not there». Referrals are not followed.
pub(super) async fn search(
    connection: &Connection,
    limit: Duration,
    request: &Request<'_>,
) -> Result<Vec<Entry>, Failure> {
    Ok(page(connection, limit, request, None).await?.entries)
}

/// The same, one page of the answer: `paging` is the size of a page and the cookie of the page before.
pub(super) async fn page(
    connection: &Connection,
    limit: Duration,
    request: &Request<'_>,
    paging: Option<(u32, Vec<u8>)>,
) -> Result<Page, Failure> {
    // The limit of the library starts anew with every message, so it can't bound the whole.
    match timeout(limit, collect(connection, limit, request, paging)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::again(format!("the search took more than {} s", limit.as_secs()))),
    }
}

async fn collect(
    connection: &Connection,
    limit: Duration,
    request: &Request<'_>,
    paging: Option<(u32, Vec<u8>)>,
) -> Result<Page, Failure> {
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
        .sizelimit(request.entries_max);
    let mut stream = ldap
        .with_timeout(limit)
        .with_search_options(options)
        .streaming_search(&request.base, request.scope, &request.filter, request.attributes)
        .await
        .map_err(failure::of_operation)?;
    let mut entries = Vec::new();
    let mut elsewhere = 0_usize;
    while let Some(item) = stream.next().await.map_err(failure::of_operation)? {
        if item.is_ref() {
            elsewhere += 1;
        } else if !item.is_intermediate() {
            entries.push(Entry::decode(item, request.attributes)?);
        }
    }
    let result = stream.finish().await;
    if elsewhere > 0 {
        tracing::debug!(
            referrals = elsewhere,
            "the directory refers to other servers, which are not asked"
        );
    }
    let enough = result.rc == 4 && request.entries_max > 0;
    if request.nothing_on.contains(&result.rc) {
        return Ok(Page { entries: Vec::new(), cookie: Vec::new() });
    }
    if result.rc != 0 && !enough {
        return Err(failure::of_search(&result, connection.logged_in));
    }
    Ok(Page { entries, cookie: cookie(&result)? })
}

/// The cookie of the next page. Parsed here, because the library panics on one it can't parse.
fn cookie(result: &LdapResult) -> Result<Vec<u8>, Failure> {
    let paged = result
        .ctrls
        .iter()
        .find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)));
    let Some(Control(_, control)) = paged else { return Ok(Vec::new()) };
    let tag =
        parse_tag(control.val.as_deref().unwrap_or_default()).ok().map(|(_, tag)| tag.payload);
    match tag {
        Some(PL::C(mut parts)) => match parts.pop().map(|last| last.payload) {
            Some(PL::P(cookie)) => Ok(cookie),
            _ => Err(Failure::again("the server sent a page that can't be read")),
        },
        _ => Err(Failure::again("the server sent a page that can't be read")),
    }
}
