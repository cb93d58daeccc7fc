use storage::{CommitWrite, DatasetId, DraftId, DraftRow, SaveDraft, StorageError};
use versioning::{Hash, TableId};

use crate::world::{TODAY, World, draft, write};

fn row(table: u64, key: &[u8], patch: &str) -> DraftRow {
    DraftRow { table: TableId(table), key: key.to_vec(), patch: patch.as_bytes().to_vec() }
}

fn save(id: &DraftId, expected_revision: Option<u64>, puts: Vec<DraftRow>) -> SaveDraft {
    SaveDraft { id: id.clone(), expected_revision, base: Hash::of(b"base"), puts, removals: vec![], at: TODAY }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_laid_over_each_other() {
    let world = World::new().await;
    let id = draft(DatasetId::generate());
    assert_eq!(world.store.draft(&id).await.expect("an open store"), None);
    let first = save(&id, None, vec![row(1, b"b", "1"), row(1, &[0, 255], "2"), row(2, b"", "3")]);
    let revision = world.store.save_draft(&world.store.lease(), first).await.expect("no draft yet");
    let second = SaveDraft {
        removals: vec![(TableId(2), vec![]), (TableId(2), b"never".to_vec())],
        at: TODAY + 1,
        ..save(&id, Some(revision), vec![row(1, b"b", "4"), row(1, b"c", "5")])
    };
    let newer = world.store.save_draft(&world.store.lease(), second).await.expect("the revision is right");
    assert_eq!(newer, revision + 1);

    let found = world.store.draft(&id).await.expect("an open store").expect("it was saved");
    assert_eq!((found.base, found.revision, found.updated_at), (Hash::of(b"base"), newer, TODAY + 1));
    let expected = [row(1, &[0, 255], "2"), row(1, b"b", "4"), row(1, b"c", "5")];
    assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store"), expected);
    assert_eq!(world.store.draft_rows(&id, Some(TableId(1))).await.expect("an open store"), expected);
    assert_eq!(world.store.draft_rows(&id, Some(TableId(2))).await.expect("an open store"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_with_similar_names_stay_apart() {
    let world = World::new().await;
    let dataset = DatasetId::generate();
    for (branch, person) in [("main", "ada"), ("main", "adam"), ("main2", "ada"), ("", "ada"), ("main", "")] {
        let id = DraftId { dataset, branch: branch.to_owned(), person: person.into() };
        world
            .store
            .save_draft(&world.store.lease(), save(&id, None, vec![row(1, b"k", person)]))
            .await
            .expect("no draft yet");
        let rows = world.store.draft_rows(&id, None).await.expect("an open store");
        assert_eq!(rows, [row(1, b"k", person)], "{id:?}");
    }
    let of_ada = world.store.drafts_of(&"ada".into()).await.expect("an open store");
    assert_eq!(of_ada.len(), 3);
    assert!(of_ada.iter().all(|draft| draft.id.person.as_str() == "ada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_edit_is_told_the_revision() {
    let world = World::new().await;
    let id = draft(DatasetId::generate());
    let none_there = world.store.save_draft(&world.store.lease(), save(&id, Some(1), vec![])).await;
    assert!(matches!(none_there, Err(StorageError::StaleDraft { current: None, .. })), "{none_there:?}");
    let revision = world
        .store
        .save_draft(&world.store.lease(), save(&id, None, vec![row(1, b"k", "kept")]))
        .await
        .expect("no draft yet");
    for expected in [None, Some(revision - 1), Some(revision + 1)] {
        let lost = world.store.save_draft(&world.store.lease(), save(&id, expected, vec![row(1, b"k", "lost")])).await;
        assert!(matches!(lost, Err(StorageError::StaleDraft { current, .. }) if current == Some(revision)), "{lost:?}");
    }
    assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store"), [row(1, b"k", "kept")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_edits_at_once_exactly_one_is_saved() {
    let world = World::new().await;
    let id = draft(DatasetId::generate());
    let revision = world.store.save_draft(&world.store.lease(), save(&id, None, vec![])).await.expect("no draft yet");
    let rivals: Vec<_> = (0..50)
        .map(|number: i32| {
            let store = world.store.clone();
            let save = save(&id, Some(revision), vec![row(1, b"k", &number.to_string())]);
            tokio::spawn(async move { store.save_draft(&store.lease(), save).await })
        })
        .collect();
    let mut saved = Vec::new();
    for (number, rival) in rivals.into_iter().enumerate() {
        match rival.await.expect("no panic") {
            Ok(revision) => saved.push((number, revision)),
            Err(error) => assert!(error.is_stale(), "{error}"),
        }
    }
    let [(number, newer)] = saved[..] else { panic!("saved: {saved:?}") };
    assert_eq!(newer, revision + 1);
    let rows = world.store.draft_rows(&id, None).await.expect("an open store");
    assert_eq!(rows, [row(1, b"k", &number.to_string())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_draft_leaves_nothing_and_repeats_no_revision() {
    let world = World::new().await;
    let id = draft(DatasetId::generate());
    let revision = world
        .store
        .save_draft(&world.store.lease(), save(&id, None, vec![row(1, b"k", "1")]))
        .await
        .expect("no draft yet");
    let lost = world.store.discard_draft(&id, revision + 1).await.expect_err("another revision");
    assert!(lost.is_stale());
    world.store.discard_draft(&id, revision).await.expect("the revision is right");
    assert_eq!(world.store.draft(&id).await.expect("an open store"), None);
    assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store"), []);
    let later = SaveDraft { at: TODAY + 60_000_000, ..save(&id, None, vec![]) };
    assert!(world.store.save_draft(&world.store.lease(), later).await.expect("no draft again") > revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_ends_even_when_its_caller_goes_away() {
    let world = World::new().await;
    let id = draft(DatasetId::generate());
    let rows = |number: u32| (0..200_u32).map(|key| row(1, &key.to_be_bytes(), &number.to_string())).collect();
    let mut revision =
        world.store.save_draft(&world.store.lease(), save(&id, None, rows(0))).await.expect("no draft yet");
    for number in 1..=20 {
        let lease = world.store.lease();
        let write = world.store.save_draft(&lease, save(&id, Some(revision), rows(number)));
        // Polled once, so that the query is on its way, then dropped.
        tokio::select! {
            biased;
            _ = write => {}
            () = std::future::ready(()) => {}
        }
        // Closing waits for running queries; here the next writer waits for the other's end.
        loop {
            let draft = world.store.draft(&id).await.expect("an open store").expect("it was saved");
            let patches = world.store.draft_rows(&id, None).await.expect("an open store");
            if draft.revision > revision {
                revision = draft.revision;
                assert!(patches.iter().all(|row| row.patch == number.to_string().as_bytes()), "torn: {patches:?}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_was_committed_leaves_nothing_to_the_next_one() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let id = draft(dataset);
    let mut head = None;
    // The second draft of each round begins while what is left of the first one is being deleted.
    for round in 0..20 {
        let lease = world.store.lease();
        let edits = save(&id, None, vec![row(1, b"old", "1"), row(2, b"old", "2")]);
        let revision = world.store.save_draft(&lease, edits).await.expect("no draft yet");
        let new = world.prepare(&format!("round {round}"), head.into_iter().collect()).await;
        let write = CommitWrite { draft: Some((id.clone(), revision)), ..write(dataset, head, new) };
        world.store.commit(&lease, write).await.expect("head and draft are as expected");
        head = Some(new);

        assert_eq!(world.store.draft(&id).await.expect("an open store"), None);
        assert_eq!(world.store.drafts_of(&id.person).await.expect("an open store"), []);
        let stale = world.store.discard_draft(&id, revision).await;
        assert!(matches!(stale, Err(StorageError::StaleDraft { current: None, .. })), "{stale:?}");
        let next = world.store.save_draft(&lease, save(&id, None, vec![row(1, b"new", "3")])).await;
        let revision = next.expect("the first one has ended");
        assert_eq!(world.store.draft_rows(&id, None).await.expect("an open store"), [row(1, b"new", "3")]);
        world.store.discard_draft(&id, revision).await.expect("the revision is right");
    }
}
