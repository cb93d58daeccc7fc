//! Generated primary keys.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// UUIDs of version 7 (RFC 9562) that increase from one to the next.
///
/// All carry the time at which the import began; the 74 bits behind it are a counter that begins at random and takes
/// random steps (the RFC's method 2), so that the rows keep the order of the file and no two imports meet.
pub(super) struct Generated {
    milliseconds: u64,
    counter: u128,
    /// The state of SplitMix64 (Steele, Lea, Flood, 2014), which makes the steps: asking the system for each row's would
    /// take longer than all the rest of it.
    state: u64,
}

const COUNTER_BITS: u32 = 74;

impl Generated {
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(0) & ((1 << 48) - 1);
        // The highest bit is left free, so that the counter has room for 2^40 steps and more.
        let counter = Uuid::new_v4().as_u128() & ((1 << (COUNTER_BITS - 1)) - 1);
        let (state, _) = Uuid::new_v4().as_u64_pair();
        Self { milliseconds, counter, state }
    }

    pub(super) fn next(&mut self) -> Uuid {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut random = self.state;
        random = (random ^ random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        random = (random ^ random >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        // The upper half, so that a step is at most 2^32.
        self.counter += 1 + u128::from(random >> 32);
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
