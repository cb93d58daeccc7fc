//! The organisations that one belongs to, and the founding of another.

use hub::{OrganisationRole, OrganisationView};
use leptos::prelude::*;

use crate::{
    components::{
        field::{self, Field},
        scroll,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// Where an organisation is changed.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/account/organisations/{}", url::encode(name))
}

/// The page.
#[must_use]
pub fn page(organisations: &[(OrganisationView, OrganisationRole)], form: &Submitted) -> AnyView {
    let list = if organisations.is_empty() {
        view! { <p class="section quiet">"You belong to none yet."</p> }.into_any()
    } else {
        list(organisations)
    };
    shell(
        PageInfo {
            title: field::title(form, "Organisations"),
            crumbs: vec![Crumb::link("Your account", "/account"), Crumb::here("Organisations")],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Organisations"</h1>
                    <p class="head__lead">"A name that several people share, for datasets that are not one person's."</p>
                </div>
            </header>
            {list}
            <section class="section">
                <header class="section__head"><h2>"Found an organisation"</h2></header>
                <form class="form" method="post" action="/account/organisations">
                    {Field::new("name", "Name")
                        .hint("Its address will be /name. Lower-case letters, digits, hyphens and underscores. It stays.")
                        .text(form, "", true)}
                    {Field::new("display", "Full name").note("optional").text(form, "", false)}
                    {Field::new("description", "Description").note("optional").lines(form, "", 3, false)}
                    <div class="actions"><button class="button button--primary" type="submit">"Found it"</button></div>
                </form>
            </section>
        },
    )
}

fn list(organisations: &[(OrganisationView, OrganisationRole)]) -> AnyView {
    let rows: Vec<_> = organisations
        .iter()
        .map(|(organisation, role)| {
            let (label, word) = match role {
                OrganisationRole::Owner => (format!("Settings of {}", organisation.name), "Settings"),
                OrganisationRole::Member => (format!("Membership in {}", organisation.name), "Membership"),
            };
            view! {
                <tr>
                    <th scope="row" class="data__grow">
                        <a href=url::namespace(&organisation.name)>{organisation.display.clone()}</a>
                        <br />
                        <span class="data__quiet">{organisation.name.clone()}</span>
                    </th>
                    <td data-label="About">{organisation.description.lines().next().unwrap_or_default().to_owned()}</td>
                    <td data-label="You are">{role.as_str()}</td>
                    <td><a class="button button--small" href=address(&organisation.name) aria-label=label>{word}</a></td>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Organisations"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Organisation"</th>
                        <th scope="col">"About"</th>
                        <th scope="col">"You are"</th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
    .into_any()
}
