//! `/datasets`

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
};
use hub::{Dataset, DatasetPath, NewDataset, Place};
use serde::{Deserialize, Serialize};

use super::{Address, List, Parameters, reference, time};
use crate::{problem::Problem, state::AppState};

/// Which state is asked for.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct DatasetBody {
    owner: String,
    name: String,
    title: String,
    description: String,
    default_branch: String,
    created_at: Option<String>,
    updated_at: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct TableBody {
    name: String,
    rows: u64,
    columns: Vec<versioning::Column>,
    primary_key: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct DatasetWithTables {
    #[serde(flatten)]
    dataset: DatasetBody,
    head: Option<versioning::Hash>,
    tables: Vec<TableBody>,
}

impl From<Dataset> for DatasetBody {
    fn from(dataset: Dataset) -> Self {
        Self {
            owner: dataset.path.owner,
            name: dataset.path.name,
            title: dataset.title,
            description: dataset.description,
            default_branch: dataset.default_branch,
            created_at: time(dataset.created_at),
            updated_at: time(dataset.updated_at),
        }
    }
}

pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<List<DatasetBody>>, Problem> {
    let datasets = state.hub.datasets(&state.actor()).await.map_err(|error| Problem::from(&error))?;
    let items = datasets.into_iter().map(|summary| summary.dataset.into()).collect();
    Ok(Json(List { items, next_cursor: None }))
}

pub(crate) async fn create(
    State(state): State<AppState>,
    body: Result<Json<NewDataset>, JsonRejection>,
) -> Result<(StatusCode, Json<DatasetBody>), Problem> {
    let Json(new) = body.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let dataset = state.hub.create_dataset(&state.actor(), new).await.map_err(|error| Problem::from(&error))?;
    Ok((StatusCode::CREATED, Json(dataset.into())))
}

pub(crate) async fn show(
    State(state): State<AppState>,
    Address((owner, name)): Address<(String, String)>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<DatasetWithTables>, Problem> {
    let place = Place { path: DatasetPath { owner, name }, at: reference(asked.reference.as_deref())? };
    let view = state.hub.dataset(&state.actor(), &place).await.map_err(|error| Problem::from(&error))?;
    let tables = view
        .tables
        .into_iter()
        .map(|table| TableBody {
            name: table.name,
            rows: table.rows,
            primary_key: table
                .schema
                .key_positions()
                .into_iter()
                .map(|position| table.schema.columns[position].name.clone())
                .collect(),
            columns: table.schema.columns,
        })
        .collect();
    Ok(Json(DatasetWithTables { dataset: view.dataset.into(), head: view.viewed.commit, tables }))
}
