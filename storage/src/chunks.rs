//! Chunks: immutable frames under the hash of their canonical bytes.

use bytes::Bytes;
use surrealdb::types::{Array, SurrealValue, Value, object, vars};
use versioning::{Hash, frame};

use crate::{Lease, StorageError, Store, records};

/// The most bytes of frames that one [`Store::put_chunks`] takes. A batch is one transaction, held in memory.
pub const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Records of batches are summed up when there are this many.
const MANY_BATCHES: usize = 1024;

/// A chunk: its name and its frame ([`versioning::frame`]).
pub type Chunk = (Hash, Vec<u8>);

/// How many chunks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkStats {
    /// Number of chunks.
    pub count: u64,
    /// Sum of the sizes of their frames, in bytes.
    pub bytes: u64,
}

/// What one transaction added, or took away where it is less than nothing.
#[derive(SurrealValue)]
struct Batch {
    count: i64,
    bytes: i64,
}

/// Inserts `$chunks`, as [`rows`] makes them, and records how many were new.
macro_rules! put_chunks {
    () => {
        "LET $sizes = (INSERT IGNORE INTO chunk $chunks RETURN VALUE size);
        IF array::len($sizes) > 0 {
            CREATE chunk_batch SET count = array::len($sizes), bytes = math::sum($sizes) RETURN NONE
        };"
    };
}
pub(crate) use put_chunks;

impl Store {
    /// Stores frames under the hashes of their canonical bytes; those that are there already are left alone. When
    /// this returns they are on disk. They stay as long as the lease is held, and after that if a commit reaches them
    /// then. The frames are not checked here: what is read is. The base of a delta is there, stored whole, and reached, by
    /// itself or as the base of another chunk, by a commit that the lease keeps ([`crate::Objects::bases_for`]).
    ///
    /// # Errors
    /// The frames are more than [`MAX_BATCH_BYTES`] together, or the database failed; then none is stored.
    pub async fn put_chunks(&self, lease: &Lease, chunks: Vec<Chunk>) -> Result<(), StorageError> {
        if chunks.is_empty() {
            return Ok(());
        }
        lease.note(needed(&chunks)).await;
        lease.has_put();
        let statement = concat!("{ ", put_chunks!(), " RETURN NONE }");
        let variables = vars! { chunks: rows(chunks)? };
        self.database.query_keeping(lease.clone(), "store chunks", statement, variables).await
    }

    /// The frame of a chunk, as it was stored; not verified.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get_chunk(&self, hash: Hash) -> Result<Option<Bytes>, StorageError> {
        Ok(self.database.frames(vec![hash]).await?.into_iter().next().flatten())
    }

    /// The number of chunks and their size. Cheap: sums what each batch recorded, not the chunks.
    ///
    /// # Errors
    /// The database failed.
    pub async fn chunk_stats(&self) -> Result<ChunkStats, StorageError> {
        let attempted = "count the chunks";
        let batches: Vec<Batch> =
            self.database.query(attempted, "SELECT count, bytes FROM chunk_batch", vars! {}).await?;
        if batches.len() > MANY_BATCHES {
            let () = self
                .database
                .query(
                    attempted,
                    "{
                        LET $batches = (DELETE chunk_batch RETURN BEFORE);
                        CREATE chunk_batch SET
                            count = math::sum($batches.count),
                            bytes = math::sum($batches.bytes)
                            RETURN NONE;
                        RETURN NONE
                    }",
                    vars! {},
                )
                .await?;
        }
        let sum = |figure: fn(&Batch) -> i64| {
            let sum: i64 = batches.iter().map(figure).sum();
            u64::try_from(sum).map_err(|_| StorageError::Malformed {
                attempted,
                reason: "more chunks were deleted than there were".to_owned(),
            })
        };
        Ok(ChunkStats { count: sum(|batch| batch.count)?, bytes: sum(|batch| batch.bytes)? })
    }

    /// Replaces a chunk's frame by another, as a failing disk would. For tests of what notices it.
    #[doc(hidden)]
    pub async fn damage_chunk(&self, hash: Hash, frame: Option<Vec<u8>>) -> Result<(), StorageError> {
        let variables = vars! { id: records::chunk(hash), frame: frame.map(Bytes::from) };
        self.database
            .query(
                "damage a chunk",
                "{ IF $frame = NONE { DELETE $id } ELSE { UPDATE $id SET frame = $frame RETURN NONE }; RETURN NONE }",
                variables,
            )
            .await
    }
}

/// The names of chunks and of what they are deltas of.
pub(crate) fn needed(chunks: &[Chunk]) -> impl Iterator<Item = Hash> {
    chunks.iter().flat_map(|(hash, frame)| [Some(*hash), frame::base(frame).ok().flatten()]).flatten()
}

/// Documents of a batch of chunks.
pub(crate) fn rows(chunks: Vec<Chunk>) -> Result<Value, StorageError> {
    let bytes = chunks.iter().map(|(_, frame)| frame.len()).sum();
    if bytes > MAX_BATCH_BYTES {
        return Err(StorageError::TooLarge { bytes, limit: MAX_BATCH_BYTES });
    }
    let rows = chunks.into_iter().map(|(hash, frame)| {
        let size = frame.len();
        Value::Object(object! { id: records::chunk(hash), frame: Bytes::from(frame), size: size })
    });
    Ok(Value::Array(Array::from(rows.collect::<Vec<_>>())))
}
