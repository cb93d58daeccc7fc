//! How people come to accounts: signing up, invitations, new passwords; and what those who run the server do with accounts.

use app::{form::Submitted, pages, url};
use axum::{
    Form,
    extract::{Path, Query},
    http::{StatusCode, header},
    response::IntoResponse,
};
use hub::{Error, SignUp};
use serde::Deserialize;

use super::{
    accounts::{Values, new_account, signed_in},
    answer::{Answer, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

/// Accounts on their page.
const MANY: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    invitation: String,
    #[serde(default)]
    pub(super) code: String,
}

pub(super) async fn sign_up_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let rule = visit.hub.sign_up_rule().await?;
    if rule == SignUp::Closed || (rule == SignUp::Invitation && asked.invitation.is_empty()) {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "Nobody makes an account here without an invitation. Ask whoever runs the server.",
        ));
    }
    let provider = visit.hub.provider_name();
    page(&visit, || pages::sign_in::sign_up(&asked.invitation, provider, &Submitted::default()))
}

pub(super) async fn sign_up(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let secret = form.or("invitation", "");
    let invitation = Some(secret.as_str()).filter(|secret| !secret.is_empty());
    match visit.hub.sign_up(new_account(&form), invitation, visit.client.clone()).await {
        Ok(session) => signed_in(&visit, &session, "/").await,
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let provider = visit.hub.provider_name();
            refused(&visit, &error, || pages::sign_in::sign_up(&secret, provider, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn reset_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    page(&visit, || pages::sign_in::reset(&asked.code, &Submitted::default()))
}

pub(super) async fn reset(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let code = form.or("code", "");
    match visit.hub.reset_password(&code, &form.or("password", ""), &visit.client).await {
        Ok(_) => see("/sign-in"),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&visit, &error, || pages::sign_in::reset(&code, &form))
        }
        Err(error) => Err(error.into()),
    }
}

async fn view(visit: &Visit, new_link: Option<String>) -> Result<pages::people::View, Failure> {
    let actor = visit.actor();
    Ok(pages::people::View {
        accounts: visit.hub.accounts(&actor, "", MANY).await?,
        rule: visit.hub.sign_up_rule().await?,
        mails_links: visit.hub.mails_links(),
        invitations: visit.hub.invitations(&actor).await?,
        new_link,
    })
}

pub(super) async fn list(visit: Visit) -> Answer {
    let view = view(&visit, None).await?;
    page(&visit, || pages::people::page(&view, &Submitted::default()))
}

/// The page of all accounts, with a form that was refused.
async fn again(visit: &Visit, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let view = view(visit, None).await?;
    let form = form.refused(&error);
    refused(visit, &error, || pages::people::page(&view, &form))
}

/// A page with a secret in it, of which nothing is kept.
pub(super) fn once(answer: Answer) -> Answer {
    Ok(([(header::CACHE_CONTROL, "no-store")], answer?).into_response())
}

pub(super) async fn create(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.create_account(&visit.actor(), new_account(&form)).await {
        Ok(_) => see("/account/people"),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn set_rule(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let set = match form.or("sign-up", "").parse() {
        Ok(rule) => visit.hub.set_sign_up_rule(&visit.actor(), rule).await,
        Err(error) => Err(error),
    };
    match set {
        Ok(()) => see("/account/people"),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn invite(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (email, note) = (form.or("email", ""), form.or("note", ""));
    if !email.trim().is_empty() {
        return match visit.hub.invite_by_mail(&visit.actor(), &email, &note).await {
            Ok(()) => see("/account/people"),
            Err(error) => again(&visit, form, error).await,
        };
    }
    match visit.hub.invite(&visit.actor(), &note).await {
        Ok(secret) => {
            let link = format!("{}{}", visit.origin(), url::with_query("/sign-up", &[("invitation", &secret)]));
            let view = view(&visit, Some(link)).await?;
            once(page(&visit, || pages::people::page(&view, &Submitted::default())))
        }
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn withdraw(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    visit.hub.withdraw_invitation(&visit.actor(), &form.or("invitation", "")).await?;
    see("/account/people")
}

async fn one(visit: &Visit, name: &str, link: Option<String>, error: Option<Error>) -> Answer {
    let account = visit.hub.account(&visit.actor(), name).await?;
    let has_second_factor = visit.hub.second_factor_of(&visit.actor(), name).await?;
    let is_own = visit.actor().name() == name;
    match error {
        None => {
            page(visit, || pages::people::account(&account, is_own, has_second_factor, link, &Submitted::default()))
        }
        Some(error) if is_about_form(&error) => {
            let form = Submitted::default().refused(&error);
            refused(visit, &error, || pages::people::account(&account, is_own, has_second_factor, link, &form))
        }
        Some(error) => Err(error.into()),
    }
}

pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> Answer {
    one(&visit, &name, None, None).await
}

fn is_yes(values: Vec<(String, String)>) -> bool {
    Submitted::new(values).value("to") == Some("yes")
}

pub(super) async fn set_admin(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    match visit.hub.set_admin(&visit.actor(), &name, is_yes(values)).await {
        // Who no longer runs the server does not see the page any more.
        Ok(()) if visit.actor().name() == name => see("/account"),
        Ok(()) => see(&format!("/account/people/{}", url::encode(&name))),
        Err(error) => one(&visit, &name, None, Some(error)).await,
    }
}

pub(super) async fn set_blocked(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    match visit.hub.set_blocked(&visit.actor(), &name, is_yes(values)).await {
        Ok(()) => see(&format!("/account/people/{}", url::encode(&name))),
        Err(error) => one(&visit, &name, None, Some(error)).await,
    }
}

pub(super) async fn make_reset(visit: Visit, Path(name): Path<String>) -> Answer {
    match visit.hub.make_reset(&visit.actor(), &name).await {
        Ok(secret) => {
            let link = format!("{}{}", visit.origin(), url::with_query("/reset-password", &[("code", &secret)]));
            once(one(&visit, &name, Some(link), None).await)
        }
        Err(error) => one(&visit, &name, None, Some(error)).await,
    }
}

pub(super) async fn reset_second_factor(visit: Visit, Path(name): Path<String>) -> Answer {
    match visit.hub.reset_second_factor(&visit.actor(), &name).await {
        Ok(()) => see(&format!("/account/people/{}", url::encode(&name))),
        Err(error) => one(&visit, &name, None, Some(error)).await,
    }
}
