//! What people say about a merge request.

use app::{
    form::Submitted,
    pages::{
        request::{edit_field, reply_field},
        request_changes::about_field,
    },
};
use axum::Form;
use hub::{Error, NewComment};
use uuid::Uuid;

use super::{
    super::{
        answer::{Answer, see},
        errors::Failure,
    },
    One, Stood, Values, again, again_on,
};
use crate::visit::Visit;

/// A comment on the whole, an answer to one, or one on a row or cell.
pub(in crate::pages) async fn comment(visit: Visit, one: One, stood: Stood, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    if let Some(table) = form.value("about") {
        let table = table.to_owned();
        return comment_on_row(&visit, &one, &stood, form, &table).await;
    }
    let reply_to = form.value("reply_to").map(entry).transpose()?;
    let field = reply_to.map_or_else(|| String::from("comment"), |id| reply_field(&id.to_string()));
    let new = NewComment { text: form.or(&field, ""), reply_to, ..NewComment::default() };
    match visit.hub.comment(&visit.actor(), &one.path, one.number, new).await {
        Ok(id) => see(&stood.entry(&one, id, false)),
        Err(error) => {
            let error = error.renamed(|name| (name == "text").then(|| field.clone()));
            again_on(&visit, &one, &stood, form, error).await
        }
    }
}

/// A comment from the page with the changes.
async fn comment_on_row(visit: &Visit, one: &One, stood: &Stood, form: Submitted, table: &str) -> Answer {
    let value = |what: &str| form.or(&about_field(what, table), "");
    let suggested = value("suggestion").replace("\r\n", "\n");
    let suggestion =
        if form.ticked("empty", false) { Some(None) } else { (!suggested.is_empty()).then_some(Some(suggested)) };
    let new = NewComment {
        text: value("text"),
        reply_to: None,
        table: Some(form.or("table", "")),
        key: Some(value("key")),
        column: Some(value("column")),
        suggestion,
    };
    match visit.hub.comment(&visit.actor(), &one.path, one.number, new).await {
        Ok(id) => see(&stood.entry(one, id, true)),
        Err(error) => {
            let error = error.renamed(|name| Some(about_field(name, table)));
            again_on(visit, one, stood, form, error).await
        }
    }
}

fn entry(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::not_found("comment"))
}

/// Another text for one's own comment.
pub(in crate::pages) async fn edit(visit: Visit, one: One, stood: Stood, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let id = entry(&form.or("entry", ""))?;
    let field = edit_field(&id.to_string());
    let done = visit.hub.edit_comment(&visit.actor(), &one.path, one.number, id, &form.or(&field, "")).await;
    match done {
        Ok(()) => see(&stood.entry(&one, id, false)),
        Err(error) => {
            let error = error.renamed(|name| (name == "text").then(|| field.clone()));
            again_on(&visit, &one, &stood, form, error).await
        }
    }
}

pub(in crate::pages) async fn review(visit: Visit, one: One, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let head = form.value("head").and_then(|head| head.parse().ok());
    let (actor, text) = (visit.actor(), form.or("review", ""));
    let sent = match form.or("verdict", "").parse() {
        Ok(verdict) => visit.hub.review(&actor, &one.path, one.number, verdict, &text, head).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => see(&one.address),
        Err(error) => {
            let error = error.renamed(|name| (name == "text").then(|| String::from("review")));
            again(&visit, &one, form, error).await
        }
    }
}

pub(in crate::pages) async fn settle(visit: Visit, one: One, stood: Stood, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let id = entry(&form.or("entry", ""))?;
    let settled = form.value("settled") == Some("true");
    let done = visit.hub.settle_thread(&visit.actor(), &one.path, one.number, id, settled).await;
    back(&visit, &one, &stood, id, done).await
}

pub(in crate::pages) async fn apply(visit: Visit, one: One, stood: Stood, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let id = entry(&form.or("entry", ""))?;
    let done = visit.hub.apply_suggestion(&visit.actor(), &one.path, one.number, id).await;
    back(&visit, &one, &stood, id, done).await
}

/// To the comment to which something was done.
async fn back(visit: &Visit, one: &One, stood: &Stood, id: Uuid, done: Result<(), Error>) -> Answer {
    match done {
        Ok(()) => see(&stood.entry(one, id, false)),
        Err(error) => again_on(visit, one, stood, Submitted::default(), error).await,
    }
}
