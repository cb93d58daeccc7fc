//! What can be said about a request, and what can be changed about it.

use hub::{RequestState, RequestView};
use leptos::prelude::*;

use crate::{
    components::{field::Field, request},
    form::Submitted,
    shell::Viewer,
};

fn here(view: &RequestView) -> String {
    request::address(&view.dataset.path, view.request.number)
}

/// A comment on the whole.
pub(super) fn comment(view: &RequestView, form: &Submitted) -> Option<AnyView> {
    if !view.may.discuss {
        let words = match view.dataset.archived_at {
            Some(_) => "The dataset is archived: nothing is added to this discussion.",
            None => "You can read this discussion. Taking part takes the role of a commenter.",
        };
        return Some(view! { <p class="quiet">{words}</p> }.into_any());
    }
    let action = format!("{}/comments", here(view));
    let view = view! {
        <section class="section" aria-labelledby="say">
            <h2 id="say">"Say something"</h2>
            <form class="form" method="post" action=action>
                {Field::new("comment", "Comment")
                    .note("Markdown")
                    .hint("To comment on a row or cell, go to the changes.")
                    .lines(form, "", 3, true)}
                <div class="actions"><button class="button" type="submit">"Comment"</button></div>
            </form>
        </section>
    };
    Some(view.into_any())
}

/// A review of what is offered now.
pub(super) fn review(view: &RequestView, form: &Submitted) -> Option<AnyView> {
    let head = view.head?;
    if !view.may.discuss || view.request.state != RequestState::Open {
        return None;
    }
    let action = format!("{}/reviews", here(view));
    let chosen = form.or("verdict", "comment");
    // Nobody approves of their own.
    let is_own = use_context::<Viewer>().is_some_and(|viewer| viewer.name.as_ref() == Some(&view.request.author));
    if is_own {
        return None;
    }
    let choices: Vec<_> = [
        ("comment", "Comment", "Neither for nor against."),
        ("approve", "Approve", "It can be merged."),
        ("changes", "Ask for changes", "Something has to change before it is merged."),
    ]
    .into_iter()
    .map(|(value, label, hint)| {
        let checked = chosen == value;
        let id = (value == "comment").then_some("f-verdict");
        view! {
            <label class="choice">
                <input type="radio" name="verdict" id=id value=value checked=checked />
                {label}
                <span class="field__hint">{hint}</span>
            </label>
        }
    })
    .collect();
    let wrong = form.error("verdict").map(|error| view! { <p class="field__error">{error.to_owned()}</p> });
    let view = view! {
        <section class="section" aria-labelledby="review">
            <h2 id="review">"Review it"</h2>
            <form class="form" method="post" action=action>
                <input type="hidden" name="head" value=head.to_string() />
                <fieldset class="choices"><legend>"What you found"</legend>{choices}{wrong}</fieldset>
                {Field::new("review", "Why").note("Markdown").lines(form, "", 3, false)}
                <div class="actions"><button class="button" type="submit">"Send the review"</button></div>
            </form>
        </section>
    };
    Some(view.into_any())
}

/// Closing and opening it, and whether it is ready.
pub(super) fn state(view: &RequestView) -> Option<AnyView> {
    let is_open = view.request.state == RequestState::Open;
    if !view.may.edit || view.request.state == RequestState::Merged {
        return None;
    }
    let (label, state) = if is_open { ("Close it", "closed") } else { ("Open it again", "open") };
    let draft = is_open.then(|| {
        let (label, draft) = if view.request.is_draft { ("It is ready", "false") } else { ("Make it a draft", "true") };
        view! { <button class="button" type="submit" name="draft" value=draft>{label}</button> }
    });
    let view = view! {
        <form class="actions" method="post" action=here(view)>
            {draft}
            <button class="button" type="submit" name="state" value=state>{label}</button>
        </form>
    };
    Some(view.into_any())
}

/// Title, text, labels and reviewers.
pub(super) fn edit(view: &RequestView, form: &Submitted) -> Option<AnyView> {
    if !view.may.edit {
        return None;
    }
    let is_open = form.value("title").is_some();
    let view = view! {
        <details class="fold" open=is_open>
            <summary class="button">"Edit title, text, labels and reviewers…"</summary>
            <form class="form" method="post" action=here(view)>
                {Field::new("title", "Title").text(form, &view.request.title, true)}
                {Field::new("text", "Description").note("Markdown").lines(form, &view.text, 5, false)}
                {request::labels_field(form, &view.request.labels)}
                {request::reviewers_field(form, &view.request.reviewers)}
                <div class="actions"><button class="button button--primary" type="submit">"Save"</button></div>
            </form>
        </details>
    };
    Some(view.into_any())
}
