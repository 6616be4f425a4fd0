//! What is known by 128 bits of a hash: rows of a table, people of a file.
//!
//! It is taken with two keys that nobody knows: two texts that differ have the same one once in 2^128, as nobody can
//! choose them to.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState};

/// What stands for some texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64, u64);

/// Values by fingerprint; it is a hash already, and not hashed once more.
pub(crate) type FingerprintMap<V> = HashMap<Fingerprint, V, BuildHasherDefault<HalfAsHash>>;

impl Fingerprint {
    /// That of nothing.
    pub(crate) const NONE: Fingerprint = Fingerprint(0, 0);
}

/// The two keys.
#[derive(Default)]
pub(crate) struct FingerprintKeys(RandomState, RandomState);

impl FingerprintKeys {
    /// The fingerprint of texts in this order, and of the number of their kind.
    pub(crate) fn of<'a>(&self, kind: usize, texts: impl Iterator<Item = &'a str>) -> Fingerprint {
        let (mut first, mut second) = (self.0.build_hasher(), self.1.build_hasher());
        for hasher in [&mut first, &mut second] {
            hasher.write_usize(kind);
        }
        for text in texts {
            for hasher in [&mut first, &mut second] {
                hasher.write_usize(text.len());
                hasher.write(text.as_bytes());
            }
        }
        Fingerprint(first.finish(), second.finish())
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes the half of a fingerprint for its hash.
#[derive(Default)]
pub(crate) struct HalfAsHash(u64);

impl Hasher for HalfAsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        debug_assert!(false, "only fingerprints are hashed like this");
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }
}
