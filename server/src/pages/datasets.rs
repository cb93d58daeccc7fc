//! The list of datasets, and new ones.

use app::{form::Submitted, pages};
use axum::{Form, extract::Path};
use hub::{Actor, DatasetChanges, Error, NewDataset};

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

pub(super) async fn namespace(state: Visit, Path(owner): Path<String>) -> Answer {
    let view = state.hub.namespace(&state.actor(), &owner).await?;
    page(&state, || pages::namespace::page(&view))
}

pub(super) async fn settings(state: Visit, at: At) -> Answer {
    let dataset = state.hub.managed(&state.actor(), &at.place.path).await?;
    page(&state, || pages::settings::page(&dataset, &Submitted::default()))
}

pub(super) async fn change(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let path = &at.place.path;
    let text = |name: &str| form.value(name).map(str::to_owned);
    let changes = DatasetChanges {
        // Who may not rename it sends none.
        name: text("name").filter(|name| *name != path.name),
        title: text("title"),
        description: text("description"),
        default_branch: text("default_branch"),
        visibility: None,
    };
    match state.hub.update_dataset(&state.actor(), path, changes).await {
        Ok(dataset) => see(&app::url::dataset(&dataset.path.owner, &dataset.path.name)),
        Err(error) => settings_again(&state, &at, form, error).await,
    }
}

pub(super) async fn delete(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let path = &at.place.path;
    let deleted = if form.or("confirm", "").trim() == path.name {
        state.hub.delete_dataset(&state.actor(), path, false).await
    } else {
        Err(Error::invalid("confirm", format!("Type {} to delete it.", path.name)))
    };
    match deleted {
        Ok(()) => see(&app::url::namespace(&path.owner)),
        Err(error) => settings_again(&state, &at, form, error).await,
    }
}

async fn settings_again(state: &Visit, at: &At, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let dataset = state.hub.managed(&state.actor(), &at.place.path).await?;
    let form = form.refused(&error);
    refused(state, &error, || pages::settings::page(&dataset, &form))
}

pub(super) async fn restore(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let path = &at.place.path;
    let forever = form.value("forever").is_some();
    state.hub.settle_deleted(&state.actor(), path, forever).await?;
    see(&if forever { app::url::namespace(&path.owner) } else { at.address.clone() })
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
