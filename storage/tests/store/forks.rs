use storage::{Ancestor, CommitWrite, Dataset, DatasetId, Ref, RefKind, StorageError};
use versioning::Hash;

use crate::world::{TODAY, World, commit, dataset, write};

const DAY: i64 = 24 * 3600 * 1_000_000;

impl World {
    async fn fork(&self, name: &str, origin: DatasetId, until: i64) -> DatasetId {
        let before = self.store.dataset_by_id(origin).await.expect("an open store").map(|origin| origin.lineage);
        let nearest = Ancestor { dataset: origin, until };
        let lineage = std::iter::once(nearest).chain(before.unwrap_or_default()).collect();
        let fork = Dataset { lineage, ..dataset(name) };
        self.store.fork_dataset(&self.store.lease(), &fork).await.expect("a new name");
        fork.id
    }

    /// A commit at a time.
    async fn commit_at(&self, dataset: DatasetId, message: &str, head: Option<Hash>, at: i64) -> Hash {
        let lease = self.store.lease();
        let (new, chunks) = commit(message, head.into_iter().collect());
        let write = CommitWrite { chunks, at, ..write(dataset, head, new) };
        self.store.commit(&lease, write).await.expect("the head is as expected");
        new
    }

    async fn has(&self, dataset: DatasetId, commit: Hash) -> bool {
        let found = self.store.commit_exists(dataset, commit).await.expect("an open store");
        let prefix = &commit.to_string()[..12];
        let by_prefix = self.store.find_commits_by_prefix(dataset, prefix, 2).await.expect("an open store");
        assert_eq!(by_prefix.iter().any(|record| record.hash == commit), found, "by its hash and by its first digits");
        found
    }

    async fn reclaim(&self, now: i64) -> u64 {
        let mut stage =
            self.store.begin_reclaim(now).await.expect("an open store").mark().await.expect("an open store");
        loop {
            stage = match stage {
                storage::Stage::Mark(mark) => mark.step().await.expect("all is there"),
                storage::Stage::Sweep(sweep) => sweep.step().await.expect("an open store"),
                storage::Stage::Done(done) => break done.commits,
            };
        }
    }

    async fn problems(&self) -> Vec<storage::Problem> {
        self.store.verify(|_| ()).await.expect("an open store").problems
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_begins_as_its_origin_is_and_goes_its_own_way() {
    let world = World::new().await;
    let origin = world.dataset("cities").await;
    let first = world.commit_at(origin, "first", None, TODAY).await;
    let second = world.commit_at(origin, "second", Some(first), TODAY).await;
    let tag = Ref { dataset: origin, kind: RefKind::Tag, name: "v1".to_owned(), head: first };
    world.store.create_ref(&world.store.lease(), &tag).await.expect("a new name");
    let chunks = world.store.chunk_stats().await.expect("an open store");

    let fork = world.fork("fork", origin, TODAY).await;
    assert_eq!(world.store.chunk_stats().await.expect("an open store"), chunks, "nothing is copied");
    let head = async |dataset| world.store.head(dataset, RefKind::Branch, "main").await.expect("an open store");
    assert_eq!(head(fork).await, Some(second));
    assert_eq!(world.store.head(fork, RefKind::Tag, "v1").await.expect("an open store"), Some(first));
    let forks = world.store.forks_of(origin, 10).await.expect("an open store");
    assert_eq!(forks.iter().map(|fork| fork.id).collect::<Vec<_>>(), [fork]);

    let ours = world.commit_at(fork, "in the fork", Some(second), TODAY + 1).await;
    let theirs = world.commit_at(origin, "in the origin", Some(second), TODAY + 1).await;
    assert_eq!((head(fork).await, head(origin).await), (Some(ours), Some(theirs)));
    for (commit, in_fork, in_origin) in
        [(first, true, true), (second, true, true), (ours, true, false), (theirs, false, true)]
    {
        assert_eq!((world.has(fork, commit).await, world.has(origin, commit).await), (in_fork, in_origin));
    }

    // An old commit of the origin can be branched from in the fork, a new one can't.
    let branch = |name: &str, head| Ref { dataset: fork, kind: RefKind::Branch, name: name.to_owned(), head };
    world.store.create_ref(&world.store.lease(), &branch("old", first)).await.expect("it has it");
    let refused = world.store.create_ref(&world.store.lease(), &branch("new", theirs)).await;
    assert!(matches!(refused, Err(StorageError::NotFound { what: "commit", .. })), "{refused:?}");
    assert_eq!(world.problems().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_a_fork_has_no_more_than_its_origin_had() {
    let world = World::new().await;
    let cities = world.dataset("cities").await;
    let first = world.commit_at(cities, "first", None, TODAY).await;
    let towns = world.fork("towns", cities, TODAY).await;
    let later = world.commit_at(cities, "later", Some(first), TODAY + 1).await;
    let of_towns = world.commit_at(towns, "of towns", Some(first), TODAY + 1).await;
    let villages = world.fork("villages", towns, TODAY + 2).await;
    assert!(world.has(villages, first).await && world.has(villages, of_towns).await);
    assert!(!world.has(villages, later).await, "towns had not got it either");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fork_leads_to_stays_when_its_origin_forgets_it_or_goes() {
    let world = World::new().await;
    let origin = world.dataset("cities").await;
    let first = world.commit_at(origin, "first", None, TODAY).await;
    let side = world.commit_to(origin, "side", "side", None, vec![first]).await;
    let fork = world.fork("fork", origin, TODAY).await;
    let own = world.commit_at(fork, "own", Some(first), TODAY + 1).await;
    world.store.delete_ref(origin, RefKind::Branch, "side").await.expect("it is there");
    world.store.delete_ref(fork, RefKind::Branch, "side").await.expect("it is there");

    // Both have branches that lead to the first commit; to `side` nothing leads.
    world.reclaim(TODAY).await;
    assert_eq!(world.reclaim(TODAY + 15 * DAY).await, 1);
    assert!(!world.has(fork, side).await && world.has(fork, first).await);

    world.store.delete_dataset(origin).await.expect("it is there");
    for now in [20, 40, 60] {
        assert_eq!(world.reclaim(TODAY + now * DAY).await, 0);
    }
    assert!(world.has(fork, first).await && world.has(fork, own).await);
    assert_eq!(world.problems().await, []);
    let world = world.reopened().await;
    assert!(world.has(fork, first).await, "its origin is gone, and its commits are still there");

    // With the last of them all of it goes.
    world.store.delete_dataset(fork).await.expect("it is there");
    world.reclaim(TODAY + 80 * DAY).await;
    world.reclaim(TODAY + 100 * DAY).await;
    assert_eq!(world.store.chunk_stats().await.expect("an open store").count, 0);
    assert_eq!(world.problems().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_forked_is_told() {
    let world = World::new().await;
    let origin = world.dataset("cities").await;
    let nearest = |dataset| vec![Ancestor { dataset, until: TODAY }];
    let lease = world.store.lease();
    let taken = Dataset { lineage: nearest(origin), ..dataset("cities") };
    let refused = world.store.fork_dataset(&lease, &taken).await;
    assert!(matches!(refused, Err(StorageError::AlreadyExists { .. })), "{refused:?}");
    let of_nothing = Dataset { lineage: nearest(DatasetId::generate()), ..dataset("fork") };
    let refused = world.store.fork_dataset(&lease, &of_nothing).await;
    assert!(matches!(refused, Err(StorageError::NotFound { what: "dataset", .. })), "{refused:?}");
    // Nothing was ever committed: there is nothing to begin with, and that is no mistake.
    let empty = world.fork("empty", origin, TODAY).await;
    assert_eq!(world.store.refs(empty, None).await.expect("an open store"), []);
}
