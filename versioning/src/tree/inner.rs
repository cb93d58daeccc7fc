//! Inner nodes: the children's hashes, last keys and row counts.

use super::bytes::{Reader, put_varint};
use crate::{
    Hash, Key,
    key::MAX_KEY,
    object::{DecodeError, kind},
};

/// The format of the bytes after the kind.
const FORMAT: u8 = 1;
/// No inner node has more children; one that claims more is damaged. Far above what trees make.
const MAX_CHILDREN: usize = 60_000;

/// A child of an inner node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The largest key below it.
    pub last: Key,
    /// Its name.
    pub hash: Hash,
    /// The rows below it.
    pub rows: u64,
}

/// Children next to each other in the order of their keys.
#[derive(Clone, Debug)]
pub struct Inner {
    level: u8,
    children: Vec<Child>,
}

impl Inner {
    pub(crate) fn new(level: u8, children: Vec<Child>) -> Self {
        Self { level, children }
    }

    /// How far it is from the leaves: 1 when its children are leaves.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The children; at least one.
    #[must_use]
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// The child that has the key or would have it: the first that ends at or behind it, or the last one.
    #[must_use]
    pub fn find(&self, key: &Key) -> usize {
        self.children.partition_point(|child| child.last < *key).min(self.children.len() - 1)
    }

    /// As [`Inner::find`], at less cost if it is the child `guess`: keys lie apart in memory.
    pub(crate) fn find_near(&self, key: &Key, guess: usize) -> usize {
        let is_before = |index: usize| self.children.get(index).is_some_and(|child| child.last < *key);
        let is_it = guess < self.children.len() && !is_before(guess) && (guess == 0 || is_before(guess - 1));
        if is_it { guess } else { self.find(key) }
    }

    pub(crate) fn weight(&self) -> usize {
        128 + self.children.iter().map(|child| 64 + child.last.as_bytes().len()).sum::<usize>()
    }

    /// Keys are written as the number of bytes shared with the one before and the rest; hashes come last, together.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![kind::INNER, FORMAT, self.level];
        put_varint(&mut bytes, self.children.len() as u64);
        let mut before: &[u8] = &[];
        for child in &self.children {
            let key = child.last.as_bytes();
            let shared = before.iter().zip(key).take_while(|(a, b)| a == b).count();
            put_varint(&mut bytes, shared as u64);
            put_varint(&mut bytes, (key.len() - shared) as u64);
            bytes.extend(&key[shared..]);
            before = key;
        }
        self.children.iter().for_each(|child| put_varint(&mut bytes, child.rows));
        self.children.iter().for_each(|child| bytes.extend(child.hash.as_bytes()));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("inner node", bytes);
        reader.byte()?;
        if reader.byte()? != FORMAT {
            return Err(reader.error("its format is not known"));
        }
        let level = reader.byte()?;
        let count = reader.count(MAX_CHILDREN.min(reader.left()))?;
        if level == 0 || count == 0 {
            return Err(reader.error("it has no level or no children"));
        }
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(count);
        for _ in 0..count {
            let before = keys.last().map_or(&[][..], Vec::as_slice);
            let shared = reader.count(before.len())?;
            // What keys share is not there again: without a limit, few bytes would make a lot of keys.
            let length = reader.count(reader.left().min(MAX_KEY - shared))?;
            let key = [&before[..shared], reader.take(length)?].concat();
            if !keys.is_empty() && before >= key.as_slice() {
                return Err(reader.error("its keys are not in order"));
            }
            keys.push(key);
        }
        let rows: Vec<u64> = (0..count).map(|_| reader.varint()).collect::<Result<_, _>>()?;
        if rows.iter().try_fold(0_u64, |sum, rows| sum.checked_add(*rows)).is_none() {
            return Err(reader.error("it has more rows than 64 bits count"));
        }
        let mut children = Vec::with_capacity(count);
        for (key, rows) in keys.into_iter().zip(rows) {
            children.push(Child { last: Key::from_bytes(key), hash: Hash::from_bytes(reader.array()?), rows });
        }
        reader.finish()?;
        Ok(Self { level, children })
    }
}
