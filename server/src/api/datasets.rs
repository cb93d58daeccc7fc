//! `/datasets`

use axum::{Json, http::StatusCode, response::Response};
use hub::{Dataset, DatasetChanges, DatasetPath, Place, Transferred, Visibility};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Address, Body, List, Parameters, Reading,
    tables::{Asked, TableBody, bodies},
    time,
};
use crate::{problem::Problem, visit::Visit};

/// A dataset.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Dataset)]
pub(crate) struct DatasetBody {
    /// Stable, whatever the name.
    #[serde(default)]
    id: String,
    /// The namespace.
    pub(crate) owner: String,
    /// The name within it.
    pub(crate) name: String,
    /// What people call it.
    title: String,
    /// What it is about.
    description: String,
    /// The branch that is read where none is named.
    default_branch: String,
    /// When it was created.
    created_at: Option<String>,
    /// When it last changed.
    updated_at: Option<String>,
    /// Who may read it without a role in it: `private` (nobody) or `public` (everybody).
    #[serde(default)]
    visibility: String,
    /// Since when it is read and not changed; null: it is not archived.
    #[serde(default)]
    archived_at: Option<String>,
    /// The stable id of what it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

/// A dataset with its tables.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DatasetWithTables {
    #[serde(flatten)]
    dataset: DatasetBody,
    /// The commit that is read; null where nothing was committed yet.
    head: Option<String>,
    /// Its tables at that commit.
    tables: Vec<TableBody>,
}

/// A dataset to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDatasetBody {
    /// The namespace; the caller's where empty.
    #[serde(default)]
    pub(super) owner: String,
    /// Lower-case letters, digits, `-`, `_` and `.`, 1 to 64 characters, beginning with a letter or digit.
    #[serde(default)]
    pub(super) name: String,
    /// What people call it; the name where empty. Up to 200 characters.
    #[serde(default)]
    pub(super) title: String,
    /// What it is about. Up to 10,000 characters.
    #[serde(default)]
    pub(super) description: String,
}

/// What to change in a dataset; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetPatch {
    /// The new name, valid as for a new dataset; the addresses change with it.
    name: Option<String>,
    /// The new title; the name where empty.
    title: Option<String>,
    /// The new description.
    description: Option<String>,
    /// The branch that is read where none is named.
    default_branch: Option<String>,
    /// Who may read it without a role in it: `private` (nobody) or `public` (everybody).
    #[schema(value_type = Option<String>)]
    visibility: Option<Visibility>,
    /// Whether it is read and not changed.
    archived: Option<bool>,
    /// Whose it will be: at once for the caller and organisations that they own, else once who is named has taken it. What
    /// else is changed is changed before.
    owner: Option<String>,
}

impl From<Dataset> for DatasetBody {
    fn from(dataset: Dataset) -> Self {
        Self {
            id: dataset.id.to_string(),
            owner: dataset.path.owner,
            name: dataset.path.name,
            title: dataset.title,
            description: dataset.description,
            default_branch: dataset.default_branch,
            created_at: time(dataset.created_at),
            updated_at: time(dataset.updated_at),
            visibility: dataset.visibility.as_str().to_owned(),
            archived_at: dataset.archived_at.and_then(time),
            origin: dataset.origin.map(|id| id.to_string()),
        }
    }
}

/// The datasets that the caller may read, the last changed first; at most 200.
#[utoipa::path(
    get, path = "/datasets", tag = "datasets",
    responses((status = 200, description = "The datasets.", body = List<DatasetBody>)),
)]
pub(crate) async fn list(state: Visit) -> Result<Json<List<DatasetBody>>, Problem> {
    let datasets = state.hub.datasets(&state.actor()).await?;
    let items = datasets.into_iter().map(|summary| summary.dataset.into()).collect();
    Ok(Json(List { items, next_cursor: None }))
}

/// Creates a dataset without tables.
#[utoipa::path(
    post, path = "/datasets", tag = "datasets",
    request_body = NewDatasetBody,
    responses((status = 201, description = "The dataset.", body = DatasetBody)),
)]
pub(crate) async fn create(
    state: Visit,
    Body(new): Body<NewDatasetBody>,
) -> Result<(StatusCode, Json<DatasetBody>), Problem> {
    let dataset = state.hub.create_dataset(&state.actor(), new.into()).await?;
    Ok((StatusCode::CREATED, Json(dataset.into())))
}

/// A dataset with its tables.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Asked),
    responses((status = 200, description = "The dataset.", body = DatasetWithTables)),
)]
pub(crate) async fn show(
    state: Visit,
    reading: Reading,
    Parameters(_): Parameters<Asked>,
) -> Result<Response, Problem> {
    let view = state.hub.dataset(&state.actor(), &reading.place).await?;
    let head = reading.viewed.commit.map(|hash| hash.to_string());
    let tables = bodies(&view.tables);
    Ok(reading.answer_untagged(DatasetWithTables { dataset: view.dataset.into(), head, tables }))
}

/// Changes what a dataset is called, its default branch, who may read it, whether it is archived, and whose it is. The answer
/// says where it is then: the old address leads there (308) as long as no other dataset is made at it. Where it is only
/// offered to somebody, that is in `/offers` of theirs.
#[utoipa::path(
    patch, path = "/datasets/{owner}/{dataset}", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = DatasetPatch,
    responses((status = 200, description = "The dataset.", body = DatasetBody)),
)]
pub(crate) async fn update(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Body(patch): Body<DatasetPatch>,
) -> Result<Json<DatasetBody>, Problem> {
    let DatasetPatch { name: new_name, title, description, default_branch, visibility, archived, owner: to } = patch;
    let changes = DatasetChanges { name: new_name, title, description, default_branch, visibility, archived };
    let (actor, path) = (state.actor(), DatasetPath { owner, name });
    let is_only_moved = to.is_some() && changes == DatasetChanges::default();
    let path = if is_only_moved { path } else { state.hub.update_dataset(&actor, &path, changes).await?.path };
    let path = match to {
        None => path,
        Some(to) => match state.hub.transfer(&actor, &path, &to).await? {
            Transferred::Done(path) => path,
            Transferred::Offered(_) => path,
        },
    };
    // Who gave it away may not see its settings any more, but what it is called.
    let view = state.hub.dataset(&actor, &Place::from(path)).await?;
    Ok(Json(view.dataset.into()))
}

#[derive(Deserialize)]
pub(crate) struct Deletion {
    #[serde(default)]
    forever: bool,
}

/// Deletes a dataset with its branches, tags, drafts and merge requests. For seven days its owner can bring it back.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}", tag = "datasets",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("forever" = Option<bool>, Query, description = "For good, at once."),
    ),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Parameters(Deletion { forever }): Parameters<Deletion>,
) -> Result<StatusCode, Problem> {
    state.hub.delete_dataset(&state.actor(), &DatasetPath { owner, name }, forever).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted dataset back as it was.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/restore", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 204, description = "It is back.")),
)]
pub(crate) async fn restore(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.settle_deleted(&state.actor(), &DatasetPath { owner, name }, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
