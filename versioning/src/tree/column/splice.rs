//! Comparing columns of leaves cell by cell, and putting a column together from cells of others, without making values.

use super::{Cells, Data, NULL, slice};
use crate::{
    Column,
    tree::rows::RowSet,
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

    /// Adds to `rows` the rows in which the cell has another value.
    pub(crate) fn differing_from(&self, value: &Value, rows: &mut RowSet) {
        (0..rows.len()).filter(|row| !self.is(*row, value)).for_each(|row| rows.insert(row));
    }

    /// Adds to `rows` the rows in which two columns of equally many cells differ.
    pub(crate) fn differing(&self, other: &Self, rows: &mut RowSet) {
        if self.ty == other.ty
            && self.index == other.index
            && let (true, Data::Whole(a), Data::Whole(b)) = (self.index.is_empty(), &self.data, &other.data)
        {
            a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b).for_each(|(row, _)| rows.insert(row));
            return;
        }
        for row in 0..rows.len() {
            if !self.same_cell(row, other, row) {
                rows.insert(row);
            }
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

    fn empty(ty: Type) -> Self {
        match ty {
            Type::Integer | Type::Date | Type::Timestamp | Type::Boolean => Self::Whole(Vec::new()),
            Type::Decimal => Self::Decimal(Vec::new()),
            Type::Float => Self::Float(Vec::new()),
            Type::Uuid => Self::Uuid(Vec::new()),
            Type::Text | Type::Json | Type::Choice | Type::Tags | Type::Link | Type::File => {
                Self::Text { ends: Vec::new(), text: String::new() }
            }
        }
    }
}

/// A column put together from cells of other columns of its type, and from values.
pub(crate) struct Splice<'c> {
    cells: Cells,
    rows: usize,
    present: u16,
    /// The value that needs no cell when the whole column has it.
    fill: &'c Value,
    is_filled: bool,
}

impl<'c> Splice<'c> {
    pub(crate) fn new(column: &'c Column) -> Self {
        let cells = Cells { ty: column.ty, index: Vec::new(), data: Data::empty(column.ty) };
        Self { cells, rows: 0, present: 0, fill: &column.fill, is_filled: true }
    }

    fn null(&mut self) {
        if self.cells.index.is_empty() {
            self.cells.index.extend(0..self.present);
        }
        self.cells.index.push(NULL);
        self.rows += 1;
    }

    fn some(&mut self) {
        if usize::from(self.present) < self.rows {
            self.cells.index.push(self.present);
        }
        self.present += 1;
        self.rows += 1;
    }

    /// Appends a cell of another column of the same type.
    pub(crate) fn copy(&mut self, from: &Cells, row: usize) {
        self.is_filled &= from.is(row, self.fill);
        let Some(position) = from.position(row) else { return self.null() };
        match (&mut self.cells.data, &from.data) {
            (Data::Whole(to), Data::Whole(from)) => to.push(from[position]),
            (Data::Text { ends, text }, Data::Text { ends: from_ends, text: from_text }) => {
                text.push_str(slice(from_ends, from_text, position));
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            }
            (Data::Decimal(to), Data::Decimal(from)) => to.push(from[position]),
            (Data::Float(to), Data::Float(from)) => to.push(from[position]),
            (Data::Uuid(to), Data::Uuid(from)) => to.push(from[position]),
            _ => return self.null(),
        }
        self.some();
    }

    /// Appends a value of the column's type, or null.
    pub(crate) fn push(&mut self, value: &Value) {
        let cell = Cells::collect(self.cells.ty, &mut std::iter::once(value));
        self.copy(&cell, 0);
    }

    /// The column; none when every cell is the fill.
    pub(crate) fn finish(self) -> Option<Cells> {
        (!self.is_filled).then_some(self.cells)
    }
}
