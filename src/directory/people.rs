//! The join: from ids to people, from people to their managers' DNs, from DNs to managers.
//!
//! Knows no protocol. It is told what searches found, in any order, and says what is still to be
//! asked. Every DN stands here once, whether it was met as an entry or as somebody's manager, so
//! that a manager who was fetched as an employee is not asked for again.

mod known;

use std::collections::HashMap;
use std::sync::Arc;

use self::known::KnownEntry;
use super::entry::{FoundEntry, HeldValue, PersonEntry};
use super::{DanglingReason, EntryPart, LineManager, ManagerAnswer, UnreadableReason};
use crate::ldap_text::dn;
use crate::ldap_text::fold::fold_id;

/// Number of an id in the order asked, without duplicates. Index into `PeopleJoin::asked`.
pub(super) type AskNumber = u32;
/// Number of a DN. Index into `PeopleJoin::entries`.
pub(super) type DnNumber = u32;

/// All that is known so far about the people asked for and their managers.
pub(super) struct PeopleJoin {
    /// For each id given: what was asked for its sake. Nothing for a blank one.
    given: Vec<Option<AskNumber>>,
    asked: Vec<AskedId>,
    by_id: HashMap<String, AskNumber>,
    entries: Vec<KnownEntry>,
    by_dn: HashMap<String, DnNumber>,
    /// The base DN's comparison key: nobody outside it answers an id.
    base: String,
    answered: usize,
}

struct AskedId {
    /// The first spelling given, without the blanks round it.
    id: String,
    /// How many of the ids given have this key.
    givens: usize,
    state: IdState,
    /// What was offered instead, should nobody be found.
    offered: OfferedEntry,
}

/// What is known of one id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IdState {
    Unseen,
    /// In one entry, which names this manager.
    Once(DnNumber, NamedManager),
    /// In this many entries.
    Often(usize),
    /// In an entry, or perhaps in one, that can't be read where it matters.
    Unreadable(EntryPart, UnreadableReason),
}

/// An entry that came, but is not the one asked for. The later of these says more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OfferedEntry {
    Nothing,
    OtherId,
    OtherBase,
}

/// What an employee's entry says about a manager.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamedManager {
    Nobody,
    One(DnNumber),
    Several(usize),
    Unreadable(UnreadableReason),
}

impl PeopleJoin {
    pub(super) fn new(ids: &[String], base_dn: &str) -> Self {
        let mut people = PeopleJoin {
            given: Vec::with_capacity(ids.len()),
            asked: Vec::with_capacity(ids.len()),
            by_id: HashMap::with_capacity(ids.len()),
            entries: Vec::with_capacity(ids.len()),
            by_dn: HashMap::with_capacity(ids.len()),
            base: dn_key(base_dn),
            answered: 0,
        };
        for id in ids {
            let key = fold_id(id);
            if key.is_empty() {
                people.given.push(None);
                people.answered += 1;
                continue;
            }
            let asked = &mut people.asked;
            let ask = *people.by_id.entry(key).or_insert_with(|| {
                asked.push(AskedId::new(id.trim()));
                (asked.len() - 1) as AskNumber
            });
            asked[ask as usize].givens += 1;
            people.given.push(Some(ask));
        }
        people
    }

    /// How many of the ids given are answered for good.
    pub(super) fn answered(&self) -> usize {
        self.answered
    }

    /// The ids that no search has found yet.
    pub(super) fn unseen(&self) -> Vec<AskNumber> {
        let asks = self.asked.iter().enumerate();
        asks.filter(|(_, asked)| asked.state == IdState::Unseen)
            .map(|(ask, _)| ask as AskNumber)
            .collect()
    }

    /// Whether no search has found this id yet.
    pub(super) fn is_unseen(&self, ask: AskNumber) -> bool {
        self.asked[ask as usize].state == IdState::Unseen
    }

    pub(super) fn id(&self, ask: AskNumber) -> &str {
        &self.asked[ask as usize].id
    }

    pub(super) fn dn(&self, dn: DnNumber) -> &str {
        &self.entries[dn as usize].dn
    }

    /// Whether it is a DN at all, and not something else that stood in its place.
    pub(super) fn is_dn(&self, dn: DnNumber) -> bool {
        dn::key(self.dn(dn)).is_some()
    }

    /// The managers that somebody waits for.
    pub(super) fn wanted(&self) -> Vec<DnNumber> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| entry.waiting > 0 && entry.is_open())
            .map(|(dn, _)| dn as DnNumber)
            .collect()
    }

    /// Takes in an entry that a search for ids brought. Returns the ids it bears, of those asked for
    /// here, and whether the entry was unknown until now.
    pub(super) fn found(&mut self, found: FoundEntry) -> (Vec<AskNumber>, bool) {
        let ids = found.ids.readable().iter();
        let mut asks: Vec<AskNumber> =
            ids.filter_map(|id| self.by_id.get(&fold_id(id)).copied()).collect();
        asks.dedup();
        let Some(dn) = found.dn else {
            let state = IdState::Unreadable(EntryPart::Dn, UnreadableReason::Binary);
            asks.iter().for_each(|&ask| self.spoil(ask, state));
            return (asks, true);
        };
        let key = dn_key(&dn);
        let is_below = self.is_below_base(&key);
        let named = if asks.is_empty() { NamedManager::Nobody } else { self.named(found.manager) };
        let dn = self.intern_key(key, dn);
        let is_new = self.know(dn, found.person);
        for &ask in &asks {
            if is_below {
                self.see(ask, dn, named);
            } else {
                self.offer(ask, OfferedEntry::OtherBase);
            }
        }
        (asks, is_new)
    }

    /// A search for this one id brought an entry that does not bear it, as far as can be read.
    pub(super) fn found_another(&mut self, ask: AskNumber, ids: &HeldValue) {
        let why = match ids {
            HeldValue::Unreadable(why, _) => *why,
            HeldValue::Nothing => UnreadableReason::Hidden,
            HeldValue::One(_) | HeldValue::Several(_) => {
                return self.offer(ask, OfferedEntry::OtherId);
            }
        };
        if self.is_unseen(ask) {
            self.spoil(ask, IdState::Unreadable(EntryPart::Id, why));
        }
    }

    /// Takes in a manager who was asked for by name.
    pub(super) fn manager(&mut self, dn: DnNumber, person: PersonEntry) {
        self.know(dn, person);
    }

    /// The entry of that name, if anybody spoke of it.
    pub(super) fn of_dn(&self, dn: &str) -> Option<DnNumber> {
        self.by_dn.get(&dn_key(dn)).copied()
    }

    /// There is no such entry to be had.
    pub(super) fn missing(&mut self, dn: DnNumber, why: DanglingReason) {
        let entry = &mut self.entries[dn as usize];
        if entry.is_open() {
            entry.set_missing(why);
            self.answered += std::mem::take(&mut entry.waiting);
        }
    }

    /// Nobody else will be found: who is unseen now is answered.
    pub(super) fn all_looked_up(&mut self) {
        let unseen = self.asked.iter().filter(|asked| asked.state == IdState::Unseen);
        self.answered += unseen.map(|asked| asked.givens).sum::<usize>();
    }

    /// Forgets who was found, because the search that found them was not finished: there may be a
    /// second entry of the same id. What is known of the entries stays.
    pub(super) fn forget_who_was_seen(&mut self) {
        for asked in &mut self.asked {
            (asked.state, asked.offered) = (IdState::Unseen, OfferedEntry::Nothing);
        }
        self.entries.iter_mut().for_each(|entry| entry.waiting = 0);
        self.answered = self.given.iter().filter(|given| given.is_none()).count();
    }

    /// Whether an entry of this key is the base DN's or below it. A comma inside a value is escaped in a
    /// key, and so is an equals sign, so that no value can look like the end of a DN.
    fn is_below_base(&self, key: &str) -> bool {
        let above = key.strip_suffix(self.base.as_str());
        above.is_some_and(|above| self.base.is_empty() || above.is_empty() || above.ends_with(','))
    }

    fn named(&mut self, manager: HeldValue) -> NamedManager {
        match manager {
            HeldValue::Nothing => NamedManager::Nobody,
            HeldValue::One(manager) => NamedManager::One(self.intern(manager)),
            HeldValue::Several(managers) => {
                let mut keys: Vec<String> = managers.iter().map(|dn| dn_key(dn)).collect();
                keys.sort_unstable();
                keys.dedup();
                match (keys.len(), managers.into_iter().next()) {
                    (1, Some(manager)) => NamedManager::One(self.intern(manager)),
                    (values, _) => NamedManager::Several(values),
                }
            }
            HeldValue::Unreadable(why, _) => NamedManager::Unreadable(why),
        }
    }

    fn intern(&mut self, dn: String) -> DnNumber {
        self.intern_key(dn_key(&dn), dn)
    }

    fn intern_key(&mut self, key: String, dn: String) -> DnNumber {
        let entries = &mut self.entries;
        *self.by_dn.entry(key).or_insert_with(|| {
            entries.push(KnownEntry::new(dn));
            (entries.len() - 1) as DnNumber
        })
    }

    /// Returns whether the entry was unknown until now.
    fn know(&mut self, dn: DnNumber, person: PersonEntry) -> bool {
        let entry = &mut self.entries[dn as usize];
        let is_new = entry.is_open();
        entry.set_person(person);
        self.answered += std::mem::take(&mut entry.waiting);
        is_new
    }

    fn offer(&mut self, ask: AskNumber, what: OfferedEntry) {
        let offered = &mut self.asked[ask as usize].offered;
        *offered = what.max(*offered);
    }

    /// What can't be read makes everything else that is said of an id worthless: it may be a second entry.
    fn spoil(&mut self, ask: AskNumber, state: IdState) {
        self.stop_waiting(ask);
        let asked = &mut self.asked[ask as usize];
        if asked.state == IdState::Unseen {
            self.answered += asked.givens;
        }
        asked.state = state;
    }

    /// The manager of this id need not be asked for: at least not for its sake.
    fn stop_waiting(&mut self, ask: AskNumber) {
        let asked = &self.asked[ask as usize];
        if let IdState::Once(_, NamedManager::One(manager)) = asked.state {
            let manager = &mut self.entries[manager as usize];
            if manager.is_open() {
                manager.waiting -= asked.givens;
                self.answered += asked.givens;
            }
        }
    }

    fn see(&mut self, ask: AskNumber, dn: DnNumber, named: NamedManager) {
        let state = self.asked[ask as usize].state;
        let next = match state {
            IdState::Unseen => {
                let givens = self.asked[ask as usize].givens;
                match named {
                    NamedManager::One(manager) if self.entries[manager as usize].is_open() => {
                        self.entries[manager as usize].waiting += givens;
                    }
                    _ => self.answered += givens,
                }
                IdState::Once(dn, named)
            }
            // One search, split or asked twice, may bring the same entry again.
            IdState::Once(before, _) if before == dn => state,
            IdState::Once(..) => {
                self.stop_waiting(ask);
                IdState::Often(2)
            }
            IdState::Often(entries) => IdState::Often(entries + 1),
            IdState::Unreadable(..) => state,
        };
        self.asked[ask as usize].state = next;
    }

    /// One answer for each id given. All searches are done.
    pub(super) fn answers(self) -> Vec<ManagerAnswer> {
        let mut managers: HashMap<DnNumber, Arc<LineManager>> = HashMap::new();
        let mut of = |dn: DnNumber, manager: DnNumber| {
            let entry = &self.entries[manager as usize];
            if let Some(why) = entry.missing() {
                return ManagerAnswer::Dangling(why);
            }
            let line_manager = managers.entry(manager).or_insert_with(|| Arc::new(entry.manager()));
            ManagerAnswer::Manager { manager: Arc::clone(line_manager), is_self: dn == manager }
        };
        let answer = |given: &Option<AskNumber>| {
            let Some(ask) = given else { return ManagerAnswer::NotFound };
            let asked = &self.asked[*ask as usize];
            match asked.state {
                IdState::Unseen => asked.offered.answer(),
                IdState::Often(entries) => ManagerAnswer::Ambiguous { entries },
                IdState::Unreadable(part, why) => ManagerAnswer::Unreadable { part, why },
                IdState::Once(_, NamedManager::Nobody) => ManagerAnswer::NoManager,
                IdState::Once(_, NamedManager::Several(managers)) => {
                    ManagerAnswer::SeveralManagers { managers }
                }
                IdState::Once(_, NamedManager::Unreadable(why)) => {
                    ManagerAnswer::Unreadable { part: EntryPart::Manager, why }
                }
                IdState::Once(dn, NamedManager::One(manager)) => of(dn, manager),
            }
        };
        self.given.iter().map(answer).collect()
    }
}

impl AskedId {
    fn new(id: &str) -> Self {
        AskedId {
            id: id.to_owned(),
            givens: 0,
            state: IdState::Unseen,
            offered: OfferedEntry::Nothing,
        }
    }
}

impl OfferedEntry {
    fn answer(self) -> ManagerAnswer {
        match self {
            OfferedEntry::Nothing => ManagerAnswer::NotFound,
            OfferedEntry::OtherId => ManagerAnswer::OtherId,
            OfferedEntry::OtherBase => ManagerAnswer::OtherBase,
        }
    }
}

/// The key of a DN; of what is not a DN, a key of its own that no DN has.
fn dn_key(dn: &str) -> String {
    dn::key(dn).unwrap_or_else(|| format!("\0{dn}"))
}

#[cfg(test)]
mod tests;
