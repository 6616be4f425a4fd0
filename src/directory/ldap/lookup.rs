//! Looking up people and their managers, in as few searches as do.

use std::cell::{Cell, RefCell};

use super::LdapDirectory;
use super::decode::Entry;
use super::search::Request;
use super::server::Kind;
use crate::config::directory::Strategy;
use crate::directory::people::{Ask, Dn, People};
use crate::ldap_text::filter;

/// Results on which a manager is not there: no such entry, not even a DN, or on a server that is not asked.
const NOBODY: &[u32] = &[10, 32, 34];
/// Results on which managers are read one by one: the server can't compare by that attribute, or with
/// one of these values. An error of the base DN would have shown before.
const NOT_ASKABLE: &[u32] = &[17, 18, 21, 34];
/// From so many people on a scan may be worth its while.
const SCAN_FROM: usize = 2_000;
/// Up to so many managers are read one by one: as fast as a search for all of them, and it settles who is missing.
const READ_UP_TO: usize = 16;

/// What is known so far, shared by the searches in flight.
pub(super) struct Known<'a> {
    pub(super) people: RefCell<People>,
    progress: RefCell<&'a mut dyn FnMut(usize)>,
    reported: Cell<usize>,
}

impl<'a> Known<'a> {
    pub(super) fn new(people: People, progress: &'a mut dyn FnMut(usize)) -> Self {
        Known {
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
    pub(super) async fn look_up(&mut self, known: &Known<'_>) -> anyhow::Result<()> {
        let wanted = known.people.borrow().unseen();
        if wanted.is_empty() {
            return Ok(());
        }
        let server = self.describe().await?;
        let scan = match self.settings.strategy {
            Strategy::Batch => false,
            Strategy::Scan => true,
            Strategy::Auto => {
                server.kind == Kind::OpenLdap && server.pages && wanted.len() >= SCAN_FROM
            }
        };
        if scan {
            self.scan(known, wanted.len()).await?;
        }
        let wanted = known.people.borrow().unseen();
        let strays = self.by_id(known, wanted).await?;
        self.one_by_one(known, strays).await?;
        known.people.borrow_mut().all_looked_up();
        known.report();

        let managers = known.people.borrow().wanted();
        if managers.len() > READ_UP_TO {
            let attribute = self.settings.dn_attribute.clone();
            let attribute = attribute.unwrap_or_else(|| server.dn_attribute().to_owned());
            self.by_dn(known, managers, &attribute).await?;
        }
        let managers = known.people.borrow().wanted();
        self.by_reading(known, managers).await
    }

    /// Asks for people by their ids, many in one search. Returns ids that were not found by name
    /// in a search that brought somebody else: the server may hold more texts for the same than we do.
    async fn by_id(&mut self, known: &Known<'_>, wanted: Vec<Ask>) -> anyhow::Result<Vec<Ask>> {
        let LdapDirectory { settings, fields, pool, .. } = self;
        let attribute = settings.user_id_attribute.as_str();
        let also = Some(settings.user_filter.as_str());
        let batches = {
            let people = known.people.borrow();
            batches(&wanted, attribute, settings.batch_size, |ask| people.id(ask))
        };
        let strays = RefCell::new(Vec::new());
        let ask = |asks: &[Ask]| {
            let people = known.people.borrow();
            let filter = filter::any_of(also, attribute, asks.iter().map(|&ask| people.id(ask)));
            Request::below(&settings.base_dn, filter, &fields.people)
        };
        let accept = |asks: &[Ask], entries: Vec<Entry>| {
            let mut people = known.people.borrow_mut();
            let mut found = Vec::with_capacity(entries.len());
            let mut stray = false;
            for entry in entries {
                let before = found.len();
                found.extend(people.found(fields.found(entry))?);
                stray |= !found[before..].iter().any(|ask| asks.contains(ask));
            }
            if stray {
                strays.borrow_mut().extend(asks.iter().filter(|ask| !found.contains(ask)));
            }
            drop(people);
            known.report();
            Ok(())
        };
        pool.run(batches, &ask, &accept).await?;
        Ok(strays.into_inner())
    }

    /// Asks for people by one id a search: whoever is found then, the server says it is them.
    async fn one_by_one(&mut self, known: &Known<'_>, wanted: Vec<Ask>) -> anyhow::Result<()> {
        let LdapDirectory { settings, fields, pool, .. } = self;
        let batches = wanted.into_iter().map(|ask| vec![ask]).collect();
        let ask = |asks: &[Ask]| {
            let people = known.people.borrow();
            let ids = asks.iter().map(|&ask| people.id(ask));
            let also = Some(settings.user_filter.as_str());
            let filter = filter::any_of(also, &settings.user_id_attribute, ids);
            Request::below(&settings.base_dn, filter, &fields.people)
        };
        let accept = |asks: &[Ask], entries: Vec<Entry>| {
            for entry in entries {
                known.people.borrow_mut().found_for(asks, fields.found(entry))?;
            }
            known.report();
            Ok(())
        };
        pool.run(batches, &ask, &accept).await
    }

    /// Asks for managers by the attribute that holds an entry's own DN. Who is not found by it may
    /// still be there: below another base, or on a server without such an attribute.
    async fn by_dn(
        &mut self,
        known: &Known<'_>,
        wanted: Vec<Dn>,
        attribute: &str,
    ) -> anyhow::Result<()> {
        let LdapDirectory { settings, fields, pool, .. } = self;
        let batches = {
            let people = known.people.borrow();
            let named: Vec<Dn> = wanted.into_iter().filter(|&dn| people.is_dn(dn)).collect();
            batches(&named, attribute, settings.batch_size, |dn| people.dn(dn))
        };
        let ask = |dns: &[Dn]| {
            let people = known.people.borrow();
            let filter = filter::any_of(None, attribute, dns.iter().map(|&dn| people.dn(dn)));
            let request = Request::below(&settings.base_dn, filter, &fields.managers);
            Request { nothing_on: NOT_ASKABLE, ..request }
        };
        let accept = |_: &[Dn], entries: Vec<Entry>| {
            let mut people = known.people.borrow_mut();
            for entry in entries {
                if let Some(dn) = people.of_dn(&entry.dn) {
                    people.manager(dn, fields.person(entry));
                }
            }
            drop(people);
            known.report();
            Ok(())
        };
        pool.run(batches, &ask, &accept).await
    }

    /// Reads managers by their names, one a search. Who is not there now leads nowhere.
    async fn by_reading(&mut self, known: &Known<'_>, wanted: Vec<Dn>) -> anyhow::Result<()> {
        let LdapDirectory { fields, pool, .. } = self;
        let batches = wanted.into_iter().map(|dn| vec![dn]).collect();
        let ask = |dns: &[Dn]| {
            let people = known.people.borrow();
            let dn = dns.first().map_or("", |&dn| people.dn(dn));
            Request::entry(dn, &fields.managers, NOBODY)
        };
        let accept = |dns: &[Dn], entries: Vec<Entry>| {
            let mut people = known.people.borrow_mut();
            for (&dn, entry) in dns.iter().zip(entries.into_iter().map(Some).chain([None])) {
                match entry {
                    Some(entry) => people.manager(dn, fields.person(entry)),
                    None => people.missing(dn),
                }
            }
            drop(people);
            known.report();
            Ok(())
        };
        pool.run(batches, &ask, &accept).await
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
