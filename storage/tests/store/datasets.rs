use storage::{Dataset, DatasetChanges, StorageError};

use crate::world::{TODAY, World, dataset, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_is_found_by_its_address_and_by_its_id() {
    let world = World::new().await;
    // Text of people is bound, whatever is in it.
    let made = Dataset { description: "'; REMOVE TABLE dataset; -- “”\n\0".replace('\0', ""), ..dataset("cities") };
    world.store.create_dataset(&made).await.expect("a new name");
    let found = world.store.dataset(&made.owner, "cities").await.expect("an open store");
    assert_eq!(found.as_ref(), Some(&made));
    assert_eq!(world.store.dataset_by_id(made.id).await.expect("an open store"), found);
    assert_eq!(world.store.dataset(&made.owner, "rivers").await.expect("an open store"), None);
    assert_eq!(world.store.dataset(&"ada".into(), "cities").await.expect("an open store"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_has_one_dataset_of_a_name() {
    let world = World::new().await;
    let makers: Vec<_> = (0..10)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.create_dataset(&dataset("cities")).await })
        })
        .collect();
    let mut made = 0;
    for maker in makers {
        match maker.await.expect("no panic") {
            Ok(()) => made += 1,
            Err(StorageError::AlreadyExists { what: "dataset", name }) => assert_eq!(name, "local/cities"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(made, 1);
    let elsewhere = Dataset { owner: "ada".into(), ..dataset("cities") };
    world.store.create_dataset(&elsewhere).await.expect("another owner may have it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_begin_with_the_last_updated_and_go_on_page_by_page() {
    let world = World::new().await;
    for number in 0..7 {
        // Two of each time, so that the id decides.
        let made = Dataset { updated_at: TODAY + number / 2, ..dataset(&format!("d{number}")) };
        world.store.create_dataset(&made).await.expect("a new name");
    }
    world.store.create_dataset(&Dataset { owner: "ada".into(), ..dataset("other") }).await.expect("a new name");
    let owner = "local".into();
    let all = world.store.datasets(Some(&owner), None, 100).await.expect("an open store");
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by_key(|dataset| std::cmp::Reverse((dataset.updated_at, dataset.id))));

    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let page = world.store.datasets(Some(&owner), cursor, 2).await.expect("an open store");
        let Some(last) = page.last() else { break };
        cursor = Some(last.cursor());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(world.store.datasets(None, None, 100).await.expect("an open store").len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_counts_as_an_update() {
    let world = World::new().await;
    let id = world.dataset("cities").await;
    let new = world.prepare("first", vec![]).await;
    let write = storage::CommitWrite { at: TODAY + 5, ..write(id, None, new) };
    world.store.commit(&world.store.lease(), write).await.expect("no branch yet");
    let found = world.store.dataset_by_id(id).await.expect("an open store").expect("it was made");
    assert_eq!((found.created_at, found.updated_at), (TODAY, TODAY + 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_can_be_changed_but_not_take_a_name() {
    let world = World::new().await;
    let id = world.dataset("cities").await;
    let other = world.dataset("rivers").await;
    let changes = DatasetChanges {
        name: Some("towns".to_owned()),
        description: Some("All of them.".to_owned()),
        ..DatasetChanges::default()
    };
    let changed = world.store.update_dataset(id, &changes, TODAY + 1).await.expect("the name is free");
    let expected = Dataset {
        id,
        title: "CITIES".to_owned(),
        description: "All of them.".to_owned(),
        updated_at: TODAY + 1,
        ..dataset("towns")
    };
    assert_eq!(changed, expected);
    let same = world.store.update_dataset(id, &changes, TODAY + 2).await.expect("its own name is no clash");
    assert_eq!(same.updated_at, TODAY + 2);
    let taken = world.store.update_dataset(other, &changes, TODAY + 3).await;
    assert!(matches!(taken, Err(StorageError::AlreadyExists { .. })), "{taken:?}");
    let unknown = world.store.update_dataset(storage::DatasetId::generate(), &changes, TODAY).await;
    assert!(matches!(unknown, Err(StorageError::NotFound { .. })), "{unknown:?}");
}
