//! The integrity check: from every ref, draft and recorded commit down to every chunk that it reaches.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use surrealdb::types::{RecordId, SurrealValue, vars};
use versioning::{Hash, Object, frame::FrameError};

use crate::{
    DatasetId, DraftId, RefKind, StorageError, Store, drafts,
    objects::READ_AT_ONCE,
    opening::{Bases, Unopened},
    records::{self, Parts, parse_hash},
};

const ATTEMPTED: &str = "check the store";
/// How many documents one query reads.
const PAGE: usize = 4096;

/// What the check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Chunks that were read and are sound.
    pub chunks: u64,
    /// Chunks that nothing reaches: left over from writes that were not completed. No problem, only space.
    pub unreachable: u64,
    /// Refs that were followed.
    pub refs: u64,
    /// Drafts that were looked at.
    pub drafts: u64,
    /// What is wrong, in the order it was found.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// How it was reached, from the dataset and ref on: `local/cities › branch main › commit 1234567890 › table cities`.
    pub path: String,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A chunk is not there.
    Missing {
        /// The chunk.
        chunk: Hash,
    },
    /// The chunk that another is stored as a delta of is not there.
    NoBase {
        /// The delta.
        chunk: Hash,
        /// What it is a delta of.
        base: Hash,
    },
    /// A chunk is not what its name promises.
    Corrupt {
        /// The chunk.
        chunk: Hash,
        /// What was seen.
        reason: String,
    },
    /// A chunk is what its name promises, but no object.
    Undecodable {
        /// The chunk.
        chunk: Hash,
        /// What was seen.
        reason: String,
    },
    /// What should be a commit is another kind of object.
    NoCommit {
        /// The chunk.
        chunk: Hash,
    },
    /// Rows of a draft are there, the draft is not.
    RowsWithoutDraft {
        /// How many.
        rows: u64,
    },
    /// A ref or commit belongs to no dataset.
    NoDataset {
        /// The dataset's id.
        dataset: DatasetId,
    },
}

/// How far the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Chunks that have been read.
    pub chunks: u64,
    /// Chunks that are known to be next; more will be found.
    pub pending: usize,
    /// Problems so far.
    pub problems: usize,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match &self.kind {
            ProblemKind::Missing { chunk } => write!(f, "chunk {chunk} is missing"),
            ProblemKind::NoBase { chunk, base } => {
                write!(f, "chunk {base} is missing, from which chunk {chunk} is told by what differs only")
            }
            ProblemKind::Corrupt { chunk, reason } => write!(f, "chunk {chunk} is corrupt: {reason}"),
            ProblemKind::Undecodable { chunk, reason } => write!(f, "chunk {chunk} can't be read: {reason}"),
            ProblemKind::NoCommit { chunk } => write!(f, "chunk {chunk} is not a commit"),
            ProblemKind::RowsWithoutDraft { rows } => write!(f, "{rows} rows of a draft that is not there"),
            ProblemKind::NoDataset { dataset } => write!(f, "there is no dataset {dataset}"),
        }
    }
}

impl Store {
    /// Reads everything that refs, drafts and recorded commits reach, each chunk once, and reports what is missing,
    /// corrupt or left over. Memory grows with the number of chunks by their names only. Writes that happen meanwhile
    /// are no problem, and neither is reclaiming, which waits for the end of the check.
    ///
    /// # Errors
    /// The database failed. What is wrong with the data is in the report.
    pub async fn verify(&self, progress: impl FnMut(Progress)) -> Result<Report, StorageError> {
        // Nothing that is read from here on is reclaimed before the end; what is being reclaimed already is left out.
        let _lease = self.lease();
        let mut check = Check {
            store: self,
            closed: self.leases.closed(),
            progress,
            report: Report::default(),
            visited: HashSet::new(),
            bases: HashSet::new(),
            stack: Vec::new(),
            unsound: 0,
        };
        let datasets = check.datasets().await?;
        check.refs(&datasets).await?;
        check.drafts(&datasets).await?;
        check.commits(&datasets).await?;
        let only_bases = check.bases.difference(&check.visited).count() as u64;
        let reached = check.report.chunks + check.unsound + only_bases;
        check.report.unreachable = self.chunk_stats().await?.count.saturating_sub(reached);
        Ok(check.report)
    }
}

/// A path of a [`Problem`], shared by all chunks that were reached by it.
type Path = Arc<str>;

/// What is expected of a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Commit,
    Other,
}

struct Check<'a, P> {
    store: &'a Store,
    /// Commits that are being taken off the lists.
    closed: HashSet<(DatasetId, Hash)>,
    progress: P,
    report: Report,
    visited: HashSet<Hash>,
    /// Chunks that others are deltas of.
    bases: HashSet<Hash>,
    stack: Vec<(Hash, Path, Expected)>,
    /// Chunks that are there but corrupt or undecodable.
    unsound: u64,
}

impl<P: FnMut(Progress)> Check<'_, P> {
    async fn datasets(&self) -> Result<BTreeMap<DatasetId, String>, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            id: RecordId,
            owner: String,
            name: String,
            lineage: Option<Vec<uuid::Uuid>>,
        }
        let rows: Vec<Row> = self.query("SELECT id, owner, name, lineage FROM dataset", vars! {}).await?;
        let mut datasets = BTreeMap::new();
        for row in rows {
            let address = format!("{}/{}", row.owner, row.name);
            // What is left of a deleted dataset for the sake of its forks is theirs.
            for ancestor in row.lineage.into_iter().flatten() {
                datasets.entry(DatasetId(ancestor)).or_insert_with(|| format!("what {address} was forked from"));
            }
            datasets.insert(DatasetId(records::uuid_of(&row.id, ATTEMPTED)?), address);
        }
        Ok(datasets)
    }

    async fn refs(&mut self, datasets: &BTreeMap<DatasetId, String>) -> Result<(), StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            id: RecordId,
            head: String,
        }
        let mut last = None;
        loop {
            let rows: Vec<Row> = self.page("SELECT id, head FROM $range LIMIT $limit", "dataset_ref", last).await?;
            for row in &rows {
                let parts = Parts::of(&row.id, ATTEMPTED);
                let kind: RefKind = parts.parse(1)?;
                let name = parts.text(2)?;
                let path = self.path_in(parts.dataset()?, datasets, &format!("{} {name}", kind.as_str())).await?;
                self.report.refs += 1;
                self.walk(parse_hash(&row.head, ATTEMPTED)?, path).await?;
            }
            match rows.into_iter().next_back() {
                Some(row) => last = Some(row.id),
                None => return Ok(()),
            }
        }
    }

    async fn drafts(&mut self, datasets: &BTreeMap<DatasetId, String>) -> Result<(), StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            id: RecordId,
            base: String,
            revision: i64,
        }
        // The rows first: a draft that is saved meanwhile then is there when its rows are.
        let mut rows_of: BTreeMap<DraftId, u64> = BTreeMap::new();
        let mut last = None;
        loop {
            let ids: Vec<RecordId> = self.page("SELECT VALUE id FROM $range LIMIT $limit", "draft_row", last).await?;
            for id in &ids {
                *rows_of.entry(Parts::of(id, ATTEMPTED).draft()?).or_default() += 1;
            }
            match ids.into_iter().next_back() {
                Some(id) => last = Some(id),
                None => break,
            }
        }
        let mut found = BTreeSet::new();
        let mut last = None;
        loop {
            let rows: Vec<Row> = self.page("SELECT id, base, revision FROM $range LIMIT $limit", "draft", last).await?;
            for row in &rows {
                let id = Parts::of(&row.id, ATTEMPTED).draft()?;
                if row.revision != drafts::ENDED {
                    let path = self.path_in(id.dataset, datasets, &draft_in_words(&id)).await?;
                    self.report.drafts += 1;
                    self.walk(parse_hash(&row.base, ATTEMPTED)?, path).await?;
                }
                found.insert(id);
            }
            match rows.into_iter().next_back() {
                Some(row) => last = Some(row.id),
                None => break,
            }
        }
        for (id, rows) in rows_of {
            // It may have been committed or discarded since its rows were counted.
            if !found.contains(&id) && !self.store.draft_rows(&id, None).await?.is_empty() {
                let path = self.path_in(id.dataset, datasets, &draft_in_words(&id)).await?;
                self.problem(ProblemKind::RowsWithoutDraft { rows }, &path);
            }
        }
        Ok(())
    }

    /// The recorded commits that no ref and no draft has led to.
    async fn commits(&mut self, datasets: &BTreeMap<DatasetId, String>) -> Result<(), StorageError> {
        let mut last = None;
        loop {
            let ids: Vec<RecordId> =
                self.page("SELECT VALUE id FROM $range LIMIT $limit", "dataset_commit", last).await?;
            for id in &ids {
                let parts = Parts::of(id, ATTEMPTED);
                let (dataset, commit): (_, Hash) = (parts.dataset()?, parts.parse(1)?);
                if !self.visited.contains(&commit) && !self.closed.contains(&(dataset, commit)) {
                    let path = self.path_in(dataset, datasets, "on no branch").await?;
                    self.walk(commit, path).await?;
                }
            }
            match ids.into_iter().next_back() {
                Some(id) => last = Some(id),
                None => return Ok(()),
            }
        }
    }

    /// Reads what a commit reaches and has not been read yet.
    async fn walk(&mut self, commit: Hash, path: Path) -> Result<(), StorageError> {
        self.stack.push((commit, path, Expected::Commit));
        while !self.stack.is_empty() {
            let mut batch = Vec::with_capacity(READ_AT_ONCE);
            while batch.len() < READ_AT_ONCE
                && let Some((hash, path, expected)) = self.stack.pop()
            {
                if self.visited.insert(hash) {
                    batch.push((hash, path, expected));
                }
            }
            let mut objects = self.read(batch.iter().map(|(hash, ..)| *hash).collect()).await?;
            for (chunk, path, expected) in batch {
                match objects.remove(&chunk).unwrap_or(Err(ProblemKind::Missing { chunk })) {
                    Ok(object) => {
                        self.report.chunks += 1;
                        if expected == Expected::Commit && !matches!(object, Object::Commit(_)) {
                            self.problem(ProblemKind::NoCommit { chunk }, &path);
                        }
                        self.push_children(chunk, &object, &path);
                    }
                    Err(kind) => {
                        self.unsound += u64::from(!matches!(kind, ProblemKind::Missing { .. }));
                        self.problem(kind, &path);
                    }
                }
            }
            (self.progress)(Progress {
                chunks: self.report.chunks,
                pending: self.stack.len(),
                problems: self.report.problems.len(),
            });
        }
        Ok(())
    }

    fn push_children(&mut self, hash: Hash, object: &Object, path: &Path) {
        match object {
            Object::Commit(commit) => {
                let within: Path = format!("{path} › commit {}", hash.short()).into();
                self.stack.push((commit.root, within, Expected::Other));
                self.stack.extend(commit.parents.iter().map(|parent| (*parent, Arc::clone(path), Expected::Commit)));
            }
            Object::Root(root) => {
                for entry in root.tables.values() {
                    let within: Path = format!("{path} › table {}", entry.name).into();
                    self.stack.push((entry.schema, Arc::clone(&within), Expected::Other));
                    self.stack.extend(entry.tree.root.map(|tree| (tree, within, Expected::Other)));
                }
            }
            other => {
                self.stack.extend(other.children().into_iter().map(|child| (child, Arc::clone(path), Expected::Other)));
            }
        }
    }

    /// Those of the chunks that are there, unpacked and checked.
    async fn read(&mut self, hashes: Vec<Hash>) -> Result<HashMap<Hash, Result<Object, ProblemKind>>, StorageError> {
        let frames = self.store.database.frames(hashes.clone()).await?;
        let found: Vec<(Hash, Bytes)> =
            hashes.into_iter().zip(frames).filter_map(|(hash, frame)| Some((hash, frame?))).collect();
        let database = Arc::clone(&self.store.database);
        let work = move || {
            let bases = Bases::of(&database, found.iter().map(|(_, frame)| frame), |_| None)?;
            let objects = found.iter().map(|(hash, frame)| (*hash, examine(*hash, frame, &bases))).collect();
            Ok((objects, bases.found().collect::<Vec<_>>()))
        };
        let (objects, bases) = self.store.database.compute(ATTEMPTED, work).await??;
        self.bases.extend(bases);
        Ok(objects)
    }

    async fn page<T: SurrealValue>(
        &self,
        statement: &'static str,
        table: &'static str,
        last: Option<RecordId>,
    ) -> Result<Vec<T>, StorageError> {
        self.query(statement, vars! { range: records::after(table, last), limit: PAGE }).await
    }

    async fn query<T: SurrealValue>(
        &self,
        statement: &'static str,
        variables: surrealdb::types::Variables,
    ) -> Result<T, StorageError> {
        self.store.database.query(ATTEMPTED, statement, variables).await
    }

    async fn path_in(
        &mut self,
        dataset: DatasetId,
        datasets: &BTreeMap<DatasetId, String>,
        part: &str,
    ) -> Result<Path, StorageError> {
        let address = match datasets.get(&dataset) {
            Some(address) => Some(address.clone()),
            // Perhaps made since the list was read.
            None => self.store.dataset_by_id(dataset).await?.map(|dataset| dataset.address()),
        };
        if let Some(address) = address {
            return Ok(format!("{address} › {part}").into());
        }
        let path: Path = part.into();
        self.problem(ProblemKind::NoDataset { dataset }, &path);
        Ok(path)
    }

    fn problem(&mut self, kind: ProblemKind, path: &Path) {
        self.report.problems.push(Problem { kind, path: path.to_string() });
    }
}

fn examine(chunk: Hash, frame: &Bytes, bases: &Bases) -> Result<Object, ProblemKind> {
    bases.open(chunk, frame).map(|(object, _)| object).map_err(|error| match error {
        Unopened::NoBase { base } => ProblemKind::NoBase { chunk, base },
        Unopened::Frame(FrameError::Decode(error)) => ProblemKind::Undecodable { chunk, reason: error.to_string() },
        other => ProblemKind::Corrupt { chunk, reason: other.to_string() },
    })
}

fn draft_in_words(id: &DraftId) -> String {
    format!("draft of {} on {}", id.person, id.branch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, DraftRow, SaveDraft};

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_without_their_draft_are_a_problem() {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("nobody else has it open");
        let id = DraftId { dataset: DatasetId::generate(), branch: "main".to_owned(), person: "ada".into() };
        let row = DraftRow { table: versioning::TableId(1), key: b"k".to_vec(), patch: vec![] };
        let save = SaveDraft {
            id: id.clone(),
            expected_revision: None,
            base: Hash::of(b"base"),
            puts: vec![row],
            removals: vec![],
            at: 0,
        };
        store.save_draft(&store.lease(), save).await.expect("no draft yet");
        let draft = vars! { id: records::draft(&id) };
        let () = store.database.query("lose the draft", "{ DELETE $id; RETURN NONE }", draft).await.expect("open");
        let report = store.verify(|_| ()).await.expect("an open store");
        let kinds: Vec<_> = report.problems.into_iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::NoDataset { dataset: id.dataset }, ProblemKind::RowsWithoutDraft { rows: 1 }]);
    }
}
