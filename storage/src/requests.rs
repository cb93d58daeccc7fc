//! Merge requests: offers to merge a branch into another, what is said about them, and what is decided about their
//! conflicts.
//!
//! What a request, an entry and a decision hold is the hub's to know: here it is text with the few fields by which it is
//! found.

use surrealdb::types::{RecordId, SurrealValue, Value, Variables, object, vars};
use uuid::Uuid;
use versioning::Hash;

use crate::{
    DatasetId, PersonName, RefKind, StorageError, Store,
    records::{self, Parts},
};

/// A merge request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// The dataset that gets the changes.
    pub dataset: DatasetId,
    /// Counts the dataset's requests from 1.
    pub number: u64,
    /// Who offers.
    pub author: PersonName,
    /// As the hub names it; requests are listed by it.
    pub state: String,
    /// The dataset that has the changes: the same, or another that shares its history.
    pub source: DatasetId,
    /// Its branch that has them.
    pub source_branch: String,
    /// The branch that gets them.
    pub target_branch: String,
    /// When it was opened, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it last changed, in µs since 1970 UTC.
    pub updated_at: i64,
    /// Counts its changes: who changes it names the one that they saw.
    pub revision: u64,
    /// Everything else.
    pub data: String,
}

/// Something that was said about a request or happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEntry {
    /// Its id: in the order of time.
    pub id: Uuid,
    /// Who.
    pub author: PersonName,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// What.
    pub data: String,
}

/// What somebody decided about a request's conflicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestDecision {
    /// What it is about; there is one decision about each thing.
    pub about: String,
    /// Who.
    pub author: PersonName,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// What.
    pub data: String,
}

/// Which decision stands about a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingDecision {
    /// What it is about.
    pub about: String,
    /// Who made it and when, in µs since 1970 UTC; none: there is none.
    pub by: Option<(PersonName, i64)>,
}

/// Returns `false` where what stands is not what is expected.
macro_rules! unless_stale {
    () => {
        "
            LET $found = (SELECT VALUE [id, author, at] FROM $expected_ids);
            IF array::sort($found) != array::sort($expected) { RETURN false };
            "
    };
}

#[derive(SurrealValue)]
struct RequestRow {
    id: RecordId,
    author: String,
    state: String,
    source: surrealdb::types::Uuid,
    source_branch: String,
    target_branch: String,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    data: String,
}

#[derive(SurrealValue)]
struct EntryRow {
    id: RecordId,
    author: String,
    at: i64,
    data: String,
}

impl MergeRequest {
    fn from_row(row: RequestRow, attempted: &'static str) -> Result<Self, StorageError> {
        let parts = Parts::of(&row.id, attempted);
        Ok(Self {
            dataset: parts.dataset()?,
            number: parts.parse(1)?,
            author: row.author.into(),
            state: row.state,
            source: DatasetId(row.source.into_inner()),
            source_branch: row.source_branch,
            target_branch: row.target_branch,
            created_at: row.created_at,
            updated_at: row.updated_at,
            revision: u64::try_from(row.revision).unwrap_or_default(),
            data: row.data,
        })
    }
}

impl RequestDecision {
    /// Whether it is about many things at once.
    #[must_use]
    pub fn is_rule(&self) -> bool {
        self.about.starts_with("rule:")
    }

    fn from_row(row: EntryRow, attempted: &'static str) -> Result<Self, StorageError> {
        let about = Parts::of(&row.id, attempted).text(2)?.to_owned();
        Ok(Self { about, author: row.author.into(), at: row.at, data: row.data })
    }
}

impl Store {
    /// Keeps a new request under the next number of its dataset, which is returned; the one that it was given does not
    /// count.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when the dataset is gone.
    pub async fn create_request(&self, request: &MergeRequest) -> Result<u64, StorageError> {
        let attempted = "open the merge request";
        // Who comes second finds the number taken, and asks again.
        loop {
            let newest = self.requests(request.dataset, None, None, 1).await?;
            let number = newest.first().map_or(1, |newest| newest.number + 1);
            let content = object! {
                author: request.author.as_str(),
                state: request.state.as_str(),
                source: request.source.0,
                source_branch: request.source_branch.as_str(),
                target_branch: request.target_branch.as_str(),
                created_at: request.created_at,
                updated_at: request.updated_at,
                revision: 1,
                data: request.data.as_str(),
            };
            let outcome: String = self
                .database
                .query_keeping(
                    self.known.changing_request(request.dataset, number),
                    attempted,
                    "{
                        IF !record::exists($dataset) { RETURN 'gone' };
                        IF record::exists($id) { RETURN 'taken' };
                        CREATE $id CONTENT $content RETURN NONE;
                        RETURN 'made'
                    }",
                    vars! {
                        dataset: records::dataset(request.dataset),
                        id: records::request(request.dataset, number),
                        content: Value::Object(content),
                    },
                )
                .await?;
            match outcome.as_str() {
                "made" => return Ok(number),
                "taken" => {}
                _ => return Err(StorageError::NotFound { what: "dataset", name: request.dataset.to_string() }),
            }
        }
    }

    /// A request.
    ///
    /// # Errors
    /// The database failed.
    pub async fn request(&self, dataset: DatasetId, number: u64) -> Result<Option<MergeRequest>, StorageError> {
        let attempted = "read the merge request";
        let id = records::request(dataset, number);
        let row: Option<RequestRow> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: id }).await?;
        row.map(|row| MergeRequest::from_row(row, attempted)).transpose()
    }

    /// A dataset's requests, the newest first: at most `limit`, of one state or all, from before a number on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn requests(
        &self,
        dataset: DatasetId,
        state: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<MergeRequest>, StorageError> {
        let attempted = "list the merge requests";
        let statement = "SELECT * FROM $range WHERE $state = NONE OR state = $state ORDER BY id DESC LIMIT $limit";
        let variables = vars! {
            range: records::requests_before(dataset, before),
            state: state.map(str::to_owned),
            limit: limit,
        };
        let rows: Vec<RequestRow> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| MergeRequest::from_row(row, attempted)).collect()
    }

    /// Whether one of a dataset's newest `limit` requests that are in this state offers this commit, the head of a branch of
    /// another dataset. The requests themselves are not read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn is_offered(
        &self,
        dataset: DatasetId,
        state: &str,
        commit: Hash,
        limit: usize,
    ) -> Result<bool, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            source: Uuid,
            source_branch: String,
        }
        let attempted = "look for the commit among what is offered";
        let statement = "SELECT id, source, source_branch FROM $range WHERE state = $state AND source != $dataset
            ORDER BY id DESC LIMIT $limit";
        let variables = vars! {
            range: records::requests_before(dataset, None),
            state: state,
            dataset: dataset.0,
            limit: limit,
        };
        let offers: Vec<Row> = self.database.query(attempted, statement, variables).await?;
        let branch = |row: Row| records::dataset_ref(DatasetId(row.source), RefKind::Branch, &row.source_branch);
        let branches: Vec<RecordId> = offers.into_iter().map(branch).collect();
        let variables = vars! { branches: branches, commit: commit.to_string() };
        let statement = "RETURN array::len((SELECT VALUE id FROM $branches WHERE head = $commit)) > 0";
        self.database.query(attempted, statement, variables).await
    }

    /// Replaces what a request holds, if it still has the revision that is given in it; and adds an entry about that.
    /// Whether it did.
    ///
    /// # Errors
    /// The database failed.
    pub async fn update_request(
        &self,
        request: &MergeRequest,
        entry: Option<&RequestEntry>,
    ) -> Result<bool, StorageError> {
        let (entry_id, entry_content) = match entry {
            Some(entry) => (
                records::request_entry(request.dataset, request.number, entry.id).into_value(),
                Value::Object(entry_content(entry)),
            ),
            None => (Value::None, Value::None),
        };
        let fields = object! {
            state: request.state.as_str(),
            updated_at: request.updated_at,
            revision: i64::try_from(request.revision + 1).unwrap_or(i64::MAX),
            data: request.data.as_str(),
        };
        let mut variables = vars! {
            id: records::request(request.dataset, request.number),
            revision: request.revision,
            fields: Value::Object(fields),
        };
        variables.insert("entry", entry_id);
        variables.insert("entry_content", entry_content);
        self.database
            .query_keeping(
                self.known.changing_request(request.dataset, request.number),
                "change the merge request",
                "{
                    IF $id.revision != $revision { RETURN false };
                    UPDATE $id MERGE $fields RETURN NONE;
                    IF $entry != NONE { CREATE $entry CONTENT $entry_content RETURN NONE };
                    RETURN true
                }",
                variables,
            )
            .await
    }

    /// What was said about a request and happened to it, the oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn request_entries(&self, dataset: DatasetId, number: u64) -> Result<Vec<RequestEntry>, StorageError> {
        let attempted = "read the conversation";
        let range = records::request_entries(dataset, number);
        let rows: Vec<EntryRow> =
            self.database.query(attempted, "SELECT * FROM $range", vars! { range: range }).await?;
        let entry = |row: EntryRow| {
            let id = Parts::of(&row.id, attempted).parse(2)?;
            Ok(RequestEntry { id, author: row.author.into(), at: row.at, data: row.data })
        };
        rows.into_iter().map(entry).collect()
    }

    /// Replaces what an entry holds, if it still holds `before`. Whether it did.
    ///
    /// # Errors
    /// The database failed.
    pub async fn update_request_entry(
        &self,
        dataset: DatasetId,
        number: u64,
        id: Uuid,
        (before, after): (&str, &str),
    ) -> Result<bool, StorageError> {
        let statement = "{
            IF $id.data != $was { RETURN false };
            UPDATE $id SET data = $new RETURN NONE;
            RETURN true
        }";
        let id = records::request_entry(dataset, number, id);
        self.database.query("change the entry", statement, vars! { id: id, was: before, new: after }).await
    }

    /// What was decided about a request's conflicts, in the order of what it is about.
    ///
    /// # Errors
    /// The database failed.
    pub async fn request_decisions(
        &self,
        dataset: DatasetId,
        number: u64,
    ) -> Result<Vec<RequestDecision>, StorageError> {
        let attempted = "read the decisions";
        let range = records::request_decisions(dataset, number);
        let rows: Vec<EntryRow> =
            self.database.query(attempted, "SELECT * FROM $range", vars! { range: range }).await?;
        rows.into_iter().map(|row| RequestDecision::from_row(row, attempted)).collect()
    }

    /// The decisions about these things, and all about many things at once (the rules).
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing_decisions(
        &self,
        dataset: DatasetId,
        number: u64,
        about: &[String],
    ) -> Result<Vec<RequestDecision>, StorageError> {
        let attempted = "read the decisions";
        let ids = about.iter().map(|about| records::request_decision(dataset, number, about));
        let variables = vars! { ids: ids.collect::<Vec<_>>(), rules: records::request_rules(dataset, number) };
        // Within a list, a range would be taken for one record that is not there.
        let statement = "RETURN array::concat((SELECT * FROM $ids), (SELECT * FROM $rules))";
        let rows: Vec<EntryRow> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| RequestDecision::from_row(row, attempted)).collect()
    }

    /// Keeps decisions; each takes the place of an earlier one about the same. Nothing is kept where another decision, or
    /// none, stands by now than `standing` says. Whether they were kept.
    ///
    /// # Errors
    /// The database failed.
    pub async fn decide_request(
        &self,
        dataset: DatasetId,
        number: u64,
        decisions: &[RequestDecision],
        standing: &[StandingDecision],
    ) -> Result<bool, StorageError> {
        let rows = decisions.iter().map(|decision| {
            Value::Object(object! {
                id: records::request_decision(dataset, number, &decision.about),
                author: decision.author.as_str(),
                at: decision.at,
                data: decision.data.as_str(),
            })
        });
        let mut variables = vars! { rows: rows.collect::<Vec<_>>() };
        variables.extend(expected(dataset, number, standing));
        let statement = concat!(
            "{",
            unless_stale!(),
            "FOR $row IN $rows { UPSERT $row.id CONTENT { author: $row.author, at: $row.at, data: $row.data } };
            RETURN true
        }"
        );
        self.database.query("keep the decisions", statement, variables).await
    }

    /// Takes decisions back: those about these things, or all. Nothing is taken back where another decision, or none,
    /// stands by now than `standing` says. Whether they were taken back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn undecide_request(
        &self,
        dataset: DatasetId,
        number: u64,
        about: Option<&[String]>,
        standing: &[StandingDecision],
    ) -> Result<bool, StorageError> {
        let ids: Vec<RecordId> = match about {
            None => vec![records::request_decisions(dataset, number)],
            Some(about) => about.iter().map(|about| records::request_decision(dataset, number, about)).collect(),
        };
        let mut variables = vars! { ids: ids };
        variables.extend(expected(dataset, number, standing));
        let statement = concat!("{", unless_stale!(), "DELETE $ids; RETURN true }");
        self.database.query("take decisions back", statement, variables).await
    }
}

/// Which records must be there, with whom and when, and which must not.
fn expected(dataset: DatasetId, number: u64, standing: &[StandingDecision]) -> Variables {
    let (mut ids, mut there) = (Vec::new(), Vec::new());
    for StandingDecision { about, by } in standing {
        let id = records::request_decision(dataset, number, about);
        if let Some((author, at)) = by {
            there.push(vec![id.clone().into_value(), author.as_str().into_value(), at.into_value()]);
        }
        ids.push(id);
    }
    vars! { expected_ids: ids, expected: there }
}

fn entry_content(entry: &RequestEntry) -> surrealdb::types::Object {
    object! { author: entry.author.as_str(), at: entry.at, data: entry.data.as_str() }
}
