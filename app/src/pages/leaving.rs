//! The end of one's account.

use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page; `datasets` are those in the account's namespace, as `OWNER/NAME`.
#[must_use]
pub fn page(name: &str, datasets: &[String], has_password: bool, form: &Submitted) -> AnyView {
    let title = field::title(form, "Delete your account");
    let in_the_way: Vec<_> = datasets
        .iter()
        .map(|address| view! { <li><a href=format!("/{address}/settings")>{address.clone()}</a></li> })
        .collect();
    let in_the_way = (!datasets.is_empty()).then(|| {
        view! {
            <div class="banner">
                <div><p>"These datasets are yours. Others may work in them: give them away, or delete them first."</p><ul>{in_the_way}</ul></div>
            </div>
        }
    });
    shell(
        PageInfo {
            title,
            crumbs: vec![Crumb::link("Your account", "/account"), Crumb::here("Delete")],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Delete your account"</h1>
                    <p class="head__lead">
                        "You are signed out everywhere, and cannot sign in any more. Your tokens, roles, drafts, e-mail address and \
                         second factor are deleted at once, with what you are in organisations and teams, what you watch and were \
                         told, your links to a provider, invitations that you made and imports that are not finished. An \
                         organisation of which you are the only owner has to be given another one, or ended, before. Datasets that you have deleted can't be brought back any more. Your \
                         commits and what you wrote in merge requests stay with your name on them, as history does not change; \
                         nobody else gets the name. There is no way back."
                    </p>
                </div>
            </header>
            {in_the_way}
            <form class="form" method="post" action="/account/delete">
                {Field::new("name", "Name of the account")
                    .hint(format!("Type “{name}” to say that you mean it."))
                    .text(form, "", true)}
                {has_password.then(|| Field::new("password", "Your password").secret(form, "current-password"))}
                <div class="actions"><button class="button" type="submit">"Delete my account"</button></div>
            </form>
        },
    )
}
