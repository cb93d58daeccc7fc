//! Leaves: some hundred rows, column by column.

use std::sync::OnceLock;

use super::{
    bytes::{Reader, put_varint},
    column::Cells,
    vector::{self, Data, Skimmed, Vector},
};
use crate::{
    ColumnId, Key, Row, Schema, Type, Value,
    object::{DecodeError, kind},
};

/// The format of the bytes after the kind.
const FORMAT: u8 = 1;
/// No leaf has more rows; a leaf that claims more is damaged. Far above what trees make.
const MAX_ROWS: usize = 60_000;

/// Rows next to each other in the order of their keys.
///
/// Cells stand column by column under the column's stable id, in the order of ids, and a column whose cells are all
/// null is not there: renaming, reordering or adding a column changes no leaf.
///
/// In memory a leaf is its canonical bytes. They are checked as a whole when they are read; a scan reads the columns it
/// needs from them, and cells and keys are built when a row is first asked for.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: usize,
    key_columns: Vec<ColumnId>,
    columns: Vec<Slot>,
    keys: OnceLock<Keys>,
    bytes: Vec<u8>,
}

/// A column within the bytes of a leaf.
#[derive(Clone, Debug)]
struct Slot {
    id: ColumnId,
    ty: Type,
    start: usize,
    /// The bytes that the cells take in memory.
    weight: usize,
    cells: OnceLock<Cells>,
}

/// The keys of a leaf's rows, one after the other, with the end of each.
#[derive(Clone, Debug, Default)]
struct Keys {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Leaf {
    /// The leaf of these rows, which are in the order of their keys and fit the schema.
    pub(crate) fn build(schema: &Schema, entries: &[(Key, Row)]) -> Self {
        let mut positions: Vec<usize> = (0..schema.columns.len()).collect();
        positions.sort_unstable_by_key(|position| schema.columns[*position].id);
        let columns: Vec<(ColumnId, Cells)> = positions
            .into_iter()
            .filter_map(|position| {
                let column = &schema.columns[position];
                let cells = entries.iter().map(|(_, row)| &row[position]);
                Cells::collect(column.ty, cells).map(|cells| (column.id, cells))
            })
            .collect();
        let mut keys = Keys::default();
        for (key, _) in entries {
            keys.bytes.extend(key.as_bytes());
            keys.ends.push(u32::try_from(keys.bytes.len()).unwrap_or(u32::MAX));
        }
        Self::assemble(schema.primary_key.clone(), keys, columns)
    }

    /// The leaf of these columns, which are in the order of their ids.
    fn assemble(key_columns: Vec<ColumnId>, keys: Keys, columns: Vec<(ColumnId, Cells)>) -> Self {
        let mut bytes = vec![kind::LEAF, FORMAT];
        put_varint(&mut bytes, keys.ends.len() as u64);
        put_varint(&mut bytes, key_columns.len() as u64);
        key_columns.iter().for_each(|id| bytes.extend(id.0.to_le_bytes()));
        put_varint(&mut bytes, columns.len() as u64);
        let columns = columns
            .into_iter()
            .map(|(id, cells)| {
                bytes.extend(id.0.to_le_bytes());
                let start = bytes.len();
                cells.encode(&mut bytes);
                Slot { id, ty: cells.ty, start, weight: cells.weight(), cells: cells.into() }
            })
            .collect();
        Self { rows: keys.ends.len(), key_columns, columns, keys: keys.into(), bytes }
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

    /// The rows of a range, with their cells in the order of the schema's columns.
    pub fn rows<'l>(
        &'l self,
        schema: &Schema,
        range: std::ops::Range<usize>,
    ) -> impl Iterator<Item = (Key, Row)> + use<'l> {
        let columns: Vec<Option<&Cells>> = schema.columns.iter().map(|column| self.cells(column.id)).collect();
        range.map(move |row| {
            let cells = columns.iter().map(|cells| cells.map_or(Value::Null, |cells| cells.value(row))).collect();
            (Key::from_bytes(self.key(row)), cells)
        })
    }

    /// One row, with its cells in the order of the schema's columns.
    #[must_use]
    pub fn row(&self, schema: &Schema, row: usize) -> Row {
        let cell = |id| self.cells(id).map_or(Value::Null, |cells| cells.value(row));
        schema.columns.iter().map(|column| cell(column.id)).collect()
    }

    fn slot(&self, id: ColumnId) -> Option<&Slot> {
        self.columns.binary_search_by_key(&id, |column| column.id).ok().map(|index| &self.columns[index])
    }

    fn cells(&self, id: ColumnId) -> Option<&Cells> {
        self.slot(id).map(|column| {
            column.cells.get_or_init(|| {
                let mut reader = Reader::new("leaf", &self.bytes[column.start..]);
                Cells::decode(&mut reader, self.rows).expect("the column was checked when the leaf was read")
            })
        })
    }

    /// The type of a column's cells; none when the leaf does not have the column.
    pub(crate) fn type_of(&self, id: ColumnId) -> Option<Type> {
        self.slot(id).map(|column| column.ty)
    }

    /// A column as a scan reads it; none when the leaf does not have it.
    pub(crate) fn vector(&self, id: ColumnId) -> Option<Vector<'_>> {
        self.slot(id).map(|column| {
            let mut reader = Reader::new("leaf", &self.bytes[column.start..]);
            vector::decode(&mut reader, self.rows).expect("the column was checked when the leaf was read")
        })
    }

    /// With all cells and keys, so that it does not grow in a cache.
    pub(crate) fn weight(&self) -> usize {
        // A part of a key takes at most 12 bytes more than the cell, and a text that is full of zero bytes twice its own.
        let keys = self.key_columns.iter().filter_map(|id| self.slot(*id));
        256 + self.bytes.len()
            + self.rows * 4
            + keys.map(|column| self.rows * 12 + column.weight).sum::<usize>()
            + self.columns.iter().map(|column| 160 + column.weight).sum::<usize>()
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
            columns.push(Slot { id, ty, start, weight, cells: cells.map_or_else(OnceLock::new, OnceLock::from) });
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
                (Type::Text, Data::Text(texts)) if texts.bytes.len() < 1 << 30 => {
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
        let _ = self.keys.set(keys);
        Ok(())
    }

    fn keys(&self) -> &Keys {
        self.keys.get_or_init(|| self.derive_keys().expect("the keys were checked when the leaf was read"))
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
