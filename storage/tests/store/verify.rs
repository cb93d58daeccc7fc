use storage::{CommitWrite, ProblemKind, Report, SaveDraft};
use versioning::{Hash, Object, frame};

use crate::world::{TODAY, World, chunk, draft, write};

async fn check(world: &World) -> Report {
    world.store.verify(|_| ()).await.expect("an open store")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_store_is_clean() {
    let world = World::new().await;
    assert!(check(&world).await.is_clean());
    let dataset = world.dataset("cities").await;
    let mut head = None;
    for number in 0..20 {
        head = Some(world.commit(dataset, &number.to_string(), head).await);
    }
    world.prepare("never committed", vec![]).await;
    let mut seen = 0;
    let report = world.store.verify(|progress| seen = progress.chunks).await.expect("an open store");
    assert_eq!(report.problems, []);
    assert_eq!((report.chunks, report.unreachable, report.refs), (60, 3, 1));
    assert_eq!(seen, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_reported_with_the_way_to_it() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let first = world.commit(dataset, "first", None).await;
    let second = world.commit(dataset, "second", Some(first)).await;
    let objects = world.store.objects();
    let root = <dyn versioning::ObjectSource>::commit(&objects, first).expect("it is sound still").root;
    let schema = match <dyn versioning::ObjectSource>::root(&objects, root) {
        Ok(root) => root.tables.values().next().expect("it has a table").schema,
        Err(error) => panic!("{error}"),
    };
    let path = format!("local/cities › branch main › commit {} › table cities", first.short());

    let sound = world.store.get_chunk(schema).await.expect("an open store").expect("it is there").to_vec();
    world.store.damage_chunk(schema, Some(frame::pack(b"else"))).await.expect("an open store");
    let report = check(&world).await;
    let [problem] = &report.problems[..] else { panic!("{:?}", report.problems) };
    assert!(matches!(problem.kind, ProblemKind::Corrupt { chunk, .. } if chunk == schema), "{problem:?}");
    assert_eq!(problem.path, path);

    world.store.damage_chunk(schema, None).await.expect("an open store");
    let report = check(&world).await;
    let [problem] = &report.problems[..] else { panic!("{:?}", report.problems) };
    assert_eq!((&problem.kind, &problem.path), (&ProblemKind::Missing { chunk: schema }, &path));

    world.store.put_chunks(&world.store.lease(), vec![(schema, sound)]).await.expect("it can be put back");
    assert!(check(&world).await.is_clean());
    world.store.damage_chunk(second, None).await.expect("an open store");
    let report = check(&world).await;
    let kinds: Vec<_> = report.problems.iter().map(|problem| &problem.kind).collect();
    assert_eq!(kinds, [&ProblemKind::Missing { chunk: second }]);
    assert_eq!(report.problems[0].path, "local/cities › branch main");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_and_what_is_no_commit_is_told_apart() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let nonsense = b"?no object".to_vec();
    let (name, root) = (Hash::of(&nonsense), chunk(&Object::Root(versioning::Root::default())));
    world
        .store
        .put_chunks(&world.store.lease(), vec![(name, frame::pack(&nonsense)), root.clone()])
        .await
        .expect("small chunks");
    world.store.commit(&world.store.lease(), write(dataset, None, name)).await.expect("storage does not look into it");
    let other = CommitWrite { branch: "other".to_owned(), ..write(dataset, None, root.0) };
    world.store.commit(&world.store.lease(), other).await.expect("storage does not look into it");
    let report = check(&world).await;
    let kinds: Vec<_> = report.problems.iter().map(|problem| problem.kind.clone()).collect();
    assert!(matches!(&kinds[0], ProblemKind::Undecodable { chunk, .. } if *chunk == name), "{kinds:?}");
    assert_eq!(kinds[1..], [ProblemKind::NoCommit { chunk: root.0 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_part_of_the_check() {
    let world = World::new().await;
    let dataset = world.dataset("cities").await;
    let base = Hash::of(b"never stored");
    let save =
        SaveDraft { id: draft(dataset), expected_revision: None, base, puts: vec![], removals: vec![], at: TODAY };
    world.store.save_draft(&world.store.lease(), save).await.expect("no draft yet");
    let report = check(&world).await;
    let [problem] = &report.problems[..] else { panic!("{:?}", report.problems) };
    assert_eq!(problem.kind, ProblemKind::Missing { chunk: base });
    assert_eq!(problem.path, "local/cities › draft of local on main");
}
