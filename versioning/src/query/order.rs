//! The first rows of an order that the tree does not have.

use std::{
    collections::BinaryHeap,
    ops::{Bound, ControlFlow},
};

use serde::{Deserialize, Serialize};

use super::{
    bind::{Predicate, Test},
    range::KeyRange,
    table::{Page, ScanError, Table, Walk},
};
use crate::{ColumnId, Key, ReadError, bits::Bits, key, value::Value};

/// The most rows that a [`Top`] keeps.
pub const MAX_TOP: usize = 10_000;

/// Which way a column is sorted. Nulls come last in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Small values first.
    Ascending,
    /// Large values first.
    Descending,
}

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The column.
    pub column: ColumnId,
    /// Which way.
    pub direction: Direction,
}

/// Where a row stands in an order: its values of the columns sorted by, then its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// In the order of the columns sorted by.
    pub values: Vec<Value>,
    /// The row's key.
    pub key: Key,
}

/// The first rows of an order within a range of keys: a partial answer, to be merged with those about other ranges of
/// the same table, order and limit.
#[derive(Clone, Debug)]
pub struct Top {
    sorts: Vec<(usize, Direction)>,
    limit: usize,
    /// The last of the order is on top.
    entries: BinaryHeap<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Bytes whose order is that of the rows; no two rows have the same.
    order: Vec<u8>,
    key: Key,
    /// The value of the first column sorted by.
    first: FirstValue,
}

/// Two entries never come to compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FirstValue(Value);

impl PartialOrd for FirstValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FirstValue {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Appends bytes whose order is that of the values, nulls last.
pub(super) fn encode(value: &Value, direction: Direction, bytes: &mut Vec<u8>) {
    bytes.push(u8::from(value.is_null()));
    let start = bytes.len();
    key::encode(value, bytes);
    if direction == Direction::Descending {
        // No encoding begins another, so the complement reverses the order.
        bytes[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

impl Top {
    fn push(&mut self, entry: Entry) {
        if self.entries.len() < self.limit {
            self.entries.push(entry);
        } else if self.entries.peek().is_some_and(|last| entry < *last) {
            self.entries.pop();
            self.entries.push(entry);
        }
    }

    /// The first rows of both.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        other.entries.into_iter().for_each(|entry| self.push(entry));
        self
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The rows of a leaf that may come before the last of a full heap; all while it is not full. `ties` says whether one
    /// with the same first value may.
    fn candidates(&self, leaf: &super::evaluate::Columns<'_>, ties: bool) -> Bits {
        let rows = leaf.leaf.len();
        let last = self.entries.peek().filter(|_| self.entries.len() == self.limit);
        let (Some((position, direction)), Some(last)) = (self.sorts.first(), last) else { return Bits::all(rows) };
        let column = leaf.get(*position);
        match &last.first.0 {
            Value::Null if ties => Bits::all(rows),
            Value::Null => Test::Null.evaluate(column, rows).complement(),
            value if ties => up_to(Bound::Included(value.clone()), *direction).evaluate(column, rows),
            value => up_to(Bound::Excluded(value.clone()), *direction).evaluate(column, rows),
        }
    }
}

/// What does not come behind the end; never null.
fn up_to(end: Bound<Value>, direction: Direction) -> Test {
    match direction {
        Direction::Ascending => Test::Range(Bound::Unbounded, end),
        Direction::Descending => Test::Range(end, Bound::Unbounded),
    }
}

impl Table<'_> {
    /// The places of the columns to sort by.
    pub(super) fn sort_positions(&self, sorts: &[Sort]) -> Result<Vec<(usize, Direction)>, ScanError> {
        let position = |sort: &Sort| {
            let position = self.position(sort.column)?;
            let column = &self.schema.columns[position];
            if column.ty.is_ordered() {
                Ok((position, sort.direction))
            } else {
                Err(ScanError::NoOrder { column: column.name.clone(), ty: column.ty })
            }
        };
        sorts.iter().map(position).collect()
    }

    /// The first `limit` rows of an order among those in the range that satisfy the predicate, behind a place if one is
    /// given. Sorts by the columns one after the other, nulls last, then by key. Keeps keys, not rows; to skip `n` rows,
    /// ask for `n` more, or for any depth go on behind a place.
    ///
    /// # Errors
    /// A node can't be read, a column does not exist or has no order, the place is of another order, or `limit` is above
    /// [`MAX_TOP`].
    pub fn top(
        &self,
        predicate: &Predicate,
        sorts: &[Sort],
        behind: Option<&Place>,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Top, ScanError> {
        if limit > MAX_TOP {
            return Err(ScanError::TopTooLarge { asked: limit });
        }
        let mut top = Top { sorts: self.sort_positions(sorts)?, limit, entries: BinaryHeap::new() };
        let behind = behind.map(|place| top.behind(place)).transpose()?;
        if limit == 0 {
            return Ok(top);
        }
        // Sorted by the first column of the key, the tree has nearly the order already.
        let along_key = sorts.first().filter(|sort| Some(&sort.column) == self.schema.primary_key.first());
        let walk = match along_key {
            Some(Sort { direction: Direction::Descending, .. }) => Walk::Backward,
            _ => Walk::Forward,
        };
        let in_order = sorts.is_empty() || along_key.is_some();
        // Of rows that tie in all they are sorted by, those with the smaller keys come first, and are visited first.
        let ties = sorts.len() > 1 || walk == Walk::Backward;
        self.scan(predicate, range, walk, &mut |leaf, rows| {
            let candidates = top.candidates(leaf, ties);
            let done = if sorts.is_empty() { top.entries.len() == limit } else { candidates.is_empty() };
            if in_order && done {
                return Ok(ControlFlow::Break(()));
            }
            let mut rows = rows.and(&candidates);
            if let (Some(behind), Some((position, direction))) = (&behind, top.sorts.first()) {
                rows = rows.and(&behind.candidates(*direction, leaf.get(*position), leaf.leaf.len()));
            }
            for row in rows.iter() {
                let mut order = Vec::with_capacity(32);
                let mut first = Value::Null;
                for (index, (position, direction)) in top.sorts.iter().enumerate() {
                    let value = leaf.get(*position).value(row);
                    encode(&value, *direction, &mut order);
                    if index == 0 {
                        first = value;
                    }
                }
                let key = leaf.leaf.key(row);
                order.extend(key);
                if behind.as_ref().is_none_or(|behind| order > behind.order) {
                    let entry = Entry { order, key: Key::from_bytes(key), first: FirstValue(first) };
                    top.push(entry);
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(top)
    }

    /// Reads the rows of a merged answer, without the first `skip`. `columns` as for [`Table::rows`]. A row costs a path.
    ///
    /// # Errors
    /// A node can't be read, or a column does not exist.
    pub fn page(&self, top: Top, columns: Option<&[ColumnId]>, skip: usize) -> Result<Page<Place>, ScanError> {
        let positions = self.positions(columns)?;
        let is_full = top.entries.len() == top.limit;
        let mut keys: Vec<(usize, Key)> =
            top.entries.into_sorted_vec().into_iter().skip(skip).map(|entry| entry.key).enumerate().collect();
        let count = keys.len();
        // In the order of the keys, rows of one leaf are read together.
        keys.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        let mut rows = vec![None; count];
        let mut next = None;
        for (place, key) in keys {
            let row = self.get(&key)?.ok_or_else(|| ReadError::Damaged {
                hash: self.tree.root.unwrap_or(crate::Hash::from_bytes([0; 32])),
                reason: "a row that was found is not there".to_owned(),
            })?;
            if place + 1 == count && is_full {
                let values = top.sorts.iter().map(|(position, _)| row[*position].clone()).collect();
                next = Some(Place { values, key: key.clone() });
            }
            let cells = positions.iter().map(|position| row[*position].clone()).collect();
            rows[place] = Some((key, cells));
        }
        Ok(Page { rows: rows.into_iter().flatten().collect(), next })
    }
}

/// A [`Place`] to go on behind.
struct Behind {
    order: Vec<u8>,
    first: Option<Value>,
}

impl Behind {
    /// The rows whose first value is not before the place's.
    fn candidates(&self, direction: Direction, column: &super::evaluate::Column<'_>, rows: usize) -> Bits {
        match &self.first {
            None => Bits::all(rows),
            Some(Value::Null) => Test::Null.evaluate(column, rows),
            Some(value) => {
                let reverse = match direction {
                    Direction::Ascending => Direction::Descending,
                    Direction::Descending => Direction::Ascending,
                };
                let not_before = up_to(Bound::Included(value.clone()), reverse);
                not_before.evaluate(column, rows).or(&Test::Null.evaluate(column, rows))
            }
        }
    }
}

impl Top {
    fn behind(&self, place: &Place) -> Result<Behind, ScanError> {
        if place.values.len() != self.sorts.len() {
            return Err(ScanError::Place { found: place.values.len(), expected: self.sorts.len() });
        }
        let mut order = Vec::new();
        for (value, (_, direction)) in place.values.iter().zip(&self.sorts) {
            encode(value, *direction, &mut order);
        }
        order.extend(place.key.as_bytes());
        Ok(Behind { order, first: place.values.first().cloned() })
    }
}
