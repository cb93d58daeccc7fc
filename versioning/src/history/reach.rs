//! What can be reached, for reclaiming the space of what can't.
//!
//! # Deleting while others write
//!
//! The pool of chunks is shared and deduplicated, and writers never stop. Marking what commits reach is the easy half.
//! These can go wrong between the mark and the deletion, and whoever owns the store has to rule them out:
//!
//! 1. A writer has put chunks that no ref reaches yet.
//! 2. A writer puts a chunk that is already there, unreachable: nothing is written, and the chunk is deleted after.
//! 3. A writer builds a tree out of subtrees of a base that becomes unreachable meanwhile (its branch was deleted). It
//!    never puts those subtrees: an edit names the unchanged ones by their hashes only.
//! 4. A ref is set to an old commit that nothing reached when the mark began.
//!
//! The store is opened by one process, which makes it simple: writers hold leases in that process's memory, what they put
//! and name during a run is noted, a run waits for the leases that were older, and what is noted is not deleted. The
//! protocol stands in `storage/src/reclaim.rs`, with the proof that it is enough. A store that several processes write to
//! would need leases and notes in the database instead: an expiring record for each lease, checked by the transaction
//! that moves the ref, and on each chunk the time of its last put, renewed by every put, checked by the transaction that
//! deletes it.
//!
//! A mark that meets a chunk that is missing or damaged deletes nothing: see [`Reachable::step`]. What marking knows is
//! lost in a crash and may be: it is begun again.

use std::collections::HashSet;

use crate::{Hash, Object, ObjectSource, ReadError};

/// How many objects a store is asked for at once.
const BATCH: usize = 64;

/// Marks what commits reach: themselves, their ancestors, roots, schemas and nodes.
///
/// Subtrees seen before are not entered again, so the cost follows the number of chunks and not that of commits times
/// tables. Leaves and schemas refer to no chunk and are marked without being read (but for trees of a single leaf).
/// Memory is a 32-byte hash for each chunk (some 50 bytes with the set's overhead), and the children that wait.
#[derive(Clone, Debug, Default)]
pub struct Reachable {
    marked: HashSet<Hash>,
    /// Marked and not read yet.
    waiting: Vec<Hash>,
    with_leaves: bool,
}

/// The mark is not finished: what is not marked may still be reachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is reachable is not known yet: {waiting} chunks have not been read")]
pub struct Unfinished {
    /// Chunks that have not been read.
    pub waiting: usize,
}

impl Reachable {
    /// A mark that begins at these commits.
    #[must_use]
    pub fn new(commits: impl IntoIterator<Item = Hash>) -> Self {
        let mut reachable = Self::default();
        reachable.add(commits);
        reachable
    }

    /// Reads leaves too and gives them to the visitor: for finding what cells refer to outside of the pool of chunks.
    /// Then every node is read.
    #[must_use]
    pub fn with_leaves(mut self) -> Self {
        self.with_leaves = true;
        self
    }

    /// More commits to begin at.
    pub fn add(&mut self, commits: impl IntoIterator<Item = Hash>) {
        for commit in commits {
            if self.marked.insert(commit) {
                self.waiting.push(commit);
            }
        }
    }

    /// Reads up to about `budget` objects and marks what they refer to; true when all is marked. `visit` sees each
    /// object that is read, once.
    ///
    /// # Errors
    /// An object can't be read. It stays to be read: a later step tries it again, and until then the mark does not end.
    pub fn step(
        &mut self,
        source: &dyn ObjectSource,
        budget: usize,
        mut visit: impl FnMut(Hash, &Object),
    ) -> Result<bool, ReadError> {
        let mut left = budget;
        while left > 0 && !self.waiting.is_empty() {
            let batch = self.waiting.split_off(self.waiting.len().saturating_sub(left.min(BATCH)));
            left -= batch.len();
            source.prefetch(&batch);
            for (index, hash) in batch.iter().enumerate() {
                match source.object(*hash) {
                    Ok(object) => {
                        visit(*hash, &object);
                        self.mark_children(&object);
                    }
                    Err(error) => {
                        self.waiting.extend(&batch[index..]);
                        return Err(error);
                    }
                }
            }
        }
        Ok(self.is_complete())
    }

    fn mark_children(&mut self, object: &Object) {
        let mut mark = |hash: Hash, has_children: bool| {
            if self.marked.insert(hash) && has_children {
                self.waiting.push(hash);
            }
        };
        match object {
            Object::Leaf(_) | Object::Schema(_) => {}
            Object::Inner(inner) => {
                let has_children = inner.level() > 1 || self.with_leaves;
                inner.children().iter().for_each(|child| mark(child.hash, has_children));
            }
            Object::Root(root) => {
                for entry in root.tables.values() {
                    mark(entry.schema, false);
                    // A tree of one leaf can't be told from a larger one.
                    entry.tree.root.into_iter().for_each(|node| mark(node, true));
                }
            }
            Object::Commit(commit) => {
                commit.parents.iter().for_each(|parent| mark(*parent, true));
                // Last, so that it is read first: what waits is then one line of commits and one path of nodes.
                mark(commit.root, true);
            }
        }
    }

    /// Whether all that is reachable is marked.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a chunk is marked.
    #[must_use]
    pub fn contains(&self, chunk: Hash) -> bool {
        self.marked.contains(&chunk)
    }

    /// The number of chunks marked so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marked.len()
    }

    /// Whether nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marked.is_empty()
    }

    /// All chunks marked so far, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Hash> {
        self.marked.iter().copied()
    }

    /// Those of some chunks that can't be reached.
    ///
    /// # Errors
    /// The mark is not finished.
    pub fn unreachable_among<C: IntoIterator<Item = Hash>>(
        &self,
        chunks: C,
    ) -> Result<impl Iterator<Item = Hash> + use<'_, C>, Unfinished> {
        if !self.is_complete() {
            return Err(Unfinished { waiting: self.waiting.len() });
        }
        Ok(chunks.into_iter().filter(|chunk| !self.contains(*chunk)))
    }
}
