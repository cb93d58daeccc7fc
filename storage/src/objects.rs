//! Objects as blocking code reads them: verified, decoded, cached.

use std::{
    collections::HashSet,
    num::NonZero,
    sync::{Arc, LazyLock},
};

use versioning::{Hash, Object, ObjectSource, ReadError, frame};

use crate::{StorageError, cache::ObjectCache, runtime::Database};

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

    /// Forgets objects that are no longer stored. Whoever reads one just now may put it back: that is no harm, because
    /// nobody takes what is cached for stored.
    pub(crate) fn forget(&self, hashes: &[Hash]) {
        hashes.iter().for_each(|hash| self.cache.remove(hash));
    }

    /// Keeps objects that were just stored, as if they had been read.
    pub fn keep(&self, objects: impl IntoIterator<Item = (Hash, Object)>) {
        objects.into_iter().for_each(|(hash, object)| self.cache.insert(hash, Arc::new(object)));
    }

    fn read(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        let frames = self.database.frames_blocking(&[hash]).map_err(|error| unavailable(hash, &error))?;
        let frame = frames.into_iter().next().flatten().ok_or(ReadError::Missing { hash })?;
        let object =
            frame::open(hash, &frame).map_err(|error| ReadError::Damaged { hash, reason: error.to_string() })?;
        let object = Arc::new(object);
        self.cache.insert(hash, Arc::clone(&object));
        Ok(object)
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
        let frames = self.database.frames_blocking(hashes)?;
        for (hash, frame) in hashes.iter().zip(frames) {
            if let Some(Ok(object)) = frame.map(|frame| frame::open(*hash, &frame)) {
                self.cache.insert(*hash, Arc::new(object));
            }
        }
        Ok(())
    }
}

impl ObjectSource for Objects {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        match self.cache.get(&hash) {
            Some(object) => Ok(object),
            None => self.read(hash),
        }
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
