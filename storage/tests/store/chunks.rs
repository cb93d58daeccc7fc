use std::sync::Arc;

use storage::{ChunkStats, MAX_BATCH_BYTES, StorageError};
use versioning::{Hash, Object, ObjectSource, ReadError, frame};

use crate::world::{World, chunk, commit};

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_stored_once_and_counted() {
    let world = World::new().await;
    let chunks = commit("first", vec![]).1;
    let expected = ChunkStats { count: 3, bytes: chunks.iter().map(|(_, frame)| frame.len() as u64).sum() };
    world.store.put_chunks(&world.store.lease(), chunks.clone()).await.expect("small chunks");
    world.store.put_chunks(&world.store.lease(), chunks.clone()).await.expect("the same again");
    assert_eq!(world.store.chunk_stats().await.expect("an open store"), expected);
    for (hash, frame) in chunks {
        let stored = world.store.get_chunk(hash).await.expect("an open store");
        assert_eq!(stored.as_deref(), Some(frame.as_slice()));
    }
    assert_eq!(world.store.get_chunk(Hash::of(b"unknown")).await.expect("an open store"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_chunks_do_not_disturb_each_other() {
    let world = World::new().await;
    let chunks = commit("shared", vec![]).1;
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let store = world.store.clone();
            let mut chunks = chunks.clone();
            chunks.extend(commit(&format!("own {number}"), vec![]).1);
            tokio::spawn(async move { store.put_chunks(&store.lease(), chunks).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic").expect("conflicts are retried");
    }
    assert_eq!(world.store.chunk_stats().await.expect("an open store").count, 3 + 20 * 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_batches_are_summed_up_without_losing_count() {
    let world = World::new().await;
    for number in 0..1100 {
        let object = chunk(&Object::Root(versioning::Root::default()));
        let bytes = format!("{number}").into_bytes();
        let other = (Hash::of(&bytes), frame::pack(&bytes));
        world.store.put_chunks(&world.store.lease(), vec![object, other]).await.expect("small chunks");
    }
    let first = world.store.chunk_stats().await.expect("an open store");
    assert_eq!(first.count, 1101);
    assert_eq!(world.store.chunk_stats().await.expect("an open store"), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_may_be_8_mib_but_not_more() {
    let world = World::new().await;
    let largest = vec![7; MAX_BATCH_BYTES];
    world
        .store
        .put_chunks(&world.store.lease(), vec![(Hash::of(b"a"), largest.clone())])
        .await
        .expect("the limit itself");
    let error =
        world.store.put_chunks(&world.store.lease(), vec![(Hash::of(b"a"), largest), (Hash::of(b"b"), vec![1])]).await;
    assert!(matches!(error, Err(StorageError::TooLarge { .. })), "{error:?}");
    world.store.put_chunks(&world.store.lease(), vec![]).await.expect("nothing is fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_read_by_blocking_code() {
    let world = World::new().await;
    let hash = world.prepare("first", vec![]).await;
    let objects = world.store.objects();
    let read = tokio::task::spawn_blocking({
        let objects = objects.clone();
        move || {
            objects.prefetch(&[hash, Hash::of(b"unknown")]);
            objects.object(hash)
        }
    });
    let object = read.await.expect("no panic").expect("it is stored");
    assert!(matches!(&*object, Object::Commit(commit) if commit.message == "first"));
    // On a worker of a runtime too; it answers from the cache or not.
    assert!(Arc::ptr_eq(&object, &objects.object(hash).expect("it is cached")));
    let unknown = objects.object(Hash::of(b"unknown"));
    assert!(matches!(unknown, Err(ReadError::Missing { .. })), "{unknown:?}");
}

#[tokio::test]
async fn blocking_reads_do_not_deadlock_a_runtime_with_one_thread() {
    let world = World::new().await;
    let hash = world.prepare("first", vec![]).await;
    world.store.objects().object(hash).expect("the database has threads of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_chunk_is_never_returned() {
    let world = World::new().await;
    let hash = world.prepare("first", vec![]).await;
    let objects = world.store.objects();
    for frame in [frame::pack(b"something else"), vec![], vec![1, 2, 3], vec![255]] {
        world.store.damage_chunk(hash, Some(frame)).await.expect("an open store");
        objects.prefetch(&[hash]);
        let read = objects.object(hash);
        assert!(matches!(read, Err(ReadError::Damaged { .. })), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_a_closed_store_are_unavailable() {
    let world = World::new().await;
    let hash = world.prepare("first", vec![]).await;
    let objects = world.store.objects();
    world.store.close().await.expect("a clean stop");
    let read = objects.object(hash);
    assert!(matches!(read, Err(ReadError::Unavailable { .. })), "{read:?}");
}
