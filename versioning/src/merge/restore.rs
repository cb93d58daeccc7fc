//! Merges with another base, and states put together from others (H4). Each gives a state; the commit is the caller's.

use super::Sides;
use crate::{
    ChunkSink, Key, ObjectSource, ReadError, Root, Row, Schema, TableId, Value, key::KeyError, tree::EditError,
};

/// What undoes a commit on top of a state: a merge of the commit's parent, with the commit as base. What came later
/// stays, and is asked about where it changed the same.
#[must_use]
pub const fn revert<'a>(commit: &'a Root, parent: &'a Root, onto: &'a Root) -> Sides<'a> {
    Sides { base: commit, ours: onto, theirs: parent }
}

/// What does a commit again on top of a state: a merge of the commit, with its parent as base.
#[must_use]
pub const fn cherry_pick<'a>(commit: &'a Root, parent: &'a Root, onto: &'a Root) -> Sides<'a> {
    Sides { base: parent, ours: onto, theirs: commit }
}

/// Something could not be restored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RestoreError {
    /// A chunk can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tree can't be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A state does not have the table.
    #[error("there is no table {table}")]
    NoTable {
        /// The table.
        table: TableId,
    },
    /// Another table has the name now.
    #[error("another table is named “{name}” now")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The old row does not fit the table as it is now.
    #[error("the old row does not fit the table's columns of today: “{column}” can't be {value}")]
    Cell {
        /// The column's name.
        column: String,
        /// The value.
        value: Value,
    },
    /// The old row has no key under the table's primary key of today.
    #[error("the old row can't be named by the table's primary key of today")]
    Key(#[from] KeyError),
}

/// The state with a table as it is in another state: its rows, columns and name; or without it, where the other state
/// does not have it.
///
/// # Errors
/// Another table has the name, or neither state has the table.
pub fn restore_table(root: &Root, from: &Root, table: TableId) -> Result<Root, RestoreError> {
    let mut restored = root.clone();
    let Some(entry) = from.tables.get(&table) else {
        return restored.tables.remove(&table).map(|_| restored).ok_or(RestoreError::NoTable { table });
    };
    if root.table_named(&entry.name).is_some_and(|(other, _)| other != table) {
        return Err(RestoreError::NameTaken { name: entry.name.clone() });
    }
    restored.tables.insert(table, entry.clone());
    Ok(restored)
}

/// The state with one row as it is in another state, under the columns of today: cells of columns that came later stay
/// as they are (in a row that is gone, they get the default), and cells of another type are converted. `key` is the
/// row's key in the other state. Without the row there, it is deleted here.
///
/// # Errors
/// A chunk can't be read or written, or the row does not fit the table of today.
pub fn restore_row(
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    root: &Root,
    from: &Root,
    table: TableId,
    key: &Key,
) -> Result<Root, RestoreError> {
    let missing = RestoreError::NoTable { table };
    let (Some(now), Some(then)) = (root.tables.get(&table), from.tables.get(&table)) else { return Err(missing) };
    let (schema, old_schema) = (source.schema(now.schema)?, source.schema(then.schema)?);
    let edit = match then.tree.get(source, &old_schema, key)? {
        None => (key.clone(), None),
        Some(old) => {
            let mut row = restored_row(&schema, &old_schema, &old)?;
            let key = Key::of_row(&schema, &row)?;
            if let Some(current) = now.tree.get(source, &schema, &key)? {
                for ((column, cell), current) in schema.columns.iter().zip(&mut row).zip(current) {
                    if old_schema.column(column.id).is_none() {
                        *cell = current;
                    }
                }
            }
            (key, Some(row))
        }
    };
    let mut restored = root.clone();
    let tree = now.tree.edit(source, sink, &schema, vec![edit])?;
    restored.tables.insert(table, crate::TableEntry { tree, ..now.clone() });
    Ok(restored)
}

/// A row of an older schema under the columns of today: cells of another type are converted, columns that came later have
/// their default, or else their fill.
///
/// # Errors
/// A cell can't be converted.
pub fn restored_row(schema: &Schema, old_schema: &Schema, old: &Row) -> Result<Row, RestoreError> {
    let cell = |column: &crate::Column| match old_schema.position(column.id) {
        None if column.default.is_null() => Ok(column.fill.clone()),
        None => Ok(column.default.clone()),
        Some(position) => old[position]
            .cast(column.ty)
            .map_err(|_| RestoreError::Cell { column: column.name.clone(), value: old[position].clone() }),
    };
    schema.columns.iter().map(cell).collect()
}
