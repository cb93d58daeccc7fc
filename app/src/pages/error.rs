//! What people see when something is not there, not allowed, or went wrong.

use leptos::prelude::*;

use crate::shell::{PageInfo, Width, shell};

/// The page for a status. `message` says what was wrong in the words of whoever refused.
#[must_use]
pub fn page(status: u16, message: &str) -> AnyView {
    let (title, advice) = words(status);
    shell(
        PageInfo {
            title: title.to_owned(),
            width: Width::Narrow,
            crumbs: vec![crate::shell::Crumb::here(title)],
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{format!("Error {status}")}</p>
                    <h1>{title}</h1>
                </div>
            </header>
            <div class="stack">
                <p>{message.to_owned()}</p>
                <p class="quiet">{advice}</p>
                <p><a class="button" href="/">"To the datasets"</a></p>
            </div>
        },
    )
}

/// A title and what to do.
const fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("That request could not be read", "Go back and try again; if a link led here, it is broken."),
        401 => ("Sign in first", "Only people with an account may do this."),
        403 => ("You may not do that", "Ask whoever runs the server or owns the dataset."),
        404 => ("There is nothing here", "The address may be mistyped, or what was here has another name now."),
        405 => ("That is not possible here", "Go back and use the page's own buttons and links."),
        409 => (
            "That can’t be done now",
            "Nothing was overwritten. Go back, load the page again and look at what is there now.",
        ),
        413 => ("That is too large", "Send less at once, or split the file."),
        422 => ("That could not be accepted", "Go back and correct what you sent."),
        429 => ("Too many tries", "Wait a moment."),
        503 => ("Busy right now", "Try again in a moment."),
        _ => (
            "Something went wrong on our side",
            "Nothing you saved is lost. Try again; if it stays like this, look into the server's log.",
        ),
    }
}
