//! Comparing single cells of leaves, and putting a column together from cells of others, without making values.

use std::ops::Range;

use super::{Cells, Data, NULL, slice};

use crate::{
    Column,
    value::{Type, Value},
};

impl Cells {
    /// Whether a cell of this column equals a cell of another column.
    pub(crate) fn same_cell(&self, row: usize, other: &Self, other_row: usize) -> bool {
        match (self.position(row), other.position(other_row)) {
            (None, None) => true,
            (Some(a), Some(b)) => self.ty == other.ty && self.data.same(a, &other.data, b),
            _ => false,
        }
    }

    /// Whether the cell of a row has this value.
    pub(crate) fn is(&self, row: usize, value: &Value) -> bool {
        match (self.position(row), value) {
            (None, value) => value.is_null(),
            (Some(_), Value::Null) => false,
            (Some(position), Value::Text(text)) => match &self.data {
                Data::Text { ends, text: all } if self.ty == Type::Text => slice(ends, all, position) == text,
                _ => false,
            },
            (Some(_), value) => self.value(row) == *value,
        }
    }
}

impl Data {
    fn same(&self, a: usize, other: &Self, b: usize) -> bool {
        match (self, other) {
            (Self::Whole(x), Self::Whole(y)) => x[a] == y[b],
            (Self::Text { ends, text }, Self::Text { ends: other_ends, text: other_text }) => {
                slice(ends, text, a) == slice(other_ends, other_text, b)
            }
            (Self::Decimal(x), Self::Decimal(y)) => x[a] == y[b],
            (Self::Float(x), Self::Float(y)) => x[a] == y[b],
            (Self::Uuid(x), Self::Uuid(y)) => x[a] == y[b],
            _ => false,
        }
    }

    fn with_capacity(ty: Type, cells: usize) -> Self {
        match ty {
            Type::Integer | Type::Date | Type::Timestamp | Type::Boolean => Self::Whole(Vec::with_capacity(cells)),
            Type::Decimal => Self::Decimal(Vec::with_capacity(cells)),
            Type::Float => Self::Float(Vec::with_capacity(cells)),
            Type::Uuid => Self::Uuid(Vec::with_capacity(cells)),
            Type::Text | Type::Json | Type::Choice | Type::Tags | Type::Link | Type::File => {
                Self::Text { ends: Vec::with_capacity(cells), text: String::new() }
            }
        }
    }

    /// Appends values of the same kind; false when they are of another.
    fn extend(&mut self, from: &Self, positions: Range<usize>) -> bool {
        match (self, from) {
            (Self::Whole(to), Self::Whole(from)) => to.extend_from_slice(&from[positions]),
            (Self::Text { ends, text }, Self::Text { ends: from_ends, text: from_text }) => {
                let start = if positions.start == 0 { 0 } else { from_ends[positions.start - 1] as usize };
                let from_ends = &from_ends[positions];
                let before = text.len();
                text.push_str(&from_text[start..from_ends.last().map_or(start, |end| *end as usize)]);
                let moved = |end: &u32| u32::try_from(*end as usize - start + before).unwrap_or(u32::MAX);
                ends.extend(from_ends.iter().map(moved));
            }
            (Self::Decimal(to), Self::Decimal(from)) => to.extend_from_slice(&from[positions]),
            (Self::Float(to), Self::Float(from)) => to.extend_from_slice(&from[positions]),
            (Self::Uuid(to), Self::Uuid(from)) => to.extend_from_slice(&from[positions]),
            _ => return false,
        }
        true
    }
}

/// A column put together from cells of other columns of its type, and from values.
pub(crate) struct Splice<'c> {
    cells: Cells,
    rows: usize,
    present: u16,
    /// The value that needs no cell when the whole column has it.
    fill: &'c Value,
}

impl<'c> Splice<'c> {
    /// A column that is to have this many rows.
    pub(crate) fn new(column: &'c Column, rows: usize) -> Self {
        let cells = Cells { ty: column.ty, index: Vec::new(), data: Data::with_capacity(column.ty, rows) };
        Self { cells, rows: 0, present: 0, fill: &column.fill }
    }

    fn nulls(&mut self, count: usize) {
        if self.cells.index.is_empty() {
            self.cells.index.extend(0..self.present);
        }
        self.cells.index.extend(std::iter::repeat_n(NULL, count));
        self.rows += count;
    }

    /// Appends values; nulls if they are of another type.
    fn values(&mut self, from: &Data, positions: Range<usize>) {
        let count = positions.len();
        if !self.cells.data.extend(from, positions) {
            return self.nulls(count);
        }
        let present = self.present + u16::try_from(count).expect("a leaf has at most 60,000 rows");
        if usize::from(self.present) < self.rows {
            self.cells.index.extend(self.present..present);
        }
        self.present = present;
        self.rows += count;
    }

    /// Appends cells of another column of the same type; of a column that is not there, the fill.
    pub(crate) fn copy(&mut self, from: Option<&Cells>, rows: Range<usize>) {
        match from {
            Some(from) if from.index.is_empty() => self.values(&from.data, rows),
            Some(from) => {
                for row in rows {
                    match from.position(row) {
                        Some(position) => self.values(&from.data, position..position + 1),
                        None => self.nulls(1),
                    }
                }
            }
            None => {
                let fill = Cells::collect(self.cells.ty, &mut std::iter::repeat_n(self.fill, rows.len()));
                self.copy(Some(&fill), 0..rows.len());
            }
        }
    }

    /// Appends a value of the column's type, or null.
    pub(crate) fn push(&mut self, value: &Value) {
        let cell = Cells::collect(self.cells.ty, &mut std::iter::once(value));
        self.copy(Some(&cell), 0..1);
    }

    /// The column; none when every cell is the fill.
    pub(crate) fn finish(self) -> Option<Cells> {
        let is_filled = (0..self.rows).all(|row| self.cells.is(row, self.fill));
        (!is_filled).then_some(self.cells)
    }
}
