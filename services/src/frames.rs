//! Frames: how messages stand in a stream of bytes between the back end and a service process.
//!
//! A frame is the length of its payload (32 bits, little endian, at most [`MAX_PAYLOAD`]), one byte for the kind of
//! message, then the payload. The back end reads and writes asynchronously, a worker blockingly.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest payload in bytes: 16 MiB.
pub const MAX_PAYLOAD: usize = 16 << 20;
/// The bytes before the payload.
pub const HEADER: usize = 5;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is about.
    pub kind: u8,
    /// Its content.
    pub payload: Vec<u8>,
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The bytes that follow; at most [`MAX_PAYLOAD`].
    pub length: usize,
    /// What the message is about.
    pub kind: u8,
}

/// A frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream ended within a frame.
    #[error("the stream ended within a frame")]
    Torn,
    /// The frame is larger than any may be.
    #[error("a frame of {length} bytes is larger than the {MAX_PAYLOAD} that are possible")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Torn } else { Self::Io(error) }
    }
}

impl Header {
    /// The header of a payload of this length.
    ///
    /// # Errors
    /// The payload is too large.
    pub fn new(kind: u8, length: usize) -> Result<Self, FrameError> {
        if length > MAX_PAYLOAD { Err(FrameError::TooLarge { length }) } else { Ok(Self { length, kind }) }
    }

    /// The bytes before the payload.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER] {
        let [a, b, c, d] = u32::try_from(self.length).unwrap_or(u32::MAX).to_le_bytes();
        [a, b, c, d, self.kind]
    }

    fn from_bytes([a, b, c, d, kind]: [u8; HEADER]) -> Result<Self, FrameError> {
        let length = u32::from_le_bytes([a, b, c, d]);
        Self::new(kind, usize::try_from(length).unwrap_or(usize::MAX))
    }
}

/// Reads the next frame; none where the stream ends between frames.
///
/// # Errors
/// The stream fails or ends within the frame, or the frame is too large.
pub async fn read<R: AsyncRead + Unpin>(stream: &mut R) -> Result<Option<Frame>, FrameError> {
    let mut header = [0; HEADER];
    if stream.read(&mut header[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut header[1..]).await?;
    let Header { length, kind } = Header::from_bytes(header)?;
    // Grows with what arrives, so that a header alone claims no memory.
    let mut payload = Vec::with_capacity(length.min(1 << 20));
    stream.take(length as u64).read_to_end(&mut payload).await?;
    if payload.len() < length { Err(FrameError::Torn) } else { Ok(Some(Frame { kind, payload })) }
}

/// Writes a frame and flushes it.
///
/// # Errors
/// The stream fails, or the payload is too large.
pub async fn write<W: AsyncWrite + Unpin>(stream: &mut W, kind: u8, payload: &[u8]) -> Result<(), FrameError> {
    stream.write_all(&Header::new(kind, payload.len())?.to_bytes()).await?;
    stream.write_all(payload).await?;
    Ok(stream.flush().await?)
}

/// Reads the next frame's header; none where the stream ends between frames. The payload is then the caller's to read.
///
/// # Errors
/// The stream fails or ends within the header, or the frame is too large.
pub fn read_header_blocking(stream: &mut impl Read) -> Result<Option<Header>, FrameError> {
    let mut header = [0; HEADER];
    loop {
        match stream.read(&mut header[..1]) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    stream.read_exact(&mut header[1..])?;
    Header::from_bytes(header).map(Some)
}

/// Reads the next frame; none where the stream ends between frames.
///
/// # Errors
/// The stream fails or ends within the frame, or the frame is too large.
pub fn read_blocking(stream: &mut impl Read) -> Result<Option<Frame>, FrameError> {
    let Some(Header { length, kind }) = read_header_blocking(stream)? else { return Ok(None) };
    let mut payload = Vec::with_capacity(length.min(1 << 20));
    stream.take(length as u64).read_to_end(&mut payload)?;
    if payload.len() < length { Err(FrameError::Torn) } else { Ok(Some(Frame { kind, payload })) }
}

/// Writes a frame and flushes it.
///
/// # Errors
/// The stream fails, or the payload is too large.
pub fn write_blocking(stream: &mut impl Write, kind: u8, payload: &[u8]) -> Result<(), FrameError> {
    stream.write_all(&Header::new(kind, payload.len())?.to_bytes())?;
    stream.write_all(payload)?;
    Ok(stream.flush()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(frames in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..300)), 0..10)) {
            let mut stream = Vec::new();
            for (kind, payload) in &frames {
                write_blocking(&mut stream, *kind, payload).expect("a Vec takes everything");
            }
            let mut rest = stream.as_slice();
            for (kind, payload) in frames {
                let frame = read_blocking(&mut rest).expect("it was written");
                prop_assert_eq!(frame, Some(Frame { kind, payload }));
            }
            prop_assert_eq!(read_blocking(&mut rest).expect("a clean end"), None);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut rest = bytes.as_slice();
            while let Ok(Some(_)) = read_blocking(&mut rest) {}
        }
    }

    #[tokio::test]
    async fn the_asynchronous_side_speaks_the_same() {
        let mut stream = Vec::new();
        write(&mut stream, 7, b"seven").await.expect("a Vec takes everything");
        assert_eq!(stream, b"\x05\0\0\0\x07seven");
        let mut rest = stream.as_slice();
        let frame = read(&mut rest).await.expect("it was written");
        assert_eq!(frame, Some(Frame { kind: 7, payload: b"seven".to_vec() }));
        assert_eq!(read(&mut rest).await.expect("a clean end"), None);
    }

    #[tokio::test]
    async fn a_torn_frame_is_an_error() {
        for end in 1..10 {
            let bytes = &b"\x05\0\0\0\x07seven"[..end];
            assert!(matches!(read_blocking(&mut &*bytes), Err(FrameError::Torn)), "{end}");
            assert!(matches!(read(&mut &*bytes).await, Err(FrameError::Torn)), "{end}");
        }
    }

    #[tokio::test]
    async fn an_oversized_frame_is_an_error() {
        let bytes = b"\x01\0\0\x01\x07";
        assert!(matches!(read_blocking(&mut bytes.as_slice()), Err(FrameError::TooLarge { length: 16_777_217 })));
        assert!(matches!(read(&mut bytes.as_slice()).await, Err(FrameError::TooLarge { .. })));
        let payload = vec![0; MAX_PAYLOAD + 1];
        assert!(matches!(write_blocking(&mut io::sink(), 1, &payload), Err(FrameError::TooLarge { .. })));
    }
}
