//! Leaves: some hundred rows, column by column.

use std::sync::Arc;

use super::{
    bytes::{Reader, put_varint},
    column::{Cells, Splice},
    rows::RowSet,
};
use crate::{
    Column, ColumnId, Key, Row, Schema, Value,
    object::{DecodeError, kind},
};

/// The format of the bytes after the kind.
const FORMAT: u8 = 1;
/// No leaf has more rows; a leaf that claims more is damaged. Far above what trees make.
const MAX_ROWS: usize = 60_000;

/// Rows next to each other in the order of their keys.
///
/// Cells stand column by column under the column's stable id, in the order of ids, and a column whose cells all are its
/// [`fill`](crate::Column::fill) is not there unless it is part of the key: renaming, reordering or adding a column
/// changes no leaf.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: usize,
    key_columns: Vec<ColumnId>,
    columns: Vec<(ColumnId, Arc<Cells>)>,
    keys: Arc<Keys>,
}

/// The keys of a leaf's rows, one after the other, with the end of each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Keys {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// Two leaves of a table under one schema, to be compared row by row.
pub(crate) struct Comparison<'l> {
    /// The columns of both that are not the same as a whole; none where one has columns that the other has not.
    columns: Option<Vec<(&'l Cells, &'l Cells)>>,
}

impl<'l> Comparison<'l> {
    pub(crate) fn new(leaf: &'l Leaf, other: &'l Leaf) -> Self {
        let ids = |leaf: &'l Leaf| leaf.columns.iter().map(|(id, _)| id);
        // Where all rows stand at the same places, a column that is the same needs no second look.
        let aligned = leaf.same_keys(other);
        let columns = ids(leaf).eq(ids(other)).then(|| {
            let pairs = leaf.columns.iter().zip(&other.columns).map(|((_, cells), (_, others))| (&**cells, &**others));
            pairs.filter(|(cells, others)| !aligned || !cells.is_same(others)).collect()
        });
        Self { columns }
    }

    /// Whether a row of the first leaf has the same cells as the row of the same key in the second. May say no where it
    /// would take long to tell.
    pub(crate) fn is_same(&self, row: usize, other_row: usize) -> bool {
        self.columns
            .as_ref()
            .is_some_and(|columns| columns.iter().all(|(cells, others)| cells.same_cell(row, others, other_row)))
    }
}

impl Leaf {
    /// The leaf of these rows, which are in the order of their keys and fit the schema.
    pub(crate) fn build(schema: &Schema, entries: &[(Key, Row)]) -> Self {
        let mut positions: Vec<usize> = (0..schema.columns.len()).collect();
        positions.sort_unstable_by_key(|position| schema.columns[*position].id);
        let columns = positions
            .into_iter()
            .filter_map(|position| {
                let column = &schema.columns[position];
                let mut cells = entries.iter().map(|(_, row)| &row[position]);
                // Keys follow from the leaf alone, so that their columns are always there.
                let is_stored = schema.is_key(column.id) || cells.clone().any(|cell| *cell != column.fill);
                is_stored.then(|| (column.id, Arc::new(Cells::collect(column.ty, &mut cells))))
            })
            .collect();
        let mut keys = Keys { ends: Vec::with_capacity(entries.len()), bytes: Vec::new() };
        for (key, _) in entries {
            keys.bytes.extend(key.as_bytes());
            keys.ends.push(u32::try_from(keys.bytes.len()).unwrap_or(u32::MAX));
        }
        Self { rows: entries.len(), key_columns: schema.primary_key.clone(), columns, keys: Arc::new(keys) }
    }

    /// The number of rows; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Always false: a tree without rows has no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The bytes of a row's key.
    #[must_use]
    pub fn key(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.keys.ends[row - 1] as usize };
        &self.keys.bytes[start..self.keys.ends[row] as usize]
    }

    /// The row with this key, or where it would be.
    ///
    /// # Errors
    /// The position of the first row with a larger key.
    pub fn find(&self, key: &Key) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key(middle).cmp(key.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// As [`Leaf::find`], at once if the row stands at the place `guess`.
    pub(crate) fn find_near(&self, key: &Key, guess: usize) -> Result<usize, usize> {
        if guess < self.rows && self.key(guess) == key.as_bytes() { Ok(guess) } else { self.find(key) }
    }

    /// The rows of a range, with their cells in the order of the schema's columns.
    pub fn rows<'l>(
        &'l self,
        schema: &Schema,
        range: std::ops::Range<usize>,
    ) -> impl Iterator<Item = (Key, Row)> + use<'l> {
        let columns: Vec<Result<&Cells, Value>> =
            schema.columns.iter().map(|column| self.cells(column.id).ok_or_else(|| column.fill.clone())).collect();
        range.map(move |row| {
            let cell = |cells: &Result<&Cells, Value>| match cells {
                Ok(cells) => cells.value(row),
                Err(fill) => fill.clone(),
            };
            (Key::from_bytes(self.key(row)), columns.iter().map(cell).collect())
        })
    }

    /// One row, with its cells in the order of the schema's columns.
    #[must_use]
    pub fn row(&self, schema: &Schema, row: usize) -> Row {
        let cell =
            |column: &Column| self.cells(column.id).map_or_else(|| column.fill.clone(), |cells| cells.value(row));
        schema.columns.iter().map(cell).collect()
    }

    /// Whether the column's cells are stored here; if not, all are its fill.
    pub(crate) fn has_column(&self, id: ColumnId) -> bool {
        self.cells(id).is_some()
    }

    /// The cells of a column in the order of rows.
    pub(crate) fn column<'l>(&'l self, column: &'l Column) -> impl Iterator<Item = Value> + 'l {
        let cells = self.cells(column.id);
        (0..self.rows).map(move |row| cells.map_or_else(|| column.fill.clone(), |cells| cells.value(row)))
    }

    /// The leaf with these cells in a column that is no part of the key.
    pub(crate) fn with_column(&self, column: &Column, cells: &[Value]) -> Self {
        let mut leaf = self.without_column(column.id).unwrap_or_else(|| self.clone());
        if cells.iter().any(|cell| *cell != column.fill) {
            let index = leaf.columns.partition_point(|(id, _)| *id < column.id);
            leaf.columns.insert(index, (column.id, Arc::new(Cells::collect(column.ty, &mut cells.iter()))));
        }
        leaf
    }

    /// The leaf without a column that is no part of the key; none if it does not have it.
    pub(crate) fn without_column(&self, id: ColumnId) -> Option<Self> {
        let index = self.columns.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let mut leaf = self.clone();
        leaf.columns.remove(index);
        Some(leaf)
    }

    /// The key of the last row.
    pub(crate) fn last_key(&self) -> Key {
        Key::from_bytes(self.key(self.rows - 1))
    }

    /// The leaf with other cells in some rows, whose keys stay; columns in which nothing changes are copied as a whole.
    pub(crate) fn with_rows(&self, schema: &Schema, rows: &[(usize, &Row)]) -> Self {
        let mut positions: Vec<usize> = (0..schema.columns.len()).collect();
        positions.sort_unstable_by_key(|position| schema.columns[*position].id);
        let mut columns = Vec::with_capacity(positions.len());
        for position in positions {
            let column = &schema.columns[position];
            let old = self.cells(column.id);
            let is = |row: usize, value: &Value| old.map_or(column.fill == *value, |cells| cells.is(row, value));
            // Where keys stay, so do the columns of the key.
            if schema.is_key(column.id) || rows.iter().all(|(row, new)| is(*row, &new[position])) {
                columns.extend(self.shared_cells(column.id).map(|cells| (column.id, Arc::clone(cells))));
                continue;
            }
            let mut splice = Splice::new(column);
            let mut changed = rows.iter().peekable();
            for row in 0..self.rows {
                match (changed.next_if(|(changed, _)| *changed == row), old) {
                    (Some((_, new)), _) => splice.push(&new[position]),
                    (None, Some(cells)) => splice.copy(cells, row),
                    (None, None) => splice.push(&column.fill),
                }
            }
            columns.extend(splice.finish().map(|cells| (column.id, Arc::new(cells))));
        }
        self.with_columns(columns)
    }

    /// A leaf with the keys of this one and other cells; the columns are in the order of their ids.
    pub(crate) fn with_columns(&self, columns: Vec<(ColumnId, Arc<Cells>)>) -> Self {
        Self { rows: self.rows, key_columns: self.key_columns.clone(), columns, keys: Arc::clone(&self.keys) }
    }

    /// The rows in which the cells of these columns differ between two leaves of the same keys.
    pub(crate) fn differing<'c>(&self, other: &Self, columns: impl Iterator<Item = &'c Column>) -> RowSet {
        let mut rows = RowSet::new(self.rows);
        columns.for_each(|column| self.differing_in(other, column, &mut rows));
        rows
    }

    /// Adds the rows in which the cells of a column differ between two leaves of the same keys.
    pub(crate) fn differing_in(&self, other: &Self, column: &Column, rows: &mut RowSet) {
        match (self.cells(column.id), other.cells(column.id)) {
            (None, None) => {}
            (Some(a), Some(b)) => a.differing(b, rows),
            (Some(cells), None) | (None, Some(cells)) => cells.differing_from(&column.fill, rows),
        }
    }

    /// Whether the cells of these columns are equal in a row of this leaf and one of another.
    pub(crate) fn same_row<'c>(
        &self,
        row: usize,
        other: &Self,
        other_row: usize,
        mut columns: impl Iterator<Item = &'c Column>,
    ) -> bool {
        columns.all(|column| match (self.cells(column.id), other.cells(column.id)) {
            (None, None) => true,
            (Some(a), Some(b)) => a.same_cell(row, b, other_row),
            (Some(cells), None) => cells.is(row, &column.fill),
            (None, Some(cells)) => cells.is(other_row, &column.fill),
        })
    }

    /// Whether the rows of both have the same keys.
    pub(crate) fn same_keys(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys) || self.keys == other.keys
    }

    /// The cells of a column; none when the leaf does not have it: then all are the column's fill.
    pub(crate) fn cells(&self, id: ColumnId) -> Option<&Cells> {
        self.shared_cells(id).map(|cells| &**cells)
    }

    /// As [`Leaf::cells`], to be put into another leaf.
    pub(crate) fn shared_cells(&self, id: ColumnId) -> Option<&Arc<Cells>> {
        self.columns.binary_search_by_key(&id, |(id, _)| *id).ok().map(|index| &self.columns[index].1)
    }

    pub(crate) fn weight(&self) -> usize {
        256 + self.keys.bytes.len()
            + self.keys.ends.len() * 4
            + self.columns.iter().map(|(_, cells)| 96 + cells.weight()).sum::<usize>()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let columns: usize = self.columns.iter().map(|(_, cells)| 8 + cells.encoded_size()).sum();
        let mut bytes = Vec::with_capacity(16 + 8 * self.key_columns.len() + columns);
        bytes.extend([kind::LEAF, FORMAT]);
        put_varint(&mut bytes, self.rows as u64);
        put_varint(&mut bytes, self.key_columns.len() as u64);
        self.key_columns.iter().for_each(|id| bytes.extend(id.0.to_le_bytes()));
        put_varint(&mut bytes, self.columns.len() as u64);
        for (id, cells) in &self.columns {
            bytes.extend(id.0.to_le_bytes());
            cells.encode(&mut bytes);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("leaf", bytes);
        reader.byte()?;
        if reader.byte()? != FORMAT {
            return Err(reader.error("its format is not known"));
        }
        let rows = reader.count(MAX_ROWS)?;
        let key_count = reader.count(reader.left() / 8)?;
        let key_columns: Vec<ColumnId> =
            (0..key_count).map(|_| reader.array().map(u64::from_le_bytes).map(ColumnId)).collect::<Result<_, _>>()?;
        let column_count = reader.count(reader.left() / 8)?;
        let mut columns: Vec<(ColumnId, Arc<Cells>)> = Vec::with_capacity(column_count);
        for _ in 0..column_count {
            let id = ColumnId(u64::from_le_bytes(reader.array()?));
            if columns.last().is_some_and(|(before, _)| *before >= id) {
                return Err(reader.error("its columns are not in order"));
            }
            columns.push((id, Arc::new(Cells::decode(&mut reader, rows)?)));
        }
        reader.finish()?;
        let mut leaf = Self { rows, key_columns, columns, keys: Arc::default() };
        leaf.derive_keys().map_err(|reason| reader.error(reason))?;
        Ok(leaf)
    }

    /// Keys are not stored: they follow from the cells of the key columns.
    fn derive_keys(&mut self) -> Result<(), &'static str> {
        let mut bytes = Vec::with_capacity(self.rows * 12);
        let mut ends = Vec::with_capacity(self.rows);
        let columns: Option<Vec<&Cells>> = self.key_columns.iter().map(|id| self.cells(*id)).collect();
        let columns = columns.filter(|columns| !columns.is_empty()).ok_or("a column of the primary key is missing")?;
        let mut before = 0..0;
        for row in 0..self.rows {
            let start = bytes.len();
            if !columns.iter().all(|cells| cells.encode_key(row, &mut bytes)) {
                return Err("a cell of the primary key is empty");
            }
            if row > 0 && bytes[before] >= bytes[start..] {
                return Err("its keys are not in order");
            }
            before = start..bytes.len();
            ends.push(u32::try_from(bytes.len()).map_err(|_| "its keys are too long")?);
        }
        if self.rows == 0 {
            return Err("it has no rows");
        }
        self.keys = Arc::new(Keys { ends, bytes });
        Ok(())
    }
}
