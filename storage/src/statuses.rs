//! What other systems found about commits.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use versioning::Hash;

use crate::{
    DatasetId, PersonName, StorageError, Store,
    records::{self, Parts},
};

/// What another system found about a commit. There is one of each context: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// What looked at it: unique for the commit.
    pub context: String,
    /// How it stands, as the hub names it.
    pub state: String,
    /// In words.
    pub description: String,
    /// Where more of it can be read.
    pub url: Option<String>,
    /// Who said so.
    pub author: PersonName,
    /// When, in µs since 1970 UTC.
    pub at: i64,
}

#[derive(SurrealValue)]
struct StatusRow {
    id: RecordId,
    state: String,
    description: String,
    url: Option<String>,
    author: String,
    at: i64,
}

impl Store {
    /// Keeps a status in the place of an earlier one of its context, unless the commit has `limit` of other contexts.
    /// Whether it did.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_status(
        &self,
        dataset: DatasetId,
        commit: Hash,
        status: &CommitStatus,
        limit: usize,
    ) -> Result<bool, StorageError> {
        let content = object! {
            state: status.state.as_str(),
            description: status.description.as_str(),
            url: status.url.clone(),
            author: status.author.as_str(),
            at: status.at,
        };
        let statement = "{
            IF !record::exists($id) AND array::len(SELECT VALUE id FROM $all) >= $limit { RETURN false };
            UPSERT $id CONTENT $content RETURN NONE;
            RETURN true
        }";
        let variables = vars! {
            id: records::commit_status(dataset, commit, &status.context),
            all: records::commit_statuses(dataset, commit),
            limit: limit,
            content: Value::Object(content),
        };
        self.database.query("keep the status", statement, variables).await
    }

    /// What was found about a commit, by context.
    ///
    /// # Errors
    /// The database failed.
    pub async fn statuses(&self, dataset: DatasetId, commit: Hash) -> Result<Vec<CommitStatus>, StorageError> {
        let attempted = "read the statuses";
        let range = records::commit_statuses(dataset, commit);
        let rows: Vec<StatusRow> =
            self.database.query(attempted, "SELECT * FROM $range", vars! { range: range }).await?;
        let status = |row: StatusRow| {
            Ok(CommitStatus {
                context: Parts::of(&row.id, attempted).text(2)?.to_owned(),
                state: row.state,
                description: row.description,
                url: row.url,
                author: row.author.into(),
                at: row.at,
            })
        };
        rows.into_iter().map(status).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn the_newest_of_each_context_counts() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("a store");
        let (dataset, commit) = (DatasetId(uuid::Uuid::now_v7()), Hash::of(b"one"));
        let status = |context: &str, state: &str, at: i64| CommitStatus {
            context: context.to_owned(),
            state: state.to_owned(),
            description: String::new(),
            url: (at > 1).then(|| "https://example.org/1".to_owned()),
            author: PersonName::from("ada"),
            at,
        };
        for (context, state, at) in [("b", "pending", 1), ("a", "failure", 2), ("b", "success", 3)] {
            assert!(
                store.set_status(dataset, commit, &status(context, state, at), 2).await.expect("kept"),
                "{context}"
            );
        }
        assert!(!store.set_status(dataset, commit, &status("c", "success", 4), 2).await.expect("an answer"));
        let found = store.statuses(dataset, commit).await.expect("a list");
        assert_eq!(found, [status("a", "failure", 2), status("b", "success", 3)]);
        assert!(store.statuses(dataset, Hash::of(b"two")).await.expect("a list").is_empty());
    }
}
