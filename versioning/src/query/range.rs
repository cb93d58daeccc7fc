//! Ranges of keys: what a filter bounds, where a page goes on, and how a table is divided.

use std::ops::Bound;

use super::bind::{Matching, Part, Predicate, Test};
use crate::{Key, key};

/// The keys from one on and before another, by their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    pub(super) from: Vec<u8>,
    /// None: to the end.
    pub(super) to: Option<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    #[must_use]
    pub const fn all() -> Self {
        Self { from: Vec::new(), to: None }
    }

    /// The keys behind this one: where a page goes on that ended with it.
    #[must_use]
    pub fn after(key: &Key) -> Self {
        Self { from: successor(key), to: None }
    }

    /// Whether the key is in the range.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        key.as_bytes() >= self.from.as_slice() && self.to.as_ref().is_none_or(|to| key.as_bytes() < to.as_slice())
    }

    /// The keys that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let to = match (&self.to, &other.to) {
            (Some(a), Some(b)) => Some(a.min(b).clone()),
            (a, b) => a.as_ref().or(b.as_ref()).cloned(),
        };
        Self { from: self.from.clone().max(other.from.clone()), to }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

/// The smallest bytes behind a key.
pub(super) fn successor(key: &Key) -> Vec<u8> {
    [key.as_bytes(), &[0]].concat()
}

/// The smallest bytes behind all that begin with a prefix; none when there are none.
fn behind_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

impl Predicate {
    /// Ranges in order, apart from each other, that have the keys of all rows that satisfy the predicate.
    pub(super) fn ranges(&self) -> Vec<KeyRange> {
        self.part(&self.root)
    }

    fn part(&self, part: &Part) -> Vec<KeyRange> {
        match part {
            Part::Constant(false) => Vec::new(),
            Part::All(parts) => {
                parts.iter().fold(vec![KeyRange::all()], |ranges, part| both(&ranges, &self.part(part)))
            }
            Part::Any(parts) => either(parts.iter().flat_map(|part| self.part(part)).collect()),
            Part::Test { column, test, .. } if Some(*column) == self.first_key => test_ranges(test),
            // The opposite of ranges that are too wide would be too narrow.
            Part::Constant(true) | Part::Not(_) | Part::Test { .. } => vec![KeyRange::all()],
        }
    }
}

fn test_ranges(test: &Test) -> Vec<KeyRange> {
    let encoded = |value| {
        let mut bytes = Vec::new();
        key::encode(value, &mut bytes);
        bytes
    };
    match test {
        // A cell of the primary key is never null.
        Test::Null => Vec::new(),
        Test::Range(low, high) => {
            let from = match low {
                Bound::Unbounded => Some(Vec::new()),
                Bound::Included(value) => Some(encoded(value)),
                Bound::Excluded(value) => behind_prefix(encoded(value)),
            };
            let to = match high {
                Bound::Unbounded => None,
                Bound::Included(value) => behind_prefix(encoded(value)),
                Bound::Excluded(value) => Some(encoded(value)),
            };
            from.map(|from| KeyRange { from, to }).filter(|range| !range.is_empty()).into_iter().collect()
        }
        Test::In(values) => either(
            values.iter().map(|value| KeyRange { from: encoded(value), to: behind_prefix(encoded(value)) }).collect(),
        ),
        Test::Text { matching: Matching::StartsWith(prefix), fold: false } => {
            let mut from = Vec::new();
            key::encode_text(prefix, &mut from);
            // Without the end of the text.
            from.truncate(from.len() - 2);
            vec![KeyRange { to: behind_prefix(from.clone()), from }]
        }
        Test::Text { .. } => vec![KeyRange::all()],
    }
}

fn both(a: &[KeyRange], b: &[KeyRange]) -> Vec<KeyRange> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut ranges = Vec::new();
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let common = x.and(y);
        // The one that ends first meets nothing else.
        let first_ends = match (&x.to, &y.to) {
            (Some(x), Some(y)) => x < y,
            (to, _) => to.is_some(),
        };
        if first_ends {
            a.next()
        } else {
            b.next()
        };
        if !common.is_empty() {
            ranges.push(common);
        }
    }
    ranges
}

fn either(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
    ranges.sort_unstable_by(|a, b| a.from.cmp(&b.from));
    let mut joined: Vec<KeyRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.to.as_ref().is_none_or(|to| range.from <= *to) => {
                last.to = match (last.to.take(), range.to) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    _ => None,
                };
            }
            _ => joined.push(range),
        }
    }
    joined
}
