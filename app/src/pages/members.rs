//! Who may do what in a dataset.

use hub::{Dataset, Holder, Member, Role, Visibility};
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

/// The page. `teams`: those that can have a role; none where the dataset is a person's.
#[must_use]
pub fn page(dataset: &Dataset, members: &[Member], teams: Option<&[String]>, form: &Submitted) -> AnyView {
    let address = dataset::address(&dataset.path);
    let action = format!("{address}/people");
    let mut crumbs = dataset::crumbs(&dataset.path);
    crumbs.push(Crumb::here("People"));
    let owner = dataset.path.owner.clone();
    let rows: Vec<_> = members
        .iter()
        .map(|member| {
            let label = format!("Take the role from {}", member.holder);
            let field = match member.holder {
                Holder::Person(_) => "name",
                Holder::Team(_) => "team",
            };
            view! {
                <tr>
                    <th scope="row" class="data__grow">{member.holder.to_string()}</th>
                    <td data-label="Role">{member.role.as_str()}</td>
                    <td>
                        <form method="post" action=action.clone()>
                            <input type="hidden" name=field value=member.holder.name().to_owned() />
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
    let team = teams.map(|teams| team_form(&action, teams, &roles, form));
    let owners = if teams.is_some() { "its owners: owner" } else { "owner" };
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
            {dataset::archived_banner(dataset)}
            {scroll(
                String::from("People"),
                view! {
                    <table class="data data--stack">
                        <thead><tr><th scope="col">"Account"</th><th scope="col">"Role"</th><td></td></tr></thead>
                        <tbody>
                            <tr><th scope="row" class="data__grow">{owner}</th><td data-label="Role">{owners}</td><td></td></tr>
                            {rows}
                        </tbody>
                    </table>
                },
            )}
            <section class="section">
                <header class="section__head"><h2>"Give somebody a role"</h2></header>
                <form class="form" method="post" action=action.clone()>
                    {Field::new("name", "Account").text(form, "", true)}
                    {Field::new("role", "Role").view(form, |wiring| field::select(wiring, "input", roles.clone(), &role))}
                    <div class="actions"><button class="button button--primary" type="submit">"Give the role"</button></div>
                </form>
            </section>
            {team}
        },
    )
}

fn team_form(action: &str, teams: &[String], roles: &[(String, String)], form: &Submitted) -> AnyView {
    if teams.is_empty() {
        return view! { <p class="section quiet">"Teams of the organisation can have a role here. It has none yet."</p> }
            .into_any();
    }
    let options: Vec<_> = teams.iter().map(|team| (team.clone(), team.clone())).collect();
    let (team, role) = (form.or("team", &teams[0]), form.or("team-role", "reader"));
    let roles = roles.to_vec();
    view! {
        <section class="section">
            <header class="section__head"><h2>"Give a team a role"</h2></header>
            <form class="form" method="post" action=action.to_owned()>
                {Field::new("team", "Team").view(form, |wiring| field::select(wiring, "input", options, &team))}
                {Field::new("team-role", "Role of the team")
                    .view(form, |wiring| field::select(wiring, "input", roles, &role))}
                <div class="actions"><button class="button button--primary" type="submit">"Give the team the role"</button></div>
            </form>
        </section>
    }
    .into_any()
}
