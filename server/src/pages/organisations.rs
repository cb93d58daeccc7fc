//! Organisations: the founding, and what their owners decide.

use app::{form::Submitted, pages};
use axum::{Form, extract::Path};
use hub::{Error, NewOrganisation, OrganisationChanges};

use super::{
    accounts::Values,
    answer::{Answer, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

pub(super) async fn list(visit: Visit) -> Answer {
    let organisations = visit.hub.organisations(&visit.actor()).await?;
    page(&visit, || pages::organisations::page(&organisations, &Submitted::default()))
}

pub(super) async fn found(visit: Visit, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let new = NewOrganisation {
        name: form.or("name", ""),
        display: form.or("display", ""),
        description: form.or("description", ""),
    };
    match visit.hub.found_organisation(&visit.actor(), new).await {
        Ok(founded) => see(&app::url::namespace(&founded.name)),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let organisations = visit.hub.organisations(&visit.actor()).await?;
            refused(&visit, &error, || pages::organisations::page(&organisations, &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// The page of an organisation's settings, perhaps with a form that was refused.
async fn one(visit: &Visit, name: &str, refusal: Option<(Submitted, Error)>) -> Answer {
    let actor = visit.actor();
    let view = visit.hub.organisation(&actor, name).await?;
    // Its page says all that others may know.
    let Some(inside) = &view.inside else { return Err(Failure::not_found("such page")) };
    match refusal {
        None => page(visit, || pages::organisation::page(&view, inside, actor.name(), &Submitted::default())),
        Some((form, error)) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(visit, &error, || pages::organisation::page(&view, inside, actor.name(), &form))
        }
        Some((_, error)) => Err(error.into()),
    }
}

/// On to the page of the settings, or again to the form.
async fn settled(visit: &Visit, name: &str, form: Submitted, done: Result<(), Error>) -> Answer {
    match done {
        Ok(()) => see(&pages::organisations::address(name)),
        Err(error) => one(visit, name, Some((form, error))).await,
    }
}

pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> Answer {
    one(&visit, &name, None).await
}

pub(super) async fn change(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let text = |field: &str| form.value(field).map(str::to_owned);
    let changes = OrganisationChanges {
        display: text("display"),
        description: text("description"),
        base_role: text("base_role"),
    };
    let done = visit.hub.change_organisation(&visit.actor(), &name, changes).await.map(|_| ());
    settled(&visit, &name, form, done).await
}

pub(super) async fn set_membership(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (actor, person) = (visit.actor(), form.or("person", ""));
    let role = form.value("role").filter(|role| !role.is_empty()).map(str::parse).transpose();
    let done = match role {
        Ok(role) => visit.hub.set_membership(&actor, &name, &person, role).await.map(|_| ()),
        Err(error) => Err(error),
    };
    // Who has left sees nothing of it any more.
    if done.is_ok() && role_is_none(&form) && person.trim() == actor.name() {
        return see("/account/organisations");
    }
    settled(&visit, &name, form, done).await
}

/// Accepts or declines an invitation that was made to the person.
pub(super) async fn settle_invitation(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let actor = visit.actor();
    if Submitted::new(values).value("what") == Some("accept") {
        visit.hub.accept_invitation(&actor, &name).await?;
        return see(&app::url::namespace(&name));
    }
    visit.hub.decline_invitation(&actor, &name).await?;
    see(pages::inbox::ADDRESS)
}

pub(super) async fn withdraw(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    visit.hub.withdraw_membership(&visit.actor(), &name, &form.or("invited", "")).await?;
    see(&pages::organisations::address(&name))
}

fn role_is_none(form: &Submitted) -> bool {
    form.value("role").is_none_or(str::is_empty)
}

pub(super) async fn set_team(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (actor, team) = (visit.actor(), form.or("team", ""));
    let done = if form.value("end").is_some() {
        visit.hub.end_team(&actor, &name, &team).await
    } else {
        visit.hub.create_team(&actor, &name, &team).await
    };
    settled(&visit, &name, form, done).await
}

pub(super) async fn set_team_member(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let (team, person, is_in) = (form.or("team", ""), form.or("member", ""), form.value("out").is_none());
    let done = visit.hub.set_team_member(&visit.actor(), &name, &team, &person, is_in).await;
    settled(&visit, &name, Submitted::default(), done).await
}

pub(super) async fn end(visit: Visit, Path(name): Path<String>, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let done = if form.or("confirm", "").trim() == name {
        visit.hub.end_organisation(&visit.actor(), &name).await
    } else {
        Err(Error::invalid("confirm", format!("Type {name} to end it.")))
    };
    match done {
        Ok(()) => see("/account/organisations"),
        Err(error) => one(&visit, &name, Some((form, error))).await,
    }
}
