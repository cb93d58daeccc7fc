//! Leases: what somebody writes, and what they build on, stays as long as they hold one.
//!
//! Only this process has the store open, so leases are kept in memory: taking and ending one costs a lock and no write.
//! `reclaim.rs` says what they are for, and why that is enough.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Notify, OwnedMutexGuard};
use versioning::Hash;

use crate::{DatasetId, Store};

/// The right to write, and the promise that nothing is deleted that its holder can come to name.
///
/// It is taken before anything is read that the writing builds on, the names of branches and commits among it, and held
/// until what was written is part of a commit. Clones are the same lease, which ends with the last of them.
#[derive(Clone)]
pub struct Lease(Arc<Held>);

struct Held {
    number: u64,
    leases: Arc<Leases>,
    /// Chunks were put that no commit has taken up yet.
    has_put: AtomicBool,
}

/// The leases of a store and the run of reclaiming that has to mind them.
#[derive(Default)]
pub(crate) struct Leases {
    state: Mutex<State>,
    /// Told whenever a lease has ended.
    ended: Notify,
    /// Held by the run of reclaiming.
    run: Arc<tokio::sync::Mutex<()>>,
    /// Held while chunks are deleted.
    deletion: Arc<tokio::sync::Mutex<()>>,
    /// Chunks may be there that no commit took up.
    has_leftovers: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The number of the next lease: they grow in the order in which leases are taken.
    next: u64,
    open: BTreeSet<u64>,
    /// What the run in progress has to know; none while there is none.
    notes: Option<Notes>,
    /// Chunks whose deletion is under way.
    deleting: HashSet<Hash>,
}

/// What happens during a run.
#[derive(Default)]
struct Notes {
    /// Chunks that were put and commits that were named, by any lease, since the run began.
    used: HashSet<Hash>,
    /// Commits that can't be named any more, except for those in `used`.
    closed: HashSet<(DatasetId, Hash)>,
}

impl Leases {
    pub(crate) fn new(has_leftovers: bool) -> Self {
        Self { has_leftovers: has_leftovers.into(), ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done while it is held can panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(self: &Arc<Self>) -> Lease {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.open.insert(number);
        Lease(Arc::new(Held { number, leases: Arc::clone(self), has_put: AtomicBool::new(false) }))
    }

    /// The commits that can't be named any more, because a run takes them off their dataset's list. To be asked before
    /// the list is: afterwards the run may have ended.
    pub(crate) fn closed(&self) -> HashSet<(DatasetId, Hash)> {
        let state = self.state();
        let closed = state.notes.iter().flat_map(|notes| {
            notes.closed.iter().copied().filter(|(dataset, commit)| notes.is_closed(*dataset, *commit))
        });
        closed.collect()
    }

    /// Whether a commit is one of [`Self::closed`].
    pub(crate) fn is_closed(&self, dataset: DatasetId, commit: Hash) -> bool {
        self.state().notes.as_ref().is_some_and(|notes| notes.is_closed(dataset, commit))
    }

    /// Says that there may be chunks that no commit took up.
    pub(crate) fn leave_something(&self) {
        self.has_leftovers.store(true, Ordering::Relaxed);
    }

    /// Begins a run, after the one before has ended. From now on what leases put and name is noted.
    pub(crate) async fn begin_run(self: &Arc<Self>) -> Run {
        let alone = Arc::clone(&self.run).lock_owned().await;
        // What is left behind from now on is for the next run: this one does not delete what is put meanwhile.
        let has_leftovers = self.has_leftovers.swap(false, Ordering::Relaxed);
        self.state().notes = Some(Notes::default());
        Run { leases: Arc::clone(self), oldest: 0, has_leftovers, _alone: alone }
    }

    /// Says which of the chunks are about to be deleted: those that no lease has put since the run began. Whoever puts
    /// one of them from now on waits until the deletion has ended.
    pub(crate) async fn begin_deletion(self: &Arc<Self>, chunks: impl IntoIterator<Item = Hash>) -> Deletion {
        let alone = Arc::clone(&self.deletion).lock_owned().await;
        let mut state = self.state();
        let used = |chunk: &Hash| state.notes.as_ref().is_some_and(|notes| notes.used.contains(chunk));
        let chunks: Vec<Hash> = chunks.into_iter().filter(|chunk| !used(chunk)).collect();
        state.deleting.extend(&chunks);
        Deletion { chunks, leases: Arc::clone(self), _alone: alone }
    }
}

impl Notes {
    fn is_closed(&self, dataset: DatasetId, commit: Hash) -> bool {
        self.closed.contains(&(dataset, commit)) && !self.used.contains(&commit)
    }
}

impl Lease {
    /// Notes the chunks that are about to be put, or the commits that something is about to be made of. Waits where one
    /// of them is just being deleted: what is put afterwards is written again.
    pub(crate) async fn note(&self, names: impl IntoIterator<Item = Hash>) {
        let leases = &self.0.leases;
        let is_being_deleted = {
            let mut state = leases.state();
            let State { notes, deleting, .. } = &mut *state;
            let mut is_being_deleted = false;
            for name in names {
                is_being_deleted |= deleting.contains(&name);
                if let Some(notes) = notes {
                    notes.used.insert(name);
                }
            }
            is_being_deleted
        };
        if is_being_deleted {
            drop(leases.deletion.lock().await);
        }
    }

    /// Chunks were put that a commit has to take up.
    pub(crate) fn has_put(&self) {
        self.0.has_put.store(true, Ordering::Relaxed);
    }

    /// A commit took up what was put.
    pub(crate) fn has_committed(&self) {
        self.0.has_put.store(false, Ordering::Relaxed);
    }

    /// What was put will not all be part of a commit.
    pub fn leaves_something(&self) {
        self.0.leases.leave_something();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if *self.has_put.get_mut() {
            self.leases.leave_something();
        }
        self.leases.state().open.remove(&self.number);
        self.leases.ended.notify_waiters();
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lease").field(&self.0.number).finish()
    }
}

/// A run of reclaiming; there is one at a time. What was noted for it is forgotten with it.
pub(crate) struct Run {
    leases: Arc<Leases>,
    /// The number of the first lease that was taken after commits were closed.
    oldest: u64,
    /// Chunks may be there that no commit took up, from before it began.
    has_leftovers: bool,
    _alone: OwnedMutexGuard<()>,
}

impl Run {
    /// From now on these commits can't be named, except for those that were since the run began.
    pub(crate) fn close(&mut self, commits: impl IntoIterator<Item = (DatasetId, Hash)>) {
        let mut state = self.leases.state();
        if let Some(notes) = &mut state.notes {
            notes.closed.extend(commits);
        }
        self.oldest = state.next;
    }

    /// See [`Leases::closed`].
    pub(crate) fn closed(&self) -> HashSet<(DatasetId, Hash)> {
        self.leases.closed()
    }

    /// Waits until every lease has ended that was taken before [`Self::close`].
    pub(crate) async fn older_leases_end(&self) {
        loop {
            let ended = self.leases.ended.notified();
            // A lease that ends from here on wakes it.
            if self.leases.state().open.first().is_none_or(|oldest| *oldest >= self.oldest) {
                return;
            }
            ended.await;
        }
    }
}

impl Run {
    pub(crate) fn has_leftovers(&self) -> bool {
        self.has_leftovers
    }

    /// Says that there may be something for it to delete, or that all is deleted.
    pub(crate) fn set_leftovers(&mut self, has_leftovers: bool) {
        self.has_leftovers = has_leftovers;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.has_leftovers {
            self.leases.leave_something();
        }
        self.leases.state().notes = None;
    }
}

/// A deletion that is under way; lives as long as its transaction.
pub(crate) struct Deletion {
    pub(crate) chunks: Vec<Hash>,
    leases: Arc<Leases>,
    _alone: OwnedMutexGuard<()>,
}

impl Drop for Deletion {
    fn drop(&mut self) {
        self.leases.state().deleting.clear();
    }
}

impl Store {
    /// Takes a lease: to be done before anything is read that the writing builds on.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.leases.take()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Poll};

    use super::*;

    /// What the future says when it is asked once.
    async fn ask<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        let mut future = Some(future);
        std::future::poll_fn(move |context| {
            Poll::Ready(future.take().map_or(Poll::Pending, |future| future.poll(context)))
        })
        .await
    }

    #[tokio::test]
    async fn a_run_waits_for_older_leases_only() {
        let leases = Arc::new(Leases::default());
        let (first, second) = (leases.take(), leases.take());
        let mut run = leases.begin_run().await;
        run.close([]);
        let younger = leases.take();
        let mut waiting = pin!(run.older_leases_end());
        assert!(ask(waiting.as_mut()).await.is_pending());
        let clone = second.clone();
        drop(first);
        drop(second);
        assert!(ask(waiting.as_mut()).await.is_pending(), "a clone is the same lease");
        drop(clone);
        assert!(ask(waiting.as_mut()).await.is_ready());
        drop(younger);
    }

    #[tokio::test]
    async fn whoever_puts_what_is_being_deleted_waits() {
        let leases = Arc::new(Leases::default());
        let (noted, other) = (Hash::of(b"noted"), Hash::of(b"other"));
        let _run = leases.begin_run().await;
        let lease = leases.take();
        lease.note([noted]).await;
        let deletion = leases.begin_deletion([noted, other]).await;
        assert_eq!(deletion.chunks, [other], "what was put in time is not deleted");
        assert!(ask(pin!(lease.note([noted]))).await.is_ready(), "nobody waits for others' chunks");
        let mut putting = pin!(lease.note([noted, other]));
        assert!(ask(putting.as_mut()).await.is_pending());
        drop(deletion);
        assert!(ask(putting.as_mut()).await.is_ready());
        assert_eq!(leases.begin_deletion([other]).await.chunks, []);
    }

    #[tokio::test]
    async fn a_lease_that_ends_without_a_commit_leaves_something_behind() {
        let leases = Arc::new(Leases::default());
        drop(leases.take());
        assert!(!leases.begin_run().await.has_leftovers());
        let committed = leases.take();
        committed.has_put();
        committed.has_committed();
        drop(committed);
        assert!(!leases.begin_run().await.has_leftovers());
        leases.take().has_put();
        assert!(leases.begin_run().await.has_leftovers());

        let mut run = leases.begin_run().await;
        assert!(run.has_leftovers(), "the run before did not delete it");
        run.set_leftovers(false);
        leases.take().has_put();
        drop(run);
        assert!(leases.begin_run().await.has_leftovers(), "what is left behind during a run is for the next");
    }
}
