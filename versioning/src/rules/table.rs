//! A table before and after, and which of its rows changed.

use crate::{
    Column, ColumnId, Hash, Key, ObjectSource, ReadError, Root, Schema, TableEntry, TableId, Tree, Type,
    diff::Diff,
    key,
    tree::{Leaf, Node, map::each_leaf, walk3::Place},
};

/// A table of the state after, with what it was before.
pub(super) struct Table {
    pub(super) id: TableId,
    pub(super) after: State,
    /// None when the table is new.
    pub(super) before: Option<State>,
}

/// A table in one of the two states.
#[derive(Clone)]
pub(super) struct State {
    pub(super) schema: Schema,
    pub(super) tree: Tree,
    name: Hash,
}

impl State {
    fn read(source: &dyn ObjectSource, entry: &TableEntry) -> Result<Self, ReadError> {
        Ok(Self { schema: source.schema(entry.schema)?, tree: entry.tree, name: entry.schema })
    }

    /// What keys are made of: two states of which this is equal have equal keys for equal rows.
    fn key_types(&self) -> impl Iterator<Item = (ColumnId, Option<Type>)> {
        self.schema.primary_key.iter().map(|id| (*id, self.schema.column(*id).map(|column| column.ty)))
    }
}

impl Table {
    /// The tables of the state after, all of them, because each may link to one that changed; none when no row and no
    /// schema changed.
    pub(super) fn of_roots(source: &dyn ObjectSource, before: &Root, after: &Root) -> Result<Vec<Self>, ReadError> {
        let content = |entry: &TableEntry| (entry.schema, entry.tree);
        if before.tables.keys().eq(after.tables.keys())
            && before.tables.values().map(content).eq(after.tables.values().map(content))
        {
            return Ok(Vec::new());
        }
        let table = |(id, entry): (&TableId, &TableEntry)| {
            let after = State::read(source, entry)?;
            let before = match before.tables.get(id) {
                None => None,
                Some(old) if old.schema == entry.schema => Some(State { tree: old.tree, ..after.clone() }),
                Some(old) => Some(State::read(source, old)?),
            };
            Ok(Self { id: *id, after, before })
        };
        after.tables.iter().map(table).collect()
    }

    pub(super) fn is_changed(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.name != self.after.name || before.tree != self.after.tree)
    }

    /// Whether rows have other keys than before because the primary key has other columns or types.
    pub(super) fn is_rekeyed(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !before.key_types().eq(self.after.key_types()))
    }

    /// The column as it was; none when it or the table is new.
    pub(super) fn before(&self, column: &Column) -> Option<&Column> {
        self.before.as_ref()?.schema.column(column.id)
    }

    /// Whether the cell of a row of the state after was written: it differs from the row before, or the row is new.
    pub(super) fn is_written(&self, column: &Column, before: Option<&Place>, after: &Place) -> bool {
        let Some(before) = before else { return true };
        // Rows had the fill of a column that was not there.
        let old = self.before(column).unwrap_or(column);
        if old.ty == column.ty && old.fill == column.fill {
            let columns = std::iter::once(column);
            return !before.leaf().same_row(before.index, after.leaf(), after.index, columns);
        }
        !before.leaf().value(old, before.index).is_same(&after.leaf().value(column, after.index))
    }

    /// Visits rows of which cells may be others than before: the row before and the row after. Where the primary key
    /// is another, rows that are gone don't come.
    pub(super) fn each_change(
        &self,
        source: &dyn ObjectSource,
        mut visit: impl FnMut(Option<&Place>, Option<&Place>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let after = &self.after;
        if self.is_rekeyed() {
            return each_leaf(&after.tree, source, |leaf| {
                let node = Node::of_leaf(leaf.clone());
                for index in 0..leaf.len() {
                    let place = Place { node: node.clone(), index };
                    visit(self.row_before(source, &place)?.as_ref(), Some(&place))?;
                }
                Ok(())
            });
        }
        let (tree, schema) =
            self.before.as_ref().map_or((Tree::default(), &after.schema), |before| (before.tree, &before.schema));
        let mut diff = Diff::new(source, (tree, schema), (after.tree, &after.schema), None)?;
        while let Some((before, after)) = diff.places()? {
            visit(before.as_ref(), after.as_ref())?;
        }
        Ok(())
    }

    /// What a row was before: the row whose key this row's cells make under the primary key before.
    pub(super) fn row_before(&self, source: &dyn ObjectSource, row: &Place) -> Result<Option<Place>, ReadError> {
        let Some(before) = &self.before else { return Ok(None) };
        let key = if self.is_rekeyed() { self.key_before(before, row.leaf(), row.index) } else { Some(row.key()) };
        key.map_or(Ok(None), |key| before.tree.place(source, &key))
    }

    /// None where the row's cells don't tell.
    fn key_before(&self, before: &State, leaf: &Leaf, row: usize) -> Option<Key> {
        let mut bytes = Vec::with_capacity(16);
        for (id, ty) in before.key_types() {
            let value = leaf.value(self.after.schema.column(id)?, row).cast(ty?).ok()?;
            if value.is_null() {
                return None;
            }
            key::encode(&value, &mut bytes);
        }
        Some(Key::from_bytes(bytes))
    }
}
