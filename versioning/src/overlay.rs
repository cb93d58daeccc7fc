//! Overlays: a draft's changed rows laid over a tree when it is read.

mod patches;

use std::collections::BTreeMap;

pub use self::patches::Patches;
use self::patches::{Effect, Entry};
use crate::{Key, ObjectSource, ReadError, Row, Schema, Tree};

/// What a draft makes of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The row under the draft; none when the draft adds it.
    pub before: Option<Row>,
    /// The row in the draft; none when the draft takes it out.
    pub after: Option<Row>,
}

/// The changed rows of one table, with their places among the rows of the tree under them. A value that never changes:
/// a clone costs nothing, and an overlay with some rows changed shares the others with the one before.
#[derive(Clone, Debug)]
pub struct Overlay {
    tree: Tree,
    patches: Patches,
}

impl Overlay {
    /// The rows of the tree as they are.
    #[must_use]
    pub fn empty(tree: Tree) -> Self {
        Self { tree, patches: Patches::default() }
    }

    /// Lays patches over a tree. Costs a path for each row added or removed.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn new(source: &dyn ObjectSource, tree: Tree, patches: BTreeMap<Key, Patch>) -> Result<Self, ReadError> {
        Self::empty(tree).apply(source, patches.into_iter().map(|(key, patch)| (key, Some(patch))))
    }

    /// The overlay with other patches for these rows; none leaves a row as the tree has it. The last counts where a key
    /// comes twice. Costs a path for each row that is newly added or removed, and about the square root of all patches
    /// for each change.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn apply(
        &self,
        source: &dyn ObjectSource,
        changes: impl IntoIterator<Item = (Key, Option<Patch>)>,
    ) -> Result<Self, ReadError> {
        let changes: BTreeMap<Key, Option<Patch>> = changes.into_iter().collect();
        let entry = |(key, patch): (Key, Option<Patch>)| {
            let entry = match patch {
                Some(patch) => Some(Entry { effect: self.effect(source, &key, &patch)?, key: key.clone(), patch }),
                None => None,
            };
            Ok((key, entry))
        };
        let changes = changes.into_iter().map(entry).collect::<Result<_, ReadError>>()?;
        Ok(Self { tree: self.tree, patches: self.patches.with(changes) })
    }

    /// What a patch does to the places of the rows behind it.
    fn effect(&self, source: &dyn ObjectSource, key: &Key, patch: &Patch) -> Result<Effect, ReadError> {
        let adds = patch.after.is_some();
        if patch.before.is_some() && adds {
            return Ok(Effect::Stays);
        }
        let (rank, in_tree) = match self.patches.entry(key).map(|entry| entry.effect) {
            Some(Effect::Added { rank }) => (rank, false),
            Some(Effect::Removed { rank }) => (rank, true),
            Some(Effect::Stays) | None => self.tree.rank(source, key)?,
        };
        Ok(match (adds, in_tree) {
            (true, false) => Effect::Added { rank },
            (false, true) => Effect::Removed { rank },
            _ => Effect::Stays,
        })
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.rows.saturating_add_signed(self.patches.shift())
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The changed rows.
    #[must_use]
    pub fn patches(&self) -> &Patches {
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
        Ok(rank.saturating_add_signed(self.patches.shift_before(key)))
    }

    /// Up to `limit` rows from position `offset` on, in the order of their keys. Costs one path, the leaves shown and
    /// the patches among them.
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
        let (start, shift) = self.patches.seek_place(offset);
        let mut patches = self.patches.entries_from(start).peekable();
        let mut position = offset.saturating_add_signed(-shift);
        let mut is_first = true;
        while found.len() < limit {
            // Rows that are removed in a run, however long, are not read.
            while patches.next_if(|patch| patch.effect == Effect::Removed { rank: position }).is_some() {
                position += 1;
            }
            let base = self.tree.rows(source, schema, position, limit)?;
            position += base.len() as u64;
            let Some((key, _)) = base.first() else { break };
            if std::mem::take(&mut is_first) {
                // So far, patches begin with the first added or removed row; those changed in place may come before it.
                let key = patches.peek().map_or(key, |patch| key.min(&patch.key));
                patches = self.patches.entries_from(self.patches.seek_key(key)).peekable();
            }
            for (key, row) in base {
                while found.len() < limit
                    && let Some(patch) = patches.next_if(|patch| patch.key < key)
                {
                    found.extend(patch.added());
                }
                if found.len() >= limit {
                    break;
                }
                match patches.next_if(|patch| patch.key == key) {
                    None => found.push((key, row)),
                    Some(patch) => found.extend(patch.patch.after.clone().map(|after| (key, after))),
                }
            }
        }
        let room = limit - found.len();
        found.extend(patches.filter_map(Entry::added).take(room));
        Ok(found)
    }
}
