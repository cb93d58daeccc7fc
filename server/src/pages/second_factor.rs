//! The second factor: setting it up and turning it off, and the second step of signing in.

use app::{form::Submitted, pages, url};
use axum::{Form, extract::Query, http::header};
use hub::Error;
use serde::Deserialize;

use super::{
    accounts::{Values, signed_in},
    answer::{Answer, is_about_form, page, refused, see},
    people::once,
};
use crate::visit::{Cookie, Visit};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// Asks somebody who has given the password for the second factor.
pub(super) fn ask(visit: &Visit, secret: &str, next: &str) -> Answer {
    let mut answer = see(&url::with_query("/sign-in/code", &[("next", next)]))?;
    answer.headers_mut().insert(header::SET_COOKIE, visit.cookie(Cookie::SecondStep, Some(secret)));
    Ok(answer)
}

pub(super) async fn code_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    if visit.second_step.is_none() {
        return see(&url::sign_in(Some(&asked.next)));
    }
    page(&visit, || pages::second_factor::ask(&asked.next, &Submitted::default()))
}

pub(super) async fn code(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let next = form.or("next", "");
    let Some(secret) = &visit.second_step else { return see(&url::sign_in(Some(&next))) };
    match visit.hub.second_step(secret, &form.or("code", ""), visit.client.clone()).await {
        Ok(session) => {
            let mut answer = signed_in(&visit, &session, &next).await?;
            answer.headers_mut().append(header::SET_COOKIE, visit.cookie(Cookie::SecondStep, None));
            Ok(answer)
        }
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&visit, &error, || pages::second_factor::ask(&next, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn show(visit: Visit) -> Answer {
    let view = visit.hub.second_factor(&visit.actor()).await?;
    page(&visit, || pages::second_factor::page(view, &Submitted::default()))
}

/// Its page with a form that was refused.
async fn again(visit: &Visit, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let view = visit.hub.second_factor(&visit.actor()).await?;
    let form = form.refused(&error);
    refused(visit, &error, || pages::second_factor::page(view, &form))
}

pub(super) async fn begin(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.begin_second_factor(&visit.actor(), &form.or("password", "")).await {
        Ok(new) => once(page(&visit, || pages::second_factor::new(&new, &Submitted::default()))),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn confirm(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let actor = visit.actor();
    match visit.hub.confirm_second_factor(&actor, &form.or("code", "")).await {
        Ok(codes) => once(page(&visit, || pages::second_factor::codes(&codes))),
        Err(error @ (Error::Invalid { .. } | Error::TooMany { .. })) => {
            let new = visit.hub.waiting_second_factor(&actor).await?;
            let form = form.refused(&error);
            once(refused(&visit, &error, || pages::second_factor::new(&new, &form)))
        }
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn end(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.end_second_factor(&visit.actor(), &form.or("password", ""), &form.or("code", "")).await {
        Ok(()) => see("/account/second-factor"),
        Err(error) => again(&visit, form, error).await,
    }
}
