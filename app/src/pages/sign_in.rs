//! Signing in, and the first account.

use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// How people come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Whether everybody may make an account.
    pub is_open: bool,
    /// Whether a link for a new password comes by mail.
    pub mails_links: bool,
    /// What people call the provider that signs them in; none where there is none.
    pub provider: Option<String>,
}

/// The page to sign in on; `next` is where it goes on to.
#[must_use]
pub fn page(next: &str, ways: &Ways, form: &Submitted) -> AnyView {
    let title = field::title(form, "Sign in");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Sign in")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head"><div class="head__text"><h1>"Sign in"</h1></div></header>
            <form class="form" method="post" action="/sign-in">
                <input type="hidden" name="next" value=next.to_owned() />
                {Field::new("name", if ways.mails_links { "Name or e-mail address" } else { "Name" })
                    .named(form, "", "username")}
                {Field::new("password", "Password").secret(form, "current-password")}
                <div class="actions"><button class="button button--primary" type="submit">"Sign in"</button></div>
            </form>
            {ways.provider.as_deref().map(|name| elsewhere("Sign in", name, "next", next))}
            {ways.mails_links.then(|| view! { <p class="quiet"><a href="/sign-in/forgot">"Forgot your password?"</a></p> })}
            {ways.is_open.then(|| view! { <p class="quiet">"No account yet? "<a href="/sign-up">"Make one"</a>"."</p> })}
        },
    )
}

/// The page that makes the first account. `code` stands in the address that the server wrote to its console.
#[must_use]
pub fn set_up(code: &str, form: &Submitted) -> AnyView {
    let title = field::title(form, "Set up");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Set up")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Make the first account"</h1>
                    <p class="head__lead">
                        "It runs this server: it makes the other accounts, and owns the datasets that are here. From then on \
                         everybody signs in."
                    </p>
                </div>
            </header>
            <form class="form" method="post" action="/set-up">
                {Field::new("code", "Code")
                    .hint("The server wrote it to its console when it was started.")
                    .text(form, code, true)}
                {account_fields(form)}
                <div class="actions"><button class="button button--primary" type="submit">"Make the account"</button></div>
            </form>
        },
    )
}

/// The form that leads to a provider, with something to go on with.
fn elsewhere(what: &str, provider: &str, name: &'static str, value: &str) -> AnyView {
    view! {
        <form class="form" method="post" action="/sign-in/provider">
            <input type="hidden" name=name value=value.to_owned() />
            <div class="actions"><button class="button" type="submit">{format!("{what} with {provider}")}</button></div>
        </form>
    }
    .into_any()
}

/// The page to make an account of one's own; `invitation` is the secret of the link that led here, `provider` what people
/// call who signs them in elsewhere.
#[must_use]
pub fn sign_up(invitation: &str, provider: Option<&str>, form: &Submitted) -> AnyView {
    let title = field::title(form, "Sign up");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Sign up")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head"><div class="head__text"><h1>"Make an account"</h1></div></header>
            <form class="form" method="post" action="/sign-up">
                <input type="hidden" name="invitation" value=invitation.to_owned() />
                {account_fields(form)}
                <div class="actions"><button class="button button--primary" type="submit">"Make the account"</button></div>
            </form>
            {provider.map(|name| elsewhere("Make it", name, "invitation", invitation))}
        },
    )
}

/// The page that sets a new password; `code` is the secret of the link that led here.
#[must_use]
pub fn reset(code: &str, form: &Submitted) -> AnyView {
    let title = field::title(form, "New password");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("New password")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Choose a new password"</h1>
                    <p class="head__lead">"You are signed out everywhere; then sign in with it."</p>
                </div>
            </header>
            <form class="form" method="post" action="/reset-password">
                <input type="hidden" name="code" value=code.to_owned() />
                {Field::new("password", "New password")
                    .hint("At least 10 characters; a few words are best.")
                    .secret(form, "new-password")}
                <div class="actions"><button class="button button--primary" type="submit">"Set the password"</button></div>
            </form>
        },
    )
}

/// What every new account has.
pub(super) fn account_fields(form: &Submitted) -> AnyView {
    view! {
        {Field::new("name", "Name")
            .hint("Part of the addresses of the account's datasets. Lower-case letters, digits, hyphens and underscores.")
            .named(form, "", "username")}
        {Field::new("display", "Full name").note("optional").hint("What people call you.").text(form, "", false)}
        {Field::new("password", "Password")
            .hint("At least 10 characters; a few words are best.")
            .secret(form, "new-password")}
    }
    .into_any()
}
