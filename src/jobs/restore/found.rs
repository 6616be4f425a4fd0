//! The rows of a table that a run's changes speak of, by what they mean; each is handed out once.

use crate::db::{Row, Value};

/// A row as it is now.
pub(super) struct RowNow {
    pub(super) row_id: Value,
    pub(super) image: Box<str>,
}

/// Of rows that mean the same the one found last comes first.
#[derive(Default)]
pub(super) struct FoundRows {
    rows: Vec<Option<RowNow>>,
    links: Vec<RowLink>,
    /// By the number of a meaning, its first link.
    first: Vec<Option<u32>>,
}

/// A row, and the link to the next one that means the same.
#[derive(Clone, Copy)]
struct RowLink {
    row: u32,
    next: Option<u32>,
}

impl FoundRows {
    /// Meanings are numbered from 0, and so many.
    pub(super) fn expect(&mut self, n_meanings: usize) {
        self.first.resize(n_meanings, None);
    }

    /// Adds a row that has the meaning of this number. Of one that has several, `kept` says where it stands.
    pub(super) fn add(&mut self, number: u32, row: &Row, kept: &mut Option<u32>) {
        let row = *kept.get_or_insert_with(|| {
            let now = RowNow { row_id: row.values[0].clone(), image: row.image_from(1).into() };
            self.rows.push(Some(now));
            self.rows.len() as u32 - 1
        });
        let next = self.first[number as usize].replace(self.links.len() as u32);
        self.links.push(RowLink { row, next });
    }

    /// A row of this meaning, if there is one that was not handed out.
    pub(super) fn take(&mut self, number: u32) -> Option<RowNow> {
        let first = &mut self.first[number as usize];
        while let Some(at) = *first {
            let RowLink { row, next } = self.links[at as usize];
            *first = next;
            if let Some(now) = self.rows[row as usize].take() {
                return Some(now);
            }
        }
        None
    }
}
