//! Datasets: the documents that give a history its name and place.

use serde::{Deserialize, Serialize};
use surrealdb::types::{Array, Object, RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;

use crate::{DatasetId, Lease, PersonName, StorageError, Store, people::turn, records};

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its id; stays when it is renamed.
    pub id: DatasetId,
    /// The first part of its address.
    pub owner: PersonName,
    /// The second part of its address; unique for the owner.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// The branch that is shown first.
    pub default_branch: String,
    /// When it was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it or one of its branches last changed, in µs since 1970 UTC.
    pub updated_at: i64,
    /// What it was forked from, the nearest first: whose commits are its commits too.
    pub lineage: Vec<Ancestor>,
    /// Who may read it without a role in it.
    pub visibility: Visibility,
    /// The rules of its branches, as the hub writes them; none where there are none.
    pub protection: Option<String>,
    /// When somebody deleted it, in µs since 1970 UTC. It is found by [`Store::deleted_datasets`] only, until it is
    /// brought back or deleted for good.
    pub deleted_at: Option<i64>,
    /// Since when it can be read and not changed, in µs since 1970 UTC.
    pub archived_at: Option<i64>,
}

/// Who may read a dataset without a role in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Everybody.
    Public,
}

impl Visibility {
    /// As it is stored: `private` or `public`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// A dataset that another one was forked from, directly or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// The dataset; it may be gone.
    pub dataset: DatasetId,
    /// The commits that it listed later than this are not the fork's; in µs since 1970 UTC.
    pub until: i64,
}

/// What to change in a dataset; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct DatasetChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new title.
    pub title: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new default branch.
    pub default_branch: Option<String>,
    /// Who may read it from now on without a role in it.
    pub visibility: Option<Visibility>,
    /// Delete it so that it can be brought back, or bring it back.
    pub deleted_at: Option<Option<i64>>,
    /// Archive it, or let it be changed again.
    pub archived_at: Option<Option<i64>>,
}

/// Where a page of datasets ended; the next one begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetCursor {
    /// [`Dataset::updated_at`] of the last one.
    pub updated_at: i64,
    /// Its id.
    pub id: DatasetId,
}

#[derive(SurrealValue)]
struct Row {
    id: RecordId,
    owner: String,
    name: String,
    title: String,
    description: String,
    default_branch: String,
    created_at: i64,
    updated_at: i64,
    lineage: Option<Vec<Uuid>>,
    lineage_until: Option<Vec<i64>>,
    visibility: Option<String>,
    protection: Option<String>,
    deleted_at: Option<i64>,
    archived_at: Option<i64>,
}

impl Dataset {
    /// The address: `owner/name`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The cursor of a page that ends with this one.
    #[must_use]
    pub fn cursor(&self) -> DatasetCursor {
        DatasetCursor { updated_at: self.updated_at, id: self.id }
    }

    fn from_row(row: Row, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            id: DatasetId(records::uuid_of(&row.id, attempted)?),
            owner: PersonName(row.owner),
            name: row.name,
            title: row.title,
            description: row.description,
            default_branch: row.default_branch,
            created_at: row.created_at,
            updated_at: row.updated_at,
            lineage: lineage(row.lineage, row.lineage_until),
            // Nobody reads by mistake what somebody meant for themselves.
            visibility: if row.visibility.as_deref() == Some("public") {
                Visibility::Public
            } else {
                Visibility::Private
            },
            protection: row.protection,
            deleted_at: row.deleted_at,
            archived_at: row.archived_at,
        })
    }

    fn content(&self) -> Object {
        object! {
            owner: self.owner.as_str(),
            name: self.name.as_str(),
            title: self.title.as_str(),
            description: self.description.as_str(),
            default_branch: self.default_branch.as_str(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            visibility: self.visibility.as_str(),
            protection: self.protection.clone(),
            deleted_at: self.deleted_at,
            archived_at: self.archived_at,
            origin: self.lineage.first().map(|origin| origin.dataset.0),
            lineage: (!self.lineage.is_empty()).then(|| self.lineage.iter().map(|of| of.dataset.0).collect::<Vec<_>>()),
            lineage_until: (!self.lineage.is_empty()).then(|| self.lineage.iter().map(|of| of.until).collect::<Vec<_>>()),
        }
    }
}

/// A lineage from its two fields.
pub(crate) fn lineage(datasets: Option<Vec<Uuid>>, until: Option<Vec<i64>>) -> Vec<Ancestor> {
    let pairs = datasets.unwrap_or_default().into_iter().zip(until.unwrap_or_default());
    pairs.map(|(dataset, until)| Ancestor { dataset: DatasetId(dataset), until }).collect()
}

impl Store {
    /// Makes a dataset.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when the owner has one of that name, or one with that id exists;
    /// [`StorageError::NotFound`] of a namespace when the owner has gone.
    pub async fn create_dataset(&self, dataset: &Dataset) -> Result<(), StorageError> {
        // The unique index decides between two at once: one of them is tried again and then finds the other.
        let outcome: String = self
            .database
            .query_keeping(
                self.known.forgetting(dataset.id),
                "create the dataset",
                "{
                    -- Of this and an end of the namespace one is done again.
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF !record::exists($organisation)
                        AND array::len((SELECT VALUE id FROM person WHERE name = $content.owner)) = 0
                        -- Before there are accounts everything is the one person's.
                        AND array::len((SELECT VALUE id FROM person LIMIT 1)) > 0
                    {
                        RETURN 'nobody'
                    };
                    LET $same = (SELECT VALUE id FROM dataset WHERE owner = $content.owner AND name = $content.name);
                    IF array::len($same) > 0 OR record::exists($id) { RETURN 'exists' };
                    DELETE moved WHERE owner = $content.owner AND name = $content.name;
                    CREATE $id CONTENT $content RETURN NONE;
                    RETURN 'made'
                }",
                vars! {
                    id: records::dataset(dataset.id),
                    content: Value::Object(dataset.content()),
                    organisation: records::organisation(&dataset.owner),
                    names: records::setting("names"),
                    turn: turn(),
                },
            )
            .await?;
        match outcome.as_str() {
            "made" => Ok(()),
            "nobody" => Err(nobody(&dataset.owner)),
            _ => Err(exists(dataset.address())),
        }
    }

    /// Makes a dataset that begins with the branches and tags of another one, and has its commits up to now as its own.
    /// What is written follows the number of branches and tags, not what they hold.
    ///
    /// # Errors
    /// As [`Self::create_dataset`]; [`StorageError::NotFound`] when the origin is gone.
    pub async fn fork_dataset(&self, lease: &Lease, fork: &Dataset) -> Result<(), StorageError> {
        let origin = fork.lineage.first().map(|origin| origin.dataset);
        let origin = origin.ok_or_else(|| StorageError::NotFound { what: "dataset", name: String::from("origin") })?;
        let refs = self.refs(origin, None).await?;
        lease.note(refs.iter().map(|each| each.head)).await;
        let copies = refs.iter().map(|each| {
            let id = records::dataset_ref(fork.id, each.kind, &each.name);
            Value::Object(object! { id: id, head: each.head.to_string() })
        });
        let outcome: String = self
            .database
            .query_keeping(
                (lease.clone(), self.known.forgetting(fork.id)),
                "fork the dataset",
                "{
                    IF !record::exists($origin) { RETURN 'gone' };
                    -- Of this and an end of the namespace one is done again.
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF !record::exists($organisation)
                        AND array::len((SELECT VALUE id FROM person WHERE name = $content.owner)) = 0
                        -- Before there are accounts everything is the one person's.
                        AND array::len((SELECT VALUE id FROM person LIMIT 1)) > 0
                    {
                        RETURN 'nobody'
                    };
                    LET $same = (SELECT VALUE id FROM dataset WHERE owner = $content.owner AND name = $content.name);
                    IF array::len($same) > 0 OR record::exists($id) { RETURN 'exists' };
                    DELETE moved WHERE owner = $content.owner AND name = $content.name;
                    CREATE $id CONTENT $content RETURN NONE;
                    IF array::len($refs) > 0 { INSERT INTO dataset_ref $refs RETURN NONE };
                    RETURN 'made'
                }",
                vars! {
                    origin: records::dataset(origin),
                    id: records::dataset(fork.id),
                    content: Value::Object(fork.content()),
                    organisation: records::organisation(&fork.owner),
                    names: records::setting("names"),
                    turn: turn(),
                    refs: Value::Array(Array::from(copies.collect::<Vec<_>>())),
                },
            )
            .await?;
        match outcome.as_str() {
            "made" => Ok(()),
            "gone" => Err(StorageError::NotFound { what: "dataset", name: origin.to_string() }),
            "nobody" => Err(nobody(&fork.owner)),
            _ => Err(exists(fork.address())),
        }
    }

    /// The datasets that were forked from this one, directly, the last updated first: at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forks_of(&self, origin: DatasetId, limit: usize) -> Result<Vec<Dataset>, StorageError> {
        let attempted = "list the forks";
        let statement =
            "SELECT * FROM dataset WHERE origin = $origin AND deleted_at = NONE ORDER BY updated_at DESC LIMIT $limit";
        let rows: Vec<Row> =
            self.database.query(attempted, statement, vars! { origin: origin.0, limit: limit }).await?;
        rows.into_iter().map(|row| Dataset::from_row(row, attempted)).collect()
    }

    /// The dataset at `owner/name`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn dataset(&self, owner: &PersonName, name: &str) -> Result<Option<Dataset>, StorageError> {
        let attempted = "read the dataset";
        if let Some(dataset) = self.known.dataset(owner, name) {
            return Ok(Some(dataset));
        }
        let since = self.known.now();
        let rows: Vec<Row> = self
            .database
            .query(
                attempted,
                "SELECT * FROM dataset WHERE owner = $owner AND name = $name",
                vars! { owner: owner.as_str(), name: name },
            )
            .await?;
        let dataset = rows.into_iter().next().map(|row| Dataset::from_row(row, attempted)).transpose()?;
        let dataset = dataset.filter(|dataset| dataset.deleted_at.is_none());
        if let Some(dataset) = &dataset {
            self.known.note_dataset(since, dataset);
        }
        Ok(dataset)
    }

    /// The dataset of this id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn dataset_by_id(&self, id: DatasetId) -> Result<Option<Dataset>, StorageError> {
        let attempted = "read the dataset";
        let row: Option<Row> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::dataset(id) }).await?;
        let dataset = row.map(|row| Dataset::from_row(row, attempted)).transpose()?;
        Ok(dataset.filter(|dataset| dataset.deleted_at.is_none()))
    }

    /// Datasets that were deleted and can be brought back, of these owners or of all, the last deleted first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deleted_datasets(&self, owners: Option<&[PersonName]>) -> Result<Vec<Dataset>, StorageError> {
        let attempted = "list the deleted datasets";
        let statement = "SELECT * FROM dataset WHERE deleted_at != NONE AND ($owners = NONE OR owner IN $owners)
            ORDER BY deleted_at DESC";
        let rows: Vec<Row> = self.database.query(attempted, statement, vars! { owners: owners.map(texts) }).await?;
        rows.into_iter().map(|row| Dataset::from_row(row, attempted)).collect()
    }

    /// Datasets, of one owner or of all, the last updated first: at most `limit`, from after the cursor on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn datasets(
        &self,
        owner: Option<&PersonName>,
        after: Option<DatasetCursor>,
        limit: usize,
    ) -> Result<Vec<Dataset>, StorageError> {
        let attempted = "list the datasets";
        let cursor = after
            .map(|cursor| Value::Object(object! { updated_at: cursor.updated_at, id: records::dataset(cursor.id) }));
        let rows: Vec<Row> = self
            .database
            .query(
                attempted,
                "SELECT * FROM dataset
                    WHERE deleted_at = NONE
                        AND ($owner = NONE OR owner = $owner)
                        AND ($cursor = NONE OR updated_at < $cursor.updated_at
                            OR (updated_at = $cursor.updated_at AND id < $cursor.id))
                    ORDER BY updated_at DESC, id DESC
                    LIMIT $limit",
                vars! { owner: owner.map(|owner| owner.as_str().to_owned()), cursor: cursor, limit: limit },
            )
            .await?;
        rows.into_iter().map(|row| Dataset::from_row(row, attempted)).collect()
    }

    /// The datasets of these owners, the public ones and these, all or only those `within` one namespace, the last updated
    /// first: at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn datasets_for(
        &self,
        owners: &[PersonName],
        also: &[DatasetId],
        within: Option<&PersonName>,
        limit: usize,
    ) -> Result<Vec<Dataset>, StorageError> {
        let attempted = "list the datasets";
        let also: Vec<RecordId> = also.iter().map(|id| records::dataset(*id)).collect();
        let rows: Vec<Row> = self
            .database
            .query(
                attempted,
                "SELECT * FROM dataset
                    WHERE deleted_at = NONE AND ($within = NONE OR owner = $within)
                        AND (owner IN $owners OR visibility = 'public' OR id IN $also)
                    ORDER BY updated_at DESC, id DESC
                    LIMIT $limit",
                vars! {
                    owners: texts(owners),
                    also: also,
                    within: within.map(|owner| owner.as_str().to_owned()),
                    limit: limit,
                },
            )
            .await?;
        rows.into_iter().map(|row| Dataset::from_row(row, attempted)).collect()
    }

    /// Changes a dataset's document and returns it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], or [`StorageError::AlreadyExists`] when the owner has another one of the new name.
    pub async fn update_dataset(
        &self,
        id: DatasetId,
        changes: &DatasetChanges,
        at: i64,
    ) -> Result<Dataset, StorageError> {
        #[derive(SurrealValue)]
        struct Outcome {
            taken: Option<String>,
            dataset: Option<Row>,
        }
        let attempted = "change the dataset";
        let mut fields = object! { updated_at: at };
        for (field, value) in [
            ("name", &changes.name),
            ("title", &changes.title),
            ("description", &changes.description),
            ("default_branch", &changes.default_branch),
        ] {
            if let Some(value) = value {
                fields.insert(field.to_owned(), Value::String(value.clone()));
            }
        }
        if let Some(deleted_at) = changes.deleted_at {
            fields.insert("deleted_at".to_owned(), deleted_at.map_or(Value::None, |at| at.into_value()));
        }
        if let Some(archived_at) = changes.archived_at {
            fields.insert("archived_at".to_owned(), archived_at.map_or(Value::None, |at| at.into_value()));
        }
        if let Some(visibility) = changes.visibility {
            fields.insert("visibility".to_owned(), Value::String(visibility.as_str().to_owned()));
        }
        let outcome: Outcome = self
            .database
            .query_keeping(
                self.known.forgetting(id),
                attempted,
                "{
                    LET $now = (SELECT * FROM ONLY $id);
                    IF $now = NONE { RETURN {} };
                    LET $name = $fields.name ?? $now.name;
                    LET $same = (
                        SELECT VALUE id FROM dataset WHERE owner = $now.owner AND name = $name AND id != $id
                    );
                    IF array::len($same) > 0 { RETURN { taken: $now.owner + '/' + $name } };
                    IF $name != $now.name {
                        -- The old address leads here; what led from the new one elsewhere is over.
                        DELETE moved WHERE owner = $now.owner AND (name = $name OR name = $now.name);
                        CREATE moved SET owner = $now.owner, name = $now.name, dataset = $uuid RETURN NONE
                    };
                    RETURN { dataset: (UPDATE ONLY $id MERGE $fields) }
                }",
                vars! { id: records::dataset(id), uuid: id.0, fields: Value::Object(fields) },
            )
            .await?;
        match outcome {
            Outcome { taken: Some(address), .. } => Err(exists(address)),
            Outcome { dataset: Some(row), .. } => Dataset::from_row(row, attempted),
            Outcome { .. } => Err(StorageError::NotFound { what: "dataset", name: id.to_string() }),
        }
    }

    /// Replaces the rules of its branches, if they still are as `expected`. Whether it did.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn set_protection(
        &self,
        id: DatasetId,
        expected: Option<&str>,
        new: &str,
        at: i64,
    ) -> Result<bool, StorageError> {
        let outcome: String = self
            .database
            .query_keeping(
                self.known.forgetting(id),
                "set the rules of a branch",
                "{
                    IF !record::exists($id) { RETURN 'missing' };
                    IF $id.protection != $expected { RETURN 'stale' };
                    UPDATE $id SET protection = $new, updated_at = $at RETURN NONE;
                    RETURN 'done'
                }",
                vars! { id: records::dataset(id), expected: expected.map(str::to_owned), new: new, at: at },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(true),
            "stale" => Ok(false),
            _ => Err(StorageError::NotFound { what: "dataset", name: id.to_string() }),
        }
    }

    /// Deletes a dataset with its refs and drafts, and no commit belongs to it any more. Chunks and jobs stay; so does the
    /// list of its commits where there are forks, whose commits they are.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn delete_dataset(&self, id: DatasetId) -> Result<(), StorageError> {
        let deleted: bool = self
            .database
            .query_keeping(
                self.known.forgetting(id),
                "delete the dataset",
                "{
                    IF !record::exists($id) { RETURN false };
                    LET $forks = (SELECT VALUE id FROM dataset WHERE lineage CONTAINS $uuid LIMIT 1);
                    DELETE $parts;
                    IF array::len($forks) = 0 { DELETE $commits };
                    DELETE moved WHERE dataset = $uuid;
                    DELETE $id;
                    RETURN true
                }",
                vars! {
                    id: records::dataset(id),
                    uuid: id.0,
                    parts: records::parts_of(id).to_vec(),
                    commits: records::dataset_commits(id, ""),
                },
            )
            .await?;
        if !deleted {
            return Err(StorageError::NotFound { what: "dataset", name: id.to_string() });
        }
        self.leases.leave_something();
        Ok(())
    }
}

fn texts(names: &[PersonName]) -> Vec<String> {
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

/// There is neither a person nor an organisation of this name.
pub(crate) fn nobody(owner: &PersonName) -> StorageError {
    StorageError::NotFound { what: "namespace", name: owner.to_string() }
}

fn exists(address: String) -> StorageError {
    StorageError::AlreadyExists { what: "dataset", name: address }
}
