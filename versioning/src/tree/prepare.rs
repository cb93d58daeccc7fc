//! Making the new leaves of many edits ahead of the editor, on all processors.
//!
//! Most of what an edit of scattered rows costs is the same for each leaf and needs nothing of the others: decoding it,
//! putting its columns together anew, hashing them. Only where keys come or go does a leaf depend on its neighbours.

use std::num::NonZero;

use super::{
    Content, Node, Tree,
    edit::{Edit, NewLeaf},
};
use crate::{Hash, Key, ObjectSource, ReadError, Row, Schema};

/// Below this many leaves a second thread costs more than it brings.
const ALONE: usize = 8;

/// Edits of rows of one leaf, next to each other.
struct Group {
    /// The leaf's last key and name; none behind all rows.
    leaf: Option<(Key, Hash)>,
    rows: Vec<(Key, Option<Row>)>,
}

/// Some edits of many, with those of leaves whose keys stay put together to the new leaf; but for the first and the last
/// leaf, which edits before and after these may belong to. A leaf that can't be read says so when it is needed.
pub(crate) fn prepare(
    tree: &Tree,
    source: &dyn ObjectSource,
    schema: &Schema,
    edits: Vec<(Key, Option<Row>)>,
) -> Result<Vec<Edit>, ReadError> {
    let mut edits = edits.into_iter().peekable();
    let mut groups: Vec<Group> = Vec::new();
    if let Some(root) = tree.root {
        below(source, &Node::read(source, root)?, &mut edits, &mut groups)?;
    }
    groups.push(Group { leaf: None, rows: edits.collect() });
    let first = groups.len().min(1);
    let last = groups.iter().rposition(|group| !group.rows.is_empty()).unwrap_or(0).max(first);
    let mut leaves = new_leaves(source, schema, &groups[first..last]).into_iter();
    let mut prepared = Vec::new();
    for (index, group) in groups.into_iter().enumerate() {
        let leaf = if (first..last).contains(&index) { leaves.next().flatten() } else { None };
        match leaf {
            Some((last, leaf)) => prepared.push(Edit::Leaf(last, leaf)),
            None => prepared.extend(group.rows.into_iter().map(|(key, row)| Edit::Row(key, row))),
        }
    }
    Ok(prepared)
}

/// The new leaves of groups; none where rows come or go.
fn new_leaves(source: &dyn ObjectSource, schema: &Schema, groups: &[Group]) -> Vec<Option<(Key, NewLeaf)>> {
    let make = |groups: &[Group]| -> Vec<Option<(Key, NewLeaf)>> {
        groups.iter().map(|group| new_leaf(source, schema, group)).collect()
    };
    // Asking the system for its processors takes longer than a few leaves do.
    if groups.len() <= ALONE {
        return make(groups);
    }
    // Bare WebAssembly has one processor.
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = groups.len().div_ceil(processors).max(ALONE);
    let mut parts = groups.chunks(share);
    let Some(first) = parts.next() else { return Vec::new() };
    std::thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| (part.len(), scope.spawn(move || make(part)))).collect();
        let mut leaves = make(first);
        for (count, thread) in others {
            // What a thread did not make, the editor makes of the rows.
            leaves.extend(thread.join().unwrap_or_else(|_| (0..count).map(|_| None).collect()));
        }
        leaves
    })
}

fn new_leaf(source: &dyn ObjectSource, schema: &Schema, group: &Group) -> Option<(Key, NewLeaf)> {
    let (last, hash) = group.leaf.as_ref()?;
    let node = Node::read(source, *hash).ok()?;
    let Content::Leaf(leaf) = node.content() else { return None };
    let mut rows = Vec::with_capacity(group.rows.len());
    for (key, row) in &group.rows {
        rows.push((leaf.find(key).ok()?, row.as_ref()?));
    }
    let new = leaf.with_rows(schema, &rows);
    let hash = Hash::of(new.bytes());
    Some((last.clone(), NewLeaf::Hashed(Box::new(new), hash)))
}

/// Groups the next edits by the leaves below a node.
fn below(
    source: &dyn ObjectSource,
    node: &Node,
    edits: &mut std::iter::Peekable<impl Iterator<Item = (Key, Option<Row>)>>,
    groups: &mut Vec<Group>,
) -> Result<(), ReadError> {
    let Content::Inner(inner) = node.content() else { return Ok(()) };
    let children = inner.children();
    while let Some((key, _)) = edits.peek() {
        let index = children.partition_point(|child| child.last < *key);
        let Some(child) = children.get(index) else { return Ok(()) };
        if inner.level() > 1 {
            below(source, &node.child(source, index)?, edits, groups)?;
            // Keys in a gap behind what the child really ends with can't be grouped: it is damaged.
            if edits.peek().is_some_and(|(key, _)| *key <= child.last) {
                return Err(ReadError::Damaged { hash: child.hash, reason: "it ends before its parent says".into() });
            }
            continue;
        }
        let mut rows = Vec::new();
        while let Some(edit) = edits.next_if(|(key, _)| *key <= child.last) {
            rows.push(edit);
        }
        groups.push(Group { leaf: Some((child.last.clone(), child.hash)), rows });
    }
    Ok(())
}
