//! Frames: canonical bytes as they are stored and sent, compressed where that helps.
//!
//! A frame is one byte for the method, then the content. An object's name is the hash of its canonical bytes, never of
//! its frame, so methods and levels can change without renaming anything.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use crate::{Hash, Object, object::DecodeError};

/// The content is the canonical bytes themselves.
const RAW: u8 = 0;
/// The content is a Zstandard frame (RFC 8878) that states its size.
const ZSTD: u8 = 1;

/// Fast, and on columns of a leaf within some percent of slower levels.
const LEVEL: i32 = 3;
/// No chunk is larger than this; a frame that claims more is damaged.
const MAX_UNPACKED: usize = 1 << 30;
/// The most that a block of a Zstandard frame unpacks to, and the bytes of its header.
const BLOCK: usize = 128 << 10;
const BLOCK_HEADER: usize = 3;

thread_local! {
    // Making a context costs more than packing or unpacking a chunk with it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| match compressor {
        Some(compressor) => compressor.compress(bytes),
        none => none.insert(Compressor::new(LEVEL)?).compress(bytes),
    })
}

fn decompress(content: &[u8], size: usize) -> std::io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|decompressor| match decompressor {
        Some(decompressor) => decompressor.decompress(content, size),
        none => none.insert(Decompressor::new()?).decompress(content, size),
    })
}

/// A frame that can't be unpacked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FrameError {
    /// The first byte names no method.
    #[error("no compression method has the number {found:?}")]
    Method {
        /// The first byte, if there is one.
        found: Option<u8>,
    },
    /// The compressed content is damaged.
    #[error("the compressed content is damaged: {reason}")]
    Content {
        /// What the decoder says.
        reason: String,
    },
    /// The bytes are not those that the name promises.
    #[error("the content has another hash: {found}")]
    Hash {
        /// The hash of the bytes that are there.
        found: Hash,
    },
    /// The bytes are no object.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Packs canonical bytes.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![ZSTD];
    match compress(bytes) {
        Ok(compressed) if compressed.len() < bytes.len() => frame.extend(compressed),
        // Incompressible, or out of memory in the compressor: the bytes themselves are always right.
        _ => {
            frame[0] = RAW;
            frame.extend(bytes);
        }
    }
    frame
}

/// Unpacks a frame into canonical bytes.
///
/// # Errors
/// The frame is damaged. Never panics, whatever the bytes.
pub fn unpack(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let (method, content) = frame.split_first().ok_or(FrameError::Method { found: None })?;
    match *method {
        RAW => Ok(content.to_vec()),
        ZSTD => {
            let damaged = |reason: String| FrameError::Content { reason };
            // The memory is taken at once: a few bytes must not claim all that is possible.
            let limit = MAX_UNPACKED.min((content.len() / BLOCK_HEADER).saturating_mul(BLOCK));
            let size = zstd::zstd_safe::get_frame_content_size(content)
                .map_err(|error| damaged(error.to_string()))?
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size <= limit)
                .ok_or_else(|| damaged("it does not state a possible size".to_owned()))?;
            decompress(content, size).map_err(|error| damaged(error.to_string()))
        }
        found => Err(FrameError::Method { found: Some(found) }),
    }
}

/// Unpacks a frame and checks its content against the name.
///
/// # Errors
/// The frame is damaged or holds something else.
pub fn verify(hash: Hash, frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let bytes = unpack(frame)?;
    let found = Hash::of(&bytes);
    if found == hash { Ok(bytes) } else { Err(FrameError::Hash { found }) }
}

/// Unpacks, checks and decodes.
///
/// # Errors
/// The frame is damaged, holds something else or no object.
pub fn open(hash: Hash, frame: &[u8]) -> Result<Object, FrameError> {
    Ok(Object::from_bytes(verify(hash, frame)?)?)
}
