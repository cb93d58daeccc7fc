//! The messages between the back end and a worker, one per frame.
//!
//! The worker says [`Hello`]; the back end sends a [`Request`], then the input as [`to_worker::DATA`] frames ended by
//! [`to_worker::END`]; the worker sends progress and chunks while it works and one [`Reply`] at the end.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use versioning::{Hash, frame};

use crate::import::{ImportOutcome, ImportPlan, Inspection, Progress};

/// The environment variable with the worker's [`WorkerLimits`] as JSON.
pub const LIMITS_VARIABLE: &str = "ANABRANCH_SERVICE_LIMITS";

/// Kinds of frames that go to the worker.
pub mod to_worker {
    /// A [`super::Request`] as JSON.
    pub const REQUEST: u8 = 1;
    /// A part of the input.
    pub const DATA: u8 = 2;
    /// The input is complete.
    pub const END: u8 = 3;
}

/// Kinds of frames that come from the worker.
pub mod from_worker {
    /// A [`super::Hello`] as JSON.
    pub const HELLO: u8 = 1;
    /// Progress: rows and bytes, 64 bits each, little endian.
    pub const PROGRESS: u8 = 2;
    /// Chunks: see [`super::chunks`].
    pub const CHUNKS: u8 = 3;
    /// A [`super::Reply`] as JSON; the last frame.
    pub const REPLY: u8 = 4;
}

/// What a worker says before it reads anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What it has given up.
    pub sandbox: Sandbox,
}

/// What the kernel took from a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The file system and the network, by Landlock.
    pub landlock: bool,
    /// All system calls but those for computing and for its open streams, by seccomp.
    pub seccomp: bool,
}

/// What a worker may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLimits {
    /// Bytes of memory.
    pub memory: u64,
    /// Time on a processor.
    pub cpu_time: Duration,
}

/// What the import service is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Find out what the file holds.
    Inspect,
    /// Make a table of it.
    Import(Box<ImportPlan>),
}

/// What the import service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Inspect`].
    Inspection(Inspection),
    /// To [`Request::Import`].
    Outcome(ImportOutcome),
    /// It can't be done: why, without a full stop.
    Failed(String),
}

/// The payload of a progress frame.
#[must_use]
pub fn progress_to_bytes(progress: Progress) -> [u8; 16] {
    (u128::from(progress.rows) | u128::from(progress.bytes) << 64).to_le_bytes()
}

/// Reads the payload of a progress frame; none where it is none.
#[must_use]
pub fn progress_from_bytes(payload: &[u8]) -> Option<Progress> {
    let (rows, bytes) = payload.split_first_chunk::<8>()?;
    let bytes = bytes.try_into().ok()?;
    Some(Progress { rows: u64::from_le_bytes(*rows), bytes: u64::from_le_bytes(bytes) })
}

/// A chunk as it comes from the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'c> {
    /// Its canonical bytes. Packing them is left to the back end, which does so while the worker makes the next.
    Plain(&'c [u8]),
    /// A frame of them, where they are many: a worker's message is bounded.
    Packed(&'c [u8]),
}

impl Sent<'_> {
    /// The chunk's frame, after its bytes were checked against its name: a worker that was taken over can't name its bytes
    /// as it likes.
    ///
    /// # Errors
    /// The bytes have another name, or the frame is damaged.
    pub fn to_frame(self, hash: Hash) -> Result<Vec<u8>, frame::FrameError> {
        match self {
            Self::Plain(bytes) => {
                let found = Hash::of(bytes);
                if found == hash { Ok(frame::pack(bytes)) } else { Err(frame::FrameError::Hash { found }) }
            }
            Self::Packed(packed) => frame::verify(hash, packed).map(|_| packed.to_vec()),
        }
    }
}

/// Appends a chunk to the payload of a chunks frame: hash (32 bytes), whether it is packed (1 byte), length (32 bits,
/// little endian), content.
///
/// # Errors
/// The chunk is too long for a frame.
pub fn push_chunk(payload: &mut Vec<u8>, hash: Hash, sent: Sent<'_>) -> Result<(), crate::frames::FrameError> {
    let (Sent::Plain(content) | Sent::Packed(content)) = sent;
    let too_large = || crate::frames::FrameError::TooLarge { length: content.len() };
    let length = u32::try_from(content.len()).map_err(|_| too_large())?;
    payload.extend(hash.as_bytes());
    payload.push(u8::from(matches!(sent, Sent::Packed(_))));
    payload.extend(length.to_le_bytes());
    payload.extend(content);
    Ok(())
}

/// Reads the payload of a chunks frame: each chunk's name and content; none where the payload is damaged.
pub fn chunks(mut payload: &[u8]) -> impl Iterator<Item = Option<(Hash, Sent<'_>)>> {
    std::iter::from_fn(move || {
        if payload.is_empty() {
            return None;
        }
        let chunk = (|| {
            let (hash, rest) = payload.split_first_chunk::<32>()?;
            let (is_packed, rest) = rest.split_first()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (content, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
            let sent = match is_packed {
                0 => Sent::Plain(content),
                1 => Sent::Packed(content),
                _ => return None,
            };
            payload = rest;
            Some((Hash::from_bytes(*hash), sent))
        })();
        if chunk.is_none() {
            payload = &[];
        }
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_are_read_back(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..5)) {
            let mut payload = Vec::new();
            for content in &contents {
                push_chunk(&mut payload, Hash::of(content), Sent::Plain(content)).expect("small");
                push_chunk(&mut payload, Hash::of(content), Sent::Packed(content)).expect("small");
            }
            let read: Option<Vec<_>> = chunks(&payload).collect();
            let expected: Vec<_> = contents
                .iter()
                .flat_map(|content| [Sent::Plain(content), Sent::Packed(content)].map(|sent| (Hash::of(content), sent)))
                .collect();
            prop_assert_eq!(read, Some(expected));
        }

        #[test]
        fn chunks_are_checked_however_they_are_sent(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (hash, other, packed) = (Hash::of(&bytes), Hash::of(b"other"), frame::pack(&bytes));
            for sent in [Sent::Plain(&bytes), Sent::Packed(&packed)] {
                prop_assert_eq!(sent.to_frame(hash).ok(), Some(packed.clone()));
                prop_assert!(sent.to_frame(other).is_err());
            }
        }

        #[test]
        fn damaged_chunks_end(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(chunks(&bytes).count() <= bytes.len());
        }

        #[test]
        fn progress_is_read_back(rows: u64, bytes: u64) {
            let progress = Progress { rows, bytes };
            prop_assert_eq!(progress_from_bytes(&progress_to_bytes(progress)), Some(progress));
        }
    }
}
