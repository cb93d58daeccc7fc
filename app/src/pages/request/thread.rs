//! A comment with what was answered to it, in the conversation and beside the row that it is about.

use std::collections::BTreeMap;

use hub::{
    Anchor, CellDifference, ChangesAsked, Dataset, Entry, EntryKind, May, Outdated, RequestState, RequestSummary,
    Suggestion,
};
use leptos::prelude::*;
use versioning::{ColumnId, Hash, Key, TableId};

use super::{edit_field, entry_anchor, reply_field};
use crate::{
    components::{
        field::{self, Field},
        markdown, request, time,
    },
    form::Submitted,
    pages::request_changes,
    shell::Viewer,
    text, url,
};

/// Cells that are told of a row that is not what it was.
const MAX_CELLS: usize = 8;

/// An entry with what was answered to it.
pub(crate) struct Thread<'a> {
    pub(super) entry: &'a Entry,
    pub(super) replies: Vec<&'a Entry>,
}

/// Answers stand under the comment that they answer, whenever they were given.
pub(crate) fn threads(entries: &[Entry]) -> Vec<Thread<'_>> {
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

/// The threads about rows and their cells, by row.
pub(crate) fn by_row(entries: &[Entry]) -> BTreeMap<(TableId, &Key), Vec<Thread<'_>>> {
    let mut rows: BTreeMap<(TableId, &Key), Vec<Thread<'_>>> = BTreeMap::new();
    for thread in threads(entries) {
        if let EntryKind::Comment { anchor: Some(anchor), .. } = &thread.entry.kind {
            rows.entry((anchor.table, &anchor.key)).or_default().push(thread);
        }
    }
    rows
}

impl Thread<'_> {
    /// Whether nobody has settled it yet.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.entry.kind, EntryKind::Comment { resolved_by: None, .. })
    }

    /// The column whose cell it is about.
    pub(crate) fn column(&self) -> Option<ColumnId> {
        match &self.entry.kind {
            EntryKind::Comment { anchor: Some(Anchor { column: Some((id, _)), .. }), .. } => Some(*id),
            _ => None,
        }
    }

    /// Where it stands on its page.
    pub(crate) fn anchor(&self) -> String {
        entry_anchor(&self.entry.id.to_string())
    }
}

/// What threads are shown with.
#[derive(Clone, Copy)]
pub(crate) struct Talk<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) request: &'a RequestSummary,
    pub(crate) may: May,
    /// What is offered.
    pub(crate) head: Option<Hash>,
    pub(crate) form: &'a Submitted,
    /// The changes that are looked at; none in the conversation.
    pub(crate) changes: Option<&'a ChangesAsked>,
}

impl Talk<'_> {
    fn here(&self) -> String {
        request::address(&self.dataset.path, self.request.number)
    }

    /// Where a form is sent, so that it leads back to the page on which it stands.
    pub(crate) fn action(&self, what: &str) -> String {
        let action = format!("{}/{what}", self.here());
        match self.changes {
            None => action,
            Some(asked) => {
                request_changes::with_asked(&url::with_query(&action, &[("on", request_changes::NAME)]), asked)
            }
        }
    }

    /// Where the rows that are offered can be looked at: on their branch, and as the commit it was once the request is done.
    fn rows(&self) -> Option<String> {
        let source = &self.request.source;
        if self.request.state == RequestState::Open {
            return request::source_place(self.dataset, source);
        }
        let path = if source.is_same { Some(&self.dataset.path) } else { source.path.as_ref() }?;
        Some(url::place(&path.owner, &path.name, Some(&self.head?.to_string())))
    }
}

/// A thread as an item of a list; nothing for what is no comment.
pub(crate) fn item(talk: &Talk<'_>, thread: &Thread<'_>) -> Option<AnyView> {
    let Thread { entry, replies } = thread;
    let EntryKind::Comment { text, anchor, resolved_by, suggestion, edited_at, .. } = &entry.kind else { return None };
    let body = view! {
        {anchor.as_ref().map(|anchor| place(talk, entry, anchor))}
        {markdown::view(text)}
        {anchor.as_ref().zip(suggestion.as_ref()).map(|(anchor, wanted)| suggested(talk, entry, anchor, wanted))}
        {answers(talk, replies)}
        {tools(talk, (entry, text), anchor.is_some() || !replies.is_empty(), resolved_by.is_some())}
    };
    let words = if suggestion.is_some() { " suggested a value, " } else { " commented, " };
    let elsewhere = talk.changes.map(|_| {
        let href = format!("{}#{}", talk.here(), thread.anchor());
        view! { " · "<a href=href>"in the conversation"</a> }
    });
    let head = view! {
        <p class="talk__head"><strong>{entry.author.clone()}</strong>{words}{time(entry.at)}{edited(*edited_at)}{elsewhere}</p>
    };
    let body = match resolved_by {
        None => body.into_any(),
        Some(by) => {
            let words = format!("Settled by {by}: show it");
            // What was just answered is open.
            let is_open = talk.form.value(&reply_field(&entry.id.to_string())).is_some();
            view! { <details open=is_open><summary>{words}</summary>{body}</details> }.into_any()
        }
    };
    Some(view! { <li class="talk__entry" id=thread.anchor()>{head}{body}</li> }.into_any())
}

/// Which row or cell a comment is about, and whether that is something else by now.
fn place(talk: &Talk<'_>, entry: &Entry, anchor: &Anchor) -> Option<AnyView> {
    let name = match (&anchor.column, talk.changes) {
        (Some((_, column)), None) => Some(format!("{column} of row {} in {}", anchor.key_text, anchor.table_name)),
        (None, None) => Some(format!("Row {} in {}", anchor.key_text, anchor.table_name)),
        // It stands below its row.
        (Some((_, column)), Some(_)) => Some(column.clone()),
        (None, Some(_)) => None,
    };
    if name.is_none() && entry.outdated.is_none() {
        return None;
    }
    let name = match talk.rows().filter(|_| talk.changes.is_none()) {
        Some(place) => {
            let href = url::row(&place, &anchor.table_name, &anchor.key_text);
            view! { <a href=href>{name}</a> }.into_any()
        }
        None => view! { <strong>{name}</strong> }.into_any(),
    };
    let was = anchor.column.is_some().then(|| {
        view! { ", which held "<q class="cell">{request::value(anchor.value.as_deref())}</q> }
    });
    let (words, cells) = match &entry.outdated {
        None => (None, None),
        Some(Outdated::Gone) => (Some(view! { "The row is gone." }.into_any()), None),
        Some(Outdated::Changed(cells)) if anchor.column.is_some() => {
            let now = cells.first().and_then(|cell| cell.now.as_deref());
            (Some(view! { "It holds "<q class="cell">{request::value(now)}</q>" by now." }.into_any()), None)
        }
        Some(Outdated::Changed(cells)) => {
            (Some(view! { "The row is not what it was then:" }.into_any()), Some(differences(cells)))
        }
    };
    let outdated = words.map(|words| {
        view! { " "<span class="badge badge--wait">"Outdated"</span>" "<span class="quiet small">{words}</span> }
    });
    Some(view! { <p class="talk__place">{name}{was}{outdated}</p>{cells} }.into_any())
}

/// The cells of a row that are not what they were.
fn differences(cells: &[CellDifference]) -> AnyView {
    let lines: Vec<_> = cells
        .iter()
        .take(MAX_CELLS)
        .map(|cell| {
            let (then, now) = (request::value(cell.then.as_deref()), request::value(cell.now.as_deref()));
            view! { <li><span>{cell.column.clone()}</span><del class="was">{then}</del><ins class="is">{now}</ins></li> }
        })
        .collect();
    let more = cells.len().saturating_sub(MAX_CELLS) as u64;
    let more = (more > 0).then(|| view! { <li>{format!("and {}", text::count(more, "more cell"))}</li> });
    view! { <ul class="talk__cells">{lines}{more}</ul> }.into_any()
}

/// A value for the cell: what it held, and what it should.
fn suggested(talk: &Talk<'_>, entry: &Entry, anchor: &Anchor, wanted: &Suggestion) -> AnyView {
    let end = match wanted.applied {
        Some(commit) => {
            // The commit is the source's, which may be another dataset.
            let path = talk.request.source.path.as_ref().unwrap_or(&talk.dataset.path);
            let href = url::commit(&url::dataset(&path.owner, &path.name), &commit.to_string());
            let badge = view! { <span class="badge badge--good">"Applied"</span> };
            view! { <p>{badge}" in "<a class="hash" href=href>{text::short(&commit)}</a></p> }.into_any()
        }
        None if talk.may.apply && entry.outdated.is_none() && talk.request.state == RequestState::Open => {
            let action = talk.action("apply");
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
fn edit(talk: &Talk<'_>, entry: &Entry, text: &str) -> Option<AnyView> {
    let viewer = use_context::<Viewer>().and_then(|viewer| viewer.name);
    if !talk.may.discuss || viewer.is_some_and(|name| name != entry.author) {
        return None;
    }
    let action = talk.action("comments/edit");
    let id = entry.id.to_string();
    let name = edit_field(&id);
    let is_open = talk.form.value(&name).is_some();
    let field = Field::new(name.clone(), "Your comment").note("Markdown").view(talk.form, |wiring| {
        let typed = talk.form.or(&name, text);
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

fn answers(talk: &Talk<'_>, replies: &[&Entry]) -> Option<AnyView> {
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
                    {edit(talk, reply, text)}
                </li>
            })
        })
        .collect();
    (!lines.is_empty()).then(|| view! { <ol class="talk__replies">{lines}</ol> }.into_any())
}

/// What can be done to a thread.
fn tools(talk: &Talk<'_>, (entry, text): (&Entry, &str), can_settle: bool, is_settled: bool) -> Option<AnyView> {
    if !talk.may.discuss {
        return None;
    }
    let id = entry.id.to_string();
    let name = reply_field(&id);
    let is_open = talk.form.value(&name).is_some();
    let reply = Field::new(name, "Your answer").note("Markdown").view(talk.form, |wiring| {
        let typed = talk.form.or(&reply_field(&id), "");
        field::textarea(wiring, "input", &typed, 2, true)
    });
    let (label, settled) = if is_settled { ("Open again", "false") } else { ("Settled", "true") };
    let settle = (can_settle || is_settled).then(|| {
        let (action, id) = (talk.action("settle"), id.clone());
        view! {
            <form method="post" action=action>
                <input type="hidden" name="entry" value=id />
                <button class="button button--small" type="submit" name="settled" value=settled>{label}</button>
            </form>
        }
    });
    let action = talk.action("comments");
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
            {edit(talk, entry, text)}
        </div>
    };
    Some(view.into_any())
}
