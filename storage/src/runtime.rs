//! The runtime that every query runs on, and the slot that holds the engine while the store is open.
//!
//! Queries are spawned, never awaited in the caller's task: a caller that is cancelled leaves its query running to the
//! end, and SurrealDB gets the deep stacks that its recursive evaluation needs.

use std::{
    fs::File,
    future::Future,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use surrealdb::{
    Surreal,
    engine::local::Db,
    types::{QueryError, SurrealValue, Value, Variables},
};
use surrealdb_core::kvs::Datastore;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::RwLock,
};

use versioning::Hash;

use crate::{StorageError, frames::Records};

/// Threads of the runtime. The engine runs short reads on them and moves the others elsewhere, keeping two free.
pub(crate) const WORKERS: usize = 4;
const STACK_BYTES: usize = 10 * 1024 * 1024;
/// How often a transaction is tried when others write the same documents.
const ATTEMPTS: u32 = 50;
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long stopping waits for the runtime's threads. Queries have ended by then.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Engine {
    pub(crate) surreal: Surreal<Db>,
    pub(crate) datastore: Arc<Datastore>,
    pub(crate) records: Records,
}

/// The runtime and, until it is closed, the engine.
pub(crate) struct Database {
    /// Each query holds it shared, closing holds it alone: so closing waits for running queries, and later ones find
    /// nothing.
    engine: Arc<RwLock<Option<Engine>>>,
    handle: Handle,
    /// Taken by the one who stops it.
    runtime: Mutex<Option<Runtime>>,
    /// Keeps other processes out until the engine has let go of its files.
    lock: Mutex<Option<File>>,
}

/// A runtime that may be dropped anywhere; Tokio's own panics when that happens in asynchronous code.
pub(crate) struct DroppableRuntime(Option<Runtime>);

impl DroppableRuntime {
    pub(crate) fn start() -> std::io::Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("anabranch-db")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0.as_ref().expect("only taken by into_inner and drop").handle().clone()
    }

    /// Waits until nothing runs any more; what is running is dropped.
    pub(crate) async fn stop(self) {
        wait_for_end(self.into_inner()).await;
    }

    fn into_inner(mut self) -> Runtime {
        self.0.take().expect("only taken here and by drop")
    }
}

impl Drop for DroppableRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Database {
    pub(crate) fn new(runtime: DroppableRuntime, engine: Engine, lock: File) -> Self {
        Self {
            engine: Arc::new(RwLock::new(Some(engine))),
            handle: runtime.handle(),
            runtime: Mutex::new(Some(runtime.into_inner())),
            lock: Mutex::new(Some(lock)),
        }
    }

    /// Runs one statement (a block in braces is one statement and one transaction) and converts its result.
    ///
    /// `statement` is a constant: whatever comes from people is in `variables`. `attempted` completes the sentence
    /// "could not …".
    pub(crate) async fn query<T: SurrealValue>(
        &self,
        attempted: &'static str,
        statement: &'static str,
        variables: Variables,
    ) -> Result<T, StorageError> {
        self.query_keeping((), attempted, statement, variables).await
    }

    /// Like [`Self::query`]; `kept` is dropped when the statement has come to its end, also when the caller has gone.
    pub(crate) async fn query_keeping<T: SurrealValue>(
        &self,
        kept: impl Send + 'static,
        attempted: &'static str,
        statement: &'static str,
        variables: Variables,
    ) -> Result<T, StorageError> {
        let engine = Arc::clone(&self.engine);
        let running = async move {
            let value = run(&engine, attempted, statement, variables).await;
            drop(kept);
            value
        };
        let value = self.spawn(attempted, running).await??;
        convert(attempted, value)
    }

    /// The frames of chunks, in the order of the hashes; for threads that may block, on which it works.
    pub(crate) fn frames_blocking(&self, hashes: &[Hash]) -> Result<Vec<Option<Bytes>>, StorageError> {
        // The engine looks for a runtime where it starts tasks.
        let _runtime = self.handle.enter();
        futures::executor::block_on(frames(&self.engine, hashes))
    }

    /// The frames of chunks, in the order of the hashes.
    pub(crate) async fn frames(&self, hashes: Vec<Hash>) -> Result<Vec<Option<Bytes>>, StorageError> {
        let engine = Arc::clone(&self.engine);
        self.spawn("read chunks", async move { frames(&engine, &hashes).await }).await?
    }

    /// Runs a statement without anybody waiting for it; where it fails, that is logged.
    pub(crate) fn query_later(&self, attempted: &'static str, statement: &'static str, variables: Variables) {
        let engine = Arc::clone(&self.engine);
        self.handle.spawn(async move {
            match run(&engine, attempted, statement, variables).await {
                Ok(_) | Err(StorageError::Closed { .. }) => {}
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "nobody waited for this"),
            }
        });
    }

    /// Runs a future on this runtime, to its end even when the caller goes away.
    pub(crate) async fn spawn<T: Send + 'static>(
        &self,
        attempted: &'static str,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.handle.spawn(future).await.map_err(|error| task_error(attempted, error))
    }

    /// Runs computation on a thread of its own.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        attempted: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StorageError> {
        self.handle.spawn_blocking(work).await.map_err(|error| task_error(attempted, error))
    }

    /// One of the engine's own figures; none when the store is closed or the engine does not know it.
    pub(crate) async fn metric(&self, name: &str) -> Option<u64> {
        self.engine.read().await.as_ref()?.datastore.collect_u64_metric(name)
    }

    /// Waits for running queries, then stops the engine. Later calls find it done.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        let attempted = "close the store";
        let engine = Arc::clone(&self.engine);
        let stopped = self.spawn(attempted, async move { stop(&engine).await }).await.unwrap_or(None);
        if let Some(runtime) = take(&self.runtime) {
            wait_for_end(runtime).await;
        }
        // Lets go of the files, and only then of the lock.
        let outcome = stopped.map_or(Ok(()), |stopped| stopped.outcome);
        take(&self.lock);
        outcome
    }

    /// [`Self::close`] for a destructor.
    fn close_blocking(&self) {
        let Some(runtime) = take(&self.runtime) else { return };
        let engine = Arc::clone(&self.engine);
        let stopping = std::thread::spawn(move || {
            let stopped = runtime.block_on(stop(&engine));
            runtime.shutdown_timeout(STOP_PATIENCE);
            stopped.map_or(Ok(()), |stopped| stopped.outcome)
        });
        match stopping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store did not stop cleanly")
            }
            Err(_) => tracing::error!("the store did not stop cleanly: its thread panicked"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.close_blocking();
    }
}

async fn wait_for_end(runtime: Runtime) {
    // Waiting for threads is not allowed in asynchronous code.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        runtime.shutdown_timeout(STOP_PATIENCE);
        let _ = sender.send(());
    });
    let _ = receiver.await;
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// An engine that has shut down.
struct Stopped {
    outcome: Result<(), StorageError>,
    /// Dropped after the runtime has ended: a task of the session's shuts the datastore down once more when it is
    /// dropped before, and that logs errors.
    _engine: Engine,
}

async fn stop(slot: &RwLock<Option<Engine>>) -> Option<Stopped> {
    let engine = slot.write().await.take()?;
    let outcome = engine.datastore.shutdown().await;
    let outcome =
        outcome.map_err(|error| StorageError::Database { attempted: "close the store", source: error.into() });
    Some(Stopped { outcome, _engine: engine })
}

async fn frames(slot: &RwLock<Option<Engine>>, hashes: &[Hash]) -> Result<Vec<Option<Bytes>>, StorageError> {
    let attempted = "read chunks";
    let guard = slot.read().await;
    let engine = guard.as_ref().ok_or(StorageError::Closed { attempted })?;
    let found = engine.records.frames(&engine.datastore, hashes).await;
    found.map_err(|error| StorageError::Database { attempted, source: error.into() })
}

async fn run(
    slot: &RwLock<Option<Engine>>,
    attempted: &'static str,
    statement: &'static str,
    variables: Variables,
) -> Result<Value, StorageError> {
    let guard = slot.read().await;
    let engine = guard.as_ref().ok_or(StorageError::Closed { attempted })?;
    for attempt in 1..=ATTEMPTS {
        match execute(&engine.surreal, statement, variables.clone()).await {
            Ok(value) => return Ok(value),
            Err(error) if is_conflict(&error) => tokio::time::sleep(pause(attempt)).await,
            Err(error) => return Err(StorageError::Database { attempted, source: error.into() }),
        }
    }
    Err(StorageError::Contended { attempted, attempts: ATTEMPTS })
}

/// Runs one statement. For migrations, which have texts of their own.
pub(crate) async fn execute(
    surreal: &Surreal<Db>,
    statement: &str,
    variables: Variables,
) -> Result<Value, surrealdb::Error> {
    surreal.query(statement).bind(variables).await?.check()?.take(0)
}

fn convert<T: SurrealValue>(attempted: &'static str, value: Value) -> Result<T, StorageError> {
    T::from_value(value).map_err(|error| StorageError::Malformed { attempted, reason: error.to_string() })
}

fn is_conflict(error: &surrealdb::Error) -> bool {
    error.query_details() == Some(&QueryError::TransactionConflict)
}

/// Grows with the attempts, and differs between rivals so that they do not meet again.
fn pause(attempt: u32) -> Duration {
    let longest = (Duration::from_micros(200) * attempt).min(LONGEST_PAUSE);
    let share = (RandomState::new().hash_one(attempt) % 1000) as u32;
    longest * share / 1000
}

fn task_error(attempted: &'static str, error: tokio::task::JoinError) -> StorageError {
    if error.is_panic() {
        StorageError::Database { attempted, source: error.into() }
    } else {
        StorageError::Closed { attempted }
    }
}
