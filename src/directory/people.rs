//! The join: from ids to people, from people to their managers' DNs, from DNs to managers.
//!
//! Knows no protocol. It is told what searches found, in any order, and says what is still to be
//! asked. Every DN stands here once, whether it was met as an entry or as somebody's manager, so
//! that a manager who was fetched as an employee is not asked for again.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Found, Held, Names, Person};
use super::{Answer, Manager};
use crate::ldap_text::dn;
use crate::ldap_text::fold::fold;

/// Number of an id in the order asked, without duplicates. Index into `People::asked`.
pub(super) type Ask = u32;
/// Number of a DN. Index into `People::entries`.
pub(super) type Dn = u32;

/// All that is known so far about the people asked for and their managers.
pub(super) struct People {
    /// For each id given: what was asked for its sake. Nothing for a blank one.
    given: Vec<Option<Ask>>,
    asked: Vec<Asked>,
    by_id: HashMap<String, Ask>,
    entries: Vec<Entry>,
    by_dn: HashMap<String, Dn>,
    names: Names,
    answered: usize,
}

struct Asked {
    /// The first spelling given, without the blanks round it.
    id: String,
    /// How many of the ids given have this key.
    givens: usize,
    state: Seen,
}

/// What is known of one id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// In one entry, which names this manager.
    Once(Dn, Named),
    /// In this many entries.
    Often(usize),
}

/// What an employee's entry says about a manager.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Nobody,
    One(Dn),
    Several(usize),
}

struct Entry {
    /// As the entry, or the first attribute that pointed to it, spells it.
    dn: String,
    state: Known,
    /// How many of the ids given wait for this entry.
    waiting: usize,
}

enum Known {
    Not,
    Plain(Plain),
    Person(Box<Person>),
    /// Asked for by name, and not there.
    Missing,
}

/// Somebody of whom each attribute holds one value or none: nearly everybody, so kept in as little room
/// as does. A scan keeps all whom it meets, because any of them may be a manager.
struct Plain {
    /// Id, name and mail, one behind the other.
    text: Box<str>,
    /// Where id and name end.
    ends: [u32; 2],
}

impl People {
    pub(super) fn new(ids: &[String], names: Names) -> Self {
        let mut people = People {
            given: Vec::with_capacity(ids.len()),
            asked: Vec::with_capacity(ids.len()),
            by_id: HashMap::with_capacity(ids.len()),
            entries: Vec::with_capacity(ids.len()),
            by_dn: HashMap::with_capacity(ids.len()),
            names,
            answered: 0,
        };
        for id in ids {
            let key = fold(id);
            if key.is_empty() {
                people.given.push(None);
                people.answered += 1;
                continue;
            }
            let asked = &mut people.asked;
            let ask = *people.by_id.entry(key).or_insert_with(|| {
                asked.push(Asked { id: id.trim().to_owned(), givens: 0, state: Seen::Not });
                (asked.len() - 1) as Ask
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
    pub(super) fn unseen(&self) -> Vec<Ask> {
        let asks = self.asked.iter().enumerate();
        asks.filter(|(_, asked)| asked.state == Seen::Not).map(|(ask, _)| ask as Ask).collect()
    }

    pub(super) fn id(&self, ask: Ask) -> &str {
        &self.asked[ask as usize].id
    }

    pub(super) fn dn(&self, dn: Dn) -> &str {
        &self.entries[dn as usize].dn
    }

    /// Whether it is a DN at all, and not something else that stood in its place.
    pub(super) fn is_dn(&self, dn: Dn) -> bool {
        dn::key(self.dn(dn)).is_some()
    }

    /// The managers that somebody waits for.
    pub(super) fn wanted(&self) -> Vec<Dn> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| entry.waiting > 0 && matches!(entry.state, Known::Not))
            .map(|(dn, _)| dn as Dn)
            .collect()
    }

    /// Takes in an entry that was found by its id. Returns the ids it answers, of those asked.
    ///
    /// # Errors
    /// `Exit::Config` when the entry is wanted and its manager can't be read.
    pub(super) fn found(&mut self, found: Found) -> anyhow::Result<Vec<Ask>> {
        let ids: &[String] = match &found.ids {
            Held::One(id) => std::slice::from_ref(id),
            Held::Several(ids) => ids,
            // Whatever the server matched, it isn't an id that was asked for.
            Held::Nothing | Held::Unreadable(_) => &[],
        };
        let asks: Vec<Ask> =
            ids.iter().filter_map(|id| self.by_id.get(&fold(id)).copied()).collect();
        self.found_for(&asks, found)?;
        Ok(asks)
    }

    /// Takes in an entry that answers `asks`, whatever its ids look like here.
    ///
    /// # Errors
    /// `Exit::Config` when the entry is wanted and its manager can't be read.
    pub(super) fn found_for(&mut self, asks: &[Ask], found: Found) -> anyhow::Result<()> {
        let named =
            if asks.is_empty() { Named::Nobody } else { self.named(found.manager, &found.dn)? };
        let dn = self.intern(found.dn);
        self.know(dn, found.person);
        for &ask in asks {
            self.see(ask, dn, named);
        }
        Ok(())
    }

    /// Takes in a manager who was asked for by name.
    pub(super) fn manager(&mut self, dn: Dn, person: Person) {
        self.know(dn, person);
    }

    /// The entry of that name, if anybody spoke of it.
    pub(super) fn of_dn(&self, dn: &str) -> Option<Dn> {
        self.by_dn.get(&dn_key(dn)).copied()
    }

    /// There is no such entry.
    pub(super) fn missing(&mut self, dn: Dn) {
        let entry = &mut self.entries[dn as usize];
        if matches!(entry.state, Known::Not) {
            entry.state = Known::Missing;
            self.answered += std::mem::take(&mut entry.waiting);
        }
    }

    /// Nobody else will be found: who is unseen now is answered.
    pub(super) fn all_looked_up(&mut self) {
        let unseen = self.asked.iter().filter(|asked| asked.state == Seen::Not);
        self.answered += unseen.map(|asked| asked.givens).sum::<usize>();
    }

    /// Forgets who was found, because the search that found them was not finished: there may be a
    /// second entry of the same id. What is known of the entries stays.
    pub(super) fn forget_who_was_seen(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.state = Seen::Not);
        self.entries.iter_mut().for_each(|entry| entry.waiting = 0);
        self.answered = self.given.iter().filter(|given| given.is_none()).count();
    }

    fn named(&mut self, manager: Held, of: &str) -> anyhow::Result<Named> {
        Ok(match manager {
            Held::Nothing => Named::Nobody,
            // The empty DN is that of the server itself, which manages nobody.
            Held::One(manager) if manager.trim().is_empty() => Named::Nobody,
            Held::One(manager) => Named::One(self.intern(manager)),
            Held::Several(managers) => {
                let mut keys: Vec<String> = managers.iter().map(|dn| dn_key(dn)).collect();
                keys.sort_unstable();
                keys.dedup();
                match (keys.len(), managers.into_iter().next()) {
                    (1, Some(manager)) => Named::One(self.intern(manager)),
                    (values, _) => Named::Several(values),
                }
            }
            Held::Unreadable(why) => return Err(why.error(&self.names.manager, of)),
        })
    }

    fn intern(&mut self, dn: String) -> Dn {
        let entries = &mut self.entries;
        *self.by_dn.entry(dn_key(&dn)).or_insert_with(|| {
            entries.push(Entry { dn, state: Known::Not, waiting: 0 });
            (entries.len() - 1) as Dn
        })
    }

    fn know(&mut self, dn: Dn, person: Person) {
        let entry = &mut self.entries[dn as usize];
        entry.state =
            Plain::of(&person).map_or_else(|| Known::Person(Box::new(person)), Known::Plain);
        self.answered += std::mem::take(&mut entry.waiting);
    }

    fn see(&mut self, ask: Ask, dn: Dn, named: Named) {
        let asked = &mut self.asked[ask as usize];
        asked.state = match asked.state {
            Seen::Not => {
                match named {
                    Named::One(manager) if self.entries[manager as usize].is_open() => {
                        self.entries[manager as usize].waiting += asked.givens;
                    }
                    _ => self.answered += asked.givens,
                }
                Seen::Once(dn, named)
            }
            // One search, split or asked twice, may bring the same entry again.
            Seen::Once(before, named) if before == dn => Seen::Once(dn, named),
            Seen::Once(_, before) => {
                if let Named::One(manager) = before {
                    let manager = &mut self.entries[manager as usize];
                    if manager.is_open() {
                        manager.waiting -= asked.givens;
                        self.answered += asked.givens;
                    }
                }
                Seen::Often(2)
            }
            Seen::Often(entries) => Seen::Often(entries + 1),
        };
    }

    /// One answer for each id given. All searches are done.
    ///
    /// # Errors
    /// `Exit::Config` when an attribute of a manager can't be read.
    pub(super) fn answers(self) -> anyhow::Result<Vec<Answer>> {
        let mut managers: HashMap<Dn, Answer> = HashMap::new();
        let mut answers = Vec::with_capacity(self.given.len());
        for given in &self.given {
            let state = given.map_or(Seen::Not, |ask| self.asked[ask as usize].state);
            answers.push(match state {
                Seen::Not => Answer::NotFound,
                Seen::Often(entries) => Answer::Ambiguous { entries },
                Seen::Once(_, Named::Nobody) => Answer::NoManager,
                Seen::Once(_, Named::Several(values)) => {
                    Answer::SeveralValues { attribute: self.names.manager.clone(), values }
                }
                Seen::Once(_, Named::One(dn)) => {
                    if let Some(answer) = managers.get(&dn) {
                        answer.clone()
                    } else {
                        let answer = self.entries[dn as usize].answer(&self.names)?;
                        managers.insert(dn, answer.clone());
                        answer
                    }
                }
            });
        }
        Ok(answers)
    }
}

impl Entry {
    fn is_open(&self) -> bool {
        matches!(self.state, Known::Not)
    }

    fn answer(&self, names: &Names) -> anyhow::Result<Answer> {
        let person = match &self.state {
            Known::Not | Known::Missing => return Ok(Answer::Dangling { dn: self.dn.clone() }),
            Known::Plain(plain) => return Ok(Answer::Manager(Arc::new(plain.manager()))),
            Known::Person(person) => person.as_ref(),
        };
        for (name, held) in person.held(names) {
            match held {
                Held::Several(values) => {
                    let (attribute, values) = (name.to_owned(), values.len());
                    return Ok(Answer::SeveralValues { attribute, values });
                }
                Held::Unreadable(why) => return Err(why.error(name, &self.dn)),
                Held::Nothing | Held::One(_) => {}
            }
        }
        let Person { id, name, mail } = person;
        Ok(Answer::Manager(Arc::new(Manager {
            id: id.text(),
            name: name.text(),
            mail: mail.text(),
        })))
    }
}

impl Plain {
    /// Nothing when the person is not as plain as that.
    fn of(person: &Person) -> Option<Self> {
        let text = |held| match held {
            &Held::Nothing => Some(""),
            Held::One(text) => Some(text.as_str()),
            Held::Several(_) | Held::Unreadable(_) => None,
        };
        let Person { id, name, mail } = person;
        let (id, name, mail) = (text(id)?, text(name)?, text(mail)?);
        let ends = [id.len(), id.len() + name.len()].map(u32::try_from);
        let [Ok(id_end), Ok(name_end)] = ends else { return None };
        Some(Plain { text: [id, name, mail].concat().into(), ends: [id_end, name_end] })
    }

    fn manager(&self) -> Manager {
        let [id_end, name_end] = self.ends.map(|end| end as usize);
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Manager {
            id: text(&self.text[..id_end]),
            name: text(&self.text[id_end..name_end]),
            mail: text(&self.text[name_end..]),
        }
    }
}

/// The key of a DN; of what is not a DN, a key of its own that no DN has.
fn dn_key(dn: &str) -> String {
    dn::key(dn).unwrap_or_else(|| format!("\0{dn}"))
}

#[cfg(test)]
mod tests;
