//! Reclaiming: chunks that nothing reaches are found and deleted while others write.
//!
//! A commit stays listed in its dataset, and can be named by its hash, for as long as a branch, tag or draft leads to
//! it, and for [`crate::Config::keep_unreachable`] after that. Then it is taken off the list. What no listed commit
//! reaches is deleted: what those commits had of their own, and what writes left behind that never became a commit.
//!
//! # The protocol
//!
//! Whoever writes holds a [`Lease`] from before they read what they build on until the commit is made; a query that
//! writes keeps the lease alive even when its caller has gone. A run goes like this:
//!
//! 1. *Note.* From now on the names of all chunks that are put and of all commits that something is made of (a commit, a
//!    ref, a draft) are noted before the transaction that does so.
//! 2. *Survey.* Commits that no ref and no draft of their dataset leads to get the time as a mark; those that had theirs
//!    for long enough are *expired*.
//! 3. *Close.* Expired commits that are not noted can't be named by their hash any more.
//! 4. *Wait* until the leases have ended that were taken before that. New ones are taken meanwhile: nobody is held up.
//! 5. *Mark* what is reached by the refs, the drafts and the lists, without the commits that are still expired, closed
//!    and not noted.
//! 6. *Take* these off their lists.
//! 7. *Sweep deltas:* go over all chunks and delete those deltas that are neither marked nor noted, some at a time. Whoever
//!    puts one of those that are just being deleted waits for the end of that transaction, and then writes it again. The
//!    bases of all other deltas are *kept*.
//! 8. *Sweep whole chunks:* go over all chunks once more and delete, in the same way, those that are neither marked, noted
//!    nor kept.
//!
//! # Why nothing is deleted that is needed
//!
//! Whatever can be reached after the roots are read (5) is marked or noted. Leases taken before the closing (3) have
//! ended by then, and what they made is on the lists. A younger lease finds what it builds on in one of three ways.
//! By a hash: the commit is listed and not closed. By a ref or draft that was there during the survey: that leads to no
//! expired commit. By a ref or draft that was made later: its commit was noted then, and so is not left out. So it is a
//! commit that is marked, or one that another younger lease has listed since, of which the same holds. What the new
//! commit has beside that was put by itself, and noted. Chunks that were put before the noting began (1) and belong to no
//! commit yet are those of older leases, which have ended before the roots are read (4).
//!
//! The hazards by name: chunks that no ref reaches *yet* are noted, or their lease is waited for. A put of a chunk that
//! is *already there*, unreachable, is noted although nothing is written; whether a chunk is there is decided by that
//! transaction and nothing else, never by a cache. *Subtrees of a base* that becomes unreachable stay, because the base
//! stays listed until all leases that may have found it have ended. A ref that is set to an *old commit* finds it listed,
//! and then it is noted, or does not find it.
//!
//! # Why no delta loses its base
//!
//! A chunk may be stored as a delta of another, its base, which is stored whole ([`versioning::frame`]); so what is needed
//! needs its base too. Nothing above frames knows of that: bases are not marked with what refers to their deltas. Instead
//! this holds at every moment: *the base of each delta in the store is in the store, and whole*.
//!
//! *Putting* keeps to it. A writer takes as bases only chunks that it has read as whole ones from the store, and that the
//! commit which it builds on reaches, by themselves or as the base of a chunk that it reaches (`Objects::bases_for`):
//! never one that it has only put, which may have been there as a delta. What that commit reaches is marked, or was put by
//! a younger lease, and noted with its base: putting a delta notes the delta and its base in one. So the base is marked,
//! noted or kept as the base of a delta that is marked or noted; no run deletes it before the lease has ended, and then
//! the delta is marked itself, or was not taken up by a commit. Nor can it be replaced by a delta meanwhile: for that it
//! would have to be deleted first. That a chunk is stored whole is remembered with the object in the cache of objects,
//! once it was read.
//! What is deleted is forgotten there before its deletion ends, and whoever has read it before does not put it there
//! after that; so what is put again as a delta is not taken for whole.
//!
//! *Deleting* keeps to it, because all deltas that go, go before any whole chunk does. After step 7 a delta that is in the
//! store was there and marked; or noted, by a put that wrote it or found it there; and no delta comes without its base
//! being noted. Step 7 looks at each chunk that was there before it began. A delta that is marked has its base kept. One
//! that is not is deleted, unless it was noted before the deletion began, which then has its base kept instead: here the
//! base that it has, which need not be the one of the frame that was to be put. Who notes it later waits for the deletion
//! and writes it with the other base. A run that ends half way has deleted some deltas and no base, or all deltas that go
//! and some of the bases that only these had.
//!
//! A run that meets a chunk that is missing or damaged ends there and deletes nothing. A run that is dropped, or a
//! process that is killed, leaves the store sound at every step: commits go off the lists before any of their chunks do,
//! and what was not deleted is found again.
//!
//! Why in this process, and not in a service process: the store can be opened by one process only, so a child would have
//! to be fed every node over its pipe, at a cost above that of looking at it here; nothing here reads what comes from
//! outside. A run takes about 60 bytes of memory a chunk; its steps are small, so that the caller can rest in between.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use versioning::{Hash, frame, history::Reachable};

use crate::{
    DatasetId, Objects, StorageError, Store,
    cache::ObjectCache,
    leases::Run,
    objects::READ_AT_ONCE,
    records::{self, Parts, hash_of, parse_hash},
};

#[cfg(doc)]
use crate::Lease;

/// How many documents one query reads.
const PAGE: usize = 1_024;
/// Objects that one step of marking reads.
const MARK_STEP: usize = 256;
/// Chunks that one transaction deletes: the database takes some milliseconds for each.
const DELETE_STEP: usize = 64;
/// Memory for objects on their way to the mark, which has a cache of its own: what people read stays in theirs.
const CACHE_BYTES: usize = 16 << 20;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// Chunks that are needed.
    pub reachable: u64,
    /// Commits that were taken off the lists.
    pub commits: u64,
    /// Chunks that were deleted.
    pub chunks: u64,
    /// Sum of the sizes of their frames, in bytes.
    pub bytes: u64,
}

/// The last run, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReclaimRecord {
    /// When it ended, in µs since 1970 UTC.
    pub ended_at: i64,
    /// What it has done.
    pub reclaimed: Reclaimed,
    /// Why it did not come to its end.
    pub error: Option<String>,
}

/// A run that knows which commits have expired.
pub struct Reclaim {
    store: Store,
    run: Run,
    has_expired: bool,
}

/// A run at work: each step leads to the next. Dropping it ends the run.
pub enum Stage {
    /// It finds out what is needed.
    Mark(Mark),
    /// It deletes what is not.
    Sweep(Sweep),
    /// It has come to its end.
    Done(Reclaimed),
}

/// A run that finds out what is needed.
pub struct Mark {
    store: Store,
    run: Run,
    reachable: Reachable,
    objects: Objects,
    expired: Vec<(DatasetId, Hash)>,
}

/// A run that deletes what is not needed.
pub struct Sweep {
    store: Store,
    run: Run,
    reachable: Reachable,
    pass: Pass,
    /// The bases of deltas that stay.
    kept: HashSet<Hash>,
    /// The last chunk that was looked at.
    last: Option<RecordId>,
    /// Chunks that were looked at and have to go, deltas with their bases.
    condemned: Vec<(Hash, Option<Hash>)>,
    reclaimed: Reclaimed,
}

/// What is deleted while going over the chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Deltas,
    Whole,
}

#[derive(SurrealValue)]
struct HeadRow {
    id: RecordId,
    head: String,
}

#[derive(SurrealValue)]
struct CommitRow {
    id: RecordId,
    parents: Vec<String>,
}

#[derive(SurrealValue)]
struct UnreachableRow {
    id: RecordId,
    since: i64,
}

/// A document of which only the id matters.
#[derive(SurrealValue)]
struct IdRow {
    id: RecordId,
}

#[derive(SurrealValue)]
struct Deleted {
    count: u64,
    bytes: u64,
}

impl Store {
    /// Begins a run of reclaiming: notes which commits nothing leads to any more, and finds those that have been so for
    /// long enough at the time `now` (in µs since 1970 UTC). Waits where another run has not ended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_reclaim(&self, now: i64) -> Result<Reclaim, StorageError> {
        let mut run = self.leases.begin_run().await;
        let unreachable = self.unreachable_commits().await?;
        let expired = self.expired(&unreachable, now).await?;
        let has_expired = !expired.is_empty();
        run.close(expired);
        Ok(Reclaim { store: self.clone(), run, has_expired })
    }

    /// The last run; none before the first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn last_reclaim(&self) -> Result<Option<ReclaimRecord>, StorageError> {
        let attempted = "read what was reclaimed";
        let text: Option<String> =
            self.database.query(attempted, "RETURN $id.record", vars! { id: records::last_reclaim() }).await?;
        let malformed = |error: serde_json::Error| StorageError::Malformed { attempted, reason: error.to_string() };
        text.map(|text| serde_json::from_str(&text).map_err(malformed)).transpose()
    }

    /// Keeps what the last run has done.
    ///
    /// # Errors
    /// The database failed.
    pub async fn save_reclaim(&self, record: &ReclaimRecord) -> Result<(), StorageError> {
        let text = serde_json::to_string(record).expect("numbers and text are JSON");
        let variables = vars! { id: records::last_reclaim(), record: text };
        let statement = "{ UPSERT $id SET record = $record RETURN NONE; RETURN NONE }";
        self.database.query("keep what was reclaimed", statement, variables).await
    }

    /// The listed commits that no ref and no draft of their dataset, or of one that was forked from it, leads to.
    async fn unreachable_commits(&self) -> Result<HashSet<(DatasetId, Hash)>, StorageError> {
        let attempted = "find unreachable commits";
        let mut heads: HashMap<DatasetId, Vec<Hash>> = HashMap::new();
        for (dataset, head) in self.heads().await? {
            heads.entry(dataset).or_default().push(head);
        }
        self.add_heads_of_forks(&mut heads).await?;
        let mut unreachable = HashSet::new();
        let mut pages = self.pages(attempted, "SELECT id, parents FROM $range LIMIT $limit", "dataset_commit");
        // Commits come dataset by dataset.
        let mut current: Option<(DatasetId, HashMap<Hash, Vec<Hash>>)> = None;
        let mut finish = |(dataset, commits): (DatasetId, HashMap<Hash, Vec<Hash>>)| {
            let heads = heads.remove(&dataset).unwrap_or_default();
            unreachable.extend(unreached(commits, heads).map(|commit| (dataset, commit)));
        };
        while let Some(rows) = pages.next::<CommitRow>(|row| &row.id).await? {
            for row in rows {
                let parts = Parts::of(&row.id, attempted);
                let dataset = parts.dataset()?;
                let parents = row.parents.iter().map(|text| parse_hash(text, attempted)).collect::<Result<_, _>>()?;
                if let Some(finished) = current.take_if(|(before, _)| *before != dataset) {
                    finish(finished);
                }
                current.get_or_insert_with(|| (dataset, HashMap::new())).1.insert(parts.parse(1)?, parents);
            }
        }
        current.into_iter().for_each(finish);
        Ok(unreachable)
    }

    /// A fork leads to commits that only the datasets list which it was forked from: what its refs and drafts name, and
    /// the parents of its own commits.
    async fn add_heads_of_forks(&self, heads: &mut HashMap<DatasetId, Vec<Hash>>) -> Result<(), StorageError> {
        #[derive(SurrealValue)]
        struct ForkRow {
            id: RecordId,
            lineage: Vec<uuid::Uuid>,
        }
        let attempted = "find what forks lead to";
        let statement = "SELECT id, lineage FROM dataset WHERE lineage != NONE";
        let rows: Vec<ForkRow> = self.database.query(attempted, statement, vars! {}).await?;
        for ForkRow { id, lineage } in rows {
            let fork = DatasetId(records::uuid_of(&id, attempted)?);
            let mut named = heads.get(&fork).cloned().unwrap_or_default();
            let mut after = None;
            loop {
                let range = records::dataset_commits_after(fork, after.take());
                let statement = "SELECT id, parents FROM $range LIMIT $limit";
                let variables = vars! { range: range, limit: PAGE };
                let rows: Vec<CommitRow> = self.database.query(attempted, statement, variables).await?;
                for parent in rows.iter().flat_map(|row| &row.parents) {
                    named.push(parse_hash(parent, attempted)?);
                }
                match rows.into_iter().next_back() {
                    Some(last) => after = Some(last.id),
                    None => break,
                }
            }
            for ancestor in lineage {
                heads.entry(DatasetId(ancestor)).or_default().extend(&named);
            }
        }
        Ok(())
    }

    /// What refs and drafts name.
    async fn heads(&self) -> Result<Vec<(DatasetId, Hash)>, StorageError> {
        let attempted = "read refs and drafts";
        let mut heads = Vec::new();
        for (table, statement) in [
            ("dataset_ref", "SELECT id, head FROM $range LIMIT $limit"),
            ("draft", "SELECT id, base AS head FROM $range WHERE revision > 0 LIMIT $limit"),
        ] {
            let mut pages = self.pages(attempted, statement, table);
            while let Some(rows) = pages.next::<HeadRow>(|row| &row.id).await? {
                for row in rows {
                    heads.push((Parts::of(&row.id, attempted).dataset()?, parse_hash(&row.head, attempted)?));
                }
            }
        }
        Ok(heads)
    }

    /// Keeps since when commits are unreachable, and returns those that are for long enough.
    async fn expired(
        &self,
        unreachable: &HashSet<(DatasetId, Hash)>,
        now: i64,
    ) -> Result<Vec<(DatasetId, Hash)>, StorageError> {
        let attempted = "note unreachable commits";
        let mut since = HashMap::new();
        let mut pages = self.pages(attempted, "SELECT id, since FROM $range LIMIT $limit", "unreachable_commit");
        while let Some(rows) = pages.next::<UnreachableRow>(|row| &row.id).await? {
            for row in rows {
                let parts = Parts::of(&row.id, attempted);
                since.insert((parts.dataset()?, parts.parse(1)?), row.since);
            }
        }
        let back = since.keys().filter(|commit| !unreachable.contains(commit)).copied().collect();
        self.forget_unreachable(back, false).await?;
        let new: Vec<_> = unreachable.iter().filter(|commit| !since.contains_key(commit)).collect();
        for some in new.chunks(PAGE) {
            let rows = some.iter().map(|(dataset, commit)| {
                Value::Object(object! { id: records::unreachable_commit(*dataset, *commit), since: now })
            });
            let variables = vars! { rows: rows.collect::<Vec<_>>() };
            let statement = "{ INSERT INTO unreachable_commit $rows RETURN NONE; RETURN NONE }";
            let () = self.database.query(attempted, statement, variables).await?;
        }
        let keep = i64::try_from(self.keep_unreachable.as_micros()).unwrap_or(i64::MAX);
        let is_expired = |commit: &&(DatasetId, Hash)| {
            let since = since.get(*commit).copied().unwrap_or(now);
            since.saturating_add(keep) <= now
        };
        Ok(unreachable.iter().filter(is_expired).copied().collect())
    }

    /// Forgets since when commits are unreachable; `off_list`: and that they belong to their datasets.
    async fn forget_unreachable(&self, commits: Vec<(DatasetId, Hash)>, off_list: bool) -> Result<(), StorageError> {
        for some in commits.chunks(PAGE) {
            let ids = |id: fn(DatasetId, Hash) -> RecordId| -> Vec<RecordId> {
                some.iter().map(|(dataset, commit)| id(*dataset, *commit)).collect()
            };
            let listed = if off_list { ids(records::dataset_commit) } else { Vec::new() };
            let variables = vars! { unreachable: ids(records::unreachable_commit), listed: listed };
            let statement = "{ DELETE $unreachable; DELETE $listed; RETURN NONE }";
            let () = self.database.query("take commits off the lists", statement, variables).await?;
        }
        Ok(())
    }

    fn pages<'s>(&'s self, attempted: &'static str, statement: &'static str, table: &'static str) -> Pages<'s> {
        Pages { store: self, attempted, statement, table, last: None }
    }
}

/// The documents of a table in the order of their ids, some at a time.
struct Pages<'s> {
    store: &'s Store,
    attempted: &'static str,
    /// Reads `$limit` documents of `$range`.
    statement: &'static str,
    table: &'static str,
    last: Option<RecordId>,
}

impl Pages<'_> {
    async fn next<T: SurrealValue>(&mut self, id: fn(&T) -> &RecordId) -> Result<Option<Vec<T>>, StorageError> {
        let variables = vars! { range: records::after(self.table, self.last.take()), limit: PAGE };
        let rows: Vec<T> = self.store.database.query(self.attempted, self.statement, variables).await?;
        self.last = rows.last().map(|row| id(row).clone());
        Ok(self.last.is_some().then_some(rows))
    }
}

/// The commits that can't be reached from the heads.
fn unreached(mut commits: HashMap<Hash, Vec<Hash>>, mut heads: Vec<Hash>) -> impl Iterator<Item = Hash> {
    while let Some(commit) = heads.pop() {
        heads.extend(commits.remove(&commit).unwrap_or_default());
    }
    commits.into_keys()
}

impl Reclaim {
    /// Whether there is anything to look for: commits have expired, or writes have left something behind. After a
    /// series of commits alone there is not.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.has_expired || self.run.has_leftovers()
    }

    /// Waits until what is being written now has come to its end, then goes on to find out what is needed. Must not be
    /// waited for by somebody who holds a lease.
    ///
    /// # Errors
    /// The database failed.
    pub async fn mark(self) -> Result<Stage, StorageError> {
        let Self { store, mut run, has_expired } = self;
        run.older_leases_end().await;
        run.set_leftovers(true);
        let mut expired = run.closed();
        if has_expired {
            let unreachable = store.unreachable_commits().await?;
            expired.retain(|commit| unreachable.contains(commit));
        }
        let mut reachable = Reachable::new(store.heads().await?.into_iter().map(|(_, head)| head));
        let attempted = "list the commits";
        let mut pages = store.pages(attempted, "SELECT id FROM $range LIMIT $limit", "dataset_commit");
        while let Some(rows) = pages.next::<IdRow>(|row| &row.id).await? {
            for row in rows {
                let parts = Parts::of(&row.id, attempted);
                let commit = (parts.dataset()?, parts.parse(1)?);
                reachable.add((!expired.contains(&commit)).then_some(commit.1));
            }
        }
        let objects = Objects::new(Arc::clone(&store.database), Arc::new(ObjectCache::new(CACHE_BYTES)));
        Ok(Stage::Mark(Mark { store, run, reachable, objects, expired: expired.into_iter().collect() }))
    }
}

impl Mark {
    /// Reads some hundred objects and marks what they refer to. When all is marked, expired commits are taken off their
    /// lists.
    ///
    /// # Errors
    /// [`StorageError::Unreadable`]: an object is missing or damaged, so what is needed can't be known; nothing is
    /// deleted. The database failed.
    pub async fn step(self) -> Result<Stage, StorageError> {
        let attempted = "find out which chunks are needed";
        let database = Arc::clone(&self.store.database);
        let (mark, step) = database
            .compute(attempted, move || {
                let mut mark = self;
                let step = mark.reachable.step(&mark.objects, MARK_STEP, |_, _| ());
                (mark, step)
            })
            .await?;
        if !step.map_err(|source| StorageError::Unreadable { attempted, source })? {
            return Ok(Stage::Mark(mark));
        }
        let Self { store, run, reachable, expired, .. } = mark;
        let commits = expired.len() as u64;
        store.forget_unreachable(expired, true).await?;
        let reclaimed = Reclaimed { reachable: reachable.len() as u64, commits, ..Reclaimed::default() };
        Ok(Stage::Sweep(Sweep {
            store,
            run,
            reachable,
            pass: Pass::Deltas,
            kept: HashSet::new(),
            last: None,
            condemned: Vec::new(),
            reclaimed,
        }))
    }

    /// The chunks that are known to be needed so far.
    #[must_use]
    pub fn reachable(&self) -> u64 {
        self.reachable.len() as u64
    }
}

impl Sweep {
    /// Deletes some chunks of those that are not needed, or looks for more of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn step(mut self) -> Result<Stage, StorageError> {
        if self.condemned.is_empty() {
            return self.look().await;
        }
        let some = self.condemned.split_off(self.condemned.len().saturating_sub(DELETE_STEP));
        let (Deleted { count, bytes }, spared) = self.store.delete_chunks(&some).await?;
        self.kept.extend(some.iter().filter(|(chunk, _)| spared.contains(chunk)).filter_map(|(_, base)| *base));
        self.reclaimed.chunks += count;
        self.reclaimed.bytes += bytes;
        Ok(Stage::Sweep(self))
    }

    async fn look(mut self) -> Result<Stage, StorageError> {
        let attempted = "find chunks that are not needed";
        let variables = vars! { range: records::after("chunk", self.last.take()), limit: PAGE };
        let ids: Vec<RecordId> =
            self.store.database.query(attempted, "SELECT VALUE id FROM $range LIMIT $limit", variables).await?;
        let Some(last) = ids.last() else {
            if self.pass == Pass::Deltas {
                self.pass = Pass::Whole;
                return Ok(Stage::Sweep(self));
            }
            self.run.set_leftovers(false);
            return Ok(Stage::Done(self.reclaimed));
        };
        self.last = Some(last.clone());
        let names = ids.iter().map(|id| hash_of(id, attempted)).collect::<Result<Vec<_>, _>>()?;
        match self.pass {
            Pass::Deltas => {
                for some in names.chunks(READ_AT_ONCE) {
                    let frames = self.store.database.frames(some.to_vec()).await?;
                    for (chunk, frame) in some.iter().zip(frames) {
                        // A frame that is damaged has no base to be kept for it.
                        let Some(Ok(Some(base))) = frame.map(|frame| frame::base(&frame)) else { continue };
                        if self.reachable.contains(*chunk) {
                            self.kept.insert(base);
                        } else {
                            self.condemned.push((*chunk, Some(base)));
                        }
                    }
                }
            }
            Pass::Whole => {
                let unreachable = self.reachable.unreachable_among(names).expect("a sweep begins when all is marked");
                let unneeded = unreachable.filter(|chunk| !self.kept.contains(chunk));
                self.condemned = unneeded.map(|chunk| (chunk, None)).collect();
            }
        }
        Ok(Stage::Sweep(self))
    }

    /// What it has done so far.
    #[must_use]
    pub fn reclaimed(&self) -> Reclaimed {
        self.reclaimed
    }
}

impl Store {
    /// Deletes chunks that are not needed, but for those that were put since the run began: they are returned.
    async fn delete_chunks(&self, chunks: &[(Hash, Option<Hash>)]) -> Result<(Deleted, HashSet<Hash>), StorageError> {
        let deletion = self.leases.begin_deletion(chunks.iter().map(|(chunk, _)| *chunk)).await;
        let mut spared: HashSet<Hash> = chunks.iter().map(|(chunk, _)| *chunk).collect();
        deletion.chunks.iter().for_each(|chunk| {
            spared.remove(chunk);
        });
        if deletion.chunks.is_empty() {
            return Ok((Deleted { count: 0, bytes: 0 }, spared));
        }
        let ids: Vec<RecordId> = deletion.chunks.iter().map(|hash| records::chunk(*hash)).collect();
        let forgetting = Forgetting { objects: self.objects.clone(), chunks: deletion.chunks.clone() };
        // Both live as long as the query, whatever becomes of the caller: first the objects are forgotten, then the
        // deletion ends.
        let deleted = self
            .database
            .query_keeping(
                (forgetting, deletion),
                "delete chunks",
                "{
                    LET $sizes = (SELECT VALUE size FROM $ids);
                    DELETE $ids RETURN NONE;
                    LET $deleted = { count: array::len($sizes), bytes: math::sum($sizes) };
                    CREATE chunk_batch SET count = 0 - $deleted.count, bytes = 0 - $deleted.bytes RETURN NONE;
                    RETURN $deleted
                }",
                vars! { ids: ids },
            )
            .await?;
        Ok((deleted, spared))
    }
}

/// Forgets objects when it is dropped.
struct Forgetting {
    objects: Objects,
    chunks: Vec<Hash>,
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.objects.forget(&self.chunks);
    }
}
