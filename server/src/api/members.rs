//! `…/{dataset}/members` and `…/{dataset}/teams`: who may do what in a dataset

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, Holder, Member, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List};
use crate::{problem::Problem, visit::Visit};

/// Somebody with a role in a dataset, or a team of the organisation that owns it.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    /// `person` or `team`.
    kind: String,
    /// The account's or team's name.
    name: String,
    /// What they are there: `reader`, `commenter`, `writer`, `maintainer` or `owner`.
    role: String,
}

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// `reader`, `commenter`, `writer`, `maintainer` or `owner`; each may what those before it may.
    #[schema(value_type = String, example = "reader")]
    role: Role,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        let (kind, name) = match member.holder {
            Holder::Person(name) => ("person", name),
            Holder::Team(name) => ("team", name),
        };
        Self { kind: kind.to_owned(), name, role: member.role.as_str().to_owned() }
    }
}

/// Who has a role in a dataset: people by name, then teams. Whose namespace it is in owns it without being listed.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/members", tag = "people",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The people and teams.", body = List<MemberBody>)),
)]
pub(crate) async fn list(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<MemberBody>>, Problem> {
    let members = state.hub.members(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(Json(List { items: members.into_iter().map(MemberBody::from).collect(), next_cursor: None }))
}

/// Gives somebody a role in a dataset, in place of the one they had.
#[utoipa::path(
    put, path = "/datasets/{owner}/{dataset}/members/{name}", tag = "people",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("name", description = "The account's name."),
    ),
    request_body = RoleBody,
    responses((status = 200, description = "What they are now.", body = MemberBody)),
)]
pub(crate) async fn set_role(
    state: Visit,
    Address((owner, dataset, name)): Address<(String, String, String)>,
    Body(RoleBody { role }): Body<RoleBody>,
) -> Result<Json<MemberBody>, Problem> {
    set(&state, DatasetPath { owner, name: dataset }, Holder::Person(name), role).await
}

/// Takes somebody's role in a dataset from them.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/members/{name}", tag = "people",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("name", description = "The account's name."),
    ),
    responses((status = 204, description = "They have none.")),
)]
pub(crate) async fn remove_role(
    state: Visit,
    Address((owner, dataset, name)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    remove(&state, DatasetPath { owner, name: dataset }, Holder::Person(name)).await
}

/// Gives a team of the organisation that owns the dataset a role in it, in place of the one it had.
#[utoipa::path(
    put, path = "/datasets/{owner}/{dataset}/teams/{team}", tag = "people",
    params(
        ("owner", description = "The organisation."), ("dataset", description = "The dataset's name."),
        ("team", description = "The team's name."),
    ),
    request_body = RoleBody,
    responses((status = 200, description = "What it is now.", body = MemberBody)),
)]
pub(crate) async fn set_team_role(
    state: Visit,
    Address((owner, dataset, team)): Address<(String, String, String)>,
    Body(RoleBody { role }): Body<RoleBody>,
) -> Result<Json<MemberBody>, Problem> {
    set(&state, DatasetPath { owner, name: dataset }, Holder::Team(team), role).await
}

/// Takes a team's role in a dataset from it.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/teams/{team}", tag = "people",
    params(
        ("owner", description = "The organisation."), ("dataset", description = "The dataset's name."),
        ("team", description = "The team's name."),
    ),
    responses((status = 204, description = "It has none.")),
)]
pub(crate) async fn remove_team_role(
    state: Visit,
    Address((owner, dataset, team)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    remove(&state, DatasetPath { owner, name: dataset }, Holder::Team(team)).await
}

async fn set(state: &Visit, path: DatasetPath, holder: Holder, role: Role) -> Result<Json<MemberBody>, Problem> {
    state.hub.set_role(&state.actor(), &path, &holder, Some(role)).await?;
    Ok(Json(Member { holder, role }.into()))
}

async fn remove(state: &Visit, path: DatasetPath, holder: Holder) -> Result<StatusCode, Problem> {
    state.hub.set_role(&state.actor(), &path, &holder, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
