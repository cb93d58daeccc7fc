//! Trees: the rows of a table as a content-defined search tree over the primary key.
//!
//! A tree is a prolly tree (Boytsov and others, Noms, 2016) with two choices of our own. Where a node ends is decided
//! by the keys alone, so a changed value moves no boundary and equal rows have equal hashes however they came about
//! (rule T1). And a node ends at the key with the smallest hash within a window from `MIN` to `2 × MIN - 1` entries, so
//! the largest node is less than twice the smallest whatever the keys, adversarial ones too (rule T4), while a boundary
//! that moved meets the old ones again after a few nodes (rule T5).
//!
//! Leaves know columns by their stable ids, and a leaf in which all cells of a column are the column's
//! [`fill`](crate::Column::fill) does not have the column. So renaming, reordering and adding a column, with whatever
//! fill, changes no leaf (rule T6), and reading old leaves under the new schema is right. Dropping a column takes its
//! cells out of the leaves that have it: they are stored values, and if some leaves kept them until they happen to be
//! edited, equal rows would have unequal trees (rule T1). Giving a column another type rewrites those leaves, and
//! another primary key all; see [`crate::evolve`].

pub(crate) mod ahead;
mod build;
pub(crate) mod bytes;
mod chunker;
pub(crate) mod column;
mod compare;
pub(crate) mod edit;
mod inner;
mod leaf;
pub(crate) mod map;
mod prepare;
pub(crate) mod rows;
pub(crate) mod vector;
pub(crate) mod walk;
pub(crate) mod walk3;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(feature = "codec")]
pub(crate) use self::leaf::seams;
pub(crate) use self::leaf::{Comparison, Part};
pub use self::{
    build::{BuildError, TreeBuilder},
    edit::EditError,
    inner::{Child, Inner},
    leaf::Leaf,
};
use crate::{ChunkSink, Hash, Key, Object, ObjectSource, ReadError, Row, Schema};

/// The rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tree {
    /// The root node; none when there are no rows.
    pub root: Option<Hash>,
    /// The number of rows.
    pub rows: u64,
}

/// A node of a tree, as read.
#[derive(Clone, Debug)]
pub(crate) struct Node(Arc<Object>);

/// What a node holds.
pub(crate) enum Content<'n> {
    Leaf(&'n Leaf),
    Inner(&'n Inner),
}

impl Node {
    pub(crate) fn read(source: &dyn ObjectSource, hash: Hash) -> Result<Self, ReadError> {
        let object = source.object(hash)?;
        match &*object {
            Object::Leaf(_) | Object::Inner(_) => Ok(Self(object)),
            _ => Err(ReadError::Kind { hash, expected: "node of a tree" }),
        }
    }

    pub(crate) fn of_leaf(leaf: Leaf) -> Self {
        Self(Arc::new(Object::Leaf(leaf)))
    }

    pub(crate) fn content(&self) -> Content<'_> {
        match &*self.0 {
            Object::Leaf(leaf) => Content::Leaf(leaf),
            Object::Inner(inner) => Content::Inner(inner),
            _ => unreachable!("a node is checked when it is read"),
        }
    }

    pub(crate) fn level(&self) -> u8 {
        match self.content() {
            Content::Leaf(_) => 0,
            Content::Inner(inner) => inner.level(),
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        match self.content() {
            Content::Leaf(leaf) => leaf.len() as u64,
            Content::Inner(inner) => inner.children().iter().map(|child| child.rows).sum(),
        }
    }

    pub(crate) fn last_key(&self) -> Key {
        match self.content() {
            Content::Leaf(leaf) => Key::from_bytes(leaf.key(leaf.len() - 1)),
            Content::Inner(inner) => inner.children()[inner.children().len() - 1].last.clone(),
        }
    }

    /// The last key of a child of an inner node.
    fn child_key(&self, index: usize) -> Key {
        let Content::Inner(inner) = self.content() else { unreachable!("only inner nodes have children") };
        inner.children()[index].last.clone()
    }

    /// A child of an inner node, checked to be one level below it: a damaged tree can't make a reader run in circles.
    pub(crate) fn child(&self, source: &dyn ObjectSource, index: usize) -> Result<Self, ReadError> {
        let Content::Inner(inner) = self.content() else { unreachable!("only inner nodes have children") };
        let hash = inner.children()[index].hash;
        let child = Self::read(source, hash)?;
        if child.level() == inner.level() - 1 && child.rows() == inner.children()[index].rows {
            Ok(child)
        } else {
            Err(ReadError::Damaged {
                hash,
                reason: "it has another level or number of rows than its parent says".into(),
            })
        }
    }
}

impl Tree {
    /// The row with this key.
    ///
    /// # Errors
    /// A node on the path can't be read.
    pub fn get(&self, source: &dyn ObjectSource, schema: &Schema, key: &Key) -> Result<Option<Row>, ReadError> {
        Ok(self.locate(source, key)?.and_then(|place| {
            let Content::Leaf(leaf) = place.leaf.content() else { return None };
            place.found.then(|| leaf.row(schema, place.index))
        }))
    }

    /// How many rows have a smaller key, and whether there is a row with this one.
    ///
    /// # Errors
    /// A node on the path can't be read.
    pub fn rank(&self, source: &dyn ObjectSource, key: &Key) -> Result<(u64, bool), ReadError> {
        Ok(self.locate(source, key)?.map_or((0, false), |place| (place.before + place.index as u64, place.found)))
    }

    /// Where the row with this key is.
    pub(crate) fn place(&self, source: &dyn ObjectSource, key: &Key) -> Result<Option<walk3::Place>, ReadError> {
        let place = self.locate(source, key)?.filter(|place| place.found);
        Ok(place.map(|place| walk3::Place { node: place.leaf, index: place.index }))
    }

    /// The leaf that has the row with this key, if there is such a row.
    pub(crate) fn leaf_for(&self, source: &dyn ObjectSource, key: &Key) -> Result<Option<Node>, ReadError> {
        Ok(self.locate(source, key)?.map(|place| place.leaf))
    }

    /// The node of this tree that stands where a node of another tree does: at the same height, where its last key belongs.
    ///
    /// # Errors
    /// A node above it can't be read.
    pub fn counterpart(&self, source: &dyn ObjectSource, node: &Object) -> Result<Option<Hash>, ReadError> {
        let (level, last) = match node {
            Object::Leaf(leaf) => (0, Key::from_bytes(leaf.key(leaf.len() - 1))),
            Object::Inner(inner) => (inner.level(), inner.children()[inner.children().len() - 1].last.clone()),
            _ => return Ok(None),
        };
        let Some(mut hash) = self.root else { return Ok(None) };
        let mut above = Node::read(source, hash)?;
        while above.level() > level {
            let Content::Inner(inner) = above.content() else { break };
            let index = inner.find(&last);
            hash = inner.children()[index].hash;
            // A leaf need not be read to be named.
            if inner.level() == 1 {
                return Ok(Some(hash));
            }
            above = above.child(source, index)?;
        }
        Ok((above.level() == level).then_some(hash))
    }

    fn locate(&self, source: &dyn ObjectSource, key: &Key) -> Result<Option<Place>, ReadError> {
        let Some(root) = self.root else { return Ok(None) };
        let mut node = Node::read(source, root)?;
        let mut before = 0;
        loop {
            let child = match node.content() {
                Content::Leaf(leaf) => {
                    let (index, found) = match leaf.find(key) {
                        Ok(index) => (index, true),
                        Err(index) => (index, false),
                    };
                    return Ok(Some(Place { leaf: node, before, index, found }));
                }
                Content::Inner(inner) => {
                    let index = inner.find(key);
                    before += inner.children()[..index].iter().map(|child| child.rows).sum::<u64>();
                    index
                }
            };
            node = node.child(source, child)?;
        }
    }

    /// Up to `limit` rows from position `offset` on, in the order of their keys. Costs one path and the leaves shown.
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
        if limit == 0 || offset >= self.rows {
            return Ok(found);
        }
        if let Some(root) = self.root {
            let end = offset.saturating_add(limit as u64);
            collect(source, schema, &Node::read(source, root)?, offset..end, &mut found)?;
        }
        Ok(found)
    }

    /// Replaces, adds (`Some`) and removes (`None`) rows; the keys are strictly increasing. New chunks go to `sink`. The
    /// result is the tree that a fresh build of the same rows makes; the cost follows the number of edits.
    ///
    /// # Errors
    /// A node can't be read or written, or the keys are out of order.
    pub fn edit(
        &self,
        source: &dyn ObjectSource,
        sink: &mut dyn ChunkSink,
        schema: &Schema,
        edits: Vec<(Key, Option<Row>)>,
    ) -> Result<Self, EditError> {
        let mut edits = edits.into_iter().map(|(key, row)| Ok(edit::Edit::Row(key, row)));
        edit::edit(self, source, sink, schema, &mut edits)
    }
}

struct Place {
    leaf: Node,
    before: u64,
    index: usize,
    found: bool,
}

/// Collects the rows at these positions below a node.
fn collect(
    source: &dyn ObjectSource,
    schema: &Schema,
    node: &Node,
    positions: std::ops::Range<u64>,
    found: &mut Vec<(Key, Row)>,
) -> Result<(), ReadError> {
    match node.content() {
        Content::Leaf(leaf) => {
            let clamp = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(leaf.len());
            found.extend(leaf.rows(schema, clamp(positions.start)..clamp(positions.end)));
        }
        Content::Inner(inner) => {
            let mut start = 0;
            let mut wanted = Vec::new();
            for (index, child) in inner.children().iter().enumerate() {
                let end = start + child.rows;
                if end > positions.start && start < positions.end {
                    wanted.push((index, start));
                }
                start = end;
            }
            if wanted.len() > 1 {
                let hashes: Vec<Hash> = wanted.iter().map(|(index, _)| inner.children()[*index].hash).collect();
                source.prefetch(&hashes);
            }
            for (index, start) in wanted {
                let below = positions.start.saturating_sub(start)..positions.end - start;
                collect(source, schema, &node.child(source, index)?, below, found)?;
            }
        }
    }
    Ok(())
}
