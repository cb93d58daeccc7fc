//! A table's page.

use app::pages::{self, table::PAGE_ROWS};
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::answer::{Answer, At, page};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct TablePath {
    table: String,
}

/// Where to begin: after so many rows, or with the row of this number.
#[derive(Deserialize)]
pub(super) struct RowsQuery {
    offset: Option<String>,
    row: Option<String>,
}

impl RowsQuery {
    fn offset(&self) -> u64 {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse::<u64>().ok());
        number(&self.row).map_or_else(|| number(&self.offset).unwrap_or(0), |row| row.saturating_sub(1))
    }
}

pub(super) async fn show(
    State(state): State<AppState>,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Query(query): Query<RowsQuery>,
) -> Answer {
    let actor = state.actor();
    let view = state.hub.table(&actor, &at.path, &table).await?;
    // An offset past the end shows the last rows there are.
    let offset = query.offset().min(view.table.rows.saturating_sub(1));
    let rows = state.hub.rows(&actor, &at.path, &table, offset, PAGE_ROWS).await?;
    page(&state, || pages::table::page(&view, &rows))
}
