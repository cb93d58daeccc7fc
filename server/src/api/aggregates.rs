//! `…/tables/{table}/aggregate`: rows in groups, and what is computed of each.

use axum::{http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Any};
use utoipa::{IntoParams, ToSchema};

use super::{Address, Parameters, Reading, cell};
use crate::{problem::Problem, visit::Visit};

/// What is computed of which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "ref and at are read by Reading; here they are described")]
pub(crate) struct Wanted {
    /// A branch, tag, commit (its hash or its first digits), perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
    /// Names of the columns that rows of a group share, separated by commas; without it, all rows are one group.
    by: Option<String>,
    /// What is computed, separated by commas: `count`, or `count`, `sum`, `average`, `min` or `max` of a column, such as
    /// `sum(price)`. `count` without it.
    compute: Option<String>,
    /// Only of rows that satisfy this.
    filter: Option<String>,
}

/// Groups of rows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct GroupsBody {
    /// For each group the shared values by the names of their columns, then what was computed by the words that asked for
    /// it. At most 10,000.
    #[schema(value_type = Vec<Object>)]
    pub(crate) items: Vec<Map<String, Any>>,
}

/// Rows in groups, and counts, sums, averages, smallest and largest values of each.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}/aggregate", tag = "rows",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), Wanted,
    ),
    responses((status = 200, description = "The groups.", body = GroupsBody)),
)]
pub(crate) async fn show(
    state: Visit,
    reading: Reading,
    Address((_, _, table)): Address<(String, String, String)>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Problem> {
    let by: Vec<String> = parts(wanted.by.as_deref().unwrap_or_default()).map(str::to_owned).collect();
    let words: Vec<&str> = parts(wanted.compute.as_deref().unwrap_or("count")).collect();
    let compute = words.iter().map(|word| computation(word)).collect::<Result<Vec<_>, _>>()?;
    let filter = wanted.filter.as_deref().unwrap_or_default();
    let table = state.hub.aggregate(&state.actor(), &reading.place, &table, filter, &by, &compute).await?;
    let names: Vec<&str> = by.iter().map(String::as_str).chain(words.iter().copied()).collect();
    let items = table
        .groups
        .iter()
        .map(|(shared, computed)| {
            names
                .iter()
                .zip(shared.iter().chain(computed))
                .map(|(name, value)| ((*name).to_owned(), cell(value)))
                .collect()
        })
        .collect();
    Ok(reading.answer(GroupsBody { items }))
}

/// Parts between commas that stand in no parentheses.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

/// `what` or `what(column)`.
fn computation(word: &str) -> Result<(String, Option<String>), Problem> {
    let Some((what, rest)) = word.split_once('(') else { return Ok((word.to_owned(), None)) };
    match rest.strip_suffix(')') {
        Some(column) => Ok((what.trim().to_owned(), Some(column.trim().to_owned()))),
        None => Err(Problem::field(
            StatusCode::BAD_REQUEST,
            "/compute",
            format!("“{word}” has no closing parenthesis: write it like sum(price)."),
        )),
    }
}
