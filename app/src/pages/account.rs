//! One's own account: what others see, password, browsers, tokens.

mod email;
mod provider;

use hub::{SecondFactorView, SessionView, TokenView, WaysIn};
use leptos::prelude::*;

use crate::{
    components::{
        field::{self, Field},
        scroll, time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// What the page of one's own account shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The name.
    pub name: String,
    /// Whether they run the server.
    pub is_admin: bool,
    /// What they are called; may be empty.
    pub display: String,
    /// What they say of themselves.
    pub about: String,
    /// Where they are signed in.
    pub sessions: Vec<SessionView>,
    /// Their tokens.
    pub tokens: Vec<TokenView>,
    /// How their second factor stands.
    pub second_factor: SecondFactorView,
    /// Where mail reaches them; none where none is sent.
    pub email: Option<Option<String>>,
    /// Which notices go there.
    pub mailed: hub::Mailed,
    /// What signs them in.
    pub ways_in: WaysIn,
    /// What people call the provider that signs them in; none where there is none.
    pub provider: Option<String>,
    /// The token that was just made; it is shown once.
    pub new_token: Option<String>,
    /// What has just been done.
    pub told: Option<String>,
}

/// The page.
#[must_use]
pub fn page(view: &View, form: &Submitted) -> AnyView {
    let title = field::title(form, "Your account");
    let accounts = view.is_admin.then(|| view! { <a class="button" href="/account/people">"All accounts"</a> });
    let new_token = view.new_token.clone().map(|token| {
        view! {
            <div class="banner" role="status">
                <div>
                    <p><strong>"Your new token"</strong>" is shown only now. Keep it where only you can read it."</p>
                    <p><code>{token}</code></p>
                </div>
            </div>
        }
    });
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Your account")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            {new_token}
            {view.told.clone().map(|told| view! { <div class="banner" role="status"><p>{told}</p></div> })}
            <header class="head">
                <div class="head__text"><p class="head__eyebrow">{view.name.clone()}</p><h1>"Your account"</h1></div>
                <div class="head__actions">
                    <a class="button" href=url::namespace(&view.name)>"Your datasets"</a>
                    <a class="button" href="/account/organisations">"Organisations"</a>
                    {accounts}
                    <form method="post" action="/sign-out"><button class="button" type="submit">"Sign out"</button></form>
                </div>
            </header>
            {profile(view, form)}
            {if view.ways_in.has_password { password(form) } else { no_password() }}
            {provider::section(&view.ways_in, view.provider.as_deref(), form)}
            {second_factor(view.second_factor)}
            {view.email.as_ref().map(|email| email::section(email.as_deref(), view.mailed, form))}
            {sessions(&view.sessions)}
            {tokens(&view.tokens, form)}
            <section class="section">
                <header class="section__head"><h2>"Your data"</h2></header>
                <p class="quiet">
                    "All that the server knows of you, in one file: your account, where you are signed in, tokens, roles, drafts, \
                     what you wrote in merge requests, and what the audit log says that you did."
                </p>
                <div class="actions">
                    <a class="button" href="/account/data.json" download="">"Download my data"</a>
                    <a class="button" href="/account/delete">"Delete my account"</a>
                </div>
            </section>
        },
    )
}

fn profile(view: &View, form: &Submitted) -> AnyView {
    view! {
        <section class="section">
            <header class="section__head"><h2>"What others see of you"</h2></header>
            <form class="form" method="post" action="/account/profile">
                {Field::new("display", "Full name").note("optional").text(form, &view.display, false)}
                {Field::new("about", "About you")
                    .note("optional")
                    .hint("Whoever may read one of your datasets, or belongs to an organisation with you, sees this beside your name.")
                    .lines(form, &view.about, 3, false)}
                <div class="actions"><button class="button" type="submit">"Save"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn password(form: &Submitted) -> AnyView {
    view! {
        <section class="section">
            <header class="section__head"><h2>"Password"</h2></header>
            <form class="form" method="post" action="/account/password">
                {Field::new("old", "Your password now").secret(form, "current-password")}
                {Field::new("password", "New password")
                    .hint("At least 10 characters; a few words are best. You are signed out everywhere else.")
                    .secret(form, "new-password")}
                <div class="actions"><button class="button" type="submit">"Change the password"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn no_password() -> AnyView {
    view! {
        <section class="section">
            <header class="section__head"><h2>"Password"</h2></header>
            <p class="quiet">
                "Your account has none. A link to choose one comes from whoever runs the server, or by mail from where one signs in."
            </p>
        </section>
    }
    .into_any()
}

fn second_factor(view: SecondFactorView) -> AnyView {
    let state = match view.since {
        Some(_) => "You are asked for a code of your app after your password.",
        None => "Your password alone signs you in.",
    };
    view! {
        <section class="section">
            <header class="section__head"><h2>"Second factor"</h2></header>
            <p class="quiet">{state}</p>
            <div class="actions"><a class="button" href="/account/second-factor">"Second factor"</a></div>
        </section>
    }
    .into_any()
}

fn sessions(sessions: &[SessionView]) -> AnyView {
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            let label = format!("Sign out {} at {}", session.agent, session.address);
            let end = if session.is_this {
                view! { <span class="quiet">"this browser"</span> }.into_any()
            } else {
                view! {
                    <form method="post" action="/account/sessions/end">
                        <input type="hidden" name="session" value=session.id.clone() />
                        <button class="button button--small" type="submit" aria-label=label>"Sign out"</button>
                    </form>
                }
                .into_any()
            };
            view! {
                <tr>
                    <th scope="row" class="data__grow">{session.agent.clone()}</th>
                    <td data-label="From">{session.address.clone()}</td>
                    <td data-label="Since">{time(session.created_at)}</td>
                    <td data-label="Last used">{time(session.seen_at)}</td>
                    <td>{end}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="section">
            <header class="section__head"><h2>"Signed in"</h2></header>
            {scroll(
                String::from("Browsers"),
                view! {
                    <table class="data data--stack">
                        <thead>
                            <tr>
                                <th scope="col">"Browser"</th>
                                <th scope="col">"From"</th>
                                <th scope="col">"Since"</th>
                                <th scope="col">"Last used"</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
        </section>
    }
    .into_any()
}

fn tokens(tokens: &[TokenView], form: &Submitted) -> AnyView {
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| {
            let label = format!("End the token {}", token.name);
            let ends = match token.expires_at {
                Some(end) => time(end).into_any(),
                None => view! { <span class="quiet">"never"</span> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row" class="data__grow">{token.name.clone()}</th>
                    <td data-label="May">{token.scope.as_str()}</td>
                    <td data-label="Ends">{ends}</td>
                    <td>
                        <form method="post" action="/account/tokens/end">
                            <input type="hidden" name="token" value=token.id.to_string() />
                            <button class="button button--small" type="submit" aria-label=label>"End"</button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let list = (!tokens.is_empty()).then(|| {
        scroll(
            String::from("Tokens"),
            view! {
                <table class="data data--stack">
                    <thead>
                        <tr><th scope="col">"Token"</th><th scope="col">"May"</th><th scope="col">"Ends"</th><td></td></tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )
    });
    let scope = form.or("scope", "write");
    let choices = [("read", "Read"), ("write", "Read and change data"), ("admin", "All that you may")];
    let choices = choices.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
    let days = form.or("expires_in_days", "90");
    let ends = [("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("", "Never")];
    let ends = ends.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
    view! {
        <section class="section">
            <header class="section__head"><h2>"Tokens for programs"</h2></header>
            <p class="quiet">"A program that has a token acts for you: the command line by the variable ANABRANCH_TOKEN, others by the header Authorization: Bearer."</p>
            {list}
            <form class="form" method="post" action="/account/tokens">
                {Field::new("token-name", "What it is for").text(form, "", true)}
                {Field::new("scope", "What it may do").view(form, |wiring| field::select(wiring, "input", choices, &scope))}
                {Field::new("expires_in_days", "It ends").view(form, |wiring| field::select(wiring, "input", ends, &days))}
                <div class="actions"><button class="button" type="submit">"Make a token"</button></div>
            </form>
        </section>
    }
    .into_any()
}
