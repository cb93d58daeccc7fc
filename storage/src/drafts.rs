//! Drafts: one person's edits on one branch, durable as soon as they are saved.

use bytes::Bytes;
use surrealdb::types::{Array, RecordId, SurrealValue, Value, Variables, object, vars};
use versioning::{Hash, TableId};

use crate::{
    DatasetId, Lease, PersonName, StorageError, Store,
    records::{self, Parts, parse_hash},
};

/// Which draft: there is one per person and branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId {
    /// The dataset.
    pub dataset: DatasetId,
    /// The branch that the edits are for.
    pub branch: String,
    /// Whose edits.
    pub person: PersonName,
}

/// A draft, without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which.
    pub id: DraftId,
    /// The commit that the edits are laid over.
    pub base: Hash,
    /// Grows by one with each save. The first one of a draft is the time it was begun, so that a draft that was
    /// discarded and begun again never repeats a revision.
    pub revision: u64,
    /// When it was last saved, in µs since 1970 UTC.
    pub updated_at: i64,
}

/// The patch of one row; storage does not look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// The table.
    pub table: TableId,
    /// The row's key, as bytes.
    pub key: Vec<u8>,
    /// What is changed.
    pub patch: Vec<u8>,
}

/// Edits to be saved.
#[derive(Clone, Debug)]
pub struct SaveDraft {
    /// The draft.
    pub id: DraftId,
    /// The revision that the draft must have; `None`: there must be no such draft.
    pub expected_revision: Option<u64>,
    /// The commit that the edits are laid over.
    pub base: Hash,
    /// Patches to be written, over those that are there.
    pub puts: Vec<DraftRow>,
    /// Patches to be removed, where they are there.
    pub removals: Vec<(TableId, Vec<u8>)>,
    /// Now, in µs since 1970 UTC.
    pub at: i64,
}

/// The revision of a draft that is part of a commit. Deleting takes the database longer than all else in the transaction
/// of a small commit, and so is done after it; until then what is left of the draft is nobody's.
pub(crate) const ENDED: i64 = 0;

#[derive(SurrealValue)]
struct DraftDocument {
    id: RecordId,
    base: String,
    revision: i64,
    updated_at: i64,
}

#[derive(SurrealValue)]
struct PatchRow {
    id: RecordId,
    patch: Bytes,
}

/// What a guarded write found.
#[derive(SurrealValue)]
struct Outcome {
    saved: Option<i64>,
    current: Option<i64>,
}

impl Draft {
    fn from_row(row: &DraftDocument, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            id: Parts::of(&row.id, attempted).draft()?,
            base: parse_hash(&row.base, attempted)?,
            revision: row.revision.unsigned_abs(),
            updated_at: row.updated_at,
        })
    }
}

impl DraftRow {
    fn from_row(row: PatchRow, attempted: &'static str) -> Result<Self, StorageError> {
        let parts = Parts::of(&row.id, attempted);
        Ok(Self { table: parts.parse(3)?, key: parts.bytes(4)?, patch: row.patch.into() })
    }
}

impl Store {
    /// The draft, without its rows.
    ///
    /// # Errors
    /// The database failed.
    pub async fn draft(&self, id: &DraftId) -> Result<Option<Draft>, StorageError> {
        let attempted = "read the draft";
        if let Some(draft) = self.known.draft(id) {
            return Ok(draft);
        }
        let since = self.known.now();
        let row: Option<DraftDocument> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::draft(id) }).await?;
        let row = row.filter(|row| row.revision != ENDED);
        let draft = row.map(|row| Draft::from_row(&row, attempted)).transpose()?;
        self.known.note_draft(since, id, draft.as_ref());
        Ok(draft)
    }

    /// A person's drafts, the last saved first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn drafts_of(&self, person: &PersonName) -> Result<Vec<Draft>, StorageError> {
        let attempted = "list the drafts";
        let rows: Vec<DraftDocument> = self
            .database
            .query(
                attempted,
                "SELECT * FROM draft WHERE person = $person AND revision > 0 ORDER BY updated_at DESC",
                vars! { person: person.as_str() },
            )
            .await?;
        rows.iter().map(|row| Draft::from_row(row, attempted)).collect()
    }

    /// The patches of a draft, of one table or all, by table and key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn draft_rows(&self, id: &DraftId, table: Option<TableId>) -> Result<Vec<DraftRow>, StorageError> {
        let attempted = "read the draft's rows";
        let range = records::draft_rows(id, table);
        let statement = "{ IF $id.revision = 0 { RETURN [] }; RETURN (SELECT id, patch FROM $range) }";
        let variables = vars! { id: records::draft(id), range: range };
        let rows: Vec<PatchRow> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| DraftRow::from_row(row, attempted)).collect()
    }

    /// Saves edits in one transaction and returns the draft's new revision.
    ///
    /// # Errors
    /// [`StorageError::StaleDraft`] with the revision that is there, when it is not the expected one.
    pub async fn save_draft(&self, lease: &Lease, save: SaveDraft) -> Result<u64, StorageError> {
        lease.note([save.base]).await;
        let puts = save.puts.into_iter().map(|row| {
            let id = records::draft_row(&save.id, row.table, &row.key);
            Value::Object(object! { id: id, patch: Bytes::from(row.patch) })
        });
        let removals: Vec<RecordId> =
            save.removals.iter().map(|(table, key)| records::draft_row(&save.id, *table, key)).collect();
        let variables = vars! {
            id: records::draft(&save.id),
            rows: records::draft_rows(&save.id, None),
            person: save.id.person.as_str(),
            expected: save.expected_revision,
            base: save.base.to_string(),
            puts: Value::Array(Array::from(puts.collect::<Vec<_>>())),
            removals: removals,
            at: save.at,
        };
        let outcome: Outcome = self
            .database
            .query_keeping(
                (lease.clone(), self.known.forgetting_draft(&save.id)),
                "save the draft",
                "{
                    LET $found = $id.revision;
                    LET $current = IF $found > 0 { $found };
                    IF $current != $expected { RETURN { current: $current } };
                    IF $found = 0 { DELETE $rows };
                    LET $revision = IF $current = NONE { $at } ELSE { $current + 1 };
                    UPSERT $id CONTENT { person: $person, base: $base, revision: $revision, updated_at: $at }
                        RETURN NONE;
                    IF array::len($removals) > 0 { DELETE $removals };
                    IF array::len($puts) > 0 {
                        INSERT INTO draft_row $puts ON DUPLICATE KEY UPDATE patch = $input.patch RETURN NONE
                    };
                    RETURN { saved: $revision }
                }",
                variables,
            )
            .await?;
        match outcome.saved {
            Some(revision) => Ok(revision.unsigned_abs()),
            None => Err(stale_draft(save.id, save.expected_revision, outcome.current)),
        }
    }

    /// Deletes what is left of a draft that a commit has ended, without anybody waiting for it.
    pub(crate) fn clear_soon(&self, id: &DraftId) {
        // What is left when this fails is found when the store is opened, and until then in nobody's way.
        self.database.query_later(CLEARING, CLEAR, what_to_clear(id));
    }

    /// Deletes what is left of drafts that commits have ended, from before the last time the store was closed.
    pub(crate) async fn clear_ended_drafts(&self) -> Result<(), StorageError> {
        let ended = "SELECT VALUE id FROM draft WHERE revision = 0";
        let ids: Vec<RecordId> = self.database.query(CLEARING, ended, vars! {}).await?;
        for id in ids {
            let variables = what_to_clear(&Parts::of(&id, CLEARING).draft()?);
            let () = self.database.query(CLEARING, CLEAR, variables).await?;
        }
        Ok(())
    }

    /// Deletes a draft with its rows.
    ///
    /// # Errors
    /// [`StorageError::StaleDraft`] with the revision that is there, when it is not the expected one.
    pub async fn discard_draft(&self, id: &DraftId, expected_revision: u64) -> Result<(), StorageError> {
        let outcome: Outcome = self
            .database
            .query_keeping(
                self.known.forgetting_draft(id),
                "discard the draft",
                "{
                    LET $current = IF $id.revision > 0 { $id.revision };
                    IF $current != $expected { RETURN { current: $current } };
                    DELETE $id;
                    DELETE $rows;
                    RETURN { saved: $current }
                }",
                vars! { id: records::draft(id), rows: records::draft_rows(id, None), expected: expected_revision },
            )
            .await?;
        match outcome.saved {
            Some(_) => Ok(()),
            None => Err(stale_draft(id.clone(), Some(expected_revision), outcome.current)),
        }
    }
}

const CLEARING: &str = "delete an ended draft";
/// A new draft may have taken its place.
const CLEAR: &str = "{ IF $id.revision = 0 { DELETE [$id, $rows] }; RETURN NONE }";

fn what_to_clear(id: &DraftId) -> Variables {
    vars! { id: records::draft(id), rows: records::draft_rows(id, None) }
}

pub(crate) fn stale_draft(draft: DraftId, expected: Option<u64>, current: Option<i64>) -> StorageError {
    StorageError::StaleDraft { draft, expected, current: current.map(i64::unsigned_abs) }
}
