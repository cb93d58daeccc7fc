//! The list of datasets, and new ones.

use app::{form::Submitted, pages};
use axum::{Form, extract::State};
use hub::{Actor, NewDataset};

use super::answer::{Answer, At, is_about_form, page, refused, see};
use crate::state::AppState;

pub(super) async fn list(State(state): State<AppState>) -> Answer {
    let datasets = state.hub.datasets(&state.actor()).await?;
    page(&state, || pages::datasets::page(&datasets))
}

pub(super) async fn new(State(state): State<AppState>) -> Answer {
    page(&state, || pages::new_dataset::page(state.actor().name(), &Submitted::default()))
}

pub(super) async fn create(State(state): State<AppState>, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let actor = state.actor();
    let form = Submitted::new(values);
    match state.hub.create_dataset(&actor, wanted(&actor, &form)).await {
        Ok(dataset) => see(&app::url::dataset(&dataset.path.owner, &dataset.path.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&state, &error, || pages::new_dataset::page(actor.name(), &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn new_fork(State(state): State<AppState>, at: At) -> Answer {
    let view = state.hub.dataset(&state.actor(), &at.place).await?;
    page(&state, || pages::fork::page(&view.dataset, state.actor().name(), &Submitted::default()))
}

pub(super) async fn fork(State(state): State<AppState>, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let actor = state.actor();
    let form = Submitted::new(values);
    match state.hub.fork(&actor, &at.place.path, wanted(&actor, &form)).await {
        Ok(fork) => see(&app::url::dataset(&fork.path.owner, &fork.path.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let view = state.hub.dataset(&actor, &at.place).await?;
            refused(&state, &error, || pages::fork::page(&view.dataset, actor.name(), &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// The dataset that a form asks for, in the person's own namespace.
fn wanted(actor: &Actor, form: &Submitted) -> NewDataset {
    NewDataset {
        owner: actor.name().to_owned(),
        name: form.or("name", ""),
        title: form.or("title", ""),
        description: form.or("description", ""),
    }
}
