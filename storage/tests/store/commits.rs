use std::collections::BTreeSet;

use serde_json::json;
use storage::{CommitWrite, JobState, JobUpdate, Ref, RefKind, SaveDraft, StorageError};
use versioning::{Hash, TableId};

use crate::{
    jobs::job,
    world::{TODAY, World, commit, draft, write},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_moves_by_compare_and_swap() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let head = async || world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store");
    assert_eq!(head().await, None);

    let first = world.commit(dataset, "first", None).await;
    assert_eq!(head().await, Some(first));
    let second = world.commit(dataset, "second", Some(first)).await;
    assert_eq!(head().await, Some(second));

    for expected in [None, Some(first), Some(Hash::of(b"never"))] {
        let new = world.prepare("late", vec![first]).await;
        let lost = world
            .store
            .commit(&world.store.lease(), write(dataset, expected, new))
            .await
            .expect_err("the head is another");
        assert!(lost.is_stale());
        assert!(matches!(lost, StorageError::StaleHead { current, .. } if current == Some(second)), "{lost:?}");
        assert!(!world.store.commit_exists(dataset, new).await.expect("an open store"), "nothing of it is there");
    }
    assert_eq!(head().await, Some(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_commits_at_once_exactly_one_wins() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let mut head = None;
    for round in 0..3 {
        let mut rivals = Vec::new();
        for number in 0..50 {
            let new = world.prepare(&format!("round {round} rival {number}"), head.into_iter().collect()).await;
            let store = world.store.clone();
            rivals.push(tokio::spawn(
                async move { (new, store.commit(&store.lease(), write(dataset, head, new)).await) },
            ));
        }
        let mut winners = BTreeSet::new();
        for rival in rivals {
            match rival.await.expect("no panic") {
                (new, Ok(())) => {
                    winners.insert(new);
                }
                (_, Err(StorageError::StaleHead { .. })) => {}
                (_, Err(other)) => panic!("neither won nor lost: {other}"),
            }
        }
        head = world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store");
        assert_eq!(winners.into_iter().collect::<Vec<_>>(), Vec::from_iter(head));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_to_different_branches_all_get_through() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let new = world.prepare("first", vec![]).await;
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let store = world.store.clone();
            let write = CommitWrite { branch: format!("branch {number}"), ..write(dataset, None, new) };
            tokio::spawn(async move { store.commit(&store.lease(), write).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic").expect("each has a branch of its own");
    }
    assert_eq!(world.store.refs(dataset, None).await.expect("an open store").len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_takes_its_draft_and_its_job_along() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let job = job("import");
    world.store.create_job(&job).await.expect("a new id");
    let id = draft(dataset);
    let save = |expected_revision, key: &[u8]| SaveDraft {
        id: id.clone(),
        expected_revision,
        base: first,
        puts: vec![storage::DraftRow { table: TableId(1), key: key.to_vec(), patch: b"patch".to_vec() }],
        removals: vec![],
        at: TODAY,
    };
    let revision = world.store.save_draft(&world.store.lease(), save(None, b"a")).await.expect("no draft yet");
    let newer =
        world.store.save_draft(&world.store.lease(), save(Some(revision), b"b")).await.expect("the revision is right");
    let new = world.prepare("second", vec![first]).await;
    let done = JobUpdate::new(job.id, [JobState::Queued], TODAY).to(JobState::Succeeded).result(json!({"rows": 2}));
    let full = |revision| CommitWrite {
        draft: Some((id.clone(), revision)),
        job: Some(done.clone()),
        ..write(dataset, Some(first), new)
    };

    let lost = world.store.commit(&world.store.lease(), full(revision)).await.expect_err("the draft has changed");
    assert!(matches!(lost, StorageError::StaleDraft { current, .. } if current == Some(newer)), "{lost:?}");
    assert_eq!(world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store"), Some(first));
    assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store").len(), 2);

    world.store.commit(&world.store.lease(), full(newer)).await.expect("all is as expected");
    assert_eq!(world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store"), Some(new));
    assert_eq!(world.store.draft(&id).await.expect("an open store"), None);
    assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store"), vec![]);
    let job = world.store.job(job.id).await.expect("an open store").expect("it was made");
    assert_eq!((job.state, job.result), (JobState::Succeeded, json!({"rows": 2})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_brings_its_chunks_along_or_leaves_none() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let (new, chunks) = commit("first", vec![]);
    let with_chunks = |expected| CommitWrite { chunks: chunks.clone(), ..write(dataset, expected, new) };
    let lost = world.store.commit(&world.store.lease(), with_chunks(Some(Hash::of(b"another head")))).await;
    assert!(matches!(lost, Err(StorageError::StaleHead { current: None, .. })), "{lost:?}");
    assert_eq!(world.store.chunk_stats().await.expect("an open store").count, 0);

    world.store.commit(&world.store.lease(), with_chunks(None)).await.expect("there is no branch yet");
    assert_eq!(world.store.chunk_stats().await.expect("an open store").count, chunks.len() as u64);
    let large = vec![(Hash::of(b"large"), vec![0; storage::MAX_BATCH_BYTES + 1])];
    let lost =
        world.store.commit(&world.store.lease(), CommitWrite { chunks: large, ..write(dataset, Some(new), new) }).await;
    assert!(matches!(lost, Err(StorageError::TooLarge { .. })), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_for_a_cancelled_job_does_not_happen() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let job = job("import");
    world.store.create_job(&job).await.expect("a new id");
    let cancel = JobUpdate::new(job.id, [JobState::Queued], TODAY).to(JobState::Cancelled);
    world.store.update_job(&cancel).await.expect("it is queued");
    let new = world.prepare("first", vec![]).await;
    let done = JobUpdate::new(job.id, [JobState::Running], TODAY).to(JobState::Succeeded);
    let lost =
        world.store.commit(&world.store.lease(), CommitWrite { job: Some(done), ..write(dataset, None, new) }).await;
    assert!(matches!(lost, Err(StorageError::StaleJob { current: JobState::Cancelled, .. })), "{lost:?}");
    assert_eq!(world.store.refs(dataset, None).await.expect("an open store"), vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_found_within_their_dataset_only() {
    let world = World::new().await;
    let (cities, rivers) = (world.dataset("cities").await, world.dataset("rivers").await);
    let first = world.commit(cities, "first", None).await;
    let second = world.commit(cities, "second", Some(first)).await;
    let other = world.commit(rivers, "other", None).await;
    assert!(world.store.commit_exists(cities, first).await.expect("an open store"));
    assert!(!world.store.commit_exists(cities, other).await.expect("an open store"));

    let find =
        async |prefix: &str| world.store.find_commits_by_prefix(cities, prefix, 10).await.expect("an open store");
    let found = find(&second.to_string().to_uppercase()[..10]).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].hash, &found[0].parents[..], found[0].at), (second, &[first][..], TODAY));
    assert_eq!(find("").await.len(), 2);
    assert_eq!(find(&other.to_string()).await, vec![]);
    assert_eq!(find("xyz").await, vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refs_name_commits_of_their_dataset() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let tag = Ref { dataset, kind: RefKind::Tag, name: "v1".to_owned(), head: first };
    world.store.create_ref(&world.store.lease(), &tag).await.expect("a new name");
    let again = world.store.create_ref(&world.store.lease(), &tag).await;
    assert!(matches!(again, Err(StorageError::AlreadyExists { what: "tag", .. })), "{again:?}");
    let strange = Ref { name: "v2".to_owned(), head: Hash::of(b"elsewhere"), ..tag.clone() };
    let unknown = world.store.create_ref(&world.store.lease(), &strange).await;
    assert!(matches!(unknown, Err(StorageError::NotFound { what: "commit", .. })), "{unknown:?}");

    let branch = Ref { kind: RefKind::Branch, name: "main".to_owned(), ..tag.clone() };
    assert_eq!(world.store.refs(dataset, None).await.expect("an open store"), [branch.clone(), tag.clone()]);
    assert_eq!(world.store.refs(dataset, Some(RefKind::Tag)).await.expect("an open store"), [tag]);
    assert_eq!(world.store.refs(dataset, Some(RefKind::Branch)).await.expect("an open store"), [branch]);
}
