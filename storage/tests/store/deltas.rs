//! Chunks that are stored as what they differ in from others.

use storage::{Chunk, DatasetId, Objects, ProblemKind, RefKind, Stage, Store};
use versioning::{Hash, Object, ObjectSource, ReadError, frame};

use crate::{
    leaves,
    reclaim::{LATER, begin, mark, reclaim},
    world::{TODAY, World, commit_of, write},
};

/// A leaf of this version, whole.
fn whole(version: u64) -> Chunk {
    let (_, bytes) = leaves::leaf(version);
    (Hash::of(&bytes), frame::pack(&bytes))
}

/// A leaf of one version as a delta of another.
fn delta(version: u64, of: u64) -> Chunk {
    let (_, bytes) = leaves::leaf(version);
    let (_, base) = leaves::leaf(of);
    let packed = frame::pack_near(&bytes, Hash::of(&base), &base);
    assert_eq!(frame::base(&packed).ok().flatten(), Some(Hash::of(&base)), "it is much like it");
    (Hash::of(&bytes), packed)
}

/// Commits a version to a branch, its leaf by this frame.
async fn commit(world: &World, dataset: DatasetId, branch: &str, version: u64, leaf: Chunk) -> Hash {
    let lease = world.store.lease();
    let head = world.store.head(dataset, RefKind::Branch, branch).await.expect("an open store");
    let (tree, _) = leaves::leaf(version);
    let (new, mut chunks) = commit_of(&version.to_string(), head.into_iter().collect(), tree);
    chunks.push(leaf);
    let write = storage::CommitWrite { chunks, branch: branch.to_owned(), ..write(dataset, head, new) };
    world.store.commit(&lease, write).await.expect("the head is as expected");
    new
}

async fn read(store: &Store, chunk: Hash) -> Result<Vec<u8>, ReadError> {
    let objects = store.objects();
    let read = tokio::task::spawn_blocking(move || objects.object(chunk).map(|object| object.encode()));
    read.await.expect("no panic")
}

async fn bases(store: &Store, chunks: Vec<Hash>) -> Vec<Option<Hash>> {
    let objects = store.objects();
    let found = tokio::task::spawn_blocking(move || Objects::bases_for(&objects, &chunks)).await.expect("no panic");
    found.into_iter().map(|found| found.map(|(base, _)| base)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_is_read_with_its_base() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    commit(&world, dataset, "main", 1, whole(1)).await;
    for version in 2..20 {
        commit(&world, dataset, "main", version, delta(version, 1)).await;
    }
    let world = world.reopened().await;
    for version in 1..20 {
        let (_, bytes) = leaves::leaf(version);
        assert_eq!(read(&world.store, Hash::of(&bytes)).await.expect("it is there"), bytes);
    }
    let report = world.store.verify(|_| ()).await.expect("an open store");
    assert_eq!((report.problems, report.chunks, report.unreachable), (vec![], 19 * 4, 0));
    // All at once.
    let world = world.reopened().await;
    let (objects, names) = (world.store.objects(), (2..20).map(|version| whole(version).0).collect::<Vec<_>>());
    tokio::task::spawn_blocking(move || objects.prefetch(&names)).await.expect("no panic");
    world.store.damage_chunk(whole(1).0, None).await.expect("an open store");
    assert_eq!(read(&world.store, whole(7).0).await.expect("it was read before"), leaves::leaf(7).1);
    world.store.put_chunks(&world.store.lease(), vec![whole(1)]).await.expect("it can be put back");
    let nowhere = Hash::of(b"nowhere");
    let found = bases(&world.store, vec![whole(1).0, whole(7).0, nowhere]).await;
    assert_eq!(found, [Some(whole(1).0), Some(whole(1).0), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_base_is_told() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    commit(&world, dataset, "main", 1, whole(1)).await;
    let second = commit(&world, dataset, "main", 2, delta(2, 1)).await;
    let (base, leaf) = (whole(1), whole(2).0);
    let path = format!("local/cities › branch main › commit {} › table cities", second.short());
    let world = world.reopened().await;
    for (frame, told) in [
        (None, "is missing"),
        (Some(frame::pack(b"another")), "no delta of the other chunk"),
        (Some(frame::pack(&leaves::leaf(3).1)), "another hash"),
        (Some(delta(1, 3).1), "can't be unpacked"),
        (Some(base.1[..9].to_vec()), "can't be unpacked"),
        (Some(Vec::new()), "can't be unpacked"),
    ] {
        let is_missing = frame.is_none();
        world.store.damage_chunk(base.0, frame).await.expect("an open store");
        let error = read(&world.store, leaf).await.expect_err("its base is not what it was");
        assert!(matches!(error, ReadError::Damaged { hash, .. } if hash == leaf), "{error:?}");
        assert!(error.to_string().contains(told), "{error}");
        let report = world.store.verify(|_| ()).await.expect("an open store");
        let of_leaf = report.problems.iter().find(|problem| problem.path == path);
        let kind = &of_leaf.expect("it is looked at").kind;
        if is_missing {
            assert_eq!(*kind, ProblemKind::NoBase { chunk: leaf, base: base.0 });
            world.store.put_chunks(&world.store.lease(), vec![base.clone()]).await.expect("it can be put back");
        } else {
            assert!(matches!(kind, ProblemKind::Corrupt { chunk, .. } if *chunk == leaf), "{kind:?}");
        }
        assert_eq!(report.problems.len(), 2, "the base is reached as well: {:?}", report.problems);
    }
    world.store.damage_chunk(base.0, Some(base.1)).await.expect("an open store");
    assert_eq!(read(&world.store, leaf).await.expect("all is well"), leaves::leaf(2).1);
    // The delta itself.
    for damaged in [delta(2, 1).1[..40].to_vec(), delta(2, 1).1[..20].to_vec(), vec![2]] {
        let world = world.store.clone();
        world.damage_chunk(leaf, Some(damaged)).await.expect("an open store");
        let report = world.verify(|_| ()).await.expect("an open store");
        let kinds: Vec<_> = report.problems.iter().map(|problem| &problem.kind).collect();
        assert!(matches!(kinds[..], [ProblemKind::Corrupt { chunk, .. }] if *chunk == leaf), "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_stays_as_long_as_a_delta_of_it() {
    let world = World::forgetful().await;
    let dataset = world.dataset("cities").await;
    commit(&world, dataset, "old", 1, whole(1)).await;
    commit(&world, dataset, "main", 2, delta(2, 1)).await;
    commit(&world, dataset, "side", 3, delta(3, 1)).await;
    world.store.delete_ref(dataset, RefKind::Branch, "old").await.expect("it is there");
    // The commit, the root and the schema, but not the leaf.
    assert_eq!(reclaim(&world.store, TODAY).await.chunks, 3);
    let report = world.store.verify(|_| ()).await.expect("an open store");
    assert_eq!((report.problems, report.chunks, report.unreachable), (vec![], 8, 0));
    world.store.delete_ref(dataset, RefKind::Branch, "side").await.expect("it is there");
    assert_eq!(reclaim(&world.store, TODAY).await.chunks, 4);
    assert_eq!(read(&world.store, whole(2).0).await.expect("it is needed"), leaves::leaf(2).1);
    world.store.delete_ref(dataset, RefKind::Branch, "main").await.expect("it is there");
    assert_eq!(reclaim(&world.store, TODAY).await.chunks, 5);
    assert_eq!(world.store.chunk_stats().await.expect("an open store").count, 0);
}

/// Puts a chunk after so many steps of a sweep; its name is in the store as a delta that nothing reaches, of a base that
/// nothing reaches.
async fn put_again_after(steps: usize, again: Chunk) -> bool {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    commit(&world, dataset, "main", 1, whole(1)).await;
    let left_behind = vec![whole(3), delta(2, 3), delta(4, 3)];
    world.store.put_chunks(&world.store.lease(), left_behind).await.expect("small chunks");
    let mut stage = Stage::Sweep(mark(begin(&world.store, LATER).await).await.expect("all is there"));
    let mut taken = 0;
    let mut done = false;
    while !done && taken < steps {
        taken += 1;
        stage = match stage {
            Stage::Sweep(sweep) => sweep.step().await.expect("an open store"),
            other => other,
        };
        done = matches!(stage, Stage::Done(_));
    }
    let lease = world.store.lease();
    let name = again.0;
    world.store.put_chunks(&lease, vec![again]).await.expect("small chunks");
    while let Stage::Sweep(sweep) = stage {
        stage = sweep.step().await.expect("an open store");
    }
    let (tree, bytes) = leaves::leaf(2);
    assert_eq!(name, Hash::of(&bytes));
    let head = world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store");
    let (new, chunks) = commit_of("again", head.into_iter().collect(), tree);
    let write = storage::CommitWrite { chunks, ..write(dataset, head, new) };
    world.store.commit(&lease, write).await.expect("the head is as expected");
    drop(lease);
    for _ in 0..2 {
        let report = world.store.verify(|_| ()).await.expect("an open store");
        assert_eq!(report.problems, [], "put after {steps} steps");
        assert_eq!(read(&world.store, name).await.expect("it is needed"), bytes);
        reclaim(&world.store, LATER).await;
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_that_is_put_again_stays_with_the_base_that_it_has() {
    for again in [whole(2), delta(2, 1)] {
        let mut steps = 0;
        while !put_again_after(steps, again.clone()).await {
            steps += 1;
        }
        assert!(steps > 4, "it goes over the chunks twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_in_another_way_is_not_taken_for_whole() {
    let world = World::forgetful().await;
    let dataset = world.dataset("cities").await;
    commit(&world, dataset, "main", 1, whole(1)).await;
    commit(&world, dataset, "side", 2, whole(2)).await;
    assert_eq!(bases(&world.store, vec![whole(2).0]).await, [Some(whole(2).0)]);
    world.store.delete_ref(dataset, RefKind::Branch, "side").await.expect("it is there");
    reclaim(&world.store, TODAY).await;
    commit(&world, dataset, "side", 2, delta(2, 1)).await;
    assert_eq!(bases(&world.store, vec![whole(2).0]).await, [Some(whole(1).0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_deltas_is_as_it_was() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    // A frame as earlier versions packed it: raw.
    let (_, bytes) = leaves::leaf(1);
    commit(&world, dataset, "main", 1, (Hash::of(&bytes), [&[0], &bytes[..]].concat())).await;
    assert_eq!(read(&world.store, Hash::of(&bytes)).await.expect("it is there"), bytes);
    assert!(matches!(Object::decode(&bytes), Ok(Object::Leaf(_))));
    assert!(world.store.verify(|_| ()).await.expect("an open store").is_clean());
}
