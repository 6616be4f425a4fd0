//! Looking up people and their managers, in as few searches as do.

use std::cell::{Cell, RefCell};

use super::LdapDirectory;
use super::search::{ResultPage, SearchRequest};
use super::server::ServerKind;
use crate::config::directory::Strategy;
use crate::directory::DanglingReason;
use crate::directory::people::{AskNumber, DnNumber, PeopleJoin};
use crate::ldap_text::{dn, filter};

/// Results on which a manager is not to be had: on a server that is not asked, not there, not even a DN, or not
/// to be read by this account.
const NOBODY: &[u32] = &[10, 32, 34, 50];
/// Results on which managers are read one by one: the server can't compare by that attribute, or with
/// one of these values, or takes no such filter. An error of the base DN would have shown before.
const NOT_ASKABLE: &[u32] = &[1, 2, 10, 12, 17, 18, 21, 32, 34, 50, 53];
/// From so many people on a scan may be worth its while.
const SCAN_FROM: usize = 2_000;
/// Up to so many managers are read one by one: as fast as a search for all of them, and it settles who is missing.
const READ_UP_TO: usize = 16;

/// What is known so far, shared by the searches in flight.
pub(super) struct LookUp<'a> {
    pub(super) people: RefCell<PeopleJoin>,
    progress: RefCell<&'a mut dyn FnMut(usize)>,
    reported: Cell<usize>,
}

impl<'a> LookUp<'a> {
    pub(super) fn new(people: PeopleJoin, progress: &'a mut dyn FnMut(usize)) -> Self {
        LookUp {
            people: RefCell::new(people),
            progress: RefCell::new(progress),
            reported: Cell::new(0),
        }
    }

    /// Tells how many are answered, when they have become more.
    pub(super) fn report(&self) {
        let answered = self.people.borrow().answered();
        if answered > self.reported.replace(answered.max(self.reported.get())) {
            (self.progress.borrow_mut())(answered);
        }
    }
}

impl LdapDirectory {
    /// Finds everybody asked for, then all their managers. Afterwards `known` has all the answers.
    pub(super) async fn look_up(&mut self, known: &LookUp<'_>) -> anyhow::Result<()> {
        let wanted = known.people.borrow().unseen();
        if wanted.is_empty() {
            return Ok(());
        }
        let server = self.describe().await?;
        let scan = match self.settings.strategy {
            Strategy::Batch => false,
            Strategy::Scan => true,
            Strategy::Auto => {
                server.kind == ServerKind::OpenLdap && server.pages && wanted.len() >= SCAN_FROM
            }
        };
        if scan {
            self.scan(known, &server, wanted.len()).await?;
        }
        self.ask_schema(&server).await?;
        self.find_people(known).await?;
        let managers = known.people.borrow().wanted();
        if managers.len() > READ_UP_TO {
            let attribute = self.settings.dn_attribute.clone();
            let attribute = attribute.unwrap_or_else(|| server.dn_attribute().to_owned());
            self.by_dn(known, managers, &attribute).await?;
        }
        let managers = known.people.borrow().wanted();
        self.by_reading(known, managers).await
    }

    /// Asks for people by their ids. Who is not found by a search that brought somebody is asked for again
    /// among the like, and at last alone: the server may have offered another in their place, who was taken
    /// for the answer to somebody else in the same search. So what is said does not hang on who is asked with whom.
    async fn find_people(&mut self, known: &LookUp<'_>) -> anyhow::Result<()> {
        let wanted = known.people.borrow().unseen();
        let left = self.by_id(known, wanted, self.settings.batch_size).await?;
        let left = self.by_id(known, left, self.settings.batch_size).await?;
        self.by_id(known, left, 1).await?;
        known.people.borrow_mut().all_looked_up();
        known.report();
        Ok(())
    }

    /// One round of it. Returns who was not found by a search that brought somebody.
    async fn by_id(
        &mut self,
        known: &LookUp<'_>,
        wanted: Vec<AskNumber>,
        count_max: usize,
    ) -> anyhow::Result<Vec<AskNumber>> {
        let LdapDirectory { settings, fields, pool, .. } = self;
        let attribute = settings.user_id_attribute.as_str();
        let also = Some(settings.user_filter.as_str());
        let batches = {
            let people = known.people.borrow();
            batches(&wanted, attribute, count_max, |ask| people.id(ask))
        };
        let left = RefCell::new(Vec::new());
        let ask = |asks: &[AskNumber]| {
            let people = known.people.borrow();
            let filter = filter::any_of(also, attribute, asks.iter().map(|&ask| people.id(ask)));
            SearchRequest::below(&settings.base_dn, filter, &fields.people).of(asks.len())
        };
        let accept = |asks: &[AskNumber], page: ResultPage| {
            let mut people = known.people.borrow_mut();
            let brought_somebody = !page.entries.is_empty();
            for entry in page.entries {
                let found = fields.found(entry);
                let ids = found.ids.clone();
                let (bearers, _) = people.found(found);
                if let [alone] = asks
                    && !bearers.contains(alone)
                {
                    people.found_another(*alone, &ids);
                }
            }
            if brought_somebody {
                let unseen = asks.iter().filter(|ask| people.is_unseen(**ask));
                left.borrow_mut().extend(unseen);
            }
            drop(people);
            known.report();
        };
        pool.run(batches, &ask, &accept).await?;
        Ok(left.into_inner())
    }

    /// Asks for managers by the attribute that holds an entry's own DN. Who is not found by it may
    /// still be there: below another base, or on a server without such an attribute.
    async fn by_dn(
        &mut self,
        known: &LookUp<'_>,
        wanted: Vec<DnNumber>,
        attribute: &str,
    ) -> anyhow::Result<()> {
        let LdapDirectory { settings, fields, pool, .. } = self;
        let batches = {
            let people = known.people.borrow();
            let named: Vec<DnNumber> = wanted.into_iter().filter(|&dn| people.is_dn(dn)).collect();
            batches(&named, attribute, settings.batch_size, |dn| people.dn(dn))
        };
        let ask = |dns: &[DnNumber]| {
            let people = known.people.borrow();
            let filter = filter::any_of(None, attribute, dns.iter().map(|&dn| people.dn(dn)));
            let request = SearchRequest::below(&settings.base_dn, filter, &fields.managers);
            SearchRequest { nothing_on: NOT_ASKABLE, ..request.of(dns.len()) }
        };
        let accept = |_: &[DnNumber], page: ResultPage| {
            let mut people = known.people.borrow_mut();
            for entry in page.entries {
                if let Some(dn) = entry.dn.as_deref().and_then(|dn| people.of_dn(dn)) {
                    people.manager(dn, fields.person(entry));
                }
            }
            drop(people);
            known.report();
        };
        pool.run(batches, &ask, &accept).await
    }

    /// Reads managers by their names, one a search. Who is not there now leads nowhere.
    async fn by_reading(
        &mut self,
        known: &LookUp<'_>,
        wanted: Vec<DnNumber>,
    ) -> anyhow::Result<()> {
        let LdapDirectory { fields, pool, .. } = self;
        let batches = wanted.into_iter().map(|dn| vec![dn]).collect();
        let ask = |dns: &[DnNumber]| {
            let people = known.people.borrow();
            let dn = dns.first().map_or("", |&dn| people.dn(dn));
            SearchRequest::entry(dn, &fields.managers, NOBODY)
        };
        let accept = |dns: &[DnNumber], page: ResultPage| {
            let mut people = known.people.borrow_mut();
            if let &[asked] = dns {
                let is_it = |dn: &str| {
                    dn::key(dn).is_some_and(|key| dn::key(people.dn(asked)) == Some(key))
                };
                let (result, is_empty) = (page.result, page.entries.is_empty());
                let mut entries = page.entries.into_iter();
                match entries.find(|entry| entry.dn.as_deref().is_some_and(is_it)) {
                    Some(entry) => people.manager(asked, fields.person(entry)),
                    None => people.missing(asked, why_missing(result, is_empty)),
                }
            }
            drop(people);
            known.report();
        };
        pool.run(batches, &ask, &accept).await
    }
}

/// What a search for a manager's entry came to that did not bring it.
fn why_missing(result: u32, is_empty: bool) -> DanglingReason {
    match result {
        10 => DanglingReason::OtherDomain,
        32 => DanglingReason::NotThere,
        34 => DanglingReason::NotADn,
        0 if !is_empty => DanglingReason::OtherEntry,
        _ => DanglingReason::NotReadable,
    }
}

/// Cuts what is wanted into batches that fit into a filter.
fn batches<'a>(
    wanted: &[u32],
    attribute: &str,
    count_max: usize,
    value: impl Fn(u32) -> &'a str,
) -> Vec<Vec<u32>> {
    let mut batches = Vec::with_capacity(wanted.len() / count_max + 1);
    let mut rest = wanted;
    while !rest.is_empty() {
        let values = rest.iter().map(|&item| value(item));
        let (batch, after) = rest.split_at(filter::fitting(attribute, values, count_max));
        batches.push(batch.to_vec());
        rest = after;
    }
    batches
}
