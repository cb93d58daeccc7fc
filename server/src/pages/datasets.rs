//! The list of datasets, and new ones.

use app::{form::Submitted, pages};
use axum::Form;
use hub::{Actor, NewDataset};

use super::answer::{Answer, At, is_about_form, page, refused, see};
use crate::visit::Visit;

pub(super) async fn list(state: Visit) -> Answer {
    let datasets = state.hub.datasets(&state.actor()).await?;
    page(&state, || pages::datasets::page(&datasets))
}

pub(super) async fn new(state: Visit) -> Answer {
    let actor = state.actor();
    let owner = state.hub.own_namespace(&actor)?;
    page(&state, || pages::new_dataset::page(owner, &Submitted::default()))
}

pub(super) async fn create(state: Visit, Form(values): Form<Vec<(String, String)>>) -> Answer {
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

pub(super) async fn new_fork(state: Visit, at: At) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    let owner = state.hub.own_namespace(&actor)?;
    page(&state, || pages::fork::page(&view.dataset, owner, &Submitted::default()))
}

pub(super) async fn fork(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
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
