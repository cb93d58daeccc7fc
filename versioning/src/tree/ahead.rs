//! Reading ahead: many leaves that will be needed soon are asked for at once, so that a store need not fetch them one by
//! one.

use std::collections::BTreeMap;

use super::{Content, Node, Tree, walk::Walk};
use crate::{Hash, Key, ObjectSource, ReadError};

/// How many leaves of one parent are looked at ahead of a walk.
pub(crate) const LEAVES: usize = 64;
/// How many keys are looked at ahead of an edit.
pub(crate) const KEYS: usize = 256;
/// Fewer leaves than this are left to be read when they are needed.
const FEW: usize = 4;

/// Asks for the leaves that walks in step will open. `opens` tells whether they will, from the hashes of leaves that end
/// with the same key, none where a walk has no such leaf.
pub(crate) fn before_opening<const N: usize>(
    source: &dyn ObjectSource,
    walks: [&mut Walk<'_>; N],
    opens: impl Fn([Option<Hash>; N]) -> bool,
) {
    if !walks.iter().any(|walk| walk.is_at_unread_leaf()) {
        return;
    }
    let mut leaves: BTreeMap<&Key, [Option<Hash>; N]> = BTreeMap::new();
    for (index, walk) in walks.iter().enumerate() {
        for child in walk.leaves_ahead() {
            leaves.entry(&child.last).or_insert([None; N])[index] = Some(child.hash);
        }
    }
    let wanted: Vec<Hash> = leaves.into_values().filter(|hashes| opens(*hashes)).flatten().flatten().collect();
    walks.into_iter().for_each(Walk::has_read_ahead);
    ask(source, &wanted);
}

fn ask(source: &dyn ObjectSource, hashes: &[Hash]) {
    if hashes.len() >= FEW {
        source.prefetch(hashes);
    }
}

impl Tree {
    /// A hint that the rows with these keys, in increasing order, will be read or changed soon: reads the nodes above
    /// them and asks for their leaves, all at once.
    ///
    /// # Errors
    /// A node above a leaf can't be read.
    pub fn prefetch<'k>(
        &self,
        source: &dyn ObjectSource,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> Result<(), ReadError> {
        let Some(root) = self.root else { return Ok(()) };
        let mut keys = keys.into_iter().peekable();
        let mut leaves = Vec::new();
        below(source, &Node::read(source, root)?, &mut keys, &mut leaves)?;
        ask(source, &leaves);
        Ok(())
    }
}

/// The leaves below a node in which the next keys belong; takes those keys.
fn below<'k>(
    source: &dyn ObjectSource,
    node: &Node,
    keys: &mut std::iter::Peekable<impl Iterator<Item = &'k Key>>,
    leaves: &mut Vec<Hash>,
) -> Result<(), ReadError> {
    let Content::Inner(inner) = node.content() else { return Ok(()) };
    let children = inner.children();
    while let Some(key) = keys.peek() {
        // Keys behind all rows belong to the last leaf, but another subtree may follow.
        let index = children.partition_point(|child| child.last < **key);
        let Some(child) = children.get(index) else { return Ok(()) };
        if inner.level() == 1 {
            leaves.push(child.hash);
        } else {
            below(source, &node.child(source, index)?, keys, leaves)?;
        }
        while keys.next_if(|key| **key <= child.last).is_some() {}
    }
    Ok(())
}
