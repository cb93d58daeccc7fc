//! `/accounts/{name}`, `/sign-up` and `/invitations`: what those who run the server decide about accounts

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use hub::{InvitationView, SignUp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List, people::AccountBody, time};
use crate::{problem::Problem, visit::Visit};

/// An account, for those who run the server.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountDetails {
    #[serde(flatten)]
    account: AccountBody,
    /// Whether it is asked for a second factor.
    second_factor: bool,
}

/// What to change in an account; what is missing stays. Who runs the server is decided first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountPatch {
    /// Whether it runs the server.
    is_admin: Option<bool>,
    /// Whether nobody may use it; its sessions, tokens and invitations end.
    is_blocked: Option<bool>,
}

/// A link that was just made.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct MadeLink {
    /// Its address, which is told only this once; null where it was mailed.
    link: Option<String>,
}

/// Who may make an account of their own.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignUp)]
pub(crate) struct SignUpBody {
    /// `closed`: nobody; `invitation`: whoever has one; `open`: everybody.
    #[schema(value_type = String, example = "invitation")]
    rule: SignUp,
}

/// An invitation that makes one account.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationBody {
    /// Names it; not its link.
    id: String,
    /// Whom it is for.
    note: String,
    /// Who made it.
    made_by: String,
    /// When it ends.
    expires_at: Option<String>,
}

/// An invitation to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitationBody {
    /// Whom it is for. Up to 200 characters.
    #[serde(default)]
    note: String,
    /// The address that its link is sent to; without one the answer has the link.
    #[serde(default)]
    email: String,
}

impl From<InvitationView> for InvitationBody {
    fn from(invitation: InvitationView) -> Self {
        let InvitationView { id, note, made_by, expires_at } = invitation;
        Self { id, note, made_by, expires_at: time(expires_at) }
    }
}

type Once = (StatusCode, [(HeaderName, HeaderValue); 1], Json<MadeLink>);

/// A link that is told once, and that nothing on the way keeps.
fn made(visit: &Visit, path: &str, secret: Option<(&str, &str)>) -> Once {
    let link = secret.map(|secret| format!("{}{}", visit.origin(), app::url::with_query(path, &[secret])));
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::CREATED, kept, Json(MadeLink { link }))
}

/// An account. For those who run the server, as is all of `/accounts`, `/sign-up` and `/invitations`; what changes something
/// takes the scope `admin`.
#[utoipa::path(
    get, path = "/accounts/{name}", tag = "people",
    params(("name", description = "The account's name.")),
    responses((status = 200, description = "The account.", body = AccountDetails)),
)]
pub(crate) async fn show(visit: Visit, Address(name): Address<String>) -> Result<Json<AccountDetails>, Problem> {
    let actor = visit.actor();
    let account = visit.hub.account(&actor, &name).await?.into();
    let second_factor = visit.hub.second_factor_of(&actor, &name).await?;
    Ok(Json(AccountDetails { account, second_factor }))
}

/// Lets an account run the server or no longer, blocks it or lets it be used again.
#[utoipa::path(
    patch, path = "/accounts/{name}", tag = "people",
    params(("name", description = "The account's name.")),
    request_body = AccountPatch,
    responses((status = 204, description = "It is so.")),
)]
pub(crate) async fn change(
    visit: Visit,
    Address(name): Address<String>,
    Body(AccountPatch { is_admin, is_blocked }): Body<AccountPatch>,
) -> Result<StatusCode, Problem> {
    let actor = visit.actor();
    if let Some(is_admin) = is_admin {
        visit.hub.set_admin(&actor, &name, is_admin).await?;
    }
    if let Some(is_blocked) = is_blocked {
        visit.hub.set_blocked(&actor, &name, is_blocked).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link that sets an account's password, within 24 hours. Its sessions end once it is used.
#[utoipa::path(
    post, path = "/accounts/{name}/password-reset", tag = "people",
    params(("name", description = "The account's name.")),
    responses((status = 201, description = "The link.", body = MadeLink)),
)]
pub(crate) async fn reset(visit: Visit, Address(name): Address<String>) -> Result<Once, Problem> {
    let secret = visit.hub.make_reset(&visit.actor(), &name).await?;
    Ok(made(&visit, "/reset-password", Some(("code", &secret))))
}

/// Takes an account's second factor away, for somebody who has lost it.
#[utoipa::path(
    delete, path = "/accounts/{name}/second-factor", tag = "people",
    params(("name", description = "The account's name.")),
    responses((status = 204, description = "The password alone signs them in.")),
)]
pub(crate) async fn reset_second_factor(visit: Visit, Address(name): Address<String>) -> Result<StatusCode, Problem> {
    visit.hub.reset_second_factor(&visit.actor(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who may make an account of their own.
#[utoipa::path(
    get, path = "/sign-up", tag = "people",
    responses((status = 200, description = "The rule.", body = SignUpBody)),
)]
pub(crate) async fn sign_up(visit: Visit) -> Result<Json<SignUpBody>, Problem> {
    Ok(Json(SignUpBody { rule: visit.hub.sign_up_setting(&visit.actor()).await? }))
}

/// Says who may make an account of their own.
#[utoipa::path(
    put, path = "/sign-up", tag = "people",
    request_body = SignUpBody,
    responses((status = 204, description = "It is so.")),
)]
pub(crate) async fn set_sign_up(
    visit: Visit,
    Body(SignUpBody { rule }): Body<SignUpBody>,
) -> Result<StatusCode, Problem> {
    visit.hub.set_sign_up_rule(&visit.actor(), rule).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The invitations to make an account that nobody has used yet, the newest first.
#[utoipa::path(
    get, path = "/invitations", tag = "people",
    responses((status = 200, description = "The invitations.", body = List<InvitationBody>)),
)]
pub(crate) async fn invitations(visit: Visit) -> Result<Json<List<InvitationBody>>, Problem> {
    let invitations = visit.hub.invitations(&visit.actor()).await?;
    Ok(Json(List { items: invitations.into_iter().map(InvitationBody::from).collect(), next_cursor: None }))
}

/// Makes an invitation for one account, which ends after 7 days; perhaps sends it.
#[utoipa::path(
    post, path = "/invitations", tag = "people",
    request_body = NewInvitationBody,
    responses((status = 201, description = "Its link, where it was not sent.", body = MadeLink)),
)]
pub(crate) async fn invite(
    visit: Visit,
    Body(NewInvitationBody { note, email }): Body<NewInvitationBody>,
) -> Result<Once, Problem> {
    let actor = visit.actor();
    if !email.trim().is_empty() {
        visit.hub.invite_by_mail(&actor, &email, &note).await?;
        return Ok(made(&visit, "/sign-up", None));
    }
    let secret = visit.hub.invite(&actor, &note).await?;
    Ok(made(&visit, "/sign-up", Some(("invitation", &secret))))
}

/// Withdraws an invitation.
#[utoipa::path(
    delete, path = "/invitations/{id}", tag = "people",
    params(("id", description = "The invitation's id.")),
    responses((status = 204, description = "Its link makes no account any more.")),
)]
pub(crate) async fn withdraw(visit: Visit, Address(id): Address<String>) -> Result<StatusCode, Problem> {
    visit.hub.withdraw_invitation(&visit.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
