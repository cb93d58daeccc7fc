//! Where mail reaches people: saying so, confirming it, and a link for who has forgotten the password.

use app::{form::Submitted, pages};
use axum::{Form, extract::Query, http::StatusCode};
use hub::Error;

use super::{
    accounts::{Values, account, again},
    answer::{Answer, is_about_form, page, refused, see},
    errors::Failure,
    people::Asked,
};
use crate::visit::Visit;

pub(super) async fn change(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let email = form.or("email", "");
    match visit.hub.set_email(&visit.actor(), &email, &form.or("email-password", "")).await {
        Ok(()) if email.trim().is_empty() => see("/account"),
        Ok(()) => {
            let told = Some(format!("A mail is on its way to {}. Open the link in it within 24 hours.", email.trim()));
            let view = pages::account::View { told, ..account(&visit).await? };
            page(&visit, || pages::account::page(&view, &Submitted::default()))
        }
        Err(error) => again(&visit, form, error).await,
    }
}

pub(super) async fn set_mailed(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let done = match form.or("mailed", "").parse() {
        Ok(level) => visit.hub.set_mailed(&visit.actor(), level).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => see("/account"),
        Err(error) => again(&visit, form, error).await,
    }
}

/// Opening a link confirms nothing yet: programs that look through mail open links as well.
pub(super) async fn confirm_form(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    page(&visit, || pages::email::confirm(&asked.code, &Submitted::default()))
}

pub(super) async fn confirm(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let code = form.or("code", "");
    match visit.hub.confirm_email(&code, &visit.client).await {
        Ok(email) => page(&visit, || pages::email::confirmed(&email)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&visit, &error, || pages::email::confirm(&code, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn forgot_form(visit: Visit) -> Answer {
    if !visit.hub.mails_links() {
        let told = "This server sends no mail: whoever runs it makes a link for a new password.";
        return Err(Failure::new(StatusCode::NOT_FOUND, told));
    }
    page(&visit, || pages::email::forgot(&Submitted::default()))
}

pub(super) async fn forgot(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let who = form.or("who", "");
    let asked = match who.trim() {
        "" => Err(Error::invalid("who", "Say which account: by its name or its e-mail address.")),
        who => visit.hub.forgot_password(who, &visit.client).await,
    };
    match asked {
        Ok(()) => page(&visit, || pages::email::asked(who.trim())),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&visit, &error, || pages::email::forgot(&form))
        }
        Err(error) => Err(error.into()),
    }
}
