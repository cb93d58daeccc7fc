//! Leaves: some hundred rows, column by column.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{
    bytes::{Reader, put_varint},
    column::{Cells, Splice},
    compare::differing_distances,
    rows::RowSet,
    vector::{self, Data, Skimmed, Vector},
};
use crate::{
    Column, ColumnId, Key, Row, Schema, Type, Value,
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
///
/// In memory a leaf is its canonical bytes. They are checked as a whole when they are read; a scan reads the columns it
/// needs from them, columns are compared by them, and cells and keys are built when a row is first asked for.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: usize,
    key_columns: Vec<ColumnId>,
    columns: Vec<Slot>,
    keys: OnceLock<Arc<Keys>>,
    bytes: Vec<u8>,
}

/// A column within the bytes of a leaf.
#[derive(Clone, Debug)]
struct Slot {
    id: ColumnId,
    ty: Type,
    range: Range<usize>,
    /// The bytes that the cells take in memory.
    weight: usize,
    cells: OnceLock<Cells>,
}

/// A column of a leaf that is being made.
pub(crate) enum Part<'l> {
    /// A column of another leaf.
    Stored { bytes: &'l [u8], ty: Type, weight: usize },
    /// New cells.
    New(Cells),
}

/// The keys of a leaf's rows, one after the other, with the end of each.
#[derive(Debug, Default)]
struct Keys {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// Two leaves of a table under one schema, to be compared row by row.
pub(crate) struct Comparison<'l> {
    /// The columns that are not the same as a whole, with the cells of both leaves.
    columns: Vec<(&'l Column, Option<&'l Cells>, Option<&'l Cells>)>,
}

impl<'l> Comparison<'l> {
    pub(crate) fn new(leaf: &'l Leaf, other: &'l Leaf, schema: &'l Schema) -> Self {
        // Where all rows stand at the same places, a column that is the same needs no second look.
        let aligned = leaf.same_keys(other);
        let differing = schema.columns.iter().filter(|column| !aligned || !leaf.same_column(other, column.id));
        let columns = differing.map(|column| (column, leaf.cells(column.id), other.cells(column.id))).collect();
        Self { columns }
    }

    /// Whether a row of the first leaf has the same cells as the row of the same key in the second.
    pub(crate) fn is_same(&self, row: usize, other_row: usize) -> bool {
        self.columns.iter().all(|(column, cells, others)| same_cell(column, (*cells, row), (*others, other_row)))
    }
}

/// Whether two cells of a column are equal, each by what its leaf has of the column and its row.
fn same_cell(column: &Column, one: (Option<&Cells>, usize), other: (Option<&Cells>, usize)) -> bool {
    match (one, other) {
        ((None, _), (None, _)) => true,
        ((Some(a), row), (Some(b), other_row)) => a.same_cell(row, b, other_row),
        ((Some(cells), row), (None, _)) | ((None, _), (Some(cells), row)) => cells.is(row, &column.fill),
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
                is_stored.then(|| (column.id, Part::New(Cells::collect(column.ty, &mut cells))))
            })
            .collect();
        let mut keys = Keys { ends: Vec::with_capacity(entries.len()), bytes: Vec::new() };
        for (key, _) in entries {
            keys.bytes.extend(key.as_bytes());
            keys.ends.push(u32::try_from(keys.bytes.len()).unwrap_or(u32::MAX));
        }
        Self::assemble(entries.len(), schema.primary_key.clone(), Arc::new(keys).into(), columns)
    }

    /// The leaf of these columns, which are in the order of their ids.
    fn assemble(
        rows: usize,
        key_columns: Vec<ColumnId>,
        keys: OnceLock<Arc<Keys>>,
        columns: Vec<(ColumnId, Part<'_>)>,
    ) -> Self {
        let mut bytes = Vec::with_capacity(16 + 8 * key_columns.len() + columns.iter().map(Part::size).sum::<usize>());
        bytes.extend([kind::LEAF, FORMAT]);
        put_varint(&mut bytes, rows as u64);
        put_varint(&mut bytes, key_columns.len() as u64);
        key_columns.iter().for_each(|id| bytes.extend(id.0.to_le_bytes()));
        put_varint(&mut bytes, columns.len() as u64);
        let columns = columns
            .into_iter()
            .map(|(id, part)| {
                bytes.extend(id.0.to_le_bytes());
                let start = bytes.len();
                let (ty, weight, cells) = match part {
                    Part::Stored { bytes: stored, ty, weight } => {
                        bytes.extend(stored);
                        (ty, weight, OnceLock::new())
                    }
                    Part::New(cells) => {
                        cells.encode(&mut bytes);
                        (cells.ty, cells.weight(), cells.into())
                    }
                };
                Slot { id, ty, range: start..bytes.len(), weight, cells }
            })
            .collect();
        Self { rows, key_columns, columns, keys, bytes }
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
        let keys = self.keys();
        let start = if row == 0 { 0 } else { keys.ends[row - 1] as usize };
        &keys.bytes[start..keys.ends[row] as usize]
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
    pub fn rows<'l>(&'l self, schema: &Schema, range: Range<usize>) -> impl Iterator<Item = (Key, Row)> + use<'l> {
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
        self.slot(id).is_some()
    }

    /// The cell of a row.
    pub(crate) fn value(&self, column: &Column, row: usize) -> Value {
        self.cells(column.id).map_or_else(|| column.fill.clone(), |cells| cells.value(row))
    }

    /// The cells of a column in the order of rows.
    pub(crate) fn column<'l>(&'l self, column: &'l Column) -> impl Iterator<Item = Value> + 'l {
        let cells = self.cells(column.id);
        (0..self.rows).map(move |row| cells.map_or_else(|| column.fill.clone(), |cells| cells.value(row)))
    }

    /// The leaf with these cells in a column that is no part of the key.
    pub(crate) fn with_column(&self, column: &Column, cells: &[Value]) -> Self {
        let mut columns = self.parts_without(column.id);
        if cells.iter().any(|cell| *cell != column.fill) {
            let index = columns.partition_point(|(id, _)| *id < column.id);
            columns.insert(index, (column.id, Part::New(Cells::collect(column.ty, &mut cells.iter()))));
        }
        self.with_columns(columns)
    }

    /// The leaf without a column that is no part of the key; none if it does not have it.
    pub(crate) fn without_column(&self, id: ColumnId) -> Option<Self> {
        self.has_column(id).then(|| self.with_columns(self.parts_without(id)))
    }

    fn parts_without(&self, id: ColumnId) -> Vec<(ColumnId, Part<'_>)> {
        self.columns.iter().filter(|slot| slot.id != id).map(|slot| (slot.id, self.part_of(slot))).collect()
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
                columns.extend(self.part(column.id).map(|part| (column.id, part)));
                continue;
            }
            let mut splice = Splice::new(column, self.rows);
            let mut next = 0;
            for (row, new) in rows {
                splice.copy(old, next..*row);
                splice.push(&new[position]);
                next = row + 1;
            }
            splice.copy(old, next..self.rows);
            columns.extend(splice.finish().map(|cells| (column.id, Part::New(cells))));
        }
        self.with_columns(columns)
    }

    /// A leaf with the keys of this one and other cells; the columns are in the order of their ids.
    pub(crate) fn with_columns(&self, columns: Vec<(ColumnId, Part<'_>)>) -> Self {
        Self::assemble(self.rows, self.key_columns.clone(), self.keys.clone(), columns)
    }

    /// A column, to be put into another leaf of the same keys; none when this one does not have it.
    pub(crate) fn part(&self, id: ColumnId) -> Option<Part<'_>> {
        self.slot(id).map(|slot| self.part_of(slot))
    }

    fn part_of(&self, slot: &Slot) -> Part<'_> {
        Part::Stored { bytes: self.slot_bytes(slot), ty: slot.ty, weight: slot.weight }
    }

    /// The rows in which the cells of these columns differ between two leaves of the same keys.
    pub(crate) fn differing<'c>(&self, other: &Self, columns: impl Iterator<Item = &'c Column>) -> RowSet {
        let mut rows = RowSet::new(self.rows);
        columns.for_each(|column| self.differing_in(other, column, &mut rows));
        rows
    }

    /// Adds the rows in which the cells of a column differ between two leaves of the same keys.
    pub(crate) fn differing_in(&self, other: &Self, column: &Column, rows: &mut RowSet) {
        if self.differing_by_bytes(other, column.id, rows) {
            return;
        }
        match (self.vector(column.id), other.vector(column.id)) {
            (None, None) => {}
            (Some(a), Some(b)) => a.differing(&b, rows),
            (Some(cells), None) | (None, Some(cells)) => cells.differing_from(&column.fill, rows),
        }
    }

    /// Adds the rows in which the cells of a column differ between two leaves of the same keys, if the bytes of both tell
    /// without being read into memory; false if not.
    pub(crate) fn differing_by_bytes(&self, other: &Self, id: ColumnId, rows: &mut RowSet) -> bool {
        match (self.slot(id), other.slot(id)) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                let (a, b) = (self.slot_bytes(a), other.slot_bytes(b));
                a == b || differing_distances(a, b, self.rows, rows)
            }
            _ => false,
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
        columns.all(|column| same_cell(column, (self.cells(column.id), row), (other.cells(column.id), other_row)))
    }

    /// Whether a column of two leaves of equally many rows has the same bytes. Equal cells have, where whoever wrote them
    /// kept to rule T2; so different bytes are looked at cell by cell.
    fn same_column(&self, other: &Self, id: ColumnId) -> bool {
        match (self.slot(id), other.slot(id)) {
            (None, None) => true,
            (Some(a), Some(b)) => self.slot_bytes(a) == other.slot_bytes(b),
            _ => false,
        }
    }

    /// Whether the columns of the key are the same in both: then the rows have the same keys, at the same places.
    pub(crate) fn same_keys(&self, other: &Self) -> bool {
        self.rows == other.rows
            && self.key_columns == other.key_columns
            && self.key_columns.iter().all(|id| self.same_column(other, *id))
    }

    fn slot(&self, id: ColumnId) -> Option<&Slot> {
        self.columns.binary_search_by_key(&id, |slot| slot.id).ok().map(|index| &self.columns[index])
    }

    fn slot_bytes(&self, slot: &Slot) -> &[u8] {
        &self.bytes[slot.range.clone()]
    }

    /// The cells of a column; none when the leaf does not have it: then all are the column's fill.
    pub(crate) fn cells(&self, id: ColumnId) -> Option<&Cells> {
        self.slot(id).map(|slot| {
            slot.cells.get_or_init(|| {
                let mut reader = Reader::new("leaf", self.slot_bytes(slot));
                Cells::decode(&mut reader, self.rows).expect("the column was checked when the leaf was read")
            })
        })
    }

    /// The type of a column's cells; none when the leaf does not have the column.
    pub(crate) fn type_of(&self, id: ColumnId) -> Option<Type> {
        self.slot(id).map(|slot| slot.ty)
    }

    /// A column as a scan reads it; none when the leaf does not have it: then all cells are the column's fill.
    pub(crate) fn vector(&self, id: ColumnId) -> Option<Vector<'_>> {
        self.slot(id).map(|slot| {
            let mut reader = Reader::new("leaf", self.slot_bytes(slot));
            vector::decode(&mut reader, self.rows).expect("the column was checked when the leaf was read")
        })
    }

    /// With the cells and keys that were asked for until now.
    pub(crate) fn weight(&self) -> usize {
        let cells = |slot: &Slot| if slot.cells.get().is_some() { slot.weight } else { 0 };
        256 + self.bytes.len()
            + self.keys.get().map_or(0, |keys| keys.bytes.len() + keys.ends.len() * 4)
            + self.columns.iter().map(|slot| 160 + cells(slot)).sum::<usize>()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn decode(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("leaf", &bytes);
        reader.byte()?;
        if reader.byte()? != FORMAT {
            return Err(reader.error("its format is not known"));
        }
        let rows = reader.count(MAX_ROWS)?;
        if rows == 0 {
            return Err(reader.error("it has no rows"));
        }
        let key_count = reader.count(reader.left() / 8)?;
        let key_columns: Vec<ColumnId> =
            (0..key_count).map(|_| reader.array().map(u64::from_le_bytes).map(ColumnId)).collect::<Result<_, _>>()?;
        let column_count = reader.count(reader.left() / 8)?;
        let mut columns: Vec<Slot> = Vec::with_capacity(column_count);
        for _ in 0..column_count {
            let id = ColumnId(u64::from_le_bytes(reader.array()?));
            if columns.last().is_some_and(|before| before.id >= id) {
                return Err(reader.error("its columns are not in order"));
            }
            let start = reader.offset();
            let Skimmed { ty, weight, cells } = vector::skim(&mut reader, rows)?;
            let cells = cells.map_or_else(OnceLock::new, OnceLock::from);
            columns.push(Slot { id, ty, range: start..reader.offset(), weight, cells });
        }
        reader.finish()?;
        let end = reader.offset();
        let leaf = Self { rows, key_columns, columns, keys: OnceLock::new(), bytes };
        leaf.check_keys().map_err(|reason| DecodeError::Node { kind: "leaf", offset: end, reason })?;
        Ok(leaf)
    }

    /// Checks that the keys can be derived and increase, where it can without deriving them.
    fn check_keys(&self) -> Result<(), &'static str> {
        if let [id] = self.key_columns[..]
            && let Some(Vector { ty, present: None, data }) = self.vector(id)
        {
            let increase = match (ty, data) {
                (Type::Integer | Type::Timestamp, Data::Whole(numbers)) => {
                    Some(numbers.windows(2).all(|pair| pair[0] < pair[1]))
                }
                (Type::Uuid, Data::Uuid(uuids)) => Some(uuids.windows(2).all(|pair| pair[0] < pair[1])),
                // The bytes of such keys are counted in 32 bits, whatever is escaped.
                (Type::Text | Type::Choice | Type::Link, Data::Text(texts)) if texts.bytes.len() < 1 << 30 => {
                    Some((1..texts.len()).all(|row| texts.get(row - 1) < texts.get(row)))
                }
                _ => None,
            };
            match increase {
                Some(true) => return Ok(()),
                Some(false) => return Err("its keys are not in order"),
                None => {}
            }
        }
        let keys = self.derive_keys()?;
        // Never set before: the leaf is not shared yet.
        let _ = self.keys.set(Arc::new(keys));
        Ok(())
    }

    fn keys(&self) -> &Keys {
        self.keys.get_or_init(|| Arc::new(self.derive_keys().expect("the keys were checked when the leaf was read")))
    }

    /// Keys are not stored: they follow from the cells of the key columns.
    fn derive_keys(&self) -> Result<Keys, &'static str> {
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
        Ok(Keys { ends, bytes })
    }
}

/// Where the columns of a leaf end in its canonical bytes; nothing when they are no leaf.
#[cfg(feature = "codec")]
pub(crate) fn seams(bytes: &[u8]) -> Vec<usize> {
    if bytes.first() != Some(&kind::LEAF) {
        return Vec::new();
    }
    let mut reader = Reader::new("leaf", bytes);
    let mut ends = || -> Result<Vec<usize>, DecodeError> {
        reader.take(2)?;
        let rows = reader.count(MAX_ROWS)?;
        let key_columns = reader.count(bytes.len())?;
        reader.take(key_columns.saturating_mul(8))?;
        let mut ends = Vec::new();
        for _ in 0..reader.count(bytes.len())? {
            reader.take(8)?;
            vector::skim(&mut reader, rows)?;
            ends.push(reader.offset());
        }
        Ok(ends)
    };
    ends().unwrap_or_default()
}

impl Part<'_> {
    /// About the bytes that it takes, with its id.
    fn size((_, part): &(ColumnId, Self)) -> usize {
        8 + match part {
            Self::Stored { bytes, .. } => bytes.len(),
            Self::New(cells) => cells.weight(),
        }
    }
}
