//! Editing a tree at the cost of its changes.
//!
//! Level by level, from the leaves up. A node whose edits keep its keys is written in its place. Where keys come or go,
//! nodes are cut anew, beginning one node before (where it ends may depend on the keys that follow) and ending where a
//! new boundary meets an old one and the node behind it keeps its keys. What was replaced and by what are the edits of
//! the level above. The edits of rows are taken one leaf at a time: they need not be in memory at once.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{
    Child, Content as NodeContent, Leaf, Node, Tree, TreeBuilder, ahead,
    build::{BuildError, Levels, write_inner, write_leaf},
    chunker::{Chunker, Entry},
    prepare::prepare,
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

/// A change of the rows of a tree.
pub(crate) enum Edit {
    /// A row is replaced or added, or removed.
    Row(Key, Option<Row>),
    /// The leaf that ends with this key gets the cells of another with the same keys.
    Leaf(Key, NewLeaf),
}

impl Edit {
    fn key(&self) -> &Key {
        match self {
            Self::Row(key, _) | Self::Leaf(key, _) => key,
        }
    }
}

/// What a leaf becomes.
pub(crate) enum NewLeaf {
    /// A leaf that the source has.
    Stored(Child),
    /// A leaf that is yet to be written.
    Fresh(Box<Leaf>),
    /// The same, with its name.
    Hashed(Box<Leaf>, Hash),
}

pub(crate) fn edit(
    tree: &Tree,
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    schema: &Schema,
    edits: &mut dyn Iterator<Item = Result<Edit, ReadError>>,
) -> Result<Tree, EditError> {
    let Some(root) = tree.root else { return build(sink, schema, edits) };
    let old = Node::read(source, root)?;
    let top = old.level();
    let mut editor = Editor { source, sink, schema, root: (root, old), written: HashMap::new() };
    let ahead = Ahead { tree: *tree, source, schema, edits, taken: VecDeque::new() };
    let mut rows = ahead.map(|edit| {
        edit.map(|edit| match edit {
            Edit::Row(key, row) => (key.clone(), Change::Entry(row.map(|row| (key, row)))),
            Edit::Leaf(last, leaf) => (last, Change::Leaf(leaf)),
        })
    });
    let mut replaced = editor.rewrite::<(Key, Row)>(0, &mut rows)?;
    for level in 1..=top {
        let mut nodes = replaced.into_edits().into_iter().map(|(key, child)| Ok((key, Change::Entry(child))));
        replaced = editor.rewrite::<Child>(level, &mut nodes)?;
    }
    if replaced.is_empty() {
        return Ok(*tree);
    }
    let mut nodes = replaced.into_nodes();
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

/// Edits, taken some at a time: their leaves are asked for at once, and made anew where that can be done ahead.
struct Ahead<'e> {
    tree: Tree,
    source: &'e dyn ObjectSource,
    schema: &'e Schema,
    edits: &'e mut dyn Iterator<Item = Result<Edit, ReadError>>,
    taken: VecDeque<Result<Edit, ReadError>>,
}

impl Ahead<'_> {
    fn take_some(&mut self) {
        let mut rows: Vec<(Key, Option<Row>)> = Vec::new();
        let mut is_in_order = true;
        for edit in self.edits.take(ahead::KEYS) {
            match edit {
                Ok(Edit::Row(key, row)) => {
                    is_in_order &= rows.last().is_none_or(|(before, _)| *before < key);
                    rows.push((key, row));
                }
                other => {
                    self.taken.extend(rows.drain(..).map(|(key, row)| Ok(Edit::Row(key, row))));
                    self.taken.push_back(other);
                }
            }
        }
        let keys = self.taken.iter().filter_map(|edit| match edit {
            Ok(Edit::Row(key, _)) => Some(key),
            _ => None,
        });
        // What can't be read says so when it is needed.
        self.tree.prefetch(self.source, keys.chain(rows.iter().map(|(key, _)| key))).ok();
        if self.taken.is_empty() && is_in_order {
            match prepare(&self.tree, self.source, self.schema, rows) {
                Ok(edits) => self.taken.extend(edits.into_iter().map(Ok)),
                Err(error) => self.taken.push_back(Err(error)),
            }
        } else {
            self.taken.extend(rows.into_iter().map(|(key, row)| Ok(Edit::Row(key, row))));
        }
    }
}

impl Iterator for Ahead<'_> {
    type Item = Result<Edit, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.taken.is_empty() {
            self.take_some();
        }
        self.taken.pop_front()
    }
}

/// The edits of a tree without rows.
fn build(
    sink: &mut dyn ChunkSink,
    schema: &Schema,
    edits: &mut dyn Iterator<Item = Result<Edit, ReadError>>,
) -> Result<Tree, EditError> {
    let mut builder = TreeBuilder::new(schema, sink);
    let mut before: Option<Key> = None;
    for edit in edits {
        let edit = edit?;
        let key = edit.key().clone();
        if before.is_some_and(|before| before >= key) {
            return Err(BuildError::Order { key }.into());
        }
        before = Some(key);
        match edit {
            Edit::Row(key, Some(row)) => builder.push(key, row)?,
            Edit::Row(_, None) | Edit::Leaf(..) => {}
        }
    }
    Ok(builder.finish()?)
}

/// What becomes of one entry of a node, or of a whole leaf.
enum Change<E> {
    Entry(Option<E>),
    Leaf(NewLeaf),
}

type Changes<E> = Vec<(Key, Change<E>)>;

/// What the two kinds of levels differ in.
trait Level: Entry + Sized + Clone {
    fn entries(node: &Node, schema: &Schema) -> Vec<Self>;
    /// Writes a node; `near` is the node whose place it takes.
    fn write(editor: &mut Editor<'_>, level: u8, entries: Vec<Self>, near: Option<Hash>) -> Result<Child, WriteError>;
    /// The node with the entries replaced that have these keys; none when not every key is there to be replaced.
    fn replace(node: &Node, schema: &Schema, changes: &mut Changes<Self>) -> Option<Content<Self>>;
}

/// The content of a node that goes or may go.
enum Content<E> {
    /// As it is in the tree.
    Old,
    /// Another leaf, of the same keys.
    Leaf(NewLeaf),
    /// Other entries.
    Entries(Vec<E>),
}

impl Level for (Key, Row) {
    fn entries(node: &Node, schema: &Schema) -> Vec<Self> {
        match node.content() {
            NodeContent::Leaf(leaf) => leaf.rows(schema, 0..leaf.len()).collect(),
            NodeContent::Inner(_) => Vec::new(),
        }
    }

    fn write(editor: &mut Editor<'_>, _: u8, entries: Vec<Self>, near: Option<Hash>) -> Result<Child, WriteError> {
        write_leaf(editor.schema, &entries, near, editor.sink)
    }

    fn replace(node: &Node, schema: &Schema, changes: &mut Changes<Self>) -> Option<Content<Self>> {
        let NodeContent::Leaf(leaf) = node.content() else { return None };
        let mut rows = Vec::with_capacity(changes.len());
        for (key, change) in changes.iter() {
            let Change::Entry(Some((_, row))) = change else { return None };
            rows.push((leaf.find(key).ok()?, row));
        }
        Some(Content::Leaf(NewLeaf::Fresh(Box::new(leaf.with_rows(schema, &rows)))))
    }
}

impl Level for Child {
    fn entries(node: &Node, _: &Schema) -> Vec<Self> {
        match node.content() {
            NodeContent::Leaf(_) => Vec::new(),
            NodeContent::Inner(inner) => inner.children().to_vec(),
        }
    }

    fn write(editor: &mut Editor<'_>, level: u8, entries: Vec<Self>, near: Option<Hash>) -> Result<Child, WriteError> {
        let only = (entries.len() == 1).then(|| entries[0].clone());
        let node = write_inner(level, entries, near, editor.sink)?;
        editor.written.insert(node.hash, only);
        Ok(node)
    }

    fn replace(node: &Node, schema: &Schema, changes: &mut Changes<Self>) -> Option<Content<Self>> {
        let mut entries = Self::entries(node, schema);
        let mut places = Vec::with_capacity(changes.len());
        for (key, change) in changes.iter() {
            let Change::Entry(Some(child)) = change else { return None };
            places.push(entries.binary_search_by(|entry| entry.key().cmp(key)).ok().filter(|_| child.last == *key)?);
        }
        for (place, (_, change)) in places.into_iter().zip(changes.drain(..)) {
            if let Change::Entry(Some(child)) = change {
                entries[place] = child;
            }
        }
        Some(Content::Entries(entries))
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

/// Changes in the order of their keys, taken as they are needed.
struct Queue<'q, E> {
    changes: &'q mut dyn Iterator<Item = Result<(Key, Change<E>), ReadError>>,
    next: Option<(Key, Change<E>)>,
}

impl<'q, E> Queue<'q, E> {
    fn new(changes: &'q mut dyn Iterator<Item = Result<(Key, Change<E>), ReadError>>) -> Result<Self, EditError> {
        let next = changes.next().transpose()?;
        Ok(Self { changes, next })
    }

    fn peek(&self) -> Option<&Key> {
        self.next.as_ref().map(|(key, _)| key)
    }

    /// The changes up to this key, or all that are left.
    fn up_to(&mut self, last: Option<&Key>) -> Result<Changes<E>, EditError> {
        let mut taken = Vec::new();
        while let Some((key, _)) = &self.next
            && last.is_none_or(|last| key <= last)
        {
            let next = self.changes.next().transpose()?;
            if let Some((after, _)) = &next
                && after <= key
            {
                return Err(BuildError::Order { key: after.clone() }.into());
            }
            taken.extend(std::mem::replace(&mut self.next, next));
        }
        Ok(taken)
    }
}

/// A node of the tree and what it becomes.
struct Held<E> {
    path: Path,
    old: Child,
    next: Option<Path>,
    content: Content<E>,
    /// Whether its keys are those it had.
    keeps_keys: bool,
}

/// The nodes of a level that go and come.
#[derive(Default)]
struct Replaced {
    gone: HashMap<Key, Child>,
    by_key: BTreeMap<Key, Option<Child>>,
}

impl Replaced {
    fn remove(&mut self, child: Child) {
        self.by_key.entry(child.last.clone()).or_insert(None);
        self.gone.insert(child.last.clone(), child);
    }

    fn add(&mut self, child: Child) {
        self.by_key.insert(child.last.clone(), Some(child));
    }

    /// Whether no node of the level was touched.
    fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The nodes that take the root's place. The root itself may be among them: it stays as it is where rows come behind
    /// it and it ended at a boundary.
    fn into_nodes(self) -> Vec<Child> {
        self.by_key.into_values().flatten().collect()
    }

    /// The changes of the level above. A node that went and came back as it was is none.
    fn into_edits(self) -> Vec<(Key, Option<Child>)> {
        let gone = self.gone;
        self.by_key.into_iter().filter(|(key, child)| child.is_none() || gone.get(key) != child.as_ref()).collect()
    }
}

/// The nodes whose entries new nodes are cut of, with the number of entries that are left of each.
#[derive(Default)]
struct Taken(VecDeque<(Hash, usize)>);

impl Taken {
    fn take(&mut self, node: Hash, entries: usize) {
        self.0.push_back((node, entries));
    }

    /// The node that most of the next entries are of.
    fn give(&mut self, mut entries: usize) -> Option<Hash> {
        let mut most: Option<(Hash, usize)> = None;
        while entries > 0
            && let Some((node, left)) = self.0.front_mut()
        {
            let given = entries.min(*left);
            if most.is_none_or(|(_, so_far)| given > so_far) {
                most = Some((*node, given));
            }
            entries -= given;
            *left -= given;
            if *left == 0 {
                self.0.pop_front();
            }
        }
        most.map(|(node, _)| node)
    }
}

impl Editor<'_> {
    /// Applies changes to the nodes of one level; returns which went and which came.
    fn rewrite<E: Level>(
        &mut self,
        level: u8,
        changes: &mut dyn Iterator<Item = Result<(Key, Change<E>), ReadError>>,
    ) -> Result<Replaced, EditError> {
        let mut queue = Queue::new(changes)?;
        let mut replaced = Replaced::default();
        // A node that keeps its keys waits for its successor: where it ends follows from the keys of both.
        let mut waiting: Option<Held<E>> = None;
        while let Some(key) = queue.peek() {
            let path = self.seek(level, key)?;
            let held = self.hold(path, &mut queue)?;
            if held.keeps_keys {
                self.settle(level, waiting.replace(held), &mut replaced)?;
                continue;
            }
            let before = self.step(&held.path, Direction::Back)?;
            let before = match (before, waiting.take()) {
                (Some(path), Some(before)) if self.child(&path).last == before.old.last => Some(before),
                (path, other) => {
                    self.settle(level, other, &mut replaced)?;
                    match path {
                        Some(path) => Some(Held {
                            old: self.child(&path),
                            next: None,
                            path,
                            content: Content::Old,
                            keeps_keys: true,
                        }),
                        None => None,
                    }
                }
            };
            waiting = self.recut(level, before, held, &mut queue, &mut replaced)?;
        }
        self.settle(level, waiting, &mut replaced)?;
        Ok(replaced)
    }

    /// A node with the changes that belong to it.
    fn hold<E: Level>(&self, path: Path, queue: &mut Queue<'_, E>) -> Result<Held<E>, EditError> {
        let old = self.child(&path);
        let next = self.step(&path, Direction::Forward)?;
        let mut changes = queue.up_to(next.is_some().then_some(&old.last))?;
        let (content, keeps_keys) = if changes.is_empty() {
            (Content::Old, true)
        } else if let [(_, Change::Leaf(_))] = &changes[..] {
            let leaf =
                changes.pop().and_then(|(_, change)| if let Change::Leaf(leaf) = change { Some(leaf) } else { None });
            (leaf.map_or(Content::Old, Content::Leaf), true)
        } else {
            let node = self.node(&path)?;
            match E::replace(&node, self.schema, &mut changes) {
                Some(content) => (content, true),
                None => (Content::Entries(self.merge(&node, changes)?), false),
            }
        };
        Ok(Held { path, old, next, content, keeps_keys })
    }

    /// Writes a node that keeps its keys.
    fn settle<E: Level>(&mut self, level: u8, held: Option<Held<E>>, replaced: &mut Replaced) -> Result<(), EditError> {
        let Some(held) = held else { return Ok(()) };
        let new = match held.content {
            Content::Old => return Ok(()),
            Content::Leaf(NewLeaf::Stored(child)) => child,
            Content::Leaf(NewLeaf::Fresh(leaf)) => {
                let hash = Hash::of(leaf.bytes());
                self.put_leaf(*leaf, hash, &held.old)?
            }
            Content::Leaf(NewLeaf::Hashed(leaf, hash)) => self.put_leaf(*leaf, hash, &held.old)?,
            Content::Entries(entries) => E::write(self, level, entries, Some(held.old.hash))?,
        };
        replaced.remove(held.old);
        replaced.add(new);
        Ok(())
    }

    /// Writes a leaf that takes the place of another and has its keys.
    fn put_leaf(&mut self, leaf: Leaf, hash: Hash, old: &Child) -> Result<Child, WriteError> {
        self.sink.put_near(hash, leaf.into_bytes(), old.hash)?;
        Ok(Child { hash, ..old.clone() })
    }

    /// Cuts nodes anew from the one before the edited node on, until a new boundary is an old one and the node behind it
    /// keeps its keys. Returns that node when it is edited.
    fn recut<E: Level>(
        &mut self,
        level: u8,
        before: Option<Held<E>>,
        edited: Held<E>,
        queue: &mut Queue<'_, E>,
        replaced: &mut Replaced,
    ) -> Result<Option<Held<E>>, EditError> {
        let mut chunker = Chunker::new(level);
        let (mut pushed, mut written) = (0, 0);
        let mut taken = Taken::default();
        let mut ahead = Some(edited);
        let mut held = match before {
            Some(before) => before,
            None => ahead.take().expect("it is there as long as nothing took it"),
        };
        loop {
            let start = pushed;
            let entries = self.entries(&held)?;
            taken.take(held.old.hash, entries.len());
            for entry in entries {
                pushed += 1;
                let Some(node) = chunker.push(entry) else { continue };
                written += node.len();
                let near = taken.give(node.len());
                replaced.add(E::write(self, level, node, near)?);
                if held.keeps_keys && written == start {
                    return Ok(Some(held));
                }
            }
            // Only now is it sure that this node does not stay as it is.
            replaced.remove(held.old);
            held = match (ahead.take(), held.next) {
                (Some(edited), _) => edited,
                (None, Some(next)) => self.hold(next, queue)?,
                (None, None) => break,
            };
        }
        let rest = chunker.finish();
        if !rest.is_empty() {
            let near = taken.give(rest.len());
            replaced.add(E::write(self, level, rest, near)?);
        }
        Ok(None)
    }

    fn entries<E: Level>(&self, held: &Held<E>) -> Result<Vec<E>, ReadError> {
        let node = match &held.content {
            Content::Entries(entries) => return Ok(entries.clone()),
            Content::Old => self.node(&held.path)?,
            Content::Leaf(leaf) => self.new_leaf(leaf)?,
        };
        Ok(E::entries(&node, self.schema))
    }

    fn new_leaf(&self, leaf: &NewLeaf) -> Result<Node, ReadError> {
        match leaf {
            NewLeaf::Stored(child) => Node::read(self.source, child.hash),
            NewLeaf::Fresh(leaf) | NewLeaf::Hashed(leaf, _) => Ok(Node::of_leaf((**leaf).clone())),
        }
    }

    /// The entries of a node with changes applied.
    fn merge<E: Level>(&self, node: &Node, changes: Changes<E>) -> Result<Vec<E>, ReadError> {
        let mut changes = changes.into_iter().peekable();
        let other = match changes.next_if(|(_, change)| matches!(change, Change::Leaf(_))) {
            Some((_, Change::Leaf(leaf))) => Some(self.new_leaf(&leaf)?),
            _ => None,
        };
        let entries = E::entries(other.as_ref().unwrap_or(node), self.schema);
        let mut merged = Vec::with_capacity(entries.len() + changes.len());
        let put = |merged: &mut Vec<E>, change: Change<E>| {
            if let Change::Entry(Some(entry)) = change {
                merged.push(entry);
            }
        };
        for entry in entries {
            while let Some((_, change)) = changes.next_if(|(key, _)| key < entry.key()) {
                put(&mut merged, change);
            }
            match changes.next_if(|(key, _)| key == entry.key()) {
                Some((_, change)) => put(&mut merged, change),
                None => merged.push(entry),
            }
        }
        changes.for_each(|(_, change)| put(&mut merged, change));
        Ok(merged)
    }

    /// A root with a single child is no root: the child is.
    fn collapse(&self, mut level: u8, mut root: Child) -> Result<Tree, EditError> {
        while level > 0 {
            let only = match self.written.get(&root.hash) {
                Some(only) => only.clone(),
                None => match Node::read(self.source, root.hash)?.content() {
                    NodeContent::Inner(inner) if inner.children().len() == 1 => Some(inner.children()[0].clone()),
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
            NodeContent::Inner(inner) => inner.find(key),
            NodeContent::Leaf(_) => 0,
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
            let NodeContent::Inner(inner) = node.content() else { continue };
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
                    (NodeContent::Inner(inner), Direction::Back) => inner.children().len() - 1,
                    _ => 0,
                })
                .map(Some);
        }
        Ok(None)
    }

    fn child(&self, path: &Path) -> Child {
        match path.last().map(|(node, index)| (node.content(), index)) {
            Some((NodeContent::Inner(inner), index)) => inner.children()[*index].clone(),
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
