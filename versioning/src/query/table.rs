//! A table as it is asked: a tree with a draft laid over it, read leaf by leaf in the order of its keys.

use std::ops::{Bound, ControlFlow};

use super::{
    bind::{Part, Predicate},
    evaluate::Columns,
    range::{KeyRange, successor},
};
use crate::{
    ColumnId, Hash, Key, ObjectSource, ReadError, Row, Schema, Tree, Type,
    bits::Bits,
    overlay::{Patch, Patches},
    schema::RowError,
    tree::{Content, Leaf, Node},
};

/// The rows of a leaf that is made of a draft's rows.
const LEAF_ROWS: usize = 512;
/// The most nodes that a source is told of at once.
const PREFETCH: usize = 64;

/// A table could not be scanned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ScanError {
    /// A node of the tree can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tree's rows are of another schema.
    #[error("“{column}” is a column of type {expected}, but its cells are of type {found}")]
    Type {
        /// The column's name.
        column: String,
        /// Its type.
        expected: Type,
        /// The type of the cells.
        found: Type,
    },
    /// A row of the draft does not fit the schema.
    #[error("a row of the draft does not fit the table: {reason}")]
    Patch {
        /// The row's key.
        key: Key,
        /// What is wrong with it.
        reason: RowError,
    },
    /// The table has no such column.
    #[error("the table has no column with the id {id}")]
    Column {
        /// The id that was asked for.
        id: ColumnId,
    },
    /// Values of this type can't be sorted.
    #[error("“{column}” can't be sorted by: values of type {ty} have no order")]
    NoOrder {
        /// The column's name.
        column: String,
        /// Its type.
        ty: Type,
    },
    /// The place to go on behind has another number of values than there are columns to sort by.
    #[error("the page goes on behind {found} values, but {expected} columns are sorted by")]
    Place {
        /// Values of the place.
        found: usize,
        /// Columns.
        expected: usize,
    },
    /// More rows of an order were asked for than are kept.
    #[error(
        "at most {} sorted rows can be asked for at once, not {asked}; go on behind the last row instead",
        super::MAX_TOP
    )]
    TopTooLarge {
        /// Rows asked for.
        asked: usize,
    },
    /// More rows were found than are kept at once.
    #[error("more rows are found than can be scrolled over; ask for fewer")]
    TooManyRows,
    /// Values of this type can't be added up, or have no order.
    #[error("there is no {aggregate} of “{column}”, a column of type {ty}")]
    Aggregate {
        /// What was asked for.
        aggregate: &'static str,
        /// The column's name.
        column: String,
        /// Its type.
        ty: Type,
    },
    /// There are more groups than were asked for.
    #[error("there are more than {limit} groups; group by columns with fewer values, or filter")]
    TooManyGroups {
        /// The limit.
        limit: usize,
    },
    /// A sum has more digits than a value holds.
    #[error("the sum of “{column}” is too large or has too many digits")]
    Overflow {
        /// The column's name.
        column: String,
    },
}

/// Some rows in their order, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<C> {
    /// The rows with their keys.
    pub rows: Vec<(Key, Row)>,
    /// Behind what to go on; none at the end.
    pub next: Option<C>,
}

/// A table to ask: a tree and the changed rows of a draft, if there is one.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    pub(super) source: &'a dyn ObjectSource,
    pub(super) schema: &'a Schema,
    pub(super) tree: Tree,
    patches: Option<&'a Patches>,
}

/// In which order leaves are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    Forward,
    Backward,
}

/// What looks at each leaf: its columns, and the rows in the range that satisfy the predicate.
pub(super) type Visit<'v> = dyn FnMut(&Columns<'_>, Bits) -> Result<ControlFlow<()>, ScanError> + 'v;

impl<'a> Table<'a> {
    /// The rows of a tree.
    #[must_use]
    pub fn new(source: &'a dyn ObjectSource, schema: &'a Schema, tree: Tree) -> Self {
        Self { source, schema, tree, patches: None }
    }

    /// The table with a draft laid over it: what it says after is there instead of what the tree has. Costs reading and
    /// making anew the leaves that it touches.
    #[must_use]
    pub fn with_patches(self, patches: &'a Patches) -> Self {
        Self { patches: Some(patches).filter(|patches| !patches.is_empty()), ..self }
    }

    /// The number of rows in the range that satisfy the predicate.
    ///
    /// # Errors
    /// A node can't be read, or a row of the draft does not fit.
    pub fn count(&self, predicate: &Predicate, range: &KeyRange) -> Result<u64, ScanError> {
        if matches!(predicate.root, Part::Constant(true)) && *range == KeyRange::all() && self.patches.is_none() {
            return Ok(self.tree.rows);
        }
        let mut count = 0;
        self.scan(predicate, range, Walk::Forward, &mut |_, rows| {
            count += rows.count() as u64;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The first rows in the range that satisfy the predicate, in the order of their keys. `columns` are those to return,
    /// in this order; none: all of the schema. The next page's range is [`KeyRange::after`] what the page ends with.
    ///
    /// # Errors
    /// A node can't be read, a column does not exist, or a row of the draft does not fit.
    pub fn rows(
        &self,
        predicate: &Predicate,
        columns: Option<&[ColumnId]>,
        range: &KeyRange,
        limit: usize,
    ) -> Result<Page<Key>, ScanError> {
        let positions = self.positions(columns)?;
        let mut page = Page { rows: Vec::new(), next: None };
        self.scan(predicate, range, Walk::Forward, &mut |leaf, rows| {
            for row in rows.iter() {
                if page.rows.len() == limit {
                    page.next = page.rows.last().map(|(key, _)| key.clone());
                    return Ok(ControlFlow::Break(()));
                }
                let cells = positions.iter().map(|position| leaf.get(*position).value(row)).collect();
                page.rows.push((Key::from_bytes(leaf.leaf.key(row)), cells));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(page)
    }

    /// The row with this key.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn get(&self, key: &Key) -> Result<Option<Row>, ReadError> {
        match self.patches.and_then(|patches| patches.get(key)) {
            Some(patch) => Ok(patch.after.clone()),
            None => self.tree.get(self.source, self.schema, key),
        }
    }

    pub(super) fn position(&self, id: ColumnId) -> Result<usize, ScanError> {
        self.schema.position(id).ok_or(ScanError::Column { id })
    }

    pub(super) fn positions(&self, columns: Option<&[ColumnId]>) -> Result<Vec<usize>, ScanError> {
        match columns {
            None => Ok((0..self.schema.columns.len()).collect()),
            Some(columns) => columns.iter().map(|id| self.position(*id)).collect(),
        }
    }

    /// Divides the table into ranges of about equal numbers of the tree's rows, at most `parts`, in order: together they
    /// have every key once. Reads inner nodes only.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn split(&self, parts: usize) -> Result<Vec<KeyRange>, ScanError> {
        let mut ranges = Vec::new();
        let mut from = Vec::new();
        if let Some(root) = self.tree.root.filter(|_| parts > 1) {
            let mut nodes = vec![Node::read(self.source, root)?];
            let children = loop {
                let children = |node: &Node| match node.content() {
                    Content::Inner(inner) => inner.children().to_vec(),
                    Content::Leaf(_) => Vec::new(),
                };
                let level: Vec<Vec<_>> = nodes.iter().map(children).collect();
                let count = level.iter().map(Vec::len).sum::<usize>();
                // Enough that the ranges differ by some percent.
                if count >= parts.saturating_mul(8) || nodes.iter().any(|node| node.level() <= 1) {
                    break level.concat();
                }
                let below = level.concat().iter().map(|child| child.hash).collect::<Vec<Hash>>();
                below.chunks(PREFETCH).for_each(|hashes| self.source.prefetch(hashes));
                let open =
                    |node: &Node| (0..children(node).len()).map(|index| node.child(self.source, index)).collect();
                let opened: Vec<Vec<Node>> = nodes.iter().map(open).collect::<Result<_, ReadError>>()?;
                nodes = opened.concat();
            };
            let mut before = 0_u64;
            for child in children.iter().take(children.len().saturating_sub(1)) {
                before = before.saturating_add(child.rows);
                let due = u128::from(self.tree.rows) * (ranges.len() as u128 + 1) / parts as u128;
                if u128::from(before) >= due && ranges.len() + 1 < parts {
                    let to = successor(&child.last);
                    ranges.push(KeyRange { from: std::mem::replace(&mut from, to.clone()), to: Some(to) });
                }
            }
        }
        ranges.push(KeyRange { from, to: None });
        Ok(ranges)
    }

    /// Visits the leaves that may have rows in the range that satisfy the predicate.
    pub(super) fn scan(
        &self,
        predicate: &Predicate,
        range: &KeyRange,
        walk: Walk,
        visit: &mut Visit<'_>,
    ) -> Result<(), ScanError> {
        let wanted =
            predicate.ranges().iter().map(|bounds| bounds.and(range)).filter(|range| !range.is_empty()).collect();
        let mut scan = Scan { table: self, predicate, range, wanted, walk, visit };
        // Where the walk was ended, the visitor knows.
        let _ = match self.tree.root {
            Some(root) => scan.node(&Node::read(self.source, root)?, &Span::default())?,
            None => scan.leaf(None, &Span::default())?,
        };
        Ok(())
    }
}

/// The keys that a node stands for: behind the last key of the node before it, up to its own last key or, the last node,
/// to the end.
#[derive(Clone, Default)]
struct Span {
    after: Option<Key>,
    last: Option<Key>,
}

impl Span {
    fn range(&self) -> KeyRange {
        KeyRange { from: self.after.as_ref().map(successor).unwrap_or_default(), to: self.last.as_ref().map(successor) }
    }
}

struct Scan<'s, 'v> {
    table: &'s Table<'s>,
    predicate: &'s Predicate,
    range: &'s KeyRange,
    /// What of the range the predicate's bounds leave, in order.
    wanted: Vec<KeyRange>,
    walk: Walk,
    visit: &'s mut Visit<'v>,
}

impl Scan<'_, '_> {
    fn wants(&self, span: &Span) -> bool {
        let range = span.range();
        let first = self.wanted.partition_point(|wanted| wanted.to.as_ref().is_some_and(|to| *to <= range.from));
        self.wanted.get(first).is_some_and(|wanted| range.to.as_ref().is_none_or(|to| wanted.from < *to))
    }

    fn node(&mut self, node: &Node, span: &Span) -> Result<ControlFlow<()>, ScanError> {
        let children = match node.content() {
            Content::Leaf(leaf) => return self.leaf(Some(leaf), span),
            Content::Inner(inner) => inner.children(),
        };
        let mut wanted = Vec::new();
        for (index, child) in children.iter().enumerate() {
            let after = if index == 0 { span.after.clone() } else { Some(children[index - 1].last.clone()) };
            let last = if index + 1 == children.len() { span.last.clone() } else { Some(child.last.clone()) };
            let below = Span { after, last };
            if self.wants(&below) {
                wanted.push((index, below));
            }
        }
        if self.walk == Walk::Backward {
            wanted.reverse();
        }
        for some in wanted.chunks(PREFETCH) {
            let hashes: Vec<Hash> = some.iter().map(|(index, _)| children[*index].hash).collect();
            self.table.source.prefetch(&hashes);
            for (index, below) in some {
                if self.node(&node.child(self.table.source, *index)?, below)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A leaf of the tree, or its end, with the draft's rows that belong there.
    fn leaf(&mut self, leaf: Option<&Leaf>, span: &Span) -> Result<ControlFlow<()>, ScanError> {
        let schema = self.table.schema;
        let after = span.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let last = span.last.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let patches = self.table.patches.map(|patches| patches.range((after, last)));
        let mut patches = patches.into_iter().flatten().peekable();
        if patches.peek().is_none() {
            return leaf.map_or(Ok(ControlFlow::Continue(())), |leaf| self.visit(leaf, &span.range()));
        }
        let mut rows: Vec<(Key, Row)> = Vec::new();
        let patched = |key: &Key, patch: &Patch, rows: &mut Vec<(Key, Row)>| {
            let Some(row) = &patch.after else { return Ok(()) };
            check(schema, row).map_err(|reason| ScanError::Patch { key: key.clone(), reason })?;
            rows.push((key.clone(), row.clone()));
            Ok::<(), ScanError>(())
        };
        for (key, row) in leaf.into_iter().flat_map(|leaf| leaf.rows(schema, 0..leaf.len())) {
            while let Some((new, patch)) = patches.next_if(|(new, _)| **new < key) {
                patched(new, patch, &mut rows)?;
            }
            match patches.next_if(|(changed, _)| **changed == key) {
                Some((_, patch)) => patched(&key, patch, &mut rows)?,
                None => rows.push((key, row)),
            }
        }
        for (key, patch) in patches {
            patched(key, patch, &mut rows)?;
        }
        let mut leaves: Vec<&[(Key, Row)]> = rows.chunks(LEAF_ROWS).collect();
        if self.walk == Walk::Backward {
            leaves.reverse();
        }
        for rows in leaves {
            if self.visit(&Leaf::build(schema, rows), &span.range())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn visit(&mut self, leaf: &Leaf, span: &KeyRange) -> Result<ControlFlow<()>, ScanError> {
        for column in &self.table.schema.columns {
            if let Some(found) = leaf.type_of(column.id).filter(|found| *found != column.ty) {
                let (column, expected) = (column.name.clone(), column.ty);
                return Err(ScanError::Type { column, expected, found });
            }
        }
        let columns = Columns::new(leaf, self.table.schema);
        let mut rows = self.predicate.evaluate(&columns);
        if span.and(self.range) != *span && !rows.is_empty() {
            let place = |bytes: &[u8]| leaf.find(&Key::from_bytes(bytes)).unwrap_or_else(|place| place);
            let start = place(&self.range.from);
            let end = self.range.to.as_ref().map_or(leaf.len(), |to| place(to));
            rows = rows.within(&(start..end.max(start)));
        }
        (self.visit)(&columns, rows)
    }
}

/// Whether the cells can stand in a leaf: a draft's row may still lack what is required.
fn check(schema: &Schema, row: &Row) -> Result<(), RowError> {
    if row.len() != schema.columns.len() {
        return Err(RowError::CellCount { found: row.len(), expected: schema.columns.len() });
    }
    for (column, value) in schema.columns.iter().zip(row) {
        match value.ty() {
            Some(ty) if ty != column.ty => {
                return Err(RowError::WrongType { column: column.name.clone(), expected: column.ty });
            }
            None if schema.is_key(column.id) => return Err(RowError::Required { column: column.name.clone() }),
            _ => {}
        }
    }
    Ok(())
}
