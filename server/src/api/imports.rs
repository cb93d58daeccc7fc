//! `…/imports`: a file becomes a table, or rows of one, as a job.

use axum::{
    Json,
    body::Body,
    extract::{FromRequest, Multipart, Request},
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use bytes::Bytes;
use futures::Stream;
use hub::{DatasetPath, Error, ImportMode, ImportRequest, NewDataset, Place};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Address, List, Parameters, jobs::JobBody, request::place};
use crate::{problem::Problem, visit::Visit};

/// What a file is to become.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The table. In a multipart body it may be a field before the file instead; so may the others.
    #[serde(default)]
    table: String,
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    /// How the file is written: `csv`.
    format: Option<String>,
    /// create: the table must not exist; replace: the file is the table's new state; append: the file's rows are added, and
    /// none of their keys may be there; upsert: the file's rows are added or change those that have their keys.
    #[serde(default)]
    #[param(value_type = String)]
    mode: ImportMode,
    /// The primary key: names of columns, separated by commas. Without it the key that the table has, or the first column
    /// that is unique and complete, or a generated one.
    #[serde(default)]
    key: String,
    /// The commit's message; one is made where empty.
    #[serde(default)]
    message: String,
    /// The file's name, for messages.
    #[serde(default)]
    file_name: String,
    /// Create the dataset where it is missing.
    #[serde(default)]
    create_dataset: bool,
    /// `false`: wait for a person to look at what was found, on the import's page.
    #[serde(default = "yes")]
    unattended: bool,
}

const fn yes() -> bool {
    true
}

/// An import that has begun.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Started {
    /// The job's id: `/api/v1/jobs/{id}` says how it stands.
    pub(crate) id: String,
}

/// Takes a file, as the body or as the field `file` of a form, and begins an import. Answers when the whole file has
/// arrived; the job goes on.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/imports", tag = "imports and exports",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Wanted,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe. Files are told apart by their \
            length only."),
    ),
    request_body(content = String, content_type = "text/csv", description = "The file."),
    responses((status = 202, description = "The job.", body = Started)),
)]
pub(crate) async fn create(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Parameters(mut wanted): Parameters<Wanted>,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Started>), Problem> {
    let path = DatasetPath { owner, name };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let id = if kind.starts_with("multipart/form-data") {
        let form = Multipart::from_request(request, &state).await;
        let mut form = form.map_err(|error| Problem::new(error.status(), error.body_text()))?;
        let broken = |error: axum::extract::multipart::MultipartError| Problem::new(error.status(), error.body_text());
        loop {
            let Some(field) = form.next_field().await.map_err(broken)? else {
                return Err(Problem::field(StatusCode::UNPROCESSABLE_ENTITY, "/file", "The form has no field “file”."));
            };
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                if wanted.file_name.is_empty() {
                    wanted.file_name = field.file_name().unwrap_or_default().to_owned();
                }
                break start(&state, path, wanted, None, field).await?;
            }
            set(&mut wanted, &name, field.text().await.map_err(broken)?)?;
        }
    } else {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let body: Body = request.into_body();
        start(&state, path, wanted, length, body.into_data_stream()).await?
    };
    let id = id.to_string();
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, format!("/api/v1/jobs/{id}"))], Json(Started { id })))
}

/// Takes a field of a form.
fn set(wanted: &mut Wanted, name: &str, text: String) -> Result<(), Problem> {
    let wrong = |detail: &str| Problem::field(StatusCode::UNPROCESSABLE_ENTITY, format!("/{name}"), detail);
    let flag = |text: &str| text.parse().map_err(|_| wrong("true or false."));
    match name {
        "table" => wanted.table = text,
        "branch" => wanted.branch = Some(text),
        "format" => wanted.format = Some(text),
        "mode" => {
            let mode = serde_json::from_value(text.into());
            wanted.mode = mode.map_err(|_| wrong("create, replace, append or upsert."))?;
        }
        "key" => wanted.key = text,
        "message" => wanted.message = text,
        "file_name" => wanted.file_name = text,
        "create_dataset" => wanted.create_dataset = flag(&text)?,
        "unattended" => wanted.unattended = flag(&text)?,
        _ => return Err(wrong("There is no such field.")),
    }
    Ok(())
}

async fn start<E: std::fmt::Display>(
    state: &Visit,
    path: DatasetPath,
    wanted: Wanted,
    size: Option<u64>,
    file: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Uuid, Problem> {
    let actor = state.actor();
    if wanted.format.as_deref().is_some_and(|format| format != "csv") {
        return Err(Problem::field(StatusCode::UNPROCESSABLE_ENTITY, "/format", "Files are csv."));
    }
    // Where a dataset was before, none is made: the file goes to where that is now.
    let moved = if wanted.create_dataset { state.hub.moved_to(&actor, &path).await? } else { None };
    let path = moved.unwrap_or(path);
    if wanted.create_dataset
        && let Err(Error::NotFound { .. }) = state.hub.viewed(&actor, &path.clone().into()).await
    {
        let new = NewDataset { owner: path.owner.clone(), name: path.name.clone(), ..NewDataset::default() };
        state.hub.create_dataset(&actor, new).await?;
    }
    let request = ImportRequest {
        table: wanted.table,
        branch: String::new(),
        mode: wanted.mode,
        file_name: wanted.file_name,
        size,
        unattended: wanted.unattended,
        key: wanted.key.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        message: wanted.message,
    };
    let place: Place = place((path.owner, path.name), wanted.branch.as_deref())?;
    Ok(state.hub.start_import(&actor, &place, request, file).await?)
}

/// The newest imports into a dataset; at most 20.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/imports", tag = "imports and exports",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The jobs.", body = List<JobBody>)),
)]
pub(crate) async fn list(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<JobBody>>, Problem> {
    let imports = state.hub.imports(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(Json(List { items: imports.into_iter().map(JobBody::from).collect(), next_cursor: None }))
}
