//! The history of one row (rule H3).

use std::rc::Rc;

use super::{
    Cursor, Page, Paging, Place,
    table::{Carried, CommitTable, TableReader, changed_columns},
    walk::{Follow, Step, page},
};
use crate::{ColumnId, Hash, Key, ObjectSource, ReadError, Row, TableId, Value};

/// A row as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowVersion {
    /// The object with the schema that the cells follow.
    pub schema: Hash,
    /// The cells.
    pub row: Row,
}

/// A commit that changed a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The commit.
    pub commit: Hash,
    /// The row's key at the commit.
    pub key: Key,
    /// The row at the commit's first parent; none where it was not there, or there is no parent.
    pub before: Option<RowVersion>,
    /// The row at the commit; none where it is gone.
    pub after: Option<RowVersion>,
    /// The columns whose cells differ between the two by more than their type, in the order of the commit's schema; where
    /// the row is new, the columns that have a value; none where it is gone.
    pub cells: Vec<ColumnId>,
}

/// A page of the states of a row on the way to a head, each with the commit that made it, the latest first.
///
/// - A commit is listed if the row differs from the row at every parent. Merges follow the rule of
///   [`log`](super::log()): one that has the row of a parent is not listed, and only that parent is followed; one that
///   has a row of its own (cells of both sides) is listed, with what it changed of its first parent's, and all parents
///   are followed.
/// - What a schema change does to all rows is not listed: columns that were renamed, moved or dropped, new columns in
///   which the row has only their fill, and a changed type where the cell was only [converted](Value::is_same).
/// - A changed primary key carries the history on: the row is looked for under the key that its cells make in the
///   columns of the key before, in their types before. If those columns are gone, or nothing stands there, the row begins at that commit. A row
///   that gets another key under the same primary key is another row, as in a diff: the history of the one ends and that
///   of the other begins. A history that starts where there is no row can't be carried and ends at such a commit.
///
/// Costs, for each commit, the commit, the root, and the nodes on the way to the row down to the first that is the same
/// as at the parent: for a table that was edited elsewhere, most often the root node alone. Rows are made only where
/// the leaf differs.
///
/// # Errors
/// A commit, a root, a schema, or a node on the way to the row can't be read.
pub fn row_history(
    source: &dyn ObjectSource,
    start: &Cursor,
    table: TableId,
    key: &Key,
    paging: Paging,
) -> Result<Page<RowChange>, ReadError> {
    page(&RowFollow::new(source, table, key), start, paging)
}

/// Follows a row.
pub(super) struct RowFollow<'s> {
    reader: TableReader<'s>,
    key: &'s Key,
}

impl<'s> RowFollow<'s> {
    pub(super) fn new(source: &'s dyn ObjectSource, table: TableId, key: &'s Key) -> Self {
        Self { reader: TableReader::new(source, Some(table)), key }
    }

    /// The row at a commit, as it is.
    fn version(&self, at: &CommitTable, key: &Key) -> Result<Option<RowVersion>, ReadError> {
        let Some(table) = &at.table else { return Ok(None) };
        let columns = self.reader.columns(table.schema)?;
        let row = table.tree.get(self.reader.source, &columns.schema, key)?;
        Ok(row.map(|row| RowVersion { schema: table.schema, row }))
    }

    /// Compares the row with that at a parent.
    fn compare(&self, at: &CommitTable, parent: &CommitTable, key: &Key) -> Result<Compared, ReadError> {
        let same = Compared { change: None, carried: Carried::Same };
        if at.commit.root == parent.commit.root {
            return Ok(same);
        }
        let (Some(here), Some(there)) = (&at.table, &parent.table) else {
            let (before, after) = (self.version(parent, key)?, self.version(at, key)?);
            if before.is_none() && after.is_none() {
                return Ok(same);
            }
            return Ok(Compared { change: Some(self.change(before, after)?), carried: Carried::Same });
        };
        let mut relation = self.reader.relate(here, there, &[key])?;
        let (Some(touched), Some((columns, columns_before))) = (relation.touched.pop(), relation.columns) else {
            return Ok(same);
        };
        let is_same = match (&touched.row, &touched.before) {
            (None, None) => true,
            (Some(row), Some(before)) => changed_columns(&columns, row, &columns_before, before).is_empty(),
            _ => false,
        };
        let before = touched.before.map(|row| RowVersion { schema: there.schema, row });
        let after = touched.row.map(|row| RowVersion { schema: here.schema, row });
        let change = if is_same { None } else { Some(self.change(before, after)?) };
        Ok(Compared { change, carried: touched.carried })
    }

    fn change(&self, before: Option<RowVersion>, after: Option<RowVersion>) -> Result<Change, ReadError> {
        let cells = match (&before, &after) {
            (_, None) => Vec::new(),
            (None, Some(after)) => {
                let columns = self.reader.columns(after.schema)?;
                let cells = columns.schema.columns.iter().zip(&after.row);
                cells.filter(|(_, value)| **value != Value::Null).map(|(column, _)| column.id).collect()
            }
            (Some(before), Some(after)) => changed_columns(
                &*self.reader.columns(after.schema)?,
                &after.row,
                &*self.reader.columns(before.schema)?,
                &before.row,
            ),
        };
        Ok(Change { before, after, cells })
    }
}

struct Change {
    before: Option<RowVersion>,
    after: Option<RowVersion>,
    cells: Vec<ColumnId>,
}

struct Compared {
    /// None: the row is the same.
    change: Option<Change>,
    carried: Carried,
}

impl Follow for RowFollow<'_> {
    type Entry = RowChange;

    fn open(&self, place: &Place) -> Result<Rc<CommitTable>, ReadError> {
        self.reader.read(place.commit, None)
    }

    fn step(&self, place: &Place, at: &Rc<CommitTable>) -> Result<Step<RowChange>, ReadError> {
        let key = place.key.as_ref().unwrap_or(self.key);
        let mut next = Vec::with_capacity(at.commit.parents.len());
        let mut first = None;
        for parent in &at.commit.parents {
            let parent = self.reader.read(*parent, Some(at))?;
            let Compared { change, carried } = self.compare(at, &parent, key)?;
            let carried = match carried {
                Carried::Same => Some(place.key.clone()),
                Carried::To(key) => Some(Some(key).filter(|key| key != self.key)),
                Carried::Lost => None,
            };
            let place = carried.map(|key| (Place { commit: parent.commit.hash, key }, parent));
            match change {
                None => return Ok(Step { next: place.into_iter().collect(), entry: None }),
                Some(change) => {
                    first.get_or_insert(change);
                    next.extend(place);
                }
            }
        }
        if at.commit.parents.is_empty()
            && let Some(after) = self.version(at, key)?
        {
            first = Some(self.change(None, Some(after))?);
        }
        let entry = first.map(|Change { before, after, cells }| RowChange {
            commit: place.commit,
            key: key.clone(),
            before,
            after,
            cells,
        });
        Ok(Step { next, entry })
    }
}
