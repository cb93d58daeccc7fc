//! Sets of rows of one leaf.

/// Which rows of a leaf, by position.
#[derive(Clone, Debug)]
pub(crate) struct RowSet {
    words: Vec<u64>,
    rows: usize,
}

impl RowSet {
    /// No row of a leaf with this many.
    pub(crate) fn new(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// Takes all rows out.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    pub(crate) fn insert(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    pub(crate) fn insert_where(&mut self, test: impl Fn(usize) -> bool) {
        (0..self.rows).filter(|row| test(*row)).for_each(|row| self.insert(row));
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        self.words[row / 64] >> (row % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(crate) fn shared(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(word, other)| word & other).collect();
        Self { words, rows: self.rows }
    }

    /// The first row of the set from this one on.
    pub(crate) fn from(&self, row: usize) -> Option<usize> {
        let first = self.words.get(row / 64)? & (u64::MAX << (row % 64));
        if first != 0 {
            return Some(row / 64 * 64 + first.trailing_zeros() as usize);
        }
        let (index, word) = self.words.iter().enumerate().skip(row / 64 + 1).find(|(_, word)| **word != 0)?;
        Some(index * 64 + word.trailing_zeros() as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.from(0), |row| self.from(row + 1))
    }
}
