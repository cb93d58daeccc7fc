//! All rows that satisfy a predicate, in an order, by their keys: what a person scrolls over.

use std::ops::ControlFlow;

use super::{
    bind::Predicate,
    order::{Sort, encode},
    range::KeyRange,
    table::{ScanError, Table, Walk},
};
use crate::Key;

/// The most bytes that a [`Found`] takes: some millions of rows.
const MAX_FOUND: usize = 128 << 20;

/// The keys of all rows that were found, in their order. A key takes its bytes and four more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    bytes: Vec<u8>,
    /// Where each key ends.
    ends: Vec<u32>,
}

impl Matches {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key of the row at this place, counted from 0.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Key> {
        (place < self.len()).then(|| Key::from_bytes(self.bytes_of(place)))
    }

    /// The places of rows whose keys are like this. Looks at all of them.
    pub fn places<'m>(&'m self, mut wanted: impl FnMut(&[u8]) -> bool + 'm) -> impl Iterator<Item = usize> + 'm {
        (0..self.len()).filter(move |place| wanted(self.bytes_of(*place)))
    }

    /// The bytes this takes in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    fn bytes_of(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] as usize };
        &self.bytes[start..self.ends[place] as usize]
    }
}

/// The rows of a range of keys that were found, in their order: a partial answer, to be merged with those about other
/// ranges of the same table and order.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Of each row, bytes whose order is that of the rows; the key is their end.
    bytes: Vec<u8>,
    rows: Vec<Place>,
    is_sorted: bool,
}

/// Where a row stands in [`Found::bytes`].
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    key: u32,
    end: u32,
}

impl Found {
    /// The rows of both. Where the order is that of the keys, the other's are the later ones.
    ///
    /// # Errors
    /// They are too many.
    pub fn merge(mut self, other: &Self) -> Result<Self, ScanError> {
        let shift = offset(self.bytes.len())?;
        self.bytes.extend_from_slice(&other.bytes);
        self.check()?;
        self.rows.extend(other.rows.iter().map(|place| Place {
            start: place.start + shift,
            key: place.key + shift,
            end: place.end + shift,
        }));
        self.sort();
        Ok(self)
    }

    /// The keys alone.
    #[must_use]
    pub fn finish(self) -> Matches {
        let length = self.rows.iter().map(|place| (place.end - place.key) as usize).sum();
        let mut matches = Matches { bytes: Vec::with_capacity(length), ends: Vec::with_capacity(self.rows.len()) };
        let mut end = 0;
        for place in self.rows {
            matches.bytes.extend_from_slice(&self.bytes[place.key as usize..place.end as usize]);
            end += place.end - place.key;
            matches.ends.push(end);
        }
        matches
    }

    /// A stable sort, which takes no longer than to look at them where two sorted runs stand one behind the other.
    fn sort(&mut self) {
        if self.is_sorted {
            let order = |place: &Place| &self.bytes[place.start as usize..place.end as usize];
            self.rows.sort_by(|a, b| order(a).cmp(order(b)));
        }
    }

    fn check(&self) -> Result<(), ScanError> {
        let taken = self.bytes.len() + self.rows.len() * size_of::<Place>();
        if taken > MAX_FOUND { Err(ScanError::TooManyRows) } else { Ok(()) }
    }
}

fn offset(length: usize) -> Result<u32, ScanError> {
    u32::try_from(length).map_err(|_| ScanError::TooManyRows)
}

impl Table<'_> {
    /// All rows in the range that satisfy the predicate, sorted by the columns one after the other, nulls last, then by
    /// key. Reads every row once and keeps its key and what it is sorted by.
    ///
    /// # Errors
    /// A node can't be read, a column does not exist or has no order, or there are more rows than are kept.
    pub fn matches(&self, predicate: &Predicate, sorts: &[Sort], range: &KeyRange) -> Result<Found, ScanError> {
        let positions = self.sort_positions(sorts)?;
        let mut found = Found { is_sorted: !sorts.is_empty(), ..Found::default() };
        self.scan(predicate, range, Walk::Forward, &mut |leaf, rows| {
            for row in rows.iter() {
                let start = offset(found.bytes.len())?;
                for (position, direction) in &positions {
                    encode(&leaf.get(*position).value(row), *direction, &mut found.bytes);
                }
                let key = offset(found.bytes.len())?;
                found.bytes.extend_from_slice(leaf.leaf.key(row));
                found.rows.push(Place { start, key, end: offset(found.bytes.len())? });
            }
            found.check()?;
            Ok(ControlFlow::Continue(()))
        })?;
        found.sort();
        Ok(found)
    }
}
