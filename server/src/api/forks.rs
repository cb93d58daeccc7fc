//! `…/{dataset}/forks`

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, NewDataset};

use super::{
    Address, Body, List,
    datasets::{DatasetBody, NewDatasetBody},
};
use crate::{problem::Problem, visit::Visit};

/// The datasets that were forked from this one and that the caller may read, the last changed first; at most 200.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/forks", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The forks.", body = List<DatasetBody>)),
)]
pub(crate) async fn list(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<DatasetBody>>, Problem> {
    let forks = state.hub.forks(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(Json(List { items: forks.into_iter().map(DatasetBody::from).collect(), next_cursor: None }))
}

/// Makes a dataset with the branches, tags and commits that this one has now. Nothing is copied, whatever the size of its
/// tables. Name, title and description are the origin's where they are missing.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/forks", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewDatasetBody,
    responses((status = 201, description = "The fork.", body = DatasetBody)),
)]
pub(crate) async fn create(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Body(new): Body<NewDatasetBody>,
) -> Result<(StatusCode, Json<DatasetBody>), Problem> {
    let fork = state.hub.fork(&state.actor(), &DatasetPath { owner, name }, new.into()).await?;
    Ok((StatusCode::CREATED, Json(fork.into())))
}

impl From<NewDatasetBody> for NewDataset {
    fn from(new: NewDatasetBody) -> Self {
        let NewDatasetBody { owner, name, title, description } = new;
        Self { owner, name, title, description }
    }
}
