//! Signing in and out, the first account, one's own account, and who may do what in a dataset.

use app::{form::Submitted, pages};
use axum::{
    Form,
    extract::Query,
    http::{StatusCode, header},
    response::IntoResponse,
};
use hub::{DatasetChanges, Entered, Error, Holder, NewAccount, Scope, SignUp, SignedIn, Visibility};
use serde::Deserialize;

use super::{
    answer::{Answer, At, is_about_form, page, refused, see},
    errors::Failure,
    second_factor,
};
use crate::visit::{Cookie, Visit};

pub(super) type Values = Form<Vec<(String, String)>>;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    code: String,
}

/// Where somebody goes who has just signed in. The session that the browser had until now ends: nobody who knows its secret
/// has anything of the new one.
pub(super) async fn signed_in(visit: &Visit, signed_in: &SignedIn, next: &str) -> Answer {
    if let Some(secret) = &visit.secret {
        visit.hub.sign_out(&visit.actor(), secret).await?;
    }
    let mut answer = see(app::url::ours(next))?;
    answer.headers_mut().insert(header::SET_COOKIE, visit.cookie(Cookie::Session, Some(&signed_in.secret)));
    Ok(answer)
}

/// How people come in here.
async fn ways(visit: &Visit) -> Result<pages::sign_in::Ways, Failure> {
    let is_open = visit.hub.sign_up_rule().await? == SignUp::Open;
    Ok(pages::sign_in::Ways {
        is_open,
        mails_links: visit.hub.mails_links(),
        provider: visit.hub.provider_name().map(str::to_owned),
    })
}

pub(super) async fn sign_in_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    if !visit.hub.has_accounts() {
        return see("/set-up");
    }
    let ways = ways(&visit).await?;
    page(&visit, || pages::sign_in::page(&asked.next, &ways, &Submitted::default()))
}

pub(super) async fn sign_in(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (name, password, next) = (form.or("name", ""), form.or("password", ""), form.or("next", ""));
    match visit.hub.sign_in(&name, &password, visit.client.clone()).await {
        Ok(Entered::SignedIn(session)) => signed_in(&visit, &session, &next).await,
        Ok(Entered::SecondStep(secret)) => second_factor::ask(&visit, &secret, &next),
        Err(error) if is_about_form(&error) => {
            let ways = ways(&visit).await?;
            let form = form.refused(&error);
            refused(&visit, &error, || pages::sign_in::page(&next, &ways, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn sign_out(visit: Visit) -> Answer {
    if let Some(secret) = &visit.secret {
        visit.hub.sign_out(&visit.actor(), secret).await?;
    }
    let mut answer = see("/")?;
    answer.headers_mut().insert(header::SET_COOKIE, visit.cookie(Cookie::Session, None));
    Ok(answer)
}

pub(super) async fn set_up_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    if visit.hub.has_accounts() {
        return see("/sign-in");
    }
    page(&visit, || pages::sign_in::set_up(&asked.code, &Submitted::default()))
}

pub(super) async fn set_up(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.set_up(&form.or("code", ""), new_account(&form), visit.client.clone()).await {
        Ok(session) => signed_in(&visit, &session, "/").await,
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&visit, &error, || pages::sign_in::set_up("", &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn new_account(form: &Submitted) -> NewAccount {
    let name = form.or("name", "").trim().to_owned();
    NewAccount { name, display: form.or("display", ""), password: form.or("password", "") }
}

/// One's own account.
pub(super) async fn account(visit: &Visit) -> Result<pages::account::View, Failure> {
    let actor = visit.actor();
    let (display, about) = visit.hub.own_profile(&actor).await?;
    let email = if visit.hub.mails_links() { Some(visit.hub.email(&actor).await?) } else { None };
    Ok(pages::account::View {
        name: actor.name().to_owned(),
        display,
        about,
        is_admin: actor.is_admin(),
        sessions: visit.hub.sessions(&actor, visit.secret.as_deref().unwrap_or_default()).await?,
        tokens: visit.hub.tokens(&actor).await?,
        second_factor: visit.hub.second_factor(&actor).await?,
        email,
        mailed: visit.hub.mailed(&actor).await?,
        ways_in: visit.hub.ways_in(&actor).await?,
        provider: visit.hub.provider_name().map(str::to_owned),
        new_token: None,
        told: None,
    })
}

pub(super) async fn show(visit: Visit) -> Answer {
    let view = account(&visit).await?;
    page(&visit, || pages::account::page(&view, &Submitted::default()))
}

/// Its page with a form that was refused.
pub(super) async fn again(visit: &Visit, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let view = account(visit).await?;
    let form = form.refused(&error);
    refused(visit, &error, || pages::account::page(&view, &form))
}

pub(super) async fn change_password(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let secret = visit.secret.as_deref().unwrap_or_default();
    let (old, new) = (form.or("old", ""), form.or("password", ""));
    match visit.hub.change_password(&visit.actor(), secret, &old, &new).await {
        Ok(()) => see("/account"),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn change_profile(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.set_profile(&visit.actor(), &form.or("display", ""), &form.or("about", "")).await {
        Ok(()) => see("/account"),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn end_session(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let secret = visit.secret.as_deref().unwrap_or_default();
    visit.hub.end_session(&visit.actor(), secret, form.value("session")).await?;
    see("/account")
}

pub(super) async fn create_token(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let scope = form.or("scope", "");
    let scope = Scope::ALL.into_iter().find(|each| each.as_str() == scope).unwrap_or(Scope::Read);
    // What is no number of days is refused as 0 is; only nothing at all means never.
    let days = form.value("expires_in_days").filter(|days| !days.is_empty()).map(|days| days.parse().unwrap_or(0));
    match visit.hub.create_token(&visit.actor(), &form.or("token-name", ""), scope, days, None).await {
        // It is in no address, so that it does not stay in the browser's history.
        Ok(token) => {
            let view = pages::account::View { new_token: Some(token.text), ..account(&visit).await? };
            let shown = page(&visit, || pages::account::page(&view, &Submitted::default()))?;
            Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], shown).into_response())
        }
        Err(error) => {
            let error = error.renamed(|name| (name == "name").then(|| "token-name".to_owned()));
            again(&visit, form, error).await
        }
    }
}

pub(super) async fn end_token(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let id = form.or("token", "").parse().map_err(|_| Failure::not_found("token"))?;
    visit.hub.delete_token(&visit.actor(), id).await?;
    see("/account")
}

async fn members_page(visit: &Visit, at: &At, refusal: Option<(Submitted, Error)>) -> Answer {
    let (actor, path) = (visit.actor(), &at.place.path);
    let members = visit.hub.members(&actor, path).await?;
    let teams = visit.hub.teams_for(&actor, path).await?;
    let dataset = visit.hub.overseen(&actor, path).await?;
    let view = |form: &Submitted| pages::members::page(&dataset, &members, teams.as_deref(), form);
    match refusal {
        None => page(visit, || view(&Submitted::default())),
        Some((form, error)) => refused(visit, &error, || view(&form.refused(&error))),
    }
}

pub(super) async fn members(visit: Visit, at: At) -> Answer {
    members_page(&visit, &at, None).await
}

pub(super) async fn set_role(visit: Visit, at: At, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (actor, path) = (visit.actor(), &at.place.path);
    let (holder, role) = match form.value("team") {
        // What takes the role from a team is the same form as what takes it from somebody.
        Some(team) => (Holder::Team(team.to_owned()), form.value("team-role").or(form.value("role"))),
        None => (Holder::Person(form.or("name", "")), form.value("role")),
    };
    let role = role.filter(|role| !role.is_empty()).map(str::parse).transpose();
    let given = match role {
        Ok(role) => visit.hub.set_role(&actor, path, &holder, role).await,
        Err(error) => Err(error),
    };
    match given {
        Ok(()) => see(&format!("{}/people", at.address)),
        Err(error) if is_about_form(&error) => members_page(&visit, &at, Some((form, error))).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn set_visibility(visit: Visit, at: At, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let public = form.value("visibility") == Some("public");
    let visibility = Some(if public { Visibility::Public } else { Visibility::Private });
    let changes = DatasetChanges { visibility, ..DatasetChanges::default() };
    visit.hub.update_dataset(&visit.actor(), &at.place.path, changes).await?;
    see(&format!("{}/people", at.address))
}
