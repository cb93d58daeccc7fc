//! Building a tree from rows that come in the order of their keys.

use super::{Child, Inner, Leaf, Tree, chunker::Chunker};
use crate::{ChunkSink, Hash, Key, Row, Schema, WriteError};

/// Why a tree could not be built.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BuildError {
    /// A key is not larger than the one before it.
    #[error("the keys are not strictly increasing")]
    Order {
        /// The key that came too late or twice.
        key: Key,
    },
    /// A chunk could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Builds a tree in one pass; memory does not grow with the number of rows.
pub struct TreeBuilder<'a> {
    schema: &'a Schema,
    sink: &'a mut dyn ChunkSink,
    rows: Chunker<(Key, Row)>,
    /// The bytes of the last key; empty before the first.
    last: Vec<u8>,
    leaves: u64,
    only: Option<Child>,
    upper: Levels,
}

impl<'a> TreeBuilder<'a> {
    /// A builder for rows of this schema.
    pub fn new(schema: &'a Schema, sink: &'a mut dyn ChunkSink) -> Self {
        Self { schema, sink, rows: Chunker::new(0), last: Vec::new(), leaves: 0, only: None, upper: Levels::new(1) }
    }

    /// Takes the next row, whose key is larger than all before.
    ///
    /// # Errors
    /// The key is not larger, or a chunk could not be written.
    pub fn push(&mut self, key: Key, row: Row) -> Result<(), BuildError> {
        if self.last.as_slice() >= key.as_bytes() {
            return Err(BuildError::Order { key });
        }
        self.last.clear();
        self.last.extend(key.as_bytes());
        if let Some(entries) = self.rows.push((key, row)) {
            self.leaf(&entries)?;
        }
        Ok(())
    }

    fn leaf(&mut self, entries: &[(Key, Row)]) -> Result<(), WriteError> {
        let child = write_leaf(self.schema, entries, None, self.sink)?;
        self.leaves += 1;
        self.only = (self.leaves == 1).then(|| child.clone());
        self.upper.push(child, self.sink)
    }

    /// Writes what is left and returns the tree.
    ///
    /// # Errors
    /// A chunk could not be written.
    pub fn finish(mut self) -> Result<Tree, BuildError> {
        let rest = self.rows.finish();
        if !rest.is_empty() {
            self.leaf(&rest)?;
        }
        if self.leaves == 0 {
            return Ok(Tree::default());
        }
        if let Some(only) = self.only {
            return Ok(Tree { root: Some(only.hash), rows: only.rows });
        }
        Ok(self.upper.finish(self.sink)?)
    }
}

/// The levels above the entries that are pushed.
pub(crate) struct Levels {
    lowest: u8,
    levels: Vec<(Chunker<Child>, u64)>,
}

impl Levels {
    pub(crate) fn new(lowest: u8) -> Self {
        Self { lowest, levels: Vec::new() }
    }

    pub(crate) fn push(&mut self, child: Child, sink: &mut dyn ChunkSink) -> Result<(), WriteError> {
        self.push_at(0, child, sink)
    }

    fn level(&self, index: usize) -> u8 {
        self.lowest + u8::try_from(index).expect("each level has at least 32 times less nodes than the one below")
    }

    fn push_at(&mut self, index: usize, child: Child, sink: &mut dyn ChunkSink) -> Result<(), WriteError> {
        let level = self.level(index);
        if index == self.levels.len() {
            self.levels.push((Chunker::new(level), 0));
        }
        let (chunker, nodes) = &mut self.levels[index];
        let Some(children) = chunker.push(child) else { return Ok(()) };
        *nodes += 1;
        let node = write_inner(level, children, None, sink)?;
        self.push_at(index + 1, node, sink)
    }

    /// The tree over all that was pushed: at least two nodes.
    pub(crate) fn finish(mut self, sink: &mut dyn ChunkSink) -> Result<Tree, WriteError> {
        let mut index = 0;
        loop {
            let level = self.level(index);
            let (chunker, nodes) = &mut self.levels[index];
            let rest = chunker.finish();
            // The highest level is the one that is left with a single node.
            let is_top = *nodes == 0;
            if !rest.is_empty() {
                let node = write_inner(level, rest, None, sink)?;
                if is_top {
                    return Ok(Tree { root: Some(node.hash), rows: node.rows });
                }
                self.push_at(index + 1, node, sink)?;
            }
            index += 1;
        }
    }
}

/// Writes a leaf; `near` is the node whose place it takes.
pub(crate) fn write_leaf(
    schema: &Schema,
    entries: &[(Key, Row)],
    near: Option<Hash>,
    sink: &mut dyn ChunkSink,
) -> Result<Child, WriteError> {
    let last = entries.last().expect("a node has at least one entry").0.clone();
    let hash = put(Leaf::build(schema, entries).into_bytes(), near, sink)?;
    Ok(Child { last, hash, rows: entries.len() as u64 })
}

/// Writes an inner node; `near` is the node whose place it takes.
pub(crate) fn write_inner(
    level: u8,
    children: Vec<Child>,
    near: Option<Hash>,
    sink: &mut dyn ChunkSink,
) -> Result<Child, WriteError> {
    let last = children.last().expect("a node has at least one entry").last.clone();
    let rows = children.iter().map(|child| child.rows).sum();
    let hash = put(Inner::new(level, children).encode(), near, sink)?;
    Ok(Child { last, hash, rows })
}

/// Hands on a node's bytes.
pub(crate) fn put(bytes: Vec<u8>, near: Option<Hash>, sink: &mut dyn ChunkSink) -> Result<Hash, WriteError> {
    let hash = Hash::of(&bytes);
    match near {
        Some(near) => sink.put_near(hash, bytes, near)?,
        None => sink.put(hash, bytes)?,
    }
    Ok(hash)
}
