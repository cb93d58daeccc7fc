//! What the caller decides about a store, and what follows from it for the engine.

use std::{path::PathBuf, time::Duration};

use surrealdb_cnf::ConfigMap;

use crate::runtime::WORKERS;

const MIB: usize = 1024 * 1024;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory; made when it is missing. The store keeps to `lock` and `rocksdb` in it.
    pub dir: PathBuf,
    /// Memory for blocks of the database's files, in bytes.
    pub cache_bytes: usize,
    /// Memory for decoded objects (see [`crate::Objects`]), in bytes.
    pub object_cache_bytes: usize,
    /// How long a commit stays that no branch, tag or draft leads to any more, counted from when that is noticed.
    pub keep_unreachable: Duration,
}

impl Config {
    /// A store in `dir` with caches of 64 MiB and 64 MiB that keeps unreachable commits for 14 days.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache_bytes: 64 * MIB,
            object_cache_bytes: 64 * MIB,
            keep_unreachable: Duration::from_secs(14 * 24 * 3600),
        }
    }

    /// The engine's settings. Unless told otherwise it sizes itself by the machine's memory, in gigabytes.
    pub(crate) fn engine_settings(&self) -> ConfigMap {
        [
            // A commit returns after the write-ahead log has reached the disk.
            ("datastore_sync", "every".to_owned()),
            ("rocksdb_block_cache_size", self.cache_bytes.to_string()),
            // At most 4 × 8 MiB of writes wait in memory; a batch of chunks (8 MiB) fits one buffer.
            ("rocksdb_write_buffer_size", (8 * MIB).to_string()),
            ("rocksdb_max_write_buffer_number", "4".to_owned()),
            ("rocksdb_min_write_buffer_number_to_merge", "1".to_owned()),
            ("rocksdb_grouped_commit_max_batch_size", "256".to_owned()),
            ("rocksdb_target_file_size_base", (32 * MIB).to_string()),
            ("rocksdb_blob_file_size", (64 * MIB).to_string()),
            // Frames are compressed already.
            ("rocksdb_blob_compression_type", "none".to_owned()),
            ("rocksdb_max_open_files", "512".to_owned()),
            ("rocksdb_jobs_count", "2".to_owned()),
            ("rocksdb_keep_log_file_num", "2".to_owned()),
            ("rocksdb_wal_size_limit", "64".to_owned()),
            // Chunks never change: rewriting them hourly, the default, would be for nothing.
            ("rocksdb_periodic_compaction_seconds", (30 * 24 * 3600).to_string()),
            // Stopping must fit the grace period of a service manager.
            ("rocksdb_shutdown_wait_for_compact_seconds", "5".to_owned()),
            ("runtime_worker_threads", WORKERS.to_string()),
        ]
        .into_iter()
        .fold(ConfigMap::empty(), |map, (key, value)| map.with_key_value(key, value))
    }
}
