//! `…/branches` and `…/tags`

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, RefSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List, commits::CommitBody, request::place};
use crate::{problem::Problem, visit::Visit};

/// A branch or tag.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Ref)]
pub(crate) struct RefBody {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is the branch that is read where none is named.
    pub(crate) default: bool,
    /// The commit that it names.
    pub(crate) head: CommitBody,
    /// Commits that it has and the default branch has not; null for tags and the default branch itself.
    pub(crate) ahead: Option<u64>,
    /// Commits that the default branch has and it has not. `ahead` and `behind` together count to 1,000.
    pub(crate) behind: Option<u64>,
}

impl From<RefSummary> for RefBody {
    fn from(found: RefSummary) -> Self {
        let (ahead, behind) = found.apart.unzip();
        Self { name: found.name, default: found.is_default, head: found.head.into(), ahead, behind }
    }
}

/// A branch or tag to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRef {
    /// Its name: 1 to 100 letters, digits, `-`, `_`, `.` or `/`.
    name: String,
    /// Where it begins: a branch, tag, commit or time; the default branch without it.
    from: Option<String>,
}

/// The branches: the default branch, then the others by name.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/branches", tag = "branches and tags",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The branches.", body = List<RefBody>)),
)]
pub(crate) async fn branches(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<RefBody>>, Problem> {
    let refs = state.hub.refs(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(Json(List { items: refs.branches.into_iter().map(RefBody::from).collect(), next_cursor: None }))
}

/// The tags, by name.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tags", tag = "branches and tags",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The tags.", body = List<RefBody>)),
)]
pub(crate) async fn tags(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<RefBody>>, Problem> {
    let refs = state.hub.refs(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(Json(List { items: refs.tags.into_iter().map(RefBody::from).collect(), next_cursor: None }))
}

/// Makes a branch. Nothing is copied.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/branches", tag = "branches and tags",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewRef,
    responses((status = 201, description = "The branch.", body = RefBody)),
)]
pub(crate) async fn create_branch(
    state: Visit,
    Address(path): Address<(String, String)>,
    Body(new): Body<NewRef>,
) -> Result<(StatusCode, Json<RefBody>), Problem> {
    let from = place(path, new.from.as_deref())?;
    let made = state.hub.create_branch(&state.actor(), &from, &new.name).await?;
    let refs = state.hub.refs(&state.actor(), &from.path).await?;
    one(refs.branches, &made.name)
}

/// Gives a commit a name that stays.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/tags", tag = "branches and tags",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewRef,
    responses((status = 201, description = "The tag.", body = RefBody)),
)]
pub(crate) async fn create_tag(
    state: Visit,
    Address(path): Address<(String, String)>,
    Body(new): Body<NewRef>,
) -> Result<(StatusCode, Json<RefBody>), Problem> {
    let from = place(path, new.from.as_deref())?;
    let made = state.hub.create_tag(&state.actor(), &from, &new.name).await?;
    let refs = state.hub.refs(&state.actor(), &from.path).await?;
    one(refs.tags, &made.name)
}

fn one(refs: Vec<RefSummary>, name: &str) -> Result<(StatusCode, Json<RefBody>), Problem> {
    let found = refs.into_iter().find(|found| found.name == name);
    let found = found.ok_or_else(|| hub::Error::not_found(format!("branch or tag “{name}”")))?;
    Ok((StatusCode::CREATED, Json(found.into())))
}

/// Deletes a branch. Its commits stay as long as something else leads to them, and for some days after that, in which a
/// branch can be made of them by their hash.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/branches/{branch}", tag = "branches and tags",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("branch", description = "The branch's name, percent-encoded where it has a `/`."),
    ),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete_branch(
    state: Visit,
    Address((owner, name, branch)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.delete_branch(&state.actor(), &DatasetPath { owner, name }, &branch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a tag.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/tags/{tag}", tag = "branches and tags",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("tag", description = "The tag's name, percent-encoded where it has a `/`."),
    ),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete_tag(
    state: Visit,
    Address((owner, name, tag)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.delete_tag(&state.actor(), &DatasetPath { owner, name }, &tag).await?;
    Ok(StatusCode::NO_CONTENT)
}
