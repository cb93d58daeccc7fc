//! A table's page.

use app::{
    components::search::Asked,
    form::Submitted,
    pages::table::{self, Content, page_rows},
};
use axum::extract::{Path, Query};
use hub::{Found, Place, Search};
use serde::Deserialize;

use super::{
    answer::{Answer, At, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(super) struct TablePath {
    table: String,
}

/// Which rows, in which order, and where to begin: after so many rows, or with the row of this number.
#[derive(Deserialize)]
pub(super) struct RowsQuery {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    blame: String,
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
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Query(rows): Query<RowsQuery>,
) -> Answer {
    let (actor, offset) = (state.actor(), rows.offset());
    let view = state.hub.table(&actor, &at.place, &table).await?;
    let asked = Asked {
        here: app::url::table(&at.address, &table),
        query: hub::Query { filter: rows.filter, sort: rows.sort },
        blame: rows.blame == "1",
    };
    let found = match find(&state, &at, &table, &asked, offset, page_rows(&view.table.schema)).await {
        Ok(found) => found,
        Err(error) if is_about_form(&error) => {
            let form = Submitted::default().refused(&error);
            return refused(&state, &error, || table::page(&view, &asked, &Content::Refused(&form)));
        }
        Err(error) => return Err(error.into()),
    };
    if asked.blame {
        let keys = found.rows.rows.iter().map(|row| row.key.clone()).collect();
        let blame = state.hub.blame(&actor, &at.place, &table, keys).await?;
        return page(&state, || table::page(&view, &asked, &Content::Blame(&found, &blame)));
    }
    page(&state, || table::page(&view, &asked, &Content::Rows(&found)))
}

/// The rows of a page. An offset past the end shows the last page there is.
async fn find(state: &Visit, at: &At, table: &str, asked: &Asked, offset: u64, size: u32) -> Result<Found, hub::Error> {
    let (actor, search) = (state.actor(), Search { query: asked.query.clone(), list: None });
    let found = state.hub.find(&actor, &at.place, table, &search, offset, size).await?;
    if !found.rows.rows.is_empty() || found.rows.total == 0 {
        return Ok(found);
    }
    let last = (found.rows.total - 1) / u64::from(size) * u64::from(size);
    state.hub.find(&actor, &at.place, table, &search, last, size).await
}

/// Leads to the same table in a fork of the person's own, where they can edit it.
pub(super) async fn propose(visit: Visit, at: At, Path(TablePath { table }): Path<TablePath>) -> Answer {
    let Place { path, at } = visit.hub.edit_in_fork(&visit.actor(), &at.place).await?;
    let reference = Some(at.to_string()).filter(|reference| !reference.is_empty());
    see(&app::url::table(&app::url::place(&path.owner, &path.name, reference.as_deref()), &table))
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
