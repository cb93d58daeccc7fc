//! Reading and writing the primitives of a node's canonical bytes.

use crate::object::DecodeError;

/// Appends an unsigned LEB128 number: seven bits a byte, lowest first.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number as u8) | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The bytes that [`put_varint`] appends.
pub(crate) fn varint_size(number: u64) -> usize {
    // ⌈bits / 7⌉ without a division; right for 1 to 64 bits.
    ((63 - (number | 1).leading_zeros() as usize) * 9 + 73) / 64
}

/// Maps small numbers of either sign to small unsigned numbers.
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

pub(crate) fn unzigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

/// The highest bit of each of eight bytes: set where a varint goes on.
const GOES_ON: u64 = 0x8080_8080_8080_8080;
/// The bytes of the longest varint.
const MAX_VARINT: u32 = 10;

/// Joins the seven low bits of each of eight bytes.
const fn join_sevens(word: u64) -> u64 {
    let word = (word & 0x007F_007F_007F_007F) | ((word & 0x7F00_7F00_7F00_7F00) >> 1);
    let word = (word & 0x0000_3FFF_0000_3FFF) | ((word & 0x3FFF_0000_3FFF_0000) >> 2);
    (word & 0x0FFF_FFFF) | ((word & 0x0FFF_FFFF_0000_0000) >> 4)
}

/// Reads forward through the bytes of a node and knows where it is when they are damaged.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    kind: &'static str,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(kind: &'static str, bytes: &'a [u8]) -> Self {
        Self { kind, bytes, offset: 0 }
    }

    pub(crate) fn error(&self, reason: &'static str) -> DecodeError {
        DecodeError::Node { kind: self.kind, offset: self.offset, reason }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.offset.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.error("it ends too early"))?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("take returns the length that was asked for"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        if let Some(byte) = self.bytes.get(self.offset).filter(|byte| **byte < 0x80) {
            self.offset += 1;
            return Ok(u64::from(*byte));
        }
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.error("a number has more than 64 bits"))
    }

    fn word(&self) -> Option<u64> {
        let bytes = self.bytes.get(self.offset..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// As many varints, a word of eight bytes at a time where it can.
    pub(crate) fn varints(&mut self, count: usize, mut take: impl FnMut(u64)) -> Result<(), DecodeError> {
        let mut left = count;
        while left > 0 {
            let Some(word) = self.word() else {
                take(self.varint()?);
                left -= 1;
                continue;
            };
            let ends = !word & GOES_ON;
            if ends == GOES_ON && left >= 8 {
                word.to_le_bytes().into_iter().for_each(|byte| take(u64::from(byte)));
                self.offset += 8;
                left -= 8;
            } else if ends == 0 {
                take(self.varint()?);
                left -= 1;
            } else {
                let size = ends.trailing_zeros() / 8 + 1;
                take(join_sevens(word & (u64::MAX >> (64 - 8 * size))));
                self.offset += size as usize;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Passes as many varints, and refuses what [`Reader::varint`] refuses.
    pub(crate) fn skip_varints(&mut self, count: usize) -> Result<(), DecodeError> {
        let mut left = count;
        // The bytes of a number that has not ended yet.
        let mut open = 0;
        while left >= 8 {
            let Some(word) = self.word() else { break };
            let ends = !word & GOES_ON;
            let first = if ends == 0 { 8 } else { ends.trailing_zeros() / 8 };
            if open + first >= MAX_VARINT {
                return Err(self.error("a number has more than 64 bits"));
            }
            open = if ends == 0 { open + 8 } else { ends.leading_zeros() / 8 };
            left -= ends.count_ones() as usize;
            self.offset += 8;
        }
        while left > 0 {
            if self.byte()? < 0x80 {
                open = 0;
                left -= 1;
            } else {
                open += 1;
                if open == MAX_VARINT {
                    return Err(self.error("a number has more than 64 bits"));
                }
            }
        }
        Ok(())
    }

    /// Passes varints that both readers have next, alike, at most so many; returns how many. Passes them a word at a time, and
    /// so not always all.
    pub(crate) fn skip_same_varints(&mut self, other: &mut Self, most: usize) -> usize {
        let mut passed = 0;
        while let (Some(word), Some(same)) = (self.word(), other.word())
            && word == same
        {
            let ends = !word & GOES_ON;
            let count = ends.count_ones() as usize;
            if count == 0 || passed + count > most {
                break;
            }
            let size = 8 - (ends.leading_zeros() / 8) as usize;
            self.offset += size;
            other.offset += size;
            passed += count;
        }
        passed
    }

    /// A varint that counts things of which each takes at least `each` bytes of what is left, or at most `limit`.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= limit).ok_or_else(|| self.error("a count is too large"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        self.varint().map(unzigzag)
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.left() == 0 { Ok(()) } else { Err(self.error("there are bytes behind its end")) }
    }
}
