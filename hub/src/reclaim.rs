//! Reclaiming space: when it happens, and what people see of it. How it is done while others write is `storage`'s
//! business.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use storage::{Reclaim, ReclaimRecord, Reclaimed, Stage, StorageError};
use tokio_util::sync::CancellationToken;

use crate::{Actor, Error, Hub, Scope, access::authorise_operator, now};

/// From the start of the server to the first look whether there is something to reclaim.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// What reclaiming does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReclaimPhase {
    /// It waits until what is being written has come to its end.
    Waiting,
    /// It finds out which chunks are needed.
    Marking,
    /// It deletes the others.
    Sweeping,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReclaimProgress {
    /// What it does.
    pub phase: ReclaimPhase,
    /// What it has done so far.
    pub reclaimed: Reclaimed,
}

/// How reclaiming stands.
#[derive(Clone, Debug)]
pub struct ReclaimView {
    /// The run that goes on.
    pub running: Option<ReclaimProgress>,
    /// The last run that has ended.
    pub last: Option<ReclaimRecord>,
    /// How long commits are kept that nothing leads to.
    pub kept: Duration,
}

/// The run in progress.
#[derive(Default)]
pub(crate) struct Reclaiming {
    progress: Mutex<Option<ReclaimProgress>>,
    /// Ends it, and all waiting for the next.
    stopping: CancellationToken,
}

impl Reclaiming {
    fn progress(&self) -> MutexGuard<'_, Option<ReclaimProgress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, phase: ReclaimPhase, reclaimed: Reclaimed) {
        *self.progress() = Some(ReclaimProgress { phase, reclaimed });
    }
}

/// A run from its beginning to its end; there is one at a time.
struct InProgress(Hub);

impl Drop for InProgress {
    fn drop(&mut self) {
        *self.0.shared.reclaiming.progress() = None;
    }
}

impl Hub {
    /// How reclaiming stands.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn reclaiming(&self, actor: &Actor) -> Result<ReclaimView, Error> {
        authorise_operator(actor, Scope::Read, "look at how space is reclaimed")?;
        self.reclaim_view().await
    }

    /// Begins to look for what is not needed any more and to delete it, unless that goes on already.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn start_reclaiming(&self, actor: &Actor) -> Result<ReclaimView, Error> {
        authorise_operator(actor, Scope::Admin, "reclaim space")?;
        if let Some(run) = self.begin_reclaiming() {
            tokio::spawn(run.work(|_| true));
        }
        self.reclaim_view().await
    }

    /// Reclaims space whenever there is something to reclaim, until the hub is closed.
    pub async fn maintain(&self) {
        let mut looks = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, PERIOD);
        loop {
            tokio::select! {
                () = self.shared.reclaiming.stopping.cancelled() => return,
                _ = looks.tick() => {}
            }
            if let Err(error) = self.clear_deleted().await {
                tracing::error!(error = &error as &dyn std::error::Error, "deleted datasets could not be cleared away");
            }
            if let Err(error) = self.clear_notices().await {
                tracing::error!(error = &error as &dyn std::error::Error, "old notices could not be cleared away");
            }
            if let Err(error) = self.clear_answers().await {
                tracing::error!(error = &error as &dyn std::error::Error, "old answers could not be cleared away");
            }
            if let Some(run) = self.begin_reclaiming() {
                run.work(Reclaim::is_needed).await;
            }
        }
    }

    /// Until the hub is closed.
    pub(crate) async fn stopping(&self) {
        self.shared.reclaiming.stopping.cancelled().await;
    }

    pub(crate) fn stop_reclaiming(&self) {
        self.shared.reclaiming.stopping.cancel();
    }

    pub(crate) async fn reclaim_view(&self) -> Result<ReclaimView, Error> {
        // In this order: a run that ends in between is seen at least once.
        let running = *self.shared.reclaiming.progress();
        let last = self.store().last_reclaim().await?;
        Ok(ReclaimView { running, last, kept: self.store().keep_unreachable() })
    }

    /// None where a run is in progress.
    fn begin_reclaiming(&self) -> Option<InProgress> {
        let mut progress = self.shared.reclaiming.progress();
        if progress.is_some() {
            return None;
        }
        *progress = Some(ReclaimProgress { phase: ReclaimPhase::Waiting, reclaimed: Reclaimed::default() });
        Some(InProgress(self.clone()))
    }
}

impl InProgress {
    /// Does the work where it is wanted, until the hub is closed, and keeps what was done.
    async fn work(self, is_wanted: impl FnOnce(&Reclaim) -> bool + Send) {
        let Self(hub) = &self;
        let done = tokio::select! {
            () = hub.shared.reclaiming.stopping.cancelled() => Ok(None),
            done = self.run(is_wanted) => done,
        };
        let record = match done {
            Ok(None) => None,
            Ok(Some(reclaimed)) => {
                tracing::info!(?reclaimed, "reclaimed space");
                Some(ReclaimRecord { ended_at: now(), reclaimed, error: None })
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "space could not be reclaimed");
                Some(ReclaimRecord { ended_at: now(), reclaimed: Reclaimed::default(), error: Some(told(&error)) })
            }
        };
        if let Some(record) = record
            && let Err(error) = hub.store().save_reclaim(&record).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "what was reclaimed could not be kept");
        }
    }

    async fn run(&self, is_wanted: impl FnOnce(&Reclaim) -> bool) -> Result<Option<Reclaimed>, StorageError> {
        let Self(hub) = self;
        let run = hub.store().begin_reclaim(now()).await?;
        if !is_wanted(&run) {
            return Ok(None);
        }
        let mut stage = run.mark().await?;
        loop {
            let began = Instant::now();
            stage = match stage {
                Stage::Mark(mark) => {
                    let reclaimed = Reclaimed { reachable: mark.reachable(), ..Reclaimed::default() };
                    hub.shared.reclaiming.show(ReclaimPhase::Marking, reclaimed);
                    mark.step().await?
                }
                Stage::Sweep(sweep) => {
                    hub.shared.reclaiming.show(ReclaimPhase::Sweeping, sweep.reclaimed());
                    sweep.step().await?
                }
                Stage::Done(reclaimed) => return Ok(Some(reclaimed)),
            };
            // Half of the time belongs to those who wait for an answer.
            tokio::time::sleep(began.elapsed()).await;
        }
    }
}

/// The error with its causes.
fn told(error: &StorageError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
