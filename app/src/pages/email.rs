//! What comes by mail: a link that confirms an address, and one for who has forgotten the password.

use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

fn info(form: &Submitted, title: &str) -> PageInfo {
    PageInfo {
        title: field::title(form, title),
        crumbs: vec![Crumb::here(title.to_owned())],
        width: Width::Narrow,
        ..PageInfo::default()
    }
}

/// The page that a link in a mail leads to; `code` is its secret.
#[must_use]
pub fn confirm(code: &str, form: &Submitted) -> AnyView {
    shell(
        info(form, "Confirm your address"),
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Confirm your address"</h1>
                    <p class="head__lead">"From then on mail of your account comes to it."</p>
                </div>
            </header>
            <form class="form" method="post" action="/account/email/confirm">
                <input type="hidden" name="code" value=code.to_owned() />
                <div class="actions"><button class="button button--primary" type="submit">"Confirm it"</button></div>
            </form>
        },
    )
}

/// The page of an address that was confirmed.
#[must_use]
pub fn confirmed(email: &str) -> AnyView {
    shell(
        info(&Submitted::default(), "Confirmed"),
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>"Confirmed"</h1>
                    <p class="head__lead">{format!("Mail of your account comes to {email} from now on.")}</p>
                </div>
            </header>
            <p><a href="/account">"Your account"</a></p>
        },
    )
}

/// The page for who has forgotten the password.
#[must_use]
pub fn forgot(form: &Submitted) -> AnyView {
    shell(
        info(form, "Forgot your password?"),
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Forgot your password?"</h1>
                    <p class="head__lead">
                        "A link to choose a new one is sent to the e-mail address of your account. Without an address, ask \
                         whoever runs the server."
                    </p>
                </div>
            </header>
            <form class="form" method="post" action="/sign-in/forgot">
                {Field::new("who", "Name or e-mail address").named(form, "", "username")}
                <div class="actions"><button class="button button--primary" type="submit">"Send me a link"</button></div>
            </form>
        },
    )
}

/// The page of somebody who has asked for a link. It says the same whether or not there is such an account.
#[must_use]
pub fn asked(who: &str) -> AnyView {
    shell(
        info(&Submitted::default(), "Look at your mail"),
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>"Look at your mail"</h1>
                    <p class="head__lead">
                        {format!("If there is an account for {who}, and mail reaches it, a link is on its way. It works for 24 hours.")}
                    </p>
                </div>
            </header>
            <p><a href="/sign-in">"Sign in"</a></p>
        },
    )
}
