//! The conversation: what was said, thread by thread, and what happened, in the order of time.

use hub::{EntryKind, RequestState, RequestView};
use leptos::prelude::*;

use super::{
    entry_anchor,
    thread::{self, Talk, Thread, threads},
    verdict,
};
use crate::{
    components::{dataset, markdown, time},
    form::Submitted,
    text, url,
};

/// The list.
pub(super) fn list(view: &RequestView, form: &Submitted) -> Option<AnyView> {
    let talk =
        Talk { dataset: &view.dataset, request: &view.request, may: view.may, head: view.head, form, changes: None };
    let items: Vec<_> = threads(&view.entries).iter().map(|thread| item(&talk, thread)).collect();
    (!items.is_empty()).then(|| {
        view! {
            <section aria-labelledby="talk">
                <h2 id="talk" class="hidden-label">"Conversation"</h2>
                <ol class="talk">{items}</ol>
            </section>
        }
        .into_any()
    })
}

fn item(talk: &Talk<'_>, thread: &Thread<'_>) -> AnyView {
    let entry = thread.entry;
    let id = entry_anchor(&entry.id.to_string());
    let author = entry.author.clone();
    let when = time(entry.at);
    match &entry.kind {
        EntryKind::Comment { .. } => thread::item(talk, thread).into_any(),
        EntryKind::Review { verdict: found, text, head } => {
            let (class, word) = verdict(*found);
            let earlier = (talk.head != Some(*head))
                .then(|| view! { " "<span class="badge badge--wait">"Of an earlier state"</span> });
            view! {
                <li class="talk__entry" id=id>
                    <p class="talk__head">
                        <strong>{author}</strong>" "<span class=class>{word}</span>{earlier}" "{when}
                    </p>
                    {markdown::view(text)}
                </li>
            }
            .into_any()
        }
        EntryKind::State { state, commit } => {
            let words = match state {
                RequestState::Open => " opened it again, ",
                RequestState::Merged => " merged it, ",
                RequestState::Closed => " closed it, ",
            };
            let commit = commit.map(|hash| {
                let href = url::commit(&dataset::address(&talk.dataset.path), &hash.to_string());
                view! { " in "<a class="hash" href=href>{text::short(&hash)}</a> }
            });
            view! { <li class="talk__event" id=id><strong>{author}</strong>{words}{when}{commit}</li> }.into_any()
        }
        EntryKind::Changed { what, .. } => {
            let what = format!(" {what}, ");
            view! { <li class="talk__event" id=id><strong>{author}</strong>{what}{when}</li> }.into_any()
        }
    }
}
