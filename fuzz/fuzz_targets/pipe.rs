//! The protocol between the back end and service processes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use services::{
    frames,
    protocol::{self, Hello, Reply, Request},
};

fuzz_target!(|bytes: &[u8]| {
    let mut stream = bytes;
    while let Ok(Some(frame)) = frames::read_blocking(&mut stream) {
        let payload = frame.payload.as_slice();
        let _ = protocol::progress_from_bytes(payload);
        let _ = protocol::chunks(payload).count();
        let _ = serde_json::from_slice::<Hello>(payload);
        let _ = serde_json::from_slice::<Request>(payload);
        let _ = serde_json::from_slice::<Reply>(payload);
    }
});
