//! The draft: looked at, committed, thrown away.

use app::{form::Submitted, pages};
use axum::{Form, extract::State};
use hub::Error;

use super::answer::{Answer, At, is_about_form, page, refused, see};
use crate::state::AppState;

pub(super) async fn show(State(state): State<AppState>, at: At) -> Answer {
    let view = state.hub.draft(&state.actor(), &at.path).await?;
    page(&state, || pages::draft::page(&view, &Submitted::default()))
}

pub(super) async fn commit(State(state): State<AppState>, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let message = form.or("message", "");
    match state.hub.commit(&state.actor(), &at.path, revision(&form), &message).await {
        Ok(hash) => see(&app::url::commit(&at.address, &hash.to_string())),
        Err(error) => again(&state, &at, form, error).await,
    }
}

pub(super) async fn discard(
    State(state): State<AppState>,
    at: At,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let form = Submitted::new(values);
    match state.hub.discard(&state.actor(), &at.path, revision(&form)).await {
        Ok(()) => see(&at.address),
        Err(error) => again(&state, &at, form, error).await,
    }
}

/// The page with the draft as it is now.
async fn again(state: &AppState, at: &At, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = state.hub.draft(&state.actor(), &at.path).await?;
    refused(state, &error, || pages::draft::page(&view, &form))
}

/// The revision that the person saw; one that no draft has where the form has none.
fn revision(form: &Submitted) -> u64 {
    form.value("revision").and_then(|revision| revision.parse().ok()).unwrap_or(0)
}
