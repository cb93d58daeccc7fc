//! Figures of the store, for those who run it.

use std::{fs, path::PathBuf};

use surrealdb::types::{SurrealValue, vars};

use crate::{ChunkStats, StorageError, Store, migrations, store::engine_dir};

/// How the store is.
#[derive(Clone, Debug)]
pub struct Health {
    /// The database and its engine, in words.
    pub engine: &'static str,
    /// The data directory.
    pub dir: PathBuf,
    /// The number of the last migration, which is in force.
    pub migration: u32,
    /// Bytes of the database's files.
    pub disk_bytes: u64,
    /// Bytes of the database's caches and write buffers in memory; the latter are part of the former.
    pub memory_bytes: u64,
    /// The chunks.
    pub chunks: ChunkStats,
    /// The documents.
    pub counts: Counts,
}

/// Numbers of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SurrealValue)]
pub struct Counts {
    /// Datasets.
    pub datasets: u64,
    /// Branches and tags.
    pub refs: u64,
    /// Commits, of each dataset on its own.
    pub commits: u64,
    /// Drafts.
    pub drafts: u64,
    /// Rows of drafts.
    pub draft_rows: u64,
    /// Jobs.
    pub jobs: u64,
}

impl Store {
    /// Figures of the store. Counts documents by their keys, so it takes longer the more there are: for a page that
    /// is looked at, not for a probe each second.
    ///
    /// # Errors
    /// The database failed.
    pub async fn health(&self) -> Result<Health, StorageError> {
        let attempted = "examine the store";
        let counts: Counts = self
            .database
            .query(
                attempted,
                "RETURN {
                    datasets: (SELECT VALUE count FROM ONLY (SELECT count() FROM dataset GROUP ALL)) ?? 0,
                    refs: (SELECT VALUE count FROM ONLY (SELECT count() FROM dataset_ref GROUP ALL)) ?? 0,
                    commits: (SELECT VALUE count FROM ONLY (SELECT count() FROM dataset_commit GROUP ALL)) ?? 0,
                    drafts: (SELECT VALUE count FROM ONLY (SELECT count() FROM draft WHERE revision > 0 GROUP ALL)) ?? 0,
                    draft_rows: (SELECT VALUE count FROM ONLY (SELECT count() FROM draft_row GROUP ALL)) ?? 0,
                    jobs: (SELECT VALUE count FROM ONLY (SELECT count() FROM job GROUP ALL)) ?? 0,
                }",
                vars! {},
            )
            .await?;
        let files = engine_dir(self.dir());
        Ok(Health {
            engine: "SurrealDB 3.3.5, embedded, on RocksDB",
            dir: self.dir().to_owned(),
            migration: migrations::known(),
            disk_bytes: self.database.compute(attempted, move || size_of_files(&files)).await?,
            memory_bytes: self.database.metric("rocksdb.block_cache_usage").await.unwrap_or(0),
            chunks: self.chunk_stats().await?,
            counts,
        })
    }
}

/// The sum of a flat directory. The engine deletes files while we look: what is gone counts nothing.
fn size_of_files(dir: &std::path::Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(|file| file.is_file()).map(|file| file.len()).sum()
}
