//! The parent's side: starts service processes, feeds them, listens to them, holds them to limits and ends them.

mod conversation;
mod process;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    io::AsyncRead,
    sync::{Semaphore, mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use versioning::Hash;

use self::{
    conversation::{Conversation, Received},
    process::{Registry, Spawner},
};
use crate::{
    ServiceError,
    import::{ImportOutcome, ImportPlan, Inspection, Progress},
    protocol::{Reply, Request, Sandbox, WorkerLimits},
};

/// The name of the import service, as its process and its errors carry it.
const IMPORT: &str = "import";

/// What service processes may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processes at a time; more work waits.
    pub processes: usize,
    /// Bytes of memory of one process.
    pub memory: u64,
    /// Time on a processor for one piece of work.
    pub cpu_time: Duration,
    /// Time on the clock for one piece of work, the reading of its input included.
    pub wall_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: 4,
            memory: 2 << 30,
            cpu_time: Duration::from_secs(30 * 60),
            wall_time: Duration::from_secs(6 * 60 * 60),
        }
    }
}

/// A running service process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// The system's number for it.
    pub pid: u32,
    /// The service.
    pub service: &'static str,
    /// Whose work it does: see [`Supervisor::labelled`].
    pub label: String,
    /// When it was started.
    pub since: SystemTime,
    /// Bytes of memory it holds, where the system tells.
    pub resident: Option<u64>,
    /// What it has given up; none until it has said so.
    pub sandbox: Option<Sandbox>,
}

/// Starts service processes and looks after them. Clones share the processes and their limits.
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
    label: Arc<str>,
}

struct Shared {
    exe: PathBuf,
    limits: Limits,
    /// One permit a process.
    slots: Semaphore,
    registry: Registry,
    spawner: Spawner,
}

impl Supervisor {
    /// A supervisor that runs `EXE service NAME`.
    #[must_use]
    pub fn new(exe: PathBuf, limits: Limits) -> Self {
        let shared = Shared {
            exe,
            limits,
            slots: Semaphore::new(limits.processes.clamp(1, Semaphore::MAX_PERMITS)),
            registry: Registry::default(),
            spawner: Spawner::new(),
        };
        Self { shared: Arc::new(shared), label: Arc::from("") }
    }

    /// The same supervisor, whose processes say in [`Supervisor::processes`] whose work they do.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), label: Arc::from(label) }
    }

    /// Finds out what a CSV file holds. Dropping the future, or `cancel`, kills the process.
    ///
    /// # Errors
    /// The process could not be started, failed or was stopped, or the input could not be read.
    pub async fn inspect(
        &self,
        input: impl AsyncRead + Send,
        progress: watch::Sender<Progress>,
        cancel: CancellationToken,
    ) -> Result<Inspection, ServiceError> {
        match self.work(Request::Inspect, input, progress, None, cancel).await?.reply {
            Reply::Inspection(inspection) => Ok(inspection),
            Reply::Failed(reason) => Err(ServiceError::Failed { service: IMPORT, reason }),
            Reply::Outcome(_) => Err(unexpected("the outcome of an import")),
        }
    }

    /// Makes a tree of a CSV file; its chunks, packed and verified, go to `chunks`, all of them before this returns.
    /// Dropping the future, or `cancel`, kills the process.
    ///
    /// # Errors
    /// The process could not be started, failed or was stopped, the input could not be read, or nobody takes the
    /// chunks.
    pub async fn import(
        &self,
        plan: ImportPlan,
        input: impl AsyncRead + Send,
        progress: watch::Sender<Progress>,
        chunks: mpsc::Sender<(Hash, Vec<u8>)>,
        cancel: CancellationToken,
    ) -> Result<ImportOutcome, ServiceError> {
        let request = Request::Import(Box::new(plan));
        let received = self.work(request, input, progress, Some(chunks), cancel).await?;
        match received.reply {
            Reply::Outcome(ImportOutcome::Imported { tree, rows }) => {
                // The chunks below the root can't be judged here without reading them all; reading verifies them.
                let complete = tree.root.is_none_or(|root| received.chunks.contains(&root));
                if complete && tree.rows == rows {
                    Ok(ImportOutcome::Imported { tree, rows })
                } else {
                    Err(unexpected("a tree without its root"))
                }
            }
            Reply::Outcome(refused) => Ok(refused),
            Reply::Failed(reason) => Err(ServiceError::Failed { service: IMPORT, reason }),
            Reply::Inspection(_) => Err(unexpected("an inspection")),
        }
    }

    /// The processes that run now, the oldest first.
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessInfo> {
        self.shared.registry.list()
    }

    async fn work(
        &self,
        request: Request,
        input: impl AsyncRead + Send,
        progress: watch::Sender<Progress>,
        chunks: Option<mpsc::Sender<(Hash, Vec<u8>)>>,
        cancel: CancellationToken,
    ) -> Result<Received, ServiceError> {
        let cancelled = || ServiceError::Cancelled { service: IMPORT };
        let Limits { memory, cpu_time, .. } = self.shared.limits;
        let _slot = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            slot = self.shared.slots.acquire() => slot.map_err(|_| cancelled())?,
        };
        let process = self.shared.spawner.spawn(&self.shared.exe, IMPORT, WorkerLimits { memory, cpu_time }).await?;
        let entry = self.shared.registry.enter(process.pid(), IMPORT, &self.label);
        Conversation { service: IMPORT, limits: self.shared.limits, entry, progress, chunks, cancel }
            .hold(process, &request, input)
            .await
    }
}

fn unexpected(what: &str) -> ServiceError {
    ServiceError::Protocol { service: IMPORT, reason: format!("{what} where it makes no sense") }
}
