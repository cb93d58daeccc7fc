//! `/search`

use axum::Json;
use hub::{Hit, HitKind, HitPlace};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Parameters, cursor, limit};
use crate::{problem::Problem, visit::Visit};

/// Something that was found.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = SearchHit)]
pub(crate) struct HitBody {
    /// dataset, table, column or request.
    kind: String,
    /// In which dataset: OWNER/NAME.
    dataset: String,
    /// What people call the dataset.
    dataset_title: String,
    /// The table, where it is one or one of its columns.
    table: Option<String>,
    /// The column, where it is one.
    column: Option<String>,
    /// The merge request's number, where it is one.
    number: Option<u64>,
    /// What the merge request is about, in a line.
    title: Option<String>,
    /// How the merge request stands: open, merged or closed.
    state: Option<String>,
    /// Who opened the merge request.
    author: Option<String>,
    /// Of its description or text, what is around the words; may be empty.
    text: String,
}

impl From<Hit> for HitBody {
    fn from(hit: Hit) -> Self {
        let body = Self {
            dataset: hit.dataset.to_string(),
            dataset_title: hit.dataset_title,
            text: hit.text,
            ..Self::default()
        };
        match hit.place {
            HitPlace::Dataset => Self { kind: "dataset".to_owned(), ..body },
            HitPlace::Table { table } => Self { kind: "table".to_owned(), table: Some(table), ..body },
            HitPlace::Column { table, column } => {
                Self { kind: "column".to_owned(), table: Some(table), column: Some(column), ..body }
            }
            HitPlace::Request { number, title, state, author } => Self {
                kind: "request".to_owned(),
                number: Some(number),
                title: Some(title),
                state: Some(state.as_str().to_owned()),
                author: Some(author),
                ..body
            },
        }
    }
}

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Words, at most 200 characters: what is found has all of them in its name or description, or in what it is in.
    #[serde(default)]
    q: String,
    /// datasets, tables, columns or requests; without it the best of each, and no further pages.
    #[serde(rename = "in")]
    kind: Option<String>,
    /// How many of each kind, 1 to 1,000; 100 without it.
    limit: Option<usize>,
    /// From `next_cursor`.
    cursor: Option<String>,
}

/// Datasets, the tables and columns of their default branches, and merge requests, as far as the caller may read them.
#[utoipa::path(
    get, path = "/search", tag = "datasets", params(Asked),
    responses((status = 200, description = "What was found, the best of each kind first.", body = List<HitBody>)),
)]
pub(crate) async fn search(visit: Visit, Parameters(asked): Parameters<Asked>) -> Result<Json<List<HitBody>>, Problem> {
    let kind = asked.kind.as_deref().map(str::parse::<HitKind>).transpose()?;
    let name = ["search", &asked.q, kind.map_or("", HitKind::as_str)];
    let offset = asked.cursor.map(|text| cursor::read::<usize>(&name, &text)).transpose()?.unwrap_or(0);
    let limit = limit(asked.limit)?;
    let (found, _) = visit.hub.search(&visit.actor(), &asked.q, kind, offset, limit).await?;
    let goes_on = kind.is_some() && found.iter().any(|hits| hits.has_more);
    let next_cursor = if goes_on { cursor::write(&name, offset + limit) } else { None };
    let items = found.into_iter().flat_map(|hits| hits.hits).map(HitBody::from).collect();
    Ok(Json(List { items, next_cursor }))
}
