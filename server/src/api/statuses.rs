//! `…/{dataset}/statuses`: what other systems found about commits.

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, NewStatus, StatusView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use versioning::Hash;

use super::{Address, Body, List, Parameters, time};
use crate::{problem::Problem, visit::Visit};

/// What another system found about a commit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusBody {
    /// The commit.
    commit: String,
    /// What looked at it; the newest status of each context counts.
    context: String,
    /// pending, success, failure or error.
    state: String,
    /// In words.
    description: String,
    /// Where more of it can be read.
    url: Option<String>,
    /// Who said so.
    author: String,
    /// When.
    at: Option<String>,
}

impl StatusBody {
    pub(crate) fn new(commit: Hash, status: StatusView) -> Self {
        Self {
            commit: commit.to_string(),
            context: status.context,
            state: status.state.as_str().to_owned(),
            description: status.description,
            url: status.url,
            author: status.author,
            at: time(status.at),
        }
    }
}

/// A status to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStatus)]
pub(crate) struct NewStatusBody {
    /// The commit, by its hash or its first digits; or, by its hash, what an open merge request offers from a fork.
    commit: String,
    /// What looked at it: 1 to 100 characters.
    context: String,
    /// pending, success, failure or error.
    state: String,
    /// In words: up to 500 characters on one line.
    #[serde(default)]
    description: String,
    /// Where more of it can be read: an address of http or https.
    url: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Listed {
    commit: String,
}

/// What other systems found about a commit, by context.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/statuses", tag = "commits",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("commit" = String, Query, description = "The commit, by its hash or its first digits."),
    ),
    responses((status = 200, description = "The newest status of each context.", body = List<StatusBody>)),
)]
pub(crate) async fn list(
    visit: Visit,
    Address((owner, name)): Address<(String, String)>,
    Parameters(Listed { commit }): Parameters<Listed>,
) -> Result<Json<List<StatusBody>>, Problem> {
    let (commit, statuses) = visit.hub.statuses(&visit.actor(), &DatasetPath { owner, name }, &commit).await?;
    let items = statuses.into_iter().map(|status| StatusBody::new(commit, status)).collect();
    Ok(Json(List { items, next_cursor: None }))
}

/// Keeps what a system found about a commit, in the place of what it found before. It takes the role of a writer. Branches
/// can ask that statuses of some contexts have succeeded before a request is merged into them.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/statuses", tag = "commits",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewStatusBody,
    responses((status = 201, description = "The status.", body = StatusBody)),
)]
pub(crate) async fn create(
    visit: Visit,
    Address((owner, name)): Address<(String, String)>,
    Body(new): Body<NewStatusBody>,
) -> Result<(StatusCode, Json<StatusBody>), Problem> {
    let NewStatusBody { commit, context, state, description, url } = new;
    let new = NewStatus { context, state: state.parse()?, description, url };
    let (commit, status) = visit.hub.set_status(&visit.actor(), &DatasetPath { owner, name }, &commit, new).await?;
    Ok((StatusCode::CREATED, Json(StatusBody::new(commit, status))))
}
