//! `/datasets/{owner}/{dataset}/tables/{table}/rows`

use axum::{Json, extract::State, http::StatusCode};
use hub::{DatasetPath, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Address, Parameters, cell, reference};
use crate::{problem::Problem, state::AppState};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

#[derive(Deserialize)]
pub(crate) struct Page {
    limit: Option<u32>,
    offset: Option<u64>,
    cursor: Option<u64>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Rows {
    items: Vec<Map<String, Value>>,
    next_cursor: Option<String>,
    total: u64,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    Address((owner, name, table)): Address<(String, String, String)>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<Rows>, Problem> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "limit is 1 to 1000."));
    }
    let offset = page.cursor.or(page.offset).unwrap_or(0);
    let place = Place { path: DatasetPath { owner, name }, at: reference(page.reference.as_deref())? };
    let found =
        state.hub.rows(&state.actor(), &place, &table, offset, limit).await.map_err(|error| Problem::from(&error))?;
    let names: Vec<&str> = found.schema.columns.iter().map(|column| column.name.as_str()).collect();
    let items: Vec<Map<String, Value>> = found
        .rows
        .iter()
        .map(|row| names.iter().zip(&row.cells).map(|(name, value)| ((*name).to_owned(), cell(value))).collect())
        .collect();
    let end = found.offset + items.len() as u64;
    let next_cursor = (end < found.total && !items.is_empty()).then(|| end.to_string());
    Ok(Json(Rows { items, next_cursor, total: found.total }))
}
