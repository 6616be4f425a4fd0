//! What comes of reading a line: changes to make, or a doubt.

use std::borrow::Cow;

/// Why a line is not touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) at: usize,
    pub(super) why: Cow<'static, str>,
    /// The text may go on below.
    pub(super) runs_on: bool,
}

impl Doubt {
    pub(super) fn new(at: usize, why: impl Into<Cow<'static, str>>) -> Self {
        Self { at, why: why.into(), runs_on: false }
    }

    pub(super) fn running_on(self) -> Self {
        Self { runs_on: true, ..self }
    }
}

/// A change to the line: `length` bytes at `at` become `by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineEdit {
    at: usize,
    length: usize,
    by: &'static [u8],
}

impl LineEdit {
    pub(super) fn double(at: usize) -> Self {
        Self { at, length: 1, by: b"''" }
    }

    pub(super) fn straighten(at: usize, length: usize) -> Self {
        Self { at, length, by: b"'" }
    }
}

/// A line understood.
#[derive(Debug, Default)]
pub(super) struct LineReading {
    /// In the order of their places.
    pub(super) edits: Vec<LineEdit>,
    /// One of the columns is named outside strings and comments.
    pub(super) has_targets: bool,
    /// A comment begins that goes on below.
    pub(super) opens_comment: bool,
}

impl LineReading {
    pub(super) fn apply(&self, line: &[u8]) -> Vec<u8> {
        let mut mended = Vec::with_capacity(line.len() + self.edits.len());
        let mut done = 0;
        for edit in &self.edits {
            mended.extend_from_slice(line.get(done..edit.at).unwrap_or_default());
            mended.extend_from_slice(edit.by);
            done = edit.at + edit.length;
        }
        mended.extend_from_slice(line.get(done..).unwrap_or_default());
        mended
    }
}
