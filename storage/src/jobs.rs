//! Jobs: pieces of work whose request, progress and result outlive the process that does them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};

use crate::{DatasetId, JobId, PersonName, StorageError, Store, records};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Not begun.
    Queued,
    /// A service works on it.
    Running,
    /// A person has to decide something.
    Waiting,
    /// Done.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by a person.
    Cancelled,
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What kind of work, like `import`.
    pub kind: String,
    /// The dataset it is for.
    pub dataset: Option<DatasetId>,
    /// Who asked for it.
    pub person: PersonName,
    /// Where it stands.
    pub state: JobState,
    /// What was asked for; the kind says how to read it.
    pub request: Json,
    /// How far it is.
    pub progress: Json,
    /// What came out.
    pub result: Json,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it last changed, in µs since 1970 UTC.
    pub updated_at: i64,
}

/// A change to a job; what is `None` stays.
#[derive(Clone, Debug)]
pub struct JobUpdate {
    /// The job.
    pub id: JobId,
    /// The states in which the change may be made.
    pub expected: Vec<JobState>,
    /// The new state.
    pub state: Option<JobState>,
    /// The new request.
    pub request: Option<Json>,
    /// The new progress.
    pub progress: Option<Json>,
    /// The result.
    pub result: Option<Json>,
    /// Why it failed.
    pub error: Option<String>,
    /// Now, in µs since 1970 UTC.
    pub at: i64,
}

/// Which jobs to list; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Those for this dataset.
    pub dataset: Option<DatasetId>,
    /// Those in this state.
    pub state: Option<JobState>,
}

#[derive(SurrealValue)]
struct Row {
    id: RecordId,
    kind: String,
    dataset: Option<uuid::Uuid>,
    person: String,
    state: String,
    request: String,
    progress: String,
    result: String,
    error: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl JobState {
    const ALL: [Self; 6] = [Self::Queued, Self::Running, Self::Waiting, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// In lower case, as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    fn parse(text: &str, attempted: &'static str) -> Result<Self, StorageError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StorageError::Malformed { attempted, reason: format!("“{text}” is no state of a job") })
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JobUpdate {
    /// A change that changes nothing yet, in one of these states.
    #[must_use]
    pub fn new(id: JobId, expected: impl Into<Vec<JobState>>, at: i64) -> Self {
        let expected = expected.into();
        Self { id, expected, state: None, request: None, progress: None, result: None, error: None, at }
    }

    /// The same with a new state.
    #[must_use]
    pub fn to(self, state: JobState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// The same with new progress.
    #[must_use]
    pub fn progress(self, progress: Json) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// The same with a result.
    #[must_use]
    pub fn result(self, result: Json) -> Self {
        Self { result: Some(result), ..self }
    }

    /// The same with an error.
    #[must_use]
    pub fn error(self, error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..self }
    }
}

impl Job {
    fn from_row(row: Row, attempted: &'static str) -> Result<Self, StorageError> {
        let json = |text: &str| {
            serde_json::from_str(text)
                .map_err(|error| StorageError::Malformed { attempted, reason: format!("JSON of a job: {error}") })
        };
        Ok(Self {
            id: JobId(records::uuid_of(&row.id, attempted)?),
            kind: row.kind,
            dataset: row.dataset.map(DatasetId),
            person: PersonName(row.person),
            state: JobState::parse(&row.state, attempted)?,
            request: json(&row.request)?,
            progress: json(&row.progress)?,
            result: json(&row.result)?,
            error: row.error,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Store {
    /// Makes a job.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when there is one with that id.
    pub async fn create_job(&self, job: &Job) -> Result<(), StorageError> {
        let content = object! {
            kind: job.kind.as_str(),
            dataset: job.dataset.map(|dataset| dataset.0),
            person: job.person.as_str(),
            state: job.state.as_str(),
            request: job.request.to_string(),
            progress: job.progress.to_string(),
            result: job.result.to_string(),
            error: job.error.clone(),
            created_at: job.created_at,
            updated_at: job.updated_at,
        };
        let created: bool = self
            .database
            .query(
                "create the job",
                "{
                    IF record::exists($id) { RETURN false };
                    CREATE $id CONTENT $content RETURN NONE;
                    RETURN true
                }",
                vars! { id: records::job(job.id), content: Value::Object(content) },
            )
            .await?;
        if created { Ok(()) } else { Err(StorageError::AlreadyExists { what: "job", name: job.id.to_string() }) }
    }

    /// The job of this id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StorageError> {
        let attempted = "read the job";
        let row: Option<Row> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::job(id) }).await?;
        row.map(|row| Job::from_row(row, attempted)).transpose()
    }

    /// Changes a job that is in one of the expected states, and returns it.
    ///
    /// # Errors
    /// [`StorageError::StaleJob`] when it is in another state, [`StorageError::NotFound`].
    pub async fn update_job(&self, update: &JobUpdate) -> Result<Job, StorageError> {
        #[derive(SurrealValue)]
        struct Outcome {
            state: Option<String>,
            job: Option<Row>,
        }
        let attempted = "update the job";
        let Guard { job, states, changes } = guard(Some(update));
        let outcome: Outcome = self
            .database
            .query(
                attempted,
                "{
                    LET $state = $job.state;
                    IF $state = NONE OR $state NOT IN $states { RETURN { state: $state } };
                    RETURN { job: (UPDATE ONLY $job MERGE $changes) }
                }",
                vars! { job: job, states: states, changes: changes },
            )
            .await?;
        match outcome.job {
            Some(row) => Job::from_row(row, attempted),
            None => Err(stale(update.id, outcome.state.as_deref(), attempted)),
        }
    }

    /// Jobs, the last asked for first, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn jobs(&self, filter: &JobFilter, limit: usize) -> Result<Vec<Job>, StorageError> {
        let attempted = "list the jobs";
        // One statement each, so that each finds its index.
        let statement = match (filter.dataset, filter.state) {
            (None, None) => "SELECT * FROM job ORDER BY created_at DESC, id DESC LIMIT $limit",
            (Some(_), None) => {
                "SELECT * FROM job WHERE dataset = $dataset ORDER BY created_at DESC, id DESC LIMIT $limit"
            }
            (None, Some(_)) => "SELECT * FROM job WHERE state = $state ORDER BY created_at DESC, id DESC LIMIT $limit",
            (Some(_), Some(_)) => {
                "SELECT * FROM job WHERE dataset = $dataset AND state = $state
                    ORDER BY created_at DESC, id DESC LIMIT $limit"
            }
        };
        let variables = vars! {
            dataset: filter.dataset.map(|dataset| dataset.0),
            state: filter.state.map(|state| state.as_str().to_owned()),
            limit: limit,
        };
        let rows: Vec<Row> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| Job::from_row(row, attempted)).collect()
    }

    /// The jobs that a process was working on, or should have begun: after a start, those that the last one left.
    /// The oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn running_jobs(&self) -> Result<Vec<Job>, StorageError> {
        let attempted = "list the running jobs";
        let rows: Vec<Row> = self
            .database
            .query(
                attempted,
                "SELECT * FROM job WHERE state IN ['queued', 'running'] ORDER BY created_at, id",
                vars! {},
            )
            .await?;
        rows.into_iter().map(|row| Job::from_row(row, attempted)).collect()
    }
}

/// A job's update as variables; all none when there is none.
pub(crate) struct Guard {
    pub(crate) job: Value,
    pub(crate) states: Value,
    pub(crate) changes: Value,
}

pub(crate) fn guard(update: Option<&JobUpdate>) -> Guard {
    let Some(update) = update else {
        return Guard { job: Value::None, states: Value::None, changes: Value::None };
    };
    let states: Vec<String> = update.expected.iter().map(|state| state.as_str().to_owned()).collect();
    let mut changes = object! { updated_at: update.at };
    for (field, value) in [
        ("state", update.state.map(|state| state.as_str().to_owned())),
        ("request", update.request.as_ref().map(Json::to_string)),
        ("progress", update.progress.as_ref().map(Json::to_string)),
        ("result", update.result.as_ref().map(Json::to_string)),
        ("error", update.error.clone()),
    ] {
        if let Some(value) = value {
            changes.insert(field.to_owned(), Value::String(value));
        }
    }
    Guard { job: records::job(update.id).into_value(), states: states.into_value(), changes: Value::Object(changes) }
}

/// Why a guarded update changed nothing: the job is in the state found, or is not there.
pub(crate) fn stale(job: JobId, found: Option<&str>, attempted: &'static str) -> StorageError {
    match found.map(|text| JobState::parse(text, attempted)) {
        Some(Ok(current)) => StorageError::StaleJob { job, current },
        Some(Err(error)) => error,
        None => StorageError::NotFound { what: "job", name: job.to_string() },
    }
}
