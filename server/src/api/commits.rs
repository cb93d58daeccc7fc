//! `/datasets/{owner}/{dataset}/commits`

use axum::{Json, extract::State, http::StatusCode};
use hub::{CommitSummary, DatasetPath, Place};
use serde::{Deserialize, Serialize};
use versioning::Hash;

use super::{Address, List, Parameters, reference, time};
use crate::{problem::Problem, state::AppState};

const DEFAULT_LIMIT: usize = 100;

#[derive(Serialize)]
pub(crate) struct CommitBody {
    hash: Hash,
    parents: Vec<Hash>,
    author: String,
    time: Option<String>,
    message: String,
}

impl From<CommitSummary> for CommitBody {
    fn from(commit: CommitSummary) -> Self {
        let CommitSummary { hash, parents, author, time: at, message } = commit;
        Self { hash, parents, author, time: time(at), message }
    }
}

#[derive(Deserialize)]
pub(crate) struct Page {
    limit: Option<usize>,
    cursor: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    Address((owner, name)): Address<(String, String)>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<List<CommitBody>>, Problem> {
    let from = page.cursor.map(|cursor| cursor.parse::<Hash>()).transpose();
    let from = from.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "The cursor is not one of this list."))?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    let place = Place { path: DatasetPath { owner, name }, at: reference(page.reference.as_deref())? };
    let log = state.hub.log(&state.actor(), &place, from, limit).await.map_err(|error| Problem::from(&error))?;
    let items = log.commits.into_iter().map(CommitBody::from).collect();
    Ok(Json(List { items, next_cursor: log.next.map(|hash| hash.to_string()) }))
}

pub(crate) async fn show(
    State(state): State<AppState>,
    Address((owner, name, commit)): Address<(String, String, String)>,
) -> Result<Json<CommitBody>, Problem> {
    let path = DatasetPath { owner, name };
    let found = state.hub.commit_summary(&state.actor(), &path, &commit).await;
    Ok(Json(found.map_err(|error| Problem::from(&error))?.into()))
}
