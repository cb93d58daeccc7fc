//! Generated primary keys.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// UUIDs of version 7 (RFC 9562) that increase from one to the next.
///
/// All carry the time at which the import began; the 74 bits behind it are a counter that begins at random and takes
/// random steps (the RFC's method 2), so that the rows keep the order of the file and nobody guesses the next one.
pub(super) struct Generated {
    milliseconds: u64,
    counter: u128,
    /// Bytes of random UUIDs, for the steps.
    random: u128,
    left: u32,
}

const COUNTER_BITS: u32 = 74;

impl Generated {
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(0) & ((1 << 48) - 1);
        // The highest bit is left free, so that the counter has room for 2^40 steps and more.
        let counter = Uuid::new_v4().as_u128() & ((1 << (COUNTER_BITS - 1)) - 1);
        Self { milliseconds, counter, random: 0, left: 0 }
    }

    pub(super) fn next(&mut self) -> Uuid {
        if self.left == 0 {
            // 122 of its bits are random; the two lowest thirds hold none of the fixed ones but the variant's.
            self.random = Uuid::new_v4().as_u128();
            self.left = 2;
        }
        self.counter += 1 + (self.random & 0xFFFF_FFFF);
        self.random >>= 32;
        self.left -= 1;
        let high = (self.counter >> 62) & 0xFFF;
        let low = self.counter & ((1 << 62) - 1);
        Uuid::from_u128(u128::from(self.milliseconds) << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_increase_and_are_of_version_7() {
        let mut generated = Generated::new();
        let mut last = Uuid::nil();
        for _ in 0..10_000 {
            let next = generated.next();
            assert!(next > last);
            assert_eq!((next.get_version_num(), next.get_variant()), (7, uuid::Variant::RFC4122));
            last = next;
        }
    }
}
