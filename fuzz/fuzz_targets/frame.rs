//! Frames: compressed chunks as they are stored and sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use versioning::{Hash, frame};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(content) = frame::unpack(bytes) {
        assert!(frame::verify(Hash::of(&content), bytes).is_ok());
        let _ = frame::open(Hash::of(&content), bytes);
    }
    // A delta of whatever base.
    let (base, rest) = bytes.split_at(bytes.len() / 2);
    let _ = frame::unpack_near(rest, base);
    assert_eq!(frame::unpack_near(&frame::pack_near(rest, Hash::of(base), base), base).as_deref().ok(), Some(rest));
    // What is packed is what is unpacked.
    assert_eq!(frame::unpack(&frame::pack(bytes)).as_deref().ok(), Some(bytes));
});
