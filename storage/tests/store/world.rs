//! A small world: a store in a directory of its own, and things to put into it.

use std::{collections::BTreeMap, time::Duration};

use storage::{Chunk, CommitWrite, Config, Dataset, DatasetId, DraftId, Store};
use tempfile::TempDir;
use versioning::{Column, ColumnId, Commit, Hash, Object, Root, Schema, TableEntry, TableId, Tree, Type, frame};

/// 2026-11-01T00:00:00Z.
pub(crate) const TODAY: i64 = 1_793_491_200_000_000;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        Self { store: open(&dir).await, dir }
    }

    /// A store that keeps nothing that is unreachable.
    pub(crate) async fn forgetful() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let config = Config { keep_unreachable: Duration::ZERO, ..config(&dir) };
        Self { store: Store::open(config).await.expect("nobody else has it open"), dir }
    }

    /// The same directory in a new store, after the old one is dropped.
    pub(crate) async fn reopened(self) -> Self {
        let Self { store, dir } = self;
        drop(store);
        Self { store: open(&dir).await, dir }
    }

    pub(crate) async fn dataset(&self, name: &str) -> DatasetId {
        let dataset = dataset(name);
        self.store.create_dataset(&dataset).await.expect("a new name");
        dataset.id
    }

    /// Stores the objects of a commit, without moving anything.
    pub(crate) async fn prepare(&self, message: &str, parents: Vec<Hash>) -> Hash {
        let (hash, chunks) = commit(message, parents);
        self.store.put_chunks(&self.store.lease(), chunks).await.expect("small chunks");
        hash
    }

    /// Commits to `main`.
    pub(crate) async fn commit(&self, dataset: DatasetId, message: &str, expected: Option<Hash>) -> Hash {
        self.commit_to(dataset, "main", message, expected, expected.into_iter().collect()).await
    }

    /// Commits to a branch that has the head `expected`.
    pub(crate) async fn commit_to(
        &self,
        dataset: DatasetId,
        branch: &str,
        message: &str,
        expected: Option<Hash>,
        parents: Vec<Hash>,
    ) -> Hash {
        let lease = self.store.lease();
        let (new, chunks) = commit(message, parents.clone());
        self.store.put_chunks(&lease, chunks).await.expect("small chunks");
        let write = CommitWrite { branch: branch.to_owned(), parents, ..write(dataset, expected, new) };
        self.store.commit(&lease, write).await.expect("the head is as expected");
        new
    }
}

async fn open(dir: &TempDir) -> Store {
    Store::open(config(dir)).await.expect("nobody else has it open")
}

pub(crate) fn config(dir: &TempDir) -> Config {
    Config { cache_bytes: 8 << 20, object_cache_bytes: 1 << 20, ..Config::new(dir.path().join("data")) }
}

pub(crate) fn dataset(name: &str) -> Dataset {
    Dataset {
        id: DatasetId::generate(),
        owner: "local".into(),
        name: name.to_owned(),
        title: name.to_uppercase(),
        description: String::new(),
        default_branch: "main".to_owned(),
        created_at: TODAY,
        updated_at: TODAY,
        lineage: Vec::new(),
        visibility: storage::Visibility::Private,
        protection: None,
        deleted_at: None,
        archived_at: None,
    }
}

pub(crate) fn write(dataset: DatasetId, expected: Option<Hash>, new: Hash) -> CommitWrite {
    CommitWrite {
        chunks: Vec::new(),
        dataset,
        branch: "main".to_owned(),
        expected,
        new,
        parents: expected.into_iter().collect(),
        brought: Vec::new(),
        at: TODAY,
        draft: None,
        job: None,
        audit: None,
    }
}

pub(crate) fn draft(dataset: DatasetId) -> DraftId {
    DraftId { dataset, branch: "main".to_owned(), person: "local".into() }
}

pub(crate) fn chunk(object: &Object) -> Chunk {
    let bytes = object.encode();
    (Hash::of(&bytes), frame::pack(&bytes))
}

/// A commit of one empty table, with all that it reaches.
pub(crate) fn commit(message: &str, parents: Vec<Hash>) -> (Hash, Vec<Chunk>) {
    commit_of(message, parents, Tree::default())
}

/// A commit of one table with these rows, with all that it reaches but the nodes.
pub(crate) fn commit_of(message: &str, parents: Vec<Hash>, tree: Tree) -> (Hash, Vec<Chunk>) {
    let id = ColumnId(1);
    let column = Column { required: true, ..Column::new(id, message, Type::Text) };
    let schema = chunk(&Object::Schema(Schema {
        columns: vec![column],
        primary_key: vec![id],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }));
    let entry = TableEntry { name: "cities".to_owned(), schema: schema.0, tree };
    let root = chunk(&Object::Root(Root { tables: BTreeMap::from([(TableId(1), entry)]) }));
    let commit = chunk(&Object::Commit(Commit {
        root: root.0,
        parents,
        author: "local".to_owned(),
        time: TODAY,
        message: message.to_owned(),
    }));
    (commit.0, vec![schema, root, commit])
}
