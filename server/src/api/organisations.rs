//! `/organisations`: names that several people share, their members and teams

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hub::{
    Error, Joining, MembershipInvitation, NewOrganisation, OrganisationChanges, OrganisationRole, OrganisationView,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List, time};
use crate::{problem::Problem, visit::Visit};

/// An organisation.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Organisation)]
pub(crate) struct OrganisationBody {
    /// The name, as in addresses.
    name: String,
    /// What it is called; the name where nobody said anything.
    display: String,
    /// What it is about.
    description: String,
    /// When it was founded.
    created_at: Option<String>,
    /// What the caller is there: `member` or `owner`; null: neither.
    role: Option<String>,
    /// What its members are in all its datasets: `none`, `reader` or `writer`. For members, as are the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_role: Option<String>,
    /// Who belongs to it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    members: Option<Vec<OrganisationMemberBody>>,
    /// Its teams, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<TeamBody>>,
    /// Who is invited and has not accepted yet, the newest first. For owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invitations: Option<Vec<MembershipInvitationBody>>,
}

/// An invitation to an organisation.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = MembershipInvitation)]
pub(crate) struct MembershipInvitationBody {
    /// The organisation's name.
    organisation: String,
    /// What it is called.
    display: String,
    /// Who is invited: the account's name.
    person: String,
    /// What they will be there: `member` or `owner`.
    role: String,
    /// Who invites them.
    made_by: String,
    /// When.
    created_at: Option<String>,
}

/// Somebody who belongs to an organisation.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = OrganisationMember)]
pub(crate) struct OrganisationMemberBody {
    /// The account's name.
    name: String,
    /// What they are called.
    display: String,
    /// `member` or `owner`.
    role: String,
}

/// A team.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Team)]
pub(crate) struct TeamBody {
    /// Its name.
    name: String,
    /// The names of who is in it.
    members: Vec<String>,
}

/// An organisation to be founded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganisationBody {
    /// The name, valid as an account's; people and organisations share their names.
    name: String,
    /// What it is called; the name where empty. Up to 100 characters.
    #[serde(default)]
    display: String,
    /// What it is about. Up to 10,000 characters.
    #[serde(default)]
    description: String,
}

/// What to change in an organisation; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationPatch {
    /// What it is called.
    display: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// What its members are in all its datasets: `none`, `reader` or `writer`.
    base_role: Option<String>,
}

/// A role in an organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationRoleBody {
    /// `member` or `owner`.
    role: String,
}

impl From<MembershipInvitation> for MembershipInvitationBody {
    fn from(invitation: MembershipInvitation) -> Self {
        let MembershipInvitation { organisation, display, person, role, made_by, created_at } = invitation;
        let role = role.as_str().to_owned();
        Self { organisation, display, person, role, made_by, created_at: time(created_at) }
    }
}

impl From<OrganisationView> for OrganisationBody {
    fn from(view: OrganisationView) -> Self {
        let OrganisationView { name, display, description, created_at, inside } = view;
        let body = Self {
            name,
            display,
            description,
            created_at: time(created_at),
            role: None,
            base_role: None,
            members: None,
            teams: None,
            invitations: None,
        };
        let Some(inside) = inside else { return body };
        let member = |member: hub::OrganisationMember| OrganisationMemberBody {
            name: member.name,
            display: member.display,
            role: member.role.as_str().to_owned(),
        };
        let team = |team: hub::Team| TeamBody { name: team.name, members: team.members };
        let decides = inside.own_role == OrganisationRole::Owner;
        let invitations = inside.invitations.into_iter().map(MembershipInvitationBody::from).collect();
        Self {
            role: Some(inside.own_role.as_str().to_owned()),
            base_role: Some(inside.base_role.map_or("none", hub::Role::as_str).to_owned()),
            members: Some(inside.members.into_iter().map(member).collect()),
            teams: Some(inside.teams.into_iter().map(team).collect()),
            invitations: decides.then_some(invitations),
            ..body
        }
    }
}

/// The organisations that the caller belongs to, by name, without members and teams.
#[utoipa::path(
    get, path = "/organisations", tag = "organisations",
    responses((status = 200, description = "The organisations.", body = List<OrganisationBody>)),
)]
pub(crate) async fn list(state: Visit) -> Result<Json<List<OrganisationBody>>, Problem> {
    let found = state.hub.organisations(&state.actor()).await?;
    let body = |(view, role): (OrganisationView, OrganisationRole)| OrganisationBody {
        role: Some(role.as_str().to_owned()),
        ..view.into()
    };
    Ok(Json(List { items: found.into_iter().map(body).collect(), next_cursor: None }))
}

/// Founds an organisation, whose owner the caller is. Takes the scope `admin`, as all that changes one.
#[utoipa::path(
    post, path = "/organisations", tag = "organisations",
    request_body = NewOrganisationBody,
    responses((status = 201, description = "The organisation.", body = OrganisationBody)),
)]
pub(crate) async fn found(
    state: Visit,
    Body(new): Body<NewOrganisationBody>,
) -> Result<(StatusCode, Json<OrganisationBody>), Problem> {
    let NewOrganisationBody { name, display, description } = new;
    let new = NewOrganisation { name, display, description };
    let founded = state.hub.found_organisation(&state.actor(), new).await?;
    Ok((StatusCode::CREATED, Json(founded.into())))
}

/// An organisation: all of it for its members, its description for who may read one of its datasets.
#[utoipa::path(
    get, path = "/organisations/{organisation}", tag = "organisations",
    params(("organisation", description = "Its name.")),
    responses((status = 200, description = "The organisation.", body = OrganisationBody)),
)]
pub(crate) async fn show(state: Visit, Address(name): Address<String>) -> Result<Json<OrganisationBody>, Problem> {
    Ok(Json(state.hub.organisation(&state.actor(), &name).await?.into()))
}

/// Changes what an organisation is called, what it is about, and what its members are in all its datasets. For its owners.
#[utoipa::path(
    patch, path = "/organisations/{organisation}", tag = "organisations",
    params(("organisation", description = "Its name.")),
    request_body = OrganisationPatch,
    responses((status = 200, description = "The organisation.", body = OrganisationBody)),
)]
pub(crate) async fn change(
    state: Visit,
    Address(name): Address<String>,
    Body(patch): Body<OrganisationPatch>,
) -> Result<Json<OrganisationBody>, Problem> {
    let OrganisationPatch { display, description, base_role } = patch;
    let changes = OrganisationChanges { display, description, base_role };
    Ok(Json(state.hub.change_organisation(&state.actor(), &name, changes).await?.into()))
}

/// Ends an organisation that has no datasets. For its owners.
#[utoipa::path(
    delete, path = "/organisations/{organisation}", tag = "organisations",
    params(("organisation", description = "Its name.")),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn end(state: Visit, Address(name): Address<String>) -> Result<StatusCode, Problem> {
    state.hub.end_organisation(&state.actor(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a member of an organisation an owner, or the other way round. Who does not belong to it is invited, and does once
/// they accept (`/me/invitations`). For its owners.
#[utoipa::path(
    put, path = "/organisations/{organisation}/members/{person}", tag = "organisations",
    params(("organisation", description = "Its name."), ("person", description = "The account's name.")),
    request_body = OrganisationRoleBody,
    responses(
        (status = 202, description = "They are invited.", body = MembershipInvitationBody),
        (status = 204, description = "They are."),
    ),
)]
pub(crate) async fn set_member(
    state: Visit,
    Address((name, person)): Address<(String, String)>,
    Body(OrganisationRoleBody { role }): Body<OrganisationRoleBody>,
) -> Result<Response, Problem> {
    match state.hub.set_membership(&state.actor(), &name, &person, Some(role.parse()?)).await? {
        Joining::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Joining::Invited(invitation) => {
            let body = MembershipInvitationBody::from(invitation);
            Ok((StatusCode::ACCEPTED, Json(body)).into_response())
        }
    }
}

/// Withdraws an invitation to an organisation. For its owners.
#[utoipa::path(
    delete, path = "/organisations/{organisation}/invitations/{person}", tag = "organisations",
    params(("organisation", description = "Its name."), ("person", description = "The account's name.")),
    responses((status = 204, description = "They are not invited any more.")),
)]
pub(crate) async fn withdraw(
    state: Visit,
    Address((name, person)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.withdraw_membership(&state.actor(), &name, &person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The organisations that the caller is invited to, the newest invitation first.
#[utoipa::path(
    get, path = "/me/invitations", tag = "organisations",
    responses((status = 200, description = "The invitations.", body = List<MembershipInvitationBody>)),
)]
pub(crate) async fn invitations(state: Visit) -> Result<Json<List<MembershipInvitationBody>>, Problem> {
    let invitations = state.hub.own_invitations(&state.actor()).await?;
    let items = invitations.into_iter().map(MembershipInvitationBody::from).collect();
    Ok(Json(List { items, next_cursor: None }))
}

/// Accepts an invitation: the caller belongs to the organisation. Takes the scope `admin`.
#[utoipa::path(
    post, path = "/me/invitations/{organisation}", tag = "organisations",
    params(("organisation", description = "Its name.")),
    responses((status = 204, description = "They belong to it.")),
)]
pub(crate) async fn accept(state: Visit, Address(name): Address<String>) -> Result<StatusCode, Problem> {
    state.hub.accept_invitation(&state.actor(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Declines an invitation to an organisation. Takes the scope `admin`.
#[utoipa::path(
    delete, path = "/me/invitations/{organisation}", tag = "organisations",
    params(("organisation", description = "Its name.")),
    responses((status = 204, description = "They are not invited any more.")),
)]
pub(crate) async fn decline(state: Visit, Address(name): Address<String>) -> Result<StatusCode, Problem> {
    state.hub.decline_invitation(&state.actor(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of an organisation and its teams. For its owners; members leave by it.
#[utoipa::path(
    delete, path = "/organisations/{organisation}/members/{person}", tag = "organisations",
    params(("organisation", description = "Its name."), ("person", description = "The account's name.")),
    responses((status = 204, description = "They are out of it.")),
)]
pub(crate) async fn remove_member(
    state: Visit,
    Address((name, person)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.set_membership(&state.actor(), &name, &person, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a team without members; one that is there stays as it is. For owners of the organisation.
#[utoipa::path(
    put, path = "/organisations/{organisation}/teams/{team}", tag = "organisations",
    params(("organisation", description = "Its name."), ("team", description = "The team's name.")),
    responses((status = 204, description = "It is there.")),
)]
pub(crate) async fn create_team(
    state: Visit,
    Address((name, team)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    match state.hub.create_team(&state.actor(), &name, &team).await {
        Ok(()) | Err(Error::Exists { .. }) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

/// Ends a team, and the roles it has in datasets. For owners of the organisation.
#[utoipa::path(
    delete, path = "/organisations/{organisation}/teams/{team}", tag = "organisations",
    params(("organisation", description = "Its name."), ("team", description = "The team's name.")),
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn end_team(
    state: Visit,
    Address((name, team)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.end_team(&state.actor(), &name, &team).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a member of the organisation into a team. For its owners.
#[utoipa::path(
    put, path = "/organisations/{organisation}/teams/{team}/members/{person}", tag = "organisations",
    params(
        ("organisation", description = "Its name."), ("team", description = "The team's name."),
        ("person", description = "The account's name."),
    ),
    responses((status = 204, description = "They are in it.")),
)]
pub(crate) async fn put_in(
    state: Visit,
    Address((name, team, person)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.set_team_member(&state.actor(), &name, &team, &person, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of a team. For owners of the organisation.
#[utoipa::path(
    delete, path = "/organisations/{organisation}/teams/{team}/members/{person}", tag = "organisations",
    params(
        ("organisation", description = "Its name."), ("team", description = "The team's name."),
        ("person", description = "The account's name."),
    ),
    responses((status = 204, description = "They are not in it.")),
)]
pub(crate) async fn take_out(
    state: Visit,
    Address((name, team, person)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.set_team_member(&state.actor(), &name, &team, &person, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
