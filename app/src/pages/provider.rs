//! On the way to a provider that signs people in, and back from it without an account.

use hub::Newcomer;
use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page that leads on to the provider of this name, at this address. The browser goes there by itself.
#[must_use]
pub fn go(name: &str, address: &str) -> AnyView {
    let to = format!("Go on to {name}");
    shell(
        PageInfo {
            title: to.clone(),
            crumbs: vec![Crumb::link("Sign in", "/sign-in"), Crumb::here(name.to_owned())],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>{to.clone()}</h1>
                    <p class="head__lead">"It asks who you are, and sends you back here."</p>
                </div>
            </header>
            <p><a class="button button--primary" href=address.to_owned()>{to}</a></p>
        },
    )
}

/// The page on which somebody chooses a name who has no account yet.
#[must_use]
pub fn name(newcomer: &Newcomer, form: &Submitted) -> AnyView {
    let title = field::title(form, "Choose a name");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Choose a name")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Choose a name"</h1>
                    <p class="head__lead">
                        "You have no account here yet: this makes one. If you have one, sign in with its password instead, and link it \
                         on your account's page."
                    </p>
                </div>
            </header>
            <form class="form" method="post" action="/sign-up/name">
                {Field::new("name", "Name")
                    .hint("Part of the addresses of your datasets. Lower-case letters, digits, hyphens and underscores.")
                    .named(form, &newcomer.name, "username")}
                {Field::new("display", "Full name")
                    .note("optional")
                    .hint("What people call you.")
                    .text(form, &newcomer.display, false)}
                <div class="actions"><button class="button button--primary" type="submit">"Make the account"</button></div>
            </form>
        },
    )
}
