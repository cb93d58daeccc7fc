//! A table's page.

use app::pages::{self, table::PAGE_ROWS};
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::{
    answer::{Answer, At, page, see},
    errors::Failure,
};
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
    let view = state.hub.table(&actor, &at.place, &table).await?;
    // An offset past the end shows the last rows there are.
    let offset = query.offset().min(view.table.rows.saturating_sub(1));
    let rows = state.hub.rows(&actor, &at.place, &table, offset, PAGE_ROWS).await?;
    page(&state, || pages::table::page(&view, &rows))
}

/// What a person wants to go back to: a moment in UTC as a browser's field writes it, or a day.
#[derive(Deserialize)]
pub(super) struct TimeQuery {
    time: String,
}

/// Leads to the table as it was.
pub(super) async fn as_of(
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Query(TimeQuery { time }): Query<TimeQuery>,
) -> Answer {
    let mut moment = time.trim().to_owned();
    // A field for a date and time leaves out the seconds where they are zero, and never has a zone.
    if moment.len() == "2026-02-28T13:45".len() {
        moment.push_str(":00");
    }
    if moment.contains('T') && !moment.ends_with('Z') {
        moment.push('Z');
    }
    let then = at.place.at.at_time(&moment).map_err(|_| Failure::not_found("moment of that name"))?;
    let path = &at.place.path;
    see(&app::url::table(&app::url::place(&path.owner, &path.name, Some(&then.to_string())), &table))
}
