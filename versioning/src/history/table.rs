//! One table at one commit, and how its rows relate to those at a parent: compared by hashes from the root down, so
//! that a row is only made where its leaf differs.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    ops::Range,
    rc::Rc,
};

use super::CommitNode;
use crate::{
    Column, ColumnId, Commit, Hash, Key, Object, ObjectSource, ReadError, Row, Schema, TableId, Tree, Value,
    tree::{Comparison, Content, Inner, Leaf, Node},
};

/// A commit with the table that is followed.
pub(super) struct CommitTable {
    pub(super) commit: CommitNode,
    /// None where the table does not exist, and when no table is followed.
    pub(super) table: Option<Table>,
}

/// A table at a commit.
#[derive(Clone)]
pub(super) struct Table {
    name: String,
    pub(super) schema: Hash,
    pub(super) tree: Tree,
    /// The tree's root node, once it was needed: a history asks for each twice, as a parent's and as a child's.
    top: OnceCell<Node>,
}

impl Table {
    /// Whether nothing about the table differs: its name, its schema, its rows.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.schema == other.schema && self.tree == other.tree && self.name == other.name
    }

    fn top(&self, source: &dyn ObjectSource) -> Result<Option<&Node>, ReadError> {
        let Some(root) = self.tree.root else { return Ok(None) };
        if let Some(node) = self.top.get() {
            return Ok(Some(node));
        }
        let node = Node::read(source, root)?;
        Ok(Some(self.top.get_or_init(|| node)))
    }
}

/// A schema with the places of its columns.
pub(super) struct Columns {
    pub(super) schema: Schema,
    positions: HashMap<ColumnId, usize>,
}

impl Columns {
    fn new(schema: Schema) -> Self {
        let positions = schema.columns.iter().enumerate().map(|(position, column)| (column.id, position)).collect();
        Self { schema, positions }
    }

    pub(super) fn cell<'r>(&self, row: &'r Row, column: ColumnId) -> Option<&'r Value> {
        row.get(*self.positions.get(&column)?)
    }

    pub(super) fn column(&self, id: ColumnId) -> Option<&Column> {
        self.schema.columns.get(*self.positions.get(&id)?)
    }
}

/// Where the row that is at a key at a commit is looked for at the parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// At the same key.
    Same,
    /// At another: the primary key is made of other columns, or their types are others.
    To(Key),
    /// It can't be told.
    Lost,
}

/// A row that may not be what it was at the parent.
pub(super) struct Touched {
    /// Which of the keys.
    pub(super) index: usize,
    pub(super) row: Option<Row>,
    pub(super) before: Option<Row>,
    pub(super) carried: Carried,
}

/// What a table's rows are to those at a parent.
pub(super) struct Relation {
    /// In the order of the keys. All others have the same cells in the columns that both schemas have.
    pub(super) touched: Vec<Touched>,
    /// The schemas here and at the parent where they differ, or where there are touched rows.
    pub(super) columns: Option<(Rc<Columns>, Rc<Columns>)>,
}

/// Reads one table along a history.
pub(super) struct TableReader<'s> {
    pub(super) source: &'s dyn ObjectSource,
    pub(super) table: Option<TableId>,
    schemas: RefCell<HashMap<Hash, Rc<Columns>>>,
}

impl<'s> TableReader<'s> {
    pub(super) fn new(source: &'s dyn ObjectSource, table: Option<TableId>) -> Self {
        Self { source, table, schemas: RefCell::default() }
    }

    /// Reads a commit and its table; a root that `near` shares is not read again.
    pub(super) fn read(&self, commit: Hash, near: Option<&CommitTable>) -> Result<Rc<CommitTable>, ReadError> {
        let commit = CommitNode::read(self.source, commit)?;
        let Some(id) = self.table else { return Ok(Rc::new(CommitTable { commit, table: None })) };
        if let Some(near) = near.filter(|near| near.commit.root == commit.root) {
            return Ok(Rc::new(CommitTable { commit, table: near.table.clone() }));
        }
        // What comes next is known here, so that a store can answer at once.
        let mut soon = commit.parents.clone();
        soon.push(commit.root);
        self.source.prefetch(&soon);
        let object = self.source.object(commit.root)?;
        let Object::Root(root) = &*object else {
            return Err(ReadError::Kind { hash: commit.root, expected: "dataset state" });
        };
        let table = root.tables.get(&id).map(|entry| {
            let top = near.and_then(|near| near.table.as_ref()).filter(|near| near.tree == entry.tree);
            let top = top.map(|near| near.top.clone()).unwrap_or_default();
            Table { name: entry.name.clone(), schema: entry.schema, tree: entry.tree, top }
        });
        Ok(Rc::new(CommitTable { commit, table }))
    }

    /// Goes back from a commit along only parents, past at most so many commits, as long as the table has the same schema
    /// there and the same leaf for the key of a row that it has; returns how many were passed and the last one reached. Ends early at what can't
    /// be read: who goes on from there will say so.
    pub(super) fn back_to_same_leaf(&self, from: &CommitTable, key: &Key, most: usize) -> (usize, Hash) {
        let (mut passed, mut hash) = (0, from.commit.hash);
        let (Some(id), Some(table)) = (self.table, &from.table) else { return (passed, hash) };
        let (Some(root), Ok(Some(top))) = (table.tree.root, table.top(self.source)) else { return (passed, hash) };
        let Some(mut trail) = Trail::new(root, top.clone(), key) else { return (passed, hash) };
        let Ok(mut commit) = self.source.object(hash) else { return (passed, hash) };
        while passed < most
            && let Object::Commit(Commit { parents, .. }) = &*commit
            && let [parent] = parents[..]
            && let Ok(before) = self.source.object(parent)
            && let Object::Commit(Commit { root, .. }) = &*before
            && let Ok(state) = self.source.object(*root)
            && let Object::Root(state) = &*state
            && let Some(entry) = state.tables.get(&id).filter(|entry| entry.schema == table.schema)
            && let Some(tree) = entry.tree.root
            && trail.leads_to_same_leaf(self.source, tree, key).is_ok_and(|same| same)
        {
            passed += 1;
            hash = parent;
            commit = before;
        }
        (passed, hash)
    }

    pub(super) fn columns(&self, hash: Hash) -> Result<Rc<Columns>, ReadError> {
        if let Some(columns) = self.schemas.borrow().get(&hash) {
            return Ok(Rc::clone(columns));
        }
        let columns = Rc::new(Columns::new(self.source.schema(hash)?));
        self.schemas.borrow_mut().insert(hash, Rc::clone(&columns));
        Ok(columns)
    }

    /// Which of the rows with these keys, which are in order, may differ between a table and the same at a parent.
    pub(super) fn relate(&self, table: &Table, parent: &Table, keys: &[&Key]) -> Result<Relation, ReadError> {
        let same_schema = table.schema == parent.schema;
        if same_schema && table.tree.root == parent.tree.root {
            return Ok(Relation { touched: Vec::new(), columns: None });
        }
        if same_schema {
            let pairs = self.differing(table, parent, keys)?;
            if pairs.is_empty() {
                return Ok(Relation { touched: Vec::new(), columns: None });
            }
            let columns = self.columns(table.schema)?;
            let touched = touched(&pairs, keys, &columns.schema, &columns.schema, true);
            return Ok(Relation { touched, columns: Some((Rc::clone(&columns), columns)) });
        }
        let columns = (self.columns(table.schema)?, self.columns(parent.schema)?);
        let (here, there) = (&columns.0.schema, &columns.1.schema);
        let touched = if reads_alike(&columns.0, &columns.1) {
            let same_tree = table.tree.root == parent.tree.root;
            let pairs = if same_tree { Vec::new() } else { self.differing(table, parent, keys)? };
            touched(&pairs, keys, here, there, false)
        } else {
            let each = keys.iter().enumerate().map(|(index, key)| {
                let row = table.tree.get(self.source, here, key)?;
                let carried = carry(here, there, row.as_ref());
                let before = match &carried {
                    Carried::Same => parent.tree.get(self.source, there, key)?,
                    Carried::To(key) => parent.tree.get(self.source, there, key)?,
                    Carried::Lost => None,
                };
                Ok(Touched { index, row, before, carried })
            });
            each.collect::<Result<_, _>>()?
        };
        Ok(Relation { touched, columns: Some(columns) })
    }

    fn differing(&self, table: &Table, parent: &Table, keys: &[&Key]) -> Result<Vec<Pair>, ReadError> {
        let mut pairs = Vec::new();
        let side = |table: &Table| -> Result<Option<(Hash, Node)>, ReadError> {
            Ok(table.tree.root.zip(table.top(self.source)?.cloned()))
        };
        descend(self.source, side(table)?, side(parent)?, keys, 0..keys.len(), &mut pairs)?;
        Ok(pairs)
    }
}

/// The way down a tree to a row that it has, as far as it was opened: inner nodes with their names, each with the child
/// that the way takes.
struct Trail {
    path: Vec<Crossing>,
}

struct Crossing {
    hash: Hash,
    node: Node,
    child: usize,
}

impl Crossing {
    /// None at a leaf.
    fn new(hash: Hash, node: Node, key: &Key, guess: usize) -> Option<Self> {
        let Content::Inner(inner) = node.content() else { return None };
        let child = inner.find_near(key, guess);
        Some(Self { hash, node, child })
    }

    fn inner(&self) -> &Inner {
        let Content::Inner(inner) = self.node.content() else { unreachable!("checked where it is made") };
        inner
    }

    /// The name of the child that the way takes.
    fn next(&self) -> Hash {
        self.inner().children()[self.child].hash
    }
}

impl Trail {
    fn new(hash: Hash, top: Node, key: &Key) -> Option<Self> {
        Some(Self { path: vec![Crossing::new(hash, top, key, 0)?] })
    }

    /// Whether the tree of this root has the leaf with the row too; then the trail goes on in that tree.
    fn leads_to_same_leaf(&mut self, source: &dyn ObjectSource, root: Hash, key: &Key) -> Result<bool, ReadError> {
        let Some(top) = self.path.first().filter(|top| top.hash != root) else { return Ok(true) };
        let node = Node::read(source, root)?;
        if node.level() != top.node.level() {
            return Ok(false);
        }
        let (mut others, mut hash, mut node) = (Vec::new(), root, node);
        for depth in 0.. {
            if self.path.len() == depth {
                // The nodes above are of one level in both trees, so this one is as well.
                let above = &self.path[depth - 1];
                let (hash, node) = (above.next(), above.node.child(source, above.child)?);
                let Some(crossing) = Crossing::new(hash, node, key, 0) else { break };
                self.path.push(crossing);
            }
            let here = &self.path[depth];
            let Some(there) = Crossing::new(hash, node, key, here.child) else { break };
            if there.next() == here.next() {
                others.push(there);
                self.path.splice(..=depth, others);
                return Ok(true);
            }
            if here.inner().level() == 1 {
                break;
            }
            hash = there.next();
            node = there.node.child(source, there.child)?;
            others.push(there);
        }
        Ok(false)
    }
}

/// The leaves that have these keys, or would; they differ.
struct Pair {
    here: Option<Node>,
    there: Option<Node>,
    keys: Range<usize>,
}

fn level(side: Option<&(Hash, Node)>) -> u8 {
    side.map_or(0, |(_, node)| node.level())
}

/// The child on the way to a key and the first of the keys that lies behind it.
fn way(inner: &Inner, keys: &[&Key], from: usize, end: usize) -> (usize, usize) {
    let child = inner.find(keys[from]);
    let is_last = child + 1 == inner.children().len();
    let behind = |last: &Key| from + keys[from..end].partition_point(|key| *key <= last);
    (child, if is_last { end } else { behind(&inner.children()[child].last).max(from + 1) })
}

/// Goes down two trees at once on the way to the keys, not into nodes that are the same.
fn descend(
    source: &dyn ObjectSource,
    here: Option<(Hash, Node)>,
    there: Option<(Hash, Node)>,
    keys: &[&Key],
    wanted: Range<usize>,
    pairs: &mut Vec<Pair>,
) -> Result<(), ReadError> {
    let same = match (&here, &there) {
        (Some((a, _)), Some((b, _))) => a == b,
        (None, None) => true,
        _ => false,
    };
    if same || wanted.is_empty() {
        return Ok(());
    }
    let (level_here, level_there) = (level(here.as_ref()), level(there.as_ref()));
    if level_here == 0 && level_there == 0 {
        let node = |side: Option<(Hash, Node)>| side.map(|(_, node)| node);
        pairs.push(Pair { here: node(here), there: node(there), keys: wanted });
        return Ok(());
    }
    let mut from = wanted.start;
    while from < wanted.end {
        let mut end = wanted.end;
        // The way down on the sides that are highest.
        let mut choose = |side: &Option<(Hash, Node)>, is_high: bool| match side {
            Some((_, node)) if is_high => match node.content() {
                Content::Inner(inner) => {
                    let (child, behind) = way(inner, keys, from, wanted.end);
                    end = end.min(behind);
                    Some((child, inner.children()[child].hash))
                }
                Content::Leaf(_) => None,
            },
            _ => None,
        };
        let next_here = choose(&here, level_here >= level_there);
        let next_there = choose(&there, level_there >= level_here);
        let hash = |next: Option<(usize, Hash)>, side: &Option<(Hash, Node)>| {
            next.map(|(_, hash)| hash).or(side.as_ref().map(|(hash, _)| *hash))
        };
        if hash(next_here, &here) != hash(next_there, &there) {
            let open = |next: Option<(usize, Hash)>, side: &Option<(Hash, Node)>| match (next, side) {
                (Some((child, hash)), Some((_, node))) => Ok(Some((hash, node.child(source, child)?))),
                _ => Ok(side.clone()),
            };
            descend(source, open(next_here, &here)?, open(next_there, &there)?, keys, from..end, pairs)?;
        }
        from = end;
    }
    Ok(())
}

fn leaf(node: Option<&Node>) -> Option<&Leaf> {
    match node?.content() {
        Content::Leaf(leaf) => Some(leaf),
        Content::Inner(_) => None,
    }
}

/// The rows of differing leaves that differ.
fn touched(pairs: &[Pair], keys: &[&Key], here: &Schema, there: &Schema, same_schema: bool) -> Vec<Touched> {
    let mut touched = Vec::new();
    for pair in pairs {
        let (leaf_here, leaf_there) = (leaf(pair.here.as_ref()), leaf(pair.there.as_ref()));
        let comparison = leaf_here.zip(leaf_there).filter(|_| same_schema).map(|(a, b)| Comparison::new(a, b, here));
        // The keys are most often those of rows next to each other.
        let (mut guess_here, mut guess_there) = (0, 0);
        for index in pair.keys.clone() {
            let place = |leaf: &Leaf, guess: &mut usize| {
                let found = leaf.find_near(keys[index], *guess);
                *guess = found.map_or_else(|place| place, |place| place + 1);
                found.ok()
            };
            let row_here = leaf_here.and_then(|leaf| Some((leaf, place(leaf, &mut guess_here)?)));
            let row_there = leaf_there.and_then(|leaf| Some((leaf, place(leaf, &mut guess_there)?)));
            match (row_here, row_there, &comparison) {
                (None, None, _) => continue,
                (Some((_, i)), Some((_, j)), Some(comparison)) if comparison.is_same(i, j) => continue,
                _ => {}
            }
            let row = row_here.map(|(leaf, place)| leaf.row(here, place));
            let before = row_there.map(|(leaf, place)| leaf.row(there, place));
            if !same_schema || row != before {
                touched.push(Touched { index, row, before, carried: Carried::Same });
            }
        }
    }
    touched
}

/// Whether one leaf means the same cells under both schemas, in the columns that both have, and the same keys.
fn reads_alike(here: &Columns, there: &Columns) -> bool {
    here.schema.primary_key == there.schema.primary_key
        && here.schema.columns.iter().all(|column| {
            there.column(column.id).is_none_or(|before| before.ty == column.ty && before.fill == column.fill)
        })
}

/// Where the row is looked for under the parent's schema. Its key there is made of the cells that it has here in the
/// columns of the key there, converted back where the commit gave a column another type.
fn carry(here: &Schema, there: &Schema, row: Option<&Row>) -> Carried {
    let type_of = |schema: &Schema, id: &ColumnId| schema.column(*id).map(|column| column.ty);
    let same_types = here.primary_key.iter().all(|id| type_of(here, id) == type_of(there, id));
    if here.primary_key == there.primary_key && same_types {
        return Carried::Same;
    }
    let Some(row) = row else { return Carried::Lost };
    let mut before: Row = vec![Value::Null; there.columns.len()];
    for position in there.key_positions() {
        let column = &there.columns[position];
        let cell = here.position(column.id).and_then(|position| row.get(position));
        match cell.map(|value| value.cast(column.ty)) {
            Some(Ok(value)) => before[position] = value,
            Some(Err(_)) | None => return Carried::Lost,
        }
    }
    Key::of_row(there, &before).map_or(Carried::Lost, Carried::To)
}

/// The columns in which a row differs from what it was. A column that is new is compared with its fill: the row has not
/// changed where it only got that. A column that is gone is part of the schema's change, and so is a value that was only
/// [converted](Value::is_same) to its column's new type.
pub(super) fn changed_columns(here: &Columns, row: &Row, there: &Columns, before: &Row) -> Vec<ColumnId> {
    let columns = here.schema.columns.iter().zip(row);
    let changed =
        columns.filter(|(column, value)| !there.cell(before, column.id).unwrap_or(&column.fill).is_same(value));
    changed.map(|(column, _)| column.id).collect()
}
