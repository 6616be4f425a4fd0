//! The touches of a step, packed: a plan may hold a million of them, and each would be a dozen allocations.
//!
//! A job pushes a [`Touch`], which is the value a person reads; what is kept of it are its texts, one behind the other in
//! chunks that hundreds of touches share, and a number a bind. Who looks gets a [`TouchRef`] into them.

mod touch_ref;

use std::fmt;

use super::{Action, Change, ChangeResult, Touch};
pub use touch_ref::TouchRef;

use crate::db::{Bind, Value};

/// Bytes of text in a chunk, but for a single touch that is longer.
const CHUNK_BYTES: usize = 64 * 1024;
/// So many of the latest reasons, and of the values that are kept whole, are looked through for the same once more.
const RECENT: usize = 8;

/// All touches of a step, in order.
#[derive(Clone, Default)]
pub struct Touches {
    rows: Vec<PackedTouch>,
    chunks: Vec<TouchChunk>,
    /// The columns that the binds are the whole new row of.
    columns: Option<Box<[String]>>,
}

/// Where a text stands in its chunk.
#[derive(Clone, Copy)]
struct TextSpan {
    at: u32,
    len: u32,
}

#[derive(Clone, Copy)]
struct PackedTouch {
    chunk: u32,
    unit: TextSpan,
    key: TextSpan,
    why: TextSpan,
    before: Option<TextSpan>,
    after: Option<TextSpan>,
    seen: Option<TextSpan>,
    /// Where its binds begin, and their texts.
    cells_at: u32,
    texts_at: u32,
    n_cells: u16,
    action: Action,
    result: ChangeResult,
}

/// The texts of a touch, on their way into a chunk.
struct TouchTexts<'a> {
    unit: &'a str,
    key: &'a str,
    why: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    seen: Option<&'a str>,
}

/// What some hundreds of touches hold.
#[derive(Clone, Default)]
struct TouchChunk {
    text: String,
    cells: Vec<PackedBind>,
    /// Values that are neither short numbers nor texts.
    others: Vec<Value>,
    /// The latest reasons.
    whys: Vec<TextSpan>,
}

/// A bind: its kind in two bits, and a number below them.
#[derive(Clone, Copy)]
struct PackedBind(u32);

impl PackedBind {
    const NULL: PackedBind = PackedBind(0);
    /// The number is the length of the text.
    const TEXT: u32 = 1;
    /// The number is the value.
    const INT: u32 = 2;
    /// The number is its place among the chunk's `others`.
    const OTHER: u32 = 3;
    const BITS: u32 = 30;

    /// `None`: the number is too large.
    fn of(kind: u32, n: usize) -> Option<PackedBind> {
        (n < 1 << Self::BITS).then_some(PackedBind(kind << Self::BITS | n as u32))
    }

    fn kind(self) -> u32 {
        self.0 >> Self::BITS
    }

    fn number(self) -> usize {
        (self.0 & ((1 << Self::BITS) - 1)) as usize
    }
}

impl Touches {
    /// Insertions whose binds are the whole new row, each under its column's name: the row after them is not told apart.
    #[must_use]
    pub fn of_new_rows<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let columns = names.into_iter().map(str::to_uppercase).collect();
        Touches { columns: Some(columns), ..Touches::default() }
    }

    /// Adds one.
    pub fn push(&mut self, touch: Touch) {
        let Touch { unit, binds, change, seen } = touch;
        let Change { key, action, why, result, before, after } = change;
        let texts = TouchTexts {
            unit: &unit,
            key: &key,
            why: &why,
            before: before.as_deref(),
            after: after.as_deref(),
            seen: seen.as_deref(),
        };
        self.pack(texts, action, result, binds.iter().map(Bind::from));
    }

    /// Adds a row that is new, and the only one of its unit.
    pub(crate) fn push_new_row<'b>(
        &mut self,
        key: &str,
        why: &str,
        binds: impl Iterator<Item = Bind<'b>> + Clone,
    ) {
        let texts = TouchTexts { unit: key, key, why, before: None, after: None, seen: None };
        self.pack(texts, Action::Insert, ChangeResult::Applied, binds);
    }

    fn pack<'b>(
        &mut self,
        texts: TouchTexts<'_>,
        action: Action,
        result: ChangeResult,
        binds: impl Iterator<Item = Bind<'b>> + Clone,
    ) {
        let TouchTexts { unit, key, why, before, after, seen } = texts;
        let texts = [Some(unit), Some(key), Some(why), before, after, seen];
        let mut n_bytes: usize = texts.iter().flatten().map(|text| text.len()).sum();
        let mut n_binds = 0;
        for bind in binds.clone() {
            n_binds += 1;
            n_bytes += if let Bind::Text(text) = bind { text.len() } else { 0 };
        }
        let last = self.rows.last().copied();
        let is_new = self.open_chunk(n_bytes, n_binds);
        let last = last.filter(|_| !is_new);
        let at = self.chunks.len() - 1;
        let chunk = &mut self.chunks[at];
        let key = chunk.put(key, &[]);
        let like: &[TextSpan] = &last.map_or([key, key], |last| [key, last.unit]);
        let unit = chunk.put(unit, like);
        let why = chunk.put_why(why);
        let mut image = |text: Option<&str>, like: Option<TextSpan>| {
            text.map(|text| chunk.put(text, like.as_slice()))
        };
        let before = image(before, None);
        let after = image(after, last.and_then(|last| last.after));
        let seen = image(seen, None);
        let (cells_at, texts_at) = (chunk.cells.len() as u32, chunk.text.len() as u32);
        let n_cells = n_binds as u16;
        for bind in binds {
            let cell = chunk.put_bind(bind);
            chunk.cells.push(cell);
        }
        self.rows.push(PackedTouch {
            chunk: at as u32,
            unit,
            key,
            why,
            before,
            after,
            seen,
            cells_at,
            texts_at,
            n_cells,
            action,
            result,
        });
    }

    /// Sees to it that the last chunk has room for so many bytes; tells whether it is a new one.
    fn open_chunk(&mut self, n_bytes: usize, n_binds: usize) -> bool {
        let has_room = |last: &TouchChunk| n_bytes <= last.text.capacity() - last.text.len();
        if self.chunks.last().is_some_and(has_room) {
            return false;
        }
        // As many touches as the first of them lets expect.
        let n_touches = (CHUNK_BYTES / n_bytes.max(1)).clamp(1, CHUNK_BYTES / 16);
        let text = String::with_capacity(n_bytes.max(CHUNK_BYTES));
        let cells = Vec::with_capacity((n_touches + n_touches / 8 + 1) * n_binds);
        self.chunks.push(TouchChunk { text, cells, others: Vec::new(), whys: Vec::new() });
        true
    }

    /// Room for so many more.
    pub fn reserve_exact(&mut self, n: usize) {
        self.rows.reserve_exact(n);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One of them, counted from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<TouchRef<'_>> {
        self.rows.get(at).map(|row| TouchRef { touches: self, row })
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = TouchRef<'_>> + Clone {
        self.rows.iter().map(|row| TouchRef { touches: self, row })
    }

    /// Up to `n` at a time, in order.
    pub fn batches(&self, n: usize) -> impl Iterator<Item = Vec<TouchRef<'_>>> {
        self.rows
            .chunks(n)
            .map(|rows| rows.iter().map(|row| TouchRef { touches: self, row }).collect())
    }

    /// Puts them in order; those that are alike stay as they stand.
    pub fn sort_by(&mut self, order: impl Fn(TouchRef<'_>, TouchRef<'_>) -> std::cmp::Ordering) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|a, b| {
            order(TouchRef { touches: self, row: a }, TouchRef { touches: self, row: b })
        });
        self.rows = rows;
    }

    /// Keeps those that are wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(TouchRef<'_>) -> bool) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| is_wanted(TouchRef { touches: self, row }));
        self.rows = rows;
    }

    /// The last bind is this number, moment or NULL instead: no text.
    pub(crate) fn set_last_bind(&mut self, at: usize, value: Value) {
        debug_assert!(!matches!(value, Value::Text(_)));
        let row = self.rows[at];
        let chunk = &mut self.chunks[row.chunk as usize];
        let cell = chunk.put_bind(Bind::from(&value));
        chunk.cells[row.cells_at as usize + usize::from(row.n_cells) - 1] = cell;
    }

    /// The row before the change is this one.
    pub(super) fn set_before(&mut self, at: usize, image: &str) {
        let row = &mut self.rows[at];
        row.before = Some(self.chunks[row.chunk as usize].put(image, &[]));
    }
}

impl TouchChunk {
    /// Adds a text, unless it stands at one of these places.
    fn put(&mut self, text: &str, like: &[TextSpan]) -> TextSpan {
        if let Some(same) = like.iter().find(|span| self.text(**span) == text) {
            return *same;
        }
        // What a touch holds stays far below 4 GB: a database's text ends at one.
        let span = TextSpan { at: self.text.len() as u32, len: text.len() as u32 };
        self.text.push_str(text);
        span
    }

    /// Adds a reason: mostly one of the latest.
    fn put_why(&mut self, why: &str) -> TextSpan {
        if let Some(same) = self.whys.iter().find(|span| self.text(**span) == why) {
            return *same;
        }
        let span = self.put(why, &[]);
        if self.whys.len() == RECENT {
            self.whys.remove(0);
        }
        self.whys.push(span);
        span
    }

    fn put_bind(&mut self, bind: Bind<'_>) -> PackedBind {
        let packed = match bind {
            Bind::Null => Some(PackedBind::NULL),
            Bind::Int(n) => {
                usize::try_from(n).ok().and_then(|n| PackedBind::of(PackedBind::INT, n))
            }
            Bind::Text(text) => PackedBind::of(PackedBind::TEXT, text.len()),
            _ => None,
        };
        match (packed, bind) {
            (Some(packed), Bind::Text(text)) => {
                self.text.push_str(text);
                packed
            }
            (Some(packed), _) => packed,
            (None, bind) => {
                let first = self.others.len().saturating_sub(RECENT);
                // Moments and days: a run writes the same ones into every row.
                let known = self.others[first..].iter().position(|known| Bind::from(known) == bind);
                let at = known.map_or(self.others.len(), |at| first + at);
                if known.is_none() {
                    self.others.push(bind.into());
                }
                PackedBind(PackedBind::OTHER << PackedBind::BITS | at as u32)
            }
        }
    }

    fn text(&self, span: TextSpan) -> &str {
        &self.text[span.at as usize..][..span.len as usize]
    }
}

impl fmt::Debug for Touches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Extend<Touch> for Touches {
    fn extend<T: IntoIterator<Item = Touch>>(&mut self, touches: T) {
        touches.into_iter().for_each(|touch| self.push(touch));
    }
}

impl FromIterator<Touch> for Touches {
    fn from_iter<T: IntoIterator<Item = Touch>>(touches: T) -> Self {
        let mut packed = Touches::default();
        packed.extend(touches);
        packed
    }
}

#[cfg(test)]
mod tests;
