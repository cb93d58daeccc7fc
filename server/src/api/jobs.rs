//! `/jobs`: how work that goes on stands.

use axum::{Json, http::StatusCode};
use hub::ImportView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Address, List, Parameters, limit, time, word};
use crate::{problem::Problem, visit::Visit};

/// A job: an import, so far.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobBody {
    /// Its id.
    pub(crate) id: String,
    /// `import`.
    pub(crate) kind: String,
    /// The dataset, as OWNER/NAME.
    pub(crate) dataset: String,
    /// The table that is written.
    pub(crate) table: String,
    /// The branch.
    pub(crate) branch: String,
    /// create, replace, append or upsert.
    pub(crate) mode: String,
    /// The file's name.
    pub(crate) file_name: String,
    /// running, waiting (for a person), succeeded, failed or cancelled.
    pub(crate) state: String,
    /// inspecting (receiving the file and finding its columns) or importing.
    pub(crate) phase: String,
    /// Rows read in this phase.
    pub(crate) rows: u64,
    /// Bytes read in this phase.
    pub(crate) bytes: u64,
    /// Bytes in all, where known.
    pub(crate) total_bytes: Option<u64>,
    /// Rows per second in this phase.
    pub(crate) rate: u64,
    /// Bad values, the first thousand.
    pub(crate) problems: Vec<BadValue>,
    /// How many bad values there are.
    pub(crate) problem_count: u64,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// The commit it made; null where nothing differed.
    pub(crate) commit: Option<String>,
    /// Rows of the table that it wrote.
    pub(crate) imported_rows: u64,
    /// When it began.
    pub(crate) created_at: Option<String>,
}

/// Something in a file that can't be taken as it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BadValue {
    /// The line on which its record begins, counted from 1.
    pub(crate) line: u64,
    /// The column's name, where it is about a cell.
    pub(crate) column: Option<String>,
    /// The value, cut to 200 characters.
    pub(crate) value: String,
    /// What is wrong.
    pub(crate) reason: String,
}

impl JobBody {
    /// Whether it will change no more.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "succeeded" | "failed" | "cancelled")
    }
}

impl From<ImportView> for JobBody {
    fn from(view: ImportView) -> Self {
        let problem = |problem: hub::Problem| BadValue {
            line: problem.line,
            column: problem.column,
            value: problem.value,
            reason: problem.reason,
        };
        Self {
            id: view.id.to_string(),
            kind: "import".to_owned(),
            dataset: view.dataset.to_string(),
            table: view.request.table,
            branch: view.request.branch,
            mode: word(view.request.mode),
            file_name: view.request.file_name,
            state: word(view.state),
            phase: word(view.phase),
            rows: view.rows,
            bytes: view.bytes,
            total_bytes: view.total_bytes,
            rate: view.rate,
            problems: view.problems.into_iter().map(problem).collect(),
            problem_count: view.problem_count,
            error: view.error,
            commit: view.commit.map(|hash| hash.to_string()),
            imported_rows: view.imported_rows,
            created_at: time(view.created_at),
        }
    }
}

/// How many jobs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many: 1 to 1,000, 100 without it.
    limit: Option<usize>,
}

/// The newest jobs of datasets that the caller may read.
#[utoipa::path(
    get, path = "/jobs", tag = "jobs",
    params(Page),
    responses((status = 200, description = "The jobs.", body = List<JobBody>)),
)]
pub(crate) async fn list(state: Visit, Parameters(page): Parameters<Page>) -> Result<Json<List<JobBody>>, Problem> {
    let jobs = state.hub.jobs(&state.actor(), limit(page.limit)?).await?;
    Ok(Json(List { items: jobs.into_iter().map(JobBody::from).collect(), next_cursor: None }))
}

/// How a job stands: state, progress, what is wrong, result.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    params(("id", description = "The job's id.")),
    responses((status = 200, description = "The job.", body = JobBody)),
)]
pub(crate) async fn show(state: Visit, Address(id): Address<Uuid>) -> Result<Json<JobBody>, Problem> {
    Ok(Json(state.hub.import(&state.actor(), id).await?.into()))
}

/// Stops a job. Nothing of it is committed.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs",
    params(("id", description = "The job's id.")),
    responses((status = 204, description = "It is cancelled.")),
)]
pub(crate) async fn cancel(state: Visit, Address(id): Address<Uuid>) -> Result<StatusCode, Problem> {
    state.hub.cancel_import(&state.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
