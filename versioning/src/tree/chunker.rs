//! Where nodes end.

use crate::Key;

/// The smallest leaf that another follows; the largest has one row less than twice as many.
const MIN_ROWS: usize = 256;
/// The smallest inner node that another follows. Small, because every commit writes one path and hashes don't compress.
const MIN_CHILDREN: usize = 32;

/// Something with a key that stands in a node.
pub(crate) trait Entry {
    fn key(&self) -> &Key;
}

impl Entry for (Key, crate::Row) {
    fn key(&self) -> &Key {
        &self.0
    }
}

impl Entry for super::Child {
    fn key(&self) -> &Key {
        &self.last
    }
}

/// Collects the entries of one level and cuts them into nodes.
pub(crate) struct Chunker<E> {
    level: u8,
    min: usize,
    entries: Vec<E>,
}

impl<E: Entry> Chunker<E> {
    pub(crate) fn new(level: u8) -> Self {
        let min = if level == 0 { MIN_ROWS } else { MIN_CHILDREN };
        Self { level, min, entries: Vec::with_capacity(2 * min) }
    }

    /// Takes the next entry; returns a node's entries when it is decided where the node ends.
    pub(crate) fn push(&mut self, entry: E) -> Option<Vec<E>> {
        self.entries.push(entry);
        // One more entry than the largest node holds: what follows can't change the decision any more.
        if self.entries.len() < 2 * self.min {
            return None;
        }
        let window = self.entries[self.min - 1..2 * self.min - 1].iter().map(|entry| hash(self.level, entry.key()));
        let (smallest, _) = window.enumerate().min_by_key(|(_, hash)| *hash).expect("the window is not empty");
        let size = self.min + smallest;
        let rest = self.entries.split_off(size);
        Some(std::mem::replace(&mut self.entries, rest))
    }

    /// The entries that are left when nothing follows; empty when every entry is in a node.
    pub(crate) fn finish(&mut self) -> Vec<E> {
        std::mem::take(&mut self.entries)
    }
}

/// The level is part of what is hashed: a key that ends a leaf is no likelier to end its parent.
fn hash(level: u8, key: &Key) -> u64 {
    /// Longer keys are hashed in two parts, which takes a larger state.
    const SHORT: usize = 64;
    let key = key.as_bytes();
    let hash = if key.len() < SHORT {
        let mut bytes = [level; SHORT];
        bytes[1..=key.len()].copy_from_slice(key);
        blake3::hash(&bytes[..=key.len()])
    } else {
        blake3::Hasher::new().update(&[level]).update(key).finalize()
    };
    let first: [u8; 8] = hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes");
    u64::from_le_bytes(first)
}
