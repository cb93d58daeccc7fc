//! How a commit comes to be: one way for drafts, imports, operations and merges.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use storage::{Chunk, CommitRecord, CommitWrite, DatasetId, DraftId, JobUpdate, Lease, Objects, StorageError};
use versioning::{
    ChunkSink, Commit, Hash, Object, ObjectSource, ReadError, Root, WriteError, frame,
    history::{self, Clocks, Cursor, Filter, Paging},
};

use crate::{Actor, AuditKind, Dataset, Error, Event, Hub, ahead::PROCESSORS, audit, blocking, now};

/// The longest commit message in characters.
const MAX_MESSAGE: usize = 10_000;
/// How often a commit is tried again when others move the branch meanwhile.
const ATTEMPTS: usize = 8;

/// Chunks are packed when so many bytes of them have come together.
const PACK_AT: usize = 4 << 20;
/// Below so many bytes a second thread costs more than it brings.
const PACK_ALONE: usize = 256 << 10;

/// What a commit wrote is kept in memory where it is no more than these bytes: it is what is read next, by the diff that
/// is looked at and by the next commit.
const KEPT: usize = 128 << 10;

/// A commit's message as it is kept: without space at its ends, not empty, not too long.
pub(crate) fn message(text: &str) -> Result<String, Error> {
    let text = text.trim().replace("\r\n", "\n");
    if text.is_empty() {
        return Err(Error::invalid("message", "Say in a few words what you changed and why."));
    }
    if text.chars().count() > MAX_MESSAGE {
        return Err(Error::invalid("message", "A message has at most 10,000 characters."));
    }
    Ok(text)
}

/// What is written on the way to a commit, and read back from here until it is stored.
pub(crate) struct Desk<'s> {
    source: &'s Objects,
    written: Mutex<Written>,
}

/// Chunks in the order in which they came: first those that are packed, then those that are not yet.
#[derive(Default)]
struct Written {
    frames: Vec<Chunk>,
    raw: Vec<Raw>,
    raw_bytes: usize,
    places: HashMap<Hash, Place>,
}

/// Where a chunk stands in the order, and the stored chunk whose place it takes.
#[derive(Clone, Copy)]
struct Place {
    position: usize,
    near: Option<Hash>,
}

/// Canonical bytes that are to be packed.
struct Raw {
    hash: Hash,
    bytes: Vec<u8>,
    /// The stored chunk whose place they take.
    near: Option<Hash>,
}

impl Written {
    fn add(&mut self, source: &Objects, hash: Hash, bytes: Vec<u8>, near: Option<Hash>) {
        // What takes the place of something written here takes the place of what that took it of: others may have stored
        // here what is written there, so only what is read from the store can be built on.
        let near = near.and_then(|near| self.places.get(&near).map_or(Some(near), |place| place.near));
        let Entry::Vacant(entry) = self.places.entry(hash) else { return };
        entry.insert(Place { position: self.frames.len() + self.raw.len(), near });
        self.raw_bytes += bytes.len();
        self.raw.push(Raw { hash, bytes, near });
        if self.raw_bytes >= PACK_AT {
            self.pack(source);
        }
    }

    /// Packs what is not packed, on all processors where that is much.
    fn pack(&mut self, source: &Objects) {
        let raw = std::mem::take(&mut self.raw);
        let share = raw.len().div_ceil(if self.raw_bytes < PACK_ALONE { 1 } else { *PROCESSORS }).max(1);
        self.raw_bytes = 0;
        let mut parts = raw.chunks(share);
        let Some(first) = parts.next() else { return };
        std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(move || pack(source, part))).collect();
            self.frames.extend(pack(source, first));
            for thread in others {
                self.frames.extend(thread.join().expect("packing does not panic"));
            }
        });
    }
}

/// Packs chunks, as deltas where something stored is much like them.
fn pack(source: &Objects, chunks: &[Raw]) -> Vec<Chunk> {
    let nears: Vec<Hash> = chunks.iter().filter_map(|chunk| chunk.near).collect();
    let mut bases = source.bases_for(&nears).into_iter();
    let pack = |Raw { hash, bytes, near }: &Raw| {
        let frame = match near.and_then(|_| bases.next().flatten()) {
            // What has become again what its base is, is there already.
            Some((base, object)) if base != *hash => frame::pack_near(bytes, base, &object.canonical()),
            _ => frame::pack(bytes),
        };
        (*hash, frame)
    };
    chunks.iter().map(pack).collect()
}

impl<'s> Desk<'s> {
    pub(crate) fn new(source: &'s Objects) -> Self {
        Self { source, written: Mutex::default() }
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self, object: &Object) -> Result<Hash, Error> {
        let mut sink = self;
        object.store(&mut sink).map_err(internal)
    }

    /// What was written, if that is little.
    fn objects(&self) -> Vec<(Hash, Object)> {
        let written = self.written();
        if !written.frames.is_empty() || written.raw_bytes > KEPT {
            return Vec::new();
        }
        let decoded = |raw: &Raw| Some((raw.hash, Object::decode(&raw.bytes).ok()?));
        written.raw.iter().filter_map(decoded).collect()
    }

    fn into_frames(self) -> Vec<Chunk> {
        let mut written = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        written.pack(self.source);
        written.frames
    }
}

impl ObjectSource for Desk<'_> {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        let damaged = |reason: String| ReadError::Damaged { hash, reason };
        let bytes = {
            let written = self.written();
            let Some(Place { position, .. }) = written.places.get(&hash).copied() else {
                drop(written);
                return self.source.object(hash);
            };
            match written.frames.get(position) {
                Some((_, frame)) => match frame::base(frame) {
                    Ok(Some(base)) => frame::unpack_near(frame, &self.source.object(base)?.canonical()),
                    _ => frame::unpack(frame),
                }
                .map_err(|error| damaged(error.to_string()))?,
                None => written.raw[position - written.frames.len()].bytes.clone(),
            }
        };
        Object::decode(&bytes).map(Arc::new).map_err(|error| damaged(error.to_string()))
    }

    fn prefetch(&self, hashes: &[Hash]) {
        self.source.prefetch(hashes);
    }
}

impl ChunkSink for &Desk<'_> {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.written().add(self.source, hash, bytes, None);
        Ok(())
    }

    fn put_near(&mut self, hash: Hash, bytes: Vec<u8>, near: Hash) -> Result<(), WriteError> {
        self.written().add(self.source, hash, bytes, Some(near));
        Ok(())
    }
}

/// A fault of ours with its reason.
pub(crate) fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal { reason: error.to_string() }
}

/// What a commit will be.
pub(crate) enum Made {
    /// There is nothing to commit.
    Nothing,
    /// A new commit with this state. The head comes first among its parents; these follow.
    Commit(Root, Vec<Hash>),
    /// A commit that is there already and follows the head.
    Forward(Hash),
}

/// On what a commit may be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parent {
    /// Whatever is the head: what is made is made anew when that moves.
    Head,
    /// This commit, and no other.
    Exactly(Hash),
}

/// By what right a branch is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Somebody may write.
    Direct,
    /// A merge request was found good. `brings`: its commits are of another dataset and become this one's.
    Request { brings: bool },
}

/// The most commits that a merge brings from another dataset.
const MAX_BROUGHT: usize = 10_000;

/// What a commit brings of another dataset: the commits behind it that the head does not have, all of them without a head.
pub(crate) fn brought(
    objects: &dyn ObjectSource,
    head: Option<Hash>,
    new: &[Hash],
    at: i64,
) -> Result<Vec<CommitRecord>, Error> {
    let clocks = Clocks::Honest;
    let mut records = Vec::new();
    for new in new {
        let (commits, complete) = match head {
            Some(head) => {
                let between = history::commits_between(objects, head, *new, clocks, MAX_BROUGHT)?;
                (between.commits, between.complete)
            }
            None => {
                let paging = Paging { limit: MAX_BROUGHT, budget: MAX_BROUGHT, clocks };
                let page = history::log(objects, &Cursor::new(*new), &Filter::All, paging)?;
                (page.entries, page.next.is_none())
            }
        };
        if !complete || records.len() + commits.len() > MAX_BROUGHT {
            return Err(Error::State {
                message: "More than 10,000 commits would come with it: squash them into one.".to_owned(),
            });
        }
        for hash in commits {
            records.push(CommitRecord { hash, parents: objects.commit(hash)?.parents, at });
        }
    }
    Ok(records)
}

/// Makes the job's last update once the commit is known; none where there was nothing to commit.
type Job<'a> = &'a (dyn Fn(Option<Hash>) -> Result<JobUpdate, Error> + Send + Sync);

/// A commit that somebody wants to make.
pub(crate) struct Intent<'a> {
    /// Taken before anything was looked up that the commit builds on.
    pub(crate) lease: Lease,
    pub(crate) actor: &'a Actor,
    /// Whose work it is, where that is somebody else.
    pub(crate) author: Option<String>,
    pub(crate) dataset: &'a Dataset,
    pub(crate) branch: &'a str,
    /// The branch's head as it was read last. Where it has moved since, it is read again.
    pub(crate) head: Option<Hash>,
    pub(crate) parent: Parent,
    pub(crate) message: String,
    /// By what right the branch is changed.
    pub(crate) way: Way,
    /// The draft that it takes up, at its revision.
    pub(crate) draft: Option<(DraftId, u64)>,
    /// The job that it ends.
    pub(crate) job: Option<Job<'a>>,
}

impl Hub {
    /// Makes a commit of what `make` makes of the head's state, and moves the branch to it. Chunks are written first; the
    /// branch moves in one transaction with the last of them. None where there was nothing to commit.
    pub(crate) async fn write(
        &self,
        intent: Intent<'_>,
        make: impl Fn(&Desk<'_>, Option<Hash>, Root) -> Result<Made, Error> + Send + Sync + 'static,
    ) -> Result<Option<Hash>, Error> {
        let Intent { lease, actor, author, dataset, branch, mut head, parent, message, way, draft, job } = intent;
        if way == Way::Direct {
            dataset.authorise_direct_change(branch)?;
        }
        let make = Arc::new(make);
        let author = author.unwrap_or_else(|| actor.name().to_owned());
        for _ in 0..ATTEMPTS {
            if let Parent::Exactly(expected) = parent
                && head != Some(expected)
            {
                return Err(self.moved(branch, expected, head).await?);
            }
            let at = now();
            let (make, author, text) = (Arc::clone(&make), author.clone(), message.clone());
            let store = self.store().objects();
            let (new, parents, at, brought, objects, frames, is_merge) = blocking(move || {
                let desk = Desk::new(&store);
                let objects: &dyn ObjectSource = &store;
                let root = match head {
                    Some(head) => objects.root(objects.commit(head)?.root)?,
                    None => Root::default(),
                };
                match make(&desk, head, root)? {
                    Made::Nothing => Ok((None, Vec::new(), at, Vec::new(), Vec::new(), Vec::new(), false)),
                    Made::Forward(commit) => {
                        let found = objects.commit(commit)?;
                        // What comes from elsewhere is the dataset's from now on, and was not before.
                        let (brought, at) = match way {
                            Way::Request { brings: true } => (brought(objects, head, &[commit], at)?, at),
                            _ => (Vec::new(), found.time),
                        };
                        Ok((Some(commit), found.parents, at, brought, Vec::new(), Vec::new(), true))
                    }
                    Made::Commit(root, others) => {
                        let is_merge = !others.is_empty();
                        let brought = match way {
                            Way::Request { brings: true } => brought(objects, head, &others, at)?,
                            _ => Vec::new(),
                        };
                        let parents: Vec<Hash> = head.into_iter().chain(others).collect();
                        let time = history::time_after(objects, &parents, at)?;
                        let root = desk.store(&Object::Root(root))?;
                        let commit = Commit { root, parents: parents.clone(), author, time, message: text };
                        let new = desk.store(&Object::Commit(commit))?;
                        Ok((Some(new), parents, time, brought, desk.objects(), desk.into_frames(), is_merge))
                    }
                }
            })
            .await?;
            let is_merge = is_merge || matches!(way, Way::Request { .. });
            let kind = match (job.is_some(), is_merge) {
                (true, _) => AuditKind::Import,
                (false, true) => AuditKind::Merge,
                (false, false) => AuditKind::Commit,
            };
            let job_update = job.map(|job| job(new)).transpose()?;
            let Some(new) = new else {
                if let Some(update) = job_update {
                    self.store().update_job(&update).await?;
                }
                return Ok(None);
            };
            let what = format!("committed {} to {branch}: {message}", new.short());
            let write = CommitWrite {
                chunks: self.put_all_but_last(&lease, frames).await?,
                dataset: DatasetId(dataset.id),
                branch: branch.to_owned(),
                expected: head,
                new,
                parents,
                brought,
                at,
                draft: draft.clone(),
                job: job_update,
                audit: Some(audit::entry(actor.name(), actor.address(), kind, dataset.about(), what)),
            };
            match self.store().commit(&lease, write).await {
                Ok(()) => {
                    self.store().objects().keep(objects);
                    self.shared.events.send(dataset.id, Event::Head { branch: branch.to_owned(), commit: new });
                    return Ok(Some(new));
                }
                Err(StorageError::StaleHead { current, .. }) => head = current,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::State {
            message: "Others keep committing to this branch. Nothing was committed: try again.".to_owned(),
        })
    }

    /// What to say when a branch is not where somebody thought it is.
    async fn moved(&self, branch: &str, expected: Hash, head: Option<Hash>) -> Result<Error, Error> {
        /// The most commits that are told.
        const LIMIT: usize = 100;
        let between = match head {
            None => Vec::new(),
            Some(head) => {
                self.read(move |objects| {
                    // A parent that is no commit of ours has nothing in between.
                    let Ok(found) = history::commits_between(objects, expected, head, Clocks::Honest, LIMIT) else {
                        return Ok(Vec::new());
                    };
                    let commits = found.commits.into_iter().take(LIMIT);
                    commits.map(|hash| Ok(crate::state::summary(hash, objects.commit(hash)?))).collect()
                })
                .await?
            }
        };
        Ok(Error::Moved { branch: branch.to_owned(), head, between })
    }

    /// Writes chunks in batches that the store takes.
    pub(crate) async fn put_frames(&self, lease: &Lease, frames: Vec<Chunk>) -> Result<(), Error> {
        let last = self.put_all_but_last(lease, frames).await?;
        Ok(self.store().put_chunks(lease, last).await?)
    }

    /// Writes chunks in batches that the store takes, and returns the last batch: it goes with the commit, in one wait
    /// for the disk.
    async fn put_all_but_last(&self, lease: &Lease, frames: Vec<Chunk>) -> Result<Vec<Chunk>, Error> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (hash, frame) in frames {
            if bytes + frame.len() > storage::MAX_BATCH_BYTES {
                self.store().put_chunks(lease, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += frame.len();
            batch.push((hash, frame));
        }
        Ok(batch)
    }
}
