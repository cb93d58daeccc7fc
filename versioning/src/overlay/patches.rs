//! The changed rows of an overlay: a sorted map that shares what did not change with the map it was made from.
//!
//! Entries stand in blocks behind [`Arc`]s, so one change copies the pointers of one block and of the list of blocks:
//! about the square root of all entries each, at the sizes that drafts have.

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeBounds},
    sync::Arc,
};

use super::Patch;
use crate::{Key, Row};

/// The most entries in a block.
const MAX: usize = 512;
/// Neighbours that have no more entries than this together become one block.
const MERGE: usize = MAX / 2;

/// The changed rows of a table by their keys, in the order of the keys. A clone costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    slots: Arc<[Slot]>,
    len: usize,
    shift: i64,
}

/// A block, with what the blocks before it come to.
#[derive(Clone, Debug)]
struct Slot {
    block: Arc<Block>,
    /// Rows added less rows removed in the blocks before this one.
    shift: i64,
    /// The place of the last row added or removed in this block and those before it.
    reach: Option<u64>,
}

/// One to [`MAX`] entries.
#[derive(Debug)]
struct Block {
    entries: Vec<Arc<Entry>>,
    /// Rows added less rows removed.
    shift: i64,
    /// The last row added or removed, and rows added less rows removed before it in the block.
    last: Option<(Effect, i64)>,
}

/// A changed row.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) patch: Patch,
    pub(super) effect: Effect,
}

/// What a patch does to the places of the rows behind it. A rank is the number of rows of the tree with a smaller key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The row stays where it is.
    Stays,
    /// The tree has no such row.
    Added { rank: u64 },
    /// The tree has the row.
    Removed { rank: u64 },
}

impl Effect {
    fn shift(self) -> i64 {
        match self {
            Self::Stays => 0,
            Self::Added { .. } => 1,
            Self::Removed { .. } => -1,
        }
    }

    /// The place among the overlay's rows, `shift` rows added less removed before: where the added row stands or the
    /// removed one would.
    fn place(self, shift: i64) -> Option<u64> {
        match self {
            Self::Stays => None,
            Self::Added { rank } | Self::Removed { rank } => Some(rank.saturating_add_signed(shift)),
        }
    }
}

impl Entry {
    /// The row, where the tree has none.
    pub(super) fn added(&self) -> Option<(Key, Row)> {
        let row = self.patch.after.as_ref().filter(|_| matches!(self.effect, Effect::Added { .. }))?;
        Some((self.key.clone(), row.clone()))
    }
}

/// A position among the entries: the block and the entry in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(usize, usize);

impl Patches {
    /// The number of changed rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is made of the row with this key; none where it is left alone.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Patch> {
        self.entry(key).map(|entry| &entry.patch)
    }

    /// All changed rows.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Patch)> {
        self.range(..)
    }

    /// All patches, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &Patch> {
        self.iter().map(|(_, patch)| patch)
    }

    /// The changed rows with these keys. Finding the first costs the logarithm of their number.
    pub fn range(&self, keys: impl RangeBounds<Key>) -> impl Iterator<Item = (&Key, &Patch)> {
        let start = match keys.start_bound() {
            Bound::Unbounded => Position(0, 0),
            Bound::Included(key) => self.seek(|entry| entry < key),
            Bound::Excluded(key) => self.seek(|entry| entry <= key),
        };
        let end = match keys.end_bound() {
            Bound::Unbounded => Position(self.slots.len(), 0),
            Bound::Included(key) => self.seek(|entry| entry <= key),
            Bound::Excluded(key) => self.seek(|entry| entry < key),
        };
        self.entries(start, end).map(|entry| (&entry.key, &entry.patch))
    }

    /// Rows added less rows removed.
    pub(super) fn shift(&self) -> i64 {
        self.shift
    }

    /// Rows added less rows removed before this key.
    pub(super) fn shift_before(&self, key: &Key) -> i64 {
        let Position(block, index) = self.seek(|entry| entry < key);
        match self.slots.get(block) {
            Some(slot) => slot.shift + shift(&slot.block.entries[..index]),
            None => self.shift,
        }
    }

    pub(super) fn entry(&self, key: &Key) -> Option<&Entry> {
        let Position(block, index) = self.seek(|entry| entry < key);
        self.slots.get(block).map(|slot| &*slot.block.entries[index]).filter(|entry| entry.key == *key)
    }

    /// The first row added or removed whose place is this one or a later one, and the shift before it.
    pub(super) fn seek_place(&self, place: u64) -> (Position, i64) {
        let block = self.slots.partition_point(|slot| slot.reach.is_none_or(|reach| reach < place));
        let Some(slot) = self.slots.get(block) else { return (Position(block, 0), self.shift) };
        let mut shift = slot.shift;
        for (index, entry) in slot.block.entries.iter().enumerate() {
            if entry.effect.place(shift).is_some_and(|found| found >= place) {
                return (Position(block, index), shift);
            }
            shift += entry.effect.shift();
        }
        (Position(block + 1, 0), shift)
    }

    /// The first entry with this key or a later one.
    pub(super) fn seek_key(&self, key: &Key) -> Position {
        self.seek(|entry| entry < key)
    }

    /// The entries from a position on.
    pub(super) fn entries_from(&self, start: Position) -> impl Iterator<Item = &Entry> {
        self.entries(start, Position(self.slots.len(), 0))
    }

    /// The first entry that is not `before`; a position at the end of a block is that of the next block's first entry.
    fn seek(&self, before: impl Fn(&Key) -> bool) -> Position {
        let block = self.slots.partition_point(|slot| before(slot.block.last_key()));
        let index =
            self.slots.get(block).map_or(0, |slot| slot.block.entries.partition_point(|entry| before(&entry.key)));
        Position(block, index)
    }

    fn entries(&self, start: Position, end: Position) -> impl Iterator<Item = &Entry> {
        let mut at = start;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let entries = &self.slots.get(at.0)?.block.entries;
            let entry = entries.get(at.1)?;
            at = if at.1 + 1 < entries.len() { Position(at.0, at.1 + 1) } else { Position(at.0 + 1, 0) };
            Some(&**entry)
        })
    }

    /// These entries in the place of those with their keys; none takes out.
    pub(super) fn with(&self, changes: BTreeMap<Key, Option<Entry>>) -> Self {
        let mut changes = changes.into_iter().peekable();
        let mut builder = Builder::default();
        let mut done = 0;
        while let Some((key, _)) = changes.peek() {
            // A key behind the last block's entries is the last block's.
            let index = self.slots.partition_point(|slot| slot.block.last_key() < key).min(self.slots.len().max(1) - 1);
            self.slots[done..index].iter().for_each(|slot| builder.push(Arc::clone(&slot.block)));
            let block = self.slots.get(index).map(|slot| &*slot.block);
            let last = index + 1 >= self.slots.len();
            let here = |key: &Key| last || block.is_some_and(|block| key <= block.last_key());
            let mine = std::iter::from_fn(|| changes.next_if(|(key, _)| here(key)));
            builder.extend(&merge(block.map_or(&[][..], |block| &block.entries), mine));
            done = index + 1;
        }
        self.slots.iter().skip(done).for_each(|slot| builder.push(Arc::clone(&slot.block)));
        builder.finish()
    }
}

impl Block {
    fn new(entries: Vec<Arc<Entry>>) -> Self {
        let shift = shift(&entries);
        let last = entries.iter().map(|entry| entry.effect).rfind(|effect| *effect != Effect::Stays);
        let last = last.map(|effect| (effect, shift - effect.shift()));
        Self { entries, shift, last }
    }

    fn last_key(&self) -> &Key {
        &self.entries[self.entries.len() - 1].key
    }
}

/// Puts blocks in a row, neither too large nor too small.
#[derive(Default)]
struct Builder(Vec<Arc<Block>>);

impl Builder {
    fn push(&mut self, block: Arc<Block>) {
        match self.0.last_mut() {
            Some(last) if last.entries.len() + block.entries.len() <= MERGE => {
                *last = Arc::new(Block::new([&last.entries[..], &block.entries].concat()));
            }
            _ => self.0.push(block),
        }
    }

    fn extend(&mut self, entries: &[Arc<Entry>]) {
        let size = entries.len().div_ceil(entries.len().div_ceil(MAX).max(1)).max(1);
        entries.chunks(size).for_each(|entries| self.push(Arc::new(Block::new(entries.to_vec()))));
    }

    fn finish(self) -> Patches {
        let (mut len, mut shift, mut reach) = (0, 0, None);
        let slots = self.0.into_iter().map(|block| {
            let before = shift;
            len += block.entries.len();
            shift += block.shift;
            reach = block.last.and_then(|(effect, inside)| effect.place(before + inside)).or(reach);
            Slot { block, shift: before, reach }
        });
        Patches { slots: slots.collect(), len, shift }
    }
}

fn shift(entries: &[Arc<Entry>]) -> i64 {
    entries.iter().map(|entry| entry.effect.shift()).sum()
}

fn merge(old: &[Arc<Entry>], changes: impl Iterator<Item = (Key, Option<Entry>)>) -> Vec<Arc<Entry>> {
    let mut merged = Vec::with_capacity(old.len() + 1);
    let mut rest = old;
    for (key, entry) in changes {
        let (before, behind) = rest.split_at(rest.partition_point(|old| old.key < key));
        merged.extend_from_slice(before);
        merged.extend(entry.map(Arc::new));
        let replaced = usize::from(behind.first().is_some_and(|old| old.key == key));
        rest = &behind[replaced..];
    }
    merged.extend_from_slice(rest);
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u16) -> Key {
        Key::from_bytes(number.to_be_bytes())
    }

    fn entry(number: u16, effect: Effect) -> (Key, Option<Entry>) {
        let patch = Patch { before: None, after: None };
        (key(number), Some(Entry { key: key(number), patch, effect }))
    }

    fn added(numbers: impl IntoIterator<Item = u16>) -> BTreeMap<Key, Option<Entry>> {
        numbers.into_iter().map(|number| entry(number, Effect::Added { rank: 0 })).collect()
    }

    /// Holds the blocks to what is said of them; the answer is the entries.
    fn checked(patches: &Patches) -> Vec<(Key, Effect)> {
        let (mut shift, mut reach, mut all) = (0, None, Vec::new());
        for slot in &*patches.slots {
            assert!((1..=MAX).contains(&slot.block.entries.len()));
            assert_eq!(slot.shift, shift);
            for entry in &slot.block.entries {
                reach = entry.effect.place(shift).or(reach);
                shift += entry.effect.shift();
                all.push((entry.key.clone(), entry.effect));
            }
            assert_eq!(slot.reach, reach);
        }
        assert!(
            patches.slots.windows(2).all(|two| two.iter().map(|slot| slot.block.entries.len()).sum::<usize>() > MERGE)
        );
        assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!((patches.len(), patches.shift()), (all.len(), shift));
        all
    }

    #[test]
    fn a_change_copies_one_block_and_shares_the_others() {
        let old = Patches::default().with(added((0..20_000).map(|number| number * 2)));
        for change in [added([4_321]), added([4_322]), BTreeMap::from([(key(4_322), None)])] {
            let new = old.with(change);
            checked(&new);
            let own = new.slots.iter().filter(|new| !old.slots.iter().any(|old| Arc::ptr_eq(&old.block, &new.block)));
            assert!((1..=2).contains(&own.count()));
        }
        assert_eq!(checked(&old).len(), 20_000);
    }

    #[test]
    fn what_is_taken_out_leaves_no_small_blocks() {
        let all = Patches::default().with(added(0..10_000));
        let few = all.with((0..10_000).filter(|number| number % 100 > 0).map(|number| (key(number), None)).collect());
        assert_eq!(checked(&few).len(), 100);
        assert_eq!(few.slots.len(), 1);
        let none = few.with((0..10_000).map(|number| (key(number), None)).collect());
        assert!(none.is_empty() && none.slots.is_empty());
    }

    proptest! {
        #[test]
        fn patches_are_a_sorted_map(
            steps in prop::collection::vec((0..4_000_u16, 0..1_500_u16, 1..9_u16, 0..4_u8), 1..12),
            bounds in prop::collection::vec((0..5_000_u16, 0..5_000_u16), 8),
        ) {
            let mut patches = Patches::default();
            let mut model: BTreeMap<Key, Effect> = BTreeMap::new();
            for (start, length, step, what) in steps {
                let effect = |number: u16| match what {
                    0 => None,
                    1 => Some(Effect::Stays),
                    2 => Some(Effect::Added { rank: u64::from(number) }),
                    _ => Some(Effect::Removed { rank: u64::from(number) }),
                };
                let numbers = (start..start + length).step_by(step.into());
                let changes = numbers.clone().map(|number| match effect(number) {
                    Some(effect) => entry(number, effect),
                    None => (key(number), None),
                });
                let old = patches.clone();
                let before = checked(&old);
                patches = old.with(changes.collect());
                prop_assert_eq!(checked(&old), before);
                for number in numbers {
                    match effect(number) {
                        Some(effect) => model.insert(key(number), effect),
                        None => model.remove(&key(number)),
                    };
                }
                prop_assert_eq!(checked(&patches), model.clone().into_iter().collect::<Vec<_>>());
            }
            for (start, end) in bounds {
                let (start, end) = (key(start.min(end)), key(start.max(end)));
                prop_assert_eq!(patches.entry(&start).map(|entry| entry.effect), model.get(&start).copied());
                let shift: i64 = model.range(..&start).map(|(_, effect)| effect.shift()).sum();
                prop_assert_eq!(patches.shift_before(&start), shift);
                for bounds in [
                    (Bound::Unbounded, Bound::Unbounded),
                    (Bound::Included(&start), Bound::Unbounded),
                    (Bound::Excluded(&start), Bound::Unbounded),
                    (Bound::Included(&start), Bound::Included(&end)),
                    (Bound::Unbounded, Bound::Excluded(&end)),
                ] {
                    let keys: Vec<&Key> = patches.range(bounds).map(|(key, _)| key).collect();
                    prop_assert_eq!(keys, model.range::<Key, _>(bounds).map(|(key, _)| key).collect::<Vec<_>>());
                }
            }
        }
    }
}
