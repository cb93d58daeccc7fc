//! `/datasets/{owner}/{dataset}/imports` and their `/jobs`

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use hub::{DatasetPath, Error, ImportMode, ImportRequest, ImportView, NewDataset, Place};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Address, Parameters, reference};
use crate::{problem::Problem, state::AppState};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    table: String,
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    #[serde(default)]
    mode: ImportMode,
    /// Names of columns, separated by commas.
    #[serde(default)]
    key: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    file_name: String,
    #[serde(default)]
    create_dataset: bool,
    #[serde(default)]
    unattended: bool,
}

/// Takes a CSV file as the body.
pub(crate) async fn create(
    State(state): State<AppState>,
    Address((owner, name)): Address<(String, String)>,
    Parameters(wanted): Parameters<Wanted>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let actor = state.actor();
    let path = DatasetPath { owner, name };
    if wanted.create_dataset
        && let Err(Error::NotFound { .. }) = state.hub.dataset(&actor, &path.clone().into()).await
    {
        let new = NewDataset { owner: path.owner.clone(), name: path.name.clone(), ..NewDataset::default() };
        state.hub.create_dataset(&actor, new).await.map_err(|error| Problem::from(&error))?;
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let request = ImportRequest {
        table: wanted.table,
        branch: String::new(),
        mode: wanted.mode,
        file_name: wanted.file_name,
        size: length,
        unattended: wanted.unattended,
        key: wanted.key.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        message: wanted.message,
    };
    let place = Place { path, at: reference(wanted.branch.as_deref())? };
    let started = state.hub.start_import(&actor, &place, request, body.into_data_stream()).await;
    let id = started.map_err(|error| Problem::from(&error))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
}

pub(crate) async fn show(
    State(state): State<AppState>,
    Address(id): Address<Uuid>,
) -> Result<Json<ImportView>, Problem> {
    state.hub.import(&state.actor(), id).await.map(Json).map_err(|error| Problem::from(&error))
}

pub(crate) async fn cancel(State(state): State<AppState>, Address(id): Address<Uuid>) -> Result<StatusCode, Problem> {
    state.hub.cancel_import(&state.actor(), id).await.map_err(|error| Problem::from(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
