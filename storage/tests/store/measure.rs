//! Figures for the crate's documentation: `cargo test -p storage --test store -- --ignored --nocapture measure`.

use std::time::{Duration, Instant};

use storage::{Config, DatasetId, DraftRow, Notice, PersonId, SaveDraft, Store};
use versioning::{Commit, Hash, Object, ObjectSource, TableId};

use crate::world::{TODAY, World, chunk, config, draft};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures, checks nothing"]
async fn measure() {
    let mut world = World::new().await;
    let dataset = world.dataset("cities").await;

    // Chunks of 12 KiB that do not compress: commits with long messages of hexadecimal digits.
    let objects: Vec<_> = (0..4096_u32)
        .map(|number| {
            let message =
                (0..380).map(|part: u32| Hash::of(&[number, part].map(u32::to_le_bytes).concat()).to_string());
            chunk(&Object::Commit(Commit {
                root: Hash::of(b"root"),
                parents: vec![],
                author: "local".to_owned(),
                time: TODAY,
                message: message.collect(),
            }))
        })
        .collect();
    let bytes: usize = objects.iter().map(|(_, frame)| frame.len()).sum();
    let started = Instant::now();
    for batch in objects.chunks(256) {
        world.store.put_chunks(&world.store.lease(), batch.to_vec()).await.expect("less than 8 MiB");
    }
    let rate = bytes as f64 / started.elapsed().as_secs_f64() / 1e6;
    println!("put_chunks: {} chunks of {} bytes, {rate:.0} MB/s", objects.len(), bytes / objects.len());

    let mut head = None;
    let mut commits = Vec::new();
    for number in 0..200 {
        let new = world.prepare(&number.to_string(), head.into_iter().collect()).await;
        let write = crate::world::write(dataset, head, new);
        let started = Instant::now();
        world.store.commit(&world.store.lease(), write).await.expect("the head is as expected");
        commits.push(started.elapsed());
        head = Some(new);
    }
    print("commit", commits);

    let id = draft(dataset);
    let mut revision = None;
    let mut saves = Vec::new();
    for number in 0..200_u32 {
        let put = DraftRow { table: TableId(1), key: number.to_be_bytes().to_vec(), patch: vec![7; 40] };
        let save = SaveDraft {
            id: id.clone(),
            expected_revision: revision,
            base: Hash::of(b"base"),
            puts: vec![put],
            removals: vec![],
            at: TODAY,
        };
        let started = Instant::now();
        revision = Some(world.store.save_draft(&world.store.lease(), save).await.expect("the revision is right"));
        saves.push(started.elapsed());
    }
    print("save_draft, one row", saves);

    let (mut opens, mut closes) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let World { store, dir } = world;
        let started = Instant::now();
        store.close().await.expect("a clean stop");
        closes.push(started.elapsed());
        drop(store);
        let started = Instant::now();
        // Large enough for the objects that are read again below.
        let config = Config { object_cache_bytes: 256 << 20, ..config(&dir) };
        let store = Store::open(config).await.expect("nobody else has it open");
        opens.push(started.elapsed());
        world = World { store, dir };
    }
    print("open an existing store", opens);
    print("close", closes);

    let names: Vec<Hash> = objects.iter().map(|(hash, _)| *hash).collect();
    for turn in ["first", "second"] {
        let mut reads = Vec::new();
        for hash in &names[..1000] {
            let started = Instant::now();
            world.store.get_chunk(*hash).await.expect("an open store").expect("it is there");
            reads.push(started.elapsed());
        }
        print(&format!("get_chunk, {turn} time"), reads);
    }
    let source = world.store.objects();
    let read = tokio::task::spawn_blocking(move || {
        let mut reads = Vec::new();
        for hash in &names[1000..2000] {
            let started = Instant::now();
            source.object(*hash).expect("it is there");
            reads.push(started.elapsed());
        }
        print("object, not cached", reads);
        let mut reads = Vec::new();
        for batch in names[2000..].chunks(256) {
            let started = Instant::now();
            source.prefetch(batch);
            reads.push(started.elapsed());
        }
        print("prefetch of 256", reads);
        let started = Instant::now();
        for hash in &names[names.len() - 50..] {
            source.object(*hash).expect("it is there");
        }
        print("object, cached", vec![started.elapsed() / 50]);
    });
    read.await.expect("no panic");

    let started = Instant::now();
    let stats = world.store.chunk_stats().await.expect("an open store");
    print(&format!("chunk_stats of {}", stats.count), vec![started.elapsed()]);
    let started = Instant::now();
    let report = world.store.verify(|_| ()).await.expect("an open store");
    print(&format!("verify of {} chunks", report.chunks), vec![started.elapsed()]);
    let started = Instant::now();
    println!("{:?}", world.store.health().await.expect("an open store"));
    print("health", vec![started.elapsed()]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures, checks nothing"]
async fn measure_what_is_unread() {
    let world = World::new().await;
    let (person, dataset) = (PersonId::generate(), DatasetId::generate());
    let notice = |number: i64| Notice {
        person,
        dataset,
        about: format!("request-{number}"),
        reason: 2,
        author: "ada".to_owned(),
        what: "commented".to_owned(),
        title: format!("Change number {number}"),
        text: "Some words about it. ".repeat(10),
        at: TODAY + number,
        times: 1,
        unread: true,
    };
    let mut told = 0;
    for all in [100, 1_000, 10_000] {
        while told < all {
            let part: Vec<Notice> = (told..(told + 500).min(all)).map(notice).collect();
            world.store.add_notices(&part).await.expect("an open store");
            told += 500.min(all - told);
        }
        let about: Vec<_> = (50..all).map(|number| (dataset, notice(number).about)).collect();
        for part in about.chunks(1_000) {
            world.store.read_notices(person, part, TODAY + all).await.expect("an open store");
        }
        let (mut names, mut whole, mut pages) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..20 {
            let started = Instant::now();
            let unread = world.store.unread_notices(person, 2_000).await.expect("an open store");
            names.push(started.elapsed());
            assert_eq!(unread.len(), 50);
            let started = Instant::now();
            world.store.notices_of(person, true, 2_000).await.expect("an open store");
            whole.push(started.elapsed());
            let started = Instant::now();
            world.store.notices_of(person, false, 2_000).await.expect("an open store");
            pages.push(started.elapsed());
        }
        print(&format!("names of 50 unread of {all} notices"), names);
        print(&format!("all of 50 unread of {all} notices"), whole);
        print(&format!("the newest 2,000 of {all} notices"), pages);
    }
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what}: median {:?}, p95 {:?}, most {:?}", at(50), at(95), at(100));
}
