//! The list of datasets, and new ones.

use app::{form::Submitted, pages};
use axum::{
    Form,
    extract::{Path, Query},
};
use hub::{DatasetChanges, Error, NewDataset, Transferred};
use serde::Deserialize;

use super::{
    answer::{Answer, At, is_about_form, page, refused, see},
    errors::Failure,
    inbox,
};
use crate::visit::Visit;

pub(super) async fn list(state: Visit) -> Answer {
    let datasets = state.hub.datasets(&state.actor()).await?;
    page(&state, || pages::datasets::page(&datasets))
}

#[derive(Deserialize)]
pub(super) struct NewQuery {
    /// The namespace that is chosen at first.
    owner: Option<String>,
}

pub(super) async fn new(state: Visit, Query(query): Query<NewQuery>) -> Answer {
    let namespaces = state.hub.namespaces(&state.actor()).await?;
    let form = Submitted::first(query.owner.map(|owner| ("owner".to_owned(), owner)));
    page(&state, || pages::new_dataset::page(&namespaces, &form))
}

pub(super) async fn create(state: Visit, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let actor = state.actor();
    let form = Submitted::new(values);
    match state.hub.create_dataset(&actor, wanted(&form)).await {
        Ok(dataset) => see(&app::url::dataset(&dataset.path.owner, &dataset.path.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let namespaces = state.hub.namespaces(&actor).await?;
            refused(&state, &error, || pages::new_dataset::page(&namespaces, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn namespace(state: Visit, Path(owner): Path<String>) -> Answer {
    let view = state.hub.namespace(&state.actor(), &owner).await?;
    page(&state, || pages::namespace::page(&view))
}

async fn settings_view(state: &Visit, at: &At) -> Result<pages::settings::View, Failure> {
    let (actor, path) = (state.actor(), &at.place.path);
    let dataset = state.hub.overseen(&actor, path).await?;
    let offer = state.hub.offer(&actor, path).await?;
    // Who makes datasets nowhere gives none away.
    let namespaces = state.hub.namespaces(&actor).await.unwrap_or_default();
    Ok(pages::settings::View { dataset, offer, namespaces })
}

pub(super) async fn settings(state: Visit, at: At) -> Answer {
    let view = settings_view(&state, &at).await?;
    page(&state, || pages::settings::page(&view, &Submitted::default()))
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
        archived: None,
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
    let view = settings_view(state, at).await?;
    let form = form.refused(&error);
    refused(state, &error, || pages::settings::page(&view, &form))
}

pub(super) async fn archive(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let archived = Some(Submitted::new(values).value("to") == Some("yes"));
    let changes = DatasetChanges { archived, ..DatasetChanges::default() };
    match state.hub.update_dataset(&state.actor(), &at.place.path, changes).await {
        Ok(_) => see(&at.address),
        Err(error) => settings_again(&state, &at, Submitted::default(), error).await,
    }
}

pub(super) async fn transfer(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let path = &at.place.path;
    let given = if form.or("confirm-transfer", "").trim() == path.name {
        state.hub.transfer(&state.actor(), path, &form.or("owner", "")).await
    } else {
        Err(Error::invalid("confirm-transfer", format!("Type {} to give it away.", path.name)))
    };
    match given {
        Ok(Transferred::Done(path)) => see(&app::url::dataset(&path.owner, &path.name)),
        Ok(Transferred::Offered(_)) => see(&format!("{}/settings", at.address)),
        Err(error) => {
            // What stands in the way of a dataset of that name is told of the owner: the name stays.
            let error = error.renamed(|name| (name == "name").then(|| "owner".to_owned()));
            settings_again(&state, &at, form, error).await
        }
    }
}

/// Takes a dataset that is offered, declines it, or withdraws the offer.
pub(super) async fn settle_offer(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let (actor, path) = (state.actor(), &at.place.path);
    let form = Submitted::new(values);
    if form.value("what") == Some("take") {
        let field = pages::namespace::offer_field(path);
        return match state.hub.take_offer(&actor, path, form.value(&field)).await {
            Ok(taken) => see(&app::url::dataset(&taken.owner, &taken.name)),
            Err(error) if is_about_form(&error) => {
                let error = error.renamed(|name| (name == "name").then(|| field.clone()));
                inbox::again(&state, form, &error).await
            }
            Err(error) => Err(error.into()),
        };
    }
    state.hub.end_offer(&actor, path).await?;
    // Who declines may not see the dataset.
    let settings = state.hub.overseen(&actor, path).await.map(|_| format!("{}/settings", at.address));
    see(&settings.unwrap_or_else(|_| app::url::namespace(actor.name())))
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
    let namespaces = state.hub.namespaces(&actor).await?;
    page(&state, || pages::fork::page(&view.dataset, &namespaces, &Submitted::default()))
}

pub(super) async fn fork(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let actor = state.actor();
    let form = Submitted::new(values);
    match state.hub.fork(&actor, &at.place.path, wanted(&form)).await {
        Ok(fork) => see(&app::url::dataset(&fork.path.owner, &fork.path.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let view = state.hub.dataset(&actor, &at.place).await?;
            let namespaces = state.hub.namespaces(&actor).await?;
            refused(&state, &error, || pages::fork::page(&view.dataset, &namespaces, &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// The dataset that a form asks for, in the namespace that was chosen, else the person's own.
fn wanted(form: &Submitted) -> NewDataset {
    NewDataset {
        owner: form.or("owner", ""),
        name: form.or("name", ""),
        title: form.or("title", ""),
        description: form.or("description", ""),
    }
}
