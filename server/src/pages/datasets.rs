//! The list of datasets, and new ones.

use app::{form::Submitted, pages};
use axum::{Form, extract::State};
use hub::NewDataset;

use super::answer::{Answer, is_about_form, page, refused, see};
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
    let new = NewDataset {
        owner: actor.name().to_owned(),
        name: form.or("name", ""),
        title: form.or("title", ""),
        description: form.or("description", ""),
    };
    match state.hub.create_dataset(&actor, new).await {
        Ok(dataset) => see(&app::url::dataset(&dataset.path.owner, &dataset.path.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&state, &error, || pages::new_dataset::page(actor.name(), &form))
        }
        Err(error) => Err(error.into()),
    }
}
