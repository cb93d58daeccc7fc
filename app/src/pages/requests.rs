//! The merge requests of a dataset.

use hub::{RequestState, RequestSummary, RequestsAsked, RequestsView};
use leptos::prelude::*;

use crate::{
    components::{
        dataset::{self, Tab},
        logo, request, time,
    },
    shell::{Crumb, PageInfo, shell},
    url,
};

/// What the list is called in addresses where it shows all.
pub const ALL: &str = "all";

/// The page.
#[must_use]
pub fn page(view: &RequestsView) -> AnyView {
    let path = &view.dataset.path;
    let here = request::list_address(path);
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::here("Merge requests"));
    let new = view.may_propose.then(|| {
        let href = format!("{here}/new");
        view! { <a class="button button--primary" href=href>"New merge request"</a> }
    });
    let list = if view.requests.is_empty() { empty(view) } else { list(view) };
    let older = view.next.map(|next| {
        let href = address(&here, &view.asked, Some(next));
        view! { <nav class="pager" aria-label="Pages"><a class="button" href=href rel="next">"Older requests"</a></nav> }
    });
    shell(
        PageInfo { title: format!("Merge requests of {}", view.dataset.title), crumbs, ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"Merge requests"</h1>
                </div>
                <div class="head__actions">{new}</div>
            </header>
            {dataset::tabs_of_all(&view.dataset, Tab::Requests)}
            {states(&here, &view.asked)}
            {filter(&here, &view.asked)}
            {list}
            {older}
        },
    )
}

fn state_name(state: Option<RequestState>) -> &'static str {
    state.map_or(ALL, RequestState::as_str)
}

/// The address of a part of the list.
fn address(here: &str, asked: &RequestsAsked, before: Option<u64>) -> String {
    let RequestsAsked { state, label, author, reviewer } = asked;
    let before = before.map(|before| before.to_string()).unwrap_or_default();
    let parts = [
        ("state", state_name(*state)),
        ("label", label),
        ("author", author),
        ("reviewer", reviewer),
        ("before", &before),
    ];
    url::with_query(here, &parts)
}

fn is_filtered(asked: &RequestsAsked) -> bool {
    [&asked.label, &asked.author, &asked.reviewer].iter().any(|text| !text.is_empty())
}

/// The form that asks for a label or a person.
fn filter(here: &str, asked: &RequestsAsked) -> AnyView {
    let field = |name: &'static str, label: &'static str, value: &str| {
        let id = format!("by-{name}");
        view! {
            <div class="asked__field">
                <label for=id.clone()>{label}</label>
                <input class="input input--small" id=id name=name value=value.to_owned() autocomplete="off" />
            </div>
        }
    };
    let everything = is_filtered(asked).then(|| {
        let href = address(here, &RequestsAsked { state: asked.state, ..RequestsAsked::default() }, None);
        view! { <a class="button button--small" href=href>"Without this filter"</a> }
    });
    view! {
        <form class="asked" method="get" action=here.to_owned()>
            <input type="hidden" name="state" value=state_name(asked.state) />
            {field("label", "Label", &asked.label)}
            {field("author", "Opened by", &asked.author)}
            {field("reviewer", "To be reviewed by", &asked.reviewer)}
            <button class="button button--small" type="submit">"Filter"</button>
            {everything}
        </form>
    }
    .into_any()
}

/// The ways to the lists of the other states.
fn states(here: &str, current: &RequestsAsked) -> AnyView {
    let states: Vec<_> = [
        ("Open", Some(RequestState::Open)),
        ("Merged", Some(RequestState::Merged)),
        ("Closed", Some(RequestState::Closed)),
        ("All", None),
    ]
    .into_iter()
    .map(|(label, state)| {
        let href = address(here, &RequestsAsked { state, ..current.clone() }, None);
        view! { <li><a href=href aria-current=(state == current.state).then_some("page")>{label}</a></li> }
    })
    .collect();
    view! { <nav class="filters" aria-label="State"><ul>{states}</ul></nav> }.into_any()
}

fn empty(view: &RequestsView) -> AnyView {
    let words = match view.asked.state {
        _ if is_filtered(&view.asked) => "No merge requests like that",
        Some(RequestState::Open) => "No open merge requests",
        Some(RequestState::Merged) => "Nothing was merged by a request yet",
        Some(RequestState::Closed) => "No closed merge requests",
        None => "No merge requests yet",
    };
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>{words}</h2>
            <p>
                "A merge request offers the changes of a branch or of a fork: others look at them, say what they think, \
                 and merge them."
            </p>
        </section>
    }
    .into_any()
}

fn list(view: &RequestsView) -> AnyView {
    let items: Vec<_> = view.requests.iter().map(|item| line(view, item)).collect();
    view! { <ol class="requests">{items}</ol> }.into_any()
}

/// Labels, each of which leads to the requests that have it.
fn labels(view: &RequestsView, item: &RequestSummary) -> Option<AnyView> {
    let here = request::list_address(&view.dataset.path);
    let labels: Vec<_> = item
        .labels
        .iter()
        .map(|label| {
            let asked = RequestsAsked { label: label.clone(), ..view.asked.clone() };
            let href = address(&here, &asked, None);
            view! { <li><a class="label" href=href>{label.clone()}</a></li> }
        })
        .collect();
    (!labels.is_empty()).then(|| view! { <ul class="labels" aria-label="Labels">{labels}</ul> }.into_any())
}

fn line(view: &RequestsView, item: &RequestSummary) -> AnyView {
    let href = request::address(&view.dataset.path, item.number);
    let reviewers = (!item.reviewers.is_empty()).then(|| format!(" · to be reviewed by {}", item.reviewers.join(", ")));
    view! {
        <li class="requests__item">
            <div class="requests__line">
                <a class="requests__title" href=href>{item.title.clone()}</a>
                {request::badge(item)}
                {labels(view, item)}
            </div>
            <p class="river__meta">
                {format!("#{} by {}, ", item.number, item.author)}{time(item.created_at)}
                {format!(" · {} → {}", request::source_name(&item.source), item.target)}
                {reviewers}
            </p>
        </li>
    }
    .into_any()
}
