//! Who may do what in a dataset.

use hub::{Dataset, Member, Role, Visibility};
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
        scroll,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page.
#[must_use]
pub fn page(dataset: &Dataset, members: &[Member], form: &Submitted) -> AnyView {
    let address = dataset::address(&dataset.path);
    let action = format!("{address}/people");
    let crumbs = vec![
        Crumb::here(dataset.path.owner.clone()),
        Crumb::link(dataset.path.name.clone(), address.clone()),
        Crumb::here("People"),
    ];
    let owner = dataset.path.owner.clone();
    let rows: Vec<_> = members
        .iter()
        .map(|member| {
            let label = format!("Take the role from {}", member.name);
            view! {
                <tr>
                    <th scope="row" class="data__grow">{member.name.clone()}</th>
                    <td data-label="Role">{member.role.as_str()}</td>
                    <td>
                        <form method="post" action=action.clone()>
                            <input type="hidden" name="name" value=member.name.clone() />
                            <input type="hidden" name="role" value="" />
                            <button class="button button--small" type="submit" aria-label=label>"Remove"</button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let role = form.or("role", "reader");
    let words = |role: Role| match role {
        Role::Reader => "Reader: sees everything",
        Role::Commenter => "Commenter: takes part in discussions",
        Role::Writer => "Writer: edits, commits, branches, merges",
        Role::Maintainer => "Maintainer: describes it, chooses the default branch",
        Role::Owner => "Owner: renames, deletes, decides who may do what",
    };
    let roles = Role::ALL.map(|role| (role.as_str().to_owned(), words(role).to_owned())).to_vec();
    let (seen, other, change) = match dataset.visibility {
        Visibility::Private => ("Only the people below see this dataset.", "public", "Let everybody read it"),
        Visibility::Public => ("Everybody may read this dataset.", "private", "Let only the people below read it"),
    };
    let title = field::title(form, &format!("People of {}", dataset.title));
    shell(
        PageInfo { title, crumbs, width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{dataset.path.to_string()}</p>
                    <h1>"Who may do what"</h1>
                    <p class="head__lead">{seen}</p>
                </div>
                <div class="head__actions">
                    {(dataset.role >= Some(Role::Owner)).then(|| view! { <a class="button" href=format!("{address}/audit")>"Audit log"</a> })}
                    <form method="post" action=format!("{address}/visibility")>
                        <input type="hidden" name="visibility" value=other />
                        <button class="button" type="submit">{change}</button>
                    </form>
                </div>
            </header>
            {scroll(
                String::from("People"),
                view! {
                    <table class="data data--stack">
                        <thead><tr><th scope="col">"Account"</th><th scope="col">"Role"</th><td></td></tr></thead>
                        <tbody>
                            <tr><th scope="row" class="data__grow">{owner}</th><td data-label="Role">"owner"</td><td></td></tr>
                            {rows}
                        </tbody>
                    </table>
                },
            )}
            <section class="section">
                <header class="section__head"><h2>"Give somebody a role"</h2></header>
                <form class="form" method="post" action=action.clone()>
                    {Field::new("name", "Account").text(form, "", true)}
                    {Field::new("role", "Role").view(form, |wiring| field::select(wiring, "input", roles, &role))}
                    <div class="actions"><button class="button button--primary" type="submit">"Give the role"</button></div>
                </form>
            </section>
        },
    )
}
