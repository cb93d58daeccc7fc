//! Requests that may be sent again: who gives one a key is answered as before where it comes twice, and it is not done
//! again, across restarts too.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use storage::{AnswerId, PersonId};
use versioning::Hash;

use crate::{Actor, Error, Hub, now};

/// How long an answer is kept, in µs.
const KEPT: i64 = 24 * 3_600 * 1_000_000;
/// The most answers that are kept for one person; the oldest go first.
const MAX_ANSWERS: usize = 1_000;
/// After so many more they go.
const TRIM: u32 = 100;

/// What this process knows of requests with keys.
#[derive(Default)]
pub(crate) struct Retries(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Those that are being done.
    running: HashSet<AnswerId>,
    /// How many of somebody's began since the oldest were deleted.
    begun: HashMap<Option<PersonId>, u32>,
}

impl Retries {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request with a key.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'r> {
    /// The key.
    pub key: &'r [u8],
    /// Where it was sent. Keys at other addresses are other keys.
    pub path: &'r str,
    /// The hash of all that it asks for.
    pub request: Hash,
}

/// What becomes of a request with a key.
pub enum Begun {
    /// It is new.
    New(Doing),
    /// It was done, and answered so.
    Answered(String),
    /// It is being done.
    Running,
    /// It was begun, and nobody knows whether it came to its end: the server stopped.
    Interrupted,
    /// Another request came with its key.
    Other,
}

/// A request with a key that is being done.
pub struct Doing {
    hub: Hub,
    id: AnswerId,
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.hub.shared.retries.known().running.remove(&self.id);
    }
}

impl Doing {
    /// It was done; this is what it is answered when it comes again.
    pub async fn done(self, answer: &str) {
        if let Err(error) = self.hub.store().keep_answer(self.id, answer).await {
            // When it comes again, it is as one that was interrupted.
            tracing::error!(error = &error as &dyn std::error::Error, "an answer could not be kept");
        }
    }

    /// Nothing was done: it may be tried again.
    pub async fn not_done(self) {
        if let Err(error) = self.hub.store().forget_answer(self.id).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a request could not be forgotten");
        }
    }
}

impl Hub {
    /// Notes that a request is being done, unless it was before. What one person was answered is for nobody else, and not
    /// for a token of theirs that may do less.
    ///
    /// # Errors
    /// [`Error::SignIn`]: strangers have no keys. The store failed.
    pub async fn begin_once(&self, actor: &Actor, retry: Retry<'_>) -> Result<Begun, Error> {
        if actor.is_stranger() {
            return Err(Error::SignIn);
        }
        let limits = actor.limits();
        let parts = [retry.key, retry.path.as_bytes(), limits.as_slice()];
        let key = Hash::of(&parts.map(|part| Hash::of(part).as_bytes().to_vec()).concat());
        let id = AnswerId { person: actor.person_id(), key };
        let trims = {
            let mut known = self.shared.retries.known();
            if !known.running.insert(id) {
                return Ok(Begun::Running);
            }
            let begun = known.begun.entry(id.person).or_default();
            *begun += 1;
            *begun % TRIM == 1
        };
        // From here on it is not forgotten that it has ended.
        let doing = Doing { hub: self.clone(), id };
        if trims {
            self.store().trim_answers(id.person, MAX_ANSWERS).await?;
        }
        let at = now();
        let found = self.store().begin_answer(id, retry.request, at, at - KEPT).await?;
        Ok(match found {
            None => Begun::New(doing),
            Some(found) if found.request != retry.request => Begun::Other,
            Some(found) => found.answer.map_or(Begun::Interrupted, Begun::Answered),
        })
    }

    /// Deletes answers that are too old.
    pub(crate) async fn clear_answers(&self) -> Result<(), Error> {
        Ok(self.store().clear_answers(now() - KEPT).await?)
    }
}
