//! A touch, where it is kept: what a plan's readers see of it.

use std::borrow::Cow;
use std::fmt;

use super::{PackedBind, PackedTouch, TouchChunk, Touches};
use crate::db::{Bind, image_of};
use crate::plan::{Action, ChangeResult};

/// A touch, where it is kept.
#[derive(Clone, Copy)]
pub struct TouchRef<'a> {
    pub(super) touches: &'a Touches,
    pub(super) row: &'a PackedTouch,
}

impl<'a> TouchRef<'a> {
    fn chunk(self) -> &'a TouchChunk {
        &self.touches.chunks[self.row.chunk as usize]
    }

    /// What it is a part of; see [`crate::plan::Touch::unit`].
    #[must_use]
    pub fn unit(self) -> &'a str {
        self.chunk().text(self.row.unit)
    }

    /// Which row; see [`crate::plan::Change::key`].
    #[must_use]
    pub fn key(self) -> &'a str {
        self.chunk().text(self.row.key)
    }

    /// What happens to it.
    #[must_use]
    pub fn action(self) -> Action {
        self.row.action
    }

    /// The rule, and the dates that decided.
    #[must_use]
    pub fn why(self) -> &'a str {
        self.chunk().text(self.row.why)
    }

    /// What came of it.
    #[must_use]
    pub fn result(self) -> ChangeResult {
        self.row.result
    }

    /// The whole row before an update or a delete, JSON.
    #[must_use]
    pub fn before(self) -> Option<&'a str> {
        self.row.before.map(|span| self.chunk().text(span))
    }

    /// The changed columns of an update, or the whole row of an insert, as JSON.
    #[must_use]
    pub fn after(self) -> Option<Cow<'a, str>> {
        match &self.touches.columns {
            Some(columns) => {
                Some(Cow::Owned(image_of(columns.iter().map(String::as_str).zip(self.binds()))))
            }
            None => self.row.after.map(|span| Cow::Borrowed(self.chunk().text(span))),
        }
    }

    /// The row as it was read; see [`crate::plan::Touch::seen`].
    #[must_use]
    pub fn seen(self) -> Option<&'a str> {
        self.row.seen.map(|span| self.chunk().text(span))
    }

    /// One value a bind.
    pub fn binds(self) -> impl Iterator<Item = Bind<'a>> {
        let chunk = self.chunk();
        let mut text_at = self.row.texts_at as usize;
        let cells = &chunk.cells[self.row.cells_at as usize..][..usize::from(self.row.n_cells)];
        cells.iter().map(move |cell| match cell.kind() {
            PackedBind::TEXT => {
                let text = &chunk.text[text_at..][..cell.number()];
                text_at += text.len();
                Bind::Text(text)
            }
            PackedBind::INT => Bind::Int(cell.number() as i64),
            PackedBind::OTHER => Bind::from(&chunk.others[cell.number()]),
            _ => Bind::Null,
        })
    }

    /// The value of one bind; NULL where there is none.
    #[must_use]
    pub fn bind(self, at: usize) -> Bind<'a> {
        self.binds().nth(at).unwrap_or(Bind::Null)
    }
}

impl fmt::Debug for TouchRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Touch")
            .field("unit", &self.unit())
            .field("key", &self.key())
            .field("action", &self.action())
            .field("why", &self.why())
            .field("result", &self.result())
            .field("before", &self.before())
            .field("after", &self.after())
            .field("seen", &self.seen())
            .field("binds", &self.binds().collect::<Vec<_>>())
            .finish()
    }
}
