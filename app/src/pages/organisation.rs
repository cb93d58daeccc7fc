//! What an organisation is called, who belongs to it, its teams, and its end.

use hub::{MembershipInvitation, OrganisationInside, OrganisationMember, OrganisationRole, OrganisationView, Team};
use leptos::prelude::*;

use super::organisations::address;
use crate::{
    components::{
        field::{self, Field},
        scroll, time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// The page, for somebody who belongs to it and is called so.
#[must_use]
pub fn page(view: &OrganisationView, inside: &OrganisationInside, own_name: &str, form: &Submitted) -> AnyView {
    let owns = inside.own_role == OrganisationRole::Owner;
    let action = address(&view.name);
    let crumbs = vec![
        Crumb::link("Your account", "/account"),
        Crumb::link("Organisations", "/account/organisations"),
        Crumb::here(view.name.clone()),
    ];
    let body = if owns {
        view! {
            {describe(&action, view, inside, form)}
            {members(&action, inside, own_name, form)}
            {teams(&action, inside, form)}
            {end(&action, view, form)}
        }
        .into_any()
    } else {
        view! {
            <section class="section">
                <p>"You are a member. Its owners decide who belongs to it, and own its datasets."</p>
                {remove(&action, own_name, own_name)}
            </section>
        }
        .into_any()
    };
    shell(
        PageInfo {
            title: field::title(form, &format!("Settings of {}", view.display)),
            crumbs,
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.name.clone()}</p>
                    <h1>{view.display.clone()}</h1>
                </div>
                <div class="head__actions"><a class="button" href=url::namespace(&view.name)>"Its page"</a></div>
            </header>
            {body}
        },
    )
}

fn describe(action: &str, view: &OrganisationView, inside: &OrganisationInside, form: &Submitted) -> AnyView {
    let base = form.or("base_role", inside.base_role.map_or("none", |role| role.as_str()));
    let roles = [
        ("none", "Nothing, unless it is given to them"),
        ("reader", "Reader: see everything"),
        ("writer", "Writer: edit, commit, branch, merge"),
    ];
    let roles = roles.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
    // Where nobody said anything the name stands for it.
    let display = if view.display == view.name { "" } else { &view.display };
    view! {
        <form class="form" method="post" action=action.to_owned()>
            {Field::new("display", "Full name").note("optional").text(form, display, false)}
            {Field::new("description", "Description").note("optional").lines(form, &view.description, 3, false)}
            {Field::new("base_role", "What members are in all its datasets")
                .hint("Its owners own them. Teams and people can have more in single datasets.")
                .view(form, |wiring| field::select(wiring, "input", roles, &base))}
            <div class="actions"><button class="button button--primary" type="submit">"Save"</button></div>
        </form>
    }
    .into_any()
}

/// Takes somebody out of the organisation.
fn remove(action: &str, name: &str, own_name: &str) -> AnyView {
    let (label, word) =
        if name == own_name { ("Leave".to_owned(), "Leave") } else { (format!("Remove {name}"), "Remove") };
    view! {
        <form method="post" action=format!("{action}/members")>
            <input type="hidden" name="person" value=name.to_owned() />
            <input type="hidden" name="role" value="" />
            <button class="button button--small" type="submit" aria-label=label>{word}</button>
        </form>
    }
    .into_any()
}

fn member(action: &str, member: &OrganisationMember, own_name: &str) -> AnyView {
    let (to, word) = match member.role {
        OrganisationRole::Owner => (OrganisationRole::Member, "Make a member"),
        OrganisationRole::Member => (OrganisationRole::Owner, "Make an owner"),
    };
    let label = format!("{word}: {}", member.name);
    view! {
        <tr>
            <th scope="row" class="data__grow">{member.name.clone()}</th>
            <td data-label="Full name">{member.display.clone()}</td>
            <td data-label="Role">{member.role.as_str()}</td>
            <td>
                <div class="actions">
                    <form method="post" action=format!("{action}/members")>
                        <input type="hidden" name="person" value=member.name.clone() />
                        <input type="hidden" name="role" value=to.as_str() />
                        <button class="button button--small" type="submit" aria-label=label>{word}</button>
                    </form>
                    {remove(action, &member.name, own_name)}
                </div>
            </td>
        </tr>
    }
    .into_any()
}

fn members(action: &str, inside: &OrganisationInside, own_name: &str, form: &Submitted) -> AnyView {
    let rows: Vec<_> = inside.members.iter().map(|each| member(action, each, own_name)).collect();
    let table = scroll(
        String::from("Who belongs to it"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Member"</th>
                        <th scope="col">"Full name"</th>
                        <th scope="col">"Role"</th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    let role = form.or("role", "member");
    let roles = [("member", "Member"), ("owner", "Owner: decides, and owns its datasets")];
    let roles = roles.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
    view! {
        <section class="section" aria-labelledby="members">
            <header class="section__head"><h2 id="members">"Members"</h2></header>
            {table}
            {(!inside.invitations.is_empty()).then(|| invitations(action, &inside.invitations))}
            <form class="form" method="post" action=format!("{action}/members")>
                {Field::new("person", "Account")
                    .hint("Whom you invite belongs to it once they accept, in their inbox.")
                    .text(form, "", true)}
                {Field::new("role", "Role").view(form, |wiring| field::select(wiring, "input", roles, &role))}
                <div class="actions"><button class="button button--primary" type="submit">"Invite"</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// Who has not accepted yet.
fn invitations(action: &str, invitations: &[MembershipInvitation]) -> AnyView {
    let rows: Vec<_> = invitations
        .iter()
        .map(|invitation| {
            let label = format!("Withdraw the invitation of {}", invitation.person);
            view! {
                <tr>
                    <th scope="row" class="data__grow">{invitation.person.clone()}</th>
                    <td data-label="Role">{invitation.role.as_str()}</td>
                    <td data-label="Invited by">{invitation.made_by.clone()}", "{time(invitation.created_at)}</td>
                    <td>
                        <form method="post" action=format!("{action}/invitations/end")>
                            <input type="hidden" name="invited" value=invitation.person.clone() />
                            <button class="button button--small" type="submit" aria-label=label>"Withdraw"</button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let table = scroll(
        String::from("Open invitations"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Invited"</th>
                        <th scope="col">"Role"</th>
                        <th scope="col">"Invited by"</th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    view! { <h3>"Open invitations"</h3>{table} }.into_any()
}

fn team(action: &str, team: &Team, members: &[OrganisationMember]) -> AnyView {
    let people = format!("{action}/teams/members");
    let rows: Vec<_> = team
        .members
        .iter()
        .map(|name| {
            let label = format!("Take {name} out of {}", team.name);
            view! {
                <li>
                    <form class="actions" method="post" action=people.clone()>
                        <input type="hidden" name="team" value=team.name.clone() />
                        <input type="hidden" name="member" value=name.clone() />
                        <span>{name.clone()}</span>
                        <button class="button button--small" type="submit" name="out" value="yes" aria-label=label>"Take out"</button>
                    </form>
                </li>
            }
        })
        .collect();
    let list = (!rows.is_empty()).then(|| view! { <ul>{rows}</ul> });
    let others: Vec<_> = members
        .iter()
        .filter(|member| !team.members.contains(&member.name))
        .map(|member| member.name.clone())
        .collect();
    let id = format!("into-{}", team.name);
    let add = (!others.is_empty()).then(|| {
        let options: Vec<_> = others
            .into_iter()
            .map(|name| {
                let value = name.clone();
                view! { <option value=value>{name}</option> }
            })
            .collect();
        view! {
            <form class="actions" method="post" action=people.clone()>
                <input type="hidden" name="team" value=team.name.clone() />
                <label for=id.clone()>{format!("Put into {}", team.name)}</label>
                <select class="input input--small" id=id.clone() name="member">{options}</select>
                <button class="button" type="submit">{format!("Put into the team {}", team.name)}</button>
            </form>
        }
    });
    view! {
        <section class="section" aria-label=format!("Team {}", team.name)>
            <header class="section__head">
                <h3>{team.name.clone()}</h3>
                <form method="post" action=format!("{action}/teams")>
                    <input type="hidden" name="team" value=team.name.clone() />
                    <button class="button button--danger button--small" type="submit" name="end" value="yes">
                        {format!("End the team {}", team.name)}
                    </button>
                </form>
            </header>
            {list}
            {add}
        </section>
    }
    .into_any()
}

fn teams(action: &str, inside: &OrganisationInside, form: &Submitted) -> AnyView {
    let teams: Vec<_> = inside.teams.iter().map(|each| team(action, each, &inside.members)).collect();
    view! {
        <section class="section" aria-labelledby="teams">
            <header class="section__head"><h2 id="teams">"Teams"</h2></header>
            <p class="quiet">"A team is given a role on the page “People” of a dataset. Where it ends, its roles end."</p>
            {teams}
            <form class="form" method="post" action=format!("{action}/teams")>
                {Field::new("team", "New team")
                    .hint("Lower-case letters, digits, hyphens and underscores.")
                    .text(form, "", true)}
                <div class="actions"><button class="button" type="submit">"Make the team"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn end(action: &str, view: &OrganisationView, form: &Submitted) -> AnyView {
    view! {
        <section class="section" aria-labelledby="end">
            <h2 id="end">"End the organisation"</h2>
            <p>"That takes one without datasets: give them away, or delete them for good, before."</p>
            <form class="form" method="post" action=format!("{action}/end")>
                {Field::new("confirm", "Its name, to be sure").hint(format!("Type {}", view.name)).text(form, "", true)}
                <div class="actions"><button class="button button--danger" type="submit">"End it"</button></div>
            </form>
        </section>
    }
    .into_any()
}
