//! `/me`, `/accounts` and `/tokens`

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use hub::{Account, DatasetPath, NewAccount, Scope, TokenView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Address, Body, List, Parameters, cursor, limit, time};
use crate::{problem::Problem, visit::Visit};

/// The caller.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeBody {
    /// The name, as in addresses; `local` where there are no accounts.
    name: String,
    /// Whether they run the server.
    is_admin: bool,
    /// What may be done in their name: `read`, `write` or `admin`.
    scope: String,
    /// Whether they are asked for a second factor where they sign in.
    second_factor: bool,
}

/// The end of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletionBody {
    /// The account's name.
    name: String,
    /// Its password.
    password: String,
}

/// An account.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    /// The name, as in addresses.
    name: String,
    /// What they are called; the name where they said nothing.
    display: String,
    /// Whether they run the server.
    is_admin: bool,
    /// Whether nobody may use it.
    is_blocked: bool,
    /// When it was made.
    created_at: Option<String>,
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccountBody {
    /// The name, valid as a dataset's name.
    name: String,
    /// What they are called; the name where empty. Up to 100 characters.
    #[serde(default)]
    display: String,
    /// 10 to 1,000 characters.
    password: String,
}

/// A token, without its text.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenBody {
    /// Its id.
    id: String,
    /// What it is for.
    name: String,
    /// What may be done with it: `read`, `write` or `admin`.
    scope: String,
    /// The stable id of the only dataset that it may be used for; null: all.
    dataset: Option<String>,
    /// When it was made.
    created_at: Option<String>,
    /// When it ends; null: never.
    expires_at: Option<String>,
    /// When it was last used, to within some minutes; null: never.
    used_at: Option<String>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// What it is for. 1 to 100 characters.
    name: String,
    /// What may be done with it: `read` looks, `write` changes data, `admin` may all that you may.
    #[schema(value_type = String, example = "read")]
    scope: Scope,
    /// In how many days it ends, 1 to 3,650; null: never.
    #[serde(default)]
    expires_in_days: Option<u32>,
    /// The only dataset that it may be used for, as OWNER/NAME; null: all.
    #[serde(default)]
    dataset: Option<String>,
}

/// A token that was just made.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct MadeToken {
    /// Its text, which is told only this once.
    text: String,
    /// The token.
    token: TokenBody,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// How many, 1 to 1,000; 100 without it.
    limit: Option<usize>,
    /// From `next_cursor`.
    cursor: Option<String>,
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        let Account { name, display, is_admin, created_at, blocked_at } = account;
        Self { name, display, is_admin, is_blocked: blocked_at.is_some(), created_at: time(created_at) }
    }
}

impl From<TokenView> for TokenBody {
    fn from(token: TokenView) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            scope: token.scope.as_str().to_owned(),
            dataset: token.dataset.map(|id| id.to_string()),
            created_at: time(token.created_at),
            expires_at: token.expires_at.and_then(time),
            used_at: token.seen_at.and_then(time),
        }
    }
}

/// Who the server takes the caller for.
#[utoipa::path(
    get, path = "/me", tag = "people",
    responses((status = 200, description = "The caller.", body = MeBody)),
)]
pub(crate) async fn me(state: Visit) -> Result<Json<MeBody>, Problem> {
    let actor = state.actor();
    if actor.is_stranger() {
        return Err(hub::Error::SignIn.into());
    }
    let scope = actor.scope().as_str().to_owned();
    let second_factor = state.hub.has_second_factor(&actor).await?;
    Ok(Json(MeBody { name: actor.name().to_owned(), is_admin: actor.is_admin(), scope, second_factor }))
}

/// All that the server knows of the caller but what signs them in: account, links to a provider, sessions, tokens, roles,
/// organisations, watches, notices, datasets, drafts, merge requests, comments, decisions, and what the audit log says that
/// they did. Takes the scope `admin`.
#[utoipa::path(
    get, path = "/me/data", tag = "people",
    responses((status = 200, description = "The data.", body = Object)),
)]
pub(crate) async fn my_data(
    state: Visit,
) -> Result<([(HeaderName, HeaderValue); 1], Json<serde_json::Value>), Problem> {
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((kept, Json(state.hub.personal_data(&state.actor()).await?)))
}

/// Deletes the caller's account: sessions, tokens, roles, memberships, teams, watches, notices, drafts, links to a provider,
/// invitations, imports that are not finished and the e-mail address go at once; commits and what was said keep the name,
/// which nobody else gets. Refused while there are datasets of theirs, for the last who runs the server, and for the only
/// owner of an organisation. Takes the scope `admin`.
#[utoipa::path(
    post, path = "/me/deletion", tag = "people",
    request_body = DeletionBody,
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn delete_me(
    state: Visit,
    Body(DeletionBody { name, password }): Body<DeletionBody>,
) -> Result<StatusCode, Problem> {
    state.hub.delete_account(&state.actor(), &name, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All accounts, by name. For those who run the server.
#[utoipa::path(
    get, path = "/accounts", tag = "people",
    params(Part),
    responses((status = 200, description = "The accounts.", body = List<AccountBody>)),
)]
pub(crate) async fn accounts(
    state: Visit,
    Parameters(part): Parameters<Part>,
) -> Result<Json<List<AccountBody>>, Problem> {
    const NAME: [&str; 1] = ["accounts"];
    let limit = limit(part.limit)?;
    let after = part.cursor.map(|text| cursor::read::<String>(&NAME, &text)).transpose()?.unwrap_or_default();
    let mut accounts = state.hub.accounts(&state.actor(), &after, limit + 1).await?;
    let goes_on = accounts.len() > limit;
    accounts.truncate(limit);
    let next_cursor = accounts.last().filter(|_| goes_on).and_then(|last| cursor::write(&NAME, &last.name));
    Ok(Json(List { items: accounts.into_iter().map(AccountBody::from).collect(), next_cursor }))
}

/// Makes an account. For those who run the server.
#[utoipa::path(
    post, path = "/accounts", tag = "people",
    request_body = NewAccountBody,
    responses((status = 201, description = "The account.", body = AccountBody)),
)]
pub(crate) async fn create_account(
    state: Visit,
    Body(new): Body<NewAccountBody>,
) -> Result<(StatusCode, Json<AccountBody>), Problem> {
    let NewAccountBody { name, display, password } = new;
    let made = state.hub.create_account(&state.actor(), NewAccount { name, display, password }).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The caller's tokens, the newest first, without their texts. Takes the scope `admin`.
#[utoipa::path(
    get, path = "/tokens", tag = "people",
    responses((status = 200, description = "The tokens.", body = List<TokenBody>)),
)]
pub(crate) async fn tokens(state: Visit) -> Result<Json<List<TokenBody>>, Problem> {
    let tokens = state.hub.tokens(&state.actor()).await?;
    Ok(Json(List { items: tokens.into_iter().map(TokenBody::from).collect(), next_cursor: None }))
}

/// Makes a token that acts for the caller. Takes the scope `admin`.
#[utoipa::path(
    post, path = "/tokens", tag = "people",
    request_body = NewTokenBody,
    responses((status = 201, description = "The token, with its text.", body = MadeToken)),
)]
pub(crate) async fn create_token(
    state: Visit,
    Body(new): Body<NewTokenBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<MadeToken>), Problem> {
    let NewTokenBody { name, scope, expires_in_days, dataset } = new;
    let only = dataset.map(|text| {
        let parts = text.split_once('/').map(|(owner, name)| (owner.to_owned(), name.to_owned()));
        let wrong = || Problem::field(StatusCode::UNPROCESSABLE_ENTITY, "/dataset", "Write the dataset as OWNER/NAME.");
        parts.map(|(owner, name)| DatasetPath { owner, name }).ok_or_else(wrong)
    });
    let only = only.transpose()?;
    let made = state.hub.create_token(&state.actor(), &name, scope, expires_in_days, only.as_ref()).await?;
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, kept, Json(MadeToken { text: made.text, token: made.view.into() })))
}

/// Ends one of the caller's tokens, at once. Takes the scope `admin`.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "people",
    params(("id", description = "The token's id.")),
    responses((status = 204, description = "It is not valid any more.")),
)]
pub(crate) async fn delete_token(state: Visit, Address(id): Address<String>) -> Result<StatusCode, Problem> {
    let id: Uuid = id.parse().map_err(|_| hub::Error::not_found("token"))?;
    state.hub.delete_token(&state.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
