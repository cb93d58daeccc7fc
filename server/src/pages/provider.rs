//! Signing in through a provider of identities: going there, coming back, and linking one's account.

use app::{form::Submitted, pages};
use axum::{
    Form,
    extract::Query,
    http::{HeaderValue, header},
};
use hub::{Arrival, Departure, Error};
use serde::Deserialize;

use super::{
    accounts::{Values, again, signed_in},
    answer::{Answer, is_about_form, page, refused, see},
    people::once,
};
use crate::visit::{Cookie, Visit};

/// What the provider sends back with somebody.
#[derive(Deserialize)]
pub(super) struct Returned {
    #[serde(default)]
    state: String,
    /// None where it does not vouch for them.
    #[serde(default)]
    code: String,
}

/// Sends somebody on to the provider. It is not where a form leads at once: the policy for a page's content lets forms lead
/// to this server only.
fn go(visit: &Visit, departure: &Departure) -> Answer {
    let name = visit.hub.provider_name().unwrap_or_default();
    let mut answer = once(page(visit, || pages::provider::go(name, &departure.address)))?;
    let headers = answer.headers_mut();
    headers.insert(header::SET_COOKIE, visit.cookie(Cookie::Provider, Some(&departure.secret)));
    // An address as it is written in one has neither spaces nor quotes.
    if let Ok(address) = HeaderValue::try_from(format!("0; url={}", departure.address)) {
        headers.insert(header::REFRESH, address);
    }
    Ok(answer)
}

pub(super) async fn sign_in(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let departure =
        visit.hub.sign_in_elsewhere(&form.or("next", ""), &form.or("invitation", ""), &visit.client).await?;
    go(&visit, &departure)
}

pub(super) async fn link(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.link_elsewhere(&visit.actor(), &form.or("link-password", "")).await {
        Ok(departure) => go(&visit, &departure),
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn unlink(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    match visit.hub.unlink(&visit.actor(), &form.or("issuer", ""), &form.or("subject", "")).await {
        Ok(()) => see("/account"),
        Err(error) => again(&visit, form, error).await,
    }
}

/// Makes the browser forget that it was away.
fn back(visit: &Visit, answer: Answer) -> Answer {
    let mut answer = answer?;
    answer.headers_mut().append(header::SET_COOKIE, visit.cookie(Cookie::Provider, None));
    Ok(answer)
}

pub(super) async fn arrive(visit: Visit, Query(returned): Query<Returned>) -> Answer {
    let secret = visit.departure.as_deref().unwrap_or_default();
    let Returned { state, code } = &returned;
    match visit.hub.arrive(&visit.actor(), secret, state, code, visit.client.clone()).await? {
        Arrival::SignedIn(session, next) => back(&visit, signed_in(&visit, &session, &next).await),
        Arrival::Linked => back(&visit, see("/account")),
        // Which still needs the cookie.
        Arrival::New => see("/sign-up/name"),
    }
}

pub(super) async fn name_form(visit: Visit) -> Answer {
    let newcomer = visit.hub.newcomer(visit.departure.as_deref().unwrap_or_default())?;
    page(&visit, || pages::provider::name(&newcomer, &Submitted::default()))
}

pub(super) async fn name(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let secret = visit.departure.as_deref().unwrap_or_default();
    let (name, display) = (form.or("name", ""), form.or("display", ""));
    match visit.hub.join_from_elsewhere(secret, &name, &display, visit.client.clone()).await {
        Ok((session, next)) => back(&visit, signed_in(&visit, &session, &next).await),
        Err(error @ (Error::Invalid { .. } | Error::TooMany { .. })) if is_about_form(&error) => {
            let newcomer = visit.hub.newcomer(secret)?;
            let form = form.refused(&error);
            refused(&visit, &error, || pages::provider::name(&newcomer, &form))
        }
        Err(error) => Err(error.into()),
    }
}
