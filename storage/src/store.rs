//! The handle, and how it comes to be and to its end.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use surrealdb::{Surreal, engine::local::Db};
use surrealdb_cnf::ConfigMap;
use surrealdb_core::kvs::Datastore;

use crate::{
    Config, Objects, OpenError, StorageError,
    cache::ObjectCache,
    frames::Records,
    known::Known,
    leases::Leases,
    migrations,
    runtime::{Database, DroppableRuntime, Engine},
};

/// Name of SurrealDB's namespace and of the database in it.
const NAMESPACE: &str = "anabranch";

/// An open store. Clones are cheap and share everything; the last one closes it when it is dropped.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Arc<Database>,
    pub(crate) known: Arc<Known>,
    pub(crate) objects: Objects,
    pub(crate) leases: Arc<Leases>,
    /// See [`Config::keep_unreachable`].
    pub(crate) keep_unreachable: Duration,
    dir: Arc<Path>,
}

impl Store {
    /// What has changed since the last call, or since the store was opened. One place keeps what it makes of it right.
    #[must_use]
    pub fn take_changed(&self) -> crate::Changed {
        self.known.take_changed()
    }

    /// Opens the store in a directory, or makes a new one there.
    ///
    /// # Errors
    /// Another process has it open, a newer version wrote it, or its files can't be used.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let lock = lock(&config.dir)?;
        let is_new = !engine_dir(&config.dir).exists();
        let settings = config.engine_settings();
        let url = engine_url(&config.dir)?;
        let runtime = DroppableRuntime::start().map_err(|source| OpenError::Io { path: config.dir.clone(), source })?;
        let dir = config.dir.clone();
        let opening = runtime.handle().spawn(async move { open_engine(&dir, &url, settings).await });
        let opened = opening.await.unwrap_or_else(|error| Err(engine_error(&config.dir, "run", error)));
        let engine = match opened {
            Ok(engine) => engine,
            Err(error) => {
                // Only then are the files free, and the lock can go.
                runtime.stop().await;
                return Err(error);
            }
        };
        let database = Arc::new(Database::new(runtime, engine, lock));
        let cache = Arc::new(ObjectCache::new(config.object_cache_bytes));
        let store = Self {
            objects: Objects::new(Arc::clone(&database), cache),
            known: Arc::default(),
            // What an earlier process left behind is not known.
            leases: Arc::new(Leases::new(!is_new)),
            keep_unreachable: config.keep_unreachable,
            database,
            dir: config.dir.into(),
        };
        if let Err(error) = store.clear_ended_drafts().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "ended drafts stay for now");
        }
        Ok(store)
    }

    /// The objects in the store, read by blocking code.
    #[must_use]
    pub fn objects(&self) -> Objects {
        self.objects.clone()
    }

    /// See [`Config::keep_unreachable`].
    #[must_use]
    pub fn keep_unreachable(&self) -> Duration {
        self.keep_unreachable
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits for what is running, writes everything out and lets go of the files. Everything tried afterwards, with
    /// any clone, is [`StorageError::Closed`]. Closing again does nothing.
    ///
    /// # Errors
    /// The database did not stop cleanly. Nothing acknowledged is lost by that.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.database.close().await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Makes the directory and takes the lock that lasts as long as the file is open.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| OpenError::Io { path, source }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let path = dir.join("lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
    }
}

/// Where the engine keeps its files.
pub(crate) fn engine_dir(dir: &Path) -> PathBuf {
    dir.join("rocksdb")
}

fn engine_url(dir: &Path) -> Result<String, OpenError> {
    // SurrealDB reads options after a question mark, and has no way to write one as part of the path.
    match engine_dir(dir).to_str() {
        Some(path) if !path.contains('?') => Ok(format!("rocksdb://{path}")),
        _ => Err(OpenError::Path { dir: dir.to_owned() }),
    }
}

async fn open_engine(dir: &Path, url: &str, settings: ConfigMap) -> Result<Engine, OpenError> {
    // Without cluster membership, live queries, change feeds and full-text indexes there is nothing to maintain.
    let datastore = Datastore::builder()
        .with_config(settings)
        .with_auth(false)
        .without_maintenance_tasks()
        .build_with_path(url)
        .await
        .map_err(|error| engine_error(dir, "open its files", error))?;
    match start(dir, &datastore).await {
        Ok((surreal, records)) => Ok(Engine { surreal, datastore, records }),
        Err(error) => {
            // Merely dropped, it would keep its threads and with them its files.
            if let Err(error) = datastore.shutdown().await {
                tracing::warn!(%error, "the database did not stop cleanly");
            }
            Err(error)
        }
    }
}

async fn start(dir: &Path, datastore: &Arc<Datastore>) -> Result<(Surreal<Db>, Records), OpenError> {
    datastore.check_version().await.map_err(|error| engine_error(dir, "check the version of its files", error))?;

    let failed = |attempted| move |error: surrealdb::Error| engine_error(dir, attempted, error);
    let surreal: Surreal<Db> =
        Surreal::unstable_from_datastore(Arc::clone(datastore), None).await.map_err(failed("start its session"))?;
    surreal.use_ns(NAMESPACE).use_db(NAMESPACE).await.map_err(failed("choose the namespace"))?;

    let known = migrations::known();
    let found = migrations::applied(&surreal).await.map_err(failed("read the migrations"))?;
    if found > known {
        return Err(OpenError::Newer { dir: dir.to_owned(), found, known });
    }
    migrations::apply(&surreal, found).await.map_err(failed("apply the migrations"))?;
    let records =
        Records::find(datastore, NAMESPACE).await.map_err(|error| engine_error(dir, "find the database", error))?;
    Ok((surreal, records))
}

fn engine_error(
    dir: &Path,
    attempted: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> OpenError {
    OpenError::Engine { dir: dir.to_owned(), attempted, source: source.into() }
}

#[cfg(test)]
mod tests {
    use surrealdb::types::{RecordId, vars};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_store_of_a_newer_version_is_refused() {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("nobody else has it open");
        let newer = vars! { id: RecordId::new("migration", 99) };
        let statement = "{ CREATE $id SET name = 'from the future' RETURN NONE; RETURN NONE }";
        let () = store.database.query("pretend", statement, newer).await.expect("an open store");
        store.close().await.expect("a clean stop");
        let refused = Store::open(Config::new(dir.path())).await.expect_err("it is of a newer version");
        assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused:?}");
        let again = Store::open(Config::new(dir.path())).await.expect_err("the lock was freed, the reason is the same");
        assert!(matches!(again, OpenError::Newer { .. }), "{again:?}");
    }
}
