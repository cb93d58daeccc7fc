//! Sets of rows within a leaf, one bit each.

/// A set of the numbers below `len`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    /// Bits at `len` and above are zero.
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// The empty set.
    pub(crate) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// All numbers below `len`.
    pub(crate) fn all(len: usize) -> Self {
        Self::none(len).complement()
    }

    /// All numbers or none.
    pub(crate) fn constant(len: usize, value: bool) -> Self {
        if value { Self::all(len) } else { Self::none(len) }
    }

    /// The positions of the cells that pass.
    pub(crate) fn of<T>(cells: &[T], test: impl Fn(&T) -> bool) -> Self {
        let word = |cells: &[T]| {
            cells.iter().enumerate().fold(0_u64, |word, (bit, cell)| word | (u64::from(test(cell)) << bit))
        };
        Self { words: cells.chunks(64).map(word).collect(), len: cells.len() }
    }

    /// The set whose bits stand in bytes, lowest first.
    pub(crate) fn from_bytes(bytes: &[u8], len: usize) -> Self {
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let mut bits = Self { words: bytes.chunks(8).map(word).collect(), len };
        bits.words.resize(len.div_ceil(64), 0);
        bits.trim();
        bits
    }

    fn trim(&mut self) {
        if let Some(last) = self.words.last_mut().filter(|_| !self.len.is_multiple_of(64)) {
            *last &= u64::MAX >> (64 - self.len % 64);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn insert(&mut self, number: usize) {
        self.words[number / 64] |= 1 << (number % 64);
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        self
    }

    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
        self
    }

    /// The numbers below `len` that are not in the set.
    pub(crate) fn complement(mut self) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
        self
    }

    /// Only the numbers of the range.
    pub(crate) fn within(mut self, range: &std::ops::Range<usize>) -> Self {
        if *range == (0..self.len) {
            return self;
        }
        for (index, word) in self.words.iter_mut().enumerate() {
            let low = range.start.saturating_sub(index * 64).min(64);
            let high = range.end.saturating_sub(index * 64).min(64);
            let below = |bit: usize| if bit == 64 { u64::MAX } else { (1 << bit) - 1 };
            *word &= below(high) & !below(low);
        }
        self
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn operations_are_those_of_sets(
            cells in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..200),
            start in 0_usize..200, size in 0_usize..200,
        ) {
            let len = cells.len();
            let (a, b) = (Bits::of(&cells, |cell| cell.0), Bits::of(&cells, |cell| cell.1));
            let range = start.min(len)..(start + size).min(len).max(start.min(len));
            let check = |bits: Bits, expect: &dyn Fn(usize) -> bool| {
                let expected: Vec<usize> = (0..len).filter(|row| expect(*row)).collect();
                assert_eq!(bits.count(), expected.len());
                assert_eq!(bits.is_empty(), expected.is_empty());
                assert_eq!(bits.iter().collect::<Vec<_>>(), expected);
                assert!((0..len).all(|row| bits.has(row) == expect(row)));
            };
            check(a.clone().and(&b), &|row| cells[row].0 && cells[row].1);
            check(a.clone().or(&b), &|row| cells[row].0 || cells[row].1);
            check(a.clone().complement(), &|row| !cells[row].0);
            check(a.clone().within(&range), &|row| cells[row].0 && range.contains(&row));
            check(Bits::all(len), &|_| true);
            check(Bits::none(len), &|_| false);
            let mut bytes = vec![0xFF_u8; len.div_ceil(8)];
            (0..len).filter(|row| !a.has(*row)).for_each(|row| bytes[row / 8] &= !(1 << (row % 8)));
            check(Bits::from_bytes(&bytes, len), &|row| cells[row].0);
        }
    }
}
