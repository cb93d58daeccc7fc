//! Opening frames: those of deltas with what they are deltas of.

use std::collections::HashMap;

use bytes::Bytes;
use versioning::{
    Hash, Object,
    frame::{self, FrameError},
};

use crate::{StorageError, cache::Stored, runtime::Database};

/// Why a frame that is there can't be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Unopened {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("it is what differs from chunk {base}, which is missing")]
    NoBase { base: Hash },
    #[error("it is what differs from chunk {base}, which can't be unpacked: {source}")]
    Base { base: Hash, source: FrameError },
}

/// What deltas are deltas of.
pub(crate) struct Bases(HashMap<Hash, Result<Base, Unopened>>);

enum Base {
    /// An object that was at hand.
    Object(Stored),
    /// Canonical bytes that were read for this. They are not checked: what is made of others has another hash.
    Bytes(Vec<u8>),
}

impl Bases {
    /// What the frames need, at one more read; `known` may have some of it.
    pub(crate) fn of<'f>(
        database: &Database,
        frames: impl IntoIterator<Item = &'f Bytes>,
        known: impl Fn(&Hash) -> Option<Stored>,
    ) -> Result<Self, StorageError> {
        let mut bases = HashMap::new();
        let mut wanted = Vec::new();
        for frame in frames {
            // What is damaged says so when it is opened.
            let Ok(Some(base)) = frame::base(frame) else { continue };
            bases.entry(base).or_insert_with(|| match known(&base) {
                Some(stored) => Ok(Base::Object(stored)),
                None => {
                    wanted.push(base);
                    Err(Unopened::NoBase { base })
                }
            });
        }
        if !wanted.is_empty() {
            for (base, frame) in wanted.iter().zip(database.frames_blocking(&wanted)?) {
                let Some(frame) = frame else { continue };
                let bytes = frame::unpack(&frame).map(Base::Bytes);
                bases.insert(*base, bytes.map_err(|source| Unopened::Base { base: *base, source }));
            }
        }
        Ok(Self(bases))
    }

    /// Unpacks, checks and decodes a frame; returns what it is a delta of as well.
    pub(crate) fn open(&self, hash: Hash, frame: &[u8]) -> Result<(Object, Option<Hash>), Unopened> {
        let Some(base) = frame::base(frame)? else { return Ok((frame::open(hash, frame)?, None)) };
        let object = match self.0.get(&base) {
            Some(Ok(Base::Object(stored))) => frame::open_near(hash, frame, &stored.object.canonical())?,
            Some(Ok(Base::Bytes(bytes))) => frame::open_near(hash, frame, bytes)?,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err(Unopened::NoBase { base }),
        };
        Ok((object, Some(base)))
    }

    /// The names of those that are there.
    pub(crate) fn found(&self) -> impl Iterator<Item = Hash> {
        self.0.iter().filter(|(_, base)| !matches!(base, Err(Unopened::NoBase { .. }))).map(|(hash, _)| *hash)
    }
}
