use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use storage::{Config, OpenError, RefKind, StorageError, Store};

use crate::world::{World, config};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_open_once() {
    let world = World::new().await;
    let second = Store::open(config(&world.dir)).await.expect_err("it is open already");
    assert!(matches!(second, OpenError::InUse { .. }), "{second:?}");
    let text = second.to_string();
    assert!(text.contains("another Anabranch"), "{text}");
    assert!(text.contains(&config(&world.dir).dir.display().to_string()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_kept_out_too() {
    let world = World::new().await;
    let child = Command::new(std::env::current_exe().expect("the test's own program"))
        .args(["--exact", "opening::as_another_process", "--nocapture"])
        .env("STORE_TO_OPEN", config(&world.dir).dir)
        .stderr(Stdio::null())
        .output()
        .expect("the test's own program runs");
    assert!(String::from_utf8_lossy(&child.stdout).contains("another Anabranch"), "{child:?}");
}

/// The other half of the test above; alone, it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn as_another_process() {
    let Some(dir) = std::env::var_os("STORE_TO_OPEN") else { return };
    match Store::open(Config::new(PathBuf::from(dir))).await {
        Ok(_) => println!("opened"),
        Err(error) => println!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_reopening() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let world = world.reopened().await;
    assert_eq!(world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store"), Some(first));
    let second = world.commit(dataset, "second", Some(first)).await;
    world.store.close().await.expect("a clean stop");
    let world = world.reopened().await;
    assert_eq!(world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store"), Some(second));
    assert!(world.store.verify(|_| ()).await.expect("an open store").is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_says_so_and_frees_the_directory() {
    let world = World::new().await;
    let clone = world.store.clone();
    world.store.close().await.expect("a clean stop");
    world.store.close().await.expect("closing again does nothing");
    let after = clone.datasets(None, None, 1).await;
    assert!(matches!(after, Err(StorageError::Closed { .. })), "{after:?}");
    let again = Store::open(config(&world.dir)).await.expect("the directory is free");
    again.close().await.expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_on_their_way_are_waited_for() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let new = world.prepare("first", vec![]).await;
    let lease = world.store.lease();
    let mut write = Box::pin(world.store.commit(&lease, crate::world::write(dataset, None, new)));
    // On its way, not awaited.
    tokio::select! {
        biased;
        done = &mut write => done.expect("no branch yet"),
        () = std::future::ready(()) => {}
    }
    drop(write);
    let world = world.reopened().await;
    let head = world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store");
    assert!(head.is_none() || head == Some(new), "all or nothing");
    assert!(world.store.verify(|_| ()).await.expect("an open store").is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_can_not_be_used_is_named() {
    let world = World::new().await;
    let file = world.dir.path().join("file");
    std::fs::write(&file, "").expect("a writable directory");
    let error = Store::open(Config::new(file.join("data"))).await.expect_err("not a directory");
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("file"), "{error}");
    let error = Store::open(Config::new(world.dir.path().join("what?"))).await.expect_err("a question mark");
    assert!(matches!(error, OpenError::Path { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_counts_what_is_there() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    world.commit(dataset, "first", None).await;
    let health = world.store.health().await.expect("an open store");
    assert_eq!((health.counts.datasets, health.counts.refs, health.counts.commits), (1, 1, 1));
    assert_eq!((health.counts.drafts, health.counts.draft_rows, health.counts.jobs), (0, 0, 0));
    assert_eq!(health.chunks.count, 3);
    assert!(health.migration > 0);
    assert!(health.disk_bytes > 0);
}
