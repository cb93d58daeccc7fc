//! Diff: the rows in which two trees differ, at a cost that follows the number of differences (rules D1 to D4).
//!
//! Two walks go over the trees side by side and pass subtrees of one hash without opening them. Because boundaries
//! depend on keys alone, such subtrees line up again right after each difference.

use std::{cmp::Ordering, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{
    Column, ColumnId, Hash, Key, ObjectSource, ReadError, Row, Schema, TableId, Tree, Type, Value,
    schema::CheckShown,
    tree::{
        Leaf, Node, ahead,
        rows::RowSet,
        walk::{Next, Walk},
        walk3::{Place, leaf},
    },
};

/// A row that differs. Cells follow the schema of their side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDelta {
    /// The row's primary key.
    pub key: Key,
    /// The row before; none when it is new.
    pub before: Option<Row>,
    /// The row after; none when it is gone.
    pub after: Option<Row>,
}

/// The differing rows of two trees in the order of their keys, found as they are asked for.
pub struct Diff<'a> {
    source: &'a dyn ObjectSource,
    before: (Walk<'a>, &'a Schema),
    after: (Walk<'a>, &'a Schema),
    same_schema: bool,
    aligned: Option<Aligned>,
    /// Whether leaves of one hash have the same rows under both schemas.
    same_fills: bool,
    lists_gone: bool,
    failed: bool,
}

/// A row before and after: at least one of the two.
pub(crate) type Places = (Option<Place>, Option<Place>);

/// Two leaves of the same keys, and the rows that differ between them.
struct Aligned {
    before: Node,
    after: Node,
    rows: RowSet,
    next: usize,
}

/// What to do next.
enum Act {
    Skip,
    Open { before: bool, after: bool },
    Removed,
    Added,
    Compare,
    Align,
}

impl<'a> Diff<'a> {
    /// The rows behind the key `from` that differ between two trees, each under its schema.
    ///
    /// # Errors
    /// A node on the way to `from` can't be read.
    pub fn new(
        source: &'a dyn ObjectSource,
        before: (Tree, &'a Schema),
        after: (Tree, &'a Schema),
        from: Option<&Key>,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            source,
            before: (Walk::new(source, before.0, from)?, before.1),
            after: (Walk::new(source, after.0, from)?, after.1),
            same_schema: before.1 == after.1,
            aligned: None,
            same_fills: after
                .1
                .columns
                .iter()
                .all(|new| before.1.column(new.id).is_none_or(|old| old.fill.is_same(&new.fill))),
            lists_gone: true,
            failed: false,
        })
    }

    /// Does not list rows that differ only in columns that the later schema does not have: whoever dropped a column
    /// changed the table, not a million rows. Such a diff has no inverse.
    #[must_use]
    pub fn without_gone_columns(mut self) -> Self {
        self.lists_gone = false;
        self
    }

    fn step(&mut self) -> Result<Option<RowDelta>, ReadError> {
        while let Some((before, after)) = self.places()? {
            let Some(key) = after.as_ref().or(before.as_ref()).map(Place::key) else { continue };
            let before = before.map(|place| place.leaf().row(self.before.1, place.index));
            let after = after.map(|place| place.leaf().row(self.after.1, place.index));
            if !self.same_schema
                && let (Some(old), Some(new)) = (&before, &after)
                && self.same_cells(old, new)
            {
                continue;
            }
            return Ok(Some(RowDelta { key, before, after }));
        }
        Ok(None)
    }

    /// The next row that may differ, before and after: where the schemas differ, a row that is in both trees may turn
    /// out to be the same.
    pub(crate) fn places(&mut self) -> Result<Option<Places>, ReadError> {
        loop {
            if let Some((before, after)) = self.next_aligned() {
                return Ok(Some((Some(before), Some(after))));
            }
            let Some(act) = self.act() else { return Ok(None) };
            match act {
                Act::Skip => self.pass_both(),
                Act::Open { before, after } => self.open(before, after)?,
                Act::Removed => return Ok(Some((take(&mut self.before.0), None))),
                Act::Added => return Ok(Some((None, take(&mut self.after.0)))),
                Act::Compare => return Ok(Some((take(&mut self.before.0), take(&mut self.after.0)))),
                Act::Align => self.align(),
            }
        }
    }

    /// Counts what differs instead of listing it. Of leaves with the same keys no row is made.
    ///
    /// # Errors
    /// A node can't be read.
    pub fn counts(mut self) -> Result<Counts, ReadError> {
        let mut counts = Counts::default();
        while let Some(act) = self.act() {
            match act {
                Act::Skip => self.pass_both(),
                Act::Open { before, after } => self.open(before, after)?,
                Act::Removed => {
                    counts.removed += 1;
                    self.before.0.skip();
                }
                Act::Added => {
                    counts.added += 1;
                    self.after.0.skip();
                }
                Act::Compare => {
                    let row = |walk: &Walk<'_>, schema| walk.row().map(|(node, index)| leaf(node).row(schema, index));
                    if let (Some(old), Some(new)) =
                        (row(&self.before.0, self.before.1), row(&self.after.0, self.after.1))
                        && !self.same_cells(&old, &new)
                    {
                        counts.add_row(cell_changes(self.before.1, &old, self.after.1, &new));
                    }
                    self.pass_both();
                }
                Act::Align => {
                    if let Some((before, after)) = self.pass_leaves() {
                        counts.add_leaves(leaf(&before), leaf(&after), self.after.1);
                    }
                }
            }
        }
        Ok(counts)
    }

    fn pass_both(&mut self) {
        self.before.0.skip();
        self.after.0.skip();
    }

    fn open(&mut self, before: bool, after: bool) -> Result<(), ReadError> {
        let same_fills = self.same_fills;
        let opens = |[before, after]: [Option<Hash>; 2]| before != after || !same_fills;
        ahead::before_opening(self.source, [&mut self.before.0, &mut self.after.0], opens);
        if before {
            self.before.0.open()?;
        }
        if after {
            self.after.0.open()?;
        }
        Ok(())
    }

    fn act(&self) -> Option<Act> {
        let (before, after) = (&self.before.0, &self.after.0);
        Some(match (before.peek(), after.peek()) {
            (None, None) => return None,
            (
                Some(Next::Subtree { hash: a, level: level_a, .. }),
                Some(Next::Subtree { hash: b, level: level_b, .. }),
            ) => {
                // An unopened root has no level yet: it is opened first.
                let order = match (level_a, level_b) {
                    (Some(a), Some(b)) => a.cmp(&b),
                    (None, None) => Ordering::Equal,
                    (None, _) => Ordering::Greater,
                    (_, None) => Ordering::Less,
                };
                if a == b && self.same_fills {
                    Act::Skip
                } else {
                    Act::Open { before: order.is_ge(), after: order.is_le() }
                }
            }
            (Some(Next::Subtree { .. }), None) => Act::Open { before: true, after: false },
            (None, Some(Next::Subtree { .. })) => Act::Open { before: false, after: true },
            (Some(Next::Row { leaf, index }), Some(Next::Subtree { .. })) => {
                if after.has_passed(leaf.key(index)) {
                    Act::Removed
                } else {
                    Act::Open { before: false, after: true }
                }
            }
            (Some(Next::Subtree { .. }), Some(Next::Row { leaf, index })) => {
                if before.has_passed(leaf.key(index)) {
                    Act::Added
                } else {
                    Act::Open { before: true, after: false }
                }
            }
            (Some(Next::Row { .. }), None) => Act::Removed,
            (None, Some(Next::Row { .. })) => Act::Added,
            (Some(Next::Row { leaf: a, index: i }), Some(Next::Row { leaf: b, index: j })) => {
                match a.key(i).cmp(b.key(j)) {
                    Ordering::Less => Act::Removed,
                    Ordering::Greater => Act::Added,
                    Ordering::Equal if !self.same_schema => Act::Compare,
                    Ordering::Equal if i == 0 && j == 0 && a.same_keys(b) => Act::Align,
                    Ordering::Equal if a.same_row(i, b, j, self.after.1.columns.iter()) => Act::Skip,
                    Ordering::Equal => Act::Compare,
                }
            }
        })
    }

    /// Compares two leaves of the same keys column by column.
    fn align(&mut self) {
        let Some((before, after)) = self.pass_leaves() else { return };
        let rows = leaf(&before).differing(leaf(&after), self.after.1.columns.iter());
        self.aligned = Some(Aligned { before, after, rows, next: 0 });
    }

    /// The open leaves, which are passed.
    fn pass_leaves(&mut self) -> Option<(Node, Node)> {
        let (before, _) = self.before.0.row()?;
        let (after, _) = self.after.0.row()?;
        let leaves = (before.clone(), after.clone());
        self.before.0.skip_leaf();
        self.after.0.skip_leaf();
        Some(leaves)
    }

    fn same_cells(&self, old: &Row, new: &Row) -> bool {
        let mut changes = cell_changes(self.before.1, old, self.after.1, new);
        changes.all(|change| !self.lists_gone && self.after.1.column(change.column).is_none())
    }

    fn next_aligned(&mut self) -> Option<(Place, Place)> {
        let aligned = self.aligned.as_mut()?;
        let Some(index) = aligned.rows.from(aligned.next) else {
            self.aligned = None;
            return None;
        };
        aligned.next = index + 1;
        let place = |node: &Node| Place { node: node.clone(), index };
        Some((place(&aligned.before), place(&aligned.after)))
    }
}

/// The row that comes next, which is passed.
fn take(walk: &mut Walk<'_>) -> Option<Place> {
    let place = walk.row().map(|(node, index)| Place { node: node.clone(), index });
    walk.skip();
    place
}

impl Iterator for Diff<'_> {
    type Item = Result<RowDelta, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}

/// How much differs between two states of a table (rule D5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that are new.
    pub added: u64,
    /// Rows that are gone.
    pub removed: u64,
    /// Rows that are on both sides and differ.
    pub changed: u64,
    /// For each column, the cells that differ in rows of both sides; see [`cell_changes`].
    pub cells: BTreeMap<ColumnId, u64>,
}

impl Counts {
    fn add_row<'r>(&mut self, changes: impl Iterator<Item = CellChange<'r>>) {
        self.changed += 1;
        changes.for_each(|change| *self.cells.entry(change.column).or_default() += 1);
    }

    /// Adds what differs between two leaves of the same keys.
    fn add_leaves(&mut self, before: &Leaf, after: &Leaf, schema: &Schema) {
        let mut rows = RowSet::new(before.len());
        for column in &schema.columns {
            let differing = before.differing(after, std::iter::once(column));
            if !differing.is_empty() {
                *self.cells.entry(column.id).or_default() += differing.count();
                rows.add(&differing);
            }
        }
        self.changed += rows.count();
    }
}

/// A cell that differs between two states of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellChange<'r> {
    /// The column.
    pub column: ColumnId,
    /// The value before; the column's fill where the column did not exist.
    pub before: &'r Value,
    /// The value after; the column's fill where the column does not exist any more.
    pub after: &'r Value,
}

/// The cells that differ: in the order of the newer schema, then those of columns that are gone.
///
/// A column that only one schema has is compared with its [fill](Column::fill), which is what all rows have where
/// nobody set anything else. Where a column got another type, a cell that is just [converted](Value::is_same) does not
/// differ: both are part of the schema's change, not of each row's.
pub fn cell_changes<'r>(
    before_schema: &'r Schema,
    before: &'r Row,
    after_schema: &'r Schema,
    after: &'r Row,
) -> impl Iterator<Item = CellChange<'r>> {
    let kept = after_schema.columns.iter().zip(after).filter_map(|(column, new)| {
        let old = before_schema.position(column.id).map_or(&column.fill, |position| &before[position]);
        (!old.is_same(new)).then_some(CellChange { column: column.id, before: old, after: new })
    });
    let gone = before_schema.columns.iter().zip(before).filter_map(|(column, old)| {
        let is_gone = *old != column.fill && after_schema.column(column.id).is_none();
        is_gone.then_some(CellChange { column: column.id, before: old, after: &column.fill })
    });
    kept.chain(gone)
}

/// A difference between two schemas of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchemaChange {
    /// A column is new.
    ColumnAdded(Column),
    /// A column is gone.
    ColumnRemoved(Column),
    /// A column has another name.
    ColumnRenamed {
        /// The column.
        id: ColumnId,
        /// Its name before.
        before: String,
        /// Its name after.
        after: String,
    },
    /// A column holds another type.
    TypeChanged {
        /// The column's name after.
        column: String,
        /// Its type before.
        before: Type,
        /// Its type after.
        after: Type,
    },
    /// Cells of a column may or may no longer be empty.
    RequiredChanged {
        /// The column's name after.
        column: String,
        /// Whether they must not be empty now.
        required: bool,
    },
    /// Rows may or may no longer have the same value in a column.
    UniqueChanged {
        /// The column's name after.
        column: String,
        /// Whether no two rows may have the same value now.
        unique: bool,
    },
    /// The value that rows have where nothing is stored was converted to the column's new type.
    FillChanged {
        /// The column's name after.
        column: String,
        /// The value before.
        before: Value,
        /// The value after.
        after: Value,
    },
    /// New rows begin with another value in a column.
    DefaultChanged {
        /// The column's name after.
        column: String,
        /// The default before; null: none.
        before: Value,
        /// The default after; null: none.
        after: Value,
    },
    /// The smallest value of a column is another.
    MinimumChanged {
        /// The column's name after.
        column: String,
        /// The minimum before; null: none.
        before: Value,
        /// The minimum after; null: none.
        after: Value,
    },
    /// The largest value of a column is another.
    MaximumChanged {
        /// The column's name after.
        column: String,
        /// The maximum before; null: none.
        before: Value,
        /// The maximum after; null: none.
        after: Value,
    },
    /// Texts of a column match another pattern.
    PatternChanged {
        /// The column's name after.
        column: String,
        /// The pattern before; empty: none.
        before: String,
        /// The pattern after; empty: none.
        after: String,
    },
    /// A column has other options, or has them in another order.
    OptionsChanged {
        /// The column's name after.
        column: String,
        /// The options before.
        before: Vec<String>,
        /// The options after.
        after: Vec<String>,
    },
    /// Links of a column lead to another table.
    TargetChanged {
        /// The column's name after.
        column: String,
        /// The table before.
        before: Option<TableId>,
        /// The table after.
        after: Option<TableId>,
    },
    /// A column means something else.
    DescriptionChanged {
        /// The column's name after.
        column: String,
        /// The description before.
        before: String,
        /// The description after.
        after: String,
    },
    /// The columns that both have stand in another order.
    ColumnsReordered,
    /// Rows are named by other columns.
    PrimaryKeyChanged {
        /// The names of the key's columns before.
        before: Vec<String>,
        /// The names of the key's columns after.
        after: Vec<String>,
    },
    /// The table means something else.
    TableDescriptionChanged {
        /// The description before.
        before: String,
        /// The description after.
        after: String,
    },
    /// Keys are or are no longer made for rows that are inserted without one.
    GeneratedKeyChanged {
        /// Whether they are made now.
        generated: bool,
    },
    /// A check is new.
    CheckAdded(CheckShown),
    /// A check is gone.
    CheckRemoved(CheckShown),
    /// A check has another name, filter, severity or message.
    CheckChanged {
        /// The check before.
        before: CheckShown,
        /// The check after.
        after: CheckShown,
    },
}

/// The differences between two schemas of a table, in a stable order.
#[must_use]
pub fn schema_changes(before: &Schema, after: &Schema) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    for column in &before.columns {
        if after.column(column.id).is_none() {
            changes.push(SchemaChange::ColumnRemoved(column.clone()));
        }
    }
    for new in &after.columns {
        let Some(old) = before.column(new.id) else {
            changes.push(SchemaChange::ColumnAdded(new.clone()));
            continue;
        };
        if old.name != new.name {
            let (before, after) = (old.name.clone(), new.name.clone());
            changes.push(SchemaChange::ColumnRenamed { id: new.id, before, after });
        }
        if old.ty != new.ty {
            changes.push(SchemaChange::TypeChanged { column: new.name.clone(), before: old.ty, after: new.ty });
        }
        if old.required != new.required {
            changes.push(SchemaChange::RequiredChanged { column: new.name.clone(), required: new.required });
        }
        if old.unique != new.unique {
            changes.push(SchemaChange::UniqueChanged { column: new.name.clone(), unique: new.unique });
        }
        macro_rules! compare {
            ($($field:ident, $change:ident;)*) => {$(
                if old.$field != new.$field {
                    changes.push(SchemaChange::$change {
                        column: new.name.clone(),
                        before: old.$field.clone(),
                        after: new.$field.clone(),
                    });
                }
            )*};
        }
        compare! {
            fill, FillChanged;
            default, DefaultChanged;
            minimum, MinimumChanged;
            maximum, MaximumChanged;
            pattern, PatternChanged;
            options, OptionsChanged;
            target, TargetChanged;
            description, DescriptionChanged;
        }
    }
    let shared = |schema: &Schema, other: &Schema| {
        let columns = schema.columns.iter().filter(|column| other.column(column.id).is_some());
        columns.map(|column| column.id).collect::<Vec<_>>()
    };
    if shared(before, after) != shared(after, before) {
        changes.push(SchemaChange::ColumnsReordered);
    }
    if before.primary_key != after.primary_key {
        let names = |schema: &Schema| {
            schema.key_positions().into_iter().map(|position| schema.columns[position].name.clone()).collect()
        };
        changes.push(SchemaChange::PrimaryKeyChanged { before: names(before), after: names(after) });
    }
    if before.description != after.description {
        let (before, after) = (before.description.clone(), after.description.clone());
        changes.push(SchemaChange::TableDescriptionChanged { before, after });
    }
    if before.generated_key != after.generated_key {
        changes.push(SchemaChange::GeneratedKeyChanged { generated: after.generated_key });
    }
    for old in before.checks.iter().filter(|old| after.check_of(old.id).is_none()) {
        changes.push(SchemaChange::CheckRemoved(old.shown_whole(before)));
    }
    for new in &after.checks {
        let shown = new.shown_whole(after);
        match before.check_of(new.id) {
            None => changes.push(SchemaChange::CheckAdded(shown)),
            Some(old) if old != new => {
                changes.push(SchemaChange::CheckChanged { before: old.shown_whole(before), after: shown });
            }
            Some(_) => {}
        }
    }
    changes
}
