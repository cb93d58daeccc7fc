//! A person or an organisation: what they say of themselves, their datasets that one may read; for members, who belongs
//! to it; for oneself, what was deleted and what others offer.

use hub::{
    DatasetPath, DeletedDataset, MembershipInvitation, NamespaceView, OfferView, OrganisationInside, OrganisationRole,
    OrganisationView, Profile,
};
use leptos::prelude::*;

use crate::{
    components::{dataset, field::Field, scroll, time},
    form::Submitted,
    pages::{datasets, organisations},
    shell::{Crumb, PageInfo, shell},
    url,
};

/// The page.
#[must_use]
pub fn page(view: &NamespaceView) -> AnyView {
    let list = if view.datasets.is_empty() {
        view! { <p class="section quiet">"No datasets yet."</p> }.into_any()
    } else {
        datasets::list(&view.datasets)
    };
    let new = view.may_create.then(|| {
        let href = if view.is_own { "/new".to_owned() } else { url::with_query("/new", &[("owner", &view.owner)]) };
        view! { <a class="button button--primary" href=href>"New dataset"</a> }
    });
    let inside = view.organisation.as_ref().and_then(|organisation| organisation.inside.as_ref());
    let settings = inside.map(|inside| {
        let label = if inside.own_role == OrganisationRole::Owner { "Settings" } else { "Membership" };
        view! { <a class="button" href=organisations::address(&view.owner)>{label}</a> }
    });
    let edit =
        (view.is_own && view.profile.is_some()).then(|| view! { <a class="button" href="/account">"Your account"</a> });
    let (name, text) = match (&view.organisation, &view.profile) {
        (Some(organisation), _) => (organisation.display.clone(), of_organisation(organisation)),
        (None, Some(profile)) => (profile.display.clone(), of_person(profile)),
        (None, None) => (view.owner.clone(), ().into_any()),
    };
    let eyebrow = (name != view.owner).then(|| view! { <p class="head__eyebrow">{view.owner.clone()}</p> });
    let deleted = (!view.deleted.is_empty()).then(|| deleted(&view.deleted));
    shell(
        PageInfo { title: name.clone(), crumbs: vec![Crumb::here(view.owner.clone())], ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">{eyebrow}<h1>{name}</h1>{text}</div>
                <div class="head__actions">{new}{settings}{edit}</div>
            </header>
            {waiting(&view.offers, &view.invitations, &Submitted::default())}
            {list}
            {inside.map(members)}
            {deleted}
        },
    )
}

fn lead(text: &str) -> Option<AnyView> {
    (!text.is_empty()).then(|| view! { <p class="head__lead">{text.to_owned()}</p> }.into_any())
}

fn of_organisation(organisation: &OrganisationView) -> AnyView {
    view! {
        {lead(&organisation.description)}
        <p class="head__eyebrow">"Organisation, founded "{time(organisation.created_at)}</p>
    }
    .into_any()
}

fn of_person(profile: &Profile) -> AnyView {
    let organisations: Vec<_> = profile
        .organisations
        .iter()
        .map(|name| view! { <li><a href=url::namespace(name)>{name.clone()}</a></li> })
        .collect();
    let organisations = (!organisations.is_empty()).then(|| {
        view! {
            <div class="actions">
                <p>"Belongs to:"</p>
                <ul class="actions" aria-label="Organisations">{organisations}</ul>
            </div>
        }
    });
    view! {
        {lead(&profile.about)}
        <p class="head__eyebrow">"Here since "{time(profile.created_at)}</p>
        {organisations}
    }
    .into_any()
}

/// Who belongs to an organisation, and its teams.
fn members(inside: &OrganisationInside) -> AnyView {
    let rows: Vec<_> = inside
        .members
        .iter()
        .map(|member| {
            let teams: Vec<&str> = inside
                .teams
                .iter()
                .filter(|team| team.members.contains(&member.name))
                .map(|team| team.name.as_str())
                .collect();
            view! {
                <tr>
                    <th scope="row" class="data__grow"><a href=url::namespace(&member.name)>{member.name.clone()}</a></th>
                    <td data-label="Full name">{member.display.clone()}</td>
                    <td data-label="Role">{member.role.as_str()}</td>
                    <td data-label="Teams">{teams.join(", ")}</td>
                </tr>
            }
        })
        .collect();
    let table = scroll(
        String::from("Who belongs to it"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Member"</th>
                        <th scope="col">"Full name"</th>
                        <th scope="col">"Role"</th>
                        <th scope="col">"Teams"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    view! {
        <section class="section" aria-labelledby="members">
            <h2 id="members">"Members"</h2>
            {table}
        </section>
    }
    .into_any()
}

/// The name of the field with another name for a dataset that is offered.
#[must_use]
pub fn offer_field(path: &DatasetPath) -> String {
    format!("name-{path}")
}

/// What waits for the person to say yes or no: datasets that others want to give them, organisations they are invited to.
pub(super) fn waiting(offers: &[OfferView], invitations: &[MembershipInvitation], form: &Submitted) -> AnyView {
    let invitations: Vec<_> = invitations.iter().map(invitation).collect();
    let offers: Vec<_> = offers.iter().map(|each| offer(each, form)).collect();
    view! { {invitations}{offers} }.into_any()
}

fn invitation(invitation: &MembershipInvitation) -> AnyView {
    let MembershipInvitation { organisation, display, role, made_by, created_at, .. } = invitation;
    let action = format!("{}/invitation", organisations::address(organisation));
    let (accept, decline) = (format!("Accept {organisation}"), format!("Decline {organisation}"));
    let called = (display != organisation).then(|| format!(" ({display})"));
    let role = match role {
        OrganisationRole::Member => ", as a member, ",
        OrganisationRole::Owner => ", as an owner, ",
    };
    view! {
        <section class="banner" aria-label=format!("Invitation to {organisation}")>
            <p>
                {made_by.clone()}" invites you to the organisation "<strong>{organisation.clone()}</strong>{called}{role}
                {time(*created_at)}
            </p>
            <form class="actions" method="post" action=action>
                <button class="button button--primary" type="submit" name="what" value="accept" aria-label=accept>"Accept"</button>
                <button class="button" type="submit" name="what" value="decline" aria-label=decline>"Decline"</button>
            </form>
        </section>
    }
    .into_any()
}

fn offer(offer: &OfferView, form: &Submitted) -> AnyView {
    let action = format!("{}/offer", dataset::address(&offer.path));
    let (take, decline) = (format!("Take {}", offer.path), format!("Decline {}", offer.path));
    let name = Field::new(offer_field(&offer.path), "Name with you")
        .hint("Part of its address. Choose another one if you have a dataset of this name.")
        .text(form, &offer.path.name, false);
    view! {
        <section class="banner" aria-label=format!("Offer of {}", offer.path)>
            <p>
                {offer.made_by.clone()}" offers you "<strong>{offer.path.to_string()}</strong>" ("
                {offer.title.clone()}"), "{time(offer.created_at)}
            </p>
            <form class="form" method="post" action=action>
                {name}
                <div class="actions">
                    <button class="button button--primary" type="submit" name="what" value="take" aria-label=take>"Take it"</button>
                    <button class="button" type="submit" name="what" value="end" aria-label=decline>"Decline"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn deleted(datasets: &[DeletedDataset]) -> AnyView {
    let rows: Vec<_> = datasets
        .iter()
        .map(|deleted| {
            let path = &deleted.dataset.path;
            let action = format!("{}/restore", dataset::address(path));
            let (restore, erase) = (format!("Bring back {path}"), format!("Delete {path} for good"));
            view! {
                <tr>
                    <th scope="row" class="data__grow">{deleted.dataset.title.clone()}" ("{path.to_string()}")"</th>
                    <td data-label="Can be brought back until">{time(deleted.until)}</td>
                    <td>
                        <form class="actions" method="post" action=action>
                            <button class="button button--small" type="submit" aria-label=restore>"Bring back"</button>
                            <button
                                class="button button--danger button--small"
                                type="submit"
                                name="forever"
                                value="yes"
                                aria-label=erase
                            >
                                "Delete for good"
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let table = scroll(
        String::from("Deleted datasets"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Dataset"</th>
                        <th scope="col">"Can be brought back until"</th>
                        <th scope="col">"Actions"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    view! {
        <section class="section" aria-labelledby="deleted">
            <h2 id="deleted">"Deleted"</h2>
            {table}
        </section>
    }
    .into_any()
}
