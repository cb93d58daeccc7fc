//! Finding the rows in which a column differs between two leaves of the same keys, from the canonical bytes of both.

use super::{
    bytes::Reader,
    column::type_code,
    rows::RowSet,
    vector::{Data, Texts, Vector},
};
use crate::value::{Type, Value};

impl Vector<'_> {
    /// Adds to `rows` the rows in which two columns of equally many rows differ.
    pub(crate) fn differing(&self, other: &Self, rows: &mut RowSet) {
        let is_alike = self.ty == other.ty && self.present.is_none() && other.present.is_none();
        match (&self.data, &other.data) {
            (Data::Whole(a), Data::Whole(b)) if is_alike => differing_entries(a, b, rows),
            (Data::Float(a), Data::Float(b)) if is_alike => differing_entries(a, b, rows),
            (Data::Uuid(a), Data::Uuid(b)) if is_alike => differing_entries(a, b, rows),
            (Data::Scaled { scale: x, numbers: a }, Data::Scaled { scale: y, numbers: b }) if is_alike && x == y => {
                differing_entries(a, b, rows);
            }
            (Data::Dictionary { entries: x, index: a }, Data::Dictionary { entries: y, index: b })
                if is_alike && x == y =>
            {
                differing_entries(a, b, rows);
            }
            (Data::Text(a), Data::Text(b)) if is_alike => differing_texts(a, b, rows),
            _ => rows.insert_where(|row| !self.same_cell(row, other)),
        }
    }

    /// Adds to `rows` the rows in which the cell is another value.
    pub(crate) fn differing_from(&self, value: &Value, rows: &mut RowSet) {
        rows.insert_where(|row| !self.is(row, value));
    }

    fn same_cell(&self, row: usize, other: &Self) -> bool {
        match (self.stored_text(row), other.stored_text(row)) {
            (Some(a), Some(b)) if self.ty == other.ty => a == b,
            _ => self.value(row) == other.value(row),
        }
    }

    fn is(&self, row: usize, value: &Value) -> bool {
        match (self.stored_text(row), value) {
            (Some(stored), Value::Text(text)) => self.ty == Type::Text && stored == text.as_bytes(),
            _ => self.value(row) == *value,
        }
    }

    /// The text of a cell that has a value, where values are stored as texts.
    fn stored_text(&self, row: usize) -> Option<&[u8]> {
        match &self.data {
            _ if !self.has(row) => None,
            Data::Text(texts) => Some(texts.get(row)),
            Data::Dictionary { entries, index } => Some(entries.get(usize::from(index[row]))),
            _ => None,
        }
    }
}

/// Adds the rows in which two columns differ whose numbers are stored as distances from the same smallest number, one
/// varint for each row: goes along both without building anything. False where it is not so, and nothing was done.
pub(super) fn differing_distances(a: &[u8], b: &[u8], count: usize, rows: &mut RowSet) -> bool {
    let (Some(start), Some(other)) = (distances(a), distances(b)) else { return false };
    if a[..start] != b[..other] {
        return false;
    }
    let (mut a, mut b) = (Reader::new("leaf", &a[start..]), Reader::new("leaf", &b[start..]));
    let mut row = 0;
    while row < count {
        row += a.skip_same_varints(&mut b, count - row);
        if row < count {
            let (Ok(x), Ok(y)) = (a.varint(), b.varint()) else {
                unreachable!("the columns were checked when the leaves were read")
            };
            if x != y {
                rows.insert(row);
            }
            row += 1;
        }
    }
    true
}

/// Where the distances of a column begin that is stored as such, with a value in every row.
fn distances(bytes: &[u8]) -> Option<usize> {
    let is = |ty: &Type, code: u8| type_code(*ty) == code;
    let mut reader = Reader::new("leaf", bytes);
    let code = reader.byte().ok()?;
    if reader.byte().ok()? != 0 {
        return None;
    }
    if is(&Type::Decimal, code) {
        if reader.byte().ok()? != 0 {
            return None;
        }
        reader.varint().ok()?;
    } else if ![Type::Integer, Type::Date, Type::Timestamp, Type::Boolean].iter().any(|ty| is(ty, code)) {
        return None;
    }
    if reader.byte().ok()? != 0 {
        return None;
    }
    reader.varint().ok()?;
    Some(reader.offset())
}

/// Adds the rows in which entries differ; equal stretches are passed as a whole.
fn differing_entries<T: PartialEq>(a: &[T], b: &[T], rows: &mut RowSet) {
    const STRETCH: usize = 64;
    for (stretch, (x, y)) in a.chunks(STRETCH).zip(b.chunks(STRETCH)).enumerate().filter(|(_, (x, y))| x != y) {
        let differing = x.iter().zip(y).enumerate().filter(|(_, (x, y))| x != y);
        differing.for_each(|(row, _)| rows.insert(stretch * STRETCH + row));
    }
}

/// Adds the rows in which texts differ. What both begin and end with is passed in long strides.
fn differing_texts(a: &Texts<'_>, b: &Texts<'_>, rows: &mut RowSet) {
    let count = a.len().min(b.len());
    let prefix = common_prefix(a.bytes, b.bytes);
    let is_same = |row: usize| a.ends[row] == b.ends[row] && a.ends[row] as usize <= prefix;
    let first = (0..count).find(|row| !is_same(*row)).unwrap_or(count);
    if first == count {
        return;
    }
    // Behind the last difference, both are the same distance from their ends.
    let suffix = common_suffix(&a.bytes[a.start(first)..], &b.bytes[b.start(first)..]);
    let from_end = |texts: &Texts<'_>, row: usize| texts.bytes.len() - texts.start(row);
    let is_behind = |row: usize| {
        let left = from_end(a, row);
        left == from_end(b, row) && left <= suffix
    };
    let mut end = count;
    while end > first && is_behind(end - 1) {
        end -= 1;
    }
    (first..end).filter(|row| a.get(*row) != b.get(*row)).for_each(|row| rows.insert(row));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::{
        bytes::Reader,
        column::Cells,
        vector::{self, tests::values},
    };

    fn check(ty: Type, a: &[Value], b: &[Value]) {
        let bytes = [a, b].map(|values| {
            let mut bytes = Vec::new();
            Cells::collect(ty, &mut values.iter()).encode(&mut bytes);
            bytes
        });
        let [x, y] = bytes.each_ref().map(|bytes| {
            vector::decode(&mut Reader::new("leaf", bytes), a.len()).expect("what is encoded can be read")
        });
        let mut rows = RowSet::new(a.len());
        x.differing(&y, &mut rows);
        let mut fast = RowSet::new(a.len());
        if differing_distances(&bytes[0], &bytes[1], a.len(), &mut fast) {
            assert_eq!(fast.iter().collect::<Vec<_>>(), rows.iter().collect::<Vec<_>>(), "{a:?} {b:?}");
        }
        let expected: Vec<usize> = (0..a.len()).filter(|row| a[*row] != b[*row]).collect();
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{a:?} {b:?}");
        rows.clear();
        x.differing_from(&b[0], &mut rows);
        let expected: Vec<usize> = (0..a.len()).filter(|row| a[*row] != b[0]).collect();
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{a:?} {:?}", b[0]);
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
        let column = |texts: &[&str]| texts.iter().map(|text| Value::Text((*text).to_owned())).collect::<Vec<_>>();
        for a in lists {
            for b in lists {
                check(Type::Text, &column(a), &column(b));
            }
        }
    }

    #[test]
    fn numbers_that_differ_are_found_without_reading_them() {
        let column = |numbers: &[i64]| {
            let values: Vec<Value> = numbers.iter().map(|number| Value::Integer(*number)).collect();
            let mut bytes = Vec::new();
            Cells::collect(Type::Integer, &mut values.iter()).encode(&mut bytes);
            bytes
        };
        let numbers: Vec<i64> = (0..300).map(|number| number * 7_919 % 1_000).collect();
        let mut others = numbers.clone();
        others[17] = 1 << 40;
        others[18] = 3;
        others[299] = 999;
        let mut rows = RowSet::new(300);
        assert!(differing_distances(&column(&numbers), &column(&others), 300, &mut rows));
        assert_eq!(rows.iter().collect::<Vec<_>>(), [17, 18, 299]);
        // Another smallest number.
        others[5] = -1;
        assert!(!differing_distances(&column(&numbers), &column(&others), 300, &mut rows));
    }

    proptest! {
        #[test]
        fn cells_that_differ_are_found_whatever_the_type(
            (ty, a, changes) in proptest::sample::select(Type::ALL.to_vec()).prop_flat_map(|ty| {
                let changes = proptest::collection::vec((any::<proptest::sample::Index>(), values(ty)), 0..6);
                (Just(ty), proptest::collection::vec(values(ty), 1..200), changes)
            }),
        ) {
            let mut b = a.clone();
            for (row, value) in changes {
                let row = row.index(b.len());
                b[row] = value;
            }
            check(ty, &a, &b);
        }
    }
}
