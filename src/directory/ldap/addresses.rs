//! Which address of which server is tried next. One name may stand for a dozen servers, of which any may be
//! down, busy or broken: who was bad in this run is tried last.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::connect::{LoginTarget, ServerAddress};
use super::failure::LdapFailure;

/// The addresses known so far.
pub(super) struct AddressBook {
    /// For each server, once its name was resolved.
    endpoints: RefCell<Vec<Option<Vec<ServerAddress>>>>,
    /// How often each one was bad.
    bad: RefCell<HashMap<ConnectCandidate, u32>>,
}

/// Somebody to try.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ConnectCandidate {
    At(ServerAddress),
    /// A server whose addresses are not known yet.
    Unresolved(usize),
}

impl AddressBook {
    pub(super) fn new(servers: usize) -> Self {
        AddressBook { endpoints: RefCell::new(vec![None; servers]), bad: RefCell::default() }
    }

    /// The best of those who were not tried: the least bad one, and of these the first in the config's order.
    pub(super) fn best(&self, tried: &HashSet<ConnectCandidate>) -> Option<ConnectCandidate> {
        let endpoints = self.endpoints.borrow();
        let candidates = endpoints.iter().enumerate().flat_map(|(server, known)| match known {
            Some(known) => known.iter().map(|endpoint| ConnectCandidate::At(*endpoint)).collect(),
            None => vec![ConnectCandidate::Unresolved(server)],
        });
        candidates
            .filter(|candidate| !tried.contains(candidate))
            .min_by_key(|candidate| self.badness(*candidate))
    }

    /// Whether somebody is left who was never bad.
    pub(super) fn has_unspoilt(&self) -> bool {
        let best = self.best(&HashSet::new());
        best.is_some_and(|candidate| self.badness(candidate) == 0)
    }

    fn badness(&self, candidate: ConnectCandidate) -> u32 {
        self.bad.borrow().get(&candidate).copied().unwrap_or_default()
    }

    /// Finds out a server's addresses.
    pub(super) async fn resolve(
        &self,
        target: &LoginTarget,
        server: usize,
    ) -> Result<Vec<ServerAddress>, LdapFailure> {
        let known = self.endpoints.borrow()[server].clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = target.resolve(server).await?;
        self.know(server, found.clone());
        Ok(found)
    }

    /// These are a server's addresses.
    pub(super) fn know(&self, server: usize, endpoints: Vec<ServerAddress>) {
        self.endpoints.borrow_mut()[server] = Some(endpoints);
    }

    /// It did not do what was asked of it.
    pub(super) fn spoil(&self, who: ConnectCandidate) {
        *self.bad.borrow_mut().entry(who).or_default() += 1;
    }
}
