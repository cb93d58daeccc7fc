//! What the server knows of somebody, as a file; and the end of their account.

use app::{form::Submitted, pages};
use axum::{
    Form,
    http::{StatusCode, header},
    response::IntoResponse,
};

use super::{
    accounts::Values,
    answer::{Answer, is_about_form, page, refused, see},
};
use crate::visit::{Cookie, Visit};

pub(super) async fn data(visit: Visit) -> Answer {
    let data = visit.hub.personal_data(&visit.actor()).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((StatusCode::OK, headers, format!("{data:#}\n")).into_response())
}

pub(super) async fn form(visit: Visit) -> Answer {
    let actor = visit.actor();
    let datasets = visit.hub.own_datasets(&actor).await?;
    let has_password = visit.hub.ways_in(&actor).await?.has_password;
    page(&visit, || pages::leaving::page(actor.name(), &datasets, has_password, &Submitted::default()))
}

pub(super) async fn delete(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let actor = visit.actor();
    match visit.hub.delete_account(&actor, &form.or("name", ""), &form.or("password", "")).await {
        Ok(()) => {
            let mut answer = see("/")?;
            answer.headers_mut().insert(header::SET_COOKIE, visit.cookie(Cookie::Session, None));
            Ok(answer)
        }
        Err(error) if is_about_form(&error) => {
            let datasets = visit.hub.own_datasets(&actor).await?;
            let has_password = visit.hub.ways_in(&actor).await?.has_password;
            let form = form.refused(&error);
            refused(&visit, &error, || pages::leaving::page(actor.name(), &datasets, has_password, &form))
        }
        Err(error) => Err(error.into()),
    }
}
