//! Branches and tags, and two states side by side.

use app::{form::Submitted, pages};
use axum::{Form, extract::Query};
use hub::{Against, Error, Place, Protection, Reference, TwoStates};
use serde::Deserialize;

use super::{
    answer::{Answer, At, ChangesQuery, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

pub(super) async fn list(state: Visit, at: At) -> Answer {
    let view = state.hub.refs(&state.actor(), &at.place.path).await?;
    page(&state, || pages::branches::page(&view, &Submitted::default()))
}

pub(super) async fn create(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let (actor, name) = (state.actor(), form.or("name", ""));
    let made = match form.or("from", "").trim().parse::<Reference>() {
        Err(error) => Err(Error::invalid("from", error.to_string())),
        Ok(from) => {
            let from = Place { path: at.place.path.clone(), at: from };
            if form.value("kind") == Some("tag") {
                state.hub.create_tag(&actor, &from, &name).await
            } else {
                state.hub.create_branch(&actor, &from, &name).await
            }
        }
    };
    match made {
        Ok(viewed) => {
            let path = &at.place.path;
            see(&app::url::place(&path.owner, &path.name, viewed.reference.as_deref()))
        }
        Err(Error::NotFound { what }) => {
            let error = Error::invalid("from", format!("There is no {what} here."));
            again(&state, &at, form, error).await
        }
        Err(error) => again(&state, &at, form, error).await,
    }
}

pub(super) async fn delete(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let (actor, path) = (state.actor(), &at.place.path);
    let deleted = match (form.value("branch"), form.value("tag")) {
        (Some(branch), _) => state.hub.delete_branch(&actor, path, branch).await,
        (None, Some(tag)) => state.hub.delete_tag(&actor, path, tag).await,
        (None, None) => return Err(Failure::not_found("branch or tag of that name")),
    };
    match deleted {
        Ok(()) => see(&format!("{}/branches", at.address)),
        Err(error) => again(&state, &at, Submitted::default(), error).await,
    }
}

/// Sets or lifts the rules of a branch.
pub(super) async fn protect(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let (actor, path) = (state.actor(), &at.place.path);
    let done = match (form.value("unprotect"), form.or("merge_role", "").parse()) {
        (Some(branch), _) => state.hub.unprotect(&actor, path, branch).await,
        (None, Err(_)) => Err(Error::invalid("merge_role", "Choose who may merge.")),
        (None, Ok(merge_role)) => match form.or("approvals", "").trim().parse() {
            Err(_) => Err(Error::invalid("approvals", "Give a whole number from 0 to 20.")),
            Ok(approvals) => {
                let protection = Protection {
                    branch: form.or("branch", ""),
                    request_required: form.ticked("request_required", false),
                    approvals,
                    approvals_lapse: form.ticked("approvals_lapse", false),
                    merge_role,
                    checks: lines(&form.or("checks", "")),
                    warnings_block: form.ticked("warnings_block", false),
                };
                state.hub.protect(&actor, path, protection).await
            }
        },
    };
    match done {
        Ok(()) => see(&format!("{}/branches#rules", at.address)),
        Err(error) => again(&state, &at, form, error).await,
    }
}

/// What stands on each line that is not empty.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

async fn again(state: &Visit, at: &At, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = state.hub.refs(&state.actor(), &at.place.path).await?;
    refused(state, &error, || pages::branches::page(&view, &form))
}

#[derive(Deserialize)]
pub(super) struct CompareQuery {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// Whether the two are compared as they are, and not by what the second would bring to the first.
    #[serde(default)]
    direct: String,
}

pub(super) async fn compare(
    state: Visit,
    at: At,
    Query(query): Query<CompareQuery>,
    Query(changes): Query<ChangesQuery>,
) -> Answer {
    let reference = |text: &str| {
        text.trim().parse::<Reference>().map_err(|_| Failure::not_found("branch, tag or commit of that name"))
    };
    let (from, to) = (reference(&query.from)?, reference(&query.to)?);
    let asked = changes.asked()?;
    let against = if query.direct == "1" { Against::Other } else { Against::Base };
    let sides = TwoStates { from: &from, to: &to, against };
    let view = state.hub.compare(&state.actor(), &at.place.path, sides, asked.clone()).await?;
    page(&state, || pages::compare::page(&view, &asked))
}
