//! Refs (branches and tags), and which commits belong to a dataset.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;
use versioning::Hash;

use crate::{
    Ancestor, DatasetId, Lease, StorageError, Store, datasets,
    records::{self, Parts, parse_hash},
};

/// What a ref is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefKind {
    /// Moves with each commit.
    Branch,
    /// Stays.
    Tag,
}

/// A name for a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// The dataset it belongs to.
    pub dataset: DatasetId,
    /// Branch or tag.
    pub kind: RefKind,
    /// Its name; unique for dataset and kind.
    pub name: String,
    /// The commit.
    pub head: Hash,
}

/// That a commit belongs to a dataset: chunks are shared by all of them, so the hash alone does not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRecord {
    /// The commit.
    pub hash: Hash,
    /// Its parents.
    pub parents: Vec<Hash>,
    /// When it was made, in µs since 1970 UTC.
    pub at: i64,
}

#[derive(SurrealValue)]
struct RefRow {
    id: RecordId,
    head: String,
}

/// What became of a deletion.
#[derive(SurrealValue)]
struct RefDeletion {
    outcome: String,
    by: Option<String>,
    head: Option<String>,
}

#[derive(SurrealValue)]
struct CommitRow {
    id: RecordId,
    parents: Vec<String>,
    at: i64,
}

impl RefKind {
    /// As in keys: `branch` or `tag`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

impl std::str::FromStr for RefKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Branch, Self::Tag].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

impl Ref {
    fn from_row(row: &RefRow, attempted: &'static str) -> Result<Self, StorageError> {
        let parts = Parts::of(&row.id, attempted);
        Ok(Self {
            dataset: parts.dataset()?,
            kind: parts.parse(1)?,
            name: parts.text(2)?.to_owned(),
            head: parse_hash(&row.head, attempted)?,
        })
    }
}

impl CommitRecord {
    fn from_row(row: &CommitRow, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            hash: Parts::of(&row.id, attempted).parse(1)?,
            parents: row.parents.iter().map(|text| parse_hash(text, attempted)).collect::<Result<_, _>>()?,
            at: row.at,
        })
    }
}

impl Store {
    /// The head of a ref.
    ///
    /// # Errors
    /// The database failed.
    pub async fn head(&self, dataset: DatasetId, kind: RefKind, name: &str) -> Result<Option<Hash>, StorageError> {
        let attempted = "read the ref";
        if let Some(head) = self.known.head(dataset, kind, name) {
            return Ok(head);
        }
        let since = self.known.now();
        let id = records::dataset_ref(dataset, kind, name);
        let head: Option<String> = self.database.query(attempted, "RETURN $id.head", vars! { id: id }).await?;
        let head = head.map(|text| parse_hash(&text, attempted)).transpose()?;
        self.known.note_head(since, dataset, kind, name, head);
        Ok(head)
    }

    /// The refs of a dataset, of one kind or all, by kind and name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refs(&self, dataset: DatasetId, kind: Option<RefKind>) -> Result<Vec<Ref>, StorageError> {
        let attempted = "list the refs";
        let range = records::dataset_refs(dataset, kind);
        let rows: Vec<RefRow> = self.database.query(attempted, "SELECT * FROM $range", vars! { range: range }).await?;
        rows.iter().map(|row| Ref::from_row(row, attempted)).collect()
    }

    /// Makes a ref for a commit that the dataset has already.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when there is one of that kind and name; [`StorageError::NotFound`] when the
    /// commit does not belong to the dataset.
    pub async fn create_ref(&self, lease: &Lease, new: &Ref) -> Result<(), StorageError> {
        let unknown = || StorageError::NotFound { what: "commit", name: new.head.to_string() };
        if self.leases.is_closed(new.dataset, new.head) {
            return Err(unknown());
        }
        lease.note([new.head]).await;
        let mut outcome = self.try_create_ref(lease, new, false).await?;
        // Only a fork has commits that it does not list.
        if outcome == "unknown" && self.inherited(new.dataset, &[new.head]).await?.contains(&new.head) {
            outcome = self.try_create_ref(lease, new, true).await?;
        }
        match outcome.as_str() {
            "created" => Ok(()),
            "exists" => Err(StorageError::AlreadyExists { what: new.kind.as_str(), name: new.name.clone() }),
            _ => Err(unknown()),
        }
    }

    async fn try_create_ref(&self, lease: &Lease, new: &Ref, inherited: bool) -> Result<String, StorageError> {
        self.database
            .query_keeping(
                (lease.clone(), self.known.forgetting(new.dataset)),
                "create the ref",
                "{
                    IF record::exists($id) { RETURN 'exists' };
                    IF !$inherited AND !record::exists($commit) { RETURN 'unknown' };
                    CREATE $id SET head = $head RETURN NONE;
                    RETURN 'created'
                }",
                vars! {
                    id: records::dataset_ref(new.dataset, new.kind, &new.name),
                    commit: records::dataset_commit(new.dataset, new.head),
                    head: new.head.to_string(),
                    inherited: inherited,
                },
            )
            .await
    }

    /// Makes a branch for a commit of another dataset that shares its history; these commits become the dataset's, the
    /// branch's among them.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when there is one of that name.
    pub async fn bring_branch(&self, lease: &Lease, new: &Ref, brought: &[CommitRecord]) -> Result<(), StorageError> {
        if self.leases.is_closed(new.dataset, new.head) {
            return Err(StorageError::NotFound { what: "commit", name: new.head.to_string() });
        }
        lease.note(brought.iter().map(|commit| commit.hash).chain([new.head])).await;
        let listed = brought.iter().map(|commit| {
            Value::Object(object! {
                id: records::dataset_commit(new.dataset, commit.hash),
                parents: commit.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
                at: commit.at,
            })
        });
        let created: bool = self
            .database
            .query_keeping(
                (lease.clone(), self.known.forgetting(new.dataset)),
                "create the branch",
                "{
                    IF record::exists($id) { RETURN false };
                    INSERT IGNORE INTO dataset_commit $brought RETURN NONE;
                    CREATE $id SET head = $head RETURN NONE;
                    RETURN true
                }",
                vars! {
                    id: records::dataset_ref(new.dataset, RefKind::Branch, &new.name),
                    head: new.head.to_string(),
                    brought: listed.collect::<Vec<_>>(),
                },
            )
            .await?;
        if created {
            Ok(())
        } else {
            Err(StorageError::AlreadyExists { what: RefKind::Branch.as_str(), name: new.name.clone() })
        }
    }

    /// Deletes a ref, and returns the commit that it named.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is none; [`StorageError::InUse`] when somebody has a draft on the branch.
    pub async fn delete_ref(&self, dataset: DatasetId, kind: RefKind, name: &str) -> Result<Hash, StorageError> {
        let outcome: RefDeletion = self
            .database
            .query_keeping(
                self.known.forgetting(dataset),
                "delete the ref",
                "{
                    IF !record::exists($id) { RETURN { outcome: 'unknown' } };
                    LET $person = IF $kind = 'branch' { (SELECT VALUE person FROM $drafts WHERE revision > 0 LIMIT 1)[0] };
                    IF $person != NONE { RETURN { outcome: 'used', by: $person } };
                    LET $head = $id.head;
                    DELETE $id;
                    RETURN { outcome: 'deleted', head: $head }
                }",
                vars! {
                    id: records::dataset_ref(dataset, kind, name),
                    kind: kind.as_str(),
                    drafts: records::drafts_on(dataset, name),
                },
            )
            .await?;
        match (outcome.outcome.as_str(), outcome.by) {
            ("deleted", _) => parse_hash(&outcome.head.unwrap_or_default(), "delete the ref"),
            ("used", Some(by)) => Err(StorageError::InUse { by }),
            _ => Err(StorageError::NotFound { what: kind.as_str(), name: name.to_owned() }),
        }
    }

    /// Whether the commit belongs to the dataset.
    ///
    /// # Errors
    /// The database failed.
    pub async fn commit_exists(&self, dataset: DatasetId, commit: Hash) -> Result<bool, StorageError> {
        if self.leases.is_closed(dataset, commit) {
            return Ok(false);
        }
        let id = records::dataset_commit(dataset, commit);
        let own: bool =
            self.database.query("look up the commit", "RETURN record::exists($id)", vars! { id: id }).await?;
        Ok(own || self.inherited(dataset, &[commit]).await?.contains(&commit))
    }

    /// Those of the commits that the dataset has from what it was forked from.
    async fn inherited(&self, dataset: DatasetId, commits: &[Hash]) -> Result<HashSet<Hash>, StorageError> {
        #[derive(SurrealValue)]
        struct Listed {
            id: RecordId,
            at: i64,
        }
        let attempted = "look up the commit";
        let mut inherited = HashSet::new();
        for Ancestor { dataset, until } in self.lineage(dataset).await? {
            let open = commits.iter().filter(|commit| !self.leases.is_closed(dataset, **commit));
            let ids: Vec<RecordId> = open.map(|commit| records::dataset_commit(dataset, *commit)).collect();
            let listed: Vec<Listed> =
                self.database.query(attempted, "SELECT id, at FROM $ids", vars! { ids: ids }).await?;
            for Listed { id, .. } in listed.into_iter().filter(|listed| listed.at <= until) {
                inherited.insert(Parts::of(&id, attempted).parse(1)?);
            }
        }
        Ok(inherited)
    }

    /// What the dataset was forked from, the nearest first; empty where it is no fork.
    async fn lineage(&self, dataset: DatasetId) -> Result<Vec<Ancestor>, StorageError> {
        #[derive(SurrealValue)]
        struct Fields {
            lineage: Option<Vec<Uuid>>,
            until: Option<Vec<i64>>,
        }
        let statement = "RETURN { lineage: $id.lineage, until: $id.lineage_until }";
        let variables = vars! { id: records::dataset(dataset) };
        let Fields { lineage, until } = self.database.query("look up the origin", statement, variables).await?;
        Ok(datasets::lineage(lineage, until))
    }

    /// The dataset's commits whose hash begins with these hexadecimal digits, at most `limit`, in the order of hashes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_commits_by_prefix(
        &self,
        dataset: DatasetId,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<CommitRecord>, StorageError> {
        let attempted = "look up the commit";
        let prefix = hex_prefix.to_ascii_lowercase();
        if !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let closed = self.leases.closed();
        let own = Ancestor { dataset, until: i64::MAX };
        let mut found: BTreeMap<Hash, CommitRecord> = BTreeMap::new();
        for Ancestor { dataset, until } in std::iter::once(own).chain(self.lineage(dataset).await?) {
            let range = records::dataset_commits(dataset, &prefix);
            let variables = vars! { range: range, until: until, limit: limit };
            let statement = "SELECT * FROM $range WHERE at <= $until LIMIT $limit";
            let rows: Vec<CommitRow> = self.database.query(attempted, statement, variables).await?;
            for row in rows {
                let commit = CommitRecord::from_row(&row, attempted)?;
                if !closed.contains(&(dataset, commit.hash)) {
                    found.entry(commit.hash).or_insert(commit);
                }
            }
        }
        Ok(found.into_values().take(limit).collect())
    }
}
