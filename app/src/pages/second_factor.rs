//! The second factor: setting it up, turning it off, and being asked for it.

use std::fmt::Write as _;

use hub::{NewSecondFactor, QrCode, SecondFactorView};
use leptos::prelude::*;

use crate::{
    components::{
        field::{self, Field},
        time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    text, url,
};

/// White squares around a QR code, by its standard.
const MARGIN: i32 = 4;

fn info(form: &Submitted) -> PageInfo {
    PageInfo {
        title: field::title(form, "Second factor"),
        crumbs: vec![Crumb::link("Your account", "/account"), Crumb::here("Second factor")],
        width: Width::Narrow,
        ..PageInfo::default()
    }
}

/// The page.
#[must_use]
pub fn page(view: SecondFactorView, form: &Submitted) -> AnyView {
    let state = match view.since {
        Some(since) => on(since, view.codes, form),
        None => off(form),
    };
    shell(
        info(form),
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Second factor"</h1>
                    <p class="head__lead">
                        "After your password you are asked for a code that an app on your phone or computer makes anew every half \
                         minute. Who learns your password alone does not get in."
                    </p>
                </div>
            </header>
            {state}
        },
    )
}

fn off(form: &Submitted) -> AnyView {
    view! {
        <form class="form" method="post" action="/account/second-factor">
            {Field::new("password", "Your password").secret(form, "current-password")}
            <div class="actions"><button class="button button--primary" type="submit">"Set it up"</button></div>
        </form>
    }
    .into_any()
}

fn on(since: i64, codes: usize, form: &Submitted) -> AnyView {
    view! {
        <p>"It is on since "{time(since)}". "{text::count(codes as u64, "recovery code")}" left."</p>
        <section class="section">
            <header class="section__head"><h2>"Turn it off"</h2></header>
            <p class="quiet">"Also to set it up anew: on another device, or with new recovery codes."</p>
            <form class="form" method="post" action="/account/second-factor/end">
                {Field::new("password", "Your password").secret(form, "current-password")}
                {code(form)}
                <div class="actions"><button class="button" type="submit">"Turn it off"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn code(form: &Submitted) -> AnyView {
    Field::new("code", "Code")
        .hint("The six digits that your app shows, or one of your recovery codes.")
        .view(form, field::one_time)
}

/// The page of one that waits for its first code.
#[must_use]
pub fn new(new: &NewSecondFactor, form: &Submitted) -> AnyView {
    let groups = new.secret.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
    let secret = groups.collect::<Vec<_>>().join(" ");
    shell(
        info(form),
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"Set up your second factor"</h1>
                    <p class="head__lead">
                        "Open an app that makes one-time codes (an authenticator, or a password manager), and photograph this, or \
                         type the key."
                    </p>
                </div>
            </header>
            {picture(&new.picture)}
            <p>"Key: "<code class="key">{secret}</code></p>
            <form class="form" method="post" action="/account/second-factor/confirm">
                {Field::new("code", "Code")
                    .hint("The six digits that the app shows now.")
                    .view(form, field::one_time)}
                <div class="actions"><button class="button button--primary" type="submit">"Turn it on"</button></div>
            </form>
        },
    )
}

fn picture(code: &QrCode) -> AnyView {
    let side = code.size + 2 * MARGIN;
    let mut path = String::new();
    for (x, y) in &code.dark {
        // Writing to a String does not fail.
        let _ = write!(path, "M{},{}h1v1h-1z", x + MARGIN, y + MARGIN);
    }
    view! {
        <svg
            class="qr"
            viewBox=format!("0 0 {side} {side}")
            role="img"
            aria-label="QR code with the key below"
            shape-rendering="crispEdges"
        >
            <path d=path></path>
        </svg>
    }
    .into_any()
}

/// The page with the recovery codes, which are shown once.
#[must_use]
pub fn codes(codes: &[String]) -> AnyView {
    let codes: Vec<_> = codes.iter().map(|code| view! { <li><code>{code.clone()}</code></li> }).collect();
    shell(
        info(&Submitted::default()),
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>"Your second factor is on"</h1>
                    <p class="head__lead">
                        "These recovery codes are shown only now. Each signs you in once, in place of a code of your app: keep them \
                         where you will find them when the app is lost."
                    </p>
                </div>
            </header>
            <ul class="codes">{codes}</ul>
            <p><a class="button" href="/account">"I have kept them"</a></p>
        },
    )
}

/// The page of somebody who has given the password; `next` is where it goes on to.
#[must_use]
pub fn ask(next: &str, form: &Submitted) -> AnyView {
    shell(
        PageInfo {
            title: field::title(form, "Second factor"),
            crumbs: vec![Crumb::link("Sign in", "/sign-in"), Crumb::here("Second factor")],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head"><div class="head__text"><h1>"Your second factor"</h1></div></header>
            <form class="form" method="post" action="/sign-in/code">
                <input type="hidden" name="next" value=next.to_owned() />
                {code(form)}
                <div class="actions"><button class="button button--primary" type="submit">"Sign in"</button></div>
            </form>
            <p class="quiet">
                "Neither app nor recovery codes? Ask whoever runs the server. "
                <a href=url::sign_in(Some(next))>"Begin again"</a>
            </p>
        },
    )
}
