//! Going over a tree leaf by leaf, and rewriting leaves whose keys stay.

use super::{
    Child, Content, Leaf, Node, Tree,
    build::{put, write_inner},
};
use crate::{ChunkSink, Hash, ObjectSource, ReadError, WriteError};

/// Gives each leaf to `change`, in order, and puts what it returns in its place; none keeps the leaf. The new leaves have
/// the keys of the old: then no boundary moves, and the tree is the one that a fresh build of its rows makes. Nodes
/// above unchanged leaves stay as they are. Memory is bounded by a path.
pub(crate) fn map_leaves<E: From<ReadError> + From<WriteError>>(
    tree: &Tree,
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    mut change: impl FnMut(&Leaf) -> Result<Option<Leaf>, E>,
) -> Result<Tree, E> {
    let Some(root) = tree.root else { return Ok(*tree) };
    let node = Node::read(source, root)?;
    let new = map(source, sink, (root, &node), &mut change)?;
    Ok(Tree { root: Some(new.unwrap_or(root)), rows: tree.rows })
}

fn map<E: From<ReadError> + From<WriteError>>(
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    (old, node): (Hash, &Node),
    change: &mut impl FnMut(&Leaf) -> Result<Option<Leaf>, E>,
) -> Result<Option<Hash>, E> {
    let inner = match node.content() {
        Content::Leaf(leaf) => {
            let Some(new) = change(leaf)? else { return Ok(None) };
            return Ok(Some(put(new.into_bytes(), Some(old), sink)?));
        }
        Content::Inner(inner) => inner,
    };
    let hashes: Vec<Hash> = inner.children().iter().map(|child| child.hash).collect();
    source.prefetch(&hashes);
    let mut children: Option<Vec<Child>> = None;
    for (index, child) in inner.children().iter().enumerate() {
        if let Some(hash) = map(source, sink, (child.hash, &node.child(source, index)?), change)? {
            children.get_or_insert_with(|| inner.children().to_vec())[index].hash = hash;
        }
    }
    let Some(children) = children else { return Ok(None) };
    Ok(Some(write_inner(inner.level(), children, Some(old), sink)?.hash))
}

/// Gives each leaf to `visit`, in order.
pub(crate) fn each_leaf<E: From<ReadError>>(
    tree: &Tree,
    source: &dyn ObjectSource,
    mut visit: impl FnMut(&Leaf) -> Result<(), E>,
) -> Result<(), E> {
    match tree.root {
        Some(root) => each(source, &Node::read(source, root)?, &mut visit),
        None => Ok(()),
    }
}

fn each<E: From<ReadError>>(
    source: &dyn ObjectSource,
    node: &Node,
    visit: &mut impl FnMut(&Leaf) -> Result<(), E>,
) -> Result<(), E> {
    let inner = match node.content() {
        Content::Leaf(leaf) => return visit(leaf),
        Content::Inner(inner) => inner,
    };
    let hashes: Vec<Hash> = inner.children().iter().map(|child| child.hash).collect();
    source.prefetch(&hashes);
    (0..inner.children().len()).try_for_each(|index| each(source, &node.child(source, index)?, visit))
}
