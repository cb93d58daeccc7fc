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
        if self.index.is_empty() && other.index.is_empty() {
            match (&self.data, &other.data) {
                (Data::Whole(a), Data::Whole(b)) if self.ty == other.ty => {
                    a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b).for_each(|(row, _)| rows.insert(row));
                    return;
                }
                (Data::Text { ends: a, text: x }, Data::Text { ends: b, text: y }) if self.ty == other.ty => {
                    differing_texts((a, x.as_bytes()), (b, y.as_bytes()), rows);
                    return;
                }
                _ => {}
            }
        }
        for row in 0..rows.len() {
            if !self.same_cell(row, other, row) {
                rows.insert(row);
            }
        }
    }
}

/// Adds the rows in which texts differ. What both begin and end with is passed in long strides.
fn differing_texts((a, x): (&[u32], &[u8]), (b, y): (&[u32], &[u8]), rows: &mut RowSet) {
    let count = a.len().min(b.len());
    let prefix = common_prefix(x, y);
    let is_same = |row: usize| a[row] == b[row] && a[row] as usize <= prefix;
    let first = (0..count).find(|row| !is_same(*row)).unwrap_or(count);
    let start = |ends: &[u32], row: usize| if row == 0 { 0 } else { ends[row - 1] as usize };
    // Behind the last difference, both are the same distance from their ends.
    let suffix = common_suffix(&x[start(a, first)..], &y[start(b, first)..]);
    let from_end = |ends: &[u32], all: &[u8], row: usize| all.len() - start(ends, row);
    let is_behind = |row: usize| {
        let left = from_end(a, x, row);
        left == from_end(b, y, row) && left <= suffix
    };
    let mut end = count;
    while end > first && is_behind(end - 1) {
        end -= 1;
    }
    for row in first..end {
        if x[start(a, row)..a[row] as usize] != y[start(b, row)..b[row] as usize] {
            rows.insert(row);
        }
    }
}

const STRIDE: usize = 256;

fn common_prefix(x: &[u8], y: &[u8]) -> usize {
    let strides = x.chunks_exact(STRIDE).zip(y.chunks_exact(STRIDE)).take_while(|(x, y)| x == y).count() * STRIDE;
    strides + x[strides..].iter().zip(&y[strides..]).take_while(|(x, y)| x == y).count()
}

fn common_suffix(x: &[u8], y: &[u8]) -> usize {
    let strides = x.rchunks_exact(STRIDE).zip(y.rchunks_exact(STRIDE)).take_while(|(x, y)| x == y).count() * STRIDE;
    let (x, y) = (&x[..x.len() - strides], &y[..y.len() - strides]);
    strides + x.iter().rev().zip(y.iter().rev()).take_while(|(x, y)| x == y).count()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Cells {
        let values: Vec<Value> = texts.iter().map(|text| Value::Text((*text).to_owned())).collect();
        Cells::collect(Type::Text, &mut values.iter())
    }

    #[test]
    fn texts_that_differ_are_found_wherever_they_stand() {
        let long = "x".repeat(700);
        let lists: [&[&str]; 9] = [
            &["a", "b", "c"],
            &["a", "bb", "c"],
            &["ab", "", "c"],
            &["", "ab", "c"],
            &["a", "b", "cc"],
            &["aa", "aa", "aa"],
            &["a", "aaaa", "a"],
            &[&long, "b", &long],
            &["", &long, &long],
        ];
        for a in lists {
            for b in lists {
                let mut rows = RowSet::new(3);
                column(a).differing(&column(b), &mut rows);
                let expected: Vec<usize> = (0..3).filter(|row| a[*row] != b[*row]).collect();
                assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{a:?} {b:?}");
            }
        }
    }
}
