//! The conversation: what was said, thread by thread, and what happened, in the order of time.

use hub::{Anchor, Entry, EntryKind, RequestState, RequestView, Suggestion};
use leptos::prelude::*;

use super::{edit_field, entry_anchor, reply_field, verdict};
use crate::{
    components::{
        field::{self, Field},
        markdown, request, time,
    },
    form::Submitted,
    shell::Viewer,
    text, url,
};

/// An entry with what was answered to it.
struct Thread<'a> {
    entry: &'a Entry,
    replies: Vec<&'a Entry>,
}

/// Answers stand under the comment that they answer, whenever they were given.
fn threads(entries: &[Entry]) -> Vec<Thread<'_>> {
    let mut threads: Vec<Thread<'_>> = Vec::new();
    for entry in entries {
        let answered = match &entry.kind {
            EntryKind::Comment { reply_to: Some(to), .. } => threads.iter_mut().find(|thread| thread.entry.id == *to),
            _ => None,
        };
        match answered {
            Some(thread) => thread.replies.push(entry),
            None => threads.push(Thread { entry, replies: Vec::new() }),
        }
    }
    threads
}

/// The list.
pub(super) fn list(view: &RequestView, form: &Submitted) -> Option<AnyView> {
    let items: Vec<_> = threads(&view.entries).iter().map(|thread| item(view, thread, form)).collect();
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

fn item(view: &RequestView, thread: &Thread<'_>, form: &Submitted) -> AnyView {
    let Thread { entry, replies } = thread;
    let id = entry_anchor(&entry.id.to_string());
    let author = entry.author.clone();
    let when = time(entry.at);
    match &entry.kind {
        EntryKind::Comment { text, anchor, resolved_by, suggestion, edited_at, .. } => {
            let body = view! {
                {anchor.as_ref().map(|anchor| place(view, entry, anchor))}
                {markdown::view(text)}
                {anchor.as_ref().zip(suggestion.as_ref()).map(|(anchor, wanted)| suggested(view, entry, anchor, wanted))}
                {answers(view, replies, form)}
                {tools(view, (entry, text), anchor.is_some() || !replies.is_empty(), resolved_by.is_some(), form)}
            };
            let words = if suggestion.is_some() { " suggested a value, " } else { " commented, " };
            let head = view! { <p class="talk__head"><strong>{author}</strong>{words}{when}{edited(*edited_at)}</p> };
            let body = match resolved_by {
                None => body.into_any(),
                Some(by) => {
                    let words = format!("Settled by {by}: show it");
                    // What was just answered is open.
                    let is_open = form.value(&reply_field(&entry.id.to_string())).is_some();
                    view! { <details open=is_open><summary>{words}</summary>{body}</details> }.into_any()
                }
            };
            view! { <li class="talk__entry" id=id>{head}{body}</li> }.into_any()
        }
        EntryKind::Review { verdict: found, text, head } => {
            let (class, word) = verdict(*found);
            let earlier = (view.head != Some(*head))
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
                let href = url::commit(&crate::components::dataset::address(&view.dataset.path), &hash.to_string());
                view! { " in "<a class="hash" href=href>{text::short(&hash)}</a> }
            });
            view! { <li class="talk__event" id=id><strong>{author}</strong>{words}{when}{commit}</li> }.into_any()
        }
        EntryKind::Changed { what } => {
            let what = format!(" {what}, ");
            view! { <li class="talk__event" id=id><strong>{author}</strong>{what}{when}</li> }.into_any()
        }
    }
}

/// Which row or cell a comment is about.
fn place(view: &RequestView, entry: &Entry, anchor: &Anchor) -> AnyView {
    let name = match &anchor.column {
        Some((_, column)) => format!("{column} of row {} in {}", anchor.key_text, anchor.table_name),
        None => format!("Row {} in {}", anchor.key_text, anchor.table_name),
    };
    let name = match rows(view) {
        Some(place) => {
            let href = url::row(&place, &anchor.table_name, &anchor.key_text);
            view! { <a href=href>{name}</a> }.into_any()
        }
        None => view! { <strong>{name}</strong> }.into_any(),
    };
    let was = anchor.column.is_some().then(|| {
        view! { ", which held "<q class="cell">{request::value(anchor.value.as_deref())}</q> }
    });
    let outdated = entry.is_outdated.then(|| {
        view! { " "<span class="badge badge--wait">"Outdated"</span>" "<span class="quiet small">"It holds something else by now."</span> }
    });
    view! { <p class="talk__place">{name}{was}{outdated}</p> }.into_any()
}

/// Where the rows that are offered can be looked at: on their branch, and as the commit it was once the request is done.
fn rows(view: &RequestView) -> Option<String> {
    let source = &view.request.source;
    if view.request.state == RequestState::Open {
        return request::source_place(&view.dataset, source);
    }
    let path = if source.is_same { Some(&view.dataset.path) } else { source.path.as_ref() }?;
    Some(url::place(&path.owner, &path.name, Some(&view.head?.to_string())))
}

/// A value for the cell: what it held, and what it should.
fn suggested(view: &RequestView, entry: &Entry, anchor: &Anchor, wanted: &Suggestion) -> AnyView {
    let here = request::address(&view.dataset.path, view.request.number);
    let end = match wanted.applied {
        Some(commit) => {
            // The commit is the source's, which may be another dataset.
            let path = view.request.source.path.as_ref().unwrap_or(&view.dataset.path);
            let href = url::commit(&url::dataset(&path.owner, &path.name), &commit.to_string());
            let badge = view! { <span class="badge badge--good">"Applied"</span> };
            view! { <p>{badge}" in "<a class="hash" href=href>{text::short(&commit)}</a></p> }.into_any()
        }
        None if view.may.apply && !entry.is_outdated && view.request.state == RequestState::Open => {
            let action = format!("{here}/apply");
            view! {
                <form method="post" action=action>
                    <input type="hidden" name="entry" value=entry.id.to_string() />
                    <button class="button button--small" type="submit">"Apply the suggestion"</button>
                </form>
            }
            .into_any()
        }
        None => ().into_any(),
    };
    view! {
        <dl class="sides sides--two">
            <div><dt>"It held"</dt><dd><del class="was">{request::value(anchor.value.as_deref())}</del></dd></div>
            <div><dt>"Suggested"</dt><dd><ins class="is">{request::value(wanted.value.as_deref())}</ins></dd></div>
        </dl>
        {end}
    }
    .into_any()
}

fn edited(at: Option<i64>) -> Option<AnyView> {
    at.map(|at| view! { " "<span class="quiet">"(edited "{time(at)}")"</span> }.into_any())
}

/// Another text for what one has said oneself.
fn edit(view: &RequestView, entry: &Entry, text: &str, form: &Submitted) -> Option<AnyView> {
    let viewer = use_context::<Viewer>().and_then(|viewer| viewer.name);
    if !view.may.discuss || viewer.is_some_and(|name| name != entry.author) {
        return None;
    }
    let action = format!("{}/comments/edit", request::address(&view.dataset.path, view.request.number));
    let id = entry.id.to_string();
    let name = edit_field(&id);
    let is_open = form.value(&name).is_some();
    let field = Field::new(name.clone(), "Your comment").note("Markdown").view(form, |wiring| {
        let typed = form.or(&name, text);
        field::textarea(wiring, "input", &typed, 3, false)
    });
    let view = view! {
        <details class="fold" open=is_open>
            <summary class="button button--small">"Edit…"</summary>
            <form class="form" method="post" action=action>
                <input type="hidden" name="entry" value=id />
                {field}
                <div class="actions"><button class="button button--small" type="submit">"Save the comment"</button></div>
            </form>
        </details>
    };
    Some(view.into_any())
}

fn answers(view: &RequestView, replies: &[&Entry], form: &Submitted) -> Option<AnyView> {
    let lines: Vec<_> = replies
        .iter()
        .filter_map(|reply| {
            let EntryKind::Comment { text, edited_at, .. } = &reply.kind else { return None };
            let id = entry_anchor(&reply.id.to_string());
            let (author, when) = (reply.author.clone(), time(reply.at));
            Some(view! {
                <li class="talk__reply" id=id>
                    <p class="talk__head"><strong>{author}</strong>" answered, "{when}{edited(*edited_at)}</p>
                    {markdown::view(text)}
                    {edit(view, reply, text, form)}
                </li>
            })
        })
        .collect();
    (!lines.is_empty()).then(|| view! { <ol class="talk__replies">{lines}</ol> }.into_any())
}

/// What can be done to a thread.
fn tools(
    view: &RequestView,
    (entry, text): (&Entry, &str),
    can_settle: bool,
    is_settled: bool,
    form: &Submitted,
) -> Option<AnyView> {
    if !view.may.discuss {
        return None;
    }
    let here = request::address(&view.dataset.path, view.request.number);
    let id = entry.id.to_string();
    let name = reply_field(&id);
    let is_open = form.value(&name).is_some();
    let reply = Field::new(name, "Your answer").note("Markdown").view(form, |wiring| {
        let typed = form.or(&reply_field(&id), "");
        field::textarea(wiring, "input", &typed, 2, true)
    });
    let (label, settled) = if is_settled { ("Open again", "false") } else { ("Settled", "true") };
    let settle = (can_settle || is_settled).then(|| {
        let (action, id) = (format!("{here}/settle"), id.clone());
        view! {
            <form method="post" action=action>
                <input type="hidden" name="entry" value=id />
                <button class="button button--small" type="submit" name="settled" value=settled>{label}</button>
            </form>
        }
    });
    let action = format!("{here}/comments");
    let view = view! {
        <div class="talk__tools">
            <details class="fold" open=is_open>
                <summary class="button button--small">"Answer…"</summary>
                <form class="form" method="post" action=action>
                    <input type="hidden" name="reply_to" value=id />
                    {reply}
                    <div class="actions"><button class="button button--small" type="submit">"Answer"</button></div>
                </form>
            </details>
            {settle}
            {edit(view, entry, text, form)}
        </div>
    };
    Some(view.into_any())
}
