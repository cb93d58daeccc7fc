//! `…/tables/{table}/rows`: rows, one row, its past.

use axum::{http::StatusCode, response::Response};
use hub::{Query, QueryCursor, RowPage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Any};
use utoipa::{IntoParams, ToSchema};
use versioning::{Key, Schema};

use super::{
    Address, List, Parameters, Reading, cell, commits::CommitBody, cursor, exports, limit, object, tables::Asked,
};
use crate::{problem::Problem, visit::Visit};

/// Which rows, in which order, of which state.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "ref and at are read by Reading; here they are described")]
pub(crate) struct Page {
    /// A branch, tag, commit (its hash or its first digits), perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
    /// Only rows that satisfy this, such as `price < 10 and city = "Oslo"`.
    filter: Option<String>,
    /// Names of columns, separated by commas, each with `-` before it for descending; a name that has a comma stands in
    /// brackets. The primary key without it.
    sort: Option<String>,
    /// Names of the columns that are answered, separated by commas; all without it.
    columns: Option<String>,
    /// How many rows: 1 to 1,000, 100 without it.
    limit: Option<usize>,
    /// The position of the first row, counted from 0; not together with a filter or an order.
    offset: Option<u64>,
    /// Where the last page ended.
    cursor: Option<String>,
    /// `true`: with the caller's draft laid over the branch. Such an answer has no ETag.
    #[serde(default)]
    draft: bool,
    /// `csv` or `ndjson`: all rows as a stream instead of a page, as `…/exports`.
    format: Option<exports::Format>,
}

/// Rows of a table.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Rows {
    /// The rows: cells by the names of their columns. Numbers beyond 2^53 and decimals are text.
    #[schema(value_type = Vec<Object>)]
    pub(crate) items: Vec<Map<String, Any>>,
    /// Goes back as `cursor` to ask for the next page; null where there is none.
    pub(crate) next_cursor: Option<String>,
    /// How many rows there are in all, or satisfy the filter.
    pub(crate) total: u64,
}

/// Where a page of rows ends.
#[derive(Serialize, Deserialize)]
enum Place {
    Offset(u64),
    Query(QueryCursor),
}

/// The rows of a table: filtered, sorted, page by page. A walk through pages reads the commit at which it began.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}/rows", tag = "rows",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), Page,
    ),
    responses((
        status = 200, description = "The rows.",
        content((Rows = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")),
    )),
)]
pub(crate) async fn list(
    state: Visit,
    reading: Reading,
    Address((owner, dataset, table)): Address<(String, String, String)>,
    Parameters(page): Parameters<Page>,
) -> Result<Response, Problem> {
    if let Some(format) = page.format {
        return exports::stream(&state, &reading, &table, page.filter.as_deref(), format).await;
    }
    let limit = limit(page.limit)?;
    let query = Query { filter: page.filter.unwrap_or_default(), sort: page.sort.unwrap_or_default() };
    let list = ["rows", &owner, &dataset, &table, &query.filter, &query.sort];
    let begin = page.cursor.as_deref().map(|text| cursor::read::<(Option<String>, Place)>(&list, text)).transpose()?;
    let start = begin.as_ref().and_then(|(commit, _)| commit.as_ref()?.parse().ok());
    let reading = reading.back_to(start);
    let (actor, at) = (state.actor(), &reading.place);
    let (found, next) = if query.is_plain() {
        let offset = match begin {
            Some((_, Place::Offset(offset))) => offset,
            _ => page.offset.unwrap_or_default(),
        };
        let count = u32::try_from(limit).unwrap_or(u32::MAX);
        let found = state.hub.rows(&actor, at, &table, offset, count).await?;
        let end = offset.saturating_add(found.rows.len() as u64);
        let next = (end < found.total && !found.rows.is_empty()).then_some(Place::Offset(end));
        (found, next)
    } else {
        if page.offset.is_some() {
            return Err(Problem::field(
                StatusCode::BAD_REQUEST,
                "/offset",
                "offset goes with neither filter nor sort: take next_cursor for the next page.",
            ));
        }
        let after = match begin {
            Some((_, Place::Query(after))) => Some(after),
            _ => None,
        };
        let found = state.hub.query(&actor, at, &table, &query, after, limit).await?;
        (found.rows, found.next.map(Place::Query))
    };
    let commit = reading.commit().map(|hash| hash.to_string());
    let next_cursor = next.and_then(|next| cursor::write(&list, (commit, next)));
    let items = objects(&found, page.columns.as_deref())?;
    Ok(reading.answer(Rows { items, next_cursor, total: found.total }))
}

/// The rows with the columns that are asked for.
fn objects(page: &RowPage, columns: Option<&str>) -> Result<Vec<Map<String, Any>>, Problem> {
    let positions = positions(&page.schema, columns)?;
    let names = &page.schema.columns;
    let one = |row: &hub::RowView| {
        positions.iter().map(|position| (names[*position].name.clone(), cell(&row.cells[*position]))).collect()
    };
    Ok(page.rows.iter().map(one).collect())
}

/// The positions of columns that are named in a list; of all without one.
fn positions(schema: &Schema, columns: Option<&str>) -> Result<Vec<usize>, Problem> {
    let Some(names) = columns else { return Ok((0..schema.columns.len()).collect()) };
    let position = |name: &str| {
        schema.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let detail = format!("There is no column “{name}”.");
            Problem::field(StatusCode::UNPROCESSABLE_ENTITY, "/columns", detail)
        })
    };
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(position).collect()
}

/// One row: its cells by the names of their columns.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}/rows/{key}", tag = "rows",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."),
        ("key", description = "The row's key: the values of the key's columns, joined by commas; a comma within a value \
            has `\\` before it."),
        Asked,
    ),
    responses((status = 200, description = "The row.", body = Object)),
)]
pub(crate) async fn show(
    state: Visit,
    reading: Reading,
    Address((_, _, table, key)): Address<(String, String, String, String)>,
    Parameters(_): Parameters<Asked>,
) -> Result<Response, Problem> {
    let (view, row) = state.hub.row(&state.actor(), &reading.place, &table, &key).await?;
    Ok(reading.answer(object(&view.table.schema, &row.cells)))
}

/// Which page of a row's history.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "ref and at are read by Reading; here they are described")]
pub(crate) struct HistoryPage {
    /// A branch, tag, commit (its hash or its first digits), perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
    /// Where the last page ended.
    cursor: Option<String>,
}

/// A commit that changed a row.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PastRowBody {
    /// The commit.
    pub(crate) commit: CommitBody,
    /// added, removed or changed.
    pub(crate) change: String,
    /// The row before; null where the commit added it.
    #[schema(value_type = Option<Object>)]
    pub(crate) before: Option<Map<String, Any>>,
    /// The row after; null where the commit removed it.
    #[schema(value_type = Option<Object>)]
    pub(crate) after: Option<Map<String, Any>>,
    /// The names of the columns whose cells changed.
    pub(crate) cells: Vec<String>,
}

/// Every state of a row, the newest first, 50 on a page. A page may be empty and still have a next one, where the history
/// is long.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}/rows/{key}/history", tag = "rows",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), ("key", description = "The row's key."), HistoryPage,
    ),
    responses((status = 200, description = "The commits that changed the row.", body = List<PastRowBody>)),
)]
pub(crate) async fn history(
    state: Visit,
    reading: Reading,
    Address((owner, dataset, table, key)): Address<(String, String, String, String)>,
    Parameters(page): Parameters<HistoryPage>,
) -> Result<Response, Problem> {
    let list = ["history", &owner, &dataset, &table, &key];
    let begin = page.cursor.map(|text| cursor::read::<(String, String)>(&list, &text)).transpose()?;
    let reading = reading.back_to(begin.as_ref().and_then(|(commit, _)| commit.parse().ok()));
    let next = begin.as_ref().map(|(_, at)| at.as_str());
    let found = state.hub.row_history(&state.actor(), &reading.place, &table, &key, next).await?;
    let items = found
        .states
        .into_iter()
        .map(|state| {
            let (before, after) = (state.schema_before.as_ref(), state.schema_after.as_ref());
            let name = |id| {
                let schemas = [after, before].into_iter().flatten();
                let column = { schemas }.find_map(|schema| schema.column(id));
                column.map(|column| column.name.clone())
            };
            let change = match (&state.change.before, &state.change.after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            PastRowBody {
                commit: state.commit.into(),
                change: change.to_owned(),
                cells: state.columns.iter().filter_map(|id| name(*id)).collect(),
                before: state.change.before.as_ref().zip(before).map(|(row, schema)| object(schema, row)),
                after: state.change.after.as_ref().zip(after).map(|(row, schema)| object(schema, row)),
            }
        })
        .collect();
    let start = reading.commit().map(|hash| hash.to_string()).unwrap_or_default();
    let next_cursor = found.next.and_then(|next| cursor::write(&list, (start, next)));
    Ok(reading.answer(List { items, next_cursor }))
}

/// A cell and where it comes from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BlamedCell {
    /// The column's name.
    pub(crate) column: String,
    /// What the cell holds.
    pub(crate) value: Any,
    /// The commit that last changed it; null where the search ended before it was found.
    pub(crate) commit: Option<CommitBody>,
}

/// Where the cells of a row come from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Blame {
    /// The cells, in the order of the table's columns.
    pub(crate) cells: Vec<BlamedCell>,
    /// Whether every cell was found; a very long history is not searched to its end.
    pub(crate) complete: bool,
}

/// For each cell of a row, the commit that last changed it.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}/rows/{key}/blame", tag = "rows",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), ("key", description = "The row's key."), Asked,
    ),
    responses((status = 200, description = "The cells and their commits.", body = Blame)),
)]
pub(crate) async fn blame(
    state: Visit,
    reading: Reading,
    Address((_, _, table, key_text)): Address<(String, String, String, String)>,
    Parameters(_): Parameters<Asked>,
) -> Result<Response, Problem> {
    let actor = state.actor();
    let (view, row) = state.hub.row(&actor, &reading.place, &table, &key_text).await?;
    let schema = &view.table.schema;
    let key: Key = row.key;
    let found = state.hub.blame(&actor, &reading.place, &table, vec![key]).await?;
    let commits = found.rows.first().map(Vec::as_slice).unwrap_or_default();
    let commit_of = |id| {
        let position = found.columns.iter().position(|column| *column == id)?;
        found.commits.get(commits.get(position)?.as_ref()?).cloned().map(CommitBody::from)
    };
    let cells = schema
        .columns
        .iter()
        .zip(&row.cells)
        .map(|(column, value)| BlamedCell {
            column: column.name.clone(),
            value: cell(value),
            commit: commit_of(column.id),
        })
        .collect();
    Ok(reading.answer(Blame { cells, complete: found.complete }))
}
