//! `/me/…`: what the caller says of themselves, where they are signed in, password, e-mail address and second factor

use axum::{Json, http::StatusCode};
use hub::{Mailed, SessionView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List, time};
use crate::{problem::Problem, visit::Visit};

/// What somebody says of themselves.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileBody {
    /// What they are called; the name where empty.
    display: String,
    /// What they say of themselves.
    about: String,
}

/// What to change in one's profile; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfilePatch {
    /// What one is called. Up to 100 characters.
    display: Option<String>,
    /// What one says of oneself. Up to 1,000 characters.
    about: Option<String>,
}

/// A browser that the caller is signed in with.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    /// Names it among theirs.
    id: String,
    /// What the browser calls itself.
    browser: String,
    /// Where it was last seen.
    address: String,
    /// When they signed in.
    created_at: Option<String>,
    /// When it was last used, to within some minutes.
    used_at: Option<String>,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The password now.
    old: String,
    /// The new one: 10 to 1,000 characters.
    password: String,
}

/// Where mail reaches somebody.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Email)]
pub(crate) struct EmailBody {
    /// The address that was confirmed; null: none.
    email: Option<String>,
    /// Which notices go there: `all`, `direct` or `nothing`.
    mailed: String,
}

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmailBody {
    /// The address; empty: none.
    email: String,
    /// The account's password.
    password: String,
}

/// Which notices go by mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailedBody {
    /// `all`; `direct`: where somebody writes one's name or asks for a review, and what one may do; or `nothing`.
    mailed: String,
}

/// How a second factor stands.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SecondFactor)]
pub(crate) struct SecondFactorBody {
    /// Since when it is asked for; null: it is not.
    since: Option<String>,
    /// Recovery codes that are left.
    recovery_codes: usize,
}

impl From<SessionView> for SessionBody {
    fn from(session: SessionView) -> Self {
        Self {
            id: session.id,
            browser: session.agent,
            address: session.address,
            created_at: time(session.created_at),
            used_at: time(session.seen_at),
            is_this: session.is_this,
        }
    }
}

/// The secret of the session that asks; that of a program is none's.
fn secret(visit: &Visit) -> &str {
    visit.secret.as_deref().unwrap_or_default()
}

/// What the caller says of themselves. Takes the scope `admin`, as all of `/me/…` that is not about notices and invitations.
#[utoipa::path(
    get, path = "/me/profile", tag = "people",
    responses((status = 200, description = "The profile.", body = ProfileBody)),
)]
pub(crate) async fn profile(visit: Visit) -> Result<Json<ProfileBody>, Problem> {
    let (display, about) = visit.hub.own_profile(&visit.actor()).await?;
    Ok(Json(ProfileBody { display, about }))
}

/// Changes what the caller says of themselves.
#[utoipa::path(
    patch, path = "/me/profile", tag = "people",
    request_body = ProfilePatch,
    responses((status = 200, description = "The profile.", body = ProfileBody)),
)]
pub(crate) async fn change_profile(
    visit: Visit,
    Body(patch): Body<ProfilePatch>,
) -> Result<Json<ProfileBody>, Problem> {
    let actor = visit.actor();
    let (display, about) = visit.hub.own_profile(&actor).await?;
    let (display, about) = (patch.display.unwrap_or(display), patch.about.unwrap_or(about));
    visit.hub.set_profile(&actor, &display, &about).await?;
    profile(visit).await
}

/// The browsers that the caller is signed in with, the last used first.
#[utoipa::path(
    get, path = "/me/sessions", tag = "people",
    responses((status = 200, description = "The sessions.", body = List<SessionBody>)),
)]
pub(crate) async fn sessions(visit: Visit) -> Result<Json<List<SessionBody>>, Problem> {
    let sessions = visit.hub.sessions(&visit.actor(), secret(&visit)).await?;
    Ok(Json(List { items: sessions.into_iter().map(SessionBody::from).collect(), next_cursor: None }))
}

/// Signs the caller out everywhere but where they ask from.
#[utoipa::path(
    delete, path = "/me/sessions", tag = "people",
    responses((status = 204, description = "They have ended.")),
)]
pub(crate) async fn end_sessions(visit: Visit) -> Result<StatusCode, Problem> {
    visit.hub.end_session(&visit.actor(), secret(&visit), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs the caller out in a browser.
#[utoipa::path(
    delete, path = "/me/sessions/{id}", tag = "people",
    params(("id", description = "The session's id.")),
    responses((status = 204, description = "It has ended.")),
)]
pub(crate) async fn end_session(visit: Visit, Address(id): Address<String>) -> Result<StatusCode, Problem> {
    visit.hub.end_session(&visit.actor(), secret(&visit), Some(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the caller's password, and signs them out everywhere but where they ask from.
#[utoipa::path(
    put, path = "/me/password", tag = "people",
    request_body = PasswordBody,
    responses((status = 204, description = "It is changed.")),
)]
pub(crate) async fn change_password(
    visit: Visit,
    Body(PasswordBody { old, password }): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    visit.hub.change_password(&visit.actor(), secret(&visit), &old, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where mail reaches the caller, and which notices go there.
#[utoipa::path(
    get, path = "/me/email", tag = "people",
    responses((status = 200, description = "The address.", body = EmailBody)),
)]
pub(crate) async fn email(visit: Visit) -> Result<Json<EmailBody>, Problem> {
    let actor = visit.actor();
    let email = visit.hub.email(&actor).await?;
    Ok(Json(EmailBody { email, mailed: visit.hub.mailed(&actor).await?.as_str().to_owned() }))
}

/// Sends a link to an address, which has the caller's mail go there once it is opened; or has no mail go anywhere, at once.
/// Where the server sends no mail, that is refused (409).
#[utoipa::path(
    put, path = "/me/email", tag = "people",
    request_body = NewEmailBody,
    responses(
        (status = 202, description = "The link is on its way."),
        (status = 204, description = "There is no address any more."),
    ),
)]
pub(crate) async fn change_email(
    visit: Visit,
    Body(NewEmailBody { email, password }): Body<NewEmailBody>,
) -> Result<StatusCode, Problem> {
    let done = visit.hub.set_email(&visit.actor(), &email, &password).await;
    done.map_err(|error| error.renamed(|name| (name == "email-password").then(|| "password".to_owned())))?;
    Ok(if email.trim().is_empty() { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}

/// Says which notices the caller wants by mail.
#[utoipa::path(
    put, path = "/me/mailed", tag = "people",
    request_body = MailedBody,
    responses((status = 204, description = "It is kept.")),
)]
pub(crate) async fn set_mailed(
    visit: Visit,
    Body(MailedBody { mailed }): Body<MailedBody>,
) -> Result<StatusCode, Problem> {
    visit.hub.set_mailed(&visit.actor(), mailed.parse::<Mailed>()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the caller's second factor stands. It is set up and turned off in a browser.
#[utoipa::path(
    get, path = "/me/second-factor", tag = "people",
    responses((status = 200, description = "How it stands.", body = SecondFactorBody)),
)]
pub(crate) async fn second_factor(visit: Visit) -> Result<Json<SecondFactorBody>, Problem> {
    let view = visit.hub.second_factor(&visit.actor()).await?;
    Ok(Json(SecondFactorBody { since: view.since.and_then(time), recovery_codes: view.codes }))
}
