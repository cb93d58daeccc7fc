//! A worker's streams: the input out of the back end's frames, and what goes back.

use std::{
    cell::RefCell,
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use serde::Serialize;
use versioning::{ChunkSink, Hash, WriteError, frame};

use crate::{
    frames::{self, FrameError},
    import::Progress,
    protocol::{self, Hello, Reply, Sent, from_worker, to_worker},
};

/// Ten times a second is as often as a person sees progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Bytes of chunks that are sent together.
const CHUNKS_BATCH: usize = 256 << 10;

/// The input: the content of the data frames as one stream. It ends where the back end says that it is complete; a
/// stream that just breaks off is an error.
pub struct Input<R> {
    stream: R,
    /// Bytes of the current frame that are still to come.
    left: usize,
    ended: bool,
}

impl<R: Read> Input<R> {
    /// The input that follows the request on the stream.
    pub fn new(stream: R) -> Self {
        Self { stream, left: 0, ended: false }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        while self.left == 0 && !self.ended {
            let header = frames::read_header_blocking(&mut self.stream).map_err(|error| invalid(error.to_string()))?;
            match header {
                Some(header) if header.kind == to_worker::DATA => self.left = header.length,
                Some(header) if header.kind == to_worker::END => self.ended = true,
                Some(header) => return Err(invalid(format!("an unexpected message {}", header.kind))),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let wanted = buffer.len().min(self.left);
        if wanted == 0 {
            return Ok(0);
        }
        let length = self.stream.read(&mut buffer[..wanted])?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length;
        Ok(length)
    }
}

/// What goes to the back end.
pub struct Link<W> {
    /// In a cell, because the tree builder holds the sink of its chunks while progress is to be told.
    outgoing: RefCell<Outgoing<W>>,
}

struct Outgoing<W> {
    stream: W,
    chunks: Vec<u8>,
    last_progress: Instant,
}

impl<W: Write> Link<W> {
    /// A link that writes to the stream.
    pub fn new(stream: W) -> Self {
        let chunks = Vec::with_capacity(CHUNKS_BATCH + (64 << 10));
        Self { outgoing: RefCell::new(Outgoing { stream, chunks, last_progress: Instant::now() }) }
    }

    /// Says hello.
    ///
    /// # Errors
    /// The back end has ended.
    pub fn hello(&self, hello: Hello) -> Result<(), FrameError> {
        self.outgoing.borrow_mut().json(from_worker::HELLO, &hello)
    }

    /// Tells progress, if it was not told just now.
    ///
    /// # Errors
    /// The back end has ended.
    pub fn progress(&self, progress: Progress) -> Result<(), FrameError> {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.last_progress.elapsed() < PROGRESS_INTERVAL {
            return Ok(());
        }
        outgoing.progress(progress)
    }

    /// Tells the last progress.
    ///
    /// # Errors
    /// The back end has ended.
    pub fn finished(&self, progress: Progress) -> Result<(), FrameError> {
        self.outgoing.borrow_mut().progress(progress)
    }

    /// Sends the chunks that wait, and the reply.
    ///
    /// # Errors
    /// The back end has ended.
    pub fn reply(&self, reply: &Reply) -> Result<(), FrameError> {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.flush()?;
        outgoing.json(from_worker::REPLY, reply)
    }
}

impl<W: Write> Outgoing<W> {
    fn json(&mut self, kind: u8, message: &impl Serialize) -> Result<(), FrameError> {
        let payload = serde_json::to_vec(message).map_err(|error| FrameError::Io(error.into()))?;
        frames::write_blocking(&mut self.stream, kind, &payload)
    }

    fn progress(&mut self, progress: Progress) -> Result<(), FrameError> {
        self.last_progress = Instant::now();
        frames::write_blocking(&mut self.stream, from_worker::PROGRESS, &protocol::progress_to_bytes(progress))
    }

    fn flush(&mut self) -> Result<(), FrameError> {
        if !self.chunks.is_empty() {
            frames::write_blocking(&mut self.stream, from_worker::CHUNKS, &self.chunks)?;
            self.chunks.clear();
        }
        Ok(())
    }

    fn chunk(&mut self, hash: Hash, sent: Sent<'_>) -> Result<(), FrameError> {
        let (Sent::Plain(content) | Sent::Packed(content)) = sent;
        if self.chunks.len() + content.len() > frames::MAX_PAYLOAD / 2 {
            self.flush()?;
        }
        protocol::push_chunk(&mut self.chunks, hash, sent)?;
        if self.chunks.len() >= CHUNKS_BATCH { self.flush() } else { Ok(()) }
    }
}

impl<W: Write> ChunkSink for &Link<W> {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        let mut outgoing = self.outgoing.borrow_mut();
        let sent = if bytes.len() <= CHUNKS_BATCH {
            outgoing.chunk(hash, Sent::Plain(&bytes))
        } else {
            outgoing.chunk(hash, Sent::Packed(&frame::pack(&bytes)))
        };
        sent.map_err(|error| WriteError { hash, reason: error.to_string() })
    }
}
