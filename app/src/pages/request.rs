//! A merge request: what it is about, what was said and what happened, and merging it.

mod entries;
mod forms;
mod merging;
pub(super) mod thread;

use hub::{RequestView, Verdict};
use leptos::prelude::*;

use crate::{
    components::{
        field, markdown,
        request::{self, About, Tab},
        time,
    },
    form::Submitted,
    shell::shell,
};

/// The name of the field of an answer to a comment.
#[must_use]
pub fn reply_field(comment: &str) -> String {
    format!("reply-{comment}")
}

/// The name of the field of another text for a comment.
#[must_use]
pub fn edit_field(comment: &str) -> String {
    format!("edit-{comment}")
}

/// The anchor of an entry of the conversation.
#[must_use]
pub fn entry_anchor(entry: &str) -> String {
    format!("entry-{entry}")
}

/// The page.
#[must_use]
pub fn page(view: &RequestView, form: &Submitted) -> AnyView {
    let about_it = About { dataset: &view.dataset, request: &view.request, overview: &view.overview, may: view.may };
    shell(
        request::info(&view.dataset, &view.request, None, form),
        view! {
            {field::error_summary(form)}
            {request::head(about_it, Tab::Conversation)}
            <div class="request">
                <div class="request__talk">
                    {about(view)}
                    {entries::list(view, form)}
                    {forms::comment(view, form)}
                    {forms::review(view, form)}
                </div>
                <div class="request__side">
                    {merging::section(view, form)}
                    {reviews(view)}
                    {forms::state(view)}
                    {forms::edit(view, form)}
                </div>
            </div>
        },
    )
}

/// What the author says.
fn about(view: &RequestView) -> AnyView {
    let text =
        markdown::view(&view.text).unwrap_or_else(|| view! { <p class="quiet">"No description."</p> }.into_any());
    view! {
        <section class="talk__entry" aria-labelledby="about">
            <h2 id="about" class="talk__head">
                <strong>{view.request.author.clone()}</strong>" opened this, "{time(view.request.created_at)}
            </h2>
            {text}
        </section>
    }
    .into_any()
}

/// What a reviewer found, in words.
fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Approve => ("badge badge--good", "approved"),
        Verdict::Changes => ("badge badge--bad", "asked for changes"),
        Verdict::Comment => ("badge", "commented"),
    }
}

/// Who reviewed it and who is asked to.
fn reviews(view: &RequestView) -> AnyView {
    let done = view.reviews.iter().map(|review| {
        let (class, word) = verdict(review.verdict);
        let lapsed = (review.has_lapsed && review.verdict == Verdict::Approve)
            .then(|| view! { " "<span class="quiet small">"of an earlier state"</span> });
        view! { <li>{review.author.clone()}" "<span class=class>{word}</span>{lapsed}</li> }.into_any()
    });
    let has_reviewed = |name: &String| view.reviews.iter().any(|review| review.author == *name);
    let asked = view
        .request
        .reviewers
        .iter()
        .filter(|name| !has_reviewed(name))
        .map(|name| view! { <li>{name.clone()}" "<span class="badge badge--wait">"asked"</span></li> }.into_any());
    let lines: Vec<_> = done.chain(asked).collect();
    let list = if lines.is_empty() {
        view! { <p class="quiet">"Nobody has reviewed it yet."</p> }.into_any()
    } else {
        view! { <ul class="stack stack--close">{lines}</ul> }.into_any()
    };
    let rule = view.protection.as_ref().filter(|protection| protection.approvals > 0).map(|protection| {
        let words = match protection.approvals {
            1 => String::from("The approval of somebody who may write here is needed."),
            approvals => format!("The approvals of {approvals} people who may write here are needed."),
        };
        view! { <p class="quiet small">{words}</p> }
    });
    view! { <section class="card" aria-labelledby="reviews"><h2 id="reviews">"Reviews"</h2>{list}{rule}</section> }
        .into_any()
}
