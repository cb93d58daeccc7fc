//! Objects as blocking code reads them: verified, decoded, cached.

use std::{
    collections::HashSet,
    num::NonZero,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use versioning::{Hash, Object, ObjectSource, ReadError, frame};

use crate::{
    StorageError,
    cache::{Framed, ObjectCache, Stored},
    opening::Bases,
    runtime::Database,
};

/// How many chunks one transaction reads.
pub(crate) const READ_AT_ONCE: usize = 256;
/// Below this many chunks a second thread costs more than it brings.
const READ_ALONE: usize = 16;

/// Asking for it reads files, which takes as long as reading a chunk.
static PROCESSORS: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));

/// The store's objects, for the synchronous code of `versioning`. Clones share one cache.
///
/// Reads wait for the database, so they belong on threads that may block (`spawn_blocking`); elsewhere they hold up
/// a worker but neither panic nor deadlock.
#[derive(Clone)]
pub struct Objects {
    database: Arc<Database>,
    cache: Arc<ObjectCache>,
}

impl Objects {
    pub(crate) fn new(database: Arc<Database>, cache: Arc<ObjectCache>) -> Self {
        Self { database, cache }
    }

    /// Forgets objects that are no longer stored.
    pub(crate) fn forget(&self, hashes: &[Hash]) {
        hashes.iter().for_each(|hash| self.cache.remove(hash));
    }

    /// Keeps objects that were just stored, as if they had been read.
    pub fn keep(&self, objects: impl IntoIterator<Item = (Hash, Object)>) {
        let since = self.cache.now();
        for (hash, object) in objects {
            self.cache.insert(since, hash, Stored { object: Arc::new(object), frame: Framed::Unknown });
        }
    }

    /// For each of the chunks, what can be the base of a delta ([`versioning::frame::pack_near`]) that is much like it: the
    /// chunk itself where it is stored whole, else its base. None where it can't be read.
    ///
    /// The chunks have to be those that a commit reaches which a lease keeps, so that they stay, and their bases with
    /// them, until the deltas are part of a commit.
    #[must_use]
    pub fn bases_for(&self, chunks: &[Hash]) -> Vec<Option<(Hash, Arc<Object>)>> {
        self.prefetch(chunks);
        let mut found: Vec<Option<Stored>> = chunks.iter().map(|chunk| self.stored(*chunk).ok()).collect();
        self.find_frames(chunks, &mut found);
        let bases: Vec<Hash> = found.iter().flatten().filter_map(|stored| stored.base()).collect();
        self.prefetch(&bases);
        let whole = |(chunk, stored): (Hash, Stored)| match stored.frame {
            Framed::Whole => Some((chunk, stored.object)),
            Framed::Delta(base) => {
                let stored = self.stored(base).ok().filter(|stored| stored.base().is_none())?;
                Some((base, stored.object))
            }
            Framed::Unknown => None,
        };
        chunks.iter().zip(found).map(|(chunk, found)| found.and_then(|stored| whole((*chunk, stored)))).collect()
    }

    /// Reads how those are stored of which that is not known.
    fn find_frames(&self, chunks: &[Hash], found: &mut [Option<Stored>]) {
        let unknown = |stored: &Option<Stored>| stored.as_ref().is_some_and(|stored| stored.frame == Framed::Unknown);
        let wanted: Vec<Hash> =
            chunks.iter().zip(&*found).filter(|(_, stored)| unknown(stored)).map(|(chunk, _)| *chunk).collect();
        if wanted.is_empty() {
            return;
        }
        let since = self.cache.now();
        // Where it can't be read, it stays unknown.
        let mut frames = self.database.frames_blocking(&wanted).unwrap_or_default().into_iter();
        for (chunk, stored) in chunks.iter().zip(found).filter(|(_, stored)| unknown(stored)) {
            let (Some(stored), Some(Some(frame))) = (stored, frames.next()) else { continue };
            let Ok(base) = frame::base(&frame) else { continue };
            stored.frame = base.map_or(Framed::Whole, Framed::Delta);
            self.cache.insert(since, *chunk, stored.clone());
        }
    }

    fn stored(&self, hash: Hash) -> Result<Stored, ReadError> {
        match self.cache.get(&hash) {
            Some(stored) => Ok(stored),
            None => self.read(hash),
        }
    }

    fn read(&self, hash: Hash) -> Result<Stored, ReadError> {
        let since = self.cache.now();
        let unavailable = |error: StorageError| unavailable(hash, &error);
        let frames = self.database.frames_blocking(&[hash]).map_err(unavailable)?;
        let frame = frames.into_iter().next().flatten().ok_or(ReadError::Missing { hash })?;
        let bases = self.bases([&frame]).map_err(unavailable)?;
        let (object, base) =
            bases.open(hash, &frame).map_err(|error| ReadError::Damaged { hash, reason: error.to_string() })?;
        let stored = Stored { object: Arc::new(object), frame: base.map_or(Framed::Whole, Framed::Delta) };
        self.cache.insert(since, hash, stored.clone());
        Ok(stored)
    }

    fn bases<'f>(&self, frames: impl IntoIterator<Item = &'f Bytes>) -> Result<Bases, StorageError> {
        Bases::of(&self.database, frames, |base| self.cache.get(base))
    }

    /// Reads what can be read, on all processors; what can't will say so when it is asked for.
    fn read_many(&self, hashes: &[Hash]) -> Result<(), StorageError> {
        let share = hashes.len().div_ceil(*PROCESSORS).max(READ_ALONE);
        let mut parts = hashes.chunks(share);
        let Some(first) = parts.next() else { return Ok(()) };
        std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(|| self.read_part(part))).collect();
            let read = self.read_part(first);
            // A thread that ended early has read nothing: what it should have is read when it is asked for.
            others.into_iter().filter_map(|thread| thread.join().ok()).fold(read, Result::and)
        })
    }

    fn read_part(&self, hashes: &[Hash]) -> Result<(), StorageError> {
        let since = self.cache.now();
        let frames = self.database.frames_blocking(hashes)?;
        let bases = self.bases(frames.iter().flatten())?;
        for (hash, frame) in hashes.iter().zip(frames) {
            if let Some(Ok((object, base))) = frame.map(|frame| bases.open(*hash, &frame)) {
                let frame = base.map_or(Framed::Whole, Framed::Delta);
                self.cache.insert(since, *hash, Stored { object: Arc::new(object), frame });
            }
        }
        Ok(())
    }
}

impl ObjectSource for Objects {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        self.stored(hash).map(|stored| stored.object)
    }

    fn prefetch(&self, hashes: &[Hash]) {
        let mut seen = HashSet::new();
        let missing: Vec<Hash> =
            hashes.iter().copied().filter(|hash| !self.cache.contains(hash) && seen.insert(*hash)).collect();
        for batch in missing.chunks(READ_AT_ONCE) {
            if let Err(error) = self.read_many(batch) {
                tracing::debug!(error = &error as &dyn std::error::Error, "prefetching failed");
                return;
            }
        }
    }
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}

fn unavailable(hash: Hash, error: &StorageError) -> ReadError {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    ReadError::Unavailable { hash, reason: format!("{error}{cause}") }
}
