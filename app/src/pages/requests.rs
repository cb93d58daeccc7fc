//! The merge requests of a dataset.

use hub::{RequestState, RequestSummary, RequestsView};
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
        let parts = [("state", state_name(view.state)), ("before", &next.to_string())];
        let href = url::with_query(&here, &parts);
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
            {states(&here, view.state)}
            {list}
            {older}
        },
    )
}

fn state_name(state: Option<RequestState>) -> &'static str {
    state.map_or(ALL, RequestState::as_str)
}

/// The ways to the lists of the other states.
fn states(here: &str, current: Option<RequestState>) -> AnyView {
    let states: Vec<_> = [
        ("Open", Some(RequestState::Open)),
        ("Merged", Some(RequestState::Merged)),
        ("Closed", Some(RequestState::Closed)),
        ("All", None),
    ]
    .into_iter()
    .map(|(label, state)| {
        let href = url::with_query(here, &[("state", state_name(state))]);
        view! { <li><a href=href aria-current=(state == current).then_some("page")>{label}</a></li> }
    })
    .collect();
    view! { <nav class="filters" aria-label="State"><ul>{states}</ul></nav> }.into_any()
}

fn empty(view: &RequestsView) -> AnyView {
    let words = match view.state {
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

fn line(view: &RequestsView, item: &RequestSummary) -> AnyView {
    let href = request::address(&view.dataset.path, item.number);
    let reviewers = (!item.reviewers.is_empty()).then(|| format!(" · to be reviewed by {}", item.reviewers.join(", ")));
    view! {
        <li class="requests__item">
            <div class="requests__line">
                <a class="requests__title" href=href>{item.title.clone()}</a>
                {request::badge(item)}
                {request::labels(item)}
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
