//! Overlays: a draft's changed rows laid over a tree when it is read.

use std::collections::BTreeMap;

use crate::{Key, ObjectSource, ReadError, Row, Schema, Tree};

/// What a draft makes of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The row under the draft; none when the draft adds it.
    pub before: Option<Row>,
    /// The row in the draft; none when the draft takes it out.
    pub after: Option<Row>,
}

/// The changed rows of one table, with their places among the rows of the tree under them.
#[derive(Clone, Debug)]
pub struct Overlay {
    tree: Tree,
    patches: BTreeMap<Key, Patch>,
    /// Rows added and removed, in order.
    moves: Vec<Move>,
}

#[derive(Clone, Debug)]
struct Move {
    key: Key,
    /// Rows of the tree with a smaller key.
    rank: u64,
    /// Added less removed rows before this one.
    shift: i64,
    adds: bool,
}

impl Move {
    /// The place among the overlay's rows: where the added row stands or the removed one would.
    fn place(&self) -> u64 {
        self.rank.saturating_add_signed(self.shift)
    }
}

impl Overlay {
    /// Lays patches over a tree. Costs a path for each row added or removed.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn new(source: &dyn ObjectSource, tree: Tree, patches: BTreeMap<Key, Patch>) -> Result<Self, ReadError> {
        let mut moves = Vec::new();
        let mut shift = 0;
        for (key, patch) in &patches {
            let adds = patch.after.is_some();
            let (rank, in_tree) = if patch.before.is_some() && adds { continue } else { tree.rank(source, key)? };
            if adds == in_tree {
                continue;
            }
            moves.push(Move { key: key.clone(), rank, shift, adds });
            shift += if adds { 1 } else { -1 };
        }
        Ok(Self { tree, patches, moves })
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        let shift = self.moves.last().map_or(0, |last| last.shift + if last.adds { 1 } else { -1 });
        self.tree.rows.saturating_add_signed(shift)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The changed rows.
    #[must_use]
    pub fn patches(&self) -> &BTreeMap<Key, Patch> {
        &self.patches
    }

    /// The row with this key.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn get(&self, source: &dyn ObjectSource, schema: &Schema, key: &Key) -> Result<Option<Row>, ReadError> {
        match self.patches.get(key) {
            Some(patch) => Ok(patch.after.clone()),
            None => self.tree.get(source, schema, key),
        }
    }

    /// The place of a row among the overlay's rows, or where a row with this key would stand.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn rank(&self, source: &dyn ObjectSource, key: &Key) -> Result<u64, ReadError> {
        let (rank, _) = self.tree.rank(source, key)?;
        let before = self.moves.partition_point(|place| place.key < *key);
        Ok(rank.saturating_add_signed(self.shift_at(before)))
    }

    fn shift_at(&self, index: usize) -> i64 {
        match index.checked_sub(1).map(|last| &self.moves[last]) {
            Some(last) => last.shift + if last.adds { 1 } else { -1 },
            None => 0,
        }
    }

    /// Up to `limit` rows from position `offset` on, in the order of their keys.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn rows(
        &self,
        source: &dyn ObjectSource,
        schema: &Schema,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, ReadError> {
        let mut found = Vec::with_capacity(limit.min(1_024));
        let first = self.moves.partition_point(|place| place.place() < offset);
        let mut position = offset.saturating_add_signed(-self.shift_at(first));
        let mut added = self.moves[first..].iter().filter(|place| place.adds).map(|place| &place.key).peekable();
        while found.len() < limit {
            let base = self.tree.rows(source, schema, position, limit)?;
            position += base.len() as u64;
            if base.is_empty() {
                break;
            }
            for (key, row) in base {
                while let Some(new) = added.next_if(|new| **new < key) {
                    found.extend(self.added(new));
                }
                match self.patches.get(&key) {
                    None => found.push((key, row)),
                    Some(Patch { after: Some(after), .. }) => found.push((key, after.clone())),
                    Some(Patch { after: None, .. }) => {}
                }
                if found.len() >= limit {
                    break;
                }
            }
        }
        for new in added {
            if found.len() >= limit {
                break;
            }
            found.extend(self.added(new));
        }
        found.truncate(limit);
        Ok(found)
    }

    fn added(&self, key: &Key) -> Option<(Key, Row)> {
        let row = self.patches.get(key)?.after.clone()?;
        Some((key.clone(), row))
    }
}
