//! Chunks that nothing reaches go; nothing goes that somebody needs, whatever happens at the same time.

use std::sync::Arc;

use storage::{
    CommitWrite, DatasetId, Lease, MAX_BATCH_BYTES, Reclaim, ReclaimRecord, Reclaimed, Ref, RefKind, SaveDraft, Stage,
    StorageError, Store, Sweep,
};
use versioning::{Commit, Hash, Object, ObjectSource, ReadError};

use crate::{
    leaves,
    world::{TODAY, World, chunk, commit, commit_of, draft, write},
};

const DAY: i64 = 24 * 3600 * 1_000_000;
/// When everything that is unreachable today has expired.
pub(crate) const LATER: i64 = TODAY + 15 * DAY;

/// Marks all that is needed; nothing is deleted yet.
pub(crate) async fn mark(run: Reclaim) -> Result<Sweep, StorageError> {
    let mut stage = run.mark().await?;
    loop {
        stage = match stage {
            Stage::Mark(mark) => mark.step().await?,
            Stage::Sweep(sweep) => return Ok(sweep),
            Stage::Done(_) => panic!("a run ended before it swept"),
        };
    }
}

async fn sweep(sweep: Sweep) -> Reclaimed {
    let mut stage = Stage::Sweep(sweep);
    loop {
        stage = match stage {
            Stage::Sweep(sweep) => sweep.step().await.expect("an open store"),
            Stage::Done(reclaimed) => return reclaimed,
            Stage::Mark(_) => panic!("a run marked after it swept"),
        };
    }
}

pub(crate) async fn begin(store: &Store, now: i64) -> Reclaim {
    store.begin_reclaim(now).await.expect("an open store")
}

pub(crate) async fn reclaim(store: &Store, now: i64) -> Reclaimed {
    sweep(mark(begin(store, now).await).await.expect("all is there")).await
}

async fn chunks(world: &World) -> u64 {
    world.store.chunk_stats().await.expect("an open store").count
}

async fn assert_sound(world: &World) {
    let report = world.store.verify(|_| ()).await.expect("an open store");
    assert_eq!(report.problems, []);
}

async fn read_commit(store: &Store, hash: Hash) -> Commit {
    let objects = store.objects();
    let read = tokio::task::spawn_blocking(move || (&objects as &dyn ObjectSource).commit(hash));
    read.await.expect("no panic").expect("it is there")
}

/// A commit with the state of another one, of which only the commit itself is put.
async fn on_top_of(store: &Store, base: Hash, message: &str) -> (Hash, storage::Chunk) {
    let root = read_commit(store, base).await.root;
    let commit = Object::Commit(Commit {
        root,
        parents: vec![base],
        author: "local".to_owned(),
        time: TODAY,
        message: message.to_owned(),
    });
    let chunk = chunk(&commit);
    (chunk.0, chunk)
}

/// A dataset whose branch `main` has a commit, and whose branch `side` had one more before it was deleted.
async fn deleted_branch(world: &World) -> (DatasetId, Hash, Hash) {
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let side = world.commit_to(dataset, "side", "side", None, vec![first]).await;
    world.store.delete_ref(dataset, RefKind::Branch, "side").await.expect("it is there");
    (dataset, first, side)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_of_commits_needs_no_reclaiming() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let mut head = None;
    for number in 0..20 {
        head = Some(world.commit(dataset, &number.to_string(), head).await);
    }
    let run = begin(&world.store, LATER).await;
    assert!(!run.is_needed());
    let found = sweep(mark(run).await.expect("all is there")).await;
    assert_eq!(found, Reclaimed { reachable: 60, ..Reclaimed::default() });
    assert_eq!(chunks(&world).await, 60);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_became_a_commit_goes() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let before = world.store.chunk_stats().await.expect("an open store");
    let left = world.prepare("left behind", vec![]).await;
    let after = world.store.chunk_stats().await.expect("an open store");
    read_commit(&world.store, left).await;

    let run = begin(&world.store, TODAY).await;
    assert!(run.is_needed());
    let found = sweep(mark(run).await.expect("all is there")).await;
    assert_eq!(found, Reclaimed { reachable: 3, commits: 0, chunks: 3, bytes: after.bytes - before.bytes });
    assert_eq!(world.store.chunk_stats().await.expect("an open store"), before);
    assert_eq!(world.store.get_chunk(left).await.expect("an open store"), None);
    let cached = world.store.objects().object(left);
    assert!(matches!(cached, Err(ReadError::Missing { .. })), "{cached:?}");
    assert!(!begin(&world.store, TODAY).await.is_needed());
    read_commit(&world.store, first).await;
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_branch_can_be_brought_back_for_a_while_and_then_goes() {
    let world = World::new().await;
    let (dataset, first, side) = deleted_branch(&world).await;
    for now in [TODAY, TODAY + 13 * DAY] {
        assert_eq!(reclaim(&world.store, now).await, Reclaimed { reachable: 6, ..Reclaimed::default() });
    }
    let back = Ref { dataset, kind: RefKind::Branch, name: "back".to_owned(), head: side };
    world.store.create_ref(&world.store.lease(), &back).await.expect("its commit is listed");
    assert_eq!(reclaim(&world.store, LATER).await.commits, 0);
    world.store.delete_ref(dataset, RefKind::Branch, "back").await.expect("it is there");
    assert_eq!(reclaim(&world.store, LATER + DAY).await.commits, 0);

    // What is kept of it survives a restart.
    let world = world.reopened().await;
    assert_eq!(reclaim(&world.store, LATER + 14 * DAY).await.commits, 0);
    let found = reclaim(&world.store, LATER + 15 * DAY).await;
    assert_eq!((found.reachable, found.commits, found.chunks), (3, 1, 3));
    assert!(!world.store.commit_exists(dataset, side).await.expect("an open store"));
    let by_prefix = world.store.find_commits_by_prefix(dataset, &side.to_string()[..10], 2).await;
    assert_eq!(by_prefix.expect("an open store"), []);
    let gone = world.store.create_ref(&world.store.lease(), &back).await;
    assert!(matches!(gone, Err(StorageError::NotFound { what: "commit", .. })), "{gone:?}");
    read_commit(&world.store, first).await;
    assert_eq!(chunks(&world).await, 3);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_merged_stays() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let side = world.commit_to(dataset, "side", "side", None, vec![first]).await;
    world.commit_to(dataset, "main", "merge", Some(first), vec![first, side]).await;
    world.store.delete_ref(dataset, RefKind::Branch, "side").await.expect("it is there");
    assert_eq!(reclaim(&world.store, LATER).await, Reclaimed { reachable: 9, ..Reclaimed::default() });
    assert!(world.store.commit_exists(dataset, side).await.expect("an open store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_lease_has_put_is_waited_for() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let lease = world.store.lease();
    let (new, put) = commit("on its way", vec![]);
    world.store.put_chunks(&lease, put).await.expect("small chunks");
    let store = world.store.clone();
    let running = tokio::spawn(async move { reclaim(&store, LATER).await });
    world.store.commit(&lease, write(dataset, None, new)).await.expect("no branch yet");
    assert!(!running.is_finished(), "the lease is held");
    drop(lease);
    assert_eq!(running.await.expect("no panic").chunks, 0);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_caller_has_gone_keeps_its_lease() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    for number in 0..50 {
        let branch = number.to_string();
        let lease = world.store.lease();
        let (new, put) = commit(&branch, vec![]);
        world.store.put_chunks(&lease, put).await.expect("small chunks");
        let write = CommitWrite { branch, ..write(dataset, None, new) };
        let mut committing = Box::pin(world.store.commit(&lease, write));
        // On its way, not awaited.
        tokio::select! {
            biased;
            done = &mut committing => done.expect("no branch yet"),
            () = std::future::ready(()) => {}
        }
        drop(committing);
        drop(lease);
        reclaim(&world.store, LATER).await;
    }
    assert_eq!(world.store.refs(dataset, None).await.expect("an open store").len(), 50);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_younger_lease_puts_stays() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    world.prepare("left behind", vec![]).await;
    let marked = mark(begin(&world.store, LATER).await).await.expect("all is there");
    let lease = world.store.lease();
    let (new, put) = commit("second", vec![first]);
    world.store.put_chunks(&lease, put).await.expect("small chunks");
    assert_eq!(sweep(marked).await.chunks, 3);
    world.store.commit(&lease, write(dataset, Some(first), new)).await.expect("the head is as expected");
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_put_again_stays() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let (new, put) = commit("again", vec![]);
    world.store.put_chunks(&world.store.lease(), put.clone()).await.expect("small chunks");
    let marked = mark(begin(&world.store, LATER).await).await.expect("all is there");
    // It is there and not marked: nothing is written.
    let lease = world.store.lease();
    world.store.put_chunks(&lease, put.clone()).await.expect("small chunks");
    assert_eq!(sweep(marked).await.chunks, 0);
    world.store.commit(&lease, write(dataset, None, new)).await.expect("no branch yet");
    drop(lease);
    assert_sound(&world).await;

    // The same in the transaction of the commit.
    let (new, put) = commit("and again", vec![]);
    world.store.put_chunks(&world.store.lease(), put.clone()).await.expect("small chunks");
    let marked = mark(begin(&world.store, LATER).await).await.expect("all is there");
    let write = CommitWrite { chunks: put, branch: "other".to_owned(), ..write(dataset, None, new) };
    world.store.commit(&world.store.lease(), write).await.expect("no branch yet");
    assert_eq!(sweep(marked).await.chunks, 0);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_stays_whose_branch_is_deleted_meanwhile() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let side = world.commit_to(dataset, "side", "side", None, vec![first]).await;
    let lease = world.store.lease();
    let base = world.store.head(dataset, RefKind::Branch, "side").await.expect("an open store").expect("it is there");
    world.store.delete_ref(dataset, RefKind::Branch, "side").await.expect("it is there");
    // Notes that it is unreachable, and does not find it expired.
    drop(begin(&world.store, TODAY).await);

    let store = world.store.clone();
    let running = tokio::spawn(async move { reclaim(&store, LATER).await });
    let (new, put) = on_top_of(&world.store, base, "of the base").await;
    let write = CommitWrite { chunks: vec![put], parents: vec![first], ..write(dataset, Some(first), new) };
    world.store.commit(&lease, write).await.expect("the head is as expected");
    assert!(!running.is_finished(), "the lease is held");
    drop(lease);
    running.await.expect("no panic");
    assert_eq!(base, side);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_commit_stays_when_something_was_made_of_it_meanwhile() {
    let world = World::new().await;
    let (dataset, _, side) = deleted_branch(&world).await;
    drop(begin(&world.store, TODAY).await);
    // It finds the commit before the run closes it, and makes a branch of it after that.
    let older = world.store.lease();
    assert!(world.store.commit_exists(dataset, side).await.expect("an open store"));
    let run = begin(&world.store, LATER).await;
    assert!(!world.store.commit_exists(dataset, side).await.expect("an open store"), "nobody else finds it");
    let (child, put) = on_top_of(&world.store, side, "child").await;
    let branch = |branch: &str, expected, new, parent| CommitWrite {
        branch: branch.to_owned(),
        parents: vec![parent],
        ..write(dataset, expected, new)
    };
    let made = CommitWrite { chunks: vec![put], ..branch("brief", None, child, side) };
    world.store.commit(&older, made).await.expect("no branch yet");
    // A younger lease finds that branch, which is gone before the run looks for what is needed.
    let younger = world.store.lease();
    let found = world.store.head(dataset, RefKind::Branch, "brief").await.expect("an open store");
    world.store.delete_ref(dataset, RefKind::Branch, "brief").await.expect("it is there");
    drop(older);
    let run = tokio::spawn(async move { sweep(mark(run).await.expect("all is there")).await });
    let found = found.expect("it was made");
    assert_eq!(run.await.expect("no panic"), Reclaimed { reachable: 7, ..Reclaimed::default() });
    let (new, put) = on_top_of(&world.store, found, "grandchild").await;
    let made = CommitWrite { chunks: vec![put], ..branch("kept", None, new, found) };
    world.store.commit(&younger, made).await.expect("no branch yet");
    assert_sound(&world).await;
    assert!(world.store.commit_exists(dataset, side).await.expect("an open store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ref_is_not_set_to_a_commit_that_is_being_reclaimed() {
    let world = World::new().await;
    let (dataset, _, side) = deleted_branch(&world).await;
    drop(begin(&world.store, TODAY).await);
    let run = begin(&world.store, LATER).await;
    let lease = world.store.lease();
    let by_prefix = world.store.find_commits_by_prefix(dataset, &side.to_string()[..10], 2).await;
    assert_eq!(by_prefix.expect("an open store"), []);
    let tag = Ref { dataset, kind: RefKind::Tag, name: "v1".to_owned(), head: side };
    let refused = world.store.create_ref(&lease, &tag).await;
    assert!(matches!(refused, Err(StorageError::NotFound { what: "commit", .. })), "{refused:?}");
    // A run that does not come to its end changes nothing.
    drop(run);
    world.store.create_ref(&lease, &tag).await.expect("its commit is listed");
    drop(lease);
    assert_eq!(reclaim(&world.store, LATER).await.commits, 0);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commit_under_a_draft_stays() {
    let world = World::new().await;
    let (dataset, _, side) = deleted_branch(&world).await;
    let id = draft(dataset);
    let save =
        SaveDraft { id: id.clone(), expected_revision: None, base: side, puts: vec![], removals: vec![], at: TODAY };
    let revision = world.store.save_draft(&world.store.lease(), save).await.expect("no draft yet");
    for now in [TODAY, LATER] {
        assert_eq!(reclaim(&world.store, now).await.commits, 0);
    }
    assert_sound(&world).await;
    world.store.discard_draft(&id, revision).await.expect("the revision is right");
    assert_eq!(reclaim(&world.store, LATER).await.commits, 0);
    assert_eq!(reclaim(&world.store, LATER + 15 * DAY).await.commits, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_a_dataset_that_is_no_more_go() {
    let world = World::new().await;
    let kept = world.dataset("cities").await;
    world.commit(kept, "first", None).await;
    let gone = world.dataset("towns").await;
    world.commit(gone, "other", None).await;
    assert_eq!(chunks(&world).await, 6);
    world.store.delete_dataset(gone).await.expect("it is there");
    assert!(begin(&world.store, TODAY).await.is_needed());
    reclaim(&world.store, TODAY).await;
    assert_eq!(chunks(&world).await, 3);
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_ends_a_run_before_anything_is_deleted() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    world.prepare("left behind", vec![]).await;
    let root = read_commit(&world.store, first).await.root;
    for frame in [None, Some(b"damaged".to_vec())] {
        let sound = world.store.get_chunk(root).await.expect("an open store").expect("it is there").to_vec();
        world.store.damage_chunk(root, frame.clone()).await.expect("an open store");
        let before = chunks(&world).await;
        let refused = mark(begin(&world.store, LATER).await).await.err().expect("a chunk can't be read");
        let told = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
        assert!(matches!(refused, StorageError::Unreadable { .. }), "{refused:?}");
        assert!(told.contains(&root.to_string()), "{told}");
        assert_eq!(chunks(&world).await, before);
        assert!(begin(&world.store, LATER).await.is_needed(), "it is tried again");
        world.store.damage_chunk(root, None).await.expect("an open store");
        world.store.put_chunks(&world.store.lease(), vec![(root, sound)]).await.expect("it can be put back");
    }
    reclaim(&world.store, LATER).await;
    assert_sound(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_follows_the_other() {
    let world = World::new().await;
    world.prepare("left behind", vec![]).await;
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { reclaim(&store, LATER).await.chunks })
        })
        .collect();
    let mut freed = 0;
    for run in runs {
        freed += run.await.expect("no panic");
    }
    assert_eq!((freed, chunks(&world).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_run_is_remembered() {
    let world = World::new().await;
    assert_eq!(world.store.last_reclaim().await.expect("an open store"), None);
    let reclaimed = Reclaimed { reachable: 1, commits: 2, chunks: 3, bytes: 4 };
    let record = ReclaimRecord { ended_at: TODAY, reclaimed, error: Some("“why”".to_owned()) };
    world.store.save_reclaim(&record).await.expect("an open store");
    let world = world.reopened().await;
    assert_eq!(world.store.last_reclaim().await.expect("an open store"), Some(record));
}

/// What a writer of the stress test does in a step.
struct Writer {
    number: u64,
    store: Store,
    dataset: DatasetId,
    head: Option<Hash>,
}

const WRITERS: u64 = 6;
const STEPS: u64 = 60;

fn branch_of(writer: u64) -> String {
    format!("writer {writer}")
}

impl Writer {
    async fn work(mut self) -> (u64, Option<Hash>) {
        for step in 0..STEPS {
            match (self.number + step) % 7 {
                0 | 1 | 4 => self.commit(step).await,
                2 => self.build_on(step, (self.number + 1) % WRITERS).await,
                3 => self.give_up(step).await,
                5 => self.branch_and_forget(step).await,
                _ => self.delete().await,
            }
        }
        (self.number, self.head)
    }

    async fn move_to(&mut self, lease: &Lease, new: Hash, parents: Vec<Hash>, chunks: Vec<storage::Chunk>) {
        let branch = branch_of(self.number);
        let write = CommitWrite { chunks, branch, parents, ..write(self.dataset, self.head, new) };
        self.store.commit(lease, write).await.expect("nobody else moves this branch");
        self.head = Some(new);
    }

    /// Few messages and leaves: chunks of commits that are gone are put again and again. A leaf is put as a delta of the
    /// head's, whatever that is, or whole.
    async fn made(&self, step: u64) -> (Hash, Vec<storage::Chunk>) {
        let (tree, leaf) = leaves::leaf(step % 5);
        let (new, mut chunks) = commit_of(&(step % 5).to_string(), self.head.into_iter().collect(), tree);
        chunks.insert(0, (Hash::of(&leaf), versioning::frame::pack(&leaf)));
        let (Some(head), objects) = (self.head, self.store.objects()) else { return (new, chunks) };
        let pack = move || match leaves::leaf_of(&objects, head) {
            Some(near) => leaves::pack_near(&objects, near, chunks),
            None => chunks,
        };
        (new, tokio::task::spawn_blocking(pack).await.expect("no panic"))
    }

    async fn commit(&mut self, step: u64) {
        let lease = self.store.lease();
        let (new, mut chunks) = self.made(step).await;
        let along = chunks.split_off(usize::try_from(step % 5).expect("at most 4"));
        self.store.put_chunks(&lease, chunks).await.expect("small chunks");
        self.move_to(&lease, new, self.head.into_iter().collect(), along).await;
    }

    /// Takes over the state of somebody else's branch, which may be deleted at any moment.
    async fn build_on(&mut self, step: u64, other: u64) {
        let lease = self.store.lease();
        let theirs = self.store.head(self.dataset, RefKind::Branch, &branch_of(other)).await.expect("an open store");
        let Some(theirs) = theirs else { return };
        let (new, chunk) = on_top_of(&self.store, theirs, &format!("{step} of {}", self.number)).await;
        self.move_to(&lease, new, vec![theirs], vec![chunk]).await;
    }

    /// As an import that is cancelled.
    async fn give_up(&self, step: u64) {
        let lease = self.store.lease();
        let (_, chunks) = self.made(step).await;
        for chunk in chunks {
            self.store.put_chunks(&lease, vec![chunk]).await.expect("small chunks");
        }
    }

    async fn branch_and_forget(&self, step: u64) {
        let Some(head) = self.head else { return };
        let name = format!("{step} of {}", self.number);
        let new = Ref { dataset: self.dataset, kind: RefKind::Branch, name, head };
        self.store.create_ref(&self.store.lease(), &new).await.expect("a new name");
        self.store.delete_ref(self.dataset, RefKind::Branch, &new.name).await.expect("it was made");
    }

    async fn delete(&mut self) {
        if self.head.take().is_some() {
            let name = branch_of(self.number);
            self.store.delete_ref(self.dataset, RefKind::Branch, &name).await.expect("it is there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_all_write_and_reclaim() {
    let world = World::forgetful().await;
    let dataset = world.dataset("cities").await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reclaiming = tokio::spawn({
        let (store, done) = (world.store.clone(), Arc::clone(&done));
        async move {
            let (mut runs, mut freed) = (0, 0);
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                freed += reclaim(&store, TODAY).await.chunks;
                runs += 1;
            }
            (runs, freed)
        }
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| tokio::spawn(Writer { number, store: world.store.clone(), dataset, head: None }.work()))
        .collect();
    let mut heads = Vec::new();
    for writer in writers {
        heads.push(writer.await.expect("nothing was missing"));
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    let (runs, freed) = reclaiming.await.expect("nothing was missing");
    println!("{runs} runs freed {freed} chunks");
    for (number, head) in heads {
        let found = world.store.head(dataset, RefKind::Branch, &branch_of(number)).await.expect("an open store");
        assert_eq!(found, head);
    }
    assert_sound(&world).await;
    reclaim(&world.store, TODAY).await;
    let report = world.store.verify(|_| ()).await.expect("an open store");
    assert_eq!((report.problems, report.unreachable), (vec![], 0));
    assert!(runs > 0 && freed > 0);
}

/// Prints what reclaiming costs and what becomes of the space: `cargo test --test store -- --ignored --nocapture
/// reclaim::measure`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures, checks nothing"]
async fn measure() {
    let world = World::forgetful().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let mut seed = 0_u64;
    let mut block = || {
        let mut bytes = Vec::with_capacity(12 << 10);
        while bytes.len() < 12 << 10 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend((seed >> 11).to_le_bytes());
        }
        bytes
    };
    for _ in 0..16 {
        let mut batch = Vec::new();
        while batch.len() < MAX_BATCH_BYTES / (13 << 10) {
            let bytes = block();
            batch.push((Hash::of(&bytes), versioning::frame::pack(&bytes)));
        }
        world.store.put_chunks(&world.store.lease(), batch).await.expect("less than 8 MiB");
    }
    let print = async |what: &str| {
        let health = world.store.health().await.expect("an open store");
        println!(
            "{what}: {} chunks, {:.1} MB, {:.1} MB on disk",
            health.chunks.count,
            health.chunks.bytes as f64 / 1e6,
            health.disk_bytes as f64 / 1e6
        );
    };
    print("before").await;
    let commits = async |branch: &str, count: usize| {
        let (mut head, mut times) = (None, Vec::new());
        for number in 0..count {
            let began = std::time::Instant::now();
            head = Some(world.commit_to(dataset, branch, &number.to_string(), head, head.into_iter().collect()).await);
            times.push(began.elapsed());
        }
        times.sort_unstable();
        println!("commits, {branch}: median {:?}, p95 {:?}", times[count / 2], times[count * 95 / 100]);
    };
    commits("without a run", 100).await;
    let began = std::time::Instant::now();
    let marked = mark(begin(&world.store, TODAY).await).await.expect("all is there");
    println!("mark: {:?}", began.elapsed());
    let began = std::time::Instant::now();
    let sweeping = tokio::spawn(sweep(marked));
    commits("while it sweeps without a rest", 100).await;
    println!("{:?}", sweeping.await.expect("no panic"));
    println!("sweep: {:?}", began.elapsed());
    print("after").await;
    read_commit(&world.store, first).await;
    let world = world.reopened().await;
    let health = world.store.health().await.expect("an open store");
    println!("reopened: {:.1} MB on disk", health.disk_bytes as f64 / 1e6);
}
