//! An acknowledged write survives `kill -9` at any moment.
//!
//! A child process (this program again) commits and edits a draft in an endless loop and prints each acknowledgement;
//! the parent kills it at a random moment, opens the store and compares it with what was acknowledged. What the child
//! does is a function of the number of the step, so the parent knows the state after each of them: the store must be
//! in the state after the last acknowledged step, or after the one that was on its way.
//!
//! The same once more with a child that leaves chunks and commits behind in each step and reclaims them all the time.

mod leaves;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use storage::{
    Chunk, CommitWrite, Config, Dataset, DatasetId, DraftId, DraftRow, RefKind, SaveDraft, Stage, StorageError, Store,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use versioning::{
    Column, ColumnId, Commit, Hash, Object, ObjectSource, Root, Schema, TableEntry, TableId, Type, frame,
};

const ROUNDS: usize = 100;
const RECLAIMING_ROUNDS: usize = 50;
const LONGEST_LIFE_MICROS: u64 = 50_000;
const DIR: &str = "CRASH_TEST_DIR";
const FIRST_STEP: &str = "CRASH_TEST_STEP";
const RECLAIMS: &str = "CRASH_TEST_RECLAIMS";
const TABLE: TableId = TableId(1);
const DATASET: DatasetId = DatasetId(uuid::Uuid::from_u128(1));

/// What the child does in a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Write a patch to the draft.
    Save,
    /// Commit, and leave the draft alone.
    Commit,
    /// Commit the draft.
    CommitDraft,
}

/// What there is after some steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    /// The number of the step that made the head.
    head: Option<u64>,
    /// The patches by key: the numbers of the steps that wrote them.
    draft: BTreeMap<Vec<u8>, u64>,
}

impl Step {
    fn number(step: u64) -> Self {
        match step % 10 {
            0 | 4 => Self::Commit,
            9 => Self::CommitDraft,
            _ => Self::Save,
        }
    }
}

impl State {
    fn after(steps: u64) -> Self {
        let mut state = Self::default();
        for step in 0..steps {
            match Step::number(step) {
                Step::Save => {
                    state.draft.insert(key(step), step);
                }
                Step::Commit => state.head = Some(step),
                Step::CommitDraft => {
                    state.head = Some(step);
                    state.draft.clear();
                }
            }
        }
        state
    }

    async fn read(store: &Store) -> Self {
        let head = store.head(DATASET, RefKind::Branch, "main").await.expect("an open store");
        let objects = store.objects();
        let head = head.map(|hash| match &*objects.object(hash).expect("the head is there") {
            Object::Commit(commit) => commit.message.parse().expect("the message is the step"),
            other => panic!("the head is no commit: {other:?}"),
        });
        let rows = store.draft_rows(&draft(), None).await.expect("an open store");
        let draft = rows.into_iter().map(|row| (row.key, number(&row.patch))).collect();
        Self { head, draft }
    }
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    survive(ROUNDS, false);
}

#[test]
fn acknowledged_writes_survive_kill_9_while_space_is_reclaimed() {
    survive(RECLAIMING_ROUNDS, true);
}

fn survive(rounds: usize, reclaims: bool) {
    let dir = TempDir::new().expect("a temporary directory");
    let runtime = Runtime::new().expect("threads");
    let mut steps = 0;
    for round in 0..rounds {
        let acknowledged = live_and_die(dir.path(), steps, reclaims);
        steps = runtime.block_on(async {
            let store = Store::open(config(dir.path())).await.expect("the child is dead");
            let found = State::read(&store).await;
            let steps = [acknowledged, acknowledged + 1]
                .into_iter()
                .find(|steps| State::after(*steps) == found)
                .unwrap_or_else(|| {
                    let expected = State::after(acknowledged);
                    panic!("round {round}: after {acknowledged} steps expected {expected:?}, found {found:?}")
                });
            let report = store.verify(|_| ()).await.expect("an open store");
            assert!(report.is_clean(), "round {round}: {:?}", report.problems);
            assert!(steps == 0 || report.chunks > 0);
            if reclaims {
                reclaim(&store).await;
                let report = store.verify(|_| ()).await.expect("an open store");
                assert_eq!((report.problems, report.unreachable), (vec![], 0), "round {round}");
            }
            store.close().await.expect("a clean stop");
            steps
        });
    }
    println!("{steps} steps in {rounds} lives");
    assert!(steps > 0, "no child lived long enough to do anything");
}

/// Runs the child from a step on, kills it at a random moment after its first acknowledgement, and returns how many
/// steps are acknowledged then.
fn live_and_die(dir: &Path, first: u64, reclaims: bool) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("the test's own program"))
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir)
        .env(FIRST_STEP, first.to_string())
        .env(RECLAIMS, reclaims.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test's own program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut acknowledged = first;
    let mut read = |line: std::io::Result<String>| {
        let line = line.expect("the pipe can be read");
        // The test harness of the child prints lines of its own, the first without an end.
        if let Some((_, step)) = line.split_once("step ") {
            acknowledged = step.parse::<u64>().expect("a whole number") + 1;
            return true;
        }
        false
    };
    assert!(lines.any(&mut read), "the child died by itself");
    std::thread::sleep(Duration::from_micros(random() % LONGEST_LIFE_MICROS));
    child.kill().expect("it can be killed");
    // What it had printed before is still in the pipe.
    for line in lines {
        read(line);
    }
    child.wait().expect("it is dead");
    acknowledged
}

/// The other half of the test; alone, it does nothing.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let number = std::env::var(FIRST_STEP).expect("the parent sets all of them");
    let first: u64 = number.parse().expect("a number");
    let reclaims = std::env::var(RECLAIMS).is_ok_and(|reclaims| reclaims == "true");
    Runtime::new().expect("threads").block_on(async {
        let store = Store::open(config(&dir)).await.expect("the last one is dead");
        if store.dataset_by_id(DATASET).await.expect("an open store").is_none() {
            store.create_dataset(&dataset()).await.expect("a new name");
        }
        let mut head = store.head(DATASET, RefKind::Branch, "main").await.expect("an open store");
        let mut revision = store.draft(&draft()).await.expect("an open store").map(|draft| draft.revision);
        if reclaims {
            let store = store.clone();
            tokio::spawn(async move {
                loop {
                    reclaim(&store).await;
                }
            });
        }
        for step in first.. {
            if reclaims {
                leave_behind(&store, step, head).await;
            }
            match Step::number(step) {
                Step::Save => {
                    let patch = DraftRow { table: TABLE, key: key(step), patch: step.to_be_bytes().to_vec() };
                    let save = SaveDraft {
                        id: draft(),
                        expected_revision: revision,
                        base: head.expect("step 0 commits"),
                        puts: vec![patch],
                        removals: vec![],
                        at: at(step),
                    };
                    revision = Some(store.save_draft(&store.lease(), save).await.expect("nobody else writes"));
                }
                kind => {
                    let lease = store.lease();
                    let (new, chunks) = commit(step, head);
                    let chunks = as_deltas(&store, head, chunks).await;
                    // Half of the commits bring their chunks along, the others have them there before.
                    let (before, along) = if step % 2 == 0 { (chunks, Vec::new()) } else { (Vec::new(), chunks) };
                    store.put_chunks(&lease, before).await.expect("small chunks");
                    let taken = if kind == Step::CommitDraft { revision.take() } else { None };
                    let write = CommitWrite {
                        chunks: along,
                        dataset: DATASET,
                        branch: "main".to_owned(),
                        expected: head,
                        new,
                        parents: head.into_iter().collect(),
                        brought: Vec::new(),
                        at: at(step),
                        draft: taken.map(|revision| (draft(), revision)),
                        job: None,
                        audit: None,
                    };
                    store.commit(&lease, write).await.expect("nobody else writes");
                    head = Some(new);
                }
            }
            println!("step {step}");
        }
    });
}

/// Deletes all that nothing leads to.
async fn reclaim(store: &Store) {
    let run = store.begin_reclaim(0).await.expect("an open store");
    let mut stage = run.mark().await.expect("an open store");
    loop {
        stage = match stage {
            Stage::Mark(mark) => mark.step().await.expect("all is there"),
            Stage::Sweep(sweep) => sweep.step().await.expect("an open store"),
            Stage::Done(_) => return,
        };
    }
}

/// A commit on a branch that is deleted. The next step but one puts some of its chunks again.
async fn leave_behind(store: &Store, step: u64, parent: Option<Hash>) {
    let lease = store.lease();
    let (new, chunks) = commit(step + 2, parent);
    let chunks = as_deltas(store, parent, chunks).await;
    let write = CommitWrite {
        chunks,
        dataset: DATASET,
        branch: "side".to_owned(),
        expected: None,
        new,
        parents: parent.into_iter().collect(),
        brought: Vec::new(),
        at: at(step),
        draft: None,
        job: None,
        audit: None,
    };
    match store.commit(&lease, write).await {
        // The last life ended before it deleted the branch.
        Ok(()) | Err(StorageError::StaleHead { .. }) => {}
        Err(error) => panic!("nobody else writes: {error}"),
    }
    store.delete_ref(DATASET, RefKind::Branch, "side").await.expect("it was made");
}

/// The chunks of a commit on top of another, the leaf as a delta of what that one has.
async fn as_deltas(store: &Store, parent: Option<Hash>, chunks: Vec<Chunk>) -> Vec<Chunk> {
    let objects = store.objects();
    let pack = move || match parent.and_then(|parent| leaves::leaf_of(&objects, parent)) {
        Some(near) => leaves::pack_near(&objects, near, chunks),
        None => chunks,
    };
    tokio::task::spawn_blocking(pack).await.expect("no panic")
}

fn config(dir: &Path) -> Config {
    Config { cache_bytes: 8 << 20, object_cache_bytes: 1 << 20, keep_unreachable: Duration::ZERO, ..Config::new(dir) }
}

fn dataset() -> Dataset {
    Dataset {
        id: DATASET,
        owner: "local".into(),
        name: "cities".to_owned(),
        title: String::new(),
        description: String::new(),
        default_branch: "main".to_owned(),
        created_at: 0,
        updated_at: 0,
        lineage: Vec::new(),
        visibility: storage::Visibility::Private,
        protection: None,
        deleted_at: None,
        archived_at: None,
    }
}

fn draft() -> DraftId {
    DraftId { dataset: DATASET, branch: "main".to_owned(), person: "local".into() }
}

fn key(step: u64) -> Vec<u8> {
    (step % 7).to_be_bytes().to_vec()
}

fn number(patch: &[u8]) -> u64 {
    u64::from_be_bytes(patch.try_into().expect("eight bytes"))
}

fn at(step: u64) -> i64 {
    i64::try_from(step).expect("few steps")
}

fn commit(step: u64, parent: Option<Hash>) -> (Hash, Vec<Chunk>) {
    let mut chunks = Vec::new();
    let mut store = |object: Object| {
        let bytes = object.encode();
        let hash = Hash::of(&bytes);
        chunks.push((hash, frame::pack(&bytes)));
        hash
    };
    let (tree, leaf) = leaves::leaf(step);
    store(Object::from_bytes(leaf).expect("it was built"));
    let id = ColumnId(1);
    let column = Column { required: true, ..Column::new(id, step.to_string(), Type::Text) };
    let schema = store(Object::Schema(Schema {
        columns: vec![column],
        primary_key: vec![id],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }));
    let entry = TableEntry { name: "cities".to_owned(), schema, tree };
    let root = store(Object::Root(Root { tables: BTreeMap::from([(TABLE, entry)]) }));
    let commit = store(Object::Commit(Commit {
        root,
        parents: parent.into_iter().collect(),
        author: "local".to_owned(),
        time: at(step),
        message: step.to_string(),
    }));
    (commit, chunks)
}

fn random() -> u64 {
    RandomState::new().hash_one(0)
}
