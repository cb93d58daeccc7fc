//! Objects that exist for the time of a merge only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::{ChunkSink, Hash, Object, ObjectSource, ReadError, WriteError};

/// A source over another, with objects in memory that were written here. Writing takes a shared reference, so that one
/// scratch can be read and written in turns: `&scratch` is both an [`ObjectSource`] and a [`ChunkSink`].
pub struct Scratch<'s> {
    source: &'s dyn ObjectSource,
    written: Mutex<HashMap<Hash, Vec<u8>>>,
}

impl<'s> Scratch<'s> {
    /// An empty one.
    #[must_use]
    pub fn new(source: &'s dyn ObjectSource) -> Self {
        Self { source, written: Mutex::new(HashMap::new()) }
    }

    fn chunk(&self, hash: Hash) -> Option<Vec<u8>> {
        self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&hash).cloned()
    }
}

impl ObjectSource for Scratch<'_> {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        let Some(bytes) = self.chunk(hash) else { return self.source.object(hash) };
        let object = Object::decode(&bytes);
        object.map(Arc::new).map_err(|error| ReadError::Damaged { hash, reason: error.to_string() })
    }

    fn prefetch(&self, hashes: &[Hash]) {
        self.source.prefetch(hashes);
    }
}

impl ChunkSink for &Scratch<'_> {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(hash, bytes);
        Ok(())
    }
}
