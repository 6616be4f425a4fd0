//! Which run closed which response, and which restore brought an access back: by the ledger, in little room.
//!
//! A response has no key of its own: the ledger names it by user and location, and several responses may share
//! those. What tells them apart is the image of the row that the ledger keeps: a response that a run closed
//! equals its before-image in everything but IS_ACTIVE. Nothing is guessed: where an image was erased, a run is
//! named only if there is no other response it can have meant.
//!
//! A change takes 24 bytes here, whatever its images hold: a report reads millions of them.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::image_members::members;
use crate::ledger::row::LedgerEntry;

/// A run's place in the chain.
pub(crate) type RunPlace = u32;

/// A change that marked a response processed, or took that back.
#[derive(Clone, Copy, Debug)]
struct ResponseEvent {
    key: u64,
    /// Of the before-image without IS_ACTIVE.
    print: u64,
    run: RunPlace,
    /// Which columns the image has: a place in [`ClosingRuns::column_sets`].
    columns: u16,
    kind: EventKind,
    restores: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventKind {
    /// The access went with it.
    Took,
    FoundNone,
    /// The response is active again.
    Reopened,
}

/// The columns of an image that was erased.
const ERASED: u16 = u16::MAX;

/// A mapping row that a restore put back or took.
#[derive(Clone, Copy, Debug)]
struct AccessEvent {
    key: u64,
    run: RunPlace,
    put_back: bool,
}

/// The run that closed a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClosingRun {
    pub(crate) run: RunPlace,
    /// Whether it took access; else there was none.
    pub(crate) took: bool,
}

/// All changes of responses, and of access by restores.
pub(crate) struct ClosingRuns {
    hasher: RandomState,
    /// Hashes of the names of the columns that the table has now.
    known: HashSet<u64>,
    is_active: u64,
    column_sets: Vec<Vec<u64>>,
    responses: Vec<ResponseEvent>,
    access: Vec<AccessEvent>,
    /// Keys of which a run speaks that is not to be believed.
    doubted: HashSet<u64>,
    settled: bool,
}

/// A response's own columns, ready to be held against images.
pub(crate) struct RowPrint {
    pairs: Vec<(u64, u64)>,
}

/// What is known of one user and location.
pub(crate) struct KeyHistory<'a> {
    all: &'a ClosingRuns,
    /// A run that is not to be believed speaks of it too.
    pub(crate) is_doubted: bool,
    responses: &'a [ResponseEvent],
    access: &'a [AccessEvent],
}

impl ClosingRuns {
    /// None yet; `columns` are those that RECREATE_RESPONSE has now, `n` how many changes may come.
    pub(crate) fn new<'c>(columns: impl Iterator<Item = &'c str>, n: usize) -> ClosingRuns {
        let hasher = RandomState::new();
        let known = columns.map(|name| hasher.hash_one(name.as_bytes())).collect();
        let is_active = hasher.hash_one("IS_ACTIVE".as_bytes());
        let responses = Vec::with_capacity(n);
        let (column_sets, access) = (Vec::new(), Vec::new());
        let (doubted, settled) = (HashSet::new(), false);
        ClosingRuns { hasher, known, is_active, column_sets, responses, access, doubted, settled }
    }

    /// None yet; the table has the columns of this image.
    pub(crate) fn of_table_like(image: &str) -> ClosingRuns {
        let names = members(image).map(|(name, _)| name.trim_matches('"'));
        ClosingRuns::new(names, 0)
    }

    /// Takes a change of a run, which is one of `restore` or not.
    pub(crate) fn hear(&mut self, entry: &LedgerEntry<'_>, run: RunPlace, restores: bool) {
        let change = &entry.change;
        match &*change.table_name {
            "MAP_RAP_USER_ROLE" if restores => {
                let (key, put_back) = (self.hash(&change.row_key), change.action == "insert");
                self.access.push(AccessEvent { key, run, put_back });
            }
            "RECREATE_RESPONSE" if change.action == "update" => {
                let found_none = change.result == "already_absent";
                let image = entry.image.as_ref().filter(|image| !image.is_blank());
                let images = image.map(|image| (&*image.before, &*image.after)).unzip();
                self.hear_response(&change.row_key, run, restores, found_none, images);
            }
            _ => {}
        }
    }

    /// Takes a change of a response.
    pub(crate) fn hear_response(
        &mut self,
        key: &str,
        run: RunPlace,
        restores: bool,
        found_none: bool,
        (before, after): (Option<&str>, Option<&str>),
    ) {
        let set_to =
            after.and_then(|after| members(after).find(|(name, _)| *name == "\"IS_ACTIVE\""));
        // A column may keep the number as text.
        let closes = set_to.map_or(!restores, |(_, value)| value.trim_matches('"') != "1");
        let kind = match (closes, found_none) {
            (false, _) => EventKind::Reopened,
            (true, true) => EventKind::FoundNone,
            (true, false) => EventKind::Took,
        };
        let (print, columns) = before.map_or((0, ERASED), |before| self.print(before));
        let key = self.hash(key);
        self.responses.push(ResponseEvent { key, print, run, columns, kind, restores });
    }

    fn hash(&self, text: &str) -> u64 {
        self.hasher.hash_one(text.as_bytes())
    }

    fn print(&mut self, image: &str) -> (u64, u16) {
        let mut names = Vec::new();
        let mut print = 0_u64;
        for (name, value) in members(image) {
            let name = self.hash(name.trim_matches('"'));
            // A column that is gone can't be compared; the others are.
            if name == self.is_active || !self.known.contains(&name) {
                continue;
            }
            names.push(name);
            print = print.wrapping_add(self.pair(name, value));
        }
        names.sort_unstable();
        let place = self.column_sets.iter().position(|set| *set == names);
        let place = place.unwrap_or_else(|| {
            self.column_sets.push(names);
            self.column_sets.len() - 1
        });
        (print, u16::try_from(place).unwrap_or(ERASED - 1))
    }

    fn pair(&self, name: u64, value: &str) -> u64 {
        self.hasher.hash_one((name, value))
    }

    /// All changes were heard. Puts the runs in their order, and forgets those that have none: they are not to be
    /// believed.
    pub(crate) fn settle(&mut self, place_of: impl Fn(RunPlace) -> Option<RunPlace>) {
        let mut believe = |key: u64, run: &mut RunPlace| {
            let place = place_of(*run);
            match place {
                Some(place) => *run = place,
                None => drop(self.doubted.insert(key)),
            }
            place.is_some()
        };
        self.responses.retain_mut(|event| believe(event.key, &mut event.run));
        self.access.retain_mut(|event| believe(event.key, &mut event.run));
        self.access.sort_by_key(|event| (event.key, event.run));
        // A restore of a restore closes a response again; it took access only if it took a row.
        let taken: HashSet<(u64, RunPlace)> = self
            .access
            .iter()
            .filter(|event| !event.put_back)
            .map(|event| (event.key, event.run))
            .collect();
        for event in self.responses.iter_mut().filter(|event| event.restores) {
            if event.kind == EventKind::Took && !taken.contains(&(event.key, event.run)) {
                event.kind = EventKind::FoundNone;
            }
        }
        self.responses.sort_unstable_by_key(|event| (event.key, event.run));
        self.settled = true;
    }

    /// What is known of an access, by the key that the ledger has for it.
    pub(crate) fn of(&self, key: &str) -> KeyHistory<'_> {
        debug_assert!(self.settled);
        let key = self.hash(key);
        let from = self.responses.partition_point(|event| event.key < key);
        let n = self.responses[from..].iter().take_while(|event| event.key == key).count();
        let access_from = self.access.partition_point(|event| event.key < key);
        let n_access =
            self.access[access_from..].iter().take_while(|event| event.key == key).count();
        KeyHistory {
            all: self,
            is_doubted: self.doubted.contains(&key),
            responses: &self.responses[from..from + n],
            access: &self.access[access_from..access_from + n_access],
        }
    }

    /// A response's columns as the ledger would keep them, ready to be compared.
    pub(crate) fn row_print(&self, image: &str) -> RowPrint {
        let pairs = members(image).map(|(name, value)| {
            let name = self.hash(name.trim_matches('"'));
            (name, self.pair(name, value))
        });
        RowPrint { pairs: pairs.collect() }
    }

    fn same_row(&self, event: &ResponseEvent, row: &RowPrint) -> bool {
        let Some(names) = self.column_sets.get(usize::from(event.columns)) else { return false };
        let shared = row.pairs.iter().filter(|(name, _)| names.binary_search(name).is_ok());
        shared.fold(0_u64, |print, (_, pair)| print.wrapping_add(*pair)) == event.print
    }
}

impl KeyHistory<'_> {
    /// Whether the ledger knows nothing of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    /// For each inactive response, the run that closed it. `rows` are all inactive responses of this user and
    /// location, `n_rows` counts the active ones too.
    pub(crate) fn assign(&self, rows: &[RowPrint], n_rows: usize) -> Vec<Option<ClosingRun>> {
        let mut standing: Vec<&ResponseEvent> = Vec::new();
        for event in self.responses {
            if event.kind == EventKind::Reopened {
                take_back(&mut standing, event);
            } else {
                standing.push(event);
            }
        }
        standing.reverse(); // The latest first: it is the one that counts.
        let closing = |event: &ResponseEvent| ClosingRun {
            run: event.run,
            took: event.kind == EventKind::Took,
        };
        let mut found: Vec<Option<ClosingRun>> = rows
            .iter()
            .map(|row| {
                let place = standing.iter().position(|event| self.all.same_row(event, row))?;
                Some(closing(standing.remove(place)))
            })
            .collect();
        // Only an image that is gone can still mean a row that matches none.
        standing.retain(|event| event.columns == ERASED);
        let left = found.iter().filter(|closing| closing.is_none()).count();
        if left <= standing.len() && n_rows == rows.len() {
            let mut rest = standing.into_iter().map(closing);
            found.iter_mut().filter(|found| found.is_none()).for_each(|found| *found = rest.next());
        }
        found
    }

    /// The restore that brought back the access, as far as no run has found it gone or taken it since.
    pub(crate) fn standing_restore(&self) -> Option<RunPlace> {
        let mut standing: Vec<RunPlace> = Vec::new();
        let mut closings = self.responses.iter().filter(|event| !event.restores).peekable();
        for event in self.access {
            while closings.next_if(|closing| closing.run < event.run).is_some() {
                standing.clear();
            }
            if event.put_back {
                standing.push(event.run);
            } else {
                standing.pop();
            }
        }
        if closings.next().is_some() { None } else { standing.last().copied() }
    }
}

/// A restore takes back the latest closing of the same row, or, its image erased, the latest at all.
fn take_back(standing: &mut Vec<&ResponseEvent>, reopened: &ResponseEvent) {
    let like = |event: &&ResponseEvent| {
        event.columns != ERASED
            && (event.columns, event.print) == (reopened.columns, reopened.print)
    };
    let erased = |event: &&ResponseEvent| event.columns == ERASED || reopened.columns == ERASED;
    let place = standing.iter().rposition(like).or_else(|| standing.iter().rposition(erased));
    if let Some(place) = place {
        standing.remove(place);
    }
}

#[cfg(test)]
mod tests;
