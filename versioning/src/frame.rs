//! Frames: canonical bytes as they are stored and sent, compressed where that helps.
//!
//! A frame is one byte for the method, then the content. An object's name is the hash of its canonical bytes, never of
//! its frame, so methods and levels can change without renaming anything.
//!
//! A chunk that is much like one that is there can be stored as a *delta*: what it differs in from that one, its *base*.
//! The base of a delta is whole, so that a chunk is never more than one away.

use std::cell::RefCell;

use zstd::{
    bulk::Decompressor,
    zstd_safe::{
        CCtx, CParameter, ErrorCode, InBuffer, OutBuffer, ResetDirective, compress_bound, zstd_sys::ZSTD_EndDirective,
    },
};

use crate::{Hash, Object, delta, object::DecodeError, tree::seams};

/// The content is the canonical bytes themselves.
const RAW: u8 = 0;
/// The content is a Zstandard frame (RFC 8878) that states its size.
const ZSTD: u8 = 1;
/// The content is the name of another chunk and, as a frame of one of the other methods, what the canonical bytes
/// differ in from those of that chunk.
const DELTA: u8 = 2;
/// The bytes of a delta before the frame in it.
const DELTA_HEADER: usize = 33;

/// Fast, and on columns of a leaf within some percent of slower levels.
const LEVEL: i32 = 1;
/// Fewer bytes are not worth a code of their own.
const BLOCK_WORTHWHILE: usize = 256;
/// What a block more can add to the size of a frame that can't be compressed.
const BLOCK_ROOM: usize = 16;
/// No chunk is larger than this; a frame that claims more is damaged.
const MAX_UNPACKED: usize = 1 << 30;
/// The most that a block of a Zstandard frame unpacks to, and the bytes of its header.
const BLOCK: usize = 128 << 10;
const BLOCK_HEADER: usize = 3;
/// Below so many bytes packing does not find anything: so small are the deltas of a few changed cells.
const SMALL: usize = 64;
/// A delta so much smaller than the canonical bytes is smaller than half of them packed: that is not tried.
const FAR_SMALLER: usize = 16;

thread_local! {
    // Making a context costs more than packing or unpacking a chunk with it.
    static COMPRESSOR: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// One Zstandard frame. Each column of a leaf is a block of it, or several: a block has its own code for what could not
/// be found before, and the bytes of texts, numbers and places in a dictionary occur each with frequencies of their own.
fn compress(bytes: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(compressor) => compressor,
            none => {
                let mut new = CCtx::try_create().ok_or(0_usize)?;
                new.set_parameter(CParameter::CompressionLevel(LEVEL))?;
                none.insert(new)
            }
        };
        let compressed = compress_with(compressor, bytes);
        if compressed.is_err() {
            // It has begun a frame. Resetting only the session can't fail.
            compressor.reset(ResetDirective::SessionOnly).ok();
        }
        compressed
    })
}

fn compress_with(compressor: &mut CCtx<'static>, bytes: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    compressor.set_pledged_src_size(Some(bytes.len() as u64))?;
    let mut ends = seams(bytes);
    let mut start = 0;
    // What little is left goes along with the column before.
    ends.retain(|end| {
        let is_block = end - start >= BLOCK_WORTHWHILE && bytes.len() - end >= BLOCK_WORTHWHILE;
        start = if is_block { *end } else { start };
        is_block
    });
    let room = compress_bound(bytes.len()) + ends.len() * BLOCK_ROOM;
    let mut compressed = Vec::with_capacity(room);
    let mut output = OutBuffer::around(&mut compressed);
    let mut start = 0;
    for (end, directive) in ends
        .into_iter()
        .map(|end| (end, ZSTD_EndDirective::ZSTD_e_flush))
        .chain([(bytes.len(), ZSTD_EndDirective::ZSTD_e_end)])
    {
        let mut input = InBuffer::around(&bytes[start..end]);
        // There is room for all: nothing is left to be written.
        if compressor.compress_stream2(&mut output, &mut input, directive)? > 0 {
            return Err(0);
        }
        start = end;
    }
    Ok(compressed)
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
    /// The content is a delta, and what it is a delta of is not at hand.
    #[error("it is what differs from chunk {base}, which is not at hand")]
    Base {
        /// The chunk that it is a delta of.
        base: Hash,
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

/// Packs canonical bytes as a delta of another chunk's, where that takes less than half of what they take by themselves.
/// That chunk has to be stored, by a frame that is no delta.
#[must_use]
pub fn pack_near(bytes: &[u8], base: Hash, base_bytes: &[u8]) -> Vec<u8> {
    let delta = delta::make(base_bytes, bytes);
    if delta.len() > bytes.len() / 2 {
        return pack(bytes);
    }
    let mut frame = Vec::with_capacity(DELTA_HEADER + 1 + delta.len());
    frame.push(DELTA);
    frame.extend(base.as_bytes());
    if delta.len() < SMALL {
        frame.push(RAW);
        frame.extend(delta);
    } else {
        frame.extend(pack(&delta));
    }
    if frame.len() <= bytes.len() / FAR_SMALLER {
        return frame;
    }
    let whole = pack(bytes);
    if frame.len() <= whole.len() / 2 { frame } else { whole }
}

/// The chunk that a frame is a delta of; none when it is whole.
///
/// # Errors
/// The frame is a delta of nothing: it is damaged.
pub fn base(frame: &[u8]) -> Result<Option<Hash>, FrameError> {
    Ok(split_delta(frame)?.map(|(base, _)| base))
}

fn split_delta(frame: &[u8]) -> Result<Option<(Hash, &[u8])>, FrameError> {
    match frame.split_first() {
        Some((&DELTA, content)) => {
            let (base, delta) = content.split_first_chunk::<32>().ok_or_else(|| damaged("it names no other chunk"))?;
            Ok(Some((Hash::from_bytes(*base), delta)))
        }
        _ => Ok(None),
    }
}

fn damaged(reason: impl ToString) -> FrameError {
    FrameError::Content { reason: reason.to_string() }
}

/// Unpacks a frame into canonical bytes.
///
/// # Errors
/// The frame is damaged or a delta. Never panics, whatever the bytes.
pub fn unpack(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    if let Some(base) = base(frame)? {
        return Err(FrameError::Base { base });
    }
    let (method, content) = frame.split_first().ok_or(FrameError::Method { found: None })?;
    match *method {
        RAW => Ok(content.to_vec()),
        ZSTD => {
            // The memory is taken at once: a few bytes must not claim all that is possible.
            let limit = MAX_UNPACKED.min((content.len() / BLOCK_HEADER).saturating_mul(BLOCK));
            let size = zstd::zstd_safe::get_frame_content_size(content)
                .map_err(damaged)?
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size <= limit)
                .ok_or_else(|| damaged("it does not state a possible size"))?;
            decompress(content, size).map_err(damaged)
        }
        found => Err(FrameError::Method { found: Some(found) }),
    }
}

/// Unpacks a frame into canonical bytes; `base_bytes` are those of its [`base`].
///
/// # Errors
/// The frame is damaged, or the bytes are not those that it is a delta of. Never panics, whatever the bytes.
pub fn unpack_near(frame: &[u8], base_bytes: &[u8]) -> Result<Vec<u8>, FrameError> {
    let Some((_, delta)) = split_delta(frame)? else { return unpack(frame) };
    delta::apply(base_bytes, &unpack(delta)?).ok_or_else(|| damaged("it is no delta of the other chunk"))
}

fn check(hash: Hash, bytes: Vec<u8>) -> Result<Vec<u8>, FrameError> {
    let found = Hash::of(&bytes);
    if found == hash { Ok(bytes) } else { Err(FrameError::Hash { found }) }
}

/// Unpacks a frame and checks its content against the name.
///
/// # Errors
/// The frame is damaged, a delta, or holds something else.
pub fn verify(hash: Hash, frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    check(hash, unpack(frame)?)
}

/// Unpacks, checks and decodes.
///
/// # Errors
/// The frame is damaged, a delta, holds something else or no object.
pub fn open(hash: Hash, frame: &[u8]) -> Result<Object, FrameError> {
    Ok(Object::from_bytes(verify(hash, frame)?)?)
}

/// Unpacks, checks and decodes; `base_bytes` are those of the frame's [`base`]. They need no check of their own: with
/// others, the content would be another.
///
/// # Errors
/// The frame is damaged, or it holds something else or no object.
pub fn open_near(hash: Hash, frame: &[u8], base_bytes: &[u8]) -> Result<Object, FrameError> {
    Ok(Object::from_bytes(check(hash, unpack_near(frame, base_bytes)?)?)?)
}
