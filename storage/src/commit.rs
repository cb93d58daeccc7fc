//! The one transaction that moves a branch.

use surrealdb::types::{SurrealValue, Value, object, vars};
use versioning::Hash;

use crate::{
    AuditEntry, Chunk, CommitRecord, DatasetId, DraftId, JobUpdate, Lease, RefKind, StorageError, Store,
    chunks::{needed, put_chunks, rows},
    drafts::stale_draft,
    jobs::{self, Guard},
    records::{self, parse_hash},
};

/// A commit to be made the head of a branch.
#[derive(Clone, Debug)]
pub struct CommitWrite {
    /// The last of its chunks, up to [`crate::MAX_BATCH_BYTES`]: they are written in the same transaction, which saves a
    /// small commit one wait for the disk. The others are stored before.
    pub chunks: Vec<Chunk>,
    /// The dataset.
    pub dataset: DatasetId,
    /// The branch.
    pub branch: String,
    /// The head that the branch must have; `None`: there must be no such branch.
    pub expected: Option<Hash>,
    /// The commit, the new head.
    pub new: Hash,
    /// The commit's parents.
    pub parents: Vec<Hash>,
    /// Commits of another dataset that become this one's as well: what a merge from there brings.
    pub brought: Vec<CommitRecord>,
    /// Now, in µs since 1970 UTC.
    pub at: i64,
    /// The draft that the commit contains, at the revision it was read: it ends.
    pub draft: Option<(DraftId, u64)>,
    /// The job that the commit completes.
    pub job: Option<JobUpdate>,
    /// What the audit log says of it.
    pub audit: Option<AuditEntry>,
}

/// What the transaction found; nothing in it: the branch has moved.
#[derive(Debug, SurrealValue)]
struct Outcome {
    lost: Option<String>,
    head: Option<String>,
    revision: Option<i64>,
    state: Option<String>,
}

/// The transaction. Every condition comes before the first write, so that a lost one changes nothing. `$brings` is what a
/// merge from another dataset does besides: each statement costs, and the others do without it.
macro_rules! commit {
    ($brings:literal) => {
        concat!(
            "{
    IF $ref.head != $expected { RETURN { lost: 'head', head: $ref.head } };
    IF $expected = NONE AND !record::exists($dataset) { RETURN { lost: 'dataset' } };
    IF $draft != NONE AND $draft.revision != $draft_revision {
        RETURN { lost: 'draft', revision: $draft.revision }
    };
    IF $job != NONE {
        LET $state = $job.state;
        IF $state = NONE OR $state NOT IN $job_states { RETURN { lost: 'job', state: $state } };
    };
    ",
            put_chunks!(),
            "
    UPSERT $ref SET head = $new RETURN NONE;
",
            $brings,
            "
    UPSERT $commit SET parents = $parents, at = $at RETURN NONE;
    UPDATE $dataset SET updated_at = $at RETURN NONE;
    IF $draft != NONE { UPDATE $draft SET revision = 0 RETURN NONE };
    IF $job != NONE { UPDATE $job MERGE $job_changes RETURN NONE };
    IF $audit != NONE { CREATE $audit CONTENT $audit_content RETURN NONE };
    RETURN {};
}"
        )
    };
}

const COMMIT: &str = commit!("");
const COMMIT_BROUGHT: &str = commit!("INSERT IGNORE INTO dataset_commit $brought RETURN NONE;");

impl Store {
    /// Moves a branch to a new commit and lists it among the dataset's commits; with it, ends the draft and updates the
    /// job. All of it in one transaction, or nothing.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when the dataset is gone; [`StorageError::StaleHead`], [`StorageError::StaleDraft`] or
    /// [`StorageError::StaleJob`] with what is there, when it is not what was expected.
    pub async fn commit(&self, lease: &Lease, write: CommitWrite) -> Result<(), StorageError> {
        let attempted = "commit";
        let brought = write.brought.iter().map(|commit| commit.hash);
        lease.note(needed(&write.chunks).chain([write.new]).chain(write.parents.iter().copied()).chain(brought)).await;
        let mut variables = vars! {
            dataset: records::dataset(write.dataset),
            chunks: rows(write.chunks)?,
            ref: records::dataset_ref(write.dataset, RefKind::Branch, &write.branch),
            expected: write.expected.map(|hash| hash.to_string()),
            new: write.new.to_string(),
            commit: records::dataset_commit(write.dataset, write.new),
            parents: write.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
            at: write.at,
        };
        let statement = if write.brought.is_empty() { COMMIT } else { COMMIT_BROUGHT };
        if !write.brought.is_empty() {
            let listed = write.brought.iter().map(|commit| {
                Value::Object(object! {
                    id: records::dataset_commit(write.dataset, commit.hash),
                    parents: commit.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    at: commit.at,
                })
            });
            variables.insert("brought", listed.collect::<Vec<_>>().into_value());
        }
        let (draft, revision) = match &write.draft {
            Some((id, revision)) => (records::draft(id).into_value(), revision.into_value()),
            None => (Value::None, Value::None),
        };
        variables.insert("draft", draft);
        variables.insert("draft_revision", revision);
        let Guard { job, states, changes } = jobs::guard(write.job.as_ref());
        variables.insert("job", job);
        variables.insert("job_states", states);
        variables.insert("job_changes", changes);
        let audit = write.audit.as_ref().map(AuditEntry::record);
        let (audit, content) = audit.map_or((Value::None, Value::None), |(id, content)| (id.into_value(), content));
        variables.insert("audit", audit);
        variables.insert("audit_content", content);

        let kept = (lease.clone(), self.known.forgetting(write.dataset));
        let outcome: Outcome = self.database.query_keeping(kept, attempted, statement, variables).await?;
        match (outcome.lost.as_deref(), write.draft, write.job) {
            (None, draft, _) => {
                lease.has_committed();
                if let Some((draft, _)) = draft {
                    self.clear_soon(&draft);
                }
                Ok(())
            }
            (Some("dataset"), ..) => Err(StorageError::NotFound { what: "dataset", name: write.dataset.to_string() }),
            (Some("draft"), Some((id, expected)), _) => Err(stale_draft(id, Some(expected), outcome.revision)),
            (Some("job"), _, Some(job)) => Err(jobs::stale(job.id, outcome.state.as_deref(), attempted)),
            _ => Err(StorageError::StaleHead {
                branch: write.branch,
                expected: write.expected,
                current: outcome.head.map(|text| parse_hash(&text, attempted)).transpose()?,
            }),
        }
    }
}
