//! Reading ahead on other threads: while a walk works on some leaves, those that it said it would open next are read.

use std::{
    collections::{HashSet, VecDeque},
    num::NonZero,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread::Scope,
};

use versioning::{Hash, Object, ObjectSource, ReadError};

/// How many objects are read at once: few, because the first ones are waited for.
const PART: usize = 12;

/// How many threads can run at once. Asking the system for it reads files.
pub(crate) static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));

/// Does work over a source that reads ahead: [`ObjectSource::prefetch`] returns at once.
pub(crate) fn reading<T>(source: &dyn ObjectSource, work: impl FnOnce(&dyn ObjectSource) -> T) -> T {
    std::thread::scope(|scope| {
        let ahead = Ahead { source, scope, queue: Arc::default() };
        let _ending = Ending(&ahead.queue);
        work(&ahead)
    })
}

/// A source that has what it is told of read by other threads, and waits for what is being read.
struct Ahead<'scope, 'env> {
    source: &'env dyn ObjectSource,
    scope: &'scope Scope<'scope, 'env>,
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What nobody reads yet.
    parts: VecDeque<Vec<Hash>>,
    /// All that is not read yet.
    coming: HashSet<Hash>,
    threads: usize,
    has_ended: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'q>(&self, state: MutexGuard<'q, State>) -> MutexGuard<'q, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads parts until the work has ended.
    fn serve(&self, source: &dyn ObjectSource) {
        let mut state = self.state();
        while !state.has_ended {
            state = match state.parts.pop_front() {
                Some(part) => {
                    drop(state);
                    self.read(source, &part);
                    self.state()
                }
                None => self.wait(state),
            };
        }
    }

    fn read(&self, source: &dyn ObjectSource, part: &[Hash]) {
        // Also when reading panics: then who needs them reads them, and meets the same.
        let _arrived = Arrived(self, part);
        source.prefetch(part);
    }
}

/// Says that a part was read as well as it can be.
struct Arrived<'q>(&'q Queue, &'q [Hash]);

impl Drop for Arrived<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        for hash in self.1 {
            state.coming.remove(hash);
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

/// Ends the threads.
struct Ending<'q>(&'q Queue);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.state().has_ended = true;
        self.0.changed.notify_all();
    }
}

impl ObjectSource for Ahead<'_, '_> {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        let mut state = self.queue.state();
        while state.coming.contains(&hash) {
            // Who waits helps.
            state = match state.parts.pop_front() {
                Some(part) => {
                    drop(state);
                    self.queue.read(self.source, &part);
                    self.queue.state()
                }
                None => self.queue.wait(state),
            };
        }
        drop(state);
        self.source.object(hash)
    }

    fn prefetch(&self, hashes: &[Hash]) {
        let mut state = self.queue.state();
        let new: Vec<Hash> = hashes.iter().copied().filter(|hash| state.coming.insert(*hash)).collect();
        state.parts.extend(new.chunks(PART).map(<[Hash]>::to_vec));
        // This thread is one of them.
        while state.threads + 1 < *PROCESSORS {
            state.threads += 1;
            let (queue, source) = (Arc::clone(&self.queue), self.source);
            self.scope.spawn(move || queue.serve(source));
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Has every object whose name is even, and counts what it is asked.
    #[derive(Default)]
    struct Source {
        prefetched: AtomicUsize,
        asked: AtomicUsize,
    }

    fn name(number: u8) -> Hash {
        Hash::from_bytes([number; 32])
    }

    impl ObjectSource for Source {
        fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if hash.as_bytes()[0] % 2 == 1 {
                return Err(ReadError::Missing { hash });
            }
            Ok(Arc::new(Object::Root(versioning::Root::default())))
        }

        fn prefetch(&self, hashes: &[Hash]) {
            self.prefetched.fetch_add(hashes.len(), Ordering::Relaxed);
        }
    }

    #[test]
    fn what_was_asked_for_is_read_once_and_found() {
        let source = Source::default();
        let names: Vec<Hash> = (0..100).map(name).collect();
        reading(&source, |ahead| {
            ahead.prefetch(&names);
            ahead.prefetch(&names[50..]);
            for hash in &names {
                assert_eq!(ahead.object(*hash).is_ok(), hash.as_bytes()[0] % 2 == 0);
            }
            assert!(ahead.object(name(120)).is_ok(), "nobody said that it would be needed");
        });
        assert_eq!(source.asked.into_inner(), 101);
        assert!(source.prefetched.into_inner() >= 100);
    }

    #[test]
    fn it_ends_with_parts_that_nobody_needed() {
        let source = Source::default();
        reading(&source, |ahead| ahead.prefetch(&(0..250).map(name).collect::<Vec<_>>()));
    }
}
