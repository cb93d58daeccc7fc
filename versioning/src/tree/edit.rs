//! Editing a tree at the cost of its changes.
//!
//! Level by level, from the leaves up: nodes with edits are cut anew, beginning one node before (where it ends may
//! depend on the keys that follow) and ending where a new boundary meets an old one and nothing near it is edited. What
//! was replaced and by what are the edits of the level above.

use std::collections::{BTreeMap, HashMap};

use super::{
    Child, Content, Node, Tree, TreeBuilder,
    build::{BuildError, Levels, write_inner, write_leaf},
    chunker::{Chunker, Entry},
};
use crate::{ChunkSink, Hash, Key, ObjectSource, ReadError, Row, Schema, WriteError};

/// Why a tree could not be edited.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EditError {
    /// A node could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A node could not be written, or the edits are not in order.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl From<WriteError> for EditError {
    fn from(error: WriteError) -> Self {
        Self::Build(error.into())
    }
}

type Edits<E> = Vec<(Key, Option<E>)>;

pub(super) fn edit(
    tree: &Tree,
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    schema: &Schema,
    edits: Edits<Row>,
) -> Result<Tree, EditError> {
    if let Some(pair) = edits.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(BuildError::Order { key: pair[1].0.clone() }.into());
    }
    let Some(root) = tree.root else {
        let mut builder = TreeBuilder::new(schema, sink);
        for (key, row) in edits {
            if let Some(row) = row {
                builder.push(key, row)?;
            }
        }
        return Ok(builder.finish()?);
    };
    let old = Node::read(source, root)?;
    let top = old.level();
    let mut editor = Editor { source, sink, schema, root: (root, old), written: HashMap::new() };
    let rows = edits.into_iter().map(|(key, row)| (key.clone(), row.map(|row| (key, row)))).collect();
    let mut changes = editor.rewrite::<(Key, Row)>(0, rows)?;
    for level in 1..=top {
        changes = editor.rewrite::<Child>(level, changes)?;
    }
    if changes.is_empty() {
        return Ok(*tree);
    }
    let mut nodes: Vec<Child> = changes.into_iter().filter_map(|(_, child)| child).collect();
    match (nodes.pop(), nodes.is_empty()) {
        (None, _) => Ok(Tree::default()),
        (Some(only), true) => editor.collapse(top, only),
        (Some(last), false) => {
            let mut levels = Levels::new(top + 1);
            for node in nodes {
                levels.push(node, editor.sink)?;
            }
            levels.push(last, editor.sink)?;
            Ok(levels.finish(editor.sink)?)
        }
    }
}

/// What the two kinds of levels differ in.
trait Level: Entry + Sized + Clone {
    fn entries(node: &Node, schema: &Schema) -> Vec<Self>;
    fn write(editor: &mut Editor<'_>, level: u8, entries: Vec<Self>) -> Result<Child, WriteError>;
}

impl Level for (Key, Row) {
    fn entries(node: &Node, schema: &Schema) -> Vec<Self> {
        match node.content() {
            Content::Leaf(leaf) => leaf.rows(schema, 0..leaf.len()).collect(),
            Content::Inner(_) => Vec::new(),
        }
    }

    fn write(editor: &mut Editor<'_>, _: u8, entries: Vec<Self>) -> Result<Child, WriteError> {
        write_leaf(editor.schema, &entries, editor.sink)
    }
}

impl Level for Child {
    fn entries(node: &Node, _: &Schema) -> Vec<Self> {
        match node.content() {
            Content::Leaf(_) => Vec::new(),
            Content::Inner(inner) => inner.children().to_vec(),
        }
    }

    fn write(editor: &mut Editor<'_>, level: u8, entries: Vec<Self>) -> Result<Child, WriteError> {
        let only = (entries.len() == 1).then(|| entries[0].clone());
        let node = write_inner(level, entries, editor.sink)?;
        editor.written.insert(node.hash, only);
        Ok(node)
    }
}

struct Editor<'a> {
    source: &'a dyn ObjectSource,
    sink: &'a mut dyn ChunkSink,
    schema: &'a Schema,
    root: (Hash, Node),
    /// The inner nodes written so far, with their child when they have only one: the source need not know them yet.
    written: HashMap<Hash, Option<Child>>,
}

/// The way from the root to a node: the inner nodes, each with the index of the child taken.
type Path = Vec<(Node, usize)>;

/// Edits in the order of their keys, consumed from the front.
struct Queue<E> {
    edits: Edits<E>,
    next: usize,
}

impl<E> Queue<E> {
    fn peek(&self) -> Option<&Key> {
        self.edits.get(self.next).map(|(key, _)| key)
    }

    /// The edits up to this key, or all that are left.
    fn up_to(&self, last: Option<&Key>) -> &[(Key, Option<E>)] {
        let rest = &self.edits[self.next..];
        &rest[..last.map_or(rest.len(), |last| rest.partition_point(|(key, _)| key <= last))]
    }

    fn pop(&mut self) -> Option<E> {
        self.next += 1;
        self.edits[self.next - 1].1.take()
    }
}

/// The nodes of a level that go and come.
#[derive(Default)]
struct Changes {
    gone: HashMap<Key, Child>,
    by_key: BTreeMap<Key, Option<Child>>,
}

impl Changes {
    fn remove(&mut self, child: Child) {
        self.by_key.entry(child.last.clone()).or_insert(None);
        self.gone.insert(child.last.clone(), child);
    }

    fn add(&mut self, child: Child) {
        self.by_key.insert(child.last.clone(), Some(child));
    }

    /// A node that went and came back as it was is no change.
    fn into_edits(self) -> Edits<Child> {
        let gone = self.gone;
        self.by_key.into_iter().filter(|(key, child)| child.is_none() || gone.get(key) != child.as_ref()).collect()
    }
}

impl Editor<'_> {
    /// Applies edits to the nodes of one level; returns the edits of the level above.
    fn rewrite<E: Level>(&mut self, level: u8, edits: Edits<E>) -> Result<Edits<Child>, EditError> {
        let mut queue = Queue { edits, next: 0 };
        let mut changes = Changes::default();
        while let Some(key) = queue.peek() {
            let path = self.seek(level, key)?;
            if !self.replace_values(level, &path, &mut queue, &mut changes)? {
                let start = self.step(&path, Direction::Back)?.unwrap_or(path);
                self.recut(level, start, &mut queue, &mut changes)?;
            }
        }
        Ok(changes.into_edits())
    }

    /// The common case: the edits of a node keep its keys, and the next node has none. Then no boundary can move.
    fn replace_values<E: Level>(
        &mut self,
        level: u8,
        path: &Path,
        queue: &mut Queue<E>,
        changes: &mut Changes,
    ) -> Result<bool, EditError> {
        let old = self.child(path);
        let next = self.step(path, Direction::Forward)?;
        let edits = queue.up_to(next.is_some().then_some(&old.last));
        let following = queue.edits.get(queue.next + edits.len()).map(|(key, _)| key);
        if let (Some(next), Some(following)) = (next, following)
            && self.range_has(&next, following)?
        {
            return Ok(false);
        }
        let mut entries = E::entries(&self.node(path)?, self.schema);
        let place = |key: &Key| entries.binary_search_by(|entry| entry.key().cmp(key)).ok();
        let places: Option<Vec<usize>> = edits
            .iter()
            .map(|(key, entry)| entry.as_ref().and_then(|entry| place(key).filter(|_| entry.key() == key)))
            .collect();
        let Some(places) = places else { return Ok(false) };
        for place in places {
            if let Some(entry) = queue.pop() {
                entries[place] = entry;
            }
        }
        let new = E::write(self, level, entries)?;
        changes.remove(old);
        changes.add(new);
        Ok(true)
    }

    /// Cuts nodes anew from `position` on until the boundaries are the old ones again and nothing near is edited.
    fn recut<E: Level>(
        &mut self,
        level: u8,
        mut position: Path,
        queue: &mut Queue<E>,
        changes: &mut Changes,
    ) -> Result<(), EditError> {
        let mut chunker = Chunker::new(level);
        let (mut pushed, mut written) = (0, 0);
        loop {
            let old = self.child(&position);
            let next = self.step(&position, Direction::Forward)?;
            let last = next.is_some().then_some(&old.last);
            let edited = queue.up_to(last).len();
            let can_stop_here = edited == 0 && self.is_quiet_after(next.as_ref(), queue.peek())?;
            let start = pushed;
            let entries = merge(E::entries(&self.node(&position)?, self.schema), queue, edited);
            for entry in entries {
                pushed += 1;
                let Some(node) = chunker.push(entry) else { continue };
                written += node.len();
                changes.add(E::write(self, level, node)?);
                if can_stop_here && written == start {
                    return Ok(());
                }
            }
            // Only now is it sure that this node does not stay as it is.
            changes.remove(old);
            match next {
                Some(next) => position = next,
                None => break,
            }
        }
        let rest = chunker.finish();
        if !rest.is_empty() {
            changes.add(E::write(self, level, rest)?);
        }
        Ok(())
    }

    /// Whether neither this node nor any before it holds the next edit, and the node is not the last: where the node
    /// before it ends follows from the keys of two nodes.
    fn is_quiet_after(&self, next: Option<&Path>, edit: Option<&Key>) -> Result<bool, ReadError> {
        match (edit, next) {
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(edit), Some(next)) => Ok(!self.range_has(next, edit)?),
        }
    }

    /// Whether an edit of this key belongs to the node or to one before it. All that is left belongs to the last node.
    fn range_has(&self, path: &Path, key: &Key) -> Result<bool, ReadError> {
        Ok(*key <= self.child(path).last || self.step(path, Direction::Forward)?.is_none())
    }

    /// A root with a single child is no root: the child is.
    fn collapse(&self, mut level: u8, mut root: Child) -> Result<Tree, EditError> {
        while level > 0 {
            let only = match self.written.get(&root.hash) {
                Some(only) => only.clone(),
                None => match Node::read(self.source, root.hash)?.content() {
                    Content::Inner(inner) if inner.children().len() == 1 => Some(inner.children()[0].clone()),
                    _ => None,
                },
            };
            let Some(only) = only else { break };
            root = only;
            level -= 1;
        }
        Ok(Tree { root: Some(root.hash), rows: root.rows })
    }

    /// The node of a level that holds the key or would hold it.
    fn seek(&self, level: u8, key: &Key) -> Result<Path, ReadError> {
        self.descend(level, Vec::new(), self.root.1.clone(), |node| match node.content() {
            Content::Inner(inner) => inner.find(key),
            Content::Leaf(_) => 0,
        })
    }

    fn descend(
        &self,
        level: u8,
        mut path: Path,
        mut node: Node,
        choose: impl Fn(&Node) -> usize,
    ) -> Result<Path, ReadError> {
        while node.level() > level {
            let index = choose(&node);
            let child = if node.level() == level + 1 { None } else { Some(node.child(self.source, index)?) };
            path.push((node, index));
            match child {
                Some(child) => node = child,
                None => break,
            }
        }
        Ok(path)
    }

    fn step(&self, path: &Path, direction: Direction) -> Result<Option<Path>, ReadError> {
        let mut up = path.clone();
        while let Some((node, index)) = up.pop() {
            let Content::Inner(inner) = node.content() else { continue };
            let index = match direction {
                Direction::Forward => Some(index + 1).filter(|index| *index < inner.children().len()),
                Direction::Back => index.checked_sub(1),
            };
            let Some(index) = index else { continue };
            let below = path.len() - up.len() - 1;
            if below == 0 {
                up.push((node, index));
                return Ok(Some(up));
            }
            let child = node.child(self.source, index)?;
            let level = child.level() - u8::try_from(below).unwrap_or(0);
            up.push((node, index));
            return self
                .descend(level, up, child, |node| match (node.content(), direction) {
                    (Content::Inner(inner), Direction::Back) => inner.children().len() - 1,
                    _ => 0,
                })
                .map(Some);
        }
        Ok(None)
    }

    fn child(&self, path: &Path) -> Child {
        match path.last().map(|(node, index)| (node.content(), index)) {
            Some((Content::Inner(inner), index)) => inner.children()[*index].clone(),
            _ => Child { last: self.root.1.last_key(), hash: self.root.0, rows: self.root.1.rows() },
        }
    }

    fn node(&self, path: &Path) -> Result<Node, ReadError> {
        match path.last() {
            Some((node, index)) => node.child(self.source, *index),
            None => Ok(self.root.1.clone()),
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Back,
}

/// The entries with the next `count` edits applied.
fn merge<E: Level>(entries: Vec<E>, queue: &mut Queue<E>, count: usize) -> Vec<E> {
    if count == 0 {
        return entries;
    }
    let end = queue.next + count;
    let mut merged = Vec::with_capacity(entries.len() + count);
    for entry in entries {
        while queue.next < end && queue.peek().is_some_and(|key| key < entry.key()) {
            merged.extend(queue.pop());
        }
        if queue.next < end && queue.peek() == Some(entry.key()) {
            merged.extend(queue.pop());
        } else {
            merged.push(entry);
        }
    }
    while queue.next < end {
        merged.extend(queue.pop());
    }
    merged
}
