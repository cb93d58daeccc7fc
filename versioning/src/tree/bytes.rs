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
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Maps small numbers of either sign to small unsigned numbers.
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

/// Reads forward through the bytes of a node and knows where it is when they are damaged.
pub(crate) struct Reader<'a> {
    kind: &'static str,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(kind: &'static str, bytes: &'a [u8]) -> Self {
        Self { kind, bytes, offset: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// What was read from an earlier offset on.
    pub(crate) fn since(&self, offset: usize) -> &'a [u8] {
        &self.bytes[offset..self.offset]
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

    /// A varint that counts things of which each takes at least `each` bytes of what is left, or at most `limit`.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= limit).ok_or_else(|| self.error("a count is too large"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        self.varint().map(unzigzag)
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.left() == 0 { Ok(()) } else { Err(self.error("there are bytes behind its end")) }
    }
}
